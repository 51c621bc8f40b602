/*
 * The table of fields and their values: see field.h.  Tags, headings and
 * widths are those of nfdump 1.7.1; a field without a tag is known by its name
 * only.  Where several rows show one column, the first is the column's own.
 */
#include "query/field.h"

#include <string.h>
#include <strings.h>

#include "query/names.h"
#include "query/numtext.h"
#include "query/print.h"
#include "query/service.h"
#include "schema/proto.h"

#define NONE	COLUMN_COUNT
#define ONLY_TABLE	""
#define BLANKS47	"                                               "

#define F(tag, name, heading, width, kind, naming, c, second) \
	{ tag, name, heading, width, FIELD_##kind, NAMED_##naming, c, second }
#define COL(tag, heading, width, kind, c) \
	F(tag, NULL, heading, width, kind, NOT, COL_##c, COL_##c)
#define NAMED(tag, heading, width, kind, naming, c) \
	F(tag, NULL, heading, width, kind, naming, COL_##c, COL_##c)
#define PAIR(tag, heading, width, kind, a, b) \
	F(tag, ONLY_TABLE, heading, width, kind, NOT, COL_##a, COL_##b)
/* An address with what belongs to it. */
#define WITH(tag, heading, width, kind, a, b) \
	F(tag, ONLY_TABLE, heading, width, kind, ADDR, COL_##a, COL_##b)

static const struct field fields[] = {
	F("ts", "first_seen_utc", "Date first seen        ", 23, FIRST, NOT,
	    COL_first_ms, COL_first_ms),
	F("tfs", "first_seen_utc", "Date first seen        ", 23, FIRST, NOT,
	    COL_first_ms, COL_first_ms),
	F("te", "last_seen_utc", "Date last seen         ", 23, LAST, NOT,
	    COL_first_ms, COL_duration_ms),
	COL("tsr", "Date first seen (raw)    ", 14, FIRST_RAW, first_ms),
	F("ter", "last_ms", "Date last seen (raw)     ", 14, LAST_RAW, NOT,
	    COL_first_ms, COL_duration_ms),
	COL("td", "    Duration    ", 16, DURATION, duration_ms),
	F("tds", ONLY_TABLE, "    Duration    ", 16, SECONDS, NOT,
	    COL_duration_ms, COL_duration_ms),
	COL("pr", "Proto", 5, PROTO, proto),
	NAMED("sa", "     Src IP Addr", 16, ADDR, ADDR, src_addr),
	NAMED("da", "     Dst IP Addr", 16, ADDR, ADDR, dst_addr),
	WITH("sap", "     Src IP Addr:Port ", 22, ADDR_PORT, src_addr,
	    src_port),
	WITH("dap", "     Dst IP Addr:Port ", 22, ADDR_PORT, dst_addr,
	    dst_port),
	NAMED("sp", "Src Pt", 6, NUMBER, PORT, src_port),
	NAMED("dp", "Dst Pt", 6, PORT, PORT, dst_port),
	F("it", "icmp_type", "ICMP-T", 6, ICMP_TYPE, NOT, COL_dst_port,
	    COL_proto),
	F("ic", "icmp_code", "ICMP-C", 6, ICMP_CODE, NOT, COL_dst_port,
	    COL_proto),
	WITH("sn", "        Src Network", 19, NET, src_addr, src_mask),
	WITH("dn", "        Dst Network", 19, NET, dst_addr, dst_mask),
	COL("flg", "   Flags", 8, FLAGS, tcp_flags),
	COL("tos", "Tos", 3, NUMBER, tos),
	F("stos", ONLY_TABLE, "STos", 4, NUMBER, NOT, COL_tos, COL_tos),
	COL("dtos", "DTos", 4, NUMBER, dst_tos),
	COL("pkt", " Packets", 8, COUNTER, packets),
	F("ipkt", ONLY_TABLE, "  In Pkt", 8, COUNTER, NOT, COL_packets,
	    COL_packets),
	COL("opkt", " Out Pkt", 8, COUNTER, out_packets),
	COL("byt", "   Bytes", 8, COUNTER, bytes),
	F("ibyt", ONLY_TABLE, " In Byte", 8, COUNTER, NOT, COL_bytes,
	    COL_bytes),
	COL("obyt", "Out Byte", 8, COUNTER, out_bytes),
	F("fl", "flows", "Flows", 5, FLOWS, NOT, NONE, NONE),
	F("pps", "pps", "     pps", 8, PPS, NOT, COL_packets, COL_duration_ms),
	F("bps", "bps", "     bps", 8, BPS, NOT, COL_bytes, COL_duration_ms),
	F("bpp", "bpp", "   Bpp", 6, BPP, NOT, COL_bytes, COL_packets),
	NAMED("nh", "     Next-hop IP", 16, ADDR, ADDR, next_hop),
	NAMED("nhb", " BGP next-hop IP", 16, ADDR, ADDR, bgp_next_hop),
	NAMED("ra", "       Router IP", 16, EXPORTER, EXPORTER, exporter),
	F("exp", "exporter_id", "Exp ID", 6, NUMBER, NOT, COL_exporter,
	    COL_exporter),
	F("nfv", "version", "Ver", 3, VERSION, NOT, COL_exporter,
	    COL_exporter),
	NAMED("sas", "Src AS", 6, NUMBER, AS, src_as),
	NAMED("das", "Dst AS", 6, NUMBER, AS, dst_as),
	NAMED("nas", "Next AS", 7, NUMBER, AS, next_as),
	NAMED("pas", "Prev AS", 7, NUMBER, AS, prev_as),
	F("sc", "src_geo", "SC", 2, COUNTRY, COUNTRY, COL_src_addr,
	    COL_src_addr),
	F("dc", "dst_geo", "DC", 2, COUNTRY, COUNTRY, COL_dst_addr,
	    COL_dst_addr),
	F(NULL, "src_asn", "   Src ASN", 10, ASN, ASN, COL_src_addr,
	    COL_src_addr),
	F(NULL, "dst_asn", "   Dst ASN", 10, ASN, ASN, COL_dst_addr,
	    COL_dst_addr),
	NAMED("in", " Input", 6, NUMBER, IF, in_if),
	NAMED("out", "Output", 6, NUMBER, IF, out_if),
	COL("smk", "SMask", 5, NUMBER, src_mask),
	COL("dmk", "DMask", 5, NUMBER, dst_mask),
	COL("dir", "Dir", 3, DIRECTION, direction),
	COL("fwd", "Fwd", 3, NUMBER, fwd_status),
	COL("svln", "SVlan", 5, NUMBER, src_vlan),
	COL("dvln", "DVlan", 5, NUMBER, dst_vlan),
	COL("ismc", "  In src MAC Addr", 17, MAC, in_src_mac),
	COL("odmc", " Out dst MAC Addr", 17, MAC, out_dst_mac),
	COL("idmc", "  In dst MAC Addr", 17, MAC, in_dst_mac),
	COL("osmc", " Out src MAC Addr", 17, MAC, out_src_mac),
	COL("mpls1", " MPLS lbl 1 ", 12, MPLS, mpls1),
	COL("mpls2", " MPLS lbl 2 ", 12, MPLS, mpls2),
	COL("mpls3", " MPLS lbl 3 ", 12, MPLS, mpls3),
	COL("mpls4", " MPLS lbl 4 ", 12, MPLS, mpls4),
	COL("mpls5", " MPLS lbl 5 ", 12, MPLS, mpls5),
	COL("mpls6", " MPLS lbl 6 ", 12, MPLS, mpls6),
	COL("mpls7", " MPLS lbl 7 ", 12, MPLS, mpls7),
	COL("mpls8", " MPLS lbl 8 ", 12, MPLS, mpls8),
	COL("mpls9", " MPLS lbl 9 ", 12, MPLS, mpls9),
	COL("mpls10", "MPLS lbl 10 ", 12, MPLS, mpls10),
	PAIR("mpls", BLANKS47 "MPLS labels 1-10" BLANKS47 "                    ",
	    130, MPLS_ALL, mpls1, mpls10),
	COL("evt", " Event", 7, FW_EVENT, fw_event),
	COL("xevt", " XEvent", 7, FW_XEVENT, fw_xevent),
	COL("nevt", " Event", 7, NAT_EVENT, nat_event),
	NAMED("nsa", "   X-late Src IP", 16, ADDR, ADDR, nat_src_addr),
	NAMED("nda", "   X-late Dst IP", 16, ADDR, ADDR, nat_dst_addr),
	COL("nsp", "XsPort", 6, NUMBER, nat_src_port),
	COL("ndp", "XdPort", 6, NUMBER, nat_dst_port),
	WITH("nsap", "   X-Src IP Addr:Port ", 22, ADDR_PORT, nat_src_addr,
	    nat_src_port),
	WITH("ndap", "   X-Dst IP Addr:Port ", 22, ADDR_PORT, nat_dst_addr,
	    nat_dst_port),
	F("xsa", ONLY_TABLE, "   X-late Src IP", 16, ADDR, ADDR,
	    COL_nat_src_addr, COL_nat_src_addr),
	F("xda", ONLY_TABLE, "   X-late Dst IP", 16, ADDR, ADDR,
	    COL_nat_dst_addr, COL_nat_dst_addr),
	F("xsp", ONLY_TABLE, "XsPort", 6, NUMBER, NOT, COL_nat_src_port,
	    COL_nat_src_port),
	F("xdp", ONLY_TABLE, "XdPort", 6, NUMBER, NOT, COL_nat_dst_port,
	    COL_nat_dst_port),
	WITH("xsap", "   X-Src IP Addr:Port ", 22, ADDR_PORT, nat_src_addr,
	    nat_src_port),
	WITH("xdap", "   X-Dst IP Addr:Port ", 22, ADDR_PORT, nat_dst_addr,
	    nat_dst_port),
	COL("ivrf", "  I-VRF-ID", 10, NUMBER, in_vrf),
	COL("evrf", "  E-VRF-ID", 10, NUMBER, out_vrf),
	F("vrf", ONLY_TABLE, "  I-VRF-ID", 10, NUMBER, NOT, COL_in_vrf,
	    COL_in_vrf),
	COL("odid", "obsDomainID", 11, HEX, obs_domain),
	COL("opid", "  obsPointID", 12, HEX, obs_point),
	PAIR("eng", " engine", 7, ENGINE, engine_type, engine_id),
	COL(NULL, "EngTyp", 6, NUMBER, engine_type),
	COL(NULL, " EngID", 6, NUMBER, engine_id),
	COL(NULL, "Sampling", 8, NUMBER, sampling),
	COL(NULL, "MinTTL", 6, NUMBER, min_ttl),
	COL(NULL, "MaxTTL", 6, NUMBER, max_ttl),
	COL(NULL, "EthTyp", 6, NUMBER, ether_type),
	COL(NULL, "EndReason", 9, NUMBER, end_reason),
	COL(NULL, "    App ID", 10, NUMBER, app_id),
	COL(NULL, "Merged", 6, NUMBER, flows),
	F("cnt", ONLY_TABLE, "Count", 5, RECORD, NOT, NONE, NONE),
	F("n", ONLY_TABLE, "", 0, NEWLINE, NOT, NONE, NONE)
};

#define N_FIELDS	(sizeof(fields) / sizeof(fields[0]))

static const char *const not_stored[][2] = {
	{ "tr", "time of arrival" }, { "trr", "time of arrival" },
	{ "lbl", "flow label" }, { "gsap", "country" }, { "gdap", "country" },
	{ "sloc", "location" },
	{ "dloc", "location" }, { "ipl", "payload" }, { "opl", "payload" },
	{ "nbid", "NBAR id" }, { "nbnam", "NBAR name" }, { "ja3", "payload" },
	{ "sni", "payload" }, { "nfc", "connection id" },
	{ "sgt", "security group" }, { "msec", "event time" },
	{ "iacl", "access list" }, { "eacl", "access list" },
	{ "uname", "user name" }, { "pbstart", "port block" },
	{ "pbend", "port block" }, { "pbstep", "port block" },
	{ "pbsize", "port block" }, { "cl", "latency" }, { "sl", "latency" },
	{ "al", "latency" }
};

#define N_NOT_STORED	(sizeof(not_stored) / sizeof(not_stored[0]))

static bool
is_word(const char *a, const char *word, size_t len)
{
	return a != NULL && strlen(a) == len && strncasecmp(a, word, len) == 0;
}

const struct field *
field_find(const char *word, size_t len)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (is_word(fields[i].tag, word, len))
			return &fields[i];
	}
	for (size_t i = 0; len > 0 && i < N_FIELDS; i++) {
		if (is_word(field_name(&fields[i]), word, len))
			return &fields[i];
	}
	return NULL;
}

const struct field *
field_at(size_t i)
{
	return i < N_FIELDS ? &fields[i] : NULL;
}

const char *
field_not_stored(const char *tag, size_t len)
{
	for (size_t i = 0; i < N_NOT_STORED; i++) {
		if (is_word(not_stored[i][0], tag, len))
			return not_stored[i][1];
	}
	return NULL;
}

static enum geo_what
place_of(const struct field *f)
{
	return f->kind == FIELD_COUNTRY ? GEO_COUNTRY :
	    f->kind == FIELD_ASN ? GEO_AS : GEO_NOTHING;
}

const struct field *
field_of(int column)
{
	int want = column == COLUMN_COUNT ? COL_exporter : column;

	for (size_t i = 0; i < N_FIELDS; i++) {
		const struct field *f = &fields[i];

		if (column > COLUMN_COUNT ? place_of(f) != GEO_NOTHING &&
		    PRINT_PLACE(place_of(f), f->column) == column :
		    (int)f->column == want && f->name == NULL)
			return f;
	}
	return NULL;
}

const char *
field_name(const struct field *f)
{
	if (f->name == NULL)
		return column_info(f->column)->name;
	return f->name[0] == '\0' ? NULL : f->name;
}

bool
field_is_number(const struct field *f)
{
	switch (f->kind) {
	case FIELD_ADDR:
	case FIELD_MAC:
	case FIELD_FLAGS:
	case FIELD_PROTO:
	case FIELD_FIRST:
	case FIELD_LAST:
	case FIELD_EXPORTER:
	case FIELD_COUNTRY:
		return false;
	default:
		return true;
	}
}

uint64_t
field_columns(const struct field *f)
{
	uint64_t bits = 0;

	if (f->kind == FIELD_PPS || f->kind == FIELD_BPS)
		bits |= flow_bit(COL_first_ms);
	if (f->kind == FIELD_PORT || f->kind == FIELD_ADDR_PORT ||
	    f->kind == FIELD_FLAGS)
		bits |= flow_bit(COL_proto);	/* ICMP has no ports */
	/* an address of a family that tells how a missing one looks */
	if (f->column == COL_src_addr || f->column == COL_dst_addr)
		bits |= flow_bit(COL_src_addr) | flow_bit(COL_dst_addr);
	if (f->kind == FIELD_ENGINE)
		bits |= flow_bit(COL_exporter);
	if (f->kind == FIELD_MPLS_ALL) {
		for (int c = COL_mpls1; c <= COL_mpls10; c++)
			bits |= flow_bit((enum column)c);
	}
	if (f->column != NONE)
		bits |= flow_bit(f->column) | flow_bit(f->second);
	return bits;
}

uint64_t
field_name_columns(const struct field *f)
{
	return f->naming == NAMED_IF ? flow_bit(COL_exporter) : 0;
}

const struct addr *
field_addr(enum column c, const struct row *r)
{
	if (c == COL_exporter)
		return r->exporter.address.len > 0 ? &r->exporter.address :
		    NULL;
	if (!flow_has(&r->flow, c))
		return NULL;
	return (const struct addr *)(const void *)((const char *)&r->flow +
	    column_info(c)->offset);
}

static size_t
addr_value(const struct addr *a, char *out)
{
	return a == NULL ? 0 : addr_format(a, out);
}

static size_t
text_value(const char *text, char *out)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

static size_t
proto_value(unsigned proto, char *out)
{
	const char *name = proto_name(proto);

	return name == NULL ? uint_text(proto, out) : text_value(name, out);
}

static size_t
mac_value(uint64_t mac, char *out)
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (int shift = 44; shift >= 0; shift -= 4) {
		*p++ = hex[mac >> shift & 15];
		if (shift % 8 == 0 && shift > 0)
			*p++ = ':';
	}
	return (size_t)(p - out);
}

static size_t
flags_value(uint8_t flags, char *out)
{
	flags_format(flags, out);
	return FLAGS_TEXT_MAX - 1;
}

/* A column that is set; TIME and SPAN are not asked here. */
static size_t
column_value(const struct field *f, const struct row *r, char *out)
{
	uint64_t v = flow_number(&r->flow, f->column);

	switch (f->kind) {
	case FIELD_MAC:
		return mac_value(v, out);
	case FIELD_FLAGS:
		return flags_value((uint8_t)v, out);
	case FIELD_PROTO:
		return proto_value((unsigned)v, out);
	case FIELD_ICMP_TYPE:
		return uint_text(v >> 8, out);
	case FIELD_ICMP_CODE:
		return uint_text(v & 255, out);
	default:
		return uint_text(v, out);
	}
}

static size_t
place_value(const struct field *f, const struct row *r, char *out)
{
	uint32_t v;

	if (!row_place(r, place_of(f), f->column, &v))
		return 0;
	return f->kind == FIELD_COUNTRY ? geo_code_text(v, out) :
	    uint_text(v, out);
}

bool
field_is_set(const struct field *f, const struct row *r)
{
	uint32_t v;

	if (place_of(f) != GEO_NOTHING)
		return row_place(r, place_of(f), f->column, &v);
	return f->column == COL_exporter ? r->exporter.address.len != 0 :
	    flow_has(&r->flow, f->column);
}

size_t
field_value(const struct field *f, struct timetext *t, const struct row *r,
    char out[FIELD_VALUE_MAX])
{
	switch (f->kind) {
	case FIELD_PPS:
		return int_text(row_pps(r), out);
	case FIELD_BPS:
		return int_text(row_bps(r), out);
	case FIELD_BPP:
		return int_text(row_bpp(r), out);
	case FIELD_FLOWS:
		return int_text(r->flows, out);
	case FIELD_ADDR:
	case FIELD_EXPORTER:
		return addr_value(field_addr(f->column, r), out);
	case FIELD_VERSION:
		return r->exporter.version == 0 ? 0 :
		    uint_text(r->exporter.version, out);
	case FIELD_COUNTRY:
	case FIELD_ASN:
		return place_value(f, r, out);
	default:
		break;
	}
	if (f->column == NONE || !flow_has(&r->flow, f->column))
		return 0;
	switch (f->kind) {
	case FIELD_ICMP_TYPE:
	case FIELD_ICMP_CODE:
		return row_is_icmp(r) ? column_value(f, r, out) : 0;
	case FIELD_FIRST:
		return time_text(t, r->flow.first_ms, out);
	case FIELD_LAST:
		return time_text(t, row_last_ms(r), out);
	case FIELD_FIRST_RAW:
		return int_text(r->flow.first_ms, out);
	case FIELD_LAST_RAW:
		return int_text(row_last_ms(r), out);
	case FIELD_DURATION:
		return int_text(r->flow.duration_ms, out);
	case FIELD_SECONDS:
		return int_text(r->flow.duration_ms / 1000, out);
	default:
		return column_value(f, r, out);
	}
}

bool
field_is_named(const struct field *f, const struct names *n)
{
	if (n == NULL || f->naming == NAMED_NOT)
		return false;
	return names_of_places(n) ? f->naming == NAMED_COUNTRY ||
	    f->naming == NAMED_ASN || f->naming == NAMED_AS : true;
}

const char *
field_named(const struct field *f, const struct names *n, const struct row *r)
{
	const struct addr *a;
	const char *name = NULL;
	uint32_t v;

	if (n == NULL || f->naming == NAMED_NOT)
		return NULL;
	if (f->naming == NAMED_ADDR || f->naming == NAMED_EXPORTER) {
		a = field_addr(f->column, r);
		if (a != NULL && f->naming == NAMED_EXPORTER) {
			name = names_exporter(n, a);
			if (name == NULL)
				name = r->exporter.name;
		}
		return a == NULL || name != NULL ? name : names_addr(n, a);
	}
	if (place_of(f) != GEO_NOTHING) {
		if (!row_place(r, place_of(f), f->column, &v))
			return NULL;
		return f->naming == NAMED_COUNTRY ? names_country(n, v) :
		    names_as(n, v);
	}
	if (!flow_has(&r->flow, f->column))
		return NULL;
	v = (uint32_t)flow_number(&r->flow, f->column);
	if (f->naming == NAMED_AS)
		return names_as(n, v);
	if (f->naming == NAMED_PORT)
		return row_is_icmp(r) ? NULL : service_name(v);
	return r->exporter.address.len == 0 ? NULL :
	    names_if(n, &r->exporter.address, v);
}
