/* Which shards the limits want to go: ages, sizes, folders with their own. */
#include "collector/retain.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/shard.h"

#define HOUR_MS	INT64_C(3600000)
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define KIB	UINT64_C(1024)

static char dir[] = "/tmp/flowdb-test.XXXXXX";

static void
make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	cr_assert_eq(system("mkdir -p data/a data/b/deep away"), 0);
}

static void
remove_dir(void)
{
	cr_assert_eq(system("rm -rf \"$PWD\""), 0);
}

TestSuite(retain, .init = make_dir, .fini = remove_dir);

/* A sealed shard of 64 KiB, that began so many hours before T0; or live. */
static void
put(const char *folder, int hours, bool live)
{
	static const char block[65536];
	char name[SHARD_NAME_MAX], path[200];
	int fd;

	shard_name(T0 - hours * HOUR_MS, name);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(write(fd, block, sizeof(block)), sizeof(block));
	cr_assert_eq(fchmod(fd, live ? 0640 : 0440), 0);
	close(fd);
}

static bool
has(const char *folder, int hours)
{
	char name[SHARD_NAME_MAX], path[200];

	shard_name(T0 - hours * HOUR_MS, name);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static uint64_t
expire(const struct retain_plan *p, bool dry_run)
{
	uint64_t removed;
	struct err err;

	cr_assert_eq(retain_expire(p, T0, dry_run, NULL, NULL, &removed,
	    &err), 0, "%s", err.msg);
	return removed;
}

static void
plan(struct retain_plan *p)
{
	cr_assert_eq(retain_plan_init(p, "data"), 0);
	p->active = true;
}

static void
own(struct retain_plan *p, const char *path, int64_t age_sec, uint64_t bytes)
{
	const struct retain_own o = { age_sec >= 0, bytes != UINT64_MAX,
		age_sec, bytes };

	cr_assert_eq(retain_plan_add(p, path, path, &o), 0);
}

Test(retain, shared_limits)
{
	struct retain_plan p;

	plan(&p);
	for (int h = 1; h <= 6; h++)
		put(h % 2 ? "data" : "data/b/deep", h, h == 6);
	cr_expect_eq(expire(&p, false), 0);	/* none is set */
	p.shared.max_age_sec = 4 * 3600;
	p.active = false;
	cr_expect_eq(expire(&p, false), 0);
	p.active = true;
	cr_expect_eq(expire(&p, true), 1);
	cr_expect(has("data", 5));
	cr_expect_eq(expire(&p, false), 1);
	cr_expect(!has("data", 5) && has("data/b/deep", 6), "never a live one");
	/* 5 are left, the live one counts as well */
	p.shared = (struct retain_limits){ .max_bytes = 3 * 64 * KIB };
	cr_expect_eq(expire(&p, false), 2);
	cr_expect(!has("data/b/deep", 4) && !has("data", 3) &&
	    has("data/b/deep", 2) && has("data", 1));
	p.shared = (struct retain_limits){ .min_free_bytes = UINT64_MAX / 2 };
	cr_expect_eq(expire(&p, false), 2);
	cr_expect(has("data/b/deep", 6));
	retain_plan_clear(&p);
}

/* A folder with a size of its own neither counts in the shared one nor pays. */
Test(retain, own_size)
{
	struct retain_plan p;

	plan(&p);
	own(&p, "data/a", -1, 2 * 64 * KIB);
	for (int h = 1; h <= 4; h++) {
		put("data/a", h, false);
		put("data", h + 10, false);
	}
	p.shared.max_bytes = 3 * 64 * KIB;
	cr_expect_eq(expire(&p, false), 3);
	cr_expect(has("data/a", 2) && !has("data/a", 3));
	cr_expect(has("data", 13) && !has("data", 14));
	retain_plan_clear(&p);
}

/* 0 is no limit, whatever the shared one says; what is not said is shared. */
Test(retain, own_age)
{
	struct retain_plan p;

	plan(&p);
	own(&p, "data/a", 0, UINT64_MAX);
	own(&p, "data/b", 3600 * 20, UINT64_MAX);
	for (int h = 10; h <= 30; h += 10) {
		put("data/a", h, false);
		put("data/b/deep", h, false);
		put("data", h, false);
	}
	p.shared.max_age_sec = 3600 * 10;
	cr_expect_eq(expire(&p, false), 3);
	cr_expect(has("data/a", 30));
	cr_expect(has("data/b/deep", 20) && !has("data/b/deep", 30));
	cr_expect(has("data", 10) && !has("data", 20));
	/* both still count in the shared size: 3 + 2 + 1 */
	p.shared = (struct retain_limits){ .max_bytes = 5 * 64 * KIB };
	cr_expect_eq(expire(&p, false), 1);
	cr_expect_not(has("data/a", 30));
	retain_plan_clear(&p);
}

/* Folders elsewhere are looked at once, though two sources share one. */
Test(retain, elsewhere)
{
	struct retain_plan p;

	plan(&p);
	own(&p, "away", -1, UINT64_MAX);
	own(&p, "away", -1, UINT64_MAX);
	own(&p, "not/there", -1, UINT64_MAX);
	put("away", 1, false);
	put("away", 3, false);
	put("data", 2, false);
	p.shared.max_bytes = 2 * 64 * KIB;
	cr_expect_eq(expire(&p, false), 1);
	cr_expect(has("away", 1) && !has("away", 3) && has("data", 2));
	retain_plan_clear(&p);
}

Test(retain, name)
{
	const struct retain_own none = { .has_age = false };
	struct retain_plan p;

	plan(&p);
	cr_assert_eq(retain_plan_add(&p, "data/a", "cisco", &none), 0);
	cr_expect_str_eq(retain_name(&p, "data"), "flowdb");
	cr_expect_str_eq(retain_name(&p, "data/a"), "cisco");
	cr_expect_str_eq(retain_name(&p, "data/10-0-0-1"), "10-0-0-1");
	cr_assert_eq(retain_plan_add(&p, "data", "top", &none), 0);
	cr_expect_str_eq(retain_name(&p, "data"), "top");
	retain_plan_clear(&p);
}
