/*
 * Strokes of terminal pictures: bars, sparklines, labels, in Unicode blocks or
 * ASCII; and the picture of a time series.  print_chart.c has the rest.
 */
#ifndef QUERY_CHART_H
#define QUERY_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "query/cell.h"
#include "query/out.h"
#include "query/print.h"
#include "query/terminal.h"

#define CHART_LABEL_MAX	160	/* bytes, and NUL */
#define CHART_KEYS	8	/* that are told apart; the last is "other" */

/* Columns that a text takes: its characters. */
size_t	chart_columns(const char *text);

/* text cut or filled to exactly so many columns; a cut is shown. */
void	chart_label(struct out *o, const struct terminal *t, const char *text,
	    size_t columns);

/* value of most as a bar, filled with blanks to so many columns. */
void	chart_bar(struct out *o, const struct terminal *t, int64_t value,
	    int64_t most, size_t columns);

/* So high in its column: 0 none, 8 all of it; written as one character. */
void	chart_level(struct out *o, const struct terminal *t, unsigned eighths);

/* How a key is painted: what is between these two is in its colour. */
void	chart_colour(struct out *o, const struct terminal *t, size_t key);
void	chart_plain(struct out *o, const struct terminal *t);
/* One character that stands for a key in a picture without colours. */
void	chart_glyph(struct out *o, const struct terminal *t, size_t key);

/* A series while its rows come, bin by bin, every bin with the same keys. */
struct chart_series {
	size_t	  n_keys;	/* "other" is the last one, if there are several */
	char	(*labels)[CHART_LABEL_MAX];
	int64_t	 *values;	/* bit/s, n_keys for each bin */
	size_t	  n;		/* values */
	size_t	  room;
	size_t	  label_room;
	int64_t	  first_ms;	/* where the bins begin and end */
	int64_t	  last_ms;
};

/* -1: out of memory. */
int	chart_series_add(struct chart_series *s, const char *label,
	    int64_t first_ms, int64_t duration_ms, int64_t value);
void	chart_series_draw(const struct chart_series *s, struct out *o,
	    const struct terminal *t, struct cell_style *style);
void	chart_series_clear(struct chart_series *s);

#endif
