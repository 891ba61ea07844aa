/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: what an alert's labels match doesn't change, so it is a bit a rule.  For each rule those
 * that are sources are put into a table by the labels that must be equal, and each target looks
 * there.
 */
#include "core/alert/inhibition.h"

struct source {
	const struct alert_item *item; /* NULL: an empty place */
	uint64_t hash;
	bool is_target; /* of the same rule */
};

struct sources { /* of one rule; open addressing */
	struct source *v;
	uint32_t n_places; /* a power of two */
};

static bool is_firing(const struct alert_item *item)
{
	return !item->ended.ms;
}

/* A peer's may have ended unheard. */
static bool is_source(const struct alert *a, const struct alert_group *g, uint32_t i, uint64_t bit)
{
	bool is_doubted = g->site != ALERT_NO_SITE && a->touch[g->site].is_doubted;

	return !is_doubted && is_firing(g->items[i]) && (g->items[i]->source_of & bit);
}

static uint32_t count_sources(const struct alert *a, uint64_t bit)
{
	uint32_t n = 0;

	map_each (&a->groups, it) {
		const struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++)
			n += is_source(a, g, i, bit);
	}
	return n;
}

static bool is_alike(const struct alert_routing *r, uint32_t rule, const struct source *s,
	const struct alert_item *item, uint64_t hash)
{
	return s->hash == hash && r->is_equal(r->ctx, rule, &s->item->labels, &item->labels);
}

/* One of each kind is enough. */
static void put(const struct alert_routing *r, struct sources *to, uint32_t rule,
	const struct alert_item *item)
{
	uint64_t hash = r->equal_hash(r->ctx, rule, &item->labels);
	bool is_target = item->target_of & UINT64_C(1) << rule;
	uint32_t at = (uint32_t)hash & (to->n_places - 1);

	while (to->v[at].item &&
		(to->v[at].is_target != is_target || !is_alike(r, rule, &to->v[at], item, hash)))
		at = (at + 1) & (to->n_places - 1);
	if (!to->v[at].item)
		to->v[at] = (struct source){ item, hash, is_target };
}

static const struct alert_item *find(const struct alert_routing *r, const struct sources *in,
	uint32_t rule, const struct alert_item *target)
{
	uint64_t hash = r->equal_hash(r->ctx, rule, &target->labels);
	bool is_source = target->source_of & UINT64_C(1) << rule;
	uint32_t at = (uint32_t)hash & (in->n_places - 1);

	for (; in->v[at].item; at = (at + 1) & (in->n_places - 1))
		if (is_alike(r, rule, &in->v[at], target, hash) &&
			!(is_source && in->v[at].is_target))
			return in->v[at].item;
	return NULL;
}

static void collect(const struct alert *a, uint32_t rule, uint32_t n, struct sources *ret)
{
	ret->n_places = 8;
	while (ret->n_places < 2 * n)
		ret->n_places *= 2;
	ret->v = must_alloc(ret->n_places * sizeof *ret->v);
	map_each (&a->groups, it) {
		const struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++)
			if (is_source(a, g, i, UINT64_C(1) << rule))
				put(a->cfg.routing, ret, rule, g->items[i]);
	}
}

static void look(struct alert_item *item, const struct alert_routing *r, const struct sources *in,
	uint32_t rule)
{
	const struct alert_item *by = NULL;

	if (!item->is_inhibited && is_firing(item) && item->target_of & UINT64_C(1) << rule)
		by = find(r, in, rule, item);
	if (!by)
		return;
	item->is_inhibited = true;
	item->inhibited_by = by->fingerprint;
}

static void apply(struct alert *a, uint32_t rule)
{
	uint32_t n = count_sources(a, UINT64_C(1) << rule);
	struct sources sources;

	if (!n)
		return;
	collect(a, rule, n, &sources);
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++)
			look(g->items[i], a->cfg.routing, &sources, rule);
	}
	free(sources.v);
}

void inhibition_place(const struct alert *a, struct alert_item *item)
{
	const struct alert_routing *r = a->cfg.routing;

	item->source_of = item->target_of = 0;
	if (r && r->n_rules)
		r->inhibits(r->ctx, &item->labels, &item->source_of, &item->target_of);
}

static void begin(struct alert_group *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		g->items[i]->was_inhibited = g->items[i]->is_inhibited;
		g->items[i]->is_inhibited = false;
	}
}

static bool is_otherwise(struct alert_group *g)
{
	bool is_news = false;

	g->n_inhibited = 0;
	for (uint32_t i = 0; i < g->n; i++) {
		const struct alert_item *item = g->items[i];

		is_news |= item->is_inhibited != item->was_inhibited;
		g->n_inhibited += item->is_inhibited;
	}
	return is_news;
}

void inhibition_step(struct alert *a)
{
	map_each (&a->groups, it)
		begin(it->value);
	for (uint32_t rule = 0; a->cfg.routing && rule < a->cfg.routing->n_rules; rule++)
		apply(a, rule);
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		if (is_otherwise(g))
			g->is_untold = true;
	}
}
