/*
 * The words of the filter language as data: a phrase ("src port", "bgp next
 * ip"), what it compares, and what kind of value follows.  A new primitive is
 * one row in words.c.
 */
#ifndef QUERY_WORDS_H
#define QUERY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/ast.h"

#define WORD_MAX	4	/* words in a phrase */

/* What stands behind a phrase. */
enum value_kind {
	VALUE_NONE,		/* nothing: "ipv4" is the whole test */
	VALUE_ADDR,		/* address, net, a-b */
	VALUE_NET,		/* address/len, address mask, a-b */
	VALUE_PORT,		/* number or service name */
	VALUE_PROTO,		/* number or name */
	VALUE_NUMBER,
	VALUE_FLAGS,		/* letters, or comparator and number */
	VALUE_MAC,
	VALUE_TIME,
	VALUE_NAME,		/* text, compared whole */
	VALUE_FWDSTAT,		/* number or one of a list of names */
	VALUE_DIRECTION,
	VALUE_FW_EVENT,
	VALUE_FW_DENIED,	/* name only */
	VALUE_NAT_EVENT,
	VALUE_COUNTRY,		/* two letters: addresses there */
	VALUE_ASN,		/* AS number: addresses that it announces */
	VALUE_REFUSED		/* known, not supported: refuse says why */
};

/* A test that is false for other protocols. */
enum implies { IMPLIES_NOTHING, IMPLIES_TCP, IMPLIES_ICMP };

struct word {
	const char	*phrase;	/* lower case, one blank between words */
	enum value_kind	 value;
	enum part	 part;
	enum implies	 implies;
	bool		 hosts;		/* a host name may stand for addresses */
	int64_t		 fixed;		/* VALUE_NONE: what it equals */
	const char	*refuse;	/* VALUE_REFUSED */
	uint8_t		 n_subjects;
	uint8_t		 subject[AST_SUBJECTS];
};

struct slice {
	const char	*text;
	size_t		 len;
};

/*
 * The longest phrase that v[0..n) begins with, any case.  *used: how many of
 * the words belong to it; without a phrase: how many begin some phrase.
 */
const struct word *words_find(const struct slice *v, size_t n, size_t *used);

/*
 * What could have stood at v[at] instead, the words before it being right:
 * the phrase it is without its blanks, else the phrase word that it begins,
 * else the one nearest in spelling, or NULL.
 */
const char *words_suggest(const struct slice *v, size_t at, char *out,
	    size_t size);

/*
 * The words that may follow v[0..n), as "ip, net or port", cut to size.
 */
void	words_follow(const struct slice *v, size_t n, char *out, size_t size);

/* How many slips of the keyboard lie between a and b, any case; 0 equal. */
size_t	words_distance(const char *a, size_t alen, const char *b, size_t blen);

/* The protocol whose name is one slip away, or NULL. */
const char *words_near_proto(const char *name, size_t len);

/* Named numbers of a value kind: number or -1; name or NULL. */
int	words_named(enum value_kind kind, const char *name, size_t len);
const char *words_name(enum value_kind kind, int64_t number);
/* The i-th name of the kind, NULL after the last. */
const char *words_name_at(enum value_kind kind, size_t i);

/* The i-th phrase, NULL after the last: for help, completion and tests. */
const struct word *words_at(size_t i);

/* Bits of the letters CEUAPRSF and X (case matters); -1: another letter. */
int	words_flags(const char *text, size_t len);

#endif
