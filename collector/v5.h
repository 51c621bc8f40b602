/* NetFlow v5's built-in template. */
#ifndef COLLECTOR_V5_H
#define COLLECTOR_V5_H

struct template;

/* Compiles it; to be freed by template_free.  NULL: out of memory. */
struct template *v5_compile(void);

#endif
