/* One node of the cluster: see ship_node.h. */
#include "collector/ship_node.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/ship_body.h"
#include "collector/ship_stage.h"
#include "schema/clickhouse.h"
#include "schema/http.h"

#define LINE_ROOM	300
#define THERE_MAX	(1U << 17)	/* 15 years of hours */

/* A shard that is there, of ours or of a collector named like it. */
struct there {
	char		collector[CLICKHOUSE_NAME_MAX + 1];
	uint32_t	shard;
	enum ship_has	has;
};

/* FNV-1a: collectors' marks only have to differ. */
static uint32_t
mark_of(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 16777619U;
	return h;
}

struct ship_node *
ship_node_new(const struct ship_options *o, const char *url,
    const atomic_bool *stop, struct err *err)
{
	const struct http_options http = { .url = url, .user = o->user,
		.password = o->password, .ca_file = o->ca_file };
	struct ship_node *n = calloc(1, sizeof(*n));
	struct timespec now;

	if (n == NULL || (n->url = strdup(url)) == NULL) {
		free(n);
		(void)err_set(err, "out of memory");
		return NULL;
	}
	n->options = o;
	n->stop = stop;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(n->mark, sizeof(n->mark), "stage_%08" PRIx32 "_",
	    mark_of(o->collector));
	(void)snprintf(n->run, sizeof(n->run), "%llx_%x",
	    (unsigned long long)now.tv_sec * 1000000000ULL +
	    (unsigned long long)now.tv_nsec, (unsigned)getpid());
	n->http = http_new(&http, err);
	if (n->http == NULL) {
		ship_node_free(n);
		return NULL;
	}
	return n;
}

void
ship_node_free(struct ship_node *n)
{
	if (n == NULL)
		return;
	http_free(n->http);
	free(n->there);
	free(n->url);
	free(n);
}

int
ship_node_run(struct ship_node *n, const char *sql, struct err *err)
{
	struct http_request r = { .query = sql, .stop = n->stop };

	return http_run(n->http, &r, err);
}

/* ---- answers of many lines ---- */

struct lines {
	struct ship_node	*node;
	int			(*fn)(struct ship_node *, const char *line,
				    struct err *);
	struct err		*err;
	bool			 failed;	/* err is filled */
	size_t			 len;
	char			 line[LINE_ROOM];	/* under way */
};

static int
add_lines(void *arg, const void *data, size_t len)
{
	struct lines *l = arg;
	const char *p = data;

	for (size_t i = 0; i < len && !l->failed; i++) {
		if (p[i] != '\n' && l->len + 1 < sizeof(l->line)) {
			l->line[l->len++] = p[i];
			continue;
		}
		/* none of ours is as long as to be cut */
		l->line[l->len] = '\0';
		l->len = 0;
		l->failed = l->fn(l->node, l->line, l->err) == -1;
	}
	return l->failed ? -1 : 0;
}

/* Hands on each line of the answer as it comes: fn may ask nothing. */
static int
each_line(struct ship_node *n, const char *sql,
    int (*fn)(struct ship_node *, const char *line, struct err *),
    struct err *err)
{
	struct err why;
	struct lines l = { .node = n, .fn = fn, .err = err };
	struct http_request r = { .query = sql, .write = add_lines,
		.arg = &l, .stop = n->stop };

	if (http_run(n->http, &r, &why) == 0)
		return 0;
	if (!l.failed)
		*err = why;
	return -1;
}

/* ---- what is there ---- */

static int
there_cmp(const void *va, const void *vb)
{
	const struct there *a = va, *b = vb;

	if (a->shard != b->shard)
		return a->shard < b->shard ? -1 : 1;
	return strcmp(a->collector, b->collector);
}

static int
add_there(struct ship_node *n, const struct there *t, struct err *err)
{
	struct there *v;

	if (n->n_there == THERE_MAX)
		return err_set(err, "%s: more than %u shards are there: let "
		    "max_age drop old ones", n->url, THERE_MAX);
	/* doubled now and then: a power of two is full */
	if ((n->n_there & (n->n_there - 1)) == 0) {
		v = realloc(n->there, (n->n_there == 0 ? 1 : n->n_there * 2) *
		    sizeof(*v));
		if (v == NULL)
			return err_set(err, "out of memory");
		n->there = v;
	}
	n->there[n->n_there++] = *t;
	return 0;
}

