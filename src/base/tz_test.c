/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz.h"
#include "base/tz_fixture.h"

#include "base/str.h"
#include "base/tz_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define DUBLIN_RULE   "IST-1GMT0,M10.5.0,M3.5.0/1" /* summer time counts as standard */
#define NEW_YORK_RULE "EST5EDT,M3.2.0,M11.1.0"

static struct wall utc(const char *text)
{
	struct wall t = { 0 };

	assert_int_equal(wall_parse(text, &t, NULL), RC_OK);
	return t;
}

static void assert_wall(struct wall got, const char *want)
{
	char text[WALL_TEXT_MAX];

	assert_string_equal(wall_rfc3339(got, text), want);
}

/* "2026-07-01 13:00:00 +3600 IST" */
static void assert_local(const struct tz *z, const char *at, const char *want)
{
	struct tz_local l = tz_at(z, utc(at));
	char text[80];

	snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d %+d %s", l.civil.year,
		l.civil.month, l.civil.day, l.civil.hour, l.civil.minute, l.civil.second,
		l.offset_s, l.abbreviation);
	assert_string_equal(text, want);
}

static void utc_is_always_there(void **state)
{
	(void)state;
	assert_string_equal(tz_name(tz_utc()), "UTC");
	assert_local(tz_utc(), "2026-11-22T18:10:21Z", "2026-11-22 18:10:21 +0 UTC");
	assert_wall(tz_fixture_instant(tz_utc(), "2026-11-22 18:10"), "2026-11-22T18:10:00.000Z");
	assert_int_equal(tz_span_at(tz_utc(), utc("2026-11-22T18:10:21Z")).from.ms, INT64_MIN);
	assert_int_equal(tz_span_at(tz_utc(), utc("2026-11-22T18:10:21Z")).until.ms, NEVER_MS);
}

static void dublin_has_its_summer_where_its_file_says_winter(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);

	(void)state;
	assert_string_equal(tz_name(z), "Test/Dublin");
	assert_local(z, "2026-01-15T12:00:00Z", "2026-01-15 12:00:00 +0 GMT");
	assert_local(z, "2026-03-29T00:59:59Z", "2026-03-29 00:59:59 +0 GMT");
	assert_local(z, "2026-03-29T01:00:00Z", "2026-03-29 02:00:00 +3600 IST");
	assert_local(z, "2026-07-01T12:00:00Z", "2026-07-01 13:00:00 +3600 IST");
	assert_local(z, "2026-10-25T00:59:59Z", "2026-10-25 01:59:59 +3600 IST");
	assert_local(z, "2026-10-25T01:00:00Z", "2026-10-25 01:00:00 +0 GMT");
	assert_local(z, "2026-12-31T23:59:59Z", "2026-12-31 23:59:59 +0 GMT");
}

static void a_time_in_a_gap_is_the_first_instant_after_it(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);

	(void)state;
	assert_wall(tz_fixture_instant(z, "2026-03-29 00:59"), "2026-03-29T00:59:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-03-29 01:00"), "2026-03-29T01:00:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-03-29 01:30"), "2026-03-29T01:00:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-03-29 02:00"), "2026-03-29T01:00:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-03-29 02:01"), "2026-03-29T01:01:00.000Z");
}

static void a_time_in_an_overlap_is_the_first_of_the_two(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);

	(void)state;
	assert_wall(tz_fixture_instant(z, "2026-10-25 00:59"), "2026-10-24T23:59:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-10-25 01:00"), "2026-10-25T00:00:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-10-25 01:59"), "2026-10-25T00:59:00.000Z");
	assert_wall(tz_fixture_instant(z, "2026-10-25 02:00"), "2026-10-25T02:00:00.000Z");
}

static void a_span_runs_from_change_to_change(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/New_York", NEW_YORK_RULE);
	struct tz_span s = tz_span_at(z, utc("2026-07-04T12:00:00Z"));

	(void)state;
	assert_wall(s.from, "2026-03-08T07:00:00.000Z");
	assert_wall(s.until, "2026-11-01T06:00:00.000Z");
	assert_wall(tz_span_at(z, s.until).from, "2026-11-01T06:00:00.000Z");
	assert_wall(tz_span_at(z, s.until).until, "2027-03-14T07:00:00.000Z");
}

