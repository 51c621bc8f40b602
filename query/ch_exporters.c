/*
 * --exporters from a cluster: the rows of table exporters as they are; what is
 * above adds them up.
 */
#include <stdio.h>
#include <string.h>

#include "query/ch_backend.h"
#include "query/exporters.h"

struct visiting {
	const struct ch_backend	*b;
	const struct question	*q;
	backend_exporter_visit	*visit;
	void			*arg;
	size_t			 at;	/* shard that the row may be of */
	int64_t			 rows;
};

/* Columns of the statement. */
enum { COLLECTOR, SHARD, ADDRESS, MAPPED, NAME, NUMBERS };

#define N_NUMBERS	8

static bool
is_wanted(const struct ch_shard *s, const struct question *q)
{
	return exporters_wanted(q, &(struct shard_meta){
	    .slot_start_ms = s->slot_start_ms,
	    .slot_end_ms = s->slot_end_ms });
}

/* Where the row's shard stands: < 0: behind s, 0: it is s. */
static int
compare(const struct ch_shard *s, const struct ch_value *row)
{
	uint32_t number = (uint32_t)row[SHARD].number;
	size_t len = strlen(s->collector), n = row[COLLECTOR].len;
	int rc;

	if (s->number != number)
		return s->number < number ? -1 : 1;
	rc = memcmp(s->collector, row[COLLECTOR].bytes, len < n ? len : n);
	return rc != 0 ? rc : len < n ? -1 : len > n;
}

static int
take_row(void *arg, const struct ch_value *row, struct err *err)
{
	static const uint8_t none[16];
	struct visiting *v = arg;
	const struct ch_shards *s = &v->b->shards;
	struct backend_exporter e = { .name = NULL };

	while (v->at < s->n && compare(&s->v[v->at], row) < 0)
		v->at++;
	/* half of a shard, or one that is read here */
	if (v->at == s->n || compare(&s->v[v->at], row) != 0 ||
	    !is_wanted(&s->v[v->at], v->q) ||
	    memcmp(row[ADDRESS].bytes, none, sizeof(none)) == 0)
		return 0;
	e.shard_ms = s->v[v->at].slot_start_ms;
	e.address.kind = DATUM_ADDR;
	e.address.len = ch_is_ip4(&row[ADDRESS], STAT_EXPORTER,
	    row[MAPPED].number == 0 ? 0 : clickhouse_mapped_exporter()) ? 4 :
	    16;
	e.address.addr = row[ADDRESS].bytes + 16 - e.address.len;
	if (!row[NAME].null) {
		e.name = (const char *)row[NAME].bytes;
		e.name_len = row[NAME].len;
	}
	for (int i = 0; i < N_NUMBERS; i++) {
		e.numbers[i].kind = row[NUMBERS + i].null ? DATUM_NULL :
		    DATUM_NUMBER;
		e.numbers[i].number = row[NUMBERS + i].number;
	}
	v->rows++;
	return v->visit(v->arg, &e, err);
}

static int
ask(struct visiting *v, uint32_t from, uint32_t to, struct err *err)
{
	static const struct ch_field fields[] = { { CH_TEXT, false },
		{ CH_U32, false }, { CH_ADDR, false }, { CH_U8, false },
		{ CH_TEXT, true }, { CH_U8, false }, { CH_U32, false },
		{ CH_64, false }, { CH_64, false }, { CH_64, false },
		{ CH_64, true }, { CH_64, true }, { CH_64, true } };
	char sql[400 + CLICKHOUSE_NAME_MAX];

	(void)snprintf(sql, sizeof(sql), "SELECT collector, shard, address, "
	    "mapped, name, version, source_id, packets, flows, lost, sampling, "
	    "first_heard_ms, last_heard_ms FROM %s.%s WHERE shard >= %u AND "
	    "shard <= %u ORDER BY shard, collector, id",
	    ch_client_database(v->b->client),
	    clickhouse_table(CLICKHOUSE_EXPORTERS), from, to);
	return ch_client_ask(v->b->client, sql, fields, sizeof(fields) /
	    sizeof(fields[0]), take_row, v, err);
}

int
ch_exporters(struct backend *base, const struct question *q,
    backend_exporter_visit *visit, void *arg, struct report *report,
    struct err *err)
{
	struct ch_backend *b = (struct ch_backend *)(void *)base;
	struct visiting v = { .b = b, .q = q, .visit = visit, .arg = arg };
	double began = report_clock();
	uint32_t from = 0, to = 0;
	int64_t n = 0;

	report->considered += b->shards.n;
	for (size_t i = 0; i < b->shards.n; i++) {
		const struct ch_shard *s = &b->shards.v[i];

		if (!is_wanted(s, q)) {
			report->skipped++;
			continue;
		}
		if (n++ == 0)
			from = s->number;
		to = s->number;
		report->processed += s->flows;
	}
	report->read += n;
	if (n > 0 && ask(&v, from, to, err) == -1)
		return -1;
	ch_explain_table(report, b, "rows", clickhouse_table(
	    CLICKHOUSE_EXPORTERS), (size_t)n, v.rows, began);
	return 0;
}
