/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/journal.h"

#include "base/limits.h"
#include "core/journal/memory_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A site with its disk, its journal, and a signer that is a hash: enough to tell forgeries. */
struct site {
	const char *name;
	struct memory_store *disk;
	struct journal *journal;
	struct journal_signer signer;
};

static struct site dublin, mumbai;
static struct arena arena;
static struct now now; /* one clock for all; tests move it */

static void fake_signature(const char *site, const struct sha256 *hash,
	uint8_t ret[SIGNATURE_BYTES])
{
	struct sha256_state s;
	struct sha256 half;

	sha256_begin(&s);
	sha256_add(&s, site, strlen(site));
	sha256_add(&s, hash->bytes, sizeof hash->bytes);
	half = sha256_end(&s);
	memcpy(ret, half.bytes, sizeof half.bytes);
	memcpy(ret + sizeof half.bytes, half.bytes, sizeof half.bytes);
}

static void sign(void *ctx, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES])
{
	fake_signature(((struct site *)ctx)->name, hash, ret);
}

static bool verify(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES])
{
	uint8_t expected[SIGNATURE_BYTES];

	(void)ctx;
	fake_signature(site, hash, expected);
	return !str_eq(site, "undeclared") && memcmp(expected, signature, sizeof expected) == 0;
}

static void start(struct site *s)
{
	struct err e = { 0 };

	s->signer = (struct journal_signer){ .ctx = s, .sign = sign, .verify = verify };
	if (journal_open(&s->journal, s->name, memory_store_port(s->disk), &s->signer, now, &e) !=
		RC_OK)
		fail_msg("%s", e.text);
}

static void restart(struct site *s)
{
	journal_free(s->journal);
	start(s);
}

static void tick(int64_t ms)
{
	now.wall.ms += ms;
	now.mono.ms += ms;
}

static int enter(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	now = (struct now){ .mono = { 5000 }, .wall = { 1763000000000 } };
	dublin = (struct site){ .name = "dublin", .disk = memory_store_new() };
	mumbai = (struct site){ .name = "mumbai", .disk = memory_store_new() };
	start(&dublin);
	start(&mumbai);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	journal_free(dublin.journal);
	journal_free(mumbai.journal);
	memory_store_free(dublin.disk);
	memory_store_free(mumbai.disk);
	arena_fini(&arena);
	return 0;
}

static enum rc commit(struct site *s)
{
	const struct event *events;
	size_t n;

	return journal_commit(s->journal, &events, &n, NULL);
}

static const struct event *add(struct site *s, const char *subject)
{
	tick(1);
	return journal_add(s->journal, now, EVENT_NOTE, subject, "{\"text\":\"x\"}");
}

/* `n` events, a commit each. */
static void write_some(struct site *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(s, "x");
		assert_int_equal(commit(s), RC_OK);
	}
}

static size_t held(struct site *s, const char *site, uint64_t epoch, uint64_t from,
	struct event **ret)
{
	const struct journal_store *store = journal_store(s->journal);
	size_t n;

	assert_int_equal(
		store->range(store->ctx, site, epoch, from, SIZE_MAX, &arena, ret, &n, NULL),
		RC_OK);
	return n;
}

static uint64_t head_of(struct site *s, const char *site, uint64_t epoch)
{
	struct event *events;

	return held(s, site, epoch, 1, &events);
}

/* Send from seq on; *ret_new as journal_accept has it. */
static enum rc send_from(struct site *from, struct site *to, const char *site, uint64_t epoch,
	uint64_t seq, size_t *ret_new)
{
	struct event *events;
	size_t n = held(from, site, epoch, seq, &events);

	return journal_accept(to->journal, now, events, n, ret_new, NULL);
}

static enum rc send_all(struct site *from, struct site *to, const char *site, uint64_t epoch)
{
	size_t n_new;

	return send_from(from, to, site, epoch, 1, &n_new);
}

/* How far `s` shows its chain dublin/1763000000 to `other`. */
static uint64_t shown(struct site *s, struct site *other)
{
	struct journal_head heads[4] = { 0 };
	size_t n;
	const struct journal_head *theirs = journal_heads(other->journal, &n);

	journal_heads_for(s->journal, theirs, n, heads);
	for (size_t i = 0; i < COUNT(heads); i++)
		if (heads[i].epoch == 1763000000 && str_eq(heads[i].site, "dublin"))
			return heads[i].seq;
	return 0;
}

