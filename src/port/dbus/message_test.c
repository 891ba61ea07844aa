/* SPDX-License-Identifier: Apache-2.0 */
#include "port/dbus/message.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* An answer of libsystemd's to call 7: the text "simple" in a variant. */
static const char answer[] = "l\2\1\1"
			     "\x0f\0\0\0"
			     "\x09\0\0\0"
			     "\x0f\0\0\0"
			     "\5\1u\0\7\0\0\0"
			     "\x08\1g\0\1v\0\0"
			     "\1s\0\0\6\0\0\0simple";

static struct bus_message read_answer(void)
{
	struct err e = { 0 };
	struct bus_message m;

	if (bus_message_read((const uint8_t *)answer, sizeof answer, &m, &e) != RC_OK)
		fail_msg("%s", e.text);
	return m;
}

static void a_call_has_the_bytes_of_the_specification(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	static const char fields[] = "\1\1o\0\2\0\0\0/p\0\0\0\0\0\0"
				     "\6\1s\0\1\0\0\0d\0\0\0\0\0\0\0"
				     "\2\1s\0\1\0\0\0i\0\0\0\0\0\0\0"
				     "\3\1s\0\1\0\0\0m\0\0\0\0\0\0\0"
				     "\x08\1g\0\2ss\0";
	static const char body[] = "\2\0\0\0ab\0\0\0\0\0\0";
	const char *message;

	(void)state;
	str_add(&out, "odd"); /* what stood there before has no part in it */
	bus_call_write(&(struct bus_call){ "d", "/p", "i", "m", { "ab", "" } }, 3, &out);
	message = out.s + 3;
	assert_memory_equal(message, "l\1\2\1\x0d\0\0\0\3\0\0\0\x48\0\0\0", 16);
	assert_memory_equal(message + 16, fields, sizeof fields - 1);
	assert_memory_equal(message + 88, body, sizeof body);
	assert_int_equal(out.len - 3, 88 + sizeof body);
}

static void an_answer_says_whose_it_is_and_what(void **state)
{
	struct bus_message m = read_answer();

	(void)state;
	assert_int_equal(m.kind, BUS_ANSWER);
	assert_int_equal(m.answers, 7);
	assert_string_equal(m.signature, "v");
	assert_null(m.error);
	assert_string_equal(bus_signature(&m.body), "s");
	assert_string_equal(bus_text(&m.body), "simple");
	assert_false(m.body.is_broken);
	assert_int_equal(m.body.at, m.body.end);
}

static void what_is_past_the_end_is_broken_and_gives_nothing(void **state)
{
	struct bus_message m = read_answer();

	(void)state;
	assert_true(bus_u64(&m.body) != 0);
	assert_int_equal(bus_u64(&m.body), 0);
	assert_true(m.body.is_broken);
	assert_string_equal(bus_text(&m.body), "");
	assert_int_equal(bus_structures(&m.body), 0);
	assert_false(bus_structure(&m.body, 100));
}

static enum rc read_changed(size_t at, char to, size_t n)
{
	char bytes[sizeof answer];
	struct bus_message m;

	memcpy(bytes, answer, sizeof answer);
	bytes[at] = to;
	return bus_message_read((const uint8_t *)bytes, n, &m, NULL);
}

static void what_is_no_message_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_changed(0, 'B', sizeof answer), RC_INPUT);  /* another byte order */
	assert_int_equal(read_changed(3, 2, sizeof answer), RC_INPUT);    /* another version */
	assert_int_equal(read_changed(4, 14, sizeof answer), RC_INPUT);   /* another size */
	assert_int_equal(read_changed(7, 127, sizeof answer), RC_LIMIT);  /* two gigabytes */
	assert_int_equal(read_changed(18, 'x', sizeof answer), RC_INPUT); /* a field's type */
	assert_int_equal(read_changed(28, 0, sizeof answer), RC_INPUT);   /* a text's end */
	assert_int_equal(read_changed(1, BUS_ERROR, sizeof answer), RC_INPUT); /* no name */
	for (size_t n = 0; n < sizeof answer; n++)
		assert_int_equal(read_changed(1, BUS_ANSWER, n), RC_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_the_bytes_of_the_specification),
		cmocka_unit_test(an_answer_says_whose_it_is_and_what),
		cmocka_unit_test(what_is_past_the_end_is_broken_and_gives_nothing),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
