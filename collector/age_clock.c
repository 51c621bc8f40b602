/* The clock by which shards grow old: see age_clock.h. */
#include "collector/age_clock.h"

int64_t
age_clock_now(struct age_clock *c, int64_t wall, int64_t steady,
    int64_t *jumped)
{
	int64_t offset = wall - steady, jump = offset - c->offset;

	*jumped = 0;
	if (!c->running || steady >= c->until)
		c->ahead = 0;
	if (c->running && jump > AGE_CLOCK_JUMP_SEC) {
		*jumped = jump;
		c->ahead += jump;
		c->until = steady + AGE_CLOCK_HOLD_SEC;
	} else if (c->running && jump < -AGE_CLOCK_JUMP_SEC) {
		/* set right again, or at least less wrong */
		c->ahead = c->ahead + jump > 0 ? c->ahead + jump : 0;
	}
	c->running = true;
	c->offset = offset;
	return wall - c->ahead;
}
