/*
 * The templates of one exporter, by id and by when they were last used.  How
 * many there may be is for the caller to see to.
 */
#ifndef COLLECTOR_TEMPLATE_TABLE_H
#define COLLECTOR_TEMPLATE_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/template.h"

#define TEMPLATE_BUCKETS	32

TAILQ_HEAD(template_list, template);
struct template_table {
	struct template		*bucket[TEMPLATE_BUCKETS];
	struct template_list	 recent;	/* last used first */
	uint32_t		 n;
	size_t			 memory;	/* of all templates */
};

void	template_table_init(struct template_table *s);
void	template_table_clear(struct template_table *s);

/* NULL when there is none. */
struct template *template_find(const struct template_table *s, uint16_t id);

/* Marks as last used. */
void	template_touch(struct template_table *s, struct template *t);

/* Takes over t; its id must not be there. */
void	template_add(struct template_table *s, struct template *t);

/* Removes and frees t. */
void	template_remove(struct template_table *s, struct template *t);

/* The least recently used one, NULL when empty. */
struct template *template_oldest(const struct template_table *s);

#endif
