/* SPDX-License-Identifier: Apache-2.0 */
#include "node/alert_routes.h"

#define MOSTLY 16 /* routes that one alert matches */

const struct alert_route **alert_routes_match(const struct alertmanager *am,
	const struct labels *alert, uint32_t *ret_n)
{
	const struct alert_route **v = must_alloc(MOSTLY * sizeof *v);
	uint32_t n = route_match(am->root, alert, v, MOSTLY);

	if (n > MOSTLY) {
		v = must_realloc(v, n * sizeof *v);
		n = route_match(am->root, alert, v, n);
	}
	*ret_n = n;
	return v;
}

static void shorten(int64_t *ms, int64_t to, bool is_first)
{
	if (is_first || to < *ms)
		*ms = to;
}

/* Where several routes lead to a channel, the most urgent of them decides. */
static void add_route(const struct alert_routes *r, const struct alert_route *route,
	struct alert_way *to)
{
	for (uint32_t i = 0; i < CHANNELS_MAX; i++) {
		bool is_first = !(to->channels & 1u << i);

		if (!(r->channels[route->number] & 1u << i))
			continue;
		shorten(&to->wait_ms[i], route->group_wait_ms, is_first);
		shorten(&to->interval_ms[i], route->group_interval_ms, is_first);
		shorten(&to->repeat_ms[i], route->repeat_interval_ms, is_first);
	}
	to->channels |= r->channels[route->number];
	to->id = (to->id ^ (route->number + 1)) * UINT64_C(0x100000001b3);
}

static void route_alert(void *ctx, const struct labels *alert, struct alert_way *ret)
{
	const struct alert_routes *r = ctx;
	uint32_t n;
	const struct alert_route **v = alert_routes_match(r->am, alert, &n);

	*ret = (struct alert_way){ .id = UINT64_C(0xcbf29ce484222325), .first = v[0]->number };
	for (uint32_t i = 0; i < n; i++)
		add_route(r, v[i], ret);
	free(v);
}

static bool groups_by(void *ctx, const struct alert_way *way, const char *label)
{
	const struct alert_routes *r = ctx;

	return route_groups_by(r->routes[way->first], label);
}

static bool address_of(void *ctx, const struct labels *alert, uint8_t channel, struct arena *a,
	struct alert_address *ret)
{
	const struct alert_routes *r = ctx;
	const struct alert_route *route = NULL;
	uint32_t n;
	const struct alert_route **v = alert_routes_match(r->am, alert, &n);

	for (uint32_t i = 0; i < n && !route; i++)
		if (r->channels[v[i]->number] & 1u << channel)
			route = v[i];
	free(v);
	if (!route || !route_group_labels(route, alert, a, &ret->group))
		return false;
	ret->receiver = route->receiver;
	route_group_key(route, &ret->group, &ret->key);
	return true;
}

static uint8_t open_channels(void *ctx, const struct labels *alert, struct wall at)
{
	const struct alert_routes *r = ctx;
	uint8_t channels = 0;
	uint32_t n;
	const struct alert_route **v = alert_routes_match(r->am, alert, &n);

	for (uint32_t i = 0; i < n; i++)
		if (!route_muted_by(v[i], at))
			channels |= r->channels[v[i]->number];
	free(v);
	return channels;
}

static void inhibits(void *ctx, const struct labels *alert, uint64_t *ret_as_source,
	uint64_t *ret_as_target)
{
	const struct alert_routes *r = ctx;

	*ret_as_source = *ret_as_target = 0;
	for (uint32_t i = 0; i < r->am->n_inhibit_rules; i++) {
		const struct inhibit_rule *rule = &r->am->inhibit_rules[i];

		if (matcher_list_match(&rule->sources, alert))
			*ret_as_source |= UINT64_C(1) << i;
		if (matcher_list_match(&rule->targets, alert))
			*ret_as_target |= UINT64_C(1) << i;
	}
}

static uint64_t equal_hash(void *ctx, uint32_t rule, const struct labels *alert)
{
	const struct alert_routes *r = ctx;
	const struct doc_texts *equal = &r->am->inhibit_rules[rule].equal;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < equal->n; i++) {
		for (const char *p = labels_get(alert, equal->v[i]); *p; p++)
			h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
		h = (h ^ 0xff) * UINT64_C(0x100000001b3);
	}
	return h ^ h >> 32;
}

static bool is_equal(void *ctx, uint32_t rule, const struct labels *a, const struct labels *b)
{
	const struct alert_routes *r = ctx;

	return inhibit_rule_is_equal(&r->am->inhibit_rules[rule], a, b);
}

static uint8_t channels_of(const struct alertmanager *am, const char *receiver)
{
	for (uint32_t i = 0; i < am->n_receivers; i++)
		if (str_eq(am->receivers[i].name, receiver))
			return (uint8_t)am->receivers[i].channels;
	return 0;
}

static void add_routes(struct alert_routes *r, const struct alert_route *route)
{
	r->routes[route->number] = route;
	r->channels[route->number] = channels_of(r->am, route->receiver);
	for (uint32_t i = 0; i < route->n_routes; i++)
		add_routes(r, &route->routes[i]);
}

struct alert_routes *alert_routes_new(const struct alertmanager *am)
{
	struct alert_routes *r;

	if (!am)
		return NULL;
	r = must_alloc(sizeof *r);
	r->am = am;
	r->routes = must_alloc(am->n_routes * sizeof *r->routes);
	r->channels = must_alloc(am->n_routes);
	add_routes(r, am->root);
	r->routing = (struct alert_routing){ .ctx = r,
		.route = route_alert,
		.groups_by = groups_by,
		.open = open_channels,
		.address = address_of,
		.resolve_ms = am->resolve_timeout_ms,
		.n_rules = am->n_inhibit_rules,
		.inhibits = inhibits,
		.equal_hash = equal_hash,
		.is_equal = is_equal };
	return r;
}

void alert_routes_free(struct alert_routes *r)
{
	if (!r)
		return;
	free(r->routes);
	free(r->channels);
	free(r);
}
