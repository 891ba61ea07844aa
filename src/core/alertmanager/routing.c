/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alertmanager/routing.h"

#include "base/golang.h"

#define DAYS_OF_FEBRUARY(year) \
	((year) % 4 == 0 && ((year) % 100 != 0 || (year) % 400 == 0) ? 29 : 28)

struct matched {
	const struct alert_route **v;
	uint32_t n, most;
};

static void add(struct matched *m, const struct alert_route *r)
{
	if (m->n < m->most)
		m->v[m->n] = r;
	m->n++;
}

/* Routes are nested no deeper than YAML is. */
static bool match(const struct alert_route *r, const struct labels *alert, struct matched *m)
{
	uint32_t before = m->n;

	if (!matcher_list_match(&r->matchers, alert))
		return false;
	for (uint32_t i = 0; i < r->n_routes; i++)
		if (match(&r->routes[i], alert, m) && !r->routes[i].goes_on)
			break;
	if (m->n == before)
		add(m, r);
	return true;
}

uint32_t route_match(const struct alert_route *root, const struct labels *alert,
	const struct alert_route **ret, uint32_t most)
{
	struct matched m = { ret, 0, most };

	match(root, alert, &m);
	return m.n;
}

void route_key(const struct alert_route *r, struct str *out)
{
	if (r->parent) {
		route_key(r->parent, out);
		str_addc(out, '/');
	}
	matcher_list_text(&r->matchers, out);
}

bool route_groups_by(const struct alert_route *r, const char *name)
{
	for (uint32_t i = 0; i < r->group_by.n; i++)
		if (str_eq(r->group_by.v[i], name))
			return true;
	return r->is_by_all;
}

bool route_group_labels(const struct alert_route *r, const struct labels *alert, struct arena *a,
	struct labels *ret)
{
	struct label *v = arena_alloc(a, (alert->n + 1) * sizeof *v);
	uint32_t n = 0;

	for (uint32_t i = 0; v && i < alert->n; i++)
		if (route_groups_by(r, alert->v[i].name))
			v[n++] = alert->v[i];
	*ret = (struct labels){ v, n };
	return v != NULL;
}

void route_group_key(const struct alert_route *r, const struct labels *group, struct str *out)
{
	route_key(r, out);
	str_add(out, ":{");
	for (uint32_t i = 0; i < group->n; i++) {
		str_addf(out, "%s%s=", i > 0 ? ", " : "", group->v[i].name);
		go_quote(out, group->v[i].value, group->v[i].value_len, GO_QUOTE);
	}
	str_addc(out, '}');
}

/* Times */

static bool holds(const struct interval_ranges *r, int value)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (value >= r->v[i].first && value <= r->v[i].last)
			return true;
	return !r->is_said;
}

static int days_of(const struct civil *c)
{
	static const int days[] = { 31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return c->month == 2 ? DAYS_OF_FEBRUARY(c->year) : days[c->month - 1];
}

static int from_end(int day, int days)
{
	return day < 0 ? days + day + 1 : day;
}

static bool holds_day(const struct interval_ranges *r, const struct civil *c)
{
	int days = days_of(c);

	for (uint32_t i = 0; i < r->n; i++) {
		int first = from_end(r->v[i].first, days), last = from_end(r->v[i].last, days);

		if (first <= days && c->day >= first && c->day <= last)
			return true;
	}
	return !r->is_said;
}

bool time_interval_contains(const struct time_interval *t, struct wall at)
{
	struct civil c = tz_at(t->zone, at).civil;

	return holds(&t->times, c.hour * 60 + c.minute) && holds_day(&t->days, &c) &&
	       holds(&t->months, c.month) && holds(&t->weekdays, c.weekday) &&
	       holds(&t->years, c.year);
}

static bool is_within(const struct time_intervals *of, struct wall at)
{
	for (uint32_t i = 0; i < of->n; i++)
		if (time_interval_contains(&of->v[i], at))
			return true;
	return false;
}

const char *route_muted_by(const struct alert_route *r, struct wall at)
{
	for (uint32_t i = 0; i < r->n_mute; i++)
		if (is_within(r->mute[i], at))
			return r->mute[i]->name;
	for (uint32_t i = 0; i < r->n_active; i++)
		if (is_within(r->active[i], at))
			return NULL;
	return r->n_active > 0 ? r->active[0]->name : NULL;
}

/* Inhibition */

bool inhibit_rule_is_equal(const struct inhibit_rule *rule, const struct labels *a,
	const struct labels *b)
{
	for (uint32_t i = 0; i < rule->equal.n; i++)
		if (!str_eq(labels_get(a, rule->equal.v[i]), labels_get(b, rule->equal.v[i])))
			return false;
	return true;
}

/* What is on both sides of a rule isn't inhibited by its like. */
static bool inhibits(const struct inhibit_rule *rule, const struct labels *source,
	const struct labels *target)
{
	if (!matcher_list_match(&rule->targets, target) ||
		!matcher_list_match(&rule->sources, source) ||
		!inhibit_rule_is_equal(rule, source, target))
		return false;
	return !matcher_list_match(&rule->sources, target) ||
	       !matcher_list_match(&rule->targets, source);
}

const struct inhibiting *alertmanager_inhibited(const struct alertmanager *am,
	const struct labels *target, const struct inhibiting *sources, uint32_t n)
{
	for (uint32_t i = 0; i < am->n_inhibit_rules; i++)
		for (uint32_t k = 0; k < n; k++)
			if (inhibits(&am->inhibit_rules[i], sources[k].labels, target))
				return &sources[k];
	return NULL;
}
