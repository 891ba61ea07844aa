/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beacons: one to every watcher each BEACON_MS, and what its answer tells.
 *
 * A beacon carries deliveries when our own way out and the peer's are dead, and now and then asks for
 * the drill: the watcher posts to Discord, and only its receipt makes drill:NAME green.
 */
#include "node/site_private.h"

#define BEACON_PATIENCE_MS (10 * SECOND_MS)
#define REACHABLE_MS       (13 * SECOND_MS) /* an answer younger than this counts */
#define CARRY_MS           (35 * SECOND_MS) /* no beacon leaves with a delivery that is older */
#define DRILL_PATIENCE_MS  (2 * MINUTE_MS)
#define DRILL_AGAIN_MS     (10 * MINUTE_MS)
#define DRILL_SOON_MS      (15 * SECOND_MS) /* something is mended: not sooner after the last one */

_Static_assert(CARRY_MS + 2 * BEACON_PATIENCE_MS < ALERT_WATCHER_MS,
	"what alert has given up, and tells by another way, no beacon carries any more");

struct mono beacons_reachable_until(const struct beaconing *b)
{
	return (struct mono){ b->answered.ms == INT64_MIN ? INT64_MIN
							  : b->answered.ms + REACHABLE_MS };
}

bool beacons_is_reachable(const struct beaconing *b, struct now now)
{
	return now.mono.ms < beacons_reachable_until(b).ms;
}

void beacons_hurry(struct beaconing *b, struct now now)
{
	if (now.mono.ms < b->due.ms)
		b->due = now.mono;
}

static void begin(struct beaconing *b, struct now now)
{
	b->due = now.mono;
	b->asked.ms = b->drill_again.ms = b->lab_differs.ms = NEVER_MS;
	b->answered.ms = INT64_MIN;
	str_copy(b->why, sizeof b->why, "no answer yet");
}

void beacons_init(struct site *s, struct now now)
{
	s->beacons = must_alloc((s->lab->n_watchers + 1u) * sizeof *s->beacons);
	for (uint8_t i = 0; i < s->lab->n_watchers; i++)
		begin(&s->beacons[i], now);
}

static void drop_all_carried(struct beaconing *b)
{
	while (b->n_carried)
		delivery_fini(&b->carried[--b->n_carried].delivery);
}

void beacons_fini(struct site *s)
{
	for (uint8_t i = 0; s->beacons && i < s->lab->n_watchers; i++)
		drop_all_carried(&s->beacons[i]);
	free(s->beacons);
}

static uint8_t channel_of(const struct lab *lab, const char *name)
{
	for (uint8_t i = 0; i < lab->notify.n_channels; i++)
		if (str_eq(lab->notify.channels[i].name, name))
			return i;
	return UINT8_MAX;
}

/* To channels that are not declared any more nothing is delivered; alert has given it up, too. */
static void remap_carried(struct beaconing *b, const struct lab *old, const struct lab *lab)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n_carried; i++) {
		struct delivery *d = &b->carried[i].delivery;

		d->channel = channel_of(lab, old->notify.channels[d->channel].name);
		if (d->channel == UINT8_MAX)
			delivery_fini(d);
		else
			b->carried[n++] = b->carried[i];
	}
	b->n_carried = n;
}

void beacons_clock_jumped(struct site *s, int64_t by_ms)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		s->beacons[i].drill_due.ms = 0; /* reckoned anew */
		s->beacons[i].skew_ms -= by_ms;
	}
}

void beacons_remap(struct site *s, struct now now, const struct lab *old)
{
	struct beaconing *before = s->beacons;

	beacons_init(s, now);
	for (uint8_t i = 0; i < old->n_watchers; i++) {
		bool is_kept = false;

		for (uint8_t j = 0; j < s->lab->n_watchers; j++)
			if (str_eq(old->watchers[i].name, s->lab->watchers[j].name)) {
				s->beacons[j] = before[i];
				s->beacons[j].drill_due.ms = 0;
				s->beacons[j].lab_differs.ms = NEVER_MS; /* each has to read it */
				remap_carried(&s->beacons[j], old, s->lab);
				is_kept = true;
			}
		if (!is_kept)
			drop_all_carried(&before[i]);
	}
	free(before);
}

/* ---- deliveries that a beacon carries */

