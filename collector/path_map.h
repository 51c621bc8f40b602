/*
 * Which row of table path holds the PATH columns of a flow: a hash table in
 * front of the shard.  It grows as it needs to, up to a bound: then it forgets
 * everything, and rows are inserted a second time, which is harmless.
 */
#ifndef COLLECTOR_PATH_MAP_H
#define COLLECTOR_PATH_MAP_H

#include <stdint.h>

#include "schema/flow.h"

#define PATH_MAP_ROWS	49152	/* about 8 MB; two thirds of it more for a
				 * moment while it grows */

struct path_map;

/* NULL: out of memory. */
struct path_map *path_map_new(void);
void	path_map_free(struct path_map *m);

/* Most bytes that one takes. */
size_t	path_map_memory(void);

/* Forgets all rows: for the next shard, or after a rollback. */
void	path_map_clear(struct path_map *m);

/*
 * The row id that belongs to the path of f, as given before; or 0, and the
 * place is kept for path_map_set.
 */
int64_t	path_map_find(struct path_map *m, const struct flow *f);

/* Tells the id of the row just asked for in vain. */
void	path_map_set(struct path_map *m, int64_t id);

#endif
