/*
 * CSV by RFC 4180: every field quoted, CRLF, one header a block, whole numbers,
 * UTC, empty for what was not sent.  Our own values need no escaping; text
 * from outside goes through foreign.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "query/foreign.h"
#include "query/names.h"
#include "query/printer.h"
#include "query/sheet.h"

#define BOM		"\xef\xbb\xbf"

struct csv {
	struct print	 p;
	struct fmt	 chosen;
	struct sheet	 sheet;		/* of the block being printed */
	struct timetext	 time;
	bool		 begun;
};

static struct print *
csv_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct csv *c = calloc(1, sizeof(*c));

	(void)o;
	(void)name;
	if (c == NULL) {
		(void)err_sys(err, "output");
		return NULL;
	}
	timetext_init(&c->time, true);
	if (rest != NULL && fmt_add_list(&c->chosen, rest, offset, err) == -1) {
		fmt_clear(&c->chosen);
		free(c);
		return NULL;
	}
	return &c->p;
}

static void
csv_close(struct print *p)
{
	struct csv *c = (struct csv *)p;

	fmt_clear(&c->chosen);
	sheet_clear(&c->sheet);
	free(c);
}

static int
make_sheet(const struct csv *c, struct sheet *s,
    const struct print_head *head, struct err *err)
{
	return sheet_make(s, head, &c->chosen, c->p.o.names, err);
}

static int
csv_accepts(const struct print *p, const struct print_head *head,
    struct err *err)
{
	struct sheet s = { .v = NULL };
	int rc = make_sheet((const struct csv *)p, &s, head, err);

	sheet_clear(&s);
	return rc;
}

static uint64_t
csv_columns(const struct print *p)
{
	const struct print_flows list = { .keys = NULL };
	struct sheet s = { .v = NULL };
	uint64_t bits = UINT64_MAX >> (64 - COLUMN_COUNT);

	if (make_sheet((const struct csv *)p, &s,
	    &(struct print_head){ .flows = &list }, NULL) == 0)
		bits = sheet_columns(&s);
	sheet_clear(&s);
	return bits;
}

static void
put_header(struct csv *c)
{
	for (size_t i = 0; i < c->sheet.n; i++) {
		if (i > 0)
			out_char(c->p.out, ',');
		out_char(c->p.out, '"');
		out_text(c->p.out, c->sheet.v[i].label);
		out_char(c->p.out, '"');
	}
	out_text(c->p.out, "\r\n");
}

static void
begin(struct csv *c, const struct print_head *head)
{
	if (make_sheet(c, &c->sheet, head, NULL) == -1) {
		c->p.out->error = ENOMEM;
		return;
	}
	if (c->begun)
		out_text(c->p.out, "\r\n");
	else if (c->p.o.excel)
		out_text(c->p.out, BOM);
	c->begun = true;
	if (!c->p.o.quiet)
		put_header(c);
}

static void
csv_flows(struct print *p, const struct print_flows *head)
{
	begin((struct csv *)p, &(struct print_head){ .flows = head });
}

static void
csv_stat(struct print *p, const struct print_stat *head)
{
	begin((struct csv *)p, &(struct print_head){ .stat = head });
}

static void
csv_series(struct print *p, const struct print_series *head)
{
	begin((struct csv *)p, &(struct print_head){ .series = head });
}

/* The value at at, which has room for FIELD_VALUE_MAX + 1; its length. */
static size_t
put_value(struct csv *c, const struct sheet_column *col, const struct row *r,
    char *at)
{
	size_t n = field_value(col->field, &c->time, r, at);

	if (c->p.o.excel && (col->field->kind == FIELD_ADDR ||
	    col->field->kind == FIELD_EXPORTER))
		n = foreign_guard_address(at, n);
	if (n == 0 && col->none != NULL) {
		n = strlen(col->none);
		memcpy(at, col->none, n);
	}
	return n;
}

static void
csv_row(struct print *p, const struct row *r)
{
	struct csv *c = (struct csv *)p;
	struct out *o = p->out;

	for (size_t i = 0; i < c->sheet.n; i++) {
		const struct sheet_column *col = &c->sheet.v[i];
		char *at = out_room(o, FIELD_VALUE_MAX + 4);
		const char *name;
		size_t n = 0;

		if (i > 0)
			at[n++] = ',';
		if (!col->named) {
			at[n++] = '"';
			n += put_value(c, col, r, at + n);
			at[n++] = '"';
			out_used(o, n);
			continue;
		}
		out_used(o, n);
		name = field_named(col->field, p->o.names, r);
		foreign_csv(o, name == NULL ? "" : name, !p->o.raw);
	}
	out_text(o, "\r\n");
}

static void
csv_done(struct print *p, const struct print_summary *s)
{
	(void)p;
	(void)s;
}

const struct printer_ops printer_csv = { csv_open, csv_close, csv_columns,
	csv_flows, csv_stat, csv_series, csv_row, csv_done, csv_accepts };
