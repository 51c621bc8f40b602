/* Cells of text tables: see cell.h. */
#include "query/cell.h"

#include <ctype.h>
#include <string.h>

#include "query/numtext.h"
#include "query/words.h"
#include "schema/proto.h"

#define NARROW_ADDR	16
#define KEEP_ADDR	7	/* of each end, ".." between */
#define CELL_MAX	256	/* with padding */
#define PORT_WIDTH	5
#define MASK_WIDTH	2

bool
cell_has_addr(const struct field *f)
{
	return f->kind == FIELD_ADDR || f->kind == FIELD_EXPORTER ||
	    f->kind == FIELD_ADDR_PORT || f->kind == FIELD_NET;
}

static void
blanks(struct out *o, size_t n)
{
	memset(out_room(o, n), ' ', n);
	out_used(o, n);
}

void
cell_heading(struct out *o, const struct field *f, const struct cell_style *s)
{
	if (s->full_ip6 && cell_has_addr(f))
		blanks(o, CELL_WIDER6);
	out_text(o, f->heading);
}

static size_t
copy(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

static uint64_t
number(const struct row *r, enum column c)
{
	return flow_has(&r->flow, c) ? flow_number(&r->flow, c) : 0;
}

size_t
cell_scaled(const struct cell_style *s, int64_t v, char *out)
{
	return s->plain ? int_text(v, out) : scaled_text((uint64_t)v, out);
}

size_t
cell_span(const struct cell_style *s, int64_t ms, char *out)
{
	return s->plain ? seconds_text(ms, out) : span_text(ms, out);
}

/* The zero of a missing side is of the other side's family. */
static const struct addr *
addr_or_zero(enum column c, const struct row *r)
{
	static const struct addr zero4 = { .len = 4 }, zero6 = { .len = 16 };
	const struct addr *a = field_addr(c, r);

	if (a != NULL)
		return a;
	if (c == COL_src_addr)
		a = field_addr(COL_dst_addr, r);
	else if (c == COL_dst_addr)
		a = field_addr(COL_src_addr, r);
	return a != NULL && a->len == 16 ? &zero6 : &zero4;
}

static size_t
addr_text(const struct addr *a, const struct cell_style *s, char *out)
{
	size_t len = addr_format(a, out);

	if (s->full_ip6 || len <= NARROW_ADDR)
		return len;
	memcpy(out + KEEP_ADDR, "..", 2);
	memmove(out + KEEP_ADDR + 2, out + len - KEEP_ADDR, KEEP_ADDR);
	return NARROW_ADDR;
}

static size_t
port_text(enum column c, const struct row *r, char *out)
{
	uint64_t v = number(r, c);
	size_t n;

	if (c != COL_dst_port || !row_is_icmp(r))
		return uint_text(v, out);
	n = uint_text(v >> 8, out);
	out[n++] = '.';
	return n + uint_text(v & 255, out + n);
}

/* Left-aligned: fills up to width. */
static size_t
fill(char *out, size_t n, size_t width)
{
	for (; n < width; n++)
		out[n] = ' ';
	return n;
}

/* Right-aligned: the address ends at the same place in every line. */
static size_t
addr_column(const struct addr *a, const struct cell_style *s, char *out)
{
	char text[ADDR_TEXT_MAX];
	size_t n = addr_text(a, s, text);
	size_t width = NARROW_ADDR + (s->full_ip6 ? CELL_WIDER6 : 0);
	size_t pad = n < width ? width - n : 0;

	memset(out, ' ', pad);
	memcpy(out + pad, text, n);
	return pad + n;
}

static size_t
addr_port_text(const struct field *f, const struct cell_style *s,
    const struct row *r, char *out)
{
	const struct addr *a = addr_or_zero(f->column, r);
	size_t n = addr_column(a, s, out), port;

	out[n++] = a->len == 16 ? '.' : ':';
	port = port_text(f->second, r, out + n);
	return n + fill(out + n, port, PORT_WIDTH);
}

static size_t
net_text(const struct field *f, const struct cell_style *s,
    const struct row *r, char *out)
{
	uint64_t bits = number(r, f->second);
	struct addr a = *addr_or_zero(f->column, r);
	size_t n, mask;

	if (bits > 0)
		a = prefix_of(&a, (unsigned)bits).lo;
	n = addr_column(&a, s, out);
	out[n++] = '/';
	mask = uint_text(bits, out + n);
	return n + fill(out + n, mask, MASK_WIDTH);
}

static size_t
proto_text(const struct cell_style *s, const struct row *r, char *out)
{
	unsigned proto = (unsigned)number(r, COL_proto);
	const char *name = s->plain ? NULL : proto_name(proto);

	return name == NULL ? uint_text(proto, out) : copy(out, name);
}

static size_t
hex_text(uint64_t v, size_t digits, char *out)
{
	memcpy(out, "0x", 2);
	for (size_t i = 0; i < digits; i++, v >>= 4)
		out[1 + digits - i] = "0123456789abcdef"[v & 15];
	return 2 + digits;
}

static size_t
mpls_text(uint64_t v, char *out)
{
	size_t n = uint_text(v >> 4, out);

	out[n++] = '-';
	n += uint_text(v >> 1 & 7, out + n);
	out[n++] = '-';
	return n + uint_text(v & 1, out + n);
}

/* Names as nfdump writes them; an unknown one is its number. */
static size_t
event_text(const struct field *f, const struct row *r, char *out)
{
	enum value_kind kind = f->kind == FIELD_NAT_EVENT ? VALUE_NAT_EVENT :
	    f->kind == FIELD_FW_EVENT ? VALUE_FW_EVENT : VALUE_FW_DENIED;
	uint64_t v = number(r, f->column);
	const char *name;
	size_t n;

	if (!flow_has(&r->flow, f->column) ||
	    (v == 0 && f->kind != FIELD_FW_EVENT))
		return copy(out, f->kind == FIELD_FW_XEVENT ? "Ignore" :
		    "INVALID");
	name = words_name(kind, (int64_t)v);
	if (name == NULL)
		return uint_text(v, out);
	n = copy(out, name);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
	return n;
}

/* Not sent: nfdump takes the low bytes of the source id. */
static size_t
engine_text(const struct row *r, char *out)
{
	uint32_t domain = r->exporter.domain;
	uint64_t type = domain >> 8 & 255, id = domain & 255;
	size_t n;

	if (flow_has(&r->flow, COL_engine_type))
		type = r->flow.engine_type;
	if (flow_has(&r->flow, COL_engine_id))
		id = r->flow.engine_id;
	n = uint_text(type, out);
	out[n++] = '/';
	return n + fill(out + n, uint_text(id, out + n), 3);
}

/* As nfdump: letters only where they mean something. */
static size_t
flags_text(const struct row *r, char *out)
{
	bool tcp = !flow_has(&r->flow, COL_proto) || r->flow.proto == 6;

	flags_format(tcp && flow_has(&r->flow, COL_tcp_flags) ?
	    r->flow.tcp_flags : 0, out);
	return FLAGS_TEXT_MAX - 1;
}

static size_t
direction_text(uint64_t v, char *out)
{
	if (v > 1)
		return uint_text(v, out);
	out[0] = v == 0 ? 'I' : 'E';
	return 1;
}

static size_t
time_cell(const struct field *f, struct cell_style *s, const struct row *r,
    char *out)
{
	int64_t first = flow_has(&r->flow, COL_first_ms) ?
	    r->flow.first_ms : 0;
	int64_t span = flow_has(&r->flow, COL_duration_ms) ?
	    r->flow.duration_ms : 0;

	switch (f->kind) {
	case FIELD_FIRST:
		return time_ms_text(&s->time, first, out);
	case FIELD_LAST:
		return time_ms_text(&s->time, row_last_ms(r), out);
	case FIELD_FIRST_RAW:
		return seconds_text(first, out);
	case FIELD_LAST_RAW:
		return seconds_text(row_last_ms(r), out);
	case FIELD_SECONDS:
		return seconds_text(span, out);
	default:
		return cell_span(s, span, out);
	}
}

/* Kinds that have no zero other than "0", and are not found in a table. */
static size_t
value_text(const struct field *f, struct cell_style *s, const struct row *r,
    char *out)
{
	size_t n = field_value(f, &s->time, r, out);

	if (n > 0)
		return n;
	if (f->kind == FIELD_MAC)
		return copy(out, "00:00:00:00:00:00");
	if (f->kind == FIELD_COUNTRY)
		return copy(out, GEO_CODE_NONE);
	return copy(out, "0");
}

size_t
cell_text(const struct field *f, struct cell_style *s, const struct row *r,
    char out[CELL_TEXT_MAX])
{
	switch (f->kind) {
	case FIELD_FIRST: case FIELD_LAST: case FIELD_FIRST_RAW:
	case FIELD_LAST_RAW: case FIELD_DURATION: case FIELD_SECONDS:
		return time_cell(f, s, r, out);
	case FIELD_ADDR: case FIELD_EXPORTER:
		return addr_text(addr_or_zero(f->column, r), s, out);
	case FIELD_ADDR_PORT:
		return addr_port_text(f, s, r, out);
	case FIELD_NET:
		return net_text(f, s, r, out);
	case FIELD_PORT:
		return port_text(f->column, r, out);
	case FIELD_PROTO:
		return proto_text(s, r, out);
	case FIELD_FLAGS:
		return flags_text(r, out);
	case FIELD_COUNTER:
		return cell_scaled(s, (int64_t)number(r, f->column), out);
	case FIELD_PPS:
		return cell_scaled(s, row_pps(r), out);
	case FIELD_BPS:
		return cell_scaled(s, row_bps(r), out);
	case FIELD_DIRECTION:
		return direction_text(number(r, f->column), out);
	case FIELD_HEX:
		return hex_text(number(r, f->column), f->width - 2U, out);
	case FIELD_MPLS:
		return mpls_text(number(r, f->column), out);
	case FIELD_FW_EVENT: case FIELD_FW_XEVENT: case FIELD_NAT_EVENT:
		return event_text(f, r, out);
	case FIELD_ENGINE:
		return engine_text(r, out);
	case FIELD_VERSION:
		return copy(out, "Nv") +
		    uint_text(r->exporter.version, out + 2);
	case FIELD_RECORD:
		return uint_text(s->record, out);
	default:
		return value_text(f, s, r, out);
	}
}

static void
all_mpls(struct out *o, struct cell_style *s, const struct row *r)
{
	for (int c = COL_mpls1; c <= COL_mpls10; c++) {
		cell_print(o, field_of(c), s, r);
		out_char(o, ' ');
	}
}

void
cell_print(struct out *o, const struct field *f, struct cell_style *s,
    const struct row *r)
{
	size_t width = f->width, n, pad;
	char *at;

	if (f->kind == FIELD_NEWLINE) {
		out_char(o, '\n');
		return;
	}
	if (f->kind == FIELD_MPLS_ALL) {
		all_mpls(o, s, r);
		return;
	}
	if (s->full_ip6 && cell_has_addr(f))
		width += CELL_WIDER6;
	at = out_room(o, CELL_MAX);
	n = cell_text(f, s, r, at);
	pad = n < width ? width - n : 0;
	if (f->kind == FIELD_PROTO)
		memset(at + n, ' ', pad);
	else if (pad > 0) {
		memmove(at + pad, at, n);
		memset(at, ' ', pad);
	}
	out_used(o, n + pad);
}
