/*
 * Copying: see copy.h.  Rows are read from the source's own connection, which
 * trusts nothing in that file, and bound into inserts: a value of another type
 * than its column's is left out, as queries do.
 */
#include "query/copy.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/sql.h"
#include "schema/db.h"
#include "schema/ddl.h"

#define MAX_IDS	(1 << 24)	/* paths or exporters of a shard */

/* Ids of the shard being read and what they became; 0: not seen yet. */
struct ids {
	int64_t	*v;
	int64_t	 n;
};

struct copy {
	sqlite3			*db;
	sqlite3_stmt		*put_flow;
	sqlite3_stmt		*put_extra;
	sqlite3_stmt		*put_path;
	sqlite3_stmt		*put_exporter;
	sqlite3_stmt		*find_key;	/* of a path */
	sqlite3_stmt		*put_key;
	struct copy_totals	 totals;
	int64_t			 n_paths;
	/* the shard under way */
	struct ids		 paths;
	struct ids		 exporters;
	sqlite3_stmt		*get_path;
	int			 values[COLUMN_COUNT + 2];
	size_t			 n_values;
	size_t			 n_flow;	/* values of table flow */
};

static const char put_exporter_sql[] =
    "INSERT INTO exporter (address, version, source_id, name, packets, flows, "
    "lost, sampling, first_heard_ms, last_heard_ms) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
    "ON CONFLICT (address, version, source_id) DO UPDATE SET "
    "name = coalesce(excluded.name, name), "
    "packets = packets + excluded.packets, flows = flows + excluded.flows, "
    "lost = lost + excluded.lost, "
    "sampling = coalesce(excluded.sampling, sampling), "
    "first_heard_ms = min(first_heard_ms, excluded.first_heard_ms), "
    "last_heard_ms = max(last_heard_ms, excluded.last_heard_ms) "
    "RETURNING id";

static const char get_exporters_sql[] =
    "SELECT id, address, version, source_id, name, packets, flows, lost, "
    "sampling, first_heard_ms, last_heard_ms FROM exporter "
    "WHERE id > 0 AND typeof(address) = 'blob'";

static const char key_table_sql[] =
    "CREATE TEMP TABLE path_key (key TEXT PRIMARY KEY, id INTEGER) "
    "WITHOUT ROWID";

/* "INSERT INTO table (id, columns[, last]) VALUES (?, ?, ...)" */
static sqlite3_stmt *
prepare_insert(sqlite3 *db, const char *table, enum colhome home,
    const char *last, struct err *err)
{
	char *columns = ddl_columns(home, "");
	sqlite3_str *s = sqlite3_str_new(db);
	sqlite3_stmt *st = NULL;
	char *sql;

	sqlite3_str_appendf(s, "INSERT INTO %s (id, %s%s) VALUES (?", table,
	    columns, last);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (column_info((enum column)c)->home == home)
			sqlite3_str_appendall(s, ", ?");
	}
	sqlite3_str_appendall(s, last[0] == '\0' ? ")" : ", ?)");
	sql = sqlite3_str_finish(s);
	if (sql == NULL || columns == NULL)
		(void)err_set(err, "out of memory");
	else
		st = db_prepare(db, sql, err);
	sqlite3_free(sql);
	free(columns);
	return st;
}

struct copy *
copy_new(sqlite3 *db, struct err *err)
{
	struct copy *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	c->db = db;
	c->totals = (struct copy_totals){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN, .slot_start_ms = INT64_MAX,
		.slot_end_ms = INT64_MIN };
	if (db_exec(db, key_table_sql, err) == 0 &&
	    (c->put_flow = prepare_insert(db, "flow", HOME_FLOW, ", path",
	    err)) != NULL &&
	    (c->put_extra = prepare_insert(db, "extra", HOME_EXTRA, "",
	    err)) != NULL &&
	    (c->put_path = prepare_insert(db, "path", HOME_PATH, "",
	    err)) != NULL &&
	    (c->put_exporter = db_prepare(db, put_exporter_sql, err)) !=
	    NULL &&
	    (c->find_key = db_prepare(db, "SELECT id FROM temp.path_key "
	    "WHERE key = ?1", err)) != NULL &&
	    (c->put_key = db_prepare(db, "INSERT INTO temp.path_key VALUES "
	    "(?1, ?2)", err)) != NULL)
		return c;
	copy_free(c);
	return NULL;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	sqlite3_finalize(c->put_flow);
	sqlite3_finalize(c->put_extra);
	sqlite3_finalize(c->put_path);
	sqlite3_finalize(c->put_exporter);
	sqlite3_finalize(c->find_key);
	sqlite3_finalize(c->put_key);
	free(c);
}

