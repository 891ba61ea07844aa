/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/files.h"
#include "port/files/secret.h"
#include "port/files/zones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/diarchy-files-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "five", "secret", "binary", "blank", "zone", "fifo" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(names[i]);
	return chdir("/") || rmdir(folder);
}

static void put(const char *name, const char *bytes, size_t n)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void a_file_is_read_up_to_its_bound_and_not_beyond(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };
	char buf[5];
	size_t n;

	(void)state;
	put("five", "12345", 5);
	assert_int_equal(file_read("five", 5, &text, &e), RC_OK);
	assert_string_equal(str_c(&text), "12345");
	assert_int_equal(file_read("five", 4, &text, &e), RC_LIMIT);
	assert_string_equal(e.text, "five is longer than 4 bytes");
	assert_int_equal(file_read_into("five", buf, 5, &n, &e), RC_OK);
	assert_int_equal(n, 5);
	assert_int_equal(file_read_into("five", buf, 4, &n, &e), RC_LIMIT);
}

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY, read = STR_EMPTY;
	struct err e = { 0 };
	struct stat st;

	(void)state;
	put("five", "12345", 5);
	str_add(&text, "another");
	assert_int_equal(file_replace("five", &text, &e), RC_OK);
	assert_int_equal(file_read("five", 10, &read, &e), RC_OK);
	assert_string_equal(str_c(&read), "another");
	assert_int_equal(stat("five", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access("five.new", F_OK), -1);
	assert_int_equal(file_replace("absent/five", &text, &e), RC_IO);
	assert_string_equal(e.text, "writing absent/five.new: No such file or directory");
}

static void what_is_not_there_and_what_is_no_file_are_told_apart(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_read("absent", 5, &text, &e), RC_NOT_FOUND);
	assert_string_equal(e.text, "absent: No such file or directory");
	assert_int_equal(file_read("/", 5, &text, &e), RC_IO);
	assert_string_equal(e.text, "/: Is a directory");
}

static void what_could_block_or_never_end_is_refused_at_once(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_read("fifo", 5, &text, &e), RC_IO);
	assert_string_equal(e.text, "fifo is not a regular file");
	assert_int_equal(file_read("/dev/zero", 5, &text, &e), RC_IO);
	assert_int_equal(file_read(".", 5, &text, &e), RC_IO);
	assert_string_equal(e.text, ".: Is a directory");
}

static void zones_are_found_by_name_and_only_once(void **state)
{
	scoped(zones_free) struct zones *z = zones_new();
	const struct tz *dublin = zones_find(z, "Europe/Dublin");

	(void)state;
	assert_non_null(dublin);
	assert_string_equal(tz_name(dublin), "Europe/Dublin");
	assert_ptr_equal(zones_find(z, "Europe/Dublin"), dublin);
	assert_null(zones_find(z, "Europe/Dublinn"));
	assert_null(zones_find(z, "Europe"));
	assert_null(zones_find(z, ""));
}

static void a_zones_name_cannot_leave_the_folder(void **state)
{
	static const char *const names[] = { "../etc/passwd", "/etc/localtime", "Europe/../UTC",
		"Europe//Dublin", "Europe/", "a b", "x\n" };
	scoped(zones_free) struct zones *z = zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(zones_find(z, names[i]));
}

static void tzdir_says_where_zones_are_and_utc_is_always_there(void **state)
{
	scoped(zones_free) struct zones *z = zones_new();

	(void)state;
	setenv("TZDIR", folder, 1);
	put("zone", "no zone", 7);
	assert_null(zones_find(z, "Europe/Dublin"));
	assert_null(zones_find(z, "zone"));
	assert_ptr_equal(zones_find(z, "UTC"), tz_utc());
	unsetenv("TZDIR");
}

