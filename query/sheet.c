/* The columns of CSV and JSON: see sheet.h. */
#include "query/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/stats.h"

/* By tag, so that no column's name stands here. */
static const char flow_fields[] = "%ts %te %tsr %td %pr %sa %sp %da %dp %flg "
    "%tos %pkt %byt %in %out %sas %das %nh %smk %dmk %ra";
static const char bidir_fields[] = "%ts %te %tsr %td %pr %sa %sp %da %dp %flg "
    "%tos %pkt %byt %opkt %obyt %in %out %sas %das %nh %smk %dmk %ra";
static const char sum_begin[] = "%ts %te %td";
static const char sum_end[] = "%fl %pkt %byt %pps %bps %bpp";
static const char series_end[] = "%fl %pkt %byt %bps";
static const char bidir_end[] = "%fl %pkt %byt %opkt %obyt %pps %bps %bpp";

void
sheet_clear(struct sheet *s)
{
	free(s->v);
	*s = (struct sheet){ .v = NULL };
}

static struct sheet_column *
grow(struct sheet *s)
{
	if (s->n == s->room) {
		size_t room = s->room == 0 ? 32 : s->room * 2;
		struct sheet_column *v = realloc(s->v, room * sizeof(v[0]));

		if (v == NULL)
			return NULL;
		s->v = v;
		s->room = room;
	}
	return &s->v[s->n++];
}

/* label NULL: the field's own. */
static int
add(struct sheet *s, const struct field *f, const char *label,
    const struct names *names)
{
	struct sheet_column *c = grow(s);

	if (c == NULL)
		return -1;
	if (label == NULL)
		label = field_name(f);
	c->field = f;
	c->named = false;
	c->none = NULL;
	(void)snprintf(c->label, sizeof(c->label), "%s", label);
	if (!field_is_named(f, names))
		return 0;
	c = grow(s);
	if (c == NULL)
		return -1;
	c->field = f;
	c->named = true;
	c->none = NULL;
	(void)snprintf(c->label, sizeof(c->label), "%.70s_name", label);
	return 0;
}

static int
add_list(struct sheet *s, const char *list, const struct names *names)
{
	struct fmt f = { .items = NULL };
	int rc = fmt_add_list(&f, list, 0, NULL);

	for (size_t i = 0; rc == 0 && i < f.n; i++)
		rc = add(s, f.items[i].field, NULL, names);
	fmt_clear(&f);
	return rc;
}

static int
add_key(struct sheet *s, const struct print_key *key,
    const struct names *names)
{
	return add(s, field_of(key->column), key->name, names);
}

int
sheet_flows(struct sheet *s, const struct print_flows *head,
    const struct names *names)
{
	int rc;

	s->n = 0;
	if (head->keys == NULL) {
		rc = add_list(s, head->bidir ? bidir_fields : flow_fields,
		    names);
		if (rc == 0 && head->aggregated)
			rc = add_list(s, "%fl", names);
		return rc;
	}
	rc = add_list(s, sum_begin, names);
	for (size_t i = 0; rc == 0 && i < head->n_keys; i++)
		rc = add_key(s, &head->keys[i], names);
	if (rc == 0)
		rc = add_list(s, head->bidir ? bidir_end : sum_end, names);
	return rc;
}

int
sheet_stat(struct sheet *s, const struct print_stat *head,
    const struct names *names)
{
	int rc;

	s->n = 0;
	rc = add_list(s, sum_begin, names);
	if (rc == 0 && head->by_proto && head->key->column != COL_proto)
		rc = add_list(s, "%pr", names);
	if (rc == 0)
		rc = add_key(s, head->key, names);
	return rc == 0 ? add_list(s, sum_end, names) : rc;
}

int
sheet_series(struct sheet *s, const struct print_series *head,
    const struct names *names)
{
	size_t key;
	int rc;

	s->n = 0;
	rc = add(s, field_find("ts", 2), "bin_start_utc", NULL);
	if (rc == 0)
		rc = add(s, field_find("tds", 3), "bin_sec", NULL);
	if (rc == 0 && head->by_proto && head->key->column != COL_proto)
		rc = add_list(s, "%pr", names);
	key = s->n;
	if (rc == 0 && head->key != NULL) {
		rc = add_key(s, head->key, names);
		if (rc == 0)
			s->v[key].none = SHEET_OTHER;
	}
	return rc == 0 ? add_list(s, series_end, names) : rc;
}

