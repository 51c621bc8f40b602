/*
 * CSV, JSON and nfdump's CSV.  The headers are the contract; nfdump's lines are
 * what nfdump 1.7.1 printed for the same flows.
 */
#include "query/print.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/names.h"
#include "tests/printed.h"

#define WEB	"first_ms=1795585975000 duration_ms=15000 proto=6 "	\
	"src_addr=192.168.1.10 src_port=44321 dst_addr=93.184.216.34 "	\
	"dst_port=443 tcp_flags=0x1b tos=0 packets=1200 bytes=1500000 "	\
	"in_if=3 out_if=4 src_as=64500 dst_as=15169 "			\
	"next_hop=10.0.0.254 src_mask=24 dst_mask=16 exporter=127.0.0.1"
#define HEADER	"\"first_seen_utc\",\"last_seen_utc\",\"first_ms\","	\
	"\"duration_ms\",\"proto\",\"src_addr\",\"src_port\","		\
	"\"dst_addr\",\"dst_port\",\"tcp_flags\",\"tos\",\"packets\","	\
	"\"bytes\","
#define HEADER_END "\"in_if\",\"out_if\",\"src_as\",\"dst_as\","	\
	"\"next_hop\",\"src_mask\",\"dst_mask\",\"exporter\""
#define WEB_CSV	"\"2026-11-25 05:52:55\",\"2026-11-25 05:53:10\","	\
	"\"1795585975000\",\"15000\",\"TCP\",\"192.168.1.10\",\"44321\"," \
	"\"93.184.216.34\",\"443\",\"...AP.SF\",\"0\",\"1200\",\"1500000\","
#define WEB_END	"\"3\",\"4\",\"64500\",\"15169\",\"10.0.0.254\",\"24\","	\
	"\"16\",\"127.0.0.1\""
#define SUM_BEGIN "\"first_seen_utc\",\"last_seen_utc\",\"duration_ms\","
#define SUM_END	"\"flows\",\"packets\",\"bytes\",\"pps\",\"bps\",\"bpp\"\r\n"
#define WEB_SUM	"\"2026-11-25 05:52:55\",\"2026-11-25 05:53:10\",\"15000\","
#define WEB_SUM_END "\"1\",\"1200\",\"1500000\",\"80\",\"800000\",\"1250\"\r\n"

static const char *const web[] = { WEB, NULL };

static const struct print_key srcip = { "srcip", "Src IP Addr",
	COL_src_addr };
static const struct print_key net = { "dstip4/24", "Dst IP Addr",
	COL_dst_addr };

static void
expect_list(const char *format, const struct print_options *o,
    const struct print_flows *head, const char *const *rows, const char *want)
{
	char *got = printed_list(format, o, head, rows);

	cr_expect_str_eq(got, want, "%s: got\n%s", format, got);
	free(got);
}

