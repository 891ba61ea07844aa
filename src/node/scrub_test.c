/* SPDX-License-Identifier: Apache-2.0 */
/* A site's disk changes a bit of its journal. */
#include "node/site_pair.h"

#include "core/journal/scrub.h"

static int after_the_first_pass(void **state)
{
	pair_set_up(state);
	pair_run(p, 5 * MINUTE_MS);
	return 0;
}

/* A bit of some event that dublin holds. */
static struct journal_place flip(uint64_t number)
{
	struct journal_place place = { 0 };
	struct event ev;

	while (!memory_store_flip(p->sites[DUBLIN].store, number, &ev))
		number++;
	str_copy(place.site, sizeof place.site, ev.site);
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	return place;
}

static uint32_t count_messages(const char *about)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_messages; i++)
		n += strstr(p->messages[i].payload, about) != NULL;
	return n;
}

static bool is_intact(const struct journal_place *place)
{
	char why[REASON_BYTES_MAX];

	return journal_is_intact(site_journal(p->sites[DUBLIN].site), place, why);
}

static void a_flipped_bit_is_found_told_and_healed_from_the_peer(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 4; number++) {
		struct journal_place place = flip(number);

		pair_run(p, 2 * HOUR_MS);
		assert_true(is_intact(&place));
		assert_int_equal(pair_events(p, DUBLIN, "repaired"), number + 1);
		assert_int_equal(pair_events(p, MUMBAI, "repaired"), number + 1);
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
		assert_int_equal(count_messages("was changed by this disk"), number + 1);
		assert_int_equal(count_messages("dublin: journal is fine again"), number + 1);
	}
}

static void while_the_peer_is_away_it_stays_said_and_is_healed_when_it_is_back(void **state)
{
	struct journal_place place;

	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	place = flip(3);
	pair_run(p, 2 * HOUR_MS);
	assert_false(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_true(pair_was_said(p, "no peer that is there has it"));
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

static uint32_t notes_at(uint8_t site)
{
	return pair_events(p, site, "note");
}

static void take_notes(int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(site_note(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
					 &(struct site_word){ "x", "y", "ana" }, NULL),
			RC_OK);
}

/* Dublin's newest epoch at mumbai. */
static uint64_t newest_at_mumbai(void)
{
	size_t n;
	const struct journal_head *heads = journal_heads(site_journal(p->sites[MUMBAI].site), &n);
	uint64_t newest = 0;

	for (size_t i = 0; i < n; i++)
		if (str_eq(heads[i].site, "dublin") && heads[i].epoch > newest)
			newest = heads[i].epoch;
	return newest;
}

/* The only copy can't be healed; what stands behind it must not be lost with it. */
static void what_no_peer_holds_is_given_up_and_the_peer_gets_what_is_behind_it(void **state)
{
	struct event ev;

	(void)state;
	pair_part(p);
	take_notes(25);
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "dublin", 5, &ev));
	take_notes(25);
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_int_equal(pair_events(p, DUBLIN, "lost"), 0); /* mumbai might have it */
	pair_heal(p);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_true(pair_was_said(p, "it is lost, no site has a copy"));
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	assert_int_equal(notes_at(DUBLIN), notes_at(MUMBAI));
	assert_int_equal(notes_at(MUMBAI), 49);
	assert_int_equal(newest_at_mumbai(), journal_epoch(site_journal(p->sites[DUBLIN].site)));
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
	assert_int_equal(pair_state(p, MUMBAI, "journal@mumbai"), CHECK_OK);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
	assert_int_equal(site_digest(p->sites[DUBLIN].site), site_digest(p->sites[MUMBAI].site));
}

/* The last but one of what dublin holds. */
static struct event flip_last_but_one(void)
{
	struct memory_store *store = p->sites[DUBLIN].store;
	size_t n = memory_store_count(store);
	struct event ev;

	assert_true(memory_store_flip(store, 5 * n + n - 2, &ev));
	return ev;
}

