/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static char *written(const struct incident *in)
{
	struct str out = STR_EMPTY;

	incident_write(in, &out);
	return str_take(&out);
}

static enum rc read_back(const char *id, const char *body, struct incident **ret, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *json;
	enum rc rc = json_flat_read(&flat, body, strlen(body), &json, e);

	return rc == RC_OK ? incident_read(id, json, ret, e) : rc;
}

static struct incident *copied(const struct incident *in)
{
	scoped(mem_free) char *body = written(in);
	struct incident *copy = NULL;
	struct err e = { 0 };

	assert_int_equal(read_back(in->id, body, &copy, &e), RC_OK);
	return copy;
}

/* `body` with `from` replaced by `to` must be refused, and the text must hold `why`. */
static void refuses(const char *from, const char *to, const char *why)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	scoped(mem_free) char *body = written(in);
	scoped(str_fini) struct str changed = STR_EMPTY;
	struct incident *none = NULL;
	struct err e = { 0 };
	char *at = strstr(body, from);

	assert_non_null(at);
	str_addn(&changed, body, (size_t)(at - body));
	str_add(&changed, to);
	str_add(&changed, at + strlen(from));
	assert_int_equal(read_back("dublin-1", str_c(&changed), &none, &e), RC_INPUT);
	assert_null(none);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" doesn't say \"%s\"", e.text, why);
}

static void a_body_holds_what_doc_says(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	scoped(mem_free) char *body = NULL;

	(void)state;
	fixture_add_before(in, FIXTURE_SINCE_MS - 31 * SECOND_MS, "mumbai", "lab.yaml changed");
	body = written(in);
	assert_string_equal(body,
		"{\"owner\":\"mumbai\",\"cause\":\"immich\",\"title\":\"immich is down\","
		"\"severity\":\"warning\",\"failing_from\":\"\",\"news\":\"\","
		"\"state\":\"open\",\"version\":1,"
		"\"opened\":\"2026-11-22T22:34:13.000Z\",\"since\":\"2026-11-22T22:34:11.000Z\","
		"\"recovered\":null,\"closed\":null,\"relapses\":0,\"is_flapping\":false,"
		"\"merged_into\":\"\",\"members\":[[\"immich\",\"failing\",\"down\",1795386851000,"
		"1795386836000,0,\"HTTP 502, wanted 200\"]],\"more_members\":0,"
		"\"before\":[{\"at\":\"2026-11-22T22:33:40.000Z\",\"site\":\"mumbai\","
		"\"text\":\"lab.yaml changed\"}]}");
}

static void what_is_read_is_what_was_written(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident(), *copy = NULL;

	(void)state;
	in->state = INCIDENT_RECOVERING;
	in->version = 7;
	in->recovered.ms = FIXTURE_SINCE_MS + MINUTE_MS;
	in->relapses = 2;
	in->is_flapping = true;
	incident_set(in, &in->failing_from, "dublin");
	incident_set(in, &in->news, "dns too");
	fixture_add_member(in, "dns", "no answer");
	fixture_add_before(in, FIXTURE_SINCE_MS - 5, "dublin", "a note");
	copy = copied(in);

	assert_string_equal(copy->id, "mumbai-tnp2ub");
	assert_string_equal(copy->owner, "mumbai");
	assert_string_equal(copy->failing_from, "dublin");
	assert_string_equal(copy->news, "dns too");
	assert_int_equal(copy->state, INCIDENT_RECOVERING);
	assert_int_equal(copy->version, 7);
	assert_int_equal(copy->recovered.ms, in->recovered.ms);
	assert_int_equal(copy->relapses, 2);
	assert_true(copy->is_flapping);
	assert_int_equal(copy->n_members, 2);
	assert_string_equal(copy->members[1].check, "dns");
	assert_string_equal(copy->members[1].reason, "no answer");
	assert_int_equal(copy->members[0].last_ok.ms, in->members[0].last_ok.ms);
	assert_int_equal(copy->n_before, 1);
	assert_string_equal(copy->before[0].text, "a note");
}

static void two_hundred_and_fifty_six_ordinary_checks_fit_into_one_event(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident(), *copy = NULL;
	scoped(mem_free) char *body = NULL;
	char name[32];

	(void)state;
	for (int i = 1; i < INCIDENT_MEMBERS_MAX; i++) {
		snprintf(name, sizeof name, "service-number-%d", i);
		fixture_add_member(in, name,
			"dial tcp 10.2.0.20:443: no route to host, tried twice");
	}
	assert_null(incident_member(in, "one-too-many", true));
	body = written(in);
	assert_true(strlen(body) <= EVENT_BODY_BYTES_MAX);
	copy = copied(in);
	assert_int_equal(copy->n_members, INCIDENT_MEMBERS_MAX);
	assert_string_equal(copy->members[0].reason, "HTTP 502, wanted 200");
	assert_true(str_starts(copy->members[255].reason, "dial tcp"));
}

