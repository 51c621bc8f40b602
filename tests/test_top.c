/*
 * The live view without a terminal: which flows count as those of the last
 * minute as it goes by, how keys are ordered, how a screen is cut.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "query/top.h"
#include "query/top_spans.h"
#include "query/top_sums.h"
#include "query/top_view.h"
#include "tests/shards.h"

#define SLOT_MS	INT64_C(1460289600000)	/* 2016-04-10 12:00 */
#define NOW_MS	(SLOT_MS + 1800000)

/* A flow of 1 s that ended so many seconds ago, to 10.0.0.host. */
static struct flow
ended(int64_t seconds_ago, uint8_t host, uint64_t bytes)
{
	struct flow f = { .first_ms = NOW_MS - seconds_ago * 1000 - 1000,
		.duration_ms = 1000, .packets = 1, .bytes = bytes,
		.dst_addr = { .len = 4, .bytes = { 10, 0, 0, host } } };

	f.set = flow_bit(COL_first_ms) | flow_bit(COL_duration_ms) |
	    flow_bit(COL_packets) | flow_bit(COL_bytes) |
	    flow_bit(COL_dst_addr);
	return f;
}

struct fixture {
	char			*dir;
	struct where		 where;
	struct group		 group;
	struct filter		*filter;
	struct top_spans	*spans;
	struct top_sums		*sums;
};

static void
setup(struct fixture *x, const struct flow *v, size_t n)
{
	struct top_ask ask = { .scale = true, .memory = 8 << 20 };
	struct err err;

	x->dir = temp_folder_make();
	free(shard_make(x->dir, SLOT_MS, v, n, false));
	x->where = (struct where){ .range = x->dir };
	cr_assert_eq(group_parse_stat("dstip", NULL, &x->group, &err), 0);
	x->filter = filter_parse("", &err);
	ask.group = &x->group;
	ask.filter = x->filter;
	x->spans = top_spans_new(&x->where, NULL, &err);
	x->sums = top_sums_new(&ask, &err);
	cr_assert(x->filter != NULL && x->spans != NULL && x->sums != NULL);
}

static void
teardown(struct fixture *x)
{
	top_sums_free(x->sums);
	top_spans_free(x->spans);
	filter_free(x->filter);
	temp_folder_remove(x->dir);
}

static int64_t
bytes_at(struct fixture *x, int64_t now_ms)
{
	struct err note = { .code = ERR_NONE }, err;

	cr_assert_eq(top_spans_look(x->spans, now_ms, top_sums_read, x->sums,
	    &note, &err), 0, "%s", err.msg);
	cr_assert_eq(note.code, ERR_NONE, "%s", note.msg);
	top_sums_move(x->sums, now_ms);
	return top_sums_total(x->sums)->bytes;
}

Test(top, a_minute_goes_by)
{
	struct flow v[] = { ended(600, 1, 1), ended(50, 1, 10),
		ended(10, 2, 100), ended(11, 2, 1000) };
	struct top_key keys[4];
	struct fixture x;

	setup(&x, v, 4);
	cr_expect_eq(bytes_at(&x, NOW_MS), 1110);
	cr_expect_eq(top_sums_keys(x.sums), 2);
	cr_expect_eq(top_sums_first(x.sums, METRIC_BYTES, keys, 4), 2);
	cr_expect_eq(keys[0].sum.bytes, 1100);
	cr_expect_eq(keys[1].sum.bytes, 10);
	/* what was read is not read again */
	cr_expect_eq(bytes_at(&x, NOW_MS + 2000), 1110);
	cr_expect_eq(bytes_at(&x, NOW_MS + 20000), 1100);
	cr_expect_eq(top_sums_keys(x.sums), 1);
	cr_expect_eq(bytes_at(&x, NOW_MS + 60000), 0);
	cr_expect_eq(top_sums_keys(x.sums), 0);
	cr_expect_eq(top_sums_first(x.sums, METRIC_BYTES, keys, 4), 0);
	teardown(&x);
}

