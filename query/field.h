/*
 * What can be printed about a row, as one table: the tag of fmt:, the heading
 * and width in text tables, the name in CSV and JSON, and how it is printed.
 * Names and types of stored columns come from columns.def.
 *
 * A field has two forms: its value (CSV, JSON: exact, whole, UTC), written
 * here, and its cell in a table (scaled, padded, local time): cell.h.
 */
#ifndef QUERY_FIELD_H
#define QUERY_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/row.h"
#include "query/timetext.h"

enum field_kind {
	/* of one column, as its type says */
	FIELD_NUMBER, FIELD_COUNTER, FIELD_ADDR, FIELD_MAC, FIELD_FLAGS,
	FIELD_PROTO,
	FIELD_PORT,		/* of the destination: ICMP has type.code */
	FIELD_ICMP_TYPE, FIELD_ICMP_CODE,
	FIELD_DIRECTION, FIELD_HEX, FIELD_MPLS, FIELD_FW_EVENT,
	FIELD_FW_XEVENT, FIELD_NAT_EVENT,
	/* times: the value is to the second, or ms for _RAW, DURATION */
	FIELD_FIRST, FIELD_LAST, FIELD_FIRST_RAW, FIELD_LAST_RAW,
	FIELD_DURATION, FIELD_SECONDS,
	/* computed */
	FIELD_PPS, FIELD_BPS, FIELD_BPP, FIELD_FLOWS,
	/* of the exporter's row */
	FIELD_EXPORTER, FIELD_VERSION,
	/* where the address in the column is */
	FIELD_COUNTRY, FIELD_ASN,
	/* tables only: two columns or more, the line's number, a new line */
	FIELD_ADDR_PORT, FIELD_NET, FIELD_ENGINE, FIELD_MPLS_ALL,
	FIELD_RECORD, FIELD_NEWLINE
};

/* Which table of names (query/names.h; service.h for ports) knows the value. */
enum field_naming {
	NAMED_NOT, NAMED_ADDR, NAMED_AS, NAMED_IF, NAMED_EXPORTER,
	NAMED_PORT, NAMED_COUNTRY, NAMED_ASN
};

struct field {
	const char		*tag;		/* without %; NULL: none */
	const char		*name;		/* NULL: the column's */
	const char		*heading;	/* with its blanks */
	uint8_t			 width;		/* IPv6 cut to fit */
	enum field_kind		 kind;
	enum field_naming	 naming;
	enum column		 column;	/* COLUMN_COUNT: none */
	enum column		 second;	/* of two; else the same */
};

#define FIELD_VALUE_MAX	64	/* no value is longer */

/* By tag or by name, NULL when there is none. */
const struct field *field_find(const char *word, size_t len);

/* What nfdump knows by that tag and we don't store ("latency"), or NULL. */
const char *field_not_stored(const char *tag, size_t len);

/* The i-th field, NULL after the last. */
const struct field *field_at(size_t i);

/* The field that shows the column of a struct print_key. */
const struct field *field_of(int column);

/* NULL: only for tables. */
const char *field_name(const struct field *f);

/* Is the value a number in JSON? */
bool	field_is_number(const struct field *f);

/* flow_bit() of the columns that it reads. */
uint64_t field_columns(const struct field *f);

/* Columns that the field's name is looked up by are among them. */
uint64_t field_name_columns(const struct field *f);

/*
 * Writes the value (no NUL); returns its length, 0 for a field that was not
 * sent.  t is UTC.
 */
size_t	field_value(const struct field *f, struct timetext *t,
	    const struct row *r, char out[FIELD_VALUE_MAX]);

/* Is there a value that field_value writes? */
bool	field_is_set(const struct field *f, const struct row *r);

struct names;

/* May values of the field have names in n?  False when n is NULL. */
bool	field_is_named(const struct field *f, const struct names *n);

/* The name of the value, NULL when there is none. */
const char *field_named(const struct field *f, const struct names *n,
	    const struct row *r);

/* The address of an ADDR field or of the exporter; NULL: not set. */
const struct addr *field_addr(enum column c, const struct row *r);

#endif
