/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sites in bad weather: full disks, torn commits, crashes, restored and wiped disks, clocks
 * that jump, batches cut anywhere.  When it clears, both hold the same, every chain is whole, and
 * nothing that was durable at either is lost, but for what the disk of its only holder lost.
 *
 * SEED=N runs one seed, SEEDS=N the first N.
 */
#include "core/journal/journal.h"

#include "base/map.h"
#include "base/rng.h"
#include "core/journal/memory_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct site {
	const char *name;
	struct memory_store *disk;
	struct journal *journal;
	struct now now;
};

struct world {
	struct rng rng;
	struct site sites[2];
	uint64_t facts;  /* written so far; each has a subject of its own */
	struct map kept; /* subjects that both must hold in the end */
	char place[64];  /* for messages */
};

static const struct journal_store *store_of(struct site *s)
{
	return memory_store_port(s->disk);
}

static void open_journal(struct world *w, struct site *s)
{
	struct err e = { 0 };

	if (journal_open(&s->journal, &(struct journal_setup){ s->name, store_of(s) }, s->now,
		    &e) != RC_OK)
		fail_msg("%s: %s", w->place, e.text);
}

static bool keep(void *arg, const struct event *ev, uint64_t cursor)
{
	(void)cursor;
	map_put(arg, ev->subject, arg);
	return true;
}

static void list_subjects(struct site *s, struct map *to)
{
	const struct journal_store *store = store_of(s);
	const struct event_query all = { 0 };

	assert_int_equal(store->query(store->ctx, &all, keep, to, NULL), RC_OK);
}

/* After a disk lost something: what is left anywhere must stay. */
static void count_again(struct world *w)
{
	map_fini(&w->kept);
	for (size_t i = 0; i < 2; i++)
		list_subjects(&w->sites[i], &w->kept);
}

static void commit(struct world *w, struct site *s)
{
	const struct event *events;
	size_t n;

	if (journal_commit(s->journal, &events, &n, NULL) != RC_OK)
		return;
	for (size_t i = 0; i < n; i++)
		map_put(&w->kept, events[i].subject, w);
}

static void write_something(struct world *w, struct site *s)
{
	uint64_t n = 1 + rng_below(&w->rng, 3);

	for (uint64_t i = 0; i < n; i++) {
		char subject[32];

		snprintf(subject, sizeof subject, "%lu", (unsigned long)++w->facts);
		journal_add(s->journal, s->now, EVENT_NOTE, subject, "{}");
	}
	commit(w, s);
}

/* What `to` lacks of `from`, as the link reckons: our own chain before others. */
static bool choose(struct world *w, struct site *to, struct site *from, struct journal_head *ret)
{
	struct journal_head shown[64];
	size_t n, m, found = 0;
	const struct journal_head *theirs = journal_heads(from->journal, &n);

	journal_heads(to->journal, &m);
	assert_true(m <= COUNT(shown));
	journal_heads_for(to->journal, theirs, n, shown);
	for (size_t i = 0; i < n; i++) {
		uint64_t held = 0;

		for (size_t k = 0; k < m; k++)
			if (shown[k].epoch == theirs[i].epoch &&
				str_eq(shown[k].site, theirs[i].site))
				held = shown[k].seq;
		if (theirs[i].seq <= held)
			continue;
		found++;
		if (found > 1 && !str_eq(theirs[i].site, to->name) && !rng_chance(&w->rng, 1, 2))
			continue;
		*ret = theirs[i];
		ret->seq = held;
		if (str_eq(ret->site, to->name))
			break;
	}
	return found > 0;
}

/* One batch of what `to` lacks of `from`; false when it lacks nothing or could not take it. */
static bool pull(struct world *w, struct site *to, struct site *from, size_t most)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_head ask;
	struct journal_span span;
	struct event_batch batch;
	struct err e = { 0 };
	size_t n_new;
	enum rc rc;

	if (!choose(w, to, from, &ask))
		return false;
	span = (struct journal_span){ ask.site, ask.epoch, ask.seq + 1, most };
	assert_int_equal(store_of(from)->range(store_of(from)->ctx, &span, &a, &batch, &e), RC_OK);
	rc = journal_accept(to->journal, to->now, &batch, &n_new, &e);
	if (rc == RC_INPUT || rc == RC_LIMIT || rc == RC_INTERNAL)
		fail_msg("%s: %s", w->place, e.text);
	return rc == RC_OK || rc == RC_CONFLICT;
}

