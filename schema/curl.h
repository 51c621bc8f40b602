/*
 * libcurl, loaded when it is first called.  It brings some 30 libraries along,
 * and to load them takes longer than the answer of many a question to shards,
 * which needs none of them.
 */
#ifndef SCHEMA_CURL_H
#define SCHEMA_CURL_H

#include <curl/curl.h>

#include "schema/err.h"

/* Its functions, by their names without curl_. */
struct curl_calls {
	__typeof__(curl_easy_init)		*easy_init;
	__typeof__(curl_easy_cleanup)		*easy_cleanup;
	__typeof__(curl_easy_setopt)		*easy_setopt;
	__typeof__(curl_easy_getinfo)		*easy_getinfo;
	__typeof__(curl_easy_perform)		*easy_perform;
	__typeof__(curl_easy_escape)		*easy_escape;
	__typeof__(curl_easy_strerror)		*easy_strerror;
	__typeof__(curl_slist_append)		*slist_append;
	__typeof__(curl_slist_free_all)		*slist_free_all;
	__typeof__(curl_free)			*free;
};

/* Loads and initialises it, the first time; by any thread.  -1: not there. */
int	curl_load(struct curl_calls *c, struct err *err);

#endif
