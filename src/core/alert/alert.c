/* SPDX-License-Identifier: Apache-2.0 */
/* How: see alert_private.h for which file does what. */
#include "core/alert/covers.h"
#include "core/alert/recovery.h"
#include "core/alert/ways.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_CLOSED_MS  DAY_MS
#define PRUNE_EVERY_MS  HOUR_MS
#define STEP_ROUNDS_MAX 100 /* far more than one incident's life; a loop is a defect */
#define ELSEWHERE_MS    (60 * SECOND_MS)
#define UNDECLARED_MAX  1024u /* names of checks that only others declare, kept for a while */

/* ---- effects */

struct alert_effect *alert_push(struct alert *a, enum alert_effect_kind kind, const char *subject)
{
	struct alert_effect *fx = ring_push(&a->effects);

	fx->kind = kind;
	str_copy(fx->subject, sizeof fx->subject, subject);
	return fx;
}

bool alert_next(struct alert *a, struct alert_effect *ret)
{
	return ring_pop(&a->effects, ret);
}

void delivery_fini(struct delivery *d)
{
	free(d->payload);
	d->payload = NULL;
}

void alert_effect_fini(struct alert_effect *fx)
{
	str_fini(&fx->body);
	delivery_fini(&fx->delivery);
}

void alert_append_incident(struct alert *a, struct tracked *t)
{
	struct alert_effect *fx = alert_push(a, ALERT_DO_APPEND, t->in->id);

	fx->event_kind = "incident";
	incident_write(t->in, &fx->body);
	t->is_said = true;
	alert_push(a, ALERT_SAY_CHANGED, t->in->id);
	a->is_dirty = true;
}

void alert_say_again(struct alert *a)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner == a->cfg.self && t->published && incident_is_live(t->in))
			alert_append_incident(a, t);
	}
}

void alert_wake_at(struct alert *a, struct mono when)
{
	if (when.ms < a->wake.ms)
		a->wake = when;
}

/* ---- names */

uint16_t alert_check_index(const struct alert *a, const char *name)
{
	uintptr_t id1 = (uintptr_t)map_get(&a->names, name);

	return id1 && id1 <= a->n_judged ? (uint16_t)(id1 - 1) : UINT16_MAX;
}

uint16_t alert_check_of(const struct alert *a, const struct incident_member *m)
{
	if (!m->tag)
		return alert_check_index(a, m->check);
	return m->tag <= a->n_judged ? (uint16_t)(m->tag - 1) : UINT16_MAX;
}

uint8_t alert_site_in(const struct alert_config *config, const char *name)
{
	for (uint8_t i = 0; i < config->n_sites; i++)
		if (str_eq(config->sites[i].name, name))
			return i;
	return ALERT_NO_SITE;
}

uint8_t alert_site_index(const struct alert *a, const char *name)
{
	return alert_site_in(&a->cfg, name);
}

/* ---- life */

struct alert *alert_new(uint64_t seed)
{
	struct alert *a = must_alloc(sizeof *a);

	rng_seed(&a->rng, seed);
	silences_init(&a->silences);
	a->effects = RING_OF(struct alert_effect);
	a->wake.ms = a->alerts_due.ms = NEVER_MS;
	for (uint8_t i = 0; i < SITES_MAX; i++)
		a->touch[i].doubt_due.ms = NEVER_MS;
	return a;
}

/* Mostly it is as it was. */
static void judged_text(char **field, const char *value)
{
	if (*field && value && str_eq(*field, value))
		return;
	free(*field);
	*field = value ? must_strdup(value) : NULL;
}

static void free_judged(struct judged *j)
{
	free(j->scope);
	free(j->reason);
	free(j->from);
}

static void free_tracked(struct tracked *t)
{
	outbox_fini(t);
	incident_free(t->in);
	free(t);
}

