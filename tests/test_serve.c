/* Which roll-ups serve what, and when none may. */
#include "query/serve.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "tests/shards.h"

/* A sealed shard with all roll-ups and flows from 1000 to 2000. */
static struct open_shard
all_of_them(void)
{
	struct open_shard s = { .meta = { .flows = 9, .has_range = true,
		.first_ms = 1000, .last_ms = 2000, .sealed = true } };

	for (int r = 0; r < ROLLUP_COUNT; r++)
		s.rollup[r] = true;
	return s;
}

/* "+roll_src_addr/0 ..." of the passes. */
static void
served(const char *group, const char *filter, const struct question *how,
    const struct open_shard *s, char out[200])
{
	struct filter *f = filter_parse(filter, NULL);
	struct question q = *how;
	struct serve_pass pass[SERVE_PASSES];
	struct err err = { .msg = "" };
	struct group g;
	unsigned n;

	if (group[0] == '-')
		cr_assert_eq(group_parse_fields(group + 1, &g, &err), 0,
		    "%s: %s", group, err.msg);
	else
		cr_assert_eq(group_parse_stat(group, NULL, &g, &err), 0,
		    "%s: %s", group, err.msg);
	q.filter = f;
	n = serve_rollups(&q, &g, s, pass);
	out[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		(void)snprintf(out + strlen(out), 200 - strlen(out),
		    "%s%s%s/%u", i > 0 ? " " : "", pass[i].sign > 0 ? "+" :
		    "-", rollup_info(pass[i].rollup)->table + 5,
		    pass[i].side);
	filter_free(f);
}

/* group with '-' before it: of -A */
static const struct { const char *group, *filter, *want; } cases[] = {
	{ "srcip", "any", "+src_addr/0" },
	{ "dstip:p/bytes", "any", "+dst_addr/0" },
	{ "dstip", "tcp", "+dst_addr/0" },
	{ "dstip", "not (dst net 10.0.0.0/8 or udp)", "+dst_addr/0" },
	{ "dstip", "src ip 10.0.0.1", "" },
	{ "dstip", "ip 10.0.0.1", "" },
	{ "dstip", "dst port 53", "" },
	{ "dstip", "bytes > 5", "" }, { "dstip", "flags S", "" },
	{ "dstip", "in if 3", "" }, { "dstip", "count < 5", "" },
	{ "dstip", "duration > 1", "" }, { "dstip", "first seen > 2016", "" },
	{ "dstip4/24", "any", "+dst_addr/0" },
	{ "srcnet", "any", "" },		/* needs the mask */
	{ "ip", "any", "+src_addr/0 +dst_addr/1 -same_addr/0" },
	{ "ip:p", "tcp", "+src_addr/0 +dst_addr/1 -same_addr/0" },
	{ "ip", "src ip 10.0.0.1", "" }, { "ip", "ip 10.0.0.1", "" },
	{ "port", "any", "+src_port/0 +dst_port/1 -same_port/0" },
	{ "as", "any", "+src_as/0 +dst_as/1 -same_as/0" },
	{ "if", "any", "+in_if/0 +out_if/1 -same_if/0" },
	{ "inif", "in if 3", "+in_if/0" }, { "inif", "out if 3", "" },
	{ "dstport", "dst port 53 and udp", "+dst_port/0" },
	{ "proto", "any", "+in_if/0" }, { "proto", "tcp", "+in_if/0" },
	{ "proto", "dst port 53", "+dst_port/0" },
	{ "proto", "src ip 10.0.0.1", "" },
	{ "mask", "any", "" }, { "vlan", "any", "" }, { "mac", "any", "" },
	{ "router", "any", "" }, { "tos", "any", "" }, { "flags", "any", "" },
	{ "record", "any", "" }, { "srcip/obytes", "any", "" },
	{ "-dstip", "any", "+dst_addr/0" },
	{ "-proto,dstip", "any", "+dst_addr/0" },
	{ "-dstip4/8,dstip6/16,proto", "tcp", "+dst_addr/0" },
	{ "-srcip,dstip", "any", "" }, { "-proto", "any", "+in_if/0" },
	{ "-srcnet", "any", "" },
};

Test(serve, what_roll_ups_hold)
{
	struct open_shard s = all_of_them();
	const struct question q = { .n_groups = 1 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[200];

		served(cases[i].group, cases[i].filter, &q, &s, got);
		cr_expect_str_eq(got, cases[i].want, "%s of %s: \"%s\"",
		    cases[i].group, cases[i].filter, got);
	}
}

static const struct { struct question q; const char *why; bool serves; }
hows[] = {
	{ { .no_rollup = true }, "told not to", false },
	{ { .most_flows = 5 }, "the first flows", false },
	{ { .has_window = true, .from_ms = 1000, .to_ms = 2000 },
	    "all in the window", true },
	{ { .has_window = true, .from_ms = 1000, .to_ms = 2000,
	    .within = true }, "wholly in the window", true },
	{ { .has_window = true, .from_ms = 1001, .to_ms = 9000 },
	    "one begins before", false },
	{ { .has_window = true, .from_ms = 0, .to_ms = 1999 },
	    "one ends after", false },
	{ { .has_window = true, .from_ms = 1500, .to_ms = 1500 },
	    "a moment in it", false },
	{ { .scale = true }, "scaled", true },
};

Test(serve, when)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		struct open_shard s = all_of_them();
		char got[200];

		served("ip", "any", &hows[i].q, &s, got);
		cr_expect_eq(got[0] != '\0', hows[i].serves, "%s",
		    hows[i].why);
	}
}

