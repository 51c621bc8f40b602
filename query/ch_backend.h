/*
 * The cluster as the files ch_*.c share it: its shards, and how questions read
 * them.  Not for others.
 */
#ifndef QUERY_CH_BACKEND_H
#define QUERY_CH_BACKEND_H

#include "query/backend.h"
#include "query/ch_client.h"
#include "query/ch_sql.h"

struct ch_shards {
	struct ch_shard	*v;		/* by number, then collector */
	size_t		 n;
	size_t		 room;
	int64_t		 packets;	/* of all, as sent */
	int64_t		 bytes;
	int64_t		 max_sampling;
};

struct ch_backend {
	struct backend		 backend;
	struct ch_client	*client;
	struct ch_shards	 shards;	/* that are there */
	struct shard_list	*local;		/* and these here */
	struct ch_shards	 except;	/* local, not to be read there */
};

/* Reads table shards. */
int	ch_shards_read(struct ch_client *c, struct ch_shards *out,
	    struct err *err);
int	ch_shards_add(struct ch_shards *to, const char *collector,
	    uint32_t number, struct err *err);
void	ch_shards_clear(struct ch_shards *s);

/*
 * Takes out of the list what the ledgers beside them (ship.sqlite) say is in
 * the database; of the rest, except is told the names they would have there.
 */
int	ch_local_cut(struct shard_list *list, const char *database,
	    struct ch_shards *except, struct err *err);

/* Can it hold flows of the window? */
bool	ch_shard_wanted(const struct ch_shard *s, const struct question *q);

/*
 * How the question reads the flows; counts the shards in the report (or
 * NULL).  Returns how many are to be read.
 */
size_t	ch_shape(const struct ch_backend *b, const struct question *q,
	    struct report *report, struct ch_shape *out);

/* Completes the shape: may roll-ups stand for flows, and of which shards. */
void	ch_roll_shards(const struct ch_backend *b, const struct question *q,
	    struct ch_shape *shape);

typedef int ch_part_visit(void *arg, const struct ch_part *part,
	    struct err *err);

/*
 * Each of the statements that a group's sums take; nulls is for the visitor to
 * set.  most: so many rows suffice, 0: all.
 */
int	ch_each_part(const struct question *q, const struct group *g,
	    const struct ch_shape *shape, int64_t most, ch_part_visit *visit,
	    void *arg, struct err *err);

/*
 * A line of --explain: a statement that began then and gave so many rows.
 * part: NULL, of flows.
 */
void	ch_explain(struct report *r, const struct ch_backend *b,
	    const struct ch_shape *shape, const struct ch_part *part,
	    const char *what, int64_t rows, double began_sec);

/* The same by the name of a table, and of n shards. */
void	ch_explain_table(struct report *r, const struct ch_backend *b,
	    const char *what, const char *table, size_t n, int64_t rows,
	    double began_sec);

/* Calls of the back end. */
int	ch_sums(struct backend *b, const struct question *q,
	    const struct work_options *o, struct sums *out,
	    struct report *report, struct err *err);
int	ch_list(struct backend *b, const struct question *q,
	    const struct list_options *o, struct tally_sum *total,
	    struct report *report, struct err *err);
int	ch_exporters(struct backend *b, const struct question *q,
	    backend_exporter_visit *visit, void *arg, struct report *report,
	    struct err *err);
int	ch_script(struct backend *b, struct answer *a, struct err *err);

#endif
