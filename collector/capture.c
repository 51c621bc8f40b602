/*
 * Capture files: see capture.h.  Each layer gets a cursor over what is left
 * and narrows it to what its own length says, so no header can make us read
 * past what was captured.
 */
#include "collector/capture.h"

#include <pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/cursor.h"
#include "collector/packet.h"

#define TAGS_MAX	8	/* stacked VLAN tags */
#define EXTENSIONS_MAX	16	/* IPv6 extension headers */

#define ETHER_IP4	0x0800
#define ETHER_IP6	0x86dd
#define ETHER_VLAN	0x8100	/* 802.1Q */
#define ETHER_QINQ	0x88a8	/* 802.1ad */
#define ETHER_OLD_QINQ	0x9100

#define IP_FRAGMENT	0x3fff	/* more fragments, or an offset */
#define PROTO_UDP	17
#define PROTO_FRAGMENT	44
#define PROTO_AH	51

#define UDP_HEADER	8

/* In place of a protocol number: what cannot be used. */
#define NO_PACKET	(-1)
#define A_FRAGMENT	(-2)

struct capture {
	pcap_t			*pcap;
	int			 link;		/* DLT_ */
	char			*path;
	struct capture_stat	 stat;
};

static bool
is_readable(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
		return true;
	default:
		return false;
	}
}

struct capture *
capture_open(const char *path, struct err *err)
{
	char msg[PCAP_ERRBUF_SIZE];
	struct capture *c = calloc(1, sizeof(*c));
	FILE *file;

	if (c == NULL || (c->path = strdup(path)) == NULL) {
		(void)err_set(err, "%s: out of memory", path);
		free(c);
		return NULL;
	}
	file = fopen(path, "rbe");
	if (file == NULL) {
		(void)err_sys(err, "%s", path);
		capture_close(c);
		return NULL;
	}
	c->pcap = pcap_fopen_offline(file, msg);
	if (c->pcap == NULL) {
		(void)err_set(err, "%s: not a capture file: %s", path, msg);
		(void)fclose(file);
		capture_close(c);
		return NULL;
	}
	c->link = pcap_datalink(c->pcap);
	if (!is_readable(c->link)) {
		const char *name = pcap_datalink_val_to_name(c->link);

		(void)err_set(err, "%s: captured on a link of type %s (%d), "
		    "which is not supported", path,
		    name == NULL ? "unknown" : name, c->link);
		capture_close(c);
		return NULL;
	}
	return c;
}

const struct capture_stat *
capture_stat(const struct capture *c)
{
	return &c->stat;
}

double
capture_progress(const struct capture *c)
{
	FILE *f = pcap_file(c->pcap);
	struct stat st;
	long at = f == NULL ? -1 : ftell(f);

	if (at < 0 || fstat(fileno(f), &st) == -1 || st.st_size <= 0)
		return 0;
	return at < st.st_size ? (double)at / (double)st.st_size : 1;
}

void
capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	if (c->pcap != NULL)
		pcap_close(c->pcap);	/* closes the file, too */
	free(c->path);
	free(c);
}

/* Takes the link layer off; 4 or 6, or 0 when it does not carry IP. */
static int
strip_link(const struct capture *c, struct cursor *p)
{
	uint16_t type = 0;
	size_t header = 0;

	switch (c->link) {
	case DLT_EN10MB:
		if (cursor_skip(p, 12) == -1)
			return 0;
		break;
	case DLT_LINUX_SLL:
		if (cursor_skip(p, 14) == -1)
			return 0;
		break;
	case DLT_LINUX_SLL2:
		/* its protocol comes first, then 18 bytes more */
		header = 18;
		break;
	default:
		/* the family's number differs between systems: IP tells */
		if ((c->link == DLT_NULL || c->link == DLT_LOOP) &&
		    cursor_skip(p, 4) == -1)
			return 0;
		return cursor_left(p) == 0 ? 0 : p->p[0] >> 4;
	}
	if (cursor_u16(p, &type) == -1 || cursor_skip(p, header) == -1)
		return 0;
	for (int i = 0; i < TAGS_MAX && (type == ETHER_VLAN ||
	    type == ETHER_QINQ || type == ETHER_OLD_QINQ); i++)
		if (cursor_skip(p, 2) == -1 || cursor_u16(p, &type) == -1)
			return 0;
	return type == ETHER_IP4 ? 4 : type == ETHER_IP6 ? 6 : 0;
}

