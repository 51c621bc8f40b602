/*
 * Packets from text: see script.h.  One pass over the lines; a mistake in
 * a script ends the test with its name and line.
 */
#include "tests/script.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char	*name;
	int		 line;
	struct script	*s;
	struct addr	 from;
	uint8_t		*set;		/* header of the set being written */
	uint8_t		*ipfix;		/* header of the message */
	char		*rest;		/* of the line */
};

static void
fail(const struct reader *r, const char *what)
{
	cr_assert(0, "%s:%d: %s", r->name, r->line, what);
	abort();	/* not reached */
}

static struct datagram *
packet(const struct reader *r)
{
	if (r->s->n_packets == 0)
		fail(r, "no packet yet");
	return &r->s->packet[r->s->n_packets - 1].g;
}

static uint8_t *
place(const struct reader *r, size_t n)
{
	struct datagram *g = packet(r);
	uint8_t *at = r->s->packet[r->s->n_packets - 1].data + g->len;

	if (g->len + n > SCRIPT_BYTES)
		fail(r, "packet too long");
	g->len += n;
	return at;
}

static void
put(const struct reader *r, size_t len, uint64_t v)
{
	uint8_t *at = place(r, len);

	while (len-- > 0) {
		at[len] = (uint8_t)v;
		v >>= 8;
	}
}

static char *
word(struct reader *r)
{
	char *w;

	do {
		w = strsep(&r->rest, " \t");
	} while (w != NULL && *w == '\0');
	return w;
}

static uint64_t
number(struct reader *r, const char *w)
{
	char *end;
	unsigned long long v;

	if (w == NULL || !isdigit((unsigned char)*w))
		fail(r, "number expected");
	v = strtoull(w, &end, 10);
	if (*end != '\0')
		fail(r, "bad number");
	return v;
}

static void
end_set(struct reader *r)
{
	size_t len;

	if (r->set == NULL)
		return;
	len = (size_t)(place(r, 0) - r->set);
	r->set[2] = (uint8_t)(len >> 8);
	r->set[3] = (uint8_t)len;
	r->set = NULL;
}

static void
end_packet(struct reader *r)
{
	size_t len;

	end_set(r);
	if (r->ipfix == NULL)
		return;
	len = (size_t)(place(r, 0) - r->ipfix);
	r->ipfix[2] = (uint8_t)(len >> 8);
	r->ipfix[3] = (uint8_t)len;
	r->ipfix = NULL;
}

static void
new_packet(struct reader *r)
{
	struct script *s = r->s;
	char *w = word(r);
	struct datagram *g;

	end_packet(r);
	if (s->n_packets == SCRIPT_PACKETS)
		fail(r, "too many packets");
	g = &s->packet[s->n_packets].g;
	*g = (struct datagram){ .data = s->packet[s->n_packets].data,
		.from = r->from };
	g->arrival_ms = w != NULL ? (int64_t)number(r, w) :
	    s->n_packets == 0 ? SCRIPT_ARRIVAL : g[0].arrival_ms;
	if (w == NULL && s->n_packets > 0)
		g->arrival_ms = s->packet[s->n_packets - 1].g.arrival_ms + 1;
	s->n_packets++;
}

static void
header(struct reader *r, unsigned version)
{
	static const uint8_t v5[] = { 2, 4, 4, 4, 4, 2, 2, 0 };
	static const uint8_t v9[] = { 4, 4, 4, 4, 0 };
	static const uint8_t ipfix[] = { 4, 4, 4, 0 };
	const uint8_t *w = version == 5 ? v5 : version == 9 ? v9 : ipfix;

	if (version == 10)
		r->ipfix = place(r, 0);
	put(r, 2, version);
	if (version != 5)
		put(r, 2, 0);
	for (; *w != 0; w++)
		put(r, *w, number(r, word(r)));
}

/* [PEN:]ELEMENT/LENGTH */
static void
specifier(struct reader *r, char *w)
{
	char *slash = strchr(w, '/'), *colon = strchr(w, ':');
	uint64_t id, len;

	if (slash == NULL)
		fail(r, "want [PEN:]ELEMENT/LENGTH");
	*slash++ = '\0';
	if (colon != NULL)
		*colon++ = '\0';
	id = number(r, colon != NULL ? colon : w);
	len = strcmp(slash, "v") == 0 ? 65535 : number(r, slash);
	put(r, 2, colon != NULL ? id | 0x8000 : id);
	put(r, 2, len);
	if (colon != NULL)
		put(r, 4, number(r, w));
}

