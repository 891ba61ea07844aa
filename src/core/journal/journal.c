/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own chain: opening, preparing, committing, changing the epoch.  An event is sealed (numbered,
 * linked, hashed, signed) when it is prepared, and again if the epoch changes before it could be
 * committed.
 */
#include "core/journal/journal_private.h"

#include "base/map.h"

_Static_assert(sizeof((struct journal_head){ 0 }.site) == NAME_BYTES_MAX + 1,
	"a head holds a name");

size_t journal_find(const struct journal *j, const char *site, uint64_t epoch)
{
	for (size_t i = 0; i < j->n_chains; i++)
		if (j->heads[i].epoch == epoch && str_eq(j->heads[i].site, site))
			return i;
	return JOURNAL_NO_CHAIN;
}

bool journal_is_ours(const struct journal *j, const char *site)
{
	return str_eq(site, j->site);
}

void journal_advance(struct journal *j, const struct event *ev)
{
	size_t i = journal_find(j, ev->site, ev->epoch);

	if (i == JOURNAL_NO_CHAIN) {
		i = j->n_chains;
		must_grow(j->heads, i, j->cap_heads);
		must_grow(j->tails, i, j->cap_tails);
		j->heads[i] = (struct journal_head){ .epoch = ev->epoch };
		j->tails[i] = (struct journal_tail){ 0 };
		must(str_copy(j->heads[i].site, sizeof j->heads[i].site, ev->site));
		j->n_chains++;
	}
	if (ev->seq > j->heads[i].seq) {
		j->tails[i].before.seq = j->heads[i].seq;
		j->tails[i].before.hash = j->heads[i].hash;
	}
	j->heads[i].seq = ev->seq;
	j->heads[i].hash = ev->hash;
	j->tails[i].hlc = ev->hlc;
}

void journal_drop_chain(struct journal *j, size_t chain)
{
	size_t n_behind = --j->n_chains - chain;

	memmove(&j->heads[chain], &j->heads[chain + 1], n_behind * sizeof *j->heads);
	memmove(&j->tails[chain], &j->tails[chain + 1], n_behind * sizeof *j->tails);
}

uint64_t journal_newest_epoch(const struct journal *j)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < j->n_chains; i++)
		if (journal_is_ours(j, j->heads[i].site) && j->heads[i].epoch > newest)
			newest = j->heads[i].epoch;
	return newest;
}

/* Seconds of the wall clock, so that it is new even while the peer that knows our past is away. */
uint64_t journal_next_epoch(const struct journal *j, struct now now)
{
	uint64_t last = journal_newest_epoch(j);
	uint64_t seconds = now.wall.ms >= SECOND_MS ? (uint64_t)(now.wall.ms / SECOND_MS) : 1;

	if (j->epoch > last)
		last = j->epoch;
	return seconds > last ? seconds : last + 1;
}

struct sha256 journal_last_of_ours(const struct journal *j, uint64_t epoch)
{
	const struct journal_head *last = NULL;

	for (size_t i = 0; i < j->n_chains; i++) {
		const struct journal_head *h = &j->heads[i];

		if (journal_is_ours(j, h->site) && h->epoch < epoch &&
			(!last || h->epoch > last->epoch))
			last = h;
	}
	return last ? last->hash : (struct sha256){ 0 };
}

void journal_seal(const struct journal *j, struct event *ev, uint64_t epoch, uint64_t seq,
	const struct sha256 *previous)
{
	ev->site = j->site;
	ev->epoch = epoch;
	ev->seq = seq;
	ev->previous = *previous;
	ev->hash = event_hash(ev);
	if (j->signer.sign)
		j->signer.sign(j->signer.ctx, &ev->hash, ev->signature);
}

/* Its place is after the head and what was prepared before it. */
static void seal_pending(struct journal *j, size_t index)
{
	size_t own = journal_find(j, j->site, j->epoch);
	uint64_t held = own == JOURNAL_NO_CHAIN ? 0 : j->heads[own].seq;
	struct sha256 previous;

	if (index > 0)
		previous = j->pending[index - 1]->hash;
	else if (own != JOURNAL_NO_CHAIN)
		previous = j->heads[own].hash;
	else
		previous = journal_last_of_ours(j, j->epoch);
	journal_seal(j, j->pending[index], j->epoch, held + index + 1, &previous);
}

void journal_enter(struct journal *j, uint64_t epoch)
{
	j->epoch = epoch;
	j->n_batch = 0; /* they change */
	for (size_t i = 0; i < j->n_pending; i++)
		seal_pending(j, i);
}

void journal_witness(struct journal *j, struct now now, const struct event *ev)
{
	if (!journal_is_ours(j, ev->site))
		(void)hlc_witness(&j->clock, now.wall, ev->hlc);
	else if (ev->hlc > j->clock.last)
		j->clock.last = ev->hlc;
}

static void free_heads(struct journal_head *heads)
{
	free(heads);
}
SCOPED_BY(free_heads, struct journal_head *)

