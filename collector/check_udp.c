/* Port, owner, drops: see check_udp.h. */
#include "collector/check_udp.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET		"socket:["	/* and the inode: an open file */
#define RMEM_MAX	"/proc/sys/net/core/rmem_max"

/* Words of a line, after "sl": what the kernel prints in both files. */
enum { WORD_LOCAL = 1, WORD_INODE = 9, WORD_DROPS = 12, WORDS };

size_t
check_sockets_read(FILE *f, int port, struct check_socket *v, size_t n)
{
	char line[512];

	while (n < CHECK_SOCKETS && fgets(line, sizeof(line), f) != NULL) {
		char *word[WORDS], *rest = line, *colon;
		size_t k = 0;

		while (k < WORDS && (word[k] = strtok_r(k == 0 ? line : NULL,
		    " \n", &rest)) != NULL)
			k++;
		colon = k == WORDS ? strchr(word[WORD_LOCAL], ':') : NULL;
		if (colon == NULL || strtol(colon + 1, NULL, 16) != port)
			continue;
		v[n++] = (struct check_socket){
			.inode = strtoull(word[WORD_INODE], NULL, 10),
			.drops = strtoull(word[WORD_DROPS], NULL, 10) };
	}
	return n;
}

static size_t
read_file(const char *path, int port, struct check_socket *v, size_t n)
{
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return n;
	n = check_sockets_read(f, port, v, n);
	(void)fclose(f);
	return n;
}

static void
read_name(const char *pid, char *out, size_t size)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "r");
	out[0] = '\0';
	if (f != NULL) {
		if (fgets(out, (int)size, f) != NULL)
			out[strcspn(out, "\n")] = '\0';
		(void)fclose(f);
	}
	/* a process names itself: nothing of it reaches the terminal */
	for (; *out != '\0'; out++) {
		if (!isprint((unsigned char)*out))
			*out = '?';
	}
}

/* The sockets among those that the process has open. */
static void
look_into(const char *pid, struct check_socket *v, size_t n)
{
	char path[600], link[64];
	struct dirent *e;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		ssize_t len;
		uint64_t inode;

		(void)snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid,
		    e->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		if (len <= 0)
			continue;
		link[len] = '\0';
		if (strncmp(link, SOCKET, strlen(SOCKET)) != 0)
			continue;
		inode = strtoull(link + strlen(SOCKET), NULL, 10);
		for (size_t i = 0; i < n; i++) {
			if (v[i].inode != inode)
				continue;
			v[i].pid = strtol(pid, NULL, 10);
			read_name(pid, v[i].name, sizeof(v[i].name));
		}
	}
	if (d != NULL)
		(void)closedir(d);
}

static void
find_owners(struct check_socket *v, size_t n)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (isdigit((unsigned char)e->d_name[0]))
			look_into(e->d_name, v, n);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void
say_owner(struct check *k, const struct check_socket *s)
{
	int port = k->c->port;

	if (s->pid == 0 && k->pid != 0)
		check_say(k, FINDING_NOTE, "somebody listens on UDP port %d; "
		    "only root can see whether it is process %ld", port,
		    k->pid);
	else if (s->pid == 0)
		check_say(k, FINDING_WRONG, "UDP port %d is taken, but no "
		    "flowdbd writes to %s; as root, flowdbd --check can say "
		    "by whom", port, k->c->directory);
	else if (s->pid == k->pid)
		check_say(k, FINDING_OK, "flowdbd, process %ld, listens on "
		    "UDP port %d", s->pid, port);
	else
		check_say(k, FINDING_WRONG, "UDP port %d is taken by %s, "
		    "process %ld, which does not write to %s; end it, or "
		    "choose another port with -p", port, s->name, s->pid,
		    k->c->directory);
}

static long
read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	char text[32], *end;
	long n = -1;

	if (f != NULL) {
		if (fgets(text, sizeof(text), f) != NULL) {
			n = strtol(text, &end, 10);
			n = end == text ? -1 : n;
		}
		(void)fclose(f);
	}
	return n;
}

static void
say_buffer(struct check *k, uint64_t drops)
{
	long most = read_number(RMEM_MAX), want = k->c->receive_buffer;
	char mend[200];

	/* root's socket has what was asked for: then it must be more */
	if (most >= want)
		(void)snprintf(mend, sizeof(mend), "raise receive_buffer (-B) "
		    "above %ld, and net.core.rmem_max as far", want);
	else
		(void)snprintf(mend, sizeof(mend), "sysctl -w "
		    "net.core.rmem_max=%ld (it is %ld), the same in "
		    "/etc/sysctl.d/flowdb.conf, and restart flowdbd", want,
		    most);
	if (drops > 0)
		check_say(k, FINDING_WRONG, "the kernel dropped %" PRIu64
		    " datagrams since flowdbd started, as its receive buffer "
		    "was full: %s", drops, mend);
	else if (most < want && most >= 0)
		check_say(k, FINDING_NOTE, "without root's rights the receive "
		    "buffer is %ld bytes instead of %ld; bursts may be lost: "
		    "%s", most, want, mend);
}

static bool
only_local(const struct config *c)
{
	for (size_t i = 0; i < c->n_listen; i++) {
		if (strncmp(c->listen[i], "127.", 4) != 0 &&
		    strcmp(c->listen[i], "::1") != 0)
			return false;
	}
	return c->n_listen > 0;
}

void
check_udp(struct check *k)
{
	struct check_socket v[CHECK_SOCKETS];
	uint64_t drops = 0;
	size_t n = 0, mine = CHECK_SOCKETS;

	n = read_file("/proc/net/udp", k->c->port, v, n);
	n = read_file("/proc/net/udp6", k->c->port, v, n);
	find_owners(v, n);
	for (size_t i = 0; i < n; i++) {
		if (k->pid != 0 && v[i].pid == k->pid) {
			drops += v[i].drops;
			mine = i;
		}
	}
	/* addresses of the same port may be shared: ours is what counts */
	if (n > 0)
		say_owner(k, &v[mine < n ? mine : 0]);
	else
		check_say(k, FINDING_WRONG, "nobody listens on UDP port %d%s",
		    k->c->port, k->pid == 0 ? ": flowdbd does not run" :
		    ": flowdbd runs with another one");
	if (only_local(k->c))
		check_say(k, FINDING_NOTE, "it listens on this machine's own "
		    "addresses only: no router reaches it (-b, listen)");
	say_buffer(k, drops);
}
