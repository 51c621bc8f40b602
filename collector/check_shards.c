/* Exporters by the newest shards: see check_shards.h. */
#include "collector/check_shards.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/template_store.h"
#include "schema/addr.h"
#include "schema/db.h"
#include "schema/shard.h"

#define SILENCE_SEC	INT64_C(60)
#define SHARDS_MAX	64	/* the newest of folder and sub-folders */
#define EXPORTERS_MAX	256
#define LINES_MAX	10	/* of one kind */
/*
 * A router tells of a flow after it ended, so the newest of many end just
 * before the last datagram; flows are dated by the router's clock.
 */
#define AHEAD_SEC	60
#define BEHIND_SEC	3600
#define CLOCK_FLOWS	20

struct exporter {
	struct addr	address;
	int		version;
	int64_t		domain;
	int64_t		packets;
	int64_t		flows;
	int64_t		lost;
	int64_t		sampling;
	int64_t		heard_ms;
	int64_t		end_ms;		/* latest end of its newest flows */
	int64_t		dated;		/* how many these are */
};

struct seen {
	struct check	*k;
	struct exporter	 v[EXPORTERS_MAX];
	size_t		 n;
};

static const char exporters_sql[] =
    "SELECT address, version, source_id, packets, flows, lost, "
    "ifnull(sampling, 0), ifnull(last_heard_ms, 0), ("
    "  SELECT count(*) FROM newest WHERE exporter = e.id), ifnull(("
    "  SELECT max(end_ms) FROM newest WHERE exporter = e.id), 0) "
    "FROM exporter AS e";
static const char newest_sql[] =
    "CREATE TEMP TABLE newest AS SELECT p.exporter AS exporter, f.first_ms + "
    "ifnull(f.duration_ms, 0) AS end_ms FROM (SELECT * FROM main.flow "
    "ORDER BY id DESC LIMIT 20000) AS f JOIN main.path AS p ON p.id = f.path";

static struct exporter *
exporter_at(struct seen *s, const struct exporter *like)
{
	for (size_t i = 0; i < s->n; i++) {
		if (addr_cmp(&s->v[i].address, &like->address) == 0 &&
		    s->v[i].version == like->version &&
		    s->v[i].domain == like->domain)
			return &s->v[i];
	}
	if (s->n == EXPORTERS_MAX)
		return NULL;
	s->v[s->n] = *like;
	return &s->v[s->n++];
}

static void
add_row(struct seen *s, sqlite3_stmt *st)
{
	int len = sqlite3_column_bytes(st, 0);
	struct exporter e = { .version = sqlite3_column_int(st, 1),
		.domain = sqlite3_column_int64(st, 2),
		.packets = sqlite3_column_int64(st, 3),
		.flows = sqlite3_column_int64(st, 4),
		.lost = sqlite3_column_int64(st, 5),
		.sampling = sqlite3_column_int64(st, 6),
		.heard_ms = sqlite3_column_int64(st, 7),
		.dated = sqlite3_column_int64(st, 8),
		.end_ms = sqlite3_column_int64(st, 9) }, *old;
	size_t before = s->n;

	if (len != 4 && len != 16)
		return;
	e.address = addr_from(sqlite3_column_blob(st, 0), (size_t)len);
	old = exporter_at(s, &e);
	if (old == NULL || s->n > before)
		return;
	/* of another shard: counters add up, the rest is the newer one's */
	e.packets += old->packets;
	e.flows += old->flows;
	e.lost += old->lost;
	if (old->heard_ms > e.heard_ms) {
		e.heard_ms = old->heard_ms;
		e.end_ms = old->end_ms;
		e.dated = old->dated;
		e.sampling = old->sampling;
	}
	*old = e;
}

static int
read_shard(struct seen *s, const char *path, struct err *err)
{
	sqlite3 *db = db_open(path, SQLITE_OPEN_READONLY, err);
	struct shard_meta meta;
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (db == NULL)
		return -1;
	(void)sqlite3_busy_timeout(db, 2000);
	if (shard_check(db, "main", path, &meta, err) == 0 &&
	    db_exec(db, newest_sql, err) == 0 &&
	    (st = db_prepare(db, exporters_sql, err)) != NULL) {
		while ((rc = db_step(st, err)) == 1)
			add_row(s, st);
	}
	sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return rc;
}

/* Has it sent a template of flows, this run or an earlier one? */
static bool
has_template(const struct check *k, const struct exporter *e)
{
	char path[4200];
	struct err err;
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/" TEMPLATE_STORE_NAME,
	    k->c->directory);
	db = db_open(path, SQLITE_OPEN_READONLY, &err);
	if (db != NULL)
		st = db_prepare(db, "SELECT 1 FROM template WHERE address = ?1 "
		    "AND version = ?2 AND domain = ?3 AND NOT options", &err);
	if (st != NULL) {
		(void)sqlite3_bind_blob(st, 1, e->address.bytes,
		    e->address.len, SQLITE_TRANSIENT);
		(void)sqlite3_bind_int(st, 2, e->version);
		(void)sqlite3_bind_int64(st, 3, e->domain);
		found = db_step(st, &err) == 1;
	}
	sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return found;
}

