/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything rests on stretches: spans of time within which a zone's offset and abbreviation don't
 * change.  stretch_at() finds the one around an instant, in the file's table or, from its last row
 * on, by the footer's rule.  All arithmetic is in whole seconds since 1970 UTC.
 *
 * TZif (RFC 8536, section 3), integers big-endian; "size" is 4 in the first block, 8 in the second:
 *
 *	 0  "TZif"        magic
 *	 4  version       NUL, '2', '3' or '4'
 *	 5  15 bytes      reserved
 *	20  isutcnt       UT/local indicators        (1 byte each, not needed here)
 *	24  isstdcnt      standard/wall indicators   (1 byte each, not needed here)
 *	28  leapcnt       leap seconds               (size + 4 each)
 *	32  timecnt       transitions                (size, and 1 for the type, each)
 *	36  typecnt       local time types           (6 each: offset 4, is DST 1, abbreviation 1)
 *	40  charcnt       bytes of abbreviations
 *	44  the rows: times, types of times, types, abbreviations, leap seconds, std, ut
 *
 * From version 2 on a second header and block follow, and "\n", a POSIX TZ string, "\n".
 */
#include "base/tz.h"

#include "base/str.h"

#include <stdio.h>

#define HEADER_BYTES      44
#define ABBREVIATION_SIZE 16       /* with terminator */
#define OFFSET_MIN_S      (-89999) /* RFC 8536, section 3.2: -24:59:59 */
#define OFFSET_MAX_S      93599    /* 25:59:59 */
#define DAY_S             86400
#define RULE_HOURS_MAX    167 /* RFC 8536, section 3.3.1 */

struct local_type {
	int32_t offset_s;
	char abbreviation[ABBREVIATION_SIZE];
};

/* One date of a POSIX TZ rule (POSIX.1-2017, 8.3), and the seconds after its midnight. */
struct rule_date {
	enum { RULE_JULIAN, RULE_DAY_OF_YEAR, RULE_WEEKDAY } kind;
	int32_t day; /* Jn: 1-365, never 29 February; n: 0-365; Mm.w.d: 0-6, 0 is Sunday */
	int32_t month, week;
	int32_t time_s;
};

struct rule {
	bool is_there, has_summer;
	struct local_type standard, summer;
	struct rule_date summer_starts, summer_ends; /* each in the local time before it */
};

struct tz {
	char name[TZ_NAME_MAX];
	uint32_t n_times, n_types;
	int64_t *times;           /* strictly ascending */
	uint8_t *type_of;         /* index into types, one for each time */
	struct local_type *types; /* the first also holds before all times */
	struct rule rule;
};

struct stretch {
	int64_t from, until; /* from <= t < until */
	const struct local_type *type;
};

struct bytes {
	const uint8_t *p;
	size_t n;
	bool is_short; /* somebody asked for more than there was */
};

struct counts {
	char version;
	uint32_t uts, stds, leaps, times, types, chars;
};

/* The next `n` bytes, or NULL.  The only place that moves through the file. */
static const uint8_t *take(struct bytes *b, uint64_t n)
{
	const uint8_t *p = b->p;

	if (b->is_short || n > b->n) {
		b->is_short = true;
		return NULL;
	}
	b->p += n;
	b->n -= n;
	return p;
}

static int64_t big_endian(const uint8_t *p, size_t size)
{
	uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0; /* extend the sign */

	for (size_t i = 0; i < size; i++)
		value = value << 8 | p[i];
	return (int64_t)value;
}

static bool take_header(struct bytes *b, struct counts *ret)
{
	const uint8_t *h = take(b, HEADER_BYTES);

	if (!h || memcmp(h, "TZif", 4) != 0)
		return false;
	*ret = (struct counts){
		.version = (char)h[4],
		.uts = (uint32_t)big_endian(h + 20, 4),
		.stds = (uint32_t)big_endian(h + 24, 4),
		.leaps = (uint32_t)big_endian(h + 28, 4),
		.times = (uint32_t)big_endian(h + 32, 4),
		.types = (uint32_t)big_endian(h + 36, 4),
		.chars = (uint32_t)big_endian(h + 40, 4),
	};
	return true;
}

