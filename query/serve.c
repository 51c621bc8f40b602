/* Roll-up or flows: see serve.h. */
#include "query/serve.h"

#include <sqlite3.h>
#include <stddef.h>

#include "query/ast.h"
#include "query/sql.h"
#include "query/words.h"
#include "schema/db.h"
#include "schema/flow.h"

/*
 * A flow found by an index costs as much as so many that are read in order
 * (measured: 1.2 us against 0.05).
 */
#define INDEX_WORTH	25
#define INDEX_FEW	50	/* so few it never matters */

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

const char *
serve_skip_text(enum serve_skip skip)
{
	static const char *const texts[] = { [SERVE_READ] = "",
	    [SERVE_EMPTY] = "it is empty",
	    [SERVE_EARLIER] = "it ends before the window",
	    [SERVE_LATER] = "it begins after the window" };

	return texts[skip];
}

/* Do all flows of the shard lie in the window? */
static bool
is_covered(const struct question *q, const struct shard_meta *m)
{
	return !q->has_window || (m->has_range &&
	    m->first_ms >= q->from_ms && m->last_ms <= q->to_ms);
}

const struct group_part *
serve_main_part(const struct group *g, unsigned *others)
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

/* What keeps the question from any roll-up; NULL: nothing. */
static const char *
obstacle(const struct question *q, const struct group *g,
    const struct open_shard *s)
{
	if (q->no_rollup)
		return "--no-rollup";
	if (question_in_order(q))
		return "flows are counted one by one";
	if (!s->meta.sealed)
		return "the shard is not sealed yet";
	if (!is_covered(q, &s->meta))
		return "the window cuts the shard";
	if (g->series != NULL)
		return "a roll-up knows no bins of time";
	if (g->out || g->kind == GROUP_RECORD)
		return "no roll-up has all fields asked for";
	return NULL;
}

const char *
serve_why_flows(const struct question *q, const struct group *g,
    const struct open_shard *s)
{
	const char *why = obstacle(q, g, s);

	return why != NULL ? why : "no roll-up has all fields asked for";
}

unsigned
serve_rollups(const struct question *q, const struct group *g,
    const struct open_shard *s, struct serve_pass out[SERVE_PASSES])
{
	uint64_t filter = filter_columns(q->filter);
	const struct group_part *p;
	unsigned others;
	int r;

	if (obstacle(q, g, s) != NULL)
		return 0;
	p = serve_main_part(g, &others);
	if (others > 0)
		return 0;
	if (p == NULL)
		return serve_proto(filter, s, out);
	if (p->mask != -1 || p->info->side[0] == STAT_EXPORTER)
		return 0;
	r = rollup_find((enum column)p->info->side[0]);
	if (r == -1)
		return 0;
	/* of two addresses in one country neither roll-up knows */
	if (p->info->n_sides == 2 && p->info->place != GEO_NOTHING)
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

bool
serve_is_address_test(const struct node *n)
{
	/* a country has thousands of ranges, which no index takes */
	if (n->kind != NODE_TEST || n->test.op != OP_EQ ||
	    n->test.set.addr == NULL || n->test.set.places != NULL || n->test.all ||
	    n->test.word->part != PART_VALUE)
		return false;
	for (unsigned i = 0; i < n->test.n_subjects; i++) {
		if (n->test.subject[i] != COL_src_addr &&
		    n->test.subject[i] != COL_dst_addr)
			return false;
	}
	return true;
}

/* 1: few flows pass this test; 0: too many, or it is no address test. */
static int
passes_few(const struct node *n, const struct open_shard *s,
    struct err *err)
{
	const struct sql_shape shape = { .schema = "main", .rollup = -1 };
	int64_t most = s->max_id / INDEX_WORTH + INDEX_FEW, got = 0;
	sqlite3_stmt *st;
	struct sql sql;
	int rc = -1;

	if (!serve_is_address_test(n))
		return 0;
	if (sql_probe(&sql, n, &shape, most + 1, err) == -1)
		return -1;
	st = db_prepare(s->db, sql.text, err);
	if (st != NULL && sql_bind_all(st, &sql, err) == 0)
		rc = db_step(st, err);
	if (rc == 1)
		got = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sql_clear(&sql);
	return rc == -1 ? -1 : got <= most;
}

bool
serve_may_index(const struct question *q, const struct open_shard *s)
{
	const struct node *root = ast_root(q->filter);

	if (q->no_index || question_in_order(q) || !s->indexed)
		return false;
	for (size_t i = 0; root->kind == NODE_AND && i < root->n; i++) {
		if (serve_is_address_test(root->child[i]))
			return true;
	}
	return serve_is_address_test(root);
}

/* Is there a test of addresses that holds for the flows, or some of them? */
static bool
names_addresses(const struct node *n)
{
	if (serve_is_address_test(n))
		return true;
	if (n->kind != NODE_AND && n->kind != NODE_OR)
		return false;
	for (size_t i = 0; i < n->n; i++) {
		if (names_addresses(n->child[i]))
			return true;
	}
	return false;
}

bool
serve_list_index(const struct question *q, const struct open_shard *s)
{
	return !q->no_index && !question_in_order(q) && s->indexed &&
	    names_addresses(ast_root(q->filter));
}

int
serve_by_index(const struct question *q, const struct open_shard *s,
    struct err *err)
{
	const struct node *root = ast_root(q->filter);
	int rc;

	if (!serve_may_index(q, s))
		return 0;
	if (root->kind != NODE_AND)
		return passes_few(root, s, err);
	for (size_t i = 0; i < root->n; i++) {
		rc = passes_few(root->child[i], s, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}
