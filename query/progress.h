/*
 * A line on stderr for work that takes longer than a second, when a person
 * looks at it: shards done, flows a second, time left.
 */
#ifndef QUERY_PROGRESS_H
#define QUERY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool	on;
	bool	shown;		/* a line stands there */
	double	began;		/* seconds of the steady clock */
	double	last;		/* when it was last drawn */
};

/* on: false when nobody looks (no terminal, -q). */
void	progress_begin(struct progress *p, bool on);

/* Fits work_progress of work.h; arg is the struct progress. */
void	progress_tell(void *arg, size_t done, size_t of, int64_t flows);

/* Takes the line away. */
void	progress_end(struct progress *p);

#endif
