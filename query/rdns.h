/*
 * Names of addresses by reverse DNS (--dns), from the system's resolver.
 * Bounded: a name server that does not answer costs RDNS_EACH_SEC for one
 * address and RDNS_ALL_SEC for a whole answer; after that, and after
 * RDNS_MOST addresses, no more are asked for.  Answers are kept.
 */
#ifndef QUERY_RDNS_H
#define QUERY_RDNS_H

#include "schema/addr.h"
#include "schema/err.h"

#define RDNS_EACH_SEC	2.0
#define RDNS_ALL_SEC	10.0
#define RDNS_MOST	4096

struct rdns;

struct rdns *rdns_new(struct err *err);
void	rdns_free(struct rdns *r);

/* The name, valid as long as r, or NULL.  arg is the struct rdns. */
const char *rdns_name(void *arg, const struct addr *a);

#endif
