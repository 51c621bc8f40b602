/*
 * Storage that fails on demand, for LD_PRELOAD into flowdbd.  What the process
 * does to files below FAULTS_DIR is counted; operation FAULTS_AT of those
 * that FAULTS_HOW concerns goes wrong:
 *
 *	enospc	a write, or a file growing: no space
 *	eio	any change of a file: EIO
 *	short	a write: half of it is written, the next one has no space
 *	fsync	fsync, fdatasync: EIO
 *	unlink	the removal of a file: EIO
 *	emfile	open: EMFILE
 *	nomem	malloc, calloc, realloc anywhere: none
 *	ours	the same, called by the program's own code
 *	kill	before any change: the process ends, as by kill -9
 *	power	the same, and all is lost that was not synced
 *
 * FAULTS_FOR operations fail (1; 0: all from then on).  With FAULTS_COUNT the
 * number of operations concerned is written to that file at the end.
 *
 * Power: the content of a file at its last sync lies in a shadow beside it
 * (PATH.synced) and is put back.  What was renamed is taken as on disk, as
 * file systems with a journal have it; the file's content is not.  What was
 * removed comes back when nothing was synced since: then the journal was not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES	256
#define GONE	64
#define SHADOW	".synced"

enum how { HOW_NONE, HOW_ENOSPC, HOW_EIO, HOW_SHORT, HOW_FSYNC, HOW_UNLINK,
	HOW_EMFILE, HOW_NOMEM, HOW_OURS, HOW_KILL, HOW_POWER };
enum op { OP_OPEN, OP_WRITE, OP_GROW, OP_SYNC, OP_NAME, OP_REMOVE };

static const char *const names[] = { "none", "enospc", "eio", "short",
	"fsync", "unlink", "emfile", "nomem", "ours", "kill", "power" };

/* By file descriptor: the path of a file that counts. */
static char		 paths[FILES][PATH_MAX];
/* Removed since the last sync; their shadows hold what comes back. */
static struct {
	char	path[PATH_MAX];
	mode_t	mode;
}			 gone[GONE];
static size_t		 n_gone;
static pthread_mutex_t	 gone_lock = PTHREAD_MUTEX_INITIALIZER;
static char		 dir[PATH_MAX];
static enum how		 how;
static long		 at, span;
/* Where the program's own code lies. */
static uintptr_t	 ours_begin, ours_end;
static atomic_long	 count;
static atomic_bool	 ready;

/* The functions behind ours; POSIX has function pointers fit into void *. */
#define REAL(ret, name, ...)						\
	static ret (*real)(__VA_ARGS__);				\
	if (real == NULL)						\
		*(void **)&real = dlsym(RTLD_NEXT, name)

static void
write_count(void)
{
	const char *path = getenv("FAULTS_COUNT");
	FILE *f;

	atomic_store(&ready, false);
	f = path == NULL ? NULL : fopen(path, "w");
	if (f != NULL) {
		(void)fprintf(f, "%ld\n", atomic_load(&count));
		(void)fclose(f);
	}
}

/* The first object is the program. */
static int
find_ours(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || (p->p_flags & PF_X) == 0)
			continue;
		ours_begin = info->dlpi_addr + p->p_vaddr;
		ours_end = ours_begin + p->p_memsz;
	}
	return 1;
}

__attribute__((constructor)) static void
start(void)
{
	const char *text = getenv("FAULTS_HOW");

	for (int i = 0; text != NULL && i <= HOW_POWER; i++) {
		if (strcmp(text, names[i]) == 0)
			how = (enum how)i;
	}
	text = getenv("FAULTS_DIR");
	(void)snprintf(dir, sizeof(dir), "%s", text == NULL ? "/none" : text);
	text = getenv("FAULTS_AT");
	at = text == NULL ? 0 : strtol(text, NULL, 10);
	text = getenv("FAULTS_FOR");
	span = text == NULL ? 1 : strtol(text, NULL, 10);
	(void)dl_iterate_phdr(find_ours, NULL);
	(void)atexit(write_count);
	atomic_store(&ready, true);
}

static bool
counts(const char *path)
{
	return strncmp(path, dir, strlen(dir)) == 0 &&
	    strstr(path, SHADOW) == NULL && strstr(path, "-shm") == NULL;
}

