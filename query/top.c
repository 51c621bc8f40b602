/* The live view: see top.h. */
#include "query/top.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/top_spans.h"
#include "query/top_sums.h"
#include "query/top_term.h"
#include "query/top_view.h"

#define DEPTH_MAX	8	/* drills into each other */
#define NOTE_MAX	200

/* What keys 1 to 9 and "s" go through; the filter and view of a drill. */
static const struct choice {
	const char	*stat;
	const char	*words;		/* of the filter */
	const char	*then;		/* what is at the other end */
} choices[] = {
	{ "srcip", "src ip", "dstip" },
	{ "dstip", "dst ip", "srcip" },
	{ "ip", "ip", "port" },
	{ "srcport", "src port", "dstip" },
	{ "dstport", "dst port", "dstip" },
	{ "port", "port", "ip" },
	{ "proto", "proto", "dstport" },
	{ "srcas", "src as", "dstip" },
	{ "dstas", "dst as", "dstip" },
	{ "as", "as", "ip" },
	{ "inif", "in if", "srcip" },
	{ "outif", "out if", "dstip" },
	{ "exporter", "exporter ip", "dstip" },
	/* by name only */
	{ "router", "exporter ip", "dstip" },
	{ "srcgeo", "src geo", "dstip" },
	{ "dstgeo", "dst geo", "srcip" },
	{ "geo", "geo", "ip" },
	{ "srcasn", "src asn", "dstip" },
	{ "dstasn", "dst asn", "srcip" },
	{ "asn", "asn", "ip" },
};

#define N_CHOICES	(sizeof(choices) / sizeof(choices[0]))
#define N_CYCLE		13

struct level {
	char		*filter;	/* owned */
	char		 stat[GROUP_NAME_MAX];
};

struct top {
	const struct top_options *o;
	struct level		 level[DEPTH_MAX + 1];
	size_t			 depth;
	struct group		 group;
	struct filter		*filter;
	enum metric		 metric;
	struct top_spans	*spans;
	struct top_sums		*sums;
	struct top_key		*keys;		/* TOP_ROWS_MAX */
	size_t			 n;
	size_t			 selected;
	bool			 pinned;	/* selection follows its key */
	bool			 paused;
	bool			 help;
	bool			 quit;
	char			 note[NOTE_MAX];
};

static size_t
no_addresses(void *arg, const char *name, struct addr *out, size_t max)
{
	(void)arg;
	(void)name;
	(void)max;
	*out = (struct addr){ .len = 4 };
	return 1;
}

bool
top_begins_with_stat(const char *words)
{
	/* a host's name is right here, whoever has it */
	static const struct filter_env env = { .resolve = no_addresses };
	size_t len = strcspn(words, ":/ \t\n");
	struct filter *f;
	struct err err;

	if (stat_find(words, len) == NULL)
		return false;
	f = filter_parse_env(words, &env, &err);
	filter_free(f);
	return f == NULL;
}

int
top_accept(const struct request *r, struct err *err)
{
	const struct group *g = r->groups;

	if (r->window != NULL || r->having != NULL || r->format != NULL ||
	    r->most_flows > 0 || r->has_limit)
		return err_set(err, "--top takes no -t, -P, -o, -c and -n");
	if (r->n_groups == 0)
		return 0;
	if (r->n_groups > 1 || g->kind != GROUP_STAT || g->by_proto)
		return err_set(err, "--top shows one statistic, no record "
		    "and no :p");
	if (g->n_orders > 1 || g->order[0].ascending || g->order[0].out ||
	    (g->order[0].metric != METRIC_BYTES && g->order[0].metric !=
	    METRIC_PACKETS && g->order[0].metric != METRIC_FLOWS))
		return err_set(err, "--top goes by one of bytes, packets and "
		    "flows");
	return 0;
}

