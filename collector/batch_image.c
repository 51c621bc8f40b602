/* Flows as rows: see batch_image.h. */
#include "collector/batch_image.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/column.h"
#include "schema/ddl.h"

/* How a member of struct flow stands in a row, by its type. */
#define PUT_TIME(row, v)	image_int(row, v)
#define PUT_SPAN(row, v)	image_int(row, v)
#define PUT_ADDR(row, v)	image_blob(row, (v).bytes, (v).len)
#define PUT_MAC(row, v)		image_int(row, (int64_t)(v))
#define PUT_PROTO(row, v)	image_int(row, v)
#define PUT_FLAGS(row, v)	image_int(row, v)
#define PUT_COUNT(row, v)	image_int(row, (int64_t)(v))
#define PUT_U8(row, v)		image_int(row, v)
#define PUT_U16(row, v)		image_int(row, v)
#define PUT_U32(row, v)		image_int(row, v)

#define PUT(id, type)							\
	if (flow_has(f, COL_##id))					\
		PUT_##type(row, f->id);					\
	else								\
		image_null(row);

/* Columns of one home, and nothing for the others. */
#define IN_FLOW_FLOW(id, type)	PUT(id, type)
#define IN_FLOW_PATH(id, type)
#define IN_FLOW_EXTRA(id, type)
#define IN_EXTRA_FLOW(id, type)
#define IN_EXTRA_PATH(id, type)
#define IN_EXTRA_EXTRA(id, type) PUT(id, type)

static void
make_flow(struct image_row *row, const struct flow *f, int64_t path)
{
	image_start(row);
	image_null(row);	/* id: the row's own */
#define COLUMN(id, type, home, since, doc) IN_FLOW_##home(id, type)
#include "schema/columns.def"
#undef COLUMN
	image_int(row, path);
}

static void
make_extra(struct image_row *row, const struct flow *f)
{
	image_start(row);
	image_null(row);
#define COLUMN(id, type, home, since, doc) IN_EXTRA_##home(id, type)
#include "schema/columns.def"
#undef COLUMN
}

struct image *
batch_image_new(struct err *err)
{
	char *flow = ddl_table(HOME_FLOW), *extra = ddl_table(HOME_EXTRA);
	struct image *im = NULL;
	char *both = NULL;

	if (flow == NULL || extra == NULL ||
	    asprintf(&both, "%s%s", flow, extra) == -1)
		(void)err_set(err, "out of memory");
	else
		im = image_new(both, err);
	free(both);
	free(extra);
	free(flow);
	return im;
}

/* Most bytes of a row of that table, as image_int and image_blob write it. */
static size_t
row_bytes(enum colhome home)
{
	static const size_t most[] = { [CT_TIME] = 8, [CT_SPAN] = 8,
		[CT_ADDR] = IMAGE_BLOB_MAX, [CT_MAC] = 8, [CT_PROTO] = 2,
		[CT_FLAGS] = 2, [CT_COUNT] = 8, [CT_U8] = 2, [CT_U16] = 3,
		[CT_U32] = 6 };
	/* NULL for the id; path has a type and a value */
	size_t n = home == HOME_FLOW ? 1 + 1 + 8 : 1;

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		if (ci->home == home)
			n += 1 + most[ci->type];
	}
	return n;
}

size_t
batch_image_memory(size_t flows)
{
	return image_memory(flows, row_bytes(HOME_FLOW)) +
	    image_memory(flows, row_bytes(HOME_EXTRA));
}

static int
fill_extra(struct image *im, const struct batch_part *p, int64_t first_id,
    struct err *err)
{
	uint64_t bits = flow_home_bits(HOME_EXTRA);
	struct image_row row;

	if (image_table(im, "extra", err) == -1)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		const struct flow *f = batch_part_flow(p, i);

		if ((f->set & bits) == 0)
			continue;
		make_extra(&row, f);
		if (image_add(im, first_id + (int64_t)i, &row, err) == -1)
			return -1;
	}
	return 0;
}

int
batch_image_fill(struct image *im, const struct batch_part *p,
    const int64_t *paths, int64_t first_id, struct err *err)
{
	struct image_row row;
	uint64_t set = 0;

	if (image_clear(im, err) == -1 || image_table(im, "flow", err) == -1)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		const struct flow *f = batch_part_flow(p, i);

		make_flow(&row, f, paths[i]);
		if (image_add(im, first_id + (int64_t)i, &row, err) == -1)
			return -1;
		set |= f->set;
	}
	if ((set & flow_home_bits(HOME_EXTRA)) == 0)
		return 0;
	return fill_extra(im, p, first_id, err);
}
