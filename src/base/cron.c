/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching is done on civil time as numbers of seconds, a local clock without zone: next_reading()
 * and last_reading() jump from field to field, months first.  The zone comes in above them, in one
 * of two ways that the header tells apart:
 *
 * By reading: each matching reading of the clock happens once, when the clock first comes to it or
 * jumps over it.  tz_instant() says when, and never runs backwards as readings grow, so the answer
 * is the first matching reading beyond the highest that the clock has shown by now.
 *
 * By pace: within a stretch without change the clock is as good as UTC.
 */
#include "base/cron.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_S       86400
#define DAY_MINUTES 1440
#define MONTHS_MAX  (8 * 12) /* how far to look: 29 February from 2096 to 2104 */
#define EVERY_HOUR  0xffffffu
#define FIELDS      5
#define STEP_BACK_S (51 * 3600) /* no clock goes back further: TZif offsets are -25 h to +26 h */

static const char month_names[] = "jan feb mar apr may jun jul aug sep oct nov dec ";
static const char weekday_names[] = "sun mon tue wed thu fri sat ";

static const struct field {
	const char *name;
	int low, high;
	const char *names; /* of 4 bytes each, the first stands for `low` */
} fields[FIELDS] = {
	{ "minute", 0, 59, "" },
	{ "hour", 0, 23, "" },
	{ "day of the month", 1, 31, "" },
	{ "month", 1, 12, month_names },
	{ "day of the week", 0, 7, weekday_names },
};

static const struct nickname {
	const char *name, *means;
} nicknames[] = {
	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
	{ "@monthly", "0 0 1 * *" },
	{ "@weekly", "0 0 * * 0" },
	{ "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" },
	{ "@hourly", "0 * * * *" },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A number or a name; -1 when neither stands at `*at`. */
static int take_value(const char **at, const struct field *f)
{
	int value = 0;

	if (is_digit(**at)) {
		for (; is_digit(**at); ++*at)
			value = value < 1000 ? 10 * value + (**at - '0') : value;
		return value;
	}
	for (const char *name = f->names; *name; name += 4) {
		if (strncasecmp(*at, name, 3) == 0 && !is_letter((*at)[3])) {
			*at += 3;
			return f->low + (int)(name - f->names) / 4;
		}
	}
	return -1;
}

/* "*", "5", "1-5", "mon-fri"; -1 where a value is missing.  With a step, "5" is "5-" to the end. */
static void take_bounds(const char **at, const struct field *f, int *ret_low, int *ret_high)
{
	if (**at == '*') {
		++*at;
		*ret_low = f->low;
		*ret_high = f->high;
		return;
	}
	*ret_low = *ret_high = take_value(at, f);
	if (*ret_low >= 0 && **at == '-') {
		++*at;
		*ret_high = take_value(at, f);
		if (f->high == 7 && *ret_high == 0 && *ret_low > 0)
			*ret_high = 7; /* "fri-sun" */
	} else if (**at == '/') {
		*ret_high = f->high - (f->high == 7); /* the week ends on Saturday */
	}
}

/* One element of a list. */
static enum rc take_range(const char **at, const struct field *f, uint64_t *ret_bits, struct err *e)
{
	int low, high, step = 1;

	take_bounds(at, f, &low, &high);
	if (low < 0 || high < 0)
		return err_set(e, RC_INPUT, "%s: expected a number%s at '%.20s'", f->name,
			*f->names ? " or a name of three letters" : "", *at);
	if (low < f->low || low > f->high || high < f->low || high > f->high)
		return err_set(e, RC_INPUT, "%s: %d is not within %d-%d", f->name,
			low < f->low || low > f->high ? low : high, f->low, f->high);
	if (low > high)
		return err_set(e, RC_INPUT, "%s: the range %d-%d runs backwards", f->name, low,
			high);
	if (**at == '/') {
		++*at;
		step = is_digit(**at) ? take_value(at, f) : 0;
		if (step < 1)
			return err_set(e, RC_INPUT, "%s: a step is a number from 1", f->name);
	}
	for (int value = low; value <= high; value += step)
		*ret_bits |= (uint64_t)1 << value;
	return RC_OK;
}

static enum rc take_list(const char **at, const struct field *f, uint64_t *ret_bits, struct err *e)
{
	for (*ret_bits = 0;; ++*at) {
		enum rc rc = take_range(at, f, ret_bits, e);

		if (rc != RC_OK)
			return rc;
		if (**at == '\0' || is_blank(**at))
			return RC_OK;
		if (**at != ',')
			return err_set(e, RC_INPUT, "%s: '%.20s' is not understood", f->name, *at);
	}
}

static void skip_blanks(const char **at)
{
	while (is_blank(**at))
		++*at;
}

static enum rc parse_fields(const char *text, struct cron *ret, struct err *e)
{
	uint64_t bits[FIELDS];
	bool is_star[FIELDS];
	const char *at = text;

	skip_blanks(&at);
	for (int i = 0; i < FIELDS; i++, skip_blanks(&at)) {
		enum rc rc;

		if (*at == '\0')
			return err_set(e, RC_INPUT, "%d fields instead of %d", i, FIELDS);
		is_star[i] = *at == '*';
		rc = take_list(&at, &fields[i], &bits[i], e);
		if (rc != RC_OK)
			return rc;
	}
	if (*at != '\0')
		return err_set(e, RC_INPUT, "more than %d fields: '%.20s'", FIELDS, at);
	*ret = (struct cron){
		.minutes = bits[0],
		.hours = (uint32_t)bits[1],
		.days = (uint32_t)bits[2],
		.months = (uint32_t)bits[3],
		.weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f), /* 7 is Sunday, 0 */
		.is_day_star = is_star[2],
		.is_weekday_star = is_star[4],
	};
	return RC_OK;
}

