/* Arrival of flows by their ids: see top_spans.h. */
#include "query/top_spans.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"

#define DAY_MS		(INT64_C(86400) * 1000)	/* the longest slot */
/* A slot that ended this long ago gets no flows: they wait in memory. */
#define LATE_MS		INT64_C(300000)
/*
 * At the first look: so many flows in a row that ended before the last minute
 * are a sign that all before them did; and the most that are looked at.
 */
#define OLD_ROW		5000
#define FIRST_MAX	1000000

struct shard {
	char		*path;		/* owned */
	int64_t		 end_ms;	/* of its slot; INT64_MAX: not known */
	int64_t		 last_id;	/* what was seen; -1: not yet */
	unsigned	 failures;	/* in a row */
	bool		 listed;	/* in the look under way */
	struct top_span	*spans;		/* owned, by id */
	size_t		 n_spans;
	size_t		 room;
};

struct top_spans {
	const struct where	*where;
	const atomic_bool	*stop;
	struct shard		*shards;
	size_t			 n;
};

struct top_spans *
top_spans_new(const struct where *where, const atomic_bool *stop,
    struct err *err)
{
	struct top_spans *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	t->where = where;
	t->stop = stop;
	return t;
}

static void
clear_shard(struct shard *s)
{
	free(s->path);
	free(s->spans);
}

void
top_spans_free(struct top_spans *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		clear_shard(&t->shards[i]);
	free(t->shards);
	free(t);
}

static bool
is_live(const struct shard *s, int64_t now_ms)
{
	return s->end_ms == INT64_MAX || s->end_ms > now_ms - LATE_MS;
}

size_t
top_spans_live(const struct top_spans *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->shards[i].last_id >= 0;
	return n;
}

/* ---- which shards ---- */

static int
add_shard(struct top_spans *t, const char *path, struct err *err)
{
	struct shard *v;

	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->shards[i].path, path) == 0) {
			t->shards[i].listed = true;
			return 0;
		}
	}
	v = realloc(t->shards, (t->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_set(err, "out of memory");
	t->shards = v;
	v[t->n] = (struct shard){ .path = strdup(path), .end_ms = INT64_MAX,
		.last_id = -1, .listed = true };
	if (v[t->n].path == NULL)
		return err_set(err, "out of memory");
	t->n++;
	return 0;
}

/* Those of the last day; what expired or was removed is forgotten. */
static int
find_shards(struct top_spans *t, int64_t now_ms, struct err *err)
{
	struct shard_list list;
	size_t n = 0;
	bool named;
	int rc = 0;

	if (where_list(t->where, &list, &named, err) == -1)
		return -1;
	for (size_t i = 0; i < t->n; i++)
		t->shards[i].listed = false;
	for (size_t i = 0; i < list.n && rc == 0; i++) {
		if (list.v[i].start_ms > now_ms - DAY_MS - LATE_MS)
			rc = add_shard(t, list.v[i].path, err);
	}
	shard_list_clear(&list);
	if (rc == -1)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		if (t->shards[i].listed)
			t->shards[n++] = t->shards[i];
		else
			clear_shard(&t->shards[i]);
	}
	t->n = n;
	return 0;
}

/* ---- which flows ---- */

static int
add_span(struct shard *s, const struct top_span *span, struct err *err)
{
	if (s->n_spans == s->room) {
		size_t room = s->room * 2 + 32;
		struct top_span *v = realloc(s->spans, room * sizeof(*v));

		if (v == NULL)
			return err_set(err, "out of memory");
		s->spans = v;
		s->room = room;
	}
	s->spans[s->n_spans++] = *span;
	return 0;
}

static void
forget_old(struct shard *s, int64_t now_ms)
{
	size_t n = 0;

	while (n < s->n_spans && s->spans[n].at_ms <= now_ms - TOP_SPAN_MS)
		n++;
	if (n > 0) {
		s->n_spans -= n;
		memmove(s->spans, s->spans + n,
		    s->n_spans * sizeof(*s->spans));
	}
}

/* The first id that may have come in the last minute; max_id + 1: none. */
static int
first_id(const struct open_shard *o, int64_t now_ms, int64_t *out,
    struct err *err)
{
	sqlite3_stmt *st = db_prepare(o->db, "SELECT id, first_ms + duration_ms"
	    " FROM flow ORDER BY id DESC", err);
	int64_t seen = 0, old = 0;
	int rc = st == NULL ? -1 : 1;

