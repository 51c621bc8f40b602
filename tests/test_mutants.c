/*
 * A sealed shard with some of its bytes changed: every way of reading it gives
 * an answer or an error that names the file.  ASan and UBSan look on.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "query/filter.h"
#include "query/list.h"
#include "query/spill.h"
#include "query/work.h"
#include "tests/filter_random.h"
#include "tests/shards.h"

#define FLOWS	2500
#define MUTANTS	400
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

struct file {
	uint8_t	*v;
	size_t	 n;
};

static struct file
read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	struct file out;

	cr_assert(f != NULL && fstat(fileno(f), &st) == 0);
	out.n = (size_t)st.st_size;
	out.v = malloc(out.n);
	cr_assert_eq(fread(out.v, 1, out.n, f), out.n);
	(void)fclose(f);
	return out;
}

static void
write_file(const char *path, const uint8_t *v, size_t n)
{
	FILE *f;

	(void)chmod(path, 0600);
	f = fopen(path, "wb");
	cr_assert(f != NULL && fwrite(v, 1, n, f) == n && fclose(f) == 0);
}

/* Where it hurts: headers of the file and of pages, cells, anything. */
static size_t
place(uint64_t *seed, size_t n)
{
	size_t page = random_below(seed, (uint32_t)(n / 16384)) * 16384;

	switch (random_below(seed, 4)) {
	case 0:
		return random_below(seed, 108);
	case 1:
		return page + random_below(seed, 12);
	case 2:
		return page + random_below(seed, 400);
	default:
		return random_below(seed, (uint32_t)n);
	}
}

static void
mutate(struct file *f, uint64_t *seed)
{
	for (uint32_t k = random_below(seed, 6) + 1; k > 0; k--) {
		size_t at = place(seed, f->n);

		switch (random_below(seed, 4)) {
		case 0:
			f->v[at] ^= (uint8_t)(1U << random_below(seed, 8));
			break;
		case 1:
			f->v[at] = random_below(seed, 2) == 0 ? 0 : 255;
			break;
		case 2:
			f->v[at] = (uint8_t)random_below(seed, 256);
			break;
		default:
			memset(f->v + at, (int)random_below(seed, 256),
			    f->n - at < 40 ? f->n - at : 40);
		}
	}
}

static bool
count(void *arg, const struct row *row)
{
	(void)row;
	++*(size_t *)arg;
	return true;
}

/* Asks; returns 0 or -1, with err checked. */
static int
checked(int rc, const char *path, const struct err *err, unsigned mutant)
{
	if (rc == -1)
		cr_expect(strstr(err->msg, path) != NULL ||
		    strstr(err->msg, "out of memory") != NULL,
		    "mutant %u: %s", mutant, err->msg);
	return rc;
}

static int
ask(const struct shard_list *list, const struct filter *f, unsigned mutant)
{
	static const char *const stats[] = { "ip/bytes", "record", "router",
		"mac", "port:p" };
	struct group g[5];
	struct question q = { .filter = f, .groups = g, .scale = true,
		.workers = 1, .memory = 4 << 20 };
	const char *path = list->v[0].path;
	struct work_options o = { .named = true };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;
	int rc = 0;

	for (size_t i = 0; i < 5; i++)
		cr_assert_eq(group_parse_stat(stats[i], NULL, &g[i], NULL), 0);
	/* one group: by roll-ups; five: from the pages */
	for (q.n_groups = 1; q.n_groups < 6; q.n_groups += 4) {
		rc |= checked(work_sums(&q, list, &o, &s, &report, &err),
		    path, &err, mutant);
		sums_clear(&s);
	}
	return rc;
}

static int
list_all(const struct shard_list *list, const struct filter *f,
    unsigned mutant)
{
	struct question q = { .filter = f, .scale = true };
	struct order order;
	size_t n = 0;
	struct list_options o = { .visit = count, .arg = &n,
		.columns = (UINT64_C(1) << COLUMN_COUNT) - 1,
		.order = mutant % 2 == 0 ? &order : NULL };
	struct report report = { .read = 0 };
	struct tally_sum total;
	struct err err = { .msg = "" };

	cr_assert_eq(order_parse("bps", 3, false, &order, NULL), 0);
	return checked(list_flows(&q, list, &o, &total, &report, &err),
	    list->v[0].path, &err, mutant);
}

static void
mutants(uint64_t seed, unsigned from, unsigned to)
{
	char *dir = temp_folder_make();
	struct flow *v = flows_random(1, FLOWS);
	char *path = shard_make(dir, T0, v, FLOWS, true);
	struct file good = read_file(path), bad = good;
	struct shard_ref ref = { path, T0 };
	struct shard_list list = { &ref, 1 };
	unsigned refused = 0;

	bad.v = malloc(good.n);
	for (unsigned i = from; i < to; i++) {
		char *text = random_filter(&seed);
		struct filter *f = filter_parse(text, NULL);

		cr_assert_not_null(f);
		memcpy(bad.v, good.v, good.n);
		mutate(&bad, &seed);
		write_file(path, bad.v, bad.n);
		refused += ask(&list, f, i) == -1;
		refused += list_all(&list, f, i) == -1;
		filter_free(f);
		free(text);
	}
	cr_expect(refused > 0 && refused < 2 * (to - from), "%u refused",
	    refused);
	free(bad.v);
	free(good.v);
	free(v);
	free(path);
	temp_folder_remove(dir);
}

Test(mutants, first_half, .timeout = 120)
{
	mutants(1, 0, MUTANTS / 2);
}

Test(mutants, second_half, .timeout = 120)
{
	mutants(2, MUTANTS / 2, MUTANTS);
}
