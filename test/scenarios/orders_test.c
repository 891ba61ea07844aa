/* SPDX-License-Identifier: Apache-2.0 */
/* What people order at one site holds at the other. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB                                                                     \
	"probes:\n"                                                             \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10:80/\"}\n" \
	"  music: {home: mumbai, every: 2s, http: \"http://10.2.1.10:81/\"}\n"
#define UPDATES          \
	"maintenance:\n" \
	"  updates: {begins: \"* * * * *\", for: 5m, matchers: '{name=\"photos\"}'}\n"

static void begin(const char *lab)
{
	scene_lab(lab, "Two services");
	scene_run(PHOTOS);
	scene_start();
	await_check(DUBLIN, "photos", "ok", 15000);
	await_check(DUBLIN, "music", "ok", 15000);
}

static void a_silence_made_at_one_site_holds_at_the_other_and_ends_there(void **state)
{
	char id[64];

	(void)state;
	begin(LAB);
	assert_int_equal(COMMAND_AT(DUBLIN, NULL, "silence", "photos", "--for", "1h", "--why",
				 "new disks", "--by", "Ana"),
		0);
	await_text(MUMBAI, "/api/lab/v1/silences", "new disks", 5000);
	scene_kill(PHOTOS);
	await_told("music is down", 15000);
	scene_sleep(5000);
	assert_never_told("photos is down");

	read_first_id(MUMBAI, "/api/lab/v1/silences", "silences", id, sizeof id);
	assert_int_equal(COMMAND_AT(MUMBAI, NULL, "silence", "end", id), 0);
	await_told("photos is down", 15000);
	assert_messages(2);
}

static void an_acknowledgement_made_at_one_site_is_seen_at_the_other_and_in_the_message(
	void **state)
{
	struct told told;
	char id[64];

	(void)state;
	begin(LAB);
	assert_int_equal(
		COMMAND_AT(DUBLIN, NULL, "pause", "music", "--why", "not now", "--by", "Ana"), 0);
	await_check(MUMBAI, "music", "paused", 5000);
	scene_kill(PHOTOS);
	told = await_told("photos is down", 15000);
	read_first_id(DUBLIN, "/api/lab/v1/incidents?state=open", "incidents", id, sizeof id);
	assert_int_equal(COMMAND_AT(DUBLIN, NULL, "ack", id, "--why", "I am on it", "--by", "Ana"),
		0);
	await_text(MUMBAI, "/api/lab/v1/incidents?state=open", "I am on it", 5000);
	await_mentioned(&told, "I am on it", 15000);
	assert_messages(1);

	assert_int_equal(COMMAND_AT(MUMBAI, NULL, "resume", "music", "--by", "Ben"), 0);
	await_told("music is down", 15000);
	await_check(DUBLIN, "music", "failing", 5000);
}

static void what_fails_in_a_maintenance_window_is_not_told(void **state)
{
	(void)state;
	begin(LAB UPDATES);
	scene_sleep_until((scene_now_ms() / 60000 + 1) * 60000 + 500); /* it begins each minute */
	scene_kill(PHOTOS);
	await_told("music is down", 15000);
	await_check(DUBLIN, "photos", "failing", 5000);
	scene_sleep(5000);
	assert_never_told("photos is down");
	assert_messages(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_silence_made_at_one_site_holds_at_the_other_and_ends_there),
		SCENARIO(
			an_acknowledgement_made_at_one_site_is_seen_at_the_other_and_in_the_message),
		SCENARIO(what_fails_in_a_maintenance_window_is_not_told),
	};

	return scenarios_run(tests, COUNT(tests));
}
