/*
 * Lists from pages: see listscan.h.  Of a page only what the filter tests is
 * decoded for all rows; of those that pass the whole row.
 */
#include "query/listscan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "query/datum.h"
#include "query/sealed.h"
#include "query/serve.h"
#include "query/sieve.h"

#define NONE	(-1)

/* Table extra, which has rows in the same order, but not for each flow. */
struct extra {
	struct btree		*tree;		/* NULL: not wanted, or empty */
	struct btree_rows	*rows;
	size_t			 leaf;		/* that rows will hold next */
	size_t			 at;
	uint8_t			 place[COLUMN_COUNT];
	unsigned		 columns;
};

struct listscan {
	const struct question	*q;
	const struct side	*side;
	uint64_t		 columns;
	struct btree		*tree;
	struct btree_rows	*rows;
	int			 place[COLUMN_COUNT];
	int			 path_place;
	struct extra		 extra;
};

uint64_t
listscan_path_columns(const struct question *q, uint64_t columns)
{
	return (columns | sieve_columns(q)) & flow_home_bits(HOME_PATH);
}

/* ---- opening ---- */

/* Tables are as ddl.h makes them: id, then the columns of the home. */
static void
find_columns(struct listscan *l, char want[BTREE_MAX_COLUMNS])
{
	uint64_t tested = sieve_columns(l->q);
	uint8_t flow = 1, extra = 1;

	memset(want, 0, BTREE_MAX_COLUMNS);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		l->place[c] = NONE;
		if (ci->home == HOME_FLOW) {
			if ((tested >> c & 1) != 0)
				want[flow] = ci->type == CT_ADDR ? 'b' : 'n';
			l->place[c] = flow++;
		} else if (ci->home == HOME_EXTRA) {
			l->extra.place[c] = extra++;
		}
	}
	l->path_place = flow;
	if ((tested & flow_home_bits(HOME_PATH)) != 0)
		want[flow] = 'n';
	l->extra.columns = extra;
}

static bool
open_extra(struct listscan *l, const char *path, const struct open_shard *s)
{
	static const char none[BTREE_MAX_COLUMNS];
	struct extra *x = &l->extra;

	if ((l->columns & flow_home_bits(HOME_EXTRA)) == 0)
		return true;
	x->tree = sealed_table(path, s, s->extra_root);
	if (x->tree != NULL)
		x->rows = btree_rows_new(x->tree, none, x->columns);
	return x->rows != NULL;
}

struct listscan *
listscan_open(const struct question *q, uint64_t columns, const char *path,
    const struct open_shard *s, const struct side *side)
{
	struct listscan *l;
	char want[BTREE_MAX_COLUMNS];

	if (!s->by_pages || question_in_order(q) || !sieve_can(q) ||
	    serve_list_index(q, s))
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->q = q;
	l->side = side;
	l->columns = columns | flow_bit(COL_packets) | flow_bit(COL_bytes) |
	    flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
	find_columns(l, want);
	if ((l->tree = sealed_table(path, s, s->flow_root)) != NULL &&
	    (l->rows = btree_rows_new(l->tree, want,
	    (unsigned)l->path_place + 1)) != NULL && open_extra(l, path, s))
		return l;
	listscan_close(l);
	return NULL;
}

void
listscan_close(struct listscan *l)
{
	if (l == NULL)
		return;
	btree_rows_free(l->rows);
	btree_close(l->tree);
	btree_rows_free(l->extra.rows);
	btree_close(l->extra.tree);
	free(l);
}

/* ---- rows ---- */

static void
put(struct flow *f, enum column c, const struct btree_value *v)
{
	struct datum d = { .kind = DATUM_NULL, .number = v->number,
		.addr = v->blob, .len = v->length };

	if (v->kind == 'n')
		d.kind = DATUM_NUMBER;
	else if (v->kind == 'b' && (v->length == 4 || v->length == 16))
		d.kind = DATUM_ADDR;
	datum_to_flow(&d, f, c);
}

static void
fill_path(const struct listscan *l, int64_t path, struct row *row)
{
	uint64_t set = l->columns & flow_home_bits(HOME_PATH);
	const struct row_exporter *e;

	for (unsigned c = 0; set >> c != 0; c++) {
		if ((set >> c & 1) != 0)
			datum_to_flow(side_datum(l->side, path, (enum column)c),
			    &row->flow, (enum column)c);
	}
	if (flow_has(&row->flow, COL_exporter) &&
	    (e = side_exporter(l->side, row->flow.exporter)) != NULL)
		row->exporter = *e;
}

