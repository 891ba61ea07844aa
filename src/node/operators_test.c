/* SPDX-License-Identifier: Apache-2.0 */
/* What people order at one site holds at both. */
#include "node/site_private.h"

#include "node/site_pair.h"

static void a_silence_at_one_site_hushes_the_other(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	assert_int_equal(site_silence(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct site_word){ "name=photos", "moving", "anna",
					 (struct wall){ p->now.wall.ms + HOUR_MS } },
				 id, NULL),
		RC_OK);
	pair_settle(p);
	pair_break(p, "photos", true);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_messages, 0);
	assert_int_equal(
		site_unsilence(p->sites[MUMBAI].site, pair_now(p, MUMBAI), id, "ben", NULL), RC_OK);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_messages, 1);
}

static void a_silence_outlives_a_restart_of_both_sites(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	assert_int_equal(site_silence(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct site_word){ "name=photos", "moving", "anna",
					 (struct wall){ p->now.wall.ms + HOUR_MS } },
				 id, NULL),
		RC_OK);
	pair_settle(p);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		pair_stop(p, site);
		pair_start(p, site);
	}
	pair_break(p, "photos", true);
	pair_run(p, 10 * MINUTE_MS);
	assert_false(pair_was_said(p, "photos"));
}

static void a_paused_check_is_not_judged_at_either_site(void **state)
{
	(void)state;
	assert_int_equal(site_pause(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct site_word){ "photos", "moving", "anna",
					 (struct wall){ NEVER_MS } },
				 NULL),
		RC_OK);
	pair_settle(p);
	pair_break(p, "photos", true);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_messages, 0);
	assert_int_equal(pair_state(p, MUMBAI, "photos"), CHECK_PAUSED);
}

static void an_acknowledgement_shows_in_the_message(void **state)
{
	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_int_equal(site_ack(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct site_word){ pair_incident(p, DUBLIN, "photos")->id,
					 "on it", "anna" },
				 NULL),
		RC_OK);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "anna"));
}

static void what_is_asked_of_a_site_wrongly_is_refused(void **state)
{
	struct site *s = p->sites[DUBLIN].site;
	struct now now = pair_now(p, DUBLIN);
	char id[INCIDENT_ID_MAX];
	struct err e = { 0 };
	struct wall later = { now.wall.ms + HOUR_MS };

	(void)state;
	assert_int_equal(
		site_silence(s, now, &(struct site_word){ "{{{", "", "", later }, id, NULL),
		RC_INPUT);
	assert_int_equal(
		site_silence(s, now, &(struct site_word){ "nmae=photos", "", "", later }, id, &e),
		RC_INPUT);
	assert_non_null(strstr(e.text, "no check has a label 'nmae'"));
	assert_int_equal(
		site_silence(s, now, &(struct site_word){ "name=fotos", "", "", later }, id, &e),
		RC_INPUT);
	assert_non_null(strstr(e.text, "no check matches it"));
	assert_int_equal(site_silence(s, now,
				 &(struct site_word){ "name=photos", "", "", now.wall }, id, NULL),
		RC_INPUT);
	assert_int_equal(site_unsilence(s, now, "nothing", "", NULL), RC_NOT_FOUND);
	assert_int_equal(site_ack(s, now, &(struct site_word){ "nothing", "", "" }, NULL),
		RC_NOT_FOUND);
	assert_int_equal(site_pause(s, now, &(struct site_word){ "nothing", "", "", later }, NULL),
		RC_NOT_FOUND);
	assert_int_equal(site_ping(s, now, &(struct heartbeat_ping){ "photos", "success" }, NULL),
		RC_NOT_FOUND);
	assert_int_equal(site_note(s, now, &(struct site_word){ "", "", "anna" }, NULL), RC_INPUT);
	site_tested(s, now, 200, false);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 0);
}

static void say(bool is_note, int i)
{
	struct site *s = p->sites[DUBLIN].site;
	char text[16];
	struct site_word word = { is_note ? "" : "photos", text, "anna",
		{ p->now.wall.ms + MINUTE_MS } };

	snprintf(text, sizeof text, "word %d", i);
	assert_int_equal((is_note ? site_note : site_pause)(s, pair_now(p, DUBLIN), &word, NULL),
		RC_OK);
	pair_run(p, SECOND_MS);
}

/* Of two kinds, and more than are kept. */
static void the_newest_of_what_people_did_stands_before_an_incident(void **state)
{
	struct incident_before before[BEFORE_MAX];
	char text[16];
	uint32_t n;

	(void)state;
	for (int i = 0; i < BEFORE_MAX + 2; i++)
		say(i % 3 == 0, i);
	n = events_before(p->sites[DUBLIN].site, pair_now(p, DUBLIN).wall, "photos", before);
	assert_int_equal(n, BEFORE_MAX);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "word %u", BEFORE_MAX + 1 - i);
		assert_non_null(strstr(before[i].text, text));
		free(before[i].site);
		free(before[i].text);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_silence_at_one_site_hushes_the_other),
		T(a_silence_outlives_a_restart_of_both_sites),
		T(a_paused_check_is_not_judged_at_either_site),
		T(an_acknowledgement_shows_in_the_message),
		T(what_is_asked_of_a_site_wrongly_is_refused),
		T(the_newest_of_what_people_did_stands_before_an_incident),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
