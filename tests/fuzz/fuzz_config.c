/*
 * flowdb.conf: a file with a mistake is told with its line; one without gives
 * a configuration within its bounds.
 */
#include <string.h>

#include "collector/config.h"
#include "tests/fuzz/fuzz.h"

static void
count_report(void *arg, const char *text)
{
	size_t *n = arg;

	FUZZ_CHECK(text[0] != '\0');
	(*n)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file("conf", data, size);
	struct config *c = config_new();
	size_t told = 0;

	FUZZ_CHECK(c != NULL);
	if (config_read(c, path, count_report, &told) == -1)
		FUZZ_CHECK(told > 0);
	else if (config_check(c, count_report, &told) == -1)
		FUZZ_CHECK(told > 0);
	else
		FUZZ_CHECK(c->port > 0 && c->port <= 65535 &&
		    c->slot_sec > 0 && c->n_listen <= CONFIG_MAX_LISTEN &&
		    c->n_sampling <= CONFIG_MAX_SAMPLING);
	config_free(c);
	return 0;
}
