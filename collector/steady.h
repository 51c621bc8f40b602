/*
 * The clock that nobody sets (CLOCK_MONOTONIC): a step of the wall clock must
 * not move a time limit.
 */
#ifndef COLLECTOR_STEADY_H
#define COLLECTOR_STEADY_H

#include <pthread.h>
#include <time.h>

time_t	steady_sec(void);

/* Those who wait for it do so until a time of this clock. */
void	steady_cond_init(pthread_cond_t *cond);

#endif
