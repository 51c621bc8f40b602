/* Values in RowBinary: see rowbinary.h. */
#include "collector/rowbinary.h"

#include <endian.h>
#include <string.h>

static const uint8_t v4_head[12] = { [10] = 0xff, [11] = 0xff };

uint8_t *
rowbinary_number(uint8_t *p, uint64_t v, unsigned size)
{
	uint64_t low_first = htole64(v);

	memcpy(p, &low_first, size);
	return p + size;
}

uint8_t *
rowbinary_text(uint8_t *p, const char *text, size_t len)
{
	if (len > ROWBINARY_TEXT_MAX)
		len = ROWBINARY_TEXT_MAX;
	/* LEB128: seven bits a byte */
	if (len > 0x7f) {
		*p++ = (uint8_t)(len & 0x7f) | 0x80;
		*p++ = (uint8_t)(len >> 7);
	} else {
		*p++ = (uint8_t)len;
	}
	if (len > 0)
		memcpy(p, text, len);
	return p + len;
}

uint8_t *
rowbinary_null(uint8_t *p)
{
	*p++ = 1;
	return p;
}

static unsigned
size_of(enum coltype type)
{
	switch (type) {
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		return 1;
	case CT_U16:
		return 2;
	case CT_U32:
		return 4;
	case CT_TIME:
	case CT_SPAN:
	case CT_COUNT:
	case CT_MAC:
	case CT_ADDR:
		break;
	}
	return 8;
}

uint8_t *
rowbinary_column(uint8_t *p, enum coltype type, int64_t v)
{
	/* times and spans have a sign, and all 64 bits */
	if (type != CT_TIME && type != CT_SPAN &&
	    (v < 0 || (uint64_t)v > coltype_max(type)))
		return rowbinary_null(p);
	*p++ = 0;
	return rowbinary_number(p, (uint64_t)v, size_of(type));
}

int
rowbinary_address(uint8_t out[16], const void *bytes, size_t len)
{
	if (len == 16) {
		memcpy(out, bytes, 16);
		return memcmp(out, v4_head, sizeof(v4_head)) == 0;
	}
	if (len == 4) {
		memcpy(out, v4_head, sizeof(v4_head));
		memcpy(out + sizeof(v4_head), bytes, 4);
	} else {
		memset(out, 0, 16);
	}
	return 0;
}

uint8_t *
rowbinary_addr_column(uint8_t *p, const void *bytes, size_t len,
    unsigned bit, unsigned *mapped)
{
	if (len != 4 && len != 16)
		return rowbinary_null(p);
	*p++ = 0;
	if (rowbinary_address(p, bytes, len))
		*mapped |= bit;
	return p + 16;
}
