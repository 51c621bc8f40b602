/* Roll-ups, indexes, mode of a finished shard: see finish.h. */
#include "schema/finish.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/db.h"
#include "schema/rollup.h"

/*
 * The default page cache: SQLite's sorter likes small runs, a large cache
 * made the indexes slower (measured).
 */
static const char index_sql[] =
    "CREATE INDEX IF NOT EXISTS flow_src_addr ON flow (src_addr);"
    "CREATE INDEX IF NOT EXISTS flow_dst_addr ON flow (dst_addr);";

static int
stopped(void *arg)
{
	return *(const volatile bool *)arg;
}

int
shard_finish(sqlite3 *db, bool indexes, size_t memory,
    const volatile bool *stop, struct err *err)
{
	int rc;

	if (rollup_build(db, memory, stop, err) == -1)
		return -1;
	if (stop != NULL)
		sqlite3_progress_handler(db, 10000, stopped,
		    (void *)(uintptr_t)stop);
	rc = indexes ? db_exec(db, index_sql, err) : 0;
	if (rc == 0)
		rc = db_exec(db, "PRAGMA analysis_limit = 1000; ANALYZE",
		    err);
	if (stop != NULL)
		sqlite3_progress_handler(db, 0, NULL, NULL);
	if (rc == 0)
		rc = db_exec(db, "INSERT OR REPLACE INTO meta VALUES "
		    "('sealed', 1)", err);
	return rc;
}

int
shard_protect(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd == -1)
		return err_sys(err, "%s", path);
	if (fsync(fd) == -1 || fchmod(fd, 0440) == -1)
		rc = err_sys(err, "%s", path);
	(void)close(fd);
	return rc;
}
