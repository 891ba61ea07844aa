/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two links in bad weather: random appends over connections that delay, lose, break, and are cut in
 * one direction or both, between ends that restart, fill their disks and lose them.  Once the
 * weather clears, both must hold the same, soon.  A failure prints its seed; run the test with that
 * seed as its argument to see every message.
 */
#include "base/mem.h"
#include "core/peer/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS    4000
#define STORM_MS 90000
#define CALM_MS  60000 /* the longest redial, a dial that is under way, and a catch-up */
#define CHAINS   6
#define WIRES    16
#define QUEUE    64
#define BATCH    512

static uint64_t only_seed;

#define trace(w, ...)                                             \
	do {                                                      \
		if (only_seed) {                                  \
			printf("%8lld ", (long long)(w)->now_ms); \
			printf(__VA_ARGS__);                      \
			putchar('\n');                            \
		}                                                 \
	} while (0)

#define check(w, cond)                                                                      \
	do {                                                                                \
		if (!(cond))                                                                \
			fail_msg("seed %llu at %lld ms: %s", (unsigned long long)(w)->seed, \
				(long long)(w)->now_ms, #cond);                             \
	} while (0)

struct parcel {
	int64_t at_ms;
	enum { PARCEL_CONNECTED, PARCEL_MESSAGE, PARCEL_CLOSED } kind;
	struct link_msg msg;
	struct link_head heads[CHAINS]; /* EVENTS: [0] is the chain and the seq before the batch */
	uint64_t last_seq;              /* EVENTS */
};

/* One TCP connection: a queue of parcels to each end. */
struct wire {
	uint64_t number; /* 0: free */
	unsigned dialler;
	bool is_closed_by[2];
	struct parcel queue[2][QUEUE];
	uint32_t first[2], n[2];
};

struct end {
	const char *name;
	struct link link;
	struct link_self self;
	struct link_head heads[CHAINS];
	bool is_up, is_full;
	bool has_shown; /* the peer showed its chain since the last promise */
	uint64_t shown_epoch, shown_seq;
	int64_t dial_fails_at; /* 0: none */
};

struct world {
	uint64_t seed, n_wires, n_resent;
	struct rng rng;
	int64_t now_ms;
	struct end ends[2];
	struct wire wires[WIRES];
	bool is_cut[2]; /* nothing leaves this end */
	uint32_t loss_percent;
	int64_t delay_ms;
};

static struct now now_of(const struct world *w, unsigned e)
{
	return (struct now){ { w->now_ms }, { 1000000 + w->now_ms + (e ? 7000 : 0) } };
}

static struct link_head *chain_of(struct end *e, const char *site, uint64_t epoch)
{
	for (uint32_t i = 0; i < CHAINS; i++) {
		struct link_head *h = &e->heads[i];

		if (i == e->self.n_heads) {
			snprintf(h->site, sizeof h->site, "%s", site);
			h->epoch = epoch;
			e->self.n_heads++;
			return h;
		}
		if (h->epoch == epoch && strcmp(h->site, site) == 0)
			return h;
	}
	fail_msg("too many chains");
	return NULL;
}

static struct parcel *post(struct world *w, struct wire *wire, unsigned to, int kind)
{
	struct parcel *p = &wire->queue[to][(wire->first[to] + wire->n[to]) % QUEUE];

	check(w, wire->n[to] < QUEUE);
	*p = (struct parcel){ .at_ms = w->now_ms + w->delay_ms, .kind = kind };
	if (wire->n[to]) {
		int64_t before = wire->queue[to][(wire->first[to] + wire->n[to] - 1) % QUEUE].at_ms;

		if (p->at_ms < before)
			p->at_ms = before;
	}
	wire->n[to]++;
	return p;
}

static struct wire *wire_of(struct world *w, uint64_t number)
{
	for (uint32_t i = 0; i < WIRES; i++)
		if (number && w->wires[i].number == number)
			return &w->wires[i];
	return NULL;
}

static bool is_lost(struct world *w, unsigned from)
{
	return w->is_cut[from] || rng_chance(&w->rng, w->loss_percent, 100);
}

static void dial(struct world *w, unsigned e)
{
	struct wire *wire = NULL;

	for (uint32_t i = 0; i < WIRES && !wire; i++)
		if (w->wires[i].number == 0)
			wire = &w->wires[i];
	if (w->is_cut[0] || w->is_cut[1] || !wire) {
		w->ends[e].dial_fails_at = w->now_ms + 5000;
		return;
	}
	*wire = (struct wire){ .number = ++w->n_wires, .dialler = e };
	post(w, wire, e, PARCEL_CONNECTED)->at_ms = w->now_ms + 3 * w->delay_ms;
	post(w, wire, !e, PARCEL_CONNECTED)->at_ms = w->now_ms + 4 * w->delay_ms;
}

static void close_by(struct world *w, unsigned e, struct wire *wire)
{
	if (!wire || wire->is_closed_by[e])
		return;
	wire->is_closed_by[e] = true;
	wire->n[e] = 0;
	if (!w->is_cut[e])
		post(w, wire, !e, PARCEL_CLOSED);
	if (wire->is_closed_by[!e])
		wire->number = 0;
}

static void carry(struct world *w, unsigned from, struct wire *wire, const struct link_msg *msg)
{
	struct parcel *p;

	if (!wire || wire->is_closed_by[from] || is_lost(w, from))
		return;
	p = post(w, wire, !from, PARCEL_MESSAGE);
	p->msg = *msg;
	for (uint32_t i = 0; i < msg->n_heads; i++)
		p->heads[i] = msg->heads[i];
	p->msg.heads = p->heads;
	trace(w, "%s sends %d beat %llu echo %llu %s/%llu", w->ends[from].name, msg->kind,
		(unsigned long long)msg->beat, (unsigned long long)msg->echo,
		msg->n_heads ? msg->heads[0].site : "-",
		(unsigned long long)(msg->n_heads ? msg->heads[0].seq : 0));
}

/* The same batch must not be under way twice. */
static bool is_under_way(const struct wire *wire, unsigned to, const struct link_head *from)
{
	for (uint32_t i = 0; i < wire->n[to]; i++) {
		const struct parcel *p = &wire->queue[to][(wire->first[to] + i) % QUEUE];

		if (p->kind == PARCEL_MESSAGE && p->msg.kind == LINK_EVENTS &&
			p->heads[0].epoch == from->epoch && p->heads[0].seq == from->seq &&
			strcmp(p->heads[0].site, from->site) == 0)
			return true;
	}
	return false;
}

static void send_batch(struct world *w, unsigned e, const struct link_effect *fx)
{
	const struct link_head *from = &fx->msg.heads[0];
	struct link_head *ours = chain_of(&w->ends[e], from->site, from->epoch);
	struct wire *wire = wire_of(w, fx->connection);
	uint64_t last = ours->seq < from->seq + BATCH ? ours->seq : from->seq + BATCH;
	struct link_msg msg = { .kind = LINK_EVENTS, .heads = from, .n_heads = 1 };
	uint32_t before;

	check(w, ours->seq > from->seq);
	if (!wire)
		return;
	check(w, !is_under_way(wire, !e, from));
	before = wire->n[!e];
	carry(w, e, wire, &msg);
	if (wire->n[!e] > before)
		wire->queue[!e][(wire->first[!e] + before) % QUEUE].last_seq = last;
}

static void obey(struct world *w, unsigned e, const struct link_effect *fx, uint32_t n,
	const struct parcel *p);

static void push(struct world *w, unsigned e)
{
	struct link_effect fx[LINK_EFFECTS_MAX];
	struct end *end = &w->ends[e];

	obey(w, e, fx, link_push(&end->link, now_of(w, e), &end->self, fx), NULL);
}

static void accept_batch(struct world *w, unsigned e, const struct parcel *p)
{
	struct link_head *ours;

	if (w->ends[e].is_full)
		return;
	ours = chain_of(&w->ends[e], p->heads[0].site, p->heads[0].epoch);
	check(w, p->heads[0].seq <= ours->seq); /* no gap: the peer knows what we hold */
	if (p->last_seq <= ours->seq) {
		w->n_resent++;
		return;
	}
	ours->seq = p->last_seq;
	push(w, e);
}

static void say_beat(struct world *w, unsigned e)
{
	struct end *end = &w->ends[e];

	check(w, end->has_shown);
	check(w, chain_of(end, w->ends[!e].name, end->shown_epoch)->seq >= end->shown_seq);
	end->has_shown = false;
}

static void obey(struct world *w, unsigned e, const struct link_effect *fx, uint32_t n,
	const struct parcel *p)
{
	struct end *end = &w->ends[e];

	check(w, n <= LINK_EFFECTS_MAX);
	for (; n; n--, fx++) {
		if (fx->kind == LINK_DO_DIAL) {
			dial(w, e);
		} else if (fx->kind == LINK_DO_SEND) {
			carry(w, e, wire_of(w, fx->connection), &fx->msg);
		} else if (fx->kind == LINK_DO_CLOSE) {
			close_by(w, e, wire_of(w, fx->connection));
		} else if (fx->kind == LINK_DO_PULL_FROM) {
			send_batch(w, e, fx);
		} else if (fx->kind == LINK_DO_ACCEPT) {
			accept_batch(w, e, p);
		} else if (fx->kind == LINK_SAY_BEAT) {
			say_beat(w, e);
		} else if (fx->kind == LINK_SAY_UP) {
			check(w, !end->is_up);
			end->is_up = true;
		} else if (fx->kind == LINK_SAY_DOWN) {
			trace(w, "%s is down: %s", end->name, fx->why);
			end->is_up = false;
			end->has_shown = false;
		}
	}
}

static void feed(struct world *w, unsigned e, const struct link_input *in, const struct parcel *p)
{
	struct link_effect fx[LINK_EFFECTS_MAX];
	struct end *end = &w->ends[e];
	uint32_t n = link_step(&end->link, now_of(w, e), &end->self, in, fx);

	obey(w, e, fx, n, p);
}

/* What the first HELLO or BEAT since the last promise showed of its sender's newest chain. */
static void note_shown(struct world *w, unsigned e, const struct parcel *p)
{
	struct end *end = &w->ends[e];

	const struct link_head *heads = p->msg.heads_of ? end->link.peer_heads : p->heads;
	uint32_t n = p->msg.heads_of ? end->link.n_peer_heads : p->msg.n_heads;

	if (end->has_shown || (p->msg.kind != LINK_HELLO && p->msg.kind != LINK_BEAT))
		return;
	end->has_shown = true;
	end->shown_epoch = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(heads[i].site, w->ends[!e].name) != 0 ||
			heads[i].epoch < end->shown_epoch)
			continue;
		end->shown_epoch = heads[i].epoch;
		end->shown_seq = heads[i].seq;
	}
}

