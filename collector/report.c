/* Counters for people: see report.h. */
#include "collector/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/log.h"

#define MAX_LINES	10	/* of broken input a call */
#define BAR_WIDTH	30
/* SQLite empties the log at some 16 MiB when no reader is in the way. */
#define LOG_BYTES_TOLD	(UINT64_C(64) << 20)

struct report_state {
	uint64_t	kernel_drops;
	uint64_t	shed;
	uint64_t	log_told;	/* bytes of the log when last told */
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

/* A reader that stays costs no flow, but disk: told each time it doubles. */
static void
tell_log(struct report_state *r, const struct live_counts *l)
{
	if (l->longest_log < LOG_BYTES_TOLD) {
		r->log_told = 0;
	} else if (l->longest_log / 2 >= r->log_told) {
		r->log_told = l->longest_log;
		log_warnx("%s-wal: %" PRIu64 " MiB: somebody has been reading "
		    "for long; the flows are stored", l->path,
		    l->longest_log >> 20);
	}
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
	tell_log(r, &c->writer.live);
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
	    c->intake->datagrams, c->intake->bytes, c->writer.flows,
	    c->intake->shed, c->writer.lost, c->kernel_drops,
	    c->writer.commits, c->writer.retries, c->sealer.sealed);
	log_info("decoder:%s", text[0] == '\0' ? " nothing yet" : text);
	decoder_each_exporter(d, log_exporter, &l);
	log_refused(&c->intake->refused);
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

void
report_left_out(const struct capture_stat *st)
{
	if (st->fragments > 0)
		log_warnx("%" PRIu64 " IP fragments left out: they are not "
		    "put together", st->fragments);
	if (st->datagrams == 0)
		log_warnx("no UDP datagram in %" PRIu64 " packets",
		    st->packets);
}
