/*
 * Shards to the nodes of a cluster: see ship.h.
 *
 * First it is settled where each shard goes, then each node is sent its part
 * by a thread of its own.  What a node that went away was not given yet, goes
 * to the others in another round.
 */
#include "collector/ship.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/seal.h"
#include "collector/ship_ledger.h"
#include "collector/ship_list.h"
#include "collector/ship_node.h"
#include "collector/together.h"

struct ship {
	const struct ship_options *options;
	const struct ship_mode	*mode;
	const struct ship_calls	*calls;
	struct ship_list	 list;
	int64_t			 bytes;		/* of those pending */
	int64_t			 load[SHIP_NODES_MAX];	/* bytes given */

	/*
	 * While several threads are at it, one holds this for all that is
	 * below, and for calls.  nodes[i] and the shards that go there are
	 * those of thread i.
	 */
	pthread_mutex_t		 lock;
	struct ship_counts	*counts;
	struct ship_ledger	*ledger;
	struct ship_node	*nodes[SHIP_NODES_MAX];	/* NULL: away */
	bool			 any_away;
	bool			 broken;	/* no ledger can be kept */
	int64_t			 bytes_done;
	struct err		 first;		/* trouble */
};

_Static_assert(SHIP_NODES_MAX <= TOGETHER_MAX, "a thread for each node");

static bool
stopped(const struct ship *s)
{
	return s->calls->stop != NULL && *s->calls->stop;
}

static void
lock(struct ship *s)
{
	(void)pthread_mutex_lock(&s->lock);
}

