/* Roll-up or flows: see serve.h. */
#include "query/serve.h"

#include <stddef.h>

#include "query/ast.h"
#include "schema/flow.h"

enum serve_skip
serve_window(const struct question *q, const struct shard_meta *m)
{
	if (m->flows == 0 && !m->has_range)
		return SERVE_EMPTY;
	if (!q->has_window || !m->has_range)
		return SERVE_READ;
	if (m->last_ms < q->from_ms)
		return SERVE_EARLIER;
	if (m->first_ms > q->to_ms)
		return SERVE_LATER;
	return SERVE_READ;
}

/* Do all flows of the shard lie in the window? */
static bool
is_covered(const struct question *q, const struct shard_meta *m)
{
	return !q->has_window || (m->has_range &&
	    m->first_ms >= q->from_ms && m->last_ms <= q->to_ms);
}

/* The part of the key that is not the protocol; NULL: there is none. */
static const struct group_part *
main_part(const struct group *g, unsigned *others)
{
	const struct group_part *found = NULL;

	*others = 0;
	for (size_t i = 0; i < g->n; i++) {
		if (g->part[i].info->side[0] == COL_proto)
			continue;
		if (found != NULL)
			++*others;
		else
			found = &g->part[i];
	}
	return found;
}

/* Any roll-up has the protocol; these are the smallest. */
static unsigned
serve_proto(uint64_t filter, const struct open_shard *s,
    struct serve_pass out[SERVE_PASSES])
{
	static const enum rollup small[] = { ROLLUP_in_if, ROLLUP_out_if,
	    ROLLUP_src_as, ROLLUP_dst_as, ROLLUP_dst_port, ROLLUP_src_port };

	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		uint64_t has = flow_bit(rollup_info(small[i])->column) |
		    flow_bit(COL_proto);

		if (s->rollup[small[i]] && (filter & ~has) == 0) {
			out[0] = (struct serve_pass){ small[i], 0, 1 };
			return 1;
		}
	}
	return 0;
}

static unsigned
serve_pair(int r, uint64_t filter, const struct open_shard *s,
    struct serve_pass out[SERVE_PASSES])
{
	if ((filter & ~flow_bit(COL_proto)) != 0 || !s->rollup[r] ||
	    !s->rollup[r + 1] || !s->rollup[r + 2])
		return 0;
	out[0] = (struct serve_pass){ (enum rollup)r, 0, 1 };
	out[1] = (struct serve_pass){ (enum rollup)(r + 1), 1, 1 };
	out[2] = (struct serve_pass){ (enum rollup)(r + 2), 0, -1 };
	return 3;
}

unsigned
serve_rollups(const struct question *q, const struct group *g,
    const struct open_shard *s, struct serve_pass out[SERVE_PASSES])
{
	uint64_t filter = filter_columns(q->filter);
	const struct group_part *p;
	unsigned others;
	int r;

	if (q->no_rollup || question_in_order(q) || !s->meta.sealed ||
	    !is_covered(q, &s->meta) || g->out || g->kind == GROUP_RECORD)
		return 0;
	p = main_part(g, &others);
	if (others > 0)
		return 0;
	if (p == NULL)
		return serve_proto(filter, s, out);
	if (p->mask != -1 || p->info->side[0] == STAT_EXPORTER)
		return 0;
	r = rollup_find((enum column)p->info->side[0]);
	if (r == -1)
		return 0;
	if (p->info->n_sides == 2)
		return rollup_info((enum rollup)(r + 1))->column ==
		    (enum column)p->info->side[1] ?
		    serve_pair(r, filter, s, out) : 0;
	if (p->info->n_sides != 1 || !s->rollup[r] || (filter & ~(flow_bit(
	    (enum column)p->info->side[0]) | flow_bit(COL_proto))) != 0)
		return 0;
	out[0] = (struct serve_pass){ (enum rollup)r, 0, 1 };
	return 1;
}
