/*
 * Text tables.  The golden lines are what nfdump 1.7.1 printed for the same
 * flows (sent to nfcapd by NetFlow v9), except where a comment says otherwise.
 */
#include "query/print.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "query/names.h"
#include "tests/printed.h"

#define WEB	"first_ms=1795585975000 duration_ms=15000 proto=6 "	\
	"src_addr=192.168.1.10 src_port=44321 dst_addr=93.184.216.34 "	\
	"dst_port=443 tcp_flags=0x1b tos=0 packets=1200 bytes=1500000 "	\
	"in_if=3 out_if=4 src_as=64500 dst_as=15169 "			\
	"next_hop=10.0.0.254 src_mask=24 dst_mask=16 exporter=127.0.0.1"
#define ICMP	"first_ms=1795585990000 duration_ms=1000 proto=1 "	\
	"src_addr=10.1.1.1 src_port=0 dst_addr=10.2.2.2 dst_port=781 "	\
	"packets=1150000 bytes=1250000"
#define ICMP6	"first_ms=1795585990000 duration_ms=1000 proto=58 "	\
	"src_addr=2001:db8::1 dst_addr=fe80::1 dst_port=33279 "		\
	"packets=1450000 bytes=1350000"
#define HUGE	"first_ms=1793586000000 duration_ms=1999999500 proto=17 " \
	"src_addr=1.1.1.1 src_port=1 dst_addr=2.2.2.2 dst_port=2 "	\
	"packets=123456789012 bytes=1234567890123456"
#define SIX	"first_ms=1795585990000 duration_ms=1000 proto=6 "	\
	"src_addr=2001:db8:1:2:3:4:5:678 src_port=55555 "		\
	"dst_addr=2606:4700:10::6814:84e5 dst_port=443 tcp_flags=0x18 "	\
	"packets=3000 bytes=4200000 src_mask=64 dst_mask=48"
#define RICH	"first_ms=1795585990000 duration_ms=1000 proto=17 "	\
	"src_addr=172.16.5.4 src_port=51000 dst_addr=8.8.8.8 "		\
	"dst_port=53 tcp_flags=0xff tos=184 packets=5 bytes=1234567 "	\
	"out_packets=77 out_bytes=7654321 dst_tos=46 src_vlan=100 "	\
	"dst_vlan=4094 in_src_mac=0x00112233aabb "			\
	"out_dst_mac=0xffeeddccbbaa mpls1=16000 mpls2=16777200 "	\
	"mpls3=43981 fwd_status=64 next_as=65001 prev_as=65002 "	\
	"engine_type=1 engine_id=2 direction=0"

static const char *const all[] = { WEB, ICMP, ICMP6, HUGE, SIX, RICH, NULL };

static const struct print_options quiet = { .quiet = true, .utc = true };

static void
expect_list(const char *format, const struct print_options *o,
    const struct print_flows *head, const char *const *rows, const char *want)
{
	char *got = printed_list(format, o, head, rows);

	cr_expect_str_eq(got, want, "%s:\n%s", format, got);
	free(got);
}

/* Without the summary, which depends on how fast the machine is. */
static void
expect_head(const char *format, const char *const *rows, const char *want)
{
	char *got = printed_list(format, NULL, NULL, rows);

	cr_expect_eq(strncmp(got, want, strlen(want)), 0, "%s:\n%s", format,
	    got);
	free(got);
}

Test(print_table, line)
{
	expect_head("line", all,
"Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP       192.168.1.10:44321 ->    93.184.216.34:443       1200    1.5 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 ICMP          10.1.1.1:0     ->         10.2.2.2:3.13     1.1 M    1.2 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 ICMP6      2001:db8::1.0     ->          fe80::1.129.255    1.4 M    1.4 M     1\n"
"2026-11-02 02:20:00.000 23d 03:33:19.500 UDP            1.1.1.1:1     ->          2.2.2.2:2      123.5 G 1234.6 T     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 TCP   2001:db..4:5:678.55555 -> 2606:47..14:84e5.443       3000    4.2 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 UDP         172.16.5.4:51000 ->          8.8.8.8:53           5    1.2 M     1\n");
}

Test(print_table, long_and_extended)
{
	static const char *const rows[] = { WEB, RICH, NULL };

	expect_head("long", rows,
"Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port     Flags Tos  Packets    Bytes Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP       192.168.1.10:44321 ->    93.184.216.34:443   ...AP.SF   0     1200    1.5 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 UDP         172.16.5.4:51000 ->          8.8.8.8:53    ........ 184        5    1.2 M     1\n");
	expect_head("extended", rows,
"Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port     Flags Tos  Packets    Bytes      pps      bps    Bpp Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP       192.168.1.10:44321 ->    93.184.216.34:443   ...AP.SF   0     1200    1.5 M       80   800000   1250     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 UDP         172.16.5.4:51000 ->          8.8.8.8:53    ........ 184        5    1.2 M        5    9.9 M 246913     1\n");
}