static void
unlock(struct ship *s)
{
	(void)pthread_mutex_unlock(&s->lock);
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

/* Oldest shard that is still wanted there, in Unix seconds. */
static int64_t
oldest_wanted(const struct ship *s)
{
	return s->options->max_age_sec == 0 ? 0 :
	    (int64_t)time(NULL) - s->options->max_age_sec;
}

static void
bad_name(void *arg, const struct err *why)
{
	struct ship *s = arg;

	trouble(s, why);
	s->counts->failed++;
	s->counts->waiting++;
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

/* The same with the lock, for threads. */
static void
lost_node(struct ship *s, size_t i, const struct err *why)
{
	lock(s);
	node_away(s, i, why);
	unlock(s);
}

static void
connect_one(void *arg, size_t i)
{
	struct ship *s = arg;
	struct err why;

	s->nodes[i] = ship_node_new(s->options, s->options->nodes[i],
	    s->calls->stop, &why);
	if (s->nodes[i] == NULL ||
	    ship_node_prepare(s->nodes[i], s->mode->dry, &why) == -1)
		lost_node(s, i, &why);
}

/*
 * Is it there?  By the ledger, and by the node unless that is away or not
 * asked yet.  1 yes, 0 no, -1 the ledger failed.
 */
static int
is_there(struct ship *s, const struct ship_item *it, struct err *err)
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
	for (size_t i = 0; i < s->list.n; i++) {
		struct ship_item *it = &s->list.v[i];
		int rc = is_there(s, it, err);

		if (rc == -1)
			return -1;
		it->pending = rc == 0;
		if (rc == 1) {
			s->counts->there++;
			continue;
		}
		s->counts->waiting++;
		s->bytes += it->file.size;
	}
	return 0;
}

/* ---- where to ---- */

static int
read_loads(struct ship *s, struct err *err)
{
	for (size_t i = 0; i < s->options->n_nodes; i++) {
		if (ship_ledger_load(s->ledger, s->options->database,
		    s->options->nodes[i], &s->load[i], err) == -1)
			return -1;
	}
	return 0;
}

/* The node that was given least; -1: all are away. */
static int
least_loaded(const struct ship *s)
{
	int found = -1;

	for (size_t i = 0; i < s->options->n_nodes; i++) {
		if (s->nodes[i] != NULL &&
		    (found == -1 || s->load[i] < s->load[found]))
			found = (int)i;
	}
	return found;
}

/*
 * The node that it, or a part of it, is at, by the ledger or by the nodes.  It
 * stays its home when that goes away: there may be flows of it.
 */
static int
find_home(struct ship *s, struct ship_item *it, struct err *err)
{
	struct ship_entry e;
	int rc = ship_ledger_find(s->ledger, s->options->database, it->below,
	    &e, err);

	if (rc == 1)
		it->home = node_index(s->options, e.node);
	for (size_t i = 0; i < s->options->n_nodes && it->home == -1; i++) {
		if (s->nodes[i] != NULL && ship_node_has(s->nodes[i],
		    it->collector, it->shard) != SHIP_HAS_NONE)
			it->home = (int)i;
	}
	return rc == -1 ? -1 : 0;
}

/*
 * Where it goes: to its home, else to where there is least.  The ledger knows
 * of a part that a node, which is away, may have; when it was lost, every node
 * must be asked.
 */
static int
choose_node(struct ship *s, struct ship_item *it, struct err *err)
{
	bool empty;

	if (it->home == -1 && find_home(s, it, err) == -1)
		return -1;
	if (it->home != -1) {
		if (s->nodes[it->home] != NULL)
			it->node = it->home;
		return 0;
	}
	if (ship_ledger_is_empty(s->ledger, s->options->database, &empty,
	    err) == -1)
		return -1;
	if (s->any_away && empty)
		return 0;
	it->node = least_loaded(s);
	if (it->node != -1)
		s->load[it->node] += it->file.size;
	return 0;
}

/* For all that is left to be sent; *any: some can be. */
static int
choose_nodes(struct ship *s, bool *any, struct err *err)
{
	*any = false;
	if (read_loads(s, err) == -1)
		return -1;
	for (size_t i = 0; i < s->list.n; i++) {
		struct ship_item *it = &s->list.v[i];

		it->node = -1;
		if (!it->pending || it->failed)
			continue;
		if (choose_node(s, it, err) == -1)
			return -1;
		*any = *any || it->node != -1;
	}
	return 0;
}

/* ---- sending ---- */

static void
tell_sent(struct ship *s, const struct ship_item *it, int64_t flows)
{
	if (s->calls->sent != NULL)
		s->calls->sent(s->calls->arg, it->path,
		    s->options->nodes[it->node], flows);
}

static void
tell_progress(struct ship *s)
{
	if (s->calls->progress != NULL)
		s->calls->progress(s->calls->arg, s->bytes == 0 ? 0 :
		    (double)s->bytes_done / (double)s->bytes,
		    s->counts->flows);
}

/* It stays here; the run goes on. */
static void
item_failed(struct ship *s, struct ship_item *it, const struct err *why)
{
	it->failed = true;
	s->counts->failed++;
	trouble(s, why);
}

/* Opens it and enters it.  NULL: there is nothing to be sent. */
static struct ship_rows *
begin_item(struct ship *s, struct ship_item *it)
{
	struct err why;
	struct ship_rows *rows = ship_rows_open(it->path, it->collector, &why);
	bool is_here = rows != NULL || seal_is_done(it->path);

	lock(s);
	if (!is_here) {
		/* expired since the folder was read */
		it->pending = false;
		s->counts->waiting--;
	} else if (rows == NULL) {
		item_failed(s, it, &why);
	} else if (s->broken || ship_ledger_begin(s->ledger,
	    s->options->database, it->below, s->options->nodes[it->node],
	    it->collector, &it->file, &why) == -1) {
		if (!s->broken)
			trouble(s, &why);
		s->broken = true;
		ship_rows_close(rows);
		rows = NULL;
	}
	unlock(s);
	return rows;
}

/* The node has it. */
static void
end_item(struct ship *s, struct ship_item *it, const struct ship_sums *sums)
{
	struct err why;

	lock(s);
	if (ship_ledger_done(s->ledger, s->options->database, it->below, sums,
	    &why) == -1) {
		trouble(s, &why);
		s->broken = true;
	} else {
		it->pending = false;
		s->counts->shards++;
		s->counts->waiting--;
		s->counts->flows += (uint64_t)sums->flows;
		tell_sent(s, it, sums->flows);
	}
	unlock(s);
}

static void
send_item(struct ship *s, struct ship_item *it)
{
	struct ship_rows *rows = begin_item(s, it);
	struct ship_sums sums;
	struct err why;
	int rc;

	if (rows == NULL)
		return;
	rc = ship_node_send(s->nodes[it->node], rows, it->collector, &sums,
	    &why);
	ship_rows_close(rows);
	if (rc == 0) {
		end_item(s, it, &sums);
	} else if (why.code == ERR_CORRUPT || why.code == ERR_VERSION) {
		lock(s);
		item_failed(s, it, &why);
		unlock(s);
	} else {
		lost_node(s, (size_t)it->node, &why);
	}
}

/* All that goes to node i, as long as it is there. */
static void
send_part(void *arg, size_t i)
{
	struct ship *s = arg;

	for (size_t k = 0; k < s->list.n && !stopped(s); k++) {
		struct ship_item *it = &s->list.v[k];
		bool broken;

		if (it->node != (int)i)
			continue;
		send_item(s, it);
		lock(s);
		if (!it->pending || it->failed)
			s->bytes_done += it->file.size;
		tell_progress(s);
		broken = s->broken;
		unlock(s);
		if (broken || s->nodes[i] == NULL)
			return;
	}
}

/* A dry run says which shards, and where they would go as things are. */
static void
send_dry(struct ship *s)
{
	for (size_t i = 0; i < s->list.n; i++) {
		if (s->list.v[i].node != -1)
			tell_sent(s, &s->list.v[i], -1);
	}
}

/* Each round sends all, or finds a node away. */
static int
send_pending(struct ship *s, struct err *err)
{
	bool any;

	do {
		if (choose_nodes(s, &any, err) == -1)
			return -1;
		if (s->mode->dry) {
			send_dry(s);
			return 0;
		}
		if (any) {
			tell_progress(s);
			together(s->options->n_nodes, send_part, s);
		}
		if (s->broken) {
			*err = s->first;
			return -1;
		}
	} while (any && !stopped(s));
	return 0;
}

static void
expire_one(void *arg, size_t i)
{
	struct ship *s = arg;
	uint64_t dropped;
	struct err why;
	int rc;

	if (s->nodes[i] == NULL)
		return;
	rc = ship_node_expire(s->nodes[i], (uint32_t)oldest_wanted(s),
	    &dropped, &why);
	lock(s);
	if (rc == -1)
		node_away(s, i, &why);
	s->counts->expired += dropped;
	unlock(s);
}

static int
run(struct ship *s, const char *dir, struct err *err)
{
	if (ship_list_read(s->options, dir, oldest_wanted(s), bad_name, s,
	    &s->list, err) == -1)
		return -1;
	if (s->mode->trust_ledger) {
		if (find_pending(s, err) == -1)
			return -1;
		if (s->counts->waiting == s->counts->failed)
			return 0;
	}
	together(s->options->n_nodes, connect_one, s);
	if (find_pending(s, err) == -1 || send_pending(s, err) == -1)
		return -1;
	if (!s->mode->dry && !stopped(s) && oldest_wanted(s) > 0)
		together(s->options->n_nodes, expire_one, s);
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
	(void)pthread_mutex_init(&s->lock, NULL);
	s->ledger = ship_ledger_open(dir, mode->dry, err);
	if (s->ledger != NULL)
		rc = run(s, dir, err);
	if (s->ledger != NULL && rc == 0)
		rc = result(s, err);
	for (size_t i = 0; i < o->n_nodes; i++)
		ship_node_free(s->nodes[i]);
	ship_ledger_close(s->ledger);
	ship_list_clear(&s->list);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return rc;
}
