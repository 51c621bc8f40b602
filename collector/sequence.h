/*
 * Sequence numbers of an exporter: how much was lost on the way.  By the book
 * v9 counts packets, v5 flows and IPFIX data records, modulo 2^32, and the
 * number in a packet is that of its first unit.
 *
 * A packet that is missing counts as lost at once.  The last few gaps are
 * remembered, so that one that was only late is taken back.  A packet that is
 * further back than the window, or many late ones in a row, mean that the
 * exporter has started again.
 *
 * Exporters differ in what they count: softflowd's IPFIX number is that of
 * the last flow in the message, and leaves options out.  So we look which way
 * of counting explains the numbers.  When the one in use does not, one that
 * has done so for longer, and twice at least, is used from then on, and what
 * seemed lost in between is taken back.
 */
#ifndef COLLECTOR_SEQUENCE_H
#define COLLECTOR_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_GAPS		8
#define SEQUENCE_LATE_RUN	16	/* so many late ones are a restart */
#define SEQUENCE_JUMP_MAX	(UINT32_C(1) << 24) /* more is no loss */
#define SEQUENCE_UPTIME_BACK_MS	10000	/* no reordering takes that long */
#define SEQUENCE_EXPLAINED	2	/* times, to change the way */

enum sequence_way {
	SEQUENCE_BY_BOOK,
	SEQUENCE_PACKETS,
	SEQUENCE_RECORDS,
	SEQUENCE_FLOWS,			/* records, but not options */
	SEQUENCE_RECORDS_AFTER,		/* number of the next packet's first */
	SEQUENCE_FLOWS_AFTER,
	SEQUENCE_WAYS
};

struct sequence {
	uint32_t	expected;
	uint32_t	uptime_ms;
	uint32_t	late_run;
	uint8_t		way;		/* the one in use */
	uint8_t		n_gaps;
	bool		known;		/* expected is */
	bool		has_uptime;
	struct {
		uint32_t	lo;	/* first missing */
		uint32_t	hi;	/* first not missing any more */
	} gap[SEQUENCE_GAPS];
	struct {
		uint32_t	next;	/* what would follow the last packet */
		uint8_t		run;	/* so often it did, in a row */
		bool		known;
	} would[SEQUENCE_WAYS];
	int64_t		doubt;		/* lost since the way was last right */
};

/* One packet. */
struct sequence_seen {
	uint32_t	seq;
	uint32_t	records;	/* data records in it */
	uint32_t	flows;		/* of these: no options */
	bool		exact;		/* records and flows are known */
	bool		packets;	/* the book says packets, not records */
	bool		has_uptime;	/* v5 and v9 */
	uint32_t	uptime_ms;
};

struct sequence_found {
	int64_t		lost;		/* negative: taken back */
	bool		late;
	bool		restarted;
};

/* All zero is a struct sequence that has seen nothing. */
struct sequence_found sequence_next(struct sequence *s,
	    const struct sequence_seen *seen);

#endif
