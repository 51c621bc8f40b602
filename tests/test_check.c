/* --check: what its figures are told as, and what it reads from the kernel. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/check.h"
#include "collector/check_disk.h"
#include "collector/check_udp.h"

Test(check, spans)
{
	char text[40];

	cr_expect_str_eq(check_span(-5, text), "0 seconds");
	cr_expect_str_eq(check_span(1, text), "1 second");
	cr_expect_str_eq(check_span(119, text), "119 seconds");
	cr_expect_str_eq(check_span(120, text), "2 minutes");
	cr_expect_str_eq(check_span(2 * 86400 - 1, text), "47 hours");
	cr_expect_str_eq(check_span(12 * 86400 + 5, text), "12 days");
	cr_expect_str_eq(check_span(INT64_C(86400) * 365 * 3, text),
	    "3 years");
}

Test(check, sizes)
{
	char text[40];

	cr_expect_str_eq(check_bytes(999, text), "999 bytes");
	cr_expect_str_eq(check_bytes(1500, text), "1.5 kB");
	cr_expect_str_eq(check_bytes(84e9, text), "84 GB");
	cr_expect_str_eq(check_bytes(5e15, text), "5000 TB");
}

/* 2055 is 0807; one of IPv4, one of IPv6, one of another port. */
Test(check, sockets)
{
	char udp[] =
	    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
	    "retrnsmt   uid  timeout inode ref pointer drops\n"
	    "  633: 0100007F:0807 00000000:0000 07 00000000:00000000 "
	    "00:00000000 00000000     0        0 1319654 2 000000007368a126 "
	    "17\n"
	    "  634: 0100007F:0808 00000000:0000 07 00000000:00000000 "
	    "00:00000000 00000000     0        0 1319655 2 000000007368a126 "
	    "5\n";
	char udp6[] =
	    "  635: 00000000000000000000000000000000:0807 "
	    "00000000000000000000000000000000:0000 07 00000000:00000000 "
	    "00:00000000 00000000     0        0 99 2 000000007368a126 3\n";
	struct check_socket v[CHECK_SOCKETS];
	FILE *f = fmemopen(udp, strlen(udp), "r");
	size_t n = check_sockets_read(f, 2055, v, 0);

	(void)fclose(f);
	f = fmemopen(udp6, strlen(udp6), "r");
	n = check_sockets_read(f, 2055, v, n);
	(void)fclose(f);
	cr_assert_eq(n, 2);
	cr_expect_eq(v[0].inode, 1319654);
	cr_expect_eq(v[0].drops, 17);
	cr_expect_eq(v[1].inode, 99);
	cr_expect_eq(v[1].drops, 3);
}

/* GB a day, GB that are there and free, days kept (0: no limit). */
static const struct forecast_case {
	double		 day;
	double		 have;
	double		 room;
	int		 days;
	unsigned	 wrong;
	const char	*said;
} forecasts[] = {
	{ 2, 10, 24, 0, 1, "WRONG  flows take 2.0 GB a day, 24 GB are free: "
	    "at this rate the disk is full in 12 days" },
	{ 2, 10, 2000, 0, 0, "ok     flows take 2.0 GB a day, 2.0 TB are "
	    "free: at this rate the disk is full in 2 years\n" },
	{ 2.8, 10, 24, 30, 2, "WRONG  retention of 30 days needs 84 GB; there "
	    "is room for 34 GB\n" },
	{ 2.8, 70, 24, 30, 0, "ok     retention of 30 days needs 84 GB; there "
	    "is room for 94 GB\n" },
	{ 1e-9, 0, 1e6, 0, 0, "full in more than 100 years" },
};

Test(check, forecast)
{
	for (size_t i = 0; i < sizeof(forecasts) / sizeof(forecasts[0]); i++) {
		const struct forecast_case *t = &forecasts[i];
		struct config *c = config_new();
		struct check_forecast f = { t->day * 1e9, t->have * 1e9,
			t->room * 1e9 };
		char *text = NULL;
		size_t len;
		struct check k = { .c = c,
			.out = open_memstream(&text, &len) };

		c->expire = t->days > 0;
		c->retain.max_age_sec = (int64_t)t->days * 86400;
		check_say_forecast(&k, &f);
		(void)fclose(k.out);
		cr_expect_eq(k.wrong, t->wrong, "%zu: %s", i, text);
		cr_expect_not_null(strstr(text, t->said), "%zu: %s", i, text);
		free(text);
		config_free(c);
	}
}
