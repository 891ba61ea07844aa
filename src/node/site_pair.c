/* SPDX-License-Identifier: Apache-2.0 */
#include "node/site_pair.h"

#include "test/support/lab_text.h"

#define WALL_0_MS INT64_C(1795386851000) /* 2026-11-22T22:34:11Z */
#define HEARD_MS  (12 * SECOND_MS)

const char pair_lab[] =
	"lab: home\n"
	"sites:\n"
	"  dublin: {address: \"10.0.0.1:7443\", key: KEY1, timezone: Europe/Dublin, uplink: "
	"router}\n"
	"  mumbai: {address: \"10.0.1.1:7443\", key: KEY2, timezone: Asia/Kolkata}\n"
	"watchers:\n"
	"  webhost: {url: \"https://watch.example.net\", key: KEY3}\n"
	"notify:\n"
	"  discord: {webhook: {env: WEBHOOK}}\n"
	"hosts:\n"
	"  nas: {site: mumbai, address: 10.0.1.10}\n"
	"probes:\n"
	"  router: {home: dublin, every: 5s, icmp: 10.0.0.254}\n"
	"  git: {home: dublin, every: 5s, http: {url: \"http://10.0.0.10/\"}}\n"
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 5s, host: nas,\n"
	"           http: {url: \"http://10.0.1.10/\"}}\n"
	"heartbeats:\n"
	"  export: {home: dublin, every: 1h, grace: 5m}\n";

struct pair_parcel { /* a message on the wire, with all it points to */
	uint8_t from;
	uint64_t connection;
	struct link_msg msg;
	struct link_head heads[LINK_HEADS_MAX];
	char *events;
	struct pair_parcel *next;
};

struct now pair_now(const struct pair *p, uint8_t site)
{
	return (struct now){ p->now.mono, { p->now.wall.ms + p->sites[site].skew_ms } };
}

/* ---- the wires */

static void post(struct pair *p, uint8_t from, uint64_t connection, const struct link_msg *msg)
{
	struct pair_parcel *parcel;

	if (!p->is_link_up || connection != p->connection)
		return;
	parcel = must_alloc(sizeof *parcel);
	parcel->from = from;
	parcel->connection = connection;
	parcel->msg = *msg;
	if (msg->n_heads)
		memcpy(parcel->heads, msg->heads, msg->n_heads * sizeof *msg->heads);
	parcel->msg.heads = parcel->heads;
	if (msg->events) {
		parcel->events = must_alloc(msg->events_len + 1);
		memcpy(parcel->events, msg->events, msg->events_len);
		parcel->msg.events = parcel->events;
	}
	*p->last = parcel;
	p->last = &parcel->next;
}

static bool carry_parcel(struct pair *p)
{
	struct pair_parcel *parcel = p->first;
	uint8_t to;

	if (!parcel)
		return false;
	p->first = parcel->next;
	if (!p->first)
		p->last = &p->first;
	to = !parcel->from;
	if (p->is_link_up && p->sites[to].site && parcel->connection == p->connection)
		site_received(p->sites[to].site, pair_now(p, to), parcel->from, parcel->connection,
			&parcel->msg);
	free(parcel->events);
	free(parcel);
	return true;
}

static void dial(struct pair *p, uint8_t from)
{
	uint8_t to = !from;

	if (!p->is_link_up || !p->sites[to].site) {
		site_closed(p->sites[from].site, pair_now(p, from), to, 0, "connecting timed out");
		return;
	}
	p->connection++;
	site_connected(p->sites[to].site, pair_now(p, to), from, p->connection, false);
	site_connected(p->sites[from].site, pair_now(p, from), to, p->connection, true);
}

/* ---- the watcher */

static void view_of(const struct pair *p, uint8_t site, struct beacon_view *to)
{
	const struct pair_site *s = &p->sites[site];

	str_copy(to->site, sizeof to->site, s->lab->sites[site].name);
	to->quiet_ms = s->heard.ms == INT64_MIN ? -1 : p->now.mono.ms - s->heard.ms;
	to->is_heard = to->quiet_ms >= 0 && to->quiet_ms < HEARD_MS;
	to->since = p->now.wall;
	if (s->told.len)
		to->told[to->n_told++] = str_c(&s->told); /* one is enough for a test */
}

static void make_message(struct pair *p, uint8_t by, bool is_edit, const char *message,
	const char *payload)
{
	uint32_t number = is_edit ? (uint32_t)strtoul(message + 1, NULL, 10) : 0;
	struct pair_message *m;

	if (number && number <= p->n_messages) {
		m = &p->messages[number - 1];
		free(m->payload);
		m->n_edits++;
	} else {
		assert_true(p->n_messages < PAIR_SENT_MAX);
		m = &p->messages[p->n_messages++];
		*m = (struct pair_message){ .by = by, .created = p->now.mono };
	}
	m->edited = p->now.mono;
	m->payload = must_strdup(payload);
}

