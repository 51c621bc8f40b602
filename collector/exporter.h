/*
 * Exporters: who sends.  An exporter is an address, a protocol version and a
 * domain (v9 source id, IPFIX observation domain, v5 engine); the UDP port
 * does not count.  Each has its templates, its counters, its sampling and
 * its sequence numbers.
 *
 * The table never holds more than its limit.  When it is full, the exporter
 * silent for longest makes room if it has been silent for EXPORTER_IDLE_MS
 * and all it did has been reported; if not, the new one is refused.  So a
 * flood of made-up senders cannot push out those that really send.
 */
#ifndef COLLECTOR_EXPORTER_H
#define COLLECTOR_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/decode.h"
#include "collector/held.h"
#include "collector/packet.h"
#include "collector/sequence.h"
#include "collector/template_table.h"

#define EXPORTER_IDLE_MS	INT64_C(600000)
#define EXPORTER_SAMPLERS	32	/* more overwrite the oldest */

struct exporter {
	TAILQ_ENTRY(exporter)	 recent;
	TAILQ_ENTRY(exporter)	 reporting;
	struct exporter		*next;		/* in the bucket */
	struct exporter_stat	 total;		/* since it is known */
	struct exporter_stat	 reported;	/* total at the last report */
	int64_t			 heard_ms;	/* last datagram or template */
	int64_t			 report_first_ms;
	bool			 to_report;
	uint64_t		 counts[DECODER_COUNTS];
	struct template_table	 templates;
	struct held_queue	 held;
	struct sequence		 sequence;
	int64_t			 init_ms;	/* element 160 of options */
	/* sampling, by who says so */
	uint32_t		 rate_set;	/* decoder_set_sampling */
	bool			 rate_forced;	/* ... even so */
	uint32_t		 rate_told;	/* options without sampler id */
	uint32_t		 rate_header;	/* v5 */
	uint32_t		 rate;		/* in force */
	struct sampler		 sampler[EXPORTER_SAMPLERS];
	uint8_t			 n_samplers;
	uint8_t			 next_sampler;	/* to be overwritten */
};

TAILQ_HEAD(exporter_list, exporter);
struct exporter_table {
	struct exporter		**bucket;
	size_t			 n_buckets;	/* a power of two */
	struct exporter_list	 recent;	/* last heard first */
	struct exporter_list	*reporting;	/* by group: to report */
	uint32_t		 n;
	uint32_t		 max;
	uint32_t		 last_id;
	uint64_t		 seed;
};

/* -1: out of memory.  exporter_table_clear is to be called in any case. */
int	exporter_table_init(struct exporter_table *t, uint32_t max);
/* Frees what the table has; no exporter is in it any more. */
void	exporter_table_clear(struct exporter_table *t);
size_t	exporter_table_memory(uint32_t max);

struct exporter *exporter_find(const struct exporter_table *t,
	    const struct addr *a, uint16_t version, uint32_t domain);

/* Who would have to make room for one more, NULL: nobody may. */
struct exporter *exporter_idle(const struct exporter_table *t, int64_t now_ms);

/* Whose templates take most memory, NULL: there are no exporters. */
struct exporter *exporter_most_templates(const struct exporter_table *t);

/* Adds one that is not there; there must be room.  NULL: out of memory. */
struct exporter *exporter_add(struct exporter_table *t, const struct addr *a,
	    uint16_t version, uint32_t domain);

/* Removes and frees e; its held data must be gone. */
void	exporter_remove(struct exporter_table *t, struct exporter *e);

/* A datagram with a valid header came from it, which is of that group now. */
void	exporter_heard(struct exporter_table *t, struct exporter *e,
	    uint32_t group, int64_t arrival_ms);

/*
 * It has something to report, e.g. since its last report went while its
 * datagram was being read.
 */
void	exporter_to_report(struct exporter_table *t, struct exporter *e,
	    int64_t arrival_ms);

/* Works out which sampling rate is in force. */
void	exporter_set_rate(struct exporter *e, uint32_t default_rate);

/* Takes what an options record tells. */
void	exporter_options(struct exporter *e, const struct slots *s,
	    uint32_t default_rate);

/* What it did since the last report, which ends here. */
void	exporter_report(struct exporter_table *t, struct exporter *e,
	    struct exporter_stat *out);

#endif
