/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts, lost and full disks, damaged events, clocks that jump. */
#include "node/site_pair.h"

static void an_incident_outlives_a_restart_of_its_owner(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	str_copy(id, sizeof id, pair_incident(p, MUMBAI, "photos")->id);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS);
	assert_string_equal(pair_incident(p, MUMBAI, "photos")->id, id);
	assert_int_equal(p->n_messages, 1);
}

/* An incident of mumbai's that is over, or its receipt. */
static void write_over(bool is_receipt, unsigned number, struct wall at, struct str *body)
{
	scoped(incident_free) struct incident *in = incident_new();

	str_clear(body);
	if (is_receipt) {
		str_addf(body,
			"{\"channel\":\"discord\",\"version\":2,\"message\":\"m%u\",\"via\":"
			"\"mumbai\"}",
			number);
		return;
	}
	incident_set(in, &in->owner, "mumbai");
	incident_set(in, &in->cause, "git");
	incident_set(in, &in->title, "git is down");
	incident_set(in, &in->severity, "warning");
	in->state = INCIDENT_CLOSED;
	in->version = 2;
	in->opened = in->since = in->recovered = in->closed = at;
	incident_set(in, &incident_member(in, "git", true)->state, "failing");
	incident_set(in, &in->members[0].scope, "down");
	in->members[0].since = in->members[0].recovered = at;
	incident_write(in, body);
}

/* So many incidents in the last two months, each with its receipt, in an epoch before this one. */
static void remember_incidents(uint8_t site, unsigned n)
{
	const struct journal_store *store = memory_store_port(p->sites[site].store);
	scoped(str_fini) struct str body = STR_EMPTY;
	struct event ev = { .site = "mumbai", .epoch = 1 };
	struct wall at = { pair_now(p, site).wall.ms - 60 * DAY_MS };

	for (unsigned i = 0; i < 2 * n; i++) {
		char id[INCIDENT_ID_MAX];

		at.ms += 59 * DAY_MS / (2 * n);
		snprintf(id, sizeof id, "mumbai-old%u", i / 2);
		write_over(i % 2, i / 2, at, &body);
		ev.kind = i % 2 ? "receipt" : "incident";
		ev.subject = id;
		ev.body = str_c(&body);
		ev.seq++;
		ev.wall = at;
		ev.hlc = (uint64_t)at.ms << 16;
		ev.hash = event_hash(&ev);
		assert_int_equal(store->put(store->ctx, &ev, 1, NULL), RC_OK);
		ev.previous = ev.hash;
	}
}

static void a_long_history_pushes_no_open_incident_out_at_a_restart(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	str_copy(id, sizeof id, pair_incident(p, MUMBAI, "photos")->id);
	pair_stop(p, MUMBAI);
	remember_incidents(MUMBAI, INCIDENTS_OPEN_MAX + 10);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_string_equal(pair_incident(p, MUMBAI, "photos")->id, id);
	assert_int_equal(p->n_messages, 1);
}

static void a_site_that_lost_its_disk_gets_its_history_and_tells_nothing_twice(void **state)
{
	uint32_t events;

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	events = pair_events(p, MUMBAI, NULL);
	pair_stop(p, MUMBAI);
	memory_store_wipe(p->sites[MUMBAI].store);
	pair_start(p, MUMBAI);
	pair_run(p, 5 * MINUTE_MS);
	assert_true(pair_events(p, MUMBAI, NULL) > events);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(site_digest(p->sites[DUBLIN].site), site_digest(p->sites[MUMBAI].site));
}

/* The newest chain of the site as another holds it; 0: it doesn't. */
static uint64_t seq_held(uint8_t at, uint8_t site)
{
	const struct journal *j = site_journal(p->sites[site].site);
	const char *name = p->sites[site].lab->sites[site].name;
	size_t n;
	const struct journal_head *heads = journal_heads(site_journal(p->sites[at].site), &n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(heads[i].site, name) && heads[i].epoch == journal_epoch(j))
			return heads[i].seq;
	return 0;
}

