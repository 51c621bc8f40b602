/* Where shards are shipped to: see ship_options.h. */
#include "collector/ship_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ship_ledger.h"
#include "schema/clickhouse.h"
#include "schema/http.h"

int
ship_options_init(struct ship_options *o)
{
	char host[CLICKHOUSE_NAME_MAX + 1] = "";

	*o = (struct ship_options){ .n_nodes = 0 };
	if (gethostname(host, sizeof(host) - 1) == -1 ||
	    !clickhouse_is_collector(host))
		(void)strcpy(host, "flowdb");
	o->database = strdup(CLICKHOUSE_DATABASE);
	o->collector = strdup(host);
	return o->database == NULL || o->collector == NULL ? -1 : 0;
}

static void
clear_nodes(struct ship_options *o)
{
	while (o->n_nodes > 0)
		free(o->nodes[--o->n_nodes]);
}

void
ship_options_clear(struct ship_options *o)
{
	clear_nodes(o);
	free(o->cluster);
	free(o->database);
	free(o->collector);
	free(o->user);
	free(o->password);
	free(o->ca_file);
	*o = (struct ship_options){ .n_nodes = 0 };
}

int
ship_options_add(struct ship_options *o, const char *url, struct err *err)
{
	size_t len = strlen(url);

	if (http_check_url(url, err) == -1)
		return -1;
	if (o->n_nodes == SHIP_NODES_MAX)
		return err_set(err, "at most %d nodes", SHIP_NODES_MAX);
	if (len >= SHIP_URL_MAX)
		return err_set(err, "URL too long");
	/* one spelling, for the ledger */
	if (url[len - 1] == '/')
		len--;
	for (size_t i = 0; i < o->n_nodes; i++) {
		if (strlen(o->nodes[i]) == len &&
		    memcmp(o->nodes[i], url, len) == 0)
			return err_set(err, "node %s stands there twice", url);
	}
	o->nodes[o->n_nodes] = strndup(url, len);
	if (o->nodes[o->n_nodes] == NULL)
		return err_set(err, "out of memory");
	o->n_nodes++;
	return 0;
}

int
ship_options_nodes(struct ship_options *o, const char *list, struct err *err)
{
	char *copy = strdup(list), *rest = copy, *url;
	int rc = 0;

	if (copy == NULL)
		return err_set(err, "out of memory");
	clear_nodes(o);
	while (rc == 0 && (url = strsep(&rest, ",")) != NULL)
		rc = ship_options_add(o, url, err);
	free(copy);
	return rc;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
ship_options_equal(const struct ship_options *a, const struct ship_options *b)
{
	bool same = a->n_nodes == b->n_nodes && a->gzip == b->gzip &&
	    a->max_age_sec == b->max_age_sec &&
	    same_text(a->cluster, b->cluster) &&
	    same_text(a->database, b->database) &&
	    same_text(a->collector, b->collector) &&
	    same_text(a->user, b->user) &&
	    same_text(a->password, b->password) &&
	    same_text(a->ca_file, b->ca_file);

	for (size_t i = 0; same && i < a->n_nodes; i++)
		same = strcmp(a->nodes[i], b->nodes[i]) == 0;
	return same;
}

int
ship_options_check_name(const char *what, const char *text, struct err *err)
{
	if (clickhouse_is_name(text))
		return 0;
	return err_set(err, "%s \"%s\": want letters, digits and _", what,
	    text);
}

int
ship_options_check_collector(const char *text, struct err *err)
{
	if (clickhouse_is_collector(text))
		return 0;
	return err_set(err, "collector \"%s\": want letters, digits and "
	    "_.-/, at most %d", text, CLICKHOUSE_NAME_MAX);
}

int
ship_options_check(const struct ship_options *o, struct err *err)
{
	if (ship_options_check_name("database", o->database, err) == -1 ||
	    (o->cluster != NULL && ship_options_check_name("cluster",
	    o->cluster, err) == -1) ||
	    ship_options_check_collector(o->collector, err) == -1)
		return -1;
	/* else each node would answer with its own part, and say nothing */
	if (o->n_nodes > 1 && o->cluster == NULL)
		return err_set(err, "ship: several nodes need the name of "
		    "their cluster");
	return 0;
}
