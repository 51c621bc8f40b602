/*
 * flowq: options, filter and window into a question, the question to the
 * shards, the answer to stdout.  See flowq(1).
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "query/answer.h"
#include "query/bins.h"
#include "query/caret.h"
#include "query/defaults.h"
#include "query/exporters.h"
#include "query/fmt.h"
#include "query/geo.h"
#include "query/help.h"
#include "query/print.h"
#include "query/progress.h"
#include "query/rdns.h"
#include "query/resolve.h"
#include "query/rights.h"
#include "query/script.h"
#include "query/shell.h"
#include "query/source.h"
#include "query/terminal.h"
#include "query/top.h"
#include "query/window.h"
#include "schema/db.h"

#define WHO		"flowq"
#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2

/* Lines of a sheet of Excel and LibreOffice, the header being one. */
#define SHEET_ROWS	1048576

/* The only thing a signal handler may touch. */
static atomic_bool interrupted;

static void
on_interrupt(int sig)
{
	(void)sig;
	atomic_store(&interrupted, true);
}

static int
complain(const struct err *err, int rc)
{
	/* not where SQLite stood when the user had enough */
	(void)fprintf(stderr, WHO ": %s\n", err->code == ERR_STOPPED ?
	    "interrupted" : err->msg);
	return rc;
}

/* An error in text, with the place; or one without. */
static int
complain_at(const char *text, const struct err *err)
{
	if (err->code == ERR_SYNTAX && text != NULL)
		caret_print(stderr, WHO, NULL, text, err);
	else
		(void)complain(err, 0);
	return EXIT_USAGE;
}

/* ---- countries ---- */

/* The database that --geo or the system has; opened once, when needed. */
struct places {
	const char	*path;		/* of --geo; NULL: the system's */
	struct geo	*geo;
};

/* Fits filter_env.geo. */
static const struct geo *
open_places(void *arg, struct err *err)
{
	struct places *p = arg;
	const char *path = p->path != NULL ? p->path : default_geo();

	if (p->geo != NULL)
		return p->geo;
	if (!geo_available())
		(void)err_set(err, "geo needs libmaxminddb, which this flowq "
		    "was built without");
	else if (path == NULL)
		(void)err_set(err, "geo needs a country database: --geo "
		    "FILE|DIR, or *.mmdb in /usr/share/GeoIP");
	else
		p->geo = geo_open(path, err);
	return p->geo;
}

static bool
format_has_place(const char *format)
{
	struct fmt f = { .items = NULL };
	bool has = false;

	if (format != NULL && strncmp(format, "fmt:", 4) == 0)
		has = fmt_add(&f, format + 4, 0, NULL) == 0;
	else if (format != NULL && strncmp(format, "csv:", 4) == 0)
		has = fmt_add_list(&f, format + 4, 0, NULL) == 0;
	has = has && fmt_has_place(&f);
	fmt_clear(&f);
	return has;
}

static bool
needs_places(const struct request *r)
{
	bool needed = format_has_place(r->format);

	for (size_t i = 0; i < r->n_groups; i++)
		needed = needed || group_has_place(&r->groups[i],
		    GEO_COUNTRY) || group_has_place(&r->groups[i], GEO_AS);
	return needed;
}

/* Opens it where the answer needs it, and hands it to the groups. */
static int
find_places(const struct request *r, struct places *p, struct err *err)
{
	static const char *const what[GEO_KINDS] = {
	    [GEO_COUNTRY] = "countries", [GEO_AS] = "AS numbers" };
	bool needed = needs_places(r);

	if (needed && r->backend != NULL)
		return err_set(err, "countries and AS numbers of addresses are "
		    "looked up for flows in shards: a cluster (--backend) can "
		    "filter by them, not show them");
	if ((needed || p->path != NULL) && open_places(p, err) == NULL)
		return -1;
	for (size_t i = 0; i < r->n_groups; i++) {
		for (enum geo_what w = GEO_COUNTRY; w < GEO_KINDS; w++) {
			if (group_has_place(&r->groups[i], w) &&
			    !geo_knows(p->geo, w))
				return err_set(err, "%s needs %s, which %s "
				    "does not know", r->groups[i].part[0].name,
				    what[w], p->path != NULL ? p->path :
				    "the database");
		}
		r->groups[i].geo = p->geo;
	}
	return 0;
}

