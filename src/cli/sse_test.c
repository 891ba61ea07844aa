/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct seen {
	struct str text; /* "event=data|" */
	int most;
};

static bool note(void *ctx, const char *event, const char *data)
{
	struct seen *s = ctx;

	str_addf(&s->text, "%s=%s|", event, data);
	return --s->most != 0;
}

/* Whole, and byte by byte, which must make no difference. */
static void reads_as(const char *bytes, const char *wanted)
{
	for (int step = 1; step <= 2; step++) {
		struct seen seen = { 0 };
		scoped(sse_fini) struct sse s;
		size_t n = strlen(bytes);

		sse_init(&s, note, &seen);
		if (step == 1)
			assert_true(sse_take(&s, bytes, n));
		for (size_t i = 0; step == 2 && i < n; i++)
			assert_true(sse_take(&s, bytes + i, 1));
		assert_string_equal(str_c(&seen.text), wanted);
		str_fini(&seen.text);
	}
}

static void messages_are_read_as_the_standard_says(void **state)
{
	(void)state;
	reads_as("event: beat\ndata: {}\n\n", "beat={}|");
	reads_as("data: a\ndata: b\n\ndata:c\n\n", "message=a\nb|message=c|");
	reads_as("event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r", "a=1|b=2|");
	reads_as("\xef\xbb\xbf"
		 "data: x\n\n",
		"message=x|");
	reads_as("data: \xef\xbb\xbf\n\n", "message=\xef\xbb\xbf|");
	reads_as(": comment\nid: 5\nretry: 1000\nunknown: y\ndata: x\n\n", "message=x|");
	reads_as("data\n\n", "message=|");
	reads_as("data:  two\n\n", "message= two|");
	reads_as("event: a\nevent: b\ndata: x\n\n", "b=x|");
}

static void what_is_not_complete_is_not_told(void **state)
{
	(void)state;
	reads_as("", "");
	reads_as("event: beat\ndata: {}\n", "");
	reads_as("event: beat\n\n", "");
	reads_as("event: beat\n\ndata: x\n\n", "message=x|");
	reads_as("\n\n\n\n", "");
}

static void the_reader_can_have_enough(void **state)
{
	struct seen seen = { .most = 2 };
	scoped(sse_fini) struct sse s;
	static const char bytes[] = "data: 1\n\ndata: 2\n\ndata: 3\n\n";

	(void)state;
	sse_init(&s, note, &seen);
	assert_false(sse_take(&s, bytes, sizeof bytes - 1));
	assert_false(s.is_overlong);
	assert_string_equal(str_c(&seen.text), "message=1|message=2|");
	str_fini(&seen.text);
}

static void a_message_without_end_is_not_kept(void **state)
{
	struct seen seen = { 0 };
	scoped(sse_fini) struct sse line, data;

	(void)state;
	sse_init(&line, note, &seen);
	line.line.limit_bytes = 1000;
	for (int i = 0; i < 1000; i++)
		assert_true(sse_take(&line, "x", 1));
	assert_false(sse_take(&line, "x", 1));
	assert_true(line.is_overlong);
	sse_init(&data, note, &seen);
	data.data.limit_bytes = 1000;
	for (int i = 0; i < 500; i++)
		assert_true(sse_take(&data, "data: x\n", 8));
	assert_false(sse_take(&data, "data: x\n", 8));
	assert_true(data.is_overlong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_read_as_the_standard_says),
		cmocka_unit_test(what_is_not_complete_is_not_told),
		cmocka_unit_test(the_reader_can_have_enough),
		cmocka_unit_test(a_message_without_end_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
