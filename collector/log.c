/* The daemon's log: see log.h. */
#include "collector/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES	1200

static struct {
	pthread_mutex_t	lock;
	int		fd;
	bool		to_syslog;
	bool		journal;	/* <N> in front of lines */
	bool		times;		/* a file has no clock of its own */
	atomic_int	level;		/* a reload changes it */
	char		path[1024];
} dest = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO,
	.level = LOG_LEVEL_INFO };

static int
open_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	return fd == -1 ? err_sys(err, "log %s", path) : fd;
}

/*
 * JOURNAL_STREAM is device:inode of what the service's stderr was; a shell in
 * between may have put it elsewhere, and left the variable.
 */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) == -1)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

int
log_open(const char *path, bool daemon, struct err *err)
{
	int fd = STDERR_FILENO;

	if (path != NULL) {
		if (strlen(path) >= sizeof(dest.path))
			return err_set(err, "log: path too long");
		fd = open_file(path, err);
		if (fd == -1)
			return -1;
		(void)snprintf(dest.path, sizeof(dest.path), "%s", path);
	}
	dest.fd = fd;
	dest.times = path != NULL;
	dest.to_syslog = path == NULL && daemon;
	dest.journal = path == NULL && is_journal(fd);
	if (dest.to_syslog)
		openlog("flowdbd", LOG_PID, LOG_DAEMON);
	return 0;
}

int
log_reopen(struct err *err)
{
	int fd, old;

	if (!dest.times)
		return 0;
	fd = open_file(dest.path, err);
	if (fd == -1)
		return -1;
	(void)pthread_mutex_lock(&dest.lock);
	old = dest.fd;
	dest.fd = fd;
	(void)pthread_mutex_unlock(&dest.lock);
	(void)close(old);
	return 0;
}

void
log_level_set(enum log_level level)
{
	dest.level = (int)level;
}

static int
priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		break;
	}
	return LOG_DEBUG;
}

static void
write_line(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 64], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (dest.times && gmtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ ",
		    &tm);
	if (dest.journal)
		len = snprintf(line, sizeof(line), "<%d>%s\n",
		    priority(level), text);
	else
		len = snprintf(line, sizeof(line), "%sflowdbd: %s\n", stamp,
		    text);
	/* a log that cannot be written has nowhere to complain */
	if (len > 0 && write(dest.fd, line, (size_t)len) == -1)
		return;
}

static void
log_it(enum log_level level, int saved, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES], why[ERR_SYS_MAX];
	size_t len;

	if ((int)level > dest.level)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	len = strlen(text);
	if (saved != 0)
		(void)snprintf(text + len, sizeof(text) - len, ": %s",
		    strerror_r(saved, why, sizeof(why)));
	(void)pthread_mutex_lock(&dest.lock);
	if (dest.to_syslog)
		syslog(priority(level), "%s", text);
	else
		write_line(level, text);
	(void)pthread_mutex_unlock(&dest.lock);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_it(LOG_LEVEL_ERROR, 0, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	log_it(LOG_LEVEL_WARNING, saved, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_it(LOG_LEVEL_WARNING, 0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_it(LOG_LEVEL_INFO, 0, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_it(LOG_LEVEL_DEBUG, 0, fmt, ap);
	va_end(ap);
}
