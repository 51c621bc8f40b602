/* Addresses and prefixes: text, order, host bits. */
#include "schema/addr.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "tests/gen.h"

static const struct {
	const char *text, *lo, *hi;
} nets[] = {
	{ "10.0.0.0/8", "10.0.0.0", "10.255.255.255" },
	{ "192.168.1.7/24", "192.168.1.0", "192.168.1.255" },
	{ "192.168/16", "192.168.0.0", "192.168.255.255" },
	{ "192.168.1/25", "192.168.1.0", "192.168.1.127" },
	{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
	{ "1.2.3.4", "1.2.3.4", "1.2.3.4" },
	{ "1.2.3.4/31", "1.2.3.4", "1.2.3.5" },
	{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db8::1/33", "2001:db8::",
	    "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db8::1", "2001:db8::1", "2001:db8::1" },
};

Test(addr, prefix)
{
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct prefix p;
		char text[ADDR_TEXT_MAX];

		cr_assert_eq(prefix_parse(nets[i].text, strlen(nets[i].text),
		    &p), 0, "%s", nets[i].text);
		addr_format(&p.lo, text);
		cr_expect_str_eq(text, nets[i].lo);
		addr_format(&p.hi, text);
		cr_expect_str_eq(text, nets[i].hi);
		cr_expect(prefix_has(&p, &p.lo) && prefix_has(&p, &p.hi));
	}
}

static const char *const bad_nets[] = { "", "/", "1/", "/8", "1.2.3.4/33",
	"::/129", "1.2.3.4/1234", "1.2.3.4/-1", "1.2.3.4/8x", "300.1/8",
	"1.2.3", "1..2/8", "a.b/8", "1.2.3.4.5/8", "::1::/3" };

Test(addr, bad_prefix)
{
	for (size_t i = 0; i < sizeof(bad_nets) / sizeof(bad_nets[0]); i++) {
		struct prefix p;

		cr_expect_eq(prefix_parse(bad_nets[i], strlen(bad_nets[i]), &p),
		    -1, "%s", bad_nets[i]);
	}
}

/* Against the C library, over many values. */
Test(addr, format4)
{
	uint32_t x = 12345;

	for (int i = 0; i < 20000; i++) {
		uint8_t b[4];
		struct addr a, back;
		char want[ADDR_TEXT_MAX], got[ADDR_TEXT_MAX];

		x = x * 1664525U + 1013904223U;
		memcpy(b, &x, 4);
		a = addr_from(b, 4);
		inet_ntop(AF_INET, b, want, sizeof(want));
		cr_assert_eq(addr_format(&a, got), strlen(want));
		cr_assert_str_eq(got, want);
		cr_assert_eq(addr_parse(got, strlen(got), &back), 0);
		cr_assert_eq(addr_cmp(&a, &back), 0);
	}
}

/* Against the C library: runs of zeros of all lengths and places. */
Test(addr, format6_random)
{
	uint64_t state = 1;

	for (int i = 0; i < 50000; i++) {
		uint64_t zero = gen_random(&state), small = zero >> 8;
		uint64_t v = 0;
		struct addr a = { .len = 16 };
		char want[ADDR_TEXT_MAX], got[ADDR_TEXT_MAX];

		for (unsigned g = 0; g < 8; g++) {
			if (g % 4 == 0)
				v = gen_random(&state);
			if ((zero >> g & 1) != 0)
				continue;
			/* groups of one to four digits */
			v = v << 16 | v >> 48;
			a.bytes[2 * g] = (uint8_t)((v >> 8 & 255) >>
			    (small >> 3 * g & 7));
			a.bytes[2 * g + 1] = (uint8_t)(v & 255);
		}
		cr_assert_not_null(inet_ntop(AF_INET6, a.bytes, want,
		    sizeof(want)));
		cr_assert_eq(addr_format(&a, got), strlen(want));
		cr_assert_str_eq(got, want);
	}
}

Test(addr, order)
{
	struct addr v4, v6, none = { .len = 0 };
	struct prefix p;
	char text[ADDR_TEXT_MAX];

	cr_assert_eq(addr_parse("32.1.13.184", 11, &v4), 0);
	cr_assert_eq(addr_parse("2001:db8::1", 11, &v6), 0);
	cr_expect_lt(addr_cmp(&v4, &v6), 0);
	cr_expect_gt(addr_cmp(&v6, &v4), 0);
	cr_expect_lt(addr_cmp(&none, &v4), 0);
	/* the same first bytes, other family */
	p = prefix_of(&v4, 16);
	cr_expect_not(prefix_has(&p, &v6));
	cr_expect_eq(addr_format(&none, text), 0);
	cr_expect_str_eq(text, "");
}
