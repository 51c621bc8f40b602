/*
 * Columns and values as SQL of ClickHouse: see ch_write.h.
 *
 * All branches of if() are calculated there, for every row: so nothing is
 * divided by what may be 0, and what may overflow is held back beforehand.
 */
#include "query/ch_write.h"

#include <stdlib.h>
#include <string.h>

#define MOST	"9223372036854775807"	/* INT64_MAX */

void
ch_begin(struct ch_writer *w, const struct ch_shape *shape, struct err *err)
{
	*w = (struct ch_writer){ .s = sqlite3_str_new(NULL), .shape = shape,
		.err = err };
}

char *
ch_end(struct ch_writer *w)
{
	char *text = sqlite3_str_finish(w->s), *copy = NULL;

	if (text != NULL && !w->failed)
		copy = strdup(text);
	if (copy == NULL && !w->failed)
		(void)err_set(w->err, "out of memory");
	sqlite3_free(text);
	return copy;
}

void
ch_text(struct ch_writer *w, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	sqlite3_str_appendall(w->s, "'");
	for (size_t i = 0; i < len; i++)
		sqlite3_str_appendf(w->s, "\\x%02x", p[i]);
	sqlite3_str_appendall(w->s, "'");
}

void
ch_addr(struct ch_writer *w, const struct addr *a)
{
	uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff };

	if (a->len == 4)
		memcpy(bytes + 12, a->bytes, 4);
	else
		memcpy(bytes, a->bytes, 16);
	ch_text(w, bytes, sizeof(bytes));
}

const char *
ch_name(const struct ch_writer *w, enum column c)
{
	/* there zeros stand for what is not */
	if (w->roll != NULL && c == w->roll->column)
		return "if(bitAnd(nulls, 1) != 0, NULL, value)";
	if (w->roll != NULL && c == COL_proto)
		return "if(bitAnd(nulls, 2) != 0, NULL, proto)";
	return column_info(c)->name;
}

_Static_assert(CLICKHOUSE_NULL_VALUE == 1 && CLICKHOUSE_NULL_PROTO == 2,
    "bits of nulls");

void
ch_mapped(struct ch_writer *w, unsigned bit)
{
	if (w->roll == NULL)
		sqlite3_str_appendf(w->s, "bitAnd(mapped, %u)", bit);
	else
		sqlite3_str_appendf(w->s, "toUInt8((bitAnd(nulls, %u) != 0) "
		    "* %u)", CLICKHOUSE_ROLL_MAPPED, bit);
}

/* What counters are multiplied with; never NULL. */
#define RATE	"greatest(ifNull(sampling, 1), 1)"

void
ch_counter(struct ch_writer *w, enum column c)
{
	const char *name = column_info(c)->name;

	if (!w->shape->scale)
		sqlite3_str_appendall(w->s, name);
	else if (!w->shape->wide && (c == COL_packets || c == COL_bytes))
		sqlite3_str_appendf(w->s, "%s * " RATE, name);
	else
		sqlite3_str_appendf(w->s, "if(%s > intDiv(" MOST ", " RATE
		    "), toInt64(" MOST "), %s * " RATE ")", name, name);
}

/*
 * factor * counter / duration, in whole numbers: (c / d) * factor + (c % d) *
 * factor / d; the largest number where that would pass it.
 */
static void
write_rate(struct ch_writer *w, enum column c, int factor)
{
	sqlite3_str_appendall(w->s, "multiIf(duration_ms > 0, if(intDiv(");
	ch_counter(w, c);
	sqlite3_str_appendf(w->s, ", greatest(duration_ms, 1)) > %lld, "
	    "toInt64(" MOST "), intDiv(", (long long)(INT64_MAX / factor - 1));
	ch_counter(w, c);
	sqlite3_str_appendf(w->s, ", greatest(duration_ms, 1)) * %d + intDiv("
	    "(", factor);
	ch_counter(w, c);
	sqlite3_str_appendf(w->s, ") %% greatest(duration_ms, 1) * %d, "
	    "greatest(duration_ms, 1))), %s >= 0 AND duration_ms <= 0, 0, "
	    "NULL)", factor, column_info(c)->name);
}

static void
write_bytes_per_packet(struct ch_writer *w)
{
	sqlite3_str_appendall(w->s, "multiIf(packets > 0, intDiv(");
	ch_counter(w, COL_bytes);
	sqlite3_str_appendall(w->s, ", greatest(");
	ch_counter(w, COL_packets);
	sqlite3_str_appendall(w->s,
	    ", 1)), bytes >= 0 AND packets = 0, 0, NULL)");
}

/*
 * The running number: flows of earlier shards, then those of this one.  Shards
 * of a collector are told apart by their number.
 */
