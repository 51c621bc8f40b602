/*
 * A hash table of sums: see tally.h.
 *
 * Three arrays.  The index is open addressing with linear probing; a slot
 * holds 32 bits of the hash and the entry's number, so that most misses are
 * seen without touching the entry.  Entries are dense in order of arrival,
 * keys lie one behind the other in an arena.  Growing the index needs only
 * the hashes stored in the slots.
 *
 *	index   [tag|no][  --  ][tag|no] ...
 *	                  entry no -> sums, key offset
 *	arena   [len key...][len key...] ...
 */
#include "schema/tally.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS	1024U
#define MAX_ENTRIES	(UINT32_MAX / 4)
#define NO_ENTRY	UINT32_MAX

struct slot {
	uint32_t	tag;	/* hash of the key */
	uint32_t	no;	/* number of the entry or NO_ENTRY */
};

struct entry {
	struct tally_sum sum;
	size_t		 key;	/* place of the length byte in the arena */
};

struct tally {
	struct slot	*index;
	uint32_t	 mask;		/* slots - 1, a power of two less one */
	struct entry	*entries;
	uint32_t	 n;
	uint32_t	 cap;
	uint8_t		*arena;
	size_t		 arena_len;
	size_t		 arena_cap;
	size_t		 limit;
};

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

/* Eight bytes a step; keys are short and mostly addresses and ports. */
static uint32_t
hash(const uint8_t *key, size_t len)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len, w;

	while (len >= 8) {
		memcpy(&w, key, 8);
		h = mix(h ^ w);
		key += 8;
		len -= 8;
	}
	w = 0;
	memcpy(&w, key, len);
	h = mix(h ^ w);
	return (uint32_t)mix(h);
}

static size_t
bytes_for(uint32_t slots, uint32_t cap, size_t arena)
{
	return slots * sizeof(struct slot) + cap * sizeof(struct entry) + arena;
}

static void
index_clear(struct slot *index, uint32_t slots)
{
	/* all bits set: no is NO_ENTRY */
	memset(index, 0xff, slots * sizeof(*index));
}

struct tally *
tally_new(size_t limit)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->limit = limit;
	t->mask = FIRST_SLOTS - 1;
	t->index = malloc(FIRST_SLOTS * sizeof(*t->index));
	if (t->index == NULL) {
		free(t);
		return NULL;
	}
	index_clear(t->index, FIRST_SLOTS);
	return t;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	free(t->index);
	free(t->entries);
	free(t->arena);
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
	return bytes_for(t->mask + 1, t->cap, t->arena_cap);
}

void
tally_clear(struct tally *t)
{
	index_clear(t->index, t->mask + 1);
	t->n = 0;
	t->arena_len = 0;
}

static int
grow_index(struct tally *t)
{
	uint32_t slots = (t->mask + 1) * 2;
	struct slot *index;

	if (bytes_for(slots, t->cap, t->arena_cap) > t->limit)
		return -1;
	index = malloc(slots * sizeof(*index));
	if (index == NULL)
		return -1;
	index_clear(index, slots);
	for (uint32_t i = 0; i <= t->mask; i++) {
		uint32_t at = t->index[i].tag & (slots - 1);

		if (t->index[i].no == NO_ENTRY)
			continue;
		while (index[at].no != NO_ENTRY)
			at = (at + 1) & (slots - 1);
		index[at] = t->index[i];
	}
	free(t->index);
	t->index = index;
	t->mask = slots - 1;
	return 0;
}

/* Room for one entry with a key of len bytes. */
static int
make_room(struct tally *t, size_t len)
{
	if (t->n == t->cap) {
		uint32_t cap = t->cap == 0 ? 512 : t->cap + t->cap / 2;
		struct entry *e;

		if (cap > MAX_ENTRIES ||
		    bytes_for(t->mask + 1, cap, t->arena_cap) > t->limit ||
		    (e = realloc(t->entries, cap * sizeof(*e))) == NULL)
			return -1;
		t->entries = e;
		t->cap = cap;
	}
	if (t->arena_cap - t->arena_len < len + 1) {
		size_t cap = t->arena_cap == 0 ? 8192 :
		    t->arena_cap + t->arena_cap / 2;
		uint8_t *a;

		if (bytes_for(t->mask + 1, t->cap, cap) > t->limit ||
		    (a = realloc(t->arena, cap)) == NULL)
			return -1;
		t->arena = a;
		t->arena_cap = cap;
	}
	return 0;
}

static struct tally_sum *
add_entry(struct tally *t, uint32_t at, uint32_t tag, const uint8_t *key,
    size_t len)
{
	struct entry *e;

	if (make_room(t, len) == -1)
		return NULL;
	/* at most 3/4 full */
	if ((t->n + 1) / 3 > (t->mask + 1) / 4) {
		if (grow_index(t) == -1)
			return NULL;
		at = tag & t->mask;
		while (t->index[at].no != NO_ENTRY)
			at = (at + 1) & t->mask;
	}
	t->index[at].tag = tag;
	t->index[at].no = t->n;
	e = &t->entries[t->n++];
	e->sum = (struct tally_sum){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN };
	e->key = t->arena_len;
	t->arena[t->arena_len++] = (uint8_t)len;
	memcpy(t->arena + t->arena_len, key, len);
	t->arena_len += len;
	return &e->sum;
}

struct tally_sum *
tally_at(struct tally *t, const void *key, size_t len)
{
	uint32_t tag = hash(key, len), at = tag & t->mask;

	while (t->index[at].no != NO_ENTRY) {
		if (t->index[at].tag == tag) {
			struct entry *e = &t->entries[t->index[at].no];
			const uint8_t *k = t->arena + e->key;

			if (k[0] == len && memcmp(k + 1, key, len) == 0)
				return &e->sum;
		}
		at = (at + 1) & t->mask;
	}
	return add_entry(t, at, tag, key, len);
}

const struct tally_sum *
tally_entry(const struct tally *t, size_t i, const uint8_t **key, size_t *len)
{
	const struct entry *e = &t->entries[i];

	*key = t->arena + e->key + 1;
	*len = t->arena[e->key];
	return &e->sum;
}

int
tally_merge(struct tally *t, const struct tally *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct tally_sum *s;
		struct tally_sum *to;
		const uint8_t *key;
		size_t len;

		s = tally_entry(from, i, &key, &len);
		to = tally_at(t, key, len);
		if (to == NULL)
			return -1;
		tally_add(to, s);
	}
	return 0;
}
