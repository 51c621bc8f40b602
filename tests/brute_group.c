/*
 * Statistics the plain way: see brute.h.  One entry for each flow and key,
 * sorted by key; entries that lie side by side are a group.
 */
#include "tests/brute.h"

#include <stdlib.h>
#include <string.h>

#include "tests/gen.h"

#define ONE(c)		{ COL_##c, COL_##c }
#define BOTH(a, b)	{ COL_##a, COL_##b }

static const struct brute_stat stats[] = {
	{ "srcip", KIND_ADDR, ONE(src_addr) },
	{ "dstip", KIND_ADDR, ONE(dst_addr) },
	{ "ip", KIND_ADDR, BOTH(src_addr, dst_addr) },
	{ "nhip", KIND_ADDR, ONE(next_hop) },
	{ "router", KIND_ADDR, ONE(exporter) },
	{ "srcport", KIND_NUMBER, ONE(src_port) },
	{ "dstport", KIND_NUMBER, ONE(dst_port) },
	{ "port", KIND_NUMBER, BOTH(src_port, dst_port) },
	{ "proto", KIND_PROTO, ONE(proto) },
	{ "srcas", KIND_NUMBER, ONE(src_as) },
	{ "dstas", KIND_NUMBER, ONE(dst_as) },
	{ "as", KIND_NUMBER, BOTH(src_as, dst_as) },
	{ "inif", KIND_NUMBER, ONE(in_if) },
	{ "outif", KIND_NUMBER, ONE(out_if) },
	{ "if", KIND_NUMBER, BOTH(in_if, out_if) },
	{ "srcmask", KIND_NUMBER, ONE(src_mask) },
	{ "dstmask", KIND_NUMBER, ONE(dst_mask) },
	{ "mask", KIND_NUMBER, BOTH(src_mask, dst_mask) },
	{ "tos", KIND_NUMBER, ONE(tos) },
	{ "srctos", KIND_NUMBER, ONE(tos) },
	{ "dir", KIND_NUMBER, ONE(direction) },
	{ "record", KIND_RECORD, ONE(src_addr) }
};

#define N_STATS		(sizeof(stats) / sizeof(stats[0]))

static const char *const orders[BRUTE_ORDERS] = {
	"flows", "packets", "bytes", "pps", "bps", "bpp"
};

struct entry {
	struct brute_key	 key;
	const struct flow	*flow;
};

const struct brute_stat *
brute_stat_find(const char *name)
{
	for (size_t i = 0; i < N_STATS; i++) {
		if (strcmp(stats[i].name, name) == 0)
			return &stats[i];
	}
	return NULL;
}

int
brute_order_find(const char *name)
{
	for (int i = 0; i < BRUTE_ORDERS; i++) {
		if (strcmp(orders[i], name) == 0)
			return i;
	}
	return -1;
}

static int
compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
brute_key_cmp(const struct brute_key *a, const struct brute_key *b)
{
	int d = compare(a->major, b->major);

	if (d == 0)
		d = addr_cmp(&a->src, &b->src);
	if (d == 0)
		d = addr_cmp(&a->dst, &b->dst);
	if (d == 0)
		d = compare(a->minor[0], b->minor[0]);
	return d != 0 ? d : compare(a->minor[1], b->minor[1]);
}

static int
entry_cmp(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;

	return brute_key_cmp(&a->key, &b->key);
}

static struct addr
address_of(const struct flow *f, enum column c, const struct gen *g)
{
	switch (c) {
	case COL_src_addr:
		return f->src_addr;
	case COL_dst_addr:
		return f->dst_addr;
	case COL_next_hop:
		return f->next_hop;
	default:
		return gen_exporter(g, f->exporter)->address;
	}
}

