/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: from words to states.
 *
 * Judging is recomputed from the words whenever one changes or a deadline passes; nothing about a
 * state is stored that the words don't give.
 */
#include "core/check/check_private.h"

#include "base/str.h"

#define LOOK_AGAIN_MS 2000 /* from one probe to the next, and for the word of it to arrive */

/* A vantage's word is evidence now.  A blind vantage is believed about its own site only. */
bool check_counts(const struct checks *c, const struct check *k, uint8_t site,
	const struct vantage *v)
{
	if (v->word == WORD_NONE)
		return false;
	if ((c->blind & (1u << site)) && (k->spec->home != site || k->spec->is_outside))
		return false;
	return site == c->self || (c->promising & (1u << site));
}

/* A peer that was cut off said then that something of another's fails: maybe that was its own way there.
 * Until when it may look again, at the probe under way, and at one more; {0}: its word is not of then. */
static struct mono outdated_until(const struct checks *c, const struct check *k, uint8_t site,
	const struct vantage *v)
{
	const struct reunion *met = &c->reunions[site];

	if (v->word != WORD_FAILING || site == c->self || k->spec->home == site ||
		k->spec->source != SOURCE_PROBE || v->since.ms >= met->wall.ms)
		return (struct mono){ 0 };
	return (struct mono){ met->mono.ms + 2 * k->spec->timeout_ms + LOOK_AGAIN_MS };
}

/* ---- deadlines */

/* How long our own word stands without a new observation. */
int64_t check_word_lasts_ms(const struct check_spec *spec)
{
	return 2 * spec->every_ms + spec->timeout_ms + spec->grace_ms;
}

/* When a SOURCE_PING check must have been heard of again. */
static struct mono ping_due(const struct check *k, struct now now)
{
	const struct check_spec *spec = k->spec;
	bool was_heard = k->heard.ms != INT64_MIN;
	struct mono base = was_heard ? k->heard : k->declared_mono;
	struct mono due = { base.ms + spec->every_ms + spec->grace_ms };

	if (spec->cron) {
		struct wall from = { now.wall.ms - (now.mono.ms - base.ms) };
		struct wall next = cron_next(spec->cron, spec->zone, from);

		due.ms = next.ms == NEVER_MS
				 ? NEVER_MS
				 : now.mono.ms + (next.ms + spec->grace_ms - now.wall.ms);
	}
	if (k->run_started.ms && k->run_began.ms + spec->grace_ms < due.ms)
		due.ms = k->run_began.ms + spec->grace_ms;
	return due;
}

/* When it is silent, if it was due at `due`. */
static struct mono silent_at(const struct checks *c, const struct check *k, struct mono due)
{
	const struct check_spec *spec = k->spec;
	const struct away *away = &c->away[spec->home];
	int64_t patience = spec->grace_ms > CHECK_RETURN_MS ? spec->grace_ms : CHECK_RETURN_MS;

	if (away->from.ms == away->until.ms || due.ms < away->from.ms ||
		due.ms - spec->grace_ms >= away->until.ms || due.ms >= away->until.ms + patience)
		return due;
	return (struct mono){ away->until.ms + patience };
}

/* The moment at which time alone may change the state. */
static int64_t judge_due(const struct checks *c, const struct check *k, struct now now)
{
	const struct check_spec *spec = k->spec;
	int64_t due = NEVER_MS;

	if (check_is_paused(k, now))
		return k->paused_until.ms == NEVER_MS
			       ? NEVER_MS
			       : now.mono.ms + k->paused_until.ms - now.wall.ms;
	if (spec->source == SOURCE_PING)
		due = silent_at(c, k, ping_due(k, now)).ms;
	else if (spec->source == SOURCE_PROBE && check_is_ours(c, k) &&
		 check_vantage(k, c->self)->word != WORD_NONE)
		due = k->heard.ms + check_word_lasts_ms(spec);
	else if (k->state == CHECK_PENDING)
		due = k->declared_mono.ms + check_word_lasts_ms(spec) + CHECK_PROMISE_MS;
	for (uint8_t site = 0, i = 0; site < SITES_MAX; site++) {
		int64_t until_ms;

		if (!(spec->from & (1u << site)))
			continue;
		until_ms = outdated_until(c, k, site, &k->vantages[i++]).ms;
		if (until_ms > now.mono.ms && until_ms < due)
			due = until_ms;
	}
	return due;
}

static void arm_judge(struct checks *c, struct check *k, struct now now)
{
	int64_t due = judge_due(c, k, now);

	/* What is overdue has been judged; the next change comes from an event. */
	if (due == NEVER_MS || due <= now.mono.ms)
		heap_remove(&c->judge_heap, &k->judge_timer);
	else
		heap_set(&c->judge_heap, &k->judge_timer, due);
}

