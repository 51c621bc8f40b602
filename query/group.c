/* Groups: the bytes of keys.  See group.h; group_parse.c reads -s and -A. */
#include "query/group.h"

#include <netinet/in.h>
#include <string.h>

#include "query/row.h"

#define STATES_PER_BYTE	4
#define STATE_BITS	2

enum state { STATE_NULL, STATE_SHORT, STATE_LONG };

unsigned
group_sides(const struct group *g)
{
	return g->kind == GROUP_STAT ? g->part[0].info->n_sides : 1;
}

uint64_t
group_columns(const struct group *g)
{
	uint64_t set = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct group_part *p = &g->part[i];

		for (unsigned s = 0; s < p->info->n_sides; s++)
			set |= flow_bit(p->info->side[s] == STAT_EXPORTER ?
			    COL_exporter : (enum column)p->info->side[s]);
		if (p->mask != -1)
			set |= flow_bit((enum column)p->mask);
	}
	if (g->out)
		set |= flow_bit(COL_out_packets) | flow_bit(COL_out_bytes);
	return set;
}

size_t
group_print_keys(const struct group *g, struct print_key keys[PRINT_KEYS_MAX])
{
	size_t n = g->by_proto ? 1 : g->n;

	for (size_t i = 0; i < n; i++) {
		const struct group_part *p = &g->part[i];

		keys[i] = (struct print_key){ p->name, p->info->heading,
			p->info->place != GEO_NOTHING ?
			PRINT_PLACE(p->info->place, p->info->side[0]) :
			p->info->side[0] == STAT_EXPORTER ? PRINT_EXPORTER :
			p->info->side[0] };
	}
	return n;
}

bool
group_has_place(const struct group *g, enum geo_what what)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->part[i].info->place == what)
			return true;
	}
	return false;
}

static bool
part_is_addr(const struct group_part *p)
{
	return p->info->place == GEO_NOTHING &&
	    (p->info->side[0] == STAT_EXPORTER ||
	    column_info((enum column)p->info->side[0])->type == CT_ADDR);
}

/* Bytes of a part that is a number. */
static unsigned
part_width(const struct group_part *p)
{
	switch (p->info->place) {
	case GEO_COUNTRY:
		return 2;
	case GEO_AS:
		return 4;
	default:
		return datum_width((enum column)p->info->side[0]);
	}
}

/* What the part is made from: the column, or where its address is. */
static struct datum
part_datum(const struct group *g, const struct group_part *p, unsigned which,
    const struct datum *data)
{
	struct datum d = data[which];
	struct addr a;

	if (p->info->place == GEO_NOTHING || d.kind != DATUM_ADDR)
		return d;
	a = addr_from(d.addr, d.len);
	return (struct datum){ .kind = DATUM_NUMBER,
		.number = geo_find(g->geo, p->info->place, &a) };
}

static bool
datum_equal(const struct datum *a, const struct datum *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == DATUM_NUMBER ? a->number == b->number :
	    a->len == b->len && memcmp(a->addr, b->addr, a->len) == 0;
}

size_t
group_head(const struct group *g)
{
	return (g->n + STATES_PER_BYTE - 1) / STATES_PER_BYTE;
}

size_t
group_key_max(const struct group *g)
{
	size_t n = group_head(g) +
	    group_tail(g);

	for (size_t i = 0; i < g->n; i++)
		n += part_is_addr(&g->part[i]) ? 16 : part_width(&g->part[i]);
	return n;
}

size_t
group_tail(const struct group *g)
{
	return g->bidir ? 1 : 0;
}

/* Was this row counted under an earlier side with the same value? */
static bool
counted_before(const struct group *g, const struct datum *data,
    unsigned side, const struct datum *value)
{
	const struct group_part *p = &g->part[0];

	for (unsigned s = 0; s < side; s++) {
		struct datum other = part_datum(g, p, p->info->side[s], data);

		if (datum_equal(&other, value))
			return true;
	}
	return false;
}