void beacons_carry(struct site *s, struct now now, struct delivery *d)
{
	struct beaconing *b = &s->beacons[0]; /* alert names the first watcher */
	struct carried *c;

	if (!s->lab->n_watchers || b->n_carried == COUNT(b->carried)) {
		delivery_fini(d);
		return; /* alert's patience ends, and it decides again */
	}
	c = &b->carried[b->n_carried++];
	c->delivery = *d;
	c->since = now.mono;
	c->is_out = false;
	d->payload = NULL;
	b->due.ms = INT64_MIN; /* at once */
}

/* False when it was not given to this watcher. */
static bool drop_carried(struct beaconing *b, uint64_t number)
{
	for (uint32_t i = 0; i < b->n_carried; i++)
		if (b->carried[i].delivery.number == number) {
			delivery_fini(&b->carried[i].delivery);
			memmove(&b->carried[i], &b->carried[i + 1],
				(b->n_carried - i - 1) * sizeof b->carried[0]);
			b->n_carried--;
			return true;
		}
	return false;
}

/* Nobody came for it in time.  If the watcher may have it, alert's patience ends later, as for one that
 * nobody answered for; otherwise it can be told in another way now. */
static void give_back_overdue(struct site *s, struct now now, struct beaconing *b)
{
	for (uint32_t i = b->n_carried; i-- > 0;) {
		struct delivery_outcome o = { .number = b->carried[i].delivery.number,
			.via = "",
			.answer = { .verdict = PACE_LATER,
				.retry_after_ms = -1,
				.remaining = -1,
				.reset_after_ms = -1 } };
		bool is_out = b->carried[i].is_out;

		if (now.mono.ms - b->carried[i].since.ms < CARRY_MS)
			continue;
		drop_carried(b, o.number);
		if (!is_out)
			alert_delivered(s->alert, now, &o);
	}
}

static void fill_deliveries(struct site *s, struct beaconing *b, struct beacon *to)
{
	for (uint32_t i = 0; i < b->n_carried; i++) {
		const struct delivery *d = &b->carried[i].delivery;
		struct beacon_delivery *bd = &to->deliver[to->n_deliver++];

		b->carried[i].is_out = true;
		bd->number = d->number;
		bd->is_edit = d->is_edit;
		bd->payload = d->payload;
		str_copy(bd->channel, sizeof bd->channel, s->lab->notify.channels[d->channel].name);
		str_copy(bd->message, sizeof bd->message, d->message);
	}
}

static enum pace_verdict verdict_of(const struct beacon_receipt *r)
{
	if (r->is_delivered)
		return PACE_DELIVERED;
	if (r->is_lost)
		return PACE_LOST;
	return r->is_unanswered ? PACE_UNANSWERED : PACE_FAILED;
}

static void take_receipts(struct site *s, struct now now, uint8_t watcher,
	const struct beacon_answer *answer)
{
	for (uint32_t i = 0; i < answer->n_receipts; i++) {
		const struct beacon_receipt *r = &answer->receipts[i];
		struct delivery_outcome o = { .number = r->number,
			.message = r->message,
			.reason = r->reason,
			.via = s->lab->watchers[watcher].name,
			.answer = { .verdict = verdict_of(r),
				.retry_after_ms = -1,
				.remaining = -1,
				.reset_after_ms = -1 } };

		/* A watcher answers for what it was asked to deliver, and for nothing else. */
		if (drop_carried(&s->beacons[watcher], r->number))
			alert_delivered(s->alert, now, &o);
	}
}

/* ---- drills */

static bool has_failed(const struct site *s, uint8_t watcher)
{
	const struct vantage *v =
		checks_vantage(s->checks, s->tables->drill_check[watcher], s->setup.self);

	return v && v->word == WORD_FAILING;
}

static void plan_drill(struct site *s, struct now now, uint8_t watcher)
{
	struct beaconing *b = &s->beacons[watcher];
	const struct tz *zone = s->lab->notify.reader_zone;
	struct cron cron;

	if (b->drill_due.ms)
		return;
	/* Never drilled, or not within a day: soon.  Otherwise as declared. */
	b->drill_due.ms = now.wall.ms + MINUTE_MS;
	if ((now.wall.ms - b->last_drill.ms < DAY_MS || b->drill_again.ms != NEVER_MS) &&
		cron_parse(s->lab->watchers[watcher].drill, &cron, NULL) == RC_OK)
		b->drill_due = cron_next(&cron, zone ? zone : tz_utc(), now.wall);
}

