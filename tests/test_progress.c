/* The progress line: what it says, and when it is silent. */
#include "query/progress.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

/* A second and more have gone by. */
static struct progress
begun(bool on, double sec)
{
	struct progress p;

	progress_begin(&p, on);
	p.began -= sec;
	return p;
}

Test(progress, line, .init = cr_redirect_stderr)
{
	struct progress p = begun(true, 10);

	progress_tell(&p, 40, 120, 50000000);
	/* too soon for another */
	progress_tell(&p, 41, 120, 51000000);
	progress_end(&p);
	/* what was written is taken away once */
	progress_end(&p);
	(void)fflush(stderr);
	cr_assert_stderr_eq_str("\r[##########....................] 40 of 120 "
	    "shards, 5.0 M flows/s, 20 s left \033[K\r\033[K");
}

Test(progress, silent, .init = cr_redirect_stderr)
{
	struct progress off = begun(false, 10), soon = begun(true, 0.5);

	progress_tell(&off, 1, 2, 1);
	progress_tell(&soon, 1, 2, 1);
	progress_end(&off);
	progress_end(&soon);
	(void)fflush(stderr);
	cr_assert_stderr_eq_str("");
}