static void rules_know_every_kind_of_date(void **state)
{
	static const struct {
		const char *rule, *at, *local;
	} rows[] = {
		{ "<+0530>-5:30", "2026-07-01T12:00:00Z", "2026-07-01 17:30:00 +19800 +0530" },
		{ "<-00>0", "2026-07-01T12:00:00Z", "2026-07-01 12:00:00 +0 -00" },
		/* Jn: 1 March is always 60 */
		{ "AAA0BBB,J60/0,J300/0", "2024-02-29T23:59:59Z", "2024-02-29 23:59:59 +0 AAA" },
		{ "AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00Z", "2024-03-01 01:00:00 +3600 BBB" },
		{ "AAA0BBB,J60/0,J300/0", "2023-03-01T00:00:00Z", "2023-03-01 01:00:00 +3600 BBB" },
		/* n: counts from 0, and 29 February when there is one */
		{ "AAA0BBB,59/0,300/0", "2024-02-29T00:00:00Z", "2024-02-29 01:00:00 +3600 BBB" },
		{ "AAA0BBB,59/0,300/0", "2023-02-28T23:59:59Z", "2023-02-28 23:59:59 +0 AAA" },
		{ "AAA0BBB,59/0,300/0", "2023-03-01T00:00:00Z", "2023-03-01 01:00:00 +3600 BBB" },
		/* the southern summer spans the new year */
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T23:00:00Z",
			"2027-01-01 10:00:00 +39600 AEDT" },
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2027-06-01T00:00:00Z",
			"2027-06-01 10:00:00 +36000 AEST" },
		/* half an hour on Lord Howe */
		{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2027-01-01T00:00:00Z",
			"2027-01-01 11:00:00 +39600 +11" },
		/* hours before and beyond the day: Nuuk and Godthab's neighbours */
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z",
			"2026-03-28 22:59:59 -7200 -02" },
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z",
			"2026-03-29 00:00:00 -3600 -01" },
		{ "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z",
			"2026-03-27 01:59:59 +7200 IST" },
		{ "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z",
			"2026-03-27 03:00:00 +10800 IDT" },
		/* a week beyond the last Sunday of the year is in the next one */
		{ "AAA0BBB,M12.5.0/167,M6.1.0", "2027-01-02T22:59:59Z",
			"2027-01-02 22:59:59 +0 AAA" },
		{ "AAA0BBB,M12.5.0/167,M6.1.0", "2027-01-02T23:00:00Z",
			"2027-01-03 00:00:00 +3600 BBB" },
		{ "AAA0BBB,M1.1.0/-167,M6.1.0", "2026-12-27T00:59:59Z",
			"2026-12-27 00:59:59 +0 AAA" },
		{ "AAA0BBB,M1.1.0/-167,M6.1.0", "2026-12-27T01:00:00Z",
			"2026-12-27 02:00:00 +3600 BBB" },
		/* summer all year (RFC 8536, section 3.3.1) */
		{ "XXX3EDT4,0/0,J365/23", "2026-01-01T04:00:00Z",
			"2026-01-01 00:00:00 -14400 EDT" },
		{ "XXX3EDT4,0/0,J365/23", "2026-12-31T23:59:59Z",
			"2026-12-31 19:59:59 -14400 EDT" },
		{ "XXX3EDT4,0/0,J365/23", "2027-01-01T03:00:00Z",
			"2026-12-31 23:00:00 -14400 EDT" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(tz_free) struct tz *z = tz_of("Test/Rule", rows[i].rule);

		assert_local(z, rows[i].at, rows[i].local);
	}
}

static void text_has_a_date_only_on_another_day(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	struct wall t = utc("2026-07-01T22:30:05Z"); /* 23:30:05 in Dublin */
	char text[40];

	(void)state;
	assert_string_equal(tz_text(z, t, utc("2026-06-30T23:00:00Z"), text, sizeof text),
		"23:30:05 IST");
	assert_string_equal(tz_text(z, t, utc("2026-07-01T23:00:00Z"), text, sizeof text),
		"Wed 1 Jul 23:30 IST");
	assert_string_equal(tz_text(z, t, utc("2025-07-01T22:30:05Z"), text, sizeof text),
		"Wed 1 Jul 23:30 IST");
	assert_string_equal(tz_text(tz_utc(), utc("2026-11-23T19:04:11Z"),
				    utc("2026-11-25T00:00:00Z"), text, sizeof text),
		"Mon 23 Nov 19:04 UTC");
	assert_string_equal(tz_text(z, t, t, text, 6), "23:30");
}

