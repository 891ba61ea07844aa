/* SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"

#include <inttypes.h>

/* The derived check of this kind about this subject; NO_CHECK. */
static uint16_t check_about(const struct lab *lab, enum check_kind kind, uint8_t a, uint8_t b)
{
	for (uint16_t i = lab->n_declared; i < lab->n_checks; i++) {
		const struct lab_check *c = &lab->checks[i];

		if (c->kind == kind && c->subject_a == a &&
			(kind != CHECK_LINK || c->subject_b == b))
			return i;
	}
	return NO_CHECK;
}

static void write_state(const struct view *v, struct json_out *w, uint16_t check)
{
	struct check_view seen = { 0 };

	if (check != NO_CHECK)
		seen = checks_view(site_checks(v->site), check);
	json_text(w, "state", check != NO_CHECK ? check_state_name(seen.state) : "unknown");
	json_time(w, "since", seen.since);
}

/* ---- sites */

/* Events of all its epochs, and the head of the newest. */
static void write_journal(const struct view *v, struct json_out *w, const char *site)
{
	const struct journal_head *newest = NULL, *heads;
	char hex[SHA256_HEX];
	uint64_t events = 0;
	size_t n;

	heads = journal_heads(site_journal(v->site), &n);
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(heads[i].site, site))
			continue;
		events += heads[i].seq;
		if (!newest || heads[i].epoch > newest->epoch)
			newest = &heads[i];
	}
	json_object_open(w, "journal");
	json_int(w, "events", (int64_t)events);
	json_int(w, "epoch", newest ? (int64_t)newest->epoch : 0);
	json_text(w, "head", newest ? sha256_hex(&newest->hash, hex) : "");
	json_close(w);
}

static const char *egress_of(const struct view *v, uint8_t site)
{
	const struct link *l = site_link(v->site, site);
	bool can_deliver;

	if (site_lab(v->site)->notify.n_channels == 0)
		return "unknown";
	if (site == site_self_index(v->site))
		can_deliver = alert_can_deliver(site_alert(v->site), v->now.mono);
	else if (l && l->state == LINK_UP)
		can_deliver = l->peer_can_deliver;
	else
		return "unknown";
	return can_deliver ? "ok" : "failing";
}

void view_site(const struct view *v, struct json_out *w, const char *key, uint8_t site)
{
	const struct lab_site *s = &site_lab(v->site)->sites[site];
	bool is_self = site == site_self_index(v->site);

	json_object_open(w, key);
	json_text(w, "name", s->name);
	json_int(w, "index", site);
	json_text(w, "zone", tz_name(s->zone));
	if (is_self) {
		json_text(w, "state", check_state_name(CHECK_OK));
		json_time(w, "since", v->started);
	} else {
		write_state(v, w, check_about(site_lab(v->site), CHECK_SITE, site, 0));
	}
	json_bool(w, "is_self", is_self);
	json_bool(w, "is_blind", checks_is_blind(site_checks(v->site), site));
	json_text(w, "lab_hash", v->facts->configs[site].hash);
	json_text(w, "egress", egress_of(v, site));
	write_journal(v, w, s->name);
	json_close(w);
}

/* ---- links */

static uint64_t seq_in(const struct link *l, const struct journal_head *head)
{
	for (uint32_t i = 0; i < l->n_peer_heads; i++) {
		const struct link_head *theirs = &l->peer_heads[i];

		if (str_eq(theirs->site, head->site) && theirs->epoch == head->epoch)
			return theirs->seq;
	}
	return 0;
}

/* Events that one of the two has and the other hasn't, as of the last heartbeat. */
static int64_t lag_of(const struct view *v, const struct link *l)
{
	const struct journal_head *heads;
	uint64_t lag = 0;
	size_t n;

	heads = journal_heads(site_journal(v->site), &n);
	for (size_t i = 0; i < n; i++) {
		uint64_t theirs = seq_in(l, &heads[i]);

		lag += theirs > heads[i].seq ? theirs - heads[i].seq : heads[i].seq - theirs;
	}
	return (int64_t)lag;
}