const struct copy_totals *
copy_totals(const struct copy *c)
{
	return &c->totals;
}

/* Binds a value of the source if it is one of the column's type. */
static bool
bind(sqlite3_stmt *to, int param, enum column c, sqlite3_stmt *from, int col)
{
	bool addr = column_info(c)->type == CT_ADDR;
	int type = sqlite3_column_type(from, col);
	int len = addr ? sqlite3_column_bytes(from, col) : 0;

	if (type != (addr ? SQLITE_BLOB : SQLITE_INTEGER) ||
	    (addr && len != 4 && len != 16)) {
		(void)sqlite3_bind_null(to, param);
		return false;
	}
	(void)sqlite3_bind_value(to, param, sqlite3_column_value(from, col));
	return true;
}

/* ---- ids ---- */

static int
ids_begin(struct ids *ids, sqlite3 *db, const char *sql, struct err *err)
{
	int64_t most;

	*ids = (struct ids){ .v = NULL };
	if (db_int(db, sql, 0, &most, err) == -1)
		return -1;
	if (most < 0 || most >= MAX_IDS)
		return err_set(err, "%s: ids up to %lld are no shard's",
		    sqlite3_db_filename(db, "main"), (long long)most);
	ids->n = most + 1;
	ids->v = calloc((size_t)ids->n, sizeof(*ids->v));
	return ids->v == NULL ? err_set(err, "out of memory") : 0;
}

static void
ids_end(struct ids *ids)
{
	free(ids->v);
	*ids = (struct ids){ .v = NULL };
}

static int64_t
ids_get(const struct ids *ids, int64_t id)
{
	return id > 0 && id < ids->n ? ids->v[id] : 0;
}

static int
copy_exporters(struct copy *c, sqlite3 *from, struct err *err)
{
	sqlite3_stmt *st = db_prepare(from, get_exporters_sql, err);
	int rc = st == NULL ? -1 : 1;

	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		for (int i = 1; i <= 10; i++)
			(void)sqlite3_bind_value(c->put_exporter, i,
			    sqlite3_column_value(st, i));
		rc = db_step(c->put_exporter, err);
		if (rc == 1) {
			c->exporters.v[sqlite3_column_int64(st, 0)] =
			    sqlite3_column_int64(c->put_exporter, 0);
			rc = db_step(c->put_exporter, err) == -1 ? -1 : 1;
		}
	}
	sqlite3_finalize(st);
	return rc;
}

/* The statement for a path: its columns and a text that is all of them. */
static int
prepare_path(struct copy *c, sqlite3 *from, struct err *err)
{
	char *columns = ddl_columns(HOME_PATH, "");
	sqlite3_str *s = sqlite3_str_new(from);
	char *sql;

	sqlite3_str_appendf(s, "SELECT %s, ''", columns);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		const struct column_info *ci = column_info((enum column)i);

		if (ci->home == HOME_PATH && i != COL_exporter)
			sqlite3_str_appendf(s, " || quote(%s) || ','",
			    ci->name);
	}
	sqlite3_str_appendall(s, " FROM path WHERE id = ?1");
	sql = sqlite3_str_finish(s);
	c->get_path = NULL;
	if (sql == NULL || columns == NULL)
		(void)err_set(err, "out of memory");
	else
		c->get_path = db_prepare(from, sql, err);
	sqlite3_free(sql);
	free(columns);
	return c->get_path == NULL ? -1 : 0;
}

