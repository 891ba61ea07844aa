/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/notation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct notation parse(struct arena *a, const char *text)
{
	struct notation notation = { 0 };
	struct err e = { 0 };

	if (notation_parse(text, a, &notation, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
	return notation;
}

static void assert_floats(const struct notation *notation, const double *v, uint32_t n)
{
	assert_int_equal(notation->n, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_false(notation->values[i].is_omitted);
		assert_true(double_bits(notation->values[i].v) == double_bits(v[i]));
	}
}

static void labels_stand_bare_quoted_and_escaped(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a, "up{job=\"a\\\"b\", \"wide name\"='x\\u20ac' , x=`\\n`,}");

	(void)state;
	assert_int_equal(n.n, 0);
	assert_int_equal(n.labels.n, 4);
	assert_string_equal(labels_get(&n.labels, METRIC_NAME), "up");
	assert_string_equal(labels_get(&n.labels, "job"), "a\"b");
	assert_string_equal(labels_get(&n.labels, "wide name"), "x\xe2\x82\xac");
	assert_string_equal(labels_get(&n.labels, "x"), "\\n");
}

static void a_quoted_text_alone_is_the_metric(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a, "{\"my.metric\", a='b'} 1");

	(void)state;
	assert_string_equal(labels_get(&n.labels, METRIC_NAME), "my.metric");
	assert_int_equal(n.n, 1);
}

static void values_repeat_and_grow(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a, "x 1 2x2 0+10x3  5-1.5x1 -3e2 .5");
	const double wanted[] = { 1, 2, 2, 2, 0, 10, 20, 30, 5, 3.5, -300, 0.5 };

	(void)state;
	assert_floats(&n, wanted, COUNT(wanted));
}

static void what_is_no_number_is_written_out(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a, "x NaN Inf -inf stale");
	const double wanted[] = { double_of_bits(PLAIN_NAN_BITS), INFINITY, -INFINITY,
		double_of_bits(STALE_NAN_BITS) };

	(void)state;
	assert_floats(&n, wanted, COUNT(wanted));
}

static void blanks_hold_a_place(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a, "x _ 1 _x3");

	(void)state;
	assert_int_equal(n.n, 5);
	assert_true(n.values[0].is_omitted);
	assert_false(n.values[1].is_omitted);
	assert_true(n.values[4].is_omitted);
}

static void a_histogram_says_its_parts(void **state)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct notation n = parse(&a,
		"h {{schema:1 sum:-0.3 count:32.1 z_bucket:7.1 z_bucket_w:0.05 "
		"buckets:[5.1 10 7] offset:-3 n_buckets:[4.1 5] n_offset:-5 "
		"counter_reset_hint:gauge}}x1 {{schema:-53 custom_values:[1 5] buckets:[1 2 3]}}");
	const struct histogram *h = n.values[1].h;

	(void)state;
	assert_int_equal(n.n, 3);
	assert_int_equal(h->schema, 1);
	assert_int_equal(h->reset, HISTOGRAM_GAUGE);
	assert_true(h->sum == -0.3 && h->count == 32.1);
	assert_true(h->zero_count == 7.1 && h->zero_threshold == 0.05);
	assert_int_equal(h->n_positive, 3);
	assert_int_equal(h->positive_spans[0].offset, -3);
	assert_int_equal(h->positive_spans[0].length, 3);
	assert_true(h->positive[2] == 7 && h->negative[1] == 5);
	assert_int_equal(h->negative_spans[0].offset, -5);
	h = n.values[2].h;
	assert_int_equal(h->schema, HISTOGRAM_CUSTOM);
	assert_int_equal(h->n_bounds, 2);
	assert_true(h->bounds[1] == 5);
}

static void what_cannot_be_read_is_named_with_its_place(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "1:1: expected a name" },
		{ "x{a}", "1:4: expected =" },
		{ "x{a=b}", "1:5: expected a quoted text" },
		{ "x{a=\"b\"", "1:8: expected , or }" },
		{ "x{a=\"b}", "1:5: unterminated quoted string" },
		{ "x{a=\"\\q\"}", "1:5: unknown escape sequence" },
		{ "x{a=\"1\",a=\"2\"}", "label a stands there twice" },
		{ "x 1 2,", "1:6: expected a blank" },
		{ "x one", "1:3: expected a number" },
		{ "x 1+2", "1:6: expected x" },
		{ "x 1x", "1:5: expected how often" },
		{ "x 1x99999999999", "1:12: expected fewer repetitions" },
		{ "x {{schema:1", "1:13: expected a histogram's key" },
		{ "x {{schema:99}}", "1:14: expected a schema and offsets" },
		{ "x {{buckets:[1", "1:15: expected a number" },
		{ "x {{counter_reset_hint:no}}", "1:24: expected unknown, reset" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		scoped(arena_fini) struct arena a = { 0 };
		struct notation n;
		struct err e = { 0 };

		assert_int_equal(notation_parse(wrong[i][0], &a, &n, &e), RC_INPUT);
		if (strncmp(e.text, wrong[i][1], strlen(wrong[i][1])) != 0)
			fail_msg("%s: %s", wrong[i][0], e.text);
	}
}

static void a_full_arena_is_an_error_not_a_crash(void **state)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = 8192 };
	struct notation n;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(notation_parse("x 1x1000", &a, &n, &e), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_stand_bare_quoted_and_escaped),
		cmocka_unit_test(a_quoted_text_alone_is_the_metric),
		cmocka_unit_test(values_repeat_and_grow),
		cmocka_unit_test(what_is_no_number_is_written_out),
		cmocka_unit_test(blanks_hold_a_place),
		cmocka_unit_test(a_histogram_says_its_parts),
		cmocka_unit_test(what_cannot_be_read_is_named_with_its_place),
		cmocka_unit_test(a_full_arena_is_an_error_not_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
