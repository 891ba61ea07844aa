/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts: what the site knows at any time of itself and its neighbours, as evidence.
 *
 * Link down or site down?  Once a link is lost, the watcher decides: it heard the peer after we
 * last did: the peer lives, the link is down; it has not, for FACTS_DEAD_MS when it answered: the
 * peer is down; until either is known nothing is said.  An old answer doesn't grow into a proof:
 * maybe it is we who are cut off.  With no watcher to ask it is said after FACTS_ALONE_MS, and as
 * such.
 *
 * Blind or not?  Who sees nothing of the outside can't tell whether that is there.
 */
#include "node/site_private.h"

#define FACTS_START_MS   (10 * SECOND_MS) /* links have this long to come up after a start */
#define FACTS_DEAD_MS    12500            /* two beacons and a margin */
#define FACTS_ALONE_MS   (4 * SECOND_MS)
#define FACTS_WATCHER_MS (20 * SECOND_MS)
#define DRILL_STALE_MS   (26 * HOUR_MS)
#define FACTS_TEST_MS    (5 * MINUTE_MS)
#define FACTS_TROUBLE_MS (15 * SECOND_MS)
#define FACTS_BEHIND_MS  MINUTE_MS       /* without any that arrive */
#define FACTS_HISTORY_MS (2 * MINUTE_MS) /* in all */
#define FACTS_READING_MS (5 * SECOND_MS)
#define FACTS_BLIND_MS   (15 * SECOND_MS) /* to be sure of it */
#define FACTS_SIGHTED_MS (10 * SECOND_MS) /* channels have this long to answer after it */
#define LABS_DIFFER_MS   (2 * MINUTE_MS)  /* a new lab.yaml reaches both sites within this */
#define LAB_OLD_MS       (5 * MINUTE_MS)  /* and the watchers within this */
#define LAB_MENDED_MS    (20 * SECOND_MS) /* a watcher has read a mended one, and we heard of it */
#define CLOCK_JUMP_MS    (2 * SECOND_MS)
#define CLOCK_SKEW_MS    (30 * SECOND_MS)

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

/* The last word of anybody outside. */
static struct mono last_heard(const struct site *s)
{
	struct mono last = { INT64_MIN / 2 };

	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && s->last_linked[i].ms > last.ms)
			last = s->last_linked[i];
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		if (s->beacons[i].answered.ms > last.ms)
			last = s->beacons[i].answered;
	return last;
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
		at = last_heard(s);
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

/* ---- peers */

enum peer_life { LIFE_UNKNOWN, LIFE_ALIVE, LIFE_DEAD, LIFE_NOBODY_KNOWS };

static bool is_linked(const struct site *s, uint8_t peer)
{
	enum link_state state = s->links[peer].state;

	return state == LINK_UP || state == LINK_SUSPECT;
}

static bool is_lost(const struct site *s, uint8_t peer, struct now now)
{
	return !is_linked(s, peer) && now.mono.ms - s->last_linked[peer].ms >= LINK_DOWN_MS &&
	       now.mono.ms - s->started.ms >= FACTS_START_MS;
}

