/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe: from observations, reports and peers' journals to words.
 *
 * A word of ours that misses its deadline becomes WORD_NONE and is said, since the peer trusts our
 * words for as long as our heartbeats last.
 */
#include "core/check/check_private.h"

#include "base/str.h"

#include <string.h>

#define LOST_PROBE_MS (5 * SECOND_MS) /* a probe that is this late was lost by its runner */
#define CLOCK_JUMP_MS (1 * SECOND_MS)

static void set_reason(struct vantage *v, const char *reason)
{
	size_t n;

	free(v->reason);
	v->reason = NULL;
	if (!reason || !*reason)
		return;
	n = utf8_most(reason, REASON_BYTES_MAX);
	v->reason = must_alloc(n + 1);
	memcpy(v->reason, reason, n);
}

static bool says_something(const char *reason)
{
	return reason && *reason;
}

/* How long the next reason of a fall must have stood. */
static int64_t must_stand_ms(const struct vantage *v)
{
	uint8_t doublings = v->n_reasons < 16 ? v->n_reasons : 16;

	return doublings ? (int64_t)CHECK_REASON_MS << (doublings - 1) : 0;
}

/* It goes on failing, for this reason.  True: that is news. */
static bool take_reason(const struct check *k, struct vantage *v, struct now now,
	const char *reason)
{
	uint64_t gist = str_gist(reason ? reason : "");
	bool is_again = v->other == gist;

	if (!says_something(reason))
		return false;
	if (v->reason && gist == str_gist(v->reason)) {
		v->other = 0;
		set_reason(v, reason);
		return false;
	}
	if (!is_again) {
		v->other = gist;
		v->other_since = now.mono;
	}
	if ((k->spec->source == SOURCE_PROBE && !is_again) ||
		now.mono.ms - v->other_since.ms < must_stand_ms(v))
		return false;
	v->other = 0;
	v->n_reasons += v->n_reasons < UINT8_MAX;
	set_reason(v, reason);
	return true;
}

/* It falls. */
static void first_reason(struct vantage *v, const char *reason)
{
	v->other = 0;
	v->n_reasons = 0;
	set_reason(v, reason);
}

void check_set_word(struct checks *c, uint16_t index, enum check_word word, struct wall since)
{
	struct vantage *v = check_vantage(&c->items[index], c->self);

	v->word = word;
	v->since = since;
	check_forget_digest(c, c->self);
	check_say(c, CHECK_SAY_WORD, index);
}

/* ---- when to probe */

void check_probe_at(struct checks *c, struct check *k, int64_t when_ms)
{
	if (!heap_has(&k->probe_timer) || k->probe_timer.key > when_ms)
		heap_set(&c->probe_heap, &k->probe_timer, when_ms);
}

void checks_hurry(struct checks *c, struct now now, uint16_t index)
{
	struct check *k = &c->items[index];

	if (k->spec->source == SOURCE_PROBE && check_is_ours(c, k) && k->started.ms == NEVER_MS &&
		k->heard.ms <= now.mono.ms - CHECK_CONFIRM_MS / 2)
		check_probe_at(c, k, now.mono.ms);
}

static void start_probe(struct checks *c, struct check *k, struct now now)
{
	uint16_t index = (uint16_t)(k - c->items);
	int64_t every = k->spec->every_ms;
	int64_t next = now.mono.ms + every;

	if (k->is_second) { /* from here on spread over the whole interval */
		next -= (int64_t)rng_below(&c->rng, (uint64_t)every / 2 + 1);
		k->is_second = false;
	}
	heap_set(&c->probe_heap, &k->probe_timer, next);
	if (check_is_paused(k, now))
		return;
	if (k->started.ms != NEVER_MS &&
		now.mono.ms - k->started.ms < k->spec->timeout_ms + LOST_PROBE_MS)
		return;
	k->started = now.mono;
	check_say(c, CHECK_DO_PROBE, index);
}

