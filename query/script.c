/*
 * The frame of a script: see script.h.  Statements come from sql_script.h.
 * Tables are called parts1, sums1, rows1, the number being that of the
 * question's group.
 */
#include "query/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/list.h"
#include "query/open.h"
#include "query/script_head.h"
#include "query/serve.h"
#include "query/sql_script.h"

#define TABLE_MAX	32
#define VALUES_MAX	(COLUMN_COUNT + 8)

struct script {
	struct answer		*a;
	struct out		*out;
	struct fmt		 chosen;	/* of csv:..., else empty */
	struct sheet		 sheet;		/* of a list */
	int			 values[VALUES_MAX];
	size_t			 n_values;
	struct sql_shape	 shape;
};

/* ---- what can be said ---- */

/* Other formats than CSV are not SQL's. */
static int
check_format(const char *format, struct fmt *chosen, struct err *err)
{
	if (format == NULL || strcmp(format, "csv") == 0)
		return 0;
	if (strncmp(format, "csv:", 4) == 0)
		return fmt_add_list(chosen, format + 4, 4, err);
	return err_at(err, 0, strlen(format), "--sql prints a script for CSV: "
	    "only -o csv and csv:FIELDS go with it");
}

static int
check_group(const struct group *g, struct err *err)
{
	if (g->bidir)
		return err_set(err, "-b and -B cannot be said in plain SQL: "
		    "--sql takes -a instead");
	for (size_t i = 0; i < g->n; i++) {
		const struct group_part *p = &g->part[i];

		if (p->info->place != GEO_NOTHING)
			return err_set(err, "%s is not in the shards: a "
			    "script of --sql cannot look it up", p->name);
		if (p->mask != -1)
			return err_set(err, "%s cuts addresses at the route's "
			    "prefix length, which cannot be said in plain "
			    "SQL", p->name);
		if (p->bits4 != 32 || p->bits6 != 128)
			return err_set(err, "%s cuts addresses at a prefix "
			    "length, which cannot be said in plain SQL",
			    p->name);
	}
	return 0;
}

static bool
is_no_place(const struct node *n, void *arg)
{
	bool *has = arg;

	*has = n->test.set.places != NULL;
	return !*has;
}

static bool
has_place(const struct filter *filter)
{
	bool has = false;

	ast_walk(ast_root(filter), is_no_place, &has);
	return has;
}

int
script_accept(const struct request *r, const struct filter *filter,
    struct err *err)
{
	struct fmt chosen = { .items = NULL };
	int rc = check_format(r->format, &chosen, err);

	fmt_clear(&chosen);
	for (size_t i = 0; i < r->n_groups && rc == 0; i++)
		rc = check_group(&r->groups[i], err);
	if (rc == -1)
		return -1;
	if (r->having != NULL)
		return err_set(err, "-P cannot be said in plain SQL");
	if (r->most_flows > 0 && r->n_groups > 0)
		return err_set(err, "-c before sums cannot be said in plain "
		    "SQL");
	if (r->names != NULL && *r->names != '\0')
		return err_set(err, "--names are not in the shards: a script "
		    "of --sql has none");
	if (r->geo != NULL || has_place(filter))
		return err_set(err, "countries and AS numbers of addresses "
		    "are not in the shards: a script of --sql has none");
	if (r->print.excel)
		return err_set(err, "--excel is not for scripts: sqlite3 "
		    "prints no byte order mark");
	return 0;
}

/* ---- statements ---- */

/* Writes the statement (clearing it), after text. */
static int
put_sql(struct script *s, const char *before, struct sql *sql,
    const char *after, struct err *err)
{
	char *text = sql_plain(sql);

	sql_clear(sql);
	if (text == NULL)
		return err_set(err, "out of memory");
	out_text(s->out, before);
	out_text(s->out, text);
	out_text(s->out, after);
	free(text);
	return 0;
}

static void
name_table(char out[TABLE_MAX], const char *kind, size_t i)
{
	(void)snprintf(out, TABLE_MAX, "%s%zu", kind, i + 1);
}

/* The values that the columns need; see also choose_values() of list.c. */
static void
choose_values(struct script *s)
{
	uint64_t columns = sheet_columns(&s->sheet) | flow_bit(COL_packets) |
	    flow_bit(COL_bytes) | flow_bit(COL_first_ms) |
	    flow_bit(COL_duration_ms);

	for (int c = 0; c < COLUMN_COUNT; c++) {
		if ((columns >> c & 1) != 0)
			s->values[s->n_values++] = c;
	}
	if ((columns & flow_bit(COL_exporter)) != 0) {
		s->values[s->n_values++] = SQL_VALUE_EXPORTER_ADDR;
		s->values[s->n_values++] = SQL_VALUE_EXPORTER_VERSION;
	}
}

