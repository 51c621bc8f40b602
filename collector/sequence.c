/* Counting what was lost: see sequence.h. */
#include "collector/sequence.h"

#include <string.h>

static void
remove_gap(struct sequence *s, unsigned i)
{
	s->n_gaps--;
	memmove(&s->gap[i], &s->gap[i + 1], (s->n_gaps - i) *
	    sizeof(s->gap[0]));
}

static void
add_gap(struct sequence *s, uint32_t lo, uint32_t hi)
{
	if (s->n_gaps == SEQUENCE_GAPS)
		remove_gap(s, 0);
	s->gap[s->n_gaps].lo = lo;
	s->gap[s->n_gaps].hi = hi;
	s->n_gaps++;
}

/* Fills [seq, seq + units) of a gap; returns how much of it was missing. */
static uint32_t
fill_gap(struct sequence *s, uint32_t seq, uint32_t units)
{
	for (unsigned i = 0; i < s->n_gaps; i++) {
		uint32_t lo = s->gap[i].lo, hi = s->gap[i].hi;

		if (seq - lo >= hi - lo)
			continue;
		if (units > hi - seq)
			units = hi - seq;
		if (units == 0)
			return 0;
		s->gap[i].hi = seq;
		if (seq == lo)
			remove_gap(s, i);
		if (seq + units != hi)
			add_gap(s, seq + units, hi);
		return units;
	}
	return 0;
}

static void
start(struct sequence *s, const struct sequence_seen *seen)
{
	s->expected = seen->seq + seen->units;
	s->known = seen->exact;
	s->has_uptime = seen->has_uptime;
	s->uptime_ms = seen->uptime_ms;
	s->late_run = 0;
}

struct sequence_found
sequence_next(struct sequence *s, const struct sequence_seen *seen)
{
	struct sequence_found found = { 0, false, false };
	uint32_t ahead = seen->seq - s->expected;
	uint32_t behind = s->expected - seen->seq;

	if (s->has_uptime && seen->has_uptime && (int32_t)(seen->uptime_ms -
	    s->uptime_ms) < -SEQUENCE_UPTIME_BACK_MS)
		found.restarted = true;
	else if (!s->known || ahead == 0) {
		start(s, seen);
		return found;
	} else if (ahead <= SEQUENCE_JUMP_MAX) {
		found.lost = ahead;
		add_gap(s, s->expected, seen->seq);
		start(s, seen);
		return found;
	} else if (behind <= seen->window &&
	    ++s->late_run < SEQUENCE_LATE_RUN) {
		found.late = true;
		if (seen->exact)
			found.lost = -(int64_t)fill_gap(s, seen->seq,
			    seen->units);
		return found;
	} else
		found.restarted = true;
	s->n_gaps = 0;
	start(s, seen);
	return found;
}
