/*
 * Mutations of damaged shards that know where SQLite keeps what: headers of
 * file and pages, cell pointers, child pages, varints at the end of pages
 * (base_shard.h and fuzz_patch say what an input is).  Only for libFuzzer.
 */
#include <stdbool.h>
#include <string.h>

#include "tests/filter_random.h"
#include "tests/fuzz/fuzz.h"

#define PATCH_MAX	40
#define HEAD		4	/* page, place, length */

size_t	LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t	LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
	    unsigned seed);

struct patch {
	uint8_t		b[PATCH_MAX];
	size_t		n;
	uint64_t	seed;
};

static uint32_t
below(struct patch *p, uint32_t n)
{
	return random_below(&p->seed, n);
}

static void
put(struct patch *p, uint32_t v, size_t len)
{
	while (len-- > 0)
		p->b[p->n++] = (uint8_t)(v >> (8 * len));
}

/* place from the page's beginning, or from its end. */
static void
begin(struct patch *p, uint32_t page, uint32_t place, bool from_end)
{
	p->n = 0;
	put(p, page, 1);
	put(p, place | (from_end ? 0x8000 : 0), 2);
	put(p, 0, 1);
}

static uint32_t
page_header(const struct patch *p)
{
	return p->b[0] == 0 ? 100 : 0;
}

/* Type, free block, count, content, fragments, right child. */
static void
damage_header(struct patch *p)
{
	static const uint8_t types[] = { 2, 5, 10, 13, 0, 255 };
	static const uint8_t places[] = { 0, 1, 3, 5, 7, 8 };
	uint32_t which = below(p, 6);

	begin(p, below(p, 100), 0, false);
	p->b[2] = (uint8_t)(page_header(p) + places[which]);
	if (which == 0)
		put(p, types[below(p, sizeof(types))], 1);
	else if (which == 5)
		put(p, below(p, 120), 4);
	else
		put(p, below(p, 3) == 0 ? 65535 - below(p, 3) :
		    below(p, 520), which == 4 ? 1 : 2);
}

static void
damage_cell_pointer(struct patch *p)
{
	begin(p, below(p, 100), 0, false);
	p->b[2] = (uint8_t)(page_header(p) + 8 + 4 * below(p, 2) +
	    2 * below(p, 20));
	for (uint32_t i = 1 + below(p, 4); i > 0; i--)
		put(p, below(p, 4) == 0 ? below(p, 65536) : below(p, 512), 2);
}

/* Lengths, row ids, types of columns; child pages and overflow pages. */
static void
damage_cells(struct patch *p)
{
	static const uint8_t bytes[] = { 0, 1, 6, 8, 9, 10, 12, 13, 0x7f, 0x80,
		0x81, 0xff };

	begin(p, below(p, 100), below(p, 512), true);
	if (below(p, 4) == 0) {
		put(p, below(p, 120), 4);
		return;
	}
	for (uint32_t i = 1 + below(p, 12); i > 0; i--)
		put(p, bytes[below(p, sizeof(bytes))], 1);
}

/* Size of pages, reserved bytes, change counters, free list, encoding, ids. */
static void
damage_file_header(struct patch *p)
{
	begin(p, 0, 16 + below(p, 84), false);
	put(p, below(p, 2) == 0 ? below(p, 5) : below(p, 1U << 31),
	    1 + below(p, 4));
}

static void
make_patch(struct patch *p)
{
	switch (below(p, 8)) {
	case 0:
	case 1:
		damage_header(p);
		break;
	case 2:
	case 3:
		damage_cell_pointer(p);
		break;
	case 4:
		damage_file_header(p);
		break;
	default:
		damage_cells(p);
		break;
	}
	p->b[HEAD - 1] = (uint8_t)(p->n - HEAD);
}

/* The last two bytes, which choose the question, stay the last. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct patch p = { .seed = seed | UINT64_C(0x9e3779b97f4a7c15) << 8 };

	if (size < 2 || data[0] >= 128 || below(&p, 4) == 0)
		return LLVMFuzzerMutate(data, size, max);
	if (below(&p, 8) == 0) {
		data[size - 1 - (size > 3 && below(&p, 2))] =
		    (uint8_t)below(&p, 256);
		return size;
	}
	if (below(&p, 16) == 0) {
		data[0] ^= 64;
		return size;
	}
	make_patch(&p);
	if (size + p.n > max) {
		/* from the front: a new beginning */
		size = 3;
		data[1] = (uint8_t)below(&p, 256);
		data[2] = (uint8_t)below(&p, 256);
	}
	/* before all others: where a patch ends there is not searched for */
	memmove(data + 1 + p.n, data + 1, size - 1);
	memcpy(data + 1, p.b, p.n);
	return size + p.n;
}
