/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cron.h"
#include "base/tz_fixture.h"

#include "base/str.h"
#include "base/tz_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define DUBLIN_RULE    "IST-1GMT0,M10.5.0,M3.5.0/1" /* summer time counts as standard */
#define NEW_YORK_RULE  "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE_RULE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"

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

static struct cron cron(const char *text)
{
	struct err e = { 0 };
	struct cron c;

	if (cron_parse(text, &c, &e) != RC_OK)
		fail_msg("%s", e.text);
	return c;
}

static struct wall next(const char *text, const struct tz *z, const char *after)
{
	struct cron c = cron(text);

	return cron_next(&c, z, utc(after));
}

static struct wall previous(const char *text, const struct tz *z, const char *until)
{
	struct cron c = cron(text);

	return cron_previous(&c, z, utc(until));
}

static void every_form_of_a_field_is_understood(void **state)
{
	struct cron c;

	(void)state;
	c = cron("0,15,30-32 */6 1-31/10 jan,MAR-may Mon-Fri");
	assert_int_equal(c.minutes, 1 | 1 << 15 | 7ull << 30);
	assert_int_equal(c.hours, 1 | 1 << 6 | 1 << 12 | 1 << 18);
	assert_int_equal(c.days, 1 << 1 | 1 << 11 | 1 << 21 | 1u << 31);
	assert_int_equal(c.months, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5);
	assert_int_equal(c.weekdays, 0x3e);
	assert_false(c.is_day_star || c.is_weekday_star);
	c = cron("  *\t*  * * * ");
	assert_int_equal(c.minutes, ~0ull >> 4);
	assert_int_equal(c.hours, 0xffffff);
	assert_int_equal(c.days, 0xfffffffe);
	assert_int_equal(c.months, 0x1ffe);
	assert_int_equal(c.weekdays, 0x7f);
	assert_true(c.is_day_star && c.is_weekday_star);
	assert_int_equal(cron("50/5 * * * *").minutes, 1ull << 50 | 1ull << 55);
	assert_true(cron("0 0 */2 * *").is_day_star);
}

static void sunday_is_0_and_7(void **state)
{
	(void)state;
	assert_int_equal(cron("0 0 * * 0").weekdays, 1);
	assert_int_equal(cron("0 0 * * 7").weekdays, 1);
	assert_int_equal(cron("0 0 * * sun").weekdays, 1);
	assert_int_equal(cron("0 0 * * 5-7").weekdays, 0x61);
	assert_int_equal(cron("0 0 * * fri-sun").weekdays, 0x61);
	assert_int_equal(cron("0 0 * * sun-tue").weekdays, 0x07);
	assert_int_equal(cron("0 0 * * */2").weekdays, 0x55);
	assert_int_equal(cron("0 0 * * 3/2").weekdays, 1 << 3 | 1 << 5);
}

