/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folding: from judged states to incidents.
 *
 * Whatever is not well must be listed by a live incident, ours or another site's.  folding_step
 * looks at every check that is not well and isn't, and decides whether it joins an incident, opens
 * one, or waits: for its extent to be known, or for the site whose turn it is.
 */
#include "core/alert/covers.h"
#include "core/alert/merging.h"
#include "core/alert/recovery.h"
#include "core/alert/restating.h"
#include "core/alert/ways.h"

#include <stdlib.h>
#include <string.h>

#define ROOT_STEPS_MAX 64

static bool is_unwell(const struct alert *a, uint16_t check)
{
	return a->judged[check].unwell.ms != NEVER_MS;
}

/* Nobody tells us of it any more, so it explains nothing. */
static bool is_out_of_sight(const struct alert *a, uint16_t check)
{
	return a->judged[check].health == HEALTH_SILENT && a->cfg.checks[check].n_away;
}

/* We can't see it, because we see nothing of the outside. */
static bool is_out_of_reach(const struct alert *a, uint16_t check)
{
	const struct alert_check *spec = &a->cfg.checks[check];
	uint16_t outside = a->cfg.outside;

	return a->is_blind && outside != UINT16_MAX && check != outside && is_unwell(a, outside) &&
	       (spec->is_outside || spec->home != a->cfg.self || is_out_of_sight(a, check));
}

/* The nearest reason why a check is not well; itself: none is known. */
static uint16_t explained_by(const struct alert *a, uint16_t check)
{
	const struct alert_check *spec = &a->cfg.checks[check];

	if (is_out_of_reach(a, check))
		return a->cfg.outside;
	for (uint16_t i = 0; i < spec->n_away && is_out_of_sight(a, check); i++)
		if (is_unwell(a, spec->away[i]))
			return spec->away[i];
	for (uint16_t i = 0; i < spec->n_needs; i++)
		if (is_unwell(a, spec->needs[i]) && !is_out_of_sight(a, spec->needs[i]))
			return spec->needs[i];
	return check;
}

uint16_t folding_root(const struct alert *a, uint16_t check)
{
	for (int steps = 0; steps < ROOT_STEPS_MAX && explained_by(a, check) != check; steps++)
		check = explained_by(a, check);
	return check;
}

static bool is_below(const struct alert *a, uint16_t check, uint16_t root)
{
	for (int steps = 0; steps < ROOT_STEPS_MAX && check != root; steps++) {
		uint16_t next = explained_by(a, check);

		if (next == check)
			return false;
		check = next;
	}
	return check == root;
}

/* ---- what an incident says */

static void describe(const struct alert *a, struct incident *in)
{
	uint16_t check = alert_check_index(a, in->cause);
	const struct alert_check *spec;
	const struct alert_check *worst;
	scoped(str_fini) struct str title = STR_EMPTY;
	struct notice_cause cause;

	if (check == UINT16_MAX)
		return;
	spec = worst = &a->cfg.checks[check];
	restating_refresh(a, in);
	if (!in->members[0].recovered.ms)
		incident_set(in, &in->failing_from, a->judged[check].from);
	cause = (struct notice_cause){ .check = spec->name,
		.kind = spec->kind,
		.state = in->members[0].state,
		.scope = in->members[0].scope,
		.reason = in->members[0].reason,
		.failing_from = in->failing_from,
		.subject_a = spec->subject_a,
		.subject_b = spec->subject_b };
	notice_title(&cause, &title);
	incident_set(in, &in->title, str_c(&title));
	for (uint32_t i = 0; i < in->n_members; i++) {
		uint16_t other = alert_check_of(a, &in->members[i]);

		if (other != UINT16_MAX &&
			a->cfg.checks[other].severity_rank > worst->severity_rank)
			worst = &a->cfg.checks[other];
	}
	incident_set(in, &in->severity, worst->severity);
	in->since = in->members[0].since;
}

