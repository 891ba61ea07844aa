/* SPDX-License-Identifier: Apache-2.0 */
/* The states of the header's picture, the beacons that change them, and time.  How the rest is
 * done: see watcher_private.h. */
#include "core/watcher/watcher_private.h"

#include <string.h>

#define START_GRACE_MS (15 * SECOND_MS) /* after a start the sites need a moment to be heard */
#define SAVE_EVERY_MS  MINUTE_MS

/* ---- states of sites */

static bool has_told(const struct watched *s, const char *kind, const char *name)
{
	char root[NAME_BYTES_MAX + 16];

	snprintf(root, sizeof root, "%s:%s", kind, name);
	for (uint32_t i = 0; i < s->n_told; i++)
		if (str_eq(s->told[i], root))
			return true;
	return false;
}

/* That it is dead, or, by one that hears it, that the way to us is broken. */
static bool is_told_by_a_living_site(const struct watcher *w, uint32_t site)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		if (i == site || s->state != WATCHED_HEARD)
			continue;
		if (has_told(s, "site", w->cfg.sites[site]) ||
			(s->hears & (1u << site) && has_told(s, "watcher", w->cfg.name)))
			return true;
	}
	return false;
}

uint32_t watcher_witness(const struct watcher *w, uint32_t site)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (i != site && w->sites[i].state == WATCHED_HEARD &&
			w->sites[i].hears & (1u << site))
			return i;
	return SITES_MAX;
}

static void become(struct watcher *w, struct now now, uint32_t site, enum watched_state next)
{
	static const char *const words[] = {
		[WATCHED_UNKNOWN] = "is not known",
		[WATCHED_HEARD] = "is heard",
		[WATCHED_SILENT] = "went silent",
		[WATCHED_TOLD] = "is silent, and nobody has told",
	};
	struct watched *s = &w->sites[site];

	if (next == WATCHED_HEARD)
		s->since = now.wall;
	else if (s->heard_wall.ms)
		s->since = s->heard_wall;
	s->state = next;
	if (next != WATCHED_HEARD && s->hears) { /* it bears witness no more */
		s->hears = 0;
		if (watcher_has_told(w))
			sending_want_outage(w);
	}
	w->is_unsaved = true;
	sending_say(w, w->cfg.sites[site], words[next]);
}

bool watcher_has_told(const struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (w->sites[i].state == WATCHED_TOLD)
			return true;
	return false;
}

void watcher_end_orphaned_outage(struct watcher *w, struct now now)
{
	if (!w->has_outage || w->outage_ended.ms || watcher_has_told(w))
		return;
	w->outage_ended = now.wall;
	sending_want_outage(w);
}

static void tell(struct watcher *w, struct now now, uint32_t site)
{
	struct watched *s = &w->sites[site];

	become(w, now, site, WATCHED_TOLD);
	if (!w->has_outage || w->outage_ended.ms) {
		sending_begin_outage(w);
		for (uint32_t i = 0; i < w->cfg.n_sites; i++)
			w->sites[i].gap_from.ms = 0;
	}
	s->gap_from = s->since;
	s->gap_until.ms = 0;
	w->has_outage = true;
	w->outage_ended.ms = 0;
	sending_want_outage(w);
}

static void hear(struct watcher *w, struct now now, uint32_t site)
{
	struct watched *s = &w->sites[site];
	bool was_told = s->state == WATCHED_TOLD;

	s->heard = now.mono;
	s->heard_wall = now.wall;
	if (s->state != WATCHED_HEARD)
		become(w, now, site, WATCHED_HEARD);
	if (!was_told)
		return;
	s->gap_until = now.wall;
	if (!watcher_has_told(w))
		w->outage_ended = now.wall;
	sending_want_outage(w);
}

/* The moment of the next state, as long as nothing is heard. */
static int64_t due_alone(const struct watcher *w, const struct watched *s)
{
	int64_t start = w->started.ms + START_GRACE_MS, due;

	if (s->state == WATCHED_TOLD)
		return NEVER_MS;
	if (s->state == WATCHED_UNKNOWN)
		return s->listened.ms + WATCHER_SPEAK_MS;
	due = s->heard.ms + (s->state == WATCHED_HEARD ? WATCHER_SILENT_MS : WATCHER_SPEAK_MS);
	return due > start ? due : start;
}

/* Sites that fell silent within a beacon's interval are told together; and who has just started doesn't know
 * yet whom it hears, and what it has told. */
static int64_t told_due(const struct watcher *w, uint32_t site)
{
	int64_t due = due_alone(w, &w->sites[site]), last = due;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];
		int64_t other = due_alone(w, s), knows = s->booted.ms + START_GRACE_MS;

		if (s->state == WATCHED_HEARD && s->booted.ms && knows > last)
			last = knows;
		if (s->state == WATCHED_SILENT && other > last && other <= due + BEACON_MS &&
			!is_told_by_a_living_site(w, i))
			last = other;
	}
	return last;
}

