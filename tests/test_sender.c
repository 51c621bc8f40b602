/* Senders: which source, which folder, who is refused (source.h, refused.h). */
#include "collector/refused.h"
#include "collector/source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/flowdb-test.XXXXXX";

static void
make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void
remove_dir(void)
{
	cr_assert_eq(system("rm -rf \"$PWD\""), 0);
}

TestSuite(sender, .init = make_dir, .fini = remove_dir);

static struct addr
host(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(text, strlen(text), &a), 0, "%s", text);
	return a;
}

static void
show(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

/* The configuration of a file, with the directory "d". */
static struct config *
config(const char *text)
{
	struct config *c = config_new();
	FILE *f = fopen("conf", "w");

	fprintf(f, "directory = \"d\"\n%s", text);
	fclose(f);
	cr_assert_eq(config_read(c, "conf", show, NULL), 0);
	return c;
}

struct rules {
	struct config	*config;
	struct folders	*folders;
	struct sources	*sources;
};

static struct rules
make(const char *text)
{
	struct rules r = { .config = config(text) };
	struct err err;

	r.folders = folders_new("d");
	r.sources = sources_new(r.config, r.folders, &err);
	cr_assert_not_null(r.sources, "%s", err.msg);
	return r;
}

static void
clear(struct rules *r)
{
	sources_free(r->sources);
	folders_free(r->folders);
	config_free(r->config);
}

/* "folder name", or why it is refused. */
static const char *
ask(struct rules *r, const char *who)
{
	static char text[300];
	struct addr a = host(who);
	struct source_answer s = sources_find(r->sources, &a);

	(void)snprintf(text, sizeof(text), "%s %s", s.refusal == SOURCE_TAKEN ?
	    folders_at(r->folders, s.folder)->path : "-",
	    s.refusal != SOURCE_TAKEN ? source_refusal_text(s.refusal) :
	    s.name == NULL ? "-" : s.name);
	return text;
}

Test(sender, longest_prefix_wins)
{
	struct rules r = make("source \"all\" { address = { \"10.0.0.0/8\" } }"
	    "source \"one\" { address = { \"10.1.2.3\", \"2001:db8::1\" } "
	    "directory = \"x/y\" }"
	    "source \"net\" { address = { \"10.1.0.0/16\" } directory = \"/s\" }"
	    "source \"top\" { address = { \"2001:db8::/32\" } "
	    "directory = \".\" }");

	for (int i = 0; i < 2; i++) {	/* from the rules, from the hash */
		cr_expect_str_eq(ask(&r, "10.1.2.3"), "d/x/y one");
		cr_expect_str_eq(ask(&r, "10.1.2.4"), "/s net");
		cr_expect_str_eq(ask(&r, "10.2.2.3"), "d/all all");
		cr_expect_str_eq(ask(&r, "2001:db8::1"), "d/x/y one");
		cr_expect_str_eq(ask(&r, "2001:db8::2"), "d top");
		cr_expect_str_eq(ask(&r, "11.0.0.1"), "d -");
		/* the bytes of an IPv4 address in an IPv6 one */
		cr_expect_str_eq(ask(&r, "a01:203::"), "d -");
	}
	clear(&r);
}

Test(sender, refusing)
{
	struct rules r = make("allow = { \"10.0.0.0/8\" }\nunknown = "
	    "\"refuse\"\nsource \"a\" { address = { \"10.1.0.0/16\", "
	    "\"11.0.0.1\" } }");

	cr_expect_str_eq(ask(&r, "10.1.0.1"), "d/a a");
	cr_expect_str_eq(ask(&r, "10.2.0.1"), "- belongs to no source");
	cr_expect_str_eq(ask(&r, "11.0.0.1"), "- not in allow");
	clear(&r);
}

Test(sender, own_folders)
{
	struct rules r;

	/* one of an earlier run, and what only looks like one */
	cr_assert_eq(system("mkdir -p d/10-0-0-9 d/10-0-0-300 d/2001-0db8--1 "
	    "d/10-0-0-8; touch d/10-0-0-7; ln -s . d/10-0-0-6"), 0);
	r = make("unknown = \"folder\"\nmax_folders = 3\n"
	    "source \"a\" { address = { \"10.1.0.0/16\" } "
	    "directory = \"10-0-0-8\" }");
	cr_expect_str_eq(ask(&r, "10.1.0.1"), "d/10-0-0-8 a");
	cr_expect_str_eq(ask(&r, "10.0.0.1"), "d/10-0-0-1 -");
	cr_expect_str_eq(ask(&r, "2001:db8::5"), "d/2001-db8--5 -");
	cr_expect_str_eq(ask(&r, "10.0.0.2"),
	    "- belongs to no source, and there are max_folders");
	cr_expect_str_eq(ask(&r, "10.0.0.9"), "d/10-0-0-9 -");
	cr_expect_str_eq(ask(&r, "10.0.0.1"), "d/10-0-0-1 -");
	clear(&r);
}

/* However many senders there are, each gets its own answer. */
Test(sender, more_than_the_hash_holds)
{
	struct rules r = make("unknown = \"refuse\"\nsource \"a\" "
	    "{ address = { \"10.0.0.0/9\" } }");

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 20000; i++) {
			uint8_t b[4] = { 10, (uint8_t)(i % 256), (uint8_t)(i / 256), 1 };
			struct addr a = addr_from(b, 4);

			cr_assert_eq(sources_find(r.sources, &a).refusal,
			    i % 256 < 128 ? SOURCE_TAKEN : SOURCE_UNKNOWN);
		}
	}
	clear(&r);
}

