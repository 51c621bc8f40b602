/*
 * From SQLite to RowBinary: see ship_rows.h.
 *
 * A row is the shard's prefix, then what stands in flow, in path and in extra.
 * Only the first is made anew for each row: paths are kept as bytes, those
 * without extra fields share one run of NULLs, and extra is read alongside in
 * order of id.  Home by home is also the order of columns.def, so a row is
 * three pieces and what few bytes are in front.
 */
#include "collector/ship_rows.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "collector/rowbinary.h"
#include "schema/clickhouse.h"
#include "schema/column.h"
#include "schema/db.h"
#include "schema/ddl.h"

#define PATH_SLOTS	(1U << 13)
/* exporter_addr, _version, _domain, _name */
#define EXPORTER_MAX	(16 + 1 + 4 + 2 + ROWBINARY_TEXT_MAX)
#define HOME_MAX	(COLUMN_COUNT * ROWBINARY_VALUE_MAX)
#define PREFIX_MAX	(2 + CLICKHOUSE_NAME_MAX + 4)
#define ROW_MAX		(PREFIX_MAX + 8 + 4 + EXPORTER_MAX + 1 + HOME_MAX)
#define BUFFER		(256U << 10)

/* Names of the columns of a home, and how many. */
struct home {
	enum column	columns[COLUMN_COUNT];
	unsigned	bits[COLUMN_COUNT];	/* in mapped */
	enum coltype	types[COLUMN_COUNT];
	int		n;
};

/* A path row as bytes. */
struct path {
	int64_t		 id;
	unsigned	 mapped;
	size_t		 exporter_len;
	size_t		 len;
	uint8_t		*bytes;		/* exporter, then columns; NULL: free */
};

struct ship_rows {
	sqlite3			*db;
	struct shard_meta	 meta;
	uint32_t		 shard;
	sqlite3_stmt		*flow;
	sqlite3_stmt		*path;
	sqlite3_stmt		*extra;
	bool			 has_extra;	/* extra stands on a row */
	bool			 done;
	struct home		 homes[3];
	struct ship_sums	 sums;
	uint8_t			 prefix[PREFIX_MAX];
	size_t			 prefix_len;
	struct path		 paths[PATH_SLOTS];
	struct path		 no_path;
	uint8_t			 no_extra[COLUMN_COUNT];
	uint8_t			 buffer[BUFFER];	/* made, not given */
	size_t			 at;
	size_t			 end;
};

static void
home_init(struct home *h, enum colhome home)
{
	h->n = 0;
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (column_info((enum column)c)->home != home)
			continue;
		h->columns[h->n] = (enum column)c;
		h->types[h->n] = column_info((enum column)c)->type;
		h->bits[h->n++] = clickhouse_mapped_bit((enum column)c);
	}
}

/* The columns of a home, which stand in st from column col on. */
static uint8_t *
put_home(uint8_t *p, const struct home *h, sqlite3_stmt *st, int col,
    unsigned *mapped)
{
	for (int i = 0; i < h->n; i++, col++) {
		int type = sqlite3_column_type(st, col);

		if (h->bits[i] != 0 && type == SQLITE_BLOB)
			p = rowbinary_addr_column(p,
			    sqlite3_column_blob(st, col),
			    (size_t)sqlite3_column_bytes(st, col),
			    h->bits[i], mapped);
		else if (h->bits[i] == 0 && type == SQLITE_INTEGER)
			p = rowbinary_column(p, h->types[i],
			    sqlite3_column_int64(st, col));
		else
			p = rowbinary_null(p);
	}
	return p;
}

