/* Capture files, written here byte by byte, and what comes out of them. */
#include "collector/capture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/packet.h"

/* Link types as in the file (not pcap.h's DLT_). */
#define LINK_NULL	0
#define LINK_ETHERNET	1
#define LINK_RAW	101
#define LINK_LOOP	108
#define LINK_SLL	113
#define LINK_USB	220
#define LINK_IP4	228
#define LINK_IP6	229
#define LINK_SLL2	276

#define IP4	"4500 0022 0000 0000 4011 0000 c0000201 c0000202 "
#define IP6	"60000000 000e 1140 20010db8000000000000000000000001" \
		"20010db8000000000000000000000002 "
#define UDP	"1234 07ff 000e 0000 "		/* to port 2047 */
#define DATA	"666c6f777364"			/* "flowsd" */
#define MACS	"020000000001 020000000002 "

struct out {
	uint8_t	b[8192];
	size_t	n;
};

static void
hex(struct out *o, const char *text)
{
	unsigned v;

	for (; *text != '\0'; text += *text == ' ' ? 1 : 2)
		if (*text != ' ') {
			cr_assert_eq(sscanf(text, "%2x", &v), 1);
			o->b[o->n++] = (uint8_t)v;
		}
}

static void
u32(struct out *o, uint32_t v)
{
	memcpy(o->b + o->n, &v, 4);	/* a file's order is its writer's */
	o->n += 4;
}

static void
file_header(struct out *o, uint32_t link)
{
	u32(o, 0xa1b2c3d4);
	u32(o, 4 << 16 | 2);
	u32(o, 0);
	u32(o, 0);
	u32(o, 65535);
	u32(o, link);
}

/* A packet at 1700000000.123456 + n seconds. */
static void
frame(struct out *o, uint32_t n, const char *text)
{
	size_t at;

	u32(o, 1700000000 + n);
	u32(o, 123456);
	at = o->n;
	o->n += 8;
	hex(o, text);
	o->b[at] = o->b[at + 4] = (uint8_t)((o->n - at - 8) & 255);
	o->b[at + 1] = o->b[at + 5] = (uint8_t)((o->n - at - 8) >> 8);
	o->b[at + 2] = o->b[at + 6] = 0;
	o->b[at + 3] = o->b[at + 7] = 0;
}

static struct capture *
open_bytes(const struct out *o, struct err *err)
{
	char path[] = "/tmp/flowdb-capture-XXXXXX";
	int fd = mkstemp(path);
	struct capture *c;

	cr_assert_neq(fd, -1);
	cr_assert_eq(write(fd, o->b, o->n), (ssize_t)o->n);
	(void)close(fd);
	c = capture_open(path, err);
	(void)unlink(path);
	return c;
}

struct frame_case {
	const char	*name;
	uint32_t	 link;
	const char	*frame;
	const char	*from;		/* NULL: passed over */
	size_t		 len;
	int		 fragment;
};

