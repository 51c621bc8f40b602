/* The repeater on loopback: targets get the bytes, a dead one costs nothing. */
#include "collector/repeat.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A bound socket with a time limit for reading, and its port. */
static int
listen_on(unsigned *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = 5 };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

Test(repeat, two_targets_one_dead)
{
	struct repeat r = { .n = 0 };
	struct err err;
	unsigned port, dead_port;
	char text[64], buf[200];
	int fd = listen_on(&port), dead = listen_on(&dead_port);

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
	"127.0.0.1/x", "127.0.0.1/123456", "no.such.host.invalid/1" };

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
