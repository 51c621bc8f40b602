/* What a script says of itself: see script_head.h. */
#include "query/script_head.h"

#include <stdio.h>
#include <string.h>

#include "query/timetext.h"
#include "query/utf8.h"

#define SHOWN_MAX	400	/* bytes of the user's text in a comment */

void
script_shown(struct out *out, const char *text)
{
	char line[SHOWN_MAX], clean[3 * SHOWN_MAX + 1];
	bool cut = strlen(text) >= sizeof(line);

	(void)snprintf(line, sizeof(line), "%s", text);
	for (char *p = line; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t' || *p == '\r')
			*p = ' ';
	}
	/* not in the middle of a character */
	for (size_t n = strlen(line); cut && n > 0 &&
	    (line[n - 1] & 0x80) != 0; n--)
		line[n - 1] = '\0';
	(void)utf8_clean(line, 1, clean, sizeof(clean));
	out_text(out, clean);
	if (cut)
		out_text(out, " ...");
}

static void
put_comment(struct out *out, const char *label, const char *text)
{
	out_text(out, "-- ");
	out_text(out, label);
	script_shown(out, text);
	out_char(out, '\n');
}

static void
put_group(struct out *out, const struct request *r, const struct group *g)
{
	struct print_key keys[PRINT_KEYS_MAX];
	size_t n = group_print_keys(g, keys);

	out_text(out, g->kind == GROUP_STAT ? "-- statistic:  " :
	    "-- added up by: ");
	for (size_t i = 0; i < n; i++) {
		out_text(out, i > 0 ? "," : "");
		out_text(out, keys[i].name);
	}
	out_text(out, g->by_proto ? ":p by" : " by");
	for (size_t k = 0; k < g->n_orders; k++) {
		out_text(out, k > 0 ? ", " : " ");
		out_text(out, g->order[k].name);
		if (g->order[k].ascending)
			out_text(out, ":a");
	}
	if (r->limit > 0) {
		out_text(out, ", the first ");
		out_int(out, r->limit);
	}
	out_char(out, '\n');
}

static void
put_list(struct out *out, const struct request *r)
{
	out_text(out, "-- flows, in the order of ");
	out_text(out, r->has_order ? r->order.name : "arrival");
	if (r->has_order && r->order.ascending)
		out_text(out, ":a");
	if (r->most_flows > 0) {
		out_text(out, ", of the first ");
		out_int(out, r->most_flows);
	}
	if (r->limit > 0) {
		out_text(out, ", at most ");
		out_int(out, r->limit);
	}
	out_char(out, '\n');
}

static void
put_moment(struct out *out, const char *label, int64_t ms, int64_t open)
{
	struct timetext t;
	char text[TIME_TEXT_MAX];

	if (ms == open)
		return;
	timetext_init(&t, true);
	out_text(out, label);
	out_bytes(out, text, time_ms_text(&t, ms, text));
}

static void
put_window(struct out *out, const struct question *q)
{
	if (!q->has_window)
		return;
	out_text(out, q->within ? "-- window:     flows inside" :
	    "-- window:     flows that overlap");
	put_moment(out, " from ", q->from_ms, INT64_MIN);
	put_moment(out, " to ", q->to_ms, INT64_MAX);
	out_text(out, " UTC\n");
}

void
script_head(struct answer *a)
{
	const struct request *r = a->request;
	const struct question *q = &a->q;
	struct out *out = a->out;

	out_text(out, "-- A question to shards of flowdb, written by flowq "
	    FLOWDB_VERSION ".  Run it by\n--\n"
	    "--	sqlite3 < THIS_FILE\n--\n"
	    "-- and it prints the CSV of flowq -o csv:\n");
	if (q->n_groups == 0)
		put_list(out, r);
	for (size_t i = 0; i < q->n_groups; i++)
		put_group(out, r, &q->groups[i]);
	if (r->filter_file != NULL)
		put_comment(out, "filter from:  ", r->filter_file);
	else
		put_comment(out, "filter:     ", filter_is_any(q->filter) ?
		    "any" : r->filter);
	put_window(out, q);
	out_text(out, q->scale ?
	    "-- counters:   times the sampling rate\n" :
	    "-- counters:   as they were sent\n");
	out_text(out, "\n.bail on\n.mode csv\n.nullvalue \"\"\n.headers ");
	out_text(out, r->print.quiet ? "off\n" : "on\n");
	out_text(out, "PRAGMA trusted_schema = OFF;\n");
}
