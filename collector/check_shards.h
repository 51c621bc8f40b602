/*
 * --check of what arrives: silence, missing templates, wrong clocks, losses
 * and sampling, by what the newest shards say of each exporter.
 */
#ifndef COLLECTOR_CHECK_SHARDS_H
#define COLLECTOR_CHECK_SHARDS_H

#include "collector/check.h"

void	check_shards(struct check *k);

#endif
