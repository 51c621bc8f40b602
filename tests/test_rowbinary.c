/* Values in RowBinary against bytes written by hand, out of ClickHouse's
 * description of the format. */
#include "collector/rowbinary.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What stands in front of end is these bytes. */
static void
is(const uint8_t *got, const uint8_t *end, const char *want, size_t len)
{
	cr_assert_eq((size_t)(end - got), len, "%zu bytes, want %zu",
	    (size_t)(end - got), len);
	cr_expect_arr_eq(got, want, len);
}

Test(rowbinary, numbers)
{
	uint8_t b[16];

	is(b, rowbinary_number(b, 0xfe, 1), "\xfe", 1);
	is(b, rowbinary_number(b, 0x1234, 2), "\x34\x12", 2);
	is(b, rowbinary_number(b, 0x12345678, 4), "\x78\x56\x34\x12", 4);
	is(b, rowbinary_number(b, 0x123456789abcdef0, 8),
	    "\xf0\xde\xbc\x9a\x78\x56\x34\x12", 8);
}

Test(rowbinary, text)
{
	uint8_t b[300], *end;
	char longest[400];

	memset(longest, 'x', sizeof(longest));
	is(b, rowbinary_text(b, "", 0), "\0", 1);
	is(b, rowbinary_text(b, "abc", 3), "\3abc", 4);
	end = rowbinary_text(b, longest, 127);
	cr_expect(b[0] == 127 && end == b + 128);
	end = rowbinary_text(b, longest, 128);
	cr_expect(b[0] == 0x80 && b[1] == 1 && end == b + 130);
	end = rowbinary_text(b, longest, 400);
	cr_expect(b[0] == 0xff && b[1] == 1 && end == b + 257);
}

Test(rowbinary, columns)
{
	uint8_t b[20];

	is(b, rowbinary_null(b), "\1", 1);
	is(b, rowbinary_column(b, CT_U8, 0), "\0\0", 2);
	is(b, rowbinary_column(b, CT_PROTO, 255), "\0\xff", 2);
	is(b, rowbinary_column(b, CT_FLAGS, 0x1b), "\0\x1b", 2);
	is(b, rowbinary_column(b, CT_U16, 53), "\0\x35\0", 3);
	is(b, rowbinary_column(b, CT_U32, UINT32_MAX), "\0\xff\xff\xff\xff",
	    5);
	is(b, rowbinary_column(b, CT_TIME, -2),
	    "\0\xfe\xff\xff\xff\xff\xff\xff\xff", 9);
	is(b, rowbinary_column(b, CT_SPAN, 1), "\0\1\0\0\0\0\0\0\0", 9);
	is(b, rowbinary_column(b, CT_COUNT, 1), "\0\1\0\0\0\0\0\0\0", 9);
	is(b, rowbinary_column(b, CT_MAC, 0xffeeddccbbaa),
	    "\0\xaa\xbb\xcc\xdd\xee\xff\0\0", 9);
}

/* A shard of strangers may hold what no column has. */
Test(rowbinary, out_of_range)
{
	uint8_t b[20];

	is(b, rowbinary_column(b, CT_U8, 256), "\1", 1);
	is(b, rowbinary_column(b, CT_U16, 65536), "\1", 1);
	is(b, rowbinary_column(b, CT_U32, INT64_C(1) << 32), "\1", 1);
	is(b, rowbinary_column(b, CT_COUNT, -1), "\1", 1);
	is(b, rowbinary_column(b, CT_COUNT, INT64_C(1) << 53), "\1", 1);
	is(b, rowbinary_column(b, CT_MAC, INT64_C(1) << 48), "\1", 1);
}

#define V4_HEAD	"\0\0\0\0\0\0\0\0\0\0\xff\xff"
#define V6	"\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1"

Test(rowbinary, addresses)
{
	unsigned mapped = 0;
	uint8_t b[20];

	is(b, rowbinary_addr_column(b, "\n\0\0\1", 4, 2, &mapped),
	    "\0" V4_HEAD "\n\0\0\1", 17);
	is(b, rowbinary_addr_column(b, V6, 16, 2, &mapped), "\0" V6, 17);
	is(b, rowbinary_addr_column(b, "", 0, 2, &mapped), "\1", 1);
	is(b, rowbinary_addr_column(b, "12345", 5, 2, &mapped), "\1", 1);
	cr_expect_eq(mapped, 0);
	is(b, rowbinary_addr_column(b, V4_HEAD "\n\0\0\1", 16, 2, &mapped),
	    "\0" V4_HEAD "\n\0\0\1", 17);
	cr_expect_eq(mapped, 2);
}
