/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: struct lab as each core wants to see it, from one site's point of view.
 *
 * Dependencies differ by observer: whatever lives at another site also needs that site, and the
 * link to it.  So the needs of a check are the lab's, and behind them ours.
 */
#include "node/alert_routes.h"
#include "node/site_private.h"

_Static_assert(NOTIFY_CHANNELS_MAX == CHANNELS_MAX, "every channel of the lab can be told");

#define TABLES_BUDGET (64u * 1024 * 1024)
#define LABELS_MAX    6

static void *take(struct site_tables *t, size_t size_bytes)
{
	void *p = arena_alloc(&t->arena, size_bytes + 1);

	must(p); /* bounded by CHECKS_MAX and SITES_MAX */
	return p;
}

static enum check_source source_of(const struct lab_check *c)
{
	if (c->kind == CHECK_PROBE)
		return SOURCE_PROBE;
	return c->kind == CHECK_HEARTBEAT ? SOURCE_PING : SOURCE_STATE;
}

static bool is_outside(enum check_kind kind)
{
	return kind == CHECK_SITE || kind == CHECK_LINK || kind == CHECK_WATCHER ||
	       kind == CHECK_DRILL;
}

static bool contains(const uint16_t *list, uint16_t n, uint16_t check)
{
	for (uint16_t i = 0; i < n; i++)
		if (list[i] == check)
			return true;
	return false;
}

/* Everything that `check` needs, directly or not, marked by check. */
static bool *needed_by(struct site_tables *t, const struct lab *lab, uint16_t check)
{
	bool *is_needed = take(t, lab->n_checks * sizeof *is_needed);
	uint16_t *stack = must_alloc(lab->n_checks * sizeof *stack);
	uint16_t n = 0;

	memset(is_needed, 0, lab->n_checks * sizeof *is_needed);
	if (check != NO_CHECK)
		stack[n++] = check;
	while (n) {
		const struct lab_check *c = &lab->checks[stack[--n]];

		for (uint16_t i = 0; i < c->n_needs; i++)
			if (!is_needed[c->needs[i]]) {
				is_needed[c->needs[i]] = true;
				stack[n++] = c->needs[i];
			}
	}
	free(stack);
	return is_needed;
}

static void find_own(struct site_tables *t, const struct lab *lab, uint8_t self)
{
	t->link_check = take(t, lab->n_sites * sizeof *t->link_check);
	t->site_check = take(t, lab->n_sites * sizeof *t->site_check);
	t->watcher_check = take(t, lab->n_watchers * sizeof *t->watcher_check);
	t->drill_check = take(t, lab->n_watchers * sizeof *t->drill_check);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		t->link_check[i] = t->site_check[i] = NO_CHECK;
	for (uint8_t i = 0; i < lab->n_watchers; i++)
		t->watcher_check[i] = t->drill_check[i] = NO_CHECK;
	for (uint32_t i = 0; i < SELF_CHECKS; i++)
		t->self_check[i] = NO_CHECK;
	for (uint16_t i = 0; i < lab->n_checks; i++) {
		const struct lab_check *c = &lab->checks[i];

		if (c->kind == CHECK_SITE)
			t->site_check[c->subject_a] = i;
		else if (c->kind == CHECK_LINK && c->subject_a == self)
			t->link_check[c->subject_b] = i;
		else if (c->kind == CHECK_LINK && c->subject_b == self)
			t->link_check[c->subject_a] = i;
		else if (c->kind == CHECK_WATCHER)
			t->watcher_check[c->subject_a] = i;
		else if (c->kind == CHECK_DRILL)
			t->drill_check[c->subject_a] = i;
		else if (c->kind == CHECK_SELF && c->home == self)
			t->self_check[c->self] = i;
	}
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		t->needed_by_site[i] = needed_by(t, lab, t->site_check[i]);
		t->needed_by_link[i] = needed_by(t, lab, t->link_check[i]);
	}
}

/* A site's uplink stands where the site does, whoever speaks of it. */
static uint8_t place_of(const struct lab *lab, uint16_t check)
{
	for (uint8_t site = 0; site < lab->n_sites; site++)
		if (lab->sites[site].uplink == check)
			return site;
	return lab->checks[check].home;
}

/* The lab's needs; for what lives elsewhere also its site and the way there, unless that needs it
 * itself (the host of the router). */
static uint16_t needs_of(struct site_tables *t, const struct lab *lab, uint8_t self, uint16_t check,
	uint16_t **ret)
{
	const struct lab_check *c = &lab->checks[check];
	uint16_t *needs = take(t, (c->n_needs + 2u) * sizeof *needs);
	bool is_declared = check < lab->n_declared || c->kind == CHECK_PROBE;
	uint8_t place = place_of(lab, check);
	uint16_t n = 0, site = t->site_check[place], link = t->link_check[place];

	for (uint16_t i = 0; i < c->n_needs; i++)
		needs[n++] = c->needs[i];
	*ret = needs;
	if (place == self || (!is_declared && c->kind != CHECK_SELF))
		return n;
	if (site != NO_CHECK && !contains(needs, n, site) && !t->needed_by_site[place][check])
		needs[n++] = site;
	if (link != NO_CHECK && !contains(needs, n, link) && !t->needed_by_link[place][check])
		needs[n++] = link;
	return n;
}