/* A name that ends at end (NULL: it does not) and a number behind. */
static bool
read_there(struct there *t, const char *name, const char *end,
    const char *number)
{
	size_t len = end == NULL ? 0 : (size_t)(end - name);
	unsigned long v;
	char *stop;

	if (len == 0 || len >= sizeof(t->collector))
		return false;
	memcpy(t->collector, name, len);
	t->collector[len] = '\0';
	v = strtoul(number, &stop, 10);
	t->shard = (uint32_t)v;
	return stop != number && v <= UINT32_MAX;
}

/* "('name',123)" with its quotes escaped, as partitions are named. */
static int
take_partition(struct ship_node *n, const char *line, struct err *err)
{
	static const char front[] = "(\\'", middle[] = "\\',";
	struct there t = { .has = SHIP_HAS_PART };
	const char *name = line + strlen(front);
	const char *end = strncmp(line, front, strlen(front)) != 0 ? NULL :
	    strstr(name, middle);

	/* a partition of somebody else's making is none of our shards */
	if (!read_there(&t, name, end, end == NULL ? "" :
	    end + strlen(middle)))
		return 0;
	return add_there(n, &t, err);
}

static int
take_shard(struct ship_node *n, const char *line, struct err *err)
{
	struct there t = { .has = SHIP_HAS_ALL };
	const char *end = strchr(line, '\t');

	if (!read_there(&t, line, end, end == NULL ? "" : end + 1))
		return err_set(err, "%s: a strange answer: %s", n->url, line);
	return add_there(n, &t, err);
}

/* Sorted, and of a shard that came twice what says more. */
static void
settle(struct ship_node *n)
{
	size_t kept = 0;

	if (n->n_there == 0)
		return;
	qsort(n->there, n->n_there, sizeof(*n->there), there_cmp);
	for (size_t i = 1; i < n->n_there; i++) {
		if (there_cmp(&n->there[kept], &n->there[i]) != 0)
			n->there[++kept] = n->there[i];
		else if (n->there[i].has > n->there[kept].has)
			n->there[kept].has = n->there[i].has;
	}
	n->n_there = kept + 1;
}

enum ship_has
ship_node_has(const struct ship_node *n, const char *collector,
    uint32_t shard)
{
	struct there key = { .shard = shard };
	const struct there *found;

	(void)snprintf(key.collector, sizeof(key.collector), "%s", collector);
	found = n->n_there == 0 ? NULL : bsearch(&key, n->there, n->n_there,
	    sizeof(key), there_cmp);
	return found == NULL ? SHIP_HAS_NONE : found->has;
}

static int
learn(struct ship_node *n, struct err *err)
{
	const char *db = n->options->database, *name = n->options->collector;
	char sql[SHIP_SQL_MAX], answer[SHIP_TEXT_MAX];

	n->n_there = 0;
	/* a look at a node that has nothing yet */
	(void)snprintf(sql, sizeof(sql), "SELECT count() FROM system.tables "
	    "WHERE database = '%s' AND name = 'shards_local'", db);
	if (http_ask(n->http, sql, answer, sizeof(answer), n->stop,
	    err) == -1)
		return -1;
	if (strcmp(answer, "0") == 0)
		return 0;
	(void)snprintf(sql, sizeof(sql), "SELECT DISTINCT partition FROM "
	    "system.parts WHERE active AND database = '%s' AND table = "
	    "'flows_local' AND startsWith(partition, '(\\'%s')", db, name);
	if (each_line(n, sql, take_partition, err) == -1)
		return -1;
	(void)snprintf(sql, sizeof(sql), "SELECT DISTINCT collector, shard "
	    "FROM %s.shards_local WHERE collector = '%s' OR "
	    "startsWith(collector, '%s/')", db, name, name);
	if (each_line(n, sql, take_shard, err) == -1)
		return -1;
	settle(n);
	return 0;
}

/* ---- tables ---- */

/*
 * The tables that are asked hold nothing, so they are made anew when the node
 * has become part of a cluster: else it would go on answering alone.
 */
