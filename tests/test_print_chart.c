/* Pictures on a terminal, at fixed widths; and what a terminal is. */
#include "query/print.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query/terminal.h"
#include "tests/printed.h"

static const struct print_key dstip = { "dstip", "Dst IP Addr",
	COL_dst_addr };

#define UNICODE	{ .width = 60 }
#define ASCII	{ .width = 60, .ascii = true }
#define COLOUR	{ .width = 60, .colour = true }

static char *
stat(struct terminal terminal, const char *order)
{
	const struct print_options o = { .utc = true, .quiet = true,
		.terminal = terminal };
	struct printed *t = printed_new("chart", &o);

	print_stat(t->p, &(struct print_stat){ .key = &dstip, .order = order,
	    .limit = 3, .flows = 20, .packets = 100, .bytes = 4000000 });
	printed_row(t, "dst_addr=10.0.0.1 bytes=2000000 packets=10 rows=4 "
	    "first_ms=0 duration_ms=1000");
	printed_row(t, "dst_addr=10.0.0.22 bytes=1000000 packets=20 rows=3 "
	    "first_ms=0 duration_ms=1000");
	printed_row(t, "dst_addr=2001:db8::1 bytes=1 packets=1 rows=1 "
	    "first_ms=0 duration_ms=1000");
	return printed_end(t, NULL);
}

static void
expect(char *got, const char *want)
{
	cr_expect_str_eq(got, want, "%s", got);
	free(got);
}

Test(print_chart, bars)
{
	expect(stat((struct terminal)UNICODE, "bytes"),
"10.0.0.1    ███████████████████████████████     2.0 M 50.0 %\n"
"10.0.0.22   ███████████████▌                    1.0 M 25.0 %\n"
"2001:db8::1 ▏                                       1  0.0 %\n");
	expect(stat((struct terminal)ASCII, "flows"),
"10.0.0.1    ###############################         4 20.0 %\n"
"10.0.0.22   #######################                 3 15.0 %\n"
"2001:db8::1 ########                                1  5.0 %\n");
	/* rates have no share of a total */
	expect(stat((struct terminal)ASCII, "bps"),
"10.0.0.1    ######################################    16.0 M\n"
"10.0.0.22   ###################                        8.0 M\n"
"2001:db8::1 #                                              8\n");
}

/* Two keys and others, four bins; width is what is asked for. */
static char *
series(struct terminal terminal, const struct print_key *key)
{
	const struct print_options o = { .utc = true, .quiet = true,
		.terminal = terminal };
	struct printed *t = printed_new("chart", &o);

	print_series(t->p, &(struct print_series){ .key = key });
	for (int bin = 0; bin < 4; bin++) {
		char row[200];

		for (int k = 0; k < (key == NULL ? 1 : 2); k++) {
			(void)snprintf(row, sizeof(row), "dst_addr=10.0.0.%d "
			    "first_ms=%d duration_ms=1000 bytes=%d", k + 1,
			    bin * 1000, k == 0 ? 100000 * bin : 50000);
			printed_row(t, row);
		}
		(void)snprintf(row, sizeof(row), "first_ms=%d "
		    "duration_ms=1000 bytes=%d", bin * 1000,
		    bin == 3 ? 100000 : 0);
		if (key != NULL)
			printed_row(t, row);
	}
	return printed_end(t, NULL);
}

