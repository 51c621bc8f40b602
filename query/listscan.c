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
	struct btree		*tree;		/* NULL: not wanted */
	uint8_t			 place[COLUMN_COUNT];
	unsigned		 columns;
};

struct listscan {
	const struct question	*q;
	const struct side	*side;
	uint64_t		 flow_columns;	/* of the rows, by their home */
	uint64_t		 path_columns;
	uint64_t		 extra_columns;
	struct btree		*tree;
	char			 want[BTREE_MAX_COLUMNS];
	int			 place[COLUMN_COUNT];
	int			 path_place;
	struct extra		 extra;
};

struct listreader {
	const struct listscan	*scan;
	struct sieve		*sieve;
	struct btree_rows	*rows;		/* of the leaf before next */
	const uint8_t		*mask;		/* of them; NULL: all pass */
	size_t			 at;		/* the row that is next */
	size_t			 next;
	size_t			 end;
	struct btree_rows	*extra;
	size_t			 extra_leaf;	/* that it will hold next */
	size_t			 extra_at;
};

uint64_t
listscan_path_columns(const struct question *q, uint64_t columns)
{
	return (columns | sieve_columns(q)) & flow_home_bits(HOME_PATH);
}

/* ---- opening ---- */

/* Tables are as ddl.h makes them: id, then the columns of the home. */
static void
find_columns(struct listscan *l)
{
	uint64_t tested = sieve_columns(l->q);
	uint8_t flow = 1, extra = 1;

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		l->place[c] = NONE;
		if (ci->home == HOME_FLOW) {
			if ((tested >> c & 1) != 0)
				l->want[flow] = ci->type == CT_ADDR ? 'b' :
				    'n';
			l->place[c] = flow++;
		} else if (ci->home == HOME_EXTRA) {
			l->extra.place[c] = extra++;
		}
	}
	l->path_place = flow;
	if ((tested & flow_home_bits(HOME_PATH)) != 0)
		l->want[flow] = 'n';
	l->extra.columns = extra;
}

struct listscan *
listscan_open(const struct question *q, uint64_t columns, const char *path,
    const struct open_shard *s, const struct side *side)
{
	struct listscan *l;

	if (!s->by_pages || filter_counts(q->filter) || !sieve_can(q) ||
	    serve_list_index(q, s))
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	columns |= flow_bit(COL_packets) | flow_bit(COL_bytes) |
	    flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
	l->q = q;
	l->side = side;
	l->flow_columns = columns & flow_home_bits(HOME_FLOW);
	l->path_columns = columns & flow_home_bits(HOME_PATH);
	l->extra_columns = columns & flow_home_bits(HOME_EXTRA);
	find_columns(l);
	l->tree = sealed_table(path, s, s->flow_root);
	if (l->extra_columns != 0)
		l->extra.tree = sealed_table(path, s, s->extra_root);
	if (l->tree != NULL &&
	    (l->extra_columns == 0 || l->extra.tree != NULL))
		return l;
	listscan_close(l);
	return NULL;
}

void
listscan_close(struct listscan *l)
{
	if (l == NULL)
		return;
	btree_close(l->tree);
	btree_close(l->extra.tree);
	free(l);
}

size_t
listscan_leaves(const struct listscan *l)
{
	return btree_leaves(l->tree);
}

struct listreader *
listreader_new(const struct listscan *l, struct err *err)
{
	static const char none[BTREE_MAX_COLUMNS];
	struct listreader *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	r->scan = l;
	r->rows = btree_rows_new(l->tree, l->want,
	    (unsigned)l->path_place + 1);
	if (l->extra.tree != NULL)
		r->extra = btree_rows_new(l->extra.tree, none,
		    l->extra.columns);
	if (r->rows == NULL || (l->extra.tree != NULL && r->extra == NULL))
		(void)err_set(err, "out of memory");
	else if ((r->sieve = sieve_new(l->q, l->side, l->place,
	    l->path_place, r->rows->cap, err)) != NULL)
		return r;
	listreader_free(r);
	return NULL;
}

