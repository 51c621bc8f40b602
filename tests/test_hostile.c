/*
 * The decoder against input that nobody meant well: every byte of good
 * packets changed, packets cut anywhere, random ones, and floods.  Seeded,
 * so that a failure comes again.  The sanitizer build is what makes it sharp:
 * each datagram lies at the end of its own allocation.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tests/script.h"

/* Freed pieces that malloc keeps for its next callers count as used. */
#define MALLOC_CACHE	250000

static uint64_t
next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const struct decoder_limits small = {
	.max_exporters = 4, .max_templates = 8, .max_fields = 64,
	.max_held = 2000, .max_held_total = 4000,
	.template_age_sec = 1000, .max_template_memory = 20000,
};

/* What any flow must be like, whatever was sent. */
static void
expect_sane(const struct flow *f)
{
	cr_assert(flow_has(f, COL_first_ms));
	cr_assert(flow_has(f, COL_exporter));
	cr_assert_neq(f->exporter, 0);
	if (flow_has(f, COL_duration_ms))
		cr_assert_geq(f->duration_ms, 0);
	if (flow_has(f, COL_sampling))
		cr_assert_gt(f->sampling, 1);
	for (int c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);
		struct addr a;

		if (!flow_has(f, (enum column)c))
			continue;
		if (ci->type == CT_COUNT)
			cr_assert_leq(flow_number(f, (enum column)c),
			    FLOW_COUNT_MAX);
		if (ci->type != CT_ADDR)
			continue;
		memcpy(&a, (const char *)f + ci->offset, sizeof(a));
		cr_assert(a.len == 4 || a.len == 16, "%s", ci->name);
	}
}

/* Decodes a copy without a byte of room behind it. */
static void
feed(struct decoder *d, struct flows *f, const struct datagram *g, size_t len)
{
	struct datagram copy = *g;
	uint8_t *p = malloc(len == 0 ? 1 : len);

	cr_assert_not_null(p);
	memcpy(p, g->data, len);
	copy.data = p;
	copy.len = len;
	flows_decode(f, d, &copy);
	free(p);
}

/* All packets of s, of which number at is len bytes long. */
static void
play(const struct script *s, size_t at, size_t len)
{
	struct decoder *d = decoder_new(&small);
	struct flows f = { .n = 0 };
	size_t bytes = 0;

	cr_assert_not_null(d);
	for (size_t i = 0; i < s->n_packets; i++) {
		size_t n = i == at ? len : s->packet[i].g.len;

		feed(d, &f, &s->packet[i].g, n);
		bytes += n;
	}
	cr_assert_leq(f.n, bytes, "a flow takes at least a byte");
	cr_assert_eq(f.n, decoder_count(d, DC_flows));
	for (size_t i = 0; i < f.n; i++)
		expect_sane(&f.v[i]);
	flows_clear(&f);
	decoder_free(d);
}

static size_t
mutate(struct script *s, uint64_t *seed)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_packets; i++) {
		size_t len = s->packet[i].g.len;

		for (size_t b = 0; b < len; b++) {
			uint8_t *p = &s->packet[i].data[b], was = *p;
			const uint8_t values[] = { 0, 0xff, was ^ 1,
				was ^ 0x80, (uint8_t)next(seed) };

			for (size_t v = 0; v < sizeof(values); v++, n++) {
				*p = values[v];
				play(s, i, len);
			}
			*p = was;
			play(s, i, b);		/* cut here */
			n++;
		}
	}
	return n;
}

