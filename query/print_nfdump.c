/*
 * The CSV of nfdump 1.7.1, for scripts that were written for it: 48 columns of
 * a flow, three kinds of headers of a statistic, a Summary block, local time
 * without zone.  Its quirks are kept where a script may count on them (padded
 * latencies and labels, zeros for what was not sent, -q keeps the header of a
 * statistic); columns that we don't store have nfdump's zero.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cell.h"
#include "query/fmt.h"
#include "query/numtext.h"
#include "query/printer.h"

#define PROTO_WIDTH	5

static const char header[] = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,"
    "opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,odmc,idmc,"
    "osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,"
    "ra,eng,exid,tr\n";

/* What stands between td and cl, and its columns up to eng. */
static const char middle[] = "%sa%da%sp%dp%pr%flg%fwd%stos%ipkt%ibyt%opkt%obyt"
    "%in%out%sas%das%smk%dmk%dtos%dir%nh%nhb%svln%dvln%ismc%odmc%idmc%osmc"
    "%mpls1%mpls2%mpls3%mpls4%mpls5%mpls6%mpls7%mpls8%mpls9%mpls10";
static const char end[] = "%ra%eng%exp";

struct nfdump {
	struct print		 p;
	struct fmt		 middle;
	struct fmt		 end;
	struct cell_style	 style;
	bool			 told_none;
	bool			 in_stat;
	const struct field	*key;
	bool			 by_proto;
	int64_t			 flows, packets, bytes;
};

static void
nfdump_free(struct print *p)
{
	struct nfdump *d = (struct nfdump *)p;

	fmt_clear(&d->middle);
	fmt_clear(&d->end);
	free(d);
}

static struct print *
nfdump_open(const struct print_options *o, const char *name, const char *rest,
    size_t offset, struct err *err)
{
	struct nfdump *d = calloc(1, sizeof(*d));

	(void)name;
	(void)rest;
	(void)offset;
	if (d == NULL) {
		(void)err_sys(err, "output");
		return NULL;
	}
	d->style.plain = true;
	d->style.full_ip6 = true;
	timetext_init(&d->style.time, o->utc);
	if (fmt_add(&d->middle, middle, 0, err) == -1 ||
	    fmt_add(&d->end, end, 0, err) == -1) {
		nfdump_free(&d->p);
		return NULL;
	}
	return &d->p;
}

static uint64_t
nfdump_columns(const struct print *p)
{
	const struct nfdump *d = (const struct nfdump *)p;

	return fmt_columns(&d->middle) | fmt_columns(&d->end) |
	    flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
}

static void
end_stat(struct nfdump *d)
{
	if (d->in_stat)
		out_char(d->p.out, '\n');
	d->in_stat = false;
}

static void
tell_none(struct nfdump *d)
{
	if (!d->told_none)
		out_text(d->p.out, "No matching flows\n");
	d->told_none = true;
}

static void
nfdump_flows(struct print *p, const struct print_flows *head)
{
	(void)head;
	end_stat((struct nfdump *)p);
	if (!p->o.quiet)
		out_text(p->out, header);
}

/* The order decides which counters the columns are named after. */
static void
nfdump_stat(struct print *p, const struct print_stat *head)
{
	struct nfdump *d = (struct nfdump *)p;
	char s[2] = "", buf[100];

	end_stat(d);
	if (head->flows == 0)
		tell_none(d);
	if (head->order[0] == 'o')
		s[0] = 'o';
	else if (head->order[0] == 'i' || head->order[0] == 'f')
		s[0] = 'i';
	d->in_stat = true;
	d->key = field_of(head->key->column);
	d->by_proto = head->by_proto || head->key->column == COL_proto;
	d->flows = head->flows;
	d->packets = head->packets;
	d->bytes = head->bytes;
	(void)snprintf(buf, sizeof(buf), "ts,te,td,pr,val,fl,flP,%spkt,%spktP,"
	    "%sbyt,%sbytP,%spps,%sbps,%sbpp\n", s, s, s, s, s, s, s);
	out_text(p->out, buf);
}

static void
put_times(struct nfdump *d, const struct row *r)
{
	struct out *o = d->p.out;
	int64_t first = flow_has(&r->flow, COL_first_ms) ?
	    r->flow.first_ms : 0;
	int64_t span = flow_has(&r->flow, COL_duration_ms) ?
	    r->flow.duration_ms : 0;

	out_used(o, time_text(&d->style.time, first,
	    out_room(o, TIME_TEXT_MAX)));
	out_char(o, ',');
	out_used(o, time_text(&d->style.time, row_last_ms(r),
	    out_room(o, TIME_TEXT_MAX)));
	out_char(o, ',');
	out_used(o, seconds_text(span, out_room(o, SPAN_TEXT_MAX)));
}

/* A number is padded, but for 0. */
static size_t
proto_value(const struct field *f, const struct row *r, char *out)
{
	struct cell_style named = { .plain = false };
	size_t n = cell_text(f, &named, r, out);

	if (out[0] < '1' || out[0] > '9')
		return n;
	for (; n < PROTO_WIDTH; n++)
		out[n] = ' ';
	return n;
}

