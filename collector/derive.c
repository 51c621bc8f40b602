/* What steps cannot do: see derive.h. */
#include "collector/derive.h"

#include <string.h>

#define NTP_UNIX	INT64_C(2208988800)	/* 1900 to 1970, seconds */
#define NTP_ERA		(INT64_C(1) << 32)	/* seconds until 2036 */
#define UPTIME_WRAP	(INT64_C(1) << 32)	/* ms */

#define PROTO_TCP	6

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

void
derive_pairs(const struct template *t, const struct slots *s, struct flow *f)
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
		else if (!decode_number(f, c, s->number[2 * i + v]))
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

void
derive_icmp(const struct slots *s, struct flow *f)
{
	enum slot own = f->proto == DERIVE_ICMP ? SLOT_ICMP4 : SLOT_ICMP6;
	enum slot other = f->proto == DERIVE_ICMP ? SLOT_ICMP6 : SLOT_ICMP4;

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

void
derive_times(const struct slots *s, const struct decode_base *b, struct flow *f,
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
	    start < b->arrival_ms - DERIVE_TIME_OFF_MS ||
	    start > b->arrival_ms + DERIVE_TIME_OFF_MS)
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
derive_told_rate(const struct slots *s)
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

uint32_t
derive_rate(const struct slots *s, const struct decode_base *b)
{
	uint32_t rate = derive_told_rate(s);
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
