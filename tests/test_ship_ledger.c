/* The ledger of what was shipped: rows, its lock, and looking only. */
#include "collector/ship_ledger.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/shards.h"

static const struct ship_file file = { 1000, 5 };

Test(ship_ledger, a_shard_goes_out)
{
	const struct ship_sums sums = { 10, 20, 30 };
	char *dir = temp_folder_make();
	struct err err;
	struct ship_ledger *l = ship_ledger_open(dir, false, &err);
	struct ship_entry e;
	int64_t bytes;
	bool empty;

	cr_assert_not_null(l, "%s", err.msg);
	cr_expect_eq(ship_ledger_find(l, "db", "a", &e, &err), 0);
	cr_expect_eq(ship_ledger_is_empty(l, "db", &empty, &err), 0);
	cr_expect(empty);
	cr_assert_eq(ship_ledger_begin(l, "db", "a", "http://n1", "edge",
	    &file, &err), 0);
	/* what is under way survives the process */
	ship_ledger_close(l);
	l = ship_ledger_open(dir, false, &err);
	cr_assert_eq(ship_ledger_find(l, "db", "a", &e, &err), 1);
	cr_expect_str_eq(e.node, "http://n1");
	cr_expect_not(e.done);
	cr_expect_eq(e.file.size, 1000);
	cr_expect_eq(e.file.mtime_ns, 5);
	cr_assert_eq(ship_ledger_done(l, "db", "a", &sums, &err), 0);
	cr_assert_eq(ship_ledger_find(l, "db", "a", &e, &err), 1);
	cr_expect(e.done);
	cr_expect_eq(e.sums.bytes, 30);
	cr_expect_eq(ship_ledger_load(l, "db", "http://n1", &bytes, &err), 0);
	cr_expect_eq(bytes, 1000);
	/* another database is another matter */
	cr_expect_eq(ship_ledger_find(l, "db2", "a", &e, &err), 0);
	cr_expect_eq(ship_ledger_is_empty(l, "db2", &empty, &err), 0);
	cr_expect(empty);
	/* sent again: not done until it is */
	cr_assert_eq(ship_ledger_begin(l, "db", "a", "http://n1", "edge",
	    &file, &err), 0);
	cr_assert_eq(ship_ledger_find(l, "db", "a", &e, &err), 1);
	cr_expect_not(e.done);
	ship_ledger_close(l);
	temp_folder_remove(dir);
}

Test(ship_ledger, one_at_a_time)
{
	char *dir = temp_folder_make();
	struct err err;
	struct ship_ledger *l = ship_ledger_open(dir, false, &err);

	cr_assert_not_null(l);
	cr_expect_null(ship_ledger_open(dir, false, &err));
	cr_expect_eq(err.code, ERR_BUSY);
	ship_ledger_close(l);
	l = ship_ledger_open(dir, false, &err);
	cr_expect_not_null(l);
	ship_ledger_close(l);
	temp_folder_remove(dir);
}

Test(ship_ledger, looking_leaves_nothing)
{
	char *dir = temp_folder_make(), path[5000];
	struct err err;
	struct ship_ledger *l = ship_ledger_open(dir, true, &err);
	struct ship_entry e;

	cr_assert_not_null(l, "%s", err.msg);
	cr_expect_eq(ship_ledger_find(l, "db", "a", &e, &err), 0);
	ship_ledger_close(l);
	(void)snprintf(path, sizeof(path), "%s/" SHIP_LEDGER_NAME, dir);
	cr_expect_eq(access(path, F_OK), -1);
	temp_folder_remove(dir);
}
