/*
 * Sums from a cluster: a statement for each side of each group, whose rows are
 * partial sums of one key and go where those of the shards do.
 */
#include <stdlib.h>
#include <string.h>

#include "query/ch_backend.h"

__extension__ typedef __int128 wide;

struct summing {
	struct sums		*sums;
	size_t			 group;
	unsigned		 side;
	bool			 total;		/* it has every flow */
	bool			 only_total;	/* and nothing else */
	struct report		*report;
	int64_t			 rows;		/* that came */
	struct ch_sums		 how;
};

static void
set_key(struct summing *s, const struct ch_value *v, int key, int64_t mapped)
{
	struct datum *d = &s->sums->feed.data[key];

	*d = (struct datum){ .kind = DATUM_NULL };
	if (v->null)
		return;
	if (key != STAT_EXPORTER &&
	    column_info((enum column)key)->type != CT_ADDR) {
		d->kind = DATUM_NUMBER;
		d->number = v->number;
		return;
	}
	d->kind = DATUM_ADDR;
	d->len = ch_is_ip4(v, key, mapped) ? 4 : 16;
	d->addr = v->bytes + 16 - d->len;
}

/* The next of a row's counters. */
static int64_t
take_sum(const struct summing *s, const struct ch_value **v)
{
	wide sum = (*v)++->number;

	if (s->how.halves)
		sum = (sum << 32) + (*v)++->number;
	return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

/*
 * A flow that lies in several cells, n times the same: rounding goes by the
 * flow, so that its parts add up.
 */
static int
add_flows(struct summing *s, const struct tally_sum *flow, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		if (feed_add_sums(&s->sums->feed, s->group, s->side,
		    flow) == -1)
			return -1;
	}
	return 0;
}

static int
take_row(void *arg, const struct ch_value *row, struct err *err)
{
	struct summing *s = arg;
	const struct ch_value *v = row + s->how.n_keys, *cell = NULL;
	struct feed *f = &s->sums->feed;
	int64_t mapped = s->how.mapped ? v++->number : 0;
	struct tally_sum sum = { .flows = 0 }, part;
	int rc;

	s->rows++;
	for (size_t i = 0; i < s->how.n_keys; i++)
		set_key(s, &row[i], s->how.keys[i], mapped);
	if (s->how.series) {
		cell = v;
		v += 5;
	}
	sum.flows = v++->number;
	sum.packets = take_sum(s, &v);
	sum.bytes = take_sum(s, &v);
	sum.first_ms = v++->number;
	sum.last_ms = v++->number;
	if (s->how.flags)
		sum.tcp_flags = (uint8_t)v->number;
	if (s->total)
		tally_add(&f->total, &sum);
	part = sum;
	if (cell != NULL) {
		part.first_ms = cell[1].number;
		part.last_ms = cell[2].number;
	}
	if (cell != NULL && cell[0].number == 0) {
		part.flows = 1;
		part.packets = cell[3].number;
		part.bytes = cell[4].number;
		rc = add_flows(s, &part, sum.flows);
	} else {
		rc = feed_add_sums(f, s->group, s->side, &part);
	}
	if (rc == -1)
		*err = f->err;
	return rc;
}

static int
take_total(void *arg, const struct ch_value *row, struct err *err)
{
	struct summing *s = arg;
	const struct ch_value *v = row;
	struct tally_sum sum = { .flows = v++->number };

	(void)err;
	sum.packets = take_sum(s, &v);
	sum.bytes = take_sum(s, &v);
	sum.first_ms = v++->number;
	sum.last_ms = v->number;
	/* of no flows there is a row of zeros */
	if (sum.flows > 0)
		tally_add(&s->sums->feed.total, &sum);
	return 0;
}

static int
ask_part(const struct ch_backend *b, const struct question *q,
    const struct ch_shape *shape, struct summing *s,
    const struct ch_part *part, struct err *err)
{
	struct feed *f = &s->sums->feed;
	char *sql = ch_sql_sums(&s->how, part, q->filter, shape, err);
	double began = report_clock();
	int rc;

	if (sql == NULL)
		return -1;
	/* what is not asked was not sent */
	for (unsigned c = 0; c <= COLUMN_COUNT; c++)
		f->data[c] = (struct datum){ .kind = DATUM_NULL };
	rc = ch_client_ask(b->client, sql, s->how.fields, s->how.n_fields,
	    s->only_total ? take_total : take_row, s, err);
	free(sql);
	ch_explain(s->report, b, shape, part, s->only_total ? "total" :
	    part->most > 0 ? "first sums" : "sums", s->rows, began);
	return rc;
}

