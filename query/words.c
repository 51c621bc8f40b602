/*
 * The tables behind words.h.  Both dialects of nfdump stand here side by
 * side: up to 1.7.4 (src xip, bgpnext ip, icmp-type, sysid) and from 1.7.5 on
 * (src nat ip, bgp next ip, icmp type, exporter id).
 */
#include "query/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "schema/proto.h"

#define N(...)	(sizeof((uint8_t[]){ __VA_ARGS__ })), { __VA_ARGS__ }
#define COLS(phrase, value, ...) \
	{ phrase, value, PART_VALUE, IMPLIES_NOTHING, false, 0, NULL, \
	    N(__VA_ARGS__) }
#define NUM(phrase, ...)	COLS(phrase, VALUE_NUMBER, __VA_ARGS__)
#define HOST(phrase, ...) \
	{ phrase, VALUE_ADDR, PART_VALUE, IMPLIES_NOTHING, true, 0, NULL, \
	    N(__VA_ARGS__) }
#define PART(phrase, part, ...) \
	{ phrase, VALUE_NUMBER, part, IMPLIES_NOTHING, false, 0, NULL, \
	    N(__VA_ARGS__) }
#define ICMP(phrase, part) \
	{ phrase, VALUE_NUMBER, part, IMPLIES_ICMP, false, 0, NULL, \
	    N(COL_dst_port) }
#define FAMILY(phrase, len) \
	{ phrase, VALUE_NONE, PART_FAMILY, IMPLIES_NOTHING, false, len, NULL, \
	    N(COL_src_addr, COL_dst_addr) }
#define REFUSE(phrase, why) \
	{ phrase, VALUE_REFUSED, PART_VALUE, IMPLIES_NOTHING, false, 0, why, \
	    0, { 0 } }

#define PAYLOAD	"payload is not stored"
#define TUNNEL	"tunnel addresses are not stored"
#define LATENCY	"latency is not stored"
#define ACL	"access list ids are not stored"
#define PBLOCK	"port blocks are not stored"
#define SRC_MAC	COL_in_src_mac, COL_out_src_mac
#define DST_MAC	COL_in_dst_mac, COL_out_dst_mac
#define LABELS	COL_mpls1, COL_mpls2, COL_mpls3, COL_mpls4, COL_mpls5, \
		COL_mpls6, COL_mpls7, COL_mpls8, COL_mpls9, COL_mpls10
