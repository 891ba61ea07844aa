/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who lacks what, and how it gets there.  Everything follows from two lists of heads, ours and the
 * peer's as last shown; nothing is remembered of a chain that both hold equally, so a quiet BEAT
 * costs one look at each head.
 *
 * A relayed chain (a third site's) is never pushed: with many sites everybody would send it to
 * everybody.  Its own site pushes it; who can't reach that site pulls it here after a while.
 */
#include "core/peer/step.h"

#include "base/mem.h"

#include <string.h>

/* Both sides mostly list the same chains in the same order: `hint` is the place to look first. */
static const struct link_head *find(const struct link_head *heads, uint32_t n,
	const struct link_head *chain, uint32_t hint)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct link_head *h = &heads[(hint + i) % n];

		if (h->epoch == chain->epoch && strcmp(h->site, chain->site) == 0)
			return h;
	}
	return NULL;
}

static uint64_t seq_of(const struct link_head *h)
{
	return h ? h->seq : 0;
}

static uint64_t held_by_us(const struct link_running *s, const struct link_head *chain,
	uint32_t hint)
{
	return seq_of(find(s->self->heads, s->self->n_heads, chain, hint));
}

static uint64_t held_by_peer(const struct link *l, const struct link_head *chain, uint32_t hint)
{
	return seq_of(find(l->peer_heads, l->n_peer_heads, chain, hint));
}

static bool is_of(const struct link_head *h, const char *site)
{
	return strcmp(h->site, site) == 0;
}

/* The one that we write to; NULL: we have written nothing. */
static const struct link_head *newest_of_ours(const struct link_running *s)
{
	const struct link_head *newest = NULL;

	for (uint32_t i = 0; i < s->self->n_heads; i++) {
		const struct link_head *ours = &s->self->heads[i];

		if (is_of(ours, s->self->site) && (!newest || ours->epoch > newest->epoch))
			newest = ours;
	}
	return newest;
}

void catchup_begin(struct link *l)
{
	l->push = (struct link_push){ 0 };
	l->pull = (struct link_pull){ 0 };
	l->is_promise_open = false;
	l->owes_beat = false;
}

static bool promise_is_met(const struct link_running *s)
{
	const struct link *l = s->l;

	for (uint32_t i = 0; i < l->n_peer_heads; i++) {
		const struct link_head *theirs = &l->peer_heads[i];
		uint64_t promised = theirs->seq;

		if (!is_of(theirs, l->peer))
			continue;
		if (theirs->epoch == l->promise_epoch && l->promise_seq < promised)
			promised = l->promise_seq;
		if (held_by_us(s, theirs, i) < promised)
			return false;
	}
	return true;
}

static void keep_promise(struct link_running *s)
{
	if (!s->l->is_promise_open || !promise_is_met(s))
		return;
	s->l->is_promise_open = false;
	link_effect(s, LINK_SAY_BEAT);
}

/* While an older promise is open it stays the one to meet, or a busy peer's would never be met. */
static void open_promise(struct link *l)
{
	if (l->is_promise_open)
		return;
	l->is_promise_open = true;
	l->promise_epoch = 0;
	l->promise_seq = 0;
	for (uint32_t i = 0; i < l->n_peer_heads; i++) {
		const struct link_head *theirs = &l->peer_heads[i];

		if (theirs->epoch >= l->promise_epoch && is_of(theirs, l->peer)) {
			l->promise_epoch = theirs->epoch;
			l->promise_seq = theirs->seq;
		}
	}
}

static bool is_refused(const struct link_push *p, uint64_t epoch, uint64_t seq)
{
	for (uint32_t i = 0; i < COUNT(p->refused); i++)
		if (p->refused[i].epoch == epoch && p->refused[i].seq == seq && i < p->n_refused)
			return true;
	return false;
}

/* The peer handled the batch and still stands where it stood. */
static void refused(struct link_push *p)
{
	uint32_t i = p->n_refused++ % LINK_REFUSED_MAX;

	p->refused[i].epoch = p->from.epoch;
	p->refused[i].seq = p->from.seq;
	p->is_in_flight = false;
}

