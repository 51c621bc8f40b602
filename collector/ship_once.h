/* What flowdbd does with --ship, --ship-dry-run and --ship-schema. */
#ifndef COLLECTOR_SHIP_ONCE_H
#define COLLECTOR_SHIP_ONCE_H

#include <stdio.h>

#include "collector/config.h"

/*
 * Ships what is sealed and not there, or tells what that would be; a bar on a
 * terminal.  -1: not all is there, or the answer could not be written; told.
 */
int	ship_once(const struct config *c);

/* The SQL that makes the tables.  -1: it could not be written. */
int	ship_print_schema(const struct ship_options *o, FILE *f);

#endif
