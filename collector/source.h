/*
 * Sources: which senders belong together, where their flows go, and who may
 * not send at all.  The configuration's rules, ready to be asked for each
 * datagram: an answer is found in a hash of fixed size, and only senders not
 * seen lately are looked up in the rules.
 */
#ifndef COLLECTOR_SOURCE_H
#define COLLECTOR_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/config.h"
#include "collector/folder.h"
#include "schema/addr.h"
#include "schema/err.h"

enum source_refusal {
	SOURCE_TAKEN,			/* not refused */
	SOURCE_NOT_ALLOWED,		/* not in allow */
	SOURCE_UNKNOWN,			/* of no source, unknown = refuse */
	SOURCE_NO_FOLDER		/* unknown = folder, too many */
};

struct source_answer {
	enum source_refusal	 refusal;
	uint32_t		 folder;	/* when taken */
	const char		*name;		/* lives as folders; or NULL */
};

#define SOURCE_FOLDER_NAME_MAX	ADDR_TEXT_MAX

struct sources;

/*
 * Makes folders known, but makes and locks none.  Folders that unknown senders
 * have on the disk count.  f must live longer.  NULL: err says why.
 */
struct sources *sources_new(const struct config *c, struct folders *f,
	    struct err *err);
void	sources_free(struct sources *s);

/* May make the folder of an unknown sender known. */
struct source_answer sources_find(struct sources *s, const struct addr *a);

const char *source_refusal_text(enum source_refusal r);

/*
 * The folder name of an unknown sender: its address with dots and colons as
 * '-'; and back, -1 when it is none.
 */
void	source_folder_name(const struct addr *a,
	    char out[SOURCE_FOLDER_NAME_MAX]);
int	source_folder_parse(const char *name, struct addr *out);

#endif
