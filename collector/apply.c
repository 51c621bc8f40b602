/* From the configuration to the parts of the collector: see apply.h. */
#include "collector/apply.h"

#include <stdlib.h>
#include <string.h>

#include "collector/log.h"

static void
add_sampling(struct decoder *d, const struct prefix *who, uint32_t rate,
    bool force)
{
	if (decoder_set_sampling(d, who, rate, force) == -1)
		log_warnx("sampling: out of memory");
}

void
apply_sampling(struct decoder *d, const struct config *c)
{
	decoder_reset_sampling(d, c->decoder.default_sampling);
	for (size_t i = 0; i < c->n_sampling; i++)
		add_sampling(d, &c->sampling[i].who, c->sampling[i].rate,
		    c->sampling[i].force);
	/* of these, the longest prefix */
	for (int bits = 128; bits >= 0; bits--) {
		for (size_t i = 0; i < c->n_sources; i++) {
			const struct config_source *cs = &c->sources[i];

			for (size_t k = 0; cs->sampling > 0 &&
			    k < cs->who.n; k++) {
				if (cs->who.v[k].bits == bits)
					add_sampling(d, &cs->who.v[k],
					    cs->sampling, cs->force);
			}
		}
	}
}

struct sealer_options *
apply_sealer_options(const struct config *c)
{
	struct sealer_options *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->seal = (struct seal_options){ c->indexes, SEALER_MEMORY };
	o->hook_limit_sec = c->hook_limit_sec;
	if (config_retain_plan(c, &o->plan) == -1 || (c->hook[0] != '\0' &&
	    (o->hook = strdup(c->hook)) == NULL)) {
		sealer_options_free(o);
		return NULL;
	}
	return o;
}

static bool
same_texts(char *const *a, size_t n, char *const *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(a[i], b[i]) != 0)
			return false;
	}
	return true;
}

void
apply_tell_restart(const struct config *o, const struct config *n)
{
	const struct decoder_limits *a = &o->decoder, *b = &n->decoder;
	const struct { const char *key; bool same; } keys[] = {
		{ "directory", strcmp(o->directory, n->directory) == 0 },
		{ "listen", same_texts(o->listen, o->n_listen, n->listen,
		    n->n_listen) },
		{ "port", o->port == n->port },
		{ "receive_buffer", o->receive_buffer == n->receive_buffer },
		{ "batch_flows", o->batch_flows == n->batch_flows },
		{ "slot", o->slot_sec == n->slot_sec },
		{ "user", strcmp(o->user, n->user) == 0 },
		{ "group", strcmp(o->group, n->group) == 0 },
		{ "metrics_listen", strcmp(o->metrics_listen,
		    n->metrics_listen) == 0 },
		{ "status_socket", strcmp(o->status_socket,
		    n->status_socket) == 0 },
		{ "pidfile", strcmp(o->pidfile, n->pidfile) == 0 },
		{ "log", strcmp(o->log, n->log) == 0 },
		{ "repeat", same_texts(o->repeat, o->n_repeat, n->repeat,
		    n->n_repeat) },
		{ "ship", ship_options_equal(&o->ship, &n->ship) },
		{ "max_exporters", a->max_exporters == b->max_exporters },
		{ "max_templates", a->max_templates == b->max_templates },
		{ "template_age", a->template_age_sec ==
		    b->template_age_sec },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i].same)
			log_warnx("reload: %s changes at the next start only",
			    keys[i].key);
	}
}

int
apply_folders(struct folders *folders, const struct config *c,
    struct err *err)
{
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; i < c->n_sources; i++) {
		const struct folder *f;

		if (config_source_path(c, &c->sources[i], path) == -1)
			return err_set(err, "source \"%s\": path too long",
			    c->sources[i].name);
		f = folders_get(folders, path, err);
		if (f == NULL || folders_lock(folders, f->number,
		    err) == -1)
			return -1;
	}
	return 0;
}
