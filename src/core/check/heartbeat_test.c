/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that report, or do not. */
#include "core/check/check_fixture.h"

static void a_heartbeat_is_due_a_period_and_a_grace_after_the_last(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	assert_state(backup, CHECK_PENDING);
	pass(10 * MINUTE_MS);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, now.wall.ms);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
}

static void a_heartbeat_that_never_came_is_due_after_its_declaration(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_PENDING);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_reported_failure_is_failing_at_once(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	pass(MINUTE_MS);
	ping(backup, false);
	assert_state(backup, CHECK_FAILING);
	assert_scope(backup, SCOPE_DOWN);
	assert_string_equal(view(backup).reason, "refused");
	assert_int_equal(view(backup).last_ok.ms, now.wall.ms - MINUTE_MS);
	pass(65 * MINUTE_MS); /* and then nothing more is heard of it */
	assert_state(backup, CHECK_SILENT);
}

static void the_last_report_from_any_site_is_the_evidence(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct wall first_bad;

	(void)state;
	specs[backup].from = BOTH;
	load();
	ping(backup, true);
	pass(MINUTE_MS);
	first_bad = now.wall;
	report(backup, MUMBAI, now.wall, false);
	pass(MINUTE_MS);
	report(backup, MUMBAI, now.wall, false);
	assert_state(backup, CHECK_FAILING);
	assert_int_equal(view(backup).since.ms, first_bad.ms);
	assert_string_equal(view(backup).reason,
		"refused"); /* of mumbai's word, though dublin is home */
	report(backup, DUBLIN, (struct wall){ WALL_0 }, true);
	assert_state(backup, CHECK_FAILING);
	pass(MINUTE_MS);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
	assert_string_equal(view(backup).reason, "");
}

static void an_older_report_that_arrives_later_is_history(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	pass(10 * MINUTE_MS);
	ping(backup, true);
	report(backup, DUBLIN, (struct wall){ now.wall.ms - 1 }, false);
	report(backup, MUMBAI, now.wall, false); /* is no vantage of it */
	assert_state(backup, CHECK_OK);
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
}

static void a_restart_grants_a_heartbeat_no_new_period(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	uint16_t never = heartbeat("never", HOUR_MS, 5 * MINUTE_MS);
	struct wall declared = now.wall, last;

	(void)state;
	load();
	pass(30 * MINUTE_MS);
	ping(backup, true);
	last = now.wall;
	pass(30 * MINUTE_MS);
	restart();
	checks_declared(checks, now, backup, declared);
	checks_declared(checks, now, never, declared);
	report(backup, DUBLIN, last, true);
	assert_state(never, CHECK_PENDING);
	assert_int_equal(view(never).since.ms, declared.ms);
	pass(5 * MINUTE_MS);
	assert_state(never, CHECK_SILENT);
	pass(30 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void what_fell_silent_while_we_were_down_is_silent_since_its_deadline(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct wall last = now.wall;

	(void)state;
	load();
	pass(3 * HOUR_MS);
	restart();
	report(backup, DUBLIN, last, true);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, last.ms + 65 * MINUTE_MS);
}

/* Reported hourly; the site goes after `went_ms` and comes back after two hours. */
static uint16_t its_site_was_away(int64_t went_ms, int64_t grace_ms)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, grace_ms);
	struct wall last = now.wall;

	load();
	pass(2 * HOUR_MS);
	restart();
	report(backup, DUBLIN, last, true);
	assert_state(backup, CHECK_SILENT);
	checks_was_away(checks, now, DUBLIN, (struct wall){ last.ms + went_ms }, now.wall);
	return backup;
}

static void what_was_due_while_its_site_was_away_is_due_a_grace_after_that(void **state)
{
	uint16_t backup = its_site_was_away(30 * MINUTE_MS, 10 * MINUTE_MS);
	int64_t due = WALL_0 + 70 * MINUTE_MS;

	(void)state;
	assert_state(backup, CHECK_OK);
	pass(10 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, due); /* it is silent since then all the same */
}

