/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_pair.h"

#define BEGIN_MS INT64_C(1795386851000) /* 2026-11-22T22:34:11Z */

const struct alert_state pair_down = { .health = HEALTH_FAILING,
	.scope = "down",
	.reason = "refused" };
const struct alert_state pair_path = { .health = HEALTH_FAILING,
	.scope = "path",
	.reason = "refused",
	.failing_from = "dublin" };
const struct alert_state pair_silent = { .health = HEALTH_SILENT, .scope = "none", .reason = "" };
const struct alert_state pair_well = { .health = HEALTH_WELL, .scope = "none", .reason = "" };

static const uint16_t needs_nas[] = { NAS }, needs_photos[] = { PHOTOS },
		      needs_router[] = { ROUTER }, needs_mumbai[] = { SITE_MUMBAI };
static const struct label photos_labels[] = { { "name", "photos" }, { "site", "mumbai" } },
			  media_labels[] = { { "name", "media" }, { "site", "mumbai" } },
			  git_labels[] = { { "name", "git" }, { "site", "dublin" } };

static const struct alert_check lab_checks[PAIR_CHECKS] = {
	[ROUTER] = { .name = "router", .kind = "probe", .home = DUBLIN },
	[NAS] = { .name = "nas", .kind = "probe", .home = MUMBAI },
	[PHOTOS] = { .name = "photos",
		.kind = "probe",
		.home = MUMBAI,
		.needs = needs_nas,
		.n_needs = 1,
		.labels = photos_labels,
		.n_labels = COUNT(photos_labels) },
	[MEDIA] = { .name = "media",
		.kind = "probe",
		.home = MUMBAI,
		.needs = needs_photos,
		.n_needs = 1,
		.labels = media_labels,
		.n_labels = COUNT(media_labels) },
	[GIT] = { .name = "git",
		.kind = "probe",
		.home = DUBLIN,
		.needs = needs_router,
		.n_needs = 1,
		.labels = git_labels,
		.n_labels = COUNT(git_labels) },
	[SITE_MUMBAI] = { .name = "site:mumbai",
		.kind = "site",
		.home = DUBLIN,
		.subject_a = "mumbai" },
	[LINK] = { .name = "link:dublin-mumbai",
		.kind = "link",
		.home = DUBLIN,
		.subject_a = "dublin",
		.subject_b = "mumbai" },
	[CLOCK_MUMBAI] = { .name = "clock@mumbai",
		.kind = "self",
		.home = MUMBAI,
		.needs = needs_mumbai,
		.n_needs = 1 },
};

/* ---- the journals */

static void tell(struct pair *p, uint8_t site, struct pair_event *ev)
{
	scoped(json_decref) json_t *body = NULL;
	struct alert_event event = { .site = p->sites[ev->site].config.sites[ev->site].name,
		.kind = ev->kind,
		.subject = ev->subject,
		.hlc = ev->hlc,
		.wall = ev->wall };

	ev->is_known[site] = true;
	assert_int_equal(json_read(&body, ev->body, strlen(ev->body), NULL), RC_OK);
	event.body = body;
	alert_event(p->sites[site].alert, p->now, &event);
}

static struct pair_event *append(struct pair *p, uint8_t site, const char *kind,
	const char *subject, const char *body)
{
	struct pair_event *ev;

	must_grow(p->log, p->n_log, p->cap_log);
	ev = &p->log[p->n_log++];
	*ev = (struct pair_event){ .site = site,
		.hlc = ++p->hlc,
		.wall = p->now.wall,
		.body = must_strdup(body) };
	str_copy(ev->kind, sizeof ev->kind, kind);
	str_copy(ev->subject, sizeof ev->subject, subject);
	ev->is_known[site] = true;
	return ev;
}

/* Whatever the other side lacks. */
static void exchange(struct pair *p)
{
	for (uint32_t i = 0; p->is_linked && i < p->n_log; i++)
		for (uint8_t site = 0; site < PAIR_SITES; site++)
			if (p->sites[site].alert && !p->log[i].is_known[site])
				tell(p, site, &p->log[i]);
}

void pair_write(struct pair *p, uint8_t site, const char *kind, const char *subject,
	const char *body)
{
	tell(p, site, append(p, site, kind, subject, body));
}

/* ---- the channels */

