/* Keys of groups: from a row to bytes and back, and their order. */
#include "query/group.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/filter_random.h"
#include "tests/shards.h"

#define FLOWS	600

/* The flow's columns as data; addresses point into f. */
static void
data_of(const struct flow *f, struct datum data[COLUMN_COUNT + 1])
{
	memset(data, 0, (COLUMN_COUNT + 1) * sizeof(*data));
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *info = column_info(c);
		const void *p = (const char *)f + info->offset;
		const struct addr *a = p;

		/* rubbish that must not be looked at */
		data[c].number = 1;
		if (!flow_has(f, c))
			continue;
		data[c].kind = info->type == CT_ADDR ? DATUM_ADDR :
		    DATUM_NUMBER;
		if (info->type == CT_ADDR) {
			data[c].len = a->len;
			data[c].addr = a->bytes;
		} else {
			data[c].number = info->type == CT_TIME ||
			    info->type == CT_SPAN ? *(const int64_t *)p :
			    (int64_t)flow_number(f, c);
		}
	}
}

static size_t
key_of(const struct group *g, const struct flow *f, unsigned side,
    uint8_t key[TALLY_KEY_MAX])
{
	struct datum data[COLUMN_COUNT + 1];
	size_t len;

	data_of(f, data);
	len = group_key(g, data, side, key);
	cr_assert_leq(len, group_key_max(g));
	return len;
}

static bool
same_value(const struct flow *a, const struct flow *b, enum column c)
{
	const struct column_info *info = column_info(c);
	const void *pa = (const char *)a + info->offset;
	const void *pb = (const char *)b + info->offset;

	if (flow_has(a, c) != flow_has(b, c))
		return false;
	if (!flow_has(a, c))
		return true;
	if (info->type == CT_ADDR)
		return addr_cmp(pa, pb) == 0;
	return info->type == CT_TIME || info->type == CT_SPAN ?
	    *(const int64_t *)pa == *(const int64_t *)pb :
	    flow_number(a, c) == flow_number(b, c);
}

static void
fields(struct group *g, const char *text)
{
	struct err err = { .msg = "" };

	cr_assert_eq(group_parse_fields(text, g, &err), 0, "%s: %s", text,
	    err.msg);
}

static const struct tally_sum sum = { .flows = 3, .packets = 4, .bytes = 5,
	.first_ms = 6, .last_ms = 16, .tcp_flags = 7 };

/* Every statistic, every side: the row has the value that went in. */
Test(group, there_and_back)
{
	struct flow *v = flows_random(7, FLOWS);
	const struct stat_info *info;
	uint8_t key[TALLY_KEY_MAX];
	size_t counted = 0;

	for (size_t s = 0; (info = stat_at(s)) != NULL; s++) {
		struct group g = { .n = 0 };

		/* exporters are no column, countries need a database */
		if (info->side[0] == STAT_EXPORTER ||
		    info->place != GEO_NOTHING)
			continue;
		cr_assert_eq(group_parse_stat(info->name, NULL, &g, NULL), 0);
		cr_assert_eq(group_sides(&g), info->n_sides);
		for (size_t i = 0; i < FLOWS; i++) {
			for (unsigned k = 0; k < info->n_sides; k++) {
				struct flow f = v[i];
				struct row row;
				size_t len = key_of(&g, &f, k, key);

				if (len == 0)
					continue;
				counted++;
				cr_assert(flow_has(&f, info->side[k]));
				group_row(&g, key, len, &sum, &row);
				/* rows show every side in the first's column */
				cr_assert(flow_has(&row.flow, info->side[0]));
				if (k == 0)
					cr_assert(same_value(&row.flow, &f,
					    info->side[0]), "%s", info->name);
				cr_assert_eq(row.flow.duration_ms, 10);
				cr_assert_eq(row.flows, 3);
			}
		}
	}
	cr_expect_gt(counted, 10000);
	free(v);
}

/* A flow counts once under each different value. */
Test(group, sides_once)
{
	struct flow f = { .set = flow_bit(COL_src_port) |
		flow_bit(COL_dst_port), .src_port = 53, .dst_port = 53 };
	uint8_t key[TALLY_KEY_MAX];
	struct group g;

	cr_assert_eq(group_parse_stat("port", NULL, &g, NULL), 0);
	cr_expect_gt(key_of(&g, &f, 0, key), 0);
	cr_expect_eq(key_of(&g, &f, 1, key), 0);
	f.dst_port = 54;
	cr_expect_gt(key_of(&g, &f, 1, key), 0);
	f.set = flow_bit(COL_dst_port);
	cr_expect_eq(key_of(&g, &f, 0, key), 0);
	cr_expect_gt(key_of(&g, &f, 1, key), 0);
	f.set = 0;
	cr_expect_eq(key_of(&g, &f, 1, key), 0);
}

