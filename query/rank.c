/*
 * Ordering sums: see rank.h.  Three ways, by what is asked: the first N are
 * kept in a heap whose top is the worst of them; all of a table in memory is
 * sorted in place, as numbers of its entries; all of what came in parts goes
 * through a sorted table of SQLite, which has files for it.
 */
#include "query/rank.h"

#include <netinet/in.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/match.h"
#include "query/open.h"
#include "schema/db.h"

/* A row on its way: a key and its sums, both directions of them. */
struct entry {
	int64_t			 value;		/* what it is ordered by */
	struct tally_sum	 sum;
	struct tally_sum	 other;		/* flows 0: none */
	uint8_t			 len;
	uint8_t			 key[];
};

#define RUN	((size_t)1 << 16)	/* places sorted at once */

struct place {
	int64_t		value;
	uint32_t	at;		/* entry of the table */
};

struct rank {
	struct rank_options	 o;
	size_t			 stride;	/* of a struct entry with its key */
	uint8_t			*heap;
	size_t			 n;
	size_t			 cap;
	struct tally		*table;		/* limit 0, not in parts */
	struct place		*places;
	struct entry		*scratch;
	sqlite3			*sorter;
	sqlite3_stmt		*put;
};

static const char sorter_sql[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE sorted (value INTEGER, sort_key BLOB, entry BLOB); BEGIN";

struct rank *
rank_new(const struct rank_options *o, struct err *err)
{
	struct rank *r = calloc(1, sizeof(*r));
	size_t align = _Alignof(struct entry);

	if (r == NULL)
		goto fail;
	r->o = *o;
	r->stride = (sizeof(struct entry) + group_key_max(o->group) + align -
	    1) / align * align;
	r->scratch = calloc(1, r->stride);
	if (r->scratch == NULL)
		goto fail;
	if (o->limit > 0 || !o->in_parts)
		return r;
	/* "" is a file of its own, which vanishes */
	r->sorter = db_open("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    err);
	if (r->sorter != NULL)
		db_stop_by(r->sorter, o->stop);
	if (r->sorter != NULL && db_exec(r->sorter, sorter_sql, err) == 0 &&
	    (r->put = db_prepare(r->sorter,
	    "INSERT INTO sorted VALUES (?1, ?2, ?3)", err)) != NULL)
		return r;
	rank_free(r);
	return NULL;
fail:
	rank_free(r);
	(void)err_set(err, "out of memory");
	return NULL;
}

void
rank_free(struct rank *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->put);
	sqlite3_close(r->sorter);
	free(r->heap);
	free(r->places);
	free(r->scratch);
	free(r);
}

static struct entry *
heap_at(const struct rank *r, size_t i)
{
	return (struct entry *)(void *)(r->heap + i * r->stride);
}

static bool
stopped(const struct rank *r)
{
	return r->o.stop != NULL && atomic_load_explicit(r->o.stop,
	    memory_order_relaxed);
}

/* ---- the row of an entry ---- */

static void
make_row(const struct rank *r, const struct entry *e, struct row *row)
{
	struct tally_sum all = e->sum;

	if (e->other.flows > 0) {
		tally_add(&all, &e->other);
		all.packets = e->sum.packets;
		all.bytes = e->sum.bytes;
	}
	group_row(r->o.group, e->key, e->len, &all, row);
	if (r->o.group->bidir) {
		row->flow.out_packets = (uint64_t)e->other.packets;
		row->flow.out_bytes = (uint64_t)e->other.bytes;
		row->flow.set |= flow_bit(COL_out_packets) |
		    flow_bit(COL_out_bytes);
	}
}

/* Does the direction of the entry lead away from the lower port? */
static bool
from_server(const struct rank *r, const uint8_t *key, size_t len,
    const struct tally_sum *sum)
{
	struct row row;

	group_row(r->o.group, key, len, sum, &row);
	return flow_has(&row.flow, COL_proto) &&
	    (row.flow.proto == IPPROTO_TCP ||
	    row.flow.proto == IPPROTO_UDP) &&
	    flow_has(&row.flow, COL_src_port) &&
	    flow_has(&row.flow, COL_dst_port) &&
	    row.flow.src_port < row.flow.dst_port;
}

/*
 * Fills e from an entry of the table; false when it is not to be shown: the
 * other direction tells of it.
 */
static bool
take(const struct rank *r, const struct tally *t, size_t i, struct entry *e)
{
	struct tally_sum other;
	const uint8_t *key;
	size_t len;
	bool has_other = false, swap = false;

	key = tally_entry(t, i, &len, &e->sum);
	/* what was subtracted altogether is not there */
	if (e->sum.flows <= 0)
		return false;
	e->other = (struct tally_sum){ .flows = 0,
		.first_ms = INT64_MAX, .last_ms = INT64_MIN };
	e->len = (uint8_t)len;
	memcpy(e->key, key, len);
	if (r->o.group->bidir) {
		e->key[len - 1] ^= 1;
		has_other = tally_find(t, e->key, len, &other);
		e->key[len - 1] ^= 1;
	}
	if (has_other && (other.first_ms < e->sum.first_ms ||
	    (other.first_ms == e->sum.first_ms && key[len - 1] != 0)))
		return false;
	if (has_other)
		e->other = other;
	if (r->o.to_server)
		swap = from_server(r, key, len, &e->sum);
	if (swap) {
		struct tally_sum s = e->sum;

		e->key[len - 1] ^= 1;
		e->sum = e->other;
		e->other = s;
	}
	return true;
}

/* For -P on a key that is the exporter; arg is the row. */
static const struct match_exporter *
exporter_of_row(void *arg, uint32_t id)
{
	struct match_exporter *e = ((void **)arg)[0];
	const struct row *row = ((void **)arg)[1];

	(void)id;
	*e = (struct match_exporter){ .address = row->exporter.address };
	return e;
}

static bool
passes(const struct rank *r, const struct entry *e)
{
	struct match_exporter exporter;
	struct row row;
	void *arg[2] = { &exporter, &row };
	const struct match_env env = { .exporter = exporter_of_row,
		.arg = arg };

	if (r->o.having == NULL)
		return true;
	make_row(r, e, &row);
	row.flow.flows = row.flows > (int64_t)UINT32_MAX ? UINT32_MAX :
	    (uint32_t)row.flows;
	row.flow.set |= flow_bit(COL_flows);
	if (row.exporter.address.len != 0)
		row.flow.set |= flow_bit(COL_exporter);
	return filter_match(r->o.having, &row.flow, &env);
}

static int64_t
value_of(const struct rank *r, const struct entry *e)
{
	struct tally_sum all = e->sum;

	tally_add(&all, &e->other);
	return order_value(r->o.order->metric, &all);
}

/* ---- the first N ---- */

/* < 0: a stands before b in the answer. */
static int
compare(const struct rank *r, int64_t va, const uint8_t *ka, int64_t vb,
    const uint8_t *kb)
{
	if (va != vb)
		return (va > vb) == r->o.order->ascending ? 1 : -1;
	return group_compare(r->o.group, ka, kb);
}

static int
compare_entries(const struct rank *r, const struct entry *a,
    const struct entry *b)
{
	return compare(r, a->value, a->key, b->value, b->key);
}

/* Moves the entry at i down until both below it stand before it. */
static void
sift_down(struct rank *r, size_t i, size_t n)
{
	struct entry *tmp = r->scratch;

	for (;;) {
		size_t worst = i, child = 2 * i + 1;

		for (size_t k = child; k < child + 2 && k < n; k++) {
			if (compare_entries(r, heap_at(r, k),
			    heap_at(r, worst)) > 0)
				worst = k;
		}
		if (worst == i)
			return;
		memcpy(tmp, heap_at(r, i), r->stride);
		memcpy(heap_at(r, i), heap_at(r, worst), r->stride);
		memcpy(heap_at(r, worst), tmp, r->stride);
		i = worst;
	}
}

static void
sift_up(struct rank *r, size_t i)
{
	struct entry *tmp = r->scratch;

	while (i > 0) {
		size_t up = (i - 1) / 2;

		if (compare_entries(r, heap_at(r, i), heap_at(r, up)) <= 0)
			return;
		memcpy(tmp, heap_at(r, i), r->stride);
		memcpy(heap_at(r, i), heap_at(r, up), r->stride);
		memcpy(heap_at(r, up), tmp, r->stride);
		i = up;
	}
}

static int
keep(struct rank *r, const struct entry *e, struct err *err)
{
	if (r->n == (size_t)r->o.limit) {
		if (compare_entries(r, e, heap_at(r, 0)) >= 0)
			return 0;
		memcpy(heap_at(r, 0), e, r->stride);
		sift_down(r, 0, r->n);
		return 0;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;
		uint8_t *heap = realloc(r->heap, cap * r->stride);

		if (heap == NULL)
			return err_set(err, "out of memory");
		r->heap = heap;
		r->cap = cap;
	}
	memcpy(heap_at(r, r->n), e, r->stride);
	sift_up(r, r->n++);
	return 0;
}

/* ---- all ---- */

static int
put_sorted(struct rank *r, const struct entry *e, struct err *err)
{
	uint8_t sort_key[2 * TALLY_KEY_MAX];
	size_t n = group_sort_key(r->o.group, e->key, sort_key);

	(void)sqlite3_bind_int64(r->put, 1, e->value);
	(void)sqlite3_bind_blob(r->put, 2, sort_key, (int)n, SQLITE_STATIC);
	(void)sqlite3_bind_blob(r->put, 3, e, (int)r->stride, SQLITE_STATIC);
	return db_step(r->put, err) == -1 ? -1 : 0;
}

static int
note_place(struct rank *r, size_t i, int64_t value, struct err *err)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 1024 : r->cap * 2;
		struct place *v = realloc(r->places, cap * sizeof(*v));

		if (v == NULL)
			return err_set(err, "out of memory");
		r->places = v;
		r->cap = cap;
	}
	r->places[r->n++] = (struct place){ value, (uint32_t)i };
	return 0;
}

