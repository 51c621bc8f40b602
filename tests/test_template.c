/* Looking at templates, compiling them, and the store. */
#include "collector/template.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/decode.h"
#include "collector/template_table.h"
#include "schema/flow.h"

struct look_case {
	const char	*name;
	uint8_t		 raw[24];
	size_t		 len;
	uint16_t	 version;
	bool		 options;
	enum template_verdict verdict;
	size_t		 raw_len;	/* unless cut */
	uint16_t	 n_fields;
};

static const struct look_case looks[] = {
	{ "v9", { 1, 0, 0, 1, 0, 8, 0, 4, 9 }, 9, 9, false,
	    TEMPLATE_OK, 8, 1 },
	{ "v9 high id is no enterprise", { 1, 0, 0, 1, 0x80, 8, 0, 4 }, 8, 9,
	    false, TEMPLATE_OK, 8, 1 },
	{ "cut in the field", { 1, 0, 0, 1, 0, 8, 0 }, 7, 9, false,
	    TEMPLATE_CUT, 0, 0 },
	{ "cut before the fields", { 1, 0, 0, 1 }, 4, 9, false,
	    TEMPLATE_CUT, 0, 0 },
	{ "cut in the head", { 1, 0, 0 }, 3, 9, false, TEMPLATE_CUT, 0, 0 },
	{ "v9 no fields", { 1, 0, 0, 0 }, 4, 9, false, TEMPLATE_BAD, 4, 0 },
	{ "id below 256", { 0, 255, 0, 1, 0, 8, 0, 4 }, 8, 9, false,
	    TEMPLATE_BAD, 8, 1 },
	{ "enterprise", { 1, 0, 0, 1, 0x80, 8, 0, 4, 0, 0, 0x72, 0x79 }, 12,
	    10, false, TEMPLATE_OK, 12, 1 },
	{ "enterprise cut", { 1, 0, 0, 1, 0x80, 8, 0, 4, 0, 0, 0x72 }, 11,
	    10, false, TEMPLATE_CUT, 0, 0 },
	{ "withdrawal", { 1, 0, 0, 0 }, 4, 10, false, TEMPLATE_OK, 4, 0 },
	{ "withdrawal of all", { 0, 2, 0, 0 }, 4, 10, false,
	    TEMPLATE_OK, 4, 0 },
	{ "withdrawal of nothing", { 0, 9, 0, 0 }, 4, 10, false,
	    TEMPLATE_BAD, 4, 0 },
	{ "v9 options", { 1, 0, 0, 4, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 }, 14, 9,
	    true, TEMPLATE_OK, 14, 2 },
	{ "v9 options, broken lengths", { 1, 0, 0, 3, 0, 4, 0, 1, 0, 4, 0, 34,
	    0, 4 }, 14, 9, true, TEMPLATE_BAD, 14, 2 },
	{ "v9 options, cut", { 1, 0, 0, 4, 0 }, 5, 9, true,
	    TEMPLATE_CUT, 0, 0 },
	{ "v9 options, far too long", { 1, 0, 0xff, 0xfc, 0xff, 0xfc }, 6, 9,
	    true, TEMPLATE_CUT, 0, 0 },
	{ "IPFIX options", { 1, 0, 0, 2, 0, 1, 0, 149, 0, 4, 0, 34, 0, 4 },
	    14, 10, true, TEMPLATE_OK, 14, 2 },
	{ "IPFIX options, more scopes than fields", { 1, 0, 0, 1, 0, 2, 0,
	    149, 0, 4 }, 10, 10, true, TEMPLATE_BAD, 10, 1 },
};

Test(template, look)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		const struct look_case *c = &looks[i];
		/* malloc, so that a sanitizer sees one byte too many */
		uint8_t *p = malloc(c->len);
		struct template_head h;

		memcpy(p, c->raw, c->len);
		cr_expect_eq(template_look(p, c->len, c->version, c->options,
		    &h), c->verdict, "%s", c->name);
		if (c->verdict != TEMPLATE_CUT) {
			cr_expect_eq(h.raw_len, c->raw_len, "%s", c->name);
			cr_expect_eq(h.n_fields, c->n_fields, "%s", c->name);
		}
		free(p);
	}
}

static struct template *
compile(const uint8_t *raw, size_t len, uint16_t version, bool *bad)
{
	struct template_head h;

	cr_assert_eq(template_look(raw, len, version, false, &h),
	    TEMPLATE_OK);
	return template_compile(raw, &h, bad);
}

