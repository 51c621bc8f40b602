/* A header, and rows through it: see csv_flow.h. */
#include "collector/csv_flow.h"

#include <stdio.h>
#include <string.h>

#include "collector/csv_words.h"

/* What a field of outside looks like in a message. */
static const char *
shown(const struct csv_field *f, char out[48])
{
	size_t n = 0;

	for (size_t i = 0; i < f->len && n < 40; i++) {
		unsigned char c = (unsigned char)f->text[i];

		out[n++] = c >= ' ' && c < 127 ? (char)c : '?';
	}
	(void)snprintf(out + n, 48 - n, "%s", n < f->len ? "..." : "");
	return out;
}

static void
leave_out(struct csv_flow *c, const struct csv_field *f)
{
	size_t n = strlen(c->left_out);
	char text[48];

	if (f->len > 0)
		(void)snprintf(c->left_out + n, sizeof(c->left_out) - n,
		    "%s%s", n == 0 ? "" : ", ", shown(f, text));
}

/* Where a word's value goes; each place is filled once, by the first. */
static bool
place_taken(struct csv_flow *c, const struct csv_word *w)
{
	bool column = w->column != CSV_WORD_NO_COLUMN;
	uint64_t *used = column ? &c->columns : &c->kinds;
	uint64_t bit = UINT64_C(1) << (column ? w->column : (int)w->kind);
	bool taken = (*used & bit) != 0;

	*used |= bit;
	return taken;
}

static bool
has_kind(const struct csv_flow *c, enum csv_kind k)
{
	return c->kinds >> k & 1;
}

static bool
has_column(const struct csv_flow *c, enum column col)
{
	return c->columns >> col & 1;
}

int
csv_flow_header(struct csv_flow *c, const struct csv_field *fields, size_t n,
    struct err *err)
{
	char text[48];

	c->n = n;
	c->columns = c->kinds = 0;
	c->left_out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		uint8_t at = csv_word_find(&fields[i]);
		struct csv_word w = csv_word(at);

		if (w.kind == K_UNKNOWN ||
		    (w.kind != K_NONE && place_taken(c, &w))) {
			leave_out(c, &fields[i]);
			at = CSV_WORD_UNKNOWN;
		}
		c->word[i] = at;
	}
	if (!has_kind(c, K_FIRST) && !has_kind(c, K_LAST) &&
	    !has_kind(c, K_FIRST_UTC) && !has_kind(c, K_LAST_UTC) &&
	    !has_column(c, COL_first_ms))
		return err_set(err, "no header of flows: \"%s\" and the rest "
		    "name no time (first_ms, firstSeen, ts)",
		    shown(&fields[0], text));
	if (!has_column(c, COL_src_addr) && !has_column(c, COL_dst_addr))
		return err_set(err, "no list of flows: it has no addresses "
		    "(src_addr, srcAddr, sa); a statistic cannot be imported");
	return 0;
}

bool
csv_flow_is_header(const struct csv_flow *c, const struct csv_field *fields,
    size_t n)
{
	if (n != c->n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (c->word[i] < CSV_WORD_UNKNOWN &&
		    !csv_is_text(&fields[i], csv_word(c->word[i]).name))
			return false;
	}
	return true;
}

bool
csv_flow_is_summary(const struct csv_flow *c, const struct csv_field *fields,
    size_t n)
{
	return c->n > 1 && n == 1 && csv_is_text(&fields[0], "Summary");
}

/* ---- rows ---- */

/* What a row says, beside what goes into its flow at once. */
struct times {
	int64_t	first;
	int64_t	last;
	int64_t	span;
	bool	has_first;
	bool	has_last;
	bool	has_span;
};

static void
put_number(struct flow *f, enum column c, uint64_t v)
{
	void *p = (char *)f + column_info(c)->offset;

	switch (column_info(c)->type) {
	case CT_PROTO: case CT_FLAGS: case CT_U8:
		*(uint8_t *)p = (uint8_t)v;
		break;
	case CT_U16:
		*(uint16_t *)p = (uint16_t)v;
		break;
	case CT_U32:
		*(uint32_t *)p = (uint32_t)v;
		break;
	default:
		*(uint64_t *)p = v;
		break;
	}
	f->set |= flow_bit(c);
}

static bool
is_zero(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->bytes, zero, a->len) == 0;
}

