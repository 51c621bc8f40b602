/*
 * "x IN set" as SQL.  Short sets are binds: x = ?, x IN (?, ?), x BETWEEN ? AND
 * ?.  An IPv4 range also asks for the length, as a 16-byte address can lie
 * between two of 4 bytes.
 *
 * Long sets are one bind each, so that their length is bound by nothing in
 * SQLite: single values are cut out of one blob by a recursive query (numbers:
 * out of a JSON text) and looked up in the table that IN makes of them; for
 * ranges a C function searches the sorted blob.  Plain SQL (--sql) has no such
 * function and walks through the ranges.
 */
#include "query/sql_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"

#define SINGLES_MAX	500	/* binds; a longer list is a blob */
#define RANGES_MAX	100	/* SQLite's expressions are 1000 deep */

/* Ranges of a set of one kind: single values or not, one address family. */
struct pick {
	const struct set *set;
	bool		  single;
	unsigned	  width;	/* 4, 16; 8: numbers */
	size_t		  n;
};

static bool
picked(const struct pick *p, size_t i)
{
	const struct set *s = p->set;

	if (s->num != NULL)
		return p->width == 8 &&
		    (s->num[i].lo == s->num[i].hi) == p->single;
	return s->addr[i].lo.len == p->width &&
	    (addr_cmp(&s->addr[i].lo, &s->addr[i].hi) == 0) == p->single;
}

static size_t
count_picked(struct pick *p)
{
	p->n = 0;
	for (size_t i = 0; i < p->set->n; i++)
		p->n += picked(p, i);
	return p->n;
}

static bool
is_long(const struct pick *p)
{
	return p->n > (p->single ? SINGLES_MAX : RANGES_MAX);
}

static void
put_number(uint8_t *to, int64_t v)
{
	for (int i = 7; i >= 0; i--) {
		to[i] = (uint8_t)v;
		v >>= 8;
	}
}

/* The picked values (of ranges lo and hi) behind each other, as bytes. */
static size_t
bind_packed(struct sql_writer *w, const struct pick *p)
{
	size_t size = p->n * p->width * (p->single ? 1 : 2), at = 0;
	uint8_t *blob = malloc(size);

	for (size_t i = 0; blob != NULL && i < p->set->n; i++) {
		if (!picked(p, i))
			continue;
		for (int end = 0; end < (p->single ? 1 : 2); end++) {
			if (p->width == 8)
				put_number(blob + at, end == 0 ?
				    p->set->num[i].lo : p->set->num[i].hi);
			else
				memcpy(blob + at, end == 0 ?
				    p->set->addr[i].lo.bytes :
				    p->set->addr[i].hi.bytes, p->width);
			at += p->width;
		}
	}
	return sql_bind_owned(w, SQL_BLOB, blob, size);
}

/* "[1,2]", of ranges "[[1,5],[7,9]]". */
static size_t
bind_json(struct sql_writer *w, const struct pick *p)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const char *comma = "";

	if (out == NULL)
		return sql_bind_owned(w, SQL_TEXT, NULL, 0);
	putc('[', out);
	for (size_t i = 0; i < p->set->n; i++) {
		const struct num_range *r = &p->set->num[i];

		if (!picked(p, i))
			continue;
		if (p->single)
			fprintf(out, "%s%lld", comma, (long long)r->lo);
		else
			fprintf(out, "%s[%lld,%lld]", comma,
			    (long long)r->lo, (long long)r->hi);
		comma = ",";
	}
	putc(']', out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	return sql_bind_owned(w, SQL_TEXT, text, len);
}

/* Adds the binds of the picked ranges; returns the first one's number. */
static size_t
bind_picked(struct sql_writer *w, const struct pick *p)
{
	size_t base = w->out->n_binds + 1;

	if (is_long(p)) {
		if (p->width == 8 && (p->single || w->shape->plain))
			return bind_json(w, p);
		return bind_packed(w, p);
	}
	for (size_t i = 0; i < p->set->n; i++) {
		const struct set *s = p->set;

		if (!picked(p, i))
			continue;
		if (s->num != NULL)
			(void)sql_bind_int(w, s->num[i].lo);
		else
			(void)sql_bind_addr(w, &s->addr[i].lo);
		if (p->single)
			continue;
		if (s->num != NULL)
			(void)sql_bind_int(w, s->num[i].hi);
		else
			(void)sql_bind_addr(w, &s->addr[i].hi);
	}
	return base;
}

static size_t
binds_of(const struct pick *p)
{
	return is_long(p) ? 1 : p->n * (p->single ? 1 : 2);
}

static void
write_singles(struct sql_writer *w, const char *expr, const struct pick *p,
    size_t base)
{
	unsigned b = (unsigned)base, wd = p->width;

	if (is_long(p) && wd == 8) {
		sqlite3_str_appendf(w->s,
		    "%s IN (SELECT value FROM json_each(?%u))", expr, b);
	} else if (is_long(p)) {
		sqlite3_str_appendf(w->s, "%s IN (WITH RECURSIVE n(i) AS "
		    "(SELECT 1 UNION ALL SELECT i + %u FROM n "
		    "WHERE i + %u < length(?%u)) "
		    "SELECT substr(?%u, i, %u) FROM n)", expr, wd, wd, b, b,
		    wd);
	} else if (p->n == 1) {
		sqlite3_str_appendf(w->s, "%s = ?%u", expr, b);
	} else {
		sqlite3_str_appendf(w->s, "%s IN (", expr);
		for (size_t i = 0; i < p->n; i++)
			sqlite3_str_appendf(w->s, "%s?%u", i > 0 ? "," : "",
			    b + (unsigned)i);
		sqlite3_str_appendall(w->s, ")");
	}
}

