/* Exporters on paper: see exporters_rows.h. */
#include "query/exporters_rows.h"

#include <stdio.h>
#include <string.h>

#include "query/foreign.h"
#include "query/numtext.h"
#include "query/row.h"
#include "query/timetext.h"
#include "query/utf8.h"
#include "schema/db.h"

#define NAME_SHOWN	(FOREIGN_MAX + 1)
#define NETFLOW_9	9
#define IPFIX		10

/* Keys of JSON and the header of CSV; theirs is this order. */
static const struct shown {
	const char	*name;
	int		 at;
} columns[] = {
	{ "address", EXP_ADDRESS }, { "name", EXP_NAME },
	{ "version", EXP_VERSION }, { "domain", EXP_DOMAIN },
	{ "packets", EXP_PACKETS }, { "flows", EXP_FLOWS }, { "lost", EXP_LOST },
	{ "sampling", EXP_SAMPLING }, { "first_heard_utc", EXP_FIRST },
	{ "last_heard_utc", EXP_LAST },
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

struct printer {
	const struct answer	*a;
	struct out		*out;
	struct timetext		 time;
	enum exporters_form	 form;
};

int
exporters_form(const char *format, enum exporters_form *out, struct err *err)
{
	static const char *const names[] = { [EXPORTERS_CSV] = "csv",
	    [EXPORTERS_JSON] = "json", [EXPORTERS_NDJSON] = "ndjson" };

	*out = EXPORTERS_TABLE;
	if (format == NULL)
		return 0;
	for (int f = EXPORTERS_CSV; f <= EXPORTERS_NDJSON; f++) {
		if (strcmp(format, names[f]) == 0) {
			*out = (enum exporters_form)f;
			return 0;
		}
	}
	return err_at(err, 0, strlen(format), "--exporters has a table of its "
	    "own, or -o csv, json, ndjson");
}

/* ---- values ---- */

static struct addr
address_of(sqlite3_stmt *st)
{
	return addr_from(sqlite3_column_blob(st, EXP_ADDRESS),
	    (size_t)sqlite3_column_bytes(st, EXP_ADDRESS));
}

/* As field_named: the user's table of names comes first. */
static const char *
name_of(const struct answer *answer, sqlite3_stmt *st)
{
	struct addr a = address_of(st);
	const char *name = names_exporter(answer->names, &a);

	return name != NULL ? name :
	    (const char *)sqlite3_column_text(st, EXP_NAME);
}

/* Our own values; empty when there is none.  No NUL; the length. */
static size_t
value_of(struct printer *e, sqlite3_stmt *st, int at, char *out)
{
	struct addr a;

	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		return 0;
	switch (at) {
	case EXP_ADDRESS:
		a = address_of(st);
		return addr_format(&a, out);
	case EXP_FIRST:
	case EXP_LAST:
		return time_text(&e->time, sqlite3_column_int64(st, at), out);
	default:
		return int_text(sqlite3_column_int64(st, at), out);
	}
}

/* ---- CSV and JSON ---- */

static void
csv_header(struct printer *e)
{
	if (e->a->request->print.excel)
		out_text(e->out, "\xef\xbb\xbf");
	if (e->a->request->print.quiet)
		return;
	for (size_t i = 0; i < N_COLUMNS; i++) {
		out_text(e->out, i > 0 ? ",\"" : "\"");
		out_text(e->out, columns[i].name);
		out_char(e->out, '"');
	}
	out_text(e->out, "\r\n");
}

static void
csv_row(struct printer *e, sqlite3_stmt *st)
{
	const struct print_options *o = &e->a->request->print;
	char buf[ADDR_TEXT_MAX + 1];

	for (size_t i = 0; i < N_COLUMNS; i++) {
		const char *name = name_of(e->a, st);
		size_t n;

		if (i > 0)
			out_char(e->out, ',');
		if (columns[i].at == EXP_NAME) {
			foreign_csv(e->out, name == NULL ? "" : name,
			    !o->raw);
			continue;
		}
		n = value_of(e, st, columns[i].at, buf);
		if (o->excel && columns[i].at == EXP_ADDRESS)
			n = foreign_guard_address(buf, n);
		out_char(e->out, '"');
		out_bytes(e->out, buf, n);
		out_char(e->out, '"');
	}
	out_text(e->out, "\r\n");
}

static void
json_value(struct printer *e, sqlite3_stmt *st, int at)
{
	const char *name = at == EXP_NAME ? name_of(e->a, st) : NULL;
	bool number = at != EXP_ADDRESS && at != EXP_FIRST && at != EXP_LAST;
	char buf[ADDR_TEXT_MAX];
	size_t n = at == EXP_NAME ? 0 : value_of(e, st, at, buf);

	if (name != NULL) {
		foreign_json(e->out, name);
	} else if (n == 0) {
		out_text(e->out, "null");
	} else {
		out_text(e->out, number ? "" : "\"");
		out_bytes(e->out, buf, n);
		out_text(e->out, number ? "" : "\"");
	}
}

static void
json_row(struct printer *e, sqlite3_stmt *st)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		out_text(e->out, i > 0 ? ",\"" : "{\"");
		out_text(e->out, columns[i].name);
		out_text(e->out, "\":");
		json_value(e, st, columns[i].at);
	}
	out_char(e->out, '}');
}

