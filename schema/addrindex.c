/*
 * Indexes on addresses: see addrindex.h.
 *
 * One pass over the flows collects [address][id] for each side.  IPv4 is one
 * number of 64 bits, sorted by its upper half; ids ascend as they come, and the
 * sort is stable.  What is not IPv4 has a list of its own, and both are merged
 * in SQLite's order: NULL, then by bytes, then the shorter one.
 *
 * An index is a tree of records [address][id].  So is a table of these two
 * columns WITHOUT ROWID: it is made as a table, from records, and becomes the
 * index by a change of its line in the schema.  All of that is one transaction,
 * and PRAGMA integrity_check holds the result against the flows.
 */
#include "schema/addrindex.h"

#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/image.h"

#define TABLE		"new_index"
#define ENTRY_BYTES	60	/* a flow: lists, room to sort, image */
#define OTHER_MAX	16	/* bytes of an address */
#define RADIX_BITS	11
#define RADIX		(1U << RADIX_BITS)
#define KEY_BITS	32

/* An address that is not IPv4. */
struct other {
	uint8_t		bytes[OTHER_MAX];
	uint8_t		len;
	bool		null;
	uint32_t	id;
};

struct list {
	uint64_t	*v4;		/* address, id */
	size_t		 n_v4;
	struct other	*other;
	size_t		 n_other;
	size_t		 cap_other;
};

struct collect {
	struct list	list[2];	/* src, dst */
	size_t		cap;		/* flows */
	size_t		memory;
	bool		bad;		/* not for us */
};

static const char table_sql[] = "CREATE TABLE " TABLE " (address BLOB, "
    "id INTEGER, PRIMARY KEY (address, id)) WITHOUT ROWID;";

static const char *const names[] = { "src_addr", "dst_addr" };

static bool
add_other(struct list *l, sqlite3_value *value, uint32_t id, size_t memory)
{
	int type = sqlite3_value_type(value), len = 0;
	struct other *o;

	if (type == SQLITE_BLOB)
		len = sqlite3_value_bytes(value);
	if (len > OTHER_MAX || (type != SQLITE_NULL && type != SQLITE_BLOB))
		return false;
	if (l->n_other == l->cap_other) {
		size_t cap = l->cap_other == 0 ? 1024 : l->cap_other * 2;

		if (cap * sizeof(*o) > memory / 4 ||
		    (o = realloc(l->other, cap * sizeof(*o))) == NULL)
			return false;
		l->other = o;
		l->cap_other = cap;
	}
	o = &l->other[l->n_other++];
	*o = (struct other){ .len = (uint8_t)len, .id = id,
		.null = type == SQLITE_NULL };
	if (len > 0)
		memcpy(o->bytes, sqlite3_value_blob(value), (size_t)len);
	return true;
}

/* (src_addr, dst_addr, id) */
static void
collect_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct collect *c = sqlite3_user_data(ctx);
	int64_t id = sqlite3_value_int64(argv[2]);

	(void)argc;
	if (id < 0 || id > UINT32_MAX)
		c->bad = true;
	for (int i = 0; i < 2 && !c->bad; i++) {
		struct list *l = &c->list[i];
		uint32_t addr;

		if (sqlite3_value_type(argv[i]) == SQLITE_BLOB &&
		    sqlite3_value_bytes(argv[i]) == 4 && l->n_v4 < c->cap) {
			memcpy(&addr, sqlite3_value_blob(argv[i]), 4);
			l->v4[l->n_v4++] = (uint64_t)be32toh(addr) << 32 |
			    (uint64_t)id;
		} else if (l->n_v4 == c->cap ||
		    !add_other(l, argv[i], (uint32_t)id, c->memory)) {
			c->bad = true;
		}
	}
}

static void
collect_final(sqlite3_context *ctx)
{
	sqlite3_result_null(ctx);
}

static int
collect_run(sqlite3 *db, struct collect *c, struct err *err)
{
	int64_t ignored;
	int rc;

	if (sqlite3_create_function_v2(db, "collect_addr", 3, SQLITE_UTF8 |
	    SQLITE_DIRECTONLY, c, NULL, collect_step, collect_final, NULL) !=
	    SQLITE_OK)
		return db_error(db, NULL, err);
	rc = db_int(db, "SELECT collect_addr(src_addr, dst_addr, id) FROM flow",
	    0, &ignored, err);
	(void)sqlite3_create_function_v2(db, "collect_addr", 3, SQLITE_UTF8,
	    NULL, NULL, NULL, NULL, NULL);
	return rc;
}

