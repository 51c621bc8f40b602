/*
 * Datagrams in, flows out: NetFlow v5, v9 (RFC 3954) and IPFIX (RFC 7011).
 * Pure: no I/O, no clock, no database.  All state (exporters, templates,
 * sampling, data that waits for its template) is in struct decoder and
 * bounded by struct decoder_limits.
 *
 * A broken datagram is never an error: it bumps a named counter, the broken
 * set or datagram is dropped, and the next one is read.
 */
#ifndef COLLECTOR_PACKET_H
#define COLLECTOR_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "collector/exporter_stat.h"
#include "schema/flow.h"

struct decoder;

/* Where complete flows go. */
struct sink {
	/*
	 * Room for one flow; f->set is 0, the rest undefined.  Never NULL.
	 * Asking again without put gives the same room.
	 */
	struct flow	*(*room)(struct sink *);
	/* The flow in the room is complete and now the sink's. */
	void		 (*put)(struct sink *);
};

struct datagram {
	const uint8_t	*data;		/* UDP payload; read during the call */
	size_t		 len;
	struct addr	 from;		/* sender; IPv4-mapped becomes IPv4 */
	int64_t		 arrival_ms;	/* Unix ms */
	uint32_t	 group;		/* of the sender, see decoder_harvest */
};

/* Each bound is a promise about memory; see decoder_memory(). */
struct decoder_limits {
	uint32_t	max_exporters;	/* (address, version, domain) triples */
	uint32_t	max_templates;	/* per exporter */
	uint32_t	max_fields;	/* per template */
	/* bytes of data kept until its template comes, per exporter */
	uint32_t	max_held;
	uint32_t	max_held_total;	/* the same over all exporters */
	/* templates not sent for longer are not used; 0: for ever */
	uint32_t	template_age_sec;
	/* when the exporter tells none; 0: none */
	uint32_t	default_sampling;
	/* bytes, over all exporters; 0: as in decoder_defaults */
	uint64_t	max_template_memory;
};

extern const struct decoder_limits decoder_defaults;

/*
 * Why something was dropped or is odd, one counter each, for all exporters
 * together and for each.  decoder_count_name gives the metric's name.
 */
enum decoder_count {
	DC_packets,		/* datagrams seen */
	DC_packets_v5,
	DC_packets_v9,
	DC_packets_ipfix,
	DC_flows,		/* records handed to the sink */
	DC_options,		/* options records read */
	DC_templates,		/* template definitions read, new or repeated */
	DC_templates_changed,	/* of these: other layout than before */
	DC_templates_withdrawn,
	DC_held_sets,		/* data sets kept for lack of a template */
	DC_held_decoded,	/* of these: decoded later */
	DC_held_dropped,	/* of these: given up */
	DC_lost,		/* units lost by sequence number; goes down when
				 * what was missing comes late */
	DC_recovered,		/* units taken back: DC_lost + DC_recovered
				 * never goes down */
	DC_reordered,		/* came late or twice */
	DC_restarts,		/* exporter restarted */
	DC_bad_time,		/* a day off arrival, or end before start */
	DC_implausible,		/* counter above FLOW_COUNT_MAX, or a number too
				 * large for its column */
	/* the datagram or a set of it is broken */
	DC_short_header,
	DC_unknown_version,
	DC_bad_length,		/* length or count against the datagram */
	DC_bad_set_length,
	DC_short_record,
	DC_bad_template,
	DC_too_many_templates,	/* the least recently used one had to go */
	DC_too_many_exporters,	/* the datagram is dropped */
	DC_no_memory,		/* a datagram, a template or a data set that
				 * waits for its template is dropped */
	DC_unknown_set,		/* set id that no version of ours has */
	DECODER_COUNTS
};

const char *decoder_count_name(enum decoder_count c);

/* Is the counter one of broken input (DC_short_header and after)? */
int	decoder_count_is_bad(enum decoder_count c);

/* NULL when out of memory. */
struct decoder *decoder_new(const struct decoder_limits *limits);
void	decoder_free(struct decoder *d);

/* Decodes one datagram; flows go to the sink in the order of the records. */
void	packet_decode(struct decoder *d, const struct datagram *g,
	    struct sink *sink);

/* Sum over all exporters since decoder_new. */
uint64_t decoder_count(const struct decoder *d, enum decoder_count c);

/*
 * Reports exporters of a group that sent something since the last call, at
 * most max of them, and starts their next report.  Returns how many; call
 * again while it returns max.  The sink may call it: who has flows in the sink
 * is always among those reported.
 */
size_t	decoder_harvest(struct decoder *d, uint32_t group,
	    struct exporter_stat *out, size_t max);

/* Exporters known, and templates of all of them together. */
uint64_t decoder_exporters(const struct decoder *d);
uint64_t decoder_templates(const struct decoder *d);

/* Calls fn for each exporter known, with its totals and bad counters. */
void	decoder_each_exporter(const struct decoder *d,
	    void (*fn)(void *arg, const struct exporter_stat *total,
	    const uint64_t counts[DECODER_COUNTS]), void *arg);

/*
 * A sampling rate for an exporter address that wins over what it sends
 * (force) or fills in when it sends none.  prefix decides; first match wins.
 * -1: out of memory.
 */
int	decoder_set_sampling(struct decoder *d, const struct prefix *who,
	    uint32_t rate, int force);

/* Forgets all that decoder_set_sampling said, and sets the default. */
void	decoder_reset_sampling(struct decoder *d, uint32_t default_rate);

/*
 * Templates in portable form, to be kept over a restart.  raw is the template
 * record as it was sent (template id, field count, field specifiers).
 */
struct template_record {
	struct addr	address;
	uint16_t	version;	/* 9 or 10 */
	uint32_t	domain;
	uint16_t	template_id;
	int		options;	/* an options template */
	int64_t		heard_ms;	/* when it was last sent */
	const uint8_t	*raw;
	size_t		raw_len;
};

/* Calls fn for each live template; raw is valid during the call. */
void	decoder_each_template(const struct decoder *d,
	    void (*fn)(void *arg, const struct template_record *t), void *arg);

/* Takes a template as if it had been heard then.  -1: refused as broken. */
int	decoder_restore(struct decoder *d, const struct template_record *t);

/* Bumped whenever a template is new, changed or withdrawn. */
uint64_t decoder_template_version(const struct decoder *d);

/* Worst-case bytes of a decoder with these limits; returns the sum. */
struct decoder_memory {
	uint64_t	exporters;	/* with the decoder itself */
	uint64_t	templates;
	uint64_t	held;		/* data that waits for its template */
};

uint64_t decoder_memory(const struct decoder_limits *limits,
	    struct decoder_memory *out);

#endif
