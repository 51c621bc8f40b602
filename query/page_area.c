/*
 * A stacked area, drawn by hand: see page.h.  The drawing is stretched to
 * whatever width there is, so texts stand beside it in HTML.  Layers are
 * painted from the highest down, each from its upper edge to the ground: an
 * edge is written once.  The numbers are in the table below, where the
 * script finds what it shows when a bin is pointed at.
 */
#include "query/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "query/bins.h"
#include "query/html.h"
#include "query/sheet.h"

#define HEIGHT	1000	/* of the drawing; the width is 10 a bin */
#define BIN	10
#define LABELS	10	/* of time, at most */
#define LINES	4	/* of the scale */

static const int64_t steps[] = { 1000, 5000, 10000, 30000, 60000, 300000,
	600000, 1800000, 3600000, 7200000, 10800000, 21600000, 43200000,
	86400000 };

struct area {
	struct page		*p;
	struct out		*o;
	enum page_stat		 chart;
	const struct series	*s;
	int64_t			 top;	/* of the scale, bit/s */
};

static const char *const chart_title[PAGE_CHARTS] = {
	[PAGE_PROTO] = "Protocols", [PAGE_SRCIP] = "Senders",
	[PAGE_DSTIP] = "Receivers" };

static bool
has_other(const struct series *s)
{
	for (size_t bin = 0; bin < s->bins.n; bin++) {
		if (series_at(s, bin, s->n_keys).bytes > 0)
			return true;
	}
	return false;
}

static int64_t
total_rate(const struct area *a, size_t bin)
{
	int64_t sum = 0;

	for (size_t k = 0; k <= a->s->n_keys; k++)
		sum = tally_plus(sum, page_rate(a->p, a->s, bin, k));
	return sum;
}

/* 1, 2, 4, 6 or 8 times a power of ten: a quarter is a round number too. */
static int64_t
round_top(int64_t most)
{
	static const int64_t good[] = { 10, 12, 16, 20, 24, 32, 40, 60, 80, 100 };
	int64_t unit = 1;

	if (most > INT64_MAX / 20)
		return most;
	while (unit * 100 < most * 10)
		unit *= 10;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (good[i] * unit >= most * 10 && good[i] * unit >= 40)
			return good[i] * unit / 10;
	}
	return most;
}

/* The colour's number; "other" has one of its own. */
static size_t
colour(const struct area *a, size_t place)
{
	return place == a->s->n_keys ? PAGE_KEYS : place;
}

/* ---- the drawing ---- */

/* From the left to the right along the sums of the places up to this one. */
static void
layer(const struct area *a, size_t place)
{
	int64_t last = -1;
	size_t run = 0;

	html_put(a->o, "<path class=c%zu d=\"M0 %d", colour(a, place),
	    HEIGHT);
	for (size_t bin = 0; bin < a->s->bins.n; bin++, run += BIN) {
		int64_t sum = 0, y;

		for (size_t k = 0; k <= place; k++)
			sum = tally_plus(sum, page_rate(a->p, a->s, bin, k));
		y = HEIGHT - rate_of(sum, HEIGHT, a->top);
		if (y == last)
			continue;
		if (run > 0)
			html_put(a->o, "h%zu", run);
		run = 0;
		html_put(a->o, "V%" PRId64, y);
		last = y;
	}
	html_put(a->o, "h%zuV%dz\"/>", run, HEIGHT);
}

static void
drawing(const struct area *a)
{
	html_put(a->o, "<svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=none "
	    "role=img aria-labelledby=\"t%d d%d\"><title id=t%d>%s, bits a "
	    "second</title><desc id=d%d>Stacked area; the numbers are in the "
	    "table below it.</desc>", a->s->bins.n * BIN, HEIGHT,
	    (int)a->chart, (int)a->chart, (int)a->chart,
	    chart_title[a->chart], (int)a->chart);
	if (has_other(a->s))
		layer(a, a->s->n_keys);
	for (size_t k = a->s->n_keys; k > 0; k--)
		layer(a, k - 1);
	out_text(a->o, "</svg>");
}

/* "90.0 M" to "90 M": all numbers of the scale are round. */
static void
round_number(char *text)
{
	char *end = text + strspn(text, "0123456789."), *cut = end;

	if (memchr(text, '.', (size_t)(end - text)) == NULL)
		return;
	while (cut[-1] == '0')
		cut--;
	if (cut[-1] == '.')
		cut--;
	memmove(cut, end, strlen(end) + 1);
}

