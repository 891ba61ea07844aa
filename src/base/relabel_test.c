/* SPDX-License-Identifier: Apache-2.0 */
#include "base/relabel.h"

#include "base/doc_fixture.h"
#include "base/str.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct findings findings;
	struct doc *doc;
	struct relabel_rules rules;
	struct label_set set;
};

static void fixture_fini(struct fixture *f)
{
	relabel_rules_fini(&f->rules);
	label_set_fini(&f->set);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
	arena_fini(&f->arena);
}
SCOPED_FINI(fixture_fini, struct fixture)

static void read_rules(struct fixture *f, const char *rules)
{
	static const struct doc_key key = { .name = "relabel_configs" };
	struct doc_reader r = { .arena = &f->arena, .findings = &f->findings, .file = "test.yml" };

	arena_init(&f->arena, 0);
	f->doc = doc_fixture(rules);
	relabel_take(&r, &key, f->doc->root, &f->rules);
}

/* "a=b c=d" as labels. */
static void load(struct fixture *f, const char *text)
{
	char *copy = arena_strdup(&f->arena, text), *save = NULL;

	label_set_init(&f->set, &f->arena);
	for (char *pair = strtok_r(copy, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
		char *equals = strchr(pair, '=');

		*equals = '\0';
		label_set_put(&f->set, pair, equals + 1);
	}
}

static void print(const struct label_set *s, struct str *out)
{
	for (uint32_t i = 0; i < s->n; i++)
		str_addf(out, "%s%s=%s", i ? " " : "", s->v[i].name, s->v[i].value);
}

struct relabel_case {
	const char *rules, *before, *after; /* after NULL: dropped */
};

static void check(const struct relabel_case *c)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(str_fini) struct str got = STR_EMPTY;
	struct err e = { 0 };
	enum relabel_fate fate;

	read_rules(&f, c->rules);
	if (f.findings.n_errors)
		fail_msg("%s: %s", c->rules, f.findings.items[0].text);
	load(&f, c->before);
	fate = relabel_apply(&f.rules, &f.set, &e);
	if ((fate == RELABEL_DROPPED) != !c->after || fate == RELABEL_FAILED)
		fail_msg("%s of %s: fate %d %s", c->rules, c->before, fate, e.text);
	print(&f.set, &got);
	if (c->after && !str_eq(str_c(&got), c->after))
		fail_msg("%s of %s: '%s', not '%s'", c->rules, c->before, str_c(&got), c->after);
}

static void check_all(const struct relabel_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&cases[i]);
}

static void replace_sets_what_the_expression_found(void **state)
{
	static const struct relabel_case cases[] = {
		{ "[{source_labels: [a], target_label: b}]", "a=x", "a=x b=x" },
		{ "[{source_labels: [a], target_label: b}]", "b=x", "" },
		{ "[{target_label: b, replacement: fixed}]", "a=x", "a=x b=fixed" },
		{ "[{target_label: a, replacement: ''}]", "a=x b=y", "b=y" },
		{ "[{source_labels: [a, b, c], separator: '-', target_label: d}]", "a=1 c=3",
			"a=1 c=3 d=1--3" },
		{ "[{source_labels: [a, b], target_label: d}]", "a=1 b=2", "a=1 b=2 d=1;2" },
		{ "[{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: "
		  "'ch${1}-ch$1'}]",
			"a=foo", "a=foo d=choo-choo" },
		{ "[{source_labels: [a], regex: 'f(.*)', target_label: d}]", "a=xfoo", "a=xfoo" },
		{ "[{source_labels: [a], regex: 'f', target_label: d, replacement: x}]", "a=foo",
			"a=foo" },
		{ "[{source_labels: [a], regex: '(f).*', target_label: '${1}_$1', replacement: x}]",
			"a=foo", "a=foo f_f=x" },
		{ "[{source_labels: [a], regex: '(f).*', target_label: '$2', replacement: x}]",
			"a=foo", "a=foo" },
		{ "[{source_labels: [a], regex: 'f|(g)', target_label: b}]", "a=f b=y", "a=f" },
		{ "[{source_labels: [a], target_label: b, replacement: 'x-$1-$0'}]", "a=1",
			"a=1 b=x-1-1" },
		{ "[{source_labels: [a], target_label: a, replacement: '$1$1'}, "
		  "{source_labels: [a], target_label: a, replacement: '$1$1'}]",
			"a=1", "a=1111" },
		{ "[{source_labels: [a], regex: '(?P<host>[^:]+):.*', target_label: h, "
		  "replacement: '${host}'}]",
			"a=db:80", "a=db:80 h=db" },
		{ "[{action: REPLACE, source_labels: [a], target_label: 'b-c.d'}]", "a=x",
			"a=x b-c.d=x" },
		{ "[{source_labels: [__address__, __meta_port], regex: '([^:]+)(?::\\d+)?;(\\d+)', "
		  "replacement: '$1:$2', target_label: __address__}]",
			"__address__=10.0.0.1:80 __meta_port=9100",
			"__address__=10.0.0.1:9100 __meta_port=9100" },
	};

	(void)state;
	check_all(cases, COUNT(cases));
}

