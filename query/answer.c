/* A request answered: see answer.h. */
#include "query/answer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "query/extract.h"
#include "query/list.h"
#include "query/print.h"
#include "query/rank.h"
#include "query/work.h"

static double
seconds(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

double
answer_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
answer_summary(const struct answer *a, const struct tally_sum *total,
    double began, struct print_summary *s)
{
	struct rusage ru;

	(void)getrusage(RUSAGE_SELF, &ru);
	*s = (struct print_summary){ .flows = total->flows,
		.packets = total->packets, .bytes = total->bytes,
		.has_range = total->flows > 0, .first_ms = total->first_ms,
		.last_ms = total->last_ms, .processed = a->report.processed,
		.shards_read = a->report.read,
		.shards_skipped = a->report.skipped,
		.user_sec = seconds(&ru.ru_utime),
		.system_sec = seconds(&ru.ru_stime),
		.wall_sec = answer_clock() - began };
}

/* ---- statistics and aggregates ---- */

static void
print_one(void *arg, const struct row *row, const uint8_t *key, size_t len)
{
	(void)key;
	(void)len;
	print_row(arg, row);
}

/* What stands over the rows of a group; all of it at once. */
struct heading {
	struct print_key	keys[PRINT_KEYS_MAX];
	struct print_stat	stat;
	struct print_flows	flows;
	struct print_series	series;
};

static struct print_head
head_of_group(struct heading *h, const struct request *r,
    const struct group *g, const struct order *order,
    const struct tally_sum *total)
{
	size_t n = group_print_keys(g, h->keys);
	bool fields = g->kind == GROUP_FIELDS;

	h->stat = (struct print_stat){ .key = h->keys,
		.by_proto = g->by_proto, .order = order->name,
		.limit = r->limit, .flows = total->flows,
		.packets = total->packets, .bytes = total->bytes };
	h->flows = (struct print_flows){ .aggregated = true,
		.bidir = g->bidir, .keys = fields ? h->keys : NULL,
		.n_keys = fields ? n : 0,
		.order = g->ranked ? order->name : NULL, .limit = r->limit };
	if (g->kind == GROUP_STAT)
		return (struct print_head){ .stat = &h->stat };
	return (struct print_head){ .flows = &h->flows };
}

/* The i-th answer's, before anything is known of it. */
static struct print_head
head_of(struct heading *h, const struct request *r, size_t i)
{
	static const struct tally_sum nothing = { .flows = 0 };

	if (r->n_groups > 0 && r->task != TASK_SERIES)
		return head_of_group(h, r, &r->groups[i],
		    &r->groups[i].order[0], &nothing);
	h->flows = (struct print_flows){ .aggregated = false };
	h->series = (struct print_series){ .key = NULL };
	if (r->n_groups > 0) {
		(void)group_print_keys(&r->groups[0], h->keys);
		h->series = (struct print_series){ h->keys,
			r->groups[0].by_proto };
	}
	if (r->task == TASK_SERIES)
		return (struct print_head){ .series = &h->series };
	return (struct print_head){ .flows = &h->flows };
}

int
answer_accepts(const struct request *r, struct out *out, struct err *err)
{
	struct print *p = print_new(r->format, &r->print, out, err);
	struct print_head head;
	struct heading h;
	size_t i = 0;
	int rc;

	if (p == NULL)
		return -1;
	do {
		head = head_of(&h, r, i);
		rc = print_accepts(p, &head, err);
	} while (rc == 0 && ++i < r->n_groups);
	print_free(p);
	return rc;
}

static void
print_heading(const struct answer *a, const struct group *g,
    const struct order *order, const struct tally_sum *total,
    struct print *p)
{
	struct heading h;
	struct print_head head = head_of_group(&h, a->request, g, order,
	    total);

	if (head.stat != NULL)
		print_stat(p, head.stat);
	else
		print_flows(p, head.flows);
}

/* The orders of one group, fed at once: spilled parts come only once. */
struct ranks {
	struct rank	*rank[GROUP_ORDERS];
	size_t		 n;
};

static int
add_to_ranks(void *arg, struct tally *part, struct err *err)
{
	struct ranks *r = arg;

	for (size_t i = 0; i < r->n; i++) {
		if (rank_add(r->rank[i], part, err) == -1)
			return -1;
	}
	return 0;
}

static int
print_group(struct answer *a, struct sums *s, size_t i, struct print *p,
    struct err *err)
{
	const struct group *g = &a->q.groups[i];
	struct ranks ranks = { .n = 0 };
	int rc = 0;

	for (size_t k = 0; k < g->n_orders && rc == 0; k++) {
		ranks.rank[k] = rank_new(&(struct rank_options){ .group = g,
		    .order = &g->order[k], .limit = a->request->limit,
		    .to_server = a->request->to_server,
		    .having = a->having, .in_parts = sums_in_parts(s, i),
		    .stop = a->q.stop }, err);
		if (ranks.rank[k] == NULL)
			rc = -1;
		else
			ranks.n++;
	}
	if (rc == 0)
		rc = sums_each(s, i, add_to_ranks, &ranks, err);
	for (size_t k = 0; k < ranks.n; k++) {
		if (rc == 0) {
			print_heading(a, g, &g->order[k], &s->feed.total, p);
			rc = rank_each(ranks.rank[k], print_one, p, err);
		}
		rank_free(ranks.rank[k]);
	}
	return rc;
}

static int
run_sums(struct answer *a, struct print *p, double began, struct err *err)
{
	struct print_summary summary;
	struct sums s;
	int rc;

	/* -P may leave out any of them */
	a->q.most_rows = a->having == NULL ? a->request->limit : 0;
	rc = a->backend->calls->sums(a->backend, &a->q, &a->work, &s,
	    &a->report, err);
	for (size_t i = 0; i < a->q.n_groups && rc == 0; i++)
		rc = print_group(a, &s, i, p, err);
	if (rc == 0) {
		answer_summary(a, &s.feed.total, began, &summary);
		print_done(p, &summary);
	}
	sums_clear(&s);
	return rc;
}

/* ---- lists ---- */

struct printing {
	struct print	*p;
	struct out	*out;
};

static bool
print_flow(void *arg, const struct row *row)
{
	struct printing *pr = arg;

	print_row(pr->p, row);
	return !out_failed(pr->out);
}

static int
run_list(struct answer *a, struct print *p, double began, struct err *err)
{
	struct printing printing = { p, a->out };
	struct list_options o = { .work = a->work,
		.columns = print_columns(p),
		.order = a->request->has_order ? &a->request->order : NULL,
		.limit = a->request->limit, .geo = a->geo,
		.visit = print_flow,
		.arg = &printing };
	struct print_summary summary;
	struct tally_sum total;

	print_flows(p, &(struct print_flows){ .aggregated = false });
	if (a->backend->calls->list(a->backend, &a->q, &o, &total,
	    &a->report, err) == -1)
		return -1;
	answer_summary(a, &total, began, &summary);
	print_done(p, &summary);
	return 0;
}

int
answer_run(struct answer *a, struct err *err)
{
	struct print_options o = a->request->print;
	double began = answer_clock();
	struct print *p;
	int rc;

	o.names = a->names;
	for (size_t i = 0; i < a->q.n_groups; i++)
		o.n_answers += a->q.groups[i].n_orders;
	p = print_new(a->request->format, &o, a->out, err);
	if (p == NULL)
		return -1;
	rc = a->q.n_groups > 0 ? run_sums(a, p, began, err) :
	    run_list(a, p, began, err);
	a->rows = print_count(p);
	print_free(p);
	return rc;
}

/* ---- -I ---- */

enum info_row { INFO_ALL, INFO_TCP, INFO_UDP, INFO_ICMP, INFO_OTHER, INFO_N };

struct info {
	const struct group	*group;
	struct tally_sum	 sum[INFO_N];
};

static int
add_info(void *arg, struct tally *part, struct err *err)
{
	struct info *info = arg;

	(void)err;
	for (size_t i = 0; i < tally_count(part); i++) {
		struct tally_sum s;
		size_t len;
		const uint8_t *key = tally_entry(part, i, &len, &s);
		struct row row;

		group_row(info->group, key, len, &s, &row);
		switch (row.flow.proto) {
		case IPPROTO_TCP:
			tally_add(&info->sum[INFO_TCP], &s);
			break;
		case IPPROTO_UDP:
			tally_add(&info->sum[INFO_UDP], &s);
			break;
		case IPPROTO_ICMP:
		case IPPROTO_ICMPV6:
			tally_add(&info->sum[INFO_ICMP], &s);
			break;
		default:
			break;
		}
	}
	return 0;
}

static void
info_line(struct out *out, const char *key, const char *suffix, int64_t v)
{
	out_text(out, key);
	out_text(out, suffix);
	out_text(out, ": ");
	out_int(out, v);
	out_char(out, '\n');
}

static void
print_info(struct out *out, const struct info *info)
{
	static const char *const suffix[INFO_N] = { "", "_tcp", "_udp",
	    "_icmp", "_other" };
	const struct tally_sum *all = &info->sum[INFO_ALL];

	for (int i = 0; i < INFO_N; i++)
		info_line(out, "Flows", suffix[i], info->sum[i].flows);
	for (int i = 0; i < INFO_N; i++)
		info_line(out, "Packets", suffix[i], info->sum[i].packets);
	for (int i = 0; i < INFO_N; i++)
		info_line(out, "Bytes", suffix[i], info->sum[i].bytes);
	if (all->flows == 0)
		return;
	info_line(out, "First", "", all->first_ms / 1000);
	info_line(out, "Last", "", all->last_ms / 1000);
	info_line(out, "msec_first", "", all->first_ms % 1000);
	info_line(out, "msec_last", "", all->last_ms % 1000);
}

int
answer_info(struct answer *a, struct err *err)
{
	struct group group;
	struct info info = { .group = &group };
	struct sums s;
	int rc;

	for (int i = 0; i < INFO_N; i++)
		info.sum[i] = (struct tally_sum){ .first_ms = INT64_MAX,
			.last_ms = INT64_MIN };
	if (group_parse_stat("proto", NULL, &group, err) == -1)
		return -1;
	a->q.groups = &group;
	a->q.n_groups = 1;
	rc = a->backend->calls->sums(a->backend, &a->q, &a->work, &s,
	    &a->report, err);
	if (rc == 0)
		rc = sums_each(&s, 0, add_info, &info, err);
	if (rc == 0) {
		info.sum[INFO_ALL] = info.sum[INFO_OTHER] = s.feed.total;
		for (int i = INFO_TCP; i < INFO_OTHER; i++) {
			/* the rest, also what has no protocol */
			info.sum[INFO_OTHER].flows -= info.sum[i].flows;
			info.sum[INFO_OTHER].packets -= info.sum[i].packets;
			info.sum[INFO_OTHER].bytes -= info.sum[i].bytes;
		}
		print_info(a->out, &info);
	}
	sums_clear(&s);
	return rc;
}

/* ---- --extract ---- */

int
answer_extract(struct answer *a, struct err *err)
{
	const struct request *r = a->request;
	const struct extract_options o = { .path = r->extract,
		.force = r->force, .limit = r->limit, .work = a->work };

	return extract_flows(&a->q, &a->list, &o, &a->extracted, &a->report,
	    err);
}
