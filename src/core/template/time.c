/* SPDX-License-Identifier: Apache-2.0 */
/* Go's time.Time in UTC, with milliseconds: https://pkg.go.dev/time#Layout */
#include "base/time.h"
#include "core/template/functions.h"

#include <stdio.h>

#define NANOSECONDS 9 /* digits of them */

struct moment {
	struct civil civil;
	int32_t ms;
	int32_t year_day; /* from 1 */
};

static struct moment moment_of(int64_t t_ms)
{
	int64_t seconds = t_ms / 1000 - (t_ms % 1000 < 0);
	struct moment m = { .civil = civil_from_seconds(seconds) };
	struct civil first = { .year = m.civil.year, .month = 1, .day = 1 };

	m.ms = (int32_t)(t_ms - seconds * 1000);
	m.year_day = (int32_t)((seconds - civil_to_seconds(first)) / 86400) + 1;
	return m;
}

const char *value_month(int64_t month)
{
	static const char *const names[] = { "January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December" };

	return month >= 1 && month <= 12 ? names[month - 1] : "";
}

const char *value_weekday(int64_t weekday)
{
	static const char *const names[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday" };

	return weekday >= 0 && weekday <= 6 ? names[weekday] : "";
}

static int hour12(const struct moment *m)
{
	return m->civil.hour % 12 == 0 ? 12 : m->civil.hour % 12;
}

/* What a layout may hold, longer words before those that they begin with. */
enum part {
	PART_LONG_MONTH,
	PART_MONTH,
	PART_LONG_WEEKDAY,
	PART_WEEKDAY,
	PART_ZONE,
	PART_YEAR_DAY_ZERO,
	PART_MONTH_ZERO,
	PART_DAY_ZERO,
	PART_HOUR12_ZERO,
	PART_MINUTE_ZERO,
	PART_SECOND_ZERO,
	PART_YEAR2,
	PART_HOUR,
	PART_MONTH_NUMBER,
	PART_LONG_YEAR,
	PART_DAY,
	PART_YEAR_DAY_SPACE,
	PART_DAY_SPACE,
	PART_HOUR12,
	PART_MINUTE,
	PART_SECOND,
	PART_AM,
	PART_AM_SMALL,
	PART_OFFSET_COLON_SECONDS,
	PART_OFFSET_COLON,
	PART_OFFSET_SECONDS,
	PART_OFFSET,
	PART_OFFSET_HOURS,
	PART_ISO,
};

static const struct {
	const char *word;
	enum part part;
} parts[] = {
	{ "January", PART_LONG_MONTH },
	{ "Jan", PART_MONTH },
	{ "Monday", PART_LONG_WEEKDAY },
	{ "Mon", PART_WEEKDAY },
	{ "MST", PART_ZONE },
	{ "002", PART_YEAR_DAY_ZERO },
	{ "01", PART_MONTH_ZERO },
	{ "02", PART_DAY_ZERO },
	{ "03", PART_HOUR12_ZERO },
	{ "04", PART_MINUTE_ZERO },
	{ "05", PART_SECOND_ZERO },
	{ "06", PART_YEAR2 },
	{ "15", PART_HOUR },
	{ "1", PART_MONTH_NUMBER },
	{ "2006", PART_LONG_YEAR },
	{ "2", PART_DAY },
	{ "__2", PART_YEAR_DAY_SPACE },
	{ "_2", PART_DAY_SPACE },
	{ "3", PART_HOUR12 },
	{ "4", PART_MINUTE },
	{ "5", PART_SECOND },
	{ "PM", PART_AM },
	{ "pm", PART_AM_SMALL },
	{ "-07:00:00", PART_OFFSET_COLON_SECONDS },
	{ "-07:00", PART_OFFSET_COLON },
	{ "-070000", PART_OFFSET_SECONDS },
	{ "-0700", PART_OFFSET },
	{ "-07", PART_OFFSET_HOURS },
	{ "Z07:00:00", PART_ISO },
	{ "Z07:00", PART_ISO },
	{ "Z070000", PART_ISO },
	{ "Z0700", PART_ISO },
	{ "Z07", PART_ISO },
};

static void add_part(const struct moment *m, enum part part, struct str *out)
{
	const struct civil *c = &m->civil;
	const struct {
		const char *format;
		int value;
	} numbers[] = {
		[PART_YEAR_DAY_ZERO] = { "%03d", m->year_day },
		[PART_MONTH_ZERO] = { "%02d", c->month },
		[PART_DAY_ZERO] = { "%02d", c->day },
		[PART_HOUR12_ZERO] = { "%02d", hour12(m) },
		[PART_MINUTE_ZERO] = { "%02d", c->minute },
		[PART_SECOND_ZERO] = { "%02d", c->second },
		[PART_YEAR2] = { "%02d", c->year % 100 },
		[PART_HOUR] = { "%02d", c->hour },
		[PART_MONTH_NUMBER] = { "%d", c->month },
		[PART_LONG_YEAR] = { "%04d", c->year },
		[PART_DAY] = { "%d", c->day },
		[PART_YEAR_DAY_SPACE] = { "%3d", m->year_day },
		[PART_DAY_SPACE] = { "%2d", c->day },
		[PART_HOUR12] = { "%d", hour12(m) },
		[PART_MINUTE] = { "%d", c->minute },
		[PART_SECOND] = { "%d", c->second },
	};
	const char *const texts[] = {
		[PART_LONG_MONTH] = value_month(c->month),
		[PART_LONG_WEEKDAY] = value_weekday(c->weekday),
		[PART_ZONE] = "UTC",
		[PART_AM] = c->hour >= 12 ? "PM" : "AM",
		[PART_AM_SMALL] = c->hour >= 12 ? "pm" : "am",
		[PART_OFFSET_COLON_SECONDS] = "+00:00:00",
		[PART_OFFSET_COLON] = "+00:00",
		[PART_OFFSET_SECONDS] = "+000000",
		[PART_OFFSET] = "+0000",
		[PART_OFFSET_HOURS] = "+00",
		[PART_ISO] = "Z",
	};
	const char *text = texts[part];

	if (part == PART_MONTH || part == PART_WEEKDAY) {
		text = part == PART_MONTH ? value_month(c->month) : value_weekday(c->weekday);
		str_addf(out, "%.3s", text);
	} else if (text) {
		str_add(out, text);
	} else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		str_addf(out, numbers[part].format, numbers[part].value);
#pragma GCC diagnostic pop
	}
}

