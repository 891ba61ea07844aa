/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversions between days and dates are Howard Hinnant's ("chrono-compatible low-level date
 * algorithms"): years begin in March, so that the leap day is the last of its year, and are
 * counted in eras of 400, all of which have the same number of days.
 */
#include "base/time.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_S     60
#define HOUR_S       3600
#define DAY_S        86400
#define ERA_YEARS    400
#define ERA_DAYS     146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

/* What fits into a signed 64-bit number of nanoseconds: Prometheus' own bound, and small enough
 * for sums of durations and instants never to overflow. */
#define DURATION_MAX_MS (INT64_MAX / 1000000)

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "y", 365 * DAY_MS },
	{ "w", 7 * DAY_MS },
	{ "d", DAY_MS },
	{ "h", HOUR_MS },
	{ "m", MINUTE_MS },
	{ "s", SECOND_MS },
	{ "ms", 1 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The unit that the letters at *at name, moved behind them; COUNT(units) when they name none. */
static size_t take_unit(const char **at)
{
	size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < COUNT(units); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, *at, n) == 0) {
			*at += n;
			return i;
		}
	return COUNT(units);
}

enum rc duration_parse(const char *text, int64_t *ret_ms, struct err *e)
{
	const char *at = text;
	int64_t total = 0;
	size_t next_unit = 0; /* the largest that may still come */

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return RC_OK;
	}
	do {
		int64_t count = 0;
		size_t unit;

		if (!is_digit(*at))
			return err_set(e, RC_INPUT,
				"'%.40s' is not a duration (such as 15s, 1h30m, 30d)", text);
		for (; is_digit(*at); at++)
			if (__builtin_mul_overflow(count, 10, &count) ||
				__builtin_add_overflow(count, *at - '0', &count))
				return err_set(e, RC_INPUT, "duration '%.40s' is too long", text);
		unit = take_unit(&at);
		if (unit == COUNT(units))
			return err_set(e, RC_INPUT,
				"duration '%.40s' needs a unit after each number: ms s m h d w y",
				text);
		if (unit < next_unit)
			return err_set(e, RC_INPUT,
				"duration '%.40s' must name each unit once, largest first", text);
		next_unit = unit + 1;
		if (__builtin_mul_overflow(count, units[unit].ms, &count) ||
			__builtin_add_overflow(total, count, &total) || total > DURATION_MAX_MS)
			return err_set(e, RC_INPUT, "duration '%.40s' is too long", text);
	} while (*at);
	*ret_ms = total;
	return RC_OK;
}

/* Two units are all that a person wants to read; the rest is dropped, not rounded. */
int64_t distance_ms(int64_t ms)
{
	uint64_t far = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;

	return (int64_t)((far > INT64_MAX - SECOND_MS ? INT64_MAX - SECOND_MS : far) +
			 SECOND_MS / 2) /
	       SECOND_MS * SECOND_MS;
}

