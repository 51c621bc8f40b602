/*
 * Shards to the nodes of a cluster: see ship.h.
 *
 * First it is settled where each shard goes, then each node is sent its part
 * by a thread of its own.  What a node that went away was not given yet, goes
 * to the others in another round.
 */
#include "collector/ship.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/ship_run.h"
#include "schema/together.h"

_Static_assert(SHIP_NODES_MAX <= TOGETHER_MAX, "a thread for each node");

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

	ship_trouble(s, why);
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
connect_one(void *arg, size_t i)
{
	struct ship *s = arg;
	struct err why;

	s->nodes[i] = ship_node_new(s->options, s->options->nodes[i],
	    s->calls->stop, &why);
	if (s->nodes[i] == NULL ||
	    ship_node_prepare(s->nodes[i], s->mode->dry, &why) == -1)
		ship_lost_node(s, i, &why);
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

/* ---- all of it ---- */

/* A dry run says which shards, and where they would go as things are. */
static void
send_dry(struct ship *s)
{
	for (size_t i = 0; i < s->list.n; i++) {
		if (s->list.v[i].node != -1)
			ship_tell_sent(s, &s->list.v[i], -1);
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
			ship_tell_progress(s);
			ship_each_node(s, ship_send_part);
		}
		if (s->broken) {
			*err = s->first;
			return -1;
		}
	} while (any && !ship_stopped(s));
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
	if (rc == -1)
		ship_lost_node(s, i, &why);
	ship_lock(s);
	s->counts->expired += dropped;
	ship_unlock(s);
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
	ship_each_node(s, connect_one);
	if (find_pending(s, err) == -1 || send_pending(s, err) == -1)
		return -1;
	if (!s->mode->dry && !ship_stopped(s) && oldest_wanted(s) > 0)
		ship_each_node(s, expire_one);
	return 0;
}

static int
result(const struct ship *s, struct err *err)
{
	if (ship_stopped(s))
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
