/* Random filters and flows: see filter_random.h. */
#include "tests/filter_random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/value.h"
#include "query/words.h"

const struct match_exporter random_exporters[RANDOM_EXPORTERS] = {
	{ { { 127, 0, 0, 1 }, 4 }, 9, "cisco" },
	{ { { 10, 1, 2, 3 }, 4 }, 5, "o'neil x" },
	{ { { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 16 }, 10, NULL }
};

static const char *const addrs[] = {
	"10.0.0.1", "10.0.0.2", "10.1.2.3", "127.0.0.1", "192.168.1.10",
	"192.168.1.255", "0.0.0.0", "255.255.255.255", "32.1.13.184",
	"2001:db8::1", "2001:db8::2", "::", "fe80::1", "a00:1::",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
};

static const char *const nets[] = {
	"10.0.0.0/8", "10/8", "192.168.1.0/24", "192.168.1.7/25",
	"0.0.0.0/0", "::/0", "2001:db8::/32", "2001::/16", "fe80::/10",
	"10.0.0.1-10.1.2.3", "2001:db8::1-2001:db8::ffff", "32.0.0.0/3",
	"127.0.0.1/32"
};

static const char *const ports[] = {
	"53", "domain", "80", "443", "0x35", "1k", "0", "65535", "771",
	"50-60", "1-1023", "1024-65535", "2048"
};

static const uint32_t small[] = { 0, 1, 2, 3, 5, 7, 24, 53, 64, 100, 255 };

static const char *const times[] = {
	"2026-11-23", "2026/11/23.05:52", "2026-11-23T05:52:14.250Z",
	"2026-11-23T05:52:14Z", "2026", "'2026-11-23 05:52:17'",
	"2026-11-23T05:52Z..2026-11-23T05:53Z"
};

#define COUNT(a)	((uint32_t)(sizeof(a) / sizeof((a)[0])))

uint32_t
random_below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)((*seed >> 33) % n);
}

const struct match_exporter *
random_exporter(void *arg, uint32_t id)
{
	(void)arg;
	return id >= 1 && id <= RANDOM_EXPORTERS ? &random_exporters[id - 1] :
	    NULL;
}

static void
put_number(FILE *out, uint64_t *seed, const struct word *w)
{
	static const char *const big[] = { "1k", "10k", "1m", "3g", "8t",
		"9007199254740991", "9223372036854775806" };
	int subject = w->subject[0];

	if (subject_max(subject, w->part) > UINT32_MAX &&
	    random_below(seed, 2) == 0)
		fputs(big[random_below(seed, COUNT(big))], out);
	else if (subject_max(subject, w->part) < 255)
		fprintf(out, "%u", random_below(seed, 8));
	else
		fprintf(out, "%u", small[random_below(seed, COUNT(small))]);
}

static void
put_named(FILE *out, uint64_t *seed, enum value_kind kind)
{
	uint32_t n = 0;

	while (words_name_at(kind, n) != NULL)
		n++;
	fputs(words_name_at(kind, random_below(seed, n)), out);
}

static void
put_value(FILE *out, uint64_t *seed, const struct word *w, int ordered,
    int list)
{
	static const char *const protos[] = { "tcp", "UDP", "icmp", "58",
		"icmp6", "6", "gre" };
	static const char *const flags[] = { "S", "SA", "AFRPU", "X", "F",
		"EC", "2", "18", "0" };
	static const char *const macs[] = { "00:11:22:33:44:55",
		"0:1:2:3:4:5", "ff:ff:ff:ff:ff:ff" };
	static const char *const names[] = { "cisco", "\"o'neil x\"",
		"'nobody'" };
	const char *port;

	switch (w->value) {
	case VALUE_ADDR:
		fputs(random_below(seed, 3) > 0 ?
		    addrs[random_below(seed, COUNT(addrs))] :
		    nets[random_below(seed, COUNT(nets))], out);
		break;
	case VALUE_NET:
		if (!list && random_below(seed, 6) == 0)
			fputs("10.0.9.9 255.254.0.0", out);
		else
			fputs(nets[random_below(seed, COUNT(nets))], out);
		break;
	case VALUE_PORT:
		do
			port = ports[random_below(seed, COUNT(ports))];
		while (ordered && strchr(port, '-') != NULL);
		fputs(port, out);
		break;
	case VALUE_PROTO:
		fputs(protos[random_below(seed, COUNT(protos))], out);
		break;
	case VALUE_FLAGS:
		fputs(flags[random_below(seed, COUNT(flags))], out);
		break;
	case VALUE_MAC:
		fputs(macs[random_below(seed, COUNT(macs))], out);
		break;
	case VALUE_TIME:
		fputs(times[random_below(seed, COUNT(times))], out);
		break;
	case VALUE_NAME:
		fputs(names[random_below(seed, COUNT(names))], out);
		break;
	case VALUE_NUMBER:
		if (!ordered && random_below(seed, 6) == 0 &&
		    subject_max(w->subject[0], w->part) >= 255)
			fputs("2-60", out);
		else
			put_number(out, seed, w);
		break;
	default:
		put_named(out, seed, w->value);
	}
}

