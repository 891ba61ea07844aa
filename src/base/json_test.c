/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>

static void nested_values_get_their_commas(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	(void)state;
	json_begin(&w, &out);
	json_object_open(&w, NULL);
	json_text(&w, "name", "immich");
	json_array_open(&w, "from");
	json_text(&w, NULL, "dublin");
	json_text(&w, NULL, NULL);
	json_object_open(&w, NULL);
	json_close(&w);
	json_array_open(&w, NULL);
	json_close(&w);
	json_close(&w);
	json_int(&w, "n", INT64_MIN);
	json_bool(&w, "ok", true);
	json_bool(&w, "paused", false);
	json_raw(&w, "raw", "[1]");
	json_textn(&w, "part", "partial", 4);
	json_close(&w);
	assert_string_equal(str_c(&out),
		"{\"name\":\"immich\",\"from\":[\"dublin\",null,{},[]],\"n\":-9223372036854775808,"
		"\"ok\":true,\"paused\":false,\"raw\":[1],\"part\":\"part\"}");
}

static void assert_text_becomes(const char *text, size_t n, const char *json)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &out);
	json_textn(&w, NULL, text, n);
	assert_string_equal(str_c(&out), json);
}

static void only_what_must_be_escaped_is(void **state)
{
	(void)state;
	assert_text_becomes("", 0, "\"\"");
	assert_text_becomes("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
	assert_text_becomes("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
	assert_text_becomes("\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\"");
	assert_text_becomes("é ∞ 🏠", 11, "\"é ∞ 🏠\"");
}

static void a_key_is_escaped_like_a_value(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	(void)state;
	json_begin(&w, &out);
	json_object_open(&w, NULL);
	json_int(&w, "a\"\n", 1);
	json_close(&w);
	assert_string_equal(str_c(&out), "{\"a\\\"\\n\":1}");
}

#define FFFD "\xef\xbf\xbd"

static void what_is_not_utf8_becomes_the_replacement_character(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "\x80", "\"" FFFD "\"" },                            /* stray continuation */
		{ "\xff!", "\"" FFFD "!\"" },                          /* never a lead */
		{ "\xc0\xaf", "\"" FFFD FFFD "\"" },                   /* overlong */
		{ "\xe0\x80\xaf", "\"" FFFD FFFD FFFD "\"" },          /* overlong */
		{ "\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"" },          /* surrogate */
		{ "\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"" }, /* above U+10FFFF */
		{ "\xe2\x82", "\"" FFFD "\"" },                        /* cut short: one mark */
		{ "\xf0\x9f\x8f!", "\"" FFFD "!\"" },
		{ "\xe2\x82\"", "\"" FFFD "\\\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_text_becomes(rows[i].text, strlen(rows[i].text), rows[i].json);
	assert_text_becomes("a\0b", 3, "\"a" FFFD "b\"");
}

static void assert_double_becomes(double value, const char *json)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &out);
	json_double(&w, NULL, value);
	assert_string_equal(str_c(&out), json);
}

static void a_number_is_as_short_as_it_can_be_read_back(void **state)
{
	(void)state;
	assert_double_becomes(0, "0");
	assert_double_becomes(1, "1");
	assert_double_becomes(-0.5, "-0.5");
	assert_double_becomes(0.1, "0.1");
	assert_double_becomes(0.1 + 0.2, "0.30000000000000004");
	assert_double_becomes(1.0 / 3, "0.3333333333333333");
	assert_double_becomes(1e22, "1e+22");
	assert_double_becomes(1.7976931348623157e308, "1.7976931348623157e+308");
	assert_double_becomes(5e-324, "4.94065645841247e-324");
}

static void what_is_no_number_is_null(void **state)
{
	(void)state;
	assert_double_becomes(NAN, "null");
	assert_double_becomes(INFINITY, "null");
	assert_double_becomes(-INFINITY, "null");
}

static void a_time_is_rfc3339_and_none_is_null(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	(void)state;
	json_begin(&w, &out);
	json_array_open(&w, NULL);
	json_time(&w, NULL, (struct wall){ 1795371021123 });
	json_time(&w, NULL, (struct wall){ 0 });
	json_close(&w);
	assert_string_equal(str_c(&out), "[\"2026-11-22T18:10:21.123Z\",null]");
}

static void a_full_buffer_is_marked_and_does_no_harm(void **state)
{
	scoped(str_fini) struct str out = { .limit_bytes = 8 };
	struct json_out w;

	(void)state;
	json_begin(&w, &out);
	json_array_open(&w, NULL);
	json_text(&w, NULL, "far too long a text");
	json_close(&w);
	assert_true(out.is_cut);
	assert_true(out.len <= 8);
}

static void assert_refused(const char *text, size_t n, const char *why)
{
	json_t *value = NULL;
	struct err e = { 0 };

	assert_int_equal(json_read(&value, text, n, &e), RC_INPUT);
	assert_null(value);
	if (!strstr(e.text, why))
		fail_msg("'%s' is not in '%s'", why, e.text);
}

static void a_duplicate_key_is_refused_with_its_place(void **state)
{
	static const char text[] = "{\"a\": 1,\n \"b\": 2, \"a\": 3}";

	(void)state;
	assert_refused(text, strlen(text), "line 2, column 12: duplicate object key");
}

static void a_nul_byte_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused("[1]\0", 4, "line 1, column 4: NUL byte");
	assert_refused("[\n\"a\0b\"]", 8, "line 2, column 3: NUL byte");
	assert_refused("[\"\\\0\"]", 6, "NUL byte");
	assert_refused("[\"\\u0000\"]", 10, "line 1");
}

static bool reads_as_jansson(const char *text, size_t n)
{
	scoped(json_decref) json_t *read = NULL;
	scoped(json_decref) json_t *value =
		json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	if (json_read(&read, text, n, NULL) != RC_OK)
		return !value || memchr(text, '\0', n); /* with which jansson may end */
	return value && json_equal(read, value);
}

static void what_is_read_is_what_jansson_reads(void **state)
{
	static const char good[] =
		"{\"a\":\"x\\n\303\274\",\"b\":[-12,0, {\"a\":true}],\"c\":null,\"d\":1.5e3}";
	static const char bytes[] = "\"\\{}[],: 0-19.eEuntfa/\001\037\177\200\303\274\377";
	char text[sizeof good];
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 100000; i++) {
		size_t n = sizeof good - 1 - rng_below(&r, 8);

		memcpy(text, good, sizeof good);
		for (uint64_t changes = rng_below(&r, 4); changes > 0; changes--)
			text[rng_below(&r, n)] = bytes[rng_below(&r, sizeof bytes)];
		assert_true(reads_as_jansson(text, n));
	}
}

