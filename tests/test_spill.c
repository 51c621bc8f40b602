/* Sums on disk against a plain array, and what happens when there is none. */
#include "query/spill.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/filter_random.h"
#include "tests/sums.h"

#define KEYS	60000
#define ROUNDS	3
#define RECORD	(1 + 16 + sizeof(struct tally_sum))
#define SMALL	(48U << 10)	/* bytes; holds some 300 of the keys */

static size_t
key_of(uint32_t i, uint8_t key[16])
{
	memset(key, 0xab, 16);
	memcpy(key, &i, sizeof(i));
	key[15] = 0;
	return 16;
}

/* Every key three times, in jumps, one sum negative. */
static void
feed(struct spill *s, struct tally *t, struct tally_sum *want)
{
	struct err err = { .msg = "" };
	uint8_t key[16];

	for (uint32_t i = 0; i < KEYS * ROUNDS; i++) {
		uint32_t k = (uint32_t)((uint64_t)i * 7919 % KEYS);
		struct tally_sum v = { .flows = 1, .packets = k,
			.bytes = i / KEYS == 1 ? -5 : (int64_t)k + i,
			.first_ms = k - i, .last_ms = i,
			.tcp_flags = (uint8_t)(1U << i / KEYS) };
		size_t len = key_of(k, key);

		if (tally_put(t, key, len, &v) == -1)
			cr_assert_eq(spill_full(s, t, key, len, &v, &err), 0,
			    "%s", err.msg);
		if (want[k].flows == 0)
			want[k] = (struct tally_sum){ .first_ms = INT64_MAX,
				.last_ms = INT64_MIN };
		tally_add(&want[k], &v);
	}
	if (tally_flush(t) == -1)
		cr_assert_eq(spill_full(s, t, NULL, 0, NULL, &err), 0);
	cr_assert_eq(spill_all(s, t, &err), 0, "%s", err.msg);
}

struct seen {
	struct tally_sum	*want;
	size_t			 n;
	size_t			 parts;
	size_t			 fail_at;	/* part that is refused; 0: none */
};

static int
check_part(void *arg, struct tally *part, struct err *err)
{
	struct seen *seen = arg;

	if (++seen->parts == seen->fail_at)
		return err_set(err, "no more");
	for (size_t i = 0; i < tally_count(part); i++) {
		struct tally_sum s;
		uint32_t k;
		size_t len;
		const uint8_t *key = tally_entry(part, i, &len, &s);

		cr_assert_eq(len, 16);
		memcpy(&k, key, sizeof(k));
		cr_assert_lt(k, KEYS);
		cr_assert(same_sum(&s, &seen->want[k]), "key %u", k);
		/* seen: not again */
		seen->want[k].flows = -1;
		seen->n++;
	}
	return 0;
}

Test(spill, several_levels)
{
	struct tally *t = tally_new(SMALL);
	struct spill *s = spill_new(0, NULL);
	struct seen seen = { .want = calloc(KEYS, sizeof(*seen.want)) };
	struct err err = { .msg = "" };

	cr_assert_not(spill_used(s));
	feed(s, t, seen.want);
	cr_assert(spill_used(s));
	cr_assert_eq(spill_each(s, t, check_part, &seen, &err), 0, "%s",
	    err.msg);
	cr_expect_eq(seen.n, KEYS);
	/* 32 parts of 1875 keys each did not fit: a second level */
	cr_expect_gt(seen.parts, 32);
	cr_expect_leq(tally_memory(t), SMALL);
	spill_free(s);
	tally_free(t);
	free(seen.want);
}

Test(spill, visitor_that_fails)
{
	struct tally *t = tally_new(SMALL);
	struct spill *s = spill_new(0, NULL);
	struct seen seen = { .want = calloc(KEYS, sizeof(*seen.want)),
		.fail_at = 40 };
	struct err err = { .msg = "" };

	feed(s, t, seen.want);
	cr_assert_eq(spill_each(s, t, check_part, &seen, &err), -1);
	cr_expect_str_eq(err.msg, "no more");
	cr_expect_eq(seen.parts, 40);
	spill_free(s);
	tally_free(t);
	free(seen.want);
}

static int
count_pairs(void *arg, struct tally *part, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < tally_count(part); i++) {
		uint8_t other[16];
		size_t len;
		const uint8_t *key = tally_key(part, i, &len);

		memcpy(other, key, len);
		other[len - 1] ^= 1;
		cr_assert(tally_find(part, other, len, NULL));
		++*(size_t *)arg;
	}
	return 0;
}

/* Keys that differ in their tail only meet in one part, at every level. */
Test(spill, tail)
{
	struct tally *t = tally_new(SMALL);
	struct spill *s = spill_new(1, NULL);
	struct err err = { .msg = "" };
	struct tally_sum v = { .flows = 1 };
	size_t n = 0;
	uint8_t key[16];

	for (uint32_t i = 0; i < 2 * KEYS; i++) {
		size_t len = key_of(i % KEYS, key);

		key[len - 1] = i >= KEYS;
		if (tally_put(t, key, len, &v) == -1)
			cr_assert_eq(spill_full(s, t, key, len, &v, &err), 0);
	}
	if (tally_flush(t) == -1)
		cr_assert_eq(spill_full(s, t, NULL, 0, NULL, &err), 0);
	cr_assert_eq(spill_all(s, t, &err), 0);
	cr_assert_eq(spill_each(s, t, count_pairs, &n, &err), 0, "%s",
	    err.msg);
	cr_expect_eq(n, 2 * KEYS);
	spill_free(s);
	tally_free(t);
}