static enum rc load_chains(struct journal *j, struct now now, struct err *e)
{
	scoped(free_heads) struct journal_head *heads = NULL;
	size_t n = 0;
	enum rc rc = j->store.heads(j->store.ctx, &heads, &n, e);

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = journal_take_up(j, &heads[i], now, e);
	return rc;
}

/* The newest of ours; a new one when there is none, or when its end was cut off: nobody knows how
 * far we had come, and a number is not given twice. */
static void choose_epoch(struct journal *j, struct now now)
{
	uint64_t newest = journal_newest_epoch(j), cut = 0;

	for (size_t i = 0; i < j->n_cuts; i++)
		if (journal_is_ours(j, j->cuts[i].first.site) && j->cuts[i].first.epoch > cut)
			cut = j->cuts[i].first.epoch;
	j->epoch = cut > newest ? cut : newest;
	if (newest == 0 || cut >= newest)
		j->epoch = journal_next_epoch(j, now);
}

enum rc journal_open(struct journal **ret, const struct journal_setup *setup, struct now now,
	struct err *e)
{
	scoped(journal_free) struct journal *j = must_alloc(sizeof *j);
	enum rc rc;

	must(str_copy(j->site, sizeof j->site, setup->site));
	j->store = *setup->store;
	if (setup->signer)
		j->signer = *setup->signer;
	rc = load_chains(j, now, e);
	if (rc == RC_OK) {
		choose_epoch(j, now);
		rc = journal_carry_out_cuts(j, now, e);
	}
	if (rc != RC_OK)
		return err_in(e, rc, "opening the journal");
	*ret = TAKE(j);
	return RC_OK;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	arena_fini(&j->arena);
	free(j->pending);
	free(j->batch);
	free(j->heads);
	free(j->tails);
	free(j->cuts);
	free(j);
}

/* Halve the longest text of the object; false when none is worth cutting. */
static bool cut_longest(json_t *object)
{
	const char *key, *longest = NULL;
	size_t n = 64;
	json_t *value;

	json_object_foreach (object, key, value)
		if (json_string_length(value) > n) {
			longest = key;
			n = json_string_length(value);
		}
	if (!longest)
		return false;
	value = json_object_get(object, longest);
	n = utf8_cut(json_string_value(value), n / 2);
	json_object_set_new(object, longest, json_stringn(json_string_value(value), n));
	return true;
}

/* The body in its one spelling, cut to size.  What our own cores wrote is JSON, and mostly
 * spelt. */
static void spell(const char *body, struct str *out)
{
	scoped(json_decref) json_t *object = NULL;
	size_t n = strlen(body);
	enum rc rc;

	if (event_body_is_spelt(body, n))
		return str_addn(out, body, n);
	rc = json_read(&object, body, n, NULL);
	must(rc == RC_OK);
	rc = event_write_body(object, out, NULL);
	while (rc == RC_LIMIT && cut_longest(object))
		rc = event_write_body(object, out, NULL);
	if (rc == RC_LIMIT) {
		json_object_clear(object);
		json_object_set_new(object, "cut", json_true());
		rc = event_write_body(object, out, NULL);
	}
	must(rc == RC_OK);
}

static struct wall in_range(struct wall t)
{
	int64_t ms = t.ms < 0 ? 0 : t.ms;

	return (struct wall){ ms < EVENT_WALL_MAX_MS ? ms : EVENT_WALL_MAX_MS };
}

/* A peer refuses what event_validate() refuses, and with it the rest of the chain; a subject that
 * an operator typed must not do that to us. */
static const char *clean(struct arena *a, const char *subject)
{
	size_t n = strnlen(subject, EVENT_SUBJECT_BYTES_MAX + 1);
	bool is_text = utf8_valid(subject, n);
	char *copy;

	if (n > EVENT_SUBJECT_BYTES_MAX)
		n = utf8_cut(subject, EVENT_SUBJECT_BYTES_MAX);
	copy = arena_strndup(a, subject, n);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)copy[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_text))
			copy[i] = '?';
	}
	return copy;
}

static void forget_committed(struct journal *j)
{
	if (j->n_pending == 0)
		arena_reset(&j->arena);
}

/* ---- too long without room on the disk */

static bool is_superseded_by_next(const struct event *ev)
{
	enum event_kind kind = event_kind_of(ev->kind);

	return kind == EVENT_EVIDENCE || kind == EVENT_LINK || kind == EVENT_INCIDENT ||
	       kind == EVENT_ALERTS || kind == EVENT_CONFIG || kind == EVENT_DRILL;
}

static bool is_newest(struct map *seen, const struct event *ev)
{
	char key[EVENT_SUBJECT_BYTES_MAX + 32];

	if (!is_superseded_by_next(ev))
		return true;
	snprintf(key, sizeof key, "%s %s", ev->kind, ev->subject);
	if (map_has(seen, key))
		return false;
	map_put(seen, key, seen);
	return true;
}

