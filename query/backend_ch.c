/*
 * A ClickHouse cluster as back end: see backend.h.  Which shards it has is
 * asked once at the start; with that it is known what a window touches,
 * whether counters must be scaled, and whether their sums need care.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ch_backend.h"
#include "query/serve.h"
#include "schema/tally.h"

/* ---- shards there ---- */

static int
add_shard(struct ch_shards *to, const char *collector, size_t len,
    struct err *err)
{
	struct ch_shard *v = to->v;

	if (to->n == to->room) {
		size_t room = to->room == 0 ? 64 : 2 * to->room;

		v = realloc(to->v, room * sizeof(*v));
		if (v == NULL)
			return err_set(err, "out of memory");
		to->v = v;
		to->room = room;
	}
	v[to->n] = (struct ch_shard){ .collector = strndup(collector, len) };
	if (v[to->n].collector == NULL)
		return err_set(err, "out of memory");
	to->n++;
	return 0;
}

int
ch_shards_add(struct ch_shards *to, const char *collector, uint32_t number,
    struct err *err)
{
	if (add_shard(to, collector, strlen(collector), err) == -1)
		return -1;
	to->v[to->n - 1].number = number;
	return 0;
}

void
ch_shards_clear(struct ch_shards *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].collector);
	free(s->v);
	*s = (struct ch_shards){ .v = NULL };
}

static int
take_shard(void *arg, const struct ch_value *row, struct err *err)
{
	struct ch_shards *to = arg;
	struct ch_shard *s;
	int64_t base = to->n == 0 ? 0 : to->v[to->n - 1].count_base +
	    to->v[to->n - 1].flows;

	if (add_shard(to, (const char *)row[0].bytes, row[0].len, err) == -1)
		return -1;
	s = &to->v[to->n - 1];
	s->number = (uint32_t)row[1].number;
	s->has_range = !row[2].null && !row[3].null;
	s->first_ms = row[2].null ? 0 : row[2].number;
	s->last_ms = row[3].null ? 0 : row[3].number;
	s->flows = row[4].number;
	s->count_base = base;
	to->packets = tally_plus(to->packets, row[5].number);
	to->bytes = tally_plus(to->bytes, row[6].number);
	if (row[7].number > to->max_sampling)
		to->max_sampling = row[7].number;
	s->slot_start_ms = row[8].number;
	s->slot_end_ms = row[9].number;
	return 0;
}

int
ch_shards_read(struct ch_client *c, struct ch_shards *out, struct err *err)
{
	static const struct ch_field fields[] = { { CH_TEXT, false },
		{ CH_U32, false }, { CH_64, true }, { CH_64, true },
		{ CH_64, false }, { CH_64, false }, { CH_64, false },
		{ CH_64, false }, { CH_64, false }, { CH_64, false } };
	char sql[300 + CLICKHOUSE_NAME_MAX];

	(void)snprintf(sql, sizeof(sql), "SELECT collector, shard, first_ms, "
	    "last_ms, flows, packets, bytes, max_sampling, slot_start_ms, "
	    "slot_end_ms FROM %s.%s ORDER BY shard, collector",
	    ch_client_database(c), clickhouse_table(CLICKHOUSE_SHARDS));
	ch_shards_clear(out);
	return ch_client_ask(c, sql, fields, sizeof(fields) /
	    sizeof(fields[0]), take_shard, out, err);
}

/* ---- what a question reads ---- */

bool
ch_shard_wanted(const struct ch_shard *s, const struct question *q)
{
	const struct shard_meta m = { .flows = s->flows,
		.has_range = s->has_range, .first_ms = s->first_ms,
		.last_ms = s->last_ms };

	return serve_window(q, &m) == SERVE_READ;
}

/* May a sum of counters come near 63 bits? */
static bool
is_wide(const struct ch_shards *s)
{
	const int64_t most = INT64_MAX / 2 / (s->max_sampling < 1 ? 1 :
	    s->max_sampling);

	return s->packets > most || s->bytes > most;
}

size_t
ch_shape(const struct ch_backend *b, const struct question *q,
    struct report *report, struct ch_shape *out)
{
	size_t n = 0;

	*out = (struct ch_shape){ .database = ch_client_database(b->client),
		.scale = q->scale && b->shards.max_sampling > 1,
		.wide = is_wide(&b->shards), .has_window = q->has_window,
		.within = q->within, .from_ms = q->from_ms,
		.to_ms = q->to_ms, .has_shards = q->has_window,
		.shards = b->shards.v, .n_shards = b->shards.n,
		.except = b->except.v, .n_except = b->except.n,
		.first = q->most_flows };
	if (report != NULL)
		report->considered += b->shards.n;
	for (size_t i = 0; i < b->shards.n; i++) {
		const struct ch_shard *s = &b->shards.v[i];

		if (!ch_shard_wanted(s, q)) {
			if (report != NULL)
				report->skipped++;
			continue;
		}
		if (n++ == 0)
			out->shard_from = s->number;
		out->shard_to = s->number;
		if (report != NULL) {
			report->read++;
			report->processed += s->flows;
		}
	}
	ch_roll_shards(b, q, out);
	return n;
}

/* Is it among those that the statement reads? */
static bool
is_read(const struct ch_shape *shape, const struct ch_part *part,
    uint32_t number)
{
	bool cut = false;

	if (shape->has_shards && (number < shape->shard_from ||
	    number > shape->shard_to))
		return false;
	for (size_t i = 0; i < shape->n_cut && !cut; i++)
		cut = shape->cut[i] == number;
	return part == NULL || (part->roll != NULL && !cut) ||
	    part->cut == cut || (part->roll == NULL && !part->cut);
}

