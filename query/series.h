/*
 * Time series, --bin: flows cut into bins of time, and sums by bin and key.
 *
 * Packets and bytes of a flow are spread over the bins that it covers, in
 * proportion to the time in each, rounded so that its parts add up to it; all
 * in the bin of its start when it has no duration or with --no-spread.  The
 * flow itself is counted in the bin where it starts.  So sums over all bins are
 * the totals of the flows.
 *
 * A window is widened to whole bins and shows what lies inside: a bin has the
 * same figures whichever window it is seen through.  (A flow that began before
 * the first bin adds packets and bytes to the bins it reaches, but is counted
 * in none of them.)  Without a window bins go from the first flow's start to
 * the last one's end.  Empty bins are there, with zeros.
 *
 * With a statistic each bin has a row for each of its N first keys, those that
 * -s alone would list for all of the bins, and one for what has none of these
 * keys ("other").  A statistic with two sides (ip) counts a flow under both, so
 * there sums over keys can be larger than the total.
 *
 * Sums go through the tallies of feed.h like those of any group: the key is
 * the bin's number and the place of the key, 4 bytes each, big-endian.
 */
#ifndef QUERY_SERIES_H
#define QUERY_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/bins.h"
#include "query/datum.h"
#include "query/stats.h"
#include "schema/err.h"
#include "schema/tally.h"

#define SERIES_KEY	8	/* bytes */

struct group;

struct series_cell {
	int64_t	flows;
	int64_t	packets;
	int64_t	bytes;
};

struct series {
	struct bins		 bins;
	bool			 spread;
	const struct group	*group;	/* of the keys; NULL: no -s */
	struct tally		*keys;	/* key -> place (in flows), in order */
	size_t			 n_keys;	/* "other" comes behind them */
	size_t			 most_cells;
	struct series_cell	*cells;	/* n_keys + 1 for each bin */
};

/*
 * bins become the series'.  memory: bytes for keys and cells.  -1: it does not
 * suffice.  To be cleared in any case.
 */
int	series_init(struct series *s, struct bins *bins, size_t memory,
	    struct err *err);
void	series_clear(struct series *s);

/* The next of the keys, the first one first.  -1: too many rows. */
int	series_add_key(struct series *s, const uint8_t *key, size_t len,
	    struct err *err);

/* A flow while it is cut. */
struct series_cut {
	const struct series	*s;
	const struct tally_sum	*flow;
	int64_t			 span_ms;	/* 0: all where it starts */
	size_t			 bin;
	size_t			 end;
	uint32_t		 places[STAT_SIDES];
	unsigned		 n_places;
	unsigned		 at;		/* place under way */
};

/*
 * Cuts the sums of one flow, which must stay as they are until the last part.
 * data: as for group_key.
 */
void	series_cut(struct series_cut *c, const struct series *s,
	    const struct datum *data, const struct tally_sum *flow);
/* The next part and the key it is added under; false: there is none. */
bool	series_next(struct series_cut *c, uint8_t key[SERIES_KEY],
	    struct tally_sum *part);

/* Adds sums of parts to the cells.  -1: out of memory. */
int	series_take(struct series *s, const struct tally *parts,
	    struct err *err);

/* Adds to one cell.  -1: out of memory. */
int	series_add(struct series *s, size_t bin, size_t place,
	    const struct tally_sum *sum, struct err *err);

/* The cell of a bin and a place; of what was added to. */
struct series_cell series_at(const struct series *s, size_t bin,
	    size_t place);

#endif
