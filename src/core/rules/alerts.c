/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alerts of a rule live in one arena, a new one for each evaluation: those that go on are
 * copied, the others are gone with the old.  Found ones and known ones are both in order of labels,
 * so that one pass over both tells what is new, what goes on and what isn't there any more.
 */
#include "base/limits.h"
#include "core/rules/rules_private.h"

#include <stdio.h>

#define STATE_LABEL "alertstate"

static const struct {
	const char *name;
	unsigned may_become;
} states[] = {
	[RULE_RESOLVED] = { "inactive", 0 }, /* found again it is another alert */
	[RULE_PENDING] = { "pending", 1u << RULE_FIRING },
	[RULE_FIRING] = { "firing", 1u << RULE_RESOLVED },
};
_Static_assert(COUNT(states) == RULE_FIRING + 1, "every state is described");

const char *rule_alert_state_name(enum rule_alert_state s)
{
	return states[s].name;
}

static void become(struct rule_alert *a, enum rule_alert_state next)
{
	must(states[a->state].may_become & 1u << next);
	a->state = next;
}

struct merge {
	struct rules *r;
	struct rule_state *s;
	const struct rules_job *job;
	struct arena arena; /* of the alerts to come */
	struct rule_alert *alerts;
	uint32_t n;
	uint32_t n_up; /* pending or firing */
	bool is_full;
};

/* NULL: no memory, which has been noted. */
static struct rule_alert *keep(struct merge *m, const struct rule_alert *a)
{
	struct rule_alert *copy = &m->alerts[m->n];

	*copy = *a;
	if (!labels_copy(&a->labels, &m->arena, &copy->labels) ||
		!labels_copy(&a->annotations, &m->arena, &copy->annotations)) {
		m->is_full = true;
		return NULL;
	}
	m->n++;
	return copy;
}

/* Of what keeps firing more is to be known after a start (past.h). */
static void note_past(const struct merge *m)
{
	m->r->past_stamp += m->s->rule->keep_firing_for_ms > 0;
}

static void tell(struct merge *m, enum rule_news_kind kind)
{
	rules_tell(m->r, kind, m->s, m->n - 1);
}

/* It is up, now or still: a pending one may have waited long enough. */
static void go_on(struct merge *m, struct rule_alert *a)
{
	m->n_up++;
	if (a->state != RULE_PENDING || m->job->at_ms - a->active_ms < m->s->rule->for_ms)
		return;
	become(a, RULE_FIRING);
	a->fired_ms = m->job->at_ms;
	note_past(m);
	tell(m, RULE_NEWS_FIRING);
}

static void take_new(struct merge *m, const struct rule_found *f)
{
	const struct rule_alert fresh = {
		.labels = f->labels,
		.annotations = f->annotations,
		.state = RULE_PENDING,
		.v = f->v,
		.active_ms = m->job->at_ms,
		.fired_ms = RULES_NEVER,
		.resolved_ms = RULES_NEVER,
		.keep_firing_since_ms = RULES_NEVER,
		.told_ms = RULES_NEVER,
	};
	struct rule_alert *a = keep(m, &fresh);

	if (!a)
		return;
	if (m->s->rule->for_ms > 0)
		tell(m, RULE_NEWS_PENDING);
	go_on(m, a);
}

static void take_known(struct merge *m, const struct rule_alert *known, const struct rule_found *f)
{
	bool is_changed = !labels_equal(&known->annotations, &f->annotations);
	struct rule_alert next = *known, *a;

	if (known->keep_firing_since_ms != RULES_NEVER)
		note_past(m);
	next.v = f->v;
	next.annotations = f->annotations;
	next.keep_firing_since_ms = RULES_NEVER;
	a = keep(m, &next);
	if (!a)
		return;
	if (is_changed && a->state == RULE_FIRING)
		tell(m, RULE_NEWS_CHANGED);
	go_on(m, a);
}

static bool keeps_firing(const struct merge *m, struct rule_alert *a)
{
	int64_t keep_ms = m->s->rule->keep_firing_for_ms;

	if (a->state != RULE_FIRING || keep_ms <= 0)
		return false;
	if (a->keep_firing_since_ms == RULES_NEVER) {
		a->keep_firing_since_ms = m->job->at_ms;
		note_past(m);
	}
	return m->job->at_ms - a->keep_firing_since_ms < keep_ms;
}

static void take_lost(struct merge *m, const struct rule_alert *known)
{
	bool was_firing = known->state == RULE_FIRING;
	struct rule_alert next = *known, *a;

	if (known->state == RULE_PENDING ||
		(!was_firing && m->job->at_ms - known->resolved_ms > RULES_RESOLVED_MS))
		return;
	if (keeps_firing(m, &next)) {
		a = keep(m, &next);
		if (a)
			go_on(m, a);
		return;
	}
	if (was_firing) {
		become(&next, RULE_RESOLVED);
		next.resolved_ms = m->job->at_ms;
		note_past(m);
	}
	if (keep(m, &next) && was_firing)
		tell(m, RULE_NEWS_RESOLVED);
}

