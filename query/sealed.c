/* Sealed shards by their pages: see sealed.h. */
#include "query/sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/record.h"
#include "schema/ddl.h"

#define TEXT_MAX	300
#define PATH_LEN_MAX	4096
#define UTF8		1
/* places in the header on page 1 */
#define AT_ENCODING	56
#define AT_VERSION	60
#define AT_APPLICATION	68

enum table { TABLE_FLOW, TABLE_PATH, TABLE_EXTRA, TABLE_EXPORTER, TABLE_META,
	TABLE_COUNT };

static const char *const table_names[TABLE_COUNT] = { "flow", "path", "extra",
	"exporter", "meta" };

struct sealed_forms {
	char		*ddl;
	const char	*table[TABLE_COUNT];	/* in ddl */
	size_t		 len[TABLE_COUNT];
	char		 roll[ROLLUP_COUNT][TEXT_MAX];
};

/* What is learned from table sqlite_schema. */
struct look {
	const struct sealed_forms *forms;
	struct open_shard	*s;
	uint32_t		 root[TABLE_COUNT];
	unsigned		 indexes;
};

struct sealed_forms *
sealed_forms_new(void)
{
	struct sealed_forms *f = calloc(1, sizeof(*f));

	if (f == NULL || (f->ddl = ddl_shard()) == NULL) {
		sealed_forms_free(f);
		return NULL;
	}
	for (int t = 0; t < TABLE_COUNT; t++) {
		char head[40];
		const char *end;

		(void)snprintf(head, sizeof(head), "CREATE TABLE %s (",
		    table_names[t]);
		f->table[t] = strstr(f->ddl, head);
		end = f->table[t] == NULL ? NULL :
		    strstr(f->table[t], ";\n\n");
		if (end == NULL) {
			sealed_forms_free(f);
			return NULL;
		}
		f->len[t] = (size_t)(end - f->table[t]);
	}
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		const struct rollup_info *ri = rollup_info((enum rollup)r);
		const struct column_info *ci = column_info(ri->column);

		(void)snprintf(f->roll[r], TEXT_MAX, "CREATE TABLE %s (%s %s, "
		    "proto INTEGER, sampling INTEGER, flows INTEGER, packets "
		    "INTEGER, bytes INTEGER, first_ms INTEGER, last_ms "
		    "INTEGER) STRICT", ri->table, ci->name,
		    coltype_sql(ci->type));
	}
	return f;
}

void
sealed_forms_free(struct sealed_forms *f)
{
	if (f == NULL)
		return;
	free(f->ddl);
	free(f);
}

static bool
is_text(const struct record_value *v, const char *text, size_t len)
{
	return v->kind == RECORD_TEXT && v->len == len &&
	    memcmp(v->data, text, len) == 0;
}

static bool
is_word(const struct record_value *v, const char *word)
{
	return is_text(v, word, strlen(word));
}

/* A root page, once. */
static int
set_root(uint32_t *root, const struct record_value *v)
{
	if (v->kind != RECORD_NUMBER || v->number < 2 ||
	    v->number > UINT32_MAX || *root != 0)
		return 1;
	*root = (uint32_t)v->number;
	return 0;
}

/* One of another form is SQLite's to use. */
static int
look_at_index(struct look *l, const struct record_value *name,
    const struct record_value *root, const struct record_value *sql)
{
	static const struct { const char *name, *sql; } known[] = {
		{ "flow_src_addr",
		    "CREATE INDEX flow_src_addr ON flow (src_addr)" },
		{ "flow_dst_addr",
		    "CREATE INDEX flow_dst_addr ON flow (dst_addr)" },
	};

	for (int i = 0; i < 2; i++) {
		if (!is_word(name, known[i].name))
			continue;
		l->indexes++;
		return !is_word(sql, known[i].sql) ? 0 : set_root(i == 0 ?
		    &l->s->src_root : &l->s->dst_root, root);
	}
	return 0;
}

/* Fits record_visit: a row of sqlite_schema; 1: not for us. */
static int
look_at(void *arg, int64_t id, const struct record_value v[RECORD_VALUES])
{
	const struct record_value *type = &v[0], *name = &v[1], *root = &v[3],
	    *sql = &v[4];
	struct look *l = arg;

	(void)id;
	if (is_word(type, "view"))
		return 0;
	if (is_word(type, "index"))
		return look_at_index(l, name, root, sql);
	if (!is_word(type, "table"))
		return 1;
	for (int t = 0; t < TABLE_COUNT; t++) {
		if (is_word(name, table_names[t]))
			return is_text(sql, l->forms->table[t],
			    l->forms->len[t]) ? set_root(&l->root[t], root) :
			    1;
	}
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		if (!is_word(name, rollup_info((enum rollup)r)->table))
			continue;
		l->s->rollup[r] = true;
		return is_word(sql, l->forms->roll[r]) ?
		    set_root(&l->s->roll_root[r], root) : 1;
	}
	/* what ANALYZE leaves */
	return is_word(name, "sqlite_stat1") ? 0 : 1;
}

