/*
 * The decoder as others see it: see packet.h.  A datagram is handed to the
 * file of its version by its first two bytes.
 */
#include "collector/packet.h"

#include <stdlib.h>
#include <string.h>

#include "collector/cursor.h"
#include "collector/decoder.h"
#include "collector/set.h"
#include "collector/v5.h"

const struct decoder_limits decoder_defaults = {
	.max_exporters = 1024,
	.max_templates = 1024,
	.max_fields = 1024,
	.max_held = 256 * 1024,
	.max_held_total = 16 * 1024 * 1024,
	/*
	 * Devices repeat templates within hours, but some send them only
	 * when they start, and their layouts do not change by themselves.
	 */
	.template_age_sec = 30 * 86400,
	.default_sampling = 0,
	.max_template_memory = UINT64_C(64) * 1024 * 1024,
};

static const char *const count_names[DECODER_COUNTS] = {
	[DC_packets] = "packets",
	[DC_packets_v5] = "packets_v5",
	[DC_packets_v9] = "packets_v9",
	[DC_packets_ipfix] = "packets_ipfix",
	[DC_flows] = "flows",
	[DC_options] = "options",
	[DC_templates] = "templates",
	[DC_templates_changed] = "templates_changed",
	[DC_templates_withdrawn] = "templates_withdrawn",
	[DC_held_sets] = "held_sets",
	[DC_held_decoded] = "held_decoded",
	[DC_held_dropped] = "held_dropped",
	[DC_lost] = "lost",
	[DC_recovered] = "recovered",
	[DC_reordered] = "reordered",
	[DC_restarts] = "restarts",
	[DC_bad_time] = "bad_time",
	[DC_implausible] = "implausible",
	[DC_short_header] = "short_header",
	[DC_unknown_version] = "unknown_version",
	[DC_bad_length] = "bad_length",
	[DC_bad_set_length] = "bad_set_length",
	[DC_short_record] = "short_record",
	[DC_bad_template] = "bad_template",
	[DC_too_many_templates] = "too_many_templates",
	[DC_too_many_exporters] = "too_many_exporters",
	[DC_no_memory] = "no_memory",
	[DC_unknown_set] = "unknown_set",
};

const char *
decoder_count_name(enum decoder_count c)
{
	return count_names[c];
}

int
decoder_count_is_bad(enum decoder_count c)
{
	return c >= DC_short_header;
}

static struct decoder_limits
settle_limits(const struct decoder_limits *limits)
{
	struct decoder_limits l = *limits;

	if (l.max_fields > DECODER_FIELDS_MAX)
		l.max_fields = DECODER_FIELDS_MAX;
	if (l.max_template_memory == 0)
		l.max_template_memory = decoder_defaults.max_template_memory;
	return l;
}

struct decoder *
decoder_new(const struct decoder_limits *limits)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->limits = settle_limits(limits);
	held_init(&d->held);
	d->v5 = v5_compile();
	d->reserve = malloc(DECODER_RESERVE);
	if (exporter_table_init(&d->exporters, limits->max_exporters) == -1 ||
	    d->v5 == NULL || d->reserve == NULL) {
		decoder_free(d);
		return NULL;
	}
	return d;
}

static void
remove_exporter(struct decoder *d, struct exporter *e)
{
	set_drop_held(d, e);
	d->template_memory -= e->templates.memory;
	if (e->templates.n > 0)
		d->template_version++;
	exporter_remove(&d->exporters, e);
}

void
decoder_free(struct decoder *d)
{
	struct exporter *e;

	if (d == NULL)
		return;
	while ((e = TAILQ_FIRST(&d->exporters.recent)) != NULL)
		remove_exporter(d, e);
	exporter_table_clear(&d->exporters);
	template_free(d->v5);
	free(d->reserve);
	free(d->rules);
	free(d);
}

bool
decoder_give_reserve(struct decoder *d)
{
	bool given = d->reserve != NULL;

	free(d->reserve);
	d->reserve = NULL;
	return given;
}

