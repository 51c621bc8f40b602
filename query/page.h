/*
 * --report: an answer to look at, as one HTML file that needs nothing else.
 * page_collect.c asks the shards, page_bins.c for the course of time,
 * page_write.c and the files that it calls draw what was found.
 */
#ifndef QUERY_PAGE_H
#define QUERY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/answer.h"
#include "query/field.h"
#include "query/series.h"
#include "query/timetext.h"
#include "schema/addr.h"

/* What bounds the size of the file: rows of a table, and others. */
#define PAGE_ROWS_MAX		50
#define PAGE_NAME_MAX		81	/* bytes of a name shown, and NUL */
#define PAGE_EXPORTERS_MAX	100
#define PAGE_BINS_MAX		400
#define PAGE_FILTER_MAX		2000	/* bytes shown */

#define PAGE_BANDS	20	/* conversations that are drawn */
#define PAGE_KEYS	7	/* of a chart; and "other" */

enum page_stat {
	PAGE_PROTO, PAGE_SRCIP, PAGE_DSTIP,	/* charts, too */
	PAGE_SRCPORT, PAGE_DSTPORT, PAGE_SRCAS, PAGE_DSTAS, PAGE_INIF,
	PAGE_OUTIF,
	/* with --geo */
	PAGE_SRCGEO, PAGE_DSTGEO, PAGE_SRCASN, PAGE_DSTASN,
	PAGE_RANKED,				/* how many have roll-ups */
	PAGE_PAIRS = PAGE_RANKED,		/* conversations */
	PAGE_TABLES
};

#define PAGE_CHARTS	3

struct page_row {
	uint8_t			raw[TALLY_KEY_MAX];
	size_t			len;
	char			text[2][FIELD_VALUE_MAX + 1];	/* as in CSV */
	char			name[2][PAGE_NAME_MAX];		/* or "" */
	struct tally_sum	sum;
};

struct page_table {
	struct page_row	*v;		/* by bytes; owned */
	size_t		 n;		/* may be more than are shown */
};

struct page_exporter {
	struct addr	address;
	char		name[PAGE_NAME_MAX];
	int64_t		version, domain, packets, flows, lost, sampling;
	int64_t		loss;		/* hundredths of a percent */
	int64_t		last_ms;
	bool		has_sampling, has_last;
};

struct page {
	struct answer		*a;
	size_t			 rows;		/* of a table shown, at most */
	struct group		 groups[PAGE_TABLES];
	struct page_table	 tables[PAGE_TABLES];
	struct tally_sum	 total;
	bool			 has_range;	/* else there is nothing */
	int64_t			 from_ms;	/* the window, or the flows' */
	int64_t			 to_ms;
	bool			 has_before;	/* a window before, with flows */
	struct tally_sum	 before;
	bool			 has_series;
	bool			 by_slot;	/* bins are of arrival */
	struct series		 series[PAGE_CHARTS];
	struct tally_sum	 pairs_total;
	bool			 pairs_cut;	/* only shards from then on */
	int64_t			 pairs_from_ms;
	struct page_exporter	*exporters;
	size_t			 n_exporters;
	size_t			 more_exporters;	/* that have no room */
	struct timetext		 time;		/* as the user wants it */
};

/* Everything that the page shows.  To be cleared in any case. */
int	page_collect(struct page *p, struct answer *a, struct err *err);
void	page_clear(struct page *p);

/* The three series; tables are there. */
int	page_bins(struct page *p, struct err *err);

/* Bits a second of a bin and a place; clips bins of arrival to the window. */
int64_t	page_rate(const struct page *p, const struct series *s, size_t bin,
	    size_t place);

/* The whole page. */
void	page_write(struct page *p, struct out *o);

/* ---- for the files page*.c ---- */

/* "2026-11-25 05:52:14". */
void	page_time(struct page *p, struct out *o, int64_t ms);

/* The stacked area of a chart, its legend and its data. */
void	page_area(struct page *p, struct out *o, enum page_stat chart);

/* Who sends to whom, as bands. */
void	page_bands(struct page *p, struct out *o);

/* A table with bars; numbers as in CSV. */
void	page_top(struct page *p, struct out *o, enum page_stat stat);

/* Exporters and their losses; what served the answer. */
void	page_exporters(struct page *p, struct out *o);
void	page_served(struct page *p, struct out *o);

/* A key and its name. */
void	page_key(struct out *o, const struct page_row *r, int side);

/* In pieces, NULL behind the last. */
extern const char *const page_style[];
extern const char *const page_script[];
/* Of page_script as it stands: base64 of SHA-256; a test compares. */
extern const char page_script_hash[];

#endif
