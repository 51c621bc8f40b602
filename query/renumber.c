/* New numbers: see renumber.h. */
#include "query/renumber.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "schema/db.h"
#include "schema/ddl.h"

#define MAX_IDS	(1 << 24)	/* paths or exporters of a shard */

/* Ids of the shard being read and what they became; 0: not seen yet. */
struct ids {
	int64_t	*v;
	int64_t	 n;
};

struct renumber {
	sqlite3		*db;
	sqlite3_stmt	*put_path;
	sqlite3_stmt	*put_exporter;
	sqlite3_stmt	*find_key;	/* of a path */
	sqlite3_stmt	*put_key;
	int64_t		 n_paths;
	/* the shard under way */
	int64_t		 n_before;	/* paths */
	struct ids	 paths;
	struct ids	 exporters;
	sqlite3_stmt	*get_path;
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

/* Of another type than ours, as tables of a foreign file may have: no value. */
#define NUMBER(c, none)	"iif(typeof(" c ") = 'integer', " c ", " none ")"

static const char get_exporters_sql[] =
    "SELECT id, address, version, source_id, "
    "iif(typeof(name) = 'text', name, NULL), "
    NUMBER("packets", "0") ", " NUMBER("flows", "0") ", "
    NUMBER("lost", "0") ", " NUMBER("sampling", "NULL") ", "
    NUMBER("first_heard_ms", "NULL") ", " NUMBER("last_heard_ms", "NULL")
    " FROM exporter WHERE typeof(address) = 'blob' "
    "AND typeof(version) = 'integer' AND typeof(source_id) = 'integer'";

static const char key_table_sql[] =
    "CREATE TEMP TABLE path_key (key TEXT PRIMARY KEY, id INTEGER) "
    "WITHOUT ROWID";

sqlite3_stmt *
insert_prepare(sqlite3 *db, const char *table, enum colhome home,
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

bool
insert_bind(sqlite3_stmt *to, int param, enum column c, sqlite3_stmt *from, int col)
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

struct renumber *
renumber_new(sqlite3 *db, struct err *err)
{
	struct renumber *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	r->db = db;
	if (db_exec(db, key_table_sql, err) == 0 &&
	    (r->put_path = insert_prepare(db, "path", HOME_PATH, "",
	    err)) != NULL &&
	    (r->put_exporter = db_prepare(db, put_exporter_sql, err)) !=
	    NULL &&
	    (r->find_key = db_prepare(db, "SELECT id FROM temp.path_key "
	    "WHERE key = ?1", err)) != NULL &&
	    (r->put_key = db_prepare(db, "INSERT INTO temp.path_key VALUES "
	    "(?1, ?2)", err)) != NULL)
		return r;
	renumber_free(r);
	return NULL;
}

void
renumber_free(struct renumber *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->put_path);
	sqlite3_finalize(r->put_exporter);
	sqlite3_finalize(r->find_key);
	sqlite3_finalize(r->put_key);
	free(r);
}

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
copy_exporters(struct renumber *r, sqlite3 *from, struct err *err)
{
	sqlite3_stmt *st = db_prepare(from, get_exporters_sql, err);
	int rc = st == NULL ? -1 : 1;

	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);

		/* where ids are no numbers, the largest is none either */
		if (id <= 0 || id >= r->exporters.n)
			continue;
		for (int i = 1; i <= 10; i++)
			(void)sqlite3_bind_value(r->put_exporter, i,
			    sqlite3_column_value(st, i));
		rc = db_step(r->put_exporter, err);
		if (rc == 1) {
			r->exporters.v[id] =
			    sqlite3_column_int64(r->put_exporter, 0);
			rc = db_step(r->put_exporter, err) == -1 ? -1 : 1;
		}
	}
	sqlite3_finalize(st);
	return rc;
}

/* The statement for a path: its columns and a text that is all of them. */
static int
prepare_path(struct renumber *r, sqlite3 *from, struct err *err)
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
	r->get_path = NULL;
	if (sql == NULL || columns == NULL)
		(void)err_set(err, "out of memory");
	else
		r->get_path = db_prepare(from, sql, err);
	sqlite3_free(sql);
	free(columns);
	return r->get_path == NULL ? -1 : 0;
}

/* Inserts the path that get_path stands on, or finds the same one. */
static int
put_path(struct renumber *r, int64_t *id, struct err *err)
{
	sqlite3_stmt *from = r->get_path;
	int col = 0, param = 2, rc;
	int64_t exporter = 0;
	char *key;

	(void)sqlite3_bind_int64(r->put_path, 1, r->n_paths + 1);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (column_info((enum column)i)->home != HOME_PATH)
			continue;
		if (insert_bind(r->put_path, param, (enum column)i, from,
		    col) && i == COL_exporter) {
			exporter = ids_get(&r->exporters,
			    sqlite3_column_int64(from, col));
			if (exporter != 0)
				(void)sqlite3_bind_int64(r->put_path, param,
				    exporter);
			else
				(void)sqlite3_bind_null(r->put_path, param);
		}
		param++;
		col++;
	}
	key = sqlite3_mprintf("%lld,%s", (long long)exporter,
	    sqlite3_column_text(from, col));
	if (key == NULL)
		return err_set(err, "out of memory");
	(void)sqlite3_bind_text(r->find_key, 1, key, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(r->put_key, 1, key, -1, sqlite3_free);
	rc = db_step(r->find_key, err);
	if (rc == 1) {
		*id = sqlite3_column_int64(r->find_key, 0);
		return db_step(r->find_key, err);
	}
	*id = r->n_paths + 1;
	(void)sqlite3_bind_int64(r->put_key, 2, *id);
	if (rc == -1 || db_step(r->put_path, err) == -1 ||
	    db_step(r->put_key, err) == -1)
		return -1;
	r->n_paths++;
	return 0;
}

int
renumber_path(struct renumber *r, int64_t old, int64_t *id, struct err *err)
{
	int rc;

	*id = ids_get(&r->paths, old);
	if (*id != 0 || old <= 0 || old >= r->paths.n)
		return 0;
	(void)sqlite3_bind_int64(r->get_path, 1, old);
	rc = db_step(r->get_path, err);
	if (rc == 1) {
		rc = put_path(r, id, err);
		r->paths.v[old] = *id;
		(void)sqlite3_reset(r->get_path);
	}
	return rc;
}

int
renumber_begin(struct renumber *r, sqlite3 *from, struct err *err)
{
	r->n_before = r->n_paths;
	if (ids_begin(&r->paths, from, "SELECT max(id) FROM path", err) == -1 ||
	    ids_begin(&r->exporters, from, "SELECT max(id) FROM exporter",
	    err) == -1 || prepare_path(r, from, err) == -1)
		return -1;
	return copy_exporters(r, from, err);
}

void
renumber_end(struct renumber *r, bool kept)
{
	if (!kept)
		r->n_paths = r->n_before;
	/* a statement under way would keep the transaction from ending */
	(void)sqlite3_reset(r->put_exporter);
	(void)sqlite3_reset(r->find_key);
	sqlite3_finalize(r->get_path);
	r->get_path = NULL;
	ids_end(&r->paths);
	ids_end(&r->exporters);
}
