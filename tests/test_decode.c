/*
 * Steps against a reader that is as simple as can be: random templates of
 * elements that fill a column as they are, in random order and length, some
 * of variable length, some unknown.
 */
#include "collector/decode.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cursor.h"

#define FIELDS_MAX	40
#define ROUNDS		20000

static uint64_t
next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Elements whose column holds just their number; 0 lengths end the list. */
static const struct {
	uint16_t	id;
	int		column;		/* -1: none */
	uint8_t		len[6];
} plain[] = {
	{ 1, COL_bytes, { 4, 8, 3, 1, 5, 2 } },
	{ 2, COL_packets, { 4, 8, 3, 1, 5, 2 } },
	{ 3, COL_flows, { 4, 8, 2, 1 } },
	{ 5, COL_tos, { 1, 2 } },
	{ 7, COL_src_port, { 2, 4, 1 } },
	{ 11, COL_dst_port, { 2, 4, 1 } },
	{ 10, COL_in_if, { 2, 4, 8 } },
	{ 14, COL_out_if, { 2, 4, 1 } },
	{ 16, COL_src_as, { 2, 4 } },
	{ 17, COL_dst_as, { 2, 4 } },
	{ 56, COL_in_src_mac, { 6 } },
	{ 58, COL_src_vlan, { 2 } },
	{ 61, COL_direction, { 1 } },
	{ 70, COL_mpls1, { 3 } },
	{ 136, COL_end_reason, { 1, 4 } },
	{ 299, COL_out_packets, { 8, 4 } },
	{ 8, COL_src_addr, { 4 } },
	{ 12, COL_dst_addr, { 4 } },
	{ 281, COL_nat_src_addr, { 16 } },
	{ 500, -1, { 1, 7, 13, 32 } },
	{ 501, -1, { 2, 0 } },
};

struct wanted {
	bool		sent;
	uint8_t		bytes[16];
	size_t		len;
};

static uint64_t
largest(enum column c)
{
	return column_info(c)->type == CT_MAC ? UINT64_C(0xffffffffffff) :
	    coltype_max(column_info(c)->type);
}

static void
expect_column(const struct flow *f, enum column c, const struct wanted *w,
    int round)
{
	const char *name = column_info(c)->name;

	if (column_info(c)->type == CT_ADDR) {
		struct addr a;

		cr_assert_eq(flow_has(f, c), w->sent, "%d %s", round, name);
		if (!w->sent)
			return;
		memcpy(&a, (const char *)f + column_info(c)->offset,
		    sizeof(a));
		cr_assert_eq(a.len, w->len, "%d %s", round, name);
		cr_assert_arr_eq(a.bytes, w->bytes, w->len, "%s", name);
		return;
	}
	if (!w->sent || be_any(w->bytes, w->len) > largest(c)) {
		cr_assert_not(flow_has(f, c), "%d %s", round, name);
		return;
	}
	cr_assert(flow_has(f, c), "%d %s", round, name);
	cr_assert_eq(flow_number(f, c), be_any(w->bytes, w->len), "%d %s",
	    round, name);
}

struct made {
	uint8_t		raw[4 + 4 * FIELDS_MAX];
	size_t		raw_len;
	uint8_t		record[FIELDS_MAX * 40];
	size_t		record_len;
	struct wanted	wanted[COLUMN_COUNT];
};

/* A template and a record of it, and what must come out. */
static void
make(struct made *m, uint64_t *seed)
{
	size_t n = 1 + next(seed) % FIELDS_MAX;

	memset(m, 0, sizeof(*m));
	m->raw[0] = 1;
	m->raw[3] = (uint8_t)n;
	m->raw_len = 4;
	for (size_t i = 0; i < n; i++) {
		size_t k = next(seed) % (sizeof(plain) / sizeof(plain[0]));
		size_t count = 1, len;
		bool variable = next(seed) % 8 == 0;
		uint8_t *spec = m->raw + m->raw_len, *to;

		while (count < 6 && plain[k].len[count] != 0)
			count++;
		len = plain[k].len[next(seed) % count];
		spec[0] = (uint8_t)(plain[k].id >> 8);
		spec[1] = (uint8_t)plain[k].id;
		spec[2] = variable ? 0xff : 0;
		spec[3] = variable ? 0xff : (uint8_t)len;
		m->raw_len += 4;
		if (variable && next(seed) % 2 == 0) {
			m->record[m->record_len++] = 255;
			m->record[m->record_len++] = 0;
		}
		if (variable)
			m->record[m->record_len++] = (uint8_t)len;
		to = m->record + m->record_len;
		for (size_t b = 0; b < len; b++)
			to[b] = next(seed) % 3 == 0 ? 0 :
			    (uint8_t)next(seed);
		m->record_len += len;
		if (plain[k].column < 0 || m->wanted[plain[k].column].sent)
			continue;	/* the first one counts */
		m->wanted[plain[k].column].sent = true;
		m->wanted[plain[k].column].len = len;
		memcpy(m->wanted[plain[k].column].bytes, to, len);
	}
}

Test(decode, random_templates)
{
	uint64_t seed = 99;
	struct decode_base base = { .version = 10, .exporter = 5,
		.arrival_ms = 1000000, .export_ms = 999999 };
	struct made m;

	for (int round = 0; round < ROUNDS; round++) {
		struct template_head head;
		struct template *t;
		struct decode_odd odd = { 0, 0 };
		struct flow f;
		bool bad;
		uint8_t *p;

		make(&m, &seed);
		cr_assert_eq(template_look(m.raw, m.raw_len, 10, false,
		    &head), TEMPLATE_OK);
		t = template_compile(m.raw, &head, &bad);
		cr_assert_not_null(t);
		cr_assert_leq(t->memory, template_memory(FIELDS_MAX));
		p = malloc(m.record_len);
		memcpy(p, m.record, m.record_len);
		memset(&f, 0x5a, sizeof(f));
		f.set = 0;
		cr_assert_eq(decode_flow(t, &base, p, m.record_len, &f, &odd),
		    m.record_len);
		for (int c = 0; c < COLUMN_COUNT; c++)
			if (c != COL_first_ms && c != COL_exporter)
				expect_column(&f, (enum column)c,
				    &m.wanted[c], round);
		cr_assert_eq(f.first_ms, 999999);
		cr_assert_eq(f.exporter, 5);
		/* a byte less is no record */
		f.set = 0;
		cr_assert_eq(decode_flow(t, &base, p, m.record_len - 1, &f,
		    &odd), 0, "round %d", round);
		free(p);
		template_free(t);
	}
}

/* Numbers at the edge of their column. */
Test(decode, number_limits)
{
	struct flow f = { .set = 0 };

	cr_expect(decode_number(&f, COL_tos, 255));
	cr_expect_not(decode_number(&f, COL_tos, 256));
	cr_expect(decode_number(&f, COL_src_port, 65535));
	cr_expect_not(decode_number(&f, COL_src_port, 65536));
	cr_expect(decode_number(&f, COL_in_if, UINT32_MAX));
	cr_expect_not(decode_number(&f, COL_in_if, UINT64_C(1) << 32));
	cr_expect(decode_number(&f, COL_bytes, FLOW_COUNT_MAX));
	cr_expect_not(decode_number(&f, COL_bytes, FLOW_COUNT_MAX + 1));
	/* 16 bits of IPFIX: the lower ones are TCP's */
	cr_expect(decode_number(&f, COL_tcp_flags, 0x0112));
	cr_expect_eq(f.tcp_flags, 0x12);
}