enum rc cron_parse(const char *text, struct cron *ret, struct err *e)
{
	const char *meaning = text;
	enum rc rc;

	for (size_t i = 0; i < COUNT(nicknames); i++)
		if (str_eq(text, nicknames[i].name))
			meaning = nicknames[i].means;
	if (*meaning == '@')
		return err_set(e, RC_INPUT,
			"cron expression '%.60s': expected @hourly, @daily, @midnight, @weekly, "
			"@monthly, @yearly, @annually or five fields",
			text);
	rc = parse_fields(meaning, ret, e);
	return rc == RC_OK ? rc : err_in(e, rc, "cron expression '%.60s'", text);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int lowest(uint64_t bits) /* -1 when none */
{
	return bits ? __builtin_ctzll(bits) : -1;
}

static int highest(uint64_t bits)
{
	return bits ? 63 - __builtin_clzll(bits) : -1;
}

/* Bits from `n` on, and bits up to `n`; 0 <= n < 64. */
static uint64_t from_bit(uint64_t bits, int n)
{
	return bits >> n << n;
}

static uint64_t to_bit(uint64_t bits, int n)
{
	return bits << (63 - n) >> (63 - n);
}

/* First matching minute of the day at or after `minute`, -1 when none. */
static int next_minute(const struct cron *c, int minute)
{
	int hour = minute / 60, m = -1;

	if (c->hours >> hour & 1)
		m = lowest(from_bit(c->minutes, minute % 60));
	if (m < 0) {
		hour = lowest(from_bit(c->hours, hour + 1));
		m = lowest(c->minutes);
	}
	return hour < 0 ? -1 : 60 * hour + m;
}

static int last_minute(const struct cron *c, int minute)
{
	int hour = minute / 60, m = -1;

	if (c->hours >> hour & 1)
		m = highest(to_bit(c->minutes, minute % 60));
	if (m < 0) {
		hour = hour > 0 ? highest(to_bit(c->hours, hour - 1)) : -1;
		m = highest(c->minutes);
	}
	return hour < 0 ? -1 : 60 * hour + m;
}

struct month {
	int64_t first_day;   /* since 1970 */
	uint64_t match_days; /* bit n: the n-th, from 1 */
};

/* `month` may be beyond 1-12. */
static struct month month_of(const struct cron *c, int32_t year, int32_t month)
{
	struct civil first = { .year = year, .month = month, .day = 1 };
	struct month m = { .first_day = civil_to_seconds(first) / DAY_S };
	uint64_t days = c->days, weekdays = 0;
	int weekday, n;

