/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: groups are kept by their key.  Whoever changes one says so, and alerts_step() does the rest
 * once: what was not posted again ends, ours that changed are journaled, the table of checks is made
 * anew if some came or went, and what they are is judged.
 */
#include "core/alert/alert_private.h"

#include "core/alert/covers.h"
#include "core/alert/inhibition.h"
#include "core/alert/ways.h"

#include <stdio.h>
#include <string.h>

#define EMPTY_KEPT_MS DAY_MS /* an older event of it may come from a history */
/* A group that changes all the time is journaled whole no more often than this. */
#define SAY_WAIT_MIN_MS SECOND_MS
#define SAY_WAIT_MAX_MS MINUTE_MS
#define SAY_CALM_MS     (10 * SECOND_MS) /* and then its next change is urgent again */

static bool is_ours(const struct alert *a, const struct alert_group *g)
{
	return g->site == a->cfg.self;
}

static const char *self_name(const struct alert *a)
{
	return a->cfg.sites[a->cfg.self].name;
}

static void mark(struct alert *a, struct alert_group *g)
{
	g->is_changed = is_ours(a, g);
	g->is_untold = true;
	a->is_alerts_due = a->is_inhibition_due = a->is_dirty = true;
}

static void due_by(struct alert *a, struct mono when)
{
	if (when.ms < a->alerts_due.ms)
		a->alerts_due = when;
}

static bool is_covered(const struct alert *a, uint16_t index)
{
	return index != UINT16_MAX && a->covers[index];
}

/* ---- what is kept */

static void account(struct alert *a, const struct alert_item *item, int sign)
{
	a->n_alerts += (uint32_t)sign;
	a->alerts_bytes += (size_t)sign * (item->block_bytes + sizeof *item);
}

static bool has_room(const struct alert *a, const struct alert_item *item)
{
	return a->n_alerts < ALERTS_MAX &&
	       a->alerts_bytes + item->block_bytes + sizeof *item <= ALERTS_KEPT_BYTES_MAX;
}

/* What is over, and no incident lists. */
static bool is_gone(const struct alert *a, const struct alert_item *item)
{
	if (!item->ended.ms)
		return false;
	return !item->is_listed || (item->index != UINT16_MAX && !a->covers[item->index]);
}

static void bury(struct alert *a, struct alert_item *item)
{
	must_grow(a->buried, a->n_buried, a->cap_buried);
	a->buried[a->n_buried++] = item;
}

static void drop_gone(struct alert *a, struct now now, struct alert_group *g)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];

		if (!is_gone(a, item)) {
			g->items[kept++] = item;
			continue;
		}
		if (is_ours(a, g))
			account(a, item, -1);
		alert_group_forget(g, item);
		bury(a, item);
		a->is_table_old = true;
	}
	g->n = kept;
	if (g->n || g->more)
		g->emptied.ms = NEVER_MS;
	else if (g->emptied.ms == NEVER_MS)
		g->emptied = now.mono;
}

/* ---- alerts as checks */

static bool is_check(const struct alert *a, const struct alert_group *g)
{
	return g->site != ALERT_NO_SITE && (g->n || g->more || is_covered(a, g->index));
}

static uint32_t count_checks(const struct alert *a)
{
	uint32_t n = 0;

	map_each (&a->groups, it) {
		const struct alert_group *g = it->value;

		if (is_check(a, g))
			n += 1 + alert_group_listed(g);
	}
	return n < ALERTS_FOLDED_MAX ? n : ALERTS_FOLDED_MAX;
}

static const char *first_of(const struct labels *annotations, const char *name, const char *other)
{
	const char *text = labels_get(annotations, name);

	if (!*text)
		text = labels_get(annotations, other);
	return *text ? text : NULL;
}

static void fill_group(const struct alert *a, const struct alert_group *g, struct alert_check *to)
{
	const struct alert_item *first = alert_group_first(g);
	const struct alert_place *place = a->declared.places && g->site != a->declared.self
						  ? &a->declared.places[g->site]
						  : NULL;

	*to = (struct alert_check){ .name = g->check,
		.kind = "alert",
		.home = g->site,
		.severity = g->severity,
		.severity_rank = alert_severity_rank(g->severity),
		.needs = place ? place->needs : NULL,
		.n_needs = place ? place->n : 0,
		.labels = g->matched,
		.n_labels = g->n_matched,
		.subject_a = a->declared.sites[g->site].name,
		.is_inhibited = alert_group_is_inhibited(g) };
	if (!first)
		return;
	to->description = first_of(&first->annotations, "description", "message");
	to->runbook = first_of(&first->annotations, "runbook_url", "runbook");
	if (!to->runbook && *first->generator)
		to->runbook = first->generator;
	if (to->description && str_eq(to->description, first->summary))
		to->description = NULL;
}

