/*
 * From a batch to one transaction: see shard_writer.h.
 *
 * Flows go in by one INSERT ... SELECT from the batch as a database in memory
 * (batch_image.h).  Before that, each flow gets the id of its row in table
 * path; new paths are few and inserted one by one.  Exporters are numbered by
 * the decoder for the life of the process and by the shard for its own; ids
 * holds the mapping.
 */
#include "collector/shard_writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/batch_image.h"
#include "collector/path_map.h"
#include "schema/db.h"
#include "schema/ddl.h"
#include "schema/shard.h"

/* Process number of an exporter to exporter.id of this shard. */
struct exporter_id {
	uint32_t	process;
	int64_t		shard;
};

/* What meta says, kept here and written with each batch. */
struct totals {
	int64_t	flows;
	int64_t	first_ms;
	int64_t	last_ms;
	int64_t	max_sampling;
};

struct shard_writer {
	sqlite3			*db;
	char			*path;
	dev_t			 dev;		/* of the file we opened */
	ino_t			 ino;
	struct path_map		*map;
	sqlite3_stmt		*put_path;
	sqlite3_stmt		*put_exporter;
	sqlite3_stmt		*put_meta;
	struct image		*image;		/* the caller's */
	int64_t			*path_ids;	/* of the batch's flows */
	uint32_t		*new_paths;	/* flows that have one */
	size_t			 n_new;
	size_t			 cap;
	int64_t			 next_flow;
	int64_t			 next_path;
	struct totals		 totals;
	struct exporter_id	*ids;
	size_t			 n_ids;
	size_t			 cap_ids;
};

static const char put_exporter_sql[] =
    "INSERT INTO exporter (address, version, source_id, packets, flows, lost, "
    "sampling, first_heard_ms, last_heard_ms, name) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0), ?8, ?9, ?10) "
    "ON CONFLICT (address, version, source_id) DO UPDATE SET "
    "packets = packets + excluded.packets, flows = flows + excluded.flows, "
    "lost = lost + excluded.lost, "
    "sampling = coalesce(excluded.sampling, sampling), "
    "name = coalesce(excluded.name, name), "
    "first_heard_ms = min(first_heard_ms, excluded.first_heard_ms), "
    "last_heard_ms = max(last_heard_ms, excluded.last_heard_ms) "
    "RETURNING id";

static const char put_meta_sql[] =
    "INSERT OR REPLACE INTO meta VALUES ('flows', ?1), ('first_ms', ?2), "
    "('last_ms', ?3), ('max_sampling', ?4)";

static const char put_flows_sql[] =
    "INSERT INTO main.flow SELECT * FROM image.flow;"
    "INSERT INTO main.extra SELECT * FROM image.extra";

static int
prepare_path(struct shard_writer *w, struct err *err)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	char *columns = ddl_columns(HOME_PATH, ""), *sql;

	sqlite3_str_appendf(s, "INSERT INTO path (id, %s) VALUES (?",
	    columns);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (column_info((enum column)c)->home == HOME_PATH)
			sqlite3_str_appendall(s, ", ?");
	}
	sqlite3_str_appendall(s, ")");
	sql = sqlite3_str_finish(s);
	if (sql != NULL && columns != NULL)
		w->put_path = db_prepare(w->db, sql, err);
	else
		(void)err_set(err, "out of memory");
	sqlite3_free(sql);
	free(columns);
	return w->put_path == NULL ? -1 : 0;
}

static int
prepare_all(struct shard_writer *w, struct err *err)
{
	if (prepare_path(w, err) == -1 ||
	    (w->put_exporter = db_prepare(w->db, put_exporter_sql,
	    err)) == NULL ||
	    (w->put_meta = db_prepare(w->db, put_meta_sql, err)) == NULL)
		return -1;
	return 0;
}

/* Where a shard that has flows already goes on. */
static int
read_totals(struct shard_writer *w, struct err *err)
{
	struct shard_meta meta;

	if (shard_check(w->db, "main", w->path, &meta, err) == -1 ||
	    db_int(w->db, "SELECT max(id) + 1 FROM flow", 1, &w->next_flow,
	    err) == -1 ||
	    db_int(w->db, "SELECT max(id) + 1 FROM path", 1, &w->next_path,
	    err) == -1)
		return -1;
	w->totals = (struct totals){ .flows = meta.flows,
		.first_ms = meta.has_range ? meta.first_ms : INT64_MAX,
		.last_ms = meta.has_range ? meta.last_ms : INT64_MIN,
		.max_sampling = meta.max_sampling };
	return 0;
}

struct shard_writer *
shard_writer_open(const char *path, int64_t start_ms, int64_t end_ms,
    struct image *image, struct err *err)
{
	struct shard_writer *w = calloc(1, sizeof(*w));
	struct stat st;

