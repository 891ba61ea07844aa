/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can't be joined to is set aside: the damaged end of a chain when the journal is opened, and what of
 * our own chain stands behind an event that is damaged everywhere.  It is always written down first.
 */
#include "core/journal/journal_private.h"

#define CUT_TOLD 64 /* damaged events of one cut that are written down one by one */

/* ---- writing it down */

/* As far as it can be read. */
static void write_found(const struct journal *j, const struct journal_place *place,
	struct json_out *w)
{
	scoped(arena_fini) struct arena a = { 0 };
	const struct event *ev;

	if (journal_read(j, place, &a, &ev, NULL) != RC_OK)
		return;
	json_text(w, "found_kind", ev->kind);
	json_text(w, "found_subject", ev->subject);
	json_text(w, "found_body", ev->body);
}

static void write_place(const struct journal_place *place, struct json_out *w)
{
	json_text(w, "of", place->site);
	json_int(w, "epoch", (int64_t)place->epoch);
	json_int(w, "seq", (int64_t)place->seq);
}

static void add_damaged(struct journal *j, struct now now, const struct journal_place *place,
	const char *why, uint64_t cut_to)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	write_place(place, &w);
	json_text(&w, "why", why);
	if (cut_to)
		json_int(&w, "cut_to", (int64_t)cut_to);
	write_found(j, place, &w);
	json_close(&w);
	journal_add(j, now, EVENT_DAMAGED, j->site, str_c(&body));
}

void journal_add_damaged(struct journal *j, struct now now, const struct journal_place *place,
	const char *why)
{
	add_damaged(j, now, place, why, 0);
}

static void add_lost(struct journal *j, struct now now, const struct journal_place *place,
	size_t moved, uint64_t to_epoch)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	write_place(place, &w);
	json_int(&w, "moved", (int64_t)moved);
	if (moved)
		json_int(&w, "to_epoch", (int64_t)to_epoch);
	json_close(&w);
	journal_add(j, now, EVENT_LOST, j->site, str_c(&body));
}

void journal_add_lost(struct journal *j, struct now now, const struct journal_place *place)
{
	add_lost(j, now, place, 0, 0);
}

/* ---- the end of a chain, when the journal is opened */

const struct journal_cut *journal_cuts(const struct journal *j, size_t *ret_n)
{
	*ret_n = j->n_cuts;
	return j->cuts;
}

/* The newest event of the chain that is intact; NULL: none is.  RC_CORRUPT when it is too far back. */
static enum rc find_end(const struct journal *j, const struct journal_head *head, struct arena *a,
	const struct event **ret, struct err *e)
{
	char why[REASON_BYTES_MAX];

	*ret = NULL;
	for (uint64_t back = 0; back < head->seq; back++) {
		struct journal_place place = journal_place_of(head, head->seq - back);

		if (back == JOURNAL_CUT_MAX)
			return err_set(e, RC_CORRUPT,
				"the newest %d events of %s's journal (epoch %lu) are damaged; "
				"move it aside: the peer gives the history back",
				JOURNAL_CUT_MAX, head->site, (unsigned long)head->epoch);
		*ret = journal_read_intact(j, &place, a, why);
		if (*ret)
			break;
		arena_reset(a);
	}
	return RC_OK;
}

static void cut_off(struct journal *j, const struct journal_head *head, uint64_t from)
{
	must_grow(j->cuts, j->n_cuts, j->cap_cuts);
	j->cuts[j->n_cuts++] =
		(struct journal_cut){ .first = journal_place_of(head, from), .last = head->seq };
}

enum rc journal_take_up(struct journal *j, const struct journal_head *head, struct now now,
	struct err *e)
{
	scoped(arena_fini) struct arena a = { 0 };
	const struct event *end;
	enum rc rc = find_end(j, head, &a, &end, e);

	if (rc != RC_OK)
		return rc;
	if (end) {
		journal_advance(j, end);
		journal_witness(j, now, end);
	}
	if (!end || end->seq < head->seq)
		cut_off(j, head, end ? end->seq + 1 : 1);
	return RC_OK;
}

static void write_cut_down(struct journal *j, struct now now, const struct journal_cut *cut)
{
	struct journal_place place = cut->first;
	char why[REASON_BYTES_MAX];

	for (; place.seq <= cut->last && place.seq - cut->first.seq < CUT_TOLD; place.seq++)
		if (!journal_is_intact(j, &place, why))
			add_damaged(j, now, &place, why, cut->last);
}

enum rc journal_take_out_cuts(struct journal *j, struct err *e)
{
	while (j->n_taken_out < j->n_cuts) {
		const struct journal_place *first = &j->cuts[j->n_taken_out].first;
		struct journal_head from = { .epoch = first->epoch, .seq = first->seq };
		enum rc rc;

		str_copy(from.site, sizeof from.site, first->site);
		rc = j->store.replace(j->store.ctx, &from, NULL, 0, e);
		if (rc != RC_OK)
			return err_in(e, rc, "taking out the damaged end of %s's journal",
				first->site);
		j->n_taken_out++;
	}
	return RC_OK;
}

enum rc journal_carry_out_cuts(struct journal *j, struct now now, struct err *e)
{
	const struct event *events;
	size_t n;
	enum rc rc;

