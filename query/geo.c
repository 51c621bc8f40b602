/*
 * Databases of countries and AS numbers: see geo.h.  What a file knows is told
 * by its records, not by its name: makers call the same things differently.
 */
#include "query/geo.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "query/geo_file.h"

#define PATHS		2	/* ways to the same thing */
#define STEPS		4	/* of a way, and NULL */
#define PROBES		1000	/* records that are looked at */

/* GeoLite2 and DB-IP first, then IPinfo and others with flat records. */
static const char *const value_path[GEO_KINDS][PATHS][STEPS] = {
	[GEO_COUNTRY] = { { "country", "iso_code" }, { "country_code" } },
	[GEO_AS] = { { "autonomous_system_number" }, { "asn" } }
};

static const char *const name_path[GEO_KINDS][PATHS][STEPS] = {
	[GEO_COUNTRY] = { { "country", "names", "en" }, { "country" } },
	[GEO_AS] = { { "autonomous_system_organization" }, { "as_name" } }
};

/* ---- records ---- */

/* The first of the paths that leads to something. */
static bool
get(const MMDB_s *db, uint32_t offset,
    const char *const (*path)[STEPS], MMDB_entry_data_s *out)
{
	MMDB_entry_s entry = { .mmdb = db, .offset = offset };

	for (int i = 0; i < PATHS; i++) {
		if (MMDB_aget_value(&entry, out, path[i]) == MMDB_SUCCESS &&
		    out->has_data)
			return true;
	}
	return false;
}

static uint32_t
code_of(const char *text, uint32_t len)
{
	int64_t code = geo_code_parse(text, len);

	return code == -1 ? 0 : (uint32_t)code;
}

/* "AS64512" */
static uint32_t
number_of(const char *text, uint32_t len)
{
	uint64_t v = 0;

	if (len < 3 || len > 12 || memcmp(text, "AS", 2) != 0)
		return 0;
	for (uint32_t i = 2; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	return v > UINT32_MAX ? 0 : (uint32_t)v;
}

uint32_t
geo_value(const MMDB_s *db, enum geo_what what, uint32_t offset)
{
	MMDB_entry_data_s d;

	if (!get(db, offset, value_path[what], &d))
		return 0;
	if (d.type == MMDB_DATA_TYPE_UTF8_STRING)
		return what == GEO_COUNTRY ?
		    code_of(d.utf8_string, d.data_size) :
		    number_of(d.utf8_string, d.data_size);
	if (what == GEO_COUNTRY)
		return 0;
	return d.type == MMDB_DATA_TYPE_UINT32 ? d.uint32 :
	    d.type == MMDB_DATA_TYPE_UINT16 ? d.uint16 : 0;
}

/* ---- opening ---- */

bool
geo_available(void)
{
	return true;
}

struct probe {
	struct geo	*g;
	const MMDB_s	*db;
	unsigned	 left;
};

static int
look(void *arg, const struct geo_leaf *leaf)
{
	struct probe *p = arg;

	if (!leaf->has_record)
		return 0;
	for (enum geo_what w = GEO_COUNTRY; w < GEO_KINDS; w++) {
		if (p->g->of[w] == NULL &&
		    geo_value(p->db, w, leaf->offset) != 0)
			p->g->of[w] = p->db;
	}
	return --p->left == 0;
}

/* 1: it is kept, 0: others know the same already, or it knows nothing. */
static int
add_file(struct geo *g, const char *path, struct err *err)
{
	MMDB_s *db = &g->db[g->n];
	struct probe p = { .g = g, .db = db, .left = PROBES };
	int rc;

	if (g->n == GEO_FILES_MAX)
		return 0;
	rc = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (rc == MMDB_IO_ERROR || rc == MMDB_FILE_OPEN_ERROR)
		return err_sys(err, "%s", path);
	if (rc != MMDB_SUCCESS)
		return err_set(err, "%s: no MaxMind database: %s", path,
		    MMDB_strerror(rc));
	rc = geo_walk(db, 4, look, &p, err);
	if (rc == 0)
		rc = geo_walk(db, 16, look, &p, err);
	if (rc != -1 && (g->of[GEO_COUNTRY] == db || g->of[GEO_AS] == db)) {
		g->n++;
		return 1;
	}
	MMDB_close(db);
	return rc == -1 ? -1 : 0;
}

static int
is_database(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 &&
	    strcmp(d->d_name + len - 5, ".mmdb") == 0;
}

static int
add_folder(struct geo *g, const char *dir, struct err *err)
{
	struct dirent **list;
	char path[PATH_MAX];
	int n = scandir(dir, &list, is_database, alphasort), rc = 0;

	if (n == -1)
		return err_sys(err, "%s", dir);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    list[i]->d_name);
		if (rc != -1)
			rc = add_file(g, path, err);
		free(list[i]);
	}
	free(list);
	return rc == -1 ? -1 : 0;
}

