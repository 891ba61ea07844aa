/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/handover.h"

#include "base/doc_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LABEL(name, value)                                     \
	{                                                      \
		name, value, sizeof name - 1, sizeof value - 1 \
	}

static struct label own[] = { LABEL("alertname", "Down"), LABEL("site", "here") };
static struct label outer[] = { LABEL("replica", "a"), LABEL("site", "there") };
static const struct labels alert = { own, 2 }, external = { outer, 2 };

/* "a=1,b=2" of the alert as it is handed over; "dropped". */
static void assert_handed(const char *section, const char *wanted)
{
	scoped(doc_fixture_free) struct doc *doc = doc_fixture(section);
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(handover_free) struct handover *h = NULL;
	scoped(str_fini) struct str got = STR_EMPTY;
	scoped(arena_fini) struct arena arena;
	struct labels labels;
	bool is_dropped;

	arena_init(&arena, 0);
	assert_int_equal(handover_read(&h, "p.yml", doc->root, &findings, NULL), RC_OK);
	assert_int_equal(handover_labels(h, &alert, &external, &arena, &labels, &is_dropped, NULL),
		RC_OK);
	for (uint32_t i = 0; i < labels.n && !is_dropped; i++)
		str_addf(&got, "%s%s=%s", i ? "," : "", labels.v[i].name, labels.v[i].value);
	assert_string_equal(is_dropped ? "dropped" : str_c(&got), wanted);
}

static void external_labels_are_added_where_there_are_none_of_the_name(void **state)
{
	(void)state;
	assert_handed("{}", "alertname=Down,replica=a,site=here");
}

static void alerts_are_relabelled_with_them(void **state)
{
	(void)state;
	assert_handed("{alert_relabel_configs: [{action: labeldrop, regex: replica}]}",
		"alertname=Down,site=here");
	assert_handed(
		"{alert_relabel_configs: [{action: drop, source_labels: [replica], regex: a}]}",
		"dropped");
	assert_handed("{alert_relabel_configs: [{action: labeldrop, regex: .*}]}", "dropped");
}

static void alertmanagers_are_said_not_to_be_told(void **state)
{
	scoped(doc_fixture_free) struct doc *doc =
		doc_fixture("{alertmanagers: [{static_configs: [{targets: [a]}]}]}");
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(handover_free) struct handover *h = NULL;

	(void)state;
	assert_int_equal(handover_read(&h, "p.yml", doc->root, &findings, NULL), RC_OK);
	assert_int_equal(findings.n, 1);
	assert_true(findings.items[0].is_warning);
}

static void a_key_that_is_not_known_is_refused(void **state)
{
	scoped(doc_fixture_free) struct doc *doc = doc_fixture("{alert_relabel: []}");
	scoped(findings_fini) struct findings findings = { 0 };
	struct handover *h = NULL;

	(void)state;
	assert_int_equal(handover_read(&h, "p.yml", doc->root, &findings, NULL), RC_INPUT);
	assert_int_equal(findings.n_errors, 1);
}

static void a_link_is_prometheus_own(void **state)
{
	scoped(str_fini) struct str link = STR_EMPTY;

	(void)state;
	handover_link("http://h:1", "sum by (job) (up) > 0.5 and a{b=\"ü\"}", &link);
	assert_string_equal(str_c(&link),
		"http://h:1/graph?g0.expr=sum+by+%28job%29+%28up%29+%3E+0.5+and+a%7Bb%3D%22%C3%BC"
		"%22%7D&g0.tab=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(external_labels_are_added_where_there_are_none_of_the_name),
		cmocka_unit_test(alerts_are_relabelled_with_them),
		cmocka_unit_test(alertmanagers_are_said_not_to_be_told),
		cmocka_unit_test(a_key_that_is_not_known_is_refused),
		cmocka_unit_test(a_link_is_prometheus_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
