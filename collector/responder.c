/*
 * Answers questions: see responder.h.  A client reads, then is written to,
 * then is waited for: closing a connection that has unread bytes would throw
 * away what was written to it.
 */
#include "collector/responder.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/endpoint.h"

#define FRESH_SEC	1.0	/* a text serves all who ask so long */
#define PAUSE_SEC	1.0	/* when no descriptor is to be had */
#define LINGER_BYTES	65536	/* read and thrown away at the end */
#define HEAD_MAX	300

struct client {
	struct responder	*r;
	ev_io			 io;
	ev_timer		 limit;
	int			 fd;		/* -1: free */
	char			*answer;	/* NULL: the request is read */
	size_t			 len;
	size_t			 sent;
	size_t			 got;		/* of the request, then after it */
	char			 request[RESPONDER_REQUEST];
};

struct responder {
	struct ev_loop		*loop;
	struct responder_options options;
	struct endpoint		 endpoint;
	ev_io			 accepting;
	ev_timer		 pause;
	char			*text;
	size_t			 text_len;
	ev_tstamp		 text_at;
	int			 n_clients;
	struct client		 client[RESPONDER_CLIENTS];
};

static void
end_client(struct client *c)
{
	struct responder *r = c->r;

	ev_io_stop(r->loop, &c->io);
	ev_timer_stop(r->loop, &c->limit);
	(void)close(c->fd);
	free(c->answer);
	c->answer = NULL;
	c->fd = -1;
	r->n_clients--;
	if (!ev_is_active(&r->pause))
		ev_io_start(r->loop, &r->accepting);
}

static void
on_limit(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	end_client(w->data);
}

static void
watch(struct client *c, int events)
{
	ev_io_stop(c->r->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->r->loop, &c->io);
}

/* The text as of this moment, the responder's; NULL: out of memory. */
static const char *
fresh_text(struct responder *r)
{
	ev_tstamp now = ev_now(r->loop);

	/* also when the clock has gone back */
	if (r->text == NULL || now - r->text_at >= FRESH_SEC ||
	    now < r->text_at) {
		free(r->text);
		r->text = r->options.text(r->options.arg, &r->text_len);
		r->text_at = now;
	}
	return r->text;
}

static void
flush_answer(struct client *c)
{
	while (c->sent < c->len) {
		ssize_t n = send(c->fd, c->answer + c->sent, c->len - c->sent,
		    MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			watch(c, EV_WRITE);
			return;
		}
		if (n <= 0) {
			end_client(c);
			return;
		}
		c->sent += (size_t)n;
	}
	(void)shutdown(c->fd, SHUT_WR);
	c->got = 0;
	watch(c, EV_READ);
}

/* Head and body as one answer; takes copies of both. */
static void
answer(struct client *c, const char *head, const char *body, size_t len)
{
	size_t n = strlen(head);

	c->answer = malloc(n + len + 1);
	if (c->answer == NULL) {
		end_client(c);
		return;
	}
	memcpy(c->answer, head, n);
	memcpy(c->answer + n, body, len);
	c->len = n + len;
	c->sent = 0;
	flush_answer(c);
}

static void
answer_http(struct client *c, const char *status, const char *more,
    const char *body, size_t len)
{
	char head[HEAD_MAX];

	(void)snprintf(head, sizeof(head), "HTTP/1.0 %s\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n%sConnection: close\r\n\r\n", status,
	    len, more);
	answer(c, head, body, len);
}

static void
refuse(struct client *c, const char *status, const char *more)
{
	char body[HEAD_MAX];
	int n = snprintf(body, sizeof(body), "%s\n", status);

	answer_http(c, status, more, body, (size_t)n);
}

/* "GET /metrics HTTP/1.1"; the request ends with a NUL. */
static void
serve(struct client *c)
{
	char *line = c->request, *target, *version;

	line[strcspn(line, "\r\n")] = '\0';
	target = strchr(line, ' ');
	version = target == NULL ? NULL : strchr(target + 1, ' ');
	if (version == NULL || strncmp(version, " HTTP/1.", 8) != 0) {
		refuse(c, "400 Bad Request", "");
		return;
	}
	*target++ = '\0';
	*version = '\0';
	target[strcspn(target, "?")] = '\0';
	if (strcmp(line, "GET") != 0) {
		refuse(c, "405 Method Not Allowed", "Allow: GET\r\n");
	} else if (strcmp(target, "/metrics") != 0) {
		refuse(c, "404 Not Found", "");
	} else {
		const char *text = fresh_text(c->r);

		if (text == NULL)
			refuse(c, "503 Service Unavailable", "");
		else
			answer_http(c, "200 OK", "", text, c->r->text_len);
	}
}

