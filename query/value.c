/* Values of the filter language: see value.h. */
#include "query/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/geo.h"
#include "query/service.h"
#include "query/window.h"
#include "schema/proto.h"

#define HOST_ADDRS_MAX	64	/* addresses taken of one host name */
#define HOST_NAME_MAX	255

void
set_builder_clear(struct set_builder *b)
{
	free(b->num);
	free(b->addr);
	free(b->places);
}

/* Room for one more of elements of that size; 0 or -1. */
static int
grow(struct set_builder *b, void **v, size_t size, struct err *err)
{
	if (b->n == b->room) {
		size_t room = b->room == 0 ? 8 : b->room * 2;
		void *p = realloc(*v, room * size);

		if (p == NULL)
			return err_set(err, "out of memory");
		*v = p;
		b->room = room;
	}
	return 0;
}

static int
add_number(struct set_builder *b, int64_t lo, int64_t hi, struct err *err)
{
	void *v = b->num;

	if (grow(b, &v, sizeof(*b->num), err) == -1)
		return -1;
	b->num = v;
	b->num[b->n++] = (struct num_range){ lo, hi };
	return 0;
}

static int
add_range(struct set_builder *b, const struct addr *lo, const struct addr *hi,
    struct err *err)
{
	void *v = b->addr;

	if (grow(b, &v, sizeof(*b->addr), err) == -1)
		return -1;
	b->addr = v;
	b->addr[b->n++] = (struct addr_range){ *lo, *hi };
	return 0;
}

int
set_build(struct set_builder *b, struct filter *f, struct set *out,
    struct err *err)
{
	struct set s = { .n = b->n, .num = b->num, .addr = b->addr,
		.text = b->text };
	void *copy = NULL;
	size_t size;

	set_tidy(&s);
	size = s.n * (s.num != NULL ? sizeof(*s.num) : sizeof(*s.addr));
	if (s.text == NULL) {
		copy = ast_alloc(f, size);
		if (copy == NULL)
			return err_set(err, "out of memory");
		memcpy(copy, s.num != NULL ? (void *)s.num : (void *)s.addr,
		    size);
	}
	if (b->places != NULL) {
		size_t len = strlen(b->places) + 1;
		char *places = ast_alloc(f, len);

		if (places == NULL)
			return err_set(err, "out of memory");
		memcpy(places, b->places, len);
		s.places = places;
	}
	if (s.num != NULL)
		s.num = copy;
	if (s.addr != NULL)
		s.addr = copy;
	*out = s;
	return 0;
}

bool
token_is_value(const struct token *t)
{
	return t->kind == TOK_WORD || t->kind == TOK_STRING;
}

