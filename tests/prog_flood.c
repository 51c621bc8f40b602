/*
 * flood: what an open UDP port gets from somebody who means no good.
 *
 *	flood PORT DATAGRAMS SENDERS
 *
 * From that many addresses, 127.2.A.B, some 3000 datagrams a second: templates
 * of as many fields as there may be, datagrams full of small templates, data
 * for templates that never come, sets that claim more than there is, and each
 * in ever new domains.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SENDERS	4000
#define MAX_FIELDS	1024	/* decoder_defaults.max_fields */
#define PAUSE_NS	2500000	/* after so many datagrams: */
#define PAUSE_EVERY	8

struct out {
	uint8_t	 b[60000];
	size_t	 n;
	uint64_t seed;
};

static uint32_t
next(struct out *o)
{
	o->seed ^= o->seed << 13;
	o->seed ^= o->seed >> 7;
	o->seed ^= o->seed << 17;
	return (uint32_t)(o->seed >> 16);
}

static void
put(struct out *o, uint64_t v, size_t len)
{
	while (len-- > 0)
		o->b[o->n++] = (uint8_t)(v >> (8 * len));
}

static void
patch(struct out *o, size_t at, size_t v)
{
	o->b[at] = (uint8_t)(v >> 8);
	o->b[at + 1] = (uint8_t)v;
}

/* An IPFIX message; its length is set by finish. */
static void
begin(struct out *o, unsigned domains)
{
	o->n = 0;
	put(o, 10, 2);
	put(o, 0, 2);
	put(o, (uint64_t)time(NULL), 4);
	put(o, 0, 4);
	put(o, next(o) % domains, 4);
}

static void
set_end(struct out *o, size_t at)
{
	patch(o, at + 2, o->n - at);
}

/* Templates of many fields of variable length: each costs most memory. */
static void
large_templates(struct out *o)
{
	for (int i = 0; i < 3; i++) {
		size_t at = o->n;

		put(o, 2, 2);
		put(o, 0, 2);
		put(o, 256 + next(o) % 1100, 2);
		put(o, MAX_FIELDS, 2);
		for (int f = 0; f < MAX_FIELDS; f++) {
			put(o, 1 + next(o) % 400, 2);
			put(o, 65535, 2);
		}
		set_end(o, at);
	}
}

static void
small_templates(struct out *o)
{
	size_t at = o->n;

	put(o, 2, 2);
	put(o, 0, 2);
	for (int i = 0; i < 150; i++) {
		put(o, 256 + next(o) % 65000, 2);
		put(o, 1, 2);
		put(o, 1 + next(o) % 400, 2);
		put(o, 4, 2);
	}
	set_end(o, at);
}

static void
data_without_template(struct out *o)
{
	size_t len = 40 + next(o) % 24000;

	put(o, 2000 + next(o) % 60000, 2);
	put(o, len + 4, 2);
	memset(o->b + o->n, 0x5a, len);
	o->n += len;
}

static void
lies(struct out *o)
{
	put(o, next(o) % 400, 2);
	put(o, next(o) % 65536, 2);
	for (int i = 0; i < 10; i++)
		put(o, next(o), 4);
}

static void
make(struct out *o)
{
	begin(o, next(o) % 64 == 0 ? UINT32_MAX : 3);
	switch (next(o) % 5) {
	case 0:
		large_templates(o);
		break;
	case 1:
		small_templates(o);
		break;
	case 2:
	case 3:
		data_without_template(o);
		break;
	default:
		lies(o);
		break;
	}
	patch(o, 2, o->n);
}

static int
open_from(unsigned i, uint16_t port)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	from.sin_addr.s_addr = htonl(0x7f020000 + (i / 250 << 8) + i % 250 + 1);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(port);
	if (fd == -1 || bind(fd, (struct sockaddr *)&from,
	    sizeof(from)) == -1 || connect(fd, (struct sockaddr *)&to,
	    sizeof(to)) == -1) {
		perror("flood");
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	static int fd[MAX_SENDERS];
	static struct out o = { .seed = 88172645463325252U };
	unsigned long senders, left;

	if (argc != 4)
		return 2;
	senders = strtoul(argv[3], NULL, 10);
	if (senders == 0 || senders > MAX_SENDERS)
		return 2;
	for (unsigned i = 0; i < senders; i++)
		fd[i] = open_from(i, (uint16_t)strtoul(argv[1], NULL, 10));
	for (left = strtoul(argv[2], NULL, 10); left > 0; left--) {
		make(&o);
		/* one that the receiver has no room for is lost, as ever */
		(void)send(fd[next(&o) % senders], o.b, o.n, 0);
		if (left % PAUSE_EVERY == 0)
			(void)nanosleep(&pause, NULL);
	}
	return 0;
}
