/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: from incidents to deliveries.
 *
 * Nothing is queued: what is to be sent follows from versions wanted and versions told, so what
 * survives is what the journal holds.  Each (incident, channel) has a slot with what is under way.
 * First messages go before edits, oldest first, one at a time a channel.
 */
#include "core/alert/ways.h"
#include "core/alert/webhook_v4.h"

#include <stdlib.h>
#include <string.h>

static uint8_t severity_rank(const char *severity)
{
	if (!severity || str_eq(severity, "info"))
		return 0;
	return str_eq(severity, "critical") ? 2 : 1;
}

/* ---- what is wanted */

static bool is_quiet(const struct alert *a, struct now now, const struct incident *in)
{
	const struct alert_config *cfg = &a->cfg;

	return cfg->has_quiet && severity_rank(in->severity) < cfg->quiet_unless_rank &&
	       quiet_at(cfg->quiet_from_minute, cfg->quiet_until_minute, cfg->reader_zone,
		       now.wall);
}

/* May this incident be told to this channel at all, ever? */
static bool is_for_channel(const struct alert *a, const struct incident *in, uint8_t channel)
{
	return severity_rank(in->severity) >= a->cfg.channels[channel].least_rank &&
	       ways_lead_to(a, in, channel);
}

static bool is_edited(const struct alert *a, uint8_t channel)
{
	return a->cfg.channels[channel].kind == ALERT_DISCORD;
}

/* The channel shows less than the incident says. */
static bool is_behind(const struct alert *a, const struct incident *in, uint8_t channel)
{
	uint32_t told = in->told[channel].version;

	if (in->version <= told)
		return false;
	if (!told) /* whether who was cut off has to tell it, is known when it is over */
		return in->state != INCIDENT_MERGED && !in->is_muted &&
		       !(incident_is_cut_off(in) && incident_is_live(in)) &&
		       is_for_channel(a, in, channel);
	if (in->state != INCIDENT_OPEN && !is_edited(a, channel) &&
		a->cfg.channels[channel].leaves_out_end)
		return false;
	/* A mail can't be edited: one more only when it is over. */
	return a->cfg.channels[channel].kind != ALERT_SMTP || in->state != INCIDENT_OPEN;
}

static bool is_wanted_now(struct alert *a, struct now now, const struct incident *in,
	uint8_t channel)
{
	if (!is_behind(a, in, channel))
		return false;
	if (in->told[channel].version)
		return true;
	if (is_quiet(a, now, in)) {
		struct wall end = quiet_ends(a->cfg.quiet_from_minute, a->cfg.quiet_until_minute,
			a->cfg.reader_zone, now.wall);

		alert_wake_at(a, (struct mono){ now.mono.ms + end.ms - now.wall.ms });
		return false;
	}
	if (incident_is_live(in) && alert_is_silenced(a, now.wall, in))
		return false;
	return ways_is_due(a, now, in, channel);
}

static bool has_stray(const struct tracked *t, uint8_t channel)
{
	const struct outbox_slot *slot = &t->slots[channel];

	return slot->stray && slot->stray_version < t->in->version;
}

void outbox_fini(struct tracked *t)
{
	for (uint32_t i = 0; i < CHANNELS_MAX; i++)
		free(TAKE(t->slots[i].stray));
}

bool outbox_is_idle(const struct alert *a, const struct tracked *t)
{
	for (uint8_t channel = 0; channel < a->cfg.n_channels; channel++)
		if (t->slots[channel].number || is_behind(a, t->in, channel) ||
			(t->owner == a->cfg.self && has_stray(t, channel)))
			return false;
	return true;
}

bool outbox_is_settled(const struct alert *a, const struct tracked *t)
{
	for (uint8_t channel = 0; channel < a->cfg.n_channels; channel++)
		if (t->owner == a->cfg.self && is_behind(a, t->in, channel))
			return false;
	return true;
}

/* ---- whose turn it is */

static bool is_handed_over(const struct tracked *t, uint8_t channel, struct now now)
{
	const struct outbox_slot *slot = &t->slots[channel];

	return slot->handed_to != ALERT_NO_SITE && now.mono.ms < slot->handed_until.ms &&
	       t->in->told[channel].version < slot->handed_version;
}

