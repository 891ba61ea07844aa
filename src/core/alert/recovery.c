/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/recovery.h"

#include "core/alert/covers.h"
#include "core/alert/restating.h"

static bool is_all_recovered(const struct incident *in)
{
	for (uint32_t i = 0; i < in->n_members; i++)
		if (!in->members[i].recovered.ms)
			return false;
	return true;
}

static int64_t linger_ms(const struct alert *a, const struct incident *in)
{
	uint16_t check = alert_check_index(a, in->cause);
	int64_t twice = check == UINT16_MAX ? 0 : 2 * a->cfg.checks[check].every_ms;

	if (in->is_flapping)
		return ALERT_FLAP_LINGER_MS;
	if (twice > ALERT_FLAP_LINGER_MS)
		return ALERT_FLAP_LINGER_MS;
	return twice > ALERT_LINGER_MS ? twice : ALERT_LINGER_MS;
}

static bool is_outage(const struct incident *in)
{
	return str_starts(in->cause, "notify@");
}

/* Nobody could be told that a site can't tell anything, until it could again.  That is news only if
 * it was for long, and once: not of each site that the channel had left alone. */
static bool is_outage_no_news(const struct alert *a, struct now now, const struct tracked *t)
{
	if (now.wall.ms - t->in->since.ms < ALERT_BACKLOG_MS)
		return true;
	map_each (&a->tracked, it) {
		const struct tracked *other = it->value;
		const struct incident *in = other->in;

		if (other != t && in->version && is_outage(in) && !in->is_muted &&
			in->state != INCIDENT_MERGED && in->opened.ms <= now.wall.ms &&
			(!in->recovered.ms || in->recovered.ms > t->in->opened.ms) &&
			covers_beats(a, other, t))
			return true;
	}
	return false;
}

/* Another site that may have told why ours could not be heard. */
static bool tells_of_us(const struct alert *a, const struct incident *in)
{
	const char *self = a->cfg.sites[a->cfg.self].name;

	for (uint32_t i = 0; i < in->n_members; i++) {
		uint16_t check = alert_check_of(a, &in->members[i]);
		const struct alert_check *c = check == UINT16_MAX ? NULL : &a->cfg.checks[check];

		if (c && ((c->subject_a && str_eq(c->subject_a, self)) ||
				 (c->subject_b && str_eq(c->subject_b, self))))
			return true;
	}
	return false;
}

/* Nobody could be told that we were cut off, and now the others' journals are here. */
static bool is_cut_no_news(const struct alert *a, const struct incident *cut)
{
	if (cut->recovered.ms - cut->since.ms < ALERT_BACKLOG_MS)
		return true;
	map_each (&a->tracked, it) {
		const struct tracked *other = it->value;
		const struct incident *in = other->in;

		if (other->owner != a->cfg.self && in->version && incident_was_told(in) &&
			in->opened.ms <= cut->recovered.ms &&
			(!in->recovered.ms || in->recovered.ms >= cut->since.ms) &&
			tells_of_us(a, in))
			return true;
	}
	return false;
}

static void recover(struct alert *a, struct now now, struct tracked *t, struct incident_member *m)
{
	m->recovered = now.wall;
	if (m == &t->in->members[0]) {
		t->cause_recovered = now.mono;
		alert_wake_at(a, (struct mono){ now.mono.ms + ALERT_SPLIT_MS });
	}
	if (is_all_recovered(t->in)) {
		t->in->state = INCIDENT_RECOVERING;
		t->in->recovered = now.wall;
		t->in->is_muted = is_outage(t->in) && !incident_was_told(t->in) &&
				  is_outage_no_news(a, now, t);
		t->linger.ms = now.mono.ms + linger_ms(a, t->in);
		alert_wake_at(a, t->linger);
	}
	if (!t->in->is_flapping)
		folding_change(a, t, m->check,
			alert_check_of(a, m) == UINT16_MAX && !alerts_is_name(m->check)
				? "is not declared any more"
				: "is back");
}

void recovery_relapse(struct alert *a, struct now now, struct tracked *t, struct incident_member *m,
	uint16_t check)
{
	bool was_flapping = t->in->is_flapping;

	restating_describe(a, t->in, m, check);
	if (m == &t->in->members[0]) {
		t->cause_recovered.ms = NEVER_MS;
		t->cause_fell = now.mono;
	}
	if (t->in->state == INCIDENT_RECOVERING) {
		t->in->state = INCIDENT_OPEN;
		t->in->recovered = (struct wall){ 0 };
		t->in->is_muted = false;
		t->in->relapses++;
		t->in->is_flapping = t->in->relapses >= ALERT_FLAP_RELAPSES;
	}
	if (!was_flapping)
		folding_change(a, t, m->check, t->in->is_flapping ? "is flapping" : "fails again");
}

