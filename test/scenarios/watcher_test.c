/* SPDX-License-Identifier: Apache-2.0 */
/* The dead man's switch itself. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

static void a_dead_watcher_is_told_by_the_sites_once(void **state)
{
	struct told told;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();
	scene_kill(WATCHER);
	told = await_told("watcher webhost is down", 60000);
	scene_sleep(20000); /* the other site's turn, if it had one */
	assert_messages(1);
	scene_run(WATCHER);
	await_edit(&told, "watcher webhost is back after", 30000);
	assert_messages(1);
}

static void a_first_drill_proves_the_way_and_one_that_does_not_arrive_is_told(void **state)
{
	(void)state;
	scene_lab("", "Two sites");
	scene_start();
	net_drop(WEBHOST, DISCORD); /* the watcher can't do what it is there for */
	await_told("drill of webhost failed", 220000);
	net_heal();
	await_told("daily drill passed", 30000);
	assert_messages(1); /* "works again" comes with the next drill, ten minutes later */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_dead_watcher_is_told_by_the_sites_once),
		SCENARIO(a_first_drill_proves_the_way_and_one_that_does_not_arrive_is_told),
	};

	return scenarios_run(tests, COUNT(tests));
}
