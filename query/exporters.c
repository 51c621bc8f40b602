/*
 * Exporters added up: see exporters.h.  The sums are made by a table of SQLite
 * in memory.  Shards come in the order of their slots, so what comes later is
 * the name and the sampling rate last in force.
 *
 * "lost" counts what its sequence numbers count: export packets of NetFlow v9,
 * flows of v5 and IPFIX.
 */
#include "query/exporters.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "query/foreign.h"
#include "query/numtext.h"
#include "query/open.h"
#include "query/row.h"
#include "query/timetext.h"
#include "query/utf8.h"
#include "schema/db.h"

#define NAME_SHOWN	(FOREIGN_MAX + 1)
#define NETFLOW_9	9
#define IPFIX		10

static const char sums_sql[] =
    "CREATE TABLE sums (address BLOB, version, domain, name, packets, flows, "
    "lost, sampling, first_ms, last_ms, "
    "PRIMARY KEY (address, version, domain)) WITHOUT ROWID";

static const char read_sql[] =
    "SELECT address, version, source_id, name, packets, flows, lost, "
    "sampling, first_heard_ms, last_heard_ms FROM exporter "
    "WHERE length(address) IN (4, 16)";

/* min: a sum beyond 63 bits is a real, and stays at the largest integer. */
#define PLUS(c)	c " = min(" c " + excluded." c ", 9223372036854775807), "
#define FIRST_OF(f, c) c " = " f "(ifnull(" c ", excluded." c "), " \
	"ifnull(excluded." c ", " c "))"

static const char add_sql[] =
    "INSERT INTO sums VALUES (?1, ?2, ?3, ?4, max(?5, 0), max(?6, 0), "
    "max(?7, 0), ?8, ?9, ?10) ON CONFLICT DO UPDATE SET "
    PLUS("packets") PLUS("flows") PLUS("lost")
    "name = ifnull(excluded.name, name), "
    "sampling = ifnull(excluded.sampling, sampling), "
    FIRST_OF("min", "first_ms") ", " FIRST_OF("max", "last_ms");

static const char result_sql[] =
    "SELECT address, version, domain, name, packets, flows, lost, sampling, "
    "first_ms, last_ms FROM sums ORDER BY length(address), address, version, "
    "domain";

enum { AT_ADDRESS, AT_VERSION, AT_DOMAIN, AT_NAME, AT_PACKETS, AT_FLOWS,
	AT_LOST, AT_SAMPLING, AT_FIRST, AT_LAST, AT_END };

/* Keys of JSON and the header of CSV; theirs is this order. */
static const struct shown {
	const char	*name;
	int		 at;
} columns[] = {
	{ "address", AT_ADDRESS }, { "name", AT_NAME },
	{ "version", AT_VERSION }, { "domain", AT_DOMAIN },
	{ "packets", AT_PACKETS }, { "flows", AT_FLOWS }, { "lost", AT_LOST },
	{ "sampling", AT_SAMPLING }, { "first_heard_utc", AT_FIRST },
	{ "last_heard_utc", AT_LAST },
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

enum form { FORM_TABLE, FORM_CSV, FORM_JSON, FORM_NDJSON };

struct exporters {
	struct answer	*a;
	struct out	*out;
	sqlite3		*db;
	sqlite3_stmt	*add;
	struct timetext	 time;
	enum form	 form;
};

/* ---- options ---- */

static int
find_form(const char *format, enum form *out, struct err *err)
{
	static const char *const names[] = { [FORM_CSV] = "csv",
	    [FORM_JSON] = "json", [FORM_NDJSON] = "ndjson" };

	*out = FORM_TABLE;
	if (format == NULL)
		return 0;
	for (int f = FORM_CSV; f <= FORM_NDJSON; f++) {
		if (strcmp(format, names[f]) == 0) {
			*out = (enum form)f;
			return 0;
		}
	}
	return err_at(err, 0, strlen(format), "--exporters has a table of its "
	    "own, or -o csv, json, ndjson");
}

int
exporters_accept(const struct request *r, struct err *err)
{
	enum form form;

	if (r->n_groups > 0 || r->has_order || r->has_limit ||
	    r->most_flows > 0)
		return err_set(err, "--exporters tells of all exporters: -s, "
		    "-A, -a, -b, -B, -O, -n and -c don't go with it");
	if (r->filter_file != NULL || r->filter[0] != '\0')
		return err_set(err, "--exporters tells of whole shards: a "
		    "filter does not go with it (-s exporter FILTER counts "
		    "flows)");
	return find_form(r->format, &form, err);
}

/* ---- sums ---- */

static bool
overlaps(const struct question *q, const struct shard_meta *m)
{
	return !q->has_window || (m->slot_end_ms > q->from_ms &&
	    m->slot_start_ms <= q->to_ms);
}

static int
add_shard(struct exporters *e, const struct open_shard *s, int64_t *rows,
    struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, read_sql, err);
	int rc = st == NULL ? -1 : 1;

	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		for (int i = 0; i < AT_END; i++)
			(void)sqlite3_bind_value(e->add, i + 1,
			    sqlite3_column_value(st, i));
		if (db_step(e->add, err) == -1)
			rc = -1;
		++*rows;
	}
	sqlite3_finalize(st);
	return rc;
}

