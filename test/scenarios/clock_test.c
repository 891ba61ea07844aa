/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock of one site jumps while it runs: by libfaketime, since all processes of a machine
 * share one.  It must be said, of that site only, and nothing else may be told or missed for it.
 */
#include "test/scenarios/await.h"
#include "test/scenarios/sandbox.h"
#include "test/scenarios/scene.h"

#define LAB                                                                  \
	"probes:\n"                                                          \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 2s, http: " \
	"\"http://10.2.1.10:80/\"}\n"                                        \
	"heartbeats:\n"                                                      \
	"  backup: {home: mumbai, every: 20s, grace: 5s}\n"
#define LONGEST_MS 25000 /* from one report to the next */
#define HOUR_S     3600

static int64_t report(void)
{
	int64_t now = scene_now_ms();

	AT(MUMBAI);
	MUST_RUN("curl", "--fail", "--silent", "--show-error", "--max-time", "5",
		"http://127.0.0.1:7080/heartbeat/backup");
	return now;
}

static void begin(void)
{
	scene_lab(LAB, "Photos and their backup");
	scene_set_clock(MUMBAI, 0);
	scene_run(PHOTOS);
	scene_start();
	await_check(MUMBAI, "photos", "ok", 15000);
	await_check(DUBLIN, "photos", "ok", 15000);
}

/* What happened at both sites is known at both, in one order, whatever the clocks said. */
static void journals_go_on(void)
{
	struct told photos;

	scene_kill(PHOTOS);
	photos = await_told("photos is down", 15000);
	assert_string_equal(photos.teller, "mumbai");
	scene_run(PHOTOS);
	await_edit(&photos, "photos is back after", 20000);
	assert_null(strstr(photos.title, " h")); /* by no clock */
	assert_null(strstr(photos.title, " d"));
	await_same_journals(20000);
}

/* Nor does the other site make a silence of reports that a clock which is behind has stamped. */
static void reports_go_on(void)
{
	for (int i = 0; i < 5; i++) {
		scene_sleep(12000);
		report();
		await_check(DUBLIN, "backup", "ok", 2000);
	}
}

static void jump(int64_t by_s, const char *said)
{
	struct told clock, backup;
	int64_t reported;

	begin();
	reported = report();
	await_check(DUBLIN, "backup", "ok", 5000);
	scene_set_clock(MUMBAI, by_s);
	clock = await_told("mumbai: clock is wrong", 30000);
	await_text(DUBLIN, "/api/lab/v1/events?kind=clock", said, 5000);

	/* Silent when it is due by everybody's time: not before, and with no time granted. */
	backup = await_told("backup is silent", 40000);
	assert_true(backup.created_ms >= reported + LONGEST_MS);
	assert_took("a job stays away, Discord is told", reported + LONGEST_MS, backup.created_ms,
		5000);
	report();
	await_edit(&backup, "backup is back after", 15000);
	if (by_s < 0)
		reports_go_on();
	journals_go_on();

	scene_set_clock(MUMBAI, 0);
	report();
	await_edit(&clock, "mumbai: clock is right again", 30000);
	await_check(DUBLIN, "backup", "ok", 5000);
	await_check(MUMBAI, "photos", "ok", 5000);
	await_same_journals(20000);
	assert_messages(3);
}

static void a_clock_that_jumps_two_hours_forward_is_said_and_survived(void **state)
{
	(void)state;
	jump(2 * HOUR_S, "the clock jumped 2 h forward");
}

static void a_clock_that_jumps_two_hours_back_is_said_and_survived(void **state)
{
	(void)state;
	jump(-2 * HOUR_S, "the clock jumped 2 h back");
}

static void a_clock_that_jumps_a_day_forward_is_said_and_survived(void **state)
{
	(void)state;
	jump(24 * HOUR_S, "the clock jumped 1 d forward");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_clock_that_jumps_two_hours_forward_is_said_and_survived),
		SCENARIO(a_clock_that_jumps_two_hours_back_is_said_and_survived),
		SCENARIO(a_clock_that_jumps_a_day_forward_is_said_and_survived),
	};

	if (!scene_can_set_clocks())
		return sandbox_skip("libfaketime is not installed");
	return scenarios_run(tests, COUNT(tests));
}
