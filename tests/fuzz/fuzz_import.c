/* CSV as flows: what a row gives is a flow that a shard takes. */
#include <string.h>

#include "collector/csv_flow.h"
#include "collector/csv_rows.h"
#include "tests/fuzz/fuzz.h"

#define ADDRESS(f, c)	((const struct addr *)(const void *)		\
			    ((const char *)(f) + column_info(c)->offset))

static void
check_row(const struct csv_flow_row *row)
{
	const struct flow *f = &row->flow;

	FUZZ_CHECK(!flow_has(f, COL_exporter));
	FUZZ_CHECK(row->exporter.len == 0 || row->exporter.len == 4 ||
	    row->exporter.len == 16);
	FUZZ_CHECK(!flow_has(f, COL_duration_ms) || f->duration_ms >= 0);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		enum column col = (enum column)i;

		if (!flow_has(f, col))
			continue;
		switch (column_info(col)->type) {
		case CT_COUNT:
			FUZZ_CHECK(flow_number(f, col) <= FLOW_COUNT_MAX);
			break;
		case CT_MAC:
			FUZZ_CHECK(flow_number(f, col) >> 48 == 0);
			break;
		case CT_ADDR:
			FUZZ_CHECK(ADDRESS(f, col)->len == 4 ||
			    ADDRESS(f, col)->len == 16);
			break;
		default:
			break;
		}
	}
}

static void
check_fields(const struct csv_field *v, size_t n)
{
	volatile char sum = 0;

	FUZZ_CHECK(n <= CSV_ROWS_FIELDS);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(v[i].len <= CSV_ROWS_LINE);
		for (size_t k = 0; k < v[i].len; k++)
			sum = (char)(sum ^ v[i].text[k]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { .msg = "" };
	struct csv_rows *r = csv_rows_open(fuzz_file("csv", data, size), &err);
	struct csv_flow c = { .clock = { .utc = size & 1 } };
	struct csv_flow_row row;
	const struct csv_field *v;
	enum csv_row got;
	int header = 0;
	size_t n, rows = 0;

	FUZZ_CHECK(r != NULL);
	while ((got = csv_rows_next(r, &err)) != CSV_ROW_END) {
		FUZZ_CHECK(got != CSV_ROW_FAILED);
		FUZZ_CHECK(rows++ <= size);
		FUZZ_CHECK(csv_rows_line(r) <= size + 1);
		if (got == CSV_ROW_BAD) {
			FUZZ_CHECK(err.msg[0] != '\0');
			continue;
		}
		v = csv_rows_fields(r, &n);
		check_fields(v, n);
		if (!header) {
			if (csv_flow_header(&c, v, n, &err) == -1)
				break;
			header = 1;
			FUZZ_CHECK(csv_flow_is_header(&c, v, n));
		} else if (!csv_flow_is_summary(&c, v, n) &&
		    csv_flow_read(&c, v, n, &row, &err) == 0) {
			check_row(&row);
		}
	}
	FUZZ_CHECK(csv_rows_progress(r) <= 1);
	csv_rows_close(r);
	return 0;
}
