/* The progress line: see progress.h. */
#include "query/progress.h"

#include <stdio.h>
#include <time.h>

#define FIRST_SEC	1.0	/* shorter work needs no line */
#define EVERY_SEC	0.2
#define BAR		30

static double
now_sec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
progress_begin(struct progress *p, bool on)
{
	*p = (struct progress){ .on = on, .began = now_sec() };
}

void
progress_tell(void *arg, size_t done, size_t of, int64_t flows)
{
	struct progress *p = arg;
	double now = now_sec(), sec = now - p->began;
	size_t filled = of == 0 ? 0 : done * BAR / of;
	char bar[BAR + 1];

	if (!p->on || sec < FIRST_SEC || now - p->last < EVERY_SEC)
		return;
	p->last = now;
	p->shown = true;
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR] = '\0';
	(void)fprintf(stderr, "\r[%s] %zu of %zu shards, %.1f M flows/s, "
	    "%.0f s left \033[K", bar, done, of, (double)flows / sec / 1e6,
	    done == 0 ? 0.0 : sec * (double)(of - done) / (double)done);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		(void)fprintf(stderr, "\r\033[K");
	p->shown = false;
}
