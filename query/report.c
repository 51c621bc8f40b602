/* What was done for an answer: see report.h. */
#include "query/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "query/timetext.h"
#include "query/utf8.h"

#define PATH_SHOWN	4096

double
report_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
add_rows(int64_t *to, int64_t rows)
{
	*to = *to == REPORT_UNKNOWN || rows == REPORT_UNKNOWN ?
	    REPORT_UNKNOWN : *to + rows;
}

void
report_part(struct report_use *use, int64_t rows, int64_t passed,
    const char *fmt, ...)
{
	char part[REPORT_HOW_MAX];
	size_t at = strlen(use->how);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	(void)snprintf(use->how + at, sizeof(use->how) - at, "%s%s",
	    at > 0 ? ", " : "", part);
	add_rows(&use->rows, rows);
	use->passed += passed;
}

/* A new line; NULL: not asked for, or no memory. */
static struct report_shard *
add_line(struct report *r, const struct shard_ref *shard, double sec)
{
	struct report_shard *v;
	char *path;

	if (!r->explain)
		return NULL;
	v = realloc(r->v, (r->n + 1) * sizeof(*v));
	if (v == NULL)
		return NULL;
	r->v = v;
	path = strdup(shard->path);
	if (path == NULL)
		return NULL;
	v += r->n++;
	*v = (struct report_shard){ .start_ms = shard->start_ms,
		.path = path, .sec = sec };
	return v;
}

void
report_used(struct report *r, const struct shard_ref *shard,
    const struct report_use *use, bool piece, double sec)
{
	struct report_shard *line = add_line(r, shard, sec);

	if (line == NULL)
		return;
	line->used = true;
	line->use = *use;
	line->pieces = piece;
}

void
report_unused(struct report *r, const struct shard_ref *shard, double sec,
    const char *fmt, ...)
{
	struct report_shard *line = add_line(r, shard, sec);
	va_list ap;

	if (line == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line->use.how, sizeof(line->use.how), fmt, ap);
	va_end(ap);
}

/* ---- printing ---- */

static int
line_compare(const void *va, const void *vb)
{
	const struct report_shard *a = va, *b = vb;
	int c;

	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	c = strcmp(a->path, b->path);
	if (c != 0)
		return c;
	/* of pieces the one that roll-ups were read with tells most */
	return (int)strlen(b->use.how) - (int)strlen(a->use.how);
}

/* Adds the pieces of a shard to its first line; returns how many are left. */
static size_t
join_pieces(struct report_shard *v, size_t n)
{
	size_t to = 0;

	for (size_t i = 1; i < n; i++) {
		struct report_shard *last = &v[to];

		if (v[i].pieces == 0 || !last->used || !v[i].used ||
		    strcmp(v[i].path, last->path) != 0) {
			v[++to] = v[i];
			continue;
		}
		add_rows(&last->use.rows, v[i].use.rows);
		last->use.passed += v[i].use.passed;
		last->sec += v[i].sec;
		last->pieces += v[i].pieces;
		free(v[i].path);
	}
	return n == 0 ? 0 : to + 1;
}

static void
print_number(FILE *out, int width, int64_t v)
{
	if (v == REPORT_UNKNOWN)
		(void)fprintf(out, "%*s ", width, "-");
	else
		(void)fprintf(out, "%*lld ", width, (long long)v);
}

static void
print_line(FILE *out, const struct report_shard *s)
{
	char path[PATH_SHOWN], how[3 * REPORT_HOW_MAX];

	(void)utf8_clean(s->path, 1, path, sizeof(path));
	(void)utf8_clean(s->use.how, 1, how, sizeof(how));
	print_number(out, 12, s->used ? s->use.rows : REPORT_UNKNOWN);
	print_number(out, 12, s->used ? s->use.passed : REPORT_UNKNOWN);
	(void)fprintf(out, "%9.3f  %s: %s", s->sec, path, how);
	if (s->pieces > 1)
		(void)fprintf(out, " in %u pieces", s->pieces);
	(void)putc('\n', out);
}

static double
seconds(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

static void
print_counts(FILE *out, const struct report *r)
{
	int64_t rest = (int64_t)r->considered - r->read - r->skipped - r->bad;

	(void)fprintf(out, "shards: %zu considered, %lld read, %lld skipped "
	    "(%lld by name), %lld unreadable", r->considered,
	    (long long)r->read, (long long)r->skipped, (long long)r->by_name,
	    (long long)r->bad);
	if (rest > 0)
		(void)fprintf(out, ", %lld not needed any more",
		    (long long)rest);
	(void)fprintf(out, "; flows in those read: %lld\n",
	    (long long)r->processed);
}

static void
print_window(FILE *out, const struct report *r)
{
	struct timetext t;
	char from[TIME_TEXT_MAX + 1] = "the beginning";
	char to[TIME_TEXT_MAX + 1] = "the end";

	if (!r->has_window)
		return;
	timetext_init(&t, true);
	if (r->from_ms != INT64_MIN)
		from[time_ms_text(&t, r->from_ms, from)] = '\0';
	if (r->to_ms != INT64_MAX)
		to[time_ms_text(&t, r->to_ms, to)] = '\0';
	(void)fprintf(out, "window: %s to %s UTC\n", from, to);
}

static void
print_total(FILE *out, const struct report *r)
{
	int64_t rows = 0, passed = 0;
	struct rusage ru;
	bool least = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct report_use *use = &r->v[i].use;

		if (!r->v[i].used)
			continue;
		/* an index reads what passes, and maybe more */
		least = least || use->rows == REPORT_UNKNOWN;
		rows += use->rows == REPORT_UNKNOWN ? use->passed : use->rows;
		passed += use->passed;
	}
	(void)fprintf(out, "rows: %s%lld read, %lld passed\n",
	    least ? "at least " : "", (long long)rows, (long long)passed);
	(void)fprintf(out, "workers: %u", r->workers);
	if (r->memory_limit > 0)
		(void)fprintf(out, "; memory of sums: %.1f MiB of %.1f, "
		    "%.1f MiB on disk", (double)r->memory / 1048576,
		    (double)r->memory_limit / 1048576,
		    (double)r->spilled / 1048576);
	(void)putc('\n', out);
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)fprintf(out, "time: %.3f s, user %.3f s, system %.3f s\n",
	    report_clock() - r->began_sec, seconds(&ru.ru_utime),
	    seconds(&ru.ru_stime));
}

void
report_join(struct report *r)
{
	if (r->n > 1)
		qsort(r->v, r->n, sizeof(*r->v), line_compare);
	r->n = join_pieces(r->v, r->n);
}

void
report_print(FILE *out, struct report *r)
{
	report_join(r);
	if (r->n > 0)
		(void)fprintf(out, "%12s %12s %9s  shard: what served it\n",
		    "rows read", "passed", "seconds");
	for (size_t i = 0; i < r->n; i++)
		print_line(out, &r->v[i]);
	print_window(out, r);
	print_counts(out, r);
	print_total(out, r);
}

void
report_clear(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].path);
	free(r->v);
	r->v = NULL;
	r->n = 0;
}