static void end_drill(struct site *s, struct now now, uint8_t watcher, bool is_ok,
	const char *reason)
{
	struct beaconing *b = &s->beacons[watcher];
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	b->wants_drill = false;
	b->drill_due.ms = 0;
	b->drilled = now.mono;
	b->drill_again.ms = is_ok ? NEVER_MS : now.mono.ms + DRILL_AGAIN_MS;
	if (is_ok)
		b->last_drill = now.wall;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_bool(&w, "ok", is_ok);
	if (!is_ok)
		json_text(&w, "reason", reason);
	json_int(&w, "took_ms", now.mono.ms - (b->drill_deadline.ms - DRILL_PATIENCE_MS));
	json_close(&w);
	journal_add(s->journal, now, EVENT_DRILL, s->lab->watchers[watcher].name, str_c(&body));
	facts_observe(s, now, s->tables->drill_check[watcher], is_ok, reason);
}

static void tend_drill(struct site *s, struct now now, uint8_t watcher)
{
	struct beaconing *b = &s->beacons[watcher];

	plan_drill(s, now, watcher);
	if (b->wants_drill && now.mono.ms >= b->drill_deadline.ms)
		end_drill(s, now, watcher, false,
			beacons_is_reachable(b, now)
				? "the watcher did not get through to its channel"
				: "the watcher did not answer");
	if (has_failed(s, watcher) && b->drill_again.ms == NEVER_MS) /* before a restart */
		b->drill_again.ms = now.mono.ms + MINUTE_MS;
	if (b->wants_drill || (now.wall.ms < b->drill_due.ms && now.mono.ms < b->drill_again.ms))
		return;
	b->wants_drill = true;
	b->drill_deadline.ms = now.mono.ms + DRILL_PATIENCE_MS;
	beacons_hurry(b, now);
}

/* It is back: what it could not do while it was away is proven now, not some minutes later. */
static void drill_again(struct site *s, struct now now, uint8_t watcher)
{
	if (has_failed(s, watcher) && !s->beacons[watcher].wants_drill)
		s->beacons[watcher].drill_due = now.wall;
}

void beacons_channel_works(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		struct beaconing *b = &s->beacons[i];
		int64_t soon_ms = b->drilled.ms + DRILL_SOON_MS;

		if (soon_ms < now.mono.ms)
			soon_ms = now.mono.ms;
		if (has_failed(s, i) && !b->wants_drill && soon_ms < b->drill_again.ms)
			b->drill_again.ms = soon_ms;
	}
}

/* ---- asking */

static void fill_heard(const struct site *s, struct beacon *to)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && s->links[i].state == LINK_UP)
			to->hears[to->n_hears++] = s->lab->sites[i].name;
}

static void add_if_dealt_with(const struct site *s, struct now now, uint16_t check,
	struct beacon *to)
{
	if (check != NO_CHECK && to->n_told < BEACON_TOLD_MAX &&
		alert_is_dealt_with(s->alert, now, check))
		to->told[to->n_told++] = s->lab->checks[check].name;
}

/* What we have told, and the sites, and the ways to itself, that the watcher need not speak of: also where
 * another cause explains them, or people wanted no message. */
static void fill_told(struct site *s, struct now now, uint8_t watcher, struct beacon *to)
{
	to->n_told = alert_told_roots(s->alert, to->told, BEACON_TOLD_MAX);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		add_if_dealt_with(s, now, s->tables->site_check[i], to);
	add_if_dealt_with(s, now, s->tables->watcher_check[watcher], to);
	for (uint32_t i = 0; i < to->n_told; i++)
		to->told[i] = arena_strdup(&s->scratch, to->told[i]);
}

static void ask(struct site *s, struct now now, uint8_t watcher)
{
	struct beaconing *b = &s->beacons[watcher];
	struct site_effect *fx = site_push(s, SITE_DO_BEACON);
	struct beacon *to = &b->beacon;

	fx->watcher = watcher;
	fx->beacon = to;
	*to = (struct beacon){ 0 };
	str_copy(to->lab, sizeof to->lab, s->lab->name);
	str_copy(to->site, sizeof to->site, site_name(s));
	to->boot = s->boot;
	to->seq = ++b->seq;
	to->wall = now.wall;
	fill_heard(s, to);
	fill_told(s, now, watcher, to);
	to->wants_drill = b->wants_drill;
	fill_deliveries(s, b, to);
	b->asked = now.mono;
	b->due.ms = now.mono.ms + BEACON_MS;
}

