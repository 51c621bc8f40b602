/*
 * The tree of a filter.  Columns are resolved, values are sorted sets, every
 * node knows its place in the text.  Everything lives in the filter's arena
 * and is freed with it.
 *
 * Meaning: a test on a field that was not sent is false, so its negation is
 * true; there is no third value.
 */
#ifndef QUERY_AST_H
#define QUERY_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/filter.h"
#include "schema/addr.h"
#include "schema/column.h"

#define AST_SUBJECTS	10	/* mpls any: as many labels as are stored */

/* What is compared: a column, or one of these. */
enum subject {
	SUBJECT_LAST = COLUMN_COUNT,	/* first_ms + duration_ms */
	SUBJECT_PPS,			/* 1000 * packets / duration_ms */
	SUBJECT_BPS,			/* 8000 * bytes / duration_ms */
	SUBJECT_BPP,			/* bytes / packets */
	SUBJECT_FLOWS,			/* flows, 1 when not sent */
	SUBJECT_TTL_SPREAD,		/* max_ttl - min_ttl */
	SUBJECT_COUNT,			/* running number of the flow */
	SUBJECT_EXPORTER_ADDR,		/* of the row of table exporter */
	SUBJECT_EXPORTER_VERSION,
	SUBJECT_EXPORTER_NAME,
	SUBJECT_END
};

/* What of the subject's value is compared. */
enum part {
	PART_VALUE,
	PART_FAMILY,			/* length of an address: 4, 16 */
	PART_HIGH,			/* value >> 8: ICMP type */
	PART_LOW,			/* value & 255: ICMP code */
	PART_LABEL,			/* of an MPLS stack entry */
	PART_EXP,
	PART_EOS			/* label if it is the stack's last */
};

enum op {
	OP_EQ,				/* in the set */
	OP_NE,				/* sent, and not in the set */
	OP_LT, OP_LE, OP_GT, OP_GE,	/* than the set's only number */
	OP_ALL_BITS, OP_ANY_BITS	/* of the set's only number */
};

struct num_range {
	int64_t	lo;
	int64_t	hi;
};

struct addr_range {			/* one family */
	struct addr	lo;
	struct addr	hi;
};

/*
 * Ranges in order; one that overlaps another is merged with it.  Numbers
 * and texts never mix with addresses.
 */
struct set {
	size_t			 n;
	struct num_range	*num;	/* NULL for addresses and text */
	struct addr_range	*addr;	/* NULL else; IPv4 first */
	const char		*text;	/* exporter name: n is 1 */
	/* what was asked for, as text, when addr is what a database made of it */
	const char		*places;
};

/*
 * With several subjects: true when one of them (all: when each) passes.
 * OP_NE without all: at least one was sent, and none is in the set.
 */
struct test {
	const struct word	*word;	/* of the text; gives part, implied */
	const struct word	*pair;	/* dst side of "src or dst", or NULL */
	bool			 all;	/* "src and dst" */
	enum op			 op;
	uint8_t			 n_subjects;
	uint8_t			 subject[AST_SUBJECTS];
	struct set		 set;
};

enum node_kind { NODE_ANY, NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };

struct node {
	enum node_kind	 kind;
	unsigned	 homes;		/* 1 << enum colhome of every test */
	unsigned	 depth;		/* AND and OR above each other, >= 0 */
	size_t		 offset;	/* in the text */
	size_t		 length;
	struct node	**child;	/* AND, OR: 2 or more; NOT: one */
	size_t		 n;
	struct test	 test;
};

struct filter;

struct filter *ast_new(void);
const struct node *ast_root(const struct filter *f);
void	ast_set_root(struct filter *f, struct node *root);

/* Memory that lives as long as the filter; NULL when there is none. */
void	*ast_alloc(struct filter *f, size_t size);

/*
 * Nodes; NULL when memory is out.  ast_not: "not not x" is x.
 *
 * ast_join (ast_join.c): a child of the same kind is dissolved into its
 * children; "ip a or ip b" becomes "ip in [a b]", "not ip a and not ip b" the
 * negation of that; one child alone is returned as it is.
 */
struct node *ast_node(struct filter *f, enum node_kind kind);
struct node *ast_any(struct filter *f);
struct node *ast_test(struct filter *f, const struct test *t);
struct node *ast_not(struct filter *f, struct node *child);
struct node *ast_join(struct filter *f, enum node_kind kind,
	    struct node *const *child, size_t n);

/* Sorts and merges a set in place. */
void	set_tidy(struct set *s);
bool	set_has_number(const struct set *s, int64_t v);
bool	set_has_addr(const struct set *s, const struct addr *a);

/* Same meaning and same words; places in the text don't count. */
bool	ast_equal(const struct node *a, const struct node *b);

/* Home of a subject, and flow_bit() of the columns it reads. */
enum colhome subject_home(int subject);
uint64_t subject_columns(int subject);

/* Largest number that the part of a subject can be compared with. */
int64_t	subject_max(int subject, enum part part);

/*
 * Calls visit for every test, in order of the text; stops early when it
 * returns false.
 */
void	ast_walk(const struct node *n,
	    bool (*visit)(const struct node *, void *), void *arg);

#endif
