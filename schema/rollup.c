/*
 * Building the roll-ups of a shard: see rollup.h.  One pass: an aggregate
 * function sees each flow once and feeds a tally per roll-up; then each tally
 * is written in key order.  (GROUP BY would cost a sort per dimension.)
 *
 * A tally's key is the roll-up row's: [length][value][proto, 2][sampling, 4].
 * Numbers are host order inside the process; NULL value has length 255, NULL
 * proto is 0xffff, NULL sampling is 0 (no rate is 0).
 */
#include "schema/rollup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/tally.h"

#define NULL_LEN	255
#define NULL_PROTO	0xffffU
#define KEY_TAIL	6	/* proto and sampling */
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

struct builder {
	struct tally	*tally[ROLLUP_COUNT];	/* NULL: left out */
	struct path	*paths;			/* by id */
	int64_t		 n_paths;
	size_t		 most_rows;
};

/* A value while its key is made; addresses are borrowed from SQLite. */
struct value {
	const void	*data;
	uint8_t		 len;		/* NULL_LEN: NULL */
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
	v->len = null ? NULL_LEN : sizeof(v->number);
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
			v->len = NULL_LEN;
		break;
	case SQLITE_INTEGER:
		value_of_number(v, sqlite3_value_int64(arg), false);
		break;
	default:
		v->len = NULL_LEN;
		break;
	}
}

static bool
value_same(const struct value *a, const struct value *b)
{
	return a->len == b->len && a->len != NULL_LEN &&
	    memcmp(a->data, b->data, a->len) == 0;
}

static void
feed(struct builder *b, enum rollup r, const struct value *v,
    const uint8_t tail[KEY_TAIL], const struct tally_sum *flow)
{
	uint8_t key[1 + 16 + KEY_TAIL];
	size_t len = v->len == NULL_LEN ? 0 : v->len;

	if (b->tally[r] == NULL)
		return;
	key[0] = v->len;
	if (len > 0)
		memcpy(key + 1, v->data, len);
	memcpy(key + 1 + len, tail, KEY_TAIL);
	if (tally_put(b->tally[r], key, 1 + len + KEY_TAIL, flow) == -1 ||
	    tally_count(b->tally[r]) > b->most_rows) {
		tally_free(b->tally[r]);
		b->tally[r] = NULL;
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
	struct path none = { .in_if = -1, .out_if = -1 }, *path = &none;
	int64_t id = sqlite3_value_int64(argv[ARG_path]);
	struct value src, dst;
	uint8_t tail[KEY_TAIL];
	uint16_t proto = NULL_PROTO;
	struct tally_sum flow = {
		.flows = 1,
		.packets = sqlite3_value_int64(argv[ARG_packets]),
		.bytes = sqlite3_value_int64(argv[ARG_bytes]),
		.first_ms = sqlite3_value_int64(argv[ARG_first_ms]),
	};

	(void)argc;
	flow.last_ms = flow.first_ms +
	    sqlite3_value_int64(argv[ARG_duration_ms]);
	if (id > 0 && id < b->n_paths)
		path = &b->paths[id];
	if (sqlite3_value_type(argv[ARG_proto]) != SQLITE_NULL)
		proto = (uint16_t)sqlite3_value_int(argv[ARG_proto]);
	memcpy(tail, &proto, 2);
	memcpy(tail + 2, &path->sampling, 4);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		value_of_arg(&src, argv[pairs[i].src]);
		value_of_arg(&dst, argv[pairs[i].dst]);
		feed(b, pairs[i].r, &src, tail, &flow);
		feed(b, pairs[i].r + 1, &dst, tail, &flow);
		if (value_same(&src, &dst))
			feed(b, pairs[i].r + 2, &src, tail, &flow);
	}
	value_of_number(&src, path->in_if, path->in_if == -1);
	value_of_number(&dst, path->out_if, path->out_if == -1);
	feed(b, ROLLUP_in_if, &src, tail, &flow);
	feed(b, ROLLUP_out_if, &dst, tail, &flow);
	if (value_same(&src, &dst))
		feed(b, ROLLUP_same_if, &src, tail, &flow);
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
	b->paths = malloc(((size_t)b->n_paths + 1) * sizeof(*b->paths));
	if (b->paths == NULL)
		return err_set(err, "out of memory");
	for (int64_t i = 0; i < b->n_paths; i++)
		b->paths[i] = (struct path){ .in_if = -1, .out_if = -1 };
	st = db_prepare(db, "SELECT id, in_if, out_if, sampling FROM path "
	    "WHERE id >= 0", err);
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

struct row {
	const uint8_t		*key;
	size_t			 len;
	const struct tally_sum	*sum;
	bool			 is_addr;
};

static int
row_cmp(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;
	uint32_t na, nb;
	int c;

	/* NULL first, as SQLite orders; then IPv4 before IPv6 */
	if (a->key[0] != b->key[0]) {
		if (a->key[0] == NULL_LEN || b->key[0] == NULL_LEN)
			return a->key[0] == NULL_LEN ? -1 : 1;
		return a->key[0] - b->key[0];
	}
	if (a->key[0] != NULL_LEN && a->is_addr) {
		c = memcmp(a->key + 1, b->key + 1, a->key[0]);
		if (c != 0)
			return c;
	} else if (a->key[0] != NULL_LEN) {
		memcpy(&na, a->key + 1, sizeof(na));
		memcpy(&nb, b->key + 1, sizeof(nb));
		if (na != nb)
			return na < nb ? -1 : 1;
	}
	return memcmp(a->key + a->len - KEY_TAIL, b->key + b->len - KEY_TAIL,
	    KEY_TAIL);
}

static void
bind_row(sqlite3_stmt *st, const struct row *row)
{
	const uint8_t *tail = row->key + row->len - KEY_TAIL;
	uint32_t number, sampling;
	uint16_t proto;

	memcpy(&proto, tail, 2);
	memcpy(&sampling, tail + 2, 4);
	(void)sqlite3_clear_bindings(st);
	if (row->key[0] != NULL_LEN && row->is_addr) {
		(void)sqlite3_bind_blob(st, 1, row->key + 1, row->key[0],
		    SQLITE_STATIC);
	} else if (row->key[0] != NULL_LEN) {
		memcpy(&number, row->key + 1, sizeof(number));
		(void)sqlite3_bind_int64(st, 1, number);
	}
	if (proto != NULL_PROTO)
		(void)sqlite3_bind_int(st, 2, proto);
	if (sampling != 0)
		(void)sqlite3_bind_int64(st, 3, sampling);
	(void)sqlite3_bind_int64(st, 4, row->sum->flows);
	(void)sqlite3_bind_int64(st, 5, row->sum->packets);
	(void)sqlite3_bind_int64(st, 6, row->sum->bytes);
	(void)sqlite3_bind_int64(st, 7, row->sum->first_ms);
	(void)sqlite3_bind_int64(st, 8, row->sum->last_ms);
}

/* The table, and for addresses an index, so that one is found at once. */
static int
make_table(sqlite3 *db, const struct rollup_info *ri, struct err *err)
{
	const struct column_info *ci = column_info(ri->column);
	const char *key = ci->name;
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s;"
	    "CREATE TABLE %s (%s %s, proto INTEGER, sampling INTEGER, "
	    "flows INTEGER, packets INTEGER, bytes INTEGER, first_ms INTEGER, "
	    "last_ms INTEGER) STRICT;", ri->table, ri->table, key,
	    coltype_sql(ci->type));
	if (db_exec(db, sql, err) == -1)
		return -1;
	if (ci->type != CT_ADDR || ri->other != -1)
		return 0;
	(void)snprintf(sql, sizeof(sql), "CREATE INDEX %s_key ON %s (%s);",
	    ri->table, ri->table, key);
	return db_exec(db, sql, err);
}

