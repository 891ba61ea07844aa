/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_fixture.h"
#include "node/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct lab lab;
static struct lab_site sites[2];
static struct tz *dublin, *mumbai;

static int set_up(void **state)
{
	(void)state;
	dublin = fixture_zone("Europe/Dublin");
	mumbai = fixture_zone("Asia/Kolkata");
	sites[0] = (struct lab_site){ .name = "dublin", .zone = dublin };
	sites[1] = (struct lab_site){ .name = "mumbai", .zone = mumbai };
	lab = (struct lab){ .name = "home",
		.sites = sites,
		.n_sites = COUNT(sites),
		.notify = { .reader_zone = dublin } };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tz_free(dublin);
	tz_free(mumbai);
	return 0;
}

static void says(const char *site, const char *kind, const char *body, const char *wanted)
{
	struct event ev = { .site = site,
		.kind = kind,
		.subject = "mumbai-1",
		.body = body,
		.wall = { FIXTURE_SINCE_MS } };
	scoped(str_fini) struct str text = STR_EMPTY;

	site_event_text(&lab, &ev, &text);
	assert_string_equal(str_c(&text), wanted);
}

static void each_version_of_an_incident_says_what_is_new(void **state)
{
	(void)state;
	says("mumbai", "incident",
		"{\"title\":\"photos is down\",\"state\":\"open\",\"news\":\"\"}",
		"photos is down");
	says("mumbai", "incident",
		"{\"title\":\"nas is down\",\"state\":\"open\",\"news\":\"nas is the cause\"}",
		"nas is down: nas is the cause");
	says("mumbai", "incident",
		"{\"title\":\"nas is down\",\"state\":\"recovering\",\"news\":\"nas is back\"}",
		"nas is down");
	says("mumbai", "incident", "{\"title\":\"nas is down\",\"state\":\"closed\"}",
		"closed: nas is down");
	says("mumbai", "incident",
		"{\"title\":\"nas is down\",\"state\":\"merged\",\"merged_into\":\"dublin-2\"}",
		"nas is down: told as dublin-2");
}

static void an_incident_that_ends_says_for_how_long_it_was(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	scoped(str_fini) struct str body = STR_EMPTY, closed = STR_EMPTY;

	(void)state;
	in->state = INCIDENT_RECOVERING;
	in->recovered.ms = in->since.ms + 252 * SECOND_MS;
	incident_write(in, &body);
	says("mumbai", "incident", str_c(&body), "immich is back after 4 min 12 s");
	in->state = INCIDENT_CLOSED;
	in->closed.ms = in->recovered.ms + 30 * SECOND_MS;
	incident_write(in, &closed);
	says("mumbai", "incident", str_c(&closed), "closed: immich is back after 4 min 12 s");
}

static void a_site_says_of_itself_what_it_does_without_its_name(void **state)
{
	(void)state;
	says("mumbai", "boot", "{\"version\":\"1\",\"clean\":true}", "started (diarchy 1)");
	says("mumbai", "boot", "{\"version\":\"1\",\"clean\":false}",
		"started after a crash or a power cut (diarchy 1)");
	says("mumbai", "config",
		"{\"previous\":\"x\",\"revision\":\"0123456789ab\",\"summary\":\"more memory\","
		"\"author\":\"Ana\"}",
		"lab.yaml changed: 0123456789 'more memory' by Ana");
	says("mumbai", "damaged", "{\"of\":\"dublin\",\"seq\":17,\"why\":\"it is lost\"}",
		"mumbai-1's disk has changed event 17 of dublin's journal: it is lost");
	says("mumbai", "lost", "{\"of\":\"dublin\",\"seq\":17,\"moved\":4,\"to_epoch\":99}",
		"event 17 of dublin's journal is lost: no site has a copy; 4 behind it moved to "
		"epoch 99");
	says("mumbai", "clock", "{\"by_ms\":7200000}", "the clock jumped 2 h forward");
	says("mumbai", "clock", "{\"by_ms\":-7200000}", "the clock jumped 2 h back");
	says("mumbai", "clock", "{\"by_ms\":-7199970}", "the clock jumped 2 h back");
}

static void times_are_the_readers_and_the_sites(void **state)
{
	static const char body[] =
		"{\"matchers\":\"name=photos\",\"by\":\"anna\",\"why\":\"moving\","
		"\"until\":\"2026-11-22T23:00:00Z\"}";

	(void)state;
	says("mumbai", "silence", body,
		"name=photos silenced until 23:00:00 GMT (04:30:00 IST at mumbai) by anna: moving");
	says("dublin", "silence", body,
		"name=photos silenced until 23:00:00 GMT at dublin by anna: moving");
	says("mumbai", "pause", body,
		"mumbai-1 paused until 23:00:00 GMT (04:30:00 IST at mumbai) by anna: moving");
}

static void what_is_malformed_or_unknown_is_named_at_least(void **state)
{
	(void)state;
	says("mumbai", "incident", "{", "incident mumbai-1");
	says("mumbai", "tea", "{}", "tea mumbai-1");
	says("mumbai", "silence", "{\"until\":7}", "silence of  ended by somebody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_of_an_incident_says_what_is_new),
		cmocka_unit_test(an_incident_that_ends_says_for_how_long_it_was),
		cmocka_unit_test(a_site_says_of_itself_what_it_does_without_its_name),
		cmocka_unit_test(times_are_the_readers_and_the_sites),
		cmocka_unit_test(what_is_malformed_or_unknown_is_named_at_least),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