/* For a while nobody has been heard, not even a channel. */
static bool is_alone(const struct site *s, struct now now)
{
	struct mono heard = last_heard(s);

	return now.mono.ms - heard.ms >= LINK_DOWN_MS && s->egress_seen.ms <= heard.ms;
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

/* Of one that said itself that it stops.  The patience is that with one of whom nobody knows, whatever a
 * watcher makes of it sooner, so that a restart for an upgrade is none of anybody's business. */
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
	struct alert_peer is = { .is_up = is_linked(s, peer),
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

	if (is_linked(s, peer)) {
		facts_observe(s, now, site, true, NULL);
		facts_observe(s, now, link, true, NULL);
	}
	tell_alert(s, now, peer);
	if (!is_lost(s, peer, now))
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

/* A history that is still on its way is waited for, but not for ever: a chain that can't be had, or a
 * link that never lives for long enough, must not silence us.  While our own disk takes nothing it is
 * not the peer that keeps us waiting. */
static void judge_history(struct site *s, struct now now)
{
	bool is_any_linked = false, is_behind = false, was_parted = s->parted.ms != NEVER_MS;

	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		is_any_linked |= i != s->setup.self && is_linked(s, i);
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
	if (is_behind && (s->behind.ms == NEVER_MS || s->is_stuck))
		s->behind = s->behind_first = now.mono;
	alert_behind(s->alert, now,
		s->behind.ms != NEVER_MS && now.mono.ms < s->behind.ms + FACTS_BEHIND_MS);
}

/* Of what the others told, nothing can be on its way any more. */
static void judge_news(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && (!is_linked(s, i) || s->followed[i].is_behind))
			return;
	if (s->is_started && s->lab->n_sites > 1)
		alert_caught_up(s->alert, now);
}

void facts_history_came(struct site *s, struct now now)
{
	int64_t most_ms = s->behind_first.ms + FACTS_HISTORY_MS - FACTS_BEHIND_MS;

	if (s->behind.ms != NEVER_MS)
		s->behind.ms = now.mono.ms < most_ms ? now.mono.ms : most_ms;
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

/* ---- ourselves */

/* It may be that all but a channel are lost, and that channel was not asked yet. */
static void judge_outside(struct site *s, struct now now, bool is_blind)
{
	uint16_t check = s->tables->self_check[SELF_OUTSIDE];

	if (!is_blind && s->blind.ms != NEVER_MS) {
		s->blind.ms = NEVER_MS;
		s->sighted = now.mono;
		for (uint8_t i = 0; i < s->tables->alert.n_channels; i++)
			s->test_due[i] = now.mono;
	}
	if (is_blind && s->blind.ms == NEVER_MS)
		s->blind = now.mono;
	if (!is_blind)
		facts_observe(s, now, check, true, NULL);
	else if (now.mono.ms - s->blind.ms >= FACTS_BLIND_MS)
		facts_observe(s, now, check, false,
			"no other site, no watcher and no channel can be reached");
}

static void judge_channels(struct site *s, struct now now, bool is_blind)
{
	/* That they can't be reached from here is no news of them, nor that they couldn't. */
	if (is_blind || now.mono.ms - s->sighted.ms < FACTS_SIGHTED_MS)
		return;
	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++) {
		const char *trouble = alert_channel_trouble(s->alert, i, now.mono);
		char reason[REASON_BYTES_MAX];

		if (!trouble)
			continue;
		snprintf(reason, sizeof reason, "%s: %s", s->tables->alert.channels[i].name,
			trouble);
		facts_observe(s, now, s->tables->self_check[SELF_NOTIFY], false, reason);
		return;
	}
	facts_observe(s, now, s->tables->self_check[SELF_NOTIFY], true, NULL);
}

void facts_journal(struct site *s, struct now now)
{
	const char *trouble = *s->forked ? s->forked : *s->differs ? s->differs : scrub_trouble(s);

	if (!trouble)
		trouble = peers_trouble(s);
	if (s->is_open)
		facts_observe(s, now, s->tables->self_check[SELF_JOURNAL], !trouble, trouble);
}

/* A channel that nobody has written to for a while is tried without a message: a webhook that was
 * deleted must not be found out on the night when it is needed.  Sooner when nobody else is heard: is
 * anything there? */
static void test_channels(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++) {
		bool is_urgent = is_alone(s, now) || alert_channel_trouble(s->alert, i, now.mono);
		int64_t next_ms = now.mono.ms + (is_urgent ? FACTS_TROUBLE_MS : FACTS_TEST_MS);

		if (is_alone(s, now) && s->test_due[i].ms > next_ms)
			s->test_due[i] = now.mono;
		if (now.mono.ms < s->test_due[i].ms)
			continue;
		s->test_due[i].ms = next_ms;
		site_push(s, SITE_DO_TEST)->channel = i;
	}
}