static void
put_relation(FILE *out, uint64_t *seed, const struct word *w)
{
	static const char *const signs[] = { "", "=", "==", "eq ", "!=",
		"ne ", "<", "lt ", "<=", ">", ">=", "ge " };
	/* < and > only where there is an order */
	uint32_t sign = random_below(seed, value_ordered(w->value) ? 12 : 6);

	putc(' ', out);
	if (w->value == VALUE_NAME) {
		fputs(signs[sign], out);
		put_value(out, seed, w, 0, 0);
	} else if (random_below(seed, 4) == 0) {
		fputs(random_below(seed, 4) == 0 ? "!= [" : "in [", out);
		for (uint32_t n = random_below(seed, 6) + 1; n > 0; n--) {
			put_value(out, seed, w, 0, 1);
			fputs(n % 3 == 0 ? ", " : " ", out);
		}
		putc(']', out);
	} else {
		fputs(signs[sign], out);
		put_value(out, seed, w, sign >= 6, 0);
	}
}

static const struct word *
twin(const struct word *w)
{
	const struct word *d;

	if (strncmp(w->phrase, "src ", 4) != 0)
		return NULL;
	for (size_t i = 0; (d = words_at(i)) != NULL; i++) {
		if (strncmp(d->phrase, "dst ", 4) == 0 &&
		    strcmp(d->phrase + 4, w->phrase + 4) == 0)
			return d;
	}
	return NULL;
}

static void
put_test(FILE *out, uint64_t *seed)
{
	static const char *const both[] = { "src or dst", "dst or src",
		"src and dst", "dst and src" };
	static const char *const bare[] = { "tcp", "udp", "icmp", "any" };
	const struct word *w;
	uint32_t n = 0;

	if (random_below(seed, 20) == 0) {
		fputs(bare[random_below(seed, COUNT(bare))], out);
		return;
	}
	while (words_at(n) != NULL)
		n++;
	do
		w = words_at(random_below(seed, n));
	while (w->value == VALUE_REFUSED || value_needs_geo(w->value) ||
	    /* the many labels would crowd out the rest */
	    (strncmp(w->phrase, "mpls", 4) == 0 && random_below(seed, 8) > 0));
	if (twin(w) != NULL && random_below(seed, 3) == 0)
		fprintf(out, "%s %s", both[random_below(seed, COUNT(both))],
		    w->phrase + 4);
	else
		fputs(w->phrase, out);
	if (w->value != VALUE_NONE)
		put_relation(out, seed, w);
}

static void
put_expr(FILE *out, uint64_t *seed, uint32_t depth)
{
	uint32_t n;

	if (depth == 0 || random_below(seed, 5) == 0) {
		if (random_below(seed, 4) == 0)
			fputs(random_below(seed, 2) == 0 ? "not " : "! ",
			    out);
		put_test(out, seed);
		return;
	}
	if (random_below(seed, 4) == 0)
		fputs("not ", out);
	putc('(', out);
	n = random_below(seed, 3) + 1;
	for (uint32_t i = 0; i < n; i++) {
		static const char *const joins[] = { " and ", " or ", " && ",
			" || " };

		if (i > 0)
			fputs(joins[random_below(seed, COUNT(joins))], out);
		put_expr(out, seed, depth - 1);
	}
	putc(')', out);
}

