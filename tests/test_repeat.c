/* The repeater on loopback: targets get the bytes, a dead one costs nothing. */
#include "collector/repeat.h"

#include <criterion/criterion.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/*
 * A socket bound to the first address of host that there is, with a time
 * limit for reading, and its port.  localhost is ::1 on some machines.
 */
static int
listen_on(const char *host, unsigned *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list;
	struct timeval limit = { .tv_sec = 5 };
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char text[8];
	int fd = -1;

	cr_assert_eq(getaddrinfo(host, "0", &hints, &list), 0);
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_DGRAM, 0);
		if (fd != -1 && bind(fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	cr_assert_neq(fd, -1);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	cr_assert_eq(getnameinfo((struct sockaddr *)&at, len, NULL, 0, text,
	    sizeof(text), NI_NUMERICSERV | NI_DGRAM), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)), 0);
	*port = (unsigned)strtoul(text, NULL, 10);
	return fd;
}

Test(repeat, two_targets_one_dead)
{
	struct repeat r = { .n = 0 };
	struct err err;
	unsigned port, dead_port;
	char text[64], buf[200];
	int fd = listen_on("localhost", &port);
	int dead = listen_on("127.0.0.1", &dead_port);

	close(dead);
	(void)snprintf(text, sizeof(text), "127.0.0.1/%u", dead_port);
	cr_assert_eq(repeat_add(&r, text, &err), 0, "%s", err.msg);
	(void)snprintf(text, sizeof(text), "localhost/%u", port);
	cr_assert_eq(repeat_add(&r, text, &err), 0, "%s", err.msg);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(buf, sizeof(buf), "datagram %d", i);
		repeat_send(&r, buf, strlen(buf) + 1);
	}
	for (int i = 0; i < 100; i++) {
		char want[40];

		(void)snprintf(want, sizeof(want), "datagram %d", i);
		cr_assert_eq(recv(fd, buf, sizeof(buf), 0),
		    (ssize_t)strlen(want) + 1);
		cr_expect_str_eq(buf, want);
	}
	cr_expect_eq(r.target[1].sent, 100);
	cr_expect_eq(r.target[0].sent + r.target[0].dropped, 100);
	repeat_clear(&r);
	close(fd);
}

static const char *const bad_targets[] = { "", "/", "/9995", "127.0.0.1/",
	"127.0.0.1/x", "127.0.0.1/123456", "127.0.0.1/99999", "127.0.0.1/0",
	"no.such.host.invalid/1" };

Test(repeat, bad_targets)
{
	struct repeat r = { .n = 0 };
	struct err err;

	for (size_t i = 0; i < sizeof(bad_targets) / sizeof(bad_targets[0]);
	    i++) {
		cr_expect_eq(repeat_add(&r, bad_targets[i], &err), -1, "%s",
		    bad_targets[i]);
		cr_expect(strstr(err.msg, "repeater") != NULL);
	}
	for (int i = 0; i < REPEAT_MAX; i++)
		cr_assert_eq(repeat_add(&r, "127.0.0.1", &err), 0);
	cr_expect_eq(repeat_add(&r, "127.0.0.1", &err), -1);
	cr_expect(strstr(err.msg, "at most 8") != NULL, "%s", err.msg);
	repeat_clear(&r);
}
