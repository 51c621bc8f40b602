/* ClickHouse's HTTP interface by libcurl (curl.h): see http.h. */
#include "schema/http.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/curl.h"

#define CONNECT_MS	10000L
#define STALL_SEC	300L
#define TAIL		4096	/* an exception is not longer by much */
#define ENOUGH		(256U << 10)	/* of a head, of what nobody reads */
#define HTTP_OK		200

struct http {
	struct curl_calls call;
	CURL		*curl;
	char		*url;
	char		 error[CURL_ERROR_SIZE];
};

/* What is under way. */
struct run {
	const struct http_request *request;
	const struct http	*http;
	char	 tail[2 * TAIL];	/* of the answer, as it came last */
	size_t	 len;
	size_t	 unread;		/* bytes nobody asked for */
	bool	 endless;		/* too many of them */
	bool	 failed;		/* a callback gave up */
	bool	 refused;		/* the answer is an error */
	bool	 begun;
};

static const char *
host_of(const char *url)
{
	if (strncmp(url, "http://", 7) == 0)
		return url + 7;
	return strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
}

int
http_check_url(const char *url, struct err *err)
{
	const char *host = host_of(url);
	size_t len = host == NULL ? 0 : strlen(host);

	if (len > 0 && strchr(host, '@') != NULL)
		return err_set(err, "user and password belong in the "
		    "configuration, or in $" HTTP_ENV_USER " and $"
		    HTTP_ENV_PASSWORD ", not in the URL");
	if (len > 0 && host[len - 1] == '/')
		len--;
	if (len == 0 || strcspn(host, "/?#, \t") != len)
		return err_set(err, "\"%s\": want http://host:8123 or "
		    "https://host:8443", url);
	return 0;
}

static const char *
or_env(const char *value, const char *name)
{
	if (value != NULL && *value != '\0')
		return value;
	value = getenv(name);
	return value == NULL || *value == '\0' ? NULL : value;
}

/* ClickHouse says "Code: 60, e.displayText()" or "Code: 60. DB::Exception". */
static const char *
find_exception(const char *text, size_t len)
{
	static const char mark[] = "Code: ";

	for (size_t i = 0; i + sizeof(mark) < len; i++) {
		size_t at = i + sizeof(mark) - 1;

		if (memcmp(text + i, mark, sizeof(mark) - 1) != 0)
			continue;
		while (at < len && isdigit((unsigned char)text[at]))
			at++;
		if (at > i + sizeof(mark) - 1 && at + 3 < len &&
		    (memcmp(text + at, ", e", 3) == 0 ||
		    memcmp(text + at, ". D", 3) == 0))
			return text + i;
	}
	return NULL;
}

static void
keep_tail(struct run *r, const char *data, size_t len)
{
	if (len >= TAIL) {
		memcpy(r->tail, data + len - TAIL, TAIL);
		r->len = TAIL;
		return;
	}
	if (r->len + len > sizeof(r->tail)) {
		memmove(r->tail, r->tail + r->len - TAIL, TAIL);
		r->len = TAIL;
	}
	memcpy(r->tail + r->len, data, len);
	r->len += len;
}

/* Heads and answers of no interest end, or the server is none of ours. */
static size_t
pass_over(struct run *r, size_t len)
{
	r->unread += len;
	r->endless = r->unread > ENOUGH;
	return r->endless ? 0 : len;
}

static size_t
on_header(char *data, size_t one, size_t n, void *arg)
{
	(void)data;
	return pass_over(arg, one * n);
}

static size_t
on_write(char *data, size_t one, size_t n, void *arg)
{
	struct run *r = arg;
	size_t len = one * n;
	long status = 0;

	if (!r->begun) {
		(void)r->http->call.easy_getinfo(r->http->curl,
		    CURLINFO_RESPONSE_CODE, &status);
		r->refused = status != HTTP_OK ||
		    find_exception(data, len) == data;
		r->begun = true;
	}
	if (r->refused) {
		/* its head is the message */
		size_t room = sizeof(r->tail) - r->len;

		memcpy(r->tail + r->len, data, len < room ? len : room);
		r->len += len < room ? len : room;
		return pass_over(r, len);
	}
	keep_tail(r, data, len);
	if (r->request->write == NULL)
		return pass_over(r, len);
	if (r->request->write(r->request->arg, data, len) == -1) {
		r->failed = true;
		return len == 0 ? 1 : 0;
	}
	return len;
}