/* Two types, two transitions at 1000 s and 2000 s, with or without a rule beyond. */
static size_t put_table(uint8_t *bytes, char version, const char *rule)
{
	static const uint8_t types[] = { 0, 0, 0, 60, 0, 0, 0, 0, 14, 16, 1, 4 };
	static const uint8_t counts[6] = { 0, 0, 0, 2, 2, 8 };
	size_t size = version ? 8 : 4;
	uint8_t *at = bytes;

	if (version)
		at = tz_put_header(at, version, (const uint8_t[6]){ 0 });
	at = tz_put_header(at, version, counts);
	memset(at, 0, 2 * size);
	at[size - 2] = 1000 >> 8;
	at[size - 1] = 1000 & 0xff;
	at[2 * size - 2] = 2000 >> 8;
	at[2 * size - 1] = 2000 & 0xff;
	at += 2 * size;
	*at++ = 1;
	*at++ = 0;
	memcpy(at, types, sizeof types);
	memcpy(at + sizeof types, "ONE\0TWO", 8);
	at += sizeof types + 8;
	if (version)
		at += sprintf((char *)at, "\n%s\n", rule);
	return (size_t)(at - bytes);
}

static struct tz *table(char version, const char *rule)
{
	uint8_t bytes[256];
	struct tz *z = NULL;

	assert_int_equal(tz_parse(&z, "Test/Table", bytes, put_table(bytes, version, rule), NULL),
		RC_OK);
	return z;
}

static void the_table_holds_until_its_last_transition_and_the_rule_beyond(void **state)
{
	scoped(tz_free) struct tz *with = table('2', "EST5"), *without = table('2', "");

	(void)state;
	assert_local(with, "1970-01-01T00:00:00Z", "1970-01-01 00:01:00 +60 ONE");
	assert_local(with, "1970-01-01T00:16:39Z", "1970-01-01 00:17:39 +60 ONE");
	assert_local(with, "1970-01-01T00:16:40Z", "1970-01-01 01:16:40 +3600 TWO");
	assert_local(with, "1970-01-01T00:33:19Z", "1970-01-01 01:33:19 +3600 TWO");
	assert_local(with, "1970-01-01T00:33:20Z", "1969-12-31 19:33:20 -18000 EST");
	assert_local(without, "1970-01-01T00:33:20Z", "1970-01-01 00:34:20 +60 ONE");
	assert_local(without, "2026-01-01T00:00:00Z", "2026-01-01 00:01:00 +60 ONE");
	assert_int_equal(tz_span_at(with, (struct wall){ 0 }).from.ms, INT64_MIN);
	assert_int_equal(tz_span_at(with, (struct wall){ 0 }).until.ms, 1000000);
	assert_int_equal(tz_span_at(with, (struct wall){ 1000000 }).until.ms, 2000000);
	assert_int_equal(tz_span_at(with, (struct wall){ 2000000 }).from.ms, 2000000);
}

static void a_file_of_version_1_is_read_from_its_only_block(void **state)
{
	scoped(tz_free) struct tz *z = table('\0', NULL);

	(void)state;
	assert_local(z, "1970-01-01T00:16:40Z", "1970-01-01 01:16:40 +3600 TWO");
	assert_local(z, "2026-01-01T00:00:00Z", "2026-01-01 00:01:00 +60 ONE");
}

static void milliseconds_before_1970_belong_to_the_second_before(void **state)
{
	scoped(tz_free) struct tz *z = table('2', "");
	struct tz_local l = tz_at(tz_utc(), (struct wall){ -1 });

	(void)state;
	assert_int_equal(l.civil.year, 1969);
	assert_int_equal(l.civil.second, 59);
	assert_string_equal(tz_at(z, (struct wall){ 999999 }).abbreviation, "ONE");
	assert_string_equal(tz_at(z, (struct wall){ 1000000 }).abbreviation, "TWO");
}

