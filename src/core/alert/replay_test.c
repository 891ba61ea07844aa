/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_private.h"

#include "core/alert/alert_pair.h"

static void restart(uint8_t site)
{
	pair_stop(p, site);
	pair_start(p, site);
}

/* ---- a restart */

static void what_was_told_is_not_told_again_after_a_restart(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	restart(MUMBAI);
	restart(DUBLIN);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->state, INCIDENT_OPEN);
}

static void what_was_not_told_is_told_after_a_restart(void **state)
{
	(void)state;
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_stop(p, MUMBAI);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void what_recovered_during_a_restart_is_edited_not_forgotten(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_stop(p, MUMBAI);
	pair_recovers(p, PHOTOS);
	pair_start(p, MUMBAI);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "photos is back"));
}

static void hours_without_a_way_out_and_a_restart_lose_nothing(void **state)
{
	(void)state;
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, 2 * HOUR_MS);
	restart(MUMBAI);
	pair_run(p, 2 * HOUR_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

/* The peer had told it, and the receipt came after the crash; it was told as if for the first time. */
static void what_was_handed_over_before_a_restart_is_said_to_be_in_doubt(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(pair_count(p, "handoff"), 1);
	pair_stop(p, DUBLIN);
	pair_stop(p, MUMBAI);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_says(p, "repeat"));
}

static void a_silence_and_an_acknowledgement_survive_a_restart(void **state)
{
	const struct incident *in;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_write(p, DUBLIN, "ack", pair_incident(p, DUBLIN, PHOTOS)->id, "{\"by\":\"anna\"}");
	pair_write(p, DUBLIN, "silence", "dublin-s1",
		"{\"matchers\":\"name=git\",\"from\":\"2026-01-01T00:00:00Z\","
		"\"until\":\"2027-01-01T00:00:00Z\",\"why\":\"moving\"}");
	pair_run(p, SECOND_MS);
	restart(MUMBAI);
	in = pair_incident(p, MUMBAI, PHOTOS);
	assert_string_equal(in->ack_by, "anna");
	assert_int_equal(alert_silences(p->sites[MUMBAI].alert)->n, 1);
}

static void ids_are_new_after_a_restart_with_the_clock_set_back(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	str_copy(id, sizeof id, pair_incident(p, MUMBAI, PHOTOS)->id);
	pair_recovers(p, PHOTOS);
	pair_run(p, 10 * MINUTE_MS);
	pair_stop(p, MUMBAI);
	p->now.wall.ms -= 11 * MINUTE_MS + ALERT_CALM_MS; /* it opens in that second again */
	pair_start(p, MUMBAI);
	pair_fails(p, NAS);
	pair_run(p, 20 * SECOND_MS);
	assert_non_null(pair_incident(p, MUMBAI, NAS));
	assert_string_not_equal(pair_incident(p, MUMBAI, NAS)->id, id);
	assert_int_equal(pair_created(p), 2);
}

/* ---- a disk that was set back */

/* Mumbai learns of this version of an incident from a journal. */
static void mumbai_reads(const struct incident *in)
{
	static uint64_t hlc = 1;
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	struct alert_event ev = { .site = in->owner, .kind = "incident", .subject = in->id };

	incident_write(in, &text);
	assert_int_equal(json_flat_read(&flat, str_c(&text), text.len, &ev.body, NULL), RC_OK);
	ev.hlc = p->hlc + hlc++;
	ev.wall = p->now.wall;
	alert_event(p->sites[MUMBAI].alert, p->now, &ev);
}

