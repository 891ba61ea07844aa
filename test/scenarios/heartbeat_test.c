/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs report with curl, or don't. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#define LAB             \
	"heartbeats:\n" \
	"  backup: {home: mumbai, every: 12s, grace: 4s}\n"
#define LONGEST_MS 16000 /* from one report to the next */

static int64_t report(const char *how)
{
	int64_t now = scene_now_ms();
	char url[128];

	AT(MUMBAI);
	snprintf(url, sizeof url, "http://127.0.0.1:7080/heartbeat/backup%s", how);
	MUST_RUN("curl", "--fail", "--silent", "--show-error", "--max-time", "5", "--data",
		"42 files copied", url);
	return now;
}

static void a_job_that_stays_away_is_silent_and_comes_back(void **state)
{
	struct told told;
	int64_t reported;

	(void)state;
	scene_lab(LAB, "A backup");
	scene_start();
	reported = report("");
	await_check(MUMBAI, "backup", "ok", 2000);
	await_check(DUBLIN, "backup", "ok", 4000);
	told = await_told("backup is silent", 40000);
	assert_true(told.created_ms >= reported + LONGEST_MS);
	assert_took("a job stays away, Discord is told", reported + LONGEST_MS, told.created_ms,
		5000);
	report("");
	await_edit(&told, "backup is back after", 15000);
	assert_messages(1);
}

static void a_restart_grants_a_job_no_new_period_of_silence(void **state)
{
	struct told told;
	int64_t reported, restarted;

	(void)state;
	scene_lab(LAB, "A backup");
	scene_start();
	reported = report("");
	scene_sleep_until(reported + LONGEST_MS / 4); /* not when it is due: that would be excused */
	scene_kill(MUMBAI_SITE);
	scene_run(MUMBAI_SITE);
	restarted = scene_now_ms();
	told = await_told("backup is silent", 40000);
	assert_took("a job stays away over a restart, Discord is told", reported + LONGEST_MS,
		told.created_ms, LONGEST_MS / 4);
	assert_true(told.created_ms < restarted + LONGEST_MS);
	assert_messages(1);
}

static void a_job_that_fails_is_told_at_once(void **state)
{
	struct told told;
	int64_t reported;

	(void)state;
	scene_lab(LAB, "A backup");
	scene_start();
	report("/start");
	reported = report("/1");
	told = await_told("backup failed", 10000);
	assert_took("a job fails, Discord is told", reported, told.created_ms, 5000);
	assert_true(is_told("exit status 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_job_that_stays_away_is_silent_and_comes_back),
		SCENARIO(a_restart_grants_a_job_no_new_period_of_silence),
		SCENARIO(a_job_that_fails_is_told_at_once),
	};

	return scenarios_run(tests, COUNT(tests));
}
