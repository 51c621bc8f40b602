/* A batch as virtual tables: see batch_table.h. */
#include "collector/batch_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/column.h"
#include "schema/db.h"
#include "schema/ddl.h"

/* How to show one column of a flow. */
struct field {
	enum coltype	type;
	unsigned	bit;	/* in flow.set */
	size_t		offset;
};

struct table {
	sqlite3_vtab		 base;		/* first: SQLite's part */
	const struct batch_view	*view;
	enum colhome		 home;
	uint64_t		 bits;		/* of the home */
	unsigned		 n;
	struct field		 field[COLUMN_COUNT];
};

struct cursor {
	sqlite3_vtab_cursor	 base;
	size_t			 row;
};

static void
fill_fields(struct table *t)
{
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		if (ci->home == t->home)
			t->field[t->n++] = (struct field){ ci->type, c,
				ci->offset };
	}
	t->bits = flow_home_bits(t->home);
}

static int
x_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
    sqlite3_vtab **out, char **msg)
{
	enum colhome home = strcmp(argv[2], "batch_extra") == 0 ?
	    HOME_EXTRA : HOME_FLOW;
	char *columns = ddl_columns(home, ""), *sql;
	struct table *t = calloc(1, sizeof(*t));
	int rc = SQLITE_NOMEM;

	(void)argc;
	(void)msg;
	sql = sqlite3_mprintf("CREATE TABLE x(id, %s%s)", columns,
	    home == HOME_FLOW ? ", path" : "");
	if (columns != NULL && t != NULL && sql != NULL)
		rc = sqlite3_declare_vtab(db, sql);
	sqlite3_free(sql);
	free(columns);
	if (rc != SQLITE_OK) {
		free(t);
		return rc;
	}
	t->view = aux;
	t->home = home;
	fill_fields(t);
	*out = &t->base;
	return SQLITE_OK;
}

static int
x_disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

static int
x_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	(void)vtab;
	info->estimatedCost = 1e6;
	return SQLITE_OK;
}

static int
x_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	struct cursor *c = calloc(1, sizeof(*c));

	(void)vtab;
	if (c == NULL)
		return SQLITE_NOMEM;
	*out = &c->base;
	return SQLITE_OK;
}

static int
x_close(sqlite3_vtab_cursor *cur)
{
	free(cur);
	return SQLITE_OK;
}

/* Table extra has rows only for flows with one of its columns. */
static void
skip(struct cursor *c)
{
	const struct table *t = (const struct table *)(void *)c->base.pVtab;

	if (t->home != HOME_EXTRA)
		return;
	while (c->row < t->view->part.n &&
	    (batch_part_flow(&t->view->part, c->row)->set & t->bits) == 0)
		c->row++;
}

static int
x_filter(sqlite3_vtab_cursor *cur, int no, const char *name, int argc,
    sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)(void *)cur;

	(void)no;
	(void)name;
	(void)argc;
	(void)argv;
	c->row = 0;
	skip(c);
	return SQLITE_OK;
}

static int
x_next(sqlite3_vtab_cursor *cur)
{
	struct cursor *c = (struct cursor *)(void *)cur;

	c->row++;
	skip(c);
	return SQLITE_OK;
}

static int
x_eof(sqlite3_vtab_cursor *cur)
{
	const struct table *t = (const struct table *)(void *)cur->pVtab;

	return ((struct cursor *)(void *)cur)->row >= t->view->part.n;
}

static int
x_column(sqlite3_vtab_cursor *cur, sqlite3_context *ctx, int col)
{
	const struct table *t = (const struct table *)(void *)cur->pVtab;
	size_t row = ((struct cursor *)(void *)cur)->row;
	const struct flow *f = batch_part_flow(&t->view->part, row);
	const struct field *d;
	const char *p;

	if (col == 0) {
		sqlite3_result_int64(ctx, t->view->first_id + (int64_t)row);
		return SQLITE_OK;
	}
	if ((unsigned)col > t->n) {
		sqlite3_result_int64(ctx, t->view->paths[row]);
		return SQLITE_OK;
	}
	d = &t->field[col - 1];
	if ((f->set >> d->bit & 1) == 0)
		return SQLITE_OK;	/* NULL */
	p = (const char *)f + d->offset;
	switch (d->type) {
	case CT_ADDR:
		/* the batch outlives the statement: no copy */
		sqlite3_result_blob(ctx, ((const struct addr *)
		    (const void *)p)->bytes, ((const struct addr *)
		    (const void *)p)->len, SQLITE_STATIC);
		break;
	case CT_TIME:
	case CT_SPAN:
		sqlite3_result_int64(ctx, *(const int64_t *)(const void *)p);
		break;
	case CT_MAC:
	case CT_COUNT:
		sqlite3_result_int64(ctx,
		    (int64_t)*(const uint64_t *)(const void *)p);
		break;
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		sqlite3_result_int64(ctx, *(const uint8_t *)p);
		break;
	case CT_U16:
		sqlite3_result_int64(ctx, *(const uint16_t *)(const void *)p);
		break;
	case CT_U32:
		sqlite3_result_int64(ctx, *(const uint32_t *)(const void *)p);
		break;
	}
	return SQLITE_OK;
}

static int
x_rowid(sqlite3_vtab_cursor *cur, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((struct cursor *)(void *)cur)->row;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.xCreate = x_connect, .xConnect = x_connect,
	.xBestIndex = x_best_index, .xDisconnect = x_disconnect,
	.xDestroy = x_disconnect, .xOpen = x_open, .xClose = x_close,
	.xFilter = x_filter, .xNext = x_next, .xEof = x_eof,
	.xColumn = x_column, .xRowid = x_rowid,
};

int
batch_table_create(sqlite3 *db, const struct batch_view *view,
    struct err *err)
{
	if (sqlite3_create_module_v2(db, "flow_batch", &module,
	    (void *)(uintptr_t)view, NULL) != SQLITE_OK)
		return db_error(db, NULL, err);
	return db_exec(db,
	    "CREATE VIRTUAL TABLE temp.batch_flow USING flow_batch;"
	    "CREATE VIRTUAL TABLE temp.batch_extra USING flow_batch", err);
}
