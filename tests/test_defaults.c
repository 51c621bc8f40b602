/* Folders that nobody said: the environment, then flowdb.conf. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "query/defaults.h"

static void
expect_key(const char *text, const char *key, const char *want)
{
	char path[] = "/tmp/flowdb-test.XXXXXX", *got;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	got = default_key(path, key);
	(void)unlink(path);
	if (want == NULL)
		cr_expect_null(got, "%s: %s", text, got);
	else
		cr_expect_str_eq(got == NULL ? "none" : got, want, "%s", text);
	free(got);
}

/* The keys that are not asked for are the collector's. */
Test(defaults, keys)
{
	static const char conf[] = "directory = \"/srv/flows\"\nport = 9\n"
	    "listen = { \"::1\" }\nnames = \"/etc/flowdb/names\"\n"
	    "source \"a\" {\n address = { \"10.0.0.1\" }\n directory = \"b\"\n"
	    "}\n";

	expect_key(conf, "names", "/etc/flowdb/names");
	expect_key(conf, "directory", "/srv/flows");
	expect_key("names = \"\"\n", "names", "");
	expect_key("port = 9\n", "names", NULL);
	cr_expect_null(default_key("/nonexistent/flowdb.conf", "names"));
}

static void
expect_names(const char *option, const char *env, const char *want)
{
	char *got;

	if (env == NULL)
		(void)unsetenv("FLOWDB_NAMES");
	else
		(void)setenv("FLOWDB_NAMES", env, 1);
	got = default_names(option);
	cr_expect_str_eq(got, want);
	free(got);
}

Test(defaults, names)
{
	expect_names("/a", "/b", "/a");
	expect_names("", "/b", "");
	expect_names(NULL, "/b", "/b");
	expect_names(NULL, "", "");
}
