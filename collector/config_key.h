/*
 * The keys of flowdb.conf that stand for themselves: one table says name,
 * kind, member, default and meaning; reading, defaults and the example come
 * from it.  Only config.c and config_read.c know of it.
 */
#ifndef COLLECTOR_CONFIG_KEY_H
#define COLLECTOR_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/config.h"

enum config_kind {
	KIND_TEXT, KIND_USER, KIND_GROUP, KIND_HOOK, KIND_ENDPOINT,
	KIND_NUMBER, KIND_SLOT, KIND_U32, KIND_BYTES, KIND_BOOL, KIND_SIZE,
	KIND_AGE, KIND_LEVEL,
	KIND_UNKNOWN,
	/* lists */
	KIND_ADDRESSES, KIND_TARGETS, KIND_PREFIXES
};

struct config_key {
	const char		*name;
	enum config_kind	 kind;
	size_t			 offset;	/* in struct config */
	long			 min;
	long			 max;
	const char		*value;		/* default, as in the file */
	const char		*doc;
};

#define CONFIG_KEYS	31

extern const struct config_key config_keys[CONFIG_KEYS];

/* NULL: there is no such key. */
const struct config_key *config_key_find(const char *name);

bool	config_key_is_text(const struct config_key *k);
bool	config_key_is_list(const struct config_key *k);

/* Sets the member; -1 and err, which does not name the key. */
int	config_key_text(struct config *c, const struct config_key *k,
	    const char *text, struct err *err);
int	config_key_number(struct config *c, const struct config_key *k,
	    long v, struct err *err);
void	config_key_bool(struct config *c, const struct config_key *k, bool v);

/* One more value of a list; the others stay. */
int	config_key_add(struct config *c, const struct config_key *k,
	    const char *text, struct err *err);
void	config_key_clear(struct config *c, const struct config_key *k);

#endif
