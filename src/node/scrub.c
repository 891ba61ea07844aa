/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrub: the journal is read again and compared with its hashes, a slice at a time; what isn't as it
 * was is fetched from a peer, proven, put back, and written down.  Where no peer has it, it stays as it
 * is: journal@SITE says so until somebody brings it back.
 */
#include "node/site_private.h"

#define SCRUB_FIRST_MS   MINUTE_MS /* after a start there is better to do */
#define SCRUB_SLICE_MS   (5 * SECOND_MS)
#define SCRUB_SLICE_MIN  64 /* events: a million in 22 hours */
#define SCRUB_SLICE_MAX  256
#define SCRUB_PASS_MS    (20 * HOUR_MS)   /* what holds more is read in larger slices */
#define SCRUB_NOTE_EVERY 12               /* slices */
#define SCRUB_ASK_MS     (3 * SECOND_MS)  /* doubled each time */
#define SCRUB_LINK_MS    (10 * SECOND_MS) /* a start waits so long for a link */
#define SCRUB_ASK_MAX_MS (10 * MINUTE_MS)
#define SCRUB_ASKS_MIN   4 /* in vain, before nobody is said to have it */

/* A note is a number: of a site's name this one. */
static int64_t number_of(const char *name)
{
	struct sha256 hash = sha256_of(name, strlen(name));
	int64_t number;

	memcpy(&number, hash.bytes, sizeof number);
	return number;
}

void scrub_init(struct site *s, struct now now)
{
	const struct journal_store *store = s->setup.store;
	struct scrubbing *x = &s->scrub;

	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (store->noted(store->ctx, "scrub_site", 0) == number_of(s->lab->sites[i].name))
			str_copy(x->at.site, sizeof x->at.site, s->lab->sites[i].name);
	x->at.epoch = (uint64_t)store->noted(store->ctx, "scrub_epoch", 0);
	x->at.seq = (uint64_t)store->noted(store->ctx, "scrub_seq", 0);
	x->begun = now.mono;
	x->due.ms = s->setup.scrub_every_ms ? now.mono.ms + SCRUB_FIRST_MS : NEVER_MS;
}

/* ---- what is damaged */

static bool is_there(const struct damage *d, const struct journal_place *place)
{
	return d->place.seq == place->seq && d->place.epoch == place->epoch &&
	       str_eq(d->place.site, place->site);
}

static bool is_hopeless(const struct damage *d)
{
	return d->n_asked > 0 && (!d->is_asked || d->n_asked > SCRUB_ASKS_MIN);
}

const char *scrub_trouble(struct site *s)
{
	const struct scrubbing *x = &s->scrub;
	const struct damage *d = &x->damages[0];
	char many[64] = "";

	if (x->n == 0)
		return NULL;
	if (x->n > 1)
		snprintf(many, sizeof many, "%u%s events are damaged; ", x->n,
			x->n == SCRUB_DAMAGES_MAX ? " or more" : "");
	snprintf(s->scrub.reason, sizeof s->scrub.reason,
		"%sevent %llu of %s's journal (epoch %llu) was changed by this disk; %s", many,
		(unsigned long long)d->place.seq, d->place.site, (unsigned long long)d->place.epoch,
		is_hopeless(d) ? "no peer that is there has it: it is kept as it is; look at the "
				 "disk's health"
			       : "a peer is asked for its copy");
	return s->scrub.reason;
}

static void forget(struct site *s, struct now now, uint32_t i)
{
	struct scrubbing *x = &s->scrub;

	x->damages[i] = x->damages[--x->n];
	facts_journal(s, now);
}

/* ---- asking peers */

static bool may_have(const struct site *s, uint8_t peer, const struct journal_place *place)
{
	const struct link *l = &s->links[peer];

	if (peer == s->setup.self || l->state != LINK_UP || !l->is_greeted)
		return false;
	for (uint32_t i = 0; i < l->n_peer_heads; i++)
		if (l->peer_heads[i].epoch == place->epoch &&
			str_eq(l->peer_heads[i].site, place->site))
			return l->peer_heads[i].seq >= place->seq;
	return l->n_peer_heads == LINK_HEADS_MAX; /* it doesn't show all that it has */
}

static void ask(struct site *s, struct now now, struct damage *d)
{
	int64_t wait_ms = SCRUB_ASK_MS << (d->n_asked < 8 ? d->n_asked : 8);

	d->ask_due.ms = now.mono.ms + (wait_ms < SCRUB_ASK_MAX_MS ? wait_ms : SCRUB_ASK_MAX_MS);
	d->n_asked++;
	d->is_asked = false;
	for (uint8_t i = 1; i <= s->lab->n_sites; i++) {
		uint8_t peer = (uint8_t)((d->last_asked + i) % s->lab->n_sites);

		if (d->is_asked || !may_have(s, peer, &d->place))
			continue;
		d->last_asked = peer;
		d->is_asked = true;
		peers_ask(s, peer, &d->place);
	}
	facts_journal(s, now);
}

static struct damage *find(struct scrubbing *x, const struct journal_place *place)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (is_there(&x->damages[i], place))
			return &x->damages[i];
	return NULL;
}

/* NULL: there is no room; a later pass finds the rest. */
static struct damage *take_up(struct site *s, struct now now, const struct journal_place *place)
{
	struct scrubbing *x = &s->scrub;
	struct damage *d;

	if (x->n == SCRUB_DAMAGES_MAX)
		return NULL;
	d = &x->damages[x->n++];
	*d = (struct damage){ .place = *place,
		.ask_due = { now.mono.ms + SCRUB_LINK_MS },
		.last_asked = s->setup.self };
	return d;
}