/* ---- the table ---- */

static const char *
version_text(int64_t version, char *buf, size_t size)
{
	if (version == IPFIX)
		return "IPFIX";
	(void)snprintf(buf, size, "v%lld", (long long)version);
	return buf;
}

/* Hundredths of a percent of what was sent, in the unit of the counter. */
static int64_t
loss_of(sqlite3_stmt *st)
{
	int64_t lost = sqlite3_column_int64(st, EXP_LOST);
	int64_t came = sqlite3_column_int64(st,
	    sqlite3_column_int64(st, EXP_VERSION) == NETFLOW_9 ? EXP_PACKETS :
	    EXP_FLOWS);

	return rate_of(lost, 10000, came > INT64_MAX - lost ? INT64_MAX :
	    came + lost);
}

/* Addresses are as wide as the longest. */
static int
address_width(sqlite3_stmt *st, int *width, struct err *err)
{
	char buf[ADDR_TEXT_MAX];
	int rc;

	*width = (int)strlen("Address");
	while ((rc = db_step(st, err)) == 1) {
		struct addr a = address_of(st);
		int n = (int)addr_format(&a, buf);

		if (n > *width)
			*width = n;
	}
	return rc;
}

static void
table_heading(struct printer *e, int width)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "%-*s %-5s %10s %12s %14s %10s "
	    "%7s %8s  %-19s  %-19s  %s\n", width, "Address", "Ver", "Domain",
	    "Packets", "Flows", "Lost", "Loss", "Sampling", "First heard",
	    "Last heard", "Name");
	out_text(e->out, line);
}

static void
table_row(struct printer *e, sqlite3_stmt *st, int width)
{
	static const int shown[] = { EXP_DOMAIN, EXP_PACKETS, EXP_FLOWS, EXP_LOST };
	static const int widths[] = { 10, 12, 14, 10 };
	char buf[ADDR_TEXT_MAX], version[24], clean[NAME_SHOWN];
	const char *name = name_of(e->a, st);
	int64_t loss = loss_of(st);

	buf[value_of(e, st, EXP_ADDRESS, buf)] = '\0';
	out_padded(e->out, buf, -width);
	out_char(e->out, ' ');
	out_padded(e->out, version_text(sqlite3_column_int64(st, EXP_VERSION),
	    version, sizeof(version)), -5);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		buf[value_of(e, st, shown[i], buf)] = '\0';
		out_char(e->out, ' ');
		out_padded(e->out, buf, widths[i]);
	}
	(void)snprintf(buf, sizeof(buf), "%lld.%02lld%%",
	    (long long)(loss / 100), (long long)(loss % 100));
	out_char(e->out, ' ');
	out_padded(e->out, buf, 7);
	buf[value_of(e, st, EXP_SAMPLING, buf)] = '\0';
	out_char(e->out, ' ');
	out_padded(e->out, buf, 8);
	for (int at = EXP_FIRST; at <= EXP_LAST; at++) {
		buf[value_of(e, st, at, buf)] = '\0';
		out_text(e->out, "  ");
		out_padded(e->out, buf, -19);
	}
	if (name != NULL) {
		(void)utf8_clean(name, 1, clean, sizeof(clean));
		out_text(e->out, "  ");
		out_text(e->out, clean);
	}
	out_char(e->out, '\n');
}

