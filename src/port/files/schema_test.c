/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of core/lab/schema.c against test/lab/complete.yaml, in which every key stands on a
 * line of its own: all of them work, and what is required is missed.
 */
#include "core/lab/schema.h"

#include "base/map.h"
#include "core/lab/types.h"
#include "port/files/files.h"
#include "port/files/lab_files.h"
#include "port/yaml/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct sample {
	struct zones *zones;
	struct str text, modules, prometheus, rules, alertmanager;
	struct doc doc;
};

static struct sample sample;

static void read_sample(const char *name, struct str *ret)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/test/lab/%s", getenv("DIARCHY_SOURCE"), name);
	assert_int_equal(file_read(path, LAB_FILE_BYTES_MAX, ret, NULL), RC_OK);
}

static int set_up(void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };

	(void)state;
	sample.zones = zones_new();
	read_sample("complete.yaml", &sample.text);
	read_sample("blackbox.yml", &sample.modules);
	read_sample("prometheus.yml", &sample.prometheus);
	read_sample("rules.yml", &sample.rules);
	read_sample("alertmanager.yml", &sample.alertmanager);
	return yaml_parse(&sample.doc, "complete.yaml", &sample.text, &findings, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	doc_fini(&sample.doc);
	str_fini(&sample.text);
	str_fini(&sample.modules);
	str_fini(&sample.prometheus);
	str_fini(&sample.rules);
	str_fini(&sample.alertmanager);
	zones_free(sample.zones);
	return 0;
}

static enum rc load(const struct str *text, struct findings *findings)
{
	scoped(lab_free) struct lab *lab = NULL;
	const struct lab_text texts[] = {
		{ "complete.yaml", str_c(text), text->len },
		{ "blackbox.yml", str_c(&sample.modules), sample.modules.len },
		{ "prometheus.yml", str_c(&sample.prometheus), sample.prometheus.len },
		{ "rules.yml", str_c(&sample.rules), sample.rules.len },
		{ "alertmanager.yml", str_c(&sample.alertmanager), sample.alertmanager.len },
		{ 0 },
	};

	return lab_load_texts(&lab, texts, sample.zones, findings, NULL);
}

/* What is done with each mapping of the sample that has a shape. */
typedef void visit(const struct shape *shape, const struct doc_node *node, void *ctx);

static void walk(const struct shape *shape, const struct doc_node *node, visit *at, void *ctx);

static void walk_value(const struct type *type, const struct doc_node *value, visit *at, void *ctx)
{
	if (!type->shape)
		return;
	if (type->many == ONE) {
		walk(type->shape, value, at, ctx);
		return;
	}
	for (uint32_t i = 0; i < value->n; i++)
		walk(type->shape, value->values[i], at, ctx);
}

static void walk(const struct shape *shape, const struct doc_node *node, visit *at, void *ctx)
{
	at(shape, node, ctx);
	for (uint32_t i = 0; node->kind == DOC_MAPPING && i < node->n; i++) {
		const struct key *key = shape_key(shape, node->keys[i]->text);

		if (key)
			walk_value(key->type, node->values[i], at, ctx);
		else
			walk(shape->rest->shape, node->values[i], at, ctx);
	}
}

static const char *full_name(const struct shape *shape, const struct key *key, char buf[128])
{
	snprintf(buf, 128, "%s.%s", shape->name, key->name);
	return buf;
}

static void mark_keys(const struct shape *shape, const struct doc_node *node, void *seen)
{
	char name[128];

	for (const struct key *key = shape->keys; key->name; key++)
		if (doc_get(node, key->name))
			map_put(seen, full_name(shape, key, name), seen);
}

static void look_for_keys(const struct shape *shape, const struct doc_node *node, void *seen)
{
	char name[128];

	(void)node;
	for (const struct key *key = shape->keys; key->name; key++)
		if (key->type != &unsupported_type && !map_has(seen, full_name(shape, key, name)))
			fail_msg("%s is not in complete.yaml", name);
}