static void write_known(struct json_out *w, const char *key, int64_t value, bool is_known)
{
	if (is_known)
		json_int(w, key, value);
	else
		json_text(w, key, NULL);
}

static void write_own_link(const struct view *v, struct json_out *w, const struct link *l)
{
	struct wall since = { v->now.wall.ms - (v->now.mono.ms - l->entered.ms) };
	bool is_known = l->state == LINK_UP || l->state == LINK_SUSPECT;

	json_text(w, "state", link_state_name(l->state));
	json_time(w, "since", since);
	write_known(w, "rtt_ms", l->rtt_ms, is_known && l->rtt_ms >= 0);
	write_known(w, "skew_ms", l->skew_ms, is_known && l->rtt_ms >= 0);
	write_known(w, "lag_events", lag_of(v, l), l->n_peer_heads > 0);
}

/* A link between two others: their word on it is all that is known here. */
static void write_foreign_link(const struct view *v, struct json_out *w, uint8_t a, uint8_t b)
{
	static const char
		*const names[CHECK_STATES] = { [CHECK_OK] = "up", [CHECK_FAILING] = "down" };
	uint16_t check = check_about(site_lab(v->site), CHECK_LINK, a, b);
	struct check_view seen = { .state = CHECK_PENDING };

	if (check != NO_CHECK)
		seen = checks_view(site_checks(v->site), check);
	json_text(w, "state", names[seen.state] ? names[seen.state] : "unknown");
	json_time(w, "since", seen.since);
	json_text(w, "rtt_ms", NULL);
	json_text(w, "skew_ms", NULL);
	json_text(w, "lag_events", NULL);
}

void view_link(const struct view *v, struct json_out *w, const char *key, uint8_t a, uint8_t b)
{
	const struct lab *lab = site_lab(v->site);
	uint8_t self = site_self_index(v->site);
	const struct link *l = NULL;

	if (a == self || b == self)
		l = site_link(v->site, a == self ? b : a);
	json_object_open(w, key);
	json_text(w, "a", lab->sites[a].name);
	json_text(w, "b", lab->sites[b].name);
	if (l)
		write_own_link(v, w, l);
	else
		write_foreign_link(v, w, a, b);
	json_close(w);
}

/* ---- watchers */

static void write_hears(const struct view *v, struct json_out *w,
	const struct site_watcher_view *seen)
{
	const struct lab *lab = site_lab(v->site);

	json_object_open(w, "hears");
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		struct wall heard = { 0 };

		if (seen && seen->answered.ms && seen->sites[i].quiet_ms >= 0)
			heard.ms = seen->answered.ms - seen->sites[i].quiet_ms;
		json_time(w, lab->sites[i].name, heard);
	}
	json_close(w);
}

void view_watcher(const struct view *v, struct json_out *w, const char *key, uint8_t watcher)
{
	const struct lab *lab = site_lab(v->site);
	const struct drill_fact *drill = &v->facts->drills[watcher];

	json_object_open(w, key);
	json_text(w, "name", lab->watchers[watcher].name);
	write_state(v, w, check_about(lab, CHECK_WATCHER, watcher, 0));
	write_hears(v, w, site_watcher_view(v->site, watcher));
	if (drill->at.ms) {
		json_object_open(w, "drill");
		json_time(w, "at", drill->at);
		json_bool(w, "ok", drill->is_ok);
		json_close(w);
	} else {
		json_text(w, "drill", NULL);
	}
	json_close(w);
}

/* ---- silences */

static void write_silence(const struct view *v, struct json_out *w, const struct silence *s)
{
	json_object_open(w, NULL);
	json_text(w, "id", s->id);
	json_text(w, "matchers", s->matchers_text);
	json_time(w, "from", s->from);
	json_time(w, "until", s->until);
	json_text(w, "why", s->why ? s->why : "");
	json_text(w, "by", s->by ? s->by : "");
	json_bool(w, "is_active", s->from.ms <= v->now.wall.ms && v->now.wall.ms < s->until.ms);
	json_bool(w, "is_window", false);
	json_close(w);
}

