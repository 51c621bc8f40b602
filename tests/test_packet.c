/*
 * The decoder from datagram to flow.  The files in tests/packets are the rules,
 * one each; here is what needs more than packets and flows: limits,
 * templates that are kept, sampling from the configuration, reports.
 */
#include "collector/packet.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tests/script.h"

Test(packet, files)
{
	glob_t g;

	cr_assert_eq(glob("tests/packets/*.hex", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *text = script_file(g.gl_pathv[i]);

		script_check(g.gl_pathv[i], text);
		free(text);
	}
	cr_expect_gt(g.gl_pathc, 20);
	globfree(&g);
}
