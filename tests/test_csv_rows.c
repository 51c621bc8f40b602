/* Rows of CSV, from good files and from such as nobody should make. */
#include "collector/csv_rows.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct csv_rows *
open_text(const void *text, size_t len)
{
	char path[] = "/tmp/csv_rows.XXXXXX";
	int fd = mkstemp(path);
	struct csv_rows *r;
	struct err err;

	cr_assert_neq(fd, -1);
	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	(void)close(fd);
	r = csv_rows_open(path, &err);
	(void)unlink(path);
	cr_assert_not_null(r, "%s", err.msg);
	return r;
}

/*
 * All rows as text: fields in [], a bad row as !LINE.  Bytes that are no text
 * are shown as ?.
 */
static const char *
all_rows(const void *text, size_t len)
{
	static char out[4000];
	struct csv_rows *r = open_text(text, len);
	enum csv_row got;
	struct err err;
	size_t at = 0;

	out[0] = '\0';
	while ((got = csv_rows_next(r, &err)) != CSV_ROW_END) {
		const struct csv_field *f;
		size_t n;

		cr_assert_neq(got, CSV_ROW_FAILED);
		f = csv_rows_fields(r, &n);
		if (got == CSV_ROW_BAD) {
			at += (size_t)snprintf(out + at, sizeof(out) - at,
			    "!%llu", (unsigned long long)csv_rows_line(r));
			n = 0;
		}
		for (size_t i = 0; i < n; i++) {
			at += (size_t)snprintf(out + at, sizeof(out) - at,
			    "[%.*s]", (int)f[i].len, f[i].text);
		}
		cr_assert_lt(at + 2, sizeof(out));
		out[at++] = '\n';
		out[at] = '\0';
	}
	/* the end stays the end */
	cr_expect_eq(csv_rows_next(r, &err), CSV_ROW_END);
	csv_rows_close(r);
	return out;
}

#define ROWS(text)	all_rows(text, sizeof(text) - 1)

Test(csv_rows, good)
{
	cr_expect_str_eq(ROWS(""), "");
	cr_expect_str_eq(ROWS("\n\r\n\n"), "");
	cr_expect_str_eq(ROWS("a,b\n1,2"), "[a][b]\n[1][2]\n");
	cr_expect_str_eq(ROWS("\"a\",\"b\"\r\n\"1\",\"\"\r\n"),
	    "[a][b]\n[1][]\n");
	cr_expect_str_eq(ROWS("a,b\n\n1,2\n   \n3,4\n"),
	    "[a][b]\n[1][2]\n[3][4]\n");
	cr_expect_str_eq(ROWS("a,b\n  1 ,   \n"), "[a][b]\n[1][]\n");
	cr_expect_str_eq(ROWS("a\n\"x\"\"y,z\"\n"), "[a]\n[x\"y,z]\n");
	cr_expect_str_eq(ROWS("\xef\xbb\xbf\"a\",b\n"), "[a][b]\n");
	cr_expect_str_eq(ROWS("a\n\xef\xbb\xbfx\n"), "[a]\n[\xef\xbb\xbfx]\n");
}

/* The separator is the header's, whatever the rows have. */
Test(csv_rows, separators)
{
	cr_expect_str_eq(ROWS("a;b;c,d\n1;2;3,4\n"),
	    "[a][b][c,d]\n[1][2][3,4]\n");
	cr_expect_str_eq(ROWS("a\tb\n1\t\n\t2\n"), "[a][b]\n[1][]\n[][2]\n");
	cr_expect_str_eq(ROWS("a,b\n1;2;3\n"), "[a][b]\n[1;2;3]\n");
}

/* One line is lost, not the rest. */
Test(csv_rows, quotes)
{
	cr_expect_str_eq(ROWS("a,b\n\"1,2\n3,4\n"), "[a][b]\n!2\n[3][4]\n");
	cr_expect_str_eq(ROWS("a;b\n\"1\"x;2\n3;4\n"), "[a][b]\n!2\n[3][4]\n");
	cr_expect_str_eq(ROWS("a,b\n1x\"2,3\n4,5\n"), "[a][b]\n!2\n[4][5]\n");
	cr_expect_str_eq(ROWS("a,b\n1,\"2"), "[a][b]\n!2\n");
	cr_expect_str_eq(ROWS("a,b\n1,2\r3,4\n5,6\n"),
	    "[a][b]\n!2\n[5][6]\n");
}

