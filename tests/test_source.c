/* Filter files and includes: text, places in files, bounds. */
#include "query/source.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/filter.h"

static char dir[] = "/tmp/flowdb.source.XXXXXX";

static void
make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	cr_assert_eq(mkdir("sub", 0700), 0);
}

static void
remove_dir(void)
{
	char cmd[100];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(system(cmd), 0);
}

TestSuite(source, .init = make_dir, .fini = remove_dir);

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

Test(source, includes)
{
	struct source s;
	struct err err;
	const char *name;
	size_t line;

	put("a", "tcp # @include nothing\nand\n@include sub/b\nor bytes > 5\n");
	put("sub/b", "src port 53 and @include c and any");
	put("sub/c", "'@include x'");
	cr_assert_eq(source_text(&s, "@include a and udp", &err), 0, "%s",
	    err.msg);
	cr_expect_str_eq(s.text, "\ntcp # @include nothing\nand\n\n"
	    "src port 53 and \n'@include x'\n and any\n\nor bytes > 5\n\n"
	    " and udp");
	source_place(&s, (size_t)(strstr(s.text, "tcp") - s.text), &name,
	    &line);
	cr_expect_str_eq(name, "a");
	cr_expect_eq(line, 1);
	source_place(&s, (size_t)(strstr(s.text, "src") - s.text), &name,
	    &line);
	cr_expect_str_eq(name, "sub/b");
	source_place(&s, (size_t)(strstr(s.text, "bytes") - s.text), &name,
	    &line);
	cr_expect_str_eq(name, "a");
	cr_expect_eq(line, 4);
	source_place(&s, (size_t)(strstr(s.text, "udp") - s.text), &name,
	    &line);
	cr_expect_null(name);
	source_clear(&s);
}

Test(source, error_names_file_and_line)
{
	struct source s;
	struct err err;
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	put("a", "tcp\nand port htp\n");
	cr_assert_eq(source_text(&s, "udp or @include a", &err), 0);
	cr_assert_null(filter_parse(s.text, &err));
	source_report(out, "flowq", &s, &err);
	fclose(out);
	cr_expect_str_eq(got, "flowq: a:2: expected port number, got \"htp\"\n"
	    "  and port htp\n           ^~~\n");
	free(got);
	source_clear(&s);
}

static void
refused(const char *text, const char *want)
{
	struct source s;
	struct err err;

	cr_expect_eq(source_text(&s, text, &err), -1, "%s", text);
	cr_expect_not_null(strstr(err.msg, want), "%s: %s", text, err.msg);
	source_clear(&s);
}

Test(source, refused)
{
	put("self", "@include self");
	put("many", "@include many2 @include many2 @include many2 @include many2");
	put("many2", "@include many3 @include many3 @include many3 @include many3");
	put("many3", "@include many4 @include many4 @include many4 @include many4");
	put("many4", "@include many5 @include many5 @include many5 @include many5");
	put("many5", "@include many6 @include many6 @include many6 @include many6");
	put("many6", "");
	refused("@include self", "inside each other");
	refused("@include many", "more than 1000 includes");
	refused("@include none", "none: No such file");
	refused("@include /dev/zero", "not a plain file");
	refused("@include sub", "not a plain file");
	refused("tcp and @include  ", "expected a file name");
}

Test(source, large)
{
	struct source s;
	struct err err;
	FILE *f = fopen("large", "w");

	for (int i = 0; i < 100000; i++)
		fprintf(f, "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(source_text(&s, "ip in [@include large]", &err), -1);
	source_clear(&s);
	cr_assert_eq(source_text(&s, "ip in [ @include large ]", &err), 0,
	    "%s", err.msg);
	filter_free(filter_parse(s.text, &err));
	source_clear(&s);
	refused("@include large @include large @include large @include large",
	    "bytes long");
}

Test(source, file)
{
	struct source s;
	struct err err;

	put("f", "tcp # why\nand udp");
	cr_assert_eq(source_file(&s, "f", &err), 0);
	cr_expect_str_eq(s.text, "tcp # why\nand udp");
	source_clear(&s);
	cr_expect_eq(source_file(&s, "none", &err), -1);
	source_clear(&s);
}
