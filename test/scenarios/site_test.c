/* SPDX-License-Identifier: Apache-2.0 */
/* A whole site dies, and comes back. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_dead_site_is_told_by_its_peer_once_and_has_its_history_when_it_is_back),
	};

	return scenarios_run(tests, COUNT(tests));
}