/* false: the flow has no such field. */
bool
brute_key_of(const struct brute_question *q, const struct gen *g,
    const struct flow *f, int side, struct brute_key *k)
{
	enum column c = q->stat->side[side];

	memset(k, 0, sizeof(*k));
	if (q->stat->kind == KIND_RECORD) {
		*k = (struct brute_key){ f->proto, f->src_addr, f->dst_addr,
			{ f->src_port, f->dst_port } };
		return true;
	}
	if (q->by_proto)
		k->minor[1] = f->proto;
	if (q->stat->kind == KIND_ADDR)
		k->src = address_of(f, c, g);
	else
		k->major = (uint32_t)flow_number(f, c);
	return flow_has(f, c);
}

static struct entry *
make_entries(const struct brute_question *q, const struct gen *g,
    const struct flow *v, size_t n, size_t *out_n)
{
	struct entry *e = calloc(2 * n + 1, sizeof(*e));
	bool both = q->stat->side[0] != q->stat->side[1];
	size_t k = 0;

	if (e == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool first = brute_key_of(q, g, &v[i], 0, &e[k].key);

		e[k].flow = &v[i];
		k += first;
		if (!both || !brute_key_of(q, g, &v[i], 1, &e[k].key))
			continue;
		/* a flow counts once, also when both its sides are equal */
		if (first && brute_key_cmp(&e[k - 1].key, &e[k].key) == 0)
			continue;
		e[k++].flow = &v[i];
	}
	*out_n = k;
	return e;
}

static void
add(struct brute_group *s, const struct flow *f, bool raw)
{
	int64_t packets = brute_count(f, COL_packets, raw);
	int64_t bytes = brute_count(f, COL_bytes, raw);
	int64_t last = f->first_ms + f->duration_ms;

	if (s->flows == 0 || f->first_ms < s->first_ms)
		s->first_ms = f->first_ms;
	if (s->flows == 0 || last > s->last_ms)
		s->last_ms = last;
	s->flows++;
	s->packets += packets < 0 ? 0 : (uint64_t)packets;
	s->bytes += bytes < 0 ? 0 : (uint64_t)bytes;
	if (flow_has(f, COL_tcp_flags)) {
		s->has_flags = true;
		s->flags |= f->tcp_flags;
	}
}

static uint64_t
figure(const struct brute_group *s, enum brute_order order)
{
	switch (order) {
	case ORDER_FLOWS:
		return s->flows;
	case ORDER_PACKETS:
		return s->packets;
	case ORDER_BYTES:
		return s->bytes;
	case ORDER_PPS:
		return brute_rate(s->packets, 1000, s->last_ms - s->first_ms);
	case ORDER_BPS:
		return brute_rate(s->bytes, 8000, s->last_ms - s->first_ms);
	default:
		return s->packets == 0 ? 0 : s->bytes / s->packets;
	}
}

static int
group_cmp(const void *va, const void *vb, void *arg)
{
	const struct brute_group *a = va, *b = vb;
	enum brute_order order = *(enum brute_order *)arg;
	int d = compare(figure(b, order), figure(a, order));

	return d != 0 ? d : brute_key_cmp(&a->key, &b->key);
}

struct brute_group *
brute_group(const struct brute_question *q, const struct gen *g,
    const struct flow *v, size_t n, size_t *out_n)
{
	enum brute_order order = q->order;
	size_t entries = 0, k = 0;
	struct entry *e = make_entries(q, g, v, n, &entries);
	struct brute_group *s = calloc(entries + 1, sizeof(*s));

	if (e == NULL || s == NULL) {
		free(e);
		free(s);
		return NULL;
	}
	qsort(e, entries, sizeof(*e), entry_cmp);
	for (size_t i = 0; i < entries; i++) {
		if (i > 0 && entry_cmp(&e[i - 1], &e[i]) != 0)
			k++;
		s[k].key = e[i].key;
		add(&s[k], e[i].flow, q->raw);
	}
	free(e);
	*out_n = entries > 0 ? k + 1 : 0;
	qsort_r(s, *out_n, sizeof(*s), group_cmp, &order);
	return s;
}