static void
apply_rules(const struct decoder *d, struct exporter *e)
{
	e->rate_set = 0;
	e->rate_forced = false;
	for (size_t i = 0; i < d->n_rules; i++)
		if (prefix_has(&d->rules[i].who, &e->total.address)) {
			e->rate_set = d->rules[i].rate;
			e->rate_forced = d->rules[i].force;
			break;
		}
	exporter_set_rate(e, d->limits.default_sampling);
}

struct exporter *
decoder_exporter(struct decoder *d, const struct addr *a, uint16_t version,
    uint32_t domain, int64_t now_ms)
{
	struct exporter_table *t = &d->exporters;
	struct exporter *e = exporter_find(t, a, version, domain);

	if (e != NULL)
		return e;
	if (t->n >= t->max && (e = exporter_idle(t, now_ms)) != NULL)
		remove_exporter(d, e);
	if (t->n >= t->max) {
		decoder_bump(d, NULL, DC_too_many_exporters, 1);
		return NULL;
	}
	do {
		e = exporter_add(t, a, version, domain);
	} while (e == NULL && decoder_give_reserve(d));
	if (e == NULL)
		decoder_bump(d, NULL, DC_no_memory, 1);
	else
		apply_rules(d, e);
	return e;
}

void
packet_begin(struct packet *p, struct exporter *e)
{
	static const enum decoder_count by_version[] = {
		[5] = DC_packets_v5, [9] = DC_packets_v9,
		[10] = DC_packets_ipfix
	};

	p->e = e;
	exporter_heard(&p->d->exporters, e, p->group, p->times.arrival_ms);
	e->counts[DC_packets]++;	/* the decoder's is counted already */
	decoder_bump(p->d, e, by_version[p->version], 1);
}

void
packet_sequence(struct packet *p, struct sequence_seen *seen)
{
	struct sequence_found found;

	seen->flows = p->flows;
	seen->records = p->flows + p->options;
	seen->exact = p->all_read;
	found = sequence_next(&p->e->sequence, seen);
	if (found.lost != 0) {
		/* what is taken back has been added before */
		decoder_bump(p->d, p->e, DC_lost, (uint64_t)found.lost);
		p->e->total.lost += (uint64_t)found.lost;
	}
	if (found.lost < 0)
		decoder_bump(p->d, p->e, DC_recovered, (uint64_t)-found.lost);
	if (found.late)
		decoder_bump(p->d, p->e, DC_reordered, 1);
	if (found.restarted)
		decoder_bump(p->d, p->e, DC_restarts, 1);
}

void
packet_decode(struct decoder *d, const struct datagram *g, struct sink *sink)
{
	struct packet p = { .d = d, .sink = sink, .all_read = true };

	d->counts[DC_packets]++;
	if (d->reserve == NULL)
		d->reserve = malloc(DECODER_RESERVE);
	if (g->len < 2) {
		decoder_bump(d, NULL, DC_short_header, 1);
		return;
	}
	p.times.arrival_ms = g->arrival_ms;
	p.group = g->group;
	p.version = be16(g->data);
	switch (p.version) {
	case 5:
		packet_v5(&p, g);
		break;
	case 9:
		packet_v9(&p, g);
		break;
	case 10:
		packet_ipfix(&p, g);
		break;
	default:
		decoder_bump(d, NULL, DC_unknown_version, 1);
	}
}

uint64_t
decoder_count(const struct decoder *d, enum decoder_count c)
{
	return d->counts[c];
}

size_t
decoder_harvest(struct decoder *d, uint32_t group, struct exporter_stat *out,
    size_t max)
{
	struct exporter *e;
	size_t n = 0;

	while (n < max && (e = TAILQ_FIRST(
	    &d->exporters.reporting[group])) != NULL)
		exporter_report(&d->exporters, e, &out[n++]);
	return n;
}

uint64_t
decoder_exporters(const struct decoder *d)
{
	return d->exporters.n;
}

uint64_t
decoder_templates(const struct decoder *d)
{
	const struct exporter *e;
	uint64_t n = 0;

	TAILQ_FOREACH(e, &d->exporters.recent, recent)
		n += e->templates.n;
	return n;
}