static void deliver(struct world *w, unsigned e, struct wire *wire)
{
	struct parcel p = wire->queue[e][wire->first[e] % QUEUE];
	struct link_input in = { .kind = LINK_IN_MESSAGE,
		.connection = wire->number,
		.msg = &p.msg };

	wire->first[e] = (wire->first[e] + 1) % QUEUE;
	wire->n[e]--;
	p.msg.heads = p.heads;
	if (p.kind == PARCEL_CONNECTED) {
		in.kind = LINK_IN_CONNECTED;
		in.is_dialled = wire->dialler == e;
	} else if (p.kind == PARCEL_CLOSED) {
		in.kind = LINK_IN_CLOSED;
		in.why = "closed by the other side";
		wire->is_closed_by[e] = true;
		if (wire->is_closed_by[!e])
			wire->number = 0;
	} else if (w->ends[e].link.connection == wire->number) {
		note_shown(w, e, &p);
	} else if (w->ends[e].link.candidate == wire->number) {
		w->ends[e].has_shown = false; /* a new connection begins with a new promise */
		note_shown(w, e, &p);
	}
	feed(w, e, &in, &p);
}

/* The process dies and comes back; with its disk lost it writes a new epoch. */
static void restart(struct world *w, unsigned e, bool is_wiped)
{
	struct end *end = &w->ends[e];

	trace(w, "%s restarts%s", end->name, is_wiped ? " without its disk" : "");
	for (uint32_t i = 0; i < WIRES; i++) {
		struct wire *wire = &w->wires[i];
		bool is_reset = rng_chance(&w->rng, 1, 2) && !w->is_cut[e];

		if (wire->number == 0 || wire->is_closed_by[e])
			continue;
		wire->is_closed_by[e] = true;
		wire->n[e] = 0;
		if (wire->is_closed_by[!e])
			wire->number = 0;
		else if (is_reset)
			post(w, wire, !e, PARCEL_CLOSED);
	}
	link_init(&end->link, now_of(w, e).mono, rng_next(&w->rng));
	end->is_up = false;
	end->has_shown = false;
	end->dial_fails_at = 0;
	if (!is_wiped)
		return;
	end->self.n_heads = 0;
	memset(end->heads, 0, sizeof end->heads);
	chain_of(end, end->name, 1 + w->n_wires)->seq = 1;
}

