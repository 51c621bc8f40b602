/*
 * The template store: a damaged file is moved aside or gives what templates
 * it can; the first byte chooses patches of a good store, the whole file, or
 * one template record.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/template_store.h"
#include "tests/fuzz/fuzz.h"

static const struct decoder_limits small = {
	.max_exporters = 4, .max_templates = 8, .max_fields = 64,
	.max_held = 2000, .max_held_total = 4000,
	.template_age_sec = 1000, .max_template_memory = 20000,
};

static uint8_t	*base;
static size_t	 base_size;

/* A v9 template of four fields, under four ids. */
static void
make_base(void)
{
	uint8_t raw[] = { 1, 0, 0, 4, 0, 8, 0, 4, 0, 12, 0, 4, 0, 1, 0, 4,
		0, 2, 0, 4 };
	struct decoder *d = decoder_new(&small);
	struct template_snapshot *s;
	struct err err = { .msg = "" };
	char path[4096];

	FUZZ_CHECK(d != NULL);
	for (uint8_t i = 0; i < 4; i++) {
		struct template_record t = { .address =
			addr_from("\12\0\0\1", 4), .version = 9, .domain = i,
			.template_id = (uint16_t)(256 + i), .heard_ms = 5,
			.raw = raw, .raw_len = sizeof(raw) };

		raw[1] = i;
		FUZZ_CHECK(decoder_restore(d, &t) == 0);
	}
	s = template_snapshot_take(d);
	FUZZ_CHECK(s != NULL && template_snapshot_count(s) == 4);
	FUZZ_CHECK(template_store_write(fuzz_folder(), s, &err) == 0);
	(void)snprintf(path, sizeof(path), "%s/" TEMPLATE_STORE_NAME,
	    fuzz_folder());
	base = fuzz_read(path, &base_size);
	template_snapshot_free(s);
	decoder_free(d);
}

static void
one_record(struct decoder *d, const uint8_t *data, size_t size)
{
	struct template_record t = { .address = addr_from("\12\0\0\1", 4),
		.heard_ms = 5, .raw = data + 1, .raw_len = size - 1 };
	struct template_snapshot *s;
	int rc;

	t.version = data[0] & 1 ? 9 : 10;
	t.options = data[0] & 2;
	if (size >= 3)
		t.template_id = (uint16_t)(data[1] << 8 | data[2]);
	rc = decoder_restore(d, &t);
	s = template_snapshot_take(d);
	FUZZ_CHECK(s != NULL);
	FUZZ_CHECK(template_snapshot_count(s) == (rc == 0 ? 1 : 0));
	template_snapshot_free(s);
}

static void
tidy(void)
{
	char pattern[4096];
	glob_t g;

	(void)snprintf(pattern, sizeof(pattern), "%s/templates.sqlite*",
	    fuzz_folder());
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			(void)unlink(g.gl_pathv[i]);
		globfree(&g);
	}
}

static void
whole_file(struct decoder *d, const uint8_t *data, size_t size)
{
	struct err err = { .msg = "" };
	size_t loaded, refused;

	tidy();
	(void)fuzz_file(TEMPLATE_STORE_NAME, data, size);
	FUZZ_CHECK(template_store_load(fuzz_folder(), d, 0, &loaded, &refused,
	    &err) == 0);
	FUZZ_CHECK(loaded + refused <= size + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder *d = decoder_new(&small);

	FUZZ_CHECK(d != NULL);
	if (base == NULL)
		make_base();
	if (size > 0 && data[0] == 'S') {
		whole_file(d, data, size);
	} else if (size > 1 && data[0] >= 128) {
		one_record(d, data, size);
	} else if (size > 0) {
		uint8_t *copy = malloc(base_size);

		FUZZ_CHECK(copy != NULL);
		memcpy(copy, base, base_size);
		fuzz_patch(copy, base_size, 4096, data + 1, size - 1);
		whole_file(d, copy, base_size);
		free(copy);
	}
	decoder_free(d);
	return 0;
}
