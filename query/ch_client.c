/*
 * Rows from a server: see ch_client.h.
 *
 * A server that fails in the middle of an answer writes its message behind the
 * rows.  So the last HOLD bytes are kept back until the end is known to be
 * good: no message is ever read as a row.
 */
#include "query/ch_client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "schema/http.h"

#define HOLD		((size_t)16384)	/* a message is shorter */
#define TEXT_MAX	(1U << 20)	/* of a value */
#define URL_MAX		300
#define QUERY_ID_MAX	40
#define KILL_MS		2000
#define PARAMS_MAX	600

struct ch_client {
	struct http		*http;
	const atomic_bool	*stop;
	bool			 partial;
	char			 name[URL_MAX];
	char			 url[URL_MAX];
	char			 database[CLICKHOUSE_NAME_MAX + 1];
};

/* ---- where ---- */

static int
not_understood(const char *url, struct err *err)
{
	return err_at(err, 0, strlen(url), "expected "
	    "clickhouse://HOST:PORT/DATABASE");
}

/* "clickhouse://h/db" into "http://h:8123" and "db". */
static int
split_url(struct ch_client *c, const char *url, struct err *err)
{
	static const char plain[] = "clickhouse://", tls[] = "clickhouses://";
	bool secure = strncmp(url, tls, strlen(tls)) == 0;
	const char *host = url + strlen(secure ? tls : plain), *end, *port;
	int n;

	if (!secure && strncmp(url, plain, strlen(plain)) != 0)
		return not_understood(url, err);
	if (strlen(url) >= sizeof(c->name))
		return err_at(err, 0, strlen(url), "it is too long");
	(void)snprintf(c->name, sizeof(c->name), "%s", url);
	end = host + strcspn(host, "/");
	if (end == host)
		return not_understood(url, err);
	/* an IPv6 address has its colons in brackets */
	port = memchr(host, ']', (size_t)(end - host));
	port = strchr(port == NULL ? host : port, ':');
	n = snprintf(c->url, sizeof(c->url), "http%s://%.*s%s",
	    secure ? "s" : "", (int)(end - host), host,
	    port != NULL && port < end ? "" : secure ? ":8443" : ":8123");
	if (n < 0 || (size_t)n >= sizeof(c->url))
		return err_at(err, 0, strlen(url), "it is too long");
	if (*end == '/' && end[1] != '\0') {
		if (!clickhouse_is_name(end + 1))
			return err_at(err, (size_t)(end + 1 - url),
			    strlen(end + 1), "expected the name of a database: "
			    "letters, digits and _");
		(void)snprintf(c->database, sizeof(c->database), "%s",
		    end + 1);
	}
	return 0;
}

struct ch_client *
ch_client_new(const char *url, const atomic_bool *stop, struct err *err)
{
	struct ch_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	c->stop = stop;
	(void)snprintf(c->database, sizeof(c->database), "%s",
	    CLICKHOUSE_DATABASE);
	if (split_url(c, url, err) == 0)
		c->http = http_new(&(struct http_options){ .url = c->url },
		    err);
	if (c->http == NULL) {
		ch_client_free(c);
		return NULL;
	}
	return c;
}

void
ch_client_free(struct ch_client *c)
{
	if (c == NULL)
		return;
	http_free(c->http);
	free(c);
}

const char *
ch_client_database(const struct ch_client *c)
{
	return c->database;
}

const char *
ch_client_name(const struct ch_client *c)
{
	return c->name;
}

void
ch_client_allow_partial(struct ch_client *c)
{
	c->partial = true;
}

/* ---- rows ---- */

struct stream {
	const struct ch_field	*fields;
	size_t			 n;
	ch_visit		*visit;
	void			*arg;
	struct err		*err;
	uint8_t			*data;
	size_t			 at;		/* read up to here */
	size_t			 len;
	size_t			 room;
	bool			 failed;	/* err is filled */
	bool			 enough;
};

static int64_t
little(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	for (unsigned i = width; i-- > 0;)
		v = v << 8 | p[i];
	return (int64_t)v;
}

/* A value from p; the bytes it takes, 0: it goes on behind end. */
static size_t
read_value(const struct ch_field *f, const uint8_t *p, const uint8_t *end,
    struct ch_value *v)
{
	static const uint8_t widths[] = { [CH_U8] = 1, [CH_U16] = 2,
		[CH_U32] = 4, [CH_64] = 8, [CH_ADDR] = 16, [CH_TEXT] = 0 };
	const uint8_t *begin = p;
	unsigned shift = 0;

	*v = (struct ch_value){ .null = false };
	if (f->nullable) {
		if (p == end)
			return 0;
		v->null = *p++ != 0;
		if (v->null)
			return 1;
	}
	v->len = widths[f->type];
	while (f->type == CH_TEXT) {
		if (p == end || shift > 28)
			return 0;
		v->len |= (size_t)(*p & 0x7f) << shift;
		shift += 7;
		if ((*p++ & 0x80) == 0)
			break;
	}
	if ((size_t)(end - p) < v->len)
		return 0;
	v->bytes = p;
	if (f->type <= CH_64)
		v->number = little(p, widths[f->type]);
	return (size_t)(p + v->len - begin);
}

