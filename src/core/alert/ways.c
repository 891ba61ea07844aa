/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/ways.h"

#include "core/alert/inhibition.h"

#include <stdio.h>

#define GROUPS_APART_MAX (ALERT_GROUPS_MAX - 128)
#define IDENT_TEXT       17
#define NOBODY           "-" /* as incident.to */

/* ---- groups */

static const char *ident_text(uint64_t ident, char ret[IDENT_TEXT])
{
	snprintf(ret, IDENT_TEXT, "%016llx", (unsigned long long)ident);
	return ret;
}

static const char *self_name(const struct alert *a)
{
	return a->cfg.sites[a->cfg.self].name;
}

static struct labels labels_apart(const struct alert *a, const struct alert_way *way,
	const struct labels *labels, struct label v[ALERT_LABELS_MAX])
{
	const struct alert_routing *r = a->cfg.routing;
	struct labels apart = { v, 0 };

	for (uint32_t i = 0; i < labels->n && i < ALERT_LABELS_MAX; i++)
		if (r->groups_by(r->ctx, way, labels->v[i].name))
			v[apart.n++] = labels->v[i];
	return apart;
}

static uint64_t ident_of(const struct alert_way *way, const struct labels *apart)
{
	return (way->id ^ alert_fingerprint(apart)) * UINT64_C(0x9e3779b97f4a7c15) + apart->n;
}

static struct alert_group *find(const struct alert *a, uint64_t ident)
{
	char text[IDENT_TEXT];

	return map_get(&a->idents, ident_text(ident, text));
}

void ways_forget(struct alert *a, const struct alert_group *g)
{
	char text[IDENT_TEXT];

	if (map_get(&a->idents, ident_text(g->ident, text)) == g)
		map_remove(&a->idents, text);
}

static void identify(struct alert *a, struct alert_group *g, uint64_t ident)
{
	char text[IDENT_TEXT];

	ways_forget(a, g);
	g->ident = ident;
	if (!map_has(&a->idents, ident_text(ident, text)))
		map_put(&a->idents, text, g);
}

struct alert_group *ways_make(struct alert *a, const char *key, const char *alertname)
{
	struct alert_group *g;

	if (map_count(&a->groups) >= ALERT_GROUPS_MAX)
		return NULL;
	g = alert_group_new(key, alertname);
	g->site = a->cfg.self;
	g->emptied.ms = NEVER_MS;
	map_put(&a->groups, key, g);
	return g;
}

static struct alert_group *group_of_name(struct alert *a, const struct labels *labels,
	bool may_make)
{
	scoped(str_fini) struct str key = STR_EMPTY;
	struct alert_group *g;

	alert_group_key(labels, self_name(a), &key);
	g = map_get(&a->groups, str_c(&key));
	return g || !may_make ? g : ways_make(a, str_c(&key), alert_name(labels));
}

/* Two groups may look the same: they differ in their routes. */
static struct alert_group *make_apart(struct alert *a, const struct labels *apart, uint64_t ident)
{
	struct alert_group *g = NULL;

	for (unsigned nth = 1; !g && nth <= ALERT_GROUPS_MAX; nth++) {
		scoped(str_fini) struct str key = STR_EMPTY;
		struct alert_group *taken;

		alert_group_key_of(apart, self_name(a), nth, &key);
		taken = map_get(&a->groups, str_c(&key));
		if (!taken)
			g = ways_make(a, str_c(&key), labels_get(apart, "alertname"));
		if (!taken && !g)
			return NULL; /* full */
		if (taken && !taken->n && !taken->more)
			g = taken;
	}
	if (g)
		identify(a, g, ident);
	return g;
}

struct alert_group *ways_group(struct alert *a, const struct labels *labels, bool may_make)
{
	const struct alert_routing *r = a->cfg.routing;
	struct label v[ALERT_LABELS_MAX];
	const struct labels none = { v, 0 };
	struct labels apart;
	struct alert_way way;
	struct alert_group *g;

	if (!r)
		return group_of_name(a, labels, may_make);
	r->route(r->ctx, labels, &way);
	apart = labels_apart(a, &way, labels, v);
	g = find(a, ident_of(&way, &apart));
	if (!g)
		g = find(a, ident_of(&way, &none));
	if (g || !may_make)
		return g;
	if (map_count(&a->groups) >= GROUPS_APART_MAX)
		apart.n = 0;
	return make_apart(a, &apart, ident_of(&way, &apart));
}

