/* Running the admin's program: see hook.h. */
#include "collector/hook.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_WORDS	64
#define MAX_TEXT	8192
#define POLL_MS		20

struct words {
	char	*word[MAX_WORDS + 1];
	int	 n;
	char	 text[MAX_TEXT];
	size_t	 used;
};

static int
add_char(struct words *w, char c, struct err *err)
{
	if (w->used + 1 >= sizeof(w->text))
		return err_set(err, "hook: command too long");
	w->text[w->used++] = c;
	return 0;
}

static int
add_text(struct words *w, const char *text, struct err *err)
{
	for (; *text != '\0'; text++) {
		if (add_char(w, *text, err) == -1)
			return -1;
	}
	return 0;
}

static int
add_placeholder(struct words *w, char which, const struct hook_event *e,
    struct err *err)
{
	time_t t = (time_t)(e->slot_ms / 1000);
	char text[32] = "";
	struct tm tm;

	switch (which) {
	case 'd':
		return add_text(w, e->dir, err);
	case 'f':
		return add_text(w, e->file, err);
	case 'i':
		return add_text(w, e->source, err);
	case '%':
		return add_char(w, '%', err);
	case 't':
		if (gmtime_r(&t, &tm) != NULL)
			(void)strftime(text, sizeof(text), "%Y%m%d%H%M", &tm);
		return add_text(w, text, err);
	case 'u':
		(void)snprintf(text, sizeof(text), "%" PRId64,
		    e->slot_ms / 1000);
		return add_text(w, text, err);
	default:
		return err_set(err, "hook: unknown placeholder %%%c, "
		    "want %%d %%f %%t %%u %%i or %%%%", which);
	}
}

/* One word from p on; *end is behind it. */
static int
read_word(struct words *w, const char *p, const char **end,
    const struct hook_event *e, struct err *err)
{
	char quote = '\0';

	if (w->n == MAX_WORDS)
		return err_set(err, "hook: more than %d words", MAX_WORDS);
	w->word[w->n++] = w->text + w->used;
	for (; *p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t'));
	    p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == quote) {
			quote = '\0';
		} else if (*p == '%') {
			if (add_placeholder(w, *++p, e, err) == -1)
				return -1;
		} else if (add_char(w, *p, err) == -1) {
			return -1;
		}
	}
	if (quote != '\0')
		return err_set(err, "hook: no closing %c", quote);
	*end = p;
	return add_char(w, '\0', err);
}

static int
split(struct words *w, const char *command, const struct hook_event *e,
    struct err *err)
{
	w->n = 0;
	w->used = 0;
	for (const char *p = command; *p != '\0';) {
		if (*p == ' ' || *p == '\t') {
			p++;
			continue;
		}
		if (read_word(w, p, &p, e, err) == -1)
			return -1;
	}
	w->word[w->n] = NULL;
	return w->n > 0 ? 0 : err_set(err, "hook: no command");
}

int
hook_check(const char *command, struct err *err)
{
	const struct hook_event e = { "", "", 0, "" };
	struct words *w = malloc(sizeof(*w));
	int rc;

	if (w == NULL)
		return err_set(err, "out of memory");
	rc = split(w, command, &e, err);
	free(w);
	return rc;
}

/* Waits for the child, kills it when its time is over. */
static int
wait_for(pid_t pid, const char *name, int limit_sec, struct err *err)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	int64_t left_ms = (int64_t)limit_sec * 1000;
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && left_ms > 0) {
		(void)nanosleep(&nap, NULL);
		left_ms -= POLL_MS;
	}
	if (got == 0) {
		/* its whole group: what it started goes with it */
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		return err_set(err, "hook %s: killed after %d s", name,
		    limit_sec);
	}
	if (got == -1)
		return err_sys(err, "hook %s", name);
	if (WIFSIGNALED(status))
		return err_set(err, "hook %s: ended by signal %d", name,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, "hook %s: exit status %d", name,
		    WEXITSTATUS(status));
	return 0;
}

int
hook_run(const char *command, const struct hook_event *e, int limit_sec,
    struct err *err)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	    "/usr/bin:/sbin:/bin", lang[] = "LC_ALL=C.UTF-8";
	char *const environment[] = { path, lang, NULL };
	struct words *w = malloc(sizeof(*w));
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid;
	int rc;

	if (w == NULL)
		return err_set(err, "out of memory");
	if (split(w, command, e, err) == -1) {
		free(w);
		return -1;
	}
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	rc = posix_spawnp(&pid, w->word[0], NULL, &attr, w->word,
	    environment);
	(void)posix_spawnattr_destroy(&attr);
	if (rc != 0) {
		errno = rc;
		rc = err_sys(err, "hook %s", w->word[0]);
	} else {
		rc = wait_for(pid, w->word[0], limit_sec, err);
	}
	free(w);
	return rc;
}