Test(sender, folder_names)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.1", "10-0-0-1" }, { "::1", "--1" },
		{ "2001:db8::1:2", "2001-db8--1-2" }, { "::", "--" },
		{ "1:2:3:4:5:6:7:8", "1-2-3-4-5-6-7-8" },
	};
	static const char *const none[] = { "", "cisco", "10-0-0", "1-2-3-4-5",
		"010-0-0-1", "10.0.0.1", "2001-DB8--1", "--ffff-10.0.0.1" };
	char name[SOURCE_FOLDER_NAME_MAX];
	struct addr a, back;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		a = host(pairs[i][0]);
		source_folder_name(&a, name);
		cr_expect_str_eq(name, pairs[i][1]);
		cr_assert_eq(source_folder_parse(name, &back), 0);
		cr_expect_eq(addr_cmp(&a, &back), 0);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_expect_eq(source_folder_parse(none[i], &back), -1, "%s",
		    none[i]);
}

/* Millions of made-up senders do not hide the one that really knocks. */
Test(sender, refused_top)
{
	struct addr real = host("192.0.2.1"), other = host("192.0.2.2");
	struct refused_sender top[REFUSED_TOP];
	struct refused r = { .n = 0 };

	for (unsigned i = 0; i < 100000; i++) {
		uint8_t b[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i };
		struct addr a = addr_from(b, 4);

		refused_count(&r, &a, SOURCE_UNKNOWN);
		if (i % 10 == 0)
			refused_count(&r, &real, SOURCE_NOT_ALLOWED);
		if (i % 20 == 0)
			refused_count(&r, &other, SOURCE_UNKNOWN);
	}
	cr_expect_eq(r.total, 115000);
	cr_assert_eq(refused_top(&r, top, REFUSED_TOP), REFUSED_TOP);
	cr_expect_eq(addr_cmp(&top[0].who, &real), 0);
	cr_expect_eq(top[0].datagrams, 10000);
	cr_expect_eq(top[0].why, SOURCE_NOT_ALLOWED);
	cr_expect_eq(addr_cmp(&top[1].who, &other), 0);
	cr_expect_eq(top[1].datagrams, 5000);
}
