/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/store_contract.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVENTS_MAX 600

static struct store_fixture fixture;
static struct arena arena; /* of the events of one test */

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

static struct event_maker maker(const char *site, uint64_t epoch)
{
	return (struct event_maker){ .a = &arena, .site = site, .epoch = epoch };
}

static uint64_t at(int64_t ms)
{
	return (uint64_t)ms << 16;
}

static enum rc put(const struct event *events, size_t n)
{
	return fixture.store->put(fixture.store->ctx, events, n, NULL);
}

static void must_put(const struct event *events, size_t n)
{
	struct err e = { 0 };

	if (fixture.store->put(fixture.store->ctx, events, n, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static void assert_same_event(const struct event *a, const struct event *b)
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

static size_t range(const char *site, uint64_t epoch, uint64_t from, size_t most,
	struct event **ret)
{
	struct err e = { 0 };
	size_t n = 0;

	if (fixture.store->range(fixture.store->ctx, site, epoch, from, most, &arena, ret, &n,
		    &e) != RC_OK)
		fail_msg("%s", e.text);
	return n;
}

/* What a query told, by hash. */
struct answer {
	struct sha256 hashes[EVENTS_MAX];
	uint64_t cursors[EVENTS_MAX];
	size_t n, most; /* says "enough" after `most`; 0: never */
};

static bool take(void *arg, const struct event *ev, uint64_t cursor)
{
	struct answer *answer = arg;

	assert_true(answer->n < EVENTS_MAX);
	answer->hashes[answer->n] = ev->hash;
	answer->cursors[answer->n++] = cursor;
	return answer->n != answer->most;
}

static enum rc try_query(const struct event_query *q, struct answer *answer)
{
	*answer = (struct answer){ .most = answer->most };
	return fixture.store->query(fixture.store->ctx, q, take, answer, NULL);
}

static void query(const struct event_query *q, struct answer *answer)
{
	assert_int_equal(try_query(q, answer), RC_OK);
}

static void assert_answer(const struct answer *answer, size_t n,
	const struct event *const *expected)
{
	assert_int_equal(answer->n, n);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(&answer->hashes[i], &expected[i]->hash, SHA256_BYTES);
}

static size_t count_heads(void)
{
	struct journal_head *heads;
	size_t n;

	assert_int_equal(fixture.store->heads(fixture.store->ctx, &heads, &n, NULL), RC_OK);
	free(heads);
	return n;
}

static void what_is_put_comes_back_whole(void **state)
{
	struct event_maker m = maker("dublin", 1763000000);
	struct event events[3], *held;

	(void)state;
	m.previous.bytes[5] = 7; /* the head of an epoch before */
	events[0] = make_event(&m, at(1000) + 5, "note", "Grüße", "{\"text\":\"é\"}");
	events[1] = make_event(&m, at(1000) + 6, "a-kind-of-next-year", "", "{}");
	events[2] = make_event(&m, at(1001), "note", "x", "{\"a\":[1,2,{\"b\":null}]}");
	events[1].wall.ms = 0;
	must_put(events, 2);
	must_put(events + 2, 1);
	assert_int_equal(range("dublin", 1763000000, 1, 10, &held), 3);
	for (size_t i = 0; i < 3; i++)
		assert_same_event(&held[i], &events[i]);
}

static void putting_an_event_again_changes_nothing(void **state)
{
	struct event_maker m = maker("dublin", 1);
	struct event events[3];
	struct answer all = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		events[i] = make_event(&m, at((int64_t)i + 1), "note", "x", "{}");
	must_put(events, 2);
	must_put(events, 2);
	must_put(events, 3);
	query(&(struct event_query){ 0 }, &all);
	assert_int_equal(all.n, 3);
}

static void another_event_in_an_events_place_is_corrupt(void **state)
{
	struct event_maker m = maker("dublin", 1), other = maker("dublin", 1);
	struct event first = make_event(&m, at(1), "note", "x", "{}");
	struct event forged = make_event(&other, at(1), "note", "y", "{}"), *held;

	(void)state;
	must_put(&first, 1);
	assert_int_equal(put(&forged, 1), RC_CORRUPT);
	assert_int_equal(range("dublin", 1, 1, 10, &held), 1);
	assert_same_event(held, &first);
}

static void of_a_batch_that_is_refused_nothing_is_kept(void **state)
{
	struct event_maker m = maker("dublin", 1), n = maker("mumbai", 9);
	struct event batch[3];
	struct answer all = { 0 };

	(void)state;
	batch[0] = make_event(&m, at(1), "note", "x", "{}");
	batch[1] = make_event(&n, at(2), "note", "x", "{}");
	batch[2] = make_event(&m, at(3), "note", "x", "{}");
	batch[2].seq = 5;
	assert_int_equal(put(batch, 3), RC_CORRUPT);
	query(&(struct event_query){ 0 }, &all);
	assert_int_equal(all.n, 0);
	assert_int_equal(count_heads(), 0);
	batch[2].seq = 2;
	must_put(batch, 3);
	assert_int_equal(count_heads(), 2);
}

static void an_event_that_does_not_follow_is_corrupt(void **state)
{
	struct event_maker m = maker("dublin", 1);
	struct event first = make_event(&m, at(5), "note", "x", "{}"), unlinked, earlier, hole;

	(void)state;
	must_put(&first, 1);
	unlinked = earlier = hole = make_event(&m, at(6), "note", "x", "{}");
	unlinked.previous.bytes[0] ^= 1;
	earlier.hlc = at(5);
	hole.seq = 3;
	assert_int_equal(put(&unlinked, 1), RC_CORRUPT);
	assert_int_equal(put(&earlier, 1), RC_CORRUPT);
	assert_int_equal(put(&hole, 1), RC_CORRUPT);
	hole.seq = 0;
	assert_int_equal(put(&hole, 1), RC_CORRUPT);
}

static void heads_name_the_newest_of_each_chain(void **state)
{
	struct event_maker m[3] = { maker("dublin", 1), maker("dublin", 2), maker("mumbai", 1) };
	struct journal_head *heads;
	struct event last[3];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k <= i; k++) {
			last[i] = make_event(&m[i], at((int64_t)k + 1), "note", "x", "{}");
			must_put(&last[i], 1);
		}
	assert_int_equal(fixture.store->heads(fixture.store->ctx, &heads, &n, NULL), RC_OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(heads[i].site, last[i].site);
		assert_int_equal(heads[i].epoch, last[i].epoch);
		assert_int_equal(heads[i].seq, i + 1);
		assert_memory_equal(&heads[i].hash, &last[i].hash, sizeof last[i].hash);
	}
	free(heads);
}

static void a_range_is_ascending_and_bounded(void **state)
{
	struct event_maker m = maker("dublin", 1);
	struct event events[10], *held;
	struct arena small = { .budget_bytes = 64 };
	size_t n;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		events[i] = make_event(&m, at((int64_t)i + 1), "note", "x", "{}");
	must_put(events, 10);
	assert_int_equal(range("dublin", 1, 4, 3, &held), 3);
	for (size_t i = 0; i < 3; i++)
		assert_same_event(&held[i], &events[3 + i]);
	assert_int_equal(range("dublin", 1, 9, SIZE_MAX, &held), 2);
	assert_int_equal(range("dublin", 1, 11, 5, &held), 0);
	assert_int_equal(range("dublin", 2, 1, 5, &held), 0);
	assert_int_equal(range("mumbai", 1, 1, 5, &held), 0);
	assert_int_equal(fixture.store->range(fixture.store->ctx, "dublin", 1, 1, 10, &small, &held,
				 &n, NULL),
		RC_LIMIT);
	arena_fini(&small);
}

/* Two chains whose stamps interleave and, twice, are equal. */
static void put_interleaved(struct event dublin[4], struct event mumbai[4])
{
	static const int64_t times[2][4] = { { 10, 20, 30, 40 }, { 15, 20, 35, 40 } };
	struct event_maker d = maker("dublin", 1), m = maker("mumbai", 1);

	for (size_t i = 0; i < 4; i++) {
		dublin[i] = make_event(&d, at(times[0][i]), i % 2 ? "ack" : "note", "x", "{}");
		mumbai[i] = make_event(&m, at(times[1][i]), i % 2 ? "ack" : "note", i ? "x" : "y",
			"{}");
	}
	must_put(mumbai, 4);
	must_put(dublin, 4);
}

static void a_query_tells_the_newest_first(void **state)
{
	struct event d[4], m[4];
	const struct event *expected[] = { &m[3], &d[3], &m[2], &d[2], &m[1], &d[1], &m[0], &d[0] };
	struct answer all = { 0 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 8, expected);
	query(&(struct event_query){ .most = 3 }, &all);
	assert_answer(&all, 3, expected);
}

static void the_declared_order_decides_between_equal_stamps(void **state)
{
	static const char *const sites[] = { "mumbai", "dublin" };
	struct event d[4], m[4];
	const struct event *expected[] = { &d[3], &m[3], &m[2], &d[2], &d[1], &m[1], &m[0], &d[0] };
	struct answer all = { 0 };

	(void)state;
	put_interleaved(d, m);
	fixture.store->order(fixture.store->ctx, sites, 2);
	query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 8, expected);
	fixture.store->order(fixture.store->ctx, sites, 1); /* dublin is not declared any more */
	query(&(struct event_query){ .most = 1 }, &all);
	assert_memory_equal(&all.hashes[0], &m[3].hash, SHA256_BYTES);
}

static void filters_narrow_a_query(void **state)
{
	struct event d[4], m[4];
	const struct event *of_dublin[] = { &d[3], &d[2], &d[1], &d[0] };
	const struct event *acks[] = { &m[3], &d[3], &m[1], &d[1] };
	const struct event *about_y[] = { &m[0] };
	const struct event *between[] = { &d[2], &m[1], &d[1], &m[0] };
	struct answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ .site = "dublin" }, &answer);
	assert_answer(&answer, 4, of_dublin);
	query(&(struct event_query){ .kind = "ack" }, &answer);
	assert_answer(&answer, 4, acks);
	query(&(struct event_query){ .kind = "ack", .site = "dublin", .subject = "x" }, &answer);
	assert_answer(&answer, 2, (const struct event *[]){ &d[3], &d[1] });
	query(&(struct event_query){ .subject = "y" }, &answer);
	assert_answer(&answer, 1, about_y);
	query(&(struct event_query){ .since = { 15 }, .until = { 30 } }, &answer);
	assert_answer(&answer, 4, between);
}

