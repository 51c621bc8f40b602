/*
 * Pages from the file: see btree.h.
 *
 * A sealed table was written in one go, so its leaves mostly follow one
 * another in the file, too.  Who reads leaf after leaf gets twice as many with
 * each call of the system, up to RUN bytes; who jumps gets the one leaf.
 *
 *	buf:	[ not used ][page first]..[page first + n - 1][zeros]
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query/btree_tree.h"

/* The second cache holds it; twice as much is not faster (measured). */
#define RUN	(128U << 10)

/*
 * Up to n pages from one that exists on; how many are whole before the end of
 * the file, -1: not one.
 */
static int
read_pages(const struct btree *t, uint32_t page, uint32_t n, uint8_t *buf,
    struct err *err)
{
	size_t size = (size_t)n * t->page_size, done = 0;

	assert(size > 0);
	while (done < size) {
		ssize_t got = pread(t->fd, buf + done, size - done,
		    (off_t)(page - 1) * (off_t)t->page_size + (off_t)done);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1 && done < t->page_size)
			return err_sys(err, "%s", t->path);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	if (done < t->page_size)
		return btree_damaged(t, page, "file is cut", err);
	return (int)(done / t->page_size);
}

int
btree_page(const struct btree *t, uint32_t page, uint8_t *buf,
    struct err *err)
{
	if (page == 0 || page > t->pages)
		return btree_damaged(t, page, "no such page", err);
	return read_pages(t, page, 1, buf, err) == -1 ? -1 : 0;
}

int
btree_run_init(const struct btree *t, struct btree_run *run)
{
	size_t room = RUN / t->page_size;

	if (room > t->n)
		room = t->n;
	*run = (struct btree_run){ .room = (uint32_t)room };
	run->buf = malloc(room * t->page_size + BTREE_PADDING);
	if (run->buf == NULL)
		return -1;
	memset(run->buf + room * t->page_size, 0, BTREE_PADDING);
	return 0;
}

/* How many leaves from this one on stand side by side. */
static uint32_t
adjacent(const struct btree *t, size_t leaf, uint32_t most)
{
	uint32_t page = t->leaf[leaf].page, n = 1;

	while (n < most && leaf + n < t->n && page + n <= t->pages &&
	    t->leaf[leaf + n].page == page + n)
		n++;
	return n;
}

const uint8_t *
btree_leaf(const struct btree *t, struct btree_run *run, size_t leaf,
    struct err *err)
{
	uint32_t page = t->leaf[leaf].page, n;
	uint8_t *to;
	int got;

	if (page >= run->first && page - run->first < run->n)
		return run->start +
		    (size_t)(page - run->first) * t->page_size;
	run->n = 0;
	if (page == 0 || page > t->pages) {
		(void)btree_damaged(t, page, "no such page", err);
		return NULL;
	}
	run->ahead = leaf == run->next && leaf > 0 ? run->ahead * 2 : 1;
	if (run->ahead > run->room)
		run->ahead = run->room;
	n = adjacent(t, leaf, run->ahead);
	/* at the end, so that a checker sees who reads behind it */
	to = run->buf + (size_t)(run->room - n) * t->page_size;
	got = read_pages(t, page, n, to, err);
	if (got == -1)
		return NULL;
	run->start = to;
	run->first = page;
	run->n = (uint32_t)got;
	run->next = leaf + run->n;
	return run->start;
}
