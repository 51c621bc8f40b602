/*
 * The configuration: see config.h.
 *
 * One table of keys says name, kind, member, default and meaning; the
 * libconfuse options, the defaults and flowdb.conf.example all come from it.
 */
#include "collector/config.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hook.h"
#include "collector/log.h"

enum kind {
	KIND_TEXT, KIND_NUMBER, KIND_BYTES, KIND_BOOL, KIND_SIZE, KIND_AGE,
	KIND_LEVEL, KIND_ADDRESSES, KIND_TARGETS, KIND_U32
};

struct key {
	const char	*name;
	enum kind	 kind;
	size_t		 offset;
	long		 min;
	long		 max;
	const char	*value;		/* default, as written in the file */
	const char	*doc;
};

#define MEMBER(m)	offsetof(struct config, m)

static const struct key keys[] = {
	{ "directory", KIND_TEXT, MEMBER(directory), 0, 0,
	    "/var/lib/flowdb", "Where the shards are kept (-l)." },
	{ "listen", KIND_ADDRESSES, 0, 0, 0, "",
	    "Addresses to listen on (-b); none: all, IPv4 and IPv6." },
	{ "port", KIND_NUMBER, MEMBER(port), 1, 65535, "2055",
	    "UDP port (-p)." },
	{ "receive_buffer", KIND_BYTES, MEMBER(receive_buffer), 0, 0, "16M",
	    "Socket buffer (-B). Without root, net.core.rmem_max limits it." },
	{ "slot", KIND_NUMBER, MEMBER(slot_sec), 1, 86400, "3600",
	    "Seconds a shard covers (-t); must divide a day." },
	{ "user", KIND_TEXT, MEMBER(user), 0, 0, "",
	    "User to become after the sockets are open (-u)." },
	{ "group", KIND_TEXT, MEMBER(group), 0, 0, "",
	    "Group to become (-g); none: the user's." },
	{ "pidfile", KIND_TEXT, MEMBER(pidfile), 0, 0, "",
	    "File for the process number (-P)." },
	{ "log", KIND_TEXT, MEMBER(log), 0, 0, "",
	    "Log file, opened again on SIGHUP; none: stderr, syslog with -D." },
	{ "log_level", KIND_LEVEL, MEMBER(log_level), 0, 0, "info",
	    "error, warning, info or debug." },
	{ "sampling", KIND_U32, MEMBER(decoder.default_sampling), 0, 0, "0",
	    "Rate for exporters that tell none (-s); 0: not sampled." },
	{ "indexes", KIND_BOOL, MEMBER(indexes), 0, 0, "true",
	    "Index sealed shards by address: 26 bytes a flow." },
	{ "hook", KIND_TEXT, MEMBER(hook), 0, 0, "",
	    "Program to run per sealed shard (-x): %d %f %t %u %i, no shell." },
	{ "hook_limit", KIND_NUMBER, MEMBER(hook_limit_sec), 1, 86400, "60",
	    "Seconds after which the hook is killed." },
	{ "expire", KIND_BOOL, MEMBER(expire), 0, 0, "false",
	    "Remove the oldest sealed shards by the three limits below (-e)." },
	{ "max_age", KIND_AGE, MEMBER(retain.max_age_sec), 0, 0, "0",
	    "Age: 36h, 30d, 8w; 0: no limit." },
	{ "max_size", KIND_SIZE, MEMBER(retain.max_bytes), 0, 0, "0",
	    "All shards together: 500M, 20G, 1.5T; 0: no limit." },
	{ "min_free", KIND_SIZE, MEMBER(retain.min_free_bytes), 0, 0, "0",
	    "Free space to be kept on the disk; 0: no limit." },
	{ "repeat", KIND_TARGETS, 0, 0, 0, "",
	    "Other collectors to send a copy of each datagram to: HOST/PORT." },
	{ "metrics_file", KIND_TEXT, MEMBER(metrics_file), 0, 0, "",
	    "Prometheus text, written every 10 s." },
	{ "max_exporters", KIND_U32, MEMBER(decoder.max_exporters), 1, 0, NULL,
	    "Senders (address, version, domain) known at a time." },
	{ "max_templates", KIND_U32, MEMBER(decoder.max_templates), 1, 0, NULL,
	    "Templates per exporter." },
	{ "template_age", KIND_U32, MEMBER(decoder.template_age_sec), 0, 0,
	    NULL, "Seconds after which a template not sent again is stale; "
	    "0: never." },
};

#define N_KEYS	(sizeof(keys) / sizeof(keys[0]))
#define MAX_FILE	(1 << 20)

static const char example_sampling[] =
    "# Sampling of exporters that tell none, or (force) tell it wrong; the\n"
    "# first that fits wins. May stand any number of times.\n"
    "# sampling_of \"10.0.0.0/8\" {\n"
    "#     rate = 1000\n"
    "#     force = false\n"
    "# }\n";

int
config_set(char **member, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return -1;
	free(*member);
	*member = copy;
	return 0;
}

