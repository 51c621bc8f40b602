/* What was done for an answer: see report.h. */
#include "query/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
report_shard(struct report *r, const char *path, const char *how,
    int64_t rows, double sec, struct err *err)
{
	struct report_shard *v;

	if (!r->explain)
		return 0;
	v = realloc(r->v, (r->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_set(err, "out of memory");
	r->v = v;
	v += r->n;
	*v = (struct report_shard){ .rows = rows, .sec = sec,
		.path = strdup(path) };
	if (v->path == NULL)
		return err_set(err, "out of memory");
	(void)snprintf(v->how, sizeof(v->how), "%s", how);
	r->n++;
	return 0;
}

void
report_clear(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].path);
	free(r->v);
	r->v = NULL;
	r->n = 0;
}
