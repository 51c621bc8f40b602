/*
 * Sums over shards: the same however many threads, however little memory,
 * from pages, by SQL, by roll-ups; against a loop over the flows.
 */
#include "query/work.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/filter.h"
#include "query/match.h"
#include "query/spill.h"
#include "tests/filter_random.h"
#include "tests/shards.h"

#define SHARDS		3
#define EACH		700
#define T0		INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define HOUR_MS		INT64_C(3600000)

/* Three shards, the last one live. */
struct world {
	char			*dir;
	struct flow		*v[SHARDS];
	struct shard_list	 list;
};

static struct world *
world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	w->dir = temp_folder_make();
	w->list.v = calloc(SHARDS, sizeof(*w->list.v));
	w->list.n = SHARDS;
	for (size_t i = 0; i < SHARDS; i++) {
		w->v[i] = flows_random(100 + i, EACH);
		for (size_t k = 0; k < EACH; k++) {
			/* no sum beyond 63 bits: what was taken away shows */
			w->v[i][k].packets &= 0xffffffff;
			w->v[i][k].bytes &= 0xffffffffff;
			w->v[i][k].sampling &= 0xff;
		}
		w->list.v[i].start_ms = T0 + (int64_t)i * HOUR_MS;
		w->list.v[i].path = shard_make(w->dir,
		    w->list.v[i].start_ms, w->v[i], EACH, i + 1 < SHARDS);
	}
	return w;
}

static void
world_free(struct world *w)
{
	for (size_t i = 0; i < SHARDS; i++)
		free(w->v[i]);
	shard_list_clear(&w->list);
	temp_folder_remove(w->dir);
	free(w);
}

/* Lines in the order of keys: what two answers are compared by. */
struct lines {
	char	**v;
	size_t	  n;
};

static int
add_lines(void *arg, struct tally *part, struct err *err)
{
	struct lines *l = arg;

	(void)err;
	l->v = realloc(l->v, (l->n + tally_count(part) + 1) * sizeof(*l->v));
	for (size_t i = 0; i < tally_count(part); i++) {
		struct tally_sum s;
		size_t len, at = 0;
		const uint8_t *key = tally_entry(part, i, &len, &s);
		char text[2 * TALLY_KEY_MAX + 200];

		if (s.flows == 0)
			continue;
		for (size_t k = 0; k < len; k++)
			at += (size_t)sprintf(text + at, "%02x", key[k]);
		(void)sprintf(text + at, " %" PRId64 " %" PRId64 " %" PRId64
		    " %" PRId64 " %" PRId64 " %u\n", s.flows, s.packets,
		    s.bytes, s.first_ms, s.last_ms, s.tcp_flags);
		l->v[l->n++] = strdup(text);
	}
	return 0;
}

static int
line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All groups' sums as one text; malloc'd. */
static char *
text_of(struct sums *s, size_t groups)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t g = 0; g < groups; g++) {
		struct lines l = { .n = 0 };
		struct err err = { .msg = "" };

		cr_assert_eq(sums_each(s, g, add_lines, &l, &err), 0, "%s",
		    err.msg);
		qsort(l.v, l.n, sizeof(*l.v), line_cmp);
		(void)fprintf(out, "group %zu\n", g);
		for (size_t i = 0; i < l.n; i++) {
			(void)fputs(l.v[i], out);
			free(l.v[i]);
		}
		free(l.v);
	}
	(void)fprintf(out, "all %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	    " %" PRId64 "\n", s->feed.total.flows, s->feed.total.packets,
	    s->feed.total.bytes, s->feed.total.first_ms,
	    s->feed.total.last_ms);
	(void)fclose(out);
	return text;
}

static char *
ask(const struct world *w, const struct question *q)
{
	struct work_options o = { .named = true };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;
	char *text;

	cr_assert_eq(work_sums(q, &w->list, &o, &s, &report, &err), 0, "%s",
	    err.msg);
	text = text_of(&s, q->n_groups);
	sums_clear(&s);
	return text;
}

static size_t
make_groups(struct group *g, const char *const *texts)
{
	size_t n = 0;

	for (; texts[n] != NULL; n++) {
		struct err err = { .msg = "" };

		cr_assert_eq(strchr(texts[n], ',') == NULL ?
		    group_parse_stat(texts[n], NULL, &g[n], &err) :
		    group_parse_fields(texts[n], &g[n], &err), 0, "%s",
		    err.msg);
	}
	return n;
}

static const char *const all_groups[] = { "srcip", "ip", "dstport:p", "proto",
	"port", "as", "if:p", "router", "tos", "srcip4/24,dstip6/32,proto",
	"record", "srcnet,dstnet", "mac", "srcip/obytes", NULL };

static const char *const filters[] = { "any", "proto tcp", "src ip 10.0.0.1",
	"ip 10.0.0.1 or tcp", "in if 3", "not port 53", "out packets > 3",
	"bytes > 1k" };

