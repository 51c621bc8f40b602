/* Counters as metrics: see prometheus.h. */
#include "collector/prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const struct exporter_stat	*stat;
	const uint64_t			*counts;	/* of the decoder */
};

/* The exporters that are named; the decoder's memory, for this call only. */
struct rows {
	struct row	*v;
	size_t		 n;
	size_t		 cap;
};

static void
add_row(void *arg, const struct exporter_stat *e,
    const uint64_t counts[DECODER_COUNTS])
{
	struct rows *r = arg;

	if (r->n < r->cap)
		r->v[r->n++] = (struct row){ e, counts };
}

static int
by_id(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;

	return (a->stat->id > b->stat->id) - (a->stat->id < b->stat->id);
}

/*
 * The first heard, not the last: so it is the same ones each time, and no
 * series comes and goes.
 */
static void
choose_rows(struct rows *r, const struct decoder *d)
{
	r->cap = (size_t)decoder_exporters(d);
	r->v = calloc(r->cap + 1, sizeof(*r->v));
	if (r->v == NULL)
		r->cap = 0;
	decoder_each_exporter(d, add_row, r);
	qsort(r->v, r->n, sizeof(*r->v), by_id);
	if (r->n > PROMETHEUS_EXPORTERS)
		r->n = PROMETHEUS_EXPORTERS;
}

#define MAX_LABELS	5

/* Labels of an exporter, and one more; the texts they point to. */
struct labels {
	struct metrics_label	v[MAX_LABELS];
	size_t			n;
	char			address[ADDR_TEXT_MAX];
	char			version[8];
	char			domain[16];
};

static void
label_exporter(struct labels *l, const struct exporter_stat *e)
{
	(void)addr_format(&e->address, l->address);
	(void)snprintf(l->version, sizeof(l->version), "%u", e->version);
	(void)snprintf(l->domain, sizeof(l->domain), "%" PRIu32, e->domain);
	l->v[0] = (struct metrics_label){ "exporter", l->address };
	l->v[1] = (struct metrics_label){ "version", l->version };
	l->v[2] = (struct metrics_label){ "domain", l->domain };
	l->n = 3;
}

static void
label_other(struct labels *l)
{
	l->v[0] = (struct metrics_label){ "exporter", "other" };
	l->v[1] = (struct metrics_label){ "version", "" };
	l->v[2] = (struct metrics_label){ "domain", "" };
	l->n = 3;
}

/*
 * The samples of one counter: each exporter's, and what is left of the total
 * (more exporters, those forgotten, and datagrams of nobody).  skip_zero: of
 * named ones, only those that have any.
 */
static void
put_count(struct metrics *m, const struct decoder *d, const struct rows *r,
    enum decoder_count c, const char *label, const char *value, int skip_zero)
{
	uint64_t left = decoder_count(d, c);
	struct labels l;

	for (size_t i = 0; i < r->n; i++) {
		uint64_t n = r->v[i].counts[c];

		left -= n < left ? n : left;
		if (n == 0 && skip_zero)
			continue;
		label_exporter(&l, r->v[i].stat);
		if (label != NULL)
			l.v[l.n++] = (struct metrics_label){ label, value };
		metrics_u64(m, l.v, l.n, n);
	}
	label_other(&l);
	if (label != NULL)
		l.v[l.n++] = (struct metrics_label){ label, value };
	metrics_u64(m, l.v, l.n, left);
}

static void
put_netflow(struct metrics *m, const struct decoder *d, const struct rows *r)
{
	metrics_family(m, "flowdb_netflow_packets_total", METRICS_COUNTER,
	    "Export packets.");
	put_count(m, d, r, DC_packets, NULL, NULL, 0);
	metrics_family(m, "flowdb_netflow_records_total", METRICS_COUNTER,
	    "Records read: flows, options data and template definitions.");
	put_count(m, d, r, DC_flows, "type", "data", 0);
	put_count(m, d, r, DC_options, "type", "options", 1);
	put_count(m, d, r, DC_templates, "type", "template", 1);
	metrics_family(m, "flowdb_netflow_errors_total", METRICS_COUNTER,
	    "Broken datagrams and sets by kind.");
	for (int c = 0; c < DECODER_COUNTS; c++) {
		enum decoder_count k = (enum decoder_count)c;

		if (decoder_count_is_bad(k))
			put_count(m, d, r, k, "error", decoder_count_name(k),
			    1);
	}
	metrics_family(m, "flowdb_netflow_unknown_template_total",
	    METRICS_COUNTER, "Data sets that came before their template.");
	put_count(m, d, r, DC_held_sets, NULL, NULL, 1);
	metrics_family(m, "flowdb_netflow_unknown_template_dropped_total",
	    METRICS_COUNTER, "Of these, given up: the template did not come.");
	put_count(m, d, r, DC_held_dropped, NULL, NULL, 1);
	metrics_family(m, "flowdb_netflow_restarts_total", METRICS_COUNTER,
	    "Exporters that started again.");
	put_count(m, d, r, DC_restarts, NULL, NULL, 1);
	metrics_one(m, "flowdb_netflow_exporters", METRICS_GAUGE,
	    "Exporters known.", decoder_exporters(d));
	metrics_one(m, "flowdb_netflow_templates", METRICS_GAUGE,
	    "Templates known.", decoder_templates(d));
}

