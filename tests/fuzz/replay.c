/*
 * A fuzz target over files: each argument is a file, or a folder of them.  So
 * every input that ever broke something is tried again by `make check`, with
 * any compiler.  Prints how many there were.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static size_t inputs;

static void
replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		perror(path);
		exit(1);
	}
	if (S_ISDIR(st.st_mode)) {
		struct dirent **v;
		int n = scandir(path, &v, NULL, alphasort);

		for (int i = 0; i < n; i++) {
			char sub[4096];

			(void)snprintf(sub, sizeof(sub), "%s/%s", path,
			    v[i]->d_name);
			if (v[i]->d_name[0] != '.')
				replay(sub);
			free(v[i]);
		}
		if (n >= 0)
			free(v);
	} else {
		size_t size;
		uint8_t *data = fuzz_read(path, &size);
		/* no byte behind it that could be read unnoticed */
		uint8_t *exact = malloc(size == 0 ? 1 : size);

		FUZZ_CHECK(exact != NULL);
		memcpy(exact, data, size);
		free(data);
		/* the last one named is the one that broke */
		(void)fprintf(stderr, "%s\n", path);
		(void)LLVMFuzzerTestOneInput(exact, size);
		free(exact);
		inputs++;
	}
}

int
main(int argc, char **argv)
{
	/* the empty input belongs to every corpus */
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	(void)printf("%zu inputs\n", inputs);
	return 0;
}
