/*
 * CSV rows: see csv_rows.h.  Lines are cut here, in a buffer of fixed size;
 * libcsv takes each line apart.  Its own buffer cannot grow beyond a line.
 */
#include "collector/csv_rows.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER		((size_t)2 * CSV_ROWS_LINE)
#define BOM		"\xef\xbb\xbf"
#define BOM_LEN		3

_Static_assert(BUFFER >= CSV_ROWS_LINE + 1, "a line and its end fit");

struct csv_rows {
	int			 fd;
	uint64_t		 size;		/* of the file, 0: unknown */
	uint64_t		 seen;		/* bytes read */
	uint64_t		 line;
	char			 buf[BUFFER];
	size_t			 from;		/* what is not used yet */
	size_t			 to;
	bool			 at_end;
	bool			 begun;		/* the separator is known */
	struct csv_parser	 parser;
	/* the row */
	struct csv_field	 fields[CSV_ROWS_FIELDS];
	size_t			 n;
	char			 text[CSV_ROWS_LINE];
	size_t			 used;
	bool			 too_many;
	unsigned		 ends;		/* libcsv saw so many rows */
};

static int
start_parser(struct csv_rows *r, unsigned char delim, struct err *err)
{
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return err_set(err, "libcsv cannot start");
	csv_set_delim(&r->parser, delim);
	return 0;
}

struct csv_rows *
csv_rows_open(const char *path, struct err *err)
{
	struct csv_rows *r = calloc(1, sizeof(*r));
	struct stat st;

	if (r == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	if (start_parser(r, ',', err) == -1) {
		free(r);
		return NULL;
	}
	r->fd = strcmp(path, "-") == 0 ? STDIN_FILENO :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd == -1) {
		(void)err_sys(err, "%s", path);
		csv_rows_close(r);
		return NULL;
	}
	if (fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode))
		r->size = (uint64_t)st.st_size;
	return r;
}

void
csv_rows_close(struct csv_rows *r)
{
	if (r == NULL)
		return;
	if (r->fd > STDIN_FILENO)
		(void)close(r->fd);
	csv_free(&r->parser);
	free(r);
}

/* More bytes behind those that are there; -1: cannot be read. */
static int
fill(struct csv_rows *r, struct err *err)
{
	ssize_t n;

	if (r->from > 0) {
		memmove(r->buf, r->buf + r->from, r->to - r->from);
		r->to -= r->from;
		r->from = 0;
	}
	do
		n = read(r->fd, r->buf + r->to, BUFFER - r->to);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(err, "cannot be read");
	r->at_end = n == 0;
	r->to += (size_t)n;
	r->seen += (uint64_t)n;
	return 0;
}

/* A line without its end: 1, 0 at the end of the file, -1 failed. */
static int
next_line(struct csv_rows *r, const char **line, size_t *len, bool *too_long,
    struct err *err)
{
	size_t looked = 0;
	const char *end;

	*too_long = false;
	for (;;) {
		const char *from = r->buf + r->from;
		size_t have = r->to - r->from;

		end = memchr(from + looked, '\n', have - looked);
		if (end != NULL || (r->at_end && have > 0)) {
			*line = from;
			*len = end == NULL ? have : (size_t)(end - from);
			r->from += *len + (end != NULL);
			*too_long |= *len > CSV_ROWS_LINE;
			r->line++;
			return 1;
		}
		if (r->at_end)
			break;
		looked = have;
		if (have > CSV_ROWS_LINE) {
			/* its rest is thrown away piece by piece */
			*too_long = true;
			r->from = r->to;
			looked = 0;
		}
		if (fill(r, err) == -1)
			return -1;
	}
	if (!*too_long)
		return 0;
	*len = 0;
	r->line++;
	return 1;
}

static void
on_field(void *text, size_t len, void *arg)
{
	struct csv_rows *r = arg;

	if (r->n == CSV_ROWS_FIELDS || len > sizeof(r->text) - r->used) {
		r->too_many = true;
		return;
	}
	r->fields[r->n++] = (struct csv_field){ r->text + r->used, len };
	if (len > 0)
		memcpy(r->text + r->used, text, len);
	r->used += len;
}

static void
on_row(int end, void *arg)
{
	struct csv_rows *r = arg;

	(void)end;
	r->ends++;
}

static unsigned char
separator_of(const char *line, size_t len)
{
	static const unsigned char known[3] = { ',', ';', '\t' };
	size_t n[3] = { 0, 0, 0 };
	int best = 0;

	for (size_t i = 0; i < len; i++) {
		for (int k = 0; k < 3; k++)
			n[k] += (unsigned char)line[i] == known[k];
	}
	for (int k = 1; k < 3; k++) {
		if (n[k] > n[best])
			best = k;
	}
	return known[best];
}

static enum csv_row
bad(struct csv_rows *r, struct err *err, const char *why)
{
	unsigned char delim = csv_get_delim(&r->parser);

	/* after an error libcsv is still in the middle of the line */
	csv_free(&r->parser);
	if (start_parser(r, delim, err) == -1)
		return CSV_ROW_FAILED;
	(void)err_set(err, "%s", why);
	return CSV_ROW_BAD;
}

static enum csv_row
parse(struct csv_rows *r, const char *line, size_t len, struct err *err)
{
	r->n = 0;
	r->used = 0;
	r->ends = 0;
	r->too_many = false;
	if (csv_parse(&r->parser, line, len, on_field, on_row, r) != len ||
	    csv_fini(&r->parser, on_field, on_row, r) != 0) {
		if (csv_error(&r->parser) == CSV_ENOMEM)
			return bad(r, err, "out of memory");
		return bad(r, err, "a quote where none can stand, or one "
		    "that is not closed");
	}
	if (r->ends > 1)
		return bad(r, err, "a carriage return in the middle");
	if (r->too_many)
		return bad(r, err, "too many fields");
	return CSV_ROW_GOOD;
}

enum csv_row
csv_rows_next(struct csv_rows *r, struct err *err)
{
	const char *line;
	size_t len;
	bool too_long;
	int rc;

	while ((rc = next_line(r, &line, &len, &too_long, err)) == 1) {
		enum csv_row row;

		if (too_long)
			return bad(r, err, "the line is too long");
		if (r->line == 1 && len >= BOM_LEN &&
		    memcmp(line, BOM, BOM_LEN) == 0) {
			line += BOM_LEN;
			len -= BOM_LEN;
		}
		if (len > 0 && line[len - 1] == '\r')
			len--;
		if (len == 0)
			continue;
		if (!r->begun)
			csv_set_delim(&r->parser, separator_of(line, len));
		r->begun = true;
		row = parse(r, line, len, err);
		if (row != CSV_ROW_GOOD || r->n > 0)
			return row;
	}
	return rc == 0 ? CSV_ROW_END : CSV_ROW_FAILED;
}

const struct csv_field *
csv_rows_fields(const struct csv_rows *r, size_t *n)
{
	*n = r->n;
	return r->fields;
}

uint64_t
csv_rows_line(const struct csv_rows *r)
{
	return r->line;
}

double
csv_rows_progress(const struct csv_rows *r)
{
	if (r->size == 0)
		return -1;
	return r->seen >= r->size ? 1 : (double)r->seen / (double)r->size;
}
