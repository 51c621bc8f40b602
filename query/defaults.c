/* The folder of flows by default: see defaults.h. */
#include "query/defaults.h"

#include <confuse.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_PATH	"/etc/flowdb/flowdb.conf"
#define DEFAULT_DIR	"/var/lib/flowdb"

/* Key "directory" of the collector's configuration, or NULL. */
static char *
configured_dir(void)
{
	cfg_opt_t opts[] = {
		CFG_STR("directory", NULL, CFGF_NONE),
		CFG_END()
	};
	cfg_t *cfg;
	char *dir = NULL;

	if (access(CONFIG_PATH, R_OK) != 0)
		return NULL;
	/* what else stands there is the collector's to judge */
	cfg = cfg_init(opts, CFGF_IGNORE_UNKNOWN);
	if (cfg == NULL)
		return NULL;
	if (cfg_parse(cfg, CONFIG_PATH) == CFG_SUCCESS &&
	    cfg_getstr(cfg, "directory") != NULL)
		dir = strdup(cfg_getstr(cfg, "directory"));
	cfg_free(cfg);
	return dir;
}

char *
default_dir(void)
{
	const char *env = getenv("FLOWDB_DIR");
	char *dir = env != NULL && *env != '\0' ? strdup(env) :
	    configured_dir();

	return dir != NULL ? dir : strdup(DEFAULT_DIR);
}
