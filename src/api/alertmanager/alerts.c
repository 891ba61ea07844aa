/* SPDX-License-Identifier: Apache-2.0 */
/* alerts: what fires, and how it is told. */
#include "api/alertmanager/listing.h"
#include "api/alertmanager/posted.h"
#include "base/labels_json.h"

#define POST_BYTES_MAX (4u * ALERTS_POST_BYTES_MAX)

/* ---- posting */

enum rc v2_alerts_post(struct call *c, struct answer *out, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(arena_fini) struct arena arena;
	struct posted_alert *alerts;
	uint32_t n;
	enum rc rc;

	arena_init(&arena, POST_BYTES_MAX);
	rc = posted_alerts_read(&flat, c->ask->body, c->ask->body_bytes, &arena, &alerts, &n, e);
	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	rc = site_alerts(c->api->setup.site, c->now, alerts, n, e);
	c->api->setup.after_input(c->api->setup.ctx);
	return rc == RC_OK ? RC_OK : v2_refuse(out, rc, e);
}

/* ---- listing */

enum rc v2_alerts_list(struct call *c, struct answer *out, struct err *e)
{
	scoped(listing_fini) struct listing l = { 0 };
	enum rc rc = listing_make(c, &l, e);

	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	json_array_open(&out->json, NULL);
	for (uint32_t i = 0; i < l.n; i++)
		listing_write(&out->json, &l, &l.v[i], NULL);
	json_close(&out->json);
	return RC_OK;
}

/* ---- groups: of each route; without a configuration as incidents gather them, once for each channel */

struct member { /* an alert by one of its routes */
	const struct listed *it;
	const struct alert_route *route;
	const char *receiver;
	struct labels group;
};

struct groups {
	const struct listing *l;
	struct arena *arena;
	struct member *v;
	uint32_t n, cap;
};

static void add_member(struct groups *g, const struct listed *it, const struct alert_route *route,
	const char *receiver)
{
	const char *alertname = "alertname";
	const struct alert_route by_name = { .group_by = { &alertname, 1 } };
	struct member m = { it, route, receiver, { 0 } };

	if (!listing_wants_receiver(g->l, receiver))
		return;
	if (route && !g->l->muted && route_muted_by(route, g->l->c->now.wall))
		return;
	if (!route_group_labels(route ? route : &by_name, &it->view.labels, g->arena, &m.group))
		return; /* so many that the answer wouldn't be read */
	must_grow(g->v, g->n, g->cap);
	g->v[g->n++] = m;
}

static void add_members(struct groups *g, const struct listed *it)
{
	const struct lab_notify *notify = &site_lab(g->l->c->api->setup.site)->notify;

	for (uint32_t i = 0; i < it->n_routes; i++)
		add_member(g, it, it->routes[i], it->routes[i]->receiver);
	for (uint16_t i = 0; !g->l->am && i < notify->n_channels; i++)
		add_member(g, it, NULL, notify->channels[i].name);
}

static int compare_groups(const struct member *x, const struct member *y)
{
	int order = labels_compare(&x->group, &y->group);

	if (order == 0)
		order = strcmp(x->receiver, y->receiver);
	if (order == 0 && x->route != y->route)
		order = x->route->number < y->route->number ? -1 : 1;
	return order;
}

static int by_group(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = compare_groups(x, y);

	return order ? order : (x->it > y->it) - (x->it < y->it);
}

/* Where the next group begins. */
static uint32_t write_group(struct json_out *w, const struct groups *g, uint32_t at)
{
	const struct member *first = &g->v[at];
	const char *muted_by =
		first->route ? route_muted_by(first->route, g->l->c->now.wall) : NULL;

	json_object_open(w, NULL);
	json_array_open(w, "alerts");
	for (; at < g->n && compare_groups(first, &g->v[at]) == 0; at++)
		listing_write(w, g->l, g->v[at].it, muted_by);
	json_close(w);
	json_labels(w, "labels", &first->group);
	json_object_open(w, "receiver");
	json_text(w, "name", first->receiver);
	json_close(w);
	json_close(w);
	return at;
}

enum rc v2_groups_list(struct call *c, struct answer *out, struct err *e)
{
	scoped(listing_fini) struct listing l = { 0 };
	struct groups g = { .l = &l, .arena = &c->arena };
	enum rc rc = listing_make(c, &l, e);

	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	for (uint32_t i = 0; i < l.n; i++)
		add_members(&g, &l.v[i]);
	if (g.n)
		qsort(g.v, g.n, sizeof *g.v, by_group);
	json_array_open(&out->json, NULL);
	for (uint32_t at = 0; at < g.n;)
		at = write_group(&out->json, &g, at);
	json_close(&out->json);
	free(g.v);
	return RC_OK;
}
