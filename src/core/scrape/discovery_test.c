/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/discovery.h"

#include "base/doc_fixture.h"
#include "base/str.h"
#include "core/scrape/groups.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct doc *doc, *lists[8];
	uint32_t n_lists;
	struct arena arena;
	struct findings findings;
	struct scrape_configs *configs;
	struct discovery *d;
};

static void fixture_fini(struct fixture *f)
{
	discovery_free(f->d);
	scrape_configs_free(f->configs);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
	for (uint32_t i = 0; i < f->n_lists; i++)
		doc_fixture_free(f->lists[i]);
	arena_fini(&f->arena);
}
SCOPED_FINI(fixture_fini, struct fixture)

static void begin(struct fixture *f, const char *jobs)
{
	struct scrape_section section = { .file = "p.yml", .folder = "" };
	struct err e = { 0 };

	f->doc = doc_fixture(jobs);
	section.scrape_configs = f->doc->root;
	if (scrape_config_read(&f->configs, &section, 1, &f->findings, &e) != RC_OK)
		fail_msg("%s", f->findings.items[0].text);
	f->d = discovery_new(f->configs);
}

/* A list as a file would give it to the first service discovery of the first job. */
static void take(struct fixture *f, const char *file, const char *list, bool is_whole, int64_t now)
{
	const struct groups_origin from = { "__meta_filepath", file };
	struct target_groups groups;
	struct discovered found = { .is_whole = is_whole };

	f->lists[f->n_lists] = doc_fixture(list);
	assert_int_equal(
		groups_of_doc(&groups, &from, f->lists[f->n_lists++]->root, &f->arena, NULL),
		RC_OK);
	found.groups = groups.v;
	found.n = groups.n;
	assert_int_equal(discovery_take(f->d, &found, (struct mono){ now }, NULL), RC_OK);
}

static bool sync(struct fixture *f, int64_t now, struct discovery_change *ret)
{
	bool has = false;

	assert_int_equal(discovery_sync(f->d, (struct mono){ now }, ret, &has, NULL), RC_OK);
	return has;
}

static void static_targets_are_there_at_once(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct discovery_change c;

	(void)state;
	begin(&f, "[{job_name: a, static_configs: [{targets: [x, y]}]}, {job_name: b}]");
	assert_true(discovery_due(f.d).ms <= 0);
	assert_true(sync(&f, 0, &c));
	assert_int_equal(c.job, 0);
	assert_int_equal(c.n_started, 2);
	assert_int_equal(c.n_stopped, 0);
	assert_false(sync(&f, 0, &c));
	assert_true(discovery_due(f.d).ms == NEVER_MS);
	assert_int_equal(discovery_targets(f.d, 0)->n_active, 2);
}

static void what_changes_is_told_and_what_stays_is_not(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct discovery_change c;

	(void)state;
	begin(&f, "[{job_name: a, file_sd_configs: [{files: [t.yml]}]}]");
	assert_true(discovery_due(f.d).ms == NEVER_MS);
	take(&f, "t.yml", "[{targets: [x, y]}, {targets: [z], labels: {r: 1}}]", true, 100);
	assert_int_equal(discovery_due(f.d).ms, 100);
	assert_true(sync(&f, 100, &c));
	assert_int_equal(c.n_started, 3);
	assert_string_equal(labels_get(&c.targets->active[0].discovered, "__meta_filepath"),
		"t.yml");
	take(&f, "t.yml", "[{targets: [x, w]}, {targets: [z], labels: {r: 1}}]", true, 1000);
	assert_int_equal(discovery_due(f.d).ms, 6000);
	take(&f, "t.yml", "[{targets: [x, v]}, {targets: [z], labels: {r: 1}}]", true, 2000);
	assert_false(sync(&f, 5999, &c));
	assert_true(sync(&f, 6000, &c));
	assert_int_equal(c.n_started, 1);
	assert_string_equal(c.started[0]->address, "v");
	assert_int_equal(c.n_stopped, 1);
}

static void the_same_list_again_changes_nothing(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct discovery_change c;

	(void)state;
	begin(&f, "[{job_name: a, file_sd_configs: [{files: [t.yml]}]}]");
	take(&f, "t.yml", "[{targets: [x], labels: {a: b}}]", true, 0);
	assert_true(sync(&f, 0, &c));
	take(&f, "t.yml", "[{targets: [x], labels: {a: b}}]", true, 1);
	assert_true(discovery_due(f.d).ms == NEVER_MS);
}

