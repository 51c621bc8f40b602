/*
 * --sql with --backend: the statements that an answer is made from, for
 * clickhouse-client.  flowq adds up what they give, puts it in order and
 * prints it.
 */
#include <stdlib.h>
#include <string.h>

#include "query/answer.h"
#include "query/ch_backend.h"
#include "query/list_row.h"
#include "query/script_head.h"

static void
put(struct out *out, const char *sql)
{
	out_char(out, '\n');
	out_text(out, sql);
	out_text(out, ";\n");
}

struct putting {
	struct answer		*a;
	const struct ch_shape	*shape;
};

static int
put_part(void *arg, const struct ch_part *part, struct err *err)
{
	struct putting *p = arg;
	struct ch_sums how;
	char *sql = ch_sql_sums(&how, part, p->a->q.filter, p->shape, err);

	if (sql == NULL)
		return -1;
	put(p->a->out, sql);
	free(sql);
	return 0;
}

static int
put_sums(struct answer *a, const struct ch_shape *shape, struct err *err)
{
	struct putting p = { a, shape };
	int64_t most = a->having == NULL ? a->request->limit : 0;

	for (size_t i = 0; i < a->q.n_groups; i++) {
		if (ch_each_part(&a->q, &a->q.groups[i], shape, most, put_part,
		    &p, err) == -1)
			return -1;
	}
	return 0;
}

/* Never told of a row. */
static bool
no_row(void *arg, const struct row *row)
{
	(void)arg;
	(void)row;
	return false;
}

static int
put_list(struct answer *a, const struct ch_shape *shape, struct err *err)
{
	const struct request *r = a->request;
	struct list_options o = { .columns = ~UINT64_C(0) >>
	    (64 - COLUMN_COUNT), .limit = r->limit, .visit = no_row,
		.order = r->has_order ? &r->order : NULL };
	struct ch_field fields[CH_FIELDS_MAX];
	struct tally_sum total;
	struct report report = { .explain = false };
	struct lister l;
	bool order;
	char *sql = NULL;
	int rc = list_open(&l, &a->q, &o, true, &total, &report, err);

	if (rc == 0) {
		order = list_sql_orders(&l);
		sql = ch_sql_list(fields, l.values, l.n_values, a->q.filter,
		    shape, order ? list_sql_order(o.order) : SQL_ORDER_NONE,
		    order && r->order.ascending, list_wanted(&l), err);
		rc = sql == NULL ? -1 : 0;
	}
	if (rc == 0)
		put(a->out, sql);
	free(sql);
	list_close(&l);
	return rc;
}

int
ch_script(struct backend *base, struct answer *a, struct err *err)
{
	const struct ch_backend *b = (const struct ch_backend *)(void *)base;
	struct ch_shape shape;

	(void)ch_shape(b, &a->q, NULL, &shape);
	out_text(a->out, "-- What flowq " FLOWDB_VERSION " asks the server "
	    "for; it adds up, sorts and prints what it gets.\n"
	    "-- Filter: ");
	script_shown(a->out, filter_is_any(a->q.filter) ? "any" :
	    a->request->filter_file != NULL ? a->request->filter_file :
	    a->request->filter);
	out_char(a->out, '\n');
	return a->q.n_groups > 0 ? put_sums(a, &shape, err) :
	    put_list(a, &shape, err);
}
