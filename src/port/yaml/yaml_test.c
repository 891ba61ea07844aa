/* SPDX-License-Identifier: Apache-2.0 */
#include "port/yaml/yaml.h"

#include "base/doc_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct parsed {
	struct doc doc;
	struct findings findings;
	enum rc rc;
};

static void parsed_fini(struct parsed *p)
{
	doc_fini(&p->doc);
	findings_fini(&p->findings);
}
SCOPED_FINI(parsed_fini, struct parsed)

static struct parsed parse_bytes(const char *bytes, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct parsed p = { 0 };

	str_addn(&text, bytes, n);
	p.rc = yaml_parse(&p.doc, "x.yaml", &text, &p.findings, NULL);
	return p;
}

static struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void assert_at(const struct doc_node *node, uint32_t line, uint32_t column)
{
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void assert_finding(const struct parsed *p, uint32_t line, uint32_t column, const char *text)
{
	assert_int_equal(p->findings.n, 1);
	assert_string_equal(p->findings.items[0].file, "x.yaml");
	assert_string_equal(p->findings.items[0].text, text);
	assert_int_equal(p->findings.items[0].line, line);
	assert_int_equal(p->findings.items[0].column, column);
}

static void every_value_knows_where_it_stood(void **state)
{
	scoped(parsed_fini) struct parsed p =
		parse("a:\n  - {b: 1}\n  - \"two\"\n\xc3\xa9: [x,\n  y]\n");
	const struct doc_node *a = doc_get(p.doc.root, "a"), *e = doc_get(p.doc.root, "\xc3\xa9");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_at(p.doc.root, 1, 1);
	assert_at(p.doc.root->keys[1], 4, 1);
	assert_at(a->values[0], 2, 5);
	assert_at(doc_get(a->values[0], "b"), 2, 9);
	assert_at(a->values[1], 3, 5);
	assert_at(e->values[1], 5, 3);
	assert_true(a->values[1]->is_quoted);
	assert_false(e->values[1]->is_quoted);
}

static void what_is_quoted_is_never_nothing(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a:\nb: ~\nc: null\nd: \"\"\ne: 'null'\n");

	(void)state;
	assert_int_equal(doc_get(p.doc.root, "a")->kind, DOC_NULL);
	assert_int_equal(doc_get(p.doc.root, "b")->kind, DOC_NULL);
	assert_int_equal(doc_get(p.doc.root, "c")->kind, DOC_NULL);
	assert_int_equal(doc_get(p.doc.root, "d")->kind, DOC_SCALAR);
	assert_int_equal(doc_get(p.doc.root, "e")->kind, DOC_SCALAR);
}

static void json_is_yaml_too(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("{\"a\": [1, true, {\"b\": \"x\\ny\"}]}");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(doc_get(doc_get(p.doc.root, "a")->values[2], "b")->text, "x\ny");
}

static void an_empty_file_is_an_empty_document(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("# nothing yet\n");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_int_equal(p.doc.root->kind, DOC_NULL);
}

static void a_byte_order_mark_is_no_part_of_the_first_key(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("\xef\xbb\xbflab: home\nsites: {}\n");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_int_equal(p.findings.n, 0);
	assert_string_equal(p.doc.root->keys[0]->text, "lab");
	assert_at(p.doc.root->keys[0], 1, 1);
}

static void the_hash_is_of_the_bytes(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: 1\n");
	struct sha256 expected = sha256_of("a: 1\n", 5);

	(void)state;
	assert_memory_equal(&p.doc.hash, &expected, sizeof expected);
}

static void a_key_that_stands_twice_is_told_with_both_places(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: 1\nb: 2\na: 3\n");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_finding(&p, 3, 1, "duplicate key 'a' (it stands in line 1 already)");
	assert_string_equal(doc_get(p.doc.root, "a")->text, "1");
	assert_int_equal(p.doc.root->n, 2);
}

static void a_syntax_error_has_its_line_and_column(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *finding;
	} rows[] = {
		{ "a: [1, 2\nb: 1\n\n", 2, 2,
			"did not find expected ',' or ']' (while parsing a flow sequence that "
			"begins in "
			"line 1)" },
		{ "x: 1\na: b: c\n", 2, 5, "mapping values are not allowed in this context" },
		{ "a:\n\t- x\n", 2, 1, "a tab can't stand here: indent with spaces" },
		{ "\xc3\xa9: @x\n", 1, 4, "a text that begins with '@' or '`' needs quotes" },
		{ "a: \"x\n", 2, 1,
			"found unexpected end of stream (while scanning a quoted scalar that "
			"begins in "
			"line 1)" },
		{ "%YAML 3.0\n---\na: 1\n", 1, 1, "found incompatible YAML document" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(parsed_fini) struct parsed p = parse(rows[i].text);

		assert_int_equal(p.rc, RC_INPUT);
		assert_finding(&p, rows[i].line, rows[i].column, rows[i].finding);
	}
}

