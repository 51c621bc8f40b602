/* Output of an answer: see out.h. */
#include "query/out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "query/numtext.h"

void
out_init(struct out *o, int fd)
{
	o->fd = fd;
	o->error = 0;
	o->n = 0;
}

/* What cannot be written is dropped: the answer is lost anyway. */
static void
drain(struct out *o)
{
	size_t done = 0;

	while (done < o->n && o->error == 0) {
		ssize_t got = write(o->fd, o->buf + done, o->n - done);

		if (got > 0)
			done += (size_t)got;
		else if (got == 0)
			o->error = EIO;
		else if (errno != EINTR)
			o->error = errno;
	}
	o->n = 0;
}

char *
out_room(struct out *o, size_t n)
{
	if (OUT_SIZE - o->n < n)
		drain(o);
	return o->buf + o->n;
}

void
out_bytes(struct out *o, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		size_t part = n < OUT_SIZE ? n : OUT_SIZE;

		memcpy(out_room(o, part), from, part);
		out_used(o, part);
		from += part;
		n -= part;
	}
}

void
out_text(struct out *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

void
out_char(struct out *o, char c)
{
	*out_room(o, 1) = c;
	out_used(o, 1);
}

void
out_int(struct out *o, int64_t v)
{
	out_used(o, int_text(v, out_room(o, NUMBER_TEXT_MAX)));
}

void
out_uint(struct out *o, uint64_t v)
{
	out_used(o, uint_text(v, out_room(o, NUMBER_TEXT_MAX)));
}

static void
out_blanks(struct out *o, size_t n)
{
	for (; n > 0; n--)
		out_char(o, ' ');
}

void
out_padded(struct out *o, const char *s, int width)
{
	size_t len = strlen(s), want = (size_t)(width < 0 ? -width : width);
	size_t blanks = len < want ? want - len : 0;

	if (width > 0)
		out_blanks(o, blanks);
	out_bytes(o, s, len);
	if (width < 0)
		out_blanks(o, blanks);
}

int
out_flush(struct out *o, struct err *err)
{
	drain(o);
	if (o->error == 0)
		return 0;
	errno = o->error;
	return err_sys(err, "cannot write the answer");
}
