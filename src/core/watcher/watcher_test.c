/* SPDX-License-Identifier: Apache-2.0 */
#include "core/watcher/watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI, SITES };
#define WALL_0    INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define POSTS_MAX 64
#define FIRST_ID  100u /* of the messages, as the channel calls them */

/* ---- a watcher, two sites that may send beacons, and a channel that shows messages */

/* Refuses: 429, again in 7 s; unheard: sent, but the channel gives no answer. */
enum mood { DELIVERS, FAILS, REFUSES, UNHEARD, MUTE };

static const char *const names[SITES] = { "dublin", "mumbai" };
static struct watcher_config config;
static struct watcher *watcher;
static struct now now;
static enum mood mood;
static struct {
	char text[4096];
	unsigned n_edits;
	bool is_deleted;
} posts[POSTS_MAX];
static unsigned n_posts, n_attempts, n_saves;
static struct mono attempted;
static uint64_t unanswered; /* number of the last delivery that got no outcome */
static struct str saved;

static struct {
	bool is_alive, wants_drill;
	uint64_t boot, seq;
	const char *tells; /* root of an incident; NULL */
	struct mono next;
	struct beacon_delivery deliver[BEACON_DELIVER_MAX];
	uint32_t n_deliver;
	struct beacon_answer answer;
} sites[SITES];

static void post(const struct watcher_effect *fx)
{
	char id[16];
	struct watcher_outcome o = { .number = fx->number, .retry_after_ms = -1, .message = id };
	unsigned i = fx->is_edit ? (unsigned)atoi(fx->message) - FIRST_ID : n_posts;

	assert_true(fx->is_edit == (*fx->message != '\0'));
	assert_true(str_eq(fx->channel, config.channels[0].name) ||
		    str_eq(fx->channel, config.channels[1].name));
	n_attempts++;
	attempted = now.mono;
	unanswered = fx->number;
	if (mood == MUTE)
		return;
	o.is_lost = fx->is_edit && posts[i].is_deleted;
	o.is_delivered = mood == DELIVERS && !o.is_lost;
	o.is_unanswered = mood == UNHEARD;
	o.retry_after_ms = mood == REFUSES ? 7000 : -1;
	o.reason = "no way out";
	if (o.is_delivered) {
		assert_true(i < POSTS_MAX);
		str_copy(posts[i].text, sizeof posts[i].text, str_c(&fx->payload));
		posts[i].n_edits += fx->is_edit;
		n_posts += !fx->is_edit;
	}
	snprintf(id, sizeof id, "%u", FIRST_ID + i);
	watcher_delivered(watcher, now, &o);
}

static void drain(void)
{
	struct watcher_effect fx;

	while (watcher_next(watcher, &fx)) {
		if (fx.kind == WATCHER_DO_SAVE) {
			n_saves++;
			str_clear(&saved);
			watcher_save(watcher, &saved);
		}
		if (fx.kind == WATCHER_DO_DELIVER)
			post(&fx);
		str_fini(&fx.payload);
	}
}

static struct beacon beacon_of(int site)
{
	struct beacon b = { .boot = sites[site].boot,
		.seq = ++sites[site].seq,
		.wall = now.wall,
		.wants_drill = sites[site].wants_drill,
		.n_deliver = sites[site].n_deliver };

	str_copy(b.lab, sizeof b.lab, "home");
	str_copy(b.site, sizeof b.site, names[site]);
	if (sites[site].tells)
		b.told[b.n_told++] = sites[site].tells;
	memcpy(b.deliver, sites[site].deliver, sizeof b.deliver);
	return b;
}

static enum rc hear(const struct beacon *b, struct beacon_answer *ret)
{
	enum rc rc = watcher_beacon(watcher, now, b, ret, NULL);

	drain();
	return rc;
}

static void beacon(int site)
{
	struct beacon b = beacon_of(site);

	assert_int_equal(hear(&b, &sites[site].answer), RC_OK);
}

static void advance(int64_t ms)
{
	now.mono.ms += ms;
	now.wall.ms += ms;
}

