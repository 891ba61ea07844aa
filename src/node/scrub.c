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
#define SCRUB_GIVE_UP    2 /* the same, when all sites are there and say how far they have come */
#define SCRUB_CUT_MS     MINUTE_MS /* long enough to be told, however soon it is there again */
#define SCRUB_LOST_MS    (10 * MINUTE_MS) /* what is lost is said for so long */

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

static const char *fate_of(const struct damage *d)
{
	if (d->is_lost)
		return "it is lost, no site has a copy: 'diarchy log --kind damaged' shows what is "
		       "left of it; look at the disk's health";
	if (is_hopeless(d))
		return d->is_cut ? "it was taken out, and no peer that is there has it"
				 : "no peer that is there has it: it is kept as it is; look at the "
				   "disk's health";
	return d->is_cut ? "it was taken out, with what was behind it, and comes again from a peer"
			 : "a peer is asked for its copy";
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
		fate_of(d));
	return s->scrub.reason;
}

static void forget(struct site *s, struct now now, uint32_t i)
{
	struct scrubbing *x = &s->scrub;
	bool was_hidden = x->damages[i].is_hidden;

	x->damages[i] = x->damages[--x->n];
	if (was_hidden)
		peers_refresh_heads(s);
	facts_journal(s, now);
}

bool scrub_is_state_short(const struct site *s)
{
	for (uint32_t i = 0; i < s->scrub.n; i++)
		if (!s->scrub.damages[i].is_lost &&
			(s->scrub.damages[i].is_unfolded || s->scrub.damages[i].is_cut))
			return true;
	return false;
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

/* Whether any other site has it is known only while all say how far they have come. */
static bool is_everybody_there(const struct site *s)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && (s->links[i].state != LINK_UP || !s->links[i].is_greeted))
			return false;
	return s->lab->n_sites > 1;
}

static bool has_nobody(const struct site *s, const struct journal_place *place)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (may_have(s, i, place))
			return false;
	return is_everybody_there(s);
}

static bool is_of_chain(const struct damage *d, const struct journal_place *place)
{
	return d->place.epoch == place->epoch && str_eq(d->place.site, place->site);
}

/* It is still said for a while. */
static void lose(struct now now, struct damage *d)
{
	d->is_lost = d->is_written = true;
	d->ask_due.ms = now.mono.ms + SCRUB_LOST_MS;
}

/* Of several in a chain of ours the first goes first, and takes what is damaged behind it along. */
static void give_up(struct site *s, struct now now, struct journal_place place)
{
	struct scrubbing *x = &s->scrub;
	struct err e = { 0 };
	size_t moved;

	for (uint32_t i = 0; i < x->n; i++)
		if (is_of_chain(&x->damages[i], &place) && !x->damages[i].is_lost &&
			x->damages[i].place.seq < place.seq && has_nobody(s, &x->damages[i].place))
			place = x->damages[i].place;
	if (journal_give_up(s->journal, now, &place, &moved, &e) != RC_OK) {
		site_log(s, LOG_LEVEL_ERROR, "going on behind event %llu, which is lost: %s",
			(unsigned long long)place.seq, e.text);
		return;
	}
	site_log(s, LOG_LEVEL_ERROR,
		"event %llu of our journal is lost; %zu behind it moved to epoch %llu",
		(unsigned long long)place.seq, moved,
		(unsigned long long)journal_epoch(s->journal));
	for (uint32_t i = 0; i < x->n; i++)
		if (is_of_chain(&x->damages[i], &place) && x->damages[i].place.seq >= place.seq)
			lose(now, &x->damages[i]);
	s->n_chains = 0; /* one more, and maybe one less */
	peers_refresh_heads(s);
	s->lost = now.wall;
	/* Whatever we last said may have been it. */
	events_say_words(s, now);
	*s->lab_of[s->setup.self] = '\0';
	site_say_config(s, now, NULL);
	alert_say_again(s->alert);
}

/* What others wrote can't be signed anew: it stays here, for whoever brings the lost one back, but peers,
 * who couldn't take in what is behind it, aren't told that there is more. */
static void hide(struct site *s, struct damage *d)
{
	const struct journal_store *store = s->setup.store;
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { d->place.site, d->place.epoch, d->place.seq - 1, .most = 1 };
	struct event_batch read = { 0 };

	d->before = (struct sha256){ 0 };
	if (span.seq > 0 &&
		(store->range(store->ctx, &span, &a, &read, NULL) != RC_OK || read.n != 1))
		return;
	if (read.n)
		d->before = read.v->hash;
	d->is_hidden = true;
	peers_refresh_heads(s);
}