static bool is_behind_itself(struct site *s, struct site *other)
{
	size_t n;
	const struct journal_head *theirs = journal_heads(other->journal, &n);

	return journal_is_behind_itself(s->journal, theirs, n);
}

static void a_new_journal_begins_an_epoch_with_the_wall_clocks_seconds(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	journal_heads(dublin.journal, &n);
	assert_int_equal(n, 0);
}

static void even_a_clock_that_stands_at_zero_gives_an_epoch(void **state)
{
	(void)state;
	now.wall.ms = 0;
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1);
	write_some(&dublin, 2);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1), RC_OK);
}

static void committed_events_are_linked_hashed_and_signed(void **state)
{
	struct sha256 previous = { 0 };
	struct event *events;
	size_t n;

	(void)state;
	write_some(&dublin, 3);
	n = held(&dublin, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		struct sha256 hash = event_hash(&events[i]);

		assert_int_equal(events[i].seq, i + 1);
		assert_memory_equal(&events[i].hash, &hash, sizeof hash);
		assert_memory_equal(&events[i].previous, &previous, sizeof previous);
		assert_true(verify(NULL, "dublin", &hash, events[i].signature));
		assert_int_equal(event_validate(&events[i], NULL), RC_OK);
		previous = hash;
	}
}

static void what_is_prepared_is_nowhere_until_it_is_committed(void **state)
{
	const struct event *first, *second, *events;
	size_t n;

	(void)state;
	first = add(&dublin, "a");
	second = add(&dublin, "b");
	assert_int_equal(journal_uncommitted(dublin.journal), 2);
	assert_int_equal(memory_store_count(dublin.disk), 0);
	journal_heads(dublin.journal, &n);
	assert_int_equal(n, 0);
	assert_string_equal(first->subject, "a");
	assert_memory_equal(&second->previous, &first->hash, sizeof first->hash);
	assert_int_equal(journal_commit(dublin.journal, &events, &n, NULL), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(events[1].subject, "b");
	assert_int_equal(memory_store_commits(dublin.disk), 1);
	assert_int_equal(journal_uncommitted(dublin.journal), 0);
	assert_int_equal(journal_heads(dublin.journal, &n)->seq, 2);
}

static void committing_nothing_does_not_touch_the_disk(void **state)
{
	const struct event *events;
	size_t n = 7;

	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = UINT64_MAX, .rc = RC_IO });
	assert_int_equal(journal_commit(dublin.journal, &events, &n, NULL), RC_OK);
	assert_int_equal(n, 0);
}

static void decisions_wait_while_the_disk_is_full(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 1);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 3, .rc = RC_FULL });
	for (size_t i = 0; i < 3; i++) {
		add(&dublin, i ? "later" : "first");
		assert_int_equal(commit(&dublin), RC_FULL);
		assert_int_equal(journal_uncommitted(dublin.journal), i + 1);
	}
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 4);
	assert_string_equal(events[1].subject, "first");
	assert_string_equal(events[3].subject, "later");
}

static void a_commit_that_failed_and_was_kept_all_the_same_is_continued_after_a_crash(void **state)
{
	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = 1, .rc = RC_IO, .is_torn = true });
	add(&dublin, "a");
	assert_int_equal(commit(&dublin), RC_IO);
	memory_store_crash(dublin.disk);
	restart(&dublin);
	add(&dublin, "b");
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 2);
}

static void a_restart_goes_on_in_the_same_chain(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 2);
	tick(DAY_MS);
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 3);
	assert_memory_equal(&events[2].previous, &events[1].hash, sizeof events[1].hash);
}

static void stamps_grow_although_the_clock_jumps_back_even_over_a_restart(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 1);
	tick(-DAY_MS);
	write_some(&dublin, 1);
	tick(-DAY_MS);
	restart(&dublin);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 3);
	assert_true(events[1].hlc > events[0].hlc);
	assert_true(events[2].hlc > events[1].hlc);
	assert_true(events[2].wall.ms < events[0].wall.ms);
}

static void a_clock_out_of_all_range_still_gives_valid_events(void **state)
{
	static const int64_t clocks[] = { INT64_MIN, -1, INT64_MAX, EVENT_WALL_MAX_MS + 1 };
	struct event *events;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(clocks); i++) {
		now.wall.ms = clocks[i] == INT64_MAX ? INT64_MAX - 1 : clocks[i];
		journal_add(dublin.journal, now, EVENT_NOTE, "x", "{}");
		assert_int_equal(commit(&dublin), RC_OK);
	}
	n = held(&dublin, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, COUNT(clocks));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(event_validate(&events[i], NULL), RC_OK);
}