/* Living sites send their beacons, and the watcher wakes whenever it asked to. */
static void pass(int64_t ms)
{
	int64_t end = now.mono.ms + ms;

	for (int steps = 0;; steps++) {
		int64_t next = watcher_wake(watcher).ms;

		for (int i = 0; i < SITES; i++)
			if (sites[i].is_alive && sites[i].next.ms < next)
				next = sites[i].next.ms;
		if (next > end)
			break;
		assert_true(steps < 200000);
		advance(next > now.mono.ms ? next - now.mono.ms : 0);
		watcher_tick(watcher, now);
		drain();
		for (int i = 0; i < SITES; i++)
			if (sites[i].is_alive && sites[i].next.ms <= now.mono.ms) {
				sites[i].next.ms = now.mono.ms + BEACON_MS;
				beacon(i);
			}
	}
	advance(end - now.mono.ms);
}

static void come_alive(int site)
{
	sites[site].is_alive = true;
	sites[site].boot = (uint64_t)now.wall.ms;
	sites[site].seq = 0;
	sites[site].next = now.mono;
}

static void start_watcher(void)
{
	watcher = watcher_new(&config, now);
	if (saved.len)
		assert_int_equal(watcher_load(watcher, now, str_c(&saved), saved.len, NULL), RC_OK);
	drain();
}

static void restart_watcher(int64_t down_ms)
{
	watcher_free(watcher);
	advance(down_ms);
	now.mono.ms = 900000 + now.mono.ms % 1000; /* another clock; boots count from anywhere */
	for (int i = 0; i < SITES; i++)
		sites[i].next = now.mono;
	start_watcher();
}

static int set_up(void **state)
{
	(void)state;
	config = (struct watcher_config){ .lab = "home",
		.name = "webhost",
		.sites = { "dublin", "mumbai" },
		.n_sites = SITES,
		.channels = { { .name = "discord", .kind = WATCHER_DISCORD } },
		.n_channels = 1 };
	now = (struct now){ { 50000 }, { WALL_0 } };
	memset(sites, 0, sizeof sites);
	memset(posts, 0, sizeof posts);
	n_posts = n_attempts = n_saves = 0;
	mood = DELIVERS;
	str_clear(&saved);
	start_watcher();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watcher_free(watcher);
	str_fini(&saved);
	return 0;
}

static void both_alive(void)
{
	come_alive(DUBLIN);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
}

static const struct beacon_view *view(int of, int site)
{
	return &sites[of].answer.sites[site];
}

#define assert_shows(i, words) assert_non_null(strstr(posts[i].text, words))
#define assert_hides(i, words) assert_null(strstr(posts[i].text, words))

/* ---- heard, silent, told */

static void each_site_learns_whom_the_watcher_hears(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(0);
	assert_string_equal(sites[DUBLIN].answer.watcher, "webhost");
	assert_int_equal(sites[DUBLIN].answer.seq, 1);
	assert_int_equal(sites[DUBLIN].answer.boot, sites[DUBLIN].boot);
	assert_int_equal(sites[DUBLIN].answer.wall.ms, now.wall.ms);
	assert_int_equal(sites[DUBLIN].answer.n_sites, SITES);
	assert_true(view(DUBLIN, DUBLIN)->is_heard);
	assert_int_equal(view(DUBLIN, DUBLIN)->quiet_ms, 0);
	assert_false(view(DUBLIN, MUMBAI)->is_heard);
	assert_string_equal(view(DUBLIN, MUMBAI)->site, "mumbai");
	assert_int_equal(view(DUBLIN, MUMBAI)->quiet_ms, -1);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, WALL_0); /* we listen since then */
	pass(1000);
	come_alive(MUMBAI);
	sites[MUMBAI].tells = "immich";
	pass(4000);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(view(DUBLIN, MUMBAI)->quiet_ms, 4000);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, WALL_0 + 1000);
	assert_int_equal(view(DUBLIN, MUMBAI)->n_told, 1);
	assert_string_equal(view(DUBLIN, MUMBAI)->told[0], "immich");
	sites[MUMBAI].tells = NULL;
	pass(10000);
	assert_int_equal(view(DUBLIN, MUMBAI)->n_told, 0);
}

