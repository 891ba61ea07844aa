/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template/template.h"

#include "base/json.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the three above */
#include <cmocka.h>

#define RECORDED "/test/rules/templates/recorded.json"
#define LABEL(n, v)                                                                              \
	{                                                                                        \
		.name = (n), .value = (v), .name_len = sizeof(n) - 1, .value_len = sizeof(v) - 1 \
	}
#define LABELS(...)                                                                       \
	{                                                                                 \
		.v = (const struct label[]){ __VA_ARGS__ },                               \
		.n = sizeof((const struct label[]){ __VA_ARGS__ }) / sizeof(struct label) \
	}

/* What record.py loads. */
static const struct template_sample up[] = {
	{ LABELS(LABEL("__name__", "up"), LABEL("instance", "web1.example.com:9090"),
		  LABEL("job", "node")),
		1, NULL },
	{ LABELS(LABEL("__name__", "up"), LABEL("instance", "[2001:db8::1]:9100"),
		  LABEL("job", "db")),
		0.5, NULL },
	{ LABELS(LABEL("__name__", "up"), LABEL("instance", "web2.example.com:9090"),
		  LABEL("job", "node")),
		0, NULL },
};

static enum rc query(void *ctx, const char *expression, struct arena *a,
	const struct template_sample **ret, uint32_t *ret_n, struct err *e)
{
	(void)ctx;
	(void)a;
	if (str_eq(expression, "bad"))
		return err_set(e, RC_INPUT, "it went wrong");
	*ret = up;
	*ret_n = str_eq(expression, "sort_desc(up)") ? COUNT(up) : 0;
	return RC_OK;
}

static void write_histogram(const struct histogram *h, struct str *out)
{
	str_addf(out, "{count:%g}", h->count);
}

static const struct template_world world = { .query = query, .histogram = write_histogram };
static const struct template_data data = {
	.labels = LABELS(LABEL("__name__", "load"), LABEL("host", "<a&b>"), LABEL("path", "/x y")),
	.external_labels = LABELS(LABEL("site", "dublin"), LABEL("zone", "eu")),
	.external_url = "https://prom.example.net/prefix/",
	.value = { .v = 1234567.891 },
	.world = &world,
};

static enum rc expand(const char *text, struct str *out, bool *ret_is_refused)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	struct template *t;
	enum rc rc;

	arena_init(&a, TEMPLATE_BYTES_MAX);
	str_addf(&whole, "%s%s", TEMPLATE_ALERT_PROLOGUE, text);
	rc = template_new(&t, "__alert_T", str_c(&whole), &a, out);
	*ret_is_refused = rc != RC_OK;
	return rc == RC_OK ? template_expand(t, &data, out, out) : rc;
}

/* As the alert shows it. */
static void assert_expands(const char *text, const char *wanted)
{
	scoped(str_fini) struct str out = STR_EMPTY, shown = STR_EMPTY;
	bool is_refused;

	if (expand(text, &out, &is_refused) == RC_OK || is_refused)
		str_add(&shown, str_c(&out));
	else
		str_addf(&shown,
			"<error expanding template: error executing template __alert_T: %s>",
			str_c(&out));
	if (!str_eq(str_c(&shown), wanted)) {
		print_error("template: %s\n  ours:   %s\n  wanted: %s\n", text, str_c(&shown),
			wanted);
		fail();
	}
}

static json_t *recorded(void)
{
	scoped(str_fini) struct str path = STR_EMPTY, text = STR_EMPTY;
	const char *source = getenv("DIARCHY_SOURCE");
	char buffer[4096];
	json_t *rows = NULL;
	size_t n;
	FILE *f;

	str_addf(&path, "%s" RECORDED, source ? source : ".");
	f = fopen(str_c(&path), "r");
	assert_non_null(f);
	while ((n = fread(buffer, 1, sizeof buffer, f)) > 0)
		str_addn(&text, buffer, n);
	fclose(f);
	assert_int_equal(json_read(&rows, str_c(&text), text.len, NULL), RC_OK);
	return rows;
}

