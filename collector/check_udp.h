/*
 * --check of the network side: who has the port, and what the kernel threw
 * away there.
 */
#ifndef COLLECTOR_CHECK_UDP_H
#define COLLECTOR_CHECK_UDP_H

#include <stdint.h>
#include <stdio.h>

#include "collector/check.h"

#define CHECK_SOCKETS	32

struct check_socket {
	uint64_t	inode;
	uint64_t	drops;
	long		pid;		/* 0: not to be found out */
	char		name[32];	/* of the process */
};

/*
 * Sockets of a port in the text of /proc/net/udp or udp6; adds to v[n], returns
 * the new n.  Owners are not looked for.
 */
size_t	check_sockets_read(FILE *f, int port, struct check_socket *v,
	    size_t n);

void	check_udp(struct check *k);

#endif
