/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/covers.h"

#include <string.h>

static bool is_home(const struct alert *a, const struct tracked *t)
{
	uint16_t check = alert_check_index(a, t->in->cause);

	return check != UINT16_MAX && a->cfg.checks[check].home == t->owner;
}

bool covers_beats(const struct alert *a, const struct tracked *x, const struct tracked *y)
{
	if (is_home(a, x) != is_home(a, y))
		return is_home(a, x);
	if (x->in->opened.ms != y->in->opened.ms)
		return x->in->opened.ms < y->in->opened.ms;
	if (x->owner != y->owner)
		return x->owner < y->owner;
	return strcmp(x->in->id, y->in->id) < 0; /* of one owner: ids grow with time */
}

/* What another site couldn't see for a while may be here, and not well. */
static bool is_cover(const struct alert *a, const struct tracked *t)
{
	return incident_is_live(t->in) && (t->owner == a->cfg.self || !incident_is_cut_off(t->in));
}

/* Somebody speaks, or will: the incident is ours, or its owner is there, or it was told already. */
static bool is_looked_after(const struct alert *a, const struct tracked *t)
{
	if (t->owner == a->cfg.self)
		return true;
	if (t->owner != ALERT_NO_SITE && a->peers[t->owner].is_up)
		return true;
	return incident_was_told(t->in);
}

/* Of the live incidents that list the check the one that would survive a merger. */
static struct tracked *find_lister(const struct alert *a, const char *check,
	bool must_be_looked_after)
{
	struct tracked *best = NULL;

	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (is_cover(a, t) && incident_member(t->in, check, false) &&
			(!must_be_looked_after || is_looked_after(a, t)) &&
			(!best || covers_beats(a, t, best)))
			best = t;
	}
	return best;
}

static struct tracked *find_own(const struct alert *a, const char *check)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner == a->cfg.self && incident_is_live(t->in) &&
			incident_member(t->in, check, false))
			return t;
	}
	return NULL;
}

static void uncover(struct alert *a, struct tracked *t, const char *check)
{
	struct tracked *other;

	if (map_get(&a->covers, check) != t)
		return;
	map_remove(&a->covers, check);
	other = find_lister(a, check, false);
	if (other && other != t)
		map_put(&a->covers, check, other);
}

bool covers_is_told_apart(const struct alert *a, const struct tracked *from, const char *check)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		const struct tracked *t = a->busy[at];
		const struct incident_member *m;

		if (t == from || !is_cover(a, t) || t->in->members[0].recovered.ms ||
			!is_looked_after(a, t))
			continue;
		m = incident_member(t->in, check, false);
		if (m && !m->recovered.ms)
			return true;
	}
	return false;
}

/* Our own word on why we see nothing stands before what others told of us before. */
static bool is_own_cut(const struct alert *a, const struct tracked *t)
{
	return t->owner == a->cfg.self && incident_is_cut_off(t->in);
}

static bool takes_over(const struct alert *a, const struct tracked *t, const struct tracked *other)
{
	if (!other || !incident_is_live(other->in))
		return true;
	if (is_own_cut(a, t) != is_own_cut(a, other))
		return is_own_cut(a, t);
	return covers_beats(a, t, other);
}

void covers_put(struct alert *a, struct tracked *t)
{
	for (uint32_t i = 0; i < t->in->n_members; i++) {
		const char *check = t->in->members[i].check;
		struct tracked *other = map_get(&a->covers, check);

		if (!is_cover(a, t))
			uncover(a, t, check);
		else if (takes_over(a, t, other))
			map_put(&a->covers, check, t);
	}
	if (!incident_is_live(t->in) && t->n_beyond)
		covers_drop(a, t);
}

void covers_drop(struct alert *a, struct tracked *t)
{
	map_each (&a->covers, it)
		if (it->value == t)
			map_remove(&a->covers, it->key);
	t->n_beyond = 0;
	a->is_dirty = true;
}

struct tracked *covers_find(const struct alert *a, uint16_t check)
{
	const char *name = a->cfg.checks[check].name;
	struct tracked *t = map_get(&a->covers, name);

	/* What others told of us is over, or why they don't hear us. */
	if (t && check == a->cfg.outside && t->owner != a->cfg.self)
		return find_own(a, name);
	if (!t || is_looked_after(a, t))
		return t;
	return find_lister(a, name, true);
}
