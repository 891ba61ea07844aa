/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saving: what outlives a restart, as JSON.  Read back it is taken for what a stranger wrote: what
 * doesn't fit is as if it had not been saved.
 */
#include "core/watcher/watcher_private.h"

#define SAVED_VERSION 1

/* ---- writing */

static void save_slots(struct json_out *j, const char *key, const struct watcher *w,
	const struct slot *slots)
{
	json_object_open(j, key);
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		json_object_open(j, w->cfg.channels[i].name);
		json_text(j, "message", slots[i].message);
		json_int(j, "wanted", slots[i].wanted);
		json_int(j, "shown", slots[i].shown);
		json_bool(j, "may_be_repeat",
			slots[i].may_be_repeat || (slots[i].number && !*slots[i].message));
		json_close(j);
	}
	json_close(j);
}

/* What the site's present run asked for: it asks again until it has an answer. */
static void save_handed(struct json_out *j, const struct watched *s)
{
	json_array_open(j, "handed");
	for (uint32_t i = 0; i < HANDED_KEPT; i++) {
		const struct handed *h = &s->handed[(s->next_handed + i) % HANDED_KEPT];

		if (!h->number || h->boot != s->boot)
			continue;
		json_object_open(j, NULL);
		json_int(j, "number", (int64_t)h->number);
		json_bool(j, "delivered", h->is_delivered);
		json_bool(j, "lost", h->is_lost);
		json_bool(j, "unanswered", h->is_unanswered || h->ours);
		json_text(j, "message", h->message);
		json_close(j);
	}
	json_close(j);
}

static void save_site(struct json_out *j, const char *name, const struct watched *s)
{
	json_object_open(j, name);
	json_int(j, "state", s->state);
	json_time(j, "heard", s->heard_wall);
	json_time(j, "since", s->since);
	json_time(j, "gap_from", s->gap_from);
	json_time(j, "gap_until", s->gap_until);
	json_int(j, "boot", (int64_t)s->boot);
	json_int(j, "seq", (int64_t)s->seq);
	json_array_open(j, "past_boots");
	for (uint32_t i = 0; i < BOOTS_KEPT; i++) {
		uint64_t boot = s->past_boots[(s->next_past_boot + i) % BOOTS_KEPT];

		if (boot)
			json_int(j, NULL, (int64_t)boot);
	}
	json_close(j);
	save_handed(j, s);
	json_close(j);
}

void watcher_save(const struct watcher *w, struct str *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_object_open(&j, NULL);
	json_int(&j, "version", SAVED_VERSION);
	json_object_open(&j, "sites");
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		save_site(&j, w->cfg.sites[i], &w->sites[i]);
	json_close(&j);
	json_bool(&j, "has_outage", w->has_outage);
	json_time(&j, "outage_ended", w->outage_ended);
	save_slots(&j, "outage", w, w->outage);
	save_slots(&j, "drill", w, w->drill);
	json_close(&j);
}

/* ---- reading */

static uint32_t read_count(const json_t *o, const char *key)
{
	int64_t n = json_get_int(o, key, 0);

	return n > 0 && n < UINT32_MAX / 2 ? (uint32_t)n : 0;
}

static void load_slots(const json_t *o, const struct watcher *w, struct slot *slots)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		const json_t *slot = json_object_get(o, w->cfg.channels[i].name);

		if (!str_copy(slots[i].message, sizeof slots[i].message,
			    json_get_text(slot, "message", "")))
			slots[i].message[0] = '\0';
		slots[i].wanted = read_count(slot, "wanted");
		slots[i].shown = read_count(slot, "shown");
		slots[i].may_be_repeat = json_get_bool(slot, "may_be_repeat", false);
	}
}

static void load_boots(struct watched *s, const json_t *o)
{
	const json_t *list = json_object_get(o, "past_boots"), *item;
	size_t i;

	json_array_foreach (list, i, item)
		s->past_boots[s->next_past_boot++ % BOOTS_KEPT] =
			(uint64_t)json_integer_value(item);
}

static void load_handed(struct watched *s, const json_t *o)
{
	const json_t *list = json_object_get(o, "handed"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct handed *h = &s->handed[s->next_handed++ % HANDED_KEPT];

		*h = (struct handed){ .boot = s->boot,
			.number = (uint64_t)json_get_int(item, "number", 0),
			.is_delivered = json_get_bool(item, "delivered", false),
			.is_lost = json_get_bool(item, "lost", false),
			.is_unanswered = json_get_bool(item, "unanswered", false),
			.reason = "the watcher was restarted" };
		if (!str_copy(h->message, sizeof h->message, json_get_text(item, "message", "")))
			h->message[0] = '\0';
	}
}

static void load_site(struct watched *s, struct now now, const json_t *o)
{
	int64_t state = json_get_int(o, "state", WATCHED_UNKNOWN);
	int64_t quiet_ms;

	s->heard_wall = json_get_time(o, "heard");
	if (state > WATCHED_UNKNOWN && state <= WATCHED_TOLD)
		s->state = (enum watched_state)state;
	s->gap_from = json_get_time(o, "gap_from");
	s->gap_until = json_get_time(o, "gap_until");
	s->boot = (uint64_t)json_get_int(o, "boot", 0);
	s->seq = (uint64_t)json_get_int(o, "seq", 0);
	load_boots(s, o);
	load_handed(s, o);
	if (!s->heard_wall.ms) {
		if (s->state != WATCHED_TOLD)
			s->state = WATCHED_UNKNOWN;
		return;
	}
	quiet_ms = now.wall.ms - s->heard_wall.ms;
	s->heard.ms = now.mono.ms - (quiet_ms > 0 ? quiet_ms : 0);
	s->since = json_get_time(o, "since");
}

enum rc watcher_load(struct watcher *w, struct now now, const char *text, size_t n, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	const json_t *sites;
	enum rc rc = json_read(&o, text, n, e);

	if (rc != RC_OK)
		return err_in(e, rc, "the watcher's state");
	if (json_get_int(o, "version", 0) != SAVED_VERSION)
		return err_set(e, RC_UNSUPPORTED, "the watcher's state is of another version");
	sites = json_object_get(o, "sites");
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		load_site(&w->sites[i], now, json_object_get(sites, w->cfg.sites[i]));
	w->has_outage = json_get_bool(o, "has_outage", false);
	w->outage_ended = json_get_time(o, "outage_ended");
	load_slots(json_object_get(o, "outage"), w, w->outage);
	load_slots(json_object_get(o, "drill"), w, w->drill);
	watcher_end_orphaned_outage(w, now);
	return RC_OK;
}