static void send_from(struct link_running *s, const struct link_head *from)
{
	struct link_effect *fx = link_effect(s, LINK_DO_PULL_FROM);

	fx->connection = s->l->connection;
	fx->msg.kind = LINK_EVENTS;
	fx->msg.heads = from;
	fx->msg.n_heads = 1;
}

static void push_from(struct link_running *s, const struct link_head *chain, uint64_t seq)
{
	struct link_push *p = &s->l->push;

	p->is_in_flight = true;
	p->from = *chain;
	p->from.seq = seq;
	p->after_beat = s->l->beats_sent;
	send_from(s, &p->from);
}

static void push(struct link_running *s, uint64_t echo)
{
	struct link_push *p = &s->l->push;

	if (p->is_in_flight && held_by_peer(s->l, &p->from, 0) > p->from.seq)
		p->is_in_flight = false;
	else if (p->is_in_flight && echo > p->after_beat)
		refused(p);
	for (uint32_t i = 0; i < s->self->n_heads && !p->is_in_flight; i++) {
		const struct link_head *ours = &s->self->heads[i];
		uint64_t theirs = held_by_peer(s->l, ours, i);

		if (theirs < ours->seq && is_of(ours, s->self->site) &&
			!is_refused(p, ours->epoch, theirs))
			push_from(s, ours, theirs);
	}
}

void catchup_pulled(struct link_running *s, const struct link_msg *msg)
{
	struct link *l = s->l;
	const struct link_head *wanted = msg->heads;

	if (msg->n_heads != 1 || held_by_us(s, wanted, 0) <= wanted->seq)
		return;
	if (!is_of(wanted, s->self->site)) {
		l->answer = *wanted;
		send_from(s, &l->answer);
		return;
	}
	/* The PULL and a batch of ours may have crossed. */
	if (l->push.is_in_flight && msg->echo <= l->push.after_beat)
		return;
	push_from(s, wanted, wanted->seq);
}

static void ask(struct link_running *s)
{
	struct link_pull *p = &s->l->pull;
	struct link_effect *fx = link_effect(s, LINK_DO_SEND);

	p->stage = LINK_PULL_ASKED;
	p->after_beat = s->l->beats_sent;
	fx->connection = s->l->connection;
	fx->msg.kind = LINK_PULL;
	fx->msg.echo = s->l->beat_heard;
	fx->msg.heads = &p->chain;
	fx->msg.n_heads = 1;
}

static int64_t patience_ms(const struct link_running *s, const struct link_pull *p)
{
	int64_t ms = LINK_PULL_MS;

	if (p->in_vain == 0 && (p->is_fruitful || is_of(&p->chain, s->self->site)))
		return 0;
	for (uint32_t i = 0; i < p->in_vain && ms < LINK_PULL_MAX_MS; i++)
		ms *= 2;
	return ms < LINK_PULL_MAX_MS ? ms : LINK_PULL_MAX_MS;
}

static void watch(struct link_running *s, uint32_t index)
{
	struct link_pull *p = &s->l->pull;

	p->stage = LINK_PULL_WATCHING;
	p->cursor = index;
	p->chain = s->l->peer_heads[index];
	p->chain.seq = held_by_us(s, &p->chain, index);
	p->due.ms = s->now.mono.ms + patience_ms(s, p);
}

/* Look after the next chain that we lack: in turn, so that one which can't be had doesn't stand
 * before the others; but our own before all others, unless it was asked for in vain. */
static void watch_next(struct link_running *s)
{
	struct link *l = s->l;
	uint32_t n = l->n_peer_heads, found = UINT32_MAX;

	for (uint32_t i = 1; i <= n; i++) {
		uint32_t at = (l->pull.cursor + i) % n;
		const struct link_head *theirs = &l->peer_heads[at];

		if (theirs->seq <= held_by_us(s, theirs, at))
			continue;
		if (found == UINT32_MAX)
			found = at;
		if (l->pull.in_vain == 0 && is_of(theirs, s->self->site)) {
			found = at;
			break;
		}
	}
	if (found != UINT32_MAX)
		watch(s, found);
	else
		l->pull.is_fruitful = false;
}

