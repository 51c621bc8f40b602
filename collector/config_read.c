/*
 * Reading flowdb.conf: see config_read in config.h.
 *
 * A mistake that stops libconfuse is noted, its line blanked, and the text
 * read again: so one run tells them all.  What our own checks find does not
 * stop it, and is only kept from the last reading.
 */
#include "collector/config.h"

#include <confuse.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "collector/config_key.h"
#include "collector/config_ship.h"

#define MAX_MISTAKES	100
#define MAX_FILE	(1 << 20)

struct mistake {
	int	line;
	bool	stops;
	char	text[400];
};

struct reader {
	struct config	*config;
	struct mistake	*v;
	size_t		 n;
	int		 expire_line;	/* 0: not there */
	bool		 no_memory;
};

/* libconfuse hands no argument of ours to its callbacks. */
static _Thread_local struct reader *reading;

static void complain(int line, bool stops, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
complain(int line, bool stops, const char *fmt, ...)
{
	struct reader *r = reading;
	struct mistake *v = realloc(r->v, (r->n + 1) * sizeof(*v));
	va_list ap;

	if (v == NULL) {
		r->no_memory = true;
		return;
	}
	r->v = v;
	v[r->n].line = line;
	v[r->n].stops = stops;
	va_start(ap, fmt);
	(void)vsnprintf(v[r->n].text, sizeof(v[r->n].text), fmt, ap);
	va_end(ap);
	/* libconfuse asks once more at the end of a list */
	for (size_t i = 0; i < r->n; i++) {
		if (v[i].line == line && strcmp(v[i].text, v[r->n].text) == 0)
			return;
	}
	r->n++;
}

static void
on_confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[300];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	complain(cfg == NULL ? 0 : cfg->line, true, "%s", text);
}

/* libconfuse checks a list once for each of its values: the last one is new. */
static const char *
newest(cfg_opt_t *opt)
{
	return cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
}

/* All values so far; only what the newest one does wrong is news. */
static int
take_list(struct config *c, const struct config_key *k, cfg_opt_t *opt,
    struct err *err)
{
	int rc = 0;

	config_key_clear(c, k);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		rc = config_key_add(c, k, cfg_opt_getnstr(opt, i), err);
	return rc;
}

/* Called by libconfuse for each key; a mistake does not stop it. */
static int
on_key(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct config_key *k = config_key_find(cfg_opt_name(opt));
	struct config *c = reading->config;
	struct err err;
	int rc = 0;

	if (k == NULL || cfg_opt_size(opt) == 0)
		return 0;
	if (config_key_is_list(k)) {
		rc = take_list(c, k, opt, &err);
	} else if (k->kind == KIND_NUMBER || k->kind == KIND_SLOT ||
	    k->kind == KIND_U32) {
		rc = config_key_number(c, k, cfg_opt_getnint(opt, 0), &err);
	} else if (k->kind == KIND_BOOL) {
		config_key_bool(c, k, cfg_opt_getnbool(opt, 0) == cfg_true);
	} else {
		rc = config_key_text(c, k, cfg_opt_getnstr(opt, 0), &err);
	}
	if (strcmp(k->name, "expire") == 0)
		reading->expire_line = cfg->line;
	if (rc == -1)
		complain(cfg->line, false, "%s: %s", k->name, err.msg);
	return 0;
}

static int
on_sampling(cfg_t *cfg, cfg_opt_t *opt)
{
	struct config *c = reading->config;
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	struct config_sampling *s = &c->sampling[c->n_sampling];
	const char *title = cfg_title(sec);
	long rate = cfg_getint(sec, "rate");

	if (c->n_sampling == CONFIG_MAX_SAMPLING) {
		complain(cfg->line, false, "sampling_of: at most %d",
		    CONFIG_MAX_SAMPLING);
		return 0;
	}
	if (prefix_parse(title, strlen(title), &s->who) == -1)
		complain(cfg->line, false, "sampling_of \"%s\": no address or "
		    "network", title);
	else if (rate < 1 || rate > (long)UINT32_MAX)
		complain(cfg->line, false, "sampling_of \"%s\": rate must be "
		    "at least 1", title);
	else {
		s->rate = (uint32_t)rate;
		s->force = cfg_getbool(sec, "force") == cfg_true;
		c->n_sampling++;
	}
	return 0;
}