static int
put_tables(struct script *s, struct err *err)
{
	const struct question *q = &s->a->q;
	char table[TABLE_MAX];
	struct sql sql;

	for (size_t i = 0; i < q->n_groups; i++) {
		name_table(table, "parts", i);
		if (sql_group_table(&sql, &q->groups[i], table, err) == -1 ||
		    put_sql(s, "", &sql, ";\n", err) == -1)
			return -1;
	}
	if (q->n_groups > 0)
		return 0;
	if (sql_list_table(&sql, "rows1", s->values, s->n_values,
	    err) == -1)
		return -1;
	return put_sql(s, "", &sql, ";\n", err);
}

static int
put_parts(struct script *s, struct err *err)
{
	const struct question *q = &s->a->q;
	char before[TABLE_MAX + 32], table[TABLE_MAX];
	struct sql sql;

	for (size_t i = 0; i < q->n_groups; i++) {
		const struct group *g = &q->groups[i];

		name_table(table, "parts", i);
		(void)snprintf(before, sizeof(before),
		    "INSERT INTO temp.%s\n", table);
		for (unsigned side = 0; side < group_sides(g); side++) {
			if (sql_group(&sql, g, side, q->filter, &s->shape,
			    err) == -1 ||
			    put_sql(s, before, &sql, ";\n", err) == -1)
				return -1;
		}
	}
	return 0;
}

/* Most rows that one shard can give to the answer; -1: no limit. */
static int64_t
rows_wanted(const struct request *r)
{
	bool sorts = r->has_order && r->most_flows > 0;

	if (r->most_flows > 0 && (r->limit == 0 || sorts ||
	    r->most_flows < r->limit))
		return r->most_flows;
	return r->limit > 0 ? r->limit : -1;
}

static int
put_rows(struct script *s, struct err *err)
{
	const struct request *r = s->a->request;
	bool order = r->has_order && r->most_flows == 0;
	struct sql sql;

	if (sql_list_insert(&sql, "rows1", s->values, s->n_values,
	    err) == -1 || put_sql(s, "", &sql, "\n", err) == -1 ||
	    sql_list(&sql, s->values, s->n_values, s->a->q.filter, &s->shape,
	    order ? list_sql_order(&r->order) : SQL_ORDER_NONE,
	    order && r->order.ascending, rows_wanted(r), err) == -1)
		return -1;
	return put_sql(s, "", &sql, ";\n", err);
}

/* ---- shards ---- */

/* As SQLite reads it: whatever is special there or in SQL is %XX. */
static int
put_attach(struct script *s, const char *path, struct err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
	char *real = realpath(path, NULL);
	char hex[4];

	if (real == NULL)
		return err_sys(err, "%s", path);
	out_text(s->out, "ATTACH 'file:");
	for (const char *p = real; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL) {
			out_char(s->out, *p);
			continue;
		}
		(void)snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)*p);
		out_text(s->out, hex);
	}
	out_text(s->out, "?mode=ro' AS shard;\n");
	free(real);
	return 0;
}

static int
put_shard(struct script *s, const struct open_shard *shard, const char *path,
    struct err *err)
{
	enum serve_skip skip = serve_window(&s->a->q, &shard->meta);
	int rc = 0;

	s->shape.count_base = s->a->report.processed;
	s->a->report.processed += shard->meta.flows;
	if (skip != SERVE_READ) {
		s->a->report.skipped++;
		out_text(s->out, "-- left out, ");
		out_text(s->out, serve_skip_text(skip));
		out_text(s->out, ": ");
		script_shown(s->out, path);
		out_char(s->out, '\n');
		return 0;
	}
	s->a->report.read++;
	out_char(s->out, '\n');
	if (put_attach(s, path, err) == -1)
		return -1;
	rc = s->a->q.n_groups > 0 ? put_parts(s, err) : put_rows(s, err);
	out_text(s->out, "DETACH shard;\n");
	return rc;
}

