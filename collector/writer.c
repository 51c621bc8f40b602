/*
 * The writing thread: see writer.h.
 *
 * Two queues make the pool: free batches and full ones.  A batch is stored in
 * parts, a transaction in the shard of each folder.  A part that fails is tried
 * again after a pause, while the others are stored; the batch is free when all
 * are.
 */
#include "collector/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "collector/log.h"
#include "collector/shard_writer.h"

#define FIRST_PAUSE_MS	50	/* after a failure, doubled up to the last */
#define LAST_PAUSE_MS	2000
#define STOP_TRIES	5	/* attempts once the daemon is to end */

struct writer {
	pthread_t		 thread;
	struct batch_queue	*free;
	struct batch_queue	*full;
	atomic_bool		 ending;
	atomic_llong		 rotate_ms;	/* asked for; 0: not */
	atomic_ullong		 waiting;	/* flows, see writer_counts */
	/* the thread's own */
	struct live		*live;
	struct batch_part	 part[FOLDERS_MAX];	/* not stored yet */
	uint32_t		*rows;
	struct err		 last_error;
	pthread_mutex_t		 lock;		/* of counts */
	struct writer_counts	 counts;
};

static int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static void
count_commit(struct writer *w, size_t flows, int64_t took)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)pthread_mutex_lock(&w->lock);
	w->counts.flows += flows;
	w->counts.commits++;
	w->counts.commit_us += (uint64_t)took;
	if ((uint64_t)took > w->counts.commit_us_max)
		w->counts.commit_us_max = (uint64_t)took;
	w->counts.last_commit_ms = (int64_t)now.tv_sec * 1000 +
	    now.tv_nsec / 1000000;
	(void)pthread_mutex_unlock(&w->lock);
}

static int
try_part(struct writer *w, const struct batch *b, const struct batch_part *p,
    struct err *err)
{
	int64_t start = now_us(), took;
	struct shard_writer *shard;

	if (p->n == 0 && !live_exists(w->live, p->folder, b))
		return 0;
	shard = live_shard(w->live, p->folder, b, err);
	if (shard == NULL)
		return -1;
	if (shard_writer_store(shard, p, err) == -1) {
		live_failed(w->live, p->folder, err);
		return -1;
	}
	took = now_us() - start;
	log_debug("%s: %zu flows in %lld us", shard_writer_path(shard), p->n,
	    (long long)took);
	count_commit(w, p->n, took);
	return 0;
}

/* Stores what it can of n parts; returns how many are left, err: of one. */
static size_t
try_parts(struct writer *w, const struct batch *b, size_t n, struct err *err)
{
	struct live_counts counts;
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (try_part(w, b, &w->part[i], err) == -1)
			w->part[left++] = w->part[i];
	}
	/* asks the file system, so not while others wait for the lock */
	live_counts(w->live, &counts);
	(void)pthread_mutex_lock(&w->lock);
	w->counts.live = counts;
	(void)pthread_mutex_unlock(&w->lock);
	return left;
}

static void
set_trouble(struct writer *w, bool trouble)
{
	(void)pthread_mutex_lock(&w->lock);
	w->counts.trouble = trouble;
	if (trouble)
		w->counts.retries++;
	(void)pthread_mutex_unlock(&w->lock);
}

static void
give_up(struct writer *w, size_t parts, const struct err *err)
{
	(void)pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < parts; i++)
		w->counts.lost += w->part[i].n;
	(void)pthread_mutex_unlock(&w->lock);
	w->last_error = *err;
}

/* Reading a capture waits for what may pass by itself, not for an admin. */
static bool
is_hopeless(const struct batch *b, const struct err *err)
{
	return b->append && err->code != ERR_BUSY && err->code != ERR_FULL;
}

/* Until it is stored; told once when trouble begins, once when it is over. */
static void
store(struct writer *w, struct batch *b)
{
	int pause = FIRST_PAUSE_MS, tries = 0;
	size_t left = batch_split(b, w->part, w->rows);
	struct err err;

	while ((left = try_parts(w, b, left, &err)) > 0) {
		if (is_hopeless(b, &err)) {
			give_up(w, left, &err);
			return;
		}
		if (pause == FIRST_PAUSE_MS)
			log_error("cannot store flows, trying again: %s",
			    err.msg);
		set_trouble(w, true);
		if (atomic_load(&w->ending) && ++tries == STOP_TRIES) {
			give_up(w, left, &err);
			return;
		}
		pause_ms(pause);
		if (pause < LAST_PAUSE_MS)
			pause *= 2;
	}
	if (pause != FIRST_PAUSE_MS) {
		log_info("storing flows again");
		set_trouble(w, false);
	}
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	struct batch *b;
	int64_t now_ms;

	for (;;) {
		b = batch_queue_take(w->full, -1);
		if (b != NULL) {
			store(w, b);
			atomic_fetch_sub(&w->waiting, b->n);
			b->n = 0;
			b->n_stats = 0;
			batch_queue_put_back(w->free, b);
			continue;
		}
		/* woken, and nothing is left to store */
		now_ms = atomic_exchange(&w->rotate_ms, 0);
		if (now_ms != 0)
			live_rotate(w->live, now_ms);
		if (atomic_load(&w->ending))
			return NULL;
	}
}

static void
writer_free(struct writer *w)
{
	batch_queue_free(w->free);
	batch_queue_free(w->full);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->rows);
	free(w);
}

static int
make_batches(struct writer *w, size_t batches, size_t flows)
{
	w->free = batch_queue_new();
	w->full = batch_queue_new();
	w->rows = malloc(flows * sizeof(*w->rows));
	if (w->free == NULL || w->full == NULL || w->rows == NULL)
		return -1;
	for (size_t i = 0; i < batches; i++) {
		struct batch *b = batch_new(flows);

		if (b == NULL)
			return -1;
		batch_queue_put(w->free, b);
	}
	return 0;
}

struct writer *
writer_start(struct live *live, size_t batches, size_t flows, struct err *err)
{
	struct writer *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	(void)pthread_mutex_init(&w->lock, NULL);
	w->live = live;
	if (make_batches(w, batches, flows) == -1) {
		(void)err_set(err, "out of memory for %zu batches of %zu "
		    "flows", batches, flows);
		goto fail;
	}
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	if (rc == 0)
		return w;
	errno = rc;
	(void)err_sys(err, "cannot start the writing thread");
fail:
	writer_free(w);
	return NULL;
}

struct batch *
writer_batch(struct writer *w, int64_t wait_ms)
{
	return batch_queue_take(w->free, wait_ms);
}

void
writer_put(struct writer *w, struct batch *b)
{
	atomic_fetch_add(&w->waiting, b->n);
	batch_queue_put(w->full, b);
}

void
writer_rotate(struct writer *w, int64_t now_ms)
{
	atomic_store(&w->rotate_ms, now_ms);
	batch_queue_wake(w->full);
}

void
writer_counts(struct writer *w, struct writer_counts *out)
{
	(void)pthread_mutex_lock(&w->lock);
	*out = w->counts;
	(void)pthread_mutex_unlock(&w->lock);
	out->waiting = atomic_load(&w->waiting);
}

int
writer_stop(struct writer *w, bool seal, struct writer_counts *last,
    struct err *err)
{
	int rc = 0;

	atomic_store(&w->ending, true);
	batch_queue_wake(w->full);
	(void)pthread_join(w->thread, NULL);
	live_free(w->live, seal);
	*last = w->counts;
	if (last->lost > 0)
		rc = err_set(err, "%llu flows could not be stored: %s",
		    (unsigned long long)last->lost, w->last_error.msg);
	writer_free(w);
	return rc;
}
