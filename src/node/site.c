/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: every input feeds one core and then pumps: the cores' effects are turned into journal events,
 * inputs of other cores, and effects of the site, until none is left; then one commit makes all of
 * it durable, and only what a crash can't make untrue is handed out.
 */
#include "node/site_private.h"

#include <stdarg.h>

#define ALIVE_EVERY_MS  MINUTE_MS
#define HISTORY_WAIT_MS (15 * SECOND_MS) /* an empty journal waits so long for a peer's copy */
#define STUCK_RETRY_MS  SECOND_MS
#define SCRATCH_BUDGET  (32u * 1024 * 1024)
#define PUMP_ROUNDS_MAX 1000

const char *site_name(const struct site *s)
{
	return s->lab->sites[s->setup.self].name;
}

/* ---- effects */

struct site_effect *site_push(struct site *s, enum site_effect_kind kind)
{
	struct site_effect *fx = ring_push(&s->effects);

	fx->kind = kind;
	return fx;
}

void site_effect_fini(struct site_effect *fx)
{
	str_fini(&fx->text);
	free(fx->msg);
	if (fx->delivery)
		delivery_fini(fx->delivery);
	free(fx->delivery);
}

void site_log(struct site *s, enum log_level level, const char *fmt, ...)
{
	struct site_effect *fx = site_push(s, SITE_SAY_LOG);
	va_list ap;

	fx->level = level;
	va_start(ap, fmt);
	str_vaddf(&fx->text, fmt, ap);
	va_end(ap);
}

/* Peers and watchers must not hear promises that we can't keep: lost on the way. */
static bool is_promise(const struct site_effect *fx)
{
	return fx->kind == SITE_DO_SEND || fx->kind == SITE_DO_BEACON;
}

bool site_next(struct site *s, struct site_effect *ret)
{
	while (ring_pop(&s->effects, ret)) {
		if (!s->is_stuck || !is_promise(ret))
			return true;
		site_effect_fini(ret);
	}
	return false;
}

/* ---- the pump */

static bool drain_checks(struct site *s, struct now now)
{
	struct check_effect fx;
	bool is_any = false;

	while (checks_next(s->checks, &fx)) {
		is_any = true;
		switch (fx.kind) {
		case CHECK_DO_PROBE:
			site_push(s, SITE_DO_PROBE)->check = fx.check;
			break;
		case CHECK_SAY_WORD:
			events_say_word(s, now, fx.check);
			s->facts_due = now.mono; /* blind? */
			break;
		case CHECK_SAY_STATE:
			events_tell_state(s, now, fx.check);
			site_push(s, SITE_SAY_CHECK)->check = fx.check;
			break;
		}
	}
	return is_any;
}

static void take_alert_effect(struct site *s, struct now now, struct alert_effect *fx)
{
	struct site_effect *out;

	switch (fx->kind) {
	case ALERT_DO_APPEND:
		journal_add(s->journal, now, event_kind_of(fx->event_kind), fx->subject,
			str_c(&fx->body));
		s->is_digest_valid = false;
		break;
	case ALERT_DO_DELIVER:
		out = site_push(s, SITE_DO_DELIVER);
		out->delivery = must_alloc(sizeof *out->delivery);
		*out->delivery = fx->delivery;
		fx->delivery.payload = NULL;
		break;
	case ALERT_DO_WATCHER:
		beacons_carry(s, now, &fx->delivery);
		break;
	case ALERT_DO_TEST:
		site_push(s, SITE_DO_TEST)->channel = fx->delivery.channel;
		break;
	case ALERT_SAY_CHANGED:
		str_add(&site_push(s, SITE_SAY_INCIDENT)->text, fx->subject);
		break;
	}
	alert_effect_fini(fx);
}

static bool drain_alert(struct site *s, struct now now)
{
	struct alert_effect fx;
	bool is_any = false;

	alert_tick(s->alert, now);
	while (alert_next(s->alert, &fx)) {
		is_any = true;
		take_alert_effect(s, now, &fx);
	}
	return is_any;
}