static int
write_rollup(sqlite3 *db, const struct rollup_info *ri, const struct tally *t,
    struct err *err)
{
	size_t n = tally_count(t);
	struct row *rows = malloc((n + 1) * sizeof(*rows));
	sqlite3_stmt *st = NULL;
	char sql[120];
	int rc = -1;

	if (rows == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		rows[i].sum = tally_entry(t, i, &rows[i].key, &rows[i].len);
		rows[i].is_addr = column_info(ri->column)->type == CT_ADDR;
	}
	qsort(rows, n, sizeof(*rows), row_cmp);
	if (make_table(db, ri, err) == -1)
		goto out;
	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO %s VALUES (?1,?2,?3,?4,?5,?6,?7,?8)", ri->table);
	st = db_prepare(db, sql, err);
	if (st == NULL)
		goto out;
	rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		bind_row(st, &rows[i]);
		rc = db_step(st, err);
	}
out:
	sqlite3_finalize(st);
	free(rows);
	return rc;
}

static int
stopped(void *arg)
{
	return *(const volatile bool *)arg;
}

static int
build_in_transaction(sqlite3 *db, struct builder *b, struct err *err)
{
	int64_t ignored, flows;

	if (load_paths(db, b, err) == -1 ||
	    db_int(db, "SELECT max(id) FROM flow", 0, &flows, err) == -1)
		return -1;
	b->most_rows = flows / 4 > FREE_ROWS ? (size_t)(flows / 4) : FREE_ROWS;
	if (db_int(db, feed_sql, 0, &ignored, err) == -1)
		return -1;
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		if (b->tally[r] != NULL && tally_flush(b->tally[r]) == 0 &&
		    write_rollup(db, &rollups[r], b->tally[r], err) == -1)
			return -1;
	}
	return 0;
}

int
rollup_build(sqlite3 *db, size_t memory, const volatile bool *stop,
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
	if (sqlite3_create_function_v2(db, "rollup_feed", N_ARGS,
	    SQLITE_UTF8 | SQLITE_DIRECTONLY, &b, NULL, feed_step, feed_final,
	    NULL) != SQLITE_OK) {
		(void)db_error(db, NULL, err);
		goto out;
	}
	if (stop != NULL)
		sqlite3_progress_handler(db, 10000, stopped,
		    (void *)(uintptr_t)stop);
	if (db_exec(db, "BEGIN IMMEDIATE", err) == 0) {
		rc = build_in_transaction(db, &b, err);
		if (rc == 0)
			rc = db_exec(db, "COMMIT", err);
		if (rc == -1 && !sqlite3_get_autocommit(db))
			(void)db_exec(db, "ROLLBACK", NULL);
	}
	if (stop != NULL)
		sqlite3_progress_handler(db, 0, NULL, NULL);
	(void)sqlite3_create_function_v2(db, "rollup_feed", N_ARGS,
	    SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL);
out:
	for (int r = 0; r < ROLLUP_COUNT; r++)
		tally_free(b.tally[r]);
	free(b.paths);
	return rc;
}
