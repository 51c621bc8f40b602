/*
 * From path columns to a row id: see path_map.h.
 *
 * The key is the memory of the PATH members, which flow_prepare cleared, and
 * the bits that say which are set.  Flows that come one after the other have
 * mostly the same path, so the last one found is tried first.
 */
#include "collector/path_map.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST	1024U	/* most shards have few paths */
#define SLOTS_MAX	65536U	/* 3/4 full at PATH_MAP_ROWS */
#define KEY_FROM	offsetof(struct flow, exporter)
#define KEY_SIZE	(offsetof(struct flow, out_packets) - KEY_FROM)

struct slot {
	uint64_t	hash;
	int64_t		id;		/* 0: free */
	uint64_t	set;
	uint8_t		key[KEY_SIZE];
};

struct path_map {
	struct slot	*slots;
	size_t		 n_slots;	/* a power of two */
	struct slot	*last;		/* found or to be set */
	uint64_t	 path_bits;
	unsigned	 n;
};

struct path_map *
path_map_new(void)
{
	struct path_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->n_slots = SLOTS_FIRST;
	m->slots = calloc(m->n_slots, sizeof(*m->slots));
	if (m->slots == NULL) {
		free(m);
		return NULL;
	}
	m->path_bits = flow_home_bits(HOME_PATH);
	return m;
}

void
path_map_free(struct path_map *m)
{
	if (m == NULL)
		return;
	free(m->slots);
	free(m);
}

size_t
path_map_memory(void)
{
	/* while it grows the last time, there are both */
	return sizeof(struct path_map) +
	    (SLOTS_MAX + SLOTS_MAX / 2) * sizeof(struct slot);
}

void
path_map_clear(struct path_map *m)
{
	if (m->n > 0)
		memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
	m->n = 0;
	m->last = NULL;
}

static uint64_t
hash(const uint8_t *p, uint64_t h)
{
	size_t left = KEY_SIZE;
	uint64_t w;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * UINT64_C(0x9fb21c651e98df25);
		h ^= h >> 29;
	}
	w = 0;
	memcpy(&w, p, left);
	h = (h ^ w) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 32;
}

static int
same(const struct slot *s, uint64_t set, const uint8_t *key)
{
	return s->set == set && memcmp(s->key, key, KEY_SIZE) == 0;
}

/* The slot of that path, or the free one where it belongs. */
static struct slot *
probe(const struct path_map *m, uint64_t h, uint64_t set, const uint8_t *key)
{
	struct slot *s = &m->slots[h & (m->n_slots - 1)];

	while (s->id != 0 && !(s->hash == h && same(s, set, key))) {
		if (++s == m->slots + m->n_slots)
			s = m->slots;
	}
	return s;
}

/* Twice the room; when there is no memory for it, all is forgotten. */
static void
make_room(struct path_map *m)
{
	struct path_map old = *m;

	if (m->n_slots == SLOTS_MAX || (m->slots = calloc(2 * old.n_slots,
	    sizeof(*m->slots))) == NULL) {
		m->slots = old.slots;
		path_map_clear(m);
		return;
	}
	m->n_slots = 2 * old.n_slots;
	m->last = NULL;
	for (size_t i = 0; i < old.n_slots; i++) {
		const struct slot *s = &old.slots[i];

		if (s->id != 0)
			*probe(m, s->hash, s->set, s->key) = *s;
	}
	free(old.slots);
}

int64_t
path_map_find(struct path_map *m, const struct flow *f)
{
	const uint8_t *key = (const uint8_t *)f + KEY_FROM;
	uint64_t set = f->set & m->path_bits, h;
	struct slot *s;

	if (m->last != NULL && m->last->id != 0 && same(m->last, set, key))
		return m->last->id;
	h = hash(key, set);
	s = probe(m, h, set, key);
	if (s->id == 0) {
		if (m->n >= m->n_slots / 4 * 3) {
			make_room(m);
			s = probe(m, h, set, key);
		}
		s->hash = h;
		s->set = set;
		memcpy(s->key, key, KEY_SIZE);
	}
	m->last = s;
	return s->id;
}

void
path_map_set(struct path_map *m, int64_t id)
{
	m->last->id = id;
	m->n++;
}