/* ---- sources ---- */

/* A folder that flowq finds below ours, and that does not lead out of it. */
static bool
good_directory(const char *path)
{
	if (strcmp(path, ".") == 0)
		return true;
	if (path[0] == '\0' || path[strlen(path) - 1] == '/')
		return false;
	for (const char *p = path; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (*p == '.' || *p == '/' || *p == '\0')
			return false;
	}
	return true;
}

static bool
good_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= CONFIG_NAME_MAX)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (iscntrl((unsigned char)*p))
			return false;
	}
	return true;
}

/* A key of a source; told with its own line, used by on_source. */
static int
on_source_key(cfg_t *sec, cfg_opt_t *opt)
{
	const char *key = cfg_opt_name(opt), *wrong = NULL;
	const char *text;
	struct prefix p;
	uint64_t size;
	int64_t age;

	if (cfg_opt_size(opt) == 0)
		return 0;
	if (strcmp(key, "sampling") == 0) {
		long v = cfg_opt_getnint(opt, 0);

		if (v < 0 || v > (long)UINT32_MAX)
			complain(sec->line, false, "source \"%s\": sampling: "
			    "want a number from 0 to %lu", cfg_title(sec),
			    (unsigned long)UINT32_MAX);
		return 0;
	}
	text = newest(opt);
	if (strcmp(key, "address") == 0 &&
	    prefix_parse(text, strlen(text), &p) == -1)
		wrong = "no address or network";
	else if (strcmp(key, "max_age") == 0 &&
	    retain_age_parse(text, &age) == -1)
		wrong = "want an age, as 36h or 30d";
	else if (strcmp(key, "max_size") == 0 &&
	    retain_size_parse(text, &size) == -1)
		wrong = "want a size, as 500M or 20G";
	else if (strcmp(key, "directory") == 0 && !good_directory(text))
		wrong = "want a folder below the data directory or an "
		    "absolute path, without a dot in front";
	if (wrong != NULL)
		complain(sec->line, false, "source \"%s\": %s \"%s\": %s",
		    cfg_title(sec), key, text, wrong);
	return 0;
}

/* Prefixes belong to one source each; -1: told. */
static int
take_addresses(struct config *c, struct config_source *s, cfg_t *sec)
{
	const char *text;
	struct err err;

	for (unsigned i = 0; i < cfg_size(sec, "address"); i++) {
		const struct prefix *p;

		text = cfg_getnstr(sec, "address", i);
		if (config_add_prefix(&s->who, text, &err) == -1)
			continue;	/* told by on_source_key */
		p = &s->who.v[s->who.n - 1];
		for (size_t k = 0; k <= c->n_sources; k++) {
			const struct config_source *o = &c->sources[k];

			for (size_t m = 0; m < o->who.n; m++) {
				if (&o->who.v[m] == p ||
				    o->who.v[m].bits != p->bits ||
				    addr_cmp(&o->who.v[m].lo, &p->lo) != 0)
					continue;
				complain(sec->line, false, "source \"%s\": "
				    "address \"%s\" stands in source \"%s\" "
				    "already", s->name, text, o->name);
				return -1;
			}
		}
	}
	if (cfg_size(sec, "address") == 0)
		complain(sec->line, false, "source \"%s\": no address",
		    s->name);
	return 0;
}

static void
take_limits(struct config_source *s, cfg_t *sec)
{
	const char *age = cfg_getstr(sec, "max_age");
	const char *size = cfg_getstr(sec, "max_size");

	s->own.has_age = age != NULL &&
	    retain_age_parse(age, &s->own.max_age_sec) == 0;
	s->own.has_size = size != NULL &&
	    retain_size_parse(size, &s->own.max_bytes) == 0;
	s->sampling = (uint32_t)cfg_getint(sec, "sampling");
	s->force = cfg_getbool(sec, "force") == cfg_true;
}

