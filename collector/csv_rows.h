/*
 * A CSV file as rows of fields, whatever the file holds.  A row is a line:
 * none of the formats we read has a field with a line break in it, so an
 * open quote costs one row and not the rest of the file.
 *
 * Memory is fixed: a line longer than CSV_ROWS_LINE or with more fields than
 * CSV_ROWS_FIELDS is a bad row.  The separator (, ; or TAB) is the one that
 * the first line has most of; a byte order mark is skipped, so are empty lines.
 */
#ifndef COLLECTOR_CSV_ROWS_H
#define COLLECTOR_CSV_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define CSV_ROWS_LINE	32768	/* bytes; 48 full columns have 1500 */
#define CSV_ROWS_FIELDS	256

/* Text of any bytes, not ended by a NUL; valid until the next row. */
struct csv_field {
	const char	*text;
	size_t		 len;
};

enum csv_row {
	CSV_ROW_END,
	CSV_ROW_GOOD,
	CSV_ROW_BAD,		/* this one; the next call goes on */
	CSV_ROW_FAILED		/* the file cannot be read */
};

struct csv_rows;

/* path "-" is standard input.  NULL: cannot be opened. */
struct csv_rows *csv_rows_open(const char *path, struct err *err);
void	csv_rows_close(struct csv_rows *r);

/* The next row; BAD and FAILED fill err, without the file's name. */
enum csv_row csv_rows_next(struct csv_rows *r, struct err *err);

/* The fields of the row that is GOOD. */
const struct csv_field *csv_rows_fields(const struct csv_rows *r, size_t *n);

/* Number of the row's line, from 1. */
uint64_t csv_rows_line(const struct csv_rows *r);

/* How much has been read, 0 .. 1; below 0 when nobody knows (a pipe). */
double	csv_rows_progress(const struct csv_rows *r);

#endif
