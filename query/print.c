/* Choice of a format, and the format that prints nothing: see print.h. */
#include "query/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/fmt.h"
#include "query/printer.h"

struct format {
	const char			*name;
	const struct printer_ops	*ops;
	bool				 rest;	/* ":..." follows */
};

/* Behind them: the named layouts of fmt.h. */
static const struct format formats[] = {
	{ "chart", &printer_chart, false },
	{ "csv", &printer_csv, false },
	{ "csv", &printer_csv, true },
	{ "fmt", &printer_table, true },
	{ "json", &printer_json, false },
	{ "ndjson", &printer_json, false },
	{ "nfdump-csv", &printer_nfdump, false },
	{ "null", &printer_null, false }
};

#define N_FORMATS	(sizeof(formats) / sizeof(formats[0]))

const char *
print_format_at(size_t i)
{
	static const char *const names[] = { "fmt:", "csv", "csv:", "json",
		"ndjson", "nfdump-csv", "chart", "null" };
	size_t n = 0;

	while (fmt_name_at(n) != NULL) {
		if (n == i)
			return fmt_name_at(n);
		n++;
	}
	return i - n < sizeof(names) / sizeof(names[0]) ? names[i - n] : NULL;
}

static struct print *
null_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct print *p = calloc(1, sizeof(*p));

	(void)o;
	(void)name;
	(void)rest;
	(void)offset;
	if (p == NULL)
		(void)err_sys(err, "output");
	return p;
}

static void
null_free(struct print *p)
{
	free(p);
}

static uint64_t
null_columns(const struct print *p)
{
	(void)p;
	return 0;
}

static void
null_flows(struct print *p, const struct print_flows *head)
{
	(void)p;
	(void)head;
}

static void
null_stat(struct print *p, const struct print_stat *head)
{
	(void)p;
	(void)head;
}

static void
null_series(struct print *p, const struct print_series *head)
{
	(void)p;
	(void)head;
}

static void
null_row(struct print *p, const struct row *r)
{
	(void)p;
	(void)r;
}

static void
null_done(struct print *p, const struct print_summary *s)
{
	(void)p;
	(void)s;
}

const struct printer_ops printer_null = { null_open, null_free, null_columns,
	null_flows, null_stat, null_series, null_row, null_done, NULL };

static const struct format *
find(const char *name, size_t len, bool rest)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strlen(formats[i].name) == len &&
		    memcmp(formats[i].name, name, len) == 0 &&
		    formats[i].rest == rest)
			return &formats[i];
	}
	return NULL;
}

static int
unknown(const char *format, struct err *err)
{
	char list[200] = "";
	const char *name;
	size_t n = 0;

	for (size_t i = 0; n < sizeof(list) &&
	    (name = print_format_at(i)) != NULL; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i > 0 ? " " : "", name);
	return err_at(err, 0, strcspn(format, ":"),
	    "unknown output format, expected one of: %s", list);
}

struct print *
print_new(const char *format, const struct print_options *o, struct out *out,
    struct err *err)
{
	struct print_options options = *o;
	const struct format *f;
	const struct printer_ops *ops = NULL;
	const char *rest = NULL;
	size_t len = format == NULL ? 0 : strcspn(format, ":");
	struct print *p;

	if (format != NULL && format[len] == ':')
		rest = format + len + 1;
	f = format == NULL ? NULL : find(format, len, rest != NULL);
	if (f != NULL)
		ops = f->ops;
	else if (format == NULL)
		ops = &printer_table;
	else if (rest == NULL && len > 0) {
		if (format[len - 1] == '6') {
			options.full_ip6 = true;
			len--;
		}
		rest = fmt_named(format, len);
		if (rest != NULL)
			ops = &printer_table;
	}
	if (ops == NULL) {
		(void)unknown(format, err);
		return NULL;
	}
	p = ops->open(&options, format, rest, len + 1, err);
	if (p != NULL) {
		p->ops = ops;
		p->o = options;
		p->out = out;
	}
	return p;
}

void
print_free(struct print *p)
{
	if (p != NULL)
		p->ops->free(p);
}

uint64_t
print_columns(const struct print *p)
{
	return p->ops->columns(p);
}

void
print_flows(struct print *p, const struct print_flows *head)
{
	p->ops->flows(p, head);
}

void
print_stat(struct print *p, const struct print_stat *head)
{
	p->ops->stat(p, head);
}

int
print_accepts(const struct print *p, const struct print_head *head,
    struct err *err)
{
	if (head->series != NULL && p->ops->series == NULL)
		return err_at(err, 0, 1, "this format has no time series, "
		    "take chart, csv, json, ndjson or none");
	return p->ops->accepts == NULL ? 0 : p->ops->accepts(p, head, err);
}

void
print_series(struct print *p, const struct print_series *head)
{
	p->ops->series(p, head);
}

void
print_row(struct print *p, const struct row *r)
{
	p->rows++;
	p->ops->row(p, r);
}

int64_t
print_count(const struct print *p)
{
	return p->rows;
}

void
print_done(struct print *p, const struct print_summary *s)
{
	p->ops->done(p, s);
}