/* These return NULL, or what would have been right. */
static const char *
put_addr(struct flow *f, const struct csv_word *w, const struct csv_field *v)
{
	enum column c = (enum column)w->column;
	struct addr a;

	if (csv_addr(v->text, v->len, &a) == -1)
		return "an IP address";
	if (w->zero_is_none && is_zero(&a))
		return NULL;
	memcpy((char *)f + column_info(c)->offset, &a, sizeof(a));
	f->set |= flow_bit(c);
	return NULL;
}

/* v is not empty. */
static const char *
put_column(struct flow *f, const struct csv_word *w, const struct csv_field *v)
{
	enum column c = (enum column)w->column;
	uint64_t number, max = coltype_max(column_info(c)->type);
	const char *want = "a whole number, not too large";
	int rc;

	switch (column_info(c)->type) {
	case CT_ADDR:
		return put_addr(f, w, v);
	case CT_MAC:
		rc = csv_mac(v->text, v->len, &number);
		want = "an address as 00:11:22:aa:bb:cc";
		break;
	case CT_PROTO:
		rc = csv_proto(v->text, v->len, &number);
		want = "a protocol's name or number";
		break;
	case CT_FLAGS:
		rc = csv_flags(v->text, v->len, &number);
		want = "TCP flags as ...AP.SF";
		break;
	default:
		rc = csv_number(v->text, v->len, max, &number);
		break;
	}
	if (rc == 0 && !(w->zero_is_none && number == 0))
		put_number(f, c, number);
	return rc == -1 ? want : NULL;
}

static const char *
put_engine(struct flow *f, const struct csv_field *v)
{
	const char *slash = memchr(v->text, '/', v->len);
	size_t n = slash == NULL ? v->len : (size_t)(slash - v->text);
	uint64_t type, id;

	if (n == v->len || csv_number(v->text, n, UINT8_MAX, &type) == -1 ||
	    csv_number(slash + 1, v->len - n - 1, UINT8_MAX, &id) == -1)
		return "type/id of an engine, as 0/7";
	if (type != 0 || id != 0) {
		put_number(f, COL_engine_type, type);
		put_number(f, COL_engine_id, id);
	}
	return NULL;
}

/* A number that is not simply one of its column's type. */
static const char *
put_special(struct flow *f, const struct csv_word *w, const struct csv_field *v)
{
	uint64_t number;

	switch (w->kind) {
	case K_PORT:
	case K_OLD_PORT:
		if (csv_port(v->text, v->len, &number) == -1)
			return "a port, or ICMP type.code";
		break;
	case K_DIRECTION:
		if (csv_is_text(v, "I"))
			return NULL;
		number = 1;
		if (!csv_is_text(v, "E") && csv_number(v->text, v->len,
		    UINT8_MAX, &number) == -1)
			return "I, E or a number";
		break;
	case K_HEX:
		if (csv_hex(v->text, v->len, UINT32_MAX, &number) == -1)
			return "a number as 0x1f";
		break;
	case K_FLOWS:
		if (csv_number(v->text, v->len, UINT32_MAX, &number) == -1)
			return "a whole number, not too large";
		if (number > 1)
			put_number(f, COL_flows, number);
		return NULL;
	default:	/* K_MPLS */
		if (csv_mpls(v->text, v->len, &number) == -1)
			return "a label as label-exp-eos";
		/* so nfdump writes what was not sent */
		if (csv_is_text(v, "0-0-0"))
			return NULL;
		break;
	}
	if (number != 0 || !w->zero_is_none)
		put_number(f, (enum column)w->column, number);
	return NULL;
}

static const char *
put_time(struct csv_flow *c, struct times *t, struct csv_flow_row *row,
    enum csv_kind kind, const struct csv_field *v)
{
	struct csv_clock utc = { .utc = true };
	bool ours = kind == K_FIRST_UTC || kind == K_LAST_UTC;
	int64_t ms;

	if (csv_time(ours ? &utc : &c->clock, v->text, v->len, &ms) == -1)
		return "a time as 2026-11-23 05:52:12";
	if (kind == K_RECEIVED) {
		row->received_ms = ms;
	} else if (kind == K_FIRST || kind == K_FIRST_UTC) {
		t->first = ms;
		t->has_first = ours || ms != 0;
	} else {
		t->last = ms;
		t->has_last = ours || ms != 0;
	}
	return NULL;
}

