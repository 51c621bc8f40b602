/*
 * Which shards of this machine are in the cluster already, by the ledger that
 * flowdbd --ship keeps in the data directory: see ch_backend.h.
 *
 * A shard that is not entered as done is read here.  It may be arriving in the
 * cluster at this moment, so the cluster is asked without it: by the collector
 * that the ledger names for its folder.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query/ch_backend.h"
#include "schema/db.h"

#define LEDGER		"ship.sqlite"
#define PATH_ROOM	4200

/* The ledger of the folder under way. */
struct ledger {
	sqlite3		*db;		/* NULL: there is none */
	char		 dir[PATH_ROOM];	/* where it lies */
	const char	*target;
	char		 folder[PATH_ROOM];	/* it was looked for from here */
	bool		 known;
};

static void
ledger_close(struct ledger *l)
{
	if (l->db != NULL)
		(void)sqlite3_close(l->db);
	l->db = NULL;
	l->known = false;
}

/* "a/b" to "a", "b" to "."; false: there is no folder above. */
static bool
cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL) {
		if (strcmp(path, ".") == 0)
			return false;
		memcpy(path, ".", sizeof("."));
		return true;
	}
	if (slash == path) {
		if (path[1] == '\0')
			return false;
		path[1] = '\0';
		return true;
	}
	*slash = '\0';
	return true;
}

/* The nearest ledger in the folder of a shard or above it. */
static int
ledger_find(struct ledger *l, const char *path, struct err *err)
{
	char folder[PATH_ROOM], name[PATH_ROOM + sizeof(LEDGER) + 1];
	char *real = realpath(path, NULL);

	(void)snprintf(folder, sizeof(folder), "%s", real == NULL ? path :
	    real);
	free(real);
	(void)cut_last(folder);
	if (l->known && strcmp(folder, l->folder) == 0)
		return 0;
	ledger_close(l);
	memcpy(l->folder, folder, sizeof(folder));
	l->known = true;
	do {
		(void)snprintf(name, sizeof(name), "%s/" LEDGER, folder);
		if (access(name, F_OK) == -1)
			continue;
		memcpy(l->dir, folder, sizeof(folder));
		l->db = db_open(name, SQLITE_OPEN_READONLY, err);
		return l->db == NULL ? -1 : 0;
	} while (cut_last(folder));
	return 0;
}

/* The path as the ledger has it: below its folder. */
static const char *
below(const struct ledger *l, const char *real)
{
	size_t n = strlen(l->dir);

	return strncmp(real, l->dir, n) == 0 && real[n] == '/' ?
	    real + n + 1 : real;
}

/* 1: it is there, 0: not. */
static int
is_done(const struct ledger *l, const char *path, struct err *err)
{
	sqlite3_stmt *st = db_prepare(l->db, "SELECT 1 FROM shipped WHERE "
	    "target = ?1 AND path = ?2 AND done_ms IS NOT NULL", err);
	int rc;

	if (st == NULL)
		return -1;
	(void)sqlite3_bind_text(st, 1, l->target, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 2, path, -1, SQLITE_STATIC);
	rc = db_step(st, err);
	sqlite3_finalize(st);
	return rc;
}

/* The collector of the shards in that folder, if one was ever sent. */
static int
add_except(const struct ledger *l, const char *path, int64_t start_ms,
    struct ch_shards *except, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash + 1 - path);
	sqlite3_stmt *st = db_prepare(l->db, "SELECT collector FROM shipped "
	    "WHERE target = ?1 AND substr(path, 1, length(?2)) = ?2 AND "
	    "instr(substr(path, length(?2) + 1), '/') = 0 LIMIT 1", err);
	int rc;

	if (st == NULL)
		return -1;
	(void)sqlite3_bind_text(st, 1, l->target, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 2, path, folder, SQLITE_STATIC);
	rc = db_step(st, err);
	if (rc == 1 && sqlite3_column_type(st, 0) == SQLITE_TEXT)
		rc = ch_shards_add(except,
		    (const char *)sqlite3_column_text(st, 0),
		    (uint32_t)(start_ms / 1000), err);
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/* 1: the shard stays in the list. */
static int
is_ours(struct ledger *l, const struct shard_ref *shard,
    struct ch_shards *except, struct err *err)
{
	char *real;
	int rc;

	if (ledger_find(l, shard->path, err) == -1)
		return -1;
	if (l->db == NULL)
		return 1;
	real = realpath(shard->path, NULL);
	if (real == NULL)
		return 1;	/* who reads it tells what is wrong */
	rc = is_done(l, below(l, real), err);
	if (rc == 0)
		rc = add_except(l, below(l, real), shard->start_ms, except,
		    err) == -1 ? -1 : 1;
	else if (rc == 1)
		rc = 0;
	free(real);
	return rc;
}

int
ch_local_cut(struct shard_list *list, const char *database,
    struct ch_shards *except, struct err *err)
{
	struct ledger l = { .target = database };
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < list->n; i++) {
		int ours = rc == -1 ? 1 : is_ours(&l, &list->v[i], except,
		    err);

		rc = ours == -1 ? -1 : rc;
		if (ours == 0)
			free(list->v[i].path);
		else
			list->v[kept++] = list->v[i];
	}
	list->n = kept;
	ledger_close(&l);
	return rc;
}