static void a_site_that_is_quiet_for_20_s_is_silent(void **state)
{
	struct wall last;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	last = now.wall;
	pass(WATCHER_SILENT_MS - 1);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	pass(BEACON_MS + 1);
	assert_false(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, last.ms);
	assert_in_range(view(DUBLIN, MUMBAI)->quiet_ms, 20000, 25000);
	assert_int_equal(n_posts, 0);
}

static void a_silence_that_nobody_tells_is_told_after_45_s(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
	assert_string_equal(posts[0].text,
		"{\"embeds\":[{\"title\":\"mumbai is silent\",\"description\":\"dublin: heard\\n"
		"mumbai: nothing since <t:1767225660:f>\\ntold by the watcher webhost, which hears "
		"every site each 5 s\",\"color\":14171198,\"footer\":{\"text\":\"home \xc2\xb7 "
		"webhost\"}}],\"allowed_mentions\":{\"parse\":[]}}");
	pass(HOUR_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(n_attempts, 1);
}

static void what_a_living_site_tells_the_watcher_does_not_repeat(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:mumbai";
	pass(3 * HOUR_MS); /* pass() fails when the watcher can't sleep meanwhile */
	assert_int_equal(n_attempts, 0);
}

static void a_site_may_have_the_longest_name(void **state)
{
	static char name[NAME_BYTES_MAX + 1], root[NAME_BYTES_MAX + 8];

	(void)state;
	memset(name, 'm', NAME_BYTES_MAX);
	snprintf(root, sizeof root, "site:%s", name);
	watcher_free(watcher);
	config.sites[MUMBAI] = name;
	start_watcher();
	come_alive(DUBLIN);
	sites[DUBLIN].tells = root;
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 0);
}

static void another_incident_of_a_living_site_covers_no_silence(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:dublin";
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
}

static void when_the_site_that_told_dies_too_the_watcher_tells_of_both(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:mumbai";
	pass(10 * MINUTE_MS);
	sites[DUBLIN].is_alive = false;
	pass(WATCHER_SILENT_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
	assert_shows(0, "dublin: quiet since");
	pass(WATCHER_SPEAK_MS - WATCHER_SILENT_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_shows(0, "dublin and mumbai are silent");
}

static void both_silent_is_one_message(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "dublin and mumbai are silent");
}

static void the_message_is_edited_as_they_come_back(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	pass(10 * MINUTE_MS);
	come_alive(DUBLIN);
	pass(MINUTE_MS);
	assert_shows(0, "mumbai is silent");
	assert_shows(0, "dublin: heard again, was silent from <t:17672256");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, posts[0].n_edits);
	assert_shows(0, "all sites are heard again");
	assert_shows(0, "; over at <t:");
	assert_shows(0, "mumbai: heard again, was silent from");
	pass(HOUR_MS);
	assert_int_equal(n_attempts, posts[0].n_edits + 1);
}

static void the_next_outage_gets_a_message_of_its_own(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	come_alive(MUMBAI);
	pass(HOUR_MS);
	sites[DUBLIN].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	assert_shows(0, "all sites are heard again");
	assert_shows(1, "dublin is silent");
	assert_shows(1, "mumbai: heard\\n"); /* its gap was told already */
}

static void a_message_that_could_not_be_told_over_goes_on_with_the_next_outage(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = FAILS;
	come_alive(MUMBAI);
	pass(10 * MINUTE_MS);
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_shows(0, "all sites are heard again");
}

static void an_outage_that_could_not_be_told_in_time_is_told_when_it_is_over(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	pass(10 * MINUTE_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "all sites are heard again");
	assert_shows(0, "mumbai: heard again, was silent from");
}

static void a_site_that_was_never_heard_is_told_45_s_after_the_start(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai: never heard");
	come_alive(MUMBAI);
	pass(0);
	assert_shows(0,
		"mumbai: heard again, was silent from <t:1767225600:f> to <t:1767225645:f>");
}

static void a_site_that_was_never_heard_may_be_told_by_the_other(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	sites[DUBLIN].tells = "site:mumbai";
	pass(HOUR_MS); /* pass() fails when the watcher can't sleep meanwhile */
	assert_int_equal(n_attempts, 0);
	sites[DUBLIN].tells = NULL;
	pass(BEACON_MS);
	assert_int_equal(n_posts, 1);
}

/* ---- channels that fail */

