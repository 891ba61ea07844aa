/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: each site has a state of the header's picture.  There is one outage at a time: it begins when
 * a silence is the watcher's to tell, its message names all sites that are silent now and is edited
 * as they come and go, and it ends when all are heard.  Messages are versions wanted and versions
 * shown, a slot a channel, as a site's outbox has them; the drill has one more slot, whose message
 * is edited day by day.
 */
#include "core/watcher/watcher.h"


#include <string.h>

#define CHANNELS_MAX      8
#define START_GRACE_MS    (15 * SECOND_MS) /* after a start the sites need a moment to be heard */
#define SAVE_EVERY_MS     MINUTE_MS
#define RETRY_MIN_MS      2000
#define RETRY_MAX_MS      (60 * SECOND_MS)
#define UNANSWERED_MS     (25 * SECOND_MS)
#define HANDED_KEPT       64 /* outcomes remembered against repeats, a site */
#define DRILL_ATTEMPTS    3

enum watched_state { WATCHED_UNKNOWN, WATCHED_HEARD, WATCHED_SILENT, WATCHED_TOLD };

struct handed { /* what a site asked us to deliver */
	uint64_t boot, number; /* the site's */
	uint64_t ours;         /* number in flight; 0 done */
	bool is_delivered;
	char message[128];
	char reason[REASON_BYTES_MAX];
};

struct watched {
	enum watched_state state;
	struct mono heard;   /* last beacon; of the saved state after a start */
	struct wall heard_wall, since;
	uint64_t boot, seq;
	char *told[BEACON_TOLD_MAX];
	uint32_t n_told;
	struct handed handed[HANDED_KEPT];
	uint32_t next_handed;
	bool wants_drill, drill_done, drill_ok;
	char drill_reason[REASON_BYTES_MAX];
};

struct slot { /* one message in one channel */
	char message[128];
	uint32_t wanted, shown;
	uint64_t number; /* in flight; 0 none */
	uint32_t sending;
	struct mono due, deadline;
	uint32_t failures;
};

struct watcher {
	struct watcher_config cfg;
	struct mono started, save_due;
	struct watched sites[SITES_MAX];
	bool has_outage;
	struct wall outage_since, outage_ended;
	struct slot outage[CHANNELS_MAX], drill[CHANNELS_MAX];
	uint32_t drill_attempts;
	uint64_t last_number;
	bool is_unsaved; /* the state on disk must change before an effect leaves */
	struct watcher_effect *queue;
	uint32_t head, queued, cap;
};

/* ---- effects */

static struct watcher_effect *push(struct watcher *w, enum watcher_effect_kind kind)
{
	struct watcher_effect *fx;

	if (w->queued == w->cap) {
		uint32_t cap = w->cap ? 2 * w->cap : 8;
		struct watcher_effect *queue = must_alloc(cap * sizeof *queue);

		for (uint32_t i = 0; i < w->queued; i++)
			queue[i] = w->queue[(w->head + i) % w->cap];
		free(w->queue);
		w->queue = queue;
		w->cap = cap;
		w->head = 0;
	}
	fx = &w->queue[(w->head + w->queued++) % w->cap];
	memset(fx, 0, sizeof *fx);
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
	if (!w->queued)
		return false;
	*ret = w->queue[w->head];
	w->head = (w->head + 1) % w->cap;
	w->queued--;
	return true;
}

static void say(struct watcher *w, const char *site, const char *what)
{
	struct watcher_effect *fx = push(w, WATCHER_SAY);

	snprintf(fx->text, sizeof fx->text, "%s %s", site, what);
}

/* ---- texts */

static void list_silent(const struct watcher *w, struct str *out)
{
	uint32_t n = 0, done = 0;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		n += w->sites[i].state == WATCHED_TOLD;
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		if (w->sites[i].state != WATCHED_TOLD)
			continue;
		str_add(out, done == 0 ? "" : done + 1 == n ? " and " : ", ");
		str_add(out, w->cfg.sites[i]);
		done++;
	}
	str_add(out, n == 1 ? " is silent" : " are silent");
}