static void a_body_too_long_has_its_longest_text_cut(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	scoped(json_decref) json_t *kept = NULL;
	const struct event *ev;

	(void)state;
	str_add(&body, "{ \"short\": \"stays\", \"log\": \"");
	for (size_t i = 0; i < 3 * EVENT_BODY_BYTES_MAX; i++)
		str_add(&body, "é");
	str_add(&body, "\" }");
	ev = journal_add(dublin.journal, now, EVENT_NOTE, "x", str_c(&body));
	assert_int_equal(event_validate(ev, NULL), RC_OK);
	assert_int_equal(json_read(&kept, ev->body, strlen(ev->body), NULL), RC_OK);
	assert_string_equal(json_get_text(kept, "short", ""), "stays");
	assert_true(strlen(json_get_text(kept, "log", "")) > EVENT_BODY_BYTES_MAX / 4);
}

static void a_body_that_no_cut_can_shorten_says_so(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	const struct event *ev;

	(void)state;
	str_add(&body, "{\"list\":[0");
	for (size_t i = 0; i < EVENT_BODY_BYTES_MAX; i++)
		str_add(&body, ",1");
	str_add(&body, "]}");
	ev = journal_add(dublin.journal, now, EVENT_NOTE, "x", str_c(&body));
	assert_string_equal(ev->body, "{\"cut\":true}");
}

static void whatever_an_operator_types_as_subject_peers_accept(void **state)
{
	static const char *const typed[] = { "", "a\nb\x1b[31m\x7f", "\xff\xfe", "Grüße", "a\xc3" };
	static const char *const kept[] = { "", "a?b?[31m?", "??", "Grüße", "a?" };
	char long_text[2 * EVENT_SUBJECT_BYTES_MAX];
	struct event *events;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++)
		add(&dublin, typed[i]);
	long_text[0] = 'a'; /* so that the limit falls inside a character */
	for (size_t i = 1; i + 2 < sizeof long_text; i += 2)
		memcpy(long_text + i, "é", 3);
	add(&dublin, long_text);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	n = held(&mumbai, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, COUNT(typed) + 1);
	for (size_t i = 0; i < COUNT(kept); i++)
		assert_string_equal(events[i].subject, kept[i]);
	assert_int_equal(strlen(events[n - 1].subject), EVENT_SUBJECT_BYTES_MAX - 1);
}

static void a_peers_chain_is_taken_in_and_continued(void **state)
{
	struct event *a, *b;
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 1, &n_new), RC_OK);
	assert_int_equal(n_new, 5);
	write_some(&mumbai, 2);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 6, &n_new), RC_OK);
	assert_int_equal(n_new, 2);
	assert_int_equal(held(&dublin, "mumbai", 1763000000, 1, &a), 7);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &b), 7);
	assert_memory_equal(&a[6].hash, &b[6].hash, sizeof b[6].hash);
	assert_memory_equal(a[3].signature, b[3].signature, SIGNATURE_BYTES);
}

static void what_is_held_already_is_skipped(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 1, &n_new), RC_OK);
	write_some(&mumbai, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 3, &n_new), RC_OK);
	assert_int_equal(n_new, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 2, &n_new), RC_OK);
	assert_int_equal(n_new, 0);
	assert_int_equal(journal_accept(dublin.journal, now, NULL, 0, &n_new, NULL), RC_OK);
	assert_int_equal(n_new, 0);
	assert_int_equal(memory_store_commits(dublin.disk), 2);
}

static void a_batch_beyond_a_hole_waits_for_the_rest(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1763000000, 2, &n_new), RC_CONFLICT);
	assert_int_equal(memory_store_count(dublin.disk), 0);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

/* Five events of mumbai's, for a test to tamper with. */
static struct event *copy_of_mumbais(void)
{
	struct event *events;

	write_some(&mumbai, 5);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &events), 5);
	return events;
}

static void assert_refused(const struct event *events, size_t n, enum rc expected)
{
	struct err e = { 0 };
	size_t n_new = 99;

	assert_int_equal(journal_accept(dublin.journal, now, events, n, &n_new, &e), expected);
	assert_string_not_equal(e.text, "");
	assert_int_equal(n_new, 99);
	assert_int_equal(memory_store_count(dublin.disk), 0);
}