static void a_dot_is_any_character(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	read_rules(&f, "[{source_labels: [a], regex: 'x(.)y', target_label: b, replacement: hit}]");
	label_set_init(&f.set, &f.arena);
	label_set_put(&f.set, "a", "x\ny");
	assert_int_equal(relabel_apply(&f.rules, &f.set, NULL), RELABEL_KEPT);
	assert_string_equal(label_set_get(&f.set, "b"), "hit");
}

static void keep_and_drop_decide_by_the_whole_value(void **state)
{
	static const struct relabel_case cases[] = {
		{ "[{action: keep, source_labels: [a], regex: foo}]", "a=foo", "a=foo" },
		{ "[{action: keep, source_labels: [a], regex: foo}]", "a=foobar", NULL },
		{ "[{action: keep, source_labels: [a], regex: 'foo|bar'}]", "a=bar", "a=bar" },
		{ "[{action: keep, source_labels: [b], regex: ''}]", "a=x", "a=x" },
		{ "[{action: keep, source_labels: [b], regex: '.+'}]", "a=x", NULL },
		{ "[{action: drop, source_labels: [a], regex: 'f.*'}]", "a=foo", NULL },
		{ "[{action: drop, source_labels: [a], regex: 'f.*'}]", "a=xfoo", "a=xfoo" },
		{ "[{action: drop, source_labels: [a, b], regex: '(x|y);[0-9]+'}]", "a=x b=12",
			NULL },
		{ "[{action: drop, source_labels: [a], regex: y}, {target_label: z, replacement: "
		  "r}]",
			"a=x", "a=x z=r" },
		{ "[{action: keepequal, source_labels: [a], target_label: b}]", "a=x b=x",
			"a=x b=x" },
		{ "[{action: keepequal, source_labels: [a], target_label: b}]", "a=x b=y", NULL },
		{ "[{action: keepequal, source_labels: [a], target_label: b}]", "c=y", "c=y" },
		{ "[{action: dropequal, source_labels: [a], target_label: b}]", "a=x b=x", NULL },
		{ "[{action: dropequal, source_labels: [a], target_label: b}]", "a=x", "a=x" },
	};

	(void)state;
	check_all(cases, COUNT(cases));
}

static void names_are_mapped_dropped_and_kept(void **state)
{
	static const struct relabel_case cases[] = {
		{ "[{action: labelmap, regex: '__meta_(.+)'}]", "__meta_a=1 __meta_b=2",
			"__meta_a=1 __meta_b=2 a=1 b=2" },
		{ "[{action: labelmap, regex: '(f.*)', replacement: 'new_$1'}]", "foo=1 bar=2",
			"bar=2 foo=1 new_foo=1" },
		{ "[{action: labelmap, regex: 'a', replacement: 'b'}]", "a=1 b=2", "a=1 b=1" },
		{ "[{action: labeldrop, regex: 'a.*'}]", "a=1 ab=2 b=3", "b=3" },
		{ "[{action: labelkeep, regex: 'a.*'}]", "a=1 ab=2 b=3", "a=1 ab=2" },
		{ "[{action: labeldrop, regex: '[ab]+c?'}]", "a=1 abc=2 cc=3", "cc=3" },
	};

	(void)state;
	check_all(cases, COUNT(cases));
}

