/* What fuzz targets share: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/shards.h"

static char *folder;

void
fuzz_failed(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void
remove_folder(void)
{
	temp_folder_remove(folder);
}

const char *
fuzz_folder(void)
{
	if (folder == NULL) {
		folder = temp_folder_make();
		(void)atexit(remove_folder);
	}
	return folder;
}

const char *
fuzz_file(const char *name, const void *data, size_t size)
{
	static char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	FUZZ_CHECK(fd != -1);
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		FUZZ_CHECK(n > 0);
		data = (const char *)data + n;
		size -= (size_t)n;
	}
	(void)close(fd);
	return path;
}

uint8_t *
fuzz_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long end;

	FUZZ_CHECK(f != NULL);
	FUZZ_CHECK(fseek(f, 0, SEEK_END) == 0);
	end = ftell(f);
	FUZZ_CHECK(end >= 0);
	rewind(f);
	*size = (size_t)end;
	data = malloc(*size + 1);
	FUZZ_CHECK(data != NULL);
	FUZZ_CHECK(fread(data, 1, *size, f) == *size);
	(void)fclose(f);
	return data;
}

void
fuzz_patch(uint8_t *db, size_t db_size, size_t page_size,
    const uint8_t *data, size_t size)
{
	const size_t pages = db_size / page_size;

	while (size >= 4) {
		size_t page = data[0] % pages;
		size_t place = (size_t)(data[1] & 0x7f) << 8 | data[2];
		size_t len = data[3];
		int from_end = data[1] & 0x80;

		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		place %= page_size;
		if (from_end)
			place = page_size - 1 - place;
		place += page * page_size;
		if (len > db_size - place)
			len = db_size - place;
		memcpy(db + place, data, len);
		data += len;
		size -= len;
	}
}
