/* What flowq says of itself. */
#ifndef QUERY_HELP_H
#define QUERY_HELP_H

#include "query/out.h"

/* topic NULL: the usage.  -1: there is no such topic. */
int	help_print(struct out *out, const char *topic);

/* The topics, for messages: "filter, stats, formats". */
const char *help_topics(void);

#endif
