/* Sources: see source.h. */
#include "collector/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/log.h"

#define CACHE_SETS	1024U	/* a power of two */
#define CACHE_WAYS	4U

/* A prefix of a source. */
struct rule {
	struct prefix	 who;
	uint32_t	 folder;
	const char	*name;
};

/* An unknown sender and its folder. */
struct stranger {
	struct addr	 who;
	uint32_t	 folder;
};

struct cached {
	struct addr		 who;		/* len 0: free */
	struct source_answer	 answer;
};

struct sources {
	struct folders	*folders;
	struct rule	*rules;			/* longest prefix first */
	size_t		 n_rules;
	struct prefix	*allow;
	size_t		 n_allow;
	enum config_unknown unknown;
	struct stranger	*strangers;
	size_t		 n_strangers;
	size_t		 max_strangers;
	uint64_t	 seed;
	unsigned	 next_way;
	struct cached	 cache[CACHE_SETS][CACHE_WAYS];
};

const char *
source_refusal_text(enum source_refusal r)
{
	switch (r) {
	case SOURCE_TAKEN:
		break;
	case SOURCE_NOT_ALLOWED:
		return "not in allow";
	case SOURCE_UNKNOWN:
		return "belongs to no source";
	case SOURCE_NO_FOLDER:
		return "belongs to no source, and there are max_folders";
	}
	return "";
}

static void
replace(char *text, const char *from, char to)
{
	for (; *text != '\0'; text++) {
		if (strchr(from, *text) != NULL)
			*text = to;
	}
}

void
source_folder_name(const struct addr *a, char out[SOURCE_FOLDER_NAME_MAX])
{
	(void)addr_format(a, out);
	replace(out, ".:", '-');
}

int
source_folder_parse(const char *name, struct addr *out)
{
	char text[SOURCE_FOLDER_NAME_MAX], back[SOURCE_FOLDER_NAME_MAX];
	static const char separators[] = ".:";

	if (strlen(name) >= sizeof(text))
		return -1;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text), "%s", name);
		replace(text, "-", separators[i]);
		if (addr_parse(text, strlen(text), out) == -1)
			continue;
		/* 2001-0db8--1 is another name for 2001-db8--1 */
		source_folder_name(out, back);
		return strcmp(back, name) == 0 ? 0 : -1;
	}
	return -1;
}

static int
longest_first(const void *va, const void *vb)
{
	const struct rule *a = va, *b = vb;

	return (a->who.bits < b->who.bits) - (a->who.bits > b->who.bits);
}

static int
add_rules(struct sources *s, const struct config *c,
    const struct config_source *cs, struct err *err)
{
	const struct folder *folder;
	char path[CONFIG_PATH_MAX];
	const char *name = folders_name(s->folders, cs->name);
	struct rule *v;

	if (config_source_path(c, cs, path) == -1)
		return err_set(err, "source \"%s\": path too long", cs->name);
	folder = folders_get(s->folders, path, err);
	if (folder == NULL)
		return -1;
	v = realloc(s->rules, (s->n_rules + cs->who.n + 1) * sizeof(*v));
	if (v != NULL)
		s->rules = v;
	if (v == NULL || name == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < cs->who.n; i++)
		v[s->n_rules++] = (struct rule){ cs->who.v[i],
			folder->number, name };
	return 0;
}

/* Its folder, made known when there may be one more; or NULL. */
static const struct stranger *
stranger_of(struct sources *s, const struct addr *a)
{
	char name[SOURCE_FOLDER_NAME_MAX], path[CONFIG_PATH_MAX];
	const struct folder *folder;
	struct err err;

	for (size_t i = 0; i < s->n_strangers; i++) {
		if (addr_cmp(&s->strangers[i].who, a) == 0)
			return &s->strangers[i];
	}
	if (s->n_strangers == s->max_strangers)
		return NULL;
	source_folder_name(a, name);
	if (snprintf(path, sizeof(path), "%s/%s",
	    folders_at(s->folders, 0)->path, name) >= (int)sizeof(path))
		return NULL;
	folder = folders_get(s->folders, path, &err);
	if (folder == NULL)
		return NULL;
	s->strangers[s->n_strangers] = (struct stranger){ *a,
		folder->number };
	return &s->strangers[s->n_strangers++];
}