/* Leap seconds and the two lists of indicators: read past, never looked at. */
static uint64_t tail_bytes(const struct counts *c, size_t size)
{
	return c->leaps * (uint64_t)(size + 4) + c->stds + c->uts;
}

static uint64_t block_bytes(const struct counts *c, size_t size)
{
	return c->times * (uint64_t)(size + 1) + c->types * (uint64_t)6 + c->chars +
	       tail_bytes(c, size);
}

static bool is_abbreviation_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' ||
	       c == '-';
}

/* The terminated text at `from` in the block of abbreviations. */
static bool read_abbreviation(const uint8_t *chars, size_t n_chars, size_t from,
	char ret[ABBREVIATION_SIZE])
{
	for (size_t i = 0; i < ABBREVIATION_SIZE && from + i < n_chars; i++) {
		ret[i] = (char)chars[from + i];
		if (ret[i] == '\0')
			return i > 0;
		if (!is_abbreviation_char(ret[i]))
			return false;
	}
	return false;
}

static enum rc read_types(struct tz *z, const uint8_t *rows, const uint8_t *chars,
	const struct counts *c, struct err *e)
{
	z->n_types = c->types;
	z->types = must_alloc(c->types * sizeof *z->types);
	for (uint32_t i = 0; i < c->types; i++) {
		const uint8_t *row = rows + (size_t)6 * i;
		int64_t offset_s = big_endian(row, 4);

		if (offset_s < OFFSET_MIN_S || offset_s > OFFSET_MAX_S)
			return err_set(e, RC_INPUT, "local time type %u is %lld s from UTC", i,
				(long long)offset_s);
		z->types[i].offset_s = (int32_t)offset_s;
		if (!read_abbreviation(chars, c->chars, row[5], z->types[i].abbreviation))
			return err_set(e, RC_INPUT, "local time type %u has no abbreviation", i);
	}
	return RC_OK;
}

struct transitions { /* as they stand in the file */
	const uint8_t *times, *types;
	size_t time_bytes; /* of one: 4 or 8 */
	uint32_t n;
};

static enum rc read_times(struct tz *z, const struct transitions *t, struct err *e)
{
	if (t->n == 0)
		return RC_OK;
	z->times = must_alloc(t->n * sizeof *z->times);
	z->type_of = must_alloc(t->n);
	for (; z->n_times < t->n; z->n_times++) {
		uint32_t i = z->n_times;

		z->times[i] = big_endian(t->times + t->time_bytes * i, t->time_bytes);
		z->type_of[i] = t->types[i];
		if (i > 0 && z->times[i] <= z->times[i - 1])
			return err_set(e, RC_INPUT, "transition %u is not after the one before", i);
		if (t->types[i] >= z->n_types)
			return err_set(e, RC_INPUT, "transition %u leads to type %u of %u", i,
				t->types[i], z->n_types);
	}
	return RC_OK;
}

static enum rc read_block(struct tz *z, struct bytes *b, const struct counts *c, size_t size,
	struct err *e)
{
	struct transitions t = { .times = take(b, c->times * (uint64_t)size),
		.time_bytes = size,
		.n = c->times };
	const uint8_t *types, *chars;
	enum rc rc;

	t.types = take(b, c->times);
	types = take(b, c->types * (uint64_t)6);
	chars = take(b, c->chars);
	take(b, tail_bytes(c, size));
	if (b->is_short)
		return err_set(e, RC_INPUT, "cut short: %llu bytes of tables announced",
			(unsigned long long)block_bytes(c, size));
	if (c->types == 0 || c->types > 256)
		return err_set(e, RC_INPUT, "%u local time types", c->types);
	if (c->leaps > 0)
		return err_set(e, RC_UNSUPPORTED,
			"counts leap seconds; use the zone outside right/");
	rc = read_types(z, types, chars, c, e);
	return rc == RC_OK ? read_times(z, &t, e) : rc;
}

