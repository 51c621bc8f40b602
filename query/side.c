/*
 * Path and exporter rows by number: see side.h.  Ids are given by the writer
 * from 1 on, so a table by id has no holes worth a hash; a file with wild ids
 * is refused rather than given memory.
 */
#include "query/side.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/record.h"
#include "query/sealed.h"
#include "schema/db.h"
#include "schema/ddl.h"

#define PATHS_MAX	(INT64_C(1) << 24)
#define EXPORTERS_MAX	(INT64_C(1) << 20)

struct side {
	int64_t			 n_paths;
	bool			 sampled;
	uint32_t		*rate;
	struct datum		*data[COLUMN_COUNT];	/* NULL: not wanted */
	uint8_t			*addrs;		/* what data point to */
	size_t			 n_addrs;
	size_t			 cap_addrs;
	int64_t			 n_exporters;
	struct row_exporter	*exporters;
};

static const struct datum null_datum = { .kind = DATUM_NULL };

/* Largest id + 1 of a table, checked. */
static int
count_ids(sqlite3 *db, const char *schema, const char *table, int64_t most,
    int64_t *out, struct err *err)
{
	char *sql = sqlite3_mprintf("SELECT max(id) + 1 FROM %s.%s", schema,
	    table);
	int rc;

	if (sql == NULL)
		return err_set(err, "out of memory");
	rc = db_int(db, sql, 0, out, err);
	sqlite3_free(sql);
	if (rc == 0 && (*out < 0 || *out > most))
		return err_as(err, ERR_CORRUPT, "%s: ids of table %s up to "
		    "%lld are no flowdb's", sqlite3_db_filename(db, schema),
		    table, (long long)*out);
	return rc;
}

static int
alloc_paths(struct side *s, uint64_t columns, struct err *err)
{
	size_t n = (size_t)s->n_paths + 1;

	s->rate = calloc(n, sizeof(*s->rate));
	if (s->rate == NULL)
		return err_set(err, "out of memory");
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if ((columns >> c & 1) == 0 ||
		    column_info((enum column)c)->home != HOME_PATH)
			continue;
		s->data[c] = calloc(n, sizeof(*s->data[c]));
		if (s->data[c] == NULL)
			return err_set(err, "out of memory");
	}
	return 0;
}

/*
 * Addresses are kept behind each other; data hold the offset until all are
 * read, as the array may move.
 */
static int
add_addr(struct side *s, const void *bytes, size_t len, struct datum *c,
    struct err *err)
{
	if (s->n_addrs + len > s->cap_addrs) {
		size_t cap = s->cap_addrs == 0 ? 4096 : s->cap_addrs * 2;
		uint8_t *v = realloc(s->addrs, cap);

		if (v == NULL)
			return err_set(err, "out of memory");
		s->addrs = v;
		s->cap_addrs = cap;
	}
	memcpy(s->addrs + s->n_addrs, bytes, len);
	c->kind = DATUM_ADDR;
	c->len = (uint8_t)len;
	c->number = (int64_t)s->n_addrs;
	s->n_addrs += len;
	return 0;
}

static int
read_datum(struct side *s, sqlite3_stmt *st, int col, struct datum *c,
    struct err *err)
{
	datum_read(c, st, col);
	return c->kind != DATUM_ADDR ? 0 :
	    add_addr(s, c->addr, c->len, c, err);
}

static int
load_paths(struct side *s, sqlite3 *db, const char *schema, struct err *err)
{
	char *columns = ddl_columns(HOME_PATH, "");
	char *sql = columns == NULL ? NULL : sqlite3_mprintf(
	    "SELECT id, sampling, %s FROM %s.path", columns, schema);
	sqlite3_stmt *st = sql == NULL ? NULL : db_prepare(db, sql, err);
	int rc = st == NULL ? -1 : 1;

	if (sql == NULL)
		(void)err_set(err, "out of memory");
	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		int64_t rate = sqlite3_column_int64(st, 1);
		int col = 2;

		/* "-5" is the largest of ids that are texts */
		if (id < 1 || id >= s->n_paths)
			continue;
		s->rate[id] = rate > 0 && rate <= UINT32_MAX ?
		    (uint32_t)rate : 1;
		s->sampled = s->sampled || s->rate[id] > 1;
		for (unsigned c = 0; c < COLUMN_COUNT && rc == 1; c++) {
			if (column_info((enum column)c)->home != HOME_PATH)
				continue;
			if (s->data[c] != NULL && read_datum(s, st, col,
			    &s->data[c][id], err) == -1)
				rc = -1;
			col++;
		}
	}
	sqlite3_finalize(st);
	sqlite3_free(sql);
	free(columns);
	return rc;
}

