/* Filter text and its includes: see source.h. */
#include "query/source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "query/caret.h"
#include "query/filter.h"

#define INCLUDE	"@include"

/* An expansion under way. */
struct expander {
	struct source	*out;
	size_t		 room;		/* of out->text */
	size_t		 files;
	struct err	*err;
};

/* text[len] is NUL. */
static int expand(struct expander *, const char *text, size_t len,
    const char *name, unsigned depth);

static int
append(struct expander *x, const char *text, size_t len)
{
	struct source *s = x->out;

	if (len > FILTER_TEXT_MAX || s->len + len > FILTER_TEXT_MAX)
		return err_set(x->err, "a filter with its includes may be "
		    "%u bytes long", FILTER_TEXT_MAX);
	if (s->len + len + 1 > x->room) {
		size_t room = 2 * (s->len + len + 1);
		char *p = realloc(s->text, room);

		if (p == NULL)
			return err_set(x->err, "out of memory");
		s->text = p;
		x->room = room;
	}
	if (len > 0)
		memcpy(s->text + s->len, text, len);
	s->len += len;
	s->text[s->len] = '\0';
	return 0;
}

/* What is appended next is from that line of that file. */
static int
begin_piece(struct expander *x, const char *name, size_t line)
{
	struct source *s = x->out;
	struct source_piece *v = realloc(s->pieces,
	    (s->n_pieces + 1) * sizeof(*v));

	if (v == NULL)
		return err_set(x->err, "out of memory");
	s->pieces = v;
	v += s->n_pieces;
	*v = (struct source_piece){ .at = s->len, .line = line };
	if (name != NULL) {
		v->name = strdup(name);
		if (v->name == NULL)
			return err_set(x->err, "out of memory");
	}
	s->n_pieces++;
	return 0;
}

/* All of a file, malloc'd, with a NUL behind it. */
static char *
read_all(struct expander *x, FILE *f, const char *path, size_t *len)
{
	char *buf = malloc(FILTER_TEXT_MAX + 2);

	if (buf == NULL) {
		(void)err_set(x->err, "out of memory");
		return NULL;
	}
	*len = fread(buf, 1, FILTER_TEXT_MAX + 1, f);
	buf[*len] = '\0';
	if (ferror(f))
		(void)err_sys(x->err, "%s", path);
	else if (*len > FILTER_TEXT_MAX)
		(void)err_set(x->err, "%s is larger than %u bytes", path,
		    FILTER_TEXT_MAX);
	else if (memchr(buf, '\0', *len) != NULL)
		(void)err_set(x->err, "%s is not a text file", path);
	else
		return buf;
	free(buf);
	return NULL;
}

/* path as the including file means it; malloc'd. */
static char *
resolve(const char *path, size_t len, const char *including)
{
	const char *slash = including == NULL || path[0] == '/' ? NULL :
	    strrchr(including, '/');
	size_t dir = slash == NULL ? 0 : (size_t)(slash - including) + 1;
	char *p = malloc(dir + len + 1);

	if (p == NULL)
		return NULL;
	if (dir > 0)
		memcpy(p, including, dir);
	memcpy(p + dir, path, len);
	p[dir + len] = '\0';
	return p;
}

static int
include_file(struct expander *x, const char *path, unsigned depth)
{
	struct stat sb;
	size_t len;
	char *buf;
	FILE *f;
	int rc;

	if (depth > SOURCE_DEPTH_MAX)
		return err_set(x->err, "%s: more than %d includes inside "
		    "each other", path, SOURCE_DEPTH_MAX);
	if (++x->files > SOURCE_FILES_MAX)
		return err_set(x->err, "more than %d includes",
		    SOURCE_FILES_MAX);
	f = fopen(path, "re");
	if (f == NULL)
		return err_sys(x->err, "%s", path);
	/* a pipe could keep us waiting, a device never end */
	if (fstat(fileno(f), &sb) == -1 || !S_ISREG(sb.st_mode)) {
		(void)fclose(f);
		return err_set(x->err, "%s is not a plain file", path);
	}
	buf = read_all(x, f, path, &len);
	(void)fclose(f);
	if (buf == NULL)
		return -1;
	rc = begin_piece(x, path, 1);
	if (rc == 0)
		rc = expand(x, buf, len, path, depth);
	free(buf);
	return rc;
}

