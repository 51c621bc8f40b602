/* Printers into memory: see printed.h. */
#include "tests/printed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
store(struct flow *f, enum column c, const char *value, size_t len)
{
	const struct column_info *ci = column_info(c);
	void *at = (char *)f + ci->offset;
	unsigned long long v;

	f->set |= flow_bit(c);
	if (ci->type == CT_ADDR) {
		if (addr_parse(value, len, at) == -1)
			abort();
		return;
	}
	v = strtoull(value, NULL, 0);
	switch (ci->type) {
	case CT_TIME:
	case CT_SPAN:
		*(int64_t *)at = (int64_t)v;
		break;
	case CT_COUNT:
	case CT_MAC:
		*(uint64_t *)at = v;
		break;
	case CT_U32:
		*(uint32_t *)at = (uint32_t)v;
		break;
	case CT_U16:
		*(uint16_t *)at = (uint16_t)v;
		break;
	default:
		*(uint8_t *)at = (uint8_t)v;
		break;
	}
}

struct row
row_of(const char *text)
{
	struct row r;
	const char *p = text;

	/* rubbish shows whoever reads what is not set */
	memset(&r, 0xa5, sizeof(r));
	r.flow.set = 0;
	r.flows = 1;
	memset(&r.exporter, 0, sizeof(r.exporter));
	while (*p != '\0') {
		size_t name = strcspn(p, "="), len = strcspn(p, " ");
		const char *value = p + name + 1;
		int c = column_find(p, name);

		if (strncmp(p, "rows=", 5) == 0)
			r.flows = strtoll(value, NULL, 10);
		else if (c == COL_exporter) {
			if (addr_parse(value, len - name - 1,
			    &r.exporter.address) == -1)
				abort();
			r.exporter.version = 9;
			r.exporter.domain = 7;
			store(&r.flow, COL_exporter, "1", 1);
		} else if (c == -1)
			abort();
		else
			store(&r.flow, (enum column)c, value, len - name - 1);
		p += len;
		p += strspn(p, " ");
	}
	return r;
}

struct printed *
printed_new(const char *format, const struct print_options *o)
{
	static const struct print_options plain = { .utc = true };
	struct printed *t = malloc(sizeof(*t));
	struct err err;

	if (t == NULL)
		abort();
	out_init(&t->out, memfd_create("printed", 0));
	t->p = print_new(format, o == NULL ? &plain : o, &t->out, &err);
	if (t->p == NULL) {
		(void)fprintf(stderr, "%s: %s\n", format, err.msg);
		abort();
	}
	return t;
}

void
printed_row(struct printed *t, const char *row)
{
	struct row r = row_of(row);

	print_row(t->p, &r);
}

char *
printed_end(struct printed *t, const struct print_summary *s)
{
	static const struct print_summary one = { .flows = 1 };
	char *text;
	off_t size;
	struct err err;

	print_done(t->p, s == NULL ? &one : s);
	print_free(t->p);
	if (out_flush(&t->out, &err) == -1)
		abort();
	size = lseek(t->out.fd, 0, SEEK_END);
	text = size < 0 ? NULL : malloc((size_t)size + 1);
	if (text == NULL || pread(t->out.fd, text, (size_t)size, 0) != size)
		abort();
	text[size] = '\0';
	(void)close(t->out.fd);
	free(t);
	return text;
}

char *
printed_list(const char *format, const struct print_options *o,
    const struct print_flows *head, const char *const *rows)
{
	static const struct print_flows list = { .keys = NULL };
	struct printed *t = printed_new(format, o);

	print_flows(t->p, head == NULL ? &list : head);
	for (; *rows != NULL; rows++)
		printed_row(t, *rows);
	return printed_end(t, NULL);
}
