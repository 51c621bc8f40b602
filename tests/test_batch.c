/* Taking a batch apart by folder. */
#include "collector/batch.h"

#include <criterion/criterion.h>

static void
add_flow(struct batch *b, uint16_t folder, uint64_t number)
{
	b->folder[b->n] = folder;
	b->flows[b->n++].bytes = number;
}

static void
add_stat(struct batch *b, uint32_t group, uint32_t id)
{
	struct exporter_stat *st = batch_stat(b);

	cr_assert_not_null(st);
	*st = (struct exporter_stat){ .id = id, .group = group };
}

Test(batch, split)
{
	static const uint16_t folders[] = { 7, 0, 7, 1023, 0, 7 };
	static const uint64_t want[] = { 1, 4, 0, 2, 5, 3 };
	struct batch_part parts[FOLDERS_MAX];
	struct batch *b = batch_new(6);
	uint32_t rows[6];
	size_t k = 0;

	for (unsigned i = 0; i < 6; i++)
		add_flow(b, folders[i], i);
	add_stat(b, 7, 70);
	add_stat(b, 3, 30);	/* no flows there */
	add_stat(b, 7, 71);
	add_stat(b, 0, 1);
	cr_assert_eq(batch_split(b, parts, rows), 4);
	for (unsigned i = 0; i < 4; i++) {
		for (size_t f = 0; f < parts[i].n; f++)
			cr_expect_eq(batch_part_flow(&parts[i], f)->bytes,
			    want[k++]);
	}
	cr_expect_eq(k, 6);
	cr_expect_eq(parts[0].folder, 0);
	cr_expect_eq(parts[1].folder, 3);
	cr_expect_eq(parts[1].n, 0);
	cr_expect_eq(parts[1].stats->id, 30);
	cr_expect_eq(parts[2].folder, 7);
	cr_expect_eq(parts[2].n_stats, 2);
	cr_expect_eq(parts[2].stats[0].group, 7);
	cr_expect_eq(parts[3].folder, 1023);
	cr_expect_eq(parts[3].n_stats, 0);
	batch_free(b);
}

/* The usual case needs no rows. */
Test(batch, split_one_folder)
{
	struct batch_part parts[FOLDERS_MAX];
	struct batch *b = batch_new(3);
	uint32_t rows[3];

	cr_assert_eq(batch_split(b, parts, rows), 0);
	for (unsigned i = 0; i < 3; i++)
		add_flow(b, 5, i);
	cr_assert_eq(batch_split(b, parts, rows), 1);
	cr_expect_null(parts[0].rows);
	cr_expect_eq(parts[0].n, 3);
	cr_expect_eq(batch_part_flow(&parts[0], 2)->bytes, 2);
	batch_free(b);
}
