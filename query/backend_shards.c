/* The shards of this machine as back end: see backend.h. */
#include <stdlib.h>

#include "query/backend.h"
#include "query/open.h"
#include "query/script.h"

struct shards {
	struct backend		 backend;
	const struct shard_list	*list;
};

static const struct shard_list *
list_of(struct backend *b)
{
	return ((struct shards *)(void *)b)->list;
}

static int
shards_sums(struct backend *b, const struct question *q,
    const struct work_options *o, struct sums *out, struct report *report,
    struct err *err)
{
	return work_sums(q, list_of(b), o, out, report, err);
}

static int
shards_list(struct backend *b, const struct question *q,
    const struct list_options *o, struct tally_sum *total,
    struct report *report, struct err *err)
{
	return list_flows(q, list_of(b), o, total, report, err);
}

static int
shards_range(struct backend *b, const atomic_bool *stop, bool skip_bad,
    int64_t *first_ms, int64_t *last_ms, struct err *err)
{
	const struct shard_list *list = list_of(b);

	*first_ms = INT64_MAX;
	*last_ms = INT64_MIN;
	for (size_t i = 0; i < list->n; i++) {
		struct open_shard s;

		if (shard_open(list->v[i].path, stop, &s, err) == -1) {
			/* told of when its flows are asked for */
			if (err->code != ERR_STOPPED && (skip_bad ||
			    shard_is_gone(list->v[i].path)))
				continue;
			return -1;
		}
		if (s.meta.has_range && s.meta.first_ms < *first_ms)
			*first_ms = s.meta.first_ms;
		if (s.meta.has_range && s.meta.last_ms > *last_ms)
			*last_ms = s.meta.last_ms;
		shard_close(&s);
	}
	return 0;
}

static int
shards_script(struct backend *b, struct answer *a, struct err *err)
{
	(void)b;
	return script_print(a, err);
}

static void
shards_close(struct backend *b)
{
	free(b);
}

static const struct backend_calls calls = {
	.sums = shards_sums, .list = shards_list, .range = shards_range,
	.script = shards_script, .close = shards_close
};

struct backend *
backend_shards(const struct shard_list *list)
{
	struct shards *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->backend.calls = &calls;
	s->list = list;
	return &s->backend;
}

void
backend_close(struct backend *b)
{
	if (b != NULL)
		b->calls->close(b);
}
