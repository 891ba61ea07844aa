/* SPDX-License-Identifier: Apache-2.0 */
/* lab.yaml: is it whole, and is it the same one everywhere?  What is wrong is said by one site. */
#include "node/facts_private.h"

#define LABS_DIFFER_MS (2 * MINUTE_MS)  /* a new lab.yaml reaches both sites within this */
#define LAB_OLD_MS     (5 * MINUTE_MS)  /* and the watchers within this */
#define LAB_MENDED_MS  (20 * SECOND_MS) /* a watcher has read a mended one, and we heard of it */

bool facts_is_other_lab(const struct site *s, uint8_t site)
{
	return *s->lab_of[site] && !str_eq(s->lab_of[site], s->lab_of[s->setup.self]);
}

void facts_loaded(struct site *s, struct now now)
{
	s->labs_differ.ms = NEVER_MS;
	if (s->is_lab_broken)
		s->lab_mended = now.mono;
	s->is_lab_broken = false;
	facts_observe(s, now, s->tables->self_check[SELF_CONFIG], true, NULL);
}

/* What is wrong with the lab.yaml of a watcher; false: nothing. */
static bool watchers_trouble(const struct site *s, struct now now, uint8_t watcher,
	char reason[REASON_BYTES_MAX])
{
	const struct beaconing *b = &s->beacons[watcher];
	const char *name = s->lab->watchers[watcher].name;

	if (*b->config_why)
		snprintf(reason, REASON_BYTES_MAX, "the watcher %s does not take it up: %.160s",
			name, b->config_why);
	else if (b->lab_differs.ms != NEVER_MS && now.mono.ms - b->lab_differs.ms >= LAB_OLD_MS)
		snprintf(reason, REASON_BYTES_MAX,
			"the watcher %s runs another lab.yaml than %s: bring the newest one to it",
			name, site_name(s));
	else
		return false;
	return true;
}

/* A watcher reads the file, too, and can tell only us; the first site that is there says it.  What
 * it said before ours was mended is an old story. */
static bool say_watchers_trouble(struct site *s, struct now now)
{
	char reason[REASON_BYTES_MAX];

	if (now.mono.ms - s->lab_mended.ms < LAB_MENDED_MS)
		return false;
	for (uint8_t i = 0; i < s->setup.self; i++)
		if (facts_is_linked(s, i))
			return false;
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		if (!watchers_trouble(s, now, i, reason))
			continue;
		facts_observe(s, now, s->tables->self_check[SELF_CONFIG], false, reason);
		return true;
	}
	return false;
}

/* The site that is declared first says it, so that it is said once. */
void facts_judge_labs(struct site *s, struct now now)
{
	uint8_t i = s->setup.self + 1;
	char reason[REASON_BYTES_MAX];

	while (i < s->lab->n_sites && !(facts_is_linked(s, i) && facts_is_other_lab(s, i)))
		i++;
	if (i >= s->lab->n_sites) {
		/* Also a word of ours that came back from before: it is not so any more. */
		if (!s->is_lab_broken && !say_watchers_trouble(s, now))
			facts_loaded(s, now);
		return;
	}
	if (s->labs_differ.ms == NEVER_MS)
		s->labs_differ = now.mono;
	if (s->is_lab_broken || now.mono.ms - s->labs_differ.ms < LABS_DIFFER_MS)
		return;
	snprintf(reason, sizeof reason, "%s runs another lab.yaml than %s", s->lab->sites[i].name,
		site_name(s));
	facts_observe(s, now, s->tables->self_check[SELF_CONFIG], false, reason);
}

void facts_next_labs(const struct site *s, struct facts_next *next)
{
	facts_next_at(next, s->lab_mended.ms + LAB_MENDED_MS);
	if (s->labs_differ.ms != NEVER_MS)
		facts_next_at(next, s->labs_differ.ms + LABS_DIFFER_MS);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		if (s->beacons[i].lab_differs.ms != NEVER_MS)
			facts_next_at(next, s->beacons[i].lab_differs.ms + LAB_OLD_MS);
}
