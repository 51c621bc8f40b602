/*
 * The collector at work: see server.h.
 *
 *	sockets -> receive -> intake -> writer -> sealer
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

#include "collector/apply.h"
#include "collector/capture.h"
#include "collector/datadir.h"
#include "collector/endpoint.h"
#include "collector/folder.h"
#include "collector/intake.h"
#include "collector/listen.h"
#include "collector/log.h"
#include "collector/metrics.h"
#include "collector/notify.h"
#include "collector/packet.h"
#include "collector/prometheus.h"
#include "collector/repeat.h"
#include "collector/report.h"
#include "collector/responder.h"
#include "collector/sealer.h"
#include "collector/shipper.h"
#include "collector/source.h"
#include "collector/status.h"
#include "collector/template_saver.h"
#include "collector/writer.h"

#define TICK_SEC	1.0
#define REPORT_SEC	10	/* broken input is logged this often at most */
#define TEMPLATES_SEC	60	/* changed templates are saved this often */
#define ROUNDS		8	/* receive calls per wake-up and socket */
/*
 * One wake-up takes what came in this long, instead of a datagram or two; the
 * smallest socket buffer of Linux holds three times what 1 M flows a second
 * send meanwhile.
 */
#define COLLECT_SEC	0.001
#define DRAIN_ROUNDS	1000	/* receive calls, should deafening fail */

struct server {
	struct config		*config;	/* in force */
	struct config		*first;		/* the caller's */
	struct folders		*folders;
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
	struct shipper		*shipper;	/* NULL: none */
	struct writer		*writer;
	struct template_saver	*saver;		/* NULL: reading a capture */
	struct intake		*intake;
	int64_t			 slot_ms;	/* length */
	struct report_counts	 counts;
	struct report_state	*report;
	struct status_rate	 rate;
	struct responder	*status;	/* --status asks it */
	struct responder	*metrics;	/* NULL: not configured */
	uint64_t		 templates_saved;
	int64_t			 ticks;
	struct server_calls	 calls;
};

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct server *s = w->data;
	struct listen_socket *sock = &s->sock[w - s->io];
	int64_t now = wall_ms();

	(void)events;
	intake_enter(s->intake, now);
	for (int i = 0; i < ROUNDS; i++) {
		if (listen_receive(sock, s->ring, now, intake_datagram,
		    s->intake) < LISTEN_RING)
			break;
	}
	/* from the first flow on; it may be of a batch that is gone by then */
	if (intake_is_open(s->intake) && !ev_is_active(&s->flush_timer)) {
		ev_timer_set(&s->flush_timer, s->config->commit_ms / 1e3, 0.);
		ev_timer_start(loop, &s->flush_timer);
	}
}

static void
on_flush(struct ev_loop *loop, ev_timer *w, int events)
{
	struct server *s = w->data;

	(void)loop;
	(void)events;
	intake_flush(s->intake);
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
	s->counts.ships = s->shipper != NULL;
	if (s->counts.ships)
		shipper_counts(s->shipper, &s->counts.shipper);
}

static void
write_metrics(struct server *s)
{
	struct metrics m = { .text = NULL };
	struct err err;

	if (s->config->metrics_file[0] == '\0')
		return;
	prometheus_text(&m, &s->counts, s->decoder);
	if (metrics_write(&m, s->config->metrics_file, &err) == -1 &&
	    s->ticks % 600 == 0)
		log_warnx("metrics: %s", err.msg);
	metrics_clear(&m);
}

/* ---- answers ---- */

static char *
status_answer(void *arg, size_t *len)
{
	struct server *s = arg;

	collect_counts(s);
	return status_text(&s->counts, &s->rate, s->decoder,
	    s->config->directory, wall_ms(), len);
}

static char *
metrics_answer(void *arg, size_t *len)
{
	struct metrics m = { .text = NULL };
	struct server *s = arg;

	collect_counts(s);
	prometheus_text(&m, &s->counts, s->decoder);
	if (m.failed)
		metrics_clear(&m);
	*len = m.len;
	return m.text;
}

/* Without --status a collector still collects; what is asked for must be. */
static int
open_responders(struct server *s, struct err *err)
{
	const struct config *c = s->config;
	struct responder_options o = { .text = status_answer, .arg = s };
	char at[ENDPOINT_PATH_MAX + 8];

	o.at = at;
	if (status_address(c->status_socket, c->directory, at, sizeof(at),
	    err) == -1 || (s->status = responder_open(s->loop, &o, err)) ==
	    NULL) {
		if (c->status_socket[0] != '\0')
			return -1;
		log_warnx("no --status: %s", err->msg);
	}
	if (c->metrics_listen[0] == '\0')
		return 0;
	o = (struct responder_options){ .at = c->metrics_listen, .http = true,
		.text = metrics_answer, .arg = s };
	s->metrics = responder_open(s->loop, &o, err);
	return s->metrics == NULL ? -1 : 0;
}

