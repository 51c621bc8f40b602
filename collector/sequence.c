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

/* A packet in one way of counting. */
struct span {
	uint32_t	start;
	uint32_t	units;
	uint32_t	window;		/* so far back is only late */
	bool		exact;
};

#define WINDOW_PACKETS	128
#define WINDOW_RECORDS	4096

static struct span
span_of(const struct sequence_seen *seen, enum sequence_way way)
{
	struct span p = { seen->seq, seen->records, WINDOW_RECORDS,
		seen->exact };

	if (way == SEQUENCE_BY_BOOK)
		way = seen->packets ? SEQUENCE_PACKETS : SEQUENCE_RECORDS;
	if (way == SEQUENCE_PACKETS)
		p = (struct span){ seen->seq, 1, WINDOW_PACKETS, true };
	if (way == SEQUENCE_FLOWS || way == SEQUENCE_FLOWS_AFTER)
		p.units = seen->flows;
	if (way == SEQUENCE_RECORDS_AFTER || way == SEQUENCE_FLOWS_AFTER)
		p.start -= p.units;
	return p;
}

static void
start(struct sequence *s, const struct sequence_seen *seen,
    const struct span *p)
{
	s->expected = p->start + p->units;
	s->known = p->exact;
	s->has_uptime = seen->has_uptime;
	s->uptime_ms = seen->uptime_ms;
	s->late_run = 0;
}

/* The way that has explained the numbers for longest; the one in use wins. */
static enum sequence_way
best_way(const struct sequence *s)
{
	unsigned best = s->way;

	for (unsigned w = 0; w < SEQUENCE_WAYS; w++) {
		if (s->would[w].run > s->would[best].run)
			best = w;
	}
	return (enum sequence_way)best;
}

/* Looks which ways explain this packet; true: another one is in use now. */
static bool
learn(struct sequence *s, const struct sequence_seen *seen)
{
	enum sequence_way best;

	for (unsigned w = 0; w < SEQUENCE_WAYS; w++) {
		struct span p = span_of(seen, (enum sequence_way)w);

		if (!s->would[w].known || !p.exact ||
		    p.start != s->would[w].next)
			s->would[w].run = 0;
		else if (s->would[w].run < UINT8_MAX)
			s->would[w].run++;
		s->would[w].next = p.start + p.units;
		s->would[w].known = p.exact;
	}
	best = best_way(s);
	if (s->known && span_of(seen, (enum sequence_way)s->way).start ==
	    s->expected) {
		/* by chance, when another one was right before, too */
		if (best == s->way)
			s->doubt = 0;
		return false;
	}
	if (best == s->way || s->would[best].run < SEQUENCE_EXPLAINED)
		return false;
	s->way = (uint8_t)best;
	return true;
}

/* What the packet says in the way of counting that is in use. */
static struct sequence_found
follow(struct sequence *s, const struct sequence_seen *seen,
    const struct span *p)
{
	struct sequence_found found = { 0, false, false };
	uint32_t ahead = p->start - s->expected;
	uint32_t behind = s->expected - p->start;

	if (s->has_uptime && seen->has_uptime && (int32_t)(seen->uptime_ms -
	    s->uptime_ms) < -SEQUENCE_UPTIME_BACK_MS)
		found.restarted = true;
	else if (!s->known || ahead == 0) {
		start(s, seen, p);
		return found;
	} else if (ahead <= SEQUENCE_JUMP_MAX) {
		found.lost = ahead;
		add_gap(s, s->expected, p->start);
		start(s, seen, p);
		return found;
	} else if (behind <= p->window &&
	    ++s->late_run < SEQUENCE_LATE_RUN) {
		found.late = true;
		if (p->exact)
			found.lost = -(int64_t)fill_gap(s, p->start,
			    p->units);
		return found;
	} else
		found.restarted = true;
	s->n_gaps = 0;
	s->doubt = 0;
	start(s, seen, p);
	return found;
}

struct sequence_found
sequence_next(struct sequence *s, const struct sequence_seen *seen)
{
	struct sequence_found found = { 0, false, false };
	bool changed = learn(s, seen);
	struct span p = span_of(seen, (enum sequence_way)s->way);

	if (changed) {
		found.lost = s->doubt > 0 ? -s->doubt : 0;
		s->doubt = 0;
		s->n_gaps = 0;
		start(s, seen, &p);
		return found;
	}
	found = follow(s, seen, &p);
	s->doubt += found.lost;
	return found;
}
