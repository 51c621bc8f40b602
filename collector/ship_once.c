/* --ship, --ship-dry-run and --ship-schema: see ship_once.h. */
#include "collector/ship_once.h"

#include <stdlib.h>
#include <unistd.h>

#include "collector/log.h"
#include "collector/report.h"
#include "collector/ship_places.h"
#include "schema/clickhouse.h"

int
ship_print_schema(const struct ship_options *o, FILE *f)
{
	for (unsigned i = 0; i < clickhouse_statements(); i++) {
		char *sql = clickhouse_statement(o->database, o->cluster, i);

		if (sql == NULL) {
			log_error("out of memory");
			return -1;
		}
		fprintf(f, "%s;\n\n", sql);
		free(sql);
	}
	return fflush(f) == 0 ? 0 : -1;
}

/* What ship_once shows. */
struct shipping {
	bool	bar;
	bool	dry;
	bool	told;		/* what the trouble is */
};

static void
show_sent(void *arg, const char *path, const char *node, int64_t flows)
{
	const struct shipping *s = arg;

	(void)flows;
	if (s->bar && !s->dry)
		return;
	printf("%s\t%s\n", path, node);
}

static void
show_trouble(void *arg, const char *text)
{
	struct shipping *s = arg;

	if (s->bar)
		report_progress(-1, 0);
	log_error("%s", text);
	s->told = true;
}

static void
show_progress(void *arg, double part, uint64_t flows)
{
	const struct shipping *s = arg;

	if (s->bar)
		report_progress(part, flows);
}

int
ship_once(const struct config *c)
{
	struct shipping s = { .bar = isatty(STDERR_FILENO) && !c->ship_dry,
		.dry = c->ship_dry };
	const struct ship_calls calls = { show_sent, show_trouble,
		show_progress, &s, NULL };
	const struct ship_mode mode = { .dry = c->ship_dry };
	struct ship_counts n = { .shards = 0 };
	struct ship_places places;
	struct err err;
	int rc = ship_places_make(c, &places, &err);

	if (rc == 0) {
		rc = ship_places_run(&c->ship, &places, &mode, &calls, &n,
		    &err);
		ship_places_clear(&places);
	}
	if (s.bar)
		report_progress(-1, 0);
	if (rc == -1 && !s.told)
		log_error("%s", err.msg);
	printf("%llu shards (%llu flows) sent, %llu were there, %llu %s\n",
	    (unsigned long long)n.shards, (unsigned long long)n.flows,
	    (unsigned long long)n.there, (unsigned long long)n.waiting,
	    c->ship_dry ? "would be sent" : "are missing");
	return fflush(stdout) == 0 && rc == 0 ? 0 : -1;
}
