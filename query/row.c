/* Rates of a row: see row.h. */
#include "query/row.h"

__extension__ typedef unsigned __int128 wide;

int64_t
rate_of(int64_t count, int64_t factor, int64_t divisor)
{
	wide v;

	if (divisor <= 0 || count <= 0 || factor <= 0)
		return 0;
	v = (wide)count * (wide)factor / (wide)divisor;
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

int64_t
span_of(int64_t first_ms, int64_t last_ms)
{
	int64_t span;

	if (last_ms <= first_ms)
		return 0;
	return __builtin_sub_overflow(last_ms, first_ms, &span) ? INT64_MAX :
	    span;
}

static unsigned
place_bit(enum geo_what what, bool dst)
{
	return 1U << ((unsigned)what * 2 + dst);
}

bool
row_place(const struct row *r, enum geo_what what, enum column c,
    uint32_t *out)
{
	bool dst = c == COL_dst_addr;

	if ((r->placed & place_bit(what, dst)) != 0) {
		*out = r->place[dst][what];
		return true;
	}
	if (!geo_knows(r->geo, what) || !flow_has(&r->flow, c))
		return false;
	*out = geo_find(r->geo, what, dst ? &r->flow.dst_addr :
	    &r->flow.src_addr);
	return true;
}

void
row_set_place(struct row *r, enum geo_what what, enum column c,
    uint32_t value)
{
	bool dst = c == COL_dst_addr;

	r->place[dst][what] = value;
	r->placed |= (uint8_t)place_bit(what, dst);
}

static int64_t
counter(const struct flow *f, enum column c, uint64_t v)
{
	if (!flow_has(f, c))
		return 0;
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

int64_t
row_packets(const struct row *r)
{
	return counter(&r->flow, COL_packets, r->flow.packets);
}

int64_t
row_bytes(const struct row *r)
{
	return counter(&r->flow, COL_bytes, r->flow.bytes);
}

static int64_t
duration(const struct row *r)
{
	return flow_has(&r->flow, COL_duration_ms) ? r->flow.duration_ms : 0;
}

int64_t
row_last_ms(const struct row *r)
{
	int64_t last;

	if (!flow_has(&r->flow, COL_first_ms))
		return 0;
	if (__builtin_add_overflow(r->flow.first_ms, duration(r), &last))
		return INT64_MAX;
	return last;
}

int64_t
row_pps(const struct row *r)
{
	return rate_of(row_packets(r), 1000, duration(r));
}

int64_t
row_bps(const struct row *r)
{
	return rate_of(row_bytes(r), 8000, duration(r));
}

int64_t
row_bpp(const struct row *r)
{
	return rate_of(row_bytes(r), 1, row_packets(r));
}

static void
scale(struct flow *f, enum column c, uint64_t *counter, uint32_t rate)
{
	int64_t n = (int64_t)*counter;

	if (flow_has(f, c) && rate > 1 && n > 0)
		*counter = (uint64_t)(n > INT64_MAX / rate ? INT64_MAX :
		    n * rate);
}

void
row_scale(struct flow *f, uint32_t rate)
{
	scale(f, COL_packets, &f->packets, rate);
	scale(f, COL_bytes, &f->bytes, rate);
}

void
row_scale_out(struct flow *f, uint32_t rate)
{
	scale(f, COL_out_packets, &f->out_packets, rate);
	scale(f, COL_out_bytes, &f->out_bytes, rate);
}

bool
row_is_icmp(const struct row *r)
{
	return flow_has(&r->flow, COL_proto) &&
	    (r->flow.proto == 1 || r->flow.proto == 58);
}
