/* Headers and rows of CSV as flows. */
#include "collector/csv_flow.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/flows.h"

#define OURS "first_seen_utc,last_seen_utc,first_ms,duration_ms,proto," \
    "src_addr,src_port,dst_addr,dst_port,tcp_flags,tos,packets,bytes,in_if," \
    "out_if,src_as,dst_as,next_hop,src_mask,dst_mask,exporter"
#define OLD "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out," \
    "sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,odmc,idmc,osmc,mpls1," \
    "mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng," \
    "exid,tr"
#define NEW "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort," \
    "packets,bytes,flows"
#define FAST "cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr," \
    "dstPort,srcAS,dstAS,input,output,flags,srcTos,packets,bytes"
#define OLD_END ",0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0," \
    "0.000,    0.000,    0.000,"
#define NO_MACS "00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00," \
    "00:00:00:00:00:00"

/* A row, and the columns it gives; "!" and a part of the message: none. */
static const struct {
	const char	*header;
	const char	*row;
	const char	*want;
} cases[] = {
	{ OURS, "2026-11-23 05:52:12,2026-11-23 05:52:12,1795413132345,655,"
	    "TCP,192.168.1.10,51000,2001:db8::1,443,...AP.SF,8,10,1000,1,2,"
	    "64500,15169,10.9.9.9,24,0,127.0.0.1",
	    "first_ms=1795413132345 duration_ms=655 src_addr=192.168.1.10 "
	    "dst_addr=2001:db8::1 src_port=51000 dst_port=443 proto=6 "
	    "tcp_flags=27 packets=10 bytes=1000 src_as=64500 dst_as=15169 "
	    "in_if=1 out_if=2 tos=8 next_hop=10.9.9.9 src_mask=24 dst_mask=0 "
	    "from 127.0.0.1 end 1795413133000" },
	/* what was not sent stays so, also the duration */
	{ OURS, "2026-11-23 05:52:12,2026-11-23 05:52:12,1795413132345"
	    ",,,,,,,,,,,,,,,,,,",
	    "first_ms=1795413132345 end 1795413132345" },
	{ OURS, "x,x,-5,0,,,,,,,,,,,,,,,,,", "first_ms=-5 duration_ms=0 "
	    "end -5" },
	{ OURS, "x,x,,0,,,,,,,,,,,,,,,,,", "!the flow has no time" },
	{ OURS, "x,x,1,0,,10.0.0.256,,,,,,,,,,,,,,,",
	    "!src_addr \"10.0.0.256\": want an IP address" },
	{ OURS, "x,x,1,0,,,65536,,,,,,,,,,,,,,", "!src_port \"65536\": want" },
	{ OURS, "x,x,1,0,,,,,,,,9007199254740992,,,,,,,,,", "!packets" },
	{ OURS, "x,x,1,0,,,,,,,,,9007199254740991,,,,,,,,",
	    "first_ms=1 duration_ms=0 bytes=9007199254740991 end 1" },
	{ OURS, "x,x,1,-1,,,,,,,,,,,,,,,,,", "!duration_ms \"-1\": want" },
	{ OURS, "x,x,1.5,0,,,,,,,,,,,,,,,,,", "!first_ms \"1.5\": want" },
	{ OURS, "x,x,1,0", "!4 fields, the header has 21" },
	{ OURS, "x,x,1,0,,,,,,,,,,,,,,,,,,", "!22 fields, the header has 21" },
	{ OURS, "x,x,1,0,,,,,,,,,,,,,,,,,router", "!exporter \"router\"" },
	/* a mutilated one: without first_ms, and turned about */
	{ "last_seen_utc,bytes,src_addr,first_seen_utc",
	    "2026-11-23 05:52:13,7,::1,2026-11-23 05:52:12",
	    "first_ms=1795413132000 duration_ms=1000 src_addr=::1 bytes=7 "
	    "end 1795413133000" },
	/* chosen columns of ours */
	{ "first_ms,src_addr,src_vlan,in_src_mac,mpls1,sampling,direction,"
	    "flows", "5,::1,0,00:00:00:00:00:00,33,100,0,3",
	    "first_ms=5 src_addr=::1 direction=0 src_vlan=0 flows=3 "
	    "in_src_mac=00:00:00:00:00:00 mpls1=33 end 5 left out: "
	    "sampling" },

	{ OLD, "2026-11-23 05:52:12,2026-11-23 05:52:19,7.851,192.168.1.10,"
	    "8.8.8.8,51000,53,UDP,........,0,0,1,70,0,0,1,2,64500,0,24,16,0,0,"
	    "10.9.9.9,0.0.0.0,0,0," NO_MACS ",0-0-0" OLD_END
	    "127.0.0.1,0/7,1,2026-11-23 05:52:32.851",
	    "first_ms=1795413132000 duration_ms=7851 src_addr=192.168.1.10 "
	    "dst_addr=8.8.8.8 src_port=51000 dst_port=53 proto=17 tcp_flags=0 "
	    "packets=1 bytes=70 src_as=64500 dst_as=0 in_if=1 out_if=2 tos=0 "
	    "next_hop=10.9.9.9 src_mask=24 dst_mask=16 engine_type=0 "
	    "engine_id=7 from 127.0.0.1 end 1795413139851 "
	    "received 1795413152851" },
	{ OLD, "2026-11-23 05:52:12,2026-11-23 05:52:12,0.000,::1,::2,0,0,"
	    "ICMP6,........,64,4,1,70,2,140,0,0,0,0,0,0,8,1,"
	    "::,fe80::1,5,6,00:00:00:00:00:01,00:00:00:00:00:00,"
	    "00:00:00:00:00:00,00:00:00:00:00:00,16-1-1" OLD_END
	    "0.0.0.0,0/0,0,1970-01-01 00:00:00.000",
	    "first_ms=1795413132000 duration_ms=0 src_addr=::1 dst_addr=::2 "
	    "src_port=0 proto=58 tcp_flags=0 packets=1 bytes=70 src_as=0 "
	    "dst_as=0 in_if=0 out_if=0 tos=4 src_mask=0 dst_mask=0 "
	    "direction=1 src_vlan=5 dst_vlan=6 dst_tos=8 bgp_next_hop=fe80::1 "
	    "fwd_status=64 out_packets=2 out_bytes=140 "
	    "in_src_mac=00:00:00:00:00:01 mpls1=259 end 1795413132000" },

	/* a second's ends are kept: it began after 12.149 */
	{ OLD, "2026-11-23 05:52:12,2026-11-23 05:52:20,7.851,,,,,,,,,,,,,,,,,,"
	    ",,,,,,,,,,,,,,,,,,,,,,,,,,,", "first_ms=1795413132149 "
	    "duration_ms=7851 end 1795413140000" },

	{ NEW, "2026-11-23 05:52:12.345,0.655,6,1.2.3.4,80,5.6.7.8,1025,3,300,"
	    "1", "first_ms=1795413132345 duration_ms=655 src_addr=1.2.3.4 "
	    "dst_addr=5.6.7.8 src_port=80 dst_port=1025 proto=6 packets=3 "
	    "bytes=300 end 1795413133000" },
	{ NEW, "2026-11-23 05:52:12.345,00:00:01.000,ICMP,1.2.3.4,0,5.6.7.8,"
	    "8.0,3,300,2", "first_ms=1795413132345 duration_ms=1000 "
	    "src_addr=1.2.3.4 dst_addr=5.6.7.8 src_port=0 dst_port=2048 "
	    "proto=1 packets=3 bytes=300 flows=2 end 1795413133345" },
	{ NEW, "0000-00-00 00:00:00.000,0.000,6,1.2.3.4,80,5.6.7.8,1025,3,300,"
	    "1", "!the flow has no time" },
	{ NEW, "2026-11-23 05:52,0,6,1.2.3.4,80,5.6.7.8,1025,3,300,1",
	    "!firstSeen \"2026-11-23 05:52\": want a time as" },
	{ NEW, "1,0,6,1.2.3.4,80,5.6.7.8,1025,3,1.5 M,1",
	    "!bytes \"1.5 M\": want a whole number" },
	{ NEW, "1,0,\x01\xff,1.2.3.4,80,5.6.7.8,1025,3,1,1",
	    "!proto \"??\": want a protocol" },
	{ FAST, "1,2,1795413132345,1795413132845,6,1.2.3.4,80,5.6.7.8,1025,0,"
	    "15169,1,2,...AP.SF,0,3,300",
	    "first_ms=1795413132345 duration_ms=500 src_addr=1.2.3.4 "
	    "dst_addr=5.6.7.8 src_port=80 dst_port=1025 proto=6 tcp_flags=27 "
	    "packets=3 bytes=300 src_as=0 dst_as=15169 in_if=1 out_if=2 "
	    "tos=0 end 1795413132845" },
	/* the end before the start is no duration */
	{ FAST, "1,2,1795413132345,1795413132344,6,1.2.3.4,80,5.6.7.8,1025,0,"
	    "0,1,2,........,0,3,300",
	    "first_ms=1795413132345 src_addr=1.2.3.4 dst_addr=5.6.7.8 "
	    "src_port=80 dst_port=1025 proto=6 tcp_flags=0 packets=3 "
	    "bytes=300 src_as=0 dst_as=0 in_if=1 out_if=2 tos=0 "
	    "end 1795413132345" },
	{ "received,srcAddr,lastSeen,direction,engine,obsDomainID,srcXIP,"
	    "srcXPort,mplsLabel2,srcGeo,ja3,inBytes,bytes,routerIP",
	    "1795413132.345,1.2.3.4,0000-00-00 00:00:00.000,E,1/2,0x1f,"
	    "0.0.0.0,0,16-0-1,BE,no-ja3,7,8,::1",
	    "first_ms=1795413132345 src_addr=1.2.3.4 bytes=7 direction=1 "
	    "obs_domain=31 engine_type=1 engine_id=2 mpls2=257 from ::1 "
	    "end 1795413132345 received 1795413132345 left out: srcGeo, ja3, "
	    "bytes" },
	{ "lastSeen,duration,dstAddr", "1795413132.345,1.000,::1",
	    "first_ms=1795413131345 duration_ms=1000 dst_addr=::1 "
	    "end 1795413132345" },

	{ "1,2,3", "", "!!no header of flows: \"1\" and the rest name no "
	    "time" },
	{ "src_addr,bytes", "", "!!no header of flows" },
	{ "first_seen_utc,last_seen_utc,duration_ms,dstip,flows,packets,bytes,"
	    "pps,bps,bpp", "", "!!no list of flows: it has no addresses" },
	{ "ts,te,td,pr,val,fl,flP,ipkt,ipktP,ibyt,ibytP,ipps,ibps,ibpp", "",
	    "!!no list of flows" }
};