/*
 * Does entry i stand behind the first N that were found so far?  So it is with
 * nearly all of a large table, and told without its key.
 */
static bool
comes_late(const struct rank *r, const struct tally *t, size_t i)
{
	struct tally_sum sum;
	int64_t value;
	size_t len;

	if (r->o.limit == 0 || r->n < (size_t)r->o.limit || r->o.group->bidir)
		return false;
	(void)tally_entry(t, i, &len, &sum);
	value = order_value(r->o.order->metric, &sum);
	return r->o.order->ascending ? value > heap_at(r, 0)->value :
	    value < heap_at(r, 0)->value;
}

int
rank_add(struct rank *r, struct tally *part, struct err *err)
{
	struct entry *e = calloc(1, r->stride);
	int rc = e == NULL ? err_set(err, "out of memory") : 0;

	r->table = part;
	for (size_t i = 0; i < tally_count(part) && rc == 0; i++) {
		if (stopped(r)) {
			rc = err_as(err, ERR_STOPPED, "interrupted");
			break;
		}
		if (comes_late(r, part, i) || !take(r, part, i, e) ||
		    !passes(r, e))
			continue;
		e->value = value_of(r, e);
		if (r->o.limit > 0)
			rc = keep(r, e, err);
		else if (r->o.in_parts)
			rc = put_sorted(r, e, err);
		else
			rc = note_place(r, i, e->value, err);
	}
	free(e);
	return rc;
}

