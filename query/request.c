/*
 * Options into a request: see request.h.  The order of options is that of the
 * usage text and of flowq(1).
 */
#include "query/request.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/bins.h"
#include "query/page.h"
#include "query/top.h"

#define DEFAULT_MEMORY	(INT64_C(512) << 20)
#define LEAST_MEMORY	(INT64_C(1) << 20)
#define DEFAULT_LIMIT	10	/* rows of a statistic, as nfdump */
#define WORKERS_MAX	64
#define BACKEND_ENV	"FLOWDB_BACKEND"

enum {
	OPT_UTC = 256, OPT_WITHIN, OPT_RAW, OPT_NO_ROLLUP, OPT_NO_INDEX,
	OPT_NO_DNS, OPT_DNS, OPT_MEMORY, OPT_THREADS, OPT_SQL, OPT_EXPLAIN,
	OPT_SKIP_BAD, OPT_EXCEL, OPT_NAMES, OPT_GEO, OPT_EXPORTERS,
	OPT_BIN, OPT_NO_SPREAD, OPT_EXTRACT, OPT_REPORT, OPT_FORCE,
	OPT_SHELL, OPT_TOP, OPT_BACKEND, OPT_PARTIAL
};

static const char short_options[] =
    ":R:r:M:t:f:s:A:abBO:n:c:P:Io:qN6ZVh";

static const struct option long_options[] = {
	{ "utc", no_argument, NULL, OPT_UTC },
	{ "within", no_argument, NULL, OPT_WITHIN },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "no-rollup", no_argument, NULL, OPT_NO_ROLLUP },
	{ "no-index", no_argument, NULL, OPT_NO_INDEX },
	{ "no-dns", no_argument, NULL, OPT_NO_DNS },
	{ "dns", no_argument, NULL, OPT_DNS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "sql", no_argument, NULL, OPT_SQL },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "skip-bad", no_argument, NULL, OPT_SKIP_BAD },
	{ "excel", no_argument, NULL, OPT_EXCEL },
	{ "names", required_argument, NULL, OPT_NAMES },
	{ "geo", required_argument, NULL, OPT_GEO },
	{ "exporters", no_argument, NULL, OPT_EXPORTERS },
	{ "bin", required_argument, NULL, OPT_BIN },
	{ "no-spread", no_argument, NULL, OPT_NO_SPREAD },
	{ "extract", required_argument, NULL, OPT_EXTRACT },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "shell", no_argument, NULL, OPT_SHELL },
	{ "top", no_argument, NULL, OPT_TOP },
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "allow-partial", no_argument, NULL, OPT_PARTIAL },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* What is known only when all options are read. */
struct pending {
	const char	*stats[GROUPS_MAX];
	size_t		 n_stats;
	const char	*fields;	/* -A */
	const char	*order;		/* -O */
	const char	*bin;		/* --bin */
	bool		 record;	/* -a */
	bool		 bidir;		/* -b, -B */
	const char	**text;		/* where an error is */
};

static int
parse_count(const char *name, const char *value, int64_t max, int64_t *out,
    struct err *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(value, &end, 10);
	if (end == value || *end != '\0' || errno != 0 || v < 0 || v > max)
		return err_set(err, "%s: expected a number from 0 to %lld, "
		    "got \"%.60s\"", name, (long long)max, value);
	*out = v;
	return 0;
}

/* "512M": bytes with k, M, G of 1024. */
static int
parse_memory(const char *value, int64_t *out, struct err *err)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	long long v;

	errno = 0;
	v = strtoll(value, &end, 10);
	if (end != value && errno == 0 && v > 0 && *end != '\0' &&
	    (unit = strchr(units, *end | 0x20)) != NULL && end[1] == '\0') {
		int shift = 10 * (int)(unit - units + 1);

		if (v <= INT64_MAX >> shift) {
			v = (long long)((unsigned long long)v << shift);
			end++;
		}
	}
	if (end == value || *end != '\0' || errno != 0 || v < LEAST_MEMORY)
		return err_set(err, "--memory: expected a size of 1M or more "
		    "such as 512M or 2G, got \"%.60s\"", value);
	*out = v;
	return 0;
}

static int
add_stat(struct pending *p, const char *text, struct err *err)
{
	if (p->n_stats == GROUPS_MAX)
		return err_set(err, "-s: more than %d statistics", GROUPS_MAX);
	p->stats[p->n_stats++] = text;
	return 0;
}

static int
add_task(struct request *r, enum request_task task, struct err *err)
{
	if (r->task != TASK_ANSWER && r->task != task)
		return err_set(err, "only one of -I, -Z, --exporters, "
		    "--sql, --bin, --extract, --report, --shell and --top "
		    "can be asked for");
	r->task = task;
	return 0;
}

