/*
 * A database from end to end: its networks in order, for filters and for names
 * of AS numbers that an exporter sent.
 *
 * The tree is binary, a bit of the address a step.  IPv4 lies in an IPv6 tree
 * below ::/96, and other prefixes (6to4, mapped addresses) point to the same
 * place, so a node can be met a few times: more often is damage.
 */
#include <stdlib.h>
#include <string.h>

#include "query/geo_file.h"

#define ALIASES		16	/* times that a node may be met */
#define V4_BITS		96	/* of the prefix that IPv4 has in IPv6 */
#define CACHE		4096	/* records, a power of two */

struct walk {
	const MMDB_s	*db;
	int		(*visit)(void *arg, const struct geo_leaf *leaf);
	void		*arg;
	unsigned	 bits;		/* of an address of the family */
	uint64_t	 left;		/* nodes that may be met */
	struct addr	 at;
	struct err	*err;
};

static int
damaged(struct walk *w)
{
	return err_as(w->err, ERR_CORRUPT, "%s: the tree is damaged",
	    w->db->filename);
}

static void
set_bit(struct addr *a, unsigned i, bool on)
{
	uint8_t mask = (uint8_t)(0x80U >> (i % 8));

	a->bytes[i / 8] = (uint8_t)(on ? a->bytes[i / 8] | mask :
	    a->bytes[i / 8] & ~mask);
}

static int
leaf(struct walk *w, unsigned depth, bool has_record, uint32_t offset)
{
	struct prefix p = prefix_of(&w->at, depth);
	struct geo_leaf l = { .lo = p.lo, .hi = p.hi,
		.has_record = has_record, .offset = offset };

	return w->visit(w->arg, &l);
}

/* At most as deep as an address has bits. */
static int
walk_node(struct walk *w, uint32_t node, unsigned depth)
{
	MMDB_search_node_s n;
	int rc = 0;

	if (depth == w->bits || w->left-- == 0 ||
	    MMDB_read_node(w->db, node, &n) != MMDB_SUCCESS)
		return damaged(w);
	for (int side = 0; side < 2 && rc == 0; side++) {
		uint64_t to = side == 0 ? n.left_record : n.right_record;
		const MMDB_entry_s *e = side == 0 ? &n.left_record_entry :
		    &n.right_record_entry;

		set_bit(&w->at, depth, side == 1);
		switch (side == 0 ? n.left_record_type :
		    n.right_record_type) {
		case MMDB_RECORD_TYPE_SEARCH_NODE:
			rc = walk_node(w, (uint32_t)to, depth + 1);
			break;
		case MMDB_RECORD_TYPE_DATA:
			rc = leaf(w, depth + 1, true, e->offset);
			break;
		case MMDB_RECORD_TYPE_EMPTY:
			rc = leaf(w, depth + 1, false, 0);
			break;
		default:
			return damaged(w);
		}
	}
	set_bit(&w->at, depth, false);
	return rc;
}

/* Where IPv4 begins in a tree of IPv6; a leaf on the way holds all of it. */
static int
walk_v4(struct walk *w)
{
	MMDB_search_node_s n;
	uint32_t node = 0;

	for (unsigned i = 0; i < V4_BITS; i++) {
		if (MMDB_read_node(w->db, node, &n) != MMDB_SUCCESS)
			return damaged(w);
		if (n.left_record_type == MMDB_RECORD_TYPE_DATA)
			return leaf(w, 0, true, n.left_record_entry.offset);
		if (n.left_record_type == MMDB_RECORD_TYPE_EMPTY)
			return leaf(w, 0, false, 0);
		if (n.left_record_type != MMDB_RECORD_TYPE_SEARCH_NODE)
			return damaged(w);
		node = (uint32_t)n.left_record;
	}
	return walk_node(w, node, 0);
}

int
geo_walk(const MMDB_s *db, int len,
    int (*visit)(void *arg, const struct geo_leaf *leaf), void *arg,
    struct err *err)
{
	struct walk w = { .db = db, .visit = visit, .arg = arg,
		.bits = (unsigned)len * 8, .err = err,
		.left = (uint64_t)db->metadata.node_count * ALIASES,
		.at = { .len = (uint8_t)len } };

	if (len == 16 && db->metadata.ip_version == 4)
		return leaf(&w, 0, false, 0);
	if (len == 4 && db->metadata.ip_version == 6)
		return walk_v4(&w);
	return walk_node(&w, 0, 0);
}

/* ---- values, many leaves having the same record ---- */

struct cache {
	uint32_t	offset[CACHE];
	uint32_t	value[CACHE];
	bool		used[CACHE];
};