static int
visit_shard(struct exporters *e, const struct shard_ref *shard,
    struct err *err)
{
	struct report *report = &e->a->report;
	double began = report_clock();
	struct report_use use = { .rows = 0 };
	struct open_shard s;
	int64_t rows = 0;
	int rc = 0;

	if (shard_open(shard->path, e->a->q.stop, &s, err) == -1)
		return -1;
	if (overlaps(&e->a->q, &s.meta)) {
		rc = add_shard(e, &s, &rows, err);
		report->read++;
		report->processed += s.meta.flows;
		report_part(&use, rows, rows, "scan of exporter");
		report_used(report, shard, &use, false,
		    report_clock() - began);
	} else {
		report->skipped++;
		report_unused(report, shard, report_clock() - began,
		    "skipped: its slot is outside the window");
	}
	shard_close(&s);
	return rc;
}

static int
visit_all(struct exporters *e, struct err *err)
{
	const struct work_options *o = &e->a->work;
	const struct shard_list *list = &e->a->list;

	for (size_t i = 0; i < list->n; i++) {
		const struct shard_ref *shard = &list->v[i];

		if (visit_shard(e, shard, err) == -1) {
			if (err->code == ERR_STOPPED)
				return -1;
			if (!o->named && shard_is_gone(shard->path)) {
				e->a->report.skipped++;
				report_unused(&e->a->report, shard, 0,
				    "skipped: it has vanished");
			} else if (o->skip_bad) {
				e->a->report.bad++;
				report_unused(&e->a->report, shard, 0,
				    "unreadable");
				(void)fprintf(stderr, "flowq: skipped: %s\n",
				    err->msg);
			} else {
				return -1;
			}
		}
		if (o->progress != NULL)
			o->progress(o->arg, i + 1, list->n,
			    e->a->report.processed);
	}
	return 0;
}

/* ---- values ---- */

static struct addr
address_of(sqlite3_stmt *st)
{
	return addr_from(sqlite3_column_blob(st, AT_ADDRESS),
	    (size_t)sqlite3_column_bytes(st, AT_ADDRESS));
}

/* As field_named: the user's table of names comes first. */
static const char *
name_of(const struct exporters *e, sqlite3_stmt *st)
{
	struct addr a = address_of(st);
	const char *name = names_exporter(e->a->names, &a);

	return name != NULL ? name :
	    (const char *)sqlite3_column_text(st, AT_NAME);
}

/* Our own values; empty when there is none.  No NUL; the length. */
static size_t
value_of(struct exporters *e, sqlite3_stmt *st, int at, char *out)
{
	struct addr a;

	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		return 0;
	switch (at) {
	case AT_ADDRESS:
		a = address_of(st);
		return addr_format(&a, out);
	case AT_FIRST:
	case AT_LAST:
		return time_text(&e->time, sqlite3_column_int64(st, at), out);
	default:
		return int_text(sqlite3_column_int64(st, at), out);
	}
}

/* ---- CSV and JSON ---- */

static void
csv_header(struct exporters *e)
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
csv_row(struct exporters *e, sqlite3_stmt *st)
{
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < N_COLUMNS; i++) {
		const char *name = name_of(e, st);

		if (i > 0)
			out_char(e->out, ',');
		if (columns[i].at == AT_NAME) {
			foreign_csv(e->out, name == NULL ? "" : name,
			    !e->a->request->print.raw);
			continue;
		}
		out_char(e->out, '"');
		out_bytes(e->out, buf, value_of(e, st, columns[i].at, buf));
		out_char(e->out, '"');
	}
	out_text(e->out, "\r\n");
}

