/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void durations_are_read(void **unused)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "250ms", 250 },
		{ "15s", 15 * SECOND_MS },
		{ "90m", 90 * MINUTE_MS },
		{ "1h30m", 90 * MINUTE_MS },
		{ "30d", 30 * DAY_MS },
		{ "2w", 14 * DAY_MS },
		{ "1y", 365 * DAY_MS },
		{ "1y2w3d4h5m6s7ms",
			(365 + 14 + 3) * DAY_MS + 4 * HOUR_MS + 5 * MINUTE_MS + 6 * SECOND_MS + 7 },
		{ "5m1ms", 5 * MINUTE_MS + 1 },
		{ "292y", 292 * 365 * DAY_MS },
		{ "9223372036854ms", INT64_MAX / 1000000 },
		{ "00000000000000000000000001s", SECOND_MS },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		int64_t ms = -1;

		if (duration_parse(rows[i].text, &ms, &e) != RC_OK)
			fail_msg("%s", e.text);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void what_is_no_duration_is_refused(void **unused)
{
	static const char *const texts[] = { "", " ", "s", "5", "00", "-5s", "+5s", "5 s", " 5s",
		"5s ", "1.5h", "5S", "5sec", "5mss", "5m5", "1m1m", "1s1m", "1m1h", "1ms1s", "1s1s",
		"5x", "5\xc2\xb5s", "99999999999999999999s", "9223372036854775807ms",
		"9223372036854775808ms", "9223372036855ms", "293y", "292y53w",
		"18446744073709551616s", "106751991168d", "300000000y" };

	(void)unused;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e = { 0 };
		int64_t ms = -1;

		if (duration_parse(texts[i], &ms, &e) != RC_INPUT)
			fail_msg("'%s' was taken for %lld ms", texts[i], (long long)ms);
		assert_int_equal(ms, -1);
		assert_true(e.text[0] != '\0');
	}
}

static void durations_are_told_to_people(void **unused)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0 ms" },
		{ 850, "850 ms" },
		{ 999, "999 ms" },
		{ SECOND_MS, "1 s" },
		{ 12 * SECOND_MS + 999, "12 s" },
		{ 4 * MINUTE_MS, "4 min" },
		{ 4 * MINUTE_MS + 5 * SECOND_MS, "4 min 5 s" },
		{ HOUR_MS - 1, "59 min 59 s" },
		{ 3 * HOUR_MS + 20 * MINUTE_MS, "3 h 20 min" },
		{ 3 * HOUR_MS + 20 * SECOND_MS, "3 h" },
		{ 2 * DAY_MS + 4 * HOUR_MS, "2 d 4 h" },
		{ 400 * DAY_MS, "400 d" },
		{ -12 * SECOND_MS, "-12 s" },
		{ INT64_MIN, "-106751991167 d 7 h" },
		{ NEVER_MS, "never" },
	};
	char buf[DURATION_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(duration_text(rows[i].ms, buf), rows[i].text);
}

static void what_was_measured_is_told_to_the_nearest_second(void **unused)
{
	(void)unused;
	assert_int_equal(distance_ms(-7199970), 2 * HOUR_MS);
	assert_int_equal(distance_ms(30499), 30 * SECOND_MS);
	assert_int_equal(distance_ms(0), 0);
	assert_true(distance_ms(INT64_MIN) > 0);
	assert_int_equal(distance_ms(INT64_MAX), distance_ms(INT64_MIN));
}

static void instants_are_written_and_read_back(void **unused)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1795371021123, "2026-11-22T18:10:21.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z" },
	};
	char buf[WALL_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wall t = { 1 };

		assert_string_equal(wall_rfc3339((struct wall){ rows[i].ms }, buf), rows[i].text);
		assert_int_equal(wall_parse(rows[i].text, &t, NULL), RC_OK);
		assert_int_equal(t.ms, rows[i].ms);
	}
	/* Beyond what RFC 3339 can say, but it must not overflow. */
	assert_string_equal(wall_rfc3339((struct wall){ NEVER_MS }, buf),
		"292278994-08-17T07:12:55.807Z");
	assert_true(strlen(wall_rfc3339((struct wall){ INT64_MIN }, buf)) < WALL_TEXT_MAX);
}

