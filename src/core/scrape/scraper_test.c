/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/scraper.h"

#include "base/mem.h"
#include "core/scrape/sink_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define INTERVAL_MS 10000
#define START_MS    1700000000000

struct lab {
	struct sink_fixture sink;
	struct scraper *scraper;
	struct scrape_config job;
	struct scrape_configs configs;
	struct now now;
	struct scrape_effect effects[64];
	uint32_t n_effects;
};

static void set_up(struct lab *l)
{
	struct scraper_wish wish = { .sink = &l->sink.sink, .secret = 3 };

	*l = (struct lab){ .now = { { 5000 }, { START_MS } } };
	sink_fixture_init(&l->sink);
	l->scraper = scraper_new(&wish);
	l->job = (struct scrape_config){ .job_name = "j",
		.honor_timestamps = true,
		.fallback_protocol = SCRAPE_TEXT_0_0_4 };
	l->configs = (struct scrape_configs){ .v = &l->job, .n = 1 };
	scraper_set_jobs(l->scraper, &l->configs, l->now);
}

static void tear_down(struct lab *l)
{
	scraper_free(l->scraper);
	sink_fixture_fini(&l->sink);
}
SCOPED_FINI(tear_down, struct lab)

/* Targets by the names of these instances. */
static void set_targets(struct lab *l, const char *const *names)
{
	struct target_list list;

	target_list_init(&list);
	for (; *names; names++) {
		struct target_spec *spec;
		struct label *instance = arena_alloc(&list.arena, sizeof *instance);

		must_grow(list.active, list.n_active, list.cap_active);
		spec = &list.active[list.n_active++];
		*instance = (struct label){ "instance", *names, 8, (uint32_t)strlen(*names) };
		*spec = (struct target_spec){ .labels = { instance, 1 },
			.url = "http://x/metrics",
			.scheme = "http",
			.address = "x",
			.interval_ms = INTERVAL_MS,
			.timeout_ms = 3000,
			.hash = str_gist(*names) };
	}
	list.over_limit = l->job.terms.target_limit && list.n_active > l->job.terms.target_limit;
	assert_int_equal(scraper_set_targets(l->scraper, "j", &list, l->now, NULL), RC_OK);
	target_list_fini(&list);
}
#define SET_TARGETS(l, ...) set_targets(l, (const char *const[]){ __VA_ARGS__, NULL })

static void take_effects(struct lab *l)
{
	l->n_effects = 0;
	while (scraper_effect(l->scraper, &l->effects[l->n_effects]))
		l->n_effects++;
}

static void pass(struct lab *l, int64_t ms)
{
	l->now.mono.ms += ms;
	l->now.wall.ms += ms;
	scraper_step(l->scraper, l->now);
	take_effects(l);
}

/* Until the scraper wants something; what it then wants is in effects. */
static void pass_until_effect(struct lab *l)
{
	for (int i = 0; i < 100; i++) {
		int64_t wake_ms = scraper_wake_ms(l->scraper);

		assert_int_not_equal(wake_ms, NEVER_MS);
		pass(l, wake_ms > l->now.mono.ms ? wake_ms - l->now.mono.ms : 0);
		if (l->n_effects)
			return;
	}
	fail_msg("nothing happens");
}

static struct scrape_target *assert_start(struct lab *l)
{
	pass_until_effect(l);
	assert_int_equal(l->n_effects, 1);
	assert_int_equal(l->effects[0].order, SCRAPE_START);
	return l->effects[0].target;
}

static void answer(struct lab *l, struct scrape_target *t, const char *body)
{
	scraper_answer(t, "text/plain");
	assert_true(scraper_feed(t, body, strlen(body)));
	scraper_done(l->scraper, t, 0.25);
}

static struct scrape_target *scrape(struct lab *l, const char *body)
{
	struct scrape_target *t = assert_start(l);

	answer(l, t, body);
	return t;
}

static void a_target_has_its_moment_by_its_hash(void **state)
{
	(void)state;
	assert_int_equal(scrape_offset_ns(3, 0, 5, 52), 1); /* at 53 */
	assert_int_equal(scrape_offset_ns(3, 0, 5, 53), 5); /* now is one interval from it */
	assert_int_equal(scrape_offset_ns(3, 0, 5, 51), 2); /* at 53 */
	assert_int_equal(scrape_offset_ns(3, 1, 5, 50), 2); /* 3 ^ 1 */
	assert_int_equal(scrape_offset_ns(UINT64_MAX - 2, 0, 5, 50), 3); /* ...613 % 5 */
}

