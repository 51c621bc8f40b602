/* Moving a file out of the way: see aside.h. */
#include "collector/aside.h"

#include <stdio.h>
#include <sys/stat.h>

/* A log that stayed behind would be taken for the new file's. */
static int
move_logs(const char *path, const char *bad, struct err *err)
{
	static const char *const ends[] = { "-wal", "-journal", "-shm" };
	char from[ASIDE_PATH_MAX + 16], to[ASIDE_PATH_MAX + 16];
	struct stat st;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", path, ends[i]);
		(void)snprintf(to, sizeof(to), "%s%s", bad, ends[i]);
		if (lstat(from, &st) == 0 && rename(from, to) == -1)
			return err_sys(err, "%s: cannot be moved aside", from);
	}
	return 0;
}

int
aside_move(const char *path, char to[ASIDE_PATH_MAX], struct err *err)
{
	struct stat st;

	for (int i = 1; i <= ASIDE_MAX; i++) {
		if (snprintf(to, ASIDE_PATH_MAX, "%s.bad-%d", path, i) >=
		    ASIDE_PATH_MAX)
			return err_set(err, "%s: path too long", path);
		if (lstat(to, &st) == 0)
			continue;
		/* the file last: until then a repeated try finds it all */
		if (move_logs(path, to, err) == -1)
			return -1;
		return rename(path, to) == 0 ? 0 :
		    err_sys(err, "%s: cannot be moved aside", path);
	}
	return err_set(err, "%s: cannot be moved aside, %d older ones are in "
	    "the way", path, ASIDE_MAX);
}