/* ---- input of the question ---- */

static int
read_filter(const struct request *r, const struct filter_env *env,
    struct source *src, struct filter **filter)
{
	struct err err;
	int rc = r->filter_file != NULL ?
	    source_file(src, r->filter_file, &err) :
	    source_text(src, r->filter, &err);

	*filter = NULL;
	if (rc == 0)
		*filter = filter_parse_env(src->text, env, &err);
	if (*filter != NULL)
		return 0;
	source_report(stderr, WHO, src, &err);
	return EXIT_USAGE;
}

static int
read_having(const struct request *r, const struct filter_env *env,
    struct filter **having)
{
	struct err err;

	*having = NULL;
	if (r->having == NULL)
		return 0;
	*having = filter_parse_env(r->having, env, &err);
	if (*having != NULL)
		return 0;
	caret_print(stderr, WHO ": -P", NULL, r->having, &err);
	return EXIT_USAGE;
}

/* Before any shard is looked for: a mistake in -o is one of usage. */
static int
check_format(const struct request *r, struct out *out)
{
	struct err err;

	if (answer_accepts(r, out, &err) == 0)
		return 0;
	if (err.code != ERR_SYNTAX)
		return complain(&err, EXIT_FAILED);
	caret_print(stderr, WHO ": -o", NULL, r->format, &err);
	return EXIT_USAGE;
}

/* --bin shows whole bins: the window's ends become theirs. */
static void
widen(const struct request *r, bool has_from, int64_t *from_ms, bool has_to,
    int64_t *to_ms)
{
	if (r->task != TASK_SERIES)
		return;
	if (has_from)
		*from_ms = bin_first_ms(r->bin_ms, r->print.utc, *from_ms);
	if (has_to)
		*to_ms = bin_last_ms(r->bin_ms, r->print.utc, *to_ms);
}

static int
apply_window(struct answer *a, const struct window *w)
{
	struct question *q = &a->q;
	struct err err;
	int64_t first, last;

	q->from_ms = w->has_from ? w->from_ms : INT64_MIN;
	q->to_ms = w->has_to ? w->to_ms : INT64_MAX;
	q->has_window = w->has_from || w->has_to;
	if (w->relative == WINDOW_FIXED)
		return 0;
	if (a->backend->calls->range(a->backend, &interrupted,
	    a->work.skip_bad, &first, &last, &err) == -1)
		return complain(&err, EXIT_FAILED);
	if (first > last)
		return 0;
	q->has_window = true;
	/* a shard may lie about its times: saturating */
	q->from_ms = w->relative == WINDOW_FIRST ? first :
	    tally_plus(last, -w->span_ms);
	q->to_ms = w->relative == WINDOW_FIRST ?
	    tally_plus(first, w->span_ms) : last;
	widen(a->request, true, &q->from_ms, true, &q->to_ms);
	return 0;
}

/* There is nothing to read; perhaps nobody said where it is. */
static int
complain_where(const struct where *where, const struct err *err)
{
	const char *dir = where->range != NULL ? where->range :
	    where->fallback;
	char text[RIGHTS_TEXT_MAX];

	if (rights_missing(dir, text)) {
		(void)complain(err, EXIT_FAILED);
		(void)fprintf(stderr, WHO ": %s\n", text);
		return EXIT_FAILED;
	}
	if (where->range != NULL || where->file != NULL ||
	    where->dirs != NULL)
		return complain(err, err->code == ERR_SYNTAX ? EXIT_USAGE :
		    EXIT_FAILED);
	(void)fprintf(stderr, WHO ": %s: say where the flows are, by -R DIR "
	    "or FLOWDB_DIR\n", err->msg);
	return EXIT_FAILED;
}

