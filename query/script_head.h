/*
 * The begin of a script of --sql: comments that tell which question it answers
 * and how to run it, then sqlite3's settings.
 */
#ifndef QUERY_SCRIPT_HEAD_H
#define QUERY_SCRIPT_HEAD_H

#include "query/answer.h"

void	script_head(struct answer *a);

/*
 * Text from outside as a piece of one line of comment: no control character
 * gets through, and what is very long is cut.
 */
void	script_shown(struct out *out, const char *text);

#endif