/* "IST" or "<+0530>" */
static bool take_name(const char **at, char ret[ABBREVIATION_SIZE])
{
	bool is_quoted = **at == '<';
	size_t n = 0;

	*at += is_quoted;
	while (is_abbreviation_char(**at) && (is_quoted || (**at | 0x20) >= 'a')) {
		if (n + 1 == ABBREVIATION_SIZE)
			return false;
		ret[n++] = *(*at)++;
	}
	ret[n] = '\0';
	if (is_quoted && *(*at)++ != '>')
		return false;
	return n >= 3;
}

static bool take_number(const char **at, int32_t low, int32_t high, int32_t *ret)
{
	const char *start = *at;

	for (*ret = 0; **at >= '0' && **at <= '9' && *at - start < 3; ++*at)
		*ret = 10 * *ret + (**at - '0');
	return *at > start && *ret >= low && *ret <= high;
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_time(const char **at, int32_t hours_max, int32_t *ret_s)
{
	int32_t sign = **at == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	*at += **at == '-' || **at == '+';
	if (!take_number(at, 0, hours_max, &hours))
		return false;
	if (**at == ':') {
		++*at;
		if (!take_number(at, 0, 59, &minutes))
			return false;
		if (**at == ':') {
			++*at;
			if (!take_number(at, 0, 59, &seconds))
				return false;
		}
	}
	*ret_s = sign * (3600 * hours + 60 * minutes + seconds);
	return true;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* ",Mm.w.d", ",Jn" or ",n", and "/time", which is 02:00 when absent. */
static bool take_date(const char **at, struct rule_date *ret)
{
	*ret = (struct rule_date){ .time_s = 2 * 3600 };
	if (!take_char(at, ','))
		return false;
	if (take_char(at, 'M')) {
		ret->kind = RULE_WEEKDAY;
		if (!take_number(at, 1, 12, &ret->month) || !take_char(at, '.') ||
			!take_number(at, 1, 5, &ret->week) || !take_char(at, '.') ||
			!take_number(at, 0, 6, &ret->day))
			return false;
	} else {
		ret->kind = take_char(at, 'J') ? RULE_JULIAN : RULE_DAY_OF_YEAR;
		if (!take_number(at, ret->kind == RULE_JULIAN, 365, &ret->day))
			return false;
	}
	return !take_char(at, '/') || take_time(at, RULE_HOURS_MAX, &ret->time_s);
}

/* "IST-1GMT0,M10.5.0,M3.5.0/1": POSIX counts offsets westward. */
static bool take_rule(const char **at, struct rule *r)
{
	int32_t west_s;

	r->is_there = true;
	if (!take_name(at, r->standard.abbreviation) || !take_time(at, 24, &west_s))
		return false;
	r->standard.offset_s = -west_s;
	if (**at == '\0')
		return true;
	r->has_summer = true;
	r->summer.offset_s = r->standard.offset_s + 3600;
	if (!take_name(at, r->summer.abbreviation))
		return false;
	if (**at != ',') {
		if (!take_time(at, 24, &west_s))
			return false;
		r->summer.offset_s = -west_s;
	}
	return take_date(at, &r->summer_starts) && take_date(at, &r->summer_ends) && **at == '\0';
}

static enum rc read_footer(struct rule *r, struct bytes *b, struct err *e)
{
	const uint8_t *newline = take(b, 1);
	const uint8_t *end = newline ? memchr(b->p, '\n', b->n) : NULL;
	char text[128];
	const char *at = text;
	size_t n;

	if (!newline || *newline != '\n' || !end)
		return err_set(e, RC_INPUT, "no footer between newlines");
	n = (size_t)(end - b->p);
	if (n == 0)
		return RC_OK; /* nothing is known beyond the last transition */
	if (n >= sizeof text)
		return err_set(e, RC_INPUT, "a footer of %zu bytes", n);
	memcpy(text, b->p, n);
	text[n] = '\0';
	if (strlen(text) != n || !take_rule(&at, r))
		return err_set(e, RC_INPUT, "the footer's rule '%s' is wrong at offset %td", text,
			at - text);
	return RC_OK;
}

static enum rc read_file(struct tz *z, struct bytes b, struct err *e)
{
	struct counts c;
	enum rc rc;

	if (!take_header(&b, &c))
		return err_set(e, RC_INPUT, "not a TZif file");
	if (c.version == '\0')
		return read_block(z, &b, &c, 4, e);
	take(&b, block_bytes(&c, 4));
	if (!take_header(&b, &c))
		return err_set(e, RC_INPUT, "the 64-bit block is missing");
	rc = read_block(z, &b, &c, 8, e);
	return rc == RC_OK ? read_footer(&z->rule, &b, e) : rc;
}

enum rc tz_parse(struct tz **ret, const char *name, const void *bytes, size_t n, struct err *e)
{
	scoped(tz_free) struct tz *z = must_alloc(sizeof *z);
	enum rc rc;

	if (!str_copy(z->name, sizeof z->name, name))
		return err_set(e, RC_LIMIT, "time zone '%.60s...': a name of over %d bytes", name,
			TZ_NAME_MAX - 1);
	if (n > TZ_FILE_MAX)
		return err_set(e, RC_LIMIT, "time zone '%s': %zu bytes, over %d", name, n,
			TZ_FILE_MAX);
	rc = read_file(z, (struct bytes){ .p = bytes, .n = n }, e);
	if (rc != RC_OK)
		return err_in(e, rc, "time zone '%s'", name);
	*ret = TAKE(z);
	return RC_OK;
}

void tz_free(struct tz *z)
{
	if (!z)
		return;
	free(z->times);
	free(z->type_of);
	free(z->types);
	free(z);
}

const struct tz *tz_utc(void)
{
	static struct local_type type = { .offset_s = 0, .abbreviation = "UTC" };
	static const struct tz utc = { .name = "UTC", .n_types = 1, .types = &type };

	return &utc;
}

const char *tz_name(const struct tz *z)
{
	return z->name;
}

/* Days since 1970 of a rule's date in `year`. */
static int64_t rule_day(const struct rule_date *d, int32_t year)
{
	struct civil first = { .year = year,
		.month = d->kind == RULE_WEEKDAY ? d->month : 1,
		.day = 1 };
	int64_t day = civil_to_seconds(first) / DAY_S;
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t next_month, ahead;

	switch (d->kind) {
	case RULE_JULIAN:
		return day + d->day - 1 + (is_leap && d->day >= 60);
	case RULE_DAY_OF_YEAR:
		return day + d->day;
	case RULE_WEEKDAY:
		break;
	}
	first.month++;
	next_month = civil_to_seconds(first) / DAY_S;
	ahead = ((d->day - day - 4) % 7 + 7) % 7; /* day 0, 1970-01-01, was a Thursday */
	day += ahead + 7 * (d->week - 1);
	return day < next_month ? day : day - 7; /* week 5 is the last one */
}

/*
 * The transitions nearest to `t` on both sides.  Times of up to a week beyond their day may carry a
 * transition into the next or the last year, hence the years around.  Where summer time ends and
 * starts at once it is summer all year (RFC 8536, section 3.3.1).
 */
static struct stretch rule_stretch(const struct rule *r, int64_t t)
{
	struct stretch s = { .from = INT64_MIN, .until = INT64_MAX, .type = &r->standard };
	int32_t year = civil_from_seconds(t).year;

	for (int32_t y = year - 2; r->has_summer && y <= year + 2; y++) {
		int64_t ends = rule_day(&r->summer_ends, y) * DAY_S + r->summer_ends.time_s -
			       r->summer.offset_s;
		int64_t starts = rule_day(&r->summer_starts, y) * DAY_S + r->summer_starts.time_s -
				 r->standard.offset_s;

		if (ends <= t && ends > s.from)
			s = (struct stretch){ ends, s.until, &r->standard };
		if (starts <= t && starts >= s.from)
			s = (struct stretch){ starts, s.until, &r->summer };
		if (ends > t && ends < s.until)
			s.until = ends;
		if (starts > t && starts < s.until)
			s.until = starts;
	}
	return s;
}

/* Number of transitions at or before `t`. */
static uint32_t transitions_until(const struct tz *z, int64_t t)
{
	uint32_t low = 0, high = z->n_times;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (z->times[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct stretch stretch_at(const struct tz *z, int64_t t)
{
	uint32_t n = transitions_until(z, t);
	struct stretch s = {
		.from = n > 0 ? z->times[n - 1] : INT64_MIN,
		.until = n < z->n_times ? z->times[n] : INT64_MAX,
		.type = &z->types[n > 0 ? z->type_of[n - 1] : 0],
	};

	if (n == z->n_times && z->rule.is_there) {
		struct stretch by_rule = rule_stretch(&z->rule, t);

		by_rule.from = by_rule.from > s.from ? by_rule.from : s.from;
		return by_rule;
	}
	return s;
}

static int64_t seconds_of(struct wall t)
{
	return t.ms / SECOND_MS - (t.ms % SECOND_MS < 0);
}

static struct wall wall_of(int64_t s)
{
	if (s > INT64_MAX / SECOND_MS)
		return (struct wall){ NEVER_MS };
	if (s < INT64_MIN / SECOND_MS)
		return (struct wall){ INT64_MIN };
	return (struct wall){ s * SECOND_MS };
}

struct tz_local tz_at(const struct tz *z, struct wall t)
{
	int64_t s = seconds_of(t);
	const struct local_type *type = stretch_at(z, s).type;

	return (struct tz_local){
		.civil = civil_from_seconds(s + type->offset_s),
		.offset_s = type->offset_s,
		.abbreviation = type->abbreviation,
	};
}

struct tz_span tz_span_at(const struct tz *z, struct wall t)
{
	struct stretch s = stretch_at(z, seconds_of(t));

	return (struct tz_span){ .from = wall_of(s.from), .until = wall_of(s.until) };
}

/* The first instant at which the local clock has come to `c` or, jumping, beyond. */
struct wall tz_instant(const struct tz *z, struct civil c)
{
	int64_t local = civil_to_seconds(c);
	int64_t t = local - OFFSET_MAX_S - 1; /* surely before */
	struct wall in_utc = wall_of(local);

	if (in_utc.ms == INT64_MIN || in_utc.ms == NEVER_MS)
		return in_utc; /* a year that no instant has */
	for (;;) {
		struct stretch s = stretch_at(z, t);
		int64_t at = local - s.type->offset_s;

		if (at < t)
			at = t; /* the clock jumped over it */
		if (at < s.until)
			return wall_of(at);
		t = s.until;
	}
}

const char *tz_text(const struct tz *z, struct wall t, struct wall reference, char *buf, size_t n)
{
	static const char weekdays[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	struct tz_local local = tz_at(z, t);
	struct civil c = local.civil, today = tz_at(z, reference).civil;

	if (c.year == today.year && c.month == today.month && c.day == today.day)
		snprintf(buf, n, "%02d:%02d:%02d %s", c.hour, c.minute, c.second,
			local.abbreviation);
	else
		snprintf(buf, n, "%s %d %s %02d:%02d %s", weekdays[c.weekday], c.day,
			months[c.month - 1], c.hour, c.minute, local.abbreviation);
	return buf;
}
