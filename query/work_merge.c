/* Statistics from merged roll-ups: see work_merge.h. */
#include "query/work_merge.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "query/best.h"
#include "query/direct.h"
#include "query/rollmerge.h"
#include "query/sealed.h"
#include "query/serve.h"
#include "query/sieve.h"
#include "query/spill.h"
#include "schema/together.h"

#define SOURCES_MAX	600	/* each is an open file */
#define LEAVES_PER_PART	4	/* a thread for less does not pay */
/* Bytes for each of a page: rows, their columns, pages that are read ahead. */
#define LEAF_MEMORY	12
#define KEY_WORDS	3

struct shard {
	struct shard_meta	meta;
	enum serve_skip		skip;
	size_t			first;		/* source */
	unsigned		n;		/* sources; 0: skipped */
};

struct job {
	const struct work_merge	*w;
	struct shard		*shards;	/* as many as the list has */
	struct merge_source	*sources;
	size_t			 n;
	unsigned		 width;		/* of a number; 0: addresses */
	bool			 first_only;	/* else all go to the tallies */
};

/* What one thread does. */
struct part {
	const struct job	*job;
	struct merge_task	 task;
	struct merge_span	*spans;
	struct feed		*feed;
	struct best		 best[GROUP_ORDERS];
	int			 rc;		/* of rollmerge_run */
	struct err		 err;
};

bool
work_merge_can(const struct question *q)
{
	const struct group *g = q->groups;

	return q->n_groups == 1 && !q->no_rollup && !question_in_order(q) &&
	    g->kind == GROUP_STAT && g->n == 1 && direct_can(g) &&
	    g->part[0].info->side[0] != COL_proto && sieve_can(q) &&
	    (filter_columns(q->filter) & ~flow_bit(COL_proto)) == 0;
}

/* ---- shards ---- */

static bool
add_source(struct job *j, const char *path, const struct open_shard *s,
    const struct serve_pass *pass, bool total)
{
	struct merge_source *to = &j->sources[j->n];

	if (j->n == SOURCES_MAX || s->roll_root[pass->rollup] == 0)
		return false;
	*to = (struct merge_source){ .rollup = pass->rollup,
		.sign = pass->sign, .total = total,
		.tree = sealed_table(path, s,
		    s->roll_root[pass->rollup]) };
	if (to->tree == NULL)
		return false;
	j->n++;
	return true;
}

static bool
add_shard(struct job *j, size_t i)
{
	const struct question *q = j->w->q;
	const char *path = j->w->list->v[i].path;
	struct shard *to = &j->shards[i];
	struct serve_pass pass[SERVE_PASSES];
	struct open_shard s;
	unsigned n = 0;
	bool ok = true;

	if (!sealed_open(j->w->forms, path, &s))
		return false;
	to->meta = s.meta;
	to->skip = serve_window(q, &s.meta);
	to->first = j->n;
	if (to->skip == SERVE_READ) {
		n = serve_rollups(q, &q->groups[0], &s, pass);
		ok = n > 0;
	}
	for (unsigned k = 0; k < n && ok; k++)
		ok = add_source(j, path, &s, &pass[k], k == 0);
	to->n = n;
	shard_close(&s);
	return ok;
}

/* The newest first: when one is not for this, it is that. */
static bool
add_shards(struct job *j)
{
	for (size_t i = j->w->list->n; i-- > 0;) {
		if (!add_shard(j, i))
			return false;
	}
	return j->n > 0;
}

/* ---- keys on their way ---- */

/* As group_key has it; its length. */
static size_t
make_key(const struct merge_row *r, unsigned width, uint64_t words[KEY_WORDS])
{
	uint8_t *out = (uint8_t *)words;
	unsigned bytes = width == 0 ? 4 : width;
	uint64_t high = htobe64(r->key.high), low = htobe64(r->key.low);

	words[0] = words[1] = words[2] = 0;
	out[0] = (uint8_t)r->key.kind;
	if (r->key.kind == MERGE_SHORT) {
		memcpy(out + 1, (uint8_t *)&high + 8 - bytes, bytes);
		return 1 + bytes;
	}
	memcpy(out + 1, &high, 8);
	memcpy(out + 9, &low, 8);
	return 17;
}

