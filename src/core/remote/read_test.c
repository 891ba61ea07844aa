/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/read.h"

#include "base/matcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add_matcher(struct str *s, uint64_t op, const char *name, const char *value)
{
	size_t opened = protobuf_open(s, 3);

	protobuf_add_uint(s, 1, op);
	protobuf_add_bytes(s, 2, name, strlen(name));
	protobuf_add_bytes(s, 3, value, strlen(value));
	protobuf_close(s, opened);
}

static void add_query(struct str *s, const char *regex)
{
	size_t opened = protobuf_open(s, 1);

	protobuf_add_int(s, 1, -5);
	protobuf_add_int(s, 2, 1000);
	add_matcher(s, 0, "__name__", "up");
	add_matcher(s, 2, "job", regex);
	protobuf_close(s, opened);
}

static enum rc parse(const struct str *s, struct arena *a, struct remote_read *ret)
{
	return remote_read_parse(s->s, s->len, a, ret, NULL);
}

static void a_question_is_read(void **state)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	struct remote_read r;

	(void)state;
	arena_init(&a, 65536);
	add_query(&s, "a|b");
	add_query(&s, "c.*");
	protobuf_add_bytes(&s, 2, "\1\0", 2); /* streamed chunks, or samples */
	assert_int_equal(parse(&s, &a, &r), RC_OK);
	assert_int_equal(r.n, 2);
	assert_true(r.is_streamed);
	assert_int_equal(r.v[0].start_ms, -5);
	assert_int_equal(r.v[1].end_ms, 1000);
	assert_int_equal(r.v[1].n_matchers, 2);
	assert_true(matcher_matches(r.v[1].matchers[1], "cd", 2));
	assert_false(matcher_matches(r.v[0].matchers[1], "cd", 2));
}

static void what_cant_be_answered_is_refused(void **state)
{
	scoped(str_fini) struct str bad = STR_EMPTY, chunks = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	struct remote_read r;

	(void)state;
	arena_init(&a, 65536);
	add_query(&bad, "(");
	assert_int_equal(parse(&bad, &a, &r), RC_INPUT);
	add_query(&chunks, "x");
	protobuf_add_uint(&chunks, 2, 7);
	assert_int_equal(parse(&chunks, &a, &r), RC_UNSUPPORTED);
	chunks.len -= 3;
	assert_int_equal(parse(&chunks, &a, &r), RC_INPUT);
}

static void an_answer_has_labels_and_samples(void **state)
{
	static const char want[] = "\x0a\x2d"
				   "\x0a\x2b"
				   "\x0a\x0e\x0a\x08__name__\x12\x02up"
				   "\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\x88\x27"
				   "\x12\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
	const struct label v[] = { { "__name__", "up", 8, 2 } };
	const struct labels l = { v, 1 };
	scoped(series_column_fini) struct series_column c = { 0 };
	scoped(str_fini) struct str s = STR_EMPTY;
	size_t opened;

	(void)state;
	series_column_add(&c, 5000, 1);
	series_column_add(&c, -1, 0);
	opened = remote_read_begin(&s);
	remote_read_add(&s, &l, &c);
	remote_read_end(&s, opened);
	assert_int_equal(s.len, sizeof want - 1);
	assert_memory_equal(s.s, want, s.len);
}

/* Of {a="1"} 1 at 5 ms; the checksum was computed bit by bit, elsewhere. */
static void frames_are_in_order_of_labels_and_have_their_checksum(void **state)
{
	static const char want[] =
		"\x1f\x6a\x7d\xb8\xac\x0a\x1d\x0a\x06\x0a\x01\x61\x12\x01\x31\x12\x13\x08\x05\x10"
		"\x05\x18\x01\x22\x0b\x00\x01\x0a\x3f\xf0\x00\x00\x00\x00\x00\x00";
	const struct label v[] = { { "a", "1", 1, 1 }, { "a", "0", 1, 1 } };
	scoped(remote_frames_free) struct remote_frames *f = remote_frames_new(1 << 20);
	scoped(series_column_fini) struct series_column c = { 0 };
	scoped(str_fini) struct str s = STR_EMPTY, both = STR_EMPTY;

	(void)state;
	series_column_add(&c, 5, 1);
	assert_int_equal(remote_frames_add(f, &(struct labels){ v, 1 }, &c, NULL), RC_OK);
	remote_frames_write(f, 0, &s);
	assert_int_equal(s.len, sizeof want - 1);
	assert_memory_equal(s.s, want, s.len);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(remote_frames_add(f, &(struct labels){ &v[i], 1 }, &c, NULL),
			RC_OK);
	remote_frames_write(f, 0, &both);
	assert_int_equal(both.len, 2 * s.len);
	assert_memory_equal(both.s + s.len, s.s, s.len);
	assert_true(memcmp(both.s, s.s, s.len) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read),
		cmocka_unit_test(what_cant_be_answered_is_refused),
		cmocka_unit_test(an_answer_has_labels_and_samples),
		cmocka_unit_test(frames_are_in_order_of_labels_and_have_their_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
