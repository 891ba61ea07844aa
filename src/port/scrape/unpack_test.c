/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/unpack.h"

#include "base/mem.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* `n` bytes of `c`, packed; the caller frees. */
static char *pack(char c, size_t n, size_t *ret_n)
{
	struct libdeflate_compressor *k = libdeflate_alloc_compressor(6);
	char *plain = must_alloc(n + 1), *packed = must_alloc(n + 100);

	memset(plain, c, n);
	*ret_n = libdeflate_gzip_compress(k, plain, n, packed, n + 100);
	libdeflate_free_compressor(k);
	free(plain);
	return packed;
}

static void a_body_of_the_usual_size_is_unpacked_at_once(void **state)
{
	struct unpacker u = { 0 };
	const char *body;
	size_t n, n_packed;

	(void)state;
	for (size_t size = 0; size < 300000; size = size * 2 + 1) {
		char *packed = pack('x', size, &n_packed);

		assert_true(unpack(&u, packed, n_packed, &body, &n));
		assert_int_equal(n, size);
		assert_true(n == 0 || body[n - 1] == 'x');
		free(packed);
	}
	unpacker_fini(&u);
}

static void what_is_not_as_it_says_is_left_to_others(void **state)
{
	struct unpacker u = { 0 }, fresh = { 0 };
	const char *body;
	size_t n, n_packed;
	char *packed = pack('x', 1000, &n_packed);

	(void)state;
	assert_false(unpack(&u, packed, n_packed - 1, &body, &n));
	assert_false(unpack(&u, packed, 3, &body, &n));
	packed[n_packed - 4]++; /* one byte more than there is */
	assert_false(unpack(&u, packed, n_packed, &body, &n));
	packed[n_packed - 1] = '\xff'; /* 4 GB */
	assert_false(unpack(&fresh, packed, n_packed, &body, &n));
	assert_null(fresh.buffer);
	free(packed);
	packed = pack('x', UNPACKED_MAX + 1, &n_packed);
	assert_false(unpack(&u, packed, n_packed, &body, &n));
	free(packed);
	unpacker_fini(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_of_the_usual_size_is_unpacked_at_once),
		cmocka_unit_test(what_is_not_as_it_says_is_left_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