static void exchange(struct world *w, struct site *s)
{
	struct site *other = &w->sites[s == &w->sites[0]];

	for (uint64_t i = rng_below(&w->rng, 4); i > 0; i--)
		pull(w, s, other, 1 + rng_below(&w->rng, 5));
}

static void break_the_disk(struct world *w, struct site *s)
{
	struct memory_fault fault = {
		.after = rng_below(&w->rng, 3),
		.count = rng_below(&w->rng, 4),
		.rc = rng_chance(&w->rng, 1, 2) ? RC_FULL : RC_IO,
	};

	fault.is_torn = fault.rc == RC_IO;
	memory_store_set_fault(s->disk, fault);
}

static void reboot(struct world *w, struct site *s)
{
	journal_free(s->journal);
	open_journal(w, s);
}

static void crash(struct world *w, struct site *s)
{
	memory_store_crash(s->disk);
	reboot(w, s);
}

static void restore_an_old_disk(struct world *w, struct site *s)
{
	if (rng_chance(&w->rng, 2, 3))
		return;
	memory_store_rollback(s->disk, rng_below(&w->rng, 10));
	count_again(w);
	reboot(w, s);
}

static void wipe_the_disk(struct world *w, struct site *s)
{
	if (rng_chance(&w->rng, 4, 5))
		return;
	memory_store_wipe(s->disk);
	count_again(w);
	reboot(w, s);
}

static void let_time_pass(struct world *w, struct site *s)
{
	(void)s;
	for (size_t i = 0; i < 2; i++)
		w->sites[i].now.wall.ms += rng_between(&w->rng, 0, 5000);
}

static void let_the_clock_jump(struct world *w, struct site *s)
{
	if (rng_chance(&w->rng, 1, 8))
		s->now.wall.ms += rng_between(&w->rng, -HOUR_MS, HOUR_MS);
}

static void clear_up(struct world *w)
{
	int rounds = 0;
	bool was_useful = true;

	for (size_t i = 0; i < 2; i++) {
		memory_store_set_fault(w->sites[i].disk, (struct memory_fault){ 0 });
		commit(w, &w->sites[i]);
	}
	while (was_useful) {
		was_useful = pull(w, &w->sites[0], &w->sites[1], 50);
		was_useful |= pull(w, &w->sites[1], &w->sites[0], 50);
		for (size_t i = 0; i < 2; i++)
			commit(w, &w->sites[i]);
		if (++rounds == 10000)
			fail_msg("%s: they never agree", w->place);
	}
}

static void assert_whole(struct world *w, struct site *s, const struct journal_head *head)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span all = { head->site, head->epoch, 1, .most = SIZE_MAX };
	struct event_batch read;

	assert_int_equal(store_of(s)->range(store_of(s)->ctx, &all, &a, &read, NULL), RC_OK);
	if (read.n != head->seq)
		fail_msg("%s: %s/%lu has %zu events", w->place, head->site,
			(unsigned long)head->epoch, read.n);
	for (size_t i = 0; i < read.n; i++) {
		struct sha256 hash = event_hash(&read.v[i]);

		assert_memory_equal(&hash, &read.v[i].hash, sizeof hash);
		if (i > 0)
			assert_memory_equal(&read.v[i].previous, &read.v[i - 1].hash, sizeof hash);
	}
}

static bool has_head(const struct journal_head *heads, size_t n, const struct journal_head *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (heads[i].epoch == wanted->epoch && heads[i].seq == wanted->seq &&
			str_eq(heads[i].site, wanted->site) &&
			memcmp(&heads[i].hash, &wanted->hash, sizeof wanted->hash) == 0)
			return true;
	return false;
}