Test(print_csv, flows)
{
	static const char *const rows[] = { WEB, "", "proto=143 "
	    "src_addr=2001:db8::1 dst_port=781 first_ms=0 packets=0", NULL };
	static const struct print_options q = { .quiet = true };

	expect_list("csv", NULL, NULL, rows, HEADER HEADER_END "\r\n"
	    WEB_CSV WEB_END "\r\n"
	    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
	    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n"
	    "\"1970-01-01 00:00:00\",\"1970-01-01 00:00:00\",\"0\",\"\","
	    "\"143\",\"2001:db8::1\",\"\",\"\",\"781\",\"\",\"\",\"0\",\"\","
	    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n");
	expect_list("csv", &q, NULL, web, WEB_CSV WEB_END "\r\n");
}

Test(print_csv, sums)
{
	static const struct print_flows whole = { .aggregated = true };
	static const struct print_flows bidir = { .aggregated = true,
		.bidir = true };
	static const struct print_key keys[] = {
		{ "proto", "Protocol", COL_proto },
		{ "dstip4/24", "Dst IP Addr", COL_dst_addr },
		{ "router", "Router IP", PRINT_EXPORTER } };
	static const struct print_flows keyed = { .aggregated = true,
		.keys = keys, .n_keys = 3 };
	static const char *const rows[] = { WEB " out_packets=7 out_bytes=8 "
	    "rows=5", NULL };

	expect_list("csv", NULL, &whole, rows, HEADER HEADER_END
	    ",\"flows\"\r\n" WEB_CSV WEB_END ",\"5\"\r\n");
	expect_list("csv", NULL, &bidir, rows, HEADER
	    "\"out_packets\",\"out_bytes\"," HEADER_END ",\"flows\"\r\n"
	    WEB_CSV "\"7\",\"8\"," WEB_END ",\"5\"\r\n");
	expect_list("csv", NULL, &keyed, web, SUM_BEGIN
	    "\"proto\",\"dstip4/24\",\"router\"," SUM_END WEB_SUM
	    "\"TCP\",\"93.184.216.34\",\"127.0.0.1\"," WEB_SUM_END);
}

Test(print_csv, statistics)
{
	static const struct print_stat first = { .key = &srcip,
		.order = "bytes", .flows = 1 };
	static const struct print_stat second = { .key = &net,
		.by_proto = true, .order = "bytes", .flows = 1 };
	struct printed *t = printed_new("csv", NULL);
	char *got;

	print_stat(t->p, &first);
	printed_row(t, WEB);
	print_stat(t->p, &second);
	printed_row(t, WEB);
	got = printed_end(t, NULL);
	cr_expect_str_eq(got, SUM_BEGIN "\"srcip\"," SUM_END
	    WEB_SUM "\"192.168.1.10\"," WEB_SUM_END "\r\n"
	    SUM_BEGIN "\"proto\",\"dstip4/24\"," SUM_END
	    WEB_SUM "\"TCP\",\"93.184.216.34\"," WEB_SUM_END, "%s", got);
	free(got);
}

Test(print_csv, chosen)
{
	static const struct print_options excel = { .excel = true };
	static const struct print_flows bidir = { .aggregated = true,
		.bidir = true };

	/* by name and by tag; other tags of a column mean the column */
	expect_list("csv:src_addr, %byt,%ipkt %stos,mpls1,%te,%it", NULL,
	    &bidir, web, "\"src_addr\",\"bytes\",\"packets\",\"tos\","
	    "\"mpls1\",\"last_seen_utc\",\"icmp_type\"\r\n"
	    "\"192.168.1.10\",\"1500000\",\"1200\",\"0\",\"\","
	    "\"2026-11-25 05:53:10\",\"\"\r\n");
	expect_list("csv:exporter_id,exporter,version", &excel, NULL, web,
	    "\xef\xbb\xbf\"exporter_id\",\"exporter\",\"version\"\r\n"
	    "\"1\",\"127.0.0.1\",\"9\"\r\n");
}

/* csv:FIELDS of sums: their columns, by the names of these or of fields. */
Test(print_csv, chosen_of_sums)
{
	static const struct print_key as = { "srcas", "Src AS", COL_src_as };
	static const struct print_key keys[] = {
		{ "srcip4/24", "Src IP Addr", COL_src_addr },
		{ "dstport", "Dst Port", COL_dst_port } };
	static const struct print_stat stat = { .key = &as, .by_proto = true,
		.order = "bytes" };
	static const struct print_flows fields = { .aggregated = true,
		.keys = keys, .n_keys = 2 };
	static const struct print_series series = { &as, false };
	static const struct {
		const char		*format;
		struct print_head	 head;
		const char		*want;
	} cases[] = {
		{ "csv:bytes,srcas,%pr,last_ms", { .stat = &stat },
		    "\"bytes\",\"srcas\",\"proto\",\"last_ms\"\r\n"
		    "\"1500000\",\"64500\",\"TCP\",\"1795585990000\"\r\n" },
		{ "csv:src_as,%byt,bps,flows,SRCAS", { .stat = &stat },
		    "\"srcas\",\"bytes\",\"bps\",\"flows\",\"srcas\"\r\n"
		    "\"64500\",\"1500000\",\"800000\",\"1\",\"64500\"\r\n" },
		{ "csv:dstport,srcip4/24,%te", { .flows = &fields },
		    "\"dstport\",\"srcip4/24\",\"last_seen_utc\"\r\n"
		    "\"443\",\"192.168.1.10\",\"2026-11-25 05:53:10\"\r\n" },
		{ "csv:bin_start_utc,bps,%sas", { .series = &series },
		    "\"bin_start_utc\",\"bps\",\"srcas\"\r\n"
		    "\"2026-11-25 05:52:55\",\"800000\",\"64500\"\r\n" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct printed *t = printed_new(cases[i].format, NULL);
		const struct print_head *h = &cases[i].head;
		struct err err = { .msg = "" };
		char *got;

		cr_expect_eq(print_accepts(t->p, h, &err), 0, "%s", err.msg);
		if (h->stat != NULL)
			print_stat(t->p, h->stat);
		else if (h->flows != NULL)
			print_flows(t->p, h->flows);
		else
			print_series(t->p, h->series);
		printed_row(t, WEB);
		cr_expect_eq(print_count(t->p), 1);
		got = printed_end(t, NULL);
		cr_expect_str_eq(got, cases[i].want, "%s", got);
		free(got);
	}
}

/* What an answer does not have is refused before it is worked for. */
Test(print_csv, chosen_that_are_not_there)
{
	static const struct print_key dstip = { "dstip", "Dst IP Addr",
		COL_dst_addr };
	static const struct print_stat stat = { .key = &dstip,
		.order = "bytes" };
	static const struct print_flows list = { .aggregated = false };
	static const struct print_flows fields = { .aggregated = true,
		.keys = &dstip, .n_keys = 1 };
	static const struct print_series series = { .key = NULL };
	static const struct {
		const char		*format;
		struct print_head	 head;
		size_t			 at;
		const char		*msg;
	} cases[] = {
		{ "csv:bytes,%sa", { .stat = &stat }, 11, "no \"sa\", expected "
		    "of: first_seen_utc, last_seen_utc, duration_ms, dstip, "
		    "flows, packets, bytes, pps, bps, bpp" },
		{ "csv:proto", { .stat = &stat }, 4, "no \"proto\"" },
		{ "csv:tcp_flags", { .flows = &fields }, 4, "no \"tcp" },
		{ "csv:bin_sec", { .flows = &fields }, 4, "no \"bin_sec" },
		{ "csv:bytes,srcip4/24", { .flows = &fields }, 10, "no \"srci" },
		{ "csv:bpp", { .series = &series }, 4, "no \"bpp\"" },
		{ "csv:bytes,dstip", { .flows = &list }, 10, "\"dstip\" is a "
		    "column of sums (-s, -A); of a flow it is dst_addr" },
		{ "csv:router", { .flows = &list }, 4, "is exporter" },
		{ "csv:ip", { .flows = &list }, 4, "\"ip\" is a column of sums" },
		{ "csv:bin_sec", { .flows = &list }, 4, "of sums" },
		{ "long", { .series = &series }, 0, "" },
		{ "nfdump-csv", { .series = &series }, 0, "no time series" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct printed *t = printed_new(cases[i].format, NULL);
		struct err err = { .msg = "" };
		int rc = print_accepts(t->p, &cases[i].head, &err);

		cr_expect_eq(rc, cases[i].msg[0] == '\0' ? 0 : -1);
		cr_expect_not_null(strstr(err.msg, cases[i].msg), "%s: %s",
		    cases[i].format, err.msg);
		if (rc == -1) {
			cr_expect_eq(err.code, ERR_SYNTAX);
			cr_expect_eq(err.offset, cases[i].at, "%s",
			    cases[i].format);
		}
		free(printed_end(t, NULL));
	}
}

/* Points group thousands in German: what is a number there is none. */
Test(print_csv, addresses_in_a_spreadsheet)
{
	static const char *const cases[][2] = {
		{ "192.168.100.200", "'192.168.100.200" },
		{ "1.100.200.100", "'1.100.200.100" },
		{ "192.168.10.200", "192.168.10.200" },
		{ "192.16.100.200", "192.16.100.200" },
		{ "192.168.100.20", "192.168.100.20" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "::ffff:192.168.100.200", "::ffff:192.168.100.200" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct print_options o = { .quiet = true };
		char row[100], want[100];
		const char *const rows[] = { row, NULL };

		(void)snprintf(row, sizeof(row), "dst_addr=%s bytes=1",
		    cases[i][0]);
		(void)snprintf(want, sizeof(want), "\"%s\",\"1\"\r\n",
		    cases[i][0]);
		expect_list("csv:dst_addr,bytes", &o, NULL, rows, want);
		o.excel = true;
		(void)snprintf(want, sizeof(want),
		    "\xef\xbb\xbf\"%s\",\"1\"\r\n", cases[i][1]);
		expect_list("csv:dst_addr,bytes", &o, NULL, rows, want);
	}
}

/* Loads one table of names. */
static struct names *
names_of(const char *table)
{
	char dir[] = "/tmp/flowdb-test.XXXXXX", path[64], cmd[64];
	struct names *n;
	struct err err;
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/hosts.csv", dir);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(table, f), 0);
	cr_assert_eq(fclose(f), 0);
	n = names_load(dir, &err);
	cr_assert_not_null(n, "%s", err.msg);
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	cr_assert_eq(system(cmd), 0);
	return n;
}

Test(print_csv, names_that_a_spreadsheet_runs)
{
	static const char *const cases[][2] = {
		{ "mail", "mail" }, { "=1+1", "'=1+1" }, { "+1", "'+1" },
		{ "-1", "'-1" }, { "@sum", "'@sum" }, { "1/2", "'1/2" },
		{ "2026-11-01", "'2026-11-01" }, { "12.5", "'12.5" },
		{ "12", "'12" }, { "1/a", "1/a" }, { "a=1", "a=1" },
		{ "7-", "'7-" }, { "a\xff", "a\xef\xbf\xbd" },
		/* seen to become numbers, times, dates, truth, errors */
		{ "007", "'007" }, { "1e10", "'1e10" }, { ".5", "'.5" },
		{ "50%", "'50%" }, { "(5)", "'(5)" }, { "$ 5", "'$ 5" },
		{ "5\xe2\x82\xac", "'5\xe2\x82\xac" }, { "12:30", "'12:30" },
		{ "3 pm", "'3 pm" }, { "Jan 5", "'Jan 5" },
		{ "5-MAY", "'5-MAY" }, { "2. Dez", "'2. Dez" },
		{ "M\xc3\xa4r 5", "'M\xc3\xa4r 5" }, { "23nov26", "'23nov26" },
		{ "2026-11-23T05:00Z", "'2026-11-23T05:00Z" },
		{ "True", "'True" }, { "WAHR", "'WAHR" }, { "#N/A", "'#N/A" },
		/* names */
		{ "10gige", "10gige" }, { "eth0/1", "eth0/1" },
		{ "Gi0/1.5", "Gi0/1.5" }, { "dec-core-1", "dec-core-1" },
		{ "ma 5", "ma 5" }, { "mays 5", "mays 5" }, { "jan", "jan" },
		{ "B\xc3\xbcro 5", "B\xc3\xbcro 5" }, { "truer", "truer" },
		{ "a#1", "a#1" }, { "%", "%" } };
	static const char *const rows[] = { "src_addr=1.2.3.4",
		"src_addr=1.2.3.5", NULL };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct print_options o = { .quiet = true };
		char table[100], want[100];
		struct names *n;

		(void)snprintf(table, sizeof(table),
		    "address,name\n1.2.3.4,%s\n", cases[i][0]);
		n = names_of(table);
		o.names = n;
		(void)snprintf(want, sizeof(want), "\"1.2.3.4\",\"%s\"\r\n"
		    "\"1.2.3.5\",\"\"\r\n", cases[i][1]);
		expect_list("csv:src_addr", &o, NULL, rows, want);
		/* --raw: as it is */
		o.raw = true;
		(void)snprintf(want, sizeof(want), "\"1.2.3.4\",\"%s\"\r\n"
		    "\"1.2.3.5\",\"\"\r\n",
		    cases[i][1] + (cases[i][1][0] == '\''));
		expect_list("csv:src_addr", &o, NULL, rows, want);
		names_free(n);
	}
}

Test(print_csv, names)
{
	struct print_options o = { .utc = true };
	struct names *n = names_of("address,name\n192.168.1.10,\"a \"\"b\"\"\"\n"
	    "127.0.0.1,gw\n");
	const struct print_stat head = { .key = &srcip, .order = "bytes",
		.flows = 1 };
	struct printed *t;
	char *got;

	o.names = n;
	expect_list("csv:src_addr,src_as,exporter,bytes", &o, NULL, web,
	    "\"src_addr\",\"src_addr_name\",\"src_as\",\"src_as_name\","
	    "\"exporter\",\"exporter_name\",\"bytes\"\r\n"
	    "\"192.168.1.10\",\"a \"\"b\"\"\",\"64500\",\"\","
	    "\"127.0.0.1\",\"gw\",\"1500000\"\r\n");
	t = printed_new("csv", &o);
	print_stat(t->p, &head);
	printed_row(t, WEB);
	got = printed_end(t, NULL);
	cr_expect_str_eq(got, SUM_BEGIN "\"srcip\",\"srcip_name\"," SUM_END
	    WEB_SUM "\"192.168.1.10\",\"a \"\"b\"\"\"," WEB_SUM_END, "%s",
	    got);
	free(got);
	t = printed_new("ndjson", &o);
	print_stat(t->p, &head);
	printed_row(t, WEB);
	got = printed_end(t, NULL);
	cr_expect_not_null(strstr(got, "\"srcip\":\"192.168.1.10\","
	    "\"srcip_name\":\"a \\\"b\\\"\",\"flows\":1"), "%s", got);
	free(got);
	names_free(n);
}

#define WEB_JSON "{\"first_seen_utc\":\"2026-11-25 05:52:55\","		\
	"\"last_seen_utc\":\"2026-11-25 05:53:10\","			\
	"\"first_ms\":1795585975000,\"duration_ms\":15000,"		\
	"\"proto\":\"TCP\",\"src_addr\":\"192.168.1.10\","		\
	"\"src_port\":44321,\"dst_addr\":\"93.184.216.34\","		\
	"\"dst_port\":443,\"tcp_flags\":\"...AP.SF\",\"tos\":0,"	\
	"\"packets\":1200,\"bytes\":1500000,\"in_if\":3,\"out_if\":4,"	\
	"\"src_as\":64500,\"dst_as\":15169,"				\
	"\"next_hop\":\"10.0.0.254\",\"src_mask\":24,\"dst_mask\":16,"	\
	"\"exporter\":\"127.0.0.1\""

Test(print_json, flows)
{
	static const char *const rows[] = { WEB, WEB " sampling=100 "
	    "in_src_mac=0x0a0b0c0d0e0f flows=3 mpls10=17", NULL };
	static const char *const empty[] = { NULL };
	static const char *const bare[] = { "bytes=9007199254740991", NULL };

	expect_list("json", NULL, NULL, rows, "[\n" WEB_JSON "},\n" WEB_JSON
	    ",\"sampling\":100,\"flows\":3,"
	    "\"in_src_mac\":\"0a:0b:0c:0d:0e:0f\",\"mpls10\":17}\n]\n");
	expect_list("ndjson", NULL, NULL, web, WEB_JSON "}\n");
	expect_list("json", NULL, NULL, empty, "[\n]\n");
	expect_list("ndjson", NULL, NULL, empty, "");
	expect_list("ndjson", NULL, NULL, bare,
	    "{\"first_seen_utc\":null,\"last_seen_utc\":null,"
	    "\"first_ms\":null,\"duration_ms\":null,\"proto\":null,"
	    "\"src_addr\":null,\"src_port\":null,\"dst_addr\":null,"
	    "\"dst_port\":null,\"tcp_flags\":null,\"tos\":null,"
	    "\"packets\":null,\"bytes\":9007199254740991,\"in_if\":null,"
	    "\"out_if\":null,\"src_as\":null,\"dst_as\":null,"
	    "\"next_hop\":null,\"src_mask\":null,\"dst_mask\":null,"
	    "\"exporter\":null}\n");
}

#define SUM_JSON "\"first_seen_utc\":\"2026-11-25 05:52:55\","		\
	"\"last_seen_utc\":\"2026-11-25 05:53:10\",\"duration_ms\":15000,"
#define SUM_JSON_END "\"flows\":1,\"packets\":1200,\"bytes\":1500000,"	\
	"\"pps\":80,\"bps\":800000,\"bpp\":1250}"

static char *
statistics(const char *format, size_t n)
{
	const struct print_options o = { .n_answers = n };
	const struct print_stat head = { .key = &srcip, .order = "bytes",
		.flows = 1 };
	const struct print_stat other = { .key = &net, .by_proto = true,
		.order = "bytes", .flows = 1 };
	struct printed *t = printed_new(format, &o);

	for (size_t i = 0; i < n; i++) {
		print_stat(t->p, i == 1 ? &other : &head);
		if (i < 2)
			printed_row(t, WEB);
	}
	return printed_end(t, NULL);
}

Test(print_json, statistics)
{
	char *got = statistics("json", 1);

	cr_expect_str_eq(got, "[\n{" SUM_JSON "\"srcip\":\"192.168.1.10\","
	    SUM_JSON_END "\n]\n", "%s", got);
	free(got);
	got = statistics("json", 4);
	/* no key comes twice */
	cr_expect_str_eq(got, "{\n\"srcip\": [\n{" SUM_JSON
	    "\"srcip\":\"192.168.1.10\"," SUM_JSON_END "\n],\n"
	    "\"dstip4/24\": [\n{" SUM_JSON
	    "\"proto\":\"TCP\",\"dstip4/24\":\"93.184.216.34\"," SUM_JSON_END
	    "\n],\n\"srcip/bytes\": [\n],\n\"srcip/bytes/2\": [\n]\n}\n",
	    "%s", got);
	free(got);
	got = statistics("ndjson", 2);
	cr_expect_str_eq(got, "{\"stat\":\"srcip\"," SUM_JSON
	    "\"srcip\":\"192.168.1.10\"," SUM_JSON_END "\n"
	    "{\"stat\":\"dstip4/24\"," SUM_JSON "\"proto\":\"TCP\","
	    "\"dstip4/24\":\"93.184.216.34\"," SUM_JSON_END "\n", "%s", got);
	free(got);
}

Test(print_json, strings)
{
	struct print_options o = { .quiet = true };
	struct names *n = names_of("address,name\n192.168.1.10,"
	    "\"q\"\"\\\t\033\xff\xc3\xa9\"\n");
	char *got;

	o.names = n;
	got = printed_list("ndjson", &o, NULL, web);
	cr_expect_not_null(strstr(got, "\"src_addr_name\":\"q\\\"\\\\\\u0009"
	    "\\u001b\xef\xbf\xbd\xc3\xa9\","), "%s", got);
	free(got);
	names_free(n);
}

#define NFDUMP_HEADER "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt," \
	"obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,odmc," \
	"idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9," \
	"mpls10,cl,sl,al,ra,eng,exid,tr\n"
#define NO_MACS	"00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00," \
	"00:00:00:00:00:00,"
#define NO_MPLS	"0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,"
#define LATENCY	"    0.000,    0.000,    0.000,"
/* nfdump has the time of arrival here */
#define NEVER	"1970-01-01 00:00:00.000\n"

Test(print_nfdump, flows)
{
	static const char *const rows[] = { WEB,
		"first_ms=1795585990000 duration_ms=1000 proto=17 "
		"src_addr=172.16.5.4 src_port=51000 dst_addr=8.8.8.8 "
		"dst_port=53 fwd_status=64 tos=184 packets=5 bytes=1234567 "
		"out_packets=77 out_bytes=7654321 in_if=1 out_if=2 "
		"src_as=64512 dst_as=15169 src_mask=24 dst_mask=8 dst_tos=46 "
		"direction=0 next_hop=10.9.9.9 bgp_next_hop=10.9.9.1 "
		"src_vlan=100 dst_vlan=4094 in_src_mac=0x00112233aabb "
		"out_dst_mac=0xffeeddccbbaa in_dst_mac=0x0a0b0c0d0e0f "
		"out_src_mac=0xf00000000001 mpls1=16000 mpls2=16777200 "
		"mpls3=43981 engine_type=1 engine_id=2 exporter=127.0.0.1",
		"first_ms=1795495876544 duration_ms=90123455 proto=255 "
		"src_addr=1.1.1.1 src_port=1 dst_addr=2.2.2.2 dst_port=2 "
		"tcp_flags=0xc0 packets=3 bytes=1000 exporter=127.0.0.1",
		"first_ms=1795585990000 duration_ms=1000 proto=1 "
		"src_addr=10.1.1.1 src_port=0 dst_addr=10.2.2.2 dst_port=781 "
		"packets=1150000 bytes=1250000 exporter=127.0.0.1", NULL };

	expect_list("nfdump-csv", NULL, NULL, rows, NFDUMP_HEADER
"2026-11-25 05:52:55,2026-11-25 05:53:10,15.000,192.168.1.10,93.184.216.34,44321,443,TCP,...AP.SF,0,0,1200,1500000,0,0,3,4,64500,15169,24,16,0,0,10.0.0.254,0.0.0.0,0,0," NO_MACS "0-0-0,0-0-0,0-0-0," NO_MPLS LATENCY "127.0.0.1,0/7,1," NEVER
"2026-11-25 05:53:10,2026-11-25 05:53:11,1.000,172.16.5.4,8.8.8.8,51000,53,UDP,........,64,184,5,1234567,77,7654321,1,2,64512,15169,24,8,46,0,10.9.9.9,10.9.9.1,100,4094,00:11:22:33:aa:bb,ff:ee:dd:cc:bb:aa,0a:0b:0c:0d:0e:0f,f0:00:00:00:00:01,1000-0-0,1048575-0-0,2748-6-1," NO_MPLS LATENCY "127.0.0.1,1/2,1," NEVER
"2026-11-24 04:51:16,2026-11-25 05:53:19,90123.455,1.1.1.1,2.2.2.2,1,2,255  ,CE......,0,0,3,1000,0,0,0,0,0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0," NO_MACS "0-0-0,0-0-0,0-0-0," NO_MPLS LATENCY "127.0.0.1,0/7,1," NEVER
"2026-11-25 05:53:10,2026-11-25 05:53:11,1.000,10.1.1.1,10.2.2.2,0,781,ICMP,........,0,0,1150000,1250000,0,0,0,0,0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0," NO_MACS "0-0-0,0-0-0,0-0-0," NO_MPLS LATENCY "127.0.0.1,0/7,1," NEVER
	    "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n"
	    "1,0,0,0,0,0\n");
}

Test(print_nfdump, statistics)
{
	static const struct print_key mpls = { "mpls1", " MPLS lab 1",
		COL_mpls1 };
	const struct print_options plain = { .plain = true, .utc = true };
	const struct print_summary sum = { .flows = 21, .packets = 123471138995,
		.bytes = 1235568856670255, .has_range = true,
		.first_ms = 1793586000000, .last_ms = 1795585999999 };
	struct print_stat head = { .key = &srcip, .order = "flows",
		.flows = 21, .packets = 123471138995,
		.bytes = 1235568856670255 };
	struct printed *t = printed_new("nfdump-csv", &plain);
	char *got;

	print_stat(t->p, &head);
	printed_row(t, "first_ms=1793586000000 duration_ms=1999999999 "
	    "src_addr=1.1.1.1 packets=123471134700 bytes=1235568842076514 "
	    "rows=9");
	head.order = "bytes";
	head.by_proto = true;
	print_stat(t->p, &head);
	printed_row(t, "first_ms=1793586000000 duration_ms=1999999500 "
	    "src_addr=1.1.1.1 packets=123471134689 bytes=1234568892073454 "
	    "rows=4 proto=17");
	head.key = &mpls;
	head.order = "obyte";
	head.by_proto = false;
	print_stat(t->p, &head);
	printed_row(t, "first_ms=1795585990000 duration_ms=1000 mpls1=16000 "
	    "packets=5 bytes=1234567");
	got = printed_end(t, &sum);
	cr_expect_str_eq(got,
"ts,te,td,pr,val,fl,flP,ipkt,ipktP,ibyt,ibytP,ipps,ibps,ibpp\n"
"2026-11-02 02:20:00,2026-11-25 05:53:19,1999999.999,any,1.1.1.1,9,42.9,123471134700,100.0,1235568842076514,100.0,61735,4942275370,10006\n"
"\n"
"ts,te,td,pr,val,fl,flP,pkt,pktP,byt,bytP,pps,bps,bpp\n"
"2026-11-02 02:20:00,2026-11-25 05:53:19,1999999.500,17   ,1.1.1.1,4,19.0,123471134689,100.0,1234568892073454,99.9,61735,4938276802,9998\n"
"\n"
"ts,te,td,pr,val,fl,flP,opkt,opktP,obyt,obytP,opps,obps,obpp\n"
"2026-11-25 05:53:10,2026-11-25 05:53:11,1.000,any,    1000-0-0,1,4.8,5,0.0,1234567,0.0,5,9876536,246913\n"
"\n"
"Summary\n"
"flows,bytes,packets,avg_bps,avg_pps,avg_bpp\n"
"21,1235568856670255,123471138995,4942275429,61735,10006\n", "%s", got);
	free(got);
}

/* -q: a list has neither header nor summary, a statistic has its header. */
Test(print_nfdump, quiet)
{
	static const struct print_options q = { .quiet = true, .utc = true };
	const struct print_stat head = { .key = &srcip, .order = "flows",
		.flows = 1 };
	static const char *const none[] = { NULL };
	struct printed *t = printed_new("nfdump-csv", &q);
	char *got;

	print_stat(t->p, &head);
	got = printed_end(t, NULL);
	cr_expect_str_eq(got,
	    "ts,te,td,pr,val,fl,flP,ipkt,ipktP,ibyt,ibytP,ipps,ibps,ibpp\n\n",
	    "%s", got);
	free(got);
	expect_list("nfdump-csv", &q, NULL, none, "");
}

Test(print_null, prints_nothing)
{
	const struct print_stat head = { .key = &srcip, .order = "flows" };
	struct printed *t = printed_new("null", NULL);
	char *got;

	print_stat(t->p, &head);
	printed_row(t, WEB);
	got = printed_end(t, NULL);
	cr_expect_str_eq(got, "");
	free(got);
	expect_list("null", NULL, NULL, web, "");
}

Test(print_csv, series)
{
	static const struct print_key as = { "srcas", "Src AS", COL_src_as };
	static const struct print_options quiet = { .utc = true };
	static const char *const formats[] = { "csv", "ndjson" };
	static const char *const want[] = {
"\"bin_start_utc\",\"bin_sec\",\"proto\",\"srcas\",\"flows\",\"packets\","
"\"bytes\",\"bps\"\r\n"
"\"2026-11-25 05:50:00\",\"300\",\"UDP\",\"64500\",\"3\",\"4\",\"750\",\"20\"\r\n"
"\"2026-11-25 05:50:00\",\"300\",\"\",\"other\",\"0\",\"0\",\"0\",\"0\"\r\n",
"{\"bin_start_utc\":\"2026-11-25 05:50:00\",\"bin_sec\":300,\"proto\":\"UDP\","
"\"srcas\":64500,\"flows\":3,\"packets\":4,\"bytes\":750,\"bps\":20}\n"
"{\"bin_start_utc\":\"2026-11-25 05:50:00\",\"bin_sec\":300,\"proto\":null,"
"\"srcas\":\"other\",\"flows\":0,\"packets\":0,\"bytes\":0,\"bps\":0}\n" };

	for (size_t i = 0; i < 2; i++) {
		struct printed *t = printed_new(formats[i], &quiet);
		char *got;

		print_series(t->p, &(struct print_series){ &as, true });
		printed_row(t, "first_ms=1795585800000 duration_ms=300000 "
		    "proto=17 src_as=64500 packets=4 bytes=750 rows=3");
		printed_row(t, "first_ms=1795585800000 duration_ms=300000 "
		    "packets=0 bytes=0 rows=0");
		got = printed_end(t, NULL);
		cr_expect_str_eq(got, want[i], "%s", got);
		free(got);
	}
}
