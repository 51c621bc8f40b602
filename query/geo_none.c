/* Without libmaxminddb: see geo.h.  Nothing can be opened, nothing is known. */
#include "query/geo.h"

bool
geo_available(void)
{
	return false;
}

struct geo *
geo_open(const char *path, struct err *err)
{
	(void)err_set(err, "%s: this flowq was built without libmaxminddb, "
	    "which reads such databases", path);
	return NULL;
}

void
geo_close(struct geo *g)
{
	(void)g;
}

bool
geo_knows(const struct geo *g, enum geo_what what)
{
	(void)g;
	(void)what;
	return false;
}

uint32_t
geo_find(const struct geo *g, enum geo_what what, const struct addr *a)
{
	(void)g;
	(void)what;
	(void)a;
	return 0;
}

const char *
geo_name(struct geo *g, enum geo_what what, uint32_t value)
{
	(void)g;
	(void)what;
	(void)value;
	return NULL;
}

int
geo_ranges(const struct geo *g, enum geo_what what, uint32_t value,
    geo_add *add, void *arg, struct err *err)
{
	(void)g;
	(void)what;
	(void)value;
	(void)add;
	(void)arg;
	return err_set(err, "built without libmaxminddb");
}