static bool is_ours(const struct alert *a, const struct tracked *t, uint8_t channel, struct now now)
{
	const struct outbox_slot *slot = &t->slots[channel];

	if (t->owner == a->cfg.self)
		return !is_handed_over(t, channel, now);
	return slot->is_for_us && now.mono.ms < slot->handed_until.ms &&
	       t->in->told[channel].version < slot->handed_version;
}

/* ---- payloads */

static const char *page_of(const struct alert *a, const struct incident *in, struct str *page)
{
	const char *base = a->cfg.page_url;
	size_t n = base ? strlen(base) : 0;

	if (!base)
		return NULL;
	while (n && base[n - 1] == '/')
		n--;
	str_addf(page, "%.*s/incidents/%s", (int)n, base, in->id);
	return str_c(page);
}

/* Whose time is told.  A site's own, also when it is another that looks at it. */
static const char *home_of(const struct alert_config *cfg, const struct alert_check *check)
{
	if (str_eq(check->kind, "site") && check->subject_a)
		return check->subject_a;
	return check->home < cfg->n_sites ? cfg->sites[check->home].name : NULL;
}

/* `page` keeps the address of the incident's page. */
static struct notice_context context_of(const struct alert *a, struct now now,
	const struct incident *in, uint8_t channel, struct str *page)
{
	const struct alert_config *cfg = &a->cfg;
	uint16_t check = alert_check_index(a, in->cause ? in->cause : "");
	struct notice_context c = { .lab = cfg->lab,
		.reader_zone = cfg->reader_zone,
		.sites = cfg->sites,
		.n_sites = cfg->n_sites,
		.from = cfg->sites[cfg->self].name,
		.url = page_of(a, in, page),
		.now = now.wall };

	if (check != UINT16_MAX) {
		const struct alert_check *spec = &cfg->checks[check];

		c.description = spec->description;
		c.runbook = spec->runbook;
		c.vantages = spec->vantages;
		c.home = home_of(cfg, spec);
	}
	c.is_first = !in->told[channel].version;
	if (c.is_first && incident_is_live(in))
		c.mention = cfg->channels[channel].mention;
	return c;
}

/* What a channel that refuses the full text may still take. */
static void plain_discord(const struct incident *in, const struct notice_context *c,
	struct str *out)
{
	scoped(str_fini) struct str text = { .limit_bytes = 1500 };
	struct json_out w;

	notice_plain(in, c, &text);
	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_textn(&w, "content", str_c(&text), utf8_cut(str_c(&text), text.len));
	json_raw(&w, "allowed_mentions", "{\"parse\":[]}");
	json_close(&w);
}

static bool is_edit(const struct alert *a, const struct tracked *t, uint8_t channel)
{
	return a->cfg.channels[channel].kind == ALERT_DISCORD && *t->in->told[channel].message;
}

static char *render(const struct alert *a, struct now now, const struct tracked *t, uint8_t channel)
{
	const struct alert_channel *ch = &a->cfg.channels[channel];
	scoped(str_fini) struct str page = STR_EMPTY;
	struct notice_context c = context_of(a, now, t->in, channel, &page);
	struct str out = STR_EMPTY;

	c.may_be_repeat = t->slots[channel].may_be_repeat && !is_edit(a, t, channel);
	if (ch->kind == ALERT_SMTP)
		notice_mail(t->in, &c, ch->from, ch->to, &out);
	else if (ch->is_alertmanagers)
		webhook_v4(a, now, t->in, channel, &out);
	else if (ch->kind == ALERT_WEBHOOK)
		notice_webhook(t->in, &c, &out);
	else if (t->slots[channel].is_plain)
		plain_discord(t->in, &c, &out);
	else
		notice_discord(t->in, &c, &out);
	return str_take(&out);
}

/* ---- sending */

void outbox_doubt(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	t->slots[channel].may_be_repeat = true;
	pace_doubt(&a->paces[channel], now.mono);
}

void alert_doubt(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		for (uint8_t i = 0; t->owner == a->cfg.self && i < a->cfg.n_channels; i++)
			if (!t->in->told[i].version && is_behind(a, t->in, i))
				outbox_doubt(a, now, t, i);
	}
}

static struct alert_effect *begin_delivery(struct alert *a, struct now now, struct tracked *t,
	uint8_t channel, enum alert_effect_kind kind)
{
	struct alert_effect *fx = alert_push(a, kind, t->in->id);
	struct delivery *d = &fx->delivery;

	d->number = ++a->last_number;
	d->channel = channel;
	d->version = t->in->version;
	d->is_edit = is_edit(a, t, channel);
	str_copy(d->incident, sizeof d->incident, t->in->id);
	str_copy(d->message, sizeof d->message, t->in->told[channel].message);
	if (!d->is_edit)
		a->creating[channel] = d->number;
	a->in_flight[channel]++;
	(void)now;
	return fx;
}

