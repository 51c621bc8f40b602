/* Data sets that wait for their template: see held.h. */
#include "collector/held.h"

#include <stdlib.h>
#include <string.h>

void
held_init(struct held_queue *q)
{
	TAILQ_INIT(&q->list);
	q->memory = 0;
}

size_t
held_memory(size_t len)
{
	return sizeof(struct held) + len + ALLOC_OVERHEAD;
}

struct held *
held_add(struct held_queue *all, struct held_queue *own, struct exporter *e,
    const struct packet_times *times, uint16_t set_id, const uint8_t *data,
    size_t len)
{
	struct held *h = malloc(sizeof(*h) + len);

	if (h == NULL)
		return NULL;
	h->exporter = e;
	h->times = *times;
	h->set_id = set_id;
	h->len = len;
	memcpy(h->data, data, len);
	TAILQ_INSERT_TAIL(&all->list, h, all);
	TAILQ_INSERT_TAIL(&own->list, h, own);
	all->memory += held_memory(len);
	own->memory += held_memory(len);
	return h;
}

void
held_remove(struct held_queue *all, struct held_queue *own, struct held *h)
{
	TAILQ_REMOVE(&all->list, h, all);
	TAILQ_REMOVE(&own->list, h, own);
	all->memory -= held_memory(h->len);
	own->memory -= held_memory(h->len);
	free(h);
}
