/*
 * Pictures on a terminal: a statistic as bars, a time series as a stack and
 * sparklines.  Both need all rows before the first line can be drawn, so rows
 * are kept until then.  What the terminal can do comes with the options.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cell.h"
#include "query/chart.h"
#include "query/names.h"
#include "query/order.h"
#include "query/printer.h"
#include "query/sheet.h"
#include "query/utf8.h"
#include "schema/tally.h"

#define NUMBER		9	/* columns of a value */
#define PERCENT		7	/* and of its share */
#define LABEL_SHARE	2	/* of the width, at most half */

struct bar {
	char	label[CHART_LABEL_MAX];
	int64_t	value;
};

struct chart {
	struct print		 p;
	struct cell_style	 style;
	struct terminal		 terminal;
	const struct field	*key;		/* NULL: a series without one */
	bool			 by_proto;
	/* a statistic */
	bool			 in_stat;
	bool			 told;		/* something stands above */
	struct order		 order;
	int64_t			 total;		/* for shares; 0: it has none */
	struct bar		*bars;
	size_t			 n;
	size_t			 room;
	/* or a series */
	struct chart_series	 series;
};

static struct print *
chart_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct chart *c = calloc(1, sizeof(*c));

	(void)name;
	(void)rest;
	(void)offset;
	if (c == NULL) {
		(void)err_sys(err, "output");
		return NULL;
	}
	c->terminal = o->terminal;
	if (c->terminal.width == 0)
		c->terminal.width = TERMINAL_WIDTH;
	c->style.plain = o->plain;
	c->style.full_ip6 = true;
	timetext_init(&c->style.time, o->utc);
	return &c->p;
}

static void
chart_free(struct print *p)
{
	struct chart *c = (struct chart *)p;

	free(c->bars);
	chart_series_clear(&c->series);
	free(c);
}

static uint64_t
chart_columns_needed(const struct print *p)
{
	(void)p;
	return 0;
}

/* Flows one by one make no picture: request_parse refuses them. */
static void
chart_flows(struct print *p, const struct print_flows *head)
{
	(void)p;
	(void)head;
}

/* ---- bars ---- */

static size_t
label_width(const struct chart *c)
{
	size_t most = (size_t)c->terminal.width / LABEL_SHARE, label = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t n = chart_columns(c->bars[i].label);

		label = n > label ? n : label;
	}
	return label > most ? most : label;
}

static void
put_bar(struct chart *c, const struct bar *b, int64_t most, size_t label)
{
	size_t room = (size_t)c->terminal.width - label - NUMBER - 2 -
	    (c->total > 0 ? PERCENT : 0);
	struct out *o = c->p.out;
	char buf[CELL_TEXT_MAX + 1];

	chart_label(o, &c->terminal, b->label, label);
	out_char(o, ' ');
	chart_colour(o, &c->terminal, 0);
	chart_bar(o, &c->terminal, b->value, most, room);
	chart_plain(o, &c->terminal);
	out_char(o, ' ');
	buf[cell_scaled(&c->style, b->value, buf)] = '\0';
	out_padded(o, buf, NUMBER);
	if (c->total > 0) {
		(void)snprintf(buf, sizeof(buf), "%5.1f %%",
		    100.0 * (double)b->value / (double)c->total);
		out_padded(o, buf, PERCENT);
	}
	out_char(o, '\n');
}

static void
end_stat(struct chart *c)
{
	int64_t most = 0;
	size_t label = label_width(c);

	for (size_t i = 0; i < c->n; i++)
		most = c->bars[i].value > most ? c->bars[i].value : most;
	for (size_t i = 0; i < c->n; i++)
		put_bar(c, &c->bars[i], most, label);
	c->n = 0;
	c->in_stat = false;
}

static void
chart_stat(struct print *p, const struct print_stat *head)
{
	struct chart *c = (struct chart *)p;
	struct out *o = p->out;

	end_stat(c);
	if (c->told)
		out_char(o, '\n');
	c->told = c->in_stat = true;
	c->key = field_of(head->key->column);
	c->by_proto = head->by_proto;
	(void)order_parse(head->order, strlen(head->order), true, &c->order,
	    NULL);
	c->total = c->order.out ? 0 :
	    c->order.metric == METRIC_BYTES ? head->bytes :
	    c->order.metric == METRIC_PACKETS ? head->packets :
	    c->order.metric == METRIC_FLOWS ? head->flows : 0;
	if (p->o.quiet)
		return;
	out_text(o, "Top ");
	if (head->limit > 0) {
		out_int(o, head->limit);
		out_char(o, ' ');
	}
	out_text(o, head->key->heading);
	out_text(o, " ordered by ");
	out_text(o, head->order);
	out_text(o, ":\n");
}

