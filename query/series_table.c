/* Bins in columns: see series_table.h. */
#include "query/series_table.h"

#include <stdio.h>
#include <string.h>

#include "query/names.h"
#include "query/numtext.h"
#include "query/sheet.h"
#include "query/utf8.h"

#define VALUE_WIDTH	17	/* of a key: a MAC address */
#define VALUE_WIDTH6	39	/* with -6 */

void
series_table_begin(struct series_table *t, const struct print_series *head,
    struct cell_style *style)
{
	*t = (struct series_table){ .used = true, .style = style,
		.width = style->full_ip6 ? VALUE_WIDTH6 : VALUE_WIDTH };
	if (head->key == NULL)
		return;
	t->key = field_of(head->key->column);
	t->by_proto = head->by_proto || head->key->column == COL_proto;
	(void)snprintf(t->heading, sizeof(t->heading), "%s",
	    head->key->heading);
}

void
series_table_heading(const struct series_table *t, struct out *o)
{
	out_text(o, "Bin start            Seconds");
	if (t->by_proto)
		out_text(o, " Proto");
	if (t->key != NULL) {
		out_char(o, ' ');
		out_padded(o, t->heading, t->width);
	}
	out_text(o, "    Flows  Packets    Bytes      bps\n");
}

static void
right(struct out *o, const char *text, size_t len, int width)
{
	out_char(o, ' ');
	for (size_t i = len; i < (size_t)width; i++)
		out_char(o, ' ');
	out_bytes(o, text, len);
}

static void
counter(const struct series_table *t, struct out *o, int64_t v)
{
	char buf[CELL_TEXT_MAX];

	right(o, buf, cell_scaled(t->style, v, buf), 8);
}

static void
put_key(const struct series_table *t, struct out *o, const struct row *r)
{
	struct cell_style number = { .plain = true };
	char buf[CELL_TEXT_MAX];
	size_t n;

	if (!field_is_set(t->key, r)) {
		if (t->by_proto)
			out_text(o, "      ");
		right(o, SHEET_OTHER, strlen(SHEET_OTHER), t->width);
		return;
	}
	if (t->by_proto) {
		out_char(o, ' ');
		cell_print(o, field_of(COL_proto), t->style, r);
	}
	/* of protocols the number, as in statistics */
	n = cell_text(t->key, t->key->kind == FIELD_PROTO ? &number :
	    t->style, r, buf);
	right(o, buf, n, t->width);
}

void
series_table_row(const struct series_table *t, struct out *o,
    const struct names *names, const struct row *r)
{
	char buf[TIME_TEXT_MAX], clean[3 * NAMES_MAX_NAME + 1];
	const char *name;

	out_bytes(o, buf, time_text(&t->style->time, r->flow.first_ms, buf));
	right(o, buf, int_text(r->flow.duration_ms / 1000, buf), 8);
	if (t->key != NULL)
		put_key(t, o, r);
	counter(t, o, r->flows);
	counter(t, o, row_packets(r));
	counter(t, o, row_bytes(r));
	counter(t, o, row_bps(r));
	name = t->key == NULL ? NULL : field_named(t->key, names, r);
	if (name != NULL) {
		out_text(o, "  ");
		out_bytes(o, clean, utf8_clean(name, 1, clean, sizeof(clean)));
	}
	out_char(o, '\n');
}
