/*
 * --check: looks over a set-up that is running, or should be, and says in
 * plain words what is wrong and what mends it.  Only reads: shards, the
 * templates kept, and what the kernel tells of its sockets.
 */
#ifndef COLLECTOR_CHECK_H
#define COLLECTOR_CHECK_H

#include <stdio.h>

#include "collector/config.h"

/*
 * Prints a line for each finding: "ok", "note" or "WRONG".  Returns how many
 * are wrong.  now_ms: Unix time.
 */
unsigned check_setup(const struct config *c, int64_t now_ms, FILE *out);

/* ---- for the files check*.c ---- */

struct check {
	const struct config	*c;
	int64_t			 now_ms;
	FILE			*out;
	unsigned		 wrong;
	long			 pid;	/* who writes to the folder, 0: nobody */
};

enum finding { FINDING_OK, FINDING_NOTE, FINDING_WRONG };

void	check_say(struct check *k, enum finding f, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* "3 minutes", "12 days": in one unit, rounded down. */
const char *check_span(int64_t sec, char out[40]);
/* "84 GB", "1.5 MB": powers of 1000, as disks are sold. */
const char *check_bytes(double bytes, char out[40]);

#endif
