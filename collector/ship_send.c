/* Shards on their way to the nodes: see ship_run.h. */
#include "collector/ship_run.h"

#include "collector/seal.h"
#include "schema/together.h"

bool
ship_stopped(const struct ship *s)
{
	return s->calls->stop != NULL && *s->calls->stop;
}

void
ship_lock(struct ship *s)
{
	(void)pthread_mutex_lock(&s->lock);
}

void
ship_unlock(struct ship *s)
{
	(void)pthread_mutex_unlock(&s->lock);
}

void
ship_trouble(struct ship *s, const struct err *why)
{
	if (s->first.code == ERR_NONE)
		s->first = *why;
	if (s->calls->trouble != NULL && why->code != ERR_STOPPED)
		s->calls->trouble(s->calls->arg, why->msg);
}

void
ship_lost_node(struct ship *s, size_t i, const struct err *why)
{
	ship_node_free(s->nodes[i]);
	s->nodes[i] = NULL;
	s->lost[i] = *why;
}

void
ship_each_node(struct ship *s, void (*fn)(void *arg, size_t i))
{
	together(s->options->n_nodes, fn, s);
	for (size_t i = 0; i < s->options->n_nodes; i++) {
		if (s->lost[i].code == ERR_NONE)
			continue;
		s->any_away = true;
		ship_trouble(s, &s->lost[i]);
		s->lost[i].code = ERR_NONE;
	}
}

void
ship_tell_sent(struct ship *s, const struct ship_item *it, int64_t flows)
{
	if (s->calls->sent != NULL)
		s->calls->sent(s->calls->arg, it->path,
		    s->options->nodes[it->node], flows);
}

void
ship_tell_progress(struct ship *s)
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
	ship_trouble(s, why);
}

/* Opens it and enters it.  NULL: there is nothing to be sent. */
static struct ship_rows *
begin_item(struct ship *s, struct ship_item *it)
{
	struct err why;
	struct ship_rows *rows = ship_rows_open(it->path, it->collector, &why);
	bool is_here = rows != NULL || seal_is_done(it->path);

	ship_lock(s);
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
			ship_trouble(s, &why);
		s->broken = true;
		ship_rows_close(rows);
		rows = NULL;
	}
	ship_unlock(s);
	return rows;
}

/* The node has it. */
static void
end_item(struct ship *s, struct ship_item *it, const struct ship_sums *sums)
{
	struct err why;

	ship_lock(s);
	if (ship_ledger_done(s->ledger, s->options->database, it->below, sums,
	    &why) == -1) {
		ship_trouble(s, &why);
		s->broken = true;
	} else {
		it->pending = false;
		s->counts->shards++;
		s->counts->waiting--;
		s->counts->flows += (uint64_t)sums->flows;
		ship_tell_sent(s, it, sums->flows);
	}
	ship_unlock(s);
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
		ship_lock(s);
		item_failed(s, it, &why);
		ship_unlock(s);
	} else {
		ship_lost_node(s, (size_t)it->node, &why);
	}
}

void
ship_send_part(void *arg, size_t i)
{
	struct ship *s = arg;

	for (size_t k = 0; k < s->list.n && !ship_stopped(s); k++) {
		struct ship_item *it = &s->list.v[k];
		bool broken;

		if (it->node != (int)i)
			continue;
		send_item(s, it);
		ship_lock(s);
		if (!it->pending || it->failed)
			s->bytes_done += it->file.size;
		ship_tell_progress(s);
		broken = s->broken;
		ship_unlock(s);
		if (broken || s->nodes[i] == NULL)
			return;
	}
}
