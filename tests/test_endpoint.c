/*
 * Where the daemon answers: which addresses are taken, and what a path may
 * hold before.
 */
#include "collector/endpoint.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

Test(endpoint, addresses)
{
	static const struct {
		const char	*text;
		bool		 good;
	} cases[] = {
		{ "127.0.0.1:9095", true },
		{ "127.9.8.7:1", true },
		{ "[::1]:65535", true },
		{ "unix:/run/flowdb/metrics", true },
		{ "", false },
		{ "9095", false },
		{ ":9095", false },
		{ "127.0.0.1", false },
		{ "127.0.0.1:", false },
		{ "127.0.0.1:0", false },
		{ "127.0.0.1:65536", false },
		{ "127.0.0.1:+80", false },
		{ "127.0.0.1:80x", false },
		{ "localhost:80", false },
		{ "0.0.0.0:9095", false },
		{ "192.168.1.1:9095", false },
		{ "128.0.0.1:9095", false },
		{ "[::]:9095", false },
		{ "[::ffff:10.0.0.1]:9095", false },
		{ "unix:", false },
		{ "unix:metrics", false },
		{ "unix:/run/", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .msg = "" };

		cr_expect_eq(endpoint_check(cases[i].text, &err),
		    cases[i].good ? 0 : -1, "%s", cases[i].text);
		cr_expect(cases[i].good || err.msg[0] != '\0');
	}
}

struct scene {
	char		dir[64];
	char		path[128];
	char		at[160];
	struct endpoint	e;
	struct err	err;
};

static void
scene_set(struct scene *s)
{
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/flowdb-test.XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	(void)snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	(void)snprintf(s->at, sizeof(s->at), "unix:%s", s->path);
}

static void
scene_clear(struct scene *s)
{
	(void)unlink(s->path);
	cr_expect_eq(rmdir(s->dir), 0);
}

static bool
says(const struct scene *s, const char *what)
{
	return strstr(s->err.msg, what) != NULL &&
	    strstr(s->err.msg, s->path) != NULL;
}

Test(endpoint, socket_of_its_own)
{
	struct scene s;
	struct stat st;
	mode_t before = umask(022);
	int fd;

	scene_set(&s);
	cr_assert_eq(endpoint_listen(&s.e, s.at, &s.err), 0, "%s", s.err.msg);
	cr_expect_eq(umask(022), 022, "the umask is back");
	cr_assert_eq(lstat(s.path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660);
	fd = endpoint_connect(s.path, &s.err);
	cr_expect_neq(fd, -1, "%s", s.err.msg);
	(void)close(fd);
	endpoint_close(&s.e);
	cr_expect_eq(lstat(s.path, &st), -1, "it is removed");
	cr_expect_eq(endpoint_connect(s.path, &s.err), -1);
	cr_expect(says(&s, "no such socket"), "%s", s.err.msg);
	scene_clear(&s);
	(void)umask(before);
}

/* What a killed process leaves: a socket, but nobody. */
Test(endpoint, stale_is_replaced)
{
	struct scene s;

	scene_set(&s);
	cr_assert_eq(endpoint_listen(&s.e, s.at, &s.err), 0);
	(void)close(s.e.fd);
	cr_expect_eq(endpoint_connect(s.path, &s.err), -1);
	cr_expect(says(&s, "nobody answers"), "%s", s.err.msg);
	cr_expect_eq(endpoint_listen(&s.e, s.at, &s.err), 0, "%s", s.err.msg);
	endpoint_close(&s.e);
	scene_clear(&s);
}

Test(endpoint, in_use_is_not)
{
	struct scene s;
	struct endpoint second;
	struct stat st;

	scene_set(&s);
	cr_assert_eq(endpoint_listen(&s.e, s.at, &s.err), 0);
	cr_expect_eq(endpoint_listen(&second, s.at, &s.err), -1);
	cr_expect(says(&s, "somebody answers"), "%s", s.err.msg);
	cr_expect_eq(lstat(s.path, &st), 0);
	endpoint_close(&s.e);
	scene_clear(&s);
}

/* A link to a file, to nothing, to a socket; a file: none is touched. */
Test(endpoint, others_things_stay)
{
	static const char *const targets[] = { "file", "nothing", "real" };
	struct endpoint real;
	char other[128], text[160];
	struct scene s;
	struct stat st;
	FILE *f;

	scene_set(&s);
	(void)snprintf(other, sizeof(other), "%s/file", s.dir);
	f = fopen(other, "w");
	cr_assert_not_null(f);
	(void)fclose(f);
	(void)snprintf(text, sizeof(text), "unix:%s/real", s.dir);
	cr_assert_eq(endpoint_listen(&real, text, &s.err), 0);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(symlink(targets[i], s.path), 0);
		cr_expect_eq(endpoint_listen(&s.e, s.at, &s.err), -1);
		cr_expect(says(&s, "not a socket"), "%s", s.err.msg);
		cr_expect_eq(endpoint_connect(s.path, &s.err), -1);
		cr_expect(says(&s, "not a socket"), "%s", s.err.msg);
		cr_expect(lstat(s.path, &st) == 0 && S_ISLNK(st.st_mode));
		(void)unlink(s.path);
	}
	cr_assert_eq(link(other, s.path), 0);
	cr_expect_eq(endpoint_listen(&s.e, s.at, &s.err), -1);
	cr_expect_eq(lstat(s.path, &st), 0);
	endpoint_close(&real);
	(void)unlink(other);
	scene_clear(&s);
}

/* A socket that took the place of ours is not ours to remove. */
Test(endpoint, closes_only_its_own)
{
	struct endpoint second;
	struct scene s;
	struct stat st;

	scene_set(&s);
	cr_assert_eq(endpoint_listen(&s.e, s.at, &s.err), 0);
	cr_assert_eq(unlink(s.path), 0);
	cr_assert_eq(endpoint_listen(&second, s.at, &s.err), 0);
	endpoint_close(&s.e);
	cr_expect_eq(lstat(s.path, &st), 0);
	endpoint_close(&second);
	scene_clear(&s);
}

/* A name of a socket has 107 bytes; a data directory's path may be longer. */
Test(endpoint, long_path)
{
	char long_dir[300];
	struct scene s;
	int fd;

	scene_set(&s);
	(void)snprintf(long_dir, sizeof(long_dir), "%s/%0120d", s.dir, 0);
	cr_assert_eq(mkdir(long_dir, 0700), 0);
	char path[400], at[420];
	(void)snprintf(path, sizeof(path), "%s/.flowdbd.status", long_dir);
	(void)snprintf(at, sizeof(at), "unix:%s", path);
	cr_assert_eq(endpoint_listen(&s.e, at, &s.err), 0, "%s", s.err.msg);
	fd = endpoint_connect(path, &s.err);
	cr_expect_neq(fd, -1, "%s", s.err.msg);
	(void)close(fd);
	endpoint_close(&s.e);
	cr_expect_eq(rmdir(long_dir), 0, "nothing is left");
	scene_clear(&s);
}