static int
place_compare(const void *va, const void *vb, void *arg)
{
	const struct place *a = va, *b = vb;
	const struct rank *r = arg;
	const uint8_t *ka, *kb;
	size_t len;

	/* qsort cannot be left, but hurried */
	if (stopped(r))
		return 0;
	ka = tally_key(r->table, a->at, &len);
	kb = tally_key(r->table, b->at, &len);
	return compare(r, a->value, ka, b->value, kb);
}

/* from[lo, mid) and from[mid, hi), which are in order, into to[lo, hi). */
static void
merge_places(struct rank *r, const struct place *from, struct place *to,
    size_t lo, size_t mid, size_t hi)
{
	size_t a = lo, b = mid;

	for (size_t i = lo; i < hi && !stopped(r); i++)
		to[i] = a < mid && (b == hi ||
		    place_compare(&from[a], &from[b], r) <= 0) ?
		    from[a++] : from[b++];
}

/* In runs that are merged: qsort alone would hear ^C at its end only. */
static int
sort_places(struct rank *r, struct err *err)
{
	struct place *other = NULL;

	for (size_t lo = 0; lo < r->n && !stopped(r); lo += RUN)
		qsort_r(r->places + lo, r->n - lo < RUN ? r->n - lo : RUN,
		    sizeof(*r->places), place_compare, r);
	if (r->n > RUN) {
		other = calloc(r->n, sizeof(*other));
		if (other == NULL)
			return err_set(err, "out of memory");
	}
	for (size_t step = RUN; step < r->n; step *= 2) {
		struct place *sorted = other;

		for (size_t lo = 0; lo < r->n; lo += 2 * step) {
			size_t mid = lo + step < r->n ? lo + step : r->n;

			merge_places(r, r->places, sorted, lo, mid,
			    mid + step < r->n ? mid + step : r->n);
		}
		other = r->places;
		r->places = sorted;
	}
	free(other);
	return stopped(r) ? err_as(err, ERR_STOPPED, "interrupted") : 0;
}

