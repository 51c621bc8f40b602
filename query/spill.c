/*
 * Sums on disk: see spill.h.  A record is the length of the key, the key and
 * the sums, as they are in memory: nobody else reads these files.
 */
#include "query/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTS		32
#define PART_BITS	5
#define DEPTH_MAX	6	/* 32^6 parts: more than there are keys */
#define FILE_BUFFER	32768

struct spill {
	pthread_mutex_t	 lock;
	size_t		 tail;
	unsigned	 depth;		/* which bits of the hash decide */
	const atomic_bool *stop;
	uint64_t	 bytes;
	FILE		*part[PARTS];
};

static struct spill *
spill_at(size_t tail, unsigned depth, const atomic_bool *stop)
{
	struct spill *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->tail = tail;
	s->depth = depth;
	s->stop = stop;
	(void)pthread_mutex_init(&s->lock, NULL);
	return s;
}

struct spill *
spill_new(size_t tail, const atomic_bool *stop)
{
	return spill_at(tail, 0, stop);
}

void
spill_free(struct spill *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < PARTS; i++) {
		if (s->part[i] != NULL)
			(void)fclose(s->part[i]);
	}
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static bool
stopped(const struct spill *s, struct err *err)
{
	if (s->stop == NULL || !atomic_load_explicit(s->stop,
	    memory_order_relaxed))
		return false;
	(void)err_as(err, ERR_STOPPED, "interrupted");
	return true;
}

bool
spill_used(const struct spill *s)
{
	return s->bytes > 0;
}

uint64_t
spill_bytes(const struct spill *s)
{
	return s->bytes;
}

/* FNV-1a: another hash than the tables', whose low bits a part would share. */
static uint64_t
hash(const uint8_t *key, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

/* A file that vanishes with us. */
static FILE *
temp_file(struct err *err)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	FILE *f;
	int fd;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1) {
		/* not every file system has nameless files */
		(void)snprintf(path, sizeof(path), "%s/flowq.XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd != -1)
			(void)unlink(path);
	}
	f = fd == -1 ? NULL : fdopen(fd, "w+");
	if (f == NULL) {
		(void)err_sys(err, "temporary file in %s", dir);
		if (fd != -1)
			(void)close(fd);
		return NULL;
	}
	(void)setvbuf(f, NULL, _IOFBF, FILE_BUFFER);
	return f;
}

static int
write_entry(struct spill *s, const uint8_t *key, size_t len,
    const struct tally_sum *sum, struct err *err)
{
	uint64_t h = hash(key, len > s->tail ? len - s->tail : len);
	FILE **f = &s->part[h >> (s->depth * PART_BITS) & (PARTS - 1)];
	uint8_t n = (uint8_t)len;

	if (*f == NULL && (*f = temp_file(err)) == NULL)
		return -1;
	if (fwrite(&n, 1, 1, *f) != 1 || fwrite(key, 1, len, *f) != len ||
	    fwrite(sum, sizeof(*sum), 1, *f) != 1)
		return err_sys(err, "temporary file");
	s->bytes += 1 + len + sizeof(*sum);
	return 0;
}

int
spill_all(struct spill *s, struct tally *t, struct err *err)
{
	int rc = 0;

	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < tally_count(t) && rc == 0; i++) {
		struct tally_sum sum;
		size_t len;
		const uint8_t *key = tally_entry(t, i, &len, &sum);

		rc = stopped(s, err) ? -1 :
		    write_entry(s, key, len, &sum, err);
	}
	(void)pthread_mutex_unlock(&s->lock);
	tally_clear(t);
	return rc;
}

int
spill_full(struct spill *s, struct tally *t, const void *key, size_t len,
    const struct tally_sum *sum, struct err *err)
{
	for (;;) {
		/* an empty table without room for one key will never have */
		if (tally_count(t) == 0)
			return err_set(err, "too little memory for sums: "
			    "raise --memory");
		if (spill_all(s, t, err) == -1)
			return -1;
		if ((key == NULL ? tally_flush(t) :
		    tally_put(t, key, len, sum)) == 0)
			return 0;
	}
}

int
spill_merge(struct spill *s, struct tally *t, struct tally *from,
    struct err *err)
{
	struct tally_sum sum;
	const uint8_t *key;
	size_t len;

	while ((key = tally_take_last(from, &len, &sum)) != NULL) {
		if (stopped(s, err) || (tally_put(t, key, len, &sum) == -1 &&
		    spill_full(s, t, key, len, &sum, err) == -1))
			return -1;
	}
	if (tally_flush(t) == -1)
		return spill_full(s, t, NULL, 0, NULL, err);
	return 0;
}

/* Adds the records of a file to t; what has no room goes to next. */
static int
read_part(FILE *f, struct tally *t, struct spill *next, struct err *err)
{
	struct tally_sum sum;
	uint8_t key[TALLY_KEY_MAX], len;

	/* what was buffered may find no room only now */
	if (fflush(f) != 0)
		return err_sys(err, "temporary file");
	rewind(f);
	while (fread(&len, 1, 1, f) == 1) {
		if (fread(key, 1, len, f) != len ||
		    fread(&sum, sizeof(sum), 1, f) != 1)
			return err_set(err, "temporary file is cut");
		if (stopped(next, err) ||
		    (tally_put(t, key, len, &sum) == -1 &&
		    spill_full(next, t, key, len, &sum, err) == -1))
			return -1;
	}
	if (ferror(f))
		return err_sys(err, "temporary file");
	if (tally_flush(t) == -1)
		return spill_full(next, t, NULL, 0, NULL, err);
	return 0;
}

int
spill_each(struct spill *s, struct tally *t,
    int (*visit)(void *arg, struct tally *part, struct err *err), void *arg,
    struct err *err)
{
	for (unsigned i = 0; i < PARTS; i++) {
		struct spill *next;
		int rc;

		if (s->part[i] == NULL)
			continue;
		if (s->depth + 1 == DEPTH_MAX)
			return err_set(err, "too little memory for sums: "
			    "raise --memory");
		next = spill_at(s->tail, s->depth + 1, s->stop);
		if (next == NULL)
			return err_set(err, "out of memory");
		tally_clear(t);
		rc = read_part(s->part[i], t, next, err);
		if (rc == 0 && spill_used(next)) {
			rc = spill_all(next, t, err);
			if (rc == 0)
				rc = spill_each(next, t, visit, arg, err);
		} else if (rc == 0) {
			rc = visit(arg, t, err);
		}
		spill_free(next);
		(void)fclose(s->part[i]);
		s->part[i] = NULL;
		if (rc == -1)
			return -1;
	}
	return 0;
}