	if (!(c->months >> ((month + 1200 - 1) % 12 + 1) & 1))
		return m;
	first.month++;
	n = (int)(civil_to_seconds(first) / DAY_S - m.first_day);
	weekday = civil_from_seconds(m.first_day * DAY_S).weekday;
	for (int i = 0; i < 7; i++)
		if (c->weekdays >> ((weekday + i) % 7) & 1)
			weekdays |= (uint64_t)0x10204081 << (i + 1); /* every seventh day */
	m.match_days = c->is_day_star || c->is_weekday_star ? days & weekdays : days | weekdays;
	m.match_days = to_bit(m.match_days, n);
	return m;
}

/* First matching day, as a number since 1970, at or after `day`. */
static bool next_day(const struct cron *c, int64_t day, int64_t *ret)
{
	struct civil from = civil_from_seconds(day * DAY_S);

	for (int i = 0; i <= MONTHS_MAX; i++) {
		struct month m = month_of(c, from.year, from.month + i);
		int n = lowest(i == 0 ? from_bit(m.match_days, from.day) : m.match_days);

		if (n > 0) {
			*ret = m.first_day + n - 1;
			return true;
		}
	}
	return false;
}

static bool last_day(const struct cron *c, int64_t day, int64_t *ret)
{
	struct civil to = civil_from_seconds(day * DAY_S);

	for (int i = 0; i <= MONTHS_MAX; i++) {
		struct month m = month_of(c, to.year, to.month - i);
		int n = highest(i == 0 ? to_bit(m.match_days, to.day) : m.match_days);

		if (n > 0) {
			*ret = m.first_day + n - 1;
			return true;
		}
	}
	return false;
}

/* First matching reading of a local clock at or after `reading`, in seconds. */
static bool next_reading(const struct cron *c, int64_t reading, int64_t *ret)
{
	int64_t whole = -floor_div(-reading, 60), today = floor_div(whole, DAY_MINUTES), day;
	int minute = next_minute(c, (int)(whole - today * DAY_MINUTES));

	if (!next_day(c, minute >= 0 ? today : today + 1, &day))
		return false;
	if (minute < 0 || day > today)
		minute = next_minute(c, 0);
	*ret = day * DAY_S + minute * 60;
	return true;
}

static bool last_reading(const struct cron *c, int64_t reading, int64_t *ret)
{
	int64_t whole = floor_div(reading, 60), today = floor_div(whole, DAY_MINUTES), day;
	int minute = last_minute(c, (int)(whole - today * DAY_MINUTES));

	if (!last_day(c, minute >= 0 ? today : today - 1, &day))
		return false;
	if (minute < 0 || day < today)
		minute = last_minute(c, DAY_MINUTES - 1);
	*ret = day * DAY_S + minute * 60;
	return true;
}

static struct wall instant_of(const struct tz *z, int64_t reading)
{
	return tz_instant(z, civil_from_seconds(reading));
}

static int64_t reading_at(const struct tz *z, struct wall t)
{
	return floor_div(t.ms, SECOND_MS) + tz_at(z, t).offset_s;
}

/* The highest reading that the local clock has shown or jumped over by `t`: after a step back it is
 * ahead of what the clock shows. */
static int64_t highest_reading(const struct tz *z, struct wall t)
{
	int64_t low = reading_at(z, t), high = low + STEP_BACK_S;

	if (instant_of(z, low + 1).ms > t.ms)
		return low;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (instant_of(z, middle).ms <= t.ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool is_by_pace(const struct cron *c)
{
	return c->hours == EVERY_HOUR;
}

static struct wall next_by_pace(const struct cron *c, const struct tz *z, struct wall t)
{
	struct wall last = { t.ms + (MONTHS_MAX + 1) * 31 * DAY_MS };
	struct wall from = { (floor_div(t.ms, SECOND_MS) + 1) * SECOND_MS };

	while (from.ms < last.ms) {
		int64_t offset_s = tz_at(z, from).offset_s, reading;
		struct wall until = tz_span_at(z, from).until;

		if (next_reading(c, reading_at(z, from), &reading) &&
			(reading - offset_s) * SECOND_MS < until.ms)
			return (struct wall){ (reading - offset_s) * SECOND_MS };
		from = until;
	}
	return (struct wall){ NEVER_MS };
}

static struct wall last_by_pace(const struct cron *c, const struct tz *z, struct wall t)
{
	struct wall first = { t.ms - (MONTHS_MAX + 1) * 31 * DAY_MS };

	while (t.ms > first.ms) {
		int64_t offset_s = tz_at(z, t).offset_s, reading;
		struct wall from = tz_span_at(z, t).from;

		if (last_reading(c, reading_at(z, t), &reading) &&
			(reading - offset_s) * SECOND_MS >= from.ms)
			return (struct wall){ (reading - offset_s) * SECOND_MS };
		if (from.ms == INT64_MIN)
			break;
		t.ms = from.ms - 1;
	}
	return (struct wall){ INT64_MIN };
}

/* Far from where the arithmetic above could overflow; "never" is beyond. */
#define FIRST_MS (INT64_MIN / 2)
#define LAST_MS  (INT64_MAX / 2)

struct wall cron_next(const struct cron *c, const struct tz *z, struct wall t)
{
	int64_t reading;

	if (t.ms > LAST_MS)
		return (struct wall){ NEVER_MS };
	if (t.ms < FIRST_MS)
		t.ms = FIRST_MS;
	if (is_by_pace(c))
		return next_by_pace(c, z, t);
	if (!next_reading(c, highest_reading(z, t) + 1, &reading))
		return (struct wall){ NEVER_MS };
	return instant_of(z, reading);
}

struct wall cron_previous(const struct cron *c, const struct tz *z, struct wall t)
{
	int64_t reading;

	if (t.ms < FIRST_MS)
		return (struct wall){ INT64_MIN };
	if (t.ms > LAST_MS)
		t.ms = LAST_MS;
	if (is_by_pace(c))
		return last_by_pace(c, z, t);
	if (!last_reading(c, highest_reading(z, t), &reading))
		return (struct wall){ INT64_MIN };
	return instant_of(z, reading);
}
