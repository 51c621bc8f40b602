/* Where flows and names are looked for when nobody says. */
#ifndef QUERY_DEFAULTS_H
#define QUERY_DEFAULTS_H

/*
 * $FLOWDB_DIR, else the directory of the collector's configuration, else the
 * collector's default.  malloc'd; NULL: out of memory.
 */
char	*default_dir(void);

/*
 * The folder of name tables: option (of --names) unless NULL, else
 * $FLOWDB_NAMES when it is set, else key "names" of the configuration; "":
 * none.  malloc'd; NULL: out of memory.
 */
char	*default_names(const char *option);

/*
 * malloc'd: the value of a key of a configuration file; NULL: there is none,
 * or no such file.  What else stands there is the collector's to judge.
 */
char	*default_key(const char *path, const char *key);

/*
 * The folder or file of country databases: $FLOWDB_GEO, or where geoipupdate
 * puts them.  NULL: there is none.
 */
const char *default_geo(void);

#endif
