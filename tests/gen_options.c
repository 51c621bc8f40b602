/* Options of made-up flows: see gen_options.h. */
#include "tests/gen_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PEERS	10000000
/* span_ms holds minus the rate until the number of flows is known */

int64_t
gen_number(const char *text, int64_t min)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < min)
		return -1;
	return v;
}

static int
start_time(struct gen_options *o, const char *text)
{
	struct tm tm;
	const char *end;
	int64_t sec = gen_number(text, 0);

	memset(&tm, 0, sizeof(tm));
	if (sec == -1) {
		end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			return -1;
		sec = timegm(&tm);
	}
	o->start_ms = sec * 1000;
	return 1;
}

int
gen_option(struct gen_options *o, int c, const char *value)
{
	int64_t n = value == NULL ? 0 : gen_number(value, 0);

	switch (c) {
	case GEN_OPT_FLOWS:
		o->flows = (uint64_t)n;
		return n > 0 ? 1 : -1;
	case GEN_OPT_SEED:
		o->seed = (uint64_t)n;
		return n >= 0 ? 1 : -1;
	case GEN_OPT_START:
		return start_time(o, value);
	case GEN_OPT_HOURS:
		o->span_ms = n * 3600000;
		return n > 0 && n < 1000000 ? 1 : -1;
	case GEN_OPT_RATE:
		o->span_ms = -n;
		return n > 0 ? 1 : -1;
	case GEN_OPT_PEERS:
		o->peers = (uint32_t)n;
		return n > 0 && n <= MAX_PEERS ? 1 : -1;
	case GEN_OPT_V5:
		o->wire = GEN_V5;
		return 1;
	case GEN_OPT_IPFIX:
		o->wire = GEN_IPFIX;
		return 1;
	case GEN_OPT_MIX:
		o->wire = GEN_MIX;
		return 1;
	case GEN_OPT_NO_SAMPLING:
		o->no_sampling = true;
		return 1;
	default:
		return 0;
	}
}

void
gen_options_done(struct gen_options *o)
{
	if (o->span_ms < 0)
		o->span_ms = (int64_t)(o->flows * 1000 /
		    (uint64_t)-o->span_ms) + 1;
}
