/* Shards to the nodes of a cluster: see ship.h. */
#include "collector/ship.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "collector/seal.h"
#include "collector/ship_ledger.h"
#include "collector/ship_node.h"
#include "schema/clickhouse.h"
#include "schema/shard.h"

/* A sealed shard. */
struct item {
	const char	*path;
	const char	*below;		/* of it: relative to the directory */
	uint32_t	 shard;
	struct ship_file file;
	bool		 pending;
	char		 collector[CLICKHOUSE_NAME_MAX + 1];
};

struct ship {
	const struct ship_options *options;
	const struct ship_mode	*mode;
	const struct ship_calls	*calls;
	struct ship_counts	*counts;
	struct ship_ledger	*ledger;
	struct ship_node	*nodes[SHIP_NODES_MAX];	/* NULL: away */
	bool			 any_away;
	struct shard_list	 list;
	struct item		*items;
	size_t			 n;
	int64_t			 bytes;		/* of those pending */
	int64_t			 bytes_done;
	struct err		 first;		/* trouble */
};

static bool
stopped(const struct ship *s)
{
	return s->calls->stop != NULL && *s->calls->stop;
}

/* Trouble that does not end the run; the first is its result. */
static void
trouble(struct ship *s, const struct err *why)
{
	if (s->first.code == ERR_NONE)
		s->first = *why;
	if (s->calls->trouble != NULL && why->code != ERR_STOPPED)
		s->calls->trouble(s->calls->arg, why->msg);
}

/* ---- what there is to ship ---- */

/* Folders below the directory are collectors of their own. */
static int
name_collector(const struct ship *s, struct item *it, struct err *err)
{
	const char *slash = strrchr(it->below, '/');
	int n = snprintf(it->collector, sizeof(it->collector), "%s%s%.*s",
	    s->options->collector, slash == NULL ? "" : "/",
	    slash == NULL ? 0 : (int)(slash - it->below), it->below);

	if (n < 0 || (size_t)n >= sizeof(it->collector) ||
	    !clickhouse_is_collector(it->collector))
		return err_set(err, "%s: its folder is no name of a collector: "
		    "want letters, digits and _.-/, at most %d", it->path,
		    CLICKHOUSE_NAME_MAX);
	return 0;
}

/* Oldest shard that is still wanted there, in Unix seconds. */
static int64_t
oldest_wanted(const struct ship *s)
{
	return s->options->max_age_sec == 0 ? 0 :
	    (int64_t)time(NULL) - s->options->max_age_sec;
}

/* Takes a shard of the list; false: it is none for us. */
static bool
take_item(const struct ship *s, const char *dir, const struct shard_ref *ref,
    struct item *it)
{
	struct stat st;

	if (!seal_is_done(ref->path) || ref->start_ms < 0 ||
	    ref->start_ms / 1000 > UINT32_MAX ||
	    ref->start_ms / 1000 < oldest_wanted(s))
		return false;
	if (stat(ref->path, &st) == -1)
		return false;
	*it = (struct item){ .path = ref->path,
		.below = ref->path + strlen(dir) + 1,
		.shard = (uint32_t)(ref->start_ms / 1000) };
	it->file.size = st.st_size;
	it->file.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
	    st.st_mtim.tv_nsec;
	return true;
}

static int
list_items(struct ship *s, const char *dir, struct err *err)
{
	if (shard_list(dir, INT64_MIN, INT64_MAX, &s->list, err) == -1)
		return -1;
	s->items = calloc(s->list.n + 1, sizeof(*s->items));
	if (s->items == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < s->list.n; i++) {
		struct item *it = &s->items[s->n];
		struct err why;

		if (!take_item(s, dir, &s->list.v[i], it))
			continue;
		if (name_collector(s, it, &why) == 0) {
			s->n++;
			continue;
		}
		trouble(s, &why);
		s->counts->failed++;
		s->counts->waiting++;
	}
	return 0;
}

/* ---- nodes ---- */

static int
node_index(const struct ship_options *o, const char *url)
{
	for (size_t i = 0; i < o->n_nodes; i++) {
		if (strcmp(o->nodes[i], url) == 0)
			return (int)i;
	}
	return -1;
}

static void
node_away(struct ship *s, size_t i, const struct err *why)
{
	ship_node_free(s->nodes[i]);
	s->nodes[i] = NULL;
	s->any_away = true;
	trouble(s, why);
}

