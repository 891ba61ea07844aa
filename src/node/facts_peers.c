/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link down or site down?  Once a link is lost, the watcher decides: it heard the peer after we
 * last did: the peer lives, the link is down; it has not, for FACTS_DEAD_MS when it answered: the
 * peer is down; until either is known nothing is said.  An old answer doesn't grow into a proof:
 * maybe it is we who are cut off.  With no watcher to ask it is said after FACTS_ALONE_MS, and as
 * such.
 */
#include "node/facts_private.h"

#define FACTS_DEAD_MS    12500 /* two beacons and a margin */
#define FACTS_ALONE_MS   (4 * SECOND_MS)
#define FACTS_BEHIND_MS  MINUTE_MS       /* without any that arrive */
#define FACTS_HISTORY_MS (2 * MINUTE_MS) /* in all */
#define FACTS_READING_MS (5 * SECOND_MS)

enum peer_life { LIFE_UNKNOWN, LIFE_ALIVE, LIFE_DEAD, LIFE_NOBODY_KNOWS };

bool facts_is_linked(const struct site *s, uint8_t peer)
{
	enum link_state state = s->links[peer].state;

	return state == LINK_UP || state == LINK_SUSPECT;
}

bool facts_is_lost(const struct site *s, uint8_t peer, struct now now)
{
	return !facts_is_linked(s, peer) && now.mono.ms - s->last_linked[peer].ms >= LINK_DOWN_MS &&
	       now.mono.ms - s->started.ms >= FACTS_START_MS;
}

/* What the watchers say of a peer whose link is lost. */
static enum peer_life life_of(struct site *s, uint8_t peer, struct now now)
{
	uint32_t asked = 0, dead = 0;

	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		struct beaconing *b = &s->beacons[i];
		int64_t quiet_ms = b->view.sites[peer].quiet_ms;

		if (!beacons_is_reachable(b, now))
			continue;
		asked++;
		if (quiet_ms < 0) /* never heard, which counts from the loss of the link on */
			quiet_ms = b->answered.ms - s->last_linked[peer].ms;
		if (quiet_ms >= FACTS_DEAD_MS)
			dead++;
		else if (quiet_ms + now.mono.ms - b->answered.ms >= FACTS_DEAD_MS)
			beacons_hurry(b, now);
		else if (b->answered.ms - quiet_ms > s->last_linked[peer].ms + SECOND_MS)
			return LIFE_ALIVE;
	}
	if (asked)
		return dead == asked ? LIFE_DEAD : LIFE_UNKNOWN;
	if (now.mono.ms - s->last_linked[peer].ms >= LINK_DOWN_MS + FACTS_ALONE_MS)
		return LIFE_NOBODY_KNOWS;
	return LIFE_UNKNOWN;
}

/* Of one that said itself that it stops.  The patience is that with one of whom nobody knows,
 * whatever a watcher makes of it sooner, so that a restart for an upgrade is none of anybody's
 * business. */
static enum peer_life life_after_goodbye(struct site *s, uint8_t peer, struct now now)
{
	if (life_of(s, peer, now) == LIFE_ALIVE)
		return LIFE_ALIVE; /* it is back, and the link isn't */
	return now.mono.ms - s->last_linked[peer].ms >= LINK_DOWN_MS + FACTS_ALONE_MS
		       ? LIFE_DEAD
		       : LIFE_UNKNOWN;
}

static void tell_alert(struct site *s, struct now now, uint8_t peer)
{
	struct alert_peer is = { .is_up = facts_is_linked(s, peer),
		.can_deliver = s->links[peer].peer_can_deliver,
		.is_reading = s->followed[peer].is_reading,
		.has_read = s->readings[peer].reached };

	alert_peer(s->alert, now, peer, &is);
}

static void judge_peer(struct site *s, struct now now, uint8_t peer, bool is_blind)
{
	uint16_t link = s->tables->link_check[peer], site = s->tables->site_check[peer];
	enum peer_life life;
	char reason[REASON_BYTES_MAX];

	if (facts_is_linked(s, peer)) {
		facts_observe(s, now, site, true, NULL);
		facts_observe(s, now, link, true, NULL);
	}
	tell_alert(s, now, peer);
	if (!facts_is_lost(s, peer, now))
		return;
	if (is_blind)
		life = LIFE_NOBODY_KNOWS;
	else if (s->is_stopped[peer])
		life = life_after_goodbye(s, peer, now);
	else
		life = life_of(s, peer, now);
	if (life == LIFE_UNKNOWN)
		return;
	if (is_blind)
		snprintf(reason, sizeof reason, "%s sees nothing of the outside", site_name(s));
	else if (life == LIFE_DEAD && s->is_stopped[peer])
		snprintf(reason, sizeof reason, "it was stopped by its operator");
	else if (life == LIFE_DEAD)
		snprintf(reason, sizeof reason, "neither %s nor a watcher hears it", site_name(s));
	else if (life == LIFE_NOBODY_KNOWS)
		snprintf(reason, sizeof reason,
			"no link, and no watcher to ask: the site or the link is down");
	else
		snprintf(reason, sizeof reason,
			"the sites lost each other, and a watcher hears both");
	facts_observe(s, now, link, false, reason);
	if (life == LIFE_ALIVE)
		facts_observe(s, now, site, true, NULL);
	else if (!is_blind)
		facts_observe(s, now, site, false, reason);
	/* What it said last is no evidence any more, also of the link. */
	checks_break_promise(s->checks, now, peer);
	alert_peer(s->alert, now, peer, &(struct alert_peer){ .is_dead = life == LIFE_DEAD });
}