/* What was late after all is a counter of its own: this one only grows. */
static void
put_lost(struct metrics *m, const struct rows *r)
{
	struct labels l;

	metrics_family(m, "flowdb_netflow_sequence_lost_total",
	    METRICS_COUNTER, "Units missing by sequence number when the next "
	    "came (v9: packets, else records).");
	for (size_t i = 0; i < r->n; i++) {
		label_exporter(&l, r->v[i].stat);
		metrics_u64(m, l.v, l.n, r->v[i].counts[DC_lost] +
		    r->v[i].counts[DC_recovered]);
	}
	metrics_family(m, "flowdb_netflow_sequence_recovered_total",
	    METRICS_COUNTER, "Of these, those that were only late.");
	for (size_t i = 0; i < r->n; i++) {
		label_exporter(&l, r->v[i].stat);
		metrics_u64(m, l.v, l.n, r->v[i].counts[DC_recovered]);
	}
	metrics_family(m, "flowdb_netflow_last_heard_timestamp_seconds",
	    METRICS_GAUGE, "When the exporter sent last.");
	for (size_t i = 0; i < r->n; i++) {
		label_exporter(&l, r->v[i].stat);
		metrics_double(m, l.v, l.n,
		    (double)r->v[i].stat->last_ms / 1e3);
	}
}

static void
put_udp(struct metrics *m, const struct report_counts *c)
{
	static const struct {
		const char *name, *help;
		size_t offset;
	} families[] = {
		{ "flowdb_udp_packets_total", "Datagrams received.",
		    offsetof(struct listen_socket, packets) },
		{ "flowdb_udp_bytes_total", "Payload bytes received.",
		    offsetof(struct listen_socket, bytes) },
		{ "flowdb_udp_dropped_packets_total",
		    "Datagrams dropped by the kernel: receive buffer full.",
		    offsetof(struct listen_socket, drops) },
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		metrics_family(m, families[f].name, METRICS_COUNTER,
		    families[f].help);
		for (size_t i = 0; i < c->n_listeners; i++) {
			struct metrics_label l = { "listener",
				c->listener[i].name };
			uint64_t v;

			memcpy(&v, (const char *)&c->listener[i] +
			    families[f].offset, sizeof(v));
			metrics_u64(m, &l, 1, v);
		}
	}
}

static void
put_refused(struct metrics *m, const struct refused *r)
{
	struct refused_sender top[REFUSED_TOP];
	size_t n = refused_top(r, top, REFUSED_TOP);
	char address[ADDR_TEXT_MAX];
	const struct metrics_label label = { "sender", address };

	metrics_one(m, "flowdb_refused_packets_total", METRICS_COUNTER,
	    "Datagrams of senders that were refused.", r->total);
	if (n == 0)
		return;
	/* a gauge: a sender that makes room for another one starts anew */
	metrics_family(m, "flowdb_refused_sender_packets", METRICS_GAUGE,
	    "Refused datagrams by sender, of those with the most.");
	for (size_t i = 0; i < n; i++) {
		(void)addr_format(&top[i].who, address);
		metrics_u64(m, &label, 1, top[i].datagrams);
	}
}

static void
put_repeat(struct metrics *m, const struct repeat *r)
{
	if (r == NULL || r->n == 0)
		return;
	metrics_family(m, "flowdb_repeat_packets_total", METRICS_COUNTER,
	    "Datagrams sent on, or dropped for a target that was not ready.");
	for (size_t i = 0; i < r->n; i++) {
		struct metrics_label l[2] = {
			{ "target", r->target[i].text },
			{ "result", "sent" },
		};

		metrics_u64(m, l, 2, r->target[i].sent);
		l[1].value = "dropped";
		metrics_u64(m, l, 2, r->target[i].dropped);
	}
}