void alert_busy(struct alert *a, struct tracked *t)
{
	uint32_t at;

	if (t->is_busy)
		return;
	t->is_busy = true;
	must_grow(a->busy, a->n_busy, a->cap_busy);
	for (at = a->n_busy++; at > 0 && a->busy[at - 1]->born > t->born; at--)
		a->busy[at] = a->busy[at - 1];
	a->busy[at] = t;
}

/* Keep those of which something may still have to be opened, changed, told or answered. */
static void rest(struct alert *a)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		t->is_busy = incident_is_live(t->in) || t->is_changed || !outbox_is_idle(a, t);
		if (t->is_busy)
			a->busy[n++] = t;
	}
	a->n_busy = n;
}

static void drop_busy(struct alert *a, const struct tracked *t)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < a->n_busy; at++)
		if (a->busy[at] != t)
			a->busy[n++] = a->busy[at];
	a->n_busy = n;
}

void alert_forget(struct alert *a, struct tracked *t)
{
	char id[INCIDENT_ID_MAX];

	drop_busy(a, t);
	str_copy(id, sizeof id, t->in->id);
	covers_drop(a, t);
	map_remove(&a->incidents, id);
	map_remove(&a->tracked, id);
	free_tracked(t);
}

void alert_free(struct alert *a)
{
	struct alert_effect fx;

	if (!a)
		return;
	map_each (&a->tracked, it)
		free_tracked(it->value);
	for (uint16_t i = 0; i < a->n_judged; i++)
		free_judged(&a->judged[i]);
	while (alert_next(a, &fx))
		alert_effect_fini(&fx);
	map_fini(&a->tracked);
	map_fini(&a->incidents);
	map_fini(&a->names);
	free(a->covers);
	silences_fini(&a->silences);
	alerts_fini(a);
	free(a->judged);
	free(a->busy);
	ring_fini(&a->effects);
	free(a);
}

void alert_release_undeclared(struct alert *a, struct now now, bool (*which)(const char *name))
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		if (t->owner != a->cfg.self || !incident_is_live(t->in))
			continue;
		for (uint32_t i = 0; i < t->in->n_members; i++) {
			struct incident_member *m = &t->in->members[i];

			if (alert_check_of(a, m) == UINT16_MAX && (!which || which(m->check)))
				recovery_released(a, now, t, m);
		}
	}
}

/* ---- loading */

static uint8_t channel_before(const struct alert *a, const struct alert_channel *channel)
{
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (str_eq(a->cfg.channels[i].name, channel->name) &&
			a->cfg.channels[i].kind == channel->kind)
			return i;
	return UINT8_MAX;
}

static void move_channels(struct tracked *t, const uint8_t from[CHANNELS_MAX])
{
	struct incident_told told[CHANNELS_MAX] = { 0 };
	struct outbox_slot slots[CHANNELS_MAX] = { 0 };

	for (uint32_t i = 0; i < CHANNELS_MAX; i++) {
		slots[i].handed_to = ALERT_NO_SITE;
		if (from[i] == UINT8_MAX)
			continue;
		told[i] = t->in->told[from[i]];
		slots[i] = t->slots[from[i]];
		t->slots[from[i]].stray = NULL;
	}
	outbox_fini(t); /* of channels that are no more */
	if (memcmp(t->in->told, told, sizeof told) != 0)
		memcpy(incident_receipt(t->in, 0), told, sizeof told);
	memcpy(t->slots, slots, sizeof slots);
}

/* What is kept by the index of a channel follows its name. */
static void follow_channels(struct alert *a, const struct alert_config *config)
{
	uint8_t from[CHANNELS_MAX];
	struct pace paces[CHANNELS_MAX];
	uint64_t creating[CHANNELS_MAX] = { 0 };
	uint32_t in_flight[CHANNELS_MAX] = { 0 };
	struct mono test_due[CHANNELS_MAX] = { 0 };

	memset(from, UINT8_MAX, sizeof from);
	for (uint8_t i = 0; i < CHANNELS_MAX; i++) {
		if (i < config->n_channels)
			from[i] = channel_before(a, &config->channels[i]);
		if (from[i] == UINT8_MAX) {
			pace_init(&paces[i], rng_next(&a->rng));
			continue;
		}
		paces[i] = a->paces[from[i]];
		creating[i] = a->creating[from[i]];
		in_flight[i] = a->in_flight[from[i]];
		test_due[i] = a->test_due[from[i]];
	}
	memcpy(a->paces, paces, sizeof paces);
	memcpy(a->creating, creating, sizeof creating);
	memcpy(a->in_flight, in_flight, sizeof in_flight);
	memcpy(a->test_due, test_due, sizeof test_due);
	map_each (&a->tracked, it) {
		move_channels(it->value, from);
		alert_busy(a, it->value);
	}
}