static void
connect_all(struct ship *s)
{
	struct err why;

	for (size_t i = 0; i < s->options->n_nodes && !stopped(s); i++) {
		s->nodes[i] = ship_node_new(s->options, s->options->nodes[i],
		    s->calls->stop, &why);
		if (s->nodes[i] == NULL ||
		    ship_node_prepare(s->nodes[i], s->mode->dry, &why) == -1)
			node_away(s, i, &why);
	}
}

/*
 * Is it there?  By the ledger, and by the node unless that is away or not
 * asked yet.  1 yes, 0 no, -1 the ledger failed.
 */
static int
is_there(struct ship *s, const struct item *it, struct err *err)
{
	struct ship_entry e;
	int rc = ship_ledger_find(s->ledger, s->options->database, it->below,
	    &e, err), node;

	if (rc != 1)
		return rc;
	node = node_index(s->options, e.node);
	if (!e.done || e.file.size != it->file.size ||
	    e.file.mtime_ns != it->file.mtime_ns || node == -1)
		return 0;
	return s->nodes[node] == NULL || ship_node_has(s->nodes[node],
	    it->collector, it->shard) == SHIP_HAS_ALL;
}

static int
find_pending(struct ship *s, struct err *err)
{
	s->bytes = 0;
	s->counts->there = 0;
	s->counts->waiting = s->counts->failed;
	for (size_t i = 0; i < s->n; i++) {
		int rc = is_there(s, &s->items[i], err);

		if (rc == -1)
			return -1;
		s->items[i].pending = rc == 0;
		if (rc == 1) {
			s->counts->there++;
			continue;
		}
		s->counts->waiting++;
		s->bytes += s->items[i].file.size;
	}
	return 0;
}

/* The node that was given the fewest flows. */
static int
least_loaded(struct ship *s, int *out, struct err *err)
{
	int64_t least = 0;

	*out = -1;
	for (size_t i = 0; i < s->options->n_nodes; i++) {
		int64_t flows;

		if (s->nodes[i] == NULL)
			continue;
		if (ship_ledger_load(s->ledger, s->options->database,
		    s->options->nodes[i], &flows, err) == -1)
			return -1;
		if (*out == -1 || flows < least) {
			*out = (int)i;
			least = flows;
		}
	}
	return 0;
}

/*
 * Where it goes: to where it, or a part of it, is already; else where there is
 * least.  *out -1: nowhere now.  The ledger knows of a part that a node, which
 * is away, may have; when it was lost, every node must be asked.
 */
static int
choose_node(struct ship *s, const struct item *it, int *out, struct err *err)
{
	struct ship_entry e;
	bool empty;
	int rc = ship_ledger_find(s->ledger, s->options->database, it->below,
	    &e, err);

	if (rc == -1)
		return -1;
	*out = rc == 1 ? node_index(s->options, e.node) : -1;
	if (*out != -1) {
		if (s->nodes[*out] == NULL)
			*out = -1;
		return 0;
	}
	for (size_t i = 0; i < s->options->n_nodes; i++) {
		if (s->nodes[i] != NULL && ship_node_has(s->nodes[i],
		    it->collector, it->shard) != SHIP_HAS_NONE) {
			*out = (int)i;
			return 0;
		}
	}
	if (ship_ledger_is_empty(s->ledger, s->options->database, &empty,
	    err) == -1)
		return -1;
	if (s->any_away && empty)
		return 0;
	return least_loaded(s, out, err);
}

/* ---- sending ---- */

static void
tell_sent(struct ship *s, const struct item *it, int node, int64_t flows)
{
	if (s->calls->sent != NULL)
		s->calls->sent(s->calls->arg, it->path,
		    s->options->nodes[node], flows);
}

