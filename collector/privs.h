/*
 * Becoming a daemon and somebody else.
 */
#ifndef COLLECTOR_PRIVS_H
#define COLLECTOR_PRIVS_H

#include "schema/err.h"

/* Do user and group exist? */
int	privs_check(const char *user, const char *group, struct err *err);

/*
 * Becomes user (and group, or the user's own) for good, supplementary groups
 * included; checks that there is no way back.  "" and "": nothing to do.
 */
int	privs_drop(const char *user, const char *group, struct err *err);

/*
 * Gives a data directory, with what an earlier run as root left in it and
 * below it, to the user that privs_drop will become.  Only our own files that
 * are root's, and have no other name: in a folder of the user, a link must not
 * make him the owner of something else.
 */
int	privs_give(const char *path, const char *user, const char *group,
	    struct err *err);

/*
 * Goes to the background.  The parent waits and exits 0 when the daemon says
 * privs_daemon_ready, 1 when it dies before.  Returns in the daemon only,
 * with the descriptor for privs_daemon_ready; -1: could not.
 */
int	privs_daemon(struct err *err);
void	privs_daemon_ready(int fd);

/*
 * Writes our process number to path and locks it.  Returns the descriptor,
 * to be kept open; -1: err says who holds it.
 */
int	privs_pidfile(const char *path, struct err *err);

#endif