/* What became of the chain that we look after.  That we hold less of it is news as well: our own
 * chain was found to be forked, and is shown only as far as the versions agree. */
static void review(struct link_running *s, uint64_t echo)
{
	struct link_pull *p = &s->l->pull;
	uint64_t ours = held_by_us(s, &p->chain, p->cursor);
	bool has_moved = ours != p->chain.seq;

	if (has_moved) {
		p->in_vain = 0;
		p->is_fruitful |= p->stage == LINK_PULL_ASKED;
	}
	p->chain.seq = ours;
	if (held_by_peer(s->l, &p->chain, p->cursor) <= ours) {
		p->stage = LINK_PULL_IDLE;
	} else if (has_moved && p->stage == LINK_PULL_ASKED && !is_of(&p->chain, s->l->peer)) {
		ask(s);
	} else if (has_moved) { /* its own site pushes the rest */
		p->stage = LINK_PULL_WATCHING;
		p->due.ms = s->now.mono.ms + LINK_PULL_MS;
	} else if (p->stage == LINK_PULL_ASKED && echo > p->after_beat) {
		p->stage = LINK_PULL_IDLE;
		p->is_fruitful = false;
		p->in_vain++;
	}
}

static void pull(struct link_running *s, uint64_t echo)
{
	struct link_pull *p = &s->l->pull;

	if (p->stage != LINK_PULL_IDLE)
		review(s, echo);
	if (p->stage == LINK_PULL_IDLE)
		watch_next(s);
	if (p->stage == LINK_PULL_WATCHING && s->now.mono.ms >= p->due.ms)
		ask(s);
}

/* Older epochs of ours are history: nothing more is written there, so they are only pulled. */
static bool is_behind_itself(const struct link_running *s)
{
	const struct link *l = s->l;
	const struct link_head *newest = newest_of_ours(s);

	for (uint32_t i = 0; i < l->n_peer_heads; i++) {
		const struct link_head *theirs = &l->peer_heads[i];

		if ((!newest || theirs->epoch >= newest->epoch) && is_of(theirs, s->self->site) &&
			theirs->seq > held_by_us(s, theirs, i))
			return true;
	}
	return false;
}

/* Also what is in flight: how far that reached is not known, and who has it already leaves it
 * out. */
void catchup_finish(struct link_running *s)
{
	const struct link_head *newest = newest_of_ours(s);
	uint64_t theirs;

	if (!newest)
		return;
	theirs = held_by_peer(s->l, newest, 0);
	if (theirs < newest->seq)
		push_from(s, newest, theirs);
}

static void compare(struct link_running *s, uint64_t echo)
{
	keep_promise(s);
	push(s, echo);
	pull(s, echo);
}

void catchup_grown(struct link_running *s)
{
	compare(s, 0);
}

/* Nearly always: both list the same chains in the same order, equally far. */
static bool is_level(const struct link_running *s)
{
	const struct link_head *ours = s->self->heads, *theirs = s->l->peer_heads;

	if (s->self->n_heads != s->l->n_peer_heads)
		return false;
	for (uint32_t i = 0; i < s->self->n_heads; i++)
		if (ours[i].seq != theirs[i].seq || ours[i].epoch != theirs[i].epoch ||
			!is_of(&ours[i], theirs[i].site))
			return false;
	return true;
}

void catchup_shown(struct link_running *s, uint64_t echo)
{
	struct link *l = s->l;

	if (is_level(s)) {
		l->is_promise_open = false;
		l->push.is_in_flight = false;
		l->pull.stage = LINK_PULL_IDLE;
		link_effect(s, LINK_SAY_BEAT);
		return;
	}
	open_promise(l);
	if (is_behind_itself(s))
		link_effect(s, LINK_SAY_BEHIND);
	compare(s, echo);
}
