/*
 * Workers over shards: see work.h.
 *
 *	queue of tasks -> worker: open, roll-ups, scan -> its feed
 *			  worker: ...		       -> its feed
 *							  merge -> sums
 *
 * A task is a shard, or a piece of one (work_shard.h).  Whoever opens a shard
 * that must be scanned while others have nothing to do cuts it in pieces and
 * puts all but one into the queue.
 */
#include "query/work.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "query/open.h"
#include "query/sealed.h"
#include "query/serve.h"
#include "query/spill.h"
#include "query/work_merge.h"
#include "query/work_shard.h"

#define SPLIT_FLOWS	200000	/* a scan shorter than this is not cut */
#define PIECES		4	/* per worker, so that all end together */
#define LEAST_SUMS	65536U	/* bytes that a table needs to be of use */

struct task {
	size_t		shard;		/* of the list */
	struct piece	piece;
};

struct work {
	const struct question	 *q;
	const struct shard_list	 *list;
	const struct work_options *o;
	struct report		 *report;
	struct sealed_forms	 *forms;
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
};

struct worker {
	struct work	*work;
	struct feed	 feed;
	size_t		 shard;		/* being read */
	int64_t		 max_id;	/* of its flows */
	bool		 cut;		/* it is read in pieces */
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
			*t = (struct task){ .shard = w->next++,
				.piece = { .kind = PIECE_ALL } };
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
 * p becomes the first of them.  Fits shard_task.split.
 */
static int
split(void *arg, struct piece *p, struct err *err)
{
	struct worker *wk = arg;
	struct work *w = wk->work;
	/* ids are [from, to], leaves [from, to) */
	int64_t last = p->kind == PIECE_IDS ? 1 : 0, from = p->from;
	int64_t end = p->to + last, n = (int64_t)w->q->workers * PIECES;
	int64_t step = (end - from) / n + 1;
	struct task t = { .shard = wk->shard, .piece = *p };
	int rc = 0;

	if (w->q->workers < 2 || wk->max_id < SPLIT_FLOWS)
		return 0;
	(void)pthread_mutex_lock(&w->lock);
	if (w->list->n - w->next < w->q->workers) {
		p->to = from + step - last;
		wk->cut = true;
		for (from += step; from < end && rc == 0; from += step) {
			t.piece.from = from;
			t.piece.to = (from + step < end ? from + step : end) -
			    last;
			rc = add_piece(w, &t, err);
		}
		(void)pthread_cond_broadcast(&w->changed);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

/* ---- one task ---- */

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
do_task(struct worker *wk, const struct task *task, struct err *err)
{
	struct work *w = wk->work;
	const struct shard_ref *shard = &w->list->v[task->shard];
	bool first = task->piece.kind == PIECE_ALL;
	struct report_use use = { .rows = 0 };
	struct shard_task t = { .piece = task->piece, .split = split,
		.arg = wk, .use = w->report->explain ? &use : NULL };
	double began = report_clock();
	enum serve_skip skip;
	struct open_shard s;
	int rc = 0;

	/* SQLite asks only where a statement is long */
	if (w->q->stop != NULL && atomic_load_explicit(w->q->stop,
	    memory_order_relaxed))
		return err_as(err, ERR_STOPPED, "interrupted");
	if (!sealed_open(w->forms, shard->path, &s) &&
	    shard_open(shard->path, w->q->stop, &s, err) == -1)
		return -1;
	wk->shard = task->shard;
	wk->max_id = s.max_id;
	wk->cut = false;
	/* who counts on it is the only worker */
	(void)pthread_mutex_lock(&w->lock);
	t.count_base = w->count_base;
	(void)pthread_mutex_unlock(&w->lock);
	skip = serve_window(w->q, &s.meta);
	if (skip == SERVE_READ)
		rc = work_shard(&wk->feed, &s, shard->path, &t, err);
	(void)pthread_mutex_lock(&w->lock);
	if (first && rc == 0)
		count_shard(w, &s, skip);
	if (skip != SERVE_READ)
		report_unused(w->report, shard, report_clock() - began,
		    "skipped: %s", serve_skip_text(skip));
	else if (rc == 0)
		report_used(w->report, shard, &use, !first || wk->cut,
		    report_clock() - began);
	w->enough = w->enough || wk->feed.enough;
	w->done += first;
	w->flows += first ? s.meta.flows : 0;
	if (w->o->progress != NULL)
		w->o->progress(w->o->arg, w->done, w->list->n, w->flows);
	(void)pthread_mutex_unlock(&w->lock);
	shard_close(&s);
	return rc;
}

/*
 * A task that failed: an end to all, or one shard less.  What a shard gave
 * before it failed (began) is in the sums and cannot be taken back.
 */
static void
fail_task(struct work *w, const struct task *t, bool began, struct err *err)
{
	const struct shard_ref *shard = &w->list->v[t->shard];

	began = began || t->piece.kind != PIECE_ALL;
	(void)pthread_mutex_lock(&w->lock);
	if (!began && !w->o->named && err->code != ERR_STOPPED &&
	    shard_is_gone(shard->path)) {
		/* expired, or swapped, between the look and the opening */
		w->report->skipped++;
		report_unused(w->report, shard, 0, "skipped: it has vanished");
	} else if (w->o->skip_bad && err->code != ERR_STOPPED) {
		w->report->bad++;
		report_unused(w->report, shard, 0, began ? "read in part" :
		    "unreadable");
		(void)fprintf(stderr, "flowq: %s: %s\n", began ?
		    "read in part" : "skipped", err->msg);
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
		int64_t before = wk->feed.total.flows;

		err.code = ERR_NONE;
		if (do_task(wk, &t, &err) == -1)
			fail_task(wk->work, &t,
			    wk->feed.total.flows != before, &err);
	}
	return NULL;
}

/* ---- all of it ---- */

/*
 * What the tables of the workers may take, and what the added up ones: half
 * of the memory, but not less than lets one worker do something.
 */
static size_t
half_memory(const struct question *q)
{
	size_t half = q->memory / 2, least = q->n_groups * LEAST_SUMS;

	return half > least ? half : least;
}

/* Not more than there is work and memory for. */
static unsigned
count_workers(const struct question *q)
{
	size_t most = q->n_groups == 0 ? 1 :
	    half_memory(q) / q->n_groups / LEAST_SUMS;

	if (question_in_order(q) || q->workers == 0)
		return 1;
	return q->workers < most ? q->workers : (unsigned)most;
}

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
				tally_set_limit(from, half_memory(q) /
				    q->n_groups);
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

	if (feed_init(&out->feed, q, half_memory(q), err) == -1)
		return -1;
	for (size_t i = 0; i < q->n_groups; i++) {
		out->spill[i] = spill_new(group_tail(&q->groups[i]), q->stop);
		if (out->spill[i] == NULL)
			return err_set(err, "out of memory");
		out->feed.groups[i].spill = out->spill[i];
	}
	for (unsigned k = 0; k < n; k++) {
		workers[k].work = w;
		if (feed_init(&workers[k].feed, q, half_memory(q) / n,
		    err) == -1)
			return -1;
		for (size_t i = 0; i < q->n_groups; i++)
			workers[k].feed.groups[i].spill = out->spill[i];
	}
	return 0;
}

/*
 * Tables do not shrink before they are added up, and then as much as another
 * grows: the most they had is what they have before that, or after.
 */
static void
count_memory(struct report *r, const struct sums *out,
    const struct worker *workers, unsigned n)
{
	const struct question *q = out->feed.q;
	uint64_t memory = 0;

	for (size_t i = 0; i < q->n_groups; i++) {
		memory += tally_memory(out->feed.groups[i].tally);
		for (unsigned k = 0; k < n; k++)
			memory +=
			    tally_memory(workers[k].feed.groups[i].tally);
	}
	if (memory > r->memory)
		r->memory = memory;
}

/* What the workers have as one, and what that took. */
static int
finish(const struct work *w, struct sums *out, struct worker *workers,
    unsigned n, struct err *err)
{
	struct report *r = w->report;
	int rc;

	count_memory(r, out, workers, n);
	rc = w->failed ? -1 : add_up(out, workers, n, w->q, err);
	count_memory(r, out, workers, n);
	r->workers = n;
	r->memory_limit = w->q->memory;
	for (size_t i = 0; i < w->q->n_groups; i++)
		r->spilled += spill_bytes(out->spill[i]);
	return rc;
}

static void
throw_away(struct sums *out, struct worker *workers, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		if (workers[k].work != NULL)
			feed_clear(&workers[k].feed);
	}
	for (size_t i = 0; i < out->feed.q->n_groups; i++) {
		spill_free(out->spill[i]);
		out->spill[i] = NULL;
	}
	feed_clear(&out->feed);
}

/* By merging roll-ups: as work_merge. */
static int
merge(struct work *w, struct sums *out, struct worker *workers, unsigned n,
    struct err *err)
{
	struct work_merge m = { .q = w->q, .list = w->list, .forms = w->forms,
		.report = w->report, .memory = half_memory(w->q), .n = n,
		.feeds = calloc(n, sizeof(*m.feeds)) };
	int rc = m.feeds == NULL ? err_set(err, "out of memory") : 1;

