/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: the journals' events into the cores, and our words into events.
 *
 * The same function applies an event when it is restored at a start, when it arrives from a peer,
 * and when an operator caused it here; so a site's state never depends on how it learned a fact.
 */
#include "node/site_private.h"

#define RESTORE_INCIDENTS_MS (90 * DAY_MS) /* older ones that are still open are not looked for */
#define RESTORE_PINGS        16
#define BEFORE_MS            (10 * MINUTE_MS)
#define RUN_MAX_MS           (365 * DAY_MS) /* a job that says that it took longer says nothing */

/* ---- ours */

void events_add(struct site *s, struct now now, enum event_kind kind, const char *subject,
	const struct str *body)
{
	const struct event *ev = journal_add(s->journal, now, kind, subject, str_c(body));

	events_apply(s, now, ev);
}

void events_say_word(struct site *s, struct now now, uint16_t check)
{
	const struct vantage *v = checks_vantage(s->checks, check, s->setup.self);
	const char *name = s->lab->checks[check].name;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "word", check_word_name(v->word));
	if (v->word == WORD_FAILING)
		json_text(&w, "reason", v->reason);
	json_time(&w, "since", v->since);
	json_time(&w, "last_ok", v->last_ok);
	if (v->took_us >= 0)
		json_int(&w, "took_us", v->took_us);
	json_close(&w);
	s->said_hlc[check] = journal_add(s->journal, now, EVENT_EVIDENCE, name, str_c(&body))->hlc;
	s->is_digest_valid = false;
}

void events_say_words(struct site *s, struct now now)
{
	for (uint16_t i = 0; i < checks_count(s->checks); i++)
		if (s->said_hlc[i])
			events_say_word(s, now, i);
}

/* Names of the vantages that see it fail, for a path problem. */
static const char *failing_from(struct site *s, uint16_t check)
{
	scoped(str_fini) struct str list = STR_EMPTY;

	for (uint8_t site = 0; site < s->lab->n_sites; site++) {
		const struct vantage *v = checks_vantage(s->checks, check, site);

		if (!v || !v->is_fresh || v->word != WORD_FAILING)
			continue;
		if (list.len)
			str_add(&list, ", ");
		str_add(&list, s->lab->sites[site].name);
	}
	return arena_strdup(&s->scratch, str_c(&list));
}

static bool is_failing(const struct site *s, uint16_t check)
{
	return check != NO_CHECK && checks_view(s->checks, check).state == CHECK_FAILING;
}

/* What another site says of itself can't be known without it.  That is no trouble of its own, and
 * none at all before it is known why. */
static bool is_unknown(const struct site *s, const struct lab_check *c, enum check_state state)
{
	return c->kind == CHECK_SELF && state == CHECK_SILENT &&
	       !is_failing(s, s->tables->self_check[SELF_OUTSIDE]) &&
	       !is_failing(s, s->tables->site_check[c->home]) &&
	       !is_failing(s, s->tables->link_check[c->home]);
}

/* Now it is known why a site says nothing of itself, or that is over. */
static void tell_selves(struct site *s, struct now now, const struct lab_check *lost)
{
	bool is_all = lost->kind == CHECK_SELF;

	for (uint16_t i = s->lab->n_declared; i < s->lab->n_checks; i++) {
		const struct lab_check *c = &s->lab->checks[i];

		if (c->kind == CHECK_SELF && c->home != s->setup.self &&
			(is_all || c->home == lost->subject_a ||
				(lost->kind == CHECK_LINK && c->home == lost->subject_b)) &&
			checks_view(s->checks, i).state == CHECK_SILENT)
			events_tell_state(s, now, i);
	}
}

void events_tell_state(struct site *s, struct now now, uint16_t check)
{
	static const enum alert_health health[CHECK_STATES] = {
		[CHECK_PENDING] = HEALTH_UNKNOWN,
		[CHECK_OK] = HEALTH_WELL,
		[CHECK_FAILING] = HEALTH_FAILING,
		[CHECK_SILENT] = HEALTH_SILENT,
		[CHECK_PAUSED] = HEALTH_WELL,
	};
	const struct lab_check *c = &s->lab->checks[check];
	struct check_view view = checks_view(s->checks, check);
	struct alert_state st = { .health = health[view.state],
		.scope = check_scope_name(view.scope),
		.reason = view.reason,
		.since = view.since,
		.last_ok = view.last_ok };

	/* Whatever others make of us, we are here. */
	if (c->kind == CHECK_SITE && c->subject_a == s->setup.self)
		st.health = HEALTH_UNKNOWN;
	if (is_unknown(s, c, view.state))
		st.health = HEALTH_WELL;
	/* A link that one end has lost is lost. */
	if (s->lab->checks[check].kind == CHECK_LINK && view.scope == SCOPE_PATH)
		st.scope = check_scope_name(SCOPE_DOWN);
	else if (view.scope == SCOPE_PATH)
		st.failing_from = failing_from(s, check);
	if (!s->is_started)
		return;
	alert_state(s->alert, now, check, &st);
	if (c->kind == CHECK_SITE || c->kind == CHECK_LINK ||
		check == s->tables->self_check[SELF_OUTSIDE])
		tell_selves(s, now, c);
}

