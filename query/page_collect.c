/*
 * What the page shows, asked of the shards: see page.h.  Tables and totals
 * come from one pass, which roll-ups can serve; conversations need the flows
 * themselves and so are bounded in their number.
 */
#include "query/page.h"

#include <stdlib.h>
#include <string.h>

#include "query/exporters.h"
#include "query/rank.h"
#include "query/service.h"
#include "query/utf8.h"

/* So many flows are read for conversations: ten seconds or so. */
#define PAIR_FLOWS	INT64_C(50000000)

static const char *const stats[PAGE_RANKED] = { [PAGE_PROTO] = "proto/bytes",
	[PAGE_SRCIP] = "srcip/bytes", [PAGE_DSTIP] = "dstip/bytes",
	[PAGE_SRCPORT] = "srcport/bytes", [PAGE_DSTPORT] = "dstport/bytes",
	[PAGE_SRCAS] = "srcas/bytes", [PAGE_DSTAS] = "dstas/bytes",
	[PAGE_INIF] = "inif/bytes", [PAGE_OUTIF] = "outif/bytes",
	[PAGE_SRCGEO] = "srcgeo/bytes", [PAGE_DSTGEO] = "dstgeo/bytes",
	[PAGE_SRCASN] = "srcasn/bytes", [PAGE_DSTASN] = "dstasn/bytes" };

static int
make_groups(struct page *p, struct err *err)
{
	struct group *pairs = &p->groups[PAGE_PAIRS];

	for (int i = 0; i < PAGE_RANKED; i++) {
		if (group_parse_stat(stats[i], NULL, &p->groups[i],
		    err) == -1)
			return -1;
		p->groups[i].geo = p->a->geo;
	}
	if (group_parse_fields("srcip,dstip", pairs, err) == -1 ||
	    order_parse("bytes", 5, true, &pairs->order[0], err) == -1)
		return -1;
	pairs->n_orders = 1;
	return 0;
}

/* ---- tables ---- */

struct keeping {
	struct page		*p;
	struct page_table	*table;
	struct print_key	 keys[PRINT_KEYS_MAX];
	size_t			 n_keys;
	struct timetext		 utc;
};

/* ".." and 0 of a database would say nothing to who never saw them. */
static bool
is_unknown(const struct field *f, const struct row *row)
{
	enum geo_what what = f->kind == FIELD_COUNTRY ? GEO_COUNTRY : GEO_AS;
	uint32_t v;

	return (f->kind == FIELD_COUNTRY || f->kind == FIELD_ASN) &&
	    row_place(row, what, f->column, &v) && v == 0;
}

static const char *
name_of(const struct page *p, const struct field *f, const struct row *row)
{
	const char *name = field_named(f, p->a->names, row);
	enum column c = f->column;

	if (is_unknown(f, row))
		return "not known";
	if (name == NULL && (c == COL_src_port || c == COL_dst_port))
		name = service_name((unsigned)flow_number(&row->flow, c));
	return name;
}

static void
keep_row(void *arg, const struct row *row, const uint8_t *key, size_t len)
{
	struct keeping *k = arg;
	struct page_row *r;

	r = &k->table->v[k->table->n++];
	memcpy(r->raw, key, len);
	r->len = len;
	r->sum = (struct tally_sum){ .flows = row->flows,
		.packets = row_packets(row), .bytes = row_bytes(row),
		.first_ms = row->flow.first_ms, .last_ms = row_last_ms(row) };
	for (size_t i = 0; i < k->n_keys && i < 2; i++) {
		const struct field *f = field_of(k->keys[i].column);
		const char *name = name_of(k->p, f, row);

		r->text[i][field_value(f, &k->utc, row, r->text[i])] = '\0';
		if (name != NULL)
			(void)utf8_clean(name, 1, r->name[i],
			    sizeof(r->name[i]));
	}
}

static int
add_to_rank(void *arg, struct tally *part, struct err *err)
{
	return rank_add(arg, part, err);
}

/* The first rows of group i of the sums. */
static int
keep_table(struct page *p, struct sums *s, size_t i, enum page_stat stat,
    struct err *err)
{
	const struct group *g = &p->groups[stat];
	struct keeping k = { .p = p, .table = &p->tables[stat] };
	/* charts may need more than the tables show */
	size_t limit = p->rows > PAGE_BANDS ? p->rows : PAGE_BANDS;
	struct rank *rank;
	int rc = -1;

	k.n_keys = group_print_keys(g, k.keys);
	timetext_init(&k.utc, true);
	k.table->v = calloc(limit, sizeof(*k.table->v));
	if (k.table->v == NULL)
		return err_set(err, "out of memory");
	rank = rank_new(&(struct rank_options){ .group = g,
	    .order = &g->order[0], .limit = (int64_t)limit,
	    .in_parts = sums_in_parts(s, i), .stop = p->a->q.stop }, err);
	if (rank != NULL && sums_each(s, i, add_to_rank, rank, err) == 0 &&
	    rank_each(rank, keep_row, &k, err) == 0)
		rc = 0;
	rank_free(rank);
	return rc;
}

/* Is there somebody who knows what the table shows? */
static bool
is_known(const struct page *p, enum page_stat stat)
{
	for (enum geo_what w = GEO_COUNTRY; w < GEO_KINDS; w++) {
		if (group_has_place(&p->groups[stat], w) &&
		    !geo_knows(p->a->geo, w))
			return false;
	}
	return true;
}

