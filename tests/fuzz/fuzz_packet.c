/*
 * The decoder and its state: several datagrams of several exporters, with
 * jumps of time, so that templates, options, held data, expiry and restarts
 * meet.  See packet_stream.h for the input's form.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/packet.h"
#include "collector/template_store.h"
#include "schema/column.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/packet_stream.h"

#define ARRIVAL	INT64_C(1700000000000)
#define DAY_MS	INT64_C(86400000)

static const struct decoder_limits small = {
	.max_exporters = 4, .max_templates = 8, .max_fields = 64,
	.max_held = 2000, .max_held_total = 4000,
	.template_age_sec = 1000, .max_template_memory = 20000,
};

struct checking_sink {
	struct sink	sink;
	struct flow	flow;
	uint64_t	n;
};

static struct flow *
room(struct sink *sink)
{
	struct checking_sink *s = (struct checking_sink *)sink;

	/* what a decoder leaves alone is garbage */
	memset(&s->flow, 0xa5, sizeof(s->flow));
	s->flow.set = 0;
	return &s->flow;
}

/* What any flow must be like, whatever was sent. */
static void
put(struct sink *sink)
{
	struct checking_sink *s = (struct checking_sink *)sink;
	const struct flow *f = &s->flow;

	s->n++;
	FUZZ_CHECK(f->set >> COLUMN_COUNT == 0);
	FUZZ_CHECK(flow_has(f, COL_first_ms));
	FUZZ_CHECK(flow_has(f, COL_exporter) && f->exporter != 0);
	FUZZ_CHECK(!flow_has(f, COL_duration_ms) || f->duration_ms >= 0);
	FUZZ_CHECK(!flow_has(f, COL_sampling) || f->sampling > 1);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		enum column c = (enum column)i;
		const struct column_info *ci = column_info(c);
		struct addr a;

		if (!flow_has(f, c))
			continue;
		if (ci->type == CT_COUNT)
			FUZZ_CHECK(flow_number(f, c) <= FLOW_COUNT_MAX);
		if (ci->type == CT_MAC)
			FUZZ_CHECK(flow_number(f, c) >> 48 == 0);
		if (ci->type != CT_ADDR)
			continue;
		memcpy(&a, (const char *)f + ci->offset, sizeof(a));
		FUZZ_CHECK(a.len == 4 || a.len == 16);
	}
}

static int64_t
jump(uint8_t how)
{
	if (how == 255)
		return -DAY_MS;
	return how < 200 ? how : INT64_C(1000) << (how - 200) % 24;
}

static void
feed(struct decoder *d, struct checking_sink *s, struct datagram *g,
    const uint8_t *data, size_t len)
{
	uint8_t *p = malloc(len == 0 ? 1 : len);
	uint64_t before = s->n;

	FUZZ_CHECK(p != NULL);
	memcpy(p, data, len);
	g->data = p;
	g->len = len;
	packet_decode(d, g, &s->sink);
	free(p);
	/* a record has at least a byte, here or in what was held */
	FUZZ_CHECK(s->n - before <= len + small.max_held);
}

/* Every template that is live is one that a new decoder takes. */
static void
restore(void *arg, const struct template_record *t)
{
	FUZZ_CHECK(decoder_restore(arg, t) == 0);
}

/* Reports end, and add up to the counters. */
static void
harvest(struct decoder *d, uint64_t flows)
{
	struct exporter_stat v[2];
	uint64_t sum = 0;
	size_t n, rounds = 0;

	do {
		n = decoder_harvest(d, 0, v, 2);
		FUZZ_CHECK(n <= 2 && rounds++ < 10);
		for (size_t i = 0; i < n; i++)
			sum += v[i].flows;
	} while (n == 2);
	FUZZ_CHECK(sum <= flows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checking_sink s = { .sink = { room, put } };
	struct decoder *d = decoder_new(&small), *next = decoder_new(&small);
	struct datagram g = { .arrival_ms = ARRIVAL };

	FUZZ_CHECK(d != NULL && next != NULL);
	while (size >= STREAM_HEAD) {
		size_t len = (size_t)data[0] << 8 | data[1];
		uint8_t from[4] = { 10, 0, 0, data[2] & 3 };

		g.from = addr_from(from, 4);
		g.arrival_ms += jump(data[3]);
		data += STREAM_HEAD;
		size -= STREAM_HEAD;
		if (len > size)
			len = size;
		feed(d, &s, &g, data, len);
		data += len;
		size -= len;
	}
	FUZZ_CHECK(decoder_count(d, DC_flows) == s.n);
	harvest(d, s.n);
	decoder_each_template(d, restore, next);
	decoder_free(next);
	decoder_free(d);
	return 0;
}