/* The news of a version are those since the one before; what is too much is left out. */
static void add_news(struct tracked *t, const char *who, const char *what)
{
	scoped(str_fini) struct str news = { .limit_bytes = NEWS_BYTES_MAX };

	if (!t->published) /* the opening speaks for itself */
		return;
	if (str_starts(who, "alert:"))
		who += strlen("alert:");
	if (t->is_changed && t->in->news)
		str_addf(&news, "%s, ", t->in->news);
	str_addf(&news, "%s %s", who, what);
	if (!news.is_cut)
		incident_set(t->in, &t->in->news, str_c(&news));
}

void folding_change(struct alert *a, struct tracked *t, const char *who, const char *what)
{
	add_news(t, who, what);
	t->is_changed = true;
	a->is_dirty = true;
	covers_put(a, t);
}

void folding_publish(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (!t->is_changed)
			continue;
		t->is_changed = false;
		if (t->published == t->in->version)
			t->in->version++;
		t->published = t->in->version;
		describe(a, t->in);
		ways_address(a, now, t);
		alert_append_incident(a, t);
	}
}

/* ---- opening */

uint64_t folding_second_of(const char *id)
{
	const char *dash = strrchr(id, '-');
	char *end;
	uint64_t second = dash ? strtoull(dash + 1, &end, 36) : 0;

	return dash && !*end && second < UINT32_MAX ? second : 0;
}

/* "dublin-9k2x1": base 36 of the second since 2026, one later if that is taken. */
static void make_id(struct alert *a, struct now now, char id[INCIDENT_ID_MAX])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	const int64_t epoch_2026 = 1767225600;
	uint64_t second =
		now.wall.ms / 1000 > epoch_2026 ? (uint64_t)(now.wall.ms / 1000 - epoch_2026) : 0;
	char text[16], *p = text + sizeof text;

	if (second <= a->last_second)
		second = a->last_second + 1;
	a->last_second = second;
	*--p = '\0';
	do
		*--p = digits[second % 36];
	while (second /= 36);
	snprintf(id, INCIDENT_ID_MAX, "%s-%s", a->cfg.sites[a->cfg.self].name, p);
}

static void open_incident(struct alert *a, struct now now, uint16_t root)
{
	char id[INCIDENT_ID_MAX];
	struct tracked *t;
	struct incident *in;

	make_id(a, now, id);
	t = replay_track(a, id);
	in = t->in;
	t->owner = a->cfg.self;
	t->opened_at = now.mono;
	incident_set(in, &in->owner, a->cfg.sites[a->cfg.self].name);
	incident_set(in, &in->cause, a->cfg.checks[root].name);
	in->state = INCIDENT_OPEN;
	in->version = 1;
	in->opened = now.wall;
	t->cause_recovered.ms = NEVER_MS;
	restating_describe(a, in, incident_member(in, in->cause, true), root);
	in->n_before = a->cfg.world.before ? a->cfg.world.before(a->cfg.world.ctx,
						     a->judged[root].since, in->cause, in->before)
					   : 0;
	map_put(&a->incidents, in->id, in);
	folding_change(a, t, in->cause, "");
}

/* Evidence is still coming in of the check or of what it needs; alerts seldom come alone. */
static bool is_settling(const struct alert *a, struct now now, uint16_t check)
{
	int64_t unwell = a->judged[check].unwell.ms;

	if (now.mono.ms >= unwell + alert_settle_ms(a, check))
		return false;
	for (int steps = 0; steps < ROOT_STEPS_MAX; steps++) {
		const struct alert_check *spec = &a->cfg.checks[check];

		if (!alert_is_declared(a, check) || alert_is_settling(a, check))
			return true;
		for (uint16_t i = 0; i < spec->n_needs; i++)
			if (alert_is_settling(a, spec->needs[i]))
				return true;
		if (folding_root(a, check) == check)
			break;
		check = folding_root(a, check);
	}
	return false;
}

