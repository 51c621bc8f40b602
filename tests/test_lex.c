/* Tokens of the filter language: kinds, places, numbers. */
#include "query/lex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Tokens as one letter each and their slice, for comparing. */
static void
lex_all(const char *text, char *out, size_t size)
{
	static const char kinds[] = "$ws()[],&|!=#<{>}U?";
	struct lexer lx = { .text = text, .len = strlen(text) };
	struct token t;
	size_t n = 0;

	out[0] = '\0';
	do {
		lex_next(&lx, &t);
		n += (size_t)snprintf(out + n, size - n, "%c%zu:%.*s ",
		    kinds[t.kind], t.offset, (int)t.len, t.text);
	} while (t.kind != TOK_END && n < size);
}

static const struct {
	const char *text, *tokens;
} cases[] = {
	{ "", "$0: " },
	{ "  # only a comment", "$18: " },
	{ "port 53", "w0:port w5:53 $7: " },
	{ "port=53", "w0:port =4:= w5:53 $7: " },
	{ "port>=53", "w0:port }4:>= w6:53 $8: " },
	{ "a!=b ! c", "w0:a #1:!= w3:b !5:! w7:c $8: " },
	{ "a AND b && c Or d||e",
	    "w0:a &2:AND w6:b &8:&& w11:c |13:Or w16:d |17:|| w19:e $20: " },
	{ "x eq 1 ne 2 lt 3 le 4 gt 5 ge 6", "w0:x =2:eq w5:1 #7:ne w10:2 "
	    "<12:lt w15:3 {17:le w20:4 >22:gt w25:5 }27:ge w30:6 $31: " },
	{ "[1,2 3]", "[0:[ w1:1 ,2:, w3:2 w5:3 ]6:] $7: " },
	{ "10.0.0.0/8 2001:db8::1 a-b_c",
	    "w0:10.0.0.0/8 w11:2001:db8::1 w23:a-b_c $28: " },
	{ "'a b' \"c'd\"", "s0:a b s6:c'd $11: " },
	{ "'open", "U0: w1:open $5: " },
	{ "port # comment\n 53", "w0:port w16:53 $18: " },
	{ "a & b | %", "w0:a ?2:& w4:b ?6:| ?8:% $9: " },
	{ "flags =SA", "w0:flags =6:= w7:SA $9: " },
	{ "andy nothing", "w0:andy w5:nothing $12: " },
};

Test(lex, tokens)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[400];

		lex_all(cases[i].text, got, sizeof(got));
		cr_expect_str_eq(got, cases[i].tokens, "%s", cases[i].text);
	}
}

static const struct {
	const char *text;
	int rc;
	int64_t value;
} numbers[] = {
	{ "0", 0, 0 }, { "53", 0, 53 }, { "007", 0, 7 },
	{ "1k", 0, 1000 }, { "1K", 0, 1000 }, { "2m", 0, 2000000 },
	{ "3G", 0, INT64_C(3000000000) }, { "1t", 0, INT64_C(1000000000000) },
	{ "0x10", 0, 16 }, { "0XfF", 0, 255 },
	{ "9223372036854775807", 0, INT64_MAX },
	{ "0x7fffffffffffffff", 0, INT64_MAX },
	{ "9223372036854775808", -2, 0 }, { "9223373t", -2, 0 },
	{ "99999999999999999999999", -2, 0 },
	{ "0x8000000000000000", -2, 0 },
	{ "", -1, 0 }, { "k", -1, 0 }, { "1Mi", -1, 0 }, { "1KB", -1, 0 },
	{ "1.5M", -1, 0 }, { "-1", -1, 0 }, { "0x", -1, 0 },
	{ "0x1k", -1, 0 }, { "0xg", -1, 0 }, { "1a", -1, 0 },
};

Test(lex, numbers)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t v = -1;

		cr_expect_eq(lex_number(numbers[i].text,
		    strlen(numbers[i].text), &v), numbers[i].rc, "%s",
		    numbers[i].text);
		if (numbers[i].rc == 0)
			cr_expect_eq(v, numbers[i].value, "%s",
			    numbers[i].text);
	}
}
