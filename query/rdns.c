/*
 * Reverse DNS: see rdns.h.  The resolver cannot be told how long to wait, so
 * each question has a thread; the one who asks waits with a time limit and
 * leaves a thread behind that answers too late.  The question belongs to
 * both, and the last one frees it.
 */
#include "query/rdns.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SLOTS	((size_t)2 * RDNS_MOST)		/* a power of two */

struct question {
	pthread_mutex_t	 lock;
	pthread_cond_t	 answered;
	struct addr	 addr;
	bool		 done;
	bool		 left;		/* nobody waits any more */
	char		 name[NI_MAXHOST];	/* "": none */
};

struct slot {
	struct addr	 addr;		/* len 0: empty */
	char		*name;		/* NULL: it has none */
};

struct rdns {
	struct slot	slot[SLOTS];
	size_t		n;
	double		spent;		/* seconds of waiting */
};

struct rdns *
rdns_new(struct err *err)
{
	struct rdns *r = calloc(1, sizeof(*r));

	if (r == NULL)
		(void)err_set(err, "out of memory");
	return r;
}

void
rdns_free(struct rdns *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(r->slot[i].name);
	free(r);
}

static void
question_free(struct question *q)
{
	(void)pthread_cond_destroy(&q->answered);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

static void
look_up(const struct addr *a, char name[NI_MAXHOST])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = (const void *)&sin;
	socklen_t len = sizeof(sin);

	if (a->len == 16) {
		memcpy(&sin6.sin6_addr, a->bytes, 16);
		sa = (const void *)&sin6;
		len = sizeof(sin6);
	} else {
		memcpy(&sin.sin_addr, a->bytes, 4);
	}
	if (getnameinfo(sa, len, name, NI_MAXHOST, NULL, 0,
	    NI_NAMEREQD) != 0)
		name[0] = '\0';
}

static void *
answer(void *arg)
{
	struct question *q = arg;
	char name[NI_MAXHOST];
	bool left;

	look_up(&q->addr, name);
	(void)pthread_mutex_lock(&q->lock);
	memcpy(q->name, name, sizeof(name));
	q->done = true;
	left = q->left;
	(void)pthread_cond_signal(&q->answered);
	(void)pthread_mutex_unlock(&q->lock);
	if (left)
		question_free(q);
	return NULL;
}

static double
now_sec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Waits until the answer is there or sec are over; the name or NULL. */
static char *
wait_for(struct question *q, double sec)
{
	double end = now_sec() + sec;
	struct timespec until = { .tv_sec = (time_t)end,
		.tv_nsec = (long)((end - (double)(time_t)end) * 1e9) };
	char *name = NULL;
	bool done;
	int rc = 0;

	(void)pthread_mutex_lock(&q->lock);
	while (!q->done && rc == 0)
		rc = pthread_cond_timedwait(&q->answered, &q->lock, &until);
	done = q->done;
	q->left = !done;
	if (done && q->name[0] != '\0')
		name = strdup(q->name);
	(void)pthread_mutex_unlock(&q->lock);
	if (done)
		question_free(q);
	return name;
}

static char *
ask(struct rdns *r, const struct addr *a)
{
	struct question *q = calloc(1, sizeof(*q));
	double began = now_sec(), sec = RDNS_ALL_SEC - r->spent;
	pthread_attr_t attr;
	pthread_t thread;
	char *name = NULL;

	if (q == NULL)
		return NULL;
	q->addr = *a;
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->answered, NULL);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, answer, q) == 0)
		name = wait_for(q, sec < RDNS_EACH_SEC ? sec : RDNS_EACH_SEC);
	else
		question_free(q);
	(void)pthread_attr_destroy(&attr);
	r->spent += now_sec() - began;
	return name;
}

const char *
rdns_name(void *arg, const struct addr *a)
{
	struct rdns *r = arg;
	uint32_t h = 2166136261U;
	struct slot *s;

	for (size_t i = 0; i < a->len; i++)
		h = (h ^ a->bytes[i]) * 16777619U;
	for (h ^= h >> 15;; h++) {
		s = &r->slot[h & (SLOTS - 1)];
		if (s->addr.len == 0)
			break;
		if (addr_cmp(&s->addr, a) == 0)
			return s->name;
	}
	/* half the slots stay empty, so the search above ends */
	if (r->n == RDNS_MOST || r->spent >= RDNS_ALL_SEC || a->len == 0)
		return NULL;
	r->n++;
	s->addr = *a;
	s->name = ask(r, a);
	return s->name;
}
