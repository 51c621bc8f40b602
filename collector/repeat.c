/* Forwarding datagrams to other collectors: see repeat.h. */
#include "collector/repeat.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a burst; more would only hide a target that is too slow. */
#define SEND_BUFFER	(4 << 20)

/* A connected socket to the first address of host that takes one; or -1. */
static int
connect_to(const char *host, const char *port, const char *text,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list;
	int rc, fd = -1, size = SEND_BUFFER;

	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, "repeater %s: %s", text, gai_strerror(rc));
	for (const struct addrinfo *a = list; a != NULL && fd == -1;
	    a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
			int saved = errno;

			(void)close(fd);
			fd = -1;
			errno = saved;
		}
	}
	freeaddrinfo(list);
	if (fd == -1)
		return err_sys(err, "repeater %s", text);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

/* Parts of "HOST[/PORT]"; port is in text, or the default. */
static int
split(const char *text, char host[REPEAT_TEXT_MAX], const char **port,
    struct err *err)
{
	const char *slash = strrchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);

	*port = slash == NULL ? REPEAT_DEFAULT_PORT : slash + 1;
	/* getaddrinfo cuts a number that is too large */
	if (len == 0 || strlen(text) >= REPEAT_TEXT_MAX ||
	    (*port)[0] == '\0' || strlen(*port) > 5 ||
	    strspn(*port, "0123456789") != strlen(*port) ||
	    strtoul(*port, NULL, 10) == 0 ||
	    strtoul(*port, NULL, 10) > UINT16_MAX)
		return err_set(err, "repeater %s: want HOST[/PORT]", text);
	memcpy(host, text, len);
	host[len] = '\0';
	return 0;
}

int
repeat_check(const char *text, struct err *err)
{
	char host[REPEAT_TEXT_MAX];
	const char *port;

	return split(text, host, &port, err);
}

int
repeat_add(struct repeat *r, const char *text, struct err *err)
{
	struct repeat_target *t;
	char host[REPEAT_TEXT_MAX];
	const char *port;

	if (r->n == REPEAT_MAX)
		return err_set(err, "repeater %s: at most %d targets", text,
		    REPEAT_MAX);
	if (split(text, host, &port, err) == -1)
		return -1;
	t = &r->target[r->n];
	*t = (struct repeat_target){ .fd = -1 };
	(void)snprintf(t->text, sizeof(t->text), "%s", text);
	t->fd = connect_to(host, port, text, err);
	if (t->fd == -1)
		return -1;
	r->n++;
	return 0;
}

void
repeat_send(struct repeat *r, const void *data, size_t len)
{
	for (size_t i = 0; i < r->n; i++) {
		struct repeat_target *t = &r->target[i];
		ssize_t n = send(t->fd, data, len, MSG_NOSIGNAL);

		/*
		 * A dead target answers by ICMP, which the next send reports
		 * instead of sending: that error is used up, so once more.
		 */
		if (n == -1 && errno == ECONNREFUSED)
			n = send(t->fd, data, len, MSG_NOSIGNAL);
		if (n == -1)
			t->dropped++;
		else
			t->sent++;
	}
}

void
repeat_clear(struct repeat *r)
{
	for (size_t i = 0; i < r->n; i++)
		(void)close(r->target[i].fd);
	r->n = 0;
}