/* The peer didn't know of it, and told the same on its own. */
static void an_incident_of_which_the_word_is_lost_is_written_again(void **state)
{
	(void)state;
	pair_part(p);
	pair_break(p, "git", true);
	for (int i = 0; i < 100 && !count_messages("git is down"); i++)
		pair_run(p, 100);
	assert_string_equal(flip_last_but_one().kind, "incident");
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	assert_non_null(pair_incident(p, MUMBAI, "git"));
	assert_int_equal(count_messages("git is down"), 1);
}

static void a_lab_yaml_of_which_the_word_is_lost_is_said_again(void **state)
{
	uint32_t n_said = pair_events(p, MUMBAI, "config");
	scoped(str_fini) struct str yaml = STR_EMPTY;
	struct event ev;

	(void)state;
	pair_part(p);
	str_add(&yaml, pair_lab);
	str_add(&yaml, "\n# another\n");
	pair_reload(p, DUBLIN, str_c(&yaml));
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "dublin", 5, &ev));
	assert_string_equal(ev.kind, "config");
	take_notes(1);
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	assert_int_equal(pair_events(p, MUMBAI, "config"), n_said + 1);
}

/* A start with the newest event of `site` damaged in dublin's journal. */
static struct event start_without_the_end(const char *site, uint64_t which)
{
	struct event ev;

	pair_stop(p, DUBLIN);
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, site, which, &ev));
	pair_start(p, DUBLIN);
	return ev;
}

static void a_damaged_end_of_our_own_chain_comes_back_and_a_new_epoch_goes_on(void **state)
{
	(void)state;
	for (uint64_t which = 4; which < 8; which++) { /* of the hash, and of the body */
		uint64_t epoch = journal_epoch(site_journal(p->sites[DUBLIN].site));
		struct journal_place place = { .site = "dublin", .epoch = epoch };

		place.seq = start_without_the_end("dublin", which).seq;
		assert_false(is_intact(&place));
		assert_true(journal_epoch(site_journal(p->sites[DUBLIN].site)) > epoch);
		pair_run(p, 30 * SECOND_MS);
		assert_true(is_intact(&place));
		pair_run(p, 5 * MINUTE_MS);
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
		assert_int_equal(newest_at_mumbai(),
			journal_epoch(site_journal(p->sites[DUBLIN].site)));
		assert_true(
			site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	}
	assert_true(pair_was_said(p, "comes again from a peer"));
	assert_false(pair_was_said(p, "forked"));
}

static void a_damaged_end_of_a_peers_chain_comes_again(void **state)
{
	uint64_t epoch = journal_epoch(site_journal(p->sites[DUBLIN].site));

	(void)state;
	for (uint64_t which = 4; which < 8; which++) {
		struct journal_place place = { .site = "mumbai" };
		struct event ev = start_without_the_end("mumbai", which);

		place.epoch = ev.epoch;
		place.seq = ev.seq;
		assert_false(is_intact(&place));
		pair_run(p, 5 * MINUTE_MS);
		assert_true(is_intact(&place));
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
		assert_true(
			site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	}
	assert_int_equal(journal_epoch(site_journal(p->sites[DUBLIN].site)), epoch);
	assert_false(pair_was_said(p, "forked"));
}

static void a_start_that_finds_a_damaged_end_and_a_full_disk_waits_for_room(void **state)
{
	const struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL };
	const char *const sites[] = { "dublin", "mumbai" };

	(void)state;
	for (size_t i = 0; i < COUNT(sites); i++) {
		struct journal_place place;
		struct event ev;

		memory_store_set_fault(p->sites[DUBLIN].store, full);
		ev = start_without_the_end(sites[i], 5);
		place = (struct journal_place){ .epoch = ev.epoch, .seq = ev.seq };
		str_copy(place.site, sizeof place.site, sites[i]);
		pair_run(p, MINUTE_MS);
		assert_true(site_is_stuck(p->sites[DUBLIN].site));
		assert_non_null(strstr(str_c(&p->sites[DUBLIN].log), "can't be written"));
		assert_false(is_intact(&place));

		memory_store_set_fault(p->sites[DUBLIN].store, (struct memory_fault){ 0 });
		pair_run(p, 5 * MINUTE_MS);
		assert_false(site_is_stuck(p->sites[DUBLIN].site));
		assert_true(is_intact(&place));
		assert_int_equal(pair_events(p, MUMBAI, "damaged"), i + 1);
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
		assert_true(
			site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	}
}

static void a_damaged_end_that_nobody_else_has_is_said_to_be_lost(void **state)
{
	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	take_notes(1);
	start_without_the_end("dublin", 4);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	pair_heal(p);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	assert_int_equal(pair_events(p, MUMBAI, "damaged"), 1);
	assert_int_equal(newest_at_mumbai(), journal_epoch(site_journal(p->sites[DUBLIN].site)));
	pair_run(p, HOUR_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

static void an_end_that_was_cut_off_before_another_restart_is_still_said_to_be_lost(void **state)
{
	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	take_notes(1);
	start_without_the_end("dublin", 4);
	pair_run(p, SECOND_MS);
	for (int i = 0; i < 2; i++) {
		pair_stop(p, DUBLIN);
		pair_start(p, DUBLIN);
		pair_run(p, 10 * SECOND_MS);
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	}
	pair_heal(p);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_events(p, MUMBAI, "damaged"), 1);
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	pair_run(p, HOUR_MS);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, HOUR_MS);
	assert_int_equal(pair_events(p, MUMBAI, "lost"), 1);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

/* It can't sign for mumbai; and nobody may wait for what can't be given. */
static void the_only_copy_of_what_a_wiped_peer_wrote_holds_nobody_up(void **state)
{
	struct event ev;

	(void)state;
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "mumbai", 5, &ev));
	pair_break(p, "photos", true); /* mumbai writes more */
	pair_run(p, MINUTE_MS);
	pair_break(p, "photos", false);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	pair_stop(p, MUMBAI);
	memory_store_wipe(p->sites[MUMBAI].store);
	pair_run(p, MINUTE_MS);
	pair_start(p, MUMBAI);
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_true(pair_was_said(p, "no peer that is there has it"));
	pair_break(p, "git", true);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "git is down"));
	assert_int_equal(pair_state(p, MUMBAI, "journal@mumbai"), CHECK_OK);
}

