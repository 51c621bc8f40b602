/* The text of -t, and that the times it gives print to what they are. */
#include <stdlib.h>
#include <string.h>

#include "query/timetext.h"
#include "query/window.h"
#include "tests/fuzz/fuzz.h"

#define NOW		INT64_C(1795413134250)
#define YEAR_10000_MS	INT64_C(253402300800000)

/* What is printed is read again as the same second. */
static void
check_text(int64_t ms)
{
	struct timetext t;
	char text[TIME_TEXT_MAX];
	int64_t lo, hi;
	size_t n;

	timetext_init(&t, true);
	n = time_text(&t, ms, text);
	FUZZ_CHECK(n < TIME_TEXT_MAX);
	if (ms < 0 || ms >= YEAR_10000_MS)
		return;
	FUZZ_CHECK(window_instant(text, n, true, &lo, &hi) == 0);
	FUZZ_CHECK(lo <= ms && ms <= hi);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err err = { .msg = "" };
	struct window w;

	if (window_parse(text, NOW, size & 1, &w, &err) == -1) {
		FUZZ_CHECK(err.code == ERR_SYNTAX && err.msg[0] != '\0');
		FUZZ_CHECK(err.offset <= strlen(text) && err.length >= 1);
	} else if (w.relative == WINDOW_FIXED) {
		FUZZ_CHECK(!w.has_from || !w.has_to || w.from_ms <= w.to_ms);
		if (w.has_from)
			check_text(w.from_ms);
		if (w.has_to)
			check_text(w.to_ms);
	} else {
		FUZZ_CHECK(w.span_ms > 0);
	}
	free(text);
	return 0;
}
