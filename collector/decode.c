/*
 * From record to flow: see decode.h.  steps_run is the hot loop of the whole
 * program: it runs for each record, about 20 steps each, and trusts the
 * template, whose lengths have been checked against the record before.
 */
#include "collector/decode.h"

#include <string.h>

#include "collector/cursor.h"

#define NTP_UNIX	INT64_C(2208988800)	/* 1900 to 1970, seconds */
#define NTP_ERA		(INT64_C(1) << 32)	/* seconds until 2036 */
#define UPTIME_WRAP	(INT64_C(1) << 32)	/* ms */

#define PROTO_ICMP	1
#define PROTO_TCP	6
#define PROTO_ICMP6	58

/* The value that a variable field holds. */
struct value {
	const uint8_t	*p;
	size_t		 len;
};

struct run {
	struct flow		*f;
	struct slots		*s;
	struct decode_odd	*odd;
};

static inline void *
member(struct flow *f, uint16_t offset)
{
	return (char *)f + offset;
}

/* A number into a column of any number type; false: it does not fit. */
static bool
put_number(struct flow *f, enum column c, uint64_t v)
{
	const struct column_info *ci = column_info(c);
	void *to = (char *)f + ci->offset;
	uint8_t u8 = (uint8_t)v;
	uint16_t u16 = (uint16_t)v;
	uint32_t u32 = (uint32_t)v;

	switch (ci->type) {
	case CT_FLAGS:
		/* IPFIX has 16 bits; the upper ones are not TCP's flags */
		memcpy(to, &u8, sizeof(u8));
		return true;
	case CT_U8:
	case CT_PROTO:
		memcpy(to, &u8, sizeof(u8));
		return v <= UINT8_MAX;
	case CT_U16:
		memcpy(to, &u16, sizeof(u16));
		return v <= UINT16_MAX;
	case CT_U32:
		memcpy(to, &u32, sizeof(u32));
		return v <= UINT32_MAX;
	default:
		memcpy(to, &v, sizeof(v));
		return v <= FLOW_COUNT_MAX;
	}
}

/* An application id: classification engine, then the selector, RFC 6759. */
static bool
app_id(const uint8_t *p, size_t len, uint64_t *out)
{
	uint64_t selector;

	if (len < 2 || len > 8)
		return false;
	selector = be_any(p + 1, len - 1);
	*out = (uint64_t)p[0] << 24 | selector;
	return selector >> 24 == 0;
}

static void
put_pair(struct slots *s, const struct step *st, const uint8_t *p, size_t len)
{
	unsigned i = st->dst;

	if (column_info((enum column)st->target)->type == CT_ADDR) {
		if (len != (st->pair == VARIANT_IP6 ? 16 : 4))
			return;
		s->addr[i] = addr_from(p, len);
	} else {
		uint64_t v;

		if (len == 0 || len > 8 || (v = be_any(p, len)) > UINT16_MAX)
			return;
		s->number[i] = (uint16_t)v;
	}
	s->pairs |= UINT32_C(1) << i;
}

/* Any length into any column; false: the column has no value. */
static bool
put_column(struct run *r, const struct step *st, const uint8_t *p, size_t len)
{
	enum column c = (enum column)st->target;
	enum coltype type = column_info(c)->type;
	uint64_t v;

	if (type == CT_ADDR) {
		struct addr a;

		if (len != 4 && len != 16)
			return false;
		a = addr_from(p, len);
		memcpy(member(r->f, st->dst), &a, sizeof(a));
		return true;
	}
	if (len == 0 || len > 8 || (type == CT_MAC && len != 6))
		return false;
	v = be_any(p, len);
	if (type == CT_MAC) {
		memcpy(member(r->f, st->dst), &v, sizeof(v));
		return true;
	}
	if (st->app && !app_id(p, len, &v))
		return false;
	if (!put_number(r->f, c, v)) {
		r->odd->implausible++;
		return false;
	}
	return true;
}