/* The disk changes what it wrote a moment ago, and the next event can't be joined to it. */
static void a_newest_event_that_is_damaged_while_running_stops_nothing(void **state)
{
	struct journal_place place = { .site = "dublin" };
	uint64_t epoch = journal_epoch(site_journal(p->sites[DUBLIN].site));
	struct event ev;

	(void)state;
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "dublin", 4, &ev));
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	take_notes(1);
	assert_false(site_is_stuck(p->sites[DUBLIN].site));
	assert_true(journal_epoch(site_journal(p->sites[DUBLIN].site)) > epoch);
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "mumbai", 4, &ev));
	pair_run(p, 3 * HOUR_MS);
	assert_true(is_intact(&place));
	str_copy(place.site, sizeof place.site, "mumbai");
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
	assert_true(site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	assert_false(pair_was_said(p, "forked"));
}

/* When it is back it sends what it wrote, and the first question crosses that. */
static void a_peer_that_was_away_for_long_is_asked_until_it_answers(void **state)
{
	struct journal_place place = { .site = "mumbai" };
	struct event ev;

	(void)state;
	p->one_way_ms = 50; /* so that they cross */
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "mumbai", 4, &ev));
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	pair_shut_down(p, MUMBAI);
	pair_run(p, 2 * HOUR_MS);
	assert_false(is_intact(&place));
	pair_start(p, MUMBAI);
	pair_run(p, 30 * SECOND_MS);
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

/* What it says last can't be joined to the event before, which our disk has changed. */
static void a_goodbye_that_the_disk_can_not_keep_is_heard_all_the_same(void **state)
{
	struct event ev;

	(void)state;
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "mumbai", 4, &ev));
	pair_shut_down(p, MUMBAI);
	pair_run(p, 11 * SECOND_MS);
	assert_non_null(strstr(str_c(&p->sites[DUBLIN].log), "refused"));
	assert_int_equal(pair_state(p, DUBLIN, "site:mumbai"), CHECK_OK);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "site:mumbai"), CHECK_FAILING);
	assert_true(pair_was_said(p, "stopped by its operator"));
}