static void what_never_occurred_matches_nothing(void **state)
{
	struct event d[4], m[4];
	struct answer answer = { 0 };
	static const struct event_query nothing[] = { { .site = "oslo" }, { .kind = "oslo" },
		{ .subject = "oslo" }, { .since = { 41 } }, { .until = { 9 } },
		{ .since = { 31 }, .until = { 34 } }, { .kind = "ack", .subject = "y" },
		{ .kind = "oslo", .is_latest_by_subject = true }, { .after_cursor = UINT64_MAX },
		{ .after_cursor = 9 } };

	(void)state;
	query(&(struct event_query){ 0 }, &answer);
	assert_int_equal(answer.n, 0);
	put_interleaved(d, m);
	for (size_t i = 0; i < COUNT(nothing); i++) {
		query(&nothing[i], &answer);
		assert_int_equal(answer.n, 0);
	}
}

static void paging_tells_every_event_once(void **state)
{
	struct event d[4], m[4];
	struct answer all = { 0 }, page = { 0 };
	struct event_query q = { .most = 1 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ 0 }, &all);
	for (size_t i = 0; i < 8; i++) {
		query(&q, &page);
		assert_int_equal(page.n, 1);
		assert_memory_equal(&page.hashes[0], &all.hashes[i], SHA256_BYTES);
		q.before_cursor = page.cursors[0];
	}
	query(&q, &page);
	assert_int_equal(page.n, 0);
}

