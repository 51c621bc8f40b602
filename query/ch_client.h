/*
 * Questions to one ClickHouse server: SQL goes up, rows come down in
 * RowBinary, one after the other, in memory that does not grow with them.
 */
#ifndef QUERY_CH_CLIENT_H
#define QUERY_CH_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/clickhouse.h"
#include "schema/err.h"

struct ch_client;

/* Types of a result's columns as they stand in a row. */
enum ch_type { CH_U8, CH_U16, CH_U32, CH_64, CH_ADDR, CH_TEXT };

struct ch_field {
	enum ch_type	type;
	bool		nullable;
};

struct ch_value {
	bool		 null;
	int64_t		 number;
	const uint8_t	*bytes;		/* CH_ADDR, CH_TEXT: valid in the call */
	size_t		 len;
};

#define CH_FIELDS_MAX	(COLUMN_COUNT + 16)

/* A row.  -1: an end to it, err is filled; 1: enough, which is no error. */
typedef int ch_visit(void *arg, const struct ch_value *row, struct err *err);

/*
 * "clickhouse://HOST[:PORT][/DATABASE]", clickhouses:// by TLS.  Connects with
 * the first question; every wait ends soon after *stop turns true.  NULL:
 * failed, ERR_SYNTAX when the text is none.
 */
struct ch_client *ch_client_new(const char *url, const atomic_bool *stop,
	    struct err *err);
void	ch_client_free(struct ch_client *c);

const char *ch_client_database(const struct ch_client *c);
/* The URL as it was given. */
const char *ch_client_name(const struct ch_client *c);

/* From now on nodes that are away are left out. */
void	ch_client_allow_partial(struct ch_client *c);

/*
 * Asks, and tells of each row of n fields.  When it ends early (visit,
 * *stop), the query is killed on the server too.
 */
int	ch_client_ask(struct ch_client *c, const char *sql,
	    const struct ch_field *fields, size_t n, ch_visit *visit,
	    void *arg, struct err *err);

#endif
