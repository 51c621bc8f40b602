/* libcurl when it is needed: see curl.h. */
#include "schema/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* By OpenSSL, or as some systems have it; it stays loaded.  NULL: none. */
static void *
open_library(void)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

	return library != NULL ? library :
	    dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
}

/* A function into the pointer at to, which is of its type. */
static int
find(void *library, const char *name, void *to)
{
	void *symbol = dlsym(library, name);

	/* ISO C has no cast for it, POSIX the promise that this is one */
	memcpy(to, &symbol, sizeof(symbol));
	return symbol == NULL ? -1 : 0;
}

static void
init_once(void)
{
	__typeof__(curl_global_init) *init;
	void *library = open_library();

	if (library != NULL && find(library, "curl_global_init", &init) == 0)
		(void)init(CURL_GLOBAL_DEFAULT);
}

int
curl_load(struct curl_calls *c, struct err *err)
{
	const struct { const char *name; void *to; } calls[] = {
		{ "curl_easy_init", &c->easy_init },
		{ "curl_easy_cleanup", &c->easy_cleanup },
		{ "curl_easy_setopt", &c->easy_setopt },
		{ "curl_easy_getinfo", &c->easy_getinfo },
		{ "curl_easy_perform", &c->easy_perform },
		{ "curl_easy_escape", &c->easy_escape },
		{ "curl_easy_strerror", &c->easy_strerror },
		{ "curl_slist_append", &c->slist_append },
		{ "curl_slist_free_all", &c->slist_free_all },
		{ "curl_free", &c->free },
	};
	void *library;

	(void)pthread_once(&once, init_once);
	library = open_library();
	if (library == NULL)
		return err_set(err, "cannot load libcurl: %s", dlerror());
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (find(library, calls[i].name, calls[i].to) == -1)
			return err_set(err, "libcurl has no %s",
			    calls[i].name);
	}
	return 0;
}