Test(serve, what_is_not_there)
{
	const struct question q = { .scale = true };
	struct question window = { .has_window = true, .from_ms = 0,
		.to_ms = 9000 };
	struct open_shard s = all_of_them();
	char got[200];

	s.rollup[ROLLUP_same_addr] = false;
	served("ip", "any", &q, &s, got);
	cr_expect_str_eq(got, "");
	served("srcip", "any", &q, &s, got);
	cr_expect_str_eq(got, "+src_addr/0");
	s.rollup[ROLLUP_in_if] = false;
	served("proto", "any", &q, &s, got);
	cr_expect_str_eq(got, "+out_if/0");
	s.meta.has_range = false;
	served("srcip", "any", &window, &s, got);
	cr_expect_str_eq(got, "");
	s.meta.sealed = false;
	served("srcip", "any", &q, &s, got);
	cr_expect_str_eq(got, "");
}

static const struct { int64_t from, to; enum serve_skip want; } windows[] = {
	{ 0, 999, SERVE_LATER }, { 0, 1000, SERVE_READ },
	{ 2000, 3000, SERVE_READ }, { 2001, 3000, SERVE_EARLIER },
	{ 1500, 1500, SERVE_READ }, { INT64_MIN, INT64_MAX, SERVE_READ },
};

Test(serve, skipped_shards)
{
	const struct open_shard s = all_of_them();
	struct shard_meta none = { .flows = 0 }, odd = { .flows = 5 };
	struct question q = { .scale = false };

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		q = (struct question){ .has_window = true,
			.from_ms = windows[i].from, .to_ms = windows[i].to };
		cr_expect_eq(serve_window(&q, &s.meta), windows[i].want,
		    "%zu", i);
	}
	cr_expect_eq(serve_window(&q, &none), SERVE_EMPTY);
	/* flows of unknown times are looked at */
	cr_expect_eq(serve_window(&q, &odd), SERVE_READ);
}

static const struct { const char *filter; int want; } indexed[] = {
	{ "any", 0 }, { "tcp", 0 },
	{ "src ip 203.0.113.7", 1 }, { "ip 203.0.113.7", 1 },
	{ "tcp and dst ip 203.0.113.7", 1 },
	{ "src and dst ip 203.0.113.7", 0 },
	{ "not src ip 203.0.113.7", 0 }, { "src ip != 203.0.113.7", 0 },
	{ "tcp or src ip 203.0.113.7", 0 },
	{ "next ip 203.0.113.7", 0 },
	/* half of all flows: reading them in order is faster */
	{ "net 0.0.0.0/0", 0 }, { "ip 10.0.0.1", 0 },
	{ "count < 5 and src ip 203.0.113.7", 0 },
};

Test(serve, by_index)
{
	char *dir = temp_folder_make();
	struct flow *v = flows_random(3, 2000);
	char *path = shard_make(dir, INT64_C(1795413600000), v, 2000, true);
	struct open_shard s;
	struct err err = { .msg = "" };

	cr_assert_eq(shard_open(path, NULL, &s, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++) {
		struct filter *f = filter_parse(indexed[i].filter, NULL);
		struct question q = { .filter = f };

		cr_expect_eq(serve_by_index(&q, &s, &err), indexed[i].want,
		    "%s", indexed[i].filter);
		q.no_index = true;
		cr_expect_eq(serve_by_index(&q, &s, &err), 0);
		filter_free(f);
	}
	shard_close(&s);
	free(path);
	free(v);
	temp_folder_remove(dir);
}