/* Under -A a field that was not sent is a value of its own. */
Test(group, missing_parts)
{
	struct flow f = { .set = flow_bit(COL_proto), .proto = 6 };
	uint8_t a[TALLY_KEY_MAX], b[TALLY_KEY_MAX];
	struct group g;
	struct row row;
	size_t la, lb;

	fields(&g, "srcip,proto,dstport");
	la = key_of(&g, &f, 0, a);
	cr_assert_gt(la, 0);
	group_row(&g, a, la, &sum, &row);
	cr_expect_not(flow_has(&row.flow, COL_src_addr));
	cr_expect_not(flow_has(&row.flow, COL_dst_port));
	cr_expect_eq(row.flow.proto, 6);
	cr_expect_not(flow_has(&row.flow, COL_tcp_flags));
	f.set |= flow_bit(COL_dst_port);
	f.dst_port = 0;
	lb = key_of(&g, &f, 0, b);
	cr_expect(la != lb || memcmp(a, b, la) != 0);
	cr_expect_lt(group_compare(&g, a, b), 0);
}

/* What the column cannot hold is as if it had not been sent. */
Test(group, numbers_too_large)
{
	static const int64_t odd[] = { -1, 65536, 65536 + 53, INT64_MIN,
		INT64_MAX };
	struct datum data[COLUMN_COUNT + 1] = { { .kind = DATUM_NULL } };
	uint8_t key[TALLY_KEY_MAX], none[TALLY_KEY_MAX];
	struct group stat, field;
	size_t len;

	cr_assert_eq(group_parse_stat("dstport", NULL, &stat, NULL), 0);
	fields(&field, "dstport");
	len = group_key(&field, data, 0, none);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		data[COL_dst_port] = (struct datum){ .kind = DATUM_NUMBER,
			.number = odd[i] };
		cr_expect_eq(group_key(&stat, data, 0, key), 0);
		cr_expect_eq(group_key(&field, data, 0, key), len);
		cr_expect_eq(memcmp(key, none, len), 0);
	}
}

static void
addr_flow(struct flow *f, const char *src, const char *dst)
{
	f->set |= flow_bit(COL_src_addr) | flow_bit(COL_dst_addr);
	cr_assert_eq(addr_parse(src, strlen(src), &f->src_addr), 0);
	cr_assert_eq(addr_parse(dst, strlen(dst), &f->dst_addr), 0);
}

static const struct { const char *fields, *src, *want; int mask; } cuts[] = {
	{ "srcip", "192.168.255.255", "192.168.255.255", -1 },
	{ "srcip4/24", "192.168.255.255", "192.168.255.0", -1 },
	{ "srcip4/23", "192.168.255.255", "192.168.254.0", -1 },
	{ "srcip4/1", "192.168.255.255", "128.0.0.0", -1 },
	{ "srcip4/0", "192.168.255.255", "0.0.0.0", -1 },
	{ "srcip4/32", "192.168.255.255", "192.168.255.255", -1 },
	/* of the other family it keeps all */
	{ "srcip4/24", "2001:db8::ffff", "2001:db8::ffff", -1 },
	{ "srcip6/48", "192.168.255.255", "192.168.255.255", -1 },
	{ "srcip6/48", "2001:db8:ffff:ffff::1", "2001:db8:ffff::", -1 },
	{ "srcip6/127", "ffff::ffff", "ffff::fffe", -1 },
	{ "srcip6/128", "ffff::ffff", "ffff::ffff", -1 },
	{ "srcip6/0", "ffff::ffff", "::", -1 },
	{ "srcip4/8,srcip6/16", "10.1.2.3", "10.0.0.0", -1 },
	{ "srcip4/8,srcip6/16", "2001:db8::1", "2001::", -1 },
	/* by the mask of the route */
	{ "srcnet", "10.1.2.3", "10.1.2.3", -1 },
	{ "srcnet", "10.1.2.3", "10.1.0.0", 16 },
	{ "srcnet", "10.1.2.3", "0.0.0.0", 0 },
	{ "srcnet", "10.1.2.3", "10.1.2.3", 32 },
	{ "srcnet", "10.1.2.3", "10.1.2.3", 33 },
	{ "srcnet", "10.1.2.3", "10.1.2.3", 255 },
	{ "srcnet", "2001:db8::1", "2001:db8::", 64 },
	{ "srcnet", "2001:db8::1", "2001:db8::1", 129 },
};

Test(group, prefixes)
{
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct flow f = { .set = 0 };
		char text[ADDR_TEXT_MAX];
		uint8_t key[TALLY_KEY_MAX];
		struct group g;
		struct row row;
		size_t len;

		fields(&g, cuts[i].fields);
		addr_flow(&f, cuts[i].src, "10.0.0.1");
		if (cuts[i].mask >= 0) {
			f.set |= flow_bit(COL_src_mask);
			f.src_mask = (uint8_t)cuts[i].mask;
		}
		len = key_of(&g, &f, 0, key);
		group_row(&g, key, len, &sum, &row);
		(void)addr_format(&row.flow.src_addr, text);
		cr_expect_str_eq(text, cuts[i].want, "%s of %s: %s, not %s",
		    cuts[i].fields, cuts[i].src, text, cuts[i].want);
	}
}