static void what_follows_the_value_is_refused(void **state)
{
	(void)state;
	assert_refused("{} {}", 5, "line 1, column 4: end of file expected");
	assert_refused("1 x", 3, "line 1, column 3: end of file expected");
}

static void malformed_text_is_refused_with_line_and_column(void **state)
{
	static const char *const texts[] = { "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}",
		"'a'", "nul", "01", "+1", ".5", "1.", "1e", "0x1", "NaN", "\"\t\"", "\"\\x\"",
		"\"\\ud800\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\xef\xbb\xbf{}", "/**/1", "[1}",
		"\"a", "1e400", "9223372036854775808", "\"\\" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], strlen(texts[i]), ", column ");
}

static void nesting_is_read_down_to_the_limit_and_no_further(void **state)
{
	char text[2 * (JSON_DEPTH_MAX + 1)];
	const size_t deep = JSON_DEPTH_MAX;
	scoped(json_decref) json_t *value = NULL;

	(void)state;
	memset(text, '[', deep);
	memset(text + deep, ']', deep);
	assert_int_equal(json_read(&value, text, 2 * deep, NULL), RC_OK);
	memset(text, '[', deep + 1);
	memset(text + deep + 1, ']', deep + 1);
	assert_refused(text, 2 * (deep + 1), "line 1, column 33: nested more than 32 deep");
}

static void brackets_in_strings_and_side_by_side_are_not_depth(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_decref) json_t *value = NULL;

	(void)state;
	str_add(&text, "[\"\\\"");
	for (int i = 0; i < 100; i++)
		str_add(&text, "[{");
	str_add(&text, "\\\\\"");
	for (int i = 0; i < 100; i++)
		str_add(&text, ",[{}]");
	str_add(&text, "]");
	assert_int_equal(json_read(&value, text.s, text.len, NULL), RC_OK);
	assert_int_equal(json_array_size(value), 101);
}

static void a_member_that_is_absent_or_of_another_type_has_its_default(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"i\":7,\"r\":7.5,\"t\":true,\"f\":false,"
				   "\"at\":\"2026-11-22T18:10:21.123Z\",\"z\":null}";
	scoped(json_decref) json_t *o = NULL;

	(void)state;
	assert_int_equal(json_read(&o, text, strlen(text), NULL), RC_OK);
	assert_string_equal(json_get_text(o, "s", "d"), "x");
	assert_string_equal(json_get_text(o, "i", "d"), "d");
	assert_string_equal(json_get_text(o, "absent", "d"), "d");
	assert_null(json_get_text(o, "z", NULL));
	assert_int_equal(json_get_int(o, "i", -1), 7);
	assert_int_equal(json_get_int(o, "r", -1), -1);
	assert_int_equal(json_get_int(o, "s", -1), -1);
	assert_true(json_get_bool(o, "t", false));
	assert_false(json_get_bool(o, "f", true));
	assert_true(json_get_bool(o, "i", true));
	assert_int_equal(json_get_time(o, "at").ms, 1795371021123);
	assert_int_equal(json_get_time(o, "s").ms, 0);
	assert_int_equal(json_get_time(o, "absent").ms, 0);
	assert_int_equal(json_get_int(NULL, "i", -1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_values_get_their_commas),
		cmocka_unit_test(only_what_must_be_escaped_is),
		cmocka_unit_test(a_key_is_escaped_like_a_value),
		cmocka_unit_test(what_is_not_utf8_becomes_the_replacement_character),
		cmocka_unit_test(a_number_is_as_short_as_it_can_be_read_back),
		cmocka_unit_test(what_is_no_number_is_null),
		cmocka_unit_test(a_time_is_rfc3339_and_none_is_null),
		cmocka_unit_test(a_full_buffer_is_marked_and_does_no_harm),
		cmocka_unit_test(a_duplicate_key_is_refused_with_its_place),
		cmocka_unit_test(a_nul_byte_is_refused_with_its_place),
		cmocka_unit_test(what_follows_the_value_is_refused),
		cmocka_unit_test(malformed_text_is_refused_with_line_and_column),
		cmocka_unit_test(what_is_read_is_what_jansson_reads),
		cmocka_unit_test(nesting_is_read_down_to_the_limit_and_no_further),
		cmocka_unit_test(brackets_in_strings_and_side_by_side_are_not_depth),
		cmocka_unit_test(a_member_that_is_absent_or_of_another_type_has_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
