/*
 * From tally to table: see rollup_table.h.  Rows are sorted by key, become
 * records of a database in memory (image.h), and SQLite copies these.
 */
#include "schema/rollup_table.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/image.h"

#define AHEAD		8U	/* rows that memory is asked for before */
#define RADIX_BITS	11
#define RADIX		(1U << RADIX_BITS)

/* An entry of a tally, and how it is sorted. */
struct row {
	uint64_t	 prefix;	/* length and head of the key */
	const uint8_t	*key;
};

/*
 * NULL first, as SQLite orders; then IPv4 before IPv6; then by value, and where
 * that leaves room by protocol: so that keys, far from each other in memory,
 * are rarely compared.
 */
static uint64_t
make_prefix(const uint8_t *key, bool is_addr)
{
	uint64_t head = 0;
	uint32_t number;
	uint16_t proto;

	if (key[0] == ROLLUP_NULL_LEN)
		return 0;
	if (key[0] == sizeof(number)) {
		memcpy(&number, key + 1, sizeof(number));
		memcpy(&proto, key + 1 + sizeof(number), sizeof(proto));
		head = (uint64_t)(is_addr ? be32toh(number) : number) << 32 |
		    (uint64_t)proto << 16;
	} else {
		memcpy(&head, key + 1, key[0] < 8 ? key[0] : 8);
		head = be64toh(head);
	}
	return (uint64_t)(key[0] + 1) << 59 | head >> 5;
}

static size_t
key_len(const uint8_t *key)
{
	return 1 + (key[0] == ROLLUP_NULL_LEN ? 0U : key[0]) + ROLLUP_KEY_TAIL;
}

/* Of equal heads, whose keys are of one length. */
static int
key_cmp(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;

	return memcmp(a->key, b->key, key_len(a->key));
}

/* By some bits of the prefix; false: all have the same there. */
static bool
sort_digit(const struct row *v, struct row *to, size_t n, unsigned shift)
{
	size_t place[RADIX] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		place[v[i].prefix >> shift & (RADIX - 1)]++;
	if (n == 0 || place[v[0].prefix >> shift & (RADIX - 1)] == n)
		return false;
	for (size_t i = 0; i < RADIX; i++) {
		size_t count = place[i];

		place[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[place[v[i].prefix >> shift & (RADIX - 1)]++] = v[i];
	return true;
}

/* rows has room for twice as many; returns where they are, in order. */
static struct row *
sort(struct row *rows, size_t n)
{
	struct row *v = rows, *spare = rows + n;
	size_t from = 0;

	for (unsigned shift = 0; shift < 64; shift += RADIX_BITS) {
		if (!sort_digit(v, spare, n, shift))
			continue;
		v = spare;
		spare = v == rows ? rows + n : rows;
	}
	for (size_t i = 1; i <= n; i++) {
		if (i < n && v[i].prefix == v[from].prefix)
			continue;
		if (i - from > 1)
			qsort(v + from, i - from, sizeof(*v), key_cmp);
		from = i;
	}
	return v;
}

static void
make_row(struct image_row *row, const uint8_t *key, bool is_addr,
    const struct tally_sum *sum)
{
	const uint8_t *tail = key + key_len(key) - ROLLUP_KEY_TAIL;
	uint32_t number, sampling;
	uint16_t proto;

	memcpy(&proto, tail, 2);
	memcpy(&sampling, tail + 2, 4);
	image_start(row);
	if (key[0] == ROLLUP_NULL_LEN) {
		image_null(row);
	} else if (is_addr) {
		image_blob(row, key + 1, key[0]);
	} else {
		memcpy(&number, key + 1, sizeof(number));
		image_int(row, number);
	}
	if (proto == ROLLUP_NULL_PROTO)
		image_null(row);
	else
		image_int(row, proto);
	if (sampling == 0)
		image_null(row);
	else
		image_int(row, sampling);
	image_int(row, sum->flows);
	image_int(row, sum->packets);
	image_int(row, sum->bytes);
	image_int(row, sum->first_ms);
	image_int(row, sum->last_ms);
}

static int
fill_image(struct image *im, const struct rollup_info *ri, struct tally *t,
    struct err *err)
{
	bool is_addr = column_info(ri->column)->type == CT_ADDR;
	size_t n = tally_count(t), len;
	struct row *rows = malloc((2 * n + 1) * sizeof(*rows)), *v;
	int rc = 0;

	if (rows == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		rows[i].key = tally_key(t, i, &len);
		rows[i].prefix = make_prefix(rows[i].key, is_addr);
	}
	v = sort(rows, n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct tally_sum sum;
		struct image_row row;

		if (i + AHEAD < n)
			tally_fetch(v[i + AHEAD].key);
		tally_sums(t, v[i].key, &sum);
		make_row(&row, v[i].key, is_addr, &sum);
		rc = image_add(im, (int64_t)i + 1, &row, err);
	}
	free(rows);
	return rc;
}

/* "CREATE TABLE ..;" */
static void
put_table(char *sql, size_t size, const struct rollup_info *ri)
{
	const struct column_info *ci = column_info(ri->column);

	(void)snprintf(sql, size, "CREATE TABLE %s (%s %s, proto INTEGER, "
	    "sampling INTEGER, flows INTEGER, packets INTEGER, bytes INTEGER, "
	    "first_ms INTEGER, last_ms INTEGER) STRICT;", ri->table, ci->name,
	    coltype_sql(ci->type));
}

static int
copy_table(sqlite3 *db, const struct rollup_info *ri, const char *create,
    struct err *err)
{
	char sql[1000];

	(void)snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE;"
	    "DROP TABLE IF EXISTS main.%s;%s"
	    "INSERT INTO main.%s SELECT * FROM image.%s;COMMIT", ri->table,
	    create, ri->table, ri->table);
	if (db_exec(db, sql, err) == 0)
		return 0;
	if (!sqlite3_get_autocommit(db))
		(void)db_exec(db, "ROLLBACK", NULL);
	return -1;
}

int
rollup_table_write(sqlite3 *db, const struct rollup_info *ri, struct tally *t,
    struct err *err)
{
	struct image *im;
	char create[400];
	int rc = -1;

	put_table(create, sizeof(create), ri);
	im = image_new(create, err);
	if (im == NULL)
		return -1;
	if (image_table(im, ri->table, err) == 0 &&
	    fill_image(im, ri, t, err) == 0 && image_show(im, db, err) == 0) {
		rc = copy_table(db, ri, create, err);
		(void)image_hide(db, NULL);
	}
	image_free(im);
	return rc;
}
