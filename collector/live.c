/* The live shards: see live.h. */
#include "collector/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/aside.h"
#include "collector/batch_image.h"
#include "collector/log.h"
#include "collector/shard_writer.h"
#include "schema/shard.h"

#define PATH_LEN_MAX	4096
#define APPEND_SUFFIX	".append"
#define SKIP_MAX	48	/* sealed slots in a row that are passed over */

/* A folder's shard; closed ones are known by their slot. */
struct shelf {
	struct shard_writer	*w;		/* NULL: closed */
	int64_t			 start_ms;
	int64_t			 end_ms;
	uint64_t		 used;		/* when, in calls of live_shard */
	bool			 known;		/* there is one */
};

/* A shard that a capture touched. */
struct touched {
	char	*path;		/* what is written */
	char	*target;	/* what it replaces at the end, or NULL */
};

/* A shard that an earlier run left. */
struct adopted {
	char	*path;
	int64_t	 end_ms;
};

struct live {
	const struct folders	*folders;
	struct sealer		*sealer;
	struct image		*image;		/* for storing */
	struct shelf		 shelf[FOLDERS_MAX];
	size_t			 n_open;
	uint64_t		 clock;
	struct touched		*touched;
	size_t			 n_touched;
	struct adopted		*adopted;
	size_t			 n_adopted;
	uint64_t		 moved_aside;
};

struct live *
live_new(const struct folders *folders, struct sealer *sealer,
    struct err *err)
{
	struct live *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	l->image = batch_image_new(err);
	if (l->image == NULL) {
		free(l);
		return NULL;
	}
	l->folders = folders;
	l->sealer = sealer;
	return l;
}

static void
shard_path(const struct live *l, uint32_t folder, int64_t start_ms,
    char out[PATH_LEN_MAX])
{
	char name[SHARD_NAME_MAX];

	shard_name(start_ms, name);
	(void)snprintf(out, PATH_LEN_MAX, "%s/%s",
	    folders_at(l->folders, folder)->path, name);
}

/* plain: nobody goes on with it now; see shard_writer_close. */
static void
close_shelf(struct live *l, struct shelf *s, bool plain)
{
	if (s->w == NULL)
		return;
	shard_writer_close(s->w, plain);
	s->w = NULL;
	l->n_open--;
}

static void
to_sealer(struct live *l, const char *path, const char *target)
{
	if (sealer_add(l->sealer, path, target) == 0)
		return;
	if (target == NULL)
		log_warnx("%s: out of memory, sealed at the next start", path);
	else
		log_error("%s: out of memory, nothing was added", target);
}

/* The slot of the shelf is done with. */
static void
finish(struct live *l, uint32_t folder)
{
	struct shelf *s = &l->shelf[folder];
	char path[PATH_LEN_MAX];

	if (!s->known)
		return;
	shard_path(l, folder, s->start_ms, path);
	close_shelf(l, s, false);
	s->known = false;
	to_sealer(l, path, NULL);
}

/* ---- what was written before ---- */

int
live_adopt(struct live *l, const char *path, int64_t end_ms)
{
	struct adopted *v = realloc(l->adopted,
	    (l->n_adopted + 1) * sizeof(*v));

	if (v == NULL)
		return -1;
	l->adopted = v;
	v[l->n_adopted] = (struct adopted){ strdup(path), end_ms };
	if (v[l->n_adopted].path == NULL)
		return -1;
	l->n_adopted++;
	return 0;
}

static void
drop_adopted(struct live *l, size_t i)
{
	free(l->adopted[i].path);
	l->adopted[i] = l->adopted[--l->n_adopted];
}

/* From now on it is a shelf's. */
static void
forget_adopted(struct live *l, const char *path)
{
	for (size_t i = 0; i < l->n_adopted; i++) {
		if (strcmp(l->adopted[i].path, path) == 0) {
			drop_adopted(l, i);
			return;
		}
	}
}

