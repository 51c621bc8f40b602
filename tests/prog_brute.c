/*
 * brute: the truth that flowq is held against.  From the same options as
 * flowgen it walks the same list of flows and prints what flowq -o csv must
 * print, byte by byte.  See brute.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/brute.h"
#include "tests/gen.h"
#include "tests/gen_options.h"

#define STAT_ROWS	10	/* without -n, as flowq */

static const char usage_text[] =
"usage: brute [options] --stat NAME[:p][/ORDER] [-n N] | --list | --filters\n"
"       brute [options] --bin SEC [--stat ... [-n N]]\n"
"\n"
"  --stat NAME    the statistic; -n 0: all rows (10)\n"
"  --list         the flows in order of arrival\n"
"  --filters      the names and texts of the filters\n"
"  --filter NAME  only flows that match\n"
"  --window FROM TO   only flows that overlap it, Unix ms, both inclusive;\n"
"                 --within: only flows that lie inside\n"
"  --arrived FROM TO  only flows that arrived then: whole shards\n"
"  --bin SEC      a time series; --zone SEC: of a clock that is ahead of UTC;\n"
"                 --no-spread: flows in the bin of their start\n"
"  --raw          counters as sent, not times the sampling rate\n"
GEN_OPTIONS_USAGE;

enum {
	OPT_STAT = 256, OPT_LIST, OPT_FILTER, OPT_FILTERS, OPT_WINDOW,
	OPT_WITHIN, OPT_ARRIVED, OPT_RAW, OPT_BIN, OPT_ZONE, OPT_NO_SPREAD,
	OPT_HELP
};

static const struct option long_options[] = {
	GEN_LONG_OPTIONS,
	{ "stat", required_argument, NULL, OPT_STAT },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "filters", no_argument, NULL, OPT_FILTERS },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "within", no_argument, NULL, OPT_WITHIN },
	{ "arrived", required_argument, NULL, OPT_ARRIVED },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "bin", required_argument, NULL, OPT_BIN },
	{ "zone", required_argument, NULL, OPT_ZONE },
	{ "no-spread", no_argument, NULL, OPT_NO_SPREAD },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

/* Unix ms, both inclusive; unused: all times. */
struct range {
	bool	used;
	int64_t	from_ms;
	int64_t	to_ms;
};

struct request {
	struct gen_options		 gen;
	struct brute_question		 question;	/* no stat: list */
	const struct brute_filter	*filter;
	bool				 filters;
	bool				 list;
	struct range			 window;
	bool				 within;
	struct range			 arrived;
	struct brute_bins		 bins;	/* bin_ms 0: no series */
	int64_t				 rows;	/* 0: all, -1: not said */
};

static int
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "brute: ");
	(void)vfprintf(stderr, fmt, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	return -1;
}

/* NAME[:p][/ORDER] */
static int
parse_stat(struct brute_question *q, const char *text)
{
	char name[32];
	char *slash, *colon;
	int order = ORDER_FLOWS;

	(void)snprintf(name, sizeof(name), "%s", text);
	slash = strchr(name, '/');
	if (slash != NULL) {
		*slash = '\0';
		order = brute_order_find(slash + 1);
	}
	colon = strchr(name, ':');
	if (colon != NULL) {
		*colon = '\0';
		q->by_proto = strcmp(colon + 1, "p") == 0;
	}
	q->stat = brute_stat_find(name);
	q->order = (enum brute_order)order;
	if (q->stat == NULL || order == -1 || (colon != NULL && !q->by_proto))
		return fail("--stat %s: no such statistic or order", text);
	return 0;
}

static int
parse_range(struct range *r, const char *from, const char *to)
{
	r->used = true;
	r->from_ms = gen_number(from, 0);
	r->to_ms = to == NULL ? -1 : gen_number(to, 0);
	if (r->from_ms == -1 || r->to_ms == -1)
		return fail("expected two times in Unix ms");
	return 0;
}

static int
take_option(struct request *r, int c, const char *value)
{
	int rc;

	switch (c) {
	case OPT_STAT:
		return parse_stat(&r->question, value);
	case OPT_LIST:
		r->list = true;
		return 0;
	case OPT_FILTER:
		r->filter = brute_filter_find(value);
		return r->filter != NULL ? 0 :
		    fail("--filter %s: there is none of that name", value);
	case OPT_FILTERS:
		r->filters = true;
		return 0;
	case OPT_WITHIN:
		r->within = true;
		return 0;
	case OPT_RAW:
		r->question.raw = true;
		return 0;
	case OPT_BIN:
		r->bins.bin_ms = gen_number(value, 1) * 1000;
		return r->bins.bin_ms > 0 ? 0 : fail("--bin: bad number");
	case OPT_ZONE:
		r->bins.zone_ms = gen_number(value, 0) * 1000;
		return r->bins.zone_ms >= 0 ? 0 : fail("--zone: bad number");
	case OPT_NO_SPREAD:
		r->bins.spread = false;
		return 0;
	case 'n':
		r->rows = gen_number(value, 0);
		return r->rows != -1 ? 0 : fail("-n %s: bad number", value);
	default:
		rc = gen_option(&r->gen, c, value);
		return rc == 1 ? 0 : fail("bad option or value");
	}
}

