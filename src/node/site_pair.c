/* SPDX-License-Identifier: Apache-2.0 */
#include "node/site_pair.h"

#include "test/support/lab_text.h"

#define WALL_0_MS INT64_C(1795386851000) /* 2026-11-22T22:34:11Z */
#define HEARD_MS  (12 * SECOND_MS)

struct pair *p;

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
	int64_t due_ms;
	uint64_t connection;
	struct link_msg msg;
	struct link_head heads[LINK_HEADS_MAX];
	char *events;
	struct pair_parcel *next;
};

struct now pair_now(const struct pair *pair, uint8_t site)
{
	return (struct now){ pair->now.mono, { pair->now.wall.ms + pair->sites[site].skew_ms } };
}

/* ---- the wires */

static void post(struct pair *pair, uint8_t from, uint64_t connection, const struct link_msg *msg)
{
	struct pair_parcel *parcel;

	if (!pair->is_link_up || connection != pair->connection)
		return;
	parcel = must_alloc(sizeof *parcel);
	parcel->from = from;
	parcel->due_ms = pair->now.mono.ms + pair->one_way_ms;
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
	*pair->last = parcel;
	pair->last = &parcel->next;
}

static bool carry_parcel(struct pair *pair)
{
	struct pair_parcel *parcel = pair->first;
	uint8_t to;

	if (!parcel || (pair->is_link_up && parcel->due_ms > pair->now.mono.ms))
		return false;
	pair->first = parcel->next;
	if (!pair->first)
		pair->last = &pair->first;
	to = !parcel->from;
	if (pair->is_link_up && pair->sites[to].site && parcel->connection == pair->connection)
		site_received(pair->sites[to].site, pair_now(pair, to), parcel->from,
			parcel->connection, &parcel->msg);
	free(parcel->events);
	free(parcel);
	return true;
}

static void dial(struct pair *pair, uint8_t from)
{
	uint8_t to = !from;

	if (!pair->is_link_up || !pair->sites[to].site) {
		site_closed(pair->sites[from].site, pair_now(pair, from), to, 0,
			"connecting timed out");
		return;
	}
	pair->connection++;
	site_connected(pair->sites[to].site, pair_now(pair, to), from, pair->connection, false);
	site_connected(pair->sites[from].site, pair_now(pair, from), to, pair->connection, true);
}

/* ---- the watcher */

static void view_of(const struct pair *pair, uint8_t site, struct beacon_view *to)
{
	const struct pair_site *s = &pair->sites[site];

	str_copy(to->site, sizeof to->site, s->lab->sites[site].name);
	to->quiet_ms = s->heard.ms == INT64_MIN ? -1 : pair->now.mono.ms - s->heard.ms;
	to->is_heard = to->quiet_ms >= 0 && to->quiet_ms < HEARD_MS;
	to->since = pair->now.wall;
	if (s->told.len)
		to->told[to->n_told++] = str_c(&s->told); /* one is enough for a test */
}

static void make_message(struct pair *pair, uint8_t by, bool is_edit, const char *message,
	const char *payload)
{
	uint32_t number = is_edit ? (uint32_t)strtoul(message + 1, NULL, 10) : 0;
	struct pair_message *m;

	if (number && number <= pair->n_messages) {
		m = &pair->messages[number - 1];
		free(m->payload);
		m->n_edits++;
	} else {
		assert_true(pair->n_messages < PAIR_SENT_MAX);
		m = &pair->messages[pair->n_messages++];
		*m = (struct pair_message){ .by = by, .created = pair->now.mono };
	}
	m->edited = pair->now.mono;
	m->payload = must_strdup(payload);
}

static void deliver_for(struct pair *pair, uint8_t from, const struct beacon *b,
	struct beacon_answer *answer)
{
	for (uint32_t i = 0; i < b->n_deliver; i++) {
		const struct beacon_delivery *d = &b->deliver[i];
		struct beacon_receipt *r = &answer->receipts[answer->n_receipts++];

		make_message(pair, from, d->is_edit, d->message, d->payload);
		pair->messages[pair->n_messages - 1].is_by_watcher = true;
		r->number = d->number;
		r->is_unanswered = pair->n_unanswered > 0;
		r->is_delivered = !r->is_unanswered;
		pair->n_unanswered -= r->is_unanswered;
		snprintf(r->message, sizeof r->message, "m%u", pair->n_messages);
	}
}