/* Our word missed its deadline: we have nothing to say any more. */
static void expire_word(struct checks *c, uint16_t index, struct now now)
{
	struct check *k = &c->items[index];
	struct vantage *v;

	if (k->spec->source != SOURCE_PROBE || !check_is_ours(c, k))
		return;
	v = check_vantage(k, c->self);
	if (v->word != WORD_NONE && k->heard.ms + check_word_lasts_ms(k->spec) <= now.mono.ms)
		check_set_word(c, index, WORD_NONE, now.wall);
}

/* ---- judging */

struct verdict {
	enum check_state state;
	enum check_scope scope;
	struct wall since;
};

/* The last report of all is the evidence. */
static struct verdict judge_ping(const struct checks *c, struct check *k, struct now now)
{
	struct vantage *newest = NULL;
	struct mono due = ping_due(k, now);

	for (uint32_t i = 0; i < k->n_vantages; i++) {
		struct vantage *v = &k->vantages[i];

		v->is_fresh = false;
		if (v->word != WORD_NONE && (!newest || v->heard.ms > newest->heard.ms))
			newest = v;
	}
	if (now.mono.ms >= silent_at(c, k, due).ms)
		return (struct verdict){ CHECK_SILENT, SCOPE_NONE,
			{ now.wall.ms - (now.mono.ms - due.ms) } };
	if (newest)
		newest->is_fresh = true;
	if (!newest)
		return (struct verdict){ CHECK_PENDING, SCOPE_NONE, k->declared };
	if (newest->word == WORD_FAILING)
		return (struct verdict){ CHECK_FAILING, SCOPE_DOWN, newest->since };
	return (struct verdict){ CHECK_OK, SCOPE_NONE, newest->since };
}

static struct verdict judge_words(struct checks *c, struct check *k, struct now now)
{
	uint32_t n_ok = 0, n_failing = 0;
	struct wall first_bad = { NEVER_MS }, last_good = { 0 };
	uint32_t i = 0;

	for (uint8_t site = 0; site < SITES_MAX; site++) {
		struct vantage *v;

		if (!(k->spec->from & (1u << site)))
			continue;
		v = &k->vantages[i++];
		v->is_fresh = check_counts(c, k, site, v) &&
			      now.mono.ms >= outdated_until(c, k, site, v).ms;
		if (!v->is_fresh)
			continue;
		if (v->word == WORD_FAILING) {
			n_failing++;
			if (v->since.ms < first_bad.ms)
				first_bad = v->since;
		} else {
			n_ok++;
			if (v->since.ms > last_good.ms)
				last_good = v->since;
		}
	}
	if (n_failing)
		return (struct verdict){ CHECK_FAILING, n_ok ? SCOPE_PATH : SCOPE_DOWN, first_bad };
	if (n_ok)
		return (struct verdict){ CHECK_OK, SCOPE_NONE, last_good };
	/* Also after a pause: the time to look has to be granted again. */
	if ((k->state == CHECK_PENDING || k->state == CHECK_PAUSED) &&
		now.mono.ms < k->declared_mono.ms + check_word_lasts_ms(k->spec) + CHECK_PROMISE_MS)
		return (struct verdict){ CHECK_PENDING, SCOPE_NONE, k->declared };
	return (struct verdict){ CHECK_SILENT, SCOPE_NONE, now.wall };
}

static const char *reason_of(const struct check *k, uint8_t site)
{
	const struct vantage *v = site == CHECK_NOBODY ? NULL : check_vantage(k, site);

	return v && v->is_fresh && v->word == WORD_FAILING ? v->reason : NULL;
}

/* Whose reason is the check's: home's, but not again in a fall in which that was lost, or the words of
 * vantages that come and go would make a change each time. */
static void choose_speaker(struct check *k)
{
	if (k->state != CHECK_FAILING) {
		k->speaker = CHECK_NOBODY;
		k->is_home_lost = false;
		return;
	}
	if (k->speaker != CHECK_NOBODY && !reason_of(k, k->speaker)) {
		k->speaker = CHECK_NOBODY;
		k->is_home_lost = true;
	}
	if ((k->speaker == CHECK_NOBODY || !k->is_home_lost) && reason_of(k, k->spec->home))
		k->speaker = k->spec->home;
	for (uint8_t site = 0; site < SITES_MAX && k->speaker == CHECK_NOBODY; site++)
		if (reason_of(k, site))
			k->speaker = site;
}

const char *check_reason(const struct check *k)
{
	const char *reason = reason_of(k, k->speaker);

	return reason ? reason : "";
}

/* It fails for another reason than was said.  From here on that is said. */
static bool is_reason_new(struct check *k)
{
	uint64_t said = k->said_reason;

	choose_speaker(k);
	if (k->speaker == CHECK_NOBODY)
		return false;
	k->said_reason = str_gist(check_reason(k));
	return k->said_reason != said;
}

