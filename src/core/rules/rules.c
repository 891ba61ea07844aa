/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rules.h"

#include "base/limits.h"
#include "core/rules/rules_private.h"

#include <stdio.h>

#define RESTORE_AFTER 2 /* evaluations of a group: by then all that is up has been found */

/* News */

void rules_tell(struct rules *r, enum rule_news_kind kind, const struct rule_state *s,
	uint32_t alert)
{
	must_grow(r->news, r->n_news, r->cap_news);
	r->news[r->n_news++] = (struct rule_news){ kind, s->rule, alert, str_c(&s->error) };
}

void rules_set_health(struct rules *r, struct rule_state *s, const char *error)
{
	bool was_bad = s->health == RULE_BAD, is_bad = *error != '\0';

	str_clear(&s->error);
	str_add(&s->error, error);
	s->health = is_bad ? RULE_BAD : RULE_OK;
	if (is_bad && !was_bad)
		rules_tell(r, RULE_NEWS_FAILED, s, 0);
	else if (was_bad && !is_bad)
		rules_tell(r, RULE_NEWS_WORKS, s, 0);
}

/* Outcomes */

/* False: there are too many. */
static bool write_found(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o)
{
	int64_t limit = r->groups[job->group].group->limit;
	char text[80];

	if (limit > 0 && o->n > limit) {
		snprintf(text, sizeof text, "exceeded limit of %lld with %u series",
			(long long)limit, o->n);
		rules_set_health(r, s, text);
		return false;
	}
	for (uint32_t i = 0; i < o->n; i++) {
		const struct rule_found *f = &o->found[i];

		output_write(r, &(struct output){ &f->labels, job->sample_ms, f->v, f->h });
	}
	return true;
}

static void take_outcome(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o)
{
	bool is_taken;

	s->evaluated_ms = job->at_ms;
	s->began_ms = job->began_ms;
	s->took_ns = o->took_ns;
	r->write_error = NULL;
	r->written.n = 0;
	r->n_written = 0;
	if (o->rc != RC_OK) {
		rules_set_health(r, s, o->error.text);
		return;
	}
	sight_take(r, s, job, o);
	is_taken = s->rule->is_alert ? alerts_take(r, s, job, o) : write_found(r, s, job, o);
	if (!is_taken)
		return;
	if (s->rule->is_alert)
		alerts_write(r, s, job->sample_ms);
	output_finish(r, s, job->sample_ms);
	output_commit(r);
	rules_set_health(r, s, r->write_error ? r->write_error : "");
}

static void tell_template(struct rules *r, const struct rule_state *s, const struct rule_outcome *o)
{
	if (o->n_warnings == 0)
		return;
	rules_tell(r, RULE_NEWS_TEMPLATE, s, 0);
	r->news[r->n_news - 1].text = o->warning;
}

static void count(struct rules *r, struct group_state *g, const struct rule_state *s)
{
	g->evaluations++;
	g->failures += s->health == RULE_BAD;
	g->taking_ns += s->took_ns;
	g->writing += r->n_written;
	r->total.evaluations++;
	r->total.evaluations_ns += s->took_ns;
}

static void end_group(struct rules *r, struct group_state *g, struct wall now)
{
	g->is_running = false;
	g->evaluated_ms = g->at_ms;
	g->took_ns = g->taking_ns;
	g->samples = g->writing;
	r->total.iterations++;
	r->total.iterations_ns += g->took_ns;
	g->next_ms = g->at_ms + g->interval_ms;
	if (r->orphans.n > 0) {
		output_stale(r, &r->orphans, g->at_ms - g->query_offset_ms);
		output_commit(r);
	}
	if (g->n_evaluations < RESTORE_AFTER && ++g->n_evaluations == RESTORE_AFTER)
		group_restore(r, g, now.ms);
}

const struct rule_news *rules_end(struct rules *r, struct wall now, const struct rules_job *job,
	struct rule_outcome *o, uint32_t *ret_n)
{
	struct group_state *g = &r->groups[job->group];
	struct rule_state *s = &g->rules[job->index];