static void bytes_that_are_not_text_are_refused_with_their_line(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: 1\nb: \xff\n");
	scoped(parsed_fini) struct parsed nul = parse_bytes("a: \0b", 5);

	(void)state;
	assert_int_equal(p.rc, RC_INPUT);
	assert_finding(&p, 2, 1, "this line is not UTF-8 text");
	assert_int_equal(nul.rc, RC_INPUT);
	assert_finding(&nul, 1, 1, "this line is not UTF-8 text");
}

static void an_alias_is_the_value_it_stands_for(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: &x {b: 1}\nc: *x\n");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_ptr_equal(doc_get(p.doc.root, "a"), doc_get(p.doc.root, "c"));
}

static void an_alias_of_nothing_and_an_alias_as_key_are_told(void **state)
{
	scoped(parsed_fini) struct parsed unknown = parse("a: *x\n");
	scoped(parsed_fini) struct parsed itself = parse("a: &x [*x]\n");
	scoped(parsed_fini) struct parsed key = parse("- &x y\n- {*x : 1}\n");

	(void)state;
	assert_finding(&unknown, 1, 4, "alias '*x' stands for nothing before it");
	assert_finding(&itself, 1, 8, "alias '*x' stands for nothing before it");
	assert_finding(&key, 2, 4, "alias '*x' can't be a key");
}

static void a_merge_key_brings_what_is_not_there(void **state)
{
	scoped(parsed_fini) struct parsed p =
		parse("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {b: 5, <<: [*x, *y]}\n");
	const struct doc_node *z = doc_get(p.doc.root, "z");

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	assert_int_equal(z->n, 3);
	assert_string_equal(doc_get(z, "a")->text, "1");
	assert_string_equal(doc_get(z, "b")->text, "5");
	assert_string_equal(doc_get(z, "c")->text, "4");
}

static void a_merge_of_something_else_is_told(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: {<<: 5}\n");

	(void)state;
	assert_finding(&p, 1, 9, "'<<' wants a mapping or a list of them");
}

static void a_billion_laughs_are_refused(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(parsed_fini) struct parsed p;

	(void)state;
	str_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		str_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			str_addf(&text, "%s*a%d", j ? ", " : "", i - 1);
		str_add(&text, "]\n");
	}
	p = parse(str_c(&text));
	assert_int_equal(p.rc, RC_LIMIT);
	assert_int_equal(p.findings.n, 1);
	assert_non_null(strstr(p.findings.items[0].text, "more values than can be read"));
}

static void deep_nesting_is_refused(void **state)
{
	char text[2 * YAML_DEPTH_MAX + 3] = { 0 };
	scoped(parsed_fini) struct parsed p = { 0 }, deepest = { 0 };

	(void)state;
	memset(text, '[', YAML_DEPTH_MAX + 1);
	memset(text + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
	p = parse(text);
	assert_int_equal(p.rc, RC_LIMIT);
	assert_finding(&p, 1, YAML_DEPTH_MAX + 1, "nested too deeply");
	text[2 * YAML_DEPTH_MAX + 1] = '\0';
	deepest = parse(text + 1);
	assert_int_equal(deepest.rc, RC_OK);
}

static void many_values_are_refused_not_swallowed(void **state)
{
	size_t n = 2 * (size_t)YAML_NODES_MAX + 2;
	scoped(mem_free) char *text = must_alloc(n + 2);
	scoped(parsed_fini) struct parsed p;

	(void)state;
	text[0] = '[';
	for (size_t i = 1; i < n; i++)
		text[i] = i % 2 ? 'x' : ',';
	text[n] = ']';
	p = parse(text);
	assert_int_equal(p.rc, RC_LIMIT);
	assert_int_equal(p.findings.n_errors, 1);
}

static void a_second_document_is_refused(void **state)
{
	scoped(parsed_fini) struct parsed p = parse("a: 1\n---\nb: 2\n");

	(void)state;
	assert_int_equal(p.rc, RC_INPUT);
	assert_finding(&p, 2, 1, "only one document is expected in a file");
}

static void binary_is_decoded_and_other_tags_are_not_understood(void **state)
{
	scoped(parsed_fini) struct parsed binary = parse("a: !!binary AAAACATSFi8=\n");
	scoped(parsed_fini) struct parsed text = parse("a: !!str 5\n");
	scoped(parsed_fini) struct parsed other = parse("a: !env X\n");
	const struct doc_node *a = doc_get(binary.doc.root, "a");

	(void)state;
	assert_int_equal(binary.rc, RC_OK);
	assert_int_equal(a->text_len, 8);
	assert_memory_equal(a->text, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
	assert_true(doc_get(text.doc.root, "a")->is_quoted);
	assert_finding(&other, 1, 4, "tag '!env' is not understood here");
}

static void keys_are_plain_text(void **state)
{
	scoped(parsed_fini) struct parsed list = parse("? [a]\n: 1\n");
	scoped(parsed_fini) struct parsed empty = parse("'': 1\n");
	scoped(parsed_fini) struct parsed nul = parse("\"a\\0b\": 1\n");

	(void)state;
	assert_finding(&list, 1, 3, "a key must be plain text");
	assert_finding(&empty, 1, 1, "a key must be plain text");
	assert_finding(&nul, 1, 1, "a key must not hold a NUL byte");
}

static void assert_same(const struct doc_node *a, const struct doc_node *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->n, b->n);
	if (a->kind == DOC_SCALAR)
		assert_string_equal(a->text, b->text);
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->kind == DOC_MAPPING)
			assert_string_equal(a->keys[i]->text, b->keys[i]->text);
		assert_same(a->values[i], b->values[i]);
	}
}

