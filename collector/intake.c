/* The way in: see intake.h. */
#include "collector/intake.h"

#include <stdlib.h>
#include <string.h>

#include "collector/batch.h"

#define HARVEST		64
#define FINISH_MS	5000	/* a batch for the last reports comes by then */

struct intake {
	struct sink		 sink;		/* first: see intake_of */
	struct intake_options	 o;
	struct sources		*sources;
	struct writer		*writer;
	struct batch		*batch;		/* being filled, or NULL */
	struct flow		 spare;		/* room while none is free */
	uint32_t		 folder;	/* of the datagram at hand */
	bool			 used[FOLDERS_MAX]; /* has flows in this slot */
	int64_t			 slot_start_ms;	/* of what arrives now */
	struct intake_counts	 counts;
};

/* ---- batches ---- */

static void
harvest(struct intake *in, uint32_t group, struct batch *b)
{
	struct exporter_stat stats[HARVEST];
	size_t n;

	do {
		n = decoder_harvest(in->o.decoder, group, stats, HARVEST);
		for (size_t i = 0; b != NULL && i < n; i++) {
			struct exporter_stat *to = batch_stat(b);

			if (to == NULL)
				continue;
			*to = stats[i];
			to->name = sources_find(in->sources,
			    &stats[i].address).name;
		}
	} while (n == HARVEST);
}

/*
 * Reports go where there are flows, and so a shard; all: wherever, since this
 * is the end.
 */
static void
push(struct intake *in, bool all)
{
	struct batch *b = in->batch;

	if (b == NULL)
		return;
	in->batch = NULL;
	for (uint32_t f = 0; f < folders_count(in->o.folders); f++) {
		if (all || in->used[f])
			harvest(in, f, b);
	}
	writer_put(in->writer, b);
}

/* An empty batch of this slot, or NULL. */
static struct batch *
begin(struct intake *in, int64_t wait_ms)
{
	struct batch *b = writer_batch(in->writer, wait_ms);

	if (b == NULL)
		return NULL;
	b->slot_start_ms = in->slot_start_ms;
	b->slot_end_ms = in->slot_start_ms + in->o.slot_ms;
	b->append = in->o.capture;
	return b;
}

/*
 * The last reports of a slot: exporters may have sent since the last flows.
 * Where there were no flows at all there is no shard that they belong to.
 */
static void
end_slot(struct intake *in)
{
	if (in->batch == NULL && !in->o.capture)
		in->batch = begin(in, 0);
	push(in, false);
	for (uint32_t f = 0; f < folders_count(in->o.folders); f++) {
		if (!in->used[f])
			harvest(in, f, NULL);
	}
	memset(in->used, 0, sizeof(in->used));
}

/* Live traffic never goes back to an older slot. */
void
intake_enter(struct intake *in, int64_t arrival_ms)
{
	int64_t start = arrival_ms - arrival_ms % in->o.slot_ms;

	if (start == in->slot_start_ms ||
	    (!in->o.capture && start < in->slot_start_ms))
		return;
	if (in->o.capture)
		push(in, false);
	else
		end_slot(in);
	in->slot_start_ms = start;
	/* also when nothing comes that needs a new shard */
	if (!in->o.capture)
		writer_rotate(in->writer, start);
}

static struct intake *
intake_of(struct sink *sink)
{
	return (struct intake *)(void *)sink;
}

static struct flow *
sink_room(struct sink *sink)
{
	struct intake *in = intake_of(sink);
	struct flow *f = &in->spare;

	if (in->batch == NULL)
		in->batch = begin(in, in->o.capture ? -1 : 0);
	if (in->batch != NULL)
		f = &in->batch->flows[in->batch->n];
	flow_prepare(f);
	return f;
}

static void
sink_put(struct sink *sink)
{
	struct intake *in = intake_of(sink);
	struct batch *b = in->batch;

	if (b == NULL) {
		in->counts.shed++;
		return;
	}
	b->folder[b->n++] = (uint16_t)in->folder;
	in->used[in->folder] = true;
	if (b->n == b->cap)
		push(in, false);
}

/* ---- datagrams ---- */

void
intake_datagram(void *arg, const uint8_t *data, size_t len,
    const struct addr *from, int64_t arrival_ms)
{
	struct intake *in = arg;
	struct source_answer a = sources_find(in->sources, from);
	struct datagram g = { data, len, *from, arrival_ms, a.folder };

	in->counts.datagrams++;
	in->counts.bytes += len;
	if (a.refusal != SOURCE_TAKEN) {
		refused_count(&in->counts.refused, from, a.refusal);
		return;
	}
	in->folder = a.folder;
	packet_decode(in->o.decoder, &g, &in->sink);
	repeat_send(in->o.repeat, data, len);
}

bool
intake_is_open(const struct intake *in)
{
	return in->batch != NULL;
}

void
intake_flush(struct intake *in)
{
	push(in, false);
}

void
intake_finish(struct intake *in)
{
	if (in->batch == NULL)
		in->batch = begin(in, FINISH_MS);
	push(in, true);
}

/* ---- life ---- */

struct intake *
intake_new(const struct intake_options *o)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->sink = (struct sink){ sink_room, sink_put };
	in->o = *o;
	in->slot_start_ms = INT64_MIN;
	return in;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	sources_free(in->sources);
	free(in);
}

void
intake_set_sources(struct intake *in, struct sources *sources)
{
	sources_free(in->sources);
	in->sources = sources;
}

void
intake_start(struct intake *in, struct writer *writer, int64_t first_ms)
{
	in->writer = writer;
	in->slot_start_ms = first_ms;
}

struct intake_counts *
intake_counts(struct intake *in)
{
	return &in->counts;
}