#define N_CASES	(sizeof(cases) / sizeof(cases[0]))
#define MAX_FIELDS	60

static size_t
split(const char *text, struct csv_field *f)
{
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(text, ",");

		/* libcsv takes the blanks away */
		while (len > 0 && *text == ' ') {
			text++;
			len--;
		}
		cr_assert_lt(n, MAX_FIELDS);
		f[n++] = (struct csv_field){ text, len };
		if (text[len] == '\0')
			return n;
		text += len + 1;
	}
}

static const char *
row_text(const struct csv_flow *c, const struct csv_flow_row *row)
{
	static char out[2000];
	char value[60];
	size_t n = 0;

	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!flow_has(&row->flow, (enum column)i))
			continue;
		flow_text(&row->flow, (enum column)i, value);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s=%s ",
		    column_info((enum column)i)->name, value);
	}
	if (row->exporter.len > 0) {
		(void)addr_format(&row->exporter, value);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "from %s ",
		    value);
	}
	n += (size_t)snprintf(out + n, sizeof(out) - n, "end %lld",
	    (long long)row->end_ms);
	if (row->received_ms != 0)
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    " received %lld", (long long)row->received_ms);
	if (c->left_out[0] != '\0')
		(void)snprintf(out + n, sizeof(out) - n, " left out: %s",
		    c->left_out);
	return out;
}

