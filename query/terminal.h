/* What the terminal that reads the answer can show. */
#ifndef QUERY_TERMINAL_H
#define QUERY_TERMINAL_H

#include <stdbool.h>

#define TERMINAL_WIDTH	80	/* when nobody says */

struct terminal {
	int	width;		/* columns: $COLUMNS, the terminal's, or 80 */
	bool	colour;		/* it is a terminal, and NO_COLOR is not set */
	bool	ascii;		/* the locale is not UTF-8 */
};

/* Of the file descriptor that is written to. */
struct terminal terminal_of(int fd);

#endif