/* STEP_FIELD and STEP_VALUE: what is rare, by the target's type. */
static void
put_any(struct run *r, const struct step *st, const uint8_t *p, size_t len)
{
	if (st->target >= COLUMN_COUNT) {
		unsigned slot = st->dst;
		bool ok = len >= 1 && len <= 8;

		if ((slot == SLOT_START_NTP || slot == SLOT_END_NTP) &&
		    len != 8)
			ok = false;
		if (ok)
			r->s->num[slot] = be_any(p, len);
		else
			r->s->sent &= ~SLOT_BIT(slot);
	} else if (st->pair != 0)
		put_pair(r->s, st, p, len);
	else if (!put_column(r, st, p, len))
		r->f->set &= ~flow_bit((enum column)st->target);
}

/* A length prefix of 1 or 3 bytes, RFC 7011 section 7. */
static bool
read_variable(const uint8_t *p, const uint8_t *end, size_t after,
    struct value *v)
{
	v->len = *p++;
	if (v->len == 255) {
		if (end - p < 2)
			return false;
		v->len = be16(p);
		p += 2;
	}
	v->p = p;
	return (size_t)(end - p) >= v->len + after;
}

#define STORE(type, v)	do {						\
	type store_ = (v);						\
	memcpy(member(f, st->dst), &store_, sizeof(store_));		\
} while (0)

/* Returns where the record ends, NULL when it is cut. */
static const uint8_t *
steps_run(const struct template *t, const uint8_t *base, const uint8_t *end,
    struct run *r)
{
	struct flow *f = r->f;
	struct slots *s = r->s;
	const struct step *st = t->steps, *last = st + t->n_steps;
	struct value val = { base, 0 };
	uint64_t v;
	size_t tail = t->first_len;

	for (; st < last; st++) {
		const uint8_t *p = base + st->off;

		switch ((enum step_op)st->op) {
		case STEP_U8:
			STORE(uint8_t, *p);
			break;
		case STEP_U16:
			STORE(uint16_t, be16(p));
			break;
		case STEP_U32:
			STORE(uint32_t, be32(p));
			break;
		case STEP_U32_FROM_16:
			STORE(uint32_t, be16(p));
			break;
		case STEP_COUNT_FROM_32:
			STORE(uint64_t, be32(p));
			break;
		case STEP_COUNT_FROM_64:
			v = be64(p);
			STORE(uint64_t, v);
			if (v > FLOW_COUNT_MAX) {
				f->set &= ~flow_bit((enum column)st->target);
				r->odd->implausible++;
			}
			break;
		case STEP_MAC:
			STORE(uint64_t, (uint64_t)be16(p) << 32 | be32(p + 2));
			break;
		case STEP_ADDR4:
			memcpy(member(f, st->dst), p, 4);
			((struct addr *)member(f, st->dst))->len = 4;
			break;
		case STEP_ADDR16:
			memcpy(member(f, st->dst), p, 16);
			((struct addr *)member(f, st->dst))->len = 16;
			break;
		case STEP_SLOT_8:
			s->num[st->dst] = *p;
			break;
		case STEP_SLOT_16:
			s->num[st->dst] = be16(p);
			break;
		case STEP_SLOT_32:
			s->num[st->dst] = be32(p);
			break;
		case STEP_SLOT_64:
			s->num[st->dst] = be64(p);
			break;
		case STEP_FIELD:
			put_any(r, st, p, st->len);
			break;
		case STEP_VARIABLE:
			if (!read_variable(p, end, st->len, &val))
				return NULL;
			base = val.p + val.len;
			tail = st->len;
			break;
		case STEP_VALUE:
			put_any(r, st, val.p, val.len);
			break;
		}
	}
	return base + tail;
}

static bool
is_zero(const struct addr *a)
{
	uint8_t any = 0;

	for (size_t i = 0; i < a->len; i++)
		any |= a->bytes[i];
	return any == 0;
}

static bool
pair_sent(const struct slots *s, int pair, int v)
{
	return s->pairs >> (2 * pair + v) & 1;
}

static bool
pair_nonzero(const struct slots *s, int pair, int v)
{
	return pair_sent(s, pair, v) && !is_zero(&s->addr[2 * pair + v]);
}

