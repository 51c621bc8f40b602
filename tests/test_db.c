/* What db_init sets for the process: each test here has one of its own. */
#include "schema/db.h"

#include <criterion/criterion.h>

static void
open_one(void)
{
	struct err err = { .msg = "" };
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE, &err);

	cr_assert_not_null(db, "%s", err.msg);
	cr_assert_eq(db_exec(db, "CREATE TABLE t(a)", &err), 0, "%s", err.msg);
	(void)sqlite3_close(db);
}

Test(db, memory_is_not_counted)
{
	db_init();
	open_one();
	cr_expect_eq(sqlite3_memory_highwater(0), 0);
}

/* Once SQLite is at work nothing can be set, and nothing breaks. */
Test(db, too_late)
{
	open_one();
	db_init();
	open_one();
	cr_expect_gt(sqlite3_memory_highwater(0), 0);
}
