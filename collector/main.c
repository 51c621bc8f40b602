/*
 * flowdbd: options into a configuration, everything that can fail, then the
 * server.  See flowdbd(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/capture.h"
#include "collector/check.h"
#include "collector/config.h"
#include "collector/import.h"
#include "collector/log.h"
#include "collector/memory.h"
#include "collector/privs.h"
#include "collector/retain.h"
#include "collector/server.h"
#include "collector/ship_once.h"
#include "collector/status.h"
#include "schema/db.h"

#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2

static const char usage_text[] =
"usage: flowdbd [-Dehnvw] [-l DIR] [-p PORT] [-b ADDR] [-c FILE] [-r FILE]\n"
"\n"
"Collects NetFlow v5, v9 and IPFIX into one SQLite file an hour.\n"
"\n"
"  -l DIR       data directory (made when its parent exists)\n"
"  -p PORT      UDP port (2055)\n"
"  -b ADDR      listen on this address; repeatable (all, IPv4 and IPv6)\n"
"  -t SECONDS   length of a slot, must divide a day (3600)\n"
"  -w           accepted for nfcapd's sake: slots always align\n"
"  -B BYTES     socket receive buffer (16M)\n"
"  -s RATE      sampling of exporters that tell none; -RATE: of all\n"
"  -R HOST/PORT send a copy of each datagram there; repeatable\n"
"  -r FILE      read a capture (pcap, pcapng) instead of the network\n"
"  --import FILE   read CSV of flowq or nfdump instead; repeatable\n"
"  --utc        times of nfdump's CSV are UTC (else: the zone of TZ)\n"
"  -x COMMAND   run per sealed shard: %d folder %f file %t slot %u Unix %i\n"
"  -e           remove the oldest shards by the limits of the configuration\n"
"  --expire     do that once and exit; --dry-run only tells what it would\n"
"  --status     ask the running daemon what it does, and print it\n"
"  --ship URL[,URL]   send sealed shards to ClickHouse, once, and exit\n"
"  --cluster NAME   the nodes are of that cluster; needed for several\n"
"  --ship-dry-run   only tell which would be sent\n"
"  --ship-schema   print the SQL that makes the tables there\n"
"  -D           run in the background; -P FILE writes the process number\n"
"  -u USER -g GROUP   become these after the sockets are open\n"
"  -c FILE      configuration (" CONFIG_DEFAULT_PATH " when no -l)\n"
"  -n           check the configuration and exit; --example prints one\n"
"  --check      say what is wrong with a set-up that runs, or should\n"
"  --log FILE   write the log there\n"
"  -v           log more; -V prints the version; -h this help\n"
"\n"
"Signals: TERM stops, HUP reloads the configuration, USR1 logs counters.\n"
"Example: flowdbd -w -D -l /srv/netflow/cisco -p 34343\n";

enum { OPT_EXPIRE = 256, OPT_DRY_RUN, OPT_STATUS, OPT_EXAMPLE, OPT_LOG,
	OPT_IMPORT, OPT_UTC, OPT_CHECK, OPT_SHIP, OPT_CLUSTER,
	OPT_SHIP_DRY_RUN, OPT_SHIP_SCHEMA };

static const char short_options[] = ":l:p:b:t:wB:s:R:r:x:eDP:u:g:c:nvVh";

static const struct option long_options[] = {
	{ "directory", required_argument, NULL, 'l' },
	{ "port", required_argument, NULL, 'p' },
	{ "bind", required_argument, NULL, 'b' },
	{ "slot", required_argument, NULL, 't' },
	{ "buffer", required_argument, NULL, 'B' },
	{ "sampling", required_argument, NULL, 's' },
	{ "repeat", required_argument, NULL, 'R' },
	{ "read", required_argument, NULL, 'r' },
	{ "import", required_argument, NULL, OPT_IMPORT },
	{ "utc", no_argument, NULL, OPT_UTC },
	{ "hook", required_argument, NULL, 'x' },
	{ "expire", no_argument, NULL, OPT_EXPIRE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "status", no_argument, NULL, OPT_STATUS },
	{ "ship", required_argument, NULL, OPT_SHIP },
	{ "cluster", required_argument, NULL, OPT_CLUSTER },
	{ "ship-dry-run", no_argument, NULL, OPT_SHIP_DRY_RUN },
	{ "ship-schema", no_argument, NULL, OPT_SHIP_SCHEMA },
	{ "daemon", no_argument, NULL, 'D' },
	{ "pidfile", required_argument, NULL, 'P' },
	{ "user", required_argument, NULL, 'u' },
	{ "group", required_argument, NULL, 'g' },
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "example", no_argument, NULL, OPT_EXAMPLE },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Options of one run; lists replace those of the file. */
struct applied {
	int	listen;
	int	repeat;
	int	import;
};

