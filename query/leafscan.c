/* Sealed flows from their pages: see leafscan.h. */
#include "query/leafscan.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "query/btree.h"
#include "query/direct.h"
#include "query/sealed.h"
#include "query/sieve.h"
#include "schema/db.h"

#define NONE	(-1)

struct leafscan {
	struct btree		*tree;
	const struct side	*side;
	struct btree_rows	*rows;
	uint32_t		*row;		/* numbers of those that pass */
	struct tally_sum	*sum;		/* of these */
	int			 place[COLUMN_COUNT];	/* in the table */
	int			 path_place;
	char			 want[BTREE_MAX_COLUMNS];
	unsigned		 n_columns;
	struct direct		*direct;	/* groups done by themselves */
	size_t			 n_direct;
	uint64_t		 keys;		/* columns that go to f->data */
	bool			 path_keys;
	bool			 others;	/* groups that are not direct */
	bool			 flags;		/* are or-ed */
	bool			 scaled;	/* some path has a rate */
};

uint64_t
leafscan_path_columns(const struct feed *f)
{
	return (feed_columns(f) | sieve_columns(f->q)) &
	    flow_home_bits(HOME_PATH);
}

/* In a table that is as this program makes it (ddl.h). */
static void
known_columns(struct leafscan *l)
{
	int next = 1;

	for (unsigned c = 0; c < COLUMN_COUNT; c++)
		l->place[c] = column_info((enum column)c)->home == HOME_FLOW ?
		    next++ : NONE;
	l->path_place = next++;
	l->n_columns = (unsigned)next;
}

/*
 * Where the columns stand in this shard's table; 0 or -1.  A table that is
 * not STRICT may hold anything anywhere: that is SQLite's to sort out.
 */
static int
find_columns(struct leafscan *l, const struct open_shard *s)
{
	struct err ignored;
	sqlite3 *db = s->db;
	int64_t strict;
	sqlite3_stmt *st;
	int rc;

	if (s->by_pages) {
		known_columns(l);
		return 0;
	}
	st = db_prepare(db, "SELECT name, cid FROM pragma_table_info('flow')",
	    &ignored);
	rc = st == NULL ? -1 : 1;

	for (int c = 0; c < COLUMN_COUNT; c++)
		l->place[c] = NONE;
	l->path_place = NONE;
	if (rc == 1 && (db_int(db, "SELECT strict FROM pragma_table_list "
	    "WHERE schema = 'main' AND name = 'flow'", 0, &strict,
	    &ignored) == -1 || strict == 0))
		rc = -1;
	while (rc == 1 && (rc = db_step(st, &ignored)) == 1) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		int place = sqlite3_column_int(st, 1), c;

		if (name == NULL || place < 0 || place >= BTREE_MAX_COLUMNS) {
			rc = -1;
			break;
		}
		l->n_columns = (unsigned)place + 1;
		c = column_find(name, strlen(name));
		if (c != -1)
			l->place[c] = place;
		else if (strcmp(name, "path") == 0)
			l->path_place = place;
	}
	sqlite3_finalize(st);
	return rc;
}

static bool
want(struct leafscan *l, enum column c)
{
	int place = l->place[c];

	if (place == NONE)
		return false;
	l->want[place] = column_info(c)->type == CT_ADDR ? 'b' : 'n';
	return true;
}

/* All that the groups and the filter read; false: not all is there. */
static bool
want_all(struct leafscan *l, const struct feed *f)
{
	static const enum column always[] = { COL_first_ms, COL_duration_ms,
	    COL_packets, COL_bytes };
	uint64_t filter = sieve_columns(f->q), all = feed_columns(f), set;

	if (((all | filter) & flow_home_bits(HOME_EXTRA)) != 0)
		return false;
	set = (all | filter) & flow_home_bits(HOME_FLOW);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		set |= flow_bit(always[i]);
	for (unsigned c = 0; set >> c != 0; c++) {
		if ((set >> c & 1) != 0 && !want(l, (enum column)c))
			return false;
	}
	if (l->scaled || ((all | filter) & flow_home_bits(HOME_PATH)) != 0) {
		if (l->path_place == NONE)
			return false;
		l->want[l->path_place] = 'n';
	}
	return true;
}