static void a_cursor_that_names_nothing_is_malformed_input(void **state)
{
	static const uint64_t cursors[] = { 1, 10, 11, INT64_MAX, UINT64_MAX };
	struct event d[4], m[4];
	struct answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	for (size_t i = 0; i < COUNT(cursors); i++)
		assert_int_equal(
			try_query(&(struct event_query){ .before_cursor = cursors[i] }, &answer),
			RC_INPUT);
	assert_int_equal(
		try_query(&(struct event_query){ .after_cursor = 1, .is_latest_by_subject = true },
			&answer),
		RC_INPUT);
}

static void after_a_cursor_events_come_as_they_arrived(void **state)
{
	struct event d[4], m[4];
	const struct event *arrived[] = { &m[0], &m[1], &m[2], &m[3], &d[0], &d[1], &d[2], &d[3] };
	struct answer all = { 0 }, rest = { 0 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &all);
	assert_answer(&all, 8, arrived);
	query(&(struct event_query){ .after_cursor = all.cursors[2], .most = 4 }, &rest);
	assert_answer(&rest, 4, arrived + 3);
	query(&(struct event_query){ .after_cursor = all.cursors[2], .kind = "ack" }, &rest);
	assert_answer(&rest, 3, (const struct event *[]){ &m[3], &d[1], &d[3] });
}

static void an_event_that_is_mended_keeps_its_place(void **state)
{
	struct event d[4], m[4];
	const struct event *arrived[] = { &m[0], &m[1], &m[2], &m[3], &d[0], &d[1], &d[2], &d[3] };
	struct answer before = { 0 }, after = { 0 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &before);
	for (size_t i = 0; i < COUNT(arrived); i++)
		assert_int_equal(fixture.store->mend(fixture.store->ctx, arrived[i], NULL), RC_OK);
	query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &after);
	assert_answer(&after, 8, arrived);
	assert_memory_equal(after.cursors, before.cursors, sizeof before.cursors);
}

