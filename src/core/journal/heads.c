/* SPDX-License-Identifier: Apache-2.0 */
/* How far we and a peer have come: heads laid beside heads. */
#include "core/journal/journal_private.h"
#include "core/journal/scrub.h"

bool journal_may_settle(const struct journal *j, size_t chain)
{
	return chain != JOURNAL_NO_CHAIN && journal_is_ours(j, j->heads[chain].site) &&
	       !j->tails[chain].is_settled;
}

static const struct journal_head *find_head(const struct journal_head *heads, size_t n,
	const struct journal_head *like)
{
	for (size_t i = 0; i < n; i++)
		if (heads[i].epoch == like->epoch && str_eq(heads[i].site, like->site))
			return &heads[i];
	return NULL;
}

/* What has been reached of `chain`, by whoever has `reached` of it (NULL: nothing). */
static void ask_from(struct journal_head *ret, const struct journal_head *chain,
	const struct journal_head *reached)
{
	*ret = reached ? *reached : *chain;
	if (reached)
		return;
	ret->seq = 0;
	ret->hash = (struct sha256){ 0 };
}

/* Whether their version of a chain of ours is another than the one that we hold. */
static bool is_contradicted(const struct journal *j, const struct journal_head *theirs,
	size_t chain)
{
	scoped(arena_fini) struct arena a = { 0 };
	const struct journal_head *ours;
	struct journal_place place;
	const struct event *ev;

	if (!journal_may_settle(j, chain) || theirs->seq == 0)
		return false;
	ours = &j->heads[chain];
	if (theirs->seq > ours->seq)
		return j->tails[chain].is_forked;
	if (theirs->seq == ours->seq)
		return !sha256_eq(&theirs->hash, &ours->hash);
	/* Nearly always: what we wrote last is on its way. */
	if (theirs->seq == j->tails[chain].before.seq)
		return !sha256_eq(&theirs->hash, &j->tails[chain].before.hash);
	place = journal_place_of(ours, theirs->seq);
	if (journal_read(j, &place, &a, &ev, NULL) != RC_OK || sha256_eq(&theirs->hash, &ev->hash))
		return false;
	/* Else the store has trouble of its own, which is said elsewhere. */
	return journal_fits_hash(ev);
}

/* Up to where the two versions of a chain of ours are known to be the same. */
static void show_agreed(const struct journal *j, const struct journal_head *theirs, size_t chain,
	struct journal_head *ret)
{
	scoped(arena_fini) struct arena a = { 0 };
	uint64_t agreed = j->tails[chain].agreed;
	struct journal_place place = journal_place_of(&j->heads[chain], agreed);
	const struct event *ev;

	ask_from(ret, &j->heads[chain], NULL);
	if (agreed == 0 || agreed >= theirs->seq)
		return;
	if (journal_read(j, &place, &a, &ev, NULL) != RC_OK)
		return; /* from the start, then */
	ret->seq = agreed;
	ret->hash = ev->hash;
}

void journal_heads_for(const struct journal *j, const struct journal_head *theirs, size_t n,
	struct journal_head *ret)
{
	for (size_t i = 0; i < j->n_chains; i++) {
		const struct journal_head *other = find_head(theirs, n, &j->heads[i]);

		if (other && is_contradicted(j, other, i))
			show_agreed(j, other, i, &ret[i]);
		else
			ret[i] = j->heads[i];
	}
}

bool journal_is_behind_itself(const struct journal *j, const struct journal_head *theirs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t chain = journal_find(j, theirs[i].site, theirs[i].epoch);
		uint64_t held = chain == JOURNAL_NO_CHAIN ? 0 : j->heads[chain].seq;

		if (!journal_is_ours(j, theirs[i].site))
			continue;
		if (theirs[i].seq > held || is_contradicted(j, &theirs[i], chain))
			return true;
	}
	return false;
}
