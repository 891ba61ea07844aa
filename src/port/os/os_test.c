/* SPDX-License-Identifier: Apache-2.0 */
#include "port/os/os.h"

#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void random_bytes_fill_everything_and_differ(void **state)
{
	unsigned char one[512] = { 0 }, two[512] = { 0 };
	int zeros = 0;

	(void)state;
	os_random(NULL, one, sizeof one);
	os_random(NULL, two, sizeof two);
	assert_memory_not_equal(one, two, sizeof one);
	for (size_t i = 0; i < sizeof one; i++)
		zeros += one[i] == 0;
	assert_in_range(zeros, 0, 20);
}

static void what_is_used_shows(void **state)
{
	struct os_usage before, after;
	size_t n = 32 * 1024 * 1024;
	char *memory;
	int fd;

	(void)state;
	assert_int_equal(os_usage(&before, NULL), RC_OK);
	memory = must_alloc(n);
	memset(memory, 1, n);
	fd = open("/dev/null", O_RDONLY);
	for (clock_t start = clock(); clock() - start < CLOCKS_PER_SEC / 20;) {
	}
	assert_int_equal(os_usage(&after, NULL), RC_OK);
	assert_true(after.resident_bytes >= before.resident_bytes + n / 2);
	assert_true(after.virtual_bytes >= after.resident_bytes);
	assert_int_equal(after.open_fds, before.open_fds + 1);
	assert_true(after.cpu_seconds >= before.cpu_seconds + 0.03);
	assert_true(after.max_fds >= after.open_fds);
	assert_true(memory[n - 1]);
	close(fd);
	free(memory);
}

static void the_start_lies_just_behind_us(void **state)
{
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	struct os_usage u;

	(void)state;
	assert_int_equal(os_usage(&u, NULL), RC_OK);
	assert_in_range(u.started.ms, now_ms - 60000, now_ms + 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_fill_everything_and_differ),
		cmocka_unit_test(what_is_used_shows),
		cmocka_unit_test(the_start_lies_just_behind_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
