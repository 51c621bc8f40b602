/*
 * Copying: see copy.h.  Rows are read from the source's own connection, which
 * trusts nothing in that file, and bound into inserts: a value of another type
 * than its column's is left out, as queries do.
 */
#include "query/copy.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "query/renumber.h"
#include "query/sql.h"
#include "schema/db.h"

struct copy {
	sqlite3			*db;
	sqlite3_stmt		*put_flow;
	sqlite3_stmt		*put_extra;
	struct renumber		*numbers;
	struct copy_totals	 totals;
	/* of the statement under way */
	int			 values[COLUMN_COUNT + 2];
	size_t			 n_values;
	size_t			 n_flow;	/* values of table flow */
};

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
	if ((c->put_flow = insert_prepare(db, "flow", HOME_FLOW, ", path",
	    err)) != NULL &&
	    (c->put_extra = insert_prepare(db, "extra", HOME_EXTRA, "",
	    err)) != NULL && (c->numbers = renumber_new(db, err)) != NULL)
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
	renumber_free(c->numbers);
	free(c);
}

const struct copy_totals *
copy_totals(const struct copy *c)
{
	return &c->totals;
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
		if (insert_bind(c->put_extra, (int)(i - c->n_flow) + 1,
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

	if (renumber_path(c->numbers, sqlite3_column_int64(from, path_col),
	    &path, err) == -1)
		return -1;
	(void)sqlite3_bind_int64(c->put_flow, 1, id);
	for (int i = 0; i < path_col; i++)
		(void)insert_bind(c->put_flow, i + 2,
		    column_of(c->values[i]), from, i);
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
	    renumber_begin(c->numbers, s->db, err) == -1)
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
	int rc;

	if (db_exec(c->db, "BEGIN", err) == -1)
		return -1;
	rc = copy_in_transaction(c, s, q, limit, err);
	renumber_end(c->numbers, rc == 0);
	if (rc == -1) {
		c->totals = before;
		if (!sqlite3_get_autocommit(c->db))
			(void)db_exec(c->db, "ROLLBACK", NULL);
	}
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