void beacons_tick(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		struct beaconing *b = &s->beacons[i];

		tend_drill(s, now, i);
		give_back_overdue(s, now, b);
		if (b->asked.ms != NEVER_MS && now.mono.ms - b->asked.ms >= BEACON_PATIENCE_MS)
			b->asked.ms = NEVER_MS; /* the driver's deadline should have been sooner */
		if (b->asked.ms == NEVER_MS && now.mono.ms >= b->due.ms)
			ask(s, now, i);
	}
}

struct mono beacons_wake(const struct site *s)
{
	struct mono wake = { NEVER_MS };

	for (uint8_t i = 0; i < s->lab->n_watchers; i++) {
		const struct beaconing *b = &s->beacons[i];
		int64_t at = b->asked.ms == NEVER_MS ? b->due.ms : b->asked.ms + BEACON_PATIENCE_MS;

		if (b->wants_drill && b->drill_deadline.ms < at)
			at = b->drill_deadline.ms;
		if (at < wake.ms)
			wake.ms = at;
	}
	return wake;
}

/* ---- answers */

/* That it is down itself a site has from others, and may be so again since: no word of its own. */
static bool is_check_of_site(const struct site *s, uint8_t site, const char *name)
{
	uint16_t check = s->tables->site_check[site];

	return check != NO_CHECK && str_eq(s->lab->checks[check].name, name);
}

static void take_views(struct site *s, struct now now, uint8_t watcher,
	const struct beacon_answer *answer)
{
	struct site_watcher_view *view = &s->beacons[watcher].view;

	view->answered = now.wall;
	view->is_reachable = true;
	for (uint32_t i = 0; i < answer->n_sites && i < SITES_MAX; i++) {
		const struct beacon_view *v = &answer->sites[i];
		uint8_t site = lab_site_index(s->lab, v->site);

		if (site == NO_SITE)
			continue;
		view->sites[site].is_heard = v->is_heard;
		view->sites[site].since = v->since;
		view->sites[site].quiet_ms = v->quiet_ms;
		if (site == s->setup.self || s->links[site].state == LINK_UP)
			continue;
		for (uint32_t j = 0; j < v->n_told; j++)
			if (!is_check_of_site(s, site, v->told[j]))
				alert_told_elsewhere(s->alert, now, site, v->told[j]);
	}
}

static void compare_lab(const struct site *s, struct now now, struct beaconing *b,
	const struct sha256 *theirs)
{
	static const struct sha256 unsaid;

	if (!memcmp(theirs, &unsaid, sizeof unsaid) ||
		!memcmp(theirs, &s->lab->hash, sizeof *theirs))
		b->lab_differs.ms = NEVER_MS;
	else if (b->lab_differs.ms == NEVER_MS)
		b->lab_differs = now.mono;
}

static void take_answer(struct site *s, struct now now, uint8_t watcher,
	const struct beacon_answer *answer)
{
	struct beaconing *b = &s->beacons[watcher];

	if (!beacons_is_reachable(b, now))
		drill_again(s, now, watcher);
	b->answered = now.mono;
	b->skew_ms = answer->wall.ms - now.wall.ms;
	b->why[0] = '\0';
	str_copy(b->config_why, sizeof b->config_why, answer->config_why);
	compare_lab(s, now, b, &answer->lab_hash);
	take_views(s, now, watcher, answer);
	take_receipts(s, now, watcher, answer);
	if (answer->drill_done && b->wants_drill)
		end_drill(s, now, watcher, answer->drill_ok, answer->drill_reason);
}

void site_watcher(struct site *s, struct now now, uint8_t watcher,
	const struct beacon_answer *answer, const char *why)
{
	struct beaconing *b = &s->beacons[watcher];

	site_begin(s, now);
	b->asked.ms = NEVER_MS;
	if (!answer)
		str_copy(b->why, sizeof b->why, why ? why : "no answer");
	else if (answer->boot == s->boot && answer->seq == b->seq)
		take_answer(s, now, watcher, answer);
	else /* one that was kept and sent again proves nothing: who stands between can do that */
		str_copy(b->why, sizeof b->why, "it answers an old beacon");
	s->facts_due = now.mono;
	site_pump(s, now);
}
