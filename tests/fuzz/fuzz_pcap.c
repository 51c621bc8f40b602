/* Capture files: every datagram lies within what was read, and files end. */
#include "collector/capture.h"
#include "collector/packet.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { .msg = "" };
	struct capture *c = capture_open(fuzz_file("pcap", data, size), &err);
	struct datagram g = { .len = 0 };
	const struct capture_stat *stat;
	volatile uint8_t sum = 0;
	int rc;

	if (c == NULL) {
		FUZZ_CHECK(err.msg[0] != '\0');
		return 0;
	}
	while ((rc = capture_next(c, &g, &err)) == 1) {
		FUZZ_CHECK(g.len <= size);
		FUZZ_CHECK(g.from.len == 4 || g.from.len == 16);
		for (size_t i = 0; i < g.len; i++)
			sum = (uint8_t)(sum ^ g.data[i]);
	}
	FUZZ_CHECK(rc == 0 || err.msg[0] != '\0');
	stat = capture_stat(c);
	FUZZ_CHECK(stat->datagrams + stat->fragments + stat->other <=
	    stat->packets);
	FUZZ_CHECK(stat->packets <= size);
	capture_close(c);
	return 0;
}
