/*
 * Building the roll-ups of a shard: see rollup.h.  One pass: an aggregate
 * function sees each flow once and feeds a tally per roll-up, which
 * rollup_table.c then writes.  (GROUP BY would cost a sort per dimension.)
 *
 * Interfaces are the path's: flows are summed up by path and protocol first,
 * and what these few sums are goes to the roll-ups of interfaces at the end.
 */
#include "schema/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/rollup_table.h"
#include "schema/tally.h"

#define KEY_WORDS	3	/* of 8 bytes, the longest key */
/* Up to this many rows a roll-up costs nothing worth saving. */
#define FREE_ROWS	10000
/* path ids are given by us from 1 on; more is no shard of ours */
#define MAX_PATHS	(1 << 24)

static const struct rollup_info rollups[ROLLUP_COUNT] = {
	[ROLLUP_src_addr] = { "roll_src_addr", COL_src_addr, -1 },
	[ROLLUP_dst_addr] = { "roll_dst_addr", COL_dst_addr, -1 },
	[ROLLUP_same_addr] = { "roll_same_addr", COL_src_addr, COL_dst_addr },
	[ROLLUP_src_port] = { "roll_src_port", COL_src_port, -1 },
	[ROLLUP_dst_port] = { "roll_dst_port", COL_dst_port, -1 },
	[ROLLUP_same_port] = { "roll_same_port", COL_src_port, COL_dst_port },
	[ROLLUP_src_as] = { "roll_src_as", COL_src_as, -1 },
	[ROLLUP_dst_as] = { "roll_dst_as", COL_dst_as, -1 },
	[ROLLUP_same_as] = { "roll_same_as", COL_src_as, COL_dst_as },
	[ROLLUP_in_if] = { "roll_in_if", COL_in_if, -1 },
	[ROLLUP_out_if] = { "roll_out_if", COL_out_if, -1 },
	[ROLLUP_same_if] = { "roll_same_if", COL_in_if, COL_out_if },
};

/* Arguments of the feeding function, in the order of its SELECT. */
enum arg {
	ARG_src_addr, ARG_dst_addr, ARG_src_port, ARG_dst_port, ARG_src_as,
	ARG_dst_as, ARG_proto, ARG_packets, ARG_bytes, ARG_first_ms,
	ARG_duration_ms, ARG_path, N_ARGS
};

static const char feed_sql[] =
    "SELECT rollup_feed(src_addr, dst_addr, src_port, dst_port, src_as, "
    "dst_as, proto, packets, bytes, first_ms, duration_ms, path) FROM flow";

/* What a roll-up needs of a path row; -1: NULL. */
struct path {
	int64_t		in_if;
	int64_t		out_if;
	uint32_t	sampling;	/* 0: NULL */
};

/* No padding: it is a key as it is. */
struct path_key {
	uint32_t	path;
	uint16_t	proto;
	uint16_t	zero;
};

struct builder {
	struct tally	*tally[ROLLUP_COUNT];	/* NULL: left out */
	struct tally	*by_path;		/* NULL: no room */
	struct path	*paths;			/* by id */
	int64_t		 n_paths;
	size_t		 most_rows;
};

/* A value while its key is made; addresses are borrowed from SQLite. */
struct value {
	const void	*data;
	uint8_t		 len;		/* ROLLUP_NULL_LEN: NULL */
	uint32_t	 number;
};

const struct rollup_info *
rollup_info(enum rollup r)
{
	return &rollups[r];
}

int
rollup_find(enum column c)
{
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		if (rollups[r].column == c && rollups[r].other == -1)
			return r;
	}
	return -1;
}

static void
value_of_number(struct value *v, int64_t number, bool null)
{
	v->number = (uint32_t)number;
	v->len = null ? ROLLUP_NULL_LEN : sizeof(v->number);
	v->data = &v->number;
}

static void
value_of_arg(struct value *v, sqlite3_value *arg)
{
	switch (sqlite3_value_type(arg)) {
	case SQLITE_BLOB:
		v->data = sqlite3_value_blob(arg);
		v->len = (uint8_t)sqlite3_value_bytes(arg);
		/* no address is longer; a foreign blob counts as none */
		if (sqlite3_value_bytes(arg) > 16)
			v->len = ROLLUP_NULL_LEN;
		break;
	case SQLITE_INTEGER:
		value_of_number(v, sqlite3_value_int64(arg), false);
		break;
	default:
		v->len = ROLLUP_NULL_LEN;
		break;
	}
}