static void names_too_long_for_one_event_are_not_taken_in(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident(), *copy = NULL;
	scoped(mem_free) char *body = NULL;
	char name[NAME_BYTES_MAX + 1];
	int refused = 0;

	(void)state;
	for (int i = 1; i < INCIDENT_MEMBERS_MAX; i++) {
		snprintf(name, sizeof name, "%063d", i);
		refused += incident_member(in, name, true) == NULL;
	}
	body = written(in);
	assert_true(refused > 0);
	assert_true(strlen(body) <= EVENT_BODY_BYTES_MAX);
	copy = copied(in);
	assert_int_equal(copy->n_members, INCIDENT_MEMBERS_MAX - refused);
}

static void whatever_it_holds_a_body_fits_and_is_read_again(void **state)
{
	struct rng r;
	int read = 0;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 1000; i++) {
		scoped(incident_free) struct incident *in = fixture_hostile_incident(&r),
						      *copy = NULL;
		scoped(mem_free) char *body = written(in);
		scoped(mem_free) char *again = NULL, *third = NULL;

		assert_true(strlen(body) <= EVENT_BODY_BYTES_MAX);
		if (read_back(in->id, body, &copy, NULL) != RC_OK)
			continue; /* a missing name or time, which this generator makes too */
		read++;
		again = written(copy);
		assert_int_equal(copy->n_members, in->n_members);
		incident_free(copy);
		copy = NULL;
		assert_int_equal(read_back(in->id, again, &copy, NULL), RC_OK);
		third = written(copy);
		assert_string_equal(again, third);
	}
	assert_true(read > 100);
}

static void what_is_malformed_is_refused_and_named(void **state)
{
	(void)state;
	refuses("\"mumbai\"", "7", "owner is not a text");
	refuses("\"immich is down\"", "\"\"", "title is empty");
	refuses("\"open\"", "\"ajar\"", "state is none of");
	refuses("\"version\":1", "\"version\":0", "version is not a number");
	refuses("\"version\":1", "\"version\":4294967296", "version is not a number");
	refuses("\"2026-11-22T22:34:13.000Z\"", "\"yesterday\"", "opened is not a time");
	refuses("\"2026-11-22T22:34:11.000Z\"", "null", "opened or since is missing");
	refuses("\"relapses\":0", "\"relapses\":-1", "relapses is not a number");
	refuses("\"open\"", "\"merged\"", "merged_into is empty");
	refuses("\"merged_into\":\"\"", "\"merged_into\":\"a b\"", "merged_into is not an id");
	refuses("[[\"immich\"", "[[\"immich\"],[\"immich\"", "no row of seven");
	refuses("[\"immich\",\"failing\"", "[\"\",\"failing\"", "without name");
	refuses("1795386851000", "-1", "time is no time");
	refuses("1795386851000", "253402300800000", "time is no time");
	refuses("\"more_members\":0", "\"more_members\":\"0\"", "more_members is not a number");
	refuses("\"before\":[]", "\"before\":[1,2,3,4,5,6,7]", "before has more");
	refuses("\"before\":[]", "\"before\":[{}]", "site is not a text");
}

static void an_id_that_could_not_stand_in_a_header_is_refused(void **state)
{
	static const char *const bad[] = { "", "a b", "a\nb", "a\x7f", "\xff" };
	scoped(incident_free) struct incident *in = fixture_incident();
	scoped(mem_free) char *body = written(in);
	char too_long[INCIDENT_ID_MAX + 1];
	struct incident *none = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_back(bad[i], body, &none, NULL), RC_INPUT);
	memset(too_long, 'x', sizeof too_long - 1);
	too_long[sizeof too_long - 1] = '\0';
	assert_int_equal(read_back(too_long, body, &none, NULL), RC_INPUT);
	assert_null(none);
}

static void keys_of_a_newer_version_are_passed_over(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident(), *copy = NULL;
	scoped(mem_free) char *body = written(in);
	scoped(str_fini) struct str newer = STR_EMPTY;

	(void)state;
	str_add(&newer, "{\"mood\":[\"grim\"],");
	str_add(&newer, body + 1);
	assert_int_equal(read_back("dublin-1", str_c(&newer), &copy, NULL), RC_OK);
}

