/*
 * Importing: see import.h.
 *
 *	csv_rows -> csv_flow -> spool (by slot) -> batch -> writer -> sealer
 *
 * The writer adds to sealed shards by a copy that is sealed and swapped in at
 * the end, as after a capture.
 */
#include "collector/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/apply.h"
#include "collector/batch.h"
#include "collector/csv_flow.h"
#include "collector/csv_rows.h"
#include "collector/folder.h"
#include "collector/live.h"
#include "collector/log.h"
#include "collector/report.h"
#include "collector/sealer.h"
#include "collector/spool.h"
#include "collector/writer.h"

#define SPOOL_FLOWS	(UINT64_C(1) << 21)	/* some 500 MB of the disk */
#define TOLD_ROWS	20	/* wrong rows of a file that are logged */
#define PROGRESS_ROWS	10000
#define DAY_MS		INT64_C(86400000)

/* Flow export is not older: an earlier time is no time. */
#define EARLIEST_MS	INT64_C(631152000000)	/* 1990 */

/* Exporters hold a flow back for so long after its last packet. */
#define LATE_MS		INT64_C(3600000)

struct source {
	const char	*name;
	struct csv_rows	*rows;
	struct csv_flow	 columns;
};

/* An exporter, by address, and what of it is in the batch. */
struct sender {
	struct addr	address;
	uint32_t	id;
	uint64_t	flows;
	int64_t		first_ms;
	int64_t		last_ms;
};

struct import {
	const struct config	*config;
	bool			 progress;
	int64_t			 slot_ms;	/* length */
	int64_t			 latest_ms;	/* a later time is no time */
	int64_t			 first_ms;	/* of the first row, or now */
	bool			 has_first;
	int64_t			 current_ms;	/* slot of the row before */
	struct source		*sources;
	struct folders		*folders;	/* the data directory */
	struct spool		*spool;
	struct sealer		*sealer;
	struct writer		*writer;
	struct batch		*batch;
	struct sender		**by_id;	/* [id - 1] */
	struct sender		**by_address;	/* sorted */
	size_t			 n_senders;
	struct import_counts	 counts;
};

/* ---- exporters ---- */

