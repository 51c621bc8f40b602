/*
 * The collector at work: see server.h.
 *
 *	sockets -> receive -> packet_decode -> sink -> batch -> writer
 *
 * The receiving thread never waits: not for the disk (batches are bounded and
 * flows are shed when none is free), not for other collectors, not for the
 * log.  Each wake-up handles a bounded number of datagrams, so that timers and
 * signals get their turn under any load.
 */
#include "collector/server.h"

#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/batch.h"
#include "collector/capture.h"
#include "collector/datadir.h"
#include "collector/listen.h"
#include "collector/log.h"
#include "collector/metrics.h"
#include "collector/notify.h"
#include "collector/packet.h"
#include "collector/repeat.h"
#include "collector/report.h"
#include "collector/sealer.h"
#include "collector/template_saver.h"
#include "collector/writer.h"

#define FLUSH_SEC	0.25	/* flows are visible after this at the latest */
#define TICK_SEC	1.0
#define REPORT_SEC	10	/* broken input is logged this often at most */
#define TEMPLATES_SEC	60	/* changed templates are saved this often */
#define ROUNDS		8	/* receive calls per wake-up and socket */
#define HARVEST		64

struct server {
	struct sink		 sink;		/* first: see sink_of */
	struct config		*config;	/* in force */
	struct config		*first;		/* the caller's */
	int			 lock;
	struct ev_loop		*loop;
	struct listen_socket	 sock[CONFIG_MAX_LISTEN];
	ev_io			 io[CONFIG_MAX_LISTEN];
	size_t			 n_sock;
	struct listen_ring	*ring;
	ev_timer		 flush_timer;
	ev_timer		 tick_timer;
	ev_signal		 sig[4];	/* TERM INT HUP USR1 */
	struct decoder		*decoder;
	struct repeat		 repeat;
	struct notify		 notify;
	struct sealer		*sealer;
	struct writer		*writer;
	struct template_saver	*saver;		/* NULL: reading a capture */
	struct batch		*batch;		/* being filled, or NULL */
	struct flow		 spare;		/* room while none is free */
	bool			 capture;	/* no shedding: wait */
	int64_t			 slot_ms;	/* length */
	int64_t			 slot_start_ms;	/* of what arrives now */
	struct report_counts	 counts;
	struct report_state	*report;
	uint64_t		 templates_saved;
	int64_t			 ticks;
	struct server_calls	 calls;
};

static int64_t
wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- batches ---- */

static void
harvest(struct server *s, struct batch *b)
{
	struct exporter_stat stats[HARVEST];
	size_t n;

	do {
		n = decoder_harvest(s->decoder, 0, stats, HARVEST);
		for (size_t i = 0; i < n; i++) {
			struct exporter_stat *to = batch_stat(b);

			if (to != NULL)
				*to = stats[i];
		}
	} while (n == HARVEST);
}

static void
push(struct server *s)
{
	struct batch *b = s->batch;

	if (b == NULL)
		return;
	s->batch = NULL;
	if (s->loop != NULL)
		ev_timer_stop(s->loop, &s->flush_timer);
	harvest(s, b);
	writer_put(s->writer, b);
}

/* Slot of an arrival time: live traffic never goes back to an older one. */
static void
enter_slot(struct server *s, int64_t arrival_ms)
{
	int64_t start = arrival_ms - arrival_ms % s->slot_ms;

	if (start == s->slot_start_ms ||
	    (!s->capture && start < s->slot_start_ms))
		return;
	push(s);
	s->slot_start_ms = start;
	/* also when nothing comes that needs a new shard */
	if (!s->capture)
		writer_rotate(s->writer, start);
}

static struct server *
sink_of(struct sink *sink)
{
	return (struct server *)(void *)sink;
}

static struct flow *
sink_room(struct sink *sink)
{
	struct server *s = sink_of(sink);
	struct flow *f = &s->spare;

	if (s->batch == NULL) {
		s->batch = writer_batch(s->writer, s->capture);
		if (s->batch != NULL) {
			s->batch->slot_start_ms = s->slot_start_ms;
			s->batch->slot_end_ms = s->slot_start_ms + s->slot_ms;
			s->batch->append = s->capture;
			if (s->loop != NULL)
				ev_timer_again(s->loop, &s->flush_timer);
		}
	}
	if (s->batch != NULL)
		f = &s->batch->flows[s->batch->n];
	flow_prepare(f);
	return f;
}

static void
sink_put(struct sink *sink)
{
	struct server *s = sink_of(sink);

	if (s->batch == NULL) {
		s->counts.shed++;
		return;
	}
	if (++s->batch->n == s->batch->cap)
		push(s);
}