/* How long after a check is not well it is our turn to speak of it. */
static int64_t our_turn_ms(const struct alert *a, uint16_t root)
{
	uint8_t home = a->cfg.checks[root].home, self = a->cfg.self;
	int64_t turn = 0;

	if (home == self)
		return 0;
	if (home < a->cfg.n_sites && !a->peers[home].is_dead)
		turn = ALERT_DEFER_MS;
	/* With more than two sites the remaining ones take turns in the order of declaration. */
	for (uint8_t site = 0; site < self; site++)
		if (site != home && a->peers[site].is_up)
			turn += ALERT_DEFER_MS;
	return turn;
}

/* From when on turns count for a check that isn't listed since `unlisted`: whose turn it is has not been
 * able to speak, to be heard, or to know what there is to be said, for longer. */
static int64_t turns_from(const struct alert *a, struct mono unlisted, uint8_t home)
{
	int64_t from = unlisted.ms > alert_calm(a).ms ? unlisted.ms : alert_calm(a).ms, read;

	if (home >= a->cfg.n_sites || !a->peers[home].is_up)
		return from;
	read = a->reading[home].ms + (a->peers[home].is_reading ? ALERT_READING_MS : 0);
	return read > from ? read : from;
}

/* ---- members */

static void add_member(struct alert *a, struct tracked *t, uint16_t check)
{
	const char *name = a->cfg.checks[check].name;
	struct incident_member *m = incident_member(t->in, name, true);

	if (!m) {
		covers_set(a, check, t);
		if (++t->n_beyond <= t->in->more_members) /* counted before a restart */
			return;
		t->in->more_members = t->n_beyond;
		folding_change(a, t, name, "too");
		return;
	}
	restating_describe(a, t->in, m, check);
	if (t->in->state == INCIDENT_RECOVERING) {
		t->in->state = INCIDENT_OPEN;
		t->in->recovered = (struct wall){ 0 };
	}
	folding_change(a, t, name, "too");
}

/* A cause further up was found: it takes the incident over. */
static void take_over(struct alert *a, struct tracked *t, uint16_t root)
{
	struct incident *in = t->in;
	struct incident_member *m = incident_member(in, a->cfg.checks[root].name, true);
	struct incident_member first;

	if (!m)
		return;
	restating_describe(a, in, m, root);
	first = in->members[0];
	in->members[0] = *m;
	*m = first;
	incident_set(in, &in->cause, a->cfg.checks[root].name);
	t->cause_recovered.ms = NEVER_MS;
	folding_change(a, t, in->cause, "is the cause");
}

/* Our live incidents whose cause turns out to lie below `root`: the first becomes the root's, the
 * others merge into it. */
static struct tracked *adopt_below(struct alert *a, struct now now, uint16_t root)
{
	struct tracked *taken = NULL;

	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];
		uint16_t cause;

		if (t->owner != a->cfg.self || t->in->state != INCIDENT_OPEN || !t->in->version ||
			t->in->members[0].recovered.ms)
			continue;
		cause = alert_check_index(a, t->in->cause);
		if (cause == UINT16_MAX || cause == root || !is_below(a, cause, root))
			continue;
		if (taken) {
			merging_mark(a, now, t, taken->in->id);
			continue;
		}
		take_over(a, t, root);
		taken = t;
	}
	if (taken)
		covers_put(a, taken);
	return taken;
}

/* Its home has an incident that lists only a part of what it covers: maybe this too. */
static bool may_be_counted_at_home(const struct alert *a, uint16_t check)
{
	uint8_t home = a->cfg.checks[check].home;

	if (home == a->cfg.self || home >= a->cfg.n_sites || !a->peers[home].is_up)
		return false;
	for (uint32_t at = 0; at < a->n_busy; at++) {
		const struct tracked *t = a->busy[at];

		if (t->owner == home && t->in->more_members && incident_is_live(t->in))
			return true;
	}
	return false;
}

/* ---- the decision for one check that is not well and listed nowhere */