static void suspect(struct checks *c, struct check *k, struct now now, struct vantage *v)
{
	int64_t again = k->spec->every_ms < CHECK_CONFIRM_MS ? k->spec->every_ms : CHECK_CONFIRM_MS;

	if (!v->is_suspect)
		v->suspected = now.wall;
	v->is_suspect = true;
	if (k->spec->source == SOURCE_PROBE)
		check_probe_at(c, k, now.mono.ms + again);
	for (uint16_t i = 0; i < k->spec->n_needs; i++)
		checks_hurry(c, now, k->spec->needs[i]);
}

/* ---- our observations */

static void observe_failure(struct checks *c, uint16_t index, struct now now,
	const struct observation *o)
{
	struct check *k = &c->items[index];
	struct vantage *v = check_vantage(k, c->self);

	if (v->streak < UINT8_MAX)
		v->streak++;
	if (v->word == WORD_FAILING) {
		if (!take_reason(k, v, now, o->reason))
			return;
		check_set_word(c, index, WORD_FAILING, v->since);
		check_judge(c, index, now);
		return;
	}
	if (v->streak == 1 || says_something(o->reason))
		first_reason(v, o->reason);
	if (v->last_ok.ms < o->last_ok.ms)
		v->last_ok = o->last_ok;
	if (v->streak < k->spec->confirm) {
		suspect(c, k, now, v);
		return;
	}
	check_set_word(c, index, WORD_FAILING, v->is_suspect ? v->suspected : now.wall);
	v->is_suspect = false;
}

void checks_observe(struct checks *c, struct now now, uint16_t index, const struct observation *o)
{
	struct check *k = &c->items[index];
	struct vantage *v = check_vantage(k, c->self);
	enum check_word was;

	if (!v)
		return;
	k->started.ms = NEVER_MS;
	k->is_observed = true;
	k->heard = now.mono;
	v->heard = now.wall;
	v->took_us = o->took_us;
	was = v->word;
	if (o->is_ok) {
		v->last_ok = now.wall;
		v->streak = 0;
		v->is_suspect = false;
		if (v->word != WORD_OK) {
			set_reason(v, NULL);
			check_set_word(c, index, WORD_OK, now.wall);
		}
	} else {
		observe_failure(c, index, now, o);
	}
	if (v->word != was) /* else the deadline is found to have moved when it comes */
		check_judge(c, index, now);
}

/* ---- reports */

/* The same moment on our monotonic clock; what claims to be of the future is of now. */
static struct mono moment(struct now now, struct wall at)
{
	return (struct mono){ at.ms < now.wall.ms ? now.mono.ms - (now.wall.ms - at.ms)
						  : now.mono.ms };
}

/* A run began; unless it is known that it ended, since the journals of two sites may arrive in any
 * order. */
static void start_run(struct check *k, struct now now, struct wall at)
{
	struct wall newest = k->run_started;

	for (uint32_t i = 0; i < k->n_vantages; i++)
		if (k->vantages[i].heard.ms > newest.ms && k->vantages[i].heard.ms <= now.wall.ms)
			newest = k->vantages[i].heard;
	if (at.ms < newest.ms)
		return;
	k->run_started = at;
	k->run_began = moment(now, at);
}

void checks_ping(struct checks *c, struct now now, uint16_t index, const struct report *r)
{
	struct check *k = &c->items[index];
	struct vantage *v = check_vantage(k, r->site);
	const struct observation *o = &r->end;
	enum check_word word = o->is_ok ? WORD_OK : WORD_FAILING;
	bool is_going_on;

	/* What was heard in the future was heard by a clock that has been set back since. */
	if (!v || (r->at.ms < v->heard.ms && v->heard.ms <= now.wall.ms))
		return;
	if (r->is_start) {
		start_run(k, now, r->at);
		check_judge(c, index, now);
		return;
	}
	is_going_on = v->word == WORD_FAILING && !o->is_ok;
	if (v->word != word)
		v->since = r->at;
	v->word = word;
	v->heard = r->at;
	v->took_us = o->took_us;
	if (!is_going_on)
		first_reason(v, o->is_ok ? NULL : o->reason);
	else
		take_reason(k, v, now, o->reason);
	if (o->is_ok)
		v->last_ok = r->at;
	if (k->run_started.ms && r->at.ms >= k->run_started.ms)
		k->run_started = (struct wall){ 0 };
	if (moment(now, r->at).ms > k->heard.ms)
		k->heard = moment(now, r->at);
	check_forget_digest(c, r->site);
	check_judge(c, index, now);
}

