/* The readiness protocol: what arrives at $NOTIFY_SOCKET. */
#include "collector/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

Test(notify, messages)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	char dir[] = "/tmp/flowdb-test.XXXXXX", buf[200], pid[20];
	struct notify n;
	ssize_t len;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/n", dir);
	cr_assert_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)), 0);
	setenv("NOTIFY_SOCKET", sun.sun_path, 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	notify_open(&n);
	cr_assert_neq(n.fd, -1);
	cr_expect_eq(n.watchdog_ms, 10000);
	notify_send(&n, "READY=1\nSTATUS=%d flows", 7);
	len = recv(fd, buf, sizeof(buf) - 1, 0);
	cr_assert_gt(len, 0);
	buf[len] = '\0';
	cr_expect_str_eq(buf, "READY=1\nSTATUS=7 flows");
	notify_close(&n);
	notify_send(&n, "READY=1");	/* closed: nothing happens */
	setenv("WATCHDOG_PID", "1", 1);
	notify_open(&n);
	cr_expect_eq(n.watchdog_ms, 0, "meant for another process");
	notify_close(&n);
	close(fd);
	unlink(sun.sun_path);
	rmdir(dir);
}

static const char *const no_sockets[] = { "", "relative", "/no/such/socket",
	"@flowdb-test-nobody-listens" };

Test(notify, nobody_listens)
{
	struct notify n;

	unsetenv("NOTIFY_SOCKET");
	notify_open(&n);
	cr_expect_eq(n.fd, -1);
	for (size_t i = 0; i < sizeof(no_sockets) / sizeof(no_sockets[0]);
	    i++) {
		setenv("NOTIFY_SOCKET", no_sockets[i], 1);
		notify_open(&n);
		cr_expect_eq(n.fd, -1, "%s", no_sockets[i]);
		notify_send(&n, "READY=1");
	}
}