/* What the statements of a group are for. */
struct asking {
	const struct ch_backend	*b;
	const struct question	*q;
	const struct ch_shape	*shape;
	struct sums		*out;
	struct report		*report;
	size_t			 group;
	bool			 total;		/* is known */
};

/* The first part is asked for every flow, if it is to tell of them all. */
static int
ask_sums(void *arg, const struct ch_part *of, struct err *err)
{
	struct asking *a = arg;
	struct ch_part part = *of;
	struct summing s = { .sums = a->out, .group = a->group,
		.side = part.side < 0 ? 0 : (unsigned)part.side,
		.total = !a->total && part.most == 0 && part.side <= 0 &&
		    part.roll == NULL && !part.cut, .report = a->report };

	part.nulls = s.total;
	a->total = a->total || s.total;
	return ask_part(a->b, a->q, a->shape, &s, &part, err);
}

static int
ask_total(void *arg, const struct ch_part *part, struct err *err)
{
	struct asking *a = arg;
	struct summing s = { .sums = a->out, .only_total = true,
		.report = a->report };

	return ask_part(a->b, a->q, a->shape, &s, part, err);
}

static int
ask_all(const struct ch_backend *b, const struct question *q,
    const struct ch_shape *shape, struct sums *out, struct report *report,
    struct err *err)
{
	static const struct group all = { .kind = GROUP_FIELDS };
	struct asking a = { .b = b, .q = q, .shape = shape, .out = out,
		.report = report };
	int64_t most = b->local->n == 0 ? q->most_rows : 0;

	for (a.group = 0; a.group < q->n_groups; a.group++) {
		if (ch_each_part(q, &q->groups[a.group], shape, most, ask_sums,
		    &a, err) == -1)
			return -1;
	}
	/* no part had every flow */
	return a.total ? 0 : ch_each_part(q, &all, shape, 0, ask_total, &a,
	    err);
}

static int
take_count(void *arg, const struct ch_value *row, struct err *err)
{
	(void)err;
	*(int64_t *)arg = row[0].number;
	return 0;
}

/* -c: what shards here are read for, those there coming first. */
static int
flows_left(const struct ch_backend *b, const struct question *q,
    const struct ch_shape *shape, int64_t *left, struct err *err)
{
	static const struct ch_field field = { CH_64, false };
	char *sql = ch_sql_count(q->filter, shape, err);
	int64_t there = 0;
	int rc;

	if (sql == NULL)
		return -1;
	rc = ch_client_ask(b->client, sql, &field, 1, take_count, &there,
	    err);
	free(sql);
	*left = there >= q->most_flows ? 0 : q->most_flows - there;
	return rc;
}

int
ch_sums(struct backend *base, const struct question *q,
    const struct work_options *o, struct sums *out, struct report *report,
    struct err *err)
{
	struct ch_backend *b = (struct ch_backend *)(void *)base;
	static const struct shard_list none;
	const struct shard_list *local = b->local;
	struct question here = *q;
	struct ch_shape shape;
	size_t n = ch_shape(b, q, report, &shape);
	int rc = 0;

	*out = (struct sums){ .spill = NULL };
	out->feed.q = q;
	if (filter_counts(q->filter) && local->n > 0)
		return err_set(err, "the filter counts flows, which cannot be "
		    "done over --backend and shards together");
	if (q->most_flows > 0 && local->n > 0 && n > 0) {
		rc = flows_left(b, q, &shape, &here.most_flows, err);
		if (here.most_flows == 0)
			local = &none;
	}
	if (local->n == 0)
		here.workers = 1;
	/* the first of a part need not be the first of all */
	if (n > 0)
		here.most_rows = 0;
	if (rc == 0)
		rc = work_sums(&here, local, o, out, report, err);
	out->feed.q = q;
	if (rc == 0 && n > 0)
		rc = ask_all(b, q, &shape, out, report, err);
	return rc == -1 ? -1 : sums_finish(out, err);
}
