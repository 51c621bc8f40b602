/* Orders: names, directions, values. */
#include "query/order.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "schema/tally.h"

Test(order, every_name)
{
	const char *name;
	struct order o;
	struct err err;

	for (size_t i = 0; (name = order_at(i)) != NULL; i++) {
		cr_expect_eq(order_parse(name, strlen(name), false, &o, &err),
		    0, "%s", name);
		cr_expect_str_eq(o.name, name);
		cr_expect_eq(o.out, name[0] == 'o', "%s", name);
		cr_expect_eq(o.ascending, strcmp(name, "tstart") == 0 ||
		    strcmp(name, "tend") == 0, "%s", name);
	}
}

static const struct { const char *text; bool stat, ascending; enum metric m; }
good[] = {
	{ "bytes", true, false, METRIC_BYTES },
	{ "BYTES:a", true, true, METRIC_BYTES },
	{ "flows:d", true, false, METRIC_FLOWS },
	{ "tstart:d", false, false, METRIC_TSTART },
	{ "tend", false, true, METRIC_TEND },
	{ "duration:a", false, true, METRIC_DURATION },
	{ "ibyte", true, false, METRIC_BYTES },
	{ "opps:a", true, true, METRIC_PPS },
};

Test(order, accepted)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct order o;
		struct err err;

		cr_expect_eq(order_parse(good[i].text, strlen(good[i].text),
		    good[i].stat, &o, &err), 0, "%s", good[i].text);
		cr_expect_eq(o.metric, good[i].m, "%s", good[i].text);
		cr_expect_eq(o.ascending, good[i].ascending, "%s",
		    good[i].text);
	}
}

static const struct { const char *text; bool stat; size_t at, len; } bad[] = {
	{ "byte", true, 0, 4 }, { "", true, 0, 1 }, { ":a", true, 0, 1 },
	{ "bytes:", true, 5, 1 }, { "bytes:x", true, 5, 2 },
	{ "bytes:ad", true, 5, 3 }, { "bytes:A", true, 5, 2 },
	{ "tstart", true, 0, 6 }, { "duration", true, 0, 8 },
	{ "bytes ", false, 0, 6 },
};

Test(order, refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct order o;
		struct err err;

		cr_expect_eq(order_parse(bad[i].text, strlen(bad[i].text),
		    bad[i].stat, &o, &err), -1, "%s", bad[i].text);
		cr_expect_eq(err.code, ERR_SYNTAX);
		cr_expect_eq(err.offset, bad[i].at, "%s: %zu", bad[i].text,
		    err.offset);
		cr_expect_eq(err.length, bad[i].len, "%s: %zu", bad[i].text,
		    err.length);
	}
	/* only of the text that is given */
	cr_expect_eq(order_parse("bytesX", 5, true, &(struct order){
	    .name = NULL }, NULL), 0);
}

Test(order, values)
{
	const struct tally_sum s = { .flows = 3, .packets = 20, .bytes = 5000,
		.first_ms = 1000, .last_ms = 3000 };
	const struct tally_sum lie = { .first_ms = INT64_MIN,
		.last_ms = INT64_MAX, .bytes = INT64_MAX };
	const struct tally_sum back = { .bytes = 9, .first_ms = 5,
		.last_ms = 2 };

	cr_expect_eq(order_value(METRIC_FLOWS, &s), 3);
	cr_expect_eq(order_value(METRIC_PACKETS, &s), 20);
	cr_expect_eq(order_value(METRIC_BYTES, &s), 5000);
	cr_expect_eq(order_value(METRIC_PPS, &s), 10);
	cr_expect_eq(order_value(METRIC_BPS, &s), 20000);
	cr_expect_eq(order_value(METRIC_BPP, &s), 250);
	cr_expect_eq(order_value(METRIC_TSTART, &s), 1000);
	cr_expect_eq(order_value(METRIC_TEND, &s), 3000);
	cr_expect_eq(order_value(METRIC_DURATION, &s), 2000);
	cr_expect_eq(order_value(METRIC_DURATION, &lie), INT64_MAX);
	cr_expect_eq(order_value(METRIC_BPP, &lie), 0);
	cr_expect_eq(order_value(METRIC_DURATION, &back), 0);
	cr_expect_eq(order_value(METRIC_BPS, &back), 0);
}