	for (unsigned k = 0; k < n && rc == 1; k++)
		m.feeds[k] = &workers[k].feed;
	if (rc == 1)
		rc = work_merge(&m, err);
	free(m.feeds);
	if (rc != 0)
		return rc;
	throw_away(out, workers, n);
	return prepare(out, w, workers, n, err);
}

/* All shards, by whatever serves them. */
static int
read_all(struct work *w, struct sums *out, struct worker *workers,
    unsigned n, struct err *err)
{
	int rc = 0;

	if (prepare(out, w, workers, n, err) == -1)
		return -1;
	if (work_merge_can(w->q))
		rc = merge(w, out, workers, n, err);
	if (rc == 0)
		rc = start_and_join(workers, n, err);
	return rc == -1 ? -1 : 0;
}

int
work_sums(const struct question *q, const struct shard_list *list,
    const struct work_options *o, struct sums *out, struct report *report,
    struct err *err)
{
	unsigned n = count_workers(q);
	struct work w = { .q = q, .list = list, .o = o, .report = report,
		.forms = sealed_forms_new(), .active = n };
	struct worker *workers = calloc(n, sizeof(*workers));
	int rc = -1;

	*out = (struct sums){ .spill = calloc(q->n_groups + 1,
	    sizeof(*out->spill)) };
	out->feed.q = q;
	if (workers == NULL || out->spill == NULL || w.forms == NULL) {
		(void)err_set(err, "out of memory");
		sealed_forms_free(w.forms);
		free(workers);
		return -1;
	}
	(void)pthread_mutex_init(&w.lock, NULL);
	(void)pthread_cond_init(&w.changed, NULL);
	if (read_all(&w, out, workers, n, err) == 0) {
		if (w.failed)
			*err = w.err;
		rc = finish(&w, out, workers, n, err);
	}
	for (unsigned k = 0; k < n; k++) {
		if (workers[k].work != NULL)
			feed_clear(&workers[k].feed);
	}
	(void)pthread_cond_destroy(&w.changed);
	(void)pthread_mutex_destroy(&w.lock);
	sealed_forms_free(w.forms);
	free(w.pieces);
	free(workers);
	return rc;
}

int
sums_finish(struct sums *s, struct err *err)
{
	if (feed_flush(&s->feed, err) == -1)
		return -1;
	for (size_t i = 0; i < s->feed.q->n_groups; i++) {
		struct feed_group *g = &s->feed.groups[i];

		if (spill_used(g->spill) &&
		    spill_all(g->spill, g->tally, err) == -1)
			return -1;
	}
	return 0;
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