Test(print_chart, series)
{
	expect(series((struct terminal)UNICODE, NULL),
"   2.4 M │                                    ████████████\n"
"         │                                    ████████████\n"
"         │                                    ████████████\n"
"         │                        ▅▅▅▅▅▅▅▅▅▅▅▅████████████\n"
"         │                        ████████████████████████\n"
"   1.2 M │                        ████████████████████████\n"
"         │            ▂▂▂▂▂▂▂▂▂▂▂▂████████████████████████\n"
"         │            ████████████████████████████████████\n"
"         │            ████████████████████████████████████\n"
"         │            ████████████████████████████████████\n"
"          1970-01-01 00:00:00          1970-01-01 00:00:04\n"
"\n"
"                                             mean  max bps\n"
"█ all           ▂▂▂▂▂▂▂▂▅▅▅▅▅▅▅▅████████    1.2 M    2.4 M\n");
	expect(series((struct terminal)UNICODE, &dstip),
"   3.6 M │                                    ············\n"
"         │                                    ············\n"
"         │                                    ▓▓▓▓▓▓▓▓▓▓▓▓\n"
"         │                                    ████████████\n"
"         │                        ▓▓▓▓▓▓▓▓▓▓▓▓████████████\n"
"   1.8 M │                        ▓▓▓▓▓▓▓▓▓▓▓▓████████████\n"
"         │                        ████████████████████████\n"
"         │            ▓▓▓▓▓▓▓▓▓▓▓▓████████████████████████\n"
"         │            ████████████████████████████████████\n"
"         │▓▓▓▓▓▓▓▓▓▓▓▓████████████████████████████████████\n"
"          1970-01-01 00:00:00          1970-01-01 00:00:04\n"
"\n"
"                                            mean  max bps\n"
"█ 10.0.0.1        ▂▂▂▂▂▂▂▅▅▅▅▅▅▅███████    1.2 M    2.4 M\n"
"▓ 10.0.0.2 ████████████████████████████   400000   400000\n"
"· other                         ███████   200000   800000\n");
	expect(series((struct terminal)ASCII, &dstip),
"   3.6 M |                                    ............\n"
"         |                                    ............\n"
"         |                                    OOOOOOOOOOOO\n"
"         |                                    ############\n"
"         |                        OOOOOOOOOOOO############\n"
"   1.8 M |                        OOOOOOOOOOOO############\n"
"         |                        ########################\n"
"         |            OOOOOOOOOOOO########################\n"
"         |            ####################################\n"
"         |OOOOOOOOOOOO####################################\n"
"          1970-01-01 00:00:00          1970-01-01 00:00:04\n"
"\n"
"                                            mean  max bps\n"
"# 10.0.0.1        ,,,,,,,=======#######    1.2 M    2.4 M\n"
"O 10.0.0.2 ############################   400000   400000\n"
". other                         #######   200000   800000\n");
}

/* Colours say what glyphs say without them, and nothing is left coloured. */
Test(print_chart, colours)
{
	char *got = series((struct terminal)COLOUR, &dstip);
	size_t on = 0, off = 0;

	for (const char *p = got; (p = strchr(p, '\033')) != NULL; p++) {
		if (strncmp(p, "\033[38;5;", 7) == 0)
			on++;
		else if (strncmp(p, "\033[0m", 4) == 0)
			off++;
	}
	cr_expect_gt(on, 0);
	cr_expect_eq(on, off);
	cr_expect_null(strstr(got, "\xe2\x96\x93"));
	free(got);
	got = stat((struct terminal)COLOUR, "bytes");
	cr_expect_not_null(strstr(got, "\033[38;5;32m\xe2\x96\x88"));
	free(got);
}

/* No line is wider than the terminal, whatever the number of bins. */
Test(print_chart, width)
{
	for (int bins = 1; bins < 200; bins += 13) {
		const struct print_options o = { .utc = true, .quiet = true,
			.terminal = ASCII };
		struct printed *t = printed_new("chart", &o);
		char *got, *line, *save;

		print_series(t->p, &(struct print_series){ NULL, false });
		for (int i = 0; i < bins; i++) {
			char row[80];

			(void)snprintf(row, sizeof(row), "first_ms=%d "
			    "duration_ms=1000 bytes=%d", i * 1000, i);
			printed_row(t, row);
		}
		got = printed_end(t, NULL);
		for (line = strtok_r(got, "\n", &save); line != NULL;
		    line = strtok_r(NULL, "\n", &save))
			cr_expect_leq(strlen(line), 60, "%d: %s", bins, line);
		free(got);
	}
}

/* A pipe: no colour, and the width that the environment says. */
Test(print_chart, terminal)
{
	int fd[2];
	struct terminal t;

	cr_assert_eq(pipe(fd), 0);
	(void)unsetenv("COLUMNS");
	(void)setenv("LC_ALL", "de_DE.UTF-8", 1);
	(void)setenv("TERM", "xterm", 1);
	t = terminal_of(fd[1]);
	cr_expect_eq(t.width, 80);
	cr_expect_not(t.colour);
	cr_expect_not(t.ascii);
	(void)setenv("COLUMNS", "132", 1);
	(void)setenv("LC_ALL", "C", 1);
	t = terminal_of(fd[1]);
	cr_expect_eq(t.width, 132);
	cr_expect(t.ascii);
	(void)setenv("COLUMNS", "3", 1);
	cr_expect_eq(terminal_of(fd[1]).width, 40);
	(void)close(fd[0]);
	(void)close(fd[1]);
}
