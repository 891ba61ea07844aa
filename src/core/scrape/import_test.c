/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct imported {
	struct series_batch batch;
	struct import_text text;
	struct err e;
	enum rc rc;
};

static void import(struct imported *m, const char *s)
{
	series_batch_init(&m->batch, 1, 65536);
	m->text.s = s;
	m->text.n = strlen(s);
	m->text.t_ms = 1000;
	m->rc = import_parse(&m->text, &m->batch, &m->e);
}

static void imported_fini(struct imported *m)
{
	series_batch_fini(&m->batch);
}
SCOPED_FINI(imported_fini, struct imported)

static void assert_series(const struct imported *m, uint32_t i, const char *want)
{
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str got = STR_EMPTY;
	struct labels l;

	arena_init(&a, 65536);
	assert_int_equal(m->batch.labels(&m->batch, i, &a, &l, NULL), RC_OK);
	for (uint32_t k = 0; k < l.n; k++)
		str_addf(&got, "%s=%s ", l.v[k].name, l.v[k].value);
	assert_string_equal(str_c(&got), want);
}

static void samples_have_their_own_times(void **state)
{
	scoped(imported_fini) struct imported m = { 0 };

	(void)state;
	import(&m, "# TYPE a counter\na{x=\"1\"} 3 5000\nb 4\na{x=\"1\"} 6 20000\nb 7 3\n");
	assert_int_equal(m.rc, RC_OK);
	assert_int_equal(m.batch.n_series, 2);
	assert_int_equal(m.batch.n_samples, 4);
	assert_series(&m, 0, "__name__=a x=1 ");
	assert_series(&m, 1, "__name__=b ");
	assert_int_equal(m.batch.samples[1].t_ms, 1000);
	assert_int_equal(m.batch.samples[2].series, 0);
	assert_int_equal(m.batch.samples[2].t_ms, 20000);
	assert_true(m.batch.samples[3].v == 7 && m.batch.samples[3].t_ms == 3);
	assert_string_equal(m.batch.metadata[0].m.type, "counter");
}

static void openmetrics_counts_seconds(void **state)
{
	scoped(imported_fini) struct imported m = { .text.format = EXPOSITION_OPENMETRICS };

	(void)state;
	import(&m, "# TYPE a gauge\na 1 1700000000.5\na 2 1700000001\n# EOF\n");
	assert_int_equal(m.rc, RC_OK);
	assert_int_equal(m.batch.n_samples, 2);
	assert_true(m.batch.samples[0].t_ms == 1700000000500);
}

static void a_name_is_not_taken_for_one_that_begins_so(void **state)
{
	scoped(imported_fini) struct imported m = { 0 };

	(void)state;
	import(&m, "foo 1 1\nfoo 2 2\nfoobar 3 3\nfoo{a=\"b\"} 4 4\nfoo 5 5\n");
	assert_int_equal(m.rc, RC_OK);
	assert_int_equal(m.batch.n_series, 3);
	assert_int_equal(m.batch.samples[2].series, 1);
	assert_int_equal(m.batch.samples[3].series, 2);
	assert_int_equal(m.batch.samples[4].series, 0);
}

static void extra_labels_take_the_place_of_own_ones(void **state)
{
	struct label extra[] = { { "job", "old", 3, 3 }, { "x", "9", 1, 1 } };
	scoped(imported_fini) struct imported m = { .text.extra = { extra, 2 } };

	(void)state;
	import(&m, "a{x=\"1\",z=\"2\"} 3 5000\n");
	assert_series(&m, 0, "__name__=a job=old x=9 z=2 ");
}

static void the_line_that_is_wrong_is_named(void **state)
{
	scoped(imported_fini) struct imported m = { 0 };

	(void)state;
	import(&m, "a 1 1\na 2 2\na three 3\n");
	assert_int_equal(m.rc, RC_INPUT);
	assert_non_null(strstr(m.e.text, "line 3: "));
}

static void too_many_samples_are_refused(void **state)
{
	scoped(series_batch_fini) struct series_batch b;
	const char text[] = "a 1 1\na 2 2\na 3 3\n";
	struct import_text t = { .s = text, .n = sizeof text - 1 };

	(void)state;
	series_batch_init(&b, 1, 65536);
	b.samples_max = 2;
	assert_int_equal(import_parse(&t, &b, NULL), RC_LIMIT);
}

static void too_much_metadata_is_refused(void **state)
{
	scoped(series_batch_fini) struct series_batch b;
	const char text[] = "# TYPE a gauge\n# TYPE b gauge\n# TYPE c gauge\n";
	struct import_text t = { .s = text, .n = sizeof text - 1 };

	(void)state;
	series_batch_init(&b, 1, 65536);
	b.samples_max = 2;
	assert_int_equal(import_parse(&t, &b, NULL), RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_have_their_own_times),
		cmocka_unit_test(openmetrics_counts_seconds),
		cmocka_unit_test(a_name_is_not_taken_for_one_that_begins_so),
		cmocka_unit_test(extra_labels_take_the_place_of_own_ones),
		cmocka_unit_test(the_line_that_is_wrong_is_named),
		cmocka_unit_test(too_many_samples_are_refused),
		cmocka_unit_test(too_much_metadata_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