static void occupy(struct alert *a, struct tracked *t, uint8_t channel, uint64_t number,
	struct mono deadline)
{
	struct outbox_slot *slot = &t->slots[channel];

	slot->number = number;
	slot->sending = t->in->version;
	slot->deadline = deadline;
	alert_wake_at(a, deadline);
}

static void send(struct alert *a, struct now now, struct tracked *t, uint8_t channel,
	enum alert_effect_kind kind)
{
	int64_t patience = kind == ALERT_DO_WATCHER ? ALERT_WATCHER_MS : ALERT_UNANSWERED_MS;
	struct alert_effect *fx = begin_delivery(a, now, t, channel, kind);

	fx->delivery.payload = render(a, now, t, channel);
	t->slots[channel].is_summary = t->slots[channel].is_stray = false;
	t->slots[channel].is_by_watcher = kind == ALERT_DO_WATCHER;
	occupy(a, t, channel, fx->delivery.number, (struct mono){ now.mono.ms + patience });
}

/* `to` delivers what this channel should show; ourselves: not any more. */
static void append_handoff(struct alert *a, const struct tracked *t, uint8_t channel, uint8_t to,
	const char *why)
{
	struct alert_effect *fx = alert_push(a, ALERT_DO_APPEND, t->in->id);
	struct json_out w;

	fx->event_kind = "handoff";
	json_begin(&w, &fx->body);
	json_object_open(&w, NULL);
	json_text(&w, "channel", a->cfg.channels[channel].name);
	json_int(&w, "version", t->in->version);
	json_text(&w, "to", a->cfg.sites[to].name);
	json_text(&w, "why", why);
	if (t->slots[channel].may_be_repeat)
		json_bool(&w, "may_be_repeat", true);
	json_close(&w);
}

static void hand_over(struct alert *a, struct now now, struct tracked *t, uint8_t channel,
	uint8_t to)
{
	struct outbox_slot *slot = &t->slots[channel];

	append_handoff(a, t, channel, to, "no way out from here");
	slot->handed_to = to;
	slot->handed_version = t->in->version;
	slot->handed_until.ms = now.mono.ms + ALERT_HANDOFF_MS;
	alert_wake_at(a, slot->handed_until);
}

void alert_stop(struct alert *a)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		for (uint8_t i = 0; i < a->cfg.n_channels; i++) {
			struct outbox_slot *slot = &t->slots[i];

			if (t->owner != a->cfg.self || is_edit(a, t, i) ||
				!(slot->number || slot->may_be_repeat))
				continue;
			slot->may_be_repeat = true;
			append_handoff(a, t, i, a->cfg.self, "stopped before an answer came");
		}
	}
}

static uint8_t peer_that_can(const struct alert *a)
{
	for (uint8_t site = 0; site < a->cfg.n_sites; site++)
		if (site != a->cfg.self && a->peers[site].is_up && a->peers[site].can_deliver)
			return site;
	return ALERT_NO_SITE;
}

static bool may_ask_watcher(struct alert *a, struct now now, const struct tracked *t,
	uint8_t channel)
{
	const struct outbox_slot *slot = &t->slots[channel];

	if (!a->is_watcher_reachable || !a->cfg.watcher)
		return false;
	if (now.mono.ms >= slot->watcher_not_before.ms || is_edit(a, t, channel))
		return true;
	alert_wake_at(a, slot->watcher_not_before);
	return false;
}

/* Our own way out is dead: the peer, else a watcher, else we go on trying. */
static bool send_elsewhere(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	uint8_t peer = peer_that_can(a);

	if (t->owner != a->cfg.self || a->paces[channel].is_gone)
		return false;
	if (peer != ALERT_NO_SITE) {
		hand_over(a, now, t, channel, peer);
		return true;
	}
	if (may_ask_watcher(a, now, t, channel)) {
		send(a, now, t, channel, ALERT_DO_WATCHER);
		return true;
	}
	return false;
}

/* Nothing is created in a channel in doubt: it is asked for an answer to something harmless
 * first. */
