/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What peers send: is it genuine, does it continue what we hold, and if not, whose fault is that.
 *
 * A batch is first verified by itself (`journal_check_batch`), then laid beside what we hold of the
 * chain (`compare`), which yields how many of its events we have already and whether the rest
 * follows.
 */
#include "core/journal/journal_private.h"
#include "core/journal/scrub.h"

static enum rc check_event(const struct event *ev, struct err *e)
{
	enum rc rc = event_validate(ev, e);

	if (rc != RC_OK)
		return rc;
	if (!journal_fits_hash(ev))
		return err_set(e, RC_CORRUPT, "its hash doesn't fit its content");
	return RC_OK;
}

static enum rc check_pair(const struct event *before, const struct event *ev, struct err *e)
{
	if (ev->epoch != before->epoch || !str_eq(ev->site, before->site) ||
		ev->seq != before->seq + 1)
		return err_set(e, RC_INPUT, "events of one chain in a row were expected");
	if (!sha256_eq(&ev->previous, &before->hash))
		return err_set(e, RC_CORRUPT, "it doesn't hold the hash of the one before");
	if (ev->hlc <= before->hlc)
		return err_set(e, RC_CORRUPT, "its stamp isn't after that of the one before");
	return RC_OK;
}

enum rc journal_check_batch(const struct journal *j, const struct event_batch *batch, struct err *e)
{
	const struct journal_signer *s = &j->signer;
	const struct event *last = &batch->v[batch->n - 1];

	for (size_t i = 0; i < batch->n; i++) {
		enum rc rc = check_event(&batch->v[i], e);

		if (rc == RC_OK && i > 0)
			rc = check_pair(&batch->v[i - 1], &batch->v[i], e);
		if (rc != RC_OK)
			return err_in(e, rc, "event %zu of a batch from a peer", i + 1);
	}
	if (s->verify && !s->verify(s->ctx, last->site, &last->hash, last->signature))
		return err_set(e, RC_CORRUPT,
			"event %lu of %s's journal isn't signed with its site's key in lab.yaml",
			(unsigned long)last->seq, last->site);
	return RC_OK;
}

/* A batch beside the chain that we hold. */
struct overlap {
	size_t chain;   /* JOURNAL_NO_CHAIN: we have nothing of it */
	size_t n_same;  /* leading events that we hold already */
	bool is_joined; /* the first of the rest follows what we hold before it */
	bool is_forked; /* in the place of the first of the rest we hold something else */
};

static void compare_held(const struct event_batch *held, const struct event_batch *batch,
	struct overlap *ret)
{
	size_t most = held->n < batch->n ? held->n : batch->n, i = 0;

	while (i < most && sha256_eq(&held->v[i].hash, &batch->v[i].hash))
		i++;
	ret->n_same = i;
	ret->is_forked = i < most;
	ret->is_joined =
		i > 0 || batch->v->seq == 1 || sha256_eq(&held->v->previous, &batch->v->previous);
}

/* What is beyond our head joins there or nowhere. */
static enum rc compare_with_head(const struct journal *j, const struct event *first,
	struct overlap *ret, struct err *e)
{
	const struct journal_head *head =
		ret->chain == JOURNAL_NO_CHAIN ? NULL : &j->heads[ret->chain];
	uint64_t held = head ? head->seq : 0;

	if (first->seq > held + 1)
		return err_set(e, RC_CONFLICT,
			"a hole in %s's journal: the batch begins at %lu, and we hold %lu",
			first->site, (unsigned long)first->seq, (unsigned long)held);
	if (!head) {
		ret->is_joined = true;
		return RC_OK;
	}
	ret->is_joined = sha256_eq(&first->previous, &head->hash);
	ret->is_forked = !ret->is_joined;
	if (ret->is_joined && first->hlc <= j->tails[ret->chain].hlc)
		return err_set(e, RC_CORRUPT, "event %lu of %s's journal is stamped before %lu",
			(unsigned long)first->seq, first->site, (unsigned long)held);
	return RC_OK;
}

static enum rc compare(const struct journal *j, const struct event_batch *batch,
	struct overlap *ret, struct err *e)
{
	scoped(arena_fini) struct arena a = { 0 };
	const struct event *first = batch->v;
	struct journal_span span = { first->site, first->epoch, first->seq, .most = batch->n };
	struct event_batch held;
	enum rc rc;

	*ret = (struct overlap){ .chain = journal_find(j, first->site, first->epoch) };
	if (ret->chain == JOURNAL_NO_CHAIN || first->seq > j->heads[ret->chain].seq)
		return compare_with_head(j, first, ret, e);
	rc = j->store.range(j->store.ctx, &span, &a, &held, e);
	if (rc != RC_OK)
		return rc;
	if (held.n == 0)
		return err_set(e, RC_CORRUPT, "%s's journal has lost event %lu", first->site,
			(unsigned long)first->seq);
	compare_held(&held, batch, ret);
	if (ret->is_forked && !journal_fits_hash(&held.v[ret->n_same]))
		return err_set(e, RC_IO, "event %lu of %s's journal is damaged on this disk",
			(unsigned long)held.v[ret->n_same].seq, first->site);
	return RC_OK;
}

/* The events to put in place of our own chain's end: the peer's, then ours from the fork on as the
 * beginning of `epoch`. */
