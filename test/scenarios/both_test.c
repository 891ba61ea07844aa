/* SPDX-License-Identifier: Apache-2.0 */
/* Both sites die: nobody is left but the watcher. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

static void the_watcher_tells_when_both_sites_are_gone_and_edits_when_they_are_back(void **state)
{
	struct told told;
	int64_t died;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();

	scene_kill(DUBLIN_SITE);
	died = scene_kill(MUMBAI_SITE);
	told = await_told("dublin and mumbai are silent", 70000);
	assert_took("both sites die, the watcher tells", died, told.created_ms, 60000);
	assert_string_equal(told.teller, "webhost");

	scene_run(MUMBAI_SITE);
	scene_run(DUBLIN_SITE);
	await_edit(&told, "all sites are heard again", 30000);
	await_same_journals(15000);
	scene_sleep(15000); /* the sites find nothing to add */
	assert_messages(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(the_watcher_tells_when_both_sites_are_gone_and_edits_when_they_are_back),
	};

	return scenarios_run(tests, COUNT(tests));
}