/* ---- rows ---- */

/* "TCP 192.168.1.1 mail" */
static void
make_label(struct chart *c, const struct row *r, char out[CHART_LABEL_MAX])
{
	char value[CELL_TEXT_MAX + 1], proto[CELL_TEXT_MAX + 1] = "";
	const char *name;
	int n;

	if (c->key == NULL || (!c->in_stat && !field_is_set(c->key, r))) {
		(void)snprintf(out, CHART_LABEL_MAX, "%s",
		    c->key == NULL ? "all" : SHEET_OTHER);
		return;
	}
	value[cell_text(c->key, &c->style, r, value)] = '\0';
	if (c->by_proto && c->key->kind != FIELD_PROTO)
		proto[cell_text(field_of(COL_proto), &c->style, r,
		    proto)] = '\0';
	name = field_named(c->key, c->p.o.names, r);
	n = snprintf(out, CHART_LABEL_MAX, "%.32s%s%s%s", proto,
	    *proto == '\0' ? "" : " ", value,
	    name == NULL || *name == '\0' ? "" : " ");
	/* cut between characters, when it must be */
	if (name != NULL && n > 0 && n < CHART_LABEL_MAX)
		(void)utf8_clean(name, 1, out + n,
		    CHART_LABEL_MAX - (size_t)n);
}

static int64_t
value_of(const struct chart *c, const struct row *r)
{
	struct tally_sum sum = { .flows = r->flows,
		.packets = row_packets(r), .bytes = row_bytes(r),
		.first_ms = r->flow.first_ms, .last_ms = row_last_ms(r) };

	return order_value(c->order.metric, &sum);
}

static struct bar *
new_bar(struct chart *c)
{
	if (c->n == c->room) {
		size_t room = c->room == 0 ? 16 : c->room * 2;
		struct bar *v = realloc(c->bars, room * sizeof(*v));

		if (v == NULL)
			return NULL;
		c->bars = v;
		c->room = room;
	}
	return &c->bars[c->n++];
}

static void
chart_row(struct print *p, const struct row *r)
{
	struct chart *c = (struct chart *)p;
	char label[CHART_LABEL_MAX];
	struct bar *b;

	if (c->in_stat) {
		b = new_bar(c);
		if (b == NULL) {
			p->out->error = ENOMEM;
			return;
		}
		make_label(c, r, b->label);
		b->value = value_of(c, r);
		return;
	}
	make_label(c, r, label);
	if (chart_series_add(&c->series, label, r->flow.first_ms,
	    r->flow.duration_ms, row_bps(r)) == -1)
		p->out->error = ENOMEM;
}

static void
chart_begin_series(struct print *p, const struct print_series *head)
{
	struct chart *c = (struct chart *)p;

	c->key = head->key == NULL ? NULL : field_of(head->key->column);
	c->by_proto = head->by_proto;
}

static void
total(struct chart *c, const char *label, int64_t v)
{
	char buf[CELL_TEXT_MAX];

	out_text(c->p.out, label);
	out_bytes(c->p.out, buf, cell_scaled(&c->style, v, buf));
}

static void
chart_done(struct print *p, const struct print_summary *s)
{
	struct chart *c = (struct chart *)p;

	if (c->in_stat)
		end_stat(c);
	else
		chart_series_draw(&c->series, p->out, &c->terminal,
		    &c->style);
	if (p->o.quiet)
		return;
	out_text(p->out, "\nSummary: total flows: ");
	out_int(p->out, s->flows);
	total(c, ", total bytes: ", s->bytes);
	total(c, ", total packets: ", s->packets);
	out_char(p->out, '\n');
}

const struct printer_ops printer_chart = { chart_open, chart_free,
	chart_columns_needed, chart_flows, chart_stat, chart_begin_series,
	chart_row, chart_done, NULL };
