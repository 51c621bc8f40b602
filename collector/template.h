/*
 * Templates: what an exporter says its records look like, compiled once into
 * copy steps that decode.c runs for each record.
 *
 * Memory of one template: sizeof(struct template), 8 bytes per step and the
 * raw definition.  There are at most TEMPLATE_STEPS_MAX steps and one per
 * field of variable length, so with F fields no more than
 * template_memory(F) bytes.
 */
#ifndef COLLECTOR_TEMPLATE_H
#define COLLECTOR_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/elements.h"

#define TEMPLATE_ID_MIN		256	/* RFC 3954 5.2, RFC 7011 3.4.1 */
#define TEMPLATE_VARIABLE	65535	/* length of a variable field */
#define TEMPLATE_STEPS_MAX	(TARGET_COUNT * 2)

/*
 * What a step does.  Positions are relative to a base: the record's start,
 * or the byte after the last variable field.
 */
enum step_op {
	STEP_U8,		/* len is known to fit these; dst is an */
	STEP_U16,		/* offset in struct flow */
	STEP_U32,
	STEP_U32_FROM_16,
	STEP_COUNT_FROM_32,
	STEP_COUNT_FROM_64,
	STEP_MAC,
	STEP_ADDR4,
	STEP_ADDR16,
	STEP_SLOT_8,		/* dst is a slot */
	STEP_SLOT_16,
	STEP_SLOT_32,
	STEP_SLOT_64,
	STEP_FIELD,		/* any target of any length: by target's type */
	STEP_VARIABLE,		/* read length, move base behind the field */
	STEP_VALUE		/* STEP_FIELD for what STEP_VARIABLE read */
};

struct step {
	uint8_t		op;
	uint8_t		target;		/* column or slot, see elements.h */
	uint8_t		pair;		/* VARIANT of a pair, else 0 */
	uint8_t		app;		/* an application id */
	uint16_t	off;		/* from the base */
	uint16_t	len;		/* STEP_VARIABLE: bytes after the field
					 * that must be there */
	uint16_t	dst;
};

/* template.late: what is left to do after the steps */
#define LATE_PAIRS	0x01		/* choose between variants */
#define LATE_NEXT_HOP	0x02		/* from bgp_next_hop */
#define LATE_SAMPLING	0x04		/* the record tells a rate or sampler */

struct template {
	TAILQ_ENTRY(template)	 recent;	/* of template_table */
	struct template		*next;		/* in its bucket */
	int64_t			 heard_ms;	/* arrival of last definition */
	uint64_t		 columns;	/* flow bits that steps set */
	uint64_t		 slots;		/* slots that steps set */
	uint32_t		 pairs;		/* bit 2 * pair + variant - 1 */
	uint16_t		 id;
	bool			 options;
	bool			 variable;
	uint8_t			 late;
	uint16_t		 min_len;	/* of a record; at least 1 */
	uint16_t		 first_len;	/* to the first variable field */
	uint16_t		 n_steps;
	size_t			 raw_len;
	size_t			 memory;
	const uint8_t		*raw;		/* inside steps' memory */
	struct step		 steps[];
};

/* A template record, looked at but not compiled. */
struct template_head {
	uint16_t	id;
	uint16_t	n_fields;
	uint16_t	version;	/* 9 or 10 */
	bool		options;
	bool		withdrawal;	/* IPFIX: id is void; 2, 3: all are */
	size_t		head_len;	/* bytes before the field specifiers */
	size_t		raw_len;	/* bytes of the whole record */
};

enum template_verdict {
	TEMPLATE_OK,
	TEMPLATE_BAD,		/* broken, but raw_len says where it ends */
	TEMPLATE_CUT		/* longer than the bytes there are */
};

/* Looks at the template record at p[0..len). */
enum template_verdict template_look(const uint8_t *p, size_t len,
	    uint16_t version, bool options, struct template_head *head);

/*
 * Compiles what template_look found OK at p.  NULL when records of it would
 * have no length or more than 65535 bytes (*bad is set), or memory is out.
 * To be freed by template_free.
 */
struct template *template_compile(const uint8_t *p,
	    const struct template_head *head, bool *bad);
void	template_free(struct template *t);

/* Most bytes a template of that many fields takes. */
size_t	template_memory(size_t n_fields);

#endif