static void
write_count(struct ch_writer *w)
{
	const struct ch_shape *shape = w->shape;

	sqlite3_str_appendall(w->s, "(flow_id");
	for (size_t i = 0; i < shape->n_shards; i++) {
		const char *name = shape->shards[i].collector;
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(shape->shards[k].collector, name) == 0;
		if (seen)
			continue;
		sqlite3_str_appendall(w->s, " + (collector = ");
		ch_text(w, name, strlen(name));
		sqlite3_str_appendall(w->s, ") * transform(shard, [");
		for (size_t k = i; k < shape->n_shards; k++) {
			if (strcmp(shape->shards[k].collector, name) == 0)
				sqlite3_str_appendf(w->s, "%s%u", k > i ?
				    ", " : "", shape->shards[k].number);
		}
		sqlite3_str_appendall(w->s, "], [");
		for (size_t k = i; k < shape->n_shards; k++) {
			if (strcmp(shape->shards[k].collector, name) == 0)
				sqlite3_str_appendf(w->s, "%s%lld", k > i ?
				    ", " : "", (long long)
				    shape->shards[k].count_base);
		}
		sqlite3_str_appendall(w->s, "], 0)");
	}
	sqlite3_str_appendall(w->s, ")");
}

void
ch_subject(struct ch_writer *w, int subject)
{
	switch (subject) {
	case COL_packets:
	case COL_bytes:
	case COL_out_packets:
	case COL_out_bytes:
		ch_counter(w, (enum column)subject);
		break;
	case SUBJECT_LAST:
		sqlite3_str_appendall(w->s, "first_ms + duration_ms");
		break;
	case SUBJECT_PPS:
		write_rate(w, COL_packets, 1000);
		break;
	case SUBJECT_BPS:
		write_rate(w, COL_bytes, 8000);
		break;
	case SUBJECT_BPP:
		write_bytes_per_packet(w);
		break;
	case SUBJECT_FLOWS:
		sqlite3_str_appendall(w->s, "ifNull(flows, 1)");
		break;
	case SUBJECT_TTL_SPREAD:
		sqlite3_str_appendall(w->s,
		    "toInt64(max_ttl) - toInt64(min_ttl)");
		break;
	case SUBJECT_COUNT:
		write_count(w);
		break;
	/* what is not there is zeros: a column of the sorting key has no NULL */
	case SUBJECT_EXPORTER_ADDR:
		sqlite3_str_appendall(w->s,
		    "nullIf(exporter_addr, toFixedString('', 16))");
		break;
	case SUBJECT_EXPORTER_VERSION:
		sqlite3_str_appendall(w->s, "nullIf(exporter_version, 0)");
		break;
	case SUBJECT_EXPORTER_NAME:
		sqlite3_str_appendall(w->s, "nullIf(exporter_name, '')");
		break;
	default:
		sqlite3_str_appendall(w->s, ch_name(w, (enum column)subject));
		break;
	}
}

unsigned
ch_mapped_bit(int subject)
{
	if (subject == SUBJECT_EXPORTER_ADDR)
		return clickhouse_mapped_exporter();
	return subject < COLUMN_COUNT ?
	    clickhouse_mapped_bit((enum column)subject) : 0;
}

char *
ch_subject_text(struct ch_writer *w, int subject, enum part part)
{
	struct ch_writer sub = *w;
	char *x, *text;

	sub.s = sqlite3_str_new(NULL);
	ch_subject(&sub, subject);
	x = sqlite3_str_finish(sub.s);
	w->failed = sub.failed;
	if (x == NULL)
		return NULL;
	switch (part) {
	case PART_VALUE:
		return x;
	case PART_FAMILY:
		sub.s = sqlite3_str_new(NULL);
		sqlite3_str_appendf(sub.s, "16 - 12 * (%s >= " CH_MAPPED_FROM
		    " AND %s <= " CH_MAPPED_TO " AND ", x, x);
		ch_mapped(&sub, ch_mapped_bit(subject));
		sqlite3_str_appendall(sub.s, " = 0)");
		text = sqlite3_str_finish(sub.s);
		break;
	case PART_HIGH:
		text = sqlite3_mprintf("bitShiftRight(%s, 8)", x);
		break;
	case PART_LOW:
		text = sqlite3_mprintf("bitAnd(%s, 255)", x);
		break;
	case PART_LABEL:
		text = sqlite3_mprintf("bitShiftRight(%s, 4)", x);
		break;
	case PART_EXP:
		text = sqlite3_mprintf("bitAnd(bitShiftRight(%s, 1), 7)", x);
		break;
	case PART_EOS:
		text = sqlite3_mprintf("if(bitAnd(%s, 1) = 1, "
		    "bitShiftRight(%s, 4), NULL)", x, x);
		break;
	default:
		text = NULL;
		break;
	}
	sqlite3_free(x);
	return text;
}
