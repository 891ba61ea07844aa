/* SPDX-License-Identifier: Apache-2.0 */
/* A service dies and comes back. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define EVERY_MS 2000
#define LAB                                                                  \
	"probes:\n"                                                          \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 2s, http: " \
	"\"http://10.2.1.10/\"}\n"

static void a_dead_service_is_told_once_and_in_time_and_the_message_is_edited(void **state)
{
	struct told told;
	int64_t died;

	(void)state;
	scene_lab(LAB, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(DUBLIN, "photos", "ok", 15000);
	await_check(MUMBAI, "photos", "ok", 15000);

	died = scene_kill(PHOTOS);
	told = await_told("photos is down", 15000);
	assert_took("a service dies, Discord is told", died, told.created_ms, 2 * EVERY_MS + 1000);
	assert_string_equal(told.teller, "mumbai");

	scene_run(PHOTOS);
	await_edit(&told, "photos is back after", 15000);
	await_no_incidents(DUBLIN, 45000);
	await_no_incidents(MUMBAI, 5000);
	assert_messages(1);
	await_same_journals(10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_dead_service_is_told_once_and_in_time_and_the_message_is_edited),
	};

	return scenarios_run(tests, COUNT(tests));
}
