/* A shard to damage: see base_shard.h. */
#include "tests/fuzz/base_shard.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/shards.h"

#define T0		INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define FLOWS		200
#define STEPS_MAX	50000	/* of SQL that an input brings */

static uint8_t	*base;
static size_t	 base_size;
static size_t	 page_size;

static void
make_base(void)
{
	struct flow *v = flows_random(31, FLOWS);
	char *path = shard_make(fuzz_folder(), T0, v, FLOWS, true);

	base = fuzz_read(path, &base_size);
	page_size = (size_t)base[16] << 8 | base[17];
	if (page_size == 1)
		page_size = 65536;
	FUZZ_CHECK(base_size % page_size == 0);
	(void)unlink(path);
	free(path);
	free(v);
}

static int
enough(void *arg)
{
	(void)arg;
	return 1;
}

/* What a hostile maker of shards could do: views, triggers, other types. */
static void
run_sql(const char *path, const uint8_t *data, size_t size)
{
	char *sql = fuzz_text(data, size);
	sqlite3 *db;

	FUZZ_CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
	    SQLITE_OK);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	(void)sqlite3_exec(db, "PRAGMA writable_schema = ON; "
	    "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; "
	    "PRAGMA max_page_count = 2000", NULL, NULL, NULL);
	sqlite3_progress_handler(db, STEPS_MAX, enough, NULL);
	(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
	(void)sqlite3_close(db);
	free(sql);
}

const char *
base_shard(const char *name, const uint8_t *data, size_t size)
{
	static const char magic[] = "SQLite format 3";
	const char *path;
	uint8_t *copy;

	if (size >= 100 && memcmp(data, magic, sizeof(magic)) == 0)
		return fuzz_file(name, data, size);
	if (base == NULL)
		make_base();
	if (size > 0 && data[0] >= 128) {
		path = fuzz_file(name, base, base_size);
		run_sql(path, data + 1, size - 1);
		return path;
	}
	copy = malloc(base_size);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, base, base_size);
	if (size > 0)
		fuzz_patch(copy, base_size, page_size, data + 1, size - 1);
	path = fuzz_file(name, copy, base_size);
	free(copy);
	return path;
}
