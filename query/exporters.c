/*
 * Exporters added up: see exporters.h.  The sums are made by a table of SQLite
 * in memory.  Shards come in the order of their slots, so what comes later is
 * the name and the sampling rate last in force.
 */
#include "query/exporters.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "query/exporters_rows.h"
#include "query/open.h"
#include "schema/db.h"

static const char sums_sql[] =
    "CREATE TABLE sums (address BLOB, version, domain, name, packets, flows, "
    "lost, sampling, first_ms, last_ms, "
    "PRIMARY KEY (address, version, domain)) WITHOUT ROWID";

static const char read_sql[] =
    "SELECT address, version, source_id, name, packets, flows, lost, "
    "sampling, first_heard_ms, last_heard_ms FROM exporter "
    "WHERE typeof(address) = 'blob' AND length(address) IN (4, 16)";

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

struct exporters {
	struct answer	*a;
	sqlite3		*db;
	sqlite3_stmt	*add;
	size_t		 next;		/* shard of the list */
};

int
exporters_accept(const struct request *r, struct err *err)
{
	enum exporters_form form;

	if (r->n_groups > 0 || r->has_order || r->has_limit ||
	    r->most_flows > 0)
		return err_set(err, "--exporters tells of all exporters: -s, "
		    "-A, -a, -b, -B, -O, -n and -c don't go with it");
	if (r->filter_file != NULL || r->filter[0] != '\0')
		return err_set(err, "--exporters tells of whole shards: a "
		    "filter does not go with it (-s exporter FILTER counts "
		    "flows)");
	return exporters_form(r->format, &form, err);
}

bool
exporters_wanted(const struct question *q, const struct shard_meta *m)
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
		for (int i = 0; i < EXP_END; i++)
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
	if (exporters_wanted(&e->a->q, &s.meta)) {
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

/* Those of the list that start before. */
static int
visit_until(struct exporters *e, int64_t start_ms, struct err *err)
{
	const struct work_options *o = &e->a->work;
	const struct shard_list *list = &e->a->list;

	while (e->next < list->n && list->v[e->next].start_ms < start_ms) {
		const struct shard_ref *shard = &list->v[e->next++];

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
			o->progress(o->arg, e->next, list->n,
			    e->a->report.processed);
	}
	return 0;
}

/* A row of a cluster, whose shards lie between those of the list. */
static int
add_row(void *arg, const struct backend_exporter *row, struct err *err)
{
	static const int places[] = { EXP_VERSION, EXP_DOMAIN, EXP_PACKETS,
		EXP_FLOWS, EXP_LOST, EXP_SAMPLING, EXP_FIRST, EXP_LAST };
	struct exporters *e = arg;

	if (visit_until(e, row->shard_ms, err) == -1)
		return -1;
	(void)sqlite3_bind_blob(e->add, EXP_ADDRESS + 1, row->address.addr,
	    row->address.len, SQLITE_STATIC);
	(void)sqlite3_bind_text(e->add, EXP_NAME + 1, row->name,
	    (int)row->name_len, SQLITE_STATIC);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (row->numbers[i].kind == DATUM_NUMBER)
			(void)sqlite3_bind_int64(e->add, places[i] + 1,
			    row->numbers[i].number);
		else
			(void)sqlite3_bind_null(e->add, places[i] + 1);
	}
	return db_step(e->add, err) == -1 ? -1 : 0;
}

static int
visit_all(struct exporters *e, struct err *err)
{
	struct backend *b = e->a->backend;

	if (b->calls->exporters != NULL && b->calls->exporters(b, &e->a->q,
	    add_row, e, &e->a->report, err) == -1)
		return -1;
	return visit_until(e, INT64_MAX, err);
}

/* Adds up, and hands the rows over. */
static int
collect(struct answer *a, int (*rows)(struct answer *a, sqlite3_stmt *st,
    void *arg, struct err *err), void *arg, struct err *err)
{
	struct exporters e = { .a = a };
	sqlite3_stmt *st = NULL;
	int rc = -1;

	a->report.workers = 1;
	e.db = db_open(":memory:", SQLITE_OPEN_READWRITE, err);
	if (e.db == NULL)
		return -1;
	if (db_exec(e.db, sums_sql, err) == 0 &&
	    (e.add = db_prepare(e.db, add_sql, err)) != NULL &&
	    visit_all(&e, err) == 0 &&
	    (st = db_prepare(e.db, result_sql, err)) != NULL)
		rc = rows(a, st, arg, err);
	sqlite3_finalize(st);
	sqlite3_finalize(e.add);
	(void)sqlite3_close(e.db);
	return rc;
}

static int
print_rows(struct answer *a, sqlite3_stmt *st, void *arg, struct err *err)
{
	return exporters_rows(a, *(enum exporters_form *)arg, st, err);
}

int
exporters_print(struct answer *a, struct err *err)
{
	enum exporters_form form;

	if (exporters_form(a->request->format, &form, err) == -1)
		return -1;
	return collect(a, print_rows, &form, err);
}

struct visiting {
	void	(*visit)(void *arg, const struct exporter_sum *e);
	void	 *arg;
};

static int
visit_rows(struct answer *a, sqlite3_stmt *st, void *arg, struct err *err)
{
	struct visiting *v = arg;
	int rc;

	while ((rc = db_step(st, err)) == 1) {
		struct exporter_sum e;

		exporters_sum(a, st, &e);
		v->visit(v->arg, &e);
	}
	return rc;
}

int
exporters_each(struct answer *a,
    void (*visit)(void *arg, const struct exporter_sum *e), void *arg,
    struct err *err)
{
	struct visiting v = { visit, arg };

	return collect(a, visit_rows, &v, err);
}
