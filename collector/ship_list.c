/* What there is to ship: see ship_list.h. */
#include "collector/ship_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/seal.h"

/* Folders below the directory are collectors of their own. */
static int
name_collector(const struct ship_options *o, struct ship_item *it,
    struct err *err)
{
	const char *slash = strrchr(it->below, '/');
	int n = snprintf(it->collector, sizeof(it->collector), "%s%s%.*s",
	    o->collector, slash == NULL ? "" : "/",
	    slash == NULL ? 0 : (int)(slash - it->below), it->below);

	if (n < 0 || (size_t)n >= sizeof(it->collector) ||
	    !clickhouse_is_collector(it->collector))
		return err_set(err, "%s: its folder is no name of a collector: "
		    "want letters, digits and _.-/, at most %d", it->path,
		    CLICKHOUSE_NAME_MAX);
	return 0;
}

/* false: it is none for us. */
static bool
take_item(const char *dir, int64_t oldest, const struct shard_ref *ref,
    struct ship_item *it)
{
	struct stat st;

	if (!seal_is_done(ref->path) || ref->start_ms < 0 ||
	    ref->start_ms / 1000 > UINT32_MAX || ref->start_ms / 1000 < oldest)
		return false;
	if (stat(ref->path, &st) == -1)
		return false;
	*it = (struct ship_item){ .path = ref->path,
		.below = ref->path + strlen(dir) + 1,
		.shard = (uint32_t)(ref->start_ms / 1000), .home = -1,
		.node = -1 };
	it->file.size = st.st_size;
	it->file.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
	    st.st_mtim.tv_nsec;
	return true;
}

int
ship_list_read(const struct ship_options *o, const char *dir, int64_t oldest,
    ship_list_bad *bad, void *arg, struct ship_list *out, struct err *err)
{
	*out = (struct ship_list){ .n = 0 };
	if (shard_list(dir, INT64_MIN, INT64_MAX, &out->files, err) == -1)
		return -1;
	out->v = calloc(out->files.n + 1, sizeof(*out->v));
	if (out->v == NULL) {
		ship_list_clear(out);
		return err_set(err, "out of memory");
	}
	for (size_t i = 0; i < out->files.n; i++) {
		struct ship_item *it = &out->v[out->n];
		struct err why;

		if (!take_item(dir, oldest, &out->files.v[i], it))
			continue;
		if (name_collector(o, it, &why) == 0)
			out->n++;
		else
			bad(arg, &why);
	}
	return 0;
}

void
ship_list_clear(struct ship_list *l)
{
	shard_list_clear(&l->files);
	free(l->v);
	*l = (struct ship_list){ .n = 0 };
}
