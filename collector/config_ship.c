/* Section ship of flowdb.conf: see config_ship.h. */
#include "collector/config_ship.h"

#include <string.h>

#include "collector/config.h"
#include "collector/retain.h"

const char *const config_ship_names[CONFIG_SHIP_KEYS] = {
	"ship|nodes", "ship|cluster", "ship|database", "ship|collector",
	"ship|user", "ship|password", "ship|ca_file", "ship|gzip",
	"ship|max_age"
};

void
config_ship_options(cfg_opt_t out[CONFIG_SHIP_KEYS + 1])
{
	const cfg_opt_t keys[CONFIG_SHIP_KEYS + 1] = {
		CFG_STR_LIST("nodes", NULL, CFGF_NODEFAULT),
		CFG_STR("cluster", NULL, CFGF_NONE),
		CFG_STR("database", NULL, CFGF_NONE),
		CFG_STR("collector", NULL, CFGF_NONE),
		CFG_STR("user", NULL, CFGF_NONE),
		CFG_STR("password", NULL, CFGF_NONE),
		CFG_STR("ca_file", NULL, CFGF_NONE),
		CFG_BOOL("gzip", cfg_false, CFGF_NONE),
		CFG_STR("max_age", NULL, CFGF_NONE),
		CFG_END()
	};

	memcpy(out, keys, sizeof(keys));
}

/* All nodes so far; what the newest one does wrong. */
static int
check_nodes(cfg_opt_t *opt, struct err *err)
{
	struct ship_options all = { .n_nodes = 0 };
	int rc = 0;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		rc = ship_options_add(&all, cfg_opt_getnstr(opt, i), err);
	ship_options_clear(&all);
	return rc;
}

int
config_ship_key(cfg_opt_t *opt, struct err *err)
{
	const char *key = cfg_opt_name(opt), *text;
	int64_t age;

	if (cfg_opt_size(opt) == 0 || strcmp(key, "gzip") == 0)
		return 0;
	if (strcmp(key, "nodes") == 0)
		return check_nodes(opt, err);
	text = cfg_opt_getnstr(opt, 0);
	if (text[0] == '\0')
		return 0;
	if (strcmp(key, "max_age") == 0)
		return retain_age_parse(text, &age) == 0 ? 0 : err_set(err,
		    "max_age \"%s\": want an age, as 36h or 30d", text);
	if (strcmp(key, "cluster") == 0 || strcmp(key, "database") == 0)
		return ship_options_check_name(key, text, err);
	if (strcmp(key, "collector") == 0)
		return ship_options_check_collector(text, err);
	return 0;
}

/* A text of the section; "", or a wrong one, leaves what is there. */
static int
take_text(cfg_t *sec, const char *name, char **member)
{
	const char *text = cfg_getstr(sec, name);
	struct err ignored;

	if (text == NULL || text[0] == '\0' ||
	    config_ship_key(cfg_getopt(sec, name), &ignored) == -1)
		return 0;
	return config_set(member, text);
}

int
config_ship_take(struct ship_options *o, cfg_t *sec)
{
	const char *age = cfg_getstr(sec, "max_age");
	struct err ignored;

	ship_options_clear(o);
	if (ship_options_init(o) == -1 ||
	    take_text(sec, "cluster", &o->cluster) == -1 ||
	    take_text(sec, "database", &o->database) == -1 ||
	    take_text(sec, "collector", &o->collector) == -1 ||
	    take_text(sec, "user", &o->user) == -1 ||
	    take_text(sec, "password", &o->password) == -1 ||
	    take_text(sec, "ca_file", &o->ca_file) == -1)
		return -1;
	for (unsigned i = 0; i < cfg_size(sec, "nodes"); i++)
		(void)ship_options_add(o, cfg_getnstr(sec, "nodes", i),
		    &ignored);
	o->gzip = cfg_getbool(sec, "gzip") == cfg_true;
	if (age != NULL && age[0] != '\0')
		(void)retain_age_parse(age, &o->max_age_sec);
	return 0;
}
