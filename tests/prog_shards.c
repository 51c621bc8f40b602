/*
 * shards: writes sealed shards of random flows, with every column now and then
 * set and now and then not, for tests of what reads or ships them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/addr.h"
#include "tests/shards.h"

#define HOUR_MS	INT64_C(3600000)
#define T0	INT64_C(1795392000000)	/* 2026-11-23 00:00 UTC */

int
main(int argc, char **argv)
{
	static const uint8_t looks_v4[16] = { [10] = 0xff, [11] = 0xff,
		[12] = 10, [15] = 1 };
	long hours, n;

	if (argc != 4 || (hours = strtol(argv[2], NULL, 10)) < 1 ||
	    (n = strtol(argv[3], NULL, 10)) < 1) {
		(void)fprintf(stderr, "usage: shards DIR HOURS FLOWS\n");
		return 2;
	}
	for (long h = 0; h < hours; h++) {
		struct flow *v = flows_random((uint64_t)h + 1, (size_t)n);
		struct addr a = addr_from(looks_v4, 16);

		/* IPv6 that looks like a mapped IPv4, beside that one */
		v[0].set |= flow_bit(COL_src_addr) | flow_bit(COL_next_hop);
		v[0].src_addr = v[0].next_hop = a;
		if (n > 1) {
			v[1].set |= flow_bit(COL_src_addr);
			v[1].src_addr = addr_from(looks_v4 + 12, 4);
		}
		free(shard_make(argv[1], T0 + h * HOUR_MS, v, (size_t)n,
		    true));
		free(v);
	}
	return 0;
}