static bool may_create(struct alert *a, struct now now, uint8_t channel)
{
	struct mono ends = pace_doubt_ends(&a->paces[channel]);

	if (a->creating[channel])
		return false;
	if (now.mono.ms >= ends.ms)
		return true;
	if (now.mono.ms >= a->test_due[channel].ms) {
		alert_push(a, ALERT_DO_TEST, "")->delivery.channel = channel;
		a->test_due[channel].ms = now.mono.ms + ALERT_TEST_MS;
	}
	alert_wake_at(a, a->test_due[channel]);
	alert_wake_at(a, ends);
	return false;
}

static bool may_send(struct alert *a, struct now now, const struct tracked *t, uint8_t channel)
{
	const struct outbox_slot *slot = &t->slots[channel];
	struct mono next = pace_next(&a->paces[channel]);

	if (slot->number || a->in_flight[channel] >= DELIVERIES_IN_FLIGHT_MAX)
		return false;
	if (!is_edit(a, t, channel) && !may_create(a, now, channel))
		return false;
	if (slot->not_before.ms > next.ms)
		next = slot->not_before;
	if (now.mono.ms >= next.ms)
		return true;
	alert_wake_at(a, next);
	return false;
}

/* Changes seldom come alone (a host is back, then its services): one edit tells them. */
static bool is_gathering(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	struct outbox_slot *slot = &t->slots[channel];
	uint32_t told = t->in->told[channel].version;
	struct mono next;

	if (!told)
		return false;
	if (slot->noticed <= told)
		slot->gather_until.ms = now.mono.ms + ALERT_SETTLE_MS;
	slot->noticed = t->in->version;
	next = ways_next(a, now, t->in, channel);
	if (next.ms > slot->gather_until.ms)
		slot->gather_until = next;
	if (now.mono.ms >= slot->gather_until.ms)
		return false;
	alert_wake_at(a, slot->gather_until);
	return true;
}

/* Too late: whoever still has it must not.  Maybe it was told, and the receipt didn't get here. */
static void take_back(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	struct outbox_slot *slot = &t->slots[channel];
	uint32_t told = t->in->told[channel].version;

	slot->handed_to = ALERT_NO_SITE;
	if (told >= slot->handed_version)
		return;
	/* An edit too: the message was maybe deleted, and written anew. */
	slot->may_be_repeat = true;
	append_handoff(a, t, channel, a->cfg.self, "taken back");
	if (!told)
		outbox_doubt(a, now, t, channel);
}

/* That we can send nothing, through a channel that takes it, is not so any more: what we know of
 * that is about to come. */
static bool is_outdated_outage(const struct alert *a, const struct tracked *t, uint8_t channel)
{
	const char *of = str_starts(t->in->cause, "notify@") ? strchr(t->in->cause, '@') + 1 : "";

	if (t->in->state != INCIDENT_OPEN || t->in->told[channel].version ||
		!str_eq(of, a->cfg.sites[a->cfg.self].name))
		return false;
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (i != channel && (a->paces[i].failures || a->paces[i].is_gone))
			return false;
	return true;
}

/* What the home opened before it read of ours has arrived. */
static bool is_home_heard(struct alert *a, struct now now, const struct tracked *t)
{
	uint16_t cause = alert_check_index(a, t->in->cause);
	uint8_t home = cause == UINT16_MAX ? ALERT_NO_SITE : a->cfg.checks[cause].home;
	struct mono due = { t->opened_at.ms + ALERT_HEAR_HOME_MS };

	if (!t->opened_at.ms || home == a->cfg.self || home >= a->cfg.n_sites ||
		!a->peers[home].is_up || now.mono.ms >= due.ms ||
		(a->peers[home].has_read.ms > t->opened_at.ms && !a->is_behind))
		return true;
	a->is_awaiting_reader = true;
	alert_wake_at(a, due);
	return false;
}

static void repeat(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	if (t->owner == a->cfg.self && ways_is_repeated(a, now, t->in, channel) &&
		may_send(a, now, t, channel))
		send(a, now, t, channel, ALERT_DO_DELIVER);
}

static void mend_stray(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	struct outbox_slot *slot = &t->slots[channel];
	struct alert_effect *fx;

	if (t->owner != a->cfg.self || !has_stray(t, channel) || !is_edit(a, t, channel) ||
		!may_send(a, now, t, channel))
		return;
	fx = begin_delivery(a, now, t, channel, ALERT_DO_DELIVER);
	str_copy(fx->delivery.message, sizeof fx->delivery.message, slot->stray);
	fx->delivery.payload = render(a, now, t, channel);
	slot->is_summary = slot->is_by_watcher = false;
	slot->is_stray = true;
	occupy(a, t, channel, fx->delivery.number,
		(struct mono){ now.mono.ms + ALERT_UNANSWERED_MS });
}