/* The brute way: flows of the window that match, under each key. */
static char *
brute(const struct world *w, const struct question *q)
{
	struct sums s = { .spill = NULL };
	const struct match_env env = { .scale = q->scale,
		.exporter = random_exporter };
	struct err err;
	char *text;

	cr_assert_eq(feed_init(&s.feed, q, 256 << 20, &err), 0);
	s.spill = calloc(q->n_groups, sizeof(*s.spill));
	for (size_t i = 0; i < q->n_groups; i++) {
		s.spill[i] = spill_new(0, NULL);
		s.feed.groups[i].spill = s.spill[i];
	}
	for (size_t i = 0; i < SHARDS * EACH; i++) {
		const struct flow *f = &w->v[i / EACH][i % EACH];
		struct datum data[COLUMN_COUNT + 1] = { { .kind =
		    DATUM_NULL } };
		uint32_t rate = q->scale && flow_has(f, COL_sampling) &&
		    f->sampling > 1 ? f->sampling : 1;
		struct tally_sum v = { .flows = 1 };
		const struct match_exporter *e;

		if (!filter_match(q->filter, f, &env))
			continue;
		if (flow_has(f, COL_packets))
			v.packets = feed_times((int64_t)f->packets, rate);
		if (flow_has(f, COL_bytes))
			v.bytes = feed_times((int64_t)f->bytes, rate);
		if (flow_has(f, COL_first_ms))
			v.first_ms = f->first_ms;
		v.last_ms = v.first_ms + (flow_has(f, COL_duration_ms) ?
		    f->duration_ms : 0);
		for (enum column c = 0; c < COLUMN_COUNT; c++) {
			const struct column_info *ci = column_info(c);
			const void *p = (const char *)f + ci->offset;

			if (!flow_has(f, c))
				continue;
			data[c].kind = ci->type == CT_ADDR ? DATUM_ADDR :
			    DATUM_NUMBER;
			if (ci->type == CT_ADDR) {
				data[c].addr = ((const struct addr *)p)->bytes;
				data[c].len = ((const struct addr *)p)->len;
			} else if (ci->type != CT_TIME &&
			    ci->type != CT_SPAN) {
				data[c].number = (int64_t)flow_number(f, c);
			}
		}
		e = flow_has(f, COL_exporter) ?
		    random_exporter(NULL, f->exporter) : NULL;
		if (e != NULL)
			data[STAT_EXPORTER] = (struct datum){ DATUM_ADDR,
				e->address.len, 0, e->address.bytes };
		tally_add(&s.feed.total, &v);
		for (size_t g = 0; g < q->n_groups; g++) {
			const struct group *group = &q->groups[g];
			struct tally_sum x = v;

			if (group->out) {
				x.packets = feed_times(data[COL_out_packets]
				    .number, rate);
				x.bytes = feed_times(data[COL_out_bytes]
				    .number, rate);
			}
			if (group->kind == GROUP_RECORD &&
			    flow_has(f, COL_tcp_flags))
				x.tcp_flags = f->tcp_flags;
			for (unsigned k = 0; k < group_sides(group); k++) {
				uint8_t key[TALLY_KEY_MAX];
				size_t len = group_key(group, data, k, key);

				if (len > 0)
					tally_add(tally_at(s.feed.groups[g]
					    .tally, key, len), &x);
			}
		}
	}
	text = text_of(&s, q->n_groups);
	sums_clear(&s);
	return text;
}

/*
 * tcp_flags of a statistic are nobody's business: they are or-ed when some
 * group of the pass reads them.  Takes the last word of each line away.
 */
static void
without_flags(char *text)
{
	char *to = text;

	for (char *line = text; *line != '\0';) {
		size_t n = strcspn(line, "\n"), keep = n;

		if (line[0] != 'g' && line[0] != 'a')
			while (line[keep - 1] != ' ')
				keep--;
		memmove(to, line, keep);
		to += keep;
		*to++ = '\n';
		line += n + (line[n] == '\n');
	}
	*to = '\0';
}

static void
equal(char *got, const char *want, const char *what)
{
	size_t i = 0;

	while (got[i] != '\0' && got[i] == want[i])
		i++;
	cr_expect(got[i] == want[i], "%s: differs at \"%.60s\", want "
	    "\"%.60s\"", what, got + (i < 30 ? 0 : i - 30),
	    want + (i < 30 ? 0 : i - 30));
	free(got);
}

Test(work, against_a_loop)
{
	struct world *w = world_new();
	struct group groups[GROUPS_MAX];
	size_t n = make_groups(groups, all_groups);

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct filter *f = filter_parse(filters[i], NULL);
		struct question q = { .filter = f, .groups = groups,
			.n_groups = n, .memory = 64 << 20, .workers = 2 };

		for (int k = 0; k < 8; k++) {
			char *want, *got, what[100];

			q.scale = k & 1;
			q.no_rollup = k & 2;
			q.no_index = k & 4;
			want = brute(w, &q);
			got = ask(w, &q);
			without_flags(want);
			without_flags(got);
			(void)snprintf(what, sizeof(what), "%s, way %d",
			    filters[i], k);
			equal(got, want, what);
			free(want);
		}
		filter_free(f);
	}
	world_free(w);
}

