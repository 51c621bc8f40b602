/* Names of statistics. */
#include "query/stats.h"

#include <criterion/criterion.h>
#include <string.h>
#include <strings.h>

Test(stats, names_are_different_and_found)
{
	const struct stat_info *s, *o;

	for (size_t i = 0; (s = stat_at(i)) != NULL; i++) {
		cr_expect_eq(stat_find(s->name, strlen(s->name)), s, "%s",
		    s->name);
		for (size_t k = 0; k < i && (o = stat_at(k)) != NULL; k++)
			cr_expect_neq(strcasecmp(o->name, s->name), 0, "%s",
			    s->name);
	}
	cr_expect_gt(strlen(stat_at(0)->heading), 0);
}

/* Sides exist, and are of one type: they share keys. */
Test(stats, sides)
{
	const struct stat_info *s;

	for (size_t i = 0; (s = stat_at(i)) != NULL; i++) {
		cr_assert(s->n_sides >= 1 && s->n_sides <= STAT_SIDES);
		if (s->side[0] == STAT_EXPORTER) {
			cr_expect_eq(s->n_sides, 1);
			continue;
		}
		for (unsigned k = 0; k < s->n_sides; k++) {
			cr_assert_lt(s->side[k], COLUMN_COUNT);
			cr_expect_eq(column_info(s->side[k])->type,
			    column_info(s->side[0])->type, "%s", s->name);
			for (unsigned m = 0; m < k; m++)
				cr_expect_neq(s->side[k], s->side[m], "%s",
				    s->name);
		}
	}
}

/* Of nfdump 1.7.1 and later, without what no flow of ours has. */
static const char nfdump_names[] = "srcip dstip ip nhip nhbip router srcport "
    "dstport port tos srctos dsttos dir srcas dstas as prevas nextas inif "
    "outif if srcmask dstmask mask srcvlan dstvlan vlan insrcmac outdstmac "
    "indstmac outsrcmac srcmac dstmac inmac outmac mpls1 mpls2 mpls3 mpls4 "
    "mpls5 mpls6 mpls7 mpls8 mpls9 mpls10 proto nbar odid opid ivrf evrf "
    "event xevent xsrcip xdstip nevent nsrcip flags mac minttl maxttl";

Test(stats, nfdumps_names)
{
	const char *p = nfdump_names;

	while (*p != '\0') {
		size_t n = strcspn(p, " ");

		cr_expect_not_null(stat_find(p, n), "%.*s", (int)n, p);
		p += n + strspn(p + n, " ");
	}
	cr_expect_not_null(stat_find("DstIP", 5));
	cr_expect_null(stat_find("dstip", 4));
	cr_expect_null(stat_find("", 0));
	cr_expect_null(stat_find("record", 6));
}

Test(stats, suggestions)
{
	cr_expect_str_eq(stat_suggest("dtsip", 5), "dstip");
	cr_expect_str_eq(stat_suggest("srcprt", 6), "srcport");
	cr_expect_null(stat_suggest("nonsense", 8));
	cr_expect_null(stat_suggest("xyz", 3));
}
