/* SPDX-License-Identifier: Apache-2.0 */
/* Random operations on a store agree with the same on a naive one. */
#include "core/journal/contract_private.h"

#include "base/rng.h"

/* The naive store that the random test holds the real one against: an array, searched from end to
 * end. */
struct model {
	struct event events[EVENTS_MAX];
	bool is_gone[EVENTS_MAX];
	size_t n;
	const char *order[3];
	size_t n_order;
};

static int model_rank(const struct model *m, const char *site)
{
	for (size_t i = 0; i < m->n_order; i++)
		if (str_eq(m->order[i], site))
			return (int)i;
	return -1;
}

static bool model_newer(const struct model *m, const struct event *a, const struct event *b)
{
	int rank_a = model_rank(m, a->site), rank_b = model_rank(m, b->site);

	if (a->hlc != b->hlc)
		return a->hlc > b->hlc;
	if (rank_a != rank_b)
		return rank_a > rank_b;
	if (!str_eq(a->site, b->site))
		return strcmp(a->site, b->site) > 0;
	return a->epoch > b->epoch;
}

static bool model_matches(const struct event_query *q, const struct event *ev)
{
	int64_t ms = hlc_wall(ev->hlc).ms;

	return (!q->site || str_eq(q->site, ev->site)) && (!q->kind || str_eq(q->kind, ev->kind)) &&
	       (!q->subject || str_eq(q->subject, ev->subject)) &&
	       (!q->since.ms || ms >= q->since.ms) && (!q->until.ms || ms <= q->until.ms);
}

static bool model_is_latest(const struct model *m, const struct event_query *q, size_t index)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->is_gone[i] && model_matches(q, &m->events[i]) &&
			str_eq(m->events[i].subject, m->events[index].subject) &&
			model_newer(m, &m->events[i], &m->events[index]))
			return false;
	return true;
}

/* Indices of the answer; `below` is the index of before_cursor's event, or -1. */
static size_t model_query(const struct model *m, const struct event_query *q, int below,
	size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		size_t k;

		if (m->is_gone[i] || !model_matches(q, &m->events[i]) ||
			(q->is_latest_by_subject && !model_is_latest(m, q, i)) ||
			(below >= 0 && !model_newer(m, &m->events[below], &m->events[i])))
			continue;
		for (k = n++; k > 0 && model_newer(m, &m->events[i], &m->events[ret[k - 1]]); k--)
			ret[k] = ret[k - 1];
		ret[k] = i;
	}
	return q->most && n > q->most ? q->most : n;
}

static const char *const sites[] = { "dublin", "mumbai", "oslo" };
static const char *const kinds[] = { "evidence", "note", "ack" };
static const char *const subjects[] = { "a", "b", "c", "d" };

#define CHAINS 5
struct world {
	struct rng rng;
	struct model model;
	struct event_maker makers[CHAINS];
	uint64_t hlc[CHAINS];
};

static const char *pick(struct rng *r, const char *const *texts, size_t n)
{
	return texts[rng_below(r, n)];
}

static struct event random_event(struct world *w, size_t chain)
{
	w->hlc[chain] += 1 + (rng_below(&w->rng, 3) << 16);
	return make_event(&w->makers[chain], w->hlc[chain], pick(&w->rng, kinds, COUNT(kinds)),
		pick(&w->rng, subjects, COUNT(subjects)), "{}");
}

