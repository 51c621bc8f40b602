/*
 * tests/filters.txt: what every filter becomes.  The file says how to read it.
 * "make golden" writes the answers anew: read the diff line by line.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/sql.h"

#define CASES	"tests/filters.txt"

static size_t
resolve(void *arg, const char *name, struct addr *out, size_t max)
{
	(void)arg;
	(void)max;
	if (strcmp(name, "www.example.com") != 0)
		return 0;
	(void)addr_parse("192.0.2.80", 10, &out[0]);
	(void)addr_parse("2001:db8::80", 12, &out[1]);
	return 2;
}

static void
write_bind(FILE *out, const struct sql_bind *b)
{
	const uint8_t *p = b->data != NULL ? b->data : b->addr.bytes;

	if (b->kind == SQL_INT) {
		fprintf(out, "%" PRId64, b->number);
	} else if (b->kind == SQL_TEXT) {
		fprintf(out, "'%.*s'", (int)b->len, (const char *)p);
	} else {
		fputs("x'", out);
		for (size_t i = 0; i < b->len; i++)
			fprintf(out, "%02x", p[i]);
		fputs("'", out);
	}
}

static void
write_sql(FILE *out, const struct filter *f)
{
	struct sql_shape shape = { .schema = "shard", .rollup = -1 };
	struct sql sql;
	struct err err;

	if (sql_where(&sql, f, &shape, &err) == -1) {
		fprintf(out, "? %s\n", err.msg);
		return;
	}
	fprintf(out, "| %s\n", sql.text);
	for (size_t i = 0; i < sql.n_binds; i++) {
		fputs(i == 0 ? ": " : ", ", out);
		write_bind(out, &sql.binds[i]);
	}
	if (sql.n_binds > 0)
		putc('\n', out);
	sql_clear(&sql);
}

/* The answer to one case; shown is the text as it stands in the file. */
static void
write_answer(FILE *out, const char *shown)
{
	struct filter_env env = { .utc = true, .resolve = resolve };
	char text[2000], *p = text, *print;
	struct filter *f;
	struct err err;

	for (const char *s = shown; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] == 'n') {
			*p++ = '\n';
			s++;
		} else {
			*p++ = *s;
		}
	}
	*p = '\0';
	f = filter_parse_env(text, &env, &err);
	if (f == NULL) {
		fprintf(out, "! %*s^", (int)err.offset, "");
		for (size_t i = 1; i < err.length; i++)
			putc('~', out);
		fprintf(out, " %s\n", err.msg);
		return;
	}
	print = filter_print(f);
	if (strcmp(print, text) != 0)
		fprintf(out, "~ %s\n", print);
	free(print);
	write_sql(out, f);
	filter_free(f);
}

/* The file as it should be; n counts the cases. */
static char *
answer_all(const char *file, int *good, int *bad)
{
	char *text = NULL, line[2000];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	FILE *in = fopen(file, "r");

	cr_assert_not_null(in, "run from the top folder");
	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '!')
			++*bad;
		else if (line[0] == '|')
			++*good;
		if (line[0] == '>' || line[0] == '#' || line[0] == '\0')
			fprintf(out, "%s\n", line);
		if (line[0] == '>')
			write_answer(out, line[1] == ' ' ? line + 2 : "");
	}
	fclose(in);
	fclose(out);
	return text;
}

Test(golden, filters)
{
	int good = 0, bad = 0;
	char *want = answer_all(CASES, &good, &bad), line[4000], *p = want;
	FILE *f;

	if (getenv("GOLDEN") != NULL) {
		f = fopen(CASES, "w");
		cr_assert_not_null(f);
		cr_assert_geq(fputs(want, f), 0);
		cr_assert_eq(fclose(f), 0);
		free(want);
		return;
	}
	f = fopen(CASES, "r");
	for (int n = 1; fgets(line, sizeof(line), f) != NULL; n++) {
		size_t len = strcspn(p, "\n");

		line[strcspn(line, "\n")] = '\0';
		cr_assert(strlen(line) == len && memcmp(line, p, len) == 0,
		    "%s:%d: %s\nbut now: %.*s", CASES, n, line, (int)len, p);
		p += len + (p[len] == '\n');
	}
	fclose(f);
	cr_expect_str_empty(p);
	cr_expect_geq(good, 280);
	cr_expect_geq(bad, 120);
	free(want);
}
