/*
 * Real captures: every case NAME.pcap of the capture folder must give the
 * rows of NAME.expect.csv, in their order, field by field.  An empty field
 * there is one that the record does not have.  The folder is not part of the
 * tree: without it the test passes and says so.
 */
#include "collector/capture.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/packet.h"
#include "tests/flows.h"

#define ROW_MAX	1000

/* Columns of the expect files. */
enum { E_VERSION, E_SRC, E_DST, E_SPORT, E_DPORT, E_PROTO, E_PACKETS, E_BYTES,
	E_FIRST, E_LAST, E_FLAGS, E_TOS, E_IN, E_OUT, E_SAS, E_DAS, E_HOP,
	E_SMASK, E_DMASK, E_VLAN, E_SMAC, E_DMAC, E_ITYPE, E_ICODE, E_DIR,
	E_COUNT };

static const char header[] = "exporter_version,src_ip,dst_ip,src_port,"
    "dst_port,proto,packets,bytes,first_ms,last_ms,tcp_flags,tos,in_if,"
    "out_if,src_as,dst_as,next_hop,src_mask,dst_mask,vlan,src_mac,dst_mac,"
    "icmp_type,icmp_code,direction";

struct row {
	char	 text[ROW_MAX];
	char	*field[E_COUNT];
};

static int
read_row(FILE *f, struct row *r)
{
	char *p = r->text;
	int n = 0;

	if (fgets(r->text, sizeof(r->text), f) == NULL)
		return 0;
	r->text[strcspn(r->text, "\r\n")] = '\0';
	while (n < E_COUNT && p != NULL)
		r->field[n++] = strsep(&p, ",");
	cr_assert_eq(n, E_COUNT, "short line");
	return 1;
}

static void
differ(char *why, size_t size, const char *name, const char *want,
    const char *got)
{
	size_t n = strlen(why);

	(void)snprintf(why + n, size - n, " %s %s != %s;", name, want, got);
}

/* Columns that stand in the file as they are in the flow. */
static const struct {
	int		field;
	enum column	column;
} same[] = {
	{ E_SRC, COL_src_addr }, { E_DST, COL_dst_addr },
	{ E_PROTO, COL_proto }, { E_PACKETS, COL_packets },
	{ E_BYTES, COL_bytes }, { E_FLAGS, COL_tcp_flags },
	{ E_TOS, COL_tos }, { E_IN, COL_in_if }, { E_OUT, COL_out_if },
	{ E_SAS, COL_src_as }, { E_DAS, COL_dst_as },
	{ E_HOP, COL_next_hop }, { E_SMASK, COL_src_mask },
	{ E_DMASK, COL_dst_mask }, { E_DIR, COL_direction },
};

/* An address, port or counter that was not sent must be missing here, too. */
static int
must_be_missing(int field)
{
	return field == E_SRC || field == E_DST || field == E_PROTO ||
	    field == E_PACKETS || field == E_BYTES || field == E_FLAGS ||
	    field == E_TOS || field == E_DIR || field == E_IN ||
	    field == E_OUT || field == E_SAS || field == E_DAS;
}

static void
compare_times(const struct row *r, const struct flow *f, char *why,
    size_t size)
{
	const char *first = r->field[E_FIRST], *last = r->field[E_LAST];
	char got[40];

	if (*first == '\0')
		return;
	flow_text(f, COL_first_ms, got);
	if (strcmp(first, got) != 0)
		differ(why, size, "first_ms", first, got);
	if (*last == '\0') {
		if (flow_has(f, COL_duration_ms))
			differ(why, size, "last_ms", "none", "some");
		return;
	}
	if (atoll(last) < atoll(first)) {
		if (flow_has(f, COL_duration_ms))
			differ(why, size, "duration", "none", "some");
		return;
	}
	(void)snprintf(got, sizeof(got), "%lld",
	    (long long)(f->first_ms + f->duration_ms));
	if (!flow_has(f, COL_duration_ms) || strcmp(last, got) != 0)
		differ(why, size, "last_ms", last, got);
}

static void
compare_ports(const struct row *r, const struct flow *f, char *why,
    size_t size)
{
	int icmp = strcmp(r->field[E_PROTO], "1") == 0 ||
	    strcmp(r->field[E_PROTO], "58") == 0;
	char want[40], got[60];

	flow_text(f, COL_dst_port, got);
	if (icmp && *r->field[E_ITYPE] != '\0') {
		(void)snprintf(want, sizeof(want), "%d",
		    atoi(r->field[E_ITYPE]) * 256 + atoi(r->field[E_ICODE]));
		if (strcmp(want, got) != 0)
			differ(why, size, "icmp", want, got);
	} else if (strcmp(r->field[E_DPORT], got) != 0)
		differ(why, size, "dst_port", r->field[E_DPORT], got);
	flow_text(f, COL_src_port, got);
	if (icmp && *got != '\0' && strcmp(got, "0") != 0)
		differ(why, size, "src_port", "0", got);
	else if (!icmp && strcmp(r->field[E_SPORT], got) != 0)
		differ(why, size, "src_port", r->field[E_SPORT], got);
}