static void fill_item(const struct alert_group *g, const struct alert_item *item,
	struct alert_check *to)
{
	const char *severity = alert_severity(&item->labels);

	*to = (struct alert_check){ .name = item->name,
		.kind = "alert",
		.home = g->site,
		.severity = severity,
		.severity_rank = alert_severity_rank(severity),
		.needs = &g->index,
		.n_needs = 1,
		.labels = item->matched,
		.n_labels = item->n_matched,
		.is_inhibited = item->is_inhibited };
}

/* Texts of what was posted again lie elsewhere. */
static void refill(struct alert *a, const struct alert_group *g, const struct alert_item *item)
{
	if (item->index != UINT16_MAX)
		fill_item(g, item, &a->checks[item->index]);
	if (g->index != UINT16_MAX && alert_group_first(g) == item)
		fill_group(a, g, &a->checks[g->index]);
}

/* What other sites journal is bounded here, too. */
static uint16_t add_group(const struct alert *a, struct alert_group *g, struct map *names,
	struct alert_check *checks, uint16_t n)
{
	const uint16_t most = a->declared.n_checks + ALERTS_FOLDED_MAX;
	bool is_one = is_check(a, g) && n < most;

	g->index = is_one ? n : UINT16_MAX;
	if (is_one)
		fill_group(a, g, &checks[n++]);
	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];

		item->index = UINT16_MAX;
		if (!is_one || !item->is_listed || n >= most || map_put(names, item->name, g))
			continue;
		item->index = n;
		fill_item(g, item, &checks[n++]);
	}
	return n;
}

struct alert_check *alerts_table(struct alert *a, const struct alert_config *declared,
	uint16_t *ret_n)
{
	struct alert_check *checks = NULL;
	scoped(map_fini) struct map names = MAP_EMPTY; /* each once */
	uint16_t n = declared->n_checks;
	uint32_t more;

	a->declared = *declared;
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		g->site = alert_site_in(declared, strrchr(g->key, '@') + 1);
	}
	more = count_checks(a);
	if (more)
		checks = must_alloc((n + more) * sizeof *checks);
	if (more && n)
		memcpy(checks, declared->checks, n * sizeof *checks);
	map_each (&a->groups, it)
		n = add_group(a, it->value, &names, checks, n);
	a->is_table_old = false;
	*ret_n = n;
	return checks;
}

/* ---- what they are */

/* Whose site is away is as that site said it was, and when that was is said, too. */
static const char *reason_of(const struct alert *a, const struct alert_group *g, const char *text,
	struct str *out)
{
	const struct alert_peer *peer = &a->peers[g->site];
	char at[80];

	if (is_ours(a, g) || peer->is_up || !a->touch[g->site].lost.ms)
		return text;
	str_addf(out, "last heard from %s at %s", a->cfg.sites[g->site].name,
		tz_text(a->cfg.reader_zone, a->touch[g->site].lost, a->touch[g->site].lost, at,
			sizeof at));
	if (*text)
		str_addf(out, ": %s", text);
	return str_c(out);
}

static void judge(struct alert *a, struct now now, const struct alert_group *g, uint16_t index,
	struct alert_state st)
{
	scoped(str_fini) struct str reason = { .limit_bytes = REASON_BYTES_MAX - 1 };

	if (index == UINT16_MAX)
		return;
	st.reason = reason_of(a, g, st.reason, &reason);
	alert_state(a, now, index, &st);
}

