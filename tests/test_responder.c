/*
 * The responder, in a process of its own, as good and bad clients find it:
 * answers, half requests, nonsense, too many, silent ones.
 */
#include "collector/responder.h"

#include <criterion/criterion.h>
#include <ev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/endpoint.h"

#define ANSWER_MAX	(1 << 22)

struct scene {
	char	dir[64];
	char	path[128];
	char	at[160];
	pid_t	pid;
};

/* The text: how often it was made, and as many bytes as asked for. */
struct made {
	size_t		size;
	unsigned	times;
};

static char *
make_text(void *arg, size_t *len)
{
	struct made *m = arg;
	char *text = malloc(m->size + 1);

	if (text == NULL)
		return NULL;
	memset(text, 'x', m->size);
	*len = m->size;
	(void)snprintf(text, m->size + 1, "made %u", ++m->times);
	text[strlen(text)] = '\n';
	return text;
}

/* Of gcov, in make coverage: what the child did counts, too. */
void	__gcov_dump(void) __attribute__((weak));

static void
stop(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)w;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void
scene_set(struct scene *s, bool http, size_t size)
{
	struct responder_options o = { .http = http, .text = make_text };
	struct made made = { size, 0 };
	struct responder *r;
	struct ev_loop *loop;
	ev_signal term;
	struct err err;

	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/flowdb-test.XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	(void)snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	(void)snprintf(s->at, sizeof(s->at), "unix:%s", s->path);
	o.at = s->at;
	o.arg = &made;
	loop = ev_loop_new(EVFLAG_AUTO);
	r = responder_open(loop, &o, &err);
	cr_assert_not_null(r, "%s", err.msg);
	ev_signal_init(&term, stop, SIGTERM);
	ev_signal_start(loop, &term);
	s->pid = fork();
	if (s->pid == 0) {
		ev_loop_fork(loop);
		(void)ev_run(loop, 0);
		responder_close(r);
		if (__gcov_dump != NULL)
			__gcov_dump();
		_exit(0);
	}
}

static void
scene_clear(struct scene *s)
{
	int status;

	(void)kill(s->pid, SIGTERM);
	cr_expect_eq(waitpid(s->pid, &status, 0), s->pid);
	cr_expect_eq(status, 0);
	(void)unlink(s->path);
	(void)rmdir(s->dir);
}

static int
client(const struct scene *s)
{
	struct err err;
	int fd = endpoint_connect(s->path, &err);

	cr_assert_neq(fd, -1, "%s", err.msg);
	return fd;
}

/* All that comes within sec seconds; how long, and NUL behind it. */
static size_t
receive(int fd, char *out, size_t size, double sec, bool *closed)
{
	struct timespec start, now;
	size_t got = 0;

	*closed = false;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		double past;
		ssize_t n;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		past = (double)(now.tv_sec - start.tv_sec) +
		    (double)(now.tv_nsec - start.tv_nsec) / 1e9;
		if (past >= sec || poll(&p, 1, (int)((sec - past) * 1e3) + 1) ==
		    0)
			break;
		n = recv(fd, out + got, size - 1 - got, 0);
		if (n <= 0) {
			*closed = true;
			break;
		}
		got += (size_t)n;
	}
	out[got] = '\0';
	return got;
}

/* One request, the whole answer. */
static void
ask(const struct scene *s, const char *request, size_t len, char *out,
    size_t size)
{
	int fd = client(s);
	bool closed;

	cr_assert_eq(send(fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
	(void)receive(fd, out, size, 3, &closed);
	cr_expect(closed, "%s", request);
	(void)close(fd);
}

#define GET	"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

Test(responder, answers)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ GET, "200 OK" },
		{ "GET /metrics HTTP/1.0\n\n", "200 OK" },
		{ "GET /metrics?x=y HTTP/1.0\r\n\r\n", "200 OK" },
		{ "GET /metricsx HTTP/1.0\r\n\r\n", "404 Not Found" },
		{ "GET / HTTP/1.0\r\n\r\n", "404 Not Found" },
		{ "GET /../../etc/passwd HTTP/1.0\r\n\r\n", "404 Not Found" },
		{ "GET http://h/metrics HTTP/1.0\r\n\r\n", "404 Not Found" },
		{ "POST /metrics HTTP/1.0\r\n\r\n", "405 Method Not Allowed" },
		{ "get /metrics HTTP/1.0\r\n\r\n", "405 Method Not Allowed" },
		{ "GET /metrics\r\n\r\n", "400 Bad Request" },
		{ "GET /metrics HTTP/2.0\r\n\r\n", "400 Bad Request" },
		{ "GET  HTTP/1.0\r\n\r\n", "404 Not Found" },
		{ "\r\n\r\n", "400 Bad Request" },
		{ "\n\n", "400 Bad Request" },
		{ "%s%n%s%n \r\n\r\n", "400 Bad Request" },
	};
	char out[2000], want[80];
	struct scene s;

	scene_set(&s, true, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&s, cases[i].request, strlen(cases[i].request), out,
		    sizeof(out));
		(void)snprintf(want, sizeof(want), "HTTP/1.0 %s\r\n",
		    cases[i].status);
		cr_expect_eq(strncmp(out, want, strlen(want)), 0, "%s: %s",
		    cases[i].request, out);
		cr_expect_not_null(strstr(out, "Connection: close\r\n\r\n"));
	}
	ask(&s, "GET /metrics HTTP\0/1.0\r\n\r\n", 26, out, sizeof(out));
	cr_expect_not_null(strstr(out, "400 Bad Request"), "%s", out);
	scene_clear(&s);
}

