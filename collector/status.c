/* The table of --status: see status.h. */
#include "collector/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "collector/endpoint.h"

#define ANSWER_SEC	5	/* a daemon that is alive needs no more */
#define UNIX_PREFIX	"unix:"

void
status_rate_add(struct status_rate *r, int64_t monotonic_ms, uint64_t flows)
{
	size_t i = r->n++ % (STATUS_RATE_SEC + 1);

	r->at_ms[i] = monotonic_ms;
	r->flows[i] = flows;
}

double
status_rate_get(const struct status_rate *r)
{
	size_t size = STATUS_RATE_SEC + 1, last, first;

	if (r->n < 2)
		return 0;
	last = (r->n - 1) % size;
	first = r->n <= size ? 0 : r->n % size;
	if (r->at_ms[last] <= r->at_ms[first])
		return 0;
	return (double)(r->flows[last] - r->flows[first]) * 1e3 /
	    (double)(r->at_ms[last] - r->at_ms[first]);
}

/* ---- small pieces ---- */

static void
put_time(FILE *f, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(f, "%s", text);
}

static void
put_span(FILE *f, int64_t ms)
{
	int64_t sec = ms < 0 ? 0 : ms / 1000;

	if (sec >= 86400)
		fprintf(f, "%" PRId64 " d ", sec / 86400);
	fprintf(f, "%02d:%02d:%02d", (int)(sec / 3600 % 24),
	    (int)(sec / 60 % 60), (int)(sec % 60));
}

static void
put_bytes(FILE *f, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	double v = (double)bytes;
	int i = 0;

	for (; v >= 1024; i++)
		v /= 1024;
	fprintf(f, i == 0 ? "%.0f %s" : "%.1f %s", v, unit[i]);
}

/* ---- the table ---- */

static void
put_intake(FILE *f, const struct report_counts *c, const struct decoder *d)
{
	fprintf(f, "received     %" PRIu64 " packets, ", c->intake->datagrams);
	put_bytes(f, c->intake->bytes);
	fprintf(f, "\n");
	for (size_t i = 0; i < c->n_listeners; i++)
		fprintf(f, "  %s  %" PRIu64 " packets, %" PRIu64
		    " dropped by the kernel\n", c->listener[i].name,
		    c->listener[i].packets, c->listener[i].drops);
	for (size_t i = 0; c->repeat != NULL && i < c->repeat->n; i++)
		fprintf(f, "  to %s  %" PRIu64 " sent, %" PRIu64 " dropped\n",
		    c->repeat->target[i].text, c->repeat->target[i].sent,
		    c->repeat->target[i].dropped);
	fprintf(f, "lost         %" PRId64 " units on the way, %" PRIu64
	    " packets dropped by the kernel, %" PRIu64 " flows shed\n",
	    (int64_t)decoder_count(d, DC_lost), c->kernel_drops,
	    c->intake->shed + c->writer.lost);
	if (c->intake->refused.total > 0)
		fprintf(f, "refused      %" PRIu64 " packets\n",
		    c->intake->refused.total);
}

/* The only one by its name; of many, the sums. */
static void
put_live(FILE *f, const struct live_counts *l)
{
	const char *slash = strrchr(l->path, '/');

	if (l->open == 0) {
		fprintf(f, "live shard   none yet\n");
		return;
	}
	if (l->open == 1)
		fprintf(f, "live shard   %s: ", slash == NULL ? l->path :
		    slash + 1);
	else
		fprintf(f, "live shards  %" PRIu64 " open: ", l->open);
	fprintf(f, "%" PRIu64 " flows, ", l->flows);
	put_bytes(f, l->bytes);
	fprintf(f, ", log ");
	put_bytes(f, l->log_bytes);
	fprintf(f, "\n");
}

static void
put_storage(FILE *f, const struct report_counts *c, double rate,
    int64_t now_ms)
{
	const struct writer_counts *w = &c->writer;

	fprintf(f, "flows        %" PRIu64 " stored, %.0f/s now%s\n", w->flows,
	    rate, w->trouble ? "; CANNOT BE STORED, see the log" : "");
	fprintf(f, "queue        %" PRIu64 " of %" PRIu64 " flows\n",
	    w->waiting, c->queue_limit);
	fprintf(f, "last commit  ");
	if (w->last_commit_ms == 0) {
		fprintf(f, "none yet\n");
	} else {
		put_time(f, w->last_commit_ms);
		fprintf(f, ", %.1f s ago; %.1f ms each, %.1f at most\n",
		    (double)(now_ms - w->last_commit_ms) / 1e3,
		    w->commits == 0 ? 0.0 :
		    (double)w->commit_us / 1e3 / (double)w->commits,
		    (double)w->commit_us_max / 1e3);
	}
	put_live(f, &w->live);
	fprintf(f, "sealing      %" PRIu64 " wait, %" PRIu64 " sealed, %" PRIu64
	    " failed, %" PRIu64 " expired\n", c->sealer.waiting,
	    c->sealer.sealed, c->sealer.failed, c->sealer.expired);
	if (c->ships)
		fprintf(f, "shipping     %" PRIu64 " wait, %" PRIu64 " sent, %"
		    PRIu64 " runs failed\n", c->shipper.backlog,
		    c->shipper.shards, c->shipper.failures);
}

