/* SPDX-License-Identifier: Apache-2.0 */
/* test_show: what was expected and what was found, where they differ. */
#ifndef CLI_RULES_TEST_SHOW_H
#define CLI_RULES_TEST_SHOW_H

#include "cli/term/page.h"
#include "core/rules/test_file.h"

/* name{a="b", c="d"} */
void show_labels(const struct labels *l, struct str *out);

struct shown_alerts { /* in order of labels, then annotations */
	const struct test_alert *v;
	uint32_t n;
};
bool alerts_equal(const struct shown_alerts *a, const struct shown_alerts *b);
void show_alerts(struct page *p, const struct shown_alerts *expected,
	const struct shown_alerts *got);

struct shown_sample {
	struct labels labels;
	double v;
	const char *histogram; /* in promtool's notation; NULL: a number */
};
struct shown_samples { /* in order of labels */
	const struct shown_sample *v;
	uint32_t n;
};
bool samples_equal(const struct shown_samples *a, const struct shown_samples *b, bool is_fuzzy);
void show_samples(struct page *p, const struct shown_samples *expected,
	const struct shown_samples *got, bool is_fuzzy);

#endif
