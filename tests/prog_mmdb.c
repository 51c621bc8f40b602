/*
 * Writes a database in MaxMind's format for tests, by its specification
 * (MaxMind DB File Format 2.0): a binary tree of 24-bit records, a data
 * section, metadata.
 *
 *	mmdb [-4] [-f] [-l] FILE <networks
 *
 *	192.0.2.0/24,DE,Germany,64496,Example Networks
 *
 * A line for each network, fields may be empty; a later line goes above an
 * earlier one.  -4: a tree of IPv4 alone, else IPv4 lies below ::/96 and
 * 2002::/16 (6to4) leads there too, as in databases of the real world.
 * -f: flat records (country_code, asn "AS64496"), else those of GeoLite2.
 * -l: a tree that leads back to its beginning: damage.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/addr.h"

#define NODES_MAX	100000
#define DATA_MAX	1000000
#define LINE_SIZE	1000
#define FIELDS		5

enum kind { EMPTY, NODE, DATA };
enum type { STRING = 2, U16 = 5, U32 = 6, MAP = 7, U64 = 9, ARRAY = 11 };

struct record {
	enum kind	kind;
	uint32_t	at;		/* node, offset of data */
};

struct db {
	struct record	node[NODES_MAX][2];
	uint32_t	nodes;
	uint8_t		data[DATA_MAX];
	uint32_t	size;
	bool		only4;
	bool		flat;
};

/* ---- data ---- */

static void
put_byte(struct db *d, unsigned v)
{
	if (d->size == DATA_MAX)
		errx(1, "too much data");
	d->data[d->size++] = (uint8_t)v;
}

/* Sizes below 29 and from there to 284 are all that is needed. */
static void
put_head(struct db *d, enum type type, size_t size)
{
	unsigned first = size < 29 ? (unsigned)size : 29;

	if (size > 284)
		errx(1, "text too long");
	put_byte(d, type > MAP ? first : (unsigned)type << 5 | first);
	if (type > MAP)
		put_byte(d, (unsigned)type - MAP);
	if (first == 29)
		put_byte(d, (unsigned)size - 29);
}

static void
put_text(struct db *d, const char *text)
{
	put_head(d, STRING, strlen(text));
	for (; *text != '\0'; text++)
		put_byte(d, (uint8_t)*text);
}

static void
put_number(struct db *d, enum type type, unsigned width, uint64_t v)
{
	put_head(d, type, width);
	for (unsigned i = width; i-- > 0;)
		put_byte(d, (unsigned)(v >> (8 * i) & 255));
}

static void
put_pair(struct db *d, const char *key, const char *text)
{
	put_text(d, key);
	put_text(d, text);
}

static void
put_country(struct db *d, const char *code, const char *name)
{
	if (d->flat) {
		put_pair(d, "country_code", code);
		return;
	}
	put_text(d, "country");
	put_head(d, MAP, name[0] == '\0' ? 1 : 2);
	put_pair(d, "iso_code", code);
	if (name[0] == '\0')
		return;
	put_text(d, "names");
	put_head(d, MAP, 1);
	put_pair(d, "en", name);
}

static void
put_as(struct db *d, const char *number, const char *name)
{
	char text[20];

	(void)snprintf(text, sizeof(text), "AS%s", number);
	if (d->flat) {
		put_pair(d, "asn", text);
		put_pair(d, "as_name", name);
		return;
	}
	put_text(d, "autonomous_system_number");
	put_number(d, U32, 4, strtoul(number, NULL, 10));
	put_pair(d, "autonomous_system_organization", name);
}

static uint32_t
put_record(struct db *d, char *const field[FIELDS])
{
	uint32_t at = d->size;
	bool country = field[1][0] != '\0', as = field[3][0] != '\0';

	put_head(d, MAP, (size_t)country * 1 + (size_t)as * 2);
	if (country)
		put_country(d, field[1], field[2]);
	if (as)
		put_as(d, field[3], field[4]);
	return at;
}

/* ---- tree ---- */

static uint32_t
new_node(struct db *d, struct record both)
{
	if (d->nodes == NODES_MAX)
		errx(1, "too many nodes");
	d->node[d->nodes][0] = d->node[d->nodes][1] = both;
	return d->nodes++;
}