struct geo *
geo_open(const char *path, struct err *err)
{
	struct geo *g = calloc(1, sizeof(*g));
	struct stat st;
	bool folder;
	int rc;

	if (g == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	rc = folder ? add_folder(g, path, err) : add_file(g, path, err);
	if (rc != -1 && g->n == 0)
		rc = err_set(err, "%s: %s", path, folder ? "no database "
		    "(*.mmdb) of countries or AS numbers" :
		    "this database knows neither countries nor AS numbers");
	if (rc != -1)
		return g;
	geo_close(g);
	return NULL;
}

void
geo_close(struct geo *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++)
		MMDB_close(&g->db[i]);
	for (int w = 0; w < GEO_KINDS; w++) {
		for (size_t i = 0; i < g->n_named[w]; i++)
			free(g->named[w][i].name);
		free(g->named[w]);
	}
	free(g);
}

/* ---- asking ---- */

bool
geo_knows(const struct geo *g, enum geo_what what)
{
	return g != NULL && g->of[what] != NULL;
}

uint32_t
geo_find(const struct geo *g, enum geo_what what, const struct addr *a)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = (const void *)&sin;
	MMDB_lookup_result_s found;
	int rc;

	if (!geo_knows(g, what) || a->len == 0)
		return 0;
	if (a->len == 16) {
		memcpy(&sin6.sin6_addr, a->bytes, 16);
		sa = (const void *)&sin6;
	} else {
		memcpy(&sin.sin_addr, a->bytes, 4);
	}
	found = MMDB_lookup_sockaddr(g->of[what], sa, &rc);
	if (rc != MMDB_SUCCESS || !found.found_entry)
		return 0;
	return geo_value(g->of[what], what, found.entry.offset);
}

/* The text of a record's name, cut where a character ends. */
static char *
copy_name(const MMDB_s *db, enum geo_what what, uint32_t offset)
{
	MMDB_entry_data_s d;
	size_t len;

	if (!get(db, offset, name_path[what], &d) ||
	    d.type != MMDB_DATA_TYPE_UTF8_STRING)
		return NULL;
	len = d.data_size < GEO_NAME_MAX ? d.data_size : GEO_NAME_MAX;
	while (len > 0 && len < d.data_size &&
	    (d.utf8_string[len] & 0xc0) == 0x80)
		len--;
	return strndup(d.utf8_string, len);
}

static int
by_value(const void *va, const void *vb)
{
	const struct geo_named *a = va, *b = vb;

	return a->value < b->value ? -1 : a->value > b->value;
}

const char *
geo_name(struct geo *g, enum geo_what what, uint32_t value)
{
	const struct geo_named key = { .value = value };
	struct geo_named *found;

	if (value == 0 || !geo_knows(g, what))
		return NULL;
	/* without memory, or damaged: names are missing, no more than that */
	if (!g->walked[what])
		geo_collect(g, what);
	if (g->n_named[what] == 0)
		return NULL;
	found = bsearch(&key, g->named[what], g->n_named[what], sizeof(key),
	    by_value);
	if (found == NULL)
		return NULL;
	if (found->name == NULL)
		found->name = copy_name(g->of[what], what, found->offset);
	return found->name;
}
