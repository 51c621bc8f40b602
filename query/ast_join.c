/*
 * AND and OR of any number of children.  Tests of the same word are merged into
 * one test with a longer list: scripts write "src ip a or src ip b or ..."
 * thousands of times, which SQLite would take seconds to prepare (its time
 * grows with the square of the terms).
 */
#include "query/ast.h"

#include <stdlib.h>
#include <string.h>

/* The test that a child of OR (or, negated, of AND) is; NULL: not that. */
static const struct test *
mergeable(const struct node *n, enum node_kind kind)
{
	if (kind == NODE_AND) {
		if (n->kind != NODE_NOT)
			return NULL;
		n = n->child[0];
	}
	if (n->kind != NODE_TEST || n->test.op != OP_EQ || n->test.all ||
	    n->test.set.text != NULL || n->test.set.places != NULL)
		return NULL;
	return &n->test;
}

static bool
same_word(const struct test *a, const struct test *b)
{
	return a->word == b->word && a->pair == b->pair;
}

/* Appends the ranges of add; the room is there. */
static void
append(struct set *to, const struct set *add)
{
	if (to->num != NULL)
		memcpy(to->num + to->n, add->num, add->n * sizeof(*to->num));
	else
		memcpy(to->addr + to->n, add->addr,
		    add->n * sizeof(*to->addr));
	to->n += add->n;
}

/*
 * One node for child[first] and all later ones of its word, which are set to
 * NULL.  total: their entries.
 */
static struct node *
merge(struct filter *f, enum node_kind kind, struct node **child, size_t n,
    size_t first, size_t total)
{
	const struct test *head = mergeable(child[first], kind);
	struct test t = *head;
	struct node *node;
	bool num = t.set.num != NULL;
	void *room = ast_alloc(f, total * (num ? sizeof(*t.set.num) :
	    sizeof(*t.set.addr)));

	if (room == NULL)
		return NULL;
	t.set.n = 0;
	if (num)
		t.set.num = room;
	else
		t.set.addr = room;
	for (size_t i = first; i < n; i++) {
		const struct test *other = child[i] == NULL ? NULL :
		    mergeable(child[i], kind);

		if (other == NULL || !same_word(head, other))
			continue;
		append(&t.set, &other->set);
		if (i > first)
			child[i] = NULL;
	}
	set_tidy(&t.set);
	node = ast_test(f, &t);
	if (node == NULL)
		return NULL;
	node->offset = child[first]->offset;
	node->length = child[first]->length;
	return kind == NODE_AND ? ast_not(f, node) : node;
}

/* Merges what can be merged and closes the gaps; -1: out of memory. */
static int
merge_all(struct filter *f, enum node_kind kind, struct node **child,
    size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		const struct test *head = child[i] == NULL ? NULL :
		    mergeable(child[i], kind);
		size_t total = 0, count = 0;

		for (size_t j = i; head != NULL && j < *n; j++) {
			const struct test *t = child[j] == NULL ? NULL :
			    mergeable(child[j], kind);

			if (t == NULL || !same_word(head, t))
				continue;
			total += t->set.n;
			count++;
		}
		if (count > 1) {
			child[i] = merge(f, kind, child, *n, i, total);
			if (child[i] == NULL)
				return -1;
		}
	}
	for (size_t i = 0; i < *n; i++) {
		if (child[i] != NULL)
			child[kept++] = child[i];
	}
	*n = kept;
	return 0;
}

struct node *
ast_join(struct filter *f, enum node_kind kind, struct node *const *child,
    size_t n)
{
	struct node *join;
	size_t total = 0;

	if (n == 1)
		return child[0];
	for (size_t i = 0; i < n; i++)
		total += child[i]->kind == kind ? child[i]->n : 1;
	join = ast_node(f, kind);
	if (join == NULL)
		return NULL;
	join->child = ast_alloc(f, total * sizeof(struct node *));
	if (join->child == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (child[i]->kind == kind) {
			memcpy(join->child + join->n, child[i]->child,
			    child[i]->n * sizeof(struct node *));
			join->n += child[i]->n;
		} else {
			join->child[join->n++] = child[i];
		}
	}
	if (merge_all(f, kind, join->child, &join->n) == -1)
		return NULL;
	if (join->n == 1)
		return join->child[0];
	for (size_t i = 0; i < join->n; i++) {
		join->homes |= join->child[i]->homes;
		if (join->child[i]->depth + 1 > join->depth)
			join->depth = join->child[i]->depth + 1;
	}
	return join;
}
