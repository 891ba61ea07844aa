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
 * Samples go to the sink: what recording rules give, ALERTS and ALERTS_FOR_STATE; a series that a
 * rule doesn't give any more is marked stale.  After a start, pending alerts go on from what
 * ALERTS_FOR_STATE says, as in Prometheus: read after a group's second evaluation; until then
 * alerts write no samples.
 *
 * A rule whose selectors matched series and then match none is blind: it can't fire any more, and
 * nobody would notice.  That is said.
 */
#ifndef CORE_RULES_RULES_H
#define CORE_RULES_RULES_H

#include "core/rules/evaluation.h"

#define RULES_RESOLVED_MS (15 * MINUTE_MS) /* for so long one can see that it was */
#define RULES_OUTAGE_MS   HOUR_MS          /* pending alerts are restored from that far back */
#define RULES_GRACE_MS \
	(10 * MINUTE_MS) /* after a start, `for` longer than this has at least so
					     * long to go; shorter ones begin anew */
#define RULES_NEVER INT64_MIN

enum rule_alert_state { RULE_RESOLVED, RULE_PENDING, RULE_FIRING };
const char *rule_alert_state_name(enum rule_alert_state s); /* "inactive", "pending", "firing" */

struct rule_alert {
	struct labels labels, annotations;
	enum rule_alert_state state;
	double v;
	/* Milliseconds since 1970, or RULES_NEVER. */
	int64_t active_ms, fired_ms, resolved_ms, keep_firing_since_ms;
};

enum rule_health { RULE_UNKNOWN, RULE_OK, RULE_BAD };

struct rule_view { /* of one rule; until rules change */
	const struct rule *rule;
	enum rule_health health;
	const char *error;               /* "" */
	int64_t evaluated_ms;            /* RULES_NEVER */
	int64_t blind_since_ms;          /* RULES_NEVER: it sees series */
	const struct rule_alert *alerts; /* in order of labels; resolved ones among them */
	uint32_t n_alerts;
};
struct rule_group_view {
	const struct rule_group *group;
	int64_t interval_ms;
	int64_t evaluated_ms; /* the last time's; RULES_NEVER */
	uint64_t missed;      /* times that passed while it was still running */
	uint32_t n_rules;
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
	int64_t interval_ms; /* of groups that don't say */
	int64_t query_offset_ms;
};

struct rules;
struct rules *rules_new(const struct rules_config *c, struct wall now);
/* With the state of rules that were there before and are still, by file, group, name and labels.
 * Series of others are marked stale when the next group ends. */
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
/* A job of one's own choosing, for tests of rules: outside of all schedules. */
struct rules_job rules_job(const struct rules *r, uint32_t group, uint32_t index, int64_t at_ms);

uint32_t rules_group_count(const struct rules *r);
struct rule_group_view rules_group(const struct rules *r, uint32_t group);
struct rule_view rules_rule(const struct rules *r, uint32_t group, uint32_t index);

#endif