static bool
value_same(const struct value *a, const struct value *b)
{
	return a->len == b->len && a->len != ROLLUP_NULL_LEN &&
	    memcmp(a->data, b->data, a->len) == 0;
}

static void
feed(struct builder *b, enum rollup r, const struct value *v,
    const uint8_t tail[ROLLUP_KEY_TAIL], const struct tally_sum *flow)
{
	uint64_t words[KEY_WORDS] = { 0 };
	uint8_t *key = (uint8_t *)words;
	size_t len = v->len == ROLLUP_NULL_LEN ? 0 : v->len;

	if (b->tally[r] == NULL)
		return;
	key[0] = v->len;
	/* nearly always; a length that the compiler knows */
	if (len == 4)
		memcpy(key + 1, v->data, 4);
	else if (len > 0)
		memcpy(key + 1, v->data, len);
	memcpy(key + 1 + len, tail, ROLLUP_KEY_TAIL);
	if (tally_put_words(b->tally[r], words, 1 + len + ROLLUP_KEY_TAIL,
	    flow) == -1 ||
	    tally_count(b->tally[r]) > b->most_rows) {
		tally_free(b->tally[r]);
		b->tally[r] = NULL;
	}
}

static void
make_tail(uint8_t tail[ROLLUP_KEY_TAIL], uint16_t proto,
    const struct path *path)
{
	memcpy(tail, &proto, 2);
	memcpy(tail + 2, &path->sampling, 4);
}

static void
feed_path(struct builder *b, int64_t id, uint16_t proto,
    const struct tally_sum *flow)
{
	struct path_key key = { (uint32_t)id, proto, 0 };

	if (b->by_path != NULL &&
	    tally_put(b->by_path, &key, sizeof(key), flow) == -1) {
		tally_free(b->by_path);
		b->by_path = NULL;
	}
}

/* What was summed up by path. */
static void
feed_interfaces(struct builder *b)
{
	size_t n = b->by_path == NULL ? 0 : tally_count(b->by_path);

	for (size_t i = 0; i < n; i++) {
		struct tally_sum sum;
		const struct path *path;
		struct path_key key;
		struct value in, out;
		uint8_t tail[ROLLUP_KEY_TAIL];
		const uint8_t *p;
		size_t len;

		p = tally_entry(b->by_path, i, &len, &sum);
		memcpy(&key, p, sizeof(key));
		path = &b->paths[key.path];
		make_tail(tail, key.proto, path);
		value_of_number(&in, path->in_if, path->in_if == -1);
		value_of_number(&out, path->out_if, path->out_if == -1);
		feed(b, ROLLUP_in_if, &in, tail, &sum);
		feed(b, ROLLUP_out_if, &out, tail, &sum);
		if (value_same(&in, &out))
			feed(b, ROLLUP_same_if, &in, tail, &sum);
	}
}

static void
feed_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	static const struct { enum arg src, dst; enum rollup r; } pairs[] = {
		{ ARG_src_addr, ARG_dst_addr, ROLLUP_src_addr },
		{ ARG_src_port, ARG_dst_port, ROLLUP_src_port },
		{ ARG_src_as, ARG_dst_as, ROLLUP_src_as },
	};
	struct builder *b = sqlite3_user_data(ctx);
	int64_t id = sqlite3_value_int64(argv[ARG_path]);
	struct value src, dst;
	uint8_t tail[ROLLUP_KEY_TAIL];
	uint16_t proto = ROLLUP_NULL_PROTO;
	struct tally_sum flow = {
		.flows = 1,
		.packets = sqlite3_value_int64(argv[ARG_packets]),
		.bytes = sqlite3_value_int64(argv[ARG_bytes]),
		.first_ms = sqlite3_value_int64(argv[ARG_first_ms]),
	};

	(void)argc;
	flow.last_ms = flow.first_ms +
	    sqlite3_value_int64(argv[ARG_duration_ms]);
	/* place 0 has no values: a path that is not there */
	if (id < 0 || id >= b->n_paths)
		id = 0;
	if (sqlite3_value_type(argv[ARG_proto]) != SQLITE_NULL)
		proto = (uint16_t)sqlite3_value_int(argv[ARG_proto]);
	make_tail(tail, proto, &b->paths[id]);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		value_of_arg(&src, argv[pairs[i].src]);
		value_of_arg(&dst, argv[pairs[i].dst]);
		feed(b, pairs[i].r, &src, tail, &flow);
		feed(b, pairs[i].r + 1, &dst, tail, &flow);
		if (value_same(&src, &dst))
			feed(b, pairs[i].r + 2, &src, tail, &flow);
	}
	feed_path(b, id, proto, &flow);
}