static void a_file_cut_short_anywhere_is_refused(void **state)
{
	uint8_t whole[256];
	size_t n = put_table(whole, '2', NEW_YORK_RULE);

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		scoped(mem_free) char *bytes = must_alloc(cut); /* its end is the sanitizer's */
		struct tz *z = NULL;
		struct err e = { 0 };

		memcpy(bytes, whole, cut);
		assert_int_equal(tz_parse(&z, "Test/Cut", bytes, cut, &e), RC_INPUT);
		assert_null(z);
		assert_true(str_starts(e.text, "time zone 'Test/Cut': "));
	}
}

static void assert_refused(const uint8_t *bytes, size_t n, enum rc want, const char *why)
{
	struct tz *z = NULL;
	struct err e = { 0 };

	assert_int_equal(tz_parse(&z, "Test/Bad", bytes, n, &e), want);
	assert_null(z);
	if (!strstr(e.text, why))
		fail_msg("'%s' is not in '%s'", why, e.text);
}

static void what_a_file_claims_is_checked(void **state)
{
	static const struct {
		size_t offset; /* within the second block and its header */
		uint8_t byte;
		const char *why;
	} rows[] = {
		{ 0, 'X', "the 64-bit block is missing" },
		{ 20, 0xff, "cut short" },
		{ 24, 0xff, "cut short" },
		{ 32, 0xff, "cut short" },
		{ 36, 0xff, "cut short" },
		{ 40, 0xff, "cut short" },
		{ 39, 0, "0 local time types" },
		{ 44 + 6, 0xff, "transition 1 is not after" },
		{ 44 + 16, 2, "transition 0 leads to type 2 of 2" },
		{ 44 + 18, 0x7f, "local time type 0 is 2130706492 s from UTC" },
		{ 44 + 18 + 5, 8, "local time type 0 has no abbreviation" },
		{ 44 + 18 + 5, 3, "local time type 0 has no abbreviation" },
		{ 44 + 30 + 7, 'X', "local time type 1 has no abbreviation" },
		{ 44 + 30 + 1, '\n', "local time type 0 has no abbreviation" },
		{ 44 + 38, 'X', "no footer between newlines" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[256];
		size_t n = put_table(bytes, '2', "");

		bytes[44 + rows[i].offset] = rows[i].byte;
		assert_refused(bytes, n, RC_INPUT, rows[i].why);
	}
}

static void a_zone_that_counts_leap_seconds_is_not_supported(void **state)
{
	uint8_t bytes[256], *at = tz_put_header(bytes, 0, (const uint8_t[6]){ 0, 0, 1, 0, 1, 4 });

	(void)state;
	memset(at, 0, 30);
	memcpy(at + 6, "UTC", 3);
	assert_refused(bytes, 44 + 6 + 4 + 8, RC_UNSUPPORTED, "leap seconds");
}

static void a_rule_that_is_malformed_is_refused(void **state)
{
	static const char *const rules[] = { "E", "EST", "5", "ES5", "EST25", "EST5EDT", "EST5E",
		"EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,", "EST5EDT,M3.2.0,M11.1.0x",
		"EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.0.0,M11.1.0",
		"EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J365", "EST5EDT,J1,J366", "EST5EDT,0,366",
		"EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0/-168,M11.1.0", "EST5:60",
		"EST5:30:60", "EST5:", "<EST5", "<>5", "<E T>5", "<ABCDEFGHIJKLMNOPQ>5", " EST5",
		"EST5 ", "EST5EDT25,M3.2.0,M11.1.0" };

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		uint8_t bytes[256];

		assert_refused(bytes, tz_put(bytes, rules[i]), RC_INPUT, "the footer's rule '");
	}
}

