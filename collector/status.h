/*
 * flowdbd --status: the running daemon's table of what it does, and the other
 * end, which asks for it at a UNIX socket in the data directory.
 */
#ifndef COLLECTOR_STATUS_H
#define COLLECTOR_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/packet.h"
#include "collector/report.h"
#include "schema/err.h"

#define STATUS_SOCKET	".flowdbd.status"	/* in the data directory */
#define STATUS_EXPORTERS	20		/* rows, those with most flows */
#define STATUS_RATE_SEC	10

/* Counts of the last seconds, for a rate; all zero is empty. */
struct status_rate {
	int64_t		at_ms[STATUS_RATE_SEC + 1];	/* monotonic */
	uint64_t	flows[STATUS_RATE_SEC + 1];
	uint64_t	n;
};

/* Takes the count; called once a second. */
void	status_rate_add(struct status_rate *r, int64_t monotonic_ms,
	    uint64_t flows);

/* Flows a second since the oldest one kept; 0 when there is but one. */
double	status_rate_get(const struct status_rate *r);

/*
 * The table, as text of *len bytes that the caller frees; NULL: out of
 * memory.  Times in UTC.
 */
char	*status_text(const struct report_counts *c,
	    const struct status_rate *r, const struct decoder *d,
	    const char *dir, int64_t now_ms, size_t *len);

/*
 * Where to ask: what the configuration says, or else in the data directory.
 * Returns an address for endpoint_listen, "unix:" and all.  -1: too long.
 */
int	status_address(const char *configured, const char *dir, char *out,
	    size_t size, struct err *err);

/*
 * Asks the daemon there and prints what it says.  -1: nobody runs, or it does
 * not answer within some seconds.
 */
int	status_ask(const char *address, FILE *out, struct err *err);

#endif