ParameterizedTestParameters(csv_flow, row)
{
	static int index[N_CASES];

	for (size_t i = 0; i < N_CASES; i++)
		index[i] = (int)i;
	return cr_make_param_array(int, index, N_CASES);
}

ParameterizedTest(int *i, csv_flow, row)
{
	struct csv_flow c = { .clock = { .utc = true } };
	struct csv_field f[MAX_FIELDS];
	struct csv_flow_row row;
	const char *want = cases[*i].want, *got;
	size_t n = split(cases[*i].header, f);
	struct err err;
	int rc = csv_flow_header(&c, f, n, &err);

	if (strncmp(want, "!!", 2) == 0) {
		cr_expect(rc == -1 && strstr(err.msg, want + 2) == err.msg,
		    "header %d: %d, \"%s\"", *i, rc, err.msg);
		return;
	}
	cr_assert_eq(rc, 0, "header %d: %s", *i, err.msg);
	cr_expect(csv_flow_is_header(&c, f, n));
	n = split(cases[*i].row, f);
	cr_expect_not(csv_flow_is_header(&c, f, n));
	rc = csv_flow_read(&c, f, n, &row, &err);
	if (want[0] == '!') {
		cr_expect(rc == -1 && strstr(err.msg, want + 1) == err.msg,
		    "row %d: %d, \"%s\"", *i, rc, err.msg);
		return;
	}
	cr_assert_eq(rc, 0, "row %d: %s", *i, err.msg);
	got = row_text(&c, &row);
	cr_expect_str_eq(got, want);
}

Test(csv_flow, summary)
{
	struct csv_flow c = { .clock = { .utc = true } };
	struct csv_field f[MAX_FIELDS];
	size_t n = split(OLD, f);
	struct err err;

	cr_assert_eq(csv_flow_header(&c, f, n, &err), 0);
	n = split("Summary", f);
	cr_expect(csv_flow_is_summary(&c, f, n));
	n = split("Summary,1", f);
	cr_expect_not(csv_flow_is_summary(&c, f, n));
	n = split("x", f);
	cr_expect_not(csv_flow_is_summary(&c, f, n));
}

/* Names of any length and number are told in bounded room. */
Test(csv_flow, many_unknown)
{
	struct csv_flow c = { .clock = { .utc = true } };
	struct csv_field f[CSV_ROWS_FIELDS];
	char name[5000];
	struct err err;

	memset(name, '\t', sizeof(name));
	for (size_t i = 0; i < CSV_ROWS_FIELDS; i++)
		f[i] = (struct csv_field){ name, sizeof(name) };
	cr_expect_eq(csv_flow_header(&c, f, CSV_ROWS_FIELDS, &err), -1);
	f[0] = (struct csv_field){ "ts", 2 };
	f[1] = (struct csv_field){ "sa", 2 };
	cr_expect_eq(csv_flow_header(&c, f, CSV_ROWS_FIELDS, &err), 0);
	cr_expect_eq(strlen(c.left_out), CSV_FLOW_TOLD - 1);
}
