/*
 * The generator against the decoder: what gen.c made and gen_packet.c wrote
 * as datagrams must come out of packet_decode field by field, in order.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "collector/packet.h"
#include "tests/flows.h"
#include "tests/gen.h"
#include "tests/gen_packet.h"

#define FLOWS	5000

/* Beyond what was made, v5 tells its engine. */
static uint64_t
expected_bits(const struct flow *f, uint16_t version)
{
	uint64_t bits = f->set & ~flow_bit(COL_exporter);

	if (version == 5)
		bits |= flow_bit(COL_engine_type) | flow_bit(COL_engine_id);
	return bits;
}

static void
compare(const struct flow *want, const struct flow *got, uint16_t version)
{
	uint64_t bits = expected_bits(want, version);
	char a[60], b[60];

	cr_assert_eq(got->set & ~flow_bit(COL_exporter), bits,
	    "v%u has %llx, want %llx", version,
	    (unsigned long long)got->set, (unsigned long long)bits);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (c == COL_exporter || !flow_has(want, (enum column)c))
			continue;
		flow_text(want, (enum column)c, a);
		flow_text(got, (enum column)c, b);
		cr_assert_str_eq(a, b, "v%u %s", version,
		    column_info((enum column)c)->name);
	}
}

static void
decode(struct decoder *d, struct flows *out, const struct gen *g,
    const struct gen_burst *b, const uint8_t *data, size_t len)
{
	struct datagram dg = { .data = data, .len = len,
	    .from = gen_exporter(g, b->exporter)->address,
	    .arrival_ms = b->arrival_ms };

	flows_decode(out, d, &dg);
}

ParameterizedTestParameters(gen, decoded)
{
	static const int wires[] = { GEN_V9, GEN_V5, GEN_IPFIX, GEN_MIX };

	return cr_make_param_array(const int, wires, 4);
}

ParameterizedTest(const int *wire, gen, decoded)
{
	struct gen_options o = gen_defaults;
	struct decoder *d = decoder_new(&decoder_defaults);
	struct gen_sender s = { .sequence = { 0 } };
	struct flows out = { .v = NULL };
	struct gen_burst b;
	struct gen *g;
	uint8_t buf[GEN_PACKET_MAX];
	size_t n = 0, len;

	o.wire = (enum gen_wire)*wire;
	o.flows = FLOWS;
	g = gen_new(&o);
	cr_assert(d != NULL && g != NULL);
	while (gen_next(g, &b)) {
		uint16_t version = gen_exporter(g, b.exporter)->version;

		len = gen_templates(&s, g, &b, buf);
		if (len > 0)
			decode(d, &out, g, &b, buf, len);
		len = gen_data(&s, g, &b, buf);
		cr_assert_leq(len, 1472, "%zu bytes do not fit a frame", len);
		decode(d, &out, g, &b, buf, len);
		cr_assert_eq(out.n, n + b.n);
		for (size_t i = 0; i < b.n; i++)
			compare(&b.v[i], &out.v[n + i], version);
		n = out.n;
	}
	cr_assert_eq(n, FLOWS);
	cr_assert_eq(decoder_count(d, DC_lost), 0);
	cr_assert_eq(decoder_count(d, DC_bad_time), 0);
	for (enum decoder_count c = 0; c < DECODER_COUNTS; c++) {
		if (decoder_count_is_bad(c))
			cr_assert_eq(decoder_count(d, c), 0, "%s",
			    decoder_count_name(c));
	}
	flows_clear(&out);
	gen_free(g);
	decoder_free(d);
}

/* Known numbers: another machine or compiler must make the same list. */
Test(gen, same_everywhere)
{
	struct gen *g = gen_new(&gen_defaults);
	struct gen_burst b;
	uint64_t bytes = 0, packets = 0, times = 0, six = 0, n = 0;

	cr_assert_not_null(g);
	while (gen_next(g, &b)) {
		for (size_t i = 0; i < b.n; i++) {
			bytes += b.v[i].bytes;
			packets += b.v[i].packets;
			times += (uint64_t)b.v[i].first_ms;
			six += b.v[i].src_addr.len == 16;
		}
		n += b.n;
	}
	cr_assert_eq(n, 30000);
	cr_expect_eq(packets, 886260, "%llu", (unsigned long long)packets);
	cr_expect_eq(bytes, 458759379, "%llu", (unsigned long long)bytes);
	cr_expect_eq(times, 43808741705436538, "%llu", (unsigned long long)times);
	cr_expect_eq(six, 3600, "%llu", (unsigned long long)six);
	gen_free(g);
}
