/*
 * A hash table of sums: see tally.h.
 *
 * The index is open addressing with linear probing; a slot holds 32 bits of
 * the hash and the place of the record, so that most misses are seen without
 * touching a record.  A record is the sums and the key in one piece: with a
 * table larger than the cache a lookup costs two cache misses, index and
 * record, and nothing else.  Keys are padded with zeros to whole words, and
 * hashed and compared by the word.
 *
 *	index    [tag|place][  --  ][tag|place] ...
 *	records  [sums key..][sums key....] ...  in units of 8 bytes
 *	places   [place][place] ...              of each STEPth record
 *
 * Those two misses are what a statistic over many keys spends its time on.
 * tally_put lets the memory work on several at once: it asks for the slot
 * when a key comes, for the record RING/2 keys later, and adds after RING.
 */
#include "schema/tally.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_SLOTS	1024U
#define MAX_ENTRIES	(UINT32_MAX / 4)
#define UNIT		8U		/* records are multiples of this */
#define STEP		4U		/* records from one place to the next */
#define PAGE_MOST	((uintptr_t)65536)	/* bytes of a page of memory */
#define CHUNK		131072U		/* slots that are given back at once */
#define GIVE_BACK	(1U << 20)	/* bytes at a time, while taken apart */
#define NO_PLACE	0U		/* the first unit holds no record */
#define RING		16U		/* keys under way, a power of two */
#define RING_WORDS	5U		/* a longer key does not wait */
#define KEY_WORDS	((TALLY_KEY_MAX + UNIT - 1) / UNIT)

struct slot {
	uint32_t	tag;	/* hash of the key */
	uint32_t	place;	/* of the record, in units; or NO_PLACE */
};

struct record {
	struct tally_sum sum;
	uint64_t	 key[];		/* sum.key_len bytes, then zeros */
};

_Static_assert(sizeof(struct tally_sum) % UNIT == 0, "records of units");

/* A key on its way into the table. */
struct waiting {
	struct tally_sum sum;
	uint32_t	 tag;
	uint64_t	 key[RING_WORDS];
};

struct tally {
	struct slot	*index;
	uint32_t	 mask;		/* slots - 1, a power of two less one */
	uint8_t		*records;
	size_t		 used;		/* bytes, a multiple of UNIT */
	size_t		 size;
	uint32_t	*places;
	uint32_t	 n;
	uint32_t	 cap;		/* of places */
	size_t		 limit;
	uint32_t	 ring_in;	/* keys that came, ever */
	uint32_t	 ring_out;	/* keys that were added */
	struct waiting	 ring[RING];
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
	return len / UNIT + (len % UNIT != 0);
}