void
decoder_each_exporter(const struct decoder *d, void (*fn)(void *arg,
    const struct exporter_stat *total, const uint64_t counts[DECODER_COUNTS]),
    void *arg)
{
	const struct exporter *e;

	TAILQ_FOREACH(e, &d->exporters.recent, recent)
		fn(arg, &e->total, e->counts);
}

static void
apply_rules_to_all(struct decoder *d)
{
	struct exporter *e;

	TAILQ_FOREACH(e, &d->exporters.recent, recent)
		apply_rules(d, e);
}

/* To those that no earlier one is about; a rate of 0 says nothing. */
static void
apply_last_rule(struct decoder *d)
{
	const struct sampling_rule *r = &d->rules[d->n_rules - 1];
	struct exporter *e;

	TAILQ_FOREACH(e, &d->exporters.recent, recent) {
		if (e->rate_set != 0 ||
		    !prefix_has(&r->who, &e->total.address))
			continue;
		e->rate_set = r->rate;
		e->rate_forced = r->force;
		exporter_set_rate(e, d->limits.default_sampling);
	}
}

int
decoder_set_sampling(struct decoder *d, const struct prefix *who,
    uint32_t rate, int force)
{
	struct sampling_rule *rules = realloc(d->rules,
	    (d->n_rules + 1) * sizeof(rules[0]));

	if (rules == NULL)
		return -1;
	d->rules = rules;
	rules[d->n_rules++] = (struct sampling_rule){ .who = *who,
		.rate = rate, .force = force != 0 };
	apply_last_rule(d);
	return 0;
}

void
decoder_reset_sampling(struct decoder *d, uint32_t default_rate)
{
	d->n_rules = 0;
	d->limits.default_sampling = default_rate;
	apply_rules_to_all(d);
}

void
decoder_each_template(const struct decoder *d,
    void (*fn)(void *arg, const struct template_record *t), void *arg)
{
	const struct exporter *e;
	const struct template *t;

	TAILQ_FOREACH(e, &d->exporters.recent, recent)
		TAILQ_FOREACH(t, &e->templates.recent, recent) {
			struct template_record r = {
				.address = e->total.address,
				.version = e->total.version,
				.domain = e->total.domain,
				.template_id = t->id,
				.options = t->options,
				.heard_ms = t->heard_ms,
				.raw = t->raw,
				.raw_len = t->raw_len,
			};

			fn(arg, &r);
		}
}

int
decoder_restore(struct decoder *d, const struct template_record *r)
{
	struct template_head head;
	struct exporter *e;
	struct template *t;

	if ((r->version != 9 && r->version != 10) ||
	    (r->address.len != 4 && r->address.len != 16) ||
	    template_look(r->raw, r->raw_len, r->version, r->options != 0,
	    &head) != TEMPLATE_OK || head.withdrawal ||
	    head.raw_len != r->raw_len || head.id != r->template_id)
		return -1;
	e = decoder_exporter(d, &r->address, r->version, r->domain,
	    r->heard_ms);
	if (e == NULL)
		return -1;
	t = template_find(&e->templates, head.id);
	if (t != NULL && t->heard_ms >= r->heard_ms)
		return 0;
	if (set_learn(d, e, r->raw, &head, r->heard_ms) == NULL)
		return -1;
	if (e->heard_ms < r->heard_ms)
		e->heard_ms = r->heard_ms;
	return 0;
}

uint64_t
decoder_template_version(const struct decoder *d)
{
	return d->template_version;
}

uint64_t
decoder_memory(const struct decoder_limits *limits, struct decoder_memory *out)
{
	struct decoder_limits l = settle_limits(limits);

	out->exporters = sizeof(struct decoder) + DECODER_RESERVE +
	    ALLOC_OVERHEAD + template_memory(20) +
	    exporter_table_memory(l.max_exporters);
	out->templates = (uint64_t)l.max_exporters * l.max_templates *
	    template_memory(l.max_fields);
	if (out->templates > l.max_template_memory)
		out->templates = l.max_template_memory;
	/* one more while it is being made */
	out->templates += template_memory(l.max_fields);
	out->held = l.max_held_total;
	return out->exporters + out->templates + out->held;
}
