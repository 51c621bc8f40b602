/* The buffer before a file descriptor: nothing is lost, no failure forgotten. */
#include "query/out.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct out out;

Test(out, everything_arrives_in_order)
{
	int fd = memfd_create("out", 0);
	size_t big = OUT_SIZE * 2 + 5, n;
	char *text = malloc(big), head[64], *back = malloc(big + 64);

	memset(text, 'x', big);
	text[0] = '<';
	text[big - 1] = '>';
	out_init(&out, fd);
	out_text(&out, "a");
	out_char(&out, 'b');
	out_int(&out, INT64_MIN);
	out_uint(&out, UINT64_MAX);
	out_padded(&out, "r", 3);
	out_padded(&out, "l", -3);
	out_padded(&out, "wide", 2);
	out_bytes(&out, text, big);
	cr_assert_eq(out_flush(&out, NULL), 0);
	(void)snprintf(head, sizeof(head),
	    "ab-922337203685477580818446744073709551615  rl  wide");
	n = strlen(head);
	cr_assert_eq(pread(fd, back, big + 64, 0), (ssize_t)(n + big));
	cr_expect_eq(memcmp(back, head, n), 0, "%.60s", back);
	cr_expect_eq(memcmp(back + n, text, big), 0);
	free(text);
	free(back);
	(void)close(fd);
}

Test(out, full_disk_is_remembered)
{
	int fd = open("/dev/full", O_WRONLY);
	struct err err;

	cr_assert_geq(fd, 0);
	out_init(&out, fd);
	cr_expect_not(out_failed(&out));
	out_text(&out, "lost");
	cr_expect_not(out_failed(&out));
	for (int i = 0; i < OUT_SIZE; i++)
		out_text(&out, "many more than fit");
	cr_expect(out_failed(&out));
	cr_assert_eq(out_flush(&out, &err), -1);
	cr_expect_eq(err.code, ERR_FULL);
	cr_expect_not_null(strstr(err.msg, strerror(ENOSPC)), "%s", err.msg);
	/* a place that works later doesn't make it a good answer */
	(void)close(fd);
	out.fd = memfd_create("out", 0);
	out_text(&out, "late");
	cr_expect_eq(out_flush(&out, &err), -1);
	cr_expect_eq(lseek(out.fd, 0, SEEK_END), 0);
	(void)close(out.fd);
}

Test(out, reader_went_away)
{
	struct err err;
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(fds), 0);
	(void)close(fds[0]);
	out_init(&out, fds[1]);
	out_text(&out, "nobody reads");
	cr_assert_eq(out_flush(&out, &err), -1);
	cr_expect(out_failed(&out));
	cr_expect_eq(out.error, EPIPE);
	(void)close(fds[1]);
}