char *
random_filter(uint64_t *seed)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	put_expr(out, seed, random_below(seed, 5));
	if (fclose(out) != 0)
		abort();
	return text;
}

static uint64_t
random_count(uint64_t *seed)
{
	switch (random_below(seed, 8)) {
	case 0:
		return FLOW_COUNT_MAX - random_below(seed, 3);
	case 1:
		return UINT64_C(3000000000) * random_below(seed, 3000);
	case 2:
		return 1000 * random_below(seed, 12);
	default:
		return small[random_below(seed, COUNT(small))];
	}
}

static uint64_t
random_number(uint64_t *seed, enum column c)
{
	static const uint32_t port[] = { 0, 53, 80, 443, 1000, 1024, 51234,
		65535, 771, 2048 };
	static const uint32_t proto[] = { 1, 6, 6, 6, 17, 17, 47, 58 };
	static const uint32_t rate[] = { 0, 1, 10, 1000, UINT32_MAX };
	static const uint64_t mac[] = { UINT64_C(0x001122334455),
		UINT64_C(0x000102030405), UINT64_C(0xffffffffffff) };
	uint64_t max = coltype_max(column_info(c)->type), v;

	if (c == COL_exporter)
		return 1 + random_below(seed, RANDOM_EXPORTERS + 1);
	if (c == COL_sampling)
		return rate[random_below(seed, COUNT(rate))];
	if (c >= COL_mpls1)
		return small[random_below(seed, 8)] * 16 +
		    random_below(seed, 16);
	if (c == COL_fw_xevent)
		return 1000 + random_below(seed, 6);
	switch (column_info(c)->type) {
	case CT_PROTO:
		return proto[random_below(seed, COUNT(proto))];
	case CT_COUNT:
		return random_count(seed);
	case CT_MAC:
		return mac[random_below(seed, COUNT(mac))];
	case CT_U16:
		return port[random_below(seed, COUNT(port))];
	case CT_FLAGS:
		return random_below(seed, 256) & random_below(seed, 256);
	default:
		v = small[random_below(seed, COUNT(small))];
		return v > max ? max : v;
	}
}

static void
set_number(struct flow *f, enum column c, uint64_t v)
{
	void *p = (char *)f + column_info(c)->offset;

	switch (column_info(c)->type) {
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		*(uint8_t *)p = (uint8_t)v;
		break;
	case CT_U16:
		*(uint16_t *)p = (uint16_t)v;
		break;
	case CT_U32:
		*(uint32_t *)p = (uint32_t)v;
		break;
	default:
		*(uint64_t *)p = v;
	}
}

void
random_flow(uint64_t *seed, struct flow *out)
{
	/* 2026-11-23T05:52:14.250Z and around */
	static const int64_t moment = INT64_C(1795413134250);
	static const int64_t spans[] = { 0, 1, 7, 999, 15000, 3600000,
		INT64_C(4294967295000) };
	/* some flows have no row in path, or none in extra */
	bool path = random_below(seed, 4) > 0;
	bool extra = random_below(seed, 2) > 0;

	memset(out, 0, sizeof(*out));
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *info = column_info(c);
		void *p = (char *)out + info->offset;
		const char *a;

		if ((info->home == HOME_PATH && !path) ||
		    (info->home == HOME_EXTRA && !extra) ||
		    random_below(seed, info->home == HOME_FLOW ? 8 : 3) == 0)
			continue;
		out->set |= flow_bit(c);
		switch (info->type) {
		case CT_ADDR:
			a = addrs[random_below(seed, COUNT(addrs))];
			if (addr_parse(a, strlen(a), p) == -1)
				abort();
			break;
		case CT_TIME:
			*(int64_t *)p = moment +
			    (int64_t)random_below(seed, 9) * 1250 - 5000;
			break;
		case CT_SPAN:
			*(int64_t *)p = spans[random_below(seed,
			    COUNT(spans))];
			break;
		default:
			set_number(out, c, random_number(seed, c));
		}
	}
}
