/* SPDX-License-Identifier: Apache-2.0 */
/* sending: what channels should show and what they show; deliveries for sites; effects. */
#include "core/watcher/watcher_private.h"

#include <string.h>

#define RETRY_MIN_MS   2000
#define RETRY_MAX_MS   (60 * SECOND_MS)
#define UNANSWERED_MS  (25 * SECOND_MS)
#define DRILL_ATTEMPTS 3
#define DRILL_FRESH_MS MINUTE_MS /* its message tells minutes */

/* ---- effects */

static struct watcher_effect *push(struct watcher *w, enum watcher_effect_kind kind)
{
	struct watcher_effect *fx = ring_push(&w->effects);

	fx->kind = kind;
	return fx;
}

bool watcher_next(struct watcher *w, struct watcher_effect *ret)
{
	if (w->is_unsaved) {
		w->is_unsaved = false;
		*ret = (struct watcher_effect){ .kind = WATCHER_DO_SAVE };
		return true;
	}
	return ring_pop(&w->effects, ret);
}

void sending_say(struct watcher *w, const char *site, const char *what)
{
	struct watcher_effect *fx = push(w, WATCHER_SAY);

	snprintf(fx->text, sizeof fx->text, "%s %s", site, what);
}

/* ---- our own messages */

static void send(struct watcher *w, struct now now, uint32_t channel, struct slot *slot)
{
	struct watcher_effect *fx = push(w, WATCHER_DO_DELIVER);
	const struct watcher_channel *to = &w->cfg.channels[channel];

	fx->number = slot->number = ++w->last_number;
	slot->sending = slot->wanted;
	w->is_unsaved = true;
	slot->deadline.ms = now.mono.ms + UNANSWERED_MS;
	str_copy(fx->channel, sizeof fx->channel, to->name);
	fx->is_edit = *slot->message && to->kind == WATCHER_DISCORD;
	if (fx->is_edit)
		str_copy(fx->message, sizeof fx->message, slot->message);
	if (slot == &w->outage[channel])
		texts_outage(w, channel, now, &fx->payload);
	else
		texts_drill(w, channel, now, &fx->payload);
}

static void attend(struct watcher *w, struct now now, uint32_t channel, struct slot *slot)
{
	struct watcher_outcome nothing = { .number = slot->number,
		.is_unanswered = true,
		.retry_after_ms = -1,
		.reason = "no answer" };

	if (slot->number && now.mono.ms >= slot->deadline.ms)
		watcher_delivered(w, now, &nothing);
	if (!slot->number && slot->wanted != slot->shown && now.mono.ms >= slot->due.ms)
		send(w, now, channel, slot);
}

void sending_tick(struct watcher *w, struct now now)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		attend(w, now, i, &w->outage[i]);
		attend(w, now, i, &w->drill[i]);
	}
}

static int64_t slot_wake(const struct slot *slot)
{
	if (slot->number)
		return slot->deadline.ms;
	return slot->wanted != slot->shown ? slot->due.ms : NEVER_MS;
}

int64_t sending_wake_ms(const struct watcher *w)
{
	int64_t wake = NEVER_MS;

	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		if (slot_wake(&w->outage[i]) < wake)
			wake = slot_wake(&w->outage[i]);
		if (slot_wake(&w->drill[i]) < wake)
			wake = slot_wake(&w->drill[i]);
	}
	return wake;
}

void sending_begin_outage(struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		struct slot *slot = &w->outage[i];

		/* A message that still has to be told that it is over tells the new one instead. */
		if (!slot->number && slot->wanted == slot->shown)
			*slot = (struct slot){ 0 };
	}
}

void sending_want_outage(struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		w->outage[i].wanted += !w->cfg.channels[i].is_for_sites;
	w->is_unsaved = true;
}

bool sending_is_outage_out(const struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		const struct slot *slot = &w->outage[i];
		bool is_lost = w->cfg.channels[i].kind == WATCHER_DISCORD && !*slot->message;

		if (slot->number || (slot->shown && !is_lost))
			return true;
	}
	return false;
}

void sending_drop_outage(struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		w->outage[i] = (struct slot){ 0 };
	w->is_unsaved = true;
}

/* ---- drills */

static void settle_drill(struct watcher *w, bool is_ok, const char *reason)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		struct watched *s = &w->sites[i];

		if (!s->wants_drill || s->drill_done)
			continue;
		s->drill_done = true;
		s->drill_ok = is_ok;
		str_copy(s->drill_reason, sizeof s->drill_reason, reason ? reason : "");
	}
}

static bool is_fresh(const struct slot *slot, struct now now)
{
	return slot->wanted == slot->shown && slot->delivered.ms &&
	       now.mono.ms - slot->delivered.ms < DRILL_FRESH_MS;
}