/* "SELECT head, columns of home FROM ..." */
static sqlite3_stmt *
prepare_home(sqlite3 *db, enum colhome home, const char *head,
    const char *prefix, const char *from, struct err *err)
{
	char *names = ddl_columns(home, prefix), *sql;
	sqlite3_stmt *st;

	if (names == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	sql = sqlite3_mprintf("SELECT %s, %s FROM %s", head, names, from);
	free(names);
	if (sql == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	st = db_prepare(db, sql, err);
	sqlite3_free(sql);
	return st;
}

static int
prepare_all(struct ship_rows *r, struct err *err)
{
	/* by rowid: both tables in the order they are stored */
	r->flow = prepare_home(r->db, HOME_FLOW, "id, path", "",
	    "flow ORDER BY id", err);
	r->extra = r->flow == NULL ? NULL : prepare_home(r->db, HOME_EXTRA,
	    "id", "", "extra ORDER BY id", err);
	r->path = r->extra == NULL ? NULL : prepare_home(r->db, HOME_PATH,
	    "e.address, e.version, e.source_id, e.name", "p.",
	    "path AS p LEFT JOIN exporter AS e ON e.id = p.exporter "
	    "WHERE p.id = ?1", err);
	return r->path == NULL ? -1 : 0;
}

static int
step_extra(struct ship_rows *r, struct err *err)
{
	int rc = db_step(r->extra, err);

	r->has_extra = rc == 1;
	return rc == -1 ? -1 : 0;
}

struct ship_rows *
ship_rows_open(const char *path, const char *collector, struct err *err)
{
	struct ship_rows *r = calloc(1, sizeof(*r));
	uint8_t *p;

	if (r == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	for (unsigned h = 0; h < 3; h++)
		home_init(&r->homes[h], (enum colhome)h);
	memset(r->no_extra, 1, sizeof(r->no_extra));
	r->db = db_open(path, SQLITE_OPEN_READONLY, err);
	if (r->db == NULL || shard_check(r->db, "main", path, &r->meta,
	    err) == -1 || prepare_all(r, err) == -1 ||
	    step_extra(r, err) == -1) {
		ship_rows_close(r);
		return NULL;
	}
	if (r->meta.slot_start_ms < 0 ||
	    r->meta.slot_start_ms / 1000 > UINT32_MAX) {
		(void)err_set(err, "%s: its time is out of range", path);
		ship_rows_close(r);
		return NULL;
	}
	r->shard = (uint32_t)(r->meta.slot_start_ms / 1000);
	p = rowbinary_text(r->prefix, collector, strlen(collector));
	p = rowbinary_number(p, r->shard, 4);
	r->prefix_len = (size_t)(p - r->prefix);
	return r;
}

void
ship_rows_close(struct ship_rows *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->flow);
	sqlite3_finalize(r->path);
	sqlite3_finalize(r->extra);
	(void)sqlite3_close(r->db);
	for (size_t i = 0; i < PATH_SLOTS; i++)
		free(r->paths[i].bytes);
	free(r->no_path.bytes);
	free(r);
}

const struct shard_meta *
ship_rows_meta(const struct ship_rows *r)
{
	return &r->meta;
}

uint32_t
ship_rows_shard(const struct ship_rows *r)
{
	return r->shard;
}

/* exporter_addr and so on: columns 0 to 3 of st; none: zeros. */
static uint8_t *
put_exporter(uint8_t *p, sqlite3_stmt *st, bool there, unsigned *mapped)
{
	size_t len = there ? (size_t)sqlite3_column_bytes(st, 0) : 0;

	if (rowbinary_address(p, len > 0 ? sqlite3_column_blob(st, 0) : NULL,
	    len))
		*mapped |= clickhouse_mapped_exporter();
	p += 16;
	p = rowbinary_number(p, there ? (uint64_t)sqlite3_column_int64(st, 1) :
	    0, 1);
	p = rowbinary_number(p, there ? (uint64_t)sqlite3_column_int64(st, 2) :
	    0, 4);
	len = there ? (size_t)sqlite3_column_bytes(st, 3) : 0;
	return rowbinary_text(p, len > 0 ?
	    (const char *)sqlite3_column_text(st, 3) : "", len);
}

/* The row of table path as bytes; has false: there is none. */
static int
encode_path(struct ship_rows *r, struct path *to, int64_t id, bool has,
    struct err *err)
{
	uint8_t bytes[EXPORTER_MAX + HOME_MAX], *p, *copy;

	to->mapped = 0;
	p = put_exporter(bytes, r->path, has, &to->mapped);
	to->exporter_len = (size_t)(p - bytes);
	if (has) {
		p = put_home(p, &r->homes[HOME_PATH], r->path, 4, &to->mapped);
	} else {
		for (int i = 0; i < r->homes[HOME_PATH].n; i++)
			p = rowbinary_null(p);
	}
	to->len = (size_t)(p - bytes);
	copy = realloc(to->bytes, to->len);
	if (copy == NULL)
		return err_set(err, "out of memory");
	memcpy(copy, bytes, to->len);
	to->bytes = copy;
	to->id = id;
	return 0;
}

static const struct path *
find_path(struct ship_rows *r, int64_t id, bool null, struct err *err)
{
	struct path *to = null ? &r->no_path :
	    &r->paths[(uint64_t)id % PATH_SLOTS];
	int rc = 0;

	if (to->bytes != NULL && (null || to->id == id))
		return to;
	if (!null) {
		(void)sqlite3_bind_int64(r->path, 1, id);
		rc = db_step(r->path, err);
	}
	if (rc != -1)
		rc = encode_path(r, to, id, rc == 1, err);
	(void)sqlite3_reset(r->path);
	return rc == -1 ? NULL : to;
}

/* Column ts: seconds that DateTime can hold. */
static uint32_t
stamp_of(const struct ship_rows *r)
{
	int64_t ms, sec;

	/* id, path, then the first of columns.def */
	if (sqlite3_column_type(r->flow, 2) != SQLITE_INTEGER)
		return r->shard;
	ms = sqlite3_column_int64(r->flow, 2);
	sec = ms / 1000 - (ms % 1000 < 0);
	if (sec < 0)
		return 0;
	return sec > UINT32_MAX ? UINT32_MAX : (uint32_t)sec;
}

_Static_assert(COL_first_ms == 0, "stamp_of reads the first column");

/* A counter, 0 where the row gets NULL for it; sums wrap as there. */
static uint64_t
counter(const struct ship_rows *r, enum column c)
{
	int64_t v = sqlite3_column_int64(r->flow, 2 + (int)c);

	return v < 0 || (uint64_t)v > coltype_max(CT_COUNT) ? 0 : (uint64_t)v;
}

static void
count_row(struct ship_rows *r)
{
	r->sums.flows++;
	r->sums.packets = (int64_t)((uint64_t)r->sums.packets +
	    counter(r, COL_packets));
	r->sums.bytes = (int64_t)((uint64_t)r->sums.bytes +
	    counter(r, COL_bytes));
}

/* The row that r->flow stands on. */
static int
put_row(struct ship_rows *r, struct err *err)
{
	int64_t id = sqlite3_column_int64(r->flow, 0);
	const struct path *path = find_path(r,
	    sqlite3_column_int64(r->flow, 1),
	    sqlite3_column_type(r->flow, 1) == SQLITE_NULL, err);
	uint8_t *p = r->buffer + r->end, *at_mapped;
	unsigned mapped;
	bool extra;

	if (path == NULL)
		return -1;
	while (r->has_extra && sqlite3_column_int64(r->extra, 0) < id) {
		if (step_extra(r, err) == -1)
			return -1;
	}
	extra = r->has_extra && sqlite3_column_int64(r->extra, 0) == id;
	memcpy(p, r->prefix, r->prefix_len);
	p += r->prefix_len;
	p = rowbinary_number(p, (uint64_t)id, 8);
	p = rowbinary_number(p, stamp_of(r), 4);
	memcpy(p, path->bytes, path->exporter_len);
	p += path->exporter_len;
	at_mapped = p++;
	mapped = path->mapped;
	p = put_home(p, &r->homes[HOME_FLOW], r->flow, 2, &mapped);
	memcpy(p, path->bytes + path->exporter_len,
	    path->len - path->exporter_len);
	p += path->len - path->exporter_len;
	if (extra) {
		p = put_home(p, &r->homes[HOME_EXTRA], r->extra, 1, &mapped);
	} else {
		memcpy(p, r->no_extra, (size_t)r->homes[HOME_EXTRA].n);
		p += r->homes[HOME_EXTRA].n;
	}
	*at_mapped = (uint8_t)mapped;
	r->end = (size_t)(p - r->buffer);
	count_row(r);
	return 0;
}

static int
fill(struct ship_rows *r, struct err *err)
{
	int rc = 1;

	r->at = r->end = 0;
	while (r->end + ROW_MAX <= BUFFER) {
		rc = db_step(r->flow, err);
		if (rc != 1)
			break;
		if (put_row(r, err) == -1)
			return -1;
	}
	r->done = rc == 0;
	return rc == -1 ? -1 : 0;
}

int
ship_rows_read(struct ship_rows *r, void *buf, size_t size, size_t *got,
    struct err *err)
{
	*got = 0;
	if (r->at == r->end && !r->done && fill(r, err) == -1)
		return -1;
	*got = r->end - r->at < size ? r->end - r->at : size;
	memcpy(buf, r->buffer + r->at, *got);
	r->at += *got;
	return 0;
}

struct ship_sums
ship_rows_sums(const struct ship_rows *r)
{
	return r->sums;
}

/* ---- exporters ---- */

static uint8_t *
put_nullable(uint8_t *p, sqlite3_stmt *st, int col)
{
	if (sqlite3_column_type(st, col) != SQLITE_INTEGER)
		return rowbinary_null(p);
	*p++ = 0;
	return rowbinary_number(p, (uint64_t)sqlite3_column_int64(st, col), 8);
}

/* The columns of exporter_columns in schema/clickhouse.c. */
static uint8_t *
put_exporter_row(uint8_t *p, const struct ship_rows *r, sqlite3_stmt *st)
{
	size_t len = (size_t)sqlite3_column_bytes(st, 1);
	int is_mapped;

	memcpy(p, r->prefix, r->prefix_len);
	p += r->prefix_len;
	p = rowbinary_number(p, (uint64_t)sqlite3_column_int64(st, 0), 4);
	is_mapped = rowbinary_address(p, sqlite3_column_blob(st, 1), len);
	p += 16;
	*p++ = (uint8_t)is_mapped;
	p = rowbinary_number(p, (uint64_t)sqlite3_column_int64(st, 2), 1);
	p = rowbinary_number(p, (uint64_t)sqlite3_column_int64(st, 3), 4);
	if (sqlite3_column_type(st, 4) == SQLITE_NULL) {
		p = rowbinary_null(p);
	} else {
		*p++ = 0;
		p = rowbinary_text(p, (const char *)sqlite3_column_text(st, 4),
		    (size_t)sqlite3_column_bytes(st, 4));
	}
	for (int i = 5; i < 8; i++)
		p = rowbinary_number(p,
		    (uint64_t)sqlite3_column_int64(st, i), 8);
	for (int i = 8; i < 11; i++)
		p = put_nullable(p, st, i);
	return p;
}

int
ship_rows_exporters(struct ship_rows *r, uint8_t **out, size_t *len,
    struct err *err)
{
	sqlite3_stmt *st = db_prepare(r->db, "SELECT id, address, version, "
	    "source_id, name, packets, flows, lost, sampling, first_heard_ms, "
	    "last_heard_ms FROM exporter ORDER BY id", err);
	const size_t most = PREFIX_MAX + EXPORTER_MAX + 100;
	uint8_t *more;
	int rc;

	*out = NULL;
	*len = 0;
	if (st == NULL)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		more = realloc(*out, *len + most);
		if (more == NULL) {
			rc = err_set(err, "out of memory");
			break;
		}
		*out = more;
		*len = (size_t)(put_exporter_row(more + *len, r, st) - more);
	}
	sqlite3_finalize(st);
	if (rc == -1) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

size_t
ship_rows_memory(void)
{
	struct home h;

	home_init(&h, HOME_PATH);
	return sizeof(struct ship_rows) + PATH_SLOTS * (EXPORTER_MAX +
	    (size_t)h.n * ROWBINARY_VALUE_MAX + 2 * sizeof(void *));
}
