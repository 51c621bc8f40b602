/*
 * The terminal of --top: its second screen, keys without echo, its size, and
 * everything as it was afterwards.  Plain control sequences of ECMA-48 and
 * xterm, which every terminal in use understands, also through ssh and tmux;
 * a screen is one write, so nothing flickers.
 */
#ifndef QUERY_TOP_TERM_H
#define QUERY_TOP_TERM_H

#include <stddef.h>
#include <termios.h>

#include "schema/err.h"

struct top_term {
	struct termios	saved;
	int		is_open;
};

/* Keys that are no characters. */
enum {
	KEY_NONE = 0, KEY_UP = 256, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_PAGE_UP,
	KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_BACK_TAB, KEY_GONE
};

#define TOP_KEYS_MAX	64

/*
 * -1: stdin or stdout is no terminal, or one that cannot place its cursor.
 * top_term_close in any case puts back what was changed.
 */
int	top_term_open(struct top_term *t, struct err *err);
void	top_term_close(struct top_term *t);

void	top_term_size(int *rows, int *columns);

/* Writes a screen.  -1: the terminal is gone. */
int	top_term_write(const char *text, size_t len);

/*
 * Waits for keys, ms at most, or until a signal comes (a new size, say).
 * Returns how many; KEY_GONE: there will be no more.
 */
size_t	top_term_keys(int ms, int keys[TOP_KEYS_MAX]);

#endif
