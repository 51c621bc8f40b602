/* Work in several threads: see together.h. */
#include "schema/together.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

struct task {
	void		(*fn)(void *arg, size_t i);
	void		*arg;
	size_t		 i;
	pthread_t	 thread;
	bool		 runs;
};

static void *
task_main(void *arg)
{
	struct task *t = arg;

	t->fn(t->arg, t->i);
	return NULL;
}

void
together(size_t n, void (*fn)(void *arg, size_t i), void *arg)
{
	struct task tasks[TOGETHER_MAX];

	assert(n <= TOGETHER_MAX);
	for (size_t i = 0; i < n; i++) {
		tasks[i] = (struct task){ .fn = fn, .arg = arg, .i = i };
		/* the first is for this thread, which would only wait */
		tasks[i].runs = i > 0 && pthread_create(&tasks[i].thread,
		    NULL, task_main, &tasks[i]) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!tasks[i].runs)
			fn(arg, i);
	}
	for (size_t i = 0; i < n; i++) {
		if (tasks[i].runs)
			(void)pthread_join(tasks[i].thread, NULL);
	}
}
