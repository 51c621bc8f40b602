/* The hash of sums against a plain array. */
#include "schema/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sums.h"

#define KEYS	5000

static uint32_t
next(uint32_t *x)
{
	return (*x = *x * 1664525U + 1013904223U) >> 8;
}

/* Keys of 1 to 16 bytes; distinct i give distinct keys. */
static size_t
make_key(uint32_t i, uint8_t key[16])
{
	size_t len = 4 + i % 13;

	memset(key, (int)(i % 7), 16);
	memcpy(key + len - 4, &i, 4);
	return len;
}

static void
against_array(bool put)
{
	struct tally *t = tally_new(64 << 20);
	struct tally_sum *want = calloc(KEYS, sizeof(*want));
	uint32_t x = 1;
	size_t seen = 0;

	cr_assert(t != NULL && want != NULL);
	for (int i = 0; i < 100000; i++) {
		uint32_t k = next(&x) % KEYS;
		struct tally_sum s = { 1, next(&x), next(&x), next(&x),
			next(&x), 0 };
		struct tally_sum *to;
		uint8_t key[16];

		if (put) {
			cr_assert_eq(tally_put(t, key, make_key(k, key), &s),
			    0);
		} else {
			to = tally_at(t, key, make_key(k, key));
			cr_assert_not_null(to);
			tally_add(to, &s);
		}
		if (want[k].flows == 0) {
			want[k] = s;
			seen++;
			continue;
		}
		want[k].flows++;
		want[k].packets += s.packets;
		want[k].bytes += s.bytes;
		if (s.first_ms < want[k].first_ms)
			want[k].first_ms = s.first_ms;
		if (s.last_ms > want[k].last_ms)
			want[k].last_ms = s.last_ms;
	}
	cr_assert_eq(tally_flush(t), 0);
	cr_assert_eq(tally_count(t), seen);
	for (size_t i = 0; i < tally_count(t); i++) {
		struct tally_sum s;
		size_t len;
		uint32_t k;
		const uint8_t *key = tally_entry(t, i, &len, &s);

		memcpy(&k, key + len - 4, 4);
		cr_assert_lt(k, KEYS);
		cr_assert(same_sum(&s, &want[k]));
	}
	cr_expect_leq(tally_memory(t), 64U << 20);
	tally_free(t);
	free(want);
}

Test(tally, at_against_array)
{
	against_array(false);
}

Test(tally, put_against_array)
{
	against_array(true);
}

/* A key too long to wait, between short ones. */
Test(tally, long_keys)
{
	struct tally *t = tally_new(1 << 20);
	struct tally_sum one = { 1, 1, 1, 1, 1, 0 };
	uint8_t key[TALLY_KEY_MAX];

	memset(key, 7, sizeof(key));
	for (size_t len = 0; len <= TALLY_KEY_MAX; len++) {
		cr_assert_eq(tally_put(t, key, len, &one), 0);
		cr_assert_eq(tally_put(t, key, 3, &one), 0);
	}
	cr_assert_eq(tally_flush(t), 0);
	cr_expect_eq(tally_count(t), TALLY_KEY_MAX + 1);
	cr_expect_eq(tally_at(t, key, 3)->flows, TALLY_KEY_MAX + 2);
	cr_expect_eq(tally_at(t, key, TALLY_KEY_MAX)->flows, 1);
	tally_free(t);
}

/*
 * What a record has no room for comes out as it went in, whether it is so at
 * first or when more is added; by tally_put, and by tally_at in between.
 */
static void
any_sums(bool at)
{
	static const int64_t edge[] = { 0, 1, -1, UINT32_MAX,
		(int64_t)UINT32_MAX + 1, -(int64_t)UINT32_MAX,
		(INT64_C(1) << 47) - 1, INT64_C(1) << 47,
		-(INT64_C(1) << 47), -(INT64_C(1) << 47) - 1, INT64_MAX,
		INT64_MIN };
	const uint32_t n = sizeof(edge) / sizeof(edge[0]);
	struct tally *t = tally_new(64 << 20);
	struct tally_sum want[1000], s;
	uint8_t key[16];
	uint32_t x = 5;

	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t k = i % 1000;

		s = (struct tally_sum){ edge[next(&x) % 6],
			edge[next(&x) % n], edge[next(&x) % n],
			edge[next(&x) % n], 0, (uint8_t)next(&x) };
		s.last_ms = next(&x) % 4 == 0 ? edge[next(&x) % n] :
		    (int64_t)((uint64_t)s.first_ms +
		    (uint64_t)edge[next(&x) % 5]);
		if (i < 1000)
			want[k] = s;
		else
			tally_add(&want[k], &s);
		cr_assert_eq(tally_put(t, key, make_key(k, key), &s), 0);
		if (at && next(&x) % 3 == 0) {
			cr_assert_eq(tally_flush(t), 0);
			cr_assert(same_sum(tally_at(t, key, make_key(k, key)),
			    &want[k]));
		}
	}
	cr_assert_eq(tally_flush(t), 0);
	for (uint32_t k = 0; k < 1000; k++) {
		cr_assert(tally_find(t, key, make_key(k, key), &s));
		cr_assert(same_sum(&s, &want[k]), "key %u", k);
	}
	tally_free(t);
}

Test(tally, any_sum)
{
	any_sums(false);
}

Test(tally, any_sum_changed_in_place)
{
	any_sums(true);
}