/* ---- events ---- */

static void
on_datagram(void *arg, const uint8_t *data, size_t len,
    const struct addr *from, int64_t arrival_ms)
{
	struct server *s = arg;
	struct datagram g = { data, len, *from, arrival_ms, 0 };

	s->counts.datagrams++;
	s->counts.bytes += len;
	packet_decode(s->decoder, &g, &s->sink);
	repeat_send(&s->repeat, data, len);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct server *s = w->data;
	struct listen_socket *sock = &s->sock[w - s->io];
	int64_t now = wall_ms();

	(void)loop;
	(void)events;
	enter_slot(s, now);
	for (int i = 0; i < ROUNDS; i++) {
		if (listen_receive(sock, s->ring, now, on_datagram, s) <
		    LISTEN_RING)
			break;
	}
}

static void
on_flush(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	push(w->data);
}

static void
save_templates(struct server *s)
{
	struct template_snapshot *snap;

	if (decoder_template_version(s->decoder) == s->templates_saved)
		return;
	snap = template_snapshot_take(s->decoder);
	if (snap == NULL) {
		log_warnx("templates not saved: out of memory");
		return;
	}
	template_saver_put(s->saver, snap);
	s->templates_saved = decoder_template_version(s->decoder);
}

static void
count_drops(struct server *s)
{
	s->counts.kernel_drops = 0;
	for (size_t i = 0; i < s->n_sock; i++)
		s->counts.kernel_drops += s->sock[i].drops;
}

static void
collect_counts(struct server *s)
{
	count_drops(s);
	writer_counts(s->writer, &s->counts.writer);
	sealer_counts(s->sealer, &s->counts.sealer);
}

static void
write_metrics(struct server *s)
{
	struct metrics m = { .text = NULL };
	struct err err;

	if (s->config->metrics_file[0] == '\0')
		return;
	report_metrics(&m, &s->counts, s->decoder);
	if (metrics_write(&m, s->config->metrics_file, &err) == -1 &&
	    s->ticks % 600 == 0)
		log_warnx("metrics: %s", err.msg);
	metrics_clear(&m);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct server *s = w->data;

	(void)loop;
	(void)events;
	s->ticks++;
	enter_slot(s, wall_ms());
	collect_counts(s);
	if (s->ticks % REPORT_SEC == 0) {
		report_changes(s->report, &s->counts, s->decoder);
		write_metrics(s);
	}
	if (s->ticks % TEMPLATES_SEC == 0)
		save_templates(s);
	notify_send(&s->notify, "WATCHDOG=1\nSTATUS=%" PRIu64 " packets, %"
	    PRIu64 " flows stored, %" PRIu64 " lost or shed",
	    decoder_count(s->decoder, DC_packets), s->counts.writer.flows,
	    s->counts.shed + s->counts.kernel_drops +
	    decoder_count(s->decoder, DC_lost));
}

static void
set_sampling(struct server *s)
{
	decoder_reset_sampling(s->decoder, s->config->decoder.default_sampling);
	for (size_t i = 0; i < s->config->n_sampling; i++) {
		const struct config_sampling *cs = &s->config->sampling[i];

		if (decoder_set_sampling(s->decoder, &cs->who, cs->rate,
		    cs->force) == -1)
			log_warnx("sampling: out of memory");
	}
}

static void
free_reloaded(struct server *s)
{
	if (s->config != s->first)
		config_free(s->config);
}

/* What of a new configuration needs a new process. */
static void
tell_restart(const struct config *old, const struct config *new)
{
	if (strcmp(old->directory, new->directory) != 0 ||
	    old->port != new->port || old->n_listen != new->n_listen ||
	    old->slot_sec != new->slot_sec ||
	    old->receive_buffer != new->receive_buffer)
		log_warnx("reload: directory, sockets and slot change at the "
		    "next start only");
}

static void
on_reload(struct server *s)
{
	struct config *new = s->calls.reload(s->calls.arg);
	struct sealer_options o;
	struct err err;

	if (log_reopen(&err) == -1)
		log_warnx("%s", err.msg);
	if (new == NULL)
		return;
	notify_send(&s->notify, "RELOADING=1");
	tell_restart(s->config, new);
	/* the directory stays; swap the string so that it does */
	char *directory = new->directory;
	new->directory = s->config->directory;
	s->config->directory = directory;
	new->slot_sec = s->config->slot_sec;
	sealer_options_set(&o, new);
	sealer_configure(s->sealer, &o);
	free_reloaded(s);
	s->config = new;
	log_level_set((enum log_level)new->log_level);
	set_sampling(s);
	log_info("configuration reloaded");
	notify_send(&s->notify, "READY=1");
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	struct server *s = w->data;

	(void)events;
	switch (w->signum) {
	case SIGHUP:
		on_reload(s);
		break;
	case SIGUSR1:
		collect_counts(s);
		report_log(&s->counts, s->decoder);
		break;
	default:
		log_info("signal %d: stopping", w->signum);
		ev_break(loop, EVBREAK_ALL);
		break;
	}
}