Test(hostile, mutated_packets)
{
	uint64_t seed = 1;
	size_t n = 0;
	glob_t g;

	cr_assert_eq(glob("tests/packets/*.hex", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *text = script_file(g.gl_pathv[i]);
		struct script *s = script_read(g.gl_pathv[i], text);

		n += mutate(s, &seed);
		free(s);
		free(text);
	}
	globfree(&g);
	cr_expect_gt(n, 10000);
}

/* Sets of any id and length with random content behind a right header. */
static size_t
random_packet(uint8_t *p, size_t max, uint64_t *seed)
{
	static const uint16_t ids[] = { 0, 1, 2, 3, 4, 256, 257, 258, 65535 };
	int ipfix = next(seed) & 1;
	size_t n = ipfix ? 16 : 20, end = n + next(seed) % (max - n);

	for (size_t i = 0; i < end; i++)
		/* small numbers make likely templates */
		p[i] = next(seed) & 1 ? 0 : (uint8_t)(next(seed) % 24);
	p[0] = 0;
	p[1] = ipfix ? 10 : 9;
	while (n + 4 <= end) {
		uint16_t id = ids[next(seed) % 9];
		size_t len = 4 + next(seed) % 60;

		p[n] = (uint8_t)(id >> 8);
		p[n + 1] = (uint8_t)id;
		p[n + 2] = 0;
		p[n + 3] = (uint8_t)len;
		if (id < 4 && n + 8 <= end) {
			p[n + 4] = 1;
			p[n + 5] = (uint8_t)(next(seed) % 3);
			p[n + 6] = 0;
		}
		n += len;
	}
	if (ipfix) {
		p[2] = (uint8_t)(end >> 8);
		p[3] = (uint8_t)end;
	}
	p[ipfix ? 12 : 16] = p[ipfix ? 13 : 17] = 0;
	p[ipfix ? 14 : 18] = p[ipfix ? 15 : 19] = 0;
	return end;
}

Test(hostile, random_packets)
{
	uint64_t seed = 42;
	struct decoder *d = decoder_new(&small);
	struct flows f = { .n = 0 };
	struct datagram g = { .from = addr_from("\1\2\3\4", 4),
		.arrival_ms = SCRIPT_ARRIVAL };
	uint8_t p[600];

	cr_assert_not_null(d);
	g.data = p;
	for (int i = 0; i < 30000; i++) {
		size_t len = random_packet(p, sizeof(p), &seed);
		size_t was = f.n;

		g.arrival_ms += 10;
		feed(d, &f, &g, len);
		/* held data counts for packets before */
		cr_assert_leq(f.n - was, len + small.max_held);
		for (size_t k = was; k < f.n; k++)
			expect_sane(&f.v[k]);
		if (f.n > 100000)
			f.n = 0;
	}
	/* the packets were good enough to get everywhere */
	cr_expect_gt(decoder_count(d, DC_flows), 1000);
	cr_expect_gt(decoder_count(d, DC_options), 100);
	cr_expect_gt(decoder_count(d, DC_templates_changed), 1000);
	cr_expect_gt(decoder_count(d, DC_templates_withdrawn), 100);
	cr_expect_gt(decoder_count(d, DC_held_decoded), 100);
	cr_expect_gt(decoder_count(d, DC_held_dropped), 100);
	flows_clear(&f);
	decoder_free(d);
}

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A datagram full of templates of many fields, and data for others. */
static size_t
flood_packet(uint8_t *p, size_t max, uint64_t *seed)
{
	size_t n = 20, set;

	memset(p, 0, 20);
	p[1] = 9;
	put16(p + 18, next(seed) % 8);
	set = n;
	put16(p + n, 0);
	n += 4;
	while (n + 4 + 60 * 4 < max / 2) {
		put16(p + n, 256 + next(seed) % 2000);
		put16(p + n + 2, 60);
		n += 4;
		for (int i = 0; i < 60; i++, n += 4) {
			put16(p + n, next(seed) % 300);
			put16(p + n + 2, next(seed) % 4 == 0 ? 65535 : 4);
		}
	}
	put16(p + set + 2, n - set);
	while (n + 44 < max) {
		put16(p + n, 256 + next(seed) % 60000);
		put16(p + n + 2, 44);
		memset(p + n + 4, 0, 40);
		n += 44;
	}
	return n;
}

/* Templates, exporters and data to be held without end: memory stays. */
Test(hostile, flood_stays_within_its_memory)
{
	struct decoder_limits l = small;
	uint64_t seed = 7, allowed;
	struct decoder_memory parts;
	static uint8_t p[60000];
	size_t before, most = 0;
	struct decoder *d;
	struct flows f = { .n = 0 };

	l.max_exporters = 20;
	l.max_templates = 100;
	l.max_template_memory = 3000000;
	l.max_held = 300000;
	l.max_held_total = 2000000;
	allowed = decoder_memory(&l, &parts);
	cr_assert_lt(allowed, 5200000);
	before = mallinfo2().uordblks;
	d = decoder_new(&l);
	cr_assert_not_null(d);
	for (int i = 0; i < 2000; i++) {
		struct datagram g = { .data = p, .arrival_ms =
			SCRIPT_ARRIVAL + i };
		uint8_t from[4];
		uint64_t r = next(&seed) % 30;
		size_t now;

		memcpy(from, &r, 4);
		g.from = addr_from(from, 4);
		g.len = flood_packet(p, 1400 + next(&seed) % 50000, &seed);
		flows_decode(&f, d, &g);
		flows_clear(&f);
		now = mallinfo2().uordblks - before;
		if (now > most)
			most = now;
	}
	/* a sanitizer's allocator tells nothing */
	cr_expect_leq(most, allowed + MALLOC_CACHE,
	    "%zu bytes, promised %llu", most,
	    (unsigned long long)allowed);
	cr_expect_gt(decoder_count(d, DC_too_many_templates), 1000);
	cr_expect_gt(decoder_count(d, DC_too_many_exporters), 100);
	cr_expect_gt(decoder_count(d, DC_held_dropped), 1000);
	decoder_free(d);
	cr_expect_leq(mallinfo2().uordblks, before + MALLOC_CACHE);
}

#define PADDING	600	/* fields: a template larger than any gap */

/* A v9 datagram: a template of bytes, packets and padding, and a flow of it. */
static size_t
wide_packet(uint8_t *p, unsigned id)
{
	const size_t data = 4 + 4 + 4 + PADDING;
	size_t n = 20;

	memset(p, 0, 20 + 8 + 4 * (2 + PADDING) + data);
	p[1] = 9;
	p[3] = 2;
	put16(p + n + 2, 8 + 4 * (2 + PADDING));	/* set 0: templates */
	put16(p + n + 4, id);
	put16(p + n + 6, 2 + PADDING);
	n += 8;
	for (size_t i = 0; i < 2 + PADDING; i++, n += 4) {
		put16(p + n, i < 2 ? i + 1 : 210);
		put16(p + n + 2, i < 2 ? 4 : 1);
	}
	put16(p + n, id);
	put16(p + n + 2, data);
	p[n + 7] = 77;
	p[n + 11] = 1;
	return n + data;
}

/*
 * Others have filled the memory for templates: there is room for those of one
 * who comes then, and they stay.
 */
Test(hostile, flood_leaves_others_their_templates)
{
	const uint8_t known[4] = { 10, 0, 0, 1 };
	struct decoder_limits l = decoder_defaults;
	struct flows f = { .n = 0 };
	static uint8_t p[60000];
	uint64_t seed = 3;
	struct decoder *d;

	l.max_template_memory = 500000;
	d = decoder_new(&l);
	cr_assert_not_null(d);
	for (unsigned i = 0; i < 300; i++) {
		const uint8_t from[4] = { 172, 16, 0,
			(uint8_t)(next(&seed) % 40) };
		struct datagram g = { .data = p, .arrival_ms =
			SCRIPT_ARRIVAL + i, .from = addr_from(from, 4) };

		/* its templates alone, in one domain */
		(void)flood_packet(p, 20000, &seed);
		put16(p + 18, 0);
		g.len = 20 + ((size_t)p[22] << 8 | p[23]);
		flows_decode(&f, d, &g);
		if (i < 100)
			continue;
		g.from = addr_from(known, 4);
		g.len = wide_packet(p, 256 + i % 2);
		/* once it has both: data alone */
		if (i >= 102) {
			memmove(p + 20, p + g.len - 12 - PADDING,
			    12 + PADDING);
			g.len = 32 + PADDING;
		}
		flows_decode(&f, d, &g);
		cr_assert_eq(f.n, (size_t)i - 99, "datagram %u", i);
		cr_assert_eq(f.v[f.n - 1].bytes, 77);
	}
	cr_expect_gt(decoder_count(d, DC_too_many_templates), 1000);
	flows_clear(&f);
	decoder_free(d);
}