static bool is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

/* How long the word of a layout at `s` is; 0: it is plain text. */
static size_t part_at(const char *s, size_t n, enum part *ret)
{
	for (size_t i = 0; i < COUNT(parts); i++) {
		size_t length = strlen(parts[i].word);

		if (length > n || memcmp(s, parts[i].word, length) != 0)
			continue;
		/* "Jane" and "Month" are none. */
		if ((parts[i].part == PART_MONTH || parts[i].part == PART_WEEKDAY) && n > length &&
			is_small(s[length]))
			continue;
		*ret = parts[i].part;
		return length;
	}
	/* "_2006" is an underscore and a year. */
	return 0;
}

/* ".000" always shows so many digits, ".999" none that are zero at the end. */
static size_t fraction_at(const char *s, size_t n)
{
	size_t length = 1;

	if (n < 2 || (*s != '.' && *s != ',') || (s[1] != '0' && s[1] != '9'))
		return 0;
	while (length < n && s[length] == s[1])
		length++;
	return length < n && s[length] >= '0' && s[length] <= '9' ? 0 : length;
}

static void add_fraction(const struct moment *m, const char *s, size_t n, struct str *out)
{
	char digits[NANOSECONDS + 1];
	size_t shown = n - 1 < NANOSECONDS ? n - 1 : NANOSECONDS;

	snprintf(digits, sizeof digits, "%03u000000", (unsigned)m->ms % 1000);
	while (s[1] == '9' && shown > 0 && digits[shown - 1] == '0')
		shown--;
	if (s[1] == '9' && shown == 0)
		return;
	str_addc(out, *s);
	str_addn(out, digits, shown);
	for (size_t i = shown; s[1] == '0' && i < n - 1; i++)
		str_addc(out, '0');
}

