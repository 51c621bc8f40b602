/*
 * Names for numbers from CSV tables: see names.h.  libcsv reads; a table is
 * then an array sorted by its key.  A longest-prefix match is one binary
 * search for each prefix length that occurs.
 */
#include "query/names.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/geo.h"

#define PATH_LEN_MAX	4096
#define MAX_KEYS	2	/* key columns of a table */
#define MAX_COLUMNS	64	/* of a file */

enum table { TABLE_NET, TABLE_AS, TABLE_IF, TABLE_EXPORTER, TABLES };

/* The key of every table fits one shape; unused parts are 0. */
struct row {
	struct addr	 addr;		/* network, exporter */
	uint32_t	 number;	/* AS, ifIndex; prefix length */
	const char	*name;
};

struct rows {
	struct row	*v;
	size_t		 n;
	size_t		 cap;
};

/* Names lie one behind the other in blocks, so that they never move. */
struct block {
	struct block	*next;
	size_t		 used;
	char		 text[65536];
};

struct names {
	struct rows	 table[TABLES];
	struct block	*blocks;
	size_t		 rows;
	const char	*(*resolve)(void *arg, const struct addr *a);
	void		*arg;
	struct geo	*geo;		/* NULL: none */
	bool		 places_only;
	/* prefix lengths that occur, longest first, by family */
	uint8_t		 bits[2][129];
	size_t		 n_bits[2];
};

enum key_kind { KEY_NONE, KEY_NET, KEY_ADDR, KEY_NUMBER };

static const struct file {
	const char	*name;
	enum table	 table;
	struct {
		enum key_kind	 kind;
		const char	*column;
		const char	*other;		/* a second accepted name */
	} key[MAX_KEYS];
} files[] = {
	{ "networks.csv", TABLE_NET, {
	    { KEY_NET, "network", "cidr" }, { KEY_NONE, "", "" } } },
	{ "hosts.csv", TABLE_NET, {
	    { KEY_ADDR, "address", "ip" }, { KEY_NONE, "", "" } } },
	{ "as.csv", TABLE_AS, {
	    { KEY_NUMBER, "asn", "as" }, { KEY_NONE, "", "" } } },
	{ "interfaces.csv", TABLE_IF, {
	    { KEY_ADDR, "exporter", "address" },
	    { KEY_NUMBER, "ifindex", "index" } } },
	{ "exporters.csv", TABLE_EXPORTER, {
	    { KEY_ADDR, "address", "exporter" }, { KEY_NONE, "", "" } } },
};

/* One file being read; libcsv calls back for each field and row. */
struct reader {
	struct names		*names;
	const struct file	*file;
	const char		*path;
	struct err		*err;
	int			 failed;
	size_t			 line;
	size_t			 column;	/* of the next field */
	int			 key_at[MAX_KEYS];	/* column; -1 */
	int			 name_at;
	int			 have;		/* bit per key, bit 7 name */
	struct row		 row;
};

static int
fail(struct reader *r, const char *what, const char *text, size_t len)
{
	if (!r->failed) {
		(void)err_set(r->err, "%s:%zu: %s%s%.*s%s", r->path, r->line,
		    what, len > 0 ? " \"" : "", len > 80 ? 80 : (int)len, text,
		    len > 0 ? "\"" : "");
		r->failed = 1;
	}
	return -1;
}

static const char *
keep_text(struct names *n, const char *text, size_t len)
{
	struct block *b = n->blocks;
	char *at;

	if (b == NULL || sizeof(b->text) - b->used < len + 1) {
		b = malloc(sizeof(*b));
		if (b == NULL)
			return NULL;
		b->next = n->blocks;
		b->used = 0;
		n->blocks = b;
	}
	at = b->text + b->used;
	memcpy(at, text, len);
	at[len] = '\0';
	b->used += len + 1;
	return at;
}

static int
read_number(const char *text, size_t len, uint32_t *out)
{
	uint64_t v = 0;

	/* "AS64512" is how people write it */
	if (len > 2 && (text[0] == 'A' || text[0] == 'a') &&
	    (text[1] == 'S' || text[1] == 's')) {
		text += 2;
		len -= 2;
	}
	if (len == 0 || len > 10)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint32_t)v;
	return v <= UINT32_MAX ? 0 : -1;
}

static int
read_key(struct reader *r, int k, const char *text, size_t len)
{
	struct prefix p;

	switch (r->file->key[k].kind) {
	case KEY_NET:
		if (prefix_parse(text, len, &p) == -1)
			return fail(r, "no network", text, len);
		r->row.addr = p.lo;
		r->row.number = p.bits;
		return 0;
	case KEY_ADDR:
		if (addr_parse(text, len, &r->row.addr) == -1)
			return fail(r, "no address", text, len);
		if (r->file->table == TABLE_NET)
			r->row.number = r->row.addr.len * 8U;
		return 0;
	case KEY_NUMBER:
		if (read_number(text, len, &r->row.number) == -1)
			return fail(r, "no number", text, len);
		return 0;
	case KEY_NONE:
		break;
	}
	return 0;
}