/* A key as words; returns how many. */
static inline size_t
pad(uint64_t *words, const void *key, size_t len)
{
	size_t n = words_of(len);

	if (n > 0)
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

static size_t
bytes_for(size_t slots, size_t cap, size_t size)
{
	return slots * sizeof(struct slot) + cap * sizeof(uint32_t) + size +
	    sizeof(struct tally);
}

static struct record *
record_at(const struct tally *t, uint32_t place)
{
	return (struct record *)(void *)(t->records + (size_t)place * UNIT);
}

static void
index_clear(struct slot *index, uint32_t slots)
{
	/* NO_PLACE everywhere */
	memset(index, 0, slots * sizeof(*index));
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
	return bytes_for((size_t)t->mask + 1, t->cap, t->size);
}

void
tally_clear(struct tally *t)
{
	index_clear(t->index, t->mask + 1);
	t->n = 0;
	t->used = UNIT;
}

/* In units. */
static uint32_t
record_size(const struct record *r)
{
	return (uint32_t)(sizeof(*r) / UNIT + words_of(r->sum.key_len));
}

/* Place of record i. */
static uint32_t
place_of(const struct tally *t, size_t i)
{
	uint32_t place = t->places[i / STEP];

	for (size_t k = i % STEP; k > 0; k--)
		place += record_size(record_at(t, place));
	return place;
}

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

static int
grow_index(struct tally *t)
{
	uint32_t slots = (t->mask + 1) * 2;
	struct slot *index;

	if (bytes_for(slots, t->cap, t->size) > t->limit)
		return -1;
	/* calloc: its pages come as they are written to */
	index = calloc(slots, sizeof(*index));
	if (index == NULL)
		return -1;
	for (uint32_t i = 0; i <= t->mask; i++) {
		uint32_t at = t->index[i].tag & (slots - 1);

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

/* Room for one more record of need bytes. */
static int
make_room(struct tally *t, size_t need)
{
	if (t->n / STEP == t->cap) {
		uint32_t cap = t->cap == 0 ? 128 : t->cap + t->cap / 2;
		uint32_t *p;

		if (cap > MAX_ENTRIES / STEP || bytes_for((size_t)t->mask + 1, cap,
		    t->size) > t->limit ||
		    (p = realloc(t->places, cap * sizeof(*p))) == NULL)
			return -1;
		t->places = p;
		t->cap = cap;
	}
	if (t->size < t->used + need) {
		size_t size = t->size == 0 ? 32768 : t->size + t->size / 2;
		uint8_t *p;

		if (size / UNIT > UINT32_MAX || bytes_for((size_t)t->mask + 1,
		    t->cap, size) > t->limit ||
		    (p = realloc(t->records, size)) == NULL)
			return -1;
		t->records = p;
		t->size = size;
	}
	/* at most 3/4 full */
	if ((t->n + 1) / 3 > (t->mask + 1) / 4)
		return grow_index(t);
	return 0;
}

static struct tally_sum *
add_record(struct tally *t, uint32_t tag, const uint64_t *key, size_t len)
{
	size_t n = words_of(len), need = sizeof(struct record) + n * UNIT;
	struct record *r;
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
	r->sum = (struct tally_sum){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN, .key_len = (uint8_t)len };
	memcpy(r->key, key, n * UNIT);
	t->used += need;
	return &r->sum;
}

static inline bool
same_key(const struct record *r, const uint64_t *key, size_t len)
{
	if (r->sum.key_len != len)
		return false;
	for (size_t i = 0; i < words_of(len); i++) {
		if (r->key[i] != key[i])
			return false;
	}
	return true;
}

static inline struct tally_sum *
find(const struct tally *t, uint32_t tag, const uint64_t *key, size_t len)
{
	uint32_t at = tag & t->mask;

	for (; t->index[at].place != NO_PLACE; at = (at + 1) & t->mask) {
		if (t->index[at].tag == tag) {
			struct record *r = record_at(t, t->index[at].place);

			if (same_key(r, key, len))
				return &r->sum;
		}
	}
	return NULL;
}

static struct tally_sum *
find_or_add(struct tally *t, uint32_t tag, const uint64_t *key, size_t len)
{
	struct tally_sum *sum = find(t, tag, key, len);

	return sum != NULL ? sum : add_record(t, tag, key, len);
}

const struct tally_sum *
tally_find(const struct tally *t, const void *key, size_t len)
{
	uint64_t words[KEY_WORDS];
	size_t n = pad(words, key, len);

	return find(t, hash(words, n, len), words, len);
}

void
tally_set_limit(struct tally *t, size_t limit)
{
	t->limit = limit;
}

struct tally_sum *
tally_at(struct tally *t, const void *key, size_t len)
{
	uint64_t words[KEY_WORDS];
	size_t n = pad(words, key, len);

	return find_or_add(t, hash(words, n, len), words, len);
}

/* Asks the memory for the record that the key's first slot names. */
static void
fetch_record(const struct tally *t, const struct waiting *w)
{
	const struct slot *s = &t->index[w->tag & t->mask];

	if (s->place != NO_PLACE) {
		const uint8_t *r = t->records + (size_t)s->place * UNIT;

		/* most records lie in two lines of the cache */
		__builtin_prefetch(r, 1);
		__builtin_prefetch(r + sizeof(struct record), 1);
	}
}

static int
add_oldest(struct tally *t)
{
	struct waiting *w = &t->ring[t->ring_out & (RING - 1)];
	struct tally_sum *to = find_or_add(t, w->tag, w->key,
	    w->sum.key_len);

	if (to == NULL)
		return -1;
	tally_add(to, &w->sum);
	t->ring_out++;
	return 0;
}

int
tally_put_words(struct tally *t, const uint64_t *key, size_t len,
    const struct tally_sum *s)
{
	size_t n = words_of(len);
	struct waiting *w;

	if (len > (size_t)RING_WORDS * UNIT) {
		struct tally_sum *to = find_or_add(t, hash(key, n, len), key,
		    len);

		if (to == NULL)
			return -1;
		tally_add(to, s);
		return 0;
	}
	if (t->ring_in - t->ring_out == RING && add_oldest(t) == -1)
		return -1;
	w = &t->ring[t->ring_in++ & (RING - 1)];
	w->sum = *s;
	w->sum.key_len = (uint8_t)len;
	for (size_t i = 0; i < n; i++)
		w->key[i] = key[i];
	w->tag = hash(w->key, n, len);
	__builtin_prefetch(&t->index[w->tag & t->mask]);
	if (t->ring_in - t->ring_out > RING / 2)
		fetch_record(t, &t->ring[(t->ring_in - RING / 2) & (RING - 1)]);
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

int
tally_flush(struct tally *t)
{
	while (t->ring_out != t->ring_in) {
		if (add_oldest(t) == -1)
			return -1;
	}
	return 0;
}

const struct tally_sum *
tally_entry(const struct tally *t, size_t i, const uint8_t **key, size_t *len)
{
	const struct record *r = record_at(t, place_of(t, i));

	*key = (const uint8_t *)r->key;
	*len = r->sum.key_len;
	return &r->sum;
}

const struct tally_sum *
tally_take_last(struct tally *t, const uint8_t **key, size_t *len)
{
	const struct record *r;
	uint32_t place;
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
	place = place_of(t, --t->n);
	r = record_at(t, place);
	*key = (const uint8_t *)r->key;
	*len = r->sum.key_len;
	t->used = (size_t)place * UNIT;
	return &r->sum;
}

int
tally_merge(struct tally *t, const struct tally *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct tally_sum *s;
		const uint8_t *key;
		size_t len;

		s = tally_entry(from, i, &key, &len);
		if (tally_put(t, key, len, s) == -1)
			return -1;
	}
	return tally_flush(t);
}
