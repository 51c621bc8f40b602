/* The texts of -s and -A: see group.h. */
#include "query/group.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Moves the place of an error of a part to the whole text. */
static int
shift(struct err *err, size_t by)
{
	if (err != NULL && err->code == ERR_SYNTAX)
		err->offset += by;
	return -1;
}

static int
unknown_field(const char *text, size_t len, const char *what,
    struct err *err)
{
	const char *near = stat_suggest(text, len);
	const char *missing = stat_missing(text, len);

	if (missing != NULL)
		return err_at(err, 0, len, "no %s \"%.*s\": %s", what,
		    (int)len, text, missing);
	if (near != NULL)
		return err_at(err, 0, len == 0 ? 1 : len, "unknown %s "
		    "\"%.*s\": did you mean \"%s\"?", what, (int)len, text,
		    near);
	return err_at(err, 0, len == 0 ? 1 : len, "unknown %s \"%.*s\" (see "
	    "flowq help stats)", what, (int)len, text);
}

/* A decimal number of up to three digits that is all of text. */
static int
small_number(const char *text, size_t len)
{
	int v = 0;

	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + text[i] - '0';
	}
	return v;
}

/* "srcip4/24": the field without the digit, and the prefix length. */
static int
parse_prefixed(const char *text, size_t len, const char *slash,
    struct group_part *p, struct err *err)
{
	size_t n = (size_t)(slash - text);
	int bits = small_number(slash + 1, len - n - 1), max;
	char family = n > 0 ? text[n - 1] : '\0';

	if (family != '4' && family != '6')
		return err_at(err, 0, len, "expected a name such as srcip4/24 "
		    "or dstip6/48, got \"%.*s\"", (int)len, text);
	p->info = stat_find(text, n - 1);
	if (p->info == NULL || p->info->place != GEO_NOTHING ||
	    p->info->side[0] == STAT_EXPORTER ||
	    column_info((enum column)p->info->side[0])->type != CT_ADDR)
		return err_at(err, 0, n, "\"%.*s\" is no address: only those "
		    "have a prefix length", (int)n, text);
	max = family == '4' ? 32 : 128;
	if (bits < 0 || bits > max)
		return err_at(err, n + 1, len > n + 1 ? len - n - 1 : 1,
		    "expected a prefix length from 0 to %d", max);
	if (family == '4')
		p->bits4 = (uint8_t)bits;
	else
		p->bits6 = (uint8_t)bits;
	return 0;
}

