/* A time series as a text table; print_table.c's, which has the rest. */
#ifndef QUERY_SERIES_TABLE_H
#define QUERY_SERIES_TABLE_H

#include "query/cell.h"
#include "query/print.h"

struct series_table {
	bool			 used;
	bool			 by_proto;
	const struct field	*key;		/* NULL: no -s */
	char			 heading[40];	/* of the key */
	int			 width;
	struct cell_style	*style;		/* borrowed */
};

void	series_table_begin(struct series_table *t,
	    const struct print_series *head, struct cell_style *style);
void	series_table_heading(const struct series_table *t, struct out *o);

/* names: NULL, or those to stand at the end of the line. */
void	series_table_row(const struct series_table *t, struct out *o,
	    const struct names *names, const struct row *r);

#endif