static void answer(struct pair *p, uint8_t site, const struct pair_request *r)
{
	const struct pair_channel *channel = &p->sites[site].answers[r->delivery.channel];
	char message[32];
	struct delivery_outcome o = { .number = r->delivery.number,
		.answer = channel->answer,
		.message = message,
		.via = r->is_by_watcher ? "webhost" : NULL };

	snprintf(message, sizeof message, "m%u", p->n_sent);
	if (r->is_by_watcher || (o.answer.verdict == PACE_LOST && !r->delivery.is_edit))
		o.answer = PAIR_ANSWER(PACE_DELIVERED);
	if (r->delivery.is_edit || o.answer.verdict != PACE_DELIVERED)
		o.message = NULL;
	if (r->is_by_watcher || !channel->is_mute)
		alert_delivered(p->sites[site].alert, p->now, &o);
}

static void carry_out(struct pair *p, uint8_t site, struct alert_effect *fx)
{
	struct pair_request *r;

	if (fx->kind == ALERT_DO_APPEND) {
		append(p, site, fx->event_kind, fx->subject, str_c(&fx->body));
	} else if (fx->kind != ALERT_SAY_CHANGED) {
		assert_true(p->n_sent < PAIR_SENT_MAX);
		r = &p->sent[p->n_sent++];
		*r = (struct pair_request){ .by = site,
			.at = p->now.wall,
			.is_by_watcher = fx->kind == ALERT_DO_WATCHER,
			.delivery = fx->delivery };
		fx->delivery.payload = NULL;
		answer(p, site, r);
	}
	alert_effect_fini(fx);
}

/* ---- time */

static void tell_of_peers(struct pair *p)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		uint8_t other = !site;
		bool is_up = p->is_linked && p->sites[other].alert;

		if (p->sites[site].alert)
			alert_peer(p->sites[site].alert, p->now, other, is_up,
				is_up && alert_can_deliver(p->sites[other].alert, p->now.mono),
				!p->sites[other].alert);
	}
}

static void settle(struct pair *p)
{
	bool is_any;

	do {
		is_any = false;
		tell_of_peers(p);
		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct alert_effect fx;

			if (!p->sites[site].alert)
				continue;
			alert_tick(p->sites[site].alert, p->now);
			while (alert_next(p->sites[site].alert, &fx)) {
				is_any = true;
				carry_out(p, site, &fx);
			}
		}
		exchange(p);
	} while (is_any);
}

void pair_run(struct pair *p, int64_t ms)
{
	int64_t end = p->now.mono.ms + ms;

	settle(p);
	while (p->now.mono.ms < end) {
		int64_t next = p->now.mono.ms + SECOND_MS < end ? p->now.mono.ms + SECOND_MS : end;

		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct mono wake = { NEVER_MS };

			if (p->sites[site].alert)
				wake = alert_wake(p->sites[site].alert);
			if (wake.ms > p->now.mono.ms && wake.ms < next)
				next = wake.ms;
		}
		p->now.wall.ms += next - p->now.mono.ms;
		p->now.mono.ms = next;
		settle(p);
	}
}

/* ---- life */

static bool is_settling(void *ctx, uint16_t check)
{
	return ((struct pair_site *)ctx)->is_settling[check];
}

static void declare(struct pair_site *s, uint8_t self)
{
	static struct notice_site sites[PAIR_SITES] = { { "dublin", NULL }, { "mumbai", NULL } };

	sites[DUBLIN].zone = sites[MUMBAI].zone = tz_utc();
	for (uint16_t i = 0; i < PAIR_CHECKS; i++) {
		s->checks[i] = lab_checks[i];
		s->checks[i].severity = "warning";
		s->checks[i].severity_rank = 1;
		s->checks[i].every_ms = 15 * SECOND_MS;
		s->told[i] = pair_well;
	}
	s->channels[0] = (struct alert_channel){ .name = "discord", .kind = ALERT_DISCORD };
	for (uint8_t i = 0; i < CHANNELS_MAX; i++)
		s->answers[i].answer = PAIR_ANSWER(PACE_DELIVERED);
	s->config = (struct alert_config){ .lab = "home",
		.self = self,
		.sites = sites,
		.n_sites = PAIR_SITES,
		.checks = s->checks,
		.n_checks = PAIR_CHECKS,
		.channels = s->channels,
		.n_channels = 1,
		.reader_zone = tz_utc(),
		.world = { .ctx = s, .is_settling = is_settling } };
}

