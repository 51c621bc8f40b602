/*
 * A hash table of sums: see tally.h.
 *
 * The index is open addressing with linear probing; a slot holds 32 bits of
 * the hash and the place of the record, so that most misses are seen without
 * touching a record.  A record (tally_record.h) is the sums and the key in one
 * piece: with a table larger than the cache a lookup costs two cache misses,
 * index and record, and nothing else.  Keys are padded with zeros to whole
 * words, and hashed and compared by the word.
 *
 *	index    [tag|place][  --  ][tag|place] ...
 *	records  [sums key..][sums key....] ...  in units of 8 bytes
 *	places   [place][place] ...              of each STEPth record
 *	wide     [sums][sums] ...                that a record has no room for
 *
 * Those two misses are what a statistic over many keys spends its time on.
 * tally_put lets the memory work on several at once: keys wait until there are
 * WAITING of them.  The slot is asked for when a key comes, the records for
 * all of them, and then they are added.
 */
#include "schema/tally.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "schema/tally_record.h"

#define FIRST_SLOTS	1024U
#define MAX_ENTRIES	(UINT32_MAX / 4)
#define UNIT		8U		/* records are multiples of this */
#define STEP		4U		/* records from one place to the next */
#define PAGE_MOST	((uintptr_t)65536)	/* bytes of a page of memory */
#define PAGE_LEAST	((uintptr_t)4096)
#define CHUNK		131072U		/* slots that come and go at once */
#define GIVE_BACK	(1U << 20)	/* bytes at a time, while taken apart */
#define NO_PLACE	0U		/* the first unit holds no record */
#define WAITING		32U		/* keys that wait at most */
#define WAITING_WORDS	5U		/* a longer key does not wait */
#define KEY_WORDS	((TALLY_KEY_MAX + UNIT - 1) / UNIT)

struct slot {
	uint32_t	tag;	/* hash of the key */
	uint32_t	place;	/* of the record, in units; or NO_PLACE */
};

_Static_assert(sizeof(struct tally_record) % UNIT == 0, "records of units");

/* A key on its way into the table. */
struct waiting {
	struct tally_sum sum;
	uint32_t	 tag;
	uint32_t	 len;
	uint64_t	 key[WAITING_WORDS];
};

struct tally {
	struct slot	*index;
	uint32_t	 mask;		/* slots - 1, a power of two less one */
	uint8_t		*records;
	size_t		 used;		/* bytes, a multiple of UNIT */
	size_t		 size;
	uint32_t	*places;
	size_t		 n;		/* records */
	size_t		 cap;		/* of places */
	struct tally_sum *wide;
	size_t		 n_wide;
	size_t		 cap_wide;
	size_t		 limit;
	unsigned	 first_waiting;
	unsigned	 n_waiting;	/* up to this one */
	struct waiting	 waiting[WAITING];
};

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

static size_t
words_of(size_t len)
{
	return (len + UNIT - 1) / UNIT;
}

/* A key as words; returns how many. */
static inline size_t
pad(uint64_t *words, const void *key, size_t len)
{
	size_t n = words_of(len);

	if (n == 0)
		return 0;
	words[n - 1] = 0;
	memcpy(words, key, len);
	return n;
}

static inline uint32_t
hash(const uint64_t *key, size_t n, size_t len)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len;

	for (size_t i = 0; i < n; i++)
		h = mix(h ^ key[i]);
	return (uint32_t)mix(h);
}

static struct tally_record *
record_at(const struct tally *t, uint32_t place)
{
	return (struct tally_record *)(void *)(t->records +
	    (size_t)place * UNIT);
}

struct tally *
tally_new(size_t limit)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->limit = limit;
	t->mask = FIRST_SLOTS - 1;
	t->used = UNIT;
	t->index = calloc(FIRST_SLOTS, sizeof(*t->index));
	if (t->index == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	free(t->index);
	free(t->records);
	free(t->places);
	free(t->wide);
	free(t);
}

size_t
tally_count(const struct tally *t)
{
	return t->n;
}

size_t
tally_memory(const struct tally *t)
{
	return ((size_t)t->mask + 1) * sizeof(*t->index) + t->size +
	    t->cap * sizeof(*t->places) + t->cap_wide * sizeof(*t->wide) +
	    sizeof(*t);
}

