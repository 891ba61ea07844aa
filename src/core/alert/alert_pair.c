/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_pair.h"

#define BEGIN_MS INT64_C(1795386851000) /* 2026-11-22T22:34:11Z */

struct pair *p;

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
static const struct silence_label photos_labels[] = { { "name", "photos" }, { "site", "mumbai" } },
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

static void tell(struct pair *pair, uint8_t site, struct pair_event *ev)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	struct alert_event event = { .site = pair->sites[ev->site].config.sites[ev->site].name,
		.kind = ev->kind,
		.subject = ev->subject,
		.hlc = ev->hlc,
		.wall = ev->wall };

	ev->is_known[site] = true;
	assert_int_equal(json_flat_read(&flat, ev->body, strlen(ev->body), &event.body, NULL),
		RC_OK);
	alert_event(pair->sites[site].alert, pair->now, &event);
}

static struct pair_event *append(struct pair *pair, uint8_t site, const char *kind,
	const char *subject, const char *body)
{
	struct pair_event *ev;

	must_grow(pair->log, pair->n_log, pair->cap_log);
	ev = &pair->log[pair->n_log++];
	*ev = (struct pair_event){ .site = site,
		.hlc = ++pair->hlc,
		.wall = pair->now.wall,
		.body = must_strdup(body) };
	str_copy(ev->kind, sizeof ev->kind, kind);
	str_copy(ev->subject, sizeof ev->subject, subject);
	ev->is_known[site] = true;
	return ev;
}

/* Of what was written up to then. */
static bool is_lacking(const struct pair *pair, uint8_t site, int64_t until_ms)
{
	for (uint32_t i = 0; i < pair->n_log; i++)
		if (!pair->log[i].is_known[site] && pair->log[i].wall.ms <= until_ms)
			return true;
	return false;
}

/* Whatever the other side lacks. */
static void exchange(struct pair *pair)
{
	for (uint32_t i = 0; pair->is_linked && i < pair->n_log; i++)
		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct pair_site *s = &pair->sites[site];

			if (!s->alert || pair->log[i].is_known[site] ||
				pair->now.wall.ms < pair->log[i].wall.ms + pair->one_way_ms)
				continue;
			if (s->reads_slowly && pair->now.mono.ms - s->read.ms < SECOND_MS)
				continue;
			s->read = pair->now.mono;
			tell(pair, site, &pair->log[i]);
		}
}

void pair_write(struct pair *pair, uint8_t site, const char *kind, const char *subject,
	const char *body)
{
	tell(pair, site, append(pair, site, kind, subject, body));
}

/* ---- the channels */

static void answer(struct pair *pair, uint8_t site, const struct pair_request *r)
{
	const struct pair_channel *channel = &pair->sites[site].answers[r->delivery.channel];
	char message[32];
	struct delivery_outcome o = { .number = r->delivery.number,
		.answer = channel->answer,
		.message = message,
		.via = r->is_by_watcher ? "webhost" : NULL };

	snprintf(message, sizeof message, "m%u", pair->n_sent);
	if (r->is_by_watcher || (o.answer.verdict == PACE_LOST && !r->delivery.is_edit))
		o.answer = PAIR_ANSWER(PACE_DELIVERED);
	if (r->delivery.is_edit || o.answer.verdict != PACE_DELIVERED)
		o.message = NULL;
	if (r->is_by_watcher
			? !pair->sites[site].is_watcher_mute
			: !(channel->is_mute || (channel->is_mute_to_new && !r->delivery.is_edit)))
		alert_delivered(pair->sites[site].alert, pair->now, &o);
}

/* A channel that answers nothing answers no test either. */
static void test(struct pair *pair, uint8_t site, uint8_t channel)
{
	const struct pair_channel *c = &pair->sites[site].answers[channel];
	enum pace_verdict verdict = c->answer.verdict;
	bool is_dead = verdict == PACE_FAILED || verdict == PACE_UNANSWERED;

	pair->sites[site].n_tests++;
	alert_egress(pair->sites[site].alert, pair->now, channel, !c->is_mute && !is_dead);
}

