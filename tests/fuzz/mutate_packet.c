/*
 * Mutations of datagram streams that know where lengths, counts and ids stand:
 * random bytes hardly ever make a template whose data then comes.  Only for
 * libFuzzer.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/filter_random.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/packet_stream.h"

#define PACKETS_MAX	64

size_t	LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t	LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
	    unsigned seed);

struct stream {
	uint8_t	*data;
	size_t	 size;
	size_t	 max;
	size_t	 at[PACKETS_MAX];	/* heads */
	size_t	 len[PACKETS_MAX];	/* of the datagram behind it */
	size_t	 n;
	uint64_t seed;
};

static uint32_t
below(struct stream *s, uint32_t n)
{
	return random_below(&s->seed, n);
}

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t
get16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static void
split(struct stream *s)
{
	size_t at = 0;

	s->n = 0;
	while (s->size - at >= STREAM_HEAD && s->n < PACKETS_MAX) {
		size_t len = get16(s->data + at);

		if (len > s->size - at - STREAM_HEAD)
			len = s->size - at - STREAM_HEAD;
		s->at[s->n] = at;
		s->len[s->n++] = len;
		at += STREAM_HEAD + len;
	}
}

/* Makes the datagram len bytes long, by moving what is behind; 0 or -1. */
static int
resize(struct stream *s, size_t i, size_t len)
{
	size_t start = s->at[i] + STREAM_HEAD, end = start + s->len[i];
	size_t size = s->size - s->len[i] + len;

	if (len > STREAM_MAX || size > s->max)
		return -1;
	memmove(s->data + start + len, s->data + end, s->size - end);
	if (len > s->len[i])
		memset(s->data + end, 0, len - s->len[i]);
	put16(s->data + s->at[i], len);
	s->size = size;
	s->len[i] = len;
	return 0;
}

/* Puts the lengths and counts right, as an exporter would. */
static void
put_right(struct stream *s, size_t i)
{
	uint8_t *p = s->data + s->at[i] + STREAM_HEAD;

	if (s->len[i] >= 16 && get16(p) == 10)
		put16(p + 2, s->len[i]);
}

/* A set of the datagram: its start, or 0 when there is none. */
static size_t
pick_set(struct stream *s, size_t i)
{
	const uint8_t *p = s->data + s->at[i] + STREAM_HEAD;
	size_t at, sets[32], n = 0, version;

	if (s->len[i] < 20)
		return 0;
	version = get16(p);
	if (version != 9 && version != 10)
		return 0;
	at = version == 10 ? 16 : 20;
	while (s->len[i] - at >= 4 && n < 32) {
		size_t len = get16(p + at + 2);

		sets[n++] = at;
		if (len < 4 || len > s->len[i] - at)
			break;
		at += len;
	}
	return n == 0 ? 0 : sets[below(s, (uint32_t)n)];
}

static size_t
odd_number(struct stream *s)
{
	static const uint16_t odd[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 20,
		48, 127, 128, 254, 255, 256, 257, 258, 4096, 32767, 32768,
		65534, 65535 };

	return odd[below(s, sizeof(odd) / sizeof(odd[0]))];
}

/* A set's id or length, or a 16-bit number in it. */
static void
change_set(struct stream *s, size_t i)
{
	uint8_t *p = s->data + s->at[i] + STREAM_HEAD;
	size_t at = pick_set(s, i), len;

	if (at == 0)
		return;
	len = get16(p + at + 2);
	switch (below(s, 4)) {
	case 0:
		put16(p + at, below(s, 2) ? below(s, 5) : 256 + below(s, 4));
		break;
	case 1:
		put16(p + at + 2, below(s, 2) ? odd_number(s) :
		    len + below(s, 9) - 4);
		break;
	default:
		if (len < 6 || len > s->len[i] - at)
			break;
		at += 4 + 2 * below(s, (uint32_t)(len - 4) / 2);
		put16(p + at, below(s, 2) ? odd_number(s) :
		    get16(p + at) + below(s, 5) - 2);
	}
}

/* Most of what exporters send is among the first elements. */
static size_t
element(struct stream *s)
{
	static const uint16_t some[] = { 21, 22, 34, 35, 48, 49, 50, 130, 131,
		136, 148, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159,
		160, 161, 176, 177, 225, 226, 302, 304, 305, 306, 346, 361 };

	return below(s, 3) == 0 ? some[below(s, sizeof(some) /
	    sizeof(some[0]))] : below(s, 100);
}

static size_t
field_length(struct stream *s)
{
	static const uint16_t usual[] = { 1, 2, 4, 8, 16, 6, 3 };

	switch (below(s, 8)) {
	case 0:
		return odd_number(s);
	case 1:
		return 65535;
	default:
		return usual[below(s, 7)];
	}
}