static void close_incident(struct alert *a, struct now now, struct tracked *t)
{
	struct incident *in = t->in;

	in->state = INCIDENT_CLOSED;
	in->closed = now.wall;
	in->is_muted =
		in->is_muted || (!incident_was_told(in) && alert_is_silenced(a, now.wall, in));
	if (incident_is_cut_off(in) && !incident_was_told(in))
		in->is_muted |= is_cut_no_news(a, in);
	if (in->is_flapping) { /* it is over: people are told; otherwise they know already */
		folding_change(a, t, in->cause, "is steady again");
		return;
	}
	covers_put(a, t);
	alert_append_incident(a, t);
}

void recovery_well(struct alert *a, struct now now, uint16_t check)
{
	struct tracked *t = a->covers[check];

	a->is_dirty = true;
	if (t && t->owner == a->cfg.self && !covers_member(t, check)) {
		covers_set(a, check, NULL); /* only counted */
		t->n_beyond -= t->n_beyond > 0;
	}
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct incident_member *m;

		t = a->busy[at];
		if (t->owner != a->cfg.self || !incident_is_live(t->in))
			continue;
		m = covers_member(t, check);
		if (m && !m->recovered.ms)
			recover(a, now, t, m);
	}
}

void recovery_released(struct alert *a, struct now now, struct tracked *t,
	struct incident_member *m)
{
	if (m->recovered.ms)
		return;
	if (!alerts_is_name(m->check))
		incident_set(t->in, &m->reason, "not declared any more");
	recover(a, now, t, m);
}

/* The cause has been well for a while, and others still aren't: this incident is over, and what
 * goes on without its cause is a matter of its own, of which people are told anew. */
static void split_off(struct alert *a, struct now now, struct tracked *t)
{
	struct incident *in = t->in;

	for (uint32_t i = 0; i < in->n_members; i++)
		if (!in->members[i].recovered.ms)
			incident_set(in, &in->members[i].reason,
				"goes on without its cause: told apart");
	in->state = INCIDENT_CLOSED;
	in->is_flapping = false;
	in->recovered = in->closed = now.wall;
	in->is_muted = !incident_was_told(in) &&
		       (alert_is_silenced(a, now.wall, in) ||
			       (incident_is_cut_off(in) && is_cut_no_news(a, in)));
	folding_change(a, t, in->cause, "is back, what goes on without it is told apart");
}

/* What goes on without its cause has an incident of its own already, and that one isn't on its way
 * out: nothing to wait for. */
static bool is_rest_told_apart(const struct alert *a, struct now now, const struct tracked *t)
{
	if (now.mono.ms < alert_calm(a).ms)
		return false;
	for (uint32_t i = 0; i < t->in->n_members; i++)
		if (!t->in->members[i].recovered.ms &&
			!covers_is_told_apart(a, t, t->in->members[i].tag - 1))
			return false;
	return !t->n_beyond;
}

static void split_due(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];
		int64_t due;

		if (t->owner != a->cfg.self || !t->in->version || t->in->state != INCIDENT_OPEN ||
			t->cause_recovered.ms == NEVER_MS)
			continue;
		due = t->cause_recovered.ms + ALERT_SPLIT_MS;
		if (now.mono.ms >= due || is_rest_told_apart(a, now, t))
			split_off(a, now, t);
		else
			alert_wake_at(a, (struct mono){ due });
	}
}

static void close_due(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner != a->cfg.self || !t->in->version ||
			t->in->state != INCIDENT_RECOVERING)
			continue;
		if (now.mono.ms >= t->linger.ms)
			close_incident(a, now, t);
		else
			alert_wake_at(a, t->linger);
	}
}

/* Whoever reads "is flapping" believes that it works half of the time. */
static void steady_fall_due(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];
		struct mono due = { t->cause_fell.ms + ALERT_FLAP_LINGER_MS };

		if (t->owner != a->cfg.self || !t->in->is_flapping ||
			t->in->state != INCIDENT_OPEN || t->cause_recovered.ms != NEVER_MS)
			continue;
		if (now.mono.ms < due.ms) {
			alert_wake_at(a, due);
			continue;
		}
		t->in->is_flapping = false;
		t->in->relapses = 0;
		folding_change(a, t, t->in->cause, "fails without a break now");
	}
}

void recovery_step(struct alert *a, struct now now)
{
	close_due(a, now);
	split_due(a, now);
	steady_fall_due(a, now);
}