static int
each_sorted(struct rank *r, rank_visit *visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = db_prepare(r->sorter, r->o.order->ascending ?
	    "SELECT entry FROM sorted ORDER BY value, sort_key" :
	    "SELECT entry FROM sorted ORDER BY value DESC, sort_key", err);
	int rc = st == NULL ? -1 : 1;
	struct row row;

	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		if (stopped(r)) {
			rc = err_as(err, ERR_STOPPED, "interrupted");
			break;
		}
		memcpy(r->scratch, sqlite3_column_blob(st, 0), r->stride);
		make_row(r, r->scratch, &row);
		visit(arg, &row, r->scratch->key, r->scratch->len);
	}
	sqlite3_finalize(st);
	return rc;
}

int
rank_each(struct rank *r, rank_visit *visit, void *arg, struct err *err)
{
	struct row row;

	if (r->sorter != NULL)
		return each_sorted(r, visit, arg, err);
	if (r->o.limit == 0) {
		if (sort_places(r, err) == -1)
			return -1;
		for (size_t i = 0; i < r->n; i++) {
			if (stopped(r))
				return err_as(err, ERR_STOPPED, "interrupted");
			(void)take(r, r->table, r->places[i].at, r->scratch);
			make_row(r, r->scratch, &row);
			visit(arg, &row, r->scratch->key, r->scratch->len);
		}
		return 0;
	}
	/* the worst goes to the end, until the best stands first */
	for (size_t n = r->n; n > 1 && !stopped(r); n--) {
		memcpy(r->scratch, heap_at(r, 0), r->stride);
		memcpy(heap_at(r, 0), heap_at(r, n - 1), r->stride);
		memcpy(heap_at(r, n - 1), r->scratch, r->stride);
		sift_down(r, 0, n - 1);
	}
	for (size_t i = 0; i < r->n; i++) {
		if (stopped(r))
			return err_as(err, ERR_STOPPED, "interrupted");
		make_row(r, heap_at(r, i), &row);
		visit(arg, &row, heap_at(r, i)->key, heap_at(r, i)->len);
	}
	return 0;
}
