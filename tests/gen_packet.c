/*
 * Datagrams of made-up flows: see gen_packet.h.  Layouts are tables of
 * (element, length); one function writes any element of a flow.
 */
#include "tests/gen_packet.h"

#include <assert.h>
#include <string.h>

#define TEMPLATE_EVERY	20	/* datagrams */
/* The exporters booted three days before the data begin. */
#define UPTIME_MS	INT64_C(259200000)
#define OPTIONS_ID	300	/* template id of the options */

struct out {
	uint8_t	*at;
	uint8_t	*end;
};

struct field {
	uint16_t	id;
	uint16_t	len;
};

struct layout {
	uint16_t	id;	/* template id; 0: no such template */
	struct field	field[24];
};

/* By layout and family; times (22, 21) turn into 152, 153 for IPFIX. */
static const struct layout layouts[GEN_LAYOUTS][2] = {
	[GEN_FULL] = {
		{ 256, { { 8, 4 }, { 12, 4 }, { 15, 4 }, { 10, 2 }, { 14, 2 },
		    { 2, 4 }, { 1, 4 }, { 22, 4 }, { 21, 4 }, { 7, 2 },
		    { 11, 2 }, { 6, 1 }, { 4, 1 }, { 5, 1 }, { 16, 4 },
		    { 17, 4 }, { 9, 1 }, { 13, 1 }, { 61, 1 } } },
		{ 257, { { 27, 16 }, { 28, 16 }, { 62, 16 }, { 10, 2 },
		    { 14, 2 }, { 2, 8 }, { 1, 8 }, { 22, 4 }, { 21, 4 },
		    { 7, 2 }, { 11, 2 }, { 6, 1 }, { 4, 1 }, { 5, 1 },
		    { 16, 4 }, { 17, 4 }, { 29, 1 }, { 30, 1 }, { 61, 1 } } },
	},
	[GEN_SMALL] = {
		{ 260, { { 22, 4 }, { 21, 4 }, { 1, 8 }, { 2, 8 }, { 8, 4 },
		    { 12, 4 }, { 4, 1 }, { 7, 2 }, { 11, 2 }, { 10, 4 },
		    { 14, 4 }, { 6, 1 }, { 5, 1 }, { 48, 1 } } },
		{ 261, { { 22, 4 }, { 21, 4 }, { 1, 8 }, { 2, 8 }, { 27, 16 },
		    { 28, 16 }, { 4, 1 }, { 7, 2 }, { 11, 2 }, { 10, 4 },
		    { 14, 4 }, { 6, 1 }, { 5, 1 }, { 48, 1 } } },
	},
	[GEN_EVENT] = {
		{ 262, { { 8, 4 }, { 12, 4 }, { 7, 2 }, { 11, 2 }, { 4, 1 },
		    { 22, 4 }, { 21, 4 } } },
		{ 263, { { 27, 16 }, { 28, 16 }, { 7, 2 }, { 11, 2 },
		    { 4, 1 }, { 22, 4 }, { 21, 4 } } },
	},
};

/* Options: one rate for all, or one for each of three samplers. */
static const struct field options_one[] = { { 34, 4 }, { 35, 1 } };
static const struct field options_each[] = { { 49, 1 }, { 50, 4 } };
static const uint32_t sampler_rates[] = { 10, 1000, 1 };

static void
put(struct out *o, uint64_t v, size_t len)
{
	assert((size_t)(o->end - o->at) >= len);
	for (size_t i = 0; i < len; i++)
		o->at[i] = (uint8_t)(v >> (8 * (len - i - 1)));
	o->at += len;
}

static void
put_addr(struct out *o, const struct addr *a)
{
	assert((size_t)(o->end - o->at) >= a->len);
	memcpy(o->at, a->bytes, a->len);
	o->at += a->len;
}

static uint64_t
sampler_of(const struct flow *f)
{
	if (!flow_has(f, COL_sampling))
		return 3;
	return f->sampling == sampler_rates[0] ? 1 : 2;
}