/* Narrows to len bytes; more than there are is a packet cut short. */
static void
narrow(struct cursor *p, size_t len)
{
	if (len < cursor_left(p))
		p->end = p->p + len;
}

/* Takes the IPv4 header off; the protocol, or one of the above. */
static int
strip_ip4(struct cursor *p, struct addr *from)
{
	const uint8_t *h = p->p;
	size_t header, total;

	if (cursor_left(p) < 20 || h[0] >> 4 != 4)
		return NO_PACKET;
	header = (size_t)(h[0] & 0x0f) * 4;
	total = be16(h + 2);
	/* 0: left to the network card, which fills it in later */
	if (header < 20 || (total != 0 && total < header))
		return NO_PACKET;
	if (total != 0)
		narrow(p, total);
	if (cursor_skip(p, header) == -1)
		return NO_PACKET;
	if (be16(h + 6) & IP_FRAGMENT)
		return A_FRAGMENT;
	*from = addr_from(h + 12, 4);
	return h[9];
}

static void
set_from6(struct addr *from, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		*from = addr_from(bytes + 12, 4);
	else
		*from = addr_from(bytes, 16);
}

static int
strip_ip6(struct cursor *p, struct addr *from)
{
	const uint8_t *h = p->p;
	int next;

	if (cursor_left(p) < 40 || h[0] >> 4 != 6)
		return NO_PACKET;
	next = h[6];
	set_from6(from, h + 8);
	p->p += 40;
	if (be16(h + 4) != 0)		/* 0: a jumbogram, or left open */
		narrow(p, be16(h + 4));
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		size_t len;

		/* hop-by-hop, routing, destination, mobility, HIP, shim6 */
		if (next != 0 && next != 43 && next != 60 && next != 135 &&
		    next != 139 && next != 140 && next != PROTO_AH &&
		    next != PROTO_FRAGMENT)
			return next;
		if (cursor_left(p) < 8)
			return NO_PACKET;
		len = ((size_t)p->p[1] + 1) * 8;
		if (next == PROTO_AH)
			len = ((size_t)p->p[1] + 2) * 4;
		if (next == PROTO_FRAGMENT) {
			/* offset and "more" both 0: a whole packet */
			if ((be16(p->p + 2) & 0xfff9) != 0)
				return A_FRAGMENT;
			len = 8;
		}
		next = p->p[0];
		if (cursor_skip(p, len) == -1)
			return NO_PACKET;
	}
	return NO_PACKET;
}

/* Narrows a frame to its UDP payload; false when it has none for us. */
static bool
payload(struct capture *c, struct cursor *p, struct addr *from)
{
	int version = strip_link(c, p), proto = NO_PACKET;
	size_t len = 0;

	if (version == 4)
		proto = strip_ip4(p, from);
	else if (version == 6)
		proto = strip_ip6(p, from);
	if (proto == PROTO_UDP && cursor_left(p) >= UDP_HEADER)
		len = be16(p->p + 4);
	if (len >= UDP_HEADER) {
		narrow(p, len);
		p->p += UDP_HEADER;
		c->stat.datagrams++;
	} else if (proto == A_FRAGMENT)
		c->stat.fragments++;
	else
		c->stat.other++;
	return len >= UDP_HEADER;
}

int
capture_next(struct capture *c, struct datagram *g, struct err *err)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int rc;

	while ((rc = pcap_next_ex(c->pcap, &h, &bytes)) == 1) {
		struct cursor p = { bytes, bytes + h->caplen };

		c->stat.packets++;
		if (!payload(c, &p, &g->from))
			continue;
		g->data = p.p;
		g->len = cursor_left(&p);
		g->group = 0;	/* a capture has but one */
		g->arrival_ms = (int64_t)h->ts.tv_sec * 1000 +
		    h->ts.tv_usec / 1000;
		return 1;
	}
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	return err_set(err, "%s: packet %llu: %s", c->path,
	    (unsigned long long)c->stat.packets + 1, pcap_geterr(c->pcap));
}
