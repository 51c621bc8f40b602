/* Made-up flows: see gen.h. */
#include "tests/gen.h"

#include <stdlib.h>
#include <string.h>

#define PROTO_ICMP	1
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_GRE	47
#define PROTO_ICMP6	58

#define FIN	0x01
#define SYN	0x02
#define RST	0x04
#define PSH	0x08
#define ACK	0x10

#define LOCAL_HOSTS	254	/* in 192.168.10.0/24 */
#define LOCAL_AS	64500
/* What fits in an Ethernet frame, with room for headers of sets. */
#define BURST_BYTES	1380
#define RECORD4_BYTES	64
#define RECORD6_BYTES	110
#define ACTIVE_MS	(30 * 60 * 1000)	/* a flow is sent at last then */

const struct gen_options gen_defaults = {
	.seed = 1,
	.flows = 30000,
	.start_ms = INT64_C(1460289600) * 1000,
	.span_ms = 3600 * 1000,
	.peers = 30000,
	.wire = GEN_V9,
};

/* Ranks 0..n-1, rank r with weight 1/(r+2): sum[r] is up to and with r. */
struct zipf {
	uint64_t	*sum;
	uint32_t	 n;
};

struct gen {
	struct gen_options	 o;
	uint64_t		 rng;
	uint64_t		 made;
	struct zipf		 peers;
	struct zipf		 peers6;
	struct zipf		 locals;
	struct gen_exporter	 exporter[GEN_EXPORTERS];
	/* the answer to a flow, when it did not fit in the burst */
	struct flow		 held[GEN_EXPORTERS];
	bool			 has_held[GEN_EXPORTERS];
	unsigned		 now;		/* exporter of this burst */
	int64_t			 export_ms;
};

uint64_t
gen_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0..n-1 */
static uint32_t
below(struct gen *g, uint32_t n)
{
	return (uint32_t)((gen_random(&g->rng) >> 32) * n >> 32);
}

/* k and more, twice as much half as often, up to most. */
static uint64_t
heavy(struct gen *g, uint64_t k, uint64_t most)
{
	uint64_t v = (k << 32) / ((gen_random(&g->rng) >> 32) + 1);

	return v < most ? v : most;
}

static bool
zipf_init(struct zipf *z, uint32_t n)
{
	uint64_t sum = 0;

	z->n = n;
	z->sum = malloc(n * sizeof(*z->sum));
	if (z->sum == NULL)
		return false;
	for (uint32_t r = 0; r < n; r++) {
		sum += (UINT64_C(1) << 32) / (r + 2);
		z->sum[r] = sum;
	}
	return true;
}

