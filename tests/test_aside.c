/* Moving what is in the way aside: names, and what belongs to a file. */
#include "collector/aside.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/flowdb-test.XXXXXX";

static void
make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void
remove_dir(void)
{
	cr_assert_eq(system("chmod 700 . && rm -rf \"$PWD\""), 0);
}

TestSuite(aside, .init = make_dir, .fini = remove_dir);

Test(aside, logs_go_with_it)
{
	char to[ASIDE_PATH_MAX];
	struct err err;

	cr_assert_eq(system("echo 1 >f; echo 2 >f-wal; echo 3 >f-journal; "
	    "echo 4 >f-shm; echo 5 >f-other"), 0);
	cr_assert_eq(aside_move("f", to, &err), 0, "%s", err.msg);
	cr_expect_str_eq(to, "f.bad-1");
	cr_expect_eq(system("test \"$(cat f.bad-1 f.bad-1-wal f.bad-1-journal "
	    "f.bad-1-shm f-other | tr -d '\\n')\" = 12345 && "
	    "test \"$(ls f*)\" = \"$(ls f.* f-other)\""), 0);
}

Test(aside, nothing_is_overwritten)
{
	char to[ASIDE_PATH_MAX];
	struct err err;

	cr_assert_eq(system("echo old >f.bad-1; ln -s nowhere f.bad-2; "
	    "mkdir f.bad-3; echo new >f"), 0);
	cr_assert_eq(aside_move("f", to, &err), 0, "%s", err.msg);
	cr_expect_str_eq(to, "f.bad-4");
	cr_expect_eq(system("test \"$(cat f.bad-1 f.bad-4 | tr '\\n' ' ')\" = "
	    "'old new ' && test -h f.bad-2 && test -z \"$(ls f.bad-3)\""), 0);
}

Test(aside, cannot)
{
	char to[ASIDE_PATH_MAX];
	struct err err;

	cr_expect_eq(aside_move("absent", to, &err), -1);
	cr_expect(strstr(err.msg, "absent: cannot be moved aside: No such") ==
	    err.msg, "%s", err.msg);
}