/* The sites that look at it for us, and the links to them. */
static uint16_t away_of(struct site_tables *t, const struct lab *lab, uint8_t self, uint16_t check,
	uint16_t **ret)
{
	const struct lab_check *c = &lab->checks[check];
	uint16_t *away = take(t, 2u * lab->n_sites * sizeof *away);
	bool is_looked_at = c->kind == CHECK_PROBE || c->kind == CHECK_SELF;
	uint16_t n = 0;

	*ret = away;
	for (uint8_t site = 0; site < lab->n_sites && is_looked_at; site++) {
		if ((c->from & (1u << self)) || !(c->from & (1u << site)))
			continue;
		if (t->site_check[site] != NO_CHECK)
			away[n++] = t->site_check[site];
		if (t->link_check[site] != NO_CHECK)
			away[n++] = t->link_check[site];
	}
	return n;
}

static void add_label(struct silence_label *labels, uint8_t *n, const char *name, const char *value)
{
	if (value && *value)
		labels[(*n)++] = (struct silence_label){ name, value };
}

static const char *const probe_kind_names[] = {
	[PROBE_HTTP] = "http",
	[PROBE_TCP] = "tcp",
	[PROBE_TLS] = "tls",
	[PROBE_DNS] = "dns",
	[PROBE_ICMP] = "icmp",
};

static void fill_labels(struct site_tables *t, const struct lab *lab, const struct lab_check *c,
	struct alert_check *to)
{
	struct silence_label *labels = take(t, LABELS_MAX * sizeof *labels);
	uint8_t n = 0;

	add_label(labels, &n, "name", c->name);
	add_label(labels, &n, "kind", check_kind_name(c->kind));
	add_label(labels, &n, "site", c->home < lab->n_sites ? lab->sites[c->home].name : NULL);
	add_label(labels, &n, "host", c->host != NO_HOST ? lab->hosts[c->host].name : NULL);
	add_label(labels, &n, "severity", severity_name(c->severity));
	add_label(labels, &n, "probe", c->probe ? probe_kind_names[c->probe->kind] : NULL);
	to->labels = labels;
	to->n_labels = n;
}

/* "no report in time: due every 24 h, grace 1 h". */
static const char *silence_of(struct site_tables *t, const struct lab_check *c)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char length[DURATION_TEXT_MAX];

	if (c->kind != CHECK_HEARTBEAT)
		return NULL;
	str_add(&text, "no report in time: due ");
	if (c->cron)
		str_add(&text, "on schedule");
	else
		str_addf(&text, "every %s", duration_text(c->every_ms, length));
	if (c->grace_ms)
		str_addf(&text, ", grace %s", duration_text(c->grace_ms, length));
	return arena_strdup(&t->arena, str_c(&text));
}

/* "dublin and mumbai"; NULL for what isn't looked at, but told or found out. */
static const char *vantages_of(struct site_tables *t, const struct lab *lab,
	const struct lab_check *c)
{
	scoped(str_fini) struct str list = STR_EMPTY;
	int left = __builtin_popcount(c->from);

	if (c->kind != CHECK_PROBE)
		return NULL;
	for (uint8_t i = 0; i < lab->n_sites; i++)
		if (c->from & 1u << i)
			str_addf(&list, "%s%s", lab->sites[i].name,
				--left > 1  ? ", "
				: left == 1 ? " and "
					    : "");
	return arena_strdup(&t->arena, str_c(&list));
}

static void fill_check(struct site_tables *t, const struct lab *lab, uint8_t self, uint16_t i,
	struct alert_check *to)
{
	const struct lab_check *c = &lab->checks[i];
	uint16_t *needs, *away;
	uint16_t n_needs = needs_of(t, lab, self, i, &needs);
	uint16_t n_away = away_of(t, lab, self, i, &away);

	t->specs[i] = (struct check_spec){ .name = c->name,
		.source = source_of(c),
		.home = c->home,
		.is_outside = is_outside(c->kind),
		.from = c->from,
		.confirm = c->confirm ? c->confirm : 1,
		.every_ms = c->every_ms,
		.timeout_ms = c->probe ? c->probe->timeout_ms : 0,
		.grace_ms = c->grace_ms,
		.needs = needs,
		.n_needs = n_needs,
		.cron = c->cron,
		.zone = c->zone ? c->zone : tz_utc(),
		.silence = silence_of(t, c) };
	*to = (struct alert_check){ .name = c->name,
		.kind = check_kind_name(c->kind),
		.home = c->home,
		.severity = severity_name(c->severity),
		.severity_rank = (uint8_t)c->severity,
		.every_ms = c->every_ms,
		.needs = needs,
		.n_needs = n_needs,
		.away = away,
		.n_away = n_away,
		.is_outside = is_outside(c->kind),
		.vantages = vantages_of(t, lab, c),
		.description = c->description,
		.runbook = c->runbook };
	if (c->kind == CHECK_SITE || c->kind == CHECK_LINK)
		to->subject_a = lab->sites[c->subject_a].name;
	if (c->kind == CHECK_LINK)
		to->subject_b = lab->sites[c->subject_b].name;
	if (c->kind == CHECK_WATCHER || c->kind == CHECK_DRILL)
		to->subject_a = lab->watchers[c->subject_a].name;
	fill_labels(t, lab, c, to);
}

