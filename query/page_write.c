/* The page from top to bottom: see page.h. */
#include "query/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/html.h"

static const struct {
	const char	*title;
	const char	*heading;	/* of its key */
} tables[PAGE_TABLES] = {
	[PAGE_PROTO] = { "Protocols", "Protocol" },
	[PAGE_SRCIP] = { "Senders", "Source address" },
	[PAGE_DSTIP] = { "Receivers", "Destination address" },
	[PAGE_SRCPORT] = { "Source ports", "Port" },
	[PAGE_DSTPORT] = { "Destination ports", "Port" },
	[PAGE_SRCAS] = { "Source AS", "AS" },
	[PAGE_DSTAS] = { "Destination AS", "AS" },
	[PAGE_INIF] = { "Interfaces in", "Index" },
	[PAGE_OUTIF] = { "Interfaces out", "Index" },
	[PAGE_SRCGEO] = { "Source countries", "Country" },
	[PAGE_DSTGEO] = { "Destination countries", "Country" },
	[PAGE_SRCASN] = { "Source networks (AS)", "AS" },
	[PAGE_DSTASN] = { "Destination networks (AS)", "AS" },
	[PAGE_PAIRS] = { "Conversations", "From" }
};

void
page_time(struct page *p, struct out *o, int64_t ms)
{
	char buf[TIME_TEXT_MAX];

	out_bytes(o, buf, time_text(&p->time, ms, buf));
}

void
page_key(struct out *o, const struct page_row *r, int side)
{
	out_text(o, "<span class=key><bdi>");
	html_text(o, r->text[side]);
	out_text(o, "</bdi>");
	if (r->name[side][0] != '\0') {
		out_text(o, " <bdi class=name>");
		html_text(o, r->name[side]);
		out_text(o, "</bdi>");
	}
	out_text(o, "</span>");
}

static void
put_pieces(struct out *o, const char *const *pieces)
{
	for (; *pieces != NULL; pieces++)
		out_text(o, *pieces);
}

/* ---- head ---- */

/* "UTC" or "CET, UTC+01:00", as at the window's end. */
static void
put_zone(const struct page *p, struct out *o)
{
	time_t at = (time_t)(p->to_ms / 1000);
	struct tm tm;
	long off;

	if (p->a->request->print.utc || localtime_r(&at, &tm) == NULL ||
	    (tm.tm_gmtoff == 0 && strcmp(tm.tm_zone, "UTC") == 0)) {
		out_text(o, "UTC");
		return;
	}
	off = tm.tm_gmtoff / 60;
	html_text(o, tm.tm_zone);
	html_put(o, ", UTC%c%02ld:%02ld", off < 0 ? '-' : '+',
	    labs(off) / 60, labs(off) % 60);
}

static void
put_window(struct page *p, struct out *o)
{
	if (!p->has_range) {
		out_text(o, "no flows");
		return;
	}
	page_time(p, o, p->from_ms);
	out_text(o, " \xe2\x80\x93 ");
	page_time(p, o, p->to_ms);
	out_text(o, " (");
	put_zone(p, o);
	out_text(o, ")");
}

static const char *
filter_text(const struct page *p)
{
	return p->a->filter_text == NULL ? "" : p->a->filter_text;
}

static void
head(struct page *p, struct out *o)
{
	html_put(o, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
	    "<meta http-equiv=Content-Security-Policy content=\"default-src "
	    "'none'; style-src 'unsafe-inline'; img-src data:; script-src "
	    "'sha256-%s'; base-uri 'none'; form-action 'none'\">"
	    "<meta name=viewport content=\"width=device-width,"
	    "initial-scale=1\"><meta name=color-scheme content=\"light dark\">"
	    "<meta name=referrer content=no-referrer>"
	    "<link rel=icon href=\"data:,\"><title>Traffic ",
	    page_script_hash);
	put_window(p, o);
	if (filter_text(p)[0] != '\0') {
		out_text(o, ": ");
		html_cut(o, filter_text(p), PAGE_FILTER_MAX);
	}
	out_text(o, "</title>\n<style>");
	put_pieces(o, page_style);
	out_text(o, "</style></head>\n<body><header><div><h1>Network traffic"
	    "</h1><p class=window>");
	put_window(p, o);
	out_text(o, "</p>");
	if (filter_text(p)[0] != '\0') {
		out_text(o, "<p class=filter>Filter <code><bdi>");
		html_cut(o, filter_text(p), PAGE_FILTER_MAX);
		out_text(o, "</bdi></code></p>");
	}
	out_text(o, "</div><button id=theme type=button hidden>Dark"
	    "</button></header>\n<main>\n");
}

