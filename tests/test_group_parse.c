/* The texts of -s and -A: what is taken, and where an error is shown. */
#include "query/group.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
	const char	*text;
	size_t		 n, orders;
	const char	*name;		/* of the first part */
	bool		 by_proto, out;
} stats[] = {
	{ "srcip", 1, 1, "srcip", false, false },
	{ "DstIP", 1, 1, "dstip", false, false },
	{ "srcip/bytes", 1, 1, "srcip", false, false },
	{ "srcip/bytes/packets:a/bpp", 1, 3, "srcip", false, false },
	{ "srcip:p", 2, 1, "srcip", true, false },
	{ "port:p/bps/flows:a", 2, 2, "port", true, false },
	{ "srcip4/24", 1, 1, "srcip4/24", false, false },
	{ "srcip4/24/bytes", 1, 1, "srcip4/24", false, false },
	{ "dstip6/48:p/packets", 2, 1, "dstip6/48", true, false },
	{ "srcnet", 1, 1, "srcnet", false, false },
	{ "ip4/16/obytes:a/opps", 1, 2, "ip4/16", false, true },
	{ "record", 5, 1, "proto", false, false },
	{ "Record/bytes", 5, 1, "proto", false, false },
	{ "record:p/bytes", 5, 1, "proto", false, false },
	{ "nhbip4/8", 1, 1, "nhbip4/8", false, false },
	{ "router", 1, 1, "router", false, false },
};

Test(group_parse, statistics)
{
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		struct err err = { .msg = "" };
		struct group g;

		cr_assert_eq(group_parse_stat(stats[i].text, NULL, &g, &err),
		    0, "%s: %s", stats[i].text, err.msg);
		cr_expect_eq(g.n, stats[i].n, "%s", stats[i].text);
		cr_expect_eq(g.n_orders, stats[i].orders, "%s",
		    stats[i].text);
		cr_expect_str_eq(g.part[0].name, stats[i].name);
		cr_expect_eq(g.by_proto, stats[i].by_proto);
		cr_expect_eq(g.out, stats[i].out, "%s", stats[i].text);
		cr_expect(g.ranked);
	}
}

Test(group_parse, default_order)
{
	struct order bytes;
	struct group g;

	cr_assert_eq(order_parse("obytes", 6, true, &bytes, NULL), 0);
	cr_assert_eq(group_parse_stat("srcip", &bytes, &g, NULL), 0);
	cr_expect_str_eq(g.order[0].name, "obytes");
	cr_expect(g.out);
	cr_assert_eq(group_parse_stat("srcip/packets", &bytes, &g, NULL), 0);
	cr_expect_str_eq(g.order[0].name, "packets");
	cr_expect_not(g.out);
	cr_assert_eq(group_parse_stat("srcip", NULL, &g, NULL), 0);
	cr_expect_str_eq(g.order[0].name, "flows");
}

struct refusal {
	const char	*text;
	size_t		 at, len;
	const char	*says;
};

static const struct refusal bad_stats[] = {
	{ "", 0, 1, "unknown statistic" },
	{ ":p", 0, 1, "unknown statistic" },
	{ "/bytes", 0, 1, "unknown statistic" },
	{ "srcpi", 0, 5, "did you mean \"srcip\"" },
	{ "Ja3", 0, 3, "payload is not stored" },
	{ "cl", 0, 2, "latency is not stored" },
	{ "exp", 0, 3, "take router" },
	{ "nonsense/bytes", 0, 8, "flowq help stats" },
	{ "srcip:q", 5, 2, "\":p\" or \"/ORDER\"" },
	{ "srcip:px", 5, 3, "\":p\" or \"/ORDER\"" },
	{ "srcip:p:p", 5, 4, "\":p\" or \"/ORDER\"" },
	{ "srcip:", 5, 1, "\":p\" or \"/ORDER\"" },
	{ "srcip/", 6, 1, "unknown order \"\"" },
	{ "srcip//bytes", 6, 1, "unknown order \"\"" },
	{ "srcip/byte", 6, 4, "unknown order \"byte\"" },
	{ "srcip/bytes/tstart", 12, 6, "unknown order \"tstart\"" },
	{ "srcip/bytes:x", 11, 2, "ascending" },
	{ "srcip/bytes/obytes", 12, 6, "both directions" },
	{ "srcip/flows/flows/flows/flows/flows/flows/flows/flows/flows",
	    54, 6, "more than 8 orders" },
	{ "srcip4/33", 7, 2, "0 to 32" },
	{ "srcip6/129/bytes", 7, 3, "0 to 128" },
	{ "srcip4/2x", 7, 2, "0 to 32" },
	{ "srcip4/0024", 7, 4, "0 to 32" },
	{ "srcport4/8", 0, 8, "is no address" },
	{ "router4/8", 0, 7, "is no address" },
	{ "srcip/24", 6, 2, "unknown order" },
};