#define MPLS(n) \
	PART("mpls label" #n, PART_LABEL, COL_mpls##n), \
	PART("mpls exp" #n, PART_EXP, COL_mpls##n)
/* translated addresses and ports have four names */
#define NAT_SRC(p) \
	COLS(p "ip", VALUE_ADDR, COL_nat_src_addr), \
	COLS(p "net", VALUE_NET, COL_nat_src_addr), \
	COLS(p "port", VALUE_PORT, COL_nat_src_port)
#define NAT_DST(p) \
	COLS(p "ip", VALUE_ADDR, COL_nat_dst_addr), \
	COLS(p "net", VALUE_NET, COL_nat_dst_addr), \
	COLS(p "port", VALUE_PORT, COL_nat_dst_port)
#define NAT(p) \
	COLS(p "ip", VALUE_ADDR, COL_nat_src_addr, COL_nat_dst_addr), \
	COLS(p "net", VALUE_NET, COL_nat_src_addr, COL_nat_dst_addr), \
	COLS(p "port", VALUE_PORT, COL_nat_src_port, COL_nat_dst_port), \
	NAT_SRC("src " p), NAT_DST("dst " p)

static const struct word words[] = {
	HOST("ip", COL_src_addr, COL_dst_addr),
	HOST("src ip", COL_src_addr),
	HOST("dst ip", COL_dst_addr),
	HOST("host", COL_src_addr, COL_dst_addr),
	HOST("src host", COL_src_addr),
	HOST("dst host", COL_dst_addr),
	COLS("net", VALUE_NET, COL_src_addr, COL_dst_addr),
	COLS("src net", VALUE_NET, COL_src_addr),
	COLS("dst net", VALUE_NET, COL_dst_addr),
	COLS("port", VALUE_PORT, COL_src_port, COL_dst_port),
	COLS("src port", VALUE_PORT, COL_src_port),
	COLS("dst port", VALUE_PORT, COL_dst_port),
	COLS("proto", VALUE_PROTO, COL_proto),
	FAMILY("ipv4", 4),
	FAMILY("ipv6", 16),
	FAMILY("inet", 4),
	FAMILY("inet6", 16),
	{ "flags", VALUE_FLAGS, PART_VALUE, IMPLIES_TCP, false, 0, NULL,
	    N(COL_tcp_flags) },
	NUM("packets", COL_packets),
	NUM("in packets", COL_packets),
	NUM("out packets", COL_out_packets),
	NUM("bytes", COL_bytes),
	NUM("in bytes", COL_bytes),
	NUM("out bytes", COL_out_bytes),
	NUM("flows", SUBJECT_FLOWS),
	NUM("pps", SUBJECT_PPS),
	NUM("bps", SUBJECT_BPS),
	NUM("bpp", SUBJECT_BPP),
	NUM("duration", COL_duration_ms),
	NUM("as", COL_src_as, COL_dst_as),
	NUM("src as", COL_src_as),
	NUM("dst as", COL_dst_as),
	NUM("prev as", COL_prev_as),
	NUM("next as", COL_next_as),
	NUM("if", COL_in_if, COL_out_if),
	NUM("in if", COL_in_if),
	NUM("out if", COL_out_if),
	NUM("tos", COL_tos),
	NUM("src tos", COL_tos),
	NUM("dst tos", COL_dst_tos),
	NUM("mask", COL_src_mask, COL_dst_mask),
	NUM("src mask", COL_src_mask),
	NUM("dst mask", COL_dst_mask),
	NUM("vlan", COL_src_vlan, COL_dst_vlan),
	NUM("src vlan", COL_src_vlan),
	NUM("dst vlan", COL_dst_vlan),
	COLS("router ip", VALUE_ADDR, SUBJECT_EXPORTER_ADDR),
	COLS("exporter ip", VALUE_ADDR, SUBJECT_EXPORTER_ADDR),
	COLS("next ip", VALUE_ADDR, COL_next_hop),
	COLS("bgpnext ip", VALUE_ADDR, COL_bgp_next_hop),
	COLS("bgp next ip", VALUE_ADDR, COL_bgp_next_hop),
	ICMP("icmp-type", PART_HIGH),
	ICMP("icmp type", PART_HIGH),
	ICMP("icmp-code", PART_LOW),
	ICMP("icmp code", PART_LOW),
	COLS("flowdir", VALUE_DIRECTION, COL_direction),
	COLS("dir", VALUE_DIRECTION, COL_direction),
	COLS("ident", VALUE_NAME, SUBJECT_EXPORTER_NAME),
	COLS("exporter name", VALUE_NAME, SUBJECT_EXPORTER_NAME),
	NUM("engine-type", COL_engine_type),
	NUM("engine type", COL_engine_type),
	NUM("engine-id", COL_engine_id),
	NUM("engine id", COL_engine_id),
	NUM("sysid", COL_exporter),
	NUM("exporter id", COL_exporter),
	NUM("exporter sysid", COL_exporter),
	NUM("nfversion", SUBJECT_EXPORTER_VERSION),
	NUM("sampling", COL_sampling),
	NUM("observation domain id", COL_obs_domain),
	NUM("observation point id", COL_obs_point),
	COLS("first seen", VALUE_TIME, COL_first_ms),
	COLS("last seen", VALUE_TIME, SUBJECT_LAST),
	COLS("fwdstat", VALUE_FWDSTAT, COL_fwd_status),
	NUM("count", SUBJECT_COUNT),
	COLS("mac", VALUE_MAC, SRC_MAC, DST_MAC),
	COLS("src mac", VALUE_MAC, SRC_MAC),
	COLS("dst mac", VALUE_MAC, DST_MAC),
	COLS("in mac", VALUE_MAC, COL_in_src_mac, COL_in_dst_mac),
	COLS("out mac", VALUE_MAC, COL_out_src_mac, COL_out_dst_mac),
	COLS("in src mac", VALUE_MAC, COL_in_src_mac),
	COLS("in dst mac", VALUE_MAC, COL_in_dst_mac),
	COLS("out src mac", VALUE_MAC, COL_out_src_mac),
	COLS("out dst mac", VALUE_MAC, COL_out_dst_mac),
	MPLS(1), MPLS(2), MPLS(3), MPLS(4), MPLS(5),
	MPLS(6), MPLS(7), MPLS(8), MPLS(9), MPLS(10),
	PART("mpls any", PART_LABEL, LABELS),
	PART("mpls eos", PART_EOS, LABELS),
	NUM("min ttl", COL_min_ttl),
	NUM("max ttl", COL_max_ttl),
	NUM("ttl", COL_min_ttl, COL_max_ttl),
	{ "ttl equal", VALUE_NONE, PART_VALUE, IMPLIES_NOTHING, false, 0,
	    NULL, N(SUBJECT_TTL_SPREAD) },
	NUM("ethertype", COL_ether_type),
	NUM("end reason", COL_end_reason),
	NUM("app id", COL_app_id),
	NUM("ingress vrf", COL_in_vrf),
	NUM("egress vrf", COL_out_vrf),
	COLS("asa event", VALUE_FW_EVENT, COL_fw_event),
	COLS("asa event denied", VALUE_FW_DENIED, COL_fw_xevent),
	NUM("asa xevent", COL_fw_xevent),
	COLS("nat event", VALUE_NAT_EVENT, COL_nat_event),
	COLS("geo", VALUE_COUNTRY, COL_src_addr, COL_dst_addr),
	COLS("src geo", VALUE_COUNTRY, COL_src_addr),
	COLS("dst geo", VALUE_COUNTRY, COL_dst_addr),
	COLS("asn", VALUE_ASN, COL_src_addr, COL_dst_addr),
	COLS("src asn", VALUE_ASN, COL_src_addr),
	COLS("dst asn", VALUE_ASN, COL_dst_addr),
	NAT("nat "), NAT("xlate "), NAT("x"), NAT("n"),
	REFUSE("payload", PAYLOAD),
	REFUSE("pf", "packet filter fields are not stored"),
	REFUSE("tun", TUNNEL), REFUSE("tunip", TUNNEL),
	REFUSE("src tun", TUNNEL), REFUSE("dst tun", TUNNEL),
	REFUSE("src tunip", TUNNEL), REFUSE("dst tunip", TUNNEL),
	REFUSE("client latency", LATENCY), REFUSE("server latency", LATENCY),
	REFUSE("app latency", LATENCY),
	REFUSE("ingress acl", ACL), REFUSE("egress acl", ACL),
	REFUSE("ingress ace", ACL), REFUSE("egress ace", ACL),
	REFUSE("ingress xace", ACL), REFUSE("egress xace", ACL),
	REFUSE("pblock", PBLOCK), REFUSE("port in pblock", PBLOCK),
	REFUSE("src port in pblock", PBLOCK),
	REFUSE("dst port in pblock", PBLOCK),
	REFUSE("ip tor", "tor exit nodes need a list of them"),
	REFUSE("src ip tor", "tor exit nodes need a list of them"),
	REFUSE("dst ip tor", "tor exit nodes need a list of them"),
	REFUSE("flowlabel", "flow labels are not stored")
};

#define N_WORDS	(sizeof(words) / sizeof(words[0]))

/* Numbers with names; RFC 7270 section 4.12, Cisco NSEL, RFC 8158. */
static const struct {
	enum value_kind	 kind;
	int		 number;
	const char	*name;
} named[] = {
	{ VALUE_FWDSTAT, 0, "ukwn" }, { VALUE_FWDSTAT, 64, "forw" },
	{ VALUE_FWDSTAT, 65, "frag" }, { VALUE_FWDSTAT, 66, "notfrag" },
	{ VALUE_FWDSTAT, 128, "drop" }, { VALUE_FWDSTAT, 129, "dacld" },
	{ VALUE_FWDSTAT, 130, "daclp" }, { VALUE_FWDSTAT, 131, "noroute" },
	{ VALUE_FWDSTAT, 132, "dadj" }, { VALUE_FWDSTAT, 133, "dfrag" },
	{ VALUE_FWDSTAT, 134, "dbadh" }, { VALUE_FWDSTAT, 135, "dbadtlen" },
	{ VALUE_FWDSTAT, 136, "dbadhlen" }, { VALUE_FWDSTAT, 137, "dbadttl" },
	{ VALUE_FWDSTAT, 138, "dpolicy" }, { VALUE_FWDSTAT, 139, "dwred" },
	{ VALUE_FWDSTAT, 140, "drpf" }, { VALUE_FWDSTAT, 141, "dforus" },
	{ VALUE_FWDSTAT, 142, "dbadof" }, { VALUE_FWDSTAT, 143, "dhw" },
	{ VALUE_FWDSTAT, 192, "term" }, { VALUE_FWDSTAT, 193, "tadj" },
	{ VALUE_FWDSTAT, 194, "tincadj" }, { VALUE_FWDSTAT, 195, "tforus" },
	{ VALUE_DIRECTION, 0, "ingress" }, { VALUE_DIRECTION, 1, "egress" },
	{ VALUE_FW_EVENT, 0, "ignore" }, { VALUE_FW_EVENT, 1, "create" },
	{ VALUE_FW_EVENT, 2, "delete" }, { VALUE_FW_EVENT, 2, "term" },
	{ VALUE_FW_EVENT, 3, "deny" }, { VALUE_FW_EVENT, 4, "alert" },
	{ VALUE_FW_EVENT, 5, "update" },
	{ VALUE_FW_DENIED, 1001, "ingress" },
	{ VALUE_FW_DENIED, 1002, "egress" },
	{ VALUE_FW_DENIED, 1003, "interface" },
	{ VALUE_FW_DENIED, 1004, "nosyn" },
	{ VALUE_NAT_EVENT, 1, "add" }, { VALUE_NAT_EVENT, 1, "create" },
	{ VALUE_NAT_EVENT, 2, "delete" }
};

#define N_NAMED	(sizeof(named) / sizeof(named[0]))

/* The k-th word of a phrase; false when it has fewer. */
static bool
phrase_word(const char *phrase, size_t k, struct slice *out)
{
	const char *p = phrase;

	for (; k > 0; k--) {
		p = strchr(p, ' ');
		if (p == NULL)
			return false;
		p++;
	}
	out->text = p;
	out->len = strcspn(p, " ");
	return true;
}

static bool
same_word(const struct slice *a, const struct slice *b)
{
	return a->len == b->len && strncasecmp(a->text, b->text, a->len) == 0;
}

/* How many words of v[0..n) stand at the phrase's beginning. */
static size_t
common_words(const char *phrase, const struct slice *v, size_t n, bool *whole)
{
	size_t k;
	struct slice w;

	for (k = 0; phrase_word(phrase, k, &w); k++) {
		if (k == n || !same_word(&w, &v[k])) {
			*whole = false;
			return k;
		}
	}
	*whole = true;
	return k;
}

const struct word *
words_find(const struct slice *v, size_t n, size_t *used)
{
	const struct word *found = NULL;
	size_t most = 0, begun = 0;

	for (size_t i = 0; i < N_WORDS; i++) {
		bool whole;
		size_t k = common_words(words[i].phrase, v, n, &whole);

		if (whole && k > most) {
			found = &words[i];
			most = k;
		}
		if (k > begun)
			begun = k;
	}
	*used = found != NULL ? most : begun;
	return found;
}

static bool
same_letter(char a, char b)
{
	return strncasecmp(&a, &b, 1) == 0;
}

/* Edits, two neighbours that changed places counting as one. */
size_t
words_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	enum { MAX = 24 };
	size_t d[MAX + 1][MAX + 1];

	if (alen > MAX || blen > MAX)
		return MAX;
	for (size_t i = 0; i <= alen; i++) {
		for (size_t j = 0; j <= blen; j++) {
			size_t best;

			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] +
			    !same_letter(a[i - 1], b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 &&
			    same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]) &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[alen][blen];
}

const char *
words_near_proto(const char *name, size_t len)
{
	for (unsigned i = 0; i < 256; i++) {
		const char *proto = proto_name(i);

		if (proto != NULL && len > 2 && words_distance(proto,
		    strlen(proto), name, len) < 2)
			return proto;
	}
	return NULL;
}

/* "srcip", as statistics are called, for "src ip". */
static bool
same_unspaced(const char *phrase, const struct slice *v)
{
	size_t n = 0;

	for (; *phrase != '\0'; phrase++) {
		if (*phrase == ' ')
			continue;
		if (n == v->len || !same_letter(*phrase, v->text[n]))
			return false;
		n++;
	}
	return n == v->len;
}

const char *
words_suggest(const struct slice *v, size_t at, char *out, size_t size)
{
	/* one slip in a short word, two in a long one */
	size_t best = v[at].len < 3 ? 1 : v[at].len < 6 ? 2 : 3;
	bool found = false;

	for (size_t i = 0; i < N_WORDS; i++) {
		struct slice w;
		size_t d;
		bool whole;

		if (common_words(words[i].phrase, v, at, &whole) < at ||
		    words[i].value == VALUE_REFUSED ||
		    !phrase_word(words[i].phrase, at, &w))
			continue;
		if (at == 0 && same_unspaced(words[i].phrase, &v[at])) {
			(void)snprintf(out, size, "%s", words[i].phrase);
			return out;
		}
		d = words_distance(w.text, w.len, v[at].text, v[at].len);
		/* what was cut short is a better guess than what was misspelt */
		if (v[at].len > 2 && v[at].len < w.len &&
		    strncasecmp(w.text, v[at].text, v[at].len) == 0)
			d = 0;
		if (d < best) {
			best = d;
			found = true;
			(void)snprintf(out, size, "%.*s", (int)w.len, w.text);
		}
	}
	return found ? out : NULL;
}

/* Is w already in the list "a, b, c"? */
static bool
listed(const char *list, const struct slice *w)
{
	const char *p = list;

	while (*p != '\0') {
		struct slice item = { p, strcspn(p, ",") };

		if (same_word(&item, w))
			return true;
		p += item.len;
		p += strspn(p, ", ");
	}
	return false;
}

void
words_follow(const struct slice *v, size_t n, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < N_WORDS; i++) {
		struct slice w;
		bool whole;

		if (common_words(words[i].phrase, v, n, &whole) < n ||
		    words[i].value == VALUE_REFUSED ||
		    !phrase_word(words[i].phrase, n, &w) || listed(out, &w))
			continue;
		if (len + w.len + sizeof(", ") > size)
			break;
		len += (size_t)snprintf(out + len, size - len, "%s%.*s",
		    len > 0 ? ", " : "", (int)w.len, w.text);
	}
}

