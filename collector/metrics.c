/* Counters as Prometheus text: see metrics.h. */
#include "collector/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX	4096

void
metrics_reset(struct metrics *m)
{
	m->len = 0;
	m->failed = false;
	m->family = NULL;
	if (m->text != NULL)
		m->text[0] = '\0';
}

void
metrics_clear(struct metrics *m)
{
	free(m->text);
	*m = (struct metrics){ .text = NULL };
}

static bool
reserve(struct metrics *m, size_t more)
{
	size_t cap = m->cap == 0 ? 4096 : m->cap;
	char *text;

	if (m->failed)
		return false;
	while (cap - m->len <= more)
		cap *= 2;
	if (cap == m->cap)
		return true;
	text = realloc(m->text, cap);
	if (text == NULL) {
		m->failed = true;
		return false;
	}
	m->text = text;
	m->cap = cap;
	return true;
}

static void put(struct metrics *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct metrics *m, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(m, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(m->text + m->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	m->len += (size_t)n;
}

/* A label's value: backslash, quote and line feed are escaped. */
static void
put_value(struct metrics *m, const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			put(m, "\\%c", *p);
		else if (*p == '\n')
			put(m, "\\n");
		else
			put(m, "%c", *p);
	}
}

void
metrics_family(struct metrics *m, const char *name, enum metrics_type type,
    const char *help)
{
	m->family = name;
	put(m, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	    type == METRICS_COUNTER ? "counter" : "gauge");
}

static void
put_name(struct metrics *m, const struct metrics_label *labels,
    size_t n_labels)
{
	put(m, "%s", m->family);
	for (size_t i = 0; i < n_labels; i++) {
		put(m, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
		put_value(m, labels[i].value);
		put(m, "\"");
	}
	put(m, n_labels > 0 ? "} " : " ");
}

void
metrics_u64(struct metrics *m, const struct metrics_label *labels,
    size_t n_labels, uint64_t value)
{
	put_name(m, labels, n_labels);
	put(m, "%" PRIu64 "\n", value);
}

void
metrics_double(struct metrics *m, const struct metrics_label *labels,
    size_t n_labels, double value)
{
	put_name(m, labels, n_labels);
	put(m, "%.6f\n", value);
}

void
metrics_one(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, uint64_t value)
{
	metrics_family(m, name, type, help);
	metrics_u64(m, NULL, 0, value);
}

void
metrics_summary(struct metrics *m, const char *name, const char *help,
    double sum, uint64_t count)
{
	put(m, "# HELP %s %s\n# TYPE %s summary\n%s_sum %.6f\n"
	    "%s_count %" PRIu64 "\n", name, help, name, name, sum, name,
	    count);
}

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
metrics_write(const struct metrics *m, const char *path, struct err *err)
{
	char temp[PATH_LEN_MAX];
	int fd, n;

	if (m->failed)
		return err_set(err, "%s: out of memory", path);
	/* node_exporter reads *.prom only, so it never sees this name */
	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return err_set(err, "%s: path too long", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "%s", temp);
	if (write_all(fd, m->text, m->len) == -1 || fchmod(fd, 0644) == -1) {
		(void)err_sys(err, "%s", temp);
		(void)close(fd);
		(void)unlink(temp);
		return -1;
	}
	if (close(fd) == -1 || rename(temp, path) == -1) {
		(void)err_sys(err, "%s", path);
		(void)unlink(temp);
		return -1;
	}
	return 0;
}
