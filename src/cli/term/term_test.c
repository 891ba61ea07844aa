/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz_bytes.h"
#include "cli/term/moment.h"
#include "cli/term/table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- text */

static void assert_clean(const char *text, const char *wanted)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	text_add_clean(&out, text);
	assert_string_equal(str_c(&out), wanted);
}

static void what_drives_a_terminal_is_taken_out(void **state)
{
	(void)state;
	assert_clean("plain 写真 é 🏠", "plain 写真 é 🏠");
	assert_clean("a\x1b[31mb\x07", "a?[31mb?");
	assert_clean("two\nlines\tand\rmore", "two lines and more");
	assert_clean("c1: \xc2\x9b[2J", "c1: ?[2J");
	assert_clean("bidi \xe2\x80\xae txt", "bidi ? txt");
	assert_clean("\x7f", "?");
}

static void what_is_not_utf8_is_shown_as_such(void **state)
{
	(void)state;
	assert_clean("a\xff"
		     "b",
		"a?b");
	assert_clean("cut \xe5\x86", "cut ??");
	assert_clean("surrogate \xed\xa0\x80.", "surrogate ???.");
	assert_clean("overlong \xc0\xaf.", "overlong ??.");
}

static void width_counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("dublin"), 6);
	assert_int_equal(text_width("é"), 1);
	assert_int_equal(text_width("e\xcc\x81"), 1); /* with a combining accent */
	assert_int_equal(text_width("写真"), 4);
	assert_int_equal(text_width("🏠"), 2);
}

static void assert_cut(const char *text, size_t columns, const char *wanted)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	size_t used = text_add_cut(&out, text, columns, "…");

	assert_string_equal(str_c(&out), wanted);
	assert_int_equal(used, text_width(wanted));
	assert_true(used <= columns);
}

static void a_cut_text_ends_in_an_ellipsis_and_keeps_characters_whole(void **state)
{
	(void)state;
	assert_cut("dublin", 6, "dublin");
	assert_cut("dublin", 5, "dubl…");
	assert_cut("HTTP 502, wanted 200", 10, "HTTP 502,…");
	assert_cut("HTTP 502", 6, "HTTP…"); /* not "HTTP …" */
	assert_cut("写真です", 4, "写…");
	assert_cut("写真です", 3, "写…");
	assert_cut("写真です", 2, "…");
	assert_cut("e\xcc\x81"
		   "e\xcc\x81"
		   "e\xcc\x81",
		2, "e\xcc\x81…");
	assert_cut("abc", 1, "…");
	assert_cut("abc", 0, "");
}

static void assert_wrapped(const char *text, size_t columns, const char *wanted)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	for (const char *s = text; *s;) {
		size_t next, n = text_wrap(s, columns, &next);

		assert_true(next > 0);
		str_addn(&out, s, n);
		str_addc(&out, '|');
		s += next;
	}
	assert_string_equal(str_c(&out), wanted);
}

static void lines_break_at_spaces_and_else_inside_a_word(void **state)
{
	(void)state;
	assert_wrapped("one two three", 7, "one two|three|");
	assert_wrapped("one two three", 8, "one two|three|");
	assert_wrapped("one two three", 13, "one two three|");
	assert_wrapped("https://example.net/a", 8, "https://|example.|net/a|");
	assert_wrapped("a https://example.net", 8, "a|https://|example.|net|");
	assert_wrapped("写真です", 4, "写真|です|");
	assert_wrapped("写", 1, "写|"); /* wider than the line, but it must go somewhere */
	assert_wrapped("end.  Next", 6, "end.|Next|");
}

static void json_for_a_terminal_escapes_what_would_drive_it(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	text_add_json(&out, "{\"a\":\"\xc2\x9b[2J é \xe2\x80\xae\x7f\"}");
	assert_string_equal(str_c(&out), "{\"a\":\"\\u009b[2J é \\u202e\\u007f\"}");
}