static void carry_out(struct pair *pair, uint8_t site, struct alert_effect *fx)
{
	struct pair_request *r;

	if (fx->kind == ALERT_DO_APPEND) {
		append(pair, site, fx->event_kind, fx->subject, str_c(&fx->body));
	} else if (fx->kind == ALERT_DO_TEST) {
		test(pair, site, fx->delivery.channel);
	} else if (fx->kind != ALERT_SAY_CHANGED) {
		assert_true(pair->n_sent < PAIR_SENT_MAX);
		r = &pair->sent[pair->n_sent++];
		*r = (struct pair_request){ .by = site,
			.at = pair->now.wall,
			.is_by_watcher = fx->kind == ALERT_DO_WATCHER,
			.delivery = fx->delivery };
		fx->delivery.payload = NULL;
		answer(pair, site, r);
	}
	alert_effect_fini(fx);
}

/* ---- time */

static struct alert_peer peer_of(const struct pair *pair, uint8_t site)
{
	struct alert *other = pair->sites[!site].alert;
	int64_t ago_ms = 2 * pair->one_way_ms; /* what is known of it */

	if (!pair->is_linked || !other)
		return (struct alert_peer){ .is_dead = !other };
	return (struct alert_peer){ .is_up = true,
		.can_deliver = alert_can_deliver(other, pair->now.mono),
		.is_reading = pair->sites[!site].reads_slowly &&
			      is_lacking(pair, !site, pair->now.wall.ms),
		.has_read = { is_lacking(pair, !site, pair->now.wall.ms - ago_ms)
				      ? 0
				      : pair->now.mono.ms - ago_ms } };
}

static void tell_of_peers(struct pair *pair)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct alert *alert = pair->sites[site].alert;
		struct alert_peer other = peer_of(pair, site);

		if (!alert)
			continue;
		alert_behind(alert, pair->now,
			other.is_up &&
				is_lacking(pair, site, pair->now.wall.ms - pair->one_way_ms));
		alert_peer(alert, pair->now, !site, &other);
	}
}

static void settle(struct pair *pair)
{
	bool is_any;

	do {
		is_any = false;
		tell_of_peers(pair);
		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct alert_effect fx;

			if (!pair->sites[site].alert)
				continue;
			alert_tick(pair->sites[site].alert, pair->now);
			while (alert_next(pair->sites[site].alert, &fx)) {
				is_any = true;
				carry_out(pair, site, &fx);
			}
		}
		exchange(pair);
	} while (is_any);
}

void pair_run(struct pair *pair, int64_t ms)
{
	int64_t end = pair->now.mono.ms + ms;

	settle(pair);
	while (pair->now.mono.ms < end) {
		int64_t next =
			pair->now.mono.ms + SECOND_MS < end ? pair->now.mono.ms + SECOND_MS : end;

		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct mono wake = { NEVER_MS };

			if (pair->sites[site].alert)
				wake = alert_wake(pair->sites[site].alert);
			if (wake.ms > pair->now.mono.ms && wake.ms < next)
				next = wake.ms;
		}
		pair->now.wall.ms += next - pair->now.mono.ms;
		pair->now.mono.ms = next;
		settle(pair);
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
		.outside = UINT16_MAX,
		.channels = s->channels,
		.n_channels = 1,
		.reader_zone = tz_utc(),
		.world = { .ctx = s, .is_settling = is_settling } };
}

void pair_stop(struct pair *pair, uint8_t site)
{
	alert_free(pair->sites[site].alert);
	pair->sites[site].alert = NULL;
}

void pair_start(struct pair *pair, uint8_t site)
{
	struct pair_site *s = &pair->sites[site];

	s->alert = alert_new(site + 1);
	alert_load(s->alert, pair->now, &s->config);
	for (uint32_t i = 0; i < pair->n_log; i++)
		if (pair->log[i].is_known[site])
			tell(pair, site, &pair->log[i]);
	alert_start(s->alert, pair->now);
	for (uint16_t i = 0; i < s->config.n_checks; i++)
		alert_state(s->alert, pair->now, i, &s->told[i]);
}

void pair_reload(struct pair *pair, uint8_t site)
{
	alert_load(pair->sites[site].alert, pair->now, &pair->sites[site].config);
}

struct pair *pair_open(void)
{
	struct pair *pair = must_alloc(sizeof *pair);

	pair->now = (struct now){ { HOUR_MS }, { BEGIN_MS } };
	pair->is_linked = true;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		declare(&pair->sites[site], site);
		pair_start(pair, site);
	}
	pair_run(pair, MINUTE_MS);
	return pair;
}

