/*
 * What the collector counted, told to people: log lines now and then when
 * something is wrong, all of it on SIGUSR1 and at exit.  Metrics and the table
 * of --status are made from the same counts (prometheus.h, status.h).
 */
#ifndef COLLECTOR_REPORT_H
#define COLLECTOR_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/capture.h"
#include "collector/intake.h"
#include "collector/listen.h"
#include "collector/packet.h"
#include "collector/repeat.h"
#include "collector/sealer.h"
#include "collector/shipper.h"
#include "collector/writer.h"

struct report_counts {
	struct intake_counts	*intake;	/* refused_tell marks there */
	uint64_t		kernel_drops;	/* socket buffer full */
	int64_t			start_ms;	/* Unix time */
	uint64_t		queue_limit;	/* flows that may wait */
	const struct listen_socket *listener;
	size_t			n_listeners;
	const struct repeat	*repeat;
	struct writer_counts	writer;
	struct sealer_counts	sealer;
	bool			ships;	/* shipper counts */
	struct shipper_counts	shipper;
};

/* Remembers what was told. */
struct report_state;

struct report_state *report_new(void);
void	report_free(struct report_state *r);

/*
 * Logs what got worse since the last call: broken input by exporter and
 * kind, losses, drops.  A bounded number of lines a call.
 */
void	report_changes(struct report_state *r, const struct report_counts *c,
	    const struct decoder *d);

/* Logs all counters that are not 0, in total and by exporter. */
void	report_log(const struct report_counts *c, const struct decoder *d);

/* A progress line on stderr; part 0 .. 1, below 0 ends it. */
void	report_progress(double part, uint64_t flows);

/* Logs what of a capture could not be an export. */
void	report_left_out(const struct capture_stat *st);

#endif