static void a_tampered_event_is_refused_with_its_batch(void **state)
{
	struct event *events = copy_of_mumbais();
	struct event before = events[2];

	(void)state;
	events[2].body = "{\"text\":\"y\"}";
	assert_refused(events, 5, RC_CORRUPT);
	events[2].hash = event_hash(&events[2]); /* now the link to the next breaks */
	assert_refused(events, 5, RC_CORRUPT);
	assert_refused(events, 3, RC_CORRUPT); /* or, as the last, the signature */
	events[2] = before;
	events[4].signature[0] ^= 1;
	assert_refused(events, 5, RC_CORRUPT);
	assert_int_equal(journal_accept(dublin.journal, now, events, 4, &(size_t){ 0 }, NULL),
		RC_OK);
}

static void events_of_several_chains_are_no_batch(void **state)
{
	struct event *events = copy_of_mumbais();
	struct event mixed[2] = { events[0], events[2] };

	(void)state;
	assert_refused(mixed, 2, RC_INPUT);
	mixed[1] = events[0];
	assert_refused(mixed, 2, RC_INPUT);
}

static void a_malformed_event_is_refused_even_if_it_is_signed(void **state)
{
	struct event *events = copy_of_mumbais();

	(void)state;
	events[0].kind = "\x1b[31m";
	events[0].hash = event_hash(&events[0]);
	fake_signature("mumbai", &events[0].hash, events[0].signature);
	assert_refused(events, 1, RC_INPUT);
}

static void a_stamp_that_runs_backwards_is_refused(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	events[1].hlc = events[0].hlc;
	events[1].hash = event_hash(&events[1]);
	fake_signature("mumbai", &events[1].hash, events[1].signature);
	assert_refused(events, 2, RC_CORRUPT);
	assert_int_equal(journal_accept(dublin.journal, now, events, 1, &n_new, NULL), RC_OK);
	assert_int_equal(journal_accept(dublin.journal, now, events + 1, 1, &n_new, NULL),
		RC_CORRUPT);
}

static void a_site_that_is_not_declared_is_refused(void **state)
{
	struct event *events = copy_of_mumbais();

	(void)state;
	events[0].site = "undeclared";
	events[0].hash = event_hash(&events[0]);
	fake_signature("undeclared", &events[0].hash, events[0].signature);
	assert_refused(events, 1, RC_CORRUPT);
}

static void two_versions_of_a_peers_event_are_a_fork(void **state)
{
	struct err e = { 0 };
	struct event *events = copy_of_mumbais(), *held_now;
	size_t n_new;

	(void)state;
	assert_int_equal(journal_accept(dublin.journal, now, events, 3, &n_new, NULL), RC_OK);
	events[2].body = "{\"text\":\"another\"}";
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(journal_accept(dublin.journal, now, events, 3, &n_new, &e), RC_CORRUPT);
	assert_non_null(strstr(e.text, "forked"));
	assert_non_null(strstr(e.text, "mumbai"));
	assert_int_equal(held(&dublin, "mumbai", 1763000000, 1, &held_now), 3);
	assert_string_equal(held_now[2].body, "{\"text\":\"x\"}");
}

static void a_fork_beyond_what_we_hold_is_seen_too(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	assert_int_equal(journal_accept(dublin.journal, now, events, 2, &n_new, NULL), RC_OK);
	events[2].previous.bytes[0] ^= 1;
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(journal_accept(dublin.journal, now, events + 2, 1, &n_new, NULL),
		RC_CORRUPT);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 2);
}

static void what_waits_for_room_on_the_disk_is_bounded_and_keeps_the_newest(void **state)
{
	const struct event *committed;
	char body[32];
	size_t n;

	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = UINT64_MAX, .rc = RC_FULL });
	for (int i = 0; i < 3 * JOURNAL_WAITING_MAX; i++) {
		snprintf(body, sizeof body, "{\"word\":\"ok\",\"took_us\":%d}", i);
		journal_add(dublin.journal, now, EVENT_EVIDENCE, i % 2 ? "git" : "dns", body);
		if (i % 4096 == 0)
			journal_add(dublin.journal, now, EVENT_NOTE, "disk", "{\"text\":\"full\"}");
		assert_true(journal_uncommitted(dublin.journal) <= JOURNAL_WAITING_MAX + 1);
		if (i % 256 == 0)
			assert_int_equal(commit(&dublin), RC_FULL);
	}
	memory_store_set_fault(dublin.disk, (struct memory_fault){ 0 });
	assert_int_equal(journal_commit(dublin.journal, &committed, &n, NULL), RC_OK);
	assert_true(journal_left_out(dublin.journal) > JOURNAL_WAITING_MAX);
	assert_string_equal(committed[n - 1].body, body);
	assert_int_equal(committed[n - 1].seq, n);
	assert_string_equal(committed[0].kind, "note"); /* nothing says it again: kept */
	assert_int_equal(memory_store_count(dublin.disk), n);
}

