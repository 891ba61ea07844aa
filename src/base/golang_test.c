/* SPDX-License-Identifier: Apache-2.0 */
#include "base/golang.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
/* after the three above */
#include <cmocka.h>

static void numbers_are_written_as_strconv_writes_them(void **state)
{
	/* strconv's own ftoa_test.go has these cases. */
	static const struct {
		double v;
		char verb;
		int precision;
		const char *text;
	} cases[] = {
		{ 1, 'e', 5, "1.00000e+00" },
		{ 1, 'f', 5, "1.00000" },
		{ 1, 'g', 5, "1" },
		{ 1, 'g', -1, "1" },
		{ 1, 'x', -1, "0x1p+00" },
		{ 1, 'x', 5, "0x1.00000p+00" },
		{ 20, 'g', -1, "20" },
		{ 20, 'x', -1, "0x1.4p+04" },
		{ 1234567.8, 'g', -1, "1.2345678e+06" },
		{ 200000, 'g', -1, "200000" },
		{ 2000000, 'g', -1, "2e+06" },
		{ 1e10, 'f', -1, "10000000000" },
		{ 400, 'g', 2, "4e+02" },
		{ 40, 'g', 2, "40" },
		{ 2.275555555555555, 'x', -1, "0x1.23456789abcdep+01" },
		{ 2.275555555555555, 'x', 0, "0x1p+01" },
		{ 2.275555555555555, 'x', 2, "0x1.23p+01" },
		{ 0, 'e', 5, "0.00000e+00" },
		{ 0, 'g', -1, "0" },
		{ -0.0, 'g', -1, "-0" },
		{ 0, 'x', 5, "0x0.00000p+00" },
		{ -1, 'g', 5, "-1" },
		{ 12, 'e', -1, "1.2e+01" },
		{ 123456700, 'e', -1, "1.234567e+08" },
		{ 0.000123, 'g', -1, "0.000123" },
		{ 0.0000123, 'g', -1, "1.23e-05" },
		{ 0.000123, 'f', -1, "0.000123" },
		{ 5e-324, 'g', -1, "5e-324" },
		{ 2.2250738585072012e-308, 'g', -1, "2.2250738585072014e-308" },
		{ 2.2250738585072011e-308, 'g', -1, "2.225073858507201e-308" },
		{ 1.7976931348623157e308, 'g', -1, "1.7976931348623157e+308" },
		{ 0.1, 'g', -1, "0.1" },
		{ 0.30000000000000004, 'g', -1, "0.30000000000000004" },
		{ 383260575764816448, 'f', 0, "383260575764816448" },
		{ 383260575764816448, 'g', 17, "3.8326057576481645e+17" },
		{ 2.5, 'f', 0, "2" },
		{ 1, 'b', -1, "4503599627370496p-52" },
		{ NAN, 'g', -1, "NaN" },
		{ INFINITY, 'g', -1, "+Inf" },
		{ -INFINITY, 'f', 3, "-Inf" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(str_fini) struct str out = STR_EMPTY;

		go_float(&out, cases[i].v, cases[i].verb, cases[i].precision);
		assert_string_equal(str_c(&out), cases[i].text);
	}
}

static void every_shortest_number_reads_back_as_itself(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		scoped(str_fini) struct str out = STR_EMPTY;
		double v, again;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&v, &bits, sizeof v);
		if (isnan(v))
			continue;
		go_float(&out, v, "gef"[i % 3], GO_SHORTEST);
		assert_int_equal(go_parse_float(out.s, out.len, &again, NULL), RC_OK);
		assert_memory_equal(&v, &again, sizeof v);
	}
}

