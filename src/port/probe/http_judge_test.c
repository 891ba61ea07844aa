/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/http_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool ignore(void *ctx, const char *bytes, size_t n)
{
	(void)ctx, (void)bytes, (void)n;
	return true;
}

/* The verdict on an answer with this head and body. */
static struct http_verdict judged(const struct http_spec *spec, const char *head, const char *body)
{
	scoped(http_answer_fini) struct http_answer answer;
	struct http_facts facts = { .answer = &answer,
		.body = body,
		.body_bytes = strlen(body),
		.version = 11 };
	struct http_verdict v;

	http_answer_init(&answer, true, ignore, NULL);
	assert_int_equal(http_answer_feed(&answer, head, strlen(head), NULL), RC_OK);
	http_judge(spec, &facts, &v);
	return v;
}

static void assert_ok(const struct http_spec *spec, const char *head, const char *body)
{
	struct http_verdict v = judged(spec, head, body);

	assert_string_equal(v.why, "");
	assert_true(v.is_ok);
	assert_false(v.by_pattern);
}

static void assert_says(const struct http_spec *spec, const char *head, const char *why)
{
	struct http_verdict v = judged(spec, head, "pong");

	assert_false(v.is_ok);
	assert_string_equal(v.why, why);
}

static void without_a_rule_any_2xx_will_do(void **unused)
{
	struct http_spec spec = { 0 };

	(void)unused;
	assert_ok(&spec, "HTTP/1.1 200 OK\n\n", "");
	assert_ok(&spec, "HTTP/1.1 299 Fine\n\n", "");
	assert_says(&spec, "HTTP/1.1 502 Bad\n\n", "HTTP 502, wanted 200-299");
	assert_says(&spec, "HTTP/1.1 302 Found\nLocation: /login\n\n",
		"HTTP 302 to /login, wanted 200-299");
}

static void wanted_statuses_are_ranges(void **unused)
{
	struct status_range wanted[] = { { 200, 200 }, { 400, 403 } };
	struct http_spec spec = { .status = wanted, .n_status = 2 };

	(void)unused;
	assert_ok(&spec, "HTTP/1.1 401 Who\n\n", "");
	assert_says(&spec, "HTTP/1.1 404 No\n\n", "HTTP 404, wanted 200, 400-403");
}

struct one_pattern {
	struct pattern *pattern;
	const char *text;
	struct pattern_list list;
	struct header_rule rule;
	struct header_rules rules;
};

static void one_pattern_init(struct one_pattern *p, const char *text)
{
	assert_int_equal(pattern_compile(&p->pattern, text, PATTERN_SEARCH, NULL), RC_OK);
	p->text = text;
	p->list = (struct pattern_list){ &p->pattern, &p->text, 1 };
	p->rule = (struct header_rule){ "Content-Type", p->pattern, false };
	p->rules = (struct header_rules){ &p->rule, 1 };
}

static void a_body_must_or_must_not_match(void **unused)
{
	struct one_pattern pong;
	struct http_spec must = { 0 }, must_not = { 0 };
	struct http_verdict v;

	(void)unused;
	one_pattern_init(&pong, "^pong$");
	must.body_matches = must_not.body_matches_not = pong.list;
	assert_ok(&must, "HTTP/1.1 200 OK\n\n", "pong");
	assert_ok(&must_not, "HTTP/1.1 200 OK\n\n", "ping");
	assert_says(&must_not, "HTTP/1.1 200 OK\n\n", "body matches '^pong$'");
	v = judged(&must, "HTTP/1.1 200 OK\n\n", "<html>");
	assert_string_equal(v.why, "body doesn't match '^pong$'");
	assert_true(v.by_pattern);
	v = judged(&must, "HTTP/1.1 500 No\n\n", "<html>");
	assert_false(v.by_pattern);
	pattern_free(pong.pattern);
}

static void a_header_must_or_must_not_match(void **unused)
{
	struct one_pattern json;
	struct http_spec must = { 0 }, must_not = { 0 };

	(void)unused;
	one_pattern_init(&json, "json");
	must.header_matches = must_not.header_matches_not = json.rules;
	assert_ok(&must, "HTTP/1.1 200 OK\nContent-Type: x/json\n\n", "");
	assert_ok(&must, "HTTP/1.1 200 OK\ncontent-type: a\ncontent-type: json\n\n", "");
	assert_ok(&must_not, "HTTP/1.1 200 OK\nContent-Type: text/html\n\n", "");
	assert_says(&must, "HTTP/1.1 200 OK\n\n", "header Content-Type is missing");
	assert_says(&must_not, "HTTP/1.1 200 OK\n\n", "header Content-Type is missing");
	assert_says(&must, "HTTP/1.1 200 OK\nContent-Type: text/html\n\n",
		"header Content-Type is 'text/html', which doesn't match");
	assert_says(&must_not, "HTTP/1.1 200 OK\nContent-Type: text/json\n\n",
		"header Content-Type is 'text/json', which must not match");
	json.rule.allow_missing = true;
	assert_ok(&must, "HTTP/1.1 200 OK\n\n", "");
	pattern_free(json.pattern);
}

static void a_version_can_be_insisted_on(void **unused)
{
	const char *versions[] = { "HTTP/2.0" };
	struct http_spec spec = { .versions = versions, .n_versions = 1 };

	(void)unused;
	assert_says(&spec, "HTTP/1.1 200 OK\n\n", "HTTP/1.1, wanted HTTP/2.0");
}

static void tls_can_be_insisted_on(void **unused)
{
	struct http_spec spec = { .fail_if_not_tls = true };

	(void)unused;
	assert_says(&spec, "HTTP/1.1 200 OK\n\n", "answered without TLS");
}

static void a_pattern_that_costs_too_much_is_said_as_such(void **unused)
{
	struct one_pattern costly;
	struct http_spec spec = { 0 };
	struct http_verdict v;
	static char body[100001];

	(void)unused;
	memset(body, ' ', sizeof body - 1);
	one_pattern_init(&costly, "\\s+\\d");
	spec.body_matches = costly.list;
	v = judged(&spec, "HTTP/1.1 200 OK\n\n", body);
	assert_false(v.is_ok);
	assert_non_null(strstr(v.why, "too costly"));
	pattern_free(costly.pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rule_any_2xx_will_do),
		cmocka_unit_test(wanted_statuses_are_ranges),
		cmocka_unit_test(a_body_must_or_must_not_match),
		cmocka_unit_test(a_header_must_or_must_not_match),
		cmocka_unit_test(a_version_can_be_insisted_on),
		cmocka_unit_test(tls_can_be_insisted_on),
		cmocka_unit_test(a_pattern_that_costs_too_much_is_said_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