static void a_full_disk_refuses_a_batch_and_takes_it_later(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 3);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 1, .rc = RC_FULL });
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_FULL);
	assert_int_equal(journal_heads(dublin.journal, &n_new) ? n_new : n_new, 0);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 3);
}

static void our_clock_follows_a_peer_but_not_into_the_far_future(void **state)
{
	(void)state;
	tick(2 * MINUTE_MS);
	write_some(&mumbai, 1);
	tick(-2 * MINUTE_MS);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_true(hlc_wall(add(&dublin, "x")->hlc).ms >= 1763000000000 + 2 * MINUTE_MS);
	tick(DAY_MS);
	write_some(&mumbai, 1);
	tick(-DAY_MS);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 2);
	assert_true(hlc_wall(add(&dublin, "x")->hlc).ms < 1763000000000 + HOUR_MS);
}

static void we_know_what_a_peer_lacks(void **state)
{
	struct journal_head from;
	size_t n;
	const struct journal_head *theirs;

	(void)state;
	write_some(&dublin, 3);
	theirs = journal_heads(mumbai.journal, &n);
	assert_true(journal_missing(dublin.journal, theirs, n, &from));
	assert_string_equal(from.site, "dublin");
	assert_int_equal(from.seq, 0);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	theirs = journal_heads(mumbai.journal, &n);
	assert_false(journal_missing(dublin.journal, theirs, n, &from));
	write_some(&dublin, 1);
	assert_true(journal_missing(dublin.journal, theirs, n, &from));
	assert_int_equal(from.seq, 3);
	assert_int_equal(shown(&dublin, &mumbai), 4);
}

static void a_new_epoch_links_the_end_of_the_one_before(void **state)
{
	struct event *old, *new;

	(void)state;
	write_some(&dublin, 2);
	journal_new_epoch(dublin.journal, now);
	journal_new_epoch(dublin.journal, now);
	assert_int_equal(journal_epoch(dublin.journal), 1763000001);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 2);
	assert_int_equal(held(&dublin, "dublin", 1763000001, 1, &new), 1);
	assert_memory_equal(&new->previous, &old[1].hash, sizeof new->previous);
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000001);
}

static void what_is_prepared_moves_to_the_new_epoch(void **state)
{
	struct event *new;

	(void)state;
	write_some(&dublin, 1);
	add(&dublin, "a");
	add(&dublin, "b");
	tick(HOUR_MS);
	journal_new_epoch(dublin.journal, now);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 2);
	assert_string_equal(new[1].subject, "b");
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 1);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
}

static void a_wiped_site_gets_its_history_back_and_goes_on_after_it(void **state)
{
	struct event *old, *new;

	(void)state;
	write_some(&dublin, 4);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_wipe(dublin.disk);
	tick(HOUR_MS);
	restart(&dublin);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
	journal_new_epoch(dublin.journal, now);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 4);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 1);
	assert_true(journal_epoch(dublin.journal) > 1763000000);
	assert_memory_equal(&new->previous, &old[3].hash, sizeof new->previous);
	assert_true(new->hlc > old[3].hlc);
}

static void a_peer_cannot_forge_the_history_that_it_gives_back(void **state)
{
	struct event *events;
	size_t n_new;

	(void)state;
	write_some(&dublin, 3);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &events), 3);
	memory_store_wipe(dublin.disk);
	tick(HOUR_MS);
	restart(&dublin);
	events[2].subject = "something else";
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(journal_accept(dublin.journal, now, events, 3, &n_new, NULL), RC_CORRUPT);
	assert_int_equal(memory_store_count(dublin.disk), 0);
}

