/*
 * The hook that runs after a shard was sealed: a program of the admin, with
 * nfcapd's placeholders.  No shell is involved: the command is split at
 * blanks ('..' and ".." keep some together), then each word's placeholders
 * are filled in.
 *
 *	%d  folder	%f  file name	%t  slot, YYYYMMDDhhmm UTC
 *	%u  slot, Unix seconds		%i  source name		%%  a %
 */
#ifndef COLLECTOR_HOOK_H
#define COLLECTOR_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/err.h"

struct hook_event {
	const char	*dir;
	const char	*file;
	int64_t		 slot_ms;
	const char	*source;
};

/* Is the command well formed (quotes closed, placeholders known)? */
int	hook_check(const char *command, struct err *err);

/*
 * Runs it and waits at most limit_sec; then it is killed.  -1: it could not
 * be started, failed, or took too long.
 */
int	hook_run(const char *command, const struct hook_event *e,
	    int limit_sec, struct err *err);

#endif
