/* A new shard from many: see extract.h; copy.c moves the rows. */
#include "query/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/copy.h"
#include "query/open.h"
#include "query/serve.h"
#include "schema/db.h"
#include "schema/finish.h"


struct extract {
	const struct question		*q;
	const struct extract_options	*o;
	struct report			*report;
	char				*dir;
	char				*temp;	/* the file in the making */
	sqlite3				*db;
	struct copy			*copy;
};

/* ---- the place ---- */

/* May the file be put there? */
static int
check_place(const struct extract_options *o, const struct shard_list *list,
    struct err *err)
{
	struct stat st, source;

	if (lstat(o->path, &st) == -1)
		return errno == ENOENT ? 0 : err_sys(err, "%s", o->path);
	if (!o->force)
		return err_set(err, "%s is there already (--force replaces "
		    "it)", o->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is no plain file", o->path);
	for (size_t i = 0; i < list->n; i++) {
		if (stat(list->v[i].path, &source) == 0 &&
		    source.st_dev == st.st_dev && source.st_ino == st.st_ino)
			return err_set(err, "%s is one of the shards to read",
			    o->path);
	}
	return 0;
}

/* ".NAME.XXXXXX" beside the place: no shard's name, whoever looks. */
static int
make_temp(struct extract *x, struct err *err)
{
	const char *path = x->o->path, *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t size = strlen(path) + 16;
	int fd;

	x->dir = slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	x->temp = malloc(size);
	if (x->dir == NULL || x->temp == NULL)
		return err_set(err, "out of memory");
	(void)snprintf(x->temp, size, "%.*s.%s.XXXXXX",
	    (int)(name - path), path, name);
	fd = mkstemp(x->temp);
	if (fd == -1) {
		(void)err_sys(err, "%s", x->o->path);
		free(x->temp);
		x->temp = NULL;
		return -1;
	}
	(void)close(fd);
	return 0;
}

/* Takes the file in the making away, and what SQLite put beside it. */
static void
remove_temp(struct extract *x)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	char *path = x->temp == NULL ? NULL : malloc(strlen(x->temp) + 16);

	for (size_t i = 0; path != NULL && i < 4; i++) {
		(void)sprintf(path, "%s%s", x->temp, suffix[i]);
		(void)unlink(path);
	}
	free(path);
}

static int
put_in_place(struct extract *x, struct err *err)
{
	unsigned flags = x->o->force ? 0 : RENAME_NOREPLACE;
	int rc = renameat2(AT_FDCWD, x->temp, AT_FDCWD, x->o->path, flags);
	int fd;

	/* where the file system cannot refuse, check_place did */
	if (rc == -1 && errno == EINVAL)
		rc = rename(x->temp, x->o->path);
	if (rc == -1)
		return err_sys(err, "%s", x->o->path);
	free(x->temp);
	x->temp = NULL;
	fd = open(x->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
	return 0;
}

/* ---- the rows ---- */

static int
open_new(struct extract *x, struct err *err)
{
	x->db = shard_create(x->temp, 0, 0, err);
	/* nobody else knows the file, and it is worth nothing until the end */
	if (x->db == NULL || db_exec(x->db, "PRAGMA journal_mode = MEMORY;"
	    "PRAGMA synchronous = OFF", err) == -1)
		return -1;
	db_stop_by(x->db, x->q->stop);
	x->copy = copy_new(x->db, err);
	return x->copy == NULL ? -1 : 0;
}

/* Flows still wanted; < 0: all. */
static int64_t
wanted(const struct extract *x)
{
	int64_t limit = x->o->limit, have = copy_totals(x->copy)->flows;

	if (x->q->most_flows > 0 &&
	    (limit == 0 || x->q->most_flows < limit))
		limit = x->q->most_flows;
	return limit == 0 ? -1 : limit - have;
}

static int
read_shard(struct extract *x, const char *path, struct err *err)
{
	struct open_shard s;
	enum serve_skip skip;
	int rc = 0;

	if (shard_open(path, x->q->stop, &s, err) == -1)
		return -1;
	skip = serve_window(x->q, &s.meta);
	if (skip == SERVE_READ)
		rc = copy_shard(x->copy, &s, x->q, wanted(x), err);
	if (rc == 0 && skip == SERVE_READ) {
		x->report->read++;
		x->report->processed += s.meta.flows;
	} else if (rc == 0) {
		x->report->skipped++;
	}
	shard_close(&s);
	return rc;
}

/* Whether the others may be read when this one could not. */
static bool
go_on(struct extract *x, const char *path, const struct err *err)
{
	if (err->code == ERR_STOPPED || err->code == ERR_FULL)
		return false;
	if (!x->o->work.named && shard_is_gone(path)) {
		x->report->skipped++;
		return true;
	}
	if (!x->o->work.skip_bad)
		return false;
	x->report->bad++;
	(void)fprintf(stderr, "flowq: skipped: %s\n", err->msg);
	return true;
}

static int
read_all(struct extract *x, const struct shard_list *list, struct err *err)
{
	const struct work_options *o = &x->o->work;

	for (size_t i = 0; i < list->n && wanted(x) != 0; i++) {
		if (read_shard(x, list->v[i].path, err) == -1 &&
		    !go_on(x, list->v[i].path, err))
			return -1;
		if (o->progress != NULL)
			o->progress(o->arg, i + 1, list->n,
			    x->report->processed);
	}
	return 0;
}

static int
make(struct extract *x, const struct shard_list *list, int64_t *flows,
    struct err *err)
{
	int rc = -1;

	if (make_temp(x, err) == -1)
		return -1;
	if (open_new(x, err) == 0 && read_all(x, list, err) == 0 &&
	    copy_end(x->copy, err) == 0 &&
	    shard_finish(x->db, true, x->q->memory, NULL, err) == 0 &&
	    db_exec(x->db, "PRAGMA journal_mode = DELETE", err) == 0) {
		*flows = copy_totals(x->copy)->flows;
		rc = 0;
	}
	copy_free(x->copy);
	if (x->db != NULL)
		(void)sqlite3_close(x->db);
	if (rc == 0 && (shard_protect(x->temp, err) == -1 ||
	    put_in_place(x, err) == -1))
		rc = -1;
	if (rc == -1)
		remove_temp(x);
	return rc;
}

/* Nobody knows the file in the making: the one that was asked for is named. */
static int
not_written(const struct extract_options *o, struct err *err)
{
	char msg[sizeof(err->msg)];

	if (err->code == ERR_STOPPED)
		return err_as(err, ERR_STOPPED, "%s is not written: "
		    "interrupted", o->path);
	memcpy(msg, err->msg, sizeof(msg));
	return err_as(err, err->code, "%s is not written: %.400s", o->path,
	    msg);
}

int
extract_flows(const struct question *q, const struct shard_list *list,
    const struct extract_options *o, int64_t *flows, struct report *report,
    struct err *err)
{
	struct extract x = { .q = q, .o = o, .report = report };
	int rc = check_place(o, list, err);

	if (rc == 0 && make(&x, list, flows, err) == -1)
		rc = not_written(o, err);
	free(x.dir);
	free(x.temp);
	return rc;
}
