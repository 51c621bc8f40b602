/*
 * The course of time for the page: see page.h.  Bins are as long as fits the
 * window.  Short ones are those of --bin, which cuts each flow; an hour and
 * longer they are the shards of that time, whole: by arrival, but roll-ups
 * serve them, so that a year is as easy as a day.
 */
#include "query/page.h"

#include <string.h>

#include "query/open.h"

#define MINUTE		INT64_C(60000)
#define HOUR		(60 * MINUTE)
#define DAY		(24 * HOUR)
#define WEEK		(7 * DAY)
#define MANY		180	/* bins that are still wide enough to see */

/* All divide a day or are --bin's; a day may be narrow, for a year of them. */
static const struct {
	int64_t	span;
	int64_t	most;
} spans[] = {
	{ 1000, MANY }, { 2000, MANY }, { 5000, MANY }, { 10000, MANY },
	{ 15000, MANY }, { 30000, MANY }, { MINUTE, MANY },
	{ 2 * MINUTE, MANY }, { 5 * MINUTE, MANY }, { 10 * MINUTE, MANY },
	{ 15 * MINUTE, MANY }, { 30 * MINUTE, MANY }, { HOUR, MANY },
	{ 2 * HOUR, MANY }, { 4 * HOUR, MANY }, { 12 * HOUR, MANY },
	{ DAY, PAGE_BINS_MAX }, { WEEK, PAGE_BINS_MAX }
};

static int64_t
choose_span(int64_t from_ms, int64_t to_ms)
{
	size_t i = 0, last = sizeof(spans) / sizeof(spans[0]) - 1;

	while (i < last && (to_ms - from_ms) / spans[i].span + 1 >
	    spans[i].most)
		i++;
	return spans[i].span;
}

/* Do slots lie within bins?  The first shard's stands for all. */
static int
slots_fit(const struct page *p, int64_t span, struct err *err)
{
	const struct shard_list *list = &p->a->list;
	struct open_shard s;
	int64_t slot;

	if (span < HOUR || list->n == 0 || p->a->q.within)
		return 0;
	if (shard_open(list->v[0].path, p->a->q.stop, &s, err) == -1)
		return err->code == ERR_STOPPED ? -1 : 0;
	slot = s.meta.slot_end_ms - s.meta.slot_start_ms;
	shard_close(&s);
	return slot > 0 && span % slot == 0;
}

static int
make_one(struct page *p, enum page_stat chart, int64_t span, int64_t from_ms,
    struct err *err)
{
	struct series *s = &p->series[chart];
	const struct page_table *t = &p->tables[chart];
	struct bins bins;

	if (bins_make(&bins, span, p->a->request->print.utc, from_ms,
	    p->to_ms, err) == -1 ||
	    series_init(s, &bins, p->a->q.memory / 8, err) == -1)
		return -1;
	s->group = &p->groups[chart];
	s->spread = !p->by_slot;
	for (size_t i = 0; i < t->n && i < PAGE_KEYS; i++) {
		if (series_add_key(s, t->v[i].raw, t->v[i].len, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- flows cut into bins ---- */

static int
take(void *arg, struct tally *part, struct err *err)
{
	return series_take(arg, part, err);
}

static int
read_flows(struct page *p, struct err *err)
{
	const struct bins *bins = &p->series[0].bins;
	struct report report = { .explain = false };
	struct group groups[PAGE_CHARTS];
	struct question q = p->a->q;
	struct sums s;
	int rc;

	for (int i = 0; i < PAGE_CHARTS; i++) {
		groups[i] = p->groups[i];
		groups[i].series = &p->series[i];
	}
	q.groups = groups;
	q.n_groups = PAGE_CHARTS;
	/* whole bins, as --bin */
	q.has_window = true;
	q.from_ms = bins->start[0];
	q.to_ms = bins->start[bins->n] - 1;
	q.memory /= 2;
	rc = work_sums(&q, &p->a->list, &p->a->work, &s, &report, err);
	for (size_t i = 0; i < PAGE_CHARTS && rc == 0; i++)
		rc = sums_each(&s, i, take, &p->series[i], err);
	sums_clear(&s);
	report_clear(&report);
	return rc;
}

/* ---- shards as they are ---- */

/* What a part of the sums has of the keys. */
struct finding {
	struct series		*s;
	size_t			 bin;
	struct tally_sum	 rest;	/* of the others */
};

static int
find_keys(void *arg, struct tally *part, struct err *err)
{
	struct finding *f = arg;

	for (size_t k = 0; k < f->s->n_keys; k++) {
		struct tally_sum sum;
		size_t len;
		const uint8_t *key = tally_key(f->s->keys, k, &len);

		if (!tally_find(part, key, len, &sum))
			continue;
		f->rest.flows -= sum.flows;
		f->rest.packets -= sum.packets;
		f->rest.bytes -= sum.bytes;
		if (series_add(f->s, f->bin, k, &sum, err) == -1)
			return -1;
	}
	return 0;
}

static int
read_bin(struct page *p, const struct shard_list *list, size_t bin,
    struct err *err)
{
	struct report report = { .explain = false };
	struct question q = p->a->q;
	struct sums s;
	int rc;

	q.groups = p->groups;
	q.n_groups = PAGE_CHARTS;
	rc = work_sums(&q, list, &p->a->work, &s, &report, err);
	for (size_t i = 0; i < PAGE_CHARTS && rc == 0; i++) {
		struct finding f = { &p->series[i], bin, s.feed.total };

		rc = sums_each(&s, i, find_keys, &f, err);
		if (rc == 0)
			rc = series_add(f.s, bin, f.s->n_keys, &f.rest, err);
	}
	sums_clear(&s);
	report_clear(&report);
	return rc;
}

/* Flows that arrived earlier or later than any bin are in the one beside. */
static int
read_shards(struct page *p, struct err *err)
{
	const struct bins *bins = &p->series[0].bins;
	struct shard_list rest = p->a->list;

	for (size_t bin = 0; bin < bins->n; bin++) {
		struct shard_list list = { rest.v, 0 };

		while (list.n < rest.n && (bin + 1 == bins->n ||
		    rest.v[list.n].start_ms < bins->start[bin + 1]))
			list.n++;
		rest.v += list.n;
		rest.n -= list.n;
		if (read_bin(p, &list, bin, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- all of it ---- */

int
page_bins(struct page *p, struct err *err)
{
	int64_t from_ms = p->from_ms, span;
	int fit;

	if (!p->has_range)
		return 0;
	/* what is older than all bins is left out */
	if ((p->to_ms - from_ms) / WEEK + 2 > PAGE_BINS_MAX)
		from_ms = p->to_ms - (PAGE_BINS_MAX - 2) * WEEK;
	span = choose_span(from_ms, p->to_ms);
	fit = slots_fit(p, span, err);
	if (fit == -1)
		return -1;
	p->by_slot = fit == 1;
	for (int i = 0; i < PAGE_CHARTS; i++) {
		if (make_one(p, (enum page_stat)i, span, from_ms, err) == -1)
			return -1;
	}
	p->has_series = true;
	return p->by_slot ? read_shards(p, err) : read_flows(p, err);
}

int64_t
page_rate(const struct page *p, const struct series *s, size_t bin,
    size_t place)
{
	int64_t from = s->bins.start[bin], to = s->bins.start[bin + 1];

	if (p->by_slot) {
		if (from < p->from_ms)
			from = p->from_ms;
		if (to > p->to_ms + 1)
			to = p->to_ms + 1;
	}
	return rate_of(series_at(s, bin, place).bytes, 8000, to - from);
}