static int
apply_long(struct request *r, int opt, const char *value, struct err *err)
{
	int64_t n;

	switch (opt) {
	case OPT_UTC:
		r->print.utc = true;
		break;
	case OPT_WITHIN:
		r->within = true;
		break;
	case OPT_RAW:
		r->print.raw = true;
		break;
	case OPT_NO_ROLLUP:
		r->no_rollup = true;
		break;
	case OPT_NO_INDEX:
		r->no_index = true;
		break;
	case OPT_NO_DNS:
		r->no_dns = true;
		break;
	case OPT_DNS:
		r->dns = true;
		break;
	case OPT_MEMORY:
		return parse_memory(value, &r->memory, err);
	case OPT_THREADS:
		if (parse_count("--threads", value, WORKERS_MAX, &n,
		    err) == -1)
			return -1;
		r->workers = (int)n;
		break;
	case OPT_SQL:
		return add_task(r, TASK_SCRIPT, err);
	case OPT_EXPLAIN:
		r->explain = true;
		break;
	case OPT_SKIP_BAD:
		r->skip_bad = true;
		break;
	case OPT_EXCEL:
		r->print.excel = true;
		break;
	case OPT_NAMES:
		r->names = value;
		break;
	case OPT_GEO:
		r->geo = value;
		break;
	case OPT_EXPORTERS:
		return add_task(r, TASK_EXPORTERS, err);
	case OPT_NO_SPREAD:
		r->no_spread = true;
		break;
	case OPT_EXTRACT:
		r->extract = value;
		return add_task(r, TASK_EXTRACT, err);
	case OPT_REPORT:
		r->page = value;
		return add_task(r, TASK_PAGE, err);
	case OPT_FORCE:
		r->force = true;
		break;
	case OPT_SHELL:
		return add_task(r, TASK_SHELL, err);
	case OPT_TOP:
		return add_task(r, TASK_TOP, err);
	case OPT_BACKEND:
		r->backend = value;
		break;
	case OPT_PARTIAL:
		r->partial = true;
		break;
	default:
		break;
	}
	return 0;
}

static int
apply(struct request *r, struct pending *p, int opt, const char *value,
    struct err *err)
{
	switch (opt) {
	case 'R':
		r->where.range = value;
		break;
	case 'r':
		r->where.file = value;
		break;
	case 'M':
		r->where.dirs = value;
		break;
	case 't':
		r->window = value;
		break;
	case 'f':
		r->filter_file = value;
		break;
	case 's':
		return add_stat(p, value, err);
	case 'A':
		p->fields = value;
		break;
	case 'a':
		p->record = true;
		break;
	case 'B':
		r->to_server = true;
		p->bidir = true;
		break;
	case 'b':
		p->bidir = true;
		break;
	case 'O':
		p->order = value;
		break;
	case 'n':
		r->has_limit = true;
		return parse_count("-n", value, INT32_MAX, &r->limit, err);
	case 'c':
		return parse_count("-c", value, INT64_MAX, &r->most_flows,
		    err);
	case 'P':
		r->having = value;
		break;
	case 'I':
		return add_task(r, TASK_INFO, err);
	case 'o':
		r->format = value;
		break;
	case 'q':
		r->print.quiet = true;
		break;
	case 'N':
		r->print.plain = true;
		break;
	case '6':
		r->print.full_ip6 = true;
		break;
	case 'Z':
		return add_task(r, TASK_CHECK, err);
	case OPT_BIN:
		p->bin = value;
		return add_task(r, TASK_SERIES, err);
	case 'V':
		r->task = TASK_VERSION;
		break;
	case 'h':
		r->task = TASK_HELP;
		break;
	default:
		return apply_long(r, opt, value, err);
	}
	return 0;
}

/* Puts the option before the message. */
static int
of_option(const char *option, struct err *err)
{
	char msg[sizeof(err->msg)];

	(void)snprintf(msg, sizeof(msg), "%s: %.500s", option, err->msg);
	memcpy(err->msg, msg, sizeof(msg));
	return -1;
}

static int
make_groups(struct request *r, const struct pending *p, struct err *err)
{
	const struct order *order = r->has_order ? &r->order : NULL;

	r->groups = calloc(p->n_stats + 1, sizeof(*r->groups));
	if (r->groups == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < p->n_stats; i++) {
		*p->text = p->stats[i];
		if (group_parse_stat(p->stats[i], order, &r->groups[i],
		    err) == -1)
			return of_option("-s", err);
		r->n_groups++;
	}
	if (p->fields != NULL) {
		*p->text = p->fields;
		if (group_parse_fields(p->fields, &r->groups[0], err) == -1)
			return of_option("-A", err);
		r->n_groups = 1;
	} else if (p->record || p->bidir) {
		group_record(&r->groups[0]);
		r->groups[0].bidir = p->bidir;
		r->n_groups = 1;
	}
	if (r->n_groups == 1 && r->groups[0].n_orders == 0) {
		/* not by statistics: nfdump's order of flows */
		r->groups[0].order[0] = r->order;
		r->groups[0].n_orders = 1;
		r->groups[0].out = r->order.out && !p->bidir;
	}
	return 0;
}