static void what_fails_is_tried_again_with_growing_patience(void **state)
{
	static const int64_t waits[] = { 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };

	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_attempts, 1);
	for (size_t i = 0; i < COUNT(waits); i++) {
		pass(waits[i] - 1);
		assert_int_equal(n_attempts, i + 1);
		pass(1);
		assert_int_equal(n_attempts, i + 2);
	}
	mood = DELIVERS;
	pass(60000);
	assert_int_equal(n_posts, 1);
	mood = FAILS;
	come_alive(MUMBAI);
	pass(0);
	n_attempts = 0;
	pass(2000); /* success has made it patient again */
	assert_int_equal(n_attempts, 1);
}

static void a_429_waits_as_long_as_it_says(void **state)
{
	(void)state;
	both_alive();
	mood = REFUSES;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	pass(6999);
	assert_int_equal(n_attempts, 1);
	pass(1);
	assert_int_equal(n_attempts, 2);
	pass(7000);
	assert_int_equal(n_attempts, 3);
}

static void a_delivery_without_an_outcome_is_given_up_after_25_s(void **state)
{
	struct watcher_outcome late = { .is_delivered = true, .message = "140" };
	int64_t first_ms;

	(void)state;
	both_alive();
	mood = MUTE;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	late.number = unanswered;
	first_ms = attempted.ms;
	pass(25000 + 2000);
	assert_int_equal(n_attempts, 2);
	assert_int_equal(attempted.ms, first_ms + 27000);
	watcher_delivered(watcher, now, &late); /* of the attempt that was given up */
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
}

static void a_message_that_somebody_deleted_is_written_anew_at_once(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	posts[0].is_deleted = true;
	come_alive(MUMBAI);
	pass(0);
	assert_int_equal(n_posts, 2);
	assert_shows(1, "all sites are heard again");
}

static void nothing_leaves_before_the_state_is_saved(void **state)
{
	struct watcher_effect fx;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	advance(WATCHER_SILENT_MS);
	watcher_tick(watcher, now);
	drain();
	advance(WATCHER_SPEAK_MS);
	watcher_tick(watcher, now);
	assert_true(watcher_next(watcher, &fx));
	assert_int_equal(fx.kind, WATCHER_DO_SAVE);
	assert_true(watcher_next(watcher, &fx));
	assert_int_equal(fx.kind, WATCHER_SAY);
	drain();
	assert_int_equal(n_posts, 1);
}

static void the_state_is_saved_once_a_minute(void **state)
{
	(void)state;
	both_alive();
	n_saves = 0;
	pass(HOUR_MS);
	assert_int_equal(n_saves, 60);
	beacon(MUMBAI);
	sites[MUMBAI].is_alive = false;
	pass(WATCHER_SILENT_MS); /* and when a site went silent */
	assert_int_equal(n_saves, 61);
}

/* ---- replays */

static void a_beacon_that_was_here_already_is_refused(void **state)
{
	struct beacon recorded;
	struct beacon_answer a;

	(void)state;
	both_alive();
	recorded = beacon_of(MUMBAI);
	assert_int_equal(hear(&recorded, &a), RC_OK);
	sites[MUMBAI].is_alive = false;
	pass(WATCHER_SILENT_MS);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	recorded.seq--;
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	restart_watcher(1000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_posts, 1);
}

