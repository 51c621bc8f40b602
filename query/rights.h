/*
 * Why a folder cannot be read, for who asks it the first time: the daemon's
 * folder is open to its group alone.
 */
#ifndef QUERY_RIGHTS_H
#define QUERY_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#define RIGHTS_TEXT_MAX	300

/*
 * True when dir is a folder that its group may read and the caller may not;
 * then out says what to do about it.
 */
bool	rights_missing(const char *dir, char out[RIGHTS_TEXT_MAX]);

#endif