static void
write_long_ranges(struct sql_writer *w, const char *expr,
    const struct pick *p, unsigned b)
{
	unsigned wd = p->width;

	if (!w->shape->plain)
		sqlite3_str_appendf(w->s, "flow_in(%s, ?%u)", expr, b);
	else if (wd == 8)
		sqlite3_str_appendf(w->s, "EXISTS (SELECT 1 FROM json_each(?%u)"
		    " WHERE %s BETWEEN value->>0 AND value->>1)", b, expr);
	else
		sqlite3_str_appendf(w->s, "EXISTS (WITH RECURSIVE n(i) AS "
		    "(SELECT 1 UNION ALL SELECT i + %u FROM n "
		    "WHERE i + %u < length(?%u)) SELECT 1 FROM n WHERE %s "
		    "BETWEEN substr(?%u, i, %u) AND substr(?%u, i + %u, %u))",
		    2 * wd, 2 * wd, b, expr, b, wd, b, wd, wd);
}

static void
write_ranges(struct sql_writer *w, const char *expr, const struct pick *p,
    size_t base)
{
	unsigned b = (unsigned)base;
	bool several = !is_long(p) && p->n > 1;

	if (p->width != 8)
		sqlite3_str_appendf(w->s, "length(%s) = %u AND ", expr,
		    p->width);
	if (several)
		sqlite3_str_appendall(w->s, "(");
	if (is_long(p)) {
		write_long_ranges(w, expr, p, b);
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		sqlite3_str_appendf(w->s, "%s%s BETWEEN ?%u AND ?%u",
		    i > 0 ? " OR " : "", expr, b + 2 * (unsigned)i,
		    b + 2 * (unsigned)i + 1);
	if (several)
		sqlite3_str_appendall(w->s, ")");
}

size_t
sql_in_set(struct sql_writer *w, const char *expr, const struct set *set,
    size_t base)
{
	struct pick picks[] = {
		{ .set = set, .single = true, .width = 8 },
		{ .set = set, .single = false, .width = 8 },
		{ .set = set, .single = true, .width = 4 },
		{ .set = set, .single = false, .width = 4 },
		{ .set = set, .single = true, .width = 16 },
		{ .set = set, .single = false, .width = 16 }
	};
	const size_t n = sizeof(picks) / sizeof(picks[0]);
	const char *or = "";
	size_t at, parts = 0;

	if (set->text != NULL) {
		if (base == 0)
			base = sql_bind_text(w, set->text);
		sqlite3_str_appendf(w->s, "%s = ?%u", expr, (unsigned)base);
		return base;
	}
	for (size_t i = 0; i < n; i++)
		parts += count_picked(&picks[i]) > 0;
	if (base == 0) {
		base = w->out->n_binds + 1;
		for (size_t i = 0; i < n; i++) {
			if (picks[i].n > 0)
				(void)bind_picked(w, &picks[i]);
		}
	}
	at = base;
	if (parts > 1)
		sqlite3_str_appendall(w->s, "(");
	for (size_t i = 0; i < n; i++) {
		if (picks[i].n == 0)
			continue;
		sqlite3_str_appendall(w->s, or);
		if (picks[i].single)
			write_singles(w, expr, &picks[i], at);
		else
			write_ranges(w, expr, &picks[i], at);
		at += binds_of(&picks[i]);
		or = " OR ";
	}
	if (parts > 1)
		sqlite3_str_appendall(w->s, ")");
	return base;
}

/* flow_in(x, ranges): does x lie in one of the sorted pairs of its width? */
static void
flow_in(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	uint8_t number[8];
	const uint8_t *x, *ranges;
	size_t width, lo = 0, hi;

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
		put_number(number, sqlite3_value_int64(argv[0]));
		x = number;
		width = 8;
	} else {
		x = sqlite3_value_blob(argv[0]);
		width = (size_t)sqlite3_value_bytes(argv[0]);
	}
	ranges = sqlite3_value_blob(argv[1]);
	hi = width == 0 ? 0 :
	    (size_t)sqlite3_value_bytes(argv[1]) / (2 * width);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const uint8_t *r = ranges + mid * 2 * width;

		if (memcmp(x, r, width) < 0) {
			hi = mid;
		} else if (memcmp(x, r + width, width) > 0) {
			lo = mid + 1;
		} else {
			sqlite3_result_int(ctx, 1);
			return;
		}
	}
	sqlite3_result_int(ctx, 0);
}

int
sql_register(struct sqlite3 *db, struct err *err)
{
	if (sqlite3_create_function(db, "flow_in", 2, SQLITE_UTF8 |
	    SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, flow_in, NULL,
	    NULL) != SQLITE_OK)
		return db_error(db, NULL, err);
	return 0;
}
