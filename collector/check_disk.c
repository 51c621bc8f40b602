/* Rights and room: see check_disk.h. */
#include "collector/check_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "collector/datadir.h"
#include "schema/shard.h"

#define DAY_SEC		86400
#define SOON_DAYS	30	/* a disk full before that is wrong */
#define RATE_DAYS	7	/* of shards that the rate is made of */

/* ---- rights ---- */

static bool
say_rights(struct check *k, const struct stat *st)
{
	const char *dir = k->c->directory;
	/* no thread is there; the next call takes the place of the answer */
	const struct passwd *pw =
	    getpwuid(st->st_uid); /* NOLINT(concurrency-mt-unsafe) */
	char owner[64], why[ERR_SYS_MAX];

	(void)snprintf(owner, sizeof(owner), "%s", pw == NULL ?
	    "nobody known" : pw->pw_name);
	pw = k->c->user[0] == '\0' ? NULL :
	    getpwnam(k->c->user); /* NOLINT(concurrency-mt-unsafe) */
	if (access(dir, R_OK | X_OK) == -1) {
		check_say(k, FINDING_WRONG, "%s may not be read by you: %s; "
		    "join the group that it belongs to, or ask as root", dir,
		    strerror_r(errno, why, sizeof(why)));
		return false;
	}
	if (pw != NULL && pw->pw_uid != st->st_uid &&
	    (st->st_mode & S_IWGRP) == 0 && (st->st_mode & S_IWOTH) == 0)
		check_say(k, FINDING_WRONG, "%s belongs to %s, and flowdbd "
		    "becomes %s, who may not write there: chown -R %s %s", dir,
		    owner, k->c->user, k->c->user, dir);
	else if (k->pid == 0 && access(dir, W_OK) == -1)
		check_say(k, FINDING_NOTE, "%s belongs to %s: flowdbd must be "
		    "started as that user", dir, owner);
	else if ((st->st_mode & S_IWOTH) != 0)
		check_say(k, FINDING_WRONG, "%s may be written by everybody: "
		    "chmod o-w %s", dir, dir);
	else
		check_say(k, FINDING_OK, "data directory %s", dir);
	return true;
}

bool
check_folder(struct check *k)
{
	struct stat st;
	char why[ERR_SYS_MAX];

	if (stat(k->c->directory, &st) == -1) {
		check_say(k, FINDING_WRONG, "data directory %s: %s",
		    k->c->directory, strerror_r(errno, why, sizeof(why)));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		check_say(k, FINDING_WRONG, "data directory %s: not a "
		    "directory", k->c->directory);
		return false;
	}
	k->pid = datadir_owner(k->c->directory);
	return say_rights(k, &st);
}

/* ---- room ---- */

static void
say_retention(struct check *k, const struct check_forecast *f)
{
	int64_t age_sec = k->c->expire ? k->c->retain.max_age_sec : 0;
	double need = f->day_bytes * (double)age_sec / DAY_SEC;
	char span[40], size[40], room[40];

	if (age_sec == 0)
		return;
	check_say(k, need > f->have_bytes + f->free_bytes ? FINDING_WRONG :
	    FINDING_OK, "retention of %s needs %s; there is room for %s",
	    check_span(age_sec, span), check_bytes(need, size),
	    check_bytes(f->have_bytes + f->free_bytes, room));
}

void
check_say_forecast(struct check *k, const struct check_forecast *f)
{
	const struct retain_limits *r = &k->c->retain;
	double days = f->free_bytes / f->day_bytes;
	bool bounded = k->c->expire && (r->max_bytes > 0 ||
	    r->min_free_bytes > 0 || (r->max_age_sec > 0 && f->day_bytes *
	    (double)r->max_age_sec / DAY_SEC <= f->have_bytes +
	    f->free_bytes));
	char day[40], room[40], span[40];

	(void)check_bytes(f->day_bytes, day);
	(void)check_bytes(f->free_bytes, room);
	/* a number of seconds that fits */
	(void)check_span(days > 36500 ? (int64_t)36500 * DAY_SEC :
	    (int64_t)(days * DAY_SEC), span);
	if (bounded)
		check_say(k, FINDING_OK, "flows take %s a day, %s are free, "
		    "and the oldest go first", day, room);
	else
		check_say(k, days < SOON_DAYS ? FINDING_WRONG : FINDING_OK,
		    "flows take %s a day, %s are free: at this rate the disk "
		    "is full in %s%s%s", day, room, days > 36500 ?
		    "more than " : "", span, days < SOON_DAYS ?
		    "; let the oldest go (expire, max_age, min_free), or give "
		    "it a larger disk" : "");
	say_retention(k, f);
}

/* Size of sealed shards; those of the last days make the rate. */
void
check_disk(struct check *k)
{
	int64_t slot_sec = k->c->slot_sec, from_ms, seconds = 0, last_ms = -1;
	struct check_forecast f = { .day_bytes = 0 };
	struct shard_list list;
	struct statvfs fs;
	struct err err;
	double bytes = 0;

	if (statvfs(k->c->directory, &fs) == -1 || shard_list(k->c->directory,
	    INT64_MIN, INT64_MAX, &list, &err) == -1)
		return;		/* check_shards said why */
	f.free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
	from_ms = k->now_ms - (int64_t)RATE_DAYS * DAY_SEC * 1000;
	for (size_t i = 0; i < list.n; i++) {
		int64_t start_ms = list.v[i].start_ms;
		struct stat st;

		if (stat(list.v[i].path, &st) == -1)
			continue;
		f.have_bytes += (double)st.st_blocks * 512;
		if ((st.st_mode & S_IWUSR) != 0 || start_ms < from_ms)
			continue;
		bytes += (double)st.st_blocks * 512;
		/* folders have slots of the same time */
		seconds += start_ms == last_ms ? 0 : slot_sec;
		last_ms = start_ms;
	}
	shard_list_clear(&list);
	if (seconds == 0) {
		check_say(k, FINDING_NOTE, "no slot of the last week is "
		    "sealed: too early to tell how long the disk lasts");
		return;
	}
	f.day_bytes = bytes * DAY_SEC / (double)seconds;
	check_say_forecast(k, &f);
}