static const struct frame_case frames[] = {
	{ "Ethernet", LINK_ETHERNET, MACS "0800" IP4 UDP DATA,
	    "192.0.2.1", 6, 0 },
	{ "Ethernet, IPv6", LINK_ETHERNET, MACS "86dd" IP6 UDP DATA,
	    "2001:db8::1", 6, 0 },
	{ "VLAN", LINK_ETHERNET, MACS "8100 0064 0800" IP4 UDP DATA,
	    "192.0.2.1", 6, 0 },
	{ "two tags", LINK_ETHERNET, MACS "88a8 0064 8100 0065 86dd" IP6 UDP
	    DATA, "2001:db8::1", 6, 0 },
	{ "padded to 60 bytes", LINK_ETHERNET, MACS "0800" IP4 UDP DATA
	    "000000000000000000000000", "192.0.2.1", 6, 0 },
	{ "ARP", LINK_ETHERNET, MACS "0806" IP4 UDP DATA, NULL, 0, 0 },
	{ "nine tags", LINK_ETHERNET, MACS "8100 0000 8100 0000 8100 0000 "
	    "8100 0000 8100 0000 8100 0000 8100 0000 8100 0000 8100 0000 "
	    "0800" IP4 UDP DATA, NULL, 0, 0 },
	{ "cooked", LINK_SLL, "0000 0001 0006 020000000001 0000 0800" IP4 UDP
	    DATA, "192.0.2.1", 6, 0 },
	{ "cooked, VLAN", LINK_SLL, "0000 0001 0006 020000000001 0000 8100 "
	    "0001 86dd" IP6 UDP DATA, "2001:db8::1", 6, 0 },
	{ "cooked 2", LINK_SLL2, "0800 0000 00000002 0001 00 06 "
	    "0200000000010000" IP4 UDP DATA, "192.0.2.1", 6, 0 },
	{ "cooked 2, IPv6", LINK_SLL2, "86dd 0000 00000002 0001 00 06 "
	    "0200000000010000" IP6 UDP DATA, "2001:db8::1", 6, 0 },
	{ "raw", LINK_RAW, IP4 UDP DATA, "192.0.2.1", 6, 0 },
	{ "raw IPv6", LINK_RAW, IP6 UDP DATA, "2001:db8::1", 6, 0 },
	{ "IPv4 only", LINK_IP4, IP4 UDP DATA, "192.0.2.1", 6, 0 },
	{ "IPv6 only", LINK_IP6, IP6 UDP DATA, "2001:db8::1", 6, 0 },
	{ "null", LINK_NULL, "02000000" IP4 UDP DATA, "192.0.2.1", 6, 0 },
	{ "null, IPv6 of a BSD", LINK_NULL, "1c000000" IP6 UDP DATA,
	    "2001:db8::1", 6, 0 },
	{ "loop", LINK_LOOP, "00000002" IP4 UDP DATA, "192.0.2.1", 6, 0 },
	{ "IPv4-mapped", LINK_RAW, "60000000 000e 1140 "
	    "00000000000000000000ffffc0000207"
	    "00000000000000000000ffffc0000202" UDP DATA, "192.0.2.7", 6, 0 },
	{ "IPv4 options", LINK_RAW, "4600 0026 0000 0000 4011 0000 c0000201 "
	    "c0000202 01010100" UDP DATA, "192.0.2.1", 6, 0 },
	{ "total length left to the card", LINK_RAW, "4500 0000 0000 0000 "
	    "4011 0000 c0000201 c0000202" UDP DATA, "192.0.2.1", 6, 0 },
	{ "UDP length says less", LINK_RAW, IP4 "1234 07ff 000b 0000" DATA,
	    "192.0.2.1", 3, 0 },
	{ "UDP length says more", LINK_RAW, IP4 "1234 07ff 00ff 0000" DATA,
	    "192.0.2.1", 6, 0 },
	{ "UDP length too small", LINK_RAW, IP4 "1234 07ff 0007 0000" DATA,
	    NULL, 0, 0 },
	{ "no UDP length", LINK_RAW, IP4 "1234 07ff 0000 0000" DATA,
	    NULL, 0, 0 },
	{ "empty datagram", LINK_RAW, IP4 "1234 07ff 0008 0000" DATA,
	    "192.0.2.1", 0, 0 },
	{ "do not fragment", LINK_RAW, "4500 0022 0000 4000 4011 0000 "
	    "c0000201 c0000202" UDP DATA, "192.0.2.1", 6, 0 },
	{ "first fragment", LINK_RAW, "4500 0022 0000 2000 4011 0000 "
	    "c0000201 c0000202" UDP DATA, NULL, 0, 1 },
	{ "last fragment", LINK_RAW, "4500 0022 0000 0010 4011 0000 "
	    "c0000201 c0000202" UDP DATA, NULL, 0, 1 },
	{ "TCP", LINK_RAW, "4500 0022 0000 0000 4006 0000 c0000201 c0000202"
	    UDP DATA, NULL, 0, 0 },
	{ "header longer than the packet", LINK_RAW, "4f00 0022 0000 0000 "
	    "4011 0000 c0000201 c0000202" UDP DATA, NULL, 0, 0 },
	{ "header shorter than one", LINK_RAW, "4400 0022 0000 0000 4011 "
	    "0000 c0000201 c0000202" UDP DATA, NULL, 0, 0 },
	{ "cut in the IP header", LINK_RAW, "4500 0022 0000", NULL, 0, 0 },
	{ "cut in the UDP header", LINK_RAW, IP4 "1234 07ff 00", NULL, 0, 0 },
	{ "cut in the data", LINK_RAW, IP4 UDP "666c", "192.0.2.1", 2, 0 },
	{ "empty frame", LINK_ETHERNET, "", NULL, 0, 0 },
	{ "neither 4 nor 6", LINK_RAW, "50000000", NULL, 0, 0 },
	{ "extension headers", LINK_RAW, "60000000 0026 0040 "
	    "20010db8000000000000000000000001"
	    "20010db8000000000000000000000002 "
	    "3c00 000000000000 2b00 000000000000 1100 000000000000"
	    UDP DATA, "2001:db8::1", 6, 0 },
	{ "whole packet with a fragment header", LINK_RAW,
	    "60000000 0016 2c40 20010db8000000000000000000000001"
	    "20010db8000000000000000000000002 1100 0000 00000001" UDP DATA,
	    "2001:db8::1", 6, 0 },
	{ "IPv6 fragment", LINK_RAW,
	    "60000000 0016 2c40 20010db8000000000000000000000001"
	    "20010db8000000000000000000000002 1100 0001 00000001" UDP DATA,
	    NULL, 0, 1 },
	{ "authentication header", LINK_RAW, "60000000 001e 3340 "
	    "20010db8000000000000000000000001"
	    "20010db8000000000000000000000002 "
	    "1102 0000 00000001 00000001 00000000" UDP DATA,
	    "2001:db8::1", 6, 0 },
	{ "extension header beyond the packet", LINK_RAW, "60000000 000e 0040 "
	    "20010db8000000000000000000000001"
	    "20010db8000000000000000000000002 1109 000000000000",
	    NULL, 0, 0 },
};

