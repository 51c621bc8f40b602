/*
 * Plain traffic: see gen_traffic.h.  First all packets of all sessions are
 * noted, then they are sorted by time and written.
 */
#include "tests/gen_traffic.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "schema/addr.h"
#include "tests/gen.h"
#include "tests/gen_pcap.h"

#define SPAN_US		(INT64_C(15) * 60 * 1000000)
#define STORED		96	/* bytes of a frame that are stored */
#define MTU		1500
#define PROTO_ICMP	1
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_ICMP6	58

#define FIN	0x01
#define SYN	0x02
#define PSH	0x08
#define ACK	0x10

struct session {
	struct addr	host[2];	/* local, far */
	uint16_t	port[2];
	uint8_t		proto;
};

struct packet {
	int64_t		time_us;
	uint64_t	order;		/* of two at the same time */
	uint32_t	session;
	uint16_t	payload;
	uint8_t		from;		/* 0 local, 1 far */
	uint8_t		flags;
};

struct traffic {
	uint64_t	 rng;
	struct session	*sessions;
	struct packet	*packets;
	size_t		 n;
	size_t		 max;
	uint32_t	 session;	/* the one being made */
	int64_t		 now_us;
	bool		 failed;
};

static uint32_t
below(struct traffic *t, uint32_t n)
{
	return (uint32_t)((gen_random(&t->rng) >> 32) * n >> 32);
}

/* k and more, twice as much half as often, up to most. */
static uint32_t
heavy(struct traffic *t, uint32_t k, uint32_t most)
{
	uint64_t v = ((uint64_t)k << 32) / ((gen_random(&t->rng) >> 32) + 1);

	return v < most ? (uint32_t)v : most;
}

static void
note(struct traffic *t, int from, uint32_t payload, uint8_t flags)
{
	if (t->n == t->max) {
		size_t max = t->max == 0 ? 4096 : t->max * 2;
		struct packet *p = realloc(t->packets, max * sizeof(*p));

		if (p == NULL) {
			t->failed = true;
			return;
		}
		t->packets = p;
		t->max = max;
	}
	t->now_us += 300 + below(t, 12000);
	t->packets[t->n] = (struct packet){ .time_us = t->now_us,
	    .order = t->n, .session = t->session, .from = (uint8_t)from,
	    .payload = (uint16_t)payload, .flags = flags };
	t->n++;
}

static void
tcp_session(struct traffic *t)
{
	uint32_t segments = heavy(t, 3, 300);
	int sender = below(t, 8) != 0;	/* seldom an upload */

	note(t, 0, 0, SYN);
	note(t, 1, 0, SYN | ACK);
	note(t, 0, 0, ACK);
	note(t, 0, 100 + below(t, 400), PSH | ACK);
	for (uint32_t i = 0; i < segments; i++) {
		note(t, sender, i + 1 < segments ? MTU - 60 : 1 + below(t, 1400),
		    i + 1 < segments ? ACK : PSH | ACK);
		if (i % 2 == 1)
			note(t, !sender, 0, ACK);
	}
	note(t, 1, 0, FIN | ACK);
	note(t, 0, 0, FIN | ACK);
	note(t, 1, 0, ACK);
}

static struct addr
host(bool six, uint32_t net, uint32_t n)
{
	static const uint8_t nets4[4][3] = { { 192, 168, 10 },
	    { 198, 51, 100 }, { 203, 0, 113 }, { 192, 0, 2 } };
	uint8_t v[16] = { 0x20, 0x01, 0x0d, 0xb8, 0,
	    (uint8_t)(net == 0 ? 0x10 : 0xf0 + net) };

	if (six) {
		v[15] = (uint8_t)n;
		return addr_from(v, 16);
	}
	memcpy(v, nets4[net], 3);
	v[3] = (uint8_t)n;
	return addr_from(v, 4);
}

