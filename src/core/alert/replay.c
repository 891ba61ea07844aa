/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: events of the journals, folded into the same state at every site.
 *
 * Chains may arrive in any order between each other.  An incident's own events come from one writer
 * and are whole; receipts carry versions, so the highest stands; acknowledgements and silences go
 * by hybrid logical time.  What arrives before its incident waits in an empty one.
 */
#include "core/alert/covers.h"
#include "core/alert/merging.h"

#include <string.h>

/* Strangers' words about incidents that nobody has heard of give way first, then what is over. */
static struct tracked *most_dispensable(const struct alert *a)
{
	struct tracked *over = NULL;

	map_each (&a->tracked, it) {
		struct tracked *t = it->value;

		if (!t->in->version)
			return t;
		if (!over && !incident_is_live(t->in) && outbox_is_settled(a, t))
			over = t;
	}
	return over;
}

static struct tracked *begin(struct alert *a, struct incident *in)
{
	struct tracked *t = must_alloc(sizeof *t);

	t->in = in;
	t->owner = ALERT_NO_SITE;
	t->cause_recovered.ms = NEVER_MS;
	for (uint32_t i = 0; i < CHANNELS_MAX; i++)
		t->slots[i].handed_to = ALERT_NO_SITE;
	t->born = ++a->last_born;
	map_put(&a->tracked, in->id, t);
	alert_busy(a, t);
	return t;
}

static bool make_room(struct alert *a)
{
	struct tracked *t;

	if (map_count(&a->tracked) < INCIDENTS_OPEN_MAX)
		return true;
	t = most_dispensable(a);
	if (t)
		alert_forget(a, t);
	return t != NULL;
}

/* The incident of that id, or an empty one for it; NULL when there is no room. */
static struct tracked *track(struct alert *a, const char *id)
{
	return map_has(&a->tracked, id) || make_room(a) ? replay_track(a, id) : NULL;
}

struct tracked *replay_track(struct alert *a, const char *id)
{
	struct tracked *t = map_get(&a->tracked, id);
	struct incident *in;

	if (t) {
		alert_busy(a, t);
		return t;
	}
	in = incident_new();
	str_copy(in->id, sizeof in->id, id);
	return begin(a, in);
}

/* The incident's own content is replaced; what others added to it stays. */
static void replace(struct alert *a, struct tracked *t, struct incident *in)
{
	struct incident *old = t->in;

	if (old == in)
		return;
	incident_inherit(in, old);
	if (incident_is_live(old)) {
		old->state = INCIDENT_CLOSED;
		covers_put(a, t);
	}
	t->in = in;
	incident_free(old);
}

/* Of an incident of ours comes back what we had written before our disk was wiped or set back,
 * after we have written of it anew.  What we say now stands, though the others go by stamps and
 * channels may show that older version: so we say it again, as a newer one. */
static void outgrow(struct alert *a, struct tracked *t, uint32_t version)
{
	if (version > t->in->version)
		t->in->version = version;
	t->published = t->in->version;
	t->is_changed = true;
	a->is_dirty = true;
}

/* Where an incident that was read belongs.  The first of its id is what is tracked from here on,
 * and *in still points there; NULL when there is no room. */
static struct tracked *place_of(struct alert *a, struct incident *in)
{
	struct tracked *t = map_get(&a->tracked, in->id);

	if (!t)
		return make_room(a) ? begin(a, in) : NULL;
	alert_busy(a, t);
	return t;
}

static void apply_incident(struct alert *a, struct now now, const struct alert_event *ev)
{
	scoped(incident_free) struct incident *in = NULL;
	struct tracked *t;
	uint8_t owner = alert_site_index(a, ev->site);

	if (incident_read(ev->subject, ev->body, &in, NULL) != RC_OK || strcmp(in->owner, ev->site))
		return; /* a site speaks for its own incidents only */
	t = place_of(a, in);
	if (!t || (t->owner != ALERT_NO_SITE && t->owner != owner))
		return;
	if (owner == a->cfg.self && folding_second_of(ev->subject) > a->last_second)
		a->last_second = folding_second_of(ev->subject);
	if (owner == a->cfg.self && t->is_said) {
		outgrow(a, t, in->version);
		return;
	}
	if (ev->hlc < t->stamp)
		return; /* of an older epoch that arrived later */
	t->stamp = ev->hlc;
	t->owner = owner;
	t->published = in->version;
	t->cause_recovered.ms = in->members[0].recovered.ms ? now.mono.ms : NEVER_MS;
	t->cause_fell = now.mono;
	replace(a, t, TAKE(in));
	map_put(&a->incidents, t->in->id, t->in);
	covers_put(a, t);
	a->is_dirty = true;
	if (!a->is_started)
		return;
	alert_push(a, ALERT_SAY_CHANGED, ev->subject);
	a->is_merging_due = true;
	a->is_release_due |= owner == a->cfg.self;
}