	for (size_t i = 0; i < j->n_cuts; i++)
		write_cut_down(j, now, &j->cuts[i]);
	rc = journal_commit(j, &events, &n, e);
	return rc == RC_FULL || rc == RC_IO ? RC_OK : rc;
}

/* ---- a hole that nobody can fill */

/* Events on their way to the beginning of a new epoch. */
struct move {
	struct arena arena;
	struct journal_head into; /* the last of them */
	struct event *events;
	size_t n;
};

static void free_move(struct move *m)
{
	arena_fini(&m->arena);
}
SCOPED_FINI(free_move, struct move)

static void move_event(const struct journal *j, struct move *m, const struct event *ev)
{
	struct event *to = &m->events[m->n++];

	*to = *ev;
	journal_seal(j, to, m->into.epoch, m->n, &m->into.hash);
	m->into.hash = to->hash;
}

/* All behind `place` that is intact; what isn't is written down. */
static void move_rest(struct journal *j, struct now now, const struct journal_place *place,
	struct move *m)
{
	const struct journal_head *head = &j->heads[journal_find(j, place->site, place->epoch)];
	struct journal_place p = *place;
	char why[REASON_BYTES_MAX];

	m->events =
		arena_alloc(&m->arena, (size_t)(head->seq - place->seq + 1) * sizeof *m->events);
	while (p.seq++ < head->seq) {
		const struct event *ev = journal_read_intact(j, &p, &m->arena, why);

		if (ev)
			move_event(j, m, ev);
		else
			journal_add_damaged(j, now, &p, why);
	}
}

/* What is prepared goes along, so that a crash can't come between the loss and the word of it.  The next
 * commit finds it there. */
static void move_pending(struct journal *j, struct move *m)
{
	struct event *all = arena_alloc(&m->arena, (m->n + j->n_pending) * sizeof *all);

	memcpy(all, m->events, m->n * sizeof *all);
	m->events = all;
	for (size_t i = 0; i < j->n_pending; i++)
		move_event(j, m, j->pending[i]);
}

/* The head of ours that the new epoch follows, when the chain ends with `last`, or is no more. */
static struct sha256 hash_before(const struct journal *j, size_t chain, const struct event *last)
{
	const struct journal_head *before = NULL;

	for (size_t i = 0; i < j->n_chains; i++) {
		const struct journal_head *h = &j->heads[i];

		if (journal_is_ours(j, h->site) && (i != chain || last) &&
			(!before || h->epoch > before->epoch))
			before = h;
	}
	if (before == &j->heads[chain])
		return last->hash;
	return before ? before->hash : (struct sha256){ 0 };
}

/* The chain ends with `last`; NULL: it has no event any more. */
static void end_chain(struct journal *j, size_t chain, const struct event *last)
{
	if (!last)
		return journal_drop_chain(j, chain);
	j->heads[chain].seq = last->seq;
	j->heads[chain].hash = last->hash;
	j->tails[chain] =
		(struct journal_tail){ .hlc = last->hlc, .is_settled = j->tails[chain].is_settled };
}

/* *ret_last: the event before the hole, in the arena; NULL where the hole is at the beginning. */
static enum rc check_hole(const struct journal *j, const struct journal_place *place,
	struct arena *a, const struct event **ret_last, struct err *e)
{
	size_t chain = journal_find(j, place->site, place->epoch);
	struct journal_place before = *place;
	const struct event *last = NULL;
	char why[REASON_BYTES_MAX];

	if (!journal_is_ours(j, place->site) || chain == JOURNAL_NO_CHAIN || place->seq == 0 ||
		place->seq > j->heads[chain].seq)
		return err_set(e, RC_INPUT, "event %lu isn't one of ours",
			(unsigned long)place->seq);
	if (--before.seq > 0)
		last = journal_read_intact(j, &before, a, why);
	if (before.seq > 0 && !last)
		return err_set(e, RC_CONFLICT, "event %lu isn't intact either",
			(unsigned long)before.seq);
	*ret_last = last;
	return RC_OK;
}

enum rc journal_give_up(struct journal *j, struct now now, const struct journal_place *place,
	size_t *ret_moved, struct err *e)
{
	scoped(free_move) struct move m = { .into.epoch = journal_next_epoch(j, now) };
	struct journal_head from = { .epoch = place->epoch, .seq = place->seq };
	size_t chain = journal_find(j, place->site, place->epoch), n_before = j->n_pending, n;
	const struct event *last = NULL;
	enum rc rc = check_hole(j, place, &m.arena, &last, e);

	if (rc != RC_OK)
		return rc;
	m.into.hash = hash_before(j, chain, last);
	move_rest(j, now, place, &m);
	n = m.n;
	add_lost(j, now, place, n, m.into.epoch);
	move_pending(j, &m);
	str_copy(from.site, sizeof from.site, place->site);
	rc = j->store.replace(j->store.ctx, &from, m.events, m.n, e);
	if (rc != RC_OK) {
		j->n_pending = n_before; /* nothing is lost yet */
		return rc;
	}
	end_chain(j, chain, last);
	if (n)
		journal_advance(j, &m.events[n - 1]);
	journal_enter(j, m.into.epoch);
	*ret_moved = n;
	return RC_OK;
}