static int
load_exporters(struct side *s, sqlite3 *db, const char *schema,
    struct err *err)
{
	char *sql = sqlite3_mprintf("SELECT id, address, version, source_id, "
	    "name FROM %s.exporter", schema);
	sqlite3_stmt *st = sql == NULL ? NULL : db_prepare(db, sql, err);
	int rc = st == NULL ? -1 : 1;

	if (sql == NULL)
		(void)err_set(err, "out of memory");
	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		int len = sqlite3_column_bytes(st, 1);
		const char *name = (const char *)sqlite3_column_text(st, 4);
		struct row_exporter *e;

		if (id < 1 || id >= s->n_exporters)
			continue;
		e = &s->exporters[id];
		if (sqlite3_column_type(st, 1) == SQLITE_BLOB &&
		    (len == 4 || len == 16))
			e->address = addr_from(sqlite3_column_blob(st, 1),
			    (size_t)len);
		e->version = (uint8_t)sqlite3_column_int(st, 2);
		e->domain = (uint32_t)sqlite3_column_int64(st, 3);
		free((char *)(uintptr_t)e->name);
		e->name = name == NULL ? NULL : strdup(name);
	}
	sqlite3_finalize(st);
	sqlite3_free(sql);
	return rc;
}

static void
resolve_addrs(struct side *s)
{
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (s->data[c] == NULL)
			continue;
		for (int64_t i = 0; i < s->n_paths; i++) {
			struct datum *d = &s->data[c][i];

			if (d->kind == DATUM_ADDR)
				d->addr = s->addrs + d->number;
		}
	}
}

struct side *
side_load(struct sqlite3 *db, const char *schema, uint64_t columns,
    struct err *err)
{
	struct side *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	if (count_ids(db, schema, "path", PATHS_MAX, &s->n_paths,
	    err) == -1 || count_ids(db, schema, "exporter", EXPORTERS_MAX,
	    &s->n_exporters, err) == -1 || alloc_paths(s, columns, err) == -1)
		goto fail;
	s->exporters = calloc((size_t)s->n_exporters + 1,
	    sizeof(*s->exporters));
	if (s->exporters == NULL) {
		(void)err_set(err, "out of memory");
		goto fail;
	}
	if (load_paths(s, db, schema, err) == -1 ||
	    load_exporters(s, db, schema, err) == -1)
		goto fail;
	resolve_addrs(s);
	return s;
fail:
	side_free(s);
	return NULL;
}

/* ---- by pages ---- */

/* A wanted value of a row of path, its place in the table at. */
static int
take_value(struct side *s, const struct btree_rows *r, unsigned at, size_t i,
    struct datum *d)
{
	if (r->null[at][i])
		return 0;
	if (r->value[at] != NULL) {
		d->kind = DATUM_NUMBER;
		d->number = r->value[at][i];
	} else if (r->length[at][i] == 4 || r->length[at][i] == 16) {
		return add_addr(s, r->blob[at][i], r->length[at][i], d,
		    &(struct err){ 0 });
	}
	return 0;
}

/* The rows of path that r holds; place: of the columns in the table. */
static int
take_paths(struct side *s, const struct btree_rows *r,
    const uint8_t place[COLUMN_COUNT])
{
	const int64_t *rate = r->value[place[COL_sampling]];

	for (size_t i = 0; i < r->n; i++) {
		if (r->id[i] < 1 || r->id[i] >= s->n_paths)
			return -1;
		s->rate[r->id[i]] = rate[i] > 0 && rate[i] <= UINT32_MAX ?
		    (uint32_t)rate[i] : 1;
		s->sampled = s->sampled || s->rate[r->id[i]] > 1;
	}
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (s->data[c] == NULL)
			continue;
		for (size_t i = 0; i < r->n; i++) {
			if (take_value(s, r, place[c], i,
			    &s->data[c][r->id[i]]) == -1)
				return -1;
		}
	}
	return 0;
}

/* Largest id + 1: that of the last row. */
static int
end_of_ids(const struct btree *t, int64_t most, int64_t *out)
{
	static const char none[1];
	struct btree_rows *r = btree_rows_new(t, none, 1);
	struct err ignored;
	int rc = r == NULL ? -1 : btree_read(t, btree_leaves(t) - 1, r,
	    &ignored);

	*out = rc == 0 && r->n > 0 ? r->id[r->n - 1] + 1 : 0;
	btree_rows_free(r);
	return rc == -1 || *out < 0 || *out > most ? -1 : 0;
}