/* Both directions meet under one key but for its end, and come back apart. */
static void
both_ways(const struct flow *f, bool one_key)
{
	uint8_t a[TALLY_KEY_MAX], b[TALLY_KEY_MAX];
	struct flow back = *f;
	struct group g;
	struct row row;
	size_t la, lb;
	bool icmp = flow_has(f, COL_proto) && (f->proto == IPPROTO_ICMP ||
	    f->proto == IPPROTO_ICMPV6);

	group_record(&g);
	g.bidir = true;
	back.src_addr = f->dst_addr;
	back.dst_addr = f->src_addr;
	if (!icmp) {
		back.src_port = f->dst_port;
		back.dst_port = f->src_port;
	}
	la = key_of(&g, f, 0, a);
	lb = key_of(&g, &back, 0, b);
	cr_assert_eq(la, lb);
	cr_expect_eq(memcmp(a, b, la - group_tail(&g)), 0);
	cr_expect_eq(a[la - 1] == b[lb - 1], one_key);
	for (int way = 0; way < 2; way++) {
		const struct flow *want = way == 0 ? f : &back;

		group_row(&g, way == 0 ? a : b, la, &sum, &row);
		for (size_t i = 0; i < g.n; i++)
			cr_expect(same_value(&row.flow, want,
			    g.part[i].info->side[0]), "%s",
			    g.part[i].info->name);
	}
}

Test(group, both_directions)
{
	struct flow f = { .set = flow_bit(COL_proto) | flow_bit(COL_src_port) |
		flow_bit(COL_dst_port), .proto = 6, .src_port = 50000,
		.dst_port = 443 };

	addr_flow(&f, "10.0.0.1", "192.168.1.1");
	both_ways(&f, false);
	addr_flow(&f, "10.0.0.1", "2001:db8::1");
	both_ways(&f, false);
	addr_flow(&f, "10.0.0.1", "10.0.0.1");
	both_ways(&f, false);
	f.dst_port = f.src_port;
	both_ways(&f, true);
	f.dst_port = 2048;
	f.proto = IPPROTO_ICMP;
	f.src_port = 0;
	both_ways(&f, true);
	addr_flow(&f, "10.0.0.1", "10.0.0.2");
	both_ways(&f, false);
	f.proto = IPPROTO_ICMPV6;
	addr_flow(&f, "fe80::1", "fe80::");
	both_ways(&f, false);
	/* without a protocol its ports are ports: data_of leaves a 1 there */
	f.set &= ~flow_bit(COL_proto);
	f.src_port = 7;
	addr_flow(&f, "10.0.0.1", "10.0.0.1");
	both_ways(&f, false);
}

static int
sign(int v)
{
	return (v > 0) - (v < 0);
}

/* Two ways to order keys agree, with each other and with equality. */
Test(group, order_of_keys)
{
	static const char *const groups[] = { "srcip", "srcip,dstport",
		"proto,srcip4/8,dstip6/16,srcport,nextas", "insrcmac,tos" };
	struct flow *v = flows_random(3, FLOWS);
	uint8_t (*key)[TALLY_KEY_MAX] = calloc(FLOWS, sizeof(*key));
	size_t len[FLOWS];

	for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++) {
		struct group g;

		fields(&g, groups[k]);
		for (size_t i = 0; i < FLOWS; i++)
			len[i] = key_of(&g, &v[i], 0, key[i]);
		for (size_t i = 0; i < 40000; i++) {
			size_t a = i * 7919 % FLOWS, b = i / FLOWS * 31 % FLOWS;
			uint8_t sa[2 * TALLY_KEY_MAX], sb[2 * TALLY_KEY_MAX];
			size_t na = group_sort_key(&g, key[a], sa);
			size_t nb = group_sort_key(&g, key[b], sb);
			size_t n = na < nb ? na : nb;
			int c = group_compare(&g, key[a], key[b]);
			int m = memcmp(sa, sb, n);

			cr_assert_eq(sign(c), sign(m));
			cr_assert_eq(c == 0, len[a] == len[b] &&
			    memcmp(key[a], key[b], len[a]) == 0);
			if (m == 0)
				cr_assert_eq(na, nb);
		}
	}
	free(key);
	free(v);
}

/* Sums of a lying shard. */
Test(group, odd_sums)
{
	const struct tally_sum lie = { .flows = -1, .packets = -2,
		.first_ms = INT64_MIN, .last_ms = INT64_MAX };
	struct flow f = { .set = flow_bit(COL_proto) };
	uint8_t key[TALLY_KEY_MAX];
	struct group g;
	struct row row;

	fields(&g, "proto");
	group_row(&g, key, key_of(&g, &f, 0, key), &lie, &row);
	cr_expect_eq(row.flow.duration_ms, INT64_MAX);
	cr_expect_eq(row_packets(&row), INT64_MAX);
}