/* Prefix length that an address of this length is cut to. */
static unsigned
part_bits(const struct group_part *p, const struct datum *data, uint8_t len)
{
	unsigned bits = len == 4 ? p->bits4 : p->bits6;

	if (p->mask != -1 && data[p->mask].kind == DATUM_NUMBER &&
	    data[p->mask].number >= 0 && data[p->mask].number <= (int64_t)len * 8)
		bits = (unsigned)data[p->mask].number;
	return bits;
}

static void
put_addr(uint8_t *to, const uint8_t *from, unsigned len, unsigned bits)
{
	memcpy(to, from, len);
	if (bits >= len * 8)
		return;
	to[bits / 8] &= (uint8_t)(0xff00U >> (bits % 8));
	memset(to + bits / 8 + 1, 0, len - bits / 8 - 1);
}

static void
put_number(uint8_t *to, int64_t v, unsigned width)
{
	for (unsigned i = width; i-- > 0;) {
		to[i] = (uint8_t)v;
		v >>= 8;
	}
}

/* What the column cannot hold (a shard may lie) counts as not sent. */
static bool
number_fits(int64_t v, unsigned width)
{
	return width == 8 || (uint64_t)v >> (8 * width) == 0;
}

static int
datum_compare(const struct datum *a, const struct datum *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == DATUM_NUMBER && a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->kind == DATUM_ADDR && a->len != b->len)
		return a->len - b->len;
	return a->kind == DATUM_ADDR ? memcmp(a->addr, b->addr, a->len) : 0;
}

static bool
swaps_ports(const struct datum *proto)
{
	return proto->kind != DATUM_NUMBER || (proto->number != IPPROTO_ICMP &&
	    proto->number != IPPROTO_ICMPV6);
}

/* The smaller end of a conversation first; ICMP has no ports to swap. */
static bool
ends_swapped(const struct datum *data)
{
	int c = datum_compare(&data[COL_src_addr], &data[COL_dst_addr]);

	if (c == 0 && swaps_ports(&data[COL_proto]))
		c = datum_compare(&data[COL_src_port], &data[COL_dst_port]);
	return c > 0;
}

/* The column of the other end; itself when there is none. */
static unsigned
other_end(unsigned column, bool ports)
{
	switch (column) {
	case COL_src_addr:
		return COL_dst_addr;
	case COL_dst_addr:
		return COL_src_addr;
	case COL_src_port:
		return ports ? COL_dst_port : column;
	case COL_dst_port:
		return ports ? COL_src_port : column;
	default:
		return column;
	}
}

size_t
group_key(const struct group *g, const struct datum *data, unsigned side,
    uint8_t out[TALLY_KEY_MAX])
{
	bool swap = g->bidir && ends_swapped(data);
	size_t at = group_head(g);

	memset(out, 0, at);
	for (size_t i = 0; i < g->n; i++) {
		const struct group_part *p = &g->part[i];
		unsigned which = p->info->side[i == 0 ? side : 0];
		struct datum c = part_datum(g, p, swap ? other_end(which,
		    swaps_ports(&data[COL_proto])) : which, data);
		unsigned width = c.kind == DATUM_NUMBER ? part_width(p) : 0;
		enum state state = STATE_NULL;

		if (width > 0 && number_fits(c.number, width)) {
			put_number(out + at, c.number, width);
			at += width;
			state = STATE_SHORT;
		} else if (c.kind == DATUM_ADDR) {
			put_addr(out + at, c.addr, c.len,
			    part_bits(p, data, c.len));
			at += c.len;
			state = c.len == 4 ? STATE_SHORT : STATE_LONG;
		} else if (g->kind == GROUP_STAT && i == 0) {
			return 0;
		}
		if (i == 0 && side > 0 &&
		    counted_before(g, data, side, &c))
			return 0;
		out[i / STATES_PER_BYTE] |= (uint8_t)(state <<
		    (i % STATES_PER_BYTE * STATE_BITS));
	}
	if (g->bidir)
		out[at++] = swap;
	return at;
}

/* Walks through the parts of a key. */
struct reader {
	const struct group	*g;
	const uint8_t		*states;
	const uint8_t		*value;
	size_t			 i;
};

