/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: groups of rules over time: what is evaluated when, which alerts are up, what is written.
 *
 *	             no longer found ┌──────────┐
 *	          ┌─────────────────►│ (nothing)│◄───────────────── 15 min after
 *	          │                  └────┬─────┘                        │
 *	     ┌────┴────┐        found     │                         ┌────┴─────┐
 *	     │ PENDING │◄─────────────────┘◄────── found again ─────┤ RESOLVED │
 *	     └────┬────┘                                            └──────────┘
 *	          │ found for `for`          not found, and not for    ▲
 *	          ▼                          `keep_firing_for`         │
 *	     ┌─────────┐                                               │
 *	     │ FIRING  ├───────────────────────────────────────────────┘
 *	     └─────────┘
 *
 * A group's rules run one after the other, at times that are the interval's multiples plus an
 * offset of the group's own, so that groups spread.  The caller takes a job, evaluates it
 * (evaluation.h), on whatever thread, and brings the outcome:
 *
 *	while (rules_begin(r, now, &job)) { rule_evaluate(&job, ...); rules_end(r, now, &job, &outcome); }
 *
 * Of the groups that are due the one that is due longest goes first, and of groups that take long
 * one at a time: so those that are quick don't wait for them where two may run at once.
 *
 * Samples go to the sink: what recording rules give, ALERTS and ALERTS_FOR_STATE; a series that a
 * rule doesn't give any more is marked stale.  After a start, alerts go on from what
 * ALERTS_FOR_STATE says, as in Prometheus: read after a group's second evaluation; until then
 * alerts write no samples.  One that had fired fires again at once, however short its `for`.
 *
 * A rule whose selectors matched series and then match none is blind: it can't fire any more, and
 * nobody would notice.  That is said, and after a while told as an alert of its own, RuleSeesNothing,
 * until it sees some again: but not of rules for which that is as it should be (sight.c).
 */
#ifndef CORE_RULES_RULES_H
#define CORE_RULES_RULES_H

#include "core/rules/evaluation.h"

#define RULES_RESOLVED_MS (15 * MINUTE_MS) /* for so long one can see that it was */
#define RULES_OUTAGE_MS   HOUR_MS          /* alerts are restored from that far back */
/* After a start, `for` longer than this has at least so long to go; shorter ones begin anew. */
#define RULES_GRACE_MS  (10 * MINUTE_MS)
#define RULES_RESEND_MS MINUTE_MS                 /* between two words about one alert that is up */
#define RULES_SLOW_NS   (2 * INT64_C(1000000000)) /* a group that takes so long is slow */
#define RULES_NEVER     INT64_MIN

enum rule_alert_state { RULE_RESOLVED, RULE_PENDING, RULE_FIRING };
const char *rule_alert_state_name(enum rule_alert_state s); /* "inactive", "pending", "firing" */

struct rule_alert {
	struct labels labels, annotations;
	enum rule_alert_state state;
	double v;
	/* Milliseconds since 1970, or RULES_NEVER. */
	int64_t active_ms, fired_ms, resolved_ms, keep_firing_since_ms;
	int64_t told_ms; /* when rules_word() gave it last */
};

enum rule_health { RULE_UNKNOWN, RULE_OK, RULE_BAD };

struct rule_view { /* of one rule; until rules change */
	const struct rule *rule;
	enum rule_health health;
	const char *error;    /* "" */
	int64_t evaluated_ms; /* for which time; RULES_NEVER */
	int64_t began_ms;     /* when that really was; RULES_NEVER */
	int64_t took_ns;
	int64_t blind_since_ms;          /* RULES_NEVER: it sees series */
	const struct rule_alert *alerts; /* in order of labels; resolved ones among them */
	uint32_t n_alerts;
};
struct rule_group_view {
	const struct rule_group *group;
	int64_t interval_ms;
	int64_t evaluated_ms; /* the last time's; RULES_NEVER */
	int64_t began_ms;     /* when that really was; RULES_NEVER */
	int64_t took_ns;      /* of its rules together, the last time */
	uint64_t samples;     /* that they wrote then */
	uint32_t n_rules, n_blind;
	/* Since the rules were made. */
	uint64_t iterations, missed; /* times that passed; those without an evaluation */
	uint64_t evaluations, failures;
};

/* What others should know of, as it happens. */
enum rule_news_kind {
	RULE_NEWS_PENDING,
	RULE_NEWS_FIRING,
	RULE_NEWS_CHANGED /* its annotations */,
	RULE_NEWS_RESOLVED,
	RULE_NEWS_BLIND,
	RULE_NEWS_SEES, /* series again */
	RULE_NEWS_FAILED,
	RULE_NEWS_WORKS,
	RULE_NEWS_TEMPLATE, /* one failed */
};
struct rule_news {
	enum rule_news_kind kind;
	const struct rule *rule;
	uint32_t alert;   /* its index in the rule's view, for the first four */
	const char *text; /* FAILED, TEMPLATE: why */
};

struct rules_config { /* everything is borrowed, and outlives the rules */
	const struct rule_file *const *files;
	uint32_t n_files;
	struct series_sink sink;
	const struct series_source
		*history; /* to restore from; NULL: there is nothing to restore */
	struct rules_outside outside;
	int64_t interval_ms;    /* of groups that don't say */
	int64_t blind_after_ms; /* a rule that is blind for so long is told of; 0: none is */
	int64_t query_offset_ms;
};

struct rules;
struct rules *rules_new(const struct rules_config *c, struct wall now);
/* With the state of rules that were there before and are still, by file, group, name and labels.
 * Series of others are marked stale when the next group ends; where there is none, now. */
struct rules *rules_renew(const struct rules_config *c, struct rules *old, struct wall now);
void rules_free(struct rules *r);
SCOPED_BY(rules_free, struct rules *)

/* When there is something to begin; {NEVER_MS} while all groups run, or there is none. */
struct wall rules_next(const struct rules *r);
/* The next rule to be evaluated; false: none now.  Of each group one at a time. */
bool rules_begin(struct rules *r, struct wall now, struct rules_job *ret);
/* What came of it: each job once.  News are good until the next call. */
const struct rule_news *rules_end(struct rules *r, struct wall now, const struct rules_job *job,
	struct rule_outcome *o, uint32_t *ret_n);

/*
 * What whoever makes incidents of alerts is to hear after that, as Prometheus' notifier tells an
 * Alertmanager: firing alerts, each RULES_RESEND_MS again, with an end by which the next word has
 * come, and resolved ones.
 *
 *	uint32_t at = 0;
 *	while (rules_word(r, &job, &at, &word)) ...
 */
struct rule_word {
	const struct rule *rule;
	const struct rule_alert *alert;
	int64_t starts_ms, ends_ms; /* a resolved one's end is past */
};
bool rules_word(struct rules *r, const struct rules_job *job, uint32_t *at, struct rule_word *ret);

/* How long all evaluations took that there were, of groups that are gone too. */
struct rules_total {
	uint64_t evaluations, iterations;
	int64_t evaluations_ns, iterations_ns;
};
struct rules_total rules_total(const struct rules *r);

/* A job of one's own choosing, for tests of rules: outside of all schedules. */
struct rules_job rules_job(const struct rules *r, uint32_t group, uint32_t index, int64_t at_ms);

uint32_t rules_group_count(const struct rules *r);
struct rule_group_view rules_group(const struct rules *r, uint32_t group);
struct rule_view rules_rule(const struct rules *r, uint32_t group, uint32_t index);

#endif
