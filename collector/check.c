/* The findings of --check, in order: see check.h. */
#include "collector/check.h"

#include <inttypes.h>
#include <stdarg.h>

#include "collector/check_disk.h"
#include "collector/check_shards.h"
#include "collector/check_udp.h"

void
check_say(struct check *k, enum finding f, const char *fmt, ...)
{
	static const char *const words[] = { "ok   ", "note ", "WRONG" };
	va_list ap;

	k->wrong += f == FINDING_WRONG;
	(void)fprintf(k->out, "%s  ", words[f]);
	va_start(ap, fmt);
	(void)vfprintf(k->out, fmt, ap);
	va_end(ap);
	(void)fputc('\n', k->out);
}

const char *
check_span(int64_t sec, char out[40])
{
	static const struct {
		int64_t		 sec;
		const char	*name;
	} units[] = {
		{ INT64_C(86400) * 365, "year" }, { 86400, "day" },
		{ 3600, "hour" }, { 60, "minute" }, { 1, "second" }
	};
	size_t u = 0;

	if (sec < 0)
		sec = 0;
	/* 47 hours say more than one day */
	while (u < 4 && sec < 2 * units[u].sec)
		u++;
	(void)snprintf(out, 40, "%" PRId64 " %s%s", sec / units[u].sec,
	    units[u].name, sec / units[u].sec == 1 ? "" : "s");
	return out;
}

const char *
check_bytes(double bytes, char out[40])
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	size_t u = 0;

	while (bytes >= 1000 && u < 4) {
		bytes /= 1000;
		u++;
	}
	(void)snprintf(out, 40, bytes < 10 && u > 0 ? "%.1f %s" : "%.0f %s",
	    bytes, units[u]);
	return out;
}

unsigned
check_setup(const struct config *c, int64_t now_ms, FILE *out)
{
	struct check k = { .c = c, .now_ms = now_ms, .out = out };
	bool readable = check_folder(&k);

	check_udp(&k);
	if (readable) {
		check_shards(&k);
		check_disk(&k);
	}
	if (k.wrong == 0)
		(void)fprintf(out, "All is well.\n");
	return k.wrong;
}
