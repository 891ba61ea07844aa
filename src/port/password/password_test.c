/* SPDX-License-Identifier: Apache-2.0 */
#include "port/password/password.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const unsigned char salt[PASSWORD_RANDOM_BYTES] = "0123456789abcde";

static void a_password_matches_its_hash_and_no_other_does(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(password_hash("correct horse", salt, hash, NULL), RC_OK);
	assert_true(str_starts(hash, "$y$"));
	assert_int_equal(password_check_hash(hash, NULL), RC_OK);
	assert_true(password_matches("correct horse", hash));
	assert_false(password_matches("correct hors", hash));
	assert_false(password_matches("correct horse ", hash));
	assert_false(password_matches("", hash));
}

static void the_same_password_has_another_hash_with_another_salt(void **state)
{
	unsigned char other[PASSWORD_RANDOM_BYTES];
	char one[PASSWORD_HASH_MAX], two[PASSWORD_HASH_MAX];

	(void)state;
	memcpy(other, salt, sizeof other);
	other[0] ^= 1;
	assert_int_equal(password_hash("correct horse", salt, one, NULL), RC_OK);
	assert_int_equal(password_hash("correct horse", other, two, NULL), RC_OK);
	assert_string_not_equal(one, two);
	assert_true(password_matches("correct horse", two));
}

static void passwords_have_a_least_and_a_greatest_length(void **state)
{
	char hash[PASSWORD_HASH_MAX], password[PASSWORD_BYTES_MAX + 1];

	(void)state;
	memset(password, 'p', sizeof password);
	password[PASSWORD_BYTES_MAX] = '\0';
	assert_int_equal(password_hash(password, salt, hash, NULL), RC_INPUT);
	password[PASSWORD_BYTES_MAX - 1] = '\0';
	assert_int_equal(password_hash(password, salt, hash, NULL), RC_OK);
	assert_true(password_matches(password, hash));
	password[PASSWORD_BYTES_MAX - 2] = '\0';
	assert_false(password_matches(password, hash));
	assert_int_equal(password_hash("sevenby", salt, hash, NULL), RC_INPUT);
}

static void weak_and_broken_hashes_are_refused(void **state)
{
	static const char *const rows[] = { "", "x", "*", "!", "plain text password",
		"ab1jFYPFRYzfI",                                             /* DES */
		"$1$abcdefgh$irWbblnpmw.5z7wgBnprh0",                        /* MD5 */
		"$3$$8846f7eaee8fb117ad06bdd830b7586c",                      /* NT */
		"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8", /* SHA-256 */
		"$y$", "$y$j9T$", "$6$",
		"$9$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
		"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQ:uesI68" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(password_check_hash(rows[i], &e), RC_INPUT);
		assert_false(password_matches("password", rows[i]));
		assert_null(strstr(e.text, "plain text"));
	}
}

static void hashes_of_mkpasswd_work(void **state)
{
	(void)state;
	assert_true(password_matches("Hello world!",
		"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnI"
		"FNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_matches_its_hash_and_no_other_does),
		cmocka_unit_test(the_same_password_has_another_hash_with_another_salt),
		cmocka_unit_test(passwords_have_a_least_and_a_greatest_length),
		cmocka_unit_test(weak_and_broken_hashes_are_refused),
		cmocka_unit_test(hashes_of_mkpasswd_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