static void a_claim_without_the_events_changes_nothing(void **state)
{
	struct journal_head claim = { .site = "dublin", .epoch = 1763000000, .seq = 1000000 };

	(void)state;
	write_some(&dublin, 3);
	assert_true(journal_is_behind_itself(dublin.journal, &claim, 1));
	write_some(&dublin, 1);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 4);
}

/* Six events, all at mumbai; dublin's disk goes back to the first `keep`. */
static void roll_back_to(size_t keep)
{
	write_some(&dublin, 6);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_rollback(dublin.disk, 6 - keep);
	tick(HOUR_MS);
	restart(&dublin);
}

static void a_rolled_back_site_that_has_not_written_goes_on_in_a_new_epoch(void **state)
{
	size_t n_new;
	struct event *new, *old;

	(void)state;
	roll_back_to(3);
	add(&dublin, "prepared");
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 1763000000, 4, &n_new), RC_OK);
	assert_int_equal(n_new, 3);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 1);
	assert_string_equal(new->subject, "prepared");
	assert_memory_equal(&new->previous, &old[5].hash, sizeof new->previous);
}

static void a_rolled_back_site_that_wrote_on_shows_only_what_is_agreed(void **state)
{
	struct event *events;
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1); /* the other event 4 */
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 4); /* nobody knows yet */
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 1763000000, 5, &n_new), RC_CONFLICT);
	assert_int_equal(shown(&dublin, &mumbai), 0);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &events), 6);
	assert_int_equal(journal_accept(dublin.journal, now, events, 2, &n_new, NULL), RC_OK);
	assert_int_equal(shown(&dublin, &mumbai), 2);
	assert_int_equal(journal_accept(dublin.journal, now, events + 2, 2, &n_new, NULL), RC_OK);
	assert_int_equal(shown(&dublin, &mumbai), 4); /* mumbai's, now */
	assert_int_equal(journal_accept(dublin.journal, now, events + 4, 2, &n_new, NULL), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

static void a_fork_that_went_away_is_forgotten(void **state)
{
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 1763000000, 5, &n_new), RC_CONFLICT);
	memory_store_wipe(mumbai.disk); /* and with it the other version */
	restart(&mumbai);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 4);
	write_some(&dublin, 1);
	assert_int_equal(shown(&dublin, &mumbai), 5);
}

static void what_was_written_after_a_rollback_moves_to_a_new_epoch(void **state)
{
	struct event *ours, *old, *new;
	size_t n_new, n_ours;

	(void)state;
	roll_back_to(3);
	add(&dublin, "boot");
	add(&dublin, "evidence");
	assert_int_equal(commit(&dublin), RC_OK);
	add(&dublin, "prepared");
	n_ours = held(&dublin, "dublin", 1763000000, 4, &ours);
	assert_int_equal(n_ours, 2);
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 1763000000, 1, &n_new), RC_OK);
	assert_int_equal(n_new, 3);
	assert_false(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 3);
	assert_memory_equal(&new[0].previous, &old[5].hash, sizeof old[5].hash);
	for (size_t i = 0; i < n_ours; i++) {
		assert_string_equal(new[i].subject, ours[i].subject);
		assert_int_equal(new[i].hlc, ours[i].hlc);
		assert_int_equal(new[i].wall.ms, ours[i].wall.ms);
	}
	assert_string_equal(new[2].subject, "prepared");
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
	restart(&dublin);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

static void the_longer_of_two_versions_gives_way_all_the_same(void **state)
{
	struct event *new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 10);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_CORRUPT);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 0);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 10);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
}

static void a_chain_forked_at_its_first_event_is_settled_too(void **state)
{
	struct event *new;

	(void)state;
	write_some(&dublin, 2);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_wipe(dublin.disk); /* and back up within the same second */
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	write_some(&dublin, 3);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 2);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 3);
}

static void settling_waits_for_room_on_the_disk(void **state)
{
	(void)state;
	roll_back_to(3);
	write_some(&dublin, 2);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 1, .rc = RC_FULL });
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_FULL);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 5);
	write_some(&dublin, 1);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
	assert_int_equal(head_of(&dublin, "dublin", journal_epoch(dublin.journal)), 3);
}

static void a_third_version_of_our_own_chain_is_a_fork(void **state)
{
	struct event *mumbais;
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &mumbais), 6);
	mumbais[3].subject = "third";
	mumbais[3].hash = event_hash(&mumbais[3]);
	fake_signature("dublin", &mumbais[3].hash, mumbais[3].signature);
	assert_int_equal(journal_accept(dublin.journal, now, mumbais, 4, &n_new, NULL), RC_CORRUPT);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
}

