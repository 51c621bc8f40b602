/*
 * One value of a filter: token -> number, address, time ... as the word before
 * it asks.  Every refusal says what was expected and what stood there.
 */
#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

#include "query/ast.h"
#include "query/lex.h"
#include "query/words.h"

#define VALUE_QUOTE_MAX	64

/* A set while it grows; begin with zeros, end with set_builder_clear. */
struct set_builder {
	struct num_range	*num;
	struct addr_range	*addr;
	size_t			 n;
	size_t			 room;
	const char		*text;	/* VALUE_NAME: in the arena */
	char			*places;	/* of set.places; owned */
};

void	set_builder_clear(struct set_builder *b);

/* Sorts, merges, and moves the set to the filter's memory. */
int	set_build(struct set_builder *b, struct filter *f, struct set *out,
	    struct err *err);

/* Is this the kind of token that can be a value? */
bool	token_is_value(const struct token *t);

/* The token for a message: quoted, cut, without control characters. */
const char *token_quote(const struct token *t, char out[VALUE_QUOTE_MAX]);

/* Is it this word, any case? */
bool	token_is(const struct token *t, const char *word);

/* "expected ..., got ..."; returns -1. */
int	token_unexpected(const struct token *t, const char *expected,
	    struct err *err);

/*
 * Adds the value of a token; list: it stands in brackets.  max: largest
 * number.  0 or -1.
 */
struct value_ask {
	const struct word	*word;
	const struct filter_env	*env;
	const struct geo	*geo;		/* of a word that needs it */
	struct filter		*filter;
	int64_t			 max;
	bool			 list;
};

int	value_add(struct set_builder *b, const struct value_ask *ask,
	    const struct token *t, struct err *err);

/* Adds "address mask": net 10.0.0.0 255.0.0.0. */
int	value_add_masked(struct set_builder *b, const struct token *addr,
	    const struct token *mask, struct err *err);

/* Can the token be the dotted mask behind an address? */
bool	token_is_ipv4(const struct token *t);

/* Does the word need the database of filter_env? */
bool	value_needs_geo(enum value_kind kind);

/* "port number", "IP address", ... for messages. */
const char *value_expected(enum value_kind kind);

/* Do < and > make sense for this kind? */
bool	value_ordered(enum value_kind kind);

#endif