void events_tell_all(struct site *s, struct now now)
{
	for (uint16_t i = 0; i < checks_count(s->checks); i++)
		events_tell_state(s, now, i);
}

/* ---- events of any site */

/* A word of ours that we had lost.  The peer goes by it, so we do, until we have looked ourselves; if
 * we have, what we see must be the newest that is written. */
static void apply_recovered_word(struct site *s, struct now now, uint16_t check,
	const struct vantage *v)
{
	if (!s->said_hlc[check] && checks_recover(s->checks, now, check, v))
		return;
	if (v->stamp > s->said_hlc[check])
		events_say_word(s, now, check);
}

static void apply_evidence(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body, uint8_t site, uint16_t check)
{
	struct vantage v = { .took_us = json_node_int(body, "took_us", -1),
		.heard = facts_by_our_clock(s, now, site, ev->wall),
		.since = facts_by_our_clock(s, now, site, json_node_time(body, "since")),
		.last_ok = facts_by_our_clock(s, now, site, json_node_time(body, "last_ok")),
		.stamp = ev->hlc,
		.reason = (char *)json_node_text(body, "reason", NULL) };

	if (!check_word_parse(json_node_text(body, "word", ""), &v.word))
		return;
	if (s->lab->checks[check].kind == CHECK_HEARTBEAT)
		checks_declared(s->checks, now, check, v.since);
	else if (site == s->setup.self && s->is_open) {
		apply_recovered_word(s, now, check, &v);
		s->facts_due = now.mono; /* of what we know at any time our word of today counts */
	} else if (site == s->setup.self) {
		if (s->last_alive.ms > v.heard.ms)
			v.heard = s->last_alive;
		checks_restore(s->checks, now, check, site, &v);
	} else
		checks_hear(s->checks, now, check, site, &v);
	s->is_digest_valid = false;
}

static void apply_ping(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body, uint8_t site, uint16_t check)
{
	const char *what = json_node_text(body, "what", "");
	int64_t code = json_node_int(body, "code", 0), took_ms = json_node_int(body, "took_ms", -1);
	bool is_exit = str_eq(what, "exit");
	char reason[REASON_BYTES_MAX];
	struct report r = { .site = site,
		.at = facts_by_our_clock(s, now, site, ev->wall),
		.is_start = str_eq(what, "start"),
		.end = { .is_ok = str_eq(what, "success") || (is_exit && code == 0),
			.took_us = took_ms < 0 || took_ms > RUN_MAX_MS ? -1 : took_ms * 1000,
			.reason = reason } };

	if (is_exit)
		snprintf(reason, sizeof reason, "the job ended with exit status %lld",
			(long long)code);
	else
		str_copy(reason, sizeof reason, "the job reported failure");
	checks_ping(s->checks, now, check, &r);
	s->is_digest_valid = false;
}

static void apply_pause(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body, uint16_t check)
{
	struct wall until = json_node_time(body, "until");

	if (ev->hlc <= s->pause_hlc[check])
		return;
	s->pause_hlc[check] = ev->hlc;
	if (!until.ms)
		until.ms = NEVER_MS;
	checks_pause(s->checks, now, check, until);
	s->is_digest_valid = false;
}

static void apply_config(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body, uint8_t site)
{
	if (ev->hlc < s->lab_stamp[site])
		return;
	s->facts_due = now.mono; /* are these the same still? */
	s->lab_stamp[site] = ev->hlc;
	str_copy(s->lab_of[site], sizeof s->lab_of[site], json_node_text(body, "hash", ""));
}

static void apply_boot(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body, uint8_t site)
{
	struct wall last_alive = json_node_time(body, "last_alive");

	if (last_alive.ms)
		checks_was_away(s->checks, now, site, last_alive, ev->wall);
}

static void apply_lost(struct site *s, const struct event *ev)
{
	if (ev->wall.ms > s->lost.ms)
		s->lost = ev->wall;
}