/* ---- totals ---- */

static void
change(struct out *o, int64_t now, int64_t before, const char *unit)
{
	double percent = before == 0 ? 0 :
	    100 * ((double)now - (double)before) / (double)before;
	char text[HTML_NUMBER_MAX];

	(void)html_scaled(before, unit, text);
	if (before == 0)
		html_put(o, "<small>before: 0</small>");
	else if (percent >= 1000)
		html_put(o, "<small>\xe2\x96\xb2\xc2\xa0%.0f\xc2\xa0\xc3\x97, "
		    "before: %s</small>", (double)now / (double)before, text);
	else if (percent > -0.5 && percent < 0.5)
		html_put(o, "<small>as before: %s</small>", text);
	else
		html_put(o, "<small>%s\xc2\xa0%.0f\xc2\xa0%%, before: %s"
		    "</small>", percent > 0 ? "\xe2\x96\xb2" : "\xe2\x96\xbc",
		    percent < 0 ? -percent : percent, text);
}

static void
card(const struct page *p, struct out *o, const char *what, int64_t now,
    int64_t before, const char *unit)
{
	html_put(o, "<div class=card><dt>%s</dt><dd>", what);
	html_number(o, now, unit);
	if (p->has_before)
		change(o, now, before, unit);
	out_text(o, "</dd></div>");
}

/* "5 minutes" */
static void
span_text(int64_t ms, char *buf, size_t size)
{
	static const struct {
		int64_t		 ms;
		const char	*name;
	} units[] = { { 604800000, "week" }, { 86400000, "day" },
	    { 3600000, "hour" }, { 60000, "minute" }, { 1000, "second" } };
	size_t i = 0;

	while (i < 4 && ms % units[i].ms != 0)
		i++;
	(void)snprintf(buf, size, "%" PRId64 " %s%s", ms / units[i].ms,
	    units[i].name, ms == units[i].ms ? "" : "s");
}

/* Of the bins that are drawn. */
static int64_t
peak(const struct page *p)
{
	const struct series *s = &p->series[PAGE_PROTO];
	int64_t most = 0;

	for (size_t bin = 0; p->has_series && bin < s->bins.n; bin++) {
		int64_t sum = 0;

		for (size_t k = 0; k <= s->n_keys; k++)
			sum = tally_plus(sum, page_rate(p, s, bin, k));
		most = sum > most ? sum : most;
	}
	return most;
}

static void
totals(const struct page *p, struct out *o)
{
	/* without flows the last moment stands before the first */
	int64_t span = p->to_ms < p->from_ms ? 0 :
	    tally_plus(span_of(p->from_ms, p->to_ms), 1);
	char bin[40];

	out_text(o, "<section aria-label=Totals><dl class=cards>");
	card(p, o, "Bytes", p->total.bytes, p->before.bytes, "B");
	card(p, o, "Packets", p->total.packets, p->before.packets, "");
	card(p, o, "Flows", p->total.flows, p->before.flows, "");
	card(p, o, "Average", rate_of(p->total.bytes, 8000, span),
	    rate_of(p->before.bytes, 8000, span), "bit/s");
	if (p->has_series) {
		span_text(p->series[0].bins.span_ms, bin, sizeof(bin));
		out_text(o, "<div class=card><dt>Peak</dt><dd>");
		html_number(o, peak(p), "bit/s");
		html_put(o, "<small>over %s</small></dd></div>", bin);
	}
	out_text(o, "</dl></section>\n");
}

/* ---- tables ---- */

static void
top_head(struct out *o, enum page_stat stat)
{
	html_put(o, "<div class=scroll tabindex=0 role=region aria-label=\""
	    "%s\"><table class=\"top%s\" id=top-%d><caption class=out>%s, "
	    "most bytes first</caption><thead><tr><th scope=col>%s",
	    tables[stat].title, stat == PAGE_PAIRS ? " pairs" : "",
	    (int)stat, tables[stat].title,
	    tables[stat].heading);
	if (stat == PAGE_PAIRS)
		out_text(o, "<th scope=col>To");
	out_text(o, "<th scope=col>Bytes<th scope=col>Share"
	    "<th scope=col>Packets<th scope=col>Flows</thead><tbody>\n");
}

