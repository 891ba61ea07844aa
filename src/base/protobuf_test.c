/* SPDX-License-Identifier: Apache-2.0 */
#include "base/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_written_is_read(void **state)
{
	static const uint64_t numbers[] = { 1, 127, 128, 300, UINT32_MAX, UINT64_MAX };
	scoped(str_fini) struct str s = STR_EMPTY;
	struct protobuf_field f;
	struct protobuf p;
	size_t opened;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		protobuf_add_uint(&s, 1, numbers[i]);
	protobuf_add_sint(&s, 2, -3);
	protobuf_add_double(&s, 3, 0.5);
	opened = protobuf_open(&s, 400);
	for (int i = 0; i < 40; i++)
		protobuf_add_bytes(&s, 5, "text", 4);
	protobuf_close(&s, opened);
	p = protobuf_over(s.s, s.len);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_true(protobuf_next(&p, &f) && f.key == PROTOBUF_VARINT(1));
		assert_true(f.v == numbers[i]);
	}
	assert_true(protobuf_next(&p, &f) && protobuf_zigzag(f.v) == -3);
	assert_true(protobuf_next(&p, &f) && protobuf_double(&f) == 0.5);
	assert_true(protobuf_next(&p, &f) && f.key == PROTOBUF_BYTES(400u) && f.n == 240);
	assert_false(protobuf_next(&p, &f));
	assert_false(p.is_bad);
	p = protobuf_inside(
		&(struct protobuf_field){ .s = (const uint8_t *)s.s + opened + 1, .n = 240 });
	for (int i = 0; i < 40; i++)
		assert_true(protobuf_next(&p, &f) && f.n == 4 && memcmp(f.s, "text", 4) == 0);
	assert_false(protobuf_next(&p, &f) || p.is_bad);
}

static void defaults_are_left_out(void **state)
{
	struct str s = STR_EMPTY;

	(void)state;
	protobuf_add_uint(&s, 1, 0);
	protobuf_add_double(&s, 1, 0);
	protobuf_add_bytes(&s, 1, "", 0);
	assert_int_equal(s.len, 0);
	protobuf_add_double(&s, 1, -0.0);
	assert_int_equal(s.len, 9);
	str_fini(&s);
}

static void what_is_cut_off_is_bad(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ "\x80", 1 },                                          /* a key */
		{ "\x08", 1 },                                          /* its value */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 }, /* more than 64 bits */
		{ "\x09xxxxxxx", 8 }, { "\x0a\x02x", 3 },
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12 }, { "\x0dxxx", 4 },
		{ "\x0b", 1 },     /* a group */
		{ "\x02\x00", 2 }, /* field 0 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct protobuf p = protobuf_over(bad[i].bytes, bad[i].n);
		struct protobuf_field f;

		assert_false(protobuf_next(&p, &f));
		assert_true(p.is_bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(defaults_are_left_out),
		cmocka_unit_test(what_is_cut_off_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