/* Where the address stands or would stand. */
static size_t
find_sender(const struct import *im, const struct addr *a, bool *found)
{
	size_t lo = 0, hi = im->n_senders;

	*found = false;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = addr_cmp(&im->by_address[mid]->address, a);

		if (d == 0)
			*found = true;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
set_sender(struct import *im, struct csv_flow_row *row, struct err *err)
{
	bool found;
	size_t at = find_sender(im, &row->exporter, &found);
	struct sender *s;

	if (!found) {
		if (im->n_senders == im->config->decoder.max_exporters)
			return err_set(err, "more than %" PRIu32 " exporters "
			    "(max_exporters)",
			    im->config->decoder.max_exporters);
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			return err_set(err, "out of memory");
		s->address = row->exporter;
		memmove(&im->by_address[at + 1], &im->by_address[at],
		    (im->n_senders - at) * sizeof(*im->by_address));
		im->by_address[at] = s;
		im->by_id[im->n_senders++] = s;
		s->id = (uint32_t)im->n_senders;
	}
	row->flow.exporter = im->by_address[at]->id;
	row->flow.set |= flow_bit(COL_exporter);
	return 0;
}

/* ---- from the spool to the writer ---- */

static void
push(struct import *im)
{
	struct batch *b = im->batch;

	if (b == NULL)
		return;
	im->batch = NULL;
	for (size_t i = 0; i < im->n_senders; i++) {
		struct sender *s = im->by_id[i];
		struct exporter_stat *to = s->flows == 0 ? NULL :
		    batch_stat(b);

		/* version 0: nobody knows how it was sent */
		if (to != NULL)
			*to = (struct exporter_stat){ .id = s->id,
				.address = s->address, .flows = s->flows,
				.first_ms = s->first_ms,
				.last_ms = s->last_ms };
		s->flows = 0;
	}
	writer_put(im->writer, b);
}

static int
file_flow(void *arg, int64_t slot_ms, const struct flow *f, struct err *err)
{
	struct import *im = arg;
	struct batch *b = im->batch;
	struct sender *s;
	int64_t end = f->first_ms;

	(void)err;
	if (slot_ms == INT64_MIN)
		slot_ms = im->first_ms;
	if (b != NULL && (b->slot_start_ms != slot_ms || b->n == b->cap)) {
		push(im);
		b = NULL;
	}
	while (b == NULL)
		b = writer_batch(im->writer, -1);
	im->batch = b;
	b->slot_start_ms = slot_ms;
	b->slot_end_ms = slot_ms + im->slot_ms;
	b->append = true;
	b->folder[b->n] = 0;
	b->flows[b->n++] = *f;
	if (!flow_has(f, COL_exporter))
		return 0;
	s = im->by_id[f->exporter - 1];
	if (flow_has(f, COL_duration_ms))
		end += f->duration_ms;
	if (s->flows == 0 || end < s->first_ms)
		s->first_ms = end;
	if (s->flows == 0 || end > s->last_ms)
		s->last_ms = end;
	s->flows++;
	return 0;
}

static int
file_all(struct import *im, struct err *err)
{
	int rc = spool_drain(im->spool, file_flow, im, err);

	push(im);
	return rc;
}

/* ---- rows ---- */

static bool
is_time(const struct import *im, int64_t ms)
{
	return ms >= EARLIEST_MS && ms <= im->latest_ms;
}

/*
 * The slot of a row.  A list is mostly in order of arrival, and a flow that
 * ended shortly before the current slot arrived in it, if it comes behind
 * those of the slot: so a list that was exported keeps its order.  A time
 * that is none places no flow, as with the live collector: it goes with the
 * row before it, or with the first of all (INT64_MIN).
 */
static int64_t
slot_of(struct import *im, const struct csv_flow_row *row)
{
	int64_t at = row->end_ms;
	bool received = is_time(im, row->received_ms);

	if (received)
		at = row->received_ms;
	else if (!is_time(im, at))
		return im->current_ms;
	if (received || at >= im->current_ms + im->slot_ms ||
	    at < im->current_ms - LATE_MS)
		im->current_ms = at - at % im->slot_ms;
	if (!im->has_first)
		im->first_ms = im->current_ms;
	im->has_first = true;
	return im->current_ms;
}

static void
refuse(struct import *im, const struct source *src, uint64_t *refused,
    const struct err *why)
{
	im->counts.refused++;
	if (++*refused > TOLD_ROWS + 1)
		return;
	if (im->progress)
		report_progress(-1, 0);
	if (*refused > TOLD_ROWS)
		log_error("%s: more wrong rows, only counted from here on",
		    src->name);
	else
		log_error("%s:%" PRIu64 ": %s", src->name,
		    csv_rows_line(src->rows), why->msg);
}

/* 1 taken, 0 refused (why says it), -1 storing failed (err). */
static int
take_row(struct import *im, struct source *src, struct err *why,
    struct err *err)
{
	struct csv_flow_row row;
	const struct csv_field *fields;
	size_t n;

	fields = csv_rows_fields(src->rows, &n);
	if (csv_flow_read(&src->columns, fields, n, &row, why) == -1 ||
	    (row.exporter.len > 0 && set_sender(im, &row, why) == -1))
		return 0;
	if (spool_put(im->spool, slot_of(im, &row), &row.flow, err) == -1 ||
	    (spool_flows(im->spool) == SPOOL_FLOWS && file_all(im, err) == -1))
		return -1;
	im->counts.accepted++;
	return 1;
}

static void
show_progress(const struct import *im, const struct source *src)
{
	double part = csv_rows_progress(src->rows);

	if (im->progress && part >= 0)
		report_progress(part, im->counts.accepted);
}

/* -1: not read to its end, or storing failed. */
static int
read_source(struct import *im, struct source *src, struct err *err)
{
	struct err why;
	uint64_t refused = 0, n_rows = 0;
	bool over = false;	/* behind the flows, in nfdump's summary */
	enum csv_row got;

	im->current_ms = INT64_MIN;
	while ((got = csv_rows_next(src->rows, &why)) != CSV_ROW_END) {
		const struct csv_field *fields;
		size_t n;
		int rc = 0;

		if (got == CSV_ROW_FAILED)
			return err_set(err, "%s: %s", src->name, why.msg);
		fields = csv_rows_fields(src->rows, &n);
		if (got == CSV_ROW_GOOD) {
			if (csv_flow_is_header(&src->columns, fields, n)) {
				over = false;
				continue;
			}
			over |= csv_flow_is_summary(&src->columns, fields, n);
		}
		if (over)
			continue;
		if (got == CSV_ROW_GOOD &&
		    (rc = take_row(im, src, &why, err)) == -1)
			return -1;
		if (rc == 0)
			refuse(im, src, &refused, &why);
		if (++n_rows % PROGRESS_ROWS == 0)
			show_progress(im, src);
	}
	return 0;
}

/* ---- the whole ---- */

static int
open_source(struct source *src, const struct config *c, const char *path,
    struct err *err)
{
	const struct csv_field *fields;
	enum csv_row got;
	struct err why;
	size_t n;

	src->name = strcmp(path, "-") == 0 ? "standard input" : path;
	src->columns.clock.utc = c->import_utc;
	src->rows = csv_rows_open(path, err);
	if (src->rows == NULL)
		return -1;
	got = csv_rows_next(src->rows, &why);
	if (got == CSV_ROW_END)
		return err_set(err, "%s: empty, not even a header", src->name);
	fields = csv_rows_fields(src->rows, &n);
	if (got == CSV_ROW_GOOD &&
	    csv_flow_header(&src->columns, fields, n, &why) == 0)
		return 0;
	if (got == CSV_ROW_FAILED)
		return err_set(err, "%s: %s", src->name, why.msg);
	return err_set(err, "%s:%" PRIu64 ": %s", src->name,
	    csv_rows_line(src->rows), why.msg);
}

static int
prepare(struct import *im, struct err *err)
{
	const struct config *c = im->config;
	size_t most = (size_t)c->decoder.max_exporters + 1;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	im->slot_ms = (int64_t)c->slot_sec * 1000;
	im->first_ms = (int64_t)now.tv_sec * 1000;
	im->latest_ms = im->first_ms + DAY_MS;
	im->first_ms -= im->first_ms % im->slot_ms;
	im->sources = calloc(c->n_import, sizeof(*im->sources));
	im->by_id = calloc(most, sizeof(struct sender *));
	im->by_address = calloc(most, sizeof(struct sender *));
	if (im->sources == NULL || im->by_id == NULL ||
	    im->by_address == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < c->n_import; i++) {
		if (open_source(&im->sources[i], c, c->import[i], err) == -1)
			return -1;
	}
	im->spool = spool_new(err);
	if (im->spool == NULL)
		return -1;
	/* last: nothing is written when something else is wrong */
	im->folders = folders_new(c->directory);
	return im->folders == NULL ? err_set(err, "out of memory") :
	    folders_lock(im->folders, 0, err);
}

static int
start_threads(struct import *im, struct err *err)
{
	struct sealer_options *o = apply_sealer_options(im->config);
	struct sealer_counts ignored;
	struct live *live;
	struct err why;

	if (o == NULL)
		return err_set(err, "out of memory");
	/* old flows are not there to be removed at once */
	retain_plan_clear(&o->plan);
	im->sealer = sealer_start(o, err);
	if (im->sealer == NULL) {
		sealer_options_free(o);
		return -1;
	}
	live = live_new(im->folders, im->sealer, err);
	if (live != NULL)
		im->writer = writer_start(live, BATCH_COUNT,
		    (size_t)im->config->batch_flows, err);
	if (im->writer != NULL)
		return 0;
	live_free(live, false);
	(void)sealer_stop(im->sealer, 0, &ignored, &why);
	return -1;
}

/* -1: not all was stored and sealed. */
static int
stop_threads(struct import *im, struct err *err)
{
	struct writer_counts written;
	struct sealer_counts sealed;
	struct err why;
	int rc = writer_stop(im->writer, true, &written, err);

	if (sealer_stop(im->sealer, 1, &sealed, &why) == -1 && rc == 0) {
		*err = why;
		rc = -1;
	}
	return rc;
}

static void
clear(struct import *im)
{
	for (size_t i = 0; im->sources != NULL && i < im->config->n_import;
	    i++)
		csv_rows_close(im->sources[i].rows);
	for (size_t i = 0; i < im->n_senders; i++)
		free(im->by_id[i]);
	free(im->sources);
	free(im->by_id);
	free(im->by_address);
	spool_free(im->spool);
	folders_free(im->folders);
}

/* All sources; a failure of one is logged, and is the result at the end. */
static int
read_sources(struct import *im, struct err *err)
{
	struct err failed;
	int rc = 0;

	for (size_t i = 0; i < im->config->n_import; i++) {
		struct source *src = &im->sources[i];

		if (src->columns.left_out[0] != '\0')
			log_info("%s: columns without a place in a shard, "
			    "left out: %s", src->name,
			    src->columns.left_out);
		if (read_source(im, src, &failed) == -1) {
			*err = failed;
			rc = -1;
		}
		if (im->progress)
			report_progress(-1, 0);
	}
	if (file_all(im, &failed) == -1 && rc == 0) {
		*err = failed;
		rc = -1;
	}
	return rc;
}

int
import_csv(const struct config *c, bool progress,
    struct import_counts *counts, struct err *err)
{
	struct import im = { .config = c, .progress = progress };
	struct err stopped;
	int rc = -1;

	if (prepare(&im, err) == 0 && start_threads(&im, err) == 0) {
		rc = read_sources(&im, err);
		if (stop_threads(&im, &stopped) == -1 && rc == 0) {
			*err = stopped;
			rc = -1;
		}
	}
	clear(&im);
	*counts = im.counts;
	return rc;
}
