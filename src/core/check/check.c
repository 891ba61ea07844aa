/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: every check has at most two timers in two heaps, "probe next" and "judge next", so that a
 * step costs the logarithm of the number of checks, and an observation that changes nothing costs
 * a few comparisons.  A word of ours that misses its deadline becomes WORD_NONE and is said, since
 * the peer trusts our words for as long as our heartbeats last.  Judging is recomputed from the
 * words whenever one changes; nothing about a state is stored that the words don't give.
 */
#include "core/check/check.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define FIRST_PROBE_MS  (10 * SECOND_MS) /* every check is probed within this after a start */
#define LOST_PROBE_MS   (5 * SECOND_MS)  /* a probe that is this late was lost by its runner */
#define CLOCK_JUMP_MS   (1 * SECOND_MS)

struct check {
	const struct check_spec *spec;
	struct vantage *vantages; /* one for each bit of spec->from, lowest first */
	enum check_state state;
	enum check_scope scope;
	struct wall since;
	struct wall paused_until;
	struct wall run_started;
	struct mono run_began;       /* the same moment; deadlines don't follow a clock that jumps */
	struct wall declared;        /* deadlines of a check without evidence count from here */
	struct mono declared_mono;
	struct mono heard;           /* newest evidence of ours; of anybody's for SOURCE_PING */
	struct mono started;         /* the probe under way; {NEVER_MS}: none */
	bool is_second;              /* the next interval places the check in its phase */
	struct heap_node probe_timer, judge_timer;
};

struct checks {
	uint8_t self;
	struct rng rng;
	struct check *items;
	uint16_t n;
	struct heap probe_heap, judge_heap;
	struct check_effect *queue; /* ring of `cap` slots */
	uint32_t head, queued, cap;
	uint8_t blind;                       /* bit n: site n */
	uint8_t promising;                   /* bit n: its promise holds */
	struct mono promised[SITES_MAX];
	int64_t wall_minus_mono_ms;          /* to notice jumps */
	uint64_t digest[SITES_MAX];
	uint8_t digest_valid;                /* bit n */
};

static const char *const state_names[CHECK_STATES] = {
	[CHECK_PENDING] = "pending", [CHECK_OK] = "ok", [CHECK_FAILING] = "failing",
	[CHECK_SILENT] = "silent", [CHECK_PAUSED] = "paused",
};
static const char *const scope_names[] = {
	[SCOPE_NONE] = "none", [SCOPE_DOWN] = "down", [SCOPE_PATH] = "path",
};
static const char *const word_names[] = {
	[WORD_NONE] = "none", [WORD_OK] = "ok", [WORD_FAILING] = "failing",
};

const char *check_state_name(enum check_state s)
{
	return state_names[s];
}

const char *check_scope_name(enum check_scope s)
{
	return scope_names[s];
}

const char *check_word_name(enum check_word w)
{
	return word_names[w];
}

bool check_word_parse(const char *text, enum check_word *ret)
{
	for (size_t i = 0; i < COUNT(word_names); i++)
		if (str_eq(word_names[i], text)) {
			*ret = (enum check_word)i;
			return true;
		}
	return false;
}

/* ---- queue of effects */

static void say(struct checks *c, enum check_effect_kind kind, uint16_t check)
{
	if (c->queued == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 16;
		struct check_effect *queue = must_alloc(cap * sizeof *queue);

		for (uint32_t i = 0; i < c->queued; i++)
			queue[i] = c->queue[(c->head + i) % c->cap];
		free(c->queue);
		c->queue = queue;
		c->cap = cap;
		c->head = 0;
	}
	c->queue[(c->head + c->queued++) % c->cap] = (struct check_effect){ kind, check };
}

bool checks_next(struct checks *c, struct check_effect *ret)
{
	if (c->queued == 0)
		return false;
	*ret = c->queue[c->head];
	c->head = (c->head + 1) % c->cap;
	c->queued--;
	return true;
}

/* ---- vantages */

static uint32_t vantage_count(const struct check_spec *spec)
{
	return (uint32_t)__builtin_popcount(spec->from);
}

static struct vantage *vantage_of(const struct check *k, uint8_t site)
{
	uint32_t bit = 1u << site;

