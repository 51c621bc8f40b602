/*
 * Metrics of more exporters than have a name: the sums are those of the
 * decoder, the named ones stay the same, and no counter goes down.
 */
#include "collector/prometheus.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTERS	(PROMETHEUS_EXPORTERS + 50)
#define NOW_MS		INT64_C(1700000000000)

static struct flow spare;

static struct flow *
room(struct sink *s)
{
	(void)s;
	spare.set = 0;
	return &spare;
}

static void
put(struct sink *s)
{
	(void)s;
}

static struct sink sink = { room, put };

/* A v9 header alone: one packet, no flow. */
static void
feed(struct decoder *d, unsigned who, uint32_t sequence)
{
	uint8_t p[20] = { 0, 9, [4] = 0, 1, [8] = 0x65 };
	struct datagram g = { .data = p, .len = sizeof(p),
		.from = { { 10, 0, 0, 0 }, 4 }, .arrival_ms = NOW_MS };

	g.from.bytes[2] = (uint8_t)(who >> 8);
	g.from.bytes[3] = (uint8_t)who;
	p[14] = (uint8_t)(sequence >> 8);
	p[15] = (uint8_t)sequence;
	packet_decode(d, &g, &sink);
}

/* Sum over all labels of a family, and how many samples it has. */
static double
sum_of(const struct metrics *m, const char *family, int *n)
{
	size_t len = strlen(family);
	double sum = 0;

	*n = 0;
	for (const char *p = m->text; *p != '\0'; p = strchr(p, '\n') + 1) {
		const char *end = strchr(p, '\n'), *v = end;

		if (strncmp(p, family, len) != 0 ||
		    (p[len] != '{' && p[len] != ' '))
			continue;
		while (*v != ' ')
			v--;
		sum += strtod(v, NULL);
		(*n)++;
	}
	return sum;
}

static void
scrape(struct metrics *m, const struct decoder *d)
{
	static struct intake_counts intake;
	static const struct report_counts none = { .intake = &intake };

	metrics_reset(m);
	prometheus_text(m, &none, d);
	cr_assert(!m->failed);
}

Test(prometheus, exporters_are_bounded)
{
	struct decoder *d = decoder_new(&decoder_defaults);
	struct metrics m = { .text = NULL };
	char name[80];
	int n;

	for (unsigned i = 0; i < EXPORTERS; i++)
		feed(d, i, 1);
	/* the last heard are not those that are named */
	for (unsigned i = EXPORTERS; i-- > 40;)
		feed(d, i, 2);
	scrape(&m, d);
	cr_expect_float_eq(sum_of(&m, "flowdb_netflow_packets_total", &n),
	    (double)decoder_count(d, DC_packets), 0.1);
	cr_expect_eq(n, PROMETHEUS_EXPORTERS + 1);
	cr_expect_float_eq(sum_of(&m, "flowdb_netflow_exporters", &n),
	    EXPORTERS, 0.1);
	for (unsigned i = 0; i < EXPORTERS; i++) {
		(void)snprintf(name, sizeof(name),
		    "packets_total{exporter=\"10.0.%u.%u\",", i >> 8, i & 255);
		cr_expect_eq(strstr(m.text, name) != NULL,
		    i < PROMETHEUS_EXPORTERS, "%s", name);
	}
	metrics_clear(&m);
	decoder_free(d);
}

/* A late packet takes a loss back: not in the counter, but beside it. */
Test(prometheus, lost_never_goes_down)
{
	static const uint32_t order[] = { 1, 2, 6, 4, 3, 7, 5, 8 };
	static const int lost[] = { 0, 0, 3, 3, 3, 3, 3, 3 };
	static const int late[] = { 0, 0, 0, 1, 2, 2, 3, 3 };
	struct decoder *d = decoder_new(&decoder_defaults);
	struct metrics m = { .text = NULL };
	int n;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		feed(d, 1, order[i]);
		scrape(&m, d);
		cr_expect_float_eq(sum_of(&m,
		    "flowdb_netflow_sequence_lost_total", &n), lost[i], 0.1);
		cr_expect_float_eq(sum_of(&m,
		    "flowdb_netflow_sequence_recovered_total", &n), late[i],
		    0.1);
	}
	cr_expect_eq(decoder_count(d, DC_lost), 0);
	metrics_clear(&m);
	decoder_free(d);
}
