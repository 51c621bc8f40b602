/*
 * Roll-ups of a cluster in place of its flows, by the rules of serve.h: see
 * ch_backend.h.
 *
 * Shards lie in the window as a whole, or are cut by it.  Of those cut, flows
 * are read: for a key of one side in the same statement, so that the server
 * can still put the sums in order; for others in statements of their own.
 */
#include "query/ast.h"
#include "query/ch_backend.h"
#include "query/serve.h"
#include "schema/flow.h"

/* ---- shards ---- */

/* A flow whose time is not known is in no window. */
static bool
is_covered(const struct ch_shard *s, const struct question *q)
{
	return !q->has_window || s->flows == 0 || (s->has_range &&
	    s->first_ms > 0 && s->first_ms >= q->from_ms &&
	    s->last_ms <= q->to_ms);
}

void
ch_roll_shards(const struct ch_backend *b, const struct question *q,
    struct ch_shape *shape)
{
	size_t numbers = 0;

	shape->rolls = false;
	shape->n_cut = 0;
	if (q->no_rollup || question_in_order(q) || shape->wide)
		return;
	for (size_t i = 0; i < b->shards.n; i++) {
		const struct ch_shard *s = &b->shards.v[i];

		if (shape->has_shards && (s->number < shape->shard_from ||
		    s->number > shape->shard_to))
			continue;
		if (i == 0 || s[-1].number != s->number)
			numbers++;
		if (is_covered(s, q) || (shape->n_cut > 0 &&
		    shape->cut[shape->n_cut - 1] == s->number))
			continue;
		if (shape->n_cut == CH_CUT_MAX)
			return;
		shape->cut[shape->n_cut++] = s->number;
	}
	shape->rolls = numbers > shape->n_cut;
}

/* ---- roll-ups ---- */

/* Does the filter test nothing but the column and the protocol? */
static bool
tests_only(const struct question *q, uint64_t bits)
{
	return (filter_columns(q->filter) & ~(bits | flow_bit(COL_proto))) == 0;
}

static bool
find(enum column c, struct ch_roll *out)
{
	int t = clickhouse_roll_of(c, &out->side);

	if (t == -1)
		return false;
	out->table = (enum clickhouse_table)t;
	out->column = c;
	out->both = false;
	return true;
}

/* Any has the protocol, and the total; the smallest first. */
static bool
find_any(const struct question *q, struct ch_roll *out)
{
	static const enum column columns[] = { COL_in_if, COL_out_if,
		COL_src_as, COL_dst_as, COL_dst_port, COL_src_port,
		COL_src_addr, COL_dst_addr };

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (tests_only(q, flow_bit(columns[i])))
			return find(columns[i], out);
	}
	return false;
}

static bool
find_roll(const struct question *q, const struct group *g,
    struct ch_roll *out)
{
	const struct group_part *p;
	struct ch_roll other;
	unsigned others;

	if (g->series != NULL || g->out || g->kind == GROUP_RECORD)
		return false;
	p = serve_main_part(g, &others);
	if (others > 0)
		return false;
	if (p == NULL)
		return find_any(q, out);
	if (p->mask != -1 || p->info->side[0] == STAT_EXPORTER ||
	    p->info->place != GEO_NOTHING ||
	    !find((enum column)p->info->side[0], out))
		return false;
	if (p->info->n_sides == 1)
		return tests_only(q, flow_bit(out->column));
	out->both = p->info->n_sides == 2 && out->side == 0 &&
	    find((enum column)p->info->side[1], &other) &&
	    other.table == out->table && other.side == 1;
	return out->both && tests_only(q, 0);
}

/* ---- statements ---- */

int
ch_each_part(const struct question *q, const struct group *g,
    const struct ch_shape *shape, int64_t most, ch_part_visit *visit,
    void *arg, struct err *err)
{
	struct ch_part part = { .group = g };
	int side = g->series != NULL ? -1 : 0;
	int end = side == -1 ? 0 : (int)group_sides(g);
	struct ch_roll roll;

	if (!ch_can_limit(g, shape))
		most = 0;
	if (shape->rolls && find_roll(q, g, &roll)) {
		part.roll = &roll;
		part.cut = shape->n_cut > 0 && g->n > 0 && !roll.both;
		part.most = part.cut || shape->n_cut == 0 ? most : 0;
		if (visit(arg, &part, err) == -1)
			return -1;
		if (part.cut || shape->n_cut == 0)
			return 0;
		part = (struct ch_part){ .group = g, .cut = true };
		most = 0;
	}
	for (; side < end; side++) {
		part.side = side;
		part.most = end == 1 ? most : 0;
		if (visit(arg, &part, err) == -1)
			return -1;
	}
	return 0;
}