/* By the upper half; spare has room for as many. */
static void
sort_v4(uint64_t **v, uint64_t **spare, size_t n)
{
	uint32_t place[RADIX];
	uint64_t *swap;

	for (unsigned shift = 64 - KEY_BITS; shift < 64; shift += RADIX_BITS) {
		uint32_t sum = 0;

		memset(place, 0, sizeof(place));
		for (size_t i = 0; i < n; i++)
			place[(*v)[i] >> shift & (RADIX - 1)]++;
		for (size_t i = 0; i < RADIX; i++) {
			uint32_t count = place[i];

			place[i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			(*spare)[place[(*v)[i] >> shift & (RADIX - 1)]++] =
			    (*v)[i];
		swap = *v;
		*v = *spare;
		*spare = swap;
	}
}

static int
compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static int
other_cmp(const void *va, const void *vb)
{
	const struct other *a = va, *b = vb;
	int c;

	if (a->null != b->null)
		return a->null ? -1 : 1;
	c = compare_bytes(a->bytes, a->len, b->bytes, b->len);
	return c != 0 ? c : (a->id > b->id) - (a->id < b->id);
}

static bool
other_first(const struct other *o, uint64_t v4)
{
	uint32_t addr = htobe32((uint32_t)(v4 >> 32));

	return o->null || compare_bytes(o->bytes, o->len,
	    (const uint8_t *)&addr, sizeof(addr)) < 0;
}

/* The sorted list, as rows. */
static int
fill_image(struct image *im, const struct list *l, struct err *err)
{
	size_t i = 0, k = 0;
	int rc = image_table(im, TABLE, err);

	while (rc == 0 && (i < l->n_v4 || k < l->n_other)) {
		const struct other *o = k < l->n_other ? &l->other[k] : NULL;
		struct image_row row;

		image_start(&row);
		if (o != NULL && (i == l->n_v4 || other_first(o, l->v4[i]))) {
			if (o->null)
				image_null(&row);
			else
				image_blob(&row, o->bytes, o->len);
			image_int(&row, o->id);
			k++;
		} else {
			uint32_t addr = htobe32((uint32_t)(l->v4[i] >> 32));

			image_blob(&row, &addr, sizeof(addr));
			image_int(&row, (uint32_t)l->v4[i]);
			i++;
		}
		rc = image_add(im, 0, &row, err);
	}
	return rc;
}

/* The table of the image becomes the index of that column. */
static int
copy_index(sqlite3 *db, const char *column, struct err *err)
{
	char sql[600];
	int rc;

	(void)snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE;%s"
	    "INSERT INTO main." TABLE " SELECT * FROM image." TABLE ";"
	    "UPDATE main.sqlite_schema SET type = 'index', "
	    "name = 'flow_%s', tbl_name = 'flow', "
	    "sql = 'CREATE INDEX flow_%s ON flow (%s)' "
	    "WHERE name = '" TABLE "';COMMIT", table_sql, column, column,
	    column);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
	rc = db_exec(db, sql, err);
	if (rc == -1 && !sqlite3_get_autocommit(db))
		(void)db_exec(db, "ROLLBACK", NULL);
	/* what SQLite knows of the schema is read again */
	if (db_exec(db, "PRAGMA writable_schema = RESET", rc == 0 ? err :
	    NULL) == -1)
		rc = -1;
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return rc;
}

static int
write_index(sqlite3 *db, const struct list *l, const char *column,
    struct err *err)
{
	struct image *im = image_new(table_sql, err);
	int rc = -1;

	if (im == NULL)
		return -1;
	if (fill_image(im, l, err) == 0 && image_show(im, db, err) == 0) {
		rc = copy_index(db, column, err);
		(void)image_hide(db, NULL);
	}
	image_free(im);
	return rc;
}

/* Does the shard have the index already? */
static int
is_there(sqlite3 *db, const char *column, int64_t *n, struct err *err)
{
	char sql[120];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM "
	    "main.sqlite_schema WHERE name = 'flow_%s'", column);
	return db_int(db, sql, 0, n, err);
}

static int
build(sqlite3 *db, struct collect *c, struct err *err)
{
	uint64_t *spare = malloc((c->cap + 1) * sizeof(*spare));
	int rc = 0;

	if (spare == NULL)
		return err_set(err, "out of memory");
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct list *l = &c->list[i];
		int64_t there;

		rc = is_there(db, names[i], &there, err);
		if (rc == -1 || there > 0)
			continue;
		sort_v4(&l->v4, &spare, l->n_v4);
		if (l->n_other > 0)
			qsort(l->other, l->n_other, sizeof(*l->other),
			    other_cmp);
		rc = write_index(db, l, names[i], err);
	}
	free(spare);
	return rc;
}

/* The default page cache: SQLite's sorter likes small runs (measured). */
static int
build_by_sqlite(sqlite3 *db, struct err *err)
{
	return db_exec(db,
	    "CREATE INDEX IF NOT EXISTS flow_src_addr ON flow (src_addr);"
	    "CREATE INDEX IF NOT EXISTS flow_dst_addr ON flow (dst_addr)", err);
}

int
addrindex_build(sqlite3 *db, size_t memory, const atomic_bool *stop,
    struct err *err)
{
	struct collect c = { .memory = memory };
	int64_t flows;
	int rc;

	if (db_int(db, "SELECT count(*) FROM flow", 0, &flows, err) == -1)
		return -1;
	db_stop_by(db, stop);
	c.cap = (size_t)flows;
	for (int i = 0; i < 2; i++)
		c.list[i].v4 = malloc((c.cap + 1) * sizeof(uint64_t));
	c.bad = c.cap > memory / ENTRY_BYTES || c.list[0].v4 == NULL ||
	    c.list[1].v4 == NULL;
	rc = c.bad ? 0 : collect_run(db, &c, err);
	if (rc == 0)
		rc = c.bad ? build_by_sqlite(db, err) : build(db, &c, err);
	for (int i = 0; i < 2; i++) {
		free(c.list[i].v4);
		free(c.list[i].other);
	}
	db_stop_by(db, NULL);
	return rc;
}