static void other_ways_to_write_an_instant_are_read(void **unused)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T05:30:00+05:30", 0 },
		{ "1969-12-31T19:00:00-05:00", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01 00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.123456789Z", 123 },
		{ "1969-12-31T23:59:60Z", 0 }, /* a leap second is the next minute's first */
		{ "1970-01-01T00:00:00-00:00", 0 },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		struct wall t = { 1 };

		if (wall_parse(rows[i].text, &t, &e) != RC_OK)
			fail_msg("%s", e.text);
		assert_int_equal(t.ms, rows[i].ms);
	}
}

static void what_is_no_instant_is_refused(void **unused)
{
	static const char *const texts[] = { "9999-12-31T23:59:59-00:01",
		"0000-01-01T00:00:00+00:01", "", "now", "2026-11-22", "2026-11-22T18:10Z",
		"2026-11-22T18:10:21", "2026-11-22T18:10:21Zx", "2026-11-22T18:10:21.Z",
		"2026-11-22T18:10:21+05", "2026-11-22T18:10:21+0530", "2026-11-22T18:10:21+24:00",
		"2026-11-22T18:10:21+05:60", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z", "26-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
		"-026-01-01T00:00:00Z", "2026-01-01T00:00:00.1.2Z", " 2026-01-01T00:00:00Z" };

	(void)unused;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e = { 0 };
		struct wall t = { 1 };

		if (wall_parse(texts[i], &t, &e) != RC_INPUT)
			fail_msg("'%s' was taken for an instant", texts[i]);
		assert_int_equal(t.ms, 1);
		assert_true(e.text[0] != '\0');
	}
}

static bool is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A calendar that is counted day by day, as a child would. */
struct calendar {
	int32_t year, month, day, weekday;
};

static void next_day(struct calendar *c)
{
	static const int32_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	c->weekday = (c->weekday + 1) % 7;
	if (++c->day <= days[c->month - 1] + (c->month == 2 && is_leap(c->year)))
		return;
	c->day = 1;
	if (++c->month <= 12)
		return;
	c->month = 1;
	c->year++;
}

static void every_day_from_1600_to_2400_is_the_calendar_s(void **unused)
{
	struct calendar c = { 1600, 1, 1, 6 }; /* a Saturday */
	int64_t seconds = -11676096000;
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (; c.year <= 2400; next_day(&c), seconds += 86400) {
		int64_t within = rng_between(&r, 0, 86399);
		struct civil got = civil_from_seconds(seconds + within);

		assert_int_equal(got.year, c.year);
		assert_int_equal(got.month, c.month);
		assert_int_equal(got.day, c.day);
		assert_int_equal(got.weekday, c.weekday);
		assert_int_equal(got.hour * 3600 + got.minute * 60 + got.second, within);
		assert_true(got.minute < 60 && got.second < 60);
		assert_int_equal(civil_to_seconds(got), seconds + within);
	}
	assert_int_equal(seconds, 13601088000); /* 2401-01-01 */
}

static void far_dates_return_where_they_came_from(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 2);
	for (int i = 0; i < 100000; i++) {
		int64_t seconds = rng_between(&r, INT64_MIN / 1000, INT64_MAX / 1000);

		assert_int_equal(civil_to_seconds(civil_from_seconds(seconds)), seconds);
	}
}

static void fields_that_overflow_carry(void **unused)
{
	struct civil c = { .year = 2026, .month = 1, .day = 32 };

	(void)unused;
	c = civil_from_seconds(civil_to_seconds(c));
	assert_int_equal(c.month, 2);
	assert_int_equal(c.day, 1);
	c = (struct civil){ .year = 2026, .month = 14, .day = 0, .hour = -1, .second = 3600 };
	c = civil_from_seconds(civil_to_seconds(c));
	assert_int_equal(c.year, 2027);
	assert_int_equal(c.month, 1);
	assert_int_equal(c.day, 31);
	assert_int_equal(c.hour, 0);
	c = (struct civil){ .year = 2026, .month = 0, .day = 1 };
	c = civil_from_seconds(civil_to_seconds(c));
	assert_int_equal(c.year, 2025);
	assert_int_equal(c.month, 12);
}

