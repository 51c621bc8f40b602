/*
 * JSON: an array of objects, or one object with an array for each of several
 * answers.  ndjson: one object a line; those of statistics begin with the
 * statistic's name.  Keys are the columns of CSV; of a flow, what else it was
 * sent with follows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/foreign.h"
#include "query/names.h"
#include "query/printer.h"
#include "query/sheet.h"

struct json {
	struct print	 p;
	struct sheet	 sheet;
	struct timetext	 time;
	bool		 lines;		/* ndjson */
	uint64_t	 more;		/* columns after the sheet's, if set */
	const struct field *of[COLUMN_COUNT];	/* field_of(), found once */
	char		 stat[SHEET_LABEL_MAX];
	bool		 in_array;
	bool		 has_rows;
	bool		 begun;
	/* keys used so far: none may come twice */
	char		 (*keys)[SHEET_LABEL_MAX];
	size_t		 n_keys;
};

static struct print *
json_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct json *j = calloc(1, sizeof(*j));

	(void)rest;
	(void)offset;
	if (j != NULL && o->n_answers > 1)
		j->keys = calloc(o->n_answers, sizeof(j->keys[0]));
	if (j == NULL || (o->n_answers > 1 && j->keys == NULL)) {
		(void)err_sys(err, "output");
		free(j);
		return NULL;
	}
	j->lines = strcmp(name, "ndjson") == 0;
	timetext_init(&j->time, true);
	for (int c = 0; c < COLUMN_COUNT; c++)
		j->of[c] = field_of(c);
	return &j->p;
}

static void
json_free(struct print *p)
{
	struct json *j = (struct json *)p;

	sheet_clear(&j->sheet);
	free(j->keys);
	free(j);
}

static uint64_t
json_columns(const struct print *p)
{
	uint64_t bits = 0;

	(void)p;
	for (int c = 0; c < COLUMN_COUNT; c++)
		bits |= flow_bit((enum column)c);
	return bits;
}

static void
end_array(struct json *j)
{
	if (j->in_array)
		out_text(j->p.out, "\n]");
	j->in_array = false;
}

/* "srcip"; when that is taken "srcip/bytes", then "srcip/bytes/2", ... */
static const char *
new_key(struct json *j, const char *name, const char *order)
{
	char *key = j->keys[j->n_keys];
	size_t same = 0;

	(void)snprintf(key, SHEET_LABEL_MAX, "%.40s", name);
	for (size_t i = 0; i < j->n_keys; i++) {
		if (strcmp(j->keys[i], key) != 0)
			continue;
		same++;
		if (same == 1)
			(void)snprintf(key, SHEET_LABEL_MAX, "%.40s/%.16s",
			    name, order);
		else
			(void)snprintf(key, SHEET_LABEL_MAX, "%.40s/%.16s/%zu",
			    name, order, same);
		i = SIZE_MAX;	/* from the first again */
	}
	j->n_keys++;
	return key;
}

static void
begin(struct json *j, int rc, const char *name, const char *order)
{
	struct out *o = j->p.out;

	if (rc == -1) {
		o->error = ENOMEM;
		return;
	}
	if (j->lines)
		return;
	end_array(j);
	if (j->n_keys < j->p.o.n_answers && j->keys != NULL) {
		out_text(o, j->n_keys == 0 ? "{\n" : ",\n");
		foreign_json(o, new_key(j, name, order));
		out_text(o, ": ");
	}
	out_char(o, '[');
	j->in_array = true;
	j->begun = true;
	j->has_rows = false;
}

static void
json_flows(struct print *p, const struct print_flows *head)
{
	struct json *j = (struct json *)p;
	int rc = sheet_flows(&j->sheet, head, p->o.names);

	j->stat[0] = '\0';
	j->more = 0;
	if (!head->aggregated && head->keys == NULL) {
		j->more = UINT64_MAX;
		for (size_t i = 0; i < j->sheet.n; i++)
			j->more &= ~field_columns(j->sheet.v[i].field);
	}
	begin(j, rc, "record", head->order == NULL ? "" : head->order);
}

static void
json_stat(struct print *p, const struct print_stat *head)
{
	struct json *j = (struct json *)p;
	int rc = sheet_stat(&j->sheet, head, p->o.names);

	(void)snprintf(j->stat, sizeof(j->stat), "%s", head->key->name);
	j->more = 0;
	begin(j, rc, head->key->name, head->order);
}

static void
json_series(struct print *p, const struct print_series *head)
{
	struct json *j = (struct json *)p;

	j->stat[0] = '\0';
	j->more = 0;
	begin(j, sheet_series(&j->sheet, head, p->o.names), "", "");
}

/* A value that needs no escaping, or a number; none: text for no value. */
static void
put_value(struct json *j, const struct field *f, const char *none,
    const struct row *r)
{
	char *at = out_room(j->p.out, FIELD_VALUE_MAX + 2);
	bool number = field_is_number(f);
	size_t n = field_value(f, &j->time, r, number ? at : at + 1);

	if (n == 0 && none != NULL) {
		foreign_json(j->p.out, none);
	} else if (n == 0) {
		memcpy(at, "null", 4);
		out_used(j->p.out, 4);
	} else if (number)
		out_used(j->p.out, n);
	else {
		at[0] = '"';
		at[n + 1] = '"';
		out_used(j->p.out, n + 2);
	}
}

static void
put_key(struct out *o, const char *key, bool first)
{
	char *at = out_room(o, SHEET_LABEL_MAX + 4);
	size_t len = strlen(key), n = 0;

	if (!first)
		at[n++] = ',';
	at[n++] = '"';
	memcpy(at + n, key, len);
	n += len;
	at[n++] = '"';
	at[n++] = ':';
	out_used(o, n);
}

static void
put_name(struct json *j, const struct field *f, const struct row *r)
{
	const char *name = field_named(f, j->p.o.names, r);

	if (name == NULL)
		out_text(j->p.out, "null");
	else
		foreign_json(j->p.out, name);
}

static void
put_more(struct json *j, const struct row *r)
{
	uint64_t left = j->more & r->flow.set;

	for (int c = 0; left != 0 && c < COLUMN_COUNT; c++, left >>= 1) {
		if ((left & 1) == 0)
			continue;
		put_key(j->p.out, field_name(j->of[c]), false);
		put_value(j, j->of[c], NULL, r);
	}
}

static void
json_row(struct print *p, const struct row *r)
{
	struct json *j = (struct json *)p;
	struct out *o = p->out;
	bool first = true;

	if (!j->lines)
		out_text(o, j->has_rows ? ",\n" : "\n");
	j->has_rows = true;
	out_char(o, '{');
	if (j->lines && j->stat[0] != '\0') {
		put_key(o, "stat", true);
		foreign_json(o, j->stat);
		first = false;
	}
	for (size_t i = 0; i < j->sheet.n; i++) {
		const struct sheet_column *col = &j->sheet.v[i];

		put_key(o, col->label, first);
		if (col->named)
			put_name(j, col->field, r);
		else
			put_value(j, col->field, col->none, r);
		first = false;
	}
	put_more(j, r);
	out_char(o, '}');
	if (j->lines)
		out_char(o, '\n');
}

static void
json_done(struct print *p, const struct print_summary *s)
{
	struct json *j = (struct json *)p;

	(void)s;
	if (j->lines)
		return;
	if (!j->begun)
		out_text(p->out, "[]");
	end_array(j);
	out_text(p->out, j->n_keys > 0 ? "\n}\n" : "\n");
}

const struct printer_ops printer_json = { json_open, json_free, json_columns,
	json_flows, json_stat, json_series, json_row, json_done, NULL };