int
words_named(enum value_kind kind, const char *name, size_t len)
{
	for (size_t i = 0; i < N_NAMED; i++) {
		if (named[i].kind == kind && strlen(named[i].name) == len &&
		    strncasecmp(named[i].name, name, len) == 0)
			return named[i].number;
	}
	return -1;
}

const char *
words_name(enum value_kind kind, int64_t number)
{
	for (size_t i = 0; i < N_NAMED; i++) {
		if (named[i].kind == kind && named[i].number == number)
			return named[i].name;
	}
	return NULL;
}

const char *
words_name_at(enum value_kind kind, size_t i)
{
	for (size_t k = 0; k < N_NAMED; k++) {
		if (named[k].kind == kind && i-- == 0)
			return named[k].name;
	}
	return NULL;
}

const struct word *
words_at(size_t i)
{
	return i < N_WORDS ? &words[i] : NULL;
}

int
words_flags(const char *text, size_t len)
{
	static const char letters[] = "FSRPAUEC";
	int bits = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *p;

		if (text[i] == 'X') {
			bits |= 0x3f;
			continue;
		}
		p = text[i] == '\0' ? NULL : strchr(letters, text[i]);
		if (p == NULL)
			return -1;
		bits |= 1 << (p - letters);
	}
	return bits;
}
