/*
 * The spool: see spool.h.  A flow is kept as the bytes of its struct, without
 * the EXTRA members when it has none: this process reads what it wrote.
 */
#include "collector/spool.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"

#define WITHOUT_EXTRA	offsetof(struct flow, out_packets)

struct spool {
	sqlite3		*db;
	sqlite3_stmt	*put;
	uint64_t	 n;
	uint64_t	 extra_bits;
};

static const char create_sql[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "PRAGMA cache_size = -32768;"
    "CREATE TABLE spool (id INTEGER PRIMARY KEY, slot INTEGER, flow BLOB);"
    "BEGIN";

static const char empty_sql[] =
    "DROP INDEX by_slot; DELETE FROM spool";

struct spool *
spool_new(struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->extra_bits = flow_home_bits(HOME_EXTRA);
	s->db = db_open("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (s->db == NULL || db_exec(s->db, create_sql, err) == -1 ||
	    (s->put = db_prepare(s->db, "INSERT INTO spool (slot, flow) "
	    "VALUES (?1, ?2)", err)) == NULL) {
		spool_free(s);
		return NULL;
	}
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	sqlite3_finalize(s->put);
	(void)sqlite3_close(s->db);
	free(s);
}

int
spool_put(struct spool *s, int64_t slot_ms, const struct flow *f,
    struct err *err)
{
	size_t len = (f->set & s->extra_bits) != 0 ? sizeof(*f) :
	    WITHOUT_EXTRA;

	(void)sqlite3_bind_int64(s->put, 1, slot_ms);
	(void)sqlite3_bind_blob(s->put, 2, f, (int)len, SQLITE_STATIC);
	if (db_step(s->put, err) == -1)
		return -1;
	s->n++;
	return 0;
}

uint64_t
spool_flows(const struct spool *s)
{
	return s->n;
}

int
spool_drain(struct spool *s, int (*visit)(void *, int64_t,
    const struct flow *, struct err *), void *arg, struct err *err)
{
	sqlite3_stmt *st;
	struct flow f;
	int rc;

	if (db_exec(s->db, "CREATE INDEX by_slot ON spool (slot)", err) == -1)
		return -1;
	st = db_prepare(s->db, "SELECT slot, flow FROM spool "
	    "ORDER BY slot, id", err);
	if (st == NULL)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		memcpy(&f, sqlite3_column_blob(st, 1),
		    (size_t)sqlite3_column_bytes(st, 1));
		if (visit(arg, sqlite3_column_int64(st, 0), &f, err) == -1) {
			rc = -1;
			break;
		}
	}
	sqlite3_finalize(st);
	s->n = 0;
	return rc == -1 ? -1 : db_exec(s->db, empty_sql, err);
}
