/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve: a full disk must not silence the one who should say that it is full.
 *
 * A file of RESERVE_BYTES is kept beside the journal.  When the journal can't be written it is
 * given up: what it frees takes the incident, its receipt and a few thousand events more.  It is
 * made again when there is room.
 */
#include "daemon/serve_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_BYTES  (4 * 1024 * 1024)
#define ROOM_LOW_BYTES (64u * 1024 * 1024) /* said before it is full */

static void path_of(const struct serve *s, struct str *out)
{
	str_addf(out, "%s/reserve", s->state_dir);
}

static bool make(struct serve *s)
{
	scoped(str_fini) struct str path = STR_EMPTY;
	int fd, rc;

	path_of(s, &path);
	fd = open(str_c(&path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	rc = posix_fallocate(fd, 0, RESERVE_BYTES);
	close(fd);
	if (rc != 0)
		unlink(str_c(&path));
	errno = rc;
	return rc == 0;
}

static void say(struct serve *s, const char *reason)
{
	struct observation o = { .is_ok = !reason, .reason = reason, .took_us = -1 };

	site_self(s->site, daemon_now(), SELF_DISK, &o);
}

/* There is room; but the journal may not grow for another reason: a quota, a limit on the size of
 * files, a file system that went read-only. */
static void say_room(struct serve *s)
{
	char reason[REASON_BYTES_MAX];

	snprintf(reason, sizeof reason, "%s/journal.db can't be written; the log says why",
		s->state_dir);
	say(s, site_is_stuck(s->site) ? reason : NULL);
}

void reserve_look(struct serve *s)
{
	struct statvfs fs;
	uint64_t free_bytes;
	char reason[REASON_BYTES_MAX];

	if (statvfs(s->state_dir, &fs) != 0) {
		snprintf(reason, sizeof reason, "%s: %s", s->state_dir, strerror(errno));
		say(s, reason);
		return;
	}
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (!s->has_reserve && free_bytes > 2 * RESERVE_BYTES) {
		s->has_reserve = make(s);
		if (!s->has_reserve && !s->is_reserve_missed)
			log_warning("nothing can be kept back in %s for the day when the disk is "
				    "full: %s",
				s->state_dir, strerror(errno));
		s->is_reserve_missed = !s->has_reserve;
	}
	if (free_bytes >= ROOM_LOW_BYTES ||
		(s->has_reserve && free_bytes * 10 > (uint64_t)fs.f_blocks * fs.f_frsize)) {
		say_room(s);
		return;
	}
	snprintf(reason, sizeof reason, "%.1f MiB are left in %s%s", (double)free_bytes / 1048576,
		s->state_dir, s->has_reserve ? "" : ", and the reserve is used up");
	say(s, reason);
}

void reserve_use(struct serve *s)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	if (!s->has_reserve)
		return;
	s->has_reserve = false;
	path_of(s, &path);
	if (unlink(str_c(&path)) != 0) {
		log_error("giving up the reserve %s: %s", str_c(&path), strerror(errno));
		return;
	}
	log_warning("the disk is full: living on the reserve");
	say(s, "the disk is full; the journal lives on its reserve of 4 MiB");
	drive_drain(s);
}
