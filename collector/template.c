/*
 * Templates: see template.h.  Looking at a template record only measures it,
 * so that a definition sent again is recognised by its bytes and not compiled
 * again.  Compiling goes over the fields twice: first to see which field
 * fills each target best, then to write the steps in the order of the fields.
 */
#include "collector/template.h"

#include <stdlib.h>
#include <string.h>

#include "collector/cursor.h"
#include "collector/held.h"
#include "schema/flow.h"

#define ENTERPRISE_BIT	0x8000	/* RFC 7011 3.2 */

struct field {
	uint32_t	pen;
	uint16_t	id;
	uint16_t	len;
};

static int
field_next(struct cursor *c, uint16_t version, struct field *f)
{
	f->pen = 0;
	if (cursor_u16(c, &f->id) == -1 || cursor_u16(c, &f->len) == -1)
		return -1;
	if (version == 10 && (f->id & ENTERPRISE_BIT)) {
		f->id &= (uint16_t)~ENTERPRISE_BIT;
		return cursor_u32(c, &f->pen);
	}
	return 0;
}

/* The counts in front of the fields; h->n_fields may still be a lie. */
static enum template_verdict
look_head(struct cursor *c, struct template_head *h)
{
	uint16_t a, b;

	if (cursor_u16(c, &h->id) == -1 || cursor_u16(c, &a) == -1)
		return TEMPLATE_CUT;
	h->n_fields = a;
	h->head_len = 4;
	if (h->version == 10 && a == 0) {
		h->withdrawal = true;
		return TEMPLATE_OK;
	}
	if (!h->options)
		return TEMPLATE_OK;
	if (cursor_u16(c, &b) == -1)
		return TEMPLATE_CUT;
	h->head_len = 6;
	/* IPFIX counts all fields, then scopes; v9 gives bytes of each kind */
	if (h->version == 10)
		return b <= a ? TEMPLATE_OK : TEMPLATE_BAD;
	h->n_fields = (uint16_t)(((uint32_t)a + b) / 4);
	if (a % 4 != 0 || b % 4 != 0) {
		/* where it ends is a guess that the set's end corrects */
		h->n_fields = (uint16_t)(((uint32_t)a + b + 3) / 4);
		return TEMPLATE_BAD;
	}
	return TEMPLATE_OK;
}

enum template_verdict
template_look(const uint8_t *p, size_t len, uint16_t version, bool options,
    struct template_head *head)
{
	struct cursor c = { p, p + len };
	struct field f;
	enum template_verdict v;

	*head = (struct template_head){ .version = version,
		.options = options };
	v = look_head(&c, head);
	if (v == TEMPLATE_CUT)
		return v;
	for (unsigned i = 0; i < head->n_fields; i++)
		if (field_next(&c, version, &f) == -1)
			return TEMPLATE_CUT;
	head->raw_len = (size_t)(c.p - p);
	if (head->withdrawal)
		return head->id >= TEMPLATE_ID_MIN || head->id == 2 ||
		    head->id == 3 ? TEMPLATE_OK : TEMPLATE_BAD;
	return head->id >= TEMPLATE_ID_MIN && head->n_fields > 0 ?
	    v : TEMPLATE_BAD;
}

/* Which field fills a target best so far. */
struct choice {
	uint16_t	field;		/* index + 1; 0: none */
	uint8_t		rank;
	bool		spare;		/* ELEMENT_SPARE */
};

struct compiler {
	const struct template_head *head;
	const uint8_t	*fields;	/* the field specifiers */
	struct choice	 choice[TARGET_COUNT][VARIANT_COUNT];
	struct template	*t;
	uint32_t	 off;		/* from the base */
	uint32_t	 min_len;
	struct step	*variable;	/* the last STEP_VARIABLE */
};

/* Can a field of that length fill the target at all? */
static bool
usable(const struct element *e, uint16_t len)
{
	if (len == TEMPLATE_VARIABLE)
		return true;	/* told by each record */
	if (len == 0)
		return false;
	if (e->target >= COLUMN_COUNT) {
		unsigned slot = e->target - COLUMN_COUNT;

		if (slot == SLOT_START_NTP || slot == SLOT_END_NTP)
			return len == 8;
		return len <= 8;
	}
	switch (column_info((enum column)e->target)->type) {
	case CT_ADDR:
		return len == (e->variant == VARIANT_IP6 ? 16 : 4);
	case CT_MAC:
		return len == 6;
	default:
		return len <= 8;
	}
}

static bool
applies(const struct compiler *k, const struct element *e)
{
	if ((e->flags & ELEMENT_V9) && k->head->version == 10)
		return false;
	/* options records are read for their slots only */
	return !k->head->options || e->target >= COLUMN_COUNT;
}

