/*
 * --bin: a time series, in up to two passes over the shards.  The first tells
 * from when to when the flows go and which keys stand first; it can use
 * roll-ups, and is left out where window and options say all that.  The second
 * cuts the flows into bins.
 */
#include <string.h>

#include "query/answer.h"
#include "query/rank.h"
#include "query/series.h"

/* ---- first pass ---- */

/* From when to when; false: there are no flows and no window says it. */
static bool
find_range(const struct question *q, const struct tally_sum *total,
    int64_t *from_ms, int64_t *to_ms)
{
	bool from = q->has_window && q->from_ms != INT64_MIN;
	bool to = q->has_window && q->to_ms != INT64_MAX;

	if (total->flows == 0 && !(from && to))
		return false;
	*from_ms = from ? q->from_ms : total->first_ms;
	*to_ms = to ? q->to_ms : total->last_ms;
	return *from_ms <= *to_ms;
}

static int
make_series(struct answer *a, const struct tally_sum *total,
    struct series *s, struct err *err)
{
	const struct request *r = a->request;
	struct bins bins = { .start = NULL };
	int64_t from_ms, to_ms;

	if (find_range(&a->q, total, &from_ms, &to_ms) &&
	    bins_make(&bins, r->bin_ms, r->print.utc, from_ms, to_ms,
	    err) == -1)
		return -1;
	if (series_init(s, &bins, a->q.memory / 2, err) == -1)
		return -1;
	s->spread = !r->no_spread;
	return 0;
}

/* Told of the keys in order. */
struct keeping {
	struct series	*s;
	struct err	*err;
	int		 rc;
};

static void
keep_key(void *arg, const struct row *row, const uint8_t *key, size_t len)
{
	struct keeping *k = arg;

	(void)row;
	if (k->rc == 0)
		k->rc = series_add_key(k->s, key, len, k->err);
}

static int
add_to_rank(void *arg, struct tally *part, struct err *err)
{
	return rank_add(arg, part, err);
}

static int
rank_keys(struct answer *a, struct sums *sums, struct series *s,
    struct err *err)
{
	const struct group *g = &a->q.groups[0];
	struct keeping keeping = { s, err, 0 };
	struct rank *rank = rank_new(&(struct rank_options){ .group = g,
	    .order = &g->order[0], .limit = a->request->limit,
	    .having = a->having, .in_parts = sums_in_parts(sums, 0) }, err);
	int rc = -1;

	if (rank != NULL && sums_each(sums, 0, add_to_rank, rank, err) == 0 &&
	    rank_each(rank, keep_key, &keeping, err) == 0)
		rc = keeping.rc;
	rank_free(rank);
	return rc;
}

/* Bins and keys of the series. */
static int
prepare(struct answer *a, struct series *s, struct err *err)
{
	struct question q = a->q;
	/* the pass that counts says what was read */
	struct report report = { .explain = false };
	struct group any;
	struct sums sums;
	int rc;

	if (q.n_groups == 0) {
		/* any group will do, it is the total that is asked for */
		if (group_parse_stat("proto", NULL, &any, err) == -1)
			return -1;
		q.groups = &any;
		q.n_groups = 1;
	}
	q.most_rows = a->having == NULL ? a->request->limit : 0;
	rc = a->backend->calls->sums(a->backend, &q, &a->work, &sums,
	    &report, err);
	if (rc == 0)
		rc = make_series(a, &sums.feed.total, s, err);
	if (rc == 0 && a->q.n_groups > 0) {
		s->group = &a->q.groups[0];
		rc = rank_keys(a, &sums, s, err);
	}
	sums_clear(&sums);
	return rc;
}

/* ---- second pass ---- */

static int
take(void *arg, struct tally *part, struct err *err)
{
	return series_take(arg, part, err);
}

static void
print_cell(const struct series *s, const struct group *g, size_t bin,
    size_t place, struct print *p)
{
	/* the key of other: nothing is set in it */
	static const uint8_t nothing[TALLY_KEY_MAX];
	struct series_cell cell = series_at(s, bin, place);
	struct tally_sum sum = { .flows = cell.flows, .packets = cell.packets,
		.bytes = cell.bytes, .first_ms = s->bins.start[bin],
		.last_ms = s->bins.start[bin + 1] };
	const uint8_t *key = nothing;
	size_t len = sizeof(nothing);
	struct row row;

	if (place < s->n_keys)
		key = tally_key(s->keys, place, &len);
	group_row(g, key, len, &sum, &row);
	print_row(p, &row);
}

static void
print_all(struct answer *a, const struct series *s, const struct group *g,
    struct print *p)
{
	struct print_key keys[PRINT_KEYS_MAX];
	struct print_series head = { .key = NULL };

	if (s->group != NULL) {
		(void)group_print_keys(s->group, keys);
		head = (struct print_series){ keys, s->group->by_proto };
	}
	print_series(p, &head);
	for (size_t bin = 0; bin < s->bins.n; bin++) {
		for (size_t k = 0; k <= s->n_keys; k++)
			print_cell(s, g, bin, k, p);
		if (out_failed(a->out))
			break;
	}
}

static int
run_series(struct answer *a, struct series *s, struct print *p, double began,
    struct err *err)
{
	struct group g = { .kind = GROUP_FIELDS };
	struct print_summary summary;
	struct question q = a->q;
	struct sums sums;
	int rc;

	if (s->group != NULL)
		g = *s->group;
	g.series = s;
	q.groups = &g;
	q.n_groups = 1;
	q.memory = a->q.memory / 2;
	rc = a->backend->calls->sums(a->backend, &q, &a->work, &sums,
	    &a->report, err);
	if (rc == 0)
		rc = sums_each(&sums, 0, take, s, err);
	if (rc == 0) {
		print_all(a, s, &g, p);
		answer_summary(a, &sums.feed.total, began, &summary);
		print_done(p, &summary);
	}
	sums_clear(&sums);
	return rc;
}

int
answer_series(struct answer *a, struct err *err)
{
	static const struct tally_sum nothing = { .flows = 0 };
	double began = answer_clock();
	struct print_options o = a->request->print;
	struct series s = { .keys = NULL };
	struct print *p;
	int64_t from_ms, to_ms;
	int rc;

	o.names = a->names;
	p = print_new(a->request->format, &o, a->out, err);
	if (p == NULL)
		return -1;
	if (a->q.n_groups == 0 && find_range(&a->q, &nothing, &from_ms,
	    &to_ms))
		rc = make_series(a, &nothing, &s, err);
	else
		rc = prepare(a, &s, err);
	if (rc == 0)
		rc = run_series(a, &s, p, began, err);
	a->rows = print_count(p);
	series_clear(&s);
	print_free(p);
	return rc;
}
