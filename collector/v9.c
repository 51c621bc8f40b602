/*
 * NetFlow v9, RFC 3954: the header.
 *
 *	0       2       4              8            12          16     20
 *	version count   sysUptime (ms) export (sec) package seq source id
 *
 * The count is not looked at: devices disagree on what it counts, and the
 * sets tell their own lengths.
 */
#include "collector/decoder.h"
#include "collector/set.h"

#define V9_HEADER	20

void
packet_v9(struct packet *p, const struct datagram *g)
{
	struct sequence_seen seen = { .packets = true, .has_uptime = true };
	struct cursor c;
	struct exporter *e;

	if (g->len < V9_HEADER) {
		decoder_bump(p->d, NULL, DC_short_header, 1);
		return;
	}
	e = decoder_exporter(p->d, &g->from, 9, be32(g->data + 16),
	    g->arrival_ms);
	if (e == NULL)
		return;
	packet_begin(p, e);
	p->times.uptime_ms = be32(g->data + 4);
	p->times.export_ms = (int64_t)be32(g->data + 8) * 1000;
	c.p = g->data + V9_HEADER;
	c.end = g->data + g->len;
	set_walk(p, c);
	seen.seq = be32(g->data + 12);
	seen.uptime_ms = p->times.uptime_ms;
	packet_sequence(p, &seen);
}
