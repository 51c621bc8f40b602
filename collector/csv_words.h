/*
 * What the columns of CSV are called, and what stands in them: our names and
 * those of nfdump.  A word says what a field is and where it goes.
 */
#ifndef COLLECTOR_CSV_WORDS_H
#define COLLECTOR_CSV_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/csv_rows.h"
#include "schema/column.h"

enum csv_kind {
	K_NONE,		/* of no use, and nobody misses it */
	K_UNKNOWN,
	K_FIRST, K_LAST, K_RECEIVED,	/* times of nfdump, 0: none */
	K_FIRST_UTC, K_LAST_UTC,	/* ours */
	K_LAST_MS,
	K_SPAN,		/* nfdump's */
	K_EXPORTER,
	K_PORT,		/* "3.1" for ICMP */
	K_OLD_PORT,	/* of nfdump 1.7.1, which loses types of ICMP */
	K_DIRECTION,	/* "I", "E" */
	K_ENGINE,	/* "type/id" */
	K_FLOWS,	/* 1: not merged */
	K_HEX,
	K_MPLS,
	K_COLUMN	/* by the column's type */
};

#define CSV_WORD_NO_COLUMN	COLUMN_COUNT

struct csv_word {
	const char	*name;
	enum csv_kind	 kind;
	int		 column;		/* or CSV_WORD_NO_COLUMN */
	bool		 zero_is_none;	/* 0 was not sent */
};

#define CSV_WORD_UNKNOWN	UINT8_MAX

/* The word of a header's field, or CSV_WORD_UNKNOWN. */
uint8_t	csv_word_find(const struct csv_field *f);

/* What csv_word_find found. */
struct csv_word csv_word(uint8_t at);

/* Is it this text, in any case? */
bool	csv_is_text(const struct csv_field *f, const char *text);

#endif