static int
find_shards(const struct request *r, const struct window *w,
    struct answer *a)
{
	struct where where = r->where;
	char *fallback = default_dir();
	int64_t from_ms;
	struct err err;
	int rc = fallback == NULL ? err_set(&err, "out of memory") : 0;

	where.fallback = fallback;
	if (rc == 0)
		rc = where_list(&where, &a->list, &a->work.named, &err);
	if (rc == -1 && fallback != NULL)
		rc = complain_where(&where, &err);
	else if (rc == -1)
		rc = complain(&err, EXIT_FAILED);
	free(fallback);
	if (rc != 0)
		return rc;
	if (a->list.n == 0)
		(void)fprintf(stderr, WHO ": no shards in this range\n");
	a->report.considered = a->list.n;
	if (!w->has_from)
		return 0;
	from_ms = w->from_ms;
	/* which is compared with the window before it */
	if (r->task == TASK_PAGE && w->has_to)
		from_ms -= w->to_ms - w->from_ms + 1;
	for (size_t i = 0; i < a->list.n; i++) {
		if (where_is_old(&a->list.v[i], from_ms))
			report_unused(&a->report, &a->list.v[i], 0, "skipped "
			    "by its name: it ends before the window");
	}
	a->report.by_name = (int64_t)where_cut(&a->list, from_ms);
	a->report.skipped = a->report.by_name;
	return 0;
}

/* Shards that were asked for beside a cluster; else there are none. */
static bool
wants_shards(const struct request *r)
{
	return r->backend == NULL || r->where.range != NULL ||
	    r->where.file != NULL || r->where.dirs != NULL;
}

static int
open_backend(const struct request *r, struct answer *a)
{
	struct backend_ch_options o = { .url = r->backend,
		.partial = r->partial, .stop = &interrupted,
		.local = &a->list };
	struct err err, missing;

	if (r->backend == NULL) {
		a->backend = backend_shards(&a->list);
		if (a->backend == NULL)
			return complain(&(struct err){ .msg =
			    "out of memory" }, EXIT_FAILED);
		return 0;
	}
	a->backend = backend_ch(&o, &missing, &err);
	if (a->backend == NULL && err.code == ERR_SYNTAX)
		caret_print(stderr, WHO ": --backend", NULL, r->backend, &err);
	if (a->backend == NULL)
		return err.code == ERR_SYNTAX ? EXIT_USAGE :
		    complain(&err, EXIT_FAILED);
	if (missing.code == ERR_NONE)
		return 0;
	(void)fprintf(stderr, WHO ": flows are missing from the answer: %s\n",
	    missing.msg);
	a->report.bad++;
	return 0;
}

static unsigned
processors(const struct request *r)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (r->workers > 0)
		return (unsigned)r->workers;
	return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static int
make_question(const struct request *r, const struct filter *filter,
    struct answer *a)
{
	struct window w = { .has_from = false };
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	struct err err;
	int rc;

	if (r->window != NULL && window_parse(r->window, now_ms, r->print.utc,
	    &w, &err) == -1)
		return complain_at(r->window, &err);
	widen(r, w.has_from, &w.from_ms, w.has_to, &w.to_ms);
	a->q = (struct question){ .filter = filter, .groups = r->groups,
		.n_groups = r->n_groups, .scale = !r->print.raw,
		.within = r->within, .most_flows = r->most_flows,
		.no_rollup = r->no_rollup, .no_index = r->no_index,
		.memory = (size_t)r->memory, .workers = processors(r),
		.stop = &interrupted };
	a->work.skip_bad = r->skip_bad;
	a->report.explain = r->explain;
	a->report.began_sec = report_clock();
	rc = wants_shards(r) ? find_shards(r, &w, a) : 0;
	if (rc == 0)
		rc = open_backend(r, a);
	return rc != 0 ? rc : apply_window(a, &w);
}

/* ---- output ---- */

/* A reader such as head(1) that has seen enough needs no message. */
static int
unwritten(const struct out *out, const struct err *err)
{
	return out->error == EPIPE ? EXIT_FAILED :
	    complain(err, EXIT_FAILED);
}

