/*
 * NetFlow v5: a header of 24 bytes, then records of 48.  The records are
 * decoded by a template like all others; only that nobody sends it.
 *
 *	0       2     4         8   12   16       20    21        22
 *	version count sysUptime sec nsec flow seq engine type, id sampling
 */
#include "collector/v5.h"

#include "collector/cursor.h"
#include "collector/decoder.h"
#include "collector/set.h"

#define V5_HEADER	24
#define V5_RECORD	48
#define V5_RATE		0x3fff		/* the two bits above are the mode */
#define PADDING		210		/* paddingOctets */

#define FIELD(id, len)	0, id, 0, len

/* The record as a v9 template record; its 20 lengths add up to 48. */
static const uint8_t v5_template[] = {
	1, 0, 0, 20,
	FIELD(8, 4), FIELD(12, 4), FIELD(15, 4), FIELD(10, 2), FIELD(14, 2),
	FIELD(2, 4), FIELD(1, 4), FIELD(22, 4), FIELD(21, 4), FIELD(7, 2),
	FIELD(11, 2), FIELD(PADDING, 1), FIELD(6, 1), FIELD(4, 1),
	FIELD(5, 1), FIELD(16, 2), FIELD(17, 2), FIELD(9, 1), FIELD(13, 1),
	FIELD(PADDING, 2)
};

struct template *
v5_compile(void)
{
	struct template_head head;
	bool bad;

	if (template_look(v5_template, sizeof(v5_template), 9, false,
	    &head) != TEMPLATE_OK)
		return NULL;
	return template_compile(v5_template, &head, &bad);
}

static void
set_rate(struct packet *p, uint32_t rate)
{
	if (p->e->rate_header == rate)
		return;
	p->e->rate_header = rate;
	exporter_set_rate(p->e, p->d->limits.default_sampling);
}

void
packet_v5(struct packet *p, const struct datagram *g)
{
	struct sequence_seen seen = { .has_uptime = true };
	const uint8_t *h = g->data;
	struct cursor rest;
	struct exporter *e;
	uint32_t domain;
	size_t len;

	if (g->len < V5_HEADER) {
		decoder_bump(p->d, NULL, DC_short_header, 1);
		return;
	}
	domain = be16(h + 20);
	len = (size_t)be16(h + 2) * V5_RECORD;
	if (len == 0 || len > g->len - V5_HEADER) {
		decoder_bump(p->d, exporter_find(&p->d->exporters, &g->from,
		    5, domain), DC_bad_length, 1);
		return;
	}
	e = decoder_exporter(p->d, &g->from, 5, domain, g->arrival_ms);
	if (e == NULL)
		return;
	packet_begin(p, e);
	rest.p = h + V5_HEADER + len;
	rest.end = h + g->len;
	if (!cursor_is_zero(&rest))
		decoder_bump(p->d, e, DC_bad_length, 1);
	p->times.uptime_ms = be32(h + 4);
	p->times.export_ms = (int64_t)be32(h + 8) * 1000 +
	    be32(h + 12) / 1000000;
	p->has_engine = true;
	p->engine_type = h[20];
	p->engine_id = h[21];
	set_rate(p, be16(h + 22) & V5_RATE);
	set_data(p, p->d->v5, h + V5_HEADER, len);
	seen.seq = be32(h + 16);
	seen.uptime_ms = p->times.uptime_ms;
	packet_sequence(p, &seen);
}
