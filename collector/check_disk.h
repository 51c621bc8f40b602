/* --check of the folder: rights, and how long its disk will last. */
#ifndef COLLECTOR_CHECK_DISK_H
#define COLLECTOR_CHECK_DISK_H

#include <stdbool.h>

#include "collector/check.h"

/*
 * Who writes there now, and may we or the configured user?  false: nothing in
 * it can be looked at.
 */
bool	check_folder(struct check *k);

/* What shards take a day, and what that comes to. */
void	check_disk(struct check *k);

struct check_forecast {
	double	day_bytes;	/* of shards, a day */
	double	have_bytes;	/* all shards there are */
	double	free_bytes;	/* on the disk */
};

/* The finding of these figures and the configuration's limits. */
void	check_say_forecast(struct check *k, const struct check_forecast *f);

#endif