	*out = o->max_id + 1;
	while (rc == 1 && old < OLD_ROW && seen < FIRST_MAX &&
	    (rc = db_step(st, err)) == 1) {
		int64_t end_ms = sqlite3_column_int64(st, 1);

		seen++;
		if (end_ms > now_ms - TOP_SPAN_MS && end_ms <= now_ms) {
			*out = sqlite3_column_int64(st, 0);
			old = 0;
		} else {
			old++;
		}
	}
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/* Cuts the flows from id on into spans, by the latest end so far. */
static int
date_flows(struct shard *s, const struct open_shard *o, int64_t id,
    int64_t now_ms, struct err *err)
{
	sqlite3_stmt *st = db_prepare(o->db, "SELECT id, first_ms + duration_ms"
	    " FROM flow WHERE id >= ?1 ORDER BY id", err);
	struct top_span span = { .at_ms = now_ms - TOP_SPAN_MS + 1,
		.id_from = id };
	int rc = st == NULL ? -1 : 1;

	if (st != NULL)
		(void)sqlite3_bind_int64(st, 1, id);
	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		int64_t end_ms = sqlite3_column_int64(st, 1);

		id = sqlite3_column_int64(st, 0);
		if (end_ms <= now_ms &&
		    end_ms / TOP_SLOT_MS > span.at_ms / TOP_SLOT_MS) {
			span.id_to = id - 1;
			if (span.id_from < id && add_span(s, &span, err) == -1)
				rc = -1;
			span.id_from = id;
			span.at_ms = end_ms;
		}
	}
	sqlite3_finalize(st);
	span.id_to = o->max_id;
	if (rc != -1 && span.id_from <= span.id_to)
		rc = add_span(s, &span, err);
	return rc == -1 ? -1 : 0;
}

/* New flows of an open shard as spans. */
static int
find_flows(struct shard *s, const struct open_shard *o, int64_t now_ms,
    bool begin, struct err *err)
{
	struct top_span span = { .at_ms = now_ms, .id_from = s->last_id + 1,
		.id_to = o->max_id };
	int64_t id;

	if (s->last_id == -1 && begin) {
		if (first_id(o, now_ms, &id, err) == -1)
			return -1;
		return id > o->max_id ? 0 :
		    date_flows(s, o, id, now_ms, err);
	}
	if (span.id_from == 0)
		span.id_from = 1;
	return span.id_from > span.id_to ? 0 : add_span(s, &span, err);
}

static int
visit_from(struct shard *s, size_t from, struct open_shard *o,
    top_visit *visit, void *arg, struct err *err)
{
	for (size_t i = from; i < s->n_spans; i++) {
		if (visit(arg, o, &s->spans[i], err) == -1)
			return -1;
	}
	return 0;
}

/* begin: the first look of all, so that the shard may have older flows. */
static int
look_at(struct top_spans *t, struct shard *s, int64_t now_ms, bool begin,
    top_visit *visit, void *arg, struct err *err)
{
	struct open_shard o;
	size_t from = s->n_spans;
	int rc;

	if (shard_open(s->path, t->stop, &o, err) == -1)
		return -1;
	s->end_ms = o.meta.slot_end_ms;
	rc = find_flows(s, &o, now_ms, begin, err);
	if (rc == 0)
		rc = visit_from(s, from, &o, visit, arg, err);
	if (rc == 0)
		s->last_id = o.max_id;
	else
		s->n_spans = from;
	shard_close(&o);
	return rc;
}

int
top_spans_look(struct top_spans *t, int64_t now_ms, top_visit *visit,
    void *arg, struct err *note, struct err *err)
{
	bool begin = t->n == 0;
	struct err why;

	if (find_shards(t, now_ms, err) == -1) {
		if (begin)
			return -1;
		/* it was there: what is known of it can be looked at still */
		*note = *err;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct shard *s = &t->shards[i];

		forget_old(s, now_ms);
		if (!is_live(s, now_ms))
			continue;
		if (look_at(t, s, now_ms, begin, visit, arg, &why) == 0) {
			s->failures = 0;
		} else if (why.code == ERR_STOPPED) {
			*err = why;
			return -1;
		} else if (++s->failures > 1) {
			/* at once: made, sealed or removed this moment */
			*note = why;
		}
	}
	return 0;
}

int
top_spans_again(struct top_spans *t, int64_t now_ms, top_visit *visit,
    void *arg, struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		struct shard *s = &t->shards[i];
		struct open_shard o;
		int rc;

		forget_old(s, now_ms);
		if (s->n_spans == 0)
			continue;
		if (shard_open(s->path, t->stop, &o, err) == -1) {
			if (err->code == ERR_STOPPED)
				return -1;
			s->n_spans = 0;
			continue;
		}
		rc = visit_from(s, 0, &o, visit, arg, err);
		shard_close(&o);
		if (rc == -1)
			return -1;
	}
	return 0;
}