static void
scale(const struct area *a)
{
	char text[HTML_NUMBER_MAX];

	for (int i = 1; i <= LINES; i++) {
		(void)html_scaled(a->top / LINES * i, "bit/s", text);
		round_number(text);
		html_put(a->o, "<span class=y style=\"bottom:%d%%\">%s"
		    "</span>", 100 * i / LINES, text);
	}
}

/* As much of the time as its place in the window needs. */
static void
time_label(const struct area *a, int64_t ms, int64_t step)
{
	char text[TIME_TEXT_MAX + 1];
	size_t from = 11, to = 16;	/* HH:MM */

	text[time_text(&a->p->time, ms, text)] = '\0';
	if (step < 60000)
		to = 19;
	if (step >= 86400000) {
		from = 5;		/* MM-DD */
		to = 10;
	} else if (a->p->to_ms - a->p->from_ms > 86400000 &&
	    memcmp(text + 11, "00:00", 5) == 0) {
		from = 5;
		to = 10;
	}
	text[to] = '\0';
	out_text(a->o, text + from);
}

static void
times(const struct area *a)
{
	const struct bins *b = &a->s->bins;
	bool utc = a->p->a->request->print.utc;
	int64_t span = b->start[b->n] - b->start[0];
	size_t i = 0, n = sizeof(steps) / sizeof(steps[0]), seen = 0, skip;
	int64_t step;

	while (i + 1 < n && (steps[i] < b->span_ms ||
	    span / steps[i] > LABELS))
		i++;
	step = steps[i] > b->span_ms ? steps[i] : b->span_ms;
	/* of many days or weeks each third, say */
	skip = (size_t)(span / step + LABELS - 1) / LABELS;
	out_text(a->o, "<div class=x aria-hidden=true>");
	for (size_t bin = 0; bin < b->n; bin++) {
		if (bin_first_ms(step, utc, b->start[bin]) !=
		    b->start[bin] || seen++ % skip != 0)
			continue;
		html_put(a->o, "<span style=\"left:%.2f%%\">",
		    100.0 * (double)bin / (double)b->n);
		time_label(a, b->start[bin], step);
		out_text(a->o, "</span>");
	}
	out_text(a->o, "</div>");
}

/* ---- what the colours mean, and the numbers ---- */

static void
place_name(const struct area *a, size_t place)
{
	if (place < a->s->n_keys)
		page_key(a->o, &a->p->tables[a->chart].v[place], 0);
	else
		out_text(a->o, SHEET_OTHER);
}

static void
legend(const struct area *a)
{
	out_text(a->o, "<ul class=legend>");
	for (size_t k = 0; k <= a->s->n_keys; k++) {
		if (k == a->s->n_keys && !has_other(a->s))
			continue;
		html_put(a->o, "<li data-k=%zu><i class=c%zu></i>", k,
		    colour(a, k));
		place_name(a, k);
		out_text(a->o, "</li>");
	}
	out_text(a->o, "</ul>");
}

static void
data(const struct area *a)
{
	const struct series *s = a->s;

	out_text(a->o, "<details class=data><summary>Data of this chart"
	    "</summary><div class=scroll tabindex=0 role=region "
	    "aria-label=\"Data of the chart\"><table class=series><caption>");
	html_put(a->o, "%s, bits a second</caption><thead><tr><th scope=col>"
	    "From", chart_title[a->chart]);
	for (size_t k = 0; k <= s->n_keys; k++) {
		out_text(a->o, "<th scope=col>");
		place_name(a, k);
	}
	out_text(a->o, "</thead><tbody>\n");
	for (size_t bin = 0; bin < s->bins.n; bin++) {
		out_text(a->o, "<tr><th scope=row>");
		page_time(a->p, a->o, s->bins.start[bin]);
		for (size_t k = 0; k <= s->n_keys; k++) {
			out_text(a->o, "<td>");
			out_int(a->o, page_rate(a->p, s, bin, k));
		}
		out_char(a->o, '\n');
	}
	out_text(a->o, "</tbody></table></div></details>");
}

void
page_area(struct page *p, struct out *o, enum page_stat chart)
{
	struct area a = { .p = p, .o = o, .chart = chart,
		.s = &p->series[chart] };
	int64_t most = 0;

	for (size_t bin = 0; bin < a.s->bins.n; bin++) {
		int64_t v = total_rate(&a, bin);

		most = v > most ? v : most;
	}
	a.top = round_top(most);
	html_put(o, "<section class=chart id=chart%d><h3>%s</h3>"
	    "<div class=plot>", (int)chart, chart_title[chart]);
	drawing(&a);
	scale(&a);
	times(&a);
	out_text(o, "</div>");
	legend(&a);
	data(&a);
	out_text(o, "</section>\n");
}