static void judge_group(struct alert *a, struct now now, struct alert_group *g)
{
	bool is_firing = alert_group_firing(g) > 0;

	g->is_untold = false;
	if (g->n_inhibited)
		alert_group_reckon(g);
	if (g->index != UINT16_MAX) /* another may be the first that fires */
		fill_group(a, g, &a->checks[g->index]);
	for (uint32_t i = 0; i < g->n; i++)
		if (g->items[i]->index != UINT16_MAX)
			a->checks[g->items[i]->index].is_inhibited = g->items[i]->is_inhibited;
	judge(a, now, g, g->index,
		(struct alert_state){ .health = is_firing ? HEALTH_FAILING : HEALTH_WELL,
			.scope = alert_group_unlisted(g) ? "many" : "down",
			.reason = g->reason,
			.since = is_firing && alert_group_since(g).ms ? alert_group_since(g)
								      : now.wall });
	for (uint32_t i = 0; i < g->n; i++) {
		const struct alert_item *item = g->items[i];

		judge(a, now, g, item->index,
			(struct alert_state){ .health =
						      item->ended.ms ? HEALTH_WELL : HEALTH_FAILING,
				.scope = "down",
				.reason = item->summary,
				.since = item->starts });
	}
}

/* ---- what a site says */

static void space_out(struct now now, struct alert_group *g)
{
	bool is_calm = !g->said.ms || now.mono.ms - g->said.ms >= 2 * g->wait_ms + SAY_CALM_MS;

	if (is_calm)
		g->wait_ms = 0;
	else if (!g->wait_ms)
		g->wait_ms = SAY_WAIT_MIN_MS;
	else if (g->wait_ms < SAY_WAIT_MAX_MS / 2)
		g->wait_ms *= 2;
	else
		g->wait_ms = SAY_WAIT_MAX_MS;
	g->said = now.mono;
	g->say_due.ms = now.mono.ms + g->wait_ms;
}

static void publish(struct alert *a, struct now now, struct alert_group *g, uint32_t most)
{
	struct alert_effect *fx = alert_push(a, ALERT_DO_APPEND, "");

	fx->event_kind = "alerts";
	str_copy(fx->subject, sizeof fx->subject, g->key);
	alert_group_write(g, most, &fx->body);
	g->is_changed = false;
	g->is_said = true;
	a->is_table_old = true;
	space_out(now, g);
}

static void publish_ours(struct alert *a, struct now now)
{
	uint32_t share = ALERTS_FOLDED_MAX / a->cfg.n_sites, used = 0;

	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		if (is_ours(a, g))
			used += 1 + alert_group_listed(g);
	}
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;
		uint32_t listed = alert_group_listed(g);

		if (!g->is_changed)
			continue;
		if (now.mono.ms < g->say_due.ms) {
			due_by(a, g->say_due);
			continue;
		}
		publish(a, now, g, listed + (used < share ? share - used : 0));
		used += alert_group_listed(g) - listed;
	}
}

/* ---- time */

static void end_due(struct alert *a, struct now now, struct alert_group *g)
{
	if (g->is_changed)
		a->is_alerts_due = true;
	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];

		if (item->ended.ms)
			continue;
		if (now.mono.ms < item->deadline.ms) {
			due_by(a, item->deadline);
			continue;
		}
		item->ended = now.wall;
		mark(a, g);
	}
}

static void end_all_due(struct alert *a, struct now now)
{
	if (now.mono.ms < a->alerts_due.ms)
		return;
	a->alerts_due.ms = NEVER_MS;
	map_each (&a->groups, it)
		if (is_ours(a, it->value))
			end_due(a, now, it->value);
}

void alerts_renew_table(struct alert *a)
{
	if (a->is_table_old)
		alert_renew_table(a, &a->declared);
	for (uint32_t i = 0; i < a->n_buried; i++)
		alert_item_free(a->buried[i]);
	a->n_buried = 0;
}

bool alerts_is_name(const char *name)
{
	return str_starts(name, "alert:") || strstr(name, "}@");
}

static void judge_anew(struct alert *a)
{
	map_each (&a->groups, it)
		((struct alert_group *)it->value)->is_untold = true;
	a->is_alerts_due = a->is_dirty = true;
}

/* An incident of ours came back that was open when it was written: what it is about may be over. */
static void release_due(struct alert *a, struct now now)
{
	if (!a->is_release_due || a->is_behind || alert_awaits_news(a, now))
		return;
	a->is_release_due = false;
	alerts_renew_table(a);
	alert_release_undeclared(a, now, alerts_is_name);
	judge_anew(a);
}