static void deliver_for(struct pair *p, uint8_t from, const struct beacon *b,
	struct beacon_answer *answer)
{
	for (uint32_t i = 0; i < b->n_deliver; i++) {
		const struct beacon_delivery *d = &b->deliver[i];
		struct beacon_receipt *r = &answer->receipts[answer->n_receipts++];

		make_message(p, from, d->is_edit, d->message, d->payload);
		p->messages[p->n_messages - 1].is_by_watcher = true;
		r->number = d->number;
		r->is_unanswered = p->n_unanswered > 0;
		r->is_delivered = !r->is_unanswered;
		p->n_unanswered -= r->is_unanswered;
		snprintf(r->message, sizeof r->message, "m%u", p->n_messages);
	}
}

static void beacon(struct pair *p, uint8_t from, uint8_t watcher, const struct beacon *b)
{
	struct pair_site *s = &p->sites[from];
	struct beacon_answer answer = { .boot = b->boot,
		.seq = b->seq,
		.wall = p->now.wall,
		.drill_done = b->wants_drill,
		.drill_ok = !p->is_drill_failing,
		.drill_reason = "the webhook is gone" };

	s->n_beacons++;
	if (!p->is_watcher_up || !s->is_watcher_reachable) {
		site_watcher(s->site, pair_now(p, from), watcher, NULL, "connection refused");
		return;
	}
	s->heard = p->now.mono;
	str_clear(&s->told);
	if (b->n_told)
		str_add(&s->told, b->told[0]);
	for (uint8_t i = 0; i < PAIR_SITES; i++)
		view_of(p, i, &answer.sites[answer.n_sites++]);
	deliver_for(p, from, b, &answer);
	site_watcher(s->site, pair_now(p, from), watcher, &answer, NULL);
}

/* ---- the channel and the services */

static void deliver(struct pair *p, uint8_t from, const struct delivery *d)
{
	char message[16] = "";
	struct delivery_outcome o = { .number = d->number,
		.message = message,
		.answer = { .verdict = PACE_FAILED,
			.retry_after_ms = -1,
			.remaining = -1,
			.reset_after_ms = -1 } };

	if (p->sites[from].is_channel_reachable) {
		o.answer.verdict = PACE_DELIVERED;
		make_message(p, from, d->is_edit, d->message, d->payload);
		snprintf(message, sizeof message, "m%u", p->n_messages);
	}
	if (d->is_edit || o.answer.verdict != PACE_DELIVERED)
		o.message = NULL;
	site_delivered(p->sites[from].site, pair_now(p, from), &o);
}

static void probe(struct pair *p, uint8_t from, uint16_t check)
{
	bool is_ok = p->sites[from].sees[check];
	struct observation o = { .is_ok = is_ok,
		.reason = is_ok ? NULL : "refused",
		.took_us = 900 };

	p->sites[from].n_probes++;
	site_probed(p->sites[from].site, pair_now(p, from), check, &o);
}

static void carry_out(struct pair *p, uint8_t from, const struct site_effect *fx)
{
	struct pair_site *s = &p->sites[from];

	if (fx->kind == SITE_DO_PROBE)
		probe(p, from, fx->check);
	else if (fx->kind == SITE_DO_DIAL)
		dial(p, from);
	else if (fx->kind == SITE_DO_SEND)
		post(p, from, fx->connection, fx->msg);
	else if (fx->kind == SITE_DO_DELIVER)
		deliver(p, from, fx->delivery);
	else if (fx->kind == SITE_DO_BEACON)
		beacon(p, from, fx->watcher, fx->beacon);
	else if (fx->kind == SITE_SAY_LOG)
		str_addf(&s->log, "%s\n", str_c(&fx->text));
	else if (fx->kind == SITE_DO_TEST && ++s->n_tests)
		site_tested(s->site, pair_now(p, from), fx->channel, s->is_channel_reachable);
}

/* ---- time */

void pair_settle(struct pair *p)
{
	bool is_any;

	do {
		is_any = carry_parcel(p);
		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct site_effect fx;

			while (p->sites[site].site && site_next(p->sites[site].site, &fx)) {
				is_any = true;
				carry_out(p, site, &fx);
				site_effect_fini(&fx);
			}
		}
	} while (is_any);
}

void pair_run(struct pair *p, int64_t ms)
{
	int64_t end = p->now.mono.ms + ms;

	pair_settle(p);
	while (p->now.mono.ms < end) {
		int64_t next = end;

		for (uint8_t site = 0; site < PAIR_SITES; site++)
			if (p->sites[site].site && site_wake(p->sites[site].site).ms < next)
				next = site_wake(p->sites[site].site).ms;
		if (next <= p->now.mono.ms)
			next = p->now.mono.ms + 1;
		p->now.wall.ms += next - p->now.mono.ms;
		p->now.mono.ms = next;
		for (uint8_t site = 0; site < PAIR_SITES; site++)
			if (p->sites[site].site && site_wake(p->sites[site].site).ms <= next)
				site_tick(p->sites[site].site, pair_now(p, site));
		pair_settle(p);
	}
}