static void apply_drill(struct site *s, const struct event *ev, const struct json_node *body)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		if (str_eq(s->lab->watchers[i].name, ev->subject) &&
			json_node_bool(body, "ok", false))
			s->beacons[i].last_drill = ev->wall;
}

static void apply_read(struct site *s, struct now now, const struct event *ev,
	const struct json_node *body)
{
	enum event_kind kind = event_kind_of(ev->kind);
	uint8_t site = lab_site_index(s->lab, ev->site);
	uint16_t check = lab_check_index(s->lab, ev->subject);

	if (site == NO_SITE)
		return; /* kept and relayed all the same */
	if (kind == EVENT_EVIDENCE && check != NO_CHECK)
		apply_evidence(s, now, ev, body, site, check);
	else if (kind == EVENT_PING && check != NO_CHECK)
		apply_ping(s, now, ev, body, site, check);
	else if (kind == EVENT_PAUSE && check != NO_CHECK)
		apply_pause(s, now, ev, body, check);
	else if (kind == EVENT_CONFIG)
		apply_config(s, now, ev, body, site);
	else if (kind == EVENT_LOST)
		apply_lost(s, ev);
	else if (kind == EVENT_BOOT)
		apply_boot(s, now, ev, body, site);
	else if (kind == EVENT_DRILL && site == s->setup.self)
		apply_drill(s, ev, body);
	else if (kind == EVENT_INCIDENT || kind == EVENT_RECEIPT || kind == EVENT_HANDOFF ||
		 kind == EVENT_SILENCE || kind == EVENT_ACK || kind == EVENT_ALERTS) {
		struct alert_event alert = { .site = ev->site,
			.kind = ev->kind,
			.subject = ev->subject,
			.hlc = ev->hlc,
			.wall = ev->wall,
			.body = body };

		alert_event(s->alert, now, &alert);
		s->is_digest_valid = false;
	}
}

void events_apply(struct site *s, struct now now, const struct event *ev)
{
	const struct json_node *body;

	if (json_flat_read(&s->body, ev->body, strlen(ev->body), &body, NULL) == RC_OK)
		apply_read(s, now, ev, body);
}

/* Which of them a later one makes useless: each event of an incident is whole. */
static const bool *find_outdated(struct site *s, const struct event *events, size_t n)
{
	bool *is_outdated = arena_alloc(&s->scratch, n);
	struct map seen = { 0 };

	if (n < 2 || !is_outdated)
		return is_outdated;
	for (size_t i = n; i-- > 0;)
		is_outdated[i] = event_kind_of(events[i].kind) == EVENT_INCIDENT &&
				 map_put(&seen, events[i].subject, s);
	map_fini(&seen);
	return is_outdated;
}

void events_apply_all(struct site *s, struct now now, const struct event *events, size_t n)
{
	const bool *is_outdated = find_outdated(s, events, n);

	for (size_t i = 0; i < n; i++)
		if (!is_outdated || !is_outdated[i])
			events_apply(s, now, &events[i]);
}

/* ---- restoring at a start */

struct restore {
	struct site *s;
	struct now now;
	struct event *events; /* copies, newest first */
	uint32_t n, cap;
	struct arena arena;
	struct map incidents; /* site and id of those seen */
};

#define KEY_BYTES_MAX (NAME_BYTES_MAX + EVENT_SUBJECT_BYTES_MAX + 2)

/* Site and subject. */
static void key_of(const struct event *ev, char key[KEY_BYTES_MAX])
{
	size_t n;

	str_copy(key, KEY_BYTES_MAX - 1, ev->site);
	n = strlen(key);
	key[n++] = ' ';
	str_copy(key + n, KEY_BYTES_MAX - n, ev->subject);
}

/* Each event of an incident is whole: of each site's only the newest counts.  What the disk has changed
 * counts nowhere. */
static bool is_left_out(struct restore *r, const struct event *ev)
{
	bool is_incident = event_kind_of(ev->kind) == EVENT_INCIDENT;
	char key[KEY_BYTES_MAX];

	if (is_incident) {
		key_of(ev, key);
		if (map_has(&r->incidents, key))
			return true;
	}
	if (!journal_fits_hash(ev)) {
		scrub_found_event(r->s, r->now, ev, true);
		return true;
	}
	if (is_incident)
		map_put(&r->incidents, key, r);
	return false;
}

static bool collect(void *arg, const struct event *ev, uint64_t cursor)
{
	struct restore *r = arg;
	struct event *copy;

	(void)cursor;
	if (is_left_out(r, ev))
		return true;
	must_grow(r->events, r->n, r->cap);
	copy = &r->events[r->n++];
	*copy = *ev;
	copy->site = arena_strdup(&r->arena, ev->site);
	copy->kind = arena_strdup(&r->arena, ev->kind);
	copy->subject = arena_strdup(&r->arena, ev->subject);
	copy->body = arena_strdup(&r->arena, ev->body);
	return true;
}