/* And what is kept by the index of a site. */
static void follow_sites(struct alert *a, const struct alert_config *config)
{
	struct alert_peer peers[SITES_MAX] = { 0 };
	struct mono reading[SITES_MAX] = { 0 };
	struct alert_touch touch[SITES_MAX];
	uint8_t to[SITES_MAX];

	for (uint8_t i = 0; i < SITES_MAX; i++)
		touch[i] = (struct alert_touch){ .doubt_due = { NEVER_MS } };
	for (uint8_t i = 0; i < a->cfg.n_sites; i++) {
		to[i] = alert_site_in(config, a->cfg.sites[i].name);
		if (to[i] == ALERT_NO_SITE)
			continue;
		peers[to[i]] = a->peers[i];
		reading[to[i]] = a->reading[i];
		touch[to[i]] = a->touch[i];
	}
	memcpy(a->peers, peers, sizeof peers);
	memcpy(a->reading, reading, sizeof reading);
	memcpy(a->touch, touch, sizeof touch);
	map_each (&a->tracked, it) {
		struct tracked *t = it->value;

		if (t->in->version)
			t->owner = alert_site_in(config, t->in->owner);
		for (uint8_t i = 0; i < CHANNELS_MAX; i++)
			if (t->slots[i].handed_to != ALERT_NO_SITE)
				t->slots[i].handed_to = to[t->slots[i].handed_to];
	}
}

void alert_renew_table(struct alert *a, const struct alert_config *declared)
{
	struct alert_config next = *declared;
	struct alert_check *checks = alerts_table(a, declared, &next.n_checks);
	struct judged *judged;

	if (checks)
		next.checks = checks;
	judged = must_alloc((next.n_checks + 1u) * sizeof *judged);
	for (uint16_t i = 0; i < next.n_checks; i++) {
		uint16_t old =
			a->judged ? alert_check_index(a, next.checks[i].name) : UINT16_MAX;

		judged[i].unwell.ms = judged[i].unlisted.ms = judged[i].restated.ms = NEVER_MS;
		if (old != UINT16_MAX) {
			judged[i] = a->judged[old];
			a->judged[old] = (struct judged){ 0 };
		}
	}
	for (uint16_t i = 0; i < a->n_judged; i++)
		free_judged(&a->judged[i]);
	free(a->judged);
	a->judged = judged;
	a->n_judged = next.n_checks;
	covers_load(a, &next);
	free(a->checks);
	a->checks = checks;
	a->cfg = next;
	a->is_dirty = true;
}

void alert_load(struct alert *a, struct now now, const struct alert_config *config)
{
	follow_channels(a, config);
	follow_sites(a, config);
	alert_renew_table(a, config);
	ways_load(a);
	a->silences.windows = config->windows;
	a->silences.n_windows = config->n_windows;
	if (a->is_started)
		alert_release_undeclared(a, now, NULL);
}

void alert_start(struct alert *a, struct now now)
{
	a->is_started = true;
	a->calm.ms = now.mono.ms + ALERT_CALM_MS;
	a->is_reunited = true;
	alerts_renew_table(a);
	map_each (&a->tracked, it) {
		struct tracked *t = it->value;

		t->linger.ms = now.mono.ms + ALERT_LINGER_MS;
	}
	alert_release_undeclared(a, now, NULL);
	alerts_start(a, now);
	a->prune_due.ms = now.mono.ms + PRUNE_EVERY_MS;
	a->is_dirty = true;
}