/* Called when a source's section ends. */
static int
on_source(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	struct config *c = reading->config;
	const char *title = cfg_title(sec);
	const char *directory = cfg_getstr(sec, "directory");
	struct config_source *v, *s;

	if (c->n_sources == CONFIG_MAX_SOURCES) {
		complain(cfg->line, false, "source: at most %d",
		    CONFIG_MAX_SOURCES);
		return 0;
	}
	v = realloc(c->sources, (c->n_sources + 1) * sizeof(*v));
	if (v == NULL) {
		reading->no_memory = true;
		return 0;
	}
	c->sources = v;
	s = &v[c->n_sources];
	*s = (struct config_source){ .directory = NULL };
	(void)snprintf(s->name, sizeof(s->name), "%s", title);
	if (!good_name(title))
		complain(sec->line, false, "source \"%s\": a name has 1 to %d "
		    "characters, none of control", title, CONFIG_NAME_MAX - 1);
	else if (directory == NULL && (!good_directory(title) ||
	    strchr(title, '/') != NULL))
		complain(sec->line, false, "source \"%s\": its name is no "
		    "folder's: say directory", title);
	if (config_set(&s->directory, directory == NULL ? title :
	    directory) == -1)
		reading->no_memory = true;
	(void)take_addresses(c, s, sec);
	take_limits(s, sec);
	c->n_sources++;
	return 0;
}

/* ---- shipping ---- */

static int
on_ship_key(cfg_t *sec, cfg_opt_t *opt)
{
	struct err err;

	if (config_ship_key(opt, &err) == -1)
		complain(sec->line, false, "ship: %s", err.msg);
	return 0;
}

/* Called when the section ends. */
static int
on_ship(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	if (config_ship_take(&reading->config->ship, cfg_opt_getnsec(opt,
	    cfg_opt_size(opt) - 1)) == -1)
		reading->no_memory = true;
	return 0;
}

/* ---- the file ---- */

static cfg_opt_t
option_of(const struct config_key *k)
{
	cfg_opt_t number = CFG_INT(k->name, 0, CFGF_NODEFAULT);
	cfg_opt_t flag = CFG_BOOL(k->name, cfg_false, CFGF_NODEFAULT);
	cfg_opt_t list = CFG_STR_LIST(k->name, 0, CFGF_NODEFAULT);
	cfg_opt_t text = CFG_STR(k->name, 0, CFGF_NODEFAULT);

	if (config_key_is_list(k))
		return list;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SLOT:
	case KIND_U32:
		return number;
	case KIND_BOOL:
		return flag;
	default:
		return text;
	}
}

#define SECTION_FLAGS	(CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

/* One reading of the text; false: stopped by a mistake. */
static bool
parse_once(struct reader *r, const char *text)
{
	static const char *const source_keys[] = { "source|address",
		"source|directory", "source|max_age", "source|max_size",
		"source|sampling" };
	cfg_opt_t sampling[] = { CFG_INT("rate", 0, CFGF_NONE),
		CFG_BOOL("force", cfg_false, CFGF_NONE), CFG_END() };
	cfg_opt_t source[] = { CFG_STR_LIST("address", 0, CFGF_NODEFAULT),
		CFG_STR("directory", NULL, CFGF_NONE),
		CFG_STR("max_age", NULL, CFGF_NONE),
		CFG_STR("max_size", NULL, CFGF_NONE),
		CFG_INT("sampling", 0, CFGF_NONE),
		CFG_BOOL("force", cfg_false, CFGF_NONE), CFG_END() };
	cfg_opt_t ship[CONFIG_SHIP_KEYS + 1];
	cfg_opt_t sections[] = { CFG_SEC("source", source, SECTION_FLAGS),
		CFG_SEC("sampling_of", sampling, SECTION_FLAGS),
		CFG_SEC("ship", ship, CFGF_NODEFAULT), CFG_END() };
	cfg_opt_t opts[CONFIG_KEYS + 4];
	size_t kept = 0;
	cfg_t *cfg;
	bool ok;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].stops)
			r->v[kept++] = r->v[i];
	}
	r->n = kept;
	r->config->n_sampling = 0;
	config_clear_sources(r->config);
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		opts[i] = option_of(&config_keys[i]);
	memcpy(opts + CONFIG_KEYS, sections, sizeof(sections));
	config_ship_options(ship);
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL) {
		r->no_memory = true;
		return true;
	}
	(void)cfg_set_error_function(cfg, on_confuse_error);
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		(void)cfg_set_validate_func(cfg, config_keys[i].name, on_key);
	for (size_t i = 0; i < sizeof(source_keys) / sizeof(source_keys[0]);
	    i++)
		(void)cfg_set_validate_func(cfg, source_keys[i],
		    on_source_key);
	for (size_t i = 0; i < CONFIG_SHIP_KEYS; i++)
		(void)cfg_set_validate_func(cfg, config_ship_names[i],
		    on_ship_key);
	(void)cfg_set_validate_func(cfg, "ship", on_ship);
	(void)cfg_set_validate_func(cfg, "source", on_source);
	(void)cfg_set_validate_func(cfg, "sampling_of", on_sampling);
	ok = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	(void)cfg_free(cfg);
	return ok;
}

