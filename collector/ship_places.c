/* What is shipped from one machine: see ship_places.h. */
#include "collector/ship_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is the folder in dir, or dir itself?  Then it is shipped with it. */
static bool
is_below(const char *dir, const char *folder)
{
	char *a = realpath(dir, NULL), *b = realpath(folder, NULL);
	size_t n;
	bool below;

	if (a == NULL || b == NULL) {
		/* not there yet: by their names */
		free(a);
		free(b);
		a = strdup(dir);
		b = strdup(folder);
	}
	n = a == NULL ? 0 : strlen(a);
	below = a != NULL && b != NULL && strncmp(a, b, n) == 0 &&
	    (b[n] == '\0' || b[n] == '/');
	free(a);
	free(b);
	return below;
}

static int
add_source(const struct config *c, const struct config_source *s,
    const char *path, struct ship_places *p, struct err *err)
{
	struct ship_place *to = &p->v[p->n];
	char inside[2 * CONFIG_PATH_MAX];
	int n = snprintf(to->collector, sizeof(to->collector), "%s/%s",
	    c->ship.collector, s->name);

	if (n < 0 || (size_t)n >= sizeof(to->collector) ||
	    !clickhouse_is_collector(to->collector))
		return err_set(err, "source \"%s\": to be shipped from outside "
		    "the data directory, its name needs letters, digits and "
		    "_.-/, at most %d with the collector's", s->name,
		    CLICKHOUSE_NAME_MAX);
	(void)snprintf(inside, sizeof(inside), "%s/%s", c->directory, s->name);
	if (access(inside, F_OK) == 0)
		return err_set(err, "source \"%s\": cannot be shipped, %s has "
		    "that name there already", s->name, inside);
	memcpy(to->dir, path, strlen(path) + 1);
	p->n++;
	return 0;
}

int
ship_places_make(const struct config *c, struct ship_places *out,
    struct err *err)
{
	char path[CONFIG_PATH_MAX];

	out->n = 1;
	out->v = calloc(c->n_sources + 1, sizeof(*out->v));
	if (out->v == NULL)
		return err_set(err, "out of memory");
	(void)snprintf(out->v[0].dir, sizeof(out->v[0].dir), "%s",
	    c->directory);
	(void)snprintf(out->v[0].collector, sizeof(out->v[0].collector), "%s",
	    c->ship.collector);
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct config_source *s = &c->sources[i];

		if (config_source_path(c, s, path) == -1 ||
		    is_below(c->directory, path))
			continue;
		if (add_source(c, s, path, out, err) == -1) {
			ship_places_clear(out);
			return -1;
		}
	}
	return 0;
}

void
ship_places_clear(struct ship_places *p)
{
	free(p->v);
	*p = (struct ship_places){ .v = NULL };
}

static void
add_counts(struct ship_counts *to, const struct ship_counts *c)
{
	to->shards += c->shards;
	to->flows += c->flows;
	to->there += c->there;
	to->waiting += c->waiting;
	to->failed += c->failed;
	to->expired += c->expired;
}

int
ship_places_run(const struct ship_options *o, const struct ship_places *p,
    const struct ship_mode *mode, const struct ship_calls *calls,
    struct ship_counts *counts, struct err *err)
{
	int rc = 0;

	*counts = (struct ship_counts){ .shards = 0 };
	for (size_t i = 0; i < p->n; i++) {
		struct ship_options own = *o;
		struct ship_counts c;
		struct err why;

		/* a source that was never heard of has no folder */
		if (i > 0 && access(p->v[i].dir, F_OK) == -1)
			continue;
		own.collector = p->v[i].collector;
		if (ship_run(&own, p->v[i].dir, mode, calls, &c, &why) == -1 &&
		    rc == 0) {
			*err = why;
			rc = -1;
		}
		add_counts(counts, &c);
	}
	return rc;
}
