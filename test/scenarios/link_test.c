/* SPDX-License-Identifier: Apache-2.0 */
/* The sites can't reach each other, but everybody else. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB                                                                  \
	"probes:\n"                                                          \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 2s, http: " \
	"\"http://10.2.1.10/\"}\n"

static void begin(void)
{
	scene_lab(LAB, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(DUBLIN, "photos", "ok", 15000);
	await_check(MUMBAI, "photos", "ok", 15000);
}

static void heal(struct told *told)
{
	net_heal();
	await_link(DUBLIN, "up", 30000);
	await_edit(told, "link dublin-mumbai is back after", 30000);
	await_same_journals(15000);
	await_check(DUBLIN, "photos", "ok", 15000);
	scene_sleep(6000);
	assert_messages(1);
	assert_never_told("site ");
}

static void a_cut_link_is_told_as_such_and_not_as_a_dead_site(void **state)
{
	struct told told;

	(void)state;
	begin();
	net_part(DUBLIN, MUMBAI);
	told = await_told("link dublin-mumbai is down", 45000);
	scene_sleep(20000); /* whoever were to speak out of turn would have */
	assert_messages(1);
	heal(&told);
}

static void a_link_that_carries_one_way_only_is_down_too(void **state)
{
	struct told told;

	(void)state;
	begin();
	net_drop(MUMBAI, DUBLIN);
	told = await_told("link dublin-mumbai is down", 45000);
	heal(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_cut_link_is_told_as_such_and_not_as_a_dead_site),
		SCENARIO(a_link_that_carries_one_way_only_is_down_too),
	};

	return scenarios_run(tests, COUNT(tests));
}