/* Inserts the path that get_path stands on, or finds the same one. */
static int
put_path(struct copy *c, int64_t *id, struct err *err)
{
	sqlite3_stmt *from = c->get_path;
	int col = 0, param = 2, rc;
	int64_t exporter = 0;
	char *key;

	(void)sqlite3_bind_int64(c->put_path, 1, c->n_paths + 1);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (column_info((enum column)i)->home != HOME_PATH)
			continue;
		if (bind(c->put_path, param, (enum column)i, from, col) &&
		    i == COL_exporter) {
			exporter = ids_get(&c->exporters,
			    sqlite3_column_int64(from, col));
			if (exporter != 0)
				(void)sqlite3_bind_int64(c->put_path, param,
				    exporter);
			else
				(void)sqlite3_bind_null(c->put_path, param);
		}
		param++;
		col++;
	}
	key = sqlite3_mprintf("%lld,%s", (long long)exporter,
	    sqlite3_column_text(from, col));
	if (key == NULL)
		return err_set(err, "out of memory");
	(void)sqlite3_bind_text(c->find_key, 1, key, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(c->put_key, 1, key, -1, sqlite3_free);
	rc = db_step(c->find_key, err);
	if (rc == 1) {
		*id = sqlite3_column_int64(c->find_key, 0);
		return db_step(c->find_key, err);
	}
	*id = c->n_paths + 1;
	(void)sqlite3_bind_int64(c->put_key, 2, *id);
	if (rc == -1 || db_step(c->put_path, err) == -1 ||
	    db_step(c->put_key, err) == -1)
		return -1;
	c->n_paths++;
	return 0;
}

/* The new id of a path of the source; 0: it has none. */
static int
find_path(struct copy *c, int64_t old, int64_t *id, struct err *err)
{
	int rc;

	*id = ids_get(&c->paths, old);
	if (*id != 0 || old <= 0 || old >= c->paths.n)
		return 0;
	(void)sqlite3_bind_int64(c->get_path, 1, old);
	rc = db_step(c->get_path, err);
	if (rc == 1) {
		rc = put_path(c, id, err);
		c->paths.v[old] = *id;
		(void)sqlite3_reset(c->get_path);
	}
	return rc;
}

/* ---- flows ---- */

/* Wraps where a file lies about its times. */
static int64_t
time_plus(int64_t t, int64_t span)
{
	return (int64_t)((uint64_t)t + (uint64_t)span);
}

/* Values of the statement: those of table flow, the path, those of extra. */
static void
choose_values(struct copy *c, bool extra)
{
	c->n_values = 0;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (column_info((enum column)i)->home == HOME_FLOW)
			c->values[c->n_values++] = i == COL_packets ?
			    SQL_VALUE_RAW_PACKETS : i == COL_bytes ?
			    SQL_VALUE_RAW_BYTES : (int)i;
	}
	c->n_flow = c->n_values;
	c->values[c->n_values++] = SQL_VALUE_PATH;
	for (unsigned i = 0; extra && i < COLUMN_COUNT; i++) {
		if (column_info((enum column)i)->home == HOME_EXTRA)
			c->values[c->n_values++] = (int)i;
	}
}

static enum column
column_of(int value)
{
	return value == SQL_VALUE_RAW_PACKETS ? COL_packets :
	    value == SQL_VALUE_RAW_BYTES ? COL_bytes : (enum column)value;
}

static int
put_extra(struct copy *c, sqlite3_stmt *from, int64_t id, struct err *err)
{
	bool any = false;

	for (size_t i = c->n_flow + 1; i < c->n_values; i++) {
		if (bind(c->put_extra, (int)(i - c->n_flow) + 1,
		    (enum column)c->values[i], from, (int)i))
			any = true;
	}
	if (!any)
		return 0;
	(void)sqlite3_bind_int64(c->put_extra, 1, id);
	return db_step(c->put_extra, err);
}

static int
put_flow(struct copy *c, sqlite3_stmt *from, struct err *err)
{
	struct copy_totals *t = &c->totals;
	int path_col = (int)c->n_flow;
	int64_t id = t->flows + 1, path, first, last;

	if (find_path(c, sqlite3_column_int64(from, path_col), &path,
	    err) == -1)
		return -1;
	(void)sqlite3_bind_int64(c->put_flow, 1, id);
	for (int i = 0; i < path_col; i++)
		(void)bind(c->put_flow, i + 2, column_of(c->values[i]), from,
		    i);
	if (path != 0)
		(void)sqlite3_bind_int64(c->put_flow, path_col + 2, path);
	else
		(void)sqlite3_bind_null(c->put_flow, path_col + 2);
	if (db_step(c->put_flow, err) == -1 ||
	    put_extra(c, from, id, err) == -1)
		return -1;
	first = sqlite3_column_int64(from, COL_first_ms);
	last = time_plus(first, sqlite3_column_int64(from, COL_duration_ms));
	t->flows++;
	if (first < t->first_ms)
		t->first_ms = first;
	if (last > t->last_ms)
		t->last_ms = last;
	return 0;
}