static struct link_head *own_chain(struct end *e)
{
	struct link_head *newest = NULL;

	for (uint32_t i = 0; i < e->self.n_heads; i++)
		if (strcmp(e->heads[i].site, e->name) == 0 &&
			(!newest || e->heads[i].epoch > newest->epoch))
			newest = &e->heads[i];
	return newest;
}

static void append(struct world *w, unsigned e, uint64_t n)
{
	struct end *end = &w->ends[e];

	if (rng_chance(&w->rng, 1, 12)) /* something new of a third site came another way */
		chain_of(end, "third", 1)->seq += n;
	else
		own_chain(end)->seq += n;
	push(w, e);
}

static void reset_a_wire(struct world *w)
{
	struct wire *wire = &w->wires[rng_below(&w->rng, WIRES)];

	for (unsigned e = 0; e < 2; e++)
		if (wire->number && !wire->is_closed_by[e])
			post(w, wire, e, PARCEL_CLOSED);
}

static void misfortune(struct world *w, bool *has_wiped)
{
	unsigned e = (unsigned)rng_below(&w->rng, 2);

	switch (rng_below(&w->rng, 12)) {
	case 0:
		w->is_cut[e] = !w->is_cut[e];
		break;
	case 1:
		w->is_cut[0] = w->is_cut[1] = !w->is_cut[0];
		break;
	case 2:
		w->loss_percent = rng_chance(&w->rng, 1, 2) ? (uint32_t)rng_below(&w->rng, 60) : 0;
		break;
	case 3:
		w->delay_ms = rng_between(&w->rng, 0, 600);
		break;
	case 4:
		restart(w, e, false);
		break;
	case 5:
		w->ends[e].is_full = !w->ends[e].is_full;
		break;
	case 6:
		reset_a_wire(w);
		break;
	case 7:
		/* Only what the other holds can come back. */
		if (!*has_wiped)
			restart(w, e, true);
		*has_wiped = true;
		break;
	default:
		append(w, e, 1 + rng_below(&w->rng, rng_chance(&w->rng, 1, 4) ? 3000 : 3));
	}
	trace(w, "cut %d %d loss %u delay %lld full %d %d", w->is_cut[0], w->is_cut[1],
		w->loss_percent, (long long)w->delay_ms, w->ends[0].is_full, w->ends[1].is_full);
}

