/*
 * Flows from a cluster, one by one.  Without an order they come in that of
 * storage, which a server can only give by sorting: so it is asked for some
 * shards at a time.  Shards of this machine are read where their slot stands
 * among the others.
 */
#include <stdlib.h>
#include <string.h>

#include "query/ch_backend.h"
#include "query/list_row.h"

#define BATCH_FLOWS	1000000		/* that a server sorts at once */
#define NAME_MAX_LEN	256

static int
take_row(void *arg, const struct ch_value *row, struct err *err)
{
	struct lister *l = arg;
	int64_t mapped = row[l->n_values].number;
	struct list_cells cells = { .name = NULL };
	char name[NAME_MAX_LEN];

	for (size_t i = 0; i < l->n_values; i++) {
		int value = l->values[i], column = value ==
		    SQL_VALUE_EXPORTER_ADDR ? STAT_EXPORTER : value;
		struct datum *d = &cells.v[i];

		*d = (struct datum){ .kind = DATUM_NULL };
		if (row[i].null)
			continue;
		if (value == SQL_VALUE_EXPORTER_NAME) {
			size_t n = row[i].len < sizeof(name) ? row[i].len :
			    sizeof(name) - 1;

			memcpy(name, row[i].bytes, n);
			name[n] = '\0';
			cells.name = name;
		} else if (column == STAT_EXPORTER || (value < COLUMN_COUNT &&
		    column_info((enum column)value)->type == CT_ADDR)) {
			d->kind = DATUM_ADDR;
			d->len = ch_is_ip4(&row[i], column, mapped) ? 4 : 16;
			d->addr = row[i].bytes + 16 - d->len;
		} else {
			d->kind = DATUM_NUMBER;
			d->number = row[i].number;
		}
	}
	if (list_row(l, &cells, err) == -1)
		return -1;
	return l->enough ? 1 : 0;
}

/* Shards with these numbers. */
static int
ask(struct lister *l, const struct ch_backend *b, struct ch_shape *shape,
    struct err *err)
{
	struct ch_field fields[CH_FIELDS_MAX];
	bool order = list_sql_orders(l);
	double began = report_clock();
	char *sql = ch_sql_list(fields, l->values, l->n_values, l->q->filter,
	    shape, order ? list_sql_order(l->o->order) : SQL_ORDER_NONE,
	    order && l->o->order->ascending, list_wanted(l), err);
	int rc;

	if (sql == NULL)
		return -1;
	rc = ch_client_ask(b->client, sql, fields, l->n_values + 1, take_row,
	    l, err);
	free(sql);
	ch_explain(l->report, b, shape, NULL, "flows", REPORT_UNKNOWN, began);
	return rc;
}

/*
 * The next shards from i on that are asked for together, those of a slot
 * never apart, none behind last.  Returns the one behind them.
 */
static size_t
next_batch(const struct lister *l, const struct ch_backend *b, size_t i,
    int64_t last, struct ch_shape *shape)
{
	const struct ch_shards *s = &b->shards;
	bool sorted = list_sql_orders(l) && list_wanted(l) >= 0;
	int64_t flows = 0;
	size_t n = 0;

	while (i < s->n && s->v[i].number <= last && (sorted ||
	    flows < BATCH_FLOWS || s->v[i].number == s->v[i - 1].number)) {
		if (ch_shard_wanted(&s->v[i], l->q)) {
			shape->shard_from = n++ == 0 ? s->v[i].number :
			    shape->shard_from;
			shape->shard_to = s->v[i].number;
			flows += s->v[i].flows;
		}
		i++;
	}
	shape->has_shards = n > 0;
	return i;
}

static int
read_all(struct lister *l, const struct ch_backend *b,
    struct ch_shape *shape, struct err *err)
{
	size_t i = 0, k = 0;

	while (!list_enough(l) && (i < b->shards.n || k < b->local->n)) {
		int64_t last = k < b->local->n ?
		    b->local->v[k].start_ms / 1000 : UINT32_MAX;

		if (i < b->shards.n && b->shards.v[i].number <= last) {
			i = next_batch(l, b, i, last, shape);
			if (shape->has_shards && ask(l, b, shape, err) == -1)
				return -1;
			continue;
		}
		if (list_shards(l, &(struct shard_list){ &b->local->v[k], 1 },
		    err) == -1)
			return -1;
		k++;
	}
	return 0;
}

int
ch_list(struct backend *base, const struct question *q,
    const struct list_options *o, struct tally_sum *total,
    struct report *report, struct err *err)
{
	struct ch_backend *b = (struct ch_backend *)(void *)base;
	struct ch_shape shape;
	struct lister l;
	int rc = list_open(&l, q, o, true, total, report, err);

	(void)ch_shape(b, q, report, &shape);
	if (rc == 0 && filter_counts(q->filter) && b->local->n > 0)
		rc = err_set(err, "the filter counts flows, which cannot be "
		    "done over --backend and shards together");
	if (rc == 0)
		rc = read_all(&l, b, &shape, err);
	if (rc == 0)
		rc = list_finish(&l, err);
	list_close(&l);
	return rc;
}