/* The same by other sums: what a change of the statistic does. */
Test(top, the_last_minute_again)
{
	struct flow v[] = { ended(50, 1, 10), ended(10, 2, 100) };
	struct fixture x;
	struct top_ask ask = { .memory = 8 << 20 };
	struct top_sums *other;
	struct err err;

	setup(&x, v, 2);
	(void)bytes_at(&x, NOW_MS);
	(void)bytes_at(&x, NOW_MS + 20000);
	ask.group = &x.group;
	ask.filter = x.filter;
	other = top_sums_new(&ask, &err);
	cr_assert_eq(top_spans_again(x.spans, NOW_MS + 20000, top_sums_read,
	    other, &err), 0);
	cr_expect_eq(top_sums_total(other)->bytes, 100);
	top_sums_free(other);
	teardown(&x);
}

/* An exporter whose clock is ahead is no reason to count old flows as new. */
Test(top, a_clock_ahead)
{
	struct flow v[] = { ended(-500, 1, 10), ended(10, 2, 100) };
	struct fixture x;

	setup(&x, v, 2);
	cr_expect_eq(bytes_at(&x, NOW_MS), 100);
	teardown(&x);
}

Test(top, order_and_ties)
{
	struct flow v[20];
	struct top_key keys[3];
	struct fixture x;

	for (size_t i = 0; i < 20; i++)
		v[i] = ended(10, (uint8_t)(20 - i), i % 2 == 0 ? 7 : 5);
	setup(&x, v, 20);
	(void)bytes_at(&x, NOW_MS);
	cr_expect_eq(top_sums_first(x.sums, METRIC_BYTES, keys, 3), 3);
	for (unsigned i = 0; i < 3; i++) {
		char text[TOP_VALUE_MAX], want[] = "10.0.0.2";

		want[7] = (char)('2' + 2 * i);
		top_view_value(&x.group, &keys[i], text);
		cr_expect_str_eq(text, want);
	}
	teardown(&x);
}

Test(top, first_word)
{
	cr_expect(top_begins_with_stat("srcip"));
	cr_expect(top_begins_with_stat("port"));
	cr_expect(top_begins_with_stat("dstip/flows proto tcp"));
	cr_expect(top_begins_with_stat("port dst net 10.0.0.0/8"));
	cr_expect_not(top_begins_with_stat("port 53"));
	cr_expect_not(top_begins_with_stat("ip www.example.org"));
	cr_expect_not(top_begins_with_stat("proto tcp"));
	cr_expect_not(top_begins_with_stat("src ip x"));
}

Test(top, rates)
{
	static const struct {
		double		 v;
		const char	*text;
	} cases[] = {
		{ 0, "0" }, { 0.01, "<0.1" }, { 0.5, "0.5" }, { 9.94, "9.9" },
		{ 9.96, "10" }, { 999.4, "999" }, { 999.6, "1.0 k" },
		{ 999949, "999.9 k" }, { 999951, "1.0 M" },
		{ 1.2e9, "1.2 G" }, { 5e15, "5000.0 T" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TOP_RATE_MAX];

		top_view_rate(cases[i].v, text);
		cr_expect_str_eq(text, cases[i].text);
	}
}

/* Text of the user cannot move the cursor, and no line is too long. */
Test(top, screen)
{
	struct group g;
	struct err err;
	struct top_view v = { .rows = 10, .columns = 20, .group = &g,
		.filter = "src ip 10.0.0.1 # \033[2J and so on", .note = "",
		.clock = "12:00:00", .live = 1 };
	char *text;
	size_t len;

	cr_assert_eq(group_parse_stat("dstip", NULL, &g, &err), 0);
	text = top_view_text(&v, &len);
	cr_assert_not_null(text);
	cr_expect_eq(strlen(text), len);
	cr_expect_null(strstr(text, "\033[2J"));
	cr_expect_not_null(strstr(text, "Filter: src ip 10.0.\033[0m"));
	free(text);
}