/* The next moment at which something happens, not after `until`. */
static int64_t next_moment(const struct world *w, int64_t until)
{
	int64_t next = until;

	for (unsigned e = 0; e < 2; e++) {
		int64_t wake = link_wake(&w->ends[e].link).ms, fails = w->ends[e].dial_fails_at;

		next = wake < next ? wake : next;
		next = fails && fails < next ? fails : next;
		for (uint32_t i = 0; i < WIRES; i++) {
			const struct wire *wire = &w->wires[i];

			if (wire->number && wire->n[e] &&
				wire->queue[e][wire->first[e]].at_ms < next)
				next = wire->queue[e][wire->first[e]].at_ms;
		}
	}
	return next;
}

static void happen(struct world *w, unsigned e)
{
	struct end *end = &w->ends[e];

	for (uint32_t i = 0; i < WIRES; i++) {
		struct wire *wire = &w->wires[i];

		while (wire->number && wire->n[e] &&
			wire->queue[e][wire->first[e]].at_ms <= w->now_ms)
			deliver(w, e, wire);
	}
	if (end->dial_fails_at && end->dial_fails_at <= w->now_ms) {
		end->dial_fails_at = 0;
		feed(w, e, &(struct link_input){ .kind = LINK_IN_CLOSED, .why = "no answer" },
			NULL);
	}
	for (int i = 0; link_wake(&end->link).ms <= w->now_ms; i++) {
		check(w, i < 4); /* a tick moves its own deadline */
		feed(w, e, &(struct link_input){ .kind = LINK_IN_TICK }, NULL);
	}
}

