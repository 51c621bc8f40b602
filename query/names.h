/*
 * Names for numbers: optional CSV tables of one folder, shown beside
 * addresses, AS numbers and interfaces.
 *
 *	networks.csv	network,name	    10.1.0.0/16,branch Ghent
 *	hosts.csv	address,name	    10.1.0.5,mail
 *	as.csv		asn,name	    64512,our own
 *	interfaces.csv	exporter,ifindex,name	10.0.0.1,3,uplink
 *	exporters.csv	address,name	    10.0.0.1,edge-1
 *
 * The first line names the columns, in any order; others are ignored.  The
 * separator is , ; or TAB, by the look of the first line; a BOM is fine.
 */
#ifndef QUERY_NAMES_H
#define QUERY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"
#include "schema/err.h"

#define NAMES_MAX_ROWS	4000000	/* over all tables */
#define NAMES_MAX_NAME	255	/* bytes of a name */

struct names;

/*
 * Reads the tables that dir holds.  NULL and err (file:line: what) when one
 * is wrong, dir cannot be read, or it holds none.
 */
struct names *names_load(const char *dir, struct err *err);
void	names_free(struct names *n);

/* No tables: for a resolver alone.  NULL: out of memory. */
struct names *names_new(struct err *err);

/*
 * Who is asked for an address that no table knows by itself; it goes before
 * the name of a network.  Gives NULL, or a name that stays.
 */
void	names_set_resolver(struct names *n,
	    const char *(*resolve)(void *arg, const struct addr *a),
	    void *arg);

/*
 * Names of countries and of AS numbers that no table knows: from g, which is
 * borrowed.  places_only: n holds no other names.
 */
struct geo;
void	names_set_geo(struct names *n, struct geo *g, bool places_only);
bool	names_of_places(const struct names *n);

/*
 * Each gives the name, valid as long as n, or NULL when there is none (also
 * when n is NULL).  An address takes its own name, else that of the longest
 * network it lies in.
 */
const char *names_addr(const struct names *n, const struct addr *a);
const char *names_as(const struct names *n, uint32_t as);
const char *names_country(const struct names *n, uint32_t country);
const char *names_if(const struct names *n, const struct addr *exporter,
	    uint32_t ifindex);
const char *names_exporter(const struct names *n, const struct addr *a);

#endif