static void the_shortest_grace_after_an_absence_lets_jobs_come_up_too(void **state)
{
	uint16_t backup = its_site_was_away(30 * MINUTE_MS, SECOND_MS);

	(void)state;
	pass(CHECK_RETURN_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void what_was_overdue_before_its_site_went_stays_silent(void **state)
{
	uint16_t backup = its_site_was_away(71 * MINUTE_MS, 10 * MINUTE_MS);

	(void)state;
	assert_state(backup, CHECK_SILENT);
}

static void the_absence_of_another_site_excuses_nothing(void **state)
{
	uint16_t backup = its_site_was_away(71 * MINUTE_MS, 10 * MINUTE_MS);

	(void)state;
	checks_was_away(checks, now, MUMBAI, (struct wall){ WALL_0 }, now.wall);
	assert_state(backup, CHECK_SILENT);
}

static void a_report_after_an_absence_is_due_as_ever(void **state)
{
	uint16_t backup = its_site_was_away(30 * MINUTE_MS, 10 * MINUTE_MS);

	(void)state;
	ping(backup, true);
	pass(70 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_restart_reckons_silence_from_the_last_report_not_from_the_declaration(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct wall declared = now.wall, last;

	(void)state;
	load();
	pass(10 * HOUR_MS);
	last = now.wall;
	pass(2 * HOUR_MS);
	restart();
	checks_declared(checks, now, backup, declared);
	report(backup, DUBLIN, (struct wall){ last.ms - HOUR_MS }, true);
	report(backup, DUBLIN, last, true);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, last.ms + 65 * MINUTE_MS);
}

static void a_silence_has_a_reason(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	specs[backup].silence = "no report in time";
	load();
	ping(backup, true);
	assert_string_equal(view(backup).reason, "");
	pass(65 * MINUTE_MS);
	assert_string_equal(view(backup).reason, "no report in time");
	report_start(backup, DUBLIN, now.wall);
	assert_string_equal(view(backup).reason,
		"no report in time: a run began and has not ended");
}

static void a_scheduled_heartbeat_is_due_a_grace_after_its_next_run(void **state)
{
	struct cron daily;
	uint16_t backup = heartbeat("backup", 0, 30 * MINUTE_MS);

	(void)state;
	assert_int_equal(cron_parse("0 2 * * *", &daily, NULL), RC_OK);
	specs[backup].cron = &daily;
	specs[backup].zone = tz_utc();
	load(); /* at midnight */
	pass(2 * HOUR_MS + 30 * MINUTE_MS - 1);
	assert_state(backup, CHECK_PENDING);
	ping(backup, true);
	pass(DAY_MS);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_schedule_is_reckoned_in_its_zone_and_follows_the_clock(void **state)
{
	struct cron daily;
	uint16_t backup = heartbeat("backup", 0, MINUTE_MS);

	(void)state;
	assert_int_equal(cron_parse("0 2 * * *", &daily, NULL), RC_OK);
	specs[backup].cron = &daily;
	specs[backup].zone = tz_utc();
	probe("tick", DUBLIN, 1u << DUBLIN);
	load();
	ping(backup, true);
	pass(HOUR_MS);
	now.wall.ms += HOUR_MS - MINUTE_MS; /* set forward: it is 01:59 */
	pass(2 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_run_that_does_not_finish_within_its_grace_is_silent(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);

	(void)state;
	load();
	ping(backup, true);
	pass(2 * HOUR_MS);
	ping_start(backup);
	assert_state(backup, CHECK_OK);
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
	pass(HOUR_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
	ping(backup, true); /* late, but it came */
	assert_state(backup, CHECK_OK);
	assert_int_equal(view(backup).run_started.ms, 0);
}

static void a_beginning_is_no_evidence_that_the_job_works(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 10 * MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	for (int i = 0; i < 70; i++) {
		pass(MINUTE_MS);
		ping_start(backup); /* it begins again and again */
	}
	assert_state(backup, CHECK_SILENT);
}

static void a_finished_run_is_not_begun_by_an_older_beginning(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);
	struct wall began;

	(void)state;
	specs[backup].from = BOTH;
	load();
	began = now.wall;
	pass(MINUTE_MS);
	ping(backup, true);
	report_start(backup, MUMBAI, began); /* its journal was late */
	assert_int_equal(view(backup).run_started.ms, 0);
	pass(2 * HOUR_MS);
	assert_state(backup, CHECK_OK);
}

static void a_run_is_not_ended_by_the_end_of_the_one_before(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);
	struct wall ended;

	(void)state;
	specs[backup].from = BOTH;
	load();
	pass(MINUTE_MS);
	ended = now.wall;
	pass(MINUTE_MS);
	ping_start(backup);
	report(backup, MUMBAI, ended, true); /* its journal was late */
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
	ping(backup, true); /* in the same millisecond: a short run */
	assert_int_equal(view(backup).run_started.ms, 0);
	ping_start(backup);
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
}

static void a_clock_that_jumps_does_not_end_a_run(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);

	(void)state;
	load();
	ping(backup, true);
	ping_start(backup);
	now.wall.ms += DAY_MS;
	pass(HOUR_MS - 1);
	checks_pause(checks, now, backup, (struct wall){ 0 }); /* whatever makes it judged */
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_report_after_the_clock_was_set_back_counts(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	now.wall.ms -= DAY_MS;
	pass(30 * MINUTE_MS);
	ping(backup, true);
	pass(HOUR_MS);
	assert_state(backup, CHECK_OK);
	pass(30 * MINUTE_MS);
	ping(backup, false);
	assert_state(backup, CHECK_FAILING);
}

static void a_report_from_the_future_does_not_postpone_the_deadline(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);

	(void)state;
	load();
	report(backup, DUBLIN, (struct wall){ now.wall.ms + 365 * DAY_MS }, true);
	pass(61 * MINUTE_MS);
	assert_state(backup, CHECK_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_heartbeat_is_due_a_period_and_a_grace_after_the_last),
		TEST(a_heartbeat_that_never_came_is_due_after_its_declaration),
		TEST(a_reported_failure_is_failing_at_once),
		TEST(the_last_report_from_any_site_is_the_evidence),
		TEST(an_older_report_that_arrives_later_is_history),
		TEST(a_restart_grants_a_heartbeat_no_new_period),
		TEST(what_fell_silent_while_we_were_down_is_silent_since_its_deadline),
		TEST(what_was_due_while_its_site_was_away_is_due_a_grace_after_that),
		TEST(the_shortest_grace_after_an_absence_lets_jobs_come_up_too),
		TEST(what_was_overdue_before_its_site_went_stays_silent),
		TEST(the_absence_of_another_site_excuses_nothing),
		TEST(a_report_after_an_absence_is_due_as_ever),
		TEST(a_restart_reckons_silence_from_the_last_report_not_from_the_declaration),
		TEST(a_silence_has_a_reason),
		TEST(a_scheduled_heartbeat_is_due_a_grace_after_its_next_run),
		TEST(a_schedule_is_reckoned_in_its_zone_and_follows_the_clock),
		TEST(a_run_that_does_not_finish_within_its_grace_is_silent),
		TEST(a_beginning_is_no_evidence_that_the_job_works),
		TEST(a_finished_run_is_not_begun_by_an_older_beginning),
		TEST(a_run_is_not_ended_by_the_end_of_the_one_before),
		TEST(a_clock_that_jumps_does_not_end_a_run),
		TEST(a_report_after_the_clock_was_set_back_counts),
		TEST(a_report_from_the_future_does_not_postpone_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