static int
bad_value(int opt, const char *value, const char *want, struct err *err)
{
	return err_set(err, "option -%c %s: %s", opt, value, want);
}

static int
set_number(int opt, const char *text, long min, long max, int *out,
    struct err *err)
{
	char want[60], *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || v < min || v > max) {
		(void)snprintf(want, sizeof(want), "want a number from %ld "
		    "to %ld", min, max);
		return bad_value(opt, text, want, err);
	}
	*out = (int)v;
	return 0;
}

static int
add_text(char **list, size_t *n, size_t most, int *seen, int opt,
    const char *text, struct err *err)
{
	if (!*seen) {
		while (*n > 0)
			free(list[--*n]);
		*seen = 1;
	}
	if (*n == most)
		return bad_value(opt, text, "too many of these", err);
	list[*n] = strdup(text);
	if (list[*n] == NULL)
		return err_set(err, "out of memory");
	(*n)++;
	return 0;
}

/* "100": for exporters that tell none; "-100": whatever they tell. */
static int
set_sampling(struct config *c, const char *text, struct err *err)
{
	static const char *const everybody[2] = { "0.0.0.0/0", "::/0" };
	int rate;

	if (text[0] != '-') {
		if (set_number('s', text, 0, INT32_MAX, &rate, err) == -1)
			return -1;
		c->decoder.default_sampling = (uint32_t)rate;
		return 0;
	}
	if (set_number('s', text + 1, 1, INT32_MAX, &rate, err) == -1)
		return -1;
	c->n_sampling = 2;
	for (int i = 0; i < 2; i++) {
		struct config_sampling *s = &c->sampling[i];

		(void)prefix_parse(everybody[i], strlen(everybody[i]),
		    &s->who);
		s->rate = (uint32_t)rate;
		s->force = true;
	}
	return 0;
}

/* One option; -1 when its value is wrong. */
static int
apply(struct config *c, struct applied *a, int opt, const char *value,
    struct err *err)
{
	struct addr addr;
	int rc = 0;

	switch (opt) {
	case 'l':
		rc = config_set(&c->directory, value);
		break;
	case 'p':
		return set_number(opt, value, 1, 65535, &c->port, err);
	case 'b':
		if (addr_parse(value, strlen(value), &addr) == -1)
			return bad_value(opt, value, "no address", err);
		return add_text(c->listen, &c->n_listen, CONFIG_MAX_LISTEN,
		    &a->listen, opt, value, err);
	case 't':
		return set_number(opt, value, 1, 86400, &c->slot_sec, err);
	case 'B':
		if (config_parse_bytes(value, &c->receive_buffer) == -1)
			return bad_value(opt, value, "want a size from 1k to "
			    "1G, as 16M", err);
		break;
	case 's':
		return set_sampling(c, value, err);
	case 'R':
		return repeat_check(value, err) == -1 ? -1 :
		    add_text(c->repeat, &c->n_repeat, REPEAT_MAX,
		    &a->repeat, opt, value, err);
	case 'r':
		rc = config_set(&c->capture, value);
		break;
	case OPT_IMPORT:
		if (c->n_import == CONFIG_MAX_IMPORT)
			return err_set(err, "option --import: at most %d files",
			    CONFIG_MAX_IMPORT);
		return add_text(c->import, &c->n_import, CONFIG_MAX_IMPORT,
		    &a->import, opt, value, err);
	case OPT_UTC:
		c->import_utc = true;
		break;
	case 'x':
		rc = config_set(&c->hook, value);
		break;
	case 'e':
		c->expire = true;
		break;
	case OPT_EXPIRE:
		c->expire = c->expire_only = true;
		break;
	case OPT_DRY_RUN:
		c->expire = c->expire_only = c->dry_run = true;
		break;
	case OPT_STATUS:
		c->status_only = true;
		break;
	case OPT_SHIP:
		if (ship_options_nodes(&c->ship, value, err) == -1)
			return -1;
		c->ship_only = true;
		break;
	case OPT_CLUSTER:
		rc = config_set(&c->ship.cluster, value);
		break;
	case OPT_SHIP_DRY_RUN:
		c->ship_only = c->ship_dry = true;
		break;
	case OPT_SHIP_SCHEMA:
		c->ship_schema = true;
		break;
	case 'D':
		c->daemonize = true;
		break;
	case 'P':
		rc = config_set(&c->pidfile, value);
		break;
	case 'u':
		rc = config_set(&c->user, value);
		break;
	case 'g':
		rc = config_set(&c->group, value);
		break;
	case 'n':
		c->check_only = true;
		break;
	case OPT_CHECK:
		c->look_over = true;
		break;
	case OPT_LOG:
		rc = config_set(&c->log, value);
		break;
	case 'v':
		c->log_level = LOG_LEVEL_DEBUG;
		break;
	default:	/* -w; -c was read before */
		break;
	}
	return rc == -1 ? err_set(err, "out of memory") : 0;
}

