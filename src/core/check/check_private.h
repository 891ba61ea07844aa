/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_private: what the files of this folder share of struct checks.
 *
 *	check.c      loading, the queue of effects
 *	observe.c    from observations, reports and peers' journals to words; when to probe
 *	judge.c      from words to states; deadlines, pauses, promises, blindness
 *	view.c       what others may ask
 *
 * Every check has at most two timers in two heaps, "probe next" and "judge next", so that a step
 * costs the logarithm of the number of checks, and an observation that changes nothing costs a few
 * comparisons.
 */
#ifndef CORE_CHECK_CHECK_PRIVATE_H
#define CORE_CHECK_CHECK_PRIVATE_H

#include "base/mem.h"
#include "base/ring.h"
#include "core/check/check.h"

#define CHECK_NOBODY   UINT8_MAX
#define CHECK_FIRST_MS (10 * SECOND_MS) /* every check is probed within this after a start */

struct check {
	const struct check_spec *spec;
	struct vantage *vantages; /* one for each bit of spec->from, lowest first */
	uint8_t n_vantages;
	uint8_t vantage_of[SITES_MAX]; /* its place among them + 1; 0: the site isn't one */
	enum check_state state;
	enum check_scope scope;
	struct wall since;
	struct wall paused_until;
	struct wall run_started;
	struct mono run_began; /* the same moment; deadlines don't follow a clock that jumps */
	struct wall declared;  /* deadlines of a check without evidence count from here */
	struct mono declared_mono;
	struct mono heard;    /* newest evidence of ours; of anybody's for SOURCE_PING */
	struct mono started;  /* the probe under way; {NEVER_MS}: none */
	uint8_t speaker;      /* the site whose reason is the check's; CHECK_NOBODY */
	bool is_home_lost;    /* in this fall the speaker couldn't be heard any more */
	uint64_t said_reason; /* str_gist of it, as said last */
	bool is_observed;     /* by us, in this run */
	bool is_second;       /* the next interval places the check in its phase */
	struct heap_node probe_timer, judge_timer;
};

struct checks {
	uint8_t self;
	struct rng rng;
	struct check *items;
	uint16_t n;
	struct heap probe_heap, judge_heap;
	struct ring effects; /* of struct check_effect */
	uint8_t blind;       /* bit n: site n */
	uint8_t promising;   /* bit n: its promise holds */
	struct mono promised[SITES_MAX];
	struct wall promised_at[SITES_MAX]; /* the same moment */
	struct reunion {
		struct mono mono;
		struct wall wall;
	} reunions[SITES_MAX]; /* when it promised again after it could not; {0}: it always could */
	struct away {
		struct mono from, until;
	} away[SITES_MAX];          /* the last time; {0} unknown */
	int64_t wall_minus_mono_ms; /* to notice jumps */
	uint64_t digest[SITES_MAX];
	uint8_t digest_valid; /* bit n */
};

/* check.c */
void check_say(struct checks *c, enum check_effect_kind kind, uint16_t index);
void check_forget_digest(struct checks *c, uint8_t site);

/* observe.c */
void check_set_word(struct checks *c, uint16_t index, enum check_word word, struct wall since);
void check_probe_at(struct checks *c, struct check *k, int64_t when_ms); /* or sooner, if it was */

/* judge.c */
void check_judge(struct checks *c, uint16_t index, struct now now);
const char *check_reason(const struct check *k); /* why it fails; "" */
int64_t check_word_lasts_ms(const struct check_spec *spec);
bool check_counts(const struct checks *c, const struct check *k, uint8_t site,
	const struct vantage *v);

/* NULL: the site isn't a vantage of it. */
static inline struct vantage *check_vantage(const struct check *k, uint8_t site)
{
	return k->vantage_of[site] ? &k->vantages[k->vantage_of[site] - 1] : NULL;
}

static inline bool check_is_ours(const struct checks *c, const struct check *k)
{
	return k->spec->from & (1u << c->self);
}

static inline bool check_is_paused(const struct check *k, struct now now)
{
	return k->paused_until.ms > now.wall.ms;
}

#endif