/* Which family's addresses does a record with room for both mean? */
static int
family_of(const struct template *t, const struct slots *s)
{
	bool nonzero[2];
	const struct step *st = t->steps;

	if (s->sent & SLOT_BIT(SLOT_IP_VERSION)) {
		if (s->num[SLOT_IP_VERSION] == 4)
			return 0;
		if (s->num[SLOT_IP_VERSION] == 6)
			return 1;
	}
	for (int v = 0; v < 2; v++)
		nonzero[v] = pair_nonzero(s, 0, v) || pair_nonzero(s, 1, v);
	if (nonzero[0] != nonzero[1])
		return nonzero[1];
	/* the pair that comes first in the template */
	while (st->pair == 0 || (st->target != COL_src_addr &&
	    st->target != COL_dst_addr))
		st++;
	return st->pair == VARIANT_IP6;
}

/* Which of two addresses that need not be of the flow's family? */
static int
choose_addr(const struct slots *s, int pair, int family)
{
	for (int i = 0; i < 2; i++)
		if (pair_nonzero(s, pair, i == 0 ? family : !family))
			return i == 0 ? family : !family;
	return pair_sent(s, pair, family) ? family : !family;
}

static int
choose_port(const struct flow *f, const struct slots *s, int pair)
{
	int v = flow_has(f, COL_proto) && f->proto == PROTO_TCP;

	return pair_sent(s, pair, v) ? v : !v;
}

static void
choose_pairs(const struct template *t, const struct slots *s, struct flow *f)
{
	int family = 0;

	if (t->pairs & 0xf)
		family = family_of(t, s);
	else if (flow_has(f, COL_src_addr))
		family = f->src_addr.len == 16;
	else if (flow_has(f, COL_dst_addr))
		family = f->dst_addr.len == 16;
	for (int i = 0; i < PAIR_COUNT; i++) {
		enum column c = (enum column)element_pair_column[i];
		int v = family;

		if ((s->pairs >> (2 * i) & 3) == 0)
			continue;
		if (c == COL_src_port || c == COL_dst_port)
			v = choose_port(f, s, i);
		else if (c != COL_src_addr && c != COL_dst_addr &&
		    column_info(c)->type == CT_ADDR)
			v = choose_addr(s, i, family);
		if (!pair_sent(s, i, v))
			continue;
		if (column_info(c)->type == CT_ADDR)
			memcpy((char *)f + column_info(c)->offset,
			    &s->addr[2 * i + v], sizeof(struct addr));
		else if (!put_number(f, c, s->number[2 * i + v]))
			continue;
		f->set |= flow_bit(c);
	}
}

/* type * 256 + code from one family's three slots, of which both is first. */
static bool
icmp_of(const struct slots *s, enum slot both, uint16_t *out)
{
	uint64_t sent = s->sent >> both;
	const uint64_t *num = &s->num[both];

	if (sent & 2)
		*out = (uint16_t)((num[1] & 0xff) << 8 |
		    (sent & 4 ? num[2] & 0xff : 0));
	else if (sent & 1)
		*out = (uint16_t)num[0];
	return (sent & 3) != 0;
}

static void
set_icmp(const struct slots *s, struct flow *f)
{
	enum slot own = f->proto == PROTO_ICMP ? SLOT_ICMP4 : SLOT_ICMP6;
	enum slot other = f->proto == PROTO_ICMP ? SLOT_ICMP6 : SLOT_ICMP4;

	if (icmp_of(s, own, &f->dst_port) || icmp_of(s, other, &f->dst_port))
		f->set |= flow_bit(COL_dst_port);
	else if (!flow_has(f, COL_dst_port))
		return;
	f->src_port = 0;
	f->set |= flow_bit(COL_src_port);
}

static bool
uptime_time(const struct slots *s, const struct decode_base *b, uint64_t v,
    int64_t *ms)
{
	int64_t init = b->init_ms, off;

	if (b->version != 10) {
		/* a flow may be older than the exporter, or end after export */
		*ms = b->export_ms - (int32_t)(b->uptime_ms - (uint32_t)v);
		return true;
	}
	if (s->sent & SLOT_BIT(SLOT_INIT_MS) &&
	    s->num[SLOT_INIT_MS] <= FLOW_COUNT_MAX)
		init = (int64_t)s->num[SLOT_INIT_MS];
	if (init == 0 || v > FLOW_COUNT_MAX)
		return false;
	*ms = init + (int64_t)v;
	/* the start stays, but 32 bits of uptime wrap after 49.7 days */
	off = b->export_ms - *ms;
	if (v <= UINT32_MAX && off > UPTIME_WRAP / 2)
		*ms += (off + UPTIME_WRAP / 2) / UPTIME_WRAP * UPTIME_WRAP;
	return true;
}

