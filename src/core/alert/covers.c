/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/covers.h"

#include <string.h>

/* ---- ids */

static uint32_t id_of(struct alert *a, const char *name)
{
	uintptr_t id1 = (uintptr_t)map_get(&a->names, name);

	if (id1)
		return (uint32_t)(id1 - 1);
	must_grow(a->covers, a->n_names, a->cap_names);
	a->covers[a->n_names] = NULL;
	map_put(&a->names, name, (void *)(uintptr_t)(a->n_names + 1));
	return a->n_names++;
}

static void tag(struct alert *a, struct tracked *t)
{
	const struct incident *in = t->in;

	t->cause_tag = 0;
	if (!incident_is_live(in))
		return;
	for (uint32_t i = 0; i < in->n_members; i++)
		if (!in->members[i].tag)
			in->members[i].tag = id_of(a, in->members[i].check) + 1;
	t->cause_tag = str_eq(in->cause, in->members[0].check) ? in->members[0].tag
							       : id_of(a, in->cause) + 1;
}

void covers_load(struct alert *a, const struct alert_config *config)
{
	scoped(map_fini) struct map old_names = a->names;
	struct tracked **old = a->covers;

	a->names = MAP_EMPTY;
	a->n_names = config->n_checks;
	a->cap_names = config->n_checks + 1u;
	a->covers = must_alloc(a->cap_names * sizeof(struct tracked *));
	for (uint16_t i = 0; i < config->n_checks; i++)
		map_put(&a->names, config->checks[i].name, (void *)(uintptr_t)(i + 1u));
	map_each (&old_names, it) {
		struct tracked *t = old[(uintptr_t)it->value - 1];
		uint32_t id = t ? id_of(a, it->key) : 0;

		if (t)
			a->covers[id] = t;
	}
	free(old);
	map_each (&a->tracked, it) {
		struct tracked *t = it->value;

		for (uint32_t i = 0; i < t->in->n_members; i++)
			t->in->members[i].tag = 0;
		tag(a, t);
	}
}

struct incident_member *covers_member(const struct tracked *t, uint32_t id)
{
	for (uint32_t i = 0; i < t->in->n_members; i++)
		if (t->in->members[i].tag == id + 1)
			return &t->in->members[i];
	return NULL;
}

/* ---- who stands for what */

static bool is_home(const struct alert *a, const struct tracked *t)
{
	uint32_t check = t->cause_tag ? t->cause_tag - 1 : alert_check_index(a, t->in->cause);

	return check < a->n_judged && a->cfg.checks[check].home == t->owner;
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
static struct tracked *find_lister(const struct alert *a, uint32_t id, bool must_be_looked_after)
{
	struct tracked *best = NULL;

	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (is_cover(a, t) && covers_member(t, id) &&
			(!must_be_looked_after || is_looked_after(a, t)) &&
			(!best || covers_beats(a, t, best)))
			best = t;
	}
	return best;
}

static struct tracked *find_own(const struct alert *a, uint32_t id)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner == a->cfg.self && incident_is_live(t->in) && covers_member(t, id))
			return t;
	}
	return NULL;
}

void covers_set(struct alert *a, uint32_t id, struct tracked *t)
{
	if (a->covers[id])
		a->covers[id]->n_covering--;
	a->covers[id] = t;
	if (t)
		t->n_covering++;
}

static void uncover(struct alert *a, const struct tracked *t, uint32_t id)
{
	struct tracked *other;

	covers_set(a, id, NULL);
	other = find_lister(a, id, false);
	if (other && other != t)
		covers_set(a, id, other);
}

bool covers_is_told_apart(const struct alert *a, const struct tracked *from, uint32_t id)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		const struct tracked *t = a->busy[at];
		const struct incident_member *m;

		if (t == from || !is_cover(a, t) || t->in->members[0].recovered.ms ||
			!is_looked_after(a, t))
			continue;
		m = covers_member(t, id);
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
	bool covers = is_cover(a, t);

	tag(a, t);
	for (uint32_t i = 0; (covers || t->n_covering) && i < t->in->n_members; i++) {
		uint32_t id = t->in->members[i].tag - 1;

		if (covers && a->covers[id] != t && takes_over(a, t, a->covers[id]))
			covers_set(a, id, t);
		else if (!covers && id < a->n_names && a->covers[id] == t)
			uncover(a, t, id);
	}
	if (!incident_is_live(t->in) && t->n_beyond)
		covers_drop(a, t);
}

void covers_drop(struct alert *a, struct tracked *t)
{
	for (uint32_t id = 0; t->n_covering && id < a->n_names; id++)
		if (a->covers[id] == t)
			covers_set(a, id, NULL);
	t->n_beyond = 0;
	a->is_dirty = true;
}

struct tracked *covers_find(const struct alert *a, uint16_t check)
{
	struct tracked *t = a->covers[check];

	/* What others told of us is over, or why they don't hear us. */
	if (t && check == a->cfg.outside && t->owner != a->cfg.self)
		return find_own(a, check);
	if (!t || is_looked_after(a, t))
		return t;
	return find_lister(a, check, true);
}
