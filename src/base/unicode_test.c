/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unicode.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the two above */
#include <cmocka.h>

static void letters_change_case_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(unicode_upper('a'), 'A');
	assert_int_equal(unicode_upper(0xe9), 0xc9);
	assert_int_equal(unicode_lower(0x130), 'i');
	assert_int_equal(unicode_upper(0x1f80), 0x1f88);
	assert_int_equal(unicode_upper(0xdf), 0xdf);
	assert_int_equal(unicode_upper(0x1c6), 0x1c4); /* dž */
	assert_int_equal(unicode_title(0x1c6), 0x1c5);
	assert_int_equal(unicode_lower(0x10400), 0x10428);
	assert_int_equal(unicode_upper(0x17f), 'S');
	assert_int_equal(unicode_lower('1'), '1');
}

static void kinds_are_told_apart(void **state)
{
	(void)state;
	assert_true(unicode_is_letter(0x4e00) && unicode_is_letter('z') && unicode_is_letter(0xaa));
	assert_false(unicode_is_letter('_') || unicode_is_letter(0x300) || unicode_is_letter('['));
	assert_true(unicode_is_digit('7') && unicode_is_digit(0x0665));
	assert_false(unicode_is_digit(0xb2));
	assert_true(unicode_is_mark(0x301));
	assert_true(unicode_is_printable(' ') && unicode_is_printable(0x20ac));
	assert_false(unicode_is_printable(0xa0) || unicode_is_printable(0x7f) ||
		     unicode_is_printable(0xe000) || unicode_is_printable(0x10ffff));
}

static void what_is_no_utf8_is_taken_byte_by_byte(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
				   "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82";
	uint32_t c[32];
	size_t n = 0, bytes;

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i += bytes)
		c[n++] = utf8_decode(text + i, sizeof text - 1 - i, &bytes);
	assert_int_equal(n, 4 + 2 + 3 + 4 + 2);
	assert_int_equal(c[0], 'a');
	assert_int_equal(c[1], 0xe9);
	assert_int_equal(c[2], 0x20ac);
	assert_int_equal(c[3], 0x1f600);
	for (size_t i = 4; i < n; i++)
		assert_int_equal(c[i], UNICODE_REPLACEMENT);
	assert_int_equal(utf8_count(text, sizeof text - 1), n);
}

static void every_character_survives_encoding(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= UNICODE_MAX; c += c < 0x3000 ? 1 : 257) {
		char text[UTF8_BYTES_MAX];
		size_t n = utf8_encode(c, text), bytes;
		bool is_surrogate = c >= 0xd800 && c <= 0xdfff;

		assert_int_equal(utf8_decode(text, n, &bytes),
			is_surrogate ? UNICODE_REPLACEMENT : c);
		assert_int_equal(bytes, n);
		assert_true(c == 0 || utf8_valid(text, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_change_case_one_by_one),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(what_is_no_utf8_is_taken_byte_by_byte),
		cmocka_unit_test(every_character_survives_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
