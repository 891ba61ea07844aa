/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not every rule that sees nothing is told of: one that reads only what comes and goes by itself
 * (ALERTS, what other rules record: these are told of if they are blind) sees nothing when all is
 * well, and one that looks for nothing, or provides for it, says so itself.
 */
#include "base/map.h"
#include "core/rules/rules_private.h"

#define SIGHT_ALERT "RuleSeesNothing"

/* ---- which rules */

static void note_recorded(const struct rules *r, struct map *names)
{
	for (uint32_t i = 0; i < r->n_groups; i++)
		for (uint32_t k = 0; k < r->groups[i].group->n_rules; k++) {
			const struct rule *rule = r->groups[i].rules[k].rule;

			if (!rule->is_alert)
				map_put(names, rule->name, (void *)rule);
		}
}

static bool reads_what_stays(const struct rule *rule, const struct map *recorded)
{
	for (uint32_t i = 0; i < rule->reads.n; i++) {
		const char *name = rule->reads.metrics[i];

		if (!str_eq(name, "ALERTS") && !str_eq(name, "ALERTS_FOR_STATE") &&
			!map_has(recorded, name))
			return true;
	}
	return false;
}

void sights_init(struct rules *r)
{
	scoped(map_fini) struct map recorded = MAP_EMPTY;

	note_recorded(r, &recorded);
	for (uint32_t i = 0; i < r->n_groups; i++)
		for (uint32_t k = 0; k < r->groups[i].group->n_rules; k++) {
			struct rule_state *s = &r->groups[i].rules[k];

			s->may_be_blind = !s->rule->reads.is_ready_for_none &&
					  reads_what_stays(s->rule, &recorded);
		}
}

/* ---- what is told */

static struct label label_of(const char *name, const char *value)
{
	return (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

static bool is_name_repeated(const struct rule_group *g, const struct rule *rule)
{
	for (uint32_t i = 0; i < g->n_rules; i++)
		if (&g->rules[i] != rule && str_eq(g->rules[i].name, rule->name))
			return true;
	return false;
}

static void add_labels(const struct rule_texts *labels, struct str *out)
{
	for (uint32_t i = 0; i < labels->n; i++)
		str_addf(out, "%s%s=%s", i ? "," : "", labels->v[i].name, labels->v[i].text);
}

/* Its texts are those of the rules in use; in order of names. */
static void describe(struct sight *t, const struct rule_group *g, const struct rule *rule)
{
	struct label *v = t->labels;
	uint32_t n = 0;

	str_clear(&t->rule_labels);
	str_clear(&t->summary);
	str_clear(&t->description);
	if (is_name_repeated(g, rule))
		add_labels(&rule->labels, &t->rule_labels);
	str_addf(&t->summary, "%s in %s sees no series any more", rule->name, g->name);
	str_addf(&t->description,
		"Nothing that it reads is there any more, so it can say nothing: %s",
		rule->expression);
	v[n++] = label_of("alertname", SIGHT_ALERT);
	v[n++] = label_of("rule", rule->name);
	v[n++] = label_of("rule_file", g->file);
	v[n++] = label_of("rule_group", g->name);
	if (t->rule_labels.len)
		v[n++] = label_of("rule_labels", str_c(&t->rule_labels));
	v[n++] = label_of("severity", "warning");
	t->annotations[0] = label_of("description", str_c(&t->description));
	t->annotations[1] = label_of("summary", str_c(&t->summary));
	t->alert.labels = (struct labels){ v, n };
	t->alert.annotations = (struct labels){ t->annotations, COUNT(t->annotations) };
}

static void fire(struct rule_state *s, const struct rule_group *g)
{
	if (!s->sight)
		s->sight = must_alloc(sizeof *s->sight);
	s->sight->alert = (struct rule_alert){ .state = RULE_FIRING,
		.active_ms = s->blind_since_ms,
		.fired_ms = s->blind_since_ms,
		.resolved_ms = RULES_NEVER,
		.keep_firing_since_ms = RULES_NEVER,
		.told_ms = RULES_NEVER };
	describe(s->sight, g, s->rule);
}

static bool is_due(const struct rules *r, const struct rule_state *s, int64_t at_ms)
{
	int64_t after_ms = r->config.blind_after_ms;

	return s->blind_since_ms != RULES_NEVER && after_ms > 0 &&
	       at_ms - s->blind_since_ms >= after_ms;
}

static void judge(const struct rules *r, struct rule_state *s, const struct rules_job *job)
{
	bool is_blind = s->blind_since_ms != RULES_NEVER;
	bool is_told = s->sight && s->sight->alert.state == RULE_FIRING;

	if (is_told && !is_blind) {
		s->sight->alert.state = RULE_RESOLVED;
		s->sight->alert.resolved_ms = job->at_ms;
	}
	if (!is_told && is_due(r, s, job->at_ms))
		fire(s, r->groups[job->group].group);
}

void sight_resume(const struct rules *r, struct rule_state *s, const struct rule_group *g,
	int64_t now_ms)
{
	if (is_due(r, s, now_ms))
		fire(s, g);
}

void sight_take(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o)
{
	bool sees = o->series_read > 0 || o->n > 0;
	bool was_blind = s->blind_since_ms != RULES_NEVER;
	bool is_blind = !sees && s->may_be_blind && s->has_seen;

	r->past_stamp += was_blind != is_blind || (sees && !s->has_seen);
	s->has_seen |= sees;
	if (is_blind && !was_blind) {
		s->blind_since_ms = job->at_ms;
		rules_tell(r, RULE_NEWS_BLIND, s, 0);
	} else if (was_blind && !is_blind) {
		s->blind_since_ms = RULES_NEVER;
		rules_tell(r, RULE_NEWS_SEES, s, 0);
	} else if (is_blind && s->blind_since_ms > job->at_ms) { /* the clock was set back */
		s->blind_since_ms = job->at_ms;
	}
	judge(r, s, job);
}

/* ---- life cycle */

void sight_renew(struct rule_state *s, const struct rule_group *g, bool is_another)
{
	if (is_another) { /* what that one saw says nothing of this one */
		s->has_seen = false;
		s->blind_since_ms = RULES_NEVER;
	}
	if (s->sight)
		describe(s->sight, g, s->rule);
}

void sight_free(struct sight *t)
{
	if (!t)
		return;
	str_fini(&t->rule_labels);
	str_fini(&t->summary);
	str_fini(&t->description);
	free(t);
}
