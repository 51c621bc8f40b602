/*
 * The terminal: see terminal.h.  The locale is read by its name: nothing else
 * here needs it, and setlocale would change the whole program.
 */
#include "query/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEAST_WIDTH	40	/* narrower pictures show nothing */
#define MOST_WIDTH	1000

static int
width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	long n = columns == NULL ? 0 : strtol(columns, NULL, 10);
	struct winsize w;

	if (n <= 0 && ioctl(fd, TIOCGWINSZ, &w) == 0)
		n = w.ws_col;
	if (n <= 0)
		return TERMINAL_WIDTH;
	return n < LEAST_WIDTH ? LEAST_WIDTH : n > MOST_WIDTH ? MOST_WIDTH :
	    (int)n;
}

/* The first that is set counts, as setlocale(3) has it. */
static bool
is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && *v != '\0')
			return strcasestr(v, "UTF-8") != NULL ||
			    strcasestr(v, "utf8") != NULL;
	}
	return false;
}

struct terminal
terminal_of(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (struct terminal){ .width = width_of(fd),
		.colour = isatty(fd) && (no_color == NULL ||
		    *no_color == '\0') && term != NULL &&
		    strcmp(term, "dumb") != 0,
		.ascii = !is_utf8() };
}
