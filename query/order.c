/* Orders of answers: see order.h. */
#include "query/order.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "query/row.h"
#include "schema/tally.h"

/* nfdump's older and newer names; the first of a metric is its usual one. */
static const struct order orders[] = {
	{ "flows", METRIC_FLOWS, false, false },
	{ "packets", METRIC_PACKETS, false, false },
	{ "bytes", METRIC_BYTES, false, false },
	{ "pps", METRIC_PPS, false, false },
	{ "bps", METRIC_BPS, false, false },
	{ "bpp", METRIC_BPP, false, false },
	{ "tstart", METRIC_TSTART, false, true },
	{ "tend", METRIC_TEND, false, true },
	{ "duration", METRIC_DURATION, false, false },
	{ "ipkg", METRIC_PACKETS, false, false },
	{ "ibyte", METRIC_BYTES, false, false },
	{ "ipps", METRIC_PPS, false, false },
	{ "ibps", METRIC_BPS, false, false },
	{ "ibpp", METRIC_BPP, false, false },
	{ "ipackets", METRIC_PACKETS, false, false },
	{ "ibytes", METRIC_BYTES, false, false },
	{ "opkg", METRIC_PACKETS, true, false },
	{ "obyte", METRIC_BYTES, true, false },
	{ "opps", METRIC_PPS, true, false },
	{ "obps", METRIC_BPS, true, false },
	{ "obpp", METRIC_BPP, true, false },
	{ "opackets", METRIC_PACKETS, true, false },
	{ "obytes", METRIC_BYTES, true, false },
};

#define N_ORDERS	(sizeof(orders) / sizeof(orders[0]))

const char *
order_at(size_t i)
{
	return i < N_ORDERS ? orders[i].name : NULL;
}

static bool
for_statistics(const struct order *o)
{
	return o->metric < METRIC_TSTART;
}

static int
unknown(const char *text, size_t len, bool stat, struct err *err)
{
	char names[200] = "";
	size_t n = 0;

	/* the usual names suffice as a hint */
	for (size_t i = 0; i <= METRIC_DURATION; i++) {
		if (stat && !for_statistics(&orders[i]))
			continue;
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
		    n > 0 ? ", " : "", orders[i].name);
	}
	return err_at(err, 0, len == 0 ? 1 : len,
	    "unknown order \"%.*s\": want one of %s", (int)len, text, names);
}

int
order_parse(const char *text, size_t len, bool stat, struct order *out,
    struct err *err)
{
	const char *colon = memchr(text, ':', len);
	size_t n = colon == NULL ? len : (size_t)(colon - text);

	for (size_t i = 0; i < N_ORDERS; i++) {
		if (strlen(orders[i].name) != n ||
		    strncasecmp(orders[i].name, text, n) != 0 ||
		    (stat && !for_statistics(&orders[i])))
			continue;
		*out = orders[i];
		if (colon == NULL)
			return 0;
		if (len - n == 2 && (colon[1] == 'a' || colon[1] == 'd')) {
			out->ascending = colon[1] == 'a';
			return 0;
		}
		return err_at(err, n, len - n, "expected \":a\" (ascending) "
		    "or \":d\" (descending), got \"%.*s\"", (int)(len - n),
		    colon);
	}
	return unknown(text, n, stat, err);
}

int64_t
order_value(enum metric m, const struct tally_sum *s)
{
	int64_t duration = span_of(s->first_ms, s->last_ms);

	switch (m) {
	case METRIC_FLOWS:
		return s->flows;
	case METRIC_PACKETS:
		return s->packets;
	case METRIC_BYTES:
		return s->bytes;
	case METRIC_PPS:
		return rate_of(s->packets, 1000, duration);
	case METRIC_BPS:
		return rate_of(s->bytes, 8000, duration);
	case METRIC_BPP:
		return rate_of(s->bytes, 1, s->packets);
	case METRIC_TSTART:
		return s->first_ms;
	case METRIC_TEND:
		return s->last_ms;
	case METRIC_DURATION:
		return duration;
	}
	return 0;
}