static void the_latest_of_each_subject_is_told_once(void **state)
{
	struct event d[4], m[4];
	struct answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ .is_latest_by_subject = true }, &answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[3], &m[0] });
	query(&(struct event_query){ .is_latest_by_subject = true, .kind = "note" }, &answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[2], &m[0] });
	query(&(struct event_query){ .is_latest_by_subject = true, .site = "dublin" }, &answer);
	assert_answer(&answer, 1, (const struct event *[]){ &d[3] });
	query(&(struct event_query){ .is_latest_by_subject = true, .until = { 20 } }, &answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[1], &m[0] });
	query(&(struct event_query){ .is_latest_by_subject = true, .subject = "x" }, &answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[3] });
	query(&(struct event_query){ .is_latest_by_subject = true, .most = 1 }, &answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[3] });
	query(&(struct event_query){ .is_latest_by_subject = true,
		      .before_cursor = answer.cursors[0] },
		&answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[0] });
}

static void a_listener_that_has_heard_enough_is_left_alone(void **state)
{
	struct event d[4], m[4];
	struct answer answer = { .most = 2 };

	(void)state;
	put_interleaved(d, m);
	query(&(struct event_query){ 0 }, &answer);
	assert_int_equal(answer.n, 2);
	query(&(struct event_query){ .after_cursor = 1 }, &answer);
	assert_int_equal(answer.n, 2);
	answer.most = 1;
	query(&(struct event_query){ .is_latest_by_subject = true }, &answer);
	assert_int_equal(answer.n, 1);
}

static void notes_are_kept_and_changed(void **state)
{
	const struct journal_store *s = fixture.store;

	(void)state;
	assert_int_equal(s->noted(s->ctx, "last_alive", -1), -1);
	assert_int_equal(s->note(s->ctx, "last_alive", 5, NULL), RC_OK);
	assert_int_equal(s->note(s->ctx, "last_alive", INT64_MIN, NULL), RC_OK);
	assert_int_equal(s->note(s->ctx, "other", 7, NULL), RC_OK);
	assert_int_equal(s->noted(s->ctx, "last_alive", -1), INT64_MIN);
	if (fixture.reopen)
		fixture.reopen(&fixture);
	s = fixture.store;
	assert_int_equal(s->noted(s->ctx, "other", -1), 7);
}

static void replacing_forgets_the_end_of_one_chain_and_puts_others(void **state)
{
	struct event_maker m = maker("dublin", 1), again, next = maker("dublin", 2);
	struct journal_head from = { .site = "dublin", .epoch = 1, .seq = 3 };
	struct event was[4], merged[3], *held;
	struct answer all = { 0 }, later = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		was[i] = make_event(&m, at((int64_t)i + 1), "note", "x", "{}");
		if (i == 1)
			again = m;
	}
	must_put(was, 4);
	query(&(struct event_query){ .most = 1 }, &all);
	merged[0] = make_event(&again, at(9), "note", "y", "{}");
	merged[1] = make_event(&next, at(3), "note", "x", "{}");
	merged[2] = make_event(&next, at(4), "note", "x", "{}");
	assert_int_equal(fixture.store->replace(fixture.store->ctx, &from, merged, 3, NULL), RC_OK);
	assert_int_equal(range("dublin", 1, 1, 9, &held), 3);
	assert_same_event(&held[2], &merged[0]);
	assert_int_equal(range("dublin", 2, 1, 9, &held), 2);
	query(&(struct event_query){ .after_cursor = all.cursors[0] }, &later);
	assert_int_equal(later.n, 3); /* who follows misses none */
	query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 5,
		(const struct event *[]){ &merged[0], &merged[2], &merged[1], &was[1], &was[0] });
}

static void a_chain_may_be_replaced_from_its_first_event(void **state)
{
	struct event_maker m = maker("dublin", 1), other = maker("dublin", 1);
	struct journal_head from = { .site = "dublin", .epoch = 1, .seq = 1 };
	struct event was = make_event(&m, at(1), "note", "x", "{}"), now, bad, *held;

	(void)state;
	must_put(&was, 1);
	other.previous.bytes[0] = 1;
	now = make_event(&other, at(2), "note", "y", "{}");
	bad = make_event(&other, at(1), "note", "y", "{}");
	assert_int_equal(fixture.store->replace(fixture.store->ctx, &from,
				 (struct event[]){ now, bad }, 2, NULL),
		RC_CORRUPT);
	assert_int_equal(range("dublin", 1, 1, 9, &held), 1);
	assert_same_event(held, &was);
	assert_int_equal(fixture.store->replace(fixture.store->ctx, &from, &now, 1, NULL), RC_OK);
	assert_int_equal(range("dublin", 1, 1, 9, &held), 1);
	assert_same_event(held, &now);
}

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
	must_put(events, n);
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
	assert_int_equal(put(pair, 2), RC_CORRUPT);
	w->makers[chain] = before;
}

