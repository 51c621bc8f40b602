/* Counters for people: see report.h. */
#include "collector/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/log.h"

#define MAX_LINES	10	/* of broken input a call */
#define MAX_LABELLED	200	/* exporters that metrics name */
#define BAR_WIDTH	30

struct report_state {
	uint64_t	kernel_drops;
	uint64_t	shed;
	uint64_t	counts[DECODER_COUNTS];
	int		quiet_calls;
};

struct report_state *
report_new(void)
{
	return calloc(1, sizeof(struct report_state));
}

void
report_free(struct report_state *r)
{
	free(r);
}

/* " name=value" for each counter that is not 0. */
static void
put_counts(char *out, size_t size, const uint64_t counts[DECODER_COUNTS],
    int bad_only)
{
	size_t len = 0;

	out[0] = '\0';
	for (int c = 0; c < DECODER_COUNTS && len < size; c++) {
		if (counts[c] == 0 || (bad_only &&
		    !decoder_count_is_bad((enum decoder_count)c)))
			continue;
		len += (size_t)snprintf(out + len, size - len, " %s=%" PRIu64,
		    decoder_count_name((enum decoder_count)c), counts[c]);
	}
}

struct lines {
	int	left;
	int	bad_only;
};

static void
log_exporter(void *arg, const struct exporter_stat *e,
    const uint64_t counts[DECODER_COUNTS])
{
	char address[ADDR_TEXT_MAX], text[900];
	struct lines *l = arg;

	if ((l->bad_only && e->bad == 0) || l->left-- <= 0)
		return;
	(void)addr_format(&e->address, address);
	put_counts(text, sizeof(text), counts, l->bad_only);
	if (l->bad_only)
		log_warnx("broken input: exporter=%s version=%u domain=%"
		    PRIu32 "%s", address, e->version, e->domain, text);
	else
		log_info("exporter=%s version=%u domain=%" PRIu32 "%s",
		    address, e->version, e->domain, text);
}

void
report_changes(struct report_state *r, const struct report_counts *c,
    const struct decoder *d)
{
	struct lines l = { MAX_LINES, 1 };
	int worse = 0;

	if (c->kernel_drops != r->kernel_drops)
		log_warnx("%" PRIu64 " datagrams dropped by the kernel: raise "
		    "the receive buffer (-B and sysctl net.core.rmem_max)",
		    c->kernel_drops - r->kernel_drops);
	if (c->intake->shed != r->shed)
		log_warnx("%" PRIu64 " flows shed: the disk does not keep up",
		    c->intake->shed - r->shed);
	refused_tell(&c->intake->refused);
	r->kernel_drops = c->kernel_drops;
	r->shed = c->intake->shed;
	for (int i = 0; i < DECODER_COUNTS; i++) {
		uint64_t now = decoder_count(d, (enum decoder_count)i);

		worse |= decoder_count_is_bad((enum decoder_count)i) &&
		    now != r->counts[i];
		r->counts[i] = now;
	}
	/* a stream of broken input is told every minute, not every time */
	if (worse && r->quiet_calls == 0) {
		decoder_each_exporter(d, log_exporter, &l);
		r->quiet_calls = 6;
	} else if (r->quiet_calls > 0) {
		r->quiet_calls--;
	}
}

static void
log_refused(const struct refused *r)
{
	struct refused_sender top[REFUSED_TOP];
	size_t n = refused_top(r, top, REFUSED_TOP);
	char address[ADDR_TEXT_MAX];

	if (r->total > 0)
		log_info("refused=%" PRIu64 " datagrams, most of:", r->total);
	for (size_t i = 0; i < n; i++) {
		(void)addr_format(&top[i].who, address);
		log_info("refused sender=%s datagrams=%" PRIu64 " (%s)",
		    address, top[i].datagrams,
		    source_refusal_text(top[i].why));
	}
}

void
report_log(const struct report_counts *c, const struct decoder *d)
{
	struct lines l = { 1000, 0 };
	uint64_t counts[DECODER_COUNTS];
	char text[900];

	for (int i = 0; i < DECODER_COUNTS; i++)
		counts[i] = decoder_count(d, (enum decoder_count)i);
	put_counts(text, sizeof(text), counts, 0);
	log_info("datagrams=%" PRIu64 " bytes=%" PRIu64 " stored=%" PRIu64
	    " shed=%" PRIu64 " not_stored=%" PRIu64 " kernel_drops=%" PRIu64
	    " commits=%" PRIu64 " retries=%" PRIu64 " sealed=%" PRIu64,
	    c->intake->datagrams, c->intake->bytes, c->writer.flows, c->intake->shed, c->writer.lost,
	    c->kernel_drops, c->writer.commits, c->writer.retries,
	    c->sealer.sealed);
	log_info("decoder:%s", text[0] == '\0' ? " nothing yet" : text);
	decoder_each_exporter(d, log_exporter, &l);
	log_refused(&c->intake->refused);
}

struct labelled {
	struct metrics		*m;
	enum decoder_count	 count;
	int			 left;
};

static void
put_exporter(void *arg, const struct exporter_stat *e,
    const uint64_t counts[DECODER_COUNTS])
{
	char address[ADDR_TEXT_MAX], domain[16], version[8];
	struct labelled *l = arg;
	const struct metrics_label labels[] = {
		{ "exporter", address }, { "version", version },
		{ "domain", domain },
	};

	if (l->left-- <= 0)
		return;
	(void)addr_format(&e->address, address);
	(void)snprintf(version, sizeof(version), "%u", e->version);
	(void)snprintf(domain, sizeof(domain), "%" PRIu32, e->domain);
	metrics_u64(l->m, labels, 3, counts[l->count]);
}

