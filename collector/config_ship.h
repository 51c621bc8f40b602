/*
 * Section ship of flowdb.conf, for config_read.c: its keys, what they may say,
 * and its part of the example.
 */
#ifndef COLLECTOR_CONFIG_SHIP_H
#define COLLECTOR_CONFIG_SHIP_H

#include <confuse.h>
#include <stdbool.h>

#include "collector/ship_options.h"
#include "schema/err.h"

#define CONFIG_SHIP_KEYS	9

/* "ship|nodes": how cfg_set_validate_func wants them. */
extern const char *const config_ship_names[CONFIG_SHIP_KEYS];

/* Fills out with the keys and the end. */
void	config_ship_options(cfg_opt_t out[CONFIG_SHIP_KEYS + 1]);

/*
 * What is wrong with a key's value; of a list, with the newest one.  0: good,
 * -1 and err, which does not name the section.
 */
int	config_ship_key(cfg_opt_t *opt, struct err *err);

/*
 * Takes the section instead of what o holds; values that config_ship_key
 * refuses are left out.  -1: out of memory.
 */
int	config_ship_take(struct ship_options *o, cfg_t *sec);

#endif
