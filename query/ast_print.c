/*
 * The canonical text of a filter: what parse.c reads back as the same tree.
 * Every test is written with the phrase it was asked with.
 */
#include "query/ast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/words.h"
#include "schema/proto.h"

static const char *const op_text[] = {
	[OP_EQ] = "", [OP_NE] = "!= ", [OP_LT] = "< ", [OP_LE] = "<= ",
	[OP_GT] = "> ", [OP_GE] = ">= ", [OP_ALL_BITS] = "",
	[OP_ANY_BITS] = ""
};

static void
print_time(FILE *out, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	fprintf(out, "%s.%03dZ", text, (int)(ms % 1000));
}

static void
print_proto(FILE *out, int64_t v)
{
	const char *name = proto_name((unsigned)v);

	if (name == NULL) {
		fprintf(out, "%" PRId64, v);
		return;
	}
	for (; *name != '\0'; name++)
		putc(*name >= 'A' && *name <= 'Z' ? *name + 'a' - 'A' : *name,
		    out);
}

static void
print_number(FILE *out, enum value_kind kind, int64_t v)
{
	const char *name = words_name(kind, v);

	if (kind == VALUE_PROTO)
		print_proto(out, v);
	else if (kind == VALUE_TIME)
		print_time(out, v);
	else if (kind == VALUE_MAC)
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x",
		    (unsigned)(v >> 40 & 255), (unsigned)(v >> 32 & 255),
		    (unsigned)(v >> 24 & 255), (unsigned)(v >> 16 & 255),
		    (unsigned)(v >> 8 & 255), (unsigned)(v & 255));
	else if (name != NULL)
		fputs(name, out);
	else
		fprintf(out, "%" PRId64, v);
}

static void
print_num_range(FILE *out, enum value_kind kind, const struct num_range *r)
{
	if (r->lo == r->hi) {
		print_number(out, kind, r->lo);
		return;
	}
	/* names don't make ranges */
	if (kind == VALUE_TIME) {
		print_time(out, r->lo);
		fputs("..", out);
		print_time(out, r->hi);
	} else {
		fprintf(out, "%" PRId64 "-%" PRId64, r->lo, r->hi);
	}
}

/* The length of the prefix that is this range, or -1. */
static int
prefix_length(const struct addr_range *r)
{
	for (int bits = r->lo.len * 8; bits >= 0; bits--) {
		struct prefix p = prefix_of(&r->lo, (unsigned)bits);

		if (addr_cmp(&p.lo, &r->lo) != 0)
			return -1;
		if (addr_cmp(&p.hi, &r->hi) == 0)
			return bits;
	}
	return -1;
}

static void
print_addr_range(FILE *out, enum value_kind kind, const struct addr_range *r)
{
	char lo[ADDR_TEXT_MAX], hi[ADDR_TEXT_MAX];
	int bits = prefix_length(r);

	(void)addr_format(&r->lo, lo);
	(void)addr_format(&r->hi, hi);
	if (bits == -1)
		fprintf(out, "%s-%s", lo, hi);
	else if (bits == r->lo.len * 8 && kind != VALUE_NET)
		fputs(lo, out);
	else
		fprintf(out, "%s/%d", lo, bits);
}

static void
print_flags(FILE *out, int64_t bits)
{
	char text[FLAGS_TEXT_MAX];

	flags_format((uint8_t)bits, text);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p != '.')
			putc(*p, out);
	}
}

static void
print_set(FILE *out, const struct test *t)
{
	enum value_kind kind = t->word->value;
	const struct set *s = &t->set;

	for (size_t i = 0; i < s->n; i++) {
		if (i > 0)
			putc(' ', out);
		if (s->addr != NULL)
			print_addr_range(out, kind, &s->addr[i]);
		else
			print_num_range(out, kind, &s->num[i]);
	}
}

static void
print_name(FILE *out, const char *text)
{
	char quote = strchr(text, '"') != NULL ? '\'' : '"';

	fprintf(out, "%c%s%c", quote, text, quote);
}

/* Quoted: IN is India, and a word of the language. */
static void
print_places(FILE *out, const struct test *t)
{
	bool list = strchr(t->set.places, ' ') != NULL;

	if (list)
		fputs(t->op == OP_EQ ? "in [" : "[", out);
	putc('"', out);
	for (const char *p = t->set.places; *p != '\0'; p++) {
		if (*p == ' ')
			fputs("\" \"", out);
		else
			putc(*p, out);
	}
	fputs(list ? "\"]" : "\"", out);
}

static void
print_test(FILE *out, const struct test *t)
{
	if (t->pair != NULL)
		fprintf(out, "src %s dst %s", t->all ? "and" : "or",
		    strchr(t->word->phrase, ' ') + 1);
	else
		fputs(t->word->phrase, out);
	if (t->word->value == VALUE_NONE)
		return;
	fprintf(out, " %s", op_text[t->op]);
	if (t->set.places != NULL) {
		print_places(out, t);
	} else if (t->op == OP_ALL_BITS || t->op == OP_ANY_BITS) {
		print_flags(out, t->set.num[0].lo);
	} else if (t->set.text != NULL) {
		print_name(out, t->set.text);
	} else if (t->set.n > 1) {
		fputs(t->op == OP_EQ ? "in [" : "[", out);
		print_set(out, t);
		putc(']', out);
	} else {
		print_set(out, t);
	}
}

static void
print_node(FILE *out, const struct node *n)
{
	switch (n->kind) {
	case NODE_ANY:
		fputs("any", out);
		break;
	case NODE_TEST:
		print_test(out, &n->test);
		break;
	case NODE_NOT:
		fputs("not ", out);
		if (n->child[0]->n > 0)
			putc('(', out);
		print_node(out, n->child[0]);
		if (n->child[0]->n > 0)
			putc(')', out);
		break;
	case NODE_AND:
	case NODE_OR:
		for (size_t i = 0; i < n->n; i++) {
			bool inside = n->child[i]->kind == NODE_OR &&
			    n->kind == NODE_AND;

			if (i > 0)
				fputs(n->kind == NODE_AND ? " and " : " or ",
				    out);
			if (inside)
				putc('(', out);
			print_node(out, n->child[i]);
			if (inside)
				putc(')', out);
		}
		break;
	}
}

char *
filter_print(const struct filter *f)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	print_node(out, ast_root(f));
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