/* ---- inputs */

void alert_state(struct alert *a, struct now now, uint16_t check, const struct alert_state *st)
{
	struct judged *j = &a->judged[check];
	bool is_unwell = st->health == HEALTH_FAILING || st->health == HEALTH_SILENT;

	if (st->health == HEALTH_UNKNOWN)
		return;
	j->health = st->health;
	j->since = st->since;
	j->last_ok = st->last_ok;
	judged_text(&j->scope, st->scope);
	judged_text(&j->reason, st->reason);
	judged_text(&j->from, st->failing_from);
	if (!is_unwell) {
		j->unwell.ms = j->unlisted.ms = j->restated.ms = NEVER_MS;
		j->elsewhere.ms = 0;
		recovery_well(a, now, check);
		return;
	}
	if (j->unwell.ms == NEVER_MS)
		j->unwell = now.mono;
	folding_unwell(a, now, check);
}

/* Whose turn it is waits for who has much to read, as long as that one waits itself. */
static void note_reading(struct alert *a, struct now now, uint8_t site, bool is_reading)
{
	struct mono *reading = &a->reading[site];

	if (a->peers[site].is_reading == is_reading)
		return;
	if (is_reading || now.mono.ms < reading->ms + ALERT_READING_MS)
		*reading = now.mono;
	else
		reading->ms += ALERT_READING_MS;
}

void alert_peer(struct alert *a, struct now now, uint8_t site, const struct alert_peer *is)
{
	struct alert_peer *was = &a->peers[site];
	bool is_news = is->is_up != was->is_up;

	a->is_dirty |= is->is_up != was->is_up || is->can_deliver != was->can_deliver ||
		       is->is_dead != was->is_dead || is->is_reading != was->is_reading ||
		       (a->is_awaiting_reader && is->has_read.ms != was->has_read.ms);
	if (is->is_up && !was->is_up) {
		a->calm.ms = now.mono.ms + ALERT_CALM_MS;
		a->is_reunited = true;
	}
	note_reading(a, now, site, is->is_reading);
	*was = *is;
	if (is_news)
		alerts_peer(a, now, site);
}

bool alert_awaits_reader(const struct alert *a)
{
	return a->is_awaiting_reader;
}

void alert_behind(struct alert *a, struct now now, bool is_behind)
{
	if (a->is_behind == is_behind)
		return;
	a->is_behind = is_behind;
	a->is_dirty = true;
	/* What was on its way is known to all from here on: so long everybody's turn waited. */
	if (!is_behind && a->is_reunited && a->calm.ms < now.mono.ms)
		a->calm = now.mono;
}

void alert_caught_up(struct alert *a, struct now now)
{
	if (!a->is_reunited || a->is_behind || a->calm.ms <= now.mono.ms)
		return;
	a->calm = now.mono;
	a->is_dirty = true;
}

struct mono alert_calm(const struct alert *a)
{
	return a->sighted.ms > a->calm.ms ? a->sighted : a->calm;
}

bool alert_awaits_news(struct alert *a, struct now now)
{
	if (now.mono.ms >= alert_calm(a).ms)
		return a->is_reunited && a->is_behind;
	alert_wake_at(a, alert_calm(a));
	return true;
}

void alert_watcher(struct alert *a, struct now now, bool is_reachable)
{
	(void)now;
	if (a->is_watcher_reachable == is_reachable)
		return;
	a->is_watcher_reachable = is_reachable;
	a->is_dirty = true;
}

void alert_blind(struct alert *a, struct now now, bool is_blind)
{
	if (a->is_blind == is_blind)
		return;
	if (!is_blind)
		a->sighted.ms = now.mono.ms + ALERT_CALM_MS;
	a->is_blind = is_blind;
	a->is_dirty = true;
}