static void outage_title(const struct watcher *w, struct str *out)
{
	if (w->outage_ended.ms)
		str_add(out, "all sites are heard again");
	else
		list_silent(w, out);
}

static void outage_lines(const struct watcher *w, struct str *out)
{
	char text[WALL_TEXT_MAX];

	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		if (s->state == WATCHED_TOLD && s->heard_wall.ms)
			str_addf(out, "%s: nothing since <t:%lld:f> (<t:%lld:R>)\n", w->cfg.sites[i],
				(long long)(s->heard_wall.ms / 1000),
				(long long)(s->heard_wall.ms / 1000));
		else if (s->state == WATCHED_TOLD)
			str_addf(out, "%s: never heard\n", w->cfg.sites[i]);
		else
			str_addf(out, "%s: heard\n", w->cfg.sites[i]);
	}
	str_addf(out, "told by the watcher %s, which hears every site each %d s", w->cfg.name,
		(int)(BEACON_MS / 1000));
	if (w->outage_ended.ms)
		str_addf(out, "; over at %s", wall_rfc3339(w->outage_ended, text));
}

static void write_discord(const char *title, const char *lines, int colour, const char *footer,
	struct str *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_object_open(&j, NULL);
	json_array_open(&j, "embeds");
	json_object_open(&j, NULL);
	json_text(&j, "title", title);
	json_text(&j, "description", lines);
	json_int(&j, "color", colour);
	json_object_open(&j, "footer");
	json_text(&j, "text", footer);
	json_close(&j);
	json_close(&j);
	json_close(&j);
	json_raw(&j, "allowed_mentions", "{\"parse\":[]}");
	json_close(&j);
}

static void write_plain(const struct watcher *w, uint32_t channel, const char *title,
	const char *lines, struct str *out)
{
	struct json_out j;

	if (w->cfg.channel_kinds[channel] == WATCHER_SMTP) {
		str_addf(out, "Subject: [%s] %s\r\n\r\n%s\r\n", w->cfg.lab, title, lines);
		return;
	}
	json_begin(&j, out);
	json_object_open(&j, NULL);
	json_int(&j, "version", 1);
	json_text(&j, "lab", w->cfg.lab);
	json_text(&j, "from", w->cfg.name);
	json_text(&j, "event", "watcher");
	json_text(&j, "title", title);
	json_text(&j, "text", lines);
	json_close(&j);
}

static void render(const struct watcher *w, uint32_t channel, const char *title,
	const char *lines, int colour, struct str *out)
{
	char footer[2 * NAME_BYTES_MAX + 16];

	snprintf(footer, sizeof footer, "%s · %s", w->cfg.lab, w->cfg.name);
	if (w->cfg.channel_kinds[channel] == WATCHER_DISCORD)
		write_discord(title, lines, colour, footer, out);
	else
		write_plain(w, channel, title, lines, out);
}

static void render_outage(const struct watcher *w, uint32_t channel, struct str *out)
{
	scoped(str_fini) struct str title = STR_EMPTY, lines = STR_EMPTY;

	outage_title(w, &title);
	outage_lines(w, &lines);
	render(w, channel, str_c(&title), str_c(&lines), w->outage_ended.ms ? 0x2e9e5b : 0xd83c3e,
		out);
}

static void render_drill(const struct watcher *w, uint32_t channel, struct now now,
	struct str *out)
{
	scoped(str_fini) struct str lines = STR_EMPTY;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		str_addf(&lines, "%s: %s\n", w->cfg.sites[i],
			w->sites[i].state == WATCHED_HEARD ? "heard" : "not heard");
	str_addf(&lines, "site → %s → here works, last proven <t:%lld:f>", w->cfg.name,
		(long long)(now.wall.ms / 1000));
	render(w, channel, "daily drill passed", str_c(&lines), 0x5b6470, out);
}

/* ---- sending */

