/* SPDX-License-Identifier: Apache-2.0 */
/* What is not told now: silences, maintenance windows, quiet hours. */
#include "core/alert/alert_pair.h"

static void silence(const char *matchers, int64_t for_ms)
{
	char body[512], from[WALL_TEXT_MAX], until[WALL_TEXT_MAX];
	struct wall end = { p->now.wall.ms + for_ms };

	snprintf(body, sizeof body,
		"{\"matchers\":\"%s\",\"from\":\"%s\",\"until\":\"%s\",\"why\":\"moving\"}",
		matchers, wall_rfc3339(p->now.wall, from), wall_rfc3339(end, until));
	pair_write(p, DUBLIN, "silence", "dublin-s1", body);
	pair_run(p, SECOND_MS);
}

/* The link is up before the other's events are here. */
static void after_a_reunion_nobody_tells_what_the_other_tells(void **state)
{
	(void)state;
	silence("name=photos", MINUTE_MS);
	pair_part(p);
	pair_fails(p, PHOTOS);
	pair_run(p, 59 * SECOND_MS - 1);
	assert_int_equal(p->n_sent, 0);
	p->now.mono.ms++; /* the silence ends in the moment of the reunion */
	p->now.wall.ms++;
	p->is_linked = true;
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
}

static void what_is_silenced_at_one_site_is_not_told_by_the_other(void **state)
{
	(void)state;
	silence("name=photos", HOUR_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	assert_non_null(pair_incident(p, MUMBAI, PHOTOS)); /* but seen */
}

static void what_is_still_down_when_the_silence_ends_is_told_then(void **state)
{
	(void)state;
	silence("name=photos", HOUR_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, HOUR_MS - 2 * SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 2 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
}

static void what_came_and_went_under_a_silence_is_never_told(void **state)
{
	(void)state;
	silence("name=photos", HOUR_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, 5 * MINUTE_MS);
	pair_recovers(p, PHOTOS);
	pair_run(p, 3 * HOUR_MS);
	assert_int_equal(p->n_sent, 0);
}

static void a_silence_of_one_member_does_not_hide_the_others(void **state)
{
	(void)state;
	silence("name=photos", HOUR_MS);
	pair_fails(p, PHOTOS);
	pair_fails(p, MEDIA);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
}

static void a_message_that_stands_is_edited_in_spite_of_a_silence(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	silence("name=photos", HOUR_MS);
	pair_recovers(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_true(pair_says(p, "photos is back"));
}

static void a_maintenance_window_is_not_told_of(void **state)
{
	struct silence_window window = { .name = "nightly",
		.why = "updates",
		.zone = tz_utc(),
		.length_ms = HOUR_MS };
	struct cron cron;

	(void)state;
	assert_int_equal(cron_parse("30 22 * * *", &cron, NULL), RC_OK); /* it is 22:35 */
	assert_int_equal(matchers_parse(&window.matchers, "site=mumbai", NULL), RC_OK);
	window.begins = &cron;
	p->sites[MUMBAI].config.windows = &window;
	p->sites[MUMBAI].config.n_windows = 1;
	pair_reload(p, MUMBAI);
	pair_fails(p, PHOTOS);
	pair_run(p, 50 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 10 * MINUTE_MS); /* 23:30 is over */
	assert_int_equal(pair_created(p), 1);
	matchers_free(window.matchers);
}

static void keep_quiet(uint8_t site)
{
	struct alert_config *config = &p->sites[site].config;

	config->has_quiet = true; /* it is 22:35 */
	config->quiet_from_minute = 22 * 60;
	config->quiet_until_minute = 7 * 60;
	config->quiet_unless_rank = 2;
	pair_reload(p, site);
}

static void quiet_hours_put_off_what_is_not_severe(void **state)
{
	(void)state;
	keep_quiet(MUMBAI);
	pair_fails(p, PHOTOS);
	pair_run(p, 8 * HOUR_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, HOUR_MS); /* 07:35 */
	assert_int_equal(pair_created(p), 1);
}

static void quiet_hours_do_not_put_off_what_is_critical(void **state)
{
	(void)state;
	p->sites[MUMBAI].checks[PHOTOS].severity = "critical";
	keep_quiet(MUMBAI);
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(after_a_reunion_nobody_tells_what_the_other_tells),
		T(what_is_silenced_at_one_site_is_not_told_by_the_other),
		T(what_is_still_down_when_the_silence_ends_is_told_then),
		T(what_came_and_went_under_a_silence_is_never_told),
		T(a_silence_of_one_member_does_not_hide_the_others),
		T(a_message_that_stands_is_edited_in_spite_of_a_silence),
		T(a_maintenance_window_is_not_told_of),
		T(quiet_hours_put_off_what_is_not_severe),
		T(quiet_hours_do_not_put_off_what_is_critical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