static void
table_end(struct printer *e, int64_t n)
{
	char line[160];

	if (e->a->request->print.quiet)
		return;
	(void)snprintf(line, sizeof(line), "%lld exporter%s in %lld shard%s "
	    "(%lld skipped); lost: packets of v9, flows of v5 and IPFIX\n",
	    (long long)n, n == 1 ? "" : "s", (long long)e->a->report.read,
	    e->a->report.read == 1 ? "" : "s",
	    (long long)e->a->report.skipped);
	out_text(e->out, line);
}

/* ---- all of it ---- */

static void
put_row(struct printer *e, sqlite3_stmt *st, int64_t n, int width)
{
	switch (e->form) {
	case EXPORTERS_TABLE:
		table_row(e, st, width);
		break;
	case EXPORTERS_CSV:
		csv_row(e, st);
		break;
	case EXPORTERS_JSON:
		out_text(e->out, n > 0 ? ",\n" : "\n");
		json_row(e, st);
		break;
	case EXPORTERS_NDJSON:
		json_row(e, st);
		out_char(e->out, '\n');
		break;
	}
}

int
exporters_rows(const struct answer *a, enum exporters_form form,
    sqlite3_stmt *st, struct err *err)
{
	struct printer e = { .a = a, .out = a->out, .form = form };
	bool table = form == EXPORTERS_TABLE;
	int width = 0, rc = 0;
	int64_t n = 0;

	timetext_init(&e.time, !table || a->request->print.utc);
	if (table)
		rc = address_width(st, &width, err);
	if (rc == 0 && table && !a->request->print.quiet)
		table_heading(&e, width);
	else if (rc == 0 && form == EXPORTERS_CSV)
		csv_header(&e);
	else if (rc == 0 && form == EXPORTERS_JSON)
		out_char(e.out, '[');
	for (; rc == 0 && (rc = db_step(st, err)) == 1; rc = 0)
		put_row(&e, st, n++, width);
	if (rc == 0 && table)
		table_end(&e, n);
	else if (rc == 0 && form == EXPORTERS_JSON)
		out_text(e.out, n > 0 ? "\n]\n" : "]\n");
	return rc;
}

void
exporters_sum(const struct answer *a, sqlite3_stmt *st,
    struct exporter_sum *out)
{
	*out = (struct exporter_sum){ .address = address_of(st),
		.name = name_of(a, st),
		.version = sqlite3_column_int64(st, EXP_VERSION),
		.domain = sqlite3_column_int64(st, EXP_DOMAIN),
		.packets = sqlite3_column_int64(st, EXP_PACKETS),
		.flows = sqlite3_column_int64(st, EXP_FLOWS),
		.lost = sqlite3_column_int64(st, EXP_LOST),
		.loss = loss_of(st),
		.has_sampling = sqlite3_column_type(st, EXP_SAMPLING) !=
		    SQLITE_NULL,
		.sampling = sqlite3_column_int64(st, EXP_SAMPLING),
		.has_last = sqlite3_column_type(st, EXP_LAST) != SQLITE_NULL,
		.last_ms = sqlite3_column_int64(st, EXP_LAST) };
}
