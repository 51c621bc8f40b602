/*
 * IPFIX, RFC 7011: the message header.
 *
 *	0       2       4            8             12              16
 *	version length  export (sec) sequence      observation domain
 *
 * A datagram should hold one message.  What follows the first message is
 * counted and not read.
 */
#include "collector/decoder.h"
#include "collector/set.h"

#define IPFIX_HEADER	16

void
packet_ipfix(struct packet *p, const struct datagram *g)
{
	struct sequence_seen seen = { .packets = false };
	struct cursor c, rest;
	struct exporter *e;
	uint32_t domain;
	size_t len;

	if (g->len < IPFIX_HEADER) {
		decoder_bump(p->d, NULL, DC_short_header, 1);
		return;
	}
	len = be16(g->data + 2);
	domain = be32(g->data + 12);
	if (len < IPFIX_HEADER || len > g->len) {
		decoder_bump(p->d, exporter_find(&p->d->exporters, &g->from,
		    10, domain), DC_bad_length, 1);
		return;
	}
	e = decoder_exporter(p->d, &g->from, 10, domain, g->arrival_ms);
	if (e == NULL)
		return;
	packet_begin(p, e);
	p->times.export_ms = (int64_t)be32(g->data + 4) * 1000;
	c.p = g->data + IPFIX_HEADER;
	c.end = rest.p = g->data + len;
	rest.end = g->data + g->len;
	if (!cursor_is_zero(&rest))
		decoder_bump(p->d, e, DC_bad_length, 1);
	set_walk(p, c);
	seen.seq = be32(g->data + 8);
	packet_sequence(p, &seen);
}