void ways_place(struct alert *a, struct alert_group *g)
{
	const struct alert_routing *r = a->cfg.routing;
	struct label v[ALERT_LABELS_MAX];
	struct labels apart;

	g->is_routed = r && g->n;
	if (!g->is_routed)
		return;
	r->route(r->ctx, &g->items[0]->labels, &g->way);
	g->open_minute = -1;
	if (g->site != a->cfg.self || find(a, g->ident) == g)
		return;
	apart = labels_apart(a, &g->way, &g->items[0]->labels, v);
	identify(a, g, ident_of(&g->way, &apart));
}

static void move(struct alert *a, struct alert_group *from, struct alert_item *item)
{
	struct alert_group *to = ways_group(a, &item->labels, true);
	uint32_t kept = 0;

	if (!to || to == from)
		return;
	if (alert_group_find(to, &item->labels)) { /* posted anew before our history came */
		item->ended = item->starts;
		from->is_changed = from->is_untold = true;
		return;
	}
	for (uint32_t i = 0; i < from->n; i++)
		if (from->items[i] != item)
			from->items[kept++] = from->items[i];
	from->n = kept;
	alert_group_forget(from, item);
	item->is_listed = false;
	alert_group_add(to, item);
	to->emptied.ms = NEVER_MS;
	from->is_changed = to->is_changed = from->is_untold = to->is_untold = true;
	if (to->n == 1)
		ways_place(a, to);
}

static void regroup(struct alert *a, struct alert_group *g)
{
	struct alert_item **items = must_alloc((g->n + 1) * sizeof(struct alert_item *));
	uint32_t n = g->n;

	if (n)
		memcpy(items, g->items, n * sizeof(struct alert_item *));
	for (uint32_t i = 0; i < n; i++)
		if (ways_group(a, &items[i]->labels, false) != g)
			move(a, g, items[i]);
	free(items);
}

void ways_load(struct alert *a)
{
	struct alert_group **groups =
		must_alloc((map_count(&a->groups) + 1) * sizeof(struct alert_group *));
	uint32_t n = 0;

	map_fini(&a->idents);
	a->idents = MAP_EMPTY;
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++)
			inhibition_place(a, g->items[i]);
		ways_place(a, g);
		if (g->site == a->cfg.self)
			groups[n++] = g;
	}
	for (uint32_t i = 0; i < n; i++)
		regroup(a, groups[i]);
	free(groups);
	a->is_ways_due = false;
	a->is_alerts_due = a->is_inhibition_due = a->is_dirty = true;
}

/* ---- incidents */

/* Its cause is a group, or one alert of a group that another site's incident left out. */
struct alert_group *ways_group_of(const struct alert *a, const struct incident *in)
{
	const char *prefix = "alert:", *name = in->cause ? in->cause : "";
	uint16_t check = alert_check_index(a, name);
	struct alert_group *g = NULL;

	if (check != UINT16_MAX && !alert_is_declared(a, check) && !str_starts(name, prefix))
		check = a->cfg.checks[check].n_needs ? a->cfg.checks[check].needs[0] : UINT16_MAX;
	if (check < a->n_judged)
		name = a->cfg.checks[check].name;
	if (str_starts(name, prefix))
		g = map_get(&a->groups, name + strlen(prefix));
	return g && g->is_routed ? g : NULL;
}

static bool is_open(const struct alert *a, struct now now, struct alert_group *g, uint8_t channel)
{
	const struct alert_routing *r = a->cfg.routing;
	int64_t minute = now.wall.ms / MINUTE_MS;

	if (g->open_minute != minute && g->n) {
		g->open_channels = r->open(r->ctx, &g->items[0]->labels, now.wall);
		g->open_minute = minute;
	}
	return g->open_channels & 1u << channel;
}

/* As Alertmanager: from when the group came up, unless that has been going on for longer.  A
 * clock that was set back doesn't count. */
static struct wall first_due(const struct incident *in, int64_t wait_ms)
{
	bool is_old = in->since.ms + wait_ms <= in->opened.ms;

