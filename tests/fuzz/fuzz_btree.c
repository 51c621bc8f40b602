/*
 * The reader of pages: every leaf it gives lies within its bounds, however
 * the pages point at each other.  The last byte chooses the root.
 */
#include <string.h>

#include "query/btree.h"
#include "tests/fuzz/base_shard.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS	14
#define LEAVES	2000	/* that are looked at */

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

	if (t == NULL) {
		FUZZ_CHECK(err.msg[0] != '\0');
		return 0;
	}
	for (size_t c = 0; c < COLUMNS; c++)
		want[c] = c == 0 ? '\0' : c == 3 || c == 4 ? 'b' : 'n';
	r = btree_rows_new(t, want, COLUMNS);
	FUZZ_CHECK(r != NULL);
	for (size_t l = 0; l < btree_leaves(t) && l < LEAVES; l++) {
		if (btree_read(t, l, r, &err) == -1) {
			FUZZ_CHECK(err.msg[0] != '\0');
			continue;
		}
		for (size_t i = 0; i < r->n; i++) {
			for (size_t c = 1; c < COLUMNS; c++) {
				sum += r->null[c][i];
				if (want[c] == 'n')
					sum += (uint64_t)r->value[c][i];
				for (size_t b = 0; want[c] == 'b' &&
				    b < r->length[c][i]; b++)
					sum += r->blob[c][i][b];
			}
		}
	}
	btree_rows_free(r);
	btree_close(t);
	return 0;
}
