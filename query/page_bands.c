/*
 * Conversations as bands from senders on the left to receivers on the right
 * (a Sankey diagram), as thick as their bytes: see page.h.  As with the area,
 * the drawing is stretched and names stand beside it; everything in it is
 * also in the table of conversations.
 */
#include "query/page.h"

#include <stdlib.h>
#include <string.h>

#include "query/html.h"

#define WIDTH	1000
#define ROOM	320	/* pixels for bands, without gaps */
#define LEAST	26	/* pixels of a node, for two lines of its name */

/* An end of conversations. */
struct node {
	const struct page_row	*row;	/* the first one that names it */
	int64_t			 bytes;
	double			 y;	/* of its top */
	double			 height;
	double			 used;	/* by bands that are drawn */
};

struct side {
	struct node	v[PAGE_BANDS];
	size_t		n;
	double		height;
};

static struct node *
node_of(struct side *s, int side, const struct page_row *r)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i].row->text[side], r->text[side]) == 0)
			return &s->v[i];
	}
	s->v[s->n] = (struct node){ .row = r };
	return &s->v[s->n++];
}

/* Where nodes stand; a pixel for so many bytes. */
static void
place_nodes(struct side *s, double per_pixel)
{
	for (size_t i = 0; i < s->n; i++) {
		struct node *n = &s->v[i];

		n->height = (double)n->bytes / per_pixel;
		n->y = s->height;
		if (n->height < LEAST)
			n->y += (LEAST - n->height) / 2;
		s->height += (n->height < LEAST ? LEAST : n->height) + 6;
	}
}

/* The shorter side stands in the middle. */
static void
centre(struct side *s, double height)
{
	for (size_t i = 0; i < s->n; i++)
		s->v[i].y += (height - s->height) / 2;
}

static void
band(struct out *o, size_t colour, struct node *from, struct node *to,
    double thick)
{
	double a = from->y + from->used, b = to->y + to->used;

	from->used += thick;
	to->used += thick;
	if (thick < 1)
		thick = 1;	/* still to be seen */
	html_put(o, "<path class=c%zu d=\"M0 %.1fC%d %.1f %d %.1f %d %.1f"
	    "v%.1fC%d %.1f %d %.1f 0 %.1fz\"/>", colour, a, WIDTH / 2, a,
	    WIDTH / 2, b, WIDTH, b, thick, WIDTH / 2, b + thick, WIDTH / 2,
	    a + thick, a + thick);
}

static void
labels(struct out *o, const struct side *s, int side, double height)
{
	html_put(o, "<ul class=\"ends %s\">", side == 0 ? "from" : "to");
	for (size_t i = 0; i < s->n; i++) {
		const struct node *n = &s->v[i];
		char text[HTML_NUMBER_MAX];

		(void)html_scaled(n->bytes, "B", text);
		html_put(o, "<li style=\"top:%.2f%%\">",
		    100 * (n->y + n->height / 2) / height);
		page_key(o, n->row, side);
		html_put(o, "<small>%s</small></li>", text);
	}
	out_text(o, "</ul>");
}

void
page_bands(struct page *p, struct out *o)
{
	const struct page_table *t = &p->tables[PAGE_PAIRS];
	struct side from = { .n = 0 }, to = { .n = 0 };
	size_t n = t->n < PAGE_BANDS ? t->n : PAGE_BANDS;
	double sum = 0, height, per_pixel;

	for (size_t i = 0; i < n; i++) {
		node_of(&from, 0, &t->v[i])->bytes += t->v[i].sum.bytes;
		node_of(&to, 1, &t->v[i])->bytes += t->v[i].sum.bytes;
		sum += (double)t->v[i].sum.bytes;
	}
	if (sum <= 0)
		return;
	per_pixel = sum / ROOM;
	place_nodes(&from, per_pixel);
	place_nodes(&to, per_pixel);
	height = from.height > to.height ? from.height : to.height;
	centre(&from, height);
	centre(&to, height);
	html_put(o, "<div class=bands style=\"height:%.0fpx\">", height);
	labels(o, &from, 0, height);
	html_put(o, "<svg viewBox=\"0 0 %d %.0f\" preserveAspectRatio=none "
	    "role=img aria-labelledby=\"tb db\"><title id=tb>Who sends to whom"
	    "</title><desc id=db>Bands from senders on the left to receivers "
	    "on the right, as thick as their bytes; the numbers are in the "
	    "table below.</desc>", WIDTH, height);
	for (size_t i = 0; i < n; i++) {
		struct node *a = node_of(&from, 0, &t->v[i]);
		struct node *b = node_of(&to, 1, &t->v[i]);

		band(o, (size_t)(a - from.v) % PAGE_KEYS, a, b,
		    (double)t->v[i].sum.bytes / per_pixel);
	}
	out_text(o, "</svg>");
	labels(o, &to, 1, height);
	out_text(o, "</div>\n");
}