static void send(struct watcher *w, struct now now, uint32_t channel, struct slot *slot)
{
	struct watcher_effect *fx = push(w, WATCHER_DO_DELIVER);

	fx->number = slot->number = ++w->last_number;
	slot->sending = slot->wanted;
	slot->deadline.ms = now.mono.ms + UNANSWERED_MS;
	str_copy(fx->channel, sizeof fx->channel, w->cfg.channels[channel]);
	fx->is_edit = *slot->message && w->cfg.channel_kinds[channel] == WATCHER_DISCORD;
	str_copy(fx->message, sizeof fx->message, slot->message);
	if (slot == &w->outage[channel])
		render_outage(w, channel, &fx->payload);
	else
		render_drill(w, channel, now, &fx->payload);
}

static void attend(struct watcher *w, struct now now, uint32_t channel, struct slot *slot)
{
	if (slot->number && now.mono.ms >= slot->deadline.ms)
		watcher_delivered(w, now, slot->number, false, -1, NULL, "no answer");
	if (!slot->number && slot->wanted != slot->shown && now.mono.ms >= slot->due.ms)
		send(w, now, channel, slot);
}

static void want_outage(struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		w->outage[i].wanted++;
	w->is_unsaved = true;
}

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

static int64_t backoff_ms(uint32_t failures)
{
	int64_t wait = RETRY_MIN_MS << (failures < 6 ? failures : 6);

	return wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
}

static bool settle_slot(struct watcher *w, struct now now, struct slot *slot, bool is_delivered,
	int64_t retry_after_ms, const char *message)
{
	(void)w;
	slot->number = 0;
	if (is_delivered) {
		slot->shown = slot->sending;
		slot->failures = 0;
		if (message && *message)
			str_copy(slot->message, sizeof slot->message, message);
		return true;
	}
	slot->due.ms = now.mono.ms + (retry_after_ms >= 0 ? retry_after_ms : backoff_ms(slot->failures));
	slot->failures += retry_after_ms < 0;
	return false;
}

static void settle_handed(struct watched *s, uint64_t number, bool is_delivered,
	const char *message, const char *reason)
{
	for (uint32_t i = 0; i < HANDED_KEPT; i++) {
		struct handed *h = &s->handed[i];

		if (h->ours != number)
			continue;
		h->ours = 0;
		h->is_delivered = is_delivered;
		str_copy(h->message, sizeof h->message, message ? message : "");
		str_copy(h->reason, sizeof h->reason, reason ? reason : "");
	}
}

void watcher_delivered(struct watcher *w, struct now now, uint64_t number, bool is_delivered,
	int64_t retry_after_ms, const char *message, const char *reason)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		if (w->outage[i].number == number) {
			settle_slot(w, now, &w->outage[i], is_delivered, retry_after_ms, message);
			w->is_unsaved = true;
		}
		if (w->drill[i].number != number)
			continue;
		w->is_unsaved = true;
		if (settle_slot(w, now, &w->drill[i], is_delivered, retry_after_ms, message))
			settle_drill(w, true, NULL);
		else if (++w->drill_attempts >= DRILL_ATTEMPTS)
			settle_drill(w, false, reason);
	}
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		settle_handed(&w->sites[i], number, is_delivered, message, reason);
}

/* ---- states of sites */

static bool is_told_by_a_living_site(const struct watcher *w, uint32_t site)
{
	char root[NAME_BYTES_MAX + 8];

	snprintf(root, sizeof root, "site:%s", w->cfg.sites[site]);
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		for (uint32_t j = 0; i != site && s->state == WATCHED_HEARD && j < s->n_told; j++)
			if (str_eq(s->told[j], root))
				return true;
	}
	return false;
}

static void become(struct watcher *w, struct now now, uint32_t site, enum watched_state next)
{
	static const char *const words[] = { [WATCHED_UNKNOWN] = "is not known",
		[WATCHED_HEARD] = "is heard", [WATCHED_SILENT] = "went silent",
		[WATCHED_TOLD] = "is silent, and nobody has told" };
	struct watched *s = &w->sites[site];

	if (s->state != WATCHED_TOLD || next == WATCHED_HEARD)
		s->since = next == WATCHED_HEARD || !s->heard_wall.ms ? now.wall : s->heard_wall;
	s->state = next;
	w->is_unsaved = true;
	say(w, w->cfg.sites[site], words[next]);
}