void
tally_set_limit(struct tally *t, size_t limit)
{
	t->limit = limit;
}

void
tally_clear(struct tally *t)
{
	/* NO_PLACE everywhere */
	memset(t->index, 0, ((size_t)t->mask + 1) * sizeof(*t->index));
	t->n = 0;
	t->n_wide = 0;
	t->used = UNIT;
}

/* ---- growing ---- */

/*
 * Gives the memory of slots back that are read for the last time, before they
 * are freed: an old and a new index at once would be the most there is.
 */
static void
give_back(struct slot *from, size_t n)
{
	uintptr_t begin = ((uintptr_t)from + PAGE_MOST - 1) & ~(PAGE_MOST - 1);
	uintptr_t end = (uintptr_t)(from + n) & ~(PAGE_MOST - 1);

	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/*
 * Asks for the memory of slots before they are read.  A page that is read
 * before it is written to is there twice, first as one of zeros for all: the
 * change interrupts each processor that another thread runs on, which took a
 * third of the time of large tables.  A kernel that cannot (Linux before 5.14)
 * does that.
 */
static void
ask_for(struct slot *from, size_t n)
{
	uintptr_t begin = (uintptr_t)from & ~(PAGE_LEAST - 1);
	uintptr_t end = (uintptr_t)(from + n) & ~(PAGE_LEAST - 1);

#ifdef MADV_POPULATE_WRITE
	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
#else
	(void)begin;
	(void)end;
#endif
}

static int
grow_index(struct tally *t)
{
	uint32_t old = t->mask + 1, slots = old * 2;
	struct slot *index;

	if (tally_memory(t) + slots / 2 * sizeof(*index) > t->limit)
		return -1;
	/* calloc: its pages come when they are asked for */
	index = calloc(slots, sizeof(*index));
	if (index == NULL)
		return -1;
	for (uint32_t i = 0; i < old; i++) {
		uint32_t at = t->index[i].tag & (slots - 1);

		/* slot i goes to i, or to old + i */
		if (i % CHUNK == 0) {
			ask_for(&index[i], old < CHUNK ? old : CHUNK);
			ask_for(&index[old + i], old < CHUNK ? old : CHUNK);
		}
		if ((i + 1) % CHUNK == 0)
			give_back(&t->index[i + 1 - CHUNK], CHUNK - 1);
		if (t->index[i].place == NO_PLACE)
			continue;
		while (index[at].place != NO_PLACE)
			at = (at + 1) & (slots - 1);
		index[at] = t->index[i];
	}
	free(t->index);
	t->index = index;
	t->mask = slots - 1;
	return 0;
}

/* More of the *cap items at v, first at least; NULL: there is no room. */
static void *
grow(const struct tally *t, void *v, size_t *cap, size_t first, size_t item)
{
	size_t more = *cap == 0 ? first : *cap / 2;
	void *p = tally_memory(t) + more * item > t->limit ? NULL :
	    realloc(v, (*cap + more) * item);

	if (p != NULL)
		*cap += more;
	return p;
}

static int
wide_room(struct tally *t)
{
	void *p;

	if (t->n_wide < t->cap_wide)
		return 0;
	p = grow(t, t->wide, &t->cap_wide, 16, sizeof(*t->wide));
	if (p == NULL)
		return -1;
	t->wide = p;
	return 0;
}

/* Room for one more record of need bytes, whatever its sums are. */
static int
make_room(struct tally *t, size_t need)
{
	void *p;

	if (t->n == MAX_ENTRIES || t->used / UNIT > UINT32_MAX ||
	    wide_room(t) == -1)
		return -1;
	if (t->n / STEP == t->cap) {
		p = grow(t, t->places, &t->cap, 128, sizeof(*t->places));
		if (p == NULL)
			return -1;
		t->places = p;
	}
	if (t->size < t->used + need) {
		p = grow(t, t->records, &t->size, 32768, 1);
		if (p == NULL)
			return -1;
		t->records = p;
	}
	/* at most 3/4 full */
	if ((t->n + 1) / 3 > (t->mask + 1) / 4)
		return grow_index(t);
	return 0;
}

/* ---- one key ---- */

/* Gives the record of s, for which there is wide_room. */
static void
widen(struct tally *t, struct tally_record *r, const struct tally_sum *s)
{
	r->flows = 0;
	r->packets = (uint32_t)t->n_wide;
	t->wide[t->n_wide++] = *s;
}

static struct tally_record *
add_record(struct tally *t, uint32_t tag, const uint64_t *key, size_t len,
    const struct tally_sum *s)
{
	size_t n = words_of(len), need = sizeof(struct tally_record) + n * UNIT;
	struct tally_record *r;
	uint32_t at;

	if (make_room(t, need) == -1)
		return NULL;
	at = tag & t->mask;
	while (t->index[at].place != NO_PLACE)
		at = (at + 1) & t->mask;
	t->index[at].tag = tag;
	t->index[at].place = (uint32_t)(t->used / UNIT);
	if (t->n % STEP == 0)
		t->places[t->n / STEP] = t->index[at].place;
	t->n++;
	r = record_at(t, t->index[at].place);
	r->key_len = (uint8_t)len;
	memcpy(r->key, key, n * UNIT);
	if (!tally_record_set(r, s))
		widen(t, r, s);
	t->used += need;
	return r;
}

static inline bool
same_key(const struct tally_record *r, const uint64_t *key, size_t len)
{
	if (r->key_len != len)
		return false;
	for (size_t i = 0, n = words_of(len); i < n; i++) {
		if (r->key[i] != key[i])
			return false;
	}
	return true;
}

static inline struct tally_record *
find(const struct tally *t, uint32_t tag, const uint64_t *key, size_t len)
{
	uint32_t at = tag & t->mask;

	for (; t->index[at].place != NO_PLACE; at = (at + 1) & t->mask) {
		if (t->index[at].tag == tag) {
			struct tally_record *r = record_at(t,
			    t->index[at].place);

			if (same_key(r, key, len))
				return r;
		}
	}
	return NULL;
}

static inline int
put(struct tally *t, uint32_t tag, const uint64_t *key, size_t len,
    const struct tally_sum *s)
{
	struct tally_record *r = find(t, tag, key, len);
	struct tally_sum sum;

	if (r == NULL)
		return add_record(t, tag, key, len, s) == NULL ? -1 : 0;
	if (tally_record_is_wide(r)) {
		tally_add(&t->wide[r->packets], s);
		return 0;
	}
	tally_record_get(r, &sum);
	tally_add(&sum, s);
	if (tally_record_set(r, &sum))
		return 0;
	if (wide_room(t) == -1)
		return -1;
	widen(t, r, &sum);
	return 0;
}

static void
get(const struct tally *t, const struct tally_record *r,
    struct tally_sum *sum)
{
	if (tally_record_is_wide(r))
		*sum = t->wide[r->packets];
	else
		tally_record_get(r, sum);
}

bool
tally_find(const struct tally *t, const void *key, size_t len,
    struct tally_sum *sum)
{
	uint64_t words[KEY_WORDS];
	size_t n = pad(words, key, len);
	const struct tally_record *r = find(t, hash(words, n, len), words,
	    len);

	if (r != NULL && sum != NULL)
		get(t, r, sum);
	return r != NULL;
}

struct tally_sum *
tally_at(struct tally *t, const void *key, size_t len)
{
	const struct tally_sum none = { .first_ms = INT64_MAX,
		.last_ms = INT64_MIN };
	uint64_t words[KEY_WORDS];
	size_t n = pad(words, key, len);
	uint32_t tag = hash(words, n, len);
	struct tally_record *r = find(t, tag, words, len);
	struct tally_sum sum;

	if (r == NULL)
		r = add_record(t, tag, words, len, &none);
	if (r == NULL)
		return NULL;
	if (!tally_record_is_wide(r)) {
		if (wide_room(t) == -1)
			return NULL;
		tally_record_get(r, &sum);
		widen(t, r, &sum);
	}
	return &t->wide[r->packets];
}

/* ---- many keys ---- */

/* Asks the memory for the record that the key's first slot names. */
static void
fetch_record(const struct tally *t, uint32_t tag)
{
	const struct slot *s = &t->index[tag & t->mask];

	if (s->place != NO_PLACE) {
		const uint8_t *r = t->records + (size_t)s->place * UNIT;

		/* most records lie in one or two lines of the cache */
		__builtin_prefetch(r, 1);
		__builtin_prefetch(r + sizeof(struct tally_record) + UNIT, 1);
	}
}

int
tally_flush(struct tally *t)
{
	for (unsigned i = t->first_waiting; i < t->n_waiting; i++)
		fetch_record(t, t->waiting[i].tag);
	for (; t->first_waiting < t->n_waiting; t->first_waiting++) {
		const struct waiting *w = &t->waiting[t->first_waiting];

		if (put(t, w->tag, w->key, w->len, &w->sum) == -1)
			return -1;
	}
	t->first_waiting = t->n_waiting = 0;
	return 0;
}

int
tally_put_words(struct tally *t, const uint64_t *key, size_t len,
    const struct tally_sum *s)
{
	size_t n = words_of(len);
	struct waiting *w;

	if (n > WAITING_WORDS)
		return put(t, hash(key, n, len), key, len, s);
	if (t->n_waiting == WAITING && tally_flush(t) == -1)
		return -1;
	w = &t->waiting[t->n_waiting++];
	w->sum = *s;
	w->len = (uint32_t)len;
	for (size_t i = 0; i < n; i++)
		w->key[i] = key[i];
	w->tag = hash(key, n, len);
	__builtin_prefetch(&t->index[w->tag & t->mask]);
	return 0;
}

int
tally_put(struct tally *t, const void *key, size_t len,
    const struct tally_sum *s)
{
	uint64_t words[KEY_WORDS];

	(void)pad(words, key, len);
	return tally_put_words(t, words, len, s);
}

/* ---- all keys ---- */

/* In units. */
static uint32_t
record_size(const struct tally_record *r)
{
	return (uint32_t)(sizeof(*r) / UNIT + words_of(r->key_len));
}

/* Record i. */
static struct tally_record *
record(const struct tally *t, size_t i)
{
	struct tally_record *r = record_at(t, t->places[i / STEP]);

	for (size_t k = i % STEP; k > 0; k--)
		r = (struct tally_record *)(void *)((uint64_t *)(void *)r +
		    record_size(r));
	return r;
}

const uint8_t *
tally_key(const struct tally *t, size_t i, size_t *len)
{
	const struct tally_record *r = record(t, i);

	*len = r->key_len;
	return (const uint8_t *)r->key;
}

const uint8_t *
tally_entry(const struct tally *t, size_t i, size_t *len,
    struct tally_sum *sum)
{
	const struct tally_record *r = record(t, i);

	get(t, r, sum);
	*len = r->key_len;
	return (const uint8_t *)r->key;
}

static const struct tally_record *
record_of(const uint8_t *key)
{
	return (const struct tally_record *)(const void *)(key -
	    offsetof(struct tally_record, key));
}

void
tally_sums(const struct tally *t, const uint8_t *key, struct tally_sum *sum)
{
	get(t, record_of(key), sum);
}

void
tally_fetch(const uint8_t *key)
{
	__builtin_prefetch(record_of(key));
	__builtin_prefetch(key);
}

const uint8_t *
tally_take_last(struct tally *t, size_t *len, struct tally_sum *sum)
{
	const uint8_t *key;
	uint8_t *p;

	free(t->index);
	t->index = NULL;
	t->mask = 0;
	if (t->n == 0)
		return NULL;
	/* what was taken before is gone now */
	if (t->size - t->used > GIVE_BACK &&
	    (p = realloc(t->records, t->used)) != NULL) {
		t->records = p;
		t->size = t->used;
	}
	key = tally_entry(t, --t->n, len, sum);
	t->used = (size_t)(key - t->records) - sizeof(struct tally_record);
	return key;
}

int
tally_merge(struct tally *t, const struct tally *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct tally_sum sum;
		size_t len;
		const uint8_t *key = tally_entry(from, i, &len, &sum);

		if (tally_put(t, key, len, &sum) == -1)
			return -1;
	}
	return tally_flush(t);
}