/* The value of an element that is a number. */
static uint64_t
number_of(uint16_t id, const struct flow *f, int64_t boot_ms)
{
	switch (id) {
	case 1: return f->bytes;
	case 2: return f->packets;
	case 4: return f->proto;
	case 5: return f->tos;
	case 6: return f->tcp_flags;
	case 7: return f->src_port;
	case 9:
	case 29: return f->src_mask;
	case 10: return f->in_if;
	case 11: return f->dst_port;
	case 13:
	case 30: return f->dst_mask;
	case 14: return f->out_if;
	case 16: return f->src_as;
	case 17: return f->dst_as;
	case 21: return (uint64_t)(f->first_ms + f->duration_ms - boot_ms);
	case 22: return (uint64_t)(f->first_ms - boot_ms);
	case 48: return sampler_of(f);
	case 61: return f->direction;
	case 152: return (uint64_t)f->first_ms;
	case 153: return (uint64_t)(f->first_ms + f->duration_ms);
	default:
		assert(0 && "an element that no layout has");
		return 0;
	}
}

static struct field
field_for(struct field fd, uint16_t version)
{
	if (version == 10 && fd.id == 22)
		return (struct field){ 152, 8 };
	if (version == 10 && fd.id == 21)
		return (struct field){ 153, 8 };
	return fd;
}

static void
put_record(struct out *o, const struct layout *l, const struct flow *f,
    uint16_t version, int64_t boot_ms)
{
	for (const struct field *fd = l->field; fd->id != 0; fd++) {
		struct field v = field_for(*fd, version);

		switch (v.id) {
		case 8:
		case 27:
			put_addr(o, &f->src_addr);
			break;
		case 12:
		case 28:
			put_addr(o, &f->dst_addr);
			break;
		case 15:
		case 62:
			put_addr(o, &f->next_hop);
			break;
		default:
			put(o, number_of(v.id, f, boot_ms), v.len);
		}
	}
}

/* Starts a set; set_end writes its length, padded to four bytes. */
static uint8_t *
set_begin(struct out *o, uint16_t id)
{
	uint8_t *set = o->at;

	put(o, id, 2);
	put(o, 0, 2);
	return set;
}

static void
set_end(struct out *o, uint8_t *set)
{
	struct out len = { set + 2, set + 4 };

	while ((o->at - set) % 4 != 0)
		put(o, 0, 1);
	put(&len, (uint64_t)(o->at - set), 2);
}

static void
put_template(struct out *o, const struct layout *l, uint16_t version)
{
	size_t n = 0;

	while (l->field[n].id != 0)
		n++;
	put(o, l->id, 2);
	put(o, n, 2);
	for (size_t i = 0; i < n; i++) {
		struct field fd = field_for(l->field[i], version);

		put(o, fd.id, 2);
		put(o, fd.len, 2);
	}
}

/* v9: the scope is the system; IPFIX: the domain or the sampler. */
static void
put_options(struct out *o, const struct gen_exporter *e)
{
	const struct field *fd = e->small ? options_each : options_one;
	size_t n = 2;
	uint8_t *set = set_begin(o, e->version == 9 ? 1 : 3);

	put(o, OPTIONS_ID, 2);
	if (e->version == 9) {
		put(o, 4, 2);
		put(o, 4 * n + (e->small ? 4 : 0), 2);
		put(o, 1, 2);
		put(o, 4, 2);
	} else {
		put(o, n + 1, 2);
		put(o, 1, 2);
	}
	if (e->small || e->version == 10) {
		put(o, e->small ? 48 : 149, 2);
		put(o, e->small ? 1 : 4, 2);
	}
	for (size_t i = 0; i < n; i++) {
		put(o, fd[i].id, 2);
		put(o, fd[i].len, 2);
	}
	set_end(o, set);

	set = set_begin(o, OPTIONS_ID);
	for (unsigned id = 1; id <= (e->small ? 3 : 1); id++) {
		if (e->version == 9 || !e->small)
			put(o, e->domain, 4);
		if (e->small)
			put(o, id, 1);
		if (!e->small)
			put(o, e->sampling, 4);
		put(o, 2, 1);	/* random sampling */
		if (e->small)
			put(o, sampler_rates[id - 1], 4);
	}
	set_end(o, set);
}

/* Returns the datagram's begin; header_end needs it. */
static uint8_t *
header_begin(struct out *o, const struct gen_sender *s,
    const struct gen *g, const struct gen_burst *b, int64_t boot_ms)
{
	const struct gen_exporter *e = gen_exporter(g, b->exporter);
	uint8_t *begin = o->at;

	put(o, e->version, 2);
	put(o, 0, 2);		/* v9: records; IPFIX: length */
	if (e->version == 9)
		put(o, (uint64_t)(b->export_ms - boot_ms), 4);
	put(o, (uint64_t)(b->export_ms / 1000), 4);
	put(o, s->sequence[b->exporter], 4);
	put(o, e->domain, 4);
	return begin;
}

