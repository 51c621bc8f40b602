/* The columns as data: see column.h. */
#include "schema/column.h"

#include <string.h>

#include "schema/flow.h"

static const struct column_info columns[COLUMN_COUNT] = {
#define COLUMN(id, type, home, since, doc) \
	{ #id, CT_##type, HOME_##home, since, offsetof(struct flow, id), doc },
#include "schema/columns.def"
#undef COLUMN
};

const struct column_info *
column_info(enum column c)
{
	return &columns[c];
}

int
column_find(const char *name, size_t len)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (strlen(columns[i].name) == len &&
		    memcmp(columns[i].name, name, len) == 0)
			return i;
	}
	return -1;
}

const char *
coltype_sql(enum coltype type)
{
	return type == CT_ADDR ? "BLOB" : "INTEGER";
}

uint64_t
coltype_max(enum coltype type)
{
	switch (type) {
	case CT_TIME:
	case CT_SPAN:
		return INT64_MAX;
	case CT_COUNT:
		return FLOW_COUNT_MAX;
	case CT_MAC:
		return (UINT64_C(1) << 48) - 1;
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		return UINT8_MAX;
	case CT_U16:
		return UINT16_MAX;
	case CT_U32:
		return UINT32_MAX;
	case CT_ADDR:
		break;
	}
	return 0;
}

uint64_t
flow_home_bits(enum colhome home)
{
	uint64_t bits = 0;

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if (columns[c].home == home)
			bits |= flow_bit((enum column)c);
	}
	return bits;
}

uint64_t
flow_number(const struct flow *f, enum column c)
{
	const void *p = (const char *)f + columns[c].offset;

	switch (columns[c].type) {
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		return *(const uint8_t *)p;
	case CT_U16:
		return *(const uint16_t *)p;
	case CT_U32:
		return *(const uint32_t *)p;
	case CT_COUNT:
	case CT_MAC:
		return *(const uint64_t *)p;
	case CT_TIME:
	case CT_SPAN:
	case CT_ADDR:
		break;
	}
	return 0;
}
