/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the repo says of lab.yaml's keys is what the tables say.  DIARCHY_UPDATE=1 writes it anew:
 * doc/lab.schema.json, and the tables in doc/configuration.md.
 */
#include "core/lab/lab.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN "<!-- reference: begin -->\n"
#define END   "<!-- reference: end -->\n"

static int set_up(void **state)
{
	const char *root = getenv("DIARCHY_SOURCE");

	(void)state;
	return root ? chdir(root) || chdir("doc") : -1;
}

static void read_all(const char *path, struct str *ret)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return; /* not written yet */
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		str_addn(ret, buf, n);
	fclose(f);
}

static void compare(const char *path, const struct str *current, const struct str *expected)
{
	FILE *f;

	if (!getenv("DIARCHY_UPDATE")) {
		assert_string_equal(str_c(current), str_c(expected));
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(str_c(expected), 1, expected->len, f);
	assert_int_equal(fclose(f), 0);
}

static void the_json_schema_in_the_repo_is_the_programs(void **state)
{
	scoped(str_fini) struct str current = STR_EMPTY, expected = STR_EMPTY;

	(void)state;
	read_all("lab.schema.json", &current);
	lab_json_schema(&expected);
	compare("lab.schema.json", &current, &expected);
}

static void the_tables_of_the_manual_are_the_programs(void **state)
{
	scoped(str_fini) struct str current = STR_EMPTY, expected = STR_EMPTY;
	const char *begin, *end;

	(void)state;
	read_all("configuration.md", &current);
	begin = strstr(str_c(&current), BEGIN);
	end = strstr(str_c(&current), END);
	assert_true(begin && end && begin < end);
	str_addn(&expected, str_c(&current), (size_t)(begin - str_c(&current)) + strlen(BEGIN));
	lab_reference_page(&expected);
	str_add(&expected, end);
	compare("configuration.md", &current, &expected);
}

/* Every definition that is referred to is there. */
static void check_references(const json_t *value, const json_t *definitions)
{
	static const char prefix[] = "#/$defs/";
	const char *target = json_get_text(value, "$ref", NULL);
	const char *key;
	const json_t *member;
	size_t i;

	if (target) {
		assert_true(str_starts(target, prefix));
		assert_non_null(json_object_get(definitions, target + strlen(prefix)));
	}
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		check_references(member, definitions);
	json_array_foreach (value, i, member)
		check_references(member, definitions);
}

static void the_json_schema_refers_to_what_it_defines(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_decref) json_t *schema = NULL;

	(void)state;
	lab_json_schema(&text);
	assert_int_equal(json_read(&schema, str_c(&text), text.len, NULL), RC_OK);
	check_references(schema, json_object_get(schema, "$defs"));
	assert_true(json_object_size(json_object_get(schema, "$defs")) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_schema_in_the_repo_is_the_programs),
		cmocka_unit_test(the_tables_of_the_manual_are_the_programs),
		cmocka_unit_test(the_json_schema_refers_to_what_it_defines),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
