/*
 * The columns of CSV and JSON: which fields an answer shows, under which names.
 * Both formats have the same columns; scripts rely on them.
 */
#ifndef QUERY_SHEET_H
#define QUERY_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/field.h"
#include "query/fmt.h"
#include "query/print.h"

#define SHEET_LABEL_MAX	80
#define SHEET_OTHER	"other"	/* the key of a series' last row */

struct sheet_column {
	const struct field	*field;
	bool			 named;		/* the value's name instead */
	const char		*none;		/* when not set; NULL: empty */
	char			 label[SHEET_LABEL_MAX];
};

struct sheet {
	struct sheet_column	*v;
	size_t			 n;
	size_t			 room;
};

void	sheet_clear(struct sheet *s);

/*
 * Each fills the sheet anew.  names: a column of names beside each value that
 * can have one there; NULL: none.  0, or -1 when memory is out.
 */
int	sheet_flows(struct sheet *s, const struct print_flows *head,
	    const struct names *names);
int	sheet_stat(struct sheet *s, const struct print_stat *head,
	    const struct names *names);
int	sheet_series(struct sheet *s, const struct print_series *head,
	    const struct names *names);

/*
 * The same for any head, with the columns that chosen names (of fmt_add_list;
 * none: all).  A flow may have any field; sums have their own columns, by the
 * names of these or of what they hold.  -1: memory is out, or ERR_SYNTAX: there
 * is no such column.
 */
int	sheet_make(struct sheet *s, const struct print_head *head,
	    const struct fmt *chosen, const struct names *names,
	    struct err *err);

/* flow_bit() of the columns that the fields read. */
uint64_t sheet_columns(const struct sheet *s);

#endif