/* What a task cannot do is told before anything is opened. */
static int
check_task(const struct request *r, const struct filter *filter,
    struct err *err)
{
	switch (r->task) {
	case TASK_EXPORTERS:
		return exporters_accept(r, err);
	case TASK_SCRIPT:
		return r->backend != NULL ? 0 : script_accept(r, filter, err);
	case TASK_TOP:
		return top_accept(r, err);
	default:
		return 0;
	}
}

static int
run_task(struct answer *a, struct err *err)
{
	switch (a->request->task) {
	case TASK_INFO:
		return answer_info(a, err);
	case TASK_EXPORTERS:
		return exporters_print(a, err);
	case TASK_SCRIPT:
		return a->backend->calls->script(a->backend, a, err);
	case TASK_SERIES:
		return answer_series(a, err);
	case TASK_PAGE:
		return answer_page(a, err);
	case TASK_EXTRACT:
		return answer_extract(a, err);
	case TASK_SHELL:
		return shell_run(&a->q, &a->list, &a->work,
		    a->request->shell_args, err);
	default:
		return answer_run(a, err);
	}
}

static int
ask(const struct request *r, struct answer *a)
{
	struct progress progress;
	struct err err = { .code = ERR_NONE };
	int rc;

	progress_begin(&progress, isatty(STDERR_FILENO) && !r->print.quiet);
	a->work.progress = progress_tell;
	a->work.arg = &progress;
	rc = run_task(a, &err);
	progress_end(&progress);
	if (rc == -1 && err.code == ERR_SYNTAX) {
		caret_print(stderr, WHO ": -o", NULL, r->format, &err);
		return EXIT_USAGE;
	}
	if (rc == -1) {
		/* the rows so far, so that the last one is whole */
		(void)out_flush(a->out, NULL);
		return complain(&err, EXIT_FAILED);
	}
	if (out_flush(a->out, &err) == -1)
		return unwritten(a->out, &err);
	if (a->rows >= SHEET_ROWS && !r->print.quiet && r->format != NULL &&
	    strncmp(r->format, "csv", 3) == 0)
		(void)fprintf(stderr, WHO ": %lld rows: a spreadsheet has no "
		    "more than %d lines, and may drop the others in "
		    "silence\n", (long long)a->rows, SHEET_ROWS);
	if (r->task == TASK_EXTRACT && !r->print.quiet)
		(void)fprintf(stderr, WHO ": %lld flows of %lld shards in "
		    "%s\n", (long long)a->extracted,
		    (long long)a->report.read, r->extract);
	if (r->task == TASK_PAGE && !r->print.quiet)
		(void)fprintf(stderr, WHO ": %lld flows of %lld shards in "
		    "%s\n", (long long)a->report.processed,
		    (long long)a->report.read, r->page);
	if (r->explain) {
		a->report.has_window = a->q.has_window;
		a->report.from_ms = a->q.from_ms;
		a->report.to_ms = a->q.to_ms;
		report_print(stderr, &a->report);
	}
	return a->report.bad > 0 ? EXIT_FAILED : EXIT_OK;
}

/* Names that nobody asked for by an option: only where they are shown. */
static bool
shows_names(enum request_task task)
{
	return task == TASK_ANSWER || task == TASK_EXPORTERS ||
	    task == TASK_SERIES || task == TASK_PAGE;
}

/* Tables of names, a resolver, both or nothing. */
static int
load_names(const struct request *r, struct geo *geo,
    struct names **names, struct rdns **rdns, struct err *err)
{
	char *dir = default_names(r->names == NULL && !shows_names(r->task) ?
	    "" : r->names);
	bool none = dir != NULL && *dir == '\0';

	if (dir == NULL)
		return err_set(err, "out of memory");
	if (!none || r->dns || geo != NULL)
		*names = none ? names_new(err) : names_load(dir, err);
	free(dir);
	if (none && !r->dns && geo == NULL)
		return 0;
	if (*names == NULL)
		return -1;
	names_set_geo(*names, geo, none && !r->dns);
	if (!r->dns)
		return 0;
	*rdns = rdns_new(err);
	if (*rdns == NULL)
		return -1;
	names_set_resolver(*names, rdns_name, *rdns);
	return 0;
}