static void only_what_go_takes_is_a_number(void **state)
{
	static const struct {
		const char *text;
		double v; /* NAN with no 'n' in the text: it is none */
	} cases[] = {
		{ "1", 1 },
		{ "+.5e1", 5 },
		{ "0x1p-2", 0.25 },
		{ "1_000.5", 1000.5 },
		{ "0x_1p0", 1 },
		{ "iNf", INFINITY },
		{ "-infinity", -INFINITY },
		{ "nan", NAN },
		{ "", NAN },
		{ ".", NAN },
		{ "1e", NAN },
		{ "0x1", NAN },
		{ "_1", NAN },
		{ "1__0", NAN },
		{ "1 ", NAN },
		{ "+nAn", NAN },
		{ "i", NAN },
		{ "infinit", NAN },
		{ "1e400", NAN },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool is_number = !isnan(cases[i].v) || strcmp(cases[i].text, "nan") == 0;
		double v = 0;
		enum rc rc = go_parse_float(cases[i].text, strlen(cases[i].text), &v, &e);

		assert_int_equal(rc, is_number ? RC_OK : RC_INPUT);
		if (is_number && !isnan(v))
			assert_true(v == cases[i].v);
	}
	assert_int_equal(go_parse_float("1e400", 5, &(double){ 0 }, &e), RC_INPUT);
	assert_string_equal(e.text, "strconv.ParseFloat: parsing \"1e400\": value out of range");
}

static void quoting_escapes_what_cannot_be_seen(void **state)
{
	static const struct {
		const char *text, *quoted, *ascii;
	} cases[] = {
		{ "\a\b\f\r\n\t\v", "\"\\a\\b\\f\\r\\n\\t\\v\"", "\"\\a\\b\\f\\r\\n\\t\\v\"" },
		{ "\\\"'", "\"\\\\\\\"'\"", "\"\\\\\\\"'\"" },
		{ "abc\xff"
		  "def",
			"\"abc\\xffdef\"", "\"abc\\xffdef\"" },
		{ "\u263a", "\"\u263a\"", "\"\\u263a\"" },
		{ "\U0010ffff", "\"\\U0010ffff\"", "\"\\U0010ffff\"" },
		{ "\x04\x7f", "\"\\x04\\x7f\"", "\"\\x04\\x7f\"" },
		{ "\u00a0\ufffd", "\"\\u00a0\ufffd\"", "\"\\u00a0\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(str_fini) struct str out = STR_EMPTY, ascii = STR_EMPTY, back = STR_EMPTY;

		go_quote(&out, cases[i].text, strlen(cases[i].text), GO_QUOTE);
		go_quote(&ascii, cases[i].text, strlen(cases[i].text), GO_QUOTE_ASCII);
		assert_string_equal(str_c(&out), cases[i].quoted);
		assert_string_equal(str_c(&ascii), cases[i].ascii);
		assert_true(go_unquote(&back, out.s, out.len));
		assert_string_equal(str_c(&back), cases[i].text);
	}
}

static void literals_that_go_refuses_are_refused(void **state)
{
	static const char *const bad[] = { "", "\"", "\"a", "\"'", "b\"", "'ab'", "''", "\"\\9\"",
		"\"\\19\"", "'\\'", "\"\\x1!\"", "\"\\U12345678\"", "\"\\z\"", "`", "`xx", "``x`",
		"\"\\'\"", "'\\\"'", "\"\n\"", "\"\\\"", "\"\\ud800\"" };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(go_unquote(&out, bad[i], strlen(bad[i])));
	str_clear(&out);
	assert_true(go_unquote(&out, "`a\r\\n`", 6));
	assert_true(go_unquote(&out, "'\\377'", 6));
	assert_true(go_unquote(&out, "\"\\u00e9\\x41\"", 12));
	assert_string_equal(str_c(&out), "a\\n\xff\u00e9"
					 "A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_as_strconv_writes_them),
		cmocka_unit_test(every_shortest_number_reads_back_as_itself),
		cmocka_unit_test(only_what_go_takes_is_a_number),
		cmocka_unit_test(quoting_escapes_what_cannot_be_seen),
		cmocka_unit_test(literals_that_go_refuses_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
