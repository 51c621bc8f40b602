/*
 * A time series on a terminal: bits a second stacked by key, then a sparkline
 * for each key, on a scale of its own.  See chart.h.  Where there are
 * more bins than columns a column shows the mean of its bins; with fewer, a
 * bin takes several columns.
 */
#include "query/chart.h"

#include <stdlib.h>
#include <string.h>

#include "query/row.h"
#include "query/timetext.h"

#define HEIGHT		10	/* lines of the stack */
#define NUMBER		8	/* columns of a number */
#define LABEL_SHARE	3	/* of the width, at most a third */

static int
grow(void **v, size_t n, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 64 : *room * 2;
	void *p;

	if (n < *room)
		return 0;
	p = realloc(*v, more * size);
	if (p == NULL)
		return -1;
	*v = p;
	*room = more;
	return 0;
}

int
chart_series_add(struct chart_series *s, const char *label, int64_t first_ms,
    int64_t duration_ms, int64_t value)
{
	void *values = s->values, *labels = s->labels;
	int rc = grow(&values, s->n, &s->room, sizeof(*s->values));

	s->values = values;
	if (s->n == 0)
		s->first_ms = first_ms;
	/* the first bin tells the keys */
	if (rc == 0 && first_ms == s->first_ms) {
		rc = grow(&labels, s->n_keys, &s->label_room,
		    sizeof(*s->labels));
		s->labels = labels;
		if (rc == 0) {
			(void)strncpy(s->labels[s->n_keys], label,
			    CHART_LABEL_MAX - 1);
			s->labels[s->n_keys++][CHART_LABEL_MAX - 1] = '\0';
		}
	}
	if (rc == -1)
		return -1;
	s->last_ms = first_ms + duration_ms;
	s->values[s->n++] = value;
	return 0;
}

void
chart_series_clear(struct chart_series *s)
{
	free(s->labels);
	free(s->values);
	*s = (struct chart_series){ .labels = NULL };
}

/* ---- bins in columns ---- */

struct canvas {
	const struct chart_series	*s;
	struct out			*o;
	const struct terminal		*t;
	struct cell_style		*style;
	size_t				 bins;
	size_t				 columns;	/* of the picture */
	int64_t				 most;		/* of a column */
};

/* So many columns of the room there is: whole ones for each bin. */
static size_t
use_columns(size_t bins, size_t room)
{
	return bins >= room ? room : room / bins * bins;
}

/* The mean of key's bins in a column. */
static int64_t
value_at(const struct canvas *c, size_t key, size_t column, size_t columns)
{
	size_t from = column * c->bins / columns;
	size_t end = (column + 1) * c->bins / columns;
	__extension__ unsigned __int128 sum = 0;

	if (end <= from)
		end = from + 1;
	for (size_t i = from; i < end; i++)
		sum += (uint64_t)c->s->values[i * c->s->n_keys + key];
	return (int64_t)(sum / (end - from));
}

/* Keys that have no colour of their own count as other. */
static size_t
shown_as(const struct canvas *c, size_t key)
{
	if (c->s->n_keys > 1 && key == c->s->n_keys - 1)
		return CHART_KEYS - 1;
	return key < CHART_KEYS ? key : CHART_KEYS - 1;
}

