/*
 * Partial sums as SQL: see ch_sql.h.  Each statement is one SELECT over the
 * table, so that every node adds up its own rows; a subselect would bring the
 * rows to one node.  Only -c needs one, since it counts in the order of
 * storage.
 */
#include "query/ch_sql.h"

#include "query/ch_write.h"
#include "query/series.h"

/* ---- keys ---- */

static void
add_key(struct ch_sums *out, int key)
{
	for (size_t i = 0; i < out->n_keys; i++) {
		if (out->keys[i] == key)
			return;
	}
	out->keys[out->n_keys++] = key;
	out->mapped = out->mapped || key == STAT_EXPORTER ||
	    column_info((enum column)key)->type == CT_ADDR;
}

static void
choose_keys(struct ch_sums *out, const struct group *g, int side)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct stat_info *info = g->part[i].info;

		for (unsigned s = 0; s < info->n_sides; s++) {
			if (side < 0 || s == (i == 0 ? (unsigned)side : 0))
				add_key(out, info->side[s]);
		}
		if (g->part[i].mask != -1)
			add_key(out, g->part[i].mask);
	}
}

/* The prefix that all of a column's keys lie in; false: whole addresses. */
static bool
cut_of(const struct group *g, int key, unsigned *bits4, unsigned *bits6)
{
	*bits4 = *bits6 = 0;
	for (size_t i = 0; i < g->n; i++) {
		const struct group_part *p = &g->part[i];
		bool reads = false;

		for (unsigned s = 0; s < p->info->n_sides; s++)
			reads = reads || p->info->side[s] == key;
		if (!reads)
			continue;
		if (p->mask != -1)
			return false;
		*bits4 = p->bits4 > *bits4 ? p->bits4 : *bits4;
		*bits6 = p->bits6 > *bits6 ? p->bits6 : *bits6;
	}
	return *bits4 < 32 || *bits6 < 128;
}

/* What is not there is zeros: a column of the sorting key has no NULL. */
static const char *
key_name(const struct ch_writer *w, int key)
{
	return key == STAT_EXPORTER ?
	    "nullIf(exporter_addr, toFixedString('', 16))" :
	    ch_name(w, (enum column)key);
}

/* Only whole bytes are cut there; the rest of it is done here. */
static void
write_key(struct ch_writer *w, const struct group *g, int key)
{
	const char *name = key_name(w, key);
	bool is_addr = key == STAT_EXPORTER ||
	    column_info((enum column)key)->type == CT_ADDR;
	unsigned bits4, bits6;

	if (!is_addr || !cut_of(g, key, &bits4, &bits6)) {
		sqlite3_str_appendall(w->s, name);
		return;
	}
	sqlite3_str_appendf(w->s, "if(isNull(%s), NULL, toFixedString("
	    "substring(assumeNotNull(%s), 1, if(assumeNotNull(%s) >= "
	    CH_MAPPED_FROM " AND assumeNotNull(%s) <= " CH_MAPPED_TO
	    " AND ", name, name, name, name);
	ch_mapped(w, ch_mapped_bit(key == STAT_EXPORTER ?
	    SUBJECT_EXPORTER_ADDR : key));
	sqlite3_str_appendf(w->s, " = 0, %u, %u)), 16))",
	    12 + (bits4 + 7) / 8, (bits6 + 7) / 8);
}

static void
add_field(struct ch_sums *out, enum ch_type type, bool nullable)
{
	out->fields[out->n_fields++] = (struct ch_field){ type, nullable };
}

/* The columns of the keys' addresses in mapped. */
static unsigned
mapped_bits(const struct ch_sums *out)
{
	unsigned bits = 0;

	for (size_t i = 0; i < out->n_keys; i++)
		bits |= ch_mapped_bit(out->keys[i] == STAT_EXPORTER ?
		    SUBJECT_EXPORTER_ADDR : out->keys[i]);
	return bits;
}

static void
write_keys(struct ch_writer *w, struct ch_sums *out, const struct group *g)
{
	for (size_t i = 0; i < out->n_keys; i++) {
		write_key(w, g, out->keys[i]);
		sqlite3_str_appendf(w->s, " AS k%d, ", (int)i);
		out->fields[out->n_fields++] = ch_field_of(out->keys[i]);
	}
	if (out->mapped) {
		ch_mapped(w, mapped_bits(out));
		sqlite3_str_appendall(w->s, " AS k_mapped, ");
		add_field(out, CH_U8, false);
	}
}