void alert_told_elsewhere(struct alert *a, struct now now, uint8_t site, const char *root)
{
	uint16_t check = alert_check_index(a, root);

	(void)site;
	if (check == UINT16_MAX)
		return;
	a->judged[check].elsewhere.ms = now.mono.ms + ELSEWHERE_MS;
}

void alert_hold(struct alert *a, bool is_held)
{
	a->is_dirty |= a->is_held != is_held;
	a->is_held = is_held;
}

bool alert_is_settling(const struct alert *a, uint16_t check)
{
	const struct alert_world *world = &a->cfg.world;

	return alert_is_declared(a, check) && world->is_settling &&
	       world->is_settling(world->ctx, check);
}

int64_t alert_settle_ms(const struct alert *a, uint16_t check)
{
	const char *kind = a->cfg.checks[check].kind;

	return kind && str_eq(kind, "watcher") ? ALERT_SETTLE_WATCHER_MS : ALERT_SETTLE_MS;
}

bool alert_is_delivering(const struct alert *a)
{
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (a->in_flight[i])
			return true;
	return false;
}

void alert_egress(struct alert *a, struct now now, uint8_t channel, bool is_ok)
{
	struct pace_answer answer = { .verdict = is_ok ? PACE_DELIVERED : PACE_FAILED,
		.retry_after_ms = -1,
		.remaining = -1,
		.reset_after_ms = -1 };
	struct pace *p = &a->paces[channel];

	if (is_ok && p->failures == 0 && !p->is_gone && !p->is_in_doubt)
		return;
	pace_answered(p, now.mono, &answer);
	a->is_dirty = true;
}

/* ---- time */

static void prune(struct alert *a, struct now now)
{
	a->prune_due.ms = now.mono.ms + PRUNE_EVERY_MS;
	alerts_prune(a, now);
	silences_prune(&a->silences, now.wall);
	if (a->n_names > a->n_judged + UNDECLARED_MAX)
		covers_load(a, &a->cfg);
	map_each (&a->tracked, it) {
		struct tracked *t = it->value;
		bool is_old = now.wall.ms - t->in->closed.ms > KEEP_CLOSED_MS;

		if (t->in->version && !incident_is_live(t->in) && is_old && outbox_is_settled(a, t))
			alert_forget(a, t);
	}
}

void alert_tick(struct alert *a, struct now now)
{
	int rounds = 0;

	if (!a->is_started || (!a->is_dirty && now.mono.ms < a->wake.ms))
		return;
	/* A step may make more to do (an incident opened is one to tell): until it doesn't. */
	do {
		must(++rounds < STEP_ROUNDS_MAX);
		a->is_dirty = a->is_awaiting_reader = false;
		a->wake.ms = NEVER_MS;
		alerts_step(a, now);
		folding_step(a, now);
		folding_publish(a, now);
		outbox_step(a, now);
	} while (a->is_dirty);
	rest(a);
	if (now.mono.ms >= a->prune_due.ms)
		prune(a, now);
	alert_wake_at(a, a->prune_due);
}

struct mono alert_wake(const struct alert *a)
{
	if (a->is_started && a->is_dirty)
		return (struct mono){ INT64_MIN };
	return a->wake;
}

/* ---- questions */

/* Of alerts that are listed one by one: these are what may be silenced. */
static bool is_group(const struct incident *in, const struct alert_check *spec, uint32_t i)
{
	return i == 0 && in->n_members > 1 && str_starts(spec->name, "alert:");
}

bool alert_is_silenced(const struct alert *a, struct wall now, const struct incident *in)
{
	for (uint32_t i = 0; i < in->n_members; i++) {
		uint16_t check = alert_check_of(a, &in->members[i]);
		const struct alert_check *spec;

		if (check == UINT16_MAX)
			return false;
		spec = &a->cfg.checks[check];
		if (is_group(in, spec, i))
			continue;
		if (!spec->is_inhibited &&
			!silences_cover(&a->silences, now, spec->labels, spec->n_labels, NULL))
			return false;
	}
	return in->n_members > 0;
}