#define SECOND_NS INT64_C(1000000000)

static void targets_are_scraped_together_in_a_few_moments_of_the_interval(void **state)
{
	(void)state;
	for (uint64_t hash = 0; hash < 100; hash++) {
		uint64_t spread = hash * UINT64_C(0x9e3779b97f4a7c15);

		assert_int_equal(
			scrape_offset_ns(spread, 0, 2 * SECOND_NS, 0) % (SECOND_NS * 2 / 5), 0);
		assert_int_equal(scrape_offset_ns(spread, 0, 60 * SECOND_NS, 0) % SECOND_NS, 0);
	}
}

static void scrapes_come_at_regular_times(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;
	int64_t first_ms;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\n");
	first_ms = t->last_ms;
	assert_in_range(first_ms, START_MS, START_MS + INTERVAL_MS);
	assert_int_equal(first_ms % (INTERVAL_MS / 5), 0);
	scrape(&l, "m 2\n");
	assert_int_equal(t->last_ms, first_ms + INTERVAL_MS);
	assert_int_equal(t->health, HEALTH_UP);
	assert_true(t->last_took_s == 0.25);
	assert_true(sink_fixture_value(&l.sink, "m{instance=\"a\"}") == 2);
	assert_true(sink_fixture_value(&l.sink, "up{instance=\"a\"}") == 1);
}

static void a_late_wake_up_of_two_milliseconds_is_no_other_time(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;
	int64_t first_ms;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\n");
	first_ms = t->last_ms;
	pass(&l, INTERVAL_MS + 2);
	answer(&l, t, "m 2\n");
	assert_int_equal(t->last_ms, first_ms + INTERVAL_MS);
	pass(&l, INTERVAL_MS + 1); /* three late by now */
	answer(&l, t, "m 3\n");
	assert_int_equal(t->last_ms, first_ms + 2 * INTERVAL_MS + 3);
	pass(&l, INTERVAL_MS - 3);
	answer(&l, t, "m 4\n");
	assert_int_equal(t->last_ms, first_ms + 3 * INTERVAL_MS);
}

static void a_clock_that_is_set_is_followed(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;
	int64_t first_ms;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\n");
	first_ms = t->last_ms;
	l.now.wall.ms += 3600 * 1000;
	pass(&l, INTERVAL_MS);
	answer(&l, t, "m 2\n");
	assert_int_equal(t->last_ms, first_ms + INTERVAL_MS + 3600 * 1000);
	pass(&l, INTERVAL_MS + 1);
	answer(&l, t, "m 3\n");
	assert_int_equal(t->last_ms, first_ms + 2 * INTERVAL_MS + 3600 * 1000);
}

static void moments_that_were_slept_through_are_not_made_up_for(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\n");
	pass(&l, 35 * INTERVAL_MS / 10);
	assert_int_equal(l.n_effects, 1);
	answer(&l, t, "m 2\n");
	pass(&l, INTERVAL_MS / 2 - 1);
	assert_int_equal(l.n_effects, 0);
	pass(&l, 1);
	assert_int_equal(l.n_effects, 1);
}

static void a_target_that_does_not_answer_in_time_is_left(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	scrape(&l, "m 1\n");
	t = assert_start(&l);
	scraper_answer(t, "text/plain");
	assert_true(scraper_feed(t, "m 2\nm", 5));
	pass(&l, 2999);
	assert_int_equal(l.n_effects, 0);
	pass(&l, 1);
	assert_int_equal(l.n_effects, 1);
	assert_int_equal(l.effects[0].order, SCRAPE_CANCEL);
	assert_int_equal(t->health, HEALTH_DOWN);
	assert_string_equal(t->last.error, "no whole answer within 3 s: context deadline exceeded");
	assert_true(is_stale(sink_fixture_value(&l.sink, "m{instance=\"a\"}")));
	assert_true(sink_fixture_value(&l.sink, "up{instance=\"a\"}") == 0);
	assert_true(sink_fixture_value(&l.sink, "scrape_duration_seconds{instance=\"a\"}") == 3);
	assert_ptr_equal(scrape(&l, "m 3\n"), t);
	assert_int_equal(t->n_failures, 1);
}