int
config_parse_bytes(const char *text, int *out)
{
	uint64_t v;

	if (retain_size_parse(text, &v) == -1 || v < 1024 || v > (1U << 30))
		return -1;
	*out = (int)v;
	return 0;
}

static const char *const levels[] = { "error", "warning", "info", "debug" };

static int
parse_level(const char *text, int *out)
{
	for (int i = 0; i < 4; i++) {
		if (strcmp(text, levels[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	return -1;
}

/* A value written as text; what is wrong, or NULL. */
static const char *
set_text(struct config *c, const struct key *k, const char *text)
{
	void *member = (char *)c + k->offset;

	switch (k->kind) {
	case KIND_TEXT:
		return config_set(member, text) == -1 ? "out of memory" : NULL;
	case KIND_BYTES:
		return config_parse_bytes(text, member) == -1 ?
		    "want a size from 1k to 1G, as 16M" : NULL;
	case KIND_SIZE:
		return retain_size_parse(text, member) == -1 ?
		    "want a size, as 500M or 20G" : NULL;
	case KIND_AGE:
		return retain_age_parse(text, member) == -1 ?
		    "want an age, as 36h or 30d" : NULL;
	case KIND_LEVEL:
		return parse_level(text, member) == -1 ?
		    "want error, warning, info or debug" : NULL;
	default:
		return "not a text";
	}
}

static const char *
set_number(struct config *c, const struct key *k, long v)
{
	void *member = (char *)c + k->offset;

	if (k->kind == KIND_U32) {
		if (v < k->min || v > (long)UINT32_MAX)
			return "number out of range";
		*(uint32_t *)member = (uint32_t)v;
		return NULL;
	}
	if (v < k->min || v > k->max)
		return "number out of range";
	*(int *)member = (int)v;
	return NULL;
}

struct config *
config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->decoder = decoder_defaults;
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		const char *wrong = NULL;

		if (k->value == NULL || k->kind == KIND_ADDRESSES ||
		    k->kind == KIND_TARGETS)
			continue;
		if (k->kind == KIND_NUMBER || k->kind == KIND_U32)
			wrong = set_number(c, k, strtol(k->value, NULL, 10));
		else if (k->kind == KIND_BOOL)
			*(bool *)((char *)c + k->offset) =
			    strcmp(k->value, "true") == 0;
		else
			wrong = set_text(c, k, k->value);
		if (wrong != NULL) {
			config_free(c);
			return NULL;
		}
	}
	return c;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].kind == KIND_TEXT)
			free(*(char **)((char *)c + keys[i].offset));
	}
	for (size_t i = 0; i < c->n_listen; i++)
		free(c->listen[i]);
	for (size_t i = 0; i < c->n_repeat; i++)
		free(c->repeat[i]);
	for (size_t i = 0; i < c->n_import; i++)
		free(c->import[i]);
	free(c->capture);
	free(c);
}

#define MAX_MISTAKES	100

/*
 * A mistake that stops libconfuse is noted, its line blanked, and the text
 * read again: so one run tells them all.  What our own checks find does not
 * stop it, and is only kept from the last time.
 */
struct mistake {
	int	line;
	bool	stops;
	char	text[400];
};

struct reader {
	struct config	*config;
	struct mistake	*v;
	size_t		 n;
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
	/* libconfuse checks a list once for each of its values */
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

static const struct key *
find_key(const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static void
take_list(struct config *c, const struct key *k, cfg_t *cfg, cfg_opt_t *opt)
{
	bool listen = k->kind == KIND_ADDRESSES;
	size_t *n = listen ? &c->n_listen : &c->n_repeat;
	char **v = listen ? c->listen : c->repeat;
	size_t most = listen ? CONFIG_MAX_LISTEN : REPEAT_MAX;

	while (*n > 0)
		free(v[--*n]);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const char *text = cfg_opt_getnstr(opt, i);
		struct addr a;

		if (listen && addr_parse(text, strlen(text), &a) == -1)
			complain(cfg->line, false, "%s: no address \"%s\"",
			    k->name, text);
		else if (*n == most)
			complain(cfg->line, false, "%s: at most %zu", k->name,
			    most);
		else if ((v[*n] = strdup(text)) != NULL)
			(*n)++;
	}
}

/* Called by libconfuse for each key; a mistake does not stop it. */
static int
on_key(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct key *k = find_key(cfg_opt_name(opt));
	struct config *c = reading->config;
	const char *wrong = NULL;

	if (k == NULL || cfg_opt_size(opt) == 0)
		return 0;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_U32:
		wrong = set_number(c, k, cfg_opt_getnint(opt, 0));
		break;
	case KIND_BOOL:
		*(bool *)((char *)c + k->offset) =
		    cfg_opt_getnbool(opt, 0) == cfg_true;
		break;
	case KIND_ADDRESSES:
	case KIND_TARGETS:
		take_list(c, k, cfg, opt);
		break;
	default:
		wrong = set_text(c, k, cfg_opt_getnstr(opt, 0));
		break;
	}
	if (wrong != NULL)
		complain(cfg->line, false, "%s: %s", k->name, wrong);
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

static void
fill_options(cfg_opt_t *opts, cfg_opt_t *sampling)
{
	static cfg_opt_t const end = CFG_END();
	size_t n = 0;

	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];

