/* Values in CSV: what is one, and what is none. */
#include "collector/csv_value.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/flow.h"

enum what { NUMBER, HEX, PORT, PROTO, FLAGS, MAC, MPLS, SPAN, SIGNED };

#define NO	INT64_MIN	/* is none */

static const struct {
	enum what	 what;
	const char	*text;
	int64_t		 value;
} cases[] = {
	{ NUMBER, "0", 0 }, { NUMBER, "007", 7 }, { NUMBER, "255", 255 },
	{ NUMBER, "256", NO }, { NUMBER, "", NO }, { NUMBER, "-1", NO },
	{ NUMBER, "+1", NO }, { NUMBER, " 1", NO }, { NUMBER, "1 ", NO },
	{ NUMBER, "1.0", NO }, { NUMBER, "1e2", NO }, { NUMBER, "0x1", NO },
	{ NUMBER, "99999999999999999999999999", NO },
	{ NUMBER, "18446744073709551616", NO },	/* 2^64 is not 0 */
	{ HEX, "0x00", 0 }, { HEX, "0x1F", 31 }, { HEX, "31", 31 },
	{ HEX, "0xffffffff", UINT32_MAX }, { HEX, "0x100000000", NO },
	{ HEX, "0x", NO }, { HEX, "0xg", NO }, { HEX, "ff", NO },
	{ HEX, "0x10000000000000000", NO },
	{ PORT, "443", 443 }, { PORT, "65535", 65535 }, { PORT, "65536", NO },
	{ PORT, "3.1", 769 }, { PORT, "8.0", 2048 }, { PORT, "256.0", NO },
	{ PORT, "3.256", NO }, { PORT, ".1", NO }, { PORT, "3.", NO },
	{ PORT, "3.1.1", NO },
	{ PROTO, "TCP", 6 }, { PROTO, "udp", 17 }, { PROTO, "ICMP6", 58 },
	{ PROTO, "254", 254 }, { PROTO, "256", NO }, { PROTO, "any", NO },
	{ FLAGS, "........", 0 }, { FLAGS, "CEUAPRSF", 255 },
	{ FLAGS, "...AP.SF", 27 }, { FLAGS, "27", 27 },
	{ FLAGS, "AP.SF", NO }, { FLAGS, "...PA.SF", NO },
	{ FLAGS, "...AP.S.F", NO },
	{ MAC, "00:11:22:aa:BB:cc", 0x001122aabbcc },
	{ MAC, "00:11:22:aa:bb:c", NO }, { MAC, "00-11-22-aa-bb-cc", NO },
	{ MAC, "00:11:22:aa:bb:cg", NO }, { MAC, "001122aabbcc", NO },
	{ MPLS, "0-0-0", 0 }, { MPLS, "100-5-1", 100 * 16 + 11 },
	{ MPLS, "1611", 1611 }, { MPLS, "100-8-1", NO },
	{ MPLS, "100-1-2", NO }, { MPLS, "100-1", NO }, { MPLS, "1--1", NO },
	{ MPLS, "268435456-0-0", NO },
	{ SPAN, "0.000", 0 }, { SPAN, "12.345", 12345 }, { SPAN, "12", 12000 },
	{ SPAN, "0.5", 500 }, { SPAN, "0.0019", 1 },
	{ SPAN, "00:00:15.250", 15250 }, { SPAN, "23:59:59", 86399000 },
	{ SPAN, "49d 17:02:57.296", INT64_C(4294977296) },
	{ SPAN, "24:00:00", NO }, { SPAN, "1d", NO }, { SPAN, "1d 5", NO },
	{ SPAN, "-1.000", NO }, { SPAN, ".5", NO }, { SPAN, "5.", NO },
	{ SPAN, "1.2.3", NO }, { SPAN, "inf", NO }, { SPAN, "", NO },
	{ SPAN, "99999999999999999999", NO }, { SPAN, "9007199254741", NO },
	{ SIGNED, "-5", -5 }, { SIGNED, "5", 5 }, { SIGNED, "-", NO },
	{ SIGNED, "--5", NO }, { SIGNED, "9007199254740991", FLOW_COUNT_MAX },
	{ SIGNED, "9007199254740992", NO }, { SIGNED, "", NO }
};

#define N_CASES	(sizeof(cases) / sizeof(cases[0]))

static int64_t
value_of(enum what what, const char *text)
{
	size_t len = strlen(text);
	int64_t ms = NO;
	uint64_t v = 0;
	int rc = 0;

	switch (what) {
	case NUMBER:
		rc = csv_number(text, len, 255, &v);
		break;
	case HEX:
		rc = csv_hex(text, len, UINT32_MAX, &v);
		break;
	case PORT:
		rc = csv_port(text, len, &v);
		break;
	case PROTO:
		rc = csv_proto(text, len, &v);
		break;
	case FLAGS:
		rc = csv_flags(text, len, &v);
		break;
	case MAC:
		rc = csv_mac(text, len, &v);
		break;
	case MPLS:
		rc = csv_mpls(text, len, &v);
		break;
	case SPAN:
		return csv_span(text, len, &ms) == -1 ? NO : ms;
	case SIGNED:
		return csv_signed(text, len, &ms) == -1 ? NO : ms;
	}
	return rc == -1 ? NO : (int64_t)v;
}

