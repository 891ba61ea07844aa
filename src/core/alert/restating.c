/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/restating.h"

void restating_describe(const struct alert *a, struct incident_member *m, uint16_t check)
{
	const struct judged *j = &a->judged[check];

	text_set(&m->state, j->health == HEALTH_SILENT ? "silent" : "failing");
	text_set(&m->scope, j->scope);
	text_set(&m->reason, j->reason);
	m->since = j->since;
	m->last_ok = j->last_ok;
	m->recovered = (struct wall){ 0 };
}

static bool is_as_judged(const struct alert *a, const struct incident_member *m, uint16_t check)
{
	const struct judged *j = &a->judged[check];

	return str_eq(m->scope ? m->scope : "", j->scope ? j->scope : "") &&
	       str_eq(m->state, j->health == HEALTH_SILENT ? "silent" : "failing");
}

static const char *extent_of(const struct judged *j)
{
	if (j->health == HEALTH_SILENT)
		return "is silent";
	return str_eq(j->scope ? j->scope : "", "path") ? "fails from some vantages only"
							: "fails from everywhere";
}

void restating_notice(struct alert *a, struct now now, const struct incident_member *m,
	uint16_t check)
{
	if (!is_as_judged(a, m, check) && a->judged[check].restated.ms == NEVER_MS)
		a->judged[check].restated = now.mono;
}

void restating_due(struct alert *a, struct now now, uint16_t check)
{
	struct judged *j = &a->judged[check];
	struct tracked *t = map_get(&a->covers, a->cfg.checks[check].name);
	struct mono due = { j->restated.ms + ALERT_SETTLE_MS };
	struct incident_member *m = NULL;

	if (t && t->owner == a->cfg.self)
		m = incident_member(t->in, a->cfg.checks[check].name, false);
	if (m && !m->recovered.ms && !is_as_judged(a, m, check)) {
		if (now.mono.ms < due.ms && a->cfg.world.is_settling &&
			a->cfg.world.is_settling(a->cfg.world.ctx, check)) {
			alert_wake_at(a, due);
			return;
		}
		restating_describe(a, m, check);
		if (!t->in->is_flapping)
			folding_change(a, t, m->check, extent_of(j));
	}
	j->restated.ms = NEVER_MS;
}
