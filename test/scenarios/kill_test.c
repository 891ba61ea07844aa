/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9, again and again, while incidents come and go. */
#include "base/rng.h"
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#include <sys/random.h>

#define KILLS        16
#define TOLD_SECONDS 60
#define RECEIPT_MS   1000 /* a receipt is on the disk so soon after Discord has taken the message */
#define REPEATS_MAX  3

/* Three services that nothing connects: three incidents at a time. */
#define LAB                                                                    \
	"probes:\n"                                                            \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 1s, http: "   \
	"\"http://10.2.1.10:80/\"}\n"                                          \
	"  music: {home: mumbai, every: 1s, http: \"http://10.2.1.10:81/\"}\n" \
	"  films: {home: dublin, every: 1s, http: \"http://10.2.1.10:82/\"}\n"

static const char *const services[] = { "photos", "music", "films" };

static struct kill {
	enum role victim;
	int64_t at_ms; /* wall clock */
} kills[KILLS];

/* The last version of an incident stands in Discord's channel, and what stands there says that it
 * is over. */
static bool is_told_to_the_end(const json_t *incident)
{
	const json_t *told = json_array_get(json_object_get(incident, "told"), 0);
	struct told message;

	if (str_eq(json_get_text(incident, "state", ""), "merged"))
		return true;
	return json_get_int(told, "version", 0) >= json_get_int(incident, "version", 1) &&
	       read_message(json_get_text(told, "message", "none"), &message) &&
	       !strstr(message.title, " is down") && !strstr(message.title, "problem");
}

/* Of every incident that a site knows of; the name of one of which it isn't so, or NULL. */
static const char *find_untold(enum place p)
{
	static char name[64];
	scoped(json_decref) json_t *answer =
		ask_site(p, "/api/lab/v1/incidents?state=all&limit=500");
	const json_t *incident;
	size_t i;

	must(answer && json_array_size(json_object_get(answer, "incidents")) >= COUNT(services));
	json_array_foreach (json_object_get(answer, "incidents"), i, incident) {
		if (is_told_to_the_end(incident))
			continue;
		str_copy(name, sizeof name, json_get_text(incident, "id", ""));
		return name;
	}
	return NULL;
}

static void await_all_told(enum place p)
{
	const char *untold;

	for (int s = 0; (untold = find_untold(p)); s++) {
		if (s == TOLD_SECONDS)
			scene_fail("%s was not told to the end", untold);
		scene_sleep(1000);
	}
}

/* Who was killed between Discord's taking its message and writing that down must tell again: better
 * twice than never.  Nobody else may. */
static bool was_killed_right_after(const struct told *t)
{
	static const char *const names
		[] = { [DUBLIN_SITE] = "dublin", [MUMBAI_SITE] = "mumbai", [WATCHER] = "webhost" };

	for (size_t i = 0; i < COUNT(kills); i++)
		if (str_eq(names[kills[i].victim], t->teller) &&
			kills[i].at_ms >= t->created_ms - 100 &&
			kills[i].at_ms <= t->created_ms + RECEIPT_MS)
			return true;
	return false;
}

static void assert_repeats_are_few_and_had_to_be(void)
{
	struct told repeated[KILLS];
	size_t n = read_repeated(repeated, COUNT(repeated));

	print_message("%zu messages were repeated after %u kills\n", n, KILLS);
	if (n > REPEATS_MAX)
		scene_fail("%zu messages were repeated", n);
	for (size_t i = 0; i < n; i++)
		if (!was_killed_right_after(&repeated[i]))
			scene_fail("'%s' was told again, and %s was not killed just then",
				repeated[i].title, repeated[i].teller);
}

static void one_more_kill(struct rng *rng, struct map *seen, struct kill *kill)
{
	static const enum role victims[] = { DUBLIN_SITE, MUMBAI_SITE, WATCHER };
	enum role victim = victims[rng_below(rng, COUNT(victims))];

	if (scene_is_running(PHOTOS))
		scene_kill(PHOTOS);
	else
		scene_run(PHOTOS);
	scene_sleep((int64_t)rng_below(rng, 3500));
	remember_events(seen, DUBLIN);
	remember_events(seen, MUMBAI);
	*kill = (struct kill){ victim, scene_kill(victim) };
	scene_sleep((int64_t)rng_below(rng, 1500));
	scene_run(victim);
}

static void kills_at_random_moments_lose_nothing_and_repeat_only_what_they_hit(void **state)
{
	scoped(map_fini) struct map seen = MAP_EMPTY;
	struct rng rng;
	uint64_t seed;

	(void)state;
	must(getrandom(&seed, sizeof seed, 0) == sizeof seed);
	print_message("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	scene_lab(LAB, "Three services");
	scene_run(PHOTOS);
	scene_start();
	for (int i = 0; i < KILLS; i++)
		one_more_kill(&rng, &seen, &kills[i]);

	if (!scene_is_running(PHOTOS))
		scene_run(PHOTOS);
	for (size_t i = 0; i < COUNT(services); i++) {
		await_check(DUBLIN, services[i], "ok", 30000);
		await_check(MUMBAI, services[i], "ok", 30000);
	}
	await_all_told(DUBLIN);
	await_all_told(MUMBAI);
	await_same_journals(20000);
	assert_none_is_missing(&seen, DUBLIN);
	assert_none_is_missing(&seen, MUMBAI);
	assert_repeats_are_few_and_had_to_be();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(kills_at_random_moments_lose_nothing_and_repeat_only_what_they_hit),
	};

	return scenarios_run(tests, COUNT(tests));
}
