/* Files that appear whole: see newfile.h. */
#include "query/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES	100	/* names that a killed run may have left */

int
newfile_check(const char *path, bool force, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : err_sys(err, "%s", path);
	if (!force)
		return err_set(err, "%s is there already (--force replaces "
		    "it)", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is no plain file", path);
	return 0;
}

/* ".NAME.PID-N" beside the place; its mode is as the umask says. */
int
newfile_begin(struct newfile *f, const char *path, bool force,
    struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t size = strlen(path) + 40;

	*f = (struct newfile){ .path = path, .force = force, .fd = -1,
		.temp = malloc(size) };
	if (f->temp == NULL)
		return err_set(err, "out of memory");
	for (int i = 0; i < TRIES && f->fd == -1; i++) {
		(void)snprintf(f->temp, size, "%.*s.%s.%ld-%d",
		    (int)(name - path), path, name, (long)getpid(), i);
		f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
		if (f->fd == -1 && errno != EEXIST)
			break;
	}
	if (f->fd != -1)
		return 0;
	(void)err_sys(err, "%s", path);
	free(f->temp);
	f->temp = NULL;
	return -1;
}

/* The new name is on disk too. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = dir == NULL ? -1 :
	    open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(dir);
}

int
newfile_commit(struct newfile *f, struct err *err)
{
	unsigned flags = f->force ? 0 : RENAME_NOREPLACE;
	int rc = fsync(f->fd);

	if (close(f->fd) == -1)
		rc = -1;
	f->fd = -1;
	if (rc == 0) {
		rc = renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, flags);
		/* where the file system cannot refuse, newfile_check did */
		if (rc == -1 && errno == EINVAL)
			rc = rename(f->temp, f->path);
	}
	if (rc == -1) {
		(void)err_sys(err, "%s", f->path);
		newfile_abandon(f);
		return -1;
	}
	sync_folder(f->path);
	free(f->temp);
	f->temp = NULL;
	return 0;
}

void
newfile_abandon(struct newfile *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
	if (f->temp != NULL)
		(void)unlink(f->temp);
	free(f->temp);
	f->temp = NULL;
}