static uint8_t channel_of(const struct alert *a, const struct json_node *body)
{
	const char *name = json_node_text(body, "channel", "");

	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (str_eq(a->cfg.channels[i].name, name))
			return i;
	return UINT8_MAX;
}

static void apply_receipt(struct alert *a, const struct alert_event *ev)
{
	uint8_t channel = channel_of(a, ev->body);
	struct outbox_receipt receipt = {
		.version = (uint32_t)json_node_int(ev->body, "version", 0),
		.at = ev->wall,
		.message = json_node_text(ev->body, "message", ""),
		.via = json_node_text(ev->body, "via", ev->site),
	};
	struct tracked *t;

	if (channel == UINT8_MAX)
		return;
	t = track(a, ev->subject);
	if (!t)
		return;
	outbox_told(a, t, channel, &receipt);
	a->is_merging_due |= a->is_started;
	a->is_dirty = true;
}

static void apply_handoff(struct alert *a, struct now now, const struct alert_event *ev)
{
	uint8_t channel = channel_of(a, ev->body);
	uint8_t to = alert_site_index(a, json_node_text(ev->body, "to", ""));
	bool says_repeat = json_node_bool(ev->body, "may_be_repeat", false);
	uint32_t version = (uint32_t)json_node_int(ev->body, "version", 0), told;
	struct outbox_slot *slot;
	struct tracked *t;
	bool is_stale;

	if (channel == UINT8_MAX)
		return;
	t = track(a, ev->subject);
	if (!t)
		return;
	slot = &t->slots[channel];
	told = t->in->told[channel].version;
	if (str_eq(ev->site, a->cfg.sites[a->cfg.self].name)) {
		/* Ours, of before a restart: maybe it was told, and the receipt didn't get here. */
		if (!told || (says_repeat && told < version))
			outbox_doubt(a, now, t, channel);
		return;
	}
	if (to != a->cfg.self) { /* given to another, or taken back */
		slot->is_for_us = false;
		return;
	}
	slot->is_for_us = true;
	if (says_repeat)
		outbox_doubt(a, now, t, channel);
	slot->handed_version = version;
	/* From its arrival on, since clocks may differ; of before a start, or before we met again,
	 * it is stale, and the owner's business again. */
	is_stale = !a->is_started || (a->is_reunited && a->is_behind);
	slot->handed_until.ms = now.mono.ms + (is_stale ? 0 : ALERT_ASKED_MS);
	a->is_dirty = true;
}

static void apply_ack(struct alert *a, const struct alert_event *ev)
{
	struct tracked *t = track(a, ev->subject);

	if (!t || ev->wall.ms <= t->in->acked.ms)
		return;
	t->in->acked = ev->wall;
	incident_set(t->in, &t->in->ack_by, json_node_text(ev->body, "by", ev->site));
	incident_set(t->in, &t->in->ack_why, json_node_text(ev->body, "why", NULL));
	if (t->owner == a->cfg.self && incident_is_live(t->in) && a->is_started)
		folding_change(a, t, t->in->ack_by, "looks after it");
	a->is_dirty = true;
}

static void apply_silence(struct alert *a, const struct alert_event *ev)
{
	char *annotations = silence_annotations(json_node_get(ev->body, "annotations"));
	const struct silence_word word = { .id = ev->subject,
		.annotations = annotations,
		.hlc = ev->hlc,
		.matchers = json_node_text(ev->body, "matchers", ""),
		.from = json_node_time(ev->body, "from"),
		.until = json_node_time(ev->body, "until"),
		.why = json_node_text(ev->body, "why", ""),
		.by = json_node_text(ev->body, "by", ev->site) };

	/* A malformed silence is the writer's mistake; its own site refused it already. */
	if (silences_apply(&a->silences, &word, NULL) == RC_OK)
		a->is_dirty = true;
	free(annotations);
}

void alert_event(struct alert *a, struct now now, const struct alert_event *ev)
{
	if (str_eq(ev->kind, "incident"))
		apply_incident(a, now, ev);
	else if (str_eq(ev->kind, "receipt"))
		apply_receipt(a, ev);
	else if (str_eq(ev->kind, "handoff"))
		apply_handoff(a, now, ev);
	else if (str_eq(ev->kind, "ack"))
		apply_ack(a, ev);
	else if (str_eq(ev->kind, "silence"))
		apply_silence(a, ev);
	else if (str_eq(ev->kind, "alerts"))
		alerts_event(a, now, ev);
}
