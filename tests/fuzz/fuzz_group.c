/*
 * -s and -A: keys of random flows have the length they should, come back as
 * the values they were made of, and sort the same way by both orders.
 */
#include <stdlib.h>
#include <string.h>

#include "query/group.h"
#include "tests/filter_random.h"
#include "tests/fuzz/fuzz.h"

#define FLOWS	6

static void
make_data(const struct flow *f, struct datum data[COLUMN_COUNT + 1])
{
	memset(data, 0, (COLUMN_COUNT + 1) * sizeof(*data));
	for (int i = 0; i < COLUMN_COUNT; i++) {
		enum column c = (enum column)i;
		const struct column_info *ci = column_info(c);
		const void *p = (const char *)f + ci->offset;

		if (!flow_has(f, c))
			continue;
		data[c].kind = ci->type == CT_ADDR ? DATUM_ADDR :
		    DATUM_NUMBER;
		if (ci->type == CT_ADDR) {
			data[c].addr = ((const struct addr *)p)->bytes;
			data[c].len = ((const struct addr *)p)->len;
		} else {
			data[c].number = ci->type == CT_TIME ||
			    ci->type == CT_SPAN ? *(const int64_t *)p :
			    (int64_t)flow_number(f, c);
		}
	}
}

static int
sign(int v)
{
	return (v > 0) - (v < 0);
}

static void
check_keys(const struct group *g)
{
	uint8_t key[FLOWS][TALLY_KEY_MAX], sort[FLOWS][2 * TALLY_KEY_MAX];
	size_t len[FLOWS], sorted[FLOWS], n = 0;
	uint64_t seed = 5;
	struct flow f;
	struct datum data[COLUMN_COUNT + 1];
	const struct tally_sum sum = { .flows = 1 };
	struct row row;

	FUZZ_CHECK(group_key_max(g) <= TALLY_KEY_MAX);
	FUZZ_CHECK(group_sides(g) >= 1 && group_sides(g) <= STAT_SIDES);
	for (size_t i = 0; i < FLOWS; i++) {
		random_flow(&seed, &f);
		make_data(&f, data);
		len[n] = group_key(g, data, (unsigned)i % group_sides(g),
		    key[n]);
		FUZZ_CHECK(len[n] <= group_key_max(g));
		if (len[n] == 0)
			continue;
		group_row(g, key[n], len[n], &sum, &row);
		sorted[n] = group_sort_key(g, key[n], sort[n]);
		FUZZ_CHECK(sorted[n] <= 2 * TALLY_KEY_MAX);
		n++;
	}
	for (size_t a = 0; a < n; a++) {
		for (size_t b = 0; b < n; b++) {
			size_t least = sorted[a] < sorted[b] ? sorted[a] :
			    sorted[b];
			int by_bytes = memcmp(sort[a], sort[b], least);

			if (by_bytes == 0)
				by_bytes = (sorted[a] > sorted[b]) -
				    (sorted[a] < sorted[b]);
			FUZZ_CHECK(sign(group_compare(g, key[a], key[b])) ==
			    sign(by_bytes));
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct print_key keys[PRINT_KEYS_MAX];
	struct err err = { .msg = "" };
	struct group g;
	char *text;
	int rc;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	rc = data[0] & 1 ? group_parse_fields(text, &g, &err) :
	    group_parse_stat(text, NULL, &g, &err);
	if (rc == -1) {
		FUZZ_CHECK(err.code == ERR_SYNTAX);
		FUZZ_CHECK(err.offset <= strlen(text) && err.length >= 1);
	} else {
		FUZZ_CHECK(group_print_keys(&g, keys) <= PRINT_KEYS_MAX);
		check_keys(&g);
	}
	free(text);
	return 0;
}