static struct alert_channel *fill_channels(struct site_tables *t, const struct lab *lab)
{
	struct alert_channel *channels = take(t, lab->notify.n_channels * sizeof *channels);

	for (uint16_t i = 0; i < lab->notify.n_channels; i++) {
		const struct lab_channel *c = &lab->notify.channels[i];

		channels[i] = (struct alert_channel){ .name = c->name,
			.mention = c->mention,
			.from = c->from,
			.to = c->to,
			.least_rank = (uint8_t)c->least,
			.is_receiver = c->is_receiver,
			.leaves_out_end = c->leaves_out_end,
			.is_alertmanagers = c->is_alertmanagers,
			.alerts_most = c->alerts_most,
			.kind = c->kind == CHANNEL_DISCORD ? ALERT_DISCORD
				: c->kind == CHANNEL_SMTP  ? ALERT_SMTP
							   : ALERT_WEBHOOK };
	}
	return channels;
}

static struct silence_window *fill_windows(struct site_tables *t, const struct lab *lab)
{
	struct silence_window *windows = take(t, lab->n_windows * sizeof *windows);

	for (uint16_t i = 0; i < lab->n_windows; i++) {
		const struct lab_window *w = &lab->windows[i];

		windows[i] = (struct silence_window){ .name = w->name,
			.why = w->why,
			.begins = &w->begins,
			.zone = w->zone,
			.length_ms = w->length_ms };
		/* The reader has checked them. */
		if (matchers_parse(&windows[i].matchers, w->matchers, NULL) != RC_OK)
			windows[i].matchers = NULL;
	}
	return windows;
}

static struct alert_place *fill_places(struct site_tables *t, const struct lab *lab, uint8_t self)
{
	struct alert_place *places = take(t, lab->n_sites * sizeof *places);

	for (uint8_t site = 0; site < lab->n_sites; site++) {
		places[site].n = 0;
		if (site != self && t->site_check[site] != NO_CHECK)
			places[site].needs[places[site].n++] = t->site_check[site];
		if (site != self && t->link_check[site] != NO_CHECK)
			places[site].needs[places[site].n++] = t->link_check[site];
	}
	return places;
}

struct site_tables *tables_new(const struct lab *lab, uint8_t self, const char *url,
	const struct alert_world *world)
{
	struct site_tables *t = must_alloc(sizeof *t);
	struct alert_check *checks;
	struct notice_site *sites;

	arena_init(&t->arena, TABLES_BUDGET);
	find_own(t, lab, self);
	t->specs = take(t, lab->n_checks * sizeof *t->specs);
	checks = take(t, lab->n_checks * sizeof *checks);
	for (uint16_t i = 0; i < lab->n_checks; i++)
		fill_check(t, lab, self, i, &checks[i]);
	sites = take(t, lab->n_sites * sizeof *sites);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		sites[i] = (struct notice_site){ lab->sites[i].name, lab->sites[i].zone };
	t->routes = alert_routes_new(lab->notify.alertmanager);
	t->alert = (struct alert_config){ .lab = lab->name,
		.self = self,
		.sites = sites,
		.n_sites = lab->n_sites,
		.checks = checks,
		.n_checks = lab->n_checks,
		.places = fill_places(t, lab, self),
		.outside = t->self_check[SELF_OUTSIDE],
		.channels = fill_channels(t, lab),
		.n_channels = (uint8_t)lab->notify.n_channels,
		.routing = t->routes ? &t->routes->routing : NULL,
		.reader_zone = lab->notify.reader_zone ? lab->notify.reader_zone : tz_utc(),
		.windows = fill_windows(t, lab),
		.n_windows = lab->n_windows,
		.has_quiet = lab->notify.has_quiet,
		.quiet_from_minute = lab->notify.quiet_from_minute,
		.quiet_until_minute = lab->notify.quiet_until_minute,
		.quiet_unless_rank = (uint8_t)lab->notify.quiet_unless,
		.watcher = lab->n_watchers ? lab->watchers[0].name : NULL,
		.page_url = url,
		.world = *world };
	return t;
}

void tables_free(struct site_tables *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->alert.n_windows; i++)
		matchers_free(t->alert.windows[i].matchers);
	alert_routes_free(t->routes);
	arena_fini(&t->arena);
	free(t);
}