static void a_goodbye_of_long_ago_is_none(void **state)
{
	(void)state;
	pair_shut_down(p, MUMBAI);
	pair_run(p, SECOND_MS);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	pair_stop(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "site:mumbai"), CHECK_FAILING);
	assert_false(pair_was_said(p, "stopped by its operator"));
}

static void sign(void *ctx, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES])
{
	(void)ctx, (void)hash;
	memset(ret, 1, SIGNATURE_BYTES);
}

static bool is_signature_whole(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES])
{
	(void)ctx, (void)site, (void)hash;
	return signature[0] == 1;
}

static void damage_signature(uint64_t epoch, uint64_t seq)
{
	const struct journal_store *store = memory_store_port(p->sites[DUBLIN].store);
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { "dublin", epoch, seq, .most = 1 };
	struct event_batch read;
	struct event ev;

	assert_int_equal(store->range(store->ctx, &span, &a, &read, NULL), RC_OK);
	assert_int_equal(read.n, 1);
	ev = read.v[0];
	ev.signature[0] ^= 0x80;
	assert_int_equal(store->mend(store->ctx, &ev, NULL), RC_OK);
}

static uint64_t dublins_head(uint8_t at, uint64_t epoch)
{
	size_t n;
	const struct journal_head *heads = journal_heads(site_journal(p->sites[at].site), &n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(heads[i].site, "dublin") && heads[i].epoch == epoch)
			return heads[i].seq;
	return 0;
}

/* No hash covers a signature.  One that is damaged must not be the one that a batch is judged by. */
static void a_damaged_signature_keeps_nothing_from_the_peer(void **state)
{
	const struct journal_signer signer = { .sign = sign, .verify = is_signature_whole };
	uint64_t epoch = journal_epoch(site_journal(p->sites[DUBLIN].site));

	(void)state;
	p->signer = &signer;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		pair_stop(p, site);
		pair_start(p, site);
	}
	pair_run(p, MINUTE_MS);
	pair_part(p);
	pair_run(p, 20 * SECOND_MS);
	take_notes(2 * EVENT_BATCH_MAX);
	damage_signature(epoch, dublins_head(MUMBAI, epoch) + EVENT_BATCH_MAX);
	pair_heal(p);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(dublins_head(MUMBAI, epoch), dublins_head(DUBLIN, epoch));
	assert_int_equal(pair_state(p, MUMBAI, "journal@mumbai"), CHECK_OK);
	assert_null(strstr(str_c(&p->sites[MUMBAI].log), "isn't signed"));
}

/* Nothing reads what happened that long ago at a start. */
static void damage_that_is_not_mended_yet_is_known_after_a_restart(void **state)
{
	struct journal_place place;

	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	place = flip(3);
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_events(p, DUBLIN, "damaged"), 1);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	pair_heal(p);
	pair_run(p, 20 * SECOND_MS);
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
	assert_int_equal(pair_events(p, DUBLIN, "damaged"), 1);
	assert_int_equal(pair_events(p, DUBLIN, "repaired"), 1);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

/* What was looked at before the restart isn't looked at again in this pass, and the rest is. */
static void a_pass_goes_on_where_it_was_after_a_restart(void **state)
{
	const struct journal_store *store = memory_store_port(p->sites[DUBLIN].store);
	struct pair_site *dublin = &p->sites[DUBLIN];

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(site_note(dublin->site, pair_now(p, DUBLIN),
					 &(struct site_word){ "x", "y", "ana" }, NULL),
			RC_OK);
	pair_run(p,
		HOUR_MS + MINUTE_MS / 2); /* 2000 events take 3 minutes, an hour after the first */
	while (store->noted(store->ctx, "scrub_seq", 0) < 500)
		pair_run(p, SECOND_MS);
	pair_shut_down(p, DUBLIN);
	pair_start(p, DUBLIN);
	assert_int_equal(site_verified(dublin->site).ms, 0);
	pair_run(p, 205 * SECOND_MS); /* a minute of patience, and what is left; all takes 230 */
	assert_true(site_verified(dublin->site).ms > 0);
}