static bool
is_source_folder(const struct sources *s, const char *name)
{
	const char *dir = folders_at(s->folders, 0)->path;
	size_t len = strlen(dir);

	for (size_t i = 0; i < s->n_rules; i++) {
		const char *path = folders_at(s->folders,
		    s->rules[i].folder)->path;

		if (strncmp(path, dir, len) == 0 && path[len] == '/' &&
		    strcmp(path + len + 1, name) == 0)
			return true;
	}
	return false;
}

/* Unknown senders of earlier runs have their folders already. */
static void
find_strangers(struct sources *s)
{
	const char *dir = folders_at(s->folders, 0)->path;
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t left_out = 0;

	if (d == NULL)
		return;		/* a new directory */
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		struct addr a;

		if (source_folder_parse(e->d_name, &a) == -1 ||
		    fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode) ||
		    is_source_folder(s, e->d_name))
			continue;
		if (stranger_of(s, &a) == NULL)
			left_out++;
	}
	(void)closedir(d);
	if (left_out > 0)
		log_warnx("%s: %zu more folders of unknown senders than "
		    "max_folders: these senders are refused", dir, left_out);
}

struct sources *
sources_new(const struct config *c, struct folders *f, struct err *err)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	s->folders = f;
	s->unknown = (enum config_unknown)c->unknown;
	s->max_strangers = (size_t)c->max_folders;
	/* who sends must not choose the order of the hash */
	s->seed = (uint64_t)(uintptr_t)s * UINT64_C(0x9e3779b97f4a7c15);
	s->strangers = calloc(s->max_strangers, sizeof(*s->strangers));
	s->allow = calloc(c->allow.n + 1, sizeof(*s->allow));
	if (s->strangers == NULL || s->allow == NULL) {
		(void)err_set(err, "out of memory");
		goto fail;
	}
	for (; s->n_allow < c->allow.n; s->n_allow++)
		s->allow[s->n_allow] = c->allow.v[s->n_allow];
	for (size_t i = 0; i < c->n_sources; i++) {
		if (add_rules(s, c, &c->sources[i], err) == -1)
			goto fail;
	}
	if (s->n_rules > 0)
		qsort(s->rules, s->n_rules, sizeof(*s->rules), longest_first);
	if (s->unknown == UNKNOWN_FOLDER)
		find_strangers(s);
	return s;
fail:
	sources_free(s);
	return NULL;
}

void
sources_free(struct sources *s)
{
	if (s == NULL)
		return;
	free(s->rules);
	free(s->allow);
	free(s->strangers);
	free(s);
}

static bool
is_allowed(const struct sources *s, const struct addr *a)
{
	for (size_t i = 0; i < s->n_allow; i++) {
		if (prefix_has(&s->allow[i], a))
			return true;
	}
	return s->n_allow == 0;
}

static struct source_answer
ask_rules(struct sources *s, const struct addr *a)
{
	const struct stranger *st;

	if (!is_allowed(s, a))
		return (struct source_answer){ SOURCE_NOT_ALLOWED, 0, NULL };
	for (size_t i = 0; i < s->n_rules; i++) {
		if (prefix_has(&s->rules[i].who, a))
			return (struct source_answer){ SOURCE_TAKEN,
				s->rules[i].folder, s->rules[i].name };
	}
	switch (s->unknown) {
	case UNKNOWN_ACCEPT:
		return (struct source_answer){ SOURCE_TAKEN, 0, NULL };
	case UNKNOWN_REFUSE:
		return (struct source_answer){ SOURCE_UNKNOWN, 0, NULL };
	case UNKNOWN_FOLDER:
		break;
	}
	st = stranger_of(s, a);
	if (st == NULL)
		return (struct source_answer){ SOURCE_NO_FOLDER, 0, NULL };
	return (struct source_answer){ SOURCE_TAKEN, st->folder, NULL };
}

static struct cached *
cache_set(struct sources *s, const struct addr *a)
{
	uint64_t h = s->seed, part;

	for (size_t i = 0; i < a->len; i += sizeof(part)) {
		part = 0;
		memcpy(&part, a->bytes + i, a->len - i < sizeof(part) ?
		    a->len - i : sizeof(part));
		h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xd6e8feb86659fd93);
	return s->cache[h >> 32 & (CACHE_SETS - 1)];
}

struct source_answer
sources_find(struct sources *s, const struct addr *a)
{
	struct cached *set = cache_set(s, a), *c;

	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		if (set[i].who.len == a->len &&
		    memcmp(set[i].who.bytes, a->bytes, a->len) == 0)
			return set[i].answer;
	}
	c = &set[s->next_way++ % CACHE_WAYS];
	c->answer = ask_rules(s, a);
	c->who = *a;
	return c->answer;
}
