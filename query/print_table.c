/*
 * Text tables: lists of flows by a layout (fmt.h), statistics, the summary; as
 * nfdump 1.7.1 prints them, column for column.  Deliberate differences: a
 * statistic with -6 keeps its columns under their headings, bits don't get
 * lost in numbers above 2^32, and the summary counts shards.
 *
 * Names have no place in these columns: they stand at the end of the line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cell.h"
#include "query/fmt.h"
#include "query/names.h"
#include "query/numtext.h"
#include "query/printer.h"
#include "query/series_table.h"
#include "query/utf8.h"

#define VALUE_WIDTH	17	/* of a statistic's value: a MAC address */
#define VALUE_WIDTH6	39	/* with -6 */
#define NAME_MAX_TEXT	(3 * NAMES_MAX_NAME + 1)

struct table {
	struct print		 p;
	struct cell_style	 style;
	struct fmt		 layout;
	bool			 fixed;		/* layout is the user's */
	bool			 told_none;	/* "No matching flows" */
	bool			 in_stat;
	struct series_table	 series;	/* printed when it is used */
	/* of the statistic being printed */
	const struct field	*key;
	bool			 by_proto;
	int64_t			 flows, packets, bytes;
};

static struct print *
table_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct table *t = calloc(1, sizeof(*t));

	(void)name;
	if (t == NULL) {
		(void)err_sys(err, "output");
		return NULL;
	}
	t->style.plain = o->plain;
	t->style.full_ip6 = o->full_ip6;
	timetext_init(&t->style.time, o->utc);
	t->fixed = rest != NULL;
	if (fmt_add(&t->layout, rest != NULL ? rest : "%line", offset,
	    err) == -1) {
		fmt_clear(&t->layout);
		free(t);
		return NULL;
	}
	return &t->p;
}

static void
table_free(struct print *p)
{
	struct table *t = (struct table *)p;

	fmt_clear(&t->layout);
	free(t);
}

/* Interfaces are named by exporter. */
static uint64_t
table_columns(const struct print *p)
{
	const struct table *t = (const struct table *)p;
	uint64_t bits = fmt_columns(&t->layout);

	for (size_t i = 0; i < t->layout.n && p->o.names != NULL; i++) {
		if (t->layout.items[i].field != NULL)
			bits |= field_name_columns(t->layout.items[i].field);
	}
	return bits;
}

/* nfdump's automatic layout of -A. */
static int
key_layout(struct fmt *f, const struct print_flows *head)
{
	if (fmt_add(f, "%ts %td ", 0, NULL) == -1)
		return -1;
	for (size_t i = 0; i < head->n_keys; i++) {
		if (fmt_add(f, " ", 0, NULL) == -1 ||
		    fmt_add_field(f, field_of(head->keys[i].column),
		    NULL) == -1)
			return -1;
	}
	return fmt_add(f, head->bidir ?
	    "  %opkt %ipkt %obyt %ibyt %bps %bpp %fl" :
	    "  %pkt %byt %bps %bpp %fl", 0, NULL);
}

static void
choose_layout(struct table *t, const struct print_flows *head)
{
	int rc;

	fmt_clear(&t->layout);
	if (head->keys != NULL)
		rc = key_layout(&t->layout, head);
	else
		rc = fmt_add(&t->layout, head->bidir ? "%biline" : "%line", 0,
		    NULL);
	if (rc == -1)
		t->p.out->error = ENOMEM;
}

static void
blanks(struct out *o, size_t n)
{
	for (; n > 0; n--)
		out_char(o, ' ');
}

static void
list_heading(struct table *t)
{
	struct out *o = t->p.out;

	for (size_t i = 0; i < t->layout.n; i++) {
		const struct fmt_item *item = &t->layout.items[i];

		if (item->field != NULL)
			cell_heading(o, item->field, &t->style);
		else
			blanks(o, item->len);
	}
	out_char(o, '\n');
}

static void
top_line(struct out *o, int64_t limit, const char *what, const char *order)
{
	out_text(o, "Top ");
	if (limit > 0) {
		out_int(o, limit);
		out_char(o, ' ');
	}
	out_text(o, what);
	out_text(o, " ordered by ");
	out_text(o, order);
	out_text(o, ":\n");
}

