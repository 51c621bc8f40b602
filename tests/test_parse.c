/*
 * Parsing and canonical text.  What each filter means is in filters.txt and
 * test_sql.c; here: printing and parsing again, bounds, environment, garbage.
 */
#include "query/filter.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/caret.h"
#include "query/value.h"
#include "query/words.h"
#include "schema/flow.h"
#include "tests/filter_random.h"

static const char *
message(const char *text)
{
	static struct err err;
	struct filter *f = filter_parse(text, &err);

	if (f != NULL) {
		filter_free(f);
		return "";
	}
	return err.msg;
}

Test(parse, print_and_parse_again)
{
	uint64_t seed = 42;

	for (int i = 0; i < 10000; i++) {
		char *text = random_filter(&seed), *again, *third;
		struct err err;
		struct filter *f = filter_parse(text, &err), *g;

		cr_assert_not_null(f, "%s: %s at %zu", text, err.msg,
		    err.offset);
		again = filter_print(f);
		g = filter_parse(again, &err);
		cr_assert_not_null(g, "%s\n%s: %s", text, again, err.msg);
		cr_assert(ast_equal(ast_root(f), ast_root(g)), "%s\n%s", text,
		    again);
		third = filter_print(g);
		cr_assert_str_eq(third, again);
		cr_assert_eq(filter_columns(f), filter_columns(g));
		filter_free(f);
		filter_free(g);
		free(text);
		free(again);
		free(third);
	}
}

/* Every row of the table can be said, alone and with a wrong value. */
Test(parse, every_word)
{
	static const char *const values[] = { "", " 1.2.3.4", " 10.0.0.0/8",
		" 5", " 53", " tcp", " SA", " 1:2:3:4:5:6", " 2026", " cisco",
		" drop", " ingress", " create" };
	const struct word *w;

	for (size_t i = 0; (w = words_at(i)) != NULL; i++) {
		int good = 0;

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]);
		    v++) {
			char text[100];

			snprintf(text, sizeof(text), "%s%s", w->phrase,
			    values[v]);
			good += message(text)[0] == '\0';
		}
		/* countries need a database */
		if (w->value == VALUE_REFUSED || value_needs_geo(w->value))
			cr_expect_eq(good, 0, "%s", w->phrase);
		else
			cr_expect(good > 0, "%s", w->phrase);
		cr_expect(good < 13, "%s takes anything", w->phrase);
	}
}

Test(parse, phrases_differ)
{
	const struct word *a, *b;

	for (size_t i = 0; (a = words_at(i)) != NULL; i++) {
		for (size_t j = i + 1; (b = words_at(j)) != NULL; j++)
			cr_expect_str_neq(a->phrase, b->phrase);
		for (const char *p = a->phrase; *p != '\0'; p++)
			cr_expect(*p < 'A' || *p > 'Z', "%s", a->phrase);
	}
}

static char *
repeat(const char *head, const char *s, size_t n, const char *tail)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (size_t i = 0; i < n; i++)
		fputs(s, out);
	fputs(tail, out);
	fclose(out);
	return text;
}

static void
expect_message(char *text, const char *want)
{
	const char *got = message(text);

	if (want == NULL)
		cr_expect_str_empty(got);
	else
		cr_expect_not_null(strstr(got, want), "%s", got);
	free(text);
}

Test(parse, bounds)
{
	char *open = repeat("", "(", 100, "any"), *close;

	close = repeat(open, ")", 100, "");
	expect_message(close, NULL);
	free(open);
	expect_message(repeat("", "(", 101, "any"), "more than 100");
	expect_message(repeat("", "(", 100000, "any"), "more than 100");
	expect_message(repeat("", "not ", 100000, "any"), NULL);
	expect_message(repeat("", "not ", 100001, "tcp"), NULL);
	expect_message(repeat("", " ", 4194304, ""), NULL);
	expect_message(repeat("", " ", 4194305, ""), "4194304 bytes");
	expect_message(repeat("", "tcp and ", 100000, "tcp"), NULL);
	expect_message(repeat("port in [", "53 ", 300000, "]"), NULL);
	expect_message(repeat("port in [", "53 ", 300000, ""),
	    "never closed");
	expect_message(repeat("ip ", "a", 3000000, ""),
	    "expected IP address or network, got \"aaaaaaaa");
	expect_message(repeat("ident ", "a", 3000000, ""), NULL);
}

Test(parse, columns)
{
	static const struct {
		const char *text;
		uint64_t columns;
	} cases[] = {
		{ "any", 0 },
		{ "src ip 1.2.3.4", UINT64_C(1) << COL_src_addr },
		{ "not port 53 or tcp", UINT64_C(1) << COL_src_port |
		    UINT64_C(1) << COL_dst_port | UINT64_C(1) << COL_proto },
		{ "flags S", UINT64_C(1) << COL_tcp_flags |
		    UINT64_C(1) << COL_proto },
		{ "bps > 5", UINT64_C(1) << COL_bytes |
		    UINT64_C(1) << COL_duration_ms },
		{ "router ip 1.2.3.4", UINT64_C(1) << COL_exporter },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err;
		struct filter *f = filter_parse(cases[i].text, &err);

		cr_assert_not_null(f);
		cr_expect_eq(filter_columns(f), cases[i].columns, "%s",
		    cases[i].text);
		cr_expect_eq(filter_is_any(f), cases[i].columns == 0);
		filter_free(f);
	}
}