void
listreader_free(struct listreader *r)
{
	if (r == NULL)
		return;
	sieve_free(r->sieve);
	btree_rows_free(r->rows);
	btree_rows_free(r->extra);
	free(r);
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
	uint64_t set = l->path_columns;
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
seek_extra(struct listreader *r, int64_t id, struct err *err)
{
	const struct btree *tree = r->scan->extra.tree;

	while (r->extra_at >= r->extra->n || r->extra->id[r->extra_at] < id) {
		if (r->extra_at < r->extra->n) {
			r->extra_at++;
			continue;
		}
		if (r->extra_leaf == btree_leaves(tree))
			return 0;
		if (btree_read(tree, r->extra_leaf++, r->extra, err) == -1)
			return -1;
		r->extra_at = 0;
	}
	return 0;
}

static int
fill_extra(struct listreader *r, int64_t id, struct flow *f, struct err *err)
{
	const struct extra *x = &r->scan->extra;
	uint64_t set = r->scan->extra_columns;
	struct btree_value v[BTREE_MAX_COLUMNS];

	if (x->tree == NULL)
		return 0;
	if (seek_extra(r, id, err) == -1)
		return -1;
	if (r->extra_at == r->extra->n || r->extra->id[r->extra_at] != id)
		return 0;
	if (btree_row(x->tree, r->extra, r->extra_at, v, x->columns,
	    err) == -1)
		return -1;
	for (unsigned c = 0; set >> c != 0; c++) {
		if ((set >> c & 1) != 0)
			put(f, (enum column)c, &v[x->place[c]]);
	}
	return 0;
}

static int
fill_row(struct listreader *r, size_t i, struct row *row, struct err *err)
{
	const struct listscan *l = r->scan;
	uint64_t set = l->flow_columns;
	struct btree_value v[BTREE_MAX_COLUMNS];
	int64_t path;

	if (btree_row(l->tree, r->rows, i, v, (unsigned)l->path_place + 1,
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
	if (fill_extra(r, r->rows->id[i], &row->flow, err) == -1)
		return -1;
	if (l->q->scale) {
		uint32_t rate = side_rate(l->side, path);

		row_scale(&row->flow, rate);
		row_scale_out(&row->flow, rate);
	}
	return 0;
}

static int
next_leaf(struct listreader *r, struct err *err)
{
	const atomic_bool *stop = r->scan->q->stop;

	if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed))
		return err_as(err, ERR_STOPPED, "interrupted");
	if (btree_read(r->scan->tree, r->next++, r->rows, err) == -1)
		return -1;
	r->at = 0;
	r->mask = sieve_rows(r->sieve, r->rows);
	return 0;
}

void
listreader_begin(struct listreader *r, size_t from, size_t to)
{
	r->rows->n = r->at = 0;
	r->next = from;
	r->end = to;
}

/* Of what was read the next row that passes; rows->n: there is none. */
static size_t
next_row(const struct listreader *r)
{
	const uint8_t *mask = r->mask, *found;
	size_t n = r->rows->n;

	if (mask == NULL || r->at == n)
		return r->at;
	found = memchr(mask + r->at, 1, n - r->at);
	return found == NULL ? n : (size_t)(found - mask);
}

int
listreader_read(struct listreader *r, struct row *rows, size_t most,
    struct listread *out, struct err *err)
{
	*out = (struct listread){ .n = 0 };
	while (out->n < most) {
		size_t i = next_row(r);

		out->looked += (int64_t)(i - r->at);
		r->at = i;
		if (i < r->rows->n) {
			out->looked++;
			r->at++;
			if (fill_row(r, i, &rows[out->n], err) == -1)
				return -1;
			out->n++;
		} else if (r->next == r->end) {
			return 0;
		} else if (next_leaf(r, err) == -1) {
			return -1;
		}
	}
	return 0;
}