static void say_committed(struct site *s, const struct event *events, size_t n)
{
	for (size_t i = 0; i < n; i++)
		site_push(s, SITE_SAY_EVENT)->event = &events[i];
}

/* Deliveries that were decided on but may not leave: as if they had not been begun. */
static void call_back_deliveries(struct site *s, struct now now)
{
	struct site_effect fx;

	for (uint32_t n = s->effects.n; n && ring_pop(&s->effects, &fx); n--) {
		struct delivery_outcome o = { .answer = { .verdict = PACE_LATER,
						      .retry_after_ms = STUCK_RETRY_MS,
						      .remaining = -1,
						      .reset_after_ms = -1 } };

		if (fx.kind == SITE_DO_DELIVER) {
			o.number = fx.delivery->number;
			alert_delivered(s->alert, now, &o);
			site_effect_fini(&fx);
			continue;
		}
		*site_push(s, fx.kind) = fx;
	}
}

static void become_stuck(struct site *s, struct now now, const char *why)
{
	if (!s->is_stuck)
		site_log(s, LOG_LEVEL_ERROR,
			"the journal can't be written, nothing leaves until it can: %s", why);
	s->is_stuck = true;
	alert_hold(s->alert, true);
	call_back_deliveries(s, now);
}

static void become_unstuck(struct site *s, struct now now)
{
	if (!s->is_stuck)
		return;
	site_log(s, LOG_LEVEL_WARNING,
		"the journal is written again; %llu events that later ones made useless were left "
		"out",
		(unsigned long long)journal_left_out(s->journal));
	s->is_stuck = false;
	s->behind.ms = NEVER_MS; /* what the peers sent meanwhile comes again */
	alert_hold(s->alert, s->is_winding_down);
	/* What waited may go: with the next input, at once.  What is said of this commit's events lives
	 * until the next event is written. */
	s->facts_due = now.mono;
}

static void write_down(struct site *s, struct now now)
{
	const struct event *events;
	size_t n = 0;
	struct err e = { 0 };

	if (journal_commit(s->journal, &events, &n, &e) != RC_OK) {
		become_stuck(s, now, e.text);
		return;
	}
	become_unstuck(s, now);
	if (n == 0)
		return;
	s->committed = now.mono;
	say_committed(s, events, n);
	peers_refresh_heads(s);
	peers_push(s, now);
}

/* Most steps have nothing to write. */
static void commit(struct site *s, struct now now)
{
	if (journal_uncommitted(s->journal))
		write_down(s, now);
	else
		become_unstuck(s, now);
}

static void drain(struct site *s, struct now now)
{
	bool is_any;
	int rounds = 0;

	do {
		must(++rounds < PUMP_ROUNDS_MAX);
		is_any = drain_checks(s, now);
		is_any |= drain_alert(s, now);
		is_any |= facts_tick(s, now);
	} while (is_any);
}

void site_pump(struct site *s, struct now now)
{
	if (s->is_pumping)
		return;
	s->is_pumping = true;
	drain(s, now);
	commit(s, now);
	s->is_pumping = false;
}

void site_begin(struct site *s, struct now now)
{
	arena_reset(&s->scratch);
	facts_notice_clock(s, now);
}

/* ---- opening */

static bool is_settling(void *ctx, uint16_t check)
{
	struct site *s = ctx;
	const struct lab_check *c = &s->lab->checks[check];

	/* The others read the same repo, and say in a moment whether they stumble over it, too. */
	if (c->kind == CHECK_SELF && c->self == SELF_CONFIG && s->lab->n_sites > 1)
		return true;
	return checks_is_settling(s->checks, check);
}

static uint32_t before(void *ctx, struct wall since, const char *cause,
	struct incident_before ret[BEFORE_MAX])
{
	return events_before(ctx, since, cause, ret);
}

