/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static enum rc find(struct arena *a, const char *method, const char *path, struct route_found *ret)
{
	return route_find(method, path, a, ret, NULL);
}

static void names_are_decoded_after_the_path_was_taken_apart(void **state)
{
	scoped(arena_fini) struct arena a;
	struct route_found found;

	(void)state;
	arena_init(&a, 65536);
	assert_int_equal(find(&a, "POST", "/api/lab/v1/checks/tank%2Fa%40b%3Ac/pause", &found),
		RC_OK);
	assert_string_equal(found.route->pattern, "/api/lab/v1/checks/{name}/pause");
	assert_string_equal(found.args[0], "tank/a@b:c");
	assert_int_equal(find(&a, "GET", "/heartbeat/a/start", &found), RC_OK);
	assert_string_equal(found.args[0], "a");
	assert_string_equal(found.args[1], "start");
	assert_int_equal(find(&a, "GET", "/heartbeat/a%2Fstart", &found), RC_OK);
	assert_string_equal(found.args[0], "a/start");
	assert_null(found.args[1]);
	assert_int_equal(find(&a, "GET", "/heartbeat/%zz", &found), RC_INPUT);
}

static void what_is_not_quite_a_path_is_none(void **state)
{
	static const char *const rows[] = { "/api/lab/v1/statu", "/api/lab/v1/status/",
		"/api/lab/v1/statuss", "/API/lab/v1/status", "//api/lab/v1/status", "/heartbeat/",
		"/heartbeat//start", "/heartbeat/a/b/c", "/api/lab/v1/%73tatus",
		"/api/lab/v1/../v1/status", "/" };
	scoped(arena_fini) struct arena a;

	(void)state;
	arena_init(&a, 65536);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct route_found found;

		assert_int_equal(find(&a, "GET", rows[i], &found), RC_OK);
		assert_null(found.route);
		assert_int_equal(found.allowed, 0);
	}
}

static void a_path_tells_which_methods_it_knows(void **state)
{
	scoped(arena_fini) struct arena a;
	struct route_found found;

	(void)state;
	arena_init(&a, 65536);
	assert_int_equal(find(&a, "DELETE", "/api/lab/v1/silences", &found), RC_OK);
	assert_null(found.route);
	assert_int_equal(found.allowed, 1u << ROUTE_GET | 1u << ROUTE_POST);
	assert_int_equal(find(&a, "HEAD", "/api/lab/v1/silences", &found), RC_OK);
	assert_int_equal(found.route->method, ROUTE_GET);
}

/* ---- the table of doc/api.md */

static bool mentioned[128];

static void is_routed(const char *method, const char *pattern)
{
	for (size_t i = 0; i < route_count; i++) {
		if (str_eq(routes[i].pattern, pattern) &&
			str_eq(route_method_name(routes[i].method), method)) {
			mentioned[i] = true;
			return;
		}
	}
	fail_msg("doc/api.md has %s %s, routes.def has not", method, pattern);
}

/* "/incidents/ID/ack" -> "/incidents/{id}/ack"; ends where the path does. */
static void pattern_of(const char *text, struct str *out)
{
	while (*text && !strchr("`?[", *text)) {
		if (str_starts(text, "/ID") || str_starts(text, "/NAME")) {
			bool is_id = text[1] == 'I';

			str_add(out, is_id ? "/{id}" : "/{name}");
			text += is_id ? 3 : 5;
		} else {
			str_addc(out, *text++);
		}
	}
}

/* `methods`: "POST, GET"; `path`: after the opening backtick. */
static void check_path(const char *methods, const char *path)
{
	scoped(str_fini) struct str pattern = STR_EMPTY, longer = STR_EMPTY;
	bool has_rest = strcspn(path, "[") < strcspn(path, "`?");

	pattern_of(path, &pattern);
	if (str_eq(str_c(&pattern), "/"))
		return; /* the pages */
	str_addf(&longer, "%s/{what}", str_c(&pattern));
	for (enum route_method m = 0; m < ROUTE_METHODS; m++) {
		if (!strstr(methods, route_method_name(m)))
			continue;
		is_routed(route_method_name(m), str_c(&pattern));
		if (has_rest)
			is_routed(route_method_name(m), str_c(&longer));
	}
}

/* "| POST, GET `/path` `{body}`, POST `/other` | ...": every path with the methods before it. */
static void check_row(const char *row)
{
	while (*row == '|' || *row == ' ' || *row == ',')
		row++;
	for (const char *tick; str_starts(row, "GET") || str_starts(row, "POST") ||
			       str_starts(row, "PUT") || str_starts(row, "DELETE");) {
		char methods[32];

		tick = strstr(row, " `/");
		if (!tick)
			return;
		assert_in_range(tick - row, 3, sizeof methods - 1);
		memcpy(methods, row, (size_t)(tick - row));
		methods[tick - row] = '\0';
		check_path(methods, tick + 2);
		row = strstr(tick + 2, ", POST");
		if (!row)
			return;
		row += 2;
	}
}

static void every_route_is_in_the_documentation_and_the_other_way_round(void **state)
{
	char path[4096], line[4096];
	const char *root = getenv("DIARCHY_SOURCE");
	bool is_in_table = false;
	FILE *f;

	(void)state;
	assert_non_null(root);
	assert_true(route_count <= COUNT(mentioned));
	snprintf(path, sizeof path, "%s/doc/api.md", root);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (str_starts(line, "| method, path"))
			is_in_table = true;
		else if (is_in_table && line[0] != '|')
			break;
		else if (is_in_table)
			check_row(line);
	}
	fclose(f);
	for (size_t i = 0; i < route_count; i++) {
		if (!mentioned[i])
			fail_msg("routes.def has %s %s, doc/api.md has not",
				route_method_name(routes[i].method), routes[i].pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_decoded_after_the_path_was_taken_apart),
		cmocka_unit_test(what_is_not_quite_a_path_is_none),
		cmocka_unit_test(a_path_tells_which_methods_it_knows),
		cmocka_unit_test(every_route_is_in_the_documentation_and_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
