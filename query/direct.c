/* Keys from pages: see direct.h; the bytes are those of group_key. */
#include "query/direct.h"

#include <endian.h>
#include <string.h>

#include "query/spill.h"

/* A full one is followed by an empty one. */
#define KEY_WORDS	(DIRECT_KEY_MAX / sizeof(uint64_t) + 1)

bool
direct_can(const struct group *g)
{
	if (g->out || g->bidir || g->series != NULL ||
	    group_key_max(g) > DIRECT_KEY_MAX ||
	    group_head(g) >= sizeof(uint64_t))
		return false;
	for (size_t i = 0; i < g->n; i++) {
		const struct group_part *p = &g->part[i];

		if (p->mask != -1 || p->bits4 != 32 || p->bits6 != 128 ||
		    p->info->place != GEO_NOTHING)
			return false;
		for (unsigned k = 0; k < p->info->n_sides; k++) {
			if (p->info->side[k] == STAT_EXPORTER)
				return false;
		}
	}
	return true;
}

void
direct_make(struct direct *d, struct feed_group *fg, const int *place)
{
	const struct group *g = fg->group;

	*d = (struct direct){ .group = fg, .n_sides = group_sides(g),
		.n = (unsigned)g->n, .head = (unsigned)group_head(g),
		.required = g->kind == GROUP_STAT };
	for (unsigned k = 0; k < d->n_sides; k++)
		d->place[k] = (uint8_t)place[g->part[0].info->side[k]];
	for (size_t i = 0; i < g->n; i++) {
		enum column c = (enum column)g->part[i].info->side[0];

		d->part[i].place = (uint8_t)place[c];
		d->part[i].width = column_info(c)->type == CT_ADDR ? 0 :
		    (uint8_t)datum_width(c);
	}
}

/*
 * A key is put together in a register, word by word: bytes that are written
 * one by one are slow to read as a word right after.
 */
struct packer {
	uint64_t	*words;
	uint64_t	 last;		/* big-endian; the word that is next */
	unsigned	 bits;		/* of it */
};

/* Puts the lower width bytes, 1 to 8, of v, which has no more. */
static inline void
put_number(struct packer *p, uint64_t v, unsigned width)
{
	unsigned room = 64 - p->bits, bits = 8 * width;

	if (bits < room) {
		p->last |= v << (room - bits);
		p->bits += bits;
		return;
	}
	bits -= room;
	*p->words++ = htobe64(p->last | v >> bits);
	p->last = bits == 0 ? 0 : v << (64 - bits);
	p->bits = bits;
}

/* Puts an address; its state, 0: it is none. */
static inline uint64_t
put_address(struct packer *p, const uint8_t *addr, unsigned len)
{
	uint64_t high, low;
	uint32_t four;

	if (len == 4) {
		memcpy(&four, addr, sizeof(four));
		put_number(p, be32toh(four), 4);
		return 1;
	}
	if (len != 16)
		return 0;
	memcpy(&high, addr, sizeof(high));
	memcpy(&low, addr + 8, sizeof(low));
	put_number(p, be64toh(high), 8);
	put_number(p, be64toh(low), 8);
	return 2;
}

/* What the column cannot hold (a shard may lie) counts as not sent. */
static inline bool
fits(int64_t v, unsigned width)
{
	return width == 8 || (uint64_t)v >> (8 * width) == 0;
}

/* Puts a value; its state, 0: it was not sent. */
static inline uint64_t
put_value(struct packer *p, const struct btree_rows *r, unsigned place,
    unsigned width, size_t i)
{
	if (r->null[place][i])
		return 0;
	if (width == 0)
		return put_address(p, r->blob[place][i], r->length[place][i]);
	if (!fits(r->value[place][i], width))
		return 0;
	put_number(p, (uint64_t)r->value[place][i], width);
	return 1;
}

/* The key, padded with zeros; its length, 0: the row is not counted. */
static inline size_t
make_key(const struct direct *d, const struct btree_rows *r, unsigned side,
    size_t i, uint64_t words[KEY_WORDS])
{
	struct packer p = { .words = words, .bits = 8 * d->head };
	uint64_t states = 0;

	for (unsigned k = 0; k < d->n; k++) {
		uint64_t state = put_value(&p, r, k == 0 ? d->place[side] :
		    d->part[k].place, d->part[k].width, i);

		if (state == 0 && k == 0 && d->required)
			return 0;
		/* the first of four stands lowest in its byte */
		states |= state << (56 - k / 4 * 8 + k % 4 * 2);
	}
	*p.words = htobe64(p.last);
	words[0] |= htobe64(states);
	return (size_t)(p.words - words) * sizeof(*words) + p.bits / 8;
}

/* Is the row counted under an earlier one of these sides? */
static bool
counted_before(const struct direct *d, const struct btree_rows *r,
    unsigned from, unsigned side, size_t i)
{
	unsigned b = d->place[side];

	for (unsigned k = from; k < side; k++) {
		unsigned a = d->place[k];

		if (r->null[a][i] || r->null[b][i])
			continue;
		if (r->blob[a] == NULL ? r->value[a][i] == r->value[b][i] :
		    r->length[a][i] == r->length[b][i] &&
		    memcmp(r->blob[a][i], r->blob[b][i],
		    r->length[a][i]) == 0)
			return true;
	}
	return false;
}

static int
add_side(const struct direct *d, const struct direct_rows *rows,
    unsigned from, unsigned side, struct err *err)
{
	const struct btree_rows *r = rows->r;
	struct tally *tally = d->group->tally;
	uint64_t key[KEY_WORDS];

	for (size_t k = 0; k < rows->n; k++) {
		size_t i = rows->row[k];
		size_t len = make_key(d, r, side, i, key);

		if (len == 0 || (side > from &&
		    counted_before(d, r, from, side, i)))
			continue;
		if (tally_put_words(tally, key, len, &rows->sum[k]) == -1 &&
		    spill_full(d->group->spill, tally, key, len,
		    &rows->sum[k], err) == -1)
			return -1;
	}
	return 0;
}

int
direct_add(const struct direct *d, const struct direct_rows *rows,
    unsigned from, unsigned to, struct err *err)
{
	for (unsigned side = from; side < to; side++) {
		if (add_side(d, rows, from, side, err) == -1)
			return -1;
	}
	return 0;
}
