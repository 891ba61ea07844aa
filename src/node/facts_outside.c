/* SPDX-License-Identifier: Apache-2.0 */
/* What is outside: can we see any of it, and do the channels work?  Who sees nothing of the outside can't
 * tell whether that is there. */
#include "node/facts_private.h"

#define FACTS_TEST_MS    (5 * MINUTE_MS)
#define FACTS_TROUBLE_MS (15 * SECOND_MS)
#define FACTS_BLIND_MS   (15 * SECOND_MS) /* to be sure of it */
#define FACTS_SIGHTED_MS (10 * SECOND_MS) /* channels have this long to answer after it */

struct mono facts_last_heard(const struct site *s)
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

/* For a while nobody has been heard, not even a channel. */
static bool is_alone(const struct site *s, struct now now)
{
	struct mono heard = facts_last_heard(s);

	return now.mono.ms - heard.ms >= LINK_DOWN_MS && s->egress_seen.ms <= heard.ms;
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
			failing += facts_is_lost(s, i, now);
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
		failing += s->egress_seen.ms <= facts_last_heard(s).ms ||
			   !alert_can_deliver(s->alert, now.mono);
	}
	return kinds >= 2 && failing == outside;
}

/* It may be that all but a channel are lost, and that channel was not asked yet. */
static void say_outside(struct site *s, struct now now, bool is_blind)
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

static void say_channels(struct site *s, struct now now, bool is_blind)
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

/* A channel that nobody has written to for a while is tried without a message: a webhook that was
 * deleted must not be found out on the night when it is needed.  Sooner when nobody else is heard: is
 * anything there?  And when it is in trouble: what waits is told as soon as it works again, not when the
 * patience that the failures have bred is over. */
static void test_channels(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++) {
		bool is_urgent = is_alone(s, now) || alert_channel_trouble(s->alert, i, now.mono);
		int64_t next_ms = now.mono.ms + (is_urgent ? FACTS_TROUBLE_MS : FACTS_TEST_MS);

		if (is_urgent && s->test_due[i].ms > next_ms)
			s->test_due[i].ms = is_alone(s, now) ? now.mono.ms : next_ms;
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

uint8_t facts_troubled_channels(const struct site *s, struct now now)
{
	uint8_t set = 0;

	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++)
		if (alert_channel_trouble(s->alert, i, now.mono))
			set |= (uint8_t)(1u << i);
	return set;
}

bool facts_judge_outside(struct site *s, struct now now)
{
	bool is_blind = is_seeing_nothing(s, now);

	say_outside(s, now, is_blind);
	checks_set_blind(s->checks, now, s->setup.self, is_blind);
	alert_blind(s->alert, now, is_blind);
	return is_blind;
}

void facts_judge_channels(struct site *s, struct now now, bool is_blind)
{
	test_channels(s, now);
	say_channels(s, now, is_blind);
}

void facts_next_outside(const struct site *s, struct facts_next *next)
{
	for (uint8_t i = 0; i < s->tables->alert.n_channels; i++)
		facts_next_at(next, s->test_due[i].ms);
	if (s->blind.ms != NEVER_MS)
		facts_next_at(next, s->blind.ms + FACTS_BLIND_MS);
	facts_next_at(next, s->sighted.ms + FACTS_SIGHTED_MS);
	facts_next_at(next, facts_last_heard(s).ms + LINK_DOWN_MS);
}
