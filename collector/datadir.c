/* The data directory: see datadir.h. */
#include "collector/datadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/live.h"
#include "collector/log.h"
#include "collector/seal.h"
#include "collector/template_store.h"
#include "schema/db.h"
#include "schema/shard.h"

#define PATH_LEN_MAX	4096
#define MAX_DEPTH	8	/* as shard_list goes down */
#define LOCK_NAME	".flowdbd.lock"

/* Who holds the lock wrote its number there. */
static int
locked_by_other(int fd, const char *dir, struct err *err)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return err_set(err, "%s: another flowdbd%s%s writes there", dir,
	    pid[0] == '\0' ? "" : ", process ", pid);
}

/*
 * Files of ours that we may not write, as an earlier run of root may have left
 * them: better told now than when flows come.  Sealed ones need no writing.
 */
static int
check_files(const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return err_sys(err, "data directory %s", dir);
	while (rc == 0 && (e = readdir(d)) != NULL) {
		const struct passwd *pw;
		struct stat st;
		int64_t slot;

		if ((shard_name_parse(e->d_name, false, &slot) == -1 &&
		    strcmp(e->d_name, TEMPLATE_STORE_NAME) != 0 &&
		    strcmp(e->d_name, LOCK_NAME) != 0) ||
		    fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode) ||
		    (st.st_mode & 0222) == 0 ||
		    faccessat(dirfd(d), e->d_name, R_OK | W_OK, 0) == 0)
			continue;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread alone */
		pw = getpwuid(st.st_uid);
		rc = err_set(err, "%s/%s cannot be written, it belongs to %s "
		    "(uid %lu); as root: chown -R %lu:%lu %s", dir, e->d_name,
		    pw == NULL ? "somebody" : pw->pw_name,
		    (unsigned long)st.st_uid, (unsigned long)getuid(),
		    (unsigned long)getgid(), dir);
	}
	(void)closedir(d);
	return rc;
}

long
datadir_owner(const char *dir)
{
	char path[PATH_LEN_MAX], text[32] = "";
	long pid = 0;
	int fd;

	if (snprintf(path, sizeof(path), "%s/" LOCK_NAME, dir) >=
	    (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	/* what an ended one left there is not locked */
	if (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
	    pread(fd, text, sizeof(text) - 1, 0) > 0)
		pid = strtol(text, NULL, 10);
	(void)close(fd);
	return pid;
}

int
datadir_open(const char *dir, struct err *err)
{
	char path[PATH_LEN_MAX], pid[32];
	struct stat st;
	int fd;

	if (mkdir(dir, 0750) == -1 && errno != EEXIST)
		return err_sys(err, "data directory %s", dir);
	if (stat(dir, &st) == -1)
		return err_sys(err, "data directory %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, "data directory %s: not a directory", dir);
	if (access(dir, R_OK | W_OK | X_OK) == -1)
		return err_sys(err, "data directory %s", dir);
	if (check_files(dir, err) == -1)
		return -1;
	if (snprintf(path, sizeof(path), "%s/" LOCK_NAME, dir) >=
	    (int)sizeof(path))
		return err_set(err, "data directory: path too long");
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1)
		return err_sys(err, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		int rc = errno == EWOULDBLOCK ? locked_by_other(fd, dir, err) :
		    err_sys(err, "%s", path);

		(void)close(fd);
		return rc;
	}
	(void)snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid)) {
		(void)err_sys(err, "%s", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && strcmp(name + n - m, suffix) == 0;
}

/*
 * Copies of sealed shards that were to be added to (the original stands), and
 * shards that were not complete yet.
 */
static bool
is_half_made(const char *name)
{
	static const char *const kinds[] = { ".append", SHARD_NEW_SUFFIX };
	static const char *const logs[] = { "", "-wal", "-shm", "-journal" };
	char end[40];

	if (strncmp(name, "flows.", 6) != 0)
		return false;
	for (int k = 0; k < 2; k++) {
		for (int l = 0; l < 4; l++) {
			(void)snprintf(end, sizeof(end), "%s%s", kinds[k],
			    logs[l]);
			if (has_suffix(name, end))
				return true;
		}
	}
	return false;
}

/* fd, of a folder called dir, is used up. */
static void
remove_half_made(int fd, const char *dir, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		char path[PATH_LEN_MAX];
		int sub;

		if (e->d_name[0] == '.' || snprintf(path, sizeof(path),
		    "%s/%s", dir, e->d_name) >= (int)sizeof(path))
			continue;
		if (is_half_made(e->d_name)) {
			if (unlinkat(dirfd(d), e->d_name, 0) == 0)
				log_info("%s: left by an interrupted run, "
				    "removed", path);
			continue;
		}
		if (depth == MAX_DEPTH || (e->d_type != DT_DIR &&
		    e->d_type != DT_UNKNOWN))
			continue;
		sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (sub != -1)
			remove_half_made(sub, path, depth + 1);
	}
	(void)closedir(d);
}

/*
 * A run that was killed as it left the log has its journal beside the shard,
 * and readers, who may not write, cannot open that.  Reading it once takes the
 * journal back; what fails is told when flows come.
 */
static void
take_back_journal(const char *path)
{
	char name[PATH_LEN_MAX];
	struct stat st;
	int64_t ignored;
	sqlite3 *db;

	if (snprintf(name, sizeof(name), "%s-journal", path) >=
	    (int)sizeof(name) || lstat(name, &st) == -1)
		return;
	db = db_open(path, SQLITE_OPEN_READWRITE, NULL);
	if (db == NULL)
		return;
	/* then it is gone, or was never complete and counts as none */
	if (db_int(db, "SELECT count(*) FROM sqlite_schema", 0, &ignored,
	    NULL) == 0)
		(void)unlink(name);
	(void)sqlite3_close(db);
}

int
datadir_recover(const char *dir, int64_t now_ms, int64_t slot_ms,
    struct sealer *sealer, struct live *live, int64_t *next_ms,
    struct err *err)
{
	struct shard_list list;
	int rc = 0, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_sys(err, "%s", dir);
	remove_half_made(fd, dir, 0);
	if (shard_list(dir, INT64_MIN, INT64_MAX, &list, err) == -1)
		return -1;
	for (size_t i = 0; i < list.n && rc == 0; i++) {
		int64_t start = list.v[i].start_ms, end = start + slot_ms;
		/* else of another slot length: not one that we could go on with */
		bool ours = start % slot_ms == 0;

		if (seal_is_done(list.v[i].path)) {
			if (ours && end > *next_ms)
				*next_ms = end;
		} else if (!ours || end <= now_ms) {
			log_info("%s: not sealed by the last run, sealing",
			    list.v[i].path);
			rc = sealer_add(sealer, list.v[i].path, NULL);
		} else {
			take_back_journal(list.v[i].path);
			rc = live_adopt(live, list.v[i].path, end);
			/* the clock may have gone back: newest open slot */
			if (start > *next_ms)
				*next_ms = start;
		}
	}
	shard_list_clear(&list);
	return rc == -1 ? err_set(err, "out of memory") : 0;
}
