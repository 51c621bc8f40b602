/*
 * What the files share that write SQL of ClickHouse: a statement under
 * construction and the texts of columns.  Not for others.
 */
#ifndef QUERY_CH_WRITE_H
#define QUERY_CH_WRITE_H

#include <sqlite3.h>

#include "query/ast.h"
#include "query/ch_sql.h"

/* The addresses ::ffff:0.0.0.0 to ::ffff:255.255.255.255. */
#define CH_MAPPED_FROM	"'\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\xff\\xff\\0\\0\\0\\0'"
#define CH_MAPPED_TO	"'\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\xff\\xff" \
	"\\xff\\xff\\xff\\xff'"

/* The order of storage. */
#define CH_STORAGE	"shard, collector, flow_id"

/* When a flow began and ended, for sums: 0 when it was not sent. */
#define CH_FIRST	"ifNull(first_ms, 0)"
#define CH_LAST		"(ifNull(first_ms, 0) + ifNull(duration_ms, 0))"

/* The shards that the window cuts. */
enum ch_cut { CH_CUT_TOO, CH_CUT_NOT, CH_CUT_ONLY };

struct ch_writer {
	sqlite3_str		*s;	/* SQLite's only by its maker */
	const struct ch_shape	*shape;
	const struct ch_roll	*roll;	/* read instead of flows, or NULL */
	enum ch_cut		 cut;
	struct err		*err;
	bool			 failed;	/* err is filled */
};

/* A statement: begin, write, end. */
void	ch_begin(struct ch_writer *w, const struct ch_shape *shape,
	    struct err *err);
char	*ch_end(struct ch_writer *w);

/* A literal of any bytes. */
void	ch_text(struct ch_writer *w, const void *bytes, size_t len);
/* 16 bytes as they are stored. */
void	ch_addr(struct ch_writer *w, const struct addr *a);

/* What stands for a column; NULL where it was not sent. */
const char *ch_name(const struct ch_writer *w, enum column c);

/* "bitAnd(...)": of the bits of mapped, those of bit. */
void	ch_mapped(struct ch_writer *w, unsigned bit);

/* A counter, NULL where it was not sent; scaled if the shape says so. */
void	ch_counter(struct ch_writer *w, enum column c);

/* The value of a subject; NULL where it was not sent. */
void	ch_subject(struct ch_writer *w, int subject);

/* The part of it that is compared, as text of its own; sqlite3_malloc'd. */
char	*ch_subject_text(struct ch_writer *w, int subject, enum part part);

/* Bit of mapped for an address of this subject. */
unsigned ch_mapped_bit(int subject);

/* "expr is in the set", 0 for NULL.  bit: of mapped, for addresses. */
void	ch_in_set(struct ch_writer *w, const char *expr, const struct set *set,
	    unsigned bit);

/* FROM flows or roll-up WHERE window AND filter; more can follow by AND. */
void	ch_from(struct ch_writer *w, const struct filter *f);

/* How a column, or STAT_EXPORTER, stands in a row. */
struct ch_field ch_field_of(int column);

/* The filter as an expression that is 0 or 1, never NULL. */
void	ch_filter(struct ch_writer *w, const struct node *n);

#endif
