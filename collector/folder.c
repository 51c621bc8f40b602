/* Folders: see folder.h. */
#include "collector/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/datadir.h"

#define PATH_LEN_MAX	4096

struct folders {
	struct folder	*v[FOLDERS_MAX];	/* entries stay where they are */
	int		 lock[FOLDERS_MAX];	/* -1: not taken */
	uint32_t	 n;
	char		**names;
	size_t		 n_names;
};

struct folders *
folders_new(const char *dir)
{
	struct folders *f = calloc(1, sizeof(*f));
	struct err ignored;

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < FOLDERS_MAX; i++)
		f->lock[i] = -1;
	if (folders_get(f, dir, &ignored) == NULL) {
		folders_free(f);
		return NULL;
	}
	return f;
}

void
folders_free(struct folders *f)
{
	if (f == NULL)
		return;
	for (uint32_t i = 0; i < f->n; i++) {
		free(f->v[i]);
		if (f->lock[i] != -1)
			(void)close(f->lock[i]);
	}
	for (size_t i = 0; i < f->n_names; i++)
		free(f->names[i]);
	free(f->names);
	free(f);
}

/* Length of the data directory's path, when this one is below it. */
static size_t
base_of(const struct folders *f, const char *path)
{
	size_t n;

	if (f->n == 0)
		return 0;
	n = strlen(f->v[0]->path);
	return strncmp(path, f->v[0]->path, n) == 0 && path[n] == '/' ? n : 0;
}

const struct folder *
folders_get(struct folders *f, const char *path, struct err *err)
{
	size_t len = strlen(path) + 1;
	struct folder *new;

	for (uint32_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i]->path, path) == 0)
			return f->v[i];
	}
	if (len > PATH_LEN_MAX) {
		(void)err_set(err, "%.40s...: path too long", path);
		return NULL;
	}
	if (f->n == FOLDERS_MAX) {
		(void)err_set(err, "%s: more than %d folders since the start",
		    path, FOLDERS_MAX);
		return NULL;
	}
	new = malloc(sizeof(*new) + len);
	if (new == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	new->number = f->n;
	new->base = base_of(f, path);
	memcpy(new->path, path, len);
	f->v[f->n++] = new;
	return new;
}

uint32_t
folders_count(const struct folders *f)
{
	return f->n;
}

const struct folder *
folders_at(const struct folders *f, uint32_t number)
{
	return f->v[number];
}

int
folder_make(const struct folder *folder, struct err *err)
{
	char part[PATH_LEN_MAX];
	const char *p = folder->path + folder->base;

	if (folder->base == 0)
		return 0;
	do {
		size_t len;

		p = strchr(p + 1, '/');
		len = p == NULL ? strlen(folder->path) :
		    (size_t)(p - folder->path);
		memcpy(part, folder->path, len);
		part[len] = '\0';
		if (mkdir(part, 0750) == -1 && errno != EEXIST)
			return err_sys(err, "folder %s", part);
	} while (p != NULL);
	return 0;
}

int
folders_lock(struct folders *f, uint32_t number, struct err *err)
{
	const struct folder *folder = f->v[number];

	if (f->lock[number] != -1)
		return 0;
	if (folder_make(folder, err) == -1)
		return -1;
	f->lock[number] = datadir_open(folder->path, err);
	return f->lock[number] == -1 ? -1 : 0;
}

const char *
folders_name(struct folders *f, const char *text)
{
	char **v;

	for (size_t i = 0; i < f->n_names; i++) {
		if (strcmp(f->names[i], text) == 0)
			return f->names[i];
	}
	v = realloc(f->names, (f->n_names + 1) * sizeof(*v));
	if (v == NULL)
		return NULL;
	f->names = v;
	v[f->n_names] = strdup(text);
	return v[f->n_names] == NULL ? NULL : v[f->n_names++];
}