static void want_drill(struct watcher *w, struct now now, struct slot *slot)
{
	if (is_fresh(slot, now)) {
		settle_drill(w, true, NULL);
		return;
	}
	if (slot->failures) /* asked anew: not after the patience that the failures have bred */
		slot->due = now.mono;
	slot->wanted += slot->wanted == slot->shown;
	w->drill_attempts = 0;
	w->is_unsaved = true;
}

void sending_want_drill(struct watcher *w, struct now now)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		if (w->cfg.channels[i].kind == WATCHER_DISCORD &&
			!w->cfg.channels[i].is_for_sites) {
			want_drill(w, now, &w->drill[i]);
			return; /* one channel proves the way */
		}
	settle_drill(w, false, "no Discord channel is declared");
}

/* ---- for sites */

const struct handed *sending_handed(const struct watched *s, uint64_t boot, uint64_t number)
{
	for (uint32_t i = 0; i < HANDED_KEPT; i++)
		if (s->handed[i].number == number && s->handed[i].boot == boot && number)
			return &s->handed[i];
	return NULL;
}

static bool is_channel(const struct watcher *w, const char *name)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		if (str_eq(w->cfg.channels[i].name, name))
			return true;
	return false;
}

void sending_take(struct watcher *w, struct watched *s, uint64_t boot,
	const struct beacon_delivery *d)
{
	struct watcher_effect *fx;
	struct handed *h;

	if (sending_handed(s, boot, d->number))
		return; /* a repeat: under way, or done */
	h = &s->handed[s->next_handed++ % HANDED_KEPT];
	*h = (struct handed){ .boot = boot, .number = d->number };
	w->is_unsaved = true;
	if (!is_channel(w, d->channel)) {
		snprintf(h->reason, sizeof h->reason, "the watcher's lab.yaml has no channel '%s'",
			d->channel);
		return;
	}
	fx = push(w, WATCHER_DO_DELIVER);
	fx->number = h->ours = ++w->last_number;
	fx->is_edit = d->is_edit;
	str_copy(fx->channel, sizeof fx->channel, d->channel);
	str_copy(fx->message, sizeof fx->message, d->message);
	str_add(&fx->payload, d->payload);
}

static void settle_handed(struct watcher *w, struct watched *s, const struct watcher_outcome *o)
{
	for (uint32_t i = 0; i < HANDED_KEPT; i++) {
		struct handed *h = &s->handed[i];

		if (h->ours != o->number)
			continue;
		h->ours = 0;
		w->is_unsaved = true;
		h->is_delivered = o->is_delivered;
		h->is_lost = o->is_lost;
		h->is_unanswered = o->is_unanswered;
		str_copy(h->message, sizeof h->message, o->message ? o->message : "");
		str_copy(h->reason, sizeof h->reason, o->reason ? o->reason : "");
	}
}

/* ---- outcomes */

static int64_t backoff_ms(uint32_t failures)
{
	int64_t wait = RETRY_MIN_MS << (failures < 6 ? failures : 6);

	return wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
}

static void settle_slot(struct watcher *w, struct now now, struct slot *slot,
	const struct watcher_outcome *o)
{
	slot->number = 0;
	slot->may_be_repeat |= o->is_unanswered && !*slot->message;
	w->is_unsaved = true;
	if (o->is_delivered) {
		slot->shown = slot->sending;
		slot->delivered = now.mono;
		slot->failures = 0;
		slot->may_be_repeat = false;
		if (o->message && *o->message)
			str_copy(slot->message, sizeof slot->message, o->message);
	} else if (o->is_lost && *slot->message) {
		slot->message[0] = '\0'; /* somebody deleted it: a new one, now */
		slot->due = now.mono;
	} else {
		slot->due.ms = now.mono.ms + (o->retry_after_ms >= 0 ? o->retry_after_ms
								     : backoff_ms(slot->failures));
		slot->failures = o->retry_after_ms < 0 ? slot->failures + 1 : 0;
	}
}

void watcher_delivered(struct watcher *w, struct now now, const struct watcher_outcome *o)
{
	if (o->number == 0)
		return;
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		if (w->outage[i].number == o->number)
			settle_slot(w, now, &w->outage[i], o);
		if (w->drill[i].number != o->number)
			continue;
		settle_slot(w, now, &w->drill[i], o);
		if (o->is_delivered)
			settle_drill(w, true, NULL);
		else if (++w->drill_attempts >= DRILL_ATTEMPTS)
			settle_drill(w, false, o->reason);
	}
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		settle_handed(w, &w->sites[i], o);
}