static void assert_agreement(struct world *w)
{
	size_t n, m;
	const struct journal_head *ours = journal_heads(w->sites[0].journal, &n);
	const struct journal_head *theirs = journal_heads(w->sites[1].journal, &m);

	if (n != m || journal_is_behind_itself(w->sites[0].journal, theirs, m) ||
		journal_is_behind_itself(w->sites[1].journal, ours, n))
		fail_msg("%s: %zu and %zu chains differ", w->place, n, m);
	for (size_t i = 0; i < n; i++) {
		assert_true(has_head(theirs, m, &ours[i]));
		assert_whole(w, &w->sites[0], &ours[i]);
		assert_whole(w, &w->sites[1], &ours[i]);
	}
}

static void assert_nothing_lost(struct world *w)
{
	for (size_t i = 0; i < 2; i++) {
		struct map held = MAP_EMPTY;

		list_subjects(&w->sites[i], &held);
		map_each (&w->kept, it)
			if (!map_has(&held, it->key))
				fail_msg("%s: %s has lost %s", w->place, w->sites[i].name, it->key);
		map_fini(&held);
	}
}

static void begin(struct world *w, uint64_t seed)
{
	*w = (struct world){ .sites = { { .name = "dublin" }, { .name = "mumbai" } } };
	rng_seed(&w->rng, seed);
	snprintf(w->place, sizeof w->place, "seed %lu", (unsigned long)seed);
	for (size_t i = 0; i < 2; i++) {
		w->sites[i].now.wall.ms = 1763000000000;
		w->sites[i].disk = memory_store_new();
		open_journal(w, &w->sites[i]);
	}
}

static void end(struct world *w)
{
	for (size_t i = 0; i < 2; i++) {
		journal_free(w->sites[i].journal);
		memory_store_free(w->sites[i].disk);
	}
	map_fini(&w->kept);
}

static void whatever_happens_both_agree_and_nothing_is_lost(void **state)
{
	static void (*const happenings[])(struct world *, struct site *) = { write_something,
		write_something, write_something, exchange, exchange, exchange, exchange,
		break_the_disk, crash, restore_an_old_disk, wipe_the_disk, let_time_pass,
		let_time_pass, let_the_clock_jump };
	const char *only = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t first = only ? strtoull(only, NULL, 10) : 1;
	uint64_t last = only ? first : many ? strtoull(many, NULL, 10) : 2000;

	(void)state;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct world w;

		begin(&w, seed);
		for (int i = 0; i < 150; i++)
			happenings[rng_below(&w.rng, COUNT(happenings))](&w,
				&w.sites[rng_below(&w.rng, 2)]);
		clear_up(&w);
		assert_agreement(&w);
		assert_nothing_lost(&w);
		end(&w);
	}
}

/* The same short story, with the n-th write of either disk failing in turn. */
static void tell_the_story(struct world *w)
{
	struct site *d = &w->sites[0], *m = &w->sites[1];

	for (int i = 0; i < 4; i++) {
		write_something(w, d);
		write_something(w, m);
		pull(w, m, d, 2);
		pull(w, d, m, 100);
	}
	memory_store_rollback(d->disk, 3);
	count_again(w);
	reboot(w, d);
	write_something(w, d);
	for (int i = 0; i < 3; i++)
		pull(w, d, m, 100);
	write_something(w, d);
	pull(w, m, d, 100);
}

static void any_single_write_may_fail(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 60; n++) {
		for (size_t site = 0; site < 2; site++) {
			struct world w;

			begin(&w, 1);
			snprintf(w.place, sizeof w.place, "write %lu of %s", (unsigned long)n,
				w.sites[site].name);
			memory_store_set_fault(w.sites[site].disk,
				(struct memory_fault){ .after = n / 2,
					.count = 1,
					.rc = n % 2 ? RC_FULL : RC_IO,
					.is_torn = n % 2 == 0 });
			tell_the_story(&w);
			clear_up(&w);
			assert_agreement(&w);
			assert_nothing_lost(&w);
			end(&w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_single_write_may_fail),
		cmocka_unit_test(whatever_happens_both_agree_and_nothing_is_lost),
	};

	return cmocka_run_group_tests_name("journal_weather", tests, NULL, NULL);
}
