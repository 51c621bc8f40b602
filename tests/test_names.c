/* CSV tables of names: longest prefix, separators, mistakes with their line. */
#include "query/names.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[100];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static void
remove_dir(const char *dir)
{
	char cmd[100];

	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	cr_assert_eq(system(cmd), 0);
}

static const char *
name_of(const struct names *n, const char *text)
{
	const char *name;
	struct addr a;

	cr_assert_eq(addr_parse(text, strlen(text), &a), 0);
	name = names_addr(n, &a);
	return name == NULL ? "-" : name;
}

Test(names, tables)
{
	char dir[] = "/tmp/flowdb-test.XXXXXX";
	struct names *n;
	struct addr exporter;
	struct err err;

	cr_assert_not_null(mkdtemp(dir));
	/* BOM, semicolons, CRLF, an extra column, an empty line */
	put_file(dir, "networks.csv", "\xef\xbb\xbfsite;Network;NAME\r\n"
	    "x;10.0.0.0/8;all ten\r\nx;10.1.0.0/16;branch\r\n\r\n"
	    "x;10.1.2.3/24;\"a \"\"lab\"\"; here\"\r\n"
	    "x;2001:db8::/32;six\r\nx;0.0.0.0/0;world\r\n");
	put_file(dir, "hosts.csv", "address,name\n10.1.2.9,mail\n"
	    "2001:db8::7,dns\n");
	put_file(dir, "as.csv", "asn\tname\n64512\tour own\nAS3352\tTelef\n");
	put_file(dir, "interfaces.csv", "exporter,ifindex,name\n"
	    "10.0.0.1,3,uplink\n10.0.0.2,3,LAN\n");
	n = names_load(dir, &err);
	cr_assert_not_null(n, "%s", err.msg);
	cr_expect_str_eq(name_of(n, "10.1.2.9"), "mail");
	cr_expect_str_eq(name_of(n, "10.1.2.10"), "a \"lab\"; here");
	cr_expect_str_eq(name_of(n, "10.1.3.10"), "branch");
	cr_expect_str_eq(name_of(n, "10.2.3.10"), "all ten");
	cr_expect_str_eq(name_of(n, "11.2.3.10"), "world");
	cr_expect_str_eq(name_of(n, "2001:db8::7"), "dns");
	cr_expect_str_eq(name_of(n, "2001:db8::8"), "six");
	cr_expect_str_eq(name_of(n, "2001:db9::8"), "-");
	cr_expect_str_eq(names_as(n, 64512), "our own");
	cr_expect_str_eq(names_as(n, 3352), "Telef");
	cr_expect_null(names_as(n, 1));
	cr_assert_eq(addr_parse("10.0.0.2", 8, &exporter), 0);
	cr_expect_str_eq(names_if(n, &exporter, 3), "LAN");
	cr_expect_null(names_if(n, &exporter, 4));
	cr_expect_null(names_exporter(n, &exporter));
	names_free(n);
	remove_dir(dir);
}

static const struct { const char *file, *text, *want; } wrong[] = {
	{ "networks.csv", "network,name\n10.0.0.0/8,a\n10.0.0.0/99,b\n",
	    "networks.csv:3: no network \"10.0.0.0/99\"" },
	{ "networks.csv", "net,name\n", "networks.csv:1: no column \"network\"" },
	{ "hosts.csv", "address,nom\n", "hosts.csv:1: no column \"name\"" },
	{ "hosts.csv", "address,name\n10.0.0.1\n",
	    "hosts.csv:2: too few fields" },
	{ "as.csv", "asn,name\n4294967296,x\n",
	    "as.csv:2: no number \"4294967296\"" },
	{ "as.csv", "asn,name\n1,\"x\n", "as.csv:2: " },
	{ "interfaces.csv", "exporter,ifindex,name\n10.0.0.1,x,y\n",
	    "interfaces.csv:2: no number \"x\"" },
	{ "other.csv", "a,b\n", "no table of names" },
};

Test(names, wrong)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char dir[] = "/tmp/flowdb-test.XXXXXX";
		struct err err;

		cr_assert_not_null(mkdtemp(dir));
		put_file(dir, wrong[i].file, wrong[i].text);
		cr_expect_null(names_load(dir, &err));
		cr_expect(strstr(err.msg, wrong[i].want) != NULL,
		    "got: %s, want: %s", err.msg, wrong[i].want);
		remove_dir(dir);
	}
}
