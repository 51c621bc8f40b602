/*
 * flowdb.so: IP address functions for the sqlite3 shell.
 *
 *	.load build/flowdb
 *	SELECT ip_text(dst_addr), sum(bytes) FROM flow
 *	WHERE ipcontains('192.168.10.0/24', dst_addr) GROUP BY 1;
 *
 *	ip_text(blob)		text of an address stored as 4 or 16 bytes
 *	ip_blob(text)		the bytes of an address
 *	ipfamily(ip)		4 or 6
 *	iphost(ip)		the address without a prefix length
 *	ipmasklen(ip)		prefix length; 32 or 128 when there is none
 *	ipnetwork(ip)		network address/length
 *	ipcontains(net, ip)	1 when ip (address or net) lies in net
 *
 * An ip is text ("10.1.2.3", "10.0.0.0/8") or bytes as in the shards.  NULL
 * for anything else.  The last five have the names and meaning of sqlean's
 * ipaddr functions.  All are deterministic and safe in views.
 */
#include <sqlite3ext.h>
#include <stdio.h>
#include <string.h>

#include "schema/addr.h"

SQLITE_EXTENSION_INIT1

#define NET_TEXT_MAX	(ADDR_TEXT_MAX + 4)

int	sqlite3_flowdb_init(sqlite3 *db, char **msg,
	    const sqlite3_api_routines *api);

/* Reads an argument; a is the address with its host bits.  0 or -1. */
static int
read_ip(sqlite3_value *arg, struct addr *a, struct prefix *p)
{
	const char *text, *slash;
	size_t len;

	switch (sqlite3_value_type(arg)) {
	case SQLITE_BLOB:
		len = (size_t)sqlite3_value_bytes(arg);
		if (len != 4 && len != 16)
			return -1;
		*a = addr_from(sqlite3_value_blob(arg), len);
		*p = prefix_of(a, (unsigned)len * 8);
		return 0;
	case SQLITE_TEXT:
		text = (const char *)sqlite3_value_text(arg);
		len = (size_t)sqlite3_value_bytes(arg);
		if (text == NULL || prefix_parse(text, len, p) == -1)
			return -1;
		slash = memchr(text, '/', len);
		if (slash != NULL)
			len = (size_t)(slash - text);
		/* a short net ("10/8") has no host bits to keep */
		if (addr_parse(text, len, a) == -1)
			*a = p->lo;
		return 0;
	default:
		return -1;
	}
}

static void
result_addr(sqlite3_context *ctx, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	size_t len = addr_format(a, text);

	sqlite3_result_text(ctx, text, (int)len, SQLITE_TRANSIENT);
}

static void
fn_ip_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix p;
	struct addr a;

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_BLOB &&
	    read_ip(argv[0], &a, &p) == 0)
		result_addr(ctx, &a);
}

static void
fn_ip_blob(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix p;
	struct addr a;

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_TEXT &&
	    read_ip(argv[0], &a, &p) == 0 && p.bits == a.len * 8U)
		sqlite3_result_blob(ctx, a.bytes, a.len, SQLITE_TRANSIENT);
}

static void
fn_ipfamily(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix p;
	struct addr a;

	(void)argc;
	if (read_ip(argv[0], &a, &p) == 0)
		sqlite3_result_int(ctx, a.len == 4 ? 4 : 6);
}

static void
fn_iphost(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix p;
	struct addr a;

	(void)argc;
	if (read_ip(argv[0], &a, &p) == 0)
		result_addr(ctx, &a);
}

static void
fn_ipmasklen(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix p;
	struct addr a;

	(void)argc;
	if (read_ip(argv[0], &a, &p) == 0)
		sqlite3_result_int(ctx, p.bits);
}

static void
fn_ipnetwork(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	char text[NET_TEXT_MAX];
	struct prefix p;
	struct addr a;
	size_t len;

	(void)argc;
	if (read_ip(argv[0], &a, &p) == -1)
		return;
	len = addr_format(&p.lo, text);
	(void)snprintf(text + len, sizeof(text) - len, "/%u", p.bits);
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void
fn_ipcontains(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct prefix net, ip;
	struct addr a;

	(void)argc;
	if (read_ip(argv[0], &a, &net) == -1 || read_ip(argv[1], &a, &ip) == -1)
		return;
	sqlite3_result_int(ctx, prefix_has(&net, &ip.lo) &&
	    prefix_has(&net, &ip.hi));
}

int
sqlite3_flowdb_init(sqlite3 *db, char **msg, const sqlite3_api_routines *api)
{
	static const struct {
		const char *name;
		int argc;
		void (*fn)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "ip_text", 1, fn_ip_text },
		{ "ip_blob", 1, fn_ip_blob },
		{ "ipfamily", 1, fn_ipfamily },
		{ "iphost", 1, fn_iphost },
		{ "ipmasklen", 1, fn_ipmasklen },
		{ "ipnetwork", 1, fn_ipnetwork },
		{ "ipcontains", 2, fn_ipcontains },
	};

	(void)msg;
	SQLITE_EXTENSION_INIT2(api);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		int rc = sqlite3_create_function_v2(db, functions[i].name,
		    functions[i].argc, SQLITE_UTF8 | SQLITE_DETERMINISTIC |
		    SQLITE_INNOCUOUS, NULL, functions[i].fn, NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}
