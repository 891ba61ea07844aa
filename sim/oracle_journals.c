/* SPDX-License-Identifier: Apache-2.0 */
/* oracle 3, of the journals: both hold the same, and what a disk changes is noticed. */
#include "sim/oracle_private.h"

/* Its disk changed a bit, and the scrub hasn't come by yet. */
static bool is_flipped(const struct world *w, const char *site, uint64_t epoch, uint64_t seq)
{
	const struct sim_flip *f = &w->flip;

	return f->is_there && !f->is_noticed && f->place.seq == seq && f->place.epoch == epoch &&
	       str_eq(f->place.site, site);
}

/* Not only as far, but the same: after a rollback two versions may grow beside each other. */
static bool holds(struct world *w, uint8_t site, const struct journal_head *head)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { head->site, head->epoch, head->seq, .most = 1 };
	struct event_batch read;

	if (is_flipped(w, head->site, head->epoch, head->seq))
		return true;
	return store->range(store->ctx, &span, &a, &read, NULL) == RC_OK && read.n == 1 &&
	       sha256_eq(&read.v->hash, &head->hash);
}

bool oracle_is_mirrored(struct world *w, uint8_t site)
{
	const struct sim_site *mine = &w->sites[site];
	const struct journal_head *heads;
	bool is_held = true;
	size_t n;

	if (!mine->site || !w->sites[!site].site)
		return false;
	heads = journal_heads(site_journal(mine->site), &n);
	for (size_t i = 0; i < n && is_held; i++)
		is_held = holds(w, !site, &heads[i]);
	return is_held;
}

bool oracle_is_newest_alone(struct world *w, uint8_t site)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_head *heads, newest = { 0 };
	size_t n;

	if (store->heads(store->ctx, &heads, &n, NULL) != RC_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_eq(heads[i].site, w->lab->sites[site].name) &&
			heads[i].epoch > newest.epoch)
			newest = heads[i];
	free(heads);
	return newest.seq && !holds(w, !site, &newest);
}

bool oracle_is_copied(struct world *w, uint8_t site)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_head *heads;
	bool is_held = true;
	size_t n;

	if (store->heads(store->ctx, &heads, &n, NULL) != RC_OK)
		return false;
	for (size_t i = 0; i < n && is_held; i++)
		is_held = holds(w, !site, &heads[i]);
	free(heads);
	return is_held && n > 0;
}

/* Its site says so of the flipped event, not of one that was flipped before. */
static bool is_flip_told(const struct world *w, const struct event *ev)
{
	const struct journal_place *p = &w->flip.place;
	char place[NAME_BYTES_MAX + 80], words[NAME_BYTES_MAX + 80];

	if (!str_eq(ev->site, w->lab->sites[w->flip.site].name))
		return false;
	snprintf(place, sizeof place, "\"of\":\"%s\",\"epoch\":%llu,\"seq\":%llu", p->site,
		(unsigned long long)p->epoch, (unsigned long long)p->seq);
	snprintf(words, sizeof words, "event %llu of %s's journal (epoch %llu) was changed",
		(unsigned long long)p->seq, p->site, (unsigned long long)p->epoch);
	return strstr(ev->body, place) || strstr(ev->body, words);
}

/* The sites compare their states themselves, and say so when they have come apart. */
void oracle_event(struct world *w, const struct event *ev)
{
	w->is_lossy |= str_eq(ev->kind, "lost");
	w->flip.is_there &= !(str_eq(ev->kind, "lost") && is_flip_told(w, ev));
	w->flip.is_noticed |= w->flip.is_there && is_flip_told(w, ev);
	if (str_eq(ev->kind, "evidence") && strstr(ev->body, "please report this defect"))
		world_breach(w, "oracle 3: the same journals, but %s finds another state",
			ev->site);
}

/* The bound: one pass, which begins again after a restart, and what it takes to read everything. */
void oracle_flipped(struct world *w)
{
	struct sim_flip *f = &w->flip;
	struct sim_site *s = &w->sites[f->site];
	char why[REASON_BYTES_MAX];

	if (!f->is_there || !s->site)
		return;
	if (journal_is_intact(site_journal(s->site), &f->place, why)) {
		f->is_there = false; /* healed, or rolled back and fetched again */
		return;
	}
	if (!f->is_noticed && w->now_ms - f->unwatched_ms > SIM_SCRUB_MS + HOUR_MS)
		world_breach(w,
			"oracle 3: a bit of event %llu of %s's journal is another at site%u, "
			"and nobody noticed",
			(unsigned long long)f->place.seq, f->place.site, f->site);
}

static enum rc read_chain(struct world *w, uint8_t site, const struct journal_head *h,
	struct arena *a, struct event_batch *ret)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_span all = { h->site, h->epoch, 1, .most = SIZE_MAX };

	return store->range(store->ctx, &all, a, ret, NULL);
}

/* In all that the hash covers. */
static bool is_same_event(const struct event *a, const struct event *b)
{
	return str_eq(a->site, b->site) && a->epoch == b->epoch && a->seq == b->seq &&
	       a->hlc == b->hlc && a->wall.ms == b->wall.ms && str_eq(a->kind, b->kind) &&
	       str_eq(a->subject, b->subject) && str_eq(a->body, b->body) &&
	       sha256_eq(&a->previous, &b->previous);
}

static bool is_genuine(const struct event *ev)
{
	struct sha256 hash = event_hash(ev);

	return sha256_eq(&hash, &ev->hash);
}

/* Event by event, and each is what was signed. */
static void expect_same_chain(struct world *w, const struct journal_head *h)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_batch x, y;

	if (read_chain(w, 0, h, &a, &x) != RC_OK || read_chain(w, 1, h, &a, &y) != RC_OK ||
		x.n != y.n) {
		world_breach(w, "oracle 3: %s's journal can't be read at both sites", h->site);
		return;
	}
	for (size_t i = 0; i < x.n; i++)
		if ((!is_same_event(&x.v[i], &y.v[i]) || !is_genuine(&x.v[i])) &&
			!is_flipped(w, x.v[i].site, x.v[i].epoch, x.v[i].seq))
			world_breach(w,
				"oracle 3: event %zu of %s's journal is not what was written",
				i + 1, h->site);
}

void oracle_same_history(struct world *w)
{
	size_t n;
	const struct journal_head *heads = journal_heads(site_journal(w->sites[0].site), &n);

	for (size_t i = 0; i < n; i++)
		expect_same_chain(w, &heads[i]);
}

/* A site that lost its history and has been with its peer for a while has it back. */
void oracle_remember(struct world *w)
{
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		struct sim_site *s = &w->sites[site];

		if (s->lost_history_ms != NEVER_MS &&
			w->sites[0].linked_since_ms < w->now_ms - JUST_NOW_MS &&
			w->sites[1].linked_since_ms < w->now_ms - JUST_NOW_MS &&
			oracle_is_mirrored(w, !site))
			s->lost_history_ms = NEVER_MS;
	}
}