void
ch_explain_table(struct report *r, const struct ch_backend *b,
    const char *what, const char *table, size_t n, int64_t rows,
    double began_sec)
{
	const struct shard_ref there = { (char *)(uintptr_t)ch_client_name(
	    b->client), 0 };
	struct report_use use = { .rows = 0 };

	report_part(&use, REPORT_UNKNOWN, rows, "%s from table %s, %zu of %zu "
	    "shards", what, table, n, b->shards.n);
	report_used(r, &there, &use, false, report_clock() - began_sec);
}

void
ch_explain(struct report *r, const struct ch_backend *b,
    const struct ch_shape *shape, const struct ch_part *part,
    const char *what, int64_t rows, double began_sec)
{
	const struct ch_roll *roll = part == NULL ? NULL : part->roll;
	char table[40];
	size_t n = 0;

	for (size_t i = 0; i < b->shards.n; i++)
		n += is_read(shape, part, b->shards.v[i].number);
	(void)snprintf(table, sizeof(table), "%s%s", clickhouse_table(
	    roll != NULL ? roll->table : CLICKHOUSE_FLOWS),
	    roll != NULL && part->cut ? " and flows" : "");
	ch_explain_table(r, b, what, table, n, rows, began_sec);
}

/* ---- the rest of the back end ---- */

static int
ch_range(struct backend *base, const atomic_bool *stop, bool skip_bad,
    int64_t *first_ms, int64_t *last_ms, struct err *err)
{
	struct ch_backend *b = (struct ch_backend *)(void *)base;
	struct backend *local = backend_shards(b->local);
	int rc;

	if (local == NULL)
		return err_set(err, "out of memory");
	rc = local->calls->range(local, stop, skip_bad, first_ms, last_ms,
	    err);
	backend_close(local);
	for (size_t i = 0; i < b->shards.n && rc == 0; i++) {
		const struct ch_shard *s = &b->shards.v[i];

		if (s->has_range && s->first_ms < *first_ms)
			*first_ms = s->first_ms;
		if (s->has_range && s->last_ms > *last_ms)
			*last_ms = s->last_ms;
	}
	return rc;
}

static void
ch_close(struct backend *base)
{
	struct ch_backend *b = (struct ch_backend *)(void *)base;

	ch_client_free(b->client);
	ch_shards_clear(&b->shards);
	ch_shards_clear(&b->except);
	free(b);
}

static int
take_version(void *arg, const struct ch_value *row, struct err *err)
{
	(void)err;
	*(int64_t *)arg = row[0].number;
	return 0;
}

static int
check_version(struct ch_client *c, struct err *err)
{
	static const struct ch_field field = { CH_U32, false };
	char sql[100 + CLICKHOUSE_NAME_MAX];
	int64_t version = 0;

	(void)snprintf(sql, sizeof(sql), "SELECT version FROM "
	    "%s.schema_version", ch_client_database(c));
	if (ch_client_ask(c, sql, &field, 1, take_version, &version,
	    err) == -1)
		return -1;
	if (version != CLICKHOUSE_VERSION)
		return err_as(err, ERR_VERSION, "%s: its tables are of version "
		    "%lld, this flowq reads version %d", ch_client_name(c),
		    (long long)version, CLICKHOUSE_VERSION);
	return 0;
}

/* What is read here is none of the cluster's, if it has it already. */
static void
leave_out(struct ch_shards *from, const struct ch_shards *except)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->n; i++) {
		bool out = false;

		for (size_t k = 0; k < except->n && !out; k++)
			out = except->v[k].number == from->v[i].number &&
			    strcmp(except->v[k].collector,
			    from->v[i].collector) == 0;
		if (out)
			free(from->v[i].collector);
		else
			from->v[kept++] = from->v[i];
	}
	from->n = kept;
}

static int
begin(struct ch_backend *b, const struct backend_ch_options *o,
    struct err *missing, struct err *err)
{
	missing->code = ERR_NONE;
	missing->msg[0] = '\0';
	if (check_version(b->client, err) == -1)
		return -1;
	/*
	 * Nodes are left out only when one was seen to be away: what fails
	 * later on is an error still, never an answer that nobody was warned of.
	 */
	if (ch_shards_read(b->client, &b->shards, err) == -1) {
		if (!o->partial || err->code == ERR_STOPPED)
			return -1;
		*missing = *err;
		ch_client_allow_partial(b->client);
		if (ch_shards_read(b->client, &b->shards, err) == -1)
			return -1;
	}
	if (ch_local_cut(b->local, ch_client_database(b->client), &b->except,
	    err) == -1)
		return -1;
	leave_out(&b->shards, &b->except);
	return 0;
}

static const struct backend_calls calls = {
	.sums = ch_sums, .list = ch_list, .exporters = ch_exporters,
	.range = ch_range, .script = ch_script, .close = ch_close
};

struct backend *
backend_ch(const struct backend_ch_options *o, struct err *missing,
    struct err *err)
{
	struct ch_backend *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	b->backend.calls = &calls;
	b->local = o->local;
	b->client = ch_client_new(o->url, o->stop, err);
	if (b->client == NULL || begin(b, o, missing, err) == -1) {
		ch_close(&b->backend);
		return NULL;
	}
	return &b->backend;
}