static void consider(struct alert *a, struct now now, uint16_t check)
{
	struct judged *j = &a->judged[check];
	uint16_t root = folding_root(a, check);
	struct tracked *t = covers_find(a, root);
	int64_t turn;

	if (t && t->owner == a->cfg.self) {
		add_member(a, t, check);
		return;
	}
	if (a->is_blind && (j->health == HEALTH_SILENT || a->cfg.checks[check].home != a->cfg.self))
		return;
	if (alert_awaits_news(a, now) || (a->is_behind && a->cfg.checks[root].home != a->cfg.self))
		return;
	if (is_settling(a, now, check)) {
		alert_wake_at(a, (struct mono){ j->unwell.ms + alert_settle_ms(a, check) });
		return;
	}
	turn = t ? ALERT_UNLISTED_MS : our_turn_ms(a, root);
	if (turn > 0)
		turn += turns_from(a, j->unlisted, a->cfg.checks[root].home);
	if (a->judged[root].elsewhere.ms > turn)
		turn = a->judged[root].elsewhere.ms;
	if (t && (root == check || j->health == HEALTH_SILENT))
		return; /* what explains it has been told by its owner */
	if (may_be_counted_at_home(a, check))
		return;
	if (now.mono.ms < turn) {
		alert_wake_at(a, (struct mono){ turn });
		return;
	}
	if (t) /* its owner leaves this check out: it sees less than we do */
		root = check;
	t = adopt_below(a, now, root);
	if (!t)
		open_incident(a, now, root);
	if (root != check) {
		t = covers_find(a, root);
		if (t && t->owner == a->cfg.self)
			add_member(a, t, check);
	}
}

/* ---- inputs */

void folding_unwell(struct alert *a, struct now now, uint16_t check)
{
	struct tracked *t = a->covers[check];
	struct incident_member *m;

	a->is_dirty = true;
	if (!t || t->owner != a->cfg.self)
		return;
	m = covers_member(t, check);
	if (!m)
		return;
	if (m->recovered.ms) {
		recovery_relapse(a, now, t, m, check);
		return;
	}
	restating_notice(a, now, m, check);
}

static bool is_being_told(const struct alert *a, const struct tracked *t)
{
	bool is = incident_was_told(t->in);

	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		is |= t->slots[i].number || t->slots[i].may_be_repeat;
	return is;
}

/* What became inhibited before anybody was told of it is not told; the cause stands for the others. */
static void leave_out_inhibited(struct alert *a, struct tracked *t)
{
	for (uint32_t i = t->in->n_members; i-- > 1;) {
		uint16_t check = alert_check_of(a, &t->in->members[i]);

		if (check == UINT16_MAX || !a->cfg.checks[check].is_inhibited)
			continue;
		if (a->covers[check] == t)
			covers_set(a, check, NULL);
		incident_drop_member(t->in, i);
		t->is_changed = true;
	}
}

static void leave_out_all_inhibited(struct alert *a)
{
	for (uint32_t at = 0; a->cfg.routing && at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner == a->cfg.self && incident_is_live(t->in) && !is_being_told(a, t))
			leave_out_inhibited(a, t);
	}
}

void folding_step(struct alert *a, struct now now)
{
	leave_out_all_inhibited(a);
	merging_step(a, now);
	recovery_step(a, now);
	for (uint16_t i = 0; i < a->n_judged; i++) {
		if (a->judged[i].restated.ms != NEVER_MS)
			restating_due(a, now, i);
		if (!is_unwell(a, i))
			continue;
		/* Also when the incident that listed it ends, its home speaks first. */
		if (covers_find(a, i) || a->cfg.checks[i].is_inhibited)
			a->judged[i].unlisted.ms = NEVER_MS;
		else if (a->judged[i].unlisted.ms == NEVER_MS)
			a->judged[i].unlisted = now.mono;
		if (a->judged[i].unlisted.ms != NEVER_MS)
			consider(a, now, i);
	}
}
