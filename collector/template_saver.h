/*
 * The thread that keeps templates.sqlite up to date, so that neither the
 * receiving nor the writing thread waits for its commit.
 */
#ifndef COLLECTOR_TEMPLATE_SAVER_H
#define COLLECTOR_TEMPLATE_SAVER_H

#include "collector/template_store.h"
#include "schema/err.h"

struct template_saver;

/* dir: where the store lies, must live as long.  NULL: err says why. */
struct template_saver *template_saver_start(const char *dir, struct err *err);

/*
 * Hands a snapshot over, to be written soon and freed.  One that was not
 * written yet is dropped: the newest counts.  A failure is logged once, and
 * the snapshot tried again every minute.
 */
void	template_saver_put(struct template_saver *s,
	    struct template_snapshot *snap);

/* Writes what is waiting, a last time if need be, and ends the thread. */
void	template_saver_stop(struct template_saver *s);

#endif