/* The record at the end of bits steps, made where it is missing. */
static struct record *
descend(struct db *d, const uint8_t *bytes, unsigned bits)
{
	uint32_t at = 0;
	struct record *r = NULL;

	for (unsigned i = 0; i < bits; i++) {
		if (i > 0 && r->kind != NODE)
			*r = (struct record){ NODE, new_node(d, *r) };
		if (i > 0)
			at = r->at;
		r = &d->node[at][bytes[i / 8] >> (7 - i % 8) & 1];
	}
	return r;
}

static void
add_network(struct db *d, const struct prefix *p, struct record r)
{
	uint8_t bytes[16] = { 0 };
	unsigned bits = p->bits;

	if (p->lo.len == 16 && d->only4)
		errx(1, "IPv6 in a tree of IPv4");
	if (p->lo.len == 4 && !d->only4) {
		memcpy(bytes + 12, p->lo.bytes, 4);
		bits += 96;
	} else {
		memcpy(bytes, p->lo.bytes, p->lo.len);
	}
	if (bits == 0)
		errx(1, "a network of everything");
	*descend(d, bytes, bits) = r;
}

static void
read_line(struct db *d, char *line)
{
	char none[] = "", *field[FIELDS];
	struct prefix p;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		char *cut = strsep(&line, ",");

		field[i] = cut == NULL ? none : cut;
	}
	if (prefix_parse(field[0], strlen(field[0]), &p) == -1)
		errx(1, "no network: %s", field[0]);
	add_network(d, &p, (struct record){ DATA, put_record(d, field) });
}

static void
alias_6to4(struct db *d)
{
	static const uint8_t v4[16], to4[2] = { 0x20, 0x02 };
	struct record *r = descend(d, v4, 96), target = *r;

	if (target.kind == NODE)
		*descend(d, to4, 16) = target;
}

/* ---- file ---- */

static void
write_record(FILE *out, const struct db *d, const struct record *r)
{
	uint32_t v = r->kind == NODE ? r->at : r->kind == EMPTY ? d->nodes :
	    d->nodes + 16 + r->at;

	putc((int)(v >> 16 & 255), out);
	putc((int)(v >> 8 & 255), out);
	putc((int)(v & 255), out);
}

static void
put_metadata(struct db *d)
{
	put_head(d, MAP, 9);
	put_text(d, "binary_format_major_version");
	put_number(d, U16, 2, 2);
	put_text(d, "binary_format_minor_version");
	put_number(d, U16, 2, 0);
	put_text(d, "build_epoch");
	put_number(d, U64, 8, 1700000000);
	put_pair(d, "database_type", "flowdb-test");
	put_text(d, "description");
	put_head(d, MAP, 0);
	put_text(d, "ip_version");
	put_number(d, U16, 2, d->only4 ? 4 : 6);
	put_text(d, "languages");
	put_head(d, ARRAY, 0);
	put_text(d, "node_count");
	put_number(d, U32, 4, d->nodes);
	put_text(d, "record_size");
	put_number(d, U16, 2, 24);
}

static void
write_file(struct db *d, const char *path)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";
	FILE *out = fopen(path, "w");

	if (out == NULL)
		err(1, "%s", path);
	for (uint32_t i = 0; i < d->nodes; i++) {
		write_record(out, d, &d->node[i][0]);
		write_record(out, d, &d->node[i][1]);
	}
	for (int i = 0; i < 16; i++)
		putc(0, out);
	fwrite(d->data, 1, d->size, out);
	fwrite(marker, 1, sizeof(marker) - 1, out);
	d->size = 0;
	put_metadata(d);
	fwrite(d->data, 1, d->size, out);
	if (fclose(out) != 0)
		err(1, "%s", path);
}

int
main(int argc, char **argv)
{
	struct db *d = calloc(1, sizeof(*d));
	char line[LINE_SIZE];
	bool loop = false;
	int opt;

	if (d == NULL)
		err(1, NULL);
	while ((opt = getopt(argc, argv, "4fl")) != -1) {
		d->only4 = d->only4 || opt == '4';
		d->flat = d->flat || opt == 'f';
		loop = loop || opt == 'l';
		if (opt == '?')
			return 2;
	}
	if (optind + 1 != argc)
		errx(2, "usage: mmdb [-4] [-f] [-l] FILE <networks");
	(void)new_node(d, (struct record){ EMPTY, 0 });
	while (fgets(line, sizeof(line), stdin) != NULL)
		read_line(d, line);
	if (!d->only4)
		alias_6to4(d);
	if (loop)
		d->node[0][0] = (struct record){ NODE, 0 };
	write_file(d, argv[optind]);
	free(d);
	return 0;
}