static int
is_word(const char *text, size_t len, const char *word)
{
	if (strlen(word) != len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != word[i])
			return 0;
	}
	return 1;
}

static void
read_heading(struct reader *r, const char *text, size_t len)
{
	for (int k = 0; k < MAX_KEYS; k++) {
		if (r->file->key[k].kind != KEY_NONE && r->key_at[k] == -1 &&
		    (is_word(text, len, r->file->key[k].column) ||
		    is_word(text, len, r->file->key[k].other)))
			r->key_at[k] = (int)r->column;
	}
	if (r->name_at == -1 && is_word(text, len, "name"))
		r->name_at = (int)r->column;
}

static void
on_field(void *data, size_t len, void *arg)
{
	struct reader *r = arg;
	const char *text = data;

	if (r->failed)
		return;
	if (r->line == 1) {
		if (r->column < MAX_COLUMNS)
			read_heading(r, text, len);
	} else if ((int)r->column == r->name_at) {
		if (len > NAMES_MAX_NAME) {
			(void)fail(r, "name too long", text, len);
		} else {
			r->row.name = keep_text(r->names, text, len);
			r->have |= 0x80;
		}
	} else {
		for (int k = 0; k < MAX_KEYS; k++) {
			if ((int)r->column == r->key_at[k] &&
			    read_key(r, k, text, len) == 0)
				r->have |= 1 << k;
		}
	}
	r->column++;
}

static int
add_row(struct reader *r)
{
	struct rows *rows = &r->names->table[r->file->table];

	if (r->names->rows >= NAMES_MAX_ROWS)
		return fail(r, "too many rows", "", 0);
	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 256 : rows->cap * 2;
		struct row *v = realloc(rows->v, cap * sizeof(*v));

		if (v == NULL)
			return fail(r, "out of memory", "", 0);
		rows->v = v;
		rows->cap = cap;
	}
	if (r->row.name == NULL)
		return fail(r, "out of memory", "", 0);
	rows->v[rows->n++] = r->row;
	r->names->rows++;
	return 0;
}

static void
on_row(int end, void *arg)
{
	struct reader *r = arg;
	int want = 0x80;

	(void)end;
	if (r->failed)
		return;
	for (int k = 0; k < MAX_KEYS; k++) {
		if (r->file->key[k].kind == KEY_NONE)
			continue;
		want |= 1 << k;
		if (r->line == 1 && r->key_at[k] == -1)
			(void)fail(r, "no column",
			    r->file->key[k].column,
			    strlen(r->file->key[k].column));
	}
	if (r->line == 1 && r->name_at == -1)
		(void)fail(r, "no column", "name", 4);
	if (r->line > 1 && !(r->column == 1 && r->have == 0)) {
		if (r->have != want)
			(void)fail(r, "too few fields", "", 0);
		else
			(void)add_row(r);
	}
	r->line++;
	r->column = 0;
	r->have = 0;
	r->row = (struct row){ .name = NULL };
}

/* The separator that the first line holds most of. */
static unsigned char
guess_separator(const char *text, size_t len)
{
	static const char seps[] = ",;\t";
	const char *end = memchr(text, '\n', len);
	size_t best = 0, line = end == NULL ? len : (size_t)(end - text);
	char sep = ',';

	for (const char *s = seps; *s != '\0'; s++) {
		size_t n = 0;

		for (size_t i = 0; i < line; i++)
			n += text[i] == *s;
		if (n > best) {
			best = n;
			sep = *s;
		}
	}
	return (unsigned char)sep;
}

static int
parse_stream(struct reader *r, FILE *f)
{
	struct csv_parser p;
	char buf[65536];
	size_t n = fread(buf, 1, sizeof(buf), f), skip = 0;
	int rc = 0;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return fail(r, "out of memory", "", 0);
	if (n >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0)
		skip = 3;	/* BOM: libcsv would take it for text */
	csv_set_delim(&p, guess_separator(buf + skip, n - skip));
	while (n > 0 && !r->failed) {
		if (csv_parse(&p, buf + skip, n - skip, on_field, on_row,
		    r) != n - skip)
			rc = fail(r, csv_strerror(csv_error(&p)), "", 0);
		skip = 0;
		n = fread(buf, 1, sizeof(buf), f);
	}
	if (!r->failed && csv_fini(&p, on_field, on_row, r) != 0)
		rc = fail(r, csv_strerror(csv_error(&p)), "", 0);
	if (!r->failed && ferror(f))
		rc = fail(r, "cannot be read", "", 0);
	csv_free(&p);
	return r->failed ? -1 : rc;
}

