/*
 * The table of elements: see elements.h.  Sorted by enterprise and id, which
 * a test checks.  Numbers are from IANA's "IP Flow Information Export
 * Entities" (v9 shares those below 128), RFC 3954 section 8 and Cisco's NSEL
 * documentation.  Elements not listed are skipped by their length.
 */
#include "collector/elements.h"

#define SLOT(s)	TARGET_SLOT(SLOT_##s)

static const struct element elements[] = {
	/* pen, id, target, rank, variant, flags */
	{ 0, 1, COL_bytes, 0, 0, 0 },
	{ 0, 2, COL_packets, 0, 0, 0 },
	{ 0, 3, COL_flows, 0, 0, 0 },
	{ 0, 4, COL_proto, 0, 0, 0 },
	{ 0, 5, COL_tos, 0, 0, 0 },
	{ 0, 6, COL_tcp_flags, 0, 0, 0 },
	{ 0, 7, COL_src_port, 0, 0, 0 },
	{ 0, 8, COL_src_addr, 0, VARIANT_IP4, 0 },
	{ 0, 9, COL_src_mask, 0, VARIANT_IP4, 0 },
	{ 0, 10, COL_in_if, 0, 0, 0 },
	{ 0, 11, COL_dst_port, 0, 0, 0 },
	{ 0, 12, COL_dst_addr, 0, VARIANT_IP4, 0 },
	{ 0, 13, COL_dst_mask, 0, VARIANT_IP4, 0 },
	{ 0, 14, COL_out_if, 0, 0, 0 },
	{ 0, 15, COL_next_hop, 0, VARIANT_IP4, 0 },
	{ 0, 16, COL_src_as, 0, 0, 0 },
	{ 0, 17, COL_dst_as, 0, 0, 0 },
	{ 0, 18, COL_bgp_next_hop, 0, VARIANT_IP4, 0 },
	{ 0, 21, SLOT(END_UPTIME), 0, 0, 0 },
	{ 0, 22, SLOT(START_UPTIME), 0, 0, 0 },
	/* v9's OUT_BYTES and OUT_PKTS: nProbe's other direction */
	{ 0, 23, COL_bytes, 3, 0, 0 },
	{ 0, 23, COL_out_bytes, 3, 0, ELEMENT_V9 | ELEMENT_SPARE },
	{ 0, 24, COL_packets, 3, 0, 0 },
	{ 0, 24, COL_out_packets, 3, 0, ELEMENT_V9 | ELEMENT_SPARE },
	{ 0, 27, COL_src_addr, 0, VARIANT_IP6, 0 },
	{ 0, 28, COL_dst_addr, 0, VARIANT_IP6, 0 },
	{ 0, 29, COL_src_mask, 0, VARIANT_IP6, 0 },
	{ 0, 30, COL_dst_mask, 0, VARIANT_IP6, 0 },
	{ 0, 32, SLOT(ICMP4), 0, 0, 0 },
	{ 0, 34, SLOT(SAMPLE_RATE), 1, 0, 0 },
	{ 0, 38, COL_engine_type, 0, 0, 0 },
	{ 0, 39, COL_engine_id, 0, 0, 0 },
	{ 0, 48, SLOT(SAMPLER), 0, 0, 0 },
	{ 0, 50, SLOT(SAMPLE_RATE), 0, 0, 0 },
	{ 0, 52, COL_min_ttl, 0, 0, 0 },
	{ 0, 53, COL_max_ttl, 0, 0, 0 },
	{ 0, 55, COL_dst_tos, 0, 0, 0 },
	{ 0, 56, COL_in_src_mac, 0, 0, 0 },
	{ 0, 57, COL_out_dst_mac, 0, 0, 0 },
	{ 0, 58, COL_src_vlan, 0, 0, 0 },
	{ 0, 59, COL_dst_vlan, 0, 0, 0 },
	{ 0, 60, SLOT(IP_VERSION), 0, 0, 0 },
	{ 0, 61, COL_direction, 0, 0, 0 },
	{ 0, 62, COL_next_hop, 0, VARIANT_IP6, 0 },
	{ 0, 63, COL_bgp_next_hop, 0, VARIANT_IP6, 0 },
	{ 0, 70, COL_mpls1, 0, 0, 0 },
	{ 0, 71, COL_mpls2, 0, 0, 0 },
	{ 0, 72, COL_mpls3, 0, 0, 0 },
	{ 0, 73, COL_mpls4, 0, 0, 0 },
	{ 0, 74, COL_mpls5, 0, 0, 0 },
	{ 0, 75, COL_mpls6, 0, 0, 0 },
	{ 0, 76, COL_mpls7, 0, 0, 0 },
	{ 0, 77, COL_mpls8, 0, 0, 0 },
	{ 0, 78, COL_mpls9, 0, 0, 0 },
	{ 0, 79, COL_mpls10, 0, 0, 0 },
	{ 0, 80, COL_in_dst_mac, 0, 0, 0 },
	{ 0, 81, COL_out_src_mac, 0, 0, 0 },
	{ 0, 85, COL_bytes, 1, 0, 0 },
	{ 0, 86, COL_packets, 1, 0, 0 },
	{ 0, 89, COL_fwd_status, 0, 0, 0 },
	{ 0, 95, COL_app_id, 0, 0, ELEMENT_APP },
	{ 0, 128, COL_next_as, 0, 0, 0 },
	{ 0, 129, COL_prev_as, 0, 0, 0 },
	{ 0, 136, COL_end_reason, 0, 0, 0 },
	{ 0, 138, COL_obs_point, 0, 0, 0 },
	{ 0, 139, SLOT(ICMP6), 0, 0, 0 },
	{ 0, 149, COL_obs_domain, 0, 0, 0 },
	{ 0, 150, SLOT(START_SEC), 0, 0, 0 },
	{ 0, 151, SLOT(END_SEC), 0, 0, 0 },
	{ 0, 152, SLOT(START_MS), 0, 0, 0 },
	{ 0, 153, SLOT(END_MS), 0, 0, 0 },
	{ 0, 154, SLOT(START_NTP), 0, 0, 0 },
	{ 0, 155, SLOT(END_NTP), 0, 0, 0 },
	{ 0, 156, SLOT(START_NTP), 1, 0, 0 },
	{ 0, 157, SLOT(END_NTP), 1, 0, 0 },
	{ 0, 158, SLOT(START_DELTA), 0, 0, 0 },
	{ 0, 159, SLOT(END_DELTA), 0, 0, 0 },
	{ 0, 160, SLOT(INIT_MS), 0, 0, 0 },
	{ 0, 161, SLOT(DURATION_MS), 0, 0, 0 },
	{ 0, 162, SLOT(DURATION_US), 0, 0, 0 },
	{ 0, 176, SLOT(ICMP4_TYPE), 0, 0, 0 },
	{ 0, 177, SLOT(ICMP4_CODE), 0, 0, 0 },
	{ 0, 178, SLOT(ICMP6_TYPE), 0, 0, 0 },
	{ 0, 179, SLOT(ICMP6_CODE), 0, 0, 0 },
	{ 0, 180, COL_src_port, 1, VARIANT_UDP, 0 },
	{ 0, 181, COL_dst_port, 1, VARIANT_UDP, 0 },
	{ 0, 182, COL_src_port, 1, VARIANT_TCP, 0 },
	{ 0, 183, COL_dst_port, 1, VARIANT_TCP, 0 },
	{ 0, 192, COL_min_ttl, 1, 0, 0 },
	{ 0, 192, COL_max_ttl, 1, 0, 0 },
	{ 0, 225, COL_nat_src_addr, 0, VARIANT_IP4, 0 },
	{ 0, 226, COL_nat_dst_addr, 0, VARIANT_IP4, 0 },
	{ 0, 227, COL_nat_src_port, 0, 0, 0 },
	{ 0, 228, COL_nat_dst_port, 0, 0, 0 },
	{ 0, 230, COL_nat_event, 0, 0, 0 },
	{ 0, 231, COL_bytes, 2, 0, 0 },
	{ 0, 232, COL_out_bytes, 2, 0, 0 },
	{ 0, 233, COL_fw_event, 0, 0, 0 },
	{ 0, 234, COL_in_vrf, 0, 0, 0 },
	{ 0, 235, COL_out_vrf, 0, 0, 0 },
	{ 0, 243, COL_src_vlan, 1, 0, 0 },
	{ 0, 252, COL_in_if, 1, 0, 0 },
	{ 0, 253, COL_out_if, 1, 0, 0 },
	{ 0, 254, COL_dst_vlan, 1, 0, 0 },
	{ 0, 256, COL_ether_type, 0, 0, 0 },
	{ 0, 281, COL_nat_src_addr, 0, VARIANT_IP6, 0 },
	{ 0, 282, COL_nat_dst_addr, 0, VARIANT_IP6, 0 },
	{ 0, 298, COL_packets, 2, 0, 0 },
	{ 0, 299, COL_out_packets, 2, 0, 0 },
	{ 0, 302, SLOT(SELECTOR), 0, 0, 0 },
	{ 0, 305, SLOT(SAMPLE_TAKE), 0, 0, 0 },
	{ 0, 306, SLOT(SAMPLE_SPACE), 0, 0, 0 },
	{ 0, 309, SLOT(SAMPLE_SIZE), 0, 0, 0 },
	{ 0, 310, SLOT(SAMPLE_POPULATION), 0, 0, 0 },
	/* Cisco ASA; the last five before ASA 8.4 had IANA's numbers */
	{ 0, 33002, COL_fw_xevent, 0, 0, ELEMENT_V9 },
	{ 0, 40001, COL_nat_src_addr, 1, VARIANT_IP4, ELEMENT_V9 },
	{ 0, 40002, COL_nat_dst_addr, 1, VARIANT_IP4, ELEMENT_V9 },
	{ 0, 40003, COL_nat_src_port, 1, 0, ELEMENT_V9 },
	{ 0, 40004, COL_nat_dst_port, 1, 0, ELEMENT_V9 },
	{ 0, 40005, COL_fw_event, 1, 0, ELEMENT_V9 },
	{ PEN_CISCO, 33002 - 32768, COL_fw_xevent, 1, 0, 0 },
	{ PEN_REVERSE, 1, COL_out_bytes, 0, 0, 0 },
	{ PEN_REVERSE, 2, COL_out_packets, 0, 0, 0 },
	{ PEN_REVERSE, 85, COL_out_bytes, 1, 0, 0 },
	{ PEN_REVERSE, 86, COL_out_packets, 1, 0, 0 },
};

#define ELEMENTS	(sizeof(elements) / sizeof(elements[0]))

const uint8_t element_pair_column[PAIR_COUNT] = {
	COL_src_addr, COL_dst_addr, COL_next_hop, COL_bgp_next_hop,
	COL_nat_src_addr, COL_nat_dst_addr, COL_src_mask, COL_dst_mask,
	COL_src_port, COL_dst_port
};

static int
before(const struct element *e, uint32_t pen, uint16_t id)
{
	return e->pen < pen || (e->pen == pen && e->id < id);
}

const struct element *
element_find(uint32_t pen, uint16_t id, size_t *n)
{
	size_t lo = 0, hi = ELEMENTS, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (before(&elements[mid], pen, id))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < ELEMENTS && elements[end].pen == pen &&
	    elements[end].id == id; end++)
		;
	*n = end - lo;
	return *n == 0 ? NULL : &elements[lo];
}

int
element_pair(unsigned target)
{
	for (int i = 0; i < PAIR_COUNT; i++)
		if (element_pair_column[i] == target)
			return i;
	return -1;
}
