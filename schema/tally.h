/*
 * A hash table of sums: key -> flows, packets, bytes, first and last time.
 * The core of every statistic and of the roll-ups: fed once per row, merged
 * once per worker.  Keys are byte strings of up to TALLY_KEY_MAX bytes.
 *
 * Memory: an entry takes 24 bytes + key length, rounded up to 8, and 1 byte;
 * sizeof(struct tally_sum) more where its counters or its span of time do not
 * go into 32 bits, or where tally_at was asked for it.  The index takes 8
 * bytes per slot at a load of at most 3/4.  The table refuses to grow beyond
 * its limit instead of exhausting the machine.
 */
#ifndef SCHEMA_TALLY_H
#define SCHEMA_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_KEY_MAX	255

struct tally;

struct tally_sum {
	int64_t	flows;
	int64_t	packets;
	int64_t	bytes;
	int64_t	first_ms;	/* smallest start */
	int64_t	last_ms;	/* largest end */
	uint8_t	tcp_flags;	/* or-ed */
};

/* limit: most bytes of memory it may take.  NULL: out of memory. */
struct tally *tally_new(size_t limit);
void	tally_free(struct tally *t);

/*
 * The sums of the key, made when absent (all 0, first_ms INT64_MAX, last_ms
 * INT64_MIN).  Valid until the next call on this table.  NULL when the limit
 * is reached or memory is out.
 */
struct tally_sum *tally_at(struct tally *t, const void *key, size_t len);

/* The largest or smallest sum there is, where it would be beyond that. */
static inline int64_t
tally_plus(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

/*
 * Adds one flow or one partial sum to another.  Counters are never below 0,
 * but a sum of what was counted twice may be subtracted.
 */
static inline void
tally_add(struct tally_sum *to, const struct tally_sum *s)
{
	to->flows = tally_plus(to->flows, s->flows);
	to->packets = tally_plus(to->packets, s->packets);
	to->bytes = tally_plus(to->bytes, s->bytes);
	if (s->first_ms < to->first_ms)
		to->first_ms = s->first_ms;
	if (s->last_ms > to->last_ms)
		to->last_ms = s->last_ms;
	to->tcp_flags |= s->tcp_flags;
}

/*
 * Adds s to the sums of the key, some calls later: faster than tally_at for
 * tables larger than the cache.  tally_flush does what is under way; until
 * then the key may not be seen.  -1: the limit is reached, for this key or
 * one before it.  Nothing is lost then: the entries can be read out, and after
 * tally_clear the same call again goes on.
 */
int	tally_put(struct tally *t, const void *key, size_t len,
	    const struct tally_sum *s);
int	tally_flush(struct tally *t);

/* The same for a key that is padded with zeros to whole words. */
int	tally_put_words(struct tally *t, const uint64_t *key, size_t len,
	    const struct tally_sum *s);

/* Is the key there?  Its sums, where sum is not NULL. */
bool	tally_find(const struct tally *t, const void *key, size_t len,
	    struct tally_sum *sum);

/* Most bytes from now on; what is above them stays. */
void	tally_set_limit(struct tally *t, size_t limit);

size_t	tally_count(const struct tally *t);
size_t	tally_memory(const struct tally *t);

/*
 * Key and sums of entry i of 0 .. tally_count() - 1, in order of arrival.  The
 * key is valid until the next key comes into this table.
 */
const uint8_t *tally_entry(const struct tally *t, size_t i, size_t *len,
	    struct tally_sum *sum);
const uint8_t *tally_key(const struct tally *t, size_t i, size_t *len);

/*
 * The sums of a key that these gave.  Entries far apart are asked for before
 * they are read.
 */
void	tally_sums(const struct tally *t, const uint8_t *key,
	    struct tally_sum *sum);
void	tally_fetch(const uint8_t *key);

/*
 * Takes the entry that came last out of the table, NULL when it is empty; the
 * key is valid until the next call.  Memory is given back on the way, so that
 * another table can grow meanwhile.  Only this, tally_count, tally_memory and
 * tally_free may follow.
 */
const uint8_t *tally_take_last(struct tally *t, size_t *len,
	    struct tally_sum *sum);

/* Adds all of from to t.  -1 when the limit is reached. */
int	tally_merge(struct tally *t, const struct tally *from);

/* Empties the table, but keeps its memory and the keys under way. */
void	tally_clear(struct tally *t);

#endif
