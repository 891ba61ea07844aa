/* SPDX-License-Identifier: Apache-2.0 */
#include "node/rules_answer.h"

#include "base/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct reading {
	struct arena arena;
	struct rules_vector vector;
	struct err e;
	enum rc rc;
};

static void reading_fini(struct reading *r)
{
	arena_fini(&r->arena);
}
SCOPED_FINI(reading_fini, struct reading)

static struct reading read_answer(int status, const char *body)
{
	struct reading r = { 0 };
	struct rules_answer answer = { status, body, strlen(body) };

	arena_init(&r.arena, 1 << 20);
	r.rc = rules_answer_read(&answer, &r.arena, &r.vector, &r.e);
	return r;
}

static void a_vector_has_its_series_in_order_of_names(void **state)
{
	scoped(reading_fini) struct reading r = read_answer(200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
		"{\"metric\":{\"job\":\"a\",\"__name__\":\"up\"},\"value\":[1.5,\"1.25\"]},"
		"{\"metric\":{},\"value\":[1,\"-Inf\"]},{\"metric\":{},\"value\":[1,\"NaN\"]}]}}");

	(void)state;
	assert_int_equal(r.rc, RC_OK);
	assert_int_equal(r.vector.n, 3);
	assert_string_equal(r.vector.v[0].labels.v[0].name, "__name__");
	assert_string_equal(labels_get(&r.vector.v[0].labels, "job"), "a");
	assert_true(r.vector.v[0].v == 1.25);
	assert_true(r.vector.v[1].v == -INFINITY);
	assert_true(isnan(r.vector.v[2].v));
}

static void a_scalar_is_one_sample_without_labels(void **state)
{
	scoped(reading_fini) struct reading r =
		read_answer(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
				 "\"result\":[1,\"7\"]}}");

	(void)state;
	assert_int_equal(r.rc, RC_OK);
	assert_int_equal(r.vector.n, 1);
	assert_int_equal(r.vector.v[0].labels.n, 0);
	assert_true(r.vector.v[0].v == 7);
}

#define HISTOGRAM(buckets)                                                             \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["     \
	"{\"metric\":{\"a\":\"1\"},\"histogram\":[1,{\"count\":\"9\",\"sum\":\"4.5\"," \
	"\"buckets\":" buckets "}]}]}}"

static void assert_histogram(const char *body, const char *notation)
{
	scoped(reading_fini) struct reading r = read_answer(200, body);
	scoped(str_fini) struct str got = STR_EMPTY;

	if (r.rc != RC_OK)
		fail_msg("%s", r.e.text);
	assert_int_equal(r.vector.n, 1);
	histogram_notation(r.vector.v[0].h, &got);
	assert_string_equal(str_c(&got), notation);
	assert_string_equal(labels_get(&r.vector.v[0].labels, "a"), "1");
}

static void a_native_histogram_is_taken_together_again(void **state)
{
	(void)state;
	assert_histogram(HISTOGRAM("[[1,\"-4\",\"-2\",\"1\"],[1,\"-1\",\"-0.5\",\"2\"],[3,\"-0."
				   "25\",\"0.25\",\"1\"],"
				   "[0,\"1\",\"2\",\"2\"],[0,\"4\",\"8\",\"3\"]]"),
		"{{count:9 sum:4.5 z_bucket:1 z_bucket_w:0.25 offset:1 buckets:[2 0 3] "
		"n_buckets:[2 0 1]}}");
	assert_histogram(HISTOGRAM("[[0,\"1\",\"1.0905077326652577\",\"9\"]]"),
		"{{schema:3 count:9 sum:4.5 z_bucket_w:2.938735877055719e-39 offset:1 "
		"buckets:[9]}}");
	assert_histogram(HISTOGRAM("[[0,\"1\",\"65536\",\"9\"]]"),
		"{{schema:-4 count:9 sum:4.5 z_bucket_w:2.938735877055719e-39 offset:1 "
		"buckets:[9]}}");
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		int status;
		const char *body, *why;
	} cases[] = {
		{ 422,
			"{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"query timed "
			"out\"}",
			"query timed out" },
		{ 502, "<html>Bad Gateway</html>", "status 502" },
		{ 200, "", "not in JSON" },
		{ 200, "[]", "not in JSON" },
		{ 200, "{\"status\":\"success\"}", "lacks a resultType" },
		{ 500, "{\"message\":\"x\"}", "status 500" },
		{ 200,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}"
			"}",
			"rule result is not a vector or scalar" },
		{ 200,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
			"{\"metric\":{},\"histogram\":[1,{}]}]}}",
			"lacks its count" },
		{ 200, HISTOGRAM("[[0,\"0.3\",\"0.7\",\"3\"]]"), "custom buckets" },
		{ 200, HISTOGRAM("[[0,\"1\",\"2\",\"3\"],[0,\"1\",\"2\",\"1\"]]"),
			"don't fit each other" },
		{ 200, HISTOGRAM("[[0,\"1\",\"4\",\"3\"],[0,\"4\",\"8\",\"1\"]]"),
			"don't fit each other" },
		{ 200, HISTOGRAM("[[7,\"1\",\"2\",\"3\"]]"), "a bucket that is none" },
		{ 200,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
			"{\"metric\":{},\"value\":[1,2]}]}}",
			"lacks its value" },
		{ 200,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
			"{\"metric\":{\"a\":1},\"value\":[1,\"2\"]}]}}",
			"a label is no text" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(reading_fini) struct reading r = read_answer(cases[i].status, cases[i].body);

		assert_int_not_equal(r.rc, RC_OK);
		assert_non_null(strstr(r.e.text, cases[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_has_its_series_in_order_of_names),
		cmocka_unit_test(a_scalar_is_one_sample_without_labels),
		cmocka_unit_test(a_native_histogram_is_taken_together_again),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