static void put_something_again(struct world *w)
{
	size_t i = w->model.n ? rng_below(&w->rng, w->model.n) : 0;
	struct event other;

	if (w->model.n == 0 || w->model.is_gone[i])
		return;
	must_put(&w->model.events[i], 1);
	other = w->model.events[i];
	other.hash.bytes[0] ^= 1;
	assert_int_equal(put(&other, 1), RC_CORRUPT);
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
	assert_int_equal(fixture.store->replace(fixture.store->ctx, &from, &model->events[model->n],
				 1, NULL),
		RC_OK);
	model->n++;
}

static void order_otherwise(struct world *w)
{
	size_t first = rng_below(&w->rng, 3);

	w->model.n_order = rng_below(&w->rng, 4);
	for (size_t i = 0; i < w->model.n_order; i++)
		w->model.order[i] = sites[(first + i) % 3];
	fixture.store->order(fixture.store->ctx, w->model.order, w->model.n_order);
}

static void reopen_it(struct world *w)
{
	if (!fixture.reopen)
		return;
	fixture.reopen(&fixture);
	fixture.store->order(fixture.store->ctx, w->model.order, w->model.n_order);
}

/* The cursor of an event, as a query for its neighbourhood tells it. */
static uint64_t cursor_of(const struct event *ev)
{
	static struct answer found;
	struct event_query q = { .site = ev->site,
		.since = hlc_wall(ev->hlc),
		.until = hlc_wall(ev->hlc) };

	found.most = 0;
	query(&q, &found);
	for (size_t i = 0; i < found.n; i++)
		if (memcmp(&found.hashes[i], &ev->hash, SHA256_BYTES) == 0)
			return found.cursors[i];
	fail_msg("an event that was put is not found");
	return 0;
}

static void ask_something(struct world *w)
{
	static struct answer answer;
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
	query(&q, &answer);
	assert_int_equal(answer.n, n);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(&answer.hashes[i], &w->model.events[expected[i]].hash,
			SHA256_BYTES);
}

static void compare_chains(struct world *w)
{
	for (size_t chain = 0; chain < CHAINS; chain++) {
		const struct event_maker *m = &w->makers[chain];
		struct event *held;
		size_t n = range(m->site, m->epoch, 1, SIZE_MAX, &held);

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
	static struct answer all;
	size_t n = 0;

	all.most = 0;
	query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &all);
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
			fixture.close(&fixture);
			fixture.open(&fixture);
		}
		rng_seed(&w->rng, seed);
		for (size_t i = 0; i < CHAINS; i++)
			w->makers[i] = maker(sites[i % 3], 1 + i / 3);
		for (int i = 0; i < 400; i++)
			operations[rng_below(&w->rng, COUNT(operations))](w);
		compare_chains(w);
		free(w);
	}
}

static int enter(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	fixture.open(&fixture);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	fixture.close(&fixture);
	arena_fini(&arena);
	return 0;
}

int store_contract_run(const char *name, const struct store_fixture *given)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_comes_back_whole),
		TEST(putting_an_event_again_changes_nothing),
		TEST(another_event_in_an_events_place_is_corrupt),
		TEST(of_a_batch_that_is_refused_nothing_is_kept),
		TEST(an_event_that_does_not_follow_is_corrupt),
		TEST(heads_name_the_newest_of_each_chain),
		TEST(a_range_is_ascending_and_bounded),
		TEST(a_query_tells_the_newest_first),
		TEST(the_declared_order_decides_between_equal_stamps),
		TEST(filters_narrow_a_query),
		TEST(what_never_occurred_matches_nothing),
		TEST(paging_tells_every_event_once),
		TEST(a_cursor_that_names_nothing_is_malformed_input),
		TEST(after_a_cursor_events_come_as_they_arrived),
		TEST(an_event_that_is_mended_keeps_its_place),
		TEST(the_latest_of_each_subject_is_told_once),
		TEST(a_listener_that_has_heard_enough_is_left_alone),
		TEST(notes_are_kept_and_changed),
		TEST(replacing_forgets_the_end_of_one_chain_and_puts_others),
		TEST(a_chain_may_be_replaced_from_its_first_event),
		TEST(random_operations_agree_with_an_array),
	};

	fixture = *given;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
