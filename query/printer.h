/*
 * What a format is made of; for the files that implement one (print_*.c) and
 * for print.c, which chooses.  A new format is one file and one row there.
 */
#ifndef QUERY_PRINTER_H
#define QUERY_PRINTER_H

#include "query/print.h"

struct printer_ops {
	/*
	 * The state: begins with struct print, which the caller fills.  rest
	 * is the text behind the colon, at offset in the user's text; NULL:
	 * none.  NULL and err on failure.
	 */
	struct print	*(*open)(const struct print_options *o,
			    const char *name, const char *rest, size_t offset,
			    struct err *err);
	void		 (*free)(struct print *p);
	uint64_t	 (*columns)(const struct print *p);
	void		 (*flows)(struct print *p, const struct print_flows *);
	void		 (*stat)(struct print *p, const struct print_stat *);
	/* NULL: the format has none */
	void		 (*series)(struct print *p,
			    const struct print_series *);
	void		 (*row)(struct print *p, const struct row *r);
	void		 (*done)(struct print *p, const struct print_summary *);
	/* NULL: takes every answer that it has a function for */
	int		 (*accepts)(const struct print *p,
			    const struct print_head *head, struct err *err);
};

struct print {
	const struct printer_ops	*ops;
	struct print_options		 o;
	struct out			*out;
	int64_t				 rows;		/* so far */
};

extern const struct printer_ops printer_table;
extern const struct printer_ops printer_chart;
extern const struct printer_ops printer_csv;
extern const struct printer_ops printer_json;
extern const struct printer_ops printer_nfdump;
extern const struct printer_ops printer_null;

#endif
