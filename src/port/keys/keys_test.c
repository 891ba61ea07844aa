/* SPDX-License-Identifier: Apache-2.0 */
#include "port/keys/keys.h"

#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static char path[128];

static int enter(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/keys-test-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/site.key", directory);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void put_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const char some_key[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"; /* RFC 8032, 7.1 */

static void a_generated_key_reads_back_and_is_ours_alone(void **state)
{
	struct public_key made, read_back;
	struct private_key key;
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(keys_generate(path, &made, &e), RC_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 45);
	assert_int_equal(keys_read(path, &key, &e), RC_OK);
	read_back = key_public(&key);
	assert_memory_equal(&made, &read_back, sizeof made);
}

static void two_generated_keys_differ(void **state)
{
	struct public_key first, second;

	(void)state;
	assert_int_equal(keys_generate(path, &first, NULL), RC_OK);
	unlink(path);
	assert_int_equal(keys_generate(path, &second, NULL), RC_OK);
	assert_memory_not_equal(&first, &second, sizeof first);
}

static void a_key_is_never_overwritten(void **state)
{
	struct public_key made;
	struct private_key key;
	struct err e;

	(void)state;
	put_file(some_key, 0600);
	assert_int_equal(keys_generate(path, &made, &e), RC_CONFLICT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(keys_read(path, &key, &e), RC_OK);
	assert_int_equal(key.bytes[0], 0x9d);
}

static void a_key_is_not_written_through_a_symbolic_link(void **state)
{
	char target[160];
	struct public_key made;

	(void)state;
	snprintf(target, sizeof target, "%s/elsewhere", directory);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(keys_generate(path, &made, NULL), RC_CONFLICT);
	assert_int_equal(access(target, F_OK), -1);
}

static void the_key_of_rfc_8032_gives_its_public_key(void **state)
{
	static const uint8_t expected[] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7 };
	struct private_key key;
	struct public_key public;

	(void)state;
	put_file(some_key, 0400);
	assert_int_equal(keys_read(path, &key, NULL), RC_OK);
	public = key_public(&key);
	assert_memory_equal(public.bytes, expected, sizeof expected);
}

static void a_key_that_others_may_read_is_refused_and_the_remedy_is_told(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0604, 0660, 0601, 0620 };
	struct private_key key;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct err e;
		char remedy[160];

		snprintf(remedy, sizeof remedy, "chmod 600 %s", path);
		put_file(some_key, modes[i]);
		assert_int_equal(keys_read(path, &key, &e), RC_REFUSED);
		assert_non_null(strstr(e.text, remedy));
		assert_null(strstr(e.text, "nWGx"));
	}
}

static void somebody_elses_key_is_refused(void **state)
{
	struct private_key key;
	struct err e;

	(void)state;
	put_file(some_key, 0600);
	if (chown(path, 12345, (gid_t)-1) != 0)
		skip();
	assert_int_equal(keys_read(path, &key, &e), RC_REFUSED);
	assert_non_null(strstr(e.text, "12345"));
}

static void a_credential_of_systemd_may_show_group_bits_but_never_others(void **state)
{
	struct private_key key;

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	put_file(some_key, 0440);
	assert_int_equal(keys_read(path, &key, NULL), RC_OK);
	put_file(some_key, 0444);
	assert_int_equal(keys_read(path, &key, NULL), RC_REFUSED);
	unsetenv("CREDENTIALS_DIRECTORY");
	put_file(some_key, 0440);
	assert_int_equal(keys_read(path, &key, NULL), RC_REFUSED);
}

static void what_is_no_key_is_refused_without_repeating_it(void **state)
{
	static const char *const texts[] = { "", "\n", "hunter2\n",
		"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n",
		"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2=A\n",
		"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2AAAAA=\n" };
	struct private_key key;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e;

		put_file(texts[i], 0600);
		assert_int_equal(keys_read(path, &key, &e), RC_INPUT);
		assert_non_null(strstr(e.text, path));
		assert_null(strstr(e.text, "hunter2"));
	}
}

static void an_absent_key_is_told_apart_and_a_directory_is_none(void **state)
{
	struct private_key key;
	struct err e;

	(void)state;
	assert_int_equal(keys_read(path, &key, &e), RC_NOT_FOUND);
	assert_non_null(strstr(e.text, "keygen"));
	assert_int_equal(keys_read(directory, &key, &e), RC_REFUSED);
}

static void a_fifo_in_the_keys_place_does_not_hang(void **state)
{
	struct private_key key;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keys_read(path, &key, NULL), RC_REFUSED);
}

static void a_signature_verifies_for_its_site_only(void **state)
{
	struct private_key ours = { { 1 } }, theirs = { { 2 } };
	struct public_key our_public = key_public(&ours), their_public = key_public(&theirs);
	scoped(keys_signer_free) struct keys_signer *s = keys_signer_new(&ours);
	const struct journal_signer *port = keys_signer_port(s);
	struct sha256 hash = sha256_of("x", 1), other = sha256_of("y", 1);
	uint8_t signature[SIGNATURE_BYTES];

	(void)state;
	keys_signer_trust(s, "dublin", &our_public);
	keys_signer_trust(s, "mumbai", &their_public);
	port->sign(port->ctx, &hash, signature);
	assert_true(port->verify(port->ctx, "dublin", &hash, signature));
	assert_false(port->verify(port->ctx, "dublin", &other, signature));
	assert_false(port->verify(port->ctx, "mumbai", &hash, signature));
	assert_false(port->verify(port->ctx, "oslo", &hash, signature));
	keys_signer_forget(s);
	assert_false(port->verify(port->ctx, "dublin", &hash, signature));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(a_generated_key_reads_back_and_is_ours_alone),
		TEST(two_generated_keys_differ),
		TEST(a_key_is_never_overwritten),
		TEST(a_key_is_not_written_through_a_symbolic_link),
		TEST(the_key_of_rfc_8032_gives_its_public_key),
		TEST(a_key_that_others_may_read_is_refused_and_the_remedy_is_told),
		TEST(somebody_elses_key_is_refused),
		TEST(a_credential_of_systemd_may_show_group_bits_but_never_others),
		TEST(what_is_no_key_is_refused_without_repeating_it),
		TEST(an_absent_key_is_told_apart_and_a_directory_is_none),
		TEST(a_fifo_in_the_keys_place_does_not_hang),
		TEST(a_signature_verifies_for_its_site_only),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
