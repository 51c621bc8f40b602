/*
 * How far the page can be trusted: who sent the flows and what was lost, and
 * which tables of the shards served the answer.  See page.h.
 */
#include "query/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/html.h"

#define LOSS_SHOWN	100	/* hundredths of a percent that deserve a mark */
#define SILENCE_MS	3600000	/* before the window's end that does */
#define IPFIX		10	/* the version that it calls itself */
#define HOWS		8	/* ways of serving that are told apart */

/* ---- exporters ---- */

static void
last_heard(struct page *p, struct out *o, const struct page_exporter *e)
{
	if (!e->has_last)
		return;
	page_time(p, o, e->last_ms);
	if (p->has_range && e->last_ms < p->to_ms - SILENCE_MS &&
	    p->to_ms < (int64_t)time(NULL) * 1000)
		html_put(o, " <b class=mark>%.1f h before the end</b>",
		    (double)(p->to_ms - e->last_ms) / 3600000);
}

static void
exporter(struct page *p, struct out *o, const struct page_exporter *e)
{
	char addr[ADDR_TEXT_MAX];

	addr[addr_format(&e->address, addr)] = '\0';
	html_put(o, "<tr><th scope=row><span class=key><bdi>%s</bdi>", addr);
	if (e->name[0] != '\0') {
		out_text(o, " <bdi class=name>");
		html_text(o, e->name);
		out_text(o, "</bdi>");
	}
	if (e->version == IPFIX)
		out_text(o, "</span><td>IPFIX");
	else
		html_put(o, "</span><td>v%" PRId64, e->version);
	html_put(o, "<td>%" PRId64 "<td>", e->domain);
	html_number(o, e->packets, "");
	out_text(o, "<td>");
	html_number(o, e->flows, "");
	out_text(o, "<td>");
	html_number(o, e->lost, "");
	html_put(o, "<td>%s%" PRId64 ".%02" PRId64 "\xc2\xa0%%%s<td>",
	    e->loss >= LOSS_SHOWN ? "<b class=mark>" : "", e->loss / 100,
	    e->loss % 100, e->loss >= LOSS_SHOWN ? "</b>" : "");
	if (e->has_sampling)
		html_put(o, "1 in %" PRId64, e->sampling);
	out_text(o, "<td>");
	last_heard(p, o, e);
	out_char(o, '\n');
}

void
page_exporters(struct page *p, struct out *o)
{
	out_text(o, "<section><h2>Exporters</h2><div class=box><div class="
	    "scroll tabindex=0 role=region aria-label=Exporters><table "
	    "class=exporters><caption class=out>Who sent the flows of these "
	    "shards</caption><thead><tr><th scope=col>Exporter<th scope=col>"
	    "Version<th scope=col>Domain<th scope=col>Packets<th scope=col>"
	    "Flows<th scope=col>Lost<th scope=col>Loss<th scope=col>Sampling"
	    "<th scope=col>Last heard</thead><tbody>\n");
	for (size_t i = 0; i < p->n_exporters; i++)
		exporter(p, o, &p->exporters[i]);
	out_text(o, "</tbody></table></div>");
	if (p->more_exporters > 0)
		html_put(o, "<p class=note>and %zu more</p>",
		    p->more_exporters);
	out_text(o, "<p class=note>Of whole shards, without the filter. Lost "
	    "are packets of v9, flows of v5 and IPFIX.</p></div></section>\n");
}

/* ---- what served it ---- */

struct how {
	const char	*text;
	int64_t		 shards;
};

static int
compare_hows(const void *a, const void *b)
{
	int64_t x = ((const struct how *)a)->shards;
	int64_t y = ((const struct how *)b)->shards;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The most frequent ways; returns how many, *rest the shards of others. */
static size_t
find_hows(const struct report *r, struct how hows[HOWS], int64_t *rest)
{
	size_t n = 0, k;

	*rest = 0;
	for (size_t i = 0; i < r->n; i++) {
		for (k = 0; k < n && strcmp(hows[k].text, r->v[i].use.how) != 0;
		    k++)
			;
		if (k < n)
			hows[k].shards++;
		else if (n < HOWS)
			hows[n++] = (struct how){ r->v[i].use.how, 1 };
		else
			++*rest;
	}
	if (n > 1)
		qsort(hows, n, sizeof(*hows), compare_hows);
	return n;
}

void
page_served(struct page *p, struct out *o)
{
	const struct report *r = &p->a->report;
	struct how hows[HOWS] = { { NULL, 0 } };
	int64_t rest;
	size_t n = find_hows(r, hows, &rest);

	html_put(o, "<section><h2>What served this</h2><div class=box>"
	    "<p>%" PRId64 " of %zu shards read for the tables, with ",
	    r->read, r->considered);
	html_number(o, r->processed, "");
	html_put(o, " flows; %" PRId64 " outside the window.", r->skipped);
	if (r->bad > 0)
		html_put(o, " <b class=mark>%" PRId64 " could not be read and "
		    "are missing.</b>", r->bad);
	out_text(o, "</p><details><summary>By shard</summary><div class=scroll "
	    "tabindex=0 role=region aria-label=\"What served it\"><table>"
	    "<thead><tr><th scope=col>Shards<th scope=col class=how>How"
	    "</thead><tbody>\n");
	for (size_t i = 0; i < n; i++) {
		html_put(o, "<tr><td>%" PRId64 "<td class=how>",
		    hows[i].shards);
		html_text(o, hows[i].text);
		out_char(o, '\n');
	}
	if (rest > 0)
		html_put(o, "<tr><td>%" PRId64 "<td class=how>other ways\n",
		    rest);
	out_text(o, "</tbody></table></div></details><ul class=note>"
	    "<li>A flow counts whole in totals and tables when it overlaps "
	    "the window.");
	if (p->has_series)
		out_text(o, p->by_slot ? "<li>Bins of an hour and more have "
		    "the flows that arrived in them, from roll-ups." :
		    "<li>In charts each flow is spread over the bins that it "
		    "covers; bins at the edges are whole.");
	out_text(o, p->a->q.scale ? "<li>Counters are multiplied by the "
	    "sampling rate." : "<li>Counters are as the exporters sent them.");
	out_text(o, "</ul></div></section>\n");
}