void pair_stop(struct pair *p, uint8_t site)
{
	alert_free(p->sites[site].alert);
	p->sites[site].alert = NULL;
}

void pair_start(struct pair *p, uint8_t site)
{
	struct pair_site *s = &p->sites[site];

	s->alert = alert_new(site + 1);
	alert_load(s->alert, p->now, &s->config);
	for (uint32_t i = 0; i < p->n_log; i++)
		if (p->log[i].is_known[site])
			tell(p, site, &p->log[i]);
	alert_start(s->alert, p->now);
	for (uint16_t i = 0; i < s->config.n_checks; i++)
		alert_state(s->alert, p->now, i, &s->told[i]);
}

void pair_reload(struct pair *p, uint8_t site)
{
	alert_load(p->sites[site].alert, p->now, &p->sites[site].config);
}

struct pair *pair_open(void)
{
	struct pair *p = must_alloc(sizeof *p);

	p->now = (struct now){ { HOUR_MS }, { BEGIN_MS } };
	p->is_linked = true;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		declare(&p->sites[site], site);
		pair_start(p, site);
	}
	pair_run(p, MINUTE_MS);
	return p;
}

void pair_close(struct pair *p)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_stop(p, site);
	for (uint32_t i = 0; i < p->n_log; i++)
		free(p->log[i].body);
	for (uint32_t i = 0; i < p->n_sent; i++)
		delivery_fini(&p->sent[i].delivery);
	free(p->log);
	free(p);
}

void pair_part(struct pair *p)
{
	p->is_linked = false;
	settle(p);
}

void pair_heal(struct pair *p)
{
	p->is_linked = true;
	exchange(p);
	settle(p);
}

/* ---- what happens */

void pair_judge(struct pair *p, uint8_t site, uint16_t check, const struct alert_state *st)
{
	struct pair_site *s = &p->sites[site];
	bool was_well = s->told[check].health == HEALTH_WELL;
	struct alert_state told = *st;

	told.since = was_well || st->health == HEALTH_WELL ? p->now.wall : s->told[check].since;
	told.last_ok.ms = told.since.ms - 15 * SECOND_MS;
	s->told[check] = told;
	if (s->alert)
		alert_state(s->alert, p->now, check, &told);
}

void pair_fails(struct pair *p, uint16_t check)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(p, site, check, &pair_down);
}

void pair_recovers(struct pair *p, uint16_t check)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(p, site, check, &pair_well);
}

void pair_add_checks(struct pair *p, uint16_t n, uint16_t like)
{
	static char names[PAIR_CHECKS_MAX][16];

	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &p->sites[site];

		for (uint16_t i = PAIR_CHECKS; i < PAIR_CHECKS + n; i++) {
			snprintf(names[i], sizeof names[i], "extra-%03u", i);
			s->checks[i] = s->checks[like];
			s->checks[i].name = names[i];
			s->told[i] = pair_well;
		}
		s->config.n_checks = PAIR_CHECKS + n;
		pair_reload(p, site);
	}
}

void pair_add_channel(struct pair *p, const char *name, int kind)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct alert_config *config = &p->sites[site].config;

		p->sites[site].channels[config->n_channels++] =
			(struct alert_channel){ .name = name,
				.kind = kind,
				.from = "lab@example.net",
				.to = "me@example.net" };
		pair_reload(p, site);
	}
}

void pair_answer(struct pair *p, uint8_t site, uint8_t channel, struct pace_answer answer_)
{
	p->sites[site].answers[channel] = (struct pair_channel){ .answer = answer_ };
}

/* ---- what came of it */

const struct incident *pair_incident(const struct pair *p, uint8_t site, uint16_t check)
{
	return alert_covering(p->sites[site].alert, p->sites[site].checks[check].name);
}

uint32_t pair_count(const struct pair *p, const char *kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_log; i++)
		n += str_eq(p->log[i].kind, kind);
	return n;
}

uint32_t pair_created(const struct pair *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_sent; i++)
		n += !p->sent[i].delivery.is_edit;
	return n;
}

const struct pair_request *pair_last(const struct pair *p)
{
	assert_true(p->n_sent > 0);
	return &p->sent[p->n_sent - 1];
}

bool pair_says(const struct pair *p, const char *text)
{
	return strstr(pair_last(p)->delivery.payload, text) != NULL;
}
