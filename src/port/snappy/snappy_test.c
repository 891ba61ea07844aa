/* SPDX-License-Identifier: Apache-2.0 */
#include "port/snappy/snappy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_packed_is_unpacked(void **state)
{
	scoped(str_fini) struct str plain = STR_EMPTY, packed = STR_EMPTY, again = STR_EMPTY;

	(void)state;
	for (int i = 0; i < 20000; i++)
		str_addf(&plain, "%d ", i % 300);
	assert_int_equal(snappy_pack(plain.s, plain.len, &packed, NULL), RC_OK);
	assert_true(packed.len < plain.len / 2);
	assert_int_equal(snappy_unpacked_bytes(packed.s, packed.len), plain.len);
	assert_int_equal(snappy_unpack(packed.s, packed.len, plain.len, &again, NULL), RC_OK);
	assert_int_equal(again.len, plain.len);
	assert_memory_equal(again.s, plain.s, plain.len);
	assert_int_equal(snappy_unpack(packed.s, packed.len, plain.len - 1, &again, NULL),
		RC_LIMIT);
	assert_int_equal(snappy_unpack(packed.s, packed.len - 1, plain.len, &again, NULL),
		RC_INPUT);
}

static void nothing_is_a_block_too(void **state)
{
	scoped(str_fini) struct str packed = STR_EMPTY, again = STR_EMPTY;

	(void)state;
	assert_int_equal(snappy_pack("", 0, &packed, NULL), RC_OK);
	assert_int_equal(snappy_unpack(packed.s, packed.len, 10, &again, NULL), RC_OK);
	assert_int_equal(again.len, 0);
	assert_int_equal(snappy_unpack("", 0, 10, &again, NULL), RC_INPUT);
	assert_int_equal(snappy_unpacked_bytes("", 0), 0);
	assert_int_equal(snappy_unpacked_bytes("\x80\x80\x80\x80\x80\x01", 6), 0);
	assert_int_equal(snappy_unpacked_bytes("\xff\xff\xff\xff\x0f", 5), UINT32_MAX);
	assert_int_equal(snappy_unpacked_bytes("\xff\xff\xff\xff\x1f", 5), 0);
	/* Four gigabytes are promised. */
	assert_int_equal(snappy_unpack("\xff\xff\xff\xff\x0f", 5, SIZE_MAX, &again, NULL),
		RC_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_is_unpacked),
		cmocka_unit_test(nothing_is_a_block_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