	if (w == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	w->image = image;
	w->path = strdup(path);
	w->map = path_map_new();
	if (w->path == NULL || w->map == NULL) {
		(void)err_set(err, "out of memory");
		goto fail;
	}
	w->db = shard_create(path, start_ms, end_ms, err);
	if (w->db == NULL || read_totals(w, err) == -1 ||
	    prepare_all(w, err) == -1)
		goto fail;
	if (stat(path, &st) == -1) {
		(void)err_sys(err, "%s", path);
		goto fail;
	}
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	return w;
fail:
	shard_writer_close(w, true);
	return NULL;
}

size_t
shard_writer_memory(size_t flows, size_t exporters)
{
	/* room for numbers of exporters doubles */
	const size_t ids = 64 + 2 * exporters;

	return sizeof(struct shard_writer) + path_map_memory() +
	    flows * (sizeof(int64_t) + sizeof(uint32_t)) +
	    ids * sizeof(struct exporter_id);
}

/* Adds the report of one exporter; notes the id that the shard has for it. */
static int
store_exporter(struct shard_writer *w, const struct exporter_stat *e,
    struct err *err)
{
	sqlite3_stmt *st = w->put_exporter;
	size_t i = 0;
	int64_t id;
	int rc;

	(void)sqlite3_bind_blob(st, 1, e->address.bytes, e->address.len,
	    SQLITE_STATIC);
	(void)sqlite3_bind_int(st, 2, e->version);
	(void)sqlite3_bind_int64(st, 3, e->domain);
	(void)sqlite3_bind_int64(st, 4, (int64_t)e->packets);
	(void)sqlite3_bind_int64(st, 5, (int64_t)e->flows);
	(void)sqlite3_bind_int64(st, 6, (int64_t)e->lost);
	(void)sqlite3_bind_int64(st, 7, e->sampling);
	(void)sqlite3_bind_int64(st, 8, e->first_ms);
	(void)sqlite3_bind_int64(st, 9, e->last_ms);
	(void)sqlite3_bind_text(st, 10, e->name, -1, SQLITE_STATIC);
	rc = db_step(st, err);
	if (rc != 1)
		return -1;
	id = sqlite3_column_int64(st, 0);
	if (db_step(st, err) == -1)
		return -1;
	while (i < w->n_ids && w->ids[i].process != e->id)
		i++;
	if (i == w->cap_ids) {
		size_t cap = w->cap_ids == 0 ? 64 : w->cap_ids * 2;
		struct exporter_id *ids = realloc(w->ids, cap * sizeof(*ids));

		if (ids == NULL)
			return err_set(err, "%s: out of memory", w->path);
		w->ids = ids;
		w->cap_ids = cap;
	}
	w->ids[i] = (struct exporter_id){ e->id, id };
	if (i == w->n_ids)
		w->n_ids++;
	return 0;
}

static int64_t
exporter_id(const struct shard_writer *w, uint32_t process)
{
	for (size_t i = 0; i < w->n_ids; i++) {
		if (w->ids[i].process == process)
			return w->ids[i].shard;
	}
	return 0;
}

static int
store_path(struct shard_writer *w, const struct flow *f, int64_t path,
    struct err *err)
{
	sqlite3_stmt *st = w->put_path;
	int param = 1;

	(void)sqlite3_clear_bindings(st);
	(void)sqlite3_bind_int64(st, param++, path);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);
		const char *p = (const char *)f + ci->offset;
		int64_t id;

		if (ci->home != HOME_PATH)
			continue;
		if (!flow_has(f, (enum column)c)) {
			param++;
		} else if (c == COL_exporter) {
			id = exporter_id(w, f->exporter);
			if (id != 0)
				(void)sqlite3_bind_int64(st, param, id);
			param++;
		} else if (ci->type == CT_ADDR) {
			const struct addr *a = (const void *)p;

			(void)sqlite3_bind_blob(st, param++, a->bytes, a->len,
			    SQLITE_STATIC);
		} else {
			(void)sqlite3_bind_int64(st, param++,
			    (int64_t)flow_number(f, (enum column)c));
		}
	}
	return db_step(st, err);
}

/* Path ids of all flows; which paths are new; and what changes in totals. */
static void
number_paths(struct shard_writer *w, const struct batch_part *b,
    struct totals *t)
{
	w->n_new = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct flow *f = batch_part_flow(b, i);
		int64_t end = f->first_ms, id = path_map_find(w->map, f);

