/*
 * The table of column names: see csv_words.h.  Most of ours are not in it:
 * those of stored columns are found in columns.def, and nfdump 1.7.1 calls its
 * MPLS labels by the same names.
 */
#include "collector/csv_words.h"

#include <string.h>
#include <strings.h>

#define NONE	CSV_WORD_NO_COLUMN

#define SENT(name, c)	{ name, K_COLUMN, COL_##c, false }
#define RARE(name, c)	{ name, K_COLUMN, COL_##c, true }
#define KIND(name, k)	{ name, K_##k, NONE, false }
#define MPLS(name, n)	{ name, K_MPLS, COL_mpls##n, false }

/* Ours, then those of nfdump 1.7.1, then 1.7.5's that have other names. */
static const struct csv_word words[] = {
	KIND("first_seen_utc", FIRST_UTC), KIND("last_seen_utc", LAST_UTC),
	KIND("last_ms", LAST_MS), KIND("exporter", EXPORTER),
	KIND("flows", FLOWS), KIND("sampling", UNKNOWN),
	KIND("version", NONE), KIND("pps", NONE), KIND("bps", NONE),
	KIND("bpp", NONE), KIND("icmp_type", NONE), KIND("icmp_code", NONE),
	{ "direction", K_DIRECTION, COL_direction, false },

	KIND("ts", FIRST), KIND("te", LAST), KIND("td", SPAN),
	SENT("sa", src_addr), SENT("da", dst_addr), SENT("sp", src_port),
	{ "dp", K_OLD_PORT, COL_dst_port, false }, SENT("pr", proto),
	SENT("flg", tcp_flags), RARE("fwd", fwd_status), SENT("stos", tos),
	SENT("ipkt", packets), SENT("ibyt", bytes), RARE("opkt", out_packets),
	RARE("obyt", out_bytes), SENT("in", in_if), SENT("out", out_if),
	SENT("sas", src_as), SENT("das", dst_as), SENT("smk", src_mask),
	SENT("dmk", dst_mask), RARE("dtos", dst_tos),
	{ "dir", K_DIRECTION, COL_direction, true },
	RARE("nh", next_hop), RARE("nhb", bgp_next_hop),
	RARE("svln", src_vlan), RARE("dvln", dst_vlan),
	RARE("ismc", in_src_mac), RARE("odmc", out_dst_mac),
	RARE("idmc", in_dst_mac), RARE("osmc", out_src_mac),
	KIND("cl", NONE), KIND("sl", NONE), KIND("al", NONE),
	KIND("ra", EXPORTER), KIND("eng", ENGINE), KIND("exid", NONE),
	KIND("tr", RECEIVED),

	KIND("firstSeen", FIRST), KIND("lastSeen", LAST),
	KIND("received", RECEIVED), KIND("duration", SPAN),
	SENT("srcAddr", src_addr), SENT("dstAddr", dst_addr),
	SENT("srcPort", src_port),
	{ "dstPort", K_PORT, COL_dst_port, false },
	SENT("flags", tcp_flags), SENT("srcTos", tos),
	SENT("inPackets", packets), SENT("inBytes", bytes),
	RARE("outPackets", out_packets), RARE("outBytes", out_bytes),
	SENT("input", in_if), SENT("output", out_if), SENT("srcAS", src_as),
	SENT("dstAS", dst_as), SENT("srcMask", src_mask),
	SENT("dstMask", dst_mask), RARE("dstTos", dst_tos),
	RARE("nextIP", next_hop), RARE("bgpNextIP", bgp_next_hop),
	RARE("srcVlan", src_vlan), RARE("dstVlan", dst_vlan),
	RARE("inSrcMac", in_src_mac), RARE("outDstMac", out_dst_mac),
	RARE("inDstMac", in_dst_mac), RARE("outSrcMac", out_src_mac),
	MPLS("mplsLabel1", 1), MPLS("mplsLabel2", 2), MPLS("mplsLabel3", 3),
	MPLS("mplsLabel4", 4), MPLS("mplsLabel5", 5), MPLS("mplsLabel6", 6),
	MPLS("mplsLabel7", 7), MPLS("mplsLabel8", 8), MPLS("mplsLabel9", 9),
	MPLS("mplsLabel10", 10), KIND("routerIP", EXPORTER),
	KIND("engine", ENGINE), RARE("fwdStatus", fwd_status),
	RARE("endReason", end_reason), RARE("nextAS", next_as),
	RARE("prevAS", prev_as), RARE("minTTL", min_ttl),
	RARE("maxTTL", max_ttl), RARE("srcXIP", nat_src_addr),
	RARE("dstXIP", nat_dst_addr), RARE("srcXPort", nat_src_port),
	RARE("dstXPort", nat_dst_port), RARE("ingressVrfID", in_vrf),
	RARE("egressVrfID", out_vrf),
	{ "obsDomainID", K_HEX, COL_obs_domain, true },
	{ "obsPointID", K_HEX, COL_obs_point, true },
	KIND("cnt", NONE), KIND("count", NONE), KIND("af", NONE),
	KIND("exporterID", NONE), KIND("icmpType", NONE),
	KIND("icmpCode", NONE), KIND("srcNet", NONE), KIND("dstNet", NONE)
};

#define N_WORDS	(sizeof(words) / sizeof(words[0]))

/* Behind the words of the table are the columns, by their own names. */
#define COLUMN_WORD	N_WORDS

_Static_assert(COLUMN_WORD + COLUMN_COUNT <= CSV_WORD_UNKNOWN,
    "a word is a byte");

bool
csv_is_text(const struct csv_field *f, const char *text)
{
	return strlen(text) == f->len &&
	    strncasecmp(text, f->text, f->len) == 0;
}

uint8_t
csv_word_find(const struct csv_field *f)
{
	int c;

	for (size_t i = 0; i < N_WORDS; i++) {
		if (csv_is_text(f, words[i].name))
			return (uint8_t)i;
	}
	c = column_find(f->text, f->len);
	return c == -1 ? CSV_WORD_UNKNOWN : (uint8_t)(COLUMN_WORD +
	    (size_t)c);
}

struct csv_word
csv_word(uint8_t at)
{
	enum column c;

	if (at < N_WORDS)
		return words[at];
	if (at == CSV_WORD_UNKNOWN)
		return (struct csv_word){ "", K_UNKNOWN, NONE, false };
	c = (enum column)(at - COLUMN_WORD);
	return (struct csv_word){ column_info(c)->name, c >= COL_mpls1 &&
	    c <= COL_mpls10 ? K_MPLS : K_COLUMN, (int)c, false };
}
