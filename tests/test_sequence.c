/* Sequence numbers: what is lost, late, or a new start. */
#include "collector/sequence.h"

#include <criterion/criterion.h>

struct walk {
	struct sequence	s;
	int64_t		lost;
	unsigned	late;
	unsigned	restarts;
};

static void
see(struct walk *w, uint32_t seq, uint32_t units, bool exact)
{
	struct sequence_seen seen = { .seq = seq, .records = units,
		.flows = units, .exact = exact };
	struct sequence_found f = sequence_next(&w->s, &seen);

	w->lost += f.lost;
	w->late += f.late;
	w->restarts += f.restarted;
}

static void
expect(const struct walk *w, int64_t lost, unsigned late, unsigned restarts)
{
	cr_expect_eq(w->lost, lost, "lost %lld, not %lld",
	    (long long)w->lost, (long long)lost);
	cr_expect_eq(w->late, late, "late %u, not %u", w->late, late);
	cr_expect_eq(w->restarts, restarts);
}

Test(sequence, in_order_over_the_wrap)
{
	struct walk w = { .lost = 0 };

	for (uint32_t i = 0, seq = UINT32_MAX - 100; i < 50; i++, seq += 10)
		see(&w, seq, 10, true);
	expect(&w, 0, 0, 0);
}

/* Any order of five packets ends with nothing lost. */
Test(sequence, reordered)
{
	for (unsigned order = 0; order < 3125; order++) {
		struct walk w = { .lost = 0 };
		unsigned seen = 0, o = order;

		see(&w, 90, 10, true);
		for (int i = 0; i < 5; i++, o /= 5) {
			unsigned k = o % 5;

			if (seen & 1u << k)
				break;
			seen |= 1u << k;
			see(&w, 100 + 10 * k, 10, true);
		}
		if (seen != 31)
			continue;	/* not a permutation */
		cr_expect_eq(w.lost, 0, "order %u: lost %lld", order,
		    (long long)w.lost);
		cr_expect_eq(w.restarts, 0);
	}
}

Test(sequence, twice)
{
	struct walk w = { .lost = 0 };

	see(&w, 100, 10, true);
	see(&w, 120, 10, true);
	see(&w, 110, 10, true);
	see(&w, 110, 10, true);		/* not taken back again */
	see(&w, 120, 10, true);
	see(&w, 130, 10, true);
	expect(&w, 0, 3, 0);
}

/* A late packet fills only what was missing. */
Test(sequence, fills_part)
{
	struct walk w = { .lost = 0 };

	see(&w, 100, 10, true);
	see(&w, 210, 10, true);		/* 110 .. 209 missing */
	expect(&w, 100, 0, 0);
	see(&w, 150, 20, true);
	expect(&w, 80, 1, 0);
	see(&w, 200, 20, true);		/* reaches beyond the gap */
	expect(&w, 70, 2, 0);
	see(&w, 110, 40, true);
	see(&w, 170, 30, true);
	expect(&w, 0, 4, 0);
	cr_expect_eq(w.s.n_gaps, 0);
	see(&w, 220, 1, true);
	expect(&w, 0, 4, 0);
}

Test(sequence, more_gaps_than_remembered)
{
	struct walk w = { .lost = 0 };

	for (uint32_t i = 0; i < 100; i++)
		see(&w, i * 2, 1, true);
	expect(&w, 99, 0, 0);
	see(&w, 197, 1, true);		/* the last gap: remembered */
	see(&w, 1, 1, true);		/* the first: forgotten */
	expect(&w, 98, 2, 0);
}

Test(sequence, restart_far_back)
{
	struct walk w = { .lost = 0 };

	see(&w, 100000, 10, true);
	see(&w, 0, 10, true);
	see(&w, 10, 10, true);
	expect(&w, 0, 0, 1);
	/* a jump that cannot be loss */
	see(&w, 1000000000, 10, true);
	expect(&w, 0, 0, 2);
}