struct meta_seen {
	struct shard_meta	*meta;
	unsigned		 range;		/* first, last */
};

/* Fits record_visit: a row of meta, as shard_check reads it. */
static int
read_meta(void *arg, int64_t id, const struct record_value v[RECORD_VALUES])
{
	struct meta_seen *m = arg;
	struct { const char *key; int64_t *value; unsigned range; } known[] = {
		{ "slot_start_ms", &m->meta->slot_start_ms, 0 },
		{ "slot_end_ms", &m->meta->slot_end_ms, 0 },
		{ "first_ms", &m->meta->first_ms, 1 },
		{ "last_ms", &m->meta->last_ms, 2 },
		{ "flows", &m->meta->flows, 0 },
		{ "max_sampling", &m->meta->max_sampling, 0 },
	};

	(void)id;
	if (v[1].kind == RECORD_NULL || is_word(&v[0], "writer"))
		return 0;
	if (v[0].kind != RECORD_TEXT || v[1].kind != RECORD_NUMBER)
		return 1;
	if (is_word(&v[0], "sealed"))
		m->meta->sealed = v[1].number != 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!is_word(&v[0], known[i].key))
			continue;
		*known[i].value = v[1].number;
		m->range |= known[i].range;
	}
	return 0;
}

/* Is it a shard of our version? */
static bool
check_header(const struct btree *t)
{
	uint8_t *page = malloc(btree_page_size(t));
	struct err ignored;
	bool ok;

	ok = page != NULL && btree_page(t, 1, page, &ignored) == 0 &&
	    btree_be32(page + AT_ENCODING) == UTF8 &&
	    btree_be32(page + AT_APPLICATION) == SHARD_APPLICATION_ID &&
	    btree_be32(page + AT_VERSION) >= 1 &&
	    btree_be32(page + AT_VERSION) <= SHARD_VERSION;
	free(page);
	return ok;
}

/* A journal would have to be rolled back first; a log be read, too. */
static bool
is_alone(const char *path)
{
	static const char *const beside[] = { "-journal", "-wal" };
	char name[PATH_LEN_MAX];

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		int n = snprintf(name, sizeof(name), "%s%s", path, beside[i]);

		if (n < 0 || (size_t)n >= sizeof(name) ||
		    access(name, F_OK) == 0)
			return false;
	}
	return true;
}

static bool
read_all(const struct btree *t, struct look *l)
{
	struct meta_seen seen = { .meta = &l->s->meta };
	struct err ignored;

	for (size_t i = 0; i < btree_leaves(t); i++) {
		if (record_each(t, btree_leaf_page(t, i), look_at, l,
		    &ignored) != 0)
			return false;
	}
	for (int k = 0; k < TABLE_COUNT; k++) {
		if (l->root[k] == 0)
			return false;
	}
	seen.meta->max_sampling = 1;
	if (record_each(t, l->root[TABLE_META], read_meta, &seen,
	    &ignored) != 0)
		return false;
	seen.meta->has_range = seen.range == 3;
	return seen.meta->sealed;
}

bool
sealed_open(const struct sealed_forms *f, const char *path,
    struct open_shard *out)
{
	struct look l = { .forms = f, .s = out };
	struct err ignored;
	struct btree *t;
	struct stat st;
	bool ok;

	*out = (struct open_shard){ .db = NULL };
	/*
	 * What we open and close takes all locks of this process off the file:
	 * not off a live shard that another thread reads.
	 */
	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode) || !is_alone(path))
		return false;
	t = btree_open(path, 1, &ignored);
	if (t == NULL)
		return false;
	ok = btree_is_file(t, st.st_dev, st.st_ino) && check_header(t) &&
	    read_all(t, &l);
	btree_close(t);
	if (!ok)
		return false;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->by_pages = true;
	out->max_id = out->meta.flows;
	out->indexed = l.indexes == 2;
	out->flow_root = l.root[TABLE_FLOW];
	out->path_root = l.root[TABLE_PATH];
	out->exporter_root = l.root[TABLE_EXPORTER];
	out->extra_root = l.root[TABLE_EXTRA];
	return true;
}

struct btree *
sealed_table(const char *path, const struct open_shard *s, uint32_t root)
{
	struct err ignored;
	struct btree *t = btree_open(path, root, &ignored);

	if (t != NULL && btree_is_file(t, s->device, s->inode))
		return t;
	btree_close(t);
	return NULL;
}