static void
close_responders(struct server *s)
{
	responder_close(s->status);
	responder_close(s->metrics);
	s->status = s->metrics = NULL;
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct server *s = w->data;

	(void)loop;
	(void)events;
	s->ticks++;
	intake_enter(s->intake, wall_ms());
	collect_counts(s);
	status_rate_add(&s->rate, clock_ms(CLOCK_MONOTONIC),
	    s->counts.writer.flows);
	if (s->ticks % REPORT_SEC == 0) {
		report_changes(s->report, &s->counts, s->decoder);
		write_metrics(s);
	}
	if (s->ticks % TEMPLATES_SEC == 0)
		save_templates(s);
	notify_send(&s->notify, "WATCHDOG=1\nSTATUS=%" PRIu64 " packets, %"
	    PRIu64 " flows stored, %" PRIu64 " lost or shed",
	    decoder_count(s->decoder, DC_packets), s->counts.writer.flows,
	    s->counts.intake->shed + s->counts.kernel_drops +
	    decoder_count(s->decoder, DC_lost));
}

/* ---- reload ---- */

static void
free_reloaded(struct server *s)
{
	if (s->config != s->first)
		config_free(s->config);
}

/*
 * All that can fail is made first, so that a configuration which cannot be
 * used changes nothing.
 */
static int
prepare(struct server *s, const struct config *new,
    struct sealer_options **o, struct sources **sources, struct err *err)
{
	*sources = NULL;
	*o = apply_sealer_options(new);
	if (*o == NULL)
		return err_set(err, "out of memory");
	if (apply_folders(s->folders, new, err) == 0)
		*sources = sources_new(new, s->folders, err);
	if (*sources != NULL)
		return 0;
	sealer_options_free(*o);
	return -1;
}

/* The directory stays, whatever the new configuration says. */
static void
swap_directory(struct config *a, struct config *b)
{
	char *directory = a->directory;

	a->directory = b->directory;
	b->directory = directory;
}

static void
take_config(struct server *s, struct config *new)
{
	struct sealer_options *o;
	struct sources *sources;
	struct err err;

	apply_tell_restart(s->config, new);
	swap_directory(s->config, new);
	if (prepare(s, new, &o, &sources, &err) == -1) {
		log_error("reload: keeping the old configuration: %s",
		    err.msg);
		swap_directory(s->config, new);
		config_free(new);
		return;
	}
	new->slot_sec = s->config->slot_sec;
	intake_flush(s->intake);
	intake_set_sources(s->intake, sources);
	sealer_configure(s->sealer, o);
	free_reloaded(s);
	s->config = new;
	log_level_set((enum log_level)new->log_level);
	apply_sampling(s->decoder, s->config);
	log_info("configuration reloaded");
}