void scrub_hide(const struct site *s, struct link_head *heads, uint32_t n)
{
	for (uint32_t i = 0; i < s->scrub.n; i++) {
		const struct damage *d = &s->scrub.damages[i];

		for (uint32_t k = 0; d->is_hidden && k < n; k++)
			if (heads[k].epoch == d->place.epoch && heads[k].seq >= d->place.seq &&
				str_eq(heads[k].site, d->place.site)) {
				heads[k].seq = d->place.seq - 1;
				heads[k].hash = d->before;
			}
	}
}

/* Nobody has a copy. */
static void settle_for_less(struct site *s, struct now now, struct damage *d)
{
	if (d->is_cut) {
		journal_add_lost(s->journal, now, &d->place);
		lose(now, d);
	} else if (str_eq(d->place.site, site_name(s))) {
		give_up(s, now, d->place);
	} else if (!d->is_hidden) {
		hide(s, d);
	}
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
		if (!d->is_cut) /* it is behind our head: the link pulls it */
			peers_ask(s, peer, &d->place);
	}
	if (d->n_asked > SCRUB_GIVE_UP && has_nobody(s, &d->place))
		settle_for_less(s, now, d);
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

void scrub_known_cut(struct site *s, struct now now, const struct journal_place *last)
{
	struct damage *d = find(&s->scrub, last) ? NULL : take_up(s, now, last);

	if (!d)
		return;
	d->is_written = d->is_cut = true;
	d->ask_due.ms = now.mono.ms + SCRUB_CUT_MS;
}

void scrub_cut(struct site *s, struct now now, const struct journal_place *last)
{
	site_log(s, LOG_LEVEL_ERROR,
		"the end of %s's journal, epoch %llu, up to event %llu isn't what was written, and "
		"was taken out",
		last->site, (unsigned long long)last->epoch, (unsigned long long)last->seq);
	scrub_known_cut(s, now, last);
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
	if (damage_is_held(s,
		    &place)) /* else it is cut off, and waits for room to be written down */
		scrub_found(s, now, &place, is_unfolded);
}

static void ask_if_due(struct site *s, struct now now)
{
	for (uint32_t i = s->scrub.n; i-- > 0;) {
		struct damage *d = &s->scrub.damages[i];
		char why[REASON_BYTES_MAX];

		if (now.mono.ms < d->ask_due.ms)
			continue;
		if (d->is_lost) {
			forget(s, now, i);
		} else if (journal_is_intact(s->journal, &d->place, why)) {
			if (d->is_cut)
				damage_repaired(s, now, &d->place, NULL);
			forget(s, now, i);
		} else {
			ask(s, now, d);
		}
	}
}

/* The first question may cross what the peer sends, and gets no answer then: the next comes soon,
 * however long nobody was there. */
void scrub_linked(struct site *s, struct now now)
{
	for (uint32_t i = 0; i < s->scrub.n; i++) {
		struct damage *d = &s->scrub.damages[i];

		if (d->is_lost || d->is_cut)
			continue;
		d->ask_due = now.mono;
		if (d->n_asked > 1)
			d->n_asked = 1;
	}
}

/* ---- mending */

static void mend(struct site *s, struct now now, uint8_t peer, uint32_t i,
	const struct event_batch *batch)
{
	struct damage d = s->scrub.damages[i];
	struct err e = { 0 };
	enum rc rc;

	damage_write_down(s, now); /* while it can be seen what stands there */
	rc = journal_mend(s->journal, &d.place, batch, &e);
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
		events_apply(s, now, &batch->v[d.place.seq - batch->v->seq]);
	forget(s, now, i);
}

void scrub_offered(struct site *s, struct now now, uint8_t peer, const struct event_batch *batch)
{
	const struct event *first = batch->v;

	for (uint32_t i = s->scrub.n; batch->n > 0 && i-- > 0;) {
		const struct journal_place *place = &s->scrub.damages[i].place;

		if (str_eq(place->site, first->site) && place->epoch == first->epoch &&
			place->seq >= first->seq && place->seq - first->seq < batch->n)
			mend(s, now, peer, i, batch);
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

bool scrub_suspect(struct site *s, struct now now, const char *site, uint64_t epoch, uint64_t seq)
{
	struct journal_place found[SCRUB_SLICE_MIN], at = { .epoch = epoch };
	size_t n_chains, n = 0;
	const struct journal_head *heads = journal_heads(s->journal, &n_chains);
	uint64_t held = 0;

	for (size_t i = 0; i < n_chains; i++)
		if (heads[i].epoch == epoch && str_eq(heads[i].site, site))
			held = heads[i].seq;
	if (held == 0)
		return false;
	str_copy(at.site, sizeof at.site, site);
	at.seq = seq <= held ? seq - 1 : held - 1;
	journal_scrub(s->journal, &at, COUNT(found), found, &n);
	for (size_t i = 0; i < n; i++)
		scrub_found(s, now, &found[i], false);
	return n > 0;
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
