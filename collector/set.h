/*
 * Sets, which v9 (RFC 3954 calls them FlowSets) and IPFIX have in common:
 * templates to be learnt, data to be decoded, and data that has to wait for
 * its template.
 */
#ifndef COLLECTOR_SET_H
#define COLLECTOR_SET_H

#include <stddef.h>
#include <stdint.h>

#include "collector/cursor.h"
#include "collector/decoder.h"

/* Reads all sets behind a v9 or IPFIX header. */
void	set_walk(struct packet *p, struct cursor c);

/* Decodes the records of one data set with its template. */
void	set_data(struct packet *p, const struct template *t,
	    const uint8_t *data, size_t len);

/*
 * Takes a template that template_look found OK at raw, heard then.  NULL
 * when it is refused, which is counted.
 */
struct template *set_learn(struct decoder *d, struct exporter *e,
	    const uint8_t *raw, const struct template_head *head,
	    int64_t heard_ms);

/* Drops what is held for one exporter. */
void	set_drop_held(struct decoder *d, struct exporter *e);

#endif
