/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole slices are read at once; only where one isn't as it was, its events are looked at one by
 * one, because a store may be unable to read past a damaged one.
 */
#include "core/journal/scrub.h"

#include "core/journal/journal_private.h"

#define PROOF_EVENTS 64 /* so far behind a damaged event we look for one that is intact */

bool journal_fits_hash(const struct event *ev)
{
	struct sha256 hash = event_hash(ev);

	return sha256_eq(&hash, &ev->hash);
}

struct journal_place journal_place_of(const struct journal_head *chain, uint64_t seq)
{
	struct journal_place place = { .epoch = chain->epoch, .seq = seq };

	str_copy(place.site, sizeof place.site, chain->site);
	return place;
}

enum rc journal_read(const struct journal *j, const struct journal_place *place, struct arena *a,
	const struct event **ret, struct err *e)
{
	struct journal_span span = { place->site, place->epoch, place->seq, .most = 1 };
	struct event_batch read;
	enum rc rc = j->store.range(j->store.ctx, &span, a, &read, e);

	if (rc != RC_OK)
		return rc;
	if (read.n != 1 || read.v->seq != place->seq)
		return err_set(e, RC_NOT_FOUND, "it is lost");
	*ret = read.v;
	return RC_OK;
}

const struct event *journal_read_intact(const struct journal *j, const struct journal_place *p,
	struct arena *a, char why[REASON_BYTES_MAX])
{
	struct err e = { 0 };
	const struct event *ev;

	if (journal_read(j, p, a, &ev, &e) != RC_OK)
		str_copy(why, REASON_BYTES_MAX, e.text);
	else if (!journal_fits_hash(ev))
		str_copy(why, REASON_BYTES_MAX, "it doesn't fit its hash");
	else
		return ev;
	return NULL;
}

bool journal_is_intact(const struct journal *j, const struct journal_place *place,
	char why[REASON_BYTES_MAX])
{
	scoped(arena_fini) struct arena a = { 0 };

	return journal_read_intact(j, place, &a, why) != NULL;
}

static bool is_slice_intact(const struct journal *j, const struct journal_place *first, size_t n)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { first->site, first->epoch, first->seq, .most = n };
	struct event_batch read;

	if (j->store.range(j->store.ctx, &span, &a, &read, NULL) != RC_OK || read.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (read.v[i].seq != first->seq + i || !journal_fits_hash(&read.v[i]))
			return false;
	return true;
}

static size_t look_one_by_one(const struct journal *j, const struct journal_place *first, size_t n,
	struct journal_place *ret)
{
	char why[REASON_BYTES_MAX];
	size_t n_damaged = 0;

	for (size_t i = 0; i < n; i++) {
		ret[n_damaged] = *first;
		ret[n_damaged].seq += i;
		n_damaged += !journal_is_intact(j, &ret[n_damaged], why);
	}
	return n_damaged;
}

bool journal_scrub(const struct journal *j, struct journal_place *at, size_t most,
	struct journal_place *ret, size_t *ret_n)
{
	size_t n, chain = journal_find(j, at->site, at->epoch);
	struct journal_place first;
	const struct journal_head *h;

	*ret_n = 0;
	if (j->n_chains == 0)
		return true;
	if (chain == JOURNAL_NO_CHAIN)
		*at = journal_place_of(&j->heads[chain = 0], 0);
	h = &j->heads[chain];
	first = *at;
	first.seq++;
	n = at->seq >= h->seq ? 0 : h->seq - at->seq < most ? (size_t)(h->seq - at->seq) : most;
	if (n > 0 && !is_slice_intact(j, &first, n))
		*ret_n = look_one_by_one(j, &first, n, ret);
	at->seq += n;
	if (at->seq < h->seq)
		return false;
	if (++chain < j->n_chains) {
		*at = journal_place_of(&j->heads[chain], 0);
		return false;
	}
	*at = (struct journal_place){ 0 };
	return true;
}

/* Everything up to an event that we hold intact, or up to our head, is the same as ours: each hash
 * covers the one before. */
static bool is_proven(const struct journal *j, const struct journal_place *place,
	const struct event_batch *batch, size_t index)
{
	size_t chain = journal_find(j, place->site, place->epoch);
	struct journal_place p = *place;
	char why[REASON_BYTES_MAX];

	if (chain == JOURNAL_NO_CHAIN)
		return false;
	for (size_t i = index; i < batch->n && i - index < PROOF_EVENTS; i++) {
		scoped(arena_fini) struct arena a = { 0 };
		const struct event *held;

		if (batch->v[i].seq == j->heads[chain].seq)
			return sha256_eq(&batch->v[i].hash, &j->heads[chain].hash);
		p.seq = batch->v[i].seq;
		held = i > index ? journal_read_intact(j, &p, &a, why) : NULL;
		if (held)
			return sha256_eq(&held->hash, &batch->v[i].hash);
	}
	return false;
}

enum rc journal_mend(struct journal *j, const struct journal_place *place,
	const struct event_batch *batch, struct err *e)
{
	const struct event *first = batch->v;
	char why[REASON_BYTES_MAX];
	size_t index;
	enum rc rc;

	if (batch->n == 0 || !str_eq(first->site, place->site) || first->epoch != place->epoch ||
		place->seq < first->seq || place->seq - first->seq >= batch->n)
		return err_set(e, RC_NOT_FOUND, "event %lu isn't in the batch",
			(unsigned long)place->seq);
	rc = journal_check_batch(j, batch, e);
	if (rc != RC_OK)
		return rc;
	index = (size_t)(place->seq - first->seq);
	if (!is_proven(j, place, batch, index))
		return err_set(e, RC_CORRUPT,
			"the copy of event %lu is another event than ours was",
			(unsigned long)place->seq);
	rc = j->store.mend(j->store.ctx, &first[index], e);
	if (rc == RC_OK && !journal_is_intact(j, place, why))
		rc = err_set(e, RC_CORRUPT, "event %lu was put back, and still %s",
			(unsigned long)place->seq, why);
	return rc;
}
