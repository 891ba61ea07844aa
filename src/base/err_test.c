/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_error_carries_its_code_and_its_sentence(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	assert_int_equal(err_set(&e, RC_INPUT, "line %d: %s", 7, "unknown key"), RC_INPUT);
	assert_int_equal(e.rc, RC_INPUT);
	assert_string_equal(e.text, "line 7: unknown key");
}

static void nobody_needs_to_listen(void **unused)
{
	(void)unused;
	assert_int_equal(err_set(NULL, RC_IO, "x"), RC_IO);
	assert_int_equal(err_errno(NULL, RC_IO, ENOENT, "x"), RC_IO);
	assert_int_equal(err_in(NULL, RC_IO, "x"), RC_IO);
}

static void the_place_is_put_before_what_was_recorded(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	err_set(&e, RC_INPUT, "line 7");
	assert_int_equal(err_in(&e, RC_USAGE, "reading %s", "lab.yaml"), RC_USAGE);
	err_in(&e, RC_USAGE, "apply");
	assert_int_equal(e.rc, RC_USAGE);
	assert_string_equal(e.text, "apply: reading lab.yaml: line 7");
}

static void a_place_without_a_reason_gets_the_reason_of_its_code(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	err_in(&e, RC_TIMEOUT, "asking mumbai");
	assert_string_equal(e.text, "asking mumbai: no answer in time");
}

static void errno_is_told_in_words(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	assert_int_equal(err_errno(&e, RC_IO, ENOENT, "opening %s", "x.db"), RC_IO);
	assert_string_equal(e.text, "opening x.db: No such file or directory");
}

static void an_error_may_be_made_of_its_own_text(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	err_set(&e, RC_IO, "disk gone");
	err_set(&e, RC_OFFLINE, "mumbai says: %s", e.text);
	assert_string_equal(e.text, "mumbai says: disk gone");
}

static void a_long_text_is_cut_between_characters(void **unused)
{
	char euros[3 * ERR_TEXT_MAX + 1];
	struct err e = { 0 };

	(void)unused;
	for (size_t i = 0; i < ERR_TEXT_MAX; i++)
		memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
	err_set(&e, RC_INPUT, "%s", euros);
	assert_int_equal(strlen(e.text), (ERR_TEXT_MAX - 1) / 3 * 3);
	assert_true(utf8_valid(e.text, strlen(e.text)));
	err_in(&e, RC_INPUT, "in");
	assert_true(str_starts(e.text, "in: \xe2\x82\xac"));
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
	assert_true(utf8_valid(e.text, strlen(e.text)));
}

static void every_code_has_a_row(void **unused)
{
	(void)unused;
	assert_string_equal(rc_name(RC_OK), "OK");
	assert_int_equal(rc_exit(RC_OK), 0);
	assert_int_equal(rc_http(RC_OK), 200);
	assert_string_equal(rc_name(RC_LIMIT), "LIMIT");
	assert_string_equal(rc_text(RC_LIMIT), "limit reached");
	assert_int_equal(rc_exit(RC_LIMIT), 75);
	assert_int_equal(rc_http(RC_LIMIT), 429);
	for (int rc = RC_OK + 1; rc <= RC_INTERNAL; rc++) {
		assert_true(rc_exit((enum rc)rc) >= 64 && rc_exit((enum rc)rc) <= 78);
		assert_true(rc_http((enum rc)rc) >= 400 && rc_http((enum rc)rc) < 600);
		assert_true(rc_text((enum rc)rc)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_carries_its_code_and_its_sentence),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(the_place_is_put_before_what_was_recorded),
		cmocka_unit_test(a_place_without_a_reason_gets_the_reason_of_its_code),
		cmocka_unit_test(errno_is_told_in_words),
		cmocka_unit_test(an_error_may_be_made_of_its_own_text),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(every_code_has_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