	if (!(k->spec->from & bit))
		return NULL;
	return &k->vantages[__builtin_popcount(k->spec->from & (bit - 1))];
}

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

static void free_vantages(struct check *k)
{
	for (uint32_t i = 0; k->vantages && i < vantage_count(k->spec); i++)
		free(k->vantages[i].reason);
	free(k->vantages);
	k->vantages = NULL;
}

static bool observes(const struct checks *c, const struct check *k)
{
	return k->spec->from & (1u << c->self);
}

static bool is_paused(const struct check *k, struct now now)
{
	return k->paused_until.ms > now.wall.ms;
}

/* A vantage's word is evidence now.  A blind vantage is believed about its own site only. */
static bool counts(const struct checks *c, const struct check *k, uint8_t site,
	const struct vantage *v)
{
	if (v->word == WORD_NONE)
		return false;
	if ((c->blind & (1u << site)) && k->spec->home != site)
		return false;
	return site == c->self || (c->promising & (1u << site));
}

/* ---- deadlines */

/* How long our own word stands without a new observation. */
static int64_t word_lasts_ms(const struct check_spec *spec)
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

		due.ms = next.ms == NEVER_MS ?
				 NEVER_MS :
				 now.mono.ms + (next.ms + spec->grace_ms - now.wall.ms);
	}
	if (k->run_started.ms && k->run_began.ms + spec->grace_ms < due.ms)
		due.ms = k->run_began.ms + spec->grace_ms;
	return due;
}

/* The moment at which time alone may change the state. */
static int64_t judge_due(const struct checks *c, const struct check *k, struct now now)
{
	const struct check_spec *spec = k->spec;
	int64_t due = NEVER_MS;

	if (is_paused(k, now))
		return k->paused_until.ms == NEVER_MS ?
			       NEVER_MS :
			       now.mono.ms + k->paused_until.ms - now.wall.ms;
	if (spec->source == SOURCE_PING)
		due = ping_due(k, now).ms;
	else if (spec->source == SOURCE_PROBE && observes(c, k) &&
		 vantage_of(k, c->self)->word != WORD_NONE)
		due = k->heard.ms + word_lasts_ms(spec);
	else if (k->state == CHECK_PENDING)
		due = k->declared_mono.ms + word_lasts_ms(spec) + CHECK_PROMISE_MS;
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

/* ---- words */

static void forget_digest(struct checks *c, uint8_t site)
{
	c->digest_valid &= (uint8_t)~(1u << site);
}

static void set_word(struct checks *c, uint16_t index, enum check_word word, struct wall since)
{
	struct vantage *v = vantage_of(&c->items[index], c->self);

	v->word = word;
	v->since = since;
	forget_digest(c, c->self);
	say(c, CHECK_SAY_WORD, index);
}

/* Our word missed its deadline: we have nothing to say any more. */
static void expire_word(struct checks *c, uint16_t index, struct now now)
{
	struct check *k = &c->items[index];
	struct vantage *v;

	if (k->spec->source != SOURCE_PROBE || !observes(c, k))
		return;
	v = vantage_of(k, c->self);
	if (v->word != WORD_NONE && k->heard.ms + word_lasts_ms(k->spec) <= now.mono.ms)
		set_word(c, index, WORD_NONE, now.wall);
}

/* ---- when to probe next */

static void probe_at(struct checks *c, struct check *k, int64_t when_ms)
{
	if (!heap_has(&k->probe_timer) || k->probe_timer.key > when_ms)
		heap_set(&c->probe_heap, &k->probe_timer, when_ms);
}

/* ---- judging */

struct verdict {
	enum check_state state;
	enum check_scope scope;
	struct wall since;
};

/* The last report of all is the evidence. */
static struct verdict judge_ping(struct check *k, struct now now)
{
	struct vantage *newest = NULL;
	int64_t overdue_ms = now.mono.ms - ping_due(k, now).ms;

	for (uint32_t i = 0; i < vantage_count(k->spec); i++) {
		struct vantage *v = &k->vantages[i];

		v->is_fresh = false;
		if (v->word != WORD_NONE && (!newest || v->heard.ms > newest->heard.ms))
			newest = v;
	}
	if (overdue_ms >= 0)
		return (struct verdict){ CHECK_SILENT, SCOPE_NONE, { now.wall.ms - overdue_ms } };
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
		v->is_fresh = counts(c, k, site, v);
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
	    now.mono.ms < k->declared_mono.ms + word_lasts_ms(k->spec) + CHECK_PROMISE_MS)
		return (struct verdict){ CHECK_PENDING, SCOPE_NONE, k->declared };
	return (struct verdict){ CHECK_SILENT, SCOPE_NONE, now.wall };
}

