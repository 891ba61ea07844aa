/* SPDX-License-Identifier: Apache-2.0 */
/* How: see check_private.h for which file does what. */
#include "core/check/check_private.h"

#include "base/map.h"

/* ---- effects */

void check_say(struct checks *c, enum check_effect_kind kind, uint16_t check)
{
	*(struct check_effect *)ring_push(&c->effects) = (struct check_effect){ kind, check };
}

bool checks_next(struct checks *c, struct check_effect *ret)
{
	return ring_pop(&c->effects, ret);
}

/* ---- vantages */

static void init_vantages(struct check *k, uint8_t from)
{
	for (uint8_t site = 0; site < SITES_MAX; site++)
		k->vantage_of[site] = from & (1u << site) ? ++k->n_vantages : 0;
	k->vantages = must_alloc((k->n_vantages + 1u) * sizeof *k->vantages);
	for (uint32_t i = 0; i < k->n_vantages; i++)
		k->vantages[i].took_us = -1;
}

static void free_vantages(struct check *k)
{
	for (uint32_t i = 0; i < k->n_vantages; i++)
		free(k->vantages[i].reason);
	free(k->vantages);
}

void check_forget_digest(struct checks *c, uint8_t site)
{
	c->digest_valid &= (uint8_t) ~(1u << site);
}

/* ---- life */

struct checks *checks_new(uint8_t self, uint64_t seed)
{
	struct checks *c = must_alloc(sizeof *c);

	c->self = self;
	rng_seed(&c->rng, seed);
	c->effects = RING_OF(struct check_effect);
	return c;
}

static void drop_items(struct checks *c)
{
	for (uint16_t i = 0; i < c->n; i++)
		free_vantages(&c->items[i]);
	free(c->items);
	heap_fini(&c->probe_heap);
	heap_fini(&c->judge_heap);
	c->items = NULL;
	c->n = 0;
}

void checks_free(struct checks *c)
{
	if (!c)
		return;
	drop_items(c);
	ring_fini(&c->effects);
	free(c);
}

/* ---- loading */

static void init_check(struct checks *c, struct check *k, const struct check_spec *spec,
	struct now now)
{
	k->spec = spec;
	init_vantages(k, spec->from);
	k->speaker = CHECK_NOBODY;
	k->since = k->declared = now.wall;
	k->declared_mono = now.mono;
	k->heard.ms = INT64_MIN;
	k->started.ms = NEVER_MS;
	k->is_second = true;
	if (spec->source == SOURCE_PROBE && check_is_ours(c, k)) {
		int64_t span = spec->every_ms < CHECK_FIRST_MS ? spec->every_ms : CHECK_FIRST_MS;

		k->probe_timer.key = now.mono.ms + (int64_t)rng_below(&c->rng, (uint64_t)span);
	}
}

/* What is known of a check under the same name moves over; vantages by site. */
static void inherit(struct check *k, struct check *old)
{
	k->paused_until = old->paused_until;
	if (old->spec->source != k->spec->source) {
		k->state = k->paused_until.ms ? CHECK_PAUSED : CHECK_PENDING;
		return; /* another thing under the same name */
	}
	for (uint8_t site = 0; site < SITES_MAX; site++) {
		struct vantage *from = check_vantage(old, site), *to = check_vantage(k, site);

		if (!from || !to)
			continue;
		*to = *from;
		from->reason = NULL;
	}
	k->state = old->state;
	k->scope = old->scope;
	k->since = old->since;
	k->run_started = old->run_started;
	k->run_began = old->run_began;
	k->speaker = old->speaker;
	k->is_home_lost = old->is_home_lost;
	k->said_reason = old->said_reason;
	k->declared = old->declared;
	k->declared_mono = old->declared_mono;
	k->heard = old->heard;
	k->is_observed = old->is_observed;
	if (old->spec->every_ms == k->spec->every_ms && heap_has(&old->probe_timer)) {
		k->probe_timer.key = old->probe_timer.key;
		k->is_second = old->is_second;
	}
}

void checks_load(struct checks *c, struct now now, const struct check_spec *specs, uint16_t n)
{
	struct check *items = must_alloc((n + 1u) * sizeof *items);
	scoped(map_fini) struct map old = MAP_EMPTY;

	for (uint16_t i = 0; i < c->n; i++)
		map_put(&old, c->items[i].spec->name, &c->items[i]);
	for (uint16_t i = 0; i < n; i++) {
		struct check *known = map_get(&old, specs[i].name);

		init_check(c, &items[i], &specs[i], now);
		if (known)
			inherit(&items[i], known);
	}
	drop_items(c);
	c->items = items;
	c->n = n;
	c->digest_valid = 0;
	ring_clear(&c->effects); /* names other indices now; what changed is judged again below */
	c->wall_minus_mono_ms = now.wall.ms - now.mono.ms;
	for (uint16_t i = 0; i < n; i++) {
		struct check *k = &items[i];

		k->probe_timer.tie = k->judge_timer.tie = i;
		if (k->spec->source == SOURCE_PROBE && check_is_ours(c, k))
			heap_set(&c->probe_heap, &k->probe_timer, k->probe_timer.key);
		check_judge(c, i, now);
	}
}