/* A window stands there with the stretch that it is in, or the next. */
static void write_window(const struct view *v, struct json_out *w, const struct lab_window *window)
{
	struct wall from = cron_previous(&window->begins, window->zone, v->now.wall);
	bool is_active = from.ms != INT64_MIN && v->now.wall.ms - from.ms < window->length_ms;

	if (!is_active)
		from = cron_next(&window->begins, window->zone, v->now.wall);
	if (from.ms == NEVER_MS)
		return;
	json_object_open(w, NULL);
	json_text(w, "id", window->name);
	json_text(w, "matchers", window->matchers);
	json_time(w, "from", from);
	json_time(w, "until", (struct wall){ from.ms + window->length_ms });
	json_text(w, "why", window->why ? window->why : "");
	json_text(w, "by", "lab.yaml");
	json_bool(w, "is_active", is_active);
	json_bool(w, "is_window", true);
	json_close(w);
}

void view_silences(const struct view *v, struct json_out *w, const char *key)
{
	const struct lab *lab = site_lab(v->site);
	const struct silences *all = alert_silences(site_alert(v->site));

	json_array_open(w, key);
	for (uint32_t i = 0; i < all->n; i++) {
		if (all->items[i].until.ms > v->now.wall.ms)
			write_silence(v, w, &all->items[i]);
	}
	for (uint16_t i = 0; i < lab->n_windows; i++)
		write_window(v, w, &lab->windows[i]);
	json_close(w);
}

/* ---- everything */

static void write_session(const struct view *v, struct json_out *w)
{
	json_object_open(w, "session");
	json_bool(w, "login", v->has_login);
	json_text(w, "csrf", v->csrf);
	json_close(w);
}

static void write_revision(const struct view *v, struct json_out *w)
{
	const struct config_fact *c = &v->facts->configs[site_self_index(v->site)];
	char hash[SHA256_HEX];

	json_object_open(w, "revision");
	json_text(w, "hash", sha256_hex(&site_lab(v->site)->hash, hash));
	json_text(w, "commit", c->commit);
	json_text(w, "author", c->author);
	json_text(w, "summary", c->summary);
	json_time(w, "since", c->since);
	json_close(w);
}

static void write_sites(const struct view *v, struct json_out *w)
{
	const struct lab *lab = site_lab(v->site);

	json_array_open(w, "sites");
	for (uint8_t i = 0; i < lab->n_sites; i++)
		view_site(v, w, NULL, i);
	json_close(w);
	json_array_open(w, "links");
	for (uint8_t a = 0; a < lab->n_sites; a++) {
		for (uint8_t b = a + 1; b < lab->n_sites; b++)
			view_link(v, w, NULL, a, b);
	}
	json_close(w);
	json_array_open(w, "watchers");
	for (uint8_t i = 0; i < lab->n_watchers; i++)
		view_watcher(v, w, NULL, i);
	json_close(w);
}

static void write_open_incidents(const struct view *v, struct json_out *w)
{
	json_array_open(w, "incidents");
	map_each (alert_incidents(site_alert(v->site)), it) {
		const struct incident *in = it->value;

		if (!incident_is_over(in))
			view_incident(v, w, NULL, in);
	}
	json_close(w);
}

void view_status(const struct view *v, struct json_out *w, const char *key)
{
	const struct lab *lab = site_lab(v->site);

	json_object_open(w, key);
	json_text(w, "lab", lab->name);
	json_text(w, "site", lab->sites[site_self_index(v->site)].name);
	json_time(w, "now", v->now.wall);
	json_text(w, "version", DIARCHY_VERSION);
	json_time(w, "started", v->started);
	write_session(v, w);
	write_revision(v, w);
	write_sites(v, w);
	json_array_open(w, "checks");
	for (uint16_t i = 0; i < lab->n_checks; i++)
		view_check(v, w, NULL, i);
	json_close(w);
	write_open_incidents(v, w);
	view_silences(v, w, "silences");
	view_counts(v, w, "counts");
	json_close(w);
}