static const char *
name_of(const struct exporter *e, char out[100])
{
	char text[ADDR_TEXT_MAX];

	text[addr_format(&e->address, text)] = '\0';
	(void)snprintf(out, 100, "%s (%s, %s %" PRId64 ")", text,
	    e->version == 5 ? "v5" : e->version == 9 ? "v9" : "IPFIX",
	    e->version == 5 ? "engine" : e->version == 9 ? "source id" :
	    "domain", e->domain);
	return out;
}

static void
say_template(struct check *k, const struct exporter *e)
{
	char who[100];

	if (e->packets == 0 || e->flows > 0 || e->version == 5)
		return;
	if (has_template(k, e))
		check_say(k, FINDING_NOTE, "%s sent %" PRId64 " packets and "
		    "templates, but no flow", name_of(e, who), e->packets);
	else
		check_say(k, FINDING_WRONG, "%s sent %" PRId64 " packets, but "
		    "no template yet, so they cannot be read; routers send "
		    "templates every few minutes, or when told so (Cisco: "
		    "template data timeout 60)", name_of(e, who), e->packets);
}

static void
say_clock(struct check *k, const struct exporter *e)
{
	int64_t off_sec = (e->end_ms - e->heard_ms) / 1000;
	char who[100], span[40];

	if (e->dated < CLOCK_FLOWS ||
	    (off_sec < AHEAD_SEC && off_sec > -BEHIND_SEC))
		return;
	check_say(k, FINDING_WRONG, "the clock of %s is %s %s: flowq -t finds "
	    "its flows at wrong times; set it by NTP, in UTC", name_of(e, who),
	    check_span(llabs(off_sec), span), off_sec > 0 ? "ahead" :
	    "behind");
}

static void
say_exporter(struct check *k, const struct exporter *e)
{
	int64_t silent_sec = (k->now_ms - e->heard_ms) / 1000;
	char who[100], span[40];

	say_template(k, e);
	say_clock(k, e);
	if (e->lost > 0 && e->flows > 0)
		check_say(k, FINDING_NOTE, "%s: %" PRId64 " %s lost on the "
		    "way, of %" PRId64, name_of(e, who), e->lost,
		    e->version == 9 ? "datagrams" : "flows", e->lost +
		    (e->version == 9 ? e->packets : e->flows));
	if (e->sampling > 1)
		check_say(k, FINDING_NOTE, "%s looks at one packet in %"
		    PRId64 ": flowq multiplies by that, SQL has to",
		    name_of(e, who), e->sampling);
	if (silent_sec >= SILENCE_SEC)
		check_say(k, FINDING_NOTE, "%s: nothing for %s",
		    name_of(e, who), check_span(silent_sec, span));
}

static void
say_silence(struct check *k, const struct seen *s)
{
	int64_t heard_ms = 0;
	char span[40];

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].heard_ms > heard_ms)
			heard_ms = s->v[i].heard_ms;
	}
	if (k->now_ms - heard_ms < SILENCE_SEC * 1000) {
		check_say(k, FINDING_OK, "%zu exporter%s send%s; the last "
		    "packet came %s ago", s->n, s->n == 1 ? "" : "s",
		    s->n == 1 ? "s" : "", check_span((k->now_ms - heard_ms) /
		    1000, span));
		return;
	}
	check_say(k, FINDING_WRONG, "no packet %s%s; is the router told to "
	    "send here, and does a firewall between let UDP port %d through? "
	    "tcpdump -ni any udp port %d shows what reaches this machine",
	    heard_ms == 0 ? "yet" : "for ", heard_ms == 0 ? "" :
	    check_span((k->now_ms - heard_ms) / 1000, span), k->c->port,
	    k->c->port);
}

void
check_shards(struct check *k)
{
	int64_t slot_ms = (int64_t)k->c->slot_sec * 1000;
	struct seen *s = calloc(1, sizeof(*s));
	struct shard_list list = { .n = 0 };
	struct err err;
	size_t first;

	if (s == NULL || shard_list(k->c->directory, INT64_MIN, INT64_MAX,
	    &list, &err) == -1) {
		check_say(k, FINDING_WRONG, "%s", s == NULL ? "out of memory" :
		    err.msg);
		free(s);
		return;
	}
	first = list.n > SHARDS_MAX ? list.n - SHARDS_MAX : 0;
	for (size_t i = first; i < list.n; i++) {
		/* the newest ones, however old these are */
		if (list.v[i].start_ms + 2 * slot_ms <
		    list.v[list.n - 1].start_ms)
			continue;
		if (read_shard(s, list.v[i].path, &err) == -1)
			check_say(k, FINDING_NOTE, "%s", err.msg);
	}
	say_silence(k, s);
	for (size_t i = 0; i < s->n && i < LINES_MAX; i++)
		say_exporter(k, &s->v[i]);
	if (s->n > LINES_MAX)
		check_say(k, FINDING_NOTE, "%zu more exporters: flowq "
		    "--exporters", s->n - LINES_MAX);
	shard_list_clear(&list);
	free(s);
}
