/*
 * Filters by columns against the plain evaluator, over rows from pages and
 * over flows in memory, with fields missing; windows too.
 */
#include "query/sieve.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/match.h"
#include "schema/db.h"
#include "schema/ddl.h"
#include "tests/filter_random.h"
#include "tests/shards.h"

#define FLOWS	500

/* Flows in memory as btree_rows; table path in a database. */
struct world {
	sqlite3			*db;
	struct side		*side;
	struct flow		*v;
	struct btree_rows	 rows;
	int			 place[COLUMN_COUNT];
	int			 path_place;
};

static void
add_column(struct world *w, enum column c, int place)
{
	const struct column_info *info = column_info(c);
	bool addr = info->type == CT_ADDR;
	struct btree_rows *r = &w->rows;

	w->place[c] = place;
	r->null[place] = calloc(FLOWS, 1);
	if (addr) {
		r->blob[place] = calloc(FLOWS, sizeof(uint8_t *));
		r->length[place] = calloc(FLOWS, 1);
	} else {
		r->value[place] = calloc(FLOWS, sizeof(int64_t));
	}
	for (size_t i = 0; i < FLOWS; i++) {
		const void *p = (const char *)&w->v[i] + info->offset;
		const struct addr *a = p;

		r->null[place][i] = !flow_has(&w->v[i], c);
		if (addr)
			r->blob[place][i] = a->bytes;
		if (r->null[place][i])
			continue;
		if (addr)
			r->length[place][i] = a->len;
		else
			r->value[place][i] = info->type == CT_TIME ||
			    info->type == CT_SPAN ? *(const int64_t *)p :
			    (int64_t)flow_number(&w->v[i], c);
	}
}

static struct world *
world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	char *ddl = ddl_shard();
	struct err err = { .msg = "" };
	int place = 1;

	w->v = flows_random(seed, FLOWS);
	cr_assert_eq(sqlite3_open(":memory:", &w->db), SQLITE_OK);
	cr_assert_eq(db_exec(w->db, ddl, &err), 0, "%s", err.msg);
	free(ddl);
	shard_fill(w->db, w->v, FLOWS);
	w->side = side_load(w->db, "main", flow_home_bits(HOME_PATH), &err);
	cr_assert_not_null(w->side, "%s", err.msg);
	w->rows.n = FLOWS;
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		w->place[c] = -1;
		if (column_info(c)->home == HOME_FLOW)
			add_column(w, c, place++);
	}
	w->path_place = place;
	w->rows.value[place] = calloc(FLOWS, sizeof(int64_t));
	w->rows.null[place] = calloc(FLOWS, 1);
	for (size_t i = 0; i < FLOWS; i++) {
		if ((w->v[i].set & flow_home_bits(HOME_PATH)) != 0)
			w->rows.value[place][i] = (int64_t)i + 1;
		else
			w->rows.null[place][i] = 1;
	}
	return w;
}

static void
world_free(struct world *w)
{
	for (int c = 0; c <= w->path_place; c++) {
		free(w->rows.value[c]);
		free(w->rows.blob[c]);
		free(w->rows.length[c]);
		free(w->rows.null[c]);
	}
	side_free(w->side);
	sqlite3_close(w->db);
	free(w->v);
	free(w);
}

static bool
in_window(const struct question *q, const struct flow *f)
{
	int64_t last;

	if (!q->has_window)
		return true;
	if (!flow_has(f, COL_first_ms))
		return false;
	last = f->first_ms + (flow_has(f, COL_duration_ms) ? f->duration_ms :
	    0);
	return q->within ? f->first_ms >= q->from_ms && last <= q->to_ms :
	    last >= q->from_ms && f->first_ms <= q->to_ms;
}

/* Returns how many passed; -1: not for a sieve. */
static int
compare(struct world *w, const char *text, struct question *q)
{
	const struct match_env env = { .scale = q->scale,
		.exporter = random_exporter };
	struct err err = { .msg = "" };
	struct filter *f = filter_parse(text, &err);
	struct sieve *s;
	const uint8_t *mask;
	int n = 0;

	cr_assert_not_null(f, "%s: %s", text, err.msg);
	q->filter = f;
	if (!sieve_can(q) || filter_counts(f)) {
		filter_free(f);
		return -1;
	}
	s = sieve_new(q, w->side, w->place, w->path_place, FLOWS, &err);
	cr_assert_not_null(s, "%s", err.msg);
	/* twice: nothing stays from one page to the next */
	(void)sieve_rows(s, &w->rows);
	mask = sieve_rows(s, &w->rows);
	for (size_t i = 0; i < FLOWS; i++) {
		bool want = in_window(q, &w->v[i]) &&
		    filter_match(f, &w->v[i], &env);
		bool got = mask == NULL || mask[i] != 0;

		cr_assert_eq(got, want, "%s: flow %zu: sieve says %d", text,
		    i, got);
		n += want;
	}
	sieve_free(s);
	filter_free(f);
	return n;
}

