/* Text by plain SQL: see sqltext.h. */
#include "schema/sqltext.h"

#include <string.h>

#include "schema/proto.h"

char *
sqltext_finish(sqlite3_str *s)
{
	char *text = sqlite3_str_finish(s), *copy;

	if (text == NULL)
		return NULL;
	copy = strdup(text);
	sqlite3_free(text);
	return copy;
}

/*
 * IPv4 from pairs of hex digits; IPv6 as RFC 5952 wants it: groups without
 * leading zeros in s, k the length of the longest run of zero groups (the
 * first of equals), which becomes "::".
 */
void
sqltext_addr(sqlite3_str *s, const char *expr)
{
	sqlite3_str_appendf(s, "(SELECT CASE length(h) WHEN 8 THEN\n    ");
	for (int i = 0; i < 4; i++)
		sqlite3_str_appendf(s, "%s(instr(d,substr(h,%d,1))*16+"
		    "instr(d,substr(h,%d,1)))", i > 0 ? "||'.'||" : "",
		    2 * i + 1, 2 * i + 2);
	sqlite3_str_appendall(s, "\n    WHEN 32 THEN (SELECT CASE k "
	    "WHEN 0 THEN substr(s,2,length(s)-2) ELSE\n"
	    "      CASE i WHEN 1 THEN ':' ELSE substr(s,2,i-1) END||"
	    "CASE length(s)-i-2*k WHEN 0 THEN ':'\n"
	    "      ELSE substr(s,i+2*k,length(s)-i-2*k) END END\n"
	    "      FROM (SELECT s, k, instr(s,"
	    "substr(':0:0:0:0:0:0:0:0:',1,2*k+1)) AS i\n"
	    "      FROM (SELECT s, CASE");
	for (int k = 8; k >= 2; k--)
		sqlite3_str_appendf(s, " WHEN instr(s,'%.*s') THEN %d",
		    2 * k + 1, ":0:0:0:0:0:0:0:0:", k);
	sqlite3_str_appendall(s, " ELSE 0 END AS k\n      FROM (SELECT "
	    "lower(':'");
	for (int g = 0; g < 8; g++)
		sqlite3_str_appendf(s, "||ltrim(substr(h,%d,3),'0')||"
		    "substr(h,%d,1)||':'", 4 * g + 1, 4 * g + 4);
	sqlite3_str_appendf(s, ") AS s)))) END\n    FROM (SELECT hex(%s) AS h, "
	    "'123456789ABCDEF' AS d))", expr);
}

void
sqltext_time(sqlite3_str *s, const char *expr)
{
	sqlite3_str_appendf(s, "strftime('%%Y-%%m-%%d %%H:%%M:%%S', (%s)/1000"
	    "-((%s)%%1000<0), 'unixepoch')", expr, expr);
}

void
sqltext_time_ms(sqlite3_str *s, const char *expr)
{
	sqlite3_str_appendf(s, "strftime('%%Y-%%m-%%d %%H:%%M:%%S', (%s)/1000,"
	    " 'unixepoch')||printf('.%%03d', (%s)%%1000)", expr, expr);
}

void
sqltext_mac(sqlite3_str *s, const char *expr)
{
	sqlite3_str_appendf(s, "(SELECT ");
	for (int i = 0; i < 6; i++)
		sqlite3_str_appendf(s, "%ssubstr(h,%d,2)",
		    i > 0 ? "||':'||" : "", 2 * i + 1);
	sqlite3_str_appendf(s, "\n    FROM (SELECT iif(m IS NULL, NULL, "
	    "printf('%%012x', m)) AS h FROM (SELECT %s AS m)))", expr);
}

void
sqltext_proto(sqlite3_str *s, const char *expr)
{
	sqlite3_str_appendf(s, "CASE %s", expr);
	for (unsigned p = 0, n = 0; p < 256; p++) {
		const char *name = proto_name(p);

		if (name == NULL)
			continue;
		sqlite3_str_appendf(s, "%s WHEN %u THEN '%s'",
		    n++ % 5 == 0 ? "\n   " : "", p, name);
	}
	sqlite3_str_appendf(s, "\n    ELSE CAST(%s AS TEXT) END", expr);
}

void
sqltext_flags(sqlite3_str *s, const char *expr)
{
	static const char flags[] = "CEUAPRSF";

	for (int i = 0; i < 8; i++)
		sqlite3_str_appendf(s, "%ssubstr('.%c',1+(%s>>%d&1),1)",
		    i == 4 ? "\n    ||" : i > 0 ? "||" : "", flags[i], expr,
		    7 - i);
}
