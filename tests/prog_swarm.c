/*
 * swarm: many exporters at once, each with an address of its own in 127/8, a
 * template of its own and flows that tell whose they are.
 *
 *	swarm PORT EXPORTERS FLOWS [FIRST]
 *
 * Exporter i (from FIRST, 0) sends from 127.1.A.B, where A is i / 250 and B is
 * i % 250 + 1: v9, FLOWS records (at most 200) of 10.A.B.k to 192.0.2.1 with
 * k + 1 packets and i * 1000 + k bytes.  Order and length of the fields of the
 * template, and its id, depend on i.
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

#define MAX_EXPORTERS	4000
#define MAX_FLOWS	200
#define PER_DATAGRAM	40
#define N_FIELDS	6
#define PAUSE_NS	200000	/* after so many datagrams: */
#define PAUSE_EVERY	8

struct out {
	uint8_t	 b[2048];
	size_t	 n;
};

static void
put(struct out *o, uint64_t v, size_t len)
{
	while (len-- > 0)
		o->b[o->n++] = (uint8_t)(v >> (8 * len));
}

static uint32_t
host(uint32_t net, unsigned i)
{
	return net << 24 | (net == 127 ? 1U << 16 : i / 250 << 16) |
	    (net == 127 ? i / 250 << 8 : (i % 250 + 1) << 8) |
	    (net == 127 ? i % 250 + 1 : 0);
}

/* Field number f of exporter i: which element, how long, what in flow k. */
static void
field(unsigned i, unsigned f, unsigned k, unsigned *id, unsigned *len,
    uint64_t *value)
{
	static const unsigned ids[N_FIELDS] = { 8, 12, 1, 2, 4, 7 };
	const uint64_t values[N_FIELDS] = { host(10, i) | k, 0xc0000201,
		i * 1000 + k, k + 1, 17, 1000 + k };
	const unsigned lens[N_FIELDS] = { 4, 4, i % 2 ? 8 : 4, i % 3 ? 4 : 8,
		1, 2 };
	unsigned at = (f + i) % N_FIELDS;

	*id = ids[at];
	*len = lens[at];
	*value = values[at];
}

static unsigned
template_id(unsigned i)
{
	return 256 + i * 7 % 1000;
}

static void
begin(struct out *o, unsigned i, unsigned count, uint32_t sequence)
{
	o->n = 0;
	put(o, 9, 2);
	put(o, count, 2);
	put(o, 1000, 4);
	put(o, (uint64_t)time(NULL), 4);
	put(o, sequence, 4);
	put(o, i, 4);
}

static void
make_template(struct out *o, unsigned i)
{
	unsigned id, len;
	uint64_t value;

	begin(o, i, 1, 0);
	put(o, 0, 2);
	put(o, 8 + 4 * N_FIELDS, 2);
	put(o, template_id(i), 2);
	put(o, N_FIELDS, 2);
	for (unsigned f = 0; f < N_FIELDS; f++) {
		field(i, f, 0, &id, &len, &value);
		put(o, id, 2);
		put(o, len, 2);
	}
}

/* Flows [from, to) of exporter i. */
static void
make_data(struct out *o, unsigned i, unsigned from, unsigned to,
    uint32_t sequence)
{
	unsigned id, len;
	uint64_t value;
	size_t set, size;

	begin(o, i, to - from, sequence);
	set = o->n;
	put(o, template_id(i), 2);
	put(o, 0, 2);
	for (unsigned k = from; k < to; k++) {
		for (unsigned f = 0; f < N_FIELDS; f++) {
			field(i, f, k, &id, &len, &value);
			put(o, value, len);
		}
	}
	while ((o->n - set) % 4 != 0)
		put(o, 0, 1);
	size = o->n - set;
	o->b[set + 2] = (uint8_t)(size >> 8);
	o->b[set + 3] = (uint8_t)size;
}

static int
open_from(unsigned i, uint16_t port)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	from.sin_addr.s_addr = htonl(host(127, i));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(port);
	if (fd != -1 && (bind(fd, (struct sockaddr *)&from,
	    sizeof(from)) == -1 || connect(fd, (struct sockaddr *)&to,
	    sizeof(to)) == -1)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static bool
send_out(int fd, const struct out *o, unsigned *sent)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (++*sent % PAUSE_EVERY == 0)
		(void)nanosleep(&pause, NULL);
	return send(fd, o->b, o->n, 0) == (ssize_t)o->n;
}

int
main(int argc, char **argv)
{
	static int fd[MAX_EXPORTERS];
	unsigned n, flows, first, sent = 0;
	struct out o;

	if (argc < 4) {
		(void)fprintf(stderr, "usage: swarm PORT EXPORTERS FLOWS "
		    "[FIRST]\n");
		return 2;
	}
	n = (unsigned)strtoul(argv[2], NULL, 10);
	flows = (unsigned)strtoul(argv[3], NULL, 10);
	first = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	if (n > MAX_EXPORTERS || flows > MAX_FLOWS)
		return 2;
	for (unsigned i = 0; i < n; i++) {
		fd[i] = open_from(first + i,
		    (uint16_t)strtoul(argv[1], NULL, 10));
		make_template(&o, first + i);
		if (fd[i] == -1 || !send_out(fd[i], &o, &sent)) {
			perror("swarm");
			return 1;
		}
	}
	/* in rounds: the exporters' datagrams are mixed */
	for (unsigned k = 0; k < flows; k += PER_DATAGRAM) {
		for (unsigned i = 0; i < n; i++) {
			unsigned to = k + PER_DATAGRAM < flows ?
			    k + PER_DATAGRAM : flows;

			make_data(&o, first + i, k, to, 1 + k / PER_DATAGRAM);
			if (!send_out(fd[i], &o, &sent)) {
				perror("swarm");
				return 1;
			}
		}
	}
	return 0;
}