/* ---- tables */

static void fill(struct table *t)
{
	static const char *const heads[] = { "STATE", "!CHECK", "FOR", "WHY", NULL };
	static const char *const cells[] = { "failing", "immich", "4 min", "HTTP 502, wanted 200",
		"silent", "写真-export", "14 h", "", "ok", "a-name-that-is-rather-long", "3 d",
		"é" };

	table_init(t, heads);
	for (size_t i = 0; i < COUNT(cells); i++)
		table_cell(t, STYLE_PLAIN, cells[i]);
}

static void assert_table(uint32_t width, const char *wanted)
{
	scoped(page_fini) struct page p = { .term = { .width = width, .has_utf8 = true } };
	scoped(table_fini) struct table t = { 0 };

	fill(&t);
	table_print(&t, &p, 1);
	assert_string_equal(str_c(&p.out), wanted);
}

static void columns_are_aligned_by_what_they_take_on_the_screen(void **state)
{
	(void)state;
	assert_table(0, " STATE    CHECK                       FOR    WHY\n"
			" failing  immich                      4 min  HTTP 502, wanted 200\n"
			" silent   写真-export                 14 h\n"
			" ok       a-name-that-is-rather-long  3 d    é\n");
}

static void the_right_column_is_cut_and_names_last(void **state)
{
	(void)state;
	assert_table(60, " STATE    CHECK                       FOR    WHY\n"
			 " failing  immich                      4 min  HTTP 502, want…\n"
			 " silent   写真-export                 14 h\n"
			 " ok       a-name-that-is-rather-long  3 d    é\n");
	assert_table(40, " STATE    CHECK          FOR    WHY\n"
			 " failing  immich         4 min  HTTP 50…\n"
			 " silent   写真-export    14 h\n"
			 " ok       a-name-that-…  3 d    é\n");
}

static void a_table_without_headings_has_no_line_for_them(void **state)
{
	scoped(page_fini) struct page p = { .term = { .width = 80 } };
	scoped(table_fini) struct table t = { 0 };

	(void)state;
	table_init(&t, (const char *const[]){ "", "", NULL });
	table_cell(&t, STYLE_PLAIN, "a");
	table_cellf(&t, STYLE_PLAIN, "%d", 7);
	table_print(&t, &p, 0);
	assert_string_equal(str_c(&p.out), "a  7\n");
}

/* ---- pages */

static void styles_vanish_without_colour(void **state)
{
	scoped(page_fini) struct page with = { .term = { .has_colour = true } };
	scoped(page_fini) struct page without = { .term = { .has_colour = false } };

	(void)state;
	page_add(&with, STYLE_BAD, "failing");
	page_add(&with, STYLE_PLAIN, " so");
	page_add(&with, STYLE_BAD, "");
	page_add(&without, STYLE_BAD, "failing");
	assert_string_equal(str_c(&with.out), "\033[1;31mfailing\033[0m so");
	assert_string_equal(str_c(&without.out), "failing");
}

static void a_paragraph_goes_on_under_its_beginning(void **state)
{
	scoped(page_fini) struct page p = { .term = { .width = 44, .has_colour = true } };

	(void)state;
	page_add(&p, STYLE_BAD, "failing: ");
	page_wrap(&p, STYLE_PLAIN, 9, "the name has no address, says the resolver");
	assert_string_equal(str_c(&p.out),
		"\033[1;31mfailing: \033[0mthe name has no address, says the\n"
		"         resolver\n");
}

static void a_paragraph_that_would_be_too_narrow_gets_lines_of_its_own(void **state)
{
	scoped(page_fini) struct page p = { .term = { .width = 40 } };

	(void)state;
	page_add(&p, STYLE_PLAIN, "18:01:02  mumbai    config  ");
	page_wrap(&p, STYLE_PLAIN, 28, "mumbai runs lab.yaml abc1234");
	assert_string_equal(str_c(&p.out), "18:01:02  mumbai    config\n"
					   "    mumbai runs lab.yaml abc1234\n");
}

