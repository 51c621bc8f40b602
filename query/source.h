/*
 * Where filter text comes from: the command line or a file, with "@include
 * FILE" replaced by what is in FILE.  The only reading of files that the
 * language does; lexer and parser see one text.  Every piece remembers its
 * file, so that an error can name file and line.
 *
 * A relative FILE is looked for beside the file that includes it, or in the
 * working directory.  Bounded by FILTER_TEXT_MAX bytes, SOURCE_DEPTH_MAX files
 * inside each other, SOURCE_FILES_MAX files.
 */
#ifndef QUERY_SOURCE_H
#define QUERY_SOURCE_H

#include <stddef.h>
#include <stdio.h>

#include "schema/err.h"

#define SOURCE_DEPTH_MAX	10
#define SOURCE_FILES_MAX	1000

struct source_piece {
	size_t	 at;		/* offset of its first byte in text */
	char	*name;		/* NULL: the command line */
	size_t	 line;		/* line of the first byte in that file */
};

struct source {
	char			*text;	/* NUL-terminated, for filter_parse */
	size_t			 len;
	struct source_piece	*pieces;
	size_t			 n_pieces;
};

/*
 * Text of the command line.  On failure -1, and out holds what was read so far:
 * source_report still works.  source_clear in any case.
 */
int	source_text(struct source *out, const char *text, struct err *err);
/* A file, "-" is stdin. */
int	source_file(struct source *out, const char *path, struct err *err);
void	source_clear(struct source *s);

/* File (NULL: command line) and line of a place in the text. */
void	source_place(const struct source *s, size_t offset, const char **name,
	    size_t *line);

/* The message with file, line and caret (see caret.h). */
void	source_report(FILE *out, const char *who, const struct source *s,
	    const struct err *err);

#endif