const char *duration_text(int64_t ms, char buf[DURATION_TEXT_MAX])
{
	uint64_t rest = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	const char *sign = ms < 0 ? "-" : "";
	static const struct {
		uint64_t ms, minor_ms;
		const char *name, *minor;
	} pairs[] = {
		{ DAY_MS, HOUR_MS, "d", "h" },
		{ HOUR_MS, MINUTE_MS, "h", "min" },
		{ MINUTE_MS, SECOND_MS, "min", "s" },
		{ SECOND_MS, SECOND_MS, "s", "" },
		{ 1, 1, "ms", "" },
	};
	size_t i = 0;
	uint64_t major, minor;
	int n;

	if (ms == NEVER_MS) {
		memcpy(buf, "never", sizeof "never");
		return buf;
	}
	while (i + 1 < COUNT(pairs) && rest < pairs[i].ms)
		i++;
	major = rest / pairs[i].ms;
	minor = rest % pairs[i].ms / pairs[i].minor_ms;
	if (minor && pairs[i].minor[0])
		n = snprintf(buf, DURATION_TEXT_MAX, "%s%llu %s %llu %s", sign,
			(unsigned long long)major, pairs[i].name, (unsigned long long)minor,
			pairs[i].minor);
	else
		n = snprintf(buf, DURATION_TEXT_MAX, "%s%llu %s", sign, (unsigned long long)major,
			pairs[i].name);
	must(n > 0 && n < DURATION_TEXT_MAX);
	return buf;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* 0 .. b-1, what floor_div() leaves. */
static int32_t floor_rest(int64_t a, int64_t b)
{
	return (int32_t)(a % b + (a % b < 0 ? b : 0));
}

struct civil civil_from_seconds(int64_t seconds_since_1970)
{
	int64_t days = floor_div(seconds_since_1970, DAY_S);
	int32_t second_of_day = floor_rest(seconds_since_1970, DAY_S);
	int64_t shifted = days + DAYS_TO_1970;
	int64_t era = floor_div(shifted, ERA_DAYS);
	int32_t day_of_era = floor_rest(shifted, ERA_DAYS);
	int32_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int32_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int32_t march_month = (5 * day_of_year + 2) / 153; /* 0: March */
	int32_t month = march_month < 10 ? march_month + 3 : march_month - 9;

	return (struct civil){
		.year = (int32_t)(era * ERA_YEARS + year_of_era + (month <= 2)),
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
		.hour = second_of_day / HOUR_S,
		.minute = second_of_day % HOUR_S / MINUTE_S,
		.second = second_of_day % MINUTE_S,
		.weekday = floor_rest(days + 4, 7), /* 1970-01-01: Thursday */
	};
}

int64_t civil_to_seconds(struct civil c)
{
	int64_t month0 = (int64_t)c.month - 1;
	int64_t carried_years = floor_div(month0, 12);
	int64_t month = month0 - 12 * carried_years + 1;
	int64_t year = c.year + carried_years - (month <= 2);
	int64_t era = floor_div(year, ERA_YEARS);
	int64_t year_of_era = year - era * ERA_YEARS;
	int64_t march_month = month > 2 ? month - 3 : month + 9;
	int64_t first_of_month = (153 * march_month + 2) / 5;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + first_of_month;
	int64_t days = era * ERA_DAYS + day_of_era - DAYS_TO_1970 + ((int64_t)c.day - 1);

	return days * DAY_S + (int64_t)c.hour * HOUR_S + (int64_t)c.minute * MINUTE_S + c.second;
}

/* `n` digits and what follows them; returns where to go on. */
static char *put_digits(char *to, int n, int32_t value, char then)
{
	for (int i = n; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	to[n] = then;
	return to + n + 1;
}

/* Beyond four digits too, and before the year 0: with its sign. */
static char *put_year(char *to, int32_t year)
{
	return year >= 0 && year <= 9999 ? put_digits(to, 4, year, '-')
					 : to + sprintf(to, "%04d-", year);
}

/* By hand: a start and every message between sites are full of times. */
const char *wall_rfc3339(struct wall t, char buf[WALL_TEXT_MAX])
{
	struct civil c = civil_from_seconds(floor_div(t.ms, SECOND_MS));
	char *to = put_year(buf, c.year);

	to = put_digits(to, 2, c.month, '-');
	to = put_digits(to, 2, c.day, 'T');
	to = put_digits(to, 2, c.hour, ':');
	to = put_digits(to, 2, c.minute, ':');
	to = put_digits(to, 2, c.second, '.');
	to = put_digits(to, 3, floor_rest(t.ms, SECOND_MS), 'Z');
	*to = '\0';
	return buf;
}

/* Exactly `n` digits at *at, moved behind them. */
static bool take_digits(const char **at, int n, int32_t *ret)
{
	int32_t value = 0;

	for (int i = 0; i < n; i++, ++*at) {
		if (!is_digit(**at))
			return false;
		value = 10 * value + (**at - '0');
	}
	*ret = value;
	return true;
}

static bool take_char(const char **at, const char *any_of)
{
	for (; *any_of; any_of++)
		if (**at == *any_of) {
			++*at;
			return true;
		}
	return false;
}

/* RFC 3339, section 5.6: full-date and the time without fraction and offset.  A leap second is
 * taken for the first of the next minute. */
static bool take_civil(const char **at, struct civil *c)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap;

	if (!take_digits(at, 4, &c->year) || !take_char(at, "-") ||
		!take_digits(at, 2, &c->month) || !take_char(at, "-") ||
		!take_digits(at, 2, &c->day) || !take_char(at, "Tt ") ||
		!take_digits(at, 2, &c->hour) || !take_char(at, ":") ||
		!take_digits(at, 2, &c->minute) || !take_char(at, ":") ||
		!take_digits(at, 2, &c->second))
		return false;
	is_leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= days[c->month - 1] + (c->month == 2 && is_leap) && c->hour <= 23 &&
	       c->minute <= 59 && c->second <= 60;
}

/* ".5" and ".500999" are both 500 ms; absent is 0. */
static bool take_fraction(const char **at, int32_t *ret_ms)
{
	int32_t scale = 100;

	*ret_ms = 0;
	if (!take_char(at, "."))
		return true;
	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); ++*at, scale /= 10)
		*ret_ms += scale * (**at - '0');
	return true;
}