/* --top; without a terminal the question is wrong, not the work. */
static int
watch(const struct request *r, const struct filter_env *env,
    const struct places *places, const char *filter)
{
	struct question q = { .scale = !r->print.raw,
		.memory = (size_t)r->memory, .stop = &interrupted };
	struct where where = r->where;
	char *fallback = default_dir();
	struct top_options o = { .q = &q, .where = &where, .filter = filter,
		.env = env, .geo = places->geo,
		.group = r->n_groups > 0 ? r->groups : NULL };
	struct err err;
	int rc = fallback == NULL ? err_set(&err, "out of memory") : 0;

	where.fallback = fallback;
	/* its first flows are waited for */
	where.may_be_empty = true;
	if (rc == 0)
		rc = top_run(&o, &err);
	free(fallback);
	if (rc == 0)
		return EXIT_OK;
	return complain(&err, err.code == ERR_SYNTAX ? EXIT_USAGE :
	    EXIT_FAILED);
}

static int
answer(const struct request *r, struct out *out)
{
	struct answer a = { .request = r, .out = out };
	struct filter *filter = NULL, *having = NULL;
	struct names *names = NULL;
	struct rdns *rdns = NULL;
	struct source src = { .text = NULL };
	struct places places = { .path = r->geo };
	const struct filter_env env = { .utc = r->print.utc,
		.resolve = r->no_dns ? NULL : resolve_host,
		.geo = open_places, .arg = &places };
	struct err err;
	int rc = read_filter(r, &env, &src, &filter);

	if (rc == 0)
		rc = read_having(r, &env, &having);
	if (rc == 0)
		rc = check_format(r, out);
	if (rc == 0 && r->task == TASK_CHECK)
		goto out;
	if (rc == 0 && check_task(r, filter, &err) == -1)
		rc = complain_at(r->format, &err);
	if (rc == 0 && (find_places(r, &places, &err) == -1 ||
	    load_names(r, places.geo, &names, &rdns, &err) == -1))
		rc = complain(&err, EXIT_FAILED);
	a.having = having;
	a.names = names;
	a.geo = places.geo;
	a.filter_text = src.text;
	if (rc == 0 && r->task == TASK_TOP) {
		rc = watch(r, &env, &places, src.text);
		goto out;
	}
	if (rc == 0)
		rc = make_question(r, filter, &a);
	if (rc == 0)
		rc = ask(r, &a);
out:
	backend_close(a.backend);
	report_clear(&a.report);
	shard_list_clear(&a.list);
	names_free(names);
	geo_close(places.geo);
	rdns_free(rdns);
	filter_free(filter);
	filter_free(having);
	source_clear(&src);
	return rc;
}

static int
print_text(const struct request *r, struct out *out)
{
	struct err err;

	if (r->task == TASK_VERSION) {
		out_text(out, WHO " " FLOWDB_VERSION "\n");
	} else if (help_print(out, r->topic) == -1) {
		(void)fprintf(stderr, WHO ": help on \"%s\"? There is %s\n",
		    r->topic, help_topics());
		return EXIT_USAGE;
	}
	return out_flush(out, &err) == -1 ? unwritten(out, &err) : EXIT_OK;
}

int
main(int argc, char **argv)
{
	static const struct sigaction action = { .sa_handler = on_interrupt,
		.sa_flags = (int)SA_RESETHAND };
	struct out *out = malloc(sizeof(*out));
	struct request r;
	const char *text;
	struct err err;
	int rc;

	if (out == NULL)
		return EXIT_FAILED;
	db_init();
	out_init(out, STDOUT_FILENO);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	/* a closed pipe, a full quota: errors of write */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (request_parse(&r, argc, argv, &text, &err) == -1)
		rc = complain_at(text, &err);
	else if (r.task == TASK_HELP || r.task == TASK_VERSION)
		rc = print_text(&r, out);
	else {
		r.print.terminal = terminal_of(STDOUT_FILENO);
		rc = answer(&r, out);
	}
	request_clear(&r);
	free(out);
	return rc;
}