static struct site_tables *make_tables(struct site *s, const struct lab *lab)
{
	struct alert_world world = { .ctx = s, .is_settling = is_settling, .before = before };

	const char *url = lab->sites[s->setup.self].url;

	return tables_new(lab, s->setup.self, url ? url : s->setup.url, &world);
}

static void append_boot(struct site *s, struct now now, bool is_clean)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "version", s->setup.version);
	json_time(&w, "last_alive", s->last_alive);
	json_bool(&w, "clean", is_clean);
	json_close(&w);
	events_add(s, now, EVENT_BOOT, site_name(s), &body);
}

/* Of damage the next start writes before it says that it is one. */
static bool take_kind(void *arg, const struct event *ev, uint64_t cursor)
{
	enum event_kind *kind = arg;

	(void)cursor;
	*kind = journal_fits_hash(ev) ? event_kind_of(ev->kind) : EVENT_UNKNOWN;
	return *kind == EVENT_DAMAGED;
}

bool site_was_shut_down(struct site *s, uint8_t site)
{
	const struct journal_store *store = s->setup.store;
	struct event_query q = { .site = s->lab->sites[site].name, .most = JOURNAL_CUT_MAX };
	enum event_kind newest = EVENT_UNKNOWN;

	return store->query(store->ctx, &q, take_kind, &newest, NULL) == RC_OK &&
	       newest == EVENT_SHUTDOWN;
}

void site_say_config(struct site *s, struct now now, const struct site_revision *rev)
{
	const char *previous = s->lab_of[s->setup.self];
	char hash[SHA256_HEX];
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	sha256_hex(&s->lab->hash, hash);
	if (str_eq(previous, hash))
		return;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "hash", hash);
	if (rev && rev->commit)
		json_text(&w, "revision", rev->commit);
	if (rev && rev->author)
		json_text(&w, "author", rev->author);
	if (rev && rev->summary)
		json_text(&w, "summary", rev->summary);
	if (*previous)
		json_text(&w, "previous", previous);
	json_close(&w);
	events_add(s, now, EVENT_CONFIG, site_name(s), &body);
}

static bool holds(const struct site *s, const struct link_head *head)
{
	for (uint32_t i = 0; i < s->n_heads; i++)
		if (str_eq(s->heads[i].site, head->site) && s->heads[i].epoch == head->epoch)
			return s->heads[i].seq >= head->seq;
	return false;
}

/* A peer holds events of ours that we don't. */
static bool is_history_missing(const struct site *s)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		for (uint32_t j = 0; i != s->setup.self && j < s->links[i].n_peer_heads; j++) {
			const struct link_head *theirs = &s->links[i].peer_heads[j];

			if (str_eq(theirs->site, site_name(s)) && !holds(s, theirs))
				return true;
		}
	return false;
}

void site_start_alert(struct site *s, struct now now)
{
	if (s->is_started || (now.mono.ms < s->alert_start_by.ms && is_history_missing(s)))
		return;
	s->is_started = true;
	s->facts_due = now.mono; /* is all here already? */
	alert_start(s->alert, now);
	events_tell_all(s, now);
}

/* Where two events have one stamp the order of declaration decides, never a name. */
static void order_store(const struct site *s)
{
	const char *names[SITES_MAX];

	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		names[i] = s->lab->sites[i].name;
	s->setup.store->order(s->setup.store->ctx, names, s->lab->n_sites);
}

static enum rc open_state(struct site *s, struct now now, struct err *e)
{
	const struct journal_store *store = s->setup.store;
	bool is_clean, is_new;
	size_t n;
	struct journal_setup setup = { site_name(s), store, s->setup.signer };
	enum rc rc = journal_open(&s->journal, &setup, now, e);

