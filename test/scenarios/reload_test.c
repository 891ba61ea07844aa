/* SPDX-License-Identifier: Apache-2.0 */
/* The lab's repo changes, for better and for worse. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#include <signal.h>

#define PHOTOS_PROBE \
	"probes:\n"  \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10:80/\"}\n"
#define MUSIC_PROBE "  music: {home: mumbai, every: 2s, http: \"http://10.2.1.10:81/\"}\n"
#define BROKEN      "  films: {home: mumbai, evry: 2s, http: \"http://10.2.1.10:82/\"}\n"

static void begin(void)
{
	scene_lab(PHOTOS_PROBE, "Photos");
	scene_run(PHOTOS);
	scene_start();
	await_check(MUMBAI, "photos", "ok", 15000);
}

static void a_new_probe_in_the_repo_is_probed_and_what_changed_is_told(void **state)
{
	(void)state;
	begin();
	scene_lab(PHOTOS_PROBE MUSIC_PROBE, "Watch the music, too");
	await_check(MUMBAI, "music", "ok", 20000);
	await_check(DUBLIN, "music", "ok", 20000);
	scene_kill(PHOTOS);
	await_told("music is down", 20000);
	assert_true(is_told("Watch the music, too")); /* what changed just before */
}

static void a_broken_lab_yaml_is_told_and_the_running_one_kept(void **state)
{
	struct told told;

	(void)state;
	begin();
	scene_lab(PHOTOS_PROBE BROKEN, "Typing error");
	told = await_told(": lab.yaml is broken", 20000);
	await_check(DUBLIN, "config@dublin", "failing", 20000);
	await_check(MUMBAI, "config@mumbai", "failing", 20000);
	assert_true(is_told("evry"));
	assert_true(is_told("'Typing error' by")); /* the commit */
	scene_signal(MUMBAI_SITE, SIGHUP);
	scene_kill(PHOTOS);
	await_told("photos is down", 20000);
	assert_told_once("photos");

	scene_run(PHOTOS);
	scene_lab(PHOTOS_PROBE MUSIC_PROBE, "Typing error mended");
	await_edit(&told, ": lab.yaml is good again", 20000);
	await_check(DUBLIN, "music", "ok", 20000);
	assert_told_once("photos");
}

static void a_site_does_not_start_with_a_broken_lab_yaml_and_says_where_it_is_broken(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	scene_lab(PHOTOS_PROBE BROKEN, "Typing error");
	assert_int_equal(COMMAND_AT(DUBLIN, &out, "check", "dublin/lab/lab.yaml"), 65);
	assert_non_null(strstr(str_c(&out), "lab.yaml:11:"));
	assert_non_null(strstr(str_c(&out), "evry"));
	assert_int_equal(COMMAND_AT(DUBLIN, NULL, "serve", "--lab", "dublin/lab/lab.yaml", "--key",
				 "dublin/key", "--state", "dublin/state"),
		65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_new_probe_in_the_repo_is_probed_and_what_changed_is_told),
		SCENARIO(a_broken_lab_yaml_is_told_and_the_running_one_kept),
		SCENARIO(a_site_does_not_start_with_a_broken_lab_yaml_and_says_where_it_is_broken),
	};

	return scenarios_run(tests, COUNT(tests));
}
