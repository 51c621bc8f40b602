/*
 * A filter over many rows at once: the columns of a leaf page (btree.h) in,
 * a byte per row out.  The same meaning as match.h and the SQL; several times
 * faster, as each test is one loop over one column.
 *
 * What is asked of table path is answered once per path, not per row.  Tests
 * on table extra are not for a sieve.
 */
#ifndef QUERY_SIEVE_H
#define QUERY_SIEVE_H

#include <stdbool.h>
#include <stdint.h>

#include "query/btree.h"
#include "query/question.h"
#include "query/side.h"
#include "schema/err.h"

struct sieve;

/* Can a sieve answer the question's filter? */
bool	sieve_can(const struct question *q);

/* flow_bit() of columns that it reads of flow, and of path. */
uint64_t sieve_columns(const struct question *q);

/*
 * For a shard: side holds its paths (sieve_columns of them), place[c] is the
 * place of column c in the rows (-1: not there), path_place that of flow.path.
 * cap: most rows at once.  All borrowed.  NULL: out of memory.
 *
 * side NULL: the rows are of a roll-up that lies in the window and has all
 * columns of the filter.
 */
struct sieve *sieve_new(const struct question *q, const struct side *side,
	    const int *place, int path_place, size_t cap, struct err *err);
void	sieve_free(struct sieve *s);

/*
 * The rows that pass: 1 or 0 for each of r->n, valid until the next call.
 * NULL: all pass.
 */
const uint8_t *sieve_rows(struct sieve *s, const struct btree_rows *r);

#endif