static const char *
put_field(struct csv_flow *c, const struct csv_word *w,
    const struct csv_field *v, struct csv_flow_row *row, struct times *t)
{
	switch (w->kind) {
	case K_NONE: case K_UNKNOWN:
		return NULL;
	case K_FIRST: case K_LAST: case K_RECEIVED:
		return put_time(c, t, row, w->kind, v);
	case K_FIRST_UTC: case K_LAST_UTC:
		/* to the second only, and first_ms is exact */
		return has_column(c, COL_first_ms) ? NULL :
		    put_time(c, t, row, w->kind, v);
	case K_LAST_MS:
		t->has_last = csv_signed(v->text, v->len, &t->last) == 0;
		return t->has_last ? NULL : "Unix time in ms";
	case K_SPAN:
		t->has_span = csv_span(v->text, v->len, &t->span) == 0;
		/* nfdump's own mistake: the end before the start */
		return t->has_span || v->text[0] == '-' ? NULL :
		    "a duration in seconds, as 12.345";
	case K_EXPORTER:
		if (csv_addr(v->text, v->len, &row->exporter) == -1)
			return "an IP address";
		if (is_zero(&row->exporter))
			row->exporter.len = 0;
		return NULL;
	case K_ENGINE:
		return put_engine(&row->flow, v);
	case K_COLUMN:
		break;
	default:
		return put_special(&row->flow, w, v);
	}
	if (w->column == COL_first_ms) {
		t->has_first = csv_signed(v->text, v->len, &t->first) == 0;
		return t->has_first ? NULL : "Unix time in ms";
	}
	if (w->column == COL_duration_ms) {
		uint64_t span;

		t->has_span = csv_number(v->text, v->len, FLOW_COUNT_MAX,
		    &span) == 0;
		t->span = t->has_span ? (int64_t)span : 0;
		return t->has_span ? NULL : "a duration in ms";
	}
	return put_column(&row->flow, w, v);
}

/*
 * nfdump 1.7.1 cuts both ends to seconds, but not the duration: a start in the
 * second of ts from which the duration leads into that of te.
 */
static int64_t
within_second(const struct times *t)
{
	int64_t start = t->last - t->span;

	return start > t->first && start < t->first + 1000 ? start : t->first;
}

/* Start, duration, end; as with a record, what is missing is worked out. */
static int
set_times(const struct csv_flow *c, struct csv_flow_row *row, struct times *t,
    struct err *err)
{
	struct flow *f = &row->flow;

	/* the column is there and empty: not known */
	if (!t->has_span && t->has_first && t->has_last &&
	    !has_column(c, COL_duration_ms)) {
		t->span = t->last - t->first;
		t->has_span = t->span >= 0;
	}
	if (t->has_first && t->has_last && t->has_span)
		t->first = within_second(t);
	else if (!t->has_first && t->has_last)
		t->first = t->has_span ? t->last - t->span : t->last;
	else if (!t->has_first && row->received_ms != 0)
		t->first = row->received_ms;
	else if (!t->has_first)
		return err_set(err, "the flow has no time");
	f->first_ms = t->first;
	f->set |= flow_bit(COL_first_ms);
	if (t->has_span) {
		f->duration_ms = t->span;
		f->set |= flow_bit(COL_duration_ms);
	}
	row->end_ms = t->first + (t->has_span ? t->span : 0);
	return 0;
}

static bool
is_icmp(const struct flow *f)
{
	return flow_has(f, COL_proto) && (f->proto == 1 || f->proto == 58);
}

int
csv_flow_read(struct csv_flow *c, const struct csv_field *fields, size_t n,
    struct csv_flow_row *row, struct err *err)
{
	struct times t = { .has_first = false };
	bool old_port = false;
	char text[48];

	if (n != c->n)
		return err_set(err, "%zu fields, the header has %zu", n, c->n);
	/* equal paths must be equal in every byte: see path_map.h */
	memset(row, 0, sizeof(*row));
	for (size_t i = 0; i < n; i++) {
		struct csv_word w = csv_word(c->word[i]);
		const char *want = NULL;

		old_port |= w.kind == K_OLD_PORT;
		if (fields[i].len > 0)
			want = put_field(c, &w, &fields[i], row, &t);
		if (want != NULL)
			return err_set(err, "%s \"%s\": want %s", w.name,
			    shown(&fields[i], text), want);
	}
	if (old_port && is_icmp(&row->flow) && row->flow.dst_port == 0)
		row->flow.set &= ~flow_bit(COL_dst_port);
	return set_times(c, row, &t, err);
}