static void nicknames_mean_what_crontab_says(void **state)
{
	static const struct {
		const char *name, *next;
	} rows[] = {
		{ "@hourly", "2026-11-22T19:00:00.000Z" },
		{ "@daily", "2026-11-23T00:00:00.000Z" },
		{ "@midnight", "2026-11-23T00:00:00.000Z" },
		{ "@weekly", "2026-11-29T00:00:00.000Z" },
		{ "@monthly", "2026-12-01T00:00:00.000Z" },
		{ "@yearly", "2027-01-01T00:00:00.000Z" },
		{ "@annually", "2027-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_wall(next(rows[i].name, tz_utc(), "2026-11-22T18:10:21Z"), rows[i].next);
}

static void what_is_malformed_is_refused_with_the_field(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "'': 0 fields instead of 5" },
		{ "* * * *", "'* * * *': 4 fields instead of 5" },
		{ "* * * * * *", "more than 5 fields: '*'" },
		{ "60 * * * *", "minute: 60 is not within 0-59" },
		{ "* 24 * * *", "hour: 24 is not within 0-23" },
		{ "* * 0 * *", "day of the month: 0 is not within 1-31" },
		{ "* * 32 * *", "day of the month: 32 is" },
		{ "* * * 13 *", "month: 13 is not within 1-12" },
		{ "* * * * 8", "day of the week: 8 is not within 0-7" },
		{ "30-70 * * * *", "minute: 70 is not" },
		{ "30-10 * * * *", "minute: the range 30-10 runs backwards" },
		{ "*/0 * * * *", "minute: a step is a number from 1" },
		{ "*/x * * * *", "minute: a step is" },
		{ "*/ * * * *", "minute: a step is" },
		{ "1, * * * *", "minute: expected a number at ' * * * *'" },
		{ "1- * * * *", "minute: expected a number at" },
		{ "-1 * * * *", "minute: expected a number at '-1 * * * *'" },
		{ "5x * * * *", "minute: 'x * * * *' is not understood" },
		{ "** * * * *", "minute: '* * * * *' is not understood" },
		{ "jan * * * *", "minute: expected a number at" },
		{ "* * * january *", "month: expected a number or a name of three letters at" },
		{ "* * * * mon#2", "day of the week: '#2' is not understood" },
		{ "* * L * *", "day of the month: expected a number at 'L * *'" },
		{ "99999999999999999999 * * * *", "is not within 0-59" },
		{ "@reboot", "expected @hourly, @daily" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cron c;
		struct err e = { 0 };

		assert_int_equal(cron_parse(rows[i].text, &c, &e), RC_INPUT);
		assert_true(str_starts(e.text, "cron expression '"));
		if (!strstr(e.text, rows[i].why))
			fail_msg("'%s' is not in '%s'", rows[i].why, e.text);
	}
}

static void the_next_time_is_strictly_later_and_the_previous_may_be_now(void **state)
{
	const struct tz *z = tz_utc();

	(void)state;
	assert_wall(next("30 4 * * *", z, "2026-11-22T04:29:59.999Z"), "2026-11-22T04:30:00.000Z");
	assert_wall(next("30 4 * * *", z, "2026-11-22T04:30:00Z"), "2026-11-23T04:30:00.000Z");
	assert_wall(previous("30 4 * * *", z, "2026-11-22T04:30:00Z"), "2026-11-22T04:30:00.000Z");
	assert_wall(previous("30 4 * * *", z, "2026-11-22T04:29:59.999Z"),
		"2026-11-21T04:30:00.000Z");
	assert_wall(next("* * * * *", z, "2026-12-31T23:59:00Z"), "2027-01-01T00:00:00.000Z");
	assert_wall(previous("* * * * *", z, "2027-01-01T00:00:59Z"), "2027-01-01T00:00:00.000Z");
	assert_wall(next("*/20 9-17 * * *", z, "2026-11-22T17:40:00Z"), "2026-11-23T09:00:00.000Z");
	assert_wall(previous("*/20 9-17 * * *", z, "2026-11-23T08:59:00Z"),
		"2026-11-22T17:40:00.000Z");
}

static void either_day_matches_when_both_are_given(void **state)
{
	const struct tz *z = tz_utc(); /* 22 November 2026 is a Sunday */

	(void)state;
	assert_wall(next("0 0 13 * 5", z, "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00.000Z");
	assert_wall(next("0 0 13 * 5", z, "2026-12-11T00:00:00Z"), "2026-12-13T00:00:00.000Z");
	assert_wall(next("0 0 13 * *", z, "2026-11-22T00:00:00Z"), "2026-12-13T00:00:00.000Z");
	assert_wall(next("0 0 * * 5", z, "2026-12-11T00:00:00Z"), "2026-12-18T00:00:00.000Z");
	/* a star with a step is a star: odd days that are Mondays */
	assert_wall(next("0 0 */2 * 1", z, "2026-11-22T00:00:00Z"), "2026-11-23T00:00:00.000Z");
	assert_wall(next("0 0 */2 * 1", z, "2026-11-23T00:00:00Z"), "2026-12-07T00:00:00.000Z");
}

static void leap_days_are_found_even_across_2100(void **state)
{
	const struct tz *z = tz_utc();

	(void)state;
	assert_wall(next("0 0 29 2 *", z, "2026-11-22T00:00:00Z"), "2028-02-29T00:00:00.000Z");
	assert_wall(next("0 0 29 2 *", z, "2096-02-29T00:00:00Z"), "2104-02-29T00:00:00.000Z");
	assert_wall(previous("0 0 29 2 *", z, "2104-02-28T23:59:00Z"), "2096-02-29T00:00:00.000Z");
	assert_wall(next("0 0 31 * *", z, "2026-11-22T00:00:00Z"), "2026-12-31T00:00:00.000Z");
	assert_wall(next("0 0 31 4,6,7 *", z, "2026-03-31T00:00:00Z"), "2026-07-31T00:00:00.000Z");
}

static void what_never_comes_is_never(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);

	(void)state;
	assert_int_equal(next("0 0 30 2 *", z, "2026-11-22T00:00:00Z").ms, NEVER_MS);
	assert_int_equal(previous("0 0 30 2 *", z, "2026-11-22T00:00:00Z").ms, INT64_MIN);
	assert_int_equal(next("0 * 31 4,6 *", z, "2026-11-22T00:00:00Z").ms, NEVER_MS);
	assert_int_equal(previous("0 * 31 4,6 *", z, "2026-11-22T00:00:00Z").ms, INT64_MIN);
}

static void never_and_always_go_through_unharmed(void **state)
{
	struct cron daily = cron("@daily"), hourly = cron("@hourly");
	const struct wall never = { NEVER_MS }, always = { INT64_MIN };

	(void)state;
	assert_int_equal(cron_next(&daily, tz_utc(), never).ms, NEVER_MS);
	assert_int_equal(cron_next(&hourly, tz_utc(), never).ms, NEVER_MS);
	assert_int_equal(cron_previous(&daily, tz_utc(), always).ms, INT64_MIN);
	assert_int_equal(cron_previous(&hourly, tz_utc(), always).ms, INT64_MIN);
	assert_true(cron_next(&daily, tz_utc(), always).ms < 0); /* long due, not never */
	assert_true(cron_next(&hourly, tz_utc(), always).ms < 0);
	assert_true(cron_previous(&daily, tz_utc(), never).ms > 0);
	assert_true(cron_previous(&hourly, tz_utc(), never).ms > 0);
}

static void a_zone_decides_when_four_in_the_morning_is(void **state)
{
	scoped(tz_free) struct tz *kolkata = tz_of("Test/Kolkata", "IST-5:30");
	scoped(tz_free) struct tz *york = tz_of("Test/New_York", NEW_YORK_RULE);

	(void)state;
	assert_wall(next("0 4 * * *", kolkata, "2026-11-22T00:00:00Z"), "2026-11-22T22:30:00.000Z");
	assert_wall(next("0 4 * * *", york, "2026-11-22T00:00:00Z"), "2026-11-22T09:00:00.000Z");
	assert_wall(next("0 4 * * *", york, "2026-07-22T00:00:00Z"), "2026-07-22T08:00:00.000Z");
	assert_wall(next("@hourly", kolkata, "2026-11-22T00:00:00Z"), "2026-11-22T00:30:00.000Z");
}

static void a_job_in_the_gap_runs_at_the_first_minute_after_it(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	scoped(tz_free) struct tz *york = tz_of("Test/New_York", NEW_YORK_RULE);

	(void)state;
	assert_wall(next("30 1 * * *", z, "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00.000Z");
	assert_wall(next("30 1 * * *", z, "2026-03-29T01:00:00Z"), "2026-03-30T00:30:00.000Z");
	assert_wall(previous("30 1 * * *", z, "2026-03-29T01:00:00Z"), "2026-03-29T01:00:00.000Z");
	assert_wall(previous("30 1 * * *", z, "2026-03-29T00:59:59Z"), "2026-03-28T01:30:00.000Z");
	assert_wall(next("30 2 * * *", york, "2026-03-08T00:00:00Z"), "2026-03-08T07:00:00.000Z");
}

static void several_runs_in_the_gap_are_one(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);

	(void)state;
	assert_wall(next("*/20 0-2 * * *", z, "2026-03-29T00:40:00Z"), "2026-03-29T01:00:00.000Z");
	assert_wall(next("*/20 0-2 * * *", z, "2026-03-29T01:00:00Z"), "2026-03-29T01:20:00.000Z");
}

static void a_job_in_the_overlap_runs_once(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	scoped(tz_free) struct tz *york = tz_of("Test/New_York", NEW_YORK_RULE);

	(void)state;
	assert_wall(next("30 1 * * *", z, "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00.000Z");
	assert_wall(next("30 1 * * *", z, "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00.000Z");
	assert_wall(next("30 1 * * *", z, "2026-10-25T01:15:00Z"), "2026-10-26T01:30:00.000Z");
	assert_wall(previous("30 1 * * *", z, "2026-10-25T01:45:00Z"), "2026-10-25T00:30:00.000Z");
	/* in the second hour of two, nothing of the first comes again */
	assert_wall(previous("*/10 1 * * *", z, "2026-10-25T01:05:00Z"),
		"2026-10-25T00:50:00.000Z");
	assert_wall(next("30 1 * * *", york, "2026-11-01T05:30:00Z"), "2026-11-02T06:30:00.000Z");
}

static void what_runs_every_hour_keeps_its_pace_through_both(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	scoped(tz_free) struct tz *lord_howe = tz_of("Test/Lord_Howe", LORD_HOWE_RULE);
	struct cron c = cron("*/15 * * * *");
	struct wall spring = utc("2026-03-28T22:00:00Z"), autumn = utc("2026-10-24T22:00:00Z");

	(void)state;
	for (int i = 1; i < 40; i++) {
		struct wall t = cron_next(&c, z, spring);

		assert_int_equal(t.ms - spring.ms, 15 * MINUTE_MS);
		assert_int_equal(cron_previous(&c, z, (struct wall){ t.ms - 1 }).ms, spring.ms);
		spring = t;
		t = cron_next(&c, z, autumn);
		assert_int_equal(t.ms - autumn.ms, 15 * MINUTE_MS);
		assert_int_equal(cron_previous(&c, z, (struct wall){ t.ms - 1 }).ms, autumn.ms);
		autumn = t;
	}
	assert_wall(next("0 * * * *", lord_howe, "2026-10-03T14:30:00Z"), /* no 02:00 that day */
		"2026-10-03T16:00:00.000Z");
	assert_wall(next("30 * 25 10 *", z, "2026-10-25T00:45:00Z"), "2026-10-25T01:30:00.000Z");
}

static bool is_match(const struct cron *c, int64_t reading)
{
	struct civil l = civil_from_seconds(reading);
	bool day = c->days >> l.day & 1, weekday = c->weekdays >> l.weekday & 1;

	return c->minutes >> l.minute & 1 && c->hours >> l.hour & 1 && c->months >> l.month & 1 &&
	       (c->is_day_star || c->is_weekday_star ? day && weekday : day || weekday);
}

/* The model for jobs bound to an hour: try each minute that a clock can show, in order. */
static void assert_like_the_model(const char *text, const struct tz *z, struct wall from)
{
	struct cron c = cron(text);
	int64_t first = from.ms / SECOND_MS, day_s = DAY_MS / SECOND_MS;
	struct wall t = { first * SECOND_MS }, want = t;

	for (int64_t s = first - day_s; s < first + 6 * day_s; s += 60) {
		struct wall at;

		if (!is_match(&c, s))
			continue;
		at = tz_instant(z, civil_from_seconds(s));
		if (at.ms <= want.ms)
			continue;
		want = at;
		assert_int_equal(cron_previous(&c, z, (struct wall){ want.ms - 1 }).ms,
			cron_previous(&c, z, t).ms);
		t = cron_next(&c, z, t);
		if (t.ms != want.ms)
			fail_msg("%s in %s: %lld instead of %lld", text, tz_name(z),
				(long long)t.ms, (long long)want.ms);
		assert_int_equal(cron_previous(&c, z, t).ms, want.ms);
	}
}

static const char *const bound_to_hours[] = { "30 1 * * *", "*/7 0-3 * * *", "0 2 * * 0",
	"59 23 28-31 * *", "15,45 1,2,3 29 3,10 0", "*/3 1-22 * * *", "0 0 1 * 1",
	"5 */2 */3 * *" };

static void models_around_changes(const struct tz *z, struct wall t, int changes)
{
	for (int i = 0; i < changes && t.ms != NEVER_MS; i++) {
		for (size_t k = 0; k < COUNT(bound_to_hours); k++)
			assert_like_the_model(bound_to_hours[k], z,
				(struct wall){ t.ms - 3 * DAY_MS });
		t = tz_span_at(z, t).until;
	}
}

static void bound_jobs_follow_the_model_through_every_change(void **state)
{
	static const char *const rules[] = { DUBLIN_RULE, NEW_YORK_RULE, LORD_HOWE_RULE, "IST-5:30",
		/* back from midnight to 23:00, and from there into another month and year */
		"AAA0BBB,M4.1.0/0,J303/24", "AAA0BBB,M4.1.0/0,J365/24" };

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		scoped(tz_free) struct tz *z = tz_of("Test/Model", rules[i]);

		models_around_changes(z, utc("2026-01-01T00:00:00Z"), 3);
	}
}

static void real_zones_are_as_good_as_made_ones(void **state)
{
	scoped(tz_free) struct tz *dublin = tz_fixture("Europe/Dublin");
	scoped(tz_free) struct tz *kolkata = tz_fixture("Asia/Kolkata");
	scoped(tz_free) struct tz *york = tz_fixture("America/New_York");

	(void)state;
	if (!dublin || !kolkata || !york)
		skip();
	assert_wall(next("30 1 * * *", dublin, "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00.000Z");
	assert_wall(next("30 1 * * *", dublin, "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00.000Z");
	assert_wall(next("0 4 * * *", kolkata, "2026-11-22T00:00:00Z"), "2026-11-22T22:30:00.000Z");
	assert_wall(next("30 2 * * *", york, "2026-03-08T00:00:00Z"), "2026-03-08T07:00:00.000Z");
	assert_wall(next("30 2 * * *", york, "2076-03-08T00:00:00Z"), "2076-03-08T07:00:00.000Z");
	models_around_changes(dublin, utc("1968-01-01T00:00:00Z"), 4);
	models_around_changes(york, utc("1973-12-01T00:00:00Z"), 4);
}

/* Scanning minutes to the next leap day would take millions of steps; a wide margin keeps slow
 * machines and sanitizers from failing it. */
static void far_times_are_found_without_scanning(void **state)
{
	scoped(tz_free) struct tz *z = tz_of("Test/Dublin", DUBLIN_RULE);
	struct cron c = cron("0 0 30 2 *");
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(cron_next(&c, z, (struct wall){ i * DAY_MS }).ms, NEVER_MS);
	assert_true(clock() - start < CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_field_is_understood),
		cmocka_unit_test(sunday_is_0_and_7),
		cmocka_unit_test(nicknames_mean_what_crontab_says),
		cmocka_unit_test(what_is_malformed_is_refused_with_the_field),
		cmocka_unit_test(the_next_time_is_strictly_later_and_the_previous_may_be_now),
		cmocka_unit_test(either_day_matches_when_both_are_given),
		cmocka_unit_test(leap_days_are_found_even_across_2100),
		cmocka_unit_test(what_never_comes_is_never),
		cmocka_unit_test(never_and_always_go_through_unharmed),
		cmocka_unit_test(a_zone_decides_when_four_in_the_morning_is),
		cmocka_unit_test(a_job_in_the_gap_runs_at_the_first_minute_after_it),
		cmocka_unit_test(several_runs_in_the_gap_are_one),
		cmocka_unit_test(a_job_in_the_overlap_runs_once),
		cmocka_unit_test(what_runs_every_hour_keeps_its_pace_through_both),
		cmocka_unit_test(bound_jobs_follow_the_model_through_every_change),
		cmocka_unit_test(real_zones_are_as_good_as_made_ones),
		cmocka_unit_test(far_times_are_found_without_scanning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
