/*
 * Sets: see set.h.  Every loop here advances by at least one byte of the
 * datagram per turn: a set has at least its 4 bytes of header, a template
 * record at least 4, a data record at least one (template.min_len).
 */
#include "collector/set.h"

#include <assert.h>
#include <string.h>

#include "collector/decode.h"

#define SET_HEADER	4

/* Set ids of templates: RFC 3954 5.2 and 6.1, RFC 7011 3.3.2 */
#define V9_TEMPLATES	0
#define V9_OPTIONS	1
#define IPFIX_TEMPLATES	2
#define IPFIX_OPTIONS	3

static void
drop_held(struct decoder *d, struct held *h)
{
	struct exporter *e;

	/* memory is held: so there is one that holds it */
	assert(h != NULL);
	e = h->exporter;
	decoder_bump(d, e, DC_held_dropped, 1);
	held_remove(&d->held, &e->held, h);
}

void
set_drop_held(struct decoder *d, struct exporter *e)
{
	struct held *h;

	while ((h = TAILQ_FIRST(&e->held.list)) != NULL)
		drop_held(d, h);
}

/* Keeps a data set for when its template comes. */
static void
hold(struct packet *p, uint16_t id, const uint8_t *data, size_t len)
{
	struct decoder *d = p->d;
	struct exporter *e = p->e;
	size_t need = held_memory(len);
	struct held *h;

	if (len == 0)
		return;
	decoder_bump(d, e, DC_held_sets, 1);
	while ((h = TAILQ_FIRST(&d->held.list)) != NULL &&
	    h->times.arrival_ms < p->times.arrival_ms - HELD_AGE_MS)
		drop_held(d, h);
	if (need > d->limits.max_held || need > d->limits.max_held_total) {
		decoder_bump(d, e, DC_held_dropped, 1);
		return;
	}
	while (e->held.memory + need > d->limits.max_held)
		drop_held(d, TAILQ_FIRST(&e->held.list));
	while (d->held.memory + need > d->limits.max_held_total)
		drop_held(d, TAILQ_FIRST(&d->held.list));
	do {
		h = held_add(&d->held, &e->held, e, &p->times, id, data, len);
	} while (h == NULL && decoder_give_reserve(d));
	if (h == NULL) {
		decoder_bump(d, e, DC_held_dropped, 1);
		decoder_bump(d, e, DC_no_memory, 1);
	}
}

/* Decodes what waited for the template, with its own packets' times. */
static void
release(const struct packet *p, const struct template *t)
{
	struct held *h, *next;

	for (h = TAILQ_FIRST(&p->e->held.list); h != NULL; h = next) {
		struct packet then = *p;

		next = TAILQ_NEXT(h, own);
		if (h->set_id != t->id)
			continue;
		then.times = h->times;
		decoder_bump(p->d, p->e, DC_held_decoded, 1);
		set_data(&then, t, h->data, h->len);
		held_remove(&p->d->held, &p->e->held, h);
	}
}

static void
make_base(const struct packet *p, struct decode_base *b)
{
	const struct exporter *e = p->e;

	*b = (struct decode_base){
		.arrival_ms = p->times.arrival_ms,
		.export_ms = p->times.export_ms,
		.init_ms = e->init_ms,
		.uptime_ms = p->times.uptime_ms,
		.version = p->version,
		.exporter = e->total.id,
		.sampling = e->rate,
		.sampling_forced = e->rate_forced,
		.has_engine = p->has_engine,
		.engine_type = p->engine_type,
		.engine_id = p->engine_id,
		.samplers = e->sampler,
		.n_samplers = e->n_samplers,
	};
}