static size_t
resolve_some(void *arg, const char *name, struct addr *out, size_t max)
{
	const char *const *known = arg;

	cr_assert_geq(max, 2);
	if (strcmp(name, *known) != 0)
		return 0;
	cr_assert_eq(addr_parse("192.0.2.1", 9, &out[0]), 0);
	cr_assert_eq(addr_parse("2001:db8::1", 11, &out[1]), 0);
	return 2;
}

Test(parse, host_names)
{
	static const char *known = "www.example.com";
	struct filter_env env = { .resolve = resolve_some, .arg = &known };
	struct err err;
	struct filter *f = filter_parse_env("src host www.example.com", &env,
	    &err);
	char *text;

	cr_assert_not_null(f, "%s", err.msg);
	text = filter_print(f);
	cr_expect_str_eq(text, "src host in [192.0.2.1 2001:db8::1]");
	free(text);
	filter_free(f);
	f = filter_parse_env("ip != www.example.com", &env, &err);
	cr_assert_not_null(f);
	text = filter_print(f);
	cr_expect_str_eq(text, "ip != [192.0.2.1 2001:db8::1]");
	free(text);
	filter_free(f);
	cr_expect_null(filter_parse_env("ip nowhere.example", &env, &err));
	cr_expect_str_eq(err.msg, "host \"nowhere.example\" has no address");
	/* nfdump looks up names for ip and host only, not in lists */
	cr_expect_null(filter_parse_env("next ip www.example.com", &env,
	    &err));
	cr_expect_null(filter_parse_env("ip in [www.example.com]", &env,
	    &err));
	cr_expect_null(filter_parse("ip www.example.com", &err));
}

/* Times without a zone follow utc. */
Test(parse, zone)
{
	static const char *const want[] = {
		"first seen >= 2026-07-01T10:00:00.000Z",
		"first seen >= 2026-07-01T12:00:00.000Z"
	};

	setenv("TZ", "Europe/Brussels", 1);
	for (int utc = 0; utc < 2; utc++) {
		struct filter_env env = { .utc = utc };
		struct err err;
		struct filter *f = filter_parse_env(
		    "first seen >= 2026-07-01T12", &env, &err);
		char *text = filter_print(f);

		cr_expect_str_eq(text, want[utc]);
		free(text);
		filter_free(f);
	}
}

/* Nothing that can be typed crashes; every refusal has a place in the text. */
Test(parse, garbage)
{
	static const char *const bits[] = { "(", ")", "[", "]", ",", "!",
		"not", "src", "dst", "in", "ip", "port", "10.0.0.0/8", "-",
		"=", "!=", ">", "'", "\"", "#", "\n", "and", "or", "flags",
		"SA", "1k", "@include", "%", "\xff", "::", "net", "/", "mac",
		"first seen", "..", "2026", "proto", "tcp", "in [", "&", "|" };
	uint64_t seed = 99;

	for (int i = 0; i < 30000; i++) {
		char text[400];
		size_t n = 0, parts = random_below(&seed, 12);
		struct err err;
		struct filter *f;

		for (size_t k = 0; k < parts; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s", bits[random_below(&seed, sizeof(bits) /
			    sizeof(bits[0]))],
			    random_below(&seed, 3) > 0 ? " " : "");
		text[n] = '\0';
		f = filter_parse(text, &err);
		if (f == NULL) {
			cr_assert_eq(err.code, ERR_SYNTAX);
			cr_assert_leq(err.offset, n, "%s: %s", text, err.msg);
			cr_assert_geq(err.length, 1);
			cr_assert_gt(strlen(err.msg), 10);
		}
		filter_free(f);
	}
}

/* A byte changed, added or taken away anywhere in good filters. */
Test(parse, mutations)
{
	uint64_t seed = 7;

	for (int i = 0; i < 10000; i++) {
		char *text = random_filter(&seed);
		size_t len = strlen(text);
		struct err err;

		for (int k = 0; k < 3 && len > 1; k++) {
			size_t at = random_below(&seed, (uint32_t)len);

			if (random_below(&seed, 3) == 0)
				memmove(text + at, text + at + 1, len-- - at);
			else
				text[at] = (char)(1 +
				    random_below(&seed, 255));
		}
		filter_free(filter_parse(text, &err));
		free(text);
	}
}

static void
expect_caret(const char *name, const char *text, const struct err *err,
    const char *want)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	caret_print(out, "flowq", name, text, err);
	fclose(out);
	cr_expect_str_eq(got, want);
	free(got);
}

Test(caret, places)
{
	char line[400];
	struct err err;

	(void)err_at(&err, 9, 3, "bad word");
	expect_caret(NULL, "proto x \thtp\nmore", &err,
	    "flowq: bad word\n  proto x  htp\n           ^~~\n");
	(void)err_at(&err, 8, 100, "bad word");
	expect_caret("f.txt", "tcp and\nudp\x1b foo", &err,
	    "flowq: f.txt:2: bad word\n  udp  foo\n  ^~~~~~~~\n");
	(void)err_at(&err, 3, 1, "more");
	expect_caret(NULL, "tcp", &err, "flowq: more\n  tcp\n     ^\n");
	memset(line, 'a', sizeof(line));
	line[399] = '\0';
	(void)err_at(&err, 200, 2, "far");
	expect_caret(NULL, line, &err, "flowq: far\n  ...aaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\n"
	    "                                         ^~\n");
	(void)err_set(&err, "disk on fire");
	expect_caret(NULL, "tcp", &err, "flowq: disk on fire\n");
}