static void a_logical_clock_never_runs_backwards(void **unused)
{
	struct hlc h = { 0 };
	uint64_t last = 0;
	struct rng r;

	(void)unused;
	rng_seed(&r, 3);
	for (int i = 0; i < 100000; i++) {
		struct wall now = { rng_between(&r, -5, 50) };
		uint64_t stamp = hlc_tick(&h, now);

		assert_true(stamp > last);
		assert_true(hlc_wall(stamp).ms >= now.ms);
		last = stamp;
	}
}

static void a_logical_clock_follows_the_wall(void **unused)
{
	struct hlc h = { 0 };

	(void)unused;
	assert_true(hlc_tick(&h, (struct wall){ 1000 }) == (uint64_t)1000 << 16);
	assert_true(hlc_tick(&h, (struct wall){ 1000 }) == ((uint64_t)1000 << 16 | 1));
	assert_true(hlc_tick(&h, (struct wall){ 900 }) == ((uint64_t)1000 << 16 | 2));
	assert_true(hlc_tick(&h, (struct wall){ 1001 }) == (uint64_t)1001 << 16);
	assert_int_equal(hlc_wall(h.last).ms, 1001);
}

static void a_full_counter_carries_into_the_milliseconds(void **unused)
{
	struct hlc h = { (uint64_t)1000 << 16 | 0xffff };

	(void)unused;
	assert_true(hlc_tick(&h, (struct wall){ 1000 }) == (uint64_t)1001 << 16);
}

static void what_was_caused_comes_after_its_cause(void **unused)
{
	struct hlc dublin = { 0 }, mumbai = { 0 };
	uint64_t cause = hlc_tick(&mumbai, (struct wall){ 5000 });

	(void)unused;
	assert_true(hlc_witness(&dublin, (struct wall){ 1000 }, cause));
	assert_true(hlc_tick(&dublin, (struct wall){ 1000 }) > cause);
}

static void an_old_stamp_does_not_turn_the_clock_back(void **unused)
{
	struct hlc h = { 0 };
	uint64_t before = hlc_tick(&h, (struct wall){ 5000 });

	(void)unused;
	assert_true(hlc_witness(&h, (struct wall){ 5000 }, (uint64_t)100 << 16));
	assert_true(h.last == before);
}

static void a_peer_far_ahead_is_not_followed(void **unused)
{
	const uint64_t farthest = (uint64_t)(1000 + HLC_AHEAD_MAX_MS) << 16;
	struct hlc h = { 0 };

	(void)unused;
	assert_false(hlc_witness(&h, (struct wall){ 1000 }, farthest + (1 << 16)));
	assert_true(h.last == 0);
	assert_false(hlc_witness(&h, (struct wall){ 1000 }, UINT64_MAX));
	assert_true(hlc_witness(&h, (struct wall){ 1000 }, farthest));
	assert_true(h.last == farthest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(durations_are_told_to_people),
		cmocka_unit_test(what_was_measured_is_told_to_the_nearest_second),
		cmocka_unit_test(instants_are_written_and_read_back),
		cmocka_unit_test(other_ways_to_write_an_instant_are_read),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(every_day_from_1600_to_2400_is_the_calendar_s),
		cmocka_unit_test(far_dates_return_where_they_came_from),
		cmocka_unit_test(fields_that_overflow_carry),
		cmocka_unit_test(a_logical_clock_never_runs_backwards),
		cmocka_unit_test(a_logical_clock_follows_the_wall),
		cmocka_unit_test(a_full_counter_carries_into_the_milliseconds),
		cmocka_unit_test(what_was_caused_comes_after_its_cause),
		cmocka_unit_test(an_old_stamp_does_not_turn_the_clock_back),
		cmocka_unit_test(a_peer_far_ahead_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
