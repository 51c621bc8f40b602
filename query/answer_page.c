/* --report: asks, writes the page beside its place, and puts it there. */
#include <stdlib.h>
#include <string.h>

#include "query/answer.h"
#include "query/newfile.h"
#include "query/page.h"

static int
write_page(struct page *p, const struct request *r, struct err *err)
{
	struct out *o = malloc(sizeof(*o));
	struct newfile f;
	int rc = -1;

	if (o == NULL)
		return err_set(err, "out of memory");
	if (newfile_begin(&f, r->page, r->force, err) == 0) {
		out_init(o, f.fd);
		page_write(p, o);
		if (out_flush(o, err) == 0)
			rc = newfile_commit(&f, err);
		newfile_abandon(&f);
	}
	free(o);
	return rc;
}

/* The file that was asked for is named, whatever went wrong. */
static int
not_written(const char *path, struct err *err)
{
	char msg[sizeof(err->msg)];

	memcpy(msg, err->msg, sizeof(msg));
	return err_as(err, err->code, "%s is not written: %.400s", path,
	    err->code == ERR_STOPPED ? "interrupted" : msg);
}

int
answer_page(struct answer *a, struct err *err)
{
	const struct request *r = a->request;
	struct page *p;
	int rc;

	if (newfile_check(r->page, r->force, err) == -1)
		return -1;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_set(err, "out of memory");
	rc = page_collect(p, a, err);
	if (rc == 0)
		rc = write_page(p, r, err);
	if (rc == -1)
		rc = not_written(r->page, err);
	page_clear(p);
	free(p);
	return rc;
}
