/* Folders by default: see defaults.h. */
#include "query/defaults.h"

#include <confuse.h>
#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_PATH	"/etc/flowdb/flowdb.conf"
#define DEFAULT_DIR	"/var/lib/flowdb"
#define GEO_DIRS	"/var/lib/GeoIP", "/usr/share/GeoIP"

char *
default_key(const char *path, const char *key)
{
	cfg_opt_t opts[] = {
		CFG_STR(key, NULL, CFGF_NONE),
		CFG_END()
	};
	cfg_t *cfg;
	char *value = NULL;

	if (access(path, R_OK) != 0)
		return NULL;
	cfg = cfg_init(opts, CFGF_IGNORE_UNKNOWN);
	if (cfg == NULL)
		return NULL;
	if (cfg_parse(cfg, path) == CFG_SUCCESS && cfg_getstr(cfg, key) != NULL)
		value = strdup(cfg_getstr(cfg, key));
	cfg_free(cfg);
	return value;
}

char *
default_dir(void)
{
	const char *env = getenv("FLOWDB_DIR");
	char *dir = env != NULL && *env != '\0' ? strdup(env) :
	    default_key(CONFIG_PATH, "directory");

	return dir != NULL ? dir : strdup(DEFAULT_DIR);
}

char *
default_names(const char *option)
{
	const char *env = getenv("FLOWDB_NAMES");
	char *dir;

	if (option != NULL || env != NULL)
		return strdup(option != NULL ? option : env);
	dir = default_key(CONFIG_PATH, "names");
	return dir != NULL ? dir : strdup("");
}

const char *
default_geo(void)
{
	static const char *const dirs[] = { GEO_DIRS };
	const char *env = getenv("FLOWDB_GEO");

	if (env != NULL && *env != '\0')
		return env;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char pattern[64];
		glob_t found;
		int rc;

		(void)snprintf(pattern, sizeof(pattern), "%s/*.mmdb",
		    dirs[i]);
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads */
		rc = glob(pattern, GLOB_NOSORT, NULL, &found);
		if (rc == 0)
			globfree(&found);
		if (rc == 0)
			return dirs[i];
	}
	return NULL;
}
