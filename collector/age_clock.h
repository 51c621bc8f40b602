/*
 * The clock by which shards grow old.  A machine's clock may be set far ahead,
 * by mistake or from one that was far behind; if max_age believed it at once,
 * years of flows would be gone before anybody sees the log.  So after a jump
 * of more than AGE_CLOCK_JUMP_SEC shards age by the time as it was, until a
 * day has passed or the clock was set back.
 */
#ifndef COLLECTOR_AGE_CLOCK_H
#define COLLECTOR_AGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define AGE_CLOCK_JUMP_SEC	3600	/* summer time and more */
#define AGE_CLOCK_HOLD_SEC	86400

/* All zero at first. */
struct age_clock {
	bool	running;
	int64_t	offset;		/* of the wall clock to the steady one */
	int64_t	ahead;		/* what is not believed, in seconds; 0: nothing */
	int64_t	until;		/* ... up to then, on the steady clock */
};

/*
 * wall: Unix seconds; steady: seconds of a clock that nobody sets and that
 * counts suspension.  Returns the seconds to compare with; *jumped: how far
 * ahead the clock was set since the last call, when it is not believed, else 0.
 */
int64_t	age_clock_now(struct age_clock *c, int64_t wall, int64_t steady,
	    int64_t *jumped);

#endif
