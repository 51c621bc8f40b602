/*
 * Where an address is: its country and the AS that announces it, from
 * databases in MaxMind's format (GeoLite2, DB-IP, IPinfo, ...), which
 * libmaxminddb reads.  A flow does not know it: it is looked up when it is
 * asked for, so the answer is that of the database of today.
 *
 * A value is a number: of a country its two letters, 'D' << 8 | 'E'; of an AS
 * its number; 0: the database does not know.
 *
 * Built without the library (geo_none.c) geo_open fails and says so.
 */
#ifndef QUERY_GEO_H
#define QUERY_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"
#include "schema/err.h"

enum geo_what { GEO_NOTHING, GEO_COUNTRY, GEO_AS, GEO_KINDS };

#define GEO_CODE_LEN	2	/* letters of a country */
#define GEO_CODE_NONE	".."	/* those of no country, as nfdump */

struct geo;

/* Was it built with the library? */
bool	geo_available(void);

/*
 * path: a database, or a folder of them (*.mmdb); of several that know the
 * same the first by name is taken.  NULL and err when one cannot be read, or
 * none knows countries or AS numbers.
 */
struct geo *geo_open(const char *path, struct err *err);
void	geo_close(struct geo *g);

/* Is there a database for it? */
bool	geo_knows(const struct geo *g, enum geo_what what);

/* Threads may ask at the same time.  0 also when g is NULL. */
uint32_t geo_find(const struct geo *g, enum geo_what what,
	    const struct addr *a);

/*
 * "Germany", "Example Networks", or NULL; lives as long as g.  The first call
 * reads the whole database.  One thread only.
 */
const char *geo_name(struct geo *g, enum geo_what what, uint32_t value);

/*
 * Gives all addresses of a country or an AS, 0: of none, as ranges of one
 * family each, IPv4 first, rising, neighbours joined.  Ends with -1 when add
 * does; else 0, or -1 when the database is damaged.
 */
typedef int geo_add(void *arg, const struct addr *lo, const struct addr *hi,
	    struct err *err);

int	geo_ranges(const struct geo *g, enum geo_what what, uint32_t value,
	    geo_add *add, void *arg, struct err *err);

/* The country of two letters, 0 of GEO_CODE_NONE; -1: it is none. */
static inline int64_t
geo_code_parse(const char *text, size_t len)
{
	int64_t code = 0;

	if (len != GEO_CODE_LEN)
		return -1;
	if (text[0] == '.' && text[1] == '.')
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = (char)(text[i] >= 'a' && text[i] <= 'z' ?
		    text[i] - 'a' + 'A' : text[i]);

		if (c < 'A' || c > 'Z')
			return -1;
		code = code << 8 | c;
	}
	return code;
}

/* The letters of a country, GEO_CODE_NONE of 0. */
static inline size_t
geo_code_text(uint32_t country, char *out)
{
	out[0] = country == 0 ? '.' : (char)(country >> 8);
	out[1] = country == 0 ? '.' : (char)country;
	return GEO_CODE_LEN;
}

#endif