	r->n_news = 0;
	tell_template(r, s, o);
	take_outcome(r, s, job, o);
	count(r, g, s);
	if (job->is_scheduled) {
		must(g->is_running && g->is_under_way && g->current == job->index);
		g->is_under_way = false;
		if (++g->current == g->group->n_rules)
			end_group(r, g, now);
	}
	*ret_n = r->n_news;
	return r->news;
}

/* Words */

static bool is_to_be_told(const struct rule_alert *a, int64_t at_ms)
{
	bool is_long_over = a->state == RULE_RESOLVED && at_ms - a->resolved_ms > RULES_RESOLVED_MS;

	if (a->state == RULE_PENDING || is_long_over)
		return false;
	if (a->told_ms == RULES_NEVER || a->resolved_ms > a->told_ms)
		return true;
	if (a->told_ms > at_ms) /* the clock was set back */
		return true;
	return a->told_ms + RULES_RESEND_MS < at_ms;
}

bool rules_word(struct rules *r, const struct rules_job *job, uint32_t *at, struct rule_word *ret)
{
	const struct group_state *g = &r->groups[job->group];
	const struct rule_state *s = &g->rules[job->index];
	int64_t often_ms = g->interval_ms > RULES_RESEND_MS ? g->interval_ms : RULES_RESEND_MS;

	while (*at < s->n_alerts + (s->sight != NULL)) {
		struct rule_alert *a = *at < s->n_alerts ? &s->alerts[*at] : &s->sight->alert;

		(*at)++;
		if (!is_to_be_told(a, job->at_ms))
			continue;
		a->told_ms = job->at_ms;
		ret->rule = s->rule;
		ret->alert = a;
		ret->ends_ms =
			a->state == RULE_RESOLVED ? a->resolved_ms : job->at_ms + 4 * often_ms;
		/* The clock may have been set back: what ends before it starts nobody takes. */
		ret->starts_ms = a->fired_ms < ret->ends_ms ? a->fired_ms : ret->ends_ms;
		return true;
	}
	return false;
}

struct rules_total rules_total(const struct rules *r)
{
	return r->total;
}

/* Times */

struct rules_job rules_job(const struct rules *r, uint32_t group, uint32_t index, int64_t at_ms)
{
	const struct group_state *g = &r->groups[group];

	return (struct rules_job){ .rule = g->rules[index].rule,
		.at_ms = at_ms,
		.sample_ms = at_ms - g->query_offset_ms,
		.began_ms = at_ms,
		.group = group,
		.index = index };
}

/* The first time after `now` that is a multiple of the interval plus the group's own offset. */
static int64_t first_time(const struct rule_group *group, int64_t interval_ms, struct wall now)
{
	struct label v[] = {
		{ "file", group->file, 4, (uint32_t)strlen(group->file) },
		{ "name", group->name, 4, (uint32_t)strlen(group->name) },
	};
	uint64_t hash = labels_hash(&(struct labels){ v, COUNT(v) });
	int64_t offset_ms = (int64_t)(hash % (uint64_t)interval_ms);
	int64_t since_ms = now.ms - offset_ms;

	return since_ms - since_ms % interval_ms + offset_ms + interval_ms;
}

/* Times that passed while it was running, or while nobody asked, are left out. */
static void start_group(struct group_state *g, struct wall now)
{
	int64_t late = (now.ms - g->next_ms) / g->interval_ms;

	g->missed += (uint64_t)late;
	g->iterations += (uint64_t)late + 1;
	g->at_ms = g->next_ms + late * g->interval_ms;
	g->is_running = true;
	g->began_ms = now.ms;
	g->taking_ns = 0;
	g->writing = 0;
	g->current = 0;
}

static bool is_slow(const struct group_state *g)
{
	return g->took_ns >= RULES_SLOW_NS || g->taking_ns >= RULES_SLOW_NS;
}

static int64_t due_ms(const struct group_state *g)
{
	return g->is_running ? g->at_ms : g->next_ms;
}

/* The group that waits longest, and when it was due; NULL: none waits, now or ever. */
static struct group_state *find_next(const struct rules *r)
{
	struct group_state *next = NULL;
	bool is_slow_under_way = false;