static int64_t
clock_ms(clockid_t which)
{
	struct timespec t;

	(void)clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- another question ---- */

/* The sums of what is asked now, of all spans there are. */
static int
ask(struct top *t, struct err *err)
{
	struct top_ask a = { .group = &t->group, .scale = t->o->q->scale,
		.memory = t->o->q->memory };

	top_sums_free(t->sums);
	t->sums = NULL;
	filter_free(t->filter);
	t->filter = filter_parse_env(t->level[t->depth].filter, t->o->env,
	    err);
	if (t->filter == NULL)
		return -1;
	a.filter = t->filter;
	t->sums = top_sums_new(&a, err);
	t->pinned = false;
	t->selected = 0;
	return t->sums == NULL ? -1 : top_spans_again(t->spans,
	    clock_ms(CLOCK_REALTIME), top_sums_read, t->sums, err);
}

static int
show_stat(struct top *t, const char *stat, struct err *err)
{
	struct group g;

	if (group_parse_stat(stat, NULL, &g, err) == -1)
		return -1;
	t->group = g;
	t->group.geo = t->o->geo;
	(void)snprintf(t->level[t->depth].stat, GROUP_NAME_MAX, "%s", stat);
	return ask(t, err);
}

static size_t
choice_of(const char *stat)
{
	for (size_t i = 0; i < N_CHOICES; i++) {
		if (strcmp(choices[i].stat, stat) == 0)
			return i;
	}
	return N_CHOICES;
}

/* Into the selected: "(filter) and src ip 10.1.2.3". */
static int
drill(struct top *t, struct err *err)
{
	const struct level *from = &t->level[t->depth];
	size_t c = choice_of(t->group.part[0].name);
	bool any = filter_is_any(t->filter);
	char value[TOP_VALUE_MAX], *text;
	size_t size;

	if (t->selected >= t->n)
		return 0;
	if (c == N_CHOICES || t->depth == DEPTH_MAX) {
		(void)snprintf(t->note, NOTE_MAX, "No drill %s",
		    c == N_CHOICES ? "into this statistic" : "deeper");
		return 0;
	}
	top_view_value(&t->group, &t->keys[t->selected], value);
	size = strlen(from->filter) + strlen(choices[c].words) +
	    sizeof(value) + 16;
	text = malloc(size);
	if (text == NULL)
		return err_set(err, "out of memory");
	/* a line of its own ends a comment in the user's filter */
	(void)snprintf(text, size, any ? "%s%s%s %s" : "(%s%s) and %s %s",
	    any ? "" : from->filter,
	    strchr(from->filter, '#') != NULL && !any ? "\n" : "",
	    choices[c].words, value);
	t->level[++t->depth].filter = text;
	return show_stat(t, choices[c].then, err);
}

static int
undrill(struct top *t, struct err *err)
{
	if (t->depth == 0)
		return 0;
	free(t->level[t->depth].filter);
	t->level[t->depth--].filter = NULL;
	return show_stat(t, t->level[t->depth].stat, err);
}

static int
cycle(struct top *t, bool back, struct err *err)
{
	size_t c = choice_of(t->group.part[0].name);

	if (c >= N_CYCLE)
		c = back ? 0 : N_CYCLE - 1;
	return show_stat(t, choices[(c + (back ? N_CYCLE - 1 : 1)) %
	    N_CYCLE].stat, err);
}

/* ---- keys ---- */

static void
rank_keys(struct top *t)
{
	struct top_key *old = t->selected < t->n && t->pinned ?
	    &t->keys[t->selected] : NULL;
	uint8_t key[TALLY_KEY_MAX];
	size_t len = 0;
	int rows, columns;

	if (old != NULL)
		memcpy(key, old->key, len = old->len);
	top_term_size(&rows, &columns);
	t->n = top_sums_first(t->sums, t->metric, t->keys,
	    top_view_room(rows));
	for (size_t i = 0; i < t->n && len > 0; i++) {
		if (t->keys[i].len == len &&
		    memcmp(t->keys[i].key, key, len) == 0)
			t->selected = i;
	}
	if (t->selected >= t->n)
		t->selected = t->n > 0 ? t->n - 1 : 0;
}

static void
move_to(struct top *t, size_t row)
{
	t->selected = t->n == 0 ? 0 : row < t->n ? row : t->n - 1;
	t->pinned = true;
}

static bool
move_key(struct top *t, int key)
{
	size_t at = t->selected, page = 10;

	switch (key) {
	case KEY_UP: case 'k':
		move_to(t, at > 0 ? at - 1 : 0);
		return true;
	case KEY_DOWN: case 'j':
		move_to(t, at + 1);
		return true;
	case KEY_PAGE_UP:
		move_to(t, at > page ? at - page : 0);
		return true;
	case KEY_PAGE_DOWN:
		move_to(t, at + page);
		return true;
	case KEY_HOME:
		move_to(t, 0);
		return true;
	case KEY_END:
		move_to(t, t->n);
		return true;
	default:
		return false;
	}
}

static int
press(struct top *t, int key, struct err *err)
{
	if (t->help && key != 'q' && key != KEY_GONE) {
		t->help = false;
		return 0;
	}
	if (key >= '1' && key <= '9')
		return show_stat(t, choices[key - '1'].stat, err);
	if (move_key(t, key))
		return 0;
	switch (key) {
	case 'q': case KEY_GONE:
		t->quit = true;
		return 0;
	case 'h': case '?':
		t->help = true;
		return 0;
	case ' ':
		t->paused = !t->paused;
		break;
	case 'b':
		t->metric = METRIC_BYTES;
		break;
	case 'p':
		t->metric = METRIC_PACKETS;
		break;
	case 'f':
		t->metric = METRIC_FLOWS;
		break;
	case 's': case '\t':
		return cycle(t, false, err);
	case 'S': case KEY_BACK_TAB:
		return cycle(t, true, err);
	case '\r': case '\n': case KEY_RIGHT:
		return drill(t, err);
	case 127: case '\b': case KEY_LEFT:
		return undrill(t, err);
	default:
		return 0;
	}
	rank_keys(t);
	return 0;
}

/* ---- the loop ---- */

static int
draw(const struct top *t, struct err *err)
{
	time_t now = time(NULL);
	struct top_view v = { .group = &t->group, .metric = t->metric,
		.filter = t->level[t->depth].filter, .note = t->note,
		.paused = t->paused, .help = t->help,
		.full = top_sums_full(t->sums),
		.n_keys = top_sums_keys(t->sums),
		.live = top_spans_live(t->spans),
		.total = *top_sums_total(t->sums), .keys = t->keys,
		.n = t->n, .selected = t->selected };
	char clock[16], *text;
	struct tm tm;
	size_t len;
	int rc;

	(void)strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now,
	    &tm));
	v.clock = clock;
	top_term_size(&v.rows, &v.columns);
	/* smaller since the keys were ranked */
	if (v.n > top_view_room(v.rows))
		v.n = top_view_room(v.rows);
	text = top_view_text(&v, &len);
	if (text == NULL)
		return err_set(err, "out of memory");
	rc = top_term_write(text, len);
	free(text);
	return rc == -1 ? err_sys(err, "terminal") : 0;
}

