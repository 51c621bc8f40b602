/*
 * The CSV that flowq -o csv writes: every field quoted, CRLF, times in UTC.
 * No value here holds a quote.
 */
#include "tests/brute.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "schema/proto.h"
#include "tests/gen.h"

#define FLOW_HEADER \
"\"first_seen_utc\",\"last_seen_utc\",\"first_ms\",\"duration_ms\"," \
"\"proto\",\"src_addr\",\"src_port\",\"dst_addr\",\"dst_port\"," \
"\"tcp_flags\",\"tos\",\"packets\",\"bytes\",\"in_if\",\"out_if\"," \
"\"src_as\",\"dst_as\",\"next_hop\",\"src_mask\",\"dst_mask\",\"exporter\""

/* A field and the comma before it. */
static void __attribute__((format(printf, 1, 2)))
field(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs(",\"", stdout);
	(void)vprintf(fmt, ap);
	(void)putchar('"');
	va_end(ap);
}

/* A line begins with two times. */
static void
begin(int64_t first_ms, int64_t last_ms)
{
	time_t first = (time_t)(first_ms / 1000);
	time_t last = (time_t)(last_ms / 1000);
	char a[24], b[24];
	struct tm tm;

	(void)strftime(a, sizeof(a), "%Y-%m-%d %H:%M:%S",
	    gmtime_r(&first, &tm));
	(void)strftime(b, sizeof(b), "%Y-%m-%d %H:%M:%S",
	    gmtime_r(&last, &tm));
	(void)printf("\"%s\",\"%s\"", a, b);
}

static void
field_proto(uint32_t proto)
{
	const char *name = proto_name(proto);

	if (name != NULL)
		field("%s", name);
	else
		field("%" PRIu32, proto);
}

static void
field_addr(const struct addr *a, bool sent)
{
	char text[ADDR_TEXT_MAX] = "";

	if (sent)
		(void)addr_format(a, text);
	field("%s", text);
}

static void
field_count(const struct flow *f, enum column c, bool raw)
{
	int64_t v = brute_count(f, c, raw);

	if (v < 0)
		field("%s", "");
	else
		field("%" PRId64, v);
}

static void
field_number(const struct flow *f, enum column c)
{
	if (flow_has(f, c))
		field("%" PRIu64, flow_number(f, c));
	else
		field("%s", "");
}

/* exporter: its address, of length 0 when there is none to tell. */
static void
print_flow(const struct flow *f, const struct addr *exporter, bool raw)
{
	static const enum column ways[] = { COL_in_if, COL_out_if, COL_src_as,
		COL_dst_as };
	char flags[FLAGS_TEXT_MAX] = "";

	if (flow_has(f, COL_tcp_flags))
		flags_format(f->tcp_flags, flags);
	begin(f->first_ms, f->first_ms + f->duration_ms);
	field("%" PRId64, f->first_ms);
	field("%" PRId64, f->duration_ms);
	field_proto(f->proto);
	field_addr(&f->src_addr, true);
	field_number(f, COL_src_port);
	field_addr(&f->dst_addr, true);
	field_number(f, COL_dst_port);
	field("%s", flags);
	field_number(f, COL_tos);
	field_count(f, COL_packets, raw);
	field_count(f, COL_bytes, raw);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		field_number(f, ways[i]);
	field_addr(&f->next_hop, flow_has(f, COL_next_hop));
	field_number(f, COL_src_mask);
	field_number(f, COL_dst_mask);
	field_addr(exporter, exporter->len > 0);
}

void
brute_print_flows(const struct gen *g, const struct flow *v, size_t n,
    bool raw)
{
	(void)fputs(FLOW_HEADER "\r\n", stdout);
	for (size_t i = 0; i < n; i++) {
		print_flow(&v[i], &gen_exporter(g, v[i].exporter)->address,
		    raw);
		(void)fputs("\r\n", stdout);
	}
}

/* What is the same for all flows of a 5-tuple, and sums. */
static void
print_record(const struct brute_group *s)
{
	static const struct addr nobody = { .len = 0 };
	struct flow f = { .set = 0 };

	f.set = flow_bit(COL_packets) | flow_bit(COL_bytes) |
	    flow_bit(COL_src_port) | flow_bit(COL_dst_port);
	if (s->has_flags)
		f.set |= flow_bit(COL_tcp_flags);
	f.first_ms = s->first_ms;
	f.duration_ms = s->last_ms - s->first_ms;
	f.proto = (uint8_t)s->key.major;
	f.src_addr = s->key.src;
	f.dst_addr = s->key.dst;
	f.src_port = (uint16_t)s->key.minor[0];
	f.dst_port = (uint16_t)s->key.minor[1];
	f.tcp_flags = s->flags;
	f.packets = s->packets;
	f.bytes = s->bytes;
	print_flow(&f, &nobody, true);
	field("%" PRIu64, s->flows);
}

static void
print_stat(const struct brute_question *q, const struct brute_group *s)
{
	int64_t duration = s->last_ms - s->first_ms;

	begin(s->first_ms, s->last_ms);
	field("%" PRId64, duration);
	if (q->by_proto)
		field_proto(s->key.minor[1]);
	if (q->stat->kind == KIND_ADDR)
		field_addr(&s->key.src, true);
	else if (q->stat->kind == KIND_PROTO)
		field_proto(s->key.major);
	else
		field("%" PRIu32, s->key.major);
	field("%" PRIu64, s->flows);
	field("%" PRIu64, s->packets);
	field("%" PRIu64, s->bytes);
	field("%" PRIu64, brute_rate(s->packets, 1000, duration));
	field("%" PRIu64, brute_rate(s->bytes, 8000, duration));
	field("%" PRIu64, s->packets == 0 ? 0 : s->bytes / s->packets);
}

void
brute_print_groups(const struct brute_question *q, const struct brute_group *v,
    size_t n)
{
	bool record = q->stat->kind == KIND_RECORD;

	if (record)
		(void)fputs(FLOW_HEADER ",\"flows\"\r\n", stdout);
	else
		(void)printf("\"first_seen_utc\",\"last_seen_utc\","
		    "\"duration_ms\",%s\"%s\",\"flows\",\"packets\","
		    "\"bytes\",\"pps\",\"bps\",\"bpp\"\r\n",
		    q->by_proto ? "\"proto\"," : "", q->stat->name);
	for (size_t i = 0; i < n; i++) {
		if (record)
			print_record(&v[i]);
		else
			print_stat(q, &v[i]);
		(void)fputs("\r\n", stdout);
	}
}
