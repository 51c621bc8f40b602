/* Counting who was refused: see refused.h. */
#include "collector/refused.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/log.h"

#define MAX_LINES	5	/* a call of refused_tell */
#define TELL_AGAIN	10	/* times as many as when it was told */

/* The sender's place; that of the least important one when it is new. */
static struct refused_sender *
place_of(struct refused *r, const struct addr *who)
{
	struct refused_sender *least = &r->v[0];

	for (size_t i = 0; i < r->n; i++) {
		struct refused_sender *s = &r->v[i];

		if (addr_cmp(&s->who, who) == 0)
			return s;
		if (s->datagrams < least->datagrams)
			least = s;
	}
	if (r->n < REFUSED_MAX)
		least = &r->v[r->n++];
	*least = (struct refused_sender){ .who = *who };
	return least;
}

void
refused_count(struct refused *r, const struct addr *who,
    enum source_refusal why)
{
	struct refused_sender *s = place_of(r, who);

	s->why = why;
	s->datagrams++;
	r->total++;
}

static int
most_first(const void *va, const void *vb)
{
	const struct refused_sender *a = va, *b = vb;

	if (a->datagrams != b->datagrams)
		return a->datagrams > b->datagrams ? -1 : 1;
	return addr_cmp(&a->who, &b->who);
}

size_t
refused_top(const struct refused *r, struct refused_sender *out, size_t max)
{
	struct refused_sender all[REFUSED_MAX];
	size_t n = r->n < max ? r->n : max;

	memcpy(all, r->v, r->n * sizeof(all[0]));
	if (r->n > 0)
		qsort(all, r->n, sizeof(all[0]), most_first);
	memcpy(out, all, n * sizeof(all[0]));
	return n;
}

void
refused_tell(struct refused *r)
{
	char address[ADDR_TEXT_MAX];
	int left = MAX_LINES;

	for (size_t i = 0; i < r->n && left > 0; i++) {
		struct refused_sender *s = &r->v[i];

		if (s->datagrams < s->told * TELL_AGAIN)
			continue;
		(void)addr_format(&s->who, address);
		log_warnx("refused %" PRIu64 " datagrams of %s: %s",
		    s->datagrams, address, source_refusal_text(s->why));
		s->told = s->datagrams;
		left--;
	}
}