static void
compare_either(const struct row *r, int field, const struct flow *f,
    enum column a, enum column b, char *why, size_t size)
{
	char got[60];

	flow_text(f, flow_has(f, a) ? a : b, got);
	if (strcmp(r->field[field], got) != 0)
		differ(why, size, column_info(a)->name, r->field[field], got);
}

/* What differs, "" when nothing does. */
static void
compare(const struct row *r, const struct flow *f, char *why, size_t size)
{
	char got[60];

	why[0] = '\0';
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		const char *want = r->field[same[i].field];

		flow_text(f, same[i].column, got);
		if (*want == '\0' && !must_be_missing(same[i].field))
			continue;
		if (strcmp(want, got) != 0)
			differ(why, size, column_info(same[i].column)->name,
			    want, got);
	}
	compare_times(r, f, why, size);
	compare_ports(r, f, why, size);
	if (*r->field[E_VLAN] != '\0')
		compare_either(r, E_VLAN, f, COL_src_vlan, COL_src_vlan, why,
		    size);
	compare_either(r, E_SMAC, f, COL_in_src_mac, COL_out_src_mac, why,
	    size);
	compare_either(r, E_DMAC, f, COL_in_dst_mac, COL_out_dst_mac, why,
	    size);
}

static void
decode_file(const char *path, struct flows *out)
{
	struct decoder *d = decoder_new(&decoder_defaults);
	struct datagram g;
	struct err err;
	struct capture *c = capture_open(path, &err);
	int rc;

	cr_assert_not_null(c, "%s", err.msg);
	cr_assert_not_null(d);
	while ((rc = capture_next(c, &g, &err)) == 1)
		flows_decode(out, d, &g);
	cr_expect_eq(rc, 0, "%s", err.msg);
	cr_expect_eq(decoder_count(d, DC_flows), out->n);
	/* these were recorded without loss, whatever softflowd counts */
	if (strstr(path, "/softflowd-live-") != NULL) {
		cr_expect_eq(decoder_count(d, DC_lost), 0, "%s", path);
		cr_expect_eq(decoder_count(d, DC_restarts), 0, "%s", path);
	}
	capture_close(c);
	decoder_free(d);
}

/*
 * Where a decoder may well give more or fewer rows than the file has; the
 * notes beside the captures say so.  All others must be equal.
 */
static const struct {
	const char	*name;
	size_t		 skip;	/* rows of ours before the file's */
	int		 none;	/* no row at all is right, too */
} tolerable[] = {
	/* the data before the template is kept until that comes */
	{ "v9-template-after-data", 21, 0 },
	/* a v5 header that claims more records than there are */
	{ "invalid-v5-01", 0, 1 },
};

static size_t
compare_case(const char *pcap, const char *name)
{
	char path[PATH_MAX], why[1000];
	struct flows got = { 0 };
	struct row r;
	size_t n = 0, skip = 0;
	int none = 0, bad = 0;
	FILE *f;

	decode_file(pcap, &got);
	for (size_t i = 0; i < sizeof(tolerable) / sizeof(tolerable[0]); i++)
		if (strcmp(tolerable[i].name, name) == 0) {
			skip = tolerable[i].skip;
			none = tolerable[i].none;
		}
	(void)snprintf(path, sizeof(path), "%.*s.expect.csv",
	    (int)(strlen(pcap) - strlen(".pcap")), pcap);
	f = fopen(path, "r");
	cr_assert_not_null(f, "%s", path);
	cr_assert(read_row(f, &r));
	for (int i = 1; i < E_COUNT; i++)
		r.field[i][-1] = ',';
	cr_assert_str_eq(r.text, header);
	while (read_row(f, &r)) {
		n++;
		if (none && got.n == 0)
			continue;
		if (n + skip > got.n)
			break;
		compare(&r, &got.v[n + skip - 1], why, sizeof(why));
		if (why[0] != '\0' && bad++ < 3)
			cr_expect(0, "%s row %zu:%s", name, n, why);
	}
	fclose(f);
	if (!(none && got.n == 0))
		cr_expect_eq(got.n, n + skip, "%s: %zu rows, want %zu", name,
		    got.n, n + skip);
	flows_clear(&got);
	return n;
}

Test(captures, all)
{
	const char *dir = getenv("FLOWDB_CAPTURES");
	char pattern[PATH_MAX];
	size_t cases = 0, rows = 0;
	glob_t g;

	if (dir == NULL)
		dir = "../shared/captures";
	(void)snprintf(pattern, sizeof(pattern), "%s/*.pcap", dir);
	if (glob(pattern, 0, NULL, &g) != 0) {
		printf("captures: skipped, there is no %s\n", pattern);
		return;
	}
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *slash = strrchr(g.gl_pathv[i], '/');
		char name[NAME_MAX];

		(void)snprintf(name, sizeof(name), "%s", slash + 1);
		name[strlen(name) - strlen(".pcap")] = '\0';
		rows += compare_case(g.gl_pathv[i], name);
		cases++;
	}
	globfree(&g);
	printf("captures: compared %zu cases, %zu records\n", cases, rows);
}