Test(print_table, both_directions)
{
	static const char *const rows[] = { WEB, RICH, NULL };
	static const struct print_flows bidir = { .aggregated = true,
		.bidir = true };

	expect_head("biline", rows,
"Date first seen             Duration     Proto      Src IP Addr:Port           Dst IP Addr:Port   Out Pkt   In Pkt Out Byte  In Byte Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP       192.168.1.10:44321 <->    93.184.216.34:443          0     1200        0    1.5 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 UDP         172.16.5.4:51000 <->          8.8.8.8:53          77        5    7.7 M    1.2 M     1\n");
	expect_head("bilong", rows,
"Date first seen             Duration     Proto      Src IP Addr:Port           Dst IP Addr:Port     Flags Tos  Out Pkt   In Pkt Out Byte  In Byte Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP       192.168.1.10:44321 <->    93.184.216.34:443   ...AP.SF   0        0     1200        0    1.5 M     1\n");
	/* what a default is for -b */
	expect_list(NULL, &quiet, &bidir, rows + 1,
"2026-11-25 05:53:10.000     00:00:01.000 UDP         172.16.5.4:51000 <->          8.8.8.8:53          77        5    7.7 M    1.2 M     1\n");
}

Test(print_table, whole_addresses)
{
	static const char *const rows[] = { WEB, ICMP6, SIX, NULL };
	static const struct print_options six = { .full_ip6 = true,
		.utc = true, .quiet = true };

	expect_head("line6", rows,
"Date first seen             Duration     Proto                             Src IP Addr:Port                                 Dst IP Addr:Port   Packets    Bytes Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000 TCP                              192.168.1.10:44321 ->                           93.184.216.34:443       1200    1.5 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 ICMP6                             2001:db8::1.0     ->                                 fe80::1.129.255    1.4 M    1.4 M     1\n"
"2026-11-25 05:53:10.000     00:00:01.000 TCP                    2001:db8:1:2:3:4:5:678.55555 ->                 2606:4700:10::6814:84e5.443       3000    4.2 M     1\n");
	expect_list("fmt:%da|%sn", &six, NULL, rows + 2,
"                2606:4700:10::6814:84e5|                         2001:db8:1:2::/64\n");
}

Test(print_table, plain_numbers)
{
	static const char *const rows[] = { WEB, ICMP6, HUGE, NULL };
	static const struct print_options plain = { .plain = true,
		.utc = true, .quiet = true };

	expect_list("line", &plain, NULL, rows,
"2026-11-25 05:52:55.000           15.000 6         192.168.1.10:44321 ->    93.184.216.34:443       1200  1500000     1\n"
"2026-11-25 05:53:10.000            1.000 58         2001:db8::1.0     ->          fe80::1.129.255  1450000  1350000     1\n"
"2026-11-02 02:20:00.000      1999999.500 17             1.1.1.1:1     ->          2.2.2.2:2     123456789012 1234567890123456     1\n");
}

Test(print_table, tags)
{
	static const char *const rows[] = { RICH, NULL };

	expect_list("fmt:%cnt|%te|%tsr|%tds|%svln|%dvln|%ismc|%odmc|%fwd|%eng",
	    &quiet, NULL, rows,
"    1|2026-11-25 05:53:11.000|1795585990.000|           1.000|  100| 4094|00:11:22:33:aa:bb|ff:ee:dd:cc:bb:aa| 64|  1/2  \n");
	expect_list("fmt:%mpls1|%mpls2|%mpls3|%nas|%pas|%stos|%dtos|%dir|%nh",
	    &quiet, NULL, rows,
"    1000-0-0| 1048575-0-0|    2748-6-1|  65001|  65002| 184|  46|  I|         0.0.0.0\n");
	expect_list("fmt:%mpls|", &quiet, NULL, rows,
"    1000-0-0  1048575-0-0     2748-6-1        0-0-0        0-0-0        0-0-0        0-0-0        0-0-0        0-0-0        0-0-0 |\n");
	/* columns by name, which nfdump doesn't have; literal text */
	expect_list("fmt:%src_addr_%n%da 100%% %max_ttl", &quiet, NULL, rows,
	    "      172.16.5.4_\n         8.8.8.8 100%      0\n");
}