static int64_t
plus(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int64_t
column_sum(const struct canvas *c, size_t column)
{
	int64_t sum = 0;

	for (size_t k = 0; k < c->s->n_keys; k++)
		sum = plus(sum, value_at(c, k, column, c->columns));
	return sum;
}

/* The key that is at this height of a column. */
static size_t
key_at(const struct canvas *c, size_t column, int64_t height)
{
	int64_t sum = 0;
	size_t last = 0;

	for (size_t k = 0; k < c->s->n_keys; k++) {
		int64_t v = value_at(c, k, column, c->columns);

		if (v > 0)
			last = k;
		sum = plus(sum, v);
		if (sum > height)
			return k;
	}
	return last;
}

/* Line 0 is the lowest. */
static void
put_cell(const struct canvas *c, size_t column, int64_t line)
{
	int64_t part = rate_of(column_sum(c, column), HEIGHT * INT64_C(8),
	    c->most) -
	    line * 8;
	unsigned eighths = part <= 0 ? 0 : part > 8 ? 8 : (unsigned)part;
	/* its middle, or that of what is painted of it */
	int64_t at = rate_of(c->most, line * 16 + (eighths == 0 ? 8 :
	    (int64_t)eighths), HEIGHT * INT64_C(16));
	size_t key = shown_as(c, key_at(c, column, at));
	bool glyphs = !c->t->colour && c->s->n_keys > 1;

	if (eighths == 0 || (glyphs && eighths < 4)) {
		out_char(c->o, ' ');
		return;
	}
	chart_colour(c->o, c->t, key);
	if (glyphs)
		chart_glyph(c->o, c->t, key);
	else
		chart_level(c->o, c->t, eighths);
	chart_plain(c->o, c->t);
}

static void
number(const struct canvas *c, int64_t v)
{
	char buf[CELL_TEXT_MAX];
	size_t n = cell_scaled(c->style, v, buf);

	for (size_t i = n; i < NUMBER; i++)
		out_char(c->o, ' ');
	out_bytes(c->o, buf, n);
}

static void
put_time(const struct canvas *c, int64_t ms)
{
	char buf[TIME_TEXT_MAX];

	out_bytes(c->o, buf, time_text(&c->style->time, ms, buf));
}

static void
draw_stack(const struct canvas *c)
{
	const char *axis = c->t->ascii ? " |" : " \xe2\x94\x82";
	size_t gap = strlen("2026-11-23 05:52:14") * 2;

	for (int line = HEIGHT - 1; line >= 0; line--) {
		/* the scale at the top and in the middle */
		if (line == HEIGHT - 1 || line == HEIGHT / 2 - 1)
			number(c, rate_of(c->most, line + 1, HEIGHT));
		else
			out_padded(c->o, "", NUMBER);
		out_text(c->o, axis);
		for (size_t i = 0; i < c->columns; i++)
			put_cell(c, i, line);
		out_char(c->o, '\n');
	}
	out_padded(c->o, "", NUMBER + 2);
	put_time(c, c->s->first_ms);
	out_padded(c->o, "", c->columns > gap ? (int)(c->columns - gap) : 1);
	put_time(c, c->s->last_ms);
	out_text(c->o, "\n\n");
}

static void
draw_spark(const struct canvas *c, size_t key, size_t label, size_t columns)
{
	int64_t most = 0, top = 0;
	__extension__ unsigned __int128 sum = 0;

	for (size_t i = 0; i < c->bins; i++) {
		int64_t v = c->s->values[i * c->s->n_keys + key];

		most = v > most ? v : most;
		sum += (uint64_t)v;
	}
	/* nothing is left for the others */
	if (most == 0 && c->s->n_keys > 1 && key == c->s->n_keys - 1)
		return;
	for (size_t i = 0; i < columns; i++) {
		int64_t v = value_at(c, key, i, columns);

		top = v > top ? v : top;
	}
	chart_colour(c->o, c->t, shown_as(c, key));
	chart_glyph(c->o, c->t, shown_as(c, key));
	out_char(c->o, ' ');
	chart_plain(c->o, c->t);
	chart_label(c->o, c->t, c->s->labels[key], label);
	out_char(c->o, ' ');
	chart_colour(c->o, c->t, shown_as(c, key));
	for (size_t i = 0; i < columns; i++) {
		int64_t v = value_at(c, key, i, columns);
		unsigned eighths = (unsigned)rate_of(v, 8, top);

		/* what is there is seen */
		chart_level(c->o, c->t, v > 0 && eighths == 0 ? 1 : eighths);
	}
	chart_plain(c->o, c->t);
	out_char(c->o, ' ');
	number(c, (int64_t)(sum / c->bins));
	out_char(c->o, ' ');
	number(c, most);
	out_char(c->o, '\n');
}

static void
draw_sparks(const struct canvas *c)
{
	size_t width = (size_t)c->t->width, label = 5, room;

	for (size_t k = 0; k < c->s->n_keys; k++) {
		size_t n = chart_columns(c->s->labels[k]);

		label = n > label ? n : label;
	}
	if (label > width / LABEL_SHARE)
		label = width / LABEL_SHARE;
	room = use_columns(c->bins, width - label - NUMBER - NUMBER - 5);
	out_padded(c->o, "", (int)(label + room + 3));
	out_char(c->o, ' ');
	out_padded(c->o, "mean", NUMBER);
	out_char(c->o, ' ');
	out_padded(c->o, "max bps", NUMBER);
	out_char(c->o, '\n');
	for (size_t k = 0; k < c->s->n_keys; k++)
		draw_spark(c, k, label, room);
}

void
chart_series_draw(const struct chart_series *s, struct out *o,
    const struct terminal *t, struct cell_style *style)
{
	struct canvas c = { .s = s, .o = o, .t = t, .style = style };

	if (s->n == 0)
		return;
	c.bins = s->n / s->n_keys;
	c.columns = use_columns(c.bins, (size_t)t->width - NUMBER - 2);
	for (size_t i = 0; i < c.columns; i++) {
		int64_t v = column_sum(&c, i);

		c.most = v > c.most ? v : c.most;
	}
	draw_stack(&c);
	draw_sparks(&c);
}
