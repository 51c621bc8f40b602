/*
 * The decoder from datagram to flow.  The files in tests/packets are the rules,
 * one each; here is what needs more than packets and flows: limits,
 * templates that are kept, sampling from the configuration, reports.
 */
#include "collector/packet.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/script.h"

Test(packet, files)
{
	glob_t g;

	cr_assert_eq(glob("tests/packets/*.hex", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *text = script_file(g.gl_pathv[i]);

		script_check(g.gl_pathv[i], text);
		free(text);
	}
	cr_expect_gt(g.gl_pathc, 20);
	globfree(&g);
}

/* Template 256: a source address. */
static const char template256[] =
    "packet\nv9 5000 1700000000 1 7\nset 0\ntemplate 256 8/4\n";

static struct decoder *
make(const struct decoder_limits *l)
{
	struct decoder *d = decoder_new(l);

	cr_assert_not_null(d);
	return d;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	cr_assert_eq(prefix_parse(text, strlen(text), &p), 0);
	return p;
}

/* The sampling that a flow of 192.0.2.1 and one of 198.51.100.1 get. */
static void
expect_rates(struct decoder *d, uint32_t one, uint32_t other)
{
	static const char *const from[] = { "192.0.2.1", "198.51.100.1" };
	uint32_t want[] = { one, other };

	for (int i = 0; i < 2; i++) {
		struct flows f = { .n = 0 };
		char text[300], rate[60], wanted[60] = "";

		(void)snprintf(text, sizeof(text), "from %s\n%s"
		    "set 256\nip:10.0.0.1\n", from[i], template256);
		script_play(text, d, &f);
		cr_assert_eq(f.n, 1);
		flow_text(&f.v[0], COL_sampling, rate);
		if (want[i] != 0)
			(void)snprintf(wanted, sizeof(wanted), "%u", want[i]);
		cr_expect_str_eq(rate, wanted, "%s", from[i]);
		flows_clear(&f);
	}
}

static void
tell_rate(struct decoder *d, unsigned rate)
{
	struct flows f = { .n = 0 };
	char text[300];

	(void)snprintf(text, sizeof(text), "packet\nv9 5000 1700000000 1 7\n"
	    "set 1\noptions 257 1/4 | 34/4\nset 257\n4:0 4:%u\n", rate);
	script_play(text, d, &f);
}

Test(packet, sampling_from_configuration)
{
	struct decoder_limits l = decoder_defaults;
	struct prefix net = prefix("192.0.2.0/24"), all = prefix("0.0.0.0/0");
	struct decoder *d;

	l.default_sampling = 10;
	d = make(&l);
	expect_rates(d, 10, 10);
	cr_assert_eq(decoder_set_sampling(d, &net, 20, 0), 0);
	cr_assert_eq(decoder_set_sampling(d, &all, 30, 0), 0);
	expect_rates(d, 20, 30);	/* first match; also for known ones */
	tell_rate(d, 40);
	expect_rates(d, 40, 30);	/* what 192.0.2.1 tells wins */
	decoder_reset_sampling(d, 11);
	expect_rates(d, 40, 11);
	cr_assert_eq(decoder_set_sampling(d, &net, 50, 1), 0);
	expect_rates(d, 50, 11);	/* unless it is forced */
	decoder_reset_sampling(d, 0);
	cr_assert_eq(decoder_set_sampling(d, &net, 1, 1), 0);
	expect_rates(d, 0, 0);		/* ... not to sample */
	decoder_free(d);
}

/* Forced is forced over a rate in the record, too. */
Test(packet, sampling_forced_over_record)
{
	static const char text[] = "packet\nv9 5000 1700000000 1 7\n"
	    "set 0\ntemplate 256 34/4\nset 256\n4:7\n";
	struct prefix all = prefix("0.0.0.0/0");
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };

	script_play(text, d, &f);
	cr_assert_eq(decoder_set_sampling(d, &all, 100, 1), 0);
	script_play(text, d, &f);
	cr_assert_eq(f.n, 2);
	cr_expect_eq(f.v[0].sampling, 7);
	cr_expect_eq(f.v[1].sampling, 100);
	flows_clear(&f);
	decoder_free(d);
}

static size_t
send_from(struct decoder *d, struct flows *f, unsigned host, int64_t when)
{
	char text[300];
	size_t was = f->n;

	(void)snprintf(text, sizeof(text), "from 10.0.%u.%u\n"
	    "packet %lld\nv9 5000 1700000000 1 7\nset 0\n"
	    "template 256 8/4\nset 256\nip:10.0.0.1\n", host >> 8, host & 255,
	    (long long)when);
	script_play(text, d, f);
	return f->n - was;
}

