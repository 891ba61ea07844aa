/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/metadata.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void what_was_said_last_is_kept(void **state)
{
	struct metadata m = { 0 };

	(void)state;
	assert_null(metadata_get(&m, "up"));
	metadata_put(&m, "up", &(struct metric_metadata){ "gauge", "Is it up?", "" });
	metadata_put(&m, "up", &(struct metric_metadata){ "gauge", "Is it well?", "" });
	metadata_put(&m, "up", &(struct metric_metadata){ "gauge", "Is it well?", "" });
	assert_string_equal(metadata_get(&m, "up")->type, "gauge");
	assert_string_equal(metadata_get(&m, "up")->help, "Is it well?");
	assert_string_equal(metadata_get(&m, "up")->unit, "");
	/* As scraping does, a word at a time. */
	assert_true(metadata_put(&m, "up", &(struct metric_metadata){ "", "", "s" }));
	assert_false(metadata_put(&m, "up", &(struct metric_metadata){ "gauge", "", "" }));
	assert_string_equal(metadata_get(&m, "up")->type, "gauge");
	assert_string_equal(metadata_get(&m, "up")->help, "Is it well?");
	assert_string_equal(metadata_get(&m, "up")->unit, "s");
	metadata_fini(&m);
}

static void it_is_bounded_in_length_and_number(void **state)
{
	char help[2 * METADATA_TEXT_BYTES_MAX], name[16];
	struct metadata m = { 0 };

	(void)state;
	memset(help, 'x', sizeof help);
	help[sizeof help - 1] = 0;
	metadata_put(&m, "up", &(struct metric_metadata){ "gauge", help, "" });
	assert_int_equal(strlen(metadata_get(&m, "up")->help), METADATA_TEXT_BYTES_MAX);
	for (int i = 0; i < METRICS_WITH_METADATA_MAX + 10; i++) {
		snprintf(name, sizeof name, "m%d", i);
		metadata_put(&m, name, &(struct metric_metadata){ "counter", "", "s" });
	}
	assert_int_equal(map_count(&m.metrics), METRICS_WITH_METADATA_MAX);
	assert_null(metadata_get(&m, name));
	metadata_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_last_is_kept),
		cmocka_unit_test(it_is_bounded_in_length_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