/* After want_all: which groups are direct, and what the others (still wanted) need. */
static int
divide(struct leafscan *l, struct feed *f)
{
	l->direct = calloc(f->q->n_groups, sizeof(*l->direct));
	if (l->direct == NULL)
		return -1;
	for (size_t i = 0; i < f->q->n_groups; i++) {
		struct feed_group *g = &f->groups[i];
		uint64_t set = group_columns(g->group);

		if (!g->wanted)
			continue;
		l->flags = l->flags || g->group->kind == GROUP_RECORD;
		if ((set & ~flow_home_bits(HOME_FLOW)) == 0 &&
		    direct_can(g->group)) {
			direct_make(&l->direct[l->n_direct++], g, l->place);
			g->wanted = false;
			continue;
		}
		l->keys |= set & flow_home_bits(HOME_FLOW);
		l->path_keys = l->path_keys ||
		    (set & flow_home_bits(HOME_PATH)) != 0;
		l->others = true;
	}
	return 0;
}

static int
make_room(struct leafscan *l)
{
	l->row = calloc(l->rows->cap, sizeof(*l->row));
	l->sum = calloc(l->rows->cap, sizeof(*l->sum));
	return l->row != NULL && l->sum != NULL ? 0 : -1;
}

struct leafscan *
leafscan_open(struct feed *f, const char *path,
    const struct open_shard *s, const struct side *side)
{
	struct leafscan *l;

	if (!s->meta.sealed || s->flow_root == 0 || question_in_order(f->q) ||
	    !sieve_can(f->q))
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->side = side;
	l->scaled = f->q->scale && side_is_sampled(side);
	if (find_columns(l, s) == 0 && want_all(l, f) &&
	    (l->tree = sealed_table(path, s, s->flow_root)) != NULL &&
	    (l->rows = btree_rows_new(l->tree, l->want, l->n_columns)) !=
	    NULL && make_room(l) == 0 && divide(l, f) == 0)
		return l;
	leafscan_close(l);
	return NULL;
}

void
leafscan_close(struct leafscan *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n_direct; i++)
		l->direct[i].group->wanted = true;
	free(l->direct);
	free(l->row);
	free(l->sum);
	btree_rows_free(l->rows);
	btree_close(l->tree);
	free(l);
}

size_t
leafscan_leaves(const struct leafscan *l)
{
	return btree_leaves(l->tree);
}

/* One value of a row as a datum. */
static inline void
get(const struct leafscan *l, enum column c, size_t i, struct datum *d)
{
	const struct btree_rows *r = l->rows;
	int at = l->place[c];

	d->kind = DATUM_NULL;
	if (r->null[at][i])
		return;
	if (r->blob[at] == NULL) {
		d->kind = DATUM_NUMBER;
		d->number = r->value[at][i];
	} else if (r->length[at][i] == 4 || r->length[at][i] == 16) {
		d->kind = DATUM_ADDR;
		d->len = r->length[at][i];
		d->addr = r->blob[at][i];
	}
}

static int64_t
path_of(const struct leafscan *l, size_t i)
{
	return l->path_place != NONE &&
	    l->rows->value[l->path_place] != NULL ?
	    l->rows->value[l->path_place][i] : 0;
}

/* Of what was read last, the rows that pass. */
static size_t
pick_rows(struct leafscan *l, struct sieve *sieve)
{
	const uint8_t *mask = sieve_rows(sieve, l->rows);
	size_t n = 0;

	for (uint32_t i = 0; i < l->rows->n; i++) {
		l->row[n] = i;
		n += mask == NULL || mask[i];
	}
	return n;
}

