/* Flows in memory: see flows.h. */
#include "tests/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX	60

/* Rubbish in all members shows whoever trusts one that is not set. */
static struct flow *
room(struct sink *s)
{
	struct flows *f = (struct flows *)s;

	if (f->n == f->max) {
		f->max = f->max == 0 ? 64 : f->max * 2;
		f->v = realloc(f->v, f->max * sizeof(f->v[0]));
		if (f->v == NULL)
			abort();
	}
	memset(&f->v[f->n], 0xa5, sizeof(f->v[0]));
	f->v[f->n].set = 0;
	return &f->v[f->n];
}

static void
put(struct sink *s)
{
	((struct flows *)s)->n++;
}

void
flows_decode(struct flows *f, struct decoder *d, const struct datagram *g)
{
	f->sink.room = room;
	f->sink.put = put;
	packet_decode(d, g, &f->sink);
}

void
flows_clear(struct flows *f)
{
	free(f->v);
	*f = (struct flows){ .v = NULL };
}

void
flow_text(const struct flow *f, enum column c, char *out)
{
	const struct column_info *ci = column_info(c);
	const char *at = (const char *)f + ci->offset;
	struct addr a;
	uint64_t v;
	int64_t ms;

	out[0] = '\0';
	if (!flow_has(f, c))
		return;
	switch (ci->type) {
	case CT_ADDR:
		memcpy(&a, at, sizeof(a));
		(void)addr_format(&a, out);
		break;
	case CT_TIME:
	case CT_SPAN:
		memcpy(&ms, at, sizeof(ms));
		(void)snprintf(out, TEXT_MAX, "%lld", (long long)ms);
		break;
	case CT_MAC:
		v = flow_number(f, c);
		(void)snprintf(out, TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x",
		    (unsigned)(v >> 40 & 255), (unsigned)(v >> 32 & 255),
		    (unsigned)(v >> 24 & 255), (unsigned)(v >> 16 & 255),
		    (unsigned)(v >> 8 & 255), (unsigned)(v & 255));
		break;
	default:
		(void)snprintf(out, TEXT_MAX, "%llu",
		    (unsigned long long)flow_number(f, c));
	}
}
