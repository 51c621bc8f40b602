/*
 * Lists of shards: threads read parts of them into rows, and part after part
 * has its turn to tell of its rows, in the order of storage.
 *
 *	shards -> part 7, 8, 9 -> a thread: rows of 7	 }
 *				  a thread: rows of 8	 } told of: 7, 8, 9
 *				  a thread: rows of 9	 }
 *
 * A part is some leaf pages of a shard; a shard that SQLite is to read is one
 * part, opened and read when it has its turn.  Whoever is ready with the part
 * that has the turn tells of it, and of those behind it that are ready too.
 *
 * Memory is bounded: parts under way have places, each with room for some
 * rows.  A thread waits where no place is free, or no room is left for a part
 * that has not its turn.  The part that has the turn is read or told of by a
 * thread that waits for none, so there is always one.
 */
#include <pthread.h>
#include <stdlib.h>

#include "query/list_shard.h"
#include "query/sealed.h"
#include "schema/together.h"

#define PLACES		2	/* per thread */
#define PART_ROWS	1024	/* most that wait in a place */
#define PART_LEAVES	64	/* most of a part; fewer where rows are many */

struct part {
	struct list_shard	*shard;
	size_t			 from;		/* leaves [from, to) */
	size_t			 to;
	bool			 ready;		/* read as far as it goes */
	struct row		*rows;		/* not yet told of */
	struct listread		 read;
	double			 sec;
	int			 rc;
	struct err		 err;
};

struct list_work {
	struct lister		*l;
	const struct shard_list	*list;
	size_t			 n_parts;	/* places */
	struct part		*parts;
	size_t			 part_rows;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	size_t			 next;		/* shard that is not opened */
	struct list_shard	*shard;		/* parts are made of */
	bool			 opening;
	size_t			 leaves;	/* of the next part */
	size_t			 begun;		/* parts */
	size_t			 told;		/* of so many of them */
	bool			 ended;		/* nothing more is wanted */
	int			 rc;		/* -1: err */
	struct err		 err;
};

struct worker {
	struct list_work	*work;
	struct list_shard	*shard;		/* that it reads, or NULL */
	struct listreader	*reader;
};

/* ---- with the lock held ---- */

static void
end_all(struct list_work *w, int rc, const struct err *err)
{
	if (rc == -1 && w->rc == 0) {
		w->rc = -1;
		w->err = *err;
	}
	w->ended = true;
	(void)pthread_cond_broadcast(&w->changed);
}

static void
leave_shard(struct list_shard *s)
{
	if (s != NULL && --s->users == 0)
		list_shard_close(s);
}

static struct part *
part_at(const struct list_work *w, size_t number)
{
	return &w->parts[number % w->n_parts];
}

/* The next shard becomes the one that parts are made of. */
static void
open_next(struct list_work *w)
{
	const struct shard_ref *ref = &w->list->v[w->next++];
	struct list_shard *s;
	struct err err;

	leave_shard(w->shard);
	w->shard = NULL;
	w->opening = true;
	(void)pthread_mutex_unlock(&w->lock);
	s = list_shard_open(w->l, ref);
	(void)pthread_mutex_lock(&w->lock);
	w->opening = false;
	w->shard = s;
	if (s != NULL)
		s->users++;
	else
		end_all(w, err_set(&err, "out of memory"), &err);
	(void)pthread_cond_broadcast(&w->changed);
}

static struct part *
begin_part(struct list_work *w)
{
	struct part *p = part_at(w, w->begun++);
	struct list_shard *s = w->shard;
	size_t left = s->leaves - s->next;

	s->users++;
	p->shard = s;
	p->from = s->next;
	p->to = p->from + (left < w->leaves ? left : w->leaves);
	s->next = p->to;
	p->ready = false;
	p->read = (struct listread){ .n = 0 };
	p->sec = 0;
	p->rc = 0;
	return p;
}

/* Parts get so long that their rows have room. */
static void
learn_length(struct list_work *w, const struct part *p, size_t rows)
{
	size_t leaves = p->to - p->from;

	if (rows >= w->part_rows)
		w->leaves = (leaves + 1) / 2;
	else if (rows <= w->part_rows / 4 && leaves == w->leaves)
		w->leaves = leaves * 2 < PART_LEAVES ? leaves * 2 :
		    PART_LEAVES;
}

