/*
 * flowgen: makes flows (gen.h) and writes them as a capture of NetFlow, or
 * sends them to a collector on this machine; makes plain traffic for a real
 * exporter; sends what a capture holds.  It refuses to send anywhere but to
 * 127.0.0.0/8.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/err.h"
#include "tests/gen.h"
#include "tests/gen_options.h"
#include "tests/gen_packet.h"
#include "tests/gen_pcap.h"
#include "tests/gen_send.h"
#include "tests/gen_traffic.h"

#define COLLECTOR_PORT	2055
#define EXPORTER_PORT	50000
#define DEFAULT_PPS	4000

static const char usage_text[] =
"usage: flowgen [options] --pcap FILE | --send HOST:PORT | --traffic FILE\n"
"       flowgen --replay FILE [--now] --send HOST:PORT\n"
"\n"
"  --pcap FILE    write the flows as a capture of NetFlow datagrams\n"
"  --hourly       write FILE.0, FILE.1, ..., one an hour; each stands alone\n"
"  --send HOST:PORT   send them by UDP; HOST is in 127.0.0.0/8\n"
"  --pps N        datagrams per second (4000); --speed: as fast as it goes\n"
"  --traffic FILE write plain traffic of --flows sessions, for an exporter;\n"
"                 prints protocol, packets and bytes of it\n"
"  --replay FILE  send the datagrams of a capture instead of made-up flows;\n"
"                 --now: with v5 and v9 times moved, as if sent today\n"
GEN_OPTIONS_USAGE;

enum {
	OPT_PCAP = 256, OPT_SEND, OPT_PPS, OPT_SPEED, OPT_TRAFFIC, OPT_REPLAY,
	OPT_NOW, OPT_HOURLY, OPT_HELP
};

static const struct option long_options[] = {
	GEN_LONG_OPTIONS,
	{ "pcap", required_argument, NULL, OPT_PCAP },
	{ "send", required_argument, NULL, OPT_SEND },
	{ "hourly", no_argument, NULL, OPT_HOURLY },
	{ "pps", required_argument, NULL, OPT_PPS },
	{ "speed", no_argument, NULL, OPT_SPEED },
	{ "traffic", required_argument, NULL, OPT_TRAFFIC },
	{ "replay", required_argument, NULL, OPT_REPLAY },
	{ "now", no_argument, NULL, OPT_NOW },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

struct request {
	struct gen_options	 gen;
	const char		*pcap;
	bool			 hourly;
	const char		*traffic;
	const char		*replay;
	bool			 send;
	struct sockaddr_in	 to;
	int64_t			 pps;	/* 0: no limit */
	bool			 now;
};

static int
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "flowgen: ");
	(void)vfprintf(stderr, fmt, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	return -1;
}

static int
parse_target(struct request *r, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	int64_t port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return fail("--send %s: expected HOST:PORT", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	port = gen_number(colon + 1, 1);
	if (port == -1 || port > 65535)
		return fail("--send %s: bad port", text);
	r->to.sin_family = AF_INET;
	r->to.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &r->to.sin_addr) != 1)
		return fail("--send %s: expected an IPv4 address", text);
	if (ntohl(r->to.sin_addr.s_addr) >> 24 != 127)
		return fail("--send %s: only 127.0.0.0/8 is allowed", text);
	r->send = true;
	return 0;
}

static int
parse(struct request *r, int argc, char **argv)
{
	int c, rc;

	r->gen = gen_defaults;
	r->pps = DEFAULT_PPS;
	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_PCAP:
			r->pcap = optarg;
			break;
		case OPT_HOURLY:
			r->hourly = true;
			break;
		case OPT_SEND:
			if (parse_target(r, optarg) == -1)
				return -1;
			break;
		case OPT_PPS:
			r->pps = gen_number(optarg, 1);
			if (r->pps == -1)
				return fail("--pps %s: bad number", optarg);
			break;
		case OPT_SPEED:
			r->pps = 0;
			break;
		case OPT_TRAFFIC:
			r->traffic = optarg;
			break;
		case OPT_REPLAY:
			r->replay = optarg;
			break;
		case OPT_NOW:
			r->now = true;
			break;
		case 'h':
		case OPT_HELP:
			(void)fputs(usage_text, stdout);
			exit(0);
		default:
			rc = gen_option(&r->gen, c, optarg);
			if (rc == -1)
				return fail("bad value: %s", optarg);
			if (rc == 0)
				return -1;
		}
	}
	gen_options_done(&r->gen);
	if (optind < argc)
		return fail("what is %s?", argv[optind]);
	if (r->pcap == NULL && r->traffic == NULL && !r->send)
		return fail("nothing to do: see --help");
	return 0;
}

static int64_t
hour_of(const struct gen_options *o, const struct gen_burst *b)
{
	return (b->arrival_ms - o->start_ms) / 3600000;
}

/*
 * Calls put for each datagram of the flows.  hourly: the templates go also
 * before the first burst of an exporter in each hour.
 */
