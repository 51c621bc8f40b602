/* Batches and the queues they travel through: see batch.h. */
#include "collector/batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/steady.h"

/* The PATH members lie together: from the first to the last of columns.def. */
#define PATH_FROM	offsetof(struct flow, exporter)
#define PATH_TO		offsetof(struct flow, out_packets)

struct batch_queue {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	struct batch	*first;
	struct batch	*last;
	bool		 woken;
};

struct batch *
batch_new(size_t flows)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->flows = malloc(flows * sizeof(*b->flows));
	b->folder = malloc(flows * sizeof(*b->folder));
	b->cap = flows;
	if (b->flows == NULL || b->folder == NULL) {
		batch_free(b);
		return NULL;
	}
	return b;
}

void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	free(b->flows);
	free(b->folder);
	free(b->stats);
	free(b);
}

size_t
batch_memory(size_t flows, size_t exporters)
{
	/* rows of batch_split; the array of reports doubles, from 16 on */
	return sizeof(struct batch) + flows * (sizeof(struct flow) +
	    sizeof(uint16_t) + sizeof(uint32_t)) +
	    (16 + 2 * exporters) * sizeof(struct exporter_stat);
}

struct exporter_stat *
batch_stat(struct batch *b)
{
	if (b->n_stats == b->cap_stats) {
		size_t cap = b->cap_stats == 0 ? 16 : b->cap_stats * 2;
		struct exporter_stat *v = realloc(b->stats,
		    cap * sizeof(*v));

		if (v == NULL)
			return NULL;
		b->stats = v;
		b->cap_stats = cap;
	}
	return &b->stats[b->n_stats++];
}

static int
by_group(const void *va, const void *vb)
{
	const struct exporter_stat *a = va, *b = vb;

	return (a->group > b->group) - (a->group < b->group);
}

/* Where the rows of each folder begin, from how many there are of each. */
static void
place_rows(const struct batch *b, const size_t count[FOLDERS_MAX],
    uint32_t *rows)
{
	size_t at[FOLDERS_MAX], sum = 0;

	for (size_t i = 0; i < FOLDERS_MAX; i++) {
		at[i] = sum;
		sum += count[i];
	}
	for (size_t i = 0; i < b->n; i++)
		rows[at[b->folder[i]]++] = (uint32_t)i;
}

size_t
batch_split(struct batch *b, struct batch_part parts[FOLDERS_MAX],
    uint32_t *rows)
{
	size_t count[FOLDERS_MAX] = { 0 }, n = 0, row = 0, stat = 0;

	for (size_t i = 0; i < b->n; i++)
		count[b->folder[i]]++;
	if (b->n > 0 && count[b->folder[0]] < b->n)
		place_rows(b, count, rows);
	else
		rows = NULL;
	if (b->n_stats > 0)
		qsort(b->stats, b->n_stats, sizeof(*b->stats), by_group);
	for (uint32_t f = 0; f < FOLDERS_MAX; f++) {
		size_t first = stat;

		while (stat < b->n_stats && b->stats[stat].group == f)
			stat++;
		if (count[f] == 0 && stat == first)
			continue;
		parts[n++] = (struct batch_part){ f, b->flows,
			rows == NULL ? NULL : rows + row, count[f],
			stat == first ? NULL : b->stats + first,
			stat - first };
		row += count[f];
	}
	return n;
}

void
flow_prepare(struct flow *f)
{
	f->set = 0;
	memset((char *)f + PATH_FROM, 0, PATH_TO - PATH_FROM);
}

struct batch_queue *
batch_queue_new(void)
{
	struct batch_queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	(void)pthread_mutex_init(&q->lock, NULL);
	steady_cond_init(&q->changed);
	return q;
}

void
batch_queue_free(struct batch_queue *q)
{
	if (q == NULL)
		return;
	while (q->first != NULL) {
		struct batch *b = q->first;

		q->first = b->next;
		batch_free(b);
	}
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

void
batch_queue_put(struct batch_queue *q, struct batch *b)
{
	b->next = NULL;
	(void)pthread_mutex_lock(&q->lock);
	if (q->first == NULL)
		q->first = b;
	else
		q->last->next = b;
	q->last = b;
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

void
batch_queue_put_back(struct batch_queue *q, struct batch *b)
{
	(void)pthread_mutex_lock(&q->lock);
	b->next = q->first;
	if (q->first == NULL)
		q->last = b;
	q->first = b;
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

static struct timespec
deadline(int64_t wait_ms)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += wait_ms / 1000;
	ts.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

struct batch *
batch_queue_take(struct batch_queue *q, int64_t wait_ms)
{
	struct timespec until = deadline(wait_ms > 0 ? wait_ms : 0);
	struct batch *b;
	int rc = 0;

	(void)pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->woken && wait_ms != 0 && rc == 0) {
		if (wait_ms < 0)
			rc = pthread_cond_wait(&q->changed, &q->lock);
		else
			rc = pthread_cond_timedwait(&q->changed, &q->lock,
			    &until);
	}
	b = q->first;
	if (b != NULL)
		q->first = b->next;
	else
		q->woken = false;
	(void)pthread_mutex_unlock(&q->lock);
	return b;
}

void
batch_queue_wake(struct batch_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->woken = true;
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}