Test(template, compile)
{
	static const uint8_t raw[] = { 1, 1, 0, 4, 0, 8, 0, 4, 0, 99, 0, 7,
		0, 4, 0, 1, 0, 22, 0, 4 };
	bool bad;
	struct template *t = compile(raw, sizeof(raw), 9, &bad);

	cr_assert_not_null(t);
	cr_expect_eq(t->id, 257);
	cr_expect_eq(t->min_len, 16);
	cr_expect_not(t->variable);
	cr_expect_eq(t->n_steps, 3, "what is not known needs no step");
	cr_expect_eq(t->columns, flow_bit(COL_src_addr) |
	    flow_bit(COL_proto));
	cr_expect_eq(t->slots, SLOT_BIT(SLOT_START_UPTIME));
	cr_expect_eq(t->steps[1].off, 11);
	cr_expect_eq(t->raw_len, sizeof(raw));
	cr_expect_arr_eq(t->raw, raw, sizeof(raw));
	cr_expect_leq(t->memory, template_memory(4));
	template_free(t);
}

Test(template, record_without_length)
{
	static const uint8_t none[] = { 1, 0, 0, 1, 0, 8, 0, 0 };
	static const uint8_t wide[] = { 1, 0, 0, 2, 0, 99, 0xff, 0xfe, 0, 99,
		0, 2 };
	static const uint8_t widest[] = { 1, 0, 0, 2, 0, 99, 0xff, 0xfe, 0,
		99, 0, 1 };
	bool bad = false;
	struct template *t;

	cr_expect_null(compile(none, sizeof(none), 9, &bad));
	cr_expect(bad);
	cr_expect_null(compile(wide, sizeof(wide), 9, &bad));
	cr_expect(bad);
	t = compile(widest, sizeof(widest), 9, &bad);
	cr_assert_not_null(t);
	cr_expect_eq(t->min_len, 65535);
	template_free(t);
}

/* Every element, in every length, compiles and runs within its record. */
Test(template, every_element_every_length)
{
	static const uint32_t pens[] = { 0, PEN_CISCO, PEN_REVERSE };
	struct decode_base base = { .version = 10, .exporter = 1 };
	struct decode_odd odd = { 0, 0 };

	for (size_t pen = 0; pen < 3; pen++)
	for (unsigned id = 0; id < 400; id++)
	for (unsigned len = 1; len <= 20; len++) {
		uint8_t raw[12] = { 1, 0, 0, 1, (uint8_t)(id >> 8 | 0x80),
			(uint8_t)id, 0, (uint8_t)len, 0, 0,
			(uint8_t)(pens[pen] >> 8), (uint8_t)pens[pen] };
		uint8_t *p = malloc(len);
		struct flow f = { .set = 0 };
		bool bad;
		struct template *t = compile(raw, sizeof(raw), 10, &bad);

		cr_assert_not_null(t);
		memset(p, 0xff, len);
		cr_expect_eq(decode_flow(t, &base, p, len, &f, &odd), len);
		cr_expect_eq(decode_flow(t, &base, p, len - 1, &f, &odd), 0);
		free(p);
		template_free(t);
	}
}

static struct template *
with_id(uint16_t id)
{
	uint8_t raw[] = { (uint8_t)(id >> 8), (uint8_t)id, 0, 1, 0, 8, 0, 4 };
	bool bad;

	return compile(raw, sizeof(raw), 9, &bad);
}

Test(template, store)
{
	struct template_table s;
	size_t memory = 0;

	template_table_init(&s);
	cr_expect_null(template_find(&s, 256));
	cr_expect_null(template_oldest(&s));
	for (uint16_t id = 256; id < 456; id++) {
		struct template *t = with_id(id);

		template_add(&s, t);
		memory += t->memory;
	}
	cr_expect_eq(s.n, 200);
	cr_expect_eq(s.memory, memory);
	for (uint16_t id = 256; id < 456; id++)
		cr_expect_eq(template_find(&s, id)->id, id);
	cr_expect_null(template_find(&s, 456));
	template_touch(&s, template_find(&s, 256));
	cr_expect_eq(template_oldest(&s)->id, 257);
	template_remove(&s, template_find(&s, 257));
	cr_expect_null(template_find(&s, 257));
	/* same bucket */
	cr_expect_eq(template_find(&s, 257 + TEMPLATE_BUCKETS)->id,
	    257 + TEMPLATE_BUCKETS);
	cr_expect_eq(template_oldest(&s)->id, 258);
	template_table_clear(&s);
	cr_expect_eq(s.n, 0);
	cr_expect_eq(s.memory, 0);
}
