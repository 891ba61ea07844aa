/* SPDX-License-Identifier: Apache-2.0 */
/* Dublin and Mumbai are 140 ms apart, there and back. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define EVERY_MS 2000
#define NOTES    150
#define LAB                                                                  \
	"probes:\n"                                                          \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 2s, http: " \
	"\"http://10.2.1.10/\"}\n"

static void begin(void)
{
	scene_far();
	scene_lab(LAB, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(DUBLIN, "photos", "ok", 15000);
	await_check(MUMBAI, "photos", "ok", 15000);
}

static int64_t round_trip_ms(void)
{
	scoped(json_decref) json_t *answer = ask_site(DUBLIN, "/api/lab/v1/status");

	return json_get_int(json_array_get(json_object_get(answer, "links"), 0), "rtt_ms", -1);
}

static void distance_delays_no_message(void **state)
{
	struct told told;
	int64_t died;

	(void)state;
	begin();
	scene_sleep(4000); /* a few heartbeats to measure by */
	print_message("round trip: %lld ms\n", (long long)round_trip_ms());
	assert_in_range(round_trip_ms(), 135, 600);

	died = scene_kill(PHOTOS);
	told = await_told("photos is down", 15000);
	assert_took("a service dies, Discord is told", died, told.created_ms, 2 * EVERY_MS + 1000);
	scene_run(PHOTOS);
	await_edit(&told, "photos is back after", 15000);
	assert_messages(1);
}

static void what_was_written_while_the_link_was_cut_catches_up_over_the_distance(void **state)
{
	struct told told;
	char text[32];

	(void)state;
	begin();
	net_part(DUBLIN, MUMBAI);
	net_part(DUBLIN, CABLE);
	for (int i = 0; i < NOTES; i++) {
		snprintf(text, sizeof text, "note %d", i);
		assert_int_equal(COMMAND_AT(DUBLIN, NULL, "note", "--by", "Ana", text), 0);
		assert_int_equal(COMMAND_AT(MUMBAI, NULL, "note", "--by", "Ben", text), 0);
	}
	told = await_told("link dublin-mumbai is down", 45000);
	net_heal();
	await_edit(&told, "link dublin-mumbai is back after", 45000);
	await_same_journals(10000);
	await_text(MUMBAI, "/api/lab/v1/events?kind=note&site=dublin&limit=500", "note 149", 1000);
	await_text(DUBLIN, "/api/lab/v1/events?kind=note&site=mumbai&limit=500", "note 149", 1000);
	assert_messages(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(distance_delays_no_message),
		SCENARIO(what_was_written_while_the_link_was_cut_catches_up_over_the_distance),
	};

	return scenarios_run(tests, COUNT(tests));
}
