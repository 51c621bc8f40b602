/*
 * From tally to table: see rollup_table.h.  Rows are sorted by key, become
 * records of a database in memory (image.h), and SQLite copies these.
 */
#include "schema/rollup_table.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/image.h"

/* An entry of a tally, and how it is sorted. */
struct row {
	uint64_t	prefix;		/* length and head of the value */
	uint32_t	entry;
};

/* NULL first, as SQLite orders; then IPv4 before IPv6; then by value. */
static uint64_t
make_prefix(const uint8_t *key, bool is_addr)
{
	uint64_t head = 0;
	uint32_t number;

	if (key[0] == ROLLUP_NULL_LEN)
		return 0;
	if (is_addr) {
		memcpy(&head, key + 1, key[0] < 8 ? key[0] : 8);
	} else {
		memcpy(&number, key + 1, sizeof(number));
		number = htobe32(number);
		memcpy(&head, &number, sizeof(number));
	}
	return (uint64_t)(key[0] + 1) << 59 | be64toh(head) >> 5;
}

/*
 * Of equal heads the keys decide: their values are of one length, and numbers
 * are equal then.
 */
static int
row_cmp(const void *va, const void *vb, void *tally)
{
	const struct row *a = va, *b = vb;
	const uint8_t *ka, *kb;
	size_t la, lb;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	ka = tally_key(tally, a->entry, &la);
	kb = tally_key(tally, b->entry, &lb);
	return memcmp(ka, kb, la);
}

static void
make_row(struct image_row *row, const uint8_t *key, size_t len, bool is_addr,
    const struct tally_sum *sum)
{
	const uint8_t *tail = key + len - ROLLUP_KEY_TAIL;
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
	struct row *rows = malloc((n + 1) * sizeof(*rows));
	const uint8_t *key;
	int rc = 0;

	if (rows == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		key = tally_key(t, i, &len);
		rows[i] = (struct row){ make_prefix(key, is_addr),
			(uint32_t)i };
	}
	qsort_r(rows, n, sizeof(*rows), row_cmp, t);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct tally_sum sum;
		struct image_row row;

		key = tally_entry(t, rows[i].entry, &len, &sum);
		make_row(&row, key, len, is_addr, &sum);
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
