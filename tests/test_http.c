/*
 * The HTTP client before servers that lie: each is a process of its own that
 * answers one request, and then tells how much of its answer was taken.
 */
#include "schema/http.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define OK		"HTTP/1.1 200 OK\r\n"
#define ENDLESS		((size_t)64 << 20)	/* of what is said for ever */
/* What may be on the way when the client has had enough. */
#define TAKEN		((size_t)16 << 20)

struct server {
	char	url[64];
	int	listener;
	pid_t	pid;
	int	told;		/* bytes that were taken, when it is done */
};

/* An answer: first, then again and again until it is ENDLESS. */
struct answer {
	const void	*first;
	size_t		 first_len;
	const char	*again;
};

/* Of gcov, in make coverage: what the child did counts, too. */
void	__gcov_dump(void) __attribute__((weak));

static size_t
say(int fd, const void *data, size_t len)
{
	const char *p = data;
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, p + done, len - done, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* Reads a request that is not long, and lets the client go. */
static void
serve(int listener, const struct answer *a, int told)
{
	static char many[1 << 16];
	char in[8192];
	size_t n = a->again == NULL ? 0 : strlen(a->again), used, all;
	int fd = accept(listener, NULL, NULL);

	if (fd == -1 || recv(fd, in, sizeof(in), 0) <= 0)
		_exit(1);
	all = say(fd, a->first, a->first_len);
	for (used = 0; n > 0 && used + n <= sizeof(many); used += n)
		memcpy(many + used, a->again, n);
	while (used > 0 && all < ENDLESS) {
		size_t sent = say(fd, many, used);

		all += sent;
		if (sent < used)
			break;
	}
	(void)shutdown(fd, SHUT_WR);
	/* until the client has gone: nothing it has not read is thrown away */
	while (recv(fd, in, sizeof(in), 0) > 0)
		continue;
	if (write(told, &all, sizeof(all)) != (ssize_t)sizeof(all))
		_exit(1);
	_exit(0);
}

static int
listen_somewhere(char url[64])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_neq(fd, -1);
	cr_assert_eq(bind(fd, (struct sockaddr *)(void *)&a, len), 0);
	cr_assert_eq(listen(fd, 4), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)(void *)&a, &len), 0);
	(void)snprintf(url, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

static void
start(struct server *s, const struct answer *a)
{
	int fd[2];

	s->listener = listen_somewhere(s->url);
	cr_assert_eq(pipe(fd), 0);
	s->pid = fork();
	cr_assert_neq(s->pid, -1);
	if (s->pid == 0)
		serve(s->listener, a, fd[1]);
	(void)close(fd[1]);
	s->told = fd[0];
}

/* How much was taken; the client must have hung up. */
static size_t
end(struct server *s)
{
	size_t all = 0;
	int status;

	cr_assert_eq(read(s->told, &all, sizeof(all)), sizeof(all));
	cr_assert_eq(waitpid(s->pid, &status, 0), s->pid);
	cr_expect_eq(status, 0);
	(void)close(s->told);
	(void)close(s->listener);
	return all;
}

static struct answer
text(const char *t)
{
	return (struct answer){ t, strlen(t), NULL };
}

/* One request; what came of it, and how much the server got rid of. */
static int
ask(const struct answer *a, bool want_text, char *out, size_t size,
    struct err *err, size_t *taken)
{
	struct http_request r = { .query = "SELECT 1" };
	struct server s;
	struct http *h;
	int rc;

	start(&s, a);
	h = http_new(&(struct http_options){ .url = s.url }, err);
	cr_assert_not_null(h, "%s", err->msg);
	rc = want_text ? http_ask(h, r.query, out, size, NULL, err) :
	    http_run(h, &r, err);
	http_free(h);
	*taken = end(&s);
	return rc;
}

Test(http, answers)
{
	static const struct {
		const char	*name;
		const char	*answer;
		int		 rc;
		enum err_code	 code;
		const char	*want;	/* the text, or in the message */
	} cases[] = {
		{ "good", OK "Content-Length: 2\r\n\r\n1\n", 0, ERR_NONE,
		    "1" },
		{ "empty", OK "Content-Length: 0\r\n\r\n", 0, ERR_NONE, "" },
		{ "chunks", OK "Transfer-Encoding: chunked\r\n\r\n"
		    "2\r\n12\r\n1\r\n3\r\n0\r\n\r\n", 0, ERR_NONE, "123" },
		{ "a page that moved", "HTTP/1.1 302 Found\r\nLocation: "
		    "http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", -1,
		    ERR_FAIL, "HTTP status 302" },
		{ "an error", "HTTP/1.1 404 Not Found\r\n\r\nCode: 60, "
		    "e.displayText() = no such table (version 1)\n", -1,
		    ERR_FAIL, "Code: 60, e.displayText() = no such table" },
		{ "behind rows", OK "\r\n1\n2\nCode: 241. DB::Exception: "
		    "memory", -1, ERR_FAIL, "Code: 241. DB::Exception: memory" },
		{ "a gateway", "HTTP/1.1 502 Bad\r\n\r\nnobody there\n", -1,
		    ERR_BUSY, "nobody there" },
		{ "cut short", OK "Content-Length: 20\r\n\r\n1\n", -1,
		    ERR_BUSY, "" },
		{ "a chunk of lies", OK "Transfer-Encoding: chunked\r\n\r\n"
		    "ffffffffffffffffff\r\n1\n", -1, ERR_BUSY, "" },
		{ "no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", -1, ERR_BUSY, "" },
		{ "nothing", "", -1, ERR_BUSY, "" },
		{ "orders for a terminal", "HTTP/1.1 500 No\r\n\r\n"
		    "\033]0;x\007 \302\233m \302\265\n", -1, ERR_FAIL,
		    "?]0;x? ??m \302\265" },
		{ "too long for us", OK "\r\n12345678901234567890"
		    "12345678901234567890123456789012345678901234", -1,
		    ERR_STOPPED, "broken off" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answer a = text(cases[i].answer);
		const char *name = cases[i].name;
		char out[64];
		struct err err = { .code = ERR_NONE };
		size_t taken;

		cr_expect_eq(ask(&a, true, out, sizeof(out), &err, &taken),
		    cases[i].rc, "%s: %s", name, err.msg);
		cr_expect_eq(err.code, cases[i].code, "%s: %s", name, err.msg);
		if (cases[i].rc == 0)
			cr_expect_str_eq(out, cases[i].want, "%s", name);
		else
			cr_expect_not_null(strstr(err.msg, cases[i].want),
			    "%s: %s", name, err.msg);
	}
}

/* What never ends is broken off, whoever waits for it. */
Test(http, endless)
{
	static const struct {
		const char	*name;
		const char	*first;
		const char	*again;
		bool		 want_text;
		const char	*want;
	} cases[] = {
		{ "head", OK, "X-More: and more of it\r\n", true, "no end" },
		{ "line of a head", OK "X-Long: ", "xxxxxxxxxxxxxxxx", true,
		    "" },
		{ "heads before the head", "",
		    "HTTP/1.1 100 Continue\r\n\r\n", true, "no end" },
		{ "message", "HTTP/1.1 500 No\r\n\r\nit is so\n", "and so ",
		    true, "it is so" },
		{ "rows nobody asked for", OK "\r\n", "1\n", false,
		    "no end" },
		{ "text", OK "\r\n", "1\n", true, "broken off" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer a = text(cases[i].first);
		const char *name = cases[i].name;
		char out[4096];
		struct err err;
		size_t taken;

		a.again = cases[i].again;
		cr_expect_eq(ask(&a, cases[i].want_text, out, sizeof(out),
		    &err, &taken), -1, "%s", name);
		cr_expect_not_null(strstr(err.msg, cases[i].want), "%s: %s",
		    name, err.msg);
		cr_expect_lt(taken, TAKEN, "%s: took %zu bytes", name, taken);
	}
}

/* 64 MiB of zeros in 64 kB: never more in memory than there is room for. */
Test(http, bomb)
{
	static const char *const heads[] = {
		OK "Content-Encoding: gzip\r\n\r\n",
		OK "Transfer-Encoding: gzip\r\n\r\n",
	};
	static uint8_t zeros[1 << 16], out[1 << 18];
	z_stream z = { .next_out = out, .avail_out = sizeof(out) };

	cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	for (size_t i = 0; i < ENDLESS / sizeof(zeros); i++) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		cr_assert_eq(deflate(&z, i + 1 < ENDLESS / sizeof(zeros) ?
		    Z_NO_FLUSH : Z_FINISH), i + 1 < ENDLESS / sizeof(zeros) ?
		    Z_OK : Z_STREAM_END);
	}
	(void)deflateEnd(&z);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t head = strlen(heads[i]), len = head + z.total_out;
		char *all = malloc(len), small[1000];
		struct answer a = { all, len, NULL };
		struct err err;
		size_t taken;

		cr_assert_not_null(all);
		memcpy(all, heads[i], head);
		memcpy(all + head, out, z.total_out);
		cr_expect_eq(ask(&a, true, small, sizeof(small), &err, &taken),
		    -1, "%s", heads[i]);
		cr_expect_eq(ask(&a, false, NULL, 0, &err, &taken),
		    i == 0 ? 0 : -1, "%s", heads[i]);
		free(all);
	}
}