/* ---- life ---- */

static int
open_sockets(struct server *s, struct err *err)
{
	const struct config *c = s->config;

	s->ring = listen_ring_new();
	if (s->ring == NULL)
		return err_set(err, "out of memory");
	if (c->n_listen == 0) {
		s->n_sock = 1;
		return listen_open(&s->sock[0], NULL, c->port,
		    c->receive_buffer, err);
	}
	for (size_t i = 0; i < c->n_listen; i++) {
		if (listen_open(&s->sock[i], c->listen[i], c->port,
		    c->receive_buffer, err) == -1)
			return -1;
		s->n_sock++;
	}
	return 0;
}

struct server *
server_new(struct config *c, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->sink = (struct sink){ sink_room, sink_put };
	s->config = s->first = c;
	s->capture = c->capture != NULL;
	s->slot_ms = (int64_t)c->slot_sec * 1000;
	s->slot_start_ms = INT64_MIN;
	s->notify.fd = -1;
	s->decoder = decoder_new(&c->decoder);
	s->report = report_new();
	if (s->decoder == NULL || s->report == NULL) {
		(void)err_set(err, "out of memory");
		goto fail;
	}
	set_sampling(s);
	if (!s->capture && open_sockets(s, err) == -1)
		goto fail;
	for (size_t i = 0; i < c->n_repeat; i++) {
		if (repeat_add(&s->repeat, c->repeat[i], err) == -1)
			goto fail;
	}
	/* last: nothing is written when something else is wrong */
	s->lock = datadir_open(c->directory, err);
	if (s->lock == -1)
		goto fail;
	return s;
fail:
	server_free(s);
	return NULL;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	template_saver_stop(s->saver);
	for (size_t i = 0; i < s->n_sock; i++)
		listen_close(&s->sock[i]);
	listen_ring_free(s->ring);
	repeat_clear(&s->repeat);
	decoder_free(s->decoder);
	report_free(s->report);
	if (s->lock > 0)
		(void)close(s->lock);
	free_reloaded(s);
	free(s);
}

static int
start_threads(struct server *s, struct err *err)
{
	struct sealer_options o;
	struct err ignored;

	sealer_options_set(&o, s->config);
	s->sealer = sealer_start(&o, err);
	if (s->sealer == NULL)
		return -1;
	s->writer = writer_start(s->config->directory, s->sealer, BATCH_COUNT,
	    BATCH_FLOWS, err);
	if (s->writer == NULL) {
		(void)sealer_stop(s->sealer, 0, &s->counts.sealer, &ignored);
		s->sealer = NULL;
		return -1;
	}
	return 0;
}

static void
load_templates(struct server *s)
{
	size_t loaded, refused;
	int64_t oldest = 0;
	struct err err;
	int rc;

	if (s->config->decoder.template_age_sec > 0)
		oldest = wall_ms() -
		    (int64_t)s->config->decoder.template_age_sec * 1000;
	rc = template_store_load(s->config->directory, s->decoder, oldest,
	    &loaded, &refused, &err);
	if (rc == -1 || err.code != ERR_NONE)
		log_error("starting without all stored templates: %s",
		    err.msg);
	if (loaded + refused > 0)
		log_info("templates: %zu from the last run, %zu refused",
		    loaded, refused);
	s->templates_saved = decoder_template_version(s->decoder);
}

static void
start_watchers(struct server *s)
{
	static const int signals[4] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	for (size_t i = 0; i < s->n_sock; i++) {
		ev_io_init(&s->io[i], on_readable, s->sock[i].fd, EV_READ);
		s->io[i].data = s;
		ev_io_start(s->loop, &s->io[i]);
	}
	ev_init(&s->flush_timer, on_flush);
	s->flush_timer.repeat = FLUSH_SEC;
	s->flush_timer.data = s;
	ev_timer_init(&s->tick_timer, on_tick, TICK_SEC, TICK_SEC);
	s->tick_timer.data = s;
	ev_timer_start(s->loop, &s->tick_timer);
	for (size_t i = 0; i < 4; i++) {
		ev_signal_init(&s->sig[i], on_signal, signals[i]);
		s->sig[i].data = s;
		ev_signal_start(s->loop, &s->sig[i]);
	}
}

