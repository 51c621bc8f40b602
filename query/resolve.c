/* Host names: see resolve.h. */
#include "query/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

size_t
resolve_host(void *arg, const char *name, struct addr *out, size_t max)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	size_t n = 0;

	(void)arg;
	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return 0;
	for (ai = list; ai != NULL && n < max; ai = ai->ai_next) {
		if (ai->ai_family == AF_INET) {
			struct sockaddr_in sin;

			memcpy(&sin, ai->ai_addr, sizeof(sin));
			out[n++] = addr_from(&sin.sin_addr, 4);
		} else if (ai->ai_family == AF_INET6) {
			struct sockaddr_in6 sin6;

			memcpy(&sin6, ai->ai_addr, sizeof(sin6));
			out[n++] = addr_from(&sin6.sin6_addr, 16);
		}
	}
	freeaddrinfo(list);
	return n;
}