static size_t
on_read(char *buf, size_t one, size_t n, void *arg)
{
	struct run *r = arg;
	size_t got = r->request->read(r->request->arg, buf, one * n);

	if (got != HTTP_READ_FAILED)
		return got;
	r->failed = true;
	return CURL_READFUNC_ABORT;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct run *r = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return r->request->stop != NULL && *r->request->stop ? 1 : 0;
}

struct http *
http_new(const struct http_options *o, struct err *err)
{
	const char *user = or_env(o->user, HTTP_ENV_USER);
	const char *password = or_env(o->password, HTTP_ENV_PASSWORD);
	struct http *h;
	size_t len;

	if (http_check_url(o->url, err) == -1)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (h != NULL && curl_load(&h->call, err) == -1) {
		http_free(h);
		return NULL;
	}
	if (h == NULL || (h->url = strdup(o->url)) == NULL ||
	    (h->curl = h->call.easy_init()) == NULL) {
		http_free(h);
		(void)err_set(err, "out of memory");
		return NULL;
	}
	len = strlen(h->url);
	if (h->url[len - 1] == '/')
		h->url[len - 1] = '\0';
	(void)h->call.easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->error);
	(void)h->call.easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_PROXY, "");
	(void)h->call.easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)h->call.easy_setopt(h->curl, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)h->call.easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS,
	    o->connect_ms == 0 ? CONNECT_MS : o->connect_ms);
	(void)h->call.easy_setopt(h->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_LOW_SPEED_TIME,
	    o->stall_sec == 0 ? STALL_SEC : o->stall_sec);
	(void)h->call.easy_setopt(h->curl, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
	(void)h->call.easy_setopt(h->curl, CURLOPT_BUFFERSIZE, 1L << 18);
	if (o->ca_file != NULL && o->ca_file[0] != '\0')
		(void)h->call.easy_setopt(h->curl, CURLOPT_CAINFO, o->ca_file);
	if (user != NULL)
		(void)h->call.easy_setopt(h->curl, CURLOPT_USERNAME, user);
	if (password != NULL) {
		if (user == NULL)
			(void)h->call.easy_setopt(h->curl, CURLOPT_USERNAME,
			    "default");
		(void)h->call.easy_setopt(h->curl, CURLOPT_PASSWORD, password);
	}
	return h;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	if (h->curl != NULL)
		h->call.easy_cleanup(h->curl);
	free(h->url);
	free(h);
}

/*
 * The URL.  Reads need no POST, but a long query does; a POST's rows follow
 * the query in the body or, as here when there are any, make up the body.
 */
static char *
make_url(const struct http *h, const struct http_request *r)
{
	char *query = r->read == NULL ? NULL :
	    h->call.easy_escape(h->curl, r->query, 0), *url;
	const char *params = r->params == NULL ? "" : r->params;
	size_t size;

	if (r->read != NULL && query == NULL)
		return NULL;
	size = strlen(h->url) + strlen(params) + 20 +
	    (query == NULL ? 0 : strlen(query));
	url = malloc(size);
	if (url != NULL)
		(void)snprintf(url, size, "%s/?%s%s%s%s", h->url, params,
		    query == NULL || *params == '\0' ? "" : "&",
		    query == NULL ? "" : "query=",
		    query == NULL ? "" : query);
	h->call.free(query);
	return url;
}

static struct curl_slist *
make_headers(const struct curl_calls *call, const struct http_request *r)
{
	/* no round trip before the body; no form */
	struct curl_slist *list = call->slist_append(NULL, "Expect:"), *next;

	next = list == NULL ? NULL : call->slist_append(list,
	    "Content-Type: application/octet-stream");
	if (next != NULL && r->read != NULL)
		next = call->slist_append(list, "Transfer-Encoding: chunked");
	if (next != NULL && r->gzip)
		next = call->slist_append(list, "Content-Encoding: gzip");
	if (next == NULL) {
		call->slist_free_all(list);
		return NULL;
	}
	return list;
}

/* Its first line, without what follows the text proper. */
static int
tell_refused(const struct run *r, const char *text, size_t len, long status,
    struct err *err)
{
	static const char *const ends[] = { ", e.what()", " (version ",
		", Stack trace" };
	size_t n = 0;