static void a_whole_list_takes_away_what_it_does_not_hold(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct discovery_change c;
	const struct target_group gone = { .source = "t.yml:0" };
	const struct discovered found = { .groups = &gone, .n = 1 };

	(void)state;
	begin(&f, "[{job_name: a, file_sd_configs: [{files: [t.yml]}]}]");
	take(&f, "t.yml", "[{targets: [x]}, {targets: [y]}, {targets: [z]}]", true, 0);
	assert_true(sync(&f, 0, &c));
	take(&f, "t.yml", "[{targets: [x]}, {targets: [y]}]", true, 0);
	assert_true(sync(&f, 5000, &c));
	assert_int_equal(c.n_stopped, 1);
	assert_int_equal(discovery_take(f.d, &found, (struct mono){ 5000 }, NULL), RC_OK);
	assert_true(sync(&f, 10000, &c));
	assert_int_equal(c.n_stopped, 1);
	assert_int_equal(c.targets->n_active, 1);
	assert_string_equal(c.targets->active[0].address, "y");
}

static void a_list_is_taken_whole_or_refused_with_its_place(void **state)
{
	static const struct {
		const char *list, *says;
	} cases[] = {
		{ "{targets: [x]}", "line 1: expected a list of groups" },
		{ "[{targets: x}]", "line 1: targets: expected a list" },
		{ "[{targets: [x]},\n{targets: [{}]}]", "line 2: a text was expected" },
		{ "[{target: [x]}]", "line 1: unknown key 'target'" },
		{ "[{targets: [x], labels: {'': y}}]", "\"\" is not a valid label name" },
		{ "[x]", "line 1: expected a mapping" },
	};
	const struct groups_origin from = { "__meta_filepath", "t.yml" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(doc_fixture_free) struct doc *doc = doc_fixture(cases[i].list);
		scoped(arena_fini) struct arena arena;
		struct target_groups groups;
		struct err e = { 0 };

		arena_init(&arena, 0);
		assert_int_equal(groups_of_doc(&groups, &from, doc->root, &arena, &e), RC_INPUT);
		if (!strstr(e.text, cases[i].says))
			fail_msg("%s: %s", cases[i].list, e.text);
	}
}

static enum rc of_json(const char *text, struct target_groups *ret, struct arena *a, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct groups_origin from = { "__meta_url", "http://sd/" };
	const struct json_node *list;

	assert_int_equal(json_flat_read(&flat, text, strlen(text), &list, e), RC_OK);
	return groups_of_json(ret, &from, list, a, e);
}

static void json_lists_are_read_alike(void **state)
{
	scoped(arena_fini) struct arena arena;
	struct target_groups groups;
	struct err e = { 0 };

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(
		of_json("[{\"targets\":[\"a:1\",\"b\"],\"labels\":{\"z\":\"1\",\"a\":\"\"}},"
			"{\"targets\":[]},{\"targets\":null}]",
			&groups, &arena, &e),
		RC_OK);
	assert_int_equal(groups.n, 3);
	assert_string_equal(groups.v[0].source, "http://sd/:0");
	assert_int_equal(groups.v[0].n, 2);
	assert_string_equal(labels_get(&groups.v[0].targets[1], "__address__"), "b");
	assert_int_equal(groups.v[0].labels.n, 2);
	assert_string_equal(labels_get(&groups.v[0].labels, "__meta_url"), "http://sd/");
	assert_int_equal(groups.v[1].n, 0);
	assert_int_equal(of_json("{}", &groups, &arena, &e), RC_INPUT);
	assert_int_equal(of_json("[{\"targets\":[1]}]", &groups, &arena, &e), RC_INPUT);
	assert_string_equal(e.text, "group 0: targets: a text was expected");
	assert_int_equal(of_json("[{\"labels\":{\"a\":1}}]", &groups, &arena, &e), RC_INPUT);
	assert_int_equal(of_json("[7]", &groups, &arena, &e), RC_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(static_targets_are_there_at_once),
		cmocka_unit_test(what_changes_is_told_and_what_stays_is_not),
		cmocka_unit_test(the_same_list_again_changes_nothing),
		cmocka_unit_test(a_whole_list_takes_away_what_it_does_not_hold),
		cmocka_unit_test(a_list_is_taken_whole_or_refused_with_its_place),
		cmocka_unit_test(json_lists_are_read_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