static void a_beacon_of_an_earlier_run_is_refused(void **state)
{
	struct beacon recorded;
	struct beacon_answer a;

	(void)state;
	both_alive();
	recorded = beacon_of(MUMBAI);
	recorded.seq += 1000;
	come_alive(MUMBAI);
	pass(10000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	restart_watcher(5000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	pass(10000);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
}

static void a_site_whose_clock_was_set_back_is_heard_after_its_restart(void **state)
{
	(void)state;
	both_alive();
	come_alive(MUMBAI);
	sites[MUMBAI].boot -= 5 * MINUTE_MS;
	pass(10000);
	assert_int_equal(view(MUMBAI, MUMBAI)->quiet_ms, 0);
}

static void the_first_beacon_of_a_run_must_be_of_about_now(void **state)
{
	struct beacon b;
	struct beacon_answer a;

	(void)state;
	come_alive(DUBLIN);
	b = beacon_of(DUBLIN);
	b.wall.ms += BEACON_SKEW_MS + 1;
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b.wall.ms = now.wall.ms - BEACON_SKEW_MS - 1;
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b.wall.ms++;
	assert_int_equal(hear(&b, &a), RC_OK);
	b.seq++; /* after that its numbers are enough: its clock may be set right meanwhile */
	b.wall.ms -= DAY_MS;
	assert_int_equal(hear(&b, &a), RC_OK);
}

static void strangers_are_refused(void **state)
{
	struct beacon b;
	struct beacon_answer a;

	(void)state;
	come_alive(DUBLIN);
	b = beacon_of(DUBLIN);
	str_copy(b.site, sizeof b.site, "paris");
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b = beacon_of(DUBLIN);
	str_copy(b.lab, sizeof b.lab, "office");
	assert_int_equal(hear(&b, &a), RC_REFUSED);
}

/* ---- deliveries for sites */

static void hand(int site, uint64_t number, const char *message)
{
	struct beacon_delivery *d = &sites[site].deliver[sites[site].n_deliver++];

	*d = (struct beacon_delivery){ .number = number,
		.is_edit = message != NULL,
		.payload = "{\"content\":\"immich is down\"}" };
	str_copy(d->channel, sizeof d->channel, "discord");
	str_copy(d->message, sizeof d->message, message ? message : "");
}

static const struct beacon_receipt *receipt(int site)
{
	return sites[site].answer.n_receipts ? &sites[site].answer.receipts[0] : NULL;
}

static void what_a_site_hands_over_is_delivered_once(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	beacon(DUBLIN);
	assert_null(receipt(DUBLIN)); /* the answer left before the outcome was there */
	assert_int_equal(n_posts, 1);
	assert_shows(0, "immich is down");
	pass(MINUTE_MS); /* the site repeats it until it knows */
	assert_int_equal(n_attempts, 1);
	assert_int_equal(receipt(DUBLIN)->number, 17);
	assert_true(receipt(DUBLIN)->is_delivered);
	assert_string_equal(receipt(DUBLIN)->message, "100");
	watcher_delivered(watcher, now, &(struct watcher_outcome){ .reason = "of nothing" });
	beacon(DUBLIN);
	assert_true(receipt(DUBLIN)->is_delivered);
	sites[DUBLIN].n_deliver = 0;
	beacon(DUBLIN);
	assert_null(receipt(DUBLIN)); /* only what is asked for is answered */
}

static void an_edit_for_a_site_edits(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	beacon(DUBLIN);
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 18, "100");
	beacon(DUBLIN);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	posts[0].is_deleted = true;
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 19, "100");
	beacon(DUBLIN);
	beacon(DUBLIN);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_true(receipt(DUBLIN)->is_lost);
	assert_int_equal(n_posts, 1); /* what to do now is the site's to decide */
}

static void a_failure_is_the_sites_to_handle(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	hand(DUBLIN, 17, NULL);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_int_equal(receipt(DUBLIN)->number, 17);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_false(receipt(DUBLIN)->is_unanswered);
	assert_string_equal(receipt(DUBLIN)->reason, "no way out");
}

static void what_got_no_answer_is_not_called_a_failure(void **state)
{
	(void)state;
	both_alive();
	mood = UNHEARD;
	hand(DUBLIN, 17, NULL);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_true(receipt(DUBLIN)->is_unanswered);
}

static void the_same_number_of_another_site_or_run_is_another_delivery(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	hand(MUMBAI, 17, NULL);
	pass(BEACON_MS);
	assert_int_equal(n_posts, 2);
	come_alive(DUBLIN);
	pass(BEACON_MS);
	assert_int_equal(n_posts, 3);
}

static void a_channel_that_the_watcher_does_not_have_is_named(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	str_copy(sites[DUBLIN].deliver[0].channel, NAME_BYTES_MAX, "matrix");
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 0);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_non_null(strstr(receipt(DUBLIN)->reason, "no channel 'matrix'"));
}