static void a_name_or_a_file_that_is_too_long_is_refused(void **state)
{
	scoped(mem_free) char *bytes = must_alloc(TZ_FILE_MAX + 1);
	size_t n = tz_put((uint8_t *)bytes, DUBLIN_RULE);
	char name[TZ_NAME_MAX + 1];
	struct tz *z = NULL;

	(void)state;
	assert_int_equal(tz_parse(&z, "Test/Big", bytes, TZ_FILE_MAX + 1, NULL), RC_LIMIT);
	memset(name, 'x', sizeof name);
	name[TZ_NAME_MAX] = '\0';
	assert_int_equal(tz_parse(&z, name, bytes, n, NULL), RC_LIMIT);
	assert_null(z);
}

static void times_that_no_calendar_reaches_do_no_harm(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	char text[40];

	(void)state;
	tz_text(z, (struct wall){ INT64_MIN }, (struct wall){ NEVER_MS }, text, sizeof text);
	assert_int_equal(tz_instant(z, (struct civil){ INT32_MAX, 12, 31, 23, 59, 59, 0 }).ms,
		NEVER_MS);
	assert_int_equal(tz_instant(z, (struct civil){ INT32_MIN, 1, 1, 0, 0, 0, 0 }).ms,
		INT64_MIN);
}

static void assert_like_libc(const struct tz *z, int64_t s)
{
	struct tz_local got = tz_at(z, (struct wall){ s * SECOND_MS });
	time_t t = s;
	struct tm want;

	assert_non_null(localtime_r(&t, &want));
	if (got.civil.year != want.tm_year + 1900 || got.civil.month != want.tm_mon + 1 ||
		got.civil.day != want.tm_mday || got.civil.hour != want.tm_hour ||
		got.civil.minute != want.tm_min || got.civil.second != want.tm_sec ||
		got.civil.weekday != want.tm_wday || got.offset_s != want.tm_gmtoff ||
		strcmp(got.abbreviation, want.tm_zone) != 0)
		fail_msg("%s at %lld: %+d %s, libc says %+ld %s", tz_name(z), (long long)s,
			got.offset_s, got.abbreviation, want.tm_gmtoff, want.tm_zone);
}

/* The model: libc, at odd steps through two and a half centuries and around every change. */
static void real_zones_are_reckoned_as_libc_does(void **state)
{
	static const char *const names[] = { "Europe/Dublin", "Asia/Kolkata", "America/New_York",
		"Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk", "Asia/Jerusalem",
		"Pacific/Apia", "America/Scoresbysund", "Antarctica/Troll" };
	size_t n_there = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		scoped(tz_free) struct tz *z = tz_fixture(names[i]);
		int64_t first = -3786825600, last = 4102444800; /* 1850, 2100 */

		if (!z)
			continue;
		n_there++;
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t s = first; s < last; s += 1234567)
			assert_like_libc(z, s);
		for (int64_t s = first; s < last;) {
			int64_t next = tz_span_at(z, (struct wall){ s * SECOND_MS }).until.ms;

			if (next == NEVER_MS)
				break;
			s = next / SECOND_MS;
			assert_like_libc(z, s - 1);
			assert_like_libc(z, s);
		}
	}
	if (n_there == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc_is_always_there),
		cmocka_unit_test(dublin_has_its_summer_where_its_file_says_winter),
		cmocka_unit_test(a_time_in_a_gap_is_the_first_instant_after_it),
		cmocka_unit_test(a_time_in_an_overlap_is_the_first_of_the_two),
		cmocka_unit_test(a_span_runs_from_change_to_change),
		cmocka_unit_test(rules_know_every_kind_of_date),
		cmocka_unit_test(text_has_a_date_only_on_another_day),
		cmocka_unit_test(the_table_holds_until_its_last_transition_and_the_rule_beyond),
		cmocka_unit_test(a_file_of_version_1_is_read_from_its_only_block),
		cmocka_unit_test(milliseconds_before_1970_belong_to_the_second_before),
		cmocka_unit_test(a_file_cut_short_anywhere_is_refused),
		cmocka_unit_test(what_a_file_claims_is_checked),
		cmocka_unit_test(a_zone_that_counts_leap_seconds_is_not_supported),
		cmocka_unit_test(a_rule_that_is_malformed_is_refused),
		cmocka_unit_test(a_name_or_a_file_that_is_too_long_is_refused),
		cmocka_unit_test(times_that_no_calendar_reaches_do_no_harm),
		cmocka_unit_test(real_zones_are_reckoned_as_libc_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
