/* Output formats: what is refused and where, what a format needs. */
#include "query/fmt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "query/field.h"
#include "query/print.h"

static struct out out;

struct refusal {
	const char	*format;
	size_t		 offset;
	size_t		 length;
	const char	*message;	/* a part of it */
};

Test(fmt, refusals)
{
	static const struct refusal cases[] = {
		{ "cvs", 0, 3, "unknown output format" },
		{ "", 0, 1, "unknown output format" },
		{ "6", 0, 1, "unknown output format" },
		{ "csv6", 0, 4, "unknown output format" },
		{ "line:%sa", 0, 4, "unknown output format" },
		{ "json:x", 0, 4, "line long extended biline bilong fmt: csv "
		    "csv: json ndjson nfdump-csv chart null" },
		{ "fmt:%sa %", 8, 1, "expected a field behind %" },
		{ "fmt:%sa %, x", 8, 1, "expected a field behind %" },
		{ "fmt:%sa %foo %da", 9, 3, "got \"foo\"" },
		{ "fmt:%sax", 5, 3, "got \"sax\"" },
		{ "fmt:%ts %ja3", 9, 3, "%ja3: payload is not stored" },
		{ "fmt:%tr", 5, 2, "time of arrival is not stored" },
		{ "csv:", 4, 1, "expected names of columns" },
		{ "csv:%sa,nope", 8, 4, "got \"nope\"" },
		{ "csv:bytes %sap", 11, 3, "no single column" },
		{ "csv:cnt", 4, 3, "no single column" },
		{ "csv:%cl", 5, 2, "latency is not stored" } };
	static const struct print_options o = { .utc = true };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct refusal *c = &cases[i];
		struct err err = { .code = ERR_NONE };

		cr_expect_null(print_new(c->format, &o, &out, &err), "%s",
		    c->format);
		cr_expect_eq(err.code, ERR_SYNTAX, "%s", c->format);
		cr_expect_eq(err.offset, c->offset, "%s: %zu", c->format,
		    err.offset);
		cr_expect_eq(err.length, c->length, "%s: %zu", c->format,
		    err.length);
		cr_expect_not_null(strstr(err.msg, c->message), "%s: %s",
		    c->format, err.msg);
	}
}

/* 1000 fields are there at most; the place is that of the one too many. */
Test(fmt, too_many)
{
	static const struct print_options o = { .utc = true };
	static const struct {
		const char	*unit;
		size_t		 n;	/* that there is room for */
		size_t		 offset;
		size_t		 length;
	} cases[] = {
		/* a field and a blank */
		{ "%sa ", 500, 4 + 500 * 4 + 1, 1 },
		/* nothing but percent signs */
		{ "%%", 1000, 4 + 1000 * 2 + 1, 1 },
		/* 15 items and a blank: within the 63rd, at its name */
		{ "%line ", 62, 4 + 62 * 6 + 1, 4 } };
	char text[8000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .code = ERR_NONE };
		struct print *p;
		char *end = text + snprintf(text, sizeof(text), "fmt:");

		for (size_t k = 0; k < cases[i].n; k++)
			end = stpcpy(end, cases[i].unit);
		p = print_new(text, &o, &out, &err);
		cr_expect_not_null(p, "%s: %s", cases[i].unit, err.msg);
		print_free(p);
		(void)stpcpy(end, cases[i].unit);
		cr_expect_null(print_new(text, &o, &out, &err));
		cr_expect_eq(err.code, ERR_SYNTAX);
		cr_expect_eq(err.offset, cases[i].offset, "%s: %zu",
		    cases[i].unit, err.offset);
		cr_expect_eq(err.length, cases[i].length);
		cr_expect_not_null(strstr(err.msg, "more than 1000 fields"));
	}
}

/* Every format that help names can be had. */
Test(fmt, all_names)
{
	static const struct print_options o = { .utc = true };
	size_t n = 0;

	for (const char *name; (name = print_format_at(n)) != NULL; n++) {
		char format[40];
		struct print *p;
		struct err err;

		(void)snprintf(format, sizeof(format), "%s%s", name,
		    name[strlen(name) - 1] == ':' ? "%sa" : "");
		p = print_new(format, &o, &out, &err);
		cr_expect_not_null(p, "%s: %s", format, err.msg);
		print_free(p);
	}
	cr_expect_eq(n, 13);
}