static int64_t state_due(const struct watcher *w, uint32_t site)
{
	const struct watched *s = &w->sites[site];

	return s->state == WATCHED_SILENT ? told_due(w, site) : due_alone(w, s);
}

static void age(struct watcher *w, struct now now, uint32_t site)
{
	struct watched *s = &w->sites[site];

	if (now.mono.ms < state_due(w, site))
		return;
	if (s->state == WATCHED_HEARD)
		become(w, now, site, WATCHED_SILENT);
	else if (!is_told_by_a_living_site(w, site))
		tell(w, now, site);
}

/* A living site has told it, before anything of ours could be shown: it isn't ours to tell any more. */
static void withdraw(struct watcher *w, struct now now)
{
	if (!w->has_outage || w->outage_ended.ms || sending_is_outage_out(w))
		return;
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (w->sites[i].state == WATCHED_TOLD && is_told_by_a_living_site(w, i))
			become(w, now, i, WATCHED_SILENT);
	if (watcher_has_told(w))
		return;
	w->has_outage = false;
	sending_drop_outage(w);
}

/* ---- beacons */

static uint32_t site_index(const struct watcher *w, const char *name)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (str_eq(w->cfg.sites[i], name))
			return i;
	return SITES_MAX;
}

static bool is_past_boot(const struct watched *s, uint64_t boot)
{
	for (uint32_t i = 0; i < BOOTS_KEPT; i++)
		if (s->past_boots[i] == boot && boot)
			return true;
	return false;
}

/* A beacon must be newer than the last: a recorded one proves nothing. */
static enum rc check_fresh(const struct watched *s, struct now now, const struct beacon *b,
	struct err *e)
{
	int64_t off_ms = b->wall.ms - now.wall.ms;

	if (b->boot == s->boot && b->seq <= s->seq)
		return err_set(e, RC_CONFLICT, "beacon %llu of %s was here already",
			(unsigned long long)b->seq, b->site);
	if (is_past_boot(s, b->boot))
		return err_set(e, RC_CONFLICT, "a beacon of %s from before its last start",
			b->site);
	if (b->boot != s->boot && (off_ms > BEACON_SKEW_MS || off_ms < -BEACON_SKEW_MS))
		return err_set(e, RC_REFUSED,
			"the clocks of %s and the watcher differ by %lld s: set them", b->site,
			(long long)(off_ms / 1000));
	return RC_OK;
}

static void take_order(struct watcher *w, struct now now, struct watched *s, const struct beacon *b)
{
	if (s->boot != b->boot) {
		s->booted = now.mono;
		s->past_boots[s->next_past_boot++ % BOOTS_KEPT] = s->boot;
		w->is_unsaved = true;
	}
	s->boot = b->boot;
	s->seq = b->seq;
}

static void take_told(struct watched *s, const struct beacon *b)
{
	while (s->n_told)
		free(s->told[--s->n_told]);
	for (uint32_t i = 0; i < b->n_told; i++)
		s->told[s->n_told++] = must_strdup(b->told[i]);
}

/* Whom it hears decides what is said of those who are silent. */
static void take_heard(struct watcher *w, struct watched *s, const struct beacon *b)
{
	uint32_t hears = 0;

	for (uint32_t i = 0; i < b->n_hears; i++) {
		uint32_t site = site_index(w, b->hears[i]);

		if (site < SITES_MAX)
			hears |= 1u << site;
	}
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if ((s->hears ^ hears) & (1u << i) && w->sites[i].state == WATCHED_TOLD) {
			sending_want_outage(w);
			break;
		}
	s->hears = hears;
}

static void take_drill(struct watcher *w, struct now now, struct watched *s, bool wants)
{
	bool is_new = wants && !s->wants_drill;

	s->wants_drill = wants;
	if (!wants || is_new)
		s->drill_done = false;
	if (is_new)
		sending_want_drill(w, now);
}

static void fill_views(const struct watcher *w, struct now now, struct beacon_answer *ret)
{
	ret->n_sites = w->cfg.n_sites;
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];
		struct beacon_view *v = &ret->sites[i];

		str_copy(v->site, sizeof v->site, w->cfg.sites[i]);
		v->is_heard = s->state == WATCHED_HEARD;
		v->quiet_ms = s->heard_wall.ms ? now.mono.ms - s->heard.ms : -1;
		v->since = s->since;
		v->n_told = s->n_told;
		for (uint32_t j = 0; j < s->n_told; j++)
			v->told[j] = s->told[j];
	}
}

