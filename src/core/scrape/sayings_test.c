/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/sayings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/scrape/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct line line_of(enum line_kind kind, series_ref ref)
{
	return (struct line){ .kind = kind, .ref = ref };
}

static void a_text_is_kept_once(void **state)
{
	scoped(sayings_fini) struct sayings s;
	series_ref a, b, other;

	(void)state;
	sayings_init(&s, 7);
	a = sayings_put(&s, "up", "whether", SAYING_HELP);
	b = sayings_put(&s, "up", "whether", SAYING_HELP);
	other = sayings_put(&s, "upw", "hether", SAYING_HELP);
	assert_int_equal(a, b);
	assert_int_not_equal(a, other);
	assert_int_equal(s.n_live, 2);
	assert_int_equal(saying_what(sayings_put(&s, "up", "s", SAYING_UNIT)), SAYING_UNIT);
	assert_int_equal(saying_what(sayings_put(&s, "up", "", METRIC_STATESET)), METRIC_STATESET);
}

static void lines_say_a_metric_s_words_together(void **state)
{
	scoped(sayings_fini) struct sayings s;
	scoped(said_metrics_fini) struct said_metrics said = { 0 }, one = { 0 };
	struct line v[6];
	struct lines l = { .v = v, .n = 6 };

	(void)state;
	sayings_init(&s, 7);
	v[0] = line_of(LINE_OTHER, sayings_put(&s, "up", "whether", SAYING_HELP));
	v[1] = line_of(LINE_TYPE, sayings_put(&s, "up", "", METRIC_GAUGE));
	v[2] = line_of(LINE_SERIES, 1u << SAYING_WHAT_BITS);
	v[3] = line_of(LINE_OTHER, sayings_put(&s, "age", "seconds", SAYING_UNIT));
	v[4] = line_of(LINE_DROPPED, 0);
	v[5] = line_of(LINE_OTHER, sayings_put(&s, "up", "what it was before", SAYING_HELP));
	v[5].is_doubtful = true;
	sayings_of(&s, &l, NULL, &said);
	assert_int_equal(said.n, 2);
	assert_string_equal(said.v[0].name, "age");
	assert_string_equal(said.v[0].m.type, "");
	assert_string_equal(said.v[0].m.unit, "seconds");
	assert_string_equal(said.v[1].name, "up");
	assert_string_equal(said.v[1].m.type, "gauge");
	assert_string_equal(said.v[1].m.help, "whether");
	assert_string_equal(said.v[1].m.unit, "");
	sayings_of(&s, &l, "age", &one);
	assert_int_equal(one.n, 1);
	assert_string_equal(one.v[0].name, "age");
}

static void a_long_help_is_kept_from_its_beginning(void **state)
{
	scoped(sayings_fini) struct sayings s;
	scoped(said_metrics_fini) struct said_metrics said = { 0 };
	char text[2 * METADATA_TEXT_BYTES_MAX + 1];
	struct line v;
	struct lines l = { .v = &v, .n = 1 };

	(void)state;
	sayings_init(&s, 7);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	v = line_of(LINE_OTHER, sayings_put(&s, "up", text, SAYING_HELP));
	sayings_of(&s, &l, NULL, &said);
	assert_int_equal(strlen(said.v[0].m.help), METADATA_TEXT_BYTES_MAX);
	v = line_of(LINE_OTHER, sayings_put(&s, text, "of so long a name nothing", SAYING_HELP));
	sayings_of(&s, &l, text, &said);
	assert_int_equal(said.n, 1);
}

/* Texts of a target that says others each time. */
static series_ref put_many(struct sayings *s, uint32_t from, uint32_t n)
{
	char text[32];
	series_ref last = 0;

	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%u", from + i);
		last = sayings_put(s, "up", text, SAYING_HELP);
	}
	return last;
}

static void texts_that_no_line_names_go_and_their_numbers_come_again(void **state)
{
	scoped(sayings_fini) struct sayings s;
	scoped(said_metrics_fini) struct said_metrics said = { 0 };
	struct line v;
	struct lines l = { .v = &v, .n = 1 };
	series_ref kept;

	(void)state;
	sayings_init(&s, 7);
	kept = put_many(&s, 0, 200);
	assert_false(sayings_is_due(&s));
	put_many(&s, 1000, 200);
	assert_true(sayings_is_due(&s));
	v = line_of(LINE_OTHER, kept);
	sayings_mark(&s, &v, 1);
	sayings_sweep(&s);
	assert_int_equal(s.n_live, 1);
	assert_false(sayings_is_due(&s));
	put_many(&s, 2000, 250);
	assert_int_equal(s.n, 400);
	assert_int_equal(put_many(&s, 199, 1), kept);
	sayings_of(&s, &l, NULL, &said);
	assert_string_equal(said.v[0].m.help, "199");
	sayings_sweep(&s); /* the mark of the last sweep is none of this one */
	assert_int_equal(s.n_live, 0);
}

static void more_texts_than_there_may_be_are_not_kept(void **state)
{
	scoped(sayings_fini) struct sayings s;
	scoped(said_metrics_fini) struct said_metrics said = { 0 };
	struct line v;
	struct lines l = { .v = &v, .n = 1 };

	(void)state;
	sayings_init(&s, 7);
	put_many(&s, 0, TARGET_SAYINGS_MAX);
	v = line_of(LINE_TYPE, sayings_put(&s, "down", "", METRIC_COUNTER));
	assert_int_equal(s.n_live, TARGET_SAYINGS_MAX);
	assert_int_equal(saying_what(v.ref), METRIC_COUNTER); /* its samples go by it */
	sayings_of(&s, &l, NULL, &said);
	assert_int_equal(said.n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_kept_once),
		cmocka_unit_test(lines_say_a_metric_s_words_together),
		cmocka_unit_test(a_long_help_is_kept_from_its_beginning),
		cmocka_unit_test(texts_that_no_line_names_go_and_their_numbers_come_again),
		cmocka_unit_test(more_texts_than_there_may_be_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
