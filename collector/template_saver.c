/* The thread that saves templates: see template_saver.h. */
#include "collector/template_saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "collector/log.h"
#include "collector/steady.h"

#define AGAIN_SEC	60	/* after a failure */

struct template_saver {
	pthread_t		 thread;
	const char		*dir;
	pthread_mutex_t		 lock;		/* of all below */
	pthread_cond_t		 changed;
	struct template_snapshot *waiting;
	time_t			 not_before;	/* monotonic */
	bool			 stop;
	bool			 told;		/* that it cannot be written */
};

/* Called without the lock. */
static bool
save(struct template_saver *s, const struct template_snapshot *snap)
{
	struct err err;

	if (template_store_write(s->dir, snap, &err) == -1) {
		if (!s->told)
			log_warnx("templates not saved, trying again: %s",
			    err.msg);
		s->told = true;
		return false;
	}
	if (err.code != ERR_NONE)
		log_error("%s", err.msg);
	if (s->told)
		log_info("templates are saved again");
	s->told = false;
	return true;
}

/* Called with the lock: takes, writes, and puts back what did not work. */
static void
work(struct template_saver *s)
{
	struct template_snapshot *snap = s->waiting;
	bool ok;

	s->waiting = NULL;
	(void)pthread_mutex_unlock(&s->lock);
	ok = save(s, snap);
	(void)pthread_mutex_lock(&s->lock);
	s->not_before = ok ? 0 : steady_sec() + AGAIN_SEC;
	if (ok || s->waiting != NULL || s->stop)
		template_snapshot_free(snap);
	else
		s->waiting = snap;
}

static void *
saver_main(void *arg)
{
	struct template_saver *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		struct timespec until = { .tv_sec = s->not_before };

		if (s->waiting != NULL && (s->stop ||
		    steady_sec() >= s->not_before))
			work(s);
		else if (s->stop)
			break;
		else if (s->waiting == NULL)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		else
			(void)pthread_cond_timedwait(&s->changed, &s->lock,
			    &until);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct template_saver *
template_saver_start(const char *dir, struct err *err)
{
	struct template_saver *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->dir = dir;
	(void)pthread_mutex_init(&s->lock, NULL);
	steady_cond_init(&s->changed);
	rc = pthread_create(&s->thread, NULL, saver_main, s);
	if (rc != 0) {
		errno = rc;
		(void)err_sys(err, "cannot start the template saving thread");
		free(s);
		return NULL;
	}
	return s;
}

void
template_saver_put(struct template_saver *s, struct template_snapshot *snap)
{
	(void)pthread_mutex_lock(&s->lock);
	template_snapshot_free(s->waiting);
	s->waiting = snap;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

void
template_saver_stop(struct template_saver *s)
{
	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
