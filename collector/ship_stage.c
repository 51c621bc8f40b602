/* A shard by way of staging tables: see ship_node.h. */
#include "collector/ship_stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/ship_body.h"
#include "schema/clickhouse.h"

/* What a large shard takes of the server's memory, which has a limit. */
#define SMALL_BLOCKS	"max_insert_block_size=262144" \
	"&min_insert_block_size_rows=262144"
#define SPILL		"max_bytes_before_external_group_by=300000000"

/* A shard under way. */
struct sending {
	struct ship_node	*node;
	const char		*collector;
	uint32_t		 shard;
	struct ship_rows	*rows;
	struct ship_sums	 sums;
	char			 stage[CLICKHOUSE_TABLES][100];
};

static int
make_stages(struct sending *s, struct err *err)
{
	struct ship_node *n = s->node;
	int rc = 0;

	n->sent++;
	for (int t = 0; t < CLICKHOUSE_TABLES && rc == 0; t++) {
		char *sql;

		(void)snprintf(s->stage[t], sizeof(s->stage[t]), "%s%s_%u_%s",
		    n->mark, n->run, n->sent,
		    clickhouse_table((enum clickhouse_table)t));
		sql = clickhouse_stage(n->options->database,
		    (enum clickhouse_table)t, s->stage[t]);
		rc = sql == NULL ? err_set(err, "out of memory") :
		    ship_node_run(n, sql, err);
		free(sql);
	}
	return rc;
}

static int
send_flows(struct sending *s, struct err *err)
{
	struct ship_node *n = s->node;
	struct err why = { .code = ERR_NONE };
	struct ship_body *body = ship_body_new(s->rows, n->options->gzip,
	    &why);
	char sql[SHIP_SQL_MAX];
	struct http_request r = { .query = sql, .params = SMALL_BLOCKS,
		.read = ship_body_read, .gzip = n->options->gzip,
		.arg = body, .stop = n->stop };
	int rc;

	if (body == NULL) {
		*err = why;
		return -1;
	}
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s.%s FORMAT RowBinary",
	    n->options->database, s->stage[CLICKHOUSE_FLOWS]);
	rc = http_run(n->http, &r, err);
	if (rc == -1 && ship_body_failed(body))
		*err = why;
	ship_body_free(body);
	s->sums = ship_rows_sums(s->rows);
	return rc;
}

/* Count and sums of a staging table against ours. */
static int
compare(struct sending *s, enum clickhouse_table t, struct err *err)
{
	struct ship_node *n = s->node;
	char sql[SHIP_SQL_MAX], got[SHIP_TEXT_MAX], want[SHIP_TEXT_MAX];

	(void)snprintf(sql, sizeof(sql), t == CLICKHOUSE_FLOWS ?
	    "SELECT count(), sum(ifNull(packets, 0)), sum(ifNull(bytes, 0)) "
	    "FROM %s.%s" : "SELECT sum(flows), sum(packets), sum(bytes) "
	    "FROM %s.%s WHERE side = 0", n->options->database, s->stage[t]);
	if (http_ask(n->http, sql, got, sizeof(got), n->stop, err) == -1)
		return -1;
	(void)snprintf(want, sizeof(want), "%" PRId64 "\t%" PRId64 "\t%" PRId64,
	    s->sums.flows, s->sums.packets, s->sums.bytes);
	if (strcmp(got, want) == 0)
		return 0;
	for (char *p = got; *p != '\0'; p++) {
		if (*p == '\t')
			*p = ' ';
	}
	return err_set(err, "%s: %s: flows, packets, bytes there are %s, "
	    "not %" PRId64 " %" PRId64 " %" PRId64, n->url,
	    clickhouse_table(t), got, s->sums.flows, s->sums.packets,
	    s->sums.bytes);
}