static int
parse(struct request *r, int argc, char **argv)
{
	int c, rc;

	r->gen = gen_defaults;
	r->rows = -1;
	r->bins.spread = true;
	while ((c = getopt_long(argc, argv, "+hn:", long_options, NULL)) !=
	    -1) {
		if (c == 'h' || c == OPT_HELP) {
			(void)fputs(usage_text, stdout);
			exit(0);
		}
		if (c == OPT_WINDOW || c == OPT_ARRIVED)
			rc = parse_range(c == OPT_WINDOW ? &r->window :
			    &r->arrived, optarg, optind < argc ?
			    argv[optind++] : NULL);
		else
			rc = take_option(r, c, optarg);
		if (rc == -1)
			return -1;
	}
	gen_options_done(&r->gen);
	if (optind < argc)
		return fail("what is %s?", argv[optind]);
	if (r->bins.bin_ms > 0 ? r->filters || r->list :
	    r->filters + r->list + (r->question.stat != NULL) != 1)
		return fail("one of --stat, --list, --filters: see --help");
	if (r->bins.bin_ms > 0 && r->window.used) {
		/* whole bins */
		r->window.from_ms = brute_bin_start(&r->bins,
		    r->window.from_ms);
		r->window.to_ms = brute_bin_start(&r->bins,
		    r->window.to_ms) + r->bins.bin_ms - 1;
	}
	return 0;
}

/* Does [first, last] reach into the range, or lie in it? */
static bool
in_range(const struct range *r, int64_t first, int64_t last, bool within)
{
	if (!r->used)
		return true;
	if (within)
		return first >= r->from_ms && last <= r->to_ms;
	return last >= r->from_ms && first <= r->to_ms;
}

static bool
wanted(const struct request *r, const struct flow *f, int64_t arrival_ms)
{
	return in_range(&r->arrived, arrival_ms, arrival_ms, true) &&
	    in_range(&r->window, f->first_ms, f->first_ms + f->duration_ms,
	    r->within) &&
	    (r->filter == NULL || r->filter->match(f, r->question.raw));
}

/* All flows that are asked about, malloc'd; NULL: out of memory. */
static struct flow *
collect(const struct request *r, struct gen *g, size_t *n)
{
	struct flow *v = calloc(r->gen.flows + 1, sizeof(*v));
	struct gen_burst b;

	*n = 0;
	while (v != NULL && gen_next(g, &b)) {
		for (size_t i = 0; i < b.n; i++) {
			if (wanted(r, &b.v[i], b.arrival_ms))
				v[(*n)++] = b.v[i];
		}
	}
	return v;
}

static int
answer_bins(const struct request *r, const struct gen *g,
    const struct flow *v, size_t n, const struct brute_group *s, size_t rows)
{
	struct brute_bins b = r->bins;

	b.raw = r->question.raw;
	b.stat = r->question.stat == NULL ? NULL : &r->question;
	b.top = s;
	b.n_top = rows;
	b.from_ms = r->window.used ? r->window.from_ms : INT64_MAX;
	b.to_ms = r->window.used ? r->window.to_ms : INT64_MIN;
	for (size_t i = 0; i < n && !r->window.used; i++) {
		int64_t last = v[i].first_ms + v[i].duration_ms;

		if (v[i].first_ms < b.from_ms)
			b.from_ms = v[i].first_ms;
		if (last > b.to_ms)
			b.to_ms = last;
	}
	if (b.from_ms <= b.to_ms)
		b.from_ms = brute_bin_start(&b, b.from_ms);
	return brute_print_bins(&b, g, v, n);
}

static int
answer(const struct request *r, const struct gen *g, const struct flow *v,
    size_t n)
{
	int64_t rows = r->rows != -1 ? r->rows : r->list ? 0 : STAT_ROWS;
	size_t most = rows == 0 ? SIZE_MAX : (size_t)rows;
	struct brute_group *s;
	size_t groups;
	int rc = 0;

	if (r->list) {
		brute_print_flows(g, v, n < most ? n : most, r->question.raw);
		return 0;
	}
	if (r->question.stat == NULL)
		return answer_bins(r, g, v, n, NULL, 0);
	s = brute_group(&r->question, g, v, n, &groups);
	if (s == NULL)
		return fail("out of memory");
	if (groups > most)
		groups = most;
	if (r->bins.bin_ms > 0)
		rc = answer_bins(r, g, v, n, s, groups);
	else
		brute_print_groups(&r->question, s, groups);
	free(s);
	return rc;
}

int
main(int argc, char **argv)
{
	struct request r = { .filter = NULL };
	const struct brute_filter *f;
	struct flow *v = NULL;
	struct gen *g;
	size_t n;
	int rc = -1;

	if (parse(&r, argc, argv) == -1)
		return 2;
	for (size_t i = 0; r.filters && (f = brute_filter_at(i)) != NULL; i++)
		(void)printf("%s\t%s\n", f->name, f->text);
	if (r.filters)
		return 0;
	g = gen_new(&r.gen);
	if (g != NULL)
		v = collect(&r, g, &n);
	if (v != NULL)
		rc = answer(&r, g, v, n);
	else
		(void)fail("out of memory");
	free(v);
	gen_free(g);
	return rc == 0 && fflush(stdout) == 0 ? 0 : 1;
}
