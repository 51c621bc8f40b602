/* The body of a request: see ship_body.h. */
#include "collector/ship_body.h"

#include <stdlib.h>
#include <zlib.h>

#include "schema/http.h"

#define CHUNK		(128U << 10)
#define LEVEL		1	/* the line is faster than a better one */
#define GZIP_WINDOW	(15 + 16)	/* zlib: 16 asks for gzip's frame */
#define GZIP_MEMORY	8

struct ship_body {
	struct ship_rows	*rows;
	struct err		*err;
	bool			 gzip;
	bool			 failed;
	bool			 ended;		/* deflate has given all */
	z_stream		 z;
	uint8_t			 plain[CHUNK];
};

struct ship_body *
ship_body_new(struct ship_rows *rows, bool gzip, struct err *err)
{
	struct ship_body *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->rows = rows;
		b->err = err;
		b->gzip = gzip;
	}
	if (b == NULL || (gzip && deflateInit2(&b->z, LEVEL, Z_DEFLATED,
	    GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)) {
		(void)err_set(err, "out of memory");
		free(b);
		return NULL;
	}
	return b;
}

void
ship_body_free(struct ship_body *b)
{
	if (b != NULL && b->gzip)
		(void)deflateEnd(&b->z);
	free(b);
}

bool
ship_body_failed(const struct ship_body *b)
{
	return b->failed;
}

static size_t
read_plain(struct ship_body *b, void *buf, size_t size)
{
	size_t got;

	if (ship_rows_read(b->rows, buf, size, &got, b->err) == 0)
		return got;
	b->failed = true;
	return HTTP_READ_FAILED;
}

size_t
ship_body_read(void *arg, void *buf, size_t size)
{
	struct ship_body *b = arg;
	int rc = Z_OK;

	if (!b->gzip)
		return read_plain(b, buf, size);
	b->z.next_out = buf;
	b->z.avail_out = (uInt)size;
	while (!b->ended && b->z.avail_out == (uInt)size) {
		size_t got = b->z.avail_in;

		if (got == 0) {
			got = read_plain(b, b->plain, sizeof(b->plain));
			if (got == HTTP_READ_FAILED)
				return got;
			b->z.next_in = b->plain;
			b->z.avail_in = (uInt)got;
		}
		rc = deflate(&b->z, got == 0 ? Z_FINISH : Z_NO_FLUSH);
		b->ended = rc == Z_STREAM_END;
	}
	return size - b->z.avail_out;
}

size_t
ship_body_memory(void)
{
	/* deflate, by zlib.h: 2 to the power of window + 2 and memory + 9 */
	return sizeof(struct ship_body) + (1U << (15 + 2)) +
	    (1U << (GZIP_MEMORY + 9));
}