Test(csv_rows, bytes)
{
	struct csv_rows *r = open_text("a,b\n1\0x,\xff\n", 10);
	const struct csv_field *f;
	struct err err;
	size_t n;

	cr_assert_eq(csv_rows_next(r, &err), CSV_ROW_GOOD);
	cr_assert_eq(csv_rows_next(r, &err), CSV_ROW_GOOD);
	f = csv_rows_fields(r, &n);
	cr_assert_eq(n, 2);
	cr_expect_eq(f[0].len, 3);
	cr_expect_arr_eq(f[0].text, "1\0x", 3);
	cr_expect_eq(f[1].len, 1);
	csv_rows_close(r);
}

/* Row 2 has a field of len letters; it is refused when it is too long. */
static void
check_long(size_t len, const char *want)
{
	char *text = malloc(len + 20);

	cr_assert_not_null(text);
	memcpy(text, "a,b\n", 4);
	memset(text + 4, 'x', len);
	memcpy(text + 4 + len, ",2\n3,4\n", 8);
	if (want == NULL) {
		const char *got = all_rows(text, len + 11);

		cr_expect_str_eq(got, "[a][b]\n!2\n[3][4]\n");
	} else {
		struct csv_rows *r = open_text(text, len + 11);
		const struct csv_field *f;
		struct err err;
		size_t n;

		cr_expect_eq(csv_rows_next(r, &err), CSV_ROW_GOOD);
		cr_expect_eq(csv_rows_next(r, &err), CSV_ROW_GOOD);
		f = csv_rows_fields(r, &n);
		cr_expect_eq(n, 2);
		cr_expect_eq(f[0].len, len);
		cr_expect_eq(f[1].text[0], '2');
		csv_rows_close(r);
	}
	free(text);
}

Test(csv_rows, long_lines)
{
	check_long(1000, "good");
	check_long(CSV_ROWS_LINE - 2, "good");
	check_long(CSV_ROWS_LINE - 1, NULL);
	check_long(2 * CSV_ROWS_LINE - 5, NULL);
	check_long(2 * CSV_ROWS_LINE + 1, NULL);
	check_long(5000000, NULL);
}

/* A line that is too long and the last. */
Test(csv_rows, long_end)
{
	size_t len = 3 * CSV_ROWS_LINE;
	char *text = malloc(len);

	cr_assert_not_null(text);
	memset(text, 'x', len);
	cr_expect_str_eq(all_rows(text, len), "!1\n");
	memset(text, '"', len);
	cr_expect_str_eq(all_rows(text, len), "!1\n");
	free(text);
}

Test(csv_rows, many_fields)
{
	char text[CSV_ROWS_FIELDS + 20];
	struct csv_rows *r;
	struct err err;
	size_t n;

	memset(text, ',', CSV_ROWS_FIELDS);
	memcpy(text + CSV_ROWS_FIELDS - 1, "\n1,2\n", 6);
	r = open_text(text, strlen(text));
	cr_expect_eq(csv_rows_next(r, &err), CSV_ROW_GOOD);
	(void)csv_rows_fields(r, &n);
	cr_expect_eq(n, CSV_ROWS_FIELDS);
	csv_rows_close(r);
	memset(text, ',', CSV_ROWS_FIELDS);
	memcpy(text + CSV_ROWS_FIELDS, "\n1,2\n", 6);
	cr_expect_str_eq(all_rows(text, strlen(text)), "!1\n[1][2]\n");
}

Test(csv_rows, cannot_be_read)
{
	struct csv_rows *r;
	struct err err;

	cr_expect_null(csv_rows_open("/nonexistent/x.csv", &err));
	cr_expect_str_eq(err.msg, "/nonexistent/x.csv: No such file or "
	    "directory");
	r = csv_rows_open("/", &err);
	cr_assert_not_null(r);
	cr_expect_eq(csv_rows_next(r, &err), CSV_ROW_FAILED);
	csv_rows_close(r);
}