static void a_member_is_found_again_and_added_only_when_asked(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();

	(void)state;
	assert_ptr_equal(incident_member(in, "immich", false), &in->members[0]);
	assert_ptr_equal(incident_member(in, "immich", true), &in->members[0]);
	assert_null(incident_member(in, "dns", false));
	assert_non_null(incident_member(in, "dns", true));
	assert_int_equal(in->n_members, 2);
}

static void a_text_may_be_set_from_a_part_of_itself(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident(), *copy = NULL;

	(void)state;
	incident_set(in, &in->cause, "site:mumbai");
	copy = copied(in);
	incident_set(in, &in->cause, in->cause + 5);
	assert_string_equal(in->cause, "mumbai");
	incident_set(copy, &copy->cause, copy->cause + 5);
	assert_string_equal(copy->cause, "mumbai");
	incident_set(copy, &copy->cause, NULL);
	assert_null(copy->cause);
}

/* Both get the same changes: one of many allocations, and one that was read into a single block. */
static void what_was_read_is_changed_like_what_was_made_here(void **state)
{
	scoped(incident_free) struct incident *made = fixture_incident();
	scoped(incident_free) struct incident *in = copied(made);
	struct incident *const both[] = { made, in };
	scoped(mem_free) char *one = NULL, *other = NULL;
	char name[16];

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		for (unsigned n = 0; n < 20; n++) {
			snprintf(name, sizeof name, "svc-%u", n);
			fixture_add_member(both[i], name, "refused");
		}
		incident_set(both[i], &both[i]->members[0].reason, "HTTP 503, wanted 200");
		incident_set(both[i], &both[i]->members[20].reason, NULL);
		incident_set(both[i], &both[i]->news, "svc-19 too");
	}
	one = written(made);
	other = written(in);
	assert_string_equal(one, other);
}

static void what_others_added_moves_to_the_next_version(void **state)
{
	scoped(incident_free) struct incident *old = fixture_incident();
	scoped(incident_free) struct incident *in = copied(old);

	(void)state;
	incident_set(old, &old->ack_by, "ana");
	old->acked.ms = FIXTURE_SINCE_MS;
	incident_receipt(old, 1)->version = 7;
	assert_true(incident_was_told(old));
	assert_false(incident_was_told(in));
	incident_inherit(in, old);
	assert_string_equal(in->ack_by, "ana");
	assert_int_equal(in->acked.ms, FIXTURE_SINCE_MS);
	assert_int_equal(in->told[1].version, 7);
	assert_false(incident_was_told(old));
}

static void the_description_is_the_object_of_the_interface(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *json = NULL;
	struct json_out w;

	(void)state;
	in->acked.ms = FIXTURE_SINCE_MS + 60000;
	incident_set(in, &in->ack_by, "ana");
	json_begin(&w, &out);
	json_object_open(&w, NULL);
	incident_describe(in, &w);
	json_close(&w);
	assert_int_equal(json_read(&json, str_c(&out), out.len, NULL), RC_OK);
	assert_string_equal(json_get_text(json, "id", ""), "mumbai-tnp2ub");
	assert_string_equal(json_get_text(json, "since", ""), "2026-11-22T22:34:11.000Z");
	assert_true(json_is_null(json_object_get(json, "merged_into")));
	assert_string_equal(json_get_text(json_object_get(json, "ack"), "by", ""), "ana");
	assert_string_equal(
		json_get_text(json_array_get(json_object_get(json, "members"), 0), "last_ok", ""),
		"2026-11-22T22:33:56.000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_holds_what_doc_says),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(two_hundred_and_fifty_six_ordinary_checks_fit_into_one_event),
		cmocka_unit_test(names_too_long_for_one_event_are_not_taken_in),
		cmocka_unit_test(whatever_it_holds_a_body_fits_and_is_read_again),
		cmocka_unit_test(what_is_malformed_is_refused_and_named),
		cmocka_unit_test(an_id_that_could_not_stand_in_a_header_is_refused),
		cmocka_unit_test(keys_of_a_newer_version_are_passed_over),
		cmocka_unit_test(a_member_is_found_again_and_added_only_when_asked),
		cmocka_unit_test(a_text_may_be_set_from_a_part_of_itself),
		cmocka_unit_test(what_was_read_is_changed_like_what_was_made_here),
		cmocka_unit_test(what_others_added_moves_to_the_next_version),
		cmocka_unit_test(the_description_is_the_object_of_the_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