/* A counter of each row: a number, 0 when it was not sent. */
static char *
counter_text(struct ch_writer *w, enum column c)
{
	struct ch_writer sub = *w;

	sub.s = sqlite3_str_new(NULL);
	sqlite3_str_appendall(sub.s, "ifNull(");
	ch_counter(&sub, c);
	sqlite3_str_appendall(sub.s, ", 0)");
	return sqlite3_str_finish(sub.s);
}

/* Both sides of a roll-up, less what is in both. */
#define EACH_ONCE	"if(side = 2, -%s, %s)"

static void
write_sum(struct ch_writer *w, struct ch_sums *out, enum column c,
    const char *name)
{
	char *x = counter_text(w, c);

	if (out->halves) {
		sqlite3_str_appendf(w->s, ", sum(bitShiftRight(%s, 32)), "
		    "sum(bitAnd(%s, 4294967295))", x, x);
		add_field(out, CH_64, false);
	} else if (w->roll != NULL && w->roll->both) {
		sqlite3_str_appendf(w->s, ", sum(" EACH_ONCE ") AS %s", x, x,
		    name);
	} else {
		sqlite3_str_appendf(w->s, ", sum(%s) AS %s", x, name);
	}
	add_field(out, CH_64, false);
	sqlite3_free(x);
}

/* Largest step that all bins are whole numbers of. */
static int64_t
cell_of(const struct bins *b)
{
	int64_t step;

	if (b->n == 0 || b->start == NULL)
		return 1;
	step = b->start[1] - b->start[0];
	for (size_t i = 1; i < b->n; i++) {
		int64_t r = b->start[i + 1] - b->start[i];

		while (r != 0) {
			int64_t t = step % r;

			step = r;
			r = t;
		}
	}
	return step;
}

/*
 * Flows that lie in one cell have its start as their times, and their
 * counters are added up; the others keep what they have, to be cut here.
 */
static void
write_cells(struct ch_writer *w, struct ch_sums *out, const struct group *g)
{
	const struct series *s = g->series;
	long long begin = s->bins.start == NULL ? 0 : s->bins.start[0];
	long long step = cell_of(&s->bins);
	enum column packets = g->out ? COL_out_packets : COL_packets;
	enum column bytes = g->out ? COL_out_bytes : COL_bytes;
	char *p = counter_text(w, packets), *b = counter_text(w, bytes);

	sqlite3_str_appendf(w->s, CH_FIRST " >= %lld AND (%s" CH_LAST " <= " CH_FIRST
	    " OR intDiv(" CH_FIRST " - %lld, %lld) = intDiv(" CH_LAST
	    " - 1 - %lld, %lld)) AS k_one, "
	    "if(k_one, %lld + intDiv(" CH_FIRST " - %lld, %lld) * %lld, " CH_FIRST
	    ") AS k_first, "
	    "if(k_one, k_first, " CH_LAST ") AS k_last, "
	    "if(k_one, 0, %s) AS k_packets, if(k_one, 0, %s) AS k_bytes, ",
	    begin, s->spread ? "" : "1 OR ", begin, step, begin, step, begin,
	    begin, step, step, p, b);
	add_field(out, CH_U8, false);
	for (int i = 0; i < 4; i++)
		add_field(out, CH_64, false);
	sqlite3_free(p);
	sqlite3_free(b);
}

static void
write_group_by(struct ch_writer *w, const struct ch_sums *out)
{
	const char *comma = "\nGROUP BY ";

	for (size_t i = 0; i < out->n_keys; i++) {
		sqlite3_str_appendf(w->s, "%sk%d", comma, (int)i);
		comma = ", ";
	}
	if (out->mapped) {
		sqlite3_str_appendf(w->s, "%sk_mapped", comma);
		comma = ", ";
	}
	if (out->series)
		sqlite3_str_appendf(w->s, "%sk_one, k_first, k_last, "
		    "k_packets, k_bytes", comma);
}