/* Is the empty line there that ends a request's head? */
static bool
is_complete(const struct client *c)
{
	return strstr(c->request, "\n\r\n") != NULL ||
	    strstr(c->request, "\n\n") != NULL;
}

/* Bytes of a request; a NUL in it is no request. */
static void
read_request(struct client *c)
{
	size_t room = sizeof(c->request) - 1 - c->got;
	ssize_t n = recv(c->fd, c->request + c->got, room, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_client(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = '\0';
	if (strlen(c->request) != c->got)
		refuse(c, "400 Bad Request", "");
	else if (is_complete(c))
		serve(c);
	else if (c->got == sizeof(c->request) - 1)
		refuse(c, "431 Request Header Fields Too Large", "");
}

/* All is sent: until the other side has closed, too. */
static void
linger(struct client *c)
{
	ssize_t n = recv(c->fd, c->request, sizeof(c->request), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->got += (size_t)n;
	if (n <= 0 || c->got > LINGER_BYTES)
		end_client(c);
}

static void
on_client(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;

	(void)loop;
	(void)events;
	if (c->answer == NULL)
		read_request(c);
	else if (c->sent < c->len)
		flush_answer(c);
	else
		linger(c);
}

static void
begin_client(struct responder *r, int fd)
{
	struct client *c = r->client;
	const char *text;

	while (c->fd != -1)
		c++;
	c->fd = fd;
	c->got = 0;
	r->n_clients++;
	ev_io_init(&c->io, on_client, fd, EV_READ);
	ev_timer_init(&c->limit, on_limit, RESPONDER_SEC, 0);
	c->io.data = c->limit.data = c;
	ev_io_start(r->loop, &c->io);
	ev_timer_start(r->loop, &c->limit);
	if (r->n_clients == RESPONDER_CLIENTS)
		ev_io_stop(r->loop, &r->accepting);
	if (r->options.http)
		return;
	text = fresh_text(r);
	if (text == NULL)
		end_client(c);
	else
		answer(c, "", text, r->text_len);
}

/* One a wake-up, so that datagrams get their turn. */
static void
on_accept(struct ev_loop *loop, ev_io *w, int events)
{
	struct responder *r = w->data;
	int fd = accept4(r->endpoint.fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd != -1) {
		begin_client(r, fd);
	} else if (errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED) {
		/* no descriptor or memory: not again and again at once */
		ev_io_stop(loop, w);
		ev_timer_set(&r->pause, PAUSE_SEC, 0);
		ev_timer_start(loop, &r->pause);
	}
}

static void
on_pause(struct ev_loop *loop, ev_timer *w, int events)
{
	struct responder *r = w->data;

	(void)events;
	if (r->n_clients < RESPONDER_CLIENTS)
		ev_io_start(loop, &r->accepting);
}

struct responder *
responder_open(struct ev_loop *loop, const struct responder_options *o,
    struct err *err)
{
	struct responder *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	if (endpoint_listen(&r->endpoint, o->at, err) == -1) {
		free(r);
		return NULL;
	}
	r->loop = loop;
	r->options = *o;
	r->options.at = NULL;
	for (int i = 0; i < RESPONDER_CLIENTS; i++) {
		r->client[i].r = r;
		r->client[i].fd = -1;
	}
	ev_io_init(&r->accepting, on_accept, r->endpoint.fd, EV_READ);
	ev_init(&r->pause, on_pause);
	r->accepting.data = r->pause.data = r;
	/* who sends flows comes first */
	ev_set_priority(&r->accepting, EV_MINPRI);
	ev_io_start(loop, &r->accepting);
	return r;
}

void
responder_close(struct responder *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < RESPONDER_CLIENTS; i++) {
		if (r->client[i].fd != -1)
			end_client(&r->client[i]);
	}
	ev_io_stop(r->loop, &r->accepting);
	ev_timer_stop(r->loop, &r->pause);
	endpoint_close(&r->endpoint);
	free(r->text);
	free(r);
}
