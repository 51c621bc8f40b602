/* CSV tables of names: the first byte chooses the table, the rest is in it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "query/names.h"
#include "tests/fuzz/fuzz.h"

static const char *const tables[] = { "networks.csv", "hosts.csv", "as.csv",
	"interfaces.csv", "exporters.csv" };

static void
check_name(const char *name)
{
	FUZZ_CHECK(name == NULL || strlen(name) <= NAMES_MAX_NAME);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = { "10.0.0.1", "0.0.0.0",
		"255.255.255.255", "::", "2001:db8::1" };
	struct err err = { .msg = "" };
	struct names *n;
	const char *path;

	if (size == 0)
		return 0;
	path = fuzz_file(tables[data[0] % 5], data + 1, size - 1);
	n = names_load(fuzz_folder(), &err);
	FUZZ_CHECK(n != NULL || err.msg[0] != '\0');
	for (size_t i = 0; n != NULL && i < 5; i++) {
		struct addr a;

		FUZZ_CHECK(addr_parse(asked[i], strlen(asked[i]), &a) == 0);
		check_name(names_addr(n, &a));
		check_name(names_exporter(n, &a));
		check_name(names_if(n, &a, 1));
		check_name(names_as(n, 64512 + (uint32_t)i));
	}
	names_free(n);
	(void)unlink(path);
	return 0;
}
