/* The thread that ships: see shipper.h. */
#include "collector/shipper.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/log.h"
#include "collector/steady.h"

#define LOOK_SEC	5	/* for what was sealed since */
#define CHECK_SEC	3600	/* nodes are asked what they have, expiry */
#define BACKOFF_FIRST	2
#define BACKOFF_MOST	300

struct shipper {
	pthread_t		 thread;
	pthread_mutex_t		 lock;		/* of counts and stop's wait */
	pthread_cond_t		 changed;
	const struct ship_options *options;
	struct ship_places	 places;
	struct shipper_counts	 counts;
	atomic_bool		 stop;
	char			 told[600];	/* trouble that was logged */
};

static void
tell_sent(void *arg, const char *path, const char *node, int64_t flows)
{
	struct shipper *s = arg;

	log_info("shipped %s to %s (%lld flows)", path, node,
	    (long long)flows);
	(void)pthread_mutex_lock(&s->lock);
	s->counts.shards++;
	s->counts.flows += (uint64_t)flows;
	if (s->counts.backlog > 0)
		s->counts.backlog--;
	(void)pthread_mutex_unlock(&s->lock);
}

/* The same trouble is told once, not with each attempt. */
static void
tell_trouble(void *arg, const char *text)
{
	struct shipper *s = arg;

	if (strncmp(s->told, text, sizeof(s->told) - 1) != 0)
		log_warnx("cannot ship, trying again: %s", text);
	(void)snprintf(s->told, sizeof(s->told), "%s", text);
}

static void
note(struct shipper *s, int rc, const struct ship_counts *c,
    const struct err *err)
{
	if (rc == -1 && err->code != ERR_STOPPED)
		tell_trouble(s, err->msg);
	if (rc == 0 && s->told[0] != '\0') {
		log_info("shipping works again");
		s->told[0] = '\0';
	}
	(void)pthread_mutex_lock(&s->lock);
	s->counts.backlog = c->waiting;
	if (rc == 0)
		s->counts.last_sec = (int64_t)time(NULL);
	else
		s->counts.failures++;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Sleeps, unless it is to stop. */
static void
nap(struct shipper *s, unsigned sec)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += sec;
	(void)pthread_mutex_lock(&s->lock);
	while (!s->stop && pthread_cond_timedwait(&s->changed, &s->lock,
	    &ts) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&s->lock);
}

static void *
shipper_main(void *arg)
{
	struct shipper *s = arg;
	const struct ship_calls calls = { .sent = tell_sent, .arg = s,
		.stop = &s->stop };
	struct ship_mode mode = { .trust_ledger = false };
	time_t next_check = 0;
	unsigned backoff = 0;

	while (!s->stop) {
		time_t now = steady_sec();
		struct ship_counts c;
		struct err err;
		int rc;

		mode.trust_ledger = now < next_check;
		rc = ship_places_run(s->options, &s->places, &mode, &calls, &c,
		    &err);
		note(s, rc, &c, &err);
		if (rc == 0 && !mode.trust_ledger)
			next_check = now + CHECK_SEC;
		if (rc == 0)
			backoff = 0;
		else
			backoff = backoff == 0 ? BACKOFF_FIRST :
			    backoff * 2 < BACKOFF_MOST ? backoff * 2 :
			    BACKOFF_MOST;
		nap(s, rc == 0 ? LOOK_SEC : backoff);
	}
	return NULL;
}

struct shipper *
shipper_start(const struct ship_options *o, struct ship_places *places,
    struct err *err)
{
	struct shipper *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		ship_places_clear(places);
		return NULL;
	}
	s->options = o;
	s->places = *places;
	(void)pthread_mutex_init(&s->lock, NULL);
	steady_cond_init(&s->changed);
	rc = pthread_create(&s->thread, NULL, shipper_main, s);
	if (rc != 0) {
		errno = rc;
		(void)err_sys(err, "cannot start the shipping thread");
		ship_places_clear(&s->places);
		free(s);
		return NULL;
	}
	return s;
}

void
shipper_counts(struct shipper *s, struct shipper_counts *out)
{
	(void)pthread_mutex_lock(&s->lock);
	*out = s->counts;
	(void)pthread_mutex_unlock(&s->lock);
}

void
shipper_stop(struct shipper *s)
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
	ship_places_clear(&s->places);
	free(s);
}