static void
feed_final(sqlite3_context *ctx)
{
	sqlite3_result_null(ctx);
}

static int64_t
column_or(sqlite3_stmt *st, int col, int64_t none)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? none :
	    sqlite3_column_int64(st, col);
}

static int
load_paths(sqlite3 *db, struct builder *b, struct err *err)
{
	sqlite3_stmt *st;
	int rc;

	if (db_int(db, "SELECT max(id) + 1 FROM path", 0, &b->n_paths,
	    err) == -1)
		return -1;
	if (b->n_paths > MAX_PATHS)
		return err_set(err, "path ids up to %lld are too many",
		    (long long)b->n_paths);
	if (b->n_paths < 1)
		b->n_paths = 1;
	b->paths = malloc((size_t)b->n_paths * sizeof(*b->paths));
	if (b->paths == NULL)
		return err_set(err, "out of memory");
	for (int64_t i = 0; i < b->n_paths; i++)
		b->paths[i] = (struct path){ .in_if = -1, .out_if = -1 };
	st = db_prepare(db, "SELECT id, in_if, out_if, sampling FROM path "
	    "WHERE id > 0", err);
	if (st == NULL)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		struct path *p = &b->paths[sqlite3_column_int64(st, 0)];

		p->in_if = column_or(st, 1, -1);
		p->out_if = column_or(st, 2, -1);
		p->sampling = (uint32_t)column_or(st, 3, 0);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
build(sqlite3 *db, struct builder *b, struct err *err)
{
	int64_t ignored, flows;

	if (load_paths(db, b, err) == -1 ||
	    db_int(db, "SELECT max(id) FROM flow", 0, &flows, err) == -1)
		return -1;
	b->most_rows = flows / 4 > FREE_ROWS ? (size_t)(flows / 4) : FREE_ROWS;
	if (db_int(db, feed_sql, 0, &ignored, err) == -1)
		return -1;
	if (b->by_path != NULL && tally_flush(b->by_path) == 0) {
		feed_interfaces(b);
	} else {
		for (int r = ROLLUP_in_if; r <= ROLLUP_same_if; r++) {
			tally_free(b->tally[r]);
			b->tally[r] = NULL;
		}
	}
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		if (b->tally[r] != NULL && tally_flush(b->tally[r]) == 0 &&
		    rollup_table_write(db, &rollups[r], b->tally[r], err) == -1)
			return -1;
		tally_free(b->tally[r]);
		b->tally[r] = NULL;
	}
	return 0;
}

int
rollup_build(sqlite3 *db, size_t memory, const atomic_bool *stop,
    struct err *err)
{
	struct builder b = { .paths = NULL };
	int rc = -1;

	for (int r = 0; r < ROLLUP_COUNT; r++) {
		bool addr = r == ROLLUP_src_addr || r == ROLLUP_dst_addr;

		b.tally[r] = tally_new(addr ? memory / 4 : memory / 20);
		if (b.tally[r] == NULL) {
			(void)err_set(err, "out of memory");
			goto out;
		}
	}
	b.by_path = tally_new(memory / 20);
	if (b.by_path == NULL) {
		(void)err_set(err, "out of memory");
		goto out;
	}
	if (sqlite3_create_function_v2(db, "rollup_feed", N_ARGS,
	    SQLITE_UTF8 | SQLITE_DIRECTONLY, &b, NULL, feed_step, feed_final,
	    NULL) != SQLITE_OK) {
		(void)db_error(db, NULL, err);
		goto out;
	}
	db_stop_by(db, stop);
	rc = build(db, &b, err);
	db_stop_by(db, NULL);
	(void)sqlite3_create_function_v2(db, "rollup_feed", N_ARGS,
	    SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL);
out:
	for (int r = 0; r < ROLLUP_COUNT; r++)
		tally_free(b.tally[r]);
	tally_free(b.by_path);
	free(b.paths);
	return rc;
}
