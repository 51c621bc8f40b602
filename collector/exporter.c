/* Who sends: see exporter.h. */
#include "collector/exporter.h"

#include <stdlib.h>
#include <string.h>

#include "collector/derive.h"

/*
 * The addresses come from outside, so the table's order must not be theirs
 * to choose: the seed differs from process to process.
 */
static size_t
hash(const struct exporter_table *t, const struct addr *a, uint16_t version,
    uint32_t domain)
{
	uint64_t h = t->seed ^ ((uint64_t)domain << 16 | version);
	uint64_t part;

	for (size_t i = 0; i < a->len; i += sizeof(part)) {
		part = 0;
		memcpy(&part, a->bytes + i, a->len - i < sizeof(part) ?
		    a->len - i : sizeof(part));
		h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (size_t)(h >> 32) & (t->n_buckets - 1);
}

static size_t
buckets_for(uint32_t max)
{
	size_t n = 16;

	while (n < max)
		n *= 2;
	return n;
}

int
exporter_table_init(struct exporter_table *t, uint32_t max)
{
	memset(t, 0, sizeof(*t));
	TAILQ_INIT(&t->recent);
	t->max = max;
	t->n_buckets = buckets_for(max);
	t->bucket = calloc(t->n_buckets, sizeof(t->bucket[0]));
	t->seed = (uint64_t)(uintptr_t)t->bucket *
	    UINT64_C(0x9e3779b97f4a7c15);
	t->reporting = calloc(EXPORTER_GROUPS, sizeof(t->reporting[0]));
	if (t->bucket == NULL || t->reporting == NULL)
		return -1;
	for (size_t i = 0; i < EXPORTER_GROUPS; i++)
		TAILQ_INIT(&t->reporting[i]);
	return 0;
}

void
exporter_table_clear(struct exporter_table *t)
{
	free(t->bucket);
	free(t->reporting);
}

size_t
exporter_table_memory(uint32_t max)
{
	return buckets_for(max) * sizeof(struct exporter *) +
	    EXPORTER_GROUPS * sizeof(struct exporter_list) +
	    max * (sizeof(struct exporter) + ALLOC_OVERHEAD);
}

static int
is_it(const struct exporter *e, const struct addr *a, uint16_t version,
    uint32_t domain)
{
	return e->total.domain == domain && e->total.version == version &&
	    e->total.address.len == a->len &&
	    memcmp(e->total.address.bytes, a->bytes, a->len) == 0;
}

struct exporter *
exporter_find(const struct exporter_table *t, const struct addr *a,
    uint16_t version, uint32_t domain)
{
	struct exporter *e = t->bucket[hash(t, a, version, domain)];

	while (e != NULL && !is_it(e, a, version, domain))
		e = e->next;
	return e;
}

struct exporter *
exporter_idle(const struct exporter_table *t, int64_t now_ms)
{
	struct exporter *e = TAILQ_LAST(&t->recent, exporter_list);

	if (e == NULL || e->to_report ||
	    now_ms - e->heard_ms < EXPORTER_IDLE_MS)
		return NULL;
	return e;
}

struct exporter *
exporter_most_templates(const struct exporter_table *t)
{
	struct exporter *e, *most = TAILQ_FIRST(&t->recent);

	TAILQ_FOREACH(e, &t->recent, recent) {
		if (e->templates.memory > most->templates.memory)
			most = e;
	}
	return most;
}

struct exporter *
exporter_add(struct exporter_table *t, const struct addr *a, uint16_t version,
    uint32_t domain)
{
	struct exporter **bucket = &t->bucket[hash(t, a, version, domain)];
	struct exporter *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->total.id = ++t->last_id;
	e->total.address = *a;
	e->total.version = version;
	e->total.domain = domain;
	template_table_init(&e->templates);
	held_init(&e->held);
	e->next = *bucket;
	*bucket = e;
	TAILQ_INSERT_HEAD(&t->recent, e, recent);
	t->n++;
	return e;
}

void
exporter_remove(struct exporter_table *t, struct exporter *e)
{
	struct exporter **link = &t->bucket[hash(t, &e->total.address,
	    e->total.version, e->total.domain)];

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	TAILQ_REMOVE(&t->recent, e, recent);
	if (e->to_report)
		TAILQ_REMOVE(&t->reporting[e->total.group], e, reporting);
	t->n--;
	template_table_clear(&e->templates);
	free(e);
}

void
exporter_to_report(struct exporter_table *t, struct exporter *e,
    int64_t arrival_ms)
{
	if (e->to_report)
		return;
	TAILQ_INSERT_TAIL(&t->reporting[e->total.group], e, reporting);
	e->to_report = true;
	e->report_first_ms = arrival_ms;
}

static void
set_group(struct exporter_table *t, struct exporter *e, uint32_t group)
{
	if (e->to_report) {
		TAILQ_REMOVE(&t->reporting[e->total.group], e, reporting);
		TAILQ_INSERT_TAIL(&t->reporting[group], e, reporting);
	}
	e->total.group = group;
}

void
exporter_heard(struct exporter_table *t, struct exporter *e, uint32_t group,
    int64_t arrival_ms)
{
	if (e->total.group != group)
		set_group(t, e, group);
	if (TAILQ_FIRST(&t->recent) != e) {
		TAILQ_REMOVE(&t->recent, e, recent);
		TAILQ_INSERT_HEAD(&t->recent, e, recent);
	}
	exporter_to_report(t, e, arrival_ms);
	if (e->total.packets++ == 0)
		e->total.first_ms = arrival_ms;
	e->total.last_ms = arrival_ms;
	e->heard_ms = arrival_ms;
}

void
exporter_set_rate(struct exporter *e, uint32_t default_rate)
{
	if (e->rate_forced)
		e->rate = e->rate_set;
	else if (e->rate_told != 0)
		e->rate = e->rate_told;
	else if (e->rate_header != 0)
		e->rate = e->rate_header;
	else if (e->rate_set != 0)
		e->rate = e->rate_set;
	else
		e->rate = default_rate;
	e->total.sampling = e->rate;
}

static void
set_sampler(struct exporter *e, uint64_t id, uint32_t rate)
{
	unsigned i = 0;

	while (i < e->n_samplers && e->sampler[i].id != id)
		i++;
	if (i == EXPORTER_SAMPLERS) {
		i = e->next_sampler;
		e->next_sampler = (uint8_t)((i + 1) % EXPORTER_SAMPLERS);
	} else if (i == e->n_samplers)
		e->n_samplers++;
	e->sampler[i].id = id;
	e->sampler[i].rate = rate;
}

void
exporter_options(struct exporter *e, const struct slots *s,
    uint32_t default_rate)
{
	uint32_t rate = derive_told_rate(s);

	if (s->sent & SLOT_BIT(SLOT_INIT_MS) &&
	    s->num[SLOT_INIT_MS] <= FLOW_COUNT_MAX)
		e->init_ms = (int64_t)s->num[SLOT_INIT_MS];
	if (rate == 0)
		return;
	if (s->sent & SLOT_BIT(SLOT_SAMPLER))
		set_sampler(e, s->num[SLOT_SAMPLER], rate);
	else if (s->sent & SLOT_BIT(SLOT_SELECTOR))
		set_sampler(e, s->num[SLOT_SELECTOR] | SAMPLER_SELECTOR, rate);
	else
		e->rate_told = rate;
	exporter_set_rate(e, default_rate);
}

void
exporter_report(struct exporter_table *t, struct exporter *e,
    struct exporter_stat *out)
{
	const struct exporter_stat *was = &e->reported;

	*out = e->total;
	out->packets -= was->packets;
	out->flows -= was->flows;
	out->bad -= was->bad;
	/* what was only late may have been reported as lost before */
	out->lost = out->lost > was->lost ? out->lost - was->lost : 0;
	out->first_ms = e->report_first_ms;
	e->reported.packets += out->packets;
	e->reported.flows += out->flows;
	e->reported.bad += out->bad;
	e->reported.lost += out->lost;
	TAILQ_REMOVE(&t->reporting[e->total.group], e, reporting);
	e->to_report = false;
}
