/*
 * Who answers a question: the shards of this machine, or a ClickHouse cluster.
 * Nothing above knows which; sums arrive in the same tables, flows one by one.
 */
#ifndef QUERY_BACKEND_H
#define QUERY_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "query/datum.h"
#include "query/list.h"
#include "query/question.h"
#include "query/report.h"
#include "query/work.h"
#include "schema/err.h"
#include "schema/shard.h"

struct answer;
struct backend;

/* A row of table exporter of a shard; valid during the call. */
struct backend_exporter {
	int64_t		 shard_ms;	/* start of its slot */
	struct datum	 address;
	const char	*name;		/* NULL: none */
	size_t		 name_len;
	/* version, domain, packets, flows, lost, sampling, first, last heard */
	struct datum	 numbers[8];
};

typedef int backend_exporter_visit(void *arg,
	    const struct backend_exporter *e, struct err *err);

struct backend_calls {
	/* as work_sums, list_flows */
	int	(*sums)(struct backend *b, const struct question *q,
		    const struct work_options *o, struct sums *out,
		    struct report *report, struct err *err);
	int	(*list)(struct backend *b, const struct question *q,
		    const struct list_options *o, struct tally_sum *total,
		    struct report *report, struct err *err);
	/*
	 * Exporters of its shards whose slots overlap the window, in the order
	 * of slots; not of shards that are in a list.  NULL: there are none.
	 */
	int	(*exporters)(struct backend *b, const struct question *q,
		    backend_exporter_visit *visit, void *arg,
		    struct report *report, struct err *err);
	/*
	 * From when to when all flows go; from > to: there are none.  skip_bad:
	 * a shard that cannot be read has none.
	 */
	int	(*range)(struct backend *b, const atomic_bool *stop,
		    bool skip_bad, int64_t *first_ms, int64_t *last_ms,
		    struct err *err);
	/* --sql: what it would ask, not yet flushed. */
	int	(*script)(struct backend *b, struct answer *a,
		    struct err *err);
	void	(*close)(struct backend *b);
};

/* The first member of each. */
struct backend {
	const struct backend_calls *calls;
};

/* The shards of a list, which must outlive it.  NULL: out of memory. */
struct backend *backend_shards(const struct shard_list *list);

struct backend_ch_options {
	const char		*url;		/* see ch_client.h */
	bool			 partial;	/* --allow-partial */
	const atomic_bool	*stop;
	/*
	 * Shards of this machine that are added; those that are in the cluster
	 * are taken out of the list.  Must outlive it.
	 */
	struct shard_list	*local;
};

/*
 * The flows of a cluster.  Looks which shards it has.  *missing: --allow-partial
 * was needed, and why; else it is empty.
 */
struct backend *backend_ch(const struct backend_ch_options *o,
	    struct err *missing, struct err *err);

void	backend_close(struct backend *b);

#endif