static void fill_receipts(const struct watched *from, const struct beacon *b,
	struct beacon_answer *ret)
{
	ret->n_receipts = 0;
	for (uint32_t i = 0; i < b->n_deliver; i++) {
		const struct handed *h = sending_handed(from, b->boot, b->deliver[i].number);
		struct beacon_receipt *r = &ret->receipts[ret->n_receipts];

		if (!h || h->ours)
			continue;
		r->number = h->number;
		r->is_delivered = h->is_delivered;
		r->is_lost = h->is_lost;
		r->is_unanswered = h->is_unanswered;
		str_copy(r->message, sizeof r->message, h->message);
		str_copy(r->reason, sizeof r->reason, h->reason);
		ret->n_receipts++;
	}
}

static void fill_answer(const struct watcher *w, struct now now, const struct watched *from,
	const struct beacon *b, struct beacon_answer *ret)
{
	ret->boot = b->boot;
	ret->seq = b->seq;
	ret->wall = now.wall;
	ret->drill_done = from->drill_done;
	ret->drill_ok = from->drill_ok;
	str_copy(ret->watcher, sizeof ret->watcher, w->cfg.name);
	str_copy(ret->config_why, sizeof ret->config_why, w->config_why);
	ret->lab_hash = w->cfg.lab_hash;
	str_copy(ret->drill_reason, sizeof ret->drill_reason, from->drill_reason);
	fill_views(w, now, ret);
	fill_receipts(from, b, ret);
}

enum rc watcher_beacon(struct watcher *w, struct now now, const struct beacon *b,
	struct beacon_answer *ret, struct err *e)
{
	uint32_t site = site_index(w, b->site);
	struct watched *s = &w->sites[site < SITES_MAX ? site : 0];
	enum rc rc;

	if (!str_eq(b->lab, w->cfg.lab))
		return err_set(e, RC_REFUSED, "this is the watcher of lab '%s', not of '%s'",
			w->cfg.lab, b->lab);
	if (site == SITES_MAX)
		return err_set(e, RC_REFUSED, "no site '%s' in the watcher's lab.yaml", b->site);
	rc = check_fresh(s, now, b, e);
	if (rc != RC_OK)
		return rc;
	take_order(w, now, s, b);
	take_told(s, b);
	hear(w, now, site);
	take_heard(w, s, b);
	take_drill(w, now, s, b->wants_drill);
	for (uint32_t i = 0; i < b->n_deliver; i++)
		sending_take(w, s, b->boot, &b->deliver[i]);
	watcher_tick(w, now);
	fill_answer(w, now, s, b, ret);
	return RC_OK;
}

/* ---- time */

void watcher_tick(struct watcher *w, struct now now)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		age(w, now, i);
	withdraw(w, now);
	sending_tick(w, now);
	if (now.mono.ms >= w->save_due.ms) {
		w->save_due.ms = now.mono.ms + SAVE_EVERY_MS;
		w->is_unsaved = true;
	}
}

struct mono watcher_wake(const struct watcher *w)
{
	int64_t wake = sending_wake_ms(w);

	if (w->save_due.ms < wake)
		wake = w->save_due.ms;
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		int64_t due = state_due(w, i);
		bool is_told = w->sites[i].state != WATCHED_HEARD && is_told_by_a_living_site(w, i);

		/* A silence that a living site has told is looked at with each of its beacons. */
		if (due < wake && !is_told)
			wake = due;
	}
	return (struct mono){ wake };
}

/* ---- life */

struct watcher *watcher_new(const struct watcher_config *config, struct now now)
{
	struct watcher *w = must_alloc(sizeof *w);

	w->cfg = *config;
	w->effects = RING_OF(struct watcher_effect);
	w->started = now.mono;
	w->save_due.ms = now.mono.ms + SAVE_EVERY_MS;
	for (uint32_t i = 0; i < SITES_MAX; i++) {
		w->sites[i].since = now.wall;
		w->sites[i].listened = now.mono;
	}
	return w;
}

void watcher_free(struct watcher *w)
{
	struct watcher_effect fx;

	if (!w)
		return;
	for (uint32_t i = 0; i < SITES_MAX; i++)
		while (w->sites[i].n_told)
			free(w->sites[i].told[--w->sites[i].n_told]);
	while (watcher_next(w, &fx))
		str_fini(&fx.payload);
	ring_fini(&w->effects);
	free(w);
}

void watcher_describe(const struct watcher *w, struct now now, struct str *out)
{
	static const char *const words[] = {
		[WATCHED_UNKNOWN] = "not heard yet",
		[WATCHED_HEARD] = "heard",
		[WATCHED_SILENT] = "silent",
		[WATCHED_TOLD] = "silent, told",
	};
	char text[DURATION_TEXT_MAX];

	str_addf(out, "watcher %s of lab %s\n", w->cfg.name, w->cfg.lab);
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		str_addf(out, "%s: %s", w->cfg.sites[i], words[s->state]);
		if (s->heard_wall.ms)
			str_addf(out, ", last %s ago",
				duration_text(now.mono.ms - s->heard.ms, text));
		str_addc(out, '\n');
	}
	if (*w->config_why)
		str_addf(out, "lab.yaml is not taken up, the one before stays: %s\n",
			w->config_why);
}
