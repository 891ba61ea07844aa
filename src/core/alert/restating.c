/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/restating.h"

#include "base/str.h"
#include "core/alert/covers.h"

#include <stdio.h>

#define REASON_TOLD_MAX 160 /* bytes: news are short */

static const char *state_of(const struct judged *j)
{
	return j->health == HEALTH_SILENT ? "silent" : "failing";
}

static const char *said(const char *text)
{
	return text ? text : "";
}

static bool is_same_extent(const struct incident_member *m, const struct judged *j)
{
	return str_eq(said(m->scope), said(j->scope)) && str_eq(said(m->state), state_of(j));
}

/* A reason that says nothing is no other one; nor is one with other numbers. */
static bool is_same_reason(const struct incident_member *m, const struct judged *j)
{
	return !*said(j->reason) || str_gist(said(m->reason)) == str_gist(j->reason);
}

/* Of a group of alerts its alerts are the news: what it says is the word of one of them. */
static bool is_group(const struct alert *a, uint16_t check)
{
	return !alert_is_declared(a, check) && str_starts(a->cfg.checks[check].name, "alert:");
}

void restating_describe(const struct alert *a, struct incident *in, struct incident_member *m,
	uint16_t check)
{
	const struct judged *j = &a->judged[check];
	bool goes_on = m->state && !m->recovered.ms && str_eq(m->state, state_of(j));

	if (!goes_on || *said(j->reason))
		incident_set(in, &m->reason, j->reason);
	incident_set(in, &m->state, state_of(j));
	incident_set(in, &m->scope, j->scope);
	m->since = j->since;
	m->last_ok = j->last_ok;
	m->recovered = (struct wall){ 0 };
}

void restating_refresh(const struct alert *a, struct incident *in)
{
	for (uint32_t i = 0; !incident_is_over(in) && i < in->n_members; i++) {
		struct incident_member *m = &in->members[i];
		uint16_t check = alert_check_of(a, m);
		const struct judged *j = check == UINT16_MAX ? NULL : &a->judged[check];

		if (!j || m->recovered.ms || j->unwell.ms == NEVER_MS || !*said(j->reason) ||
			!is_same_extent(m, j) ||
			(i == 0 && !is_group(a, check) && !is_same_reason(m, j)))
			continue;
		incident_set(in, &m->reason, j->reason);
	}
}

void restating_notice(struct alert *a, struct now now, const struct incident_member *m,
	uint16_t check)
{
	struct judged *j = &a->judged[check];
	bool is_same = is_same_extent(m, j) && (is_group(a, check) || is_same_reason(m, j));

	if (!is_same && j->restated.ms == NEVER_MS)
		j->restated = now.mono;
}

static const char *extent_of(const struct judged *j)
{
	if (j->health == HEALTH_SILENT)
		return "is silent";
	if (str_eq(said(j->scope), "many"))
		return "has more alerts than are listed";
	return str_eq(said(j->scope), "path") ? "fails from some vantages only"
					      : "fails from everywhere";
}

static void tell_extent(struct alert *a, struct tracked *t, const char *check,
	const struct judged *j)
{
	if (!t->in->is_flapping)
		folding_change(a, t, check, extent_of(j));
}

static void tell_reason(struct alert *a, struct tracked *t, const struct incident_member *m)
{
	char what[REASON_TOLD_MAX + 40];

	if (t->in->is_flapping)
		return;
	snprintf(what, sizeof what, "fails for another reason now: %.*s",
		(int)utf8_most(m->reason, REASON_TOLD_MAX), m->reason);
	folding_change(a, t, m->check, what);
}

/* Too early to say it: the vantages don't agree yet, or it explains nothing, and is not urgent. */
static bool must_wait(struct alert *a, struct now now, const struct tracked *t,
	const struct incident_member *m, uint16_t check)
{
	const struct judged *j = &a->judged[check];
	bool is_urgent = m == &t->in->members[0] || !is_same_extent(m, j);
	struct mono due = { j->restated.ms +
			    (is_urgent ? alert_settle_ms(a, check) : ALERT_REFRESH_MS) };

	if (now.mono.ms >= due.ms)
		return false;
	if (is_urgent && !alert_is_settling(a, check))
		return false;
	alert_wake_at(a, due);
	return true;
}

void restating_due(struct alert *a, struct now now, uint16_t check)
{
	struct judged *j = &a->judged[check];
	struct tracked *t = a->covers[check];
	struct incident_member *m = NULL;
	bool has_other_extent, has_other_reason;

	if (t && t->owner == a->cfg.self)
		m = covers_member(t, check);
	has_other_extent = m && !m->recovered.ms && !is_same_extent(m, j);
	has_other_reason = m && !m->recovered.ms && !is_group(a, check) && !is_same_reason(m, j);
	if ((has_other_extent || has_other_reason) && must_wait(a, now, t, m, check))
		return;
	if (has_other_extent || has_other_reason)
		restating_describe(a, t->in, m, check);
	if (has_other_extent)
		tell_extent(a, t, m->check, j);
	else if (has_other_reason)
		tell_reason(a, t, m);
	j->restated.ms = NEVER_MS;
}