_Static_assert(COL_first_ms == 0 && COL_duration_ms == 1,
    "columns of a statement over table flow begin with these");

static int
copy_flows(struct copy *c, struct open_shard *s, const struct question *q,
    int64_t limit, struct err *err)
{
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = q->scale,
		.no_index = q->no_index || question_in_order(q),
		.has_window = q->has_window, .within = q->within,
		.from_ms = q->from_ms, .to_ms = q->to_ms,
		.count_base = c->totals.seen };
	sqlite3_stmt *st = NULL;
	struct sql sql;
	int rc = -1;

	if (sql_list(&sql, c->values, c->n_values, q->filter, &shape,
	    SQL_ORDER_NONE, true, limit, err) == -1)
		return -1;
	st = db_prepare(s->db, sql.text, err);
	if (st != NULL && sql_bind_all(st, &sql, err) == 0)
		rc = 1;
	while (rc == 1 && (rc = db_step(st, err)) == 1)
		rc = put_flow(c, st, err) == -1 ? -1 : 1;
	sqlite3_finalize(st);
	sql_clear(&sql);
	return rc;
}

static int
copy_in_transaction(struct copy *c, struct open_shard *s,
    const struct question *q, int64_t limit, struct err *err)
{
	struct copy_totals *t = &c->totals;
	int64_t extra;

	if (db_int(s->db, "SELECT max(id) FROM extra", 0, &extra, err) == -1 ||
	    copy_exporters(c, s->db, err) == -1)
		return -1;
	choose_values(c, extra != 0);
	if (copy_flows(c, s, q, limit, err) == -1)
		return -1;
	t->seen += s->meta.flows;
	if (s->meta.slot_start_ms < t->slot_start_ms)
		t->slot_start_ms = s->meta.slot_start_ms;
	if (s->meta.slot_end_ms > t->slot_end_ms)
		t->slot_end_ms = s->meta.slot_end_ms;
	return db_exec(c->db, "COMMIT", err);
}

int
copy_shard(struct copy *c, struct open_shard *s, const struct question *q,
    int64_t limit, struct err *err)
{
	struct copy_totals before = c->totals;
	int64_t n_paths = c->n_paths;
	int rc = -1;

	c->get_path = NULL;
	c->paths = c->exporters = (struct ids){ .v = NULL };
	if (ids_begin(&c->paths, s->db, "SELECT max(id) FROM path", err) == 0 &&
	    ids_begin(&c->exporters, s->db, "SELECT max(id) FROM exporter",
	    err) == 0 && prepare_path(c, s->db, err) == 0 &&
	    db_exec(c->db, "BEGIN", err) == 0)
		rc = copy_in_transaction(c, s, q, limit, err);
	if (rc == -1 && !sqlite3_get_autocommit(c->db)) {
		(void)sqlite3_reset(c->put_exporter);
		(void)db_exec(c->db, "ROLLBACK", NULL);
	}
	if (rc == -1) {
		c->totals = before;
		c->n_paths = n_paths;
	}
	sqlite3_finalize(c->get_path);
	ids_end(&c->paths);
	ids_end(&c->exporters);
	return rc;
}

int
copy_end(struct copy *c, struct err *err)
{
	const struct copy_totals *t = &c->totals;
	bool slots = t->slot_start_ms <= t->slot_end_ms;
	sqlite3_stmt *st = db_prepare(c->db, "INSERT OR REPLACE INTO meta "
	    "SELECT 'flows', ?1 UNION ALL SELECT 'slot_start_ms', ?2 "
	    "UNION ALL SELECT 'slot_end_ms', ?3 UNION ALL "
	    "SELECT 'max_sampling', ifnull(max(sampling), 1) FROM path "
	    "UNION ALL SELECT 'first_ms', ?4 WHERE ?1 > 0 "
	    "UNION ALL SELECT 'last_ms', ?5 WHERE ?1 > 0", err);
	int rc;

	if (st == NULL)
		return -1;
	(void)sqlite3_bind_int64(st, 1, t->flows);
	(void)sqlite3_bind_int64(st, 2, slots ? t->slot_start_ms : 0);
	(void)sqlite3_bind_int64(st, 3, slots ? t->slot_end_ms : 0);
	(void)sqlite3_bind_int64(st, 4, t->first_ms);
	(void)sqlite3_bind_int64(st, 5, t->last_ms);
	rc = db_step(st, err);
	sqlite3_finalize(st);
	return rc;
}
