/* UDP sockets: see listen.h. */
#include "collector/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The largest UDP payload; pages not used stay untouched. */
#define DATAGRAM_MAX	65536

struct listen_ring {
	struct mmsghdr		 msg[LISTEN_RING];
	struct iovec		 iov[LISTEN_RING];
	struct sockaddr_storage	 from[LISTEN_RING];
	struct {
		alignas(struct cmsghdr)
		char		 bytes[CMSG_SPACE(sizeof(uint32_t)) + 64];
	}			 control[LISTEN_RING];
	uint8_t			*data;
};

struct listen_ring *
listen_ring_new(void)
{
	struct listen_ring *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->data = malloc((size_t)LISTEN_RING * DATAGRAM_MAX);
	if (r->data == NULL) {
		free(r);
		return NULL;
	}
	for (int i = 0; i < LISTEN_RING; i++) {
		r->iov[i].iov_base = r->data + (size_t)i * DATAGRAM_MAX;
		r->iov[i].iov_len = DATAGRAM_MAX;
		r->msg[i].msg_hdr.msg_iov = &r->iov[i];
		r->msg[i].msg_hdr.msg_iovlen = 1;
		r->msg[i].msg_hdr.msg_name = &r->from[i];
		r->msg[i].msg_hdr.msg_control = r->control[i].bytes;
	}
	return r;
}

void
listen_ring_free(struct listen_ring *r)
{
	if (r == NULL)
		return;
	free(r->data);
	free(r);
}

size_t
listen_ring_memory(void)
{
	return sizeof(struct listen_ring) + (size_t)LISTEN_RING * DATAGRAM_MAX;
}

/* "0.0.0.0:2055", "[::]:2055": what metrics call this socket. */
static void
set_name(struct listen_socket *s)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(s->fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((const struct sockaddr *)&ss, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	(void)snprintf(s->name, sizeof(s->name), ss.ss_family == AF_INET6 ?
	    "[%.48s]:%.5s" : "%.48s:%.5s", host, port);
}

static void
set_buffer(struct listen_socket *s, int bytes)
{
	socklen_t len = sizeof(s->granted);
	int on = 1;

	/* root may go beyond net.core.rmem_max */
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
	    sizeof(bytes)) == -1)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &bytes,
		    sizeof(bytes));
	(void)getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &s->granted, &len);
	/* Linux tells twice what was asked, for its own bookkeeping */
	s->granted /= 2;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
}

static int
bind_to(struct listen_socket *s, const struct addrinfo *a, int dual)
{
	int off = 0, on = 1;

	s->fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (s->fd == -1)
		return -1;
	if (a->ai_family == AF_INET6)
		(void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    dual ? &off : &on, sizeof(on));
	if (bind(s->fd, a->ai_addr, a->ai_addrlen) == -1) {
		int saved = errno;

		(void)close(s->fd);
		errno = saved;
		return s->fd = -1;
	}
	return 0;
}

int
listen_open(struct listen_socket *s, const char *address, int port,
    int buffer, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
	char service[16];
	int rc;

	*s = (struct listen_socket){ .fd = -1 };
	(void)snprintf(service, sizeof(service), "%d", port);
	/* "::" takes IPv4 as well; a machine without IPv6 gets 0.0.0.0 */
	rc = getaddrinfo(address == NULL ? "::" : address, service, &hints,
	    &list);
	if (rc != 0)
		return err_set(err, "listen on %s: %s", address,
		    gai_strerror(rc));
	rc = bind_to(s, list, address == NULL);
	freeaddrinfo(list);
	if (rc == -1 && address == NULL && (errno == EAFNOSUPPORT ||
	    errno == EADDRNOTAVAIL) &&
	    getaddrinfo("0.0.0.0", service, &hints, &list) == 0) {
		rc = bind_to(s, list, 0);
		freeaddrinfo(list);
	}
	if (rc == -1)
		return err_sys(err, "listen on %s port %d", address == NULL ?
		    "all addresses" : address, port);
	set_buffer(s, buffer);
	set_name(s);
	return 0;
}

int
listen_deafen(struct listen_socket *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	/* connected to itself, it takes datagrams from nobody else */
	if (getsockname(s->fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	return connect(s->fd, (const struct sockaddr *)&ss, len);
}

void
listen_close(struct listen_socket *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
}

static void
read_sender(const struct sockaddr_storage *ss, struct addr *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)ss;

		*out = addr_from(&in->sin_addr, 4);
	} else {
		const struct sockaddr_in6 *in6 = (const void *)ss;
		const uint8_t *b = in6->sin6_addr.s6_addr;

		*out = memcmp(b, mapped, 12) == 0 ? addr_from(b + 12, 4) :
		    addr_from(b, 16);
	}
}

/* The kernel's count of datagrams that found the buffer full. */
static void
read_drops(struct listen_socket *s, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c)) {
		uint32_t drops;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&drops, CMSG_DATA(c), sizeof(drops));
		s->drops += drops - s->last_drops;
		s->last_drops = drops;
	}
}

int
listen_receive(struct listen_socket *s, struct listen_ring *r,
    int64_t now_ms, void (*fn)(void *arg, const uint8_t *data, size_t len,
    const struct addr *from, int64_t now_ms), void *arg)
{
	int n;

	for (int i = 0; i < LISTEN_RING; i++) {
		r->msg[i].msg_hdr.msg_namelen = sizeof(r->from[i]);
		r->msg[i].msg_hdr.msg_controllen = sizeof(r->control[i].bytes);
	}
	n = recvmmsg(s->fd, r->msg, LISTEN_RING, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct addr from;

		read_drops(s, &r->msg[i].msg_hdr);
		read_sender(&r->from[i], &from);
		s->packets++;
		s->bytes += r->msg[i].msg_len;
		fn(arg, r->iov[i].iov_base, r->msg[i].msg_len, &from, now_ms);
	}
	return n;
}