static bool
ntp_time(uint64_t v, int64_t *ms)
{
	int64_t sec = (int64_t)(v >> 32);

	if (v == 0)
		return false;	/* NTP's "unknown" */
	if (sec < NTP_ERA / 2)
		sec += NTP_ERA;
	*ms = (sec - NTP_UNIX) * 1000 +
	    (int64_t)((v & UINT32_MAX) * 1000 >> 32);
	return true;
}

/* The start (end: 0) or end (end: 1) of the flow, if the record tells. */
static bool
time_of(const struct slots *s, const struct decode_base *b, int end,
    int64_t *ms)
{
	uint64_t sent = s->sent >> end;
	const uint64_t *num = s->num + end;

	if (sent & SLOT_BIT(SLOT_START_MS) &&
	    num[SLOT_START_MS] <= FLOW_COUNT_MAX) {
		*ms = (int64_t)num[SLOT_START_MS];
		return true;
	}
	if (sent & SLOT_BIT(SLOT_START_UPTIME) &&
	    uptime_time(s, b, num[SLOT_START_UPTIME], ms))
		return true;
	if (sent & SLOT_BIT(SLOT_START_SEC) &&
	    num[SLOT_START_SEC] <= FLOW_COUNT_MAX / 1000) {
		*ms = (int64_t)num[SLOT_START_SEC] * 1000;
		return true;
	}
	if (sent & SLOT_BIT(SLOT_START_NTP) &&
	    ntp_time(num[SLOT_START_NTP], ms))
		return true;
	if (sent & SLOT_BIT(SLOT_START_DELTA) &&
	    num[SLOT_START_DELTA] <= FLOW_COUNT_MAX) {
		/* rounded down, so the part of a ms counts */
		*ms = b->export_ms -
		    (int64_t)((num[SLOT_START_DELTA] + 999) / 1000);
		return true;
	}
	return false;
}

static bool
duration_of(const struct slots *s, int64_t *ms)
{
	uint64_t v;

	if (s->sent & SLOT_BIT(SLOT_DURATION_MS))
		v = s->num[SLOT_DURATION_MS];
	else if (s->sent & SLOT_BIT(SLOT_DURATION_US))
		v = s->num[SLOT_DURATION_US] / 1000;
	else
		return false;
	*ms = (int64_t)v;
	return v <= FLOW_COUNT_MAX;
}

static void
set_times(const struct slots *s, const struct decode_base *b, struct flow *f,
    struct decode_odd *odd)
{
	int64_t start, end = 0, span;
	bool has_start = time_of(s, b, 0, &start);
	bool has_end = time_of(s, b, 1, &end);
	bool has_span = duration_of(s, &span);

	if (has_start && has_end) {
		span = end - start;
		has_span = true;
	} else if (!has_start && has_end)
		start = has_span ? end - span : end;
	else if (!has_start)
		start = b->export_ms != 0 ? b->export_ms : b->arrival_ms;
	f->first_ms = start;
	f->set |= flow_bit(COL_first_ms);
	if (has_span && span >= 0) {
		f->duration_ms = span;
		f->set |= flow_bit(COL_duration_ms);
	}
	if ((has_span && span < 0) ||
	    start < b->arrival_ms - DECODE_TIME_OFF_MS ||
	    start > b->arrival_ms + DECODE_TIME_OFF_MS)
		odd->bad_time++;
}

/* One out of so many, rounded; 0: makes no sense. */
static uint32_t
ratio(uint64_t of, uint64_t take)
{
	uint64_t rate;

	if (take == 0 || of < take || of > FLOW_COUNT_MAX ||
	    take > FLOW_COUNT_MAX)
		return 0;
	rate = (of + take / 2) / take;
	return rate > UINT32_MAX ? 0 : (uint32_t)rate;
}