	return (struct wall){ in->opened.ms + (is_old ? 0 : wait_ms) };
}

static bool is_before(struct now now, const struct incident *in, struct wall due)
{
	return now.wall.ms < due.ms && now.wall.ms >= in->opened.ms;
}

/* It ended before it was due, or where it is muted: nobody hears of it there. */
static bool is_spared(const struct alert *a, struct now now, struct alert_group *g,
	const struct incident *in, uint8_t channel)
{
	return in->state != INCIDENT_OPEN && !in->told[channel].version &&
	       (!ways_lead_to(a, in, channel) || !is_open(a, now, g, channel) ||
		       is_before(now, in, first_due(in, g->way.wait_ms[channel])));
}

void ways_address(struct alert *a, struct now now, struct tracked *t)
{
	scoped(str_fini) struct str to = STR_EMPTY;
	struct alert_group *g = ways_group_of(a, t->in);

	if (t->in->to && !alerts_is_name(t->in->cause)) /* another cause was found */
		incident_set(t->in, &t->in->to, NULL);
	if (!g)
		return;
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (g->way.channels & 1u << i && !is_spared(a, now, g, t->in, i))
			str_addf(&to, "%s%s", to.len ? "," : "", a->cfg.channels[i].name);
	if (!to.len)
		str_add(&to, NOBODY);
	if (!t->in->to || !str_eq(t->in->to, str_c(&to)))
		incident_set(t->in, &t->in->to, str_c(&to));
}

bool ways_lead_to(const struct alert *a, const struct incident *in, uint8_t channel)
{
	const char *name = a->cfg.channels[channel].name, *p = in->to;
	size_t n = strlen(name);

	if (!p)
		return !a->cfg.channels[channel].is_receiver;
	for (; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && memcmp(p, name, n) == 0)
			return true;
	return false;
}

bool ways_lead_nowhere(const struct incident *in)
{
	return in->to && str_eq(in->to, NOBODY);
}

static void wake_at(struct alert *a, struct now now, struct wall at)
{
	alert_wake_at(a, (struct mono){ now.mono.ms + (at.ms - now.wall.ms) });
}

bool ways_is_due(struct alert *a, struct now now, const struct incident *in, uint8_t channel)
{
	struct alert_group *g = ways_group_of(a, in);
	struct wall due;

	if (!g || !incident_is_live(in))
		return true;
	due = first_due(in, g->way.wait_ms[channel]);
	if (is_before(now, in, due)) {
		wake_at(a, now, due);
		return false;
	}
	if (is_open(a, now, g, channel))
		return true;
	wake_at(a, now, (struct wall){ (now.wall.ms / MINUTE_MS + 1) * MINUTE_MS });
	return false;
}

struct mono ways_next(const struct alert *a, struct now now, const struct incident *in,
	uint8_t channel)
{
	const struct alert_group *g = ways_group_of(a, in);
	struct wall told = in->told[channel].at;

	if (!g || in->state != INCIDENT_OPEN || a->cfg.channels[channel].kind == ALERT_DISCORD ||
		told.ms > now.wall.ms)
		return (struct mono){ INT64_MIN };
	return (struct mono){ now.mono.ms + (told.ms - now.wall.ms) + g->way.interval_ms[channel] };
}

bool ways_is_repeated(struct alert *a, struct now now, const struct incident *in, uint8_t channel)
{
	struct alert_group *g = ways_group_of(a, in);
	const struct incident_told *told = &in->told[channel];
	int64_t wait_ms;

	if (!g || in->state != INCIDENT_OPEN || a->cfg.channels[channel].kind == ALERT_DISCORD ||
		told->version != in->version || !ways_lead_to(a, in, channel))
		return false;
	wait_ms = g->way.repeat_ms[channel] > g->way.interval_ms[channel]
			  ? g->way.repeat_ms[channel]
			  : g->way.interval_ms[channel];
	if (now.wall.ms - told->at.ms >= wait_ms || now.wall.ms < told->at.ms)
		return is_open(a, now, g, channel) && !alert_is_silenced(a, now.wall, in);
	wake_at(a, now, (struct wall){ told->at.ms + wait_ms });
	return false;
}