/* Flows of a set; returns how many bytes they had. */
static size_t
read_flows(struct packet *p, const struct template *t, const uint8_t *data,
    size_t len, uint32_t *n)
{
	struct decode_base base;
	struct decode_odd odd = { 0, 0 };
	size_t at = 0;

	make_base(p, &base);
	while (len - at >= t->min_len) {
		struct flow *f = p->sink->room(p->sink);
		size_t used = decode_flow(t, &base, data + at, len - at, f,
		    &odd);

		if (used == 0) {
			f->set = 0;
			break;
		}
		/* first: the sink may ask for the report */
		p->e->total.flows++;
		exporter_to_report(&p->d->exporters, p->e,
		    p->times.arrival_ms);
		p->sink->put(p->sink);
		at += used;
		++*n;
	}
	decoder_bump(p->d, p->e, DC_flows, *n);
	if (odd.bad_time != 0)
		decoder_bump(p->d, p->e, DC_bad_time, odd.bad_time);
	if (odd.implausible != 0)
		decoder_bump(p->d, p->e, DC_implausible, odd.implausible);
	return at;
}

static size_t
read_options(struct packet *p, const struct template *t, const uint8_t *data,
    size_t len, uint32_t *n)
{
	struct slots s;
	size_t at = 0;

	while (len - at >= t->min_len) {
		size_t used = decode_options(t, data + at, len - at, &s);

		if (used == 0)
			break;
		exporter_options(p->e, &s, p->d->limits.default_sampling);
		at += used;
		++*n;
	}
	decoder_bump(p->d, p->e, DC_options, *n);
	return at;
}

void
set_data(struct packet *p, const struct template *t, const uint8_t *data,
    size_t len)
{
	uint32_t n = 0;
	size_t used;

	used = t->options ? read_options(p, t, data, len, &n) :
	    read_flows(p, t, data, len, &n);
	if (t->options)
		p->options += n;
	else
		p->flows += n;
	/* what is left is padding when it is too short for a record */
	if (len - used >= t->min_len || (n == 0 && len > 0)) {
		decoder_bump(p->d, p->e, DC_short_record, 1);
		p->all_read = false;
	}
}

static void
forget(struct decoder *d, struct exporter *e, struct template *t)
{
	d->template_memory -= t->memory;
	d->template_version++;
	template_remove(&e->templates, t);
}

/*
 * When all templates together take too much, who has most of them gives the
 * older half: so made-up senders lose their own, and not those of an exporter
 * with a few.  A half, since looking for it takes a while.
 */
static void
make_memory(struct decoder *d, struct exporter *e, size_t memory)
{
	/* e is there, and memory is taken: so there is one */
	struct exporter *most = exporter_most_templates(&d->exporters);
	size_t keep;

	if (e->templates.n > 0 &&
	    most->templates.memory < e->templates.memory + memory)
		most = e;
	keep = most->templates.memory / 2;
	while (most->templates.n > 0 && most->templates.memory > keep) {
		decoder_bump(d, most, DC_too_many_templates, 1);
		forget(d, most, template_oldest(&most->templates));
	}
}

/* Makes room for one more; false: there is none to be had. */
static bool
make_room(struct decoder *d, struct exporter *e, size_t memory)
{
	const uint64_t max = d->limits.max_template_memory;

	while (e->templates.n >= d->limits.max_templates) {
		decoder_bump(d, e, DC_too_many_templates, 1);
		forget(d, e, template_oldest(&e->templates));
	}
	while (memory <= max && d->template_memory + memory > max)
		make_memory(d, e, memory);
	if (memory > max)
		decoder_bump(d, e, DC_too_many_templates, 1);
	return memory <= max;
}