Test(packet, exporters_are_bounded)
{
	struct decoder_limits l = decoder_defaults;
	struct exporter_stat st[8];
	struct decoder *d;
	struct flows f = { .n = 0 };
	const int64_t t = SCRIPT_ARRIVAL, idle = 600000;

	l.max_exporters = 3;
	d = make(&l);
	cr_expect_eq(send_from(d, &f, 1, t), 1);
	cr_expect_eq(send_from(d, &f, 2, t + 1), 1);
	cr_expect_eq(send_from(d, &f, 3, t + 2), 1);
	/* a flood of made-up senders gets nowhere, those known go on */
	for (unsigned i = 4; i < 1000; i++)
		cr_expect_eq(send_from(d, &f, i, t + 3), 0);
	cr_expect_eq(decoder_count(d, DC_too_many_exporters), 996);
	cr_expect_eq(send_from(d, &f, 1, t + 4), 1);
	/* silent, but not reported yet */
	cr_expect_eq(send_from(d, &f, 9, t + 2 * idle), 0);
	cr_expect_eq(decoder_harvest(d, 0, st, 8), 3);
	cr_expect_eq(send_from(d, &f, 9, t + idle), 0);
	cr_expect_eq(send_from(d, &f, 9, t + idle + 1), 1);	/* for 2 */
	cr_expect_eq(send_from(d, &f, 1, t + idle + 2), 1);
	cr_expect_eq(send_from(d, &f, 2, t + idle + 2), 1);	/* for 3 */
	/* numbers are not used again */
	cr_assert_eq(f.n, 7);
	cr_expect_eq(f.v[0].exporter, 1);
	cr_expect_eq(f.v[4].exporter, 4);
	cr_expect_eq(f.v[5].exporter, 1);
	cr_expect_eq(f.v[6].exporter, 5);
	flows_clear(&f);
	decoder_free(d);
}

Test(packet, domains_and_versions_are_apart)
{
	static const char text[] =
	    "packet\nv9 1 1700000000 1 7\nset 0\ntemplate 256 8/4\n"
	    "set 256\nip:10.0.0.1\n"
	    "packet\nv9 1 1700000000 1 8\nset 256\nip:10.0.0.2\n"
	    "packet\nipfix 1700000000 1 7\nset 256\nip:10.0.0.3\n"
	    "from 192.0.2.2\n"
	    "packet\nv9 1 1700000000 1 7\nset 256\nip:10.0.0.4\n"
	    "from 2001:db8::1\n"
	    "packet\nv9 1 1700000000 1 7\nset 256\nip:10.0.0.5\n";
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };
	struct exporter_stat st[8];

	script_play(text, d, &f);
	cr_expect_eq(f.n, 1);
	cr_expect_eq(decoder_count(d, DC_held_sets), 4);
	cr_assert_eq(decoder_harvest(d, 0, st, 8), 5);
	for (uint32_t i = 0; i < 5; i++)
		cr_expect_eq(st[i].id, i + 1);
	cr_expect_eq(st[2].version, 10);
	cr_expect_eq(st[1].domain, 8);
	cr_expect_eq(st[4].address.len, 16);
	flows_clear(&f);
	decoder_free(d);
}

/* A sink that takes reports while flows come. */
struct harvester {
	struct sink	 sink;
	struct decoder	*d;
	struct flow	 flow;
	struct exporter_stat st;
	unsigned	 n;
};

static struct flow *
harvester_room(struct sink *sink)
{
	struct harvester *h = (struct harvester *)(void *)sink;

	h->flow.set = 0;
	return &h->flow;
}

static void
harvester_put(struct sink *sink)
{
	struct harvester *h = (struct harvester *)(void *)sink;

	cr_expect_eq(decoder_harvest(h->d, 0, &h->st, 1), 0);
	cr_assert_eq(decoder_harvest(h->d, 3, &h->st, 1), 1);
	cr_expect_eq(h->st.id, h->flow.exporter);
	cr_expect_eq(h->st.group, 3);
	cr_expect_eq(h->st.flows, 1);
	cr_expect_eq(h->st.packets, h->n == 0 ? 1 : 0);
	h->n++;
}

/* No flow goes into a sink whose exporter is not in the next report. */
Test(packet, reports_while_flows_come)
{
	static const uint8_t data[] = { 0, 9, 0, 3, 0, 0, 0, 1, 0x65, 0x53,
		0xf1, 0, 0, 0, 0, 1, 0, 0, 0, 7,
		0, 0, 0, 12, 1, 0, 0, 1, 0, 8, 0, 4,
		1, 0, 0, 12, 10, 0, 0, 1, 10, 0, 0, 2 };
	struct harvester h = { .sink = { harvester_room, harvester_put } };
	struct datagram g = { data, sizeof(data), { { 10, 0, 0, 1 }, 4 },
		1700000000000, 3 };

	h.d = make(&decoder_defaults);
	packet_decode(h.d, &g, &h.sink);
	cr_expect_eq(h.n, 2);
	cr_expect_eq(decoder_harvest(h.d, 3, &h.st, 1), 0);
	decoder_free(h.d);
}