/* ---- queue ---- */

/* A part to read; NULL when there is nothing more to do. */
static struct part *
take(struct list_work *w)
{
	struct part *p = NULL;
	struct err err;

	(void)pthread_mutex_lock(&w->lock);
	while (p == NULL && !w->ended) {
		bool open = w->shard != NULL && w->shard->next <
		    w->shard->leaves;

		if (open && w->begun - w->told < w->n_parts)
			p = begin_part(w);
		else if (open || w->opening)
			(void)pthread_cond_wait(&w->changed, &w->lock);
		else if (w->next == w->list->n)
			break;
		else if (list_stopped(w->l))
			end_all(w, err_as(&err, ERR_STOPPED, "interrupted"),
			    &err);
		else
			open_next(w);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return p;
}

/* Until the part has its turn; false: it is not wanted any more. */
static bool
wait_turn(struct list_work *w, const struct part *p)
{
	bool wanted;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->ended && p != part_at(w, w->told))
		(void)pthread_cond_wait(&w->changed, &w->lock);
	wanted = !w->ended && !p->shard->ended;
	(void)pthread_mutex_unlock(&w->lock);
	return wanted;
}

/* ---- telling ---- */

/* In the part's turn. */
static void
tell_rows(struct list_work *w, struct part *p)
{
	double began = report_clock();

	list_shard_rows(w->l, p->shard, p->rows, p->read.n, p->read.looked);
	p->read = (struct listread){ .n = 0 };
	p->sec += report_clock() - began;
}

/* The same of one that is ready; -1: that is an end to the list. */
static int
tell(struct list_work *w, struct part *p)
{
	const struct work_options *o = &w->l->o->work;
	struct list_shard *s = p->shard;
	int rc;

	/* of a shard that failed nothing more is told */
	if (s->ended)
		return 0;
	if (list_stopped(w->l))
		return err_as(&p->err, ERR_STOPPED, "interrupted");
	if (s->scan != NULL)
		tell_rows(w, p);
	s->sec += p->sec;
	if (p->rc == 0 && p->to < s->leaves && !list_enough(w->l))
		return 0;
	rc = list_shard_end(w->l, s, p->rc, &p->err);
	if (rc == 0 && o->progress != NULL)
		o->progress(o->arg, (size_t)(s->ref - w->list->v) + 1,
		    w->list->n, w->l->report->processed);
	return rc;
}

/* The part that has the turn is ready; call with the lock held. */
static void
tell_next(struct list_work *w)
{
	struct part *p = part_at(w, w->told);
	int rc;

	(void)pthread_mutex_unlock(&w->lock);
	rc = tell(w, p);
	(void)pthread_mutex_lock(&w->lock);
	if (rc == -1 || list_enough(w->l))
		end_all(w, rc, &p->err);
	if (p->shard->ended)
		p->shard->next = p->shard->leaves;
	leave_shard(p->shard);
	w->told++;
	(void)pthread_cond_broadcast(&w->changed);
}

/* Somebody tells of the part that was read: we, if it has the turn. */
static void
finish(struct list_work *w, struct part *p, size_t rows)
{
	(void)pthread_mutex_lock(&w->lock);
	learn_length(w, p, rows);
	p->ready = true;
	if (p == part_at(w, w->told)) {
		while (!w->ended && w->told < w->begun &&
		    part_at(w, w->told)->ready)
			tell_next(w);
	}
	(void)pthread_mutex_unlock(&w->lock);
}

/* ---- reading ---- */

/* The worker's reader becomes one of the part's shard; room for its rows. */
static int
get_ready(struct worker *wk, struct part *p)
{
	struct list_work *w = wk->work;

	if (p->rows == NULL)
		p->rows = malloc(w->part_rows * sizeof(*p->rows));
	if (p->rows == NULL)
		return err_set(&p->err, "out of memory");
	if (wk->reader != NULL && wk->shard == p->shard)
		return 0;
	listreader_free(wk->reader);
	(void)pthread_mutex_lock(&w->lock);
	leave_shard(wk->shard);
	wk->shard = p->shard;
	wk->shard->users++;
	(void)pthread_mutex_unlock(&w->lock);
	wk->reader = listreader_new(wk->shard->scan, &p->err);
	return wk->reader == NULL ? -1 : 0;
}

