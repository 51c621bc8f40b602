/*
 * measure: runs a command and appends one line to a file about what it cost:
 *
 *	CPU us, wall us, largest resident KiB, largest anonymous KiB, status
 *
 * CPU and resident memory are those of wait4(2), so exact.  Resident memory
 * counts also pages of files that are mapped, which the kernel takes back
 * when it needs them; anonymous memory is what a program really holds.  That
 * is read from /proc every 2 ms, and misses what lived shorter.
 *
 * TERM, INT and HUP go on to the command: so daemons can be measured.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS	2000000

static long long
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static long long
tv_us(const struct timeval *tv)
{
	return tv->tv_sec * 1000000LL + tv->tv_usec;
}

/* KiB of anonymous memory at this moment; 0: it has gone. */
static long
anonymous(const char *status_path)
{
	FILE *f = fopen(status_path, "r");
	char line[128];
	long kib = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	}
	(void)fclose(f);
	return kib;
}

static void
wanted_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
}

/* Until it has ended; returns its most anonymous memory. */
static long
watch(pid_t pid, const sigset_t *set, int *status, struct rusage *ru)
{
	const struct timespec poll = { .tv_nsec = POLL_NS };
	char path[64];
	long most = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	for (;;) {
		int sig = sigtimedwait(set, NULL, &poll);
		long kib;

		if (sig == SIGCHLD && wait4(pid, status, WNOHANG, ru) == pid)
			return most;
		if (sig > 0 && sig != SIGCHLD)
			(void)kill(pid, sig);
		kib = anonymous(path);
		if (kib > most)
			most = kib;
	}
}

int
main(int argc, char **argv)
{
	struct rusage ru = { .ru_maxrss = 0 };
	sigset_t set, before;
	long long start;
	long anon;
	int status = 0;
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: measure FILE command ...\n");
		return 2;
	}
	wanted_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	start = now_us();
	pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		(void)execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid == -1) {
		perror("fork");
		return 1;
	}
	anon = watch(pid, &set, &status, &ru);
	status = WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
	f = fopen(argv[1], "a");
	if (f == NULL || fprintf(f, "%lld %lld %ld %ld %d\n",
	    tv_us(&ru.ru_utime) + tv_us(&ru.ru_stime), now_us() - start,
	    ru.ru_maxrss, anon, status) < 0 || fclose(f) != 0) {
		perror(argv[1]);
		return 1;
	}
	return status;
}