/* What an exporter did before it got another group goes with it. */
Test(packet, reports_by_group)
{
	static const uint8_t data[] = { 0, 9, 0, 0, 0, 0, 0, 1, 0x65, 0x53,
		0xf1, 0, 0, 0, 0, 1, 0, 0, 0, 7 };
	struct datagram g = { data, sizeof(data), { { 10, 0, 0, 1 }, 4 },
		1700000000000, 3 };
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };
	struct exporter_stat st;

	flows_decode(&f, d, &g);
	g.group = EXPORTER_GROUPS - 1;
	flows_decode(&f, d, &g);
	cr_expect_eq(decoder_harvest(d, 3, &st, 1), 0);
	cr_assert_eq(decoder_harvest(d, EXPORTER_GROUPS - 1, &st, 1), 1);
	cr_expect_eq(st.packets, 2);
	flows_clear(&f);
	decoder_free(d);
}

Test(packet, reports)
{
	static const char first[] = "packet 1000000000000\n"
	    "v9 100000 1700000000 1 7\nset 0\ntemplate 256 8/4\n"
	    "set 256\nip:10.0.0.1 ip:10.0.0.2\n"
	    "packet 1000000000500\nv9 100001 1700000000 5 7\nset 9\n0000\n";
	static const char late[] = "packet 1000000000600\n"
	    "v9 100000 1700000000 3 7\n";
	static const char more[] = "packet 1000000000700\n"
	    "v9 100000 1700000000 8 7\n";
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };
	struct exporter_stat st[2];

	cr_expect_eq(decoder_harvest(d, 0, st, 2), 0);
	script_play(first, d, &f);
	cr_assert_eq(decoder_harvest(d, 0, st, 2), 1);
	cr_expect_eq(st[0].packets, 2);
	cr_expect_eq(st[0].flows, 2);
	cr_expect_eq(st[0].lost, 3);
	cr_expect_eq(st[0].bad, 1);
	cr_expect_eq(st[0].first_ms, 1000000000000);
	cr_expect_eq(st[0].last_ms, 1000000000500);
	cr_expect_eq(decoder_harvest(d, 0, st, 2), 0);
	/* one of the lost ones was late; that cannot be reported below 0 */
	script_play(late, d, &f);
	cr_expect_eq(decoder_count(d, DC_lost), 2);
	cr_assert_eq(decoder_harvest(d, 0, st, 2), 1);
	cr_expect_eq(st[0].packets, 1);
	cr_expect_eq(st[0].flows, 0);
	cr_expect_eq(st[0].lost, 0);
	cr_expect_eq(st[0].first_ms, 1000000000600);
	/* but it is made good: 2 more are lost, 1 was reported too many */
	script_play(more, d, &f);
	cr_assert_eq(decoder_harvest(d, 0, st, 2), 1);
	cr_expect_eq(st[0].lost, 1);
	flows_clear(&f);
	decoder_free(d);
}

static void
add_totals(void *arg, const struct exporter_stat *total,
    const uint64_t counts[DECODER_COUNTS])
{
	uint64_t *sum = arg, bad = 0;

	for (int i = 0; i < DECODER_COUNTS; i++) {
		sum[i] += counts[i];
		if (decoder_count_is_bad((enum decoder_count)i))
			bad += counts[i];
	}
	cr_expect_eq(total->bad, bad);
	cr_expect_eq(total->flows, counts[DC_flows]);
	cr_expect_eq(total->packets, counts[DC_packets]);
	cr_expect_eq(total->lost, counts[DC_lost]);
}

Test(packet, counters_by_exporter_add_up)
{
	char *text = script_file("tests/packets/set-lengths.hex");
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };
	uint64_t sum[DECODER_COUNTS] = { 0 };

	script_play(text, d, &f);
	decoder_each_exporter(d, add_totals, sum);
	/* what has no valid header is nobody's */
	cr_expect_eq(sum[DC_packets] + 3, decoder_count(d, DC_packets));
	for (int i = DC_packets + 1; i < DECODER_COUNTS; i++)
		if (i != DC_short_header && i != DC_unknown_version)
			cr_expect_eq(sum[i], decoder_count(d,
			    (enum decoder_count)i), "%s",
			    decoder_count_name((enum decoder_count)i));
	for (int i = 0; i < DECODER_COUNTS; i++)
		cr_expect_not_null(decoder_count_name(
		    (enum decoder_count)i));
	flows_clear(&f);
	decoder_free(d);
	free(text);
}

