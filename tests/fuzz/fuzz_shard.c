/*
 * Shards from anywhere: opened, summed up by many keys, listed or extracted.
 * Whatever is in the file, it ends with an answer or a message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query/extract.h"
#include "query/filter.h"
#include "query/list.h"
#include "query/work.h"
#include "tests/fuzz/base_shard.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY	(8U << 20)
#define LIMIT	50	/* rows of a sorted list */

static const char *const stats[] = { "dstip", "ip", "port:p", "record",
	"router", "as", "proto", "if" };
/* the second: a part of a roll-up, or an index */
static const char *const filters[] = { "any",
	"dst ip in [10.0.0.1 10.0.0.3-10.9.0.0 2001:db8::/32]", "in if 3",
	"not tcp and bytes > 10", "ident x or src mac 00:00:00:00:00:01",
	"net 10.0.0.0/8 and port 53", "icmp-type 3", "count < 20" };

static bool
look(void *arg, const struct row *row)
{
	size_t *n = arg;

	FUZZ_CHECK(row->flow.set >> COLUMN_COUNT == 0);
	FUZZ_CHECK(row->exporter.address.len <= 16);
	if (row->exporter.name != NULL)
		*n += strlen(row->exporter.name) & 1;
	return ++*n < 10000;
}

static int
count(void *arg, struct tally *part, struct err *err)
{
	size_t *n = arg;

	(void)err;
	for (size_t i = 0; i < tally_count(part); i++) {
		struct tally_sum sum;
		size_t len;

		(void)tally_entry(part, i, &len, &sum);
		FUZZ_CHECK(len <= TALLY_KEY_MAX);
		(*n)++;
	}
	return 0;
}

static void
sum_up(struct question *q, const struct shard_list *list)
{
	const struct work_options o = { .named = true };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;
	size_t n = 0;
	int rc = work_sums(q, list, &o, &s, &report, &err);

	FUZZ_CHECK(rc == 0 || err.msg[0] != '\0');
	for (size_t i = 0; rc == 0 && i < q->n_groups; i++)
		FUZZ_CHECK(sums_each(&s, i, count, &n, &err) == 0);
	sums_clear(&s);
	report_clear(&report);
}

static void
list_rows(const struct question *q, const struct shard_list *list,
    const struct order *order)
{
	size_t n = 0;
	const struct list_options o = { .work = { .named = true },
		.columns = (UINT64_C(1) << COLUMN_COUNT) - 1, .order = order,
		.limit = order == NULL ? 0 : LIMIT, .visit = look,
		.arg = &n };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct tally_sum total;

	if (list_flows(q, list, &o, &total, &report, &err) == -1)
		FUZZ_CHECK(err.msg[0] != '\0');
	report_clear(&report);
}

static void
extract(const struct question *q, const struct shard_list *list)
{
	char path[4096];
	const struct extract_options o = { .path = path, .force = true,
		.work = { .named = true } };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	int64_t n;

	(void)snprintf(path, sizeof(path), "%s/out.sqlite", fuzz_folder());
	if (extract_flows(q, list, &o, &n, &report, &err) == -1)
		FUZZ_CHECK(err.msg[0] != '\0');
	report_clear(&report);
	(void)unlink(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[4096];
	struct shard_ref ref = { .path = path, .start_ms =
		INT64_C(1795413600000) };
	const struct shard_list list = { .v = &ref, .n = 1 };
	struct order order;
	struct err err = { .msg = "" };
	struct group g[2];
	/* the input's end chooses the question, too */
	const unsigned how = size == 0 ? 0 : data[size - 1];
	struct filter *f = filter_parse(filters[how % 8], &err);
	struct question q = { .filter = f, .memory = MEMORY, .workers = 1,
		.scale = how & 8, .no_rollup = how & 16, .no_index = how & 32,
		.has_window = how & 64, .from_ms = INT64_C(1795413132000),
		.to_ms = INT64_C(1795413136000) };

	FUZZ_CHECK(f != NULL);
	(void)snprintf(path, sizeof(path), "%s",
	    base_shard("flows.202611230600.sqlite", data, size));
	FUZZ_CHECK(group_parse_stat(stats[how >> 3 & 7], NULL, &g[0],
	    &err) == 0);
	FUZZ_CHECK(group_parse_stat(stats[how & 7], NULL, &g[1], &err) == 0);
	FUZZ_CHECK(order_parse("bytes", 5, false, &order, &err) == 0);
	/* one question each: so many more inputs have their turn */
	switch (size < 2 ? 0 : data[size - 2] % 4) {
	case 0:
		q.groups = g;
		q.n_groups = 2;
		sum_up(&q, &list);
		break;
	case 1:
		list_rows(&q, &list, NULL);
		break;
	case 2:
		list_rows(&q, &list, &order);
		break;
	default:
		extract(&q, &list);
		break;
	}
	filter_free(f);
	return 0;
}
