/*
 * Printers: rows in, text out.  A format is chosen by the text of -o; whoever
 * runs the question knows no format, and a printer knows no question.
 *
 *	p = print_new("csv", &options, out, &err);
 *	print_flows(p, &head);  print_row(p, &row) ...  print_done(p, &summary);
 * or
 *	print_stat(p, &head);   print_row(p, &row) ...	[further statistics]
 *	print_done(p, &summary);
 * or
 *	print_series(p, &head);  print_row(p, &row) ...
 *	print_done(p, &summary);
 *
 * Formats: line long extended biline bilong fmt:... csv csv:... json ndjson
 * nfdump-csv chart null (and line6, long6, ...: -6).  Tables show local time unless
 * utc, CSV and JSON always UTC.  NULL is the default: line; biline for
 * sums with out_ counters; the fields of the key for sums under keys.
 */
#ifndef QUERY_PRINT_H
#define QUERY_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/out.h"
#include "query/row.h"
#include "query/terminal.h"
#include "schema/column.h"
#include "schema/err.h"

struct names;

struct print_options {
	bool		 quiet;		/* -q: no heading, no summary */
	bool		 plain;		/* -N: numbers not scaled, proto number */
	bool		 full_ip6;	/* -6: tables show whole addresses */
	bool		 utc;		/* tables too */
	bool		 raw;		/* --raw: no leading ' in CSV text */
	bool		 excel;		/* CSV begins with a BOM */
	const struct names *names;	/* NULL: none; outlives the printer */
	struct terminal	 terminal;	/* of pictures; width 0: 80 columns */
	/* how often print_flows and print_stat will be called, 0: once */
	size_t		 n_answers;
};

/*
 * A part of a key of -s and -A: the name the user asked for, the column of
 * struct row's flow that holds the value, or PRINT_EXPORTER: row.exporter, or
 * PRINT_PLACE of src_addr or dst_addr: row_place.
 */
#define PRINT_EXPORTER	COLUMN_COUNT
#define PRINT_PLACE(what, column) \
	(COLUMN_COUNT + 2 * (int)(what) + ((column) == COL_dst_addr))

struct print_key {
	const char	*name;		/* "dstip", "srcip4/24" */
	const char	*heading;	/* "Dst IP Addr" */
	int		 column;	/* enum column, or one of the above */
};

#define PRINT_KEYS_MAX	32

/* Before a list of flows, or of flows added under the keys of -A. */
struct print_flows {
	bool			 aggregated;	/* rows are sums */
	bool			 bidir;		/* -b, -B: sums with out_ counters */
	const struct print_key	*keys;		/* -A; NULL: whole flows, -a */
	size_t			 n_keys;
	const char		*order;		/* of -s record, else NULL */
	int64_t			 limit;		/* of -s record, 0: all */
};

/* Before the rows of one statistic. */
struct print_stat {
	const struct print_key	*key;
	bool			 by_proto;	/* :p: row.flow.proto is set */
	const char		*order;		/* "bytes", "flows", "pps", ... */
	int64_t			 limit;		/* rows asked for, 0: all */
	int64_t			 flows;		/* totals, for percentages */
	int64_t			 packets;
	int64_t			 bytes;
};

/* What a text table ends with; times in Unix ms. */
struct print_summary {
	int64_t	flows;		/* that passed the filter */
	int64_t	packets;
	int64_t	bytes;
	bool	has_range;
	int64_t	first_ms;	/* of the flows that passed */
	int64_t	last_ms;
	int64_t	processed;	/* flows in the shards that were looked at */
	int64_t	shards_read;
	int64_t	shards_skipped;
	double	user_sec;
	double	system_sec;
	double	wall_sec;
};

/* Before the bins of a time series. */
struct print_series {
	const struct print_key	*key;		/* of -s; NULL: none */
	bool			 by_proto;	/* :p */
};

/* What an answer begins with: one of these, the others NULL. */
struct print_head {
	const struct print_flows	*flows;
	const struct print_stat		*stat;
	const struct print_series	*series;
};

struct print;

/*
 * NULL: no such format or field: ERR_SYNTAX, the place in format, what was
 * expected.  out, and format, are borrowed until print_free.
 */
struct print *print_new(const char *format, const struct print_options *o,
	    struct out *out, struct err *err);
void	print_free(struct print *p);

/*
 * flow_bit() of the columns that a list of flows must have for this format
 * (COL_exporter: row.exporter too).
 */
uint64_t print_columns(const struct print *p);

/*
 * Before the work is done: -1 and ERR_SYNTAX with the place in format, when the
 * format cannot show such an answer, or not what csv:FIELDS names.
 */
int	print_accepts(const struct print *p, const struct print_head *head,
	    struct err *err);

/* The heads are read during the call only; print_accepts took them. */
void	print_flows(struct print *p, const struct print_flows *head);
void	print_stat(struct print *p, const struct print_stat *head);
void	print_row(struct print *p, const struct row *r);

/*
 * Rows that follow are bins: first_ms and duration_ms tell which, a row without
 * the key's value is that of all other keys.
 */
void	print_series(struct print *p, const struct print_series *head);

/* How many rows have been printed. */
int64_t	print_count(const struct print *p);

/* Ends the answer; writes the summary where the format has one. */
void	print_done(struct print *p, const struct print_summary *s);

/* The i-th name of a format, NULL after the last: for help and completion. */
const char *print_format_at(size_t i);

#endif