/* What isn't written down yet, people aren't told. */
static void take_up(struct alert *a, struct now now)
{
	a->is_alerts_due = false;
	map_each (&a->groups, it)
		if (((struct alert_group *)it->value)->is_untold)
			drop_gone(a, now, it->value);
	if (a->is_inhibition_due)
		inhibition_step(a);
	a->is_inhibition_due = false;
	publish_ours(a, now);
	alerts_renew_table(a);
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		if (g->is_untold && !g->is_changed)
			judge_group(a, now, g);
	}
}

/* From then on it inhibits nothing: whether it still fires nobody knows. */
static void doubt_due(struct alert *a, struct now now)
{
	for (uint8_t i = 0; i < a->cfg.n_sites; i++) {
		if (now.mono.ms >= a->touch[i].doubt_due.ms) {
			a->touch[i].doubt_due.ms = NEVER_MS;
			a->touch[i].is_doubted = true;
			a->is_alerts_due = a->is_inhibition_due = true;
		}
		alert_wake_at(a, a->touch[i].doubt_due);
	}
}

void alerts_step(struct alert *a, struct now now)
{
	release_due(a, now);
	doubt_due(a, now);
	if (a->is_ways_due)
		ways_load(a);
	end_all_due(a, now);
	if (a->is_alerts_due)
		take_up(a, now);
	if (a->alerts_due.ms != NEVER_MS)
		alert_wake_at(a, a->alerts_due);
}

void alerts_prune(struct alert *a, struct now now)
{
	map_each (&a->groups, it)
		drop_gone(a, now, it->value);
	alerts_renew_table(a);
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		if (g->emptied.ms == NEVER_MS || g->index != UINT16_MAX ||
			now.mono.ms < g->emptied.ms + EMPTY_KEPT_MS)
			continue;
		map_remove(&a->groups, g->key);
		ways_forget(a, g);
		alert_group_free(g);
	}
}

static void doubt_later(struct alert *a, struct now now, uint8_t site)
{
	a->touch[site].is_doubted = false;
	a->touch[site].doubt_due.ms = a->peers[site].is_up || site == a->cfg.self
					      ? NEVER_MS
					      : now.mono.ms + ALERTS_RESOLVE_MS;
}

void alerts_start(struct alert *a, struct now now)
{
	for (uint8_t i = 0; i < SITES_MAX; i++)
		doubt_later(a, now, i);
	a->is_inhibition_due = true;
	judge_anew(a);
}

void alerts_peer(struct alert *a, struct now now, uint8_t site)
{
	doubt_later(a, now, site);
	a->touch[site].lost = a->peers[site].is_up ? (struct wall){ 0 } : now.wall;
	map_each (&a->groups, it) {
		struct alert_group *g = it->value;

		if (g->site == site && (g->n || g->more))
			mark(a, g);
	}
}

void alerts_fini(struct alert *a)
{
	map_each (&a->groups, it)
		alert_group_free(it->value);
	map_fini(&a->groups);
	map_fini(&a->idents);
	for (uint32_t i = 0; i < a->n_buried; i++)
		alert_item_free(a->buried[i]);
	free(a->buried);
	free(a->checks);
}

/* ---- posted here */

static struct posted_alert with_times(const struct alert *a, struct now now,
	const struct posted_alert *posted)
{
	const struct alert_routing *r = a->cfg.routing;
	struct posted_alert p = *posted;

	if (!p.starts.ms)
		p.starts = p.ends.ms && p.ends.ms < now.wall.ms ? p.ends : now.wall;
	if (!p.ends.ms)
		p.ends.ms = now.wall.ms + (r ? r->resolve_ms : ALERTS_RESOLVE_MS);
	return p;
}

/* It fires, for longer than the wall clock may stay what it is. */
static void keep_firing(struct now now, struct alert_item *item)
{
	item->updated = now.wall;
	item->patience_ms = item->ends.ms - now.wall.ms;
	item->deadline.ms = now.mono.ms + item->patience_ms;
}

static void fire_again(struct alert *a, struct now now, struct alert_group *g,
	struct alert_item *item, struct alert_item *newer)
{
	bool says_same = str_gist(item->summary) == str_gist(newer->summary);
	bool is_said = says_same && str_eq(item->summary, newer->summary);