void
live_rotate(struct live *l, int64_t now_ms)
{
	for (uint32_t f = 0; f < FOLDERS_MAX; f++) {
		if (l->shelf[f].known && l->shelf[f].end_ms <= now_ms)
			finish(l, f);
	}
	for (size_t i = l->n_adopted; i-- > 0;) {
		if (l->adopted[i].end_ms > now_ms)
			continue;
		to_sealer(l, l->adopted[i].path, NULL);
		drop_adopted(l, i);
	}
}

/* ---- what a capture touches ---- */

/* Remembers a shard for the end; a sealed one is copied to be added to. */
static struct touched *
touch(struct live *l, const char *final, struct err *err)
{
	bool sealed = seal_is_done(final);
	char copy[PATH_LEN_MAX + 16];
	struct touched *t, *v;

	for (size_t i = 0; i < l->n_touched; i++) {
		t = &l->touched[i];
		if (strcmp(t->target == NULL ? t->path : t->target,
		    final) == 0)
			return t;
	}
	v = realloc(l->touched, (l->n_touched + 1) * sizeof(*v));
	if (v == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	l->touched = v;
	(void)snprintf(copy, sizeof(copy), "%s" APPEND_SUFFIX, final);
	if (sealed && seal_reopen_copy(final, copy, err) == -1)
		return NULL;
	t = &v[l->n_touched];
	t->path = strdup(sealed ? copy : final);
	t->target = sealed ? strdup(final) : NULL;
	if (t->path == NULL || (sealed && t->target == NULL)) {
		free(t->path);
		free(t->target);
		(void)err_set(err, "out of memory");
		return NULL;
	}
	l->n_touched++;
	return t;
}

static void
seal_touched(struct live *l, bool seal)
{
	for (size_t i = 0; i < l->n_touched; i++) {
		struct touched *t = &l->touched[i];

		if (seal)
			to_sealer(l, t->path, t->target);
		free(t->path);
		free(t->target);
	}
	free(l->touched);
	l->touched = NULL;
	l->n_touched = 0;
}

/* ---- opening ---- */

/*
 * A file in the place of our shard that we cannot go on with: damaged,
 * somebody else's, a newer program's.  Waiting for the admin would cost flows.
 */
static bool
is_in_the_way(const char *path, bool append, const struct err *err)
{
	return err->code == ERR_CORRUPT || (err->code == ERR_VERSION &&
	    !append && !seal_is_done(path));
}

static void
make_way(struct live *l, const char *path, const struct err *why)
{
	char bad[ASIDE_PATH_MAX];
	struct err err;

	if (aside_move(path, bad, &err) == -1) {
		log_error("%s", err.msg);
		return;
	}
	log_error("cannot go on with this shard (%s), moved to %s; starting "
	    "a new one", why->msg, bad);
	l->moved_aside++;
}

/* The one that was not used for longest makes room for another one. */
static void
close_oldest(struct live *l)
{
	struct shelf *oldest = NULL;

	for (uint32_t f = 0; f < FOLDERS_MAX; f++) {
		struct shelf *s = &l->shelf[f];

		if (s->w != NULL && (oldest == NULL ||
		    s->used < oldest->used))
			oldest = s;
	}
	if (oldest != NULL)
		close_shelf(l, oldest, true);
}

static int
open_at(struct live *l, struct shelf *s, const char *path, bool append,
    struct err *err)
{
	if (l->n_open >= LIVE_OPEN_MAX)
		close_oldest(l);
	s->w = shard_writer_open(path, s->start_ms, s->end_ms,
	    l->image, err);
	if (s->w == NULL && is_in_the_way(path, append, err)) {
		make_way(l, path, err);
		s->w = shard_writer_open(path, s->start_ms, s->end_ms,
		    l->image, err);
	}
	if (s->w == NULL)
		return -1;
	l->n_open++;
	s->known = true;
	return 0;
}

/*
 * The first slot from this one on that is not sealed: a shard that somebody
 * sealed or brought back is not opened again.
 */
static void
pass_sealed(const struct live *l, uint32_t folder, struct shelf *s,
    char path[PATH_LEN_MAX])
{
	int64_t length = s->end_ms - s->start_ms;

	shard_path(l, folder, s->start_ms, path);
	for (int i = 0; i < SKIP_MAX && seal_is_done(path); i++) {
		s->start_ms += length;
		s->end_ms += length;
		shard_path(l, folder, s->start_ms, path);
	}
}

static int
open_shelf(struct live *l, uint32_t folder, const struct batch *b,
    struct err *err)
{
	struct shelf *s = &l->shelf[folder];
	char path[PATH_LEN_MAX];
	const struct touched *t;

	if (folder_make(folders_at(l->folders, folder), err) == -1)
		return -1;
	if (!s->known) {
		s->start_ms = b->slot_start_ms;
		s->end_ms = b->slot_end_ms;
	}
	if (!b->append) {
		pass_sealed(l, folder, s, path);
		forget_adopted(l, path);
		return open_at(l, s, path, false, err);
	}
	shard_path(l, folder, s->start_ms, path);
	t = touch(l, path, err);
	return t == NULL ? -1 : open_at(l, s, t->path, true, err);
}

struct shard_writer *
live_shard(struct live *l, uint32_t folder, const struct batch *b,
    struct err *err)
{
	struct shelf *s = &l->shelf[folder];

	s->used = ++l->clock;
	if (s->w != NULL && shard_writer_vanished(s->w)) {
		log_error("%s: removed while it was written; its flows are "
		    "gone, starting anew", shard_writer_path(s->w));
		close_shelf(l, s, false);
	}
	if (s->known && b->append && s->start_ms != b->slot_start_ms) {
		close_shelf(l, s, false);
		s->known = false;
	} else if (s->known && s->start_ms < b->slot_start_ms) {
		finish(l, folder);
	}
	if (s->w == NULL && open_shelf(l, folder, b, err) == -1)
		return NULL;
	return s->w;
}

bool
live_exists(const struct live *l, uint32_t folder, const struct batch *b)
{
	const struct shelf *s = &l->shelf[folder];
	char path[PATH_LEN_MAX];

	if (s->known && (s->start_ms == b->slot_start_ms ||
	    (!b->append && s->start_ms > b->slot_start_ms)))
		return true;
	shard_path(l, folder, b->slot_start_ms, path);
	return !b->append && access(path, F_OK) == 0 && !seal_is_done(path);
}

void
live_failed(struct live *l, uint32_t folder, const struct err *why)
{
	struct shelf *s = &l->shelf[folder];
	char path[PATH_LEN_MAX];

	/* these pass, and the shard is as it was */
	if (s->w == NULL || why->code == ERR_BUSY || why->code == ERR_FULL)
		return;
	(void)snprintf(path, sizeof(path), "%s", shard_writer_path(s->w));
	close_shelf(l, s, false);
	if (why->code == ERR_CORRUPT)
		make_way(l, path, why);
}

static uint64_t
file_bytes(const char *path, const char *suffix)
{
	char name[PATH_LEN_MAX + 8];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
count_shard(const struct shard_writer *w, struct live_counts *out)
{
	const char *path = shard_writer_path(w);
	uint64_t log = file_bytes(path, "-wal");

	out->flows += (uint64_t)shard_writer_flows(w);
	out->bytes += file_bytes(path, "");
	out->log_bytes += log;
	if (log > out->longest_log || out->path[0] == '\0') {
		out->longest_log = log;
		(void)snprintf(out->path, sizeof(out->path), "%s", path);
	}
}

void
live_counts(const struct live *l, struct live_counts *out)
{
	*out = (struct live_counts){ .open = l->n_open,
		.moved_aside = l->moved_aside };
	for (uint32_t f = 0; f < FOLDERS_MAX; f++) {
		if (l->shelf[f].w != NULL)
			count_shard(l->shelf[f].w, out);
	}
}

void
live_free(struct live *l, bool seal)
{
	if (l == NULL)
		return;
	for (uint32_t f = 0; f < FOLDERS_MAX; f++)
		close_shelf(l, &l->shelf[f], !seal);
	seal_touched(l, seal);
	while (l->n_adopted > 0)
		drop_adopted(l, 0);
	free(l->adopted);
	image_free(l->image);
	free(l);
}