void scrub_known(struct site *s, struct now now, const struct journal_place *place)
{
	struct damage *d = find(&s->scrub, place);

	if (!d)
		d = take_up(s, now, place);
	if (d)
		d->is_written = d->is_unfolded = true;
}

void scrub_found(struct site *s, struct now now, const struct journal_place *place,
	bool is_unfolded)
{
	struct damage *d = find(&s->scrub, place) ? NULL : take_up(s, now, place);

	if (!d)
		return;
	d->is_unfolded = is_unfolded;
	site_log(s, LOG_LEVEL_ERROR,
		"event %llu of %s's journal, epoch %llu, isn't what was written",
		(unsigned long long)place->seq, place->site, (unsigned long long)place->epoch);
	if (s->is_open)
		ask(s, now, d);
}

void scrub_found_event(struct site *s, struct now now, const struct event *ev, bool is_unfolded)
{
	struct journal_place place = { .epoch = ev->epoch, .seq = ev->seq };

	str_copy(place.site, sizeof place.site, ev->site);
	scrub_found(s, now, &place, is_unfolded);
}

static void ask_if_due(struct site *s, struct now now)
{
	for (uint32_t i = s->scrub.n; i-- > 0;) {
		struct damage *d = &s->scrub.damages[i];
		char why[REASON_BYTES_MAX];

		if (now.mono.ms < d->ask_due.ms)
			continue;
		if (journal_is_intact(s->journal, &d->place, why))
			forget(s, now, i);
		else
			ask(s, now, d);
	}
}

void scrub_linked(struct site *s, struct now now)
{
	for (uint32_t i = 0; i < s->scrub.n; i++)
		s->scrub.damages[i].ask_due = now.mono;
}

/* ---- mending */

static void mend(struct site *s, struct now now, uint8_t peer, uint32_t i,
	const struct event *events, size_t n)
{
	struct damage d = s->scrub.damages[i];
	struct err e = { 0 };
	enum rc rc;

	damage_write_down(s, now); /* while it can be seen what stands there */
	rc = journal_mend(s->journal, &d.place, events, n, &e);
	if (rc == RC_NOT_FOUND)
		return;
	if (rc != RC_OK) {
		site_log(s, LOG_LEVEL_ERROR, "%s's copy of event %llu of %s's journal: %s",
			s->lab->sites[peer].name, (unsigned long long)d.place.seq, d.place.site,
			e.text);
		return;
	}
	damage_repaired(s, now, &d.place, s->lab->sites[peer].name);
	if (d.is_unfolded)
		events_apply(s, now, &events[d.place.seq - events->seq]);
	forget(s, now, i);
}

void scrub_offered(struct site *s, struct now now, uint8_t peer, const struct event *events,
	size_t n)
{
	for (uint32_t i = s->scrub.n; n > 0 && i-- > 0;) {
		const struct journal_place *place = &s->scrub.damages[i].place;

		if (str_eq(place->site, events->site) && place->epoch == events->epoch &&
			place->seq >= events->seq && place->seq - events->seq < n)
			mend(s, now, peer, i, events, n);
	}
}

/* ---- looking */

static size_t slice_size(const struct site *s)
{
	size_t n, size;
	const struct journal_head *heads = journal_heads(s->journal, &n);
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += heads[i].seq;
	size = (size_t)(total / (SCRUB_PASS_MS / SCRUB_SLICE_MS)) + 1;
	if (size < SCRUB_SLICE_MIN)
		return SCRUB_SLICE_MIN;
	return size < SCRUB_SLICE_MAX ? size : SCRUB_SLICE_MAX;
}

/* A site that is restarted every night must not look at the same events for ever. */
static void note_place(struct site *s)
{
	const struct journal_store *store = s->setup.store;
	const struct journal_place *at = &s->scrub.at;
	const struct {
		const char *name;
		int64_t value;
	} notes[] = { { "scrub_site", *at->site ? number_of(at->site) : 0 },
		{ "scrub_epoch", (int64_t)at->epoch }, { "scrub_seq", (int64_t)at->seq } };
	struct err e = { 0 };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < COUNT(notes); i++)
		rc = store->note(store->ctx, notes[i].name, notes[i].value, &e);
	if (rc != RC_OK)
		site_log(s, LOG_LEVEL_WARNING, "noting how far the journal was verified: %s",
			e.text);
}

static void look(struct site *s, struct now now)
{
	struct scrubbing *x = &s->scrub;
	struct journal_place found[SCRUB_SLICE_MAX];
	size_t n;
	bool is_over;

	if (!*x->at.site)
		x->begun = now.mono;
	is_over = journal_scrub(s->journal, &x->at, slice_size(s), found, &n);
	x->due.ms = now.mono.ms + SCRUB_SLICE_MS;
	if (is_over && x->due.ms < x->begun.ms + s->setup.scrub_every_ms)
		x->due.ms = x->begun.ms + s->setup.scrub_every_ms;
	if (is_over)
		x->verified = now.wall;
	if (is_over || ++x->slices % SCRUB_NOTE_EVERY == 0)
		note_place(s);
	for (size_t i = 0; i < n; i++)
		scrub_found(s, now, &found[i], false);
}

void scrub_tick(struct site *s, struct now now)
{
	if (now.mono.ms >= s->scrub.due.ms)
		look(s, now);
	damage_write_down(s, now);
	ask_if_due(s, now);
}

struct mono scrub_wake(const struct site *s)
{
	struct mono wake = s->scrub.due;

	for (uint32_t i = 0; i < s->scrub.n; i++) {
		const struct damage *d = &s->scrub.damages[i];

		if (!d->is_written)
			return s->last_mono;
		if (d->ask_due.ms < wake.ms)
			wake = d->ask_due;
	}
	return wake;
}

struct wall site_verified(const struct site *s)
{
	return s->scrub.verified;
}