	if (item->ended.ms || newer->starts.ms < item->starts.ms)
		item->starts = newer->starts;
	account(a, item, -1);
	alert_item_renew(item, newer);
	account(a, item, 1);
	keep_firing(now, item);
	if (item->ended.ms || !says_same)
		mark(a, g);
	else if (!is_said) { /* other numbers: with the next news */
		g->is_untold = true;
		a->is_alerts_due = a->is_dirty = true;
	}
	item->ended.ms = 0;
	due_by(a, item->deadline);
	refill(a, g, item);
}

static enum rc fire_first(struct alert *a, struct now now, struct alert_group *g,
	struct alert_item *item, struct err *e)
{
	if (!has_room(a, item)) {
		alert_item_free(item);
		return err_set(e, RC_LIMIT,
			"%u alerts fire already, of %zu bytes: no room for more", a->n_alerts,
			a->alerts_bytes);
	}
	keep_firing(now, item);
	account(a, item, 1);
	inhibition_place(a, item);
	alert_group_add(g, item);
	if (g->n == 1)
		ways_place(a, g);
	g->emptied.ms = NEVER_MS;
	due_by(a, item->deadline);
	mark(a, g);
	return RC_OK;
}

/* What nobody knew is over all the same: it takes no group's place. */
static void end(struct alert *a, struct now now, const struct labels *labels)
{
	struct alert_group *g = ways_group(a, labels, false);
	struct alert_item *item = g ? alert_group_find(g, labels) : NULL;

	if (!item || item->ended.ms)
		return;
	item->ended = item->updated = now.wall;
	mark(a, g);
}

static enum rc take(struct alert *a, struct now now, const struct posted_alert *posted,
	struct err *e)
{
	const struct posted_alert p = with_times(a, now, posted);
	scoped(alert_item_free) struct alert_item *item = NULL;
	struct alert_item *known;
	struct alert_group *g;
	enum rc rc = alert_item_new(&item, &p, self_name(a), e);

	if (rc != RC_OK)
		return rc;
	if (p.starts.ms > p.ends.ms)
		return err_set(e, RC_INPUT, "start time must be before end time");
	if (p.ends.ms <= now.wall.ms) {
		end(a, now, &item->labels);
		return RC_OK;
	}
	g = ways_group(a, &item->labels, true);
	if (!g)
		return err_set(e, RC_LIMIT, "%d groups of alerts fire already", ALERT_GROUPS_MAX);
	known = alert_group_find(g, &item->labels);
	if (!known)
		return fire_first(a, now, g, TAKE(item), e);
	fire_again(a, now, g, known, TAKE(item));
	return RC_OK;
}

enum rc alert_post(struct alert *a, struct now now, const struct posted_alert *posted, uint32_t n,
	struct err *e)
{
	enum rc first = RC_OK;

	for (uint32_t i = 0; i < n; i++) {
		enum rc rc = take(a, now, &posted[i], first == RC_OK ? e : NULL);

		if (first == RC_OK)
			first = rc;
	}
	return first;
}

/* ---- journaled */

/* Another site's group as it is now.  What it doesn't list any more, and an incident does, is over. */
static void replace(struct alert *a, struct alert_group *old, struct alert_group *g, struct wall at)
{
	g->index = old->index;
	for (uint32_t i = 0; i < old->n; i++) {
		struct alert_item *was = old->items[i], *is = NULL;

		for (uint32_t k = 0; k < g->n && !is; k++)
			is = str_eq(g->items[k]->name, was->name) ? g->items[k] : NULL;
		if (is)
			is->index = was->index;
		if (is || !is_covered(a, was->index)) {
			bury(a, was);
			continue;
		}
		if (!was->ended.ms)
			was->ended = at;
		alert_group_add(g, was);
	}
	old->n = 0;
}

static bool is_firing(const struct alert_item *item)
{
	return !item->ended.ms;
}

/* What our history said is as the next event of it says; what was posted in this run is as it was
 * posted, and where the others read otherwise in that event, it is to be said: true. */
static bool correct(struct alert_group *g, const struct alert_group *from, struct wall at)
{
	bool is_news = false;

	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];
		const struct alert_item *is = alert_group_find(from, &item->labels);

		if (item->updated.ms)
			is_news |= is_firing(item) != (is && is_firing(is));
		else if (is)
			item->ended = is->ended;
		else if (!item->ended.ms)
			item->ended = at;
	}
	return is_news;
}