const char *
token_quote(const struct token *t, char out[VALUE_QUOTE_MAX])
{
	size_t n = 0, max = VALUE_QUOTE_MAX - 6;

	if (t->kind == TOK_END)
		return "end of filter";
	out[n++] = '"';
	for (size_t i = 0; i < t->len; i++) {
		unsigned char c = (unsigned char)t->text[i];

		if (n > max) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		out[n++] = (char)(c < ' ' || c > '~' ? '?' : c);
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

bool
token_is(const struct token *t, const char *word)
{
	return t->kind == TOK_WORD && strlen(word) == t->len &&
	    strncasecmp(word, t->text, t->len) == 0;
}

int
token_unexpected(const struct token *t, const char *expected, struct err *err)
{
	char quote[VALUE_QUOTE_MAX];

	if (t->kind == TOK_UNCLOSED)
		return err_at(err, t->offset, t->length,
		    "this quote is never closed");
	if (t->kind == TOK_BAD && t->text[0] == '%')
		return err_at(err, t->offset, t->length,
		    "flow labels are not stored");
	if (t->kind == TOK_BAD && (t->text[0] == '&' || t->text[0] == '|'))
		return err_at(err, t->offset, t->length,
		    "expected %s, got \"%c\": did you mean \"%c%c\"?",
		    expected, t->text[0], t->text[0], t->text[0]);
	return err_at(err, t->offset, t->length, "expected %s, got %s",
	    expected, token_quote(t, quote));
}

const char *
value_expected(enum value_kind kind)
{
	switch (kind) {
	case VALUE_ADDR:
		return "IP address or network";
	case VALUE_NET:
		return "network (address/length)";
	case VALUE_PORT:
		return "port number";
	case VALUE_PROTO:
		return "protocol name or number";
	case VALUE_FLAGS:
		return "TCP flags (letters CEUAPRSF, X) or a number";
	case VALUE_MAC:
		return "MAC address (aa:bb:cc:dd:ee:ff)";
	case VALUE_TIME:
		return "time such as 2026-11-23T05:52";
	case VALUE_NAME:
		return "name";
	case VALUE_FWDSTAT:
		return "forwarding status";
	case VALUE_DIRECTION:
		return "ingress, egress, 0 or 1";
	case VALUE_FW_EVENT:
	case VALUE_NAT_EVENT:
		return "event name or number";
	case VALUE_COUNTRY:
		return "country of two letters such as DE";
	case VALUE_FW_DENIED:
		return "ingress, egress, interface or nosyn";
	default:
		return "number";
	}
}

bool
value_needs_geo(enum value_kind kind)
{
	return kind == VALUE_COUNTRY || kind == VALUE_ASN;
}

bool
value_ordered(enum value_kind kind)
{
	return kind == VALUE_NUMBER || kind == VALUE_PORT ||
	    kind == VALUE_TIME || kind == VALUE_FLAGS ||
	    kind == VALUE_FW_EVENT || kind == VALUE_NAT_EVENT;
}

static int
unexpected(const struct value_ask *ask, const struct token *t,
    struct err *err)
{
	char quote[VALUE_QUOTE_MAX];

	return err_at(err, t->offset, t->length, "expected %s, got %s",
	    value_expected(ask->word->value), token_quote(t, quote));
}

static int
too_large(const struct value_ask *ask, const struct token *t, struct err *err)
{
	char quote[VALUE_QUOTE_MAX];

	return err_at(err, t->offset, t->length,
	    "%s %s is larger than %lld", ask->word->value == VALUE_PORT ?
	    "port number" : "number", token_quote(t, quote),
	    (long long)ask->max);
}

/*
 * "a" or "a-b".  1 when the token is a number or range (added), 0 when it is
 * something else, -1 on error.
 */
static int
add_number_token(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	const char *dash = memchr(t->text, '-', t->len);
	size_t n = dash == NULL ? t->len : (size_t)(dash - t->text);
	int64_t lo, hi;
	int rc = lex_number(t->text, n, &lo), rc2 = rc;

	hi = rc == 0 ? lo : 0;
	if (dash != NULL)
		rc2 = lex_number(dash + 1, t->len - n - 1, &hi);
	if (rc == -1 || rc2 == -1)
		return 0;
	if (rc == -2 || rc2 == -2 || lo > ask->max || hi > ask->max)
		return too_large(ask, t, err);
	if (lo > hi)
		return err_at(err, t->offset, t->length,
		    "the range ends before it begins");
	return add_number(b, lo, hi, err) == -1 ? -1 : 1;
}

static int
add_port(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	int port = service_find(t->text, t->len);

	if (port == -1)
		return unexpected(ask, t, err);
	return add_number(b, port, port, err);
}

static int
add_proto(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	const char *near = words_near_proto(t->text, t->len);
	char quote[VALUE_QUOTE_MAX];
	int proto = proto_find(t->text, t->len);

	if (proto != -1)
		return add_number(b, proto, proto, err);
	if (near == NULL)
		return unexpected(ask, t, err);
	return err_at(err, t->offset, t->length,
	    "expected %s, got %s: did you mean %s?",
	    value_expected(VALUE_PROTO), token_quote(t, quote), near);
}

static int
add_named(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	enum value_kind kind = ask->word->value;
	int number = words_named(kind, t->text, t->len);
	char quote[VALUE_QUOTE_MAX];
	const char *name;

	if (number != -1)
		return add_number(b, number, number, err);
	for (size_t i = 0; (name = words_name_at(kind, i)) != NULL; i++) {
		if (words_distance(name, strlen(name), t->text, t->len) < 2)
			return err_at(err, t->offset, t->length,
			    "expected %s, got %s: did you mean %s?",
			    value_expected(kind), token_quote(t, quote), name);
	}
	return unexpected(ask, t, err);
}

/* "aa:bb:cc:dd:ee:ff", each group one or two digits. */
static int
add_mac(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	int64_t mac = 0, group = 0;
	unsigned colons = 0, digits = 0;

	for (size_t i = 0; i <= t->len; i++) {
		char c = i < t->len ? t->text[i] : ':';
		char hex[3] = { '0', 'x', c };
		int64_t d;

		if (c == ':') {
			if (digits == 0)
				return unexpected(ask, t, err);
			mac = mac << 8 | group;
			group = digits = 0;
			if (++colons > 6)
				return unexpected(ask, t, err);
		} else if (lex_number(hex, 3, &d) == 0 && ++digits <= 2) {
			group = group << 4 | d;
		} else {
			return unexpected(ask, t, err);
		}
	}
	if (colons != 6)
		return unexpected(ask, t, err);
	return add_number(b, mac, mac, err);
}

static int
add_flags(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	int bits = words_flags(t->text, t->len);

	if (bits == -1)
		return unexpected(ask, t, err);
	return add_number(b, bits, bits, err);
}

/* A time, which is as long as its unit, or "time..time". */
static int
add_time(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	bool utc = ask->env->utc;
	int64_t lo, hi, ignored;
	size_t n = t->len;

	for (size_t i = 0; i + 1 < t->len; i++) {
		if (t->text[i] == '.' && t->text[i + 1] == '.')
			n = i;
	}
	if (window_instant(t->text, n, utc, &lo, &hi) == -1)
		return unexpected(ask, t, err);
	if (n < t->len && window_instant(t->text + n + 2, t->len - n - 2, utc,
	    &ignored, &hi) == -1)
		return unexpected(ask, t, err);
	if (lo > hi)
		return err_at(err, t->offset, t->length,
		    "the range ends before it begins");
	return add_number(b, lo, hi, err);
}

static int
add_name(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	char *copy;

	if (t->len == 0 || b->n > 0)
		return unexpected(ask, t, err);
	copy = ast_alloc(ask->filter, t->len + 1);
	if (copy == NULL)
		return err_set(err, "out of memory");
	memcpy(copy, t->text, t->len);
	b->text = copy;
	b->n = 1;
	return 0;
}

static int
add_host(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	char name[HOST_NAME_MAX + 1], quote[VALUE_QUOTE_MAX];
	struct addr found[HOST_ADDRS_MAX];
	size_t n;

	if (t->len == 0 || t->len > HOST_NAME_MAX)
		return unexpected(ask, t, err);
	memcpy(name, t->text, t->len);
	name[t->len] = '\0';
	n = ask->env->resolve(ask->env->arg, name, found, HOST_ADDRS_MAX);
	if (n == 0)
		return err_at(err, t->offset, t->length,
		    "host %s has no address", token_quote(t, quote));
	for (size_t i = 0; i < n && i < HOST_ADDRS_MAX; i++) {
		if (add_range(b, &found[i], &found[i], err) == -1)
			return -1;
	}
	return 0;
}

/* Says what is wrong with a text that should have been an address. */
static int
bad_addr(const struct value_ask *ask, const struct token *t, struct err *err)
{
	const char *slash = memchr(t->text, '/', t->len);
	size_t n = slash == NULL ? t->len : (size_t)(slash - t->text);
	char quote[VALUE_QUOTE_MAX];
	struct addr a;

	if (slash != NULL && addr_parse(t->text, n, &a) == 0)
		return err_at(err, t->offset + n + 1, t->length - n - 1,
		    "expected a prefix length from 0 to %u", a.len * 8U);
	for (size_t i = 0; i < n; i++) {
		if ((t->text[i] < '0' || t->text[i] > '9') &&
		    t->text[i] != '.')
			return unexpected(ask, t, err);
	}
	return err_at(err, t->offset, t->length, "incomplete IP address %s",
	    token_quote(t, quote));
}

static bool
is_host_name(const struct token *t)
{
	bool letter = false;

	for (size_t i = 0; i < t->len; i++) {
		char c = t->text[i];

		if (c == ':' || c == '/' || c == '+' || c == '@')
			return false;
		letter = letter || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z');
	}
	return letter;
}

static int
add_addr(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	const char *dash = memchr(t->text, '-', t->len);
	struct prefix p;
	struct addr lo, hi;

	if (dash != NULL &&
	    addr_parse(t->text, (size_t)(dash - t->text), &lo) == 0 &&
	    addr_parse(dash + 1, (size_t)(t->text + t->len - dash - 1),
	    &hi) == 0) {
		if (lo.len != hi.len)
			return err_at(err, t->offset, t->length,
			    "a range is of one kind, IPv4 or IPv6");
		if (addr_cmp(&lo, &hi) > 0)
			return err_at(err, t->offset, t->length,
			    "the range ends before it begins");
		return add_range(b, &lo, &hi, err);
	}
	if (prefix_parse(t->text, t->len, &p) == 0) {
		if (ask->word->value == VALUE_NET && !ask->list &&
		    memchr(t->text, '/', t->len) == NULL)
			return err_at(err, t->offset + t->length, 1,
			    "expected /length or a mask behind the address");
		return add_range(b, &p.lo, &p.hi, err);
	}
	if (!is_host_name(t))
		return bad_addr(ask, t, err);
	if (!ask->word->hosts || ask->list || ask->env->resolve == NULL)
		return unexpected(ask, t, err);
	return add_host(b, ask, t, err);
}

/* "DE FR", behind what stands there. */
static int
note_place(struct set_builder *b, const char *text, size_t len,
    struct err *err)
{
	size_t have = b->places == NULL ? 0 : strlen(b->places);
	char *p = realloc(b->places, have + len + 2);

	if (p == NULL)
		return err_set(err, "out of memory");
	b->places = p;
	if (have > 0)
		p[have++] = ' ';
	memcpy(p + have, text, len);
	p[have + len] = '\0';
	return 0;
}

static int
take_range(void *arg, const struct addr *lo, const struct addr *hi,
    struct err *err)
{
	return add_range(arg, lo, hi, err);
}

/* The addresses of a country or an AS, by the database. */
static int
add_place(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	bool country = ask->word->value == VALUE_COUNTRY;
	char quote[VALUE_QUOTE_MAX], text[24];
	int64_t v = country ? geo_code_parse(t->text, t->len) : -1;
	size_t before = b->n, len;

	if (v == -1 && (country || lex_number(t->text, t->len, &v) != 0))
		return unexpected(ask, t, err);
	if (v > UINT32_MAX)
		return too_large(ask, t, err);
	if (geo_ranges(ask->geo, country ? GEO_COUNTRY : GEO_AS, (uint32_t)v,
	    take_range, b, err) == -1)
		return -1;
	if (b->n == before)
		return err_at(err, t->offset, t->length, "the database has "
		    "no network of %s %s", country ? "country" : "AS",
		    token_quote(t, quote));
	len = country ? geo_code_text((uint32_t)v, text) :
	    (size_t)snprintf(text, sizeof(text), "%lld", (long long)v);
	return note_place(b, text, len, err);
}

int
value_add(struct set_builder *b, const struct value_ask *ask,
    const struct token *t, struct err *err)
{
	enum value_kind kind = ask->word->value;
	int rc;

	if (!token_is_value(t))
		return unexpected(ask, t, err);
	switch (kind) {
	case VALUE_ADDR:
	case VALUE_NET:
		return add_addr(b, ask, t, err);
	case VALUE_TIME:
		return add_time(b, ask, t, err);
	case VALUE_NAME:
		return add_name(b, ask, t, err);
	case VALUE_MAC:
		return add_mac(b, ask, t, err);
	case VALUE_COUNTRY:
	case VALUE_ASN:
		return add_place(b, ask, t, err);
	default:
		break;
	}
	if (kind != VALUE_FW_DENIED) {
		rc = add_number_token(b, ask, t, err);
		if (rc != 0)
			return rc == 1 ? 0 : -1;
	}
	switch (kind) {
	case VALUE_PORT:
		return add_port(b, ask, t, err);
	case VALUE_PROTO:
		return add_proto(b, ask, t, err);
	case VALUE_FLAGS:
		return add_flags(b, ask, t, err);
	case VALUE_NUMBER:
		return unexpected(ask, t, err);
	default:
		return add_named(b, ask, t, err);
	}
}

bool
token_is_ipv4(const struct token *t)
{
	struct addr a;

	return t->kind == TOK_WORD && addr_parse(t->text, t->len, &a) == 0 &&
	    a.len == 4;
}

int
value_add_masked(struct set_builder *b, const struct token *addr,
    const struct token *mask, struct err *err)
{
	struct addr a, m;
	struct prefix p;
	uint32_t bits = 0;
	unsigned len = 0;

	if (addr_parse(addr->text, addr->len, &a) == -1 ||
	    addr_parse(mask->text, mask->len, &m) == -1)
		return err_at(err, addr->offset, addr->length,
		    "expected address and mask");
	for (int i = 0; i < 4; i++)
		bits = bits << 8 | m.bytes[i];
	while (len < 32 && bits >> (31 - len) & 1)
		len++;
	if (len < 32 && bits << len != 0)
		return err_at(err, mask->offset, mask->length,
		    "a mask is ones, then zeros, such as 255.255.255.0");
	p = prefix_of(&a, len);
	return add_range(b, &p.lo, &p.hi, err);
}
