/*
 * Values as text by plain SQL, for whoever has nothing of ours at hand: the
 * view of a shard and the scripts of flowq.  Each function appends one
 * expression over expr, which is SQL (a column, mostly); NULL stays NULL.  The
 * texts are those of schema/addr.h and schema/proto.h.
 */
#ifndef SCHEMA_SQLTEXT_H
#define SCHEMA_SQLTEXT_H

#include <sqlite3.h>

/*
 * The text, malloc'd: no caller need know that SQLite made it.  NULL: out of
 * memory.
 */
char	*sqltext_finish(sqlite3_str *s);

/* Of a blob of 4 or 16 bytes; other lengths have no text. */
void	sqltext_addr(sqlite3_str *s, const char *expr);

/* Of Unix time in ms: UTC, to the second (rounded down) or with ".250". */
void	sqltext_time(sqlite3_str *s, const char *expr);
void	sqltext_time_ms(sqlite3_str *s, const char *expr);

void	sqltext_mac(sqlite3_str *s, const char *expr);
void	sqltext_proto(sqlite3_str *s, const char *expr);
void	sqltext_flags(sqlite3_str *s, const char *expr);

#endif