static void
stop_watchers(struct server *s)
{
	for (size_t i = 0; i < s->n_sock; i++)
		ev_io_stop(s->loop, &s->io[i]);
	ev_timer_stop(s->loop, &s->flush_timer);
	ev_timer_stop(s->loop, &s->tick_timer);
	for (size_t i = 0; i < 4; i++)
		ev_signal_stop(s->loop, &s->sig[i]);
	/* from here on a second signal ends us at once */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
}

/* What still lies in the sockets arrived before the signal: it counts. */
static void
drain_sockets(struct server *s)
{
	int64_t now = wall_ms();

	enter_slot(s, now);
	for (size_t i = 0; i < s->n_sock; i++) {
		for (int k = 0; k < 1000; k++) {
			if (listen_receive(&s->sock[i], s->ring, now,
			    on_datagram, s) <= 0)
				break;
		}
	}
}

/* Stops the threads in order: no flow that was received is left behind. */
static int
finish(struct server *s, bool seal, struct err *err)
{
	struct err sealed;
	int rc;

	push(s);
	rc = writer_stop(s->writer, seal, &s->counts.writer, err);
	if (sealer_stop(s->sealer, seal, &s->counts.sealer, &sealed) == -1 &&
	    rc == 0 && seal) {
		*err = sealed;
		rc = -1;
	}
	return rc;
}

int
server_run(struct server *s, const struct server_calls *calls,
    struct err *err)
{
	int64_t next_ms, now = wall_ms();
	struct err ignored;
	int rc;

	s->calls = *calls;
	/* not the default loop: that one would reap the hook's process */
	s->loop = ev_loop_new(EVFLAG_AUTO);
	if (s->loop == NULL)
		return err_set(err, "cannot make an event loop");
	(void)signal(SIGPIPE, SIG_IGN);
	/* a limit on file sizes is an error of write, and no end of us */
	(void)signal(SIGXFSZ, SIG_IGN);
	s->saver = template_saver_start(s->config->directory, err);
	if (s->saver == NULL || start_threads(s, err) == -1)
		return -1;
	if (datadir_recover(s->config->directory, now, s->slot_ms, s->sealer,
	    &next_ms, err) == -1) {
		(void)finish(s, false, &ignored);
		return -1;
	}
	s->slot_start_ms = next_ms;
	enter_slot(s, now);
	load_templates(s);
	start_watchers(s);
	notify_open(&s->notify);
	notify_send(&s->notify, "READY=1\nSTATUS=receiving");
	calls->ready(calls->arg);
	ev_run(s->loop, 0);
	notify_send(&s->notify, "STOPPING=1");
	drain_sockets(s);
	stop_watchers(s);
	save_templates(s);
	template_saver_stop(s->saver);
	s->saver = NULL;
	count_drops(s);
	rc = finish(s, false, err);
	report_log(&s->counts, s->decoder);
	notify_close(&s->notify);
	ev_loop_destroy(s->loop);
	s->loop = NULL;
	return rc;
}

/* What in the capture could not be an export. */
static void
tell_left_out(const struct capture *cap)
{
	const struct capture_stat *st = capture_stat(cap);

	if (st->fragments > 0)
		log_warnx("%" PRIu64 " IP fragments left out: they are not "
		    "put together", st->fragments);
	if (st->datagrams == 0)
		log_warnx("no UDP datagram in %" PRIu64 " packets",
		    st->packets);
}

int
server_read_capture(struct server *s, struct capture *cap, bool progress,
    struct err *err)
{
	struct datagram g;
	struct err damage = { .code = ERR_NONE };
	uint64_t n = 0;
	int rc;

	if (start_threads(s, err) == -1)
		return -1;
	while ((rc = capture_next(cap, &g, &damage)) == 1) {
		enter_slot(s, g.arrival_ms);
		on_datagram(s, g.data, g.len, &g.from, g.arrival_ms);
		if (progress && ++n % 10000 == 0)
			report_progress(capture_progress(cap),
			    decoder_count(s->decoder, DC_flows));
	}
	if (progress)
		report_progress(-1, 0);
	tell_left_out(cap);
	if (finish(s, true, err) == -1)
		return -1;
	report_log(&s->counts, s->decoder);
	if (rc == -1) {
		*err = damage;
		return -1;
	}
	return 0;
}