static void with_more_chains_than_a_message_holds_the_newest_are_mirrored(void **state)
{
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 2 * LINK_HEADS_MAX && n <= LINK_HEADS_MAX + 4; i++) {
		pair_stop(p, i % PAIR_SITES);
		memory_store_rollback(p->sites[i % PAIR_SITES].store, 4);
		pair_start(p, i % PAIR_SITES);
		pair_run(p, 20 * SECOND_MS);
		journal_heads(site_journal(p->sites[MUMBAI].site), &n);
	}
	assert_true(n > LINK_HEADS_MAX);
	pair_run(p, MINUTE_MS);
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		assert_int_equal(pair_state(p, site, "journal@mumbai"), CHECK_FAILING);
	assert_true(pair_was_said(p, "peers compare 256"));
	pair_break(p, "photos", true);
	pair_run(p, 5 * MINUTE_MS);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		assert_true(seq_held(site, site) > 0);
		assert_int_equal(seq_held(!site, site), seq_held(site, site));
	}
	assert_int_equal(site_digest(p->sites[DUBLIN].site), site_digest(p->sites[MUMBAI].site));
}

static void while_the_disk_is_full_nothing_leaves_and_then_work_resumes(void **state)
{
	struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL }, none = { 0 };

	(void)state;
	memory_store_set_fault(p->sites[MUMBAI].store, full);
	pair_break(p, "photos", true);
	pair_run(p, 12 * SECOND_MS);
	assert_true(site_is_stuck(p->sites[MUMBAI].site));
	assert_int_equal(p->n_messages, 0);
	memory_store_set_fault(p->sites[MUMBAI].store, none);
	pair_run(p, MINUTE_MS);
	assert_false(site_is_stuck(p->sites[MUMBAI].site));
	assert_true(pair_was_said(p, "photos is down"));
}

/* It had nothing to write itself, so nothing else told it that its disk was the reason. */
static void what_came_while_the_disk_took_nothing_is_waited_for(void **state)
{
	struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL }, none = { 0 };

	(void)state;
	pair_run(p, HOUR_MS);
	memory_store_set_fault(p->sites[MUMBAI].store, full);
	while (!p->n_messages)
		pair_run(p, SECOND_MS);
	assert_true(pair_was_said(p, "export is silent"));
	pair_run(p, 112 * SECOND_MS);
	assert_false(site_is_stuck(p->sites[MUMBAI].site));
	memory_store_set_fault(p->sites[MUMBAI].store, none);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(site_digest(p->sites[DUBLIN].site), site_digest(p->sites[MUMBAI].site));
}

/* What dublin would write next, but with a hash that isn't its own. */
static void send_damaged(uint8_t from, uint8_t to)
{
	const struct journal_store *store = memory_store_port(p->sites[from].store);
	scoped(arena_fini) struct arena arena;
	scoped(str_fini) struct str record = STR_EMPTY;
	struct link_msg msg = { .kind = LINK_EVENTS, .n_events = 1 };
	const struct journal_head *head;
	struct journal_span span = { .most = 1 };
	struct event_batch read;
	struct event ev;
	size_t n;

	head = journal_heads(site_journal(p->sites[from].site), &n);
	while (!str_eq(head->site, p->sites[from].lab->sites[from].name))
		head++;
	arena_init(&arena, 0);
	span.site = head->site;
	span.epoch = head->epoch;
	span.seq = head->seq;
	assert_int_equal(store->range(store->ctx, &span, &arena, &read, NULL), RC_OK);
	ev = read.v[0];
	ev.seq++;
	ev.previous = head->hash;
	event_write_record(&ev, &record);
	msg.events = str_c(&record);
	msg.events_len = record.len;
	site_received(p->sites[to].site, pair_now(p, to), from, p->connection, &msg);
	pair_settle(p);
}

static void a_damaged_event_is_said_and_forgotten_when_the_journals_agree(void **state)
{
	uint32_t evidence = pair_events(p, MUMBAI, "evidence");

	(void)state;
	send_damaged(DUBLIN, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_state(p, MUMBAI, "journal@mumbai"), CHECK_OK);
	assert_non_null(strstr(str_c(&p->sites[MUMBAI].log), "hash doesn't fit"));
	assert_true(pair_events(p, MUMBAI, "evidence") >= evidence + 2); /* failing, ok again */
	assert_int_equal(pair_state(p, DUBLIN, "photos"), CHECK_OK);     /* and the link goes on */
}

