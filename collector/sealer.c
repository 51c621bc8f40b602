/*
 * The sealing thread: see sealer.h.  Jobs wait in a list; one that found the
 * shard busy goes to its end and is tried again after a pause.
 */
#include "collector/sealer.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/age_clock.h"
#include "collector/config.h"
#include "collector/hook.h"
#include "collector/log.h"
#include "collector/steady.h"
#include "schema/shard.h"

#define BUSY_SEC	2	/* again, after a reader held the shard */
#define FAIL_SEC	1	/* again, after storage failed; then doubled */
#define FAIL_MAX_SEC	60
#define EXPIRE_SEC	60	/* limits are looked at this often */

struct job {
	struct job	*next;
	char		*target;	/* NULL: path itself */
	time_t		 not_before;	/* monotonic */
	bool		 told;		/* that a reader is in the way */
	int		 wait_sec;	/* the last wait after a failure, or 0 */
	char		 path[];
};

struct sealer {
	pthread_t		 thread;
	struct sealer_options	*options;	/* the thread's own */
	pthread_mutex_t		 lock;		/* of all below */
	pthread_cond_t		 changed;
	struct sealer_options	*next;		/* new ones, or NULL */
	struct job		*first;
	struct sealer_counts	 counts;
	struct err		 last_error;
	bool			 finish;	/* end when no job waits */
	atomic_bool		 stop;		/* end now */
	time_t			 next_expire;
	struct age_clock	 age_clock;	/* the thread's own */
};

/* The time by which shards age, in milliseconds. */
static int64_t
age_now_ms(struct sealer *s)
{
	struct timespec steady;
	int64_t jumped, now;

	(void)clock_gettime(CLOCK_BOOTTIME, &steady);
	now = age_clock_now(&s->age_clock, (int64_t)time(NULL),
	    (int64_t)steady.tv_sec, &jumped);
	if (jumped > 0 && s->options->plan.active)
		log_warnx("the clock was set ahead by %lld s: for a day "
		    "max_age goes by the old time", (long long)jumped);
	return now * 1000;
}

static struct job *
job_new(const char *path, const char *target)
{
	size_t len = strlen(path) + 1;
	struct job *j = calloc(1, sizeof(*j) + len);

	if (j == NULL)
		return NULL;
	memcpy(j->path, path, len);
	if (target != NULL && (j->target = strdup(target)) == NULL) {
		free(j);
		return NULL;
	}
	return j;
}

static void
job_free(struct job *j)
{
	free(j->target);
	free(j);
}

/* Called with the lock. */
static void
append(struct sealer *s, struct job *j)
{
	struct job **at = &s->first;

	while (*at != NULL)
		at = &(*at)->next;
	j->next = NULL;
	*at = j;
	(void)pthread_cond_signal(&s->changed);
}

/* The first job whose time has come, taken out; called with the lock. */
static struct job *
take(struct sealer *s, time_t now)
{
	for (struct job **at = &s->first; *at != NULL; at = &(*at)->next) {
		struct job *j = *at;

		/* who waits for the end does not wait for readers' pauses */
		if (j->not_before <= now) {
			*at = j->next;
			return j;
		}
	}
	return NULL;
}

static void
run_hook(const struct sealer_options *o, const char *path, struct sealer *s)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash == NULL ? path : slash + 1;
	char dir[4096] = ".";
	struct hook_event e = { dir, file, 0, NULL };
	struct err err;

	if (o->hook == NULL)
		return;
	if (slash != NULL)
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path),
		    path);
	e.source = retain_name(&o->plan, dir);
	(void)shard_name_parse(file, false, &e.slot_ms);
	if (hook_run(o->hook, &e, o->hook_limit_sec, &err) == -1) {
		log_warnx("%s (shard %s)", err.msg, path);
		(void)pthread_mutex_lock(&s->lock);
		s->counts.hook_failed++;
		(void)pthread_mutex_unlock(&s->lock);
	}
}

static void
tell_expired(void *arg, const char *path, uint64_t bytes,
    enum retain_reason why)
{
	(void)arg;
	log_info("expired %s (%llu KiB): %s", path,
	    (unsigned long long)(bytes / 1024), retain_reason_text(why));
}