	for (uint32_t i = 0; i < r->n_groups && !is_slow_under_way; i++)
		is_slow_under_way = r->groups[i].is_under_way && is_slow(&r->groups[i]);
	for (uint32_t i = 0; i < r->n_groups; i++) {
		struct group_state *g = &r->groups[i];

		if (g->is_under_way || g->group->n_rules == 0 || (is_slow_under_way && is_slow(g)))
			continue;
		if (!next || due_ms(g) < due_ms(next))
			next = g;
	}
	return next;
}

/* A clock that was set back must not keep groups waiting until it is where it was. */
static void notice_clock(struct rules *r, struct wall now)
{
	for (uint32_t i = 0; i < r->n_groups; i++) {
		struct group_state *g = &r->groups[i];

		if (!g->is_running && g->next_ms > now.ms + g->interval_ms)
			g->next_ms = first_time(g->group, g->interval_ms, now);
	}
}

bool rules_begin(struct rules *r, struct wall now, struct rules_job *ret)
{
	struct group_state *g;

	notice_clock(r, now);
	g = find_next(r);
	if (!g || due_ms(g) > now.ms)
		return false;
	if (!g->is_running)
		start_group(g, now);
	g->is_under_way = true;
	*ret = rules_job(r, (uint32_t)(g - r->groups), g->current, g->at_ms);
	ret->is_scheduled = true;
	ret->began_ms = now.ms;
	return true;
}

struct wall rules_next(const struct rules *r)
{
	const struct group_state *g = find_next(r);

	return (struct wall){ g ? due_ms(g) : NEVER_MS };
}

/* Making and renewing */

static void init_rule(struct rule_state *s, const struct rule *rule, bool is_restored)
{
	*s = (struct rule_state){ .rule = rule,
		.evaluated_ms = RULES_NEVER,
		.began_ms = RULES_NEVER,
		.blind_since_ms = RULES_NEVER,
		.is_restored = is_restored };
	arena_init(&s->arena, RULE_RESULT_BYTES_MAX);
}

static void init_group(const struct rules *r, struct group_state *g, const struct rule_group *group,
	struct wall now)
{
	const struct rules_config *c = &r->config;

	*g = (struct group_state){ .group = group,
		.evaluated_ms = RULES_NEVER,
		.began_ms = RULES_NEVER };
	g->interval_ms = group->interval_ms ? group->interval_ms : c->interval_ms;
	g->query_offset_ms = group->has_offset ? group->query_offset_ms : c->query_offset_ms;
	g->next_ms = first_time(group, g->interval_ms, now);
	g->rules = must_alloc((group->n_rules + 1) * sizeof *g->rules);
	for (uint32_t i = 0; i < group->n_rules; i++)
		init_rule(&g->rules[i], &group->rules[i], c->history == NULL);
}

struct rules *rules_new(const struct rules_config *c, struct wall now)
{
	struct rules *r = must_alloc(sizeof *r);
	uint32_t n = 0;

	must(c->interval_ms > 0);
	r->config = *c;
	for (uint32_t i = 0; i < c->n_files; i++)
		n += c->files[i]->n_groups;
	r->groups = must_alloc((n + 1) * sizeof *r->groups);
	for (uint32_t i = 0; i < c->n_files; i++)
		for (uint32_t k = 0; k < c->files[i]->n_groups; k++)
			init_group(r, &r->groups[r->n_groups++], &c->files[i]->groups[k], now);
	sights_init(r);
	return r;
}

static bool is_same_group(const struct rule_group *a, const struct rule_group *b)
{
	return str_eq(a->file, b->file) && str_eq(a->name, b->name);
}

static bool is_same_rule(const struct rule *a, const struct rule *b)
{
	if (a->is_alert != b->is_alert || !str_eq(a->name, b->name) || a->labels.n != b->labels.n)
		return false;
	for (uint32_t i = 0; i < a->labels.n; i++)
		if (!str_eq(a->labels.v[i].name, b->labels.v[i].name) ||
			!str_eq(a->labels.v[i].text, b->labels.v[i].text))
			return false;
	return true;
}

/* A rule's state goes over once: what is left there is nothing. */
static void take_state(struct rule_state *s, const struct rule_group *group, struct rule_state *old)
{
	const struct rule *rule = s->rule;
	bool may_be_blind = s->may_be_blind;

	arena_fini(&s->arena);
	*s = *old;
	s->rule = rule;
	s->may_be_blind = may_be_blind;
	sight_renew(s, group, !str_eq(rule->expression, old->rule->expression));
	*old = (struct rule_state){ 0 };
}