static void
on_reload(struct server *s)
{
	struct config *new;
	struct err err;

	notify_send(&s->notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    clock_ms(CLOCK_MONOTONIC) * 1000);
	/* first, so that mistakes are told in the new file */
	if (log_reopen(&err) == -1)
		log_warnx("%s", err.msg);
	new = s->calls.reload(s->calls.arg);
	if (new != NULL)
		take_config(s, new);
	/* also when it failed: who waits must not wait on */
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

static int
make_intake(struct server *s, const struct config *c, struct err *err)
{
	const struct intake_options o = { s->decoder, &s->repeat, s->folders,
		s->slot_ms, c->capture != NULL };
	struct sources *sources = sources_new(c, s->folders, err);

	if (sources == NULL)
		return -1;
	s->intake = intake_new(&o);
	if (s->intake == NULL) {
		sources_free(sources);
		return err_set(err, "out of memory");
	}
	intake_set_sources(s->intake, sources);
	s->counts.intake = intake_counts(s->intake);
	return 0;
}

static int
prepare_all(struct server *s, const struct config *c, struct err *err)
{
	s->decoder = decoder_new(&c->decoder);
	s->report = report_new();
	s->folders = folders_new(c->directory);
	if (s->decoder == NULL || s->report == NULL || s->folders == NULL)
		return err_set(err, "out of memory");
	apply_sampling(s->decoder, c);
	if (make_intake(s, c, err) == -1)
		return -1;
	if (c->capture == NULL && open_sockets(s, err) == -1)
		return -1;
	s->counts.listener = s->sock;
	s->counts.n_listeners = s->n_sock;
	s->counts.repeat = &s->repeat;
	s->counts.queue_limit = (uint64_t)BATCH_COUNT *
	    (uint64_t)c->batch_flows;
	for (size_t i = 0; i < c->n_repeat; i++) {
		if (repeat_add(&s->repeat, c->repeat[i], err) == -1)
			return -1;
	}
	/* last: nothing is written when something else is wrong */
	return folders_lock(s->folders, 0, err) == -1 ? -1 :
	    apply_folders(s->folders, c, err);
}

struct server *
server_new(struct config *c, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->config = s->first = c;
	s->slot_ms = (int64_t)c->slot_sec * 1000;
	s->notify.fd = -1;
	s->counts.start_ms = wall_ms();
	if (prepare_all(s, c, err) == -1) {
		server_free(s);
		return NULL;
	}
	return s;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_responders(s);
	if (s->loop != NULL)
		ev_loop_destroy(s->loop);
	template_saver_stop(s->saver);
	for (size_t i = 0; i < s->n_sock; i++)
		listen_close(&s->sock[i]);
	listen_ring_free(s->ring);
	intake_free(s->intake);
	repeat_clear(&s->repeat);
	decoder_free(s->decoder);
	report_free(s->report);
	folders_free(s->folders);
	free_reloaded(s);
	free(s);
}

/* What earlier runs left, in the data directory and in folders elsewhere. */
static int
recover(struct server *s, struct live *live, int64_t *first_ms,
    struct err *err)
{
	int64_t now = wall_ms();

	for (uint32_t i = 0; i < folders_count(s->folders); i++) {
		const struct folder *f = folders_at(s->folders, i);

		if ((i == 0 || f->base == 0) && datadir_recover(f->path, now,
		    s->slot_ms, s->sealer, live, first_ms, err) == -1)
			return -1;
	}
	return 0;
}

/* Sealing, what was left, writing; -1: none of the threads runs. */
static int
start_threads(struct server *s, struct err *err)
{
	struct sealer_options *o = apply_sealer_options(s->config);
	int64_t first_ms = INT64_MIN;
	struct live *live = NULL;
	struct err ignored;

	if (o == NULL)
		return err_set(err, "out of memory");
	s->sealer = sealer_start(o, err);
	if (s->sealer == NULL) {
		sealer_options_free(o);
		return -1;
	}
	live = live_new(s->folders, s->sealer, err);
	if (live != NULL && (s->config->capture != NULL ||
	    recover(s, live, &first_ms, err) == 0))
		s->writer = writer_start(live, BATCH_COUNT,
		    (size_t)s->config->batch_flows, err);
	if (s->writer != NULL) {
		intake_start(s->intake, s->writer, first_ms);
		return 0;
	}
	live_free(live, false);
	(void)sealer_stop(s->sealer, 0, &s->counts.sealer, &ignored);
	s->sealer = NULL;
	return -1;
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

	intake_enter(s->intake, now);
	for (size_t i = 0; i < s->n_sock; i++) {
		bool deaf = listen_deafen(&s->sock[i]) == 0;

		/* what still arrives must not keep us here for ever */
		for (int k = 0; deaf || k < DRAIN_ROUNDS; k++) {
			if (listen_receive(&s->sock[i], s->ring, now,
			    intake_datagram, s->intake) <= 0)
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

	intake_finish(s->intake);
	rc = writer_stop(s->writer, seal, &s->counts.writer, err);
	if (sealer_stop(s->sealer, seal, &s->counts.sealer, &sealed) == -1 &&
	    rc == 0 && seal) {
		*err = sealed;
		rc = -1;
	}
	return rc;
}

/* The first configuration lives as long as we do. */
static int
start_shipper(struct server *s, struct err *err)
{
	struct ship_places places;

	if (ship_places_make(s->first, &places, err) == -1)
		return -1;
	s->shipper = shipper_start(&s->first->ship, &places, err);
	return s->shipper == NULL ? -1 : 0;
}

int
server_run(struct server *s, const struct server_calls *calls,
    struct err *err)
{
	struct err ignored;
	int rc;

	s->calls = *calls;
	/* not the default loop: that one would reap the hook's process */
	s->loop = ev_loop_new(EVFLAG_AUTO);
	if (s->loop == NULL)
		return err_set(err, "cannot make an event loop");
	ev_set_io_collect_interval(s->loop, COLLECT_SEC);
	/* before any thread: it sets the umask */
	if (open_responders(s, err) == -1)
		return -1;
	s->saver = template_saver_start(s->config->directory, err);
	if (s->saver == NULL || start_threads(s, err) == -1)
		return -1;
	if (s->first->ship.n_nodes > 0 && start_shipper(s, err) == -1) {
		(void)finish(s, false, &ignored);
		return -1;
	}
	intake_enter(s->intake, wall_ms());
	load_templates(s);
	start_watchers(s);
	notify_open(&s->notify);
	notify_send(&s->notify, "READY=1\nSTATUS=receiving");
	calls->ready(calls->arg);
	ev_run(s->loop, 0);
	notify_send(&s->notify, "STOPPING=1");
	close_responders(s);
	drain_sockets(s);
	stop_watchers(s);
	save_templates(s);
	template_saver_stop(s->saver);
	s->saver = NULL;
	count_drops(s);
	rc = finish(s, false, err);
	shipper_stop(s->shipper);
	s->shipper = NULL;
	report_log(&s->counts, s->decoder);
	notify_close(&s->notify);
	ev_loop_destroy(s->loop);
	s->loop = NULL;
	return rc;
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
		intake_enter(s->intake, g.arrival_ms);
		intake_datagram(s->intake, g.data, g.len, &g.from,
		    g.arrival_ms);
		if (progress && ++n % 10000 == 0)
			report_progress(capture_progress(cap),
			    decoder_count(s->decoder, DC_flows));
	}
	if (progress)
		report_progress(-1, 0);
	report_left_out(capture_stat(cap));
	if (finish(s, true, err) == -1)
		return -1;
	report_log(&s->counts, s->decoder);
	if (rc == -1) {
		*err = damage;
		return -1;
	}
	return 0;
}
