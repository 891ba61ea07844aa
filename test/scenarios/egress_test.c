/* SPDX-License-Identifier: Apache-2.0 */
/* A site has something to tell, and its way to Discord is dead. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB         \
	"probes:\n" \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10/\"}\n"

static void begin(void)
{
	scene_lab(LAB, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(MUMBAI, "photos", "ok", 15000);
}

/* Once its egress works again the site edits what others have delivered for it. */
static void end(struct told *told)
{
	scene_run(PHOTOS);
	await_edit(told, "photos is back after", 60000);
	net_heal();
	await_no_incidents(MUMBAI, 90000);
	await_same_journals(15000);
}

static void what_a_site_can_not_send_goes_out_through_its_peer(void **state)
{
	struct told told;
	int64_t died;

	(void)state;
	begin();
	net_drop(MUMBAI, DISCORD);
	died = scene_kill(PHOTOS);
	told = await_told("photos is down", 60000);
	assert_took("a service dies behind a dead egress, Discord is told", died, told.created_ms,
		45000);
	await_delivered_by(DUBLIN, "photos", "dublin", 5000);
	end(&told);
	assert_told_once("photos");
}

static void what_neither_site_can_send_goes_out_through_the_watcher(void **state)
{
	struct told told;

	(void)state;
	begin();
	net_refuse(MUMBAI, DISCORD);
	net_refuse(DUBLIN, DISCORD);
	scene_kill(PHOTOS);
	told = await_told("photos is down", 90000);
	await_delivered_by(DUBLIN, "photos", "webhost", 10000);
	end(&told);
	assert_told_once("photos");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(what_a_site_can_not_send_goes_out_through_its_peer),
		SCENARIO(what_neither_site_can_send_goes_out_through_the_watcher),
	};

	return scenarios_run(tests, COUNT(tests));
}
