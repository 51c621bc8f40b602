/*
 * Data sets that came before their template.  They are kept, with what their
 * packet's header said, until the template comes, and dropped oldest first
 * when there are too many or when they are too old.  This is the only place
 * where a packet leads to an allocation.
 */
#ifndef COLLECTOR_HELD_H
#define COLLECTOR_HELD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* Cisco's default is to send templates every 30 minutes. */
#define HELD_AGE_MS	INT64_C(3600000)

/*
 * What malloc adds at most to a piece: its header, and rounding up.  Counted,
 * so that the bounds are those of the process.
 */
#define ALLOC_OVERHEAD	24

struct exporter;

/* When a packet was sent and came. */
struct packet_times {
	int64_t		arrival_ms;
	int64_t		export_ms;
	uint32_t	uptime_ms;
};

struct held {
	TAILQ_ENTRY(held)	 all;		/* of all exporters, by age */
	TAILQ_ENTRY(held)	 own;		/* of this exporter, by age */
	struct exporter		*exporter;
	struct packet_times	 times;
	uint16_t		 set_id;
	size_t			 len;
	uint8_t			 data[];	/* the set's content */
};

TAILQ_HEAD(held_list, held);
struct held_queue {
	struct held_list	list;
	size_t			memory;	/* with what struct held takes */
};

void	held_init(struct held_queue *q);

/* Memory that holding len bytes takes. */
size_t	held_memory(size_t len);

/*
 * Puts a copy at the end of both queues.  NULL: out of memory.  The caller
 * has made room.
 */
struct held *held_add(struct held_queue *all, struct held_queue *own,
	    struct exporter *e, const struct packet_times *times,
	    uint16_t set_id, const uint8_t *data, size_t len);

/* Takes h out of both queues and frees it. */
void	held_remove(struct held_queue *all, struct held_queue *own,
	    struct held *h);

#endif
