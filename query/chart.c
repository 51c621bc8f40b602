/* Strokes: see chart.h. */
#include "query/chart.h"

#include <string.h>

#include "query/row.h"
#include "query/utf8.h"

size_t
chart_columns(const char *text)
{
	size_t n = 0;

	/* each byte but those that continue a character */
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void
chart_label(struct out *o, const struct terminal *t, const char *text,
    size_t columns)
{
	size_t have = chart_columns(text), left = strlen(text);
	size_t most = have > columns ? columns - 1 : have, n;

	for (n = 0; n < most && left > 0; n++) {
		size_t len = utf8_length(text, left);

		if (len == 0)
			len = 1;
		if (t->ascii && (unsigned char)*text >= 0x80)
			out_char(o, '?');
		else
			out_bytes(o, text, len);
		text += len;
		left -= len;
	}
	if (have > columns) {
		out_text(o, t->ascii ? "~" : "\xe2\x80\xa6");
		n++;
	}
	for (; n < columns; n++)
		out_char(o, ' ');
}

void
chart_bar(struct out *o, const struct terminal *t, int64_t value,
    int64_t most, size_t columns)
{
	/* U+2588 is a whole block, U+258F an eighth of one */
	char block[4] = "\xe2\x96\x88";
	size_t eighths = (size_t)rate_of(value, (int64_t)columns * 8, most);
	size_t n = 0;

	if (t->ascii)
		eighths = (eighths + 4) / 8 * 8;
	/* what is there is seen */
	if (value > 0 && eighths == 0)
		eighths = t->ascii ? 8 : 1;
	for (; eighths >= 8 && n < columns; eighths -= 8, n++)
		out_text(o, t->ascii ? "#" : block);
	if (eighths > 0 && n < columns) {
		block[2] = (char)(0x90 - (int)eighths);
		out_text(o, block);
		n++;
	}
	for (; n < columns; n++)
		out_char(o, ' ');
}

void
chart_level(struct out *o, const struct terminal *t, unsigned eighths)
{
	/* U+2581 is an eighth, U+2588 all of it */
	char block[4] = "\xe2\x96\x80";

	if (t->ascii) {
		out_char(o, " .,:-=+*#"[eighths]);
	} else if (eighths == 0) {
		out_char(o, ' ');
	} else {
		block[2] = (char)(block[2] + (int)eighths);
		out_text(o, block);
	}
}

/* Of Okabe and Ito, as near as the 256 colours have them. */
void
chart_colour(struct out *o, const struct terminal *t, size_t key)
{
	static const char *const colours[CHART_KEYS] = { "32", "214", "36",
		"175", "117", "166", "185", "245" };

	if (!t->colour)
		return;
	out_text(o, "\033[38;5;");
	out_text(o, colours[key < CHART_KEYS ? key : CHART_KEYS - 1]);
	out_char(o, 'm');
}

void
chart_plain(struct out *o, const struct terminal *t)
{
	if (t->colour)
		out_text(o, "\033[0m");
}

void
chart_glyph(struct out *o, const struct terminal *t, size_t key)
{
	static const char *const glyphs[CHART_KEYS] = { "\xe2\x96\x88",
		"\xe2\x96\x93", "\xe2\x96\x92", "\xe2\x96\x91",
		"\xe2\x95\xac", "\xe2\x94\xbc", "\xe2\x95\x8c", "\xc2\xb7" };

	if (key >= CHART_KEYS)
		key = CHART_KEYS - 1;
	if (t->ascii)
		out_char(o, "#O*+=ox."[key]);
	else
		out_text(o, t->colour ? glyphs[0] : glyphs[key]);
}