Test(capture, frames)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame_case *k = &frames[i];
		struct out o = { .n = 0 };
		struct datagram g;
		struct err err;
		struct capture *c;
		char from[ADDR_TEXT_MAX];
		int rc;

		file_header(&o, k->link);
		frame(&o, 1, k->frame);
		c = open_bytes(&o, &err);
		cr_assert_not_null(c, "%s: %s", k->name, err.msg);
		rc = capture_next(c, &g, &err);
		cr_expect_eq(rc, k->from != NULL, "%s: %d", k->name, rc);
		cr_expect_eq(capture_stat(c)->packets, 1, "%s", k->name);
		cr_expect_eq(capture_stat(c)->fragments,
		    (uint64_t)k->fragment, "%s", k->name);
		cr_expect_eq(capture_stat(c)->other,
		    (uint64_t)(rc == 0 && !k->fragment), "%s", k->name);
		if (rc == 1) {
			(void)addr_format(&g.from, from);
			cr_expect_str_eq(from, k->from, "%s", k->name);
			cr_assert_eq(g.len, k->len, "%s: %zu", k->name, g.len);
			cr_expect_eq(memcmp(g.data, "flowsd", k->len), 0,
			    "%s", k->name);
			cr_expect_eq(g.arrival_ms, 1700000001123);
			cr_expect_eq(capture_next(c, &g, &err), 0);
		}
		capture_close(c);
	}
}

/* What was readable comes first, then the error with the packet's number. */
Test(capture, damaged)
{
	struct out o = { .n = 0 };
	size_t whole;

	file_header(&o, LINK_RAW);
	frame(&o, 0, IP4 UDP DATA);
	frame(&o, 1, IP4 UDP DATA);
	whole = o.n;
	frame(&o, 2, IP4 UDP DATA);
	for (size_t cut = whole + 1; cut < o.n; cut++) {
		struct out part = o;
		struct datagram g;
		struct err err;
		struct capture *c;

		part.n = cut;
		c = open_bytes(&part, &err);
		cr_assert_not_null(c);
		cr_expect_eq(capture_next(c, &g, &err), 1);
		cr_expect_eq(capture_next(c, &g, &err), 1);
		cr_expect_eq(capture_next(c, &g, &err), -1, "cut at %zu", cut);
		cr_expect(strstr(err.msg, "packet 3") != NULL, "%s", err.msg);
		cr_expect(strstr(err.msg, "/tmp/flowdb-capture-") != NULL);
		capture_close(c);
	}
}

