/*
 * Where the daemon answers questions: a UNIX socket, or a TCP port of this
 * machine.  Written as unix:/PATH, 127.0.0.1:PORT or [::1]:PORT; nothing that
 * others could reach is taken.
 */
#ifndef COLLECTOR_ENDPOINT_H
#define COLLECTOR_ENDPOINT_H

#include <sys/types.h>

#include "schema/err.h"

#define ENDPOINT_PATH_MAX	4096

struct endpoint {
	int	fd;				/* -1: closed */
	dev_t	dev;				/* of the socket's file */
	ino_t	ino;
	char	path[ENDPOINT_PATH_MAX];	/* "": TCP */
};

/* Is it one of the three forms?  0, or -1 and err. */
int	endpoint_check(const char *text, struct err *err);

/*
 * Listens; the socket does not block.  The file of a UNIX socket has mode
 * 0660.  A socket left there by a process that is gone is replaced; anything
 * else at that path (a file, a symbolic link, a socket that somebody answers
 * at) is left alone and is an error.  Changes the umask for a moment, so no
 * other thread may run yet.
 */
int	endpoint_listen(struct endpoint *e, const char *text,
	    struct err *err);

/* Closes it; removes the file if it is still the one that was made. */
void	endpoint_close(struct endpoint *e);

/*
 * Connects to the UNIX socket at path, which must not be a symbolic link.
 * Returns the descriptor; -1: err says whether nobody is there, or what else.
 */
int	endpoint_connect(const char *path, struct err *err);

#endif