static void put_some(struct world *w)
{
	size_t chain = rng_below(&w->rng, CHAINS), n = 1 + rng_below(&w->rng, 4);
	struct event *events = &w->model.events[w->model.n];

	if (w->model.n + n > EVENTS_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		events[i] = random_event(w, chain);
	contract_must_put(events, n);
	w->model.n += n;
}

static void put_something_wrong(struct world *w)
{
	size_t chain = rng_below(&w->rng, CHAINS);
	struct event_maker before = w->makers[chain];
	struct event pair[2] = { random_event(w, chain), random_event(w, chain) };

	if (rng_chance(&w->rng, 1, 2))
		pair[1].seq++;
	else
		pair[1].previous.bytes[3] ^= 4;
	assert_int_equal(contract_put(pair, 2), RC_CORRUPT);
	w->makers[chain] = before;
}

static void put_something_again(struct world *w)
{
	size_t i = w->model.n ? rng_below(&w->rng, w->model.n) : 0;
	struct event other;

	if (w->model.n == 0 || w->model.is_gone[i])
		return;
	contract_must_put(&w->model.events[i], 1);
	other = w->model.events[i];
	other.hash.bytes[0] ^= 1;
	assert_int_equal(contract_put(&other, 1), RC_CORRUPT);
}

/* Forget some chain's end and put one event in its place. */
static void replace_something(struct world *w)
{
	size_t chain = rng_below(&w->rng, CHAINS);
	struct event_maker *m = &w->makers[chain];
	struct journal_head from = { .epoch = m->epoch };
	struct model *model = &w->model;

	if (m->seq == 0 || model->n == EVENTS_MAX)
		return;
	memcpy(from.site, m->site, strlen(m->site));
	from.seq = m->seq - rng_below(&w->rng, m->seq < 3 ? m->seq : 3);
	m->seq = from.seq - 1;
	for (size_t i = 0; i < model->n; i++) {
		const struct event *ev = &model->events[i];

		if (ev->epoch != m->epoch || !str_eq(ev->site, m->site) || model->is_gone[i])
			continue;
		model->is_gone[i] = ev->seq >= from.seq;
		if (ev->seq == from.seq)
			m->previous = ev->previous;
	}
	model->events[model->n] = random_event(w, chain);
	assert_int_equal(contract.store->replace(contract.store->ctx, &from,
				 &model->events[model->n], 1, NULL),
		RC_OK);
	model->n++;
}

static void order_otherwise(struct world *w)
{
	size_t first = rng_below(&w->rng, 3);

	w->model.n_order = rng_below(&w->rng, 4);
	for (size_t i = 0; i < w->model.n_order; i++)
		w->model.order[i] = sites[(first + i) % 3];
	contract.store->order(contract.store->ctx, w->model.order, w->model.n_order);
}

static void reopen_it(struct world *w)
{
	if (!contract.reopen)
		return;
	contract.reopen(&contract);
	contract.store->order(contract.store->ctx, w->model.order, w->model.n_order);
}

/* The cursor of an event, as a query for its neighbourhood tells it. */
static uint64_t cursor_of(const struct event *ev)
{
	static struct contract_answer found;
	struct event_query q = { .site = ev->site,
		.since = hlc_wall(ev->hlc),
		.until = hlc_wall(ev->hlc) };

	found.most = 0;
	contract_query(&q, &found);
	for (size_t i = 0; i < found.n; i++)
		if (memcmp(&found.hashes[i], &ev->hash, SHA256_BYTES) == 0)
			return found.cursors[i];
	fail_msg("an event that was put is not found");
	return 0;
}

static void ask_something(struct world *w)
{
	static struct contract_answer answer;
	struct rng *r = &w->rng;
	int below = -1;
	size_t expected[EVENTS_MAX], n;
	struct event_query q = {
		.site = rng_chance(r, 1, 2) ? pick(r, sites, COUNT(sites)) : NULL,
		.kind = rng_chance(r, 1, 2) ? pick(r, kinds, COUNT(kinds)) : NULL,
		.subject = rng_chance(r, 1, 3) ? pick(r, subjects, COUNT(subjects)) : NULL,
		.since = { rng_chance(r, 1, 3) ? rng_between(r, 1, 300) : 0 },
		.until = { rng_chance(r, 1, 3) ? rng_between(r, 1, 300) : 0 },
		.is_latest_by_subject = rng_chance(r, 1, 3),
		.most = rng_chance(r, 1, 2) ? (uint32_t)rng_between(r, 1, 20) : 0,
	};

	if (w->model.n && rng_chance(r, 1, 3))
		below = (int)rng_below(r, w->model.n);
	if (below >= 0 && w->model.is_gone[below])
		below = -1;
	if (below >= 0)
		q.before_cursor = cursor_of(&w->model.events[below]);
	n = model_query(&w->model, &q, below, expected);
	answer.most = 0;
	contract_query(&q, &answer);
	assert_int_equal(answer.n, n);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(&answer.hashes[i], &w->model.events[expected[i]].hash,
			SHA256_BYTES);
}

static void compare_chains(struct world *w)
{
	for (size_t chain = 0; chain < CHAINS; chain++) {
		const struct event_maker *m = &w->makers[chain];
		const struct event *held;
		size_t n = contract_range(m->site, m->epoch, 1, SIZE_MAX, &held);

		assert_int_equal(n, m->seq);
		for (size_t i = 0; i < w->model.n; i++) {
			const struct event *ev = &w->model.events[i];

			if (!w->model.is_gone[i] && ev->epoch == m->epoch &&
				str_eq(ev->site, m->site))
				assert_same_event(&held[ev->seq - 1], ev);
		}
	}
}

static void compare_arrivals(struct world *w)
{
	static struct contract_answer all;
	size_t n = 0;

	all.most = 0;
	contract_query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &all);
	for (size_t i = 0; i < w->model.n; i++) {
		if (w->model.is_gone[i])
			continue;
		assert_true(n < all.n);
		assert_memory_equal(&all.hashes[n], &w->model.events[i].hash, SHA256_BYTES);
		assert_true(n == 0 || all.cursors[n] > all.cursors[n - 1]);
		n++;
	}
	assert_int_equal(n, all.n);
}

static void random_operations_agree_with_an_array(void **state)
{
	static void (*const operations[])(struct world *) = { put_some, put_some, put_some,
		put_something_wrong, put_something_again, replace_something, order_otherwise,
		reopen_it, ask_something, ask_something, ask_something, compare_chains,
		compare_arrivals };

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct world *w = must_alloc(sizeof *w);

		if (seed > 1) {
			contract.close(&contract);
			contract.open(&contract);
		}
		rng_seed(&w->rng, seed);
		for (size_t i = 0; i < CHAINS; i++)
			w->makers[i] = contract_maker(sites[i % 3], 1 + i / 3);
		for (int i = 0; i < 400; i++)
			operations[rng_below(&w->rng, COUNT(operations))](w);
		compare_chains(w);
		free(w);
	}
}

int contract_run_model(const char *name)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TEST(random_operations_agree_with_an_array),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
