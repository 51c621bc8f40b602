/* Expiring old shards: see retain.h. */
#include "collector/retain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "collector/seal.h"
#include "schema/shard.h"

const char *
retain_reason_text(enum retain_reason why)
{
	switch (why) {
	case RETAIN_AGE:
		return "older than max_age";
	case RETAIN_SIZE:
		return "total above max_size";
	case RETAIN_FREE:
		return "free space below min_free";
	}
	return "";
}

/* Disk space that the file takes, 0 when it vanished. */
static uint64_t
bytes_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static int
free_bytes(const char *dir, uint64_t *out, struct err *err)
{
	struct statvfs vfs;

	if (statvfs(dir, &vfs) == -1)
		return err_sys(err, "%s", dir);
	*out = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}

/* Does a limit want the oldest shard to go? */
static int
too_much(const struct retain_limits *l, int64_t now_ms, int64_t start_ms,
    uint64_t total, uint64_t disk_free, enum retain_reason *why)
{
	if (l->max_age_sec > 0 && start_ms < now_ms - l->max_age_sec * 1000)
		*why = RETAIN_AGE;
	else if (l->max_bytes > 0 && total > l->max_bytes)
		*why = RETAIN_SIZE;
	else if (l->min_free_bytes > 0 && disk_free < l->min_free_bytes)
		*why = RETAIN_FREE;
	else
		return 0;
	return 1;
}

int
retain_expire(const char *dir, const struct retain_limits *limits,
    int64_t now_ms, int dry_run, void (*fn)(void *arg, const char *path,
    uint64_t bytes, enum retain_reason why), void *arg, uint64_t *removed,
    struct err *err)
{
	struct shard_list list;
	uint64_t total = 0, disk_free = 0;
	int rc = 0;

	*removed = 0;
	if (limits->max_age_sec == 0 && limits->max_bytes == 0 &&
	    limits->min_free_bytes == 0)
		return 0;
	if (free_bytes(dir, &disk_free, err) == -1 ||
	    shard_list(dir, INT64_MIN, INT64_MAX, &list, err) == -1)
		return -1;
	for (size_t i = 0; i < list.n; i++)
		total += bytes_of(list.v[i].path);
	for (size_t i = 0; i < list.n; i++) {
		const char *path = list.v[i].path;
		uint64_t bytes = bytes_of(path);
		enum retain_reason why;

		if (!too_much(limits, now_ms, list.v[i].start_ms, total,
		    disk_free, &why))
			break;
		/* live, or waiting to be sealed: not yet ours to remove */
		if (!seal_is_done(path))
			continue;
		if (fn != NULL)
			fn(arg, path, bytes, why);
		if (!dry_run && unlink(path) == -1 && errno != ENOENT) {
			rc = err_sys(err, "%s", path);
			continue;
		}
		total -= bytes < total ? bytes : total;
		disk_free += bytes;
		(*removed)++;
	}
	shard_list_clear(&list);
	return rc;
}

int
retain_size_parse(const char *text, uint64_t *out)
{
	static const char units[] = "kmgt";
	double factor = 1;
	const char *u;
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (end == text || errno != 0 || !(v >= 0) || !isfinite(v) ||
	    (text[0] < '0' || text[0] > '9'))
		return -1;
	if (*end != '\0') {
		u = strchr(units, *end | 0x20);
		if (u == NULL)
			return -1;
		for (const char *p = units; p <= u; p++)
			factor *= 1024;
		end++;
		if ((*end | 0x20) == 'b')
			end++;
	}
	if (*end != '\0' || v * factor >= 9e18)
		return -1;
	*out = (uint64_t)(v * factor);
	return 0;
}

int
retain_age_parse(const char *text, int64_t *out_sec)
{
	int64_t unit = 3600;
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno != 0 || v < 0 || text[0] < '0' ||
	    text[0] > '9')
		return -1;
	switch (*end == '\0' ? '\0' : *end | 0x20) {
	case '\0':
	case 'h':
		break;
	case 's':
		unit = 1;
		break;
	case 'm':
		unit = 60;
		break;
	case 'd':
		unit = 86400;
		break;
	case 'w':
		unit = INT64_C(7) * 86400;
		break;
	default:
		return -1;
	}
	if ((*end != '\0' && end[1] != '\0') || v > INT64_MAX / 1000 / unit)
		return -1;
	*out_sec = v * unit;
	return 0;
}