static void
template(struct reader *r, int options)
{
	int ipfix = r->ipfix != NULL;
	uint8_t *head;
	unsigned scopes = 0, fields = 0;
	char *w;

	put(r, 2, number(r, word(r)));
	head = place(r, options ? 4 : 2);
	while ((w = word(r)) != NULL) {
		if (strcmp(w, "|") == 0) {
			scopes = fields;
			continue;
		}
		specifier(r, w);
		fields++;
	}
	if (options && !ipfix) {
		/* RFC 3954 6.1: bytes of scopes, bytes of options */
		fields = (fields - scopes) * 4;
		scopes *= 4;
		head[0] = (uint8_t)(scopes >> 8);
		head[1] = (uint8_t)scopes;
		head[2] = (uint8_t)(fields >> 8);
		head[3] = (uint8_t)fields;
		return;
	}
	head[0] = (uint8_t)(fields >> 8);
	head[1] = (uint8_t)fields;
	if (options) {
		head[2] = (uint8_t)(scopes >> 8);
		head[3] = (uint8_t)scopes;
	}
}

static int
digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static void
bytes(struct reader *r, const char *w)
{
	struct addr a;

	if (strncmp(w, "ip:", 3) == 0) {
		if (addr_parse(w + 3, strlen(w + 3), &a) == -1)
			fail(r, "bad address");
		memcpy(place(r, a.len), a.bytes, a.len);
	} else if (strncmp(w, "s:", 2) == 0) {
		put(r, 1, strlen(w + 2));
		memcpy(place(r, strlen(w + 2)), w + 2, strlen(w + 2));
	} else if (w[0] == '-' && w[2] == ':')
		put(r, (size_t)(w[1] - '0'), 0 - number(r, w + 3));
	else if (w[1] == ':')
		put(r, (size_t)(w[0] - '0'), number(r, w + 2));
	else {
		if (strlen(w) % 2 != 0 || w[strspn(w, "0123456789abcdef")])
			fail(r, w);
		for (; *w != '\0'; w += 2)
			put(r, 1, (uint64_t)(digit(w[0]) * 16 + digit(w[1])));
	}
}

static void
limit(struct reader *r)
{
	struct decoder_limits *l = &r->s->limits;
	const struct {
		const char	*name;
		uint32_t	*to;
	} names[] = {
		{ "max_exporters", &l->max_exporters },
		{ "max_templates", &l->max_templates },
		{ "max_fields", &l->max_fields },
		{ "max_held", &l->max_held },
		{ "max_held_total", &l->max_held_total },
		{ "template_age_sec", &l->template_age_sec },
		{ "default_sampling", &l->default_sampling },
	};
	char *w = word(r), *eq = w == NULL ? NULL : strchr(w, '=');

	if (eq == NULL)
		fail(r, "want NAME=N");
	*eq = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, w) == 0) {
			*names[i].to = (uint32_t)number(r, eq + 1);
			return;
		}
	fail(r, "no such limit");
}

/* One line; 1 when it is for the caller (flow, count). */
static int
line(struct reader *r, char *text)
{
	char *w;

	text[strcspn(text, "#\r")] = '\0';
	r->rest = text;
	while ((w = word(r)) != NULL) {
		if (strcmp(w, "flow") == 0 || strcmp(w, "count") == 0)
			return w[0];
		if (strcmp(w, "packet") == 0)
			new_packet(r);
		else if (strcmp(w, "from") == 0) {
			w = word(r);
			if (w == NULL || addr_parse(w, strlen(w),
			    &r->from) == -1)
				fail(r, "bad address");
		} else if (strcmp(w, "v5") == 0)
			header(r, 5);
		else if (strcmp(w, "v9") == 0)
			header(r, 9);
		else if (strcmp(w, "ipfix") == 0)
			header(r, 10);
		else if (strcmp(w, "set") == 0) {
			end_set(r);
			r->set = place(r, 0);
			put(r, 2, number(r, word(r)));
			put(r, 2, 0);
		} else if (strcmp(w, "end") == 0)
			end_set(r);
		else if (strcmp(w, "template") == 0)
			template(r, 0);
		else if (strcmp(w, "options") == 0)
			template(r, 1);
		else if (strcmp(w, "limit") == 0)
			limit(r);
		else
			bytes(r, w);
	}
	return 0;
}