/* Values of nfdump's CSV are those of its tables, but for these. */
static size_t
value(struct nfdump *d, const struct field *f, const struct row *r, char *out)
{
	size_t n = 0;

	switch (f->kind) {
	case FIELD_PROTO:
		return proto_value(f, r, out);
	case FIELD_FLAGS:
		n = field_value(f, &d->style.time, r, out);
		return n > 0 ? n : cell_text(f, &d->style, r, out);
	case FIELD_PORT:
	case FIELD_DIRECTION:
		n = field_value(f, &d->style.time, r, out);
		if (n == 0)
			out[n++] = '0';
		return n;
	case FIELD_ENGINE:
		n = cell_text(f, &d->style, r, out);
		while (out[n - 1] == ' ')
			n--;
		return n;
	default:
		return cell_text(f, &d->style, r, out);
	}
}

static void
put_fields(struct nfdump *d, const struct fmt *f, const struct row *r)
{
	for (size_t i = 0; i < f->n; i++) {
		char *at = out_room(d->p.out, CELL_TEXT_MAX + 1);

		at[0] = ',';
		out_used(d->p.out, 1 + value(d, f->items[i].field, r, at + 1));
	}
}

static void
flow_row(struct nfdump *d, const struct row *r)
{
	static const char latency[] = ",    0.000,    0.000,    0.000";
	char received[TIME_TEXT_MAX];

	put_times(d, r);
	put_fields(d, &d->middle, r);
	out_bytes(d->p.out, latency, sizeof(latency) - 1);
	put_fields(d, &d->end, r);
	out_char(d->p.out, ',');
	out_bytes(d->p.out, received,
	    time_ms_text(&d->style.time, 0, received));
	out_char(d->p.out, '\n');
}

static void
put_share(struct out *o, int64_t v, int64_t total)
{
	char buf[64];

	(void)snprintf(buf, sizeof(buf), ",%lld,%.1f", (long long)v,
	    total > 0 ? 100.0 * (double)v / (double)total : 0.0);
	out_text(o, buf);
}

static void
put_proto(struct nfdump *d, const struct row *r)
{
	struct cell_style style = { .plain = d->p.o.plain };

	out_char(d->p.out, ',');
	if (!d->by_proto)
		out_text(d->p.out, "any");
	else if (d->p.o.plain)
		cell_print(d->p.out, field_of(COL_proto), &style, r);
	else
		out_used(d->p.out, proto_value(field_of(COL_proto), r,
		    out_room(d->p.out, CELL_TEXT_MAX)));
}

static void
put_rate(struct out *o, int64_t v)
{
	out_char(o, ',');
	out_int(o, v);
}

static void
stat_row(struct nfdump *d, const struct row *r)
{
	struct out *o = d->p.out;

	put_times(d, r);
	put_proto(d, r);
	out_char(o, ',');
	if (d->key->kind == FIELD_MPLS)
		cell_print(o, d->key, &d->style, r);
	else if (d->key->kind == FIELD_PROTO)
		out_uint(o, flow_has(&r->flow, COL_proto) ? r->flow.proto : 0);
	else
		out_used(o, value(d, d->key, r, out_room(o, CELL_TEXT_MAX)));
	put_share(o, r->flows, d->flows);
	put_share(o, row_packets(r), d->packets);
	put_share(o, row_bytes(r), d->bytes);
	put_rate(o, row_pps(r));
	put_rate(o, row_bps(r));
	put_rate(o, row_bpp(r));
	out_char(o, '\n');
}

static void
nfdump_row(struct print *p, const struct row *r)
{
	struct nfdump *d = (struct nfdump *)p;

	if (d->in_stat)
		stat_row(d, r);
	else
		flow_row(d, r);
}

static void
nfdump_done(struct print *p, const struct print_summary *s)
{
	struct nfdump *d = (struct nfdump *)p;
	int64_t span = s->has_range ? span_of(s->first_ms, s->last_ms) : 0;
	char buf[200];

	end_stat(d);
	if (s->flows == 0)
		tell_none(d);
	if (p->o.quiet)
		return;
	(void)snprintf(buf, sizeof(buf), "Summary\n"
	    "flows,bytes,packets,avg_bps,avg_pps,avg_bpp\n"
	    "%lld,%lld,%lld,%lld,%lld,%lld\n", (long long)s->flows,
	    (long long)s->bytes, (long long)s->packets,
	    (long long)rate_of(s->bytes, 8000, span),
	    (long long)rate_of(s->packets, 1000, span),
	    (long long)rate_of(s->bytes, 1, s->packets));
	out_text(p->out, buf);
}

const struct printer_ops printer_nfdump = { nfdump_open, nfdump_free,
	nfdump_columns, nfdump_flows, nfdump_stat, NULL, nfdump_row,
	nfdump_done, NULL };
