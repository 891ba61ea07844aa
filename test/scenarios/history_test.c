/* SPDX-License-Identifier: Apache-2.0 */
/* A site loses its disk. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

static void a_site_that_lost_its_disk_gets_its_history_from_its_peer(void **state)
{
	scoped(str_fini) struct str before = STR_EMPTY, after = STR_EMPTY;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();
	assert_int_equal(COMMAND_AT(MUMBAI, NULL, "note", "--by", "Ana", "the disk makes noises"),
		0);
	await_same_journals(10000);
	COMMAND_AT(DUBLIN, &before, "log", "--from", "mumbai", "--json", "--limit", "10000");

	scene_kill(MUMBAI_SITE);
	MUST_RUN("rm", "-rf", "mumbai/state");
	scene_run(MUMBAI_SITE);
	await_link(MUMBAI, "up", 20000);
	await_same_journals(20000);
	COMMAND_AT(MUMBAI, &after, "log", "--from", "mumbai", "--json", "--limit", "10000");
	assert_non_null(strstr(str_c(&before), "the disk makes noises"));
	assert_non_null(strstr(str_c(&after), "the disk makes noises"));
	assert_true(after.len > before.len);
	assert_messages(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_site_that_lost_its_disk_gets_its_history_from_its_peer),
	};

	return scenarios_run(tests, COUNT(tests));
}
