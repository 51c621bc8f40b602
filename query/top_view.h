/*
 * The screens of --top as text: what is to be shown in, control sequences
 * out.  Knows no terminal and no shard.
 *
 *	dstip  2431 keys  1.2 Gbit/s  160.3 k packets/s  10.2 k flows/s  12:31:04
 *	Filter: proto tcp
 *
 *	     Dst IP Addr            bit/s       %     packets/s      flows/s
 *	  1  192.168.10.57         31.2 M    25.0         3.1 k         12.3
 *	...
 *	5 keys  q quit  h help  space pause  enter drill  s statistic ...
 */
#ifndef QUERY_TOP_VIEW_H
#define QUERY_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/group.h"
#include "query/order.h"
#include "query/top_sums.h"

#define TOP_ROWS_MAX	200	/* keys on a screen */
#define TOP_LINES	5	/* of a screen that are no keys */

struct top_view {
	int			 rows;		/* of the terminal */
	int			 columns;
	const struct group	*group;
	enum metric		 metric;
	const char		*filter;	/* "": none */
	const char		*note;		/* a trouble, or "" */
	const char		*clock;		/* "12:31:04" */
	bool			 paused;
	bool			 help;
	bool			 full;		/* keys were left out */
	size_t			 n_keys;	/* in all */
	size_t			 live;		/* shards */
	struct tally_sum	 total;
	const struct top_key	*keys;		/* the first of them */
	size_t			 n;
	size_t			 selected;
};

/* malloc'd, *len bytes; NULL: out of memory. */
char	*top_view_text(const struct top_view *v, size_t *len);

/* Keys that fit on a terminal of so many rows. */
size_t	top_view_room(int rows);

/* The value of a key as the filter takes it; NUL-terminated. */
#define TOP_VALUE_MAX	81
void	top_view_value(const struct group *g, const struct top_key *k,
	    char out[TOP_VALUE_MAX]);

/* "812", "3.1 k", "31.2 M"; below 10 with a decimal.  NUL-terminated. */
#define TOP_RATE_MAX	24
void	top_view_rate(double v, char out[TOP_RATE_MAX]);

#endif
