/* The sqlite3 shell with shards attached: see shell.h. */
#include "query/shell.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query/open.h"
#include "query/serve.h"

#define PROGRAM		"sqlite3"
#define EXTENSION	"flowdb.so"

static const char cmd_option[] = "-cmd";

/* The arguments in the making; what stands behind cmd_option is owned. */
struct shell {
	char	**argv;
	size_t	  n;
	size_t	  room;
	bool	  failed;	/* out of memory */
};

/* What is attached: from the newest on. */
struct chosen {
	const char	*path[SHELL_SHARDS];
	size_t		 n;
};

/* There is always room for one more behind it, and for NULL. */
static void
add(struct shell *sh, const char *arg)
{
	if (!sh->failed && sh->n + 2 >= sh->room) {
		size_t room = sh->room == 0 ? 64 : sh->room * 2;
		char **v = realloc(sh->argv, room * sizeof(*v));

		if (v == NULL) {
			sh->failed = true;
			return;
		}
		sh->argv = v;
		sh->room = room;
	}
	if (sh->failed)
		return;
	sh->argv[sh->n++] = (char *)(uintptr_t)arg;
	sh->argv[sh->n] = NULL;
}

/* A command; text, which may be NULL, is from sqlite3_malloc and ours now. */
static void
command(struct shell *sh, char *text)
{
	if (text != NULL)
		add(sh, cmd_option);
	if (text == NULL || sh->failed) {
		sqlite3_free(text);
		sh->failed = true;
		return;
	}
	sh->argv[sh->n++] = text;
	sh->argv[sh->n] = NULL;
}

static void
word(struct shell *sh, const char *text)
{
	command(sh, sqlite3_mprintf("%s", text));
}

static void
shell_clear(struct shell *sh)
{
	for (size_t i = 0; i + 1 < sh->n; i++) {
		if (sh->argv[i] == cmd_option)
			sqlite3_free(sh->argv[i + 1]);
	}
	free(sh->argv);
}

/* ---- shards ---- */

static int
choose(const struct question *q, const struct shard_list *list,
    const struct work_options *o, struct chosen *c, struct err *err)
{
	size_t i = list->n;

	while (i > 0 && c->n < SHELL_SHARDS) {
		const char *path = list->v[--i].path;
		enum serve_skip skip;
		struct open_shard s;

		if (shard_open(path, q->stop, &s, err) == -1) {
			if (!o->named && shard_is_gone(path))
				continue;
			if (!o->skip_bad || err->code == ERR_STOPPED)
				return -1;
			(void)fprintf(stderr, "flowq: skipped: %s\n",
			    err->msg);
			continue;
		}
		skip = serve_window(q, &s.meta);
		shard_close(&s);
		if (skip != SERVE_EARLIER && skip != SERVE_LATER)
			c->path[c->n++] = path;
	}
	if (i > 0)
		(void)fprintf(stderr, "flowq: s1 to s%d are the newest %d "
		    "shards, %zu older ones are not attached: choose by -t "
		    "or -R\n", SHELL_SHARDS, SHELL_SHARDS, i);
	return 0;
}

/* An SQLite URI: what is special in one, or anywhere else, as %XX. */
static void
append_uri(sqlite3_str *s, const char *path)
{
	sqlite3_str_appendall(s, path[0] == '/' ? "file://" : "file:");
	for (; *path != '\0'; path++) {
		if ((*path >= 'a' && *path <= 'z') ||
		    (*path >= 'A' && *path <= 'Z') ||
		    (*path >= '0' && *path <= '9') ||
		    strchr("/._-", *path) != NULL)
			sqlite3_str_appendchar(s, 1, *path);
		else
			sqlite3_str_appendf(s, "%%%02x",
			    (unsigned)(unsigned char)*path);
	}
	sqlite3_str_appendall(s, "?mode=ro");
}