/* Command line, file and where they were given, kept for SIGHUP. */
struct origin {
	int		 argc;
	char		**argv;
	char		 cwd[4096];	/* "": unknown */
	char		 path[8192];	/* of the file, "": none */
	int		 waiting;	/* -D: the parent's pipe, or -1 */
	const struct config *config;	/* at the start */
};

static void
print_mistake(void *arg, const char *text)
{
	(void)arg;
	log_error("%s", text);
}

/* The path when the daemon went to "/"; false: it was so already. */
static bool
absolute(const char *cwd, const char *path, char *out, size_t size)
{
	if (path[0] == '\0' || path[0] == '/' || cwd[0] == '\0')
		return false;
	(void)snprintf(out, size, "%s/%s", cwd, path);
	return true;
}

static int
make_absolute(const char *cwd, char **member)
{
	char path[8192];

	if (*member == NULL || !absolute(cwd, *member, path, sizeof(path)))
		return 0;
	return config_set(member, path);
}

/* Defaults, file, options, checks.  NULL: the mistakes have been told. */
static struct config *
load(const struct origin *src)
{
	struct config *c = config_new();
	struct applied applied = { 0, 0, 0 };
	struct err err;
	int opt, wrong = 0;

	if (c == NULL) {
		log_error("out of memory");
		return NULL;
	}
	if (src->path[0] != '\0' && config_read(c, src->path, print_mistake,
	    NULL) == -1)
		wrong = 1;
	optind = 1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread alone */
	while ((opt = getopt_long(src->argc, src->argv, short_options,
	    long_options, NULL)) != -1) {
		if (apply(c, &applied, opt, optarg, &err) == -1) {
			log_error("%s", err.msg);
			wrong = 1;
		}
	}
	if (config_check(c, print_mistake, NULL) == -1)
		wrong = 1;
	if (privs_check(c->user, c->group, &err) == -1) {
		log_error("%s", err.msg);
		wrong = 1;
	}
	if (make_absolute(src->cwd, &c->directory) == -1 ||
	    make_absolute(src->cwd, &c->pidfile) == -1 ||
	    make_absolute(src->cwd, &c->log) == -1 ||
	    make_absolute(src->cwd, &c->capture) == -1 ||
	    make_absolute(src->cwd, &c->metrics_file) == -1 ||
	    make_absolute(src->cwd, &c->status_socket) == -1 ||
	    make_absolute(src->cwd, &c->ship.ca_file) == -1)
		wrong = 1;
	if (wrong) {
		config_free(c);
		return NULL;
	}
	return c;
}

static struct config *
reload(void *arg)
{
	const struct origin *src = arg;
	struct config *c;

	if (src->path[0] == '\0') {
		log_info("reload: there is no configuration file");
		return NULL;
	}
	c = load(src);
	if (c == NULL)
		log_error("reload: keeping the old configuration");
	return c;
}