/* What was true before a pause proves nothing: ask, and allow the time to ask. */
static void resume(struct checks *c, struct check *k, struct now now)
{
	k->paused_until.ms = 0;
	if (k->heard.ms != INT64_MIN)
		k->heard = now.mono;
	k->declared_mono = now.mono;
	if (k->spec->source == SOURCE_PROBE && observes(c, k))
		probe_at(c, k, now.mono.ms);
}

static void judge(struct checks *c, uint16_t index, struct now now)
{
	struct check *k = &c->items[index];
	struct verdict was = { k->state, k->scope, k->since }, is;

	if (k->state == CHECK_PAUSED && !is_paused(k, now))
		resume(c, k, now);
	if (!is_paused(k, now))
		expire_word(c, index, now);
	if (is_paused(k, now))
		is = (struct verdict){ CHECK_PAUSED, SCOPE_NONE, now.wall };
	else if (k->spec->source == SOURCE_PING)
		is = judge_ping(k, now);
	else
		is = judge_words(c, k, now);
	if (is.state != was.state || is.scope != was.scope) {
		k->state = is.state;
		k->scope = is.scope;
		k->since = is.since;
		say(c, CHECK_SAY_STATE, index);
	} else if (is.state == CHECK_FAILING && is.since.ms < was.since.ms) {
		k->since = is.since; /* another vantage saw it earlier */
	}
	arm_judge(c, k, now);
}

static void judge_all_of(struct checks *c, uint8_t site, struct now now)
{
	for (uint16_t i = 0; i < c->n; i++)
		if (c->items[i].spec->from & (1u << site))
			judge(c, i, now);
}

/* ---- probing */

void checks_hurry(struct checks *c, struct now now, uint16_t index)
{
	struct check *k = &c->items[index];

	if (k->spec->source == SOURCE_PROBE && observes(c, k) && k->started.ms == NEVER_MS &&
	    k->heard.ms <= now.mono.ms - CHECK_CONFIRM_MS / 2)
		probe_at(c, k, now.mono.ms);
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
	if (is_paused(k, now))
		return;
	if (k->started.ms != NEVER_MS &&
	    now.mono.ms - k->started.ms < k->spec->timeout_ms + LOST_PROBE_MS)
		return;
	k->started = now.mono;
	say(c, CHECK_DO_PROBE, index);
}

static void suspect(struct checks *c, struct check *k, struct now now, struct vantage *v)
{
	int64_t again = k->spec->every_ms < CHECK_CONFIRM_MS ? k->spec->every_ms : CHECK_CONFIRM_MS;

	if (!v->is_suspect)
		v->suspected = now.wall;
	v->is_suspect = true;
	if (k->spec->source == SOURCE_PROBE)
		probe_at(c, k, now.mono.ms + again);
	for (uint16_t i = 0; i < k->spec->n_needs; i++)
		checks_hurry(c, now, k->spec->needs[i]);
}

static void observe_failure(struct checks *c, uint16_t index, struct now now, const char *reason)
{
	struct check *k = &c->items[index];
	struct vantage *v = vantage_of(k, c->self);

	if (v->streak < UINT8_MAX)
		v->streak++;
	set_reason(v, reason);
	if (v->word == WORD_FAILING)
		return;
	if (v->streak < k->spec->confirm) {
		suspect(c, k, now, v);
		return;
	}
	set_word(c, index, WORD_FAILING, v->is_suspect ? v->suspected : now.wall);
	v->is_suspect = false;
}

