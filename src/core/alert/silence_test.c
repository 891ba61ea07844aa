/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz_fixture.h"
#include "core/alert/alert_fixture.h"
#include "core/alert/silence.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct silence_label immich[] = {
	{ "name", "immich" },
	{ "kind", "probe" },
	{ "site", "mumbai" },
	{ "severity", "warning" },
	{ "odd", "a\"b\\c\nd" },
	{ "smile", "🙂" },
	{ "ip", "10.2.0.30" },
};

static enum rc parse(const char *text, struct matchers **ret, struct err *e)
{
	return matchers_parse(ret, text, e);
}

static bool matches(const char *text, const struct silence_label *labels, size_t n)
{
	scoped(matchers_free) struct matchers *m = NULL;
	struct err e = { 0 };

	if (parse(text, &m, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
	return matchers_match(m, labels, n);
}

static void matchers_are_alertmanagers(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} rows[] = {
		{ "name=immich", true },
		{ "{name=\"immich\"}", true },
		{ " { name = \"immich\" , site != \"dublin\" , } ", true },
		{ "name=immich,kind=heartbeat", false },
		{ "name!=immich,site=mumbai", false },
		{ "name=~\"im.*\"", true },
		{ "name=~im.*", true },
		{ "name=~\"im\"", false }, /* anchored */
		{ "name=~\"x|immich\"", true },
		{ "name!~\"im.*\",site=mumbai", false },
		{ "name!~\"nas.*\",site=mumbai", true },
		{ "\"name\"=\"immich\"", true },
		{ "host=\"\",name=immich", true }, /* an absent label is "" */
		{ "host!=\"\",name=immich", false },
		{ "host=~\".+\"", false },
		{ "{smile=🙂}", true },
		{ "smile=\"\\xf0\\x9f\\x99\\x82\"", true },
		{ "smile=\"\\U0001f642\"", true },
		{ "odd=\"a\\\"b\\\\c\\nd\"", true },
		{ "ip=~\"10\\.2\\..*\"", true }, /* Go refuses \. : Alertmanager falls back */
		{ "ip=~\"\\d+\\.2\\.0\\.30\"", true },
		{ "name-with-dashes=\"x\"", false },
		{ "kind=\"probe\",name=~\"(?i)IMMICH\"", true },
		{ "name=\"im,mich\"", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (matches(rows[i].text, immich, COUNT(immich)) != rows[i].matches)
			fail_msg("%s", rows[i].text);
}

static void malformed_matchers_are_refused_with_the_place(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ ",", "column 1: the name of a label expected" },
		{ "{,}", "column 2: the name of a label" },
		{ "{", "ends where the name of a label" },
		{ "}", "column 1" },
		{ "name=immich}", "column 12: a comma or the end expected" },
		{ "{name=immich", "ends where a comma or }" },
		{ "{name=:\"bar\"}", "column 8: a comma or }" },
		{ "name", "ends where one of = != =~ !~" },
		{ "name=", "ends where a value" },
		{ "name=\"immich", "column 6: the quote is never closed" },
		{ "name=immich\"", "column 12" },
		{ "name=a\\n", "column 7" },
		{ "{{name=", "column 2" },
		{ "name=a name=b", "column 8" },
		{ "\"{name=\\\"immich\"}", "one of = != =~ !~" },
		{ "name==a", "column 6" },
		{ "name=~\"invalid[regexp\"", "matchers: name" },
		{ "\"\"=\"x\"", "name of a label is empty" },
		{ "name=\xff", "not UTF-8" },
		{ "", "would match everything" },
		{ "{}", "would match everything" },
		{ "host=\"\"", "would match everything" },
		{ "name=~\".*\"", "would match everything" },
		{ "name!=\"x\"", "would match everything" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct matchers *none = NULL;
		struct err e = { 0 };

		if (parse(rows[i].text, &none, &e) == RC_OK)
			fail_msg("'%s' was accepted", rows[i].text);
		assert_null(none);
		if (!strstr(e.text, rows[i].why))
			fail_msg("'%s': \"%s\" doesn't say \"%s\"", rows[i].text, e.text,
				rows[i].why);
	}
}

static void there_is_a_bound_on_how_many_and_how_long(void **state)
{
	scoped(str_fini) struct str many = STR_EMPTY, lengthy = STR_EMPTY;
	struct matchers *none = NULL;

	(void)state;
	for (int i = 0; i <= MATCHERS_MAX; i++)
		str_add(&many, "a=b,");
	assert_int_equal(parse(str_c(&many), &none, NULL), RC_LIMIT);
	str_add(&lengthy, "a=");
	while (lengthy.len <= MATCHERS_TEXT_MAX)
		str_addc(&lengthy, 'x');
	assert_int_equal(parse(str_c(&lengthy), &none, NULL), RC_LIMIT);
	assert_null(none);
}

static void a_pattern_that_takes_too_much_work_silences_nothing_and_costs_it_once(void **state)
{
	scoped(matchers_free) struct matchers *m = NULL, *not = NULL;
	char letters[60];
	struct silence_label evil = { "name", letters };

	(void)state;
	memset(letters, 'a', sizeof letters - 1);
	str_copy(letters + sizeof letters - 2, 2, "!");
	assert_int_equal(parse("name=~\"(a+)+\"", &m, NULL), RC_OK);
	assert_int_equal(parse("name!~\"(a+)+\",name=~\".+\"", &not, NULL), RC_OK);
	assert_false(matchers_match(m, &evil, 1));
	assert_false(matchers_match(not, &evil, 1));
	for (int i = 0; i < 100000; i++) /* would take hours if it were tried again */
		assert_false(matchers_match(m, &evil, 1));
}

static void a_label_that_no_check_has_is_named(void **state)
{
	static const char *const known[] = { "name", "kind", "site" };
	scoped(matchers_free) struct matchers *m = NULL, *right = NULL;

	(void)state;
	assert_int_equal(parse("site=mumbai,nmae=immich", &m, NULL), RC_OK);
	assert_string_equal(matchers_unknown(m, known, 3), "nmae");
	assert_int_equal(parse("site=mumbai,name=immich", &right, NULL), RC_OK);
	assert_null(matchers_unknown(right, known, 3));
}

static void apply(struct silences *s, const char *id, uint64_t hlc, int64_t from, int64_t until)
{
	const struct silence_word word = { id, "name=immich", "moving house", "ana", { from },
		{ until }, hlc };

	assert_int_equal(silences_apply(s, &word, NULL), RC_OK);
}

static bool covered(const struct silences *s, int64_t t)
{
	return silences_cover(s, (struct wall){ t }, immich, COUNT(immich), NULL);
}

static void a_silence_covers_from_its_beginning_until_just_before_its_end(void **state)
{
	scoped(silences_fini) struct silences s;
	const char *why = NULL;

	(void)state;
	silences_init(&s);
	apply(&s, "a", 1, 1000, 2000);
	assert_false(covered(&s, 999));
	assert_true(covered(&s, 1000));
	assert_true(covered(&s, 1999));
	assert_false(covered(&s, 2000));
	assert_true(silences_cover(&s, (struct wall){ 1500 }, immich, COUNT(immich), &why));
	assert_string_equal(why, "moving house");
	assert_int_equal(silences_change(&s, (struct wall){ 0 }).ms, 1000);
	assert_int_equal(silences_change(&s, (struct wall){ 1000 }).ms, 2000);
	assert_int_equal(silences_change(&s, (struct wall){ 2000 }).ms, NEVER_MS);
}

static void the_newest_word_on_a_silence_wins_in_whatever_order_it_comes(void **state)
{
	scoped(silences_fini) struct silences a, b;

	(void)state;
	silences_init(&a);
	silences_init(&b);
	apply(&a, "x", 1, 0, 9000);
	apply(&a, "x", 2, 0, 1000); /* ended early */
	apply(&b, "x", 2, 0, 1000);
	apply(&b, "x", 1, 0, 9000);
	assert_false(covered(&a, 5000));
	assert_false(covered(&b, 5000));
	apply(&a, "y", 5, 0, 100); /* two sites at the same instant */
	apply(&a, "y", 5, 0, 200);
	apply(&b, "y", 5, 0, 200);
	apply(&b, "y", 5, 0, 100);
	assert_int_equal(a.items[1].until.ms, b.items[1].until.ms);
}

static void malformed_matchers_leave_what_was_known(void **state)
{
	const struct silence_word malformed = { .id = "a",
		.matchers = "name=~\"[\"",
		.until = { 9000 },
		.hlc = 2 };
	scoped(silences_fini) struct silences s;
	struct err e = { 0 };

	(void)state;
	silences_init(&s);
	apply(&s, "a", 1, 0, 1000);
	assert_int_equal(silences_apply(&s, &malformed, &e), RC_INPUT);
	assert_true(str_starts(e.text, "silence a: matchers: name"));
	assert_true(covered(&s, 500));
}

static void what_ended_a_day_ago_is_forgotten(void **state)
{
	scoped(silences_fini) struct silences s;

	(void)state;
	silences_init(&s);
	apply(&s, "old", 1, 0, 1000);
	apply(&s, "new", 2, 0, DAY_MS);
	silences_prune(&s, (struct wall){ DAY_MS + 1001 });
	assert_int_equal(s.n, 1);
	assert_string_equal(s.items[0].id, "new");
}

static void beyond_the_bound_those_that_end_first_give_way(void **state)
{
	const struct silence_word shortest = { .id = "shortest",
		.matchers = "name=immich",
		.until = { 5 },
		.hlc = 1 };
	scoped(silences_fini) struct silences s;
	char id[16];

	(void)state;
	silences_init(&s);
	for (int i = 0; i < SILENCES_MAX; i++) {
		snprintf(id, sizeof id, "s%d", i);
		apply(&s, id, 1, 0, 1000 + i);
	}
	apply(&s, "longest", 1, 0, 99999);
	assert_int_equal(s.n, SILENCES_MAX);
	assert_true(covered(&s, 50000));
	assert_int_equal(silences_apply(&s, &shortest, NULL), RC_LIMIT);
}

/* The plainest thing that could be right: a list of what was applied. */
struct naive {
	struct {
		uint64_t hlc; /* 0: nothing */
		int64_t from, until;
	} words[8];
};

static bool naive_covers(const struct naive *list, int64_t now)
{
	bool is_covered = false;

	for (size_t i = 0; i < COUNT(list->words); i++)
		is_covered |= list->words[i].hlc && list->words[i].from <= now &&
			      now < list->words[i].until;
	return is_covered;
}

static int64_t naive_change(const struct naive *list, int64_t now)
{
	int64_t next = NEVER_MS;

	for (size_t i = 0; i < COUNT(list->words); i++) {
		if (!list->words[i].hlc)
			continue;
		if (list->words[i].from > now && list->words[i].from < next)
			next = list->words[i].from;
		if (list->words[i].until > now && list->words[i].until < next)
			next = list->words[i].until;
	}
	return next;
}

static void apply_one(struct silences *s, struct naive *list, struct rng *r)
{
	uint64_t which = rng_below(r, COUNT(list->words)), hlc = 1 + rng_below(r, 1000000);
	int64_t from = (int64_t)rng_below(r, 100), until = from + (int64_t)rng_below(r, 100);
	char id[2] = { (char)('a' + which), '\0' };

	apply(s, id, hlc, from, until);
	if (hlc <= list->words[which].hlc)
		return;
	list->words[which].hlc = hlc;
	list->words[which].from = from;
	list->words[which].until = until;
}

static void silences_agree_with_a_naive_list(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 11);
	for (int round = 0; round < 300; round++) {
		scoped(silences_fini) struct silences s;
		struct naive list = { 0 };

		silences_init(&s);
		for (int step = 0; step < 40; step++) {
			int64_t now = (int64_t)rng_below(&r, 250);

			apply_one(&s, &list, &r);
			assert_int_equal(covered(&s, now), naive_covers(&list, now));
			assert_int_equal(silences_change(&s, (struct wall){ now }).ms,
				naive_change(&list, now));
		}
	}
}

struct window_fixture {
	struct tz *zone;
	struct cron begins;
	struct silence_window window;
	struct silences s;
};

static void open_window(struct window_fixture *f, const char *zone, const char *begins, int64_t ms)
{
	f->zone = fixture_zone(zone);
	assert_int_equal(cron_parse(begins, &f->begins, NULL), RC_OK);
	f->window =
		(struct silence_window){ "nightly", "backups run", NULL, &f->begins, f->zone, ms };
	assert_int_equal(parse("site=mumbai", &f->window.matchers, NULL), RC_OK);
	silences_init(&f->s);
	f->s.windows = &f->window;
	f->s.n_windows = 1;
}

static void close_window(struct window_fixture *f)
{
	matchers_free(f->window.matchers);
	silences_fini(&f->s);
	tz_free(f->zone);
}

static void a_window_opens_by_the_clock_on_the_wall_of_its_zone(void **state)
{
	struct window_fixture f;
	struct wall winter, summer;
	const char *why = NULL;

	(void)state;
	open_window(&f, "Europe/Dublin", "0 2 * * *", 2 * HOUR_MS);
	winter = tz_fixture_instant(f.zone, "2026-01-10 02:00");
	summer = tz_fixture_instant(f.zone, "2026-07-10 02:00");
	assert_false(covered(&f.s, winter.ms - 1));
	assert_true(silences_cover(&f.s, winter, immich, COUNT(immich), &why));
	assert_string_equal(why, "backups run");
	assert_true(covered(&f.s, winter.ms + 2 * HOUR_MS - 1));
	assert_false(covered(&f.s, winter.ms + 2 * HOUR_MS));
	assert_true(covered(&f.s, summer.ms));
	assert_int_equal(summer.ms % DAY_MS, HOUR_MS); /* 01:00 UTC */
	assert_int_equal(silences_change(&f.s, winter).ms, winter.ms + 2 * HOUR_MS);
	close_window(&f);
}

static void a_window_keeps_its_length_when_the_clocks_change(void **state)
{
	struct window_fixture f;
	struct wall spring, autumn;

	(void)state;
	/* Dublin 2026: 01:00 becomes 02:00 on 29 March; 02:00 becomes 01:00 on 25 October. */
	open_window(&f, "Europe/Dublin", "30 0 * * *", 2 * HOUR_MS);
	spring = tz_fixture_instant(f.zone, "2026-03-29 00:30");
	autumn = tz_fixture_instant(f.zone, "2026-10-25 00:30");
	for (int minute = -10; minute < 180; minute++) {
		bool is_on = minute >= 0 && minute < 120;

		assert_int_equal(covered(&f.s, spring.ms + minute * MINUTE_MS), is_on);
		assert_int_equal(covered(&f.s, autumn.ms + minute * MINUTE_MS), is_on);
	}
	close_window(&f);
}

static void a_window_in_the_hour_that_is_skipped_opens_after_it(void **state)
{
	struct window_fixture f;
	struct wall after;

	(void)state;
	open_window(&f, "Europe/Dublin", "30 1 * * *", HOUR_MS);
	after = tz_fixture_instant(f.zone, "2026-03-29 02:00");
	assert_false(covered(&f.s, after.ms - 1));
	assert_true(covered(&f.s, after.ms));
	assert_false(covered(&f.s, after.ms + HOUR_MS));
	close_window(&f);
}

static void a_window_longer_than_its_period_never_closes(void **state)
{
	struct window_fixture f;
	struct wall start;

	(void)state;
	open_window(&f, "Asia/Kolkata", "0 0 * * *", 25 * HOUR_MS);
	start = tz_fixture_instant(f.zone, "2026-05-01 00:00");
	for (int hour = 0; hour < 100; hour++)
		assert_true(covered(&f.s, start.ms + hour * HOUR_MS));
	close_window(&f);
}

static void quiet_hours_may_wrap_midnight(void **state)
{
	scoped(tz_free) struct tz *z = fixture_zone("Asia/Kolkata");
	static const struct {
		const char *at;
		bool is_quiet;
	} rows[] = { { "2026-06-01 21:59", false }, { "2026-06-01 22:00", true },
		{ "2026-06-01 23:59", true }, { "2026-06-01 00:00", true },
		{ "2026-06-01 06:29", true }, { "2026-06-01 06:30", false },
		{ "2026-06-01 12:00", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wall t = tz_fixture_instant(z, rows[i].at);

		assert_int_equal(quiet_at(22 * 60, 6 * 60 + 30, z, t), rows[i].is_quiet);
		assert_false(quiet_at(600, 600, z, t)); /* no hours at all */
	}
	assert_int_equal(quiet_ends(22 * 60, 390, z, tz_fixture_instant(z, "2026-06-01 23:00")).ms,
		tz_fixture_instant(z, "2026-06-02 06:30").ms);
}

/* The end is the first instant that isn't quiet, also where the clocks change. */
static void quiet_ends_when_quiet_at_says_so(void **state)
{
	scoped(tz_free) struct tz *z = fixture_zone("Europe/Dublin");
	struct wall around[] = { tz_fixture_instant(z, "2026-03-28 12:00"),
		tz_fixture_instant(z, "2026-10-24 12:00") };
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 2000; i++) {
		uint16_t from = (uint16_t)rng_below(&r, 1440),
			 until = (uint16_t)rng_below(&r, 1440);
		struct wall t = around[i % 2], end;

		t.ms += (int64_t)rng_below(&r, (uint64_t)(2 * DAY_MS));
		end = quiet_ends(from, until, z, t);
		if (!quiet_at(from, until, z, t)) {
			assert_int_equal(end.ms, t.ms);
			continue;
		}
		assert_false(quiet_at(from, until, z, end));
		assert_true(quiet_at(from, until, z, (struct wall){ end.ms - 1 }));
		assert_true(end.ms > t.ms && end.ms - t.ms <= 25 * HOUR_MS);
		for (struct wall at = t; at.ms < end.ms; at.ms += 7 * MINUTE_MS)
			assert_true(quiet_at(from, until, z, at));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_are_alertmanagers),
		cmocka_unit_test(malformed_matchers_are_refused_with_the_place),
		cmocka_unit_test(there_is_a_bound_on_how_many_and_how_long),
		cmocka_unit_test(
			a_pattern_that_takes_too_much_work_silences_nothing_and_costs_it_once),
		cmocka_unit_test(a_label_that_no_check_has_is_named),
		cmocka_unit_test(a_silence_covers_from_its_beginning_until_just_before_its_end),
		cmocka_unit_test(the_newest_word_on_a_silence_wins_in_whatever_order_it_comes),
		cmocka_unit_test(malformed_matchers_leave_what_was_known),
		cmocka_unit_test(what_ended_a_day_ago_is_forgotten),
		cmocka_unit_test(beyond_the_bound_those_that_end_first_give_way),
		cmocka_unit_test(silences_agree_with_a_naive_list),
		cmocka_unit_test(a_window_opens_by_the_clock_on_the_wall_of_its_zone),
		cmocka_unit_test(a_window_keeps_its_length_when_the_clocks_change),
		cmocka_unit_test(a_window_in_the_hour_that_is_skipped_opens_after_it),
		cmocka_unit_test(a_window_longer_than_its_period_never_closes),
		cmocka_unit_test(quiet_hours_may_wrap_midnight),
		cmocka_unit_test(quiet_ends_when_quiet_at_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