static void a_batch_that_is_no_batch_is_refused_and_the_link_goes_on(void **state)
{
	struct link_msg msg = { .kind = LINK_EVENTS,
		.events = "no records",
		.events_len = 10,
		.n_events = 3 };

	(void)state;
	site_received(p->sites[DUBLIN].site, pair_now(p, DUBLIN), MUMBAI, p->connection, &msg);
	pair_settle(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(site_link(p->sites[DUBLIN].site, MUMBAI)->state, LINK_UP);
	assert_non_null(strstr(str_c(&p->sites[DUBLIN].log), "events from mumbai refused"));
	assert_int_equal(p->n_messages, 0);
}

static void a_clock_that_jumps_is_said_and_survived(void **state)
{
	(void)state;
	p->sites[MUMBAI].skew_ms = -10 * MINUTE_MS;
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_events(p, MUMBAI, "clock"), 1);
	assert_true(pair_was_said(p, "mumbai: clock is wrong"));
	assert_true(pair_was_said(p, "10 min behind the clock at dublin"));
	assert_false(pair_was_said(p, "dublin: clock is wrong")); /* the watcher agrees with it */
	p->sites[MUMBAI].skew_ms = 0;
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "clock@mumbai"), CHECK_OK);
	assert_true(pair_was_said(p, "mumbai: clock is right again"));
	assert_int_equal(p->n_messages, 1);
}

static void report(uint8_t site, const char *job)
{
	assert_int_equal(site_ping(p->sites[site].site, pair_now(p, site),
				 &(struct heartbeat_ping){ job, "success" }, NULL),
		RC_OK);
}

static void what_a_peer_whose_clock_is_off_tells_is_reckoned_by_our_clock(void **state)
{
	(void)state;
	report(DUBLIN, "export");
	p->sites[DUBLIN].skew_ms = -2 * HOUR_MS;
	pair_run(p, 50 * MINUTE_MS);
	report(DUBLIN, "export");
	pair_run(p, 20 * MINUTE_MS); /* the first alone would be overdue */
	assert_int_equal(pair_state(p, MUMBAI, "export"), CHECK_OK);
	assert_false(pair_was_said(p, "export is silent"));

	pair_break(p, "photos", true);
	pair_run(p, 30 * SECOND_MS);
	pair_break(p, "photos", false);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "photos is back after 3"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

/* ---- a site that is cut off from everything */

static void cut_off(uint8_t site, bool is_cut)
{
	if (is_cut)
		pair_part(p);
	else
		pair_heal(p);
	p->sites[site].is_watcher_reachable = p->sites[site].is_channel_reachable = !is_cut;
	if (site == DUBLIN) /* mumbai's own */
		pair_break_from(p, site, "photos", is_cut);
}

static const struct incident *own_incident(uint8_t site)
{
	const struct incident *in =
		pair_incident(p, site, site ? "outside@mumbai" : "outside@dublin");

	return in && str_starts(in->cause, "outside@") ? in : NULL;
}

/* It showed eighteen silent checks, and no incident. */
static void a_site_that_is_cut_off_has_one_incident_for_all_that_it_can_not_see(void **state)
{
	const struct checks *c = site_checks(p->sites[DUBLIN].site);
	const struct incident *in;

	(void)state;
	cut_off(DUBLIN, true);
	pair_run(p, 3 * MINUTE_MS);
	in = own_incident(DUBLIN);
	assert_non_null(in);
	assert_string_equal(in->title, "dublin: cut off from the outside");
	assert_int_equal(in->state, INCIDENT_OPEN);
	for (uint16_t i = 0; i < checks_count(c); i++) {
		struct check_view v = checks_view(c, i);

		if (i != pair_check(p, "site:dublin") && /* what others make of it */
			(v.state == CHECK_SILENT || v.state == CHECK_FAILING))
			assert_ptr_equal(pair_incident(p, DUBLIN, v.spec->name), in);
	}
	assert_int_equal(pair_state(p, DUBLIN, "photos"), CHECK_SILENT);
}

/* Its last word was that photos, which nobody looked at, was there. */
static void a_paused_check_does_not_hide_that_a_site_is_cut_off(void **state)
{
	struct site_word word = { .about = "photos", .text = "moving", .until = { NEVER_MS } };

	(void)state;
	assert_int_equal(site_pause(p->sites[DUBLIN].site, pair_now(p, DUBLIN), &word, NULL),
		RC_OK);
	cut_off(DUBLIN, true);
	pair_run(p, 3 * MINUTE_MS);
	assert_non_null(own_incident(DUBLIN));
}

static void a_site_that_was_cut_off_does_not_tell_what_its_peer_has_told(void **state)
{
	(void)state;
	cut_off(MUMBAI, true);
	pair_run(p, 20 * MINUTE_MS);
	assert_non_null(own_incident(MUMBAI));
	assert_int_equal(p->n_messages, 1);
	cut_off(MUMBAI, false);
	pair_run(p, 10 * MINUTE_MS);
	assert_null(own_incident(MUMBAI));
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "site mumbai is back"));
}

