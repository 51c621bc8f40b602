/* Text from outside: see foreign.h. */
#include "query/foreign.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "query/utf8.h"

#define CLEAN_MAX	(FOREIGN_MAX + 2)
#define QUOTED_MAX	(2 * CLEAN_MAX + 2)

/* Letters that numbers and times may have; months are words of their own. */
static const char *const number_words[] = { "e", "t", "z", "am", "pm",
	"sept" };
/* In English and German, from the third letter on; lower case and upper. */
static const char *const months[] = { "january", "february", "march", "april",
	"may", "june", "july", "august", "september", "october", "november",
	"december", "januar", "februar", "m\xc3\xa4rz", "M\xc3\x84RZ", "mai",
	"juni", "juli", "oktober", "dezember", "j\xc3\xa4nner" };
static const char *const truths[] = { "true", "false", "wahr", "falsch" };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LETTERS		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Length of the word at text: letters and whatever is not ASCII. */
static size_t
word_length(const char *text, bool *ascii)
{
	size_t n = 0;

	*ascii = false;
	while ((text[n] & 0x80) != 0 ||
	    (text[n] != '\0' && strchr(LETTERS, text[n]) != NULL)) {
		*ascii = *ascii || (text[n] & 0x80) == 0;
		n++;
	}
	return n;
}

/* May a number, a date or a time have this word in it? */
static bool
is_number_word(const char *word, size_t n, bool ascii)
{
	if (!ascii)
		return true;	/* a currency's sign, another minus */
	for (size_t i = 0; i < COUNT(number_words); i++) {
		if (strlen(number_words[i]) == n &&
		    strncasecmp(number_words[i], word, n) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(months) && n >= 3; i++) {
		if (strncasecmp(months[i], word, n) == 0)
			return true;
	}
	return false;
}

/* Digits, and no word that tells it is a name. */
static bool
looks_like_number(const char *text)
{
	bool digit = false, ascii;

	while (*text != '\0') {
		size_t n = word_length(text, &ascii);

		if (n > 0 && !is_number_word(text, n, ascii))
			return false;
		digit = digit || (*text >= '0' && *text <= '9');
		text += n > 0 ? n : 1;
	}
	return digit;
}

/*
 * What a spreadsheet takes for something else than text: "=1+1", "-1" and
 * "@sum" are formulas, "#N/A" an error, "1/2", "3-4", "Jan 5" dates, "007" is
 * 7, "1e10" and "50%" are numbers, and "true" is true.  The look of it
 * decides: a quote too many is harmless.
 */
static bool
spreadsheet_runs(const char *text)
{
	if (text[0] != '\0' && strchr("=+-@#\t\r", text[0]) != NULL)
		return true;
	for (size_t i = 0; i < COUNT(truths); i++) {
		if (strcasecmp(truths[i], text) == 0)
			return true;
	}
	return looks_like_number(text);
}

size_t
foreign_guard_address(char *text, size_t len)
{
	size_t n = 0, groups = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	for (; n + 4 <= len && text[n] == '.'; n += 4) {
		for (size_t i = 1; i <= 3; i++) {
			if (text[n + i] < '0' || text[n + i] > '9')
				return len;
		}
		groups++;
	}
	if (groups == 0 || n < len)
		return len;
	memmove(text + 1, text, len);
	text[0] = '\'';
	return len + 1;
}

void
foreign_csv(struct out *o, const char *text, bool guard)
{
	char clean[CLEAN_MAX], *at = clean;
	size_t n;

	if (guard && spreadsheet_runs(text))
		*at++ = '\'';
	n = (size_t)(at - clean);
	n += utf8_clean(text, 0, at, sizeof(clean) - n);
	out_used(o, csv_write(out_room(o, QUOTED_MAX), QUOTED_MAX, clean, n));
}

void
foreign_json(struct out *o, const char *text)
{
	char clean[CLEAN_MAX];
	size_t n = utf8_clean(text, 0, clean, sizeof(clean));

	out_char(o, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)clean[i];
		char buf[8];

		if (ch == '"' || ch == '\\') {
			out_char(o, '\\');
			out_char(o, (char)ch);
		} else if (ch < 0x20 || ch == 0x7f) {
			(void)snprintf(buf, sizeof(buf), "\\u%04x", ch);
			out_text(o, buf);
		} else
			out_char(o, (char)ch);
	}
	out_char(o, '"');
}