static bool
all_stats(const struct request *r)
{
	for (size_t i = 0; i < r->n_groups; i++) {
		if (r->groups[i].kind != GROUP_STAT)
			return false;
	}
	return r->n_groups > 0;
}

/* What goes with --report. */
static int
check_page(struct request *r, struct err *err)
{
	if (r->n_groups > 0 || r->has_order || r->format != NULL ||
	    r->most_flows > 0)
		return err_set(err, "--report takes no -s, -A, -a, -b, -B, "
		    "-O, -c and -o");
	if (!r->has_limit)
		r->limit = DEFAULT_LIMIT;
	if (r->limit < 1 || r->limit > PAGE_ROWS_MAX)
		return err_set(err, "--report takes a -n from 1 to %d",
		    PAGE_ROWS_MAX);
	return 0;
}

/*
 * A cluster has flows, no files.  The environment names one for those
 * questions only that it can answer.
 */
static int
check_backend(struct request *r, struct err *err)
{
	const char *files = r->task == TASK_EXTRACT ? "--extract" :
	    r->task == TASK_SHELL ? "--shell" :
	    r->task == TASK_PAGE ? "--report" :
	    r->task == TASK_TOP ? "--top" : NULL;
	const char *env = getenv(BACKEND_ENV);

	if (r->backend != NULL && *r->backend == '\0')
		r->backend = NULL;	/* shards, whatever the environment */
	else if (r->backend == NULL && files == NULL && env != NULL &&
	    *env != '\0')
		r->backend = env;
	if (r->backend != NULL && files != NULL)
		return err_set(err, "%s reads shards: it does not go with "
		    "--backend", files);
	return 0;
}

/* What goes with --bin, --extract and --shell, and what does not. */
static int
check_task(struct request *r, struct pending *p, struct err *err)
{
	const struct group *g = &r->groups[0];

	if (r->task == TASK_SERIES) {
		if (r->n_groups > 1 || (r->n_groups == 1 &&
		    (g->kind != GROUP_STAT || g->n_orders != 1)))
			return err_set(err, "--bin takes one -s STAT with one "
			    "order, no record and no -A, -a, -b, -B");
		*p->text = p->bin;
		if (bin_span_parse(p->bin, &r->bin_ms, err) == -1)
			return of_option("--bin", err);
		*p->text = NULL;
	} else if (r->no_spread) {
		return err_set(err, "--no-spread goes with --bin");
	}
	if (r->task != TASK_EXTRACT && r->task != TASK_PAGE && r->force)
		return err_set(err, "--force goes with --extract and "
		    "--report");
	if (r->task == TASK_PAGE)
		return check_page(r, err);
	if (r->format != NULL && strcmp(r->format, "chart") == 0 &&
	    r->task == TASK_ANSWER && !all_stats(r))
		return err_set(err, "-o chart draws statistics (-s) and time "
		    "series (--bin), no flows");
	if ((r->task == TASK_EXTRACT || r->task == TASK_SHELL) &&
	    (r->n_groups > 0 || r->has_order || r->format != NULL))
		return err_set(err, "%s takes no -s, -A, -a, -b, -O and -o",
		    r->task == TASK_SHELL ? "--shell" : "--extract");
	return 0;
}

static int
finish(struct request *r, struct pending *p, struct err *err)
{
	bool aggregates = p->fields != NULL || p->record || p->bidir;

	if (p->n_stats > 0 && aggregates)
		return err_set(err, "-s and -A, -a, -b, -B exclude each "
		    "other");
	if (p->fields != NULL && (p->record || p->bidir))
		return err_set(err, "-A and -a, -b, -B exclude each other");
	if (r->task == TASK_INFO && (p->n_stats > 0 || aggregates))
		return err_set(err, "-I and -s, -A, -a, -b, -B exclude each "
		    "other");
	(void)order_parse("tstart", 6, false, &r->order, err);
	if (r->task == TASK_TOP && p->order == NULL)
		p->order = "bytes";
	if (p->order != NULL) {
		*p->text = p->order;
		if (order_parse(p->order, strlen(p->order), p->n_stats > 0,
		    &r->order, err) == -1)
			return of_option("-O", err);
		r->has_order = true;
	}
	if (make_groups(r, p, err) == -1)
		return -1;
	*p->text = NULL;
	if (r->having != NULL && r->n_groups == 0)
		return err_set(err, "-P filters what -s, -A or -a added up: "
		    "give one of them");
	if (!r->has_limit)
		r->limit = p->n_stats > 0 ? DEFAULT_LIMIT : 0;
	if (check_backend(r, err) == -1)
		return -1;
	return check_task(r, p, err);
}

