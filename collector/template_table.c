/* The templates of one exporter: see template_table.h. */
#include "collector/template_table.h"

#include <string.h>

void
template_table_init(struct template_table *s)
{
	memset(s, 0, sizeof(*s));
	TAILQ_INIT(&s->recent);
}

void
template_table_clear(struct template_table *s)
{
	struct template *t;

	while ((t = TAILQ_FIRST(&s->recent)) != NULL)
		template_remove(s, t);
}

struct template *
template_find(const struct template_table *s, uint16_t id)
{
	struct template *t = s->bucket[id % TEMPLATE_BUCKETS];

	while (t != NULL && t->id != id)
		t = t->next;
	return t;
}

void
template_touch(struct template_table *s, struct template *t)
{
	if (TAILQ_FIRST(&s->recent) == t)
		return;
	TAILQ_REMOVE(&s->recent, t, recent);
	TAILQ_INSERT_HEAD(&s->recent, t, recent);
}

void
template_add(struct template_table *s, struct template *t)
{
	struct template **bucket = &s->bucket[t->id % TEMPLATE_BUCKETS];

	t->next = *bucket;
	*bucket = t;
	TAILQ_INSERT_HEAD(&s->recent, t, recent);
	s->n++;
	s->memory += t->memory;
}

void
template_remove(struct template_table *s, struct template *t)
{
	struct template **link = &s->bucket[t->id % TEMPLATE_BUCKETS];

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	TAILQ_REMOVE(&s->recent, t, recent);
	s->n--;
	s->memory -= t->memory;
	template_free(t);
}

struct template *
template_oldest(const struct template_table *s)
{
	return TAILQ_LAST(&s->recent, template_list);
}
