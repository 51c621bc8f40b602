/* From options to a list of shards: see where.h. */
#include "query/where.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_MS		(INT64_C(86400) * 1000)	/* also the longest slot */
#define PATH_SIZE	4096
#define MAX_DIRS	1000

/* A path cut into folder and name; the name is "" when there is no '/'. */
struct cut {
	char	dir[PATH_SIZE];
	char	name[PATH_SIZE];
};

static int
join(char out[PATH_SIZE], const char *dir, const char *name, struct err *err)
{
	int n = name[0] == '/' || dir[0] == '\0' ?
	    snprintf(out, PATH_SIZE, "%s", name) :
	    snprintf(out, PATH_SIZE, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_SIZE)
		return err_set(err, "%s: path too long", name);
	return 0;
}

static int
cut_path(const char *path, size_t len, struct cut *out, struct err *err)
{
	size_t slash = len;

	if (len >= PATH_SIZE)
		return err_set(err, "%.60s...: path too long", path);
	while (slash > 0 && path[slash - 1] != '/')
		slash--;
	(void)snprintf(out->name, PATH_SIZE, "%.*s", (int)(len - slash),
	    path + slash);
	if (slash == 0)
		(void)snprintf(out->dir, PATH_SIZE, ".");
	else
		(void)snprintf(out->dir, PATH_SIZE, "%.*s",
		    slash > 1 ? (int)slash - 1 : 1, path);
	return 0;
}

static int
append(struct shard_list *to, struct shard_list *from, struct err *err)
{
	struct shard_ref *v = realloc(to->v,
	    (to->n + from->n + 1) * sizeof(*v));

	if (v == NULL) {
		shard_list_clear(from);
		return err_set(err, "out of memory");
	}
	to->v = v;
	if (from->n > 0)
		memcpy(v + to->n, from->v, from->n * sizeof(*v));
	to->n += from->n;
	free(from->v);
	return 0;
}

static int
add_dir(const char *dir, int64_t from_ms, int64_t to_ms, bool may_be_empty,
    struct shard_list *out, struct err *err)
{
	struct shard_list list;
	bool all = from_ms == INT64_MIN && to_ms == INT64_MAX;

	if (shard_list(dir, from_ms, to_ms, &list, err) == -1)
		return -1;
	if (list.n == 0 && all && !may_be_empty) {
		shard_list_clear(&list);
		return err_set(err, "%s: no shards (flows.*.sqlite) here; "
		    "flowdbd --check tells whether flows arrive", dir);
	}
	return append(out, &list, err);
}

static int
add_file(const char *path, struct shard_list *out, struct err *err)
{
	struct shard_list one = { .n = 1 };
	struct cut c;

	if (cut_path(path, strlen(path), &c, err) == -1)
		return -1;
	one.v = calloc(1, sizeof(*one.v));
	if (one.v == NULL || (one.v[0].path = strdup(path)) == NULL) {
		free(one.v);
		return err_set(err, "out of memory");
	}
	/* any name may be asked for by name; it then has no time of its own */
	if (shard_name_parse(c.name, true, &one.v[0].start_ms) == -1)
		one.v[0].start_ms = INT64_MAX;
	return append(out, &one, err);
}

static int
slot_of(const char *name, int64_t *out, struct err *err)
{
	if (shard_name_parse(name, true, out) == -1)
		return err_as(err, ERR_SYNTAX, "-R: expected a name such as "
		    "flows.201604101200, got \"%s\"", name);
	return 0;
}

/* The colon between A and B, not one in the name of a folder. */
static const char *
range_colon(const char *text)
{
	const char *name = strstr(text, "/flows."), *next;

	/* the name of a folder may begin so, too */
	while (name != NULL && (next = strstr(name + 1, "/flows.")) != NULL &&
	    memchr(name, ':', (size_t)(next - name)) == NULL)
		name = next;
	return strchr(name == NULL ? text : name, ':');
}

