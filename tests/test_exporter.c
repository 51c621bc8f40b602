/* The table of exporters, and the sampling that options records tell. */
#include "collector/exporter.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct addr
host(uint32_t n)
{
	uint8_t b[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n };

	return addr_from(b, 4);
}

static void
clear(struct exporter_table *t)
{
	struct exporter *e;

	while ((e = TAILQ_FIRST(&t->recent)) != NULL)
		exporter_remove(t, e);
	exporter_table_clear(t);
}

Test(exporter, table)
{
	struct exporter_table t;
	struct addr a;

	cr_assert_eq(exporter_table_init(&t, 1000), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		a = host(i / 4);
		cr_assert_not_null(exporter_add(&t, &a, i & 1 ? 9 : 10,
		    i & 2));
	}
	cr_expect_eq(t.n, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		struct exporter *e;

		a = host(i / 4);
		e = exporter_find(&t, &a, i & 1 ? 9 : 10, i & 2);
		cr_assert_not_null(e);
		cr_expect_eq(e->total.id, i + 1);
		if (i % 3 == 0)
			exporter_remove(&t, e);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		a = host(i / 4);
		cr_expect_eq(exporter_find(&t, &a, i & 1 ? 9 : 10, i & 2) !=
		    NULL, i % 3 != 0);
	}
	a = host(0);
	cr_expect_null(exporter_find(&t, &a, 5, 0));
	clear(&t);
}

static void
tell(struct exporter *e, enum slot which, uint64_t id, uint64_t rate)
{
	struct slots s = { .sent = SLOT_BIT(which) |
		SLOT_BIT(SLOT_SAMPLE_RATE) };

	s.num[which] = id;
	s.num[SLOT_SAMPLE_RATE] = rate;
	exporter_options(e, &s, 0);
}

static uint32_t
sampler_rate(const struct exporter *e, uint64_t id)
{
	for (unsigned i = 0; i < e->n_samplers; i++)
		if (e->sampler[i].id == id)
			return e->sampler[i].rate;
	return 0;
}

Test(exporter, samplers)
{
	struct exporter_table t;
	struct addr a = host(1);
	struct exporter *e;

	cr_assert_eq(exporter_table_init(&t, 1), 0);
	e = exporter_add(&t, &a, 9, 0);
	cr_assert_not_null(e);
	/* the same number of two kinds is two samplers */
	tell(e, SLOT_SAMPLER, 1, 100);
	tell(e, SLOT_SELECTOR, 1, 200);
	tell(e, SLOT_SAMPLER, 1, 101);
	cr_expect_eq(e->n_samplers, 2);
	cr_expect_eq(sampler_rate(e, 1), 101);
	cr_expect_eq(sampler_rate(e, 1 | SAMPLER_SELECTOR), 200);
	cr_expect_eq(e->rate, 0, "it is nobody else's");
	/* nonsense changes nothing */
	tell(e, SLOT_SAMPLER, 1, 0);
	tell(e, SLOT_SAMPLER, 1, UINT64_C(1) << 40);
	cr_expect_eq(sampler_rate(e, 1), 101);
	/* more than there is room for: the oldest go */
	for (uint64_t id = 10; id < 10 + EXPORTER_SAMPLERS; id++)
		tell(e, SLOT_SAMPLER, id, 1000 + (uint32_t)id);
	cr_expect_eq(e->n_samplers, EXPORTER_SAMPLERS);
	cr_expect_eq(sampler_rate(e, 1), 0);
	for (uint64_t id = 10; id < 10 + EXPORTER_SAMPLERS; id++)
		cr_expect_eq(sampler_rate(e, id), 1000 + id);
	clear(&t);
}

/* Who wins: forced, options, v5 header, configured, default. */
Test(exporter, rate_in_force)
{
	struct exporter e = { .n_samplers = 0 };

	exporter_set_rate(&e, 5);
	cr_expect_eq(e.rate, 5);
	e.rate_set = 4;
	exporter_set_rate(&e, 5);
	cr_expect_eq(e.rate, 4);
	e.rate_header = 3;
	exporter_set_rate(&e, 5);
	cr_expect_eq(e.rate, 3);
	e.rate_told = 2;
	exporter_set_rate(&e, 5);
	cr_expect_eq(e.rate, 2);
	e.rate_forced = true;
	exporter_set_rate(&e, 5);
	cr_expect_eq(e.rate, 4);
	cr_expect_eq(e.total.sampling, 4);
}
