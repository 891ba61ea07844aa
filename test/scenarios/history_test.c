/* SPDX-License-Identifier: Apache-2.0 */
/* A site loses its disk. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

static void a_site_that_lost_its_disk_gets_its_history_from_its_peer(void **state)
{
	scoped(map_fini) struct map seen = MAP_EMPTY;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();
	assert_int_equal(COMMAND_AT(MUMBAI, NULL, "note", "--by", "Ana", "the disk makes noises"),
		0);
	await_same_journals(10000);
	remember_events(&seen, MUMBAI);

	scene_kill(MUMBAI_SITE);
	MUST_RUN("rm", "-rf", "mumbai/state");
	scene_run(MUMBAI_SITE);
	await_text(MUMBAI, "/api/lab/v1/events?kind=note", "the disk makes noises", 20000);
	await_text(MUMBAI, "/api/lab/v1/events?kind=recovered", "recovered", 20000);
	await_same_journals(20000);
	assert_none_is_missing(&seen, MUMBAI);
	assert_none_is_missing(&seen, DUBLIN);
	assert_messages(0);
}

static void a_site_that_was_set_back_to_a_backup_goes_on_from_where_it_was(void **state)
{
	scoped(map_fini) struct map seen = MAP_EMPTY;

	(void)state;
	scene_lab("", "Two sites");
	scene_start();
	scene_stop(MUMBAI_SITE);
	MUST_RUN("cp", "-r", "mumbai/state", "mumbai/backup");
	scene_run(MUMBAI_SITE);
	await_link(MUMBAI, "up", 20000);
	assert_int_equal(COMMAND_AT(MUMBAI, NULL, "note", "--by", "Ana", "after the backup"), 0);
	await_same_journals(10000);
	remember_events(&seen, MUMBAI);

	scene_kill(MUMBAI_SITE);
	MUST_RUN("rm", "-rf", "mumbai/state");
	MUST_RUN("mv", "mumbai/backup", "mumbai/state");
	scene_run(MUMBAI_SITE);
	await_text(MUMBAI, "/api/lab/v1/events?kind=note", "after the backup", 30000);
	await_same_journals(20000);
	assert_none_is_missing(&seen, MUMBAI);
	assert_none_is_missing(&seen, DUBLIN);
	assert_messages(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_site_that_lost_its_disk_gets_its_history_from_its_peer),
		SCENARIO(a_site_that_was_set_back_to_a_backup_goes_on_from_where_it_was),
	};

	return scenarios_run(tests, COUNT(tests));
}