/* Ours, of before this run: each goes on until its time is over, or it is posted again. */
static void resume(struct alert *a, struct now now, struct alert_group *from, struct wall at)
{
	struct alert_group *g = map_get(&a->groups, from->key);
	bool is_changed = g && g->is_changed; /* posted before our history came */

	if (!g) {
		g = ways_make(a, from->key, from->alertname);
		g->severity = from->severity;
		str_copy(g->reason, sizeof g->reason, from->reason);
	}
	g->stamp = from->stamp;
	is_changed |= correct(g, from, at);
	for (uint32_t i = 0; i < from->n; i++) {
		struct alert_item *item = from->items[i];

		if (alert_group_find(g, &item->labels) || !has_room(a, item)) {
			alert_item_free(item);
			continue;
		}
		item->deadline.ms =
			now.mono.ms + (item->patience_ms > ALERTS_RESOLVE_MS ? item->patience_ms
									     : ALERTS_RESOLVE_MS);
		due_by(a, item->deadline);
		account(a, item, 1);
		alert_group_add(g, item);
	}
	from->n = 0;
	a->is_ways_due = true;
	mark(a, g);
	g->is_changed = is_changed;
	a->is_table_old = true;
}

void alerts_event(struct alert *a, struct now now, const struct alert_event *ev)
{
	scoped(alert_group_free) struct alert_group *g = NULL;
	const char *at = strrchr(ev->subject, '@');
	struct alert_group *old = map_get(&a->groups, ev->subject);

	if (!at || !str_eq(at + 1, ev->site) || (old && (old->is_said || ev->hlc < old->stamp)) ||
		(!old && map_count(&a->groups) >= ALERT_GROUPS_MAX) ||
		alert_group_read(ev->subject, ev->body, &g, NULL) != RC_OK)
		return; /* a site speaks for its own alerts only */
	g->site = alert_site_index(a, ev->site);
	g->stamp = ev->hlc;
	g->emptied.ms = NEVER_MS;
	if (g->site == a->cfg.self) {
		resume(a, now, g, ev->wall);
		return;
	}
	if (old)
		replace(a, old, g, ev->wall);
	for (uint32_t i = 0; i < g->n; i++)
		inhibition_place(a, g->items[i]);
	ways_place(a, g);
	mark(a, g);
	a->is_table_old = true;
	alert_group_free(map_put(&a->groups, g->key, g));
	g = NULL;
}

/* ---- questions */

static struct alert_view view_of(const struct alert *a, const struct alert_group *g,
	struct alert_item *item)
{
	silences_judge(&a->silences, &item->silences, item->matched, item->n_matched);
	return (struct alert_view){ .site = strrchr(g->key, '@') + 1,
		.check = item->index == UINT16_MAX ? "" : item->name,
		.group = g->check,
		.fingerprint = item->fingerprint,
		.labels = item->labels,
		.annotations = item->annotations,
		.matched = item->matched,
		.n_matched = item->n_matched,
		.generator = item->generator,
		.starts = item->starts,
		.ends = item->ended.ms ? item->ended : item->ends,
		.updated = item->updated,
		.is_ours = is_ours(a, g),
		.is_firing = !item->ended.ms,
		.silences = &item->silences,
		.is_inhibited = item->is_inhibited,
		.inhibited_by = item->inhibited_by };
}

void alert_each(const struct alert *a, void (*each)(void *arg, const struct alert_view *v),
	void *arg)
{
	map_each (&a->groups, it) {
		const struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++) {
			struct alert_view v = view_of(a, g, g->items[i]);

			each(arg, &v);
		}
	}
}

uint32_t alert_posted(const struct alert *a)
{
	return a->n_alerts;
}

/* What is the same at every site. */
uint64_t alerts_digest(const struct alert *a)
{
	uint64_t digest = 0;

	map_each (&a->groups, it) {
		const struct alert_group *g = it->value;

		for (uint32_t i = 0; i < g->n; i++)
			if (!g->items[i]->ended.ms && g->items[i]->is_listed)
				digest += g->items[i]->fingerprint * UINT64_C(0x9e3779b97f4a7c15) ^
					  str_gist(g->key);
	}
	return digest;
}