/* One group at a time is what roll-ups are for; all at once hides them. */
Test(work, group_by_group)
{
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);

	for (size_t i = 0; all_groups[i] != NULL; i++) {
		const char *const one[] = { all_groups[i], NULL };
		struct group g[1];
		struct question q = { .filter = f, .groups = g, .scale = true,
			.n_groups = make_groups(g, one), .workers = 1,
			.memory = 64 << 20 };
		char *want = brute(w, &q), *got = ask(w, &q);

		without_flags(want);
		without_flags(got);
		equal(got, want, all_groups[i]);
		q.no_rollup = true;
		got = ask(w, &q);
		without_flags(got);
		equal(got, want, all_groups[i]);
		free(want);
	}
	filter_free(f);
	world_free(w);
}

/* Threads and memory change nothing but the time. */
Test(work, threads_and_memory)
{
	static const size_t memory[] = { 1 << 20, 2 << 20, 64 << 20 };
	struct world *w = world_new();
	struct filter *f = filter_parse("not port 53", NULL);
	struct group groups[GROUPS_MAX];
	struct question q = { .filter = f, .groups = groups, .scale = true,
		.n_groups = make_groups(groups, all_groups), .workers = 1,
		.memory = 64 << 20 };
	char *want = ask(w, &q);

	for (unsigned n = 1; n <= 8; n++) {
		for (size_t m = 0; m < 3; m++) {
			char what[60];

			q.workers = n;
			q.memory = memory[m];
			(void)snprintf(what, sizeof(what), "%u threads, %zu",
			    n, q.memory);
			equal(ask(w, &q), want, what);
		}
	}
	free(want);
	filter_free(f);
	world_free(w);
}

/* The first N that match, in the order of storage. */
Test(work, first_flows)
{
	static const int64_t counts[] = { 1, 7, EACH - 1, EACH, EACH + 1,
		2 * EACH + 5, SHARDS * EACH, SHARDS * EACH + 1 };
	static const char *const one[] = { "dstip", NULL };
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	struct group g[1];

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct question q = { .filter = f, .groups = g, .workers = 8,
			.n_groups = make_groups(g, one), .memory = 1 << 20,
			.most_flows = counts[i] };
		struct work_options o = { .named = true };
		struct report report = { .read = 0 };
		struct err err = { .msg = "" };
		int64_t most = counts[i] < SHARDS * EACH ? counts[i] :
		    SHARDS * EACH, bytes = 0;
		struct sums s;

		for (int64_t k = 0; k < most; k++) {
			const struct flow *v = &w->v[k / EACH][k % EACH];

			bytes += flow_has(v, COL_bytes) ? (int64_t)v->bytes :
			    0;
		}
		cr_assert_eq(work_sums(&q, &w->list, &o, &s, &report, &err),
		    0, "%s", err.msg);
		cr_expect_eq(s.feed.total.flows, most);
		cr_expect_eq(s.feed.total.bytes, bytes);
		sums_clear(&s);
	}
	filter_free(f);
	world_free(w);
}

Test(work, stopped)
{
	static const char *const one[] = { "dstip", NULL };
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop = true;
	struct group g[1];
	struct question q = { .filter = f, .groups = g, .workers = 2,
		.n_groups = make_groups(g, one), .memory = 1 << 20,
		.stop = &stop };
	struct work_options o = { .skip_bad = true };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;

	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED, "%s", err.msg);
	sums_clear(&s);
	filter_free(f);
	world_free(w);
}

/* Bad shards end it, or are left out; a vanished one is nobody's fault. */
Test(work, bad_and_vanished)
{
	static const char *const one[] = { "dstip", NULL };
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	struct group g[1];
	struct question q = { .filter = f, .groups = g, .workers = 2,
		.n_groups = make_groups(g, one), .memory = 1 << 20 };
	struct work_options o = { .named = false };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;

	shard_sql(w->list.v[0].path, "PRAGMA application_id = 1");
	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), -1);
	cr_expect_not_null(strstr(err.msg, w->list.v[0].path), "%s", err.msg);
	sums_clear(&s);
	o.skip_bad = true;
	report = (struct report){ .read = 0 };
	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), 0);
	cr_expect_eq(s.feed.total.flows, (SHARDS - 1) * EACH);
	cr_expect_eq(report.bad, 1);
	sums_clear(&s);
	o.skip_bad = false;
	cr_assert_eq(unlink(w->list.v[0].path), 0);
	report = (struct report){ .read = 0 };
	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), 0);
	cr_expect_eq(report.skipped, 1);
	cr_expect_eq(report.read, SHARDS - 1);
	sums_clear(&s);
	o.named = true;
	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), -1);
	sums_clear(&s);
	filter_free(f);
	world_free(w);
}
