/* The metrics text: exact bytes, escaping, atomic file. */
#include "collector/metrics.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
fill(struct metrics *m)
{
	const struct metrics_label labels[] = {
		{ "exporter", "10.0.0.1" }, { "error", "a\\b\"c\nd" },
	};

	metrics_one(m, "flowdb_flows_stored_total", METRICS_COUNTER,
	    "Flows committed.", UINT64_MAX);
	metrics_family(m, "flowdb_netflow_errors_total", METRICS_COUNTER,
	    "Broken input.");
	metrics_u64(m, labels, 2, 3);
	metrics_u64(m, labels, 1, 0);
	metrics_family(m, "flowdb_shard_commit_seconds", METRICS_GAUGE,
	    "Last commit.");
	metrics_double(m, NULL, 0, 0.25);
	metrics_summary(m, "flowdb_x_seconds", "Time.", 1.5, 3);
}

static const char want[] =
    "# HELP flowdb_flows_stored_total Flows committed.\n"
    "# TYPE flowdb_flows_stored_total counter\n"
    "flowdb_flows_stored_total 18446744073709551615\n"
    "# HELP flowdb_netflow_errors_total Broken input.\n"
    "# TYPE flowdb_netflow_errors_total counter\n"
    "flowdb_netflow_errors_total{exporter=\"10.0.0.1\","
    "error=\"a\\\\b\\\"c\\nd\"} 3\n"
    "flowdb_netflow_errors_total{exporter=\"10.0.0.1\"} 0\n"
    "# HELP flowdb_shard_commit_seconds Last commit.\n"
    "# TYPE flowdb_shard_commit_seconds gauge\n"
    "flowdb_shard_commit_seconds 0.250000\n"
    "# HELP flowdb_x_seconds Time.\n"
    "# TYPE flowdb_x_seconds summary\n"
    "flowdb_x_seconds_sum 1.500000\n"
    "flowdb_x_seconds_count 3\n";

Test(metrics, text)
{
	struct metrics m = { .text = NULL };

	for (int i = 0; i < 3; i++) {
		metrics_reset(&m);
		fill(&m);
		cr_assert_str_eq(m.text, want);
		cr_assert_eq(m.len, strlen(want));
	}
	metrics_clear(&m);
}

Test(metrics, file)
{
	struct metrics m = { .text = NULL };
	char dir[] = "/tmp/flowdb-test.XXXXXX", path[64], buf[2000];
	char victim[64];
	struct dirent *e;
	struct stat st;
	struct err err;
	int files = 0;
	FILE *f;
	DIR *d;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/flowdb.prom", dir);
	fill(&m);
	/* a link there is replaced, not followed */
	(void)snprintf(victim, sizeof(victim), "%s/.victim", dir);
	cr_assert_eq(symlink(victim, path), 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(metrics_write(&m, path, &err), 0, "%s", err.msg);
	cr_expect_eq(access(victim, F_OK), -1);
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect(S_ISREG(st.st_mode));
	cr_expect_eq(st.st_mode & 07777, 0644U);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = '\0';
	fclose(f);
	cr_expect_str_eq(buf, want);
	d = opendir(dir);
	while ((e = readdir(d)) != NULL)
		files += e->d_name[0] != '.';
	closedir(d);
	cr_expect_eq(files, 1, "no temporary file is left");
	unlink(path);
	rmdir(dir);
	cr_expect_eq(metrics_write(&m, path, &err), -1);
	cr_expect(strstr(err.msg, path) != NULL, "%s", err.msg);
	metrics_clear(&m);
}
