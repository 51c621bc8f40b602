/*
 * Shards as RowBinary, read back by a decoder that knows only the order and
 * the types of the columns, against the flows they were made from.
 */
#include "collector/ship_rows.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ship_body.h"
#include "schema/clickhouse.h"
#include "schema/flow.h"
#include "schema/http.h"
#include "tests/filter_random.h"
#include "tests/shards.h"

#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define N_FLOWS	3000

struct bytes {
	uint8_t	*v;
	size_t	 len;
	size_t	 at;
};

/* All rows, asked for in pieces of an awkward size. */
static struct bytes
read_all(struct ship_rows *r)
{
	struct bytes b = { .v = malloc(4U << 20) };
	struct err err;
	size_t got;

	do {
		cr_assert_eq(ship_rows_read(r, b.v + b.len, 1237, &got,
		    &err), 0);
		b.len += got;
		cr_assert_lt(b.len, (4U << 20) - 1237);
	} while (got > 0);
	return b;
}

static uint64_t
take(struct bytes *b, unsigned size)
{
	uint64_t v = 0;

	cr_assert_leq(b->at + size, b->len);
	for (unsigned i = size; i > 0; i--)
		v = v << 8 | b->v[b->at + i - 1];
	b->at += size;
	return v;
}

static void
take_text(struct bytes *b, const char *want)
{
	size_t len = (size_t)take(b, 1);

	cr_assert_eq(len, strlen(want));
	cr_expect_arr_eq(b->v + b->at, want, len);
	b->at += len;
}

static void
take_address(struct bytes *b, const struct addr *want, bool mapped)
{
	static const uint8_t head[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *p = b->v + b->at;

	(void)take(b, 8);
	(void)take(b, 8);
	if (want->len == 16) {
		cr_expect_arr_eq(p, want->bytes, 16);
		cr_expect_eq(mapped, memcmp(p, head, 12) == 0);
	} else {
		cr_expect_arr_eq(p, head, 12);
		cr_expect_arr_eq(p + 12, want->bytes, 4);
		cr_expect_not(mapped);
	}
}

static unsigned
size_of(enum coltype type)
{
	switch (type) {
	case CT_PROTO: case CT_FLAGS: case CT_U8:
		return 1;
	case CT_U16:
		return 2;
	case CT_U32:
		return 4;
	default:
		return 8;
	}
}

static void
take_column(struct bytes *b, const struct flow *f, enum column c,
    unsigned mapped)
{
	const struct column_info *ci = column_info(c);
	const void *p = (const char *)f + ci->offset;
	uint64_t null = take(b, 1);

	cr_assert_eq(null, !flow_has(f, c), "%s", ci->name);
	if (null)
		return;
	if (ci->type == CT_ADDR)
		take_address(b, p, (mapped & clickhouse_mapped_bit(c)) != 0);
	else
		cr_assert_eq(take(b, size_of(ci->type)),
		    ci->type == CT_TIME || ci->type == CT_SPAN ?
		    *(const uint64_t *)p : flow_number(f, c), "%s", ci->name);
}

static void
take_exporter(struct bytes *b, const struct flow *f, uint8_t *mapped)
{
	const struct match_exporter *e = flow_has(f, COL_exporter) ?
	    random_exporter(NULL, f->exporter) : NULL;
	size_t at = b->at + 16;

	if (e == NULL) {
		cr_expect_eq(take(b, 8) | take(b, 8), 0);
	} else {
		take_address(b, &e->address, false);
	}
	b->at = at + 5;
	b->at += 1 + b->v[b->at];
	*mapped = (uint8_t)take(b, 1);
}

static void
take_row(struct bytes *b, const struct flow *f, uint64_t id)
{
	uint8_t mapped;
	int64_t sec = T0 / 1000;

	if (flow_has(f, COL_first_ms))
		sec = f->first_ms / 1000 - (f->first_ms % 1000 < 0);
	if (sec < 0)
		sec = 0;
	if (sec > UINT32_MAX)
		sec = UINT32_MAX;
	take_text(b, "edge-1");
	cr_assert_eq(take(b, 4), T0 / 1000);
	cr_assert_eq(take(b, 8), id);
	cr_expect_eq(take(b, 4), (uint64_t)sec);
	take_exporter(b, f, &mapped);
	for (unsigned c = 0; c < COLUMN_COUNT; c++)
		take_column(b, f, (enum column)c, mapped);
}

Test(ship_rows, every_column_of_every_flow)
{
	char *dir = temp_folder_make(), *path;
	struct flow *v = flows_random(7, N_FLOWS);
	struct ship_sums want = { .flows = N_FLOWS }, got;
	struct ship_rows *r;
	struct bytes b;
	struct err err;

	/* an IPv6 address that looks like IPv4 */
	v[1].set |= flow_bit(COL_dst_addr) | flow_bit(COL_next_hop);
	v[1].dst_addr = addr_from("\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
	v[1].next_hop = v[1].dst_addr;
	path = shard_make(dir, T0, v, N_FLOWS, true);
	r = ship_rows_open(path, "edge-1", &err);
	cr_assert_not_null(r, "%s", err.msg);
	b = read_all(r);
	for (size_t i = 0; i < N_FLOWS; i++) {
		take_row(&b, &v[i], i + 1);
		if (flow_has(&v[i], COL_bytes))
			want.bytes += (int64_t)v[i].bytes;
		if (flow_has(&v[i], COL_packets))
			want.packets += (int64_t)v[i].packets;
	}
	cr_expect_eq(b.at, b.len);
	got = ship_rows_sums(r);
	cr_expect_eq(got.flows, want.flows);
	cr_expect_eq(got.bytes, want.bytes);
	cr_expect_eq(got.packets, want.packets);
	ship_rows_close(r);
	free(b.v);
	free(v);
	free(path);
	temp_folder_remove(dir);
}

/* gunzip(1) is the judge. */
Test(ship_rows, gzip)
{
	char *dir = temp_folder_make(), *path, command[600], piece[4000];
	struct flow *v = flows_random(8, N_FLOWS);
	struct ship_rows *r;
	struct ship_body *body;
	struct bytes plain;
	struct err err;
	size_t got;
	FILE *f;

	path = shard_make(dir, T0, v, N_FLOWS, true);
	r = ship_rows_open(path, "edge-1", &err);
	cr_assert_not_null(r);
	plain = read_all(r);
	ship_rows_close(r);
	r = ship_rows_open(path, "edge-1", &err);
	body = ship_body_new(r, true, &err);
	(void)snprintf(command, sizeof(command), "gunzip >%s/plain", dir);
	f = popen(command, "w");
	while ((got = ship_body_read(body, piece, sizeof(piece))) > 0) {
		cr_assert_neq(got, HTTP_READ_FAILED);
		cr_assert_eq(fwrite(piece, 1, got, f), got);
	}
	cr_expect_eq(pclose(f), 0);
	(void)snprintf(command, sizeof(command), "%s/plain", dir);
	f = fopen(command, "r");
	for (size_t i = 0; i < plain.len; i++)
		cr_assert_eq(fgetc(f), plain.v[i]);
	cr_expect_eq(fgetc(f), EOF);
	(void)fclose(f);
	ship_body_free(body);
	ship_rows_close(r);
	free(plain.v);
	free(v);
	free(path);
	temp_folder_remove(dir);
}

Test(ship_rows, no_shard)
{
	struct err err;

	cr_expect_null(ship_rows_open("Makefile", "x", &err));
	cr_expect_eq(err.code, ERR_CORRUPT);
}
