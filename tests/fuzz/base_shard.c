/* A shard to damage: see base_shard.h. */
#include "tests/fuzz/base_shard.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/shards.h"

#define T0		INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define FLOWS		200
#define STEPS_MAX	50000	/* of SQL that an input brings */

/* With large pages as a collector makes them, and with the smallest. */
#define BASES		2

static struct base {
	uint8_t	*data;
	size_t	 size;
	size_t	 page_size;
} bases[BASES];

/* The smallest pages: trees of some levels, rows that overflow. */
static const char small_pages[] =
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM";

static void
make_base(int i)
{
	struct base *b = &bases[i];
	struct flow *v = flows_random(31, FLOWS);
	char *path = shard_make(fuzz_folder(), T0, v, FLOWS, true);

	FUZZ_CHECK(chmod(path, 0600) == 0);
	if (i > 0)
		shard_sql(path, small_pages);
	b->data = fuzz_read(path, &b->size);
	b->page_size = (size_t)b->data[16] << 8 | b->data[17];
	FUZZ_CHECK(b->page_size >= 512 && b->size % b->page_size == 0);
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
	const struct base *b = &bases[size > 0 && data[0] % 128 >= 64];
	const char *path;
	uint8_t *copy;

	if (size >= 100 && memcmp(data, magic, sizeof(magic)) == 0)
		return fuzz_file(name, data, size);
	for (int i = 0; bases[BASES - 1].data == NULL; i++)
		make_base(i);
	if (size > 0 && data[0] >= 128) {
		path = fuzz_file(name, b->data, b->size);
		run_sql(path, data + 1, size - 1);
		return path;
	}
	copy = malloc(b->size);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, b->data, b->size);
	if (size > 0)
		fuzz_patch(copy, b->size, b->page_size, data + 1, size - 1);
	path = fuzz_file(name, copy, b->size);
	free(copy);
	return path;
}