static void
make_session(struct traffic *t)
{
	struct session *s = &t->sessions[t->session];
	bool six = below(t, 6) == 0;
	uint32_t kind = below(t, 100), n, last;

	t->now_us = (int64_t)(gen_random(&t->rng) % (uint64_t)SPAN_US);
	s->host[0] = host(six, 0, 10 + (heavy(t, 1, 40) * 7 + 40) % 60);
	/* one after the other: arguments have no order */
	last = heavy(t, 1, 250);
	s->host[1] = host(six, 1 + below(t, 3), last);
	s->port[0] = (uint16_t)(32768 + below(t, 28000));
	if (kind < 50) {
		s->proto = PROTO_TCP;
		s->port[1] = kind < 35 ? 443 : kind < 45 ? 80 : 22;
		tcp_session(t);
	} else if (kind < 75) {
		s->proto = PROTO_UDP;
		s->port[1] = 53;
		note(t, 0, 30 + below(t, 30), 0);
		note(t, 1, 60 + below(t, 300), 0);
	} else if (kind < 90) {
		s->proto = PROTO_UDP;
		s->port[1] = 443;
		note(t, 0, 1200, 0);
		for (n = heavy(t, 4, 200); n > 0; n--) {
			uint32_t payload = 40 + below(t, 1200);

			note(t, below(t, 4) != 0, payload, 0);
		}
	} else {
		s->proto = six ? PROTO_ICMP6 : PROTO_ICMP;
		for (n = heavy(t, 2, 20); n > 0; n--) {
			note(t, 0, 56, 0);
			note(t, 1, 56, 0);
		}
	}
}

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t
l4_header(uint8_t *p, const struct session *s, const struct packet *k)
{
	bool icmp = s->proto == PROTO_ICMP || s->proto == PROTO_ICMP6;

	if (icmp) {
		p[0] = (uint8_t)(s->proto == PROTO_ICMP ? (k->from ? 0 : 8) :
		    k->from ? 129 : 128);
		return 8;
	}
	put16(p, s->port[k->from]);
	put16(p + 2, s->port[!k->from]);
	if (s->proto == PROTO_UDP) {
		put16(p + 4, 8U + k->payload);
		return 8;
	}
	p[12] = 5 << 4;
	p[13] = k->flags;
	put16(p + 14, 65535);
	return 20;
}

/* Fills the stored part of the frame; returns the length of its IP packet. */
static size_t
make_frame(uint8_t frame[STORED], const struct session *s,
    const struct packet *k)
{
	static const uint8_t macs[2][6] = { { 2, 0, 0, 0, 0, 1 },
	    { 2, 0, 0, 0, 0, 2 } };
	const struct addr *src = &s->host[k->from];
	const struct addr *dst = &s->host[!k->from];
	uint8_t *ip = frame + 14;
	bool six = src->len == 16;
	size_t head = six ? 40 : 20, l4;

	memset(frame, 0, STORED);
	memcpy(frame, macs[!k->from], 6);
	memcpy(frame + 6, macs[k->from], 6);
	put16(frame + 12, six ? 0x86dd : 0x0800);
	l4 = l4_header(ip + head, s, k) + k->payload;
	if (six) {
		ip[0] = 0x60;
		put16(ip + 4, l4);
		ip[6] = s->proto;
		ip[7] = 64;
		memcpy(ip + 8, src->bytes, 16);
		memcpy(ip + 24, dst->bytes, 16);
	} else {
		ip[0] = 0x45;
		put16(ip + 2, head + l4);
		ip[8] = 64;
		ip[9] = s->proto;
		memcpy(ip + 12, src->bytes, 4);
		memcpy(ip + 16, dst->bytes, 4);
		put16(ip + 10, gen_checksum(0, ip, 20));
	}
	return head + l4;
}

static int
packet_cmp(const void *va, const void *vb)
{
	const struct packet *a = va, *b = vb;

	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static int
write_packets(struct traffic *t, FILE *f, int64_t start_ms,
    struct gen_traffic_sum sum[TRAFFIC_SUMS])
{
	uint8_t frame[STORED];

	if (gen_pcap_begin(f) == -1)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		const struct packet *k = &t->packets[i];
		const struct session *s = &t->sessions[k->session];
		size_t len = make_frame(frame, s, k);
		int p = s->proto == PROTO_TCP ? TRAFFIC_TCP :
		    s->proto == PROTO_UDP ? TRAFFIC_UDP :
		    s->proto == PROTO_ICMP ? TRAFFIC_ICMP : TRAFFIC_ICMP6;

		sum[p].packets++;
		sum[p].bytes += len;
		len += 14;
		if (gen_pcap_frame(f, start_ms * 1000 + k->time_us, frame,
		    len < STORED ? len : STORED, len) == -1)
			return -1;
	}
	return 0;
}

int
gen_traffic(FILE *f, uint64_t seed, uint64_t sessions, int64_t start_ms,
    struct gen_traffic_sum sum[TRAFFIC_SUMS])
{
	struct traffic t = { .rng = seed };
	int rc = -1;

	memset(sum, 0, TRAFFIC_SUMS * sizeof(*sum));
	t.sessions = calloc(sessions, sizeof(*t.sessions));
	if (t.sessions == NULL)
		return -1;
	for (; t.session < sessions && !t.failed; t.session++)
		make_session(&t);
	if (!t.failed && t.n > 0) {
		qsort(t.packets, t.n, sizeof(*t.packets), packet_cmp);
		rc = write_packets(&t, f, start_ms, sum);
	}
	free(t.packets);
	free(t.sessions);
	return rc;
}
