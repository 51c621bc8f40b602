/*
 * What the files of the decoder share: its state, and the packet at hand.
 * packet.h is what the rest of the collector sees of it.
 */
#ifndef COLLECTOR_DECODER_H
#define COLLECTOR_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter.h"
#include "collector/held.h"
#include "collector/packet.h"
#include "collector/template_table.h"

#define DECODER_FIELDS_MAX	8192	/* so that 16 bits count the steps */

/*
 * Given up when memory is out, so that a template, which comes again in half an
 * hour at best, or a new exporter, is not lost for that: room for the largest
 * datagram.  It is taken anew as soon as there is memory again.
 */
#define DECODER_RESERVE		((size_t)96 * 1024)

/* One decoder_set_sampling. */
struct sampling_rule {
	struct prefix	who;
	uint32_t	rate;
	bool		force;
};

struct decoder {
	struct decoder_limits	limits;
	uint64_t		counts[DECODER_COUNTS];
	struct exporter_table	exporters;
	struct held_queue	held;		/* of all exporters */
	size_t			template_memory;
	uint64_t		template_version;
	struct template		*v5;		/* the built-in one */
	void			*reserve;	/* NULL: given up */
	struct sampling_rule	*rules;
	size_t			n_rules;
};

/* The packet being decoded. */
struct packet {
	struct decoder		*d;
	struct exporter		*e;
	struct sink		*sink;
	struct packet_times	 times;
	uint16_t		 version;
	uint32_t		 group;
	bool			 has_engine;	/* v5 */
	uint8_t			 engine_type;
	uint8_t			 engine_id;
	uint32_t		 flows;		/* records read */
	uint32_t		 options;	/* options records read */
	bool			 all_read;	/* no data set was skipped */
};

/* Adds to a counter of the decoder and, unless e is NULL, of the exporter. */
static inline void
decoder_bump(struct decoder *d, struct exporter *e, enum decoder_count c,
    uint64_t n)
{
	d->counts[c] += n;
	if (e == NULL)
		return;
	e->counts[c] += n;
	if (decoder_count_is_bad(c))
		e->total.bad += n;
}

/* Frees the reserve; false: it is gone already. */
bool	decoder_give_reserve(struct decoder *d);

/*
 * Finds or makes the exporter.  NULL when there are too many, or memory is
 * out, which is counted.
 */
struct exporter *decoder_exporter(struct decoder *d, const struct addr *a,
	    uint16_t version, uint32_t domain, int64_t now_ms);

/* Counts the datagram as the exporter's; p->e is set. */
void	packet_begin(struct packet *p, struct exporter *e);

/*
 * Books what the sequence number says, after the records are read; these are
 * filled in here.
 */
void	packet_sequence(struct packet *p, struct sequence_seen *seen);

/* One datagram each, from its header on. */
void	packet_v5(struct packet *p, const struct datagram *g);
void	packet_v9(struct packet *p, const struct datagram *g);
void	packet_ipfix(struct packet *p, const struct datagram *g);

#endif