		if (id == 0) {
			id = w->next_path++;
			path_map_set(w->map, id);
			w->new_paths[w->n_new++] = (uint32_t)i;
		}
		w->path_ids[i] = id;
		if (flow_has(f, COL_duration_ms))
			end += f->duration_ms;
		if (f->first_ms < t->first_ms)
			t->first_ms = f->first_ms;
		if (end > t->last_ms)
			t->last_ms = end;
		if (flow_has(f, COL_sampling) && f->sampling > t->max_sampling)
			t->max_sampling = f->sampling;
	}
	t->flows += (int64_t)b->n;
}

static int
store_meta(struct shard_writer *w, const struct totals *t, struct err *err)
{
	(void)sqlite3_bind_int64(w->put_meta, 1, t->flows);
	(void)sqlite3_bind_int64(w->put_meta, 2, t->first_ms);
	(void)sqlite3_bind_int64(w->put_meta, 3, t->last_ms);
	(void)sqlite3_bind_int64(w->put_meta, 4, t->max_sampling);
	return db_step(w->put_meta, err);
}

static int
store_in_transaction(struct shard_writer *w, const struct batch_part *b,
    const struct totals *t, struct err *err)
{
	for (size_t i = 0; i < b->n_stats; i++) {
		if (store_exporter(w, &b->stats[i], err) == -1)
			return -1;
	}
	if (b->n == 0)
		return 0;
	for (size_t i = 0; i < w->n_new; i++) {
		uint32_t row = w->new_paths[i];

		if (store_path(w, batch_part_flow(b, row), w->path_ids[row],
		    err) == -1)
			return -1;
	}
	if (db_exec(w->db, put_flows_sql, err) == -1)
		return -1;
	return store_meta(w, t, err);
}

static int
make_room(struct shard_writer *w, size_t flows, struct err *err)
{
	uint32_t *new_paths;
	int64_t *ids;

	if (flows <= w->cap)
		return 0;
	ids = realloc(w->path_ids, flows * sizeof(*ids));
	if (ids != NULL)
		w->path_ids = ids;
	new_paths = realloc(w->new_paths, flows * sizeof(*new_paths));
	if (new_paths != NULL)
		w->new_paths = new_paths;
	if (ids == NULL || new_paths == NULL)
		return err_set(err, "%s: out of memory", w->path);
	w->cap = flows;
	return 0;
}

/* All or nothing of it. */
static int
transact(struct shard_writer *w, const struct batch_part *b,
    const struct totals *t, struct err *err)
{
	if (db_exec(w->db, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	if (store_in_transaction(w, b, t, err) == 0 &&
	    db_exec(w->db, "COMMIT", err) == 0)
		return 0;
	if (!sqlite3_get_autocommit(w->db))
		(void)db_exec(w->db, "ROLLBACK", NULL);
	return -1;
}

static int
store(struct shard_writer *w, const struct batch_part *b, struct totals *t,
    struct err *err)
{
	int rc;

	if (b->n == 0)
		return transact(w, b, t, err);
	if (make_room(w, b->n, err) == -1)
		return -1;
	number_paths(w, b, t);
	if (batch_image_fill(w->image, b, w->path_ids, w->next_flow,
	    err) == -1 || image_show(w->image, w->db, err) == -1)
		return -1;
	rc = transact(w, b, t, err);
	/* if this fails the next image_show will, and tell */
	(void)image_hide(w->db, NULL);
	return rc;
}

int
shard_writer_store(struct shard_writer *w, const struct batch_part *b,
    struct err *err)
{
	struct totals t = w->totals;
	int64_t next_path = w->next_path;

	if (store(w, b, &t, err) == -1) {
		/* rows that these told of are gone */
		path_map_clear(w->map);
		w->next_path = next_path;
		w->n_ids = 0;
		return -1;
	}
	w->totals = t;
	w->next_flow += (int64_t)b->n;
	return 0;
}

int
shard_writer_vanished(const struct shard_writer *w)
{
	struct stat st;

	return stat(w->path, &st) == -1 || st.st_dev != w->dev ||
	    st.st_ino != w->ino;
}

const char *
shard_writer_path(const struct shard_writer *w)
{
	return w->path;
}

int64_t
shard_writer_flows(const struct shard_writer *w)
{
	return w->totals.flows;
}

void
shard_writer_close(struct shard_writer *w, bool plain)
{
	if (w == NULL)
		return;
	sqlite3_finalize(w->put_path);
	sqlite3_finalize(w->put_exporter);
	sqlite3_finalize(w->put_meta);
	if (w->db != NULL) {
		/* refused while a reader is there; then the log stays */
		if (plain)
			(void)db_exec(w->db, "PRAGMA journal_mode = DELETE",
			    NULL);
		(void)sqlite3_close(w->db);
	}
	path_map_free(w->map);
	free(w->path_ids);
	free(w->new_paths);
	free(w->ids);
	free(w->path);
	free(w);
}
