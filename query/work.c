/*
 * Workers over shards: see work.h.
 *
 *	queue of tasks -> worker: open, roll-ups, scan -> its feed
 *			  worker: ...		       -> its feed
 *							  merge -> sums
 *
 * A task is a shard, or a range of flow ids of one.  Whoever opens a shard
 * that must be scanned while others have nothing to do cuts it in pieces and
 * puts all but one into the queue.
 */
#include "query/work.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/open.h"
#include "query/serve.h"
#include "query/spill.h"
#include "query/sql.h"
#include "schema/db.h"

#define SPLIT_FLOWS	200000	/* a scan shorter than this is not cut */
#define PIECES		4	/* per worker, so that all end together */

struct task {
	size_t	 shard;		/* of the list */
	bool	 piece;		/* only these ids, roll-ups are done */
	int64_t	 id_from;
	int64_t	 id_to;
};

struct work {
	const struct question	 *q;
	const struct shard_list	 *list;
	const struct work_options *o;
	struct report		 *report;
	pthread_mutex_t		  lock;
	pthread_cond_t		  changed;
	size_t			  next;		/* shard that nobody took */
	struct task		 *pieces;	/* a stack */
	size_t			  n_pieces;
	size_t			  cap_pieces;
	unsigned		  active;	/* may still make pieces */
	size_t			  done;		/* shards */
	int64_t			  flows;	/* read so far */
	int64_t			  count_base;	/* flows of earlier shards */
	bool			  failed;
	bool			  enough;
	struct err		  err;		/* the first */
	struct spill		**spill;
};

struct worker {
	struct work	*work;
	struct feed	 feed;
	pthread_t	 thread;
	bool		 started;
};

bool
question_in_order(const struct question *q)
{
	return q->most_flows > 0 || filter_counts(q->filter);
}

/* ---- queue ---- */