static void the_incident_that_would_survive_stands_for_a_check_when_another_ends(void **state)
{
	const struct alert *a = p->sites[MUMBAI].alert;
	struct incident theirs, first, second;
	char mumbai[] = "mumbai";

	(void)state;
	pair_part(p);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	theirs = first = second = *alert_covering(p->sites[DUBLIN].alert, "photos");
	first.owner = second.owner = mumbai;
	str_copy(first.id, sizeof first.id, "mumbai-1");
	str_copy(second.id, sizeof second.id, "mumbai-2");
	mumbai_reads(&first);
	mumbai_reads(&theirs);
	mumbai_reads(&second);
	assert_string_equal(alert_covering(a, "photos")->id, "mumbai-1");
	first.version++;
	first.state = INCIDENT_CLOSED;
	first.closed = p->now.wall;
	mumbai_reads(&first);
	assert_string_equal(alert_covering(a, "photos")->id, "mumbai-2");
}

/* Dublin runs a newer lab.yaml, with checks that mumbai doesn't know. */
static struct incident *of_unknown(const char *id, const char *const *checks, uint32_t n)
{
	struct incident *in = incident_new();

	str_copy(in->id, sizeof in->id, id);
	incident_set(in, &in->owner, "dublin");
	incident_set(in, &in->cause, checks[0]);
	incident_set(in, &in->title, "unknown");
	incident_set(in, &in->severity, "warning");
	in->version = 1;
	in->opened = in->since = p->now.wall;
	for (uint32_t i = 0; i < n; i++)
		must(incident_member(in, checks[i], true) != NULL);
	return in;
}

static void dublin_writes(const struct incident *in)
{
	scoped(str_fini) struct str body = STR_EMPTY;

	incident_write(in, &body);
	pair_write(p, DUBLIN, "incident", in->id, str_c(&body));
}

static void an_incident_stands_for_a_check_that_is_declared_here_only_later(void **state)
{
	const char *const first[] = { "newer", "photos" }, *const second[] = { "newest" };
	scoped(incident_free) struct incident *one = of_unknown("dublin-1", first, 2);
	scoped(incident_free) struct incident *other = of_unknown("dublin-2", second, 1);
	struct pair_site *mumbai = &p->sites[MUMBAI];
	uint16_t newest = mumbai->config.n_checks;

	(void)state;
	dublin_writes(one);
	dublin_writes(other);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(alert_covering(mumbai->alert, "newer")->id, "dublin-1");
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->id, "dublin-1");
	mumbai->checks[newest] = mumbai->checks[PHOTOS];
	mumbai->checks[newest].name = "newest";
	mumbai->config.n_checks++;
	pair_reload(p, MUMBAI);
	assert_string_equal(alert_covering(mumbai->alert, "newer")->id, "dublin-1");
	assert_string_equal(pair_incident(p, MUMBAI, newest)->id, "dublin-2");
	one->version++;
	one->state = INCIDENT_CLOSED;
	one->closed = p->now.wall;
	dublin_writes(one);
	pair_run(p, 10 * SECOND_MS);
	assert_null(alert_covering(mumbai->alert, "newer"));
	assert_null(pair_incident(p, MUMBAI, PHOTOS));
	assert_string_equal(pair_incident(p, MUMBAI, newest)->id, "dublin-2");
}

static void names_of_checks_that_only_others_declare_are_forgotten_with_their_incidents(
	void **state)
{
	const char *const lasting[] = { "newer" };
	scoped(incident_free) struct incident *first = of_unknown("dublin-1", lasting, 1);
	struct alert *a = p->sites[MUMBAI].alert;

	(void)state;
	dublin_writes(first);
	for (unsigned n = 0; n < 1200; n++) {
		char name[16], id[24];
		const char *const passing[] = { name };
		struct incident *in;

		snprintf(name, sizeof name, "svc-%u", n);
		snprintf(id, sizeof id, "dublin-over%u", n);
		in = of_unknown(id, passing, 1);
		dublin_writes(in);
		in->version++;
		in->state = INCIDENT_CLOSED;
		in->closed = p->now.wall;
		in->is_muted = true;
		dublin_writes(in);
		incident_free(in);
	}
	pair_run(p, 2 * SECOND_MS);
	assert_true(a->n_names > 1200);
	pair_run(p, 2 * HOUR_MS);
	assert_true(a->n_names < 100);
	assert_string_equal(alert_covering(a, "newer")->id, "dublin-1");
}