static void
set_name(struct group_part *p, const char *name, size_t len)
{
	(void)snprintf(p->name, sizeof(p->name), "%.*s", (int)len, name);
	for (char *c = p->name; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
}

static int
parse_part(const char *text, size_t len, const char *what,
    struct group_part *p, struct err *err)
{
	const char *slash = memchr(text, '/', len);

	*p = (struct group_part){ .bits4 = 32, .bits6 = 128, .mask = -1 };
	set_name(p, text, len);
	if (slash != NULL)
		return parse_prefixed(text, len, slash, p, err);
	if (len == 6 && strncasecmp(text, "srcnet", len) == 0) {
		p->info = stat_find("srcip", 5);
		p->mask = COL_src_mask;
	} else if (len == 6 && strncasecmp(text, "dstnet", len) == 0) {
		p->info = stat_find("dstip", 5);
		p->mask = COL_dst_mask;
	} else {
		p->info = stat_find(text, len);
	}
	return p->info == NULL ? unknown_field(text, len, what, err) : 0;
}

void
group_record(struct group *out)
{
	static const char *const parts[] = { "proto", "srcip", "dstip",
	    "srcport", "dstport" };
	struct err ignored;

	*out = (struct group){ .kind = GROUP_RECORD };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		(void)parse_part(parts[i], strlen(parts[i]), "field",
		    &out->part[out->n++], &ignored);
}

/* Length of the name before ":p" and "/order"; srcip4/24 is one name. */
static size_t
stat_name_length(const char *text)
{
	size_t n = strcspn(text, ":/");

	if (n > 1 && text[n] == '/' &&
	    (text[n - 1] == '4' || text[n - 1] == '6') &&
	    text[n + 1] >= '0' && text[n + 1] <= '9')
		n += 1 + strcspn(text + n + 1, ":/");
	return n;
}

static int
parse_orders(const char *text, size_t at, struct group *out, struct err *err)
{
	while (text[at] == '/') {
		size_t len = strcspn(text + ++at, "/");
		struct order *o = &out->order[out->n_orders];

		if (out->n_orders == GROUP_ORDERS)
			return err_at(err, at, len + 1, "more than %d orders",
			    GROUP_ORDERS);
		if (order_parse(text + at, len, true, o, err) == -1)
			return shift(err, at);
		if (out->n_orders > 0 && o->out != out->order[0].out)
			return err_at(err, at, len, "orders of both "
			    "directions need a -s each");
		out->n_orders++;
		at += len;
	}
	if (text[at] != '\0')
		return err_at(err, at, strlen(text + at),
		    "expected \":p\" or \"/ORDER\", got \"%s\"", text + at);
	return 0;
}

int
group_parse_stat(const char *text, const struct order *default_order,
    struct group *out, struct err *err)
{
	size_t n = stat_name_length(text), at = n;

	if (n == 6 && strncasecmp(text, "record", n) == 0) {
		group_record(out);
	} else {
		*out = (struct group){ .kind = GROUP_STAT, .n = 1 };
		if (parse_part(text, n, "statistic", &out->part[0],
		    err) == -1)
			return -1;
	}
	out->ranked = true;
	if (text[at] == ':' && text[at + 1] == 'p' &&
	    (text[at + 2] == '\0' || text[at + 2] == '/')) {
		at += 2;
		if (out->kind == GROUP_STAT) {
			out->by_proto = true;
			(void)parse_part("proto", 5, "field",
			    &out->part[out->n++], err);
		}
	}
	if (parse_orders(text, at, out, err) == -1)
		return -1;
	if (out->n_orders == 0) {
		if (default_order != NULL)
			out->order[0] = *default_order;
		else
			(void)order_parse("flows", 5, true, &out->order[0],
			    err);
		out->n_orders = 1;
	}
	out->out = out->order[0].out;
	return 0;
}

/* srcip4/24 and srcip6/48 are one part; else no field may stand twice. */
static int
join_part(struct group *g, const struct group_part *p, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		struct group_part *q = &g->part[i];

		if (q->info != p->info || q->mask != p->mask)
			continue;
		if (q->bits4 < 32 && q->bits6 == 128 && p->bits6 < 128 &&
		    p->bits4 == 32)
			q->bits6 = p->bits6;
		else if (q->bits6 < 128 && q->bits4 == 32 && p->bits4 < 32 &&
		    p->bits6 == 128)
			q->bits4 = p->bits4;
		else
			return err_at(err, 0, strlen(p->name),
			    "\"%s\" stands there twice", p->name);
		set_name(q, p->info->name, strlen(p->info->name));
		return 0;
	}
	if (g->n == PRINT_KEYS_MAX)
		return err_at(err, 0, 1, "more than %d fields",
		    PRINT_KEYS_MAX);
	g->part[g->n++] = *p;
	return 0;
}

int
group_parse_fields(const char *text, struct group *out, struct err *err)
{
	size_t at = 0;

	*out = (struct group){ .kind = GROUP_FIELDS };
	for (;;) {
		size_t len = strcspn(text + at, ",");
		struct group_part p;

		if (parse_part(text + at, len, "field", &p, err) == -1)
			return shift(err, at);
		if (p.info->n_sides > 1)
			return err_at(err, at, len, "\"%s\" has several "
			    "sides: aggregate by one of them", p.name);
		if (join_part(out, &p, err) == -1)
			return shift(err, at);
		at += len;
		if (text[at] == '\0')
			break;
		at++;
	}
	if (group_key_max(out) > TALLY_KEY_MAX)
		return err_at(err, 0, at, "too many fields: together they "
		    "are longer than %d bytes", TALLY_KEY_MAX);
	return 0;
}