void site_tested(struct site *s, struct now now, uint8_t channel, bool is_ok)
{
	if (channel >= s->tables->alert.n_channels)
		return; /* of another lab.yaml */
	site_begin(s, now);
	if (is_ok && alert_channel_trouble(s->alert, channel, now.mono))
		beacons_channel_works(s, now);
	alert_egress(s->alert, now, channel, is_ok);
	if (is_ok)
		s->egress_seen = now.mono;
	else
		s->test_due[channel].ms = now.mono.ms + FACTS_TROUBLE_MS;
	s->facts_due = now.mono;
	site_pump(s, now);
}

/* Blind: of at least two kinds of things outside, all fail. */
static bool is_seeing_nothing(const struct site *s, struct now now)
{
	uint32_t outside = 0, failing = 0, kinds = 0;
	bool has_foreign = false;

	if (now.mono.ms - s->started.ms < FACTS_START_MS)
		return false;
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self) {
			outside++;
			failing += is_lost(s, i, now);
		}
	kinds += outside > 0;
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		outside++;
		failing += !beacons_is_reachable(&s->beacons[i], now);
	}
	kinds += s->lab->n_watchers > 0;
	for (uint16_t i = 0; i < s->lab->n_checks; i++) {
		const struct lab_check *c = &s->lab->checks[i];
		const struct vantage *v;

		if (c->kind != CHECK_PROBE || c->home == s->setup.self)
			continue;
		v = checks_vantage(s->checks, i, s->setup.self);
		/* What is paused is not looked at: its word is an old one. */
		if (!v || v->word == WORD_NONE || checks_view(s->checks, i).state == CHECK_PAUSED)
			continue;
		has_foreign = true;
		outside++;
		failing += v->word == WORD_FAILING;
	}
	kinds += has_foreign;
	if (s->tables->alert.n_channels) {
		kinds++;
		outside++;
		/* That it worked before all else failed proves nothing. */
		failing += s->egress_seen.ms <= last_heard(s).ms ||
			   !alert_can_deliver(s->alert, now.mono);
	}
	return kinds >= 2 && failing == outside;
}

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

static bool is_skewed(int64_t skew_ms)
{
	return skew_ms >= CLOCK_SKEW_MS || skew_ms <= -CLOCK_SKEW_MS;
}

/* What it shows that it holds, against what we held: all of it, or a while ago.  While our own disk takes
 * nothing, what we write is in no journal yet. */
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

	if (is_linked(s, peer)) {
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
		is_skewed(known->skew_ms) || is_skewed(is.skew_ms) || alert_awaits_reader(s->alert))
		s->facts_due = now.mono;
	*known = is;
}

struct wall facts_by_our_clock(const struct site *s, struct now now, uint8_t peer, struct wall t)
{
	int64_t skew_ms = peer == s->setup.self || !is_linked(s, peer) ? 0 : s->links[peer].skew_ms;

	if (!t.ms || !is_skewed(skew_ms))
		return t;
	t.ms -= skew_ms;
	return t.ms < now.wall.ms ? t : now.wall;
}

/* Two clocks differ, and a third agrees with ours: it is the peer that has to say so. */
static bool is_right_by_a_watcher(const struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		if (beacons_is_reachable(&s->beacons[i], now) && !is_skewed(s->beacons[i].skew_ms))
			return true;
	return false;
}

