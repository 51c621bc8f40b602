/*
 * A file that appears whole or not at all: written beside its place under
 * another name, brought to disk, then put there by one rename.
 */
#ifndef QUERY_NEWFILE_H
#define QUERY_NEWFILE_H

#include <stdbool.h>

#include "schema/err.h"

struct newfile {
	const char	*path;		/* borrowed */
	bool		 force;
	char		*temp;		/* the file in the making, or NULL */
	int		 fd;		/* to write to; -1: none */
};

/* May it be put there?  Without force nothing may be there yet. */
int	newfile_check(const char *path, bool force, struct err *err);

/* -1: not made.  To be ended by one of the two below. */
int	newfile_begin(struct newfile *f, const char *path, bool force,
	    struct err *err);

/* On disk, and in its place.  -1: it is not; what was there before is. */
int	newfile_commit(struct newfile *f, struct err *err);

/* Takes the file in the making away; safe after either end. */
void	newfile_abandon(struct newfile *f);

#endif