struct moving {
	struct decoder	*to;
	int		 n;
	int		 refused;
};

static void
move(void *arg, const struct template_record *t)
{
	struct moving *m = arg;

	m->n++;
	m->refused -= decoder_restore(m->to, t);
}

Test(packet, templates_survive)
{
	static const char learn[] = "packet 1700000000000\n"
	    "v9 5000 1700000000 1 7\nset 0\ntemplate 256 8/4\n"
	    "template 257 12/4\nset 1\noptions 258 1/4 | 34/4\n"
	    "packet 1700000000000\nipfix 1700000000 1 7\nset 2\n"
	    "template 256 9:99/v 12/4\n";
	static const char data[] = "packet 1700000100000\n"
	    "v9 5000 1700000000 2 7\nset 258\n4:0 4:9\nset 256\n"
	    "ip:10.0.0.1\nset 257\nip:10.0.0.2\n"
	    "packet 1700000100000\nipfix 1700000000 2 7\nset 256\n"
	    "s:abc ip:10.0.0.3\n";
	struct decoder *a = make(&decoder_defaults);
	struct decoder *b = make(&decoder_defaults);
	struct decoder *c = make(&decoder_defaults);
	struct moving m = { b, 0, 0 };
	struct flows f = { .n = 0 };
	uint64_t version;

	cr_expect_eq(decoder_template_version(a), 0);
	script_play(learn, a, &f);
	version = decoder_template_version(a);
	cr_expect_gt(version, 0);
	script_play(learn, a, &f);
	cr_expect_eq(decoder_template_version(a), version, "nothing new");
	decoder_each_template(a, move, &m);
	cr_expect_eq(m.n, 4);
	cr_expect_eq(m.refused, 0);
	decoder_free(a);
	/* and once more, from what was restored */
	m = (struct moving){ c, 0, 0 };
	decoder_each_template(b, move, &m);
	cr_expect_eq(m.n, 4);
	decoder_free(b);
	script_play(data, c, &f);
	cr_assert_eq(f.n, 3);
	cr_expect_eq(f.v[0].sampling, 9);
	cr_expect_eq(decoder_count(c, DC_held_sets), 0);
	cr_expect_eq(decoder_count(c, DC_templates), 0, "none was sent");
	flows_clear(&f);
	decoder_free(c);
}

Test(packet, restore_refuses)
{
	static const uint8_t good[] = { 1, 0, 0, 1, 0, 8, 0, 4 };
	static const uint8_t no_length[] = { 1, 0, 0, 1, 0, 8, 0, 0 };
	static const uint8_t withdrawal[] = { 1, 0, 0, 0 };
	const struct template_record ok = { .address = prefix("192.0.2.1").lo,
		.version = 10, .domain = 7, .template_id = 256,
		.heard_ms = 1000, .raw = good, .raw_len = sizeof(good) };
	struct decoder_limits l = decoder_defaults;
	struct template_record t;
	struct decoder *d;

	l.max_exporters = 1;
	d = make(&l);
	t = ok;
	t.version = 5;
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.template_id = 257;
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.raw_len--;
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.options = 1;
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.raw = no_length;
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.raw = withdrawal;
	t.raw_len = sizeof(withdrawal);
	cr_expect_eq(decoder_restore(d, &t), -1);
	t = ok;
	t.address.len = 0;
	cr_expect_eq(decoder_restore(d, &t), -1);
	cr_expect_eq(decoder_restore(d, &ok), 0);
	t = ok;
	t.domain = 8;
	cr_expect_eq(decoder_restore(d, &t), -1, "too many exporters");
	decoder_free(d);
}

/* What was restored must not push out what has been heard since. */
Test(packet, restore_keeps_the_newer)
{
	static const uint8_t raw[] = { 1, 0, 0, 1, 0, 12, 0, 4 };
	struct template_record t = { .address = prefix("192.0.2.1").lo,
		.version = 9, .domain = 7, .template_id = 256,
		.heard_ms = SCRIPT_ARRIVAL - 1, .raw = raw,
		.raw_len = sizeof(raw) };
	struct decoder *d = make(&decoder_defaults);
	struct flows f = { .n = 0 };

	script_play(template256, d, &f);
	cr_expect_eq(decoder_restore(d, &t), 0);
	script_play("packet\nv9 5000 1700000000 2 7\nset 256\nip:10.0.0.1",
	    d, &f);
	cr_assert_eq(f.n, 1);
	cr_expect(flow_has(&f.v[0], COL_src_addr));
	flows_clear(&f);
	decoder_free(d);
}