static void
json_value(struct exporters *e, sqlite3_stmt *st, int at)
{
	const char *name = at == AT_NAME ? name_of(e, st) : NULL;
	bool number = at != AT_ADDRESS && at != AT_FIRST && at != AT_LAST;
	char buf[ADDR_TEXT_MAX];
	size_t n = at == AT_NAME ? 0 : value_of(e, st, at, buf);

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
json_row(struct exporters *e, sqlite3_stmt *st)
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
	int64_t lost = sqlite3_column_int64(st, AT_LOST);
	int64_t came = sqlite3_column_int64(st,
	    sqlite3_column_int64(st, AT_VERSION) == NETFLOW_9 ? AT_PACKETS :
	    AT_FLOWS);

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
table_heading(struct exporters *e, int width)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "%-*s %-5s %10s %12s %14s %10s "
	    "%7s %8s  %-19s  %-19s  %s\n", width, "Address", "Ver", "Domain",
	    "Packets", "Flows", "Lost", "Loss", "Sampling", "First heard",
	    "Last heard", "Name");
	out_text(e->out, line);
}

static void
table_row(struct exporters *e, sqlite3_stmt *st, int width)
{
	static const int shown[] = { AT_DOMAIN, AT_PACKETS, AT_FLOWS, AT_LOST };
	static const int widths[] = { 10, 12, 14, 10 };
	char buf[ADDR_TEXT_MAX], version[24], clean[NAME_SHOWN];
	const char *name = name_of(e, st);
	int64_t loss = loss_of(st);

	buf[value_of(e, st, AT_ADDRESS, buf)] = '\0';
	out_padded(e->out, buf, -width);
	out_char(e->out, ' ');
	out_padded(e->out, version_text(sqlite3_column_int64(st, AT_VERSION),
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
	buf[value_of(e, st, AT_SAMPLING, buf)] = '\0';
	out_char(e->out, ' ');
	out_padded(e->out, buf, 8);
	for (int at = AT_FIRST; at <= AT_LAST; at++) {
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
table_end(struct exporters *e, int64_t n)
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
put_row(struct exporters *e, sqlite3_stmt *st, int64_t n, int width)
{
	switch (e->form) {
	case FORM_TABLE:
		table_row(e, st, width);
		break;
	case FORM_CSV:
		csv_row(e, st);
		break;
	case FORM_JSON:
		out_text(e->out, n > 0 ? ",\n" : "\n");
		json_row(e, st);
		break;
	case FORM_NDJSON:
		json_row(e, st);
		out_char(e->out, '\n');
		break;
	}
}

static int
put_all(struct exporters *e, struct err *err)
{
	sqlite3_stmt *st = db_prepare(e->db, result_sql, err);
	int width = 0, rc = st == NULL ? -1 : 0;
	int64_t n = 0;

	if (rc == 0 && e->form == FORM_TABLE)
		rc = address_width(st, &width, err);
	if (rc == 0 && e->form == FORM_TABLE && !e->a->request->print.quiet)
		table_heading(e, width);
	else if (rc == 0 && e->form == FORM_CSV)
		csv_header(e);
	else if (rc == 0 && e->form == FORM_JSON)
		out_char(e->out, '[');
	for (; rc == 0 && (rc = db_step(st, err)) == 1; rc = 0)
		put_row(e, st, n++, width);
	if (rc == 0 && e->form == FORM_TABLE)
		table_end(e, n);
	else if (rc == 0 && e->form == FORM_JSON)
		out_text(e->out, n > 0 ? "\n]\n" : "]\n");
	sqlite3_finalize(st);
	return rc;
}

int
exporters_print(struct answer *a, struct err *err)
{
	struct exporters e = { .a = a, .out = a->out };
	int rc = find_form(a->request->format, &e.form, err);

	timetext_init(&e.time, e.form != FORM_TABLE || a->request->print.utc);
	if (rc == 0 && (e.db = db_open(":memory:", SQLITE_OPEN_READWRITE,
	    err)) == NULL)
		rc = -1;
	if (rc == 0)
		rc = db_exec(e.db, sums_sql, err);
	if (rc == 0 && (e.add = db_prepare(e.db, add_sql, err)) == NULL)
		rc = -1;
	a->report.workers = 1;
	if (rc == 0)
		rc = visit_all(&e, err);
	if (rc == 0)
		rc = put_all(&e, err);
	sqlite3_finalize(e.add);
	if (e.db != NULL)
		(void)sqlite3_close(e.db);
	return rc;
}