/* The exit status when all that was printed has gone out; told if not. */
static int
printed(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	log_warn("cannot write to standard output");
	return EXIT_FAILED;
}

static void
print_expired(void *arg, const char *path, uint64_t bytes,
    enum retain_reason why)
{
	(void)arg;
	printf("%s\t%llu\t%s\n", path, (unsigned long long)bytes,
	    retain_reason_text(why));
}

static int
expire_once(const struct config *c)
{
	struct retain_plan plan;
	uint64_t removed;
	struct err err;
	int rc;

	if (config_retain_plan(c, &plan) == -1)
		rc = err_set(&err, "out of memory");
	else
		rc = retain_expire(&plan, (int64_t)time(NULL) * 1000,
		    c->dry_run, print_expired, NULL, &removed, &err);
	retain_plan_clear(&plan);
	if (rc == -1) {
		log_error("%s", err.msg);
		return EXIT_FAILED;
	}
	printf("%llu shards %s\n", (unsigned long long)removed,
	    c->dry_run ? "would be removed" : "removed");
	return printed(EXIT_OK);
}

static int
ask_status(const struct config *c)
{
	char address[8192];
	struct err err;

	if (status_address(c->status_socket, c->directory, address,
	    sizeof(address), &err) == -1 ||
	    status_ask(address, stdout, &err) == -1) {
		log_error("%s", err.msg);
		return EXIT_FAILED;
	}
	return printed(EXIT_OK);
}

static void
ready(void *arg)
{
	const struct origin *src = arg;

	log_info("flowdb " FLOWDB_VERSION " receiving on port %d into %s",
	    src->config->port, src->config->directory);
	if (src->waiting != -1)
		privs_daemon_ready(src->waiting);
}

/* All folders with shards, for after privs_drop. */
static int
give_folders(const struct config *c, struct err *err)
{
	char path[CONFIG_PATH_MAX];

	if (privs_give(c->directory, c->user, c->group, err) == -1)
		return -1;
	for (size_t i = 0; i < c->n_sources; i++) {
		if (config_source_path(c, &c->sources[i], path) == 0 &&
		    privs_give(path, c->user, c->group, err) == -1)
			return -1;
	}
	return 0;
}

/* Everything that may fail, then the server. */
static int
run_server(struct config *c, struct origin *src, struct err *err)
{
	const struct server_calls calls = { ready, reload, src };
	struct server *s = server_new(c, err);
	int rc = -1;

	if (s != NULL &&
	    give_folders(c, err) == 0 &&
	    privs_drop(c->user, c->group, err) == 0 &&
	    log_open(c->log[0] == '\0' ? NULL : c->log, c->daemonize,
	    err) == 0) {
		src->config = c;
		rc = server_run(s, &calls, err);
	}
	server_free(s);
	return rc;
}

static int
serve(struct config *c, struct origin *src, struct err *err)
{
	int rc;

	if (c->daemonize && (src->waiting = privs_daemon(err)) == -1)
		return -1;
	if (c->pidfile[0] != '\0' && privs_pidfile(c->pidfile, err) == -1)
		return -1;
	rc = run_server(c, src, err);
	/* may fail without root's rights; then it stays, but not locked */
	if (c->pidfile[0] != '\0')
		(void)unlink(c->pidfile);
	return rc;
}

static int
read_capture(struct config *c, struct err *err)
{
	struct capture *capture = capture_open(c->capture, err);
	struct server *s;
	int rc = -1;

	if (capture == NULL)
		return -1;
	s = server_new(c, err);
	if (s != NULL)
		rc = server_read_capture(s, capture, isatty(STDERR_FILENO),
		    err);
	server_free(s);
	capture_close(capture);
	return rc;
}

static int
import(const struct config *c)
{
	struct import_counts counts;
	struct err err;
	int rc = import_csv(c, isatty(STDERR_FILENO), &counts, &err);

	if (rc == -1)
		log_error("%s", err.msg);
	if (rc == -1 && counts.accepted + counts.refused == 0)
		return EXIT_FAILED;
	printf("%llu flows imported, %llu rows refused\n",
	    (unsigned long long)counts.accepted,
	    (unsigned long long)counts.refused);
	return printed(rc == 0 && counts.refused == 0 ? EXIT_OK :
	    EXIT_FAILED);
}