static int
collect_tables(struct page *p, struct err *err)
{
	struct answer *a = p->a;
	struct question q = a->q;
	struct group groups[PAGE_RANKED];
	enum page_stat stat[PAGE_RANKED];
	struct sums s;
	int rc;

	q.groups = groups;
	q.n_groups = 0;
	for (int i = 0; i < PAGE_RANKED; i++) {
		if (!is_known(p, (enum page_stat)i))
			continue;
		stat[q.n_groups] = (enum page_stat)i;
		groups[q.n_groups++] = p->groups[i];
	}
	/* the page tells what served it */
	a->report.explain = true;
	rc = work_sums(&q, &a->list, &a->work, &s, &a->report, err);
	for (size_t i = 0; i < q.n_groups && rc == 0; i++)
		rc = keep_table(p, &s, i, stat[i], err);
	if (rc == 0)
		p->total = s.feed.total;
	sums_clear(&s);
	report_join(&a->report);
	return rc;
}

static void
find_range(struct page *p)
{
	const struct question *q = &p->a->q;
	bool from = q->has_window && q->from_ms != INT64_MIN;
	bool to = q->has_window && q->to_ms != INT64_MAX;

	p->has_range = (from && to) || p->total.flows > 0;
	p->from_ms = from ? q->from_ms : p->total.first_ms;
	p->to_ms = to ? q->to_ms : p->total.last_ms;
	if (p->from_ms > p->to_ms)
		p->has_range = false;
}

/* The window of the same length before this one. */
static int
collect_before(struct page *p, struct err *err)
{
	struct question q = p->a->q;
	struct report report = { .explain = false };
	struct sums s;
	int rc;

	if (!q.has_window || q.from_ms == INT64_MIN || q.to_ms == INT64_MAX)
		return 0;
	q.to_ms = q.from_ms - 1;
	q.from_ms -= p->to_ms - p->from_ms + 1;
	q.groups = &p->groups[PAGE_PROTO];
	q.n_groups = 1;
	rc = work_sums(&q, &p->a->list, &p->a->work, &s, &report, err);
	if (rc == 0) {
		p->before = s.feed.total;
		p->has_before = p->before.flows > 0;
	}
	sums_clear(&s);
	report_clear(&report);
	return rc;
}

/* ---- conversations ---- */

/*
 * The newest shards that together have about PAIR_FLOWS, of those that were
 * read; the lines of the report are in order of their slots.
 */
static struct shard_list
pair_shards(struct page *p)
{
	const struct report *r = &p->a->report;
	struct shard_list list = p->a->list;
	int64_t each = r->read == 0 ? 0 : r->processed / r->read;
	int64_t n = each == 0 ? 0 : PAIR_FLOWS / each;
	size_t i = r->n;

	if (r->processed <= PAIR_FLOWS)
		return list;
	for (n = n == 0 ? 1 : n; i > 0 && n > 0; i--)
		n -= r->v[i - 1].used;
	if (i == 0)
		return list;
	p->pairs_cut = true;
	p->pairs_from_ms = r->v[i].start_ms;
	while (list.n > 0 && list.v->start_ms < p->pairs_from_ms) {
		list.v++;
		list.n--;
	}
	return list;
}

static int
collect_pairs(struct page *p, struct err *err)
{
	struct question q = p->a->q;
	struct shard_list list = pair_shards(p);
	struct report report = { .explain = false };
	struct sums s;
	int rc;

	q.groups = &p->groups[PAGE_PAIRS];
	q.n_groups = 1;
	rc = work_sums(&q, &list, &p->a->work, &s, &report, err);
	if (rc == 0)
		rc = keep_table(p, &s, 0, PAGE_PAIRS, err);
	if (rc == 0)
		p->pairs_total = s.feed.total;
	sums_clear(&s);
	report_clear(&report);
	return rc;
}

/* ---- exporters ---- */

static void
keep_exporter(void *arg, const struct exporter_sum *e)
{
	struct page *p = arg;
	struct page_exporter *to = &p->exporters[p->n_exporters];

	if (p->n_exporters == PAGE_EXPORTERS_MAX) {
		p->more_exporters++;
		return;
	}
	p->n_exporters++;
	*to = (struct page_exporter){ .address = e->address,
		.version = e->version, .domain = e->domain,
		.packets = e->packets, .flows = e->flows, .lost = e->lost,
		.sampling = e->sampling, .has_sampling = e->has_sampling,
		.loss = e->loss, .last_ms = e->last_ms,
		.has_last = e->has_last };
	if (e->name != NULL)
		(void)utf8_clean(e->name, 1, to->name, sizeof(to->name));
}

static int
collect_exporters(struct page *p, struct err *err)
{
	/* what it reads is not what served the answer */
	struct answer a = *p->a;
	int rc;

	a.report = (struct report){ .explain = false };
	p->exporters = calloc(PAGE_EXPORTERS_MAX + 1, sizeof(*p->exporters));
	if (p->exporters == NULL)
		return err_set(err, "out of memory");
	rc = exporters_each(&a, keep_exporter, p, err);
	report_clear(&a.report);
	return rc;
}

/* ---- all of it ---- */

int
page_collect(struct page *p, struct answer *a, struct err *err)
{
	*p = (struct page){ .a = a, .rows = (size_t)a->request->limit };
	timetext_init(&p->time, a->request->print.utc);
	if (make_groups(p, err) == -1 || collect_tables(p, err) == -1)
		return -1;
	find_range(p);
	if (collect_before(p, err) == -1 || page_bins(p, err) == -1 ||
	    collect_pairs(p, err) == -1)
		return -1;
	return collect_exporters(p, err);
}

void
page_clear(struct page *p)
{
	for (int i = 0; i < PAGE_TABLES; i++)
		free(p->tables[i].v);
	for (int i = 0; i < PAGE_CHARTS; i++)
		series_clear(&p->series[i]);
	free(p->exporters);
	*p = (struct page){ .a = NULL };
}