/* Goes on to the row of extra of that id, or a later one; -1: failed. */
static int
seek_extra(struct extra *x, int64_t id, struct err *err)
{
	while (x->at >= x->rows->n || x->rows->id[x->at] < id) {
		if (x->at < x->rows->n) {
			x->at++;
			continue;
		}
		if (x->leaf == btree_leaves(x->tree))
			return 0;
		if (btree_read(x->tree, x->leaf++, x->rows, err) == -1)
			return -1;
		x->at = 0;
	}
	return 0;
}

static int
fill_extra(struct listscan *l, int64_t id, struct flow *f, struct err *err)
{
	uint64_t set = l->columns & flow_home_bits(HOME_EXTRA);
	struct btree_value v[BTREE_MAX_COLUMNS];
	struct extra *x = &l->extra;

	if (x->tree == NULL)
		return 0;
	if (seek_extra(x, id, err) == -1)
		return -1;
	if (x->at == x->rows->n || x->rows->id[x->at] != id)
		return 0;
	if (btree_row(x->tree, x->rows, x->at, v, x->columns, err) == -1)
		return -1;
	for (unsigned c = 0; set >> c != 0; c++) {
		if ((set >> c & 1) != 0)
			put(f, (enum column)c, &v[x->place[c]]);
	}
	return 0;
}

static int
fill_row(struct listscan *l, size_t i, struct row *row, struct err *err)
{
	uint64_t set = l->columns & flow_home_bits(HOME_FLOW);
	struct btree_value v[BTREE_MAX_COLUMNS];
	int64_t path;

	if (btree_row(l->tree, l->rows, i, v, (unsigned)l->path_place + 1,
	    err) == -1)
		return -1;
	row->flow.set = 0;
	row->flows = 1;
	row->exporter = (struct row_exporter){ .name = NULL };
	row->geo = NULL;
	row->placed = 0;
	for (unsigned c = 0; set >> c != 0; c++) {
		if ((set >> c & 1) != 0)
			put(&row->flow, (enum column)c, &v[l->place[c]]);
	}
	path = v[l->path_place].kind == 'n' ? v[l->path_place].number : 0;
	fill_path(l, path, row);
	if (fill_extra(l, l->rows->id[i], &row->flow, err) == -1)
		return -1;
	if (l->q->scale) {
		uint32_t rate = side_rate(l->side, path);

		row_scale(&row->flow, rate);
		row_scale_out(&row->flow, rate);
	}
	return 0;
}

/* 1: visit has enough. */
static int
visit_leaf(struct listscan *l, struct sieve *sieve,
    bool (*visit)(void *arg, struct row *row), void *arg,
    int64_t *rows, struct err *err)
{
	const uint8_t *mask = sieve_rows(sieve, l->rows);
	struct row row;

	for (size_t i = 0; i < l->rows->n; i++) {
		++*rows;
		if (mask != NULL && !mask[i])
			continue;
		if (fill_row(l, i, &row, err) == -1)
			return -1;
		if (!visit(arg, &row))
			return 1;
	}
	return 0;
}

int
listscan_run(struct listscan *l,
    bool (*visit)(void *arg, struct row *row), void *arg,
    int64_t *rows, struct err *err)
{
	const atomic_bool *stop = l->q->stop;
	struct sieve *sieve = sieve_new(l->q, l->side, l->place,
	    l->path_place, l->rows->cap, err);
	int rc = sieve == NULL ? -1 : 0;

	*rows = 0;
	for (size_t k = 0; k < btree_leaves(l->tree) && rc == 0; k++) {
		if (stop != NULL && atomic_load_explicit(stop,
		    memory_order_relaxed)) {
			rc = err_as(err, ERR_STOPPED, "interrupted");
			break;
		}
		rc = btree_read(l->tree, k, l->rows, err);
		if (rc == 0)
			rc = visit_leaf(l, sieve, visit, arg, rows, err);
	}
	sieve_free(sieve);
	return rc == -1 ? -1 : 0;
}