bool alert_can_deliver(const struct alert *a, struct mono now)
{
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (!pace_is_dead(&a->paces[i], now) && !a->paces[i].is_gone)
			return true;
	return false;
}

const char *alert_channel_trouble(const struct alert *a, uint8_t channel, struct mono now)
{
	const struct pace *p = &a->paces[channel];

	if (p->is_gone)
		return "it refuses us: is the webhook still there?";
	return pace_is_dead(p, now) ? "messages don't get through from here" : NULL;
}

const struct map *alert_incidents(const struct alert *a)
{
	return &a->incidents;
}

const struct incident *alert_covering(const struct alert *a, const char *check)
{
	uintptr_t id1 = (uintptr_t)map_get(&a->names, check);
	const struct tracked *t = id1 ? a->covers[id1 - 1] : NULL;

	return t ? t->in : NULL;
}

const struct silences *alert_silences(const struct alert *a)
{
	return &a->silences;
}

bool alert_is_dealt_with(const struct alert *a, struct now now, uint16_t check)
{
	const struct tracked *t = a->covers[check];

	return t && incident_is_live(t->in) &&
	       (incident_was_told(t->in) || ways_lead_nowhere(t->in) ||
		       t->in->acked.ms || alert_is_silenced(a, now.wall, t->in));
}

/* Ours, or a watcher, which delivers for us. */
static bool has_way_out(const struct alert *a, uint8_t channel)
{
	return pace_dies(&a->paces[channel]).ms == NEVER_MS ||
	       (a->is_watcher_reachable && a->cfg.watcher && !a->paces[channel].is_gone);
}

/* Some channel shows it, or will in a moment; one that gave no answer maybe does.  The watcher knows what
 * it was handed only by this. */
static bool is_being_told(const struct alert *a, const struct tracked *t)
{
	for (uint8_t i = 0; i < a->cfg.n_channels; i++) {
		const struct outbox_slot *slot = &t->slots[i];

		if (t->in->told[i].version || slot->n_watcher_unanswered ||
			(slot->number && slot->is_by_watcher))
			return true;
		if ((slot->number || slot->may_be_repeat) && has_way_out(a, i))
			return true;
	}
	return false;
}

uint32_t alert_told_roots(const struct alert *a, const char **ret, uint32_t most)
{
	uint32_t n = 0;

	for (uint32_t at = 0; n < most && at < a->n_busy; at++) {
		const struct tracked *t = a->busy[at];

		if (t->owner == a->cfg.self && incident_is_live(t->in) && is_being_told(a, t))
			ret[n++] = t->in->cause;
	}
	return n;
}

static uint64_t fnv_text(uint64_t h, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t fnv_number(uint64_t h, uint64_t n)
{
	for (int i = 0; i < 8; i++, n >>= 8)
		h = (h ^ (n & 0xff)) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t alert_digest(const struct alert *a)
{
	const uint64_t basis = UINT64_C(0xcbf29ce484222325);
	uint64_t digest = alerts_digest(a); /* a sum: the order of arrival doesn't matter */

	for (uint32_t at = 0; at < a->n_busy; at++) {
		const struct incident *in = a->busy[at]->in;
		uint64_t h = fnv_text(basis, in->id);

		if (!incident_is_live(in))
			continue;
		/* How a flapping one stands at the moment is its owner's secret: it isn't journaled. */
		h = fnv_number(fnv_number(h, in->version),
			(uint64_t)(in->is_flapping ? INCIDENT_OPEN : in->state));
		h = fnv_number(fnv_text(h, in->ack_by), (uint64_t)in->acked.ms);
		for (uint8_t i = 0; i < a->cfg.n_channels; i++)
			h = fnv_number(h, in->told[i].version);
		digest += h;
	}
	for (uint32_t i = 0; i < a->silences.n; i++) {
		const struct silence *s = &a->silences.items[i];

		digest += fnv_number(fnv_text(basis, s->id), s->hlc);
	}
	return digest;
}
