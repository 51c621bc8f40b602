/* Protocol names as nfdump prints them, and the letters of TCP flags. */
#include "schema/proto.h"

#include <string.h>
#include <strings.h>

struct proto {
	uint8_t		 number;
	const char	*name;
};

/*
 * Numbers by IANA.  The first name of a number is printed; further names of
 * the same number are only understood.
 */
static const struct proto protos[] = {
	{ 1, "ICMP" }, { 2, "IGMP" }, { 3, "GGP" }, { 4, "IPIP" },
	{ 5, "ST" }, { 6, "TCP" }, { 7, "CBT" }, { 8, "EGP" }, { 9, "IGP" },
	{ 12, "PUP" }, { 17, "UDP" }, { 20, "HMP" }, { 22, "XNS-IDP" },
	{ 27, "RDP" }, { 29, "ISO-TP4" }, { 33, "DCCP" }, { 37, "DDP" },
	{ 41, "IPv6" }, { 43, "IPv6-Route" }, { 44, "IPv6-Frag" },
	{ 45, "IDRP" }, { 46, "RSVP" }, { 47, "GRE" }, { 50, "ESP" },
	{ 51, "AH" }, { 57, "SKIP" }, { 58, "ICMP6" }, { 58, "IPv6-ICMP" },
	{ 59, "IPv6-NoNxt" }, { 60, "IPv6-Opts" }, { 80, "ISO-IP" },
	{ 81, "VMTP" }, { 88, "EIGRP" }, { 89, "OSPF" }, { 94, "IPIP-old" },
	{ 97, "ETHERIP" }, { 98, "ENCAP" }, { 103, "PIM" },
	{ 108, "IPCOMP" }, { 112, "VRRP" }, { 115, "L2TP" }, { 124, "ISIS" },
	{ 132, "SCTP" }, { 133, "FC" }, { 136, "UDPLite" },
	{ 137, "MPLS-in-IP" }, { 138, "manet" }, { 139, "HIP" },
	{ 140, "Shim6" }, { 141, "WESP" }, { 142, "ROHC" }
};

#define N_PROTOS	(sizeof(protos) / sizeof(protos[0]))

const char *
proto_name(unsigned proto)
{
	for (size_t i = 0; i < N_PROTOS; i++) {
		if (protos[i].number == proto)
			return protos[i].name;
	}
	return NULL;
}

int
proto_find(const char *name, size_t len)
{
	for (size_t i = 0; i < N_PROTOS; i++) {
		if (strlen(protos[i].name) == len &&
		    strncasecmp(protos[i].name, name, len) == 0)
			return protos[i].number;
	}
	return -1;
}

void
flags_format(uint8_t flags, char out[FLAGS_TEXT_MAX])
{
	static const char letters[] = "CEUAPRSF";

	for (int i = 0; i < 8; i++)
		out[i] = flags & 0x80 >> i ? letters[i] : '.';
	out[8] = '\0';
}