/* *fresh: it was not in the cache. */
static uint32_t
cached(struct cache *c, const MMDB_s *db, enum geo_what what,
    const struct geo_leaf *l, bool *fresh)
{
	size_t i = (l->offset * UINT32_C(2654435761)) >> 20 & (CACHE - 1);

	*fresh = l->has_record && !(c->used[i] && c->offset[i] == l->offset);
	if (!l->has_record)
		return 0;
	if (*fresh) {
		c->used[i] = true;
		c->offset[i] = l->offset;
		c->value[i] = geo_value(db, what, l->offset);
	}
	return c->value[i];
}

/* ---- addresses of a country or an AS ---- */

struct ranges {
	const MMDB_s	*db;
	struct cache	*cache;
	enum geo_what	 what;
	uint32_t	 value;
	geo_add		*add;
	void		*arg;
	struct err	*err;
	bool		 open;		/* lo to hi is under way */
	struct addr	 lo;
	struct addr	 hi;
};

/* Is b the address behind a? */
static bool
follows(const struct addr *a, const struct addr *b)
{
	unsigned carry = 1;

	if (a->len != b->len)
		return false;
	for (int i = a->len - 1; i >= 0; i--) {
		unsigned v = a->bytes[i] + carry;

		if ((uint8_t)v != b->bytes[i])
			return false;
		carry = v >> 8;
	}
	return carry == 0;
}

static int
end_range(struct ranges *r)
{
	if (!r->open)
		return 0;
	r->open = false;
	return r->add(r->arg, &r->lo, &r->hi, r->err);
}

static int
add_leaf(void *arg, const struct geo_leaf *l)
{
	struct ranges *r = arg;
	bool fresh;

	if (cached(r->cache, r->db, r->what, l, &fresh) != r->value)
		return 0;
	if (r->open && follows(&r->hi, &l->lo)) {
		r->hi = l->hi;
		return 0;
	}
	if (end_range(r) == -1)
		return -1;
	r->open = true;
	r->lo = l->lo;
	r->hi = l->hi;
	return 0;
}

int
geo_ranges(const struct geo *g, enum geo_what what, uint32_t value,
    geo_add *add, void *arg, struct err *err)
{
	struct ranges r = { .db = g->of[what], .what = what, .value = value,
		.add = add, .arg = arg, .err = err };
	int rc = -1;

	if (r.db == NULL)
		return err_set(err, "the database knows no %s",
		    what == GEO_COUNTRY ? "countries" : "AS numbers");
	r.cache = calloc(1, sizeof(*r.cache));
	if (r.cache == NULL)
		return err_set(err, "out of memory");
	if (geo_walk(r.db, 4, add_leaf, &r, err) == 0 && end_range(&r) == 0 &&
	    geo_walk(r.db, 16, add_leaf, &r, err) == 0)
		rc = end_range(&r);
	free(r.cache);
	return rc;
}

/* ---- records by value, for names ---- */

struct collect {
	const MMDB_s		*db;
	enum geo_what		 what;
	struct cache		*cache;
	struct geo_named	*v;
	size_t			 n;
	size_t			 room;
};

static int
note(void *arg, const struct geo_leaf *l)
{
	struct collect *c = arg;
	bool fresh;
	uint32_t value = cached(c->cache, c->db, c->what, l, &fresh);

	if (!fresh || value == 0)
		return 0;
	if (c->n == c->room) {
		size_t room = c->room == 0 ? 1024 : c->room * 2;
		struct geo_named *v = realloc(c->v, room * sizeof(*v));

		if (v == NULL)
			return 1;
		c->v = v;
		c->room = room;
	}
	c->v[c->n++] = (struct geo_named){ .value = value,
		.offset = l->offset };
	return 0;
}

static int
by_value(const void *va, const void *vb)
{
	const struct geo_named *a = va, *b = vb;

	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void
geo_collect(struct geo *g, enum geo_what what)
{
	struct collect c = { .db = g->of[what], .what = what,
		.cache = calloc(1, sizeof(*c.cache)) };
	struct err ignored;
	size_t n = 0;

	g->walked[what] = true;
	if (c.cache != NULL && geo_walk(c.db, 4, note, &c, &ignored) == 0)
		(void)geo_walk(c.db, 16, note, &c, &ignored);
	free(c.cache);
	if (c.n > 0)
		qsort(c.v, c.n, sizeof(*c.v), by_value);
	for (size_t i = 0; i < c.n; i++) {
		if (n == 0 || c.v[n - 1].value != c.v[i].value)
			c.v[n++] = c.v[i];
	}
	g->named[what] = c.v;
	g->n_named[what] = n;
}