/* Apply what a query finds, oldest first. */
static enum rc replay(struct site *s, struct now now, const struct event_query *q, struct err *e)
{
	const struct journal_store *store = s->setup.store;
	struct restore r = { .s = s, .now = now };
	enum rc rc;

	arena_init(&r.arena, 0);
	rc = store->query(store->ctx, q, collect, &r, e);
	for (uint32_t i = r.n; rc == RC_OK && i-- > 0;)
		events_apply(s, now, &r.events[i]);
	free(r.events);
	map_fini(&r.incidents);
	arena_fini(&r.arena);
	return rc;
}

static enum rc restore_pings(struct site *s, struct now now, struct err *e)
{
	for (uint16_t i = 0; i < s->lab->n_checks; i++) {
		struct event_query q = { .kind = event_kind_text(EVENT_PING),
			.subject = s->lab->checks[i].name,
			.most = RESTORE_PINGS };
		enum rc rc;

		if (s->lab->checks[i].kind != CHECK_HEARTBEAT)
			continue;
		rc = replay(s, now, &q, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc restore_kind(struct site *s, struct now now, enum event_kind kind,
	const struct event_query *when, struct err *e)
{
	struct event_query q = *when;

	q.kind = event_kind_text(kind);
	return replay(s, now, &q, e);
}

/* From `age_ms` ago on. */
static struct event_query since_age(struct now now, int64_t age_ms)
{
	return (struct event_query){ .since = { now.wall.ms > age_ms ? now.wall.ms - age_ms : 0 } };
}

enum rc events_restore_receipts(struct site *s, struct now now, struct err *e)
{
	struct event_query q = since_age(now, RESTORE_INCIDENTS_MS);

	return restore_kind(s, now, EVENT_RECEIPT, &q, e);
}

/* Piece after piece, each half as old as the one before: where there isn't room for all incidents,
 * those that are over give way to newer ones, and that they were told is in their receipts.  A whole
 * history at once would also have to fit into memory. */
static enum rc restore_incidents(struct site *s, struct now now, struct err *e)
{
	static const enum event_kind kinds[] = { EVENT_INCIDENT, EVENT_RECEIPT, EVENT_HANDOFF,
		EVENT_ACK };

	for (int64_t age = RESTORE_INCIDENTS_MS; age > 0; age = age > HOUR_MS ? age / 2 : 0) {
		struct event_query q = since_age(now, age);
		enum rc rc = RC_OK;

		if (age > HOUR_MS) /* the last piece has no end: stamps may be ahead of our clock */
			q.until.ms = since_age(now, age / 2).since.ms - 1;
		for (size_t i = 0; i < COUNT(kinds) && rc == RC_OK && q.until.ms >= 0; i++)
			rc = restore_kind(s, now, kinds[i], &q, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc restore_words(struct site *s, struct now now, struct err *e)
{
	for (uint8_t site = 0; site < s->lab->n_sites; site++) {
		struct event_query q = { .site = s->lab->sites[site].name,
			.kind = event_kind_text(EVENT_EVIDENCE),
			.is_latest_by_subject = true };
		enum rc rc = replay(s, now, &q, e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc restore_latest(struct site *s, struct now now, enum event_kind kind, struct err *e)
{
	struct event_query q = { .kind = event_kind_text(kind), .is_latest_by_subject = true };

	return replay(s, now, &q, e);
}

/* What we said while the disk is full is in no store yet. */
static void restore_waiting(struct site *s, struct now now)
{
	for (size_t i = 0; i < journal_uncommitted(s->journal); i++) {
		const struct event *ev = journal_waiting(s->journal, i);
		enum event_kind kind = event_kind_of(ev->kind);

		if (kind == EVENT_EVIDENCE || kind == EVENT_PAUSE || kind == EVENT_PING)
			events_apply(s, now, ev);
	}
}

enum rc events_restore_checks(struct site *s, struct now now, struct err *e)
{
	enum rc rc = restore_words(s, now, e);

	if (rc == RC_OK)
		rc = restore_latest(s, now, EVENT_PAUSE, e);
	if (rc == RC_OK)
		rc = restore_pings(s, now, e);
	if (rc == RC_OK)
		restore_waiting(s, now);
	return rc;
}

enum rc events_restore(struct site *s, struct now now, struct err *e)
{
	static const enum event_kind latest[] = { EVENT_BOOT, EVENT_CONFIG, EVENT_DRILL,
		EVENT_SILENCE, EVENT_LOST, EVENT_ALERTS };
	enum rc rc = events_restore_checks(s, now, e);

	for (size_t i = 0; rc == RC_OK && i < COUNT(latest); i++)
		rc = restore_latest(s, now, latest[i], e);
	return rc == RC_OK ? restore_incidents(s, now, e) : rc;
}

/* A heartbeat that nobody has ever sent counts its first deadline from the day it was declared, and
 * a restart must not start that anew: the home site writes it down once. */
void events_declare_pings(struct site *s, struct now now)
{
	for (uint16_t i = 0; i < s->lab->n_checks; i++) {
		const struct lab_check *c = &s->lab->checks[i];
		struct event_query q = { .kind = event_kind_text(EVENT_EVIDENCE),
			.subject = c->name,
			.most = 1 };
		struct restore r = { .s = s, .now = now };
		scoped(str_fini) struct str body = STR_EMPTY;
		struct json_out w;

		if (c->kind != CHECK_HEARTBEAT || c->home != s->setup.self)
			continue;
		arena_init(&r.arena, 0);
		if (s->setup.store->query(s->setup.store->ctx, &q, collect, &r, NULL) == RC_OK &&
			!r.n) {
			json_begin(&w, &body);
			json_object_open(&w, NULL);
			json_text(&w, "word", "none");
			json_time(&w, "since", now.wall);
			json_close(&w);
			events_add(s, now, EVENT_EVIDENCE, c->name, &body);
		}
		free(r.events);
		arena_fini(&r.arena);
	}
}

/* ---- what happened just before */

struct before {
	struct site *s;
	struct incident_before *ret; /* newest first */
	uint64_t stamps[BEFORE_MAX]; /* of these */
	uint32_t n;
};

/* Changes by people and restarts explain; evidence and bookkeeping don't. */
static const enum event_kind telling[] = { EVENT_BOOT, EVENT_SHUTDOWN, EVENT_CONFIG, EVENT_CLOCK,
	EVENT_NOTE, EVENT_PAUSE, EVENT_RECOVERED };

static bool has_previous(const struct event *config)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *body;

	return json_flat_read(&flat, config->body, strlen(config->body), &body, NULL) == RC_OK &&
	       *json_node_text(body, "previous", "");
}

/* A site's first lab.yaml is no change, and one that every site takes up is one change. */
static bool is_said(const struct before *b, const struct event *ev, const char *text)
{
	bool is_config = event_kind_of(ev->kind) == EVENT_CONFIG;

	for (uint32_t i = 0; is_config && i < b->n; i++)
		if (str_eq(b->ret[i].text, text))
			return true;
	return is_config && !has_previous(ev);
}

/* Takes `text` over.  The oldest goes when there is no room. */
static void put_before(struct before *b, const struct event *ev, char *text)
{
	uint32_t at = b->n;

	if (at == BEFORE_MAX) {
		at--;
		free(b->ret[at].site);
		free(b->ret[at].text);
	} else {
		b->n++;
	}
	for (; at && b->stamps[at - 1] < ev->hlc; at--) {
		b->ret[at] = b->ret[at - 1];
		b->stamps[at] = b->stamps[at - 1];
	}
	b->ret[at] = (struct incident_before){ .at = ev->wall,
		.site = must_strdup(ev->site),
		.text = text };
	b->stamps[at] = ev->hlc;
}

static bool gather(void *arg, const struct event *ev, uint64_t cursor)
{
	struct before *b = arg;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)cursor;
	if (b->n == BEFORE_MAX && ev->hlc <= b->stamps[BEFORE_MAX - 1])
		return false;
	site_event_text(b->s->lab, ev, &text);
	if (!is_said(b, ev, str_c(&text)))
		put_before(b, ev, str_take(&text));
	return true;
}

uint32_t events_before(struct site *s, struct wall since, const char *cause,
	struct incident_before ret[BEFORE_MAX])
{
	const struct journal_store *store = s->setup.store;
	struct event_query q = { .since = { since.ms - BEFORE_MS }, .until = since };
	struct before b = { .s = s, .ret = ret };
	struct err e = { 0 };

	(void)cause;
	/* Kind by kind: where many open at once, most of these minutes is what they write. */
	for (size_t i = 0; i < COUNT(telling); i++) {
		q.kind = event_kind_text(telling[i]);
		if (store->query(store->ctx, &q, gather, &b, &e) != RC_OK)
			site_log(s, LOG_LEVEL_WARNING, "looking for what happened before: %s",
				e.text);
	}
	return b.n;
}
