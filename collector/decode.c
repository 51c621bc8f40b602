/*
 * From record to flow: see decode.h.  steps_run is the hot loop of the whole
 * program: it runs for each record, about 20 steps each, and trusts the
 * template, whose lengths have been checked against the record before.
 */
#include "collector/decode.h"

#include <string.h>

#include "collector/cursor.h"
#include "collector/derive.h"

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

bool
decode_number(struct flow *f, enum column c, uint64_t v)
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
	if (!decode_number(r->f, c, v)) {
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
		derive_pairs(t, &s, f);
	if (t->late & LATE_NEXT_HOP && flow_has(f, COL_bgp_next_hop)) {
		f->next_hop = f->bgp_next_hop;
		f->set |= flow_bit(COL_next_hop);
	}
	if (flow_has(f, COL_proto) &&
	    (f->proto == DERIVE_ICMP || f->proto == DERIVE_ICMP6))
		derive_icmp(&s, f);
	derive_times(&s, b, f, odd);
	if (t->late & LATE_SAMPLING && !b->sampling_forced)
		rate = derive_rate(&s, b);
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
