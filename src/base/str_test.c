/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_unwritten_string_reads_as_empty(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	scoped(mem_free) char *taken = NULL;

	(void)unused;
	assert_string_equal(str_c(&s), "");
	str_clear(&s);
	str_consume(&s, 0);
	taken = str_take(&s);
	assert_string_equal(taken, "");
}

static void pieces_add_up(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	(void)unused;
	str_add(&s, "nas");
	str_addc(&s, '-');
	str_addn(&s, "dublin-and-more", 6);
	str_addf(&s, ":%d", 7443);
	assert_string_equal(str_c(&s), "nas-dublin:7443");
	assert_int_equal(s.len, strlen("nas-dublin:7443"));
	assert_false(s.is_cut);
}

static void a_string_may_hold_any_bytes(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	(void)unused;
	str_addn(&s, "a\0b", 3);
	str_addc(&s, '\0');
	assert_int_equal(s.len, 4);
	assert_memory_equal(s.s, "a\0b\0", 5);
}

static void formatting_grows_at_every_length(void **unused)
{
	(void)unused;
	for (int length = 0; length < 300; length++) {
		scoped(str_fini) struct str s = STR_EMPTY;

		str_add(&s, "x");
		str_addf(&s, "%*s", length, "");
		assert_int_equal(s.len, 1 + length);
		assert_int_equal(strlen(s.s), s.len);
		assert_true(s.cap > s.len);
	}
}

static void a_string_keeps_its_bytes_while_it_grows_by_megabytes(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	scoped(mem_free) char *taken = NULL;
	char line[1000];

	(void)unused;
	for (int i = 0; i < 9000; i++) {
		memset(line, 'a' + i % 26, sizeof line);
		str_addn(&s, line, sizeof line);
	}
	assert_int_equal(s.len, 9000 * sizeof line);
	for (int i = 0; i < 9000; i++) {
		memset(line, 'a' + i % 26, sizeof line);
		assert_memory_equal(s.s + i * sizeof line, line, sizeof line);
	}
	taken = str_take(&s); /* free() takes it */
	assert_int_equal(strlen(taken), 9000 * sizeof line);
}

static void what_exceeds_the_limit_is_cut_and_told(void **unused)
{
	(void)unused;
	for (size_t limit = 1; limit <= 200; limit++) {
		scoped(str_fini) struct str added = { .limit_bytes = limit };
		scoped(str_fini) struct str formatted = { .limit_bytes = limit };

		for (int i = 0; i < 10; i++) {
			str_add(&added, "0123456789");
			str_addf(&formatted, "%s", "0123456789");
		}
		assert_int_equal(added.len, limit < 100 ? limit : 100);
		assert_int_equal(added.is_cut, limit < 100);
		assert_string_equal(str_c(&added), str_c(&formatted));
		assert_int_equal(formatted.is_cut, limit < 100);
	}
}

static void a_cleared_string_starts_over_within_its_limit(void **unused)
{
	scoped(str_fini) struct str s = { .limit_bytes = 3 };

	(void)unused;
	str_add(&s, "abcd");
	str_clear(&s);
	assert_string_equal(str_c(&s), "");
	assert_false(s.is_cut);
	str_add(&s, "efgh");
	assert_string_equal(str_c(&s), "efg");
	assert_true(s.is_cut);
}

static void what_is_taken_belongs_to_the_caller(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	scoped(mem_free) char *taken = NULL;

	(void)unused;
	str_add(&s, "mine");
	taken = str_take(&s);
	str_add(&s, "other");
	assert_string_equal(taken, "mine");
	assert_string_equal(str_c(&s), "other");
}

static void consuming_drops_from_the_front(void **unused)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	(void)unused;
	str_add(&s, "frame1frame2");
	str_consume(&s, 6);
	assert_string_equal(str_c(&s), "frame2");
	assert_int_equal(s.len, 6);
	str_consume(&s, 6);
	assert_string_equal(str_c(&s), "");
	assert_int_equal(s.len, 0);
}

static void copying_tells_whether_all_fitted(void **unused)
{
	char small[4] = "zzz";

	(void)unused;
	assert_true(str_copy(small, sizeof small, "abc"));
	assert_string_equal(small, "abc");
	assert_false(str_copy(small, sizeof small, "defg"));
	assert_string_equal(small, "def");
	assert_false(str_copy(small, 0, "x"));
	assert_string_equal(small, "def");
	assert_true(str_copy(small, 1, ""));
	assert_string_equal(small, "");
}

static void a_cut_never_splits_a_character(void **unused)
{
	/* a e-acute euro grinning-face z: 1, 2, 3, 4 and 1 bytes */
	const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };

	(void)unused;
	for (size_t n = 0; n < COUNT(expected); n++)
		assert_int_equal(utf8_cut(text, n), expected[n]);
}