static void attend(struct alert *a, struct now now, struct tracked *t, uint8_t channel)
{
	if (t->in->told[channel].version && t->in->version == t->in->told[channel].version)
		repeat(a, now, t, channel);
	if (t->in->told[channel].version == t->in->version)
		mend_stray(a, now, t, channel);
	if (!is_wanted_now(a, now, t->in, channel) || is_gathering(a, now, t, channel))
		return;
	if (!is_edit(a, t, channel) && (alert_awaits_news(a, now) || !is_home_heard(a, now, t)))
		return;
	if (!is_ours(a, t, channel, now)) {
		if (t->owner == a->cfg.self)
			alert_wake_at(a, t->slots[channel].handed_until);
		return;
	}
	if (t->slots[channel].handed_to != ALERT_NO_SITE)
		take_back(a, now, t, channel);
	if (!t->slots[channel].number && pace_is_dead(&a->paces[channel], now.mono) &&
		!(a->creating[channel] && !is_edit(a, t, channel)) &&
		send_elsewhere(a, now, t, channel))
		return;
	if (may_send(a, now, t, channel) && !is_outdated_outage(a, t, channel))
		send(a, now, t, channel, ALERT_DO_DELIVER);
}

/* ---- the summary after an outage */

static bool belongs_in_summary(struct alert *a, struct now now, const struct tracked *t,
	uint8_t channel)
{
	const struct incident *in = t->in;

	return t->owner == a->cfg.self && in->version && in->state != INCIDENT_OPEN &&
	       !in->told[channel].version && !t->slots[channel].number &&
	       now.wall.ms - in->opened.ms > ALERT_BACKLOG_MS && is_ours(a, t, channel, now) &&
	       is_wanted_now(a, now, in, channel);
}

static void send_summary(struct alert *a, struct now now, struct tracked **list, uint32_t n,
	uint8_t channel)
{
	scoped(str_fini) struct str page = STR_EMPTY;
	struct notice_context c = context_of(a, now, list[0]->in, channel, &page);
	struct incident **ins = must_alloc(n * sizeof(struct incident *));
	struct alert_effect *fx = begin_delivery(a, now, list[0], channel, ALERT_DO_DELIVER);
	struct str out = STR_EMPTY;

	for (uint32_t i = 0; i < n; i++) {
		ins[i] = list[i]->in;
		list[i]->slots[channel].is_summary = true;
		list[i]->slots[channel].is_stray = false;
		list[i]->slots[channel].is_by_watcher = false;
		c.may_be_repeat |= list[i]->slots[channel].may_be_repeat;
		occupy(a, list[i], channel, fx->delivery.number,
			(struct mono){ now.mono.ms + ALERT_UNANSWERED_MS });
	}
	notice_backlog_discord(ins, n, ins[0]->opened, now.wall, &c, &out);
	fx->delivery.payload = str_take(&out);
	free(ins);
}

static void attend_backlog(struct alert *a, struct now now, uint8_t channel)
{
	struct tracked **list;
	uint32_t n = 0;

	if (a->cfg.channels[channel].kind != ALERT_DISCORD || a->creating[channel] ||
		alert_awaits_news(a, now) || now.mono.ms < pace_next(&a->paces[channel]).ms)
		return;
	list = must_alloc((a->n_busy + 1) * sizeof(struct tracked *));
	for (uint32_t at = 0; at < a->n_busy; at++)
		if (belongs_in_summary(a, now, a->busy[at], channel))
			list[n++] = a->busy[at];
	if (n > ALERT_BACKLOG && may_create(a, now, channel))
		send_summary(a, now, list, n, channel);
	free(list);
}

/* ---- outcomes */

/* A summary is no message that could be edited: what is told after it gets one of its own, beside
 * the one that may have arrived before. */
static bool is_of_summary(const struct alert *a, uint8_t channel, const char *message)
{
	return !*message && a->cfg.channels[channel].kind == ALERT_DISCORD;
}

/* In whatever order they arrive: of messages the newest counts, and a summary only where no message is
 * known.  One that is heard of late may still say that all goes on, so it is edited. */