Test(spill, merge)
{
	struct tally *t = tally_new(SMALL), *from = tally_new(64 << 20);
	struct spill *s = spill_new(0, NULL);
	struct seen seen = { .want = calloc(KEYS, sizeof(*seen.want)) };
	struct err err = { .msg = "" };

	feed(s, from, seen.want);
	cr_assert(spill_used(s));
	spill_free(s);
	/* feed emptied it: again, without the files */
	s = spill_new(0, NULL);
	for (uint32_t k = 0; k < KEYS; k++) {
		uint8_t key[16];
		size_t len = key_of(k, key);

		cr_assert_eq(tally_put(from, key, len, &seen.want[k]), 0);
	}
	cr_assert_eq(tally_flush(from), 0);
	cr_assert_eq(spill_merge(s, t, from, &err), 0, "%s", err.msg);
	cr_assert(spill_used(s));
	cr_assert_eq(spill_all(s, t, &err), 0);
	cr_assert_eq(spill_each(s, t, check_part, &seen, &err), 0);
	cr_expect_eq(seen.n, KEYS);
	spill_free(s);
	tally_free(t);
	tally_free(from);
	free(seen.want);
}

/* No entry has room: an error, not a loop. */
Test(spill, no_memory_at_all)
{
	struct tally *t = tally_new(100);
	struct spill *s = spill_new(0, NULL);
	struct tally_sum v = { .flows = 1 };
	struct err err = { .msg = "" };

	/* the first keys wait; then one needs a place */
	for (uint8_t i = 0; i < 40; i++) {
		if (tally_put(t, &i, 1, &v) == 0)
			continue;
		cr_assert_eq(spill_full(s, t, &i, 1, &v, &err), -1);
		break;
	}
	cr_expect_not_null(strstr(err.msg, "--memory"), "%s", err.msg);
	spill_free(s);
	tally_free(t);
}

static int
fill_one(struct spill *s, struct tally *t, uint32_t keys, struct err *err)
{
	struct tally_sum v = { .flows = 1 };
	uint8_t key[16];

	for (uint32_t i = 0; i < keys; i++) {
		size_t len = key_of(i, key);

		if (tally_put(t, key, len, &v) == -1 &&
		    spill_full(s, t, key, len, &v, err) == -1)
			return -1;
	}
	return tally_flush(t) == -1 ? spill_full(s, t, NULL, 0, NULL, err) :
	    spill_all(s, t, err);
}

Test(spill, no_such_folder)
{
	struct tally *t = tally_new(SMALL);
	struct spill *s = spill_new(0, NULL);
	struct err err = { .msg = "" };

	setenv("TMPDIR", "/nonexistent/flowdb", 1);
	cr_assert_eq(fill_one(s, t, 5000, &err), -1);
	cr_expect_not_null(strstr(err.msg, "/nonexistent/flowdb"), "%s",
	    err.msg);
	spill_free(s);
	tally_free(t);
}

static int
ignore_part(void *arg, struct tally *part, struct err *err)
{
	(void)err;
	*(size_t *)arg += tally_count(part);
	return 0;
}

/*
 * Files may not grow beyond some bytes, as on a full disk.  What stdio still
 * holds is written last of all, and that must be an error too.
 */
Test(spill, disk_full)
{
	/* the last: at the end of a record, in what stdio holds to the end */
	static const rlim_t sizes[] = { 0, 1000, 20000, 32768, 65536,
		1523 * RECORD };

	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tally *t = tally_new(SMALL);
		struct spill *s = spill_new(0, NULL);
		struct err err = { .msg = "" };
		struct rlimit old, now;
		size_t n = 0;
		int rc;

		(void)getrlimit(RLIMIT_FSIZE, &old);
		now = (struct rlimit){ sizes[i], old.rlim_max };
		(void)setrlimit(RLIMIT_FSIZE, &now);
		rc = fill_one(s, t, KEYS, &err);
		if (rc == 0)
			rc = spill_each(s, t, ignore_part, &n, &err);
		(void)setrlimit(RLIMIT_FSIZE, &old);
		cr_expect_eq(rc, -1, "%zu of %d keys within %lu bytes", n,
		    KEYS, (unsigned long)sizes[i]);
		cr_expect_not_null(strstr(err.msg, "temporary file"), "%s",
		    err.msg);
		spill_free(s);
		tally_free(t);
	}
}

/* Whatever is under way ends when the user has enough. */
Test(spill, stopped)
{
	atomic_bool stop = false;
	struct tally *t = tally_new(SMALL), *from = tally_new(64 << 20);
	struct spill *s = spill_new(0, &stop);
	struct err err = { .msg = "" };
	size_t n = 0;
	uint8_t key[16];

	cr_assert_eq(fill_one(s, t, KEYS, &err), 0, "%s", err.msg);
	tally_at(from, key, key_of(1, key))->flows = 1;
	stop = true;
	cr_expect_eq(spill_merge(s, t, from, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	tally_free(from);		/* taken apart */
	from = tally_new(64 << 20);
	tally_at(from, key, key_of(1, key))->flows = 1;
	cr_expect_eq(spill_all(s, from, &err), -1);
	cr_expect_eq(spill_each(s, t, ignore_part, &n, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_expect_eq(n, 0);
	spill_free(s);
	tally_free(t);
	tally_free(from);
}
