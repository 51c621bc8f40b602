/* A shard of a list: see list_shard.h. */
#include "query/list_shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "query/sealed.h"
#include "query/side.h"

/* ---- opening ---- */

/* A sealed shard by its pages, as it is stored; if it is for pages. */
static void
open_scan(const struct lister *l, struct list_shard *s)
{
	const char *path = s->ref->path;

	if (l->sorter != NULL || !s->open.by_pages)
		return;
	s->side = side_load_pages(path, &s->open,
	    listscan_path_columns(l->q, l->o->columns));
	if (s->side != NULL)
		s->scan = listscan_open(l->q, l->o->columns, path, &s->open,
		    s->side);
	if (s->scan != NULL)
		s->leaves = listscan_leaves(s->scan);
}

struct list_shard *
list_shard_open(const struct lister *l, const struct shard_ref *ref)
{
	struct list_shard *s = calloc(1, sizeof(*s));
	double began = report_clock();

	if (s == NULL)
		return NULL;
	s->ref = ref;
	s->leaves = 1;
	s->is_open = sealed_open(l->forms, ref->path, &s->open);
	if (s->is_open && serve_window(l->q, &s->open.meta) == SERVE_READ)
		open_scan(l, s);
	s->sec = report_clock() - began;
	return s;
}

void
list_shard_close(struct list_shard *s)
{
	listscan_close(s->scan);
	side_free(s->side);
	if (s->is_open)
		shard_close(&s->open);
	free(s);
}

/* ---- telling ---- */

static void
begin(struct lister *l, struct list_shard *s)
{
	if (s->begun)
		return;
	s->begun = true;
	s->taken = l->taken;
	if (!s->is_open)
		return;
	s->skip = serve_window(l->q, &s->open.meta);
	if (s->skip == SERVE_READ) {
		l->report->read++;
		l->report->processed += s->open.meta.flows;
	} else {
		l->report->skipped++;
	}
}

void
list_shard_rows(struct lister *l, struct list_shard *s, struct row *rows,
    size_t n, int64_t looked)
{
	begin(l, s);
	s->looked += looked;
	for (size_t i = 0; i < n && !list_enough(l); i++) {
		rows[i].geo = l->o->geo;
		l->taken++;
		list_give(l, &rows[i]);
	}
}

int
list_shard_whole(struct lister *l, struct list_shard *s, struct err *err)
{
	const char *path = s->ref->path;

	if (!s->is_open)
		s->is_open = shard_open(path, l->q->stop, &s->open, err) == 0;
	begin(l, s);
	if (!s->is_open)
		return -1;
	if (s->skip != SERVE_READ)
		return 0;
	if (shard_need_db(&s->open, path, l->q->stop, err) == -1)
		return -1;
	return list_sql(l, &s->open, &s->use, err);
}

/* A shard that cannot be read, or not on: an end to all, or one less. */
static int
fail(struct lister *l, const struct list_shard *s, const struct err *err)
{
	const struct work_options *o = &l->o->work;
	bool began = l->taken > s->taken;

	if (err->code == ERR_STOPPED)
		return -1;
	if (!o->named && !began && shard_is_gone(s->ref->path)) {
		l->report->skipped++;
		report_unused(l->report, s->ref, 0, "skipped: it has vanished");
		return 0;
	}
	if (!o->skip_bad)
		return -1;
	l->report->bad++;
	report_unused(l->report, s->ref, 0, began ? "read in part" :
	    "unreadable");
	(void)fprintf(stderr, "flowq: %s: %s\n", began ? "read in part" :
	    "skipped", err->msg);
	return 0;
}

int
list_shard_end(struct lister *l, struct list_shard *s, int rc,
    const struct err *err)
{
	s->ended = true;
	if (s->is_open)
		l->count_base += s->open.meta.flows;
	if (rc == -1)
		return fail(l, s, err);
	if (s->skip != SERVE_READ)
		report_unused(l->report, s->ref, s->sec, "skipped: %s",
		    serve_skip_text(s->skip));
	else {
		if (s->scan != NULL)
			report_part(&s->use, s->looked, l->taken - s->taken,
			    "scan of flow");
		report_used(l->report, s->ref, &s->use, false, s->sec);
	}
	return 0;
}
