/* Statistics by name: see stats.h. */
#include "query/stats.h"

#include <string.h>
#include <strings.h>

#include "query/words.h"

#define ONE(name, heading, column) \
	{ name, heading, 1, { COL_##column }, GEO_NOTHING }
#define TWO(name, heading, a, b) \
	{ name, heading, 2, { COL_##a, COL_##b }, GEO_NOTHING }
/* of where the addresses are */
#define PLACE(src, dst, both, heading, what) \
	{ src, "Src " heading, 1, { COL_src_addr }, what }, \
	{ dst, "Dst " heading, 1, { COL_dst_addr }, what }, \
	{ both, heading, 2, { COL_src_addr, COL_dst_addr }, what }

/* Older names of nfdump stand behind the newer ones. */
static const struct stat_info stats[] = {
	ONE("srcip", "Src IP Addr", src_addr),
	ONE("dstip", "Dst IP Addr", dst_addr),
	TWO("ip", "IP Addr", src_addr, dst_addr),
	ONE("srcport", "Src Port", src_port),
	ONE("dstport", "Dst Port", dst_port),
	TWO("port", "Port", src_port, dst_port),
	ONE("proto", "Protocol", proto),
	ONE("srcas", "Src AS", src_as),
	ONE("dstas", "Dst AS", dst_as),
	TWO("as", "AS", src_as, dst_as),
	ONE("prevas", "Prev AS", prev_as),
	ONE("nextas", "Next AS", next_as),
	ONE("inif", "Input If", in_if),
	ONE("outif", "Output If", out_if),
	TWO("if", "In/Out If", in_if, out_if),
	ONE("tos", "Tos", tos),
	ONE("srctos", "Src Tos", tos),
	ONE("dsttos", "Dst Tos", dst_tos),
	ONE("dir", "Dir", direction),
	ONE("flags", "Flags", tcp_flags),
	ONE("srcmask", "Src Mask", src_mask),
	ONE("dstmask", "Dst Mask", dst_mask),
	TWO("mask", "Mask", src_mask, dst_mask),
	ONE("srcvlan", "Src Vlan", src_vlan),
	ONE("dstvlan", "Dst Vlan", dst_vlan),
	TWO("vlan", "Vlan", src_vlan, dst_vlan),
	ONE("nhip", "Next Hop IP", next_hop),
	ONE("next", "Next Hop IP", next_hop),
	ONE("nhbip", "Nexthop BGP IP", bgp_next_hop),
	ONE("bgpnext", "Nexthop BGP IP", bgp_next_hop),
	{ "router", "Router IP", 1, { STAT_EXPORTER },
	    GEO_NOTHING },
	{ "exporter", "Router IP", 1, { STAT_EXPORTER },
	    GEO_NOTHING },
	ONE("insrcmac", "In Src Mac", in_src_mac),
	ONE("outdstmac", "Out Dst Mac", out_dst_mac),
	ONE("indstmac", "In Dst Mac", in_dst_mac),
	ONE("outsrcmac", "Out Src Mac", out_src_mac),
	TWO("srcmac", "Src Mac", in_src_mac, out_src_mac),
	TWO("dstmac", "Dst Mac", in_dst_mac, out_dst_mac),
	TWO("inmac", "In Mac", in_src_mac, in_dst_mac),
	TWO("outmac", "Out Mac", out_src_mac, out_dst_mac),
	{ "mac", "Mac", 4, { COL_in_src_mac, COL_out_dst_mac, COL_in_dst_mac,
	    COL_out_src_mac }, GEO_NOTHING },
	ONE("mpls1", "MPLS label 1", mpls1),
	ONE("mpls2", "MPLS label 2", mpls2),
	ONE("mpls3", "MPLS label 3", mpls3),
	ONE("mpls4", "MPLS label 4", mpls4),
	ONE("mpls5", "MPLS label 5", mpls5),
	ONE("mpls6", "MPLS label 6", mpls6),
	ONE("mpls7", "MPLS label 7", mpls7),
	ONE("mpls8", "MPLS label 8", mpls8),
	ONE("mpls9", "MPLS label 9", mpls9),
	ONE("mpls10", "MPLS label 10", mpls10),
	ONE("odid", "Obs DomainID", obs_domain),
	ONE("opid", "Obs PointID", obs_point),
	ONE("ivrf", "I-vrf ID", in_vrf),
	ONE("evrf", "E-vrf ID", out_vrf),
	ONE("event", "Event", fw_event),
	ONE("xevent", "X-Event", fw_xevent),
	ONE("nevent", "Nevent", nat_event),
	ONE("xsrcip", "X-Src IP Addr", nat_src_addr),
	ONE("xdstip", "X-Dst IP Addr", nat_dst_addr),
	ONE("xsrcport", "X-Src Port", nat_src_port),
	ONE("xdstport", "X-Dst Port", nat_dst_port),
	ONE("nsrcip", "N-Src IP Addr", nat_src_addr),
	ONE("ndstip", "N-Dst IP Addr", nat_dst_addr),
	ONE("nsrcport", "N-Src Port", nat_src_port),
	ONE("ndstport", "N-Dst Port", nat_dst_port),
	ONE("minttl", "Min TTL", min_ttl),
	ONE("maxttl", "Max TTL", max_ttl),
	ONE("ethertype", "Ether Type", ether_type),
	ONE("fwdstat", "Forward Status", fwd_status),
	ONE("nbar", "Nbar", app_id),
	ONE("app", "Application", app_id),
	PLACE("srcgeo", "dstgeo", "geo", "Geo", GEO_COUNTRY),
	PLACE("srcasn", "dstasn", "asn", "ASN", GEO_AS),
};

#define N_STATS	(sizeof(stats) / sizeof(stats[0]))

const struct stat_info *
stat_at(size_t i)
{
	return i < N_STATS ? &stats[i] : NULL;
}

const struct stat_info *
stat_find(const char *name, size_t len)
{
	for (size_t i = 0; i < N_STATS; i++) {
		if (strlen(stats[i].name) == len &&
		    strncasecmp(stats[i].name, name, len) == 0)
			return &stats[i];
	}
	return NULL;
}

const char *
stat_missing(const char *name, size_t len)
{
	static const char acl[] = "access list ids are not stored";
	static const char payload[] = "payload is not stored";
	static const char latency[] = "latency is not stored";
	static const char numbers[] = "numbers of exporters differ by shard: "
	    "take router";
	static const char *const missing[][2] = { { "ja3", payload },
		{ "ja4", payload }, { "cl", latency }, { "sl", latency },
		{ "al", latency }, { "tunproto", "tunnels are not stored" },
		{ "iacl", acl }, { "iace", acl }, { "ixace", acl },
		{ "eacl", acl }, { "eace", acl }, { "exace", acl },
		{ "exp", numbers }, { "sysid", numbers } };

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		if (strlen(missing[i][0]) == len &&
		    strncasecmp(missing[i][0], name, len) == 0)
			return missing[i][1];
	}
	return NULL;
}

const char *
stat_suggest(const char *name, size_t len)
{
	const char *best = NULL;
	/* more slips are another word */
	size_t least = len < 4 ? 2 : 3;

	for (size_t i = 0; i < N_STATS; i++) {
		size_t d = words_distance(stats[i].name,
		    strlen(stats[i].name), name, len);

		if (d < least) {
			least = d;
			best = stats[i].name;
		}
	}
	return best;
}