static struct event_batch merge(const struct journal *j, const struct event_batch *theirs,
	const struct event_batch *ours, uint64_t epoch, struct arena *a)
{
	size_t n = theirs->n;
	struct event *merged = arena_alloc(a, (n + ours->n) * sizeof *merged);
	struct sha256 previous = journal_last_of_ours(j, epoch);

	if (journal_newest_epoch(j) == theirs->v->epoch)
		previous = theirs->v[n - 1].hash;
	memcpy(merged, theirs->v, n * sizeof *merged);
	for (size_t i = 0; i < ours->n; i++) {
		merged[n + i] = ours->v[i];
		journal_seal(j, &merged[n + i], epoch, i + 1, &previous);
		previous = merged[n + i].hash;
	}
	return (struct event_batch){ merged, n + ours->n };
}

/* `theirs` are what we signed before the disk was rolled back, the first of them in the place of
 * the first that we signed afterwards. */
static enum rc settle(struct journal *j, struct now now, const struct event_batch *theirs,
	struct err *e)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span rest = { j->site, theirs->v->epoch, theirs->v->seq, .most = SIZE_MAX };
	struct journal_head from = { .epoch = rest.epoch, .seq = rest.seq };
	uint64_t epoch = journal_next_epoch(j, now);
	struct event_batch ours, merged;
	size_t chain = journal_find(j, j->site, rest.epoch);
	enum rc rc = j->store.range(j->store.ctx, &rest, &a, &ours, e);

	if (rc != RC_OK)
		return rc;
	merged = merge(j, theirs, &ours, epoch, &a);
	must(str_copy(from.site, sizeof from.site, j->site));
	rc = j->store.replace(j->store.ctx, &from, merged.v, merged.n, e);
	if (rc != RC_OK)
		return rc;
	j->tails[chain].is_settled = true;
	journal_advance(j, &merged.v[theirs->n - 1]);
	j->tails[chain].before.seq = 0;
	journal_advance(j, &merged.v[merged.n - 1]);
	journal_enter(j, epoch);
	return RC_OK;
}

static enum rc refuse_fork(struct journal *j, const struct event *first, const struct overlap *o,
	struct err *e)
{
	const struct event *ev = &first[o->n_same];

	if (!journal_may_settle(j, o->chain))
		return err_set(e, RC_CORRUPT,
			"%s's journal is forked: of epoch %lu, event %lu there are two signed "
			"versions, and this one was not kept",
			ev->site, (unsigned long)ev->epoch, (unsigned long)ev->seq);
	j->tails[o->chain].is_forked = true;
	j->tails[o->chain].agreed = 0;
	return err_set(e, RC_CONFLICT,
		"our own journal was rolled back somewhere before event %lu of epoch %lu: a peer "
		"holds what is missing",
		(unsigned long)ev->seq, (unsigned long)ev->epoch);
}

static enum rc take_in(struct journal *j, struct now now, const struct event_batch *batch,
	struct err *e)
{
	const struct event *first = batch->v;
	enum rc rc;

	if (j->n_chains >= JOURNAL_CHAINS_MAX &&
		journal_find(j, first->site, first->epoch) == JOURNAL_NO_CHAIN)
		return err_set(e, RC_LIMIT, "more than %d chains: %s began too many epochs",
			JOURNAL_CHAINS_MAX, first->site);
	rc = j->store.put(j->store.ctx, batch->v, batch->n, e);
	if (rc != RC_OK)
		return rc;
	journal_advance(j, &batch->v[batch->n - 1]);
	if (journal_is_ours(j, first->site) && first->epoch == j->epoch)
		journal_enter(j, journal_next_epoch(j, now));
	return RC_OK;
}

/* Where the end of a chain was cut off nothing else can stand before it is out of the store, which
 * waits until it is written down. */
static enum rc make_way(struct journal *j, struct err *e)
{
	if (j->n_taken_out == j->n_cuts)
		return RC_OK;
	if (j->n_pending > 0)
		return err_set(e, RC_FULL,
			"the damaged end of a chain waits for room to be written down");
	return journal_take_out_cuts(j, e);
}

/* A batch of our own chain is the same as ours so far. */
static void note_agreement(struct journal *j, const struct event *events, const struct overlap *o)
{
	if (o->n_same > 0 && journal_may_settle(j, o->chain))
		j->tails[o->chain].agreed = events[o->n_same - 1].seq;
}

static enum rc keep(struct journal *j, struct now now, const struct event_batch *batch,
	const struct overlap *o, struct err *e)
{
	struct event_batch rest = { batch->v + o->n_same, batch->n - o->n_same };

	if (rest.n == 0)
		return RC_OK;
	if (!o->is_forked)
		return take_in(j, now, &rest, e);
	if (o->is_joined && journal_may_settle(j, o->chain))
		return settle(j, now, &rest, e);
	return refuse_fork(j, batch->v, o, e);
}

enum rc journal_accept(struct journal *j, struct now now, const struct event_batch *batch,
	size_t *ret_new, struct err *e)
{
	struct overlap o = { 0 };
	enum rc rc;

	if (batch->n == 0) {
		*ret_new = 0;
		return RC_OK;
	}
	rc = journal_check_batch(j, batch, e);
	if (rc == RC_OK)
		rc = make_way(j, e);
	if (rc == RC_OK)
		rc = compare(j, batch, &o, e);
	if (rc != RC_OK)
		return rc;
	note_agreement(j, batch->v, &o);
	rc = keep(j, now, batch, &o, e);
	if (rc != RC_OK)
		return rc;
	journal_witness(j, now, &batch->v[batch->n - 1]);
	*ret_new = batch->n - o.n_same;
	return RC_OK;
}
