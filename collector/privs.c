/* Becoming a daemon and somebody else: see privs.h. */
#include "collector/privs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_LEN_MAX	4096
#define MAX_DEPTH	8	/* folders below the data directory */

struct who {
	uid_t	uid;
	gid_t	gid;
	int	user;	/* uid is to be changed */
	int	group;
};

static int
find(const char *user, const char *group, struct who *w, struct err *err)
{
	const struct passwd *pw;
	const struct group *gr;

	*w = (struct who){ .user = user[0] != '\0', .group = group[0] != '\0' };
	if (w->user) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread alone */
		pw = getpwnam(user);
		if (pw == NULL)
			return err_set(err, "no such user: %s", user);
		w->uid = pw->pw_uid;
		w->gid = pw->pw_gid;
	}
	if (w->group) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread alone */
		gr = getgrnam(group);
		if (gr == NULL)
			return err_set(err, "no such group: %s", group);
		w->gid = gr->gr_gid;
	}
	return 0;
}

int
privs_check(const char *user, const char *group, struct err *err)
{
	struct who w;

	return find(user, group, &w, err);
}

/* Trust is good: asks the kernel who we are, and tries to get back. */
static bool
is_gone(const struct who *w)
{
	uid_t r, e, saved;
	gid_t gr, ge, gsaved;

	if (getresuid(&r, &e, &saved) == -1 ||
	    getresgid(&gr, &ge, &gsaved) == -1)
		return false;
	if (gr != w->gid || ge != w->gid || gsaved != w->gid)
		return false;
	if (!w->user || w->uid == 0)
		return true;
	return r == w->uid && e == w->uid && saved == w->uid &&
	    setuid(0) == -1 && seteuid(0) == -1 &&
	    (w->gid == 0 || (setgid(0) == -1 && setegid(0) == -1));
}

int
privs_drop(const char *user, const char *group, struct err *err)
{
	struct who w;

	if (find(user, group, &w, err) == -1)
		return -1;
	if (!w.user && !w.group)
		return 0;
	if (getuid() != 0 && (!w.user || getuid() == w.uid) &&
	    (!w.group || getgid() == w.gid))
		return 0;	/* are so already */
	if ((w.user ? initgroups(user, w.gid) : setgroups(1, &w.gid)) == -1 ||
	    setresgid(w.gid, w.gid, w.gid) == -1 ||
	    (w.user && setresuid(w.uid, w.uid, w.uid) == -1))
		return err_sys(err, "cannot become user %s group %s", user,
		    group);
	return is_gone(&w) ? 0 : err_set(err, "rights of root are not gone");
}

static bool
is_ours(const char *name)
{
	static const char *const begin[] = { "flows.", "templates.sqlite",
		".flowdbd.lock" };

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (strncmp(name, begin[i], strlen(begin[i])) == 0)
			return true;
	}
	return false;
}

static int give_below(int fd, const char *dir, const struct who *w, int depth,
    struct err *err);

/* One name of a folder; path is for messages. */
static int
give_entry(int dir, const char *name, const char *path, const struct who *w,
    int depth, struct err *err)
{
	/* what it is must not change between the look and the giving */
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), sub;
	struct stat st;
	int rc = 0;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0 && (S_ISDIR(st.st_mode) ? name[0] != '.' :
	    S_ISREG(st.st_mode) && st.st_nlink == 1 && is_ours(name))) {
		if (st.st_uid == 0 && fchownat(fd, "", w->user ? w->uid :
		    (uid_t)-1, w->gid, AT_EMPTY_PATH) == -1)
			rc = err_sys(err, "%s: cannot be given away", path);
		if (rc == 0 && S_ISDIR(st.st_mode) && depth < MAX_DEPTH &&
		    (sub = openat(fd, ".", O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC)) != -1)
			rc = give_below(sub, path, w, depth + 1, err);
	}
	(void)close(fd);
	return rc;
}

/* fd is used up. */
static int
give_below(int fd, const char *dir, const struct who *w, int depth,
    struct err *err)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	int rc = 0;

	if (d == NULL) {
		(void)close(fd);
		return err_sys(err, "%s", dir);
	}
	while (rc == 0 && (e = readdir(d)) != NULL) {
		char path[PATH_LEN_MAX];

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || snprintf(path,
		    sizeof(path), "%s/%s", dir, e->d_name) >=
		    (int)sizeof(path))
			continue;
		rc = give_entry(dirfd(d), e->d_name, path, w, depth, err);
	}
	(void)closedir(d);
	return rc;
}

int
privs_give(const char *path, const char *user, const char *group,
    struct err *err)
{
	struct who w;
	int fd;

	if (find(user, group, &w, err) == -1)
		return -1;
	if (getuid() != 0 || (!w.user && !w.group))
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fchown(fd, w.user ? w.uid : (uid_t)-1, w.gid) == -1) {
		(void)err_sys(err, "%s: cannot be given to %s", path, user);
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return give_below(fd, path, &w, 0, err);
}

int
privs_daemon(struct err *err)
{
	int fd[2], null, status;
	char ok;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid == -1)
		return err_sys(err, "fork");
	if (pid > 0) {
		ssize_t n;

		(void)close(fd[1]);
		do
			n = read(fd[0], &ok, 1);
		while (n == -1 && errno == EINTR);
		if (n == 1)
			_exit(0);
		/* it died: with its own status when it has one */
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		    WEXITSTATUS(status) != 0)
			_exit(WEXITSTATUS(status));
		_exit(1);
	}
	(void)close(fd[0]);
	(void)setsid();
	if (chdir("/") == -1)
		return err_sys(err, "/");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1)
		return err_sys(err, "/dev/null");
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)close(null);
	return fd[1];
}

void
privs_daemon_ready(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* stderr was still the terminal's for what could go wrong */
	if (null != -1) {
		(void)dup2(null, STDERR_FILENO);
		(void)close(null);
	}
	if (write(fd, "+", 1) == -1)
		return;		/* the parent is gone: nobody waits */
	(void)close(fd);
}

int
privs_pidfile(const char *path, struct err *err)
{
	char text[32];
	ssize_t n;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return err_sys(err, "pid file %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		n = pread(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		text[strspn(text, "0123456789")] = '\0';
		(void)err_set(err, "pid file %s: locked by process %s", path,
		    text);
		(void)close(fd);
		return -1;
	}
	(void)snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) {
		(void)err_sys(err, "pid file %s", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}
