/* A socket that stops: what has arrived is read, what comes later is not. */
#include "collector/listen.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A sender to the port of s, by IPv4 or IPv6. */
static int
sender(const struct listen_socket *s, const char *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *a;
	const char *port = strrchr(s->name, ':') + 1;
	int fd;

	cr_assert_eq(getaddrinfo(host, port, &hints, &a), 0);
	fd = socket(a->ai_family, SOCK_DGRAM, 0);
	cr_assert_eq(connect(fd, a->ai_addr, a->ai_addrlen), 0, "%s", host);
	freeaddrinfo(a);
	return fd;
}

static void
count(void *arg, const uint8_t *data, size_t len, const struct addr *from,
    int64_t now_ms)
{
	(void)data;
	(void)len;
	(void)from;
	(void)now_ms;
	++*(int *)arg;
}

static void
check(const char *bound, const char *host)
{
	struct listen_ring *ring = listen_ring_new();
	struct listen_socket s;
	struct err err;
	int fd, n = 0;

	cr_assert_eq(listen_open(&s, bound, 0, 65536, &err), 0, "%s", err.msg);
	fd = sender(&s, host);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(send(fd, "12345", 5, 0), 5);
	cr_expect_eq(listen_deafen(&s), 0);
	/* the first is sent into the void, the second one hears so */
	(void)send(fd, "12345", 5, 0);
	cr_expect_eq(send(fd, "12345", 5, 0), -1);
	cr_expect_eq(errno, ECONNREFUSED);
	while (listen_receive(&s, ring, 0, count, &n) > 0)
		;
	cr_expect_eq(n, 5);
	cr_expect_eq(s.packets, 5);
	cr_expect_eq(s.bytes, 25);
	cr_expect_eq(s.drops, 0);
	(void)close(fd);
	listen_close(&s);
	listen_ring_free(ring);
}

Test(listen, deafen)
{
	check("127.0.0.1", "127.0.0.1");
	check(NULL, "127.0.0.1");
}

Test(listen, deafen_ipv6)
{
	struct listen_socket s;
	struct err err;

	/* not every machine has it */
	if (listen_open(&s, "::1", 0, 65536, &err) == -1)
		cr_skip_test("%s", err.msg);
	listen_close(&s);
	check("::1", "::1");
	check(NULL, "::1");
}