static bool take_offset(const char **at, int32_t *ret_s)
{
	int32_t hours, minutes;
	bool is_west = **at == '-';

	*ret_s = 0;
	if (take_char(at, "Zz"))
		return true;
	if (!take_char(at, "+-") || !take_digits(at, 2, &hours) || !take_char(at, ":") ||
		!take_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_s = (is_west ? -1 : 1) * (hours * HOUR_S + minutes * MINUTE_S);
	return true;
}

/* An offset, or a leap second, may lead out of the four digits of a year, and then it could never
 * be written again. */
static bool is_writable(const struct civil *c, int32_t offset_s)
{
	int32_t year;

	if (offset_s == 0 && c->second < MINUTE_S)
		return true;
	year = civil_from_seconds(civil_to_seconds(*c) - offset_s).year;
	return year >= 0 && year <= 9999;
}

enum rc wall_parse(const char *text, struct wall *ret, struct err *e)
{
	const char *at = text;
	struct civil c = { 0 };
	int32_t ms, offset_s;

	if (!take_civil(&at, &c) || !take_fraction(&at, &ms) || !take_offset(&at, &offset_s) ||
		*at || !is_writable(&c, offset_s))
		return err_set(e, RC_INPUT,
			"'%.40s' is not a time (RFC 3339, such as 2026-11-22T18:10:21Z)", text);
	*ret = (struct wall){ (civil_to_seconds(c) - offset_s) * SECOND_MS + ms };
	return RC_OK;
}

#define HLC_COUNTER_BITS 16

/* A clock before 1970 or beyond 48 bits (the year 10889) counts as the nearest that fits. */
static uint64_t physical_ms(struct wall now)
{
	const int64_t most = ((int64_t)1 << (64 - HLC_COUNTER_BITS)) - 1;

	if (now.ms < 0)
		return 0;
	return (uint64_t)(now.ms < most ? now.ms : most);
}

/* A counter that overflows carries into the milliseconds, which keeps the order. */
uint64_t hlc_tick(struct hlc *h, struct wall now)
{
	uint64_t stamp = physical_ms(now) << HLC_COUNTER_BITS;

	if (stamp <= h->last)
		stamp = h->last + 1;
	h->last = stamp;
	return stamp;
}

bool hlc_witness(struct hlc *h, struct wall now, uint64_t seen)
{
	if (seen >> HLC_COUNTER_BITS > physical_ms(now) + HLC_AHEAD_MAX_MS)
		return false;
	if (seen > h->last)
		h->last = seen;
	return true;
}
