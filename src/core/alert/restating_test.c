/* SPDX-License-Identifier: Apache-2.0 */
/* A check that goes on failing, for another reason. */
#include "core/alert/alert_pair.h"

static void fails_with(uint16_t check, const char *reason)
{
	struct alert_state st = pair_down;

	st.reason = reason;
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(p, site, check, &st);
	pair_run(p, 10 * SECOND_MS);
}

static void another_reason_is_an_edit_and_its_news(void **state)
{
	(void)state;
	fails_with(PHOTOS, "connection refused");
	fails_with(PHOTOS, "HTTP 503, wanted 200");
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "HTTP 503, wanted 200"));
	assert_false(pair_says(p, "connection refused"));
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->news,
		"photos fails for another reason now: HTTP 503, wanted 200");
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->title, "photos is down");
}

static void another_number_in_the_reason_is_no_edit(void **state)
{
	(void)state;
	fails_with(PHOTOS, "no answer after 3000 ms");
	fails_with(PHOTOS, "no answer after 3001 ms");
	assert_int_equal(p->n_sent, 1);
}

static void a_reason_that_says_nothing_replaces_none(void **state)
{
	(void)state;
	fails_with(PHOTOS, "connection refused");
	fails_with(PHOTOS, "");
	fails_with(PHOTOS, NULL);
	assert_int_equal(p->n_sent, 1);
	pair_judge(p, MUMBAI, PHOTOS,
		&(struct alert_state){ .health = HEALTH_FAILING, .scope = "path" });
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_sent, 2); /* another extent */
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->members[0].reason,
		"connection refused");
}

static void a_first_reason_is_told_when_it_comes(void **state)
{
	(void)state;
	fails_with(PHOTOS, "");
	fails_with(PHOTOS, "connection refused");
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "connection refused"));
}

static void what_falls_silent_does_not_keep_why_it_failed(void **state)
{
	(void)state;
	fails_with(PHOTOS, "connection refused");
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(p, site, PHOTOS, &pair_silent);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "photos is silent"));
	assert_false(pair_says(p, "connection refused"));
}

/* It stood there for as long as nothing else happened. */
static void another_reason_of_what_the_cause_explains_is_told_in_a_minute(void **state)
{
	(void)state;
	fails_with(PHOTOS, "connection refused");
	fails_with(NAS, "no answer");
	fails_with(MEDIA, "connection refused");
	assert_int_equal(p->n_sent, 3);
	fails_with(PHOTOS, "no route to host");
	fails_with(MEDIA, "no route to host");
	assert_int_equal(p->n_sent, 3);
	pair_run(p, ALERT_REFRESH_MS);
	assert_int_equal(p->n_sent, 4); /* both in one */
	assert_true(pair_says(p, "no route to host"));
	assert_false(pair_says(p, "connection refused"));
}

static void what_is_written_anyway_has_the_newest_numbers(void **state)
{
	(void)state;
	fails_with(PHOTOS, "certificate expires in 6 d");
	fails_with(PHOTOS, "certificate expires in 5 d");
	assert_int_equal(p->n_sent, 1);
	fails_with(MEDIA, "connection refused");
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "expires in 5 d"));
}

static void another_reason_of_what_the_cause_explains_goes_with_the_next_edit(void **state)
{
	(void)state;
	fails_with(PHOTOS, "connection refused");
	fails_with(NAS, "no answer");
	assert_int_equal(p->n_sent, 2);
	fails_with(PHOTOS, "no route to host");
	assert_int_equal(p->n_sent, 2);
	fails_with(NAS, "power is off");
	assert_int_equal(p->n_sent, 3);
	assert_true(pair_says(p, "no route to host"));
}

static void a_long_reason_is_cut_in_the_news_at_a_whole_character(void **state)
{
	char reason[REASON_BYTES_MAX + 1] = "";

	(void)state;
	while (strlen(reason) + 3 < sizeof reason)
		strcat(reason, "é");
	fails_with(PHOTOS, "connection refused");
	fails_with(PHOTOS, reason);
	assert_true(str_starts(pair_incident(p, DUBLIN, PHOTOS)->news, "photos fails for another"));
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->members[0].reason, reason);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(another_reason_is_an_edit_and_its_news),
		T(another_number_in_the_reason_is_no_edit),
		T(a_reason_that_says_nothing_replaces_none),
		T(a_first_reason_is_told_when_it_comes),
		T(what_falls_silent_does_not_keep_why_it_failed),
		T(another_reason_of_what_the_cause_explains_is_told_in_a_minute),
		T(what_is_written_anyway_has_the_newest_numbers),
		T(another_reason_of_what_the_cause_explains_goes_with_the_next_edit),
		T(a_long_reason_is_cut_in_the_news_at_a_whole_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