struct top {
	struct exporter_stat	v[STATUS_EXPORTERS];
	size_t			n;
};

/* Keeps those with the most flows, most first. */
static void
add_exporter(void *arg, const struct exporter_stat *e,
    const uint64_t counts[DECODER_COUNTS])
{
	struct top *t = arg;
	size_t i;

	(void)counts;
	if (t->n == STATUS_EXPORTERS &&
	    t->v[t->n - 1].flows >= e->flows)
		return;
	if (t->n < STATUS_EXPORTERS)
		t->n++;
	for (i = t->n - 1; i > 0 && t->v[i - 1].flows < e->flows; i--)
		t->v[i] = t->v[i - 1];
	t->v[i] = *e;
}

static void
put_exporters(FILE *f, const struct decoder *d, int64_t now_ms)
{
	struct top top = { .n = 0 };
	char address[ADDR_TEXT_MAX];

	decoder_each_exporter(d, add_exporter, &top);
	fprintf(f, "\n%-24s %3s %10s %12s %14s %10s %8s  %s\n", "exporter",
	    "ver", "domain", "packets", "flows", "lost", "sampling",
	    "last heard");
	for (size_t i = 0; i < top.n; i++) {
		const struct exporter_stat *e = &top.v[i];

		(void)addr_format(&e->address, address);
		fprintf(f, "%-24s %3u %10" PRIu32 " %12" PRIu64 " %14" PRIu64
		    " %10" PRIu64, address, e->version, e->domain, e->packets,
		    e->flows, e->lost);
		if (e->sampling == 0)
			fprintf(f, " %8s  ", "-");
		else
			fprintf(f, " %8" PRIu32 "  ", e->sampling);
		if (e->packets == 0) {
			/* known by the templates of an earlier run */
			fprintf(f, "not yet\n");
			continue;
		}
		put_span(f, now_ms - e->last_ms);
		fprintf(f, " ago\n");
	}
	if (decoder_exporters(d) > top.n)
		fprintf(f, "and %" PRIu64 " more\n",
		    decoder_exporters(d) - top.n);
}

char *
status_text(const struct report_counts *c, const struct status_rate *r,
    const struct decoder *d, const char *dir, int64_t now_ms, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	int bad;

	if (f == NULL)
		return NULL;
	fprintf(f, "flowdbd " FLOWDB_VERSION ", process %ld, writes to %s\n"
	    "up since     ", (long)getpid(), dir);
	put_time(f, c->start_ms);
	fprintf(f, " UTC, ");
	put_span(f, now_ms - c->start_ms);
	fprintf(f, "\n");
	put_intake(f, c, d);
	put_storage(f, c, status_rate_get(r), now_ms);
	put_exporters(f, d, now_ms);
	bad = ferror(f);
	if (fclose(f) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- who asks ---- */

int
status_address(const char *configured, const char *dir, char *out,
    size_t size, struct err *err)
{
	int n = configured[0] != '\0' ?
	    snprintf(out, size, UNIX_PREFIX "%s", configured) :
	    snprintf(out, size, UNIX_PREFIX "%s/" STATUS_SOCKET, dir);

	if (n < 0 || (size_t)n >= size)
		return err_set(err, "status socket: path too long");
	return 0;
}

/* The text is a daemon's, but the terminal is ours: nothing but text. */
static void
put_plain(FILE *out, const char *p, size_t n)
{
	for (; n > 0; n--, p++) {
		unsigned char c = (unsigned char)*p;

		(void)putc(c == '\n' || (c >= ' ' && c != 0x7f) ? c : '?',
		    out);
	}
}

int
status_ask(const char *address, FILE *out, struct err *err)
{
	const char *path = address + strlen(UNIX_PREFIX);
	struct timeval limit = { .tv_sec = ANSWER_SEC };
	size_t total = 0;
	char buf[4096];
	ssize_t n;
	int fd;

	fd = endpoint_connect(path, err);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		put_plain(out, buf, (size_t)n);
		total += (size_t)n;
	}
	if (n == -1)
		(void)(errno == EAGAIN ? err_set(err, "%s: flowdbd does not "
		    "answer within %d s", path, ANSWER_SEC) :
		    err_sys(err, "%s", path));
	else if (total == 0)
		n = err_set(err, "%s: flowdbd answered nothing", path);
	(void)close(fd);
	return n < 0 ? -1 : 0;
}