/* Copies by system calls alone: ours would count. */
static void
copy(const char *from, const char *to)
{
	char buf[65536];
	long in = syscall(SYS_open, from, O_RDONLY, 0), out, n;

	if (in < 0)
		return;
	(void)syscall(SYS_unlink, to);
	out = syscall(SYS_open, to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (out >= 0 && (n = syscall(SYS_read, in, buf,
	    sizeof(buf))) > 0)
		(void)syscall(SYS_write, out, buf, n);
	(void)syscall(SYS_close, in);
	(void)syscall(SYS_close, out);
}

static void
shadow_of(char shadow[PATH_MAX + 16], const char *path)
{
	(void)snprintf(shadow, PATH_MAX + 16, "%.*s" SHADOW, PATH_MAX - 1,
	    path);
}

static void
lose_power(void)
{
	char shadow[PATH_MAX + 16];

	for (size_t i = 0; i < n_gone; i++) {
		shadow_of(shadow, gone[i].path);
		copy(shadow, gone[i].path);
		(void)syscall(SYS_chmod, gone[i].path, gone[i].mode & 07777);
	}
	for (int fd = 0; fd < FILES; fd++) {
		struct stat st;

		if (paths[fd][0] == '\0' || stat(paths[fd], &st) == -1)
			continue;
		shadow_of(shadow, paths[fd]);
		copy(shadow, paths[fd]);
		(void)syscall(SYS_chmod, paths[fd], st.st_mode & 07777);
	}
}

static bool
concerns(enum op op)
{
	switch (how) {
	case HOW_ENOSPC:
		return op == OP_WRITE || op == OP_GROW;
	case HOW_SHORT:
		return op == OP_WRITE;
	case HOW_FSYNC:
		return op == OP_SYNC;
	case HOW_UNLINK:
		return op == OP_REMOVE;
	case HOW_EMFILE:
		return op == OP_OPEN;
	case HOW_EIO:
	case HOW_KILL:
	case HOW_POWER:
		return op != OP_OPEN;
	default:
		return false;
	}
}

/* 0: go on; else errno to fail with. */
static int
fault(enum op op)
{
	static const int errors[] = { [HOW_ENOSPC] = ENOSPC, [HOW_EIO] = EIO,
		[HOW_SHORT] = ENOSPC, [HOW_FSYNC] = EIO,
		[HOW_UNLINK] = EIO, [HOW_EMFILE] = EMFILE };
	long n;

	if (!atomic_load(&ready) || !concerns(op))
		return 0;
	n = atomic_fetch_add(&count, 1) + 1;
	if (at == 0 || n < at || (span > 0 && n >= at + span))
		return 0;
	if (how == HOW_KILL || how == HOW_POWER) {
		if (how == HOW_POWER)
			lose_power();
		(void)kill(getpid(), SIGKILL);
		for (;;)
			(void)pause();
	}
	return errors[how];
}

static bool
tracked(int fd)
{
	return fd >= 0 && fd < FILES && paths[fd][0] != '\0';
}

static int
opened(int fd, const char *path)
{
	char shadow[PATH_MAX + 16];
	struct stat st;

	/* closedir tells us nothing */
	if (fd < 0 || fd >= FILES || fstat(fd, &st) == -1 ||
	    !S_ISREG(st.st_mode))
		return fd;
	(void)snprintf(paths[fd], sizeof(paths[fd]), "%s", path);
	if (how != HOW_POWER)
		return fd;
	shadow_of(shadow, path);
	/* a new file is empty after the loss; an old one was there */
	if (stat(shadow, &st) == -1)
		copy(path, shadow);
	return fd;
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	int e;
	va_list ap;

	REAL(int, "open64", const char *, int, ...);
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (!counts(path))
		return real(path, flags, mode);
	e = fault(OP_OPEN);
	if (e != 0) {
		errno = e;
		return -1;
	}
	return opened(real(path, flags, mode), path);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return open64(path, flags, mode);
}

int
close(int fd)
{
	REAL(int, "close", int);
	if (tracked(fd))
		paths[fd][0] = '\0';
	return real(fd);
}

ssize_t
pwrite64(int fd, const void *buf, size_t n, off64_t off)
{
	int e = tracked(fd) ? fault(OP_WRITE) : 0;

	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	if (e == 0)
		return real(fd, buf, n, off);
	if (how == HOW_SHORT && n > 1 && atomic_load(&count) == at) {
		span = 2;	/* the rest finds no space */
		return real(fd, buf, n / 2, off);
	}
	errno = e;
	return -1;
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	return pwrite64(fd, buf, n, off);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	int e = tracked(fd) ? fault(OP_WRITE) : 0;

	REAL(ssize_t, "write", int, const void *, size_t);
	if (e == 0)
		return real(fd, buf, n);
	errno = e;
	return -1;
}

int
ftruncate64(int fd, off64_t size)
{
	int e = tracked(fd) ? fault(OP_GROW) : 0;

	REAL(int, "ftruncate64", int, off64_t);
	if (e == 0)
		return real(fd, size);
	errno = e;
	return -1;
}

int
ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

/* What was removed before is so for good; one made anew is empty as yet. */
static void
forget_gone(void)
{
	char shadow[PATH_MAX + 16];
	struct stat st;

	(void)pthread_mutex_lock(&gone_lock);
	for (size_t i = 0; i < n_gone; i++) {
		shadow_of(shadow, gone[i].path);
		if (stat(gone[i].path, &st) == 0)
			(void)syscall(SYS_truncate, shadow, 0L);
		else
			(void)syscall(SYS_unlink, shadow);
	}
	n_gone = 0;
	(void)pthread_mutex_unlock(&gone_lock);
}

static int
synced(int fd, int rc)
{
	char shadow[PATH_MAX + 16];

	if (rc == 0 && how == HOW_POWER) {
		forget_gone();
		shadow_of(shadow, paths[fd]);
		copy(paths[fd], shadow);
	}
	return rc;
}

int
fsync(int fd)
{
	int e = tracked(fd) ? fault(OP_SYNC) : 0;

	REAL(int, "fsync", int);
	if (e == 0)
		return tracked(fd) ? synced(fd, real(fd)) : real(fd);
	errno = e;
	return -1;
}

int
fdatasync(int fd)
{
	int e = tracked(fd) ? fault(OP_SYNC) : 0;

	REAL(int, "fdatasync", int);
	if (e == 0)
		return tracked(fd) ? synced(fd, real(fd)) : real(fd);
	errno = e;
	return -1;
}

int
rename(const char *from, const char *to)
{
	int e = counts(from) ? fault(OP_NAME) : 0, rc;

	REAL(int, "rename", const char *, const char *);
	if (e != 0) {
		errno = e;
		return -1;
	}
	rc = real(from, to);
	if (rc == 0 && how == HOW_POWER && counts(from)) {
		char a[PATH_MAX + 16], b[PATH_MAX + 16];

		shadow_of(a, from);
		shadow_of(b, to);
		(void)real(a, b);
	}
	return rc;
}

/* Keeps what is on disk of a file that is removed. */
static void
keep(const char *path)
{
	char shadow[PATH_MAX + 16];
	struct stat st;

	if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	shadow_of(shadow, path);
	(void)pthread_mutex_lock(&gone_lock);
	if (n_gone < GONE) {
		(void)snprintf(gone[n_gone].path, sizeof(gone[0].path), "%s",
		    path);
		gone[n_gone++].mode = st.st_mode;
		/* never opened here: all of it is */
		if (stat(shadow, &st) == -1)
			copy(path, shadow);
	}
	(void)pthread_mutex_unlock(&gone_lock);
}

int
unlink(const char *path)
{
	int e = counts(path) ? fault(OP_REMOVE) : 0;

	REAL(int, "unlink", const char *);
	if (e != 0) {
		errno = e;
		return -1;
	}
	if (how == HOW_POWER && counts(path))
		keep(path);
	return real(path);
}

/* Memory: glibc's own names, since dlsym itself allocates. */
extern void	*__libc_malloc(size_t);
extern void	*__libc_calloc(size_t, size_t);
extern void	*__libc_realloc(void *, size_t);

static bool
out_of_memory(const void *caller)
{
	uintptr_t from = (uintptr_t)caller;
	long n;

	if ((how != HOW_NOMEM && how != HOW_OURS) || !atomic_load(&ready) ||
	    (how == HOW_OURS && (from < ours_begin || from >= ours_end)))
		return false;
	n = atomic_fetch_add(&count, 1) + 1;
	if (at == 0 || n < at || (span > 0 && n >= at + span))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	return out_of_memory(__builtin_return_address(0)) ? NULL :
	    __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return out_of_memory(__builtin_return_address(0)) ? NULL :
	    __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return out_of_memory(__builtin_return_address(0)) ? NULL :
	    __libc_realloc(p, n);
}
