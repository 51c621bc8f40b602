/*
 * The configuration of flowdbd: from the command line and flowdb.conf, into
 * one plain struct.  Options win over the file, the file over the defaults.
 */
#ifndef COLLECTOR_CONFIG_H
#define COLLECTOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/packet.h"
#include "collector/repeat.h"
#include "collector/retain.h"
#include "collector/ship_options.h"
#include "schema/addr.h"
#include "schema/err.h"

#define CONFIG_DEFAULT_PATH	"/etc/flowdb/flowdb.conf"
#define CONFIG_MAX_LISTEN	16
#define CONFIG_MAX_SAMPLING	256
#define CONFIG_MAX_IMPORT	256
#define CONFIG_MAX_SOURCES	256
#define CONFIG_MAX_FOLDERS	500	/* of unknown senders */
#define CONFIG_MAX_PREFIXES	1024	/* of one list */
#define CONFIG_NAME_MAX		64	/* of a source, with NUL */
#define CONFIG_PATH_MAX		4096

/* A sampling rate for exporters of a prefix. */
struct config_sampling {
	struct prefix	who;
	uint32_t	rate;
	bool		force;		/* also against what the exporter says */
};

struct config_prefixes {
	struct prefix	*v;
	size_t		 n;
};

/* Exporters that have a folder and a name. */
struct config_source {
	char		 name[CONFIG_NAME_MAX];
	char		*directory;	/* absolute, or below config.directory */
	struct config_prefixes who;
	struct retain_own own;		/* limits of its folder */
	uint32_t	 sampling;	/* 0: as for all */
	bool		 force;
};

/* What becomes of senders that belong to no source. */
enum config_unknown {
	UNKNOWN_ACCEPT,			/* into the data directory itself */
	UNKNOWN_REFUSE,
	UNKNOWN_FOLDER			/* each into a folder of its own */
};

struct config {
	char	*directory;
	char	*names;			/* flowq's; "": none */
	char	*listen[CONFIG_MAX_LISTEN];	/* addresses; none: all */
	size_t	 n_listen;
	int	 port;
	int	 slot_sec;
	int	 receive_buffer;	/* bytes */
	int	 batch_flows;
	int	 commit_ms;
	char	*user;			/* "": stay who we are */
	char	*group;
	char	*pidfile;		/* "": none */
	char	*log;			/* "": stderr, or syslog as a daemon */
	int	 log_level;		/* enum log_level */
	char	*hook;			/* "": none */
	int	 hook_limit_sec;
	bool	 indexes;
	bool	 expire;		/* apply the limits */
	struct retain_limits retain;
	struct decoder_limits decoder;
	struct config_prefixes allow;	/* who may send; none: all */
	int	 unknown;		/* enum config_unknown */
	int	 max_folders;		/* of UNKNOWN_FOLDER */
	struct config_source *sources;
	size_t	 n_sources;
	struct config_sampling sampling[CONFIG_MAX_SAMPLING];
	size_t	 n_sampling;
	char	*repeat[REPEAT_MAX];
	size_t	 n_repeat;
	char	*metrics_file;		/* "": none */
	char	*metrics_listen;	/* "": none; see endpoint.h */
	char	*status_socket;		/* "": in the data directory */
	struct ship_options ship;	/* no nodes: none */
	/* only by option */
	char	*capture;		/* -r */
	char	*import[CONFIG_MAX_IMPORT];	/* CSV files, "-": stdin */
	size_t	 n_import;
	bool	 import_utc;		/* their local times are UTC */
	bool	 daemonize;
	bool	 check_only;		/* -n */
	bool	 look_over;		/* --check */
	bool	 dry_run;
	bool	 expire_only;		/* --expire */
	bool	 status_only;		/* --status */
	bool	 ship_only;		/* --ship */
	bool	 ship_dry;		/* --ship-dry-run */
	bool	 ship_schema;		/* --ship-schema */
};

/* All defaults; NULL: out of memory. */
struct config *config_new(void);
void	config_free(struct config *c);

/* Takes all sources out. */
void	config_clear_sources(struct config *c);

/*
 * Reads the file over what c holds.  Each mistake goes to report (as
 * "file:line: what"); all are told in one run.  -1: there was one, and c is
 * not to be used.
 */
int	config_read(struct config *c, const char *path,
	    void (*report)(void *arg, const char *text), void *arg);

/* What must hold of the whole, all of it told; -1 when something does not. */
int	config_check(const struct config *c,
	    void (*report)(void *arg, const char *text), void *arg);

/* Is there a limit that expiring could go by? */
bool	config_has_limits(const struct config *c);

/* Where the source's shards are; -1: the path is too long. */
int	config_source_path(const struct config *c,
	    const struct config_source *s, char out[CONFIG_PATH_MAX]);

/*
 * What is kept where, for sealing and expiring; to be cleared in any case.
 * -1: out of memory.
 */
int	config_retain_plan(const struct config *c, struct retain_plan *p);

/* Replaces a string member.  -1: out of memory. */
int	config_set(char **member, const char *value);

/* "500", "64k", "8M": a buffer size in bytes; 0 or -1. */
int	config_parse_bytes(const char *text, int *out);

/* One more prefix, from its text.  -1 and err: none, or too many. */
int	config_add_prefix(struct config_prefixes *p, const char *text,
	    struct err *err);

/* Writes flowdb.conf.example: every key, its doc, its default. */
void	config_print_example(FILE *f);

#endif