/* Numbers that Prometheus' own tests have, and that other shards count on. */
static void hashmod_counts_as_prometheus_does(void **state)
{
	static const struct relabel_case cases[] = {
		{ "[{action: hashmod, source_labels: [c], target_label: d, modulus: 1000}]",
			"c=baz", "c=baz d=976" },
		{ "[{action: hashmod, source_labels: [a], target_label: d, modulus: 1000}]",
			"a=foo b=bar", "a=foo b=bar d=696" },
	};

	(void)state;
	check_all(cases, COUNT(cases));
}

static void letters_beyond_ascii_have_cases_too(void **state)
{
	static const struct relabel_case cases[] = {
		{ "[{action: lowercase, source_labels: [a], target_label: b}]", "a=BaR-É",
			"a=BaR-É b=bar-é" },
		{ "[{action: uppercase, source_labels: [a], target_label: b}]", "a=bar-éж",
			"a=bar-éж b=BAR-ÉЖ" },
		{ "[{action: uppercase, source_labels: [c], target_label: b}]", "a=1 b=2", "a=1" },
	};

	(void)state;
	check_all(cases, COUNT(cases));
}

static void rules_that_make_no_sense_are_refused_by_place(void **state)
{
	static const struct {
		const char *rules, *says;
		uint32_t column;
	} cases[] = {
		{ "[{action: replace}]", "needs a target_label", 2 },
		{ "[{action: hashmod, target_label: a}]", "modulus", 2 },
		{ "[{action: lowercase, target_label: a, replacement: x}]", "no replacement", 2 },
		{ "[{action: labeldrop, regex: a, target_label: x}]", "nothing else", 2 },
		{ "[{action: keepequal, target_label: x, regex: y}]", "nothing else", 2 },
		{ "[{action: kept, regex: y}]", "'kept' is none of", 11 },
		{ "[{action: keep, regex: '(y'}]", "error parsing regexp: missing closing )", 24 },
		{ "[{action: keep, regx: 'y'}]", "did you mean 'regex'", 17 },
		{ "[{source_labels: ['']}]", "not a valid label name", 18 },
		{ "[x]", "each item must be a mapping", 2 },
		{ "{a: b}", "expected a list", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };

		read_rules(&f, cases[i].rules);
		assert_true(f.findings.n_errors > 0);
		if (!strstr(f.findings.items[0].text, cases[i].says))
			fail_msg("%s: %s", cases[i].rules, f.findings.items[0].text);
		assert_int_equal(f.findings.items[0].column, cases[i].column);
		assert_int_equal(f.findings.items[0].line, 1);
	}
}

static void what_grows_too_large_fails_and_says_so(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(arena_fini) struct arena small;
	struct err e = { 0 };

	(void)state;
	read_rules(&f, "[{source_labels: [a, a], target_label: a}, {source_labels: [a, a], "
		       "target_label: a}, {source_labels: [a, a], target_label: a}]");
	arena_init(&small, 8192);
	label_set_init(&f.set, &small);
	label_set_put(&f.set, "a", "a value of some length: thirty bytes and a few more of them");
	for (int i = 0; i < 5 && e.text[0] == '\0'; i++)
		if (relabel_apply(&f.rules, &f.set, &e) != RELABEL_KEPT)
			break;
	assert_int_equal(e.rc, RC_LIMIT);
	assert_true(f.set.is_full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replace_sets_what_the_expression_found),
		cmocka_unit_test(a_dot_is_any_character),
		cmocka_unit_test(keep_and_drop_decide_by_the_whole_value),
		cmocka_unit_test(names_are_mapped_dropped_and_kept),
		cmocka_unit_test(hashmod_counts_as_prometheus_does),
		cmocka_unit_test(letters_beyond_ascii_have_cases_too),
		cmocka_unit_test(rules_that_make_no_sense_are_refused_by_place),
		cmocka_unit_test(what_grows_too_large_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
