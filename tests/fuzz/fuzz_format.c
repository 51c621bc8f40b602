/* -o: any format (fmt:, csv:, ...) prints random flows, sums and series. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "query/group.h"
#include "query/print.h"
#include "tests/filter_random.h"
#include "tests/fuzz/fuzz.h"

#define ROWS	3

static void
make_row(struct row *r, uint64_t *seed, size_t i)
{
	const struct match_exporter *e = &random_exporters[i %
	    RANDOM_EXPORTERS];

	*r = (struct row){ .flows = 1 + (int64_t)i };
	random_flow(seed, &r->flow);
	/* as shards hold them */
	r->flow.packets &= FLOW_COUNT_MAX;
	r->flow.bytes &= FLOW_COUNT_MAX;
	r->exporter = (struct row_exporter){ .address = e->address,
		.version = (uint8_t)e->version, .name = e->name };
}

static void
print_all(struct print *p, size_t kind)
{
	const struct print_summary sum = { .flows = 3, .has_range = true,
		.first_ms = -1, .last_ms = INT64_MAX };
	struct print_key keys[PRINT_KEYS_MAX];
	const struct print_flows flows = { .aggregated = false };
	const struct print_stat stat = { .key = keys, .order = "bytes",
		.flows = 3, .packets = 1, .bytes = 0 };
	const struct print_series series = { .key = keys };
	struct print_head head;
	struct group g;
	uint64_t seed = 7;
	struct row row;
	struct err err = { .msg = "" };

	FUZZ_CHECK(group_parse_stat("srcip/bytes", NULL, &g, &err) == 0);
	(void)group_print_keys(&g, keys);
	head.flows = kind % 3 == 0 ? &flows : NULL;
	head.stat = kind % 3 == 1 ? &stat : NULL;
	head.series = kind % 3 == 2 ? &series : NULL;
	if (print_accepts(p, &head, &err) == -1)
		return;
	if (head.flows != NULL)
		print_flows(p, &flows);
	else if (head.stat != NULL)
		print_stat(p, &stat);
	else
		print_series(p, &series);
	for (size_t i = 0; i < ROWS; i++) {
		make_row(&row, &seed, i);
		print_row(p, &row);
	}
	print_done(p, &sum);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct out out;
	static int null = -1;
	struct print_options o = { .utc = true };
	struct err err = { .msg = "" };
	struct print *p;
	char *text;

	if (null == -1)
		null = open("/dev/null", O_WRONLY);
	if (size == 0)
		return 0;
	o.quiet = data[0] & 1;
	o.plain = data[0] & 2;
	o.full_ip6 = data[0] & 4;
	o.raw = data[0] & 8;
	text = fuzz_text(data + 1, size - 1);
	out_init(&out, null);
	p = print_new(text, &o, &out, &err);
	if (p == NULL) {
		FUZZ_CHECK(err.code == ERR_SYNTAX);
		FUZZ_CHECK(err.offset <= strlen(text) && err.length >= 1);
	} else {
		FUZZ_CHECK(print_columns(p) >> COLUMN_COUNT == 0);
		print_all(p, data[0] >> 4);
		FUZZ_CHECK(out_flush(&out, &err) == 0);
		print_free(p);
	}
	free(text);
	return 0;
}
