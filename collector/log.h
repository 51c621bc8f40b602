/*
 * The daemon's log: one line an event.  To stderr while in the foreground
 * (with <N> priorities when the journal reads it), to syslog as a daemon, or
 * to a file.  The x forms leave errno's text out.
 *
 * The destination is the one piece of global state of the collector: a
 * message must get out wherever it arises.
 */
#ifndef COLLECTOR_LOG_H
#define COLLECTOR_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG };

/*
 * Before this, lines go to stderr as "flowdbd: text".  path: a file, or NULL
 * for stderr, or for syslog when daemon.  -1: the file cannot be opened;
 * nothing has changed.
 */
int	log_open(const char *path, bool daemon, struct err *err);
/* Opens the file again, after it was renamed. */
int	log_reopen(struct err *err);
void	log_level_set(enum log_level level);

void	log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
