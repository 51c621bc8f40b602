/*
 * The SQL that makes a shard: see ddl.h.  Tables come from columns.def; the
 * view is written here, since it says in plain SQL how a person reads them.
 * SQLite keeps the text with its comments, so each shard documents itself.
 */
#include "schema/ddl.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "schema/sqltext.h"

char *
ddl_columns(enum colhome home, const char *prefix)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	const char *comma = "";

	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		if (ci->home != home)
			continue;
		sqlite3_str_appendf(s, "%s%s%s", comma, prefix, ci->name);
		comma = ", ";
	}
	return sqltext_finish(s);
}

/* One line per column, with its doc as a comment. */
static void
put_columns(sqlite3_str *s, enum colhome home, bool last)
{
	unsigned left = 0;

	for (unsigned c = 0; c < COLUMN_COUNT; c++)
		left += column_info((enum column)c)->home == home;
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		if (ci->home != home)
			continue;
		left--;
		sqlite3_str_appendf(s, "  %-13s %s%-*s -- %s\n", ci->name,
		    coltype_sql(ci->type),
		    8 - (int)strlen(coltype_sql(ci->type)),
		    left == 0 && last ? "" : ",", ci->doc);
	}
}

/* "  expression AS name," for the view; write is one of sqltext.h. */
static void
put_text(sqlite3_str *s, void (*write)(sqlite3_str *, const char *),
    const char *expr, const char *name, const char *end)
{
	sqlite3_str_appendall(s, "  ");
	write(s, expr);
	sqlite3_str_appendf(s, " AS %s%s\n", name, end);
}

static void
put_view(sqlite3_str *s)
{
	sqlite3_str_appendall(s,
	    "-- Everything about a flow, readable, in plain SQL: times in UTC,"
	    " addresses as text.\n"
	    "CREATE VIEW flows AS SELECT\n  f.id,\n");
	put_text(s, sqltext_time_ms, "f.first_ms", "first_seen", ",");
	put_text(s, sqltext_time_ms, "f.first_ms + f.duration_ms",
	    "last_seen", ",");
	sqlite3_str_appendall(s, "  f.first_ms, f.duration_ms,\n");
	put_text(s, sqltext_addr, "f.src_addr", "src_addr", ",");
	sqlite3_str_appendall(s, "  f.src_port,\n");
	put_text(s, sqltext_addr, "f.dst_addr", "dst_addr", ",");
	sqlite3_str_appendall(s, "  f.dst_port,\n");
	put_text(s, sqltext_proto, "f.proto", "proto", ",");
	put_text(s, sqltext_flags, "f.tcp_flags", "tcp_flags", ",");
	sqlite3_str_appendall(s,
	    "  p.tos, f.packets, f.bytes, x.out_packets, x.out_bytes,\n"
	    "  p.in_if, p.out_if, f.src_as, f.dst_as,\n");
	put_text(s, sqltext_addr, "p.next_hop", "next_hop", ",");
	sqlite3_str_appendall(s, "  p.src_mask, p.dst_mask, p.direction, "
	    "p.src_vlan, p.dst_vlan,\n");
	put_text(s, sqltext_mac, "coalesce(x.in_src_mac, x.out_src_mac)",
	    "src_mac", ",");
	put_text(s, sqltext_mac, "coalesce(x.in_dst_mac, x.out_dst_mac)",
	    "dst_mac", ",");
	sqlite3_str_appendall(s, "  p.sampling,\n");
	put_text(s, sqltext_addr, "e.address", "exporter", "");
	sqlite3_str_appendall(s, "FROM flow AS f LEFT JOIN path AS p ON p.id = f.path\n"
	    "  LEFT JOIN exporter AS e ON e.id = p.exporter\n"
	    "  LEFT JOIN extra AS x ON x.id = f.id;\n");
}

static void
put_table(sqlite3_str *s, enum colhome home)
{
	static const struct { const char *head, *id, *tail; } table[] = {
		[HOME_FLOW] = {
		    "-- One row per flow record.  NULL: the exporter did not "
		    "send it.\n"
		    "-- Addresses are 4 or 16 bytes in network order.\n"
		    "CREATE TABLE flow (\n", ",\n",
		    "  path          INTEGER  -- how it went through the "
		    "router: path.id\n" },
		[HOME_PATH] = {
		    "-- What is the same for many flows.  The same row may "
		    "stand here twice.\n"
		    "CREATE TABLE path (\n", ",\n", "" },
		[HOME_EXTRA] = {
		    "-- Rarely sent fields; only flows that have one stand "
		    "here.\n"
		    "CREATE TABLE extra (\n", ", -- flow.id\n", "" },
	};

	sqlite3_str_appendf(s, "%s  id            INTEGER PRIMARY KEY%s",
	    table[home].head, table[home].id);
	put_columns(s, home, home != HOME_FLOW);
	sqlite3_str_appendf(s, "%s) STRICT;\n\n", table[home].tail);
}

char *
ddl_table(enum colhome home)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	put_table(s, home);
	return sqltext_finish(s);
}

char *
ddl_shard(void)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	sqlite3_str_appendf(s,
	    "PRAGMA application_id = 0x%08x; -- \"flow\"\n"
	    "PRAGMA user_version = %d;\n\n", SHARD_APPLICATION_ID,
	    SHARD_VERSION);
	put_table(s, HOME_FLOW);
	put_table(s, HOME_PATH);
	put_table(s, HOME_EXTRA);
	sqlite3_str_appendall(s,
	    "-- Who sent the flows of this shard, and what it counted.\n"
	    "CREATE TABLE exporter (\n"
	    "  id             INTEGER PRIMARY KEY,\n"
	    "  address        BLOB NOT NULL,\n"
	    "  version        INTEGER NOT NULL, -- 5, 9; 10 is IPFIX\n"
	    "  source_id      INTEGER NOT NULL, -- or observation domain, "
	    "v5 engine\n"
	    "  name           TEXT,\n"
	    "  packets        INTEGER NOT NULL DEFAULT 0, -- export packets\n"
	    "  flows          INTEGER NOT NULL DEFAULT 0,\n"
	    "  lost           INTEGER NOT NULL DEFAULT 0, -- v9: packets, "
	    "IPFIX and v5: flows\n"
	    "  sampling       INTEGER, -- rate last in force\n"
	    "  first_heard_ms INTEGER, -- Unix time in ms\n"
	    "  last_heard_ms  INTEGER,\n"
	    "  UNIQUE (address, version, source_id)\n"
	    ") STRICT;\n\n"
	    "-- About this file: slot_start_ms, slot_end_ms, first_ms (smallest "
	    "start),\n"
	    "-- last_ms (largest end), flows, max_sampling, sealed, writer.\n"
	    "CREATE TABLE meta (\n"
	    "  key   TEXT PRIMARY KEY,\n"
	    "  value ANY\n"
	    ") STRICT, WITHOUT ROWID;\n\n");
	put_view(s);
	return sqltext_finish(s);
}
