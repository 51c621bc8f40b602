/*
 * Talking to ClickHouse over HTTP: a query up, rows up or down, nothing held
 * in memory.  A connection is one thread's, keeps itself open between
 * requests, and needs no closing after a failure.
 *
 * Nothing here logs; no message has user or password in it.
 */
#ifndef SCHEMA_HTTP_H
#define SCHEMA_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "schema/err.h"

#define HTTP_ENV_USER		"FLOWDB_BACKEND_USER"
#define HTTP_ENV_PASSWORD	"FLOWDB_BACKEND_PASSWORD"
#define HTTP_READ_FAILED	((size_t)-1)
#define HTTP_MEMORY		((size_t)2 << 20)	/* of a connection */

struct http;

struct http_options {
	const char	*url;		/* "http://host:8123", https: checked */
	const char	*user;		/* NULL or "": HTTP_ENV_USER, or none */
	const char	*password;	/* NULL or "": HTTP_ENV_PASSWORD */
	const char	*ca_file;	/* NULL or "": the system's */
	long		 connect_ms;	/* 0: 10 s */
	long		 stall_sec;	/* no byte for so long; 0: 300 s */
};

struct http_request {
	const char	*query;		/* SQL */
	const char	*params;	/* "max_threads=1&query_id=x" or NULL */
	/*
	 * Rows behind the query; NULL: none.  Fills up to size bytes; 0 is the
	 * end, HTTP_READ_FAILED gives up.
	 */
	size_t		(*read)(void *arg, void *buf, size_t size);
	bool		 gzip;		/* what read gives is gzip */
	/* The answer in pieces, -1 gives up; NULL: it is of no interest. */
	int		(*write)(void *arg, const void *data, size_t len);
	void		*arg;		/* of both */
	const atomic_bool *stop;	/* polled; may be NULL */
};

/*
 * Is the text an URL of http or https with a host, and nothing that belongs
 * elsewhere: user, password, path, query?  -1 and err when not.
 */
int	http_check_url(const char *url, struct err *err);

/* Copies o; connects with the first request.  NULL: failed. */
struct http *http_new(const struct http_options *o, struct err *err);
void	http_free(struct http *h);

/*
 * One request, to its end.  ERR_BUSY: the server could not be reached, was
 * silent, or broke off (what it did is unknown); ERR_STOPPED: by stop or a
 * callback; ERR_FAIL: it answered with an error, which is the message.  An
 * error behind rows that were already handed on is found too.
 */
int	http_run(struct http *h, const struct http_request *r,
	    struct err *err);

/* The answer as one text of at most size - 1 bytes, last line feed off. */
int	http_ask(struct http *h, const char *query, char *out, size_t size,
	    const atomic_bool *stop, struct err *err);

#endif
