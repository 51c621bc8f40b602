/* Where flows are looked for when nobody says. */
#ifndef QUERY_DEFAULTS_H
#define QUERY_DEFAULTS_H

/*
 * $FLOWDB_DIR, else the directory of the collector's configuration, else the
 * collector's default.  malloc'd; NULL: out of memory.
 */
char	*default_dir(void);

#endif
