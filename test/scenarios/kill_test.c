/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9, again and again, while incidents come and go. */
#include "base/map.h"
#include "base/rng.h"
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#include <sys/random.h>

#define KILLS 16

/* Three services that nothing connects: three incidents at a time. */
#define LAB                                                                    \
	"probes:\n"                                                            \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 1s, http: "   \
	"\"http://10.2.1.10:80/\"}\n"                                          \
	"  music: {home: mumbai, every: 1s, http: \"http://10.2.1.10:81/\"}\n" \
	"  films: {home: dublin, every: 1s, http: \"http://10.2.1.10:82/\"}\n"

/* What a journal has shown once must be in it for good. */
static void remember_events(struct map *seen, enum place p)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char *save = NULL;

	if (COMMAND_AT(p, &text, "log", "--json", "--limit", "100000") != 0)
		return;
	for (char *l = strtok_r(text.s, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		scoped(json_decref) json_t *event = NULL;

		must(json_read(&event, l, strlen(l), NULL) == RC_OK);
		map_put(seen, json_get_text(event, "hash", ""), seen);
	}
}

static void assert_none_is_missing(const struct map *seen, enum place p)
{
	scoped(map_fini) struct map now = MAP_EMPTY;

	remember_events(&now, p);
	print_message("%s: %u events were seen, %u are there\n", place_name(p), map_count(seen),
		map_count(&now));
	map_each (seen, e) {
		if (!map_get(&now, e->key))
			scene_fail("event %s was at %s and is no more", e->key, place_name(p));
	}
}

/* Every incident that a site knows of was told, and the last word is that all is well. */
static void assert_all_are_told(enum place p)
{
	scoped(json_decref) json_t *answer =
		ask_site(p, "/api/lab/v1/incidents?state=all&limit=500");
	const json_t *incident;
	size_t i;

	must(answer);
	json_array_foreach (json_object_get(answer, "incidents"), i, incident) {
		const json_t *told = json_array_get(json_object_get(incident, "told"), 0);

		if (str_eq(json_get_text(incident, "state", ""), "merged"))
			continue;
		if (json_get_int(told, "version", 0) < json_get_int(incident, "version", 1) ||
			!has_message(json_get_text(told, "message", "none")))
			scene_fail("%s (%s) was not told to the end",
				json_get_text(incident, "id", ""),
				json_get_text(incident, "title", ""));
	}
}

static void one_more_kill(struct rng *rng, struct map *seen)
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
	scene_kill(victim);
	scene_sleep((int64_t)rng_below(rng, 1500));
	scene_run(victim);
}

static void nothing_is_lost_over_kills_at_random_moments(void **state)
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
		one_more_kill(&rng, &seen);

	if (!scene_is_running(PHOTOS))
		scene_run(PHOTOS);
	await_no_incidents(DUBLIN, 120000);
	await_no_incidents(MUMBAI, 30000);
	scene_sleep(8000); /* the last edits */
	await_same_journals(20000);
	assert_none_is_missing(&seen, DUBLIN);
	assert_none_is_missing(&seen, MUMBAI);
	assert_all_are_told(DUBLIN);
	assert_all_are_told(MUMBAI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(nothing_is_lost_over_kills_at_random_moments),
	};

	return scenarios_run(tests, COUNT(tests));
}