/* The sums of the n rows that were picked; adds them up in total. */
static void
make_sums(struct leafscan *l, size_t n, struct tally_sum *total)
{
	const struct btree_rows *r = l->rows;
	const int64_t *packets = r->value[l->place[COL_packets]];
	const int64_t *bytes = r->value[l->place[COL_bytes]];
	const int64_t *first = r->value[l->place[COL_first_ms]];
	const int64_t *duration = r->value[l->place[COL_duration_ms]];
	const int64_t *flags = l->flags ?
	    r->value[l->place[COL_tcp_flags]] : NULL;
	struct tally_sum all = *total;

	for (size_t k = 0; k < n; k++) {
		size_t i = l->row[k];
		uint32_t rate = l->scaled ?
		    side_rate(l->side, path_of(l, i)) : 1;
		const struct tally_sum sum = { .flows = 1,
			.packets = feed_times(packets[i], rate),
			.bytes = feed_times(bytes[i], rate),
			.first_ms = first[i],
			.last_ms = feed_time_plus(first[i], duration[i]),
			.tcp_flags = flags == NULL ? 0 : (uint8_t)flags[i] };

		tally_add(&all, &sum);
		l->sum[k] = sum;
	}
	*total = all;
}

/* The n rows to the groups that are not direct. */
static int
add_others(const struct leafscan *l, struct feed *f, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t i = l->row[k];
		int64_t path = path_of(l, i);

		for (unsigned c = 0; l->keys >> c != 0; c++) {
			if ((l->keys >> c & 1) != 0)
				get(l, (enum column)c, i, &f->data[c]);
		}
		if (l->path_keys)
			feed_path_data(f, path);
		if (feed_add(f, &l->sum[k], l->scaled ?
		    side_rate(l->side, path) : 1) == -1)
			return -1;
	}
	return 0;
}

/* What was read last. */
static int
add_rows(struct leafscan *l, struct feed *f, struct sieve *sieve,
    int64_t *rows, struct err *err)
{
	size_t n = pick_rows(l, sieve);
	const struct direct_rows picked = { l->rows, l->row, l->sum, n };
	struct tally_sum ignored = { .flows = 0 };
	int rc = 0;

	*rows += (int64_t)l->rows->n;
	f->passed += (int64_t)n;
	/* feed_add counts too */
	make_sums(l, n, f->count_total && !l->others ? &f->total : &ignored);
	for (size_t k = 0; k < l->n_direct && rc == 0; k++)
		rc = direct_add(&l->direct[k], &picked, 0,
		    l->direct[k].n_sides, &f->err);
	if (rc == 0 && l->others)
		rc = add_others(l, f, n);
	if (rc == -1)
		*err = f->err;
	return rc;
}

static int
check_stop(const struct feed *f, struct err *err)
{
	return f->q->stop != NULL && atomic_load_explicit(f->q->stop,
	    memory_order_relaxed) ? err_as(err, ERR_STOPPED, "interrupted") :
	    0;
}

static struct sieve *
make_sieve(const struct leafscan *l, const struct feed *f, struct err *err)
{
	return sieve_new(f->q, l->side, l->place, l->path_place, l->rows->cap,
	    err);
}

int
leafscan_run(struct leafscan *l, struct feed *f, size_t from, size_t to,
    int64_t *rows, struct err *err)
{
	struct sieve *sieve = make_sieve(l, f, err);
	int rc = sieve == NULL ? -1 : 0;

	*rows = 0;
	for (size_t leaf = from; leaf < to && rc == 0; leaf++) {
		rc = check_stop(f, err);
		if (rc == 0)
			rc = btree_read(l->tree, leaf, l->rows, err);
		if (rc == 0)
			rc = add_rows(l, f, sieve, rows, err);
	}
	sieve_free(sieve);
	return rc;
}

int
leafscan_run_ids(struct leafscan *l, struct feed *f, const int64_t *ids,
    size_t n, int64_t *rows, struct err *err)
{
	struct sieve *sieve = make_sieve(l, f, err);
	int rc = sieve == NULL ? -1 : 0;
	size_t used = 0;

	*rows = 0;
	for (size_t i = 0; i < n && rc == 0; i += used) {
		rc = check_stop(f, err);
		if (rc == 0)
			rc = btree_read_ids(l->tree, ids + i, n - i, l->rows,
			    &used, err);
		if (rc == 0)
			rc = add_rows(l, f, sieve, rows, err);
	}
	sieve_free(sieve);
	return rc;
}