static void
refused(const struct refusal *r, size_t n,
    int (*parse)(const char *, struct group *, struct err *))
{
	for (size_t i = 0; i < n; i++) {
		struct err err = { .msg = "" };
		struct group g;

		cr_assert_eq(parse(r[i].text, &g, &err), -1, "%s", r[i].text);
		cr_expect_eq(err.code, ERR_SYNTAX, "%s", r[i].text);
		cr_expect_eq(err.offset, r[i].at, "%s: at %zu", r[i].text,
		    err.offset);
		cr_expect_eq(err.length, r[i].len, "%s: %zu bytes", r[i].text,
		    err.length);
		cr_expect_not_null(strstr(err.msg, r[i].says), "%s: %s",
		    r[i].text, err.msg);
	}
}

static int
parse_stat(const char *text, struct group *g, struct err *err)
{
	return group_parse_stat(text, NULL, g, err);
}

Test(group_parse, refused_statistics)
{
	refused(bad_stats, sizeof(bad_stats) / sizeof(bad_stats[0]),
	    parse_stat);
}

static const struct { const char *text; size_t n; unsigned bits4, bits6; }
field_lists[] = {
	{ "srcip", 1, 32, 128 },
	{ "SRCIP,dstip,proto", 3, 32, 128 },
	{ "srcip4/24,dstip4/16", 2, 24, 128 },
	{ "srcip4/24,srcip6/48", 1, 24, 48 },
	{ "srcip6/48,dstport,srcip4/24", 2, 24, 48 },
	{ "srcip4/0", 1, 0, 128 },
	{ "srcnet,srcip", 2, 32, 128 },
	{ "srcnet,dstnet,srcmask,dstmask", 4, 32, 128 },
	{ "router,inif,insrcmac", 3, 32, 128 },
};

Test(group_parse, fields)
{
	for (size_t i = 0; i < sizeof(field_lists) / sizeof(field_lists[0]);
	    i++) {
		struct err err = { .msg = "" };
		struct group g;

		cr_assert_eq(group_parse_fields(field_lists[i].text, &g,
		    &err), 0, "%s: %s", field_lists[i].text, err.msg);
		cr_expect_eq(g.n, field_lists[i].n, "%s",
		    field_lists[i].text);
		cr_expect_eq(g.part[0].bits4, field_lists[i].bits4);
		cr_expect_eq(g.part[0].bits6, field_lists[i].bits6);
		cr_expect_eq(g.kind, GROUP_FIELDS);
	}
}

static const struct refusal bad_fields[] = {
	{ "", 0, 1, "unknown field" },
	{ ",srcip", 0, 1, "unknown field" },
	{ "srcip,", 6, 1, "unknown field" },
	{ "srcip,,dstip", 6, 1, "unknown field" },
	{ "srcip, dstip", 6, 6, "did you mean \"dstip\"" },
	{ "srcip,dstipp", 6, 6, "did you mean \"dstip\"" },
	{ "srcip,port", 6, 4, "several sides" },
	{ "srcip,srcip", 6, 5, "stands there twice" },
	{ "tos,srctos,dstip,tos", 17, 3, "stands there twice" },
	{ "srcip4/24,srcip4/16", 10, 9, "stands there twice" },
	{ "srcip4/24,srcip", 10, 5, "stands there twice" },
	{ "srcip4/24,srcip6/48,srcip4/8", 20, 8, "stands there twice" },
	{ "dstport,srcip4/99", 15, 2, "0 to 32" },
	{ "record", 0, 6, "unknown field" },
	{ "srcip:p", 0, 7, "unknown field" },
};

Test(group_parse, refused_fields)
{
	refused(bad_fields, sizeof(bad_fields) / sizeof(bad_fields[0]),
	    group_parse_fields);
}

/* Many fields are fine, as long as the key is. */
Test(group_parse, longest_key)
{
	char text[600] = "";
	const struct stat_info *s;
	struct err err = { .msg = "" };
	struct group g;
	size_t n = 0;

	for (size_t i = 0; (s = stat_at(i)) != NULL; i++) {
		bool again = s->n_sides > 1;

		for (size_t k = 0; k < i; k++)
			again = again || stat_at(k)->side[0] == s->side[0];
		if (again)
			continue;
		(void)strcat(text, n++ > 0 ? "," : "");
		(void)strcat(text, s->name);
		if (group_parse_fields(text, &g, &err) == -1)
			break;
		cr_expect_leq(group_key_max(&g), TALLY_KEY_MAX);
	}
	cr_expect(n > 32 || strstr(err.msg, "too many fields") != NULL ||
	    strstr(err.msg, "more than 32 fields") != NULL, "%s", err.msg);
}