/*
 * Blanks line number line of the text, or the last one before it that has
 * something: a mistake may be told one line late.  false: there is none.
 */
static bool
blank_line(char *text, int line)
{
	char *found = NULL, *end;

	for (int at = 1; at <= line && text != NULL; at++) {
		if (text[strspn(text, " \t\r")] != '\n' &&
		    text[strspn(text, " \t\r")] != '\0')
			found = text;
		end = strchr(text, '\n');
		text = end == NULL ? NULL : end + 1;
	}
	if (found == NULL)
		return false;
	memset(found, ' ', strcspn(found, "\n"));
	return true;
}

/* Behind the end of a text in quotes, where a backslash may hide a quote. */
static char *
skip_quoted(char *p)
{
	char quote = *p++;

	for (; *p != '\0' && *p != quote; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p == '\0' ? p : p + 1;
}

/* libconfuse takes a comment inside of a list for one of its values. */
static void
blank_comments(char *text)
{
	for (char *p = text; *p != '\0';) {
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
		} else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
			size_t n = strcspn(p, "\n");

			memset(p, ' ', n);
			p += n;
		} else {
			p++;
		}
	}
}

static char *
read_file(const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (f == NULL) {
		(void)err_sys(err, "%s", path);
		return NULL;
	}
	text = calloc(1, MAX_FILE + 1);
	n = text == NULL ? 0 : fread(text, 1, MAX_FILE, f);
	if (text == NULL || ferror(f) || n == MAX_FILE) {
		(void)err_set(err, "%s: %s", path, text == NULL ?
		    "out of memory" : ferror(f) ? "cannot be read" :
		    "too long for a configuration");
		free(text);
		text = NULL;
	}
	(void)fclose(f);
	return text;
}

/* libconfuse takes the end of the file for the end of a section. */
static void
check_braces(char *text)
{
	int line = 1, open = 0, depth = 0;

	for (char *p = text, *end; *p != '\0'; p = end) {
		end = *p == '"' || *p == '\'' ? skip_quoted(p) : p + 1;
		if (*p == '{' && depth++ == 0)
			open = line;
		depth -= *p == '}' && depth > 0;
		for (const char *q = p; q < end; q++)
			line += *q == '\n';
	}
	if (depth > 0)
		complain(open, false, "no closing brace");
}

/* What no single key can tell. */
static void
check_whole(struct reader *r)
{
	if (r->expire_line != 0 && r->config->expire &&
	    !config_has_limits(r->config)) {
		complain(r->expire_line, false, "expire: needs max_age, "
		    "max_size or min_free");
		r->config->expire = false;	/* told once is enough */
	}
}

static int
by_line(const void *va, const void *vb)
{
	const struct mistake *a = va, *b = vb;

	return (a->line > b->line) - (a->line < b->line);
}

int
config_read(struct config *c, const char *path,
    void (*report)(void *, const char *), void *arg)
{
	struct reader r = { .config = c };
	char line[CONFIG_PATH_MAX + 500], *text;
	struct err err;

	text = read_file(path, &err);
	if (text == NULL) {
		report(arg, err.msg);
		return -1;
	}
	blank_comments(text);
	reading = &r;
	for (int i = 0; i < MAX_MISTAKES && !parse_once(&r, text) &&
	    r.n > 0 && blank_line(text, r.v[r.n - 1].line); i++)
		;
	check_braces(text);
	check_whole(&r);
	reading = NULL;
	free(text);
	if (r.n > 0)
		qsort(r.v, r.n, sizeof(*r.v), by_line);
	for (size_t i = 0; i < r.n; i++) {
		(void)snprintf(line, sizeof(line), "%s:%d: %s", path,
		    r.v[i].line, r.v[i].text);
		report(arg, line);
	}
	if (r.no_memory)
		report(arg, "out of memory");
	free(r.v);
	return r.n > 0 || r.no_memory ? -1 : 0;
}
