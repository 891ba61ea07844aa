/* SPDX-License-Identifier: Apache-2.0 */
/* alerts: rules that find something, and who evaluates them and posts that to a site. */
#include "sim/rulers.h"

#define RESEND_MS   MINUTE_MS
#define RESOLVED_MS (15 * MINUTE_MS) /* that it is over is posted so long */
#define TURN_MS     (4 * MINUTE_MS)  /* between two that begin; at most twice that */
#define LONGEST_MS  (40 * MINUTE_MS)

#define POSTED 6 /* the first of them */

/* Two of a name at each site, and one of another, which somebody posts; and the site's own of a rule
 * that is blind (rulers.c). */
static const struct {
	uint8_t site;
	const char *name, *instance;
} rules[SIM_ALERTS] = { { 0, "Full", "a" }, { 0, "Full", "b" }, { 0, "Hot", "a" },
	{ 1, "Full", "a" }, { 1, "Full", "b" }, { 1, "Hot", "a" }, { 0, "RuleSeesNothing", NULL },
	{ 1, "RuleSeesNothing", NULL } };

/* ---- their places among the checks */

static void name_group(const struct world *w, uint8_t alert, char ret[NAME_BYTES_MAX + 1])
{
	snprintf(ret, NAME_BYTES_MAX + 1, "alert:%s@%s", rules[alert].name,
		w->lab->sites[rules[alert].site].name);
}

uint16_t alerts_group(const struct world *w, uint8_t alert)
{
	uint8_t first = 0;

	while (rules[first].site != rules[alert].site ||
		!str_eq(rules[first].name, rules[alert].name))
		first++;
	return (uint16_t)(w->lab->n_checks + SIM_ALERTS + first);
}

uint16_t alerts_check(const struct world *w, uint8_t alert)
{
	return (uint16_t)(w->lab->n_checks + alert);
}

uint8_t alerts_site(uint8_t alert)
{
	return rules[alert].site;
}

int64_t alerts_grace_ms(uint8_t alert)
{
	return alert < POSTED ? 0 : RULER_BLIND_MS + 2 * MINUTE_MS;
}

static void name_check(const struct world *w, uint8_t alert, struct str *out)
{
	if (alert < POSTED)
		str_addf(out, "%s{instance=%s}", rules[alert].name, rules[alert].instance);
	else
		str_addf(out, "%s{rule=total, rule_file=r.yml, rule_group=g}", rules[alert].name);
	str_addf(out, "@%s", w->lab->sites[rules[alert].site].name);
}

uint16_t alerts_subject(const struct world *w, const char *name)
{
	uint16_t check = lab_check_index(w->lab, name);
	char group[NAME_BYTES_MAX + 1];

	for (uint8_t i = 0; check == NO_CHECK && i < SIM_ALERTS; i++) {
		scoped(str_fini) struct str text = STR_EMPTY;

		name_group(w, i, group);
		if (str_eq(name, group))
			return alerts_group(w, i);
		name_check(w, i, &text);
		if (str_eq(name, str_c(&text)))
			return alerts_check(w, i);
	}
	return check;
}

/* ---- posting */

static bool is_posted(const struct world *w, uint8_t alert)
{
	const struct sim_alert *a = &w->alerts[alert];

	return a->fires ||
	       (a->changed_ms && !a->is_forgotten && w->now_ms - a->changed_ms < RESOLVED_MS);
}

static void post(struct world *w, uint8_t alert)
{
	uint8_t site = rules[alert].site;
	const struct sim_alert *a = &w->alerts[alert];
	struct now now = world_now(w, site);
	char text[64];
	struct label labels[] = { { "alertname", rules[alert].name, 9, 0 },
		{ "instance", rules[alert].instance, 8, 1 } };
	struct label summary = { "summary", text, 7, 0 };
	struct posted_alert posted = { .labels = { labels, COUNT(labels) },
		.annotations = { &summary, 1 },
		.starts = { now.wall.ms - (w->now_ms - a->changed_ms) },
		.ends = { a->fires ? now.wall.ms + 4 * RESEND_MS : now.wall.ms - 1 } };

	/* What counts on is no news. */
	snprintf(text, sizeof text, "%s has %lld left", rules[alert].instance,
		(long long)(w->now_ms / RESEND_MS));
	labels[0].value_len = (uint32_t)strlen(rules[alert].name);
	summary.value_len = (uint32_t)strlen(text);
	if (!a->fires)
		posted.starts = posted.ends;
	if (site_alerts(w->sites[site].site, now, &posted, 1, NULL) != RC_OK)
		world_breach(w, "site%u refuses an alert", site);
	world_drain(w, site);
}

