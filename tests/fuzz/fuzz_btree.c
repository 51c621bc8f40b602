/*
 * The readers of pages: every row they give lies within its bounds, however
 * the pages point at each other.  The last byte chooses the root.
 */
#include <string.h>

#include "query/btree.h"
#include "query/record.h"
#include "tests/fuzz/base_shard.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS	14
#define LEAVES	2000	/* that are looked at */
#define IDS	300

/* The rows of r, column by column and each as a whole. */
static uint64_t
look(const struct btree *t, const struct btree_rows *r, const char *want)
{
	struct btree_value v[COLUMNS + 4];
	struct err err = { .msg = "" };
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t c = 1; c < COLUMNS; c++) {
			sum += r->null[c][i];
			if (want[c] == 'n')
				sum += (uint64_t)r->value[c][i];
			for (size_t b = 0; want[c] == 'b' &&
			    b < r->length[c][i]; b++)
				sum += r->blob[c][i][b];
		}
		if (btree_row(t, r, i, v, COLUMNS + 4, &err) == -1) {
			FUZZ_CHECK(err.msg[0] != '\0');
			continue;
		}
		for (size_t c = 0; c < COLUMNS + 4; c++) {
			for (size_t b = 0; v[c].kind == 'b' &&
			    b < v[c].length; b++)
				sum += v[c].blob[b];
		}
	}
	return sum;
}

static int
add_record(void *arg, int64_t id, const struct record_value v[RECORD_VALUES])
{
	uint64_t *sum = arg;

	*sum += (uint64_t)id;
	for (size_t i = 0; i < RECORD_VALUES; i++) {
		*sum += (uint64_t)v[i].number;
		for (size_t b = 0; v[i].data != NULL && b < v[i].len; b++)
			*sum += v[i].data[b];
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t root = size == 0 ? 2 : data[size - 1] % 24;
	struct err err = { .msg = "" };
	struct btree *t = btree_open(base_shard("btree", data, size), root,
	    &err);
	char want[COLUMNS];
	struct btree_rows *r;
	volatile uint64_t sum = 0;
	int64_t ids[IDS];

	if (t == NULL) {
		FUZZ_CHECK(err.msg[0] != '\0');
		return 0;
	}
	for (size_t c = 0; c < COLUMNS; c++)
		want[c] = c == 0 ? '\0' : c == 3 || c == 4 ? 'b' : 'n';
	for (int64_t i = 0; i < IDS; i++)
		ids[i] = i * (int64_t)(1 + size % 3) - 3;
	r = btree_rows_new(t, want, COLUMNS);
	FUZZ_CHECK(r != NULL);
	for (size_t l = 0; l < btree_leaves(t) && l < LEAVES; l++) {
		uint64_t got = 0;

		if (btree_read(t, l, r, &err) == 0)
			sum += look(t, r, want);
		else
			FUZZ_CHECK(err.msg[0] != '\0');
		if (btree_read_first(t, l, r, &err) == 0) {
			FUZZ_CHECK(r->n <= 1);
			sum += look(t, r, want);
		}
		(void)record_each(t, btree_leaf_page(t, l), add_record, &got,
		    &err);
		sum += got;
	}
	for (size_t i = 0, used; i < IDS; i += used) {
		if (btree_read_ids(t, ids + i, IDS - i, r, &used, &err) == -1)
			break;
		FUZZ_CHECK(used >= 1 && used <= IDS - i);
		sum += look(t, r, want);
	}
	(void)sum;
	btree_rows_free(r);
	btree_close(t);
	return 0;
}