/* ---- life */

static struct lab *read_lab(const char *yaml)
{
	struct lab *lab = lab_text_read(yaml, NULL);

	assert_non_null(lab);
	assert_true(lab->n_checks <= PAIR_CHECKS_MAX);
	return lab;
}

void pair_start(struct pair *p, uint8_t site)
{
	struct pair_site *s = &p->sites[site];
	struct site_setup setup = { .self = site,
		.lab = s->lab,
		.seed = site + 1u,
		.store = memory_store_port(s->store),
		.scrub_every_ms = HOUR_MS,
		.version = "test" };

	assert_int_equal(site_open(&s->site, &setup, pair_now(p, site), NULL), RC_OK);
}

void pair_stop(struct pair *p, uint8_t site)
{
	struct pair_site *s = &p->sites[site];
	uint8_t other = !site;

	site_free(s->site);
	s->site = NULL;
	memory_store_crash(s->store);
	if (p->is_link_up && p->sites[other].site && p->connection)
		site_closed(p->sites[other].site, pair_now(p, other), site, p->connection, "reset");
}

void pair_shut_down(struct pair *p, uint8_t site)
{
	site_shutdown(p->sites[site].site, pair_now(p, site), "asked to");
	pair_settle(p);
	pair_stop(p, site);
}

struct pair *pair_open(const char *yaml)
{
	struct pair *p = must_alloc(sizeof *p);

	p->now = (struct now){ { HOUR_MS }, { WALL_0_MS } };
	p->is_link_up = p->is_watcher_up = true;
	p->last = &p->first;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &p->sites[site];

		s->lab = read_lab(yaml);
		s->store = memory_store_new();
		s->is_watcher_reachable = s->is_channel_reachable = true;
		s->heard.ms = INT64_MIN;
		memset(s->sees, true, sizeof s->sees);
		pair_start(p, site);
	}
	pair_run(p, MINUTE_MS);
	return p;
}

void pair_close(struct pair *p)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &p->sites[site];

		site_free(s->site);
		memory_store_free(s->store);
		lab_free(s->lab);
		str_fini(&s->told);
		str_fini(&s->log);
	}
	p->is_link_up = false;
	while (carry_parcel(p))
		continue;
	for (uint32_t i = 0; i < p->n_messages; i++)
		free(p->messages[i].payload);
	free(p);
}

/* ---- what happens */

void pair_part(struct pair *p)
{
	p->is_link_up = false;
}

void pair_heal(struct pair *p)
{
	p->is_link_up = true;
}

void pair_reload(struct pair *p, uint8_t site, const char *yaml)
{
	struct pair_site *s = &p->sites[site];
	struct lab *before = s->lab;
	bool sees[PAIR_CHECKS_MAX];

	s->lab = read_lab(yaml);
	memcpy(sees, s->sees, sizeof sees);
	for (uint16_t i = 0; i < s->lab->n_checks; i++) {
		uint16_t was = lab_check_index(before, s->lab->checks[i].name);

		s->sees[i] = was == NO_CHECK || sees[was];
	}
	assert_int_equal(site_reload(s->site, pair_now(p, site), s->lab, NULL, NULL), RC_OK);
	lab_free(before);
	pair_settle(p);
}

void pair_break_from(struct pair *p, uint8_t site, const char *check, bool is_broken)
{
	p->sites[site].sees[pair_check(p, check)] = !is_broken;
}

void pair_break(struct pair *p, const char *check, bool is_broken)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_break_from(p, site, check, is_broken);
}

/* ---- what came of it */

uint16_t pair_check(const struct pair *p, const char *name)
{
	uint16_t check = lab_check_index(p->sites[DUBLIN].lab, name);

	if (check == NO_CHECK)
		fail_msg("no check '%s'", name);
	return check;
}

enum check_state pair_state(const struct pair *p, uint8_t site, const char *check)
{
	return checks_view(site_checks(p->sites[site].site), pair_check(p, check)).state;
}

const struct incident *pair_incident(const struct pair *p, uint8_t site, const char *check)
{
	return alert_covering(site_alert(p->sites[site].site), check);
}

bool pair_was_said(const struct pair *p, const char *text)
{
	for (uint32_t i = 0; i < p->n_messages; i++)
		if (strstr(p->messages[i].payload, text))
			return true;
	return false;
}

static bool count(void *arg, const struct event *ev, uint64_t cursor)
{
	(void)ev;
	(void)cursor;
	++*(uint32_t *)arg;
	return true;
}

uint32_t pair_events(const struct pair *p, uint8_t site, const char *kind)
{
	const struct journal_store *store = memory_store_port(p->sites[site].store);
	struct event_query q = { .kind = kind };
	uint32_t n = 0;

	assert_int_equal(store->query(store->ctx, &q, count, &n, NULL), RC_OK);
	return n;
}