Test(print_table, icmp_and_nat)
{
	static const char *const icmp[] = { ICMP, WEB, NULL };
	static const char *const nat[] = { "proto=6 nat_src_addr=100.64.0.1 "
	    "nat_dst_addr=8.8.4.4 nat_src_port=1024 nat_dst_port=5353 "
	    "nat_event=1 in_vrf=17 out_vrf=70000", "proto=6", NULL };

	expect_list("fmt:%dp|%it|%ic|%sp", &quiet, NULL, icmp,
	    "  3.13|     3|    13|     0\n   443|     0|     0| 44321\n");
	expect_list("fmt:%xsa|%nda|%xsp|%ndp|%xsap|%ndap|%ivrf|%evrf|%nevt|"
	    "%xevt", &quiet, NULL, nat,
"      100.64.0.1|         8.8.4.4|  1024|  5353|      100.64.0.1:1024 |         8.8.4.4:5353 |        17|     70000|    ADD| Ignore\n"
"         0.0.0.0|         0.0.0.0|     0|     0|         0.0.0.0:0    |         0.0.0.0:0    |         0|         0|INVALID| Ignore\n");
}

/* A flow without anything: zeros, of the family of the other address. */
Test(print_table, nothing_sent)
{
	static const char *const rows[] = { "", "src_addr=::1", NULL };

	expect_list("extended", &quiet, NULL, rows,
"1970-01-01 00:00:00.000     00:00:00.000 0              0.0.0.0:0     ->          0.0.0.0:0     ........   0        0        0        0        0      0     1\n"
"1970-01-01 00:00:00.000     00:00:00.000 0                  ::1.0     ->               ::.0     ........   0        0        0        0        0      0     1\n");
	expect_list("fmt:%ismc %ra %mpls1 %flg %nfv %te", &quiet, NULL,
	    rows + 1, "00:00:00:00:00:00          0.0.0.0        0-0-0 "
	    "........ Nv0 1970-01-01 00:00:00.000\n");
}

Test(print_table, keys)
{
	static const struct print_key addr[] = {
		{ "srcip", "Src IP Addr", COL_src_addr },
		{ "dstip", "Dst IP Addr", COL_dst_addr } };
	static const struct print_key mixed[] = {
		{ "proto", "Protocol", COL_proto },
		{ "srcport", "Src Port", COL_src_port },
		{ "tos", "Tos", COL_tos },
		{ "router", "Router IP", PRINT_EXPORTER } };
	static const struct print_flows two = { .aggregated = true,
		.keys = addr, .n_keys = 2 };
	static const struct print_flows four = { .aggregated = true,
		.keys = mixed, .n_keys = 4 };
	static const char *const rows[] = { WEB " rows=3", NULL };
	char *got = printed_list(NULL, NULL, &two, rows);
	const char *want =
"Date first seen             Duration           Src IP Addr      Dst IP Addr   Packets    Bytes      bps    Bpp Flows\n"
"2026-11-25 05:52:55.000     00:00:15.000      192.168.1.10    93.184.216.34      1200    1.5 M   800000   1250     3\n";

	cr_expect_eq(strncmp(got, want, strlen(want)), 0, "%s", got);
	free(got);
	expect_list(NULL, &quiet, &four, rows,
"2026-11-25 05:52:55.000     00:00:15.000  TCP    44321   0        127.0.0.1      1200    1.5 M   800000   1250     3\n");
	/* a format that the user chose stays */
	expect_list("fmt:%sa", &quiet, &four, rows, "    192.168.1.10\n");
}

static const struct print_key srcip = { "srcip", "Src IP Addr",
	COL_src_addr };