	if (rc != RC_OK)
		return rc;
	order_store(s);
	journal_heads(s->journal, &n);
	is_new = n == 0;
	s->last_alive.ms = store->noted(store->ctx, "last_alive", 0);
	is_clean = is_new || site_was_shut_down(s, s->setup.self);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		s->is_stopped[i] = i != s->setup.self && site_was_shut_down(s, i);
	checks_load(s->checks, now, s->tables->specs, s->lab->n_checks);
	alert_load(s->alert, now, &s->tables->alert);
	rc = events_restore(s, now, e);
	if (rc == RC_OK)
		rc = damage_restore(s, now, e);
	if (rc != RC_OK)
		return err_in(e, rc, "restoring the state from the journal");
	damage_take_stock(s, now);
	if (scrub_is_state_short(s))
		alert_doubt(s->alert, now);
	s->is_open = true;
	append_boot(s, now, is_clean);
	site_say_config(s, now, &s->setup.revision);
	events_declare_pings(s, now);
	for (uint32_t i = 0; i < SELF_CHECKS; i++)
		facts_observe(s, now, s->tables->self_check[i], true, NULL);
	facts_journal(s, now);
	journal_cuts(s->journal, &n); /* these come back like a history */
	s->alert_start_by.ms =
		now.mono.ms + ((is_new || n) && s->lab->n_sites > 1 ? HISTORY_WAIT_MS : 0);
	return RC_OK;
}

enum rc site_open(struct site **ret, const struct site_setup *setup, struct now now, struct err *e)
{
	scoped(site_free) struct site *s = must_alloc(sizeof *s);
	enum rc rc;

	s->setup = *setup;
	s->lab = setup->lab;
	s->boot = (uint64_t)now.wall.ms;
	s->started = s->last_mono = s->facts_due = s->alive_due = now.mono;
	s->last_wall = now.wall;
	s->labs_differ.ms = s->behind.ms = s->parted.ms = NEVER_MS;
	s->refused.ms = NEVER_MS;
	s->blind.ms = NEVER_MS;
	s->egress_seen.ms = s->sighted.ms = s->lab_mended.ms = INT64_MIN / 2;
	s->effects = RING_OF(struct site_effect);
	arena_init(&s->scratch, SCRATCH_BUDGET);
	s->tables = make_tables(s, s->lab);
	s->checks = checks_new(setup->self, setup->seed);
	s->alert = alert_new(setup->seed + 1);
	s->pause_hlc = must_alloc((s->lab->n_checks + 1u) * sizeof *s->pause_hlc);
	s->said_hlc = must_alloc((s->lab->n_checks + 1u) * sizeof *s->said_hlc);
	beacons_init(s, now);
	peers_init(s, now);
	scrub_init(s, now);
	rc = open_state(s, now, e);
	if (rc != RC_OK)
		return rc;
	peers_refresh_heads(s);
	if (now.mono.ms >= s->alert_start_by.ms)
		site_start_alert(s, now);
	site_pump(s, now);
	*ret = TAKE(s);
	return RC_OK;
}

void site_free(struct site *s)
{
	struct site_effect fx;

	if (!s)
		return;
	while (ring_pop(&s->effects, &fx))
		site_effect_fini(&fx);
	beacons_fini(s);
	alert_free(s->alert);
	checks_free(s->checks);
	journal_free(s->journal);
	tables_free(s->tables);
	arena_fini(&s->scratch);
	json_flat_fini(&s->body);
	free(s->links);
	free(s->heads);
	free(s->shown);
	free(s->pause_hlc);
	free(s->said_hlc);
	ring_fini(&s->effects);
	free(s);
}

/* ---- another configuration */

static void follow_names(uint64_t **by_check, const struct lab *old, const struct lab *lab)
{
	uint64_t *followed = must_alloc((lab->n_checks + 1u) * sizeof *followed);

	for (uint16_t i = 0; i < lab->n_checks; i++) {
		uint16_t before_ = lab_check_index(old, lab->checks[i].name);

		if (before_ != NO_CHECK)
			followed[i] = (*by_check)[before_];
	}
	free(*by_check);
	*by_check = followed;
}