static struct event *copy_event(struct arena *a, const struct event *ev)
{
	struct event *copy = arena_alloc(a, sizeof *copy);

	*copy = *ev;
	copy->subject = arena_strdup(a, ev->subject);
	copy->body = arena_strdup(a, ev->body);
	return copy;
}

static void leave_out_superseded(struct journal *j)
{
	struct map seen = MAP_EMPTY;
	struct arena kept = { 0 };
	size_t n = j->n_pending, first = n;

	while (n-- > 0)
		if (is_newest(&seen, j->pending[n]))
			j->pending[--first] = copy_event(&kept, j->pending[n]);
	map_fini(&seen);
	j->n_thinned += first;
	j->n_pending -= first;
	memmove(j->pending, j->pending + first, j->n_pending * sizeof *j->pending);
	arena_fini(&j->arena);
	j->arena = kept;
	j->thin_at =
		2 * j->n_pending > JOURNAL_WAITING_MAX ? 2 * j->n_pending : JOURNAL_WAITING_MAX;
	journal_enter(j, j->epoch);
}

const struct event *journal_add(struct journal *j, struct now now, enum event_kind kind,
	const char *subject, const char *body)
{
	scoped(str_fini) struct str spelt = STR_EMPTY;
	struct event *ev;

	must(kind < EVENT_UNKNOWN);
	spell(body, &spelt);
	forget_committed(j);
	if (j->is_full && j->n_pending >= JOURNAL_WAITING_MAX && j->n_pending >= j->thin_at)
		leave_out_superseded(j);
	ev = arena_alloc(&j->arena, sizeof *ev);
	ev->wall = in_range(now.wall);
	ev->hlc = hlc_tick(&j->clock, ev->wall);
	ev->kind = event_kind_text(kind);
	ev->subject = clean(&j->arena, subject);
	ev->body = arena_strndup(&j->arena, str_c(&spelt), spelt.len);
	must_grow(j->pending, j->n_pending, j->cap_pending);
	j->pending[j->n_pending++] = ev;
	seal_pending(j, j->n_pending - 1);
	return ev;
}

/* In a row, as the store wants them; the array is kept for the next time. */
static const struct event *pending_in_a_row(struct journal *j)
{
	if (j->n_pending > j->cap_batch) {
		j->cap_batch = j->cap_pending;
		j->batch = must_realloc(j->batch, j->cap_batch * sizeof *j->batch);
	}
	for (; j->n_batch < j->n_pending; j->n_batch++)
		j->batch[j->n_batch] = *j->pending[j->n_batch];
	return j->batch;
}

/* The disk changed our newest event, and nothing can be joined to it any more: go on in a new
 * epoch.  What is damaged is found by a scrub, like any other. */
static bool leave_damaged_head(struct journal *j, const struct event *first)
{
	struct journal_place place = { .epoch = j->epoch, .seq = first->seq - 1 };
	char why[REASON_BYTES_MAX];

	str_copy(place.site, sizeof place.site, j->site);
	if (place.seq == 0 || journal_is_intact(j, &place, why))
		return false;
	journal_enter(j, journal_next_epoch(j, (struct now){ .wall = first->wall }));
	return true;
}

enum rc journal_commit(struct journal *j, const struct event **ret_events, size_t *ret_n,
	struct err *e)
{
	const struct event *events = pending_in_a_row(j);
	size_t n = j->n_pending;
	enum rc rc = n ? j->store.put(j->store.ctx, events, n, e) : RC_OK;

	if (rc == RC_CORRUPT && leave_damaged_head(j, events)) {
		events = pending_in_a_row(j);
		rc = j->store.put(j->store.ctx, events, n, e);
	}
	j->is_full = rc == RC_FULL;
	if (rc != RC_OK)
		return err_in(e, rc, "appending to the journal");
	j->n_left_out = j->n_thinned;
	j->n_thinned = j->thin_at = 0;
	if (n)
		journal_advance(j, &events[n - 1]);
	j->n_pending = j->n_batch = 0;
	(void)journal_take_out_cuts(j, NULL); /* or the next time */
	*ret_events = events;
	*ret_n = n;
	return RC_OK;
}

size_t journal_uncommitted(const struct journal *j)
{
	return j->n_pending;
}

const struct event *journal_waiting(const struct journal *j, size_t i)
{
	must(i < j->n_pending);
	return j->pending[i];
}

uint64_t journal_left_out(const struct journal *j)
{
	return j->n_left_out;
}

const struct journal_head *journal_heads(const struct journal *j, size_t *ret_n)
{
	*ret_n = j->n_chains;
	return j->heads;
}

const struct journal_store *journal_store(const struct journal *j)
{
	return &j->store;
}

uint64_t journal_epoch(const struct journal *j)
{
	return j->epoch;
}

struct hlc *journal_clock(struct journal *j)
{
	return &j->clock;
}
