/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term/moment.h"

#include "base/str.h"

#include <stdio.h>

static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };
static const char *const months[] = { "January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December" };

static struct tz_local local_at(const struct term *t, struct wall at)
{
	return tz_at(t->zone ? t->zone : tz_utc(), at);
}

/* As precise as one cares to know: a second unit only where the first is 1 or 2 hours or days. */
static int64_t unit_of(int64_t ms)
{
	static const struct {
		int64_t from_ms, unit_ms;
	} steps[] = { { 3 * DAY_MS, DAY_MS }, { DAY_MS, HOUR_MS }, { 3 * HOUR_MS, HOUR_MS },
		{ MINUTE_MS, MINUTE_MS } };

	for (size_t i = 0; i < COUNT(steps); i++) {
		if (ms >= steps[i].from_ms)
			return steps[i].unit_ms;
	}
	return SECOND_MS;
}

static const char *length_text(int64_t ms, char buf[MOMENT_TEXT_MAX])
{
	char duration[DURATION_TEXT_MAX];

	if (ms < SECOND_MS)
		return strcpy(buf, "0 s");
	snprintf(buf, MOMENT_TEXT_MAX, "%s", duration_text(ms - ms % unit_of(ms), duration));
	return buf;
}

const char *moment_since(struct wall t, struct wall now, char buf[MOMENT_TEXT_MAX])
{
	return length_text(now.ms > t.ms ? now.ms - t.ms : 0, buf);
}

const char *moment_ago(struct wall t, struct wall now, char buf[MOMENT_TEXT_MAX])
{
	char length[MOMENT_TEXT_MAX];
	int64_t ms = now.ms - t.ms;

	if (t.ms == 0)
		return strcpy(buf, "never");
	if (ms > -SECOND_MS && ms < SECOND_MS)
		return strcpy(buf, "just now");
	length_text(ms < 0 ? -ms : ms, length);
	snprintf(buf, MOMENT_TEXT_MAX, ms < 0 ? "in %.40s" : "%.40s ago", length);
	return buf;
}

const char *moment_text(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX])
{
	struct tz_local l;

	if (at.ms == 0 || at.ms == NEVER_MS)
		return strcpy(buf, at.ms ? "open" : "never");
	l = local_at(t, at);
	if (l.civil.year == local_at(t, t->now).civil.year)
		return tz_text(t->zone ? t->zone : tz_utc(), at, t->now, buf, MOMENT_TEXT_MAX);
	snprintf(buf, MOMENT_TEXT_MAX, "%04d-%02d-%02d %02d:%02d %s", l.civil.year, l.civil.month,
		l.civil.day, l.civil.hour, l.civil.minute, l.abbreviation);
	return buf;
}

const char *moment_clock(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX])
{
	struct civil c = local_at(t, at).civil;

	snprintf(buf, MOMENT_TEXT_MAX, "%02d:%02d:%02d", c.hour, c.minute, c.second);
	return buf;
}

const char *moment_day(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX])
{
	struct civil c = local_at(t, at).civil;

	snprintf(buf, MOMENT_TEXT_MAX, "%s %d %s %d", weekdays[c.weekday], c.day,
		months[c.month - 1], c.year);
	return buf;
}

const char *moment_stamp(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX])
{
	struct tz_local l = local_at(t, at);
	int minutes = l.offset_s / 60, size = minutes < 0 ? -minutes : minutes;

	snprintf(buf, MOMENT_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", l.civil.year,
		l.civil.month, l.civil.day, l.civil.hour, l.civil.minute, l.civil.second,
		minutes < 0 ? '-' : '+', size / 60, size % 60);
	return buf;
}

/* Exactly `digits` digits at `*at`, and then `after` (NUL: nothing is wanted).  Moves on. */
static bool take_number(const char **at, int digits, char after, int32_t *ret)
{
	int32_t value = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		value = 10 * value + (c - '0');
	}
	if (after && (*at)[digits] != after)
		return false;
	*at += digits + (after != '\0');
	*ret = value;
	return true;
}

static bool parse_date(const char **at, struct civil *c)
{
	const char *s = *at;

	if (!take_number(&s, 4, '-', &c->year) || !take_number(&s, 2, '-', &c->month) ||
		!take_number(&s, 2, '\0', &c->day))
		return false;
	*at = s;
	c->hour = c->minute = c->second = 0;
	return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= 31;
}

static bool parse_time(const char *s, struct civil *c)
{
	c->second = 0;
	if (!take_number(&s, 2, ':', &c->hour) || !take_number(&s, 2, '\0', &c->minute))
		return false;
	if (*s == ':' && (s++, !take_number(&s, 2, '\0', &c->second)))
		return false;
	return *s == '\0' && c->hour < 24 && c->minute < 60 && c->second < 60;
}

/* "2026-11-22", "18:30", "18:30:15", or a date and a time with a blank or a T between. */
static bool parse_civil(const char *text, struct civil *c, bool *ret_has_date)
{
	const char *at = text;

	*ret_has_date = strchr(text, '-') != NULL;
	if (!*ret_has_date)
		return parse_time(at, c);
	if (!parse_date(&at, c))
		return false;
	return *at == '\0' || ((*at == ' ' || *at == 'T') && parse_time(at + 1, c));
}

static bool parse_local(const struct term *t, const char *text, enum moment_side side,
	struct wall *ret)
{
	static const char *const days[] = { "yesterday", "today", "tomorrow" };
	const struct tz *zone = t->zone ? t->zone : tz_utc();
	struct civil c = tz_at(zone, t->now).civil;
	bool has_date;

	for (int i = 0; i < 3; i++) {
		if (str_eq(text, days[i])) {
			c.day += i - 1;
			c.hour = c.minute = c.second = 0;
			*ret = tz_instant(zone, c);
			return true;
		}
	}
	if (!parse_civil(text, &c, &has_date))
		return false;
	*ret = tz_instant(zone, c);
	if (!has_date && side == MOMENT_PAST && ret->ms > t->now.ms)
		c.day--;
	else if (!has_date && side == MOMENT_FUTURE && ret->ms <= t->now.ms)
		c.day++;
	*ret = tz_instant(zone, c);
	return true;
}

enum rc moment_parse(const struct term *t, const char *text, enum moment_side side,
	struct wall *ret, struct err *e)
{
	int64_t ms;

	if (duration_parse(text, &ms, NULL) == RC_OK) {
		*ret = (struct wall){ side == MOMENT_PAST ? t->now.ms - ms : t->now.ms + ms };
		return RC_OK;
	}
	if (wall_parse(text, ret, NULL) == RC_OK || parse_local(t, text, side, ret))
		return RC_OK;
	return err_set(e, RC_USAGE,
		"'%.60s' is no time: write 2h (that long %s), 18:30, \"2026-11-22 18:30\" or "
		"2026-11-22T18:30:00Z",
		text, side == MOMENT_PAST ? "ago" : "from now");
}
