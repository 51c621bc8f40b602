/* All that a row tells: see row_hash.h. */
#include "tests/row_hash.h"

#include <stddef.h>
#include <string.h>

static void
add(uint64_t *h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ p[i]) * UINT64_C(0x100000001b3);
}

uint64_t
row_hash(uint64_t hash, const struct row *row)
{
	const struct row_exporter *e = &row->exporter;
	uint64_t *h = &hash;

	add(h, &row->flow.set, sizeof(row->flow.set));
	add(h, &row->flows, sizeof(row->flows));
	add(h, e->address.bytes, e->address.len);
	add(h, &e->version, e->address.len == 0 ? 0 : 1);
	add(h, &e->domain, e->address.len == 0 ? 0 : sizeof(e->domain));
	if (e->name != NULL)
		add(h, e->name, strlen(e->name));
	for (int c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);
		const struct addr *a = (const void *)((const char *)
		    &row->flow + ci->offset);
		uint64_t number;

		if (!flow_has(&row->flow, (enum column)c))
			continue;
		if (ci->type == CT_ADDR) {
			add(h, a->bytes, a->len);
			continue;
		}
		number = (uint64_t)flow_number(&row->flow, (enum column)c);
		add(h, &number, sizeof(number));
	}
	return hash;
}

