/* The texts of -R, -r and -M, in a folder of empty files. */
#include "query/where.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/shards.h"

static const char *const files[] = { "a/flows.202611230600.sqlite",
	"a/flows.202611230700.sqlite", "a/sub/flows.202611230800.sqlite",
	"b/flows.202611230600.sqlite", "b/other.sqlite",
	"b/flows.202611230600.sqlite-wal", "c d/flows.202611230900.sqlite",
	"x:1/flows.202611231000.sqlite", "empty/readme" };

/* Makes the files below a new folder and goes there. */
static char *
enter(void)
{
	char *dir = temp_folder_make();

	cr_assert_eq(chdir(dir), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[100];
		int fd;

		for (const char *p = files[i]; (p = strchr(p, '/')) != NULL;
		    p++) {
			(void)snprintf(path, sizeof(path), "%.*s",
			    (int)(p - files[i]), files[i]);
			(void)mkdir(path, 0755);
		}
		fd = open(files[i], O_CREAT | O_WRONLY, 0644);
		cr_assert_neq(fd, -1);
		(void)close(fd);
	}
	return dir;
}

static void
leave(char *dir)
{
	cr_assert_eq(chdir("/"), 0);
	temp_folder_remove(dir);
}

/* The paths found, with blanks between; or the message behind a '!'. */
static void
find(const struct where *w, char out[1000], bool *named)
{
	struct shard_list list;
	struct err err = { .msg = "" };

	out[0] = '\0';
	if (where_list(w, &list, named, &err) == -1) {
		(void)snprintf(out, 1000, "!%d %s", err.code == ERR_SYNTAX,
		    err.msg);
		return;
	}
	for (size_t i = 0; i < list.n; i++) {
		(void)strcat(out, i > 0 ? " " : "");
		(void)strcat(out, list.v[i].path);
	}
	shard_list_clear(&list);
}

#define A6	"a/flows.202611230600.sqlite"
#define A7	"a/flows.202611230700.sqlite"
#define A8	"a/sub/flows.202611230800.sqlite"
#define B6	"b/flows.202611230600.sqlite"

static const struct { const char *range, *file, *dirs, *want; } cases[] = {
	{ "a", NULL, NULL, A6 " " A7 " " A8 },
	{ "a/", NULL, NULL, "a//flows.202611230600.sqlite "
	    "a//flows.202611230700.sqlite a//sub/flows.202611230800.sqlite" },
	{ "a/flows.202611230700:flows.202611230800", NULL, NULL, A7 " " A8 },
	{ "a/flows.202611230630:flows.202611230730", NULL, NULL, A7 },
	{ "a/flows.202611230700.sqlite:flows.202611230700.sqlite", NULL,
	    NULL, A7 },
	{ "a/flows.202611230700", NULL, NULL, A7 " " A8 },
	{ "a/flows.202611230700:a/sub/flows.202611230800", NULL, NULL,
	    A7 " " A8 },
	/* neither needs to exist */
	{ "a/flows.200001010000:flows.200001020000", NULL, NULL, "" },
	{ "a/flows.202611230700:flows.202611230600", NULL, NULL, "!1" },
	{ "a/flows.2026:flows.2027", NULL, NULL, "!1" },
	{ "a/flows.202611230700:x", NULL, NULL, "!1" },
	{ "a/flows.202611230700:", NULL, NULL, "!1" },
	{ "none", NULL, NULL, "!0" }, { "empty", NULL, NULL, "!0" },
	{ "none/flows.202611230600", NULL, NULL, "!0" },
	{ "b/other.sqlite", NULL, NULL, "!1" },
	{ "c d", NULL, NULL, "c d/flows.202611230900.sqlite" },
	{ "x:1", NULL, NULL, "x:1/flows.202611231000.sqlite" },
	{ "x:1/flows.202611231000:flows.202611231000", NULL, NULL,
	    "x:1/flows.202611231000.sqlite" },
	{ NULL, A6, NULL, A6 }, { NULL, "b/other.sqlite", NULL,
	    "b/other.sqlite" },
	{ NULL, "b", NULL, B6 }, { NULL, "none", NULL, "!0" },
	/* twice the same is once */
	{ "a", A6, NULL, A6 " " A7 " " A8 },
	{ NULL, NULL, "a:a", A6 " " A7 " " A8 },
	{ NULL, NULL, "a:b", "./" A6 " ./" B6 " ./" A7 " ./" A8 },
	{ "flows.202611230600:flows.202611230600", NULL, "a:b",
	    "./" A6 " ./" B6 },
	{ NULL, "flows.202611230600.sqlite", "a:b", "./" A6 " ./" B6 },
	{ NULL, NULL, "a:none", "!0" }, { NULL, NULL, "a:", "!1" },
	{ NULL, NULL, "", "!1" }, { NULL, NULL, ":a", "!1" },
	{ NULL, NULL, "a:empty", "!0" },
};

Test(where, texts)
{
	char *dir = enter();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct where w = { .range = cases[i].range,
			.file = cases[i].file, .dirs = cases[i].dirs,
			.fallback = "a" };
		char got[1000];
		const char *g = got, *want = cases[i].want;
		bool named;

		find(&w, got, &named);
		if (cases[i].dirs != NULL && strcmp(want, A6 " " A7 " " A8) ==
		    0)
			want = "./" A6 " ./" A7 " ./" A8;
		cr_expect(want[0] == '!' ? strncmp(g, want, 2) == 0 :
		    strcmp(g, want) == 0, "-R %s -r %s -M %s: %s",
		    cases[i].range, cases[i].file, cases[i].dirs, got);
	}
	leave(dir);
}

Test(where, default_and_named)
{
	char *dir = enter(), got[1000];
	struct where w = { .fallback = "b" };
	bool named;

	find(&w, got, &named);
	cr_expect_str_eq(got, B6);
	cr_expect_not(named);
	w.file = A6;
	find(&w, got, &named);
	cr_expect(named);
	leave(dir);
}

/* A day of doubt, and what has no time by name stays. */
Test(where, cut)
{
	struct shard_list list;
	const int64_t day = INT64_C(86400000);

	list.n = 4;
	list.v = calloc(4, sizeof(*list.v));
	for (int64_t i = 0; i < 4; i++)
		list.v[i] = (struct shard_ref){ strdup("x"), i == 3 ?
			INT64_MAX : i * day };
	cr_expect_eq(where_cut(&list, 2 * day), 0);
	cr_expect_eq(where_cut(&list, 3 * day), 1);
	cr_assert_eq(list.n, 3);
	cr_expect_eq(list.v[0].start_ms, day);
	cr_expect_eq(where_cut(&list, 100 * day), 2);
	cr_expect_eq(list.n, 1);
	shard_list_clear(&list);
}