static void a_full_disk_is_reported_not_swallowed(void **state)
{
	scoped(page_fini) struct page p = { 0 };
	int fd = open("/dev/full", O_WRONLY);
	struct err e = { 0 };

	(void)state;
	if (fd < 0)
		skip();
	page_add(&p, STYLE_PLAIN, "x");
	assert_int_equal(page_flush(&p, fd, &e), RC_IO);
	assert_non_null(strstr(e.text, "No space left"));
	close(fd);
}

/* ---- the terminal itself */

static struct term look(enum colour_wish wish)
{
	struct term t = { 0 };
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	term_look(&t, pipes[1], wish);
	close(pipes[0]);
	close(pipes[1]);
	return t;
}

static void a_pipe_has_no_width_and_no_colours_unless_asked_for(void **state)
{
	(void)state;
	setenv("COLUMNS", "120", 1);
	assert_int_equal(look(COLOUR_AUTO).width, 0);
	assert_false(look(COLOUR_AUTO).has_colour);
	assert_false(look(COLOUR_NEVER).has_colour);
	assert_true(look(COLOUR_ALWAYS).has_colour);
	unsetenv("COLUMNS");
}

/* A pseudo-terminal, opened; skips where there is none. */
static struct term look_at_terminal(void)
{
	struct term t = { 0 };
	int fd = posix_openpt(O_RDWR | O_NOCTTY), side;

	if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0)
		skip();
	side = open(ptsname(fd), O_RDWR | O_NOCTTY);
	if (side < 0)
		skip();
	term_look(&t, side, COLOUR_AUTO);
	close(side);
	close(fd);
	return t;
}

static void colours_on_a_terminal_honour_no_color_and_dumb(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(look_at_terminal().has_colour);
	setenv("NO_COLOR", "1", 1);
	assert_false(look_at_terminal().has_colour);
	setenv("NO_COLOR", "", 1); /* empty counts as unset */
	assert_true(look_at_terminal().has_colour);
	setenv("TERM", "dumb", 1);
	assert_false(look_at_terminal().has_colour);
}

static void the_width_is_columns_or_the_terminals_or_80(void **state)
{
	(void)state;
	unsetenv("COLUMNS");
	assert_int_equal(look_at_terminal().width, 80); /* a new pseudo-terminal says 0 */
	setenv("COLUMNS", "132", 1);
	assert_int_equal(look_at_terminal().width, 132);
	setenv("COLUMNS", "3", 1);
	assert_int_equal(look_at_terminal().width, TERM_WIDTH_MIN);
	setenv("COLUMNS", "lots", 1);
	assert_int_equal(look_at_terminal().width, 80);
	unsetenv("COLUMNS");
}

static void utf8_is_known_from_the_first_variable_that_is_set(void **state)
{
	(void)state;
	setenv("LC_ALL", "", 1);
	setenv("LC_CTYPE", "C", 1);
	setenv("LANG", "en_IE.UTF-8", 1);
	assert_false(look(COLOUR_AUTO).has_utf8);
	setenv("LC_CTYPE", "en_IE.utf8", 1);
	assert_true(look(COLOUR_AUTO).has_utf8);
	setenv("LC_ALL", "C", 1);
	assert_false(look(COLOUR_AUTO).has_utf8);
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	assert_false(look(COLOUR_AUTO).has_utf8);
}

/* ---- moments */

static struct wall at(const char *text)
{
	struct wall t;

	assert_int_equal(wall_parse(text, &t, NULL), RC_OK);
	return t;
}

static void assert_ago(int64_t ms, const char *wanted)
{
	struct wall now = at("2026-11-23T18:08:23Z");
	char text[MOMENT_TEXT_MAX];

	assert_string_equal(moment_ago((struct wall){ now.ms - ms }, now, text), wanted);
}