static void take_group(struct group_state *g, struct group_state *old)
{
	g->n_evaluations = old->n_evaluations;
	g->evaluated_ms = old->evaluated_ms;
	g->began_ms = old->began_ms;
	g->took_ns = old->took_ns;
	g->samples = old->samples;
	g->iterations = old->iterations;
	g->missed = old->missed;
	g->evaluations = old->evaluations;
	g->failures = old->failures;
	if (g->interval_ms == old->interval_ms && !old->is_running)
		g->next_ms = old->next_ms;
	for (uint32_t i = 0; i < g->group->n_rules; i++) {
		g->rules[i].is_restored = old->n_evaluations == RESTORE_AFTER;
		for (uint32_t k = 0; k < old->group->n_rules; k++)
			if (old->rules[k].rule &&
				is_same_rule(g->rules[i].rule, old->rules[k].rule)) {
				take_state(&g->rules[i], g->group, &old->rules[k]);
				break;
			}
	}
}

struct rules *rules_renew(const struct rules_config *c, struct rules *old, struct wall now)
{
	struct rules *r = rules_new(c, now);

	r->total = old->total;
	r->past_stamp = old->past_stamp + 1;
	for (uint32_t i = 0; i < r->n_groups; i++)
		for (uint32_t k = 0; k < old->n_groups; k++)
			if (is_same_group(r->groups[i].group, old->groups[k].group))
				take_group(&r->groups[i], &old->groups[k]);
	for (uint32_t k = 0; k < old->orphans.n; k++)
		refs_add(&r->orphans, old->orphans.v[k]);
	for (uint32_t k = 0; k < old->n_groups; k++)
		for (uint32_t i = 0; i < old->groups[k].group->n_rules; i++)
			for (uint32_t n = 0; n < old->groups[k].rules[i].refs.n; n++)
				refs_add(&r->orphans, old->groups[k].rules[i].refs.v[n]);
	rules_free(old);
	if (r->n_groups == 0) {
		output_stale(r, &r->orphans, now.ms);
		output_commit(r);
	}
	return r;
}

static void fini_rule(struct rule_state *s)
{
	str_fini(&s->error);
	arena_fini(&s->arena);
	free(s->refs.v);
	sight_free(s->sight);
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->n_groups; i++) {
		for (uint32_t k = 0; k < r->groups[i].group->n_rules; k++)
			fini_rule(&r->groups[i].rules[k]);
		free(r->groups[i].rules);
	}
	free(r->groups);
	free(r->orphans.v);
	free(r->written.v);
	free(r->news);
	free(r);
}

/* Views */

uint32_t rules_group_count(const struct rules *r)
{
	return r->n_groups;
}

struct rule_group_view rules_group(const struct rules *r, uint32_t group)
{
	const struct group_state *g = &r->groups[group];
	uint32_t n_blind = 0;

	for (uint32_t i = 0; i < g->group->n_rules; i++)
		n_blind += g->rules[i].blind_since_ms != RULES_NEVER;
	return (struct rule_group_view){ .group = g->group,
		.interval_ms = g->interval_ms,
		.evaluated_ms = g->evaluated_ms,
		.began_ms = g->began_ms,
		.took_ns = g->took_ns,
		.samples = g->samples,
		.n_rules = g->group->n_rules,
		.n_blind = n_blind,
		.iterations = g->iterations,
		.missed = g->missed,
		.evaluations = g->evaluations,
		.failures = g->failures };
}

struct rule_view rules_rule(const struct rules *r, uint32_t group, uint32_t index)
{
	const struct rule_state *s = &r->groups[group].rules[index];

	return (struct rule_view){ .rule = s->rule,
		.health = s->health,
		.error = str_c(&s->error),
		.evaluated_ms = s->evaluated_ms,
		.began_ms = s->began_ms,
		.took_ns = s->took_ns,
		.blind_since_ms = s->blind_since_ms,
		.alerts = s->alerts,
		.n_alerts = s->n_alerts };
}
