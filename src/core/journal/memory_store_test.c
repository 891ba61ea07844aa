/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/memory_store.h"

#include "core/journal/store_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void open_store(struct store_fixture *f)
{
	f->own = memory_store_new();
	f->store = memory_store_port(f->own);
}

static void close_store(struct store_fixture *f)
{
	memory_store_free(f->own);
}

/* A store with `n` events of one chain, a commit each. */
static struct memory_store *store_of(size_t n, struct event_maker *m)
{
	struct memory_store *s = memory_store_new();
	const struct journal_store *port = memory_store_port(s);

	for (size_t i = 0; i < n; i++) {
		struct event ev = make_event(m, (uint64_t)(i + 1) << 16, "note", "x", "{}");

		assert_int_equal(port->put(port->ctx, &ev, 1, NULL), RC_OK);
	}
	return s;
}

static uint64_t head_seq(const struct journal_store *port)
{
	struct journal_head *heads;
	uint64_t seq;
	size_t n;

	assert_int_equal(port->heads(port->ctx, &heads, &n, NULL), RC_OK);
	seq = n ? heads[0].seq : 0;
	free(heads);
	return seq;
}

static void the_puts_that_shall_fail_fail_and_leave_nothing(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 };
	scoped(memory_store_free) struct memory_store *s = store_of(0, &m);
	const struct journal_store *port = memory_store_port(s);
	static const enum rc expected[] = { RC_OK, RC_OK, RC_FULL, RC_FULL, RC_OK };
	struct event ev = make_event(&m, 1, "note", "x", "{}");

	(void)state;
	memory_store_set_fault(s, (struct memory_fault){ .after = 2, .count = 2, .rc = RC_FULL });
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(port->put(port->ctx, &ev, 1, NULL), expected[i]);
		assert_int_equal(memory_store_count(s), i < 4 ? i < 2 ? i + 1 : 2 : 3);
		if (expected[i] == RC_OK)
			ev = make_event(&m, (i + 2) << 16, "note", "x", "{}");
	}
}

static void a_torn_put_fails_and_is_there_after_a_crash(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 };
	scoped(memory_store_free) struct memory_store *s = store_of(1, &m);
	const struct journal_store *port = memory_store_port(s);
	struct event ev = make_event(&m, 2 << 16, "note", "x", "{}");

	(void)state;
	memory_store_set_fault(s,
		(struct memory_fault){ .count = 1, .rc = RC_IO, .is_torn = true });
	assert_int_equal(port->put(port->ctx, &ev, 1, NULL), RC_IO);
	assert_int_equal(head_seq(port), 1);
	memory_store_crash(s);
	assert_int_equal(head_seq(port), 2);
}

static void a_torn_put_is_gone_once_something_else_was_written(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 }, other;
	scoped(memory_store_free) struct memory_store *s = store_of(1, &m);
	const struct journal_store *port = memory_store_port(s);
	struct event ev, instead;

	(void)state;
	other = m;
	ev = make_event(&m, 2 << 16, "note", "x", "{}");
	instead = make_event(&other, 3 << 16, "note", "y", "{}");
	memory_store_set_fault(s,
		(struct memory_fault){ .count = 1, .rc = RC_IO, .is_torn = true });
	assert_int_equal(port->put(port->ctx, &ev, 1, NULL), RC_IO);
	assert_int_equal(port->put(port->ctx, &instead, 1, NULL), RC_OK);
	memory_store_crash(s);
	assert_int_equal(head_seq(port), 2);
	assert_int_equal(port->put(port->ctx, &instead, 1, NULL), RC_OK);
}

static void a_crash_loses_notes_but_no_event(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 };
	scoped(memory_store_free) struct memory_store *s = store_of(0, &m);
	const struct journal_store *port = memory_store_port(s);
	struct event ev = make_event(&m, 1, "note", "x", "{}");

	(void)state;
	assert_int_equal(port->note(port->ctx, "last_alive", 1, NULL), RC_OK);
	assert_int_equal(port->put(port->ctx, &ev, 1, NULL), RC_OK);
	assert_int_equal(port->note(port->ctx, "last_alive", 2, NULL), RC_OK);
	memory_store_crash(s);
	assert_int_equal(port->noted(port->ctx, "last_alive", -1), 1);
	assert_int_equal(memory_store_count(s), 1);
}

static void a_rollback_returns_to_an_earlier_commit(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 };
	scoped(memory_store_free) struct memory_store *s = store_of(5, &m);
	const struct journal_store *port = memory_store_port(s);

	(void)state;
	memory_store_rollback(s, 2);
	assert_int_equal(memory_store_count(s), 3);
	assert_int_equal(head_seq(port), 3);
	memory_store_rollback(s, 99);
	assert_int_equal(memory_store_count(s), 0);
	assert_int_equal(head_seq(port), 0);
}

static void a_rollback_brings_back_what_was_replaced(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 },
			   next = { .a = &a, .site = "dublin", .epoch = 2 };
	scoped(memory_store_free) struct memory_store *s = store_of(5, &m);
	const struct journal_store *port = memory_store_port(s);
	struct journal_head from = { .site = "dublin", .epoch = 1, .seq = 3 };
	struct event ev = make_event(&next, 9 << 16, "note", "x", "{}");

	(void)state;
	assert_int_equal(port->replace(port->ctx, &from, &ev, 1, NULL), RC_OK);
	assert_int_equal(head_seq(port), 2);
	memory_store_rollback(s, 1);
	assert_int_equal(head_seq(port), 5);
	assert_int_equal(memory_store_count(s), 5);
}

static void a_wiped_disk_holds_nothing(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_maker m = { .a = &a, .site = "dublin", .epoch = 1 };
	scoped(memory_store_free) struct memory_store *s = store_of(5, &m);
	const struct journal_store *port = memory_store_port(s);

	(void)state;
	assert_int_equal(port->note(port->ctx, "last_alive", 1, NULL), RC_OK);
	memory_store_wipe(s);
	assert_int_equal(memory_store_count(s), 0);
	assert_int_equal(memory_store_commits(s), 0);
	assert_int_equal(head_seq(port), 0);
	assert_int_equal(port->noted(port->ctx, "last_alive", -1), -1);
}

int main(void)
{
	const struct store_fixture fixture = { .open = open_store, .close = close_store };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_puts_that_shall_fail_fail_and_leave_nothing),
		cmocka_unit_test(a_torn_put_fails_and_is_there_after_a_crash),
		cmocka_unit_test(a_torn_put_is_gone_once_something_else_was_written),
		cmocka_unit_test(a_crash_loses_notes_but_no_event),
		cmocka_unit_test(a_rollback_returns_to_an_earlier_commit),
		cmocka_unit_test(a_rollback_brings_back_what_was_replaced),
		cmocka_unit_test(a_wiped_disk_holds_nothing),
	};
	int failed = store_contract_run("memory_store: contract", &fixture);

	return failed + cmocka_run_group_tests_name("memory_store", tests, NULL, NULL);
}
