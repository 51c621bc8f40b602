/* Expiring old shards: see retain.h. */
#include "collector/retain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "collector/seal.h"
#include "schema/shard.h"

const char *
retain_reason_text(enum retain_reason why)
{
	switch (why) {
	case RETAIN_AGE:
		return "older than max_age";
	case RETAIN_SIZE:
		return "total above max_size";
	case RETAIN_FREE:
		return "free space below min_free";
	}
	return "";
}

int
retain_plan_init(struct retain_plan *p, const char *dir)
{
	*p = (struct retain_plan){ .dir = strdup(dir) };
	return p->dir == NULL ? -1 : 0;
}

int
retain_plan_add(struct retain_plan *p, const char *path, const char *name,
    const struct retain_own *own)
{
	struct retain_folder *v = realloc(p->folders,
	    (p->n_folders + 1) * sizeof(*v));

	if (v == NULL)
		return -1;
	p->folders = v;
	v += p->n_folders++;
	*v = (struct retain_folder){ strdup(path), strdup(name), *own };
	return v->path == NULL || v->name == NULL ? -1 : 0;
}

void
retain_plan_clear(struct retain_plan *p)
{
	for (size_t i = 0; i < p->n_folders; i++) {
		free(p->folders[i].path);
		free(p->folders[i].name);
	}
	free(p->folders);
	free(p->dir);
	*p = (struct retain_plan){ .dir = NULL };
}