static bool is_outdone(const struct alert *a, uint8_t channel, const struct incident_told *told,
	const struct outbox_receipt *receipt)
{
	bool is_by_summary = is_of_summary(a, channel, told->message);

	if (told->version && is_by_summary != is_of_summary(a, channel, receipt->message))
		return !is_by_summary;
	return receipt->version < told->version ||
	       (receipt->version == told->version && receipt->at.ms < told->at.ms);
}

/* Of two messages of an incident the one that shows more counts; else the one that was written to later:
 * in whatever order it is heard of them. */
static bool counts_before(const struct outbox_receipt *r, uint32_t version, struct wall at)
{
	return r->version != version ? r->version > version : r->at.ms > at.ms;
}

static void keep_stray(struct outbox_slot *slot, const struct outbox_receipt *r)
{
	bool is_same = slot->stray && str_eq(slot->stray, r->message);

	if (slot->stray && !counts_before(r, slot->stray_version, slot->stray_at))
		return;
	if (!is_same) {
		free(slot->stray);
		slot->stray = must_strdup(r->message);
	}
	slot->stray_version = r->version;
	slot->stray_at = r->at;
}

/* True: the receipt is of the message that counts less. */
static bool is_of_stray(const struct alert *a, struct outbox_slot *slot, uint8_t channel,
	const struct incident_told *told, const struct outbox_receipt *receipt)
{
	const struct outbox_receipt of_told = { told->version, told->at, told->message, told->via };

	if (a->cfg.channels[channel].kind != ALERT_DISCORD || !*told->message ||
		!*receipt->message || str_eq(told->message, receipt->message))
		return false;
	if (!counts_before(receipt, told->version, told->at)) {
		keep_stray(slot, receipt);
		return true;
	}
	if (slot->stray && str_eq(slot->stray, receipt->message))
		free(TAKE(slot->stray));
	keep_stray(slot, &of_told);
	return false;
}

void outbox_told(struct alert *a, struct tracked *t, uint8_t channel,
	const struct outbox_receipt *receipt)
{
	struct incident_told *told = incident_receipt(t->in, channel);
	bool is_stray = is_of_stray(a, &t->slots[channel], channel, told, receipt);

	if (!told->first.ms || receipt->at.ms < told->first.ms)
		told->first = receipt->at;
	if (is_stray || is_outdone(a, channel, told, receipt))
		return; /* also of a past that was lost, told anew meanwhile, and came back */
	if (!is_of_summary(a, channel, receipt->message))
		t->slots[channel].may_be_repeat = false;
	t->slots[channel].n_watcher_unanswered = 0;
	told->version = receipt->version;
	told->at = receipt->at;
	str_copy(told->via, sizeof told->via, receipt->via);
	if (*receipt->message)
		str_copy(told->message, sizeof told->message, receipt->message);
}

static void append_receipt(struct alert *a, struct tracked *t, uint8_t channel, const char *message,
	const char *via)
{
	struct alert_effect *fx = alert_push(a, ALERT_DO_APPEND, t->in->id);
	struct json_out w;

	fx->event_kind = "receipt";
	json_begin(&w, &fx->body);
	json_object_open(&w, NULL);
	json_text(&w, "channel", a->cfg.channels[channel].name);
	json_int(&w, "version", t->slots[channel].sending);
	json_text(&w, "message", message);
	json_text(&w, "via", via);
	json_close(&w);
	alert_push(a, ALERT_SAY_CHANGED, t->in->id);
}

static void create_unanswered(struct alert *a, struct now now, struct tracked *t, uint8_t channel,
	const char *via)
{
	struct outbox_slot *slot = &t->slots[channel];
	int64_t wait_ms = ALERT_WATCHER_WAIT_MS << slot->n_watcher_unanswered;
	bool is_known = slot->may_be_repeat || t->owner != a->cfg.self;

	outbox_doubt(a, now, t, channel);
	if (!is_known) /* nor may a restart forget it */
		append_handoff(a, t, channel, a->cfg.self, "the first attempt got no answer");
	if (!via)
		return;
	slot->watcher_not_before.ms = now.mono.ms + wait_ms;
	slot->n_watcher_unanswered += wait_ms < ALERT_WATCHER_WAIT_MAX_MS;
}