static void
expire(struct sealer *s, const struct sealer_options *o)
{
	uint64_t removed;
	struct err err;

	if (retain_expire(&o->plan, age_now_ms(s), false, tell_expired,
	    NULL, &removed, &err) == -1)
		log_warnx("expire: %s", err.msg);
	(void)pthread_mutex_lock(&s->lock);
	s->counts.expired += removed;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Seals one shard and gives it its final name. */
static int
do_job(struct sealer *s, const struct sealer_options *o, const struct job *j,
    struct err *err)
{
	if (seal_shard(j->path, &o->seal, &s->stop, err) == -1)
		return -1;
	if (j->target != NULL && rename(j->path, j->target) == -1)
		return err_sys(err, "%s: cannot become %s", j->path,
		    j->target);
	return 0;
}

/* Puts a job back that is to be tried again; told once.  Called with the lock. */
static void
put_back(struct sealer *s, struct job *j, const struct err *err)
{
	bool busy = err->code == ERR_BUSY;

	if (!j->told && busy)
		log_info("%s: waiting for readers before sealing", j->path);
	else if (!j->told)
		log_error("cannot seal, trying again: %s", err->msg);
	j->told = true;
	if (busy)
		j->not_before = steady_sec() + BUSY_SEC;
	else {
		j->wait_sec = j->wait_sec == 0 ? FAIL_SEC : j->wait_sec * 2;
		if (j->wait_sec > FAIL_MAX_SEC)
			j->wait_sec = FAIL_MAX_SEC;
		j->not_before = steady_sec() + j->wait_sec;
	}
	append(s, j);
}

/* May it work later?  A file that is no shard stays none. */
static bool
may_pass(const struct sealer *s, const struct err *err)
{
	return !s->stop && (err->code == ERR_BUSY || (!s->finish &&
	    (err->code == ERR_FULL || err->code == ERR_FAIL)));
}

/* Sealed by another job, or removed by somebody: nothing is left to do. */
static bool
is_done_with(const struct job *j)
{
	return j->target == NULL && (seal_is_done(j->path) ||
	    (access(j->path, F_OK) == -1 && errno == ENOENT));
}

/* Called without the lock; j is freed or put back. */
static void
handle(struct sealer *s, const struct sealer_options *o, struct job *j)
{
	bool skip = is_done_with(j);
	struct err err;
	int rc = skip ? 0 : do_job(s, o, j, &err);

	if (rc == 0 && !skip) {
		const char *name = j->target == NULL ? j->path : j->target;

		log_info("sealed %s", name);
		run_hook(o, name, s);
	}
	(void)pthread_mutex_lock(&s->lock);
	if (rc == 0) {
		s->counts.sealed += !skip;
	} else if (may_pass(s, &err)) {
		put_back(s, j, &err);
		j = NULL;
	} else if (err.code != ERR_STOPPED) {
		s->counts.failed++;
		s->last_error = err;
		log_error("cannot seal: %s", err.msg);
	}
	s->counts.waiting = 0;
	for (const struct job *w = s->first; w != NULL; w = w->next)
		s->counts.waiting++;
	(void)pthread_mutex_unlock(&s->lock);
	if (j != NULL)
		job_free(j);
}

/* Waits for work or a second; called with the lock. */
static void
nap(struct sealer *s)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec++;
	(void)pthread_cond_timedwait(&s->changed, &s->lock, &ts);
}

/*
 * Sealing takes memory for an hour's keys.  glibc would keep what was freed,
 * and more with each hour that is larger than those before.
 */
static void
give_memory_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

static void *
sealer_main(void *arg)
{
	struct sealer *s = arg;
	bool worked = false;

	(void)pthread_mutex_lock(&s->lock);
	while (!s->stop && !(s->finish && s->first == NULL)) {
		time_t now = steady_sec();
		struct job *j = take(s, now);
		bool expire_now = now >= s->next_expire;

		if (j == NULL && !expire_now && !worked) {
			nap(s);
			continue;
		}
		if (expire_now)
			s->next_expire = now + EXPIRE_SEC;
		if (s->next != NULL) {
			sealer_options_free(s->options);
			s->options = s->next;
			s->next = NULL;
		}
		(void)pthread_mutex_unlock(&s->lock);
		if (j != NULL)
			handle(s, s->options, j);
		else if (worked)
			give_memory_back();
		worked = j != NULL;
		if (expire_now)
			expire(s, s->options);
		(void)pthread_mutex_lock(&s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

void
sealer_options_free(struct sealer_options *o)
{
	if (o == NULL)
		return;
	retain_plan_clear(&o->plan);
	free(o->hook);
	free(o);
}

struct sealer *
sealer_start(struct sealer_options *o, struct err *err)
{
	struct sealer *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->options = o;
	(void)pthread_mutex_init(&s->lock, NULL);
	steady_cond_init(&s->changed);
	rc = pthread_create(&s->thread, NULL, sealer_main, s);
	if (rc != 0) {
		errno = rc;
		(void)err_sys(err, "cannot start the sealing thread");
		free(s);
		return NULL;
	}
	return s;
}

int
sealer_add(struct sealer *s, const char *path, const char *target)
{
	struct job *j = job_new(path, target);

	(void)pthread_mutex_lock(&s->lock);
	if (j != NULL) {
		append(s, j);
		s->counts.waiting++;
	} else {
		s->counts.failed++;
		(void)err_set(&s->last_error, "%s: out of memory", path);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return j == NULL ? -1 : 0;
}

void
sealer_configure(struct sealer *s, struct sealer_options *o)
{
	(void)pthread_mutex_lock(&s->lock);
	sealer_options_free(s->next);
	s->next = o;
	s->next_expire = 0;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

void
sealer_counts(struct sealer *s, struct sealer_counts *out)
{
	(void)pthread_mutex_lock(&s->lock);
	*out = s->counts;
	(void)pthread_mutex_unlock(&s->lock);
}

int
sealer_stop(struct sealer *s, int finish, struct sealer_counts *last,
    struct err *err)
{
	int rc;

	(void)pthread_mutex_lock(&s->lock);
	if (finish)
		s->finish = true;
	else
		s->stop = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL);
	rc = s->counts.failed > 0 ? -1 : 0;
	if (rc == -1)
		*err = s->last_error;
	*last = s->counts;
	while (s->first != NULL) {
		struct job *j = s->first;

		s->first = j->next;
		job_free(j);
	}
	sealer_options_free(s->options);
	sealer_options_free(s->next);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return rc;
}