static bool is_any_told(const struct watcher *w)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (w->sites[i].state == WATCHED_TOLD)
			return true;
	return false;
}

static void begin_or_change_outage(struct watcher *w, struct now now)
{
	if (!w->has_outage || w->outage_ended.ms) {
		for (uint32_t i = 0; i < w->cfg.n_channels; i++)
			w->outage[i] = (struct slot){ 0 };
		w->outage_since = now.wall;
		w->outage_ended.ms = 0;
		w->has_outage = true;
	}
	want_outage(w);
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
	if (!is_any_told(w))
		w->outage_ended = now.wall;
	want_outage(w);
}

/* The moment of the next state, as long as nothing is heard. */
static int64_t state_due(const struct watcher *w, const struct watched *s)
{
	int64_t start = w->started.ms + START_GRACE_MS, due;

	if (s->state == WATCHED_TOLD)
		return NEVER_MS;
	if (s->state == WATCHED_UNKNOWN)
		return w->started.ms + WATCHER_SPEAK_MS;
	due = s->heard.ms + (s->state == WATCHED_HEARD ? WATCHER_SILENT_MS : WATCHER_SPEAK_MS);
	return due > start ? due : start;
}

static void age(struct watcher *w, struct now now, uint32_t site)
{
	struct watched *s = &w->sites[site];

	if (now.mono.ms < state_due(w, s))
		return;
	if (s->state == WATCHED_HEARD) {
		become(w, now, site, WATCHED_SILENT);
		return;
	}
	if (is_told_by_a_living_site(w, site))
		return;
	become(w, now, site, WATCHED_TOLD);
	begin_or_change_outage(w, now);
}

/* ---- beacons */

static uint32_t site_index(const struct watcher *w, const char *name)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (str_eq(w->cfg.sites[i], name))
			return i;
	return SITES_MAX;
}

static uint32_t channel_index(const struct watcher *w, const char *name)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		if (str_eq(w->cfg.channels[i], name))
			return i;
	return CHANNELS_MAX;
}

/* A beacon must be newer than the last: a recorded one proves nothing. */
static enum rc check_fresh(const struct watched *s, struct now now, const struct beacon *b,
	struct err *e)
{
	int64_t off_ms = b->wall.ms - now.wall.ms;

	if (b->boot == s->boot && b->seq <= s->seq)
		return err_set(e, RC_CONFLICT, "beacon %llu of %s was here already",
			(unsigned long long)b->seq, b->site);
	if (b->boot != s->boot && (off_ms > BEACON_SKEW_MS || off_ms < -BEACON_SKEW_MS))
		return err_set(e, RC_REFUSED,
			"the clocks of %s and the watcher differ by %lld s: set them",
			b->site, (long long)(off_ms / 1000));
	return RC_OK;
}

static void take_told(struct watched *s, const struct beacon *b)
{
	while (s->n_told)
		free(s->told[--s->n_told]);
	for (uint32_t i = 0; i < b->n_told; i++)
		s->told[s->n_told++] = must_strdup(b->told[i]);
}

static struct handed *find_handed(struct watched *s, uint64_t boot, uint64_t number)
{
	for (uint32_t i = 0; i < HANDED_KEPT; i++)
		if (s->handed[i].number == number && s->handed[i].boot == boot && number)
			return &s->handed[i];
	return NULL;
}