static int
drop_lonely(struct ship_node *n, struct err *err)
{
	const char *db = n->options->database;
	char sql[SHIP_SQL_MAX], engine[SHIP_TEXT_MAX];

	if (n->options->cluster == NULL)
		return 0;
	for (int t = 0; t < CLICKHOUSE_TABLES; t++) {
		const char *name = clickhouse_table((enum clickhouse_table)t);

		(void)snprintf(sql, sizeof(sql), "SELECT engine FROM "
		    "system.tables WHERE database = '%s' AND name = '%s'", db,
		    name);
		if (http_ask(n->http, sql, engine, sizeof(engine), n->stop,
		    err) == -1)
			return -1;
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s.%s",
		    db, name);
		if (strcmp(engine, "Merge") == 0 &&
		    ship_node_run(n, sql, err) == -1)
			return -1;
	}
	return 0;
}

static int
make_tables(struct ship_node *n, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < clickhouse_statements() && rc == 0; i++) {
		char *sql = clickhouse_statement(n->options->database,
		    n->options->cluster, i);

		rc = sql == NULL ? err_set(err, "out of memory") :
		    ship_node_run(n, sql, err);
		free(sql);
	}
	return rc;
}

static int
check_version(struct ship_node *n, struct err *err)
{
	char sql[SHIP_SQL_MAX], answer[SHIP_TEXT_MAX];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT version FROM %s.schema_version", n->options->database);
	if (http_ask(n->http, sql, answer, sizeof(answer), n->stop,
	    err) == -1)
		return -1;
	if (strtol(answer, NULL, 10) == CLICKHOUSE_VERSION)
		return 0;
	return err_as(err, ERR_VERSION, "%s: the tables in database %s are of "
	    "version %s, this program's are of version %d", n->url,
	    n->options->database, answer, CLICKHOUSE_VERSION);
}

int
ship_node_drop(struct ship_node *n, const char *name, struct err *err)
{
	char sql[SHIP_SQL_MAX];

	(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s.%s",
	    n->options->database, name);
	return ship_node_run(n, sql, err);
}

/* What broken runs left; nobody else ships under our name. */
static int
drop_stages(struct ship_node *n, struct err *err)
{
	char sql[SHIP_SQL_MAX], name[SHIP_TEXT_MAX];

	(void)snprintf(sql, sizeof(sql), "SELECT name FROM system.tables "
	    "WHERE database = '%s' AND startsWith(name, '%s') LIMIT 1",
	    n->options->database, n->mark);
	for (;;) {
		if (http_ask(n->http, sql, name, sizeof(name), n->stop,
		    err) == -1)
			return -1;
		if (*name == '\0')
			return 0;
		if (ship_node_drop(n, name, err) == -1)
			return -1;
	}
}

int
ship_node_prepare(struct ship_node *n, bool look_only, struct err *err)
{
	if (!look_only && (drop_lonely(n, err) == -1 ||
	    make_tables(n, err) == -1 || check_version(n, err) == -1 ||
	    drop_stages(n, err) == -1))
		return -1;
	return learn(n, err);
}

/* ---- expiry, memory ---- */

int
ship_node_expire(struct ship_node *n, uint32_t before, uint64_t *dropped,
    struct err *err)
{
	const char *db = n->options->database, *name = n->options->collector;
	size_t len = strlen(name);
	char sql[SHIP_SQL_MAX];

	*dropped = 0;
	for (size_t i = 0; i < n->n_there && n->there[i].shard < before; i++) {
		const struct there *t = &n->there[i];

		if (strncmp(t->collector, name, len) != 0 ||
		    (t->collector[len] != '\0' && t->collector[len] != '/'))
			continue;
		for (int k = 0; k < CLICKHOUSE_TABLES; k++) {
			(void)snprintf(sql, sizeof(sql), "ALTER TABLE "
			    "%s.%s_local DROP PARTITION ('%s', %" PRIu32 ")",
			    db, clickhouse_table((enum clickhouse_table)k),
			    t->collector, t->shard);
			if (ship_node_run(n, sql, err) == -1)
				return -1;
		}
		++*dropped;
	}
	return 0;
}

size_t
ship_node_memory(void)
{
	return sizeof(struct ship_node) + THERE_MAX * sizeof(struct there) +
	    ship_rows_memory() + ship_body_memory() + HTTP_MEMORY;
}
