/*
 * notified PATH: what an init system does with NOTIFY_SOCKET.  Binds a
 * datagram socket there and prints each line that comes as one of its own,
 * until it is ended.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGE_MAX	4096

int
main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char text[MESSAGE_MAX + 1];
	ssize_t n;
	int fd;

	if (argc != 2 || strlen(argv[1]) >= sizeof(un.sun_path)) {
		(void)fprintf(stderr, "usage: notified PATH\n");
		return 2;
	}
	memcpy(un.sun_path, argv[1], strlen(argv[1]));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&un,
	    sizeof(un)) == -1) {
		perror(argv[1]);
		return 1;
	}
	while ((n = recv(fd, text, MESSAGE_MAX, 0)) >= 0) {
		text[n] = '\0';
		if (puts(text) == EOF || fflush(stdout) != 0)
			return 1;
	}
	return 1;
}
