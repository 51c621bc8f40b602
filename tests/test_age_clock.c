/* Jumps of the wall clock, and what shards' age makes of them. */
#include "collector/age_clock.h"

#include <criterion/criterion.h>

#define NOW	INT64_C(1800000000)
#define DAY	INT64_C(86400)
#define YEAR	(365 * DAY)

static int64_t jumped;

static int64_t
at(struct age_clock *c, int64_t wall, int64_t steady)
{
	return age_clock_now(c, wall, steady, &jumped);
}

Test(age_clock, runs)
{
	struct age_clock c = { .running = false };

	/* it begins with what it is told, and a nap of the machine counts */
	cr_expect_eq(at(&c, NOW, 50), NOW);
	cr_expect_eq(at(&c, NOW + 9 * DAY, 50 + 9 * DAY), NOW + 9 * DAY);
	/* an hour of summer time set by hand, and NTP */
	cr_expect_eq(at(&c, NOW + 9 * DAY + 3600, 50 + 9 * DAY),
	    NOW + 9 * DAY + 3600);
	cr_expect_eq(jumped, 0);
}

Test(age_clock, ahead)
{
	struct age_clock c = { .running = false };

	(void)at(&c, NOW, 0);
	cr_expect_eq(at(&c, NOW + YEAR, 0), NOW);
	cr_expect_eq(jumped, YEAR);
	/* it goes on from there, and is told once */
	cr_expect_eq(at(&c, NOW + YEAR + 60, 60), NOW + 60);
	cr_expect_eq(jumped, 0);
	/* nobody set it back for a day: it is right */
	cr_expect_eq(at(&c, NOW + YEAR + DAY, DAY), NOW + YEAR + DAY);
}

Test(age_clock, and_back)
{
	struct age_clock c = { .running = false };

	(void)at(&c, NOW, 0);
	(void)at(&c, NOW + YEAR, 0);
	cr_expect_eq(at(&c, NOW + 120, 120), NOW + 120);
	/* a second time while the first holds: both are not believed */
	(void)at(&c, NOW + 240 + YEAR, 240);
	cr_expect_eq(at(&c, NOW + 300 + 2 * YEAR, 300), NOW + 300);
	cr_expect_eq(at(&c, NOW + 360 + YEAR, 360), NOW + 360);
	cr_expect_eq(at(&c, NOW + 420, 420), NOW + 420);
}

Test(age_clock, behind)
{
	struct age_clock c = { .running = false };

	/* back a year: nothing is older than it was */
	(void)at(&c, NOW, 0);
	cr_expect_eq(at(&c, NOW - YEAR, 0), NOW - YEAR);
	cr_expect_eq(jumped, 0);
}