/* An empty line ends a statistic. */
static void
end_stat(struct table *t)
{
	if (t->in_stat)
		out_char(t->p.out, '\n');
	t->in_stat = false;
}

static void
tell_none(struct table *t)
{
	if (!t->p.o.quiet && !t->told_none)
		out_text(t->p.out, "No matching flows\n");
	t->told_none = true;
}

static void
table_flows(struct print *p, const struct print_flows *head)
{
	struct table *t = (struct table *)p;

	end_stat(t);
	if (!t->fixed)
		choose_layout(t, head);
	t->style.record = 0;
	if (p->o.quiet)
		return;
	if (head->order != NULL)
		top_line(p->out, head->limit, "flows", head->order);
	list_heading(t);
}

static int
value_width(const struct table *t)
{
	return t->p.o.full_ip6 ? VALUE_WIDTH6 : VALUE_WIDTH;
}

static void
table_stat(struct print *p, const struct print_stat *head)
{
	struct table *t = (struct table *)p;
	struct out *o = p->out;

	end_stat(t);
	if (head->flows == 0)
		tell_none(t);
	t->in_stat = true;
	t->key = field_of(head->key->column);
	t->by_proto = head->by_proto || head->key->column == COL_proto;
	t->flows = head->flows;
	t->packets = head->packets;
	t->bytes = head->bytes;
	if (p->o.quiet)
		return;
	top_line(o, head->limit, head->key->heading, head->order);
	out_text(o, "Date first seen                 Duration Proto ");
	out_padded(o, head->key->heading, value_width(t));
	out_text(o, "    Flows(%)     Packets(%)       Bytes(%)         pps"
	    "      bps   bpp\n");
}

static void
table_series(struct print *p, const struct print_series *head)
{
	struct table *t = (struct table *)p;

	series_table_begin(&t->series, head, &t->style);
	if (!p->o.quiet)
		series_table_heading(&t->series, p->out);
}

static void
right(struct out *o, const char *text, size_t len, size_t width)
{
	blanks(o, len < width ? width - len : 0);
	out_bytes(o, text, len);
}

static void
share(struct out *o, const struct cell_style *s, int64_t v, int64_t total)
{
	char buf[CELL_TEXT_MAX], percent[32];

	out_char(o, ' ');
	right(o, buf, cell_scaled(s, v, buf), 8);
	(void)snprintf(percent, sizeof(percent), "(%4.1f)",
	    total > 0 ? 100.0 * (double)v / (double)total : 0.0);
	out_text(o, percent);
}

static void
rate(struct out *o, const struct cell_style *s, int64_t v)
{
	char buf[CELL_TEXT_MAX];

	out_char(o, ' ');
	right(o, buf, cell_scaled(s, v, buf), 8);
}

/* The value itself: of protocols the number, its name stands beside it. */
static size_t
stat_value(struct table *t, const struct row *r, char out[CELL_TEXT_MAX])
{
	struct cell_style plain = { .plain = true };

	if (t->key->kind == FIELD_PROTO)
		return cell_text(t->key, &plain, r, out);
	return cell_text(t->key, &t->style, r, out);
}

static void
put_name(struct out *o, const char *name)
{
	char clean[NAME_MAX_TEXT];

	out_bytes(o, clean, utf8_clean(name, 1, clean, sizeof(clean)));
}

static void
stat_row(struct table *t, const struct row *r)
{
	struct out *o = t->p.out;
	struct cell_style *s = &t->style;
	const char *name = field_named(t->key, t->p.o.names, r);
	char buf[CELL_TEXT_MAX];

	cell_print(o, field_find("ts", 2), s, r);
	out_char(o, ' ');
	cell_print(o, field_of(COL_duration_ms), s, r);
	out_char(o, ' ');
	if (t->by_proto)
		cell_print(o, field_of(COL_proto), s, r);
	else
		out_text(o, "any  ");
	out_char(o, ' ');
	right(o, buf, stat_value(t, r, buf), (size_t)value_width(t));
	share(o, s, r->flows, t->flows);
	share(o, s, row_packets(r), t->packets);
	share(o, s, row_bytes(r), t->bytes);
	rate(o, s, row_pps(r));
	rate(o, s, row_bps(r));
	out_char(o, ' ');
	right(o, buf, int_text(row_bpp(r), buf), 5);
	if (name != NULL) {
		out_text(o, "  ");
		put_name(o, name);
	}
	out_char(o, '\n');
}