Test(responder, exact_bytes)
{
	static const char want[] = "HTTP/1.0 200 OK\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: 10\r\nConnection: close\r\n\r\nmade 1\nxxx";
	char out[2000];
	struct scene s;

	scene_set(&s, true, 10);
	/* many at once: one text for all */
	for (int i = 0; i < 3; i++) {
		ask(&s, GET, strlen(GET), out, sizeof(out));
		cr_expect_str_eq(out, want);
	}
	scene_clear(&s);
}

/* A client that takes its time, and more than a socket's buffer holds. */
Test(responder, large_answer_in_pieces)
{
	char *out = malloc(ANSWER_MAX);
	const char *p = GET;
	struct scene s;
	bool closed;
	size_t n;
	int fd;

	cr_assert_not_null(out);
	scene_set(&s, true, 3000000);
	fd = client(&s);
	for (; *p != '\0'; p++)
		cr_assert_eq(send(fd, p, 1, MSG_NOSIGNAL), 1);
	n = receive(fd, out, ANSWER_MAX, 3, &closed);
	cr_expect(closed);
	cr_expect_eq(n, strlen("HTTP/1.0 200 OK\r\nContent-Type: text/plain; "
	    "version=0.0.4; charset=utf-8\r\nContent-Length: 3000000\r\n"
	    "Connection: close\r\n\r\n") + 3000000);
	(void)close(fd);
	free(out);
	scene_clear(&s);
}

/* Without end, without a line, and after the answer. */
Test(responder, too_much)
{
	char junk[RESPONDER_REQUEST + 100], out[2000];
	struct scene s;
	bool closed;
	int fd;

	scene_set(&s, true, 10);
	memset(junk, 'a', sizeof(junk));
	ask(&s, junk, RESPONDER_REQUEST - 1, out, sizeof(out));
	cr_expect_not_null(strstr(out, " 431 "), "%s", out);
	fd = client(&s);
	cr_assert_eq(send(fd, GET, strlen(GET), MSG_NOSIGNAL),
	    (ssize_t)strlen(GET));
	/* it does not listen for ever to who goes on after the answer */
	for (int i = 0; i < 1000 && send(fd, junk, sizeof(junk),
	    MSG_NOSIGNAL) > 0; i++)
		;
	(void)receive(fd, out, sizeof(out), 1, &closed);
	cr_expect(closed);
	(void)close(fd);
	ask(&s, GET, strlen(GET), out, sizeof(out));
	cr_expect_not_null(strstr(out, "200 OK"), "%s", out);
	scene_clear(&s);
}

/* Silent ones hold all places for a while, then they are out. */
Test(responder, silent_clients_go)
{
	int fd[RESPONDER_CLIENTS];
	char out[2000];
	struct scene s;
	bool closed;
	int last;

	scene_set(&s, true, 10);
	for (int i = 0; i < RESPONDER_CLIENTS; i++) {
		fd[i] = client(&s);
		cr_assert_eq(send(fd[i], "GET", 3, MSG_NOSIGNAL), 3);
	}
	last = client(&s);
	cr_assert_eq(send(last, GET, strlen(GET), MSG_NOSIGNAL),
	    (ssize_t)strlen(GET));
	(void)receive(last, out, sizeof(out), 0.3, &closed);
	cr_expect(!closed && out[0] == '\0', "no place yet: %s", out);
	(void)receive(last, out, sizeof(out), RESPONDER_SEC + 2, &closed);
	cr_expect_not_null(strstr(out, "200 OK"), "%s", out);
	for (int i = 0; i < RESPONDER_CLIENTS; i++) {
		(void)receive(fd[i], out, sizeof(out), 1, &closed);
		cr_expect(closed && out[0] == '\0', "%s", out);
		(void)close(fd[i]);
	}
	(void)close(last);
	scene_clear(&s);
}

/* Who hangs up in the middle leaves nothing behind: his place is free. */
Test(responder, hang_up)
{
	char out[2000];
	struct scene s;

	scene_set(&s, true, 1000000);
	for (int i = 0; i < 10 * RESPONDER_CLIENTS; i++) {
		int fd = client(&s);

		if (i % 3 != 0)
			(void)send(fd, GET, i % 3 == 1 ? 5 : strlen(GET),
			    MSG_NOSIGNAL);
		(void)close(fd);
	}
	ask(&s, "GET / HTTP/1.0\r\n\r\n", 18, out, sizeof(out));
	cr_expect_not_null(strstr(out, "404"), "%s", out);
	scene_clear(&s);
}

Test(responder, plain)
{
	char out[2000];
	struct scene s;
	bool closed;
	int fd;

	scene_set(&s, false, 10);
	fd = client(&s);
	(void)receive(fd, out, sizeof(out), 3, &closed);
	cr_expect_str_eq(out, "made 1\nxxx");
	cr_expect(closed);
	(void)close(fd);
	scene_clear(&s);
}