static void
attach(struct shell *sh, const struct chosen *c)
{
	for (size_t i = 0; i < c->n; i++) {
		sqlite3_str *s = sqlite3_str_new(NULL);

		sqlite3_str_appendall(s, "ATTACH '");
		append_uri(s, c->path[i]);
		sqlite3_str_appendf(s, "' AS s%d", (int)i + 1);
		command(sh, sqlite3_str_finish(s));
	}
}

static void
append_window(sqlite3_str *s, const struct question *q)
{
	const char *end = "first_ms + ifnull(duration_ms, 0)";

	if (!q->has_window)
		return;
	sqlite3_str_appendf(s, " WHERE %s >= %lld AND %s <= %lld",
	    q->within ? "first_ms" : end, (long long)q->from_ms,
	    q->within ? end : "first_ms", (long long)q->to_ms);
}

/* The oldest first, so that rows come in order of time. */
static void
add_view(struct shell *sh, const struct chosen *c, const struct question *q,
    const char *name)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	sqlite3_str_appendf(s, "CREATE TEMP VIEW %s AS", name);
	for (size_t i = c->n; i-- > 0;) {
		const char *slash = strrchr(c->path[i], '/');

		sqlite3_str_appendf(s, " SELECT %Q AS shard, * FROM s%d.%s",
		    slash == NULL ? c->path[i] : slash + 1, (int)i + 1, name);
		append_window(s, q);
		if (i > 0)
			sqlite3_str_appendall(s, " UNION ALL");
	}
	command(sh, sqlite3_str_finish(s));
}

/* ---- extension ---- */

/* ".load" with what is special between its quotes. */
static char *
load_command(const char *path)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	sqlite3_str_appendall(s, ".load \"");
	for (; *path != '\0'; path++) {
		if (*path == '"' || *path == '\\')
			sqlite3_str_appendchar(s, 1, '\\');
		sqlite3_str_appendchar(s, 1, *path);
	}
	sqlite3_str_appendall(s, "\"");
	return sqlite3_str_finish(s);
}

static void
load_extension(struct shell *sh)
{
	static const char *const places[] = { EXTENSION,
		"../lib/flowdb/" EXTENSION };
	const char *given = getenv("FLOWDB_EXTENSION");
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n;

	if (given != NULL) {
		if (*given != '\0')
			command(sh, load_command(given));
		return;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	while (n > 0 && self[n - 1] != '/')
		n--;
	for (size_t i = 0; n > 0 && i < sizeof(places) / sizeof(places[0]);
	    i++) {
		(void)snprintf(path, sizeof(path), "%.*s%s", (int)n, self,
		    places[i]);
		if (access(path, R_OK) == 0) {
			command(sh, load_command(path));
			return;
		}
	}
}

int
shell_run(const struct question *q, const struct shard_list *list,
    const struct work_options *o, char *const *args, struct err *err)
{
	struct shell sh = { .argv = NULL };
	struct chosen c = { .n = 0 };

	if (choose(q, list, o, &c, err) == -1)
		return -1;
	if (c.n == 0)
		return err_set(err, "--shell: no shards of this time");
	add(&sh, PROGRAM);
	/* views and such in the files get no power */
	word(&sh, "PRAGMA trusted_schema = OFF");
	load_extension(&sh);
	attach(&sh, &c);
	add_view(&sh, &c, q, "flows");
	add_view(&sh, &c, q, "flow");
	if (isatty(STDOUT_FILENO)) {
		word(&sh, ".mode box");
		word(&sh, ".headers on");
		word(&sh, ".nullvalue NULL");
	}
	add(&sh, ":memory:");
	for (; *args != NULL; args++)
		add(&sh, *args);
	if (sh.failed) {
		(void)err_set(err, "out of memory");
	} else {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGXFSZ, SIG_DFL);
		(void)execvp(PROGRAM, sh.argv);
		if (errno == ENOENT)
			(void)err_set(err, "--shell: there is no program "
			    PROGRAM " (Debian: package sqlite3)");
		else
			(void)err_sys(err, PROGRAM);
	}
	shell_clear(&sh);
	return -1;
}