static void judge_clock(struct site *s, struct now now)
{
	uint16_t check = s->tables->self_check[SELF_CLOCK];
	char reason[REASON_BYTES_MAX], by[DURATION_TEXT_MAX];
	uint8_t i = 0;

	while (i < s->lab->n_sites &&
		(i == s->setup.self || !is_linked(s, i) || !is_skewed(s->links[i].skew_ms)))
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

/* ---- lab.yaml */

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

/* A watcher reads the file, too, and can tell only us; the first site that is there says it.  What it said
 * before ours was mended is an old story. */
static bool say_watchers_trouble(struct site *s, struct now now)
{
	char reason[REASON_BYTES_MAX];

	if (now.mono.ms - s->lab_mended.ms < LAB_MENDED_MS)
		return false;
	for (uint8_t i = 0; i < s->setup.self; i++)
		if (is_linked(s, i))
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
static void compare_labs(struct site *s, struct now now)
{
	uint8_t i = s->setup.self + 1;
	char reason[REASON_BYTES_MAX];

	while (i < s->lab->n_sites && !(is_linked(s, i) && facts_is_other_lab(s, i)))
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

/* ---- when to look again */

struct sooner {
	int64_t now_ms, due_ms;
};

static void at(struct sooner *x, int64_t when_ms)
{
	if (when_ms > x->now_ms && when_ms < x->due_ms)
		x->due_ms = when_ms;
}

static void when_peer_changes(const struct site *s, uint8_t peer, struct sooner *x)
{
	if (is_linked(s, peer))
		return; /* the link has deadlines of its own */
	at(x, s->started.ms + FACTS_START_MS);
	at(x, s->last_linked[peer].ms + LINK_DOWN_MS);
	at(x, s->last_linked[peer].ms + LINK_DOWN_MS + FACTS_ALONE_MS);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		const struct beaconing *b = &s->beacons[i];

		if (b->answered.ms != INT64_MIN && b->view.sites[peer].quiet_ms >= 0)
			at(x, b->answered.ms + FACTS_DEAD_MS - b->view.sites[peer].quiet_ms);
	}
}

static void when_watcher_changes(const struct site *s, struct now now, uint8_t watcher,
	struct sooner *x)
{
	const struct beaconing *b = &s->beacons[watcher];
	int64_t since = b->answered.ms != INT64_MIN ? b->answered.ms : s->started.ms;
	int64_t drilled_ms = now.wall.ms - b->last_drill.ms;

	at(x, beacons_reachable_until(b).ms);
	if (b->lab_differs.ms != NEVER_MS)
		at(x, b->lab_differs.ms + LAB_OLD_MS);
	at(x, since + FACTS_WATCHER_MS);
	if (b->last_drill.ms) /* when it is stale, its age is told in hours */
		at(x, now.mono.ms + (drilled_ms < DRILL_STALE_MS ? DRILL_STALE_MS - drilled_ms
								 : HOUR_MS - drilled_ms % HOUR_MS));
}

/* The next moment at which time alone changes a fact; what happens is followed as it does. */
static struct mono next_due(const struct site *s, struct now now)
{
	struct sooner x = { now.mono.ms, NEVER_MS };

	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self)
			when_peer_changes(s, i, &x);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		when_watcher_changes(s, now, i, &x);
	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++)
		at(&x, s->test_due[i].ms);
	if (s->blind.ms != NEVER_MS)
		at(&x, s->blind.ms + FACTS_BLIND_MS);
	at(&x, s->sighted.ms + FACTS_SIGHTED_MS);
	at(&x, s->lab_mended.ms + LAB_MENDED_MS);
	if (s->labs_differ.ms != NEVER_MS)
		at(&x, s->labs_differ.ms + LABS_DIFFER_MS);
	if (s->behind.ms != NEVER_MS)
		at(&x, s->behind.ms + FACTS_BEHIND_MS);
	at(&x, last_heard(s).ms + LINK_DOWN_MS);
	return (struct mono){ x.due_ms };
}

static uint8_t troubled(const struct site *s, struct now now)
{
	uint8_t set = 0;

	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++)
		if (alert_channel_trouble(s->alert, i, now.mono))
			set |= (uint8_t)(1u << i);
	return set;
}

bool facts_tick(struct site *s, struct now now)
{
	bool is_blind;

	if (now.mono.ms < s->facts_due.ms && troubled(s, now) == s->troubled)
		return false;
	s->troubled = troubled(s, now);
	is_blind = is_seeing_nothing(s, now);
	judge_outside(s, now, is_blind);
	checks_set_blind(s->checks, now, s->setup.self, is_blind);
	alert_blind(s->alert, now, is_blind);
	judge_history(s, now);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self)
			judge_peer(s, now, i, is_blind);
	judge_news(s, now);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		judge_watcher(s, now, i);
	alert_watcher(s->alert, now,
		s->lab->n_watchers && beacons_is_reachable(&s->beacons[0], now));
	test_channels(s, now);
	judge_channels(s, now, is_blind);
	judge_clock(s, now);
	compare_labs(s, now);
	s->facts_due = next_due(s, now);
	return true;
}