	while (n < len && text[n] != '\n' && text[n] != '\0')
		n++;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *end = memmem(text, n, ends[i], strlen(ends[i]));

		if (end != NULL)
			n = (size_t)(end - text);
	}
	if (n == 0)
		return err_set(err, "%s: HTTP status %ld", r->http->url,
		    status);
	/* gateways: the engine behind them is away */
	return err_as(err, status >= 502 && status <= 504 ? ERR_BUSY : ERR_FAIL,
	    "%s: %.*s", r->http->url, n > 400 ? 400 : (int)n, text);
}

static int
finish(struct run *r, CURLcode rc, struct err *err)
{
	const struct http *h = r->http;
	const char *found;
	long status = 0;

	if (r->request->stop != NULL && *r->request->stop)
		return err_as(err, ERR_STOPPED, "%s: stopped", h->url);
	if (r->failed)
		return err_as(err, ERR_STOPPED, "%s: broken off", h->url);
	(void)h->call.easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	/* it may answer before it has read all, and hang up */
	if (r->refused && r->begun)
		return tell_refused(r, r->tail, r->len, status, err);
	found = find_exception(r->tail, r->len);
	if (found != NULL)
		return tell_refused(r, found,
		    r->len - (size_t)(found - r->tail), status, err);
	if (r->endless)
		return err_set(err, "%s: its answer has no end", h->url);
	if (rc != CURLE_OK)
		return err_as(err, rc == CURLE_PEER_FAILED_VERIFICATION ||
		    rc == CURLE_SSL_CACERT_BADFILE ? ERR_FAIL : ERR_BUSY,
		    "%s: %s", h->url, h->error[0] != '\0' ? h->error :
		    h->call.easy_strerror(rc));
	if (status != HTTP_OK)
		return tell_refused(r, "", 0, status, err);
	return 0;
}

int
http_run(struct http *h, const struct http_request *request, struct err *err)
{
	struct run r = { .request = request, .http = h };
	struct curl_slist *headers = make_headers(&h->call, request);
	char *url = make_url(h, request);
	CURLcode rc;

	if (headers == NULL || url == NULL) {
		h->call.slist_free_all(headers);
		free(url);
		return err_set(err, "out of memory");
	}
	h->error[0] = '\0';
	(void)h->call.easy_setopt(h->curl, CURLOPT_URL, url);
	(void)h->call.easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	(void)h->call.easy_setopt(h->curl, CURLOPT_POST, 1L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_POSTFIELDS,
	    request->read == NULL ? request->query : NULL);
	(void)h->call.easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    request->read == NULL ? (curl_off_t)strlen(request->query) :
	    (curl_off_t)-1);
	(void)h->call.easy_setopt(h->curl, CURLOPT_READFUNCTION, on_read);
	(void)h->call.easy_setopt(h->curl, CURLOPT_READDATA, &r);
	(void)h->call.easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_write);
	(void)h->call.easy_setopt(h->curl, CURLOPT_WRITEDATA, &r);
	(void)h->call.easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)h->call.easy_setopt(h->curl, CURLOPT_HEADERDATA, &r);
	(void)h->call.easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
	(void)h->call.easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION,
	    on_progress);
	(void)h->call.easy_setopt(h->curl, CURLOPT_XFERINFODATA, &r);
	rc = h->call.easy_perform(h->curl);
	(void)h->call.easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	(void)h->call.easy_setopt(h->curl, CURLOPT_POSTFIELDS, NULL);
	h->call.slist_free_all(headers);
	free(url);
	return finish(&r, rc, err);
}

struct text {
	char	*out;
	size_t	 len;
	size_t	 size;
};

static int
add_text(void *arg, const void *data, size_t len)
{
	struct text *t = arg;

	if (t->len + len >= t->size)
		return -1;
	memcpy(t->out + t->len, data, len);
	t->len += len;
	return 0;
}

int
http_ask(struct http *h, const char *query, char *out, size_t size,
    const atomic_bool *stop, struct err *err)
{
	struct text t = { out, 0, size };
	struct http_request r = { .query = query, .write = add_text,
		.arg = &t, .stop = stop };

	if (http_run(h, &r, err) == -1)
		return -1;
	if (t.len > 0 && out[t.len - 1] == '\n')
		t.len--;
	out[t.len] = '\0';
	return 0;
}