/* Rows that this side leaves out. */
static void
write_side(struct ch_writer *w, const struct group *g, int side, bool nulls)
{
	const struct stat_info *info = g->n == 0 ? NULL : g->part[0].info;

	if (side < 0 || g->kind != GROUP_STAT || info == NULL)
		return;
	if (!nulls)
		sqlite3_str_appendf(w->s, " AND isNotNull(%s)",
		    key_name(w, info->side[side]));
	/* once under each different value */
	for (int s = 0; s < side; s++) {
		unsigned a = ch_mapped_bit(info->side[s]);
		unsigned b = ch_mapped_bit(info->side[side]);

		sqlite3_str_appendf(w->s, " AND NOT (ifNull(%s = %s, 0)",
		    key_name(w, info->side[s]),
		    key_name(w, info->side[side]));
		if (a != 0)
			sqlite3_str_appendf(w->s, " AND (bitAnd(mapped, %u) = "
			    "0) = (bitAnd(mapped, %u) = 0)", a, b);
		sqlite3_str_appendall(w->s, ")");
	}
}

/* -c: the first flows, with what is read of them. */
static void
write_first(struct ch_writer *w, const struct ch_sums *out,
    const struct group *g, const struct filter *f)
{
	uint64_t set = flow_bit(COL_packets) | flow_bit(COL_bytes) |
	    flow_bit(COL_first_ms) | flow_bit(COL_duration_ms) |
	    flow_bit(COL_sampling) | group_columns(g);

	if (out->flags)
		set |= flow_bit(COL_tcp_flags);
	sqlite3_str_appendall(w->s, "\nFROM (SELECT mapped, exporter_addr");
	for (int c = 0; c < COLUMN_COUNT; c++) {
		if ((set >> c & 1) != 0)
			sqlite3_str_appendf(w->s, ", %s",
			    column_info((enum column)c)->name);
	}
	ch_from(w, f);
	sqlite3_str_appendf(w->s, "\nORDER BY " CH_STORAGE " LIMIT %lld)\n"
	    "WHERE 1", (long long)w->shape->first);
}

/* ---- the first of them ---- */

static const char *const sum_names[] = {
	[METRIC_FLOWS] = "flows", [METRIC_PACKETS] = "packets",
	[METRIC_BYTES] = "bytes"
};

/* Are the keys of a part there what they are here? */
static bool
is_whole(const struct group *g, size_t i)
{
	const struct group_part *p = &g->part[i];

	for (size_t k = 0; k < i; k++) {
		if (g->part[k].info->side[0] == p->info->side[0])
			return false;
	}
	return p->mask == -1 && p->bits4 % 8 == 0 && p->bits6 % 8 == 0;
}

bool
ch_can_limit(const struct group *g, const struct ch_shape *shape)
{
	if (g->series != NULL || g->bidir || g->out || shape->wide ||
	    shape->first > 0 || g->n_orders != 1 ||
	    g->order[0].metric > METRIC_BYTES || g->order[0].out)
		return false;
	for (size_t i = 0; i < g->n; i++) {
		if (!is_whole(g, i))
			return false;
	}
	return true;
}

/* Ties as group_compare() has them: not sent, IPv4, IPv6; then by value. */
static void
write_first_rows(struct ch_writer *w, const struct ch_sums *out,
    const struct ch_part *part)
{
	const struct order *o = &part->group->order[0];

	sqlite3_str_appendf(w->s, "\nORDER BY %c_%s%s", part->roll != NULL &&
	    part->cut ? 't' : 's', sum_names[o->metric],
	    o->ascending ? "" : " DESC");
	for (size_t i = 0; i < out->n_keys; i++) {
		int k = (int)i;

		sqlite3_str_appendf(w->s, ", isNotNull(k%d)", k);
		if (out->fields[i].type == CH_ADDR)
			sqlite3_str_appendf(w->s, ", NOT ifNull(k%d >= "
			    CH_MAPPED_FROM " AND k%d <= " CH_MAPPED_TO
			    " AND bitAnd(k_mapped, %u) = 0, 0)", k, k,
			    ch_mapped_bit(out->keys[i] == STAT_EXPORTER ?
			    SUBJECT_EXPORTER_ADDR : out->keys[i]));
		sqlite3_str_appendf(w->s, ", k%d", k);
	}
	sqlite3_str_appendf(w->s, "\nLIMIT %lld", (long long)part->most);
}

