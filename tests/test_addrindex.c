/* Flows that the indexes find by their pages against a look at each flow. */
#include "query/addrindex.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/match.h"
#include "query/sealed.h"
#include "schema/db.h"
#include "tests/shards.h"

#define FLOWS	4000
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

static const char *const filters[] = { "src ip 10.0.0.1", "dst ip 10.0.0.1",
	"ip 10.0.0.1", "dst ip 2001:db8::1", "ip in [10.0.0.1 2001:db8::1]",
	"src net 10.0.0.0/8", "net 2001:db8::/32", "src ip 1.2.3.4",
	"ip in [10.0.0.2-10.0.0.9 192.0.2.0/24]",
	"dst ip 255.255.255.255", "src ip ::", "net 0.0.0.0/0",
	"port 53 and dst ip 10.0.0.1", "tcp and (ip 10.0.0.1)" };

/* Are all flows that pass among the ids?  Returns how many pass. */
static size_t
check(const struct flow *v, const struct filter *f,
    const struct addrindex_ids *ids, const char *text)
{
	const struct match_env env = { .scale = false };
	size_t passed = 0, at = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		if (!filter_match(f, &v[i], &env))
			continue;
		passed++;
		while (at < ids->n && ids->id[at] < (int64_t)i + 1)
			at++;
		cr_assert(at < ids->n && ids->id[at] == (int64_t)i + 1,
		    "%s: flow %zu is missing", text, i + 1);
	}
	for (size_t i = 1; i < ids->n; i++)
		cr_assert_lt(ids->id[i - 1], ids->id[i], "%s", text);
	return passed;
}

/* page: bytes; 0: as it was sealed. */
static void
compare(int page)
{
	char *dir = temp_folder_make(), sql[80];
	struct flow *v = flows_random(3, FLOWS);
	char *path = shard_make(dir, T0, v, FLOWS, true);
	struct sealed_forms *forms = sealed_forms_new();
	struct open_shard s, by_sql;
	size_t found = 0, passed = 0;
	int64_t root;

	cr_assert(sealed_open(forms, path, &s));
	if (page > 0) {
		(void)snprintf(sql, sizeof(sql),
		    "PRAGMA page_size = %d; VACUUM", page);
		shard_sql(path, sql);
		cr_assert_eq(shard_open(path, NULL, &by_sql, NULL), 0);
		s.flow_root = by_sql.flow_root;
		cr_assert_eq(db_int(by_sql.db, "SELECT rootpage FROM "
		    "sqlite_schema WHERE name = 'flow_src_addr'", 0, &root,
		    NULL), 0);
		s.src_root = (uint32_t)root;
		cr_assert_eq(db_int(by_sql.db, "SELECT rootpage FROM "
		    "sqlite_schema WHERE name = 'flow_dst_addr'", 0, &root,
		    NULL), 0);
		s.dst_root = (uint32_t)root;
		shard_close(&by_sql);
	}
	/* so that nothing is too much */
	s.meta.flows = 100 * FLOWS;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct filter *f = filter_parse(filters[i], NULL);
		const struct question q = { .filter = f };
		struct addrindex_ids ids;

		cr_assert(addrindex_find(&q, path, &s, &ids), "%s",
		    filters[i]);
		passed += check(v, f, &ids, filters[i]);
		found += ids.n;
		free(ids.id);
		filter_free(f);
	}
	/* only the two filters on more than addresses find too many */
	cr_expect_gt(passed, FLOWS);
	cr_expect_lt(found, 2 * passed);
	sealed_forms_free(forms);
	free(path);
	free(v);
	temp_folder_remove(dir);
}

Test(addrindex, one_by_one)
{
	compare(0);
}

Test(addrindex, deep_trees)
{
	compare(512);
	compare(1024);
	compare(65536);
}

/* Where all flows are to be read, or SQLite to be asked. */
static const struct { const char *filter; bool no_index; int64_t flows; }
others[] = {
	{ "port 53", false, FLOWS },
	{ "not ip 10.0.0.1", false, FLOWS },
	{ "src ip 10.0.0.1 or port 53", false, FLOWS },
	{ "ip 10.0.0.1", true, FLOWS },
	{ "net 0.0.0.0/0", false, 400 },	/* too many */
	{ "ip 10.0.0.1 and count < 3", false, FLOWS },
};

Test(addrindex, not_of_use)
{
	char *dir = temp_folder_make();
	struct flow *v = flows_random(3, FLOWS);
	char *path = shard_make(dir, T0, v, FLOWS, true);
	struct sealed_forms *forms = sealed_forms_new();
	struct addrindex_ids ids;
	struct open_shard s;

	cr_assert(sealed_open(forms, path, &s));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct filter *f = filter_parse(others[i].filter, NULL);
		const struct question q = { .filter = f,
			.no_index = others[i].no_index };

		s.meta.flows = others[i].flows;
		cr_expect_not(addrindex_find(&q, path, &s, &ids), "%s",
		    others[i].filter);
		cr_expect(ids.n == 0 && ids.id == NULL);
		filter_free(f);
	}
	sealed_forms_free(forms);
	free(path);
	free(v);
	temp_folder_remove(dir);
}
