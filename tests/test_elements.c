/* The table of elements is what the search in it takes for granted. */
#include "collector/elements.h"

#include <criterion/criterion.h>

Test(elements, search_finds_all_rows)
{
	static const struct {
		uint32_t	pen;
		uint16_t	id;
		size_t		rows;
		unsigned	target;
	} cases[] = {
		{ 0, 1, 1, COL_bytes },
		{ 0, 8, 1, COL_src_addr },
		{ 0, 23, 2, COL_bytes },
		{ 0, 192, 2, COL_min_ttl },
		{ 0, 310, 1, TARGET_SLOT(SLOT_SAMPLE_POPULATION) },
		{ 0, 40005, 1, COL_fw_event },
		{ PEN_CISCO, 234, 1, COL_fw_xevent },
		{ PEN_REVERSE, 1, 1, COL_out_bytes },
		{ PEN_REVERSE, 86, 1, COL_out_packets },
		{ 0, 0, 0, 0 }, { 0, 19, 0, 0 }, { 0, 65535, 0, 0 },
		{ 1, 1, 0, 0 }, { PEN_REVERSE, 5, 0, 0 },
		{ UINT32_MAX, 65535, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 99;
		const struct element *e = element_find(cases[i].pen,
		    cases[i].id, &n);

		cr_expect_eq(n, cases[i].rows, "element %u:%u: %zu rows",
		    cases[i].pen, cases[i].id, n);
		if (cases[i].rows == 0)
			cr_expect_null(e);
		else
			cr_expect_eq(e->target, cases[i].target,
			    "element %u:%u", cases[i].pen, cases[i].id);
	}
}

/* The rows follow each other in memory, from the first to the last. */
Test(elements, sorted_and_unambiguous)
{
	size_t n;
	const struct element *e = element_find(0, 1, &n);
	const struct element *last = element_find(PEN_REVERSE, 86, &n);

	cr_assert(e != NULL && last != NULL && e < last);
	for (; e < last; e++) {
		cr_expect(e->pen < e[1].pen || (e->pen == e[1].pen &&
		    e->id <= e[1].id), "after %u:%u", e->pen, e->id);
		cr_expect_lt(e->target, TARGET_COUNT);
		cr_expect_lt(e->variant, VARIANT_COUNT);
		/* a variant belongs to a column that has one */
		cr_expect_eq(e->variant != VARIANT_NONE, e->id != 7 &&
		    e->id != 11 && element_pair(e->target) >= 0,
		    "%u:%u", e->pen, e->id);
	}
}

Test(elements, pairs)
{
	for (int i = 0; i < PAIR_COUNT; i++)
		cr_expect_eq(element_pair(element_pair_column[i]), i);
	cr_expect_eq(element_pair(COL_proto), -1);
	cr_expect_eq(element_pair(TARGET_SLOT(SLOT_START_MS)), -1);
	cr_expect_leq(SLOT_COUNT, 64);
}