static uint32_t
zipf_rank(struct gen *g, const struct zipf *z)
{
	uint64_t at = gen_random(&g->rng) % z->sum[z->n - 1];
	uint32_t lo = 0, hi = z->n - 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (z->sum[mid] > at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static struct addr
addr4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	uint8_t v[4] = { (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d };

	return addr_from(v, sizeof(v));
}

static struct addr
addr6(uint64_t hi, uint64_t lo)
{
	uint8_t v[16];

	for (int i = 0; i < 8; i++) {
		v[i] = (uint8_t)(hi >> (56 - 8 * i));
		v[8 + i] = (uint8_t)(lo >> (56 - 8 * i));
	}
	return addr_from(v, sizeof(v));
}

/* The busiest is 192.168.10.57. */
static struct addr
local(struct gen *g, bool six)
{
	uint32_t host = (zipf_rank(g, &g->locals) * 37 + 56) % LOCAL_HOSTS + 1;

	if (six)
		return addr6(UINT64_C(0x20010db800100000), host);
	if (below(g, 5) == 0)
		return addr4(192, 168, 20 + host % 4, host);
	return addr4(192, 168, 10, host);
}

/* Far-off hosts: the same rank has the same address and AS in one list. */
static struct addr
peer(struct gen *g, bool six)
{
	uint64_t mix = g->o.seed ^ (uint64_t)zipf_rank(g,
	    six ? &g->peers6 : &g->peers) << 20;
	uint64_t h = gen_random(&mix);
	unsigned top = 1 + (unsigned)(h >> 56) % 222;

	if (six)
		return addr6(UINT64_C(0x2a00000000000000) |
		    (h >> 40 & 0xfff) << 32 | (h & 0xffff),
		    h % 3 == 0 ? 1 + (h >> 20 & 0xff) : gen_random(&mix));
	if (top == 10 || top == 127 || top == 172 || top == 192)
		top = 5;
	return addr4(top, (unsigned)(h >> 48) & 255, (unsigned)(h >> 40) & 255,
	    (unsigned)(h >> 32) & 255);
}

static bool
is_local(const struct addr *a)
{
	return a->len == 4 ? a->bytes[0] == 192 && a->bytes[1] == 168 :
	    a->bytes[0] == 0x20;
}

/* A number that belongs to the address's network: AS, mask, uplink. */
static uint32_t
net_number(const struct addr *a)
{
	uint64_t mix = (uint64_t)a->bytes[0] << 24 |
	    (uint64_t)a->bytes[1] << 16 |
	    (a->len == 16 ? (uint64_t)a->bytes[2] << 8 | a->bytes[3] : 0);

	return (uint32_t)(gen_random(&mix) >> 32);
}

static uint32_t
as_of(const struct addr *a, bool wide)
{
	uint32_t n = net_number(a);

	if (is_local(a))
		return LOCAL_AS;
	if (wide && n % 8 == 0)
		return 131072 + n % 3000;
	return 1000 + n % 4000;
}

static uint8_t
mask_of(const struct addr *a)
{
	if (a->len == 16)
		return is_local(a) ? 64 : 32;
	return (uint8_t)(is_local(a) ? 24 : 12 + net_number(a) % 10);
}

static uint32_t
if_of(const struct addr *a)
{
	if (!is_local(a))
		return 1 + net_number(a) % 2;
	return a->len == 16 ? 10U : 10U + (a->bytes[2] - 10U) / 4 +
	    a->bytes[3] % 3U;
}

/* What a conversation is about: one direction of it. */
struct talk {
	struct addr	src;
	struct addr	dst;
	uint16_t	src_port;
	uint16_t	dst_port;
	uint8_t		proto;
	uint8_t		flags;
	uint8_t		tos;
	uint64_t	packets;
	uint64_t	size;		/* mean bytes of a packet */
	bool		answered;
	uint64_t	back_packets;
	uint64_t	back_size;
};

static uint16_t
high_port(struct gen *g)
{
	return (uint16_t)(1024 + below(g, 64512));
}

/* A request to a server; most of the bytes come back. */
static void
talk_tcp(struct gen *g, struct talk *t, uint16_t port)
{
	t->proto = PROTO_TCP;
	t->src_port = high_port(g);
	t->dst_port = port;
	t->flags = SYN | ACK | PSH | (below(g, 9) == 0 ? RST : FIN);
	t->answered = true;
	t->back_packets = heavy(g, 6, 200000);
	t->back_size = 200 + below(g, 1260);
	t->packets = 1 + t->back_packets / 2;
	t->size = 44 + below(g, 80);
	if (below(g, 12) == 0) {	/* an upload */
		uint64_t size = t->size;

		t->size = t->back_size;
		t->back_size = size;
	}
}

static void
talk_udp(struct gen *g, struct talk *t, uint16_t src, uint16_t dst,
    uint64_t packets, uint64_t size)
{
	t->proto = PROTO_UDP;
	t->src_port = src;
	t->dst_port = dst;
	t->packets = packets;
	t->size = 48 + below(g, 60);
	t->answered = true;
	t->back_packets = packets;
	t->back_size = size;
}

static void
talk_icmp(struct gen *g, struct talk *t)
{
	bool six = t->src.len == 16;

	t->proto = six ? PROTO_ICMP6 : PROTO_ICMP;
	t->packets = heavy(g, 1, 600);
	t->size = 84;
	if (below(g, 4) == 0) {		/* port unreachable */
		t->dst_port = six ? 1 * 256 + 4 : 3 * 256 + 3;
		return;
	}
	t->dst_port = six ? 128 * 256 : 8 * 256;
	t->answered = true;
	t->back_packets = t->packets;
	t->back_size = 84;
}

static void
talk_make(struct gen *g, struct talk *t, bool six)
{
	static const uint16_t servers[] = { 22, 25, 80, 110, 143, 465, 587,
	    993, 3306, 3389, 5222, 8080, 8443 };
	uint32_t kind = below(g, 1000);
	uint64_t packets, size;		/* one after the other, everywhere */
	uint16_t port;

	memset(t, 0, sizeof(*t));
	t->src = local(g, six);
	t->dst = peer(g, six);
	if (below(g, 20) == 0)
		t->tos = (uint8_t)(below(g, 2) ? 0xb8 : 0x28);
	if (kind < 430) {
		talk_tcp(g, t, kind < 330 ? 443 : 80);
	} else if (kind < 580) {
		size = 90 + below(g, 400);
		talk_udp(g, t, high_port(g), 53, 1, size);
	} else if (kind < 610) {
		talk_udp(g, t, 123, 123, 1 + below(g, 3), 76);
	} else if (kind < 690) {
		size = 300 + below(g, 1000);
		packets = heavy(g, 8, 100000);
		talk_udp(g, t, high_port(g), 443, packets, size);
	} else if (kind < 770) {
		talk_tcp(g, t, servers[below(g,
		    sizeof(servers) / sizeof(servers[0]))]);
	} else if (kind < 830) {
		size = 200 + below(g, 1200);
		packets = heavy(g, 2, 50000);
		port = high_port(g);
		talk_udp(g, t, high_port(g), port, packets, size);
	} else if (kind < 880) {
		talk_icmp(g, t);
	} else if (kind < 890) {
		t->proto = PROTO_GRE;
		t->packets = heavy(g, 20, 100000);
		t->size = 100 + below(g, 1300);
	} else if (kind < 945) {
		t->dst = local(g, six);
		talk_tcp(g, t, 445);
	} else if (kind < 990) {	/* a scan from outside */
		t->src = t->dst;
		t->dst = local(g, six);
		t->proto = PROTO_TCP;
		t->src_port = high_port(g);
		t->dst_port = (uint16_t)(1 + below(g, 1024));
		t->flags = SYN;
		t->packets = 1;
		t->size = 44;
	} else {			/* a host that talks to itself */
		t->dst = t->src;
		talk_udp(g, t, 5353, 5353, 1 + below(g, 4), 120);
		t->answered = false;
	}
}

static const uint64_t layout_without[GEN_LAYOUTS] = {
#define BIT(c) (UINT64_C(1) << COL_##c)
	[GEN_SMALL] = BIT(src_as) | BIT(dst_as) | BIT(src_mask) |
	    BIT(dst_mask) | BIT(next_hop) | BIT(direction),
	[GEN_EVENT] = BIT(src_as) | BIT(dst_as) | BIT(src_mask) |
	    BIT(dst_mask) | BIT(next_hop) | BIT(direction) | BIT(packets) |
	    BIT(bytes) | BIT(tcp_flags) | BIT(tos) | BIT(in_if) | BIT(out_if),
	[GEN_FIXED] = BIT(direction),
};
#define ALL_BITS (BIT(first_ms) | BIT(duration_ms) | BIT(src_addr) | \
	BIT(dst_addr) | BIT(src_port) | BIT(dst_port) | BIT(proto) | \
	BIT(tcp_flags) | BIT(packets) | BIT(bytes) | BIT(src_as) | \
	BIT(dst_as) | BIT(exporter) | BIT(in_if) | BIT(out_if) | BIT(tos) | \
	BIT(next_hop) | BIT(src_mask) | BIT(dst_mask) | BIT(direction))

/* When: ended some seconds before the export, began up to 30 minutes ago. */
static void
make_times(struct gen *g, struct flow *f)
{
	int64_t end = g->export_ms - (int64_t)below(g, 15000);

	f->duration_ms = 0;
	if (f->packets > 1)
		f->duration_ms = (int64_t)heavy(g, 40, ACTIVE_MS);
	f->first_ms = end - f->duration_ms;
}

static void
make_flow(struct gen *g, const struct talk *t, struct flow *f)
{
	const struct gen_exporter *e = &g->exporter[g->now];
	bool wide = e->version != 5;

	memset(f, 0, sizeof(*f));
	f->set = ALL_BITS;
	f->exporter = g->now;
	f->src_addr = t->src;
	f->dst_addr = t->dst;
	f->src_port = t->src_port;
	f->dst_port = t->dst_port;
	f->proto = t->proto;
	f->tcp_flags = t->flags;
	f->tos = t->tos;
	f->packets = t->packets;
	f->bytes = t->packets * t->size;
	if (t->packets > 2)	/* the mean need not be whole */
		f->bytes += below(g, (uint32_t)(t->size / 2));
	f->src_as = as_of(&t->src, wide);
	f->dst_as = as_of(&t->dst, wide);
	f->src_mask = mask_of(&t->src);
	f->dst_mask = mask_of(&t->dst);
	f->in_if = if_of(&t->src);
	f->out_if = if_of(&t->dst);
	f->direction = is_local(&t->src) ? 1 : 0;
	f->next_hop = t->src.len == 16 ?
	    addr6(UINT64_C(0x20010db800100000), 0xfffe) :
	    addr4(192, 168, 10, is_local(&t->dst) ? 254 : f->out_if);
	make_times(g, f);
	f->sampling = e->sampling;
	if (e->samplers) {
		static const uint32_t rates[] = { 10, 10, 1000, 0 };

		f->sampling = rates[net_number(&t->dst) % 4];
	}
	if (f->sampling != 0)
		f->set |= flow_bit(COL_sampling);
}

/* The other direction of the same conversation. */
static void
make_answer(struct gen *g, struct talk *t, const struct flow *ask,
    struct flow *f)
{
	struct talk back = *t;

	back.src = t->dst;
	back.dst = t->src;
	back.packets = t->back_packets;
	back.size = t->back_size;
	if (t->proto == PROTO_ICMP || t->proto == PROTO_ICMP6) {
		back.dst_port = t->proto == PROTO_ICMP ? 0 : 129 * 256;
	} else {
		back.src_port = t->dst_port;
		back.dst_port = t->src_port;
	}
	make_flow(g, &back, f);
	/* it began at the same time, some ms later */
	f->first_ms = ask->first_ms + (int64_t)below(g, 30);
	if (f->first_ms + f->duration_ms > g->export_ms)
		f->duration_ms = f->first_ms > g->export_ms ? 0 :
		    g->export_ms - f->first_ms;
}

static enum gen_layout
layout_of(struct gen *g)
{
	const struct gen_exporter *e = &g->exporter[g->now];

	if (e->version == 5)
		return GEN_FIXED;
	if (!e->small)
		return GEN_FULL;
	return below(g, 25) == 0 ? GEN_EVENT : GEN_SMALL;
}

static void
put(struct gen *g, struct gen_burst *b, const struct flow *f)
{
	enum gen_layout l = layout_of(g);

	b->v[b->n] = *f;
	b->v[b->n].set &= ~layout_without[l];
	if (l == GEN_EVENT)	/* no counters, no sampler */
		b->v[b->n].set &= ~flow_bit(COL_sampling);
	b->layout[b->n++] = l;
	g->made++;
}

/* Room for another flow of any kind? */
static bool
has_room(const struct gen *g, const struct gen_burst *b, size_t used)
{
	return g->made < g->o.flows && b->n < GEN_BURST_MAX &&
	    used + RECORD6_BYTES <= BURST_BYTES;
}

bool
gen_next(struct gen *g, struct gen_burst *b)
{
	static const uint8_t weights[GEN_EXPORTERS] = { 14, 17, 19, 20 };
	uint32_t pick = below(g, 20);
	size_t used = 0;

	if (g->made >= g->o.flows)
		return false;
	for (g->now = 0; pick >= weights[g->now]; g->now++)
		;
	b->exporter = g->now;
	b->n = 0;
	b->arrival_ms = g->o.start_ms + (int64_t)((uint64_t)g->o.span_ms *
	    g->made / g->o.flows);
	g->export_ms = b->export_ms = b->arrival_ms / 1000 * 1000;
	if (g->has_held[g->now])
		put(g, b, &g->held[g->now]);
	g->has_held[g->now] = false;
	while (has_room(g, b, used)) {
		bool six = below(g, 8) == 0 &&
		    g->exporter[g->now].version != 5;
		struct flow f, answer;
		struct talk t;

		talk_make(g, &t, six);
		make_flow(g, &t, &f);
		put(g, b, &f);
		used += six ? RECORD6_BYTES : RECORD4_BYTES;
		if (!t.answered)
			continue;
		make_answer(g, &t, &f, &answer);
		if (has_room(g, b, used)) {
			put(g, b, &answer);
			used += six ? RECORD6_BYTES : RECORD4_BYTES;
		} else {
			g->held[g->now] = answer;
			g->has_held[g->now] = true;
		}
	}
	return true;
}

static void
set_exporters(struct gen *g)
{
	static const uint16_t mixed[GEN_EXPORTERS] = { 9, 9, 10, 5 };
	static const uint32_t domains[GEN_EXPORTERS] = { 0, 7, 1, 256 };
	static const uint32_t rates[GEN_EXPORTERS] = { 0, 100, 0, 32 };

	for (unsigned i = 0; i < GEN_EXPORTERS; i++) {
		struct gen_exporter *e = &g->exporter[i];

		e->address = addr4(127, 0, 0, i + 1);
		e->version = g->o.wire == GEN_V9 ? 9 : g->o.wire == GEN_V5 ?
		    5 : g->o.wire == GEN_IPFIX ? 10 : mixed[i];
		e->domain = e->version == 5 ? 0 : domains[i];
		e->small = i == 2 && e->version != 5;
		if (g->o.no_sampling)
			continue;
		e->sampling = rates[i];
		e->samplers = e->small;
	}
}

struct gen *
gen_new(const struct gen_options *o)
{
	struct gen *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->o = *o;
	g->rng = o->seed;
	set_exporters(g);
	if (!zipf_init(&g->peers, o->peers) ||
	    !zipf_init(&g->peers6, o->peers / 10 + 1) ||
	    !zipf_init(&g->locals, LOCAL_HOSTS)) {
		gen_free(g);
		return NULL;
	}
	return g;
}

void
gen_free(struct gen *g)
{
	if (g == NULL)
		return;
	free(g->peers.sum);
	free(g->peers6.sum);
	free(g->locals.sum);
	free(g);
}

const struct gen_exporter *
gen_exporter(const struct gen *g, unsigned i)
{
	return &g->exporter[i];
}

int64_t
gen_start_ms(const struct gen *g)
{
	return g->o.start_ms;
}