static void
put_by_exporter(struct metrics *m, const struct decoder *d, const char *name,
    const char *help, enum decoder_count count)
{
	struct labelled l = { m, count, MAX_LABELLED };

	metrics_family(m, name, METRICS_COUNTER, help);
	decoder_each_exporter(d, put_exporter, &l);
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
	/* a gauge: a sender that makes room for another one starts anew */
	metrics_family(m, "flowdb_refused_sender_packets", METRICS_GAUGE,
	    "Refused datagrams by sender, of those with the most.");
	for (size_t i = 0; i < n; i++) {
		(void)addr_format(&top[i].who, address);
		metrics_u64(m, &label, 1, top[i].datagrams);
	}
}

static void
put_errors(struct metrics *m, const struct decoder *d)
{
	metrics_family(m, "flowdb_netflow_errors_total", METRICS_COUNTER,
	    "Broken datagrams and sets by kind.");
	for (int c = 0; c < DECODER_COUNTS; c++) {
		struct metrics_label label = { "error",
			decoder_count_name((enum decoder_count)c) };

		if (decoder_count_is_bad((enum decoder_count)c))
			metrics_u64(m, &label, 1, decoder_count(d,
			    (enum decoder_count)c));
	}
}

void
report_metrics(struct metrics *m, const struct report_counts *c,
    const struct decoder *d)
{
	const struct metrics_label version = { "version", FLOWDB_VERSION };

	metrics_family(m, "flowdb_build_info", METRICS_GAUGE,
	    "Version of the collector.");
	metrics_u64(m, &version, 1, 1);
	metrics_one(m, "flowdb_udp_packets_total", METRICS_COUNTER,
	    "Datagrams received.", c->intake->datagrams);
	metrics_one(m, "flowdb_udp_bytes_total", METRICS_COUNTER,
	    "Payload bytes received.", c->intake->bytes);
	metrics_one(m, "flowdb_udp_dropped_packets_total", METRICS_COUNTER,
	    "Datagrams dropped by the kernel.", c->kernel_drops);
	metrics_one(m, "flowdb_flows_stored_total", METRICS_COUNTER,
	    "Flows committed to a shard.", c->writer.flows);
	metrics_one(m, "flowdb_flows_shed_total", METRICS_COUNTER,
	    "Flows dropped because the disk did not keep up.",
	    c->intake->shed + c->writer.lost);
	put_refused(m, &c->intake->refused);
	metrics_one(m, "flowdb_netflow_unknown_template_total",
	    METRICS_COUNTER, "Data sets given up for lack of a template.",
	    decoder_count(d, DC_held_dropped));
	put_errors(m, d);
	put_by_exporter(m, d, "flowdb_netflow_packets_total",
	    "Export packets by exporter.", DC_packets);
	put_by_exporter(m, d, "flowdb_netflow_records_total",
	    "Flow records by exporter.", DC_flows);
	put_by_exporter(m, d, "flowdb_netflow_sequence_lost_total",
	    "Lost units by sequence number (v9: packets, else flows).",
	    DC_lost);
	metrics_family(m, "flowdb_shard_commit_seconds_sum", METRICS_COUNTER,
	    "Time spent in commits.");
	metrics_double(m, NULL, 0, (double)c->writer.commit_us / 1e6);
	metrics_one(m, "flowdb_shard_commit_seconds_count", METRICS_COUNTER,
	    "Commits.", c->writer.commits);
	metrics_one(m, "flowdb_shard_flows", METRICS_GAUGE,
	    "Flows in the live shards that are open.", c->writer.live.flows);
	metrics_one(m, "flowdb_shards_open", METRICS_GAUGE,
	    "Live shards that are open.", c->writer.live.open);
	metrics_one(m, "flowdb_files_moved_aside_total", METRICS_COUNTER,
	    "Files that lay in the place of a live shard.",
	    c->writer.live.moved_aside);
	metrics_family(m, "flowdb_last_commit_timestamp_seconds",
	    METRICS_GAUGE, "When flows were last committed.");
	metrics_double(m, NULL, 0, (double)c->writer.last_commit_ms / 1e3);
	metrics_one(m, "flowdb_storage_trouble", METRICS_GAUGE,
	    "1 while flows cannot be stored.", c->writer.trouble);
	metrics_one(m, "flowdb_shards_sealed_total", METRICS_COUNTER,
	    "Shards sealed.", c->sealer.sealed);
	metrics_one(m, "flowdb_shards_expired_total", METRICS_COUNTER,
	    "Shards removed by a limit.", c->sealer.expired);
	metrics_one(m, "flowdb_hook_failed_total", METRICS_COUNTER,
	    "Hooks that failed.", c->sealer.hook_failed);
}

void
report_progress(double part, uint64_t flows)
{
	int full = (int)(part * BAR_WIDTH);

	if (part < 0) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	fprintf(stderr, "\r[%.*s%.*s] %3d %%  %" PRIu64 " flows ", full,
	    "##############################", BAR_WIDTH - full,
	    "..............................", (int)(part * 100), flows);
}
