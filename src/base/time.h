/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time: monotonic and wall time that don't mix, durations, and the hybrid logical clock.
 *
 * `struct mono` measures how long; `struct wall` says when, as milliseconds since 1970 UTC.  Cores
 * get both in `struct now` and never read a clock.  Wall time may jump: deadlines are monotonic.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct mono {
	int64_t ms;
};
struct wall {
	int64_t ms;
};
struct now {
	struct mono mono;
	struct wall wall;
};

#define MS_NS     ((int64_t)1000000)
#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define NEVER_MS  INT64_MAX

/* "15s", "1h30m", "30d", "250ms", "2w"; Prometheus' units (ms s m h d w y), largest first.  A bare
 * "0" is allowed; anything else without a unit is not.  At most 292 years, as in Prometheus. */
enum rc duration_parse(const char *text, int64_t *ret_ms, struct err *e) MUST_USE;

#define DURATION_TEXT_MAX 32
/* For people: "850 ms", "12 s", "4 min 5 s", "3 h 20 min", "2 d 4 h", "never"; smaller units are
 * dropped, not rounded.  Returns `buf`. */
const char *duration_text(int64_t ms, char buf[DURATION_TEXT_MAX]);
/* How far apart, to the nearest second: for what was measured, where 7,199,970 ms are 2 h. */
int64_t distance_ms(int64_t ms);

#define WALL_TEXT_MAX 40
/* RFC 3339 in UTC with milliseconds: "2026-11-22T18:10:21.123Z".  Returns `buf`. */
const char *wall_rfc3339(struct wall t, char buf[WALL_TEXT_MAX]);
enum rc wall_parse(const char *text, struct wall *ret, struct err *e) MUST_USE;

/* Civil date and time in the proleptic Gregorian calendar, without zone. */
struct civil {
	int32_t year;
	int32_t month, day;           /* 1-12, 1-31 */
	int32_t hour, minute, second; /* 0-23, 0-59, 0-59 */
	int32_t weekday;              /* 0 Sunday .. 6 Saturday */
};
struct civil civil_from_seconds(int64_t seconds_since_1970);
int64_t civil_to_seconds(struct civil c); /* ignores weekday; fields may overflow (day 32) */

/*
 * Hybrid logical clock (Kulkarni et al., 2014): 48 bits of wall milliseconds above 16 bits of
 * counter.  Never runs backwards at one site, and what was caused comes after its cause.
 */
struct hlc {
	uint64_t last;
};
#define HLC_AHEAD_MAX_MS \
	(5 * MINUTE_MS) /* a peer's clock further ahead than this is not followed */
uint64_t hlc_tick(struct hlc *h, struct wall now);
/* Take in a stamp from elsewhere; false (and unchanged) when it is too far ahead of `now`. */
bool hlc_witness(struct hlc *h, struct wall now, uint64_t seen);
static inline struct wall hlc_wall(uint64_t stamp)
{
	return (struct wall){ (int64_t)(stamp >> 16) };
}

#endif
