/*
 * Shows where in a text an error is:
 *
 *	flowq: expected port number, got "htp"
 *	  proto tcp and port htp
 *	                     ^~~
 */
#ifndef QUERY_CARET_H
#define QUERY_CARET_H

#include <stdio.h>

#include "schema/err.h"

/*
 * Writes "WHO: message" and, for ERR_SYNTAX, the line of text around the
 * place (cut to the screen) and the caret.  name (may be NULL): the file that
 * the text is from, shown with the line's number.
 */
void	caret_print(FILE *out, const char *who, const char *name,
	    const char *text, const struct err *err);

/* The same for text that has its own idea of lines. */
void	caret_print_at(FILE *out, const char *who, const char *name,
	    size_t line, const char *text, const struct err *err);

#endif