static int
put_shards(struct script *s, struct err *err)
{
	struct answer *a = s->a;

	if (a->report.skipped > 0) {
		out_text(s->out, "-- left out, their names tell that they end "
		    "before the window: ");
		out_int(s->out, a->report.skipped);
		out_text(s->out, " shards\n");
	}
	for (size_t i = 0; i < a->list.n; i++) {
		const char *path = a->list.v[i].path;
		struct open_shard shard;
		int rc = shard_open(path, a->q.stop, &shard, err);

		if (rc == 0) {
			rc = put_shard(s, &shard, path, err);
			shard_close(&shard);
			if (rc == -1)
				return -1;
			continue;
		}
		if (err->code == ERR_STOPPED)
			return -1;
		if (!a->work.named && shard_is_gone(path)) {
			a->report.skipped++;
			continue;
		}
		if (!a->work.skip_bad)
			return -1;
		a->report.bad++;
		out_text(s->out, "-- left out, unreadable: ");
		script_shown(s->out, path);
		out_char(s->out, '\n');
		(void)fprintf(stderr, "flowq: skipped: %s\n", err->msg);
	}
	return 0;
}

/* ---- answers ---- */

static int
group_sheet(const struct script *s, const struct group *g,
    struct sheet *sheet, struct err *err)
{
	struct print_key keys[PRINT_KEYS_MAX];
	size_t n = group_print_keys(g, keys);
	bool fields = g->kind == GROUP_FIELDS;
	const struct print_stat stat = { .key = keys,
		.by_proto = g->by_proto };
	const struct print_flows flows = { .aggregated = true,
		.keys = fields ? keys : NULL, .n_keys = fields ? n : 0 };

	return sheet_make(sheet, &(struct print_head){
	    .stat = g->kind == GROUP_STAT ? &stat : NULL,
	    .flows = g->kind == GROUP_STAT ? NULL : &flows }, &s->chosen,
	    NULL, err);
}

static int
put_group_answers(struct script *s, size_t i, struct err *err)
{
	const struct group *g = &s->a->q.groups[i];
	char parts[TABLE_MAX], sums[TABLE_MAX];
	struct sheet sheet = { .v = NULL };
	struct sql sql;
	int rc;

	name_table(parts, "parts", i);
	name_table(sums, "sums", i);
	if (group_sheet(s, g, &sheet, err) == -1)
		return -1;
	rc = sql_group_total(&sql, g, sums, parts, err);
	if (rc == 0)
		rc = put_sql(s, "\n", &sql, ";\n", err);
	for (size_t k = 0; k < g->n_orders && rc == 0; k++) {
		rc = sql_sheet(&sql, &sheet, &(struct sql_answer){
		    .table = sums, .group = g, .order = &g->order[k],
		    .limit = s->a->request->limit }, err);
		/* a line between answers, as in CSV */
		if (rc == 0)
			rc = put_sql(s, i + k > 0 ? ".print\n" : "", &sql,
			    ";\n", err);
	}
	sheet_clear(&sheet);
	return rc;
}

static int
put_answers(struct script *s, struct err *err)
{
	const struct request *r = s->a->request;
	int rc = 0;
	struct sql sql;

	for (size_t i = 0; i < s->a->q.n_groups && rc == 0; i++)
		rc = put_group_answers(s, i, err);
	if (rc == -1 || s->a->q.n_groups > 0)
		return rc;
	if (sql_sheet(&sql, &s->sheet, &(struct sql_answer){
	    .table = "rows1", .order = r->has_order ? &r->order : NULL,
	    .first = r->most_flows, .limit = r->limit }, err) == -1)
		return -1;
	return put_sql(s, "\n", &sql, ";\n", err);
}

int
script_print(struct answer *a, struct err *err)
{
	static const struct print_flows list = { .aggregated = false };
	const struct question *q = &a->q;
	struct script s = { .a = a, .out = a->out, .shape = {
		.schema = "shard", .rollup = -1, .scale = q->scale,
		.no_index = q->no_index, .plain = true,
		.has_window = q->has_window, .within = q->within,
		.from_ms = q->from_ms, .to_ms = q->to_ms } };
	int rc = check_format(a->request->format, &s.chosen, err);

	if (rc == 0 && q->n_groups == 0)
		rc = sheet_make(&s.sheet, &(struct print_head){
		    .flows = &list }, &s.chosen, NULL, err);
	if (rc == 0) {
		choose_values(&s);
		script_head(a);
		rc = put_tables(&s, err);
	}
	if (rc == 0)
		rc = put_shards(&s, err);
	if (rc == 0)
		rc = put_answers(&s, err);
	fmt_clear(&s.chosen);
	sheet_clear(&s.sheet);
	return rc;
}