static void an_event_that_is_damaged_over_a_restart_is_not_believed(void **state)
{
	(void)state;
	for (uint64_t number = 1; number < 60; number++) {
		struct journal_place place = flip(4 * number + 1);

		pair_stop(p, DUBLIN);
		pair_start(p, DUBLIN);
		pair_run(p, 5 * MINUTE_MS);
		assert_true(is_intact(&place));
		assert_true(
			site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	}
	assert_false(pair_was_said(p, "another state"));
}

/* Dublin tells of git, and then its disk changes the receipt, while it is stopped. */
static void stop_without_the_receipt(bool is_at_the_end)
{
	struct event ev;

	pair_break(p, "git", true);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(count_messages("git is down"), 1);
	assert_true(memory_store_flip_newest(p->sites[DUBLIN].store, "dublin", 5, &ev));
	assert_string_equal(ev.kind, "receipt");
	if (!is_at_the_end)
		take_notes(1);
	pair_stop(p, DUBLIN);
}

static void what_a_damaged_receipt_is_of_is_not_told_again_while_the_peer_has_it(void **state)
{
	(void)state;
	stop_without_the_receipt(false);
	pair_start(p, DUBLIN);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_events(p, DUBLIN, "repaired"), 1);
	assert_int_equal(count_messages("git is down"), 1);
}

static void what_a_damaged_receipt_is_of_is_told_as_maybe_a_repeat(void **state)
{
	(void)state;
	stop_without_the_receipt(false);
	pair_part(p);
	pair_start(p, DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_int_equal(count_messages("git is down"), 2);
	assert_int_equal(count_messages("Maybe a repeat"), 1);
}

static void so_is_what_was_told_in_an_end_that_was_cut_off(void **state)
{
	(void)state;
	stop_without_the_receipt(true);
	pair_part(p);
	pair_start(p, DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_int_equal(count_messages("git is down"), 2);
	assert_int_equal(count_messages("Maybe a repeat"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, after_the_first_pass, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_flipped_bit_is_found_told_and_healed_from_the_peer),
		T(while_the_peer_is_away_it_stays_said_and_is_healed_when_it_is_back),
		T(what_no_peer_holds_is_given_up_and_the_peer_gets_what_is_behind_it),
		T(an_incident_of_which_the_word_is_lost_is_written_again),
		T(a_lab_yaml_of_which_the_word_is_lost_is_said_again),
		T(a_damaged_end_of_our_own_chain_comes_back_and_a_new_epoch_goes_on),
		T(a_damaged_end_of_a_peers_chain_comes_again),
		T(a_start_that_finds_a_damaged_end_and_a_full_disk_waits_for_room),
		T(a_damaged_end_that_nobody_else_has_is_said_to_be_lost),
		T(an_end_that_was_cut_off_before_another_restart_is_still_said_to_be_lost),
		T(the_only_copy_of_what_a_wiped_peer_wrote_holds_nobody_up),
		T(a_newest_event_that_is_damaged_while_running_stops_nothing),
		T(a_peer_that_was_away_for_long_is_asked_until_it_answers),
		T(a_goodbye_that_the_disk_can_not_keep_is_heard_all_the_same),
		T(a_goodbye_of_long_ago_is_none),
		T(a_damaged_signature_keeps_nothing_from_the_peer),
		T(damage_that_is_not_mended_yet_is_known_after_a_restart),
		T(a_pass_goes_on_where_it_was_after_a_restart),
		T(an_event_that_is_damaged_over_a_restart_is_not_believed),
		T(what_a_damaged_receipt_is_of_is_not_told_again_while_the_peer_has_it),
		T(what_a_damaged_receipt_is_of_is_told_as_maybe_a_repeat),
		T(so_is_what_was_told_in_an_end_that_was_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