static void too_many_epochs_of_a_peer_are_a_limit(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	for (uint64_t i = 1; i <= JOURNAL_CHAINS_MAX + 1; i++) {
		struct event ev = events[0];

		ev.epoch = i;
		ev.hash = event_hash(&ev);
		fake_signature("mumbai", &ev.hash, ev.signature);
		assert_int_equal(journal_accept(dublin.journal, now, &ev, 1, &n_new, NULL),
			i <= JOURNAL_CHAINS_MAX ? RC_OK : RC_LIMIT);
	}
}

static void without_a_signer_nothing_is_signed_or_asked_for(void **state)
{
	struct event *events;

	(void)state;
	journal_free(dublin.journal);
	assert_int_equal(journal_open(&dublin.journal, "dublin", memory_store_port(dublin.disk),
				 NULL, now, NULL),
		RC_OK);
	write_some(&mumbai, 2);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &events), 2);
	memset(events[1].signature, 0, sizeof events[1].signature);
	assert_int_equal(journal_accept(dublin.journal, now, events, 2, &(size_t){ 0 }, NULL),
		RC_OK);
	write_some(&dublin, 1);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(a_new_journal_begins_an_epoch_with_the_wall_clocks_seconds),
		TEST(even_a_clock_that_stands_at_zero_gives_an_epoch),
		TEST(committed_events_are_linked_hashed_and_signed),
		TEST(what_is_prepared_is_nowhere_until_it_is_committed),
		TEST(committing_nothing_does_not_touch_the_disk),
		TEST(decisions_wait_while_the_disk_is_full),
		TEST(a_commit_that_failed_and_was_kept_all_the_same_is_continued_after_a_crash),
		TEST(a_restart_goes_on_in_the_same_chain),
		TEST(stamps_grow_although_the_clock_jumps_back_even_over_a_restart),
		TEST(a_clock_out_of_all_range_still_gives_valid_events),
		TEST(a_body_too_long_has_its_longest_text_cut),
		TEST(a_body_that_no_cut_can_shorten_says_so),
		TEST(whatever_an_operator_types_as_subject_peers_accept),
		TEST(a_peers_chain_is_taken_in_and_continued),
		TEST(what_is_held_already_is_skipped),
		TEST(a_batch_beyond_a_hole_waits_for_the_rest),
		TEST(a_tampered_event_is_refused_with_its_batch),
		TEST(events_of_several_chains_are_no_batch),
		TEST(a_malformed_event_is_refused_even_if_it_is_signed),
		TEST(a_stamp_that_runs_backwards_is_refused),
		TEST(a_site_that_is_not_declared_is_refused),
		TEST(two_versions_of_a_peers_event_are_a_fork),
		TEST(a_fork_beyond_what_we_hold_is_seen_too),
		TEST(what_waits_for_room_on_the_disk_is_bounded_and_keeps_the_newest),
		TEST(a_full_disk_refuses_a_batch_and_takes_it_later),
		TEST(our_clock_follows_a_peer_but_not_into_the_far_future),
		TEST(we_know_what_a_peer_lacks),
		TEST(a_new_epoch_links_the_end_of_the_one_before),
		TEST(what_is_prepared_moves_to_the_new_epoch),
		TEST(a_wiped_site_gets_its_history_back_and_goes_on_after_it),
		TEST(a_peer_cannot_forge_the_history_that_it_gives_back),
		TEST(a_claim_without_the_events_changes_nothing),
		TEST(a_rolled_back_site_that_has_not_written_goes_on_in_a_new_epoch),
		TEST(a_rolled_back_site_that_wrote_on_shows_only_what_is_agreed),
		TEST(a_fork_that_went_away_is_forgotten),
		TEST(what_was_written_after_a_rollback_moves_to_a_new_epoch),
		TEST(the_longer_of_two_versions_gives_way_all_the_same),
		TEST(a_chain_forked_at_its_first_event_is_settled_too),
		TEST(settling_waits_for_room_on_the_disk),
		TEST(a_third_version_of_our_own_chain_is_a_fork),
		TEST(too_many_epochs_of_a_peer_are_a_limit),
		TEST(without_a_signer_nothing_is_signed_or_asked_for),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