Test(sieve, random_filters)
{
	struct world *w = world_new(21);
	uint64_t seed = 99;
	int done = 0, some = 0;

	for (int i = 0; i < 6000; i++) {
		/* around the moment of random flows */
		const int64_t from = INT64_C(1795413134250) - 3000 +
		    (int64_t)random_below(&seed, 6000);
		struct question q = { .scale = i & 1,
			.has_window = i % 8 >= 6, .within = i % 16 >= 14,
			.from_ms = from, .to_ms = from + 2000 };
		char *text = random_filter(&seed);
		int n = compare(w, text, &q);

		done += n >= 0;
		some += n > 0 && n < FLOWS;
		free(text);
	}
	/* the others ask about table extra; most tell something */
	cr_expect_gt(done, 1000);
	cr_expect_gt(some, 500);
	world_free(w);
}

/* Each kind of test by itself, and lists that are searched. */
static const char *const single[] = {
	"any", "not any", "tcp", "not tcp", "ipv4", "ipv6", "not ipv4",
	"src ip 10.0.0.1", "not src ip 10.0.0.1", "src ip != 10.0.0.1",
	"ip != 10.0.0.1", "src and dst ip 10.0.0.1", "ip ::",
	"net 10.0.0.0/8", "net ::/0", "dst net 0.0.0.0/0",
	"ip in [10.0.0.1 10.0.0.2 10.1.2.3 127.0.0.1 192.168.1.10 ::]",
	"ip != [10.0.0.1 10.0.0.2 10.1.2.3 127.0.0.1 192.168.1.10 ::]",
	"port in [0 53 80 443 1000 1024 2048]", "port != [1-3 53-80]",
	"src port 0", "dst port > 1024", "port < 53", "icmp-type 3",
	"icmp-code 3", "flags S", "not flags SA", "flags X",
	"bytes > 1k", "packets < 100", "pps > 1", "bps >= 1m", "bpp < 3",
	"duration > 999", "in if 3", "out if != 5", "if 3", "not if 3",
	"tos 24", "src mask 24", "next ip 10.0.0.1", "router ip 127.0.0.1",
	"(in if 3 and out if 5) or tcp", "not (in if 3 or not out if 5)",
	"not (not (not in if 3))",
};

Test(sieve, each_kind)
{
	struct world *w = world_new(22);

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		struct question q = { .scale = false };

		cr_expect_geq(compare(w, single[i], &q), 0, "%s", single[i]);
		q.scale = true;
		cr_expect_geq(compare(w, single[i], &q), 0, "%s", single[i]);
	}
	world_free(w);
}

/* Ends of windows count. */
Test(sieve, window)
{
	struct world *w = world_new(23);

	for (size_t i = 0; i < FLOWS; i++) {
		const struct flow *f = &w->v[i];
		struct question q = { .has_window = true };
		int64_t last;

		if (!flow_has(f, COL_first_ms))
			continue;
		last = f->first_ms + (flow_has(f, COL_duration_ms) ?
		    f->duration_ms : 0);
		for (int k = 0; k < 8; k++) {
			q.within = k & 1;
			q.from_ms = (k & 2 ? last : f->first_ms) + k / 4;
			q.to_ms = last;
			(void)compare(w, "any", &q);
		}
	}
	world_free(w);
}

/* Numbers no exporter sends: no undefined arithmetic (UBSan looks on). */
Test(sieve, odd_numbers)
{
	static const int64_t odd[] = { INT64_MIN, INT64_MAX, -1,
		INT64_C(1) << 62, -(INT64_C(1) << 62) };
	struct world *w = world_new(24);

	for (size_t i = 0; i < FLOWS; i++) {
		for (enum column c = 0; c < COLUMN_COUNT; c++) {
			if (w->place[c] > 0 &&
			    w->rows.value[w->place[c]] != NULL)
				w->rows.value[w->place[c]][i] =
				    odd[(i * 31 + c * 7) % 5];
		}
		w->rows.value[w->path_place][i] = odd[i % 5];
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		struct filter *f = filter_parse(single[i], NULL);
		struct question q = { .filter = f, .scale = true,
			.has_window = true, .from_ms = -5, .to_ms = 5 };
		struct sieve *s = sieve_new(&q, w->side, w->place,
		    w->path_place, FLOWS, NULL);

		(void)sieve_rows(s, &w->rows);
		sieve_free(s);
		filter_free(f);
	}
	world_free(w);
}