/* "  src_addr=mail in_if=uplink" */
static void
list_names(struct table *t, const struct row *r)
{
	struct out *o = t->p.out;
	bool first = true;

	for (size_t i = 0; i < t->layout.n; i++) {
		const struct field *f = t->layout.items[i].field;
		const char *name;

		if (f == NULL)
			continue;
		name = field_named(f, t->p.o.names, r);
		if (name == NULL)
			continue;
		out_text(o, first ? "  " : " ");
		out_text(o, field_name(f) != NULL ? field_name(f) :
		    column_info(f->column)->name);
		out_char(o, '=');
		put_name(o, name);
		first = false;
	}
}

static void
table_row(struct print *p, const struct row *r)
{
	struct table *t = (struct table *)p;
	struct out *o = p->out;

	if (t->in_stat) {
		stat_row(t, r);
		return;
	}
	if (t->series.used) {
		series_table_row(&t->series, o, p->o.names, r);
		return;
	}
	t->style.record++;
	for (size_t i = 0; i < t->layout.n; i++) {
		const struct fmt_item *item = &t->layout.items[i];

		if (item->field != NULL)
			cell_print(o, item->field, &t->style, r);
		else
			out_bytes(o, item->text, item->len);
	}
	/* who chose the fields chose no names of countries */
	if (p->o.names != NULL &&
	    !(t->fixed && names_of_places(p->o.names)))
		list_names(t, r);
	out_char(o, '\n');
}

static void
put(struct table *t, const char *label, int64_t v)
{
	char buf[CELL_TEXT_MAX];

	out_text(t->p.out, label);
	out_bytes(t->p.out, buf, cell_scaled(&t->style, v, buf));
}

static void
put_second(struct table *t, int64_t ms)
{
	char buf[TIME_TEXT_MAX];

	out_bytes(t->p.out, buf, time_text(&t->style.time, ms, buf));
}

static void
summary_counts(struct table *t, const struct print_summary *s)
{
	int64_t span = s->has_range ? span_of(s->first_ms, s->last_ms) : 0;

	out_text(t->p.out, "Summary: total flows: ");
	out_int(t->p.out, s->flows);
	put(t, ", total bytes: ", s->bytes);
	put(t, ", total packets: ", s->packets);
	put(t, ", avg bps: ", rate_of(s->bytes, 8000, span));
	put(t, ", avg pps: ", rate_of(s->packets, 1000, span));
	put(t, ", avg bpp: ", rate_of(s->bytes, 1, s->packets));
	out_char(t->p.out, '\n');
}

static void
table_done(struct print *p, const struct print_summary *s)
{
	struct table *t = (struct table *)p;
	struct out *o = p->out;
	double per_sec = s->wall_sec > 0 ?
	    (double)s->processed / s->wall_sec : 0;
	char buf[200];

	end_stat(t);
	if (s->flows == 0)
		tell_none(t);
	if (p->o.quiet)
		return;
	summary_counts(t, s);
	if (s->has_range) {
		out_text(o, "Time window: ");
		put_second(t, s->first_ms);
		out_text(o, " - ");
		put_second(t, s->last_ms);
		out_char(o, '\n');
	} else
		out_text(o, "Time Window unknown\n");
	(void)snprintf(buf, sizeof(buf), "Total flows processed: %lld, "
	    "passed: %lld, Shards skipped: %lld, Shards read: %lld\n",
	    (long long)s->processed, (long long)s->flows,
	    (long long)s->shards_skipped, (long long)s->shards_read);
	out_text(o, buf);
	(void)snprintf(buf, sizeof(buf), "Sys: %.4fs User: %.4fs Wall: %.4fs "
	    "flows/second: %.1f Runtime: %.4fs\n", s->system_sec,
	    s->user_sec, s->wall_sec, per_sec, s->wall_sec);
	out_text(o, buf);
}

const struct printer_ops printer_table = { table_open, table_free,
	table_columns, table_flows, table_stat, table_series, table_row,
	table_done, NULL };