static void
begin(struct reader *r, const char *name)
{
	*r = (struct reader){ .name = name };
	r->s = calloc(1, sizeof(*r->s));
	cr_assert_not_null(r->s);
	r->s->limits = decoder_defaults;
	r->from = addr_from("\300\000\002\001", 4);	/* 192.0.2.1 */
}

struct script *
script_read(const char *name, const char *text)
{
	struct reader r;
	char *copy = strdup(text), *p = copy;

	begin(&r, name);
	while (p != NULL) {
		r.line++;
		(void)line(&r, strsep(&p, "\n"));
	}
	end_packet(&r);
	free(copy);
	return r.s;
}

void
script_play(const char *text, struct decoder *d, struct flows *out)
{
	struct script *s = script_read("script", text);

	for (size_t i = 0; i < s->n_packets; i++)
		flows_decode(out, d, &s->packet[i].g);
	free(s);
}

/* All columns but the exporter as "name=value ..." */
static void
flow_line(const struct flow *f, char *out, size_t size)
{
	size_t n = 0;
	char text[60];

	out[0] = '\0';
	for (int c = 0; c < COLUMN_COUNT; c++) {
		flow_text(f, (enum column)c, text);
		if (c == COL_exporter || text[0] == '\0')
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s=%s",
		    n == 0 ? "" : " ", column_info((enum column)c)->name,
		    text);
	}
}

/* Is every word of want in got, and got no longer? */
static int
same_flow(const char *want, const char *got)
{
	char copy[2000], *p = copy, *w;
	size_t len = 0;

	(void)snprintf(copy, sizeof(copy), "%s", want);
	while ((w = strsep(&p, " \t")) != NULL) {
		const char *at;

		if (*w == '\0')
			continue;
		if (strcmp(w, "...") == 0)
			return 1;
		at = strstr(got, w);
		while (at != NULL && ((at != got && at[-1] != ' ') ||
		    (at[strlen(w)] != ' ' && at[strlen(w)] != '\0')))
			at = strstr(at + 1, w);
		if (at == NULL)
			return 0;
		len += strlen(w) + 1;
	}
	return len == strlen(got) + (*got != '\0');
}

static void
check_count(struct reader *r, const struct decoder *d)
{
	char *w;

	while ((w = word(r)) != NULL) {
		char *eq = strchr(w, '=');
		int c = 0;

		if (eq == NULL)
			fail(r, "want NAME=N");
		*eq = '\0';
		while (c < DECODER_COUNTS && strcmp(w,
		    decoder_count_name((enum decoder_count)c)) != 0)
			c++;
		if (c == DECODER_COUNTS)
			fail(r, "no such counter");
		cr_expect_eq(decoder_count(d, (enum decoder_count)c),
		    number(r, eq + 1), "%s:%d: %s is %llu, not %s", r->name,
		    r->line, w, (unsigned long long)decoder_count(d,
		    (enum decoder_count)c), eq + 1);
	}
}

void
script_check(const char *name, const char *text)
{
	struct reader r;
	char *copy = strdup(text), *p = copy, got[2000];
	struct script *s = script_read(name, text);
	struct decoder *d = decoder_new(&s->limits);
	struct flows f = { .n = 0 };
	size_t n = 0;

	for (size_t i = 0; i < s->n_packets; i++)
		flows_decode(&f, d, &s->packet[i].g);
	begin(&r, name);
	while (p != NULL) {
		int what;

		r.line++;
		what = line(&r, strsep(&p, "\n"));
		if (what == 'c')
			check_count(&r, d);
		if (what != 'f' || n++ >= f.n)
			continue;
		flow_line(&f.v[n - 1], got, sizeof(got));
		cr_expect(r.rest != NULL && same_flow(r.rest, got),
		    "%s:%d: flow %zu is %s", name, r.line, n, got);
	}
	cr_expect_eq(f.n, n, "%s: %zu flows, want %zu", name, f.n, n);
	free(r.s);
	free(s);
	free(copy);
	flows_clear(&f);
	decoder_free(d);
}

char *
script_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t n = 0, size = 0;

	cr_assert_not_null(f, "%s", path);
	do {
		size += 8192;
		text = realloc(text, size + 1);
		cr_assert_not_null(text);
		n += fread(text + n, 1, size - n, f);
	} while (n == size);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}