/* Bytes to the end of a comment or string that begins here, else 0. */
static size_t
skip_opaque(const char *p, const char *end)
{
	const char *close;

	if (*p == '#') {
		close = memchr(p, '\n', (size_t)(end - p));
		return (size_t)((close == NULL ? end : close) - p);
	}
	if (*p != '\'' && *p != '"')
		return 0;
	close = memchr(p + 1, *p, (size_t)(end - p) - 1);
	return close == NULL ? (size_t)(end - p) : (size_t)(close - p) + 1;
}

static bool
is_include(const char *p, const char *end)
{
	size_t n = strlen(INCLUDE);

	return (size_t)(end - p) > n && memcmp(p, INCLUDE, n) == 0 &&
	    (p[n] == ' ' || p[n] == '\t');
}

/* Text with its includes replaced, each on lines of its own. */
static int
expand(struct expander *x, const char *text, size_t len, const char *name,
    unsigned depth)
{
	const char *p = text, *end = text + len, *from = text;
	size_t line = 1, n;
	char *path;
	int rc;

	while (p < end) {
		n = skip_opaque(p, end);
		if (n == 0 && !is_include(p, end))
			n = 1;
		for (size_t i = 0; i < n; i++)
			line += p[i] == '\n';
		p += n;
		if (n > 0)
			continue;
		if (append(x, from, (size_t)(p - from)) == -1 ||
		    append(x, "\n", 1) == -1)
			return -1;
		p += strlen(INCLUDE);
		p += strspn(p, " \t");
		n = strcspn(p, " \t\r\n");
		if (n == 0)
			return err_at(x->err, x->out->len - 1, 1,
			    "expected a file name behind " INCLUDE);
		path = resolve(p, n, name);
		if (path == NULL)
			return err_set(x->err, "out of memory");
		rc = include_file(x, path, depth + 1);
		free(path);
		if (rc == -1 || append(x, "\n", 1) == -1 ||
		    begin_piece(x, name, line) == -1)
			return -1;
		p += n;
		from = p;
	}
	return append(x, from, (size_t)(p - from));
}

int
source_text(struct source *out, const char *text, struct err *err)
{
	struct expander x = { .out = out, .err = err };

	*out = (struct source){ .text = NULL };
	if (begin_piece(&x, NULL, 1) == -1)
		return -1;
	return expand(&x, text, strlen(text), NULL, 0);
}

int
source_file(struct source *out, const char *path, struct err *err)
{
	struct expander x = { .out = out, .err = err };
	bool std = strcmp(path, "-") == 0;
	FILE *f = std ? stdin : fopen(path, "re");
	size_t len;
	char *buf;
	int rc;

	*out = (struct source){ .text = NULL };
	if (f == NULL)
		return err_sys(err, "%s", path);
	buf = read_all(&x, f, path, &len);
	if (!std)
		(void)fclose(f);
	if (buf == NULL)
		return -1;
	rc = begin_piece(&x, path, 1);
	if (rc == 0)
		rc = expand(&x, buf, len, path, 0);
	free(buf);
	return rc;
}

void
source_clear(struct source *s)
{
	for (size_t i = 0; i < s->n_pieces; i++)
		free(s->pieces[i].name);
	free(s->pieces);
	free(s->text);
	*s = (struct source){ .text = NULL };
}

void
source_place(const struct source *s, size_t offset, const char **name,
    size_t *line)
{
	const struct source_piece *piece = NULL;

	*name = NULL;
	*line = 1;
	for (size_t i = 0; i < s->n_pieces && s->pieces[i].at <= offset; i++)
		piece = &s->pieces[i];
	if (piece == NULL)
		return;
	*name = piece->name;
	*line = piece->line;
	for (size_t i = piece->at; i < offset && i < s->len; i++)
		*line += s->text[i] == '\n';
}

void
source_report(FILE *out, const char *who, const struct source *s,
    const struct err *err)
{
	const char *name;
	size_t line;

	source_place(s, err->offset, &name, &line);
	caret_print_at(out, who, name, line, s->text == NULL ? "" : s->text,
	    err);
}