const char *
retain_name(const struct retain_plan *p, const char *folder)
{
	const char *slash = strrchr(folder, '/');

	for (size_t i = 0; i < p->n_folders; i++) {
		if (strcmp(p->folders[i].path, folder) == 0)
			return p->folders[i].name;
	}
	if (strcmp(p->dir, folder) == 0)
		return "flowdb";
	return slash == NULL ? folder : slash + 1;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* ---- expiring ---- */

#define SHARED	SIZE_MAX	/* of no folder of the plan */

struct item {
	char		*path;
	int64_t		 start_ms;
	uint64_t	 bytes;
	size_t		 folder;	/* in the plan, or SHARED */
	dev_t		 dev;
};

struct disk {
	dev_t		 dev;
	uint64_t	 free_bytes;
};

struct work {
	const struct retain_plan *plan;
	struct item	*items;
	size_t		 n;
	uint64_t	*totals;	/* by folder; the last one is shared */
	struct disk	*disks;
	size_t		 n_disks;
};

/* The innermost folder of the plan that holds the shard. */
static size_t
folder_of(const struct retain_plan *p, const char *path)
{
	size_t best = SHARED, len = 0;

	for (size_t i = 0; i < p->n_folders; i++) {
		const char *dir = p->folders[i].path;

		if (is_below(path, dir) && strlen(dir) > len) {
			best = i;
			len = strlen(dir);
		}
	}
	return best;
}

static uint64_t *
total_of(const struct work *w, size_t folder)
{
	bool own = folder != SHARED &&
	    w->plan->folders[folder].own.has_size;

	return &w->totals[own ? folder : w->plan->n_folders];
}

/* The file system that path is on becomes known. */
static int
add_disk(struct work *w, const char *path, dev_t dev, struct err *err)
{
	struct statvfs vfs;
	struct disk *v;

	for (size_t i = 0; i < w->n_disks; i++) {
		if (w->disks[i].dev == dev)
			return 0;
	}
	if (statvfs(path, &vfs) == -1)
		return err_sys(err, "%s", path);
	v = realloc(w->disks, (w->n_disks + 1) * sizeof(*v));
	if (v == NULL)
		return err_set(err, "out of memory");
	w->disks = v;
	v[w->n_disks++] = (struct disk){ dev,
		(uint64_t)vfs.f_bavail * vfs.f_frsize };
	return 0;
}

static struct disk *
disk_of(const struct work *w, dev_t dev)
{
	size_t i = 0;

	while (i + 1 < w->n_disks && w->disks[i].dev != dev)
		i++;
	return &w->disks[i];
}

/* Takes the path over from the list; a file that vanished is left there. */
static int
add_item(struct work *w, struct shard_ref *ref, struct err *err)
{
	struct item *it = &w->items[w->n];
	struct stat st;

	if (lstat(ref->path, &st) == -1)
		return 0;
	if (add_disk(w, ref->path, st.st_dev, err) == -1)
		return -1;
	*it = (struct item){ ref->path, ref->start_ms,
		(uint64_t)st.st_blocks * 512,
		folder_of(w->plan, ref->path), st.st_dev };
	*total_of(w, it->folder) += it->bytes;
	ref->path = NULL;
	w->n++;
	return 0;
}

/* All shards below dir; a folder that is not there has none. */
static int
add_folder(struct work *w, const char *dir, struct err *err)
{
	struct shard_list list;
	struct item *v;
	int rc = 0;

	if (access(dir, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (shard_list(dir, INT64_MIN, INT64_MAX, &list, err) == -1)
		return -1;
	v = realloc(w->items, (w->n + list.n + 1) * sizeof(*v));
	if (v == NULL) {
		shard_list_clear(&list);
		return err_set(err, "out of memory");
	}
	w->items = v;
	for (size_t i = 0; i < list.n; i++) {
		if (add_item(w, &list.v[i], err) == -1)
			rc = -1;
	}
	shard_list_clear(&list);
	return rc;
}

/* Was it read with the data directory, or with a folder before it? */
static bool
is_covered(const struct retain_plan *p, size_t folder)
{
	const char *path = p->folders[folder].path;

	if (strcmp(path, p->dir) == 0 || is_below(path, p->dir))
		return true;
	for (size_t i = 0; i < p->n_folders; i++) {
		const char *o = p->folders[i].path;

		if (is_below(path, o) || (i < folder && strcmp(path, o) == 0))
			return true;
	}
	return false;
}

static int
oldest_first(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;

	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Does a limit want this shard to go, when it is the oldest there is? */
static bool
too_much(const struct work *w, const struct item *it, int64_t now_ms,
    enum retain_reason *why)
{
	const struct retain_limits *l = &w->plan->shared;
	const struct retain_own none = { .has_age = false }, *own =
	    it->folder == SHARED ? &none : &w->plan->folders[it->folder].own;
	int64_t age = own->has_age ? own->max_age_sec : l->max_age_sec;
	uint64_t most = own->has_size ? own->max_bytes : l->max_bytes;

	if (age > 0 && it->start_ms < now_ms - age * 1000)
		*why = RETAIN_AGE;
	else if (most > 0 && *total_of(w, it->folder) > most)
		*why = RETAIN_SIZE;
	else if (l->min_free_bytes > 0 &&
	    disk_of(w, it->dev)->free_bytes < l->min_free_bytes)
		*why = RETAIN_FREE;
	else
		return false;
	return true;
}

static void
take_off(uint64_t *total, uint64_t bytes)
{
	*total -= bytes < *total ? bytes : *total;
}

/* Folders first, then, over all of them, the oldest shards. */
static int
read_folders(struct work *w, struct err *err)
{
	const struct retain_plan *p = w->plan;
	int rc;

	w->totals = calloc(p->n_folders + 1, sizeof(*w->totals));
	if (w->totals == NULL)
		return err_set(err, "out of memory");
	rc = add_folder(w, p->dir, err);
	for (size_t i = 0; i < p->n_folders; i++) {
		if (!is_covered(p, i) &&
		    add_folder(w, p->folders[i].path, err) == -1)
			rc = -1;
	}
	if (w->n > 0)
		qsort(w->items, w->n, sizeof(*w->items), oldest_first);
	return rc;
}

int
retain_expire(const struct retain_plan *plan, int64_t now_ms, bool dry_run,
    void (*fn)(void *arg, const char *path, uint64_t bytes,
    enum retain_reason why), void *arg, uint64_t *removed, struct err *err)
{
	struct work w = { .plan = plan };
	int rc;

	*removed = 0;
	if (!plan->active)
		return 0;
	rc = read_folders(&w, err);
	for (size_t i = 0; i < w.n; i++) {
		const struct item *it = &w.items[i];
		enum retain_reason why;

		/* live, or waiting to be sealed: not yet ours to remove */
		if (!too_much(&w, it, now_ms, &why) || !seal_is_done(it->path))
			continue;
		if (fn != NULL)
			fn(arg, it->path, it->bytes, why);
		if (!dry_run && unlink(it->path) == -1 && errno != ENOENT) {
			rc = err_sys(err, "%s", it->path);
			continue;
		}
		take_off(total_of(&w, it->folder), it->bytes);
		disk_of(&w, it->dev)->free_bytes += it->bytes;
		(*removed)++;
	}
	for (size_t i = 0; i < w.n; i++)
		free(w.items[i].path);
	free(w.items);
	free(w.totals);
	free(w.disks);
	return rc;
}

int
retain_size_parse(const char *text, uint64_t *out)
{
	static const char units[] = "kmgt";
	double factor = 1;
	const char *u;
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (end == text || errno != 0 || !(v >= 0) || !isfinite(v) ||
	    (text[0] < '0' || text[0] > '9'))
		return -1;
	if (*end != '\0') {
		u = strchr(units, *end | 0x20);
		if (u == NULL)
			return -1;
		for (const char *p = units; p <= u; p++)
			factor *= 1024;
		end++;
		if ((*end | 0x20) == 'b')
			end++;
	}
	if (*end != '\0' || v * factor >= 9e18)
		return -1;
	*out = (uint64_t)(v * factor);
	return 0;
}

int
retain_age_parse(const char *text, int64_t *out_sec)
{
	int64_t unit = 3600;
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno != 0 || v < 0 || text[0] < '0' ||
	    text[0] > '9')
		return -1;
	switch (*end == '\0' ? '\0' : *end | 0x20) {
	case '\0':
	case 'h':
		break;
	case 's':
		unit = 1;
		break;
	case 'm':
		unit = 60;
		break;
	case 'd':
		unit = 86400;
		break;
	case 'w':
		unit = INT64_C(7) * 86400;
		break;
	default:
		return -1;
	}
	if ((*end != '\0' && end[1] != '\0') || v > INT64_MAX / 1000 / unit)
		return -1;
	*out_sec = v * unit;
	return 0;
}