/* First pass: the best field for each target. */
static void
choose(struct compiler *k)
{
	struct cursor c = { k->fields, k->fields + k->head->raw_len -
	    k->head->head_len };
	struct field f;

	for (uint16_t i = 0; field_next(&c, k->head->version, &f) == 0; i++) {
		size_t n;
		const struct element *e = element_find(f.pen, f.id, &n);

		for (; n > 0; n--, e++) {
			struct choice *ch = &k->choice[e->target][e->variant];

			if (!applies(k, e) || !usable(e, f.len))
				continue;
			/* what occurs twice counts once: the first */
			if (ch->field != 0 && ch->rank <= e->rank)
				continue;
			ch->field = (uint16_t)(i + 1);
			ch->rank = e->rank;
			ch->spare = e->flags & ELEMENT_SPARE;
		}
	}
}

static bool
has_variant(const struct compiler *k, enum column c, unsigned v)
{
	return k->choice[c][v].field != 0;
}

static bool
has_any(const struct compiler *k, enum column c)
{
	return has_variant(k, c, VARIANT_NONE) ||
	    has_variant(k, c, VARIANT_FIRST) ||
	    has_variant(k, c, VARIANT_SECOND);
}

static bool
has_family(const struct compiler *k, unsigned family)
{
	return has_variant(k, COL_src_addr, family) ||
	    has_variant(k, COL_dst_addr, family);
}

/* Columns that only mean something for the family of the flow's addresses. */
static bool
by_family(enum column c)
{
	return c == COL_src_addr || c == COL_dst_addr || c == COL_src_mask ||
	    c == COL_dst_mask;
}

/* Is it for the record to tell which variant of the column counts? */
static bool
paired(const struct compiler *k, enum column c)
{
	if (by_family(c) && has_family(k, VARIANT_IP4) &&
	    has_family(k, VARIANT_IP6))
		return true;
	return has_variant(k, c, VARIANT_FIRST) &&
	    has_variant(k, c, VARIANT_SECOND);
}

/* A field that ELEMENT_SPARE spares for a column, but another one needs. */
static bool
shared(const struct compiler *k, unsigned c)
{
	const struct choice *ch = &k->choice[c][VARIANT_NONE];

	for (unsigned o = 0; o < COLUMN_COUNT; o++)
		if (o != c && k->choice[o][VARIANT_NONE].field == ch->field)
			return true;
	return false;
}

/* Drops what no record can make use of. */
static void
settle(struct compiler *k)
{
	bool ip4 = has_family(k, VARIANT_IP4);
	bool ip6 = has_family(k, VARIANT_IP6);

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		struct choice *ch = k->choice[c];

		/* an element without variant is better than one of a pair */
		if (ch[VARIANT_NONE].field != 0) {
			ch[VARIANT_FIRST].field = 0;
			ch[VARIANT_SECOND].field = 0;
		}
		/* the other family's mask says nothing */
		if (by_family((enum column)c) && ip4 && !ip6)
			ch[VARIANT_IP6].field = 0;
		if (by_family((enum column)c) && ip6 && !ip4)
			ch[VARIANT_IP4].field = 0;
	}
	for (unsigned c = 0; c < COLUMN_COUNT; c++)
		if (k->choice[c][VARIANT_NONE].spare && shared(k, c))
			k->choice[c][VARIANT_NONE].field = 0;
}

/* The fast step for a plain column, or STEP_FIELD. */
static enum step_op
column_op(enum column c, uint16_t len)
{
	switch (column_info(c)->type) {
	case CT_ADDR:
		return len == 4 ? STEP_ADDR4 : STEP_ADDR16;
	case CT_MAC:
		return STEP_MAC;
	case CT_COUNT:
		return len == 4 ? STEP_COUNT_FROM_32 :
		    len == 8 ? STEP_COUNT_FROM_64 : STEP_FIELD;
	case CT_U32:
		return len == 4 ? STEP_U32 :
		    len == 2 ? STEP_U32_FROM_16 : STEP_FIELD;
	case CT_U16:
		return len == 2 ? STEP_U16 : STEP_FIELD;
	default:
		return len == 1 ? STEP_U8 : STEP_FIELD;
	}
}

static enum step_op
slot_op(uint16_t len)
{
	switch (len) {
	case 1:
		return STEP_SLOT_8;
	case 2:
		return STEP_SLOT_16;
	case 4:
		return STEP_SLOT_32;
	case 8:
		return STEP_SLOT_64;
	default:
		return STEP_FIELD;
	}
}

static struct step *
emit(struct compiler *k, enum step_op op)
{
	struct step *s = &k->t->steps[k->t->n_steps++];

	*s = (struct step){ .op = (uint8_t)op, .off = (uint16_t)k->off };
	return s;
}

