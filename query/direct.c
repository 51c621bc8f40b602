/* Keys from pages: see direct.h; the bytes are those of group_key. */
#include "query/direct.h"

#include <string.h>

#include "query/spill.h"

bool
direct_can(const struct group *g)
{
	if (g->out || g->bidir || g->series != NULL ||
	    group_key_max(g) > DIRECT_KEY_MAX)
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

/* Big-endian, width bytes. */
static inline void
put_number(uint8_t *to, int64_t v, unsigned width)
{
	for (unsigned i = width; i-- > 0;) {
		to[i] = (uint8_t)v;
		v >>= 8;
	}
}

/* What the column cannot hold (a shard may lie) counts as not sent. */
static inline bool
fits(int64_t v, unsigned width)
{
	return width == 8 || (uint64_t)v >> (8 * width) == 0;
}

/*
 * A key of one part, as nearly all are: at most three words.  Its length, 0:
 * the row is not counted.
 */
static inline size_t
make_short(const struct direct *d, const struct btree_rows *r, unsigned side,
    size_t i, uint64_t *words)
{
	uint8_t *out = (uint8_t *)words;
	unsigned place = d->place[side], width = d->part[0].width;

	words[0] = 0;
	out[0] = 1;
	if (r->null[place][i])
		return 0;
	if (width > 0) {
		int64_t v = r->value[place][i];

		words[1] = 0;
		put_number(out + 1, v, width);
		return fits(v, width) ? 1 + width : 0;
	}
	if (r->length[place][i] == 4) {
		memcpy(out + 1, r->blob[place][i], 4);
		return 5;
	}
	if (r->length[place][i] != 16)
		return 0;
	words[1] = words[2] = 0;
	out[0] = 2;
	memcpy(out + 1, r->blob[place][i], 16);
	return 17;
}

/* The key, padded with zeros; its length, 0: the row is not counted. */
static inline size_t
make_key(const struct direct *d, const struct btree_rows *r, unsigned side,
    size_t i, uint64_t *words)
{
	uint8_t *out = (uint8_t *)words;
	size_t at = d->head;

	words[0] = words[1] = words[2] = words[3] = words[4] = words[5] = 0;
	for (unsigned k = 0; k < d->n; k++) {
		unsigned place = k == 0 ? d->place[side] : d->part[k].place;
		unsigned width = d->part[k].width, state = 1;

		if (r->null[place][i]) {
			if (d->required && k == 0)
				return 0;
			continue;
		}
		if (width > 0 && fits(r->value[place][i], width)) {
			put_number(out + at, r->value[place][i], width);
			at += width;
		} else if (width == 0 && r->length[place][i] == 4) {
			memcpy(out + at, r->blob[place][i], 4);
			at += 4;
		} else if (width == 0 && r->length[place][i] == 16) {
			memcpy(out + at, r->blob[place][i], 16);
			at += 16;
			state = 2;
		} else {
			if (d->required && k == 0)
				return 0;
			continue;
		}
		out[k / 4] |= (uint8_t)(state << (k % 4 * 2));
	}
	return at;
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

int
direct_add(const struct direct *d, const struct btree_rows *r, size_t i,
    unsigned from, unsigned to, const struct tally_sum *sum, struct err *err)
{
	uint64_t key[DIRECT_KEY_MAX / sizeof(uint64_t)];

	for (unsigned side = from; side < to; side++) {
		size_t len = d->n == 1 && d->required ?
		    make_short(d, r, side, i, key) :
		    make_key(d, r, side, i, key);

		if (len == 0 || (side > from &&
		    counted_before(d, r, from, side, i)))
			continue;
		if (tally_put_words(d->group->tally, key, len, sum) == -1 &&
		    spill_full(d->group->spill, d->group->tally, key, len, sum,
		    err) == -1)
			return -1;
	}
	return 0;
}
