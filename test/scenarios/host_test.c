/* SPDX-License-Identifier: Apache-2.0 */
/* A host dies with all that runs on it. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB                                                                     \
	"hosts:\n"                                                              \
	"  nas: {site: mumbai, address: 10.2.1.10}\n"                           \
	"probes:\n"                                                             \
	"  nas: {home: mumbai, every: 2s, icmp: 10.2.1.10}\n"                   \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10:80/\"}\n" \
	"  music: {home: mumbai, every: 2s, http: \"http://10.2.1.10:81/\"}\n"  \
	"  films: {home: mumbai, from: [dublin, mumbai], every: 2s, http: "     \
	"\"http://10.2.1.10:82/\"}\n"

static const char *const checks[] = { "nas", "photos", "music", "films" };

static void a_dead_host_is_one_message_that_lists_what_runs_on_it(void **state)
{
	struct told told;

	(void)state;
	scene_lab(LAB, "A NAS");
	scene_run(PHOTOS);
	scene_start();
	for (size_t i = 0; i < COUNT(checks); i++)
		await_check(MUMBAI, checks[i], "ok", 15000);

	net_unplug(NAS);
	told = await_told("nas is down", 30000);
	for (size_t i = 0; i < COUNT(checks); i++)
		await_mentioned(&told, checks[i], 15000);
	scene_sleep(10000);
	assert_messages(1);

	net_plug(NAS);
	await_edit(&told, "nas is back after", 30000);
	await_no_incidents(MUMBAI, 45000);
	assert_messages(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_dead_host_is_one_message_that_lists_what_runs_on_it),
	};

	return scenarios_run(tests, COUNT(tests));
}
