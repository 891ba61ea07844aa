/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/memory_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void load(struct memory_source *m, const char *line)
{
	struct err e = { 0 };

	if (memory_source_load(m, line, (struct memory_times){ 0, 60000 }, &e) != RC_OK)
		fail_msg("%s: %s", line, e.text);
}

/* How many series match; the last one's samples stay in the column. */
static unsigned count_matches(const struct memory_source *m, const char *name, const char *value,
	struct series_column *column)
{
	scoped(matcher_free) struct matcher *matcher = NULL;
	struct series_source source = memory_source_source(m);
	struct series_cursor *cursor;
	struct labels labels;
	bool has = true;
	unsigned n = 0;

	assert_int_equal(matcher_new(&matcher, MATCHER_EQUAL, name, value, NULL), RC_OK);
	const struct matcher *const matchers[] = { matcher };
	const struct series_query query = { .matchers = matchers,
		.n_matchers = 1,
		.min_ms = 60000,
		.max_ms = 180000 };

	assert_int_equal(source.open(source.self, &query, &cursor, NULL), RC_OK);
	for (;;) {
		assert_int_equal(source.next(cursor, &labels, &has, NULL), RC_OK);
		if (!has)
			break;
		n++;
		assert_int_equal(source.read(cursor, column, NULL), RC_OK);
	}
	source.close(cursor);
	return n;
}

static void samples_within_the_time_asked_for_are_read(void **state)
{
	scoped(memory_source_free) struct memory_source *m = memory_source_new();
	scoped(series_column_fini) struct series_column column = { 0 };

	(void)state;
	load(m, "up{job=\"a\"} 0+1x10");
	load(m, "up{job=\"b\"} 5x10");
	load(m, "down 7");
	assert_int_equal(count_matches(m, "job", "a", &column), 1);
	assert_int_equal(column.n, 3);
	assert_int_equal(column.t_ms[0], 60000);
	assert_true(column.v[2] == 3);
	assert_int_equal(count_matches(m, METRIC_NAME, "up", &column), 2);
	assert_int_equal(count_matches(m, "job", "", &column), 1);
	assert_int_equal(column.n, 0);
}

static void histograms_come_to_those_who_have_room_for_them(void **state)
{
	scoped(memory_source_free) struct memory_source *m = memory_source_new();
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(arena_fini) struct arena arena = { 0 };

	(void)state;
	load(m, "h 1 2 {{schema:1 count:3 sum:5 buckets:[3]}} 4");
	assert_int_equal(count_matches(m, METRIC_NAME, "h", &column), 1);
	assert_int_equal(column.n, 2);
	column.histograms = &arena;
	assert_int_equal(count_matches(m, METRIC_NAME, "h", &column), 1);
	assert_int_equal(column.n, 3);
	assert_null(column.h[0]);
	assert_true(column.h[1]->count == 3);
	assert_null(column.h[2]);
}

static void a_sample_is_taken_once_and_in_order(void **state)
{
	scoped(memory_source_free) struct memory_source *m = memory_source_new();
	struct series_sink sink = memory_source_sink(m);
	struct label label = { "a", "b", 1, 1 };
	series_ref ref, again;

	(void)state;
	assert_int_equal(sink.series(sink.self, &(struct labels){ &label, 1 }, &ref, NULL), RC_OK);
	assert_int_equal(sink.append(sink.self, ref, 1000, 1), SERIES_TAKEN);
	assert_int_equal(sink.append(sink.self, ref, 1000, 1), SERIES_SAME);
	assert_int_equal(sink.append(sink.self, ref, 1000, 2), SERIES_DUPLICATE);
	assert_int_equal(sink.append(sink.self, ref, 999, 1), SERIES_OUT_OF_ORDER);
	assert_int_equal(sink.commit(sink.self, NULL), RC_OK);
	assert_int_equal(sink.series(sink.self, &(struct labels){ &label, 1 }, &again, NULL),
		RC_OK);
	assert_int_equal(ref, again);
}

static void a_line_that_goes_back_in_time_is_refused(void **state)
{
	scoped(memory_source_free) struct memory_source *m = memory_source_new();
	struct err e = { 0 };

	(void)state;
	load(m, "up 1x10");
	assert_int_equal(memory_source_load(m, "up 2", (struct memory_times){ 0, 60000 }, &e),
		RC_INPUT);
	assert_string_equal(e.text, "up 2: a sample is out of order");
}

static void thousands_of_series_are_found_again(void **state)
{
	scoped(memory_source_free) struct memory_source *m = memory_source_new();
	scoped(series_column_fini) struct series_column column = { 0 };
	char line[64];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof line, "x{i=\"%d\"} _ %d", i % 2500, i);
		if (i < 2500)
			load(m, line);
		else
			assert_int_not_equal(memory_source_load(m, line,
						     (struct memory_times){ 0, 60000 }, NULL),
				RC_OK);
	}
	assert_int_equal(count_matches(m, METRIC_NAME, "x", &column), 2500);
	assert_int_equal(count_matches(m, "i", "2499", &column), 1);
	assert_true(column.v[0] == 2499);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_within_the_time_asked_for_are_read),
		cmocka_unit_test(histograms_come_to_those_who_have_room_for_them),
		cmocka_unit_test(a_sample_is_taken_once_and_in_order),
		cmocka_unit_test(a_line_that_goes_back_in_time_is_refused),
		cmocka_unit_test(thousands_of_series_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
