/*
 * Keys that flows are added under: a statistic of -s, the fields of -A, or
 * the 5-tuple of -a.  A group turns the data of a row into the bytes of a
 * key of schema/tally.h, and a key back into a struct row.
 *
 * Key: two bits per part (0 not sent, 1 a number or IPv4, 2 IPv6), four parts
 * a byte; then each part's value, numbers big-endian in the width of their
 * column, addresses as they are.
 */
#ifndef QUERY_GROUP_H
#define QUERY_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/datum.h"
#include "query/order.h"
#include "query/print.h"
#include "query/stats.h"
#include "schema/err.h"
#include "schema/tally.h"

struct series;

#define GROUPS_MAX	64	/* of one question */
#define GROUP_NAME_MAX	24
#define GROUP_ORDERS	8

struct group_part {
	char			 name[GROUP_NAME_MAX];	/* as asked for */
	const struct stat_info	*info;
	uint8_t			 bits4;		/* of an IPv4 address: 32 */
	uint8_t			 bits6;		/* 128 */
	int			 mask;		/* column of the length, or -1 */
};

enum group_kind {
	GROUP_STAT,		/* -s NAME: a row without the value is left out */
	GROUP_RECORD,		/* -s record, -a */
	GROUP_FIELDS		/* -A */
};

struct group {
	enum group_kind		 kind;
	struct group_part	 part[PRINT_KEYS_MAX];
	size_t			 n;		/* :p adds proto behind */
	bool			 by_proto;
	bool			 ranked;	/* asked for by -s */
	bool			 out;		/* counters of the other way */
	/*
	 * GROUP_RECORD: both directions of a conversation have the same key but
	 * for its last byte, 1 for the one whose ends stand there swapped.
	 */
	bool			 bidir;
	struct order		 order[GROUP_ORDERS];	/* a table for each */
	size_t			 n_orders;
	/* Sums by bin of time and key instead: see series.h.  NULL: no. */
	const struct series	*series;
	/* for keys that are places; not NULL then.  Else for printing. */
	const struct geo	*geo;
};

/*
 * "srcip:p/bytes/flows:a", the text of -s.  default_order: of -O, or NULL
 * (flows, as nfdump).  -1: ERR_SYNTAX with the place in text.
 */
int	group_parse_stat(const char *text, const struct order *default_order,
	    struct group *out, struct err *err);

/* "srcip,dstip4/24,dstport", the text of -A. */
int	group_parse_fields(const char *text, struct group *out,
	    struct err *err);

/* The 5-tuple: proto, addresses, ports. */
void	group_record(struct group *out);

/* Bytes of the states, before the values. */
size_t	group_head(const struct group *g);

/* Bytes of the longest key that the group can make. */
size_t	group_key_max(const struct group *g);

/* Bytes at the end of a key that only tell directions apart. */
size_t	group_tail(const struct group *g);

/* Is a part of the key the place of an address? */
bool	group_has_place(const struct group *g, enum geo_what what);

/* How often a row is counted at most: sides of its statistic. */
unsigned group_sides(const struct group *g);

/* flow_bit() of the columns it reads (COL_exporter for STAT_EXPORTER). */
uint64_t group_columns(const struct group *g);

/*
 * What printers show of its key: how many; the names are the group's.  The
 * protocol of :p is not among them.
 */
size_t	group_print_keys(const struct group *g,
	    struct print_key keys[PRINT_KEYS_MAX]);

/*
 * The key of one side of a row into out; its length, or 0 when the row is not
 * counted under this side.  data: by enum column, STAT_EXPORTER last.
 */
size_t	group_key(const struct group *g, const struct datum *data,
	    unsigned side, uint8_t out[TALLY_KEY_MAX]);

/* A key and its sums as a row: the key's fields set, and the counters. */
void	group_row(const struct group *g, const uint8_t *key, size_t len,
	    const struct tally_sum *sum, struct row *out);

/*
 * The key as bytes whose memcmp order is that of group_compare; its length,
 * at most 2 * TALLY_KEY_MAX.
 */
size_t	group_sort_key(const struct group *g, const uint8_t *key,
	    uint8_t *out);

/* Order of keys part by part: not sent, IPv4, IPv6; then by value. */
int	group_compare(const struct group *g, const uint8_t *a,
	    const uint8_t *b);

#endif
