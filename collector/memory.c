/* Memory as a formula: see memory.h. */
#include "collector/memory.h"

#include <inttypes.h>

#include "collector/batch.h"
#include "collector/batch_image.h"
#include "collector/exporter.h"
#include "collector/listen.h"
#include "collector/live.h"
#include "collector/packet.h"
#include "collector/sealer.h"
#include "collector/shard_writer.h"
#include "collector/ship_node.h"
#include "collector/template_store.h"

#define MIB		(UINT64_C(1) << 20)
/* Being written, waiting for that, and being taken. */
#define SNAPSHOTS	3
/* Page cache, statements and log index of a connection, the default ones. */
#define SQLITE_BYTES	(4 * MIB)
/* Page cache of a batch that is shown to a connection as a database. */
#define IMAGE_CACHE	(2 * MIB)
/* The sealer's indexes when SQLite makes them: sorter and merge. */
#define INDEX_BYTES	(16 * MIB)
/* Program, libraries, stacks, configuration, answers, names of metrics. */
#define REST_BYTES	(24 * MIB)

static uint64_t
open_shards(const struct config *c)
{
	uint64_t folders = 1 + c->n_sources;

	if (c->unknown == UNKNOWN_FOLDER)
		folders += (uint64_t)c->max_folders;
	return folders < LIVE_OPEN_MAX ? folders : LIVE_OPEN_MAX;
}

static uint64_t
shard_bytes(const struct config *c)
{
	/* one that was forgotten and comes again counts as another */
	size_t times = 1 + (size_t)(c->slot_sec * INT64_C(1000) /
	    EXPORTER_IDLE_MS);

	return SQLITE_BYTES + shard_writer_memory((size_t)c->batch_flows,
	    times * c->decoder.max_exporters);
}

uint64_t
memory_bound(const struct config *c, uint64_t part[MEMORY_PARTS])
{
	struct decoder_memory d;
	uint64_t sum = 0;

	decoder_memory(&c->decoder, &d);
	part[MEMORY_EXPORTERS] = d.exporters;
	part[MEMORY_TEMPLATES] = d.templates;
	part[MEMORY_HELD] = d.held;
	part[MEMORY_SAVED] = SNAPSHOTS * template_snapshot_memory(d.templates);
	part[MEMORY_DATAGRAMS] = listen_ring_memory();
	part[MEMORY_BATCHES] = BATCH_COUNT *
	    batch_memory((size_t)c->batch_flows, c->decoder.max_exporters);
	part[MEMORY_SHARDS] = open_shards(c) * shard_bytes(c);
	part[MEMORY_ROWS] = IMAGE_CACHE +
	    batch_image_memory((size_t)c->batch_flows);
	/* roll-ups, then indexes, each within the same bound */
	part[MEMORY_SEALING] = SEALER_MEMORY + INDEX_BYTES;
	part[MEMORY_SHIPPING] = c->ship.n_nodes == 0 ? 0 : SQLITE_BYTES +
	    c->ship.n_nodes * (SQLITE_BYTES + ship_node_memory());
	part[MEMORY_REST] = REST_BYTES;
	for (int i = 0; i < MEMORY_PARTS; i++)
		sum += part[i];
	return sum;
}

static void
line(FILE *out, uint64_t bytes, const char *what)
{
	(void)fprintf(out, "%8" PRIu64 ".%" PRIu64 "  %s", bytes / MIB,
	    bytes % MIB * 10 / MIB, what);
}

void
memory_print(const struct config *c, FILE *out)
{
	const struct decoder_limits *l = &c->decoder;
	uint64_t part[MEMORY_PARTS], sum = memory_bound(c, part);

	(void)fprintf(out, "memory at most, in MB:\n");
	line(out, part[MEMORY_EXPORTERS], "exporters: ");
	(void)fprintf(out, "max_exporters %" PRIu32 "\n", l->max_exporters);
	line(out, part[MEMORY_TEMPLATES], "templates: ");
	(void)fprintf(out, "max_exporters %" PRIu32 " x max_templates %" PRIu32
	    " x %" PRIu32 " fields, but no more than %" PRIu64 " MB\n",
	    l->max_exporters, l->max_templates, l->max_fields,
	    l->max_template_memory / MIB);
	line(out, part[MEMORY_HELD], "data that waits for its template\n");
	line(out, part[MEMORY_SAVED], "copies of the templates: ");
	(void)fprintf(out, "%d, each with room for twice as many\n",
	    SNAPSHOTS);
	line(out, part[MEMORY_DATAGRAMS], "datagrams: ");
	(void)fprintf(out, "%d of 64 kB\n", LISTEN_RING);
	line(out, part[MEMORY_BATCHES], "batches: ");
	(void)fprintf(out, "%d x batch_flows %d x %zu bytes, and reports of "
	    "exporters\n", BATCH_COUNT, c->batch_flows, sizeof(struct flow));
	line(out, part[MEMORY_SHARDS], "open shards: ");
	(void)fprintf(out, "%" PRIu64 "\n", open_shards(c));
	line(out, part[MEMORY_ROWS], "rows of the batch that is being stored\n");
	line(out, part[MEMORY_SEALING], "roll-ups and indexes of a shard that "
	    "is sealed\n");
	line(out, part[MEMORY_SHIPPING], "shipping: ");
	(void)fprintf(out, "%zu nodes at once, a shard to each\n",
	    c->ship.n_nodes);
	line(out, part[MEMORY_REST], "program, libraries, stacks, answers\n");
	line(out, sum, "in all\n");
}
