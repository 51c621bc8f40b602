/*
 * A field in a text table: nfdump's width, scaling and zeros.  A field that was
 * not sent looks like its zero, so that columns stay columns.
 */
#ifndef QUERY_CELL_H
#define QUERY_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "query/field.h"
#include "query/out.h"
#include "query/timetext.h"

#define CELL_WIDER6	23	/* a whole IPv6 address has 39 characters */

struct cell_style {
	bool		plain;		/* -N */
	bool		full_ip6;	/* -6 */
	uint64_t	record;		/* number of the line, for %cnt */
	struct timetext	time;		/* local or UTC */
};

/* Does -6 widen the field? */
bool	cell_has_addr(const struct field *f);

void	cell_heading(struct out *o, const struct field *f,
	    const struct cell_style *s);
void	cell_print(struct out *o, const struct field *f, struct cell_style *s,
	    const struct row *r);

#define CELL_TEXT_MAX	80

/*
 * The text of a field of one column, without blanks around it; no NUL, returns
 * the length.
 */
size_t	cell_text(const struct field *f, struct cell_style *s,
	    const struct row *r, char out[CELL_TEXT_MAX]);

/* A counter or rate, scaled or plain. */
size_t	cell_scaled(const struct cell_style *s, int64_t v, char *out);
/* A duration: HH:MM:SS.mmm, or seconds when plain. */
size_t	cell_span(const struct cell_style *s, int64_t ms, char *out);

#endif
