/* SPDX-License-Identifier: Apache-2.0 */
/* A whole site dies, and comes back. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB         \
	"probes:\n" \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10/\"}\n"

static void a_dead_site_is_told_by_its_peer_once_and_has_its_history_when_it_is_back(void **state)
{
	struct told told;
	int64_t died;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();

	died = scene_kill(MUMBAI_SITE);
	told = await_told("site mumbai is down", 45000);
	assert_took("a site dies, its peer tells", died, told.created_ms, 30000);
	assert_string_equal(told.teller, "dublin");
	scene_sleep_until(died + 55000); /* the watcher leaves it to the peer */
	assert_messages(1);

	scene_run(MUMBAI_SITE);
	await_edit(&told, "site mumbai is back after", 20000);
	await_same_journals(15000);
	assert_messages(1);
}

/* Alive, but neither heard nor hearing. */
static void a_site_that_is_cut_off_is_told_by_its_peer_and_tells_what_it_saw_when_it_is_back(
	void **state)
{
	struct told site, photos;

	(void)state;
	scene_lab(LAB, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(MUMBAI, "photos", "ok", 15000);

	net_unplug(MUMBAI);
	site = await_told("site mumbai is down", 45000);
	assert_string_equal(site.teller, "dublin");
	scene_kill(PHOTOS);
	await_check(MUMBAI, "photos", "failing", 10000);
	scene_sleep(15000);
	assert_messages(1);

	net_plug(MUMBAI);
	photos = await_told("photos is down", 90000);
	await_edit(&site, "site mumbai is back after", 90000);
	scene_run(PHOTOS);
	await_check(DUBLIN, "photos", "ok", 15000);
	await_same_journals(15000);
	assert_true(photos.created_ms > site.created_ms);
	assert_told_once("site mumbai");
	assert_told_once("photos");
	assert_never_told("site dublin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_dead_site_is_told_by_its_peer_once_and_has_its_history_when_it_is_back),
		SCENARIO(
			a_site_that_is_cut_off_is_told_by_its_peer_and_tells_what_it_saw_when_it_is_back),
	};

	return scenarios_run(tests, COUNT(tests));
}