/* ---- what the peers hold */

/* One that took what we wrote meanwhile only doesn't take what that peer has: no reason to wait. */
static bool is_disk_failing(const struct site *s)
{
	return s->is_stuck || (s->refused.ms != NEVER_MS && s->committed.ms < s->refused.ms);
}

/* A history that is still on its way is waited for, but not for ever: a chain that can't be had, or
 * a link that never lives for long enough, must not silence us.  While our own disk takes nothing
 * it is not the peer that keeps us waiting. */
static void judge_history(struct site *s, struct now now)
{
	bool is_any_linked = false, is_behind = false, was_parted = s->parted.ms != NEVER_MS;

	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		is_any_linked |= i != s->setup.self && facts_is_linked(s, i);
		is_behind |= s->followed[i].is_behind;
	}
	if (was_parted && now.mono.ms - s->parted.ms >= FACTS_BEHIND_MS)
		s->behind.ms = NEVER_MS;
	if (is_any_linked)
		s->parted.ms = NEVER_MS;
	else if (!was_parted)
		s->parted = now.mono;
	if (is_any_linked && !is_behind)
		s->behind.ms = NEVER_MS;
	if (is_behind && (s->behind.ms == NEVER_MS || is_disk_failing(s)))
		s->behind = s->behind_first = now.mono;
	alert_behind(s->alert, now,
		s->behind.ms != NEVER_MS && now.mono.ms < s->behind.ms + FACTS_BEHIND_MS);
}

/* Of what the others told, nothing can be on its way any more. */
static void judge_news(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && (!facts_is_linked(s, i) || s->followed[i].is_behind))
			return;
	if (s->is_started && s->lab->n_sites > 1 && !scrub_is_state_short(s))
		alert_caught_up(s->alert, now);
}

void facts_history_came(struct site *s, struct now now)
{
	int64_t most_ms = s->behind_first.ms + FACTS_HISTORY_MS - FACTS_BEHIND_MS;

	if (s->behind.ms != NEVER_MS)
		s->behind.ms = now.mono.ms < most_ms ? now.mono.ms : most_ms;
}

/* What it shows that it holds, against what we held: all of it, or a while ago.  While our own disk
 * takes nothing, what we write is in no journal yet. */
static void follow_reading(struct site *s, struct now now, uint8_t peer, uint64_t n_shared)
{
	struct reading *r = &s->readings[peer];

	if (!r->marked.ms)
		*r = (struct reading){ s->n_held, now.mono, { INT64_MIN } };
	if (s->is_stuck || n_shared < r->mark)
		return;
	r->reached = n_shared >= s->n_held ? now.mono : r->marked;
	r->mark = s->n_held;
	r->marked = now.mono;
}

void facts_follow_link(struct site *s, struct now now, uint8_t peer)
{
	const struct link *l = &s->links[peer];
	struct followed *known = &s->followed[peer];
	struct followed is = { l->state, l->peer_can_deliver, l->skew_ms, false, false };

	if (facts_is_linked(s, peer)) {
		struct peers_gap gap = peers_gap(s, peer);

		s->last_linked[peer] = l->heard;
		follow_reading(s, now, peer, gap.n_shared);
		is.is_behind = gap.is_behind;
		is.is_reading = now.mono.ms - s->readings[peer].marked.ms >= FACTS_READING_MS;
	} else {
		s->readings[peer].marked.ms = 0;
	}
	if (known->state != is.state || known->can_deliver != is.can_deliver ||
		known->is_behind != is.is_behind || known->is_reading != is.is_reading ||
		facts_is_skewed(known->skew_ms) || facts_is_skewed(is.skew_ms) ||
		alert_awaits_reader(s->alert))
		s->facts_due = now.mono;
	*known = is;
}

void facts_judge_peers(struct site *s, struct now now, bool is_blind)
{
	judge_history(s, now);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self)
			judge_peer(s, now, i, is_blind);
	judge_news(s, now);
}

static void when_peer_changes(const struct site *s, uint8_t peer, struct facts_next *next)
{
	if (facts_is_linked(s, peer))
		return; /* the link has deadlines of its own */
	facts_next_at(next, s->started.ms + FACTS_START_MS);
	facts_next_at(next, s->last_linked[peer].ms + LINK_DOWN_MS);
	facts_next_at(next, s->last_linked[peer].ms + LINK_DOWN_MS + FACTS_ALONE_MS);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		const struct beaconing *b = &s->beacons[i];

		if (b->answered.ms != INT64_MIN && b->view.sites[peer].quiet_ms >= 0)
			facts_next_at(next,
				b->answered.ms + FACTS_DEAD_MS - b->view.sites[peer].quiet_ms);
	}
}

void facts_next_peers(const struct site *s, struct facts_next *next)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self)
			when_peer_changes(s, i, next);
	if (s->behind.ms != NEVER_MS)
		facts_next_at(next, s->behind.ms + FACTS_BEHIND_MS);
}