struct template *
set_learn(struct decoder *d, struct exporter *e, const uint8_t *raw,
    const struct template_head *head, int64_t heard_ms)
{
	struct template *old = template_find(&e->templates, head->id), *t;
	bool bad;

	if (old != NULL && old->options == head->options &&
	    old->raw_len == head->raw_len &&
	    memcmp(old->raw, raw, old->raw_len) == 0) {
		old->heard_ms = heard_ms;
		template_touch(&e->templates, old);
		return old;
	}
	/* void in any case: data of another layout is not to be read by it */
	if (old != NULL) {
		decoder_bump(d, e, DC_templates_changed, 1);
		forget(d, e, old);
	}
	if (head->n_fields > d->limits.max_fields) {
		decoder_bump(d, e, DC_bad_template, 1);
		return NULL;
	}
	do {
		t = template_compile(raw, head, &bad);
	} while (t == NULL && !bad && decoder_give_reserve(d));
	if (t == NULL) {
		decoder_bump(d, e, bad ? DC_bad_template : DC_no_memory, 1);
		return NULL;
	}
	if (!make_room(d, e, t->memory)) {
		template_free(t);
		return NULL;
	}
	t->heard_ms = heard_ms;
	template_add(&e->templates, t);
	d->template_memory += t->memory;
	d->template_version++;
	return t;
}

/* RFC 7011 8.1: one template, or all of a kind by the id of their set. */
static void
withdraw(struct packet *p, const struct template_head *head)
{
	struct template *t = TAILQ_FIRST(&p->e->templates.recent), *next;
	uint16_t all = head->options ? IPFIX_OPTIONS : IPFIX_TEMPLATES;

	for (; t != NULL; t = next) {
		next = TAILQ_NEXT(t, recent);
		if (t->options != head->options ||
		    (head->id != all && head->id != t->id))
			continue;
		decoder_bump(p->d, p->e, DC_templates_withdrawn, 1);
		forget(p->d, p->e, t);
	}
}

static void
read_templates(struct packet *p, struct cursor c, bool options)
{
	struct template_head head;
	const struct template *t;

	while (cursor_left(&c) >= 4 && !cursor_is_zero(&c)) {
		enum template_verdict v = template_look(c.p, cursor_left(&c),
		    p->version, options, &head);

		if (v != TEMPLATE_OK)
			decoder_bump(p->d, p->e, DC_bad_template, 1);
		else if (head.withdrawal)
			withdraw(p, &head);
		else {
			decoder_bump(p->d, p->e, DC_templates, 1);
			t = set_learn(p->d, p->e, c.p, &head,
			    p->times.arrival_ms);
			if (t != NULL)
				release(p, t);
		}
		if (v == TEMPLATE_CUT || cursor_skip(&c, head.raw_len) == -1)
			return;
	}
}

static void
read_data(struct packet *p, uint16_t id, struct cursor c)
{
	struct template *t = template_find(&p->e->templates, id);
	int64_t age = p->d->limits.template_age_sec;

	if (t != NULL && (age == 0 ||
	    p->times.arrival_ms - t->heard_ms <= age * 1000)) {
		template_touch(&p->e->templates, t);
		set_data(p, t, c.p, cursor_left(&c));
	} else {
		hold(p, id, c.p, cursor_left(&c));
		p->all_read = false;
	}
}

static void
read_set(struct packet *p, uint16_t id, struct cursor c)
{
	bool ipfix = p->version == 10;

	if (id >= TEMPLATE_ID_MIN)
		read_data(p, id, c);
	else if (id == (ipfix ? IPFIX_TEMPLATES : V9_TEMPLATES))
		read_templates(p, c, false);
	else if (id == (ipfix ? IPFIX_OPTIONS : V9_OPTIONS))
		read_templates(p, c, true);
	else
		decoder_bump(p->d, p->e, DC_unknown_set, 1);
}

void
set_walk(struct packet *p, struct cursor c)
{
	/* some devices fill their datagrams up with zeros */
	while (cursor_left(&c) >= SET_HEADER) {
		uint16_t id = be16(c.p), len = be16(c.p + 2);
		struct cursor body;

		if (len < SET_HEADER && cursor_is_zero(&c))
			return;
		if (len < SET_HEADER || len > cursor_left(&c)) {
			decoder_bump(p->d, p->e, DC_bad_set_length, 1);
			p->all_read = false;
			return;
		}
		body.p = c.p + SET_HEADER;
		body.end = c.p + len;
		read_set(p, id, body);
		c.p += len;
	}
}