/* 1 read, 0 there is no such file, -1 wrong. */
static int
load_file(struct names *n, const char *dir, const struct file *file,
    struct err *err)
{
	char path[PATH_LEN_MAX];
	struct reader r = { .names = n, .file = file, .path = path,
		.err = err, .line = 1, .key_at = { -1, -1 }, .name_at = -1 };
	FILE *f;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file->name);
	f = fopen(path, "re");
	if (f == NULL)
		return errno == ENOENT ? 0 : err_sys(err, "%s", path);
	rc = parse_stream(&r, f);
	(void)fclose(f);
	return rc == -1 ? -1 : 1;
}

static int
row_cmp(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return addr_cmp(&a->addr, &b->addr);
}

/* Which prefix lengths occur, longest first. */
static void
note_bits(struct names *n)
{
	const struct rows *net = &n->table[TABLE_NET];

	for (size_t i = net->n; i-- > 0;) {
		int fam = net->v[i].addr.len == 16;
		uint8_t bits = (uint8_t)net->v[i].number;

		if (n->n_bits[fam] == 0 ||
		    n->bits[fam][n->n_bits[fam] - 1] != bits)
			n->bits[fam][n->n_bits[fam]++] = bits;
	}
}

struct names *
names_load(const char *dir, struct err *err)
{
	struct names *n = calloc(1, sizeof(*n));
	int found = 0;

	if (n == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int rc = load_file(n, dir, &files[i], err);

		if (rc == -1) {
			names_free(n);
			return NULL;
		}
		found += rc;
	}
	if (found == 0) {
		(void)err_set(err, "%s: no table of names (networks.csv, "
		    "hosts.csv, as.csv, interfaces.csv, exporters.csv)", dir);
		names_free(n);
		return NULL;
	}
	for (int t = 0; t < TABLES; t++) {
		if (n->table[t].n > 0)
			qsort(n->table[t].v, n->table[t].n,
			    sizeof(struct row), row_cmp);
	}
	note_bits(n);
	return n;
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	for (int t = 0; t < TABLES; t++)
		free(n->table[t].v);
	while (n->blocks != NULL) {
		struct block *b = n->blocks;

		n->blocks = b->next;
		free(b);
	}
	free(n);
}

static const char *
find(const struct names *n, enum table t, const struct addr *a,
    uint32_t number)
{
	struct row key = { .addr = { .len = 0 }, .number = number }, *row;

	if (n == NULL || n->table[t].n == 0)
		return NULL;
	if (a != NULL)
		key.addr = *a;
	row = bsearch(&key, n->table[t].v, n->table[t].n, sizeof(key),
	    row_cmp);
	return row == NULL ? NULL : row->name;
}

static const char *
resolved(const struct names *n, const struct addr *a)
{
	return n->resolve == NULL ? NULL : n->resolve(n->arg, a);
}

const char *
names_addr(const struct names *n, const struct addr *a)
{
	int fam = a->len == 16;

	if (n == NULL || a->len == 0)
		return NULL;
	for (size_t i = 0; i < n->n_bits[fam]; i++) {
		struct prefix p = prefix_of(a, n->bits[fam][i]);
		const char *name = find(n, TABLE_NET, &p.lo, p.bits);

		if (name != NULL && p.bits < a->len * 8) {
			const char *own = resolved(n, a);

			return own != NULL ? own : name;
		}
		if (name != NULL)
			return name;
	}
	return resolved(n, a);
}

const char *
names_as(const struct names *n, uint32_t as)
{
	const char *name = find(n, TABLE_AS, NULL, as);

	return name != NULL || n == NULL ? name :
	    geo_name(n->geo, GEO_AS, as);
}

const char *
names_country(const struct names *n, uint32_t country)
{
	return n == NULL ? NULL : geo_name(n->geo, GEO_COUNTRY, country);
}

const char *
names_if(const struct names *n, const struct addr *exporter, uint32_t ifindex)
{
	return find(n, TABLE_IF, exporter, ifindex);
}

const char *
names_exporter(const struct names *n, const struct addr *a)
{
	return find(n, TABLE_EXPORTER, a, 0);
}

struct names *
names_new(struct err *err)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		(void)err_set(err, "out of memory");
	return n;
}

void
names_set_resolver(struct names *n,
    const char *(*resolve)(void *arg, const struct addr *a), void *arg)
{
	n->resolve = resolve;
	n->arg = arg;
}

void
names_set_geo(struct names *n, struct geo *g, bool places_only)
{
	n->geo = g;
	n->places_only = places_only;
}

bool
names_of_places(const struct names *n)
{
	return n->places_only;
}