static void what_is_written_anew_says_the_same(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY, again = STR_EMPTY;
	scoped(parsed_fini) struct parsed p =
		parse("# a comment\n"
		      "global: {scrape_interval: 15s, \"odd: key\": ~, empty: {}, none: []}\n"
		      "scrape_configs:\n- job_name: 'it''s'\n  static_configs: [{targets: "
		      "['a:9100', \"b\"]}]\n"
		      "  relabel_configs:\n  - {regex: '(.*)\\.lan:\\d+', replacement: $1}\n"
		      "nested: [[1, [2, {a: [x]}]], {b: c, d: [e]}]\n"
		      "texts: [\"5\", 5, \"true\", 'null', '', \" x \", \"a: b\", \"#c\", \"- d\", "
		      "\"tab\\there\","
		      " \"\xc3\xa9\", \"two\\nlines\", \"&a *b !c\", \"@at\", \"x:\", \"~\", "
		      "\"\\\\ \\\"\"]\n"
		      "block: |\n  one\n  two\n");
	struct parsed q;

	(void)state;
	assert_int_equal(p.rc, RC_OK);
	doc_yaml_write(&out, NULL, p.doc.root, NULL);
	q = parse(str_c(&out));
	if (q.rc != RC_OK)
		fail_msg("%s\n%s", q.findings.items[0].text, str_c(&out));
	assert_same(p.doc.root, q.doc.root);
	doc_yaml_write(&again, NULL, q.doc.root, NULL);
	assert_string_equal(str_c(&again), str_c(&out));
	parsed_fini(&q);
	assert_non_null(
		strstr(str_c(&out), "scrape_configs:\n- job_name: 'it''s'\n"
				    "  static_configs:\n  - targets:\n    - a:9100\n    - b\n"));
}

static const char *mask_passwords(const char *key, const struct doc_node *value)
{
	(void)value;
	return str_eq(key, "password") ? "<secret>" : NULL;
}

static void what_is_masked_is_not_written(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(parsed_fini) struct parsed p =
		parse("- basic_auth:\n    username: u\n    password: {a: hunter2}\n");

	(void)state;
	doc_yaml_write(&out, "jobs", p.doc.root, mask_passwords);
	assert_string_equal(str_c(&out),
		"jobs:\n- basic_auth:\n    username: u\n    password: <secret>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_knows_where_it_stood),
		cmocka_unit_test(what_is_quoted_is_never_nothing),
		cmocka_unit_test(json_is_yaml_too),
		cmocka_unit_test(an_empty_file_is_an_empty_document),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_key),
		cmocka_unit_test(the_hash_is_of_the_bytes),
		cmocka_unit_test(a_key_that_stands_twice_is_told_with_both_places),
		cmocka_unit_test(a_syntax_error_has_its_line_and_column),
		cmocka_unit_test(bytes_that_are_not_text_are_refused_with_their_line),
		cmocka_unit_test(an_alias_is_the_value_it_stands_for),
		cmocka_unit_test(an_alias_of_nothing_and_an_alias_as_key_are_told),
		cmocka_unit_test(a_merge_key_brings_what_is_not_there),
		cmocka_unit_test(a_merge_of_something_else_is_told),
		cmocka_unit_test(a_billion_laughs_are_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(many_values_are_refused_not_swallowed),
		cmocka_unit_test(a_second_document_is_refused),
		cmocka_unit_test(binary_is_decoded_and_other_tags_are_not_understood),
		cmocka_unit_test(keys_are_plain_text),
		cmocka_unit_test(what_is_written_anew_says_the_same),
		cmocka_unit_test(what_is_masked_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