static int
put_all(void *arg, const struct merge_row *row, struct err *err)
{
	struct part *p = arg;
	struct feed_group *g = &p->feed->groups[0];
	uint64_t key[KEY_WORDS];
	size_t len = make_key(row, p->job->width, key);

	if (tally_put_words(g->tally, key, len, &row->sum) == -1)
		return spill_full(g->spill, g->tally, key, len, &row->sum,
		    err);
	return 0;
}

static int
put_best(void *arg, const struct merge_row *row, struct err *err)
{
	struct part *p = arg;

	(void)err;
	for (size_t k = 0; k < p->job->w->q->groups[0].n_orders; k++)
		best_put(&p->best[k], row);
	return 0;
}

/* The first by each order, once, into the table of the first thread. */
static int
gather(const struct job *j, struct part *parts, unsigned n, struct err *err)
{
	struct tally *to = j->w->feeds[0]->groups[0].tally;
	size_t orders = j->w->q->groups[0].n_orders;

	for (size_t i = 0; i < n * orders && j->first_only; i++) {
		struct best *b = &parts[i / orders].best[i % orders];

		best_finish(b);
		for (size_t k = 0; k < b->n; k++) {
			const struct merge_row *r = &b->v[k].row;
			uint64_t key[KEY_WORDS];
			size_t len = make_key(r, j->width, key);

			if (!tally_find(to, key, len, NULL) &&
			    (tally_put_words(to, key, len, &r->sum) == -1 ||
			    tally_flush(to) == -1))
				return err_set(err, "out of memory");
		}
	}
	return 0;
}

/* ---- parts ---- */

/* Fits together. */
static void
run_part(void *arg, size_t i)
{
	struct part *p = (struct part *)arg + i;

	p->rc = rollmerge_run(&p->task, &p->feed->total, p->spans, &p->err);
}

/* Keys that cut what there is in parts of about one size; how many parts. */
static unsigned
cut(const struct job *j, struct part *parts)
{
	const struct merge_source *big = &j->sources[0];
	unsigned n = 1, most;

	for (size_t i = 1; i < j->n; i++) {
		if (btree_leaves(j->sources[i].tree) > btree_leaves(big->tree))
			big = &j->sources[i];
	}
	most = btree_leaves(big->tree) / LEAVES_PER_PART < j->w->n ?
	    (unsigned)(btree_leaves(big->tree) / LEAVES_PER_PART) : j->w->n;
	for (unsigned k = 1; k < most; k++) {
		struct merge_key key;

		if (!rollmerge_cut(big, k, most, &key) ||
		    !merge_less(&parts[n - 1].task.from, &key))
			continue;
		parts[n - 1].task.to = key;
		parts[n++].task.from = key;
	}
	parts[n - 1].task.to.kind = MERGE_END;
	return n;
}

static int
prepare(struct job *j, struct part *parts, unsigned n, struct err *err)
{
	const struct group *g = &j->w->q->groups[0];

	for (unsigned i = 0; i < n; i++) {
		struct part *p = &parts[i];

		p->job = j;
		p->feed = j->w->feeds[i];
		p->task.q = j->w->q;
		p->task.sources = j->sources;
		p->task.n = j->n;
		p->task.visit = j->first_only ? put_best : put_all;
		p->task.arg = p;
		p->spans = calloc(j->n, sizeof(*p->spans));
		if (p->spans == NULL)
			return err_set(err, "out of memory");
		for (size_t k = 0; k < g->n_orders && j->first_only; k++) {
			if (best_init(&p->best[k], &g->order[k],
			    (size_t)j->w->q->most_rows, err) == -1)
				return -1;
		}
	}
	return 0;
}

/*
 * Did the parts read each row of each source?  Where rows are not in order
 * two of them may not meet.  As work_merge.
 */
static int
check(const struct job *j, const struct part *parts, unsigned n,
    struct err *err)
{
	int rc = 1;