static void templates_expand_to_what_prometheus_makes_of_them(void **state)
{
	scoped(json_decref) json_t *rows = recorded();
	size_t i, n_failed = 0;
	json_t *row;

	(void)state;
	assert_true(json_array_size(rows) > 200);
	json_array_foreach (rows, i, row) {
		scoped(str_fini) struct str out = STR_EMPTY, shown = STR_EMPTY;
		const char *text = json_get_text(row, "template", NULL);
		const char *refused = json_get_text(row, "refused", NULL);
		const char *wanted = refused ? refused : json_get_text(row, "text", NULL);
		bool is_refused;
		enum rc rc = expand(text, &out, &is_refused);

		if (rc == RC_OK || is_refused)
			str_add(&shown, str_c(&out));
		else
			str_addf(&shown,
				"<error expanding template: error executing template __alert_T: "
				"%s>",
				str_c(&out));
		if (is_refused == (refused != NULL) && str_eq(str_c(&shown), wanted))
			continue;
		print_error("template: %s\n  ours:   %s\n  theirs: %s\n", text, str_c(&shown),
			wanted);
		n_failed++;
	}
	assert_int_equal(n_failed, 0);
}

static void where_it_is_reached_is_known_to_templates(void **state)
{
	(void)state;
	assert_expands("{{ externalURL }} {{ pathPrefix }}",
		"https://prom.example.net/prefix/ /prefix/");
}

static void a_query_that_fails_says_why(void **state)
{
	(void)state;
	assert_expands("{{ query \"bad\" }}",
		"<error expanding template: error executing template __alert_T: template: "
		"__alert_T:1:115: executing \"__alert_T\" at <query \"bad\">: error calling query: "
		"it "
		"went wrong>");
}

static void a_histogram_is_written_as_the_world_writes_it(void **state)
{
	const struct histogram h = { .count = 3 };
	struct template_data with = data;
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	struct template *t;

	(void)state;
	arena_init(&a, TEMPLATE_BYTES_MAX);
	with.value.h = &h;
	assert_int_equal(template_new(&t, "x", "{{ .Value }} {{ printf \"%v\" .Value }}", &a, &out),
		RC_OK);
	assert_int_equal(template_expand(t, &with, &out, &out), RC_OK);
	assert_string_equal(str_c(&out), "{count:3} {count:3}");
}

static void assert_bounded(const char *text, const char *words)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	bool is_refused;
	enum rc rc = expand(text, &out, &is_refused);

	assert_int_equal(rc == RC_LIMIT || rc == RC_INPUT, true);
	if (!strstr(str_c(&out), words)) {
		print_error("%s\n  gave %s\n", text, str_c(&out));
		fail();
	}
}

static void what_would_never_end_is_cut_short(void **state)
{
	(void)state;
	assert_bounded("{{ range 1000000000 }}{{ end }}", "more than 1000000 steps");
	assert_bounded("{{ range 100000 }}abcdefgh{{ end }}", "more than 262144 bytes");
	assert_bounded("{{ $x := \"ab\" }}{{ range 30 }}{{ $x = print $x $x }}{{ end }}",
		"more than 16777216 bytes");
	assert_bounded("{{ $x := 1 }}{{ range 200 }}{{ $x = args $x }}{{ end }}{{ $x }}",
		"more than 100 deep");
	assert_bounded("{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
		"exceeded maximum template depth (100)");
	assert_bounded("{{ printf \"%1000000d%1000000d\" 1 2 }}", "more than 262144 bytes");
	assert_bounded("{{ match \"^(a+)+[cd]\" (printf \"%05000d\" 0 | reReplaceAll \"0\" "
		       "\"a\") }}",
		"too costly");
}

static void a_text_that_is_nested_without_end_is_refused(void **state)
{
	scoped(str_fini) struct str parens = STR_EMPTY, ifs = STR_EMPTY;

	(void)state;
	str_add(&parens, "{{ ");
	for (int i = 0; i < 5000; i++)
		str_addc(&parens, '(');
	assert_bounded(str_c(&parens), "max expression depth exceeded");
	for (int i = 0; i < 5000; i++)
		str_add(&ifs, "{{if 1}}");
	assert_bounded(str_c(&ifs), "max expression depth exceeded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_expand_to_what_prometheus_makes_of_them),
		cmocka_unit_test(where_it_is_reached_is_known_to_templates),
		cmocka_unit_test(a_query_that_fails_says_why),
		cmocka_unit_test(a_histogram_is_written_as_the_world_writes_it),
		cmocka_unit_test(what_would_never_end_is_cut_short),
		cmocka_unit_test(a_text_that_is_nested_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