/* A length in the middle that cannot be. */
Test(capture, broken_length)
{
	struct out o = { .n = 0 };
	struct datagram g;
	struct err err;
	struct capture *c;

	file_header(&o, LINK_RAW);
	frame(&o, 0, IP4 UDP DATA);
	frame(&o, 1, IP4 UDP DATA);
	memset(o.b + 24 + 16 + 34 + 8, 0xff, 4);
	c = open_bytes(&o, &err);
	cr_assert_not_null(c);
	cr_expect_eq(capture_next(c, &g, &err), 1);
	cr_expect_eq(capture_next(c, &g, &err), -1);
	cr_expect(strstr(err.msg, "packet 2") != NULL, "%s", err.msg);
	capture_close(c);
}

Test(capture, no_capture)
{
	struct out text = { .n = 0 }, none = { .n = 0 }, usb = { .n = 0 };
	struct err err;

	hex(&text, "68656c6c6f2c20776f726c642e2068656c6c6f2c20776f726c64");
	cr_expect_null(open_bytes(&text, &err));
	cr_expect(strstr(err.msg, "/tmp/flowdb-capture-") != NULL);
	cr_expect(strstr(err.msg, "not a capture") != NULL, "%s", err.msg);
	cr_expect_null(open_bytes(&none, &err));
	cr_expect(strstr(err.msg, "not a capture") != NULL, "%s", err.msg);
	file_header(&usb, LINK_USB);
	cr_expect_null(open_bytes(&usb, &err));
	cr_expect(strstr(err.msg, "USB") != NULL, "%s", err.msg);
	cr_expect_null(capture_open("/nonexistent/file.pcap", &err));
	cr_expect(strstr(err.msg, "/nonexistent/file.pcap: No such file") !=
	    NULL, "%s", err.msg);
	cr_expect_null(capture_open("/tmp", &err));
	cr_expect(strstr(err.msg, "/tmp") != NULL);
}

/* An empty capture is one. */
Test(capture, empty)
{
	struct out o = { .n = 0 };
	struct datagram g;
	struct err err;
	struct capture *c;

	file_header(&o, LINK_ETHERNET);
	c = open_bytes(&o, &err);
	cr_assert_not_null(c);
	cr_expect_eq(capture_next(c, &g, &err), 0);
	cr_expect_eq(capture_next(c, &g, &err), 0);
	capture_close(c);
}

/* pcapng: section header, interface, one enhanced packet block. */
Test(capture, pcapng)
{
	struct out o = { .n = 0 };
	struct datagram g;
	struct err err;
	struct capture *c;
	uint64_t us = UINT64_C(1700000001123456);

	u32(&o, 0x0a0d0d0a);
	u32(&o, 28);
	u32(&o, 0x1a2b3c4d);
	u32(&o, 1);
	u32(&o, UINT32_MAX);
	u32(&o, UINT32_MAX);
	u32(&o, 28);
	u32(&o, 1);		/* interface */
	u32(&o, 20);
	u32(&o, LINK_RAW);
	u32(&o, 65535);
	u32(&o, 20);
	u32(&o, 6);		/* packet: 34 bytes, padded to 36 */
	u32(&o, 68);
	u32(&o, 0);
	u32(&o, (uint32_t)(us >> 32));
	u32(&o, (uint32_t)us);
	u32(&o, 34);
	u32(&o, 34);
	hex(&o, IP4 UDP DATA "0000");
	u32(&o, 68);
	c = open_bytes(&o, &err);
	cr_assert_not_null(c, "%s", err.msg);
	cr_assert_eq(capture_next(c, &g, &err), 1, "%s", err.msg);
	cr_expect_eq(g.len, 6);
	cr_expect_eq(g.arrival_ms, 1700000001123);
	cr_expect_eq(capture_next(c, &g, &err), 0);
	capture_close(c);
}

/* Any byte changed, any length: an answer, and nothing read out of bounds. */
Test(capture, mutated)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct out good = { .n = 0 };

		file_header(&good, frames[i].link);
		frame(&good, 0, frames[i].frame);
		frame(&good, 1, frames[i].frame);
		for (size_t b = 40; b < good.n; b += 1 + b % 3) {
			struct out o = good;
			struct datagram g;
			struct err err;
			struct capture *c;
			int n = 0;

			o.b[b] = (uint8_t)~o.b[b];
			c = open_bytes(&o, &err);
			cr_assert_not_null(c);
			while (n < 3 && capture_next(c, &g, &err) == 1)
				n++;
			cr_expect_leq(n, 2);
			capture_close(c);
		}
	}
}