static void beacon(struct pair *pair, uint8_t from, uint8_t watcher, const struct beacon *b)
{
	struct pair_site *s = &pair->sites[from];
	struct beacon_answer answer = { .boot = b->boot,
		.seq = b->seq,
		.wall = pair->now.wall,
		.drill_done = b->wants_drill,
		.drill_ok = !pair->is_drill_failing,
		.drill_reason = "the webhook is gone" };

	s->n_beacons++;
	if (!pair->is_watcher_up || !s->is_watcher_reachable) {
		site_watcher(s->site, pair_now(pair, from), watcher, NULL, "connection refused");
		return;
	}
	s->heard = pair->now.mono;
	str_clear(&s->told);
	if (b->n_told)
		str_add(&s->told, b->told[0]);
	for (uint8_t i = 0; i < PAIR_SITES; i++)
		view_of(pair, i, &answer.sites[answer.n_sites++]);
	str_copy(answer.config_why, sizeof answer.config_why,
		pair->watcher_trouble ? pair->watcher_trouble : "");
	answer.lab_hash = pair->watcher_lab ? pair->watcher_lab->hash : s->lab->hash;
	deliver_for(pair, from, b, &answer);
	site_watcher(s->site, pair_now(pair, from), watcher, &answer, NULL);
}

/* ---- the channel and the services */

static void deliver(struct pair *pair, uint8_t from, const struct delivery *d)
{
	char message[16] = "";
	struct delivery_outcome o = { .number = d->number,
		.message = message,
		.answer = { .verdict = PACE_FAILED,
			.retry_after_ms = -1,
			.remaining = -1,
			.reset_after_ms = -1 } };

	if (pair->is_channel_gone) {
		o.answer.verdict = PACE_GONE;
	} else if (pair->sites[from].is_channel_reachable) {
		o.answer.verdict = PACE_DELIVERED;
		make_message(pair, from, d->is_edit, d->message, d->payload);
		snprintf(message, sizeof message, "m%u", pair->n_messages);
	}
	if (d->is_edit || o.answer.verdict != PACE_DELIVERED)
		o.message = NULL;
	site_delivered(pair->sites[from].site, pair_now(pair, from), &o);
}

static void probe(struct pair *pair, uint8_t from, uint16_t check)
{
	bool is_ok = pair->sites[from].sees[check];
	struct observation o = { .is_ok = is_ok,
		.reason = is_ok ? NULL : "refused",
		.took_us = 900 };

	pair->sites[from].n_probes++;
	site_probed(pair->sites[from].site, pair_now(pair, from), check, &o);
}

static void carry_out(struct pair *pair, uint8_t from, const struct site_effect *fx)
{
	struct pair_site *s = &pair->sites[from];

	if (fx->kind == SITE_DO_PROBE)
		probe(pair, from, fx->check);
	else if (fx->kind == SITE_DO_DIAL)
		dial(pair, from);
	else if (fx->kind == SITE_DO_SEND)
		post(pair, from, fx->connection, fx->msg);
	else if (fx->kind == SITE_DO_DELIVER)
		deliver(pair, from, fx->delivery);
	else if (fx->kind == SITE_DO_BEACON)
		beacon(pair, from, fx->watcher, fx->beacon);
	else if (fx->kind == SITE_SAY_LOG)
		str_addf(&s->log, "%s\n", str_c(&fx->text));
	else if (fx->kind == SITE_DO_TEST && ++s->n_tests)
		site_tested(s->site, pair_now(pair, from), fx->channel,
			s->is_channel_reachable && !pair->is_channel_gone);
}

/* ---- time */

void pair_settle(struct pair *pair)
{
	bool is_any;

	do {
		is_any = carry_parcel(pair);
		for (uint8_t site = 0; site < PAIR_SITES; site++) {
			struct site_effect fx;

			while (pair->sites[site].site && site_next(pair->sites[site].site, &fx)) {
				is_any = true;
				carry_out(pair, site, &fx);
				site_effect_fini(&fx);
			}
		}
	} while (is_any);
}

