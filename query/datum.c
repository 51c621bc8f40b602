/* Cells of rows: see datum.h. */
#include "query/datum.h"

#include <string.h>

unsigned
datum_width(enum column c)
{
	switch (column_info(c)->type) {
	case CT_U8:
	case CT_PROTO:
	case CT_FLAGS:
		return 1;
	case CT_U16:
		return 2;
	case CT_U32:
		return 4;
	case CT_MAC:
		return 6;
	default:
		return 8;
	}
}

void
datum_read(struct datum *d, sqlite3_stmt *st, int col)
{
	int len;

	*d = (struct datum){ .kind = DATUM_NULL };
	switch (sqlite3_column_type(st, col)) {
	case SQLITE_INTEGER:
		d->kind = DATUM_NUMBER;
		d->number = sqlite3_column_int64(st, col);
		break;
	case SQLITE_BLOB:
		d->addr = sqlite3_column_blob(st, col);
		len = sqlite3_column_bytes(st, col);
		if (len == 4 || len == 16) {
			d->kind = DATUM_ADDR;
			d->len = (uint8_t)len;
		}
		break;
	default:
		break;
	}
}

void
datum_to_flow(const struct datum *d, struct flow *f, enum column c)
{
	const struct column_info *info = column_info(c);
	char *p = (char *)f + info->offset;
	bool is_addr = info->type == CT_ADDR;

	f->set &= ~flow_bit(c);
	if (d->kind == DATUM_NULL || is_addr != (d->kind == DATUM_ADDR))
		return;
	/* counters may be scaled, so only their type bounds them */
	if (!is_addr && info->type != CT_TIME && info->type != CT_SPAN &&
	    (d->number < 0 || (info->type != CT_COUNT &&
	    (uint64_t)d->number > coltype_max(info->type))))
		return;
	f->set |= flow_bit(c);
	switch (info->type) {
	case CT_ADDR:
		*(struct addr *)(void *)p = addr_from(d->addr, d->len);
		break;
	case CT_TIME:
	case CT_SPAN:
		*(int64_t *)(void *)p = d->number;
		break;
	case CT_MAC:
	case CT_COUNT:
		*(uint64_t *)(void *)p = (uint64_t)d->number;
		break;
	case CT_U32:
		*(uint32_t *)(void *)p = (uint32_t)d->number;
		break;
	case CT_U16:
		*(uint16_t *)(void *)p = (uint16_t)d->number;
		break;
	case CT_U8:
	case CT_PROTO:
	case CT_FLAGS:
		*(uint8_t *)p = (uint8_t)d->number;
		break;
	}
}