	for (unsigned i = 0; i < n; i++) {
		if (parts[i].rc == -1) {
			*err = parts[i].err;
			return -1;
		}
		if (parts[i].rc == 0)
			rc = 0;
	}
	for (unsigned i = 1; i < n && rc == 1; i++) {
		for (size_t k = 0; k < j->n; k++) {
			const struct merge_place *end =
			    &parts[i - 1].spans[k].end;
			const struct merge_place *begin =
			    &parts[i].spans[k].begin;

			if (end->leaf != begin->leaf || end->row != begin->row)
				rc = 0;
		}
	}
	return rc;
}

/* ---- what was done ---- */

static void
tell_shard(const struct job *j, size_t i, const struct part *parts,
    unsigned n, double sec)
{
	struct report *r = j->w->report;
	const struct shard *s = &j->shards[i];
	struct report_use use = { .rows = 0 };

	if (s->skip != SERVE_READ) {
		r->skipped++;
		report_unused(r, &j->w->list->v[i], 0, "skipped: %s",
		    serve_skip_text(s->skip));
		return;
	}
	r->read++;
	r->processed += s->meta.flows;
	for (unsigned k = 0; k < s->n; k++) {
		int64_t seen = 0, passed = 0;

		for (unsigned p = 0; p < n; p++) {
			seen += parts[p].spans[s->first + k].seen;
			passed += parts[p].spans[s->first + k].passed;
		}
		report_part(&use, seen, passed, "roll-up %s", rollup_info(
		    j->sources[s->first + k].rollup)->table);
	}
	report_used(r, &j->w->list->v[i], &use, false, sec);
}

/* All shards took the time together: each is told an equal part of it. */
static void
tell(const struct job *j, const struct part *parts, unsigned n, double sec)
{
	size_t each = j->first_only ? n * j->w->q->groups[0].n_orders *
	    best_memory((size_t)j->w->q->most_rows) : 0;

	if (each > j->w->report->memory)
		j->w->report->memory = each;
	for (size_t i = 0; i < j->w->list->n; i++)
		tell_shard(j, i, parts, n, sec / (double)j->w->list->n);
}

/* ---- all of it ---- */

static int
merge(struct job *j, struct part *parts, double began, struct err *err)
{
	unsigned n = cut(j, parts);
	int rc = -1;

	if (prepare(j, parts, n, err) == 0) {
		together(n, run_part, parts);
		rc = check(j, parts, n, err);
	}
	if (rc == 1 && gather(j, parts, n, err) == -1)
		rc = -1;
	if (rc == 1)
		tell(j, parts, n, report_clock() - began);
	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < GROUP_ORDERS; k++)
			best_clear(&parts[i].best[k]);
		free(parts[i].spans);
	}
	return rc;
}

/* Is there room for the leaves, and for the first of each order? */
static bool
fits(struct job *j)
{
	const struct question *q = j->w->q;
	enum column c = (enum column)q->groups[0].part[0].info->side[0];
	size_t left = j->w->memory / j->w->n, orders = q->groups[0].n_orders;
	size_t leaves = 0;

	j->width = column_info(c)->type == CT_ADDR ? 0 : datum_width(c);
	j->first_only = q->most_rows > 0 && orders > 0 &&
	    (uint64_t)q->most_rows < left &&
	    best_memory((size_t)q->most_rows) < left / 4 / orders;
	for (size_t i = 0; i < j->n; i++)
		leaves += (size_t)LEAF_MEMORY *
		    btree_page_size(j->sources[i].tree);
	return leaves < left / 2;
}

int
work_merge(const struct work_merge *w, struct err *err)
{
	double began = report_clock();
	struct job j = { .w = w,
		.shards = calloc(w->list->n + 1, sizeof(*j.shards)),
		.sources = calloc(SOURCES_MAX, sizeof(*j.sources)) };
	struct part *parts = calloc(w->n, sizeof(*parts));
	int rc = 0;

	if (j.shards == NULL || j.sources == NULL || parts == NULL)
		rc = err_set(err, "out of memory");
	else if (add_shards(&j) && fits(&j))
		rc = merge(&j, parts, began, err);
	for (size_t i = 0; i < j.n; i++)
		btree_close(j.sources[i].tree);
	free(parts);
	free(j.sources);
	free(j.shards);
	return rc;
}