static void a_secret_comes_from_a_file_a_variable_or_a_credential(void **state)
{
	const struct secret secrets[] = {
		{ SECRET_FILE, "secret", NULL },
		{ SECRET_ENV, "LAB_SECRET", NULL },
		{ SECRET_CREDENTIAL, "secret", NULL },
		{ SECRET_INLINE, "x.yml:3", "hunter2" },
	};

	(void)state;
	put("secret", "hunter2\r\n", 9);
	setenv("LAB_SECRET", "hunter2\n", 1);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	for (size_t i = 0; i < COUNT(secrets); i++) {
		scoped(secret_wipe) struct str value = STR_EMPTY;

		str_add(&value, "what was there");
		assert_int_equal(secret_resolve(&secrets[i], &value, NULL), RC_OK);
		assert_string_equal(str_c(&value), "hunter2");
	}
	unsetenv("LAB_SECRET");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void a_secret_that_is_not_there_is_named(void **state)
{
	static const struct {
		struct secret secret;
		enum rc rc;
		const char *text;
	} rows[] = {
		{ { SECRET_NONE, NULL, NULL }, RC_NOT_FOUND, "no secret: none is configured" },
		{ { SECRET_FILE, "absent", NULL }, RC_NOT_FOUND,
			"file 'absent': absent: No such file or directory" },
		{ { SECRET_ENV, "LAB_SECRET", NULL }, RC_NOT_FOUND,
			"environment variable 'LAB_SECRET': it is not set" },
		{ { SECRET_CREDENTIAL, "hook", NULL }, RC_NOT_FOUND,
			"credential 'hook': $CREDENTIALS_DIRECTORY is not set: run under systemd "
			"with "
			"LoadCredential=hook:PATH" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str value = STR_EMPTY;
		struct err e = { 0 };

		assert_int_equal(secret_resolve(&rows[i].secret, &value, &e), rows[i].rc);
		assert_string_equal(e.text, rows[i].text);
		assert_null(value.s);
	}
}

static void a_value_that_can_not_be_one_is_refused_and_never_shown(void **state)
{
	const struct secret binary = { SECRET_FILE, "binary", NULL };
	const struct secret blank = { SECRET_FILE, "blank", NULL };
	const struct secret outside = { SECRET_CREDENTIAL, "../secret", NULL };
	scoped(secret_wipe) struct str value = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	put("binary", "hun\0ter2", 8);
	put("blank", "\n\n", 2);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_int_equal(secret_resolve(&binary, &value, &e), RC_INPUT);
	assert_string_equal(e.text, "file 'binary': it holds a NUL byte");
	assert_int_equal(secret_resolve(&blank, &value, &e), RC_INPUT);
	assert_string_equal(e.text, "file 'blank': it is empty");
	assert_int_equal(secret_resolve(&outside, &value, &e), RC_INPUT);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void lines_are_appended_to_a_file_that_may_be_renamed_meanwhile(void **state)
{
	scoped(str_fini) struct str line = STR_EMPTY, found = STR_EMPTY;
	struct err e = { 0 };
	char path[300], old[300];

	(void)state;
	snprintf(path, sizeof path, "%s/append", folder);
	snprintf(old, sizeof old, "%s/append.1", folder);
	str_add(&line, "a\n");
	assert_int_equal(file_append(path, &line, &e), RC_OK);
	assert_int_equal(file_append(path, &line, &e), RC_OK);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(file_append(path, &line, &e), RC_OK);
	assert_int_equal(file_read(old, 100, &found, &e), RC_OK);
	assert_int_equal(file_read(path, 100, &found, &e), RC_OK);
	assert_string_equal(str_c(&found), "a\na\na\n");
	unlink(path);
	unlink(old);
	assert_int_equal(file_append(folder, &line, &e), RC_IO);
	assert_non_null(strstr(e.text, folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_up_to_its_bound_and_not_beyond),
		cmocka_unit_test(a_file_is_replaced_whole_or_not_at_all),
		cmocka_unit_test(what_is_not_there_and_what_is_no_file_are_told_apart),
		cmocka_unit_test(what_could_block_or_never_end_is_refused_at_once),
		cmocka_unit_test(lines_are_appended_to_a_file_that_may_be_renamed_meanwhile),
		cmocka_unit_test(zones_are_found_by_name_and_only_once),
		cmocka_unit_test(a_zones_name_cannot_leave_the_folder),
		cmocka_unit_test(tzdir_says_where_zones_are_and_utc_is_always_there),
		cmocka_unit_test(a_secret_comes_from_a_file_a_variable_or_a_credential),
		cmocka_unit_test(a_secret_that_is_not_there_is_named),
		cmocka_unit_test(a_value_that_can_not_be_one_is_refused_and_never_shown),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
