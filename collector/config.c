/*
 * The configuration: see config.h.  This file has the table of keys and what
 * needs no file: defaults, values, checks, the example.  Reading is in
 * config_read.c.
 */
#include "collector/config.h"

#include <stdlib.h>
#include <string.h>

#include "collector/config_key.h"
#include "collector/endpoint.h"
#include "collector/hook.h"
#include "collector/log.h"
#include "collector/privs.h"

#define MEMBER(m)	offsetof(struct config, m)

const struct config_key config_keys[CONFIG_KEYS] = {
	{ "directory", KIND_TEXT, MEMBER(directory), 0, 0,
	    "/var/lib/flowdb", "Where the shards are kept (-l)." },
	{ "names", KIND_TEXT, MEMBER(names), 0, 0, "",
	    "Tables of names that flowq shows beside numbers (its --names)." },
	{ "listen", KIND_ADDRESSES, 0, 0, 0, "",
	    "Addresses to listen on (-b); none: all, IPv4 and IPv6." },
	{ "port", KIND_NUMBER, MEMBER(port), 1, 65535, "2055",
	    "UDP port (-p)." },
	{ "receive_buffer", KIND_BYTES, MEMBER(receive_buffer), 0, 0, "16M",
	    "Socket buffer (-B). Without root, net.core.rmem_max limits it." },
	{ "allow", KIND_PREFIXES, MEMBER(allow), 0, 0, "",
	    "Addresses and networks that may send; none: all may." },
	{ "unknown", KIND_UNKNOWN, MEMBER(unknown), 0, 0, "accept",
	    "Senders of no source: accept, refuse, or folder (one for each)." },
	{ "max_folders", KIND_NUMBER, MEMBER(max_folders), 1,
	    CONFIG_MAX_FOLDERS, "100",
	    "So many folders of unknown senders; more of these are refused." },
	{ "batch_flows", KIND_NUMBER, MEMBER(batch_flows), 64, 1 << 20,
	    "16384", "Flows of one transaction; 16 times as many fit into memory." },
	{ "commit_ms", KIND_NUMBER, MEMBER(commit_ms), 10, 60000, "250",
	    "Milliseconds after which also fewer flows are stored." },
	{ "slot", KIND_SLOT, MEMBER(slot_sec), 1, 86400, "3600",
	    "Seconds a shard covers (-t); must divide a day." },
	{ "user", KIND_USER, MEMBER(user), 0, 0, "",
	    "User to become after the sockets are open (-u)." },
	{ "group", KIND_GROUP, MEMBER(group), 0, 0, "",
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
	{ "hook", KIND_HOOK, MEMBER(hook), 0, 0, "",
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
	{ "metrics_listen", KIND_ENDPOINT, MEMBER(metrics_listen), 0, 0, "",
	    "The same by HTTP: 127.0.0.1:9095 or unix:/run/flowdb/metrics." },
	{ "status_socket", KIND_TEXT, MEMBER(status_socket), 0, 0, "",
	    "Where --status asks; none: in the data directory." },
	{ "max_exporters", KIND_U32, MEMBER(decoder.max_exporters), 1, 0, NULL,
	    "Senders (address, version, domain) known at a time." },
	{ "max_templates", KIND_U32, MEMBER(decoder.max_templates), 1, 0, NULL,
	    "Templates per exporter." },
	{ "template_age", KIND_U32, MEMBER(decoder.template_age_sec), 0, 0,
	    NULL, "Seconds after which a template not sent again is stale; "
	    "0: never." },
};

static const char example_sections[] =
    "# A source: exporters with a name and a folder, by address or network;\n"
    "# the longest prefix wins.  May stand any number of times.\n"
    "# source \"cisco\" {\n"
    "#     address = { \"192.168.10.1\", \"10.1.0.0/16\" }\n"
    "#     directory = \"cisco\"  # below directory, or absolute; its name\n"
    "#     max_age = \"30d\"      # own limits instead of those above\n"
    "#     max_size = \"20G\"\n"
    "#     sampling = 0           # as sampling_of; 0: none\n"
    "#     force = false\n"
    "# }\n"
    "\n"
    "# Sampling of exporters that tell none, or (force) tell it wrong; the\n"
    "# first that fits wins. May stand any number of times.\n"
    "# sampling_of \"10.0.0.0/8\" {\n"
    "#     rate = 1000\n"
    "#     force = false\n"
    "# }\n";

static const char example_ship[] =
    "# Sealed shards also go to ClickHouse, from a thread of their own.\n"
    "# ship {\n"
    "#     nodes = { \"http://ch1:8123\", \"http://ch2:8123\" }\n"
    "#     cluster = \"flowdb\"    # its name there; a single node has none\n"
    "#     database = \"flowdb\"\n"
    "#     collector = \"\"        # our name there; none: the host's\n"
    "#     user = \"\"             # or $FLOWDB_BACKEND_USER\n"
    "#     password = \"\"         # or $FLOWDB_BACKEND_PASSWORD\n"
    "#     ca_file = \"\"          # for https; none: the system's\n"
    "#     gzip = false\n"
    "#     max_age = \"0\"         # how long they are kept there; 0: for ever\n"
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

int
config_add_prefix(struct config_prefixes *p, const char *text,
    struct err *err)
{
	struct prefix *v;

	if (p->n == CONFIG_MAX_PREFIXES)
		return err_set(err, "at most %d", CONFIG_MAX_PREFIXES);
	v = realloc(p->v, (p->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_set(err, "out of memory");
	p->v = v;
	if (prefix_parse(text, strlen(text), &v[p->n]) == -1)
		return err_set(err, "no address or network \"%s\"", text);
	p->n++;
	return 0;
}

const struct config_key *
config_key_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	}
	return NULL;
}

bool
config_key_is_text(const struct config_key *k)
{
	return k->kind == KIND_TEXT || k->kind == KIND_USER ||
	    k->kind == KIND_GROUP || k->kind == KIND_HOOK ||
	    k->kind == KIND_ENDPOINT;
}

bool
config_key_is_list(const struct config_key *k)
{
	return k->kind >= KIND_ADDRESSES;
}

static const char *const levels[] = { "error", "warning", "info", "debug",
	NULL };
static const char *const rules[] = { "accept", "refuse", "folder", NULL };

/* The place of a word in a list, -1 when it is not there. */
static int
find_word(const char *const *list, const char *text)
{
	for (int i = 0; list[i] != NULL; i++) {
		if (strcmp(text, list[i]) == 0)
			return i;
	}
	return -1;
}

static int
set_word(int *member, const char *const *list, const char *text)
{
	int i = find_word(list, text);

	if (i == -1)
		return -1;
	*member = i;
	return 0;
}

static int
check_text(const struct config_key *k, const char *text, struct err *err)
{
	switch (k->kind) {
	case KIND_USER:
		return privs_check(text, "", err);
	case KIND_GROUP:
		return privs_check("", text, err);
	case KIND_HOOK:
		return text[0] == '\0' ? 0 : hook_check(text, err);
	case KIND_ENDPOINT:
		return text[0] == '\0' ? 0 : endpoint_check(text, err);
	default:
		return 0;
	}
}

int
config_key_text(struct config *c, const struct config_key *k,
    const char *text, struct err *err)
{
	void *member = (char *)c + k->offset;

	switch (k->kind) {
	case KIND_BYTES:
		return config_parse_bytes(text, member) == 0 ? 0 :
		    err_set(err, "want a size from 1k to 1G, as 16M");
	case KIND_SIZE:
		return retain_size_parse(text, member) == 0 ? 0 :
		    err_set(err, "want a size, as 500M or 20G");
	case KIND_AGE:
		return retain_age_parse(text, member) == 0 ? 0 :
		    err_set(err, "want an age, as 36h or 30d");
	case KIND_LEVEL:
		return set_word(member, levels, text) == 0 ? 0 :
		    err_set(err, "want error, warning, info or debug");
	case KIND_UNKNOWN:
		return set_word(member, rules, text) == 0 ? 0 :
		    err_set(err, "want accept, refuse or folder");
	default:
		break;
	}
	if (check_text(k, text, err) == -1)
		return -1;
	return config_set(member, text) == 0 ? 0 :
	    err_set(err, "out of memory");
}

int
config_key_number(struct config *c, const struct config_key *k, long v,
    struct err *err)
{
	void *member = (char *)c + k->offset;
	long max = k->kind == KIND_U32 ? (long)UINT32_MAX : k->max;

	if (v < k->min || v > max)
		return err_set(err, "want a number from %ld to %ld", k->min,
		    max);
	if (k->kind == KIND_SLOT && 86400 % v != 0)
		return err_set(err, "%ld s: must divide a day (86400 s)", v);
	if (k->kind == KIND_U32)
		*(uint32_t *)member = (uint32_t)v;
	else
		*(int *)member = (int)v;
	return 0;
}

void
config_key_bool(struct config *c, const struct config_key *k, bool v)
{
	*(bool *)((char *)c + k->offset) = v;
}

static int
add_text(char **v, size_t *n, size_t most, const char *text, struct err *err)
{
	if (*n == most)
		return err_set(err, "at most %zu", most);
	v[*n] = strdup(text);
	if (v[*n] == NULL)
		return err_set(err, "out of memory");
	(*n)++;
	return 0;
}

int
config_key_add(struct config *c, const struct config_key *k,
    const char *text, struct err *err)
{
	struct addr a;

	switch (k->kind) {
	case KIND_PREFIXES:
		return config_add_prefix(&c->allow, text, err);
	case KIND_TARGETS:
		return repeat_check(text, err) == -1 ? -1 :
		    add_text(c->repeat, &c->n_repeat, REPEAT_MAX, text, err);
	default:
		if (addr_parse(text, strlen(text), &a) == -1)
			return err_set(err, "no address \"%s\"", text);
		return add_text(c->listen, &c->n_listen, CONFIG_MAX_LISTEN,
		    text, err);
	}
}

void
config_key_clear(struct config *c, const struct config_key *k)
{
	switch (k->kind) {
	case KIND_PREFIXES:
		c->allow.n = 0;
		break;
	case KIND_TARGETS:
		while (c->n_repeat > 0)
			free(c->repeat[--c->n_repeat]);
		break;
	default:
		while (c->n_listen > 0)
			free(c->listen[--c->n_listen]);
		break;
	}
}

static int
set_default(struct config *c, const struct config_key *k)
{
	struct err ignored;

	if (k->value == NULL || config_key_is_list(k))
		return 0;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SLOT:
	case KIND_U32:
		return config_key_number(c, k, strtol(k->value, NULL, 10),
		    &ignored);
	case KIND_BOOL:
		config_key_bool(c, k, strcmp(k->value, "true") == 0);
		return 0;
	default:
		return config_key_text(c, k, k->value, &ignored);
	}
}

struct config *
config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->decoder = decoder_defaults;
	if (ship_options_init(&c->ship) == -1) {
		config_free(c);
		return NULL;
	}
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (set_default(c, &config_keys[i]) == -1) {
			config_free(c);
			return NULL;
		}
	}
	return c;
}