void pair_forget_sent(struct pair *pair)
{
	for (uint32_t i = 0; i < pair->n_sent; i++)
		delivery_fini(&pair->sent[i].delivery);
	pair->n_sent = 0;
}

void pair_close(struct pair *pair)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_stop(pair, site);
	for (uint32_t i = 0; i < pair->n_log; i++)
		free(pair->log[i].body);
	pair_forget_sent(pair);
	free(pair->log);
	free(pair);
}

int pair_set_up(void **state)
{
	(void)state;
	p = pair_open();
	return 0;
}

int pair_tear_down(void **state)
{
	(void)state;
	pair_close(p);
	return 0;
}

void pair_part(struct pair *pair)
{
	pair->is_linked = false;
	settle(pair);
}

void pair_heal(struct pair *pair)
{
	pair->is_linked = true;
	tell_of_peers(pair);
	exchange(pair);
	settle(pair);
}

/* ---- what happens */

void pair_judge(struct pair *pair, uint8_t site, uint16_t check, const struct alert_state *st)
{
	struct pair_site *s = &pair->sites[site];
	bool was_well = s->told[check].health == HEALTH_WELL;
	struct alert_state told = *st;

	told.since = was_well || st->health == HEALTH_WELL ? pair->now.wall : s->told[check].since;
	told.last_ok.ms = told.since.ms - 15 * SECOND_MS;
	s->told[check] = told;
	if (s->alert)
		alert_state(s->alert, pair->now, check, &told);
}

void pair_fails(struct pair *pair, uint16_t check)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(pair, site, check, &pair_down);
}

void pair_recovers(struct pair *pair, uint16_t check)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_judge(pair, site, check, &pair_well);
}

void pair_add_checks(struct pair *pair, uint16_t n, uint16_t like)
{
	static char names[PAIR_CHECKS_MAX][16];

	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &pair->sites[site];

		for (uint16_t i = PAIR_CHECKS; i < PAIR_CHECKS + n; i++) {
			snprintf(names[i], sizeof names[i], "extra-%03u", i);
			s->checks[i] = s->checks[like];
			s->checks[i].name = names[i];
			s->told[i] = pair_well;
		}
		s->config.n_checks = PAIR_CHECKS + n;
		pair_reload(pair, site);
	}
}

void pair_add_channel(struct pair *pair, const char *name, int kind)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct alert_config *config = &pair->sites[site].config;

		pair->sites[site].channels[config->n_channels++] =
			(struct alert_channel){ .name = name,
				.kind = kind,
				.from = "lab@example.net",
				.to = "me@example.net" };
		pair_reload(pair, site);
	}
}

void pair_answer(struct pair *pair, uint8_t site, uint8_t channel, struct pace_answer answer_)
{
	pair->sites[site].answers[channel] = (struct pair_channel){ .answer = answer_ };
}

/* ---- what came of it */

const struct incident *pair_incident(const struct pair *pair, uint8_t site, uint16_t check)
{
	return alert_covering(pair->sites[site].alert, pair->sites[site].checks[check].name);
}

bool pair_lists(const struct pair *pair, const struct incident *in, uint16_t check)
{
	for (uint32_t i = 0; i < in->n_members; i++)
		if (str_eq(in->members[i].check, pair->sites[0].checks[check].name))
			return true;
	return false;
}

uint32_t pair_live(const struct pair *pair, uint8_t site)
{
	uint32_t n = 0;

	map_each (alert_incidents(pair->sites[site].alert), it) {
		const struct incident *in = it->value;

		n += in->state == INCIDENT_OPEN || in->state == INCIDENT_RECOVERING;
	}
	return n;
}

uint32_t pair_count(const struct pair *pair, const char *kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < pair->n_log; i++)
		n += str_eq(pair->log[i].kind, kind);
	return n;
}

uint32_t pair_created(const struct pair *pair)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < pair->n_sent; i++)
		n += !pair->sent[i].delivery.is_edit;
	return n;
}

const struct pair_request *pair_last(const struct pair *pair)
{
	assert_true(pair->n_sent > 0);
	return &pair->sent[pair->n_sent - 1];
}

bool pair_says(const struct pair *pair, const char *text)
{
	return strstr(pair_last(pair)->delivery.payload, text) != NULL;
}