static int
look(struct top *t, struct err *err)
{
	int64_t now_ms = clock_ms(CLOCK_REALTIME);
	struct err note = { .code = ERR_NONE };

	if (top_spans_look(t->spans, now_ms, top_sums_read, t->sums, &note,
	    err) == -1)
		return -1;
	top_sums_move(t->sums, now_ms);
	t->note[0] = '\0';
	if (note.code != ERR_NONE)
		(void)snprintf(t->note, NOTE_MAX, "%.*s", NOTE_MAX - 1,
		    note.msg);
	return 0;
}

static int
turn(struct top *t, struct err *err)
{
	int64_t next = clock_ms(CLOCK_MONOTONIC);
	int keys[TOP_KEYS_MAX];

	while (!t->quit && !atomic_load(t->o->q->stop)) {
		int64_t now = clock_ms(CLOCK_MONOTONIC);
		size_t n;

		if (now >= next) {
			if (look(t, err) == -1)
				return -1;
			next = now + TOP_SLOT_MS;
		}
		if (!t->paused)
			rank_keys(t);
		if (draw(t, err) == -1)
			return -1;
		now = clock_ms(CLOCK_MONOTONIC);
		n = top_term_keys(now < next ? (int)(next - now) : 0, keys);
		for (size_t i = 0; i < n && !t->quit; i++) {
			if (press(t, keys[i], err) == -1)
				return -1;
			if (!t->paused)
				rank_keys(t);
		}
	}
	return 0;
}

static int
begin(struct top *t, struct err *err)
{
	const struct group *g = t->o->group;

	t->keys = calloc(TOP_ROWS_MAX, sizeof(*t->keys));
	t->level[0].filter = strdup(t->o->filter);
	if (t->keys == NULL || t->level[0].filter == NULL)
		return err_set(err, "out of memory");
	t->spans = top_spans_new(t->o->where, t->o->q->stop, err);
	t->metric = g == NULL ? METRIC_BYTES : g->order[0].metric;
	if (t->spans == NULL || show_stat(t, g == NULL ? "dstip" :
	    g->part[0].name, err) == -1)
		return -1;
	/* a folder that is not there is told where it is seen */
	return look(t, err);
}

int
top_run(const struct top_options *o, struct err *err)
{
	struct top t = { .o = o };
	struct top_term term;
	int rc = top_term_open(&term, err);

	if (rc == -1)
		err->code = ERR_SYNTAX;
	if (rc == 0)
		rc = begin(&t, err);
	if (rc == 0)
		rc = turn(&t, err);
	top_term_close(&term);
	if (rc == -1 && err->code == ERR_STOPPED)
		rc = 0;
	top_sums_free(t.sums);
	top_spans_free(t.spans);
	filter_free(t.filter);
	for (size_t i = 0; i <= DEPTH_MAX; i++)
		free(t.level[i].filter);
	free(t.keys);
	return rc;
}