/* ---- columns by choice ---- */

static int
no_memory(struct err *err)
{
	return err_set(err, "out of memory");
}

/* A word for a key, where there is none. */
static int
no_key(const struct fmt_item *item, struct err *err)
{
	const struct stat_info *stat = stat_find(item->text, item->len);

	if (stat != NULL && stat->n_sides == 1)
		return err_at(err, item->at, item->len, "\"%s\" is a column "
		    "of sums (-s, -A); of a flow it is %s", stat->name,
		    field_name(field_of(stat->side[0])));
	return err_at(err, item->at, item->len, "\"%.*s\" is a column of "
	    "sums (-s, -A, --bin), not of flows", (int)item->len, item->text);
}

static int
choose_fields(struct sheet *s, const struct fmt *chosen,
    const struct names *names, struct err *err)
{
	s->n = 0;
	for (size_t i = 0; i < chosen->n; i++) {
		if (chosen->items[i].field == NULL)
			return no_key(&chosen->items[i], err);
		if (add(s, chosen->items[i].field, NULL, names) == -1)
			return no_memory(err);
	}
	return 0;
}

static int
no_column(const struct sheet *s, const struct fmt_item *item,
    struct err *err)
{
	char list[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < sizeof(list); i++) {
		if (!s->v[i].named)
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "%s%s", i > 0 ? ", " : "", s->v[i].label);
	}
	return err_at(err, item->at, item->len, "this answer has no \"%.*s\", "
	    "expected of: %s", (int)item->len, item->text, list);
}

static const struct sheet_column *
find_column(const struct sheet *s, const struct fmt_item *item)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sheet_column *c = &s->v[i];

		if (!c->named && ((item->field != NULL &&
		    c->field == item->field) ||
		    (strlen(c->label) == item->len &&
		    strncasecmp(c->label, item->text, item->len) == 0)))
			return c;
	}
	return NULL;
}

/* The columns of all that chosen names. */
static int
choose_columns(struct sheet *s, const struct sheet *all,
    const struct fmt *chosen, const struct names *names, struct err *err)
{
	s->n = 0;
	for (size_t i = 0; i < chosen->n; i++) {
		const struct fmt_item *item = &chosen->items[i];
		const struct sheet_column *c = find_column(all, item);
		size_t at = s->n;

		/* the times of every sum in milliseconds */
		if (c == NULL && (item->field == NULL ||
		    (item->field->kind != FIELD_FIRST_RAW &&
		    item->field->kind != FIELD_LAST_RAW)))
			return no_column(all, item, err);
		if (add(s, c == NULL ? item->field : c->field,
		    c == NULL ? NULL : c->label, names) == -1)
			return no_memory(err);
		if (c != NULL)
			s->v[at].none = c->none;
	}
	return 0;
}

static int
make_all(struct sheet *s, const struct print_head *head,
    const struct names *names)
{
	if (head->stat != NULL)
		return sheet_stat(s, head->stat, names);
	return head->series != NULL ? sheet_series(s, head->series, names) :
	    sheet_flows(s, head->flows, names);
}

int
sheet_make(struct sheet *s, const struct print_head *head,
    const struct fmt *chosen, const struct names *names, struct err *err)
{
	struct sheet all = { .v = NULL };
	int rc;

	if (chosen->n == 0)
		return make_all(s, head, names) == -1 ? no_memory(err) : 0;
	if (head->stat == NULL && head->series == NULL &&
	    head->flows->keys == NULL)
		return choose_fields(s, chosen, names, err);
	rc = make_all(&all, head, NULL) == -1 ? no_memory(err) :
	    choose_columns(s, &all, chosen, names, err);
	sheet_clear(&all);
	return rc;
}

uint64_t
sheet_columns(const struct sheet *s)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < s->n; i++) {
		bits |= field_columns(s->v[i].field);
		if (s->v[i].named)
			bits |= field_name_columns(s->v[i].field);
	}
	return bits;
}
