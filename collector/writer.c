/*
 * The writing thread: see writer.h.
 *
 * Two queues make the pool: free batches and full ones.  One shard is open at
 * a time.  Live traffic only moves forward; a capture may touch many slots in
 * any order, and each of them again, so what it touched is sealed at the end.
 */
#include "collector/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/aside.h"
#include "collector/log.h"
#include "collector/shard_writer.h"
#include "schema/shard.h"

#define PATH_LEN_MAX	4096
#define FIRST_PAUSE_MS	50	/* after a failure, doubled up to the last */
#define LAST_PAUSE_MS	2000
#define STOP_TRIES	5	/* attempts once the daemon is to end */
#define APPEND_SUFFIX	".append"

/* A shard that a capture touched. */
struct touched {
	char	*path;		/* what is written */
	char	*target;	/* what it replaces at the end, or NULL */
};

struct writer {
	pthread_t		 thread;
	const char		*dir;
	struct sealer		*sealer;
	struct batch_queue	*free;
	struct batch_queue	*full;
	atomic_bool		 ending;
	atomic_llong		 rotate_ms;	/* asked for; 0: not */
	/* the thread's own */
	struct shard_writer	*shard;
	int64_t			 slot_start_ms;
	int64_t			 slot_end_ms;
	struct touched		*touched;
	size_t			 n_touched;
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
show_shard(struct writer *w)
{
	(void)pthread_mutex_lock(&w->lock);
	(void)snprintf(w->counts.path, sizeof(w->counts.path), "%s",
	    w->shard == NULL ? "" : shard_writer_path(w->shard));
	w->counts.shard_flows = w->shard == NULL ? 0 :
	    shard_writer_flows(w->shard);
	(void)pthread_mutex_unlock(&w->lock);
}

/* plain: nobody goes on with it now; see shard_writer_close. */
static void
close_shard(struct writer *w, bool plain)
{
	shard_writer_close(w->shard, plain);
	w->shard = NULL;
	show_shard(w);
}

/*
 * A file in the place of our shard that we cannot go on with: damaged,
 * somebody else's, a newer program's.  Waiting for the admin would cost flows.
 */
static bool
is_in_the_way(const char *path, const struct batch *b, const struct err *err)
{
	return err->code == ERR_CORRUPT || (err->code == ERR_VERSION &&
	    !b->append && !seal_is_done(path));
}

static void
make_way(struct writer *w, const char *path, const struct err *why)
{
	char bad[ASIDE_PATH_MAX];
	struct err err;

	if (aside_move(path, bad, &err) == -1) {
		log_error("%s", err.msg);
		return;
	}
	log_error("cannot go on with this shard (%s), moved to %s; starting "
	    "a new one", why->msg, bad);
	(void)pthread_mutex_lock(&w->lock);
	w->counts.moved_aside++;
	(void)pthread_mutex_unlock(&w->lock);
}

static struct touched *
find_touched(struct writer *w, const char *target)
{
	for (size_t i = 0; i < w->n_touched; i++) {
		struct touched *t = &w->touched[i];

		if (strcmp(t->target == NULL ? t->path : t->target,
		    target) == 0)
			return t;
	}
	return NULL;
}

/* Remembers a shard for the end; a sealed one is copied to be added to. */
static struct touched *
touch(struct writer *w, const char *final, struct err *err)
{
	struct touched *t = find_touched(w, final), *v;
	char copy[PATH_LEN_MAX + 16];
	bool sealed = seal_is_done(final);

	if (t != NULL)
		return t;
	v = realloc(w->touched, (w->n_touched + 1) * sizeof(*v));
	if (v == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	w->touched = v;
	(void)snprintf(copy, sizeof(copy), "%s" APPEND_SUFFIX, final);
	if (sealed && seal_reopen_copy(final, copy, err) == -1)
		return NULL;
	t = &v[w->n_touched];
	t->path = strdup(sealed ? copy : final);
	t->target = sealed ? strdup(final) : NULL;
	if (t->path == NULL || (sealed && t->target == NULL)) {
		free(t->path);
		(void)err_set(err, "out of memory");
		return NULL;
	}
	w->n_touched++;
	return t;
}

static int
open_shard(struct writer *w, const struct batch *b, struct err *err)
{
	char name[SHARD_NAME_MAX], path[PATH_LEN_MAX];
	const char *use = path;

	shard_name(b->slot_start_ms, name);
	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	if (b->append) {
		struct touched *t = touch(w, path, err);

		if (t == NULL)
			return -1;
		use = t->path;
	}
	w->shard = shard_writer_open(use, b->slot_start_ms, b->slot_end_ms,
	    err);
	if (w->shard == NULL && is_in_the_way(use, b, err)) {
		make_way(w, use, err);
		w->shard = shard_writer_open(use, b->slot_start_ms,
		    b->slot_end_ms, err);
	}
	if (w->shard == NULL)
		return -1;
	w->slot_start_ms = b->slot_start_ms;
	w->slot_end_ms = b->slot_end_ms;
	show_shard(w);
	return 0;
}

/* The open shard is done with: on to the sealer. */
static void
finish_shard(struct writer *w)
{
	char path[PATH_LEN_MAX];

	if (w->shard == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s", shard_writer_path(w->shard));
	close_shard(w, false);
	if (sealer_add(w->sealer, path, NULL) == -1)
		log_warnx("%s: out of memory, sealed at the next start", path);
}

/* The right shard is open afterwards, or -1. */
static int
choose_shard(struct writer *w, const struct batch *b, struct err *err)
{
	if (w->shard != NULL && shard_writer_vanished(w->shard)) {
		log_error("%s: removed while it was written; its flows are "
		    "gone, starting anew", shard_writer_path(w->shard));
		close_shard(w, false);
	}
	if (w->shard != NULL && w->slot_start_ms != b->slot_start_ms) {
		if (b->append)
			close_shard(w, false);
		else
			finish_shard(w);
	}
	return w->shard == NULL ? open_shard(w, b, err) : 0;
}

static int
try_store(struct writer *w, const struct batch *b, struct err *err)
{
	int64_t start = now_us(), took;
	struct timespec now;

	if (choose_shard(w, b, err) == -1)
		return -1;
	if (shard_writer_store(w->shard, b, err) == -1) {
		if (err->code == ERR_CORRUPT) {
			char path[PATH_LEN_MAX];

			(void)snprintf(path, sizeof(path), "%s",
			    shard_writer_path(w->shard));
			close_shard(w, false);
			make_way(w, path, err);
		}
		return -1;
	}
	took = now_us() - start;
	log_debug("%s: %zu flows in %lld us", shard_writer_path(w->shard),
	    b->n, (long long)took);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)pthread_mutex_lock(&w->lock);
	w->counts.flows += b->n;
	w->counts.commits++;
	w->counts.commit_us += (uint64_t)took;
	if ((uint64_t)took > w->counts.commit_us_max)
		w->counts.commit_us_max = (uint64_t)took;
	w->counts.last_commit_ms = (int64_t)now.tv_sec * 1000 +
	    now.tv_nsec / 1000000;
	w->counts.shard_flows = shard_writer_flows(w->shard);
	(void)pthread_mutex_unlock(&w->lock);
	return 0;
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
give_up(struct writer *w, const struct batch *b, const struct err *err)
{
	(void)pthread_mutex_lock(&w->lock);
	w->counts.lost += b->n;
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
store(struct writer *w, const struct batch *b)
{
	int pause = FIRST_PAUSE_MS, tries = 0;
	struct err err;

	if (b->n == 0)
		return;
	while (try_store(w, b, &err) == -1) {
		if (is_hopeless(b, &err)) {
			give_up(w, b, &err);
			return;
		}
		if (pause == FIRST_PAUSE_MS)
			log_error("cannot store flows, trying again: %s",
			    err.msg);
		set_trouble(w, true);
		if (atomic_load(&w->ending) && ++tries == STOP_TRIES) {
			give_up(w, b, &err);
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
			b->n = 0;
			b->n_stats = 0;
			batch_queue_put(w->free, b);
			continue;
		}
		/* woken, and nothing is left to store */
		now_ms = atomic_exchange(&w->rotate_ms, 0);
		if (now_ms != 0 && w->slot_end_ms <= now_ms)
			finish_shard(w);
		if (atomic_load(&w->ending))
			return NULL;
	}
}

struct writer *
writer_start(const char *dir, struct sealer *sealer, size_t batches,
    size_t flows, struct err *err)
{
	struct writer *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	w->dir = dir;
	w->sealer = sealer;
	w->free = batch_queue_new();
	w->full = batch_queue_new();
	(void)pthread_mutex_init(&w->lock, NULL);
	for (size_t i = 0; i < batches && w->free != NULL &&
	    w->full != NULL; i++) {
		struct batch *b = batch_new(flows);

		if (b == NULL)
			goto no_memory;
		batch_queue_put(w->free, b);
	}
	if (w->free == NULL || w->full == NULL)
		goto no_memory;
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	if (rc == 0)
		return w;
	errno = rc;
	(void)err_sys(err, "cannot start the writing thread");
	goto fail;
no_memory:
	(void)err_set(err, "out of memory for %zu batches of %zu flows",
	    batches, flows);
fail:
	batch_queue_free(w->free);
	batch_queue_free(w->full);
	free(w);
	return NULL;
}

struct batch *
writer_batch(struct writer *w, bool wait)
{
	return batch_queue_take(w->free, wait ? -1 : 0);
}

void
writer_put(struct writer *w, struct batch *b)
{
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
}

/* After a capture: all shards that it touched. */
static void
seal_touched(struct writer *w)
{
	for (size_t i = 0; i < w->n_touched; i++) {
		struct touched *t = &w->touched[i];

		(void)sealer_add(w->sealer, t->path, t->target);
		free(t->path);
		free(t->target);
	}
	free(w->touched);
	w->n_touched = 0;
}

int
writer_stop(struct writer *w, bool seal, struct writer_counts *last,
    struct err *err)
{
	int rc = 0;

	atomic_store(&w->ending, true);
	batch_queue_wake(w->full);
	(void)pthread_join(w->thread, NULL);
	if (seal && w->n_touched == 0)
		finish_shard(w);
	close_shard(w, !seal);
	if (seal)
		seal_touched(w);
	*last = w->counts;
	if (last->lost > 0)
		rc = err_set(err, "%llu flows could not be stored: %s",
		    (unsigned long long)last->lost, w->last_error.msg);
	batch_queue_free(w->free);
	batch_queue_free(w->full);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
	return rc;
}