void checks_observe(struct checks *c, struct now now, uint16_t index, const struct observation *o)
{
	struct check *k = &c->items[index];
	struct vantage *v = vantage_of(k, c->self);
	enum check_word was;

	if (!v)
		return;
	k->started.ms = NEVER_MS;
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
			set_word(c, index, WORD_OK, now.wall);
		}
	} else {
		observe_failure(c, index, now, o->reason);
	}
	if (v->word != was) /* else the deadline is found to have moved when it comes */
		judge(c, index, now);
}

/* The same moment on our monotonic clock; what claims to be of the future is of now. */
static struct mono moment(struct now now, struct wall at)
{
	return (struct mono){ at.ms < now.wall.ms ? now.mono.ms - (now.wall.ms - at.ms) : now.mono.ms };
}

/* A run began; unless it is known that it ended, since the journals of two sites may arrive in any
 * order. */
static void start_run(struct check *k, struct now now, struct wall at)
{
	struct wall newest = k->run_started;

	for (uint32_t i = 0; i < vantage_count(k->spec); i++)
		if (k->vantages[i].heard.ms > newest.ms && k->vantages[i].heard.ms <= now.wall.ms)
			newest = k->vantages[i].heard;
	if (at.ms < newest.ms)
		return;
	k->run_started = at;
	k->run_began = moment(now, at);
}

void checks_ping(struct checks *c, struct now now, uint16_t index, uint8_t site, struct wall at,
	bool is_start, const struct observation *o)
{
	struct check *k = &c->items[index];
	struct vantage *v = vantage_of(k, site);
	enum check_word word = o->is_ok ? WORD_OK : WORD_FAILING;

	/* What was heard in the future was heard by a clock that has been set back since. */
	if (!v || (at.ms < v->heard.ms && v->heard.ms <= now.wall.ms))
		return;
	if (is_start) {
		start_run(k, now, at);
		judge(c, index, now);
		return;
	}
	if (v->word != word)
		v->since = at;
	v->word = word;
	v->heard = at;
	v->took_us = o->took_us;
	set_reason(v, o->is_ok ? NULL : o->reason);
	if (o->is_ok)
		v->last_ok = at;
	if (k->run_started.ms && at.ms >= k->run_started.ms)
		k->run_started = (struct wall){ 0 };
	if (moment(now, at).ms > k->heard.ms)
		k->heard = moment(now, at);
	forget_digest(c, site);
	judge(c, index, now);
}

static void take_word(struct check *k, uint8_t site, const struct vantage *from)
{
	struct vantage *v = vantage_of(k, site);
	char *reason = v->reason;

	*v = *from;
	v->reason = reason;
	set_reason(v, from->reason);
}

void checks_hear(struct checks *c, struct now now, uint16_t index, uint8_t site,
	const struct vantage *from)
{
	struct check *k = &c->items[index];

	if (!vantage_of(k, site) || site == c->self || from->stamp < vantage_of(k, site)->stamp)
		return; /* chains of one site may arrive in any order */
	take_word(k, site, from);
	forget_digest(c, site);
	if (from->word == WORD_FAILING)
		checks_hurry(c, now, index);
	judge(c, index, now);
}

void checks_restore(struct checks *c, struct now now, uint16_t index, uint8_t site,
	const struct vantage *from)
{
	struct check *k = &c->items[index];
	int64_t first = FIRST_PROBE_MS + k->spec->timeout_ms;

	if (!vantage_of(k, site))
		return;
	take_word(k, site, from);
	forget_digest(c, site);
	if (site == c->self && k->spec->source == SOURCE_PROBE) {
		/* Stands at least until the first probe after the start can have been heard. */
		k->heard.ms = now.mono.ms - (now.wall.ms - from->heard.ms);
		if (k->heard.ms + word_lasts_ms(k->spec) < now.mono.ms + first)
			k->heard.ms = now.mono.ms + first - word_lasts_ms(k->spec);
	}
	judge(c, index, now);
}

void checks_declared(struct checks *c, struct now now, uint16_t index, struct wall since)
{
	struct check *k = &c->items[index];

	k->declared = since;
	k->declared_mono.ms = now.mono.ms - (now.wall.ms - since.ms);
	if (k->state == CHECK_PENDING)
		k->since = since;
	judge(c, index, now);
}

/* ---- what is known of the sites */

