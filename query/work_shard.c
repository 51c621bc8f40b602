/*
 * Reading a shard: see work_shard.h.  Groups that roll-ups can serve are done
 * with them.  For the rest the flows are read once: by the indexes where the
 * filter names few addresses, from the pages of a sealed shard, else by
 * SQLite.
 */
#include "query/work_shard.h"

#include <stdlib.h>

#include "query/addrindex.h"
#include "query/leafscan.h"
#include "query/pass.h"
#include "query/rollscan.h"
#include "query/serve.h"
#include "query/side.h"

/* SQLite on the shard, when first something needs it. */
static int
need_db(struct feed *f, struct open_shard *s, const char *path,
    struct err *err)
{
	if (s->db == NULL && (shard_need_db(s, path, f->q->stop, err) == -1 ||
	    feed_register(s->db, f, err) == -1))
		return -1;
	return 0;
}

/* ---- roll-ups ---- */

/* Group i alone, by its passes. */
static int
run_rollups(struct feed *f, struct open_shard *s, const char *path, size_t i,
    const struct serve_pass *pass, unsigned n, struct shard_task *t,
    struct err *err)
{
	int rc;

	for (size_t k = 0; k < f->q->n_groups; k++)
		f->groups[k].wanted = k == i;
	for (unsigned k = 0; k < n; k++) {
		struct sql_shape shape = { .schema = "main",
			.rollup = (int)pass[k].rollup };

		feed_begin(f, NULL, shape.rollup, pass[k].side, pass[k].sign);
		rc = rollscan_run(f, path, s, &pass[k], t->use, err);
		if (rc == 0)
			rc = need_db(f, s, path, err) == -1 ? -1 :
			    pass_run(f, s->db, &shape, t->use, err);
		if (rc == -1)
			return -1;
		f->count_total = false;
	}
	return 0;
}

/*
 * What all flows add up to is counted once: by the scan, or else by the
 * first roll-up.  Returns how many groups are left, with wanted set; -1
 * failed.
 */
static int
use_rollups(struct feed *f, struct open_shard *s, const char *path,
    struct shard_task *t, struct err *err)
{
	struct serve_pass pass[GROUPS_MAX][SERVE_PASSES];
	unsigned n[GROUPS_MAX] = { 0 };
	int left = 0;

	for (size_t i = 0; i < f->q->n_groups; i++) {
		n[i] = serve_rollups(f->q, f->groups[i].group, s, pass[i]);
		left += n[i] == 0;
	}
	f->count_total = left == 0;
	for (size_t i = 0; i < f->q->n_groups && t->piece.kind == PIECE_ALL;
	    i++) {
		if (n[i] > 0 && run_rollups(f, s, path, i, pass[i],
		    n[i], t, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < f->q->n_groups; i++)
		f->groups[i].wanted = n[i] == 0;
	f->count_total = true;
	return left;
}

/* ---- flows ---- */

/* Offers the scan for cutting; p is its whole. */
static int
offer(struct shard_task *t, struct piece p, struct err *err)
{
	if (t->piece.kind != PIECE_ALL)
		return 0;
	if (t->split != NULL && t->split(t->arg, &p, err) == -1)
		return -1;
	t->piece = p;
	return 0;
}

static int
scan_sql(struct feed *f, struct open_shard *s, const struct side *side,
    struct shard_task *t, bool index, struct err *err)
{
	const struct question *q = f->q;
	bool in_order = question_in_order(q), whole;
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = q->scale, .no_index = q->no_index || in_order,
		.has_window = q->has_window, .within = q->within,
		.from_ms = q->from_ms, .to_ms = q->to_ms,
		.count_base = t->count_base };

	if (!in_order && !index && offer(t, (struct piece){ PIECE_IDS, 1,
	    s->max_id, s->inode }, err) == -1)
		return -1;
	whole = t->piece.kind != PIECE_IDS ||
	    (t->piece.from == 1 && t->piece.to == s->max_id);
	shape.rowids = !whole;
	shape.id_from = t->piece.from;
	shape.id_to = t->piece.to;
	feed_begin(f, side, -1, 0, 1);
	return pass_run(f, s->db, &shape, t->use, err);
}

static int
scan_leaves(struct feed *f, struct leafscan *l, const struct open_shard *s,
    const struct side *side, struct shard_task *t, struct err *err)
{
	int64_t n = (int64_t)leafscan_leaves(l), rows, passed = f->passed;

	if (offer(t, (struct piece){ PIECE_LEAVES, 0, n, s->inode },
	    err) == -1)
		return -1;
	feed_begin(f, side, -1, 0, 1);
	if (leafscan_run(l, f, (size_t)t->piece.from, (size_t)t->piece.to,
	    &rows, err) == -1)
		return -1;
	if (t->use != NULL)
		report_part(t->use, rows, f->passed - passed,
		    "scan of flow");
	return 0;
}

static struct side *
load_side(struct feed *f, struct open_shard *s, const char *path,
    struct err *err)
{
	uint64_t columns = leafscan_path_columns(f);
	struct side *side = s->db == NULL ?
	    side_load_pages(path, s, columns) : NULL;