static void a_target_that_leaves_ends_after_two_missed_scrapes(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;
	int64_t last_ms;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\n");
	last_ms = t->last_ms;
	set_targets(&l, (const char *const[]){ NULL });
	assert_int_equal(t->state, TARGET_LEAVING);
	pass(&l, 2 * INTERVAL_MS + INTERVAL_MS / 10 - 1);
	assert_true(sink_fixture_value(&l.sink, "m{instance=\"a\"}") == 1);
	pass(&l, 1);
	assert_int_equal(l.n_effects, 1);
	assert_int_equal(l.effects[0].order, SCRAPE_FORGET);
	assert_true(is_stale(sink_fixture_value(&l.sink, "m{instance=\"a\"}")));
	assert_true(is_stale(sink_fixture_value(&l.sink, "up{instance=\"a\"}")));
	assert_int_equal(l.sink.series[1].newest_ms, last_ms + INTERVAL_MS);
	assert_int_equal(scraper_job(l.scraper, 0)->n_targets, 0);
}

static void a_target_that_is_back_goes_on(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_target *t;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a", "b");
	t = scrape(&l, "m 1\n");
	scrape(&l, "m 1\n");
	set_targets(&l, (const char *const[]){ NULL });
	pass(&l, INTERVAL_MS);
	SET_TARGETS(&l, "b", "a");
	assert_int_equal(t->state, TARGET_WAITING);
	scrape(&l, "m 2\n");
	scrape(&l, "m 2\n");
	pass(&l, INTERVAL_MS / 2);
	assert_true(sink_fixture_value(&l.sink, "m{instance=\"a\"}") == 2);
	assert_true(sink_fixture_value(&l.sink, "m{instance=\"b\"}") == 2);
	assert_int_equal(t->last.n_added, 0);
}

static void a_target_that_was_never_scraped_leaves_at_once(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	set_targets(&l, (const char *const[]){ NULL });
	take_effects(&l);
	assert_int_equal(l.n_effects, 1);
	assert_int_equal(l.effects[0].order, SCRAPE_FORGET);
	assert_int_equal(scraper_wake_ms(l.scraper), NEVER_MS);
}

static void more_targets_than_target_limit_are_all_refused(void **state)
{
	scoped(tear_down) struct lab l;
	const struct scrape_job *j;

	(void)state;
	set_up(&l);
	l.job.terms.target_limit = 1;
	SET_TARGETS(&l, "a", "b");
	pass(&l, INTERVAL_MS);
	assert_int_equal(l.n_effects, 0);
	j = scraper_job(l.scraper, 0);
	assert_string_equal(j->targets[0]->last.error,
		"target_limit exceeded (number of targets: 2, limit: 1)");
	assert_true(sink_fixture_value(&l.sink, "up{instance=\"a\"}") == 0);
	assert_true(sink_fixture_value(&l.sink, "up{instance=\"b\"}") == 0);
}

static void a_job_that_is_no_more_says_farewell_and_goes(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_config other = { .job_name = "k" };
	struct scrape_configs configs = { .v = &other, .n = 1 };
	struct scrape_target *t;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	scrape(&l, "m 1\n");
	t = assert_start(&l);
	scraper_set_jobs(l.scraper, &configs, l.now);
	take_effects(&l);
	assert_int_equal(l.n_effects, 1);
	assert_int_equal(l.effects[0].order, SCRAPE_CANCEL);
	assert_ptr_equal(l.effects[0].target, t);
	assert_int_equal(scraper_job_count(l.scraper), 2);
	pass(&l, 3 * INTERVAL_MS);
	assert_true(is_stale(sink_fixture_value(&l.sink, "m{instance=\"a\"}")));
	assert_int_equal(scraper_job_count(l.scraper), 1);
}

static void other_rules_of_a_job_hold_from_the_next_scrape_on(void **state)
{
	scoped(tear_down) struct lab l;
	struct scrape_config changed;
	struct scrape_configs configs = { .v = &changed, .n = 1 };

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	scrape(&l, "m{instance=\"x\"} 1\n");
	changed = l.job;
	changed.honor_labels = true;
	pass(&l, 5);
	scraper_set_jobs(l.scraper, &configs, l.now);
	scrape(&l, "m{instance=\"x\"} 2\n");
	assert_true(sink_fixture_value(&l.sink, "m{instance=\"x\"}") == 2);
	assert_true(
		is_stale(sink_fixture_value(&l.sink, "m{exported_instance=\"x\",instance=\"a\"}")));
}

