/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Since when an alert is pending stands in ALERTS_FOR_STATE, whose last sample before the start says
 * when we went down.  The time that we were down doesn't count as pending; but what had waited long
 * enough fires at once, and what had less than RULES_GRACE_MS to go gets that much: an alert whose
 * `for` is shorter than that begins anew, unless it had fired.
 */
#include "core/rules/rules_private.h"

struct last { /* a series, and where it ended */
	struct labels labels;
	int64_t t_ms;
	double v;
};

static struct matcher *equal(const char *name, const char *value)
{
	struct matcher *m = NULL;

	return matcher_new(&m, MATCHER_EQUAL, name, value, NULL) == RC_OK ? m : NULL;
}

/* The last sample of the series that the cursor is at; false: it has none, or ended. */
static bool read_last(const struct series_source *source, struct series_cursor *c,
	const struct labels *labels, struct arena *a, struct last *ret)
{
	scoped(series_column_fini) struct series_column column = { 0 };

	if (source->read(c, &column, NULL) != RC_OK || column.n == 0 ||
		is_stale(column.v[column.n - 1]))
		return false;
	ret->t_ms = column.t_ms[column.n - 1];
	ret->v = column.v[column.n - 1];
	return labels_copy(labels, a, &ret->labels);
}

static struct rule_alert *alert_of(const struct rule_state *s, const struct labels *series)
{
	for (uint32_t i = 0; i < s->n_alerts; i++) {
		const struct labels *l = &s->alerts[i].labels;
		uint32_t same = 0;

		if (s->alerts[i].state == RULE_RESOLVED || series->n != l->n + 1)
			continue;
		for (uint32_t k = 0; k < l->n; k++)
			same += str_eq(labels_get(series, l->v[k].name), l->v[k].value);
		if (same == l->n)
			return &s->alerts[i];
	}
	return NULL;
}

static void restore_alert(const struct rule_state *s, struct rule_alert *a, const struct last *last,
	int64_t now_ms)
{
	int64_t active_ms = (int64_t)last->v * 1000;
	int64_t left_ms = s->rule->for_ms - (last->t_ms - active_ms);

	if (left_ms > 0 && s->rule->for_ms < RULES_GRACE_MS)
		return;
	if (left_ms > 0 && left_ms < RULES_GRACE_MS)
		active_ms = now_ms + RULES_GRACE_MS - s->rule->for_ms;
	else if (left_ms > 0)
		active_ms += now_ms - last->t_ms;
	a->active_ms = active_ms;
}

static void restore_found(const struct series_source *source, struct series_cursor *c,
	const struct rule_state *s, int64_t now_ms)
{
	struct labels labels;
	bool has = false;

	while (source->next(c, &labels, &has, NULL) == RC_OK && has) {
		struct rule_alert *a = alert_of(s, &labels);
		scoped(arena_fini) struct arena arena;
		struct last last;

		arena_init(&arena, 0);
		if (a && read_last(source, c, &labels, &arena, &last))
			restore_alert(s, a, &last, now_ms);
	}
}

static void restore_rule(const struct rules *r, const struct rule_state *s, int64_t now_ms)
{
	const struct series_source *source = r->config.history;
	scoped(matcher_free) struct matcher *metric = equal(METRIC_NAME, "ALERTS_FOR_STATE");
	scoped(matcher_free) struct matcher *name = equal("alertname", s->rule->name);
	const struct matcher *const matchers[] = { metric, name };
	struct series_query q = { .matchers = matchers,
		.n_matchers = COUNT(matchers),
		.min_ms = now_ms - RULES_OUTAGE_MS,
		.max_ms = now_ms,
		.function = "" };
	struct series_cursor *c = NULL;

	if (!metric || !name || source->open(source->self, &q, &c, NULL) != RC_OK)
		return;
	restore_found(source, c, s, now_ms);
	source->close(c);
}

void group_restore(struct rules *r, struct group_state *g, int64_t now_ms)
{
	for (uint32_t i = 0; i < g->group->n_rules; i++) {
		struct rule_state *s = &g->rules[i];

		if (s->is_restored)
			continue;
		if (s->rule->is_alert && s->rule->for_ms > 0 && r->config.history)
			restore_rule(r, s, now_ms);
		s->is_restored = true;
	}
}
