/* Roll-ups, indexes, mode of a finished shard: see finish.h. */
#include "schema/finish.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/addrindex.h"
#include "schema/db.h"
#include "schema/rollup.h"

int
shard_finish(sqlite3 *db, bool indexes, size_t memory,
    const atomic_bool *stop, struct err *err)
{
	int rc;

	if (rollup_build(db, memory, stop, err) == -1 ||
	    (indexes && addrindex_build(db, memory, stop, err) == -1))
		return -1;
	db_stop_by(db, stop);
	rc = db_exec(db, "PRAGMA analysis_limit = 1000; ANALYZE", err);
	db_stop_by(db, NULL);
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
