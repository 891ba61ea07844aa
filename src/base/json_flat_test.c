/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_flat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct json_node *read_into(struct json_flat *f, const char *text)
{
	const struct json_node *root = NULL;
	struct err e = { 0 };

	if (json_flat_read(f, text, strlen(text), &root, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
	return root;
}

static void plain_json_needs_no_jansson(void **state)
{
	static const char *const texts[] = { "{}", " [ ] ", "-0", "true", "\"\"",
		"{\"a\":[1,-2,null,false],\n\t\"b\\\"\" : {\"a\":\"x\\n\\\"\\/ \303\274\"}}" };
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_non_null(json_flat_plain(&f, texts[i], strlen(texts[i])));
}

static void members_are_found_by_name_and_type(void **state)
{
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;
	const struct json_node *o = read_into(&f,
		"{\"list\":[1,[2,{\"n\":7}]],\"n\":-5,\"t\":\"x\\ty\",\"yes\":true,\"no\":false,"
		"\"z\":null,\"at\":\"2026-11-22T22:34:11.000Z\"}");

	(void)state;
	assert_int_equal(o->n, 7);
	assert_int_equal(json_node_int(o, "n", 0), -5);
	assert_int_equal(json_node_int(o, "t", 3), 3);
	assert_string_equal(json_node_text(o, "t", ""), "x\ty");
	assert_string_equal(json_node_text(o, "n", "other"), "other");
	assert_null(json_node_text(o, "absent", NULL));
	assert_true(json_node_bool(o, "yes", false));
	assert_false(json_node_bool(o, "no", true));
	assert_true(json_node_bool(o, "z", true));
	assert_int_equal(json_node_time(o, "at").ms, INT64_C(1795386851000));
	assert_int_equal(json_node_time(o, "t").ms, 0);
	assert_null(json_node_get(NULL, "n"));
	assert_null(json_node_get(json_node_get(o, "list"), "n"));
}

static void items_come_in_order_with_what_is_inside_skipped(void **state)
{
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;
	const struct json_node *list = read_into(&f, "[10,[11,[12]],{\"a\":13},14]");
	const struct json_node *nothing = NULL;
	static const json_type types[] = { JSON_INTEGER, JSON_ARRAY, JSON_OBJECT, JSON_INTEGER };
	size_t n = 0;

	(void)state;
	json_node_each (it, list)
		assert_int_equal(it->type, types[n++]);
	assert_int_equal(n, list->n);
	json_node_each (it, list + 1)
		fail_msg("there is nothing in a number");
	json_node_each (it, nothing)
		fail_msg("there is nothing in nothing");
}

static void what_is_not_plain_is_read_all_the_same(void **state)
{
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;
	const struct json_node *o =
		read_into(&f, "{\"a\\u0062\":[1.5,{\"\\u00fc\":\"\\u00fc\"}],\"n\":3}");
	const struct json_node *list = json_node_get(o, "ab");

	(void)state;
	assert_non_null(list);
	assert_int_equal(list->n, 2);
	assert_true(list[1].type == JSON_REAL && list[1].real == 1.5);
	assert_string_equal(json_node_text(&list[2], "\303\274", ""), "\303\274");
	assert_int_equal(json_node_int(o, "n", 0), 3);
}

static void one_text_after_the_other_is_read(void **state)
{
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	for (int n = 0; n < 200; n++) {
		const struct json_node *o;

		str_clear(&text);
		for (int i = 0; i <= n; i++)
			str_addf(&text, "%s\"k%d\":%d", i ? "," : "{", i, n * i);
		str_addc(&text, '}');
		o = read_into(&f, str_c(&text));
		assert_int_equal(o->n, n + 1);
		assert_int_equal(json_node_int(o, "k0", -1), 0);
		snprintf(text.s, text.cap, "k%d", n);
		assert_int_equal(json_node_int(o, str_c(&text), -1), n * n);
	}
}

static void what_json_read_refuses_is_refused_with_its_words(void **state)
{
	static const char *const texts[] = { "", "{", "[1,]", "{\"a\":1,\"a\":2}", "[\"\\u0000\"]",
		"\"\t\"", "9223372036854775808", "{} {}", "\"\xff\"" };
	scoped(json_flat_fini) struct json_flat f = JSON_FLAT_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct json_node *root = NULL;
		json_t *tree = NULL;
		struct err e = { 0 }, expected = { 0 };

		assert_int_equal(json_flat_read(&f, texts[i], strlen(texts[i]), &root, &e),
			RC_INPUT);
		assert_int_equal(json_read(&tree, texts[i], strlen(texts[i]), &expected), RC_INPUT);
		assert_string_equal(e.text, expected.text);
		assert_null(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_json_needs_no_jansson),
		cmocka_unit_test(members_are_found_by_name_and_type),
		cmocka_unit_test(items_come_in_order_with_what_is_inside_skipped),
		cmocka_unit_test(what_is_not_plain_is_read_all_the_same),
		cmocka_unit_test(one_text_after_the_other_is_read),
		cmocka_unit_test(what_json_read_refuses_is_refused_with_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