void checks_promise(struct checks *c, struct now now, uint8_t site)
{
	c->promised[site] = now.mono;
	if (c->promising & (1u << site))
		return;
	c->promising |= (uint8_t)(1u << site);
	judge_all_of(c, site, now);
}

void checks_break_promise(struct checks *c, struct now now, uint8_t site)
{
	if (!(c->promising & (1u << site)))
		return;
	c->promising &= (uint8_t)~(1u << site);
	judge_all_of(c, site, now);
}

void checks_set_blind(struct checks *c, struct now now, uint8_t site, bool is_blind)
{
	uint8_t bit = (uint8_t)(1u << site);

	if (!!(c->blind & bit) == is_blind)
		return;
	c->blind = is_blind ? c->blind | bit : c->blind & (uint8_t)~bit;
	judge_all_of(c, site, now);
}

void checks_pause(struct checks *c, struct now now, uint16_t index, struct wall until)
{
	c->items[index].paused_until.ms = until.ms > now.wall.ms ? until.ms : 0;
	judge(c, index, now);
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
			judge(c, i, now);
}

void checks_tick(struct checks *c, struct now now)
{
	struct heap_node *node;

	notice_jump(c, now);
	while ((node = heap_first(&c->probe_heap)) && node->key <= now.mono.ms)
		start_probe(c, (struct check *)((char *)node - offsetof(struct check, probe_timer)), now);
	while ((node = heap_first(&c->judge_heap)) && node->key <= now.mono.ms) {
		struct check *k = (struct check *)((char *)node - offsetof(struct check, judge_timer));

		judge(c, (uint16_t)(k - c->items), now);
	}
	for (uint8_t site = 0; site < SITES_MAX; site++)
		if ((c->promising & (1u << site)) &&
		    c->promised[site].ms + CHECK_PROMISE_MS <= now.mono.ms)
			checks_break_promise(c, now, site);
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
	for (uint8_t site = 0; site < SITES_MAX; site++)
		if ((c->promising & (1u << site)) && c->promised[site].ms + CHECK_PROMISE_MS < wake)
			wake = c->promised[site].ms + CHECK_PROMISE_MS;
	return (struct mono){ wake };
}

/* ---- loading */

struct checks *checks_new(uint8_t self, uint64_t seed)
{
	struct checks *c = must_alloc(sizeof *c);

	c->self = self;
	rng_seed(&c->rng, seed);
	return c;
}

static void drop_items(struct checks *c)
{
	for (uint16_t i = 0; i < c->n; i++)
		free_vantages(&c->items[i]);
	free(c->items);
	heap_fini(&c->probe_heap);
	heap_fini(&c->judge_heap);
	c->items = NULL;
	c->n = 0;
}

void checks_free(struct checks *c)
{
	if (!c)
		return;
	drop_items(c);
	free(c->queue);
	free(c);
}

static void init_check(struct checks *c, struct check *k, const struct check_spec *spec,
	struct now now)
{
	k->spec = spec;
	k->vantages = must_alloc((vantage_count(spec) + 1) * sizeof *k->vantages);
	for (uint32_t i = 0; i < vantage_count(spec); i++)
		k->vantages[i].took_us = -1;
	k->since = k->declared = now.wall;
	k->declared_mono = now.mono;
	k->heard.ms = INT64_MIN;
	k->started.ms = NEVER_MS;
	k->is_second = true;
	if (spec->source == SOURCE_PROBE && observes(c, k)) {
		int64_t span = spec->every_ms < FIRST_PROBE_MS ? spec->every_ms : FIRST_PROBE_MS;

		k->probe_timer.key = now.mono.ms + (int64_t)rng_below(&c->rng, (uint64_t)span);
	}
}

/* What is known of a check under the same name moves over; vantages by site. */
static void inherit(struct check *k, struct check *old)
{
	k->paused_until = old->paused_until;
	if (old->spec->source != k->spec->source) {
		k->state = k->paused_until.ms ? CHECK_PAUSED : CHECK_PENDING;
		return; /* another thing under the same name */
	}
	for (uint8_t site = 0; site < SITES_MAX; site++) {
		struct vantage *from = vantage_of(old, site), *to = vantage_of(k, site);

		if (!from || !to)
			continue;
		*to = *from;
		from->reason = NULL;
	}
	k->state = old->state;
	k->scope = old->scope;
	k->since = old->since;
	k->run_started = old->run_started;
	k->run_began = old->run_began;
	k->declared = old->declared;
	k->declared_mono = old->declared_mono;
	k->heard = old->heard;
	if (old->spec->every_ms == k->spec->every_ms && heap_has(&old->probe_timer)) {
		k->probe_timer.key = old->probe_timer.key;
		k->is_second = old->is_second;
	}
}

