/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron: five-field cron expressions (crontab(5): lists, ranges, steps, names, @daily and friends),
 * reckoned in a zone.
 *
 * A job in a spring-forward gap runs at the first minute after it; one in a fall-back overlap runs
 * once.  What runs in every hour of the day (the hour is * or the like) isn't bound to the hour
 * that is lost or repeated, and goes on at its pace through both, as in cron(8).
 *
 * Where tools differ: N/STEP means N-MAX/STEP; a day field that begins with * counts as not given,
 * even with a step; ranges of names are allowed, and a range of weekdays may end with Sunday.
 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include "base/tz.h"

struct cron {
	uint64_t minutes; /* bit n: minute n */
	uint32_t hours, days, months, weekdays;
	bool is_day_star, is_weekday_star; /* crontab's rule: either matches when both are given */
};

enum rc cron_parse(const char *text, struct cron *ret, struct err *e) MUST_USE;
/* First instant strictly after `t` that matches; {NEVER_MS} when none within 8 years (30 Feb). */
struct wall cron_next(const struct cron *c, const struct tz *z, struct wall t);
/* Last instant at or before `t` that matches; {INT64_MIN} when none within 8 years. */
struct wall cron_previous(const struct cron *c, const struct tz *z, struct wall t);

#endif