static void
put_storage(struct metrics *m, const struct report_counts *c)
{
	const struct writer_counts *w = &c->writer;

	metrics_one(m, "flowdb_flows_stored_total", METRICS_COUNTER,
	    "Flows committed to a shard.", w->flows);
	metrics_one(m, "flowdb_flows_shed_total", METRICS_COUNTER,
	    "Flows dropped because they could not be stored in time.",
	    c->intake->shed + w->lost);
	metrics_one(m, "flowdb_queue_flows", METRICS_GAUGE,
	    "Flows on their way to the disk.", w->waiting);
	metrics_one(m, "flowdb_queue_limit_flows", METRICS_GAUGE,
	    "Flows that may be on their way before some are shed.",
	    c->queue_limit);
	metrics_summary(m, "flowdb_shard_commit_seconds",
	    "Time that transactions took.", (double)w->commit_us / 1e6,
	    w->commits);
	metrics_family(m, "flowdb_shard_commit_seconds_max", METRICS_GAUGE,
	    "The longest transaction since the start.");
	metrics_double(m, NULL, 0, (double)w->commit_us_max / 1e6);
	metrics_family(m, "flowdb_last_commit_timestamp_seconds",
	    METRICS_GAUGE, "When flows were last committed; 0: not yet.");
	metrics_double(m, NULL, 0, (double)w->last_commit_ms / 1e3);
	metrics_one(m, "flowdb_shards_open", METRICS_GAUGE,
	    "Live shards that are open.", w->live.open);
	metrics_one(m, "flowdb_shard_flows", METRICS_GAUGE,
	    "Flows in these.", w->live.flows);
	metrics_one(m, "flowdb_shard_bytes", METRICS_GAUGE,
	    "Size of their files.", w->live.bytes);
	metrics_one(m, "flowdb_shard_log_bytes", METRICS_GAUGE,
	    "Size of their logs; a reader that stays makes them grow.",
	    w->live.log_bytes);
	metrics_one(m, "flowdb_storage_trouble", METRICS_GAUGE,
	    "1 while flows cannot be stored.", w->trouble);
	metrics_one(m, "flowdb_storage_retries_total", METRICS_COUNTER,
	    "Attempts to store that failed.", w->retries);
	metrics_one(m, "flowdb_files_moved_aside_total", METRICS_COUNTER,
	    "Files that lay in the place of a live shard.",
	    w->live.moved_aside);
}

static void
put_sealing(struct metrics *m, const struct sealer_counts *s)
{
	metrics_one(m, "flowdb_shards_waiting", METRICS_GAUGE,
	    "Shards that wait to be sealed.", s->waiting);
	metrics_one(m, "flowdb_shards_sealed_total", METRICS_COUNTER,
	    "Shards sealed.", s->sealed);
	metrics_one(m, "flowdb_shards_seal_failed_total", METRICS_COUNTER,
	    "Shards that could not be sealed, until the next start.",
	    s->failed);
	metrics_one(m, "flowdb_shards_expired_total", METRICS_COUNTER,
	    "Shards removed by a limit.", s->expired);
	metrics_one(m, "flowdb_hook_failed_total", METRICS_COUNTER,
	    "Hooks that failed.", s->hook_failed);
}

static void
put_shipping(struct metrics *m, const struct shipper_counts *c)
{
	metrics_one(m, "flowdb_ship_shards_total", METRICS_COUNTER,
	    "Shards sent to the cluster.", c->shards);
	metrics_one(m, "flowdb_ship_flows_total", METRICS_COUNTER,
	    "Flows sent to the cluster.", c->flows);
	metrics_one(m, "flowdb_ship_backlog_shards", METRICS_GAUGE,
	    "Sealed shards that are not in the cluster yet.", c->backlog);
	metrics_one(m, "flowdb_ship_failures_total", METRICS_COUNTER,
	    "Runs that could not send all.", c->failures);
	metrics_one(m, "flowdb_ship_last_timestamp_seconds", METRICS_GAUGE,
	    "When all was last there.", (uint64_t)c->last_sec);
}

void
prometheus_text(struct metrics *m, const struct report_counts *c,
    const struct decoder *d)
{
	const struct metrics_label version = { "version", FLOWDB_VERSION };
	struct rows rows = { .v = NULL };

	metrics_family(m, "flowdb_build_info", METRICS_GAUGE,
	    "Version of the collector.");
	metrics_u64(m, &version, 1, 1);
	metrics_family(m, "flowdb_start_timestamp_seconds", METRICS_GAUGE,
	    "When the collector started.");
	metrics_double(m, NULL, 0, (double)c->start_ms / 1e3);
	put_udp(m, c);
	put_refused(m, &c->intake->refused);
	choose_rows(&rows, d);
	if (rows.v == NULL) {
		m->failed = true;
		return;
	}
	put_netflow(m, d, &rows);
	put_lost(m, &rows);
	free(rows.v);
	put_repeat(m, c->repeat);
	put_storage(m, c);
	put_sealing(m, &c->sealer);
	if (c->ships)
		put_shipping(m, &c->shipper);
}