/* Much is kept by a site's place in the list: words, links, whom the watcher hears. */
static bool is_reordered(const struct lab *old, const struct lab *lab)
{
	for (uint8_t i = 0; i < old->n_sites; i++) {
		uint8_t now_at = lab_site_index(lab, old->sites[i].name);

		if (now_at != NO_SITE && now_at != i)
			return true;
	}
	return false;
}

static bool has_channel(const struct lab *lab, const char *name)
{
	for (uint16_t i = 0; i < lab->notify.n_channels; i++)
		if (str_eq(lab->notify.channels[i].name, name))
			return true;
	return false;
}

/* A channel that is new to us may have been told by a site that knew it before. */
static void learn_of_channels(struct site *s, struct now now, const struct lab *old)
{
	bool is_any = false;
	struct err e = { 0 };

	for (uint16_t i = 0; i < s->lab->notify.n_channels; i++)
		is_any |= !has_channel(old, s->lab->notify.channels[i].name);
	if (is_any && events_restore_receipts(s, now, &e) != RC_OK)
		site_log(s, LOG_LEVEL_ERROR, "looking for what new channels were told: %s", e.text);
}

enum rc site_reload(struct site *s, struct now now, const struct lab *lab,
	const struct site_revision *rev, struct err *e)
{
	uint8_t self = lab_site_index(lab, site_name(s));
	const struct lab *old = s->lab;
	struct site_tables *tables, *old_tables = s->tables;
	struct err why = { 0 };

	if (self == NO_SITE)
		return err_set(e, RC_REFUSED, "this site, '%s', isn't declared any more",
			site_name(s));
	if (is_reordered(old, lab))
		return err_set(e, RC_REFUSED,
			"the sites were reordered: restart each site, one after the other");
	site_begin(s, now);
	tables = make_tables(s, lab);
	follow_names(&s->pause_hlc, old, lab);
	follow_names(&s->said_hlc, old, lab);
	s->lab = lab;
	order_store(s);
	s->tables = tables;
	checks_load(s->checks, now, tables->specs, lab->n_checks);
	alert_load(s->alert, now, &tables->alert);
	learn_of_channels(s, now, old);
	peers_remap(s, now, old);
	beacons_remap(s, now, old);
	tables_free(old_tables);
	site_say_config(s, now, rev);
	if (events_restore_checks(s, now, &why) != RC_OK)
		site_log(s, LOG_LEVEL_ERROR, "looking for what is known of new checks: %s",
			why.text);
	events_declare_pings(s, now);
	facts_loaded(s, now);
	events_tell_all(s, now);
	s->is_digest_valid = false;
	s->facts_due = now.mono;
	site_pump(s, now);
	return RC_OK;
}

/* ---- inputs */

static void note_alive(struct site *s, struct now now)
{
	const struct journal_store *store = s->setup.store;
	struct err e = { 0 };

	s->alive_due.ms = now.mono.ms + ALIVE_EVERY_MS;
	if (store->note(store->ctx, "last_alive", now.wall.ms, &e) != RC_OK)
		site_log(s, LOG_LEVEL_WARNING, "noting that we are alive: %s", e.text);
}

void site_tick(struct site *s, struct now now)
{
	site_begin(s, now);
	if (now.mono.ms >= s->alive_due.ms)
		note_alive(s, now);
	checks_tick(s->checks, now);
	peers_tick(s, now);
	beacons_tick(s, now);
	scrub_tick(s, now);
	if (!s->is_started && s->is_stuck) /* no history can come back while it can't be kept */
		s->alert_start_by.ms = now.mono.ms + HISTORY_WAIT_MS;
	if (!s->is_started && now.mono.ms >= s->alert_start_by.ms)
		site_start_alert(s, now);
	site_pump(s, now);
}