static void ages_are_as_precise_as_one_cares_to_know(void **state)
{
	(void)state;
	assert_ago(0, "just now");
	assert_ago(999, "just now");
	assert_ago(1999, "1 s ago");
	assert_ago(59 * SECOND_MS, "59 s ago");
	assert_ago(4 * MINUTE_MS + 59 * SECOND_MS, "4 min ago");
	assert_ago(HOUR_MS, "1 h ago");
	assert_ago(HOUR_MS + 59 * MINUTE_MS, "1 h 59 min ago");
	assert_ago(14 * HOUR_MS + 8 * MINUTE_MS, "14 h ago");
	assert_ago(DAY_MS + 15 * HOUR_MS, "1 d 15 h ago");
	assert_ago(12 * DAY_MS + 5 * HOUR_MS, "12 d ago");
	assert_ago(-2 * HOUR_MS, "in 2 h");
	assert_ago(-90 * SECOND_MS, "in 1 min");
}

static void what_has_lasted_no_second_has_lasted_none(void **state)
{
	struct wall now = at("2026-11-23T18:08:23Z");
	char text[MOMENT_TEXT_MAX];

	(void)state;
	assert_string_equal(moment_since(now, now, text), "0 s");
	assert_string_equal(moment_since((struct wall){ now.ms - 61 * SECOND_MS }, now, text),
		"1 min");
	assert_string_equal(moment_since((struct wall){ now.ms + 5000 }, now, text), "0 s");
}

static void what_never_was_is_never(void **state)
{
	char text[MOMENT_TEXT_MAX];
	struct term t = { .now = at("2026-11-23T18:08:23Z") };

	(void)state;
	assert_string_equal(moment_ago((struct wall){ 0 }, t.now, text), "never");
	assert_string_equal(moment_text(&t, (struct wall){ 0 }, text), "never");
}

static struct tz *dublin(void)
{
	return tz_of("Test/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1");
}

static void times_are_as_long_as_needed(void **state)
{
	scoped(tz_free) struct tz *zone = dublin();
	struct term t = { .now = at("2026-11-23T18:08:23Z"), .zone = zone };
	char text[MOMENT_TEXT_MAX];

	(void)state;
	assert_string_equal(moment_text(&t, at("2026-11-23T01:02:03Z"), text), "01:02:03 GMT");
	assert_string_equal(moment_text(&t, at("2026-11-22T23:59:00Z"), text),
		"Sun 22 Nov 23:59 GMT");
	assert_string_equal(moment_text(&t, at("2026-07-01T12:00:00Z"), text),
		"Wed 1 Jul 13:00 IST");
	assert_string_equal(moment_text(&t, at("2025-12-31T12:00:00Z"), text),
		"2025-12-31 12:00 GMT");
	assert_string_equal(moment_day(&t, at("2026-07-01T23:30:00Z"), text),
		"Thursday 2 July 2026");
	assert_string_equal(moment_clock(&t, at("2026-07-01T23:30:05Z"), text), "00:30:05");
	assert_string_equal(moment_stamp(&t, at("2026-07-01T23:30:05Z"), text),
		"2026-07-02T00:30:05+01:00");
}

static void assert_parsed(const char *typed, enum moment_side side, const char *wanted)
{
	scoped(tz_free) struct tz *zone = dublin();
	struct term t = { .now = at("2026-07-15T12:00:00Z"), .zone = zone }; /* 13:00 there */
	struct wall got;
	struct err e;

	if (moment_parse(&t, typed, side, &got, &e) != RC_OK)
		fail_msg("'%s': %s", typed, e.text);
	assert_int_equal(got.ms, at(wanted).ms);
}

