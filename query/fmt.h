/*
 * Layouts: the text of "fmt:%ts %td ..." as a list of fields and literal text.
 * %NAME is a tag of nfdump, the name of a column, or a named layout (%line),
 * which is inserted; %% is a percent sign.
 */
#ifndef QUERY_FMT_H
#define QUERY_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/field.h"
#include "schema/err.h"

#define FMT_MAX_ITEMS	1000

struct fmt_item {
	const struct field	*field;		/* NULL: literal */
	const char		*text;		/* borrowed, of len bytes */
	size_t			 len;
	size_t			 at;		/* in the user's text */
};

struct fmt {
	struct fmt_item	*items;
	size_t		 n;
	size_t		 room;
};

/*
 * Appends what text says; it must live as long as f.  -1: ERR_SYNTAX, the place
 * counted from the text's begin plus offset.
 */
int	fmt_add(struct fmt *f, const char *text, size_t offset,
	    struct err *err);
int	fmt_add_field(struct fmt *f, const struct field *field,
	    struct err *err);
void	fmt_clear(struct fmt *f);

/*
 * Appends the fields of "src_addr,bytes" or "%sa,%byt" (separators: comma,
 * blank).  A word that only sums have as a column (dstip, srcip4/24,
 * bin_start_utc) becomes an item without field; sheet.h knows which sums do.
 */
int	fmt_add_list(struct fmt *f, const char *text, size_t offset,
	    struct err *err);

/* flow_bit() of all columns that the fields read. */
/* Does it show where addresses are? */
bool	fmt_has_place(const struct fmt *f);

uint64_t fmt_columns(const struct fmt *f);

/* The layout of that name ("line"), or NULL; the i-th name, or NULL. */
const char *fmt_named(const char *name, size_t len);
const char *fmt_name_at(size_t i);

#endif