struct mono site_wake(const struct site *s)
{
	int64_t wakes[] = { checks_wake(s->checks).ms, alert_wake(s->alert).ms, peers_wake(s).ms,
		beacons_wake(s).ms, s->facts_due.ms, s->alive_due.ms, scrub_wake(s).ms,
		s->is_started ? NEVER_MS : s->alert_start_by.ms,
		s->is_stuck ? s->last_mono.ms + STUCK_RETRY_MS : NEVER_MS };
	struct mono wake = { NEVER_MS };

	for (size_t i = 0; i < COUNT(wakes); i++)
		if (wakes[i] < wake.ms)
			wake.ms = wakes[i];
	return wake;
}

void site_probed(struct site *s, struct now now, uint16_t check, const struct observation *o)
{
	site_begin(s, now);
	if (check < checks_count(s->checks))
		checks_observe(s->checks, now, check, o);
	site_pump(s, now);
}

void site_delivered(struct site *s, struct now now, const struct delivery_outcome *o)
{
	bool is_answer = o->answer.verdict != PACE_FAILED && o->answer.verdict != PACE_UNANSWERED;

	site_begin(s, now);
	if (is_answer && !o->via)
		s->egress_seen = now.mono;
	if (o->answer.verdict == PACE_DELIVERED)
		beacons_channel_works(s, now);
	alert_delivered(s->alert, now, o);
	site_pump(s, now);
}

void site_self(struct site *s, struct now now, enum self_check which, const struct observation *o)
{
	site_begin(s, now);
	if (which == SELF_CONFIG && s->is_lab_broken && o->is_ok)
		s->lab_mended = now.mono;
	if (which == SELF_CONFIG)
		s->is_lab_broken = !o->is_ok;
	facts_observe(s, now, s->tables->self_check[which], o->is_ok, o->reason);
	site_pump(s, now);
}

enum rc site_alerts(struct site *s, struct now now, const struct posted_alert *posted, uint32_t n,
	struct err *e)
{
	enum rc rc;

	site_begin(s, now);
	rc = alert_post(s->alert, now, posted, n, e);
	site_pump(s, now);
	return rc;
}

void site_wind_down(struct site *s)
{
	s->is_winding_down = true;
	alert_hold(s->alert, true);
}

bool site_is_delivering(const struct site *s)
{
	return alert_is_delivering(s->alert);
}

void site_shutdown(struct site *s, struct now now, const char *why)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	site_begin(s, now);
	site_wind_down(s);
	alert_stop(s->alert);
	drain(s, now);
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "why", why);
	json_close(&w);
	journal_add(s->journal, now, EVENT_SHUTDOWN, site_name(s), str_c(&body));
	site_pump(s, now);
	peers_stop(s, now, why);
}

/* ---- questions */

const struct lab *site_lab(const struct site *s)
{
	return s->lab;
}

uint8_t site_self_index(const struct site *s)
{
	return s->setup.self;
}

const struct checks *site_checks(const struct site *s)
{
	return s->checks;
}

const struct alert *site_alert(const struct site *s)
{
	return s->alert;
}

const struct link *site_link(const struct site *s, uint8_t peer)
{
	return peer == s->setup.self ? NULL : &s->links[peer];
}

const struct journal *site_journal(const struct site *s)
{
	return s->journal;
}

const struct site_watcher_view *site_watcher_view(const struct site *s, uint8_t watcher)
{
	return &s->beacons[watcher].view;
}

uint64_t site_digest(const struct site *s)
{
	struct site *cache = (struct site *)s;

	if (s->is_digest_valid)
		return s->digest;
	cache->digest = alert_digest(s->alert);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		cache->digest += checks_digest(s->checks, i) * (2u * i + 1);
	cache->is_digest_valid = true;
	return s->digest;
}

bool site_is_stuck(const struct site *s)
{
	return s->is_stuck;
}