/* The option that getopt_long stumbled over, as it was typed. */
static void
bad_option(const char *word, const char *what)
{
	/* -wZ: the word may be another one; --verbose=3: optopt is 'v' */
	if (optopt > 0 && optopt < OPT_EXPIRE && strchr(word, '=') == NULL)
		log_error("%s -%c (see -h)", what, optopt);
	else
		log_error("%s %s (see -h)", what, word);
}

/*
 * What needs no configuration: -h, -V, mistakes of the command line.  Finds
 * -c and -l on the way.  Returns the exit status, or -1 to go on.
 */
static int
first_look(int argc, char **argv, struct origin *src)
{
	int opt, has_dir = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread alone */
	while ((opt = getopt_long(argc, argv, short_options, long_options,
	    NULL)) != -1) {
		switch (opt) {
		case 'h':
			(void)fputs(usage_text, stdout);
			return printed(EXIT_OK);
		case 'V':
			printf("flowdbd " FLOWDB_VERSION "\n");
			return printed(EXIT_OK);
		case OPT_EXAMPLE:
			config_print_example(stdout);
			return printed(EXIT_OK);
		case 'c':
			if (!absolute(src->cwd, optarg, src->path,
			    sizeof(src->path)))
				(void)snprintf(src->path, sizeof(src->path),
				    "%s", optarg);
			break;
		case 'l':
			has_dir = 1;
			break;
		case ':':
			bad_option(argv[optind - 1], "no value for option");
			return EXIT_USAGE;
		case '?':
			bad_option(argv[optind - 1], "unknown option");
			return EXIT_USAGE;
		default:
			break;
		}
	}
	if (optind < argc) {
		log_error("unexpected argument \"%s\" (see -h)", argv[optind]);
		return EXIT_USAGE;
	}
	if (src->path[0] == '\0' && !has_dir &&
	    access(CONFIG_DEFAULT_PATH, F_OK) == 0)
		(void)snprintf(src->path, sizeof(src->path), "%s",
		    CONFIG_DEFAULT_PATH);
	return -1;
}

/* What the configuration asks for; the exit status. */
static int
run(struct config *c, struct origin *src)
{
	struct err err;
	int rc;

	if (c->check_only) {
		printf("configuration OK\n");
		if (c->log_level == LOG_LEVEL_DEBUG)
			memory_print(c, stdout);
		return printed(EXIT_OK);
	}
	if (c->status_only)
		return ask_status(c);
	if (c->look_over) {
		rc = check_setup(c, (int64_t)time(NULL) * 1000, stdout) > 0 ?
		    EXIT_FAILED : EXIT_OK;
		return printed(rc);
	}
	if (c->expire_only)
		return expire_once(c);
	if (c->ship_schema)
		return ship_print_schema(&c->ship, stdout) == 0 ?
		    EXIT_OK : EXIT_FAILED;
	if (c->ship_only)
		return ship_once(c) == 0 ? EXIT_OK : EXIT_FAILED;
	if (c->n_import > 0)
		return import(c);
	rc = c->capture != NULL ? read_capture(c, &err) :
	    serve(c, src, &err);
	if (rc == -1) {
		log_error("%s", err.msg);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int
main(int argc, char **argv)
{
	struct origin src = { .argc = argc, .argv = argv, .waiting = -1 };
	struct config *c;
	int rc;

	db_init();
	/* neither a closed pipe nor a limit on file sizes ends us midway */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (getcwd(src.cwd, sizeof(src.cwd)) == NULL)
		src.cwd[0] = '\0';
	/* for what is told before the log is known; cannot fail without a file */
	(void)log_open(NULL, false, NULL);
	rc = first_look(argc, argv, &src);
	if (rc != -1)
		return rc;
	(void)umask(0027);
	c = load(&src);
	if (c == NULL)
		return EXIT_USAGE;
	log_level_set((enum log_level)c->log_level);
	rc = run(c, &src);
	config_free(c);
	return rc;
}