/* -1: only when the ledger cannot be kept; all else is trouble. */
static int
send_to(struct ship *s, struct item *it, int node, struct err *err)
{
	struct ship_sums sums;
	struct ship_rows *rows;
	struct err why;
	int rc;

	rows = ship_rows_open(it->path, it->collector, &why);
	if (rows == NULL) {
		/* expired since the folder was read: nothing to send */
		if (!seal_is_done(it->path)) {
			s->counts->waiting--;
			return 0;
		}
		s->counts->failed++;
		trouble(s, &why);
		return 0;
	}
	rc = ship_ledger_begin(s->ledger, s->options->database, it->below,
	    s->options->nodes[node], it->collector, &it->file, err);
	if (rc == -1) {
		ship_rows_close(rows);
		return -1;
	}
	rc = ship_node_send(s->nodes[node], rows, it->collector, &sums, &why);
	ship_rows_close(rows);
	if (rc == -1) {
		if (why.code == ERR_CORRUPT || why.code == ERR_VERSION) {
			s->counts->failed++;
			trouble(s, &why);
		} else {
			node_away(s, (size_t)node, &why);
		}
		return 0;
	}
	if (ship_ledger_done(s->ledger, s->options->database, it->below, &sums,
	    err) == -1)
		return -1;
	it->pending = false;
	s->counts->shards++;
	s->counts->waiting--;
	s->counts->flows += (uint64_t)sums.flows;
	tell_sent(s, it, node, sums.flows);
	return 0;
}

/* A dry run balances by nothing: it says which shards, and where it is sure. */
static int
send_item(struct ship *s, struct item *it, struct err *err)
{
	int node;

	if (choose_node(s, it, &node, err) == -1)
		return -1;
	if (node != -1 && s->mode->dry) {
		tell_sent(s, it, node, -1);
		return 0;
	}
	return node == -1 ? 0 : send_to(s, it, node, err);
}

static int
send_pending(struct ship *s, struct err *err)
{
	for (size_t i = 0; i < s->n && !stopped(s); i++) {
		struct item *it = &s->items[i];

		if (!it->pending)
			continue;
		if (s->calls->progress != NULL)
			s->calls->progress(s->calls->arg, s->bytes == 0 ? 0 :
			    (double)s->bytes_done / (double)s->bytes,
			    s->counts->flows);
		if (send_item(s, it, err) == -1)
			return -1;
		s->bytes_done += it->file.size;
	}
	return 0;
}

static void
expire(struct ship *s)
{
	int64_t oldest = oldest_wanted(s);
	uint64_t dropped;
	struct err why;

	for (size_t i = 0; i < s->options->n_nodes && oldest > 0; i++) {
		if (s->nodes[i] == NULL)
			continue;
		if (ship_node_expire(s->nodes[i], (uint32_t)oldest, &dropped,
		    &why) == -1)
			node_away(s, i, &why);
		s->counts->expired += dropped;
	}
}

static int
run(struct ship *s, const char *dir, struct err *err)
{
	if (list_items(s, dir, err) == -1)
		return -1;
	if (s->mode->trust_ledger) {
		if (find_pending(s, err) == -1)
			return -1;
		if (s->counts->waiting == s->counts->failed)
			return 0;
	}
	connect_all(s);
	if (find_pending(s, err) == -1 || send_pending(s, err) == -1)
		return -1;
	if (!s->mode->dry && !stopped(s))
		expire(s);
	return 0;
}

static int
result(const struct ship *s, struct err *err)
{
	if (stopped(s))
		return err_as(err, ERR_STOPPED, "stopped");
	if (s->mode->dry && s->first.code == ERR_NONE)
		return 0;
	if (s->counts->waiting == 0 && s->first.code == ERR_NONE)
		return 0;
	if (s->first.code != ERR_NONE) {
		*err = s->first;
		return -1;
	}
	return err_set(err, "%llu shards are still to be sent",
	    (unsigned long long)s->counts->waiting);
}

int
ship_run(const struct ship_options *o, const char *dir,
    const struct ship_mode *mode, const struct ship_calls *calls,
    struct ship_counts *counts, struct err *err)
{
	struct ship *s = calloc(1, sizeof(*s));
	int rc = -1;

	*counts = (struct ship_counts){ .shards = 0 };
	if (s == NULL)
		return err_set(err, "out of memory");
	s->options = o;
	s->mode = mode;
	s->calls = calls;
	s->counts = counts;
	s->ledger = ship_ledger_open(dir, mode->dry, err);
	if (s->ledger != NULL)
		rc = run(s, dir, err);
	if (s->ledger != NULL && rc == 0)
		rc = result(s, err);
	for (size_t i = 0; i < o->n_nodes; i++)
		ship_node_free(s->nodes[i]);
	ship_ledger_close(s->ledger);
	shard_list_clear(&s->list);
	free(s->items);
	free(s);
	return rc;
}