static void typed_times_are_understood(void **state)
{
	(void)state;
	assert_parsed("2h", MOMENT_PAST, "2026-07-15T10:00:00Z");
	assert_parsed("2h", MOMENT_FUTURE, "2026-07-15T14:00:00Z");
	assert_parsed("2026-07-01T10:00:00Z", MOMENT_PAST, "2026-07-01T10:00:00Z");
	assert_parsed("2026-07-01", MOMENT_PAST, "2026-06-30T23:00:00Z");
	assert_parsed("2026-07-01 18:30", MOMENT_PAST, "2026-07-01T17:30:00Z");
	assert_parsed("2026-07-01T18:30:15", MOMENT_PAST, "2026-07-01T17:30:15Z");
	assert_parsed("2026-01-01 18:30", MOMENT_PAST, "2026-01-01T18:30:00Z");
	assert_parsed("yesterday", MOMENT_PAST, "2026-07-13T23:00:00Z");
	assert_parsed("today", MOMENT_PAST, "2026-07-14T23:00:00Z");
	assert_parsed("tomorrow", MOMENT_FUTURE, "2026-07-15T23:00:00Z");
}

static void a_time_of_day_is_the_nearest_on_its_side(void **state)
{
	(void)state;
	assert_parsed("12:30", MOMENT_PAST, "2026-07-15T11:30:00Z");
	assert_parsed("18:30", MOMENT_PAST, "2026-07-14T17:30:00Z");
	assert_parsed("18:30", MOMENT_FUTURE, "2026-07-15T17:30:00Z");
	assert_parsed("12:30:05", MOMENT_FUTURE, "2026-07-16T11:30:05Z");
}

static void what_is_no_time_is_refused_with_examples(void **state)
{
	static const char *const typed[] = { "", "soon", "25:00", "12:60", "2026-13-01",
		"2026-07-01x", "12:30:", "12:3a", "18", "-2h", "2026-07-01 ", "1:2:3:4" };
	struct term t = { .now = at("2026-07-15T12:00:00Z") };

	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		struct wall got;
		struct err e = { 0 };

		if (moment_parse(&t, typed[i], MOMENT_PAST, &got, &e) != RC_USAGE)
			fail_msg("'%s' was taken for a time", typed[i]);
		assert_non_null(strstr(e.text, "2h"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_drives_a_terminal_is_taken_out),
		cmocka_unit_test(what_is_not_utf8_is_shown_as_such),
		cmocka_unit_test(width_counts_columns_not_bytes),
		cmocka_unit_test(a_cut_text_ends_in_an_ellipsis_and_keeps_characters_whole),
		cmocka_unit_test(lines_break_at_spaces_and_else_inside_a_word),
		cmocka_unit_test(json_for_a_terminal_escapes_what_would_drive_it),
		cmocka_unit_test(columns_are_aligned_by_what_they_take_on_the_screen),
		cmocka_unit_test(the_right_column_is_cut_and_names_last),
		cmocka_unit_test(a_table_without_headings_has_no_line_for_them),
		cmocka_unit_test(styles_vanish_without_colour),
		cmocka_unit_test(a_paragraph_goes_on_under_its_beginning),
		cmocka_unit_test(a_paragraph_that_would_be_too_narrow_gets_lines_of_its_own),
		cmocka_unit_test(a_full_disk_is_reported_not_swallowed),
		cmocka_unit_test(a_pipe_has_no_width_and_no_colours_unless_asked_for),
		cmocka_unit_test(colours_on_a_terminal_honour_no_color_and_dumb),
		cmocka_unit_test(the_width_is_columns_or_the_terminals_or_80),
		cmocka_unit_test(utf8_is_known_from_the_first_variable_that_is_set),
		cmocka_unit_test(ages_are_as_precise_as_one_cares_to_know),
		cmocka_unit_test(what_has_lasted_no_second_has_lasted_none),
		cmocka_unit_test(what_never_was_is_never),
		cmocka_unit_test(times_are_as_long_as_needed),
		cmocka_unit_test(typed_times_are_understood),
		cmocka_unit_test(a_time_of_day_is_the_nearest_on_its_side),
		cmocka_unit_test(what_is_no_time_is_refused_with_examples),
	};

	return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
