/*
 * The same work done many times at once.
 */
#ifndef SCHEMA_TOGETHER_H
#define SCHEMA_TOGETHER_H

#include <stddef.h>

#define TOGETHER_MAX	64

/*
 * Calls fn(arg, i) for each i below n (at most TOGETHER_MAX), each in a thread
 * of its own, and comes back when the last has ended.  What no thread can be
 * had for is done by the caller's.
 */
void	together(size_t n, void (*fn)(void *arg, size_t i), void *arg);

#endif
