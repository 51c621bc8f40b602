/*
 * Counters as Prometheus text (exposition format 0.0.4): a builder that keeps
 * the rules (HELP and TYPE once, before the samples; labels escaped), and an
 * atomic write to a file for node_exporter's textfile collector.
 */
#ifndef COLLECTOR_METRICS_H
#define COLLECTOR_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

struct metrics {
	char		*text;		/* NUL-terminated once not NULL */
	size_t		 len;
	size_t		 cap;
	bool		 failed;	/* out of memory: text is not complete */
	const char	*family;	/* of the samples that follow */
};

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE };

struct metrics_label {
	const char	*name;
	const char	*value;		/* any text; escaped here */
};

/* Empties the text, keeps its memory. */
void	metrics_reset(struct metrics *m);
void	metrics_clear(struct metrics *m);

/*
 * Starts a family.  name (with prefix flowdb_, and _total for a counter) must
 * live as long as its samples are added; help is one line.
 */
void	metrics_family(struct metrics *m, const char *name,
	    enum metrics_type type, const char *help);

/* A sample of the family; labels may be NULL when n_labels is 0. */
void	metrics_u64(struct metrics *m, const struct metrics_label *labels,
	    size_t n_labels, uint64_t value);
void	metrics_double(struct metrics *m, const struct metrics_label *labels,
	    size_t n_labels, double value);

/* Family and its only sample in one call. */
void	metrics_one(struct metrics *m, const char *name,
	    enum metrics_type type, const char *help, uint64_t value);

/* A summary without quantiles: name_sum (in seconds, say) and name_count. */
void	metrics_summary(struct metrics *m, const char *name,
	    const char *help, double sum, uint64_t count);

/*
 * Writes the text to path so that a reader sees the old or the new file,
 * never half: a temporary file beside it, then rename.  Mode 0644.
 */
int	metrics_write(const struct metrics *m, const char *path,
	    struct err *err);

#endif