/* Waits for something to do; false when there is nothing any more. */
static bool
take(struct work *w, struct task *t)
{
	bool got = false;

	(void)pthread_mutex_lock(&w->lock);
	w->active--;
	for (;;) {
		if (w->failed || w->enough)
			break;
		if (w->n_pieces > 0) {
			*t = w->pieces[--w->n_pieces];
			got = true;
			break;
		}
		if (w->next < w->list->n) {
			*t = (struct task){ .shard = w->next++ };
			got = true;
			break;
		}
		if (w->active == 0)
			break;
		(void)pthread_cond_wait(&w->changed, &w->lock);
	}
	if (got)
		w->active++;
	else
		(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	return got;
}

static int
add_piece(struct work *w, const struct task *t, struct err *err)
{
	if (w->n_pieces == w->cap_pieces) {
		size_t cap = w->cap_pieces == 0 ? 16 : w->cap_pieces * 2;
		struct task *v = realloc(w->pieces, cap * sizeof(*v));

		if (v == NULL)
			return err_set(err, "out of memory");
		w->pieces = v;
		w->cap_pieces = cap;
	}
	w->pieces[w->n_pieces++] = *t;
	return 0;
}

/*
 * Cuts a scan in pieces when there are not enough shards left for everyone;
 * t becomes the first of them.
 */
static int
split(struct work *w, const struct open_shard *s, struct task *t,
    struct err *err)
{
	int64_t n = (int64_t)w->q->workers * PIECES, step;
	int rc = 0;

	if (w->q->workers < 2 || s->max_id < SPLIT_FLOWS)
		return 0;
	step = s->max_id / n + 1;
	(void)pthread_mutex_lock(&w->lock);
	if (w->list->n - w->next < w->q->workers) {
		*t = (struct task){ .shard = t->shard, .piece = true,
			.id_from = 1, .id_to = step };
		for (int64_t i = n - 1; i >= 1 && rc == 0; i--)
			rc = add_piece(w, &(struct task){ .shard = t->shard,
			    .piece = true, .id_from = i * step + 1,
			    .id_to = i == n - 1 ? s->max_id :
			    (i + 1) * step }, err);
		(void)pthread_cond_broadcast(&w->changed);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

/* ---- one shard ---- */

/* Runs the statement that feeds us; "enough" is no failure. */
static int
run_pass(struct feed *f, sqlite3 *db, const struct sql_shape *shape,
    struct err *err)
{
	sqlite3_stmt *st = NULL;
	struct sql sql;
	int rc = -1;

	if (sql_scan(&sql, FEED_FUNCTION, f->values, f->n_values, f->q->filter,
	    shape, err) == -1)
		return -1;
	st = db_prepare(db, sql.text, err);
	if (st != NULL && sql_bind_all(st, &sql, err) == 0)
		rc = db_step(st, err);
	sqlite3_finalize(st);
	sql_clear(&sql);
	if (rc == -1 && f->enough)
		return 0;
	if (rc == -1 && f->failed)
		*err = f->err;
	return rc == -1 ? -1 : 0;
}

static struct sql_shape
shape_of(const struct work *w, const struct task *t)
{
	const struct question *q = w->q;

	return (struct sql_shape){ .schema = "main", .rollup = -1,
		.scale = q->scale,
		.no_index = q->no_index || question_in_order(q),
		.has_window = q->has_window, .within = q->within,
		.from_ms = q->from_ms, .to_ms = q->to_ms,
		.rowids = t->piece, .id_from = t->id_from, .id_to = t->id_to,
		.count_base = w->count_base };
}

static int
scan(struct worker *wk, struct open_shard *s, const struct task *t,
    struct err *err)
{
	struct sql_shape shape = shape_of(wk->work, t);
	struct side *side = side_load(s->db, "main",
	    feed_path_columns(&wk->feed), err);
	int rc;

	if (side == NULL)
		return -1;
	feed_begin(&wk->feed, side, -1, 0, 1);
	rc = run_pass(&wk->feed, s->db, &shape, err);
	side_free(side);
	return rc;
}

/*
 * Groups that roll-ups can serve are done with them; how tells what served.
 * Returns how many groups are left, wanted set; -1 failed.
 */
static int
use_rollups(struct worker *wk, struct open_shard *s, char *how, size_t size,
    struct err *err)
{
	struct feed *f = &wk->feed;
	struct sql_shape shape = { .schema = "main" };
	struct serve_pass pass[SERVE_PASSES];
	unsigned n[GROUPS_MAX];
	size_t at = 0, n_groups = wk->work->q->n_groups;
	int left = 0;

	for (size_t i = 0; i < n_groups; i++) {
		n[i] = serve_rollups(wk->work->q, f->groups[i].group, s,
		    pass);
		left += n[i] == 0;
	}
	/* what all flows add up to is counted once, by the scan if any */
	f->count_total = left == 0;
	for (size_t i = 0; i < n_groups; i++) {
		if (n[i] == 0)
			continue;
		for (size_t k = 0; k < n_groups; k++)
			f->groups[k].wanted = k == i;
		(void)serve_rollups(wk->work->q, f->groups[i].group, s, pass);
		for (unsigned k = 0; k < n[i]; k++) {
			shape.rollup = pass[k].rollup;
			feed_begin(f, NULL, shape.rollup, pass[k].side,
			    pass[k].sign);
			if (run_pass(f, s->db, &shape, err) == -1)
				return -1;
			f->count_total = false;
			at += (size_t)snprintf(how + at, size - at, "%s%s",
			    at > 0 ? ", " : "",
			    rollup_info(pass[k].rollup)->table);
			at = at < size ? at : size - 1;
		}
	}
	for (size_t i = 0; i < n_groups; i++)
		f->groups[i].wanted = n[i] == 0;
	f->count_total = left > 0;
	if (left > 0)
		(void)snprintf(how + at, size - at, "%sflows",
		    at > 0 ? ", " : "");
	return left;
}

static void
note(struct worker *wk, const char *path, const char *how, int64_t rows,
    double sec)
{
	struct work *w = wk->work;
	struct err ignored;

	(void)report_shard(w->report, path, how, rows, sec, &ignored);
}

static double
now_sec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A shard that was opened, or a piece of it. */
static int
read_shard(struct worker *wk, struct open_shard *s, struct task *t,
    char *how, size_t size, struct err *err)
{
	int left;

	if (feed_register(s->db, &wk->feed, err) == -1)
		return -1;
	if (t->piece) {
		/* what the first piece left to scan: the same decision */
		for (size_t i = 0; i < wk->work->q->n_groups; i++) {
			struct serve_pass pass[SERVE_PASSES];

			wk->feed.groups[i].wanted = serve_rollups(
			    wk->work->q, wk->feed.groups[i].group, s,
			    pass) == 0;
		}
		wk->feed.count_total = true;
		(void)snprintf(how, size, "flows %lld to %lld",
		    (long long)t->id_from, (long long)t->id_to);
		return scan(wk, s, t, err);
	}
	left = use_rollups(wk, s, how, size, err);
	if (left <= 0)
		return left;
	if (!question_in_order(wk->work->q) &&
	    split(wk->work, s, t, err) == -1)
		return -1;
	return scan(wk, s, t, err);
}

/* Counts of the shard; call with the lock held. */
static void
count_shard(struct work *w, const struct open_shard *s, enum serve_skip skip)
{
	if (skip == SERVE_READ) {
		w->report->read++;
		w->report->processed += s->meta.flows;
	} else {
		w->report->skipped++;
	}
	w->count_base += s->meta.flows;
}

static int
do_task(struct worker *wk, struct task *t, struct err *err)
{
	static const char *const skips[] = { [SERVE_EMPTY] = "skipped: empty",
	    [SERVE_EARLIER] = "skipped: ends before the window",
	    [SERVE_LATER] = "skipped: begins after the window" };
	struct work *w = wk->work;
	const char *path = w->list->v[t->shard].path;
	bool first = !t->piece;
	double begin = now_sec();
	enum serve_skip skip;
	struct open_shard s;
	char how[160] = "";
	int rc = 0;

	if (shard_open(path, w->q->stop, &s, err) == -1)
		return -1;
	skip = serve_window(w->q, &s.meta);
	if (skip == SERVE_READ)
		rc = read_shard(wk, &s, t, how, sizeof(how), err);
	(void)pthread_mutex_lock(&w->lock);
	if (first && rc == 0)
		count_shard(w, &s, skip);
	note(wk, path, skip == SERVE_READ ? how : skips[skip],
	    skip == SERVE_READ ? s.meta.flows : 0, now_sec() - begin);
	w->enough = w->enough || wk->feed.enough;
	w->done += first;
	w->flows += first ? s.meta.flows : 0;
	if (w->o->progress != NULL)
		w->o->progress(w->o->arg, w->done, w->list->n, w->flows);
	(void)pthread_mutex_unlock(&w->lock);
	shard_close(&s);
	return rc;
}

/* A task that failed: an end to all, or one shard less. */
static void
fail_task(struct work *w, const struct task *t, struct err *err)
{
	const char *path = w->list->v[t->shard].path;

	(void)pthread_mutex_lock(&w->lock);
	if (!w->o->named && err->code != ERR_STOPPED && shard_is_gone(path)) {
		/* expired, or swapped, between the look and the opening */
		w->report->skipped++;
	} else if (w->o->skip_bad && err->code != ERR_STOPPED) {
		w->report->bad++;
		(void)fprintf(stderr, "flowq: skipped: %s\n", err->msg);
	} else if (!w->failed) {
		w->failed = true;
		w->err = *err;
		(void)pthread_cond_broadcast(&w->changed);
	}
	(void)pthread_mutex_unlock(&w->lock);
}

static void *
worker_main(void *arg)
{
	struct worker *wk = arg;
	struct task t;
	struct err err;

	while (take(wk->work, &t)) {
		err.code = ERR_NONE;
		if (do_task(wk, &t, &err) == -1)
			fail_task(wk->work, &t, &err);
	}
	return NULL;
}

/* ---- all of it ---- */

static int
add_up(struct sums *out, struct worker *workers, unsigned n,
    const struct question *q, struct err *err)
{
	for (unsigned k = 0; k < n; k++) {
		if (feed_flush(&workers[k].feed, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < q->n_groups; i++) {
		struct feed_group *to = &out->feed.groups[i];

		for (unsigned k = 0; k < n; k++) {
			struct tally *from = workers[k].feed.groups[i].tally;

			if (k == 0 && !spill_used(to->spill)) {
				/* the first one is taken as it is */
				workers[k].feed.groups[i].tally = to->tally;
				to->tally = from;
				tally_set_limit(from, q->memory /
				    q->n_groups / 2);
				continue;
			}
			if (spill_used(to->spill)) {
				if (spill_all(to->spill, from, err) == -1)
					return -1;
			} else if (spill_merge(to->spill, to->tally, from,
			    err) == -1) {
				return -1;
			}
		}
		if (spill_used(to->spill) &&
		    spill_all(to->spill, to->tally, err) == -1)
			return -1;
	}
	for (unsigned k = 0; k < n; k++)
		tally_add(&out->feed.total, &workers[k].feed.total);
	return 0;
}

static int
start_and_join(struct worker *workers, unsigned n, struct err *err)
{
	int rc = 0;

	for (unsigned k = 1; k < n && rc == 0; k++) {
		if (pthread_create(&workers[k].thread, NULL, worker_main,
		    &workers[k]) == 0)
			workers[k].started = true;
		else
			rc = err_set(err, "cannot start a thread");
	}
	/* the calling thread works too; when a thread is missing, alone */
	(void)worker_main(&workers[0]);
	for (unsigned k = 1; k < n; k++) {
		if (workers[k].started)
			(void)pthread_join(workers[k].thread, NULL);
	}
	return rc;
}

static int
prepare(struct sums *out, struct work *w, struct worker *workers, unsigned n,
    struct err *err)
{
	const struct question *q = w->q;

	if (feed_init(&out->feed, q, q->memory / 2, err) == -1)
		return -1;
	for (size_t i = 0; i < q->n_groups; i++) {
		out->spill[i] = spill_new(group_tail(&q->groups[i]));
		if (out->spill[i] == NULL)
			return err_set(err, "out of memory");
		out->feed.groups[i].spill = out->spill[i];
	}
	for (unsigned k = 0; k < n; k++) {
		workers[k].work = w;
		if (feed_init(&workers[k].feed, q, q->memory / 2 / n,
		    err) == -1)
			return -1;
		for (size_t i = 0; i < q->n_groups; i++)
			workers[k].feed.groups[i].spill = out->spill[i];
	}
	return 0;
}

int
work_sums(const struct question *q, const struct shard_list *list,
    const struct work_options *o, struct sums *out, struct report *report,
    struct err *err)
{
	unsigned n = question_in_order(q) || q->workers == 0 ? 1 : q->workers;
	struct work w = { .q = q, .list = list, .o = o, .report = report,
		.active = n, .spill = out->spill };
	struct worker *workers = calloc(n, sizeof(*workers));
	int rc = -1;

	*out = (struct sums){ .spill = calloc(q->n_groups + 1,
	    sizeof(*out->spill)) };
	out->feed.q = q;
	if (workers == NULL || out->spill == NULL) {
		(void)err_set(err, "out of memory");
		free(workers);
		return -1;
	}
	(void)pthread_mutex_init(&w.lock, NULL);
	(void)pthread_cond_init(&w.changed, NULL);
	if (prepare(out, &w, workers, n, err) == 0 &&
	    start_and_join(workers, n, err) == 0) {
		if (w.failed)
			*err = w.err;
		else
			rc = add_up(out, workers, n, q, err);
	}
	for (unsigned k = 0; k < n; k++) {
		if (workers[k].work != NULL)
			feed_clear(&workers[k].feed);
	}
	(void)pthread_cond_destroy(&w.changed);
	(void)pthread_mutex_destroy(&w.lock);
	free(w.pieces);
	free(workers);
	return rc;
}

void
sums_clear(struct sums *s)
{
	for (size_t i = 0; s->spill != NULL && i < s->feed.q->n_groups; i++)
		spill_free(s->spill[i]);
	free(s->spill);
	s->spill = NULL;
	if (s->feed.groups != NULL)
		feed_clear(&s->feed);
}

bool
sums_in_parts(const struct sums *s, size_t i)
{
	return spill_used(s->feed.groups[i].spill);
}

int
sums_each(struct sums *s, size_t i,
    int (*visit)(void *arg, struct tally *part, struct err *err), void *arg,
    struct err *err)
{
	struct feed_group *g = &s->feed.groups[i];

	if (!spill_used(g->spill))
		return visit(arg, g->tally, err);
	return spill_each(g->spill, g->tally, visit, arg, err);
}
