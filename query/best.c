/* The first N: see best.h. */
#include "query/best.h"

#include <stdlib.h>

#define SPARE	500	/* more than are wanted, so that sorting is rare */

static size_t
cap_of(size_t n)
{
	return n + (n < SPARE ? SPARE : n);
}

size_t
best_memory(size_t n)
{
	return cap_of(n) * sizeof(struct best_row);
}

int
best_init(struct best *b, const struct order *order, size_t n,
    struct err *err)
{
	*b = (struct best){ .order = order, .keep = n, .cap = cap_of(n) };
	b->v = malloc(b->cap * sizeof(*b->v));
	return b->v == NULL ? err_set(err, "out of memory") : 0;
}

void
best_clear(struct best *b)
{
	free(b->v);
	b->v = NULL;
}

/* < 0: a is before b. */
static int
compare(const void *va, const void *vb)
{
	const struct best_row *a = va, *b = vb;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return merge_less(&b->row.key, &a->row.key) -
	    merge_less(&a->row.key, &b->row.key);
}

void
best_put(struct best *b, const struct merge_row *r)
{
	int64_t value = order_value(b->order->metric, &r->sum);
	struct best_row *to = &b->v[b->n];

	/* the opposite order, whatever the value */
	if (b->order->ascending)
		value = ~value;
	if (r->sum.flows <= 0 || (b->cut && value < b->v[b->keep - 1].value))
		return;
	to->value = value;
	to->row = *r;
	if (b->cut && compare(to, &b->v[b->keep - 1]) > 0)
		return;
	if (++b->n == b->cap)
		best_finish(b);
}

void
best_finish(struct best *b)
{
	qsort(b->v, b->n, sizeof(*b->v), compare);
	if (b->n < b->keep)
		return;
	b->n = b->keep;
	b->cut = true;
}
