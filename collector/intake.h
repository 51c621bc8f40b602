/*
 * The way in: datagram -> source -> decoder -> batch -> writer.  Who may send
 * is decided here, flows get the number of their folder, and the batch at hand
 * is filled until it is full, its time is over, or its slot is.
 *
 * It never waits, but for a capture: when all batches are on their way, flows
 * are shed and counted.
 */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/packet.h"
#include "collector/refused.h"
#include "collector/repeat.h"
#include "collector/source.h"
#include "collector/writer.h"

struct intake_counts {
	uint64_t	datagrams;
	uint64_t	bytes;
	uint64_t	shed;		/* flows: all batches on their way */
	struct refused	refused;
};

struct intake;

struct intake_options {
	struct decoder	*decoder;
	struct repeat	*repeat;	/* who gets a copy */
	struct folders	*folders;
	int64_t		 slot_ms;	/* length */
	bool		 capture;	/* wait, and go to any slot */
};

/* What o points to must live longer.  NULL: out of memory. */
struct intake *intake_new(const struct intake_options *o);
void	intake_free(struct intake *in);

/* The rules from now on; sources becomes the intake's. */
void	intake_set_sources(struct intake *in, struct sources *sources);

/* Before the first datagram; first_ms: no slot before that one. */
void	intake_start(struct intake *in, struct writer *writer,
	    int64_t first_ms);

/* Time has come to arrival_ms: in a new slot, the old one ends. */
void	intake_enter(struct intake *in, int64_t arrival_ms);

/* One datagram; arg is the intake, so that listen_receive can call it. */
void	intake_datagram(void *arg, const uint8_t *data, size_t len,
	    const struct addr *from, int64_t arrival_ms);

/* Are there flows that wait for a flush? */
bool	intake_is_open(const struct intake *in);
/* Hands them over. */
void	intake_flush(struct intake *in);

/* The last flush; also reports of exporters that sent no flows. */
void	intake_finish(struct intake *in);

struct intake_counts *intake_counts(struct intake *in);

#endif