void checks_load(struct checks *c, struct now now, const struct check_spec *specs, uint16_t n)
{
	struct check *items = must_alloc((n + 1u) * sizeof *items);
	scoped(map_fini) struct map old = MAP_EMPTY;

	for (uint16_t i = 0; i < c->n; i++)
		map_put(&old, c->items[i].spec->name, &c->items[i]);
	for (uint16_t i = 0; i < n; i++) {
		struct check *known = map_get(&old, specs[i].name);

		init_check(c, &items[i], &specs[i], now);
		if (known)
			inherit(&items[i], known);
	}
	drop_items(c);
	c->items = items;
	c->n = n;
	c->digest_valid = 0;
	c->queued = 0; /* names other indices now; what changed is judged again below */
	c->wall_minus_mono_ms = now.wall.ms - now.mono.ms;
	for (uint16_t i = 0; i < n; i++) {
		struct check *k = &items[i];

		k->probe_timer.tie = k->judge_timer.tie = i;
		if (k->spec->source == SOURCE_PROBE && observes(c, k))
			heap_set(&c->probe_heap, &k->probe_timer, k->probe_timer.key);
		judge(c, i, now);
	}
}

/* ---- reading */

uint16_t checks_count(const struct checks *c)
{
	return c->n;
}

struct check_view checks_view(const struct checks *c, uint16_t index)
{
	const struct check *k = &c->items[index];
	const struct vantage *home = vantage_of(k, k->spec->home);
	struct check_view view = { .spec = k->spec, .state = k->state, .scope = k->scope,
		.since = k->since, .paused_until = k->paused_until, .run_started = k->run_started,
		.reason = "" };

	if (home && home->is_fresh && home->word == WORD_FAILING && home->reason)
		view.reason = home->reason;
	for (uint32_t i = 0; i < vantage_count(k->spec); i++) {
		const struct vantage *v = &k->vantages[i];

		if (v->last_ok.ms > view.last_ok.ms)
			view.last_ok = v->last_ok;
		if (!*view.reason && v->is_fresh && v->word == WORD_FAILING && v->reason)
			view.reason = v->reason;
	}
	return view;
}

const struct vantage *checks_vantage(const struct checks *c, uint16_t index, uint8_t site)
{
	return vantage_of(&c->items[index], site);
}

bool checks_is_blind(const struct checks *c, uint8_t site)
{
	return c->blind & (1u << site);
}

bool checks_is_settling(const struct checks *c, uint16_t index)
{
	const struct check *k = &c->items[index];
	uint32_t n_ok = 0, n_failing = 0, i = 0;

	for (uint8_t site = 0; site < SITES_MAX; site++) {
		const struct vantage *v;

		if (!(k->spec->from & (1u << site)))
			continue;
		v = &k->vantages[i++];
		if (v->is_suspect)
			return true;
		if (!counts(c, k, site, v))
			continue;
		n_ok += v->word == WORD_OK;
		n_failing += v->word == WORD_FAILING;
	}
	return n_ok && n_failing;
}

static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
	for (const uint8_t *p = data; n--; p++)
		h = (h ^ *p) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t checks_digest(const struct checks *c, uint8_t site)
{
	struct checks *cache = (struct checks *)c;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	if (c->digest_valid & (1u << site))
		return c->digest[site];
	for (uint16_t i = 0; i < c->n; i++) {
		const struct vantage *v = vantage_of(&c->items[i], site);
		uint8_t word;

		if (!v)
			continue;
		word = (uint8_t)v->word;
		h = fnv(h, c->items[i].spec->name, strlen(c->items[i].spec->name) + 1);
		h = fnv(h, &word, 1);
	}
	cache->digest[site] = h;
	cache->digest_valid |= (uint8_t)(1u << site);
	return h;
}