/* Fits record_visit: a row of exporter: id, address, version, ... */
static int
take_exporter(void *arg, int64_t id,
    const struct record_value v[RECORD_VALUES])
{
	struct side *s = arg;
	struct row_exporter *e;

	if (id < 1 || id >= s->n_exporters ||
	    v[1].kind != RECORD_BLOB || v[2].kind != RECORD_NUMBER ||
	    v[3].kind != RECORD_NUMBER ||
	    (v[4].kind != RECORD_TEXT && v[4].kind != RECORD_NULL))
		return 1;
	e = &s->exporters[id];
	if (v[1].len == 4 || v[1].len == 16)
		e->address = addr_from(v[1].data, v[1].len);
	e->version = (uint8_t)v[2].number;
	e->domain = (uint32_t)v[3].number;
	free((char *)(uintptr_t)e->name);
	e->name = v[4].kind == RECORD_NULL ? NULL :
	    strndup((const char *)v[4].data, v[4].len);
	return 0;
}

static bool
pages_of_paths(struct side *s, const struct btree *t, uint64_t columns)
{
	/* id stands first, then the columns in their order */
	char want[BTREE_MAX_COLUMNS] = { 0 };
	uint8_t place[COLUMN_COUNT] = { 0 }, next = 1;
	struct btree_rows *r;
	struct err ignored;
	bool ok;

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (column_info((enum column)c)->home != HOME_PATH)
			continue;
		if ((columns >> c & 1) != 0 || c == COL_sampling)
			want[next] = column_info((enum column)c)->type ==
			    CT_ADDR ? 'b' : 'n';
		place[c] = next++;
	}
	r = btree_rows_new(t, want, next);
	ok = r != NULL && end_of_ids(t, PATHS_MAX, &s->n_paths) == 0 &&
	    alloc_paths(s, columns, &ignored) == 0;
	for (size_t i = 0; ok && i < btree_leaves(t); i++)
		ok = btree_read(t, i, r, &ignored) == 0 &&
		    take_paths(s, r, place) == 0;
	btree_rows_free(r);
	return ok;
}

static bool
pages_of_exporters(struct side *s, const struct btree *t)
{
	struct err ignored;

	if (end_of_ids(t, EXPORTERS_MAX, &s->n_exporters) == -1)
		return false;
	s->exporters = calloc((size_t)s->n_exporters + 1,
	    sizeof(*s->exporters));
	if (s->exporters == NULL)
		return false;
	for (size_t i = 0; i < btree_leaves(t); i++) {
		if (record_each(t, btree_leaf_page(t, i), take_exporter, s,
		    &ignored) != 0)
			return false;
	}
	return true;
}

struct side *
side_load_pages(const char *path, const struct open_shard *shard,
    uint64_t columns)
{
	struct btree *paths, *exporters;
	struct side *s = calloc(1, sizeof(*s));
	bool ok;

	if (s == NULL || !shard->by_pages) {
		free(s);
		return NULL;
	}
	paths = sealed_table(path, shard, shard->path_root);
	exporters = sealed_table(path, shard, shard->exporter_root);
	ok = paths != NULL && exporters != NULL &&
	    pages_of_paths(s, paths, columns) &&
	    pages_of_exporters(s, exporters);
	btree_close(paths);
	btree_close(exporters);
	if (ok) {
		resolve_addrs(s);
		return s;
	}
	side_free(s);
	return NULL;
}

void
side_free(struct side *s)
{
	if (s == NULL)
		return;
	for (unsigned c = 0; c < COLUMN_COUNT; c++)
		free(s->data[c]);
	for (int64_t i = 0; s->exporters != NULL && i < s->n_exporters; i++)
		free((char *)(uintptr_t)s->exporters[i].name);
	free(s->exporters);
	free(s->addrs);
	free(s->rate);
	free(s);
}

int64_t
side_paths(const struct side *s)
{
	return s->n_paths;
}

bool
side_is_sampled(const struct side *s)
{
	return s->sampled;
}

uint32_t
side_rate(const struct side *s, int64_t path)
{
	return path >= 0 && path < s->n_paths && s->rate[path] > 0 ?
	    s->rate[path] : 1;
}

const struct datum *
side_datum(const struct side *s, int64_t path, enum column c)
{
	return path >= 0 && path < s->n_paths ? &s->data[c][path] :
	    &null_datum;
}

const struct row_exporter *
side_exporter(const struct side *s, int64_t id)
{
	return id >= 0 && id < s->n_exporters &&
	    s->exporters[id].address.len != 0 ? &s->exporters[id] : NULL;
}
