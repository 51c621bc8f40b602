/*
 * Which table of a shard serves a group: a roll-up when it holds all that
 * the question touches, else the flows themselves.
 */
#ifndef QUERY_SERVE_H
#define QUERY_SERVE_H

#include <stdbool.h>

#include "query/open.h"
#include "query/question.h"

enum serve_skip { SERVE_READ, SERVE_EMPTY, SERVE_EARLIER, SERVE_LATER };

/* Can the shard hold flows of the window? */
enum serve_skip serve_window(const struct question *q,
	    const struct shard_meta *m);

/* "its flows end before the window" */
const char *serve_skip_text(enum serve_skip skip);

/* The passes over roll-ups that add up to the answer for one group. */
struct serve_pass {
	enum rollup	rollup;
	unsigned	side;	/* of the statistic that its key stands for */
	int		sign;	/* -1: counted twice, take away */
};

#define SERVE_PASSES	3

/* Is it worth asking serve_by_index, which needs SQLite? */
bool	serve_may_index(const struct question *q, const struct open_shard *s);

/* Is it a test of addresses that an index can answer? */
struct node;
bool	serve_is_address_test(const struct node *n);

/* May SQLite find the flows of a list by the indexes? */
bool	serve_list_index(const struct question *q,
	    const struct open_shard *s);

/*
 * Do the indexes by address find the flows faster than reading all of them?
 * Looks into the index, no further than that takes to know.  -1: failed.
 */
int	serve_by_index(const struct question *q, const struct open_shard *s,
	    struct err *err);

/*
 * The part of the key that is not the protocol, NULL: there is none; *others:
 * how many more there are.
 */
const struct group_part *serve_main_part(const struct group *g,
	    unsigned *others);

/* How many passes; 0: the flows must be read. */
unsigned serve_rollups(const struct question *q, const struct group *g,
	    const struct open_shard *s, struct serve_pass out[SERVE_PASSES]);

/* Why it gave 0, in a few words. */
const char *serve_why_flows(const struct question *q, const struct group *g,
	    const struct open_shard *s);

#endif