static void settle_slot(struct alert *a, struct now now, struct tracked *t, uint8_t channel,
	const struct delivery_outcome *o)
{
	struct outbox_slot *slot = &t->slots[channel];
	const char *shown = slot->is_stray ? slot->stray : t->in->told[channel].message;
	char message[MESSAGE_ID_MAX]; /* which of two counts may change by this */
	const char *via = o->via ? o->via : a->cfg.sites[a->cfg.self].name;

	str_copy(message, sizeof message, o->message ? o->message : shown);
	slot->number = 0;
	slot->not_before.ms = now.mono.ms + ALERT_EDIT_MS;
	switch (o->answer.verdict) {
	case PACE_DELIVERED:
		if (slot->is_summary)
			message[0] = '\0';
		outbox_told(a, t, channel,
			&(struct outbox_receipt){ slot->sending, now.wall, message, via });
		append_receipt(a, t, channel, message, via);
		slot->is_for_us = slot->is_for_us && t->in->version > slot->sending;
		break;
	case PACE_LOST: /* somebody deleted the message: the next one is new */
		if (slot->is_stray) {
			slot->stray_version = UINT32_MAX;
			break;
		}
		incident_receipt(t->in, channel)->message[0] = '\0';
		break;
	case PACE_UNANSWERED:
		if (!is_edit(a, t, channel))
			create_unanswered(a, now, t, channel, o->via);
		break;
	case PACE_REJECTED:
		if (slot->is_plain)
			slot->not_before.ms = now.mono.ms + PACE_GONE_MS;
		slot->is_plain = true;
		break;
	default:
		break;
	}
	if (o->answer.verdict != PACE_DELIVERED)
		slot->not_before.ms = slot->not_before.ms > now.mono.ms + ALERT_EDIT_MS
					      ? slot->not_before.ms
					      : now.mono.ms;
}

/* What limits everything at a service limits our other channels there. */
static void take_answer(struct alert *a, struct now now, uint8_t channel,
	const struct pace_answer *answer)
{
	pace_answered(&a->paces[channel], now.mono, answer);
	if (!answer->is_global || a->cfg.channels[channel].kind != ALERT_DISCORD)
		return;
	for (uint8_t i = 0; i < a->cfg.n_channels; i++)
		if (a->cfg.channels[i].kind == ALERT_DISCORD)
			pace_follow_global(&a->paces[i], &a->paces[channel]);
}

void alert_delivered(struct alert *a, struct now now, const struct delivery_outcome *o)
{
	uint8_t channel = UINT8_MAX;

	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		for (uint8_t i = 0; i < a->cfg.n_channels; i++)
			if (t->slots[i].number == o->number) {
				channel = i;
				settle_slot(a, now, t, i, o);
			}
	}
	if (channel == UINT8_MAX)
		return; /* given up meanwhile */
	a->in_flight[channel]--;
	if (a->creating[channel] == o->number)
		a->creating[channel] = 0;
	if (!o->via)
		take_answer(a, now, channel, &o->answer);
	a->is_dirty = true;
}

/* A delivery that nobody answered for: it may have arrived. */
static void give_up(struct alert *a, struct now now, const struct outbox_slot *slot)
{
	struct delivery_outcome o = { .number = slot->number,
		.via = slot->is_by_watcher ? a->cfg.watcher : NULL,
		.answer = { .verdict = PACE_UNANSWERED,
			.retry_after_ms = -1,
			.remaining = -1,
			.reset_after_ms = -1 } };

	alert_delivered(a, now, &o);
}

static void give_up_due(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *t = a->busy[at];

		for (uint8_t i = 0; i < a->cfg.n_channels; i++) {
			if (!t->slots[i].number)
				continue;
			if (t->slots[i].deadline.ms <= now.mono.ms)
				give_up(a, now, &t->slots[i]);
			else
				alert_wake_at(a, t->slots[i].deadline);
		}
	}
}

void outbox_step(struct alert *a, struct now now)
{
	struct wall change = silences_change(&a->silences, now.wall);

	if (change.ms != NEVER_MS)
		alert_wake_at(a, (struct mono){ now.mono.ms + change.ms - now.wall.ms });
	give_up_due(a, now);
	for (uint8_t channel = 0; channel < a->cfg.n_channels; channel++) {
		struct mono dies = pace_dies(&a->paces[channel]);

		if (dies.ms > now.mono.ms)
			alert_wake_at(a, dies);
		if (a->is_held)
			continue;
		attend_backlog(a, now, channel);
		for (uint32_t at = 0; at < a->n_busy; at++)
			attend(a, now, a->busy[at], channel);
	}
}
