/* Help texts: see help.h.  Lists of names come from the tables themselves. */
#include "query/help.h"

#include <string.h>

#include "query/field.h"
#include "query/order.h"
#include "query/print.h"
#include "query/stats.h"
#include "query/words.h"

#define WIDTH		72
#define FIELDS_A_LINE	3

static const char usage_text[] =
"usage: flowq [options] [filter]\n"
"       flowq help filter | stats | formats\n"
"\n"
"Where  -R DIR[/flows.A[:flows.B]]  all shards, from slot A, from A to B\n"
"       -r FILE   one shard          -M DIR/a:b:c  several sources\n"
"       --backend clickhouse://HOST:PORT/DB  a cluster; with -R also shards\n"
"       that are not there yet; --allow-partial  without nodes that are away\n"
"When   -t WINDOW \"last 2h\", today, 2026/11/23.05:00-2026/11/23.06:00, ...\n"
"       --within  only flows wholly inside;  --utc  times without a zone\n"
"What   -s STAT[:p][/ORDER]  statistic, repeatable (srcip, dstip, dstport ...)\n"
"       -A FIELDS  add up by fields    -a  by 5-tuple   -b, -B  both ways\n"
"       -O ORDER   bytes, packets, flows, pps, bps, bpp, tstart, tend, duration\n"
"       -n N  rows (10 of a statistic; 0 all)   -c N  look at N flows only\n"
"       -P FILTER  filter what was added up     -I  totals by protocol\n"
"       -f FILE    filter from a file           -Z  check the filter only\n"
"       --bin 5m   time series, with -s by key; --no-spread  flows at their start\n"
"       --extract FILE  the flows as one shard, --force: replaces it\n"
"       --report FILE  a page to look at, for a browser; --force: replaces it\n"
"       --shell    sqlite3 with the newest 10 shards; -- options of sqlite3\n"
"       --top [STAT]  live view of the last minute\n"
"How    -o FORMAT  line long extended biline fmt:... csv json ndjson chart ...\n"
"       -q  no heading and summary   -N  plain numbers   -6  whole IPv6\n"
"       --raw  not scaled by sampling   --names DIR  names beside numbers\n"
"       --excel  CSV for a double click  --exporters  who sent, what was lost\n"
"       --sql  the same as a script for sqlite3   --explain  what served it\n"
"       --dns  names of addresses by reverse DNS   --no-dns  none in filters\n"
"       --geo FILE|DIR  countries and AS of addresses (MaxMind databases)\n"
"       --skip-bad  leave out damaged shards\n"
"       --memory SIZE (512M)   --threads N   --no-rollup   --no-index\n"
"\n"
"flowq -R /srv/netflow/cisco -t \"last 1h\" -s dstip/bytes\n"
"flowq -R /srv/netflow/cisco -s srcip -O bytes -n 50 \"dst ip 192.168.10.57\"\n"
"flowq -R /srv/netflow/cisco -s dstip/bytes -n 100 -o csv \\\n"
"    \"dst net 192.168.10.0/24 and not src net 192.168.0.0/16\" > top.csv\n";

static const char filter_text[] =
"A filter is tests joined by and, or, not and parentheses (&&, ||, !):\n"
"\n"
"  src ip 10.1.2.3            dst net 192.168.10.0/24    ip in [a b c/len]\n"
"  port 53                    dst port > 1024            port 50-60\n"
"  proto tcp, tcp, udp        ipv4, ipv6                 port in [80 443]\n"
"  flags S and not flags A    bytes > 1m                 packets >= 100\n"
"  duration > 5000            bps > 10m                  bpp < 100\n"
"  src as 64512               in if 3                    src geo DE\n"
"\n"
"Without src or dst either side counts.  Comparisons: = != < <= > >=, none\n"
"is =.  Numbers take k m g t (1000).  A test on a field that was not sent is\n"
"false.  # begins a comment, @include FILE takes text from a file.\n"
"\n"
"Words that may begin a test:\n";

static const char stats_text[] =
"-s STAT[:p][/ORDER][:a]  :p splits by protocol, :a turns the order round.\n"
"ip, port, as, if ... count a flow once under each side.  -A takes several,\n"
"joined by commas; addresses may be cut: srcip4/24, dstip6/48.\n"
"\n"
"Statistics and fields (also record, for -s: whole 5-tuples; srcnet, dstnet,\n"
"for -A: cut at the route's prefix):\n";

static const char formats_text[] =
"Formats of -o (line, long ... with a 6 behind: whole IPv6 addresses):\n";

static const char fields_text[] =
"\n"
"fmt: is text with fields, -o \"fmt:%ts %sa -> %da %byt\", where a layout such\n"
"as %line is a field too; csv: is a list, -o csv:src_addr,dst_addr,bytes.\n"
"Sums have the columns of csv, -s dstip -o csv:dstip,bytes; flows any field.\n"
"Either tag or name will do; those with - are for fmt: only.\n"
"\n";

static void
print_names(struct out *out, const char *(*at)(size_t i))
{
	const char *name;
	size_t column = 0;

	for (size_t i = 0; (name = at(i)) != NULL; i++) {
		size_t len = strlen(name);

		if (column + len + 2 > WIDTH) {
			out_char(out, '\n');
			column = 0;
		}
		out_text(out, column == 0 ? "  " : ", ");
		out_text(out, name);
		column += len + 2;
	}
	out_char(out, '\n');
}

static const char *
stat_name(size_t i)
{
	const struct stat_info *s = stat_at(i);

	return s == NULL ? NULL : s->name;
}

/* Without the words that are only known to be refused. */
static const char *
word_phrase(size_t i)
{
	const struct word *w;

	for (size_t k = 0; (w = words_at(k)) != NULL; k++) {
		if (w->value != VALUE_REFUSED && i-- == 0)
			return w->phrase;
	}
	return NULL;
}

static void
print_filter(struct out *out)
{
	out_text(out, filter_text);
	print_names(out, word_phrase);
}

static void
print_stats(struct out *out)
{
	out_text(out, stats_text);
	print_names(out, stat_name);
	out_text(out, "\nOrders:\n");
	print_names(out, order_at);
}

/* Tag of fmt: and name in CSV and JSON, a few a line. */
static void
print_fields(struct out *out)
{
	const struct field *f;

	for (size_t i = 0; (f = field_at(i)) != NULL; i++) {
		const char *name = field_name(f);
		bool end = i % FIELDS_A_LINE == FIELDS_A_LINE - 1 ||
		    field_at(i + 1) == NULL;

		out_text(out, f->tag == NULL ? "   " : "  %");
		out_padded(out, f->tag == NULL ? "" : f->tag, -7);
		out_padded(out, name == NULL ? "-" : name, end ? 0 : -14);
		if (end)
			out_char(out, '\n');
	}
}

static void
print_formats(struct out *out)
{
	out_text(out, formats_text);
	print_names(out, print_format_at);
	out_text(out, fields_text);
	print_fields(out);
}

static const struct topic {
	const char	*name;
	void		(*print)(struct out *out);
} topics[] = {
	{ "filter", print_filter },
	{ "stats", print_stats },
	{ "formats", print_formats },
};

const char *
help_topics(void)
{
	return "filter, stats or formats";
}

int
help_print(struct out *out, const char *topic)
{
	if (topic == NULL) {
		out_text(out, usage_text);
		return 0;
	}
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (strcmp(topic, topics[i].name) == 0) {
			topics[i].print(out);
			return 0;
		}
	}
	return -1;
}