void
config_clear_sources(struct config *c)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		free(c->sources[i].directory);
		free(c->sources[i].who.v);
	}
	free(c->sources);
	c->sources = NULL;
	c->n_sources = 0;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_keys[i];

		if (config_key_is_text(k))
			free(*(char **)((char *)c + k->offset));
		else if (config_key_is_list(k))
			config_key_clear(c, k);
	}
	for (size_t i = 0; i < c->n_import; i++)
		free(c->import[i]);
	config_clear_sources(c);
	free(c->allow.v);
	free(c->capture);
	ship_options_clear(&c->ship);
	free(c);
}

bool
config_has_limits(const struct config *c)
{
	bool any = c->retain.max_age_sec != 0 || c->retain.max_bytes != 0 ||
	    c->retain.min_free_bytes != 0;

	for (size_t i = 0; i < c->n_sources; i++)
		any |= c->sources[i].own.max_age_sec != 0 ||
		    c->sources[i].own.max_bytes != 0;
	return any;
}

int
config_check(const struct config *c,
    void (*report)(void *, const char *), void *arg)
{
	char line[700], path[CONFIG_PATH_MAX];
	struct err err;
	int rc = 0;

	if (c->directory[0] == '\0') {
		report(arg, "no data directory: say -l DIR");
		rc = -1;
	}
	if (c->capture != NULL && c->n_import > 0) {
		report(arg, "-r and --import: only one of them");
		rc = -1;
	}
	if (86400 % c->slot_sec != 0) {
		(void)snprintf(line, sizeof(line), "slot of %d s: must divide "
		    "a day (86400 s)", c->slot_sec);
		report(arg, line);
		rc = -1;
	}
	if (c->hook[0] != '\0' && hook_check(c->hook, &err) == -1) {
		report(arg, err.msg);
		rc = -1;
	}
	if (ship_options_check(&c->ship, &err) == -1) {
		report(arg, err.msg);
		rc = -1;
	}
	if (c->ship_only && c->ship.n_nodes == 0) {
		report(arg, "nowhere to ship to: say --ship URL");
		rc = -1;
	}
	if (c->expire && !config_has_limits(c)) {
		report(arg, "expire needs max_age, max_size or min_free in "
		    "the configuration");
		rc = -1;
	}
	for (size_t i = 0; i < c->n_sources; i++) {
		if (config_source_path(c, &c->sources[i], path) == 0)
			continue;
		(void)snprintf(line, sizeof(line), "source \"%s\": path too "
		    "long", c->sources[i].name);
		report(arg, line);
		rc = -1;
	}
	return rc;
}