		switch (k->kind) {
		case KIND_NUMBER:
		case KIND_U32: {
			cfg_opt_t o = CFG_INT(k->name, 0, CFGF_NODEFAULT);
			opts[n++] = o;
			break;
		}
		case KIND_BOOL: {
			cfg_opt_t o = CFG_BOOL(k->name, cfg_false,
			    CFGF_NODEFAULT);
			opts[n++] = o;
			break;
		}
		case KIND_ADDRESSES:
		case KIND_TARGETS: {
			cfg_opt_t o = CFG_STR_LIST(k->name, 0, CFGF_NODEFAULT);
			opts[n++] = o;
			break;
		}
		default: {
			cfg_opt_t o = CFG_STR(k->name, 0, CFGF_NODEFAULT);
			opts[n++] = o;
			break;
		}
		}
	}
	cfg_opt_t rate = CFG_INT("rate", 0, CFGF_NONE);
	cfg_opt_t force = CFG_BOOL("force", cfg_false, CFGF_NONE);
	sampling[0] = rate;
	sampling[1] = force;
	sampling[2] = end;
	cfg_opt_t sec = CFG_SEC("sampling_of", sampling,
	    CFGF_MULTI | CFGF_TITLE);
	opts[n++] = sec;
	opts[n] = end;
}

/* One reading of the text; false: stopped by a mistake. */
static bool
parse_once(struct reader *r, const char *text)
{
	cfg_opt_t opts[N_KEYS + 2], sampling[3];
	cfg_t *cfg;
	size_t kept = 0;
	bool ok;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].stops)
			r->v[kept++] = r->v[i];
	}
	r->n = kept;
	r->config->n_sampling = 0;
	fill_options(opts, sampling);
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL) {
		r->no_memory = true;
		return true;
	}
	(void)cfg_set_error_function(cfg, on_confuse_error);
	for (size_t i = 0; i < N_KEYS; i++)
		(void)cfg_set_validate_func(cfg, keys[i].name, on_key);
	(void)cfg_set_validate_func(cfg, "sampling_of", on_sampling);
	ok = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	(void)cfg_free(cfg);
	return ok;
}

/* Blanks line number line of the text; false: there is nothing on it. */
static bool
blank_line(char *text, int line)
{
	bool changed = false;

	while (line > 1 && (text = strchr(text, '\n')) != NULL) {
		text++;
		line--;
	}
	if (text == NULL || line < 1)
		return false;
	for (; *text != '\0' && *text != '\n'; text++) {
		changed |= *text != ' ';
		*text = ' ';
	}
	return changed;
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
	char line[5000], *text;
	struct err err;

	text = read_file(path, &err);
	if (text == NULL) {
		report(arg, err.msg);
		return -1;
	}
	reading = &r;
	for (int i = 0; i < MAX_MISTAKES && !parse_once(&r, text) &&
	    r.n > 0 && blank_line(text, r.v[r.n - 1].line); i++)
		;
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

int
config_check(const struct config *c, struct err *err)
{
	if (c->directory[0] == '\0')
		return err_set(err, "no data directory: say -l DIR");
	if (86400 % c->slot_sec != 0)
		return err_set(err, "slot of %d s: must divide a day (86400 s)",
		    c->slot_sec);
	if (c->capture != NULL && c->n_import > 0)
		return err_set(err, "-r and --import: only one of them");
	if (c->hook[0] != '\0' && hook_check(c->hook, err) == -1)
		return -1;
	if (c->expire && c->retain.max_age_sec == 0 &&
	    c->retain.max_bytes == 0 && c->retain.min_free_bytes == 0)
		return err_set(err, "expire needs max_age, max_size or "
		    "min_free in the configuration");
	return 0;
}

static void
print_default(FILE *f, const struct key *k)
{
	const struct decoder_limits *d = &decoder_defaults;
	size_t at = k->offset - MEMBER(decoder);

	if (k->value == NULL)
		fprintf(f, "%u", *(const uint32_t *)(const void *)
		    ((const char *)d + at));
	else if (k->kind == KIND_ADDRESSES || k->kind == KIND_TARGETS)
		fprintf(f, "{}");
	else if (k->kind == KIND_NUMBER || k->kind == KIND_U32 ||
	    k->kind == KIND_BOOL)
		fprintf(f, "%s", k->value);
	else
		fprintf(f, "\"%s\"", k->value);
}

void
config_print_example(FILE *f)
{
	fprintf(f, "# flowdb.conf: configuration of flowdbd, see "
	    "flowdb.conf(5).  Every key is here with\n# its default; options "
	    "of flowdbd win over this file.\n");
	for (size_t i = 0; i < N_KEYS; i++) {
		fprintf(f, "\n# %s\n%s = ", keys[i].doc, keys[i].name);
		print_default(f, &keys[i]);
		fprintf(f, "\n");
	}
	fprintf(f, "\n%s", example_sampling);
}