Test(tally, merge_and_clear)
{
	struct tally *a = tally_new(1 << 20), *b = tally_new(1 << 20);
	struct tally_sum one = { 1, 2, 3, 10, 20, 0 },
	    two = { 1, 5, 7, 5, 15, 0 };

	tally_add(tally_at(a, "x", 1), &one);
	tally_add(tally_at(b, "x", 1), &two);
	tally_add(tally_at(b, "", 0), &two);
	cr_assert_eq(tally_merge(a, b), 0);
	cr_assert_eq(tally_count(a), 2);
	cr_expect_eq(tally_at(a, "x", 1)->bytes, 10);
	cr_expect_eq(tally_at(a, "x", 1)->first_ms, 5);
	cr_expect_eq(tally_at(a, "x", 1)->last_ms, 20);
	cr_expect_eq(tally_at(a, "", 0)->packets, 5);
	tally_clear(a);
	cr_expect_eq(tally_count(a), 0);
	cr_expect_eq(tally_at(a, "x", 1)->flows, 0);
	tally_free(a);
	tally_free(b);
}

/* The limit holds, and what was in before stays right. */
Test(tally, limit)
{
	size_t limit = 256 << 10;
	struct tally *t = tally_new(limit);
	uint32_t i = 0;
	uint8_t key[16];
	struct tally_sum *s;

	while ((s = tally_at(t, key, make_key(i, key))) != NULL) {
		s->flows = i++;
		cr_assert_leq(tally_memory(t), limit);
		cr_assert_lt(i, 100000U);
	}
	cr_expect_gt(i, 500U);
	for (uint32_t k = 0; k < i; k++)
		cr_assert_eq(tally_at(t, key, make_key(k, key))->flows, k);
	tally_free(t);
}

Test(tally, sums_stay_in_range)
{
	cr_expect_eq(tally_plus(INT64_MAX, 1), INT64_MAX);
	cr_expect_eq(tally_plus(INT64_MAX, -1), INT64_MAX - 1);
	cr_expect_eq(tally_plus(INT64_MIN, -1), INT64_MIN);
	cr_expect_eq(tally_plus(-1, INT64_MIN), INT64_MIN);
	cr_expect_eq(tally_plus(INT64_MIN, INT64_MAX), -1);
}

/* What is under way stays so when the table is emptied, and comes after. */
Test(tally, clear_keeps_keys_under_way)
{
	struct tally *t = tally_new(64 << 20);
	const struct tally_sum one = { .flows = 1 };
	const uint8_t key[] = "key";
	struct tally_sum sum;

	cr_assert_eq(tally_put(t, key, 3, &one), 0);
	cr_expect_not(tally_find(t, key, 3, NULL));
	tally_clear(t);
	cr_expect_eq(tally_count(t), 0);
	cr_assert_eq(tally_flush(t), 0);
	cr_assert(tally_find(t, key, 3, &sum));
	cr_expect_eq(sum.flows, 1);
	cr_expect_not(tally_find(t, key, 2, NULL));
	tally_free(t);
}

Test(tally, find)
{
	struct tally *t = tally_new(64 << 20);
	uint8_t key[16];

	for (uint32_t i = 0; i < KEYS; i += 2)
		tally_at(t, key, make_key(i, key))->flows = i + 1;
	for (uint32_t i = 0; i < KEYS; i++) {
		struct tally_sum s = { .flows = 0 };

		cr_assert_eq(tally_find(t, key, make_key(i, key), &s),
		    i % 2 == 0);
		cr_assert_eq(s.flows, i % 2 == 0 ? i + 1 : 0);
	}
	tally_free(t);
}

/* A lower limit lets nothing more in, but keeps what is there. */
Test(tally, new_limit)
{
	struct tally *t = tally_new(64 << 20);
	uint8_t key[16];
	uint32_t i = 0;
	size_t n;

	while (i < 1000)
		cr_assert_not_null(tally_at(t, key, make_key(i++, key)));
	tally_set_limit(t, 1);
	while (tally_at(t, key, make_key(i, key)) != NULL)
		i++;
	n = tally_count(t);
	cr_expect_lt(n, KEYS);
	cr_expect(tally_find(t, key, make_key(0, key), NULL));
	tally_set_limit(t, 64 << 20);
	cr_expect_not_null(tally_at(t, key, make_key(i, key)));
	cr_expect_eq(tally_count(t), n + 1);
	tally_free(t);
}

/* Taken apart from the end: all keys once, memory back on the way. */
Test(tally, take_last)
{
	struct tally *t = tally_new(64 << 20);
	struct tally_sum s;
	size_t before, len;
	const uint8_t *key;
	uint32_t n = 100000;

	for (uint32_t i = 0; i < n; i++) {
		struct tally_sum one = { .flows = i };

		/* keys of 4 and of 8 bytes */
		cr_assert_eq(tally_put(t, &(uint64_t){ i }, 4 + (i & 1) * 4,
		    &one), 0);
	}
	cr_assert_eq(tally_flush(t), 0);
	before = tally_memory(t);
	while ((key = tally_take_last(t, &len, &s)) != NULL) {
		uint64_t want = --n;

		cr_assert_eq(tally_count(t), n);
		cr_assert_eq(s.flows, (int64_t)n);
		cr_assert_eq(len, 4 + (n & 1) * 4);
		cr_assert_eq(memcmp(key, &want, len), 0);
		if (n == 50000)
			cr_expect_lt(tally_memory(t), before / 2 + (2 << 20));
	}
	cr_expect_eq(n, 0);
	cr_expect_null(tally_take_last(t, &len, &s));
	tally_free(t);
}