/* It had sent too little for the window: a run of late ones tells. */
Test(sequence, restart_close)
{
	struct walk w = { .lost = 0 };

	see(&w, 0, 500, true);
	for (uint32_t i = 0; i < 50; i++)
		see(&w, i * 5, 5, true);
	expect(&w, 0, SEQUENCE_LATE_RUN - 1, 1);
}

Test(sequence, restart_by_uptime)
{
	struct sequence s = { .known = false };
	struct sequence_seen seen = { .seq = 100, .packets = true,
		.has_uptime = true, .uptime_ms = 50000 };

	(void)sequence_next(&s, &seen);
	seen.seq = 101;
	seen.uptime_ms = 40001;		/* reordered by the network, perhaps */
	cr_expect_not(sequence_next(&s, &seen).restarted);
	seen.seq = 102;
	seen.uptime_ms = 30000;
	cr_expect(sequence_next(&s, &seen).restarted);
	seen.seq = 103;
	seen.uptime_ms = 4294967290u;	/* 30 s before the wrap: back */
	cr_expect(sequence_next(&s, &seen).restarted);
	seen.seq = 104;
	seen.uptime_ms = 1000;		/* the wrap itself is no restart */
	cr_expect_not(sequence_next(&s, &seen).restarted);
	cr_expect_eq(s.expected, 105);
}

Test(sequence, unknown_units)
{
	struct walk w = { .lost = 0 };

	see(&w, 100, 10, false);
	see(&w, 500, 10, true);
	expect(&w, 0, 0, 0);
	see(&w, 515, 10, true);
	expect(&w, 5, 0, 0);
}

/*
 * Exporters that count in another way than the book says, with packets of
 * varying size: nothing is lost in the end, and a real loss still counts.
 */
static void
check_way(bool packets_by_book, enum sequence_way way)
{
	struct sequence s = { .known = false };
	uint32_t seq = 1000, state = 1;
	int64_t lost = 0;

	for (int i = 0; i < 200; i++) {
		struct sequence_seen seen = { .exact = true,
			.packets = packets_by_book };
		uint32_t n;

		state = state * 1103515245 + 12345;
		seen.flows = 5 + (state >> 16) % 20;
		seen.records = seen.flows + (i % 7 == 0);
		n = way == SEQUENCE_PACKETS ? 1 : way == SEQUENCE_FLOWS ||
		    way == SEQUENCE_FLOWS_AFTER ? seen.flows : seen.records;
		seen.seq = seq;
		seq += n;
		if (way == SEQUENCE_RECORDS_AFTER ||
		    way == SEQUENCE_FLOWS_AFTER)
			seen.seq = seq;
		if (i == 100)
			cr_expect_eq(lost, 0, "way %d: lost %lld", way,
			    (long long)lost);
		if (i == 150)
			continue;	/* lost */
		lost += sequence_next(&s, &seen).lost;
		if (i == 151)
			cr_expect_gt(lost, 0, "way %d", way);
	}
	cr_expect_gt(lost, 0, "way %d: lost %lld", way, (long long)lost);
	cr_expect_leq(lost, 25, "way %d: lost %lld", way, (long long)lost);
}

Test(sequence, other_ways_of_counting)
{
	for (int way = SEQUENCE_PACKETS; way < SEQUENCE_WAYS; way++) {
		check_way(true, (enum sequence_way)way);
		check_way(false, (enum sequence_way)way);
	}
}

/*
 * Two packets of equal size make both ways right for once: that must not
 * settle what seemed lost before.  Numbers of softflowd 1.1.0.
 */
Test(sequence, right_by_chance)
{
	static const uint32_t flows[] = { 20, 28, 28, 27, 31, 30 };
	struct sequence s = { .known = false };
	struct sequence_seen seen = { .exact = true };
	int64_t lost = 0;

	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		seen.flows = flows[i];
		seen.records = flows[i] + (i == 0);	/* an options record */
		seen.seq += flows[i];
		lost += sequence_next(&s, &seen).lost;
	}
	cr_expect_eq(lost, 0, "lost %lld", (long long)lost);
}