static void what_comes_back_of_the_past_does_not_undo_what_was_said_since(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct incident past;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	past = *pair_incident(p, MUMBAI, PHOTOS);
	past.version = 5;
	past.state = INCIDENT_RECOVERING;
	incident_write(&past, &body);
	pair_write(p, MUMBAI, "incident", past.id, str_c(&body));
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->state, INCIDENT_OPEN);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->version, 6);
	assert_int_equal(pair_incident(p, DUBLIN, PHOTOS)->version, 6);
	assert_int_equal(pair_incident(p, DUBLIN, PHOTOS)->told[0].version, 6);
	assert_int_equal(pair_created(p), 1);
}

/* ---- in any order */

static void write_receipt(const char *message)
{
	char body[128];

	snprintf(body, sizeof body,
		"{\"channel\":\"discord\",\"version\":1,\"message\":\"%s\",\"via\":\"mumbai\"}",
		message);
	pair_write(p, MUMBAI, "receipt", pair_incident(p, MUMBAI, PHOTOS)->id, body);
}

/* A disk was set back, its incident told anew; then the peer gave back what had been told before. */
static void of_two_receipts_of_one_version_the_newer_one_counts(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	write_receipt("new");
	p->now.wall.ms -= HOUR_MS;
	write_receipt("old");
	p->now.wall.ms += HOUR_MS;
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].message, "new");
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].message, "new");
}

static void receipts_that_arrive_before_their_incident_count(void **state)
{
	struct pair_event *event, swap;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	event = &p->log[p->n_log - 2];
	assert_string_equal(event[0].kind, "incident");
	assert_string_equal(event[1].kind, "receipt");
	swap = event[0];
	event[0] = event[1];
	event[1] = swap;
	restart(MUMBAI);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void the_newer_of_two_silences_stands_whichever_arrives_first(void **state)
{
	static const char *const bodies[] = {
		"{\"matchers\":\"name=git\",\"from\":\"2026-01-01T00:00:00Z\","
		"\"until\":\"2027-01-01T00:00:00Z\",\"why\":\"older\"}",
		"{\"matchers\":\"name=git\",\"from\":\"2026-01-01T00:00:00Z\","
		"\"until\":\"2027-01-01T00:00:00Z\",\"why\":\"newer\"}",
	};

	(void)state;
	pair_part(p);
	pair_write(p, DUBLIN, "silence", "s", bodies[0]);
	pair_write(p, MUMBAI, "silence", "s", bodies[1]);
	pair_heal(p);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		const struct silences *s = alert_silences(p->sites[site].alert);

		assert_int_equal(s->n, 1);
		assert_string_equal(s->items[0].why, "newer");
	}
}

static void an_older_event_of_an_incident_does_not_undo_a_newer_one(void **state)
{
	struct pair_event *older = NULL;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	for (uint32_t i = 0; i < p->n_log && !older; i++)
		if (str_eq(p->log[i].kind, "incident"))
			older = &p->log[i];
	pair_recovers(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	older = &p->log[older - p->log];
	older->is_known[DUBLIN] = false; /* and once more */
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_incident(p, DUBLIN, PHOTOS)->state, INCIDENT_RECOVERING);
}

/* ---- from hostile hands */

static void a_site_writes_its_own_incidents_only(void **state)
{
	char *body = NULL;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	for (uint32_t i = 0; i < p->n_log; i++)
		if (str_eq(p->log[i].kind, "incident"))
			body = p->log[i].body;
	pair_write(p, DUBLIN, "incident", "mumbai-1", body); /* mumbai is the owner it names */
	assert_null(map_get(alert_incidents(p->sites[DUBLIN].alert), "mumbai-1"));
}

