/*
 * What fuzz targets share.  A target is tests/fuzz/fuzz_NAME.c with libFuzzer's
 * entry LLVMFuzzerTestOneInput; `make fuzz` links it with libFuzzer, `make
 * check` with replay.c, which feeds it the files of corpus/NAME.
 *
 * A target checks what must hold of any input by FUZZ_CHECK, and keeps
 * nothing from one input to the next that changes what it does.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops with the place and what did not hold. */
#define FUZZ_CHECK(cond) do {						\
	if (!(cond))							\
		fuzz_failed(__FILE__, __LINE__, #cond);			\
} while (0)

_Noreturn void	fuzz_failed(const char *file, int line, const char *what);

/* The input with a NUL behind it; malloc'd. */
char	*fuzz_text(const uint8_t *data, size_t size);

/* A folder of this process in TMPDIR, removed when it ends. */
const char *fuzz_folder(void);

/* Replaces the file of that name in fuzz_folder; its path, until the next. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* A whole file; malloc'd. */
uint8_t	*fuzz_read(const char *path, size_t *size);

/*
 * Damages a database: the input is patches, each a page (1 byte), a place on
 * it (2 bytes; the high bit: counted from the page's end, where cells begin),
 * a length (1 byte) and that many bytes.  So the whole of a mutation goes
 * into what is damaged, and an input is small.
 */
void	fuzz_patch(uint8_t *db, size_t db_size, size_t page_size,
	    const uint8_t *data, size_t size);

#endif
