/* Command lines: what they mean, and what is said about wrong ones. */
#include "query/request.h"

#include <criterion/criterion.h>
#include <string.h>

#define WORDS_MAX	20

/* Reads "a b c" as the words behind the program's name. */
static int
parse(const char *line, struct request *r, const char **text,
    struct err *err)
{
	static char buf[400];
	char *argv[WORDS_MAX] = { (char *)(uintptr_t)"flowq" };
	int argc = 1;

	(void)strncpy(buf, line, sizeof(buf) - 1);
	for (char *p = strtok(buf, " "); p != NULL; p = strtok(NULL, " "))
		argv[argc++] = p;
	argv[argc] = NULL;
	return request_parse(r, argc, argv, text, err);
}

static const struct { const char *line, *says, *text; } bad[] = {
	{ "-X", "unknown option -X", NULL },
	{ "-qX -n 5", "unknown option -X", NULL },
	{ "--bogus", "unknown option --bogus", NULL },
	{ "--no", "unknown option --no", NULL },
	{ "--utc=3", "option --utc takes no value", NULL },
	{ "-n", "option -n needs a value", NULL },
	{ "-qn", "option -n needs a value", NULL },
	{ "--memory", "option --memory needs a value", NULL },
	{ "-n x", "-n: expected a number from 0 to 2147483647", NULL },
	{ "-n -1", "-n: expected a number", NULL },
	{ "-n 2147483648", "-n: expected a number", NULL },
	{ "-n 5x", "-n: expected a number", NULL },
	{ "-c 99999999999999999999", "-c: expected a number", NULL },
	{ "--threads 65", "--threads: expected a number from 0 to 64", NULL },
	{ "--memory 1k", "--memory: expected a size of 1M", NULL },
	{ "--memory 0", "--memory: expected", NULL },
	{ "--memory 1Mx", "--memory: expected", NULL },
	{ "--memory 9999999999G", "--memory: expected", NULL },
	{ "--memory -5M", "--memory: expected", NULL },
	{ "-s srcpi", "-s: unknown statistic", "srcpi" },
	{ "-s srcip -s dstip/x", "-s: unknown order", "dstip/x" },
	{ "-A srcip,x", "-A: unknown field", "srcip,x" },
	{ "-O x", "-O: unknown order", "x" },
	{ "-s srcip -O tstart", "-O: unknown order", "tstart" },
	{ "-s srcip -A dstip", "-s and -A, -a, -b, -B exclude", NULL },
	{ "-s srcip -a", "-s and -A, -a, -b, -B exclude", NULL },
	{ "-A srcip -b", "-A and -a, -b, -B exclude", NULL },
	{ "-P bytes>1", "-P filters what", NULL },
	{ "-f file tcp", "-f and a filter", NULL },
	{ "-I -Z", "only one of", NULL },
};

Test(request, refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { .msg = "" };
		const char *text;
		struct request r;

		cr_expect_eq(parse(bad[i].line, &r, &text, &err), -1, "%s",
		    bad[i].line);
		cr_expect_not_null(strstr(err.msg, bad[i].says), "%s: %s",
		    bad[i].line, err.msg);
		cr_expect_eq(err.code == ERR_SYNTAX, bad[i].text != NULL);
		if (bad[i].text != NULL)
			cr_expect_str_eq(text, bad[i].text);
		request_clear(&r);
	}
}

Test(request, meaning)
{
	struct err err = { .msg = "" };
	const char *text;
	struct request r;

	cr_assert_eq(parse("-R d/flows.1:flows.2 -s dstip -O bytes dst ip "
	    "10.0.0.1", &r, &text, &err), 0, "%s", err.msg);
	cr_expect_str_eq(r.where.range, "d/flows.1:flows.2");
	cr_expect_str_eq(r.filter, "dst ip 10.0.0.1");
	cr_expect_eq(r.n_groups, 1);
	cr_expect_str_eq(r.groups[0].order[0].name, "bytes");
	cr_expect_eq(r.limit, 10);
	cr_expect_eq(r.memory, INT64_C(512) << 20);
	request_clear(&r);

	/* options may stand behind the filter; -n 0 is all */
	cr_assert_eq(parse("tcp -s srcip -s port:p/flows/bytes -n 0 "
	    "--memory 2G --threads 3", &r, &text, &err), 0, "%s", err.msg);
	cr_expect_str_eq(r.filter, "tcp");
	cr_expect_eq(r.n_groups, 2);
	cr_expect_eq(r.groups[1].n_orders, 2);
	cr_expect_eq(r.limit, 0);
	cr_expect_eq(r.memory, INT64_C(2) << 30);
	cr_expect_eq(r.workers, 3);
	request_clear(&r);

	cr_assert_eq(parse("-B -O obytes", &r, &text, &err), 0);
	cr_expect(r.groups[0].bidir && r.to_server);
	cr_expect_not(r.groups[0].out);
	cr_expect_eq(r.limit, 0);
	request_clear(&r);

	cr_assert_eq(parse("-A srcip,dstport -O obytes", &r, &text, &err), 0);
	cr_expect(r.groups[0].out);
	cr_expect_eq(r.groups[0].n_orders, 1);
	request_clear(&r);

	cr_assert_eq(parse("", &r, &text, &err), 0);
	cr_expect_eq(r.n_groups, 0);
	cr_expect_str_eq(r.filter, "");
	cr_expect_str_eq(r.order.name, "tstart");
	request_clear(&r);

	cr_assert_eq(parse("help stats", &r, &text, &err), 0);
	cr_expect_eq(r.task, TASK_HELP);
	cr_expect_str_eq(r.topic, "stats");
	request_clear(&r);
}