/* What was true before a pause proves nothing: ask, and allow the time to ask. */
static void resume(struct checks *c, struct check *k, struct now now)
{
	k->paused_until.ms = 0;
	if (k->heard.ms != INT64_MIN)
		k->heard = now.mono;
	k->declared_mono = now.mono;
	if (k->spec->source == SOURCE_PROBE && check_is_ours(c, k))
		check_probe_at(c, k, now.mono.ms);
}

void check_judge(struct checks *c, uint16_t index, struct now now)
{
	struct check *k = &c->items[index];
	struct verdict was = { k->state, k->scope, k->since }, is;
	bool has_new_reason;

	if (k->state == CHECK_PAUSED && !check_is_paused(k, now))
		resume(c, k, now);
	if (!check_is_paused(k, now))
		expire_word(c, index, now);
	if (check_is_paused(k, now))
		is = (struct verdict){ CHECK_PAUSED, SCOPE_NONE, now.wall };
	else if (k->spec->source == SOURCE_PING)
		is = judge_ping(c, k, now);
	else
		is = judge_words(c, k, now);
	k->state = is.state;
	k->scope = is.scope;
	has_new_reason = is_reason_new(k);
	if (is.state != was.state || is.scope != was.scope)
		k->since = is.since;
	else if (is.state == CHECK_FAILING && is.since.ms < was.since.ms)
		k->since = is.since; /* another vantage saw it earlier */
	else if (is.state == CHECK_SILENT && k->spec->source == SOURCE_PING &&
		 is.since.ms > was.since.ms)
		k->since = is.since; /* a later report: at a start they are read one by one */
	if (is.state != was.state || is.scope != was.scope || has_new_reason)
		check_say(c, CHECK_SAY_STATE, index);
	arm_judge(c, k, now);
}

static void judge_all_of(struct checks *c, uint8_t site, struct now now)
{
	for (uint16_t i = 0; i < c->n; i++)
		if (c->items[i].spec->from & (1u << site))
			check_judge(c, i, now);
}

/* ---- what is known of the sites, and what people say */

void checks_promise(struct checks *c, struct now now, uint8_t site)
{
	bool is_again = c->promised_at[site].ms && !(c->promising & (1u << site));

	c->promised[site] = now.mono;
	c->promised_at[site] = now.wall;
	if (is_again)
		c->reunions[site] = (struct reunion){ now.mono, now.wall };
	if (c->promising & (1u << site))
		return;
	c->promising |= (uint8_t)(1u << site);
	judge_all_of(c, site, now);
}

static void keep_last_good(const struct checks *c, struct check *k, uint8_t site)
{
	struct vantage *v = check_vantage(k, site);

	if (v && v->word == WORD_OK && k->spec->source != SOURCE_PING &&
		v->last_ok.ms < c->promised_at[site].ms)
		v->last_ok = c->promised_at[site];
}

void checks_break_promise(struct checks *c, struct now now, uint8_t site)
{
	if (!(c->promising & (1u << site)))
		return;
	for (uint16_t i = 0; i < c->n; i++)
		keep_last_good(c, &c->items[i], site);
	c->promising &= (uint8_t) ~(1u << site);
	judge_all_of(c, site, now);
}

void checks_set_blind(struct checks *c, struct now now, uint8_t site, bool is_blind)
{
	uint8_t bit = (uint8_t)(1u << site);

	if (!!(c->blind & bit) == is_blind)
		return;
	c->blind = is_blind ? c->blind | bit : c->blind & (uint8_t)~bit;
	/* What we said while we were blind is not to be believed for longer than it has to be. */
	for (uint16_t i = 0; site == c->self && !is_blind && i < c->n; i++)
		if (c->items[i].spec->home != site)
			checks_hurry(c, now, i);
	judge_all_of(c, site, now);
}

void checks_pause(struct checks *c, struct now now, uint16_t index, struct wall until)
{
	c->items[index].paused_until.ms = until.ms > now.wall.ms ? until.ms : 0;
	check_judge(c, index, now);
}

void checks_declared(struct checks *c, struct now now, uint16_t index, struct wall since)
{
	struct check *k = &c->items[index];

	k->declared = since;
	k->declared_mono.ms = now.mono.ms - (now.wall.ms - since.ms);
	if (k->state == CHECK_PENDING)
		k->since = since;
	check_judge(c, index, now);
}

void checks_was_away(struct checks *c, struct now now, uint8_t site, struct wall from,
	struct wall until)
{
	struct away *away = &c->away[site];
	int64_t offset = now.mono.ms - now.wall.ms;

	if (until.ms > now.wall.ms)
		until = now.wall; /* its clock is ahead of ours */
	if (from.ms >= until.ms)
		return; /* its clock was set */
	*away = (struct away){ { from.ms + offset }, { until.ms + offset } };
	for (uint16_t i = 0; i < c->n; i++)
		if (c->items[i].spec->source == SOURCE_PING && c->items[i].spec->home == site)
			check_judge(c, i, now);
}
