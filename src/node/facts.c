/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts: what the site knows at any time of itself and its neighbours, as evidence.
 *
 * Time alone changes some facts: each subject says when it will, and then all are judged again.
 */
#include "node/facts_private.h"

#define FACTS_WATCHER_MS (20 * SECOND_MS)
#define DRILL_STALE_MS   (26 * HOUR_MS)

static struct mono later(struct mono a, struct mono b)
{
	return a.ms > b.ms ? a : b;
}

/* Somebody heard the site: we over the link, or a watcher. */
static struct mono site_heard(const struct site *s, uint8_t peer)
{
	struct mono heard = s->last_linked[peer];

	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		const struct beaconing *b = &s->beacons[i];

		if (b->answered.ms != INT64_MIN && b->view.sites[peer].quiet_ms >= 0)
			heard = later(heard,
				(struct mono){ b->answered.ms - b->view.sites[peer].quiet_ms });
	}
	return heard;
}

/* When what is not well any more was well for certain; what we know of ourselves, we know now. */
static struct wall last_good(const struct site *s, struct now now, uint16_t check)
{
	const struct lab_check *c = &s->lab->checks[check];
	struct mono at = now.mono;

	if (c->kind == CHECK_DRILL)
		return s->beacons[c->subject_a].last_drill;
	if (c->kind == CHECK_SITE)
		at = site_heard(s, c->subject_a);
	else if (c->kind == CHECK_LINK)
		at = s->last_linked[c->subject_a == s->setup.self ? c->subject_b : c->subject_a];
	else if (c->kind == CHECK_WATCHER)
		at = s->beacons[c->subject_a].answered;
	else if (c->kind == CHECK_SELF && c->self == SELF_OUTSIDE)
		at = facts_last_heard(s);
	if (at.ms == INT64_MIN)
		return (struct wall){ 0 };
	return (struct wall){ now.wall.ms - (now.mono.ms - at.ms) };
}

void facts_observe(struct site *s, struct now now, uint16_t check, bool is_ok, const char *reason)
{
	struct observation o = { .is_ok = is_ok, .reason = reason, .took_us = -1 };
	const struct vantage *v;

	if (check == NO_CHECK)
		return;
	v = checks_vantage(s->checks, check, s->setup.self);
	/* A state that hasn't changed is no news. */
	if (v && v->word == (is_ok ? WORD_OK : WORD_FAILING) &&
		(is_ok || (v->reason && reason && str_eq(v->reason, reason))))
		return;
	if (!is_ok && v && v->word == WORD_OK)
		o.last_ok = last_good(s, now, check);
	checks_observe(s->checks, now, check, &o);
}

/* ---- watchers */

static void judge_watcher(struct site *s, struct now now, uint8_t watcher)
{
	struct beaconing *b = &s->beacons[watcher];
	int64_t since = b->answered.ms != INT64_MIN ? b->answered.ms : s->started.ms;
	int64_t drilled_ms = now.wall.ms - b->last_drill.ms;
	char reason[REASON_BYTES_MAX], age[DURATION_TEXT_MAX];

	b->view.is_reachable = beacons_is_reachable(b, now);
	if (b->view.is_reachable)
		facts_observe(s, now, s->tables->watcher_check[watcher], true, NULL);
	else if (now.mono.ms - since >= FACTS_WATCHER_MS)
		facts_observe(s, now, s->tables->watcher_check[watcher], false,
			*b->why ? b->why : "no answer");
	if (!b->last_drill.ms)
		return;
	if (drilled_ms < DRILL_STALE_MS) {
		const struct vantage *v =
			checks_vantage(s->checks, s->tables->drill_check[watcher], s->setup.self);

		if (v && v->word == WORD_NONE)
			facts_observe(s, now, s->tables->drill_check[watcher], true, NULL);
		return;
	}
	snprintf(reason, sizeof reason, "the last drill that passed was %s ago",
		duration_text(drilled_ms / HOUR_MS * HOUR_MS, age));
	facts_observe(s, now, s->tables->drill_check[watcher], false, reason);
}

/* ---- the journal */

void facts_journal(struct site *s, struct now now)
{
	const char *trouble = *s->forked ? s->forked : *s->differs ? s->differs : scrub_trouble(s);

	if (!trouble)
		trouble = peers_trouble(s);
	if (s->is_open)
		facts_observe(s, now, s->tables->self_check[SELF_JOURNAL], !trouble, trouble);
}

/* ---- when to look again */

static void when_watcher_changes(const struct site *s, struct now now, uint8_t watcher,
	struct facts_next *next)
{
	const struct beaconing *b = &s->beacons[watcher];
	int64_t since = b->answered.ms != INT64_MIN ? b->answered.ms : s->started.ms;
	int64_t drilled_ms = now.wall.ms - b->last_drill.ms;
	int64_t until_next_ms = drilled_ms < DRILL_STALE_MS /* then its age is told in hours */
					? DRILL_STALE_MS - drilled_ms
					: HOUR_MS - drilled_ms % HOUR_MS;

	facts_next_at(next, beacons_reachable_until(b).ms);
	facts_next_at(next, since + FACTS_WATCHER_MS);
	if (b->last_drill.ms)
		facts_next_at(next, now.mono.ms + until_next_ms);
}

/* What happens is followed as it does. */
static struct mono next_due(const struct site *s, struct now now)
{
	struct facts_next next = { now.mono.ms, NEVER_MS };

	facts_next_outside(s, &next);
	facts_next_peers(s, &next);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		when_watcher_changes(s, now, i, &next);
	facts_next_labs(s, &next);
	return (struct mono){ next.due_ms };
}

bool facts_tick(struct site *s, struct now now)
{
	uint8_t troubled = facts_troubled_channels(s, now);
	bool is_blind;

	if (now.mono.ms < s->facts_due.ms && troubled == s->troubled)
		return false;
	s->troubled = troubled;
	is_blind = facts_judge_outside(s, now);
	facts_judge_peers(s, now, is_blind);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		judge_watcher(s, now, i);
	alert_watcher(s->alert, now,
		s->lab->n_watchers && beacons_is_reachable(&s->beacons[0], now));
	facts_judge_channels(s, now, is_blind);
	facts_judge_clock(s, now);
	facts_judge_labs(s, now);
	s->facts_due = next_due(s, now);
	return true;
}