static void
write_select(struct ch_writer *w, struct ch_sums *out,
    const struct ch_part *part, const struct filter *f)
{
	const struct group *g = part->group;
	/* the group of a series has the keys of another */
	const struct group *of = g->series != NULL && g->series->group != NULL ?
	    g->series->group : g;

	/* nobody added up what the other direction has */
	*out = (struct ch_sums){ .halves = w->shape->wide || g->out,
		.series = g->series != NULL,
		.flags = g->kind == GROUP_RECORD };
	choose_keys(out, of, part->side);
	sqlite3_str_appendall(w->s, "SELECT ");
	write_keys(w, out, of);
	if (g->series != NULL)
		write_cells(w, out, g);
	if (w->roll == NULL)
		sqlite3_str_appendall(w->s, "toInt64(count()) AS s_flows");
	else if (!w->roll->both)
		sqlite3_str_appendall(w->s, "sum(flows) AS s_flows");
	else
		sqlite3_str_appendf(w->s, "sum(" EACH_ONCE ") AS s_flows",
		    "flows", "flows");
	add_field(out, CH_64, false);
	write_sum(w, out, g->out ? COL_out_packets : COL_packets,
	    "s_packets");
	write_sum(w, out, g->out ? COL_out_bytes : COL_bytes, "s_bytes");
	sqlite3_str_appendf(w->s, ", min(" CH_FIRST ") AS s_first, "
	    "max(%s) AS s_last", w->roll != NULL ? "last_ms" : CH_LAST);
	add_field(out, CH_64, false);
	add_field(out, CH_64, false);
	if (out->flags) {
		sqlite3_str_appendall(w->s, ", groupBitOr(ifNull(tcp_flags, "
		    "toUInt8(0)))");
		add_field(out, CH_U8, false);
	}
	if (w->shape->first > 0)
		write_first(w, out, of, f);
	else
		ch_from(w, f);
	if (w->roll == NULL || !w->roll->both)
		write_side(w, of, part->side, part->nulls);
	else if (!part->nulls)
		sqlite3_str_appendf(w->s, " AND isNotNull(%s)",
		    ch_name(w, w->roll->column));
	write_group_by(w, out);
}

/* What a roll-up has, and the flows of the shards that are cut. */
static void
write_both(struct ch_writer *w, struct ch_sums *out,
    const struct ch_part *part, const struct filter *f)
{
	struct ch_writer sub = *w;
	struct ch_sums same;
	char *rolled;

	sub.s = sqlite3_str_new(NULL);
	sub.roll = part->roll;
	sub.cut = CH_CUT_NOT;
	write_select(&sub, out, part, f);
	rolled = sqlite3_str_finish(sub.s);
	sqlite3_str_appendall(w->s, "SELECT ");
	for (size_t i = 0; i < out->n_keys; i++)
		sqlite3_str_appendf(w->s, "k%d, ", (int)i);
	sqlite3_str_appendf(w->s, "%ssum(s_flows) AS t_flows, "
	    "sum(s_packets) AS t_packets, sum(s_bytes) AS t_bytes, "
	    "min(s_first), max(s_last)\nFROM (\n%s\nUNION ALL\n",
	    out->mapped ? "k_mapped, " : "", rolled);
	sqlite3_free(rolled);
	w->cut = CH_CUT_ONLY;
	write_select(w, &same, part, f);
	sqlite3_str_appendall(w->s, ")");
	write_group_by(w, out);
	w->failed = w->failed || sub.failed;
}

char *
ch_sql_sums(struct ch_sums *out, const struct ch_part *part,
    const struct filter *f, const struct ch_shape *shape, struct err *err)
{
	struct ch_writer w;

	ch_begin(&w, shape, err);
	if (part->roll != NULL && part->cut) {
		write_both(&w, out, part, f);
	} else {
		w.roll = part->roll;
		w.cut = part->roll != NULL ? CH_CUT_NOT :
		    part->cut ? CH_CUT_ONLY : CH_CUT_TOO;
		write_select(&w, out, part, f);
	}
	if (part->most > 0)
		write_first_rows(&w, out, part);
	return ch_end(&w);
}
