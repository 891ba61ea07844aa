/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: did ours jump, does it differ from a peer's, and when was that by ours? */
#include "node/facts_private.h"

#define CLOCK_JUMP_MS (2 * SECOND_MS)
#define CLOCK_SKEW_MS (30 * SECOND_MS)

void facts_notice_clock(struct site *s, struct now now)
{
	int64_t by = (now.wall.ms - s->last_wall.ms) - (now.mono.ms - s->last_mono.ms);
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	s->last_wall = now.wall;
	s->last_mono = now.mono;
	if (by < CLOCK_JUMP_MS && by > -CLOCK_JUMP_MS)
		return;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_int(&w, "by_ms", by);
	json_close(&w);
	journal_add(s->journal, now, EVENT_CLOCK, site_name(s), str_c(&body));
	beacons_clock_jumped(s, by);
	s->facts_due = now.mono; /* what is reckoned in wall time */
}

bool facts_is_skewed(int64_t skew_ms)
{
	return skew_ms >= CLOCK_SKEW_MS || skew_ms <= -CLOCK_SKEW_MS;
}

struct wall facts_by_our_clock(const struct site *s, struct now now, uint8_t peer, struct wall t)
{
	int64_t skew_ms =
		peer == s->setup.self || !facts_is_linked(s, peer) ? 0 : s->links[peer].skew_ms;

	if (!t.ms || !facts_is_skewed(skew_ms))
		return t;
	t.ms -= skew_ms;
	return t.ms < now.wall.ms ? t : now.wall;
}

/* Two clocks differ, and a third agrees with ours: it is the peer that has to say so. */
static bool is_right_by_a_watcher(const struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		if (beacons_is_reachable(&s->beacons[i], now) &&
			!facts_is_skewed(s->beacons[i].skew_ms))
			return true;
	return false;
}

void facts_judge_clock(struct site *s, struct now now)
{
	uint16_t check = s->tables->self_check[SELF_CLOCK];
	char reason[REASON_BYTES_MAX], by[DURATION_TEXT_MAX];
	uint8_t i = 0;

	while (i < s->lab->n_sites && (i == s->setup.self || !facts_is_linked(s, i) ||
					      !facts_is_skewed(s->links[i].skew_ms)))
		i++;
	if (i == s->lab->n_sites || is_right_by_a_watcher(s, now)) {
		facts_observe(s, now, check, true, NULL);
		return;
	}
	snprintf(reason, sizeof reason, "%s %s the clock at %s",
		duration_text(distance_ms(s->links[i].skew_ms), by),
		s->links[i].skew_ms < 0 ? "ahead of" : "behind", s->lab->sites[i].name);
	facts_observe(s, now, check, false, reason);
}