static int compare(const struct merge *m, uint32_t i, const struct rule_outcome *o, uint32_t k)
{
	if (i == m->s->n_alerts)
		return 1;
	if (k == o->n)
		return -1;
	return labels_compare(&m->s->alerts[i].labels, &o->found[k].labels);
}

static void merge(struct merge *m, const struct rule_outcome *o)
{
	const struct rule_alert *known = m->s->alerts;
	uint32_t i = 0, k = 0;

	while ((i < m->s->n_alerts || k < o->n) && !m->is_full) {
		int order = compare(m, i, o, k);

		if (order < 0)
			take_lost(m, &known[i++]);
		else if (order > 0)
			take_new(m, &o->found[k++]);
		else if (known[i++].state == RULE_RESOLVED)
			take_new(m, &o->found[k++]);
		else
			take_known(m, &known[i - 1], &o->found[k++]);
	}
}

static void refuse(struct rules *r, struct rule_state *s, const struct merge *m, int64_t limit)
{
	char text[80] = "its alerts take too much memory";

	if (!m->is_full)
		snprintf(text, sizeof text, "exceeded limit of %lld with %u alerts",
			(long long)limit, m->n_up);
	note_past(m);
	arena_fini(&s->arena);
	arena_init(&s->arena, RULE_RESULT_BYTES_MAX);
	s->alerts = NULL;
	s->n_alerts = 0;
	rules_set_health(r, s, text);
}

bool alerts_take(struct rules *r, struct rule_state *s, const struct rules_job *job,
	const struct rule_outcome *o)
{
	int64_t limit = r->groups[job->group].group->limit;
	struct merge m = { .r = r, .s = s, .job = job };
	uint32_t n_news = r->n_news;

	arena_init(&m.arena, RULE_RESULT_BYTES_MAX);
	m.alerts = arena_alloc(&m.arena, ((size_t)s->n_alerts + o->n + 1) * sizeof *m.alerts);
	m.is_full = m.alerts == NULL;
	merge(&m, o);
	if (m.is_full || (limit > 0 && m.n_up > limit)) {
		arena_fini(&m.arena);
		r->n_news = n_news;
		refuse(r, s, &m, limit);
		return false;
	}
	arena_fini(&s->arena);
	s->arena = m.arena;
	s->alerts = m.alerts;
	s->n_alerts = m.n;
	return true;
}

/* Samples */

static struct label label_of(const char *name, const char *value)
{
	return (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

/* What the rule says, over it what the alert has, over it the metric's name and, unless NULL, the
 * state.  A label whose template came to nothing stays as the rule has it: so does Prometheus. */
static bool series_of(const struct rule_state *s, const struct rule_alert *a,
	const struct label special[2], struct arena *arena, struct labels *ret)
{
	const struct rule_texts *own = &s->rule->labels;
	struct label *v = arena_alloc(arena, (own->n + a->labels.n + 2) * sizeof *v);
	uint32_t n = 0, n_special = special[1].name ? 2 : 1;

	if (!v)
		return false;
	memcpy(v, special, n_special * sizeof *v);
	n = n_special;
	for (uint32_t i = 0; i < a->labels.n; i++)
		if (!str_eq(a->labels.v[i].name, STATE_LABEL) || n_special == 1)
			v[n++] = a->labels.v[i];
	for (uint32_t i = 0; i < own->n; i++) {
		bool is_special = str_eq(own->v[i].name, STATE_LABEL) && n_special == 2;

		if (!is_special && !labels_find(&a->labels, own->v[i].name))
			v[n++] = label_of(own->v[i].name, own->v[i].text);
	}
	return labels_sort(v, n, ret, NULL) == RC_OK;
}

static void write_alert(struct rules *r, const struct rule_state *s, const struct rule_alert *a,
	int64_t t_ms)
{
	const struct label state[2] = { label_of(METRIC_NAME, "ALERTS"),
		label_of(STATE_LABEL, rule_alert_state_name(a->state)) };
	const struct label since[2] = { label_of(METRIC_NAME, "ALERTS_FOR_STATE") };
	int64_t since_s = a->active_ms / 1000 - (a->active_ms % 1000 < 0);
	scoped(arena_fini) struct arena arena;
	struct labels l;

	arena_init(&arena, RULE_RESULT_BYTES_MAX);
	if (series_of(s, a, state, &arena, &l))
		output_write(r, &(struct output){ &l, t_ms, 1, NULL });
	if (series_of(s, a, since, &arena, &l))
		output_write(r, &(struct output){ &l, t_ms, (double)since_s, NULL });
}

void alerts_write(struct rules *r, const struct rule_state *s, int64_t t_ms)
{
	for (uint32_t i = 0; i < s->n_alerts && s->is_restored; i++)
		if (s->alerts[i].state != RULE_RESOLVED)
			write_alert(r, s, &s->alerts[i], t_ms);
}