void
page_top(struct page *p, struct out *o, enum page_stat stat)
{
	const struct page_table *t = &p->tables[stat];
	int64_t all = stat == PAGE_PAIRS ? p->pairs_total.bytes :
	    p->total.bytes, most = t->n == 0 ? 0 : t->v[0].sum.bytes;

	top_head(o, stat);
	for (size_t i = 0; i < t->n && i < p->rows; i++) {
		const struct page_row *r = &t->v[i];
		int64_t bar = rate_of(r->sum.bytes, 1000, most);
		int64_t share = rate_of(r->sum.bytes, 1000, all);

		html_put(o, "<tr><th scope=row style=\"--w:%" PRId64 ".%"
		    PRId64 "%%\">", bar / 10, bar % 10);
		page_key(o, r, 0);
		if (stat == PAGE_PAIRS) {
			out_text(o, "<td class=to>");
			page_key(o, r, 1);
		}
		out_text(o, "<td>");
		html_number(o, r->sum.bytes, "B");
		html_put(o, "<td>%" PRId64 ".%" PRId64 "\xc2\xa0%%<td>",
		    share / 10, share % 10);
		html_number(o, r->sum.packets, "");
		out_text(o, "<td>");
		html_number(o, r->sum.flows, "");
		out_char(o, '\n');
	}
	out_text(o, "</tbody></table></div>");
}

static void
all_tops(struct page *p, struct out *o)
{
	out_text(o, "<section><h2>Most bytes</h2><div class=grid>");
	for (int i = 0; i < PAGE_RANKED; i++) {
		if (p->tables[i].n == 0)
			continue;
		html_put(o, "<section class=box><h3>%s</h3>",
		    tables[i].title);
		page_top(p, o, (enum page_stat)i);
		out_text(o, "</section>\n");
	}
	out_text(o, "</div></section>\n");
}

static void
conversations(struct page *p, struct out *o)
{
	out_text(o, "<section><h2>Conversations</h2>");
	if (p->pairs_cut) {
		out_text(o, "<p class=note>The window has too many flows to "
		    "read each: these are of what arrived from ");
		page_time(p, o, p->pairs_from_ms);
		out_text(o, " on.</p>");
	}
	out_text(o, "<div class=box>");
	page_bands(p, o);
	page_top(p, o, PAGE_PAIRS);
	out_text(o, "</div></section>\n");
}

/* ---- time ---- */

static void
charts(struct page *p, struct out *o)
{
	char span[40];

	span_text(p->series[0].bins.span_ms, span, sizeof(span));
	html_put(o, "<section id=time><h2>Bits a second</h2><p class=note>"
	    "Bins of %s", span);
	out_text(o, p->by_slot ? ", by arrival.</p>" : ".</p>");
	out_text(o, "<div class=tabs hidden></div>");
	for (int i = 0; i < PAGE_CHARTS; i++)
		page_area(p, o, (enum page_stat)i);
	out_text(o, "</section>\n");
}

/* ---- all of it ---- */

static void
foot(struct page *p, struct out *o)
{
	out_text(o, "</main><footer>flowq " FLOWDB_VERSION ", made ");
	page_time(p, o, (int64_t)time(NULL) * 1000);
	out_text(o, "</footer><div id=tip hidden></div><div id=said class=out "
	    "aria-live=polite></div>\n<script>");
	put_pieces(o, page_script);
	out_text(o, "</script></body></html>\n");
}

void
page_write(struct page *p, struct out *o)
{
	head(p, o);
	if (p->total.flows == 0)
		out_text(o, "<p class=empty>No flows match.</p>\n");
	totals(p, o);
	if (p->has_series && p->total.flows > 0)
		charts(p, o);
	if (p->tables[PAGE_PAIRS].n > 0)
		conversations(p, o);
	if (p->total.flows > 0)
		all_tops(p, o);
	page_exporters(p, o);
	page_served(p, o);
	foot(p, o);
}