static void take_delivery(struct watcher *w, struct watched *s, uint64_t boot,
	const struct beacon_delivery *d)
{
	struct handed *h = &s->handed[s->next_handed++ % HANDED_KEPT];
	struct watcher_effect *fx;

	*h = (struct handed){ .boot = boot, .number = d->number };
	if (channel_index(w, d->channel) == CHANNELS_MAX) {
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

static void take_drill(struct watcher *w, struct watched *s, bool wants)
{
	if (!wants) {
		s->wants_drill = s->drill_done = false;
		return;
	}
	if (s->wants_drill)
		return;
	s->wants_drill = true;
	s->drill_done = false;
	w->drill_attempts = 0;
	for (uint32_t i = 0; i < w->cfg.n_channels; i++)
		if (w->cfg.channel_kinds[i] == WATCHER_DISCORD) {
			w->drill[i].wanted++;
			w->drill[i].due.ms = INT64_MIN;
			return; /* one channel proves the way */
		}
	settle_drill(w, false, "no Discord channel is declared");
}

static void fill_answer(const struct watcher *w, struct now now, struct watched *from,
	const struct beacon *b, struct beacon_answer *ret)
{
	*ret = (struct beacon_answer){ .boot = b->boot, .seq = b->seq, .wall = now.wall,
		.n_sites = w->cfg.n_sites, .drill_done = from->drill_done,
		.drill_ok = from->drill_ok };
	str_copy(ret->watcher, sizeof ret->watcher, w->cfg.name);
	str_copy(ret->drill_reason, sizeof ret->drill_reason, from->drill_reason);
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
	for (uint32_t i = 0; i < b->n_deliver; i++) {
		const struct handed *h = find_handed(from, b->boot, b->deliver[i].number);
		struct beacon_receipt *r = &ret->receipts[ret->n_receipts];

		if (!h || h->ours)
			continue;
		r->number = h->number;
		r->is_delivered = h->is_delivered;
		str_copy(r->message, sizeof r->message, h->message);
		str_copy(r->reason, sizeof r->reason, h->reason);
		ret->n_receipts++;
	}
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
	s->boot = b->boot;
	s->seq = b->seq;
	take_told(s, b);
	hear(w, now, site);
	take_drill(w, s, b->wants_drill);
	for (uint32_t i = 0; i < b->n_deliver; i++)
		if (!find_handed(s, b->boot, b->deliver[i].number))
			take_delivery(w, s, b->boot, &b->deliver[i]);
	watcher_tick(w, now);
	fill_answer(w, now, s, b, ret);
	return RC_OK;
}

/* ---- time */

void watcher_tick(struct watcher *w, struct now now)
{
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		age(w, now, i);
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		attend(w, now, i, &w->outage[i]);
		attend(w, now, i, &w->drill[i]);
	}
	if (now.mono.ms >= w->save_due.ms) {
		w->save_due.ms = now.mono.ms + SAVE_EVERY_MS;
		w->is_unsaved = true;
	}
}

static int64_t slot_wake(const struct slot *slot)
{
	if (slot->number)
		return slot->deadline.ms;
	return slot->wanted != slot->shown ? slot->due.ms : NEVER_MS;
}

struct mono watcher_wake(const struct watcher *w)
{
	int64_t wake = w->save_due.ms;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		int64_t due = state_due(w, &w->sites[i]);

		/* A silence that a living site has told is looked at with each of its beacons. */
		if (due < wake && !(w->sites[i].state == WATCHED_SILENT && is_told_by_a_living_site(w, i)))
			wake = due;
	}
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		if (slot_wake(&w->outage[i]) < wake)
			wake = slot_wake(&w->outage[i]);
		if (slot_wake(&w->drill[i]) < wake)
			wake = slot_wake(&w->drill[i]);
	}
	return (struct mono){ wake };
}

/* ---- life */

struct watcher *watcher_new(const struct watcher_config *config, struct now now)
{
	struct watcher *w = must_alloc(sizeof *w);

	w->cfg = *config;
	w->started = now.mono;
	w->save_due.ms = now.mono.ms + SAVE_EVERY_MS;
	for (uint32_t i = 0; i < SITES_MAX; i++)
		w->sites[i].since = now.wall;
	return w;
}

void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < SITES_MAX; i++)
		while (w->sites[i].n_told)
			free(w->sites[i].told[--w->sites[i].n_told]);
	while (w->queued) {
		str_fini(&w->queue[w->head].payload);
		w->head = (w->head + 1) % w->cap;
		w->queued--;
	}
	free(w->queue);
	free(w);
}

