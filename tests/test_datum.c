/* Values on their way into a flow. */
#include "query/datum.h"

#include <criterion/criterion.h>

static bool
sets(enum column c, enum datum_kind kind, int64_t number)
{
	static const uint8_t addr[16] = { 10, 0, 0, 1 };
	struct datum d = { .kind = kind, .number = number, .addr = addr,
		.len = 4 };
	struct flow f = { .set = flow_bit(c) };

	datum_to_flow(&d, &f, c);
	return flow_has(&f, c);
}

/* What the column's type cannot hold is left unset, never cut. */
Test(datum, only_what_fits)
{
	cr_expect(sets(COL_src_port, DATUM_NUMBER, 65535));
	cr_expect_not(sets(COL_src_port, DATUM_NUMBER, 65536));
	cr_expect_not(sets(COL_src_port, DATUM_NUMBER, -1));
	cr_expect_not(sets(COL_src_port, DATUM_NULL, 5));
	cr_expect_not(sets(COL_src_port, DATUM_ADDR, 5));
	cr_expect(sets(COL_proto, DATUM_NUMBER, 255));
	cr_expect_not(sets(COL_proto, DATUM_NUMBER, 256));
	cr_expect(sets(COL_in_src_mac, DATUM_NUMBER, 0xffffffffffff));
	cr_expect_not(sets(COL_in_src_mac, DATUM_NUMBER, 0x1000000000000));
	cr_expect(sets(COL_src_addr, DATUM_ADDR, 0));
	cr_expect_not(sets(COL_src_addr, DATUM_NUMBER, 0));
	/* scaled counters pass what is stored; times may be negative */
	cr_expect(sets(COL_bytes, DATUM_NUMBER, INT64_MAX));
	cr_expect_not(sets(COL_bytes, DATUM_NUMBER, -1));
	cr_expect(sets(COL_first_ms, DATUM_NUMBER, INT64_MIN));
}

/* The width of a key: every value of the column, no more. */
Test(datum, width)
{
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		unsigned w = datum_width(c);
		enum coltype t = column_info(c)->type;

		cr_expect(w >= 1 && w <= 8);
		if (t != CT_ADDR && t != CT_TIME && t != CT_SPAN && w < 8)
			cr_expect_eq(coltype_max(t),
			    (UINT64_C(1) << 8 * w) - 1, "%s",
			    column_info(c)->name);
	}
}