void pair_run(struct pair *pair, int64_t ms)
{
	int64_t end = pair->now.mono.ms + ms;

	pair_settle(pair);
	while (pair->now.mono.ms < end) {
		int64_t next = end;

		if (pair->first && pair->first->due_ms < next)
			next = pair->first->due_ms;
		for (uint8_t site = 0; site < PAIR_SITES; site++)
			if (pair->sites[site].site && site_wake(pair->sites[site].site).ms < next)
				next = site_wake(pair->sites[site].site).ms;
		if (next <= pair->now.mono.ms)
			next = pair->now.mono.ms + 1;
		pair->now.wall.ms += next - pair->now.mono.ms;
		pair->now.mono.ms = next;
		for (uint8_t site = 0; site < PAIR_SITES; site++)
			if (pair->sites[site].site && site_wake(pair->sites[site].site).ms <= next)
				site_tick(pair->sites[site].site, pair_now(pair, site));
		pair_settle(pair);
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

void pair_start(struct pair *pair, uint8_t site)
{
	struct pair_site *s = &pair->sites[site];
	struct site_setup setup = { .self = site,
		.lab = s->lab,
		.seed = site + 1u,
		.store = memory_store_port(s->store),
		.scrub_every_ms = HOUR_MS,
		.signer = pair->signer,
		.version = "test" };

	assert_int_equal(site_open(&s->site, &setup, pair_now(pair, site), NULL), RC_OK);
}

void pair_stop(struct pair *pair, uint8_t site)
{
	struct pair_site *s = &pair->sites[site];
	uint8_t other = !site;

	site_free(s->site);
	s->site = NULL;
	memory_store_crash(s->store);
	if (pair->is_link_up && pair->sites[other].site && pair->connection)
		site_closed(pair->sites[other].site, pair_now(pair, other), site, pair->connection,
			"reset");
}

void pair_shut_down(struct pair *pair, uint8_t site)
{
	site_shutdown(pair->sites[site].site, pair_now(pair, site), "asked to");
	pair_settle(pair);
	pair_stop(pair, site);
}

struct pair *pair_open(const char *yaml)
{
	struct pair *pair = must_alloc(sizeof *pair);

	pair->now = (struct now){ { HOUR_MS }, { WALL_0_MS } };
	pair->is_link_up = pair->is_watcher_up = true;
	pair->last = &pair->first;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &pair->sites[site];

		s->lab = read_lab(yaml);
		s->store = memory_store_new();
		s->is_watcher_reachable = s->is_channel_reachable = true;
		s->heard.ms = INT64_MIN;
		memset(s->sees, true, sizeof s->sees);
		pair_start(pair, site);
	}
	pair_run(pair, MINUTE_MS);
	return pair;
}

void pair_close(struct pair *pair)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct pair_site *s = &pair->sites[site];

		site_free(s->site);
		memory_store_free(s->store);
		lab_free(s->lab);
		str_fini(&s->told);
		str_fini(&s->log);
	}
	pair->is_link_up = false;
	while (carry_parcel(pair))
		continue;
	for (uint32_t i = 0; i < pair->n_messages; i++)
		free(pair->messages[i].payload);
	free(pair);
}

int pair_set_up(void **state)
{
	(void)state;
	p = pair_open(pair_lab);
	return 0;
}

int pair_tear_down(void **state)
{
	(void)state;
	pair_close(p);
	return 0;
}

/* ---- what happens */

void pair_part(struct pair *pair)
{
	pair->is_link_up = false;
}

void pair_heal(struct pair *pair)
{
	pair->is_link_up = true;
}

void pair_reload(struct pair *pair, uint8_t site, const char *yaml)
{
	struct pair_site *s = &pair->sites[site];
	struct lab *before = s->lab;
	bool sees[PAIR_CHECKS_MAX];

	s->lab = read_lab(yaml);
	memcpy(sees, s->sees, sizeof sees);
	for (uint16_t i = 0; i < s->lab->n_checks; i++) {
		uint16_t was = lab_check_index(before, s->lab->checks[i].name);

		s->sees[i] = was == NO_CHECK || sees[was];
	}
	assert_int_equal(site_reload(s->site, pair_now(pair, site), s->lab, NULL, NULL), RC_OK);
	lab_free(before);
	pair_settle(pair);
}

void pair_break_from(struct pair *pair, uint8_t site, const char *check, bool is_broken)
{
	pair->sites[site].sees[pair_check(pair, check)] = !is_broken;
}

void pair_break(struct pair *pair, const char *check, bool is_broken)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_break_from(pair, site, check, is_broken);
}

/* ---- what came of it */

uint16_t pair_check(const struct pair *pair, const char *name)
{
	uint16_t check = lab_check_index(pair->sites[DUBLIN].lab, name);

	if (check == NO_CHECK)
		fail_msg("no check '%s'", name);
	return check;
}

enum check_state pair_state(const struct pair *pair, uint8_t site, const char *check)
{
	return checks_view(site_checks(pair->sites[site].site), pair_check(pair, check)).state;
}

const struct incident *pair_incident(const struct pair *pair, uint8_t site, const char *check)
{
	return alert_covering(site_alert(pair->sites[site].site), check);
}

bool pair_was_said(const struct pair *pair, const char *text)
{
	for (uint32_t i = 0; i < pair->n_messages; i++)
		if (strstr(pair->messages[i].payload, text))
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

uint32_t pair_events(const struct pair *pair, uint8_t site, const char *kind)
{
	const struct journal_store *store = memory_store_port(pair->sites[site].store);
	struct event_query q = { .kind = kind };
	uint32_t n = 0;

	assert_int_equal(store->query(store->ctx, &q, count, &n, NULL), RC_OK);
	return n;
}
