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
#define V9_WINDOW	128	/* packets; more back is a restart */

void
packet_v9(struct packet *p, const struct datagram *g)
{
	struct sequence_seen seen = { .units = 1, .window = V9_WINDOW,
		.exact = true, .has_uptime = true };
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
	seen.seq = be32(g->data + 12);
	seen.uptime_ms = p->times.uptime_ms;
	packet_sequence(p, &seen);
	c.p = g->data + V9_HEADER;
	c.end = g->data + g->len;
	set_walk(p, c);
}
