/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/target_spec.h"

#include "base/doc_fixture.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct doc *doc;
	struct findings findings;
	struct scrape_configs *configs;
	struct target_list list;
};

static void fixture_fini(struct fixture *f)
{
	target_list_fini(&f->list);
	scrape_configs_free(f->configs);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
}
SCOPED_FINI(fixture_fini, struct fixture)

/* The targets of one job with static_configs. */
static const struct target_list *build(struct fixture *f, const char *job)
{
	struct doc_node *items[1], list = { .kind = DOC_SEQUENCE, .n = 1, .values = items };
	struct scrape_section section = { .file = "p.yml", .folder = "", .scrape_configs = &list };
	const struct scrape_config *c;
	struct err e = { 0 };

	f->doc = doc_fixture(job);
	items[0] = f->doc->root;
	if (scrape_config_read(&f->configs, &section, 1, &f->findings, &e) != RC_OK)
		fail_msg("%s", f->findings.items[0].text);
	target_list_init(&f->list);
	c = &f->configs->v[0];
	for (uint32_t i = 0; c->n_sds && i < c->sds[0].fixed.n; i++)
		assert_int_equal(target_list_add(&f->list, c, &c->sds[0].fixed.groups[i], &e),
			RC_OK);
	target_list_finish(&f->list, c);
	return &f->list;
}

static const char *text_of(const struct labels *l, struct str *out)
{
	str_clear(out);
	for (uint32_t i = 0; i < l->n; i++)
		str_addf(out, "%s%s=%s", i ? " " : "", l->v[i].name, l->v[i].value);
	return str_c(out);
}

static void a_target_has_job_instance_and_a_url(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(str_fini) struct str out = STR_EMPTY;
	const struct target_list *l = build(&f,
		"{job_name: node, static_configs: [{targets: ['a:9100'], labels: {rack: r1}}]}");

	(void)state;
	assert_int_equal(l->n_active, 1);
	assert_string_equal(text_of(&l->active[0].labels, &out),
		"instance=a:9100 job=node rack=r1");
	assert_string_equal(text_of(&l->active[0].discovered, &out),
		"__address__=a:9100 __metrics_path__=/metrics __scheme__=http "
		"__scrape_interval__=1m __scrape_timeout__=10s job=node rack=r1");
	assert_string_equal(l->active[0].url, "http://a:9100/metrics");
	assert_string_equal(l->active[0].address, "a:9100");
	assert_int_equal(l->active[0].interval_ms, 60000);
	assert_int_equal(l->active[0].timeout_ms, 10000);
}

static void labels_of_the_target_go_before_those_of_its_group_and_job(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(str_fini) struct str out = STR_EMPTY;
	const struct target_list *l =
		build(&f, "{job_name: node, static_configs: [{targets: [a], labels: {job: other, "
			  "instance: i,\n"
			  "__scheme__: https, __metrics_path__: m, __scrape_interval__: 90s,\n"
			  "__scrape_timeout__: 1m, __meta_x: y, __tmp: z}}]}");

	(void)state;
	assert_string_equal(text_of(&l->active[0].labels, &out), "instance=i job=other");
	assert_string_equal(l->active[0].url, "https://a/m");
	assert_int_equal(l->active[0].interval_ms, 90000);
	assert_int_equal(l->active[0].timeout_ms, 60000);
}

static void parameters_come_from_the_job_and_from_labels(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct target_list *l = build(&f,
		"{job_name: bb, metrics_path: '/pro be', params: {module: [icmp, second], b: ['x "
		"y/z']},\n"
		"static_configs: [{targets: ['host.lan']}],\n"
		"relabel_configs: [{source_labels: [__address__], target_label: __param_target},\n"
		"{source_labels: [__param_target], target_label: instance},\n"
		"{target_label: __address__, replacement: 'bb:9115'}]}");

	(void)state;
	assert_string_equal(l->active[0].url,
		"http://bb:9115/pro%20be?b=x+y%2Fz&module=icmp&module=second&target=host.lan");
	assert_string_equal(labels_get(&l->active[0].labels, "instance"), "host.lan");
	assert_string_equal(labels_get(&l->active[0].discovered, "__param_module"), "icmp");
}

static void dropped_targets_are_kept_with_what_was_discovered(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct target_list *l = build(&f,
		"{job_name: a, keep_dropped_targets: 1, static_configs: [{targets: [x, y, z]}],\n"
		"relabel_configs: [{action: keep, source_labels: [__address__], regex: y}]}");

	(void)state;
	assert_int_equal(l->n_active, 1);
	assert_int_equal(l->n_dropped, 2);
	assert_int_equal(l->n_dropped_kept, 1);
	assert_string_equal(labels_get(&l->dropped[0], "__address__"), "x");
}

static void what_can_not_be_scraped_is_counted_and_told(void **state)
{
	static const struct {
		const char *labels, *says;
	} cases[] = {
		{ "__scrape_interval__: x",
			"instance 0 in group 0: error parsing scrape interval" },
		{ "__scrape_interval__: 0s", "scrape interval cannot be 0" },
		{ "__scrape_timeout__: 0s", "scrape timeout cannot be 0" },
		{ "__scrape_timeout__: 2m",
			"scrape timeout cannot be greater than scrape interval (\"2m\" > \"1m\")" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };
		scoped(str_fini) struct str job = STR_EMPTY;

		str_addf(&job, "{job_name: a, static_configs: [{targets: [x], labels: {%s}}]}",
			cases[i].labels);
		build(&f, str_c(&job));
		assert_int_equal(f.list.n_failed, 1);
		assert_int_equal(f.list.n_active, 0);
		if (!strstr(f.list.failure, cases[i].says))
			fail_msg("%s: %s", cases[i].labels, f.list.failure);
	}
}

static void addresses_with_paths_and_none_at_all_are_refused(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct target_list *l =
		build(&f, "{job_name: a, static_configs: [{targets: [x/y, z]}],\n"
			  "relabel_configs: [{source_labels: [__address__], regex: z, "
			  "target_label: __address__,\n"
			  "replacement: ''}]}");

	(void)state;
	assert_int_equal(l->n_failed, 2);
	assert_string_equal(l->failure, "instance 0 in group 0: \"x/y\" is not a valid hostname");
}

static void equal_targets_are_one_and_the_limit_counts_what_is_left(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct target_list *l = build(&f, "{job_name: a, target_limit: 2, static_configs: "
						"[{targets: [x, y, x]}, {targets: [y]}]}");

	(void)state;
	assert_int_equal(l->n_active, 2);
	assert_false(l->over_limit);
	assert_string_equal(l->active[0].address, "x");
	assert_string_equal(l->active[1].address, "y");
	target_list_fini(&f.list);
	target_list_init(&f.list);
	f.configs->v[0].terms.target_limit = 1;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(target_list_add(&f.list, &f.configs->v[0],
					 &f.configs->v[0].sds[0].fixed.groups[i], NULL),
			RC_OK);
	target_list_finish(&f.list, &f.configs->v[0]);
	assert_true(f.list.over_limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_has_job_instance_and_a_url),
		cmocka_unit_test(labels_of_the_target_go_before_those_of_its_group_and_job),
		cmocka_unit_test(parameters_come_from_the_job_and_from_labels),
		cmocka_unit_test(dropped_targets_are_kept_with_what_was_discovered),
		cmocka_unit_test(what_can_not_be_scraped_is_counted_and_told),
		cmocka_unit_test(addresses_with_paths_and_none_at_all_are_refused),
		cmocka_unit_test(equal_targets_are_one_and_the_limit_counts_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
