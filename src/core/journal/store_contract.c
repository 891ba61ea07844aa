/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/contract_private.h"

struct store_fixture contract;
struct arena contract_arena;

struct event make_event(struct event_maker *m, uint64_t hlc, const char *kind, const char *subject,
	const char *body)
{
	struct event ev = {
		.site = arena_strdup(m->a, m->site),
		.epoch = m->epoch,
		.seq = ++m->seq,
		.hlc = hlc,
		.wall = hlc_wall(hlc),
		.kind = arena_strdup(m->a, kind),
		.subject = arena_strdup(m->a, subject),
		.body = arena_strdup(m->a, body),
		.previous = m->previous,
	};

	ev.hash = event_hash(&ev);
	memset(ev.signature, (int)ev.seq, sizeof ev.signature);
	m->previous = ev.hash;
	return ev;
}

struct event_maker contract_maker(const char *site, uint64_t epoch)
{
	return (struct event_maker){ .a = &contract_arena, .site = site, .epoch = epoch };
}

uint64_t contract_at(int64_t ms)
{
	return (uint64_t)ms << 16;
}

enum rc contract_put(const struct event *events, size_t n)
{
	return contract.store->put(contract.store->ctx, events, n, NULL);
}

void contract_must_put(const struct event *events, size_t n)
{
	struct err e = { 0 };

	if (contract.store->put(contract.store->ctx, events, n, &e) != RC_OK)
		fail_msg("%s", e.text);
}

void assert_same_event(const struct event *a, const struct event *b)
{
	assert_string_equal(a->site, b->site);
	assert_int_equal(a->epoch, b->epoch);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->hlc, b->hlc);
	assert_int_equal(a->wall.ms, b->wall.ms);
	assert_string_equal(a->kind, b->kind);
	assert_string_equal(a->subject, b->subject);
	assert_string_equal(a->body, b->body);
	assert_memory_equal(&a->previous, &b->previous, sizeof a->previous);
	assert_memory_equal(&a->hash, &b->hash, sizeof a->hash);
	assert_memory_equal(a->signature, b->signature, sizeof a->signature);
}

size_t contract_range(const char *site, uint64_t epoch, uint64_t from, size_t most,
	const struct event **ret)
{
	struct journal_span span = { site, epoch, from, most };
	struct event_batch read;
	struct err e = { 0 };

	if (contract.store->range(contract.store->ctx, &span, &contract_arena, &read, &e) != RC_OK)
		fail_msg("%s", e.text);
	*ret = read.v;
	return read.n;
}

static bool take(void *arg, const struct event *ev, uint64_t cursor)
{
	struct contract_answer *answer = arg;

	assert_true(answer->n < EVENTS_MAX);
	answer->hashes[answer->n] = ev->hash;
	answer->cursors[answer->n++] = cursor;
	return answer->n != answer->most;
}

enum rc contract_try_query(const struct event_query *q, struct contract_answer *answer)
{
	*answer = (struct contract_answer){ .most = answer->most };
	return contract.store->query(contract.store->ctx, q, take, answer, NULL);
}

void contract_query(const struct event_query *q, struct contract_answer *answer)
{
	assert_int_equal(contract_try_query(q, answer), RC_OK);
}

void assert_answer(const struct contract_answer *answer, size_t n,
	const struct event *const *expected)
{
	assert_int_equal(answer->n, n);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(&answer->hashes[i], &expected[i]->hash, SHA256_BYTES);
}

size_t contract_heads(void)
{
	struct journal_head *heads;
	size_t n;

	assert_int_equal(contract.store->heads(contract.store->ctx, &heads, &n, NULL), RC_OK);
	free(heads);
	return n;
}

int contract_enter(void **state)
{
	(void)state;
	arena_init(&contract_arena, 0);
	contract.open(&contract);
	return 0;
}

int contract_leave(void **state)
{
	(void)state;
	contract.close(&contract);
	arena_fini(&contract_arena);
	return 0;
}

int store_contract_run(const char *name, const struct store_fixture *fixture)
{
	contract = *fixture;
	return contract_run_chains(name) + contract_run_queries(name) + contract_run_model(name);
}