/* ---- words from journals */

static void take_word(struct check *k, uint8_t site, const struct vantage *from)
{
	struct vantage *v = check_vantage(k, site);
	char *reason = v->reason;

	*v = *from;
	v->reason = reason;
	set_reason(v, from->reason);
}

void checks_hear(struct checks *c, struct now now, uint16_t index, uint8_t site,
	const struct vantage *from)
{
	struct check *k = &c->items[index];
	bool was_failing;

	if (!check_vantage(k, site) || site == c->self ||
		from->stamp < check_vantage(k, site)->stamp)
		return; /* chains of one site may arrive in any order */
	was_failing = check_vantage(k, site)->word == WORD_FAILING;
	take_word(k, site, from);
	check_forget_digest(c, site);
	if (from->word == WORD_FAILING && !was_failing)
		checks_hurry(c, now, index);
	check_judge(c, index, now);
}

void checks_restore(struct checks *c, struct now now, uint16_t index, uint8_t site,
	const struct vantage *from)
{
	struct check *k = &c->items[index];
	int64_t first = CHECK_FIRST_MS + k->spec->timeout_ms;

	if (!check_vantage(k, site))
		return;
	take_word(k, site, from);
	check_forget_digest(c, site);
	if (site == c->self && k->spec->source == SOURCE_PROBE) {
		/* Stands at least until the first probe after the start can have been heard. */
		k->heard.ms = now.mono.ms - (now.wall.ms - from->heard.ms);
		if (k->heard.ms + check_word_lasts_ms(k->spec) < now.mono.ms + first)
			k->heard.ms = now.mono.ms + first - check_word_lasts_ms(k->spec);
	}
	check_judge(c, index, now);
}

bool checks_recover(struct checks *c, struct now now, uint16_t index, const struct vantage *from)
{
	const struct check *k = &c->items[index];
	const struct vantage *v = check_vantage(k, c->self);

	if (k->is_observed)
		return false;
	if (v && from->stamp > v->stamp)
		checks_restore(c, now, index, c->self, from);
	return true;
}

/* ---- time */

/* Wall time jumped: deadlines that are reckoned in wall time are due at other moments now. */
static void notice_jump(struct checks *c, struct now now)
{
	int64_t offset = now.wall.ms - now.mono.ms;
	int64_t by = offset - c->wall_minus_mono_ms;

	c->wall_minus_mono_ms = offset;
	if (by > -CLOCK_JUMP_MS && by < CLOCK_JUMP_MS)
		return;
	for (uint16_t i = 0; i < c->n; i++)
		if (c->items[i].spec->cron || c->items[i].paused_until.ms)
			check_judge(c, i, now);
}

void checks_tick(struct checks *c, struct now now)
{
	struct heap_node *node;

	notice_jump(c, now);
	while ((node = heap_first(&c->probe_heap)) && node->key <= now.mono.ms)
		start_probe(c, (struct check *)((char *)node - offsetof(struct check, probe_timer)),
			now);
	while ((node = heap_first(&c->judge_heap)) && node->key <= now.mono.ms) {
		struct check *k =
			(struct check *)((char *)node - offsetof(struct check, judge_timer));

		check_judge(c, (uint16_t)(k - c->items), now);
	}
	for (uint8_t left = c->promising; left; left &= left - 1) {
		uint8_t site = (uint8_t)__builtin_ctz(left);

		if (c->promised[site].ms + CHECK_PROMISE_MS <= now.mono.ms)
			checks_break_promise(c, now, site);
	}
}

struct mono checks_wake(const struct checks *c)
{
	const struct heap_node *probe = heap_first(&c->probe_heap);
	const struct heap_node *due = heap_first(&c->judge_heap);
	int64_t wake = NEVER_MS;

	if (probe && probe->key < wake)
		wake = probe->key;
	if (due && due->key < wake)
		wake = due->key;
	for (uint8_t left = c->promising; left; left &= left - 1) {
		int64_t ends = c->promised[__builtin_ctz(left)].ms + CHECK_PROMISE_MS;

		if (ends < wake)
			wake = ends;
	}
	return (struct mono){ wake };
}