/* "A:B" behind the folder; B may repeat folders, only its name counts. */
static int
add_range(const char *text, struct shard_list *out, struct err *err)
{
	const char *colon = range_colon(text);
	size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
	int64_t from_ms, to_ms = INT64_MAX;
	struct cut a, b;

	if (cut_path(text, len, &a, err) == -1 ||
	    slot_of(a.name, &from_ms, err) == -1)
		return -1;
	if (colon != NULL && (cut_path(colon + 1, strlen(colon + 1), &b,
	    err) == -1 || slot_of(b.name, &to_ms, err) == -1))
		return -1;
	if (from_ms > to_ms)
		return err_as(err, ERR_SYNTAX, "-R: %s is later than %s",
		    a.name, b.name);
	return add_dir(a.dir, from_ms, to_ms, true, out, err);
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One text of -R or -r, within dir ("": as it is). */
static int
add_text(const struct where *w, const char *dir, const char *text,
    bool range, struct shard_list *out, bool *named, struct err *err)
{
	char path[PATH_SIZE], full[PATH_SIZE + sizeof(".sqlite")];
	struct stat st;

	if (join(path, dir, text, err) == -1)
		return -1;
	(void)snprintf(full, sizeof(full), "%s.sqlite", path);
	if (is_dir(path))
		return add_dir(path, INT64_MIN, INT64_MAX, w->may_be_empty,
		    out, err);
	if (range && strstr(path, "flows.") != NULL)
		return add_range(path, out, err);
	*named = true;
	if (stat(full, &st) == 0)
		return add_file(full, out, err);
	if (stat(path, &st) == -1)
		return err_sys(err, "%s", path);
	if (range)
		return err_as(err, ERR_SYNTAX, "-R: expected a folder or "
		    "DIR/flows.A:flows.B, got \"%.100s\" (-r reads a single "
		    "file)", text);
	return add_file(path, out, err);
}

static int
add_from(const struct where *w, const char *dir, struct shard_list *out,
    bool *named, struct err *err)
{
	if (w->range != NULL &&
	    add_text(w, dir, w->range, true, out, named, err) == -1)
		return -1;
	if (w->file != NULL &&
	    add_text(w, dir, w->file, false, out, named, err) == -1)
		return -1;
	if (w->range == NULL && w->file == NULL)
		return add_dir(dir, INT64_MIN, INT64_MAX, w->may_be_empty,
		    out, err);
	return 0;
}

/* "/base/a:b:c": each folder stands beside the first. */
static int
add_dirs(const struct where *w, struct shard_list *out, bool *named,
    struct err *err)
{
	size_t len = strcspn(w->dirs, ":"), n = 0;
	const char *p = w->dirs;
	struct cut first;
	char path[PATH_SIZE];

	while (len > 1 && p[len - 1] == '/')
		len--;
	if (cut_path(p, len, &first, err) == -1)
		return -1;
	for (;;) {
		char name[PATH_SIZE];

		len = strcspn(p, ":");
		if (n == 0)
			(void)snprintf(name, sizeof(name), "%s", first.name);
		else
			(void)snprintf(name, sizeof(name), "%.*s", (int)len,
			    p);
		if (++n > MAX_DIRS || name[0] == '\0')
			return err_as(err, ERR_SYNTAX, "-M: expected "
			    "DIR/a:b:c, got \"%.100s\"", w->dirs);
		if (join(path, first.dir, name, err) == -1 ||
		    add_from(w, path, out, named, err) == -1)
			return -1;
		if (p[len] == '\0')
			return 0;
		p += len + 1;
	}
}

static int
ref_cmp(const void *va, const void *vb)
{
	const struct shard_ref *a = va, *b = vb;

	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Its flows would count twice. */
static void
drop_repeated(struct shard_list *list)
{
	size_t n = 1;

	for (size_t i = 1; i < list->n; i++) {
		if (strcmp(list->v[i].path, list->v[n - 1].path) == 0)
			free(list->v[i].path);
		else
			list->v[n++] = list->v[i];
	}
	list->n = n;
}

int
where_list(const struct where *w, struct shard_list *out, bool *named,
    struct err *err)
{
	int rc;

	*out = (struct shard_list){ .v = NULL };
	*named = false;
	if (w->dirs != NULL)
		rc = add_dirs(w, out, named, err);
	else if (w->range != NULL || w->file != NULL)
		rc = add_from(w, "", out, named, err);
	else
		rc = add_dir(w->fallback, INT64_MIN, INT64_MAX,
		    w->may_be_empty, out, err);
	if (rc == -1) {
		shard_list_clear(out);
		return -1;
	}
	if (out->n > 1) {
		qsort(out->v, out->n, sizeof(*out->v), ref_cmp);
		drop_repeated(out);
	}
	return 0;
}

bool
where_is_old(const struct shard_ref *shard, int64_t from_ms)
{
	/* a moment without a number that far back: nothing is older */
	return shard->start_ms != INT64_MAX &&
	    from_ms > INT64_MIN + 2 * DAY_MS &&
	    shard->start_ms < from_ms - 2 * DAY_MS;
}

size_t
where_cut(struct shard_list *list, int64_t from_ms)
{
	size_t n = 0, cut;

	for (size_t i = 0; i < list->n; i++) {
		if (where_is_old(&list->v[i], from_ms))
			free(list->v[i].path);
		else
			list->v[n++] = list->v[i];
	}
	cut = list->n - n;
	list->n = n;
	return cut;
}