void value_time_format(int64_t ms, struct text layout, struct str *out)
{
	struct moment m = moment_of(ms);
	enum part part = PART_ZONE;

	for (size_t i = 0, length; i < layout.n; i += length) {
		const char *s = layout.s + i;
		bool is_year = layout.n - i >= 5 && memcmp(s, "_2006", 5) == 0;

		length = is_year ? 0 : part_at(s, layout.n - i, &part);
		if (length > 0) {
			add_part(&m, part, out);
			continue;
		}
		length = fraction_at(s, layout.n - i);
		if (length > 0) {
			add_fraction(&m, s, length, out);
			continue;
		}
		length = 1;
		str_addc(out, *s);
	}
}

void value_time_text(int64_t ms, struct str *out)
{
	static const char layout[] = "2006-01-02 15:04:05.999999999 -0700 MST";

	value_time_format(ms, (struct text){ layout, sizeof layout - 1 }, out);
}

/* Methods */

#define METHOD(name, of_kind, number)                                                \
	static struct value method_##name(struct exec *x, const struct arguments *a) \
	{                                                                            \
		struct moment m = moment_of(x->receiver.i);                          \
                                                                                     \
		(void)a;                                                             \
		(void)m;                                                             \
		return (struct value){ .kind = (of_kind), .i = (number) };           \
	}

METHOD(Year, VALUE_INT, m.civil.year)
METHOD(Month, VALUE_MONTH, m.civil.month)
METHOD(Day, VALUE_INT, m.civil.day)
METHOD(Hour, VALUE_INT, m.civil.hour)
METHOD(Minute, VALUE_INT, m.civil.minute)
METHOD(Second, VALUE_INT, m.civil.second)
METHOD(Nanosecond, VALUE_INT, m.ms * 1000000)
METHOD(YearDay, VALUE_INT, m.year_day)
METHOD(Weekday, VALUE_WEEKDAY, m.civil.weekday)
METHOD(Unix, VALUE_INT64, (x->receiver.i - m.ms) / 1000)
METHOD(UnixMilli, VALUE_INT64, x->receiver.i)
METHOD(UnixMicro, VALUE_INT64, x->receiver.i * 1000)
METHOD(UnixNano, VALUE_INT64, x->receiver.i * 1000000)

static struct value method_UTC(struct exec *x, const struct arguments *a)
{
	(void)a;
	return x->receiver;
}

static struct value method_IsZero(struct exec *x, const struct arguments *a)
{
	(void)x;
	(void)a;
	return value_of_bool(false); /* that is in the year 1 */
}

static struct value method_String(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);

	(void)a;
	value_time_text(x->receiver.i, &s);
	return value_of_text(exec_keep(x, &s));
}

static struct value method_Format(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);

	value_time_format(x->receiver.i, a->v[0].text, &s);
	return value_of_text(exec_keep(x, &s));
}

const struct function *method_find(struct text name)
{
#define PLAIN(name)                                               \
	{                                                         \
#name, 0, false, { PARAMETER_ANY }, method_##name \
	}
	static const struct function methods[] = {
		{ "Format", 1, false, { PARAMETER_STRING }, method_Format },
		PLAIN(Day),
		PLAIN(Hour),
		PLAIN(IsZero),
		PLAIN(Minute),
		PLAIN(Month),
		PLAIN(Nanosecond),
		PLAIN(Second),
		PLAIN(String),
		PLAIN(UTC),
		PLAIN(Unix),
		PLAIN(UnixMicro),
		PLAIN(UnixMilli),
		PLAIN(UnixNano),
		PLAIN(Weekday),
		PLAIN(Year),
		PLAIN(YearDay),
	};
#undef PLAIN

	for (size_t i = 0; i < COUNT(methods); i++)
		if (strlen(methods[i].name) == name.n &&
			memcmp(methods[i].name, name.s, name.n) == 0)
			return &methods[i];
	return NULL;
}