static void
emit_field(struct compiler *k, const struct field *f, const struct element *e)
{
	struct template *t = k->t;
	struct step *s = emit(k, STEP_FIELD);

	s->target = e->target;
	s->len = f->len;
	s->app = e->flags & ELEMENT_APP;
	if (e->target >= COLUMN_COUNT) {
		unsigned slot = e->target - COLUMN_COUNT;

		s->op = (uint8_t)slot_op(f->len);
		s->dst = (uint16_t)slot;
		t->slots |= SLOT_BIT(slot);
	} else {
		enum column c = (enum column)e->target;

		s->dst = (uint16_t)column_info(c)->offset;
		if (paired(k, c)) {
			int pair = element_pair(e->target);

			s->pair = e->variant;
			s->dst = (uint16_t)(2 * pair + e->variant - 1);
			t->pairs |= UINT32_C(1) << s->dst;
		} else {
			if (!s->app)
				s->op = (uint8_t)column_op(c, f->len);
			t->columns |= flow_bit(c);
		}
	}
	if (f->len == TEMPLATE_VARIABLE)
		s->op = STEP_VALUE;
}

/* Second pass: the steps, in the order of the fields. */
static void
write_steps(struct compiler *k)
{
	struct cursor c = { k->fields, k->fields + k->head->raw_len -
	    k->head->head_len };
	struct template *t = k->t;
	struct field f;

	for (uint16_t i = 0; field_next(&c, k->head->version, &f) == 0; i++) {
		size_t n;
		const struct element *e = element_find(f.pen, f.id, &n);

		if (f.len == TEMPLATE_VARIABLE) {
			if (!t->variable)
				t->first_len = (uint16_t)(k->off + 1);
			else
				k->variable->len = (uint16_t)(k->off + 1);
			t->variable = true;
			k->variable = emit(k, STEP_VARIABLE);
			k->off = 0;
			k->min_len++;
		}
		for (; n > 0; n--, e++)
			if (applies(k, e) && k->choice[e->target][e->variant]
			    .field == i + 1)
				emit_field(k, &f, e);
		if (f.len != TEMPLATE_VARIABLE) {
			k->off += f.len;
			k->min_len += f.len;
		}
		if (k->min_len > UINT16_MAX)
			return;
	}
	if (t->variable)
		k->variable->len = (uint16_t)k->off;
	else
		t->first_len = (uint16_t)k->off;
}

static uint8_t
late_work(const struct compiler *k)
{
	uint8_t late = 0;

	if (k->t->pairs != 0)
		late |= LATE_PAIRS;
	if (!has_any(k, COL_next_hop) && has_any(k, COL_bgp_next_hop))
		late |= LATE_NEXT_HOP;
	if (k->t->slots & SLOTS_SAMPLING)
		late |= LATE_SAMPLING;
	return late;
}

size_t
template_memory(size_t n_fields)
{
	return sizeof(struct template) + ((size_t)TEMPLATE_STEPS_MAX +
	    n_fields) * sizeof(struct step) + 6 + 8 * n_fields + ALLOC_OVERHEAD;
}

struct template *
template_compile(const uint8_t *p, const struct template_head *head, bool *bad)
{
	struct compiler k = { .head = head, .fields = p + head->head_len };
	struct cursor c = { k.fields, p + head->raw_len };
	struct field f;
	size_t steps = 0;
	uint8_t *raw;

	*bad = false;
	choose(&k);
	settle(&k);
	for (size_t i = 0; i < TARGET_COUNT; i++)
		for (size_t v = 0; v < VARIANT_COUNT; v++)
			steps += k.choice[i][v].field != 0;
	while (field_next(&c, head->version, &f) == 0)
		steps += f.len == TEMPLATE_VARIABLE;
	k.t = calloc(1, sizeof(*k.t) + steps * sizeof(k.t->steps[0]) +
	    head->raw_len);
	if (k.t == NULL)
		return NULL;
	k.t->id = head->id;
	k.t->options = head->options;
	write_steps(&k);
	if (k.min_len == 0 || k.min_len > UINT16_MAX) {
		*bad = true;
		free(k.t);
		return NULL;
	}
	k.t->min_len = (uint16_t)k.min_len;
	k.t->late = late_work(&k);
	raw = (uint8_t *)&k.t->steps[steps];
	memcpy(raw, p, head->raw_len);
	k.t->raw = raw;
	k.t->raw_len = head->raw_len;
	k.t->memory = sizeof(*k.t) + steps * sizeof(k.t->steps[0]) +
	    head->raw_len + ALLOC_OVERHEAD;
	return k.t;
}

void
template_free(struct template *t)
{
	free(t);
}