static void run_until(struct world *w, int64_t until)
{
	while (w->now_ms < until) {
		w->now_ms = next_moment(w, until);
		happen(w, 0);
		happen(w, 1);
	}
}

static bool holds_all(struct end *a, struct end *b)
{
	for (uint32_t i = 0; i < b->self.n_heads; i++)
		if (chain_of(a, b->heads[i].site, b->heads[i].epoch)->seq < b->heads[i].seq)
			return false;
	return true;
}

static bool is_converged(struct world *w)
{
	struct end *a = &w->ends[0], *b = &w->ends[1];

	return a->link.state == LINK_UP && b->link.state == LINK_UP &&
	       a->link.connection == b->link.connection && !a->link.candidate &&
	       !b->link.candidate && holds_all(a, b) && holds_all(b, a);
}

static void begin(struct world *w, uint64_t seed)
{
	static const char *const names[] = { "dublin", "mumbai" };

	memset(w, 0, sizeof *w);
	w->seed = seed;
	rng_seed(&w->rng, seed);
	w->delay_ms = rng_between(&w->rng, 0, 200);
	for (unsigned e = 0; e < 2; e++) {
		struct end *end = &w->ends[e];

		end->name = names[e];
		end->self = (struct link_self){ .site = end->name,
			.is_first = e == 0,
			.heads = end->heads };
		chain_of(end, end->name, 1)->seq = 1;
		link_init(&end->link, now_of(w, e).mono, rng_next(&w->rng));
	}
}

static void clear_up(struct world *w)
{
	w->is_cut[0] = w->is_cut[1] = false;
	w->loss_percent = 0;
	w->ends[0].is_full = w->ends[1].is_full = false;
	if (w->delay_ms > 300)
		w->delay_ms = 300;
	trace(w, "the weather clears");
}

static int64_t weather(struct world *w, uint64_t seed)
{
	bool has_wiped = false;
	int64_t cleared;

	begin(w, seed);
	run_until(w, 3000);
	while (w->now_ms < STORM_MS) {
		run_until(w, w->now_ms + rng_between(&w->rng, 0, 6000));
		misfortune(w, &has_wiped);
	}
	clear_up(w);
	cleared = w->now_ms;
	while (!is_converged(w) && w->now_ms < cleared + CALM_MS)
		run_until(w, w->now_ms + 50);
	check(w, is_converged(w));
	return w->now_ms - cleared;
}

static void two_links_converge_once_the_weather_clears(void **unused)
{
	struct world *w = must_alloc(sizeof *w);
	uint64_t resent = 0;
	int64_t longest = 0, sum = 0;

	(void)unused;
	for (uint64_t seed = only_seed ? only_seed : 1; seed <= (only_seed ? only_seed : SEEDS);
		seed++) {
		int64_t took = weather(w, seed);

		longest = took > longest ? took : longest;
		sum += took;
		resent += w->n_resent;
	}
	print_message(
		"converged after %lld ms on average, %lld ms at most; %llu batches came twice\n",
		(long long)(sum / (only_seed ? 1 : SEEDS)), (long long)longest,
		(unsigned long long)resent);
	free(w);
}

/* A million events each way over 140 ms: one batch a round trip, nothing waits for a timer. */
static void catching_up_takes_one_round_trip_a_batch(void **unused)
{
	struct world *w = must_alloc(sizeof *w);
	int64_t began;

	(void)unused;
	begin(w, 1);
	w->delay_ms = 70;
	run_until(w, 3000);
	assert_true(is_converged(w));
	append(w, 0, 100 * BATCH);
	began = w->now_ms;
	while (!is_converged(w) && w->now_ms < began + MINUTE_MS)
		run_until(w, w->now_ms + 10);
	assert_in_range(w->now_ms - began, 99 * 140, 103 * 140);
	free(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_links_converge_once_the_weather_clears),
		cmocka_unit_test(catching_up_takes_one_round_trip_a_batch),
	};

	if (argc > 1)
		only_seed = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