static void a_site_that_was_cut_off_while_its_peer_was_down_tells_it_afterwards(void **state)
{
	(void)state;
	pair_stop(p, DUBLIN);
	cut_off(MUMBAI, true);
	pair_run(p, 20 * MINUTE_MS);
	assert_int_equal(p->n_messages, 0);
	cut_off(MUMBAI, false);
	pair_start(p, DUBLIN);
	pair_run(p, 10 * MINUTE_MS);
	assert_true(pair_was_said(p, "mumbai: reaches the outside again after 19 min"));
	assert_int_equal(p->n_messages, 1);
}

static void a_short_cut_that_nobody_noticed_is_not_told(void **state)
{
	(void)state;
	pair_stop(p, DUBLIN);
	cut_off(MUMBAI, true);
	pair_run(p, 2 * MINUTE_MS);
	assert_non_null(own_incident(MUMBAI));
	cut_off(MUMBAI, false);
	pair_start(p, DUBLIN);
	pair_run(p, 10 * MINUTE_MS);
	assert_false(pair_was_said(p, "outside"));
}

/* What mumbai couldn't see for a while dublin sees, and speaks of at once. */
static void what_a_cut_off_site_lists_the_others_tell_as_ever(void **state)
{
	(void)state;
	cut_off(MUMBAI, true);
	pair_run(p, 10 * MINUTE_MS);
	cut_off(MUMBAI, false);
	pair_run(p, 8 * SECOND_MS);
	assert_null(own_incident(DUBLIN));
	pair_break(p, "git", true);
	pair_run(p, 45 * SECOND_MS);
	assert_true(pair_was_said(p, "git is down"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_incident_outlives_a_restart_of_its_owner),
		T(a_long_history_pushes_no_open_incident_out_at_a_restart),
		T(a_site_that_lost_its_disk_gets_its_history_and_tells_nothing_twice),
		T(with_more_chains_than_a_message_holds_the_newest_are_mirrored),
		T(while_the_disk_is_full_nothing_leaves_and_then_work_resumes),
		T(what_came_while_the_disk_took_nothing_is_waited_for),
		T(a_damaged_event_is_said_and_forgotten_when_the_journals_agree),
		T(a_batch_that_is_no_batch_is_refused_and_the_link_goes_on),
		T(a_clock_that_jumps_is_said_and_survived),
		T(what_a_peer_whose_clock_is_off_tells_is_reckoned_by_our_clock),
		T(a_site_that_is_cut_off_has_one_incident_for_all_that_it_can_not_see),
		T(a_paused_check_does_not_hide_that_a_site_is_cut_off),
		T(a_site_that_was_cut_off_does_not_tell_what_its_peer_has_told),
		T(a_site_that_was_cut_off_while_its_peer_was_down_tells_it_afterwards),
		T(a_short_cut_that_nobody_noticed_is_not_told),
		T(what_a_cut_off_site_lists_the_others_tell_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
