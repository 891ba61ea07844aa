/* SPDX-License-Identifier: Apache-2.0 */
/* rules_private: the state of rules, for the files that keep it. */
#ifndef CORE_RULES_RULES_PRIVATE_H
#define CORE_RULES_RULES_PRIVATE_H

#include "core/rules/rules.h"

struct refs { /* series, ascending, each once */
	series_ref *v;
	uint32_t n, cap;
};

struct rule_state {
	const struct rule *rule;
	enum rule_health health;
	struct str error;
	int64_t evaluated_ms, began_ms, blind_since_ms; /* RULES_NEVER */
	int64_t took_ns;
	bool has_seen;       /* series, ever */
	bool may_be_blind;   /* it reads series that don't come and go, and isn't ready for none */
	struct sight *sight; /* NULL: nobody was told that it is blind */
	bool is_restored;    /* alerts may write samples */
	struct arena arena;  /* of its alerts */
	struct rule_alert *alerts; /* in order of labels */
	uint32_t n_alerts;
	struct refs refs; /* of the series that it wrote last */
};

/* A rule's being blind, as an alert. */
struct sight {
	struct rule_alert alert;
	struct label labels[6], annotations[2];
	struct str rule_labels, summary, description;
};

struct group_state {
	const struct rule_group *group;
	struct rule_state *rules; /* as many as the group has */
	int64_t interval_ms, query_offset_ms;
	int64_t next_ms; /* the next time it is evaluated for */
	bool is_running; /* for at_ms; `current` is the next rule, or under way */
	bool is_under_way;
	uint32_t current;
	int64_t at_ms, evaluated_ms, began_ms; /* the latter two RULES_NEVER */
	int64_t took_ns, taking_ns;            /* of the last evaluation, of the one under way */
	uint64_t samples, writing;             /* the same of what is written */
	uint64_t iterations, missed, evaluations, failures;
	uint32_t n_evaluations; /* since the start; counted up to what restoring waits for */
};

struct rules {
	struct rules_config config;
	struct group_state *groups;
	uint32_t n_groups;
	struct rules_total total;
	uint64_t past_stamp; /* past.h */
	struct refs orphans; /* of rules that are no more: to be marked stale */
	struct refs written; /* by the rule that is ending */
	uint32_t n_written;  /* samples of that rule that were taken */
	struct rule_news *news;
	uint32_t n_news, cap_news;
	const char *write_error; /* the first of the rule that is ending; NULL */
};

/* rules.c */
void rules_tell(struct rules *r, enum rule_news_kind kind, const struct rule_state *s,
	uint32_t alert);
void rules_set_health(struct rules *r, struct rule_state *s, const char *error);

/* sight.c: rules that see no series where they did */
void sights_init(struct rules *r); /* all rules of new ones */
/* As it was before a start: who was told of it then is told how it goes on. */
void sight_resume(const struct rules *r, struct rule_state *s, const struct rule_group *g,
	int64_t now_ms);
/* Its rule is in use from here on; another one asks for something else. */
void sight_renew(struct rule_state *s, const struct rule_group *g, bool is_another);
void sight_free(struct sight *t);
void sight_take(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o);

/* alerts.c: what was found, against what was known.  False: it counts as failed. */
bool alerts_take(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o);
/* ALERTS and ALERTS_FOR_STATE of those that are up. */
void alerts_write(struct rules *r, const struct rule_state *s, int64_t t_ms);

/* restore.c: since when alerts are pending, from before the start. */
void group_restore(struct rules *r, struct group_state *g, int64_t now_ms);

/* output.c */
struct output {
	const struct labels *labels;
	int64_t t_ms;
	double v;
	const struct histogram *h;
};
void refs_add(struct refs *refs, series_ref ref);
void output_write(struct rules *r, const struct output *o);
/* What the rule wrote before and hasn't now is stale; what it wrote now is remembered. */
void output_finish(struct rules *r, struct rule_state *s, int64_t t_ms);
void output_stale(struct rules *r, struct refs *refs, int64_t t_ms); /* all of them; then none */
void output_commit(struct rules *r);

#endif
