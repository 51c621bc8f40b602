/* Layouts: see fmt.h. */
#include "query/fmt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/stats.h"

struct layout {
	const char	*name;
	const char	*text;
};

static const struct layout layouts[] = {
	{ "line", "%ts %td %pr %sap -> %dap %pkt %byt %fl" },
	{ "long", "%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %fl" },
	{ "extended", "%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %pps %bps "
	    "%bpp %fl" },
	{ "biline", "%ts %td %pr %sap <-> %dap %opkt %ipkt %obyt %ibyt %fl" },
	{ "bilong", "%ts %td %pr %sap <-> %dap %flg %tos %opkt %ipkt %obyt "
	    "%ibyt %fl" }
};

#define N_LAYOUTS	(sizeof(layouts) / sizeof(layouts[0]))

const char *
fmt_named(const char *name, size_t len)
{
	for (size_t i = 0; i < N_LAYOUTS; i++) {
		if (strlen(layouts[i].name) == len &&
		    memcmp(layouts[i].name, name, len) == 0)
			return layouts[i].text;
	}
	return NULL;
}

const char *
fmt_name_at(size_t i)
{
	return i < N_LAYOUTS ? layouts[i].name : NULL;
}

static int
add(struct fmt *f, const struct fmt_item *item, struct err *err)
{
	if (f->n == FMT_MAX_ITEMS)
		return err_at(err, item->at, 1, "more than %d fields",
		    FMT_MAX_ITEMS);
	if (f->n == f->room) {
		size_t room = f->room == 0 ? 32 : f->room * 2;
		struct fmt_item *p;

		p = realloc(f->items, room * sizeof(p[0]));
		if (p == NULL)
			return err_sys(err, "output format");
		f->items = p;
		f->room = room;
	}
	f->items[f->n++] = *item;
	return 0;
}

int
fmt_add_field(struct fmt *f, const struct field *field, struct err *err)
{
	struct fmt_item item = { .field = field };

	return add(f, &item, err);
}

static int
add_literal(struct fmt *f, const char *text, size_t len, size_t at,
    struct err *err)
{
	struct fmt_item item = { .text = text, .len = len, .at = at };

	return len == 0 ? 0 : add(f, &item, err);
}

void
fmt_clear(struct fmt *f)
{
	free(f->items);
	*f = (struct fmt){ .items = NULL };
}

static size_t
word_length(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static int
unknown(const char *word, size_t len, size_t offset, struct err *err)
{
	const char *what = field_not_stored(word, len);

	if (what != NULL)
		return err_at(err, offset, len, "%%%.*s: %s is not stored",
		    (int)len, word, what);
	return err_at(err, offset, len,
	    "expected a field such as %%sa or src_addr, got \"%.*s\"",
	    (int)len, word);
}

/* A word that is no field may end before an underscore: "%sa_%da". */
static const struct field *
find(const char *word, size_t *len)
{
	size_t n = *len;
	const struct field *f = field_find(word, n);

	while (f == NULL && n > 0) {
		do
			n--;
		while (n > 0 && word[n] != '_');
		f = n > 0 ? field_find(word, n) : NULL;
	}
	if (f != NULL)
		*len = n;
	return f;
}

/* A layout's items have the place of its name. */
static int
add_layout(struct fmt *f, const char *layout, size_t offset, size_t len,
    struct err *err)
{
	if (fmt_add(f, layout, offset, err) == 0)
		return 0;
	if (err != NULL) {
		err->offset = offset;
		err->length = len;
	}
	return -1;
}

/* What stands behind '%'; returns how much of it was used, 0: an error. */
static size_t
add_word(struct fmt *f, const char *word, size_t offset, struct err *err)
{
	size_t len = word_length(word);
	const char *layout = fmt_named(word, len);
	const struct field *field;

	if (*word == '%')
		return add_literal(f, word, 1, offset, err) == 0 ? 1 : 0;
	if (layout != NULL)
		return add_layout(f, layout, offset, len, err) == 0 ? len : 0;
	if (len == 0) {
		(void)err_at(err, offset - 1, 1, "expected a field behind %%");
		return 0;
	}
	field = find(word, &len);
	if (field == NULL) {
		(void)unknown(word, len, offset, err);
		return 0;
	}
	return add(f, &(struct fmt_item){ .field = field, .at = offset },
	    err) == 0 ? len : 0;
}

int
fmt_add(struct fmt *f, const char *text, size_t offset, struct err *err)
{
	const char *p = text;

	while (*p != '\0') {
		size_t len = strcspn(p, "%");

		if (add_literal(f, p, len, offset + (size_t)(p - text),
		    err) == -1)
			return -1;
		p += len;
		if (*p == '\0')
			break;
		p++;
		len = add_word(f, p, offset + (size_t)(p - text), err);
		if (len == 0)
			return -1;
		p += len;
	}
	return 0;
}

/* Can it be the name of a column that keys of -s, -A or --bin have? */
static bool
is_key(const char *word, size_t len)
{
	static const char *const others[] = { "srcnet", "dstnet",
		"bin_start_utc", "bin_sec" };
	const char *slash = memchr(word, '/', len);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strlen(others[i]) == len &&
		    strncasecmp(others[i], word, len) == 0)
			return true;
	}
	/* srcip4/24 */
	if (slash != NULL && slash > word)
		len = (size_t)(slash - word) - 1;
	return stat_find(word, len) != NULL;
}

/* A field, or NULL with err. */
static const struct field *
list_field(const char *word, size_t len, size_t at, struct err *err)
{
	const struct field *field = field_find(word, len);

	if (field == NULL) {
		(void)unknown(word, len, at, err);
		return NULL;
	}
	/* what is another tag for a column counts as the column */
	if (field_name(field) == NULL && field->column != COLUMN_COUNT &&
	    field->column == field->second)
		field = field_of((int)field->column);
	if (field == NULL || field_name(field) == NULL) {
		(void)err_at(err, at, len, "%.*s is no single column: name "
		    "its parts", (int)len, word);
		return NULL;
	}
	return field;
}

int
fmt_add_list(struct fmt *f, const char *text, size_t offset, struct err *err)
{
	const char *p = text + strspn(text, ", %");

	while (*p != '\0') {
		size_t len = strcspn(p, ", %");
		struct fmt_item item = { .text = p, .len = len,
			.at = offset + (size_t)(p - text) };

		if (field_find(p, len) != NULL || !is_key(p, len)) {
			item.field = list_field(p, len, item.at, err);
			if (item.field == NULL)
				return -1;
		}
		if (add(f, &item, err) == -1)
			return -1;
		p += len;
		p += strspn(p, ", %");
	}
	if (f->n == 0)
		return err_at(err, offset, 1, "expected names of columns");
	return 0;
}

uint64_t
fmt_columns(const struct fmt *f)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (f->items[i].field != NULL)
			bits |= field_columns(f->items[i].field);
	}
	return bits;
}

bool
fmt_has_place(const struct fmt *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct field *field = f->items[i].field;

		if (field != NULL && (field->kind == FIELD_COUNTRY ||
		    field->kind == FIELD_ASN))
			return true;
	}
	return false;
}
