/* Screens of --top: see top_view.h. */
#include "query/top_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cell.h"
#include "query/field.h"
#include "query/row.h"

#define BOLD		"\033[1m"
#define DIM		"\033[2m"
#define UNDERLINED	"\033[4m"
#define REVERSED	"\033[7m"
#define PLAIN		"\033[0m"

#define LINE_MAX_BYTES	1200	/* of the widest terminal, see top_term.c */
#define NAME_WIDTH	39	/* a whole IPv6 address */
#define NAME_NARROW	18
#define NARROW		80	/* below it there is less room for names */

struct page {
	FILE	*f;
	int	 columns;
	int	 line;
};

/* A line at its place, cut at the right edge; what stood there is wiped. */
static void __attribute__((format(printf, 3, 4)))
put_line(struct page *p, const char *style, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* filters are the user's: nothing of them may move the cursor */
	for (char *c = text; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	p->line++;
	/* behind a full line the cursor is on its last character still */
	(void)fprintf(p->f, "\033[%d;1H%s%.*s" PLAIN "%s", p->line, style,
	    p->columns, text, strlen(text) < (size_t)p->columns ?
	    "\033[K" : "");
}

void
top_view_rate(double v, char out[TOP_RATE_MAX])
{
	static const char *const units[] = { "", " k", " M", " G", " T" };
	size_t u = 0;

	/* 999.95 would be printed as 1000.0 */
	while (v >= (u == 0 ? 999.5 : 999.95) && u < 4) {
		v /= 1000;
		u++;
	}
	(void)snprintf(out, TOP_RATE_MAX, u == 0 && v >= 9.95 ? "%.0f%s" :
	    "%.1f%s", v, units[u]);
	if (strcmp(out, "0.0") == 0)
		(void)snprintf(out, TOP_RATE_MAX, "%s", v > 0 ? "<0.1" : "0");
}

/* plain: "6", which every filter takes; else "TCP". */
static void
value_text(const struct group *g, const struct top_key *k, bool plain,
    char out[TOP_VALUE_MAX])
{
	struct cell_style style = { .plain = plain, .full_ip6 = true };
	struct print_key keys[PRINT_KEYS_MAX];
	struct row row;

	timetext_init(&style.time, true);
	(void)group_print_keys(g, keys);
	group_row(g, k->key, k->len, &k->sum, &row);
	out[cell_text(field_of(keys[0].column), &style, &row, out)] = '\0';
}

void
top_view_value(const struct group *g, const struct top_key *k,
    char out[TOP_VALUE_MAX])
{
	value_text(g, k, true, out);
}

static double
a_second(int64_t n)
{
	return (double)n * 1000 / (double)TOP_SPAN_MS;
}

static int64_t
metric_of(enum metric m, const struct tally_sum *s)
{
	return m == METRIC_BYTES ? s->bytes : m == METRIC_PACKETS ?
	    s->packets : s->flows;
}

/* A line of items; those that the screen has no room for are left out whole. */
struct items {
	char	text[LINE_MAX_BYTES];
	size_t	len;
	size_t	room;
	bool	full;
};

__attribute__((format(printf, 2, 3)))
static void
add_item(struct items *i, const char *fmt, ...)
{
	char item[LINE_MAX_BYTES];
	const char *gap = i->len == 0 ? "" : "  ";
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(item, sizeof(item), fmt, ap);
	va_end(ap);
	len = strlen(gap) + strlen(item);
	i->full = i->full || (i->len > 0 && i->len + len > i->room) ||
	    i->len + len >= sizeof(i->text);
	if (i->full)
		return;
	(void)snprintf(i->text + i->len, sizeof(i->text) - i->len, "%s%s",
	    gap, item);
	i->len += len;
}

static void
put_head(struct page *p, const struct top_view *v)
{
	char bits[TOP_RATE_MAX], packets[TOP_RATE_MAX], flows[TOP_RATE_MAX];
	struct items left = { .room = (size_t)v->columns };
	int width;

	top_view_rate(8 * a_second(v->total.bytes), bits);
	top_view_rate(a_second(v->total.packets), packets);
	top_view_rate(a_second(v->total.flows), flows);
	add_item(&left, "flowq top %s%s", v->group->part[0].name,
	    v->paused ? " (paused)" : "");
	add_item(&left, "%s%sbit/s", bits,
	    strchr(bits, ' ') != NULL ? "" : " ");
	add_item(&left, "%s packets/s", packets);
	add_item(&left, "%s flows/s", flows);
	width = v->columns - (int)left.len;
	if (width < 10)
		put_line(p, BOLD, "%s", left.text);
	else
		put_line(p, BOLD, "%s%*s", left.text, width, v->clock);
	put_line(p, v->note[0] != '\0' ? BOLD : "", "%s%s",
	    v->note[0] != '\0' ? v->note :
	    v->filter[0] != '\0' ? "Filter: " : "", v->note[0] != '\0' ? "" :
	    v->filter);
	put_line(p, "", "%s", "");
}

/* '*' stands before the heading that orders. */
static void
put_table(struct page *p, const struct top_view *v)
{
	int width = v->columns < NARROW ? NAME_NARROW : NAME_WIDTH;
	int64_t whole = metric_of(v->metric, &v->total);

	put_line(p, UNDERLINED, "%4s  %-*.*s %10s %10s %10s %6s", "",
	    width, width, v->group->part[0].info->heading,
	    v->metric == METRIC_BYTES ? "*bit/s" : "bit/s",
	    v->metric == METRIC_PACKETS ? "*packets/s" : "packets/s",
	    v->metric == METRIC_FLOWS ? "*flows/s" : "flows/s", "%");
	for (size_t i = 0; i < v->n; i++) {
		const struct tally_sum *s = &v->keys[i].sum;
		char name[TOP_VALUE_MAX], bits[TOP_RATE_MAX];
		char packets[TOP_RATE_MAX], flows[TOP_RATE_MAX];

		value_text(v->group, &v->keys[i], false, name);
		top_view_rate(8 * a_second(s->bytes), bits);
		top_view_rate(a_second(s->packets), packets);
		top_view_rate(a_second(s->flows), flows);
		put_line(p, i == v->selected ? REVERSED : "",
		    "%4zu  %-*.*s %10s %10s %10s %6.1f", i + 1, width, width,
		    name, bits, packets, flows, whole == 0 ? 0 : 100 *
		    (double)metric_of(v->metric, s) / (double)whole);
	}
	if (v->n == 0)
		put_line(p, "", "      %s", v->live == 0 ?
		    "No shard of this hour: is flowdbd running, and is this "
		    "its folder?" : "No flows in the last minute.");
}

static void
put_help(struct page *p)
{
	static const char *const lines[] = {
		"Rates are the average of the last minute, by time of arrival:",
		"a router tells of a flow when it ends, or by its active timeout.",
		"",
		"  up, down, k, j    select; page up, page down, home, end",
		"  enter, right      only the flows of the selected, by what is",
		"                    at their other end",
		"  backspace, left   back to before that",
		"  b p f             order by bits, packets, flows",
		"  s, tab            next statistic; S, back tab: the one before",
		"  1 ... 9           source, destination, both addresses; ports;",
		"                    protocol, source AS, destination AS",
		"  space             hold the screen, and go on",
		"  h, ?              this page",
		"  q, Ctrl-C         end",
		"",
		"Any key goes back.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		put_line(p, "", "  %s", lines[i]);
}

/* Most needed first. */
static void
put_foot(struct page *p, const struct top_view *v)
{
	struct items foot = { .room = (size_t)v->columns };

	add_item(&foot, "%zu keys%s", v->n_keys, v->full ?
	    " (others left out: no memory)" : "");
	add_item(&foot, "q quit");
	add_item(&foot, "h help");
	add_item(&foot, "space %s", v->paused ? "go on" : "pause");
	add_item(&foot, "enter drill");
	add_item(&foot, "s statistic");
	add_item(&foot, "b p f order");
	put_line(p, DIM, "%s", foot.text);
}

size_t
top_view_room(int rows)
{
	if (rows <= TOP_LINES)
		return 0;
	return rows - TOP_LINES > TOP_ROWS_MAX ? TOP_ROWS_MAX :
	    (size_t)(rows - TOP_LINES);
}

char *
top_view_text(const struct top_view *v, size_t *len)
{
	char *text = NULL;
	struct page p = { .f = open_memstream(&text, len),
		.columns = v->columns };

	if (p.f == NULL)
		return NULL;
	put_head(&p, v);
	if (v->help)
		put_help(&p);
	else
		put_table(&p, v);
	(void)fputs("\033[J", p.f);
	/* small terminals: the last line wins */
	p.line = v->rows - 1;
	put_foot(&p, v);
	if (fclose(p.f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
