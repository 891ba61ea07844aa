/* SPDX-License-Identifier: Apache-2.0 */
/* Discord has a bad day. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

/* Three services that nothing connects: three incidents. */
#define LAB                                                                     \
	"probes:\n"                                                             \
	"  photos: {home: mumbai, every: 2s, http: \"http://10.2.1.10:80/\"}\n" \
	"  music: {home: mumbai, every: 2s, http: \"http://10.2.1.10:81/\"}\n"  \
	"  films: {home: dublin, every: 2s, http: \"http://10.2.1.10:82/\"}\n"

static const char *const services[] = { "photos", "music", "films" };

static void begin(void)
{
	scene_lab(LAB, "Three services");
	scene_run(PHOTOS);
	scene_start();
	for (size_t i = 0; i < COUNT(services); i++)
		await_check(i < 2 ? MUMBAI : DUBLIN, services[i], "ok", 15000);
}

static void await_all(struct told told[3], const char *ending, int64_t ms)
{
	char text[64];

	for (size_t i = 0; i < COUNT(services); i++) {
		snprintf(text, sizeof text, "%s %s", services[i], ending);
		told[i] = await_told(text, ms);
	}
}

static void a_third_of_the_requests_is_told_to_wait_and_all_is_told_once(void **state)
{
	struct told told[3];

	(void)state;
	begin();
	discord_mode("{\"mode\": \"429\", \"every\": 3, \"retry_after\": 2}");
	scene_kill(PHOTOS);
	await_all(told, "is down", 30000);
	scene_run(PHOTOS);
	await_all(told, "is back", 30000);
	assert_messages(3);
	assert_disturbed(2);
}

static void errors_silence_and_broken_connections_lose_nothing_and_repeat_nothing(void **state)
{
	static const char *const modes[] = { "500", "drop", "hang", "cloudflare" };
	struct told told[3];
	char mode[96];

	(void)state;
	begin();
	discord_mode("{\"mode\": \"500\"}");
	scene_kill(PHOTOS);
	for (size_t i = 0; i < COUNT(modes); i++) {
		snprintf(mode, sizeof mode, "{\"mode\": \"%s\", \"retry_after\": 3}", modes[i]);
		discord_mode(mode);
		scene_sleep(6000);
	}
	assert_messages(0);
	assert_disturbed(COUNT(modes));
	discord_mode("{\"mode\": \"ok\"}");
	await_all(told, "is down", 90000);
	scene_sleep(20000);
	for (size_t i = 0; i < COUNT(services); i++)
		assert_told_once(services[i]);
}

/* Discord has taken one of three messages, and its answer is lost: it can't be asked whether it
 * has. */
static void a_message_whose_answer_is_lost_is_told_again_and_says_that_it_may_be_a_repeat(
	void **state)
{
	struct told told[3], repeated[3];

	(void)state;
	begin();
	discord_mode("{\"mode\": \"drop\", \"only\": \"create\", \"stores\": true, \"times\": 1}");
	scene_kill(PHOTOS);
	await_all(told, "is down", 30000);
	await_mentioned_anywhere("Maybe a repeat", 30000);
	assert_disturbed(1);
	scene_run(PHOTOS);
	await_all(told, "is back", 30000);
	scene_sleep(10000); /* whatever were to be told once more would be */
	assert_int_equal(read_repeated(repeated, COUNT(repeated)), 1);
	assert_null(strstr(repeated[0].title, "is back")); /* nobody knows its number */
	assert_int_equal(count_messages(), 4);
}

/* Each attempt was one more possible repeat, as long as nobody answered.  Two sites find that
 * out. */
static void a_discord_that_takes_all_and_answers_nothing_costs_each_site_one_possible_repeat(
	void **state)
{
	struct told told[3], repeated[3];

	(void)state;
	begin();
	discord_mode("{\"mode\": \"hang\", \"stores\": true}");
	scene_kill(PHOTOS);
	scene_sleep(50000); /* a request is waited for for 15 s */
	assert_messages(2);
	discord_mode("{\"mode\": \"ok\"}");
	await_all(told, "is down", 60000);
	await_repeated(2, 60000); /* each site comes back to its own when it finds out */
	scene_sleep(10000); /* whatever were to be told once more would be */
	assert_int_equal(read_repeated(repeated, COUNT(repeated)), 2);
}

static void an_edit_whose_answer_is_lost_is_made_again_and_repeats_nothing(void **state)
{
	struct told told[3];

	(void)state;
	begin();
	discord_mode("{\"mode\": \"hang\", \"only\": \"edit\", \"stores\": true, \"times\": 1}");
	scene_kill(PHOTOS);
	await_all(told, "is down", 30000);
	scene_run(PHOTOS);
	await_all(told, "is back", 60000);
	scene_sleep(30000); /* until the answer is not waited for any more */
	assert_disturbed(1);
	assert_messages(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_third_of_the_requests_is_told_to_wait_and_all_is_told_once),
		SCENARIO(
			a_message_whose_answer_is_lost_is_told_again_and_says_that_it_may_be_a_repeat),
		SCENARIO(
			a_discord_that_takes_all_and_answers_nothing_costs_each_site_one_possible_repeat),
		SCENARIO(an_edit_whose_answer_is_lost_is_made_again_and_repeats_nothing),
		SCENARIO(errors_silence_and_broken_connections_lose_nothing_and_repeat_nothing),
	};

	return scenarios_run(tests, COUNT(tests));
}