static void repeats_are_known_among_many(void **state)
{
	(void)state;
	both_alive();
	for (uint64_t i = 1; i <= 40; i += BEACON_DELIVER_MAX) {
		sites[DUBLIN].n_deliver = 0;
		for (uint64_t j = i; j < i + BEACON_DELIVER_MAX; j++)
			hand(DUBLIN, j, NULL);
		beacon(DUBLIN);
		beacon(DUBLIN);
		assert_int_equal(sites[DUBLIN].answer.n_receipts, BEACON_DELIVER_MAX);
	}
	assert_int_equal(n_attempts, 40);
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 1, NULL);
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 40);
}

/* ---- drills */

static void a_drill_proves_the_way_and_says_so_to_who_asked(void **state)
{
	(void)state;
	both_alive();
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	assert_int_equal(n_posts, 1);
	assert_string_equal(posts[0].text,
		"{\"embeds\":[{\"title\":\"daily drill passed\",\"description\":\"dublin: heard\\n"
		"mumbai: heard\\nsite \xe2\x86\x92 webhost \xe2\x86\x92 here works, last proven "
		"<t:1767225660:f>\",\"color\":5989488,\"footer\":{\"text\":\"home \xc2\xb7 "
		"webhost\"}}],\"allowed_mentions\":{\"parse\":[]}}");
	beacon(DUBLIN);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_true(sites[DUBLIN].answer.drill_ok);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_false(sites[MUMBAI].answer.drill_done);
	sites[DUBLIN].wants_drill = false;
	beacon(DUBLIN);
	assert_false(sites[DUBLIN].answer.drill_done);
}

static void a_drill_edits_the_message_of_the_day_before(void **state)
{
	(void)state;
	both_alive();
	for (int day = 0; day < 3; day++) {
		sites[DUBLIN].wants_drill = true;
		beacon(DUBLIN);
		beacon(DUBLIN);
		assert_true(sites[DUBLIN].answer.drill_ok);
		sites[DUBLIN].wants_drill = false;
		pass(DAY_MS);
	}
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 2);
	posts[0].is_deleted = true;
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	pass(0);
	beacon(DUBLIN);
	assert_int_equal(n_posts, 2); /* somebody deleted it: not a reason to fail */
	assert_true(sites[DUBLIN].answer.drill_ok);
}

static void a_drill_that_fails_three_times_has_failed(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	pass(5900); /* after 2 s and after 4 s more */
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 2);
	assert_false(sites[DUBLIN].answer.drill_done);
	pass(100);
	beacon(DUBLIN);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_false(sites[DUBLIN].answer.drill_ok);
	assert_string_equal(sites[DUBLIN].answer.drill_reason, "no way out");
	sites[DUBLIN].wants_drill = false;
	pass(10 * MINUTE_MS);
	mood = DELIVERS;
	sites[DUBLIN].wants_drill = true;
	pass(2 * MINUTE_MS);
	assert_true(sites[DUBLIN].answer.drill_ok);
}

static void a_watcher_without_discord_has_no_drill_to_pass(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[0].kind = WATCHER_WEBHOOK;
	start_watcher();
	come_alive(DUBLIN);
	sites[DUBLIN].wants_drill = true;
	pass(BEACON_MS);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_false(sites[DUBLIN].answer.drill_ok);
	assert_int_equal(n_attempts, 0);
}

/* ---- restarts */

static void a_restart_grants_a_silent_site_no_new_period(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(30000);
	restart_watcher(1000);
	pass(14000);
	assert_int_equal(n_attempts, 0);
	pass(1000); /* but all need a moment to be heard after a start */
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
}

static void sites_that_are_heard_again_after_a_restart_are_no_news(void **state)
{
	(void)state;
	both_alive();
	restart_watcher(DAY_MS);
	for (int i = 0; i < SITES; i++)
		sites[i].next.ms += 10000;
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 0);
}

static void what_was_told_before_a_restart_is_edited_after_it(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	restart_watcher(HOUR_MS);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	restart_watcher(HOUR_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_shows(0, "mumbai: heard again, was silent from");
	restart_watcher(0);
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 2);
	sites[DUBLIN].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_int_equal(n_posts, 2);
}