/* A template (or options template) of some fields behind the datagram. */
static void
add_template(struct stream *s, size_t i)
{
	uint8_t *p = s->data + s->at[i] + STREAM_HEAD;
	size_t version, was = s->len[i], fields = 1 + below(s, 12);
	size_t options = below(s, 3) == 0, at, len;

	if (was < 20)
		return;
	version = get16(p);
	len = 4 + 4 + 2 * options + 4 * fields;
	if (resize(s, i, was + len) == -1)
		return;
	at = was;
	put16(p + at, (version == 10 ? 2 : 0) + options);
	put16(p + at + 2, len);
	put16(p + at + 4, 256 + below(s, 4));
	if (options && version != 10) {
		size_t scopes = below(s, (uint32_t)fields + 1);

		put16(p + at + 6, 4 * scopes);
		put16(p + at + 8, 4 * (fields - scopes));
	} else {
		put16(p + at + 6, fields);
		if (options)
			put16(p + at + 8, 1 + below(s, (uint32_t)fields));
	}
	at += 8 + 2 * options;
	for (size_t f = 0; f < fields; f++, at += 4) {
		put16(p + at, element(s) | (below(s, 12) == 0 ? 0x8000 : 0));
		put16(p + at + 2, field_length(s));
	}
	put_right(s, i);
}

/* Data for a template that may be there. */
static void
add_data(struct stream *s, size_t i)
{
	uint8_t *p = s->data + s->at[i] + STREAM_HEAD;
	size_t was = s->len[i], len = 4 + below(s, 120);

	if (was < 20 || resize(s, i, was + len) == -1)
		return;
	put16(p + was, 256 + below(s, 4));
	put16(p + was + 2, len);
	for (size_t k = 4; k < len; k++)
		p[was + k] = (uint8_t)(below(s, 3) == 0 ? below(s, 256) :
		    below(s, 4));
	put_right(s, i);
}

/* A new datagram with a good header and nothing in it. */
static void
add_datagram(struct stream *s)
{
	static const uint16_t versions[] = { 5, 9, 9, 10, 10 };
	size_t version = versions[below(s, 5)];
	size_t len = version == 5 ? 24 + 48 * (size_t)below(s, 3) :
	    version == 9 ? 20 : 16;
	uint8_t *p = s->data + s->size;

	if (s->n == PACKETS_MAX || s->max - s->size < STREAM_HEAD + len)
		return;
	memset(p, 0, STREAM_HEAD + len);
	put16(p, len);
	p[2] = (uint8_t)below(s, 4);
	p[3] = (uint8_t)(below(s, 4) == 0 ? below(s, 256) : 1);
	p += STREAM_HEAD;
	put16(p, version);
	if (version == 5)
		put16(p + 2, (len - 24) / 48);
	s->at[s->n] = s->size;
	s->len[s->n] = len;
	s->size += STREAM_HEAD + len;
	put_right(s, s->n++);
	if (version != 5 && below(s, 2) == 0)
		add_template(s, s->n - 1);
	if (version != 5)
		add_data(s, s->n - 1);
}

/* The datagram once more, at the end. */
static void
repeat(struct stream *s, size_t i)
{
	size_t len = STREAM_HEAD + s->len[i];

	if (s->n == PACKETS_MAX || s->max - s->size < len)
		return;
	memcpy(s->data + s->size, s->data + s->at[i], len);
	s->size += len;
}

static void
drop(struct stream *s, size_t i)
{
	size_t end = s->at[i] + STREAM_HEAD + s->len[i];

	memmove(s->data + s->at[i], s->data + end, s->size - end);
	s->size -= STREAM_HEAD + s->len[i];
}

/* libFuzzer's own mutations within one datagram. */
static void
scramble(struct stream *s, size_t i)
{
	uint8_t part[STREAM_MAX];
	size_t len = s->len[i] < STREAM_MAX ? s->len[i] : STREAM_MAX, now;

	memcpy(part, s->data + s->at[i] + STREAM_HEAD, len);
	now = LLVMFuzzerMutate(part, len, STREAM_MAX);
	if (resize(s, i, now) == 0)
		memcpy(s->data + s->at[i] + STREAM_HEAD, part, now);
	if (below(s, 2) == 0)
		put_right(s, i);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct stream s = { .data = data, .size = size, .max = max,
		.seed = (uint64_t)seed * 0x9e3779b97f4a7c15U + 1 };
	size_t i;

	split(&s);
	if (s.n == 0 || below(&s, 10) == 0) {
		add_datagram(&s);
		return s.size;
	}
	i = below(&s, (uint32_t)s.n);
	switch (below(&s, 12)) {
	case 0:
		return LLVMFuzzerMutate(data, size, max);
	case 1:
		repeat(&s, i);
		break;
	case 2:
		drop(&s, i);
		break;
	case 3:
		data[s.at[i] + 2] = (uint8_t)below(&s, 4);
		data[s.at[i] + 3] = (uint8_t)below(&s, 256);
		break;
	case 4:
	case 5:
		add_template(&s, i);
		break;
	case 6:
	case 7:
		add_data(&s, i);
		break;
	case 8:
	case 9:
		change_set(&s, i);
		break;
	default:
		scramble(&s, i);
	}
	return s.size;
}