void watcher_describe(const struct watcher *w, struct now now, struct str *out)
{
	static const char *const words[] = { [WATCHED_UNKNOWN] = "not heard yet",
		[WATCHED_HEARD] = "heard", [WATCHED_SILENT] = "silent",
		[WATCHED_TOLD] = "silent, told" };
	char age[DURATION_TEXT_MAX];

	str_addf(out, "watcher %s of lab %s\n", w->cfg.name, w->cfg.lab);
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		str_addf(out, "%s: %s", w->cfg.sites[i], words[s->state]);
		if (s->heard_wall.ms)
			str_addf(out, ", last %s ago", duration_text(now.mono.ms - s->heard.ms, age));
		str_addc(out, '\n');
	}
}

/* ---- what outlives a restart */

static void save_slots(struct json_out *j, const char *key, const struct watcher *w,
	const struct slot *slots)
{
	json_object_open(j, key);
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		json_object_open(j, w->cfg.channels[i]);
		json_text(j, "message", slots[i].message);
		json_int(j, "wanted", slots[i].wanted);
		json_int(j, "shown", slots[i].shown);
		json_close(j);
	}
	json_close(j);
}

void watcher_save(const struct watcher *w, struct str *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_object_open(&j, NULL);
	json_int(&j, "version", 1);
	json_object_open(&j, "sites");
	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		const struct watched *s = &w->sites[i];

		json_object_open(&j, w->cfg.sites[i]);
		json_int(&j, "state", s->state);
		json_time(&j, "heard", s->heard_wall);
		json_time(&j, "since", s->since);
		json_int(&j, "boot", (int64_t)s->boot);
		json_int(&j, "seq", (int64_t)s->seq);
		json_close(&j);
	}
	json_close(&j);
	json_bool(&j, "has_outage", w->has_outage);
	json_time(&j, "outage_since", w->outage_since);
	json_time(&j, "outage_ended", w->outage_ended);
	save_slots(&j, "outage", w, w->outage);
	save_slots(&j, "drill", w, w->drill);
	json_close(&j);
}

static void load_slots(const json_t *o, const struct watcher *w, struct slot *slots)
{
	for (uint32_t i = 0; i < w->cfg.n_channels; i++) {
		const json_t *slot = json_object_get(o, w->cfg.channels[i]);

		str_copy(slots[i].message, sizeof slots[i].message,
			json_get_text(slot, "message", ""));
		slots[i].wanted = (uint32_t)json_get_int(slot, "wanted", 0);
		slots[i].shown = (uint32_t)json_get_int(slot, "shown", 0);
	}
}

static void load_site(struct watched *s, struct now now, const json_t *o)
{
	int64_t state = json_get_int(o, "state", WATCHED_UNKNOWN);

	s->heard_wall = json_get_time(o, "heard");
	if (!s->heard_wall.ms)
		return;
	s->state = state >= WATCHED_UNKNOWN && state <= WATCHED_TOLD ? (enum watched_state)state :
								       WATCHED_UNKNOWN;
	s->heard.ms = now.mono.ms - (now.wall.ms - s->heard_wall.ms);
	s->since = json_get_time(o, "since");
	s->boot = (uint64_t)json_get_int(o, "boot", 0);
	s->seq = (uint64_t)json_get_int(o, "seq", 0);
}

enum rc watcher_load(struct watcher *w, struct now now, const char *text, size_t n, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	enum rc rc = json_read(&o, text, n, e);

	if (rc != RC_OK)
		return err_in(e, rc, "the watcher's state");
	if (json_get_int(o, "version", 0) != 1)
		return err_set(e, RC_UNSUPPORTED, "the watcher's state is of another version");
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		load_site(&w->sites[i], now, json_object_get(json_object_get(o, "sites"), w->cfg.sites[i]));
	w->has_outage = json_get_bool(o, "has_outage", false);
	w->outage_since = json_get_time(o, "outage_since");
	w->outage_ended = json_get_time(o, "outage_ended");
	load_slots(json_object_get(o, "outage"), w, w->outage);
	load_slots(json_object_get(o, "drill"), w, w->drill);
	return RC_OK;
}