static size_t
header_end(struct out *o, uint8_t *begin, uint16_t version, size_t records)
{
	struct out count = { begin + 2, begin + 4 };
	size_t len = (size_t)(o->at - begin);

	put(&count, version == 9 ? records : len, 2);
	return len;
}

static int64_t
boot_of(const struct gen *g)
{
	return gen_start_ms(g) - UPTIME_MS;
}

size_t
gen_templates(struct gen_sender *s, const struct gen *g,
    const struct gen_burst *b, uint8_t out[GEN_PACKET_MAX])
{
	const struct gen_exporter *e = gen_exporter(g, b->exporter);
	struct out o = { out, out + GEN_PACKET_MAX };
	size_t templates = 0, options = e->samplers ? 3 : e->sampling != 0;
	uint8_t *begin, *set;

	if (e->version == 5 ||
	    s->datagrams[b->exporter]++ % TEMPLATE_EVERY != 0)
		return 0;
	begin = header_begin(&o, s, g, b, boot_of(g));
	set = set_begin(&o, e->version == 9 ? 0 : 2);
	for (size_t l = 0; l < GEN_LAYOUTS; l++) {
		if (layouts[l][0].id == 0 || (l != GEN_FULL) != e->small)
			continue;
		put_template(&o, &layouts[l][0], e->version);
		put_template(&o, &layouts[l][1], e->version);
		templates += 2;
	}
	set_end(&o, set);
	if (options > 0)
		put_options(&o, e);
	/* v9 counts datagrams, IPFIX data records, of options as well */
	s->sequence[b->exporter] += e->version == 9 ? 1 : (uint32_t)options;
	return header_end(&o, begin, e->version, templates + options +
	    (options > 0));
}

static size_t
data_v5(struct gen_sender *s, const struct gen *g, const struct gen_burst *b,
    struct out *o)
{
	const struct gen_exporter *e = gen_exporter(g, b->exporter);
	int64_t boot = boot_of(g);
	uint8_t *begin = o->at;

	put(o, 5, 2);
	put(o, b->n, 2);
	put(o, (uint64_t)(b->export_ms - boot), 4);
	put(o, (uint64_t)(b->export_ms / 1000), 4);
	put(o, 0, 4);
	put(o, s->sequence[b->exporter], 4);
	put(o, 0, 2);		/* engine */
	put(o, e->sampling == 0 ? 0 : 1U << 14 | e->sampling, 2);
	for (size_t i = 0; i < b->n; i++) {
		const struct flow *f = &b->v[i];

		put_addr(o, &f->src_addr);
		put_addr(o, &f->dst_addr);
		put_addr(o, &f->next_hop);
		put(o, f->in_if, 2);
		put(o, f->out_if, 2);
		put(o, f->packets, 4);
		put(o, f->bytes, 4);
		put(o, number_of(22, f, boot), 4);
		put(o, number_of(21, f, boot), 4);
		put(o, f->src_port, 2);
		put(o, f->dst_port, 2);
		put(o, 0, 1);
		put(o, f->tcp_flags, 1);
		put(o, f->proto, 1);
		put(o, f->tos, 1);
		put(o, f->src_as, 2);
		put(o, f->dst_as, 2);
		put(o, f->src_mask, 1);
		put(o, f->dst_mask, 1);
		put(o, 0, 2);
	}
	s->sequence[b->exporter] += (uint32_t)b->n;
	return (size_t)(o->at - begin);
}

size_t
gen_data(struct gen_sender *s, const struct gen *g, const struct gen_burst *b,
    uint8_t out[GEN_PACKET_MAX])
{
	const struct gen_exporter *e = gen_exporter(g, b->exporter);
	struct out o = { out, out + GEN_PACKET_MAX };
	const struct layout *open = NULL;
	uint8_t *begin, *set = NULL;

	if (e->version == 5)
		return data_v5(s, g, b, &o);
	begin = header_begin(&o, s, g, b, boot_of(g));
	for (size_t i = 0; i < b->n; i++) {
		const struct layout *l =
		    &layouts[b->layout[i]][b->v[i].src_addr.len == 16];

		if (l != open) {
			if (set != NULL)
				set_end(&o, set);
			set = set_begin(&o, l->id);
			open = l;
		}
		put_record(&o, l, &b->v[i], e->version, boot_of(g));
	}
	if (set != NULL)
		set_end(&o, set);
	s->sequence[b->exporter] += e->version == 9 ? 1 : (uint32_t)b->n;
	return header_end(&o, begin, e->version, b->n);
}
