/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tz: time zones as data.
 *
 * Reads TZif (RFC 8536; /usr/share/zoneinfo) from bytes that a port supplies, so that cores can
 * reckon in a site's zone without libc's process-wide TZ.  Beyond the last transition the footer's
 * POSIX TZ rule applies.
 */
#ifndef BASE_TZ_H
#define BASE_TZ_H

#include "base/mem.h"
#include "base/time.h"

#define TZ_NAME_MAX 48
#define TZ_FILE_MAX (64 * 1024)

struct tz; /* immutable after tz_parse */

enum rc tz_parse(struct tz **ret, const char *name, const void *bytes, size_t n,
	struct err *e) MUST_USE;
const struct tz *tz_utc(void);
void tz_free(struct tz *z);
SCOPED_BY(tz_free, struct tz *)

const char *tz_name(const struct tz *z); /* "Europe/Dublin" */

struct tz_local {
	struct civil civil;
	int32_t offset_s;         /* east of UTC */
	const char *abbreviation; /* "IST"; owned by the zone */
};
struct tz_local tz_at(const struct tz *z, struct wall t);

/* The stretch around `t` (from <= t < until) within which offset and abbreviation don't change.
 * Unbounded ends are INT64_MIN and NEVER_MS. */
struct tz_span {
	struct wall from, until;
};
struct tz_span tz_span_at(const struct tz *z, struct wall t);

/* The instant of a local civil time.  In a gap (clocks forward) the first instant after the gap; in
 * an overlap (clocks back) the first of the two. */
struct wall tz_instant(const struct tz *z, struct civil c);

/* "19:04:11 IST" when the date in the zone is that of `reference`, else "Mon 23 Nov 19:04 IST". */
const char *tz_text(const struct tz *z, struct wall t, struct wall reference, char *buf, size_t n);

#endif