uint32_t
decode_rate(const struct slots *s)
{
	uint32_t rate = 0;

	if (s->sent & SLOT_BIT(SLOT_SAMPLE_RATE))
		rate = ratio(s->num[SLOT_SAMPLE_RATE], 1);
	if (rate == 0 && s->sent & SLOT_BIT(SLOT_SAMPLE_TAKE) &&
	    s->sent & SLOT_BIT(SLOT_SAMPLE_SPACE) &&
	    s->num[SLOT_SAMPLE_SPACE] <= FLOW_COUNT_MAX &&
	    s->num[SLOT_SAMPLE_TAKE] <= FLOW_COUNT_MAX)
		rate = ratio(s->num[SLOT_SAMPLE_TAKE] +
		    s->num[SLOT_SAMPLE_SPACE], s->num[SLOT_SAMPLE_TAKE]);
	if (rate == 0 && s->sent & SLOT_BIT(SLOT_SAMPLE_POPULATION) &&
	    s->sent & SLOT_BIT(SLOT_SAMPLE_SIZE))
		rate = ratio(s->num[SLOT_SAMPLE_POPULATION],
		    s->num[SLOT_SAMPLE_SIZE]);
	return rate;
}

static uint32_t
record_rate(const struct slots *s, const struct decode_base *b)
{
	uint32_t rate = decode_rate(s);
	uint64_t id;

	if (rate != 0)
		return rate;
	if (s->sent & SLOT_BIT(SLOT_SAMPLER))
		id = s->num[SLOT_SAMPLER];
	else if (s->sent & SLOT_BIT(SLOT_SELECTOR))
		id = s->num[SLOT_SELECTOR] | SAMPLER_SELECTOR;
	else
		return b->sampling;
	for (size_t i = 0; i < b->n_samplers; i++)
		if (b->samplers[i].id == id)
			return b->samplers[i].rate;
	return b->sampling;
}

size_t
decode_flow(const struct template *t, const struct decode_base *b,
    const uint8_t *p, size_t len, struct flow *f, struct decode_odd *odd)
{
	struct slots s;
	struct run r = { f, &s, odd };
	const uint8_t *end;
	uint32_t rate = b->sampling;

	if (len < t->min_len)
		return 0;
	s.sent = t->slots;
	s.pairs = 0;
	f->set = t->columns | flow_bit(COL_exporter);
	end = steps_run(t, p, p + len, &r);
	if (end == NULL)
		return 0;
	f->exporter = b->exporter;
	if (t->late & LATE_PAIRS)
		choose_pairs(t, &s, f);
	if (t->late & LATE_NEXT_HOP && flow_has(f, COL_bgp_next_hop)) {
		f->next_hop = f->bgp_next_hop;
		f->set |= flow_bit(COL_next_hop);
	}
	if (flow_has(f, COL_proto) &&
	    (f->proto == PROTO_ICMP || f->proto == PROTO_ICMP6))
		set_icmp(&s, f);
	set_times(&s, b, f, odd);
	if (t->late & LATE_SAMPLING && !b->sampling_forced)
		rate = record_rate(&s, b);
	if (rate > 1) {
		f->sampling = rate;
		f->set |= flow_bit(COL_sampling);
	}
	if (b->has_engine) {
		f->engine_type = b->engine_type;
		f->engine_id = b->engine_id;
		f->set |= flow_bit(COL_engine_type) |
		    flow_bit(COL_engine_id);
	}
	return (size_t)(end - p);
}

size_t
decode_options(const struct template *t, const uint8_t *p, size_t len,
    struct slots *s)
{
	struct flow f;		/* options templates have no columns */
	struct decode_odd odd = { 0, 0 };
	struct run r = { &f, s, &odd };
	const uint8_t *end;

	if (len < t->min_len)
		return 0;
	s->sent = t->slots;
	s->pairs = 0;
	f.set = 0;
	end = steps_run(t, p, p + len, &r);
	return end == NULL ? 0 : (size_t)(end - p);
}