ParameterizedTestParameters(csv_value, value)
{
	static int index[N_CASES];

	for (size_t i = 0; i < N_CASES; i++)
		index[i] = (int)i;
	return cr_make_param_array(int, index, N_CASES);
}

ParameterizedTest(int *i, csv_value, value)
{
	int64_t got = value_of(cases[*i].what, cases[*i].text);

	cr_expect_eq(got, cases[*i].value, "%d \"%s\" gave %lld",
	    (int)cases[*i].what, cases[*i].text, (long long)got);
}

static int64_t
time_of(struct csv_clock *c, const char *text)
{
	int64_t ms;

	return csv_time(c, text, strlen(text), &ms) == -1 ? NO : ms;
}

#define T	INT64_C(1795413132000)	/* 2026-11-23 05:52:12 UTC */

Test(csv_value, guarded_addresses)
{
	static const struct {
		const char	*text;
		size_t		 len;	/* of the address; 0: none */
	} addresses[] = { { "192.168.100.200", 4 }, { "'192.168.100.200", 4 },
		{ "'2001:db8::1", 16 }, { "''10.0.0.1", 0 }, { "'", 0 },
		{ "", 0 }, { "10.0.0.1'", 0 } };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct addr a = { .len = 0 };
		int rc = csv_addr(addresses[i].text, strlen(addresses[i].text), &a);

		cr_expect_eq(rc, addresses[i].len == 0 ? -1 : 0, "%s",
		    addresses[i].text);
		if (rc == 0)
			cr_expect_eq(a.len, addresses[i].len);
	}
}

Test(csv_value, utc)
{
	static const struct {
		const char	*text;
		int64_t		 ms;
	} times[] = {
		{ "2026-11-23 05:52:12", T },
		{ "2026-11-23 05:52:13", T + 1000 },
		{ "2026-11-23 05:52:12.851", T + 851 },
		{ "2026-11-23T05:52:12.5", T + 500 },
		{ "2026-11-23T05:52:12Z", T }, { "1795413132.123", T + 123 },
		{ "1795413132123", T + 123 },
		{ "1970-01-01 00:00:00", 0 }, { "1969-12-31 23:59:59", -1000 },
		{ "0000-00-00 00:00:00.000", 0 }, { "2028-02-29 00:00:00",
		    INT64_C(1835395200000) },
		{ "2026-02-29 00:00:00", NO }, { "2026-11-31 00:00:00", NO },
		{ "2026-13-01 00:00:00", NO }, { "2026-00-01 00:00:00", NO },
		{ "2026-01-00 00:00:00", NO }, { "2026-11-23 24:00:00", NO },
		{ "2026-11-23 05:60:00", NO }, { "2026-11-23 05:52:61", NO },
		{ "2026-11-23 05:52", NO }, { "2026-11-23", NO },
		{ "2026-11-23 05:52:12,5", NO }, { "2026-11-23 05:52:12.", NO },
		{ "2026-11-23 05:52:12 UTC", NO },
		{ "23.11.2026 05:52:12", NO },
		{ "2026/11/23 05:52:12", NO },
		{ "0000-00-00 00:00:01.000", NO },
		{ "", NO }, { ".", NO }, { "1.5.5", NO }, { "now", NO }
	};
	struct csv_clock c = { .utc = true };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t got = time_of(&c, times[i].text);

		cr_expect_eq(got, times[i].ms, "\"%s\" gave %lld",
		    times[i].text, (long long)got);
	}
}

/* The hour that occurs twice is the first; Z and UTC have no such hour. */
Test(csv_value, local)
{
	struct csv_clock c = { .utc = false };

	cr_assert_eq(setenv("TZ", "Europe/Brussels", 1), 0);
	tzset();
	cr_expect_eq(time_of(&c, "2026-11-23 06:52:12"), T);
	cr_expect_eq(time_of(&c, "2026-11-23T05:52:12Z"), T);
	cr_expect_eq(time_of(&c, "2026-11-23 05:52:12"), T - 3600000);
	cr_expect_eq(time_of(&c, "2026-07-01 02:00:00"),
	    INT64_C(1782864000000));
	cr_expect_eq(time_of(&c, "2026-10-25 01:59:59"),
	    INT64_C(1792886399000));
	cr_expect_eq(time_of(&c, "2026-10-25 02:30:00"),
	    INT64_C(1792888200000));
	cr_expect_eq(time_of(&c, "2026-10-25 03:00:00"),
	    INT64_C(1792893600000));
	cr_expect_eq(time_of(&c, "2026-10-25 02:30:00.250"),
	    INT64_C(1792888200250));
}
