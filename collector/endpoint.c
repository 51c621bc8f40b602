/* Where the daemon answers questions: see endpoint.h. */
#include "collector/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "schema/addr.h"

#define BACKLOG		16
#define CONNECT_SEC	5
#define UNIX_PREFIX	"unix:"

union any_sockaddr {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
	struct sockaddr_un	un;
};

static const char *
unix_path(const char *text)
{
	size_t n = strlen(UNIX_PREFIX);

	return strncmp(text, UNIX_PREFIX, n) == 0 ? text + n : NULL;
}

static bool
is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return a->len == 4 ? a->bytes[0] == 127 :
	    memcmp(a->bytes, one, sizeof(one)) == 0;
}

static socklen_t
fill_tcp(union any_sockaddr *to, const struct addr *a, uint16_t port)
{
	memset(to, 0, sizeof(*to));
	if (a->len == 4) {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(port);
		memcpy(&to->in.sin_addr, a->bytes, 4);
		return sizeof(to->in);
	}
	to->in6.sin6_family = AF_INET6;
	to->in6.sin6_port = htons(port);
	memcpy(&to->in6.sin6_addr, a->bytes, 16);
	return sizeof(to->in6);
}

/* ADDRESS:PORT, an IPv6 address in brackets. */
static int
parse_tcp(const char *text, union any_sockaddr *to, socklen_t *len,
    struct err *err)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	struct addr a;
	char *end;
	long port;

	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0 || addr_parse(host, n, &a) == -1 || colon[1] < '0' ||
	    colon[1] > '9')
		return err_set(err, "\"%s\": want unix:/PATH, 127.0.0.1:PORT "
		    "or [::1]:PORT", text);
	errno = 0;
	port = strtol(colon + 1, &end, 10);
	if (errno != 0 || *end != '\0' || port < 1 || port > 65535)
		return err_set(err, "\"%s\": want a port from 1 to 65535",
		    text);
	if (!is_loopback(&a))
		return err_set(err, "\"%s\": only addresses of this machine, "
		    "as 127.0.0.1 or [::1]", text);
	*len = fill_tcp(to, &a, (uint16_t)port);
	return 0;
}

int
endpoint_check(const char *text, struct err *err)
{
	const char *path = unix_path(text);
	union any_sockaddr to;
	socklen_t len;

	if (path == NULL)
		return parse_tcp(text, &to, &len, err);
	if (path[0] != '/' || path[strlen(path) - 1] == '/' ||
	    strlen(path) >= ENDPOINT_PATH_MAX)
		return err_set(err, "\"%s\": want an absolute path", text);
	return 0;
}

/*
 * A socket's name has 107 bytes, a path may be longer: then by way of a
 * descriptor of its folder, *dir, which the caller closes if it is not -1.
 */
static int
fill_unix(struct sockaddr_un *un, const char *path, int *dir, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[ENDPOINT_PATH_MAX];
	int n;

	*dir = -1;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(un->sun_path)) {
		memcpy(un->sun_path, path, strlen(path));
		return 0;
	}
	n = slash == NULL ? 0 : (int)(slash - path);
	if (n == 0 || snprintf(folder, sizeof(folder), "%.*s", n, path) >=
	    (int)sizeof(folder))
		return err_set(err, "%s: path too long", path);
	*dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir == -1)
		return err_sys(err, "%s", folder);
	if (snprintf(un->sun_path, sizeof(un->sun_path),
	    "/proc/self/fd/%d/%s", *dir, slash + 1) >=
	    (int)sizeof(un->sun_path)) {
		(void)close(*dir);
		*dir = -1;
		return err_set(err, "%s: name too long", path);
	}
	return 0;
}

int
endpoint_connect(const char *path, struct err *err)
{
	struct sockaddr_un un;
	struct stat st;
	struct timeval limit = { .tv_sec = CONNECT_SEC };
	int fd, dir, saved;

	if (lstat(path, &st) == -1 && errno == ENOENT)
		return err_set(err, "no flowdbd runs there (%s: no such "
		    "socket)", path);
	if (lstat(path, &st) == -1)
		return err_sys(err, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, "%s: not a socket", path);
	if (fill_unix(&un, path, &dir, err) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* connect waits while the other side's queue is full */
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit)) == -1 || connect(fd, (const struct sockaddr *)&un,
	    sizeof(un)) == -1) {
		saved = errno;
		if (fd != -1)
			(void)close(fd);
		fd = -1;
		errno = saved;
		if (errno == ECONNREFUSED)
			(void)err_set(err, "no flowdbd runs there (%s: "
			    "nobody answers)", path);
		else
			(void)err_sys(err, "%s", path);
	}
	if (dir != -1)
		(void)close(dir);
	return fd;
}

/* Removes a socket at which nobody answers; what is there else stays. */
static int
remove_stale(const char *path, struct err *err)
{
	struct err why;
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : err_sys(err, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, "%s: in the way, and not a socket", path);
	fd = endpoint_connect(path, &why);
	if (fd != -1) {
		(void)close(fd);
		return err_set(err, "%s: somebody answers there already",
		    path);
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(err, "%s", path);
	return 0;
}

static int
listen_unix(struct endpoint *e, const char *path, struct err *err)
{
	struct sockaddr_un un;
	struct stat st;
	mode_t mask;
	int dir, rc;

	if (remove_stale(path, err) == -1 ||
	    fill_unix(&un, path, &dir, err) == -1)
		return -1;
	e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0117);
	rc = e->fd == -1 ? -1 : bind(e->fd, (const struct sockaddr *)&un,
	    sizeof(un));
	(void)umask(mask);
	if (rc == -1 || lstat(path, &st) == -1 ||
	    listen(e->fd, BACKLOG) == -1) {
		rc = err_sys(err, "%s", path);
	} else {
		e->dev = st.st_dev;
		e->ino = st.st_ino;
		(void)snprintf(e->path, sizeof(e->path), "%s", path);
	}
	if (dir != -1)
		(void)close(dir);
	return rc;
}

static int
listen_tcp(struct endpoint *e, const char *text, struct err *err)
{
	union any_sockaddr to;
	socklen_t len;
	int on = 1;

	if (parse_tcp(text, &to, &len, err) == -1)
		return -1;
	e->fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (e->fd == -1)
		return err_sys(err, "%s", text);
	(void)setsockopt(e->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(e->fd, &to.sa, len) == -1 || listen(e->fd, BACKLOG) == -1)
		return err_sys(err, "%s", text);
	return 0;
}

int
endpoint_listen(struct endpoint *e, const char *text, struct err *err)
{
	const char *path = unix_path(text);
	int rc;

	*e = (struct endpoint){ .fd = -1 };
	if (endpoint_check(text, err) == -1)
		return -1;
	rc = path == NULL ? listen_tcp(e, text, err) :
	    listen_unix(e, path, err);
	if (rc == -1)
		endpoint_close(e);
	return rc;
}

void
endpoint_close(struct endpoint *e)
{
	struct stat st;

	if (e->fd != -1)
		(void)close(e->fd);
	if (e->path[0] != '\0' && lstat(e->path, &st) == 0 &&
	    st.st_dev == e->dev && st.st_ino == e->ino)
		(void)unlink(e->path);
	e->fd = -1;
	e->path[0] = '\0';
}
