/*
 * Sums in order: the first N of a group, or all of them.  Ties go by the key,
 * so that the same question has the same answer every time.
 */
#ifndef QUERY_RANK_H
#define QUERY_RANK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/filter.h"
#include "query/group.h"
#include "query/order.h"
#include "query/row.h"
#include "schema/err.h"
#include "schema/tally.h"

struct rank;

struct rank_options {
	const struct group	*group;
	const struct order	*order;
	int64_t			 limit;		/* rows; 0: all */
	bool			 to_server;	/* -B: see rank_add */
	const struct filter	*having;	/* -P, or NULL */
	/* sums come in parts that vanish: keep what is needed of them */
	bool			 in_parts;
	const atomic_bool	*stop;		/* ends with ERR_STOPPED; or NULL */
};

struct rank *rank_new(const struct rank_options *o, struct err *err);
void	rank_free(struct rank *r);

/*
 * Takes the sums of a table.  Unless in_parts it must stay as it is until
 * rank_each is done.
 *
 * With a bidir group the two directions of a conversation are one row: the
 * direction seen first (to_server: that towards the lower port, TCP and UDP)
 * has packets and bytes, the other one out_packets and out_bytes.
 */
int	rank_add(struct rank *r, struct tally *part, struct err *err);

/* A row, and the key (see group.h) it was made from. */
typedef void rank_visit(void *arg, const struct row *row, const uint8_t *key,
	    size_t len);

/* Gives the rows in order. */
int	rank_each(struct rank *r, rank_visit *visit, void *arg,
	    struct err *err);

#endif