static void malformed_events_change_nothing(void **state)
{
	static const struct {
		const char *kind, *subject, *body;
	} rows[] = {
		{ "incident", "mumbai-1", "{}" },
		{ "incident", "", "{\"owner\":\"mumbai\"}" },
		{ "receipt", "mumbai-1", "{\"channel\":\"nowhere\",\"version\":1}" },
		{ "receipt", "mumbai-1", "{}" },
		{ "handoff", "mumbai-1", "{\"channel\":\"discord\",\"to\":\"atlantis\"}" },
		{ "silence", "s", "{\"matchers\":\"{{{\",\"until\":\"2027-01-01T00:00:00Z\"}" },
		{ "silence", "s", "{\"matchers\":7}" },
		{ "nonsense", "s", "{}" },
	};
	uint64_t digest = alert_digest(p->sites[DUBLIN].alert);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		pair_write(p, MUMBAI, rows[i].kind, rows[i].subject, rows[i].body);
	pair_run(p, MINUTE_MS);
	assert_int_equal(alert_digest(p->sites[DUBLIN].alert), digest);
	assert_int_equal(map_count(alert_incidents(p->sites[DUBLIN].alert)), 0);
	assert_int_equal(p->n_sent, 0);
}

/* What a compromised mumbai writes, as dublin gets it. */
static void hostile(const char *kind, uint32_t number, const char *text)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	char id[32];
	struct alert_event ev = { .site = "mumbai",
		.kind = kind,
		.subject = id,
		.hlc = ++p->hlc,
		.wall = p->now.wall };

	snprintf(id, sizeof id, "mumbai-x%u", number);
	assert_int_equal(json_flat_read(&flat, text, strlen(text), &ev.body, NULL), RC_OK);
	alert_event(p->sites[DUBLIN].alert, p->now, &ev);
}

static void words_about_unknown_incidents_take_bounded_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * INCIDENTS_OPEN_MAX; i++)
		hostile("ack", i, "{\"by\":\"anna\"}");
	assert_int_equal(map_count(&p->sites[DUBLIN].alert->tracked), INCIDENTS_OPEN_MAX);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, DUBLIN, PHOTOS)); /* what is true finds room */
}

static void incidents_without_end_take_bounded_room(void **state)
{
	const char *body = NULL;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	for (uint32_t i = 0; i < p->n_log; i++)
		if (str_eq(p->log[i].kind, "incident"))
			body = p->log[i].body;
	for (uint32_t i = 0; i < INCIDENTS_OPEN_MAX + 100; i++)
		hostile("incident", i, body);
	assert_int_equal(map_count(&p->sites[DUBLIN].alert->tracked), INCIDENTS_OPEN_MAX);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, DUBLIN, GIT)); /* our own find room all the same */
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_told_is_not_told_again_after_a_restart),
		T(what_was_not_told_is_told_after_a_restart),
		T(what_recovered_during_a_restart_is_edited_not_forgotten),
		T(hours_without_a_way_out_and_a_restart_lose_nothing),
		T(what_was_handed_over_before_a_restart_is_said_to_be_in_doubt),
		T(a_silence_and_an_acknowledgement_survive_a_restart),
		T(ids_are_new_after_a_restart_with_the_clock_set_back),
		T(the_incident_that_would_survive_stands_for_a_check_when_another_ends),
		T(an_incident_stands_for_a_check_that_is_declared_here_only_later),
		T(names_of_checks_that_only_others_declare_are_forgotten_with_their_incidents),
		T(what_comes_back_of_the_past_does_not_undo_what_was_said_since),
		T(of_two_receipts_of_one_version_the_newer_one_counts),
		T(receipts_that_arrive_before_their_incident_count),
		T(the_newer_of_two_silences_stands_whichever_arrives_first),
		T(an_older_event_of_an_incident_does_not_undo_a_newer_one),
		T(a_site_writes_its_own_incidents_only),
		T(malformed_events_change_nothing),
		T(words_about_unknown_incidents_take_bounded_room),
		T(incidents_without_end_take_bounded_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