static void a_saved_state_comes_back_whole(void **state)
{
	scoped(str_fini) struct str before = STR_EMPTY, after = STR_EMPTY;

	(void)state;
	both_alive();
	sites[DUBLIN].wants_drill = true;
	come_alive(MUMBAI); /* there is a boot to remember */
	pass(MINUTE_MS);
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	str_clear(&saved);
	watcher_save(watcher, &saved);
	str_add(&before, str_c(&saved));
	restart_watcher(0);
	watcher_save(watcher, &after);
	assert_string_equal(str_c(&before), str_c(&after));
	sites[DUBLIN].wants_drill = false;
	pass(MINUTE_MS);
	sites[DUBLIN].wants_drill = true;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2); /* the drill's message is known, too */
	assert_int_equal(view(DUBLIN, DUBLIN)->since.ms, WALL_0);
}

static void a_site_that_dies_while_we_restart_is_told_in_time(void **state)
{
	(void)state;
	both_alive();
	beacon(MUMBAI);
	str_clear(&saved);
	watcher_save(watcher, &saved);
	sites[MUMBAI].is_alive = false;
	restart_watcher(5000);
	pass(WATCHER_SPEAK_MS - 5000 - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
}

static void what_was_not_told_before_a_restart_is_told_after_it(void **state)
{
	(void)state;
	both_alive();
	mood = MUTE;
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = DELIVERS;
	restart_watcher(1000);
	pass(0);
	assert_int_equal(n_posts, 1);
}

static void a_site_that_was_told_but_never_heard_stays_told(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	restart_watcher(1000);
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 1);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_shows(0, "all sites are heard again");
}

static void the_outage_ends_when_its_site_is_not_declared_any_more(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	config.n_sites = 1;
	restart_watcher(1000);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "all sites are heard again");
	assert_hides(0, "mumbai");
}

static void a_clock_that_was_set_back_does_not_hide_a_silence(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	now.wall.ms -= 10 * DAY_MS;
	restart_watcher(0);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_posts, 1);
}

static void a_state_that_is_no_state_is_refused(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"version\":2}",
		"{\"version\":\"1\"}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e = { 0 };

		assert_int_not_equal(watcher_load(watcher, now, texts[i], strlen(texts[i]), &e),
			RC_OK);
		assert_non_null(strstr(e.text, "the watcher's state"));
	}
}

static void nonsense_in_a_state_is_as_if_it_were_not_there(void **state)
{
	static const char text[] = "{\"version\":1,\"sites\":{\"dublin\":{\"state\":99,\"heard\":7,"
				   "\"past_boots\":[\"x\",null]},\"mumbai\":[]},\"outage\":3,"
				   "\"drill\":{\"discord\":{\"wanted\":-5,\"shown\":1e300}}}";

	(void)state;
	assert_int_equal(watcher_load(watcher, now, text, sizeof text - 1, NULL), RC_OK);
	both_alive();
	assert_int_equal(n_attempts, 0);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
}

/* ---- other formats */

static void a_webhook_gets_the_same_as_json(void **state)
{
	scoped(json_decref) json_t *o = NULL;

	(void)state;
	watcher_free(watcher);
	config.channels[0].kind = WATCHER_WEBHOOK;
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(json_read(&o, posts[0].text, strlen(posts[0].text), NULL), RC_OK);
	assert_string_equal(json_get_text(o, "event", ""), "watcher");
	assert_string_equal(json_get_text(o, "lab", ""), "home");
	assert_string_equal(json_get_text(o, "from", ""), "webhost");
	assert_int_equal(json_get_int(o, "version", 0), 1);
	assert_string_equal(json_get_text(o, "title", ""), "mumbai is silent");
	assert_shows(0, "mumbai: nothing since 2026-01-01T00:0");
	assert_hides(0, "<t:");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2); /* it can't be edited */
}

static void a_mail_is_one_that_servers_take(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[0] = (struct watcher_channel){ .name = "mail",
		.kind = WATCHER_SMTP,
		.from = "Watcher <w@example.net>",
		.to = "ana@example.net,\r\nBcc: all@example.net" };
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_true(str_starts(posts[0].text,
		"Date: Thu, 1 Jan 2026 00:01:45 +0000\r\n"
		"From: Watcher <w@example.net>\r\n"
		"To: ana@example.net,Bcc: all@example.net\r\n"
		"Subject: [home] mumbai is silent\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"\r\n"
		"dublin: heard\r\n"
		"mumbai: nothing since 2026-01-01T00:01:00.000Z\r\n"
		"told by the watcher webhost, which hears every site each 5 s\r\n"));
}