/* Returns how many rows it has. */
static size_t
read_leaves(struct worker *wk, struct part *p)
{
	struct list_work *w = wk->work;
	size_t most = w->part_rows, rows = 0;

	p->rc = get_ready(wk, p);
	if (p->rc == -1)
		return 0;
	listreader_begin(wk->reader, p->from, p->to);
	for (;;) {
		double began = report_clock();

		p->rc = listreader_read(wk->reader, p->rows, most, &p->read,
		    &p->err);
		p->sec += report_clock() - began;
		rows += p->read.n;
		if (p->rc == -1 || p->read.n < most || !wait_turn(w, p))
			return rows;
		tell_rows(w, p);
		if (list_enough(w->l))
			return rows;
	}
}

/* What is not for pages, in its turn. */
static void
read_whole(struct list_work *w, struct part *p)
{
	double began;

	if (!wait_turn(w, p))
		return;
	began = report_clock();
	p->rc = list_shard_whole(w->l, p->shard, &p->err);
	p->sec = report_clock() - began;
}

/* Fits together. */
static void
worker_run(void *arg, size_t i)
{
	struct worker *wk = (struct worker *)arg + i;
	struct part *p;

	while ((p = take(wk->work)) != NULL) {
		size_t rows = 0;

		if (p->shard->scan != NULL)
			rows = read_leaves(wk, p);
		else
			read_whole(wk->work, p);
		finish(wk->work, p, rows);
	}
}

/* ---- all of it ---- */

/* What is sorted, and a running number, are SQLite's alone. */
static unsigned
count_workers(const struct lister *l)
{
	return l->q->workers == 0 || l->sorter != NULL ||
	    filter_counts(l->q->filter) ? 1 : l->q->workers;
}

static int
prepare(struct list_work *w, unsigned n, struct err *err)
{
	size_t memory = w->l->q->memory / 2;
	int64_t wanted = list_wanted(w->l);

	w->n_parts = n == 1 ? 1 : (size_t)n * PLACES;
	w->parts = calloc(w->n_parts, sizeof(*w->parts));
	w->l->forms = sealed_forms_new();
	if (w->parts == NULL || w->l->forms == NULL)
		return err_set(err, "out of memory");
	w->part_rows = memory / w->n_parts / sizeof(struct row);
	if (w->part_rows > PART_ROWS)
		w->part_rows = PART_ROWS;
	if (wanted >= 0 && w->part_rows > (size_t)wanted)
		w->part_rows = (size_t)wanted;
	if (w->part_rows == 0)
		w->part_rows = 1;
	w->leaves = 1;
	return 0;
}

/* After the threads. */
static void
clear(struct list_work *w, struct worker *workers, unsigned n)
{
	for (; w->told < w->begun; w->told++)
		leave_shard(part_at(w, w->told)->shard);
	for (unsigned k = 0; k < n && workers != NULL; k++) {
		listreader_free(workers[k].reader);
		leave_shard(workers[k].shard);
	}
	leave_shard(w->shard);
	for (size_t i = 0; i < w->n_parts && w->parts != NULL; i++)
		free(w->parts[i].rows);
	free(w->parts);
	sealed_forms_free(w->l->forms);
	w->l->forms = NULL;
}

int
list_shards(struct lister *l, const struct shard_list *list, struct err *err)
{
	struct list_work w = { .l = l, .list = list };
	unsigned n = count_workers(l);
	struct worker *workers = calloc(n, sizeof(*workers));
	int rc = workers == NULL ? err_set(err, "out of memory") :
	    prepare(&w, n, err);

	(void)pthread_mutex_init(&w.lock, NULL);
	(void)pthread_cond_init(&w.changed, NULL);
	if (rc == 0) {
		for (unsigned k = 0; k < n; k++)
			workers[k].work = &w;
		together(n, worker_run, workers);
		l->report->workers = n;
		rc = w.rc;
		if (rc == -1)
			*err = w.err;
	}
	clear(&w, workers, n);
	(void)pthread_cond_destroy(&w.changed);
	(void)pthread_mutex_destroy(&w.lock);
	free(workers);
	return rc;
}