static void
reader_begin(struct reader *r, const struct group *g, const uint8_t *key)
{
	*r = (struct reader){ .g = g, .states = key, .value = key +
		group_head(g) };
}

/* The next part as a datum; its state. */
static enum state
reader_next(struct reader *r, struct datum *c)
{
	const struct group_part *p = &r->g->part[r->i];
	enum state state = (enum state)(r->states[r->i / STATES_PER_BYTE] >>
	    (r->i % STATES_PER_BYTE * STATE_BITS) & 3);

	*c = (struct datum){ .kind = DATUM_NULL };
	r->i++;
	if (state == STATE_NULL)
		return state;
	if (part_is_addr(p)) {
		c->kind = DATUM_ADDR;
		c->len = state == STATE_SHORT ? 4 : 16;
		c->addr = r->value;
		r->value += c->len;
	} else {
		unsigned width = part_width(p);

		c->kind = DATUM_NUMBER;
		for (unsigned k = 0; k < width; k++)
			c->number = (int64_t)((uint64_t)c->number << 8 |
			    *r->value++);
	}
	return state;
}

void
group_row(const struct group *g, const uint8_t *key, size_t len,
    const struct tally_sum *sum, struct row *out)
{
	bool swap = g->bidir && key[len - 1] != 0, ports = true;
	struct flow *f = &out->flow;
	struct reader r;
	struct datum c;

	f->set = 0;
	out->flows = sum->flows;
	out->exporter = (struct row_exporter){ .name = NULL };
	out->geo = g->geo;
	out->placed = 0;
	reader_begin(&r, g, key);
	for (size_t i = 0; i < g->n; i++) {
		unsigned which = g->part[i].info->side[0];

		(void)reader_next(&r, &c);
		if (which == COL_proto)
			ports = swaps_ports(&c);
		if (g->part[i].info->place != GEO_NOTHING) {
			if (c.kind == DATUM_NUMBER)
				row_set_place(out, g->part[i].info->place,
				    (enum column)which, (uint32_t)c.number);
		} else if (which != STAT_EXPORTER)
			datum_to_flow(&c, f, (enum column)(swap ?
			    other_end(which, ports) : which));
		else if (c.kind == DATUM_ADDR)
			out->exporter.address = addr_from(c.addr, c.len);
	}
	f->first_ms = sum->first_ms;
	f->duration_ms = span_of(sum->first_ms, sum->last_ms);
	f->packets = (uint64_t)sum->packets;
	f->bytes = (uint64_t)sum->bytes;
	f->set |= flow_bit(COL_first_ms) | flow_bit(COL_duration_ms) |
	    flow_bit(COL_packets) | flow_bit(COL_bytes);
	if (g->kind == GROUP_RECORD) {
		f->tcp_flags = sum->tcp_flags;
		f->set |= flow_bit(COL_tcp_flags);
	}
}

size_t
group_sort_key(const struct group *g, const uint8_t *key, uint8_t *out)
{
	struct reader r;
	struct datum c;
	size_t at = 0;

	reader_begin(&r, g, key);
	for (size_t i = 0; i < g->n; i++) {
		const uint8_t *value = r.value;

		out[at++] = (uint8_t)reader_next(&r, &c);
		memcpy(out + at, value, (size_t)(r.value - value));
		at += (size_t)(r.value - value);
	}
	return at;
}

int
group_compare(const struct group *g, const uint8_t *a, const uint8_t *b)
{
	struct reader ra, rb;
	struct datum ca, cb;

	reader_begin(&ra, g, a);
	reader_begin(&rb, g, b);
	for (size_t i = 0; i < g->n; i++) {
		int sa = (int)reader_next(&ra, &ca);
		int sb = (int)reader_next(&rb, &cb), c;

		if (sa != sb)
			return sa - sb;
		if (ca.kind == DATUM_ADDR && cb.kind == DATUM_ADDR) {
			c = memcmp(ca.addr, cb.addr, ca.len);
			if (c != 0)
				return c;
		} else if (ca.kind == DATUM_NUMBER && ca.number != cb.number) {
			return ca.number < cb.number ? -1 : 1;
		}
	}
	return 0;
}
