/* Raw terminal, keys, size: see top_term.h. */
#include "query/top_term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* second screen, no cursor, long lines are cut; and back */
#define ENTER	"\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE	"\033[0m\033[?7h\033[?25h\033[?1049l"

#define ROWS_MIN	1
#define DEFAULT_ROWS	24
#define DEFAULT_COLUMNS	80
#define SIZE_MAX_CELLS	1000

/* Nothing to do: that poll ends is enough, the size is asked each time. */
static void
on_resize(int sig)
{
	(void)sig;
}

int
top_term_open(struct top_term *t, struct err *err)
{
	static const struct sigaction action = { .sa_handler = on_resize };
	const char *term = getenv("TERM");
	struct termios raw;

	t->is_open = 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &t->saved) == -1)
		return err_set(err, "--top needs a terminal; for a pipe or a "
		    "file ask -s STAT -t \"last 1m\"");
	if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
		return err_set(err, "--top needs a terminal that can place "
		    "its cursor, and TERM is \"%.40s\"",
		    term == NULL ? "" : term);
	raw = t->saved;
	/* Ctrl-C stays a signal; Ctrl-Z would leave the second screen on */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	(void)sigaction(SIGWINCH, &action, NULL);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == -1)
		return err_sys(err, "terminal");
	t->is_open = 1;
	return top_term_write(ENTER, strlen(ENTER)) == -1 ?
	    err_sys(err, "terminal") : 0;
}

void
top_term_close(struct top_term *t)
{
	if (!t->is_open)
		return;
	(void)top_term_write(LEAVE, strlen(LEAVE));
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
	t->is_open = 0;
}

static int
bounded(int n, int fallback)
{
	if (n < ROWS_MIN)
		return fallback;
	return n > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : n;
}

void
top_term_size(int *rows, int *columns)
{
	struct winsize w = { .ws_row = 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	*rows = bounded(w.ws_row, DEFAULT_ROWS);
	*columns = bounded(w.ws_col, DEFAULT_COLUMNS);
}

int
top_term_write(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* "\033[A" and such; used: bytes of it. */
static int
decode(const char *p, size_t len, size_t *used)
{
	static const struct {
		const char	*text;
		int		 key;
	} keys[] = {
		{ "[A", KEY_UP }, { "OA", KEY_UP },
		{ "[B", KEY_DOWN }, { "OB", KEY_DOWN },
		{ "[C", KEY_RIGHT }, { "OC", KEY_RIGHT },
		{ "[D", KEY_LEFT }, { "OD", KEY_LEFT },
		{ "[5~", KEY_PAGE_UP }, { "[6~", KEY_PAGE_DOWN },
		{ "[H", KEY_HOME }, { "OH", KEY_HOME }, { "[1~", KEY_HOME },
		{ "[F", KEY_END }, { "OF", KEY_END }, { "[4~", KEY_END },
		{ "[Z", KEY_BACK_TAB },
	};
	size_t n = 1;

	*used = 1;
	if (p[0] != '\033')
		return (unsigned char)p[0];
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t k = strlen(keys[i].text);

		if (len > k && memcmp(p + 1, keys[i].text, k) == 0) {
			*used = k + 1;
			return keys[i].key;
		}
	}
	/* another sequence: to its last letter, none of it is a key */
	if (len > 1 && (p[1] == '[' || p[1] == 'O')) {
		for (n = 2; n < len && (unsigned char)p[n] < '@'; n++)
			;
		n += n < len;
	}
	*used = n;
	return KEY_NONE;
}

size_t
top_term_keys(int ms, int keys[TOP_KEYS_MAX])
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char text[TOP_KEYS_MAX];
	size_t n = 0, used;
	ssize_t len;

	if (poll(&in, 1, ms) <= 0)
		return 0;
	len = read(STDIN_FILENO, text, sizeof(text));
	if (len <= 0) {
		keys[0] = KEY_GONE;
		return len == -1 && errno == EINTR ? 0 : 1;
	}
	for (size_t i = 0; i < (size_t)len; i += used)
		keys[n++] = decode(text + i, (size_t)len - i, &used);
	return n;
}