/* A body that says something of 300 metrics. */
static void write_comments(struct str *out, const char *who, int round)
{
	str_clear(out);
	for (int i = 0; i < 300; i++)
		str_addf(out, "# HELP m%d of %s, %d\nm%d 1\n", i, who, round, i);
}

static void assert_says(const struct lab *l, const struct scrape_target *t, const char *help)
{
	scoped(said_metrics_fini) struct said_metrics said = { 0 };

	scraper_said(l->scraper, t, NULL, &said);
	assert_int_equal(said.n, 300);
	for (uint32_t i = 0; i < said.n; i++)
		assert_string_equal(said.v[i].m.help, help);
}

/* A target that is scraped at the same moment as "a". */
static void find_twin(char name[2])
{
	const int64_t interval_ns = INTERVAL_MS * INT64_C(1000000);
	int64_t wanted = scrape_offset_ns(str_gist("a"), 0, interval_ns, 0);

	for (name[0] = 'b', name[1] = '\0'; name[0] <= '~'; name[0]++)
		if (scrape_offset_ns(str_gist(name), 0, interval_ns, 0) == wanted)
			return;
	fail_msg("no name has the moment of 'a'");
}

static void what_a_target_says_stays_while_texts_of_another_go(void **state)
{
	scoped(str_fini) struct str steady = STR_EMPTY, text = STR_EMPTY;
	scoped(tear_down) struct lab l;
	char twin[2], help[32];

	(void)state;
	set_up(&l);
	find_twin(twin);
	SET_TARGETS(&l, "a", twin);
	write_comments(&steady, "a", 0);
	for (int round = 0; round < 12; round++) {
		struct scrape_target *a, *other;

		pass_until_effect(&l);
		assert_int_equal(l.n_effects, 2);
		a = l.effects[0].target;
		other = l.effects[1].target;
		if (!str_eq(a->spec.labels.v[0].value, "a")) {
			a = l.effects[1].target;
			other = l.effects[0].target;
		}
		scraper_answer(a, "text/plain"); /* of which most is there when the other ends */
		assert_true(scraper_feed(a, steady.s, steady.len - 5));
		write_comments(&text, "the other", round);
		answer(&l, other, str_c(&text));
		assert_true(scraper_feed(a, steady.s + steady.len - 5, 5));
		scraper_done(l.scraper, a, 0.25);
		assert_says(&l, a, "of a, 0");
		snprintf(help, sizeof help, "of the other, %d", round);
		assert_says(&l, other, help);
	}
}

static void what_was_lost_is_said_in_words(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str out = STR_EMPTY;
	struct scrape_target *t;

	(void)state;
	set_up(&l);
	SET_TARGETS(&l, "a");
	t = scrape(&l, "m 1\nm 2\n");
	scrape_target_warning(t, &out);
	assert_string_equal(str_c(&out),
		"1 samples twice, or with another value at the same time (first: m)");
	assert_int_equal(t->losses[LOSS_DUPLICATE], 1);
	assert_int_equal(t->job->losses[LOSS_DUPLICATE], 1);
	assert_int_equal(t->job->n_bytes, strlen("m 1\nm 2\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_has_its_moment_by_its_hash),
		cmocka_unit_test(targets_are_scraped_together_in_a_few_moments_of_the_interval),
		cmocka_unit_test(scrapes_come_at_regular_times),
		cmocka_unit_test(a_late_wake_up_of_two_milliseconds_is_no_other_time),
		cmocka_unit_test(a_clock_that_is_set_is_followed),
		cmocka_unit_test(moments_that_were_slept_through_are_not_made_up_for),
		cmocka_unit_test(a_target_that_does_not_answer_in_time_is_left),
		cmocka_unit_test(a_target_that_leaves_ends_after_two_missed_scrapes),
		cmocka_unit_test(a_target_that_is_back_goes_on),
		cmocka_unit_test(a_target_that_was_never_scraped_leaves_at_once),
		cmocka_unit_test(more_targets_than_target_limit_are_all_refused),
		cmocka_unit_test(a_job_that_is_no_more_says_farewell_and_goes),
		cmocka_unit_test(other_rules_of_a_job_hold_from_the_next_scrape_on),
		cmocka_unit_test(what_a_target_says_stays_while_texts_of_another_go),
		cmocka_unit_test(what_was_lost_is_said_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