static void each_channel_has_its_own_message(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[1] = (struct watcher_channel){ .name = "hook", .kind = WATCHER_WEBHOOK };
	config.n_channels = 2;
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 3);
	assert_int_equal(posts[0].n_edits, 1);
}

static void who_is_heard_can_be_read_as_text(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(DUBLIN);
	beacon(MUMBAI);
	pass(MINUTE_MS);
	watcher_describe(watcher, now, &text);
	assert_string_equal(str_c(&text), "watcher webhost of lab home\n"
					  "dublin: heard, last 0 ms ago\n"
					  "mumbai: silent, told, last 1 min ago\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_site_learns_whom_the_watcher_hears),
		TEST(a_site_that_is_quiet_for_20_s_is_silent),
		TEST(a_silence_that_nobody_tells_is_told_after_45_s),
		TEST(what_a_living_site_tells_the_watcher_does_not_repeat),
		TEST(a_site_may_have_the_longest_name),
		TEST(another_incident_of_a_living_site_covers_no_silence),
		TEST(when_the_site_that_told_dies_too_the_watcher_tells_of_both),
		TEST(both_silent_is_one_message),
		TEST(the_message_is_edited_as_they_come_back),
		TEST(the_next_outage_gets_a_message_of_its_own),
		TEST(a_message_that_could_not_be_told_over_goes_on_with_the_next_outage),
		TEST(an_outage_that_could_not_be_told_in_time_is_told_when_it_is_over),
		TEST(a_site_that_was_never_heard_is_told_45_s_after_the_start),
		TEST(a_site_that_was_never_heard_may_be_told_by_the_other),
		TEST(what_fails_is_tried_again_with_growing_patience),
		TEST(a_429_waits_as_long_as_it_says),
		TEST(a_delivery_without_an_outcome_is_given_up_after_25_s),
		TEST(a_message_that_somebody_deleted_is_written_anew_at_once),
		TEST(nothing_leaves_before_the_state_is_saved),
		TEST(the_state_is_saved_once_a_minute),
		TEST(a_beacon_that_was_here_already_is_refused),
		TEST(a_beacon_of_an_earlier_run_is_refused),
		TEST(a_site_whose_clock_was_set_back_is_heard_after_its_restart),
		TEST(the_first_beacon_of_a_run_must_be_of_about_now),
		TEST(strangers_are_refused),
		TEST(what_a_site_hands_over_is_delivered_once),
		TEST(an_edit_for_a_site_edits),
		TEST(a_failure_is_the_sites_to_handle),
		TEST(what_got_no_answer_is_not_called_a_failure),
		TEST(the_same_number_of_another_site_or_run_is_another_delivery),
		TEST(a_channel_that_the_watcher_does_not_have_is_named),
		TEST(repeats_are_known_among_many),
		TEST(a_drill_proves_the_way_and_says_so_to_who_asked),
		TEST(a_drill_edits_the_message_of_the_day_before),
		TEST(a_drill_that_fails_three_times_has_failed),
		TEST(a_watcher_without_discord_has_no_drill_to_pass),
		TEST(a_restart_grants_a_silent_site_no_new_period),
		TEST(sites_that_are_heard_again_after_a_restart_are_no_news),
		TEST(what_was_told_before_a_restart_is_edited_after_it),
		TEST(a_saved_state_comes_back_whole),
		TEST(a_site_that_dies_while_we_restart_is_told_in_time),
		TEST(what_was_not_told_before_a_restart_is_told_after_it),
		TEST(a_site_that_was_told_but_never_heard_stays_told),
		TEST(the_outage_ends_when_its_site_is_not_declared_any_more),
		TEST(a_clock_that_was_set_back_does_not_hide_a_silence),
		TEST(a_state_that_is_no_state_is_refused),
		TEST(nonsense_in_a_state_is_as_if_it_were_not_there),
		TEST(a_webhook_gets_the_same_as_json),
		TEST(a_mail_is_one_that_servers_take),
		TEST(each_channel_has_its_own_message),
		TEST(who_is_heard_can_be_read_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