static void every_key_of_the_schema_stands_in_the_sample(void **state)
{
	scoped(map_fini) struct map seen = MAP_EMPTY;

	(void)state;
	walk(&lab_shape, sample.doc.root, mark_keys, &seen);
	walk(&lab_shape, sample.doc.root, look_for_keys, &seen);
	assert_true(map_count(&seen) > 100);
}

static void the_sample_reads_without_a_finding(void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };

	(void)state;
	assert_int_equal(load(&sample.text, &findings), RC_OK);
	assert_int_equal(findings.n, 0);
}

/* The text without the line at `key` and what is indented below it. */
static void without(const struct doc_node *key, struct str *ret)
{
	const char *line = str_c(&sample.text);
	bool is_inside = false;

	for (uint32_t number = 1; *line; number++) {
		size_t n = strcspn(line, "\n") + 1, indent = strspn(line, " -");

		if (number == key->line)
			is_inside = true;
		else if (is_inside && indent < key->column)
			is_inside = false;
		if (!is_inside)
			str_addn(ret, line, n);
		line += n;
	}
}

static bool has_finding(const struct findings *findings, const char *text)
{
	for (uint32_t i = 0; i < findings->n; i++)
		if (!findings->items[i].is_warning && strstr(findings->items[i].text, text))
			return true;
	return false;
}

static void take_required_keys_away(const struct shape *shape, const struct doc_node *node,
	void *ctx)
{
	unsigned *n = ctx;

	for (uint32_t i = 0; node->kind == DOC_MAPPING && i < node->n; i++) {
		const struct key *key = shape_key(shape, node->keys[i]->text);
		scoped(findings_fini) struct findings findings = { 0 };
		scoped(str_fini) struct str text = STR_EMPTY;
		char expected[128];

		if (!key || key->presence != KEY_REQUIRED)
			continue;
		without(node->keys[i], &text);
		assert_int_equal(load(&text, &findings), RC_INPUT);
		snprintf(expected, sizeof expected, "lacks '%s'", key->name);
		if (node->n > 1 && !has_finding(&findings, expected))
			fail_msg("%s: nobody says that it %s", shape->name, expected);
		(*n)++;
	}
}

static void a_required_key_that_is_missing_is_named(void **state)
{
	unsigned n = 0;

	(void)state;
	walk(&lab_shape, sample.doc.root, take_required_keys_away, &n);
	assert_true(n > 30);
}

/* A misspelt key is named, and what it was meant to be is offered. */
static void misspell_keys(const struct shape *shape, const struct doc_node *node, void *ctx)
{
	unsigned *n = ctx;

	if (node->kind != DOC_MAPPING || shape->rest)
		return;
	for (uint32_t i = 0; i < node->n; i++) {
		const struct doc_node *key = node->keys[i];
		scoped(findings_fini) struct findings findings = { 0 };
		scoped(str_fini) struct str text = STR_EMPTY;
		const char *line = str_c(&sample.text);
		char expected[256];

		for (uint32_t number = 1; number < key->line; number++)
			line = strchr(line, '\n') + 1;
		line += key->column - 1;
		str_addn(&text, str_c(&sample.text),
			(size_t)(line - str_c(&sample.text)) + key->text_len);
		str_add(&text, "q");
		str_add(&text, line + key->text_len);
		assert_int_equal(load(&text, &findings), RC_INPUT);
		snprintf(expected, sizeof expected, "unknown key '%sq' in ", key->text);
		assert_true(has_finding(&findings, expected));
		snprintf(expected, sizeof expected, "(did you mean '%s'?)", key->text);
		assert_true(has_finding(&findings, expected));
		(*n)++;
	}
}

static void a_misspelt_key_is_named_with_what_was_meant(void **state)
{
	unsigned n = 0;

	(void)state;
	walk(&lab_shape, sample.doc.root, misspell_keys, &n);
	assert_true(n > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_the_schema_stands_in_the_sample),
		cmocka_unit_test(the_sample_reads_without_a_finding),
		cmocka_unit_test(a_required_key_that_is_missing_is_named),
		cmocka_unit_test(a_misspelt_key_is_named_with_what_was_meant),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