/* Now and then the same twice: who posts gets no answer, and tries again. */
static void post_all(struct world *w, uint8_t site)
{
	for (uint8_t i = 0; i < POSTED; i++) {
		uint32_t times = rng_chance(&w->alerts_rng, 1, 6) ? 2 : 1;

		for (uint32_t k = 0; k < times && rules[i].site == site; k++)
			if (w->sites[site].site && is_posted(w, i))
				post(w, i);
	}
}

static void post_again(struct world *w, void *arg)
{
	uint8_t site = (uint8_t)(uintptr_t)arg;

	world_later(w, RESEND_MS, post_again, arg, NULL);
	post_all(w, site);
}

/* ---- what the rules find */

/* The rest of the world stands as still as before, and what is expected of it is expected all the same. */
static void set(struct world *w, uint8_t alert, bool fires)
{
	struct sim_alert *a = &w->alerts[alert];

	if (a->fires == fires)
		return;
	oracle_alerts_turn(w);
	a->fires = fires;
	a->changed_ms = w->now_ms;
	a->is_forgotten = !fires && alert < POSTED && rng_chance(&w->alerts_rng, 1, 5);
	world_trace(w, "alert %u %s", alert, fires ? "fires" : "is over");
	if (alert >= POSTED)
		rulers_set(w, rules[alert].site, fires);
	else if (w->sites[rules[alert].site].site && is_posted(w, alert))
		post(w, alert);
}

static void end(struct world *w, void *arg)
{
	set(w, (uint8_t)(uintptr_t)arg, false);
}

static void begin(struct world *w, uint8_t alert, int64_t ms)
{
	if (!w->is_chaos || w->alerts[alert].fires)
		return;
	set(w, alert, true);
	world_later(w, ms < LONGEST_MS ? ms : LONGEST_MS, end, (void *)(uintptr_t)alert, NULL);
}

static void turn(struct world *w, void *arg)
{
	uint8_t alert = (uint8_t)rng_below(&w->alerts_rng, POSTED);
	int64_t ms = (10 * SECOND_MS) << rng_below(&w->alerts_rng, 8);

	(void)arg;
	world_later(w, 1 + (int64_t)rng_below(&w->alerts_rng, 2 * (uint64_t)TURN_MS), turn, NULL,
		NULL);
	begin(w, alert, ms);
}

static void turn_rulers(struct world *w, void *arg)
{
	uint8_t alert = POSTED + (uint8_t)rng_below(&w->alerts_rng, SIM_ALERTS - POSTED);
	int64_t ms = MINUTE_MS << rng_below(&w->alerts_rng, 6);

	(void)arg;
	world_later(w, 1 + (int64_t)rng_below(&w->alerts_rng, 4 * (uint64_t)TURN_MS), turn_rulers,
		NULL, NULL);
	begin(w, alert, ms);
}

void alerts_heal(struct world *w)
{
	for (uint8_t i = 0; i < SIM_ALERTS; i++)
		set(w, i, false);
}

/* Routed as lab.c says. */
bool alerts_draw_routing(const struct world *w)
{
	struct rng rng;

	rng_seed(&rng, w->options.seed ^ UINT64_C(0x407e5));
	return rng_chance(&rng, 1, 2);
}

bool alerts_is_nobodys(const struct world *w, uint8_t alert)
{
	return w->is_routed && str_eq(rules[alert].name, "Hot");
}

uint32_t alerts_inhibitors(const struct world *w, uint8_t alert)
{
	uint32_t bits = 0;

	if (!w->is_routed || !str_eq(rules[alert].name, "Full") ||
		!str_eq(rules[alert].instance, "a"))
		return 0;
	for (uint8_t i = 0; i < SIM_ALERTS; i++)
		if (str_eq(rules[i].name, "Full") && str_eq(rules[i].instance, "b"))
			bits |= 1u << i;
	return bits;
}

/* Drawn by a generator of its own, so that the other worlds stay what they were. */
void alerts_draw(struct world *w)
{
	struct rng rng;

	rng_seed(&w->alerts_rng, w->options.seed ^ UINT64_C(0xa1e27));
	if (!rng_chance(&w->alerts_rng, 1, 2))
		return;
	w->has_alerts = true;
	world_later(w, TURN_MS, turn, NULL, NULL);
	for (uint8_t i = 0; i < SIM_SITES; i++)
		world_later(w, (int64_t)rng_below(&w->alerts_rng, RESEND_MS), post_again,
			(void *)(uintptr_t)i, NULL);
	rng_seed(&rng, w->options.seed ^ UINT64_C(0x5ee5));
	if (!rng_chance(&rng, 1, 2))
		return;
	rulers_start(w);
	world_later(w, TURN_MS, turn_rulers, NULL, NULL);
}