/* The rows that end before limit. */
static void
read_rows(struct stream *s, size_t limit)
{
	struct ch_value row[CH_FIELDS_MAX];

	while (!s->failed && !s->enough) {
		const uint8_t *p = s->data + s->at, *end = s->data + limit;
		size_t i, took;
		int rc;

		for (i = 0; i < s->n && s->at < limit; i++) {
			took = read_value(&s->fields[i], p, end, &row[i]);
			if (took == 0)
				return;
			p += took;
		}
		if (i < s->n)
			return;
		s->at = (size_t)(p - s->data);
		rc = s->visit(s->arg, row, s->err);
		s->failed = rc == -1;
		s->enough = rc == 1;
	}
}

/* Makes room for more bytes; what was read goes. */
static int
make_room(struct stream *s, size_t more)
{
	size_t room = s->room == 0 ? 4 * HOLD : s->room;
	uint8_t *data;

	if (s->len - s->at > TEXT_MAX + 2 * HOLD)
		return err_set(s->err, "the server's answer is not "
		    "understood");
	if (s->at > 0)
		memmove(s->data, s->data + s->at, s->len - s->at);
	s->len -= s->at;
	s->at = 0;
	while (room - s->len < more)
		room *= 2;
	if (room == s->room)
		return 0;
	data = realloc(s->data, room);
	if (data == NULL)
		return err_set(s->err, "out of memory");
	s->data = data;
	s->room = room;
	return 0;
}

static int
on_data(void *arg, const void *data, size_t len)
{
	struct stream *s = arg;

	if (s->room - s->len < len && make_room(s, len) == -1) {
		s->failed = true;
		return -1;
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
	if (s->len > HOLD)
		read_rows(s, s->len - HOLD);
	return s->failed || s->enough ? -1 : 0;
}

/* ---- queries ---- */

static void
make_id(char out[QUERY_ID_MAX])
{
	uint8_t random[12];
	size_t at = (size_t)snprintf(out, QUERY_ID_MAX, "flowq-");

	/* without it two at once might have one name, and one be killed */
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		memset(random, 0, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		at += (size_t)snprintf(out + at, QUERY_ID_MAX - at, "%02x",
		    random[i]);
}

/* The server would go on for nobody.  It need not succeed. */
static void
kill_query(const struct ch_client *c, const char *id)
{
	struct err ignored;
	struct http *http = http_new(&(struct http_options){ .url = c->url,
	    .connect_ms = KILL_MS, .stall_sec = KILL_MS / 1000 }, &ignored);
	char sql[100 + QUERY_ID_MAX];
	struct http_request r = { .query = sql };

	(void)snprintf(sql, sizeof(sql), "KILL QUERY WHERE query_id = '%s' "
	    "ASYNC", id);
	if (http != NULL)
		(void)http_run(http, &r, &ignored);
	http_free(http);
}

static void
make_params(const struct ch_client *c, const char *sql, const char *id,
    char out[PARAMS_MAX])
{
	int n = snprintf(out, PARAMS_MAX, "default_format=RowBinary&query_id="
	    "%s&skip_unavailable_shards=%d", id, c->partial);

	/* long lists pass the limits that servers have for people's queries */
	if (strlen(sql) > 200000)
		(void)snprintf(out + n, PARAMS_MAX - (size_t)n,
		    "&max_query_size=%zu&max_ast_elements=10000000"
		    "&max_expanded_ast_elements=10000000",
		    strlen(sql) + 65536);
}

/* ClickHouse lists its attempts behind that, line by line. */
static int
tell_failure(const struct ch_client *c, const struct err *why,
    struct err *err)
{
	if (strstr(why->msg, "All connection tries failed") != NULL)
		return err_set(err, "%s: a node of its cluster cannot be "
		    "reached", c->url);
	*err = *why;
	return -1;
}

static int
run(struct ch_client *c, const char *sql, struct stream *s, struct err *err)
{
	char id[QUERY_ID_MAX], params[PARAMS_MAX];
	struct http_request r = { .query = sql, .params = params,
		.write = on_data, .arg = s,
		/* it is looked at, and no more, by another name */
		.stop = c->stop };
	struct err why;
	int rc;

	make_id(id);
	make_params(c, sql, id, params);
	rc = http_run(c->http, &r, &why);
	if (rc == -1 && why.code == ERR_STOPPED)
		kill_query(c, id);
	if (s->failed)
		return -1;
	if (s->enough)
		return 0;
	if (rc == -1 && why.code == ERR_STOPPED)
		return err_as(err, ERR_STOPPED, "interrupted");
	if (rc == -1)
		return tell_failure(c, &why, err);
	read_rows(s, s->len);
	if (s->failed)
		return -1;
	if (!s->enough && s->at < s->len)
		return err_set(err, "%s: the answer is not understood",
		    c->url);
	return 0;
}

int
ch_client_ask(struct ch_client *c, const char *sql,
    const struct ch_field *fields, size_t n, ch_visit *visit, void *arg,
    struct err *err)
{
	struct stream s = { .fields = fields, .n = n, .visit = visit,
		.arg = arg, .err = err };
	int rc = run(c, sql, &s, err);

	free(s.data);
	return rc;
}
