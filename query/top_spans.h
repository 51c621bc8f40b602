/*
 * Which flows came in the last minute.  A shard does not store when a flow
 * arrived, but ids grow as flows come: whoever looks every few seconds knows
 * when each range of ids came, and reads only those.  What came before the
 * first look is dated by the latest end of a flow up to there, which is right
 * but for the time that a router keeps a flow that has ended.
 *
 * Nothing of a shard is held between looks: the collector may seal it.
 */
#ifndef QUERY_TOP_SPANS_H
#define QUERY_TOP_SPANS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "query/open.h"
#include "query/where.h"
#include "schema/err.h"

#define TOP_SPAN_MS	INT64_C(60000)	/* what is remembered */
#define TOP_SLOT_MS	INT64_C(2000)	/* how fine arrival is known */

struct top_spans;

/* Flows of a shard with ids from id_from to id_to, come at at_ms. */
struct top_span {
	int64_t	at_ms;
	int64_t	id_from;
	int64_t	id_to;
};

/* Told of a span while its shard is open; -1 ends the look. */
typedef int top_visit(void *arg, struct open_shard *shard,
	    const struct top_span *span, struct err *err);

/* where and stop are borrowed.  NULL: out of memory. */
struct top_spans *top_spans_new(const struct where *where,
	    const atomic_bool *stop, struct err *err);
void	top_spans_free(struct top_spans *t);

/*
 * Looks for new flows and gives their spans; forgets those of before the last
 * minute.  A shard that cannot be read now is left for the next look; when
 * that fails too, note is filled with why (else it is left alone).
 */
int	top_spans_look(struct top_spans *t, int64_t now_ms, top_visit *visit,
	    void *arg, struct err *note, struct err *err);

/* Gives all spans of the last minute once more. */
int	top_spans_again(struct top_spans *t, int64_t now_ms, top_visit *visit,
	    void *arg, struct err *err);

/* Shards that may get flows still. */
size_t	top_spans_live(const struct top_spans *t);

#endif
