/*
 * The values of a statement: collected while it is written, then bound, or
 * written into its text for a script.
 */
#include "query/sql_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"

void
sql_clear(struct sql *s)
{
	for (size_t i = 0; i < s->n_owned; i++)
		free(s->owned[i]);
	free(s->owned);
	free(s->binds);
	sqlite3_free(s->text);
	*s = (struct sql){ .text = NULL };
}

/* Doubles an array when n is its room (0 or a power of two). */
static void *
more(void *v, size_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return v;
	return realloc(v, (n == 0 ? 1 : 2 * n) * size);
}

static size_t
add_bind(struct sql_writer *w, const struct sql_bind *bind)
{
	struct sql *s = w->out;
	struct sql_bind *v = more(s->binds, s->n_binds, sizeof(*v));

	if (v == NULL) {
		s->failed = true;
		return 1;
	}
	s->binds = v;
	v[s->n_binds++] = *bind;
	return s->n_binds;
}

size_t
sql_bind_int(struct sql_writer *w, int64_t v)
{
	return add_bind(w, &(struct sql_bind){ .kind = SQL_INT, .number = v });
}

size_t
sql_bind_addr(struct sql_writer *w, const struct addr *a)
{
	return add_bind(w, &(struct sql_bind){ .kind = SQL_BLOB,
	    .len = a->len, .addr = *a });
}

size_t
sql_bind_text(struct sql_writer *w, const char *text)
{
	return add_bind(w, &(struct sql_bind){ .kind = SQL_TEXT,
	    .data = text, .len = strlen(text) });
}

size_t
sql_bind_owned(struct sql_writer *w, enum sql_kind kind, void *data,
    size_t len)
{
	struct sql *s = w->out;
	void **v = data == NULL ? NULL :
	    more(s->owned, s->n_owned, sizeof(*v));

	if (v == NULL) {
		free(data);
		s->failed = true;
		return 1;
	}
	s->owned = v;
	v[s->n_owned++] = data;
	return add_bind(w, &(struct sql_bind){ .kind = kind, .data = data,
	    .len = len });
}

int
sql_bind_all(struct sqlite3_stmt *st, const struct sql *s, struct err *err)
{
	for (size_t i = 0; i < s->n_binds; i++) {
		const struct sql_bind *b = &s->binds[i];
		int at = (int)i + 1, rc = SQLITE_OK;

		switch (b->kind) {
		case SQL_INT:
			rc = sqlite3_bind_int64(st, at, b->number);
			break;
		case SQL_BLOB:
			rc = sqlite3_bind_blob64(st, at, b->data != NULL ?
			    b->data : b->addr.bytes, b->len, SQLITE_STATIC);
			break;
		case SQL_TEXT:
			rc = sqlite3_bind_text64(st, at, b->data, b->len,
			    SQLITE_STATIC, SQLITE_UTF8);
			break;
		}
		if (rc != SQLITE_OK)
			return db_error(sqlite3_db_handle(st), s->text, err);
	}
	return 0;
}

static void
print_literal(FILE *out, const struct sql_bind *b)
{
	const uint8_t *p = b->data != NULL ? b->data : b->addr.bytes;

	switch (b->kind) {
	case SQL_INT:
		fprintf(out, "%" PRId64, b->number);
		break;
	case SQL_BLOB:
		fputs("x'", out);
		for (size_t i = 0; i < b->len; i++)
			fprintf(out, "%02x", p[i]);
		putc('\'', out);
		break;
	case SQL_TEXT:
		putc('\'', out);
		for (size_t i = 0; i < b->len; i++) {
			if (p[i] == '\'')
				putc('\'', out);
			putc(p[i], out);
		}
		putc('\'', out);
		break;
	}
}

char *
sql_plain(const struct sql *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	/* our statements hold no '?' but those of binds */
	for (const char *p = s->text; *p != '\0';) {
		size_t number = 0;

		if (*p != '?') {
			putc(*p++, out);
			continue;
		}
		for (p++; *p >= '0' && *p <= '9'; p++)
			number = number * 10 + (size_t)(*p - '0');
		if (number >= 1 && number <= s->n_binds)
			print_literal(out, &s->binds[number - 1]);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