Test(print_table, statistic)
{
	const struct print_stat head = { .key = &srcip, .order = "flows",
		.limit = 2, .flows = 21, .packets = 123471138918,
		.bytes = 1235568849015934 };
	const struct print_summary sum = { .flows = 1200000,
		.packets = 123471138995, .bytes = 1235568856670255,
		.has_range = true, .first_ms = 1793586000000,
		.last_ms = 1795585999999, .processed = 1200001, .shards_read = 3, .shards_skipped = 4,
		.user_sec = 0.25, .system_sec = 0.125, .wall_sec = 0.5 };
	struct printed *t = printed_new("line", NULL);
	char *got;

	print_stat(t->p, &head);
	printed_row(t, "first_ms=1793586000000 duration_ms=1999999999 "
	    "src_addr=1.1.1.1 packets=123471134700 bytes=1235568842076514 "
	    "rows=9");
	printed_row(t, "first_ms=1795585990000 duration_ms=1000 "
	    "src_addr=172.16.5.4 packets=7 bytes=1234687 rows=3");
	got = printed_end(t, &sum);
	/* flows are never scaled; nfdump counts blocks in the third line */
	cr_expect_str_eq(got,
"Top 2 Src IP Addr ordered by flows:\n"
"Date first seen                 Duration Proto       Src IP Addr    Flows(%)     Packets(%)       Bytes(%)         pps      bps   bpp\n"
"2026-11-02 02:20:00.000 23d 03:33:19.999 any             1.1.1.1        9(42.9)  123.5 G(100.0) 1235.6 T(100.0)    61735    4.9 G 10006\n"
"2026-11-25 05:53:10.000     00:00:01.000 any          172.16.5.4        3(14.3)        7( 0.0)    1.2 M( 0.0)        7    9.9 M 176383\n"
"\n"
"Summary: total flows: 1200000, total bytes: 1235.6 T, total packets: 123.5 G, avg bps: 4.9 G, avg pps: 61735, avg bpp: 10006\n"
"Time window: 2026-11-02 02:20:00 - 2026-11-25 05:53:19\n"
"Total flows processed: 1200001, passed: 1200000, Shards skipped: 4, Shards read: 3\n"
"Sys: 0.1250s User: 0.2500s Wall: 0.5000s flows/second: 2400002.0 Runtime: 0.5000s\n",
	    "%s", got);
	free(got);
}

Test(print_table, statistic_by_protocol)
{
	static const struct print_key port = { "dstport", "Dst Port",
		COL_dst_port };
	const struct print_stat head = { .key = &port, .by_proto = true,
		.order = "bytes", .flows = 21, .packets = 123471138918,
		.bytes = 1235568849015934 };
	static const struct print_options plain = { .plain = true,
		.utc = true, .quiet = true };
	static const char row[] = "first_ms=1793586000000 "
	    "duration_ms=1999999500 proto=17 dst_port=2 packets=123470134690 "
	    "bytes=1234568891073455 rows=3";
	struct printed *t = printed_new(NULL, NULL);
	char *got;

	/* no limit: no number */
	print_stat(t->p, &head);
	printed_row(t, row);
	got = printed_end(t, NULL);
	cr_expect_not_null(strstr(got,
"Top Dst Port ordered by bytes:\n"
"Date first seen                 Duration Proto          Dst Port    Flows(%)     Packets(%)       Bytes(%)         pps      bps   bpp\n"
"2026-11-02 02:20:00.000 23d 03:33:19.500 UDP                   2        3(14.3)  123.5 G(100.0) 1234.6 T(99.9)    61735    4.9 G  9998\n"),
	    "%s", got);
	free(got);
	t = printed_new("line", &plain);
	print_stat(t->p, &head);
	printed_row(t, row);
	got = printed_end(t, NULL);
	cr_expect_str_eq(got,
"2026-11-02 02:20:00.000      1999999.500 17                    2        3(14.3) 123470134690(100.0) 1234568891073455(99.9)    61735 4938276798  9998\n"
"\n", "%s", got);
	free(got);
}

/* nfdump's columns slip here; ours stay under their headings. */
Test(print_table, statistic_whole_addresses)
{
	const struct print_stat head = { .key = &srcip, .order = "flows",
		.flows = 1, .packets = 1, .bytes = 60 };
	static const struct print_options six = { .full_ip6 = true,
		.utc = true };
	struct printed *t = printed_new("line", &six);
	char *got;

	print_stat(t->p, &head);
	printed_row(t, "src_addr=2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff "
	    "packets=1 bytes=60 first_ms=1795585990000 duration_ms=1000");
	got = printed_end(t, NULL);
	cr_expect_not_null(strstr(got,
"Date first seen                 Duration Proto                             Src IP Addr    Flows(%)     Packets(%)       Bytes(%)         pps      bps   bpp\n"
"2026-11-25 05:53:10.000     00:00:01.000 any    2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff        1(100.0)        1(100.0)       60(100.0)        1      480    60\n"),
	    "%s", got);
	free(got);
}

