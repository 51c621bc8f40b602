/* Sending datagrams by UDP: see gen_send.h. */
#include "tests/gen_send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/capture.h"
#include "collector/packet.h"

#define RUN_MAX	64	/* datagrams of one call */

struct item {
	size_t		off;
	uint16_t	len;
	uint8_t		sender;
};

struct outbox {
	uint8_t		*bytes;
	size_t		 len;
	size_t		 max;
	struct item	*items;
	size_t		 n;
	size_t		 max_items;
	struct addr	 from[OUTBOX_SENDERS];
	int		 fd[OUTBOX_SENDERS];
	size_t		 n_senders;
};

struct outbox *
outbox_new(void)
{
	struct outbox *o = calloc(1, sizeof(*o));

	for (int i = 0; o != NULL && i < OUTBOX_SENDERS; i++)
		o->fd[i] = -1;
	return o;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	for (int i = 0; i < OUTBOX_SENDERS; i++) {
		if (o->fd[i] != -1)
			(void)close(o->fd[i]);
	}
	free(o->bytes);
	free(o->items);
	free(o);
}

size_t
outbox_count(const struct outbox *o)
{
	return o->n;
}

/* The block with room for need items of that size, or NULL. */
static void *
grow(void *p, size_t need, size_t *max, size_t size)
{
	size_t n = *max == 0 ? 1024 : *max;

	if (need <= *max)
		return p;
	while (n < need)
		n *= 2;
	p = realloc(p, n * size);
	if (p != NULL)
		*max = n;
	return p;
}

/* The sender of that address, made when new; -1: too many. */
static int
sender_of(struct outbox *o, const struct addr *from)
{
	size_t i = 0;

	while (i < o->n_senders && addr_cmp(&o->from[i], from) != 0)
		i++;
	if (i == OUTBOX_SENDERS)
		return -1;
	if (i == o->n_senders)
		o->from[o->n_senders++] = *from;
	return (int)i;
}

int
outbox_add(struct outbox *o, const struct addr *from, const uint8_t *data,
    size_t len)
{
	int sender = sender_of(o, from);
	void *p;

	if (sender == -1 || len > UINT16_MAX)
		return -1;
	p = grow(o->bytes, o->len + len, &o->max, 1);
	if (p == NULL)
		return -1;
	o->bytes = p;
	p = grow(o->items, o->n + 1, &o->max_items, sizeof(*o->items));
	if (p == NULL)
		return -1;
	o->items = p;
	memcpy(o->bytes + o->len, data, len);
	o->items[o->n++] = (struct item){ .off = o->len,
	    .len = (uint16_t)len, .sender = (uint8_t)sender };
	o->len += len;
	return 0;
}

/* What stands for the i-th exporter of a capture. */
static struct addr
stand_in(const struct addr *exporter, size_t i)
{
	uint8_t a[4] = { 127, 0, 0, (uint8_t)(i + 1) };

	if (exporter->len == 4 && exporter->bytes[0] == 127)
		return *exporter;
	return addr_from(a, sizeof(a));
}

/* The header's clock of v5 and v9; all times of the flows hang on it. */
static void
move_clock(uint8_t *data, size_t len, int64_t by_sec)
{
	uint32_t sec;

	if (len < 12 || data[0] != 0 || (data[1] != 5 && data[1] != 9))
		return;
	memcpy(&sec, data + 8, 4);
	sec = htonl((uint32_t)(ntohl(sec) + by_sec));
	memcpy(data + 8, &sec, 4);
}

int
outbox_replay(struct outbox *o, const char *path, bool now, struct err *err)
{
	struct addr known[OUTBOX_SENDERS];
	struct capture *c = capture_open(path, err);
	struct datagram g;
	int64_t last = 0;
	size_t n = 0, i;
	int rc;

	if (c == NULL)
		return -1;
	while ((rc = capture_next(c, &g, err)) == 1) {
		struct addr from;

		for (i = 0; i < n && addr_cmp(&known[i], &g.from) != 0; i++)
			;
		if (i == n && n < OUTBOX_SENDERS)
			known[n++] = g.from;
		from = stand_in(&g.from, i);
		if (outbox_add(o, &from, g.data, g.len) == -1) {
			rc = err_set(err, "%s: too many exporters or no "
			    "memory", path);
			break;
		}
		last = g.arrival_ms / 1000;
	}
	capture_close(c);
	for (i = 0; now && i < o->n; i++)
		move_clock(o->bytes + o->items[i].off, o->items[i].len,
		    (int64_t)time(NULL) - last);
	return rc;
}

static int
open_sockets(struct outbox *o, const struct sockaddr_in *to, struct err *err)
{
	struct sockaddr_in from = { .sin_family = AF_INET };

	for (size_t i = 0; i < o->n_senders; i++) {
		o->fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		memcpy(&from.sin_addr, o->from[i].bytes, 4);
		if (o->fd[i] == -1 || bind(o->fd[i],
		    (const struct sockaddr *)&from, sizeof(from)) == -1 ||
		    connect(o->fd[i], (const struct sockaddr *)to,
		    sizeof(*to)) == -1)
			return err_sys(err, "socket");
	}
	return 0;
}

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
sleep_until(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000,
	    .tv_nsec = ns % 1000000000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Items [i, i + n), all of one sender.  Nobody listening yet is no error. */
static int
send_run(struct outbox *o, size_t i, size_t n, struct err *err)
{
	struct mmsghdr m[RUN_MAX];
	struct iovec v[RUN_MAX];
	size_t done = 0;

	memset(m, 0, sizeof(m));
	for (size_t k = 0; k < n; k++) {
		v[k].iov_base = o->bytes + o->items[i + k].off;
		v[k].iov_len = o->items[i + k].len;
		m[k].msg_hdr.msg_iov = &v[k];
		m[k].msg_hdr.msg_iovlen = 1;
	}
	while (done < n) {
		int sent = sendmmsg(o->fd[o->items[i].sender], m + done,
		    (unsigned)(n - done), 0);

		if (sent > 0)
			done += (size_t)sent;
		else if (errno != EINTR && errno != ECONNREFUSED)
			return err_sys(err, "send");
	}
	return 0;
}

int
outbox_send(struct outbox *o, const struct sockaddr_in *to, int64_t pps,
    double *sec, struct err *err)
{
	int64_t start;
	size_t run;

	if (open_sockets(o, to, err) == -1)
		return -1;
	start = now_ns();
	for (size_t i = 0; i < o->n; i += run) {
		for (run = 1; i + run < o->n && run < RUN_MAX &&
		    o->items[i + run].sender == o->items[i].sender; run++)
			;
		if (pps > 0)
			sleep_until(start + (int64_t)i * 1000000000 / pps);
		if (send_run(o, i, run, err) == -1)
			return -1;
	}
	*sec = (double)(now_ns() - start) / 1e9;
	return 0;
}
