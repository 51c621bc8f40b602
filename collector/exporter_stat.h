/*
 * What the decoder reports about one exporter: the counters gained since the
 * last report.  They travel with a batch to the writer, which adds them to
 * table exporter of the shard that the batch goes to.
 */
#ifndef COLLECTOR_EXPORTER_STAT_H
#define COLLECTOR_EXPORTER_STAT_H

#include <stdint.h>

#include "schema/addr.h"

/*
 * Exporters whose reports go the same way are of one group; the numbers are
 * the caller's, see struct datagram.
 */
#define EXPORTER_GROUPS	1024

struct exporter_stat {
	uint32_t	id;		/* flow.exporter; unique in this process */
	uint32_t	group;		/* below EXPORTER_GROUPS */
	struct addr	address;
	const char	*name;		/* the admin's, or NULL; not decoder's */
	uint16_t	version;	/* 5, 9 or 10 */
	uint32_t	domain;		/* source id, observation domain, v5 engine */
	uint64_t	packets;	/* datagrams with at least a valid header */
	uint64_t	flows;		/* records handed to the sink */
	uint64_t	lost;		/* v9: packets, IPFIX: records, v5: flows */
	uint64_t	bad;		/* broken datagrams and sets, all kinds */
	uint32_t	sampling;	/* rate in force, 0: none known */
	int64_t		first_ms;	/* arrival of the first and last packet */
	int64_t		last_ms;	/* of this report, Unix ms */
};

#endif