static void only_well_formed_text_is_valid(void **unused)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool is_valid;
	} rows[] = {
		{ "", 0, true },
		{ "plain", 5, true },
		{ "\xc2\x80\xdf\xbf", 4, true },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, true },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true },
		{ "a\0b", 3, false },
		{ "\x80", 1, false }, /* continuation alone */
		{ "\xc3", 1, false }, /* cut short */
		{ "\xe2\x82", 2, false },
		{ "\xf0\x9f\x98", 3, false },
		{ "\xc3\x61", 2, false },
		{ "\xe2\x82\x61", 3, false },
		{ "\xf0\x9f\x98\x61", 4, false },
		{ "\xc0\xaf", 2, false }, /* overlong '/' */
		{ "\xc1\xbf", 2, false },
		{ "\xe0\x9f\xbf", 3, false },
		{ "\xf0\x8f\xbf\xbf", 4, false },
		{ "\xed\xa0\x80", 3, false }, /* surrogate */
		{ "\xed\xbf\xbf", 3, false },
		{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", 4, false },
		{ "\xff", 1, false },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (utf8_valid(rows[i].bytes, rows[i].n) != rows[i].is_valid)
			fail_msg("row %zu is judged wrongly", i);
}

/* Every code point's encoding is valid, and nothing else of up to three bytes is. */
static void exactly_the_code_points_are_valid(void **unused)
{
	size_t n_valid[4] = { 0 };

	(void)unused;
	for (unsigned value = 0; value < 1u << 24; value++) {
		char bytes[3] = { (char)(value >> 16), (char)(value >> 8), (char)value };

		/* Count single characters only: those whose first byte alone is no character. */
		if (value < 0x100)
			n_valid[1] += utf8_valid(bytes + 2, 1);
		if (value < 0x10000 && !utf8_valid(bytes + 1, 1))
			n_valid[2] += utf8_valid(bytes + 1, 2);
		if (!utf8_valid(bytes, 1) && !utf8_valid(bytes, 2))
			n_valid[3] += utf8_valid(bytes, 3);
	}
	assert_int_equal(n_valid[1], 0x7f);
	assert_int_equal(n_valid[2], 0x800 - 0x80);
	assert_int_equal(n_valid[3], 0x10000 - 0x800 - 0x800);
}

static void equality_and_prefix(void **unused)
{
	(void)unused;
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "ab"));
	assert_true(str_starts("dublin", "dub"));
	assert_true(str_starts("dublin", ""));
	assert_false(str_starts("du", "dub"));
}

static void distance_counts_edits(void **unused)
{
	char long_text[66];

	(void)unused;
	assert_int_equal(str_distance("interval", "interval"), 0);
	assert_int_equal(str_distance("intreval", "interval"), 2);
	assert_int_equal(str_distance("kitten", "sitting"), 3);
	assert_int_equal(str_distance("", "abc"), 3);
	assert_int_equal(str_distance("abc", ""), 3);
	assert_int_equal(str_distance("flaw", "lawn"), 2);
	memset(long_text, 'a', 65);
	long_text[65] = '\0';
	assert_int_equal(str_distance(long_text, "a"), SIZE_MAX);
	assert_int_equal(str_distance("a", long_text), SIZE_MAX);
	assert_int_equal(str_distance(long_text + 1, "a"), 63);
}

static void plain_ascii_ends_where_json_writes_something_else(void **state)
{
	char text[40];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 24; at++) {
			bool is_plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

			memset(text, '~', sizeof text);
			text[at] = (char)c;
			assert_int_equal(ascii_plain(text, at), at);
			if (c == 0x7f)
				assert_true(ascii_plain(text, 24) >= at);
			else
				assert_int_equal(ascii_plain(text, 24), is_plain ? 24 : at);
		}
}

static void a_gist_leaves_out_what_numbers_a_text_holds_but_not_that_it_does(void **state)
{
	(void)state;
	assert_true(str_gist("took 12 ms, wanted 5") == str_gist("took 7 ms, wanted 100"));
	assert_true(str_gist("") == str_gist(""));
	assert_false(str_gist("took 12 ms") == str_gist("took ms"));
	assert_false(str_gist("1.2") == str_gist("12"));
	assert_false(str_gist("refused") == str_gist("timed out"));
}

static void what_is_written_into_its_room_is_part_of_it(void **state)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	(void)state;
	memset(str_room(&s, 1000), 'a', 1000);
	str_wrote(&s, 3);
	assert_string_equal(str_c(&s), "aaa");
	s.limit_bytes = 5;
	memcpy(str_room(&s, 4), "bcde", 4);
	str_wrote(&s, 4);
	assert_string_equal(str_c(&s), "aaabc");
	assert_true(s.is_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ascii_ends_where_json_writes_something_else),
		cmocka_unit_test(an_unwritten_string_reads_as_empty),
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(a_string_may_hold_any_bytes),
		cmocka_unit_test(formatting_grows_at_every_length),
		cmocka_unit_test(what_is_written_into_its_room_is_part_of_it),
		cmocka_unit_test(a_string_keeps_its_bytes_while_it_grows_by_megabytes),
		cmocka_unit_test(what_exceeds_the_limit_is_cut_and_told),
		cmocka_unit_test(a_cleared_string_starts_over_within_its_limit),
		cmocka_unit_test(what_is_taken_belongs_to_the_caller),
		cmocka_unit_test(consuming_drops_from_the_front),
		cmocka_unit_test(copying_tells_whether_all_fitted),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(only_well_formed_text_is_valid),
		cmocka_unit_test(exactly_the_code_points_are_valid),
		cmocka_unit_test(equality_and_prefix),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(a_gist_leaves_out_what_numbers_a_text_holds_but_not_that_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