int
config_source_path(const struct config *c, const struct config_source *s,
    char out[CONFIG_PATH_MAX])
{
	bool alone = s->directory[0] == '/' || strcmp(s->directory, ".") == 0;
	int n = snprintf(out, CONFIG_PATH_MAX, "%s%s%s",
	    s->directory[0] == '/' ? "" : c->directory, alone ? "" : "/",
	    strcmp(s->directory, ".") == 0 ? "" : s->directory);

	return n > 0 && n < CONFIG_PATH_MAX ? 0 : -1;
}

int
config_retain_plan(const struct config *c, struct retain_plan *p)
{
	char path[CONFIG_PATH_MAX];

	if (retain_plan_init(p, c->directory) == -1)
		return -1;
	p->shared = c->retain;
	p->active = c->expire;
	for (size_t i = 0; i < c->n_sources; i++) {
		if (config_source_path(c, &c->sources[i], path) == -1 ||
		    retain_plan_add(p, path, c->sources[i].name,
		    &c->sources[i].own) == -1)
			return -1;
	}
	return 0;
}

static void
print_default(FILE *f, const struct config_key *k)
{
	const struct decoder_limits *d = &decoder_defaults;
	size_t at = k->offset - MEMBER(decoder);

	if (k->value == NULL)
		fprintf(f, "%u", *(const uint32_t *)(const void *)
		    ((const char *)d + at));
	else if (config_key_is_list(k))
		fprintf(f, "{}");
	else if (k->kind == KIND_NUMBER || k->kind == KIND_SLOT ||
	    k->kind == KIND_U32 || k->kind == KIND_BOOL)
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
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_keys[i];

		fprintf(f, "\n# %s\n%s = ", k->doc, k->name);
		print_default(f, k);
		fprintf(f, "\n");
	}
	fprintf(f, "\n%s\n%s", example_sections, example_ship);
}