	if (side == NULL && need_db(f, s, path, err) == 0)
		side = side_load(s->db, "main", columns, err);
	return side;
}

/* Flows that the indexes name; all within the first task of the shard. */
static int
scan_ids(struct feed *f, struct leafscan *l, const struct addrindex_ids *ids,
    struct shard_task *t, const struct side *side, struct err *err)
{
	int64_t rows, passed = f->passed;

	feed_begin(f, side, -1, 0, 1);
	if (leafscan_run_ids(l, f, ids->id, ids->n, &rows, err) == -1)
		return -1;
	if (t->use != NULL)
		report_part(t->use, rows, f->passed - passed,
		    "table flow by index %s%s%s",
		    ids->src ? "flow_src_addr" : "",
		    ids->src && ids->dst ? " or " : "",
		    ids->dst ? "flow_dst_addr" : "");
	return 0;
}

/* 1: an index of SQLite is of use; 0: read them all; -1: failed. */
static int
ask_index(struct feed *f, struct open_shard *s, const char *path,
    const struct shard_task *t, struct err *err)
{
	if (t->piece.kind != PIECE_ALL || !serve_may_index(f->q, s))
		return 0;
	return need_db(f, s, path, err) == -1 ? -1 :
	    serve_by_index(f->q, s, err);
}

static int
scan(struct feed *f, struct open_shard *s, const char *path,
    struct shard_task *t, struct err *err)
{
	struct leafscan *leaves = NULL;
	struct addrindex_ids ids = { .n = 0 };
	struct side *side = load_side(f, s, path, err);
	bool found = false;
	int rc = -1, index = 0;

	if (side == NULL)
		return -1;
	if (t->piece.kind == PIECE_ALL && s->by_pages)
		found = addrindex_find(f->q, path, s, &ids);
	else
		index = ask_index(f, s, path, t, err);
	if (index == 0 && t->piece.kind != PIECE_IDS)
		leaves = leafscan_open(f, path, s, side);
	if (leaves != NULL)
		rc = found ? scan_ids(f, leaves, &ids, t, side, err) :
		    scan_leaves(f, leaves, s, side, t, err);
	else if (t->piece.kind == PIECE_LEAVES)
		rc = err_set(err, "%s: changed while it was read", path);
	else if (index != -1 && need_db(f, s, path, err) == 0)
		rc = scan_sql(f, s, side, t, index == 1, err);
	leafscan_close(leaves);
	free(ids.id);
	side_free(side);
	if (rc == 0 && t->use != NULL)
		pass_explain_flows(f, s, t->use);
	return rc;
}

int
work_shard(struct feed *f, struct open_shard *s, const char *path,
    struct shard_task *t, struct err *err)
{
	int left;

	if (t->piece.kind != PIECE_ALL && t->piece.inode != s->inode)
		return err_set(err, "%s: changed while it was read", path);
	if (s->db != NULL && feed_register(s->db, f, err) == -1)
		return -1;
	left = use_rollups(f, s, path, t, err);
	return left <= 0 ? left : scan(f, s, path, t, err);
}
