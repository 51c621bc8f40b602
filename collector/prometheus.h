/*
 * All that the collector counted as Prometheus metrics.  A counter never goes
 * down; labels are bounded: the PROMETHEUS_EXPORTERS exporters known longest
 * are named, the others are one together, exporter="other".
 */
#ifndef COLLECTOR_PROMETHEUS_H
#define COLLECTOR_PROMETHEUS_H

#include "collector/metrics.h"
#include "collector/packet.h"
#include "collector/report.h"

#define PROMETHEUS_EXPORTERS	200

/* Adds everything to m; out of memory shows in m->failed. */
void	prometheus_text(struct metrics *m, const struct report_counts *c,
	    const struct decoder *d);

#endif