/* The words behind the options, with blanks between them. */
static int
join_words(struct request *r, int argc, char **argv, struct err *err)
{
	size_t size = 1, at = 0;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	r->filter = malloc(size);
	if (r->filter == NULL)
		return err_set(err, "out of memory");
	r->filter[0] = '\0';
	for (int i = 0; i < argc; i++)
		at += (size_t)snprintf(r->filter + at, size - at, "%s%s",
		    i > 0 ? " " : "", argv[i]);
	if (argc > 0 && r->filter_file != NULL)
		return err_set(err, "-f and a filter on the command line "
		    "exclude each other");
	return 0;
}

/* "--top dstip proto tcp": the statistic is no word of the filter. */
static int
take_stat(struct request *r, struct pending *p, int argc, char **argv,
    struct err *err)
{
	bool is_stat;

	if (join_words(r, argc, argv, err) == -1)
		return -1;
	is_stat = p->n_stats == 0 && argc > 0 &&
	    top_begins_with_stat(r->filter) && strpbrk(argv[0], " \t") == NULL;
	if (!is_stat)
		return 0;
	free(r->filter);
	r->filter = NULL;
	if (add_stat(p, argv[0], err) == -1)
		return -1;
	return join_words(r, argc - 1, argv + 1, err);
}

/* last: of the words read so far; a short option may be within the next. */
static int
unknown_option(const char *last, struct err *err)
{
	static const struct {
		int		 option;
		const char	*instead;
	} nfdump[] = {
		{ 'E', "--exporters" }, { 'G', "--geo FILE" },
		{ 'g', "--bin 5m" },
		{ 'L', "the filter \"bytes > N\"" },
		{ 'l', "the filter \"packets > N\"" },
		{ 'm', "-O tstart" }, { 'w', "--extract FILE" },
		{ 'X', "--sql" }
	};

	if (optopt == 0)
		return err_set(err, "unknown option %s (see flowq --help)",
		    last);
	if (optopt > UCHAR_MAX || optopt == 'V' || optopt == 'h')
		return err_set(err, "option %.*s takes no value (see flowq "
		    "--help)", (int)strcspn(last, "="), last);
	for (size_t i = 0; i < sizeof(nfdump) / sizeof(nfdump[0]); i++) {
		if (nfdump[i].option == optopt)
			return err_set(err, "unknown option -%c: what nfdump "
			    "does by it is %s here", optopt,
			    nfdump[i].instead);
	}
	return err_set(err, "unknown option -%c (see flowq --help)", optopt);
}

int
request_parse(struct request *r, int argc, char **argv, const char **text,
    struct err *err)
{
	struct pending p = { .text = text };
	int opt;

	*text = NULL;
	*r = (struct request){ .memory = DEFAULT_MEMORY };
	opterr = 0;
	optind = 0;	/* of glibc: from the start, whatever was before */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread is there */
	while ((opt = getopt_long(argc, argv, short_options, long_options,
	    NULL)) != -1) {
		if (opt == ':' && optopt > 0 && optopt < OPT_UTC)
			return err_set(err, "option -%c needs a value (see "
			    "flowq --help)", optopt);
		if (opt == ':')
			return err_set(err, "option %s needs a value (see "
			    "flowq --help)", argv[optind - 1]);
		if (opt == '?')
			return unknown_option(argv[optind - 1], err);
		if (apply(r, &p, opt, optarg, err) == -1)
			return -1;
		if (r->task == TASK_VERSION || r->task == TASK_HELP)
			return 0;
	}
	if (optind < argc && strcmp(argv[optind], "help") == 0) {
		r->task = TASK_HELP;
		r->topic = optind + 1 < argc ? argv[optind + 1] : NULL;
		return 0;
	}
	if (r->task == TASK_SHELL) {
		/* words are sqlite3's, not a filter */
		r->shell_args = argv + optind;
		optind = argc;
	}
	if (r->task == TASK_TOP) {
		if (take_stat(r, &p, argc - optind, argv + optind, err) == -1)
			return -1;
	} else if (join_words(r, argc - optind, argv + optind, err) == -1) {
		return -1;
	}
	return finish(r, &p, err);
}

void
request_clear(struct request *r)
{
	free(r->filter);
	free(r->groups);
	*r = (struct request){ .filter = NULL };
}