Test(print_table, several_answers_and_none)
{
	const struct print_stat none = { .key = &srcip, .order = "flows",
		.limit = 10 };
	const struct print_flows record = { .aggregated = true,
		.order = "bytes", .limit = 2 };
	const struct print_summary sum = { .flows = 0 };
	struct printed *t = printed_new("line", NULL);
	char *got;

	print_stat(t->p, &none);
	print_stat(t->p, &none);
	print_flows(t->p, &record);
	got = printed_end(t, &sum);
	cr_expect_str_eq(got,
"No matching flows\n"
"Top 10 Src IP Addr ordered by flows:\n"
"Date first seen                 Duration Proto       Src IP Addr    Flows(%)     Packets(%)       Bytes(%)         pps      bps   bpp\n"
"\n"
"Top 10 Src IP Addr ordered by flows:\n"
"Date first seen                 Duration Proto       Src IP Addr    Flows(%)     Packets(%)       Bytes(%)         pps      bps   bpp\n"
"\n"
"Top 2 flows ordered by bytes:\n"
"Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n"
"Summary: total flows: 0, total bytes: 0, total packets: 0, avg bps: 0, avg pps: 0, avg bpp: 0\n"
"Time Window unknown\n"
"Total flows processed: 0, passed: 0, Shards skipped: 0, Shards read: 0\n"
"Sys: 0.0000s User: 0.0000s Wall: 0.0000s flows/second: 0.0 Runtime: 0.0000s\n",
	    "%s", got);
	free(got);
}

Test(print_table, local_time)
{
	static const struct print_options local = { .quiet = true };
	static const char *const rows[] = { WEB, NULL };

	cr_assert_eq(setenv("TZ", "EST5", 1), 0);
	tzset();
	expect_list("fmt:%ts %tsr", &local, NULL, rows,
	    "2026-11-25 00:52:55.000 1795585975.000\n");
}

/* Names stand behind the line, and can't drive the terminal. */
Test(print_table, names)
{
	char dir[] = "/tmp/flowdb-test.XXXXXX", path[64], cmd[64];
	struct print_options o = { .quiet = true, .utc = true };
	const struct print_stat head = { .key = &srcip, .order = "flows",
		.flows = 1, .packets = 1200, .bytes = 1500000 };
	static const char *const rows[] = { WEB, ICMP, NULL };
	struct names *names;
	struct printed *t;
	struct err err;
	char *got;
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/hosts.csv", dir);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	(void)fputs("address,name\n192.168.1.10,mail\033[2J\n", f);
	cr_assert_eq(fclose(f), 0);
	names = names_load(dir, &err);
	cr_assert_not_null(names, "%s", err.msg);
	o.names = names;
	expect_list("fmt:%sap %byt", &o, NULL, rows,
	    "    192.168.1.10:44321    1.5 M  "
	    "src_addr=mail\xef\xbf\xbd[2J\n"
	    "        10.1.1.1:0        1.2 M\n");
	t = printed_new("line", &o);
	print_stat(t->p, &head);
	printed_row(t, WEB);
	got = printed_end(t, NULL);
	cr_expect_not_null(strstr(got, "  1250  mail\xef\xbf\xbd[2J\n"), "%s",
	    got);
	free(got);
	names_free(names);
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	cr_assert_eq(system(cmd), 0);
}

/* first_ms and duration_ms are the bin; the last row of each has no key. */
Test(print_table, series)
{
	static const struct print_key dstip = { "dstip", "Dst IP Addr",
		COL_dst_addr };
	static const struct print_key proto = { "proto", "Protocol",
		COL_proto };
	struct print_series head = { .key = NULL };
	struct printed *t = printed_new(NULL, NULL);
	char *got;

	print_series(t->p, &head);
	printed_row(t, "first_ms=1795585800000 duration_ms=300000 packets=1200 "
	    "bytes=1500000 rows=7");
	got = printed_end(t, NULL);
	cr_expect(strncmp(got,
"Bin start            Seconds    Flows  Packets    Bytes      bps\n"
"2026-11-25 05:50:00      300        7     1200    1.5 M    40000\n"
"Summary", 137) == 0, "%s", got);
	free(got);

	t = printed_new(NULL, &quiet);
	head = (struct print_series){ &dstip, true };
	print_series(t->p, &head);
	printed_row(t, "first_ms=1795585800000 duration_ms=3600000 proto=6 "
	    "dst_addr=10.0.0.1 packets=1 bytes=450 rows=1");
	printed_row(t, "first_ms=1795585800000 duration_ms=3600000 packets=2 "
	    "bytes=900 rows=0");
	got = printed_end(t, NULL);
	cr_expect_str_eq(got,
"2026-11-25 05:50:00     3600 TCP            10.0.0.1        1        1      450        1\n"
"2026-11-25 05:50:00     3600                   other        0        2      900        2\n");
	free(got);

	t = printed_new(NULL, &quiet);
	head = (struct print_series){ &proto, false };
	print_series(t->p, &head);
	printed_row(t, "first_ms=0 duration_ms=1000 proto=17 packets=0 "
	    "bytes=0 rows=0");
	got = printed_end(t, NULL);
	cr_expect_str_eq(got,
"1970-01-01 00:00:00        1 UDP                  17        0        0        0        0\n");
	free(got);
}