static int
each_datagram(const struct gen_options *o, bool hourly, int (*put)(void *arg,
    const struct gen_exporter *e, const struct gen_burst *b,
    const uint8_t *data, size_t len), void *arg)
{
	struct gen *g = gen_new(o);
	struct gen_sender s = { .sequence = { 0 } };
	struct gen_burst b;
	uint8_t buf[GEN_PACKET_MAX];
	uint64_t flows = 0;
	int64_t hour = 0;
	size_t len;
	int rc = 0;

	if (g == NULL)
		return fail("out of memory");
	while (rc == 0 && gen_next(g, &b)) {
		const struct gen_exporter *e = gen_exporter(g, b.exporter);

		if (hourly && hour_of(o, &b) != hour)
			memset(s.datagrams, 0, sizeof(s.datagrams));
		hour = hour_of(o, &b);
		len = gen_templates(&s, g, &b, buf);
		if (len > 0)
			rc = put(arg, e, &b, buf, len);
		len = gen_data(&s, g, &b, buf);
		if (rc == 0)
			rc = put(arg, e, &b, buf, len);
		flows += b.n;
	}
	gen_free(g);
	if (rc == 0)
		(void)fprintf(stderr, "flowgen: made %llu flows\n",
		    (unsigned long long)flows);
	return rc;
}

static int
put_outbox(void *arg, const struct gen_exporter *e, const struct gen_burst *b,
    const uint8_t *data, size_t len)
{
	(void)b;
	return outbox_add(arg, &e->address, data, len) == 0 ? 0 :
	    fail("out of memory");
}

struct pcap_files {
	const struct request	*r;
	FILE			*f;	/* NULL: none open */
	int64_t			 hour;	/* of that file */
};

/* Ends the open file, if any. */
static int
pcap_end(struct pcap_files *p)
{
	FILE *f = p->f;

	p->f = NULL;
	return f == NULL || fclose(f) == 0 ? 0 :
	    fail("%s: not written", p->r->pcap);
}

static int
pcap_start(struct pcap_files *p, int64_t hour)
{
	char path[4096];

	if (pcap_end(p) == -1)
		return -1;
	(void)snprintf(path, sizeof(path), p->r->hourly ? "%s.%lld" : "%s",
	    p->r->pcap, (long long)hour);
	p->f = fopen(path, "wb");
	p->hour = hour;
	if (p->f == NULL)
		return fail("%s: %s", path, strerror(errno));
	return gen_pcap_begin(p->f);
}

static int
put_pcap(void *arg, const struct gen_exporter *e, const struct gen_burst *b,
    const uint8_t *data, size_t len)
{
	static const struct addr to = { { 127, 0, 0, 1 }, 4 };
	struct pcap_files *p = arg;
	int64_t hour = hour_of(&p->r->gen, b);

	if (p->r->hourly && hour != p->hour && pcap_start(p, hour) == -1)
		return -1;
	return gen_pcap_udp(p->f, b->arrival_ms * 1000, &e->address, &to,
	    EXPORTER_PORT, COLLECTOR_PORT, data, len);
}

static int
run_send(const struct request *r)
{
	struct outbox *o = outbox_new();
	struct err err;
	double sec = 0;
	int rc;

	if (o == NULL)
		return fail("out of memory");
	err.msg[0] = '\0';
	rc = r->replay != NULL ? outbox_replay(o, r->replay, r->now, &err) :
	    each_datagram(&r->gen, false, put_outbox, o);
	if (rc == 0)
		rc = outbox_send(o, &r->to, r->pps, &sec, &err);
	if (rc == 0)
		(void)fprintf(stderr, "flowgen: sent %zu datagrams in %.3f s\n",
		    outbox_count(o), sec);
	else if (err.msg[0] != '\0')
		(void)fail("%s", err.msg);
	outbox_free(o);
	return rc;
}

static int
run_pcap(const struct request *r)
{
	struct pcap_files p = { .r = r };
	int rc = pcap_start(&p, 0);

	if (rc == 0)
		rc = each_datagram(&r->gen, r->hourly, put_pcap, &p);
	if (pcap_end(&p) == -1 || rc == -1)
		return fail("%s: not written", r->pcap);
	return 0;
}

static int
run_traffic(const struct request *r)
{
	static const char *const names[TRAFFIC_SUMS] = { "TCP", "UDP", "ICMP",
	    "ICMP6" };
	struct gen_traffic_sum sum[TRAFFIC_SUMS];
	FILE *f = fopen(r->traffic, "wb");
	int rc;

	if (f == NULL)
		return fail("%s: %s", r->traffic, strerror(errno));
	rc = gen_traffic(f, r->gen.seed, r->gen.flows, r->gen.start_ms, sum);
	if (fclose(f) != 0 || rc == -1)
		return fail("%s: not written", r->traffic);
	for (int i = 0; i < TRAFFIC_SUMS; i++)
		(void)printf("%s %llu %llu\n", names[i],
		    (unsigned long long)sum[i].packets,
		    (unsigned long long)sum[i].bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	struct request r = { .send = false };

	if (parse(&r, argc, argv) == -1)
		return 2;
	if (r.pcap != NULL && run_pcap(&r) == -1)
		return 1;
	if (r.traffic != NULL && run_traffic(&r) == -1)
		return 1;
	if (r.send && run_send(&r) == -1)
		return 1;
	return 0;
}