static int
fill_rolls(struct sending *s, struct err *err)
{
	struct ship_node *n = s->node;

	for (int t = CLICKHOUSE_ROLL_ADDR; t <= CLICKHOUSE_ROLL_IF; t++) {
		char *sql = clickhouse_roll_fill(n->options->database,
		    (enum clickhouse_table)t, s->stage[CLICKHOUSE_FLOWS],
		    s->stage[t]);
		struct http_request r = { .query = sql, .params = SPILL,
			.stop = n->stop };
		int rc = sql == NULL ? err_set(err, "out of memory") :
		    http_run(n->http, &r, err);

		free(sql);
		if (rc == -1 || compare(s, (enum clickhouse_table)t,
		    err) == -1)
			return -1;
	}
	return 0;
}

struct memory {
	const uint8_t	*p;
	size_t		 left;
};

static size_t
read_memory(void *arg, void *buf, size_t size)
{
	struct memory *m = arg;
	size_t n = m->left < size ? m->left : size;

	if (n > 0)
		memcpy(buf, m->p, n);
	m->p += n;
	m->left -= n;
	return n;
}

static int
send_exporters(struct sending *s, struct err *err)
{
	struct ship_node *n = s->node;
	char sql[SHIP_SQL_MAX];
	struct memory m;
	struct http_request r = { .query = sql, .read = read_memory,
		.arg = &m, .stop = n->stop };
	uint8_t *bytes;
	int rc;

	if (ship_rows_exporters(s->rows, &bytes, &m.left, err) == -1)
		return -1;
	m.p = bytes;
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s.%s FORMAT RowBinary",
	    n->options->database, s->stage[CLICKHOUSE_EXPORTERS]);
	rc = m.left == 0 ? 0 : http_run(n->http, &r, err);
	free(bytes);
	return rc;
}

/* The row that says that all is there. */
static int
send_shard_row(struct sending *s, struct err *err)
{
	const struct shard_meta *m = ship_rows_meta(s->rows);
	char range[60] = "NULL, NULL", sql[SHIP_SQL_MAX];

	if (m->has_range)
		(void)snprintf(range, sizeof(range), "%" PRId64 ", %" PRId64,
		    m->first_ms, m->last_ms);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s.%s VALUES ('%s', "
	    "%" PRIu32 ", %" PRId64 ", %" PRId64 ", %s, %" PRId64 ", %" PRId64
	    ", %" PRId64 ", %" PRId64 ", %lld)", s->node->options->database,
	    s->stage[CLICKHOUSE_SHARDS], s->collector, s->shard,
	    m->slot_start_ms, m->slot_end_ms, range, s->sums.flows,
	    s->sums.packets, s->sums.bytes, m->max_sampling,
	    (long long)time(NULL));
	return ship_node_run(s->node, sql, err);
}

static int
replace_all(struct sending *s, struct err *err)
{
	const char *db = s->node->options->database;
	char sql[SHIP_SQL_MAX];

	for (int t = 0; t < CLICKHOUSE_TABLES; t++) {
		(void)snprintf(sql, sizeof(sql), "ALTER TABLE %s.%s_local "
		    "REPLACE PARTITION ('%s', %" PRIu32 ") FROM %s.%s", db,
		    clickhouse_table((enum clickhouse_table)t), s->collector,
		    s->shard, db, s->stage[t]);
		if (ship_node_run(s->node, sql, err) == -1)
			return -1;
	}
	return 0;
}

int
ship_node_send(struct ship_node *n, struct ship_rows *rows,
    const char *collector, struct ship_sums *sums, struct err *err)
{
	struct sending s = { .node = n, .collector = collector,
		.shard = ship_rows_shard(rows), .rows = rows };
	struct err ignored;
	int rc = -1;

	if (make_stages(&s, err) == 0 && send_flows(&s, err) == 0 &&
	    compare(&s, CLICKHOUSE_FLOWS, err) == 0 &&
	    fill_rolls(&s, err) == 0 && send_exporters(&s, err) == 0 &&
	    send_shard_row(&s, err) == 0)
		rc = replace_all(&s, err);
	/* where this fails, the next run does it */
	for (int t = 0; t < CLICKHOUSE_TABLES; t++) {
		if (s.stage[t][0] != '\0' && (rc == 0 || err->code == ERR_FAIL))
			(void)ship_node_drop(n, s.stage[t], &ignored);
	}
	*sums = s.sums;
	return rc;
}