/* The tags of nfdump(1), OUTPUT FORMAT. */
Test(fmt, tags_of_nfdump)
{
	static const char tags[] = "cnt nfv ts tfs tsr te ter tr trr td pr exp "
	    "eng lbl sa da sap dap gsap gdap sp dp it ic sn dn nh nhb ra sas "
	    "das nas pas in out pkt ipkt opkt byt ibyt obyt fl flg tos stos "
	    "dtos dir smk dmk fwd svln dvln ismc odmc idmc osmc mpls1 mpls2 "
	    "mpls3 mpls4 mpls5 mpls6 mpls7 mpls8 mpls9 mpls10 mpls bps pps "
	    "bpp sc dc sloc dloc n ipl opl nbid ja3 sni nbnam odid opid nfc "
	    "evt xevt sgt msec iacl eacl xsa xda xsp xdp xsap xdap uname nevt "
	    "ivrf evrf nsa nda nsp ndp pbstart pbend pbstep pbsize cl sl al";
	const char *p = tags;

	while (*p != '\0') {
		size_t len = strcspn(p, " ");
		const struct field *f = field_find(p, len);

		cr_expect_neq(f == NULL, field_not_stored(p, len) == NULL,
		    "%.*s", (int)len, p);
		if (f != NULL)
			cr_expect(f->tag != NULL && strlen(f->tag) == len &&
			    memcmp(f->tag, p, len) == 0, "%.*s", (int)len, p);
		p += len;
		p += strspn(p, " ");
	}
}

/* Each stored column can be printed, under its name. */
Test(fmt, every_column_has_a_field)
{
	for (int c = 0; c < COLUMN_COUNT; c++) {
		const char *name = column_info((enum column)c)->name;
		const struct field *f = field_of(c);

		cr_assert_not_null(f, "%s", name);
		cr_expect_str_eq(field_name(f), name);
		cr_expect_eq(field_columns(f) & flow_bit((enum column)c),
		    flow_bit((enum column)c), "%s", name);
		/* "flows" is how many were added */
		if (c != COL_flows)
			cr_expect_eq(field_find(name, strlen(name)), f, "%s",
			    name);
	}
	cr_expect_eq(field_of(PRINT_EXPORTER), field_of(COL_exporter));
}

static uint64_t
needs(const char *format)
{
	static const struct print_options o = { .utc = true };
	struct err err;
	struct print *p = print_new(format, &o, &out, &err);
	uint64_t bits;

	cr_assert_not_null(p, "%s: %s", format, err.msg);
	bits = print_columns(p);
	print_free(p);
	return bits;
}

Test(fmt, columns_needed)
{
	const uint64_t line = flow_bit(COL_first_ms) |
	    flow_bit(COL_duration_ms) | flow_bit(COL_proto) |
	    flow_bit(COL_src_addr) | flow_bit(COL_src_port) |
	    flow_bit(COL_dst_addr) | flow_bit(COL_dst_port) |
	    flow_bit(COL_packets) | flow_bit(COL_bytes);

	cr_expect_eq(needs("null"), 0);
	cr_expect_eq(needs("line"), line);
	cr_expect_eq(needs("long"), line | flow_bit(COL_tcp_flags) |
	    flow_bit(COL_tos));
	cr_expect_eq(needs("csv:bytes"), flow_bit(COL_bytes));
	cr_expect_eq(needs("csv:bps"), flow_bit(COL_bytes) |
	    flow_bit(COL_duration_ms) | flow_bit(COL_first_ms));
	cr_expect_eq(needs("fmt:%ra"), flow_bit(COL_exporter));
	/* nothing rare in CSV; everything in JSON */
	cr_expect_eq(needs("csv") & flow_home_bits(HOME_EXTRA), 0);
	cr_expect_eq(needs("json"), flow_home_bits(HOME_FLOW) |
	    flow_home_bits(HOME_PATH) | flow_home_bits(HOME_EXTRA));
}
